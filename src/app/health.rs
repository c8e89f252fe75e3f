//! How this Hinomi is: what the loops report of themselves while they run, and the answer to whoever asks.
//!
//! Not here: which of it is bad (`verdict.rs`), and what happens when a loop stands still (`watchdog.rs`).
//!
//! # Invariants
//! Ages are measured with a clock that nobody can set; only what the database holds is compared with the wall clock.

use std::{
    collections::{BTreeMap, VecDeque},
    path::Path,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use tokio::time::{Instant, timeout};

use super::{
    stage::{Pulse, Stage},
    tasks::Shared,
    verdict::{self, Disk, Seen, SourceSeen},
};
use crate::{
    model::{
        post::SourceName,
        time::{Span, Timestamp},
    },
    web::{
        Witness,
        health::Health,
        metrics::{Counters, Gauges},
    },
};

/// How long a panic of a loop is held against it.
pub(super) const PANICS_WITHIN: Duration = Duration::from_mins(10);
/// The same for the visits of one source.
const VISIT_PANICS_WITHIN: Duration = Duration::from_hours(1);
/// How long a jump of the clock is told.
const JUMP_TOLD: Duration = Duration::from_hours(1);
/// The database answers a question within this, or it does not answer.
const ASK: Duration = Duration::from_secs(3);

/// What the loops report.
#[derive(Debug)]
pub(super) struct Vitals {
    pub counters: Counters,
    up_since: Timestamp,
    pulses: [Pulse; Stage::COUNT],
    /// Seconds without progress, as the watchdog has counted them.
    still: [AtomicU64; Stage::COUNT],
    facts: Mutex<Facts>,
}

#[derive(Debug)]
struct Facts {
    looked: Instant,
    reload_ok: bool,
    failed_rounds: [u32; Stage::COUNT],
    panics: VecDeque<(Stage, Instant)>,
    visit_panics: BTreeMap<SourceName, VecDeque<Instant>>,
    jump: Option<(Span, Instant)>,
}

impl Vitals {
    pub(super) fn new(now: Timestamp) -> Self {
        let facts = Facts {
            looked: Instant::now(),
            reload_ok: true,
            failed_rounds: [0; Stage::COUNT],
            panics: VecDeque::new(),
            visit_panics: BTreeMap::new(),
            jump: None,
        };
        Self {
            counters: Counters::default(),
            up_since: now,
            pulses: Default::default(),
            still: Default::default(),
            facts: Mutex::new(facts),
        }
    }

    fn facts(&self) -> MutexGuard<'_, Facts> {
        // A panic elsewhere leaves numbers behind that are still worth telling.
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn pulse(&self, stage: Stage) -> &Pulse {
        &self.pulses[stage as usize]
    }

    pub(super) fn stands_still(&self, stage: Stage, seconds: u64) {
        self.still[stage as usize].store(seconds, Relaxed);
    }

    /// Detection has looked and stored what it found.
    pub(super) fn looked(&self) {
        self.facts().looked = Instant::now();
    }

    pub(super) fn round_worked(&self, stage: Stage) {
        self.facts().failed_rounds[stage as usize] = 0;
    }

    /// How many rounds in a row have failed now.
    pub(super) fn round_failed(&self, stage: Stage) -> u32 {
        let failed = &mut self.facts().failed_rounds[stage as usize];
        *failed = failed.saturating_add(1);
        *failed
    }

    /// How many times the loop has panicked of late, this one included.
    pub(super) fn panicked(&self, stage: Stage) -> usize {
        self.counters.restarted(stage.as_str());
        let mut facts = self.facts();
        facts.panics.push_back((stage, Instant::now()));
        facts.panics.retain(|(_, at)| at.elapsed() < PANICS_WITHIN);
        facts.panics.iter().filter(|(s, _)| *s == stage).count()
    }

    /// How many visits of the source have panicked of late, this one included.
    pub(super) fn visit_panicked(&self, source: &SourceName) -> usize {
        let mut facts = self.facts();
        let panics = facts.visit_panics.entry(source.clone()).or_default();
        panics.push_back(Instant::now());
        panics.retain(|at| at.elapsed() < VISIT_PANICS_WITHIN);
        panics.len()
    }

    pub(super) fn reloaded(&self, ok: bool) {
        self.facts().reload_ok = ok;
    }

    pub(super) fn clock_jumped(&self, by: Span) {
        self.facts().jump = Some((by, Instant::now()));
    }
}

/// What the metrics call a source: short, always the same, and not its name.
pub(super) fn source_id(name: &SourceName) -> String {
    let hash = Sha256::digest(name.0.as_bytes());
    let first: [u8; 4] = hash.as_slice().get(..4).and_then(|b| b.try_into().ok()).unwrap_or_default();
    format!("{:08x}", u32::from_be_bytes(first))
}

#[async_trait]
impl Witness for Shared {
    async fn health(&self) -> Health {
        let now = self.clock.now();
        let store = self.pipeline.store();
        let standing = timeout(ASK, store.standing()).await.ok().and_then(Result::ok);
        let writes = matches!(timeout(ASK, store.takes_writes()).await, Ok(Ok(())));
        let states = timeout(ASK, store.source_states()).await.ok().and_then(Result::ok).unwrap_or_default();
        let plan = self.plan.borrow().clone();
        let facts = self.vitals.facts();
        let panics = |source| {
            let of = facts.visit_panics.get(source);
            of.map_or(0, |all| all.iter().filter(|at| at.elapsed() < VISIT_PANICS_WITHIN).count())
        };
        let sources = plan.listed().map(|(name, every, since)| SourceSeen {
            name: name.clone(),
            id: source_id(name),
            every,
            since,
            state: states.iter().find(|s| s.source == *name).cloned(),
            panics: panics(name),
        });
        let of = |stage: Stage| {
            let recent = facts.panics.iter().filter(|(s, at)| *s == stage && at.elapsed() < PANICS_WITHIN).count();
            (stage, recent, facts.failed_rounds[stage as usize], self.vitals.still[stage as usize].load(Relaxed))
        };
        Health::of(verdict::reasons(&Seen {
            now,
            sources: sources.collect(),
            lag: span(facts.looked.elapsed()),
            standing: standing.filter(|_| writes),
            disk: disk(&store.params().path),
            jump: facts.jump.filter(|(_, at)| at.elapsed() < JUMP_TOLD).map(|(by, _)| by),
            stages: Stage::ALL.map(of),
            reload_ok: facts.reload_ok,
        }))
    }

    async fn ready(&self) -> bool {
        matches!(timeout(ASK, self.pipeline.store().takes_writes()).await, Ok(Ok(())))
    }

    async fn metrics(&self) -> String {
        let now = self.clock.now();
        let store = self.pipeline.store();
        let standing = timeout(ASK, store.standing()).await.ok().and_then(Result::ok);
        let states = timeout(ASK, store.source_states()).await.ok().and_then(Result::ok).unwrap_or_default();
        let plan = self.plan.borrow().clone();
        let listed = |name: &SourceName| plan.listed().any(|(listed, ..)| listed == name);
        let (lag, reload_ok) = {
            let facts = self.vitals.facts();
            (span(facts.looked.elapsed()), facts.reload_ok)
        };
        let path = &store.params().path;
        let size = |path: &Path| std::fs::metadata(path).ok().map(|m| m.len());
        let mut wal = path.as_os_str().to_owned();
        wal.push("-wal");
        let numbers = |of: &[crate::store::AtLevel]| of.iter().map(|a| (a.level, a.number)).collect();
        self.vitals.counters.text(&Gauges {
            up_since: Some(self.vitals.up_since),
            last_success: states
                .iter()
                .filter(|s| listed(&s.source))
                .filter_map(|s| Some((source_id(&s.source), s.last_ok_at?)))
                .collect(),
            detector_lag: Some(lag),
            open: standing.as_ref().map(|s| numbers(&s.open)),
            outbox: standing.as_ref().map(|s| numbers(&s.outbox)),
            outbox_oldest: standing
                .as_ref()
                .map(|s| s.outbox.iter().filter_map(|a| a.oldest).min().map_or(Span::ZERO, |oldest| now - oldest)),
            held: standing.as_ref().map(|s| s.held),
            db_size: size(path),
            db_wal: size(Path::new(&wal)),
            disk_free: free_beside(path),
            reload_ok: Some(reload_ok),
        })
    }
}

fn span(age: Duration) -> Span {
    Span::from_millis(i64::try_from(age.as_millis()).unwrap_or(i64::MAX))
}

/// Bytes that are free where `file` lies.
pub(super) fn free_beside(file: &Path) -> Option<u64> {
    disk(file).map(|d| d.free)
}

/// The disk that `file` lies on.
fn disk(file: &Path) -> Option<Disk> {
    let folder = file.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let stat = rustix::fs::statvfs(folder).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
    Some(Disk { free: bytes(stat.f_bavail), size: bytes(stat.f_blocks) })
}
