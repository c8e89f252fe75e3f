//! What others bring: from posts to rows, under names that nobody else uses.
//!
//! [`body`] reads a delivery, [`Intake`] stores it, [`desk`] does so for `/ingest` while Hinomi runs, [`house`] tells
//! `import` where that is.
//!
//! # Invariants
//! - Nobody brings posts under the name of a source that Hinomi visits, or has ever visited.
//! - What a [`Tally`] counts as accepted is committed. The same posts twice change nothing but the tallies.

pub mod body;
pub(super) mod desk;
pub mod house;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use anyhow::{Context, Result};
use tokio::task::spawn_blocking;

use self::body::Brought;
use super::judge::Judge;
use crate::{
    clock::IdGen,
    model::{limits, post::SourceName, source::SourceState, time::Timestamp},
    store::{Ingest, Ingested, Judged, Store, StoreError},
    web::ingest::Tally,
};

/// Posts of one transaction: short enough that a visit never waits long for its turn to write.
const CHUNK: usize = 250;

/// Stores posts that others bring.
pub(super) struct Intake<'a> {
    pub store: &'a Store,
    pub ids: &'a IdGen,
    pub judge: Arc<Judge>,
    /// The names of the sources that are visited.
    pub visited: BTreeSet<SourceName>,
}

impl Intake<'_> {
    /// Stores `posts` and adds to `tally` and `stored` what has been committed, also where an error ends it early.
    pub(super) async fn take(
        &self,
        posts: Vec<Brought>,
        now: Timestamp,
        tally: &mut Tally,
        stored: &mut Ingested,
    ) -> Result<()> {
        let states = self.store.source_states().await?;
        let mut names = Names::new(&self.visited, &states);
        let mut by_source: BTreeMap<SourceName, Vec<Brought>> = BTreeMap::new();
        for brought in posts {
            match names.admit(&brought.post.source) {
                Ok(()) => by_source.entry(brought.post.source.clone()).or_default().push(brought),
                Err(reason) => tally.refuse(brought.line, reason),
            }
        }
        for (source, mut posts) in by_source {
            let state = SourceState::pushed(source.clone(), states.iter().find(|s| s.source == source), now);
            while !posts.is_empty() {
                let rest = posts.split_off(posts.len().min(CHUNK));
                let old = posts.iter().filter(|b| b.history).count() as u64;
                let judged = self.judge(posts).await?;
                // A push says nothing of what can be seen elsewhere, so it covers nothing.
                let batch = Ingest { state: Some(&state), posts: judged, ..Ingest::of(&source, now) };
                fail::fail_point!("push_store", |_| Err(StoreError::Full.into()));
                let done = self.store.ingest(&batch, self.ids).await?;
                add(tally, stored, &done, old);
                posts = rest;
            }
        }
        Ok(())
    }

    async fn judge(&self, posts: Vec<Brought>) -> Result<Vec<Judged>> {
        let judge = Arc::clone(&self.judge);
        let read = move || posts.into_iter().map(|b| judge.one(b.post, b.history)).collect();
        spawn_blocking(read).await.context("reading what was brought")
    }
}

fn add(tally: &mut Tally, stored: &mut Ingested, done: &Ingested, history: u64) {
    tally.accepted += done.new + done.duplicates + done.edited;
    tally.new += done.new;
    tally.duplicates += done.duplicates;
    tally.edited += done.edited;
    tally.about_watched += done.new - done.not_about_us;
    tally.unread += done.unread;
    tally.history += history.saturating_sub(done.unread);
    stored.new += done.new;
    stored.mentions += done.mentions;
    stored.unread += done.unread;
}

/// Whose names are taken.
struct Names<'a> {
    visited: &'a BTreeSet<SourceName>,
    pushed: BTreeSet<SourceName>,
    /// What is remembered of sources that are, or were, visited.
    others: BTreeSet<&'a SourceName>,
}

impl<'a> Names<'a> {
    fn new(visited: &'a BTreeSet<SourceName>, states: &'a [SourceState]) -> Self {
        let pushed = states.iter().filter(|s| s.is_pushed()).map(|s| s.source.clone()).collect();
        let others = states.iter().filter(|s| !s.is_pushed()).map(|s| &s.source).collect();
        Self { visited, pushed, others }
    }

    fn admit(&mut self, name: &SourceName) -> Result<(), String> {
        if self.visited.contains(name) || self.others.contains(name) {
            return Err(format!(
                "\"source\": {:?} is a source that Hinomi visits itself; bring posts under another name",
                name.0
            ));
        }
        if !self.pushed.contains(name) {
            if self.pushed.len() >= limits::PUSHED_SOURCES {
                return Err(format!(
                    "\"source\": {:?} would be one more than the {} names that others may use",
                    name.0,
                    limits::PUSHED_SOURCES
                ));
            }
            self.pushed.insert(name.clone());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_brings_posts_under_the_name_of_a_source_that_is_or_was_visited() {
        let now = Timestamp::from_seconds(1_800_000_000);
        let name = |n: &str| SourceName(n.to_owned());
        let visited = BTreeSet::from([name("news")]);
        let states = [
            SourceState::new(name("blog"), now),
            SourceState::pushed(name("vendor"), None, now),
            // Somebody has us visit what was brought before.
            SourceState::pushed(name("news"), None, now),
        ];
        let mut names = Names::new(&visited, &states);
        assert!(names.admit(&name("vendor")).is_ok() && names.admit(&name("new")).is_ok());
        for taken in ["news", "blog"] {
            assert!(names.admit(&name(taken)).unwrap_err().contains(taken), "{taken}");
        }
    }

    #[test]
    fn names_are_bounded_and_known_ones_stay_welcome() {
        let name = |n: usize| SourceName(format!("vendor-{n}"));
        let visited = BTreeSet::new();
        let mut names = Names::new(&visited, &[]);
        for n in 0..limits::PUSHED_SOURCES {
            assert!(names.admit(&name(n)).is_ok());
        }
        assert!(names.admit(&name(limits::PUSHED_SOURCES)).is_err());
        assert!(names.admit(&name(0)).is_ok());
    }
}
