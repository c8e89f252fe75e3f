//! What the hits say about one company: points per axis, what takes them back, and where the thresholds lie.
//!
//! Weights and thresholds fit each other; `tests/suite/quality.rs` holds them in place.

use std::{collections::BTreeMap, ops::Range};

use super::{
    compare::Ownership,
    document::Section,
    entities::Entity,
    finder::{Finder, Hit},
    normalize::letters,
    private,
};
use crate::model::{
    mention::{Category, Evidence},
    post::SourceType,
};

/// From here a grievance is one.
pub const COMPLAINT: f32 = 1.95;
/// From here a leak is meant.
pub const LEAK: f32 = 3.0;
/// From here an outage, a recall or a scandal is meant.
pub const INCIDENT: f32 = 2.2;
/// The same for advice and «what if».
const COMPLAINT_IF: f32 = 5.0;
/// The same for advice and «what if».
const LEAK_IF: f32 = 7.0;
/// What the story of a contact that only one company had weighs.
const STORY: f32 = 3.6;
/// Below this a word is weak.
const WEAK: f32 = 2.0;
/// From here, in letters, a text is long.
const LONG: usize = 280;
/// What remains of a weak word in a long text.
const STRAY: f32 = 0.6;
/// What a second and later hit of one group counts.
const REPEAT: f32 = 0.4;
/// From this many hits of one group on, more of them say nothing more.
const SATED: u32 = 6;
/// How far after a hit a negation reaches, in letters.
const NEGATION: usize = 22;
/// In news these groups alone voice a grievance; the rest reports a fact.
const VOICED: &[&str] =
    &["anger", "formal", "fraud", "quit", "attitude", "service", "buzz", "boycott", "blame", "sarcasm"];
/// In news these groups of the complaint axis are incidents.
const FACTS: &[&str] = &["network", "delivery", "product", "access"];
/// Groups of complaint words that a negation takes back («不満なし»); others are negations themselves.
const NEGATABLE: &[&str] = &["product", "mild", "formal", "fraud"];

/// One company's names in one section.
pub(super) struct View<'a> {
    /// The section.
    pub(super) section: &'a Section,
    /// The original text of the section.
    pub(super) original: &'a str,
    /// The company's names.
    pub(super) own: Vec<Range<usize>>,
    /// Everybody else's.
    pub(super) others: Vec<Entity>,
    /// The company reports for a living.
    pub(super) own_is_media: bool,
}

/// A hit with what remains of its weight.
#[derive(Debug, Clone)]
pub(super) struct Point {
    pub(super) axis: String,
    pub(super) group: String,
    pub(super) weight: f32,
    pub(super) full: f32,
    pub(super) negated: bool,
    pub(super) evidence: Evidence,
    pub(super) range: Range<usize>,
}

/// Sums of one company in one post.
#[derive(Debug, Clone, Default)]
pub(super) struct Sums {
    pub(super) axes: BTreeMap<String, f32>,
    pub(super) points: Vec<Point>,
    pub(super) complaint: f32,
    pub(super) leak: f32,
    pub(super) incident: f32,
    pub(super) praise: f32,
    /// Complaints about taste alone.
    pub(super) taste: f32,
    /// What would be there if everything belonged to the company.
    pub(super) unowned: f32,
    pub(super) leak_denied: bool,
    /// Advice or «what if».
    pub(super) if_only: bool,
    pub(super) sarcasm: bool,
    /// Keys of the stories about a contact that only the company was given.
    pub(super) stories: Vec<&'static str>,
}

impl Sums {
    /// A grievance.
    pub(super) fn is_complaint(&self) -> bool {
        self.complaint >= if self.if_only { COMPLAINT_IF } else { COMPLAINT }
    }

    /// A leak.
    pub(super) fn is_leak(&self) -> bool {
        self.leak >= if self.if_only { LEAK_IF } else { LEAK }
    }

    /// An outage, a recall, a scandal, an injury.
    pub(super) fn is_incident(&self) -> bool {
        !self.if_only && self.incident >= INCIDENT
    }

    pub(super) fn axis(&self, axis: &str) -> f32 {
        self.axes.get(axis).copied().unwrap_or(0.0)
    }
}

