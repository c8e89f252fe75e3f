use super::*;
use crate::{
    collect::{
        CollectParams,
        poll::{self, Visit},
        schedule::{Failure, Outcome},
    },
    model::post::{Channel, SourceName},
};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const URL: &str = "https://www.example.jp/news/";
const DL: &str = include_str!("../../../../tests/fixtures/pages/corporate-dl.html");
const REGULATOR: &str = include_str!("../../../../tests/fixtures/pages/regulator.html");

fn source() -> PageSource {
    let name = SourceName("notices".into());
    let basics = SourceBasics { name, source_type: SourceType::Notice, channel: Channel::Official, poll_every: None };
    PageSource::at(basics, URL, Zone::JST)
}

/// A site that answers from memory, and what it was asked.
#[derive(Default)]
struct Site {
    pages: Vec<(String, String)>,
    asked: std::sync::Mutex<Vec<String>>,
}

impl Site {
    fn with(pages: &[(&str, &str)]) -> Self {
        let pages = pages.iter().map(|(path, body)| (format!("https://www.example.jp{path}"), (*body).to_owned()));
        Self { pages: pages.collect(), ..Self::default() }
    }
}

#[async_trait::async_trait]
impl crate::collect::fetch::Fetch for Site {
    async fn fetch(&self, request: &Request) -> Result<Response, crate::collect::fetch::FetchError> {
        let crate::collect::source::Place::Web(url) = &request.place else { unreachable!() };
        self.asked.lock().unwrap().push(url.replace("https://www.example.jp", ""));
        let page = self.pages.iter().find(|(at, _)| at == url);
        let status = if page.is_some() { 200 } else { 404 };
        if status == 404 && !request.failures {
            return Err(crate::collect::fetch::FetchError::Status(404));
        }
        let body = page.map(|(_, body)| body.clone().into_bytes()).unwrap_or_default();
        Ok(Response { status, body, final_url: url.clone(), ..Response::default() })
    }
}

async fn visit(state: &SourceState, site: &Site) -> Visit {
    poll::visit(&source(), state, site, &CollectParams::default(), state.next_due_at).await
}

/// Visits until the source wants its usual pause; gives the posts of all of them.
async fn visits(mut state: SourceState, site: &Site) -> (SourceState, Vec<Post>, Outcome) {
    let mut posts = Vec::new();
    loop {
        let before = state.next_due_at;
        let visit = visit(&state, site).await;
        posts.extend(visit.posts);
        state = visit.state;
        if state.next_due_at > before {
            return (state, posts, visit.outcome);
        }
    }
}

fn new_state() -> SourceState {
    SourceState::new(SourceName("notices".into()), NOW)
}

fn titles(posts: &[Post]) -> Vec<&str> {
    posts.iter().filter_map(|p| p.title.as_deref()).collect()
}

#[tokio::test]
async fn a_new_line_is_news_when_it_stands_there_twice() {
    let before = DL.replace("<dt>2026年11月20日\n<dd><a href=\"detail.php?id=312&amp;PHPSESSID=0a1b2c3d4e\">商品の配送遅延に関するお詫び</a>\n", "");
    assert_ne!(before, DL);
    let first = visit(&new_state(), &Site::with(&[("/news/", &before)])).await;
    assert!(first.warm_up && first.posts.len() == 2, "{:?}", first.outcome);
    assert_eq!((first.posts[0].source_type, first.posts[0].channel), (SourceType::Notice, Channel::Official));
    let now = Site::with(&[("/news/", DL)]);
    let second = visit(&first.state, &now).await;
    assert!(!titles(&second.posts).contains(&"商品の配送遅延に関するお詫び"));
    // It is looked at again soon and without validators, because «nothing new» would confirm nothing.
    assert!(second.state.next_due_at - first.state.next_due_at <= LOOK_AGAIN.times(2));
    let Question::Ask(request) =
        source().request(&SourceState { etag: Some("\"x\"".into()), ..second.state.clone() }, NOW)
    else {
        panic!()
    };
    assert_eq!(request.etag, None);
    let third = visit(&second.state, &now).await;
    assert!(!third.warm_up && titles(&third.posts)[0] == "商品の配送遅延に関するお詫び");
    assert!(third.state.next_due_at - second.state.next_due_at > Span::minutes(10));
}

