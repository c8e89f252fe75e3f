//! A whole day with services that count: X and YouTube played by servers on this machine that keep their own tariff, and
//! the pipeline visiting them by the clock of the test.

mod x;
mod youtube;

use std::{collections::BTreeMap, path::Path, sync::Arc};

use axum::{Router, http::Uri};
use hinomi::{
    app::service::App,
    collect::{CollectParams, fetch::HttpFetch, source::Source},
    model::{
        post::SourceName,
        source::SourceState,
        time::{Span, Timestamp},
    },
};
use tokio::{net::TcpListener, task::JoinSet};

use crate::harness::owing;

const WATCHLIST: &str = r#"
[[company]]
name = "青空テレコム"
aliases = ["青空テレコム"]
recipients = ["pr-duty"]
"#;

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

/// What stands behind the question mark.
fn arguments(uri: &Uri) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect()
}

/// Hinomi, and one service beside it.
struct World {
    app: Option<App>,
    fetch: HttpFetch,
    params: CollectParams,
    host: String,
    folder: tempfile::TempDir,
    _server: JoinSet<()>,
}

impl World {
    async fn new(service: Router, now: Timestamp) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, service).await.unwrap() });
        let params = CollectParams { allow: vec![address.to_string()], ..CollectParams::default() };
        let folder = tempfile::tempdir().unwrap();
        let fetch = HttpFetch::new(&params).unwrap();
        let app = Some(hinomi_at(folder.path(), now).await);
        Self { app, fetch, params, host: format!("http://{address}"), folder, _server: server }
    }

    /// As after a start of the program: nothing is remembered but what is stored.
    async fn restart(&mut self, now: Timestamp) {
        self.app = None;
        self.app = Some(hinomi_at(self.folder.path(), now).await);
    }

    fn app(&self) -> &App {
        self.app.as_ref().unwrap()
    }

    /// One visit, as the loop makes it. What was kept in memory is what was stored.
    async fn visit(&self, source: &Arc<dyn Source>, now: Timestamp) -> SourceState {
        let name: &SourceName = &source.basics().name;
        let stored = self.app().pipeline().store().source_state(name).await.unwrap();
        let state = stored.unwrap_or_else(|| SourceState::new(name.clone(), now));
        let report = self.app().pipeline().poll_once(source, &state, &self.fetch, &self.params, now).await.unwrap();
        report.state
    }

    /// Visits until `end`, each time it is due; two seconds lie between two questions. `tick` moves the service's clock.
    async fn live(
        &self,
        source: &Arc<dyn Source>,
        start: Timestamp,
        end: Timestamp,
        tick: impl Fn(Timestamp),
    ) -> SourceState {
        let mut now = start;
        loop {
            tick(now);
            let state = self.visit(source, now).await;
            now = state.next_due_at.max(now + Span::seconds(2));
            if now >= end {
                return state;
            }
        }
    }

    async fn number(&self, question: &str) -> i64 {
        self.app().pipeline().store().ask(question).await.unwrap().rows[0][0].as_i64().unwrap()
    }
}

async fn hinomi_at(folder: &Path, now: Timestamp) -> App {
    let setup = owing::setup(&folder.join("hinomi.db"), WATCHLIST, &["a@aozora.example"]);
    App::build(setup, owing::ports(now).0, None).await.unwrap()
}
