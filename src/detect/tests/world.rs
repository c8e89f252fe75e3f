//! A builder of mentions, a world that runs them in their own time, and a tiny source of chance that never changes.

use std::collections::BTreeMap;

use crate::{
    detect::{Lookout, LookoutParams, Numbering, Step},
    model::{
        ids::{IncidentId, MentionId, PostId},
        incident::{IncidentEvent, Level, State},
        mention::{Category, Evidence, Fate, Grave, Mention, MentionRecord, Polarity, Role, Stance},
        post::{Channel, Post, SourceName, SourceType},
        time::{Span, Timestamp},
        watch::CompanyName,
    },
};

pub(super) fn start() -> Timestamp {
    Timestamp::parse_rfc3339("2026-02-01T00:00:00+09:00").unwrap()
}

/// A post at so many hours after the start, by an author of its own.
#[expect(clippy::needless_pass_by_value, reason = "reads better where posts are made")]
pub(super) fn post(hours: f64, category: Category) -> MentionRecord {
    let at = start() + Span::from_millis((hours * 3_600_000.0).round() as i64);
    let evidence = |surface: &str| Evidence {
        category: category.clone(),
        start: 0,
        end: surface.chars().count(),
        surface: surface.to_owned(),
        weight: 2.0,
        why: "試験".into(),
        in_title: false,
    };
    let mention = Mention {
        company: CompanyName("青空テレコム".into()),
        category: category.clone(),
        scores: BTreeMap::from([(category.clone(), 2.0)]),
        complaint: category == Category::COMPLAINT,
        leak: category == Category::LEAK,
        alert_worthy: category.is_risk(),
        role: Role::Accused,
        polarity: Polarity::Negative,
        stance: Stance::Opinion,
        retrospective: false,
        affected_count: None,
        complaint_score: 0.0,
        leak_score: 0.0,
        grave: None,
        symptom: None,
        evidence: vec![evidence(&format!("{category}の語"))],
    };
    let post = Post {
        source: SourceName("試験".into()),
        external_id: String::new(),
        source_type: SourceType::Post,
        channel: Channel::Sns,
        url: None,
        author: None,
        author_followers: Some(100),
        title: None,
        text: "本文".into(),
        published_at: Some(at),
        collected_at: at + Span::seconds(30),
        reach: None,
        views: None,
        repost_of: None,
    };
    let fate = if category.is_risk() { Fate::Counted } else { Fate::Praise };
    let (id, post_id) = (MentionId(0), PostId(0));
    MentionRecord { id, post_id, at, post, mention, fate, author_key: None, text_key: String::new() }
}

/// Changes to a post, readable in a row.
pub(super) trait But: Sized {
    fn but(self, change: impl FnOnce(&mut Self)) -> Self;
    fn firsthand(self) -> Self;
    fn grave(self, grave: Grave) -> Self;
    fn symptom(self, symptom: &str) -> Self;
    fn on(self, channel: Channel) -> Self;
    fn by(self, author: &str) -> Self;
    fn words(self, words: &str) -> Self;
}

impl But for MentionRecord {
    fn but(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
    fn firsthand(self) -> Self {
        self.but(|r| r.mention.stance = Stance::Firsthand)
    }
    fn grave(self, grave: Grave) -> Self {
        self.but(|r| r.mention.grave = Some(grave))
    }
    fn symptom(self, symptom: &str) -> Self {
        self.but(|r| r.mention.symptom = Some(symptom.into()))
    }
    fn on(self, channel: Channel) -> Self {
        self.but(|r| r.post.channel = channel)
    }
    fn by(self, author: &str) -> Self {
        self.but(|r| r.author_key = Some(author.into()))
    }
    fn words(self, words: &str) -> Self {
        self.but(|r| r.mention.evidence[0].surface = words.into())
    }
}

/// The numbers of a linear congruence: the same in every run.
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }
    pub(super) fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
    pub(super) fn poisson(&mut self, mean: f64) -> u32 {
        let (mut product, mut n) = (self.unit(), 0);
        while product > (-mean).exp() {
            product *= self.unit();
            n += 1;
        }
        n
    }
    /// A gamma factor of mean one that clumps counts as k = 4 does.
    pub(super) fn clump(&mut self) -> f64 {
        (0..4).map(|_| -self.unit().max(1e-12).ln()).sum::<f64>() / 4.0
    }
}

