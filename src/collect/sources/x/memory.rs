//! What is remembered between two questions to X: the ledger, the curve, how far we have read, whom we still follow.
//!
//! # Invariants
//! The ledger survives whatever else cannot be read: an unreadable cursor falls back on the meter beside it, and another
//! query under the same name goes on with the same ledger. Money that is spent is spent.

use serde::{Deserialize, Serialize};

use super::{
    Params,
    curve::{Curve, MEMORY},
};
use crate::{
    collect::budget::{self, Ledger},
    model::{
        limits,
        source::{Cursor, Meter, MeterUnit, SourceState},
        time::{Span, Timestamp},
    },
};

/// Posts whose fate is followed.
const KNOWN: usize = 1_000;

/// All of it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Memory {
    /// For which query.
    pub query: String,
    /// Millionths of a dollar in the month.
    pub month: Ledger,
    /// The same in the day, for posts only.
    pub today: Ledger,
    /// Reserved for a question whose answer has not been read.
    pub asked: Option<Asked>,
    /// The curve, and until when it is known.
    pub curve: Curve,
    pub counted_until: Timestamp,
    /// When to count again.
    pub count_at: Timestamp,
    /// Why posts are wanted now; for as long as the count before is fresh.
    pub wanted: Option<Why>,
    /// Posts written since the last search, as X counts them.
    pub waiting: u64,
    pub searched_at: Timestamp,
    /// The newest post read.
    pub since: String,
    /// A search that is not at its end.
    pub paging: Option<Paging>,
    /// What we have read in the last days, to learn whether it is still there.
    pub known: Vec<Known>,
    /// Posts looked up again today.
    pub checked: Ledger,
}

/// A question that was paid for in advance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Asked {
    pub at: Timestamp,
    pub step: Step,
    pub reserved: u64,
    /// The periods that it was taken from.
    pub month: i64,
    pub day: i64,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Step {
    /// How many posts since then.
    Count(Timestamp),
    /// At most so many posts.
    Search(u64),
    /// Whether these are still there.
    Check(Vec<String>),
}

/// Why posts are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Why {
    /// The curve moves.
    Moves,
    /// A small sample, so that a quiet word is seen too.
    Sample,
}

/// Where a search goes on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Paging {
    pub token: String,
    pub pages: u32,
    pub newest: String,
}

/// One post that was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Known {
    /// Its newest version.
    pub id: String,
    /// Its first version, where it was edited: the name that it keeps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    /// The day of the last look, counted from 1970: within one day a post is paid for once.
    pub day: i64,
    /// The last look did not find it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub missed: bool,
}

impl Known {
    /// The name it has in our store.
    pub(super) fn name(&self) -> &str {
        self.root.as_deref().unwrap_or(&self.id)
    }
}

impl Memory {
    /// What `state` holds, as of `now`.
    pub(super) fn of(state: &SourceState, params: &Params, now: Timestamp) -> Self {
        let mut memory: Self = serde_json::from_str(&state.cursor.0).unwrap_or_else(|_| Self::from_meter(state, now));
        if memory.query != params.query {
            // Another word has another curve. What has been read stays read, and what was spent stays spent.
            let curve = Curve::default();
            let (query, count_at) = (params.query.clone(), now);
            memory = Self { query, curve, count_at, counted_until: now - MEMORY, paging: None, wanted: None, ..memory };
        }
        let day = budget::day(now).0;
        memory.month = memory.month.at(budget::month(now).0);
        memory.today = memory.today.at(day);
        memory.checked = memory.checked.at(day);
        memory
    }

    /// A cursor that nobody can read must not fill the purse again.
    fn from_meter(state: &SourceState, now: Timestamp) -> Self {
        let used = state.meter.filter(|m| m.unit == MeterUnit::Usd && m.resets_at > now).map_or(0, |m| micros(m.used));
        Self { month: Ledger::with(budget::month(now).0, used), ..Self::default() }
    }

    /// For people, and for the day on which the cursor cannot be read.
    pub(super) fn meter(&self, params: &Params, now: Timestamp) -> Meter {
        Meter {
            used: dollars(self.month.used()),
            limit: dollars(params.monthly.0),
            unit: MeterUnit::Usd,
            resets_at: budget::month(now).1,
        }
    }

    pub(super) fn cursor(&self) -> Cursor {
        Cursor(serde_json::to_string(self).unwrap_or_default())
    }

    /// Takes the price of `step` before it is asked.
    pub(super) fn reserve(&mut self, step: Step, cost: u64, now: Timestamp) {
        let month = self.month.take(cost);
        let day = if matches!(step, Step::Count(_)) { i64::MIN } else { self.today.take(cost) };
        self.asked = Some(Asked { at: now, step, reserved: cost, month, day });
    }

    /// The question is answered and cost so much. More than was reserved is taken as well: it is gone.
    pub(super) fn settle(&mut self, asked: &Asked, cost: u64) {
        self.asked = None;
        let unused = asked.reserved.saturating_sub(cost);
        self.month.give_back(unused, asked.month);
        self.today.give_back(unused, asked.day);
        let more = cost.saturating_sub(asked.reserved);
        self.month.take(more);
        self.today.take(more);
    }

    /// Remembers that a post was seen on `day`; whether that look was free, because it was paid for that day already.
    pub(super) fn see(&mut self, id: &str, name: &str, day: i64) -> bool {
        if let Some(known) = self.known.iter_mut().find(|k| k.id == id) {
            let free = known.day == day;
            (known.day, known.missed) = (known.day.max(day), false);
            return free;
        }
        // An edited post has a new id; the old one leads nowhere any more.
        self.known.retain(|k| k.name() != name);
        let root = (name != id).then(|| name.to_owned());
        self.known.push(Known { id: id.to_owned(), root, day, missed: false });
        false
    }

    /// Nobody is followed longer than their words are kept.
    pub(super) fn forget(&mut self, now: Timestamp, kept: Span) {
        self.known.retain(|k| written_at(&k.id).is_none_or(|at| now - at < kept));
        let over = self.known.len().saturating_sub(KNOWN);
        self.known.drain(..over);
    }
}

/// An id of X holds the time at which it was given.
pub(super) fn written_at(id: &str) -> Option<Timestamp> {
    const FIRST: i64 = 1_288_834_974_657;
    let number: i64 = id.parse().ok()?;
    Some(Timestamp::from_millis((number >> 22).saturating_add(FIRST)))
}

/// Whether `a` is newer than `b`. Ids are longer than a double can hold, so they stay texts.
pub(super) fn is_newer(a: &str, b: &str) -> bool {
    (a.len(), a) > (b.len(), b)
}

/// Millionths of a dollar, rounded up: a price is never taken for less than it is.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held between zero and a billion dollars")]
pub(super) fn micros(dollars: f64) -> u64 {
    (dollars.clamp(0.0, 1e9) * 1e6 - 1e-6).ceil().max(0.0) as u64
}

/// The same, rounded down: a limit is never taken for more than it is.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held between zero and a billion dollars")]
pub(super) fn whole_micros(dollars: f64) -> u64 {
    (dollars.clamp(0.0, 1e9) * 1e6 + 1e-6).floor() as u64
}

/// For people.
fn dollars(micros: u64) -> f64 {
    micros as f64 / 1e6
}

/// Whether an id looks like one: anything else would become a part of an address.
pub(super) fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= limits::FIELD_BYTES.min(24) && text.bytes().all(|b| b.is_ascii_digit())
}
