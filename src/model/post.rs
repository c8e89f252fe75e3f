//! One collected item of any kind: a short post, an article, a video.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{limits, time::Timestamp, words::words};

/// The name a source has in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SourceName(pub String);

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

words! {
    /// What kind of text it is.
    SourceType {
        /// A short post.
        Post = "post",
        /// A blog entry.
        Blog = "blog",
        /// A news article.
        News = "news",
        /// A question or an answer.
        Qa = "qa",
        /// A video's title and description.
        Video = "video",
        /// A company's or a regulator's notice.
        Notice = "notice",
        /// A review of a product, an app or a place.
        Review = "review",
        /// A bulletin board.
        Board = "board",
        /// A comment under something else.
        Comment = "comment",
    }
}

words! {
    /// The road on which it reached people.
    Channel {
        /// Social posts.
        Sns = "sns",
        /// Blogs.
        Blog = "blog",
        /// Sites that gather others' posts.
        Matome = "matome",
        /// News sites.
        News = "news",
        /// Questions and answers.
        Qa = "qa",
        /// Videos.
        Video = "video",
        /// Comments.
        Comment = "comment",
        /// Reviews.
        Review = "review",
        /// Bulletin boards.
        Board = "board",
        /// The company's or a regulator's own word.
        Official = "official",
    }
}

impl Channel {
    /// For people.
    pub const fn ja(self) -> &'static str {
        match self {
            Self::Sns => "SNS",
            Self::Blog => "ブログ",
            Self::Matome => "まとめ",
            Self::News => "ニュース",
            Self::Qa => "Q&A",
            Self::Video => "動画",
            Self::Comment => "コメント",
            Self::Review => "口コミ",
            Self::Board => "掲示板",
            Self::Official => "公式",
        }
    }
}

impl SourceType {
    /// The road such a text usually takes, where a source does not say.
    pub const fn usual_channel(self) -> Channel {
        match self {
            Self::Post => Channel::Sns,
            Self::Blog => Channel::Blog,
            Self::News => Channel::News,
            Self::Qa => Channel::Qa,
            Self::Video => Channel::Video,
            Self::Notice => Channel::Official,
            Self::Review => Channel::Review,
            Self::Board => Channel::Board,
            Self::Comment => Channel::Comment,
        }
    }
}

/// One collected item.
///
/// # Invariants
/// `external_id` names the item within its source for good: the same item seen again has the same one.
/// `text` is plain text, already freed of markup; evidence counts its Unicode scalar values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Post {
    /// Where it was found.
    pub source: SourceName,
    /// Its name within the source.
    pub external_id: String,
    /// What kind of text.
    pub source_type: SourceType,
    /// On which road it reached people.
    pub channel: Channel,
    /// Where people read it.
    pub url: Option<String>,
    /// Who wrote it, as the source writes the name.
    pub author: Option<String>,
    /// How many follow the author.
    pub author_followers: Option<u64>,
    /// Headline.
    pub title: Option<String>,
    /// Plain text.
    pub text: String,
    /// When it was published, as it claims itself.
    pub published_at: Option<Timestamp>,
    /// When we fetched it.
    pub collected_at: Timestamp,
    /// How many people may have seen it, as the source reports.
    pub reach: Option<u64>,
    /// How often a video was played.
    pub views: Option<u64>,
    /// Another post's `external_id` that this one repeats.
    pub repost_of: Option<String>,
}

impl Post {
    /// The time that counts: what the post claims, held between 48 hours before and 5 minutes after we saw it.
    /// A claim is a stranger's word, and one of 2099 must not sit at the end of every list.
    pub fn effective_at(&self) -> Timestamp {
        let claim = self.published_at.unwrap_or(self.collected_at);
        claim.clamp(self.collected_at - limits::CLAIM_PAST, self.collected_at + limits::CLAIM_FUTURE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(published: i64, collected: i64) -> Post {
        Post {
            source: SourceName("s".into()),
            external_id: "1".into(),
            source_type: SourceType::Post,
            channel: Channel::Sns,
            url: None,
            author: None,
            author_followers: None,
            title: None,
            text: String::new(),
            published_at: Some(Timestamp::from_seconds(published)),
            collected_at: Timestamp::from_seconds(collected),
            reach: None,
            views: None,
            repost_of: None,
        }
    }

    #[test]
    fn a_claimed_time_counts_only_near_the_collection() {
        let day = 86_400;
        assert_eq!(post(10 * day, 10 * day).effective_at().seconds(), 10 * day);
        assert_eq!(post(0, 10 * day).effective_at().seconds(), 8 * day);
        assert_eq!(post(900 * day, 10 * day).effective_at().seconds(), 10 * day + 300);
    }

    #[test]
    fn words_are_read_back_as_they_are_written() {
        for t in SourceType::ALL {
            assert_eq!(t.as_str().parse::<SourceType>().unwrap(), *t);
        }
        assert!("newspaper".parse::<Channel>().unwrap_err().contains("news"));
    }
}
