//! `hinomi demo`: a week of fictional companies in two minutes, through the same code as in earnest.
//!
//! A loopback web server publishes feeds that grow as a fast clock comes to them; Hinomi polls them over HTTP, and
//! its mails go over SMTP to a loopback mail server that keeps them as files. Nothing leaves the machine.

mod folder;
mod screen;

use std::{collections::BTreeSet, io::IsTerminal, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
    task::JoinSet,
};

use self::{
    folder::Folder,
    screen::{Found, Screen},
};
use super::{Common, Exit, Outcome};
use crate::{
    alert::{
        MailParams,
        email::{SmtpParams, Tls, smtp::SmtpNotifier},
    },
    app::{
        service::{App, Notice, Ports, Setup},
        shutdown,
        tell::Recipients,
    },
    clock::{Clock, FastClock},
    collect::{CollectParams, SourceBasics, fetch::HttpFetch, sources::SourceParams},
    config,
    demo::{
        feeds,
        mailbox::{self, SavedMail},
        world::{StoryNote, World},
    },
    model::{
        ids::MentionId,
        post::SourceName,
        time::{Span, Timestamp, Zone},
    },
    store::{Store, StoreParams},
};

/// A week in two minutes.
const SPEED: f64 = 5_040.0;
/// Monday of a week without holidays.
const WEEK_START: Timestamp = Timestamp::from_seconds(1_770_562_800);
/// Posts of the history that are read at once.
const HISTORY_PAGE: usize = 500;
/// The longest wait for the last mails.
const LAST_MAILS: Duration = Duration::from_secs(20);
const STOP_WITHIN: Duration = Duration::from_secs(9);

/// Arguments of `hinomi demo`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How many times as fast as real time; 5040 is a week in two minutes.
    #[arg(long, default_value_t = SPEED, value_parser = parse_speed)]
    speed: f64,
    /// Another number makes another week.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where database and mails go.
    #[arg(long, default_value = "hinomi-demo", value_name = "FOLDER")]
    out: PathBuf,
    /// End with the week instead of staying up.
    #[arg(long)]
    exit: bool,
}

fn parse_speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if (1.0..=100_000.0).contains(&speed) => Ok(speed),
        _ => Err("a number from 1 to 100000".to_owned()),
    }
}

/// Runs it.
pub(super) fn run(args: &Args, common: &Common) -> Outcome {
    let folder = match Folder::prepare(&args.out) {
        Ok(folder) => folder,
        Err(error) => {
            eprintln!("hinomi: {error:#}");
            return Ok(Exit::Usage);
        }
    };
    crate::app::telemetry::start("warn", crate::app::telemetry::Shape::Text);
    super::block_on(play(args, &folder, common))?;
    Ok(Exit::Ok)
}

async fn play(args: &Args, folder: &Folder, common: &Common) -> Result<()> {
    let mut screen = Screen::new(common.lang);
    let world = Arc::new(World::generate(args.seed, WEEK_START));
    screen.prepared(&world);
    let clock = Arc::new(FastClock::new(world.week_start, world.week_end(), args.speed));
    let (stop_servers, stopped) = watch::channel(false);
    let mut servers = JoinSet::new();

    let (web, port) = open_web(&world, &clock, stopped.clone(), &mut servers).await?;
    let (saved, mut mails) = mpsc::unbounded_channel();
    let smtp = open_mailbox(folder, saved, stopped, &mut servers).await?;
    let (notices, mut heard) = mpsc::unbounded_channel();
    let mut app = App::build(setup(&world, folder, web)?, ports(&clock, web, smtp)?, Some(notices)).await?;

    let stop = shutdown::requested();
    tokio::pin!(stop);
    let loaded = tokio::select! {
        () = &mut stop => false,
        done = load_history(&app, &world, &screen) => done.map(|()| true)?,
    };
    if !loaded {
        app.stop(STOP_WITHIN).await?;
        screen.stopped(true);
        return Ok(());
    }
    screen.week_begins(&world, args.speed, port);
    clock.start();
    app.start();

    let mut tick = tokio::time::interval(Duration::from_millis(100));
    let interrupted = loop {
        tokio::select! {
            () = &mut stop => break true,
            Some(notice) = heard.recv() => show(&mut screen, notice),
            Some(mail) = mails.recv() => screen.mail(&mail),
            _ = tick.tick() => {
                screen.clock(clock.now());
                if clock.now() >= world.week_end() {
                    break false;
                }
            }
        }
    };
    if !interrupted {
        last_mails(&app, &world, &mut screen, &mut heard, &mut mails).await?;
        let found = incidents_of(app.pipeline().store(), &world).await?;
        screen.week_ended(&world, &found, folder);
        if !args.exit && std::io::stdout().is_terminal() {
            screen.stays_up();
            stop.await;
        }
    }
    app.stop(STOP_WITHIN).await?;
    stop_servers.send_replace(true);
    servers.shutdown().await;
    while let Ok(mail) = mails.try_recv() {
        screen.mail(&mail);
    }
    screen.stopped(interrupted);
    Ok(())
}

/// Four weeks that teach what is normal and alert nobody.
async fn load_history(app: &App, world: &World, screen: &Screen) -> Result<()> {
    let source = SourceName("history".to_owned());
    for page in world.history.chunks(HISTORY_PAGE) {
        app.pipeline().ingest(&source, page.to_vec(), true, world.week_start).await?;
        screen.history(page.len());
    }
    app.pipeline().detect_once(world.week_start).await?;
    Ok(())
}

fn show(screen: &mut Screen, notice: Notice) {
    if let Notice::Event(event) = notice {
        screen.event(&event);
    }
}

