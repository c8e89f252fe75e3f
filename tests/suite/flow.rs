//! From a feed on the network to a mail in the mailbox, through every room, with nothing replaced but the clock.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use axum::{Router, http::header::CONTENT_TYPE, routing::get};
use hinomi::{
    alert::{
        MailParams,
        email::{SmtpParams, Tls, smtp::SmtpNotifier},
    },
    app::{
        service::{App, Ports, Setup},
        tell::Recipients,
    },
    clock::ManualClock,
    collect::{
        CollectParams, SourceBasics,
        fetch::HttpFetch,
        sources::{self, SourceParams},
    },
    config,
    demo::mailbox,
    model::{
        post::{Channel, SourceName, SourceType},
        source::SourceState,
        time::{Span, Timestamp},
    },
    store::StoreParams,
};
use tokio::{net::TcpListener, sync::mpsc, task::JoinSet};

const WATCHLIST: &str = r#"
[[company]]
name = "青空テレコム"
aliases = ["青空テレコム"]
recipients = ["pr-duty"]
"#;

/// A staff member writes to a customer: one post, as in the case of 2012.
const GRAVE: &str = "さっき青空テレコムのサポートに電話した。そのあと知らないアカウントから「対応したの私です」と来た。\
                     なんで私のSNSを知ってるの。怖い";

/// A web server and a mail server on loopback, and what they hold.
struct World {
    folder: tempfile::TempDir,
    items: Arc<Mutex<Vec<(String, String, Timestamp)>>>,
    web: SocketAddr,
    smtp: SocketAddr,
    saved: mpsc::UnboundedReceiver<mailbox::SavedMail>,
    _servers: JoinSet<()>,
}

fn noon() -> Timestamp {
    Timestamp::parse_rfc3339("2026-02-12T12:00:00+09:00").unwrap()
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let items = Arc::new(Mutex::new(Vec::new()));
        let mut servers = JoinSet::new();

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let web = listener.local_addr().unwrap();
        let page = Arc::clone(&items);
        let feed = get(move || async move { ([(CONTENT_TYPE, "application/rss+xml")], rss(&page.lock().unwrap())) });
        servers.spawn(async move { axum::serve(listener, Router::new().route("/feed", feed)).await.unwrap() });

        let mail = folder.path().join("mail");
        std::fs::create_dir(&mail).unwrap();
        let mailbox = mailbox::listen(mail).await.unwrap();
        let smtp = mailbox.addr();
        let (tell, saved) = mpsc::unbounded_channel();
        servers.spawn(mailbox.serve(tell, std::future::pending()));
        Self { folder, items, web, smtp, saved, _servers: servers }
    }

    fn publish(&self, id: &str, text: &str, at: Timestamp) {
        self.items.lock().unwrap().insert(0, (id.into(), text.into(), at));
    }

    fn params(&self) -> CollectParams {
        CollectParams { allow: vec![self.web.to_string()], ..CollectParams::default() }
    }

    fn feed(&self) -> SourceParams {
        let basics = SourceBasics {
            name: SourceName("sns".into()),
            source_type: SourceType::Post,
            channel: Channel::Sns,
            poll_every: None,
        };
        SourceParams::feed(basics, format!("http://{}/feed", self.web))
    }

    /// Hinomi as after a start of the program.
    async fn hinomi(&self, smtp: SocketAddr) -> App {
        self.try_hinomi(smtp).await.unwrap()
    }

    async fn try_hinomi(&self, smtp: SocketAddr) -> anyhow::Result<App> {
        let mail = MailParams {
            from: "hinomi@aozora.example".into(),
            reply_to: None,
            dashboard: None,
            zone: hinomi::model::time::Zone::JST,
            x_connected: false,
        };
        let server = SmtpParams {
            host: smtp.ip().to_string(),
            port: smtp.port(),
            tls: Tls::None,
            username: None,
            password: None,
            ca_pem: None,
        };
        let ports = Ports {
            clock: Arc::new(ManualClock::at(noon())),
            fetch: Arc::new(HttpFetch::new(&self.params()).unwrap()),
            notifier: Arc::new(SmtpNotifier::new(&server, &mail).unwrap()),
            emergency: None,
        };
        let setup = Setup {
            store: StoreParams::at(self.database()),
            watchlist: config::parse_watchlist(WATCHLIST, Path::new("watchlist.toml")).unwrap(),
            sources: vec![self.feed()],
            collect: self.params(),
            mail,
            recipients: Recipients {
                groups: [("pr-duty".to_owned(), vec!["a@aozora.example".to_owned(), "b@aozora.example".to_owned()])]
                    .into(),
                default: vec!["pr-duty".to_owned()],
            },
            ballast: 0,
        };
        App::build(setup, ports, None).await
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join("hinomi.db")
    }

    /// One visit, as the loop makes it.
    async fn poll(&self, app: &App, now: Timestamp) {
        let params = self.params();
        let source = sources::build(&self.feed(), &params).polled().unwrap();
        let fetch = HttpFetch::new(&params).unwrap();
        let stored = app.pipeline().store().source_states().await.unwrap();
        let name = source.basics().name.clone();
        let state = stored.into_iter().next().unwrap_or_else(|| SourceState::new(name, now));
        let report = app.pipeline().poll_once(&source, &state, &fetch, &params, now).await.unwrap();
        assert_eq!(report.state.last_error, None);
    }

    fn mails(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.saved.try_recv().ok()).map(|m| m.subject).collect()
    }
}

