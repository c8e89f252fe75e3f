//! `hinomi source`: from the address of a page to a source in the settings.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    http::{StatusCode, Uri, header::CONTENT_TYPE},
    response::{Html, IntoResponse},
    routing::get,
};
use hinomi::collect::sources::templates;
use tokio::{net::TcpListener, task::JoinSet};

use crate::first_day::terminal::Terminal;

const PAGE: &str = "<!DOCTYPE html><html><head><title>青空テレコム</title>\
                    <link rel='alternate' type='application/rss+xml' title='コメント' href='/comments.xml'>\
                    <link rel='alternate' type='application/rss+xml' title='お知らせ' href='/news.xml'></head></html>";

fn rss(title: &str, dates: &[&str]) -> String {
    let item = |date: &&str| {
        format!("<item><title>{title} {date}</title><guid>{date}</guid><pubDate>{date} 09:15:00 +0900</pubDate></item>")
    };
    let items: String = dates.iter().map(item).collect();
    format!("<rss version='2.0'><channel><title>{title}</title>{items}</channel></rss>")
}

/// A site, and a folder with settings that may visit it.
struct World {
    web: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    folder: tempfile::TempDir,
    _server: JoinSet<()>,
}

impl World {
    async fn new() -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        let xml = |body: String| move || async move { ([(CONTENT_TYPE, "application/rss+xml")], body) };
        let dates = ["2026-11-17", "2026-11-20", "2026-11-18", "2026-11-19"];
        let router = Router::new()
            .route("/", get(|| async { Html(PAGE) }))
            .route("/busy/", get(|| async { Html("<html><body>何もない</body></html>") }))
            .route("/busy/feed", get(|| async { StatusCode::TOO_MANY_REQUESTS }))
            .route("/news.xml", get(xml(rss("青空テレコムのお知らせ", &dates))))
            .route("/comments.xml", get(xml(rss("青空テレコムへのコメント", &["2026-11-20"]))))
            .fallback(|| async { StatusCode::NOT_FOUND.into_response() })
            .layer(axum::middleware::map_request(move |uri: Uri, request: axum::extract::Request| {
                log.lock().unwrap().push(uri.path().to_owned());
                async move { request }
            }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let web = listener.local_addr().unwrap();
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.unwrap() });
        let world = Self { web, asked, folder: tempfile::tempdir().unwrap(), _server: server };
        fs::write(world.file(), world.settings()).unwrap();
        world
    }

    fn settings(&self) -> String {
        format!(
            "# わたしたちの設定\n[collect]\nallow = [ \"{}\" ]   # 社内\nhost_spacing = \"1s\"\n\
             [mail]\nfrom = \"hinomi@aozora.example\"\n[recipients]\npr-duty = [\"pr@aozora.example\"]\n\
             [alert]\ndefault = [\"pr-duty\"]\n[mail.smtp]\nhost = \"smtp.aozora.example\"\nusername = \"hinomi\"\npassword_env = \"NEVER_SET_HERE\"",
            self.web
        )
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("hinomi.toml")
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.web)
    }

    async fn run(&self, args: &[&str]) -> Output {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        let file = self.file();
        tokio::task::spawn_blocking(move || command(&file).args(args).output().unwrap()).await.unwrap()
    }
}

