//! A real nginx that serves feeds from files which grow, validators and all.
//!
//! A page ends: what is old leaves it, but only once the program has told nginx, by `If-None-Match`, that it holds a
//! version in which it stood. So a program whose cursor runs ahead of its posts has lost them for good, and that shows.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, SystemTime},
};

use tokio::net::TcpStream;

use super::truth::{FEEDS, Post};

/// Posts that stay on a page although they are known.
const PAGE: usize = 12;
/// The file time of a feed's version 0. One second for each version, because nginx makes its tags of whole seconds.
const EPOCH: u64 = 1_700_000_000;

/// Runs until it is dropped.
pub(crate) struct Web {
    folder: tempfile::TempDir,
    address: SocketAddr,
    child: Child,
    feeds: Vec<Feed>,
}

#[derive(Default)]
struct Feed {
    /// Posts with the version in which they came, the newest last.
    posts: Vec<(u64, Post)>,
    version: u64,
}

impl Web {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("hinomi-nginx").tempdir().unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        fs::create_dir(folder.path().join("www")).unwrap();
        fs::write(folder.path().join("nginx.conf"), conf(folder.path(), address)).unwrap();
        let child = Command::new("nginx")
            .arg("-p")
            .arg(folder.path())
            .arg("-c")
            .arg(folder.path().join("nginx.conf"))
            .arg("-e")
            .arg(folder.path().join("error.log"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nginx is missing, and this test is nothing without it: apt-get install -y nginx-light");
        let web = Self { folder, address, child, feeds: FEEDS.iter().map(|_| Feed::default()).collect() };
        for feed in 0..FEEDS.len() {
            web.write(feed);
        }
        for _ in 0..200 {
            if TcpStream::connect(address).await.is_ok() {
                return web;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("nginx does not answer: {}", fs::read_to_string(web.path("error.log")).unwrap_or_default());
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self, feed: usize) -> String {
        let (name, kind) = FEEDS[feed];
        format!("http://{}/{name}.{kind}", self.address)
    }

    /// Puts posts on a feed as one new version of it.
    pub(crate) fn publish(&mut self, feed: usize, posts: Vec<Post>) {
        let held = self.held(feed);
        let page = &mut self.feeds[feed];
        page.version += 1;
        let version = page.version;
        page.posts.extend(posts.into_iter().map(|post| (version, post)));
        let known = page.posts.iter().take_while(|(since, _)| held.is_some_and(|held| *since <= held)).count();
        let leave = known.min(page.posts.len().saturating_sub(PAGE));
        page.posts.drain(..leave);
        self.write(feed);
    }

    /// The latest version that the program says it holds.
    pub(crate) fn held(&self, feed: usize) -> Option<u64> {
        let (name, kind) = FEEDS[feed];
        let asked = format!("/{name}.{kind} ");
        let log = fs::read_to_string(self.path("access.log")).unwrap_or_default();
        log.lines().filter_map(|line| line.strip_prefix(&asked)).filter_map(version_of).max()
    }

    pub(crate) fn version(&self, feed: usize) -> u64 {
        self.feeds[feed].version
    }

    fn write(&self, feed: usize) {
        let (name, kind) = FEEDS[feed];
        let posts: Vec<&Post> = self.feeds[feed].posts.iter().rev().map(|(_, post)| post).collect();
        let text = match kind {
            "rss" => rss(&posts),
            "atom" => atom(&posts),
            _ => json(&posts),
        };
        let draft = self.path("draft");
        fs::write(&draft, text).unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(EPOCH + self.feeds[feed].version);
        fs::File::options().write(true).open(&draft).unwrap().set_modified(time).unwrap();
        // A feed is never seen half written.
        fs::rename(draft, self.path("www").join(format!("{name}.{kind}"))).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// nginx's entity tag is the file's time and length in hexadecimal digits.
pub(crate) fn version_of(etag: &str) -> Option<u64> {
    let time = etag.trim().trim_start_matches("W/").trim_matches('"').split('-').next()?;
    u64::from_str_radix(time, 16).ok()?.checked_sub(EPOCH)
}

fn conf(folder: &Path, address: SocketAddr) -> String {
    let home = folder.display();
    format!(
        "daemon off;
master_process off;
worker_processes 1;
pid {home}/pid;
error_log {home}/error.log;
events {{ worker_connections 64; }}
http {{
    log_format held escape=none '$uri $http_if_none_match';
    access_log {home}/access.log held;
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;
    types {{ application/rss+xml rss; application/atom+xml atom; application/feed+json json; }}
    server {{ listen {address}; root {home}/www; }}
}}
"
    )
}

fn rss(posts: &[&Post]) -> String {
    let item = |p: &&Post| {
        format!(
            "<item><guid isPermaLink=\"false\">{}</guid><author>{}</author><description>{}</description>\
             <dc:date>{}</dc:date></item>\n",
            p.id,
            p.author,
            p.text,
            p.date()
        )
    };
    let items: String = posts.iter().map(item).collect();
    format!(
        "<rss version=\"2.0\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><channel><title>とことん</title>\n\
         {items}</channel></rss>\n"
    )
}

fn atom(posts: &[&Post]) -> String {
    let entry = |p: &&Post| {
        let date = p.date();
        format!(
            "<entry><id>{}</id><author><name>{}</name></author><content type=\"text\">{}</content>\
             <published>{date}</published><updated>{date}</updated></entry>\n",
            p.id, p.author, p.text
        )
    };
    let entries: String = posts.iter().map(entry).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>ひとこと</title>\n\
         {entries}</feed>\n"
    )
}

fn json(posts: &[&Post]) -> String {
    let item = |p: &&Post| {
        serde_json::json!({
            "id": p.id, "content_text": p.text, "date_published": p.date(), "authors": [{"name": p.author}],
        })
    };
    let items: Vec<_> = posts.iter().map(item).collect();
    serde_json::json!({
        "version": "https://jsonfeed.org/version/1.1", "title": "日記", "items": items,
    })
    .to_string()
}
