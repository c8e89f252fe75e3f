//! An incident with what is remembered of its posts, and its moves from 発生 to 収束.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{
        digest::{Cue, Seen},
        tallies::{self, BUCKET, GRACE, start_of},
        wording,
    },
    level::{Evidence, judge},
    part::{Voices, is_cause},
    pulse::Pulse,
    stated::Numbers,
};
use crate::model::{
    ids::MentionId,
    incident::{ChannelFirst, DetectorName, EventKind, Incident, IncidentEvent, IncidentRole, Level, State},
    mention::{Category, Fate, Grave},
    post::Channel,
    time::{Span, Timestamp, Zone},
};

const HOUR: Span = Span::hours(1);
const DAY: Span = Span::hours(24);
/// Inside the normal band for so long: over.
const QUIET: i64 = Span::hours(48).millis() / BUCKET.millis();
/// A story of a few people over weeks is not over after two days without one.
const QUIET_EMBER: i64 = Span::days(7).millis() / BUCKET.millis();
/// Inside the band for so long: one level less.
const CALMER: i64 = Span::hours(12).millis() / BUCKET.millis();
/// Without a rise for so long it merely goes on.
const STEADY: Span = Span::hours(2);
/// So many originals in six hours: it burns, and reactions belong to it.
const HOT: u64 = 5;
/// Followers that make a post a pick-up.
const LOUD: u64 = 50_000;
/// A spike that lasts: so long, with so many originals in a day, so many times the most that is normal.
const SUSTAINED: Span = Span::hours(6);
const SUSTAINED_DAY: u64 = 20;
const SUSTAINED_TIMES: f64 = 2.0;
/// Praise worth weighing: so many posts in three hours.
const PRAISE_MIN: f64 = 8.0;
/// Words that stand for the story: those in so large a part of its posts.
const WORD_SHARE: f64 = 0.05;
const WORDS_KEPT: usize = 4_000;
const NAMES_KEPT: usize = 50_000;

/// What is normal for the company, frozen when the incident opened so that a crisis cannot become its own normal.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::detect) struct Normal {
    pub(in crate::detect) all: f64,
    pub(in crate::detect) all_upper: f64,
    pub(in crate::detect) own: f64,
    pub(in crate::detect) own_upper: f64,
    pub(in crate::detect) praise: f64,
}

/// An incident under watch.
#[derive(Debug, Clone)]
pub(in crate::detect) struct Fire {
    pub(in crate::detect) incident: Incident,
    normal: Normal,
    pulse: Pulse,
    voices: Voices,
    numbers: Numbers,
    people: BTreeSet<u64>,
    firsthand: BTreeSet<u64>,
    hurt: BTreeSet<u64>,
    words: BTreeMap<u64, u32>,
    names: BTreeSet<u64>,
    ids: BTreeSet<MentionId>,
    /// Kinds of channels that count as another class when they join.
    classes: BTreeSet<Channel>,
    picked_up: Option<String>,
    views: Option<String>,
    press_hard: bool,
    /// Buckets inside the band without a break.
    quiet: i64,
    /// First bucket that was not yet asked whether it is quiet.
    watched: i64,
    told_hour: u64,
    risen_at: Timestamp,
    kind: Option<EventKind>,
}

/// How strongly a post belongs to an incident. Ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::detect) enum Tie {
    /// A reaction while it burns.
    Reaction,
    /// The same words.
    Words,
    /// The same category.
    Category,
    /// It repeats a post of the incident.
    Repost,
}

impl Fire {
    pub(in crate::detect) fn new(incident: Incident, normal: Normal) -> Self {
        Self {
            normal,
            pulse: Pulse::default(),
            voices: Voices::default(),
            numbers: Numbers::default(),
            people: BTreeSet::new(),
            firsthand: BTreeSet::new(),
            hurt: BTreeSet::new(),
            words: BTreeMap::new(),
            names: BTreeSet::new(),
            ids: BTreeSet::new(),
            classes: BTreeSet::new(),
            picked_up: None,
            views: None,
            press_hard: false,
            quiet: 0,
            watched: tallies::bucket_of(incident.opened_at),
            told_hour: 0,
            risen_at: incident.opened_at,
            kind: None,
            incident,
        }
    }

