//! Counts against normal: is this hour, quarter of a day or day unusual for this series?
//!
//! A Gamma–Poisson rate with hour and weekday factors, learned with clipped counts, says what is expected; the
//! negative binomial tail of windows of 1, 6 and 24 hours says how odd the count is. It knows numbers and minutes,
//! no posts and no companies.
//!
//! # Invariants
//! Causal: a score depends only on what was fed before it. One call per bucket, in order of time.

mod gate;
mod late;
mod season;
mod tail;

use gate::Gate;
pub use gate::threshold;
use season::Season;
use tail::surprise;

/// The windows, in minutes: 1, 6 and 24 hours.
const WINDOWS: [f64; 3] = [60.0, 360.0, 1440.0];
/// Days after which the base rate has forgotten 1 − 1/e.
const RATE_DAYS: f64 = 42.0;
/// The same for the dispersion.
const DISPERSION_DAYS: f64 = 28.0;
/// Gamma prior of the rate: half a post …
const PRIOR_POSTS: f64 = 0.5;
/// … in one hour.
const PRIOR_HOURS: f64 = 1.0;
/// Prior dispersion and its weight in observations.
const PRIOR_DISPERSION: f64 = 0.1;
const PRIOR_WEIGHT: f64 = 5.0 / (PRIOR_DISPERSION * PRIOR_DISPERSION);
const DISPERSION_MIN: f64 = 0.003;
const DISPERSION_MIN_BUCKET: f64 = 0.005;
/// Counts above the mean by more than so many deviations are clipped when learning.
const CAP_DEVIATIONS: f64 = 3.0;
/// Extra relative variance while history is short, divided by its days.
const COLD: f64 = 0.3;
/// No test before so many days of history.
const MIN_HISTORY_DAYS: f64 = 0.25;
/// After an outage, so many minutes of backlog at most are expected.
const BACKLOG_MIN: f64 = 720.0;
/// A quiet hour is never expected to be below half the average.
const SEASON_FLOOR: f64 = 0.5;
/// Longer windows are tested less often: + 0.3 log10(hours).
const LONG_WINDOW: f64 = 0.3;
/// A topic with at most so many posts a month, times the budget, is told of at every post.
const RARE: f64 = 2.0;
const MONTH_MIN: f64 = 43_200.0;

/// What one bucket is worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// Posts a normal window would hold.
    pub expected: f64,
    /// Chance of so many posts in a normal window, 0 to 1.
    pub p_value: f64,
    /// Worth telling now.
    pub alert: bool,
    /// −log10 of the chance, with a small credit for long windows.
    pub score: f64,
    /// Posts in the window.
    pub count: f64,
    /// The window in minutes that is oddest.
    pub window: f64,
}

/// Cumulative sums as they stood after one bucket.
#[derive(Debug, Clone, Copy, Default)]
struct Mark {
    posts: f64,
    exposure: f64,
    a: f64,
    b: f64,
    /// The share of what usually is heard that could be heard in this bucket. 0: it says nothing.
    share: f64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Dispersion {
    num: f64,
    den: f64,
}

impl Dispersion {
    fn value(self, floor: f64) -> f64 {
        ((self.num + PRIOR_DISPERSION * PRIOR_WEIGHT) / (self.den + PRIOR_WEIGHT)).max(floor)
    }

    /// `error` is the relative error of one observation with this mean, `weight` what it is worth.
    fn learn(&mut self, fade: f64, weight: f64, error: f64, mean: f64) {
        self.num = self.num * fade + weight * (error * error - 1.0 / mean);
        self.den = self.den * fade + weight;
    }
}

/// State of one series.
#[derive(Debug, Clone)]
pub struct CountDetector {
    step: f64,
    rare: Option<f64>,
    lengths: [i64; 3],
    ring: Vec<Mark>,
    /// Posts and buckets seen, faded: their quotient is the rate of an average bucket.
    a: f64,
    b: f64,
    b0: f64,
    season: Season,
    windows: [Dispersion; 3],
    bucket: Dispersion,
    posts: f64,
    exposure: f64,
    first: Option<i64>,
    last: i64,
    fade_rate: f64,
    fade_dispersion: f64,
    gate: Gate,
}

impl CountDetector {
    /// A series of buckets of `step` minutes that may cry wolf `budget` times a month. With `rare`, every post on a
    /// topic that hardly ever has one is worth telling.
    pub fn new(step: f64, budget: f64, rare: bool) -> Self {
        let lengths = WINDOWS.map(|w| slot_of(w, step).max(1));
        let longest = lengths.iter().copied().max().unwrap_or(1);
        let b0 = PRIOR_HOURS * 60.0 / step;
        Self {
            step,
            rare: rare.then_some(RARE * budget),
            lengths,
            ring: vec![Mark::default(); usize::try_from(longest + 2).unwrap_or(3)],
            a: PRIOR_POSTS,
            b: b0,
            b0,
            season: Season::new(),
            windows: [Dispersion::default(); 3],
            bucket: Dispersion::default(),
            posts: 0.0,
            exposure: 0.0,
            first: None,
            last: 0,
            fade_rate: (-step / (RATE_DAYS * 1440.0)).exp(),
            fade_dispersion: (-step / (DISPERSION_DAYS * 1440.0)).exp(),
            gate: Gate::new(budget),
        }
    }

