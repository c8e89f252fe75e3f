use super::*;
use crate::{store::AtLevel, web::health::Health};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const HOUR: Span = Span::hours(1);

fn well() -> Seen {
    Seen {
        now: NOW,
        sources: vec![source("news", |_| {}), source("blogs", |_| {})],
        lag: Span::seconds(30),
        standing: Some(Standing::default()),
        disk: Some(Disk { free: 50, size: 100 }),
        jump: None,
        stages: Stage::ALL.map(|s| (s, 0, 0, 0)),
        reload_ok: true,
    }
}

/// Visited five minutes ago, due in ten.
fn source(name: &str, change: impl Fn(&mut SourceState)) -> SourceSeen {
    let name = SourceName(name.into());
    let mut state = SourceState::new(name.clone(), NOW + Span::minutes(10));
    state.last_ok_at = Some(NOW - Span::minutes(5));
    change(&mut state);
    let since = NOW - Span::days(1);
    SourceSeen { name, id: "0a1b".into(), every: Span::minutes(15), since, state: Some(state), panics: 0 }
}

fn codes(seen: &Seen) -> Vec<(&'static str, Status)> {
    Health::of(reasons(seen)).reasons.iter().map(|r| (r.code, r.status)).collect()
}

fn changed(change: impl Fn(&mut Seen)) -> Vec<(&'static str, Status)> {
    let mut seen = well();
    change(&mut seen);
    codes(&seen)
}

use Status::{Degraded, Failing};

#[test]
fn a_hinomi_that_sees_decides_and_speaks_is_well() {
    assert_eq!(codes(&well()), []);
}

#[test]
fn a_source_is_silent_after_three_of_its_intervals() {
    let failing_for = |minutes| {
        changed(|seen| {
            seen.sources[0] = source("news", |s| {
                s.errors = 4;
                s.last_ok_at = Some(NOW - Span::minutes(minutes));
            });
        })
    };
    assert_eq!(failing_for(45), []);
    assert_eq!(failing_for(46), [("source_silent", Degraded)]);
    let all = changed(|seen| {
        for s in &mut seen.sources {
            *s = source("x", |s| {
                s.errors = 4;
                s.last_ok_at = Some(NOW - HOUR);
            });
        }
    });
    assert_eq!(all, [("blind", Failing), ("source_silent", Degraded), ("source_silent", Degraded)]);
}

#[test]
fn a_source_that_wants_a_day_of_rest_is_not_silent_but_one_nobody_visits_is() {
    let due = |at: Timestamp| {
        changed(|seen| {
            seen.sources[0] = source("news", |s| {
                s.last_ok_at = Some(NOW - Span::hours(20));
                s.next_due_at = at;
            });
        })
    };
    assert_eq!(due(NOW + Span::hours(4)), []);
    assert_eq!(due(NOW - Span::minutes(46)), [("source_silent", Degraded)]);
}

#[test]
fn a_source_never_visited_has_three_intervals_from_the_day_it_was_added() {
    let added = |minutes| {
        changed(|seen| {
            let since = NOW - Span::minutes(minutes);
            seen.sources[0] = SourceSeen { state: None, since, ..seen.sources[0].clone() };
        })
    };
    assert_eq!(added(45), []);
    assert_eq!(added(46), [("source_silent", Degraded)]);
}

#[test]
fn a_source_that_is_gone_or_breaks_us_is_named() {
    let gone = changed(|seen| seen.sources[0] = source("news", |s| s.gone = true));
    assert_eq!(gone, [("source_gone", Degraded)]);
    assert_eq!(changed(|seen| seen.sources[0].panics = 4), []);
    assert_eq!(changed(|seen| seen.sources[0].panics = 5), [("source_broken", Degraded)]);
}

#[test]
fn detection_is_late_after_five_minutes_and_blind_after_fifteen() {
    let lag = |seconds| changed(|seen| seen.lag = Span::seconds(seconds));
    assert_eq!(lag(300), []);
    assert_eq!(lag(301), [("detector_late", Degraded)]);
    assert_eq!(lag(901), [("detector_late", Failing)]);
}

#[test]
fn only_a_critical_mail_that_waits_is_a_reason() {
    let waiting = |level, minutes| {
        changed(|seen| {
            let oldest = Some(NOW - Span::minutes(minutes) - Span::seconds(1));
            seen.standing =
                Some(Standing { outbox: vec![AtLevel { level, number: 1, oldest }], ..Standing::default() });
        })
    };
    assert_eq!(waiting(Level::Critical, 1), []);
    assert_eq!(waiting(Level::Critical, 2), [("critical_unsent", Degraded)]);
    assert_eq!(waiting(Level::Critical, 10), [("critical_unsent", Failing)]);
    assert_eq!(waiting(Level::Warning, 100), []);
}

#[test]
fn a_held_mail_and_a_database_that_takes_nothing_are_reasons() {
    let held = changed(|seen| seen.standing = Some(Standing { held: 2, ..Standing::default() }));
    assert_eq!(held, [("mail_held", Degraded)]);
    assert_eq!(changed(|seen| seen.standing = None), [("database", Failing)]);
}

#[test]
fn a_disk_is_low_below_a_tenth_and_full_below_a_fiftieth() {
    let free = |free| changed(|seen| seen.disk = Some(Disk { free, size: 1000 }));
    assert_eq!(free(100), []);
    assert_eq!(free(99), [("disk_low", Degraded)]);
    assert_eq!(free(19), [("disk_low", Failing)]);
    assert_eq!(changed(|seen| seen.disk = None), []);
}

#[test]
fn loops_that_panic_fail_or_stand_still_are_reasons() {
    let stage = |panics, failed, still| changed(|seen| seen.stages[1] = (Stage::Detect, panics, failed, still));
    assert_eq!(stage(0, 2, 120), []);
    assert_eq!(stage(1, 0, 0), [("stage_panicked", Degraded)]);
    assert_eq!(stage(0, 3, 0), [("stage_failing", Degraded)]);
    assert_eq!(stage(0, 0, 121), [("stage_stuck", Failing)]);
}

#[test]
fn a_jump_of_the_clock_and_a_wrong_configuration_are_reasons() {
    assert_eq!(changed(|seen| seen.jump = Some(Span::days(-1))), [("clock_jumped", Degraded)]);
    assert_eq!(changed(|seen| seen.reload_ok = false), [("config_reload_failed", Degraded)]);
}