fn command(file: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hinomi"));
    command.args(["--lang", "en", "--config"]).arg(file).arg("source").stdin(Stdio::null());
    command
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_becomes_a_source_and_the_settings_keep_every_letter() {
    let world = World::new().await;
    let looked = world.run(&["add", &world.url("/"), "--dry-run"]).await;
    assert_eq!(looked.status.code(), Some(0), "{}", err(&looked));
    let text = out(&looked);
    // The three newest, the newest first; comments after what they are about.
    let places = [
        "1  青空テレコムのお知らせ  entries: 4",
        "2026/11/20(金) 9:15",
        "2026/11/19(木) 9:15",
        "2026/11/18(水) 9:15",
        "2  青空テレコムへのコメント",
    ];
    let found: Vec<_> = places.iter().map(|place| text.find(place)).collect();
    assert!(found.is_sorted() && found[0].is_some(), "{found:?}\n{text}");
    assert!(!text.contains("2026/11/17") && text.contains("because of \"お知らせ\""), "{text}");
    assert_eq!(fs::read_to_string(world.file()).unwrap(), world.settings());

    let added = world.run(&["add", &world.url("/"), "--yes", "--name", "青空", "--json"]).await;
    assert_eq!(added.status.code(), Some(0), "{}", err(&added));
    let lines: Vec<serde_json::Value> = out(&added).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["feed"]["source_type"], "notice");
    assert_eq!(lines[2]["added"]["url"], world.url("/news.xml"));
    let block = format!(
        "\n\n[[source]]\nname = \"青空\"\nkind = \"feed\"\nurl = \"{}\"\nsource_type = \"notice\"\n",
        world.url("/news.xml")
    );
    assert_eq!(fs::read_to_string(world.file()).unwrap(), world.settings() + &block);
    let list = out(&world.run(&["list"]).await);
    assert!(list.starts_with("青空  notice (official)  every 15m\n") && list.contains("/news.xml"), "{list}");

    // Once more: by its address, by its name, and by the page, where the other one is left.
    let again = world.run(&["add", &world.url("/news.xml"), "--yes"]).await;
    assert!(again.status.code() == Some(2) && err(&again).contains("already (青空)"), "{}", err(&again));
    let again = world.run(&["add", &world.url("/comments.xml"), "--yes", "--name", "青空"]).await;
    assert!(again.status.code() == Some(2) && err(&again).contains("\"青空\" already"), "{}", err(&again));
    assert_eq!(fs::read_to_string(world.file()).unwrap(), world.settings() + &block);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_without_a_feed_and_a_server_that_has_had_enough_change_nothing() {
    let world = World::new().await;
    let output = world.run(&["add", &world.url("/busy/"), "--yes"]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("no feed was found") && err(&output).contains("kind = \"page\""), "{}", err(&output));
    assert_eq!(*world.asked.lock().unwrap(), ["/busy/", "/busy/feed"]);
    let missing = world.run(&["add", &world.url("/nowhere"), "--yes"]).await;
    assert!(missing.status.code() == Some(1) && err(&missing).contains("HTTP 404"), "{}", err(&missing));
    assert_eq!(fs::read_to_string(world.file()).unwrap(), world.settings());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_chooses_names_and_corrects_in_a_terminal() {
    let world = World::new().await;
    let typed = format!("\"$HINOMI\" --config hinomi.toml source add {}", world.url("/"));
    let folder = world.folder.path().to_owned();
    let (screen, code) = tokio::task::spawn_blocking(move || {
        let mut terminal = Terminal::start(&folder, &typed);
        for (question, answer) in [
            ("どれを加えますか", "3"),
            ("上の番号で答えてください", "２、１"),
            ("名前", "青空のお知らせ"),
            ("種類（", "小説"),
            ("どれかで答えてください", ""),
            ("名前", "青空のお知らせ"),
            ("もう使われています", "青空への声"),
            ("種類（", "board"),
        ] {
            terminal.answer(question, answer);
        }
        terminal.end()
    })
    .await
    .unwrap();
    assert_eq!(code, Some(0), "{screen}");
    assert!(screen.contains("hinomi check"), "{screen}");
    let written = fs::read_to_string(world.file()).unwrap();
    let sources = format!(
        "[[source]]\nname = \"青空のお知らせ\"\nkind = \"feed\"\nurl = \"{}\"\nsource_type = \"notice\"\n\n\
         [[source]]\nname = \"青空への声\"\nkind = \"feed\"\nurl = \"{}\"\nsource_type = \"board\"\n",
        world.url("/news.xml"),
        world.url("/comments.xml")
    );
    assert!(written.ends_with(&sources), "{written}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ready_made_source_is_added_unseen_only_when_that_is_said() {
    let world = World::new().await;
    let output = world.run(&["add", "google-news", "しらかば生命", "--offline", "--yes"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let written = fs::read_to_string(world.file()).unwrap();
    assert!(
        written.contains("name = \"google-news-しらかば生命\"") && written.contains("poll_every = \"30m\""),
        "{written}"
    );
    // Also where it is what is usual now, for the usual may become faster.
    let output = world.run(&["add", "hatena-bookmark", "しらかば生命", "--offline", "--dry-run"]).await;
    assert!(out(&output).contains("poll_every = \"15m\""), "{}", out(&output));
    assert!(world.asked.lock().unwrap().is_empty());
    for (args, said) in [
        (["add", "google-new", "x"].as_slice(), "did you mean google-news?"),
        (&["add", "prtimes-company", "abc"], "wants NUMBER"),
        (&["add", "http://user:secret@a.example/"], "must not carry"),
        (&["add", "https://a.example/"], "no terminal"),
    ] {
        let output = world.run(args).await;
        assert!(output.status.code() == Some(2) && err(&output).contains(said), "{args:?}: {}", err(&output));
    }
    let templates = out(&world.run(&["templates"]).await);
    assert!(templates.contains("hatena-bookmark WORDS") && templates.contains("every 30m"), "{templates}");
}

#[test]
fn both_readmes_name_every_ready_made_source() {
    for path in ["README.md", "README.ja.md"] {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
        for template in templates::ALL {
            assert!(text.contains(&format!("`{}", template.name)), "{path} does not name {}", template.name);
        }
    }
}
