//! Alerts owed, their bytes, and each delivery's outcome.
//!
//! # Invariants
//! Bytes and Message-ID are stored before the first try and never change; every try sends them again. A delivery is
//! leased before it is tried, so two mailers never try it at once. Nothing is ever deleted here.

use sqlx::{AnyConnection, Row, any::AnyRow};

use super::{
    Store, StoreError,
    incidents::level,
    rows::{count, maybe_time, time, word},
    sql::sql,
    transaction::in_transaction,
};
use crate::{
    clock::IdGen,
    model::{
        alert::{Alert, Delivery, DeliveryState, Rendered},
        ids::{AlertId, DeliveryId, IncidentId},
        incident::Level,
        time::{Span, Timestamp},
    },
};

sql! {
    INSERT_ALERT = "
        insert into alert (id, incident_id, sequence, reason, level, state, created_at, recipients, event)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    UNDRAFTED = "select * from alert where mime is null order by level desc, id limit $1";
    SAVE_RENDERED = "update alert set subject = $2, message_id = $3, mime = $4 where id = $1 and mime is null";
    INSERT_DELIVERY = "
        insert into delivery (id, alert_id, recipient, state, attempts, next_try_at, leased_until)
        values ($1, $2, $3, 'pending', 0, $4, 0)
        on conflict (alert_id, recipient) do nothing";
    LEASE = "
        update delivery set leased_until = $2
        where id in (
            select d.id from delivery d join alert a on a.id = d.alert_id
            where d.state <> 'sent' and d.next_try_at <= $1 and d.leased_until <= $1
            order by a.level desc, d.id limit $3)
        returning id";
    LEASED = "
        select d.*, a.level, a.subject, a.message_id, a.mime, a.incident_id
        from delivery d join alert a on a.id = d.alert_id where d.id = $1";
    RECORD = "
        update delivery set state = $2, attempts = $3, next_try_at = $4, sent_at = $5, reply = $6, leased_until = 0
        where id = $1";
    FREE_LEASES = "update delivery set leased_until = 0 where leased_until > 0";
    NEXT_TRY = "select min(next_try_at) as at from delivery where state <> 'sent'";
    UNSENT = "select count(*) as unsent from delivery where state <> 'sent'";
    UNDRAFTED_COUNT = "select count(*) as undrafted from alert where mime is null";
}

/// A delivery to be tried now, with what to send.
#[derive(Debug, Clone, PartialEq)]
pub struct DueDelivery {
    /// The delivery.
    pub delivery: Delivery,
    /// About which incident.
    pub incident: IncidentId,
    /// How bad it was.
    pub level: Level,
    /// What to send.
    pub mail: Rendered,
}

impl Store {
    /// Alerts without bytes, oldest first.
    pub async fn undrafted(&self, limit: u32) -> Result<Vec<Alert>, StoreError> {
        let rows = sqlx::query(UNDRAFTED).bind(i64::from(limit)).fetch_all(&self.read).await?;
        rows.iter().map(alert).collect()
    }

    /// Keeps the bytes of an alert, with one delivery per recipient.
    pub async fn save_rendered(
        &self,
        alert: &Alert,
        mail: &Rendered,
        ids: &IdGen,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        // Our mails are 7-bit: base64 bodies, encoded words in headers.
        let mime = std::str::from_utf8(&mail.mime).map_err(|e| StoreError::Value(format!("a mail: {e}")))?;
        in_transaction!(self, tx => write_rendered(&mut tx, alert, mail, mime, ids, now))?;
        fail::fail_point!("c4_after", |_| std::process::abort());
        Ok(())
    }

    /// Takes deliveries that are due, the gravest first, and keeps others off them for `lease`.
    pub async fn lease_deliveries(
        &self,
        now: Timestamp,
        lease: Span,
        limit: u32,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        let mut due = in_transaction!(self, tx => take_due(&mut tx, now, lease, limit))?;
        due.sort_by_key(|d| (std::cmp::Reverse(d.level), d.delivery.id));
        Ok(due)
    }

    /// Takes back all leases: a new start is the only mailer there is.
    pub async fn free_leases(&self) -> Result<(), StoreError> {
        in_transaction!(self, tx => async {
            sqlx::query(FREE_LEASES).execute(&mut *tx).await?;
            Ok::<_, StoreError>(())
        })
    }

    /// Writes down how a try ended.
    pub async fn record_delivery(&self, d: &Delivery) -> Result<(), StoreError> {
        in_transaction!(self, tx => write_outcome(&mut tx, d))?;
        fail::fail_point!("c5_after", |_| std::process::abort());
        Ok(())
    }

