//! Whether the sources can be read, and when a person is told that they cannot.
//!
//! # Invariants
//! Many that fail together are one notice. A notice is remembered in the store once somebody has it, so a restart
//! neither repeats nor forgets it; one that could not leave (the mail server may lie behind the same dead line) is tried
//! again at each look, and told as the past if sight comes back first.

use std::sync::Arc;

use anyhow::Result;
use tokio::{sync::watch, task::JoinSet};

use super::tasks::Shared;
use crate::{
    alert::sighting::{Dark, Sighting},
    model::{
        post::SourceName,
        source::SourceState,
        time::{Span, Timestamp},
    },
    store::{Sight, SightChange},
};

/// Between two looks. What is told is told after half an hour, so nothing hangs on a minute.
const LOOK: Span = Span::minutes(5);
/// One failure may be chance; after two in a row a source is dark.
const FAILURES: u32 = 2;
/// Most of them dark for so long: told. A line that comes back within it is nobody's business.
const BLIND: Span = Span::minutes(30);
/// Seen again for so long: over.
const WELL: Span = Span::minutes(30);
/// Between two notices that most are dark.
const SILENCE: Span = Span::hours(6);
/// A single one is told after this.
const LOST: Span = Span::days(1);

/// A source of the plan, and what is remembered of it.
#[derive(Debug, Clone)]
struct Eye {
    name: SourceName,
    state: Option<SourceState>,
}

/// What is to be remembered, and what is to be said: a saying takes hold once somebody has heard it.
#[derive(Debug, Default, PartialEq)]
struct Verdict {
    changes: Vec<SightChange>,
    says: Vec<(Sighting, Vec<SightChange>)>,
}

/// Looks every few minutes, until it is time to stop. Whatever goes wrong is tried again at the next look.
pub(super) async fn keep_watch(shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    loop {
        let next = shared.clock.now() + LOOK;
        if !shared.until(next, &mut stop).await {
            return;
        }
        // In a task of its own: a look that panics is no reason never to look again.
        let (mut round, shared) = (JoinSet::new(), Arc::clone(&shared));
        round.spawn(async move {
            let now = shared.clock.now();
            if let Err(error) = look(&shared, now).await {
                tracing::error!(task = "sight", "cannot tell whether the sources can be read: {error:#}");
            }
        });
        while let Some(ended) = round.join_next().await {
            if let Err(error) = ended {
                tracing::error!(task = "sight", "looking at the sources broke off: {error}");
            }
        }
    }
}

/// One look: what is so is remembered, and told where it is due. Returns what somebody has heard.
pub(super) async fn look(shared: &Shared, now: Timestamp) -> Result<Vec<Sighting>> {
    let store = shared.pipeline.store();
    let plan = shared.plan.borrow().clone();
    let (states, known) = (store.source_states().await?, store.sights().await?);
    let eye = |name: &SourceName| Eye { name: name.clone(), state: states.iter().find(|s| s.source == *name).cloned() };
    let eyes: Vec<Eye> = plan.sources.iter().map(|p| eye(p.name())).collect();
    let verdict = weigh(&eyes, &known, now);
    // First, and not only to save the trouble: where nothing can be written, what is said would be said at every look.
    if !verdict.changes.is_empty() {
        store.change_sights(&verdict.changes).await?;
    }
    let mut heard = Vec::new();
    for (sighting, changes) in verdict.says {
        tracing::warn!(task = "sight", "{}", words(&sighting));
        let Some(road) = shared.shortage.emergency() else { continue };
        if road.tell_sighting(&sighting, now).await {
            store.change_sights(&changes).await?;
            heard.push(sighting);
        }
    }
    Ok(heard)
}

/// For the log.
fn words(sighting: &Sighting) -> String {
    match sighting {
        Sighting::Blind { dark, all, .. } => format!("{} of {all} sources cannot be read", dark.len()),
        Sighting::SeesAgain { dark, all, .. } => {
            format!("sources can be read again; {} of {all} still cannot", dark.len())
        }
        Sighting::Lost(dark) => {
            let names: Vec<&str> = dark.iter().map(|d| d.source.0.as_str()).collect();
            format!("for more than a day nobody could read {}", names.join(", "))
        }
    }
}

fn is_dark(eye: &Eye) -> bool {
    eye.state.as_ref().is_some_and(|s| s.gone || s.errors >= FAILURES)
}

fn is_well(eye: &Eye) -> bool {
    eye.state.as_ref().is_none_or(|s| s.errors == 0 && !s.gone)
}

