//! A web, a mail server, a folder for the program, and the truth about them.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hinomi::{
    model::time::Span,
    store::{Store, StoreParams},
};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::{
    flight::Flight,
    oracle::{self, Judgement},
    program::{Life, PATIENCE},
    sink::{Fault, Sink},
    truth::{About, FEEDS, Truth, companies},
    web::Web,
};

/// Who is told of every company.
pub(crate) const DUTY: [&str; 2] = ["first@tsubame.example", "second@tsubame.example"];

pub(crate) struct World {
    pub(crate) web: Web,
    pub(crate) sink: Sink,
    pub(crate) truth: Truth,
    pub(crate) flight: Flight,
    lives: Arc<AtomicU64>,
    /// Lives that ended without being asked.
    pub(crate) crashes: u64,
    /// Mails come by way of another server, which takes its time.
    pub(crate) relayed: bool,
    folder: tempfile::TempDir,
}

impl World {
    /// With a sink that takes the mails itself.
    pub(crate) async fn new() -> Self {
        let world = Self::without_mail_server().await;
        world.mails_go_to(world.sink.address());
        world
    }

    /// The caller says later where mails go.
    pub(crate) async fn without_mail_server() -> Self {
        let lives = Arc::new(AtomicU64::new(0));
        let folder = tempfile::Builder::new().prefix("hinomi-crash").tempdir().unwrap();
        let sink = Sink::start(Arc::clone(&lives)).await;
        let web = Web::start().await;
        let (truth, flight) = (Truth::default(), Flight::begin());
        Self { web, sink, truth, flight, lives, crashes: 0, relayed: false, folder }
    }

