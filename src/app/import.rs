//! Posts from files: into the database itself where nobody works on it, or through the door of the Hinomi that does.
//!
//! # Invariants
//! Two never write to one database: who finds it taken brings the posts to the one that has it. The same file twice
//! changes nothing but the tallies.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use anyhow::{Context, Result, bail};

use super::{
    claim::Claim,
    dictionary,
    judge::Judge,
    pseudonym::Pseudonyms,
    push::{
        Intake,
        body::{self, Brought, Terms},
        house,
    },
    service::judge,
};
use crate::{
    clock::IdGen,
    model::{limits, post::SourceName, time::Timestamp, watch::Watchlist},
    store::{Ingested, Store, StoreError, StoreParams},
    web::{
        ingest::{Refusal, Tally},
        knock::{Door, Said},
    },
};

/// Posts that are handed over at once.
pub const BATCH: usize = 1_000;
/// Their bytes; a batch must fit into one delivery.
pub const BATCH_BYTES: usize = limits::INGEST_BYTES / 2;
/// How often a running Hinomi that has no time, or has just started, is asked.
const TRIES: u32 = 60;
/// Between two tries at a door that is not open yet.
const PAUSE: Duration = Duration::from_millis(500);

/// One line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number in the file.
    pub number: u64,
    /// What stands in it; `None` for one that is too long to be looked at.
    pub bytes: Option<Vec<u8>>,
}

/// Where the posts go.
pub struct Importer {
    road: Road,
    terms: Terms,
    visited: BTreeSet<SourceName>,
}

enum Road {
    /// Nobody else works on the database.
    Own { store: Store, ids: IdGen, judge: Arc<Judge>, _claim: Claim },
    /// Somebody does, and takes posts at this door.
    Door(Door),
}

/// What an import stands on.
#[derive(Debug, Clone)]
pub struct Ground {
    /// The database.
    pub store: StoreParams,
    /// Whom to watch.
    pub watchlist: Watchlist,
    /// Sources that are visited; nobody brings posts under their names.
    pub visited: BTreeSet<SourceName>,
}

impl Importer {
    /// Opens the database, or finds the door of the Hinomi that has it.
    pub async fn open(ground: Ground, terms: Terms, now: Timestamp) -> Result<Self> {
        let road = match Claim::take(&ground.store, now) {
            Ok(claim) => Self::own(claim, ground.store, ground.watchlist, now).await?,
            Err(held @ StoreError::Held { .. }) => match house::door(&ground.store.path)? {
                Some(door) => Road::Door(door),
                None => return Err(held.into()),
            },
            Err(error) => return Err(error.into()),
        };
        Ok(Self { road, terms, visited: ground.visited })
    }

    async fn own(claim: Claim, params: StoreParams, watchlist: Watchlist, now: Timestamp) -> Result<Road> {
        let store = Store::open(&params).await?;
        let names: Vec<_> = watchlist.companies.iter().map(|w| w.name.clone()).collect();
        store.watch(&names, now).await?;
        let ids = IdGen::after(store.last_id().await?);
        let pseudonyms = Pseudonyms::from_file(&params.path.with_extension("key"))?;
        let judge = judge(dictionary::tokenizer().context("loading the dictionary")?, watchlist, pseudonyms)?;
        Ok(Road::Own { store, ids, judge: Arc::new(judge), _claim: claim })
    }

    /// Whether the posts are brought to a Hinomi that runs.
    pub const fn is_handed_over(&self) -> bool {
        matches!(self.road, Road::Door(_))
    }

    /// Takes a batch of at most [`BATCH`] lines and [`BATCH_BYTES`]. What the answer counts is stored. Every line that
    /// is refused is named, as far as it can be seen from here.
    pub async fn take(&self, lines: Vec<Line>, now: Timestamp) -> Result<Tally> {
        let mut tally = Tally::default();
        // Not with `Tally::refuse`, which names only the first ones: whoever imports a file wants to mend all of it.
        let mut refusals = Vec::new();
        let mut good = Vec::with_capacity(lines.len());
        for line in lines {
            let read = line.bytes.as_ref().map_or_else(|| Err(body::too_long()), |b| body::line(b, &self.terms, now));
            match read {
                Ok((post, history)) => good.push((line, Brought { line: 0, post, history })),
                Err(reason) => refusals.push(Refusal { line: line.number, reason }),
            }
        }
        let unread = refusals.len() as u64;
        match &self.road {
            Road::Own { store, ids, judge, .. } => {
                let intake = Intake { store, ids, judge: Arc::clone(judge), visited: self.visited.clone() };
                let named = |(line, brought): (Line, Brought)| Brought { line: line.number, ..brought };
                let posts = good.into_iter().map(named).collect();
                intake.take(posts, now, &mut tally, &mut Ingested::default()).await?;
            }
            Road::Door(door) if !good.is_empty() => {
                let lines: Vec<Line> = good.into_iter().map(|(line, _)| line).collect();
                tally = self.hand_over(door, &lines).await?;
            }
            Road::Door(_) => {}
        }
        tally.refused += unread;
        refusals.append(&mut tally.refusals);
        refusals.sort_by_key(|r| r.line);
        tally.refusals = refusals;
        Ok(tally)
    }

    async fn hand_over(&self, door: &Door, lines: &[Line]) -> Result<Tally> {
        let posts = lines.iter().filter_map(|l| l.bytes.as_deref()).collect::<Vec<_>>().join(&b'\n');
        let mut last = String::new();
        for _ in 0..TRIES {
            match door.bring(self.terms.source.as_deref(), self.terms.history, posts.clone()).await {
                Ok(Said::Taken(mut tally)) => {
                    for refusal in &mut tally.refusals {
                        // It counts the lines that it was brought.
                        let at = usize::try_from(refusal.line).ok().and_then(|n| n.checked_sub(1));
                        refusal.line = at.and_then(|i| lines.get(i)).map_or(refusal.line, |l| l.number);
                    }
                    return Ok(tally);
                }
                Ok(Said::Refused(why)) => bail!("the Hinomi that runs refuses it: {why}"),
                Ok(Said::Later { wait, why }) => {
                    last = why;
                    tokio::time::sleep(wait.to_std()).await;
                }
                Err(why) => {
                    last = why.to_string();
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        bail!("the Hinomi that runs at {} takes nothing ({last}); try again later", door.address)
    }

    /// Lets go of the database.
    pub async fn close(self) {
        if let Road::Own { store, .. } = self.road {
            store.close().await;
        }
    }
}
