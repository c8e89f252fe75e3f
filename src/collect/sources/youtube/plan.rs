//! What to ask YouTube next, so that the day's grant lasts the day.
//!
//! - Searches are spread evenly over what is left of the day; a tenth is kept for open incidents.
//! - Numbers and descriptions of known videos: young ones and growing ones more often.
//! - Comments: only under videos that name a word, only when YouTube counts more of them than we have heard, and not
//!   ahead of an even use of the day.

use super::{
    Params,
    memory::{Memory, Step, Video},
};
use crate::{
    collect::{
        budget::{Grant, pacific_day},
        source::Next,
    },
    model::time::{Span, Timestamp},
};

/// Videos of one look: YouTube's own bound.
const LOOK: usize = 50;
/// Pages of one search, and of one video's comments.
pub(super) const PAGES: u32 = 3;
/// A look that is made anyway takes those with it that were due within this.
const SOON: Span = Span::minutes(15);
/// How far the day may be ahead of an even use.
const AHEAD: Span = Span::hours(1);

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Plan {
    Ask(Step),
    /// Nothing before then.
    Wait(Timestamp),
    /// The day's searches are used up, and nothing else is to be done.
    Spent(Timestamp),
}

/// What to do at `now`.
pub(super) fn next(memory: &Memory, params: &Params, urgent: bool, now: Timestamp) -> Plan {
    let may_search = memory.searches.left(params.searches.ceiling(urgent).max(1)) > 0;
    let may_look = memory.units.left(params.units.ceiling(urgent).max(1)) > 0;
    if (memory.paging.is_some() || now >= memory.search_at) && may_search {
        return Plan::Ask(Step::Search);
    }
    if may_look {
        if let Some(ids) = due(memory, now) {
            return Plan::Ask(Step::Look(ids));
        }
        if let Some(video) = heard_of(memory, params, urgent, now) {
            return Plan::Ask(Step::Hear(video));
        }
    }
    let reset = pacific_day(now).1;
    let look = memory.videos.iter().map(|video| video.look_at).min().filter(|_| may_look).unwrap_or(reset);
    if may_search {
        Plan::Wait(memory.search_at.min(look))
    } else if now >= memory.search_at && look > now {
        Plan::Spent(reset)
    } else {
        Plan::Wait(look.min(reset))
    }
}

/// When to go on after an answer.
pub(super) fn after(memory: &Memory, params: &Params, urgent: bool, now: Timestamp) -> Next {
    match next(memory, params, urgent, now) {
        Plan::Ask(_) => Next::AtOnce,
        Plan::Wait(then) | Plan::Spent(then) => Next::At(then),
    }
}

/// The pause until the next search: what is left of the day, shared among what is left of the searches.
pub(super) fn pause(memory: &Memory, params: &Params, urgent: bool, now: Timestamp) -> Span {
    let left = memory.searches.left(params.searches.ceiling(urgent).max(1));
    let rest = pacific_day(now).1 - now;
    let shared = Span::from_millis(rest.millis() / i64::try_from(left).unwrap_or(i64::MAX).max(1));
    params.every.max(shared)
}

/// Whether the day's searches have a page more to give: not when they are ahead of an even use, and not near the end.
pub(super) fn may_turn_page(memory: &Memory, params: &Params, now: Timestamp) -> bool {
    let even = Grant(params.searches.ceiling(false)).even(pacific_day(now), now, AHEAD);
    memory.searches.used() < even.min(params.searches.slow())
}

/// When to look at a video again.
pub(super) fn look_again(video: &Video, grew: bool, memory: &Memory, params: &Params, now: Timestamp) -> Timestamp {
    let age = now - video.published;
    let usual = match age.as_minutes() / 60 {
        ..6 => Span::minutes(30),
        6..48 => Span::hours(2),
        48..168 => Span::hours(6),
        _ => Span::days(1),
    };
    let slow = memory.units.used() >= params.units.slow();
    now + match (grew, slow) {
        (true, false) => Span::from_millis(usual.millis() / 2),
        (false, true) => usual.times(2),
        _ => usual,
    }
}

fn due(memory: &Memory, now: Timestamp) -> Option<Vec<String>> {
    let mut soon: Vec<&Video> = memory.videos.iter().filter(|video| video.look_at <= now + SOON).collect();
    if soon.iter().all(|video| video.look_at > now) {
        return None;
    }
    soon.sort_by_key(|video| video.look_at);
    Some(soon.into_iter().take(LOOK).map(|video| video.id.clone()).collect())
}

fn heard_of(memory: &Memory, params: &Params, urgent: bool, now: Timestamp) -> Option<String> {
    let used = memory.units.used();
    if !urgent && used >= params.units.even(pacific_day(now), now, AHEAD).min(params.units.slow()) {
        return None;
    }
    if let Some(thread) = &memory.thread {
        return Some(thread.video.clone());
    }
    let speaks = |video: &&Video| video.named && !video.mute && !video.missed && video.said != video.heard;
    memory.videos.iter().filter(speaks).max_by_key(|video| video.published).map(|video| video.id.clone())
}
