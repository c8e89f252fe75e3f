//! How an incident moves: 発生, 拡大, 継続, 収束.

use std::collections::BTreeSet;

use super::super::level::judge;
use super::{Fire, HOUR};
use crate::{
    detect::tallies::{self, BUCKET, GRACE, start_of},
    model::{
        incident::{DetectorName, EventKind, IncidentEvent, IncidentRole, Level, State},
        mention::Category,
        post::Channel,
        time::{Span, Timestamp, Zone},
    },
};

/// Inside the normal band for so long: over.
const QUIET: i64 = Span::hours(48).millis() / BUCKET.millis();
/// Share of praise with which the company is cleared: then half of that is enough.
const CLEARED: f64 = 0.6;
/// A story of a few people over weeks is not over after two days without one.
const QUIET_EMBER: i64 = Span::days(7).millis() / BUCKET.millis();
/// Inside the band for so long: one level less.
const CALMER: i64 = Span::hours(12).millis() / BUCKET.millis();
/// Without a rise for so long it merely goes on.
const STEADY: Span = Span::hours(2);

impl Fire {
    /// Brings level and state up to `now`. Gives the one event that tells what has changed since the last time.
    pub(in crate::detect) fn step(
        &mut self,
        now: Timestamp,
        closed_until: Timestamp,
        blind: &dyn Fn(Timestamp) -> bool,
        zone: Zone,
    ) -> Option<IncidentEvent> {
        if !self.is_open() {
            return None;
        }
        let before = (self.incident.level, self.incident.state, self.incident.category.clone(), self.incident.role);
        let opening = before.0 == Level::Normal && self.incident.state == State::New;
        self.pulse.forget(now);
        self.watch(closed_until, blind);
        self.recount(now);
        match self.praise_share(now) {
            Some(share) if share >= CLEARED => self.cleared = true,
            Some(share) if share < 1.0 - CLEARED => self.cleared = false,
            _ => {}
        }
        self.incident.category = self.voices.category(&self.incident.category);
        self.incident.role = self.voices.role(self.incident.role);
        let verdict = judge(&self.evidence(now), self.incident.role, self.incident.level);
        self.reason_with(verdict.reasons, zone);
        if self.is_over(now, blind) {
            return Some(self.close(now));
        }
        self.settle(verdict.level, verdict.capped);
        let rose = self.incident.level > before.0;
        if opening || self.kind == Some(EventKind::Reignited) {
            self.told_hour = self.incident.counts.last_hour;
        }
        self.move_on(now, rose && !opening, before.0);
        let kind = self.change(&before, opening)?;
        self.kind = None;
        if rose || before.1 != self.incident.state || self.incident.level != before.0 {
            self.incident.changed_at = now;
        }
        Some(IncidentEvent { at: now, kind, reason: self.sentence(kind, zone), incident: self.incident.clone() })
    }

    /// The kind of the event, or `None` while nothing has changed.
    fn change(&self, before: &(Level, State, Category, IncidentRole), opening: bool) -> Option<EventKind> {
        let i = &self.incident;
        match self.kind {
            _ if opening => Some(EventKind::Opened),
            Some(EventKind::Reignited) => Some(EventKind::Reignited),
            _ if i.level > before.0 => Some(EventKind::Raised),
            _ if i.level < before.0 => Some(EventKind::Lowered),
            Some(kind) => Some(kind),
            None if i.category != before.2 => Some(EventKind::Recategorized),
            None if i.role != before.3 => Some(EventKind::Rerolled),
            None if i.state != before.1 => Some(EventKind::Moved),
            None => None,
        }
    }

    /// Counts closed buckets inside the band. A blind one counts neither way.
    fn watch(&mut self, closed_until: Timestamp, blind: &dyn Fn(Timestamp) -> bool) {
        while start_of(self.watched) + BUCKET <= closed_until {
            let start = start_of(self.watched);
            self.watched += 1;
            let beat = self.pulse.within(HOUR, start);
            let here = self.pulse.within(BUCKET, start);
            let above = if self.is_slow() {
                here.own > 0 && self.normal.own < 0.05 || beat.originals as f64 > self.normal.all_upper.max(3.0)
            } else {
                beat.originals as f64 > self.normal.all_upper || beat.own as f64 > self.normal.own_upper.max(2.0)
            };
            if above {
                self.quiet = 0;
            } else if here.originals > 0 || !blind(start) {
                self.quiet += 1;
            }
        }
    }

