//! What time it is, and who is next in line. The only file that reads the wall clock.
//!
//! Everything below `app` takes the time as an argument, so a day can be replayed in seconds and comes out the
//! same to the byte.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use sha2::{Digest, Sha256};

use crate::model::time::{Span, Timestamp};

/// Tells the time of the run.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;

    /// How long to really wait until `then`; zero if it has passed.
    fn wait(&self, then: Timestamp) -> Duration;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let real = Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
        fail::fail_point!("clock", |flight| Flight::read(flight).shows(real));
        real
    }

    fn wait(&self, then: Timestamp) -> Duration {
        let shown = (then - self.now()).to_std();
        fail::fail_point!("clock", |flight| shown.div_f64(Flight::read(flight).speed));
        shown
    }
}

/// Only in a build for tests: time that flies, and goes on where it was after a restart. A program that is killed
/// again and again then lives through its own minutes in seconds, with every bound as it is.
///
/// Written as `real:shown:speed`: at the moment `real` (milliseconds) it shows `shown`, and from then on runs so many
/// times as fast.
#[cfg(feature = "failpoints")]
struct Flight {
    real: i64,
    shown: i64,
    speed: f64,
}

#[cfg(feature = "failpoints")]
impl Flight {
    /// What cannot be read is the plain time, and a test that counts on more will say so.
    fn read(text: Option<String>) -> Self {
        let text = text.unwrap_or_default();
        let mut parts = text.split(':');
        let mut next = || parts.next().and_then(|part| part.parse().ok());
        let (real, shown, speed) = (next().unwrap_or(0), next().unwrap_or(0), next().unwrap_or(1));
        Self { real, shown, speed: speed.max(1) as f64 }
    }

    fn shows(&self, real: Timestamp) -> Timestamp {
        #[expect(clippy::cast_possible_truncation, reason = "a test does not run for 300,000 years")]
        let flown = ((real.millis() - self.real) as f64 * self.speed) as i64;
        Timestamp::from_millis(self.shown + flown)
    }
}

/// A clock that stands still until it is moved: replay and tests.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// Stands at `at`.
    pub fn at(at: Timestamp) -> Self {
        Self(AtomicI64::new(at.millis()))
    }

    /// Moves forward to `then`; never back.
    pub fn advance_to(&self, then: Timestamp) {
        self.0.fetch_max(then.millis(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn wait(&self, _then: Timestamp) -> Duration {
        Duration::ZERO
    }
}

/// A clock that runs `speed` times as fast as the real one, from one moment to another: the demo.
///
/// It stands at its start until it is started, and stops at its end.
#[derive(Debug)]
pub struct FastClock {
    start: Timestamp,
    end: Timestamp,
    speed: f64,
    started: OnceLock<Instant>,
}

impl FastClock {
    /// The shortest real wait: at a thousand times the speed, ten seconds are no reason to spin.
    const SHORTEST: Duration = Duration::from_millis(10);
    /// How long to wait for what lies beyond the end.
    const BEYOND: Duration = Duration::from_hours(1);

    /// Shows `start` until it is started. `speed` is held at 1 or more.
    pub fn new(start: Timestamp, end: Timestamp, speed: f64) -> Self {
        Self { start, end, speed: speed.max(1.0), started: OnceLock::new() }
    }

    /// Lets it run.
    #[expect(clippy::disallowed_methods, reason = "the one file that reads clocks")]
    pub fn start(&self) {
        self.started.get_or_init(Instant::now);
    }
}

impl Clock for FastClock {
    fn now(&self) -> Timestamp {
        let real = self.started.get().map_or(0.0, |at| at.elapsed().as_secs_f64());
        #[expect(clippy::cast_possible_truncation, reason = "a demo does not run for 300,000 years")]
        let millis = (real * 1000.0 * self.speed) as i64;
        (self.start + Span::from_millis(millis)).min(self.end)
    }

    fn wait(&self, then: Timestamp) -> Duration {
        if then > self.end {
            return Self::BEYOND;
        }
        (then - self.now()).to_std().div_f64(self.speed).max(Self::SHORTEST)
    }
}

/// Gives time-ordered numbers that fit a `bigint`: 41 bits of milliseconds since 2020, 22 bits of sequence.
///
/// # Why
/// Sorting by number is sorting by arrival, one migration text serves two databases, and the same clock gives the
/// same numbers again.
#[derive(Debug, Default)]
pub struct IdGen(AtomicI64);

/// 2020-01-01T00:00:00Z in milliseconds.
const EPOCH: i64 = 1_577_836_800_000;
const SEQUENCE_BITS: u32 = 22;

impl IdGen {
    /// Goes on behind `last`, the largest number already used.
    pub fn after(last: i64) -> Self {
        Self(AtomicI64::new(last))
    }

    /// The next number; larger than every one before, also when the clock was set back.
    pub fn next(&self, now: Timestamp) -> i64 {
        let floor = (now.millis() - EPOCH).max(0) << SEQUENCE_BITS;
        let step = |last: i64| Some(if last < floor { floor } else { last + 1 });
        // Why: `step` never returns None, so the update cannot fail; both arms hold the value before it.
        let (Ok(before) | Err(before)) = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, step);
        if before < floor { floor } else { before + 1 }
    }
}

/// A number from 0 up to 1 that is always the same for the same words: jitter without chance.
pub fn jitter(words: &[&str]) -> f64 {
    let mut hash = Sha256::new();
    for word in words {
        hash.update(word.as_bytes());
        hash.update([0]);
    }
    let first: [u8; 4] = hash.finalize().as_slice().get(..4).and_then(|b| b.try_into().ok()).unwrap_or_default();
    f64::from(u32::from_be_bytes(first)) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_rise_even_when_the_clock_is_set_back() {
        let ids = IdGen::default();
        let noon = Timestamp::parse_rfc3339("2026-05-12T12:00:00Z").unwrap();
        let given: Vec<i64> =
            [noon, noon, noon - Span::days(1), noon + Span::seconds(1)].into_iter().map(|t| ids.next(t)).collect();
        assert!(given.windows(2).all(|w| w[0] < w[1]), "{given:?}");
        assert!(given[0] > 0);
    }

    #[test]
    fn a_fast_clock_stands_until_it_is_started_and_stops_at_its_end() {
        let noon = Timestamp::parse_rfc3339("2026-05-12T12:00:00Z").unwrap();
        let clock = FastClock::new(noon, noon + Span::seconds(1), 1e12);
        assert_eq!(clock.now(), noon);
        clock.start();
        assert!(clock.now() > noon);
        assert!(clock.now() <= noon + Span::seconds(1));
        assert!(clock.wait(noon + Span::hours(1)) > Duration::from_mins(1));
    }

    #[test]
    fn jitter_is_a_fraction_and_always_the_same() {
        assert!((0.0..1.0).contains(&jitter(&["news", "1"])));
        assert!((jitter(&["news", "1"]) - jitter(&["news", "1"])).abs() < f64::EPSILON);
        assert!((jitter(&["news", "1"]) - jitter(&["news", "2"])).abs() > f64::EPSILON);
    }
}
