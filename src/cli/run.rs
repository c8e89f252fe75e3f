//! `hinomi run`: watch, until told to stop.

mod reload;

use std::{
    io::Write,
    path::{Path, PathBuf},
    process,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use tokio::sync::mpsc;

use super::{Common, Exit, Lang, Outcome, timeline};
use crate::{
    alert::{email::smtp::SmtpNotifier, notifier::Notifier, trouble::Trouble},
    app::{
        emergency::{Emergency, EmergencyMail},
        reload::Files,
        service::{App, Notice, Openings, Ports, Setup},
        shutdown::{Signals, Wish},
        supervise::Fatal,
        systemd,
        telemetry::{self, Shape},
        tell::Recipients,
    },
    clock::{Clock, SystemClock},
    collect::fetch::HttpFetch,
    config::{self, Loaded, LogFormat, Settings},
    model::{limits, watch::Watchlist},
    store::StoreError,
};

/// For the mail under way. With closing the database it makes less than the ten seconds that others wait for us.
const STOP_WITHIN: Duration = Duration::from_secs(8);
/// For work on other threads that nobody needs any longer.
const LEFTOVERS: Duration = Duration::from_millis(300);

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
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(watch(loaded, common));
    // Dropping the runtime would wait for a thread that hangs.
    runtime.shutdown_timeout(LEFTOVERS);
    ended.map(|()| Exit::Ok)
}

/// Everything a configuration means, with the roads it names.
fn connect(settings: Settings, watchlist: Watchlist) -> Result<(Setup, Ports)> {
    let (mail, smtp) = settings.mail.zip(settings.smtp).context("no mail server is configured")?;
    if let Some(password) = &smtp.password {
        telemetry::hide(password);
    }
    if let Some(token) = &settings.ingest_token {
        telemetry::hide(token);
    }
    let recipients = Recipients { groups: settings.recipients, default: settings.default_recipients };
    let notifier: Arc<dyn Notifier> = Arc::new(SmtpNotifier::new(&smtp, &mail)?);
    let emergency = EmergencyMail::new(Arc::clone(&notifier), mail.clone(), &recipients, &settings.store.path);
    let ports = Ports {
        clock: Arc::new(SystemClock),
        fetch: Arc::new(HttpFetch::new(&settings.collect)?),
        notifier,
        emergency: Some(Arc::new(emergency)),
    };
    let setup = Setup {
        store: settings.store,
        watchlist,
        sources: settings.sources,
        collect: settings.collect,
        mail,
        recipients,
        ballast: limits::BALLAST_BYTES,
    };
    Ok((setup, ports))
}

/// A start that fails is seen by whoever starts us, and by nobody where that is a machine: a damaged database is told
/// to people as well.
async fn told(error: anyhow::Error, emergency: Option<Arc<dyn Emergency>>) -> anyhow::Error {
    let damaged = error.chain().find_map(|e| e.downcast_ref::<StoreError>());
    if let Some((damaged @ StoreError::Damaged { .. }, emergency)) = damaged.zip(emergency) {
        emergency.tell(Trouble::StoreDamaged, &damaged.ja(), SystemClock.now()).await;
    }
    error
}

/// The files that decide.
fn files(config: &Path, settings: &Settings) -> Vec<PathBuf> {
    vec![config.to_owned(), settings.watchlist.clone()]
}

async fn watch(loaded: Loaded, common: &Common) -> Result<()> {
    let lang = common.lang;
    // First of all: from here on a signal is a wish and not a death.
    let mut signals = Signals::listen();
    let running = loaded.settings.clone();
    let mut changes = Files::watch(files(&common.config, &running)).await;
    let (companies, sources) = (loaded.watchlist.companies.len(), running.sources.len());
    let (setup, ports) = connect(loaded.settings, loaded.watchlist)?;
    let (notices, mut heard) = mpsc::unbounded_channel();
    let emergency = ports.emergency.clone();
    let mut app = tokio::select! {
        app = App::build(setup, ports, Some(notices)) => match app {
            Ok(app) => app,
            Err(error) => return Err(told(error, emergency).await),
        },
        () = signals.stop() => return Ok(()),
    };
    app.start();
    match lang {
        Lang::Ja => say(&format!("監視を始めました（{companies}社・情報源 {sources}）。やめるには Ctrl+C")),
        Lang::En => say(&format!("Watching {companies} companies through {sources} sources. Ctrl+C stops")),
    }
    let web_sub = running.public_url.clone().map(|url| app.web_sub(url));
    let openings = Openings { listen: running.listen, token: running.ingest_token.clone(), web_sub };
    app.attend(openings, move |opened| match (opened, lang) {
        (Ok(at), Lang::Ja) => say(&format!("監視ツール向け: http://{at}/healthz ・ http://{at}/metrics")),
        (Ok(at), Lang::En) => say(&format!("For monitoring: http://{at}/healthz and http://{at}/metrics")),
        (Err(why), Lang::Ja) => {
            say(&format!("▲ /healthz を開けません（{why}）。監視は続け、開けるようになれば開きます"));
        }
        (Err(why), Lang::En) => say(&format!("▲ /healthz is not there ({why}). Watching goes on; it is tried again")),
    });
    systemd::ready();
    let mut broken: Option<Fatal> = None;
    loop {
        let again = tokio::select! {
            wish = signals.next() => match wish {
                Wish::Stop => break,
                Wish::Reload => true,
            },
            why = app.failed() => {
                // Out of the select: what is told to people must not be dropped for the next notice.
                broken = Some(why);
                break;
            }
            () = changes.changed() => true,
            Some(notice) = heard.recv() => {
                if let Notice::Event(event) = notice {
                    say(&timeline::line(&event, lang));
                }
                false
            }
        };
        if again {
            systemd::reloading();
            changes.take_note().await;
            let read = reload::reload(&app, &running, common).await;
            changes.follow(read).await;
            systemd::ready();
        }
    }
    systemd::stopping();
    if let Some(why) = broken {
        app.cry(why).await;
    }
    match lang {
        Lang::Ja => say("止めています…（もう一度 Ctrl+C ですぐに終わります）"),
        Lang::En => say("Stopping… (Ctrl+C again ends at once)"),
    }
    tokio::select! {
        stopped = app.stop(STOP_WITHIN) => stopped?,
        // Whoever asks twice means it. What is owed stays owed, as after a power cut.
        () = signals.stop() => process::exit(1),
    }
    match (broken, lang) {
        (None, _) => Ok(()),
        (Some(why), Lang::Ja) => bail!("{}。もう一度起動してください。保存したものは失われていません", why.ja()),
        (Some(why), Lang::En) => bail!("{why}; start it again, nothing that was stored is lost"),
    }
}

/// Prints a line. Nobody reads any longer, as behind a closed pipe: that is no reason to stop watching.
fn say(line: &str) {
    let _unread = writeln!(anstream::stdout(), "{line}");
}
