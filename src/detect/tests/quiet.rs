use super::world::{But, Chance, World, post, start, stream};
use crate::model::{
    incident::Level,
    mention::{Category, Fate, MentionRecord, Polarity, Role, Stance},
    time::{Span, Timestamp},
};

/// Weight of each hour of the day, mean one.
const HOURS: [f64; 24] = [
    1.16, 0.74, 0.50, 0.35, 0.28, 0.26, 0.42, 0.77, 0.95, 0.91, 0.96, 1.03, 1.32, 1.09, 1.01, 1.03, 1.06, 1.16, 1.30,
    1.37, 1.50, 1.63, 1.69, 1.51,
];

/// Ordinary traffic of `per_hour` posts: complaints never stop, praise and chatter neither, counts clump.
pub(super) fn background(seed: u64, per_hour: f64, days: i32) -> Vec<MentionRecord> {
    let mut chance = Chance::new(seed);
    let clumps: Vec<f64> = (0..days * 24).map(|_| chance.clump()).collect();
    let rate = |h: f64| per_hour * HOURS[h as usize % 24] * clumps[h as usize];
    let hours = (0, days * 24);
    let mut posts = stream(
        &mut chance,
        hours,
        |h| 0.14 * rate(h),
        |h| {
            let stance = if (h * 10.0) as i64 % 3 == 0 { Stance::Opinion } else { Stance::Firsthand };
            post(h, Category::COMPLAINT)
                .words(["つながらない", "高い", "遅い"][(h * 7.0) as usize % 3])
                .but(|r| r.mention.stance = stance)
        },
    );
    posts.extend(stream(
        &mut chance,
        hours,
        |h| 0.12 * rate(h),
        |h| post(h, Category::PRAISE).but(|r| r.mention.role = Role::Praised),
    ));
    posts.extend(stream(
        &mut chance,
        hours,
        |h| 0.7 * rate(h),
        |h| {
            post(h, Category::OTHER).but(|r| {
                r.fate = Fate::Below;
                r.mention.polarity = Polarity::Neutral;
            })
        },
    ));
    posts.extend(stream(&mut chance, hours, |h| 0.005 * rate(h), |h| post(h, Category::INCIDENT)));
    posts
}

#[test]
fn ordinary_months_stay_within_the_budget_and_below_a_warning() {
    let (mut months, mut incidents) = (0, 0);
    for per_hour in [0.5, 3.0, 14.0] {
        for seed in 1..7 {
            let mut world = World::since(0);
            world.run(background(seed, per_hour, 30), 720.0);
            assert!(world.top() <= Level::Notice, "{per_hour}/h, seed {seed}:\n{}", world.told());
            months += 1;
            incidents += world.incidents();
        }
    }
    // Half of the budget of one a month belongs to counts; the other detectors hear nothing here.
    assert!(incidents * 4 <= months * 3, "{incidents} incidents in {months} ordinary months");
}

#[test]
fn an_outage_and_its_backlog_raise_nothing() {
    for seed in 1..6 {
        let (gap, back) = (start() + Span::hours(412), start() + Span::hours(420));
        let blind = move |at: Timestamp| at >= gap && at < back;
        let mut world = World::since(0).blind(blind);
        let mut posts = background(seed, 14.0, 20);
        for (i, record) in (0..).zip(posts.iter_mut().filter(|r| r.at >= gap && r.at < back)) {
            record.post.collected_at = back + Span::seconds(700 + i);
        }
        world.run(posts, 480.0);
        let during = |at: Timestamp| at >= gap && at < back + Span::hours(24);
        assert!(world.events.iter().all(|e| !during(e.at)), "seed {seed}:\n{}", world.told());
    }
}

#[test]
fn a_backlog_that_nobody_announced_as_an_outage_raises_nothing_either() {
    let (gap, back) = (start() + Span::hours(412), start() + Span::hours(420));
    let mut world = World::since(0);
    let mut posts = background(3, 14.0, 20);
    for record in posts.iter_mut().filter(|r| r.at >= gap && r.at < back) {
        record.post.collected_at = back + Span::minutes(12);
    }
    world.run(posts, 480.0);
    let during = |at: Timestamp| at >= gap && at < back + Span::hours(24);
    assert!(world.events.iter().all(|e| !during(e.at)), "{}", world.told());
}

#[test]
fn a_first_page_in_the_middle_of_a_fire_hides_nothing() {
    let burst = || (0..40).map(|i| post(240.0 + f64::from(i) / 60.0, Category::COMPLAINT).words("つながらない"));
    // Three weeks of another source's past, collected at once while it burns.
    let past = |at: f64| {
        (0..200).map(move |i| {
            post(-500.0 + 2.0 * f64::from(i), Category::COMPLAINT).but(|r| {
                r.fate = Fate::WarmUp;
                r.post.collected_at = start() + Span::from_millis((at * 3_600_000.0) as i64);
            })
        })
    };
    let told = |pages: Vec<MentionRecord>| {
        let mut world = World::since(0);
        let mut posts = background(5, 3.0, 10);
        posts.extend(burst());
        posts.extend(pages);
        world.run(posts, 250.0);
        world.reached(&Category::COMPLAINT, Level::Notice).expect("a fire")
    };
    let alone = told(Vec::new());
    for at in [240.1, 240.2, 240.3, 240.4, 240.5] {
        assert!((told(past(at).collect()) - alone).abs() < 0.01, "a page at {at} h moved it from {alone} h");
    }
}
