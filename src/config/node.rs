//! One tree for TOML and JSON: values with the place where they stand.
//!
//! Not a schema: what the values mean is read by [`super::section`].

use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::mistake::{Kind, Wrong};

/// Where something stands in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Rises from the first line to the last.
    pub(super) order: usize,
    /// `12:3` or `companies[2].name`; for people.
    pub(super) shown: String,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    YesNo(bool),
    Whole(i64),
    Number(f64),
    Text(String),
    Date,
    List(Vec<Node>),
    Table(Vec<Entry>),
}

/// A value, its place, and the name a person knows it by.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) at: Place,
    pub(super) value: Value,
}

/// A key and its value. A key may come twice: who reads the table says so.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) at: Place,
    pub(super) node: Node,
}

impl Node {
    pub(super) const fn kind(&self) -> Kind {
        match self.value {
            Value::Null => Kind::Nothing,
            Value::YesNo(_) => Kind::YesNo,
            Value::Whole(_) => Kind::Whole,
            Value::Number(_) => Kind::Number,
            Value::Text(_) => Kind::Text,
            Value::Date => Kind::Date,
            Value::List(_) => Kind::List,
            Value::Table(_) => Kind::Table,
        }
    }
}

/// The tree of a TOML text, and every mistake of syntax. The tree holds what could be understood.
pub(super) fn from_toml(text: &str) -> (Node, Vec<(Place, Wrong)>) {
    let (root, errors) = DeTable::parse_recoverable(text);
    let lines = Lines(text);
    let mut wrong: Vec<(Place, Wrong)> = Vec::new();
    for error in errors {
        let at = lines.place(&error.span().unwrap_or(0..0));
        // One slip makes the parser stumble several times in a line; the first is the one to look at.
        let line = |p: &Place| p.shown.split(':').next().map(str::to_owned);
        if wrong.last().is_none_or(|(last, _)| line(last) != line(&at)) {
            wrong.push((at, Wrong::Syntax(error.message().to_owned())));
        }
    }
    let at = Place { order: 0, shown: "1:1".to_owned() };
    (Node { name: String::new(), at, value: lines.table(root.get_ref()) }, wrong)
}

struct Lines<'t>(&'t str);

impl Lines<'_> {
    /// Line and column from 1, the column in letters and not in bytes.
    fn place(&self, span: &Range<usize>) -> Place {
        let before = self.0.get(..span.start).unwrap_or(self.0);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Place { order: span.start, shown: format!("{line}:{column}") }
    }

    fn table(&self, table: &DeTable<'_>) -> Value {
        let entries = table.iter().map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            at: self.place(&key.span()),
            node: self.node(key.get_ref(), value),
        });
        Value::Table(entries.collect())
    }

    fn node(&self, name: &str, value: &Spanned<DeValue<'_>>) -> Node {
        let value_of = |value: &DeValue<'_>| match value {
            DeValue::String(text) => Value::Text(text.to_string()),
            // Numbers beyond 64 bits mean nothing here; the largest one is refused by every range.
            DeValue::Integer(n) => Value::Whole(i64::from_str_radix(n.as_str(), n.radix()).unwrap_or(i64::MAX)),
            DeValue::Float(n) => Value::Number(n.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(b) => Value::YesNo(*b),
            DeValue::Datetime(_) => Value::Date,
            DeValue::Array(list) => {
                Value::List(list.iter().enumerate().map(|(i, item)| self.node(&format!("{name}[{i}]"), item)).collect())
            }
            DeValue::Table(table) => self.table(table),
        };
        Node { name: name.to_owned(), at: self.place(&value.span()), value: value_of(value.get_ref()) }
    }
}

/// The tree of a JSON text. A place is a path, since `serde_json` knows no positions of values.
pub(super) fn from_json(text: &str) -> (Node, Vec<(Place, Wrong)>) {
    let mut order = 0;
    let mut node = |raw| name_places(raw, "", "", &mut order);
    match serde_json::from_str::<Raw>(text) {
        Ok(raw) => (node(raw), Vec::new()),
        Err(error) => {
            let at = Place { order: 0, shown: format!("{}:{}", error.line(), error.column()) };
            // serde_json ends its message with the position, which is already said.
            let why = error.to_string();
            let why = why.split(" at line ").next().unwrap_or(&why).to_owned();
            (node(Raw::Table(Vec::new())), vec![(at, Wrong::Syntax(why))])
        }
    }
}

