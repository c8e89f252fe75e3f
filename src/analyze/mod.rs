//! What does this text say? Pure: no clock, no socket, no database.
//!
//! # The steps, with one sentence
//! 「つばめ電機のサポート、電話しても全然つながらない」
//! 1. [`normalize`]: one spelling for matching, with the way back to the original letters
//! 2. [`watch_match`]: a names-only automaton; a post that names nobody ends here
//! 3. [`lindera`]: tokens with base forms (つながら → つながる)
//! 4. [`lexicon`]: terms from the files in `dictionaries/lexicons` (全然つながらない: access, 2.5)
//! 5. [`score`]: to whom each term belongs, what takes it back, and what the sum means
//!
//! # Invariants
//! The same post gives the same analysis. Evidence counts Unicode scalar values of the original text and its
//! surface is exactly that slice.

mod analyzer;
mod boilerplate;
mod compare;
mod count;
mod document;
mod entities;
mod finder;
mod grave;
mod homonym;
pub mod lexicon;
pub mod lindera;
pub mod normalize;
mod prefilter;
mod private;
mod retrospective;
mod role;
pub mod score;
mod sieve;
mod stance;
mod text_key;
pub mod token;
pub mod watch_match;

pub use analyzer::{Analysis, AnalyzeError, Analyzer, Excluded};
pub use lexicon::Lexicons;
pub use prefilter::Glance;
pub use text_key::text_key;
pub use token::{Token, TokenKind, Tokenize};
