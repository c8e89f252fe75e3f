//! The lookout of one company: takes mentions in, gives incident events out. A pure machine that `app` feeds.
//!
//! # Invariants
//! Deterministic: the same calls give the same events. `step` twice at the same time gives nothing new. What was
//! `remember`ed teaches and never raises. Memory is bounded: posts for three days, embers for 90.

mod ignite;

use ignite::finding;
use std::collections::{BTreeMap, VecDeque};

use super::{
    digest::Seen,
    ember::EmberDetector,
    grave::{self, GraveDetector},
    incident::{Fire, fire::Tie},
    tallies::{Odd, Tallies},
    views::ViewsDetector,
};
use crate::model::{
    ids::{IncidentId, MentionId},
    incident::{DetectorName, Incident, IncidentEvent},
    mention::{Category, Fate, MentionRecord},
    time::{Span, Timestamp, Zone},
    watch::CompanyName,
};

/// What an incident that ended can still come back from.
const BACK_WITHIN: Span = Span::days(60);
/// Posts are at hand for so long.
const RECENT: Span = Span::hours(72);
const RECENT_MAX: usize = 50_000;
/// With a smaller share of the usual sources than this nobody can say that it has become calm.
const DEAF: f64 = 0.5;

/// What a lookout is set to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LookoutParams {
    /// False alarms per month: half for counts, a quarter each for grave posts and embers.
    pub budget: f64,
    /// Where the readers live: hours of the day and weekdays are theirs.
    pub zone: Zone,
}

impl Default for LookoutParams {
    fn default() -> Self {
        Self { budget: 1.0, zone: Zone::JST }
    }
}

/// Gives numbers to incidents.
pub trait Numbering {
    /// The next row number and the next number for people.
    fn next(&mut self) -> (IncidentId, u64);
}

/// What one step has brought.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Step {
    /// At most one per incident, in the order of the incidents.
    pub events: Vec<IncidentEvent>,
    /// Mentions that now belong to an incident.
    pub attached: Vec<(MentionId, IncidentId)>,
}

/// An incident on its way back from the store.
#[derive(Debug)]
pub struct Returning {
    fire: Fire,
    kept: Incident,
}

/// Watches one company.
#[derive(Debug, Clone)]
pub struct Lookout {
    company: CompanyName,
    params: LookoutParams,
    tallies: Tallies,
    praise: Tallies,
    grave: GraveDetector,
    embers: EmberDetector,
    views: ViewsDetector,
    /// Open ones, and closed ones that can come back.
    fires: Vec<Fire>,
    pending: VecDeque<Seen>,
    recent: VecDeque<Seen>,
    /// The last look of an earlier life.
    looked: Timestamp,
    attached: Vec<(MentionId, IncidentId)>,
}

impl Lookout {
    /// Watches `company` since `since`: from there on, no post means none.
    pub fn new(company: CompanyName, params: LookoutParams, since: Timestamp) -> Self {
        let tallies = Tallies::new(params.budget / 2.0, params.zone, since);
        Self {
            company,
            params,
            praise: tallies.clone(),
            tallies,
            grave: GraveDetector::new(params.budget),
            embers: EmberDetector::new(since),
            views: ViewsDetector::default(),
            fires: Vec::new(),
            pending: VecDeque::new(),
            recent: VecDeque::new(),
            looked: since,
            attached: Vec::new(),
        }
    }

    /// History: teaches what is normal, embers and who has spoken; never raises anything.
    pub fn remember(&mut self, record: &MentionRecord) {
        self.recall(record, &|_| false);
    }

    /// The same, where some buckets are `blind` as in [`Lookout::step`]: an outage of the past was no calm either.
    pub fn recall(&mut self, record: &MentionRecord, blind: &dyn Fn(Timestamp) -> bool) {
        let seen = Seen::of(record);
        for odd in self.close(seen.collected_at, blind) {
            self.tallies.decide(&odd);
        }
        self.learn(&seen);
        self.keep(seen);
    }

