//! One count series per category of one company, fed in closed buckets of five minutes.
//!
//! # Invariants
//! Every category has been watched since the beginning: those that never had a post share one series of zeros, and
//! the first post of a category takes a copy of it. So a first burst is seen against true quiet.

use std::collections::{BTreeMap, BTreeSet};

use super::count::{CountDetector, Score};
use crate::model::{
    mention::Category,
    time::{Span, Timestamp, Zone},
};

pub(super) const BUCKET: Span = Span::minutes(5);
/// A bucket is closed so long after its end.
pub(super) const GRACE: Span = Span::minutes(2);
/// What a busy hour of the evening is to an average one.
const BUSY_HOUR: f64 = 1.5;
/// Relative variance of an hour beyond chance: what was measured on ordinary traffic. Five-minute buckets of a quiet
/// company show hardly any of it.
const CLUMPING: f64 = 0.25;
/// A smaller share of the usual than this says nothing: a bucket without posts is then unknown.
const LEAST: f64 = 0.2;
/// Monday, 5 January 1970.
const MONDAY_MILLIS: i64 = 4 * 86_400_000;

/// A closed bucket whose score is worth a look.
#[derive(Debug, Clone)]
pub(super) struct Odd {
    pub(super) category: Category,
    /// Minute of the bucket, for [`Tallies::decide`].
    pub(super) minute: f64,
    /// End of the bucket.
    pub(super) until: Timestamp,
    pub(super) score: Score,
}

/// All series of a company.
#[derive(Debug, Clone)]
pub(super) struct Tallies {
    quiet: CountDetector,
    series: BTreeMap<Category, CountDetector>,
    /// The first bucket that is not closed.
    next: i64,
    /// Counts of buckets that are not closed.
    open: BTreeMap<i64, BTreeMap<Category, f64>>,
    budget: f64,
    /// Late posts have changed closed buckets since the last one was closed.
    touched: bool,
    /// Buckets of which only a share could be seen.
    partly: BTreeMap<i64, f64>,
    /// What the wall clock is ahead of UTC, in milliseconds.
    ahead: i64,
}

impl Tallies {
    /// `budget` is shared by the categories that have posts at all.
    pub(super) fn new(budget: f64, zone: Zone, since: Timestamp) -> Self {
        let c = since.civil(zone);
        let wall =
            Timestamp::from_civil((c.year, c.month, c.day), (c.hour, c.minute, c.second), Zone::UTC).unwrap_or(since);
        Self {
            quiet: CountDetector::new(BUCKET.as_minutes() as f64, budget, false),
            series: BTreeMap::new(),
            next: bucket_of(since),
            open: BTreeMap::new(),
            budget,
            touched: false,
            partly: BTreeMap::new(),
            ahead: (wall.seconds() - since.seconds()) * 1000,
        }
    }

    /// Counts one post. A post older than the windows reach is not counted (`false`).
    pub(super) fn add(&mut self, category: &Category, at: Timestamp) -> bool {
        let bucket = bucket_of(at);
        if !self.series.contains_key(category) {
            self.series.insert(category.clone(), self.quiet.clone());
            let share = self.budget / self.series.len() as f64;
            self.series.values_mut().for_each(|s| s.set_budget(share));
        }
        if bucket >= self.next {
            *self.open.entry(bucket).or_default().entry(category.clone()).or_default() += 1.0;
            return true;
        }
        let minute = self.minute(bucket);
        let counted = self.series.get_mut(category).is_some_and(|s| s.add_late(minute, 1.0));
        self.touched |= counted;
        counted
    }

    /// Which buckets are seen in part only, and how large a part; all others are seen. Takes the place of what was said
    /// before: a source that has caught up makes its buckets whole again.
    pub(super) fn share(&mut self, partly: &BTreeMap<Timestamp, f64>) {
        let now: BTreeMap<i64, f64> =
            partly.iter().map(|(at, share)| (bucket_of(*at), share.clamp(0.0, 1.0))).collect();
        let before = std::mem::replace(&mut self.partly, now.clone());
        for bucket in before.keys().chain(now.keys()).copied().collect::<BTreeSet<i64>>() {
            let share = |of: &BTreeMap<i64, f64>| of.get(&bucket).copied().unwrap_or(1.0).max(LEAST);
            let (was, is) = (share(&before), share(&now));
            if bucket < self.next && (was - is).abs() > f64::EPSILON {
                let minute = self.minute(bucket);
                self.quiet.reshare(minute, is);
                self.series.values_mut().for_each(|s| s.reshare(minute, is));
            }
        }
    }

    /// How much of a bucket could be seen.
    pub(super) fn share_of(&self, at: Timestamp) -> f64 {
        self.partly.get(&bucket_of(at)).copied().unwrap_or(1.0)
    }

    /// Closes all buckets that ended `GRACE` before `now`, and gives those with a score worth a look.
    pub(super) fn close(&mut self, now: Timestamp, blind: &dyn Fn(Timestamp) -> bool) -> Vec<Odd> {
        let mut odd = Vec::new();
        while start_of(self.next) + BUCKET + GRACE <= now {
            let (bucket, start) = (self.next, start_of(self.next));
            let minute = self.minute(bucket);
            self.next += 1;
            let counts = self.open.remove(&bucket).unwrap_or_default();
            // Why: a bucket with posts was seen by somebody, whatever the sources say.
            let share = self.share_of(start);
            if counts.is_empty() && (blind(start) || share < LEAST) {
                self.quiet.skip(minute);
                self.series.values_mut().for_each(|s| s.skip(minute));
                continue;
            }
            self.touched = false;
            let share = share.max(LEAST);
            self.quiet.measure_share(minute, 0.0, share);
            for (category, series) in &mut self.series {
                let score = series.measure_share(minute, counts.get(category).copied().unwrap_or(0.0), share);
                if score.score >= series.threshold() - 0.5 {
                    odd.push(Odd { category: category.clone(), minute, until: start + BUCKET, score });
                }
            }
        }
        odd
    }

