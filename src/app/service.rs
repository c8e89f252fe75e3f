//! Hinomi as it runs: built from settings, started, stopped. The whole of it fits into a test.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use anyhow::{Context, Result};
use tokio::{
    sync::{Notify, mpsc, watch},
    task::{JoinSet, spawn_blocking},
    time::timeout,
};

use super::{
    ballast::Ballast,
    claim::Claim,
    dictionary,
    emergency::Emergency,
    health::Vitals,
    judge::Judge,
    metered::{MeteredFetch, MeteredNotifier},
    outside,
    pipeline::Pipeline,
    plan::Plan,
    pseudonym::Pseudonyms,
    push::desk::{self, Desk},
    rules::Rules,
    shortage::Shortage,
    sight,
    supervise::Fatal,
    tasks::{self, Shared},
    tell::Recipients,
    watchdog::{self, Guard},
    websub::{self, Subscriptions, WebSub},
};
use crate::{
    alert::{MailParams, notifier::Notifier, sighting::Sighting, trouble::Trouble},
    analyze::{Analyzer, Lexicons, Tokenize},
    clock::{Clock, IdGen},
    collect::{CollectParams, fetch::Fetch, sources::SourceParams},
    model::{incident::IncidentEvent, post::SourceName, secret::Secret, time::Timestamp, watch::Watchlist},
    store::{Ingested, Store, StoreParams},
    web::{WindowError, Witness},
};

/// For the last word to a person, before the process ends.
const EMERGENCY: Duration = Duration::from_secs(20);
/// For cutting off what did not stop, and for closing the database.
const CLOSE: Duration = Duration::from_millis(700);

/// Everything outside the program, handed in once.
pub struct Ports {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// The road to the web.
    pub fetch: Arc<dyn Fetch>,
    /// The road to the mailbox.
    pub notifier: Arc<dyn Notifier>,
    /// The last road to a person, if there is one.
    pub emergency: Option<Arc<dyn Emergency>>,
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
    /// Bytes kept beside the database to be given up when the disk is full; 0 keeps none.
    pub ballast: u64,
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

/// Who may come to us from outside, and where.
#[derive(Clone, Default)]
pub struct Openings {
    /// Where machines are answered; `None` for nowhere.
    pub listen: Option<SocketAddr>,
    /// The word that lets others bring posts to `/ingest`.
    pub token: Option<Secret>,
    /// Hubs are subscribed to, and bring news.
    pub web_sub: Option<WebSub>,
}

/// A Hinomi that is built and may be running.
pub struct App {
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    fatal: mpsc::UnboundedReceiver<Fatal>,
    tokenizer: Arc<dyn Tokenize>,
    pseudonyms: Pseudonyms,
    /// Ends its thread with us.
    watchdog: Option<Guard>,
    /// Held as long as this Hinomi lives; the system lets go of it whatever happens.
    _claim: Claim,
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
        let judge = judge(Arc::clone(&tokenizer), setup.watchlist.clone(), pseudonyms.clone())?;
        let ballast = (setup.ballast > 0).then(|| Ballast::beside(&setup.store.path, setup.ballast));
        let vitals = Arc::new(Vitals::new(now));
        let Parts { rules, plan } = parts(Arc::new(judge), setup, &ports, &vitals, None);
        let (fatal, broken) = mpsc::unbounded_channel();
        let shared = Shared {
            pipeline: Pipeline::with_rules(store, ids, rules),
            plan: watch::channel(Arc::new(plan)).0,
            clock: ports.clock,
            vitals,
            stopping: AtomicBool::new(false),
            shortage: Shortage::new(ballast, ports.emergency),
            notices,
            fatal,
            mail_owed: Notify::new(),
            mentions_stored: Notify::new(),
            subscriptions: Subscriptions::new(pseudonyms.clone()),
        };
        Ok(Self {
            shared: Arc::new(shared),
            stop: watch::channel(false).0,
            tasks: JoinSet::new(),
            fatal: broken,
            tokenizer,
            pseudonyms,
            watchdog: None,
            _claim: claim,
        })
    }

    /// The order of things, for those who want to turn the handle themselves.
    pub fn pipeline(&self) -> &Pipeline {
        &self.shared.pipeline
    }

    /// How it is, for those who ask from outside.
    pub fn witness(&self) -> Arc<dyn Witness> {
        Arc::clone(&self.shared) as Arc<dyn Witness>
    }

    /// Looks once whether the sources can be read, and tells where that is due; returns what somebody has heard.
    pub async fn look_at_sources(&self, now: Timestamp) -> Result<Vec<Sighting>> {
        sight::look(&self.shared, now).await
    }

    /// To be told of news by hubs, which reach us at `public_url`; they are asked on the road on which sources are.
    pub fn web_sub(&self, public_url: String) -> WebSub {
        WebSub { public_url, road: Arc::new(websub::AsVisits(Arc::clone(&self.shared))) }
    }

    /// Starts the four loops, and the look at the sources beside them.
    pub fn start(&mut self) {
        self.shared.shortage.keep_room();
        tasks::start(&mut self.tasks, &self.shared, &self.stop);
        self.tasks.spawn(sight::keep_watch(Arc::clone(&self.shared), self.stop.subscribe()));
    }

