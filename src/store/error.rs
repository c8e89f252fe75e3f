//! What can go wrong with the memory, by what the caller can do about it.

use std::path::PathBuf;

/// A failure of the store. `Display` is English; [`StoreError::ja`] says the same in Japanese.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another program holds the database; worth another try.
    #[error("the database is busy: another program holds it — it is tried again")]
    Busy,
    /// The server cannot be reached; worth another try.
    #[error("the database server does not answer ({0}) — it is tried again; see whether PostgreSQL runs")]
    Away(String),
    /// The disk is full. Nothing of the transaction was stored.
    #[error("the disk of the database is full — free some space; nothing is lost, it is tried again")]
    Full,
    /// The row is already there.
    #[error("already stored")]
    Conflict,
    /// The path cannot be written in an address.
    #[error("the database path {0:?} is not UTF-8; choose another one in [store] path")]
    Path(PathBuf),
    /// A newer Hinomi has written this database. It was not touched.
    #[error(
        "{place}: a newer Hinomi has written this database (schema {found}, this one knows {known}) — use that \
         version, or put back the copy it made before the upgrade; nothing was changed"
    )]
    Newer {
        /// Which database.
        place: String,
        /// The schema it has.
        found: i64,
        /// The newest schema that is known here.
        known: i64,
    },
    /// A migration that was applied had another text. It was not touched.
    #[error(
        "{place}: schema {version} was made by another build of Hinomi than this one — use the build that made it, \
         or put back a copy; nothing was changed"
    )]
    Changed {
        /// Which database.
        place: String,
        /// Which migration differs.
        version: i64,
    },
    /// Tables, and none of ours.
    #[error("{0}: this database belongs to another program — name another one in [store] path; nothing was changed")]
    Foreign(String),
    /// Bytes that are no sound database. They were not touched.
    #[error(
        "{place}: the database is damaged ({why}) — stop Hinomi, move the file and its -wal and -shm aside, put a copy \
         from `hinomi db backup` in its place and start again; nothing was changed"
    )]
    Damaged {
        /// Which database.
        place: String,
        /// The engine's own words.
        why: String,
    },
    /// The system does not let us.
    #[error("{place}: cannot be {what} by user {user} ({why}) — give that user this file and the whole folder")]
    Denied {
        /// Which path.
        place: String,
        /// What was tried.
        what: &'static str,
        /// The number of the user we run as.
        user: String,
        /// The system's own words.
        why: String,
    },
    /// Another Hinomi works on this database.
    #[error("{place} is in use by another Hinomi ({holder}) — stop that one first")]
    Held {
        /// Which database.
        place: String,
        /// Who, and since when.
        holder: String,
    },
    /// This binary knows no PostgreSQL.
    #[error("this build of Hinomi knows no PostgreSQL — build it with `cargo build --release --features postgres`")]
    NoPostgres,
    /// A value in the database is none that this program writes.
    #[error("the database holds a value that cannot be read: {0}")]
    Value(String),
    /// Anything else; the message names the thing.
    #[error("{0}")]
    Broken(String),
}

impl StoreError {
    /// Whether the same transaction may work in a moment.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Busy | Self::Away(_))
    }

    /// The same in Japanese.
    pub fn ja(&self) -> String {
        match self {
            Self::Busy => "データベースを別のプログラムが使っています — しばらくして再び試します".to_owned(),
            Self::Away(why) => format!(
                "データベースのサーバーが答えません（{why}） — 再び試します。PostgreSQL が動いているか確かめてください"
            ),
            Self::Full => {
                "データベースのディスクがいっぱいです — 空きを作ってください。失われたものはなく、再び試します"
                    .to_owned()
            }
            Self::Conflict => "すでに記録されています".to_owned(),
            Self::Path(path) => {
                format!("データベースのパス {} は UTF-8 ではありません — [store] path を変えてください", path.display())
            }
            Self::Newer { place, found, known } => format!(
                "{place}: より新しい Hinomi のデータベースです（スキーマ {found}、この版が知るのは {known} まで） — \
                 その版を使うか、更新前に作られた控えに戻してください。何も変えていません"
            ),
            Self::Changed { place, version } => format!(
                "{place}: スキーマ {version} は別のビルドの Hinomi が作りました — そのビルドを使うか、控えに戻してください。\
                 何も変えていません"
            ),
            Self::Foreign(place) => format!(
                "{place}: 別のプログラムのデータベースです — [store] path に別の場所を書いてください。何も変えていません"
            ),
            Self::Damaged { place, why } => format!(
                "{place}: データベースが壊れています（{why}） — Hinomi を止め、このファイルと -wal と -shm を別の場所へ移し、\
                 `hinomi db backup` の控えを置いてから起動してください。何も変えていません"
            ),
            Self::Denied { place, what, user, why } => {
                let what = match *what {
                    "created" => "作れません",
                    "written" => "書けません",
                    _ => "読めません",
                };
                format!(
                    "{place}: ユーザー {user} では{what}（{why}） — そのユーザーに、このファイルとフォルダー全体を\
                     使わせてください"
                )
            }
            Self::Held { place, holder } => {
                format!("{place} は別の Hinomi（{holder}）が使っています — 先にそちらを止めてください")
            }
            Self::NoPostgres => "この Hinomi は PostgreSQL を使えません — \
                                 `cargo build --release --features postgres` で作り直してください"
                .to_owned(),
            Self::Value(what) => format!("データベースに読めない値があります: {what}"),
            Self::Broken(what) => format!("データベース: {what}"),
        }
    }

    /// An answer that was lost while the transaction was being closed: nobody knows whether it was stored, so it
    /// must not simply be done again.
    pub(super) fn at_commit(error: sqlx::Error) -> Self {
        match Self::from(error) {
            Self::Away(why) => Self::Broken(format!("the connection was lost at the end of a transaction: {why}")),
            other => other,
        }
    }

    /// An error while opening `place`, which the system or the engine refused.
    pub(super) fn opening(place: &str, error: sqlx::Error) -> Self {
        match Self::from(error) {
            Self::Damaged { why, .. } => Self::Damaged { place: place.to_owned(), why },
            Self::Denied { what, why, user, .. } => Self::Denied { place: place.to_owned(), what, user, why },
            Self::Broken(why) => Self::Broken(format!("cannot open the database {place}: {why}")),
            other => other,
        }
    }

    /// The system did not let us do `what` («created», «written», «opened») with `place`.
    pub fn denied(place: impl std::fmt::Display, what: &'static str, why: impl std::fmt::Display) -> Self {
        Self::Denied { place: place.to_string(), what, user: user(), why: why.to_string() }
    }
}