    /// When the next try is due.
    pub async fn next_try_at(&self) -> Result<Option<Timestamp>, StoreError> {
        maybe_time(&sqlx::query(NEXT_TRY).fetch_one(&self.read).await?, "at")
    }

    /// How many alerts and deliveries are still on their way.
    pub async fn owed(&self) -> Result<u64, StoreError> {
        let unsent = count(&sqlx::query(UNSENT).fetch_one(&self.read).await?, "unsent")?;
        Ok(unsent + count(&sqlx::query(UNDRAFTED_COUNT).fetch_one(&self.read).await?, "undrafted")?)
    }
}

async fn write_rendered(
    c: &mut AnyConnection,
    alert: &Alert,
    mail: &Rendered,
    mime: &str,
    ids: &IdGen,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(SAVE_RENDERED)
        .bind(alert.id.0)
        .bind(&mail.subject)
        .bind(&mail.message_id)
        .bind(mime)
        .execute(&mut *c)
        .await?;
    for recipient in &alert.recipients {
        sqlx::query(INSERT_DELIVERY)
            .bind(ids.next(now))
            .bind(alert.id.0)
            .bind(recipient)
            .bind(now.millis())
            .execute(&mut *c)
            .await?;
    }
    fail::fail_point!("c4_before", |_| std::process::abort());
    Ok(())
}

async fn take_due(
    c: &mut AnyConnection,
    now: Timestamp,
    lease: Span,
    limit: u32,
) -> Result<Vec<DueDelivery>, StoreError> {
    let leased = sqlx::query(LEASE)
        .bind(now.millis())
        .bind((now + lease).millis())
        .bind(i64::from(limit))
        .fetch_all(&mut *c)
        .await?;
    let mut due = Vec::with_capacity(leased.len());
    for row in &leased {
        let id: i64 = row.try_get("id")?;
        due.push(due_delivery(&sqlx::query(LEASED).bind(id).fetch_one(&mut *c).await?)?);
    }
    Ok(due)
}

async fn write_outcome(c: &mut AnyConnection, d: &Delivery) -> Result<(), StoreError> {
    sqlx::query(RECORD)
        .bind(d.id.0)
        .bind(d.state.as_str())
        .bind(i64::from(d.attempts))
        .bind(d.next_try_at.millis())
        .bind(d.sent_at.map(Timestamp::millis))
        .bind(&d.reply)
        .execute(c)
        .await?;
    fail::fail_point!("c5_before", |_| std::process::abort());
    Ok(())
}

pub(super) async fn insert_alert(c: &mut AnyConnection, a: &Alert) -> Result<(), StoreError> {
    sqlx::query(INSERT_ALERT)
        .bind(a.id.0)
        .bind(a.incident.0)
        .bind(i64::from(a.sequence))
        .bind(a.reason.as_str())
        .bind(i64::from(a.level.number()))
        .bind(a.state.as_str())
        .bind(a.created_at.millis())
        .bind(serde_json::to_string(&a.recipients)?)
        .bind(serde_json::to_string(&a.event)?)
        .execute(c)
        .await?;
    Ok(())
}

fn alert(row: &AnyRow) -> Result<Alert, StoreError> {
    Ok(Alert {
        id: AlertId(row.try_get("id")?),
        incident: IncidentId(row.try_get("incident_id")?),
        sequence: u32::try_from(count(row, "sequence")?).unwrap_or(u32::MAX),
        reason: word(row, "reason")?,
        level: level(row.try_get("level")?)?,
        state: word(row, "state")?,
        created_at: time(row, "created_at")?,
        event: serde_json::from_str(&row.try_get::<String, _>("event")?)?,
        recipients: serde_json::from_str(&row.try_get::<String, _>("recipients")?)?,
    })
}

fn due_delivery(row: &AnyRow) -> Result<DueDelivery, StoreError> {
    Ok(DueDelivery {
        delivery: Delivery {
            id: DeliveryId(row.try_get("id")?),
            alert: AlertId(row.try_get("alert_id")?),
            recipient: row.try_get("recipient")?,
            state: word::<DeliveryState>(row, "state")?,
            attempts: u32::try_from(count(row, "attempts")?).unwrap_or(u32::MAX),
            next_try_at: time(row, "next_try_at")?,
            sent_at: maybe_time(row, "sent_at")?,
            reply: row.try_get("reply")?,
        },
        incident: IncidentId(row.try_get("incident_id")?),
        level: level(row.try_get("level")?)?,
        mail: Rendered {
            message_id: row.try_get("message_id")?,
            subject: row.try_get("subject")?,
            mime: row.try_get::<String, _>("mime")?.into_bytes(),
        },
    })
}