fn dark(eye: &Eye) -> Dark {
    let of = eye.state.as_ref();
    Dark {
        source: eye.name.clone(),
        last_ok_at: of.and_then(|s| s.last_ok_at),
        error: of.and_then(|s| s.last_error.clone()),
    }
}

/// How far apart, whichever is first: a clock that was set back must not silence anybody for long.
fn apart(a: Timestamp, b: Timestamp) -> Span {
    a.max(b) - a.min(b)
}

fn weigh(eyes: &[Eye], known: &[Sight], now: Timestamp) -> Verdict {
    let mut verdict = Verdict::default();
    let blind = all_together(eyes, known, now, &mut verdict);
    one_by_one(eyes, known, blind, now, &mut verdict);
    verdict
}

/// Most of them; says whether it is so, or was until a moment ago.
fn all_together(eyes: &[Eye], known: &[Sight], now: Timestamp, verdict: &mut Verdict) -> bool {
    let before = known.iter().find(|s| s.source.is_none());
    let kept = before.cloned().unwrap_or(Sight { source: None, since: None, told_at: None, well_since: None });
    let (gone_dark, all): (Vec<Dark>, usize) = (eyes.iter().filter(|e| is_dark(e)).map(dark).collect(), eyes.len());
    let mut sight = kept.clone();
    if gone_dark.len() * 2 > all {
        sight.since = sight.since.or_else(|| Some(tipped(eyes, now)));
        sight.well_since = None;
    } else if sight.since.is_some() {
        sight.well_since = sight.well_since.or(Some(now));
    }
    let Some(since) = sight.since else { return false };
    let over = SightChange::Keep(Sight { since: None, well_since: None, ..sight.clone() });
    // Told of this one, or told so short a time ago that this one is the same trouble to a person.
    let told_now = sight.told_at.is_some_and(|at| at >= since);
    let silent = sight.told_at.is_some_and(|at| apart(now, at) < SILENCE);
    match sight.well_since {
        None if apart(now, since) >= BLIND && !told_now && !silent => {
            let heard = SightChange::Keep(Sight { told_at: Some(now), ..sight.clone() });
            verdict.says.push((Sighting::Blind { since, dark: gone_dark, all }, vec![heard]));
        }
        Some(until) if apart(now, until) >= WELL => {
            // A word that should have left and never did is made up for; what was short or within the silence is not.
            if told_now || !silent && apart(until, since) >= BLIND {
                verdict.says.push((Sighting::SeesAgain { since, until, dark: gone_dark, all }, vec![over]));
            } else {
                verdict.changes.push(over);
                return false;
            }
        }
        _ => {}
    }
    if sight != kept {
        verdict.changes.push(SightChange::Keep(sight));
    }
    true
}

/// When more than half had been read for the last time.
fn tipped(eyes: &[Eye], now: Timestamp) -> Timestamp {
    let mut last: Vec<_> = eyes.iter().filter(|e| is_dark(e)).map(|e| dark(e).last_ok_at).collect();
    last.sort();
    last.get(eyes.len() / 2).copied().flatten().unwrap_or(now)
}

/// Each that has been dark for a day is told once, those of one look together.
fn one_by_one(eyes: &[Eye], known: &[Sight], blind: bool, now: Timestamp, verdict: &mut Verdict) {
    let (mut lost, mut heard) = (Vec::new(), Vec::new());
    for eye in eyes {
        let before = known.iter().find(|s| s.source.as_ref() == Some(&eye.name));
        match before {
            Some(_) if is_well(eye) => verdict.changes.push(SightChange::End(Some(eye.name.clone()))),
            None if is_dark(eye) => {
                // Since now and not since its last success: Hinomi itself may have been off.
                let (source, since) = (Some(eye.name.clone()), Some(now));
                verdict.changes.push(SightChange::Keep(Sight { source, since, told_at: None, well_since: None }));
            }
            Some(sight) if is_dark(eye) && !blind && is_due(sight, now) => {
                lost.push(dark(eye));
                heard.push(SightChange::Keep(Sight { told_at: Some(now), ..sight.clone() }));
            }
            _ => {}
        }
    }
    let unlisted = known.iter().filter_map(|s| s.source.as_ref()).filter(|name| !eyes.iter().any(|e| e.name == **name));
    verdict.changes.extend(unlisted.map(|name| SightChange::End(Some(name.clone()))));
    if !lost.is_empty() {
        verdict.says.push((Sighting::Lost(lost), heard));
    }
}

fn is_due(sight: &Sight, now: Timestamp) -> bool {
    sight.told_at.is_none() && sight.since.is_some_and(|since| apart(now, since) >= LOST)
}

#[cfg(test)]
mod tests;
