//! One request to the world, within limits. The only file that speaks HTTP.
//!
//! No cookies, no referrer, no proxy from the environment. Redirections are followed by hand, because every hop has
//! to pass the guard. What comes back is whole or it is an error: half a page is never a page.

use std::error::Error as _;

use async_trait::async_trait;
use reqwest::{
    Certificate, Client, StatusCode,
    header::{self, HeaderMap, HeaderName, HeaderValue},
    redirect,
};
use thiserror::Error;
use url::Url;

pub use super::pause::RetryAfter;
use super::{
    CollectParams, file,
    guard::{Guard, Refusal},
    html, pause,
    socket::Dialer,
    source::{Place, Request, Response},
    stream::{Broken, Hello, Line},
};
use crate::model::{
    limits,
    time::{Span, Timestamp},
};

/// Brings what a request asks for.
#[async_trait]
pub trait Fetch: Send + Sync {
    /// One visit, redirections included.
    async fn fetch(&self, request: &Request) -> Result<Response, FetchError>;

    /// Opens a line to a place that speaks by itself.
    async fn listen(&self, _hello: &Hello) -> Result<Box<dyn Line>, Broken> {
        Err(FetchError::Refused("nobody is listened to from here".into()).into())
    }
}

/// Why there is no answer. The caller decides by it how long to stay away.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FetchError {
    /// Nothing came in time.
    #[error("no answer in time")]
    Timeout,
    /// 429 or 503: too many of us, or too early.
    #[error("the server asks for a pause (HTTP {status})")]
    RateLimited {
        /// 429 or 503.
        status: u16,
        /// How long, if it said so.
        retry_after: Option<RetryAfter>,
    },
    /// 410: it was here and will not come back.
    #[error("the server says it is gone for good (HTTP 410)")]
    Gone,
    /// A guard before the site wants to see a browser.
    #[error("the site lets only browsers in (HTTP {0})")]
    Challenge(u16),
    /// Any other answer that is no page.
    #[error("{}", said(*.0))]
    Status(u16),
    /// `robots.txt` asks us not to come here.
    #[error("robots.txt asks us not to visit this page")]
    Robots,
    /// `robots.txt` could not be read, so nobody knows whether the page may be visited.
    #[error("robots.txt cannot be read, and without it the page is not visited: {0}")]
    RobotsUnread(String),
    /// More than [`limits::BODY_BYTES`] after decompression.
    #[error("the answer is larger than {} MiB", limits::BODY_BYTES >> 20)]
    TooLarge,
    /// We do not go there.
    #[error("refused: {0}")]
    Refused(String),
    /// The connection could not be made or did not last.
    #[error("the connection failed: {0}")]
    Transport(String),
}

/// What a status means for whoever has to do something about it.
fn said(status: u16) -> String {
    match status {
        401 | 407 => {
            format!("the server wants a login (HTTP {status}): the key or password of this address is missing")
        }
        403 => "the server does not let us in (HTTP 403): the address, or the key in it, is not allowed".to_owned(),
        _ => format!("the server answers HTTP {status}"),
    }
}

impl From<Refusal> for FetchError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal.to_string())
    }
}

/// Over the network, and from files that the configuration names.
#[derive(Debug, Clone)]
pub struct HttpFetch {
    client: Client,
    guard: Guard,
    dialer: Dialer,
}

const ACCEPT: &str =
    "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5";

impl HttpFetch {
    /// One client for all sources. Fails when the machine has no root certificates at all, or when those given beside
    /// them are none.
    pub fn new(params: &CollectParams) -> Result<Self, FetchError> {
        // The first to come installs it; everybody in this program installs the same one.
        let _already = rustls::crypto::ring::default_provider().install_default();
        let guard = Guard::new(&params.allow);
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static(ACCEPT));
        let own = params.ca_pem.as_deref().map_or(Ok(Vec::new()), Certificate::from_pem_bundle);
        let client = Client::builder()
            .tls_certs_merge(own.map_err(|e| classify(&e))?)
            .user_agent(params.user_agent.as_str())
            .default_headers(headers)
            .redirect(redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .retry(reqwest::retry::never())
            .dns_resolver(guard.clone())
            .connect_timeout(limits::CONNECT.to_std())
            .timeout(limits::REQUEST.to_std())
            .read_timeout(limits::STALLED.to_std())
            .pool_max_idle_per_host(1)
            .http1_max_headers(limits::HEADERS)
            .http2_max_header_list_size(limits::HEADER_BYTES)
            .build()
            .map_err(|e| classify(&e))?;
        let dialer = Dialer::new(params, guard.clone());
        Ok(Self { client, guard, dialer })
    }