    pub(in crate::detect) fn is_open(&self) -> bool {
        !self.incident.state.is_closed()
    }

    /// Whether a post belongs here, and how strongly.
    pub(in crate::detect) fn tie(&self, seen: &Seen) -> Option<Tie> {
        let fits = match seen.fate {
            Fate::Counted | Fate::SameAuthor | Fate::SameText | Fate::Repost | Fate::OwnChannel => true,
            Fate::Praise | Fate::Below => self.is_hot(seen.at),
            Fate::Snapshot => self.names.contains(&seen.name),
            Fate::Excluded | Fate::Retrospective | Fate::WarmUp => false,
        };
        if !fits {
            return None;
        }
        if self.repeats(seen) || seen.fate == Fate::Snapshot {
            Some(Tie::Repost)
        } else if seen.category == self.incident.category {
            Some(Tie::Category)
        } else if self.shares_words(seen) {
            Some(Tie::Words)
        } else if self.is_hot(seen.at) && (seen.praises || seen.category.is_risk() && !is_cause(&seen.category)) {
            Some(Tie::Reaction)
        } else {
            None
        }
    }

    /// Whether this post is here.
    pub(in crate::detect) fn holds(&self, id: MentionId) -> bool {
        self.ids.contains(&id)
    }

    /// Whether it repeats a post that is here.
    pub(in crate::detect) fn repeats(&self, seen: &Seen) -> bool {
        seen.repost_of.is_some_and(|name| self.names.contains(&name))
    }

    /// Whether one of the words that stand for this story is in the post.
    pub(in crate::detect) fn shares_words(&self, seen: &Seen) -> bool {
        let enough = (WORD_SHARE * self.incident.counts.originals as f64).max(1.0);
        seen.words.iter().any(|w| self.words.get(w).is_some_and(|n| f64::from(*n) >= enough))
    }

    fn is_hot(&self, at: Timestamp) -> bool {
        self.pulse.within(Span::hours(6), at).own >= HOT
    }

    /// Originals of the incident's own category in the day before `now`.
    pub(in crate::detect) fn own_day(&self, now: Timestamp) -> u64 {
        self.pulse.within(DAY, now).own
    }

    /// Takes a post in. `false` if it is here already.
    pub(in crate::detect) fn attach(&mut self, seen: &Seen) -> bool {
        if let Some(views) = seen.views {
            self.incident.counts.views = self.incident.counts.views.max(views);
        }
        if seen.fate == Fate::Snapshot || !self.ids.insert(seen.id) {
            return false;
        }
        if self.names.len() < NAMES_KEPT {
            self.names.insert(seen.name);
        }
        let counts = &mut self.incident.counts;
        counts.mentions += 1;
        counts.max_followers = counts.max_followers.max(seen.followers);
        self.incident.last_seen_at = self.incident.last_seen_at.max(seen.at);
        self.note_channel(seen);
        if seen.praises {
            self.incident.counts.praise += 1;
            self.pulse.at(seen.at).praise += 1;
        }
        if seen.category.is_risk() && seen.fate != Fate::OwnChannel {
            self.voices.hear(seen);
        }
        if seen.counts() {
            self.count(seen);
        }
        if seen.is_press() && seen.category.is_risk() {
            self.note_press(seen);
        }
        if seen.category.is_risk()
            && let Some(stated) = self.numbers.hear(seen, self.incident.affected.as_ref())
        {
            self.incident.affected = Some(stated);
            self.kind = self.kind.or(Some(EventKind::Restated));
        }
        true
    }

