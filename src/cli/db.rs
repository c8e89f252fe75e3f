//! `hinomi db`: copies the database, and sees whether it is sound.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use serde_json::json;

use super::{Common, Exit, Lang, Outcome};
use crate::{
    clock::{Clock, SystemClock},
    config,
    model::time::Zone,
    store::{Backup, Engine, Health, Store, StoreError, StoreParams},
};

/// Arguments of `hinomi db`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
    /// This database file instead of the configured one.
    #[arg(long, global = true, value_name = "FILE")]
    db: Option<PathBuf>,
    /// One JSON object a line.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Copy the database, also while `hinomi run` works on it, and look at the copy.
    Backup {
        /// The copy; without it: beside the database, with the time in its name.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Read the whole database and say whether it is sound.
    Check,
}

/// Runs it.
pub(super) fn run(args: &Args, common: &Common) -> Outcome {
    let params = match &args.db {
        Some(path) => StoreParams::at(path),
        None => match config::load(&common.config, &config::environment()) {
            Ok(settings) => settings.store,
            Err(mistakes) => {
                eprintln!("{}", mistakes.to_text(common.lang.into()));
                return Ok(Exit::Usage);
            }
        },
    };
    match &args.what {
        What::Backup { .. } if params.engine() == Engine::Postgres => {
            eprintln!("{}", elsewhere(&params, common.lang));
            Ok(Exit::Usage)
        }
        What::Backup { to } => {
            let to = to.clone().unwrap_or_else(|| usual_name(&params.path));
            let made = super::block_on(async { Ok(Store::backup(&params, &to).await?) })?;
            let text = match common.lang {
                Lang::Ja => made_ja(&made),
                Lang::En => made_en(&made),
            };
            let json = json!({"backup": {"path": made.path, "bytes": made.bytes, "rows": rows(&made.rows)}});
            say(args.json, &text, &json)
        }
        What::Check => {
            let found = super::block_on(async { Ok(Store::check(&params).await) })?;
            match found {
                Ok(health) => say(args.json, &sound(&params, &health, common.lang), &sound_json(&params, &health)),
                Err(error @ (StoreError::Damaged { .. } | StoreError::Newer { .. } | StoreError::Changed { .. })) => {
                    let text = super::said(&error, common.lang);
                    say(args.json, &text, &json!({"check": {"ok": false, "why": text}}))?;
                    Ok(Exit::Failed)
                }
                Err(other) => Err(other.into()),
            }
        }
    }
}

fn say(as_json: bool, text: &str, json: &serde_json::Value) -> Outcome {
    let mut out = anstream::stdout();
    let written = if as_json { writeln!(out, "{json}") } else { writeln!(out, "{text}") };
    written.map_or_else(|e| super::unless_pipe_closed(e.into()), |()| Ok(Exit::Ok))
}

/// `hinomi.db` → `hinomi-20260211-1204.db`.
fn usual_name(database: &Path) -> PathBuf {
    let c = SystemClock.now().civil(Zone::JST);
    let stem = database.file_stem().map_or_else(|| "hinomi".into(), |s| s.to_string_lossy().into_owned());
    database.with_file_name(format!("{stem}-{:04}{:02}{:02}-{:02}{:02}.db", c.year, c.month, c.day, c.hour, c.minute))
}

/// A server is copied by its own tool; its password stays where it is.
fn elsewhere(params: &StoreParams, lang: Lang) -> String {
    let place = params.shown();
    let command = "pg_dump --format=custom --file=hinomi.dump \"$HINOMI_DATABASE_URL\"";
    match lang {
        Lang::Ja => format!("{place} の控えは PostgreSQL の道具で作ります: {command}"),
        Lang::En => format!("{place} is copied with PostgreSQL's own tool: {command}"),
    }
}

fn rows(counted: &[(&'static str, i64)]) -> serde_json::Value {
    counted.iter().map(|(table, n)| ((*table).to_owned(), json!(n))).collect::<serde_json::Map<_, _>>().into()
}

fn of(counted: &[(&'static str, i64)], table: &str) -> i64 {
    counted.iter().find(|(name, _)| *name == table).map_or(0, |(_, n)| *n)
}

fn made_ja(b: &Backup) -> String {
    let (posts, incidents) = (of(&b.rows, "post"), of(&b.rows, "incident"));
    let path = b.path.display();
    format!("{path}  {}  検査と件数の照合が済んだ控えです（投稿 {posts}・事案 {incidents}）", size(b.bytes))
}

fn made_en(b: &Backup) -> String {
    let (posts, incidents) = (of(&b.rows, "post"), of(&b.rows, "incident"));
    let path = b.path.display();
    format!("{path}  {}  verified: read whole, rows counted (posts {posts}, incidents {incidents})", size(b.bytes))
}

fn sound(params: &StoreParams, h: &Health, lang: Lang) -> String {
    let (posts, incidents) = (of(&h.rows, "post"), of(&h.rows, "incident"));
    let bytes = h.bytes.map_or_else(String::new, |b| format!("  {}", size(b)));
    let wal = h.wal_bytes.filter(|b| *b > 0).map_or_else(String::new, |b| format!(" + wal {}", size(b)));
    let place = params.shown();
    let (schema, known) = (h.schema, h.known);
    match (lang, schema < known) {
        (Lang::Ja, false) => {
            format!("{place}{bytes}{wal}  異常なし  スキーマ {schema}  投稿 {posts}・事案 {incidents}")
        }
        (Lang::Ja, true) => format!(
            "{place}{bytes}{wal}  異常なし  スキーマ {schema}（次の起動で {known} に上がります）  投稿 {posts}・事案 {incidents}"
        ),
        (Lang::En, false) => {
            format!("{place}{bytes}{wal}  sound  schema {schema}  posts {posts}, incidents {incidents}")
        }
        (Lang::En, true) => format!(
            "{place}{bytes}{wal}  sound  schema {schema} (the next start brings it to {known})  posts {posts}, \
             incidents {incidents}"
        ),
    }
}

fn sound_json(params: &StoreParams, h: &Health) -> serde_json::Value {
    json!({"check": {
        "ok": true, "place": params.shown(), "schema": h.schema, "known": h.known, "bytes": h.bytes,
        "wal_bytes": h.wal_bytes, "rows": rows(&h.rows),
    }})
}

/// For people: three digits are enough.
pub(super) fn size(bytes: u64) -> String {
    let (mut n, mut unit) = (bytes as f64, "B");
    for larger in ["KB", "MB", "GB", "TB"] {
        if n < 1000.0 {
            break;
        }
        (n, unit) = (n / 1024.0, larger);
    }
    if unit == "B" { format!("{bytes} B") } else { format!("{n:.1} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_said_as_people_say_them() {
        assert_eq!([0, 999, 1_024, 67_745, 5_368_709_120].map(size), ["0 B", "999 B", "1.0 KB", "66.2 KB", "5.0 GB"]);
    }
}