    /// Feeds one bucket that begins at `minute` (counted from a Monday, 0:00) and decides. A bucket that was left
    /// out before it is an outage: this one may hold its backlog.
    pub fn update(&mut self, minute: f64, x: f64) -> Score {
        let score = self.measure(minute, x);
        Score { alert: self.decide(minute, score.score), ..score }
    }

    /// Feeds one bucket and does not decide: for callers that ask more than the number before they tell.
    pub fn measure(&mut self, minute: f64, x: f64) -> Score {
        self.measure_share(minute, x, 1.0)
    }

    /// The same where only a `share` of the usual sources could be read: so much less is expected, and so much less is
    /// learned.
    pub fn measure_share(&mut self, minute: f64, x: f64, share: f64) -> Score {
        let slot = slot_of(minute, self.step);
        let gap = self.open(slot);
        let dispersion = self.bucket.value(DISPERSION_MIN_BUCKET);
        let rate = self.a / self.b;
        let factor = self.season.factor(minute, dispersion * rate * 60.0 / self.step);
        let f = factor.product();
        let backlog = (gap as f64 * self.step).min(BACKLOG_MIN) / self.step;
        let usable = backlog.abs() < f64::EPSILON;
        self.posts += x;
        self.exposure += f.max(SEASON_FLOOR) * share + backlog * f.max(1.0);
        self.mark(slot, share);

        let normal =
            Score { expected: rate * f * share, p_value: 0.0, alert: false, score: 0.0, count: x, window: WINDOWS[0] };
        let (mut best, mut odds) = (normal, 0.0);
        for w in 0..WINDOWS.len() {
            if let Some((score, s)) = self.look(w, slot, usable)
                && score.score > best.score
            {
                (best, odds) = (score, s);
            }
        }
        let monthly = rate * MONTH_MIN / self.step;
        if x > 0.0 && self.rare.is_some_and(|rare| monthly <= rare) && best.score < self.gate.threshold {
            odds = -(-(-rate).exp_m1()).log10();
            best = Score { score: self.gate.threshold, count: x, expected: monthly, window: MONTH_MIN, ..best };
        }
        if usable {
            self.learn(minute, slot, x, (rate * share, share), dispersion, factor);
        }
        self.last = slot;
        Score { p_value: if odds > 0.0 { 10_f64.powf(-odds.min(300.0)) } else { 1.0 }, ..best }
    }

    /// Passes over a bucket in which nobody looked: unknown, not zero, and no backlog is expected after it.
    pub fn skip(&mut self, minute: f64) {
        let slot = slot_of(minute, self.step);
        self.open(slot);
        self.mark(slot, 0.0);
        self.last = slot;
    }

    /// Whether a score is worth telling now; remembers it.
    pub fn decide(&mut self, minute: f64, score: f64) -> bool {
        self.gate.decide(minute, score)
    }

    /// Another share of the budget.
    pub fn set_budget(&mut self, budget: f64) {
        self.gate.threshold = threshold(budget);
    }

    /// The score worth telling.
    pub fn threshold(&self) -> f64 {
        self.gate.threshold
    }

    /// Posts of an average hour.
    pub fn hourly_rate(&self) -> f64 {
        // Why: the prior's half post must not make a silent topic look as if it had a normal of its own.
        (self.a - PRIOR_POSTS).max(0.0) / self.b * 60.0 / self.step
    }

    /// Relative variance of a bucket beyond chance.
    pub fn dispersion(&self) -> f64 {
        self.bucket.value(DISPERSION_MIN_BUCKET)
    }

