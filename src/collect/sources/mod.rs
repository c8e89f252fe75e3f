//! The list of sources. A new one is a file here, a line in [`KINDS`], a fixture and a line of documentation.

pub mod bluesky;
pub mod fediverse;
pub mod feed;
pub mod fivech;
pub mod jsonl;
pub mod niconico;
pub mod page;
pub mod templates;
pub mod x;
pub mod youtube;

use std::path::PathBuf;

use super::{
    CollectParams, SourceBasics,
    kind::{Built, Field, Fields, Kind},
};

/// Every kind of source, in the order in which people are told of them.
pub const KINDS: &[&Kind] = &[
    &feed::KIND,
    &page::KIND,
    &bluesky::KIND,
    &fediverse::mastodon::KIND,
    &fediverse::misskey::KIND,
    &youtube::KIND,
    &niconico::KIND,
    &x::KIND,
    &fivech::KIND,
    &jsonl::KIND,
];

/// One configured source.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceParams {
    /// Name, kind of text, manners.
    pub basics: SourceBasics,
    /// Of which kind.
    pub kind: &'static Kind,
    /// The kind's own settings.
    pub fields: Fields,
}

impl SourceParams {
    /// RSS, Atom or JSON Feed at `url`.
    pub fn feed(basics: SourceBasics, url: impl Into<String>) -> Self {
        Self { basics, kind: &feed::KIND, fields: Fields::default().with("url", Field::Text(url.into())) }
    }

    /// Posts in a file, one JSON object a line.
    pub fn jsonl(basics: SourceBasics, path: impl Into<PathBuf>) -> Self {
        Self { basics, kind: &jsonl::KIND, fields: Fields::default().with("path", Field::Path(path.into())) }
    }
}

/// The source that `params` describe.
pub fn build(params: &SourceParams, collect: &CollectParams) -> Built {
    let mut basics = params.basics.clone();
    let least = params.kind.least_pause;
    // Where nobody said how often, it stays open: the visits may follow the source's own rhythm.
    basics.poll_every = match basics.poll_every {
        None if least <= collect.poll_every => None,
        every => Some(every.unwrap_or(collect.poll_every).max(least)),
    };
    (params.kind.build)(basics, &params.fields, collect)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_means_one_thing_whatever_the_kind() {
        let keys = || KINDS.iter().flat_map(|kind| kind.keys);
        for key in keys() {
            let same = keys().filter(|k| k.name == key.name);
            assert!(same.clone().all(|k| std::mem::discriminant(&k.form) == std::mem::discriminant(&key.form)));
        }
        let words: std::collections::BTreeSet<_> = KINDS.iter().map(|kind| kind.word).collect();
        assert_eq!(words.len(), KINDS.len());
    }
}
