//! What people have been told of sources that cannot be read, so that a restart neither forgets nor repeats it.

use sqlx::Row;

use super::{Store, StoreError, rows::maybe_time, sql::sql, transaction::in_transaction};
use crate::model::{post::SourceName, time::Timestamp};

sql! {
    SIGHTS = "select source, since, told_at, well_since from sight order by source";
    KEEP_SIGHT = "
        insert into sight (source, since, told_at, well_since) values ($1, $2, $3, $4)
        on conflict (source) do update set
            since = excluded.since, told_at = excluded.told_at, well_since = excluded.well_since";
    END_SIGHT = "delete from sight where source = $1";
}

/// What cannot be read, or could not be read of late.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// Which source; `None` for most of them together.
    pub source: Option<SourceName>,
    /// Since when; `None` once it is over.
    pub since: Option<Timestamp>,
    /// When a person was told.
    pub told_at: Option<Timestamp>,
    /// Since when it has been well again; over for good only after a while.
    pub well_since: Option<Timestamp>,
}

/// A change to what is remembered of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SightChange {
    /// It is so now.
    Keep(Sight),
    /// Nothing of it matters any longer.
    End(Option<SourceName>),
}

impl Store {
    /// What cannot be read, by name; all together first.
    pub async fn sights(&self) -> Result<Vec<Sight>, StoreError> {
        let rows = sqlx::query(SIGHTS).fetch_all(&self.read).await?;
        let sight = |row: &sqlx::any::AnyRow| {
            let name: String = row.try_get("source")?;
            Ok(Sight {
                source: (!name.is_empty()).then_some(SourceName(name)),
                since: maybe_time(row, "since")?,
                told_at: maybe_time(row, "told_at")?,
                well_since: maybe_time(row, "well_since")?,
            })
        };
        rows.iter().map(sight).collect()
    }

    /// Remembers changes, all or none.
    pub async fn change_sights(&self, changes: &[SightChange]) -> Result<(), StoreError> {
        in_transaction!(self, tx => async {
            for change in changes {
                match change {
                    SightChange::Keep(sight) => {
                        sqlx::query(KEEP_SIGHT)
                            .bind(row_name(sight.source.as_ref()))
                            .bind(sight.since.map(Timestamp::millis))
                            .bind(sight.told_at.map(Timestamp::millis))
                            .bind(sight.well_since.map(Timestamp::millis))
                            .execute(&mut *tx)
                            .await?;
                    }
                    SightChange::End(source) => {
                        sqlx::query(END_SIGHT).bind(row_name(source.as_ref())).execute(&mut *tx).await?;
                    }
                }
            }
            Ok::<_, StoreError>(())
        })
    }
}

fn row_name(source: Option<&SourceName>) -> &str {
    source.map_or("", |name| &name.0)
}
