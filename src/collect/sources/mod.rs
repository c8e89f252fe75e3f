//! The list of sources. A new one is a file here, a variant, a fixture and a line of documentation.

pub mod feed;
pub mod jsonl;

use super::{CollectParams, SourceBasics, source::Source};

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

/// The source that `params` describe.
pub fn build(params: &SourceParams, collect: &CollectParams) -> Box<dyn Source> {
    match params {
        SourceParams::Feed { basics, url } => {
            Box::new(feed::FeedSource::new(basics.clone(), url.as_str(), collect.zone))
        }
        SourceParams::Jsonl { basics, path } => Box::new(jsonl::JsonlSource::new(basics.clone(), path.clone())),
    }
}