    fn count(&mut self, seen: &Seen) {
        let own = seen.category == self.incident.category;
        let beat = self.pulse.at(seen.at);
        beat.originals += 1;
        beat.own += u64::from(own);
        self.people.insert(seen.author);
        if seen.is_firsthand() && !seen.is_press() {
            self.firsthand.insert(seen.author);
            if seen.has(Cue::Hurt) && (seen.category == Category::SAFETY || seen.grave == Some(Grave::Injury)) {
                self.hurt.insert(seen.author);
            }
        }
        for word in &seen.words {
            if self.words.len() < WORDS_KEPT || self.words.contains_key(word) {
                *self.words.entry(*word).or_default() += 1;
            }
        }
        let counts = &mut self.incident.counts;
        counts.originals += 1;
        counts.authors = self.people.len() as u64;
        counts.firsthand = self.firsthand.len() as u64;
        if own && seen.at < self.incident.first_post_at {
            self.incident.first_post_at = seen.at;
        }
    }

    fn note_channel(&mut self, seen: &Seen) {
        let channels = &mut self.incident.channels;
        match channels.iter_mut().find(|c| c.channel == seen.channel) {
            Some(known) => {
                known.posts += 1;
                known.first_at = known.first_at.min(seen.at);
            }
            None => channels.push(ChannelFirst { channel: seen.channel, first_at: seen.at, posts: 1 }),
        }
        channels.sort_by_key(|c| (c.first_at, c.channel));
        let after = seen.at > self.incident.opened_at && seen.category == self.incident.category;
        let class = match seen.channel {
            Channel::Matome => Some("まとめサイトに掲載"),
            Channel::Video if seen.views.is_some() || seen.fate == Fate::Counted => Some("動画に取り上げられた"),
            _ => None,
        };
        if let Some(class) = class.filter(|_| after && !seen.praises) {
            self.picked_up.get_or_insert_with(|| class.to_owned());
        } else if after && seen.followers >= LOUD && !seen.praises {
            let followers = wording::number((seen.followers as f64 / 10_000.0).floor());
            self.picked_up.get_or_insert_with(|| format!("フォロワー{followers}万人の投稿者が言及"));
        }
    }

    fn note_press(&mut self, seen: &Seen) {
        self.incident.counts.press += 1;
        self.press_hard |= seen.affected.is_some() || seen.has(Cue::Authority);
        if self.incident.press_at.is_none_or(|at| seen.at < at) {
            if self.incident.press_at.is_none() {
                self.kind = Some(EventKind::Press);
            }
            self.incident.press_at = Some(seen.at);
        }
    }

    /// A video of this story has doubled its views.
    pub(in crate::detect) fn doubled(&mut self, sentence: String, views: u64) {
        self.incident.counts.views = self.incident.counts.views.max(views);
        self.views = Some(sentence);
    }

    /// After its mentions were attached again: what was stored wins over what was added up just now.
    pub(in crate::detect) fn restored(&mut self, stored: Incident) {
        self.watched = tallies::bucket_of(stored.last_seen_at);
        self.risen_at = stored.changed_at;
        self.told_hour = stored.counts.last_hour.max(1);
        self.incident = stored;
        self.new_class();
        self.kind = None;
    }

    /// Burns again: opens what was closed, keeping its id.
    pub(in crate::detect) fn reignite(&mut self, why: &str, normal: Normal, now: Timestamp) {
        self.forget_evidence();
        self.normal = normal;
        self.incident.state = State::Reignited;
        self.incident.closed_at = None;
        self.incident.changed_at = now;
        self.incident.counts.peak_hour = 0;
        self.incident.finding.why = why.to_owned();
        self.quiet = 0;
        self.watched = tallies::bucket_of(now);
        self.told_hour = 0;
        self.risen_at = now;
        self.kind = Some(EventKind::Reignited);
    }

