use super::*;

/// Counts of 21 days with an evening season, a burst and an outage of nine hours; the same numbers that the Python
/// reference was given for [`GOLDEN`].
fn golden_series() -> Vec<(f64, f64)> {
    let mut state: u64 = 12_345;
    let mut rows = Vec::new();
    for hour in 0..24 * 21_u64 {
        state = (state * 1_103_515_245 + 12_345) % (1 << 31);
        let mut value = (state >> 16) % 7;
        value += if (20..=22).contains(&(hour % 24)) { 4 } else { 0 };
        value += if (300..306).contains(&hour) { (hour - 299) * 9 } else { 0 };
        if !(400..409).contains(&hour) {
            rows.push((hour as f64 * 60.0, value as f64));
        }
    }
    rows
}

/// Row, expected, chance, score, count, window, alert: as the reference prints them.
const GOLDEN: [(usize, f64, f64, f64, f64, f64, bool); 15] = [
    (0, 0.5, 1.0, 0.0, 6.0, 60.0, false),
    (5, 3.752_304, 1.0, 0.0, 1.0, 60.0, false),
    (30, 2.560_558, 1.0, 0.0, 2.0, 60.0, false),
    (100, 78.600_293, 0.400_348_881_621_611_25, 0.811_625, 83.0, 1440.0, false),
    (299, 3.310_759, 1.0, 0.0, 2.0, 60.0, false),
    (300, 3.441_422, 0.002_635_770_899_540_826_3, 2.579_092, 13.0, 60.0, false),
    (301, 3.418_518, 9.790_888_894_363_108e-5, 4.009_178, 18.0, 60.0, true),
    (302, 3.458_874, 1.413_145_572_853_335_3e-8, 7.849_813, 31.0, 60.0, false),
    (305, 20.746_511, 2.077_170_522_358_898e-25, 24.915_973, 202.0, 360.0, false),
    (330, 86.440_032, 0.458_187_567_565_185, 0.753_02, 87.0, 1440.0, false),
    (399, 3.611_133, 1.0, 0.0, 2.0, 60.0, false),
    (400, 3.359_614, 1.0, 0.0, 1.0, 60.0, false),
    (401, 3.546_654, 0.435_087_761_807_184, 0.361_423, 4.0, 60.0, false),
    (430, 3.508_089, 1.0, 0.0, 1.0, 60.0, false),
    (494, 21.690_325, 0.330_645_905_960_061_8, 0.714_082, 25.0, 360.0, false),
];

#[test]
fn the_scores_are_those_of_the_reference() {
    let mut detector = CountDetector::new(60.0, 1.0, true);
    let scores: Vec<Score> = golden_series().into_iter().map(|(minute, x)| detector.update(minute, x)).collect();
    for (row, expected, p_value, score, count, window, alert) in GOLDEN {
        let got = scores[row];
        assert!((got.expected - expected).abs() < 1e-6, "row {row}: {got:?}");
        assert!((got.p_value / p_value - 1.0).abs() < 1e-6, "row {row}: {got:?}");
        assert!((got.score - score).abs() < 1e-6, "row {row}: {got:?}");
        assert!((got.count - count).abs() < 1e-9 && (got.window - window).abs() < 1e-9, "row {row}: {got:?}");
        assert_eq!(got.alert, alert, "row {row}: {got:?}");
    }
    assert_eq!(scores.iter().filter(|s| s.alert).count(), 2);
}

/// Feeds `hours` hours of 5-minute buckets with `per_bucket` posts each and gives the minute after them.
fn feed(detector: &mut CountDetector, from: f64, hours: u32, per_bucket: f64) -> f64 {
    for i in 0..hours * 12 {
        detector.measure(from + f64::from(i) * 5.0, per_bucket);
    }
    from + f64::from(hours) * 60.0
}

#[test]
fn late_posts_count_in_their_own_time() {
    let mut punctual = CountDetector::new(5.0, 1.0, false);
    let mut late = punctual.clone();
    let burst = feed(&mut punctual, 0.0, 24 * 10, 0.0);
    feed(&mut late, 0.0, 24 * 10, 0.0);
    punctual.measure(burst, 12.0);
    late.measure(burst, 0.0);
    for i in 1..6 {
        punctual.measure(burst + f64::from(i) * 5.0, 0.0);
        late.measure(burst + f64::from(i) * 5.0, 0.0);
    }
    assert!(late.add_late(burst, 12.0));
    let (a, b) = (punctual.measure(burst + 30.0, 0.0), late.measure(burst + 30.0, 0.0));
    assert!((a.count - b.count).abs() < 1e-9 && (a.score / b.score - 1.0).abs() < 0.01, "{a:?} {b:?}");
    assert!((punctual.hourly_rate() - late.hourly_rate()).abs() < 1e-4);
}

#[test]
fn posts_older_than_the_longest_window_are_refused() {
    let mut detector = CountDetector::new(5.0, 1.0, false);
    let end = feed(&mut detector, 0.0, 48, 1.0);
    assert!(!detector.add_late(end - 25.0 * 60.0, 1.0));
    assert!(!detector.add_late(end, 1.0), "this bucket is not closed yet");
    assert!(detector.add_late(end - 23.0 * 60.0, 1.0));
}

