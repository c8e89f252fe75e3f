//! What `/metrics` says: counters that run since the start, and gauges read at the moment of asking.
//!
//! # Invariants
//! Labels are words of ours or the short hash of a source's name: no company, no keyword, no recipient, no address
//! can get in, and the number of series is bounded by the configuration.

use prometheus_client::{
    encoding::text::{encode_eof, encode_registry},
    metrics::{counter::Counter, family::Family, gauge::Gauge, info::Info},
    registry::Registry,
};

use crate::model::{
    incident::Level,
    time::{Span, Timestamp},
};

/// What the text is.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type OneWord = Family<[(&'static str, &'static str); 1], Counter>;
type TwoWords = Family<[(&'static str, &'static str); 2], Counter>;

/// Counters since the start of the program.
#[derive(Debug)]
pub struct Counters {
    registry: Registry,
    polls: TwoWords,
    bytes: Counter,
    posts: Counter,
    mentions: Counter,
    incidents: OneWord,
    attempts: OneWord,
    restarts: OneWord,
    rejected: OneWord,
    pushes: OneWord,
}

impl Default for Counters {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("hinomi");
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        registry.register("build", "The program", Info::new(version));
        let (polls, attempts, restarts) = (TwoWords::default(), OneWord::default(), OneWord::default());
        let (bytes, posts, mentions) = (Counter::default(), Counter::default(), Counter::default());
        let (incidents, rejected, pushes) = (OneWord::default(), OneWord::default(), OneWord::default());
        registry.register("source_polls", "Visits of sources by how they ended", polls.clone());
        registry.register("fetch_bytes", "Bytes of answers after decompression", bytes.clone());
        registry.register("posts_ingested", "Posts stored that were never seen before", posts.clone());
        registry.register("matches", "Mentions of watched companies stored", mentions.clone());
        registry.register("incidents", "Incidents opened, by their level at that moment", incidents.clone());
        registry.register("smtp_attempts", "Tries to hand a mail over, by how they ended", attempts.clone());
        registry.register("stage_restarts", "Loops that were started again after a panic", restarts.clone());
        registry.register("posts_rejected", "Posts that could not be read", rejected.clone());
        registry.register("pushes", "Deliveries to /ingest by how they ended", pushes.clone());
        Self { registry, polls, bytes, posts, mentions, incidents, attempts, restarts, rejected, pushes }
    }
}

impl Counters {
    /// A visit ended.
    pub fn polled(&self, source_kind: &'static str, outcome: &'static str) {
        self.polls.get_or_create(&[("source_kind", source_kind), ("outcome", outcome)]).inc();
    }

    /// An answer arrived.
    pub fn fetched(&self, bytes: u64) {
        self.bytes.inc_by(bytes);
    }

    /// Posts and mentions were stored.
    pub fn ingested(&self, posts: u64, mentions: u64) {
        self.posts.inc_by(posts);
        self.mentions.inc_by(mentions);
    }

    /// Posts could not be read.
    pub fn unread(&self, posts: u64) {
        self.rejected.get_or_create(&[("reason", "unread")]).inc_by(posts);
    }

    /// Somebody brought posts, and it ended so.
    pub fn pushed(&self, outcome: &'static str) {
        self.pushes.get_or_create(&[("outcome", outcome)]).inc();
    }

    /// Lines that somebody brought are no posts.
    pub fn refused(&self, lines: u64) {
        self.rejected.get_or_create(&[("reason", "refused")]).inc_by(lines);
    }

    /// An incident was opened.
    pub fn opened(&self, level: Level) {
        self.incidents.get_or_create(&[("severity", level.en())]).inc();
    }

    /// A mail was tried.
    pub fn tried(&self, outcome: &'static str) {
        self.attempts.get_or_create(&[("outcome", outcome)]).inc();
    }

    /// A loop was started again.
    pub fn restarted(&self, stage: &'static str) {
        self.restarts.get_or_create(&[("stage", stage)]).inc();
    }