    async fn web(&self, start: &str, request: &Request) -> Result<Response, FetchError> {
        let mut url = Url::parse(start).map_err(|_| Refusal::NoHost)?;
        let mut seen = vec![url.clone()];
        let mut permanent = true;
        loop {
            self.guard.check(&url)?;
            let answer = self.ask(&url, request).await?;
            let status = answer.status();
            if !is_redirection(status) {
                let moved = permanent && seen.len() > 1;
                let mut response = receive(answer, request, &url).await?;
                response.moved_to = moved.then(|| url.to_string());
                return Ok(response);
            }
            permanent &= matches!(status, StatusCode::MOVED_PERMANENTLY | StatusCode::PERMANENT_REDIRECT);
            let next = location(&answer, &url)?;
            may_follow(&seen, &next)?;
            if !(request.secrets.is_empty() && request.payload.is_none()) && next.origin() != url.origin() {
                return Err(FetchError::Refused("a redirection that would take our key elsewhere".into()));
            }
            seen.push(next.clone());
            url = next;
        }
    }

    async fn ask(&self, url: &Url, request: &Request) -> Result<reqwest::Response, FetchError> {
        let mut ask = match &request.payload {
            None => self.client.get(url.clone()),
            Some(payload) => self
                .client
                .post(url.clone())
                .header(header::CONTENT_TYPE, payload.content_type)
                .body(payload.body.expose().to_owned()),
        };
        for (name, value) in &request.secrets {
            let mut value = HeaderValue::from_str(value.expose())
                .map_err(|_| FetchError::Refused(format!("the {name} key holds letters that no header can")))?;
            value.set_sensitive(true);
            ask = ask.header(*name, value);
        }
        for (name, value) in
            [(header::IF_NONE_MATCH, &request.etag), (header::IF_MODIFIED_SINCE, &request.last_modified)]
        {
            if let Some(value) = value.as_ref().and_then(|v| HeaderValue::from_str(v).ok()) {
                ask = ask.header(name, value);
            }
        }
        if request.from > 0 {
            ask = ask.header(header::RANGE, format!("bytes={}-", request.from));
        }
        let answer = ask.send().await.map_err(|e| classify(&e))?;
        // The third look, after the URL and the resolver: where did we really arrive?
        if let Some(peer) = answer.remote_addr() {
            self.guard.check_ip(url.host_str().unwrap_or_default(), peer.ip())?;
        }
        Ok(answer)
    }
}

#[async_trait]
impl Fetch for HttpFetch {
    async fn fetch(&self, request: &Request) -> Result<Response, FetchError> {
        match &request.place {
            // The client's limit is for one hop, this one for all of them.
            Place::Web(url) => tokio::time::timeout(limits::REQUEST.to_std(), self.web(url, request))
                .await
                .unwrap_or(Err(FetchError::Timeout)),
            Place::File { path, from } => {
                file::read(path, *from).await.map_err(|e| FetchError::Transport(format!("{}: {e}", path.display())))
            }
        }
    }

    async fn listen(&self, hello: &Hello) -> Result<Box<dyn Line>, Broken> {
        self.dialer.dial(hello).await
    }
}

