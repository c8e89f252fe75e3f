//! The posts of one outlet, ready to be asked what is new at a moment.

use super::super::{draft::Outlet, world::World};
use crate::model::{
    post::Post,
    time::{Span, Timestamp},
};

/// How far before the week a feed reaches back, so that it is not empty when the week begins.
const BACK: Span = Span::hours(12);

/// The posts of one outlet by publication, each with every look at it.
pub(super) struct Shelf(Vec<Vec<Post>>);

impl Shelf {
    pub(super) fn of(outlet: Outlet, world: &World) -> Self {
        let mut items: Vec<Vec<Post>> = Vec::new();
        let mut places = std::collections::HashMap::new();
        for post in world.history.iter().chain(&world.week) {
            let published = post.published_at.unwrap_or(post.collected_at);
            if post.source.0 != outlet.name() || published < world.week_start - BACK {
                continue;
            }
            let place = *places.entry(post.external_id.clone()).or_insert(items.len());
            match items.get_mut(place) {
                Some(looks) => looks.push(post.clone()),
                None => items.push(vec![post.clone()]),
            }
        }
        items.sort_by_key(|looks| looks.first().and_then(|post| post.published_at));
        Self(items)
    }

    /// The newest `page` items published up to `now`, newest first, each as it looks now.
    pub(super) fn newest(&self, now: Timestamp, page: usize) -> Vec<&Post> {
        let published =
            |looks: &Vec<Post>| looks.first().and_then(|post| post.published_at).is_some_and(|at| at <= now);
        let until = self.0.partition_point(published);
        let shown = self.0.iter().take(until).rev().take(page);
        shown.filter_map(|looks| looks.iter().rev().find(|look| look.collected_at <= now).or(looks.first())).collect()
    }
}

/// When what is shown last changed: a publication, or a look at a video's counter.
pub(super) fn changed_at(shown: &[&Post], now: Timestamp) -> Option<Timestamp> {
    let when = |post: &&Post| {
        let looked = Some(post.collected_at).filter(|at| post.views.is_some() && *at <= now);
        post.published_at.max(looked)
    };
    shown.iter().filter_map(when).max()
}
