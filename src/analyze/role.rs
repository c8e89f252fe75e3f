//! The company's part in the story of one post.

use super::{
    finder::Finder,
    score::{Sums, View},
};
use crate::model::mention::Role;

/// How far behind a name the words that make it a reporter may begin, in letters.
const BEHIND: usize = 10;

/// What the cues around a company say, apart from the sums.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Part {
    /// «Xによると»: it tells of others.
    pub(super) reporter: bool,
    /// The anger is aimed at those who complain.
    pub(super) complainer: bool,
    /// Somebody else did it to the company.
    pub(super) victim: f32,
}

/// Reads the cues.
pub(super) fn part(views: &[View<'_>], finder: &Finder) -> Part {
    let mut part = Part::default();
    let (mut names, mut reports) = (0, 0);
    for view in views {
        let section = view.section;
        for own in &view.own {
            names += 1;
            let reach = own.end + section.normal.window_after(own.end, BEHIND).len();
            let said = section.cues(finder, "reporter").any(|c| c.range.start >= own.end && c.range.start <= reach);
            // A company that tells of itself («Xによると») is no reporter: media are, and those who name somebody else.
            let tells = said && (view.own_is_media || view.others.iter().any(|o| !o.media));
            reports += usize::from(tells);
            let sentence = section.sentence(own.start);
            for cue in section.cues(finder, "victim") {
                let near = sentence.start <= cue.range.start && cue.range.end <= sentence.end;
                let weight = finder.entry(cue).map_or(0.0, |e| e.weight);
                part.victim += if near { weight } else { weight * 0.4 };
            }
        }
    }
    part.reporter = names > 0 && reports == names;
    part.victim /= f32::from(u8::try_from(names.clamp(1, 255)).unwrap_or(1));
    part.complainer = views.iter().map(|v| v.section.cue_sum(finder, "complainer")).sum::<f32>() >= 1.0;
    part
}

/// The role by sums and cues.
pub(super) fn role(sums: &Sums, part: Part) -> Role {
    let risk = sums.is_complaint() || sums.is_leak() || sums.is_incident();
    let told = sums.unowned >= 2.2;
    if part.reporter {
        return if told { Role::Bystander } else { Role::Unrelated };
    }
    if part.complainer {
        return Role::Bystander;
    }
    if sums.leak_denied && !risk {
        return Role::Victim;
    }
    if sums.praise >= 1.9 && sums.praise >= 0.8 * (sums.complaint + sums.incident) {
        return Role::Praised;
    }
    if risk && part.victim >= 1.0 {
        return Role::Victim;
    }
    if risk {
        return Role::Accused;
    }
    if sums.praise >= 1.5 {
        return Role::Praised;
    }
    if told && !sums.if_only { Role::Bystander } else { Role::Unrelated }
}
