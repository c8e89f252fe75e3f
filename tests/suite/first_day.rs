//! A stranger's first day, typed as a person types it: init, check, run, and the first mail.

pub(crate) mod terminal;

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    http::{StatusCode, header::CONTENT_TYPE},
    response::IntoResponse,
    routing::get,
};
use hinomi::{
    demo::mailbox,
    store::{Store, StoreParams},
};
use tokio::{net::TcpListener, sync::mpsc, task::JoinSet, time::timeout};

/// A staff member writes to a customer: one post is enough.
const GRAVE: &str = "さっき青空テレコムのサポートに電話した。そのあと知らないアカウントから「対応したの私です」と来た。\
                     なんで私のSNSを知ってるの。怖い";

fn hinomi(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hinomi")).current_dir(folder).args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn said(output: &Output) -> String {
    text(&output.stdout) + &text(&output.stderr)
}

/// Web pages and a mail server of this test alone.
struct World {
    web: SocketAddr,
    smtp: SocketAddr,
    posts: Arc<Mutex<Vec<&'static str>>>,
    visits: Arc<AtomicU32>,
    mails: mpsc::UnboundedReceiver<mailbox::SavedMail>,
    _servers: JoinSet<()>,
}

impl World {
    async fn new(folder: &Path) -> Self {
        let (posts, visits) = (Arc::new(Mutex::new(vec!["青空テレコムのCM、駅で見た"])), Arc::new(AtomicU32::new(0)));
        let (page, count) = (Arc::clone(&posts), Arc::clone(&visits));
        let feed = get(move || async move {
            count.fetch_add(1, Ordering::SeqCst);
            ([(CONTENT_TYPE, "application/rss+xml")], rss(&page.lock().unwrap()))
        });
        let html = "<!DOCTYPE html><html><head><title>青空テレコム</title>\
                    <link rel='alternate' type='application/rss+xml' href='/feed'></head></html>";
        let router = Router::new()
            .route("/feed", feed)
            .route("/news", get(move || async move { ([(CONTENT_TYPE, "text/html")], html) }))
            .route("/bare", get(|| async { ([(CONTENT_TYPE, "text/html")], "<html><body>ログイン</body></html>") }))
            .route("/gone", get(|| async { StatusCode::GONE }))
            .route("/login", get(|| async { StatusCode::UNAUTHORIZED }))
            .route("/busy", get(|| async { StatusCode::TOO_MANY_REQUESTS }))
            .fallback(|| async { StatusCode::NOT_FOUND.into_response() });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let web = listener.local_addr().unwrap();
        let mut servers = JoinSet::new();
        servers.spawn(async move { axum::serve(listener, router).await.unwrap() });

        let mailbox = mailbox::listen(folder.join("mail")).await.unwrap();
        let smtp = mailbox.addr();
        let (tell, mails) = mpsc::unbounded_channel();
        servers.spawn(mailbox.serve(tell, std::future::pending()));
        Self { web, smtp, posts, visits, mails, _servers: servers }
    }

    /// The arguments of a first `init`.
    fn init(&self) -> Vec<String> {
        let (web, smtp) = (self.web.to_string(), self.smtp);
        let words = [
            "init",
            "--yes",
            "--company",
            "青空テレコム",
            "--alias",
            "あおぞらテレコム",
            "--exclude",
            "青空文庫",
            "--contact",
            "https://aozora.example/hinomi",
            "--from",
            "hinomi@aozora.example",
            "--to",
            "pr@aozora.example",
        ];
        let mut args: Vec<String> = words.map(str::to_owned).to_vec();
        args.extend(["--feed".into(), format!("post=http://{web}/feed"), "--allow".into(), web]);
        args.extend(["--smtp-host".into(), smtp.ip().to_string(), "--smtp-port".into(), smtp.port().to_string()]);
        args
    }

    async fn command(&self, folder: &Path, args: Vec<String>) -> Output {
        let folder = folder.to_owned();
        let run = move || hinomi(&folder, &args.iter().map(String::as_str).collect::<Vec<_>>());
        tokio::task::spawn_blocking(run).await.unwrap()
    }

    async fn check(&self, folder: &Path, more: &[&str]) -> Output {
        self.command(folder, [&["check"], more].concat().iter().map(|s| (*s).to_owned()).collect()).await
    }
}

