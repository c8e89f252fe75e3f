//! How many posts there are, without reading one: the curve of X's own counts, and whether it moves.
//!
//! The rule is small on purpose, so that a person can check it by hand: the last quarter of an hour against the median
//! quarter of the day before it, with a floor.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    collect::loose,
    model::{
        source::Observed,
        time::{Span, Timestamp},
    },
};

/// The length of a bar that is compared.
pub(super) const QUARTER: Span = Span::minutes(15);
/// How far back the curve is remembered.
pub(super) const MEMORY: Span = Span::hours(24);
/// The length of a bar that is stored.
const STORED: Span = Span::minutes(5);
/// Fewer posts in a quarter of an hour are no movement.
const FLOOR: u64 = 5;
/// So many times the median is a movement.
const TIMES: u64 = 3;

/// Bars of [`QUARTER`], by their beginning in UTC milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Curve(BTreeMap<i64, u64>);

/// One answer of `counts/recent`.
#[derive(Debug, Default)]
pub(super) struct Counts(BTreeMap<Timestamp, u64>);

impl Counts {
    /// Bars as they came, of whatever length; those without a time are passed over.
    pub(super) fn read(answer: &Value) -> Self {
        let bar = |v: &Value| Some((loose::time(v, "start")?, loose::count(v, "tweet_count")?));
        Self(loose::list(answer, "data").iter().filter_map(bar).collect())
    }

    /// Posts from `since` on.
    pub(super) fn since(&self, since: Timestamp) -> u64 {
        self.0.range(since..).map(|(_, n)| n).fold(0, |sum, n| sum.saturating_add(*n))
    }

    fn by(&self, step: Span) -> BTreeMap<Timestamp, u64> {
        let mut bars = BTreeMap::<Timestamp, u64>::new();
        for (at, n) in &self.0 {
            let bar = bars.entry(at.floor(step)).or_default();
            *bar = bar.saturating_add(*n);
        }
        bars
    }

    /// What is stored of it: whole bars only, so that none is stored smaller than it was.
    pub(super) fn observed(&self, (from, until): (Timestamp, Timestamp)) -> Vec<Observed> {
        let whole = |at: &Timestamp| *at >= from && *at + STORED <= until;
        let bars = self.by(STORED).into_iter().filter(|(at, _)| whole(at));
        bars.map(|(at, n)| Observed { series: "posts".into(), at, value: n as f64 }).collect()
    }
}

impl Curve {
    /// Takes in an answer about the time between `from` and `now`. A later count of the same time is the better one.
    pub(super) fn take(&mut self, counts: &Counts, from: Timestamp, now: Timestamp) {
        let first = from.floor(QUARTER);
        let first = if first < from { first + QUARTER } else { first };
        self.0.retain(|at, _| *at < first.millis() && *at >= (now - MEMORY - QUARTER).millis());
        // Quarters in which nobody wrote are quarters too.
        let mut bars = counts.by(QUARTER);
        let mut at = first;
        while at < now {
            self.0.insert(at.millis(), bars.remove(&at).unwrap_or(0));
            at = at + QUARTER;
        }
    }

    /// Whether people write more than usual. `latest` is what they wrote within the last [`QUARTER`].
    pub(super) fn moves(&self, latest: u64, now: Timestamp) -> bool {
        latest >= FLOOR.max(self.median(now).saturating_mul(TIMES))
    }

    /// Of the whole quarters before the one that is compared.
    fn median(&self, now: Timestamp) -> u64 {
        let until = (now - QUARTER.times(2)).millis();
        let mut bars: Vec<u64> = self.0.range(..=until).map(|(_, n)| *n).collect();
        bars.sort_unstable();
        bars.get(bars.len() / 2).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_795_133_700); // 2026-11-20 00:15 UTC

    fn counts(per_minute: &dyn Fn(i64) -> u64, from: Timestamp, until: Timestamp) -> Counts {
        let minutes = (until - from).as_minutes();
        Counts((0..minutes).map(|m| (from + Span::minutes(m), per_minute(m))).collect())
    }

    #[test]
    fn a_curve_moves_against_its_own_day_and_never_below_the_floor() {
        let day = NOW - MEMORY;
        let mut quiet = Curve::default();
        quiet.take(&counts(&|_| 0, day, NOW), day, NOW);
        assert!(!quiet.moves(4, NOW) && quiet.moves(5, NOW));
        let mut busy = Curve::default();
        busy.take(&counts(&|_| 2, day, NOW), day, NOW);
        // Thirty a quarter are usual.
        assert!(!busy.moves(89, NOW) && busy.moves(90, NOW));
    }

    #[test]
    fn one_wild_hour_does_not_become_the_usual() {
        let day = NOW - MEMORY;
        let mut curve = Curve::default();
        curve.take(&counts(&|m| if m > 22 * 60 { 50 } else { 1 }, day, NOW), day, NOW);
        assert!(curve.moves(45, NOW));
    }

    #[test]
    fn a_second_look_at_the_same_quarter_replaces_the_first() {
        let mut curve = Curve::default();
        let from = NOW - Span::hours(1);
        curve.take(&counts(&|_| 1, from, NOW), from, NOW);
        curve.take(&counts(&|_| 3, from, NOW), from, NOW);
        assert_eq!(curve.0.values().copied().collect::<Vec<_>>(), [45; 4]);
        // Older quarters than the answer is about stay as they are.
        let later = NOW + Span::minutes(15);
        curve.take(&counts(&|_| 1, NOW, later), NOW, later);
        assert_eq!(curve.0.values().copied().collect::<Vec<_>>(), [45, 45, 45, 45, 15]);
    }

    #[test]
    fn only_whole_bars_are_stored() {
        let from = NOW - Span::minutes(15) + Span::minutes(2);
        let seen = counts(&|_| 1, from, NOW + Span::minutes(3)).observed((from, NOW + Span::minutes(3)));
        assert_eq!(
            seen.iter().map(|o| (o.at, o.value.to_string())).collect::<Vec<_>>(),
            [(NOW - Span::minutes(10), "5".into()), (NOW - Span::minutes(5), "5".into())]
        );
    }

    #[test]
    fn bars_are_read_however_they_are_written() {
        let answer = json!({"data": [
            {"start": "2026-11-20T00:00:00.000Z", "end": "2026-11-20T00:01:00.000Z", "tweet_count": 17},
            {"start": "2026-11-20T00:01:00.000Z", "tweet_count": "3"},
            {"start": null, "tweet_count": 9}, {"start": "2026-11-20T00:02:00.000Z", "tweet_count": null}, 5
        ]});
        assert_eq!(Counts::read(&answer).since(Timestamp::default()), 20);
        assert_eq!(Counts::read(&json!({"meta": {}})).since(Timestamp::default()), 0);
    }
}
