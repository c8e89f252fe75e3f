//! The order of things: the only file that knows all stages.
//!
//! Each `_once` takes the time and says what it did; loops, replay and tests call the same ones.
//!
//! # Invariants
//! What a `_once` could not commit it does again: a fetched page is fetched again, a delivery is tried again, and
//! detection throws its lookouts away and builds them from the store.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anyhow::{Context, Result};
use tokio::{sync::Mutex, task::spawn_blocking};

use super::{
    coverage, deliver,
    judge::Judge,
    last_page::LastPages,
    lookouts::{Lookouts, Numbers},
    metered::Weighed,
    rules::{InForce, Rules},
    story,
    tell::{Recipients, Teller},
};
use crate::{
    alert::{MailParams, compose, notifier::Notifier, story::Previous},
    clock::IdGen,
    collect::{
        CollectParams,
        fetch::Fetch,
        poll,
        schedule::Outcome,
        source::{Hub, Source},
    },
    model::{
        alert::Alert,
        ids::IncidentId,
        incident::IncidentEvent,
        post::{Post, SourceName},
        source::SourceState,
        time::{Span, Timestamp},
    },
    store::{Detected, Ingest, Ingested, Judged, Store},
};

/// Mentions shown to the lookouts at once.
const PAGE: u32 = 2_000;
/// Mails made ready, and mails tried, in one round.
const DELIVERIES: u32 = 20;
/// A delivery is another mailer's after this; longer than one transaction may take.
const LEASE: Span = Span::minutes(5);
/// At a start, coverage older than this no longer matters to an open window.
const COVERAGE_MEMORY: Span = Span::days(3);
/// How far behind the last look coverage is asked for: the buckets that decide whether it is quiet.
const COVERAGE_TAIL: Span = Span::hours(2);

/// All stages in a row.
pub struct Pipeline {
    pub(super) store: Store,
    pub(super) ids: Arc<IdGen>,
    rules: InForce,
    /// With the judge they were built for: another one sees other companies.
    lookouts: Mutex<Option<(Arc<Judge>, Lookouts)>>,
    last_pages: LastPages,
    /// Whether an incident is open: sources that kept something back for one may use it.
    alight: AtomicBool,
}

/// What one visit did.
#[derive(Debug)]
pub struct PollReport {
    /// What is now remembered of the source.
    pub state: SourceState,
    /// What became of its posts.
    pub ingested: Ingested,
    /// Until when the whole host wants to be left alone.
    pub host_pause: Option<Timestamp>,
    /// A permanent new address, to be proposed to a person.
    pub moved_to: Option<String>,
    /// Who else tells of its news.
    pub hub: Option<Hub>,
}

/// What one detection did.
#[derive(Debug, Default)]
pub struct DetectReport {
    /// Changes, in order.
    pub events: Vec<IncidentEvent>,
    /// Mails owed.
    pub alerts: Vec<Alert>,
    /// When something could change though nothing new arrives.
    pub next_due: Option<Timestamp>,
}

/// What one dispatch did.
#[derive(Debug, Default)]
pub struct DispatchReport {
    /// Mails made ready, with their subjects.
    pub drafted: Vec<(Alert, String)>,
    /// Mails that a server took.
    pub sent: u32,
    /// Mails that stay owed.
    pub failed: u32,
}

impl Pipeline {
    /// With the parts it connects.
    pub fn new(
        store: Store,
        ids: Arc<IdGen>,
        judge: Arc<Judge>,
        recipients: Recipients,
        mail: MailParams,
        notifier: Option<Arc<dyn Notifier>>,
    ) -> Self {
        Self::with_rules(store, ids, Rules { judge, recipients, mail, notifier, patience: None })
    }

    /// The same, with everything a configuration decides.
    pub fn with_rules(store: Store, ids: Arc<IdGen>, rules: Rules) -> Self {
        let (rules, lookouts) = (InForce::new(rules), Mutex::new(None));
        Self { store, ids, rules, lookouts, last_pages: LastPages::default(), alight: AtomicBool::new(false) }
    }

    /// Goes by other rules from the next round on; rounds under way end by the old ones.
    pub fn adopt(&self, rules: Rules) {
        self.rules.replace(rules);
    }

    /// The rules that are in force.
    pub fn rules(&self) -> Arc<Rules> {
        self.rules.now()
    }