#[test]
fn the_backlog_of_an_outage_is_no_spike() {
    let mut detector = CountDetector::new(5.0, 1.0, false);
    let gap = feed(&mut detector, 0.0, 24 * 14, 2.0);
    let before = detector.hourly_rate();
    for i in 0..8 * 12 {
        detector.skip(gap + f64::from(i) * 5.0);
    }
    let back = gap + 8.0 * 60.0;
    detector.measure(back, 2.0);
    for i in 0..8 * 12 {
        assert!(detector.add_late(gap + f64::from(i) * 5.0, 2.0));
    }
    let score = detector.measure(back + 5.0, 2.0);
    assert!(score.score < detector.threshold() - 1.0, "{score:?}");
    assert!((detector.hourly_rate() / before - 1.0).abs() < 0.05, "{}", detector.hourly_rate());
}

#[test]
fn blind_buckets_teach_nothing() {
    let mut watched = CountDetector::new(5.0, 1.0, false);
    let end = feed(&mut watched, 0.0, 24 * 7, 1.0);
    let before = watched.hourly_rate();
    for i in 0..24 * 12 {
        watched.skip(end + f64::from(i) * 5.0);
    }
    assert!((watched.hourly_rate() - before).abs() < 1e-9);
    let score = watched.measure(end + 1440.0, 1.0);
    assert!(score.score < 1.0, "{score:?}");
}

#[test]
fn a_spike_inside_an_outage_is_still_seen_when_it_arrives() {
    let mut detector = CountDetector::new(5.0, 1.0, false);
    let gap = feed(&mut detector, 0.0, 24 * 14, 0.1);
    for i in 0..6 * 12 {
        detector.skip(gap + f64::from(i) * 5.0);
    }
    for i in 0..3 * 12 {
        detector.add_late(gap + 120.0 + f64::from(i) * 5.0, 4.0);
    }
    let score = detector.measure(gap + 360.0, 0.0);
    assert!(score.score > detector.threshold(), "{score:?}");
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_series_breaks_the_numbers(values in prop::collection::vec((0_u32..4, 0.0..3_000.0_f64), 1..400)) {
            let mut detector = CountDetector::new(60.0, 1.0, true);
            let mut minute = 0.0;
            for (gap, value) in values {
                minute += 60.0 * f64::from(gap + 1);
                let score = detector.update(minute, value.floor());
                prop_assert!((0.0..=1.0).contains(&score.p_value), "{score:?}");
                prop_assert!(score.expected.is_finite() && score.expected >= 0.0 && score.score.is_finite(), "{score:?}");
            }
        }
    }
}

/// Twelve days of ordinary life at `rate` posts an hour, and the minute after them.
fn ordinary(detector: &mut CountDetector, rate: u32) -> f64 {
    let mut minute = 0.0;
    for i in 0..12 * 24 * 12_u32 {
        detector.measure(minute, f64::from(i * rate % 12 < rate));
        minute += 5.0;
    }
    minute
}

#[test]
fn sources_that_cannot_be_read_are_not_expected_to_speak() {
    let (mut told, mut untold) = (CountDetector::new(5.0, 0.5, false), CountDetector::new(5.0, 0.5, false));
    let from = ordinary(&mut told, 6);
    ordinary(&mut untold, 6);
    let before = told.hourly_rate();
    // Two of three posts are missing for two days.
    for i in 0..2 * 288_u32 {
        let (minute, x) = (from + f64::from(i) * 5.0, f64::from(i % 6 == 0));
        told.measure_share(minute, x, 1.0 / 3.0);
        untold.measure(minute, x);
    }
    assert!((told.hourly_rate() / before - 1.0).abs() < 0.02, "{before} → {}", told.hourly_rate());
    assert!(untold.hourly_rate() / before < 0.95, "the case shows nothing: {}", untold.hourly_rate());
    // Eight posts within the hour are four times what those that are left usually bring.
    let mut scores = [0.0_f64; 2];
    for i in 0..12_u32 {
        let minute = from + f64::from(2 * 288 + i) * 5.0;
        let x = f64::from(i % 3 < 2);
        scores = [
            scores[0].max(told.measure_share(minute, x, 1.0 / 3.0).score),
            scores[1].max(untold.measure(minute, x).score),
        ];
    }
    assert!(scores[0] > scores[1] + 0.5, "{scores:?}");
}

#[test]
fn sources_that_catch_up_are_no_spike() {
    let caught_up = |reshared: bool| {
        let mut detector = CountDetector::new(5.0, 0.5, false);
        let from = ordinary(&mut detector, 12);
        let before = detector.hourly_rate();
        let minute = |i: u32| from + f64::from(i) * 5.0;
        for i in 0..72 {
            detector.measure_share(minute(i), f64::from(i % 5 == 0), 0.2);
        }
        for i in 0..72 {
            if reshared {
                detector.reshare(minute(i), 1.0);
            }
            if i % 5 != 0 {
                assert!(detector.add_late(minute(i), 1.0));
            }
        }
        let score = detector.measure(minute(72), 1.0).score;
        (score, detector.hourly_rate() / before, detector.threshold())
    };
    let (score, rate, threshold) = caught_up(true);
    assert!(score < threshold / 2.0 && (rate - 1.0).abs() < 0.01, "{score}, {rate}");
    let (score, ..) = caught_up(false);
    assert!(score > threshold, "the case shows nothing: {score}");
}
