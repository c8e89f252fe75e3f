//! What to ask X next, and what it may cost: the whole of our thrift in one place.
//!
//! - Counts come first and are always affordable: half of what is left of the month is theirs, and the pause between
//!   them grows as money gets short (twice as long from 80 % on).
//! - Posts are read right after a count, never after a failure: a dead network then costs a count and not a page.
//! - A sample is read where the month is not ahead of an even use; a moving curve may run ahead of it, but no day takes
//!   more than a quarter of the month (half while an incident is open).
//! - Old posts are looked up again within a quarter of an even day's money.

use super::{
    Params,
    memory::{Memory, Step, Why},
};
use crate::{
    collect::{budget, source::Next},
    model::time::{Span, Timestamp},
};

/// Posts on a page, at least and at most: X's own bounds.
pub(super) const PAGE: (u64, u64) = (10, 100);
/// Pages of one search.
pub(super) const PAGES: u32 = 5;
/// Posts that one look at old ones may name: X's own bound.
const CHECK: usize = 100;
/// The longest pause between two counts while there is money at all.
const LONGEST: Span = Span::hours(6);
/// Between two samples.
pub(super) const SAMPLE: Span = Span::hours(1);

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Plan {
    /// Ask this; it costs so much at most.
    Ask(Step, u64),
    /// Nothing before then.
    Wait(Timestamp),
    /// There is no money before then.
    Spent(Timestamp),
}

/// What to do at `now`.
pub(super) fn next(memory: &Memory, params: &Params, urgent: bool, now: Timestamp) -> Plan {
    let unsettled = memory.asked.is_some();
    if now >= memory.count_at {
        let left = memory.month.left(params.monthly.ceiling(urgent));
        return if left >= params.count {
            Plan::Ask(Step::Count(memory.counted_until), params.count)
        } else {
            Plan::Spent(budget::month(now).1)
        };
    }
    let wanted = memory.wanted.filter(|_| !unsettled);
    if let Some(why) = wanted {
        let afford = (money(memory, params, why, urgent, now) / params.post).min(PAGE.1);
        // What X counted since, and some that were written meanwhile.
        let posts = if memory.paging.is_some() { PAGE.1 } else { memory.waiting.saturating_add(PAGE.0) };
        let posts = posts.clamp(PAGE.0, PAGE.1).min(afford);
        if posts >= PAGE.0 {
            return Plan::Ask(Step::Search(posts), posts * params.post);
        }
    }
    if !unsettled && let Some(ids) = to_check(memory, params, now) {
        let cost = params.post * ids.len() as u64;
        return Plan::Ask(Step::Check(ids), cost);
    }
    Plan::Wait(memory.count_at)
}

/// When to go on after an answer.
pub(super) fn after(memory: &Memory, params: &Params, urgent: bool, now: Timestamp) -> Next {
    match next(memory, params, urgent, now) {
        Plan::Ask(..) => Next::AtOnce,
        Plan::Wait(then) | Plan::Spent(then) => Next::At(then),
    }
}

/// The pause until the next count.
pub(super) fn pause(memory: &Memory, params: &Params, urgent: bool, now: Timestamp) -> Span {
    let left = memory.month.left(params.monthly.ceiling(urgent)) / 2;
    let rest = budget::month(now).1 - now;
    let counts = i64::try_from(left / params.count).unwrap_or(i64::MAX).max(1);
    let affordable = Span::from_millis(rest.millis() / counts);
    let slow = !urgent && memory.month.used() >= params.monthly.slow();
    params.every.times(if slow { 2 } else { 1 }).max(affordable.min(LONGEST))
}

/// What posts may cost now.
fn money(memory: &Memory, params: &Params, why: Why, urgent: bool, now: Timestamp) -> u64 {
    let month = budget::month(now);
    let monthly = match why {
        Why::Moves => params.monthly.ceiling(urgent),
        Why::Sample => params.monthly.even(month, now, Span::days(1)).min(params.monthly.slow()),
    };
    let daily = params.monthly.0 / if urgent { 2 } else { 4 };
    memory.month.left(monthly).min(memory.today.left(daily))
}

/// Posts to look up again: those that were not looked at for longest, as far as the day's share goes.
fn to_check(memory: &Memory, params: &Params, now: Timestamp) -> Option<Vec<String>> {
    let day = now.floor(Span::days(1)).millis() / Span::days(1).millis();
    let share = (params.monthly.0 / 30 / 4 / params.post).saturating_sub(memory.checked.used());
    let afford = memory.month.left(params.monthly.slow()) / params.post;
    let most = usize::try_from(share.min(afford)).unwrap_or(usize::MAX).min(CHECK);
    let mut old: Vec<_> = memory.known.iter().filter(|known| known.day < day).collect();
    // Stable: among those of one day the older ones come first.
    old.sort_by_key(|known| known.day);
    let ids: Vec<String> = old.into_iter().take(most).map(|known| known.id.clone()).collect();
    (!ids.is_empty()).then_some(ids)
}
