//! Numbers and findings as short sentences. It says what posts say, never that it happened.

use crate::model::incident::Finding;

/// A count for people: whole numbers bare, small ones with the digits that matter. `3.1`, `42`, `0.04`.
pub fn number(x: f64) -> String {
    if x >= 100.0 {
        return format!("{x:.0}");
    }
    let digits = if x >= 0.095 { 1 } else { 2 };
    format!("{x:.digits$}").trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A chance: `1e-9`.
pub fn chance(p: f64) -> String {
    format!("{p:.0e}")
}

/// Minutes as a person says them: `1時間`, `30日`.
pub fn window_ja(minutes: f64) -> String {
    if minutes >= 2880.0 {
        format!("{}日", number(minutes / 1440.0))
    } else {
        format!("{}時間", number(minutes / 60.0))
    }
}

/// `直近1時間 42件、平常 3.1件（偶然の確率 1e-9）`
pub fn counted_ja(window_min: f64, count: f64, expected: f64, p_value: f64) -> String {
    let (window, count, expected) = (window_ja(window_min), number(count), number(expected));
    format!("直近{window} {count}件、平常 {expected}件（偶然の確率 {}）", chance(p_value))
}

/// `直近1時間 41件（平常3.1件の13倍、偶然の確率 1e-12）`
pub(super) fn spike_ja(window_min: f64, count: f64, expected: f64, p_value: f64) -> String {
    let times = if expected >= 0.5 { format!("の{}倍", number((count / expected).round())) } else { String::new() };
    let (window, count, expected) = (window_ja(window_min), number(count), number(expected));
    format!("直近{window} {count}件（平常{expected}件{times}、偶然の確率 {}）", chance(p_value))
}

/// What is said of an incident when it opens: its category and the finding's own sentence.
pub(super) fn opened_ja(finding: &Finding) -> String {
    format!("{}を訴える投稿: {}", finding.category.ja(), finding.why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_keep_only_the_digits_that_matter() {
        let texts = [42.0, 3.1, 2.99, 0.04, 0.001, 10.0, 12.34, 250.4].map(number);
        assert_eq!(texts, ["42", "3.1", "3", "0.04", "0", "10", "12.3", "250"]);
    }

    #[test]
    fn a_spike_is_told_with_its_normal_and_its_chance() {
        assert_eq!(counted_ja(60.0, 42.0, 3.1, 1e-9), "直近1時間 42件、平常 3.1件（偶然の確率 1e-9）");
        assert_eq!(spike_ja(60.0, 41.0, 3.1, 1e-12), "直近1時間 41件（平常3.1件の13倍、偶然の確率 1e-12）");
        assert_eq!(spike_ja(1440.0, 6.0, 0.02, 2e-8), "直近24時間 6件（平常0.02件、偶然の確率 2e-8）");
    }
}