    /// Has somebody look after the loops from a thread of its own, keeps an eye on the clock, and answers whoever comes
    /// to the `openings`. `opened` is told where, or why not yet.
    pub fn attend(&mut self, openings: Openings, opened: impl Fn(Result<SocketAddr, WindowError>) + Send + 'static) {
        self.watchdog = watchdog::start(Arc::clone(&self.shared.vitals), self.shared.fatal.clone());
        self.tasks.spawn(outside::watch_the_clock(Arc::clone(&self.shared), self.stop.subscribe()));
        let Openings { listen, token, web_sub } = openings;
        if let Some(listen) = listen {
            let shared = || Arc::clone(&self.shared);
            let (desk, line) = Desk::new(shared());
            self.tasks.spawn(desk::work(shared(), line, self.stop.subscribe()));
            let door = outside::Door { listen, token, desk, web_sub: web_sub.is_some() };
            self.tasks.spawn(outside::answer(door, shared(), opened, self.stop.subscribe()));
            if let Some(web_sub) = web_sub {
                self.tasks.spawn(websub::renew(shared(), web_sub, self.stop.subscribe()));
            }
        }
    }

    /// Goes by another configuration from the next round on. The database and the clock stay what they are. On an
    /// error the old one is in force as before.
    pub async fn adopt(&self, setup: Setup, ports: Ports) -> Result<()> {
        let shared = &self.shared;
        let old = shared.pipeline.rules();
        let same = *old.judge.watchlist() == setup.watchlist && old.mail.zone == setup.mail.zone;
        let judge = if same {
            Arc::clone(&old.judge)
        } else {
            let (tokenizer, pseudonyms) = (Arc::clone(&self.tokenizer), self.pseudonyms.clone());
            let watchlist = setup.watchlist.clone();
            // Compiling the lexicons takes a while; mails go out meanwhile.
            let compiled = spawn_blocking(move || judge(tokenizer, watchlist, pseudonyms)).await;
            Arc::new(compiled.context("compiling the watchlist")??)
        };
        let before = shared.plan.borrow().clone();
        let emergency = ports.emergency.clone();
        let Parts { rules, plan } = parts(judge, setup, &ports, &shared.vitals, Some(&before));
        // From here on nothing can fail, so nobody sees a half.
        shared.pipeline.adopt(rules);
        shared.plan.send_replace(Arc::new(plan));
        shared.shortage.adopt(emergency);
        // What waited for a person to mend something is worth a try: that person has just been here.
        if let Err(error) = shared.pipeline.store().release_held(shared.clock.now()).await {
            tracing::warn!("mails that are held wait for their next try: {error}");
        }
        shared.mentions_stored.notify_one();
        shared.mail_owed.notify_one();
        Ok(())
    }

    /// Says whether the configuration in the files is the one in force.
    pub fn reloaded(&self, ok: bool) {
        self.shared.vitals.reloaded(ok);
    }

    /// Returns when this process cannot go on: whoever runs us should stop and start again. Nothing is lost if this is
    /// dropped and called again.
    pub async fn failed(&mut self) -> Fatal {
        match self.fatal.recv().await {
            Some(why) => why,
            None => std::future::pending().await,
        }
    }

    /// The last words of a process that cannot go on, by a road that needs neither the database nor a loop.
    pub async fn cry(&self, why: Fatal) {
        let now = self.shared.clock.now();
        if let Some(emergency) = self.shared.shortage.emergency()
            && timeout(EMERGENCY, emergency.tell(Trouble::PartStopped, &why.ja(), now)).await.is_err()
        {
            tracing::error!("the emergency road took too long");
        }
    }

    /// Stops: no new visit, the mail under way may finish, the database is closed. Gives up after `within`; what was
    /// owed is owed.
    pub async fn stop(mut self, within: Duration) -> Result<()> {
        self.shared.stopping.store(true, SeqCst);
        self.stop.send_replace(true);
        // A loop that has not moved for minutes will not hear of it either.
        let drained = timeout(within, async { while self.tasks.join_next().await.is_some() {} }).await;
        if drained.is_err() {
            tracing::warn!("something did not stop in time and was cut off; what it owed is still owed");
            self.tasks.abort_all();
        }
        let store = self.shared.pipeline.store().clone();
        // A task that blocks its thread keeps its connection; the checkpoint is then made at the next start.
        if timeout(CLOSE, async { while self.tasks.join_next().await.is_some() {} }).await.is_err()
            || timeout(CLOSE, store.close()).await.is_err()
        {
            tracing::warn!("the database could not be closed in time; what was stored is stored");
        }
        Ok(())
    }
}

struct Parts {
    rules: Rules,
    plan: Plan,
}

/// What is exchanged as a whole.
fn parts(judge: Arc<Judge>, setup: Setup, ports: &Ports, vitals: &Arc<Vitals>, before: Option<&Plan>) -> Parts {
    let fetch = Arc::new(MeteredFetch { inner: Arc::clone(&ports.fetch), vitals: Arc::clone(vitals) });
    let plan = Plan::new(&setup.sources, &setup.collect, fetch, before, ports.clock.now());
    let (inner, vitals) = (Arc::clone(&ports.notifier), Arc::clone(vitals));
    let notifier: Arc<dyn Notifier> = Arc::new(MeteredNotifier { inner, vitals });
    let patience = plan.patience();
    let rules = Rules { judge, recipients: setup.recipients, mail: setup.mail, notifier: Some(notifier), patience };
    Parts { rules, plan }
}

pub(super) fn judge(tokenizer: Arc<dyn Tokenize>, watchlist: Watchlist, pseudonyms: Pseudonyms) -> Result<Judge> {
    let analyzer = Analyzer::new(tokenizer, &Lexicons::embedded()?, &watchlist)?;
    Ok(Judge::new(analyzer, watchlist, pseudonyms))
}
