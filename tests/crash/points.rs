//! Killed at one exact place. Each of these dies there by itself, which proves that the place was come to; then the
//! database is looked at as the dead left it; then the next life has to put everything right.

use std::time::Duration;

use hinomi::model::time::Span;

use super::{
    oracle::Judgement,
    truth::About,
    web,
    world::{World, burning, two_companies},
};

/// History, then two fires, then a life that dies at `failpoints`.
async fn died_at(failpoints: &str) -> World {
    let mut world = burning().await;
    world.dies_at(failpoints).await;
    world
}

/// The same with nothing but fires, so that the first thing detection stores is one.
async fn died_burning_at(failpoints: &str) -> World {
    let mut world = World::new().await;
    world.has_history().await;
    for (feed, company) in two_companies().into_iter().enumerate() {
        world.publish(feed, vec![About::Grave(company)]);
    }
    world.dies_at(failpoints).await;
    world
}

fn nothing_twice(j: &Judgement) {
    assert_eq!((j.incidents, j.notifications, j.mails, j.repeats), (2, 2, 4, 0), "{j:?}");
}

const NEWS: &str = "select count(*) from post where external_id not in ('post-1', 'post-2', 'post-3', 'post-4',
                    'post-5', 'post-6')";
const INCIDENTS: &str = "select count(*) from incident";
const OWED: &str = "select count(*) from alert";
const WRITTEN: &str = "select count(*) from alert where mime is not null";
const DELIVERIES: &str = "select count(*) from delivery";
const SENT: &str = "select count(*) from delivery where state = 'sent'";

impl World {
    async fn numbers<const N: usize>(&self, questions: [&str; N]) -> [i64; N] {
        let mut numbers = [0; N];
        for (number, question) in numbers.iter_mut().zip(questions) {
            *number = self.number(question).await;
        }
        numbers
    }
}

#[tokio::test]
async fn a1_killed_in_the_middle_of_an_answer_it_asks_again() {
    let mut world = died_at("fetch=return").await;
    assert_eq!(world.numbers([NEWS, INCIDENTS]).await, [0, 0]);
    nothing_twice(&world.ends_well().await);
}

#[tokio::test]
async fn a2_killed_while_it_reads_a_page_it_reads_it_again() {
    let mut world = died_at("parse=return").await;
    assert_eq!(world.numbers([NEWS, INCIDENTS]).await, [0, 0]);
    nothing_twice(&world.ends_well().await);
}

#[tokio::test]
async fn a2_killed_between_two_posts_of_a_page_it_judges_the_whole_page_again() {
    let mut world = died_at("analyze=1*off->return").await;
    assert_eq!(world.numbers([NEWS, INCIDENTS]).await, [0, 0]);
    nothing_twice(&world.ends_well().await);
}

#[tokio::test]
async fn a3_killed_just_before_a_page_is_stored_the_cursor_has_not_moved_either() {
    let mut world = died_at("c1_before=return").await;
    assert_eq!(world.numbers([NEWS, INCIDENTS]).await, [0, 0]);
    let cursors = world.words("select etag from source_state").await;
    let versions: Vec<_> = cursors.iter().map(|etag| web::version_of(etag)).collect();
    assert!(versions.iter().all(|version| *version == Some(1)), "{versions:?}");
    nothing_twice(&world.ends_well().await);
}

#[tokio::test]
async fn a4_a5_killed_just_after_a_page_is_stored_what_it_told_is_looked_at_after_the_restart() {
    // Posts, what was found in them and the cursor are one transaction; there is no place between them to die at.
    let mut world = died_at("c1_after=return").await;
    let [news, incidents] = world.numbers([NEWS, INCIDENTS]).await;
    assert!((1..=2).contains(&news) && incidents == 0, "{news} {incidents}");
    nothing_twice(&world.ends_well().await);
}

#[tokio::test]
async fn a6_killed_just_before_an_incident_is_stored_neither_it_nor_its_mail_is_there() {
    let mut world = died_burning_at("c3_before=return").await;
    assert_eq!(world.numbers([INCIDENTS, OWED]).await, [0, 0]);
    assert!(world.number(NEWS).await > 0);
    nothing_twice(&world.ends_well().await);
}

#[tokio::test]
async fn a6_killed_just_after_an_incident_is_stored_its_mail_is_owed_with_it() {
    let mut world = died_burning_at("c3_after=return").await;
    let [incidents, owed, written] = world.numbers([INCIDENTS, OWED, WRITTEN]).await;
    assert!(incidents >= 1 && owed == incidents && written == 0, "{incidents} {owed} {written}");
    nothing_twice(&world.ends_well().await);
}

