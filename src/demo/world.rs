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

#[cfg(test)]
mod tests {
    use std::{
        collections::{HashMap, HashSet},
        sync::OnceLock,
    };

    use super::*;
    use crate::model::time::Zone;

    fn start() -> Timestamp {
        Timestamp::parse_rfc3339("2026-02-06T00:00:00+09:00").unwrap()
    }

    /// Making a world takes a while without optimisation, so the tests look at one together.
    fn shared() -> &'static World {
        static WORLD: OnceLock<World> = OnceLock::new();
        WORLD.get_or_init(|| World::generate(3, start()))
    }

    fn story<'w>(world: &'w World, title: &str) -> &'w StoryNote {
        world.stories.iter().find(|story| story.title.contains(title)).unwrap()
    }

    fn posts<'w>(world: &'w World, story: &StoryNote) -> Vec<&'w Post> {
        let ids: HashSet<&String> = story.posts.iter().collect();
        world.history.iter().chain(&world.week).filter(|post| ids.contains(&post.external_id)).collect()
    }

    #[test]
    fn a_seed_is_a_world_and_another_seed_is_another() {
        let (one, same, other) =
            (World::generate(1, start()), World::generate(1, start()), World::generate(2, start()));
        assert!(one.history == same.history && one.week == same.week && one.stories == same.stories);
        assert!(one.week != other.week);
        assert!(one.week.iter().take(50).zip(&other.week).all(|(a, b)| a.text != b.text));
    }

    #[test]
    fn volumes_are_such_that_a_weekend_can_be_read() {
        for seed in 1..=3 {
            let world = World::generate(seed, start());
            assert!((3000..=6300).contains(&world.week.len()), "{}", world.week.len());
            let before = world.history.len() / 4;
            assert!((2000..=3600).contains(&before), "{before}");
        }
    }

    #[test]
    fn posts_are_ordered_by_collection_and_each_side_keeps_to_its_weeks() {
        let world = shared();
        for side in [&world.history, &world.week] {
            assert!(side.windows(2).all(|pair| pair[0].collected_at <= pair[1].collected_at));
            assert!(side.iter().all(|post| post.published_at.unwrap() <= post.collected_at));
        }
        assert!(world.history.iter().all(|post| post.collected_at < start()));
        assert!(
            world.week.iter().all(|post| post.collected_at >= start() && post.published_at < Some(world.week_end()))
        );
    }

    #[test]
    fn an_identity_comes_again_only_for_a_video_with_more_plays() {
        let world = shared();
        let mut seen: HashMap<(&SourceName, &String), Option<u64>> = HashMap::new();
        for post in world.history.iter().chain(&world.week) {
            if let Some(before) = seen.insert((&post.source, &post.external_id), post.views) {
                assert!(before.is_some() && before <= post.views, "{}", post.external_id);
            }
        }
    }

    #[test]
    fn only_bots_and_reposts_say_the_same_twice() {
        let world = shared();
        let mut seen: HashMap<(&String, &Option<String>), &Post> = HashMap::new();
        for post in world.history.iter().chain(&world.week).filter(|post| post.repost_of.is_none()) {
            let Some(first) = seen.insert((&post.text, &post.title), post) else { continue };
            let advert =
                ["#", "プレゼント", "ポイント", "割引", "当て", "クーポン"].iter().any(|word| post.text.contains(word));
            assert!(first.external_id == post.external_id || advert, "{}", post.text);
        }
    }

    #[test]
    fn lengths_are_those_of_their_kind() {
        let world = shared();
        for post in world.history.iter().chain(&world.week) {
            let letters = post.text.chars().count();
            let bounds = match (&*post.source.0, &post.repost_of) {
                ("sns", _) => 15..=140,
                ("blog", None) => 120..=800,
                ("review", _) => 15..=200,
                _ => 15..=800,
            };
            assert!(bounds.contains(&letters), "{letters} in {}: {}", post.source, post.text);
        }
    }

    #[test]
    fn every_post_names_a_company_but_for_the_homonyms() {
        let world = shared();
        let names: Vec<&str> =
            world.companies.iter().flat_map(|c| c.aliases.iter().chain(c.products)).map(|name| name.text).collect();
        let storm: HashSet<&String> = story(world, "花粉").posts.iter().collect();
        let all: Vec<&Post> =
            world.history.iter().chain(&world.week).filter(|post| !storm.contains(&post.external_id)).collect();
        let nameless = all.iter().filter(|post| {
            let title = post.title.as_deref().unwrap_or_default();
            !names.iter().any(|name| post.text.contains(name) || title.contains(name))
        });
        let share = nameless.count() as f64 / all.len() as f64;
        assert!(share < 0.035, "{share}");
    }

    #[test]
    fn the_card_story_starts_at_night_and_the_press_has_the_number_next_morning() {
        let world = shared();
        let note = story(world, "カード");
        assert_eq!(note.first_post_at.rfc3339(Zone::JST), "2026-02-11T21:04:00+09:00");
        assert_eq!(note.first_press_at.unwrap().rfc3339(Zone::JST), "2026-02-12T10:28:00+09:00");
        let posts = posts(world, note);
        let number = posts.iter().find(|post| post.text.contains("最大約11万件")).unwrap();
        assert_eq!(number.source.0, "news", "{}", number.text);
        let night = posts.iter().filter(|post| post.published_at < Some(note.first_post_at + Span::hours(8)));
        assert!((4..60).contains(&night.clone().count()), "{}", night.count());
        assert!((800..2400).contains(&posts.len()), "{}", posts.len());
    }

    #[test]
    fn the_weak_signal_is_four_people_on_three_roads_in_four_wordings() {
        let world = shared();
        let note = story(world, "勧誘");
        let posts = posts(world, note);
        assert_eq!(posts.len(), 4);
        let (texts, authors): (HashSet<_>, HashSet<_>) = posts.iter().map(|p| (&p.text, &p.author)).unzip();
        assert_eq!((texts.len(), authors.len()), (4, 4));
        assert_eq!(posts.iter().map(|post| post.channel).collect::<HashSet<_>>().len(), 3);
        let days: Vec<i64> =
            posts.iter().map(|p| (p.published_at.unwrap() - start()).millis().div_euclid(86_400_000)).collect();
        assert_eq!(days, [-24, -11, 2, 4]);
        assert!(posts.iter().all(|post| post.text.contains("みどり屋") && !post.text.contains("漏")));
    }

    #[test]
    fn the_grave_post_stands_alone_but_for_one_blog_of_the_same_person() {
        let world = shared();
        let note = story(world, "接触");
        let posts = posts(world, note);
        assert_eq!(note.first_post_at.rfc3339(Zone::JST), "2026-02-09T19:20:00+09:00");
        assert_eq!(posts.iter().map(|post| &*post.source.0).collect::<Vec<_>>(), ["sns", "blog"]);
        assert_eq!(posts[0].author, posts[1].author);
        assert!(posts.iter().all(|post| post.text.contains("対応したの私です")));
    }

    #[test]
    fn the_video_is_looked_at_again_and_again() {
        let world = shared();
        let posts = posts(world, story(world, "荷扱い"));
        let looks: Vec<u64> = posts.iter().filter_map(|post| post.views).collect();
        assert!(looks.len() > 20 && *looks.last().unwrap() > 500_000, "{looks:?}");
        let talk = posts.iter().filter(|post| post.source.0 == "sns").count();
        assert!((100..500).contains(&talk), "{talk}");
    }

    #[test]
    fn what_must_stay_quiet_is_loud_and_harmless() {
        let world = shared();
        let storm = posts(world, story(world, "花粉"));
        assert!(storm.len() > 200);
        assert!(storm.iter().all(|post| !post.text.contains("生命") && !post.text.contains("保険")));
        assert!(posts(world, story(world, "半額")).len() > 200);
        let quiet = world.stories.iter().filter(|story| story.deserves == Level::Normal).count();
        assert_eq!(quiet, 2);
    }

    #[test]
    #[ignore = "prints a sample for people"]
    fn print_a_sample() {
        let world = World::generate(42, start());
        let print = |post: &Post| {
            let at = post.published_at.unwrap().short(Zone::JST);
            let (author, title) = (post.author.as_deref().unwrap_or(""), post.title.as_deref().unwrap_or(""));
            println!("[{at} {} {author}] {title}\n    {}", post.source, post.text.replace('\n', "\n    "));
        };
        let mut chance = Chance::new(std::process::id().into());
        println!("history {}  week {}", world.history.len(), world.week.len());
        for source in ["sns", "sns", "sns", "blog", "news", "video", "matome", "review"] {
            let of_source: Vec<&Post> = world.history.iter().filter(|post| post.source.0 == source).collect();
            for _ in 0..5 {
                print(chance.pick(&of_source).unwrap());
            }
        }
        for note in &world.stories {
            println!("\n== {} {} ({} posts)", note.company, note.title, note.posts.len());
            posts(&world, note).into_iter().filter(|post| post.repost_of.is_none()).take(9).for_each(print);
        }
    }
}
