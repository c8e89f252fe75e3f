//! Words of a normalized text. What finds them stands behind [`Tokenize`], so that tests and other dictionaries fit.

use std::{ops::Range, sync::Arc};

/// A word's part of speech, as far as scoring asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// A common noun.
    Noun,
    /// The name of a company, a school, an office.
    Organization,
    /// The name of a place.
    Place,
    /// The name of a person.
    Person,
    /// A verb.
    Verb,
    /// An adjective.
    Adjective,
    /// An auxiliary verb (た, ない, です).
    Auxiliary,
    /// A particle.
    Particle,
    /// A sign.
    Sign,
    /// Anything else.
    Other,
    /// A word the dictionary does not know.
    Unknown,
}

/// A word where it stands.
#[derive(Debug, Clone)]
pub struct Token {
    /// Bytes of the normalized text.
    pub range: Range<usize>,
    /// The form a dictionary lists it under; `None` if that is the surface itself.
    pub base: Option<Arc<str>>,
    /// Its part of speech.
    pub kind: TokenKind,
}

/// Splits a text into words.
pub trait Tokenize: Send + Sync {
    /// The words of `text` in order; white space may be left out. Never fails: a text that cannot be split comes
    /// back as no words, and surfaces and patterns still match.
    fn tokenize(&self, text: &str) -> Vec<Token>;
}
