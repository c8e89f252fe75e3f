//! A web server that publishes the world: six feeds in six dialects, as far as the clock has come.
//!
//! Nothing from the future is ever shown. A feed answers politely: strong `ETag`, `Last-Modified`, 304 when nothing
//! is new, and its dates are those of the demo's clock, so that a reader on the same clock finds a consistent world.

mod answer;
mod dates;
mod dialects;
mod json;
mod shelf;
mod xml;

use std::{net::SocketAddr, sync::Arc};

use axum::{Router, extract::State, http::HeaderMap, response::Response, routing::get};
use tokio::net::TcpListener;

use self::shelf::Shelf;
use super::{draft::Outlet, world::World};
use crate::{
    clock::Clock,
    model::post::{Channel, SourceType},
};

/// One feed of the demo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedSpec {
    /// The source's name in a configuration, and in the posts.
    pub name: &'static str,
    /// Path on the server.
    pub path: &'static str,
    /// The feed's own title.
    pub title: &'static str,
    /// What kind of text it brings.
    pub source_type: SourceType,
    /// On which road it reaches people.
    pub channel: Channel,
    /// How many of the newest entries it shows.
    pub page: usize,
    outlet: Outlet,
}

/// What somebody needs to configure a source for one feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedSource {
    /// Name of the source.
    pub name: String,
    /// Full address.
    pub url: String,
    /// What kind of text it brings.
    pub source_type: SourceType,
    /// On which road it reaches people.
    pub channel: Channel,
}

impl FeedSpec {
    /// The six feeds. The first is long, because so much is said between two visits while the demo hurries.
    pub fn all() -> Vec<Self> {
        let feed = |outlet: Outlet, path, title, page| Self {
            name: outlet.name(),
            path,
            title,
            source_type: outlet.source_type(),
            channel: outlet.channel(),
            page,
            outlet,
        };
        vec![
            feed(Outlet::Sns, "/sns.rss", "つぶやき広場 公開タイムライン", 400),
            feed(Outlet::Blog, "/blog.atom", "みんなのブログ 新着", 100),
            feed(Outlet::News, "/news.rdf", "しおかぜ・ことり・みなと ニュース一覧", 60),
            feed(Outlet::Video, "/video.xml", "動画の新着", 60),
            feed(Outlet::Matome, "/matome.json", "まとめサイト横断", 60),
            feed(Outlet::Review, "/review.rss", "口コミ & レビュー", 100),
        ]
    }
}

/// Where a poller finds the feeds of a server that listens at `addr`.
pub fn sources(world: &World, addr: SocketAddr) -> Vec<FeedSource> {
    let source = |feed: &FeedSpec| FeedSource {
        name: feed.name.to_owned(),
        url: format!("http://{addr}{}", feed.path),
        source_type: feed.source_type,
        channel: feed.channel,
    };
    world.feeds.iter().map(source).collect()
}

struct Stall {
    spec: FeedSpec,
    shelf: Shelf,
    clock: Arc<dyn Clock>,
}

/// The server's routes. Whoever serves them decides where it listens, and when it stops.
#[expect(clippy::needless_pass_by_value, reason = "the router outlives its caller, so it is handed shares")]
pub fn router(world: Arc<World>, clock: Arc<dyn Clock>) -> Router {
    world.feeds.iter().fold(Router::new(), |router, spec| {
        let shelf = Shelf::of(spec.outlet, &world);
        let stall = Arc::new(Stall { spec: spec.clone(), shelf, clock: Arc::clone(&clock) });
        router.route(spec.path, get(serve).with_state(stall))
    })
}

/// Serves the feeds on `listener` until `stop` comes.
pub async fn listen(
    listener: TcpListener,
    world: Arc<World>,
    clock: Arc<dyn Clock>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, router(world, clock)).with_graceful_shutdown(stop).await
}

async fn serve(State(stall): State<Arc<Stall>>, headers: HeaderMap) -> Response {
    answer::answer(&stall.spec, &stall.shelf, stall.clock.now(), &headers)
}