    /// What a post of the past teaches, whenever it comes to light.
    fn learn(&mut self, seen: &Seen) {
        if seen.counts() || seen.fate == Fate::WarmUp && seen.worthy {
            self.tallies.add(&seen.category, seen.at);
        }
        if seen.praises {
            self.praise.add(&Category::PRAISE, seen.at);
        }
        self.embers.remember(seen);
        if GraveDetector::is_report(seen) {
            self.grave.remember(seen);
        }
        self.views.note(seen);
    }

    /// The last look whose findings were stored was at `at`; what had not closed by then is still to be judged.
    pub fn looked_until(&mut self, at: Timestamp) {
        self.looked = self.looked.max(at);
    }

    /// An incident read back from the store, open or closed within 60 days, with its mentions. To be called after
    /// the history was remembered, which tells what is normal.
    pub fn restore(&mut self, incident: Incident, mentions: &[MentionRecord]) {
        let mut back = self.bring_back(incident);
        for record in mentions {
            self.retell(&mut back, record);
        }
        self.is_back(back);
    }

    /// The same in steps, so that its mentions need not all be at hand at once: this, then [`Lookout::retell`] for each
    /// mention, then [`Lookout::is_back`].
    pub fn bring_back(&self, incident: Incident) -> Returning {
        let mut normal = self.normal(&incident.category);
        normal.all = incident.counts.normal_hour;
        Returning { kept: incident.clone(), fire: Fire::new(incident, normal) }
    }

    /// Tells an incident that comes back one of its mentions.
    pub fn retell(&mut self, back: &mut Returning, record: &MentionRecord) {
        let seen = Seen::of(record);
        back.fire.attach(&seen);
        if GraveDetector::is_report(&seen) {
            self.grave.remember(&seen);
        }
        if let Some(symptom) = &seen.symptom {
            self.embers.told(symptom, seen.at);
        }
    }

    /// It has heard all of its mentions.
    pub fn is_back(&mut self, mut back: Returning) {
        back.fire.restored(back.kept);
        self.fires.push(back.fire);
    }

    /// A new mention of any fate, in order of arrival. It is worked on by the next `step`.
    pub fn observe(&mut self, record: &MentionRecord) {
        self.pending.push_back(Seen::of(record));
    }

    /// Open incidents, and closed ones that can come back.
    pub fn incidents(&self) -> impl Iterator<Item = &Incident> {
        self.fires.iter().map(|fire| &fire.incident)
    }

    /// Works on everything up to `now`. `blind` says of a bucket's start whether no source was seen: then a bucket
    /// without posts is unknown and not zero.
    pub fn step(&mut self, now: Timestamp, blind: &dyn Fn(Timestamp) -> bool, numbering: &mut dyn Numbering) -> Step {
        while let Some(seen) = self.pending.pop_front() {
            self.take(&seen, now, numbering);
        }
        for odd in self.close(now, blind) {
            self.judge(&odd, now, numbering);
        }
        self.judge_cold(now, numbering);
        let (until, zone) = (self.tallies.closed_until(), self.params.zone);
        // Why: where half of the usual voices cannot be heard, few posts are no calm.
        let tallies = &self.tallies;
        let deaf = |at: Timestamp| blind(at) || tallies.share_of(at) < DEAF;
        let events = self.fires.iter_mut().filter_map(|f| f.step(now, until, &deaf, zone)).collect();
        self.fires.retain(|f| f.incident.closed_at.is_none_or(|at| at > now - BACK_WITHIN));
        while self.recent.len() > RECENT_MAX || self.recent.front().is_some_and(|s| s.collected_at < now - RECENT) {
            self.recent.pop_front();
        }
        Step { events, attached: std::mem::take(&mut self.attached) }
    }

    /// A person closes an open incident as a false alarm; it does not come back by itself. `None` if none is open.
    pub fn dismiss(&mut self, id: IncidentId, now: Timestamp) -> Option<IncidentEvent> {
        let fire = self.fires.iter_mut().find(|f| f.incident.id == id && f.is_open())?;
        Some(fire.dismiss(now))
    }

