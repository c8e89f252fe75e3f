//! How much of what is usually said of a company can be seen, by the sources that cannot be read.
//!
//! # Why
//! With two of five sources dark the counts fall though nobody speaks less, and rise again when the two catch up. Each
//! source stands for the share that it usually brings of the company's posts; what the dark ones stand for is not
//! expected until they are back.

use std::collections::BTreeMap;

use crate::model::{
    post::SourceName,
    source::SourceState,
    time::{Span, Timestamp},
};

/// The detectors' own.
const BUCKET: Span = Span::minutes(5);
/// As far back as the detectors can still correct what they were told.
const REACH: Span = Span::hours(24);
/// What is usual is what the last two weeks have brought.
pub(super) const USUAL: Span = Span::days(14);
/// From fewer posts nobody can tell who usually brings how much.
const FEW: u64 = 20;
/// So little does not matter.
const TRIFLE: f64 = 0.02;
/// Nobody has gone there for so long after it was due: it has left the list.
const LEFT: Span = Span::days(1);

/// Posts that each source usually brings.
pub(super) type Usual = BTreeMap<SourceName, u64>;

/// Whether a source that is remembered is still on the list, as far as its state tells.
pub(super) fn is_visited(state: &SourceState, now: Timestamp) -> bool {
    now - state.next_due_at < LEFT
}

/// Sources that worked and now do not, and when they last did.
pub(super) fn dark(states: &[SourceState], now: Timestamp) -> Vec<(SourceName, Timestamp)> {
    let dark = states.iter().filter(|s| (s.errors > 0 || s.gone) && is_visited(s, now));
    dark.filter_map(|s| Some((s.source.clone(), s.last_ok_at?))).collect()
}

/// The share that `sources` usually bring, 0 to 1; 0 while too little is known.
pub(super) fn share_of<'a>(usual: &Usual, sources: impl Iterator<Item = &'a SourceName>) -> f64 {
    let all: u64 = usual.values().sum();
    if all < FEW {
        return 0.0;
    }
    let theirs: u64 = sources.filter_map(|name| usual.get(name)).sum();
    theirs as f64 / all as f64
}

/// Buckets of the last day that are seen in part only, and how large a part.
pub(super) fn partly(usual: &Usual, dark: &[(SourceName, Timestamp)], now: Timestamp) -> BTreeMap<Timestamp, f64> {
    let Some(first) = dark.iter().map(|(_, since)| *since).min() else { return BTreeMap::new() };
    let mut bucket = first.max(now - REACH).floor(BUCKET);
    let mut partly = BTreeMap::new();
    while bucket <= now {
        let theirs = dark.iter().filter(|(_, since)| since.floor(BUCKET) <= bucket).map(|(name, _)| name);
        let unseen = share_of(usual, theirs);
        if unseen > TRIFLE {
            partly.insert(bucket, 1.0 - unseen);
        }
        bucket = bucket + BUCKET;
    }
    partly
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn name(n: &str) -> SourceName {
        SourceName(n.to_owned())
    }

    #[test]
    fn each_dark_source_takes_its_usual_share_from_its_last_success_on() {
        let usual: Usual = [(name("sns"), 60), (name("news"), 30), (name("blog"), 10)].into();
        let dark = [(name("sns"), NOON - Span::minutes(60)), (name("blog"), NOON - Span::minutes(30))];
        let partly = partly(&usual, &dark, NOON);
        let at = |minutes: i64| partly.get(&(NOON - Span::minutes(minutes)).floor(BUCKET)).map(|s| (s * 100.0).round());
        assert_eq!([at(65), at(60), at(35), at(30), at(0)], [None, Some(40.0), Some(40.0), Some(30.0), Some(30.0)]);
        assert!(super::partly(&usual, &[], NOON).is_empty());
        // Of a company that hardly anybody speaks of nobody knows who usually does.
        assert!(super::partly(&[(name("sns"), 19)].into(), &dark, NOON).is_empty());
    }

    #[test]
    fn a_source_that_left_the_list_or_never_worked_is_not_missed() {
        let state = |n: &str| SourceState { errors: 1, last_ok_at: Some(NOON), ..SourceState::new(name(n), NOON) };
        let never = SourceState { last_ok_at: None, ..state("never") };
        let left = SourceState { next_due_at: NOON - Span::days(2), ..state("left") };
        let well = SourceState { errors: 0, ..state("well") };
        assert_eq!(dark(&[state("sns"), never, left, well], NOON), [(name("sns"), NOON)]);
    }
}
