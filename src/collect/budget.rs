//! What a service grants in a period, and how much of it is gone.
//!
//! # Invariants
//! A ledger never forgets a charge within its period: what is taken is taken before the question, and only what is
//! known not to have been charged is given back. A clock that is set back does not fill it again.

use serde::{Deserialize, Serialize};

use crate::model::time::{Span, Timestamp, Zone};

/// What is gone, in whole units of the grant: calls, or millionths of a dollar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Ledger {
    /// Beginning of the period, in UTC milliseconds.
    period: i64,
    /// Gone since then.
    used: u64,
}

impl Ledger {
    /// So much is gone of the period that began at `start`.
    pub const fn with(start: Timestamp, used: u64) -> Self {
        Self { period: start.millis(), used }
    }

    /// The same ledger in the period that began at `start`; empty where that is a later one.
    pub const fn at(self, start: Timestamp) -> Self {
        if start.millis() > self.period { Self::with(start, 0) } else { self }
    }

    /// What is gone.
    pub const fn used(self) -> u64 {
        self.used
    }

    /// What may still be taken below `ceiling`.
    pub const fn left(self, ceiling: u64) -> u64 {
        ceiling.saturating_sub(self.used)
    }

    /// Takes `cost` and says of which period.
    pub const fn take(&mut self, cost: u64) -> i64 {
        self.used = self.used.saturating_add(cost);
        self.period
    }

    /// Gives back what was taken in `period` and not charged. A later period owes nothing for an earlier one.
    pub const fn give_back(&mut self, cost: u64, period: i64) {
        if self.period == period {
            self.used = self.used.saturating_sub(cost);
        }
    }
}

/// What may be used in a period, and what of it when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant(pub u64);

impl Grant {
    /// A tenth is kept back for open incidents.
    pub const fn ceiling(self, urgent: bool) -> u64 {
        if urgent { self.0 } else { self.0 - self.0.div_ceil(10) }
    }

    /// From here on everything goes slower.
    pub const fn slow(self) -> u64 {
        self.0 / 10 * 8 + self.0 % 10 * 8 / 10
    }

    /// What an even use would have used by `now`, and `ahead` more.
    pub fn even(self, (start, end): (Timestamp, Timestamp), now: Timestamp, ahead: Span) -> u64 {
        let whole = (end - start).millis().max(1);
        let gone = (now - start + ahead).millis().clamp(0, whole);
        let share = u128::from(self.0) * u128::from(gone.unsigned_abs()) / u128::from(whole.unsigned_abs());
        u64::try_from(share).unwrap_or(self.0)
    }
}

/// The calendar month of `now` in UTC: its beginning and the beginning of the next.
pub fn month(now: Timestamp) -> (Timestamp, Timestamp) {
    let today = now.civil(Zone::UTC);
    let first = |year, month| Timestamp::from_civil((year, month, 1), (0, 0, 0), Zone::UTC).unwrap_or(now);
    let next = if today.month == 12 { first(today.year + 1, 1) } else { first(today.year, today.month + 1) };
    (first(today.year, today.month), next)
}

/// The day of `now` in UTC.
pub const fn day(now: Timestamp) -> (Timestamp, Timestamp) {
    let start = now.floor(Span::days(1));
    (start, Timestamp::from_millis(start.millis() + Span::days(1).millis()))
}

/// The day of `now` at Google: from midnight to midnight on the west coast of the United States.
///
/// A fixed rule in place of a table of zones: summer time lasts from the second Sunday of March to the first Sunday of
/// November, as it has since 2007, and changes at two in the morning, so that the day of a change has 23 or 25 hours.
/// Should the rule ever change, the day begins an hour off and the service itself says when it refuses.
pub fn pacific_day(now: Timestamp) -> (Timestamp, Timestamp) {
    // By the clock on the wall at `now`, which day is it; and when did and will that day's midnights strike?
    let today = now + offset(now);
    let midnight = |days: i64| {
        let wall = today.floor(Span::days(1)) + Span::days(days);
        // Midnight itself is never between the two offsets: the change comes two hours later.
        let standard = wall - STANDARD;
        wall - offset(standard)
    };
    (midnight(0), midnight(1))
}

