//! Dice for the demo: a tiny seeded generator (splitmix64) and the draws a made-up week needs.
//!
//! Not for the product: nothing that watches real posts may roll dice. The same seed gives the same rolls on every
//! machine, so that two people who watch the demo see the same week.

/// A stream of dice.
#[derive(Debug, Clone)]
pub struct Chance(u64);

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl Chance {
    /// The stream of `seed`.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A stream of its own for one purpose. It depends on what `self` has rolled so far by nothing but the seed if it
    /// is forked first, so a story that is added later leaves the others as they were.
    pub fn fork(&self, purpose: &str) -> Self {
        let fnv = purpose
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        let mut fork = Self(self.0 ^ fnv);
        fork.roll();
        fork
    }

    /// The next 64 bits.
    pub const fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 up to 1, never 1 itself.
    pub fn unit(&mut self) -> f64 {
        (self.roll() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True once in `1 / p`.
    pub fn odds(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// A number from `low` to `high`, both included.
    pub const fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = (high - low).unsigned_abs() + 1;
        low + (self.roll() % width).cast_signed()
    }

    /// One of `items`; `None` only when there are none.
    pub fn pick<'i, T>(&mut self, items: &'i [T]) -> Option<&'i T> {
        let count = i64::try_from(items.len()).ok().filter(|count| *count > 0)?;
        items.get(usize::try_from(self.between(0, count - 1)).ok()?)
    }

    /// One of `words`, or nothing when there are none.
    pub fn word(&mut self, words: &[&'static str]) -> &'static str {
        self.pick(words).copied().unwrap_or("")
    }

    /// One of `items`, each as often as its weight says.
    pub fn weighted<T: Copy>(&mut self, items: &[(T, f64)]) -> Option<T> {
        let mut left = self.unit() * items.iter().map(|(_, weight)| weight).sum::<f64>();
        for (item, weight) in items {
            left -= weight;
            if left < 0.0 {
                return Some(*item);
            }
        }
        items.last().map(|(item, _)| *item)
    }

    /// A Poisson count. Large means are summed from small ones, because `exp(-mean)` would become zero.
    pub fn poisson(&mut self, mean: f64) -> u32 {
        let mut left = mean.max(0.0);
        let mut count = 0;
        while left > 0.0 {
            let part = left.min(30.0);
            left -= part;
            let floor = (-part).exp();
            let mut product = self.unit();
            while product > floor {
                count += 1;
                product *= self.unit();
            }
        }
        count
    }

    /// A count of mean `mean` and variance `mean + mean² / k`: people post in bouts, so plain Poisson is too smooth.
    pub fn negative_binomial(&mut self, mean: f64, k: u32) -> u32 {
        // A sum of k exponential draws is a gamma draw of shape k.
        let gamma: f64 = (0..k).map(|_| -(1.0 - self.unit()).ln()).sum();
        self.poisson(mean * gamma / f64::from(k.max(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(draws: &[u32]) -> (f64, f64) {
        let n = draws.len() as f64;
        let mean = draws.iter().map(|d| f64::from(*d)).sum::<f64>() / n;
        (mean, draws.iter().map(|d| (f64::from(*d) - mean).powi(2)).sum::<f64>() / n)
    }

    #[test]
    fn the_same_seed_rolls_the_same_and_forks_differ_from_each_other() {
        let (mut a, mut b) = (Chance::new(7), Chance::new(7));
        assert_eq!((0..50).map(|_| a.roll()).collect::<Vec<_>>(), (0..50).map(|_| b.roll()).collect::<Vec<_>>());
        assert_ne!(Chance::new(7).fork("news").roll(), Chance::new(7).fork("blog").roll());
        assert_ne!(Chance::new(7).fork("news").roll(), Chance::new(8).fork("news").roll());
    }

    #[test]
    fn poisson_counts_have_their_mean_as_variance() {
        let mut chance = Chance::new(1);
        for wanted in [0.3, 4.0, 75.0] {
            let (mean, variance) = moments(&(0..20_000).map(|_| chance.poisson(wanted)).collect::<Vec<_>>());
            assert!((mean / wanted - 1.0).abs() < 0.05, "{mean} for {wanted}");
            assert!((variance / wanted - 1.0).abs() < 0.08, "{variance} for {wanted}");
        }
    }

    #[test]
    fn bouts_of_posting_are_wider_than_poisson() {
        let mut chance = Chance::new(2);
        let (mean, variance) = moments(&(0..20_000).map(|_| chance.negative_binomial(8.0, 4)).collect::<Vec<_>>());
        assert!((mean - 8.0).abs() < 0.3, "{mean}");
        assert!((variance - 24.0).abs() < 2.5, "{variance}");
    }

    #[test]
    fn weights_decide_how_often_something_comes() {
        let mut chance = Chance::new(3);
        let rare = (0..10_000).filter(|_| chance.weighted(&[("rare", 1.0), ("usual", 9.0)]) == Some("rare")).count();
        assert!((800..1200).contains(&rare), "{rare}");
        assert_eq!(chance.weighted::<u8>(&[]), None);
        assert_eq!(chance.pick::<u8>(&[]), None);
    }
}
