//! `[[source]]`: where to look. What a kind of source can be told, the kind itself says.

use url::Url;

use super::{
    Lang,
    file::{World, one_of, poll_every},
    mistake::Wrong,
    node::Node,
    secret,
    section::{Mistakes, Section, Strangers, list, number, say_twice, text, texts, whole, yes_no},
};
use crate::{
    collect::{
        SourceBasics,
        kind::{Field, Fields, Form, Key, Kind},
        sources::{KINDS, SourceParams},
    },
    model::post::{Channel, SourceName, SourceType},
};

/// All sources. One that cannot be read does not hide the mistakes of the next.
pub(super) fn read(node: &Node, mistakes: &Mistakes, world: &World<'_>) -> Option<Vec<SourceParams>> {
    let (mut names, mut places) = (Vec::<String>::new(), Vec::<(&'static Kind, Fields)>::new());
    list(node, mistakes, |n, m| {
        Section::read(n, m, Strangers::Refuse, |s| {
            let name = s.required("name", "name = \"pr-times\"", |n, m| {
                let name = text(n, m)?.to_owned();
                if names.contains(&name) {
                    say_twice(n, m, &name);
                }
                names.push(name.clone());
                Some(name)
            });
            let source = one(s, name, world)?;
            // One place under two names would be asked twice as often, and every post counted twice.
            let place = (source.kind, source.fields.clone());
            if places.contains(&place) {
                let first = source.kind.keys.iter().find(|key| source.fields.has(key.name));
                if let Some(entry) = first.and_then(|key| s.entry(key.name)) {
                    say_twice(&entry.node, s.mistakes, source.fields.text(&entry.key));
                }
            }
            places.push(place);
            Some(source)
        })?
    })
}

fn one(s: &mut Section<'_>, name: Option<String>, world: &World<'_>) -> Option<SourceParams> {
    let kinds: Vec<_> = KINDS.iter().map(|kind| (kind.word, *kind)).collect();
    let kind = s.required("kind", "kind = \"feed\"", |n, m| one_of(n, m, &kinds));
    let types: Vec<_> = SourceType::ALL.iter().map(|t| (t.as_str(), *t)).collect();
    let source_type = match kind.and_then(|kind| kind.source_type) {
        Some(usual) => s.optional("source_type", |n, m| one_of(n, m, &types)).or(Some(usual)),
        None => s.required("source_type", "source_type = \"news\"", |n, m| one_of(n, m, &types)),
    };
    let channels: Vec<_> = Channel::ALL.iter().map(|c| (c.as_str(), *c)).collect();
    let channel = s.optional("channel", |n, m| one_of(n, m, &channels));
    let poll_every = s.optional("poll_every", poll_every);

    let others = KINDS.iter().flat_map(|k| k.keys).filter(|key| !kind.is_some_and(|k| names(k, key.name)));
    for key in others {
        not_here(s, key, kind);
    }
    let kind = kind?;
    let mut fields = Fields::default();
    let mut complete = true;
    for key in kind.keys {
        match field(s, key, world) {
            Some(value) => fields.put(key.name, value),
            None => complete &= !key.required,
        }
    }
    if let Some(wrong) = complete.then(|| (kind.wrong)(&fields)).flatten() {
        let at = s.entry(wrong.key).map_or(s.at, |entry| &entry.at);
        s.mistakes.add(at, Wrong::said(wrong.ja, wrong.en));
        return None;
    }
    let source_type = source_type?;
    let channel = channel.unwrap_or(source_type.usual_channel());
    let basics = SourceBasics { name: SourceName(name?), source_type, channel, poll_every };
    complete.then_some(SourceParams { basics, kind, fields })
}

fn names(kind: &Kind, key: &str) -> bool {
    kind.keys.iter().any(|k| k.name == key)
}

/// A setting of another kind is named as such and not as unknown.
fn not_here(s: &mut Section<'_>, key: &'static Key, kind: Option<&'static Kind>) {
    let written = match key.form {
        // A secret in clear is a key of no kind, and is never listed as one.
        Form::Secret { env, file } => vec![env, file],
        _ => vec![key.name],
    };
    for name in written {
        let Some(entry) = s.entry(name) else { continue };
        let Some(kind) = kind else { continue };
        let own = kind.keys.iter().map(|k| format!("{:?}", k.name)).collect::<Vec<_>>().join(", ");
        let ja = format!("{:?} の情報源に {name:?} は使いません — 書けるもの: {own}", kind.word);
        let en = format!("a {:?} source does not take {name:?} — it takes: {own}", kind.word);
        s.mistakes.add(&entry.at, Wrong::said(ja, en));
    }
}

/// What a person gave for `key`; a mistake is said where it stands.
fn field(s: &mut Section<'_>, key: &'static Key, world: &World<'_>) -> Option<Field> {
    if let Form::Secret { env, file } = key.form {
        let keys = secret::Keys { plain: key.name, env, file, example: key.example, what: (key.ja, key.en) };
        let given = s.entry(env).is_some() || s.entry(file).is_some();
        let value = secret::read(s, world, &keys);
        if key.required && !given {
            s.mistakes.add(s.at, Wrong::Missing { key: env, example: key.example });
        }
        return value.map(Field::Secret);
    }
    if key.required && s.entry(key.name).is_none() {
        s.mistakes.add(s.at, Wrong::Missing { key: key.name, example: key.example });
    }
    s.optional(key.name, |n, m| match key.form {
        Form::Address => web_address(n, m).map(Field::Text),
        Form::Text => text(n, m).map(|t| Field::Text(t.to_owned())),
        Form::Texts => texts(n, m).map(Field::Texts),
        Form::Path => text(n, m).map(|p| Field::Path(world.base.join(p))),
        Form::Whole(low, high) => whole(n, m, (low, high)).map(Field::Whole),
        Form::Amount(most) => amount(n, m, most).map(Field::Amount),
        Form::YesNo => yes_no(n, m).map(Field::YesNo),
        Form::Word(words) => {
            let words: Vec<_> = words.iter().map(|w| (*w, *w)).collect();
            one_of(n, m, &words).map(|w| Field::Text(w.to_owned()))
        }
        Form::Secret { .. } => None,
    })
}

fn amount(node: &Node, mistakes: &Mistakes, most: f64) -> Option<f64> {
    let n = number(node, mistakes)?;
    if n > 0.0 && n <= most {
        return Some(n);
    }
    let name = &node.name;
    let ja = format!("{name:?} は0より大きく {most} までです");
    mistakes.add(&node.at, Wrong::said(ja, format!("{name:?} must be above 0 and at most {most}")));
    None
}

/// A page on the web.
pub(super) fn web_address(node: &Node, mistakes: &Mistakes) -> Option<String> {
    let address = text(node, mistakes)?;
    match wrong_address(address, &format!("{:?}", node.name)) {
        None => Some(address.to_owned()),
        Some(wrong) => {
            mistakes.add(&node.at, wrong);
            None
        }
    }
}

/// What is wrong with an address that somebody types for a page on the web; nothing if it can be asked.
pub fn web_address_mistake(address: &str, lang: Lang) -> Option<String> {
    let name = match lang {
        Lang::Ja => "この URL",
        Lang::En => "this",
    };
    wrong_address(address, name).map(|wrong| wrong.text(lang))
}

/// The message never repeats the address, for it may carry a password.
fn wrong_address(address: &str, name: &str) -> Option<Wrong> {
    match Url::parse(address) {
        Ok(url) if !matches!(url.scheme(), "http" | "https") || !url.has_host() => Some(Wrong::said(
            format!("{name} は http:// か https:// で始まる URL にしてください"),
            format!("{name} must be an address that starts with http:// or https://"),
        )),
        Ok(url) if !url.username().is_empty() || url.password().is_some() => Some(Wrong::said(
            format!("{name} にユーザー名やパスワードを入れないでください — URL は記録に残ります"),
            format!("{name} must not carry a user name or a password — addresses are written to the log"),
        )),
        Ok(_) => None,
        Err(why) => Some(Wrong::said(
            format!("{name} は URL として読めません — 例: \"https://news.example.jp/rss.xml\""),
            format!("{name} is no URL ({why}) — such as \"https://news.example.jp/rss.xml\""),
        )),
    }
}
