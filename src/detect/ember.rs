//! Slow embers: three independent people tell the same kind of story within 90 days.
//!
//! It sees what no count can: four reports in three months. The budget's share is kept by asking three times what
//! the same story usually brings in 90 days, and by never telling the same people's story twice.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::digest::Seen;
use crate::model::{
    mention::{Category, Fate},
    time::{Span, Timestamp},
};

const MEMORY: Span = Span::days(90);
const PEOPLE: usize = 3;
/// Once told, so many new people …
const AGAIN: usize = 2;
/// … within so long are told again.
const AGAIN_WITHIN: Span = Span::days(7);
/// Posts kept per story.
const KEPT: usize = 200;
/// How many times its usual number a story must reach.
const TIMES_USUAL: f64 = 3.0;

/// Several people with one story.
#[derive(Debug, Clone)]
pub(super) struct Ember {
    pub(super) category: Category,
    pub(super) people: usize,
    pub(super) expected: f64,
    pub(super) posts: Vec<Seen>,
    pub(super) why: String,
}

#[derive(Debug, Clone, Default)]
struct Story {
    posts: VecDeque<Seen>,
    /// Posts that have left the memory: what is usual.
    older: u64,
    told: Option<Timestamp>,
}

#[derive(Debug, Clone)]
pub(super) struct EmberDetector {
    since: Timestamp,
    stories: BTreeMap<String, Story>,
}

impl EmberDetector {
    pub(super) fn new(since: Timestamp) -> Self {
        Self { since, stories: BTreeMap::new() }
    }

    /// Whether it is a report of a symptom at all.
    pub(super) fn is_report(seen: &Seen) -> bool {
        let about = seen.leak || matches!(seen.category.as_str(), "leak" | "safety");
        // What a new source showed at first is history, and the first reports of an ember often lie there.
        let heard = seen.counts() || seen.fate == Fate::WarmUp;
        seen.symptom.is_some() && heard && about && !seen.is_press()
    }

    /// Keeps a report.
    pub(super) fn remember(&mut self, seen: &Seen) {
        let Some(symptom) = seen.symptom.as_ref().filter(|_| Self::is_report(seen)) else { return };
        let story = self.stories.entry(symptom.clone()).or_default();
        story.posts.push_back(seen.clone());
        while story.posts.len() > KEPT || story.posts.front().is_some_and(|p| p.at < seen.at - MEMORY) {
            story.posts.pop_front();
            story.older += 1;
        }
    }

    /// What is told of up to `at` need not be told again.
    pub(super) fn told(&mut self, symptom: &str, at: Timestamp) {
        if let Some(story) = self.stories.get_mut(symptom) {
            story.told = story.told.max(Some(at));
        }
    }

    /// Looks at the story that `seen` has just added to.
    pub(super) fn look(&self, seen: &Seen) -> Option<Ember> {
        let symptom = seen.symptom.as_ref().filter(|_| Self::is_report(seen))?;
        let story = self.stories.get(symptom)?;
        let oldest = seen.at - MEMORY;
        let all: Vec<&Seen> = story.posts.iter().filter(|p| p.at > oldest).collect();
        let people = independent(&all);
        let fresh: Vec<&Seen> = all.iter().copied().filter(|p| story.told.is_none_or(|told| p.at > told)).collect();
        let week: Vec<&Seen> = fresh.iter().copied().filter(|p| p.at > seen.at - AGAIN_WITHIN).collect();
        let again = story.told.is_some() && independent(&week) >= AGAIN;
        let expected = self.expected(story, oldest);
        if people < PEOPLE || independent(&fresh) < PEOPLE && !again || (people as f64) < TIMES_USUAL * expected {
            return None;
        }
        let days = MEMORY.as_minutes() / 1440;
        let usual = super::wording::number(expected);
        Some(Ember {
            category: if seen.leak { Category::LEAK } else { seen.category.clone() },
            people,
            expected,
            posts: all.into_iter().cloned().collect(),
            why: format!("{days}日で別々の{people}人が「{symptom}」を訴え（平常{usual}）"),
        })
    }

    /// Posts that 90 days of this story usually bring, from what was seen before the memory begins.
    fn expected(&self, story: &Story, oldest: Timestamp) -> f64 {
        let before = (oldest - self.since).as_hours() / 24.0;
        if before < 30.0 { 0.0 } else { story.older as f64 / before * (MEMORY.as_hours() / 24.0) }
    }
}

/// How many people: the smaller of distinct authors and distinct texts.
fn independent(posts: &[&Seen]) -> usize {
    let authors: BTreeSet<u64> = posts.iter().map(|p| p.author).collect();
    let texts: BTreeSet<u64> = posts.iter().map(|p| p.text).collect();
    authors.len().min(texts.len())
}
