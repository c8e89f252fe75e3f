//! When a mail that did not get out is tried again.
//!
//! Pure: the time comes in, the next time goes out, and the jitter hangs on the words of the delivery alone, so a
//! replay gives the same times.
//!
//! # Invariants
//! - Nothing is ever given up: every class and every number of tries has a next time, later than now.
//! - A stock mail server waits 5 to 67 minutes between tries; an alert cannot.

use super::notifier::Class;
use crate::{
    clock::jitter,
    model::{
        alert::DeliveryState,
        incident::Level,
        time::{Span, Timestamp},
    },
};

/// Waits of a critical mail after its first tries.
const CRITICAL: [Span; 7] = [
    Span::seconds(10),
    Span::seconds(30),
    Span::minutes(1),
    Span::minutes(2),
    Span::minutes(5),
    Span::minutes(5),
    Span::minutes(10),
];
/// Then every ten minutes until 24 hours are full …
const CRITICAL_STEADY: Span = Span::minutes(10);
/// … which is so many tries after the first ones …
const CRITICAL_STEADY_TRIES: usize = 24 * 6;
/// … and from then on, five days and longer.
const CRITICAL_LATE: Span = Span::minutes(30);

/// Waits of every other mail after its first tries.
const NORMAL: [Span; 5] = [Span::minutes(1), Span::minutes(2), Span::minutes(5), Span::minutes(10), Span::minutes(15)];
/// And from then on.
const NORMAL_LATE: Span = Span::minutes(30);

/// A mail that may have been taken is not repeated within seconds: the chance that it is a second copy is the greater.
const UNKNOWN: Span = Span::minutes(1);
/// Until a person has mended it. A reload of the configuration should try at once.
const HELD: Span = Span::minutes(15);
/// Mailboxes come back, but not within the hour.
const HELD_RECIPIENT: Span = Span::days(1);
/// By how much a wait may be longer or shorter, so that a hundred deliveries do not come back in one second.
const JITTER: f64 = 0.2;

/// What becomes of a delivery after a failed try, and when it is due again.
///
/// `attempts` counts the tries so far with the failed one; 0 is taken as 1. `seed` names the delivery.
///
/// [`Class::Size`] is held like [`Class::Config`]: the short form, if there is one, is sent at once by the caller
/// before it comes here.
pub fn next_try(class: Class, attempts: u32, level: Level, seed: &str, now: Timestamp) -> (DeliveryState, Timestamp) {
    let (state, wait) = match class {
        Class::Transient => (DeliveryState::Pending, scheduled(attempts, level)),
        Class::Unknown => (DeliveryState::Pending, scheduled(attempts, level).max(UNKNOWN)),
        Class::Config | Class::Size | Class::Odd => (DeliveryState::Held, HELD),
        Class::Recipient => (DeliveryState::Held, HELD_RECIPIENT),
    };
    let swing = 1.0 + JITTER * (2.0 * jitter(&["retry", seed, &attempts.to_string()]) - 1.0);
    #[expect(clippy::cast_possible_truncation, reason = "at most 1.2 days in milliseconds")]
    let wait = Span::from_millis((wait.millis() as f64 * swing) as i64);
    (state, now + wait)
}

