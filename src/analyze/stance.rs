//! From where the writer speaks.

use super::{
    finder::Finder,
    role::Part,
    score::{Sums, View},
};
use crate::model::{
    mention::{Polarity, Role, Stance},
    post::{Channel, Post, SourceType},
};

/// Groups of hits that tell of something that happened to the writer.
const LIVED: &[&str] = &[
    "network", "delivery", "service", "access", "symptom", "claim", "illness", "object", "found", "sick", "hurt",
    "burnt",
];

/// The stance.
pub(super) fn stance(post: &Post, views: &[View<'_>], finder: &Finder, sums: &Sums, part: Part) -> Stance {
    let cue = |group: &str| -> f32 { views.iter().map(|v| v.section.cue_sum(finder, group)).sum() };
    if post.source_type == SourceType::Notice || post.channel == Channel::Official || cue("official") >= 1.0 {
        return Stance::Official;
    }
    if post.source_type == SourceType::News || post.channel == Channel::News {
        return Stance::Report;
    }
    if part.complainer {
        return Stance::AgainstPoster;
    }
    let (firsthand, hearsay) = (cue("firsthand"), cue("hearsay"));
    let lived: f32 =
        sums.points.iter().filter(|p| LIVED.contains(&p.group.as_str())).map(|p| p.weight).fold(0.0, f32::max);
    if hearsay >= 1.0 && firsthand < hearsay + 0.5 {
        return Stance::Hearsay;
    }
    if firsthand >= 1.0 || firsthand > 0.0 && lived > 0.0 || lived >= 2.0 && hearsay <= 0.0 {
        return Stance::Firsthand;
    }
    Stance::Opinion
}

/// For or against the company.
pub(super) fn polarity(sums: &Sums, role: Role) -> Polarity {
    let against = sums.complaint.max(sums.incident).max(if sums.is_leak() { sums.leak } else { 0.0 });
    match role {
        Role::Praised => Polarity::Positive,
        Role::Accused => Polarity::Negative,
        _ if sums.praise >= 1.5 && sums.praise > against => Polarity::Positive,
        _ => Polarity::Neutral,
    }
}