    /// What raised it once must happen anew to raise it again.
    fn forget_evidence(&mut self) {
        self.picked_up = None;
        self.views = None;
        self.press_hard = false;
        self.firsthand.clear();
        self.hurt.clear();
    }

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
        self.incident.category = self.voices.category(&self.incident.category);
        self.incident.role = self.voices.role(self.incident.role);
        let verdict = judge(&self.evidence(now), self.incident.role, self.incident.level);
        self.reason_with(verdict.reasons, zone);
        if self.is_over(now, blind) {
            return Some(self.close(now));
        }
        self.settle(verdict.level, verdict.capped);
        let rose = self.incident.level > before.0;
        self.move_on(now, rose && !opening, before.0);
        let kind = self.change(&before, opening)?;
        self.kind = None;
        if kind != EventKind::Moved {
            self.told_hour = self.told_hour.max(self.incident.counts.last_hour);
        }
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
                beat.originals as f64 > self.normal.all_upper || beat.own as f64 > self.normal.own_upper
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

    fn evidence(&self, now: Timestamp) -> Evidence {
        let hour = self.pulse.within(HOUR, now);
        let (six, day) = (self.pulse.within(Span::hours(6), now), self.pulse.within(DAY, now));
        let three_days = self.pulse.within(Span::hours(72), now);
        let recent = self.pulse.within(Span::hours(3), now);
        let earlier = self.pulse.within(Span::hours(6), now).originals - recent.originals;
        let age = now - self.incident.first_post_at;
        let watched = age.as_hours().clamp(1.0, 72.0);
        let day_upper = tallies::upper(self.normal.all * 24.0, 0.1);
        let burning = six.originals as f64 > self.normal.all_upper.max(3.0);
        Evidence {
            people: self.people.len() as u64,
            originals: self.incident.counts.originals,
            excess: three_days.originals as f64 - self.normal.all * watched,
            firsthand: self.firsthand.len() as u64,
            firsthand_due: self.normal.own * age.as_hours().clamp(1.0, 24.0 * 60.0),
            hour: hour.originals,
            hour_upper: self.normal.all_upper,
            own_hour: hour.own,
            own_upper: self.normal.own_upper,
            rising: recent.originals > earlier,
            sustained: now - self.incident.opened_at >= SUSTAINED
                && burning
                && day.originals >= SUSTAINED_DAY
                && day.originals as f64 > SUSTAINED_TIMES * day_upper
                && self.incident.counts.authors >= SUSTAINED_DAY / 2,
            views: self.views.clone().filter(|_| day.originals >= 3),
            picked_up: self.picked_up.clone(),
            press: self.incident.press_at.is_some(),
            press_hard: self.press_hard,
            hurt: self.hurt.len() as u64,
            praise: self.praise_share(now),
            elsewhere: self.voices.elsewhere(),
        }
    }

    fn praise_share(&self, now: Timestamp) -> Option<f64> {
        let recent = self.pulse.within(Span::hours(3), now);
        let praise = recent.praise as f64 - 3.0 * self.normal.praise;
        let critical = recent.originals as f64;
        (praise >= PRAISE_MIN).then(|| praise / (praise + critical))
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
        let louder = self.told_hour > 0
            && hour >= 2 * self.told_hour
            && hour as f64 > self.normal.all_upper.max(4.0)
            && self.incident.state != State::Growing;
        let joined = self.new_class() && before != Level::Normal;
        let fresh = self.incident.state == State::Reignited && self.kind == Some(EventKind::Reignited);
        if (rose || louder || joined) && !fresh {
            self.incident.state = State::Growing;
            self.risen_at = now;
            self.told_hour = self.told_hour.max(hour);
        } else if self.incident.state != State::Continuing && now - self.risen_at >= STEADY {
            self.incident.state = State::Continuing;
        }
        self.told_hour = self.told_hour.max(1);
    }

