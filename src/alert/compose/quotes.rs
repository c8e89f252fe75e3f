//! The posts that a mail quotes, and whom of their authors it names.
//!
//! # Invariants
//! A private person is never named, in neither part.

use super::{
    excerpt::{Segment, excerpt},
    subject::origin,
    wording::{about, moment, telling_words},
};
use crate::{
    alert::{MailParams, inert::inert_to, story::Story},
    model::{limits, mention::MentionRecord, post::Channel, time::Timestamp},
};

/// Posts that are quoted: the ones that reached most, and the origin.
const POSTS: usize = 4;
/// From so many followers on a name is public anyway.
const PUBLIC_FOLLOWERS: u64 = 10_000;

/// A quoted post.
#[derive(Debug)]
pub(super) struct Quote {
    pub(super) channel: &'static str,
    pub(super) when: String,
    pub(super) author: String,
    pub(super) reach: String,
    pub(super) origin: bool,
    pub(super) segments: Vec<Segment>,
    /// The same for the text part, shorter.
    pub(super) short: Vec<Segment>,
}

pub(super) fn quotes(story: &Story, mail: &MailParams, now: Timestamp) -> Vec<Quote> {
    let incident = &story.event.incident;
    // The origin stands last and is kept when others are cut.
    let split = story.posts.len().saturating_sub(1);
    let (most_read, last) = story.posts.split_at(split);
    let chosen = most_read.iter().take(POSTS - 1).chain(last);
    let hidden = if mail.dashboard.is_some() {
        "個人（名前は画面で）"
    } else {
        "個人（名前は伏せています）"
    };
    let quote = |record: &MentionRecord| Quote {
        channel: record.post.channel.ja(),
        when: moment(record.at, now, mail.zone),
        author: author(record).unwrap_or_else(|| hidden.to_owned()),
        reach: reach(record),
        origin: record.post_id == incident.origin_post,
        segments: excerpt(record, limits::EXCERPT_CHARS),
        short: excerpt(record, 66),
    };
    chosen.map(quote).collect()
}

/// Whether the author speaks to the public by trade or by following.
pub(super) fn is_public(record: &MentionRecord) -> bool {
    matches!(record.post.channel, Channel::News | Channel::Official)
        || record.post.author_followers.is_some_and(|n| n >= PUBLIC_FOLLOWERS)
}

fn author(record: &MentionRecord) -> Option<String> {
    if !is_public(record) {
        return None;
    }
    // The name of a public account is shown with its `@`, which the cleaning would otherwise take for an address.
    let raw = record.post.author.as_deref().unwrap_or(&record.post.source.0);
    let bare = inert_to(raw.trim_start_matches(['@', '＠']), 30);
    let at = if raw.starts_with(['@', '＠']) { "@" } else { "" };
    (!bare.is_empty()).then(|| format!("{at}{bare}"))
}

fn reach(record: &MentionRecord) -> String {
    let post = &record.post;
    match (post.author_followers, post.views, post.reach) {
        (_, Some(views), _) => format!("再生 {}", about(views)),
        (Some(followers), _, _) => format!("フォロワー {}", about(followers)),
        (_, _, Some(reach)) => format!("届いた人数の目安 {}", about(reach)),
        _ => String::new(),
    }
}

/// Kept here so that the narrative can ask the same question of the same post.
pub(super) fn origin_words(story: &Story) -> Vec<String> {
    let incident = &story.event.incident;
    let mentions: Vec<_> = story.posts.iter().map(|r| &r.mention).collect();
    let words = telling_words(&mentions, &incident.category);
    if words.is_empty() { origin(story).map(|m| telling_words(&[m], &m.category)).unwrap_or_default() } else { words }
}
