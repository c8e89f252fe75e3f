//! The company's part in an incident, and what the incident is about: both by what most posts say.

use std::collections::BTreeMap;

use super::super::digest::{Cue, Seen};
use crate::model::{
    incident::IncidentRole,
    mention::{Category, Grave, Role},
};

/// Posts that must have spoken before a guess is changed.
const SPOKEN: f64 = 3.0;
/// Old posts weigh less: each new one takes this share away, so that a turned story is noticed.
const FADE: f64 = 0.995;
/// How much better another category must fit.
const BETTER: f64 = 1.5;

/// Running tallies over the posts of one incident.
#[derive(Debug, Clone, Default)]
pub(in crate::detect) struct Voices {
    all: f64,
    accused: f64,
    victim: f64,
    bystander: f64,
    pretender: f64,
    contractor: f64,
    twisted: f64,
    harmed: f64,
    insider: bool,
    categories: BTreeMap<Category, f64>,
}

impl Voices {
    pub(in crate::detect) fn hear(&mut self, seen: &Seen) {
        for tally in [
            &mut self.all,
            &mut self.accused,
            &mut self.victim,
            &mut self.bystander,
            &mut self.pretender,
            &mut self.contractor,
            &mut self.twisted,
            &mut self.harmed,
        ] {
            *tally *= FADE;
        }
        self.all += 1.0;
        let add = |tally: &mut f64, spoke: bool| *tally += if spoke { 1.0 } else { 0.0 };
        add(&mut self.accused, seen.role == Role::Accused);
        add(&mut self.victim, seen.role == Role::Victim);
        add(&mut self.bystander, seen.role == Role::Bystander);
        add(&mut self.pretender, seen.has(Cue::Pretender));
        add(&mut self.contractor, seen.has(Cue::Contractor));
        add(&mut self.twisted, seen.has(Cue::Twisted));
        add(&mut self.harmed, seen.has(Cue::Harmed));
        self.insider |= seen.grave == Some(Grave::Insider);
        if seen.counts() {
            *self.categories.entry(seen.category.clone()).or_default() += 1.0;
        }
    }

    /// Most posts are about another company.
    pub(in crate::detect) fn elsewhere(&self) -> bool {
        self.all >= SPOKEN && self.bystander > 0.6 * self.all
    }

    /// The company's part. `now` is what it was held to be; it stays where the posts are divided.
    pub(in crate::detect) fn role(&self, now: IncidentRole) -> IncidentRole {
        if self.all < SPOKEN && now != IncidentRole::Unknown {
            return now;
        }
        // What was said before needs less to stay than something new needs to come.
        let share = |tally: f64, needed: f64, role: IncidentRole| {
            let needed = if role == now { needed * 0.6 } else { needed };
            tally > 0.0 && tally >= needed * self.all
        };
        if share(self.pretender, 0.4, IncidentRole::Impersonated) {
            IncidentRole::Impersonated
        } else if share(self.contractor, 0.25, IncidentRole::ClientOfContractor)
            || share(self.contractor, 0.25, IncidentRole::ContractorStaff)
        {
            let harmed = share(self.victim, 0.3, IncidentRole::ClientOfContractor);
            if harmed { IncidentRole::ClientOfContractor } else { IncidentRole::ContractorStaff }
        } else if share(self.twisted, 0.3, IncidentRole::Misquoted) {
            IncidentRole::Misquoted
        } else if share(self.victim, 0.5, IncidentRole::Victim) || share(self.harmed, 0.5, IncidentRole::Victim) {
            IncidentRole::Victim
        } else if self.insider || share(self.accused, 0.3, IncidentRole::SelfCaused) {
            IncidentRole::SelfCaused
        } else {
            IncidentRole::Unknown
        }
    }

    /// What it is about. A cause explains complaints, complaints do not explain a cause: a quarter of the posts about
    /// a leak or a danger makes it one.
    pub(in crate::detect) fn category(&self, now: &Category) -> Category {
        let total: f64 = self.categories.values().sum();
        let of = |c: &Category| self.categories.get(c).copied().unwrap_or(0.0);
        if total < 2.0 * SPOKEN {
            return now.clone();
        }
        let best = |causes: bool| {
            let fits = |c: &Category| is_cause(c) == causes;
            let mine = self.categories.iter().filter(|(c, _)| fits(c));
            mine.max_by(|a, b| a.1.total_cmp(b.1).then(b.0.precedence().cmp(&a.0.precedence())))
        };
        let cause = best(true).filter(|(_, n)| **n >= 0.25 * total);
        let Some((category, n)) = cause.or_else(|| best(false)) else { return now.clone() };
        let reaction_only = cause.is_none() && is_cause(now) && (of(now) >= 0.05 * total || total < 20.0);
        let same_kind = cause.is_some() == is_cause(now);
        if reaction_only || same_kind && *n < BETTER * of(now) { now.clone() } else { category.clone() }
    }
}

/// Whether a category is a cause of its own; the others are often reactions to one.
pub(in crate::detect) fn is_cause(category: &Category) -> bool {
    matches!(category.as_str(), "leak" | "safety")
}
