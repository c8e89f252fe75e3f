//! Hinomi as it runs: built from settings, started, stopped. The whole of it fits into a test.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use tokio::{
    sync::{Notify, mpsc, watch},
    task::JoinSet,
};

use super::{
    claim::Claim,
    dictionary,
    judge::Judge,
    pipeline::Pipeline,
    pseudonym::Pseudonyms,
    rules::Rules,
    tasks::{self, Shared},
    tell::Recipients,
};
use crate::{
    alert::{MailParams, notifier::Notifier},
    analyze::{Analyzer, Lexicons},
    clock::{Clock, IdGen},
    collect::{CollectParams, fetch::Fetch, sources::SourceParams},
    model::{incident::IncidentEvent, post::SourceName, time::Span, watch::Watchlist},
    store::{Ingested, Store, StoreParams},
};

/// Everything outside the program, handed in once.
pub struct Ports {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// The road to the web.
    pub fetch: Arc<dyn Fetch>,
    /// The road to the mailbox.
    pub notifier: Arc<dyn Notifier>,
}

/// Everything that is configured.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The database.
    pub store: StoreParams,
    /// Whom to watch.
    pub watchlist: Watchlist,
    /// Where to look.
    pub sources: Vec<SourceParams>,
    /// With which manners.
    pub collect: CollectParams,
    /// How mails are written.
    pub mail: MailParams,
    /// Who is told.
    pub recipients: Recipients,
}

/// What a running Hinomi says of itself, for those who look on.
#[derive(Debug)]
pub enum Notice {
    /// A source was visited.
    Visited {
        /// Which.
        source: SourceName,
        /// What it brought.
        ingested: Ingested,
    },
    /// An incident changed.
    Event(Box<IncidentEvent>),
    /// A server took so many mails.
    Sent(u32),
}

/// A Hinomi that is built and may be running.
pub struct App {
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    /// Held as long as this Hinomi lives; the system lets go of it whatever happens.
    _claim: Claim,
}

/// Twice the longest pause between visits, and an hour at least; `None` without sources.
fn patience(sources: &[SourceParams], collect: &CollectParams) -> Option<Span> {
    let pauses = sources.iter().map(|s| s.basics().poll_every.unwrap_or(collect.poll_every));
    pauses.max().map(|longest| longest.times(2).max(Span::hours(1)))
}

impl App {
    /// Opens the database and connects the parts. Nothing runs yet.
    pub async fn build(setup: Setup, ports: Ports, notices: Option<mpsc::UnboundedSender<Notice>>) -> Result<Self> {
        let now = ports.clock.now();
        let claim = Claim::take(&setup.store, now)?;
        let store = Store::open(&setup.store).await?;
        store.free_leases().await?;
        // Before the first visit: what the sources still show from before a company was added is history.
        let names: Vec<_> = setup.watchlist.companies.iter().map(|w| w.name.clone()).collect();
        store.watch(&names, now).await?;
        let ids = Arc::new(IdGen::after(store.last_id().await?));
        let pseudonyms = Pseudonyms::from_file(&setup.store.path.with_extension("key"))?;
        let tokenizer = dictionary::tokenizer().context("loading the dictionary")?;
        let analyzer = Analyzer::new(tokenizer, &Lexicons::embedded()?, &setup.watchlist)?;
        let judge = Arc::new(Judge::new(analyzer, setup.watchlist, pseudonyms));
        let sources =
            setup.sources.iter().map(|p| Arc::from(crate::collect::sources::build(p, &setup.collect))).collect();
        let patience = patience(&setup.sources, &setup.collect);
        let notifier = Some(ports.notifier);
        let rules = Rules { judge, recipients: setup.recipients, mail: setup.mail, notifier, patience };
        let pipeline = Pipeline::with_rules(store, ids, rules);
        let shared = Shared {
            pipeline,
            sources,
            collect: setup.collect,
            clock: ports.clock,
            fetch: ports.fetch,
            notices,
            mail_owed: Notify::new(),
            mentions_stored: Notify::new(),
        };
        let (stop, tasks) = (watch::channel(false).0, JoinSet::new());
        Ok(Self { shared: Arc::new(shared), stop, tasks, _claim: claim })
    }

    /// The order of things, for those who want to turn the handle themselves.
    pub fn pipeline(&self) -> &Pipeline {
        &self.shared.pipeline
    }

    /// Starts the four loops.
    pub fn start(&mut self) {
        tasks::start(&mut self.tasks, &self.shared, &self.stop);
    }

    /// Returns when a loop has ended, which none does by itself: whoever runs us should stop and start again.
    pub async fn failed(&mut self) {
        if let Some(Err(error)) = self.tasks.join_next().await {
            tracing::error!("a loop broke off: {error}");
        }
    }

    /// Stops: no new visit, the mail under way may finish, the database is closed. Gives up after `within`.
    pub async fn stop(mut self, within: Duration) -> Result<()> {
        self.stop.send_replace(true);
        let drained = tokio::time::timeout(within, async { while self.tasks.join_next().await.is_some() {} }).await;
        if drained.is_err() {
            tracing::warn!("something did not stop in time and was cut off; what it owed is still owed");
            self.tasks.shutdown().await;
        }
        self.shared.pipeline.store().close().await;
        Ok(())
    }
}
