//! How things stand, for those who look on from outside: what is owed, what is open, whether writing works.

use sqlx::{Executor, Row};

use super::{
    Store, StoreError,
    incidents::{SET_PROGRESS, level},
    rows::{count, time},
    sql::sql,
    transaction::in_transaction,
};
use crate::model::{ids::IncidentId, incident::Level, time::Timestamp};

sql! {
    /// An alert is on its way until every one of its deliveries has been taken.
    OUTBOX = "
        select a.level, count(*) as pending, min(a.created_at) as oldest from alert a
        where a.mime is null or exists (select 1 from delivery d where d.alert_id = a.id and d.state <> 'sent')
        group by a.level order by a.level";
    HELD = "select count(*) as held from delivery where state = 'held'";
    OPEN = "select level, count(*) as pending from incident where closed_at is null group by level order by level";
    RELEASE = "update delivery set next_try_at = $1 where state = 'held' and next_try_at > $1";
    TOLD_TO = "select recipients from alert where incident_id = $1 order by sequence desc limit 1";
}

/// What is on its way, or open, at one level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AtLevel {
    /// The level.
    pub level: Level,
    /// How many.
    pub number: u64,
    /// Since when the oldest waits; only of alerts.
    pub oldest: Option<Timestamp>,
}

/// How things stand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// Alerts that somebody has not got yet.
    pub outbox: Vec<AtLevel>,
    /// Deliveries that wait for a person to mend something.
    pub held: u64,
    /// Open incidents.
    pub open: Vec<AtLevel>,
}

impl Store {
    /// How things stand now.
    pub async fn standing(&self) -> Result<Standing, StoreError> {
        let (mut outbox, mut open) = (Vec::new(), Vec::new());
        for row in sqlx::query(OUTBOX).fetch_all(&self.read).await? {
            let oldest = Some(time(&row, "oldest")?);
            outbox.push(AtLevel { level: level(row.try_get("level")?)?, number: count(&row, "pending")?, oldest });
        }
        for row in sqlx::query(OPEN).fetch_all(&self.read).await? {
            open.push(AtLevel { level: level(row.try_get("level")?)?, number: count(&row, "pending")?, oldest: None });
        }
        let held = count(&sqlx::query(HELD).fetch_one(&self.read).await?, "held")?;
        Ok(Standing { outbox, held, open })
    }

    /// Whether the writer can be had. Writes nothing.
    pub async fn takes_writes(&self) -> Result<(), StoreError> {
        // Nothing is in it, so committing it writes nothing.
        in_transaction!(self, tx => async {
            tx.execute("select 1").await?;
            Ok::<_, StoreError>(())
        })
    }

    /// Writes a little, to see whether there is room again.
    pub async fn probe(&self, now: Timestamp) -> Result<(), StoreError> {
        in_transaction!(self, tx => async {
            sqlx::query(SET_PROGRESS).bind("probed").bind(now.millis()).execute(&mut *tx).await?;
            Ok::<_, StoreError>(())
        })
    }

    /// Makes deliveries that wait for a person due at once: that person has been here.
    pub async fn release_held(&self, now: Timestamp) -> Result<(), StoreError> {
        in_transaction!(self, tx => async {
            sqlx::query(RELEASE).bind(now.millis()).execute(&mut *tx).await?;
            Ok::<_, StoreError>(())
        })
    }

    /// Who was told last about an incident; nobody if nothing was told yet.
    pub async fn told_to(&self, incident: IncidentId) -> Result<Vec<String>, StoreError> {
        let row = sqlx::query(TOLD_TO).bind(incident.0).fetch_optional(&self.read).await?;
        let recipients =
            row.map(|r| Ok::<_, StoreError>(serde_json::from_str(&r.try_get::<String, _>("recipients")?)?));
        Ok(recipients.transpose()?.unwrap_or_default())
    }
}
