//! Whether a change is worth a mail. Pure: the same event, log and time give the same answer.
//!
//! Not here: who receives it, and how it looks. A hold is an answer too and is stored with its reason.
//!
//! # Invariants
//! A rise above what was last told, and the end, are never held. Nothing else makes a seventh mail in 24 hours.

use crate::model::{
    alert::{Decision, Mute, Reason},
    incident::{EventKind, Incident, IncidentEvent, Level, State},
    time::{Span, Timestamp},
};

/// Mails about one incident in [`DAY`].
const CAP: usize = 6;
/// The length over which [`CAP`] counts.
const DAY: Span = Span::hours(24);
/// Growth without a rise is told no sooner after the last word.
const GROWTH_PAUSE: Span = Span::hours(1);
/// Past the cap a new number is told no sooner after the last word.
const NUMBER_PAUSE: Span = Span::hours(1);
/// While it is 緊急.
const REPEAT_CRITICAL: Span = Span::minutes(60);
/// While it is 警戒.
const REPEAT_WARNING: Span = Span::hours(4);

/// A mail that went out about an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// When it was owed.
    pub at: Timestamp,
    /// Why.
    pub reason: Reason,
    /// Level it told of.
    pub level: Level,
    /// State it told of.
    pub state: State,
}

/// Whether `event` goes out, given what was told of the same incident before. The order of `log` does not matter.
pub fn decide(event: &IncidentEvent, log: &[Told], now: Timestamp) -> Decision {
    let incident = &event.incident;
    // A person closed it; nobody has to be told what they just did.
    if incident.state == State::FalseAlarm {
        return Decision::Hold(Mute::Minor);
    }
    let Some(last) = last_word(log) else {
        // The end of something nobody heard of is no news.
        return if incident.state.is_closed() { Decision::Hold(Mute::Minor) } else { Decision::Send(Reason::First) };
    };
    if incident.state == State::Resolved {
        let already = last.state == State::Resolved;
        return if already { Decision::Hold(Mute::Minor) } else { Decision::Send(Reason::Resolved) };
    }
    let back = event.kind == EventKind::Reignited;
    // Measured against the last word and not against the event before: a level that falls and rises again
    // within minutes is no rise for those who read mails.
    if !back && incident.level > last.level {
        return Decision::Send(Reason::Raised);
    }
    let reason = match event.kind {
        EventKind::Reignited => Reason::Reignited,
        EventKind::Press if !press_told(log) => Reason::Press,
        EventKind::Restated => Reason::Restated,
        EventKind::Moved | EventKind::Raised | EventKind::Opened if incident.state == State::Growing => {
            if now - last.at < GROWTH_PAUSE {
                return Decision::Hold(Mute::Recent);
            }
            Reason::Repeat
        }
        _ => return Decision::Hold(Mute::Minor),
    };
    if told_today(log, now) >= CAP && incident.level <= last.level {
        match reason {
            // The press writes for the first time once; a number may change by the minute.
            Reason::Press => {}
            Reason::Restated if now - last.at >= NUMBER_PAUSE => {}
            _ => return Decision::Hold(Mute::Capped),
        }
    }
    Decision::Send(reason)
}

/// Whether an open incident is to be told of again although nothing changed.
pub fn due_repeat(incident: &Incident, log: &[Told], now: Timestamp) -> Option<Reason> {
    let pause = match incident.level {
        Level::Critical => REPEAT_CRITICAL,
        Level::Warning => REPEAT_WARNING,
        Level::Notice | Level::Normal => return None,
    };
    let last = last_word(log)?;
    // Without a word of acknowledgement 緊急 is told again as it stands; 警戒 only when somebody has written since.
    let news = incident.level == Level::Critical || incident.last_seen_at > last.at;
    let due = news && !incident.state.is_closed() && now - last.at >= pause && told_today(log, now) < CAP;
    due.then_some(Reason::Repeat)
}

/// The latest mail that told something; a test told nothing.
fn last_word(log: &[Told]) -> Option<&Told> {
    log.iter().filter(|t| t.reason != Reason::Test).max_by_key(|t| t.at)
}

