//! What is told late: posts that could be collected only hours after they were written, as after an outage.

use super::wording::{commas, moment_with_day};
use crate::{
    alert::story::Story,
    model::time::{Span, Timestamp, Zone},
};

/// Slower than any source that works.
const LATE: Span = Span::hours(2);
const HOUR: Span = Span::hours(1);

/// When it was loudest and how long ago that is; empty unless most of the posts shown came late. Without it a reader
/// would take what happened at night for what happens now.
pub(super) fn late(story: &Story, now: Timestamp, zone: Zone) -> String {
    let late = story.posts.iter().filter(|p| p.post.collected_at - p.at >= LATE).count();
    let loudest = story.hourly.iter().max_by_key(|(at, posts)| (*posts, std::cmp::Reverse(*at)));
    match loudest {
        Some((at, posts)) if late * 2 > story.posts.len() && *posts > 0 && now - *at > LATE => format!(
            "遅れての通知です。投稿が最も多かったのは{}からの1時間（{}件）で、{}前のことです。情報源から届いたのは、そのあとでした。",
            moment_with_day(*at, now, zone),
            commas(*posts),
            (now - (*at + HOUR)).ja(),
        ),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::compose::samples;

    #[test]
    fn what_came_late_is_told_with_its_own_time() {
        let mut story = samples::critical();
        let now = story.event.at;
        assert_eq!(late(&story, now, Zone::JST), "", "it came in time");
        let night = (now - Span::hours(7)).floor(HOUR);
        story.hourly = (0..24).rev().map(|n| (now.floor(HOUR) - HOUR.times(n), 1)).collect();
        for (at, posts) in story.hourly.iter_mut().filter(|(at, _)| *at == night) {
            (*at, *posts) = (night, 1_234);
        }
        for post in &mut story.posts {
            (post.at, post.post.collected_at) = (night, now);
        }
        let told = late(&story, now, Zone::JST);
        assert!(told.contains(&night.short(Zone::JST)) && told.contains("1,234件"), "{told}");
        story.posts.iter_mut().for_each(|p| p.post.collected_at = p.at + Span::minutes(20));
        assert_eq!(late(&story, now, Zone::JST), "");
    }
}
