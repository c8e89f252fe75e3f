//! What `/healthz` says: one word, and every reason for it in two languages.

use serde::Serialize;

/// How Hinomi is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It sees, decides and speaks.
    Ok,
    /// Something is missing; a person should look today.
    Degraded,
    /// It cannot see, cannot decide or cannot speak: alerts are late or lost from sight now.
    Failing,
}

/// Why it is not well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// A word for machines that does not change between versions.
    pub code: &'static str,
    /// How bad this one is.
    pub status: Status,
    /// The source it is about, by its name in the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The same source as the metrics call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_id: Option<String>,
    /// For people.
    pub ja: String,
    /// For people.
    pub en: String,
}

impl Reason {
    /// About Hinomi as a whole.
    pub fn new(code: &'static str, status: Status, ja: impl Into<String>, en: impl Into<String>) -> Self {
        Self { code, status, source: None, source_id: None, ja: ja.into(), en: en.into() }
    }
}

/// The answer of `/healthz`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Health {
    /// As bad as the worst reason.
    pub status: Status,
    /// All of them, the worst first.
    pub reasons: Vec<Reason>,
    /// The program's own version.
    pub version: &'static str,
}

impl Health {
    /// What these reasons come to.
    pub fn of(mut reasons: Vec<Reason>) -> Self {
        reasons.sort_by_key(|r| std::cmp::Reverse(r.status));
        let status = reasons.first().map_or(Status::Ok, |r| r.status);
        Self { status, reasons, version: env!("CARGO_PKG_VERSION") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_reason_comes_first_and_decides() {
        assert_eq!(Health::of(Vec::new()).status, Status::Ok);
        let few = Reason::new("disk_low", Status::Degraded, "少ない", "little");
        let dead = Reason::new("database", Status::Failing, "書けない", "no writes");
        let health = Health::of(vec![few, dead]);
        assert_eq!((health.status, health.reasons[0].code), (Status::Failing, "database"));
        let json = serde_json::to_value(&health).unwrap();
        assert_eq!(json["status"], "failing");
        assert!(json["reasons"][0].get("source").is_none());
    }
}
