//! Mails about the watch itself, sent past the store: it may be the trouble.
//!
//! # Why not the outbox
//! Every other mail goes through it, so that it is exercised daily. A full disk or a damaged database takes the
//! outbox away, and then a mail from memory is the only one that can still leave.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use tokio::sync::Mutex;

use super::tell::Recipients;
use crate::{
    alert::{MailParams, compose, notifier::Notifier, sighting::Sighting, trouble::Trouble},
    model::{
        alert::Rendered,
        time::{Span, Timestamp},
    },
};

/// One kind of trouble is told once in this time.
const SILENCE: Span = Span::hours(6);

/// The last road to a person. It needs neither the database nor a loop.
#[async_trait]
pub trait Emergency: Send + Sync {
    /// Tells somebody. `detail` is what the system said.
    async fn tell(&self, trouble: Trouble, detail: &str, now: Timestamp);

    /// Tells of sources that cannot be read; whether anybody has it. Whoever calls remembers what was told.
    async fn tell_sighting(&self, _sighting: &Sighting, _now: Timestamp) -> bool {
        false
    }
}

/// That road by mail.
pub struct EmergencyMail {
    notifier: Arc<dyn Notifier>,
    mail: MailParams,
    recipients: Vec<String>,
    told: Mutex<BTreeMap<Trouble, Timestamp>>,
    /// Remembers over restarts what was told: a supervisor starts a program that cannot run every few seconds.
    notes: PathBuf,
}

impl EmergencyMail {
    /// To everybody who is told by default, or to everybody where nobody is. What was told is noted beside `database`.
    pub fn new(notifier: Arc<dyn Notifier>, mail: MailParams, recipients: &Recipients, database: &Path) -> Self {
        let notes = database.with_extension("told");
        let told = Mutex::new(read(&notes));
        Self { notifier, mail, recipients: recipients.everybody(), told, notes }
    }

    /// How many have taken it.
    async fn send(&self, mail: &Rendered) -> usize {
        let mut taken = 0;
        for recipient in &self.recipients {
            match self.notifier.send(mail, recipient).await {
                Ok(_) => taken += 1,
                Err(error) => tracing::error!(mail.subject, "an emergency mail was not accepted: {error}"),
            }
        }
        taken
    }
}

#[async_trait]
impl Emergency for EmergencyMail {
    /// At most once in six hours for one kind of trouble.
    async fn tell(&self, trouble: Trouble, detail: &str, now: Timestamp) {
        // Held to the end: many notice the same trouble at once, and one of them tells it.
        let mut told = self.told.lock().await;
        // Either way round: who noticed first need not tell first, and a clock that was set back must not silence anybody
        // for long.
        let before = told.get(&trouble).copied();
        if before.is_some_and(|at| (now.max(at) - now.min(at)) < SILENCE) {
            return;
        }
        let taken = self.send(&compose::trouble(trouble, detail, &self.mail, now)).await;
        // What nobody took is tried again the next time the trouble shows.
        if taken > 0 {
            tracing::warn!(trouble = trouble.key(), taken, "an emergency mail went out");
            told.insert(trouble, now);
            let lines: Vec<String> = told.iter().map(|(t, at)| format!("{} {}", t.key(), at.millis())).collect();
            // On a full disk this note is lost, and with it the silence over a restart: a mail too many.
            if let Err(error) = fs::write(&self.notes, lines.join("\n")) {
                tracing::warn!("cannot note what was told in {}: {error}", self.notes.display());
            }
        }
    }

    async fn tell_sighting(&self, sighting: &Sighting, now: Timestamp) -> bool {
        self.send(&compose::sighting(sighting, &self.mail, now)).await > 0
    }
}

/// What an earlier process told. Whatever is in the file is no reason not to start.
fn read(notes: &Path) -> BTreeMap<Trouble, Timestamp> {
    let text = fs::read_to_string(notes).unwrap_or_default();
    let line = |line: &str| {
        let (key, at) = line.split_once(' ')?;
        let trouble = Trouble::ALL.into_iter().find(|t| t.key() == key)?;
        Some((trouble, Timestamp::from_millis(at.parse().ok()?)))
    };
    text.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex as Kept;

    use super::*;
    use crate::{
        alert::notifier::{Class, NotifyError, Receipt},
        model::time::Zone,
    };

    /// Keeps subjects, as long as it is up.
    #[derive(Default)]
    struct Mailbox {
        down: std::sync::atomic::AtomicBool,
        got: Kept<Vec<(String, String)>>,
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

    fn emergency(folder: &Path) -> (EmergencyMail, Arc<Mailbox>) {
        let mailbox = Arc::new(Mailbox::default());
        (restarted(folder, &mailbox), mailbox)
    }

    fn restarted(folder: &Path, mailbox: &Arc<Mailbox>) -> EmergencyMail {
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
        let notifier = Arc::clone(mailbox) as Arc<dyn Notifier>;
        EmergencyMail::new(notifier, mail, &recipients, &folder.join("hinomi.db"))
    }

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    #[tokio::test]
    async fn a_trouble_is_told_to_everybody_once_in_six_hours_also_over_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let (emergency, mailbox) = emergency(folder.path());
        let twice = emergency.tell(Trouble::DiskFull, "disk is full", NOW);
        tokio::join!(twice, emergency.tell(Trouble::DiskFull, "disk is full", NOW - Span::seconds(1)));
        emergency.tell(Trouble::DiskFull, "disk is full", NOW + Span::hours(5)).await;
        let got = mailbox.got.lock().unwrap().clone();
        assert_eq!(got.iter().map(|(to, _)| &**to).collect::<Vec<_>>(), ["a@pr.example", "b@pr.example"]);
        let again = restarted(folder.path(), &mailbox);
        again.tell(Trouble::DiskFull, "", NOW + Span::minutes(1)).await;
        assert_eq!(mailbox.got.lock().unwrap().len(), 2);
        // Another trouble has its own silence.
        again.tell(Trouble::PartStopped, "", NOW + Span::minutes(1)).await;
        again.tell(Trouble::DiskFull, "", NOW + Span::hours(6)).await;
        assert_eq!(mailbox.got.lock().unwrap().len(), 6);
        // A clock set back does not silence us until it has caught up.
        again.tell(Trouble::DiskFull, "", NOW - Span::days(1)).await;
        assert_eq!(mailbox.got.lock().unwrap().len(), 8);
    }

    #[tokio::test]
    async fn what_no_server_took_is_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        let (emergency, mailbox) = emergency(folder.path());
        mailbox.down.store(true, std::sync::atomic::Ordering::Relaxed);
        emergency.tell(Trouble::PartStopped, "", NOW).await;
        mailbox.down.store(false, std::sync::atomic::Ordering::Relaxed);
        emergency.tell(Trouble::PartStopped, "", NOW + Span::minutes(1)).await;
        assert_eq!(mailbox.got.lock().unwrap().len(), 2);
    }
}
