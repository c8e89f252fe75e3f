//! `/websub/…`: where hubs ask whether it was us who subscribed, and bring news.
//!
//! The path is the ticket: it cannot be guessed, and without one of ours nothing is read and nothing is said.

use std::sync::Arc;

use async_trait::async_trait;
use axum::{
    Extension, Router,
    body::Body,
    extract::{Path, RawQuery, Request, State},
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use tokio::{sync::Semaphore, time::timeout};

use super::ingest::{Cut, Grant, whole};
use crate::model::{limits, time::Span};

const SIGNATURE: &str = "x-hub-signature";
/// Letters of a challenge that are given back.
const CHALLENGE_BYTES: usize = 1024;

/// Who knows what was subscribed to. `app` does.
#[async_trait]
pub trait Subscriber: Send + Sync {
    /// Whether this ticket is one of ours, for something that is still wanted.
    fn knows(&self, ticket: &str) -> bool;

    /// Whether it was us who wanted this topic with this ticket; if so, it is ours for `lease` from now on.
    fn confirm(&self, ticket: &str, topic: &str, lease: Option<Span>) -> bool;

    /// The hub does not let us.
    fn denied(&self, ticket: &str, topic: &str);

    /// News. `false` if they could not be stored and should come again; what is signed wrongly is taken and dropped.
    async fn notified(&self, ticket: &str, news: News) -> bool;
}

/// What a hub brings.
#[derive(Debug, Clone)]
pub struct News {
    /// The feed, or its new entries.
    pub body: Vec<u8>,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `X-Hub-Signature`.
    pub signature: Option<String>,
}

#[derive(Clone)]
struct Desk {
    subscriber: Arc<dyn Subscriber>,
    places: Arc<Semaphore>,
}

/// The paths; none without a subscriber.
pub(super) fn router(subscriber: Option<Arc<dyn Subscriber>>) -> Router {
    let Some(subscriber) = subscriber else { return Router::new() };
    let desk = Desk { subscriber, places: Arc::new(Semaphore::new(limits::INGEST_AT_ONCE)) };
    Router::new().route("/websub/{ticket}", get(intent).post(news)).with_state(desk)
}

/// A hub asks whether we meant it, or says that it does not want us.
async fn intent(State(desk): State<Desk>, Path(ticket): Path<String>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let of = |name: &str| {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    let topic = of("hub.topic").unwrap_or_default();
    if !desk.subscriber.knows(&ticket) {
        return StatusCode::NOT_FOUND.into_response();
    }
    match (of("hub.mode").as_deref(), of("hub.challenge").filter(|c| c.len() <= CHALLENGE_BYTES)) {
        (Some("subscribe"), Some(challenge)) => {
            let lease = of("hub.lease_seconds").and_then(|s| s.parse().ok()).map(|s: u32| Span::seconds(i64::from(s)));
            if desk.subscriber.confirm(&ticket, &topic, lease) {
                // Plain text, and never anything that a browser would run.
                return ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], challenge).into_response();
            }
            StatusCode::NOT_FOUND.into_response()
        }
        (Some("denied"), _) => {
            desk.subscriber.denied(&ticket, &topic);
            StatusCode::OK.into_response()
        }
        // We never leave; what is no longer wanted runs out.
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn news(
    State(desk): State<Desk>,
    Path(ticket): Path<String>,
    Extension(grant): Extension<Grant>,
    request: Request,
) -> Response {
    if !desk.subscriber.knows(&ticket) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let Ok(_place) = desk.places.try_acquire() else { return later() };
    grant.give();
    let (parts, mut body): (_, Body) = request.into_parts();
    let text = |name: HeaderName| header_text(&parts.headers, &name);
    let (content_type, signature) = (text(header::CONTENT_TYPE), text(HeaderName::from_static(SIGNATURE)));
    let body = match timeout(limits::INGEST_BODY.to_std(), whole(&mut body, limits::BODY_BYTES)).await {
        Ok(Ok(body)) => body,
        Ok(Err(Cut::TooLarge)) => return StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        Ok(Err(Cut::Broken)) => return StatusCode::BAD_REQUEST.into_response(),
        Err(_) => return StatusCode::REQUEST_TIMEOUT.into_response(),
    };
    let within = limits::INGEST_WHOLE.to_std().saturating_sub(limits::INGEST_BODY.to_std());
    let taken = timeout(within, desk.subscriber.notified(&ticket, News { body, content_type, signature })).await;
    if taken == Ok(true) { StatusCode::ACCEPTED.into_response() } else { later() }
}

fn header_text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned)
}

fn later() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "60")]).into_response()
}