#[tokio::test]
async fn an_advertisement_that_changes_at_each_visit_is_never_news() {
    let page = |n: u32| {
        REGULATOR.replace("<section class=\"news-box\">", &format!(
        "<ul><li>2026年11月22日 <a href=\"https://ads.example.com/click/{n}\">いま買うと{n}円引き</a></li></ul><section class=\"news-box\">"
    ))
    };
    let mut state = visit(&new_state(), &Site::with(&[("/news/", &page(0))])).await.state;
    for n in 1..6 {
        let visit = visit(&state, &Site::with(&[("/news/", &page(n))])).await;
        assert!(titles(&visit.posts).iter().all(|t| !t.contains("円引き")), "{n}: {:?}", titles(&visit.posts));
        assert_eq!(visit.posts.len(), 4);
        state = visit.state;
    }
}

#[tokio::test]
async fn a_line_that_is_gone_is_no_deletion_and_an_empty_page_no_silence() {
    let first = visit(&new_state(), &Site::with(&[("/news/", DL)])).await.state;
    let other = Site::with(&[("/news/", "<html><body><p>新しいサイトになりました</p></body></html>")]);
    let once = visit(&first, &other).await;
    assert_eq!((once.outcome.clone(), once.withdrawn.len(), once.state.errors), (Outcome::Read(0), 0, 0));
    let twice = visit(&once.state, &other).await;
    assert_eq!(twice.outcome, Outcome::Failed(Failure::Read(SourceError::FormChanged)));
    let thrice = visit(&twice.state, &other).await;
    assert_eq!((thrice.outcome, thrice.state.errors), (Outcome::Failed(Failure::Read(SourceError::FormChanged)), 2));
    // Looked at as often as before: the day it is mended may be the day that matters.
    assert!(thrice.state.next_due_at - twice.state.next_due_at < Span::minutes(20));
    assert_eq!(visit(&thrice.state, &Site::with(&[("/news/", DL)])).await.state.errors, 0);
}

#[tokio::test]
async fn a_feed_that_tells_of_the_same_lines_is_the_better_road() {
    let named = DL.replace("<head>", "<head><link rel=alternate type=application/rss+xml href=/news/rss.xml>");
    let item = |id: u32| {
        format!("<item><title>題{id}</title><link>https://www.example.jp/news/detail.php?id={id}</link></item>")
    };
    let feed = format!("<rss version=\"2.0\"><channel>{}{}</channel></rss>", item(312), item(311));
    let site = Site::with(&[("/news/", &named), ("/news/rss.xml", &feed)]);
    let (state, posts, _) = visits(new_state(), &site).await;
    assert_eq!(titles(&posts), ["題312", "題311"]);
    visit(&state, &site).await;
    assert_eq!(*site.asked.lock().unwrap(), ["/news/", "/news/rss.xml", "/news/rss.xml"]);
    // A blog that tells of something else, and a feed that is not there, are no road.
    let blog = feed.replace("/news/detail", "/blog/detail");
    for pages in [&[("/news/", named.as_str()), ("/news/rss.xml", &blog)][..], &[("/news/", &named)]] {
        let site = Site::with(pages);
        let (state, posts, _) = visits(new_state(), &site).await;
        assert_eq!(posts.len(), 3);
        visit(&state, &site).await;
        assert_eq!(*site.asked.lock().unwrap(), ["/news/", "/news/rss.xml", "/news/", "/news/"]);
    }
}