#[tokio::test]
async fn a7_killed_just_before_a_mail_is_written_down_nobody_has_seen_it() {
    let mut world = died_at("c4_before=return").await;
    assert_eq!(world.numbers([WRITTEN, DELIVERIES]).await, [0, 0]);
    assert!(world.number(OWED).await > 0 && world.sink.copies().is_empty());
    nothing_twice(&world.ends_well().await);
}

#[tokio::test]
async fn a7_killed_just_after_a_mail_is_written_down_its_bytes_stay_as_they_are() {
    let mut world = died_at("c4_after=return").await;
    assert_eq!(world.numbers([WRITTEN, DELIVERIES, SENT]).await, [1, 2, 0]);
    assert!(world.sink.copies().is_empty());
    let before = world.words("select message_id || mime from alert where mime is not null").await;
    nothing_twice(&world.ends_well().await);
    let after = world.words("select message_id || mime from alert").await;
    assert!(after.is_superset(&before), "{before:?}");
}

/// Dies with one mail taken by the server and not written down as taken.
async fn repeats_one(failpoints: &str) {
    let mut world = died_at(failpoints).await;
    let taken = world.sink.copies();
    assert!(taken.len() == 1 && taken[0].answered, "{taken:?}");
    assert_eq!(world.number(SENT).await, 0);
    let j = world.ends_well().await;
    assert_eq!((j.notifications, j.mails, j.repeats), (2, 4, 1), "{j:?}");
}

#[tokio::test]
async fn a8_killed_when_the_server_has_taken_a_mail_it_sends_that_one_again_with_the_same_bytes() {
    repeats_one("mail_tried=return").await;
}

#[tokio::test]
async fn a8_killed_just_before_a_delivery_is_written_down_it_sends_that_one_again() {
    repeats_one("c5_before=return").await;
}

#[tokio::test]
async fn a8_killed_just_after_a_delivery_is_written_down_it_repeats_nothing() {
    let mut world = died_at("c5_after=return").await;
    assert_eq!((world.number(SENT).await, world.sink.copies().len()), (1, 1));
    nothing_twice(&world.ends_well().await);
}

#[tokio::test]
async fn a8_killed_at_every_mail_it_repeats_one_each_time_and_no_other() {
    let mut world = burning().await;
    // The first life takes the first mail; each later one repeats it before it comes to the second.
    for failpoint in ["c5_before=return", "c5_before=1*off->return", "c5_before=return", "c5_before=1*off->return"] {
        world.dies_at(failpoint).await;
    }
    let j = world.ends_well().await;
    assert_eq!((j.notifications, j.mails, j.repeats), (2, 4, 4), "{j:?}");
}

#[tokio::test]
async fn what_was_learnt_over_days_survives_a_crash_after_each_lesson() {
    let mut world = World::new().await;
    world.has_history().await;
    let [company, _] = two_companies();
    for failpoint in ["c1_after=return", "c3_after=return", "c3_before=return"] {
        world.publish(0, vec![About::Ember(company.clone())]);
        world.dies_at(failpoint).await;
        assert_eq!(world.number(INCIDENTS).await, 0, "{failpoint}");
        // What is older than two days when it is first seen counts as of today.
        world.flight.skip(Span::hours(40));
    }
    let j = world.ends_well().await;
    assert_eq!((j.incidents, j.repeats), (1, 0), "{j:?}");
}

#[tokio::test]
async fn killed_in_the_middle_of_its_very_first_start_it_starts_again() {
    let mut world = World::new().await;
    world.dies_at("key=return").await;
    world.has_history().await;
    world.two_fires();
    nothing_twice(&world.ends_well().await);
}

#[tokio::test]
async fn killed_at_any_moment_of_its_very_first_start_it_starts_again() {
    let mut world = World::new().await;
    for round in 0..8 {
        for file in ["hinomi.db", "hinomi.db-wal", "hinomi.db-shm", "hinomi.key", "hinomi.lock"] {
            std::fs::remove_file(world.path(file)).ok();
        }
        let life = world.start("");
        tokio::time::sleep(Duration::from_millis(round * 120)).await;
        world.kill(life);
        let mut life = world.start("");
        assert!(life.watches().await, "killed after {} ms: {}", round * 120, life.said());
        world.kill(life);
    }
}
