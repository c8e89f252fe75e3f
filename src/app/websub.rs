//! WebSub: a hub tells us of new entries, so that nobody waits for the next visit. Visits go on all the same, because
//! a hub that has forgotten us says nothing.
//!
//! # Why the path is a ticket
//! It carries whose news come there and a seal that only we can make, so nothing need be remembered to know it again
//! after a restart: only when to subscribe anew is, and losing that costs one more request to a hub.
//!
//! # Invariants
//! - A hub can bring posts only under the name of the source whose feed named it, and only with our secret in its
//!   signature; what is signed otherwise is answered as the standard says, and dropped.
//! - What is acknowledged and well signed is stored.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use hmac::{Hmac, KeyInit, Mac};
use tokio::{
    sync::{Notify, watch},
    task::spawn_blocking,
};

use super::{pseudonym::Pseudonyms, tasks::Shared};
use crate::{
    collect::source::{Request, Response},
    model::{
        limits,
        post::SourceName,
        source::SourceState,
        time::{Span, Timestamp},
    },
    web::websub::{News, Subscriber},
};

/// How often leases are looked at.
const LOOK: Span = Span::seconds(30);
/// What is asked for; hubs decide.
const LEASE: Span = Span::days(10);
/// What hubs may give: less would be a request every minute, more would outlive the machine.
const LEASES: (Span, Span) = (Span::minutes(10), Span::days(30));
/// A hub that was asked and has not come back to ask whether it was us is asked again after this, then ever later.
const PATIENCE: Span = Span::minutes(10);
const LONGEST: Span = Span::days(1);

/// The road to a hub.
#[async_trait]
pub trait Road: Send + Sync {
    /// Sends `form` (`application/x-www-form-urlencoded`) by POST; the answer is any 2xx, or a reason for people.
    async fn post(&self, hub: &str, form: String) -> Result<(), String>;
}

/// What is needed to be told of news.
#[derive(Clone)]
pub struct WebSub {
    /// Where the world reaches us, without a slash at its end: `https://hinomi.example.jp`.
    pub public_url: String,
    /// The road to hubs.
    pub road: Arc<dyn Road>,
}

/// The way on which sources are visited, with the same guard before it.
pub(super) struct AsVisits(pub(super) Arc<Shared>);

#[async_trait]
impl Road for AsVisits {
    async fn post(&self, hub: &str, form: String) -> Result<(), String> {
        let fetch = Arc::clone(&self.0.plan.borrow().fetch);
        let request = Request { failures: false, ..Request::api(hub).form(&form) };
        fetch.fetch(&request).await.map(|_| ()).map_err(|why| why.to_string())
    }
}

/// When a subscription is to be made or renewed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Lease {
    hub: String,
    topic: String,
    next_at: Timestamp,
    /// Requests in a row that came to nothing.
    tries: u32,
}

impl Lease {
    /// The hub was asked, and may now ask back.
    fn asked(&mut self, now: Timestamp) {
        self.tries = self.tries.saturating_add(1);
        self.next_at = now + PATIENCE.times(1 << (self.tries - 1).min(8)).min(LONGEST);
    }

    /// It asked back, and was told that it is us.
    fn granted(&mut self, lease: Span, now: Timestamp) {
        let lease = lease.clamp(LEASES.0, LEASES.1);
        self.tries = 0;
        self.next_at = now + Span::from_millis(lease.millis() / 5 * 4);
    }

    /// It does not want us.
    fn denied(&mut self, now: Timestamp) {
        self.next_at = now + LONGEST;
    }
}

/// All subscriptions of this process.
pub(super) struct Subscriptions {
    seal: Pseudonyms,
    leases: Mutex<BTreeMap<SourceName, Lease>>,
    offered: Notify,
}

impl Subscriptions {
    pub(super) fn new(seal: Pseudonyms) -> Self {
        Self { seal, leases: Mutex::default(), offered: Notify::new() }
    }

    fn leases(&self) -> MutexGuard<'_, BTreeMap<SourceName, Lease>> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A feed has named its hub, and itself. Another hub or topic than before is subscribed to at once.
    pub(super) fn offer(&self, source: &SourceName, hub: &str, topic: &str, now: Timestamp) {
        let mut leases = self.leases();
        if leases.get(source).is_none_or(|l| l.hub != hub || l.topic != topic) {
            let lease = Lease { hub: hub.to_owned(), topic: topic.to_owned(), next_at: now, tries: 0 };
            leases.insert(source.clone(), lease);
            self.offered.notify_one();
        }
    }

