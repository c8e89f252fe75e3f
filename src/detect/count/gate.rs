//! From a score to a yes: the budget's threshold, one alert a day, and no alert for what is odd every week.

/// One alert a day …
const REFRACTORY_MIN: f64 = 1440.0;
/// … unless the score is more than this many times the last one.
const ESCALATE: f64 = 3.0;
/// Not if this many earlier days …
const AS_ODD_DAYS: usize = 3;
/// … of the last fortnight were at least as odd: a newsletter every Monday is no news.
const MEMORY_MIN: f64 = 15.0 * 1440.0;
/// A day is remembered from this far below the threshold on.
const REMEMBER_BELOW: f64 = 0.5;

/// The score that a normal company reaches `budget` times a month; fitted on simulated months.
pub fn threshold(budget: f64) -> f64 {
    2.9 - 1.4 * budget.max(1e-6).log10()
}

/// Whether to tell.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    /// Score that is worth telling.
    pub(super) threshold: f64,
    told: Option<(f64, f64)>,
    /// Start minute and peak score of odd days; the last one is still open.
    days: Vec<(f64, f64)>,
}

impl Gate {
    pub(super) fn new(budget: f64) -> Self {
        Self { threshold: threshold(budget), told: None, days: Vec::new() }
    }

    /// Remembers the score, and says whether to tell of it.
    pub(super) fn decide(&mut self, minute: f64, score: f64) -> bool {
        if score < self.threshold - REMEMBER_BELOW {
            return false;
        }
        let alert = score >= self.threshold && !self.is_usual(minute, score) && self.is_fresh(minute, score);
        if alert {
            self.told = Some((minute, score));
        }
        match self.days.last_mut() {
            Some(day) if minute - day.0 < 1440.0 => day.1 = day.1.max(score),
            _ => {
                self.days.retain(|day| day.0 > minute - MEMORY_MIN);
                self.days.push((minute, score));
            }
        }
        alert
    }

    fn is_usual(&self, minute: f64, score: f64) -> bool {
        let earlier = self.days.split_last().map_or(&[][..], |(_, earlier)| earlier);
        earlier.iter().filter(|day| day.0 > minute - MEMORY_MIN && day.1 >= score).count() >= AS_ODD_DAYS
    }

    fn is_fresh(&self, minute: f64, score: f64) -> bool {
        self.told.is_none_or(|(at, told)| minute - at >= REFRACTORY_MIN || score >= ESCALATE * told + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_larger_budget_lowers_the_threshold() {
        assert!((threshold(1.0) - 2.9).abs() < 1e-12);
        assert!((threshold(0.1) - 4.3).abs() < 1e-12);
        assert!(threshold(3.0) < threshold(1.0));
    }

    #[test]
    fn one_burst_is_told_once_a_day_and_again_when_it_is_three_times_as_odd() {
        let mut gate = Gate::new(1.0);
        assert!(gate.decide(0.0, 4.0));
        assert!(!gate.decide(5.0, 6.0), "five minutes later it is the same burst");
        assert!(gate.decide(10.0, 13.0), "three times as odd is another matter");
        assert!(gate.decide(10.0 + 1440.0, 4.0), "the next day it is told again");
    }

    #[test]
    fn what_was_as_odd_on_three_days_of_the_fortnight_is_usual() {
        let mut gate = Gate::new(1.0);
        let told: Vec<bool> = (0..5).map(|week| gate.decide(f64::from(week) * 3.0 * 1440.0, 5.0)).collect();
        assert_eq!(told, [true, true, true, true, false]);
    }
}
