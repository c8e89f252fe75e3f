//! The hours and days at which people post. A factor around one, and one exactly until there is evidence.

/// Posts of prior weight on «there is no season».
const PRIOR_POSTS: f64 = 100.0;
/// Visits of an hour of the day after which what was seen weighs 1/e.
const VISITS: f64 = 28.0;

/// Seen and expected posts per hour of the day and per weekday.
#[derive(Debug, Clone)]
pub(super) struct Season {
    hours: [(f64, f64); 24],
    days: [(f64, f64); 7],
}

/// The factors of one bucket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Factor {
    hour: f64,
    day: f64,
}

impl Factor {
    /// How many times the average hour this one is.
    pub(super) fn product(self) -> f64 {
        self.hour * self.day
    }
}

impl Season {
    pub(super) const fn new() -> Self {
        Self { hours: [(0.0, 0.0); 24], days: [(0.0, 0.0); 7] }
    }

    /// `clumping` is the relative variance of an hour: clumped posts prove less about a season.
    pub(super) fn factor(&self, minute: f64, clumping: f64) -> Factor {
        let prior = PRIOR_POSTS * (1.0 + clumping);
        let (seen_h, due_h) = self.hours.get(hour_of(minute)).copied().unwrap_or_default();
        let (seen_d, due_d) = self.days.get(day_of(minute)).copied().unwrap_or_default();
        Factor { hour: (seen_h + prior) / (due_h + prior), day: (seen_d + 3.0 * prior) / (due_d + 3.0 * prior) }
    }

    /// Learns from one bucket of `step` minutes that held `seen` posts, where `rate` an average bucket holds.
    pub(super) fn learn(&mut self, minute: f64, step: f64, seen: f64, rate: f64, factor: Factor) {
        let fade = (-1.0 / VISITS).exp();
        if let Some((s, d)) = self.hours.get_mut(hour_of(minute)) {
            // The first bucket of a visit forgets a little of the earlier ones.
            if minute.rem_euclid(60.0).trunc() < step {
                *s *= fade;
                *d *= fade;
            }
            *s += seen;
            *d += rate * factor.day;
        }
        if let Some((s, d)) = self.days.get_mut(day_of(minute)) {
            if minute.rem_euclid(1440.0).trunc() < step {
                *s *= fade.powi(3);
                *d *= fade.powi(3);
            }
            *s += seen;
            *d += rate * factor.hour;
        }
    }

    /// Adds posts to a bucket that was learned before, without counting the visit twice.
    pub(super) fn learn_late(&mut self, minute: f64, seen: f64) {
        if let Some((s, _)) = self.hours.get_mut(hour_of(minute)) {
            *s += seen;
        }
        if let Some((s, _)) = self.days.get_mut(day_of(minute)) {
            *s += seen;
        }
    }

    /// Expects `rate` posts more of a bucket that was learned before, or less: more or less of it could be seen.
    pub(super) fn expect_late(&mut self, minute: f64, rate: f64, factor: Factor) {
        if let Some((_, due)) = self.hours.get_mut(hour_of(minute)) {
            *due += rate * factor.day;
        }
        if let Some((_, due)) = self.days.get_mut(day_of(minute)) {
            *due += rate * factor.hour;
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 23 by construction")]
fn hour_of(minute: f64) -> usize {
    (minute / 60.0).floor().rem_euclid(24.0) as usize
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 6 by construction")]
fn day_of(minute: f64) -> usize {
    (minute / 1440.0).floor().rem_euclid(7.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_evidence_every_hour_is_average() {
        let season = Season::new();
        for minute in [0.0, 300.0, 9_999.0] {
            assert!((season.factor(minute, 0.1).product() - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn an_hour_that_is_always_busy_comes_to_be_expected_busy() {
        let mut season = Season::new();
        for hour in 0..24 * 60 {
            let minute = f64::from(hour) * 60.0;
            let seen = if hour % 24 == 21 { 40.0 } else { 10.0 };
            let factor = season.factor(minute, 0.1);
            season.learn(minute, 60.0, seen, 11.25, factor);
        }
        assert!(season.factor(21.0 * 60.0, 0.1).product() > 2.5);
        assert!(season.factor(4.0 * 60.0, 0.1).product() < 1.0);
    }

    #[test]
    fn hours_before_the_first_monday_belong_to_a_week_as_well() {
        assert_eq!((hour_of(-1.0), day_of(-1.0)), (23, 6));
        assert_eq!((hour_of(61.0), day_of(1441.0)), (1, 1));
    }
}
