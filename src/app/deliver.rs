//! One try of one delivery.

use crate::{
    alert::{notifier::Notifier, retry},
    model::{
        alert::{Delivery, DeliveryState},
        limits,
        time::Timestamp,
    },
    store::DueDelivery,
};

/// Hands the mail over and says how that ended. Never loses the delivery: what failed is due again.
pub(super) async fn attempt(notifier: &dyn Notifier, due: &DueDelivery, now: Timestamp) -> Delivery {
    let attempts = due.delivery.attempts + 1;
    let outcome = notifier.send(&due.mail, &due.delivery.recipient).await;
    fail::fail_point!("mail_tried", |_| std::process::abort());
    match outcome {
        Ok(receipt) => Delivery {
            state: DeliveryState::Sent,
            attempts,
            sent_at: Some(now),
            reply: Some(short(&receipt.reply)),
            ..due.delivery.clone()
        },
        Err(error) => {
            let id = due.delivery.id.0.to_string();
            let (state, next_try_at) = retry::next_try(error.class, attempts, due.level, &id, now);
            tracing::warn!(
                delivery.attempts = attempts,
                delivery.class = ?error.class,
                reply = %short(&error.reply),
                "a mail was not accepted; it stays owed"
            );
            Delivery { state, attempts, next_try_at, reply: Some(short(&error.reply)), ..due.delivery.clone() }
        }
    }
}

fn short(reply: &str) -> String {
    reply.chars().filter(|c| !c.is_control()).take(limits::ERROR_CHARS).collect()
}
