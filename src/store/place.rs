//! Where the memory lies: an SQLite file, or a PostgreSQL server.
//!
//! # Invariants
//! The address of a server holds its password, so it is a [`Secret`]; what people are shown is [`StoreParams::shown`],
//! which never holds it.

use std::{fs, path::PathBuf};

use url::Url;

use super::StoreError;
use crate::model::secret::Secret;

/// How the database is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreParams {
    /// The SQLite file. Its name without the ending also names the lock and the key of the pseudonyms beside it, and
    /// does so with a server as well: both belong to this machine and not to the database.
    pub path: PathBuf,
    /// The address of a PostgreSQL server that is used in place of the file.
    pub server: Option<Secret>,
    /// A power cut may take the last writes: only for a store that is thrown away (replay, tests).
    pub throwaway: bool,
}

/// Which database engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// The file.
    Sqlite,
    /// The server.
    Postgres,
}

impl StoreParams {
    /// A lasting store in the file `path`.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), server: None, throwaway: false }
    }

    /// A store in the file `path` that need not outlive a power cut.
    pub fn throwaway(path: impl Into<PathBuf>) -> Self {
        Self { throwaway: true, ..Self::at(path) }
    }

    /// Which engine.
    pub const fn engine(&self) -> Engine {
        if self.server.is_some() { Engine::Postgres } else { Engine::Sqlite }
    }

    /// The place as people may see it: a path, or host and database without user and password.
    pub fn shown(&self) -> String {
        match &self.server {
            None => self.path.display().to_string(),
            Some(address) => server_shown(address),
        }
    }

    /// The path as an address wants it.
    pub(super) fn utf8(&self) -> Result<&str, StoreError> {
        self.path.to_str().ok_or_else(|| StoreError::Path(self.path.clone()))
    }
}

fn server_shown(address: &Secret) -> String {
    let Ok(url) = Url::parse(address.expose()) else { return "PostgreSQL".to_owned() };
    let socket = url.query_pairs().find(|(key, _)| key == "host").map(|(_, value)| value.into_owned());
    let host = url.host_str().filter(|h| !h.is_empty()).map(str::to_owned).or(socket);
    let port = url.port().map_or_else(String::new, |p| format!(":{p}"));
    let name = url.path().trim_start_matches('/');
    format!("PostgreSQL {name}@{}{port}", host.as_deref().unwrap_or("localhost"))
}

/// Who we are, for the one who finds the database taken: `process 4711 on tower-1`.
pub fn this_process() -> String {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    // Why cut: PostgreSQL keeps 63 bytes of such a name, and a lock file is a file that anybody may have written.
    let host: String = host.trim().chars().filter(char::is_ascii_graphic).take(32).collect();
    let host = if host.is_empty() { "this machine" } else { &host };
    format!("process {} on {host}", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_shown_without_user_and_password() {
        let shown = |address: &str| {
            let server = Some(Secret::new(address));
            let params = StoreParams { server, ..StoreParams::at("hinomi.db") };
            assert!(!format!("{params:?}").contains("hunter2"), "{params:?}");
            params.shown()
        };
        assert_eq!(shown("postgres://tower:hunter2@db.example:5433/hinomi"), "PostgreSQL hinomi@db.example:5433");
        assert_eq!(shown("postgresql:///hinomi?host=/run/pg&password=hunter2"), "PostgreSQL hinomi@/run/pg");
        assert_eq!(shown("not an address hunter2"), "PostgreSQL");
        assert_eq!(StoreParams::at("a/hinomi.db").shown(), "a/hinomi.db");
    }
}