    /// Days since the first bucket.
    pub fn history(&self) -> f64 {
        self.history_days(self.last)
    }

    /// Fills the ring up to the bucket before `slot` and says how many buckets were left out.
    fn open(&mut self, slot: i64) -> i64 {
        if self.first.is_none() {
            self.first = Some(slot);
            self.last = slot - 1;
            self.mark(slot - 1, 1.0);
        }
        for j in (self.last + 1).max(slot - self.ring_len())..slot {
            self.mark(j, 1.0);
        }
        (slot - self.last - 1).max(0)
    }

    /// One window that ends with `slot`, against what was expected before it began.
    fn look(&mut self, w: usize, slot: i64, usable: bool) -> Option<(Score, f64)> {
        let (&window, &length) = (WINDOWS.get(w)?, self.lengths.get(w)?);
        let start = slot - length;
        let history = self.history_days(start + 1);
        if history * 1440.0 < window || history < MIN_HISTORY_DAYS {
            return None;
        }
        let (before, first) = (self.at(start), self.at(start + 1));
        let (count, mean) = (self.posts - before.posts, first.a / first.b * (self.exposure - before.exposure));
        let phi = self.windows.get(w)?.value(DISPERSION_MIN);
        let s = surprise(count, mean, 1.0 / (1.0 / first.a + phi + COLD / history));
        let score = if s > 0.0 { s + LONG_WINDOW * (window / 60.0).log10() } else { 0.0 };
        if usable && mean > 0.0 {
            let weight = 1.0 / (1.0 / mean + phi).powi(2) / length as f64;
            let error = (count / mean - 1.0).min(CAP_DEVIATIONS * (1.0 / mean + phi).sqrt() + 2.0 / mean);
            let fade = self.fade_dispersion;
            self.windows.get_mut(w)?.learn(fade, weight, error, mean);
        }
        Some((Score { expected: mean, p_value: 0.0, alert: false, score, count, window }, s))
    }

    fn learn(
        &mut self,
        minute: f64,
        slot: i64,
        x: f64,
        (rate, share): (f64, f64),
        dispersion: f64,
        factor: season::Factor,
    ) {
        let f = factor.product();
        let mean = rate * f;
        let clipped = x.min(self.cap(mean, dispersion, self.history_days(slot) + 0.02));
        if mean > 0.0 {
            let weight = 1.0 / (1.0 / mean + dispersion).powi(2);
            let most = mean + CAP_DEVIATIONS * (mean + dispersion * mean * mean).sqrt() + 2.0;
            self.bucket.learn(self.fade_dispersion, weight, x.min(most) / mean - 1.0, mean);
        }
        self.a = (self.a - PRIOR_POSTS) * self.fade_rate + PRIOR_POSTS + clipped;
        self.b = (self.b - self.b0) * self.fade_rate + self.b0 + f * share;
        self.season.learn(minute, self.step, clipped, rate, factor);
    }

    /// The most posts of one bucket that are learned from, so that a crisis does not become normal.
    fn cap(&self, mean: f64, dispersion: f64, history_days: f64) -> f64 {
        let relative = dispersion + 1.0 / self.a + COLD / history_days;
        mean + CAP_DEVIATIONS * (mean + relative * mean * mean).sqrt() + 1.0
    }

    fn history_days(&self, slot: i64) -> f64 {
        (slot - self.first.unwrap_or(slot)) as f64 * self.step / 1440.0
    }

    fn mark(&mut self, slot: i64, share: f64) {
        let mark = Mark { posts: self.posts, exposure: self.exposure, a: self.a, b: self.b, share };
        *self.at_mut(slot) = mark;
    }

    fn ring_len(&self) -> i64 {
        i64::try_from(self.ring.len()).unwrap_or(i64::MAX)
    }

    fn place(&self, slot: i64) -> usize {
        usize::try_from(slot.rem_euclid(self.ring_len())).unwrap_or(0)
    }

    fn at(&self, slot: i64) -> Mark {
        self.ring.get(self.place(slot)).copied().unwrap_or_default()
    }

    fn at_mut(&mut self, slot: i64) -> &mut Mark {
        let place = self.place(slot);
        &mut self.ring[place]
    }
}

#[expect(clippy::cast_possible_truncation, reason = "minutes of any date are far below 2^63")]
fn slot_of(minute: f64, step: f64) -> i64 {
    (minute / step).floor() as i64
}

#[cfg(test)]
mod tests;
