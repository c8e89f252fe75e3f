//! When people post: hours of the day, days of the week, bouts, and curves given by anchors.
//!
//! The weights are fitted to published studies of Japanese short posts: lowest at five in the morning, a small peak
//! at noon, the highest at ten in the evening. Newsrooms keep office hours and rest on Sundays.

use super::chance::Chance;
use crate::model::time::{Span, Timestamp, Zone};

/// Of 0 to 23 o'clock; the mean is 1.
const PEOPLE: [f64; 24] = [
    1.16, 0.74, 0.50, 0.35, 0.28, 0.26, 0.42, 0.77, 0.95, 0.91, 0.96, 1.03, 1.32, 1.09, 1.01, 1.03, 1.06, 1.16, 1.30,
    1.37, 1.50, 1.63, 1.69, 1.51,
];
const NEWSROOM: [f64; 24] = [
    0.1, 0.1, 0.1, 0.1, 0.3, 0.6, 1.0, 1.3, 1.3, 1.6, 2.1, 2.1, 1.4, 1.8, 2.0, 2.0, 1.7, 1.6, 1.2, 0.9, 0.6, 0.3, 0.2,
    0.1,
];
/// Monday to Sunday.
const WEEKDAY: [f64; 7] = [1.0, 1.0, 1.0, 1.0, 1.0, 1.06, 1.08];
const WEEKDAY_NEWS: [f64; 7] = [1.0, 1.0, 1.0, 1.0, 1.0, 0.6, 0.5];

/// Who keeps which hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rhythm {
    /// Everybody.
    People,
    /// Editors.
    Newsroom,
}

/// How much busier than on average the hour of `at` is.
pub(super) fn weight(at: Timestamp, rhythm: Rhythm) -> f64 {
    let civil = at.civil(Zone::JST);
    let (hours, days) = match rhythm {
        Rhythm::People => (&PEOPLE, &WEEKDAY),
        Rhythm::Newsroom => (&NEWSROOM, &WEEKDAY_NEWS),
    };
    let of = |table: &[f64], at: u32| table.get(at as usize).copied().unwrap_or(1.0);
    of(hours, civil.hour) * of(days, civil.weekday)
}

/// Times of posts that come all the time, `per_hour` on average, in bouts.
pub(super) fn standing(
    from: Timestamp,
    to: Timestamp,
    per_hour: f64,
    rhythm: Rhythm,
    chance: &mut Chance,
) -> Vec<Timestamp> {
    let mut times = Vec::new();
    let mut hour = from;
    while hour < to {
        let count = chance.negative_binomial(per_hour * weight(hour, rhythm), 4);
        times.extend((0..count).map(|_| hour + Span::seconds(chance.between(0, 3599))));
        hour = hour + Span::hours(1);
    }
    times
}

/// Times of posts along a curve: `anchors` are hours after `start` and posts an hour, straight lines between them.
pub(super) fn along(start: Timestamp, until: Timestamp, anchors: &[(f64, f64)], chance: &mut Chance) -> Vec<Timestamp> {
    let step = Span::minutes(10);
    let mut times = Vec::new();
    let mut at = start;
    while at < until {
        let mean = height(anchors, (at - start).as_hours()) * weight(at, Rhythm::People) / 6.0;
        let count = chance.poisson(mean);
        times.extend((0..count).map(|_| at + Span::seconds(chance.between(0, 599))).filter(|time| *time < until));
        at = at + step;
    }
    times
}

/// The curve's height at `hour`; nothing before the first anchor and after the last.
pub(super) fn height(anchors: &[(f64, f64)], hour: f64) -> f64 {
    let pair = anchors.iter().zip(anchors.iter().skip(1)).find(|((a, _), (b, _))| (*a..*b).contains(&hour));
    pair.map_or(0.0, |((a, low), (b, high))| low + (high - low) * (hour - a) / (b - a))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn monday() -> Timestamp {
        Timestamp::parse_rfc3339("2026-02-02T00:00:00+09:00").unwrap()
    }

    #[test]
    fn people_sleep_at_five_and_talk_at_ten_in_the_evening() {
        let at = |hour| weight(monday() + Span::hours(hour), Rhythm::People);
        assert!(at(5) < 0.3 && at(22) > 1.6);
        let mean = (0..24).map(at).sum::<f64>() / 24.0;
        assert!((mean - 1.0).abs() < 0.01, "{mean}");
        assert!(
            weight(monday() + Span::hours(6 * 24 + 10), Rhythm::Newsroom)
                < weight(monday() + Span::hours(10), Rhythm::Newsroom)
        );
    }

    #[test]
    fn standing_traffic_keeps_its_average() {
        let times = standing(monday(), monday() + Span::days(70), 4.0, Rhythm::People, &mut Chance::new(4));
        let per_hour = times.len() as f64 / (70.0 * 24.0);
        assert!((per_hour / 4.08 - 1.0).abs() < 0.06, "{per_hour}");
    }

    #[test]
    fn a_curve_is_straight_between_its_anchors_and_nothing_outside() {
        let anchors = [(0.0, 2.0), (4.0, 10.0), (6.0, 0.0)];
        assert!((height(&anchors, 1.0) - 4.0).abs() < 1e-9);
        assert!((height(&anchors, 5.0) - 5.0).abs() < 1e-9);
        assert!(height(&anchors, 7.0).abs() < 1e-9);
        let noon = monday() + Span::hours(12);
        let times = along(noon, noon + Span::hours(6), &anchors, &mut Chance::new(5));
        assert!((20..70).contains(&times.len()), "{}", times.len());
        assert!(times.iter().all(|time| *time >= noon && *time < noon + Span::hours(6)));
    }
}
