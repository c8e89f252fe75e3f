//! What is wrong with a file, where, and what would be right.
//!
//! # Invariants
//! No message shows a value that could be a secret: kinds and names are shown, values only where a key is known to
//! hold none.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use super::node::Place;

/// Language of the messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// Japanese.
    Ja,
    /// English.
    #[default]
    En,
}

/// What a value is, as a person would call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Nothing,
    YesNo,
    Whole,
    Number,
    Text,
    Date,
    List,
    Table,
}

impl Kind {
    const fn word(self, lang: Lang) -> &'static str {
        match (lang, self) {
            (Lang::En, Self::Nothing) => "nothing",
            (Lang::En, Self::YesNo) => "true or false",
            (Lang::En, Self::Whole) => "a whole number",
            (Lang::En, Self::Number) => "a number",
            (Lang::En, Self::Text) => "a text in quotes",
            (Lang::En, Self::Date) => "a date",
            (Lang::En, Self::List) => "a list in [ ]",
            (Lang::En, Self::Table) => "a table",
            (Lang::Ja, Self::Nothing) => "空の値",
            (Lang::Ja, Self::YesNo) => "true か false",
            (Lang::Ja, Self::Whole) => "整数",
            (Lang::Ja, Self::Number) => "数",
            (Lang::Ja, Self::Text) => "引用符で囲んだ文字列",
            (Lang::Ja, Self::Date) => "日付",
            (Lang::Ja, Self::List) => "[ ] の並び",
            (Lang::Ja, Self::Table) => "表",
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wrong {
    /// The file itself cannot be had.
    Unreadable(String),
    /// The parser's own words.
    Syntax(String),
    /// A key nobody asks for; the nearest asked name, or else all of them.
    UnknownKey { key: String, near: Option<String>, known: Vec<&'static str> },
    /// A key that must be there, and how it could look.
    Missing { key: &'static str, example: &'static str },
    /// A value of another kind.
    Type { name: String, want: Kind, got: Kind },
    /// Anything else, said where it was found.
    Said { ja: String, en: String },
}

impl Wrong {
    pub(super) fn said(ja: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Said { ja: ja.into(), en: en.into() }
    }

    /// Whether it can be believed in a file whose syntax is broken: what is missing there may only be unreadable.
    pub(super) fn holds_in_a_broken_file(&self) -> bool {
        matches!(self, Self::UnknownKey { .. } | Self::Type { .. } | Self::Syntax(_) | Self::Unreadable(_))
    }

    pub(super) fn text(&self, lang: Lang) -> String {
        match (lang, self) {
            (Lang::En, Self::Unreadable(why)) => format!("cannot be read: {why}"),
            (Lang::Ja, Self::Unreadable(why)) => format!("読めません: {why}"),
            (Lang::En, Self::Syntax(why)) => format!("cannot be understood: {why}"),
            (Lang::Ja, Self::Syntax(why)) => format!("書き方に誤りがあります: {why}"),
            (Lang::En, Self::UnknownKey { key, near: Some(near), .. }) => {
                format!("unknown key {key:?} — did you mean {near:?}?")
            }
            (Lang::Ja, Self::UnknownKey { key, near: Some(near), .. }) => {
                format!("{key:?} という設定はありません — {near:?} のことですか")
            }
            (Lang::En, Self::UnknownKey { key, known, .. }) => {
                format!("unknown key {key:?} — known here: {}", known.join(", "))
            }
            (Lang::Ja, Self::UnknownKey { key, known, .. }) => {
                format!("{key:?} という設定はありません — 書けるもの: {}", known.join(", "))
            }
            (Lang::En, Self::Missing { key, example }) => format!("{key:?} is missing — for example: {example}"),
            (Lang::Ja, Self::Missing { key, example }) => format!("{key:?} がありません — 例: {example}"),
            (Lang::En, Self::Type { name, want, got }) => {
                format!("{name:?} wants {}, not {}", want.word(lang), got.word(lang))
            }
            (Lang::Ja, Self::Type { name, want, got }) => {
                format!("{name:?} は{}で書きます（いまは{}）", want.word(lang), got.word(lang))
            }
            (Lang::En, Self::Said { en, .. }) => en.clone(),
            (Lang::Ja, Self::Said { ja, .. }) => ja.clone(),
        }
    }
}

/// One mistake in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    pub(super) file: PathBuf,
    pub(super) at: Option<Place>,
    pub(super) wrong: Wrong,
}

impl Mistake {
    /// The file it is in.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Where in the file: `12:3` in TOML, `companies[2].name` in JSON.
    pub fn place(&self) -> Option<&str> {
        self.at.as_ref().map(|at| at.shown.as_str())
    }

    /// What is wrong and what would be right, without the place.
    pub fn message(&self, lang: Lang) -> String {
        self.wrong.text(lang)
    }

    /// One line: `config/hinomi.toml:12:3: unknown key "pol_every" — did you mean "poll_every"?`.
    pub fn line(&self, lang: Lang) -> String {
        let file = self.file.display();
        match self.place() {
            Some(place) => format!("{file}:{place}: {}", self.message(lang)),
            None => format!("{file}: {}", self.message(lang)),
        }
    }
}

/// Every mistake that was found, in file order. Displays in English, one a line; [`ConfigErrors::to_text`] knows
/// Japanese as well.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigErrors(Vec<Mistake>);

impl ConfigErrors {
    /// `None` if nothing is wrong.
    pub(super) fn from_mistakes(mut mistakes: Vec<Mistake>) -> Option<Self> {
        if mistakes.is_empty() {
            return None;
        }
        // Files stay in the order in which they were read; inside a file the place decides.
        let mut files: Vec<PathBuf> = Vec::new();
        for mistake in &mistakes {
            if !files.contains(&mistake.file) {
                files.push(mistake.file.clone());
            }
        }
        mistakes.sort_by_key(|m| (files.iter().position(|f| *f == m.file), m.at.as_ref().map(|at| at.order)));
        mistakes.dedup();
        Some(Self(mistakes))
    }

    /// The mistakes.
    pub fn mistakes(&self) -> &[Mistake] {
        &self.0
    }

    /// One mistake a line.
    pub fn to_text(&self, lang: Lang) -> String {
        self.0.iter().map(|m| m.line(lang)).collect::<Vec<_>>().join("\n")
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text(Lang::En))
    }
}
