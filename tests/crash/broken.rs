//! Not killed from outside, but broken inside or asked to stop: a part that trips is mended or ends the whole, so that
//! a supervisor starts it again, and either way nothing is lost.

use super::{
    program::Life,
    sink::Fault,
    world::{World, burning},
};

/// A life in which something trips once.
async fn trips_at(failpoint: &str) -> (World, Life) {
    let world = burning().await;
    let life = world.start(failpoint);
    (world, life)
}

/// The life ends by itself, says so, and the next one goes on from what was stored.
async fn ends_and_goes_on(failpoint: &str) {
    let (mut world, mut life) = trips_at(failpoint).await;
    world.until_it_ends(&mut life).await;
    world.crashes += 1;
    let j = world.ends_well().await;
    assert_eq!((j.incidents, j.notifications, j.mails, j.repeats), (2, 2, 4, 0), "{j:?}");
}

impl World {
    async fn until_it_ends(&self, life: &mut Life) {
        let deadline = tokio::time::Instant::now() + super::program::PATIENCE;
        let status = loop {
            if let Some(status) = life.ended() {
                break status;
            }
            assert!(tokio::time::Instant::now() < deadline, "it goes on without a part of it: {}", life.said());
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        };
        assert_eq!(status.code(), Some(1), "{}", life.said());
        assert!(life.said().contains("start it again"), "{}", life.said());
    }
}

#[tokio::test]
async fn a26_a_visit_that_trips_over_a_page_is_made_again_and_the_program_goes_on() {
    for failpoint in ["parse=1*panic", "analyze=1*panic", "c1_before=1*panic"] {
        let (mut world, mut life) = trips_at(failpoint).await;
        world
            .until(&mut life, "all is read and sent", async |world| {
                world.everything_read().await && world.owed().await == 0
            })
            .await;
        assert!(life.said().contains("panicked"), "{failpoint}: {}", life.said());
        world.kill(life);
        let j = world.ends_well().await;
        assert_eq!((j.notifications, j.mails, j.repeats), (2, 4, 0), "{failpoint}: {j:?}");
    }
}

#[tokio::test]
async fn a27_a_detector_that_trips_ends_the_program_and_the_next_start_finds_the_incident() {
    ends_and_goes_on("c3_before=1*panic").await;
}

#[tokio::test]
async fn a27_a_mailer_that_trips_ends_the_program_and_the_next_start_sends_the_mail() {
    ends_and_goes_on("c4_before=1*panic").await;
}

#[tokio::test]
async fn a10_asked_to_stop_while_it_still_starts_it_ends_cleanly() {
    let world = World::new().await;
    let mut life = world.start("");
    world
        .until(&mut life, "it has taken its database", async |world| {
            std::fs::read_to_string(world.path("hinomi.lock")).is_ok_and(|holder| holder.contains("process"))
        })
        .await;
    life.stops().await;
}

#[tokio::test]
async fn a10_asked_to_stop_while_a_mail_server_says_nothing_it_stops_in_time_and_owes_the_mail() {
    let mut world = burning().await;
    world.sink.behave(|| Fault::HangAfterBody);
    let mut life = world.start("");
    world.until(&mut life, "a mail hangs", async |world| !world.sink.copies().is_empty()).await;
    life.stops().await;
    assert!(world.owed().await > 0);
    let j = world.ends_well().await;
    assert_eq!((j.notifications, j.mails, j.repeats), (2, 4, 0), "{j:?}");
}