    /// All counters, and these gauges.
    pub fn text(&self, gauges: &Gauges) -> String {
        let mut text = String::new();
        let written = encode_registry(&mut text, &self.registry)
            .and_then(|()| encode_registry(&mut text, &gauges.registry()))
            .and_then(|()| encode_eof(&mut text));
        // Writing to a String cannot fail; half a page would be worse than none.
        written.map_or_else(|_| String::new(), |()| text)
    }
}

/// How things stand at the moment of asking. What is `None` or missing is not shown.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Gauges {
    /// Since when the program runs.
    pub up_since: Option<Timestamp>,
    /// The last visit that worked, by the short hash of the source's name.
    pub last_success: Vec<(String, Timestamp)>,
    /// Since the last look that ended well.
    pub detector_lag: Option<Span>,
    /// Open incidents.
    pub open: Option<Vec<(Level, u64)>>,
    /// Alerts that somebody has not got yet.
    pub outbox: Option<Vec<(Level, u64)>>,
    /// How long the oldest of them has been waiting.
    pub outbox_oldest: Option<Span>,
    /// Deliveries that wait for a person to mend something.
    pub held: Option<u64>,
    /// Bytes of the database file.
    pub db_size: Option<u64>,
    /// Bytes of its write-ahead log.
    pub db_wal: Option<u64>,
    /// Bytes free where the database lies.
    pub disk_free: Option<u64>,
    /// Whether the configuration in force is the one in the files.
    pub reload_ok: Option<bool>,
}

impl Gauges {
    fn registry(&self) -> Registry {
        let mut r = Registry::with_prefix("hinomi");
        let mut one = |name: &str, help: &str, value: Option<f64>| {
            if let Some(value) = value {
                let gauge = Gauge::<f64, std::sync::atomic::AtomicU64>::default();
                gauge.set(value);
                r.register(name, help, gauge);
            }
        };
        let seconds = |span: Span| span.millis() as f64 / 1000.0;
        let bytes = |n: u64| n as f64;
        one("up_since_timestamp_seconds", "When the program was started", self.up_since.map(|t| t.seconds() as f64));
        one("detector_lag_seconds", "Since the last look for trouble that ended well", self.detector_lag.map(seconds));
        one("outbox_oldest_age_seconds", "How long the oldest alert waits", self.outbox_oldest.map(seconds));
        one("deliveries_held", "Deliveries that wait for a person to mend something", self.held.map(bytes));
        one("db_size_bytes", "The database file", self.db_size.map(bytes));
        one("db_wal_bytes", "The write-ahead log of the database", self.db_wal.map(bytes));
        one("disk_free_bytes", "Free where the database lies", self.disk_free.map(bytes));
        let reload = self.reload_ok.map(|ok| f64::from(u8::from(ok)));
        one("config_last_reload_success", "Whether the configuration in the files is the one in force", reload);

        let last = Family::<[(&'static str, String); 1], Gauge>::default();
        for (id, at) in &self.last_success {
            last.get_or_create(&[("source", id.clone())]).set(at.seconds());
        }
        r.register("source_last_success_timestamp_seconds", "The last visit that worked", last);
        for (name, help, levels) in [
            ("incidents_open", "Open incidents", &self.open),
            ("outbox_pending", "Alerts that somebody has not got yet", &self.outbox),
        ] {
            // A database that does not answer is not an empty one.
            let Some(levels) = levels else { continue };
            let family = Family::<[(&'static str, &'static str); 1], Gauge>::default();
            for level in [Level::Notice, Level::Warning, Level::Critical] {
                let number = levels.iter().find(|(l, _)| *l == level).map_or(0, |(_, n)| *n);
                let number = i64::try_from(number).unwrap_or(i64::MAX);
                family.get_or_create(&[("severity", level.en())]).set(number);
            }
            r.register(name, help, family);
        }
        r
    }
}