    /// The memory.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Visits one source and stores what it brought together with the source's new state.
    pub async fn poll_once(
        &self,
        source: &Arc<dyn Source>,
        state: &SourceState,
        fetch: &dyn Fetch,
        params: &CollectParams,
        now: Timestamp,
    ) -> Result<PollReport> {
        let mut state = SourceState { urgent: self.alight.load(Ordering::Relaxed), ..state.clone() };
        if source.reserve(&state, now).is_some()
            && let Some(written) = self.store.source_state(&state.source).await?
        {
            // What was written down counts, not what is remembered: a visit that could not be stored left its cost there.
            (state.cursor, state.meter) = (written.cursor, written.meter);
        }
        let reserved = poll::reserved(source.as_ref(), &state, now);
        if let Some(reserved) = &reserved {
            // Before the question: after a crash in between the budget is short by one question, and never over.
            self.store.reserve(reserved).await?;
        }
        let road = Weighed::new(fetch);
        let state = reserved.as_ref().unwrap_or(&state);
        let asked = poll::ask(source.as_ref(), state, &road, now).await;
        // Megabytes of a stranger's markup are read off the threads that wait for sockets; a reader that trips over
        // them fails this visit and no other.
        let (reader, before, manners) = (Arc::clone(source), state.clone(), params.clone());
        let visit = spawn_blocking(move || poll::settle(reader.as_ref(), &before, asked, &manners, now))
            .await
            .context("reading an answer")?;
        let covered = match visit.outcome {
            Outcome::Read(_) | Outcome::NotModified => Some(true),
            Outcome::Failed(_) => Some(false),
            Outcome::Waited => None,
        };
        let entries = if let Outcome::Read(entries) = visit.outcome { Some(entries) } else { None };
        let name = state.source.clone();
        let (news, known, page) = self.last_pages.news(&name, visit.posts);
        let posts = self.judge(news, visit.warm_up).await?;
        let (state, withdrawn, observed) = (Some(&visit.state), &visit.withdrawn, &visit.observed);
        let network = source.network();
        let batch = Ingest { network, state, covered, posts, known, withdrawn, observed, ..Ingest::of(&name, now) };
        let ingested = self.store.ingest_visit(&batch, road.visited(entries), &self.ids).await?;
        self.last_pages.stored(&name, page);
        let poll::Visit { state, host_pause, moved_to, hub, .. } = visit;
        Ok(PollReport { state, ingested, host_pause, moved_to, hub })
    }

    /// Reads posts from elsewhere than a source (a file, a recording) and stores them.
    pub async fn ingest(
        &self,
        source: &SourceName,
        posts: Vec<Post>,
        warm_up: bool,
        now: Timestamp,
    ) -> Result<Ingested> {
        let posts = self.judge(posts, warm_up).await?;
        self.keep(source, posts, now).await
    }

    /// Reads posts, off the threads that wait for sockets.
    pub async fn judge(&self, posts: Vec<Post>, warm_up: bool) -> Result<Vec<Judged>> {
        let judge = Arc::clone(&self.rules().judge);
        spawn_blocking(move || judge.page(posts, warm_up)).await.context("reading a page of posts")
    }

    /// Stores posts that have been read.
    pub async fn keep(&self, source: &SourceName, posts: Vec<Judged>, now: Timestamp) -> Result<Ingested> {
        let batch = Ingest { posts, ..Ingest::of(source, now) };
        Ok(self.store.ingest(&batch, &self.ids).await?)
    }

    /// Shows what is new to the lookouts, and stores what they found with the mails that are owed for it.
    pub async fn detect_once(&self, now: Timestamp) -> Result<DetectReport> {
        let mut slot = self.lookouts.lock().await;
        let rules = self.rules();
        let kept = slot.take().filter(|(judge, _)| Arc::ptr_eq(judge, &rules.judge));
        let mut lookouts = if let Some((_, lookouts)) = kept {
            lookouts
        } else {
            let zone = rules.mail.zone;
            Lookouts::rebuild(&self.store, rules.judge.watchlist(), zone, rules.patience, now).await?
        };
        // `slot` stays empty if anything below fails, so the next round starts from what was committed.
        let report = self.look(&rules, &mut lookouts, now).await?;
        *slot = Some((Arc::clone(&rules.judge), lookouts));
        Ok(report)
    }