/// The number of the user this process runs as.
fn user() -> String {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").map_or_else(|_| "?".to_owned(), |m| m.uid().to_string())
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(e) if e.is_unique_violation() => Self::Conflict,
            sqlx::Error::Database(e) => by_code(e.code().as_deref().unwrap_or_default(), e.message())
                .unwrap_or_else(|| Self::Broken(format!("database: {error}"))),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Self::Value(error.to_string()),
            sqlx::Error::PoolTimedOut => Self::Busy,
            sqlx::Error::Io(why) => Self::Away(why.to_string()),
            _ => Self::Broken(format!("database: {error}")),
        }
    }
}

/// Codes of PostgreSQL have five characters, those of SQLite are smaller numbers whose last byte tells the kind.
fn by_code(code: &str, message: &str) -> Option<StoreError> {
    if code.len() == 5 {
        return Some(match code {
            // Locks, deadlocks, and a server that starts, stops or has no room for another connection.
            "55P03" | "40001" | "40P01" | "57014" => StoreError::Busy,
            "57P01" | "57P02" | "57P03" | "53300" => StoreError::Away(message.to_owned()),
            "53100" => StoreError::Full,
            "XX001" | "XX002" => StoreError::Damaged { place: "PostgreSQL".to_owned(), why: message.to_owned() },
            c if c.starts_with("08") => StoreError::Away(message.to_owned()),
            _ => return None,
        });
    }
    Some(match code.parse::<i64>().ok()? & 0xff {
        5 | 6 => StoreError::Busy,
        8 => StoreError::denied("the database", "written", message),
        13 => StoreError::Full,
        14 => StoreError::denied("the database", "opened", message),
        11 | 26 => StoreError::Damaged { place: "the database".to_owned(), why: message.to_owned() },
        _ => return None,
    })
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Value(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_databases_speak_of_the_same_troubles() {
        let class = |code: &str| match by_code(code, "why") {
            Some(StoreError::Busy) => "busy",
            Some(StoreError::Away(_)) => "away",
            Some(StoreError::Full) => "full",
            Some(StoreError::Damaged { .. }) => "damaged",
            Some(StoreError::Denied { .. }) => "denied",
            _ => "?",
        };
        let codes = [
            ("busy", vec!["5", "6", "261", "517", "55P03", "40P01", "40001"]),
            ("away", vec!["57P01", "57P03", "53300", "08006"]),
            ("full", vec!["13", "53100"]),
            ("damaged", vec!["11", "26", "267", "XX001"]),
            ("denied", vec!["8", "14", "1032"]),
            ("?", vec!["1", "42P01", ""]),
        ];
        for (expected, codes) in codes {
            for code in codes {
                assert_eq!(class(code), expected, "{code}");
            }
        }
    }

    #[test]
    fn every_trouble_is_said_in_japanese_too() {
        let denied = StoreError::denied("/srv/hinomi.db", "written", "read-only");
        assert!(denied.ja().contains("/srv/hinomi.db") && denied.ja().contains("書けません"), "{}", denied.ja());
        let newer = StoreError::Newer { place: "hinomi.db".into(), found: 12, known: 9 };
        for said in [newer.ja(), newer.to_string()] {
            assert!(said.contains("12") && said.contains('9') && said.contains("hinomi.db"), "{said}");
        }
    }
}