    /// Whether to tell of it; remembers it as told.
    pub(super) fn decide(&mut self, odd: &Odd) -> bool {
        self.series.get_mut(&odd.category).is_some_and(|s| s.decide(odd.minute, odd.score.score))
    }

    /// Posts of a normal hour, and the most that is still normal.
    pub(super) fn normal(&self, categories: impl Fn(&Category) -> bool) -> (f64, f64) {
        let mine = || self.series.iter().filter(|(c, _)| categories(c)).map(|(_, s)| s);
        let normal: f64 = mine().map(CountDetector::hourly_rate).sum();
        let dispersion = mine().map(CountDetector::dispersion).fold(0.0, f64::max);
        (normal, upper(normal * BUSY_HOUR, dispersion.max(CLUMPING)))
    }

    /// Days of history.
    pub(super) fn history(&self) -> f64 {
        self.quiet.history()
    }

    /// When the next bucket closes that could change anything; `None` while nothing is under way.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        let first = self.open.keys().next().copied();
        first.into_iter().chain(self.touched.then_some(self.next)).min().map(|b| start_of(b) + BUCKET + GRACE)
    }

    /// Buckets are closed up to here.
    pub(super) fn closed_until(&self) -> Timestamp {
        start_of(self.next)
    }

    /// When the next bucket closes.
    pub(super) fn next_close(&self) -> Timestamp {
        start_of(self.next) + BUCKET + GRACE
    }

    fn minute(&self, bucket: i64) -> f64 {
        (start_of(bucket).millis() + self.ahead - MONDAY_MILLIS) as f64 / 60_000.0
    }
}

/// The most posts an hour may hold and still be normal.
pub(super) fn upper(normal: f64, dispersion: f64) -> f64 {
    normal + 3.0 * (normal + dispersion * normal * normal).sqrt() + 1.0
}

/// The number of the bucket that holds `at`.
pub(super) fn bucket_of(at: Timestamp) -> i64 {
    at.millis().div_euclid(BUCKET.millis())
}

/// When a bucket begins.
pub(super) fn start_of(bucket: i64) -> Timestamp {
    Timestamp::from_millis(bucket.saturating_mul(BUCKET.millis()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEN: &dyn Fn(Timestamp) -> bool = &|_| false;

    #[test]
    fn a_first_burst_is_seen_against_true_quiet() {
        let since = Timestamp::parse_rfc3339("2026-03-01T00:00:00+09:00").unwrap();
        let mut tallies = Tallies::new(0.5, Zone::JST, since);
        let burst = since + Span::days(20);
        assert!(tallies.close(burst, SEEN).is_empty());
        for i in 0..5 {
            assert!(tallies.add(&Category::LEAK, burst + Span::minutes(i)));
        }
        let odd = tallies.close(burst + Span::minutes(7), SEEN);
        assert_eq!(odd.len(), 1);
        assert!(odd[0].score.score > 8.0 && odd[0].score.expected < 0.01, "{odd:?}");
        assert!(tallies.decide(&odd[0]) && !tallies.decide(&odd[0]));
    }

    #[test]
    fn nothing_is_due_while_nothing_is_under_way() {
        let since = Timestamp::from_seconds(1_780_000_200);
        let mut tallies = Tallies::new(0.5, Zone::JST, since);
        assert_eq!(tallies.next_due(), None);
        tallies.add(&Category::COMPLAINT, since + Span::hours(3));
        let due = tallies.next_due().unwrap();
        assert!(due > since + Span::hours(3) && due <= since + Span::hours(3) + BUCKET + GRACE);
        tallies.close(due, SEEN);
        assert_eq!(tallies.next_due(), None);
    }

    #[test]
    fn what_was_seen_in_part_and_caught_up_on_is_as_if_it_had_been_seen() {
        let since = Timestamp::parse_rfc3339("2026-03-01T00:00:00+09:00").unwrap();
        let (mut late, mut whole) = (Tallies::new(0.5, Zone::JST, since), Tallies::new(0.5, Zone::JST, since));
        let dark = since + Span::days(9);
        let post = |n: i64| since + Span::minutes(10 * n);
        let mut missed = Vec::new();
        for n in 0..6 * 24 * 9 + 36 {
            whole.add(&Category::COMPLAINT, post(n));
            if post(n) >= dark && n % 3 > 0 {
                missed.push(post(n));
            } else {
                late.add(&Category::COMPLAINT, post(n));
            }
            if post(n) >= dark {
                let partly =
                    (0..=(post(n) - dark).as_minutes() / 5).map(|i| (dark + BUCKET.times(i), 1.0 / 3.0)).collect();
                late.share(&partly);
            }
            assert!(late.close(post(n), SEEN).is_empty() && whole.close(post(n), SEEN).is_empty());
        }
        assert!((late.share_of(dark) - 1.0 / 3.0).abs() < 1e-9);
        late.share(&BTreeMap::new());
        for at in missed {
            assert!(late.add(&Category::COMPLAINT, at));
        }
        let end = dark + Span::hours(7);
        assert!(late.close(end, SEEN).is_empty() && whole.close(end, SEEN).is_empty());
        let (a, b) = (late.normal(|_| true).0, whole.normal(|_| true).0);
        assert!((a / b - 1.0).abs() < 0.01, "{a} and {b}");
    }
}
