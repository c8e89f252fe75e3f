//! What every kind of source can be told, as its own file says it.

use super::{Lang, put};
use crate::collect::{
    kind::{Form, Kind},
    sources::KINDS,
};

pub(super) const SOURCE: &str = "[[source]]";

/// One row of the README's table for each of a kind's settings.
pub(super) fn rows(out: &mut String, kind: &Kind, lang: Lang) {
    for (name, _, en, ja) in keys_of(kind) {
        let said = if lang == Lang::Ja { ja } else { en };
        put(out, format_args!("| `{SOURCE} {name}` ({}) | — | {said} |\n", kind.word));
    }
}

/// The settings of a kind as they stand in the file, a secret under the two names it may have: name, example, meaning.
pub(super) fn keys_of(kind: &Kind) -> Vec<(&'static str, &'static str, String, String)> {
    let mut keys = Vec::new();
    for key in kind.keys {
        match key.form {
            Form::Secret { env, file } => {
                let en = format!("The environment variable that holds it: {}", key.en);
                keys.push((env, key.example, en, format!("環境変数の名前。中身は{}", key.ja)));
                let en = format!("A file that holds it, in place of {env}.");
                keys.push((file, "", en, format!("{env} の代わりに、それだけを書いたファイル。")));
            }
            _ => keys.push((key.name, key.example, key.en.to_owned(), key.ja.to_owned())),
        }
    }
    keys
}

/// The names of all settings that some kind of source has.
pub fn kind_keys() -> Vec<&'static str> {
    KINDS.iter().flat_map(|kind| keys_of(kind)).map(|key| key.0).collect()
}

/// The sources of the example file: one of each kind, switched off.
pub(super) fn examples(out: &mut String, lang: Lang) {
    for kind in KINDS.iter().skip(1) {
        let about = if lang == Lang::Ja { kind.ja } else { kind.en };
        put(
            out,
            format_args!("\n# {about}\n#{SOURCE}\n#name = \"example-{}\"\n#kind = \"{}\"\n", kind.word, kind.word),
        );
        if kind.source_type.is_none() {
            put(out, format_args!("#source_type = \"post\"\n"));
        }
        settings(out, kind, lang);
    }
}

fn settings(out: &mut String, kind: &Kind, lang: Lang) {
    for (name, example, en, ja) in keys_of(kind) {
        let said = if lang == Lang::Ja { ja } else { en };
        // What stands in for the key before it must not be there beside it.
        match example {
            "" => put(out, format_args!("# {name} … {said}\n")),
            example => put(out, format_args!("# {said}\n#{name} = {example}\n")),
        }
    }
}