    /// The path for the news of `topic`, which is all that names it.
    fn ticket(&self, source: &SourceName, topic: &str) -> String {
        let named = hex(&serde_json::to_vec(&(&source.0, topic)).unwrap_or_default());
        format!("{named}.{}", self.seal.seal(&["websub path", &source.0, topic]))
    }

    /// Whose news come by this path; `None` for one that we have not made.
    fn read(&self, ticket: &str) -> Option<(SourceName, String)> {
        let (named, _) = ticket.split_once('.')?;
        let (name, topic): (String, String) = serde_json::from_slice(&unhex(named)?).ok()?;
        let source = SourceName(name);
        same(&self.ticket(&source, &topic), ticket).then_some((source, topic))
    }

    /// What the hub signs with. Shorter than the 200 bytes that are allowed.
    fn secret(&self, source: &SourceName, topic: &str) -> String {
        self.seal.seal(&["websub secret", &source.0, topic])
    }

    /// Who is to be asked now: hub and form.
    fn due(&self, public_url: &str, now: Timestamp) -> Vec<(SourceName, String, String)> {
        let mut due = Vec::new();
        for (source, lease) in self.leases().iter_mut().filter(|(_, l)| l.next_at <= now) {
            lease.asked(now);
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            form.append_pair("hub.mode", "subscribe")
                .append_pair("hub.topic", &lease.topic)
                .append_pair("hub.callback", &format!("{public_url}/websub/{}", self.ticket(source, &lease.topic)))
                .append_pair("hub.lease_seconds", &LEASE.as_seconds().to_string())
                .append_pair("hub.secret", &self.secret(source, &lease.topic));
            due.push((source.clone(), lease.hub.clone(), form.finish()));
        }
        due
    }

    /// Subscriptions of sources that are no longer visited run out.
    fn keep(&self, listed: impl Fn(&SourceName) -> bool) {
        self.leases().retain(|source, _| listed(source));
    }
}

/// Subscribes and renews until it is time to stop.
pub(super) async fn renew(shared: Arc<Shared>, web_sub: WebSub, mut stop: watch::Receiver<bool>) {
    loop {
        let goes_on = tokio::select! {
            goes_on = shared.until(shared.clock.now() + LOOK, &mut stop) => goes_on,
            () = shared.subscriptions.offered.notified() => true,
        };
        if !goes_on {
            return;
        }
        let plan = shared.plan.borrow().clone();
        shared.subscriptions.keep(|source| plan.sources.iter().any(|p| p.name() == source));
        for (source, hub, form) in shared.subscriptions.due(&web_sub.public_url, shared.clock.now()) {
            if let Err(why) = web_sub.road.post(&hub, form).await {
                tracing::warn!(source.name = %source, "its hub was not to be subscribed to, visits go on: {why}");
            }
        }
    }
}

#[async_trait]
impl Subscriber for Shared {
    fn knows(&self, ticket: &str) -> bool {
        self.subscriptions.read(ticket).is_some_and(|(source, _)| self.visits(&source))
    }

    fn confirm(&self, ticket: &str, topic: &str, lease: Option<Span>) -> bool {
        let Some((source, ours)) = self.subscriptions.read(ticket).filter(|(_, ours)| ours == topic) else {
            return false;
        };
        if !self.visits(&source) {
            return false;
        }
        let now = self.clock.now();
        // After a restart nothing is remembered of it; the ticket says that we asked.
        if let Some(kept) = self.subscriptions.leases().get_mut(&source).filter(|l| l.topic == ours) {
            kept.granted(lease.unwrap_or(LEASE), now);
        }
        true
    }

    fn denied(&self, ticket: &str, topic: &str) {
        let Some((source, _)) = self.subscriptions.read(ticket) else { return };
        tracing::info!(source.name = %source, "its hub does not want us to subscribe; visits go on");
        if let Some(kept) = self.subscriptions.leases().get_mut(&source).filter(|l| l.topic == topic) {
            kept.denied(self.clock.now());
        }
    }

