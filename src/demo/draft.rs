//! A post before it has a number: where it will appear, who writes it, when.

use crate::model::{
    post::{Channel, SourceType},
    time::Timestamp,
};

/// Where a post appears: one feed each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Outlet {
    /// Short posts.
    Sns,
    /// Blogs.
    Blog,
    /// Papers.
    News,
    /// Videos.
    Video,
    /// Sites that gather others' posts.
    Matome,
    /// Reviews.
    Review,
}

impl Outlet {
    /// The name of its source.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Sns => "sns",
            Self::Blog => "blog",
            Self::News => "news",
            Self::Video => "video",
            Self::Matome => "matome",
            Self::Review => "review",
        }
    }

    /// What kind of text it brings.
    pub(super) const fn source_type(self) -> SourceType {
        match self {
            Self::Sns => SourceType::Post,
            Self::Blog | Self::Matome => SourceType::Blog,
            Self::News => SourceType::News,
            Self::Video => SourceType::Video,
            Self::Review => SourceType::Review,
        }
    }

    /// On which road it reaches people.
    pub(super) const fn channel(self) -> Channel {
        match self {
            Self::Matome => Channel::Matome,
            other => other.source_type().usual_channel(),
        }
    }

    /// The identity an item has in this outlet's feed; each format has its own habit.
    pub(super) fn identity(self, number: u64) -> String {
        match self {
            Self::Sns => format!("sns:{number}"),
            Self::Blog => format!("tag:blog.example,2026:entry-{number}"),
            Self::Video => format!("video:hnm{number}"),
            Self::News | Self::Matome | Self::Review => self.address(number, ""),
        }
    }

    /// Where people would read it.
    pub(super) fn address(self, number: u64, author: &str) -> String {
        match self {
            Self::Sns => format!("https://sns.example/{}/{number}", author.trim_start_matches('@')),
            Self::Blog => format!("https://blog.example/entry/{number}"),
            Self::News => format!("https://news.example/articles/{number}"),
            Self::Video => format!("https://video.example/watch?v=hnm{number}&feature=rss"),
            Self::Matome => format!("https://matome.example/archives/{number}"),
            Self::Review => format!("https://review.example/r/{number}"),
        }
    }
}

/// A post before it has a number.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) outlet: Outlet,
    pub(super) author: String,
    pub(super) title: Option<String>,
    pub(super) text: String,
    pub(super) at: Timestamp,
    /// A video's plays: when somebody looked, and how many there were.
    pub(super) views: Vec<(Timestamp, u64)>,
    /// The place in the same list of the post that this one repeats.
    pub(super) repost_of: Option<usize>,
}

impl Draft {
    pub(super) fn new(outlet: Outlet, author: impl Into<String>, at: Timestamp, text: String) -> Self {
        Self { outlet, author: author.into(), title: None, text, at, views: Vec::new(), repost_of: None }
    }

    pub(super) fn titled(self, title: impl Into<String>) -> Self {
        Self { title: Some(title.into()), ..self }
    }

    /// The same words from somebody else.
    pub(super) fn repost(&self, place: usize, author: String, at: Timestamp) -> Self {
        Self { author, at, repost_of: Some(place), ..self.clone() }
    }
}
