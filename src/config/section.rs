//! Reads a tree and remembers what it was asked for, so that nothing a person wrote is ignored unsaid.

use std::{
    cell::RefCell,
    path::{Path, PathBuf},
    str::FromStr,
};

use super::{
    mistake::{Kind, Mistake, Wrong},
    node::{Entry, Node, Place, Value},
};

/// Collects the mistakes of one file.
#[derive(Debug)]
pub(super) struct Mistakes {
    file: PathBuf,
    found: RefCell<Vec<Mistake>>,
    warned: RefCell<Vec<Mistake>>,
}

impl Mistakes {
    pub(super) fn of(file: &Path) -> Self {
        Self { file: file.to_owned(), found: RefCell::default(), warned: RefCell::default() }
    }

    fn mistake(&self, at: Option<&Place>, wrong: Wrong) -> Mistake {
        Mistake { file: self.file.clone(), at: at.cloned(), wrong }
    }

    /// Without a place: the whole file.
    pub(super) fn add_to_file(&self, wrong: Wrong) {
        self.found.borrow_mut().push(self.mistake(None, wrong));
    }

    pub(super) fn add(&self, at: &Place, wrong: Wrong) {
        self.found.borrow_mut().push(self.mistake(Some(at), wrong));
    }

    /// Worth a look, and nothing that stops us.
    pub(super) fn warn(&self, at: &Place, wrong: Wrong) {
        self.warned.borrow_mut().push(self.mistake(Some(at), wrong));
    }

    /// What was found, and what was only worth a look.
    pub(super) fn into_parts(self) -> (Vec<Mistake>, Vec<Mistake>) {
        let (mut found, warned) = (self.found.into_inner(), self.warned.into_inner());
        if found.iter().any(|m| matches!(m.wrong, Wrong::Syntax(_))) {
            found.retain(|m| m.wrong.holds_in_a_broken_file());
        }
        (found, warned)
    }
}

/// What to do about keys nobody asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strangers {
    /// A person wrote the file: refuse.
    Refuse,
    /// A program wrote it and may know more than we do: refuse what looks like a slip, mention the rest.
    Mention,
}

/// A table being read.
pub(super) struct Section<'a> {
    entries: &'a [Entry],
    asked: Vec<&'static str>,
    refused: Vec<&'static str>,
    /// Where the table stands.
    pub(super) at: &'a Place,
    /// Where its mistakes go.
    pub(super) mistakes: &'a Mistakes,
}

impl<'a> Section<'a> {
    /// Reads `node` as a table with `read`, then says which keys nobody asked for.
    pub(super) fn read<T>(
        node: &'a Node,
        mistakes: &'a Mistakes,
        strangers: Strangers,
        read: impl FnOnce(&mut Self) -> T,
    ) -> Option<T> {
        let Value::Table(entries) = &node.value else {
            return wrong_type(node, mistakes, Kind::Table);
        };
        let mut section = Section { entries, asked: Vec::new(), refused: Vec::new(), at: &node.at, mistakes };
        let value = read(&mut section);
        section.close(strangers);
        Some(value)
    }

    /// The entry of `key`; an explicit null is no entry.
    pub(super) fn entry(&mut self, key: &'static str) -> Option<&'a Entry> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
        self.entries.iter().find(|e| e.key == key && e.node.value != Value::Null)
    }

    /// What `read` makes of `key`, if it is there.
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&'a Node, &'a Mistakes) -> Option<T>,
    ) -> Option<T> {
        let mistakes = self.mistakes;
        self.entry(key).and_then(|e| read(&e.node, mistakes))
    }

    /// The same, and a mistake if it is not there.
    pub(super) fn required<T>(
        &mut self,
        key: &'static str,
        example: &'static str,
        read: impl FnOnce(&'a Node, &'a Mistakes) -> Option<T>,
    ) -> Option<T> {
        if self.entry(key).is_none() {
            self.mistakes.add(self.at, Wrong::Missing { key, example });
        }
        self.optional(key, read)
    }

    /// Refuses `key` with a reason of its own. It is never proposed as what somebody may have meant.
    pub(super) fn refuse(&mut self, key: &'static str, wrong: Wrong) {
        self.refused.push(key);
        if let Some(entry) = self.entries.iter().find(|e| e.key == key) {
            self.mistakes.add(&entry.at, wrong);
        }
    }

    /// Every key that has not been asked for yet: a table whose keys are a person's own names.
    pub(super) fn own_names(&mut self) -> impl Iterator<Item = &'a Entry> + use<'a> {
        let asked = std::mem::take(&mut self.asked);
        let entries = self.entries;
        self.entries = &[];
        entries.iter().filter(move |e| !asked.contains(&e.key.as_str()))
    }

    fn close(self, strangers: Strangers) {
        for (i, entry) in self.entries.iter().enumerate() {
            let key = entry.key.clone();
            if self.entries.iter().take(i).any(|e| e.key == key) {
                let ja = format!("{key:?} が2回書かれています — どちらかを消してください");
                self.mistakes.add(&entry.at, Wrong::said(ja, format!("{key:?} is given twice — remove one")));
            }
            if self.asked.contains(&key.as_str()) || self.refused.contains(&key.as_str()) {
                continue;
            }
            let (near, score) = nearest(&key, &self.asked);
            let slip = score >= 0.75;
            let wrong = Wrong::UnknownKey { key, near: near.filter(|_| score >= 0.5), known: self.asked.clone() };
            match strangers {
                Strangers::Mention if !slip => self.mistakes.warn(&entry.at, wrong),
                _ => self.mistakes.add(&entry.at, wrong),
            }
        }
    }
}

