//! Mail servers that fail, and a program that is killed meanwhile: late is allowed, lost and doubled are not.

use super::{
    program::Life,
    sink::Fault,
    world::{DUTY, World, burning},
};
use hinomi::model::time::Span;

/// The first `n` connections go wrong, the others well.
fn at_first(n: u64, fault: Fault) -> impl FnMut() -> Fault + Send + 'static {
    let mut seen = 0;
    move || {
        seen += 1;
        if seen <= n { fault } else { Fault::None }
    }
}

/// Waits until every delivery has been tried so often.
async fn tried(world: &World, life: &mut Life, times: i64) {
    world
        .until(life, "every mail was tried", async |world| {
            world.number("select count(*) from delivery").await >= 4
                && world.number("select min(attempts) from delivery").await >= times
        })
        .await;
}

#[tokio::test]
async fn f1_a_mail_server_that_is_down_for_hours_and_a_program_that_is_killed_meanwhile_lose_no_mail() {
    let mut world = burning().await;
    world.sink.close().await;
    for times in 1..=3 {
        let mut life = world.start("");
        tried(&world, &mut life, times).await;
        world.kill(life);
        world.flight.skip(Span::hours(2));
    }
    assert!(world.sink.copies().is_empty());
    let j = world.ends_well().await;
    assert_eq!((j.incidents, j.repeats), (2, 0), "{j:?}");
}

#[tokio::test]
async fn f2_a_server_that_takes_a_mail_and_hangs_up_gets_the_same_bytes_again() {
    let mut world = burning().await;
    world.sink.behave(at_first(4, Fault::DropAfterBody));
    let mut life = world.start("");
    tried(&world, &mut life, 1).await;
    world.kill(life);
    let silent = world.sink.copies().iter().filter(|copy| !copy.answered).count();
    assert_eq!(silent, 4);
    let j = world.ends_well().await;
    assert_eq!((j.notifications, j.mails, j.repeats), (2, 4, 0), "{j:?}");
    assert_eq!(world.sink.copies().len(), 8);
}

#[tokio::test]
async fn f3_killed_while_it_waits_for_a_server_that_says_nothing_more_it_sends_the_same_bytes_again() {
    let mut world = burning().await;
    for fault in [Fault::NoBanner, Fault::HangAfterBody] {
        world.sink.behave(move || fault);
        let before = (world.sink.visitors(), world.sink.copies().len());
        let mut life = world.start("");
        world
            .until(&mut life, "it hangs", async |world| {
                let body = fault == Fault::NoBanner || world.sink.copies().len() > before.1;
                world.sink.visitors() > before.0 && body
            })
            .await;
        world.kill(life);
    }
    assert_eq!(world.sink.copies().len(), 1);
    let j = world.ends_well().await;
    assert_eq!((j.notifications, j.mails, j.repeats), (2, 4, 0), "{j:?}");
}

#[tokio::test]
async fn f5_a_dead_address_of_two_is_held_and_shown_and_the_other_gets_its_mail() {
    let mut world = burning().await;
    world.sink.behave(|| Fault::NoSuch(DUTY[0]));
    let mut life = world.start("");
    tried(&world, &mut life, 1).await;
    world.kill(life);
    let arrived: Vec<_> = world.sink.copies().into_iter().map(|copy| copy.recipient).collect();
    assert_eq!(arrived, [DUTY[1], DUTY[1]]);
    let shown = world.words("select replies from v_alerts where undelivered = 1").await;
    assert!(!shown.is_empty() && shown.iter().all(|s| s.contains(&format!("{}: 550 5.1.1", DUTY[0]))), "{shown:?}");
    let held = "select count(*) from delivery where state = 'held'";
    assert_eq!(world.number(held).await, 2);

    // A mailbox that comes back gets what it is owed, a day later and after a restart.
    world.flight.skip(Span::hours(30));
    let j = world.ends_well().await;
    assert_eq!((j.incidents, j.repeats), (2, 0), "{j:?}");
}

#[tokio::test]
async fn f6_a_server_that_wants_every_mail_later_gets_it_later_and_once() {
    let mut world = burning().await;
    world.sink.behave(at_first(8, Fault::Greylist));
    let mut life = world.start("");
    tried(&world, &mut life, 2).await;
    world.kill(life);
    let j = world.ends_well().await;
    assert_eq!((j.notifications, j.mails, j.repeats), (2, 4, 0), "{j:?}");
    let attempts = world.number("select min(attempts) from delivery").await;
    assert!(attempts >= 3, "{attempts}");
}

#[tokio::test]
async fn f11_a_server_that_is_too_busy_at_the_first_word_or_later_is_asked_again() {
    let mut world = burning().await;
    for (n, fault) in [(1, Fault::Busy), (2, Fault::BusyLater)] {
        world.sink.behave(move || fault);
        let mut life = world.start("");
        tried(&world, &mut life, n).await;
        world.kill(life);
        world.flight.skip(Span::minutes(10));
    }
    let j = world.ends_well().await;
    assert_eq!((j.notifications, j.mails, j.repeats), (2, 4, 0), "{j:?}");
}

#[tokio::test]
async fn f12_a_server_that_talks_nonsense_or_without_end_gets_every_mail_once_it_is_sane() {
    let mut world = burning().await;
    // One flood and no more: a debug build reads it slowly.
    let mut seen = 0;
    world.sink.behave(move || {
        seen += 1;
        if seen == 1 { Fault::Flood } else { Fault::Junk }
    });
    let mut life = world.start("");
    tried(&world, &mut life, 1).await;
    world.kill(life);
    let j = world.ends_well().await;
    assert_eq!((j.notifications, j.mails, j.repeats), (2, 4, 0), "{j:?}");
}