    async fn notified(&self, ticket: &str, news: News) -> bool {
        let Some((source, topic)) = self.subscriptions.read(ticket) else { return true };
        let secret = self.subscriptions.secret(&source, &topic);
        if !is_signed(&secret, news.signature.as_deref(), &news.body) {
            self.vitals.counters.pushed("unsigned");
            tracing::warn!(source.name = %source, "news with a wrong signature were dropped");
            return true;
        }
        match take(self, &source, topic, news).await {
            Ok(()) => true,
            Err(error) => {
                self.vitals.counters.pushed("unavailable");
                tracing::error!(source.name = %source, "news of a hub could not be stored, it is asked to come again: {error:#}");
                self.shortage.failed(&error, self.clock.now());
                false
            }
        }
    }
}

impl Shared {
    fn visits(&self, source: &SourceName) -> bool {
        self.plan.borrow().sources.iter().any(|p| p.name() == source)
    }
}

/// Reads the page as a visit would have, and stores it under the source's name. What is remembered of the visits
/// (validators, errors, the next one) stays as it is.
async fn take(shared: &Shared, name: &SourceName, topic: String, news: News) -> anyhow::Result<()> {
    let plan = shared.plan.borrow().clone();
    let Some(planned) = plan.sources.iter().find(|p| p.name() == name) else { return Ok(()) };
    let now = shared.clock.now();
    let store = shared.pipeline.store();
    let state = store.source_states().await?.into_iter().find(|s| s.source == *name);
    let state = state.unwrap_or_else(|| SourceState::new(name.clone(), now));
    let response = Response {
        status: 200,
        final_url: topic,
        content_type: news.content_type,
        body: news.body,
        ..Response::default()
    };
    let (source, before) = (Arc::clone(&planned.source), state.clone());
    let page = match spawn_blocking(move || source.read(&response, &before, now)).await? {
        Ok(page) => page,
        Err(why) => {
            // It would be no better the next time.
            tracing::warn!(source.name = %name, "news of a hub could not be read: {why}");
            shared.vitals.counters.pushed("unreadable");
            return Ok(());
        }
    };
    // Until the first page was visited, everything is history.
    let warm_up = state.warmed_up_at.is_none();
    let stored = shared.pipeline.ingest(name, page.posts, warm_up, now).await?;
    let counters = &shared.vitals.counters;
    counters.pushed("news");
    counters.ingested(stored.new, stored.mentions);
    counters.unread(stored.unread);
    shared.shortage.stored(None);
    if stored.mentions > 0 {
        shared.mentions_stored.notify_one();
    }
    Ok(())
}

/// Whether `signature` (`METHOD=HEX`) is of `body` and made with `secret`.
fn is_signed(secret: &str, signature: Option<&str>, body: &[u8]) -> bool {
    let Some((method, tag)) = signature.and_then(|s| s.trim().split_once('=')) else { return false };
    let Some(tag) = unhex(tag) else { return false };
    let key = secret.as_bytes();
    match method.to_ascii_lowercase().as_str() {
        "sha1" => {
            Hmac::<sha1::Sha1>::new_from_slice(key).is_ok_and(|mac| mac.chain_update(body).verify_slice(&tag).is_ok())
        }
        "sha256" => {
            Hmac::<sha2::Sha256>::new_from_slice(key).is_ok_and(|mac| mac.chain_update(body).verify_slice(&tag).is_ok())
        }
        "sha384" => {
            Hmac::<sha2::Sha384>::new_from_slice(key).is_ok_and(|mac| mac.chain_update(body).verify_slice(&tag).is_ok())
        }
        "sha512" => {
            Hmac::<sha2::Sha512>::new_from_slice(key).is_ok_and(|mac| mac.chain_update(body).verify_slice(&tag).is_ok())
        }
        _ => false,
    }
}

/// In the same time wherever they differ.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

fn hex(bytes: &[u8]) -> String {
    super::pseudonym::hex(bytes.iter())
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2)
        || text.len() > limits::FIELD_BYTES * 4
        || !text.bytes().all(|b| b.is_ascii_hexdigit())
    {
        return None;
    }
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair.first()? * 16 + pair.get(1)?).ok()).collect()
}

#[cfg(test)]
mod tests;