    /// Whether summary sites, videos or the press have joined since the last look.
    fn new_class(&mut self) -> bool {
        let wide = |c: &Channel| matches!(c, Channel::Matome | Channel::Video | Channel::News);
        let now: BTreeSet<Channel> = self.incident.channels.iter().map(|c| c.channel).filter(wide).collect();
        let joined = !now.is_subset(&self.classes);
        self.classes = now;
        joined
    }

    fn is_over(&self, now: Timestamp, blind: &dyn Fn(Timestamp) -> bool) -> bool {
        let needed = if self.incident.finding.detector == DetectorName::Ember { QUIET_EMBER } else { QUIET };
        let last = start_of(tallies::bucket_of(now - GRACE) - 1);
        let blind_hour = (0..12).any(|i| blind(last - BUCKET.times(i)));
        let hour = self.pulse.within(HOUR, now).originals as f64;
        self.quiet >= needed && hour <= self.normal.all_upper && !blind_hour
    }

    fn close(&mut self, now: Timestamp) -> IncidentEvent {
        let lasted = (now - self.incident.opened_at).ja();
        let peak = self.incident.counts.peak_hour;
        let calm = if self.incident.finding.detector == DetectorName::Ember { "7日間" } else { "48時間" };
        self.incident.state = State::Resolved;
        self.incident.level = Level::Normal;
        self.incident.closed_at = Some(now);
        self.incident.changed_at = now;
        self.kind = None;
        let reason = format!("{calm}平常の範囲に収まった（期間{lasted}、最大{peak}件/時）");
        IncidentEvent { at: now, kind: EventKind::Resolved, reason, incident: self.incident.clone() }
    }

    fn reason_with(&mut self, evidence: Vec<String>, zone: Zone) {
        let mut reasons = vec![self.incident.finding.why.clone()];
        reasons.extend(evidence);
        if let Some(at) = self.incident.press_at {
            reasons.push(format!("報道の初出 {}", at.short(zone)));
        }
        self.incident.reasons = reasons;
    }

    fn sentence(&self, kind: EventKind, zone: Zone) -> String {
        let i = &self.incident;
        let strongest = || i.reasons.get(1..).and_then(|r| r.first()).unwrap_or(&i.finding.why).clone();
        match kind {
            EventKind::Opened => wording::opened_ja(&i.finding),
            EventKind::Reignited => format!("再び増加: {}", i.finding.why),
            EventKind::Raised => format!("{}に上昇: {}", i.level.ja(), self.raised_by()),
            EventKind::Lowered => format!("{}に下降: {}", i.level.ja(), strongest()),
            EventKind::Press => {
                i.press_at.map_or_else(String::new, |at| format!("報道が始まった（初出 {}）", at.short(zone)))
            }
            EventKind::Restated => i.affected.as_ref().map_or_else(String::new, |a| {
                let previous = a.previous.map_or_else(String::new, |p| format!("、前回{p}"));
                format!("影響の数が{}とされた（{}{previous}、未確認）", a.number, a.source)
            }),
            EventKind::Recategorized => format!("話題の中心が{}に変わった", i.category.ja()),
            EventKind::Rerolled => format!("立場の見立てが「{}」に変わった", i.role.ja()),
            EventKind::Moved | EventKind::Resolved => self.movement(),
        }
    }

    /// The last reason that speaks for the level it has now.
    fn raised_by(&self) -> String {
        let press = |r: &&String| !r.starts_with("報道の初出");
        self.incident.reasons.iter().skip(1).rfind(press).unwrap_or(&self.incident.finding.why).clone()
    }

    fn movement(&self) -> String {
        let (hour, normal) = (self.incident.counts.last_hour, wording::number(self.normal.all));
        match self.incident.state {
            State::Growing => format!("直近1時間 {hour}件（平常{normal}件）に増加"),
            _ => format!("直近1時間 {hour}件（平常{normal}件）で続いている"),
        }
    }
}
