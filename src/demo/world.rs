//! The whole made-up world: companies, four weeks of history, one week, its stories and its feeds.
//!
//! # Invariants
//! The same seed and week give the same posts to the byte. `history` was collected before `week_start`, `week` after;
//! both are ordered by collection. A repeated identity is a later look at the same video.

use super::{
    chance::Chance,
    companies::{self, COMPANIES, Company},
    draft::{Draft, Outlet},
    feeds::FeedSpec,
    standing, stories,
    texts::Writer,
};
use crate::model::{
    incident::Level,
    post::{Post, SourceName},
    time::{Span, Timestamp},
};

/// Weeks of quiet before the one that is shown.
const HISTORY: Span = Span::days(28);
const WEEK: Span = Span::days(7);

/// A made-up world.
#[derive(Debug, Clone)]
pub struct World {
    /// Where the week begins.
    pub week_start: Timestamp,
    /// What to watch, as the file has it.
    pub watchlist_toml: String,
    /// The companies.
    pub companies: &'static [Company],
    /// Four weeks before the week, as they would lie in the database.
    pub history: Vec<Post>,
    /// The week.
    pub week: Vec<Post>,
    /// Where the week can be fetched.
    pub feeds: Vec<FeedSpec>,
    /// What happens in it.
    pub stories: Vec<StoryNote>,
}

/// What a story was, for whoever compares it with what was noticed.
#[derive(Debug, Clone, PartialEq)]
pub struct StoryNote {
    /// The company's canonical name.
    pub company: String,
    /// In Japanese.
    pub title: String,
    /// How it grows.
    pub shape: String,
    /// When its first post was published; for a weak signal this lies in the history.
    pub first_post_at: Timestamp,
    /// When the first paper wrote about it.
    pub first_press_at: Option<Timestamp>,
    /// How high it deserves to rise; 平常 for what must stay quiet.
    pub deserves: Level,
    /// Identities of its posts in the order of publication, reposts included.
    pub posts: Vec<String>,
}

impl World {
    /// Makes the world of `seed` around the week that starts at `week_start`, which should be midnight in Japan.
    pub fn generate(seed: u64, week_start: Timestamp) -> Self {
        let chance = Chance::new(seed);
        let (from, to) = (week_start - HISTORY, week_start + WEEK);
        let mut writer = Writer::default();
        let mut told: Vec<Vec<Draft>> =
            stories::PLOTS.iter().map(|plot| plot.tell(week_start, &mut writer, &chance)).collect();
        for company in &COMPANIES {
            told.push(standing::talk(company, (from, to), &mut writer, &mut chance.fork(company.name)));
        }
        let (posts, identities) = number(&told, to, &mut chance.fork("numbers"));
        let stories = stories::PLOTS.iter().zip(&told).zip(&identities).map(|((plot, drafts), ids)| {
            let mut order: Vec<(Timestamp, &String)> =
                drafts.iter().zip(ids).filter(|(draft, _)| draft.at < to).map(|(draft, id)| (draft.at, id)).collect();
            order.sort();
            StoryNote {
                company: plot.company.to_owned(),
                title: plot.title.to_owned(),
                shape: plot.shape.to_owned(),
                first_post_at: order.first().map_or(to, |(at, _)| *at),
                first_press_at: drafts.iter().filter(|d| d.outlet == Outlet::News).map(|d| d.at).min(),
                deserves: plot.deserves,
                posts: order.into_iter().map(|(_, id)| id.clone()).collect(),
            }
        });
        let stories = stories.collect();
        let (history, week) = posts.into_iter().partition(|post| post.collected_at < week_start);
        Self {
            week_start,
            watchlist_toml: companies::watchlist_toml(),
            companies: &COMPANIES,
            history,
            week,
            feeds: FeedSpec::all(),
            stories,
        }
    }

    /// One past the last moment of the week.
    pub fn week_end(&self) -> Timestamp {
        self.week_start + WEEK
    }
}

/// Gives every draft an identity in the order of publication, and turns each look at it into a post.
fn number(told: &[Vec<Draft>], to: Timestamp, chance: &mut Chance) -> (Vec<Post>, Vec<Vec<String>>) {
    let mut order: Vec<(Timestamp, usize, usize)> = told
        .iter()
        .enumerate()
        .flat_map(|(list, drafts)| drafts.iter().enumerate().map(move |(place, draft)| (draft.at, list, place)))
        .collect();
    order.sort_unstable();
    let mut identities: Vec<Vec<String>> = told.iter().map(|drafts| vec![String::new(); drafts.len()]).collect();
    let mut serial = chance.between(100_000, 900_000).unsigned_abs();
    let mut posts = Vec::new();
    for (at, list, place) in order {
        let Some(draft) = told.get(list).and_then(|drafts| drafts.get(place)) else { continue };
        if at >= to {
            continue;
        }
        serial += chance.between(1, 9).unsigned_abs();
        let identity = draft.outlet.identity(serial);
        let repost_of = draft.repost_of.and_then(|original| identities.get(list)?.get(original).cloned());
        let seen_at = at + Span::seconds(chance.between(40, 480));
        posts.extend(looks(draft, seen_at, to).into_iter().map(|(collected_at, views)| Post {
            source: SourceName(draft.outlet.name().to_owned()),
            external_id: identity.clone(),
            source_type: draft.outlet.source_type(),
            channel: draft.outlet.channel(),
            url: Some(draft.outlet.address(serial, &draft.author)),
            author: Some(draft.author.clone()),
            author_followers: None,
            title: draft.title.clone(),
            text: draft.text.clone(),
            published_at: Some(at),
            collected_at,
            reach: None,
            views,
            repost_of: repost_of.clone(),
        }));
        if let Some(slot) = identities.get_mut(list).and_then(|ids| ids.get_mut(place)) {
            *slot = identity;
        }
    }
    // Stable, so that posts of one second stay in the order of publication.
    posts.sort_by_key(|post| post.collected_at);
    (posts, identities)
}

/// When somebody looked at a draft, with what a video's counter showed then.
fn looks(draft: &Draft, seen_at: Timestamp, to: Timestamp) -> Vec<(Timestamp, Option<u64>)> {
    if draft.views.is_empty() {
        return vec![(seen_at, None)];
    }
    let later = |(at, views): &(Timestamp, u64)| ((*at).max(seen_at), Some(*views));
    draft.views.iter().map(later).filter(|(at, _)| *at < to).collect()
}
