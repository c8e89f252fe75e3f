//! The lookout of one company: takes mentions in, gives incident events out. A pure machine that `app` feeds.
//!
//! # Invariants
//! Deterministic: the same calls give the same events. `step` twice at the same time gives nothing new. What was
//! `remember`ed teaches and never raises. Memory is bounded: posts for three days, embers for 90.

use std::collections::{BTreeSet, VecDeque};

use super::{
    digest::Seen,
    ember::{Ember, EmberDetector},
    grave::{self, GraveDetector},
    incident::{
        Fire,
        fire::{Normal, Tie},
        part::is_cause,
    },
    tallies::{Odd, Tallies},
    views::{Doubling, ViewsDetector},
    wording,
};
use crate::model::{
    ids::{IncidentId, MentionId},
    incident::{Counts, DetectorName, Finding, Incident, IncidentEvent, IncidentRole, Level, State},
    mention::{Category, Fate, MentionRecord},
    time::{Span, Timestamp, Zone},
    watch::CompanyName,
};

/// What an incident that ended can still come back from.
const BACK_WITHIN: Span = Span::days(60);
/// Posts are at hand for so long.
const RECENT: Span = Span::hours(72);
const RECENT_MAX: usize = 50_000;
/// People and texts behind a count.
const INDEPENDENT: usize = 3;
/// While there is less history than this, a spike is judged by bare numbers: so many in an hour, by so many people.
const COLD_DAYS: f64 = 1.25;
const COLD_HOUR: usize = 20;
const COLD_PEOPLE: usize = 10;
/// Share of a finding's posts that must speak an open incident's words to be the same story.
const SAME_STORY: f64 = 0.3;
/// An incident so young may still turn out to be about a cause that shows only now.
const YOUNG: Span = Span::hours(24);

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
    /// What was remembered reaches up to here.
    remembered: Timestamp,
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
            remembered: since,
            attached: Vec::new(),
        }
    }

    /// History: teaches what is normal, embers and who has spoken; never raises anything.
    pub fn remember(&mut self, record: &MentionRecord) {
        let seen = Seen::of(record);
        for odd in self.close(seen.collected_at, &|_| false) {
            self.tallies.decide(&odd);
        }
        self.remembered = self.remembered.max(seen.at);
        if seen.counts() || seen.fate == Fate::WarmUp && record.mention.alert_worthy && seen.category.is_risk() {
            self.tallies.add(&seen.category, seen.at);
        }
        if seen.praises {
            self.praise.add(&Category::PRAISE, seen.at);
        }
        self.embers.remember(&seen);
        if GraveDetector::is_report(&seen) {
            self.grave.remember(&seen);
        }
        self.views.note(&seen);
        self.keep(seen);
    }

    /// An incident read back from the store, open or closed within 60 days, with its mentions.
    pub fn restore(&mut self, incident: Incident, mentions: &[MentionRecord]) {
        let category = incident.category.clone();
        let mut normal = self.normal(&category);
        normal.all = incident.counts.normal_hour;
        let kept = incident.clone();
        let mut fire = Fire::new(incident, normal);
        for record in mentions {
            let seen = Seen::of(record);
            fire.attach(&seen);
            if GraveDetector::is_report(&seen) {
                self.grave.remember(&seen);
            }
            if let Some(symptom) = &seen.symptom {
                self.embers.told(symptom, seen.at);
            }
        }
        fire.restored(kept);
        self.fires.push(fire);
    }

    /// A new mention of any fate, in order of arrival. It is worked on by the next `step`.
    pub fn observe(&mut self, record: &MentionRecord) {
        self.pending.push_back(Seen::of(record));
    }

    /// Works on everything up to `now`. `blind` says of a bucket's start whether no source was seen: then a bucket
    /// without posts is unknown and not zero.
    pub fn step(&mut self, now: Timestamp, blind: &dyn Fn(Timestamp) -> bool, numbering: &mut dyn Numbering) -> Step {
        while let Some(seen) = self.pending.pop_front() {
            self.take(seen, now, numbering);
        }
        for odd in self.close(now, blind) {
            self.judge(&odd, now, numbering);
        }
        self.judge_cold(now, numbering);
        let (until, zone) = (self.tallies.closed_until(), self.params.zone);
        let events = self.fires.iter_mut().filter_map(|f| f.step(now, until, blind, zone)).collect();
        self.fires.retain(|f| f.incident.closed_at.is_none_or(|at| at > now - BACK_WITHIN));
        while self.recent.len() > RECENT_MAX || self.recent.front().is_some_and(|s| s.collected_at < now - RECENT) {
            self.recent.pop_front();
        }
        Step { events, attached: std::mem::take(&mut self.attached) }
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
        self.recent.push_back(seen);
    }

    /// One new mention: to its incident, or to the detectors that look at single posts.
    fn take(&mut self, seen: Seen, now: Timestamp, numbering: &mut dyn Numbering) {
        if matches!(seen.fate, Fate::Excluded | Fate::WarmUp) {
            return;
        }
        let doubling = self.views.note(&seen);
        if seen.counts() {
            self.tallies.add(&seen.category, seen.at);
        }
        if seen.praises {
            self.praise.add(&Category::PRAISE, seen.at);
        }
        let home = self.home_of(&seen);
        if let Some(at) = home {
            self.attach(at, &seen);
        }
        self.embers.remember(&seen);
        if seen.fate != Fate::Snapshot {
            self.keep(seen.clone());
        }
        if let Some(doubling) = doubling {
            self.spread(&doubling, now, numbering);
        }
        if let Some(home) = home {
            // Told with the incident: neither its author nor its symptom need be told again.
            if GraveDetector::is_report(&seen) {
                self.grave.remember(&seen);
            }
            if let Some(symptom) = seen.symptom.as_ref().filter(|_| self.is_about(home, &seen.category)) {
                self.embers.told(symptom, seen.at);
            }
            return;
        }
        if let Some(why) = self.grave.weigh(&seen, now) {
            let category = grave::category_of(&seen);
            let finding = finding(DetectorName::Grave, &category, now, (1.0, 0.0), Span::hours(1), &seen, why);
            let back = |f: &Fire| f.incident.category == category && f.shares_words(&seen);
            self.ignite(finding, std::slice::from_ref(&seen), &back, numbering);
        } else if let Some(ember) = self.embers.look(&seen) {
            self.glow(ember, &seen, now, numbering);
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

    /// Several people, one story.
    fn glow(&mut self, ember: Ember, last: &Seen, now: Timestamp, numbering: &mut dyn Numbering) {
        if let Some(symptom) = &last.symptom {
            self.embers.told(symptom, last.at);
        }
        let counts = (ember.people as f64, ember.expected);
        let first = ember.posts.first().unwrap_or(last);
        let finding =
            finding(DetectorName::Ember, &ember.category, now, counts, Span::days(90), first, ember.why.clone());
        let back = |f: &Fire| f.incident.category == ember.category && f.shares_words(last);
        self.ignite(finding, &ember.posts, &back, numbering);
    }

    /// A video's views have doubled: raises the incident it belongs to, or opens one if people criticise it.
    fn spread(&mut self, doubling: &Doubling, now: Timestamp, numbering: &mut dyn Numbering) {
        let video = &doubling.seen;
        if video.fate == Fate::OwnChannel || video.praises || !(video.category.is_risk() || video.negative) {
            return;
        }
        let open = |f: &&mut Fire| f.is_open();
        let same = |f: &&mut Fire| f.incident.category == video.category || f.shares_words(video) || video.negative;
        if let Some(fire) = self.fires.iter_mut().filter(open).find(same) {
            fire.doubled(doubling.ja(), doubling.views);
            return;
        }
        let about = |s: &&Seen| s.counts() && s.category == video.category && s.at > now - Span::hours(24);
        let posts: Vec<Seen> = self.recent.iter().filter(about).cloned().collect();
        let due = self.tallies.normal(|c| *c == video.category).0 * 24.0;
        if !video.category.is_risk() || people_of(&posts) < INDEPENDENT || posts.len() as f64 <= due {
            return;
        }
        let why = format!("{}、批判的な投稿が24時間に{}件", doubling.ja(), posts.len());
        let counts = (posts.len() as f64, due);
        let finding = finding(DetectorName::Views, &video.category, now, counts, Span::hours(24), video, why);
        let back = |f: &Fire| f.incident.category == video.category;
        let fire = self.ignite(finding, &posts, &back, numbering);
        self.attach(fire, video);
        if let Some(fire) = self.fires.get_mut(fire) {
            fire.doubled(doubling.ja(), doubling.views);
        }
    }

    /// A closed bucket with an odd score: the guards, the decision, the incident.
    fn judge(&mut self, odd: &Odd, now: Timestamp, numbering: &mut dyn Numbering) {
        if self.fires.iter().any(|f| f.is_open() && f.incident.category == odd.category) {
            return;
        }
        let posts = self.window(&odd.category, odd.until, odd.score.window);
        // Why: a spike of what was only remembered has been told, or was not worth it, in another life.
        if people_of(&posts) < INDEPENDENT || posts.iter().all(|s| s.at <= self.remembered) || !self.tallies.decide(odd)
        {
            return;
        }
        let s = &odd.score;
        let why = wording::spike_ja(s.window, s.count, s.expected, s.p_value);
        let first = origin_of(&posts).unwrap_or(0);
        let Some(origin) = posts.get(first) else { return };
        #[expect(clippy::cast_possible_truncation, reason = "a window has at most 1440 minutes")]
        let window = Span::minutes(s.window as i64);
        let mut finding = finding(DetectorName::Count, &odd.category, now, (s.count, s.expected), window, origin, why);
        finding.p_value = Some(s.p_value);
        self.kindle(finding, posts.get(first..).unwrap_or_default(), now, numbering);
    }

    /// Without a history there is no normal to compare with: bare numbers, and the sentence says so.
    fn judge_cold(&mut self, now: Timestamp, numbering: &mut dyn Numbering) {
        if self.tallies.history() >= COLD_DAYS || self.recent.len() < COLD_HOUR {
            return;
        }
        let categories: BTreeSet<Category> =
            self.recent.iter().filter(|s| s.counts()).map(|s| s.category.clone()).collect();
        for category in categories {
            if self.fires.iter().any(|f| f.incident.category == category) {
                continue;
            }
            let posts = self.window(&category, now, 60.0);
            if posts.len() < COLD_HOUR || people_of(&posts) < COLD_PEOPLE {
                continue;
            }
            let Some(origin) = posts.first() else { continue };
            let why = format!("直近1時間 {}件（監視を始めたばかりで平常は不明）", posts.len());
            let counts = (posts.len() as f64, 0.0);
            let finding = finding(DetectorName::Count, &category, now, counts, Span::hours(1), origin, why);
            self.kindle(finding, &posts, now, numbering);
        }
    }

    /// Critical originals of a category in the window of `minutes` that ends at `until`, by time.
    fn window(&self, category: &Category, until: Timestamp, minutes: f64) -> Vec<Seen> {
        #[expect(clippy::cast_possible_truncation, reason = "a window has at most 1440 minutes")]
        let from = until - Span::minutes(minutes as i64);
        let inside = |s: &&Seen| s.counts() && s.category == *category && s.at >= from && s.at < until;
        let mut posts: Vec<Seen> = self.recent.iter().filter(inside).cloned().collect();
        posts.sort_by_key(|s| (s.at, s.id));
        posts
    }

    /// A count finding joins the open incident whose story it tells, or becomes an incident.
    fn kindle(&mut self, finding: Finding, posts: &[Seen], now: Timestamp, numbering: &mut dyn Numbering) {
        let joins = |f: &Fire| {
            let shared = posts.iter().filter(|s| f.shares_words(s)).count() as f64;
            let same_words = shared >= SAME_STORY * posts.len() as f64;
            let reaction = !is_cause(&finding.category) && f.own_day(now) as f64 >= (posts.len() as f64 / 4.0).max(5.0);
            let young = now - f.incident.opened_at <= YOUNG;
            let cause_shows = is_cause(&finding.category) && !is_cause(&f.incident.category) && young;
            same_words || reaction || cause_shows
        };
        if let Some(fire) = self.fires.iter().position(|f| f.is_open() && joins(f)) {
            for seen in posts {
                self.attach(fire, seen);
            }
            return;
        }
        let category = finding.category.clone();
        self.ignite(finding, posts, &|f: &Fire| f.incident.category == category, numbering);
    }

    /// Opens an incident, or lets a closed one burn again.
    fn ignite(
        &mut self,
        finding: Finding,
        posts: &[Seen],
        back: &dyn Fn(&Fire) -> bool,
        numbering: &mut dyn Numbering,
    ) -> usize {
        let normal = self.normal(&finding.category);
        let (now, why) = (finding.at, finding.why.clone());
        let closed = |f: &Fire| f.incident.state == State::Resolved;
        let fire = if let Some(fire) = self.fires.iter().position(|f| closed(f) && back(f)) {
            if let Some(fire) = self.fires.get_mut(fire) {
                fire.reignite(&why, normal, now);
            }
            fire
        } else {
            let opened = self.incident(finding, posts, numbering);
            self.fires.push(Fire::new(opened, normal));
            self.fires.len() - 1
        };
        let mut belonging = posts.to_vec();
        // What has just been written about the same story by others: the press, reposts, the same words.
        let ids: BTreeSet<MentionId> = posts.iter().map(|s| s.id).collect();
        let around: Vec<Seen> =
            self.recent.iter().filter(|s| s.at > now - Span::hours(24) && !ids.contains(&s.id)).cloned().collect();
        for seen in belonging.drain(..) {
            self.attach(fire, &seen);
        }
        for seen in around {
            let homeless = self.fires.iter().enumerate().all(|(i, f)| i == fire || !f.holds(seen.id));
            let related = |f: &Fire| {
                let about = seen.category == f.incident.category || seen.category.is_risk();
                f.repeats(&seen)
                    || about && (f.shares_words(&seen) || seen.is_press() && seen.category == f.incident.category)
            };
            if homeless && self.fires.get(fire).is_some_and(related) {
                self.attach(fire, &seen);
            }
        }
        fire
    }

    fn incident(&self, finding: Finding, posts: &[Seen], numbering: &mut dyn Numbering) -> Incident {
        let (id, number) = numbering.next();
        let first = posts.iter().find(|s| Some(s.id) == finding.origin).or(posts.first());
        Incident {
            id,
            number,
            company: self.company.clone(),
            category: finding.category.clone(),
            role: IncidentRole::Unknown,
            level: Level::Normal,
            state: State::New,
            origin_post: first.map(|s| s.post_id).unwrap_or_default(),
            origin_external_id: first.map(|s| s.external_id.clone()).unwrap_or_default(),
            first_post_at: first.map_or(finding.at, |s| s.at),
            opened_at: finding.at,
            last_seen_at: first.map_or(finding.at, |s| s.at),
            changed_at: finding.at,
            closed_at: None,
            press_at: None,
            affected: None,
            counts: Counts::default(),
            channels: Vec::new(),
            reasons: vec![finding.why.clone()],
            finding,
        }
    }

    fn normal(&self, category: &Category) -> Normal {
        let (all, all_upper) = self.tallies.normal(|c| c == category || !is_cause(c));
        let (own, own_upper) = self.tallies.normal(|c| c == category);
        Normal { all, all_upper, own, own_upper, praise: self.praise.normal(|_| true).0 }
    }
}

/// Distinct authors or distinct texts, whichever are fewer: neither one loud author nor one text is a crowd.
fn people_of(posts: &[Seen]) -> usize {
    let authors: BTreeSet<u64> = posts.iter().map(|s| s.author).collect();
    let texts: BTreeSet<u64> = posts.iter().map(|s| s.text).collect();
    authors.len().min(texts.len())
}

/// Where the story of these posts begins: the first that speaks the words of many. The posts before it are the
/// ordinary ones of the window.
fn origin_of(posts: &[Seen]) -> Option<usize> {
    let mut spoken = std::collections::BTreeMap::<u64, usize>::new();
    for word in posts.iter().flat_map(|s| &s.words) {
        *spoken.entry(*word).or_default() += 1;
    }
    let many = (posts.len() / 4).max(2);
    let common = |s: &Seen| s.words.iter().any(|w| spoken.get(w).is_some_and(|n| *n >= many));
    posts.iter().position(common)
}

fn finding(
    detector: DetectorName,
    category: &Category,
    at: Timestamp,
    (observed, expected): (f64, f64),
    window: Span,
    origin: &Seen,
    why: String,
) -> Finding {
    Finding {
        detector,
        category: category.clone(),
        at,
        observed,
        expected,
        window,
        p_value: None,
        origin: Some(origin.id),
        why,
    }
}