    /// Writes both files that a person would write.
    pub(crate) fn mails_go_to(&self, server: SocketAddr) {
        let mut sources = String::new();
        for (n, (name, _)) in FEEDS.iter().enumerate() {
            let url = self.web.url(n);
            write!(
                sources,
                "[[source]]\nname = \"{name}\"\nkind = \"feed\"\nurl = \"{url}\"\nsource_type = \"post\"\n"
            )
            .unwrap();
        }
        let (web, port) = (self.web.address(), server.port());
        let settings = format!(
            "watchlist = \"watchlist.toml\"
[web]
listen = \"127.0.0.1:0\"
[collect]
poll_every = \"1m\"
host_spacing = \"1s\"
allow = [\"{web}\"]
{sources}
[mail]
from = \"hinomi@tsubame.example\"
[mail.smtp]
host = \"127.0.0.1\"
port = {port}
tls = \"none\"
[recipients]
pr-duty = [\"{}\", \"{}\"]
[alert]
default = [\"pr-duty\"]
",
            DUTY[0], DUTY[1]
        );
        fs::write(self.folder.path().join("hinomi.toml"), settings).unwrap();
        let mut watchlist = String::new();
        for name in companies() {
            write!(watchlist, "[[company]]\nname = \"{name}\"\n").unwrap();
        }
        fs::write(self.folder.path().join("watchlist.toml"), watchlist).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts posts on one feed, as one change of it.
    pub(crate) fn publish(&mut self, feed: usize, about: Vec<About>) {
        let now = self.flight.now();
        let posts = about.into_iter().map(|about| self.truth.publish(feed, about, now).clone()).collect();
        self.web.publish(feed, posts);
    }

    /// The next life of the program; it dies where `failpoints` say.
    pub(crate) fn start(&self, failpoints: &str) -> Life {
        let number = self.lives.fetch_add(1, Ordering::SeqCst) + 1;
        let clock = self.flight.failpoint();
        let all = if failpoints.is_empty() { clock } else { format!("{clock};{failpoints}") };
        Life::start(self.folder.path(), number, &all)
    }

    /// Kills this life at once.
    pub(crate) fn kill(&mut self, life: Life) {
        life.kill();
        self.crashes += 1;
    }

    /// A life that a failpoint ends.
    pub(crate) async fn dies_at(&mut self, failpoints: &str) {
        self.start(failpoints).aborts().await;
        self.crashes += 1;
    }

    /// The first pages are history and alarm nobody, so every story begins with them; then the program is killed.
    pub(crate) async fn has_history(&mut self) {
        for (feed, company) in companies().into_iter().take(FEEDS.len()).enumerate() {
            self.publish(feed, vec![About::Nobody, About::Ordinary(company)]);
        }
        let mut life = self.start("");
        self.until(&mut life, "the first pages are stored", async |world| world.everything_read().await).await;
        self.kill(life);
    }

    /// Two companies burn, on two feeds, and there is talk beside.
    pub(crate) fn two_fires(&mut self) {
        let [first, second] = two_companies();
        self.publish(0, vec![About::Grave(first.clone()), About::Nobody]);
        self.publish(1, vec![About::Nobody, About::Grave(second)]);
        self.publish(2, vec![About::Ordinary(first)]);
    }

    /// Waits for `condition` while this life goes on.
    pub(crate) async fn until(&self, life: &mut Life, what: &str, condition: impl AsyncFn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE * 2;
        while !condition(self).await {
            if let Some(status) = life.ended() {
                panic!("it ended ({status}) before {what}: {}", life.said());
            }
            assert!(Instant::now() < deadline, "still not: {what}\n{}", life.said());
            sleep(Duration::from_millis(40)).await;
        }
    }

    /// The program holds the last version of every feed, and has looked at all that is in them.
    pub(crate) async fn everything_read(&self) -> bool {
        let held = (0..FEEDS.len()).all(|feed| self.web.held(feed) == Some(self.web.version(feed)));
        held && self
            .number(
                "select coalesce((select max(id) from mention), 0)
                      <= coalesce((select value from progress where name = 'detected'), 0)",
            )
            .await
            == 1
    }

    /// So many mails are not yet written or not yet taken.
    pub(crate) async fn owed(&self) -> i64 {
        self.number(
            "select (select count(*) from alert where mime is null)
                  + (select count(*) from delivery where state <> 'sent')",
        )
        .await
    }

    /// Lets it run undisturbed until all is read and sent, stops it as a supervisor does, and compares everything
    /// with the truth.
    pub(crate) async fn ends_well(&mut self) -> Judgement {
        self.sink.behave(|| Fault::None);
        self.sink.open().await;
        self.settles().await;
        if self.relayed {
            self.relay_is_done().await;
        }
        let judgement = oracle::judge(self).await;
        assert!(judgement.wrong.is_empty(), "{}\n\n{}", judgement.wrong.join("\n"), self.tail());
        judgement
    }

    /// What the relay took has arrived; if it has not after a while, the judgement says so.
    async fn relay_is_done(&self) {
        let sent = self.number("select count(*) from delivery where state = 'sent'").await;
        let arrived = || {
            let copies = self.sink.copies();
            copies.into_iter().map(|copy| (copy.message_id, copy.recipient)).collect::<BTreeSet<_>>().len()
        };
        let deadline = Instant::now() + PATIENCE;
        while i64::try_from(arrived()).unwrap() < sent && Instant::now() < deadline {
            sleep(Duration::from_millis(40)).await;
        }
    }

    /// The end of the program's log, for whoever looks into a failure.
    pub(crate) fn tail(&self) -> String {
        let log = fs::read_to_string(self.path("hinomi.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }

    async fn settles(&mut self) {
        // What is due later is due now: the machine was off for a while.
        self.flight.skip(Span::minutes(40));
        for _ in 0..5 {
            let mut life = self.start("");
            assert!(life.watches().await, "it does not start: {}", life.said());
            self.until(&mut life, "all is read and sent", async |world| {
                world.everything_read().await && world.owed().await == 0
            })
            .await;
            life.stops().await;
            // Time goes on until the end, and a reminder may have become due in the last moment.
            if self.everything_read().await && self.owed().await == 0 {
                return;
            }
        }
        panic!("something is always owed: {}", self.tail());
    }

    /// All rows of an answer; none as long as there is no database.
    pub(crate) async fn rows(&self, question: &str) -> Vec<Vec<Value>> {
        let Ok(store) = Store::open_to_read(&StoreParams::at(self.path("hinomi.db"))).await else { return Vec::new() };
        let answer = store.ask(question).await;
        store.close().await;
        answer.map(|a| a.rows).unwrap_or_default()
    }

    /// First cell of the first row; 0 as long as there is none.
    pub(crate) async fn number(&self, question: &str) -> i64 {
        self.rows(question).await.first().and_then(|row| row[0].as_i64()).unwrap_or(0)
    }

    /// First cells of all rows.
    pub(crate) async fn words(&self, question: &str) -> BTreeSet<String> {
        self.rows(question).await.iter().map(|row| text(&row[0])).collect()
    }
}

/// History, then two fires.
pub(crate) async fn burning() -> World {
    let mut world = World::new().await;
    world.has_history().await;
    world.two_fires();
    world
}

/// Two that nothing else is told of.
pub(crate) fn two_companies() -> [String; 2] {
    let all = companies();
    [all[10].clone(), all[20].clone()]
}

pub(crate) fn text(cell: &Value) -> String {
    cell.as_str().map_or_else(|| cell.to_string(), str::to_owned)
}
