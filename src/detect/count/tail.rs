//! How unlikely a count is: the upper tail of the negative binomial, in decimal logarithms.
//!
//! Everything stays in logarithms, so a crisis with p = 1e-300 is still told from one with 1e-200.

use std::f64::consts::{LN_10, PI};

/// Where a term would be zero, this is divided by instead.
const TINY: f64 = 1e-300;
/// From here on the asymptotic series is exact to the last bit we have.
const STIRLING_FROM: f64 = 12.0;

/// −log10 P(X ≥ k) for a negative binomial of this mean and size; 0 unless `k` is above the mean.
pub(super) fn surprise(k: f64, mean: f64, size: f64) -> f64 {
    if k <= 0.0 || mean <= 0.0 || k <= mean {
        return 0.0;
    }
    let size = size.min(1e6);
    -log10_beta(k, size, mean / (mean + size))
}

/// log10 of the regularised incomplete beta function `I_x(a, b)`, by its continued fraction (Lentz's method).
#[expect(clippy::many_single_char_names, reason = "the letters of the formula")]
fn log10_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return -1e9;
    }
    if x >= 1.0 {
        return 0.0;
    }
    let front = ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (-x).ln_1p();
    // Why: the fraction converges fast only on this side; the other side is one minus its mirror image.
    let mirrored = x > (a + 1.0) / (a + b + 2.0);
    let (p, q, y) = if mirrored { (b, a, 1.0 - x) } else { (a, b, x) };
    let ln_tail = front + fraction(p, q, y).ln() - p.ln();
    if mirrored { (1.0 - ln_tail.min(0.0).exp()).max(1e-16).log10() } else { ln_tail / LN_10 }
}

#[expect(clippy::many_single_char_names, reason = "the letters of the formula")]
fn fraction(p: f64, q: f64, y: f64) -> f64 {
    let away_from_zero = |v: f64| if v.abs() > TINY { v } else { TINY };
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (p + q) * y / (p + 1.0));
    let mut h = d;
    for m in 1..2000_u32 {
        let m = f64::from(m);
        let even = m * (q - m) * y / ((p - 1.0 + 2.0 * m) * (p + 2.0 * m));
        d = 1.0 / away_from_zero(1.0 + even * d);
        c = away_from_zero(1.0 + even / c);
        h *= d * c;
        let odd = -(p + m) * (p + q + m) * y / ((p + 2.0 * m) * (p + 1.0 + 2.0 * m));
        d = 1.0 / away_from_zero(1.0 + odd * d);
        c = away_from_zero(1.0 + odd / c);
        h *= d * c;
        if (d * c - 1.0).abs() < 1e-10 {
            break;
        }
    }
    h
}

/// Natural logarithm of the gamma function for positive `x`: Stirling's series, shifted to where it is exact.
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut product) = (x, 1.0);
    while x < STIRLING_FROM {
        product *= x;
        x += 1.0;
    }
    let r = 1.0 / (x * x);
    let series = 1.0 / 12.0
        - r * (1.0 / 360.0
            - r * (1.0 / 1260.0 - r * (1.0 / 1680.0 - r * (1.0 / 1188.0 - r * (691.0 / 360_360.0 - r / 156.0)))));
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * PI).ln() + series / x - product.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() <= 1e-9 * b.abs().max(1.0), "{a} is not {b}");
    }

    #[test]
    fn the_gamma_function_is_the_factorial_and_knows_halves() {
        close(ln_gamma(1.0), 0.0);
        close(ln_gamma(0.5), PI.sqrt().ln());
        close(ln_gamma(11.0), 3_628_800_f64.ln());
        close(ln_gamma(1e6), 12_815_504.569_147_612);
    }

    #[test]
    fn a_geometric_tail_comes_out_as_its_closed_form() {
        // Size 1 is the geometric distribution: P(X ≥ k) = (mean / (mean + 1))^k.
        for (k, mean) in [(3.0, 1.0), (10.0, 0.25), (400.0, 2.0), (5.0, 4.5)] {
            close(surprise(k, mean, 1.0), -k * (mean / (mean + 1.0_f64)).log10());
        }
    }

    #[test]
    fn counts_up_to_the_mean_surprise_nobody() {
        assert!(surprise(3.0, 3.0, 10.0).abs() < f64::EPSILON);
        assert!(surprise(0.0, 0.1, 10.0).abs() < f64::EPSILON);
        assert!(surprise(4.0, 3.0, 10.0) > 0.0);
    }

    #[test]
    fn an_absurd_count_stays_finite_and_grows_with_the_count() {
        let (a, b) = (surprise(5_000.0, 0.5, 9.0), surprise(50_000.0, 0.5, 9.0));
        assert!(a.is_finite() && b.is_finite() && b > a && a > 300.0, "{a} {b}");
    }
}
