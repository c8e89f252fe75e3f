//! One lookout per company, and how they are brought back after a restart.
//!
//! # Why
//! Lookouts are pure and live in memory; the database is the truth. What they know is a function of stored mentions
//! and incidents, so a restart, or a transaction that failed, simply builds them again.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::coverage::{self, Usual};
use crate::{
    clock::IdGen,
    detect::{Lookout, LookoutParams, Numbering},
    model::{
        ids::{IncidentId, MentionId},
        incident::Incident,
        mention::{Fate, MentionRecord},
        post::SourceName,
        time::{Span, Timestamp, Zone},
        watch::{CompanyName, Watchlist},
    },
    store::{Store, StoreError},
};

/// How far back an ember may reach, and so how much of the past is read at a start.
const MEMORY: Span = Span::days(90);
/// A closed incident that burns again within this time keeps its number.
const REIGNITES_WITHIN: Span = Span::days(60);
/// What is usual is looked up again after this.
const USUAL_HOLDS: Span = Span::hours(1);
/// Mentions read at once.
const PAGE: u32 = 2_000;

/// All lookouts.
#[derive(Debug)]
pub(super) struct Lookouts {
    by_company: BTreeMap<CompanyName, Lookout>,
    /// Everything up to this mention has been seen.
    pub upto: MentionId,
    /// The number of the last incident.
    pub last_number: u64,
    /// When they last looked.
    pub looked_at: Option<Timestamp>,
    /// Buckets about which nothing is known.
    pub blind: BTreeSet<Timestamp>,
    /// Up to when every lookout has judged what it saw.
    pub judged_until: Option<Timestamp>,
    /// Who usually brings how much, since when that is known; asked for only while a source is dark.
    usual: Option<(Timestamp, BTreeMap<CompanyName, Usual>)>,
}

impl Lookouts {
    /// From what is stored.
    pub(super) async fn rebuild(
        store: &Store,
        watchlist: &Watchlist,
        zone: Zone,
        patience: Option<Span>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let upto = store.detected_upto().await?;
        let live = store.live_incidents(now - REIGNITES_WITHIN).await?;
        let first = store.first_mention_at(now - MEMORY).await?.unwrap_or(now);
        let names: Vec<CompanyName> = watchlist.companies.iter().map(|w| w.name.clone()).collect();
        let watched = store.watch(&names, now).await?;
        // Who joined later has no past here: zeros from before would make its first ordinary day a storm.
        let since = |name: &CompanyName| match watched.get(name) {
            Some(w) if w.joined => w.at.max(now - MEMORY),
            _ => first,
        };
        let blind = store.blind_buckets(now - MEMORY, now, patience).await?;
        let mut by_company: BTreeMap<CompanyName, Lookout> = BTreeMap::new();
        for w in &watchlist.companies {
            let params = LookoutParams { budget: w.budget, zone };
            by_company.insert(w.name.clone(), Lookout::new(w.name.clone(), params, since(&w.name)));
        }
        // A company that left the list while it burns: nobody looks for posts of it any longer, and whoever was told of
        // the fire is told when it is over.
        for incident in live.iter().filter(|i| !i.state.is_closed()) {
            let params = LookoutParams { zone, ..LookoutParams::default() };
            let name = &incident.company;
            by_company.entry(name.clone()).or_insert_with(|| Lookout::new(name.clone(), params, first));
        }
        let mut after = MentionId(0);
        loop {
            let page = store.mentions_between(after, upto, now - MEMORY, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            for record in &page {
                if let Some(lookout) = by_company.get_mut(&record.mention.company) {
                    lookout.recall(record, &|bucket| blind.contains(&bucket));
                }
            }
        }
        let judged_until = store.looked_at().await?;
        if let Some(at) = judged_until {
            for lookout in by_company.values_mut() {
                lookout.looked_until(at);
            }
        }
        for incident in live {
            if let Some(lookout) = by_company.get_mut(&incident.company) {
                let (id, mut back, mut after) = (incident.id, lookout.bring_back(incident), MentionId(0));
                // Page by page: a great fire has more posts than fit into memory at once.
                loop {
                    let page = store.incident_mentions(id, after, PAGE).await?;
                    let Some(last) = page.last() else { break };
                    after = last.id;
                    for record in &page {
                        lookout.retell(&mut back, record);
                    }
                }
                lookout.is_back(back);
            }
        }
        Ok(Self {
            by_company,
            upto,
            last_number: store.last_incident_number().await?,
            looked_at: None,
            blind,
            judged_until,
            usual: None,
        })
    }

    /// Tells every lookout how much of the last day could be seen, while `dark` sources cannot be read.
    pub(super) async fn see(
        &mut self,
        store: &Store,
        dark: &[(SourceName, Timestamp)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if dark.is_empty() {
            // All are back: what was seen in part is whole again.
            if self.usual.take().is_some() {
                self.by_company.values_mut().for_each(|lookout| lookout.share(&BTreeMap::new()));
            }
            return Ok(());
        }
        if self.usual.as_ref().is_none_or(|(at, _)| now - *at >= USUAL_HOLDS) {
            let mut usual = BTreeMap::new();
            for name in self.by_company.keys() {
                usual.insert(name.clone(), store.usual_sources(name, now - coverage::USUAL).await?);
            }
            self.usual = Some((now, usual));
        }
        let Some((_, usual)) = &self.usual else { return Ok(()) };
        for (name, lookout) in &mut self.by_company {
            let partly = usual.get(name).map(|usual| coverage::partly(usual, dark, now));
            lookout.share(&partly.unwrap_or_default());
        }
        Ok(())
    }

    /// Shows one mention to the company's lookout. History teaches; it does not alarm.
    pub(super) fn show(&mut self, record: &MentionRecord) {
        self.upto = self.upto.max(record.id);
        let Some(lookout) = self.by_company.get_mut(&record.mention.company) else { return };
        // Why not always `recall`: it closes what it passes, and a new source's first page that came since the last look
        // must not close, unjudged, the minutes in which something else has begun to burn.
        let is_past = self.judged_until.is_none_or(|at| record.post.collected_at <= at);
        if record.fate == Fate::WarmUp && is_past {
            lookout.recall(record, &|bucket| self.blind.contains(&bucket));
        } else {
            lookout.observe(record);
        }
    }

    /// Every lookout, by company.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Lookout> {
        self.by_company.values_mut()
    }

    /// Every incident that is open.
    pub(super) fn open_incidents(&self) -> impl Iterator<Item = &Incident> {
        self.by_company.values().flat_map(Lookout::incidents).filter(|i| !i.state.is_closed())
    }

    /// When something could change though nothing new arrives.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.by_company.values().filter_map(Lookout::next_due).min()
    }
}

/// Gives new incidents their row and their number.
pub(super) struct Numbers {
    pub ids: Arc<IdGen>,
    pub now: Timestamp,
    pub last: u64,
}

impl Numbering for Numbers {
    fn next(&mut self) -> (IncidentId, u64) {
        self.last += 1;
        (IncidentId(self.ids.next(self.now)), self.last)
    }
}
