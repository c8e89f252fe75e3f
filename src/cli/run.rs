//! `hinomi run`: watch, until told to stop.

use std::{io::Write, sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use tokio::sync::mpsc;

use super::{Common, Exit, Lang, Outcome, timeline};
use crate::{
    alert::email::smtp::SmtpNotifier,
    app::{
        service::{App, Notice, Ports, Setup},
        shutdown,
        telemetry::{self, Shape},
        tell::Recipients,
    },
    clock::SystemClock,
    collect::fetch::HttpFetch,
    config::{self, LogFormat, Settings},
    model::watch::Watchlist,
};

/// A supervisor waits no longer than this for us.
const STOP_WITHIN: Duration = Duration::from_secs(9);

/// Arguments of `hinomi run`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

/// Runs it.
pub(super) fn run(_args: &Args, common: &Common) -> Outcome {
    let loaded = match config::load_all(&common.config, &config::environment()) {
        Ok(loaded) => loaded,
        Err(mistakes) => {
            eprintln!("{}", mistakes.to_text(common.lang.into()));
            return Ok(Exit::Usage);
        }
    };
    let needs = loaded.settings.missing_to_run();
    if !needs.is_empty() {
        for need in needs {
            eprintln!("{}: {}", common.config.display(), need.text(common.lang.into()));
        }
        return Ok(Exit::Usage);
    }
    let shape = match loaded.settings.log.format {
        LogFormat::Text => Shape::Text,
        LogFormat::Json => Shape::Json,
    };
    telemetry::start(loaded.settings.log.level.as_str(), shape);
    super::block_on(watch(loaded.settings, loaded.watchlist, common.lang))?;
    Ok(Exit::Ok)
}

async fn watch(settings: Settings, watchlist: Watchlist, lang: Lang) -> Result<()> {
    let (mail, smtp) = settings.mail.zip(settings.smtp).context("no mail server is configured")?;
    let ports = Ports {
        clock: Arc::new(SystemClock),
        fetch: Arc::new(HttpFetch::new(&settings.collect)?),
        notifier: Arc::new(SmtpNotifier::new(&smtp, &mail)?),
    };
    let (companies, sources) = (watchlist.companies.len(), settings.sources.len());
    let setup = Setup {
        store: settings.store,
        watchlist,
        sources: settings.sources,
        collect: settings.collect,
        mail,
        recipients: Recipients { groups: settings.recipients, default: settings.default_recipients },
    };
    let (notices, mut heard) = mpsc::unbounded_channel();
    let mut app = App::build(setup, ports, Some(notices)).await?;
    app.start();
    match lang {
        Lang::Ja => say(&format!("監視を始めました（{companies}社・情報源 {sources}）。やめるには Ctrl+C")),
        Lang::En => say(&format!("Watching {companies} companies through {sources} sources. Ctrl+C stops")),
    }
    let stop = shutdown::requested();
    tokio::pin!(stop);
    let mut broken = false;
    loop {
        tokio::select! {
            () = &mut stop => break,
            () = app.failed() => {
                broken = true;
                break;
            }
            Some(notice) = heard.recv() => {
                if let Notice::Event(event) = notice {
                    say(&timeline::line(&event, lang));
                }
            }
        }
    }
    match lang {
        Lang::Ja => say("止めています…"),
        Lang::En => say("Stopping…"),
    }
    app.stop(STOP_WITHIN).await?;
    ensure!(!broken, "a part of Hinomi has stopped (see the log); start it again, nothing that was stored is lost");
    Ok(())
}

/// Prints a line. Nobody reads any longer, as behind a closed pipe: that is no reason to stop watching.
fn say(line: &str) {
    let _unread = writeln!(anstream::stdout(), "{line}");
}