    /// Opened by a few people, not by a count.
    fn is_slow(&self) -> bool {
        matches!(self.incident.finding.detector, DetectorName::Ember | DetectorName::Grave)
    }

    fn recount(&mut self, now: Timestamp) {
        let hour = self.pulse.within(HOUR, now).originals;
        let counts = &mut self.incident.counts;
        counts.last_hour = hour;
        counts.peak_hour = counts.peak_hour.max(hour);
        counts.normal_hour = self.normal.all;
    }

    /// The level rises with the evidence. It falls by a cap at once, and otherwise by one after twelve quiet hours.
    fn settle(&mut self, carried: Level, capped: bool) {
        let level = self.incident.level;
        if carried > level || capped {
            self.incident.level = carried;
        } else if self.quiet >= CALMER && level > Level::Notice && carried < level {
            self.incident.level = if level == Level::Critical { Level::Warning } else { Level::Notice };
            self.forget_evidence();
        }
    }

    fn move_on(&mut self, now: Timestamp, rose: bool, before: Level) {
        let hour = self.incident.counts.last_hour;
        let above = hour as f64 > self.normal.all_upper.max(4.0);
        let louder = self.told_hour > 0 && hour >= 2 * self.told_hour && above;
        let joined = self.new_class() && before != Level::Normal;
        self.louder = louder;
        let fresh = self.incident.state == State::Reignited && self.kind == Some(EventKind::Reignited);
        if (rose || louder || joined) && !fresh {
            self.incident.state = State::Growing;
            self.risen_at = now;
            self.told_hour = self.told_hour.max(hour);
        } else if self.incident.state != State::Continuing && now - self.risen_at >= STEADY {
            self.incident.state = State::Continuing;
            // Why: the next rise is measured from here, but not from the bottom of the night.
            self.told_hour = hour.max(self.told_hour / 2);
        }
        self.told_hour = self.told_hour.max(1);
    }

    /// Whether summary sites, videos or the press have joined since the last look.
    pub(super) fn new_class(&mut self) -> bool {
        let wide = |c: &Channel| matches!(c, Channel::Matome | Channel::Video | Channel::News);
        let now: BTreeSet<Channel> = self.incident.channels.iter().map(|c| c.channel).filter(wide).collect();
        self.joined = now.difference(&self.classes).copied().collect();
        self.classes = now;
        !self.joined.is_empty()
    }

    /// Hours and buckets inside the band that end it.
    fn needed(&self) -> (&'static str, i64) {
        if self.incident.finding.detector == DetectorName::Ember {
            ("7日間", QUIET_EMBER)
        } else if self.cleared {
            ("24時間", QUIET / 2)
        } else {
            ("48時間", QUIET)
        }
    }

    fn is_over(&self, now: Timestamp, blind: &dyn Fn(Timestamp) -> bool) -> bool {
        let (_, needed) = self.needed();
        if self.quiet < needed || self.pulse.within(HOUR, now).originals as f64 > self.normal.all_upper {
            return false;
        }
        let last = start_of(tallies::bucket_of(now - GRACE) - 1);
        !(0..12).any(|i| blind(last - BUCKET.times(i)))
    }

    fn close(&mut self, now: Timestamp) -> IncidentEvent {
        let lasted = (now - self.incident.opened_at).ja();
        let peak = self.incident.counts.peak_hour;
        let (calm, _) = self.needed();
        self.incident.state = State::Resolved;
        self.incident.level = Level::Normal;
        self.incident.closed_at = Some(now);
        self.incident.changed_at = now;
        self.kind = None;
        let reason = format!("{calm}平常の範囲に収まった（期間{lasted}、最大{peak}件/時）");
        IncidentEvent { at: now, kind: EventKind::Resolved, reason, incident: self.incident.clone() }
    }
}
