//! One post that is enough for somebody to look: an insider, an injury, a threat, a first-hand claim of a leak.
//!
//! # The budget
//! A quarter of the monthly budget is this detector's. Reports of injuries and threats have a rate guard: at most as
//! many incidents in 30 days as the whole budget (one at least) are opened by a single post, because about one such
//! post in four turns out to be nothing; beyond that a second author within 7 days is asked for. An insider and a
//! claim of a leak are never held back: only the same author, the same text or a story that is open already is.

use std::collections::{BTreeMap, VecDeque};

use super::digest::Seen;
use crate::model::{
    mention::{Category, Fate, Grave, Stance},
    post::Channel,
    time::{Span, Timestamp},
};

const MONTH: Span = Span::days(30);
const SECOND_AUTHOR: Span = Span::days(7);
/// Who was told of is remembered so long.
const MEMORY: Span = Span::days(60);

#[derive(Debug, Clone)]
pub(super) struct GraveDetector {
    allowed: usize,
    /// Incidents opened by guarded kinds.
    opened: VecDeque<Timestamp>,
    /// Authors and texts that have spoken, by their last time.
    heard: BTreeMap<u64, Timestamp>,
    /// Guarded posts that were held back, with their author.
    held: VecDeque<(Timestamp, u64)>,
}

impl GraveDetector {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a budget is a small number from 1 up")]
    pub(super) fn new(budget: f64) -> Self {
        let allowed = budget.round().clamp(1.0, 100.0) as usize;
        Self { allowed, opened: VecDeque::new(), heard: BTreeMap::new(), held: VecDeque::new() }
    }

    /// Whether this post is a grave report at all, whoever wrote it before.
    pub(super) fn is_report(seen: &Seen) -> bool {
        seen.grave.is_some()
            && matches!(seen.fate, Fate::Counted | Fate::SameAuthor)
            && !matches!(seen.stance, Stance::Report | Stance::Official | Stance::AgainstPoster)
            && !matches!(seen.channel, Channel::News | Channel::Official | Channel::Matome)
    }

    /// Notes who spoke, without telling.
    pub(super) fn remember(&mut self, seen: &Seen) {
        self.heard.insert(seen.author, seen.at);
        self.heard.insert(seen.text, seen.at);
    }

    /// The sentence to open an incident with, or `None`: a repeat, or held back by the rate guard.
    pub(super) fn weigh(&mut self, seen: &Seen, now: Timestamp) -> Option<String> {
        let grave = seen.grave.filter(|_| Self::is_report(seen))?;
        self.heard.retain(|_, at| *at > now - MEMORY);
        let repeats = self.heard.contains_key(&seen.author) || self.heard.contains_key(&seen.text);
        self.remember(seen);
        if repeats {
            return None;
        }
        if matches!(grave, Grave::Injury | Grave::Threat) {
            self.opened.retain(|at| *at > now - MONTH);
            self.held.retain(|(at, _)| *at > now - SECOND_AUTHOR);
            let seconded = self.held.iter().any(|(_, author)| *author != seen.author);
            if self.opened.len() >= self.allowed && !seconded {
                self.held.push_back((seen.at, seen.author));
                return None;
            }
            self.opened.push_back(now);
            self.held.clear();
        }
        Some(format!("{}（平常0）", said(grave)))
    }
}

/// What such a post says, for people.
fn said(grave: Grave) -> &'static str {
    match grave {
        Grave::Insider => "担当者や内部の人とみられる投稿 1件",
        Grave::Injury => "けが・体調不良・異物を訴える投稿 1件",
        Grave::Threat => "危害の予告とみられる投稿 1件",
        Grave::LeakClaim => "自分の情報が漏れたと訴える投稿 1件",
    }
}

/// What an incident opened by such a post is about, where the post itself is filed under nothing.
pub(super) fn category_of(seen: &Seen) -> Category {
    match seen.grave {
        _ if seen.category.is_risk() => seen.category.clone(),
        Some(Grave::Insider | Grave::LeakClaim) => Category::LEAK,
        Some(Grave::Injury) => Category::SAFETY,
        _ => Category::INCIDENT,
    }
}
