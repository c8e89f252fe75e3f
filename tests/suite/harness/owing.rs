//! A Hinomi in this process, over a database that may owe mails: what it was before the program was started, or how
//! it takes another configuration.

use std::{path::Path, sync::Arc};

use async_trait::async_trait;
use hinomi::{
    alert::{
        MailParams,
        notifier::{Notifier, NotifyError, Receipt},
    },
    app::{
        service::{App, Ports, Setup},
        tell::Recipients,
    },
    clock::{Clock, ManualClock, SystemClock},
    collect::{
        CollectParams,
        fetch::{Fetch, FetchError},
        source::{Request, Response},
    },
    config,
    model::{
        alert::Rendered,
        post::{Channel, Post, SourceName, SourceType},
        time::{Timestamp, Zone},
    },
    store::StoreParams,
};
use tokio::sync::mpsc;

/// A staff member writes to a customer: one post is enough.
pub(crate) const GRAVE: &str = "さっき青空テレコムのサポートに電話した。そのあと知らないアカウントから「対応したの私です」と来た。\
                                なんで私のSNSを知ってるの。怖い";

/// Writes down whom it was to send to.
pub(crate) struct Letters(pub(crate) mpsc::UnboundedSender<String>);

#[async_trait]
impl Notifier for Letters {
    async fn send(&self, _mail: &Rendered, recipient: &str) -> Result<Receipt, NotifyError> {
        self.0.send(recipient.to_owned()).unwrap();
        Ok(Receipt { reply: "250 ok".into() })
    }
}

/// Nobody is asked.
pub(crate) struct NoWeb;

#[async_trait]
impl Fetch for NoWeb {
    async fn fetch(&self, _request: &Request) -> Result<Response, FetchError> {
        Err(FetchError::Timeout)
    }
}

pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}

/// What is configured for this watchlist, with these addresses in the group `pr-duty`.
pub(crate) fn setup(database: &Path, watchlist: &str, addresses: &[&str]) -> Setup {
    let group = addresses.iter().map(|a| (*a).to_owned()).collect();
    Setup {
        store: StoreParams::at(database),
        watchlist: config::parse_watchlist(watchlist, Path::new("watchlist.toml")).unwrap(),
        sources: Vec::new(),
        collect: CollectParams::default(),
        mail: MailParams {
            from: "hinomi@aozora.example".into(),
            reply_to: None,
            dashboard: None,
            zone: Zone::JST,
            x_connected: false,
        },
        recipients: Recipients {
            groups: [("pr-duty".to_owned(), group), ("others".to_owned(), vec!["other@aozora.example".to_owned()])]
                .into(),
            default: vec!["others".to_owned()],
        },
        ballast: 0,
    }
}

/// The roads outside, with nobody on them but a list of recipients.
pub(crate) fn ports(at: Timestamp) -> (Ports, mpsc::UnboundedReceiver<String>) {
    let (letters, sent) = mpsc::unbounded_channel();
    let ports = Ports {
        clock: Arc::new(ManualClock::at(at)),
        fetch: Arc::new(NoWeb),
        notifier: Arc::new(Letters(letters)),
        emergency: None,
    };
    (ports, sent)
}

/// A post about the company.
pub(crate) fn post(id: &str, author: &str, text: &str, at: Timestamp) -> Post {
    Post {
        source: SourceName("sns".into()),
        external_id: id.into(),
        source_type: SourceType::Post,
        channel: Channel::Sns,
        url: None,
        author: Some(author.into()),
        author_followers: None,
        title: None,
        text: text.into(),
        published_at: Some(at),
        collected_at: at,
        reach: None,
        views: None,
        repost_of: None,
    }
}

pub(crate) async fn take_in(app: &App, posts: Vec<Post>, at: Timestamp) {
    app.pipeline().ingest(&SourceName("sns".into()), posts, false, at).await.unwrap();
}

/// Makes the database owe one mail to each of these addresses, as if the program had died before sending.
pub(crate) async fn owe(database: &Path, watchlist: &str, addresses: &[&str]) {
    let at = now();
    let app = App::build(setup(database, watchlist, addresses), ports(at).0, None).await.unwrap();
    take_in(&app, vec![post("grave", "aya", GRAVE, at)], at).await;
    let found = app.pipeline().detect_once(at).await.unwrap();
    assert_eq!(found.alerts.len(), 1, "{:?}", found.events);
    app.stop(std::time::Duration::from_secs(5)).await.unwrap();
}
