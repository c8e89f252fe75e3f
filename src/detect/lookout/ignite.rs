//! From findings to incidents: the guards before one is believed, and whether it is a new story.

use std::collections::BTreeSet;

use super::{Lookout, Numbering};
use crate::{
    detect::{
        digest::Seen,
        ember::Ember,
        incident::{Fire, fire::Normal, part::is_cause},
        tallies::{BUCKET, GRACE, Odd},
        views::Doubling,
        wording,
    },
    model::{
        ids::MentionId,
        incident::{Counts, DetectorName, Finding, Incident, IncidentRole, Level, State},
        mention::{Category, Fate},
        time::{Span, Timestamp},
    },
};

/// People and texts behind a count.
const INDEPENDENT: usize = 3;
/// While there is less history than this, a spike is judged by bare numbers: so many in an hour, by so many people.
const COLD_DAYS: f64 = 1.25;
const COLD_HOUR: usize = 20;
const COLD_PEOPLE: usize = 10;
/// Share of a finding's posts that must speak an open incident's words to be the same story.
const SAME_STORY: f64 = 0.3;
/// So few reactions belong to a cause that was spoken of within the day.
const A_FEW: u64 = 15;
/// An incident so young may still turn out to be about a cause that shows only now.
const YOUNG: Span = Span::hours(24);

impl Lookout {
    /// Several people, one story.
    pub(super) fn glow(&mut self, ember: &Ember, last: &Seen, now: Timestamp, numbering: &mut dyn Numbering) {
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
    pub(super) fn spread(&mut self, doubling: &Doubling, now: Timestamp, numbering: &mut dyn Numbering) {
        let video = &doubling.seen;
        if video.fate == Fate::OwnChannel || video.praises || !(video.category.is_risk() || video.negative) {
            return;
        }
        let open = |f: &&mut Fire| f.is_open();
        let same = |f: &&mut Fire| f.incident.category == video.category || f.tie(video).is_some();
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
    pub(super) fn judge(&mut self, odd: &Odd, now: Timestamp, numbering: &mut dyn Numbering) {
        if self.fires.iter().any(|f| f.is_open() && f.incident.category == odd.category) {
            return;
        }
        let posts = self.window(&odd.category, odd.until, odd.score.window);
        if people_of(&posts) < INDEPENDENT || !self.tallies.decide(odd) {
            return;
        }
        // Why: what had closed before a restart has been told, or was not worth it, in another life.
        let judged = (self.looked - GRACE).floor(BUCKET);
        if posts.iter().all(|s| s.at < judged) {
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
    pub(super) fn judge_cold(&mut self, now: Timestamp, numbering: &mut dyn Numbering) {
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
            let known = posts.iter().all(|s| s.at <= self.looked);
            if known || posts.len() < COLD_HOUR || people_of(&posts) < COLD_PEOPLE {
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
        let told_by = |f: &Fire| posts.iter().filter(|s| f.shares_words(s)).count() as f64;
        let mostly = SAME_STORY * posts.len() as f64;
        let hour = posts.iter().filter(|s| s.at > now - Span::hours(1)).count();
        if self.fires.iter().any(|f| f.is_nothing(hour, now) && told_by(f) >= mostly) {
            return;
        }
        let joins = |f: &Fire| {
            let same_words = told_by(f) >= mostly;
            let (own, len) = (f.own_day(now), posts.len() as u64);
            let answers = is_cause(&f.incident.category) && own >= 1 && len <= A_FEW;
            let reaction = !is_cause(&finding.category) && (own >= 5.max(len / 4) || answers);
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
    pub(super) fn ignite(
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
        // What has just been written about the same story by others: the press, reposts, the same words.
        let ids: BTreeSet<MentionId> = posts.iter().map(|s| s.id).collect();
        let around: Vec<Seen> =
            self.recent.iter().filter(|s| s.at > now - Span::hours(24) && !ids.contains(&s.id)).cloned().collect();
        for seen in posts {
            self.attach(fire, seen);
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

    pub(super) fn normal(&self, category: &Category) -> Normal {
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

pub(super) fn finding(
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
