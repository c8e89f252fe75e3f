//! 24 hours as bars: table cells for the HTML part, block letters for the text part.

use super::wording::{commas, decimal, moment_with_day};
use crate::{
    alert::story::Story,
    model::time::{Span, Timestamp, Zone},
};

/// Height of the tallest bar in pixels.
const BAR: u64 = 64;

/// 24 hours as bars.
#[derive(Debug)]
pub(super) struct Chart {
    pub(super) bars: Vec<Bar>,
    pub(super) line: String,
    pub(super) start: String,
    pub(super) middle: String,
    pub(super) end: String,
    pub(super) last_four: String,
    pub(super) upper: String,
    pub(super) total: String,
}

#[derive(Debug)]
pub(super) struct Bar {
    pub(super) height: u64,
    pub(super) over: bool,
}

pub(super) fn chart(story: &Story, now: Timestamp, zone: Zone) -> Option<Chart> {
    let skip = story.hourly.len().saturating_sub(24);
    let hours = story.hourly.get(skip..).filter(|h| !h.is_empty())?;
    let tallest = hours.iter().map(|(_, n)| *n).max().unwrap_or(0).max(1);
    // A quiet day looks quiet: the ceiling is never lower than what is normal at most.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped; what is no number becomes 0")]
    let normal = story.upper.clamp(1.0, 1e9).ceil() as u64;
    let tallest = tallest.max(normal);
    let scaled = |n: u64, top: u64| u64::try_from(u128::from(n) * u128::from(top) / u128::from(tallest)).unwrap_or(top);
    let bars =
        hours.iter().map(|(_, n)| Bar { height: scaled(*n, BAR).max(2), over: *n as f64 > story.upper }).collect();
    let line = hours
        .iter()
        .map(|(_, n)| "▁▂▃▄▅▆▇█".chars().nth(usize::try_from(scaled(*n, 7)).unwrap_or(0)).unwrap_or('▁'))
        .collect();
    let last_four: Vec<String> = hours.iter().skip(hours.len().saturating_sub(4)).map(|(_, n)| commas(*n)).collect();
    let total = hours.iter().fold(0_u64, |sum, (_, n)| sum.saturating_add(*n));
    if total == 0 {
        // Nobody wrote all day: an ember of weeks, say. 24 empty bars would tell the opposite of the mail.
        return None;
    }
    let start = hours.first()?.0;
    let end = (hours.last()?.0 + Span::hours(1)).min(now.max(start));
    let middle = hours.get(hours.len() / 2)?.0;
    Some(Chart {
        bars,
        line,
        start: moment_with_day(start, now, zone),
        middle: format!("{}:{:02}", middle.civil(zone).hour, middle.civil(zone).minute),
        end: moment_with_day(end, now, zone),
        last_four: last_four.join("→"),
        upper: decimal(story.upper),
        total: commas(total),
    })
}