/// JSON as it stands, doubled keys included: `serde_json::Value` would keep the last one silently.
enum Raw {
    Plain(Value),
    List(Vec<Raw>),
    Table(Vec<(String, Raw)>),
}

fn name_places(raw: Raw, name: &str, path: &str, order: &mut usize) -> Node {
    *order += 1;
    let at = Place { order: *order, shown: if path.is_empty() { "$".to_owned() } else { path.to_owned() } };
    let value = match raw {
        Raw::Plain(value) => value,
        Raw::List(items) => {
            let items = items.into_iter().enumerate();
            Value::List(
                items
                    .map(|(i, item)| name_places(item, &format!("{name}[{i}]"), &format!("{path}[{i}]"), order))
                    .collect(),
            )
        }
        Raw::Table(entries) => {
            let dot = if path.is_empty() { "" } else { "." };
            let entry = |(key, raw): (String, Raw)| {
                let node = name_places(raw, &key, &format!("{path}{dot}{key}"), order);
                Entry { at: node.at.clone(), key, node }
            };
            Value::Table(entries.into_iter().map(entry).collect())
        }
    };
    Node { name: name.to_owned(), at, value }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Raw;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("JSON")
            }
            fn visit_unit<E>(self) -> Result<Raw, E> {
                Ok(Raw::Plain(Value::Null))
            }
            fn visit_bool<E>(self, b: bool) -> Result<Raw, E> {
                Ok(Raw::Plain(Value::YesNo(b)))
            }
            fn visit_i64<E>(self, n: i64) -> Result<Raw, E> {
                Ok(Raw::Plain(Value::Whole(n)))
            }
            fn visit_u64<E>(self, n: u64) -> Result<Raw, E> {
                Ok(Raw::Plain(Value::Whole(i64::try_from(n).unwrap_or(i64::MAX))))
            }
            fn visit_f64<E>(self, n: f64) -> Result<Raw, E> {
                Ok(Raw::Plain(Value::Number(n)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
                Ok(Raw::Plain(Value::Text(text.to_owned())))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Raw::List(items))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Raw::Table(entries))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry<'n>(node: &'n Node, key: &str) -> &'n Entry {
        let Value::Table(entries) = &node.value else { panic!("a table") };
        entries.iter().find(|e| e.key == key).unwrap()
    }

    #[test]
    fn columns_count_letters_and_not_bytes() {
        let (root, wrong) = from_toml("a = 1\nb = { \"名前\" = \"火の見\", c = 2 }\n");
        assert!(wrong.is_empty());
        let b = entry(&root, "b");
        assert_eq!(b.at.shown, "2:1");
        assert_eq!(entry(&b.node, "c").at.shown, "2:21");
    }

    #[test]
    fn every_broken_line_is_named_once() {
        let (_, wrong) = from_toml("a = \nb = 2\nb = 3\nc = \"open\n");
        let places: Vec<_> = wrong.iter().map(|(at, _)| at.shown.split(':').next().unwrap()).collect();
        assert_eq!(places, ["1", "3", "4"], "{wrong:?}");
    }

    #[test]
    fn json_places_are_paths_and_doubled_keys_are_kept() {
        let (root, _) = from_json(r#"{"companies": [{"name": "a", "name": "b"}]}"#);
        let Value::List(companies) = &entry(&root, "companies").node.value else { panic!() };
        let Value::Table(keys) = &companies[0].value else { panic!() };
        assert_eq!(
            keys.iter().map(|k| k.at.shown.as_str()).collect::<Vec<_>>(),
            ["companies[0].name", "companies[0].name"]
        );
        assert!(keys[0].at.order < keys[1].at.order);
    }
}
