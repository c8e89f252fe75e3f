//! The list of sources. A new one is a file here, a variant, a fixture and a line of documentation.

pub mod feed;

use super::SourceBasics;

/// One configured source.
#[derive(Debug, Clone, PartialEq)]
pub enum SourceParams {
    /// RSS, Atom or JSON Feed at `url`.
    Feed {
        /// Name, kind of text, manners.
        basics: SourceBasics,
        /// Where.
        url: String,
    },
    /// Posts in a file, one JSON object a line.
    Jsonl {
        /// Name, kind of text, manners.
        basics: SourceBasics,
        /// Where.
        path: std::path::PathBuf,
    },
}

impl SourceParams {
    /// What every source has.
    pub fn basics(&self) -> &SourceBasics {
        match self {
            Self::Feed { basics, .. } | Self::Jsonl { basics, .. } => basics,
        }
    }
}
