//! Both files with a person's own values in them, and every other setting explained in its place.
//!
//! # Invariants
//! What is written reads back as what was given: texts are quoted by the TOML library.

use std::path::Path;

use toml::Value;

use super::{
    COMPANY_KEYS, KINDS, Lang, PARTS, Part, Settings, Show,
    kinds::{self, SOURCE, keys_of},
    put,
};

/// One section with values, under the header that the reference knows. A section may come several times.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    header: &'static str,
    keys: Vec<(String, String)>,
}

impl Given {
    /// The section, still empty.
    pub const fn new(header: &'static str) -> Self {
        Self { header, keys: Vec::new() }
    }

    /// With a text.
    pub fn text(self, key: &str, value: &str) -> Self {
        self.value(key, &Value::from(value))
    }

    /// With a text, if there is one.
    pub fn maybe(self, key: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(key, value),
            None => self,
        }
    }

    /// With a whole number.
    pub fn whole(self, key: &str, value: u16) -> Self {
        self.value(key, &Value::from(i64::from(value)))
    }

    /// With a list of texts; an empty one is left out.
    pub fn list(self, key: &str, values: &[String]) -> Self {
        if values.is_empty() { self } else { self.value(key, &Value::from(values.to_vec())) }
    }

    fn value(mut self, key: &str, value: &Value) -> Self {
        self.keys.push((key.to_owned(), value.to_string()));
        self
    }

    /// The section alone, as it can be put behind a file that has others.
    pub fn block(&self) -> String {
        let keys = self.keys.iter().map(|(key, value)| format!("{key} = {value}\n"));
        format!("{}\n{}", self.header, keys.collect::<String>())
    }

    fn of(&self, key: &str) -> Option<&str> {
        self.keys.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str())
    }
}

/// `hinomi.toml` with these values.
pub fn configuration(given: &[Given], lang: Lang) -> String {
    let head = match lang {
        Lang::Ja => {
            "# 火の見 Hinomi の設定。hinomi init が書きました。直したら hinomi check で確かめます。\n\
             # 先頭に # のある行は例です。外すと効きます。\n"
        }
        Lang::En => {
            "# The configuration of Hinomi, written by hinomi init. After a change: hinomi check.\n\
             # A line behind a # is an example; take the # off and it counts.\n"
        }
    };
    head.to_owned() + &body(given, lang)
}

pub(super) fn body(given: &[Given], lang: Lang) -> String {
    let mut out = String::new();
    for part in PARTS {
        let mut own = given.iter().filter(|g| g.header == part.header);
        section(&mut out, part, own.next(), lang);
        // The first of its kind carries the explanations.
        for more in own {
            put(&mut out, format_args!("\n{}", more.block()));
        }
        if part.header == SOURCE {
            kinds::examples(&mut out, lang);
        }
    }
    out
}

fn section(out: &mut String, part: &Part, given: Option<&Given>, lang: Lang) {
    let defaults = Settings::beside(Path::new(""));
    let optional = given.is_none() && part.keys.iter().all(|k| !matches!(k.show, Show::Default(_)));
    put(out, format_args!("\n"));
    if lang == Lang::Ja {
        put(out, format_args!("# {}\n", part.ja));
    }
    if !part.header.is_empty() {
        put(out, format_args!("{}{}\n", if optional { "#" } else { "" }, part.header));
    }
    for key in part.keys {
        let (name, value, said) = (key.name, key.value(&defaults), key.meaning(lang));
        match (given.and_then(|g| g.of(name)), key.show) {
            (Some(own), _) => put(out, format_args!("# {said}\n{name} = {own}\n")),
            (None, Show::Default(_)) => put(out, format_args!("# {said}\n{name} = {value}\n")),
            (None, Show::Example(_)) => put(out, format_args!("# {said}\n#{name} = {value}\n")),
            (None, Show::Instead(_)) => put(out, format_args!("# {name} = {value} … {said}\n")),
        }
    }
    let first = KINDS.first().filter(|_| part.header == SOURCE).map(|kind| keys_of(kind)).unwrap_or_default();
    for (name, example, en, ja) in &first {
        let said = if lang == Lang::Ja { ja } else { en };
        match given.and_then(|g| g.of(name)) {
            Some(own) => put(out, format_args!("# {said}\n{name} = {own}\n")),
            None => put(out, format_args!("# {said}\n#{name} = {example}\n")),
        }
    }
    // Names of a person's own, as groups of recipients have.
    let known = |key: &str| part.keys.iter().any(|k| k.name == key) || first.iter().any(|k| k.0 == key);
    for (key, value) in given.iter().flat_map(|g| &g.keys).filter(|(key, _)| !known(key)) {
        put(out, format_args!("{key} = {value}\n"));
    }
}

/// `watchlist.toml` with one company; what was not given is there as an example.
pub fn watchlist(given: &Given, lang: Lang) -> String {
    let mut out = String::from(match lang {
        Lang::Ja => {
            "# 監視対象。hinomi init が書きました。会社を増やすには [[company]] からの部分をもう1つ書きます。\n\
             # 先頭に # のある行は例です。外すと効きます。直したら hinomi check で確かめます。\n\n[[company]]\n"
        }
        Lang::En => {
            "# Whom to watch, written by hinomi init. For another company write another [[company]] below.\n\
             # A line behind a # is an example; take the # off and it counts. After a change: hinomi check.\n\n[[company]]\n"
        }
    });
    for (key, en, ja) in COMPANY_KEYS {
        put(&mut out, format_args!("# {}\n", if lang == Lang::Ja { ja } else { en }));
        match given.of(key) {
            Some(value) => put(&mut out, format_args!("{key} = {value}\n")),
            None => put(&mut out, format_args!("#{key} = {}\n", example_of(key))),
        }
    }
    out
}

fn example_of(key: &str) -> &'static str {
    match key {
        "name" => "\"青空テレコム\"",
        "aliases" => "[\"青空\", { name = \"青テレ\", exclude = [\"青テレビ\"], context = [\"回線\", \"料金\"] }]",
        "products" => "[\"青空モバイル\", \"青空ひかり\"]",
        "exclude" => "[\"青空文庫\"]",
        "context" => "[\"回線\", \"料金\"]",
        "own_channels" => "[\"@aozora_official\"]",
        "sector" => "\"telecom\"",
        "budget" => "1.0",
        "recipients" => "[\"pr-duty\"]",
        // Nobody is named as an example.
        _ => "[]",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse_watchlist;

    #[test]
    fn what_is_given_reads_back_whatever_letters_it_holds() {
        let odd = "a\"b\\c 火の見 ＃".to_owned();
        let given = Given::new("[[company]]").text("name", &odd).list("aliases", &[odd.clone(), "青空".into()]);
        for lang in [Lang::Ja, Lang::En] {
            let list = parse_watchlist(&watchlist(&given, lang), Path::new("w.toml")).unwrap();
            assert_eq!(list.companies[0].name.0, odd);
            assert_eq!(list.companies[0].aliases[0].name, odd);
        }
    }

    #[test]
    fn every_example_of_a_company_works_when_its_mark_is_taken_off() {
        let given = Given::new("[[company]]").text("name", "青空テレコム");
        let off = |line: &str| line.strip_prefix('#').filter(|l| !l.starts_with(' ')).unwrap_or(line).to_owned();
        let text = watchlist(&given, Lang::Ja).lines().map(off).collect::<Vec<_>>().join("\n");
        let list = parse_watchlist(&text, Path::new("w.toml")).unwrap();
        assert_eq!(list.companies[0].recipients, ["pr-duty"]);
    }
}
