//! Videos whose views double within a day: the fire that spreads before anybody writes.

use std::collections::{BTreeMap, VecDeque};

use super::digest::Seen;
use crate::model::time::{Span, Timestamp};

const DAY: Span = Span::hours(24);
/// A video nobody looks at doubles easily.
const VIEWS_MIN: u64 = 5_000;
const TIMES: f64 = 2.0;
/// One sample in so long is enough.
const SPACING: Span = Span::minutes(30);
/// A video without new numbers is forgotten.
const FORGET: Span = Span::days(4);

/// A video that has doubled.
#[derive(Debug, Clone)]
pub(super) struct Doubling {
    pub(super) seen: Seen,
    pub(super) views: u64,
    pub(super) times: f64,
}

impl Doubling {
    /// `再生31万（1日で2.4倍）`
    pub(super) fn ja(&self) -> String {
        let views = if self.views >= 10_000 { format!("{}万", self.views / 10_000) } else { self.views.to_string() };
        format!("再生{views}（1日で{:.1}倍）", self.times)
    }
}

#[derive(Debug, Clone)]
struct Video {
    first: Seen,
    samples: VecDeque<(Timestamp, u64)>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct ViewsDetector {
    videos: BTreeMap<u64, Video>,
}

impl ViewsDetector {
    /// Takes new numbers of a video, and says whether they are twice those of a day ago.
    pub(super) fn note(&mut self, seen: &Seen) -> Option<Doubling> {
        let (views, now) = (seen.views?, seen.collected_at);
        let video =
            self.videos.entry(seen.name).or_insert_with(|| Video { first: seen.clone(), samples: VecDeque::new() });
        // Why: the sample from before the day must stay, or a slow poller would never have a day to compare with.
        while video.samples.get(1).is_some_and(|(at, _)| *at <= now - DAY) {
            video.samples.pop_front();
        }
        let base = video.samples.front().filter(|(at, _)| *at >= now - DAY - Span::hours(6)).map(|(_, v)| *v);
        if video.samples.back().is_none_or(|(at, _)| now - *at >= SPACING) {
            video.samples.push_back((now, views));
        }
        let first = video.first.clone();
        if self.videos.len() > 64 {
            self.videos.retain(|_, v| v.samples.back().is_some_and(|(at, _)| *at > now - FORGET));
        }
        let times = views as f64 / base?.max(1) as f64;
        (views >= VIEWS_MIN && times >= TIMES).then_some(Doubling { seen: first, views, times })
    }
}
