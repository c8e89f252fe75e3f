//! How many people or records were hit, as somebody said: which number to believe.
//!
//! The press, the company and authorities are taken at their word at once; other posts only when three people name
//! the same number. A number that was replaced does not come back by an article that copies the old one.

use std::collections::{BTreeMap, BTreeSet};

use super::super::digest::Seen;
use crate::model::{
    incident::StatedCount,
    mention::{Fate, Role},
    post::Channel,
};

/// People who must name a number that no press names.
const PEOPLE: usize = 3;
/// Numbers kept.
const KEPT: usize = 200;

#[derive(Debug, Clone, Default)]
pub(in crate::detect) struct Numbers {
    replaced: BTreeSet<u64>,
    heard: BTreeMap<u64, BTreeSet<u64>>,
    by_press: bool,
}

impl Numbers {
    /// The new statement, if this post makes one.
    pub(in crate::detect) fn hear(&mut self, seen: &Seen, now: Option<&StatedCount>) -> Option<StatedCount> {
        let number = seen.affected.filter(|_| seen.role != Role::Bystander)?;
        if now.is_some_and(|n| n.number == number) {
            self.by_press |= seen.is_press();
            return None;
        }
        let own_word = seen.fate == Fate::OwnChannel || seen.channel == Channel::Official;
        let authority = own_word || seen.channel == Channel::News;
        if !authority {
            if self.heard.len() < KEPT || self.heard.contains_key(&number) {
                self.heard.entry(number).or_default().insert(seen.author);
            }
            if self.by_press || self.heard.get(&number).is_none_or(|people| people.len() < PEOPLE) {
                return None;
            }
        }
        if self.replaced.contains(&number) && !own_word {
            return None;
        }
        self.by_press |= authority;
        self.replaced.extend(now.map(|n| n.number));
        Some(StatedCount { number, source: seen.source.clone(), at: seen.at, previous: now.map(|n| n.number) })
    }
}
