//! `hinomi import`: posts from files into the database of the configuration, whether or not Hinomi runs on it.

mod lines;

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use self::lines::Lines;
use super::{Common, Exit, Lang, Outcome};
use crate::{
    app::{
        import::{BATCH, BATCH_BYTES, Ground, Importer, Line},
        push::body::Terms,
    },
    clock::{Clock, SystemClock},
    config,
    store::StoreError,
    web::ingest::Tally,
};

/// Refused lines that are said to a person; a machine gets all of them with `--json`.
const SAID: u64 = 100;

/// Arguments of `hinomi import`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Posts, one JSON object a line as for `replay`; may be gzipped; `-` is standard input.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// They are news: what was written within the last 48 hours may raise alerts. Without it, all is history.
    #[arg(long)]
    live: bool,
    /// The name of the source, whatever the posts say.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// One JSON object a line: every refused line, then the sum.
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub(super) fn run(args: &Args, common: &Common) -> Outcome {
    let loaded = match config::load_all(&common.config, &config::environment()) {
        Ok(loaded) => loaded,
        Err(mistakes) => {
            eprintln!("{}", mistakes.to_text(common.lang.into()));
            return Ok(Exit::Usage);
        }
    };
    let visited = loaded.settings.sources.iter().map(|s| s.basics.name.clone()).collect();
    let ground = Ground { store: loaded.settings.store, watchlist: loaded.watchlist, visited };
    let terms = Terms { source: args.source.clone(), history: !args.live };
    super::block_on(async {
        let importer = match Importer::open(ground, terms, SystemClock.now()).await {
            Ok(importer) => importer,
            Err(error) => {
                if matches!(error.downcast_ref(), Some(StoreError::Held { .. })) {
                    eprintln!("{}", hint(common.lang));
                }
                return Err(error);
            }
        };
        let mut work = Work { importer, sum: Tally::default(), said: 0, args, lang: common.lang, bar: bar() };
        let ended = work.files().await;
        work.bar.finish_and_clear();
        // Also where it broke off: so much is stored.
        work.report()?;
        work.importer.close().await;
        ended?;
        Ok(if work.sum.refused + work.sum.unread > 0 { Exit::Failed } else { Exit::Ok })
    })
}

/// What to do where a Hinomi holds the database and takes nothing.
const fn hint(lang: Lang) -> &'static str {
    match lang {
        Lang::Ja => {
            "動いている Hinomi に渡せません — [web] listen が \"off\" か、まだ起動の途中か、別のマシンで動いています。\
             listen に住所を書いて再起動するか、Hinomi を止めてから取り込んでください"
        }
        Lang::En => {
            "The Hinomi that runs cannot be given posts: its [web] listen is \"off\", it is still starting, or it runs \
             on another machine. Give it an address and restart it, or stop it and import again"
        }
    }
}

/// Shown on a terminal and nowhere else.
fn bar() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {human_pos}  {per_sec}  {elapsed}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

struct Work<'a> {
    importer: Importer,
    sum: Tally,
    said: u64,
    args: &'a Args,
    lang: Lang,
    bar: ProgressBar,
}

impl Work<'_> {
    async fn files(&mut self) -> Result<()> {
        for path in &self.args.files {
            let mut lines = Lines::of(path).with_context(|| format!("cannot open {}", path.display()))?;
            loop {
                // What was read before an error, as of a file that was cut off, is stored.
                let (batch, broken) = batch(&mut lines);
                let last = batch.is_empty();
                if !last {
                    self.batch(path, batch).await?;
                }
                if let Some(why) = broken {
                    return Err(why).with_context(|| format!("cannot read {} to its end", path.display()));
                }
                if last {
                    break;
                }
            }
        }
        Ok(())
    }

    async fn batch(&mut self, path: &Path, batch: Vec<Line>) -> Result<()> {
        let lines = batch.len() as u64;
        let tally = self.importer.take(batch, SystemClock.now()).await?;
        for refusal in &tally.refusals {
            self.refused(path, refusal.line, &refusal.reason)?;
        }
        let sum = &mut self.sum;
        sum.accepted += tally.accepted;
        sum.new += tally.new;
        sum.duplicates += tally.duplicates;
        sum.edited += tally.edited;
        sum.about_watched += tally.about_watched;
        sum.history += tally.history;
        sum.unread += tally.unread;
        sum.refused += tally.refused;
        self.bar.inc(lines);
        Ok(())
    }

    fn refused(&mut self, path: &Path, line: u64, reason: &str) -> Result<()> {
        self.said += 1;
        if self.args.json {
            let refused = json!({"refused": {"file": path, "line": line, "reason": reason}});
            writeln!(io::stdout(), "{refused}")?;
        } else if self.said <= SAID {
            self.bar.suspend(|| eprintln!("{}:{line}: {reason}", path.display()));
        }
        Ok(())
    }

    fn report(&self) -> Result<()> {
        let Tally { accepted, new, duplicates, edited, about_watched, history, unread, refused, .. } = &self.sum;
        if self.args.json {
            let sum = json!({"summary": {
                "accepted": accepted, "new": new, "duplicates": duplicates, "edited": edited,
                "about_watched": about_watched, "history": history, "unread": unread, "refused": refused,
                "handed_over": self.importer.is_handed_over(),
            }});
            writeln!(io::stdout(), "{sum}")?;
            return Ok(());
        }
        let not_named = refused.saturating_sub(self.said.min(SAID));
        if not_named > 0 && *refused > 0 {
            match self.lang {
                Lang::Ja => eprintln!("…ほかに受け取れない行が {not_named} 行（--json ですべて見られます）"),
                Lang::En => eprintln!("… and {not_named} more lines that were refused (--json names them)"),
            }
        }
        let line = match self.lang {
            Lang::Ja => format!(
                "取り込み {accepted}件（新規 {new}・既知 {duplicates}・変更 {edited}）  監視対象に関するもの {about_watched}件  \
                 過去の記録として {history}件  受け取れない行 {refused}{}{}",
                if *unread > 0 { format!("  解析できない投稿 {unread}件") } else { String::new() },
                if self.importer.is_handed_over() { "  動作中の Hinomi に渡しました" } else { "" },
            ),
            Lang::En => format!(
                "{accepted} taken in ({new} new, {duplicates} known, {edited} changed), {about_watched} about watched \
                 companies, {history} as history, {refused} lines refused{}{}",
                if *unread > 0 { format!(", {unread} could not be analysed") } else { String::new() },
                if self.importer.is_handed_over() { "; handed to the Hinomi that runs" } else { "" },
            ),
        };
        writeln!(io::stdout(), "{line}")?;
        Ok(())
    }
}

/// The next lines, as many as go together, and what ended them early.
fn batch(lines: &mut Lines) -> (Vec<Line>, Option<io::Error>) {
    let (mut batch, mut bytes) = (Vec::new(), 0);
    while batch.len() < BATCH && bytes < BATCH_BYTES {
        match lines.next() {
            Ok(Some(line)) => {
                bytes += line.bytes.as_ref().map_or(0, Vec::len);
                batch.push(line);
            }
            Ok(None) => break,
            Err(why) => return (batch, Some(why)),
        }
    }
    (batch, None)
}
