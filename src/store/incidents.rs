//! Incidents, their changes, and the alerts owed for them: one transaction.

use sqlx::{AnyConnection, Row};

use super::{
    Store, StoreError,
    outbox::insert_alert,
    rows::{bigint, count, time, word},
    sql::sql,
    transaction::in_transaction,
};
use crate::{
    clock::IdGen,
    model::{
        alert::{Alert, Mute, Reason},
        ids::{IncidentId, MentionId},
        incident::{EventKind, Incident, IncidentEvent, Level, State},
        time::Timestamp,
    },
};

sql! {
    LIVE_INCIDENTS = "select body from incident where closed_at is null or closed_at >= $1 order by id";
    LAST_NUMBER = "select coalesce(max(number), 0) as number from incident";
    SAVE_INCIDENT = "
        insert into incident (id, number, company, category, role, level, state, detector, first_post_at, opened_at,
                              changed_at, last_seen_at, closed_at, press_at, affected_count, affected_source, body)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
        on conflict (id) do update set
            category = excluded.category, role = excluded.role, level = excluded.level, state = excluded.state,
            first_post_at = excluded.first_post_at, changed_at = excluded.changed_at,
            last_seen_at = excluded.last_seen_at, closed_at = excluded.closed_at, press_at = excluded.press_at,
            affected_count = excluded.affected_count, affected_source = excluded.affected_source,
            body = excluded.body";
    INSERT_EVENT = "
        insert into incident_event (id, incident_id, at, kind, from_value, to_value, reason, body)
        values ($1, $2, $3, $4, $5, $6, $7, $8)";
    LAST_EVENT = "select body from incident_event where incident_id = $1 order by id desc limit 1";
    ATTACH = "update mention set incident_id = $2 where id = $1";
    INSERT_HOLD = "insert into hold (id, incident_id, at, kind, mute) values ($1, $2, $3, $4, $5)";
    SET_PROGRESS = "
        insert into progress (name, value) values ($1, $2)
        on conflict (name) do update set value = excluded.value";
    GET_PROGRESS = "select value from progress where name = $1";
    TOLD_EVENT = "select event from alert where incident_id = $1 and sequence = $2";
    TOLD = "
        select incident_id, created_at, reason, level, state from alert
        where incident_id = $1 order by created_at, id";
}

/// The name under which detection keeps its place.
const DETECTED: &str = "detected";
/// The name under which it keeps the time of its last look.
const LOOKED: &str = "looked";

/// A change that was not told, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// Whose change.
    pub incident: IncidentId,
    /// When.
    pub at: Timestamp,
    /// Which change.
    pub kind: EventKind,
    /// Why it was not told.
    pub mute: Mute,
}

/// A mail that was owed before.
#[derive(Debug, Clone, PartialEq)]
pub struct ToldRow {
    /// When it was owed.
    pub at: Timestamp,
    /// Why.
    pub reason: Reason,
    /// Level then.
    pub level: Level,
    /// State then.
    pub state: State,
}

/// What one detection changed.
#[derive(Debug, Default)]
pub struct Detected {
    /// Changes, in order.
    pub events: Vec<IncidentEvent>,
    /// Which mentions belong to which incident.
    pub attached: Vec<(MentionId, IncidentId)>,
    /// Mails owed.
    pub alerts: Vec<Alert>,
    /// Changes not told.
    pub held: Vec<Held>,
    /// Mentions up to this one have been looked at.
    pub upto: MentionId,
    /// Running totals of open incidents, to be kept though nothing changed that is worth an event.
    pub refreshed: Vec<Incident>,
}

impl Store {
    /// Incidents that are open, or were closed since `closed_since`.
    pub async fn live_incidents(&self, closed_since: Timestamp) -> Result<Vec<Incident>, StoreError> {
        let rows = sqlx::query(LIVE_INCIDENTS).bind(closed_since.millis()).fetch_all(&self.read).await?;
        rows.iter().map(|r| Ok(serde_json::from_str(&r.try_get::<String, _>("body")?)?)).collect()
    }

    /// The largest incident number given out.
    pub async fn last_incident_number(&self) -> Result<u64, StoreError> {
        count(&sqlx::query(LAST_NUMBER).fetch_one(&self.read).await?, "number")
    }

    /// How far detection has read.
    pub async fn detected_upto(&self) -> Result<MentionId, StoreError> {
        Ok(MentionId(self.progress(DETECTED).await?.unwrap_or(0)))
    }

