//! The legs on this machine: names, words, database, disk, clock.

use std::{fs, path::Path, time::Duration};

use super::report::{Leg, Mark, say};
use crate::{
    analyze::{Analyzer, Lexicons},
    app::dictionary,
    config::Lang,
    model::{
        time::{Timestamp, Zone},
        watch::{Alias, Watchlist},
    },
    store::{Engine, Store, StoreParams},
};

/// Reading a large database from end to end takes longer, and is not what somebody waits for who has changed a line.
const EXAMINE: Duration = Duration::from_secs(20);
/// Before this nobody had this program: 2026-01-01 UTC.
const NOT_BEFORE: Timestamp = Timestamp::from_seconds(1_767_225_600);
/// And after this it should not run any more: 2050-01-01 UTC.
const NOT_AFTER: Timestamp = Timestamp::from_seconds(2_524_608_000);
/// Less room than this, and a day of posts may not fit.
const SCARCE: u64 = 200 << 20;
/// Less room than this is worth a look.
const LITTLE: u64 = 2 << 30;

pub(super) fn watchlist(list: &Watchlist, lang: Lang) -> Leg {
    let companies = list.companies.len();
    let names: usize = list.companies.iter().map(|w| w.names().count()).sum();
    let per_alias = |a: &Alias| a.exclude.len();
    let excluded: usize =
        list.companies.iter().map(|w| w.exclude.len() + w.names().map(per_alias).sum::<usize>()).sum();
    let text = say(
        lang,
        format!("{companies}社 / 呼び名{names} / 除外{excluded}"),
        format!("companies: {companies}, names: {names}, exclusions: {excluded}"),
    );
    Leg::new("watchlist", lang, Mark::Good, text)
}

/// Dictionary, words and names, loaded as `run` loads them.
pub(super) fn analysis(list: &Watchlist, lang: Lang) -> Leg {
    let load = || -> anyhow::Result<usize> {
        let words = Lexicons::embedded()?;
        Analyzer::new(dictionary::tokenizer()?, &words, list)?;
        Ok(words.entries.len())
    };
    match load() {
        Ok(n) => Leg::new("analysis", lang, Mark::Good, say(lang, format!("辞書・語句 {n}"), format!("words: {n}"))),
        Err(why) => Leg::new("analysis", lang, Mark::Bad, format!("{why:#}")).cured_by(say(
            lang,
            "Hinomi を入れ直してください",
            "install Hinomi again",
        )),
    }
}

