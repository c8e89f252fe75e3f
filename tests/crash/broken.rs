//! Not killed from outside, but broken inside or asked to stop: a part that trips is mended or ends the whole, so that
//! a supervisor starts it again, and either way nothing is lost.

use super::{
    program::Life,
    sink::Fault,
    world::{DUTY, World, burning},
};

/// A life in which something trips once.
async fn trips_at(failpoint: &str) -> (World, Life) {
    let world = burning().await;
    let life = world.start(failpoint);
    (world, life)
}

/// Once, and the life goes on as if nothing had been. Each time, and it ends by itself, says so to people as well, and
/// the next one goes on from what was stored.
async fn is_mended_or_ends(failpoint: &str) {
    let (mut world, mut life) = trips_at(&format!("{failpoint}=1*panic")).await;
    world
        .until(&mut life, "all is read and sent", async |world| {
            world.everything_read().await && world.owed().await == 0
        })
        .await;
    assert!(life.said().contains("broke off and is started again"), "{}", life.said());
    world.kill(life);
    let j = world.ends_well().await;
    assert_eq!((j.incidents, j.notifications, j.mails, j.repeats), (2, 2, 4, 0), "{failpoint}: {j:?}");

    let (mut world, mut life) = trips_at(&format!("{failpoint}=panic")).await;
    world.until_it_ends(&mut life).await;
    world.crashes += 1;
    let cries = world.sink.cries();
    assert_eq!(cries.iter().map(|c| &*c.recipient).collect::<Vec<_>>(), DUTY, "{}", life.said());
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
async fn a27_a_detector_that_trips_is_started_again_or_ends_the_program_and_the_incident_is_found() {
    is_mended_or_ends("c3_before").await;
}

#[tokio::test]
async fn a27_a_mailer_that_trips_is_started_again_or_ends_the_program_and_the_mail_is_sent() {
    is_mended_or_ends("c4_before").await;
}

/// Room for what a start writes, then none for a while.
#[tokio::test]
async fn a12_on_a_full_disk_people_are_told_past_the_database_and_what_was_missed_is_stored_afterwards() {
    let (mut world, mut life) = trips_at("full=5*off->4*return->off").await;
    world
        .until(&mut life, "all is read and sent", async |world| {
            world.everything_read().await && world.owed().await == 0 && world.sink.cries().len() == DUTY.len()
        })
        .await;
    let cries = world.sink.cries();
    assert!(cries.iter().all(|c| c.message_id.starts_with("diskfull")), "{cries:?}");
    assert_eq!(cries.iter().map(|c| &*c.recipient).collect::<Vec<_>>(), DUTY);
    assert!(life.said().contains("kept room was given up"), "{}", life.said());
    // There is room again, so some of it is kept for the next time.
    assert!(world.path("hinomi.ballast").exists());
    world.kill(life);
    let j = world.ends_well().await;
    assert_eq!((j.incidents, j.notifications, j.mails, j.repeats), (2, 2, 4, 0), "{j:?}");
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
