//! All that a mail tells, gathered by the one who may ask the store. No words yet: those are `compose`'s.

use crate::model::{
    alert::Reason,
    incident::{Counts, IncidentEvent, Level},
    mention::MentionRecord,
    time::Timestamp,
};

/// Everything one mail is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Story {
    /// What changed, with the incident as it stands.
    pub event: IncidentEvent,
    /// The how-manieth mail of the incident, from 1.
    pub sequence: u32,
    /// Why it goes out.
    pub reason: Reason,
    /// What the last mail told.
    pub previous: Option<Previous>,
    /// Posts of the incident's category per hour, by the start of the hour, oldest first; 24 of them.
    pub hourly: Vec<(Timestamp, u64)>,
    /// The most posts a normal hour holds.
    pub upper: f64,
    /// The ones that reached most people, the origin last.
    pub posts: Vec<MentionRecord>,
    /// How much of the world was looked at.
    pub coverage: Coverage,
    /// Who receives it, as the configuration names them.
    pub recipients_label: String,
}

/// What the mail before told.
#[derive(Debug, Clone, PartialEq)]
pub struct Previous {
    /// When.
    pub at: Timestamp,
    /// Level at that moment.
    pub level: Level,
    /// Totals at that moment.
    pub counts: Counts,
}

/// Sources at the moment of the mail.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coverage {
    /// Configured.
    pub sources: usize,
    /// Of these, the ones that answer.
    pub ok: usize,
    /// Names of those that do not.
    pub silent: Vec<String>,
    /// The share of the company's posts that usually comes from these, in percent.
    pub unseen_percent: u8,
}