fn folder_of(path: &Path) -> &Path {
    // A path without a folder is in the working directory.
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The database as it lies there; it is opened for questions only, and examined as far as there is time.
pub(super) async fn store(params: &StoreParams, lang: Lang) -> Leg {
    let shown = params.shown();
    if params.engine() == Engine::Sqlite
        && let Some(leg) = file(&params.path, lang)
    {
        return leg;
    }
    match tokio::time::timeout(EXAMINE, Store::check(params)).await {
        Ok(Ok(health)) => {
            let schema = health.schema;
            let later = if schema < health.known {
                say(lang, "、run が更新します", "; run will update it")
            } else {
                String::new()
            };
            let text = say(
                lang,
                format!("{shown}  スキーマ {schema}{later}  点検OK"),
                format!("{shown}  schema {schema}{later}  examined"),
            );
            Leg::new("store", lang, Mark::Good, text)
        }
        Ok(Err(error)) => {
            let said = match lang {
                Lang::Ja => error.ja(),
                Lang::En => error.to_string(),
            };
            // Errors of the store say what next behind a dash; here it stands behind the arrow of all cures.
            match said.split_once(" — ") {
                Some((what, cure)) => Leg::new("store", lang, Mark::Bad, what).cured_by(cure),
                None => Leg::new("store", lang, Mark::Bad, said),
            }
        }
        Err(_) => {
            let text = say(
                lang,
                format!("{shown}  大きいため点検は途中まで（hinomi db check で最後まで）"),
                format!("{shown}  too large to be examined here; hinomi db check reads it to its end"),
            );
            Leg::new("store", lang, Mark::Look, text)
        }
    }
}

/// What there is to say of the file before it is opened; nothing where it is to be opened.
fn file(path: &Path, lang: Lang) -> Option<Leg> {
    let (shown, folder) = (path.display(), folder_of(path));
    let bad = |ja: String, en: String| Leg::new("store", lang, Mark::Bad, say(lang, ja, en));
    if !folder.is_dir() {
        let folder = folder.display();
        let leg = bad(format!("フォルダー {folder} がありません"), format!("there is no folder {folder}"));
        return Some(leg.cured_by(say(
            lang,
            format!("mkdir -p {folder}、または [store] path を直してください"),
            format!("mkdir -p {folder}, or correct [store] path"),
        )));
    }
    if let Err(why) = writable(path) {
        let leg = bad(format!("{shown} に書けません: {why}"), format!("{shown} cannot be written: {why}"));
        return Some(leg.cured_by(say(
            lang,
            "hinomi run を動かすユーザーで check し、フォルダーとファイルの持ち主を合わせてください",
            "check as the user who runs hinomi, and give the folder and the file to that user",
        )));
    }
    if path.exists() {
        return None;
    }
    let text = say(lang, format!("{shown}（まだなく、run が作ります）"), format!("{shown} (run will create it)"));
    Some(Leg::new("store", lang, Mark::Good, text))
}

/// Whether this user may write the database and beside it, where the journal lies.
fn writable(path: &Path) -> std::io::Result<()> {
    if path.exists() {
        fs::OpenOptions::new().append(true).open(path)?;
    }
    let probe = folder_of(path).join(format!(".hinomi-check-{}", std::process::id()));
    fs::OpenOptions::new().write(true).create_new(true).open(&probe)?;
    fs::remove_file(probe)
}

/// How much room the database has; nothing where the system does not tell.
pub(super) fn disk(path: &Path, lang: Lang) -> Option<Leg> {
    let room = rustix::fs::statvfs(folder_of(path)).ok()?;
    let free = room.f_bavail.saturating_mul(room.f_frsize);
    let text = say(lang, format!("空き {}", size(free)), format!("{} free", size(free)));
    let cure = say(lang, "空きを作るか、[store] path を広い場所へ", "make room, or move [store] path to a larger disk");
    let mark = if free < SCARCE { Mark::Bad } else { Mark::Look };
    Some(if free < LITTLE {
        Leg::new("disk", lang, mark, text).cured_by(cure)
    } else {
        Leg::new("disk", lang, Mark::Good, text)
    })
}

fn size(bytes: u64) -> String {
    if bytes >> 30 >= 10 { format!("{} GB", bytes >> 30) } else { format!("{} MB", bytes >> 20) }
}

/// Whether the machine knows what day it is. A wrong clock puts every post into a wrong hour.
pub(super) fn clock(now: Timestamp, zone: Zone, lang: Lang) -> Leg {
    let text = format!("{} ({zone})", now.long(zone));
    if (NOT_BEFORE..NOT_AFTER).contains(&now) {
        return Leg::new("clock", lang, Mark::Good, text);
    }
    Leg::new("clock", lang, Mark::Bad, text).cured_by(say(
        lang,
        "時計が合っていません。時刻合わせ（systemd-timesyncd や chrony）を動かしてください",
        "the clock is wrong; let systemd-timesyncd or chrony set it",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_from_before_this_program_is_not_believed() {
        for (at, mark) in [
            ("1970-01-01T00:10:00Z", Mark::Bad),
            ("2025-12-31T23:59:59Z", Mark::Bad),
            ("2026-11-22T00:00:00Z", Mark::Good),
            ("2055-01-01T00:00:00Z", Mark::Bad),
        ] {
            let now = Timestamp::parse_rfc3339(at).unwrap();
            assert_eq!(clock(now, Zone::JST, Lang::Ja).mark, mark, "{at}");
        }
    }
}