fn told_today(log: &[Told], now: Timestamp) -> usize {
    log.iter().filter(|t| t.reason != Reason::Test && now - t.at < DAY).count()
}

/// Whether the press was news already since the incident last came back.
fn press_told(log: &[Told]) -> bool {
    let since = log.iter().filter(|t| t.state == State::Resolved).map(|t| t.at).max();
    log.iter().any(|t| t.reason == Reason::Press && since.is_none_or(|end| t.at > end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::compose::samples;

    const NOW: Timestamp = Timestamp::from_seconds(1_770_859_860);

    fn event(kind: EventKind, level: Level, state: State) -> IncidentEvent {
        let mut incident = samples::incident();
        incident.level = level;
        incident.state = state;
        IncidentEvent { at: NOW, kind, reason: String::new(), incident }
    }

    /// A mail `minutes` ago.
    fn told(minutes: i64, reason: Reason, level: Level, state: State) -> Told {
        Told { at: NOW - Span::minutes(minutes), reason, level, state }
    }

    fn six(level: Level) -> Vec<Told> {
        (1..=6).map(|n| told(n * 70, Reason::Repeat, level, State::Growing)).collect()
    }

    #[test]
    fn every_kind_of_change_has_its_answer() {
        use Decision::{Hold, Send};
        use EventKind as K;
        use Level::{Critical, Notice, Warning};
        use State as S;
        let first = |level| vec![told(30, Reason::First, level, S::New)];
        let old = |level| vec![told(61, Reason::First, level, S::New)];
        let table: Vec<(&str, IncidentEvent, Vec<Told>, Decision)> = vec![
            ("the first word", event(K::Opened, Notice, S::New), vec![], Send(Reason::First)),
            ("the first word, late", event(K::Moved, Notice, S::Continuing), vec![], Send(Reason::First)),
            ("an end nobody waits for", event(K::Resolved, Notice, S::Resolved), vec![], Hold(Mute::Minor)),
            ("a rise soon after", event(K::Raised, Warning, S::Growing), first(Notice), Send(Reason::Raised)),
            ("a rise under another name", event(K::Press, Critical, S::Growing), first(Notice), Send(Reason::Raised)),
            ("a rise to a level told", event(K::Raised, Warning, S::Growing), first(Warning), Hold(Mute::Recent)),
            ("the press", event(K::Press, Warning, S::Continuing), first(Warning), Send(Reason::Press)),
            ("a number", event(K::Restated, Warning, S::Continuing), first(Warning), Send(Reason::Restated)),
            ("growth at once", event(K::Moved, Warning, S::Growing), first(Warning), Hold(Mute::Recent)),
            ("growth later", event(K::Moved, Warning, S::Growing), old(Warning), Send(Reason::Repeat)),
            ("calm", event(K::Moved, Warning, S::Continuing), old(Warning), Hold(Mute::Minor)),
            ("another category", event(K::Recategorized, Warning, S::Growing), old(Warning), Hold(Mute::Minor)),
            ("another role", event(K::Rerolled, Warning, S::Growing), old(Warning), Hold(Mute::Minor)),
            ("a fall", event(K::Lowered, Notice, S::Continuing), old(Warning), Hold(Mute::Minor)),
            ("the end", event(K::Resolved, Level::Normal, S::Resolved), first(Warning), Send(Reason::Resolved)),
            ("a false alarm", event(K::Moved, Level::Normal, S::FalseAlarm), old(Warning), Hold(Mute::Minor)),
        ];
        for (name, event, log, wanted) in table {
            assert_eq!(decide(&event, &log, NOW), wanted, "{name}");
        }
    }

    #[test]
    fn the_press_is_news_once_and_again_after_the_end() {
        let press = event(EventKind::Press, Level::Warning, State::Continuing);
        let mut log = vec![told(300, Reason::Press, Level::Warning, State::Growing)];
        assert_eq!(decide(&press, &log, NOW), Decision::Hold(Mute::Minor));
        log.push(told(200, Reason::Resolved, Level::Normal, State::Resolved));
        log.push(told(100, Reason::Reignited, Level::Warning, State::Reignited));
        assert_eq!(decide(&press, &log, NOW), Decision::Send(Reason::Press));
    }

    #[test]
    fn a_seventh_mail_in_a_day_tells_only_of_a_rise_the_press_a_number_or_the_end() {
        let log = six(Level::Warning);
        let same = |kind| decide(&event(kind, Level::Warning, State::Growing), &log, NOW);
        assert_eq!(same(EventKind::Moved), Decision::Hold(Mute::Capped));
        assert_eq!(same(EventKind::Press), Decision::Send(Reason::Press));
        assert_eq!(same(EventKind::Restated), Decision::Send(Reason::Restated));
        let minutes_later = [&log[..], &[told(5, Reason::Restated, Level::Warning, State::Growing)]].concat();
        let number = event(EventKind::Restated, Level::Warning, State::Growing);
        assert_eq!(decide(&number, &minutes_later, NOW), Decision::Hold(Mute::Capped));
        let rise = event(EventKind::Raised, Level::Critical, State::Growing);
        assert_eq!(decide(&rise, &log, NOW), Decision::Send(Reason::Raised));
        let end = event(EventKind::Resolved, Level::Normal, State::Resolved);
        assert_eq!(decide(&end, &log, NOW), Decision::Send(Reason::Resolved));
    }

    #[test]
    fn mails_of_yesterday_and_tests_do_not_count_against_the_cap() {
        let mut log = six(Level::Warning);
        log[5].at = NOW - DAY;
        log.push(told(2, Reason::Test, Level::Critical, State::New));
        let press = event(EventKind::Press, Level::Warning, State::Growing);
        assert_eq!(decide(&press, &log, NOW), Decision::Send(Reason::Press));
    }

    #[test]
    fn what_comes_back_is_told_at_once_whatever_its_level() {
        let log = vec![told(10, Reason::Resolved, Level::Normal, State::Resolved)];
        for level in [Level::Notice, Level::Critical] {
            let back = event(EventKind::Reignited, level, State::Reignited);
            assert_eq!(decide(&back, &log, NOW), Decision::Send(Reason::Reignited));
        }
    }

    #[test]
    fn an_end_is_told_once() {
        let log = vec![told(10, Reason::Resolved, Level::Normal, State::Resolved)];
        let end = event(EventKind::Resolved, Level::Normal, State::Resolved);
        assert_eq!(decide(&end, &log, NOW), Decision::Hold(Mute::Minor));
    }

    #[test]
    fn what_burns_is_repeated_hourly_or_every_four_hours_until_six_were_sent() {
        let table = [
            (Level::Critical, 59, None),
            (Level::Critical, 60, Some(Reason::Repeat)),
            (Level::Warning, 239, None),
            (Level::Warning, 240, Some(Reason::Repeat)),
            (Level::Notice, 9_999, None),
            (Level::Normal, 9_999, None),
        ];
        for (level, minutes, wanted) in table {
            let incident = event(EventKind::Moved, level, State::Continuing).incident;
            let log = [told(minutes, Reason::First, level, State::New)];
            assert_eq!(due_repeat(&incident, &log, NOW), wanted, "{} after {minutes} minutes", level.en());
        }
        let burning = event(EventKind::Moved, Level::Critical, State::Continuing).incident;
        assert_eq!(due_repeat(&burning, &six(Level::Critical), NOW), None);
        assert_eq!(due_repeat(&burning, &[], NOW), None, "the first word is not a repetition");
    }

    #[test]
    fn nothing_is_repeated_once_it_is_closed() {
        for state in [State::Resolved, State::FalseAlarm] {
            let closed = event(EventKind::Moved, Level::Critical, state).incident;
            let log = [told(500, Reason::First, Level::Critical, State::New)];
            assert_eq!(due_repeat(&closed, &log, NOW), None);
        }
    }
}