fn nearest(key: &str, asked: &[&'static str]) -> (Option<String>, f64) {
    let likeness = |known: &&str| strsim::normalized_damerau_levenshtein(&key.to_lowercase(), known);
    let best = asked.iter().map(|known| (likeness(known), *known)).max_by(|a, b| a.0.total_cmp(&b.0));
    best.map_or((None, 0.0), |(score, known)| (Some(known.to_owned()), score))
}

fn wrong_type<T>(node: &Node, mistakes: &Mistakes, want: Kind) -> Option<T> {
    mistakes.add(&node.at, Wrong::Type { name: node.name.clone(), want, got: node.kind() });
    None
}

/// A text that says something, without spaces around it.
pub(super) fn text<'n>(node: &'n Node, mistakes: &Mistakes) -> Option<&'n str> {
    let Value::Text(text) = &node.value else { return wrong_type(node, mistakes, Kind::Text) };
    let text = text.trim();
    let name = &node.name;
    if text.is_empty() {
        let en = format!("{name:?} is empty — fill it or remove the line");
        mistakes.add(&node.at, Wrong::said(format!("{name:?} が空です — 値を書くか、行ごと消してください"), en));
        return None;
    }
    if text.chars().any(char::is_control) {
        let en = format!("{name:?} contains a control character — write it on one line");
        mistakes.add(&node.at, Wrong::said(format!("{name:?} に制御文字があります — 1行で書いてください"), en));
        return None;
    }
    Some(text)
}

/// A text that a type of the model reads; `ja` says what would be right.
pub(super) fn parsed<T: FromStr<Err = String>>(node: &Node, mistakes: &Mistakes, ja: &str) -> Option<T> {
    let text = text(node, mistakes)?;
    match text.parse() {
        Ok(value) => Some(value),
        Err(en) => {
            let name = &node.name;
            mistakes.add(
                &node.at,
                Wrong::said(format!("{name:?} の {text:?} は読めません — {ja}"), format!("{name:?}: {en}")),
            );
            None
        }
    }
}

/// A whole number between two bounds.
pub(super) fn whole(node: &Node, mistakes: &Mistakes, (low, high): (i64, i64)) -> Option<i64> {
    let Value::Whole(n) = node.value else { return wrong_type(node, mistakes, Kind::Whole) };
    if (low..=high).contains(&n) {
        return Some(n);
    }
    let name = &node.name;
    let en = format!("{name:?} must be from {low} to {high}");
    mistakes.add(&node.at, Wrong::said(format!("{name:?} は {low} から {high} までです"), en));
    None
}

/// A number, whole or not.
pub(super) fn number(node: &Node, mistakes: &Mistakes) -> Option<f64> {
    match node.value {
        Value::Number(n) => Some(n),
        Value::Whole(n) => Some(n as f64),
        _ => wrong_type(node, mistakes, Kind::Number),
    }
}

/// true or false.
pub(super) fn yes_no(node: &Node, mistakes: &Mistakes) -> Option<bool> {
    match node.value {
        Value::YesNo(yes) => Some(yes),
        _ => wrong_type(node, mistakes, Kind::YesNo),
    }
}

/// A list; what is wrong with one item does not hide the next.
pub(super) fn list<'a, T>(
    node: &'a Node,
    mistakes: &'a Mistakes,
    mut item: impl FnMut(&'a Node, &'a Mistakes) -> Option<T>,
) -> Option<Vec<T>> {
    let Value::List(items) = &node.value else { return wrong_type(node, mistakes, Kind::List) };
    Some(items.iter().filter_map(|n| item(n, mistakes)).collect())
}

/// A list of different texts.
pub(super) fn texts(node: &Node, mistakes: &Mistakes) -> Option<Vec<String>> {
    let mut seen: Vec<String> = Vec::new();
    list(node, mistakes, |n, m| {
        let value = text(n, m)?.to_owned();
        if seen.contains(&value) {
            say_twice(n, m, &value);
            return None;
        }
        seen.push(value.clone());
        Some(value)
    })
}

/// The same value came before.
pub(super) fn say_twice(node: &Node, mistakes: &Mistakes, value: &str) {
    let ja = format!("{value:?} が2回あります — どちらかを消してください");
    mistakes.add(&node.at, Wrong::said(ja, format!("{value:?} is listed twice — remove one")));
}
