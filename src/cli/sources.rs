//! `hinomi sources`: how each source does, those that need a person first.

mod table;

use std::{
    io::{self, IsTerminal, Write},
    path::PathBuf,
};

use anyhow::bail;
use serde_json::json;

use super::{Common, Exit, Lang, Outcome, db::size};
use crate::{
    clock::{Clock, SystemClock},
    config,
    model::{
        post::SourceName,
        source::{MeterUnit, SourceStatus},
        time::{Span, Timestamp, Zone},
    },
    store::{Engine, SourceFigures, Store, StoreParams},
};

/// Nobody has been anywhere for so long after it was time: nobody goes.
const OVERDUE: Span = Span::minutes(10);
/// Columns where nothing says how many there are.
const COLUMNS: usize = 160;

/// Arguments of `hinomi sources`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// All that this database file remembers, instead of what is configured.
    #[arg(long, value_name = "FILE")]
    db: Option<PathBuf>,
    /// One JSON object a source.
    #[arg(long)]
    json: bool,
}

/// One line of the answer: a source, and what is known of it.
struct Row {
    name: SourceName,
    /// `None` for one that is configured and was never visited.
    known: Option<SourceFigures>,
}

impl Row {
    fn status(&self) -> SourceStatus {
        self.known.as_ref().map_or(SourceStatus::New, |f| f.status)
    }
}

/// Runs it.
pub(super) fn run(args: &Args, common: &Common) -> Outcome {
    let (place, listed) = match &args.db {
        Some(path) => (StoreParams::at(path), None),
        None => match config::load(&common.config, &config::environment()) {
            Ok(settings) => {
                let names = settings.sources.iter().map(|s| s.basics.name.clone()).collect::<Vec<_>>();
                (settings.store, Some(names))
            }
            Err(mistakes) => {
                eprintln!("{}", mistakes.to_text(common.lang.into()));
                return Ok(Exit::Usage);
            }
        },
    };
    if place.engine() == Engine::Sqlite && !place.path.is_file() {
        bail!("{}: no such database; start `hinomi run` or `hinomi demo` first", place.shown());
    }
    let figures = super::block_on(async {
        let store = Store::open_to_read(&place).await?;
        let figures = store.source_figures().await;
        store.close().await;
        figures.map_err(anyhow::Error::from)
    })?;
    let (rows, now) = (rows(figures, listed), SystemClock.now());
    let text = if args.json {
        rows.iter().map(|row| object(row).to_string() + "\n").collect()
    } else {
        said(&rows, now, common.lang, columns())
    };
    write!(anstream::stdout(), "{text}").map_or_else(|e| super::unless_pipe_closed(e.into()), |()| Ok(Exit::Ok))
}

/// What is configured with what is known of it, the worst first; without a configuration what is known.
fn rows(figures: Vec<SourceFigures>, listed: Option<Vec<SourceName>>) -> Vec<Row> {
    let mut figures: Vec<Option<SourceFigures>> = figures.into_iter().map(Some).collect();
    let mut of = |name: &SourceName| {
        figures.iter_mut().find(|f| f.as_ref().is_some_and(|f| f.source == *name)).and_then(Option::take)
    };
    let mut rows: Vec<Row> = match listed {
        Some(names) => names.into_iter().map(|name| Row { known: of(&name), name }).collect(),
        None => figures.into_iter().flatten().map(|f| Row { name: f.source.clone(), known: Some(f) }).collect(),
    };
    rows.sort_by_key(|row| (urgency(row.status()), row.name.clone()));
    rows
}

/// How soon a person should look at it.
const fn urgency(status: SourceStatus) -> u8 {
    match status {
        SourceStatus::Gone => 0,
        SourceStatus::Failing => 1,
        SourceStatus::Suspicious => 2,
        SourceStatus::Quiet => 3,
        SourceStatus::New => 4,
        SourceStatus::Ok => 5,
    }
}

const fn word(status: SourceStatus, lang: Lang) -> &'static str {
    match (lang, status) {
        (Lang::Ja, SourceStatus::Gone) => "■ 終了",
        (Lang::Ja, SourceStatus::Failing) => "▲ 失敗",
        (Lang::Ja, SourceStatus::Suspicious) => "◆ 空っぽ",
        (Lang::Ja, SourceStatus::Quiet) => "◇ 静か",
        (Lang::Ja, SourceStatus::New) => "○ 新規",
        (Lang::Ja, SourceStatus::Ok) => "● 正常",
        (Lang::En, SourceStatus::Gone) => "■ gone",
        (Lang::En, SourceStatus::Failing) => "▲ failing",
        (Lang::En, SourceStatus::Suspicious) => "◆ empty",
        (Lang::En, SourceStatus::Quiet) => "◇ quiet",
        (Lang::En, SourceStatus::New) => "○ new",
        (Lang::En, SourceStatus::Ok) => "● ok",
    }
}

/// The names are those of the view.
fn object(row: &Row) -> serde_json::Value {
    let Some(f) = &row.known else { return json!({"source": row.name, "status": SourceStatus::New}) };
    let at = |t: Timestamp| t.rfc3339(Zone::JST);
    json!({
        "source": f.source, "channel": f.channel, "status": f.status, "last_ok": f.last_ok_at.map(at),
        "last_error": f.last_error, "errors": f.errors, "next_due": at(f.next_due_at),
        "lag_p50_s": f.lag_p50.map(Span::as_seconds), "lag_p95_s": f.lag_p95.map(Span::as_seconds),
        "items_24h": f.items_24h, "expected_24h": f.expected_24h, "quota_used": f.quota.map(|q| q.used),
        "quota_limit": f.quota.map(|q| q.limit), "quota_unit": f.quota.map(|q| q.unit),
        "quota_resets": f.quota.map(|q| at(q.resets_at)), "visits_24h": f.visits_24h, "failed_24h": f.failed_24h,
        "not_modified_24h": f.not_modified_24h, "bytes_24h": f.bytes_24h, "saved_bytes_24h": f.saved_bytes_24h,
    })
}

