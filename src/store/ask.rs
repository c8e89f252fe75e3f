//! Questions from people: read-only SQL over the views.

use sqlx::{AssertSqlSafe, Column, Executor, Row, SqlSafeStr, Statement, ValueRef, any::AnyRow};

use super::{Store, StoreError};

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
        // Why AssertSqlSafe: asking free questions is the point, and the connection is read-only.
        let mut connection = self.read.acquire().await?;
        let statement = connection.prepare(AssertSqlSafe(question.to_owned()).into_sql_str()).await?;
        let columns = statement.columns().iter().map(|c| c.name().to_owned()).collect();
        let rows = statement.query().fetch_all(&mut *connection).await?;
        Ok(Answer { columns, rows: rows.iter().map(cells).collect() })
    }
}

/// SQLite types belong to values, not to columns, so each cell is tried in turn.
fn cells(row: &AnyRow) -> Vec<serde_json::Value> {
    (0..row.len())
        .map(|i| {
            if row.try_get_raw(i).is_ok_and(|v| v.is_null()) {
                serde_json::Value::Null
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
