//! The roads outside, counted: what was fetched, and how mails ended.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use async_trait::async_trait;

use super::{health::Vitals, stage::Stage};
use crate::{
    alert::notifier::{Class, Notifier, NotifyError, Receipt},
    collect::{
        fetch::{Fetch, FetchError},
        source::{Request, Response},
        stream::{Broken, Hello, Line},
    },
    model::alert::Rendered,
    store::Visited,
};

/// The road to the web, counted.
pub(super) struct MeteredFetch {
    pub inner: Arc<dyn Fetch>,
    pub vitals: Arc<Vitals>,
}

#[async_trait]
impl Fetch for MeteredFetch {
    async fn fetch(&self, request: &Request) -> Result<Response, FetchError> {
        let answer = self.inner.fetch(request).await;
        if let Ok(response) = &answer {
            self.vitals.counters.fetched(response.body.len() as u64);
        }
        answer
    }

    async fn listen(&self, hello: &Hello) -> Result<Box<dyn Line>, Broken> {
        self.inner.listen(hello).await
    }
}

/// The road of one visit, however many answers it takes: what they weigh.
pub(super) struct Weighed<'a> {
    inner: &'a dyn Fetch,
    answers: AtomicU64,
    not_modified: AtomicU64,
    bytes: AtomicU64,
}

impl<'a> Weighed<'a> {
    pub(super) fn new(inner: &'a dyn Fetch) -> Self {
        Self { inner, answers: AtomicU64::new(0), not_modified: AtomicU64::new(0), bytes: AtomicU64::new(0) }
    }

    /// What came, with the entries of the page that it made.
    pub(super) fn visited(&self, entries: Option<usize>) -> Visited {
        let [answers, not_modified, bytes] =
            [&self.answers, &self.not_modified, &self.bytes].map(|number| number.load(Relaxed));
        Visited { answers, not_modified, bytes, entries }
    }
}

#[async_trait]
impl Fetch for Weighed<'_> {
    async fn fetch(&self, request: &Request) -> Result<Response, FetchError> {
        let answer = self.inner.fetch(request).await;
        if let Ok(response) = &answer {
            self.answers.fetch_add(1, Relaxed);
            self.not_modified.fetch_add(u64::from(response.not_modified), Relaxed);
            self.bytes.fetch_add(response.body.len() as u64, Relaxed);
        }
        answer
    }
}

/// The road to the mailbox, counted.
pub(super) struct MeteredNotifier {
    pub inner: Arc<dyn Notifier>,
    pub vitals: Arc<Vitals>,
}

#[async_trait]
impl Notifier for MeteredNotifier {
    async fn send(&self, mail: &Rendered, recipient: &str) -> Result<Receipt, NotifyError> {
        // Twenty mails to a slow server are twenty times ninety seconds, and none of them is a loop that hangs.
        self.vitals.pulse(Stage::Dispatch).beat();
        let ended = self.inner.send(mail, recipient).await;
        self.vitals.pulse(Stage::Dispatch).beat();
        self.vitals.counters.tried(match &ended {
            Ok(_) => "sent",
            Err(error) => class(error.class),
        });
        ended
    }
}

const fn class(class: Class) -> &'static str {
    match class {
        Class::Unknown => "unknown",
        Class::Transient => "transient",
        Class::Config => "config",
        Class::Recipient => "recipient",
        Class::Size => "size",
        Class::Odd => "odd",
    }
}