/// Which incident tells which story: the one that holds most of the story's posts. `None` for a story not noticed.
async fn incidents_of(store: &Store, world: &World) -> Result<Vec<Option<Found>>> {
    let mut holdings = Vec::new();
    for incident in store.live_incidents(world.week_start).await? {
        let posts: BTreeSet<String> = store
            .incident_mentions(incident.id, MentionId(0), u32::MAX)
            .await?
            .into_iter()
            .map(|m| m.post.external_id)
            .collect();
        holdings.push((incident, posts));
    }
    let teller = |note: &StoryNote| {
        let share = |posts: &BTreeSet<String>| note.posts.iter().filter(|id| posts.contains(*id)).count();
        let best =
            holdings.iter().filter(|(i, _)| i.company.0 == note.company).max_by_key(|(_, posts)| share(posts))?;
        // A stray post of a quiet story in somebody else's incident is not that story.
        let enough = share(&best.1) * 3 >= note.posts.len().min(best.1.len());
        enough.then(|| Found { code: best.0.code(), first: best.0.opened_at })
    };
    Ok(world.stories.iter().map(teller).collect())
}

/// The week is over: what was fetched last is looked at, and what is owed goes out.
async fn last_mails(
    app: &App,
    world: &World,
    screen: &mut Screen,
    heard: &mut mpsc::UnboundedReceiver<Notice>,
    mails: &mut mpsc::UnboundedReceiver<SavedMail>,
) -> Result<()> {
    let owed = async {
        loop {
            app.pipeline().detect_once(world.week_end()).await?;
            app.pipeline().dispatch_once(world.week_end()).await?;
            if app.pipeline().owed().await? == 0 {
                return anyhow::Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let ended = tokio::time::timeout(LAST_MAILS, owed).await;
    while let Ok(notice) = heard.try_recv() {
        show(screen, notice);
    }
    while let Ok(mail) = mails.try_recv() {
        screen.mail(&mail);
    }
    match ended {
        Ok(outcome) => outcome,
        Err(_) => anyhow::bail!("mails are still on their way after {} seconds", LAST_MAILS.as_secs()),
    }
}

/// The web server of the little world; its address and port.
async fn open_web(
    world: &Arc<World>,
    clock: &Arc<FastClock>,
    mut stopped: watch::Receiver<bool>,
    servers: &mut JoinSet<()>,
) -> Result<(std::net::SocketAddr, u16)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("cannot open a port on 127.0.0.1")?;
    let address = listener.local_addr()?;
    let (world, clock) = (Arc::clone(world), Arc::clone(clock) as Arc<dyn Clock>);
    servers.spawn(async move {
        let until = async move {
            let _sender_gone = stopped.wait_for(|stop| *stop).await;
        };
        if let Err(error) = feeds::listen(listener, world, clock, until).await {
            tracing::error!("the demo's web server stopped: {error}");
        }
    });
    Ok((address, address.port()))
}

/// The mail server of the little world.
async fn open_mailbox(
    folder: &Folder,
    saved: mpsc::UnboundedSender<SavedMail>,
    mut stopped: watch::Receiver<bool>,
    servers: &mut JoinSet<()>,
) -> Result<std::net::SocketAddr> {
    let mailbox = mailbox::listen(folder.mail()).await.context("cannot open a port on 127.0.0.1")?;
    let address = mailbox.addr();
    servers.spawn(async move {
        let until = async move {
            let _sender_gone = stopped.wait_for(|stop| *stop).await;
        };
        mailbox.serve(saved, until).await;
    });
    Ok(address)
}

fn setup(world: &World, folder: &Folder, web: std::net::SocketAddr) -> Result<Setup> {
    let watchlist = config::parse_watchlist(&world.watchlist_toml, &PathBuf::from("demo watchlist"))?;
    let sources = feeds::sources(world, web).into_iter().map(|feed| {
        let (source_type, channel) = (feed.source_type, feed.channel);
        let basics = SourceBasics { name: SourceName(feed.name), source_type, channel, poll_every: None };
        SourceParams::feed(basics, feed.url)
    });
    Ok(Setup {
        // The demo's database is thrown away with the next demo; a power cut may have it.
        store: StoreParams::throwaway(folder.database()),
        watchlist,
        sources: sources.collect(),
        collect: collect_params(web),
        mail: mail_params(),
        recipients: Recipients {
            groups: [("広報当番".to_owned(), vec!["pr-duty@hinomi.example".to_owned()])].into(),
            default: vec!["広報当番".to_owned()],
        },
        ballast: 0,
    })
}

fn collect_params(web: std::net::SocketAddr) -> CollectParams {
    CollectParams { poll_every: Span::minutes(5), allow: vec![web.to_string()], ..CollectParams::default() }
}

fn mail_params() -> MailParams {
    MailParams {
        from: "hinomi@hinomi.example".to_owned(),
        reply_to: None,
        dashboard: None,
        zone: Zone::JST,
        x_connected: false,
    }
}

fn ports(clock: &Arc<FastClock>, web: std::net::SocketAddr, smtp: std::net::SocketAddr) -> Result<Ports> {
    let server = SmtpParams {
        host: smtp.ip().to_string(),
        port: smtp.port(),
        tls: Tls::None,
        username: None,
        password: None,
        ca_pem: None,
    };
    Ok(Ports {
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        fetch: Arc::new(HttpFetch::new(&collect_params(web))?),
        notifier: Arc::new(SmtpNotifier::new(&server, &mail_params())?),
        emergency: None,
    })
}
