//! An incident with what is remembered of its posts, and its moves from 発生 to 収束.

mod moves;
mod take;
mod telling;
mod weight;

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{
        digest::Seen,
        tallies::{self},
    },
    part::{Voices, is_cause},
    pulse::Pulse,
    stated::Numbers,
};
use crate::model::{
    ids::MentionId,
    incident::{EventKind, Incident, IncidentEvent, Level, State},
    mention::Fate,
    post::Channel,
    time::{Span, Timestamp},
};

const HOUR: Span = Span::hours(1);
const DAY: Span = Span::hours(24);
/// So many originals in six hours: it burns, and reactions belong to it.
const HOT: u64 = 5;
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
#[expect(clippy::struct_excessive_bools, reason = "each remembers one thing that was seen, independent of the others")]
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
    /// Those that joined in the last step.
    joined: Vec<Channel>,
    /// The last step found twice as many as were told.
    louder: bool,
    picked_up: Option<String>,
    views: Option<String>,
    press: bool,
    press_hard: bool,
    /// Praise has prevailed, and no criticism since.
    cleared: bool,
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
            joined: Vec::new(),
            louder: false,
            picked_up: None,
            views: None,
            press: false,
            press_hard: false,
            cleared: false,
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

    /// Whether an article or a pick-up now is about this fire. A few posts about a cause are enough; of complaints there
    /// must be more than usual, or the articles of any ordinary day would count.
    fn burns(&self, at: Timestamp) -> bool {
        let six = self.pulse.within(Span::hours(6), at).own as f64;
        is_cause(&self.incident.category) || six > tallies::upper(self.normal.own * 6.0, 0.1)
    }

    /// Originals of the incident's own category in the day before `now`.
    pub(in crate::detect) fn own_day(&self, now: Timestamp) -> u64 {
        self.pulse.within(DAY, now).own
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
        why.clone_into(&mut self.incident.finding.why);
        self.quiet = 0;
        self.watched = tallies::bucket_of(now);
        self.told_hour = 0;
        self.risen_at = now;
        self.kind = Some(EventKind::Reignited);
    }

    /// A person says that it was nothing.
    pub(in crate::detect) fn dismiss(&mut self, now: Timestamp) -> IncidentEvent {
        self.incident.state = State::FalseAlarm;
        self.incident.level = Level::Normal;
        self.incident.closed_at = Some(now);
        self.incident.changed_at = now;
        self.kind = None;
        let reason = "誤検知として閉じられた".to_owned();
        IncidentEvent { at: now, kind: EventKind::Resolved, reason, incident: self.incident.clone() }
    }

    /// Whether a person has called this story nothing, less than a week ago, and it has not grown much since.
    pub(in crate::detect) fn is_nothing(&self, hour: usize, now: Timestamp) -> bool {
        let lately = self.incident.closed_at.is_some_and(|at| at > now - Span::days(7));
        self.incident.state == State::FalseAlarm && lately && hour as u64 <= 2 * self.incident.counts.peak_hour.max(5)
    }

    /// What raised it once must happen anew to raise it again.
    fn forget_evidence(&mut self) {
        self.picked_up = None;
        self.views = None;
        self.press = false;
        self.press_hard = false;
        self.firsthand.clear();
        self.hurt.clear();
    }
}