#[tokio::test]
async fn without_lines_and_feed_the_map_of_the_site_tells_what_is_new() {
    let spot =
        |n: u32| format!("<url><loc>https://www.example.jp/news/{n}.html</loc><lastmod>2026-11-{n}</lastmod></url>");
    let map = |spots: &[u32]| {
        let other = "<url><loc>https://www.example.jp/shop/1.html</loc></url><url><loc>https://evil.example/news/9.html</loc></url>";
        format!("<urlset>{other}{}</urlset>", spots.iter().map(|n| spot(*n)).collect::<String>())
    };
    let index = "<sitemapindex><sitemap><loc>https://www.example.jp/map-1.xml</loc></sitemap><sitemap><loc>https://evil.example/m.xml</loc></sitemap></sitemapindex>";
    let empty = "<html><body><div id=app></div></body></html>";
    let robots = "User-agent: *\nSitemap: https://www.example.jp/index.xml\n";
    let news = "<html><title>x</title><body><nav>案内</nav><main><h1>つばめ電機、製品を回収</h1><p>発火のおそれ。</p><time datetime=2026-11-20>20日</time></main>";
    let before = map(&[10, 11]);
    let pages = [("/news/", empty), ("/robots.txt", robots), ("/index.xml", index), ("/map-1.xml", before.as_str())];
    let (state, posts, outcome) = visits(new_state(), &Site::with(&pages)).await;
    assert_eq!((posts.len(), outcome, state.warmed_up_at.is_some()), (0, Outcome::Read(0), true));
    let now = map(&[10, 11, 20, 21]);
    // One of the two new pages is not there any more.
    let site = Site::with(&[("/map-1.xml", &now), ("/news/20.html", news)]);
    let (state, posts, _) = visits(state, &site).await;
    assert_eq!(titles(&posts), ["つばめ電機、製品を回収"]);
    assert!(posts[0].text.contains("発火のおそれ") && posts[0].published_at.is_some());
    assert_eq!(*site.asked.lock().unwrap(), ["/map-1.xml", "/news/21.html", "/news/20.html"]);
    let (_, posts, _) = visits(state, &site).await;
    assert_eq!(posts.len(), 0);
}

#[tokio::test]
async fn a_page_that_shows_nothing_at_all_says_what_to_do_and_begins_anew() {
    let empty = "<html><body><div id=app></div></body></html>";
    let (state, _, outcome) = visits(new_state(), &Site::with(&[("/news/", empty)])).await;
    assert_eq!(outcome, Outcome::Failed(Failure::Read(SourceError::NoEntries)));
    assert!(state.last_error.as_deref().unwrap().contains("selector"));
    let (_, posts, _) = visits(state, &Site::with(&[("/news/", DL)])).await;
    assert_eq!(posts.len(), 3);
}

#[test]
fn a_page_in_shift_jis_is_read_by_its_own_word() {
    let page =
        DL.replace("<head>", "<head><meta http-equiv=\"Content-Type\" content=\"text/html; charset=Shift_JIS\">");
    let body = encoding_rs::SHIFT_JIS.encode(&page).0.into_owned();
    for content_type in [None, Some("text/html".to_owned())] {
        let response = Response { status: 200, body: body.clone(), content_type, ..Response::default() };
        let page = source().read(&response, &new_state(), NOW).unwrap();
        assert_eq!(titles(&page.posts)[0], "商品の配送遅延に関するお詫び");
    }
}

#[test]
fn another_address_or_selector_begins_a_new_history() {
    let state = SourceState { cursor: Memory::new(&source().written).write(), ..new_state() };
    assert!(source().continues(&state) && source().continues(&new_state()));
    let fields = Fields::default().with("url", Field::Text(URL.into())).with("selector", Field::Text("li".into()));
    let other = PageSource::new(source().basics, &fields, Zone::JST);
    assert!(!other.continues(&state));
    assert!(wrong(&fields).is_none());
    let broken = fields.with("selector", Field::Text("li:hover".into()));
    assert_eq!(wrong(&broken).map(|w| w.key), Some("selector"));
}
