//! What a kind of source is: its word in the configuration, its settings, its terms, how it is built.
//!
//! A new source says all of it in its own file; reading the configuration, the example file, the tables of both README
//! files and `hinomi check` go by what stands there.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{CollectParams, SourceBasics, source::Source, stream::Stream};
use crate::model::{post::SourceType, secret::Secret, time::Span};

/// One kind of source.
pub struct Kind {
    /// The word in the configuration.
    pub word: &'static str,
    /// What it gives, in one line for people who choose.
    pub en: &'static str,
    /// The same in Japanese.
    pub ja: &'static str,
    /// Its settings beside those that every source has.
    pub keys: &'static [Key],
    /// What it brings, where the file does not say; `None` where only the person can know.
    pub source_type: Option<SourceType>,
    /// Nobody asks it more often than this, whatever the file says: the service's own wish.
    pub least_pause: Span,
    /// What its operator asks of those who keep its texts.
    pub terms: Terms,
    /// What is wrong with settings that are each right by themselves.
    pub wrong: fn(&Fields) -> Option<Wrong>,
    /// The source.
    pub build: fn(SourceBasics, &Fields, &CollectParams) -> Built,
}

/// What an operator asks of those who keep its texts. The store obeys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// How long texts may be kept; `None`: as long as any.
    pub kept: Option<Span>,
    /// What a person should know before switching it on.
    pub en: &'static str,
    /// The same in Japanese.
    pub ja: &'static str,
}

/// One setting of a kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Key {
    /// Its name in the file. The same name means the same in every kind.
    pub name: &'static str,
    /// What it holds.
    pub form: Form,
    /// It must be there.
    pub required: bool,
    /// How it could look, as TOML.
    pub example: &'static str,
    /// What it means.
    pub en: &'static str,
    /// The same in Japanese.
    pub ja: &'static str,
}

/// What a setting holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Form {
    /// An address on the web, http or https.
    Address,
    /// A text.
    Text,
    /// A list of different texts.
    Texts,
    /// A file, named from the folder of the configuration.
    Path,
    /// A token, never written in the file: `NAME_env` names a variable, `NAME_file` a file.
    Secret {
        /// The key `NAME_env`.
        env: &'static str,
        /// The key `NAME_file`.
        file: &'static str,
    },
    /// A whole number between two bounds.
    Whole(i64, i64),
    /// An amount above zero, with an upper bound.
    Amount(f64),
    /// true or false.
    YesNo,
    /// One of these words.
    Word(&'static [&'static str]),
}

/// What a setting was given.
#[derive(Debug, Clone, PartialEq)]
pub enum Field {
    /// Of [`Form::Address`], [`Form::Text`] and [`Form::Word`].
    Text(String),
    /// Of [`Form::Texts`].
    Texts(Vec<String>),
    /// Of [`Form::Path`].
    Path(PathBuf),
    /// Of [`Form::Secret`].
    Secret(Secret),
    /// Of [`Form::Whole`].
    Whole(i64),
    /// Of [`Form::Amount`].
    Amount(f64),
    /// Of [`Form::YesNo`].
    YesNo(bool),
}

/// What a person gave of a kind's settings. What is required is there: the configuration was refused otherwise.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Fields(BTreeMap<&'static str, Field>);

impl Fields {
    /// The setting `name` is `value`.
    pub fn put(&mut self, name: &'static str, value: Field) {
        self.0.insert(name, value);
    }

    /// The same, in a row.
    pub fn with(mut self, name: &'static str, value: Field) -> Self {
        self.put(name, value);
        self
    }

    /// Whether it was given.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A text; empty where none was given.
    pub fn text(&self, name: &str) -> &str {
        match self.0.get(name) {
            Some(Field::Text(text)) => text,
            _ => "",
        }
    }

    /// A list of texts.
    pub fn texts(&self, name: &str) -> &[String] {
        match self.0.get(name) {
            Some(Field::Texts(texts)) => texts,
            _ => &[],
        }
    }

    /// A file.
    pub fn path(&self, name: &str) -> &Path {
        match self.0.get(name) {
            Some(Field::Path(path)) => path,
            _ => Path::new(""),
        }
    }

    /// A token.
    pub fn secret(&self, name: &str) -> Option<&Secret> {
        match self.0.get(name) {
            Some(Field::Secret(secret)) => Some(secret),
            _ => None,
        }
    }

    /// A whole number.
    pub fn whole(&self, name: &str) -> Option<i64> {
        match self.0.get(name) {
            Some(Field::Whole(n)) => Some(*n),
            _ => None,
        }
    }

    /// An amount.
    pub fn amount(&self, name: &str) -> Option<f64> {
        match self.0.get(name) {
            Some(Field::Amount(n)) => Some(*n),
            _ => None,
        }
    }

    /// A switch; off where nothing was said.
    pub fn yes(&self, name: &str) -> bool {
        matches!(self.0.get(name), Some(Field::YesNo(true)))
    }
}

/// What is wrong with a source's settings, and at which of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The setting.
    pub key: &'static str,
    /// What is wrong and what would be right.
    pub en: String,
    /// The same in Japanese.
    pub ja: String,
}

/// Settings that cannot contradict each other.
pub const fn nothing_wrong(_: &Fields) -> Option<Wrong> {
    None
}

/// A source that stands.
#[derive(Clone)]
pub enum Built {
    /// It is visited.
    Polled(Arc<dyn Source>),
    /// It is listened to.
    Streamed(Arc<dyn Stream>),
}

impl Built {
    /// The source that is visited, if it is one.
    pub fn polled(self) -> Option<Arc<dyn Source>> {
        match self {
            Self::Polled(source) => Some(source),
            Self::Streamed(_) => None,
        }
    }

    /// What every source has.
    pub fn basics(&self) -> &SourceBasics {
        match self {
            Self::Polled(source) => source.basics(),
            Self::Streamed(stream) => stream.basics(),
        }
    }
}

// Kinds are constants: the word says which.
impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word)
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.word == other.word
    }
}
