//! A contact that one company alone was given, and strangers who use it: the pieces of that story, put together.
//!
//! People tell it in two sentences as often as in one («Only they have this number. Today a seller of water filters
//! called.»), so no single pattern finds it. Each piece is harmless alone: a card used for one purpose, a sales call.
//!
//! # Invariants
//! A story needs a link to the company and an event. What the company itself did (its own calls) is no event, nor is
//! one that is told to have stopped.

use std::ops::Range;

use super::{
    document::Section,
    finder::{Finder, Hit},
    score::View,
};

/// How many sentences may lie between the link and the event.
const APART: usize = 4;
/// How many may lie between other pieces.
const BESIDE: usize = 1;
/// How far behind an event the words stand that say it has stopped, in letters.
const STOPPED: usize = 14;

/// A story that was put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Story {
    /// The symptom's key.
    pub(super) key: &'static str,
    /// What happened.
    pub(super) event: Range<usize>,
    /// What ties it to the company.
    pub(super) link: Range<usize>,
}

/// The stories of one section.
pub(super) fn stories(view: &View<'_>, finder: &Finder) -> Vec<Story> {
    let section = view.section;
    if view.own.is_empty() {
        return Vec::new();
    }
    let pieces = |group: &str| -> Vec<&Hit> {
        section
            .hits
            .iter()
            .filter(|h| finder.entry(h).is_some_and(|e| &*e.axis == "private" && &*e.group == group))
            .collect()
    };
    let (only, after, knows) = (pieces("only"), pieces("after"), pieces("knows"));
    if only.is_empty() && after.is_empty() && knows.is_empty() {
        return Vec::new();
    }
    let near = |of: &Range<usize>, among: &[&Hit], reach: usize| -> Option<Range<usize>> {
        let at = section.sentence_index(of.start);
        among
            .iter()
            .map(|h| (section.sentence_index(h.range.start).abs_diff(at), h.range.clone()))
            .filter(|(distance, _)| *distance <= reach)
            .min_by_key(|(distance, range)| (*distance, range.start))
            .map(|(_, range)| range)
    };
    let strangers = pieces("stranger");
    let stopped = pieces("stopped");
    let mut events: Vec<(&'static str, &Hit)> = Vec::new();
    for (group, key) in
        [("call", "勧誘の電話"), ("ring", "勧誘の電話"), ("mail", "迷惑メール・DM"), ("misuse", "不正利用")]
    {
        events.extend(
            pieces(group)
                .into_iter()
                // That a phone rings is no event before it is a stranger who calls.
                .filter(|h| group != "ring" || near(&h.range, &strangers, BESIDE).is_some())
                .filter(|h| !by_the_company(view, &h.range) && !has_stopped(section, &stopped, &h.range))
                .map(|h| (key, h)),
        );
    }
    let mut all: Vec<Story> = Vec::new();
    for (key, event) in events {
        if all.iter().any(|s| s.key == key) {
            continue;
        }
        let link = near(&event.range, &only, APART)
            .or_else(|| if key == "不正利用" { None } else { near(&event.range, &after, BESIDE) })
            .or_else(|| if key == "不正利用" { None } else { near(&event.range, &knows, BESIDE) });
        if let Some(link) = link {
            all.push(Story { key, event: event.range.clone(), link });
        }
    }
    all
}

/// «みどり屋通販から電話»: the company is the one who calls. «みどり屋通販から漏れた番号に電話» is something else.
fn by_the_company(view: &View<'_>, event: &Range<usize>) -> bool {
    let normal = &view.section.normal;
    let sentence = view.section.sentence(event.start);
    view.own.iter().filter(|o| o.start >= sentence.start && o.end <= event.end).any(|own| {
        let between = normal.slice(own.end..event.end);
        let between = between.strip_prefix("さん").or_else(|| between.strip_prefix('様')).unwrap_or(between);
        let calls = ["から", "より", "の営業", "の勧誘", "の電話", "の担当", "のオペレーター", "のセールス", "の配達"]
            .iter()
            .any(|w| between.starts_with(w));
        calls && !["漏", "流出", "情報", "番号", "名簿"].iter().any(|w| between.contains(w))
    })
}

fn has_stopped(section: &Section, stopped: &[&Hit], event: &Range<usize>) -> bool {
    let sentence = section.sentence(event.start);
    let reach = event.end + section.normal.window_after(event.end, STOPPED).len();
    let end = reach.min(sentence.end);
    stopped.iter().any(|h| h.range.start + 1 > event.start && h.range.start < end)
}