/// Posts at `rate(hour)` an hour, Poisson, from hour to hour.
pub(super) fn stream(
    chance: &mut Chance,
    (from, to): (i32, i32),
    rate: impl Fn(f64) -> f64,
    make: impl Fn(f64) -> MentionRecord,
) -> Vec<MentionRecord> {
    let mut posts = Vec::new();
    for hour in from..to {
        let hour = f64::from(hour);
        for _ in 0..chance.poisson(rate(hour)) {
            posts.push(make(hour + chance.unit()));
        }
    }
    posts
}

#[derive(Default)]
pub(super) struct Numbers(i64);

impl Numbering for Numbers {
    fn next(&mut self) -> (IncidentId, u64) {
        self.0 += 1;
        (IncidentId(self.0), self.0.unsigned_abs())
    }
}

/// One lookout with its clock.
pub(super) struct World {
    pub(super) lookout: Lookout,
    pub(super) events: Vec<IncidentEvent>,
    pub(super) attached: Vec<(MentionId, IncidentId)>,
    numbers: Numbers,
    ids: i64,
    blind: Box<dyn Fn(Timestamp) -> bool>,
}

impl World {
    /// Watching since `days` before the start.
    pub(super) fn since(days: i64) -> Self {
        let company = CompanyName("青空テレコム".into());
        Self {
            lookout: Lookout::new(company, LookoutParams::default(), start() - Span::days(days)),
            events: Vec::new(),
            attached: Vec::new(),
            numbers: Numbers::default(),
            ids: 0,
            blind: Box::new(|_| false),
        }
    }

    pub(super) fn blind(mut self, blind: impl Fn(Timestamp) -> bool + 'static) -> Self {
        self.blind = Box::new(blind);
        self
    }

    /// Gives every post its number and, where it has none, an author and a text of its own.
    pub(super) fn number(&mut self, mut record: MentionRecord) -> MentionRecord {
        self.ids += 1;
        record.id = MentionId(self.ids);
        record.post_id = PostId(self.ids);
        if record.post.external_id.is_empty() {
            record.post.external_id = format!("p{}", self.ids);
        }
        record.author_key.get_or_insert_with(|| format!("a{}", self.ids));
        if record.text_key.is_empty() {
            record.text_key = format!("t{}", self.ids);
        }
        record
    }

    /// Runs posts in order of their collection, then on until `hours`. Steps only when something is due.
    pub(super) fn run(&mut self, mut posts: Vec<MentionRecord>, hours: f64) -> &mut Self {
        posts.sort_by_key(|r| r.post.collected_at);
        for record in posts {
            let at = record.post.collected_at;
            self.wait(at);
            let record = self.number(record);
            self.lookout.observe(&record);
            self.step(at);
        }
        let end = start() + Span::from_millis((hours * 3_600_000.0) as i64);
        self.wait(end);
        self.step(end);
        self
    }

    fn wait(&mut self, until: Timestamp) {
        while let Some(due) = self.lookout.next_due().filter(|due| *due < until) {
            self.step(due);
        }
    }

    pub(super) fn step(&mut self, now: Timestamp) {
        let Step { events, attached } = self.lookout.step(now, &self.blind, &mut self.numbers);
        self.events.extend(events);
        self.attached.extend(attached);
    }

    /// When an incident of this category was first at this level or above, in hours after the start.
    pub(super) fn reached(&self, category: &Category, level: Level) -> Option<f64> {
        let hit = self.events.iter().find(|e| e.incident.level >= level && e.incident.category == *category);
        hit.map(|e| (e.at - start()).as_hours())
    }

    pub(super) fn top(&self) -> Level {
        self.events.iter().map(|e| e.incident.level).max().unwrap_or_default()
    }

    pub(super) fn incidents(&self) -> usize {
        self.numbers.0 as usize
    }

    pub(super) fn states(&self) -> Vec<State> {
        let mut states: Vec<State> = self.events.iter().map(|e| e.incident.state).collect();
        states.dedup();
        states
    }

    /// All reasons, for messages of failing tests.
    pub(super) fn told(&self) -> String {
        let line = |e: &IncidentEvent| {
            let i = &e.incident;
            let at = (e.at - start()).as_hours();
            format!("{at:.1}h {} {} {} {} {} {:?}\n", i.code(), e.kind, i.level.ja(), i.state, e.reason, i.counts)
        };
        self.events.iter().map(line).collect()
    }
}