    async fn look(&self, rules: &Rules, lookouts: &mut Lookouts, now: Timestamp) -> Result<DetectReport> {
        let before = lookouts.upto;
        let since = lookouts.looked_at.map_or(now - COVERAGE_MEMORY, |at| at - COVERAGE_TAIL);
        let blind = self.store.blind_buckets(since, now, rules.patience).await?;
        lookouts.blind.clone_from(&blind);
        if rules.patience.is_some() {
            let dark = coverage::dark(&self.store.source_states().await?, now);
            lookouts.see(&self.store, &dark, now).await?;
        }
        lookouts.looked_at = Some(now);
        loop {
            let page = self.store.mentions_after(lookouts.upto, PAGE).await?;
            let full = page.len() == PAGE as usize;
            for record in &page {
                lookouts.show(record);
            }
            if !full {
                break;
            }
        }
        let mut numbers = Numbers { ids: Arc::clone(&self.ids), now, last: lookouts.last_number };
        let mut found = Detected { upto: lookouts.upto, ..Detected::default() };
        for lookout in lookouts.iter_mut() {
            let step = lookout.step(now, &|bucket| blind.contains(&bucket), &mut numbers);
            found.events.extend(step.events);
            found.attached.extend(step.attached);
        }
        lookouts.judged_until = Some(now);
        lookouts.last_number = numbers.last;

        self.alight.store(lookouts.open_incidents().next().is_some(), Ordering::Relaxed);
        let mut teller = Teller::new(&self.store, rules.judge.watchlist(), &rules.recipients, &self.ids, now);
        for event in &found.events {
            teller.decide(event).await?;
        }
        for incident in lookouts.open_incidents() {
            teller.remind(incident).await?;
            if found.attached.iter().any(|(_, id)| *id == incident.id) {
                found.refreshed.push(incident.clone());
            }
        }
        (found.alerts, found.held) = (teller.alerts, teller.held);
        let quiet = found.events.is_empty() && found.alerts.is_empty() && found.attached.is_empty();
        if !quiet || lookouts.upto != before {
            self.store.commit_detection(&found, &self.ids, now).await?;
        }
        Ok(DetectReport { events: found.events, alerts: found.alerts, next_due: lookouts.next_due() })
    }

    /// Makes owed mails ready and tries every delivery that is due. A caller whose clock goes on while a slow server
    /// answers calls [`Self::draft_once`] and [`Self::deliver_next`] instead.
    pub async fn dispatch_once(&self, now: Timestamp) -> Result<DispatchReport> {
        let mut report = DispatchReport { drafted: self.draft_once(now).await?, ..DispatchReport::default() };
        for _ in 0..DELIVERIES {
            match self.deliver_next(now).await? {
                Some(true) => report.sent += 1,
                Some(false) => report.failed += 1,
                None => break,
            }
        }
        Ok(report)
    }

    /// Makes owed mails ready: what was told, and its subject.
    pub async fn draft_once(&self, now: Timestamp) -> Result<Vec<(Alert, String)>> {
        let (rules, mut drafted) = (self.rules(), Vec::new());
        for alert in self.store.undrafted(DELIVERIES).await? {
            // One alert that cannot be written must not hold back the others.
            match self.draft(&rules, &alert, now).await {
                Ok(subject) => drafted.push((alert, subject)),
                Err(error) => tracing::error!(alert.id = alert.id.0, "an alert could not be written: {error:#}"),
            }
        }
        Ok(drafted)
    }

    /// Tries the gravest delivery that is due now; whether a server took it, or `None` when nothing is due.
    pub async fn deliver_next(&self, now: Timestamp) -> Result<Option<bool>> {
        let rules = self.rules();
        let Some(notifier) = &rules.notifier else { return Ok(None) };
        let Some(due) = self.store.lease_deliveries(now, LEASE, 1).await?.pop() else { return Ok(None) };
        let delivery = deliver::attempt(notifier.as_ref(), &due, now).await;
        let sent = delivery.sent_at.is_some();
        self.store.record_delivery(&delivery).await?;
        Ok(Some(sent))
    }

    async fn draft(&self, rules: &Rules, alert: &Alert, now: Timestamp) -> Result<String> {
        let previous = self.previous(alert.incident, alert.sequence).await?;
        let label = rules.recipients.groups_for(rules.judge.watchlist(), &alert.event.incident.company).join("・");
        let story = story::gather(&self.store, alert.clone(), previous, label, now).await?;
        let mail = compose::compose(&story, &rules.mail, now);
        self.store.save_rendered(alert, &mail, &self.ids, now).await?;
        Ok(mail.subject)
    }

    /// What the mail before this one said, so that this one can say what changed.
    async fn previous(&self, incident: IncidentId, sequence: u32) -> Result<Option<Previous>> {
        let Some(before) = sequence.checked_sub(1).filter(|n| *n > 0) else { return Ok(None) };
        let event = self.store.told_event(incident, before).await?;
        Ok(event.map(|e| Previous { at: e.at, level: e.incident.level, counts: e.incident.counts }))
    }

    /// Forgets what nobody needs any longer, and what by the terms of a source may not be `kept`.
    pub async fn tidy_once(&self, kept: &[(SourceName, Option<Span>)], now: Timestamp) -> Result<()> {
        self.store.keep_for(kept).await?;
        Ok(self.store.tidy(now).await?)
    }

    /// Mails that are still on their way.
    pub async fn owed(&self) -> Result<u64> {
        Ok(self.store.owed().await?)
    }
}
