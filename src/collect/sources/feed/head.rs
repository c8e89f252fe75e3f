//! What a feed says of itself, beside its entries: its name, how often it changes, who pushes it, when to stay away.

use super::{
    capture::Capture,
    entry::{Feed, resolve},
    names::Space,
    quiet::Quiet,
};
use crate::{
    collect::{html, markup::attribute},
    model::time::Span,
};

/// What an element outside of entries tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// The feed's name; the number is its rank among several.
    Title(u8),
    /// Minutes for which a reading stays fresh.
    Ttl,
    /// A unit of time.
    Period,
    /// How often in that time.
    Frequency,
    /// A link in an attribute: to itself, or to its hub.
    Link,
    /// An hour without visits.
    SkipHour,
    /// A day without visits.
    SkipDay,
}

/// The word that the element `local` of `space` is, by the element it stands in.
pub(crate) fn word(parent: &str, space: Space, local: &str) -> Option<Word> {
    match (parent, space, local) {
        ("skiphours", Space::Core, "hour") => Some(Word::SkipHour),
        ("skipdays", Space::Core, "day") => Some(Word::SkipDay),
        ("channel" | "feed" | "rss" | "rdf", space, local) => match (space, local) {
            (Space::Core, "title") => Some(Word::Title(2)),
            (Space::Dc, "title") => Some(Word::Title(1)),
            (Space::Core, "ttl") => Some(Word::Ttl),
            (Space::Syndication, "updateperiod") => Some(Word::Period),
            (Space::Syndication, "updatefrequency") => Some(Word::Frequency),
            (Space::Core, "link") => Some(Word::Link),
            _ => None,
        },
        _ => None,
    }
}

/// A feed's own words while they are being gathered.
#[derive(Debug, Default)]
pub(crate) struct Head {
    title: (u8, Option<String>),
    ttl: Option<Span>,
    period: Option<Span>,
    frequency: Option<i64>,
    hub: Option<String>,
    topic: Option<String>,
    quiet: Quiet,
}

impl Head {
    /// Takes in a finished element.
    pub(crate) fn put(&mut self, word: Word, capture: &Capture) {
        match word {
            Word::Title(rank) if rank > self.title.0 => {
                let title = html::one_line(&capture.plain());
                if !title.is_empty() {
                    self.title = (rank, Some(title));
                }
            }
            Word::Ttl => {
                let minutes = capture.token().parse().ok().filter(|m| (1..=100_000).contains(m));
                self.ttl = minutes.map(Span::minutes);
            }
            Word::Period => {
                self.period = match capture.token().to_ascii_lowercase().as_str() {
                    "hourly" => Some(Span::hours(1)),
                    "daily" => Some(Span::days(1)),
                    "weekly" => Some(Span::days(7)),
                    _ => None,
                };
            }
            Word::Frequency => self.frequency = capture.token().parse().ok(),
            Word::SkipHour => self.quiet.hour(&capture.token()),
            Word::SkipDay => self.quiet.day(&capture.token()),
            Word::Title(_) | Word::Link => {}
        }
    }

    /// Takes in a link; only those of the feed itself matter here. The first of each kind counts.
    pub(crate) fn link(&mut self, attributes: &str, base: Option<&url::Url>) {
        let rel = attribute(attributes, "rel").unwrap_or_default().to_ascii_lowercase();
        let target = || attribute(attributes, "href").and_then(|href| resolve(&href, base));
        for rel in rel.split_whitespace() {
            let place = match rel {
                "hub" => &mut self.hub,
                "self" => &mut self.topic,
                _ => continue,
            };
            *place = place.take().or_else(target);
        }
    }

    /// The feed without its entries.
    pub(crate) fn finish(self) -> Feed {
        let times = self.frequency.unwrap_or(1).clamp(1, 1000);
        let period = self.period.map(|period| Span::from_millis(period.millis() / times));
        Feed {
            title: self.title.1,
            update_every: self.ttl.max(period),
            hub: self.hub,
            topic: self.topic,
            quiet: self.quiet,
            ..Feed::default()
        }
    }
}
