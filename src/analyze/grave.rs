//! Posts of which one is enough for somebody to look, and the kind of story that a critical post tells.

use std::collections::BTreeMap;

use super::{
    finder::Finder,
    score::{Sums, View},
};
use crate::model::mention::{Grave, Role, Stance};

/// Whether one such post is enough (decision 14). A symptom of a leak is not a claim of one.
pub(super) fn grave(views: &[View<'_>], finder: &Finder, sums: &Sums, stance: Stance, role: Role) -> Option<Grave> {
    let cue = |group: &str| -> f32 { views.iter().map(|v| v.section.cue_sum(finder, group)).sum() };
    let owned = |axis: &str, groups: &[&str]| {
        sums.points
            .iter()
            .filter(|p| p.axis == axis && groups.contains(&p.group.as_str()) && !p.negated)
            .map(|p| p.weight)
            .fold(0.0f32, f32::max)
    };
    if matches!(stance, Stance::Report | Stance::Official | Stance::AgainstPoster) || role != Role::Accused {
        // A threat against the company makes it a victim, and is grave all the same.
        let threatened = cue("threat") >= 1.0 && !matches!(stance, Stance::Report | Stance::Official);
        return threatened.then_some(Grave::Threat);
    }
    if cue("threat") >= 1.0 {
        return Some(Grave::Threat);
    }
    if stance == Stance::Hearsay || sums.if_only {
        return None;
    }
    let insider = cue("insider");
    if insider >= 1.0 && (sums.leak > 0.0 || sums.axis("conduct") >= 1.5 || sums.axis("safety") >= 1.5)
        || cue("contact") >= 1.0
    {
        return Some(Grave::Insider);
    }
    // The noun alone is no harm («入院の日額»): somebody has to have suffered or found it, and not as a thing insured.
    let harm = owned("safety", &["found", "burnt"]).max(if cue("insured") < 1.0 {
        owned("safety", &["sick", "hurt"])
    } else {
        0.0
    });
    if stance == Stance::Firsthand && harm >= 1.8 {
        return Some(Grave::Injury);
    }
    let claimed = owned("leak", &["claim"]) >= 2.5
        || stance == Stance::Firsthand && cue("own_data") >= 1.0 && owned("leak", &["explicit", "privacy"]) >= 2.5;
    (claimed && sums.is_leak()).then_some(Grave::LeakClaim)
}

/// The kind of story, the same for different wordings: embers are gathered by it.
pub(super) fn symptom(views: &[View<'_>], finder: &Finder, sums: &Sums, stance: Stance) -> Option<String> {
    if matches!(stance, Stance::Report | Stance::Official | Stance::AgainstPoster) {
        return None;
    }
    let mut keys: BTreeMap<&str, f32> = BTreeMap::new();
    for view in views {
        for entry in view.section.hits.iter().filter_map(|h| finder.entry(h)).filter(|e| &*e.axis == "symptom") {
            let key = entry.group.split_once('/').map_or(&*entry.group, |(_, key)| key);
            *keys.entry(key).or_default() += entry.weight.max(0.5);
        }
    }
    // A story put together from its pieces is the more exact reading.
    for key in &sums.stories {
        *keys.entry(key).or_default() += 6.0;
    }
    // Ties go to the key that sorts first, so that the answer never depends on order.
    let mut best: Option<(&str, f32)> = None;
    for (key, sum) in keys {
        if best.is_none_or(|(_, most)| sum > most) {
            best = Some((key, sum));
        }
    }
    best.map(|(key, _)| key.to_owned())
}