/// Adds up what `views` say.
pub(super) fn sums(views: &[View<'_>], finder: &Finder, source: SourceType) -> Sums {
    let mut all = Sums::default();
    let cue = |group: &str| -> f32 { views.iter().map(|v| v.section.cue_sum(finder, group)).sum() };
    all.sarcasm = cue("sarcasm") >= 1.0;
    let telling = cue("now") > 0.0 || cue("firsthand") >= 1.0;
    all.if_only = cue("advice") >= 1.0 || (cue("hypothetical") >= 1.0 && !telling);
    let formal = matches!(source, SourceType::News | SourceType::Notice);
    for view in views {
        let ownership = Ownership::new(view.section, &view.own, &view.others);
        for hit in &view.section.hits {
            if let Some(point) = point(view, &ownership, hit, finder, formal) {
                all.points.push(point);
            }
        }
        for story in private::stories(view, finder) {
            all.points.push(told(view, &ownership, &story));
            all.stories.push(story.key);
        }
    }
    deny(&mut all);
    gather(&mut all);
    temper(&mut all, formal);
    all
}

fn point(view: &View<'_>, ownership: &Ownership<'_>, hit: &Hit, finder: &Finder, formal: bool) -> Option<Point> {
    let entry = finder.entry(hit)?;
    if matches!(&*entry.axis, "modifier" | "quiet" | "private") || entry.weight <= 0.0 && &*entry.axis != "praise" {
        return None;
    }
    let section = view.section;
    // A symptom's words feed the axis before the slash: `leak/勧誘の電話`.
    let (axis, group) = match (&*entry.axis, entry.group.split_once('/')) {
        ("symptom", Some((axis, _))) => (axis, "symptom"),
        ("symptom", None) => return None,
        (axis, _) => (axis, &*entry.group),
    };
    let (mut axis, mut full) = (axis.to_owned(), entry.weight.abs());
    if formal && axis == "complaint" {
        if FACTS.contains(&group) {
            "incident".clone_into(&mut axis);
        } else if !VOICED.contains(&group) {
            full *= 0.3;
        }
    }
    // A stray weak word in a long text about everything says little.
    if !formal && full < WEAK && section.normal.original_len() > LONG {
        full *= STRAY;
    }
    if section.in_title {
        full *= if formal { 0.7 } else { 0.45 };
    }
    let negated = is_negated(section, finder, hit, &axis, group);
    let share = ownership.share(&hit.range);
    let weight = if negated { 0.0 } else { full * share };
    let range = section.normal.original_range(&hit.range);
    let evidence = Evidence {
        category: Category(axis.clone().into()),
        start: range.start,
        end: range.end,
        surface: letters(view.original, &range),
        weight,
        why: why(&entry.note, group, negated, share),
        in_title: section.in_title,
    };
    Some(Point { axis, group: group.to_owned(), weight, full, negated, evidence, range: hit.range.clone() })
}

/// A story weighs what a single strong symptom weighs, as near as its link is to the company.
fn told(view: &View<'_>, ownership: &Ownership<'_>, story: &private::Story) -> Point {
    let section = view.section;
    let full = if section.in_title { STORY * 0.45 } else { STORY };
    let share = ownership.share(&story.link).max(ownership.share(&story.event));
    let range = section.normal.original_range(&story.event);
    let evidence = Evidence {
        category: Category::LEAK,
        start: range.start,
        end: range.end,
        surface: letters(view.original, &range),
        weight: full * share,
        why: format!("{}（その会社だけが知る連絡先・内容に）", story.key),
        in_title: section.in_title,
    };
    Point {
        axis: "leak".to_owned(),
        group: "symptom".to_owned(),
        weight: full * share,
        full,
        negated: false,
        evidence,
        range: story.event.clone(),
    }
}

fn why(note: &str, group: &str, negated: bool, share: f32) -> String {
    let mut why = if note.is_empty() { group.to_owned() } else { note.to_owned() };
    if negated {
        why.push_str("（打ち消し）");
    } else if share < 0.3 {
        why.push_str("（他社の話）");
    } else if share < 0.9 {
        why.push_str("（社名から遠い）");
    }
    why
}

fn is_negated(section: &Section, finder: &Finder, hit: &Hit, axis: &str, group: &str) -> bool {
    let able = matches!(axis, "leak" | "incident" | "safety" | "conduct") && group != "symptom"
        || axis == "complaint" && NEGATABLE.contains(&group)
        || axis == "praise";
    if !able {
        return false;
    }
    // A word that contains its own «not» is not taken back by another within it.
    let sentence = section.sentence(hit.range.start);
    let reach = hit.range.end + section.normal.window_after(hit.range.end, NEGATION).len();
    section.cues(finder, "negation").any(|n| {
        // A bare «ない» takes back what stands right before it; «確認されていない» reaches over a comma.
        let bare = finder.entry(n).is_some_and(|e| e.weight < 1.0);
        let clause = section.clause(hit.range.end.saturating_sub(1));
        let letters = if axis == "praise" { NEGATION / 4 } else { NEGATION / 2 };
        // «ほかに漏れようがない» says that it did leak, and from where.
        let before = section.normal.slice(hit.range.end..n.range.start.max(hit.range.end));
        if ["よう", "ようも", "としか", "以外", "ほか", "しか"].iter().any(|w| before.ends_with(w)) {
            return false;
        }
        let near = hit.range.end + section.normal.window_after(hit.range.end, letters).len();
        let end = if bare { near.min(clause.end) } else { reach.min(sentence.end) };
        n.range.start >= hit.range.end && n.range.start < end
    })
}

/// A leak that is denied in so many words takes the intrusion words around it with it.
fn deny(all: &mut Sums) {
    let explicit = |p: &&Point| p.axis == "leak" && matches!(p.group.as_str(), "explicit" | "privacy");
    let denied = all.points.iter().filter(explicit).filter(|p| p.negated).count();
    let stands = all.points.iter().filter(explicit).filter(|p| !p.negated && p.weight >= 2.0).count();
    if denied > 0 && stands == 0 {
        all.leak_denied = true;
        for p in all.points.iter_mut().filter(|p| p.axis == "leak" && p.group != "symptom" && p.group != "claim") {
            p.weight = 0.0;
            p.evidence.weight = 0.0;
            p.negated = true;
        }
    }
}

/// The first hit of a group counts in full, later ones less.
fn gather(all: &mut Sums) {
    all.points.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    let mut seen: BTreeMap<(String, String), u32> = BTreeMap::new();
    for p in &mut all.points {
        let times = seen.entry((p.axis.clone(), p.group.clone())).or_default();
        if *times > 0 {
            p.weight *= if *times < SATED { REPEAT } else { 0.0 };
            p.evidence.weight = p.weight;
        }
        if p.weight > 0.0 {
            *times += 1;
            *all.axes.entry(p.axis.clone()).or_default() += p.weight;
            if p.axis == "complaint" && p.group == "taste" {
                all.taste += p.weight;
            }
        }
        if p.axis != "praise" && !p.negated {
            all.unowned += p.full;
        }
    }
}

/// Axes become sums: who is hurt or insulted also complains, and praise weighs against all but leaks.
fn temper(all: &mut Sums, formal: bool) {
    let (boycott, safety, conduct) = (all.axis("boycott"), all.axis("safety"), all.axis("conduct"));
    let own: f32 = all
        .axes
        .iter()
        .filter(|(axis, _)| {
            !matches!(axis.as_str(), "complaint" | "leak" | "incident" | "praise" | "boycott" | "safety" | "conduct")
        })
        .map(|(_, sum)| sum)
        .sum();
    all.leak = all.axis("leak");
    all.praise = all.axis("praise");
    all.complaint = all.axis("complaint") + boycott + own;
    if !formal {
        all.complaint += 0.8 * safety + 0.8 * conduct;
    }
    all.incident = all.axis("incident") + safety + conduct;
    if all.sarcasm && all.praise > 0.0 {
        all.complaint += 2.0;
        all.praise = 0.0;
        all.axes.insert("complaint".to_owned(), all.axis("complaint") + 2.0);
        all.axes.remove("praise");
    }
    if all.praise >= 2.0 {
        all.complaint = (all.complaint - 0.5 * all.praise).max(0.0);
        all.incident = (all.incident - 0.4 * all.praise).max(0.0);
    }
}
