//! How often a source is worth a visit, from the times of its own entries.
//!
//! Only where nobody said how often: a pause that a person wrote is kept. A PR team wants to hear early, so a quiet
//! source is slowed down to twice the usual pause and no further, and a lively one is visited up to three times as often.

use crate::model::{
    source::Habits,
    time::{Span, Timestamp},
};

/// Entries that tell of the present; older ones tell of another time.
const ENTRIES: usize = 20;
/// Fewer than this are no rhythm.
const FEWEST: usize = 4;
/// Nobody is visited more often on account of a rhythm alone.
const FASTEST: Span = Span::minutes(5);
/// Nobody is slowed down beyond this on account of a rhythm alone.
const SLOWEST: Span = Span::hours(1);
/// A source that has been silent for so many times its rhythm has another one now.
const SILENCE: i64 = 4;

/// Takes in the times of a page's entries. Where they say nothing, what was known stays known.
pub(super) fn learn(habits: &mut Habits, times: impl Iterator<Item = Timestamp>, now: Timestamp) {
    // A time that lies ahead is a mistake or a plan, and no sign of life.
    let mut times: Vec<Timestamp> = times.filter(|at| *at <= now).collect();
    times.sort_unstable_by(|a, b| b.cmp(a));
    times.truncate(ENTRIES);
    let (Some(newest), Some(oldest)) = (times.first(), times.last()) else { return };
    habits.newest_at = Some(*newest);
    let gaps = i64::try_from(times.len().saturating_sub(1)).unwrap_or(1);
    // Twenty entries of one second are a list that was made at once.
    habits.rhythm = (times.len() >= FEWEST && *newest > *oldest)
        .then(|| Span::from_millis((*newest - *oldest).millis() / gaps.max(1)));
}

/// The pause until the next visit, where `usual` is the one of all sources.
pub(super) fn pause(habits: &Habits, usual: Span, now: Timestamp) -> Span {
    let (Some(rhythm), Some(newest)) = (habits.rhythm, habits.newest_at) else { return usual };
    let silence = Span::from_millis((now - newest).millis() / SILENCE);
    let gap = Span::from_millis(rhythm.max(silence).millis() / 2);
    let fastest = Span::from_millis(usual.millis() / 3).max(FASTEST).min(usual);
    let slowest = usual.times(2).min(SLOWEST).max(usual);
    gap.clamp(fastest, slowest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
    const USUAL: Span = Span::minutes(15);

    fn of(minutes: &[i64]) -> Habits {
        let mut habits = Habits::default();
        learn(&mut habits, minutes.iter().map(|m| NOW - Span::minutes(*m)), NOW);
        habits
    }

    #[test]
    fn a_lively_source_is_visited_more_often_and_a_quiet_one_half_as_often() {
        assert_eq!(pause(&of(&[1, 5, 9, 14, 20]), USUAL, NOW), Span::minutes(5));
        assert_eq!(pause(&of(&[5, 30, 50, 70]), USUAL, NOW).as_minutes(), 10);
        assert_eq!(pause(&of(&[60, 1500, 2900, 4400]), USUAL, NOW), Span::minutes(30));
        // The lively one, a day later without a further word.
        assert_eq!(pause(&of(&[1, 5, 9, 14, 20]), USUAL, NOW + Span::days(1)), Span::minutes(30));
    }

    #[test]
    fn without_a_rhythm_the_usual_pause_stays() {
        for few in [&[][..], &[1, 2, 3], &[7, 7, 7, 7, 7]] {
            assert_eq!(pause(&of(few), USUAL, NOW), USUAL, "{few:?}");
        }
        let ahead = of(&[-60, -61, -62, -63, -64]);
        assert_eq!(ahead, Habits::default());
        // An hour between visits was asked for: not slower, and faster down to a third.
        assert_eq!(pause(&of(&[60, 1500, 2900, 4400]), Span::hours(1), NOW), Span::hours(1));
        assert_eq!(pause(&of(&[1, 2, 3, 4]), Span::hours(1), NOW), Span::minutes(20));
        assert_eq!(pause(&of(&[1, 2, 3, 4]), Span::minutes(2), NOW), Span::minutes(2));
    }

    proptest! {
        #[test]
        fn whatever_the_entries_say_the_pause_stays_near_the_usual_one(
            minutes in proptest::collection::vec(-10_000..10_000_i64, 0..40), usual in 1..2_000_i64, later in 0..100_000_i64,
        ) {
            let usual = Span::minutes(usual);
            let pause = pause(&of(&minutes), usual, NOW + Span::minutes(later));
            prop_assert!(pause <= usual.times(2) && pause <= usual.max(SLOWEST));
            prop_assert!(pause.times(3) >= usual && pause >= usual.min(FASTEST));
        }
    }
}