const STANDARD: Span = Span::hours(-8);
const SUMMER: Span = Span::hours(-7);

fn offset(at: Timestamp) -> Span {
    let year = (at + STANDARD).civil(Zone::UTC).year;
    // Two in the morning by the clock that is about to be changed.
    let begins = sunday(year, 3, 2).map(|day| day + Span::hours(2) - STANDARD);
    let ends = sunday(year, 11, 1).map(|day| day + Span::hours(2) - SUMMER);
    match begins.zip(ends) {
        Some((begins, ends)) if at >= begins && at < ends => SUMMER,
        _ => STANDARD,
    }
}

/// The `nth` Sunday of a month, at midnight by a clock on UTC.
fn sunday(year: i32, month: u32, nth: i64) -> Option<Timestamp> {
    let first = Timestamp::from_civil((year, month, 1), (0, 0, 0), Zone::UTC)?;
    let weekday = i64::from(first.civil(Zone::UTC).weekday);
    Some(first + Span::days((6 - weekday) + (nth - 1) * 7))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn a_month_ends_where_the_next_begins() {
        assert_eq!(month(at("2026-12-31T23:59:59Z")), (at("2026-12-01T00:00:00Z"), at("2027-01-01T00:00:00Z")));
        assert_eq!(month(at("2028-02-29T00:00:00Z")), (at("2028-02-01T00:00:00Z"), at("2028-03-01T00:00:00Z")));
        // In Japan it is the first already.
        assert_eq!(month(at("2026-12-01T08:59:59+09:00")).0, at("2026-11-01T00:00:00Z"));
    }

    #[test]
    fn the_day_on_the_west_coast_minds_summer_time() {
        let day = |text| pacific_day(at(text));
        assert_eq!(day("2026-01-15T12:00:00Z"), (at("2026-01-15T08:00:00Z"), at("2026-01-16T08:00:00Z")));
        assert_eq!(day("2026-07-15T07:00:00Z"), (at("2026-07-15T07:00:00Z"), at("2026-07-16T07:00:00Z")));
        assert_eq!(day("2026-07-15T06:59:59Z").1, at("2026-07-15T07:00:00Z"));
        // Second Sunday of March: 23 hours. First Sunday of November: 25.
        assert_eq!(day("2026-03-08T20:00:00Z"), (at("2026-03-08T08:00:00Z"), at("2026-03-09T07:00:00Z")));
        assert_eq!(day("2026-11-01T20:00:00Z"), (at("2026-11-01T07:00:00Z"), at("2026-11-02T08:00:00Z")));
        assert_eq!(day("2026-11-01T07:30:00Z").0, at("2026-11-01T07:00:00Z"));
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_fill_the_ledger_again() {
        let (november, december) = (at("2026-11-01T00:00:00Z"), at("2026-12-01T00:00:00Z"));
        let mut ledger = Ledger::default().at(december);
        let period = ledger.take(7);
        assert_eq!(ledger.at(november).used(), 7);
        assert_eq!(ledger.at(at("2027-01-01T00:00:00Z")).used(), 0);
        let mut later = ledger.at(at("2027-01-01T00:00:00Z"));
        later.take(3);
        later.give_back(7, period);
        assert_eq!(later.used(), 3);
    }

    proptest! {
        #[test]
        fn every_moment_lies_in_its_own_day_and_days_join(seconds in 1_500_000_000_i64..2_500_000_000) {
            let now = Timestamp::from_seconds(seconds);
            let (start, end) = pacific_day(now);
            prop_assert!(start <= now && now < end);
            prop_assert!((23..=25).contains(&((end - start).as_seconds() / 3600)));
            prop_assert_eq!(pacific_day(end).0, end);
            prop_assert_eq!(pacific_day(start).0, start);
        }

        #[test]
        fn shares_of_a_grant_lie_in_order(limit in 0..u64::MAX / 2, gone in 0..40_i64) {
            let grant = Grant(limit);
            prop_assert!(grant.slow() <= grant.ceiling(false).max(1) && grant.ceiling(false) <= grant.ceiling(true));
            let (start, end) = month(Timestamp::from_seconds(1_795_133_700));
            prop_assert!(grant.even((start, end), start + Span::days(gone), Span::days(1)) <= limit);
        }
    }
}