fn scheduled(attempts: u32, level: Level) -> Span {
    let done = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    match level {
        Level::Critical => CRITICAL.get(done).copied().unwrap_or(if done < CRITICAL.len() + CRITICAL_STEADY_TRIES {
            CRITICAL_STEADY
        } else {
            CRITICAL_LATE
        }),
        Level::Normal | Level::Notice | Level::Warning => NORMAL.get(done).copied().unwrap_or(NORMAL_LATE),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_780_000_000_000);

    /// The state and the wait without its jitter, found by averaging over many deliveries.
    fn typical(class: Class, attempts: u32, level: Level) -> (DeliveryState, i64) {
        let waits: Vec<i64> = (0..400)
            .map(|n| (next_try(class, attempts, level, &format!("delivery {n}"), NOW).1 - NOW).millis())
            .collect();
        let mean = waits.iter().sum::<i64>() / 400;
        let state = next_try(class, attempts, level, "delivery 0", NOW).0;
        // Four hundred draws of ±20 % have a mean within 3 % of the middle; the steps below are never that close.
        (state, mean)
    }

    fn assert_near(found: i64, seconds: i64, what: &str) {
        let want = seconds * 1000;
        assert!((found - want).abs() * 100 <= want * 3, "{what}: {found} ms, expected about {want} ms");
    }

    #[test]
    fn a_critical_mail_comes_back_in_seconds_and_slows_down_after_a_day() {
        for (attempts, seconds) in
            [(0, 10), (1, 10), (2, 30), (3, 60), (4, 120), (5, 300), (6, 300), (7, 600), (8, 600), (100, 600)]
        {
            let (state, wait) = typical(Class::Transient, attempts, Level::Critical);
            assert_eq!(state, DeliveryState::Pending);
            assert_near(wait, seconds, &format!("try {attempts}"));
        }
        assert_near(typical(Class::Transient, 7 + 144, Level::Critical).1, 600, "the last try of the first day");
        assert_near(typical(Class::Transient, 7 + 145, Level::Critical).1, 1800, "the first try of the second day");
        assert_near(typical(Class::Transient, u32::MAX, Level::Critical).1, 1800, "for ever");
    }

    #[test]
    fn the_quick_part_of_a_critical_schedule_lasts_a_day() {
        let mut at = NOW;
        for attempts in 1..=151 {
            at = next_try(Class::Transient, attempts, Level::Critical, "d", at).1;
        }
        let hours = (at - NOW).as_hours();
        assert!((23.0..26.0).contains(&hours), "{hours}");
    }

    #[test]
    fn every_other_mail_follows_the_calmer_schedule() {
        for level in [Level::Normal, Level::Notice, Level::Warning] {
            for (attempts, seconds) in
                [(1, 60), (2, 120), (3, 300), (4, 600), (5, 900), (6, 1800), (7, 1800), (10_000, 1800)]
            {
                assert_near(typical(Class::Transient, attempts, level).1, seconds, &format!("{level:?} {attempts}"));
            }
        }
    }

    #[test]
    fn a_mail_that_may_have_been_taken_waits_a_minute_at_least() {
        for (attempts, seconds) in [(1, 60), (2, 60), (3, 60), (4, 120)] {
            let (state, wait) = typical(Class::Unknown, attempts, Level::Critical);
            assert_eq!(state, DeliveryState::Pending);
            assert_near(wait, seconds, &format!("try {attempts}"));
        }
    }

    #[test]
    fn what_a_person_must_mend_is_held_and_tried_every_quarter_of_an_hour_whatever_the_level() {
        for class in [Class::Config, Class::Size, Class::Odd] {
            for (attempts, level) in [(1, Level::Critical), (1, Level::Notice), (500, Level::Critical)] {
                let (state, wait) = typical(class, attempts, level);
                assert_eq!(state, DeliveryState::Held);
                assert_near(wait, 900, &format!("{class:?} {attempts}"));
            }
        }
        let (state, wait) = typical(Class::Recipient, 3, Level::Critical);
        assert_eq!(state, DeliveryState::Held);
        assert_near(wait, 86_400, "a dead mailbox");
    }

    #[test]
    fn two_deliveries_of_one_alert_do_not_come_back_in_the_same_moment() {
        let first = next_try(Class::Transient, 3, Level::Critical, "alert 1 / a@tsubame.example", NOW);
        let second = next_try(Class::Transient, 3, Level::Critical, "alert 1 / b@tsubame.example", NOW);
        assert_ne!(first, second);
        assert_eq!(first, next_try(Class::Transient, 3, Level::Critical, "alert 1 / a@tsubame.example", NOW));
    }

    proptest! {
        #[test]
        fn a_later_try_never_comes_sooner_than_the_one_before(attempts in 0..400_u32, level in 0..4_usize) {
            let level = [Level::Normal, Level::Notice, Level::Warning, Level::Critical][level];
            prop_assert!(scheduled(attempts, level) <= scheduled(attempts + 1, level));
            let swing = |wait: Span| wait.millis() / 5 + 1;
            for class in [Class::Transient, Class::Unknown] {
                let wait = (next_try(class, attempts, level, "d", NOW).1 - NOW).millis();
                let usual = scheduled(attempts, level).max(if class == Class::Unknown { UNKNOWN } else { Span::ZERO });
                prop_assert!((wait - usual.millis()).abs() <= swing(usual), "{} ms, usually {}", wait, usual);
            }
        }

        #[test]
        fn nothing_is_ever_given_up(class in 0..6_usize, attempts: u32, level in 0..4_usize, seed in ".{0,20}") {
            use Class::{Config, Odd, Recipient, Size, Transient, Unknown};
            let class = [Unknown, Transient, Config, Recipient, Size, Odd][class];
            let level = [Level::Normal, Level::Notice, Level::Warning, Level::Critical][level];
            let (state, at) = next_try(class, attempts, level, &seed, NOW);
            prop_assert_ne!(state, DeliveryState::Sent);
            prop_assert!(at - NOW >= Span::seconds(8) && at - NOW <= Span::hours(29));
        }
    }
}
