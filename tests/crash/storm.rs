//! Killed at any moment, many times, while feeds grow and mails go out; in the end nothing is missing.
//!
//! By hand: `HINOMI_CRASH_KILLS=200 HINOMI_CRASH_SEED=7 cargo nextest run --all-features --no-capture storm`. A seed
//! fixes what is published, what fails and when; where exactly the kill falls is the machine's.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{
    chance::Chance,
    postfix::Postfix,
    sink::Fault,
    truth::{About, FEEDS, companies},
    world::World,
};

/// Enough for every run; by hand it is two hundred.
const KILLS: u64 = 15;
const SEED: u64 = 1;
/// Places where a life may end by itself.
const POINTS: [&str; 12] = [
    "fetch",
    "parse",
    "analyze",
    "c1_before",
    "c1_after",
    "c3_before",
    "c3_after",
    "c4_before",
    "c4_after",
    "mail_tried",
    "c5_before",
    "c5_after",
];

#[expect(clippy::disallowed_methods, reason = "how long a person wants to wait is no setting of the program")]
fn asked_for(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |n| n.parse().unwrap_or_else(|_| panic!("{name} is no number: {n:?}")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a9_storm_killed_at_any_moment_beside_a_faulty_mail_server_it_loses_and_doubles_nothing() {
    let mut world = World::new().await;
    storm(&mut world, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a9_storm_killed_at_any_moment_beside_a_real_postfix_it_loses_and_doubles_nothing() {
    let mut world = World::without_mail_server().await;
    let sink = world.sink.address();
    let postfix = tokio::task::spawn_blocking(move || Postfix::start(sink)).await.unwrap();
    world.relayed = true;
    world.mails_go_to(postfix.address());
    storm(&mut world, false).await;
    tokio::task::spawn_blocking(move || drop(postfix)).await.unwrap();
}

async fn storm(world: &mut World, faulty: bool) {
    let (kills, seed) = (asked_for("HINOMI_CRASH_KILLS", KILLS), asked_for("HINOMI_CRASH_SEED", SEED));
    println!("seed {seed}, {kills} kills, {}", if faulty { "a faulty mail server" } else { "Postfix" });
    let began = Instant::now();
    let mut chance = Chance::new(seed);
    let (mut by_failpoint, mut before_watching) = (0_u64, 0_u64);
    // The first pages are history and must not hold a fire; their lives are killed all the same.
    for (feed, company) in companies().into_iter().take(FEEDS.len()).enumerate() {
        world.publish(feed, vec![About::Nobody, About::Ordinary(company)]);
    }
    for _ in 0..kills / 10 {
        let life = world.start("");
        sleep(Duration::from_millis(chance.below(1500))).await;
        world.kill(life);
    }
    world.has_history().await;
    while world.crashes < kills {
        if faulty {
            let mut weather = Chance::new(seed.wrapping_mul(1000) + world.crashes);
            if weather.percent(8) {
                world.sink.close().await;
            } else {
                world.sink.open().await;
            }
            world.sink.behave(move || fault(&mut weather));
        }
        let point = if chance.percent(35) {
            format!("{}={}*off->return", chance.pick(&POINTS), chance.below(4))
        } else {
            String::new()
        };
        let mut life = world.start(&point);
        let from_start = chance.percent(25);
        let millis = chance.below(if from_start { 1200 } else { 1800 });
        if !from_start && !world.watched(&mut life, &mut chance).await {
            // A failpoint was quicker.
        } else {
            world.goes_on(Duration::from_millis(millis), &mut chance).await;
        }
        before_watching += u64::from(!life.said().contains("Watching"));
        by_failpoint += u64::from(life.ended().is_some());
        world.kill(life);
    }
    let killed = began.elapsed().as_secs();
    let j = world.ends_well().await;
    println!(
        "{} crashes ({by_failpoint} at a failpoint, {before_watching} before it watched) in {killed} s; \
         then quiet, {} s in all",
        world.crashes,
        began.elapsed().as_secs()
    );
    println!(
        "{} posts, {} incidents, {} notifications, {} mails taken, {} copies beyond the first, {} copies in all",
        j.posts,
        j.incidents,
        j.notifications,
        j.mails,
        j.repeats,
        world.sink.copies().len()
    );
    assert!(j.incidents > 0 && j.mails > 0, "a storm in which nothing happened shows nothing");
}

impl World {
    /// Publishes until the program watches; false if it died before.
    async fn watched(&mut self, life: &mut super::program::Life, chance: &mut Chance) -> bool {
        self.something_happens(chance);
        life.watches().await
    }

    /// Feeds grow for so long.
    async fn goes_on(&mut self, time: Duration, chance: &mut Chance) {
        let end = Instant::now() + time;
        loop {
            self.something_happens(chance);
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            sleep(left.min(Duration::from_millis(400))).await;
        }
    }

    fn something_happens(&mut self, chance: &mut Chance) {
        let all = companies();
        let feed = usize::try_from(chance.below(FEEDS.len() as u64)).unwrap();
        let about = (0..=chance.below(3))
            .map(|_| match chance.below(100) {
                0..40 => About::Nobody,
                40..75 => About::Ordinary(chance.pick(&all).clone()),
                _ => About::Grave(chance.pick(&all).clone()),
            })
            .collect();
        self.publish(feed, about);
    }
}

fn fault(chance: &mut Chance) -> Fault {
    match chance.below(100) {
        0..60 => Fault::None,
        60..72 => Fault::Slow(50 + chance.below(400)),
        72..82 => Fault::DropAfterBody,
        82..88 => Fault::Greylist,
        88..91 => Fault::Busy,
        91..94 => Fault::BusyLater,
        94..96 => Fault::HangAfterBody,
        96..98 => Fault::NoBanner,
        _ => Fault::Junk,
    }
}
