//! When a feed does not want to be visited: `skipHours` and `skipDays` of RSS.
//!
//! Not a decision: whoever plans visits may weigh it against how long an alert can wait.

use crate::model::time::{Span, Timestamp};

/// Hours of the day and days of the week, in GMT, as RSS counts them. Empty by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quiet {
    /// A bit for each hour, midnight first.
    hours: u32,
    /// A bit for each day, Monday first.
    days: u8,
}

const ALL_HOURS: u32 = (1 << 24) - 1;
const ALL_DAYS: u8 = (1 << 7) - 1;
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Quiet {
    /// Takes in the inside of `<hour>`: 0 to 23, and 24 as some write midnight.
    pub(crate) fn hour(&mut self, word: &str) {
        if let Some(hour) = word.trim().parse::<u32>().ok().filter(|hour| *hour <= 24) {
            self.hours |= 1 << (hour % 24);
        }
    }

    /// Takes in the inside of `<day>`: `Sunday`, or its beginning.
    pub(crate) fn day(&mut self, word: &str) {
        let word = word.trim().to_ascii_lowercase();
        if let Some(day) = DAYS.iter().position(|day| word.starts_with(day)) {
            self.days |= 1 << day;
        }
    }

    /// Whether the feed wants to be left alone at `now`. One that never wants a visit has said nothing: it would not
    /// be a feed.
    pub fn holds(self, now: Timestamp) -> bool {
        let hour = now.seconds().div_euclid(3600);
        // The first of January 1970 was a Thursday.
        let day = (hour.div_euclid(24) + 3).rem_euclid(7);
        let at_hour = self.hours != ALL_HOURS && self.hours >> hour.rem_euclid(24) & 1 == 1;
        at_hour || self.days != ALL_DAYS && self.days >> day & 1 == 1
    }

    /// The first moment from `now` on at which it may be visited.
    pub fn ends(self, now: Timestamp) -> Timestamp {
        let next = |at: Timestamp| at.floor(Span::hours(1)) + Span::hours(1);
        // Whatever is skipped, eight days hold an hour that is not, unless hours and days leave none together.
        std::iter::successors(Some(now), |at| Some(next(*at))).take(8 * 24).find(|at| !self.holds(*at)).unwrap_or(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn hours_are_counted_in_greenwich_and_days_by_name() {
        let mut quiet = Quiet::default();
        assert!(!quiet.holds(at("2026-11-22T03:00:00Z")));
        for hour in ["0", " 1 ", "24", "25", "-1", "noon"] {
            quiet.hour(hour);
        }
        for day in ["Sunday", "sat", "someday"] {
            quiet.day(day);
        }
        // A Saturday, a Sunday, and a Monday at two hours.
        for (time, held) in [
            ("2026-11-21T12:00:00Z", true),
            ("2026-11-22T12:00:00Z", true),
            ("2026-11-23T01:59:59Z", true),
            ("2026-11-23T02:00:00Z", false),
            ("2026-11-23T09:00:00+09:00", true),
        ] {
            assert_eq!(quiet.holds(at(time)), held, "{time}");
        }
        assert_eq!(quiet.ends(at("2026-11-21T12:34:56Z")), at("2026-11-23T02:00:00Z"));
        assert_eq!(quiet.ends(at("2026-11-23T05:00:00Z")), at("2026-11-23T05:00:00Z"));
    }

    #[test]
    fn a_feed_that_never_wants_a_visit_is_visited_all_the_same() {
        let mut quiet = Quiet::default();
        for hour in 0..24 {
            quiet.hour(&hour.to_string());
        }
        for day in DAYS {
            quiet.day(day);
        }
        assert!(!quiet.holds(at("2026-11-22T03:00:00Z")));
        // Six days and the seventh's every hour leave no hour either.
        let mut nearly = Quiet { hours: ALL_HOURS >> 1, days: ALL_DAYS >> 1 };
        nearly.hour("22");
        assert_eq!(nearly.ends(at("2026-11-16T00:00:00Z")), at("2026-11-22T23:00:00Z"));
    }
}