fn is_redirection(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Whether a redirection to `next` is followed, after the hops of `seen`.
fn may_follow(seen: &[Url], next: &Url) -> Result<(), FetchError> {
    let refused = |why: String| Err(FetchError::Refused(why));
    if next.scheme() == "http" && seen.last().is_some_and(|url| url.scheme() == "https") {
        return refused("a redirection from https to http".into());
    }
    if seen.contains(next) {
        return refused("the redirections go in a circle".into());
    }
    if seen.len() > limits::REDIRECTS {
        return refused(format!("more than {} redirections", limits::REDIRECTS));
    }
    Ok(())
}

fn location(answer: &reqwest::Response, url: &Url) -> Result<Url, FetchError> {
    let target = text(answer.headers(), &header::LOCATION);
    let next = target.and_then(|t| url.join(&t).ok());
    let mut next = next.ok_or(FetchError::Status(answer.status().as_u16()))?;
    next.set_fragment(None);
    Ok(next)
}

/// The answer of the last hop, read to its end.
async fn receive(mut answer: reqwest::Response, request: &Request, url: &Url) -> Result<Response, FetchError> {
    let status = answer.status();
    let headers = answer.headers();
    let conditional = request.etag.is_some() || request.last_modified.is_some();
    let not_modified = status == StatusCode::NOT_MODIFIED && conditional;
    if !status.is_success() && !not_modified {
        match failure(status, headers) {
            FetchError::Status(_) if request.failures => {}
            FetchError::RateLimited { .. } if request.limits => {}
            failure => return Err(failure),
        }
    }
    let mut response = Response {
        status: status.as_u16(),
        final_url: url.to_string(),
        moved_to: None,
        content_type: text(headers, &header::CONTENT_TYPE),
        etag: text(headers, &header::ETAG),
        last_modified: text(headers, &header::LAST_MODIFIED),
        fresh_for: fresh_for(headers),
        retry_after: retry_after(headers),
        body: Vec::new(),
        not_modified,
    };
    while let Some(chunk) = answer.chunk().await.map_err(|e| classify(&e))? {
        if response.body.len() + chunk.len() > limits::BODY_BYTES {
            return Err(FetchError::TooLarge);
        }
        fail::fail_point!("fetch", |_| std::process::abort());
        response.body.extend_from_slice(&chunk);
    }
    Ok(response)
}

/// What a refusal means for the next visit.
pub(super) fn failure(status: StatusCode, headers: &HeaderMap) -> FetchError {
    let challenged = headers.get("cf-mitigated").is_some_and(|v| v.as_bytes().starts_with(b"challenge"));
    match status.as_u16() {
        status if challenged => FetchError::Challenge(status),
        status @ (429 | 503) => FetchError::RateLimited { status, retry_after: retry_after(headers) },
        410 => FetchError::Gone,
        status => FetchError::Status(status),
    }
}

fn retry_after(headers: &HeaderMap) -> Option<RetryAfter> {
    pause::wished(|name| text(headers, &HeaderName::from_static(name)))
}

/// `max-age` less `Age`; without one, what `Expires` lies behind the server's own `Date`. Its clock may be wrong by
/// years, and is so on both sides.
fn fresh_for(headers: &HeaderMap) -> Option<Span> {
    let directives = text(headers, &header::CACHE_CONTROL).unwrap_or_default().to_ascii_lowercase();
    if directives.contains("no-cache") || directives.contains("no-store") {
        return None;
    }
    let age = text(headers, &header::AGE).and_then(|age| age.parse::<u32>().ok()).unwrap_or(0);
    let directive = directives.split(',').find_map(|d| d.trim().strip_prefix("max-age="));
    let seconds = if let Some(directive) = directive {
        i64::from(directive.trim_matches('"').parse::<u32>().ok()?)
    } else {
        (date(headers, &header::EXPIRES)? - date(headers, &header::DATE)?).as_seconds()
    };
    Some(Span::seconds((seconds - i64::from(age)).max(0)))
}

/// A date as HTTP writes it.
fn date(headers: &HeaderMap, name: &HeaderName) -> Option<Timestamp> {
    let date = httpdate::parse_http_date(&text(headers, name)?).ok()?;
    let since = date.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(Timestamp::from_seconds(i64::try_from(since.as_secs()).ok()?))
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?.trim();
    (!value.is_empty() && value.len() <= limits::FIELD_BYTES).then(|| value.to_owned())
}

/// reqwest wraps causes in causes; the innermost says what happened, and our own refusal may be among them.
fn classify(error: &reqwest::Error) -> FetchError {
    if error.is_timeout() {
        return FetchError::Timeout;
    }
    let mut innermost = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(refusal) = inner.downcast_ref::<Refusal>() {
            return refusal.clone().into();
        }
        innermost = inner.to_string();
        cause = inner.source();
    }
    FetchError::Transport(html::one_line(&innermost).chars().take(limits::ERROR_CHARS).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn nothing_that_was_asked_in_secret_is_asked_again_in_the_open() {
        let url = |text: &str| Url::parse(text).unwrap();
        let (closed, open) = (url("https://a.example/"), url("http://a.example/"));
        let refused = Err(FetchError::Refused("a redirection from https to http".into()));
        assert_eq!(may_follow(std::slice::from_ref(&closed), &open), refused);
        assert_eq!(may_follow(std::slice::from_ref(&open), &closed), Ok(()));
        // Also when the way began in the open.
        assert_eq!(may_follow(&[open, closed], &url("http://b.example/")), refused);
    }

    #[test]
    fn freshness_is_what_is_left_of_it() {
        let fresh = |pairs: &[(&'static str, &'static str)]| fresh_for(&headers(pairs)).map(Span::as_seconds);
        assert_eq!(fresh(&[("cache-control", "public, max-age=600"), ("age", "100")]), Some(500));
        assert_eq!(fresh(&[("cache-control", "no-cache, max-age=600")]), None);
        assert_eq!(fresh(&[]), None);
        let date = ("date", "Fri, 20 Nov 2026 00:15:00 GMT");
        let expires = ("expires", "Fri, 20 Nov 2026 01:15:00 GMT");
        assert_eq!(fresh(&[date, expires]), Some(3600));
        assert_eq!(fresh(&[date, expires, ("age", "600")]), Some(3000));
        assert_eq!(fresh(&[date, expires, ("cache-control", "max-age=60")]), Some(60));
        assert_eq!(fresh(&[date, expires, ("cache-control", "no-store")]), None);
        // Stale already, no date at all, and no clock to compare with.
        assert_eq!(fresh(&[expires, ("date", "Fri, 20 Nov 2026 02:15:00 GMT")]), Some(0));
        assert_eq!(fresh(&[date, ("expires", "0")]), None);
        assert_eq!(fresh(&[expires]), None);
    }
}
