//! `hinomi check`: tries every leg that `hinomi run` will stand on, and says for each that fails what would cure it.
//!
//! # Invariants
//! Nothing is stored and no mail is sent. A source is asked once, with the manners of `run`; the whole command ends
//! within [`WITHIN`]. With `--offline` the network is left alone.

pub(super) mod cure;
mod here;
mod mail;
mod report;
mod sources;

use std::{
    io::{IsTerminal, Write},
    path::Path,
    time::Duration,
};

use self::report::{Leg, Mark, say};
use super::{Common, Exit, Outcome};
use crate::{
    clock::{Clock, SystemClock},
    config::{self, Lang, Loaded},
};

/// For all that has to be waited for together. One visit may take 20 s, one login [`mail::LIMITS`].
const WITHIN: Duration = Duration::from_secs(55);

/// Arguments of `hinomi check`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Ask neither the sources nor the mail server.
    #[arg(long)]
    offline: bool,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub(super) fn run(args: &Args, common: &Common) -> Outcome {
    let lang = common.lang.into();
    let (exit, lines) = match config::load_all(&common.config, &config::environment()) {
        Err(errors) => (Exit::Usage, report::refused(&errors, lang)),
        Ok(loaded) => {
            if !args.offline && std::io::stderr().is_terminal() {
                let n = loaded.settings.sources.len();
                eprintln!(
                    "{}",
                    say(
                        lang,
                        format!("情報源 {n}件とメールサーバーを確かめています（1分以内）…"),
                        format!("Asking {n} sources and the mail server (within a minute)…")
                    )
                );
            }
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            let legs = runtime.block_on(legs(&common.config, &loaded, args.offline, lang));
            // A name server that keeps the system waiting would keep a person waiting as well.
            runtime.shutdown_background();
            let (good, lines) = report::verdict(&legs, args.offline, lang);
            (if good { Exit::Ok } else { Exit::Failed }, lines)
        }
    };
    let mut out = std::io::stdout().lock();
    for line in lines {
        let line = if args.json { line.json.to_string() } else { line.text };
        if let Err(error) = writeln!(out, "{line}") {
            return super::unless_pipe_closed(error.into());
        }
    }
    Ok(exit)
}

async fn legs(path: &Path, loaded: &Loaded, offline: bool, lang: Lang) -> Vec<Leg> {
    let settings = &loaded.settings;
    let now = SystemClock.now();
    let mut legs = vec![
        Leg::new("config", lang, Mark::Good, path.display().to_string()),
        here::watchlist(&loaded.watchlist, lang),
        here::analysis(&loaded.watchlist, lang),
    ];
    let (store, sources, mail) = tokio::join!(
        here::store(&settings.store, lang),
        sources::legs(settings, offline, now, lang),
        mail::legs(settings, &loaded.watchlist, offline, lang),
    );
    legs.push(store);
    legs.extend(here::disk(&settings.store.path, lang));
    legs.extend(sources);
    legs.extend(mail);
    legs.push(here::clock(now, settings.zone, lang));
    legs.extend(loaded.warnings.iter().map(|m| Leg::new("warning", lang, Mark::Look, m.line(lang))));
    legs
}