    /// Which buckets are seen in part only, because sources that usually bring a share of what is said cannot be read;
    /// all others are seen, or `blind`. To be told before each `step`, and whole: what is left out is seen again.
    pub fn share(&mut self, partly: &BTreeMap<Timestamp, f64>) {
        self.tallies.share(partly);
        self.praise.share(partly);
    }

    /// When something could change though nothing new arrives; `None` while nothing is pending.
    pub fn next_due(&self) -> Option<Timestamp> {
        if let Some(waiting) = self.pending.front() {
            return Some(waiting.collected_at);
        }
        if self.fires.iter().any(Fire::is_open) { Some(self.tallies.next_close()) } else { self.tallies.next_due() }
    }

    fn close(&mut self, now: Timestamp, blind: &dyn Fn(Timestamp) -> bool) -> Vec<Odd> {
        self.praise.close(now, blind);
        self.tallies.close(now, blind)
    }

    fn keep(&mut self, seen: Seen) {
        let now = seen.collected_at;
        self.recent.push_back(seen);
        // Also while 90 days are remembered no more is held than three days of posts.
        while self.recent.len() > RECENT_MAX || self.recent.front().is_some_and(|s| s.collected_at < now - RECENT) {
            self.recent.pop_front();
        }
    }

    /// One new mention: to its incident, or to the detectors that look at single posts.
    fn take(&mut self, seen: &Seen, now: Timestamp, numbering: &mut dyn Numbering) {
        match seen.fate {
            Fate::Excluded => return,
            // A first page that arrives in the middle of a fire teaches, and hides nothing.
            Fate::WarmUp => {
                self.learn(seen);
                self.keep(seen.clone());
                return;
            }
            _ => {}
        }
        let doubling = self.views.note(seen);
        if seen.counts() {
            self.tallies.add(&seen.category, seen.at);
        }
        if seen.praises {
            self.praise.add(&Category::PRAISE, seen.at);
        }
        let home = self.home_of(seen);
        if let Some(at) = home {
            self.attach(at, seen);
        }
        self.embers.remember(seen);
        if seen.fate != Fate::Snapshot {
            self.keep(seen.clone());
        }
        if let Some(doubling) = doubling {
            self.spread(&doubling, now, numbering);
        }
        if let Some(home) = home {
            // Told with the incident: neither its author nor its symptom need be told again.
            if GraveDetector::is_report(seen) {
                self.grave.remember(seen);
            }
            if let Some(symptom) = seen.symptom.as_ref().filter(|_| self.is_about(home, &seen.category)) {
                self.embers.told(symptom, seen.at);
            }
            return;
        }
        if let Some(why) = self.grave.weigh(seen, now) {
            let category = grave::category_of(seen);
            let finding = finding(DetectorName::Grave, &category, now, (1.0, 0.0), Span::hours(1), seen, why);
            let back = |f: &Fire| f.incident.category == category && f.shares_words(seen);
            self.ignite(finding, std::slice::from_ref(seen), &back, numbering);
        } else if let Some(ember) = self.embers.look(seen) {
            self.glow(&ember, seen, now, numbering);
        }
    }

    fn is_about(&self, fire: usize, category: &Category) -> bool {
        self.fires.get(fire).is_some_and(|f| f.incident.category == *category)
    }

    /// The open incident that a post belongs to most.
    fn home_of(&self, seen: &Seen) -> Option<usize> {
        let open = self.fires.iter().enumerate().filter(|(_, f)| f.is_open());
        let tied = open.filter_map(|(i, f)| f.tie(seen).map(|tie| (tie, f.own_day(seen.at), i)));
        tied.max_by_key(|(tie, size, _): &(Tie, u64, usize)| (*tie, *size)).map(|(_, _, i)| i)
    }

    fn attach(&mut self, fire: usize, seen: &Seen) {
        if let Some(fire) = self.fires.get_mut(fire)
            && fire.attach(seen)
        {
            self.attached.push((seen.id, fire.incident.id));
        }
    }
}