/// How wide the terminal is.
fn columns() -> usize {
    let stdout = io::stdout();
    let size = if stdout.is_terminal() { rustix::termios::tcgetwinsize(&stdout).ok() } else { None };
    size.map(|s| usize::from(s.ws_col)).filter(|n| *n > 0).unwrap_or(COLUMNS)
}

fn said(rows: &[Row], now: Timestamp, lang: Lang, columns: usize) -> String {
    let heads: [&str; 7] = match lang {
        Lang::Ja => ["状態", "情報源", "最後の成功", "次の訪問", "24時間(ふだん)", "遅れ 半数/95%", "受信(304)"],
        Lang::En => ["status", "source", "last success", "next visit", "24 h (usual)", "delay 50/95 %", "read (304)"],
    };
    let cells = |row: &Row| table::Entry { cells: cells(row, now, lang), below: below(row, lang) };
    let entries: Vec<table::Entry> = rows.iter().map(cells).collect();
    let mut text = table::text(&heads, &entries, columns);
    text.push_str(&summary(rows, lang));
    let due: Option<Timestamp> = rows.iter().filter_map(|r| r.known.as_ref()).map(|f| f.next_due_at).max();
    if due.is_some_and(|due| now - due > OVERDUE) {
        text.push_str(match lang {
            Lang::Ja => "だれも見に行っていません。hinomi run は動いていますか。\n",
            Lang::En => "Nobody goes there. Is hinomi run running?\n",
        });
    }
    text
}

/// What went wrong the last time, and what is left of what a service grants.
fn below(row: &Row, lang: Lang) -> Option<String> {
    let known = row.known.as_ref()?;
    let error = known.last_error.clone().filter(|_| known.errors > 0);
    let quota = known.quota.map(|q| {
        let amount = |n: f64| if q.unit == MeterUnit::Usd { format!("${n:.2}") } else { format!("{n:.0}") };
        let (used, limit, until) = (amount(q.used), amount(q.limit), q.resets_at.short(Zone::JST));
        match lang {
            Lang::Ja => format!("使用 {used} / {limit}（{until} まで）"),
            Lang::En => format!("used {used} of {limit} until {until}"),
        }
    });
    let parts: Vec<String> = quota.into_iter().chain(error).collect();
    Some(parts.join("  ")).filter(|text| !text.is_empty())
}

fn summary(rows: &[Row], lang: Lang) -> String {
    let mut counts: Vec<(SourceStatus, usize)> = SourceStatus::ALL.iter().map(|s| (*s, 0)).collect();
    for row in rows {
        if let Some((_, n)) = counts.iter_mut().find(|(status, _)| *status == row.status()) {
            *n += 1;
        }
    }
    counts.sort_by_key(|(status, _)| urgency(*status));
    let parts: Vec<String> =
        counts.iter().filter(|(_, n)| *n > 0).map(|(status, n)| format!("{} {n}", word(*status, lang))).collect();
    match lang {
        Lang::Ja => format!("情報源 {}  {}\n", rows.len(), parts.join("  ")),
        Lang::En => format!("{} sources  {}\n", rows.len(), parts.join("  ")),
    }
}

fn cells(row: &Row, now: Timestamp, lang: Lang) -> Vec<String> {
    let (none, name) = (|| "—".to_owned(), row.name.0.clone());
    let Some(f) = &row.known else {
        return vec![word(SourceStatus::New, lang).to_owned(), name, none(), none(), none(), none(), none()];
    };
    let ago = |at: Timestamp| match lang {
        Lang::Ja => format!("{}前", short(now - at, lang)),
        Lang::En => format!("{} ago", short(now - at, lang)),
    };
    let next = match (f.next_due_at > now, lang) {
        (true, Lang::Ja) => format!("{}後", short(f.next_due_at - now, lang)),
        (true, Lang::En) => format!("in {}", short(f.next_due_at - now, lang)),
        (false, Lang::Ja) => "まもなく".to_owned(),
        (false, Lang::En) => "due".to_owned(),
    };
    let usual = f.expected_24h.map_or_else(none, |n| format!("{n:.0}"));
    let delay = f.lag_p50.zip(f.lag_p95);
    let delay = delay.map_or_else(none, |(p50, p95)| format!("{}/{}", short(p50, lang), short(p95, lang)));
    vec![
        word(f.status, lang).to_owned(),
        name,
        f.last_ok_at.map_or_else(none, ago),
        next,
        format!("{} ({usual})", f.items_24h),
        delay,
        format!("{} ({}/{})", size(f.bytes_24h), f.not_modified_24h, f.visits_24h),
    ]
}

/// In the largest unit alone.
fn short(span: Span, lang: Lang) -> String {
    let s = span.as_seconds().max(0);
    let (n, ja, en) = match s {
        0..60 => (s, "秒", "s"),
        60..3_600 => (s / 60, "分", "m"),
        3_600..172_800 => (s / 3_600, "時間", "h"),
        _ => (s / 86_400, "日", "d"),
    };
    format!("{n}{}", if lang == Lang::Ja { ja } else { en })
}

#[cfg(test)]
mod tests;