    /// When detection last looked and stored what it found.
    pub async fn looked_at(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.progress(LOOKED).await?.map(Timestamp::from_millis))
    }

    async fn progress(&self, name: &str) -> Result<Option<i64>, StoreError> {
        let row = sqlx::query(GET_PROGRESS).bind(name).fetch_optional(&self.read).await?;
        Ok(row.map(|r| r.try_get("value")).transpose()?)
    }

    /// Mails owed for an incident so far, oldest first.
    pub async fn told(&self, incident: IncidentId) -> Result<Vec<ToldRow>, StoreError> {
        let rows = sqlx::query(TOLD).bind(incident.0).fetch_all(&self.read).await?;
        rows.iter()
            .map(|r| {
                Ok(ToldRow {
                    at: time(r, "created_at")?,
                    reason: word(r, "reason")?,
                    level: level(r.try_get("level")?)?,
                    state: word(r, "state")?,
                })
            })
            .collect()
    }

    /// The change that the `sequence`-th mail of an incident told, with the incident as it stood.
    pub async fn told_event(&self, incident: IncidentId, sequence: u32) -> Result<Option<IncidentEvent>, StoreError> {
        let row = sqlx::query(TOLD_EVENT).bind(incident.0).bind(i64::from(sequence)).fetch_optional(&self.read).await?;
        row.map(|r| Ok(serde_json::from_str(&r.try_get::<String, _>("event")?)?)).transpose()
    }

    /// Stores what one detection changed and the alerts it owes, in one transaction.
    pub async fn commit_detection(&self, d: &Detected, ids: &IdGen, now: Timestamp) -> Result<(), StoreError> {
        in_transaction!(self, tx => write_detection(&mut tx, d, ids, now))?;
        fail::fail_point!("c3_after", |_| std::process::abort());
        Ok(())
    }
}

async fn write_detection(c: &mut AnyConnection, d: &Detected, ids: &IdGen, now: Timestamp) -> Result<(), StoreError> {
    for event in &d.events {
        save_incident(c, &event.incident).await?;
        insert_event(c, event, ids, now).await?;
    }
    for incident in &d.refreshed {
        save_incident(c, incident).await?;
    }
    for (mention, incident) in &d.attached {
        sqlx::query(ATTACH).bind(mention.0).bind(incident.0).execute(&mut *c).await?;
    }
    for alert in &d.alerts {
        insert_alert(c, alert).await?;
    }
    for h in &d.held {
        sqlx::query(INSERT_HOLD)
            .bind(ids.next(now))
            .bind(h.incident.0)
            .bind(h.at.millis())
            .bind(h.kind.as_str())
            .bind(h.mute.as_str())
            .execute(&mut *c)
            .await?;
    }
    for (name, value) in [(DETECTED, d.upto.0), (LOOKED, now.millis())] {
        sqlx::query(SET_PROGRESS).bind(name).bind(value).execute(&mut *c).await?;
    }
    fail::fail_point!("c3_before", |_| std::process::abort());
    Ok(())
}

pub(super) fn level(n: i64) -> Result<Level, StoreError> {
    u8::try_from(n).ok().and_then(|n| Level::try_from(n).ok()).ok_or_else(|| StoreError::Value(format!("level {n}")))
}

async fn save_incident(c: &mut AnyConnection, i: &Incident) -> Result<(), StoreError> {
    sqlx::query(SAVE_INCIDENT)
        .bind(i.id.0)
        .bind(bigint(i.number))
        .bind(&i.company.0)
        .bind(i.category.as_str())
        .bind(i.role.as_str())
        .bind(i64::from(i.level.number()))
        .bind(i.state.as_str())
        .bind(i.finding.detector.as_str())
        .bind(i.first_post_at.millis())
        .bind(i.opened_at.millis())
        .bind(i.changed_at.millis())
        .bind(i.last_seen_at.millis())
        .bind(i.closed_at.map(Timestamp::millis))
        .bind(i.press_at.map(Timestamp::millis))
        .bind(i.affected.as_ref().map(|a| bigint(a.number)))
        .bind(i.affected.as_ref().map(|a| a.source.clone()))
        .bind(serde_json::to_string(i)?)
        .execute(c)
        .await?;
    Ok(())
}

async fn insert_event(
    c: &mut AnyConnection,
    event: &IncidentEvent,
    ids: &IdGen,
    now: Timestamp,
) -> Result<(), StoreError> {
    let after = &event.incident;
    let before: Option<Incident> = sqlx::query(LAST_EVENT)
        .bind(after.id.0)
        .fetch_optional(&mut *c)
        .await?
        .map(|r| Ok::<_, StoreError>(serde_json::from_str(&r.try_get::<String, _>("body")?)?))
        .transpose()?;
    let value = |i: &Incident| match event.kind {
        EventKind::Recategorized => i.category.to_string(),
        EventKind::Rerolled => i.role.to_string(),
        EventKind::Restated => i.affected.as_ref().map_or_else(String::new, |a| a.number.to_string()),
        EventKind::Press => i.press_at.map_or_else(String::new, |at| at.seconds().to_string()),
        EventKind::Opened | EventKind::Raised | EventKind::Lowered => i.level.number().to_string(),
        EventKind::Moved | EventKind::Resolved | EventKind::Reignited => i.state.to_string(),
    };
    sqlx::query(INSERT_EVENT)
        .bind(ids.next(now))
        .bind(after.id.0)
        .bind(event.at.millis())
        .bind(event.kind.as_str())
        .bind(before.as_ref().map(value))
        .bind(value(after))
        .bind(&event.reason)
        .bind(serde_json::to_string(after)?)
        .execute(c)
        .await?;
    Ok(())
}
