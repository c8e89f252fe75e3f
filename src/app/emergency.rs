//! Mails about the watch itself, sent past the store: it may be the trouble.
//!
//! # Why not the outbox
//! Every other mail goes through it, so that it is exercised daily. A full disk or a damaged database takes the
//! outbox away, and then a mail from memory is the only one that can still leave.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::tell::Recipients;
use crate::{
    alert::{MailParams, compose, notifier::Notifier, trouble::Trouble},
    model::time::{Span, Timestamp},
};

/// One kind of trouble is told once in this time.
const SILENCE: Span = Span::hours(6);
/// A database that takes nothing for so long is a trouble; less is a backup or a busy disk.
const PATIENCE: Span = Span::minutes(10);

/// The road past the store.
pub struct Emergency {
    notifier: Arc<dyn Notifier>,
    mail: MailParams,
    recipients: Vec<String>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    told_at: BTreeMap<Trouble, Timestamp>,
    /// Since when the store takes nothing.
    failing_since: Option<Timestamp>,
}

impl Emergency {
    /// To everybody who is told by default, or to everybody where nobody is.
    pub fn new(notifier: Arc<dyn Notifier>, mail: MailParams, recipients: &Recipients) -> Self {
        Self { notifier, mail, recipients: recipients.everybody(), state: Mutex::default() }
    }

    /// The store took something.
    pub fn store_worked(&self) {
        self.lock().failing_since = None;
    }

    /// The store took nothing: worth a mail at once when there is no room, and after a while otherwise.
    pub async fn store_failed(&self, full: bool, detail: &str, now: Timestamp) {
        let since = *self.lock().failing_since.get_or_insert(now);
        if full {
            self.tell(Trouble::DiskFull, detail, now).await;
        } else if now - since >= PATIENCE {
            self.tell(Trouble::StoreStopped, detail, now).await;
        }
    }

    /// Tells everybody, at most once in six hours for one kind of trouble; how many mails a server took.
    pub async fn tell(&self, trouble: Trouble, detail: &str, now: Timestamp) -> u32 {
        if self.lock().told_at.get(&trouble).is_some_and(|at| now - *at < SILENCE) {
            return 0;
        }
        let mail = compose::trouble(trouble, detail, &self.mail, now);
        let mut taken = 0;
        for recipient in &self.recipients {
            match self.notifier.send(&mail, recipient).await {
                Ok(_) => taken += 1,
                Err(error) => tracing::error!(trouble = trouble.key(), "an emergency mail was not accepted: {error}"),
            }
        }
        // What nobody took is tried again the next time the trouble shows.
        if taken > 0 {
            self.lock().told_at.insert(trouble, now);
        }
        taken
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;

    use super::*;
    use crate::{
        alert::notifier::{Class, NotifyError, Receipt},
        model::{alert::Rendered, time::Zone},
    };

    /// Keeps subjects, as long as it is up.
    #[derive(Default)]
    struct Mailbox {
        down: std::sync::atomic::AtomicBool,
        got: Mutex<Vec<(String, String)>>,
    }

    #[async_trait]
    impl Notifier for Mailbox {
        async fn send(&self, mail: &Rendered, recipient: &str) -> Result<Receipt, NotifyError> {
            if self.down.load(std::sync::atomic::Ordering::Relaxed) {
                return Err(NotifyError { class: Class::Transient, reply: "down".into() });
            }
            self.got.lock().unwrap().push((recipient.to_owned(), mail.subject.clone()));
            Ok(Receipt { reply: "250 ok".into() })
        }
    }

    fn emergency() -> (Emergency, Arc<Mailbox>) {
        let mailbox = Arc::new(Mailbox::default());
        let mail = MailParams {
            from: "hinomi@pr.example".into(),
            reply_to: None,
            dashboard: None,
            zone: Zone::JST,
            x_connected: false,
        };
        let recipients = Recipients {
            groups: [("duty".into(), vec!["a@pr.example".into(), "b@pr.example".into()])].into(),
            default: vec!["duty".into()],
        };
        (Emergency::new(Arc::clone(&mailbox) as Arc<dyn Notifier>, mail, &recipients), mailbox)
    }

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    #[tokio::test]
    async fn a_full_disk_is_told_to_everybody_once_in_six_hours() {
        let (emergency, mailbox) = emergency();
        emergency.store_failed(true, "disk is full", NOW).await;
        emergency.store_failed(true, "disk is full", NOW + Span::hours(5)).await;
        let got = mailbox.got.lock().unwrap().clone();
        assert_eq!(got.iter().map(|(to, _)| &**to).collect::<Vec<_>>(), ["a@pr.example", "b@pr.example"]);
        emergency.store_failed(true, "disk is full", NOW + Span::hours(6)).await;
        assert_eq!(mailbox.got.lock().unwrap().len(), 4);
    }

    #[tokio::test]
    async fn a_busy_database_is_told_after_ten_minutes_and_one_that_works_again_never() {
        let (emergency, mailbox) = emergency();
        emergency.store_failed(false, "busy", NOW).await;
        emergency.store_worked();
        emergency.store_failed(false, "busy", NOW + Span::minutes(9)).await;
        emergency.store_failed(false, "busy", NOW + Span::minutes(18)).await;
        assert!(mailbox.got.lock().unwrap().is_empty());
        emergency.store_failed(false, "busy", NOW + Span::minutes(19)).await;
        assert_eq!(mailbox.got.lock().unwrap().len(), 2);
    }

    #[tokio::test]
    async fn what_no_server_took_is_tried_again() {
        let (emergency, mailbox) = emergency();
        mailbox.down.store(true, std::sync::atomic::Ordering::Relaxed);
        assert_eq!(emergency.tell(Trouble::PartStopped, "", NOW).await, 0);
        mailbox.down.store(false, std::sync::atomic::Ordering::Relaxed);
        assert_eq!(emergency.tell(Trouble::PartStopped, "", NOW + Span::minutes(1)).await, 2);
    }
}
