//! What a watched page is remembered by: the road that was found, and the lines of the last visit.

use serde::{Deserialize, Serialize};

use crate::model::source::Cursor;

/// The cursor of a page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Memory {
    /// What a person wrote: address and selector.
    pub(super) written: String,
    pub(super) road: Road,
    /// Marks of the lines of the last visit, or of the addresses of the site's map.
    #[serde(default)]
    pub(super) last: Vec<String>,
    /// Visits in a row that found no line.
    #[serde(default)]
    pub(super) missed: u32,
    /// The next question is asked without what is remembered of the last answer.
    #[serde(default)]
    pub(super) unsure: bool,
    /// The page names a feed, and it told of something else.
    #[serde(default)]
    pub(super) tried_feed: bool,
}

/// How the news of a page come to us.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Road {
    /// From its own lines.
    Page,
    /// From a feed that it names.
    Feed(String),
    /// Not known yet: `robots.txt` is asked for the site's maps.
    Robots(String),
    /// Not known yet: these maps are searched, and so many were.
    Maps { queue: Vec<String>, searched: usize },
    /// From the site's map, and from the pages that are new in it.
    Map { url: String, look: Vec<String> },
}

impl Memory {
    pub(super) fn new(written: &str) -> Self {
        Self {
            written: written.to_owned(),
            road: Road::Page,
            last: Vec::new(),
            missed: 0,
            unsure: false,
            tried_feed: false,
        }
    }

    /// `None` for a source that was never visited.
    pub(super) fn read(cursor: &Cursor) -> Option<Self> {
        serde_json::from_str(&cursor.0).ok()
    }

    pub(super) fn write(&self) -> Cursor {
        Cursor(serde_json::to_string(self).unwrap_or_default())
    }

    /// Takes another road; what was remembered of the last address does not count there.
    pub(super) fn begin(&mut self, road: Road) {
        (self.road, self.unsure) = (road, true);
    }

    pub(super) fn is_looking(&self) -> bool {
        matches!(&self.road, Road::Map { look, .. } if !look.is_empty())
    }
}
