//! Questions from people: read-only SQL over the views.
//!
//! # Invariants
//! A question gets a connection of its own that refuses to write, and that is closed with the answer: nothing a
//! question sets lasts. It ends after a while, because whoever reads for ever keeps the log of the database growing.

use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{
    AssertSqlSafe, Column, ConnectOptions, Connection, Executor, Row, SqlSafeStr, Statement, TypeInfo, ValueRef,
};

use super::{Store, StoreError, place::Engine};

/// Steps of SQLite's machine that a question may take: about a minute.
const STEPS: u32 = 4_000_000_000;
/// It is asked this often whether to go on.
const STEPS_AT_ONCE: u32 = 1_000_000;

/// Rows for people: column names and cells as JSON values.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Names, in order.
    pub columns: Vec<String>,
    /// Cells, in the order of the columns.
    pub rows: Vec<Vec<serde_json::Value>>,
}

impl Store {
    /// Runs one statement on a connection that refuses to write.
    pub async fn ask(&self, question: &str) -> Result<Answer, StoreError> {
        match self.params.engine() {
            Engine::Sqlite => self.ask_file(question, STEPS).await,
            Engine::Postgres => self.ask_server(question).await,
        }
    }

    pub(super) async fn ask_file(&self, question: &str, steps: u32) -> Result<Answer, StoreError> {
        let mut connection = SqliteConnectOptions::new()
            .filename(&self.params.path)
            .read_only(true)
            .pragma("query_only", "on")
            .pragma("trusted_schema", "off")
            .connect()
            .await
            .map_err(|e| StoreError::opening(&self.params.shown(), e))?;
        let mut left = steps / STEPS_AT_ONCE;
        connection.lock_handle().await?.set_progress_handler(STEPS_AT_ONCE.cast_signed(), move || {
            left = left.saturating_sub(1);
            left > 0
        });
        // Why AssertSqlSafe: asking free questions is the point, and the connection is read-only.
        let statement = connection.prepare(AssertSqlSafe(question.to_owned()).into_sql_str()).await?;
        let columns = statement.columns().iter().map(|c| c.name().to_owned()).collect();
        let rows = statement.query().fetch_all(&mut connection).await.map_err(too_long)?;
        let rows = rows.iter().map(cells).collect();
        connection.close().await?;
        Ok(Answer { columns, rows })
    }

    #[cfg(not(feature = "postgres"))]
    #[expect(clippy::unused_async, reason = "with the feature it waits")]
    async fn ask_server(&self, _question: &str) -> Result<Answer, StoreError> {
        Err(StoreError::NoPostgres)
    }

    /// Why not through `Any`: it cannot carry what an ordinary `sum` comes to.
    #[cfg(feature = "postgres")]
    async fn ask_server(&self, question: &str) -> Result<Answer, StoreError> {
        use std::str::FromStr as _;

        let address = self.params.server.as_ref().map_or("", |s| s.expose());
        let mut connection = sqlx::postgres::PgConnectOptions::from_str(address)?
            .options([("default_transaction_read_only", "on"), ("statement_timeout", "60s")])
            .connect()
            .await
            .map_err(|e| StoreError::opening(&self.params.shown(), e))?;
        let mut tx = connection.begin_with("begin read only").await?;
        // Preparing refuses more than one statement; what runs afterwards is therefore one, and inside `tx`.
        let statement = (&mut *tx).prepare(AssertSqlSafe(question.to_owned()).into_sql_str()).await?;
        let columns = statement.columns().iter().map(|c| c.name().to_owned()).collect();
        let rows = sqlx::raw_sql(AssertSqlSafe(question.to_owned())).fetch_all(&mut *tx).await.map_err(too_long)?;
        let rows = rows.iter().map(server_cells).collect();
        drop(tx);
        connection.close().await?;
        Ok(Answer { columns, rows })
    }
}

fn too_long(error: sqlx::Error) -> StoreError {
    if let sqlx::Error::Database(e) = &error
        && matches!(e.code().as_deref(), Some("9" | "57014"))
    {
        return StoreError::Broken("the question took too long and was ended; ask for a shorter time".to_owned());
    }
    error.into()
}

/// SQLite types belong to values, not to columns, so each cell is tried in turn.
fn cells(row: &SqliteRow) -> Vec<serde_json::Value> {
    (0..row.len())
        .map(|i| {
            let value = row.try_get_raw(i);
            if value.as_ref().is_ok_and(ValueRef::is_null) {
                serde_json::Value::Null
            } else if value.is_ok_and(|v| v.type_info().name() == "REAL") {
                row.try_get::<f64, _>(i).map_or(serde_json::Value::Null, Into::into)
            } else if let Ok(n) = row.try_get::<i64, _>(i) {
                n.into()
            } else if let Ok(x) = row.try_get::<f64, _>(i) {
                x.into()
            } else {
                row.try_get::<String, _>(i).map_or(serde_json::Value::Null, Into::into)
            }
        })
        .collect()
}

/// The server writes every cell as text; numbers become numbers again.
#[cfg(feature = "postgres")]
fn server_cells(row: &sqlx::postgres::PgRow) -> Vec<serde_json::Value> {
    let cell = |i| {
        let Ok(value) = row.try_get_raw(i) else { return serde_json::Value::Null };
        let kind = value.type_info().name().to_owned();
        let Ok(text) = value.as_str().map(str::to_owned) else { return serde_json::Value::Null };
        match kind.as_str() {
            // A sum of whole numbers is «numeric» and whole.
            "INT2" | "INT4" | "INT8" | "OID" | "NUMERIC" => text.parse::<i64>().map_or_else(|_| real(text), Into::into),
            "FLOAT4" | "FLOAT8" => real(text),
            "BOOL" => i64::from(text == "t").into(),
            _ => text.into(),
        }
    };
    (0..row.len()).map(cell).collect()
}

#[cfg(feature = "postgres")]
fn real(text: String) -> serde_json::Value {
    text.parse::<f64>().map_or_else(|_| text.into(), Into::into)
}