fn rss(posts: &[&str]) -> String {
    let item = |(n, text): (usize, &&str)| {
        format!(
            "<item><guid isPermaLink=\"false\">p{n}</guid><author>a{n}@sns.example</author><description>{text}</description></item>"
        )
    };
    let items: String = posts.iter().enumerate().map(item).collect();
    format!("<rss version=\"2.0\"><channel><title>t</title>{items}</channel></rss>")
}

/// Adds a source to the file, as a person does at its end.
fn add_source(config: &Path, name: &str, url: &str) {
    let source = format!("\n[[source]]\nname = \"{name}\"\nkind = \"feed\"\nurl = \"{url}\"\nsource_type = \"news\"\n");
    fs::write(config, fs::read_to_string(config).unwrap() + &source).unwrap();
}

/// Ends with the test, whatever happens in it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// The whole way takes a little more than a minute, because no source may be visited oftener.
#[tokio::test(flavor = "multi_thread")]
async fn from_init_to_the_first_mail() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path()).await;
    let made = world.command(folder.path(), world.init()).await;
    assert_eq!(made.status.code(), Some(0), "{}", said(&made));
    assert!(said(&made).contains("hinomi check") && said(&made).contains("hinomi run"), "{}", said(&made));

    let checked = world.check(folder.path(), &[]).await;
    assert_eq!(checked.status.code(), Some(0), "{}", said(&checked));
    assert!(said(&checked).ends_with("結果: 使えます。注意 0件\n"), "{}", said(&checked));
    assert!(!folder.path().join("config/hinomi.db").exists(), "check has made a database");
    assert!(world.mails.try_recv().is_err(), "check has sent a mail");

    let config = folder.path().join("config/hinomi.toml");
    let often = fs::read_to_string(&config).unwrap().replace("poll_every = \"15m\"", "poll_every = \"1m\"");
    fs::write(&config, often).unwrap();
    let asked = world.visits.load(Ordering::SeqCst);
    let mut run = Running(
        Command::new(env!("CARGO_BIN_EXE_hinomi"))
            .current_dir(folder.path())
            .arg("run")
            .stdout(Stdio::null())
            .spawn()
            .unwrap(),
    );
    while world.visits.load(Ordering::SeqCst) == asked {
        assert!(run.0.try_wait().unwrap().is_none(), "run ended by itself");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // What stands in the first page is history; this is news.
    world.posts.lock().unwrap().push(GRAVE);
    let mail = timeout(Duration::from_secs(150), world.mails.recv()).await.expect("no mail came").unwrap();
    assert!(mail.subject.starts_with("【注意・発生】青空テレコム"), "{}", mail.subject);

    Command::new("kill").args(["-TERM", &run.0.id().to_string()]).status().unwrap();
    assert!(run.0.wait().unwrap().success());
    // And now there is a database to look at.
    let again = world.check(folder.path(), &[]).await;
    assert_eq!(again.status.code(), Some(0), "{}", said(&again));
    assert!(said(&again).contains("点検OK"), "{}", said(&again));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_leg_that_fails_is_named_with_its_cure() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new(folder.path()).await;
    let config = folder.path().join("config/hinomi.toml");
    world.command(folder.path(), world.init()).await;
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let whole = fs::read_to_string(&config).unwrap();
    let local = whole
        .replace("allow = [", &format!("allow = [\"{nobody}\", "))
        .replace("host_spacing = \"2s\"", "host_spacing = \"1s\"")
        .replace(&format!("port = {}", world.smtp.port()), &format!("port = {}", nobody.port()));
    fs::write(&config, local).unwrap();
    let web = format!("http://{}", world.web);
    for page in ["news", "bare", "gone", "login", "busy", "nothing"] {
        add_source(&config, page, &format!("{web}/{page}"));
    }
    add_source(&config, "closed", &format!("http://{nobody}/feed"));
    add_source(&config, "inner", "http://10.1.2.3/feed");
    add_source(&config, "nowhere", "https://feeds.aozora.invalid/rss");
    let output = world.check(folder.path(), &["--json", "--lang", "en"]).await;
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    let rows: Vec<serde_json::Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |source: &str| rows.iter().find(|r| r["source"] == source).unwrap_or_else(|| panic!("{source}: {rows:?}"));
    assert_eq!(of("127.0.0.1")["status"], "ok");
    for (source, status, cure) in [
        ("news", "failed", format!("url = \"{web}/feed\"")),
        ("bare", "failed", "look for its feed".to_owned()),
        ("gone", "failed", "has ended".to_owned()),
        ("login", "failed", "not open to everybody".to_owned()),
        ("busy", "warning", "asks for a pause".to_owned()),
        ("nothing", "failed", "spelling".to_owned()),
        ("closed", "failed", "nobody listens".to_owned()),
        ("inner", "failed", "allow = [\"10.1.2.3:80\"]".to_owned()),
        ("nowhere", "failed", "DNS".to_owned()),
    ] {
        let row = of(source);
        assert_eq!(row["status"], status, "{row}");
        assert!(row["cure"].as_str().is_some_and(|c| c.contains(&cure)), "{row}");
    }
    let mail = rows.iter().find(|r| r["check"] == "mail").unwrap();
    assert_eq!(mail["status"], "failed", "{mail}");
    assert!(mail["cure"].as_str().unwrap().contains("host / port"), "{mail}");
    assert_eq!(rows.last().unwrap()["result"]["ok"], false);

    let asked = world.visits.load(Ordering::SeqCst);
    let offline = world.check(folder.path(), &["--offline"]).await;
    assert_eq!(offline.status.code(), Some(0), "{}", said(&offline));
    assert!(said(&offline).contains("通信は確かめていません"), "{}", said(&offline));
    assert_eq!(world.visits.load(Ordering::SeqCst), asked, "offline, and somebody was asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_damaged_or_of_a_newer_hinomi_is_told_before_run_touches_it() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new(folder.path()).await;
    world.command(folder.path(), world.init()).await;
    let db = folder.path().join("config/hinomi.db");
    fs::write(&db, "not a database at all, but a letter\n".repeat(200)).unwrap();
    let damaged = world.check(folder.path(), &["--offline"]).await;
    assert_eq!(damaged.status.code(), Some(3), "{}", said(&damaged));
    assert!(said(&damaged).contains("の控えを置いてから起動してください"), "{}", said(&damaged));
    assert!(fs::read(&db).unwrap().starts_with(b"not a database"), "it was touched");

    fs::remove_file(&db).unwrap();
    Store::open(&StoreParams::at(&db)).await.unwrap().close().await;
    let good = world.check(folder.path(), &["--offline"]).await;
    assert_eq!(good.status.code(), Some(0), "{}", said(&good));
    let pool = sqlx::SqlitePool::connect(&format!("sqlite://{}", db.display())).await.unwrap();
    let newer = "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
                 values (9999, 'from the future', 1, x'00', 0)";
    sqlx::query(newer).execute(&pool).await.unwrap();
    pool.close().await;
    let newer = world.check(folder.path(), &["--offline"]).await;
    assert_eq!(newer.status.code(), Some(3), "{}", said(&newer));
    assert!(said(&newer).contains("スキーマ 9999") && said(&newer).contains("より新しい Hinomi"), "{}", said(&newer));
}

#[tokio::test(flavor = "multi_thread")]
async fn init_never_overwrites_and_leaves_nothing_behind_when_it_fails() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new(folder.path()).await;
    let names = folder.path().join("config/watchlist.toml");
    fs::create_dir(folder.path().join("config")).unwrap();
    fs::write(&names, "# mine\n").unwrap();
    let refused = world.command(folder.path(), world.init()).await;
    assert_eq!(refused.status.code(), Some(2));
    assert!(said(&refused).contains("config/watchlist.toml") && said(&refused).contains("hinomi check"));
    assert_eq!(fs::read_to_string(&names).unwrap(), "# mine\n");
    assert!(!folder.path().join("config/hinomi.toml").exists());

    // A contact that cannot stand in a header is only seen when the files are read back.
    fs::remove_file(&names).unwrap();
    let mut wrong = world.init();
    let contact = wrong.iter().position(|a| a == "https://aozora.example/hinomi").unwrap();
    wrong[contact] = "電話ください".into();
    let refused = world.command(folder.path(), wrong).await;
    assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
    assert!(said(&refused).contains("contact") && said(&refused).contains("何も書いていません"), "{}", said(&refused));
    assert_eq!(fs::read_dir(folder.path().join("config")).unwrap().count(), 0);

    let nothing = hinomi(folder.path(), &["init", "--yes"]);
    assert_eq!(nothing.status.code(), Some(2));
    for flag in ["--company", "--feed", "--smtp-host", "--from", "--to"] {
        assert!(said(&nothing).contains(flag), "{}", said(&nothing));
    }
}
