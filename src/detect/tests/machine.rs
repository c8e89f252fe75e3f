use proptest::prelude::*;

use super::{
    quiet::background,
    world::{But, Numbers, World, post, start},
};
use crate::{
    detect::{Lookout, LookoutParams, Step},
    model::{
        incident::{EventKind, Level, State},
        mention::{Category, Fate, Grave, MentionRecord, Role},
        post::Channel,
        time::Span,
        watch::CompanyName,
    },
};

const CATEGORIES: [Category; 6] =
    [Category::LEAK, Category::COMPLAINT, Category::SAFETY, Category::CONDUCT, Category::BOYCOTT, Category::PRAISE];

/// Bursts of any kind at any time, with gaps long enough to end in between.
fn bursts() -> impl Strategy<Value = Vec<MentionRecord>> {
    let burst = (0..1_600_u32, 0..6_usize, 1..60_u32, 0..40_u32, 0..8_u32);
    prop::collection::vec(burst, 1..7).prop_map(|bursts| {
        let mut posts = Vec::new();
        for (hour, category, size, authors, kind) in bursts {
            for i in 0..size {
                let at = f64::from(hour) + f64::from(i) * 0.07;
                posts.push(post(at, CATEGORIES[category].clone()).by(&format!("{hour}-{}", i % (authors + 1))).but(
                    |r| match kind {
                        0 => r.mention.grave = Some(Grave::Insider),
                        1 => r.mention.symptom = Some("同じ訴え".into()),
                        2 => r.post.channel = Channel::News,
                        3 => r.mention.role = Role::Bystander,
                        4 => r.post.text = "会社をかたる偽SMS".into(),
                        5 => r.mention.affected_count = Some(u64::from(i / 9)),
                        6 => r.fate = Fate::Repost,
                        _ => {}
                    },
                ));
            }
        }
        posts
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn incidents_move_only_as_the_state_machine_allows(posts in bursts()) {
        let mut world = World::since(20);
        world.run(posts, 1_900.0);
        let mut last = std::collections::BTreeMap::new();
        for event in &world.events {
            let i = &event.incident;
            let before: Option<State> = last.insert(i.id, i.state);
            prop_assert_eq!(i.level == Level::Normal, i.state.is_closed(), "{}", world.told());
            prop_assert_eq!(before.is_none(), event.kind == EventKind::Opened, "{}", world.told());
            match (before, i.state) {
                (None, state) => prop_assert!(matches!(state, State::New)),
                (Some(State::Resolved), state) => prop_assert_eq!(state, State::Reignited),
                (Some(_), state) => prop_assert!(!matches!(state, State::New) || before == Some(State::New)),
            }
            prop_assert!(!event.reason.is_empty() && !event.reason.contains('\n'));
            prop_assert!(i.counts.authors <= i.counts.originals && i.counts.originals <= i.counts.mentions);
        }
    }

}

proptest! {
    // Two worlds each; what the others share is not asked again.
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn the_same_posts_are_the_same_story(posts in bursts()) {
        let (mut one, mut two) = (World::since(20), World::since(20));
        one.run(posts.clone(), 1_900.0);
        two.run(posts, 1_900.0);
        prop_assert_eq!(one.events, two.events);
    }

    #[test]
    fn posts_that_come_together_may_come_in_any_order(posts in bursts()) {
        // All of a bucket are seen in one visit at its end.
        let bucket = Span::minutes(5);
        let together = |posts: Vec<MentionRecord>| -> Vec<MentionRecord> {
            posts.into_iter().map(|p| p.but(|r| r.post.collected_at = r.at.floor(bucket) + Span::minutes(4))).collect()
        };
        let mut posts = together(posts);
        posts.sort_by_key(|r| r.post.collected_at);
        let mut turned = posts.clone();
        turned.reverse();
        turned.sort_by_key(|r| r.post.collected_at);
        let (mut one, mut two) = (World::since(20), World::since(20));
        one.run(posts, 1_900.0);
        two.run(turned, 1_900.0);
        let told = |w: &World| -> Vec<_> {
            w.events.iter().map(|e| (e.at, e.kind, e.incident.level, e.incident.state, e.incident.counts.clone())).collect()
        };
        prop_assert_eq!(told(&one), told(&two));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_second_step_at_the_same_time_brings_nothing(posts in bursts()) {
        let mut world = World::since(20);
        world.run(posts, 1_900.0);
        let (now, mut numbers) = (start() + Span::hours(1_900), Numbers::default());
        prop_assert_eq!(world.lookout.step(now, &|_| false, &mut numbers), Step::default());
    }

    #[test]
    fn what_was_remembered_never_raises_anything(posts in bursts(), later in 1..100_u32) {
        let mut world = World::since(20);
        let mut posts = posts;
        posts.sort_by_key(|r| r.post.collected_at);
        let mut end = start();
        for record in posts {
            let record = world.number(record);
            end = end.max(record.post.collected_at);
            world.lookout.remember(&record);
        }
        world.lookout.looked_until(end + Span::minutes(10));
        world.step(end + Span::hours(i64::from(later)));
        prop_assert!(world.events.is_empty(), "{}", world.told());
    }
}

#[test]
fn a_burst_whose_bucket_was_still_open_at_a_restart_is_judged_after_it() {
    let burst: Vec<_> = (0..12).map(|i| post(500.02 + f64::from(i) * 0.004, Category::LEAK)).collect();
    let mut world = World::since(30);
    for record in background(5, 0.2, 20).into_iter().chain(burst) {
        let record = world.number(record);
        world.lookout.remember(&record);
    }
    // The last look stored its place in the stream four minutes into the bucket, and then the program ended.
    world.lookout.looked_until(start() + Span::hours(500) + Span::minutes(4));
    world.step(start() + Span::hours(500) + Span::minutes(8));
    assert_eq!(world.events.len(), 1, "{}", world.told());

    let mut later = World::since(30);
    for record in (0..12).map(|i| post(500.02 + f64::from(i) * 0.004, Category::LEAK)) {
        let record = later.number(record);
        later.lookout.remember(&record);
    }
    later.lookout.looked_until(start() + Span::hours(501));
    later.step(start() + Span::hours(501) + Span::minutes(3));
    assert!(later.events.is_empty(), "{}", later.told());
}

#[test]
fn every_minute_or_only_when_due_is_the_same_story() {
    let mut posts: Vec<_> = (0..60).map(|i| post(100.0 + f64::from(i) * 0.05, Category::SAFETY)).collect();
    posts.extend(background(5, 3.0, 6));
    posts.sort_by_key(|r| r.post.collected_at);
    let mut jumping = World::since(10);
    jumping.run(posts.clone(), 200.0);
    let mut ticking = World::since(10);
    let mut posts = posts.into_iter().peekable();
    for minute in 0..200 * 60 {
        let now = start() + Span::minutes(minute);
        while let Some(record) = posts.next_if(|r| r.post.collected_at <= now) {
            let record = ticking.number(record);
            ticking.lookout.observe(&record);
        }
        ticking.step(now);
    }
    let kinds = |w: &World| w.events.iter().map(|e| (e.kind, e.incident.level)).collect::<Vec<_>>();
    assert_eq!(kinds(&jumping), kinds(&ticking), "{}\n{}", jumping.told(), ticking.told());
}

#[test]
fn an_incident_read_back_after_a_restart_goes_on_and_is_not_told_again() {
    let posts: Vec<_> = (0..80).map(|i| post(100.0 + f64::from(i) * 0.05, Category::SAFETY)).collect();
    let mut before = World::since(30);
    before.run(posts.clone(), 104.5);
    let incident = before.events.last().unwrap().incident.clone();
    assert_eq!(incident.level, Level::Warning, "{}", before.told());

    let mut after = World::since(30);
    let records: Vec<_> = posts.into_iter().map(|p| after.number(p)).collect();
    for record in &records {
        after.lookout.remember(record);
    }
    after.lookout.restore(incident.clone(), &records);
    after.step(start() + Span::minutes(104 * 60 + 35));
    assert!(after.events.iter().all(|e| e.kind == EventKind::Moved), "{}", after.told());
    after.run(vec![post(104.7, Category::SAFETY)], 300.0);
    assert_eq!(after.incidents(), 0, "{}", after.told());
    let last = after.events.last().unwrap();
    assert_eq!((last.kind, last.incident.id), (EventKind::Resolved, incident.id), "{}", after.told());
    assert_eq!(last.incident.counts.mentions, incident.counts.mentions + 1);
}

#[test]
fn long_silence_is_passed_quickly_and_nothing_is_due_in_it() {
    let company = CompanyName("しらかば生命".into());
    let mut lookout = Lookout::new(company, LookoutParams::default(), start() - Span::days(400));
    assert_eq!(lookout.step(start(), &|_| false, &mut Numbers::default()), Step::default());
    assert_eq!(lookout.next_due(), None);
}