fn rss(items: &[(String, String, Timestamp)]) -> String {
    let item = |(id, text, at): &(String, String, Timestamp)| {
        format!(
            "<item><guid isPermaLink=\"false\">{id}</guid><author>{id}@sns.example</author>\
             <description>{text}</description><dc:date>{}</dc:date></item>",
            at.rfc3339(hinomi::model::time::Zone::JST)
        )
    };
    let items = items.iter().map(item).collect::<Vec<_>>().concat();
    format!(
        "<rss version=\"2.0\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><channel><title>t</title>{items}</channel></rss>"
    )
}

#[tokio::test]
async fn one_grave_post_on_a_feed_becomes_one_mail_for_each_recipient() {
    let mut world = World::new().await;
    let app = world.hinomi(world.smtp).await;
    let p = app.pipeline();

    // The first page of a new source is history, whatever stands in it.
    world.publish("old", GRAVE, noon() - Span::hours(3));
    world.poll(&app, noon()).await;
    assert!(p.detect_once(noon()).await.unwrap().events.is_empty());

    let later = noon() + Span::minutes(15);
    world.publish("talk", "青空テレコムのCM、駅で見た", later);
    world.publish("grave", &GRAVE.replace("サポート", "窓口"), later);
    world.poll(&app, later).await;
    let report = p.detect_once(later).await.unwrap();
    assert_eq!(report.events.len(), 1, "{:?}", report.events);
    assert_eq!(report.events[0].incident.origin_external_id, "grave");
    let sent = p.dispatch_once(later).await.unwrap();
    assert_eq!((sent.sent, sent.failed), (2, 0));
    let subjects = world.mails();
    assert_eq!(subjects.len(), 2);
    assert!(subjects[0].starts_with("【注意・発生】青空テレコム "), "{subjects:?}");
    assert_eq!(p.owed().await.unwrap(), 0);

    // The same page again, the same minute again: nothing new.
    world.poll(&app, later).await;
    assert!(p.detect_once(later).await.unwrap().events.is_empty());
    assert_eq!(p.dispatch_once(later).await.unwrap().sent, 0);

    let eml = std::fs::read_dir(world.folder.path().join("mail"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .find(|p| p.extension().is_some_and(|e| e == "eml"))
        .unwrap();
    let bytes = std::fs::read(eml).unwrap();
    let mail = mailparse::parse_mail(&bytes).unwrap();
    assert_eq!(mail.subparts.len(), 2, "text and HTML");
    assert!(mail.subparts[0].get_body().unwrap().contains("対応したの私です"), "the evidence is told");
}

#[tokio::test]
async fn a_second_instance_is_refused_and_told_who_holds_the_database() {
    let world = World::new().await;
    let first = world.hinomi(world.smtp).await;
    let refused = world.try_hinomi(world.smtp).await.err().unwrap().to_string();
    assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
    drop(first);
    assert!(world.try_hinomi(world.smtp).await.is_ok());
}

#[tokio::test]
async fn what_was_stored_before_a_crash_is_told_after_it() {
    let mut world = World::new().await;
    let later = noon() + Span::minutes(15);
    {
        let app = world.hinomi(world.smtp).await;
        world.publish("talk", "青空テレコムのCM、駅で見た", noon());
        world.poll(&app, noon()).await;
        app.pipeline().detect_once(noon()).await.unwrap();
        world.publish("grave", GRAVE, later);
        world.poll(&app, later).await;
        // Gone, between the transaction of the post and the transaction of the incident.
    }
    {
        let app = world.hinomi(world.smtp).await;
        assert_eq!(app.pipeline().detect_once(later).await.unwrap().events.len(), 1);
        // Gone, between the incident and its mails.
    }
    let app = world.hinomi(world.smtp).await;
    assert!(app.pipeline().detect_once(later).await.unwrap().events.is_empty(), "told twice");
    assert_eq!(app.pipeline().dispatch_once(later).await.unwrap().sent, 2);
    assert_eq!(world.mails().len(), 2);
}

#[tokio::test]
async fn a_mail_server_that_is_down_delays_a_mail_and_loses_none() {
    let mut world = World::new().await;
    let nobody_listens = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let later = noon() + Span::minutes(15);
    {
        let app = world.hinomi(nobody_listens).await;
        world.publish("talk", "青空テレコムのCM、駅で見た", noon());
        world.poll(&app, noon()).await;
        world.publish("grave", GRAVE, later);
        world.poll(&app, later).await;
        app.pipeline().detect_once(later).await.unwrap();
        let tried = app.pipeline().dispatch_once(later).await.unwrap();
        assert_eq!((tried.sent, tried.failed), (0, 2));
        assert_eq!(app.pipeline().dispatch_once(later).await.unwrap().failed, 0, "tried again at once");
        assert_eq!(app.pipeline().owed().await.unwrap(), 2);
    }
    let app = world.hinomi(world.smtp).await;
    let next = later + Span::minutes(5);
    assert_eq!(app.pipeline().dispatch_once(next).await.unwrap().sent, 2);
    assert_eq!(world.mails().len(), 2);
    assert_eq!(app.pipeline().owed().await.unwrap(), 0);
}
