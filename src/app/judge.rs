//! From a post to what is stored of it: whom it names, what it says, and its fate so far.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

use super::{
    fate,
    pseudonym::{Pseudonyms, post_hash},
};
use crate::{
    analyze::{Analyzer, Excluded, text_key},
    model::{
        mention::{Category, Evidence, Fate, Mention, Polarity, Role, Stance},
        post::Post,
        watch::Watchlist,
    },
    store::Judged,
};

/// Reads posts for one watchlist. Costs CPU: run it off the threads that wait for sockets.
pub struct Judge {
    analyzer: Analyzer,
    watchlist: Watchlist,
    pseudonyms: Pseudonyms,
}

impl Judge {
    /// With an analyzer that was built for the same watchlist.
    pub fn new(analyzer: Analyzer, watchlist: Watchlist, pseudonyms: Pseudonyms) -> Self {
        Self { analyzer, watchlist, pseudonyms }
    }

    /// The companies it knows.
    pub fn watchlist(&self) -> &Watchlist {
        &self.watchlist
    }

    /// The names it looks for.
    pub fn analyzer(&self) -> &Analyzer {
        &self.analyzer
    }

    /// Reads a page of posts.
    pub fn page(&self, posts: Vec<Post>, warm_up: bool) -> Vec<Judged> {
        posts.into_iter().map(|post| self.one(post, warm_up)).collect()
    }

    /// Reads one post.
    pub fn one(&self, post: Post, warm_up: bool) -> Judged {
        fail::fail_point!("analyze", |_| std::process::abort());
        // One text that the analyzer trips over must not take its whole page with it.
        let read = catch_unwind(AssertUnwindSafe(|| {
            fail::fail_point!("analyzer");
            self.analyzer.analyze(&post)
        }))
        .ok();
        let unread = read.is_none();
        if unread {
            tracing::error!(source.name = %post.source, post.id = %post.external_id, "a post could not be analyzed");
        }
        let analysis = read.unwrap_or_default();
        let told = analysis.mentions.into_iter().map(|mention| {
            let watch = self.watchlist.get(&mention.company);
            let fate = fate::before_store(&post, &mention, watch, warm_up);
            (mention, fate)
        });
        let excluded = analysis.excluded.into_iter().map(|e| (homonym(&post, e), Fate::Excluded));
        Judged {
            mentions: told.chain(excluded).collect(),
            author_key: self.pseudonyms.of(&post),
            text_key: copy_key(&post),
            post_hash: post_hash(&post),
            unread,
            post,
        }
    }
}

/// The same for copies of one text. A headline without a text is its own text: all of them are not copies of nothing.
fn copy_key(post: &Post) -> String {
    let key = text_key(&post.text);
    match &post.title {
        Some(title) if key == text_key("") => text_key(title),
        _ => key,
    }
}

/// What is kept of a name that means something else, so that «why was this not counted» has an answer.
fn homonym(post: &Post, excluded: Excluded) -> Mention {
    let evidence = post.text.split_once(&excluded.surface).map(|(before, _)| {
        let start = before.chars().count();
        Evidence {
            category: Category::OTHER,
            start,
            end: start + excluded.surface.chars().count(),
            surface: excluded.surface,
            weight: 0.0,
            why: excluded.why,
            in_title: false,
        }
    });
    Mention {
        company: excluded.company,
        category: Category::OTHER,
        scores: BTreeMap::new(),
        complaint: false,
        leak: false,
        alert_worthy: false,
        role: Role::Unrelated,
        polarity: Polarity::Neutral,
        stance: Stance::Opinion,
        retrospective: false,
        affected_count: None,
        complaint_score: 0.0,
        leak_score: 0.0,
        grave: None,
        symptom: None,
        evidence: evidence.into_iter().collect(),
    }
}
