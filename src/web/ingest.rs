//! `POST /ingest`: the door for those who bring us posts. Who may come in, how much, how long, and what they are told.
//!
//! Not here: what a post is, and whether it is new. Whoever stands behind [`Inbox`] knows.
//!
//! # Invariants
//! - Nothing is acknowledged that is not stored: the answer is made of what [`Inbox::take`] says.
//! - Without a right token nothing of a body is kept, and no connection lasts longer than for any other question.
//! - No more than [`limits::INGEST_AT_ONCE`] deliveries are held in memory; the next one is told to come again.

use std::{
    future::poll_fn,
    io::{self, Read},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use async_trait::async_trait;
use axum::{
    Extension, Router,
    body::{Body, HttpBody},
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::Response,
    routing::post,
};
use flate2::read::MultiGzDecoder;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
    time::timeout,
};

use super::refusal::{self, Refused};
use crate::model::{limits, secret::Secret, time::Span};

/// For reading to the end what is not wanted: who still writes does not hear an answer.
const POLITE: Duration = Duration::from_secs(2);

/// Takes in what others bring. `app` does.
#[async_trait]
pub trait Inbox: Send + Sync {
    /// Reads a delivery and stores it; what the answer counts is stored.
    async fn take(&self, delivery: Delivery) -> Result<Tally, Turned>;

    /// A delivery ended with this word.
    fn ended(&self, outcome: &'static str);
}

/// What somebody with the right token has brought.
#[derive(Debug)]
pub struct Delivery {
    /// Posts: one JSON object a line, one alone, or a list of them.
    pub body: Vec<u8>,
    /// The name of the source, whatever the posts say.
    pub source: Option<String>,
    /// It is all history: nothing of it raises an alert.
    pub history: bool,
    /// Its place among the deliveries under way; to be kept until it has been worked on, answered or not.
    pub place: OwnedSemaphorePermit,
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Posts that are stored now: new ones, known ones and changed ones.
    pub accepted: u64,
    /// Of these, never seen before.
    pub new: u64,
    /// Of these, known.
    pub duplicates: u64,
    /// Of these, known with other words.
    pub edited: u64,
    /// Of the new ones, those that name a company we watch.
    pub about_watched: u64,
    /// Of the accepted ones, those that raise no alert because they are old or were called history.
    pub history: u64,
    /// Posts that the analysis tripped over; they are not stored.
    pub unread: u64,
    /// Lines that are no post.
    pub refused: u64,
    /// The first of them.
    pub refusals: Vec<Refusal>,
}

impl Tally {
    /// A line that is no post; only the first ones are named.
    pub fn refuse(&mut self, line: u64, reason: String) {
        self.refused += 1;
        if self.refusals.len() < limits::INGEST_REFUSALS {
            self.refusals.push(Refusal { line, reason });
        }
    }
}

/// A line that is no post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Which line, or which item of a list; the first is 1.
    pub line: u64,
    /// Why.
    pub reason: String,
}

/// Why a delivery was not taken in. What had been stored of it by then is known when it comes again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turned {
    /// More posts than [`limits::INGEST_POSTS`]; nothing was stored.
    TooMany,
    /// It cannot be stored now.
    Unavailable {
        /// When it is worth another try.
        wait: Span,
        /// Why, in Japanese.
        ja: String,
        /// Why.
        en: String,
    },
}

/// What a token looks like to whoever compares it.
type Print = [u8; 32];

/// Who may come in, and how many at once.
pub struct Gate {
    /// Of the token in the configuration; without it the path is closed to strangers.
    public: Option<Print>,
    /// Of a token that only this process and its own files know.
    house: Print,
    places: Arc<Semaphore>,
    inbox: Arc<dyn Inbox>,
}

impl Gate {
    /// Open to those who know `public`, if there is such a word, and to those who know `house`.
    pub fn new(public: Option<&Secret>, house: &Secret, inbox: Arc<dyn Inbox>) -> Self {
        let places = Arc::new(Semaphore::new(limits::INGEST_AT_ONCE));
        Self { public: public.map(print), house: print(house), places, inbox }
    }

    fn admits(&self, headers: &HeaderMap) -> bool {
        let Some(token) = bearer(headers) else { return false };
        // Both, always: how long it takes says nothing.
        let (public, house) = (self.public.is_some_and(|p| fits(token, &p)), fits(token, &self.house));
        public | house
    }

    async fn deliver(&self, parts: &Parts, body: &mut Body, grant: &Grant) -> Result<Tally, Refused> {
        if !self.admits(&parts.headers) {
            return Err(if self.public.is_some() { refusal::unknown() } else { refusal::closed() });
        }
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else { return Err(refusal::crowded()) };
        grant.give();
        let (source, history) = wishes(parts.uri.query())?;
        let gzipped = encoding(&parts.headers)?;
        let bytes = match timeout(limits::INGEST_BODY.to_std(), whole(body, limits::INGEST_BYTES)).await {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(Cut::TooLarge)) => return Err(refusal::too_large()),
            Ok(Err(Cut::Broken)) => return Err(refusal::broken("the body ended early", "本文が途中で切れました")),
            Err(_) => return Err(refusal::slow()),
        };
        let bytes = if gzipped { unpacked(bytes).await? } else { bytes };
        let within = (limits::INGEST_WHOLE.to_std()).saturating_sub(limits::INGEST_BODY.to_std());
        match timeout(within, self.inbox.take(Delivery { body: bytes, source, history, place })).await {
            Ok(Ok(tally)) => Ok(tally),
            Ok(Err(Turned::TooMany)) => Err(refusal::too_many()),
            Ok(Err(Turned::Unavailable { wait, ja, en })) => Err(refusal::later(wait, &ja, &en)),
            Err(_) => Err(refusal::later(
                Span::seconds(10),
                "まだ記録しています。もう一度送ってください（記録済みのものは二重になりません）",
                "it is still being stored; send it again, what is stored already is known",
            )),
        }
    }
}

/// Gives a connection the time that a delivery takes.
#[derive(Debug, Clone, Default)]
pub(super) struct Grant(Arc<AtomicBool>);

impl Grant {
    pub(super) fn give(&self) {
        self.0.store(true, SeqCst);
    }

    pub(super) fn is_given(&self) -> bool {
        self.0.load(SeqCst)
    }
}

/// The path, open or closed.
pub(super) fn router(gate: Option<Arc<Gate>>) -> Router {
    Router::new().route("/ingest", post(ingest)).with_state(gate)
}

async fn ingest(
    State(gate): State<Option<Arc<Gate>>>,
    Extension(grant): Extension<Grant>,
    request: Request,
) -> Response {
    let (parts, mut body) = request.into_parts();
    let (outcome, answer) = match &gate {
        Some(gate) => {
            let ended = gate.deliver(&parts, &mut body, &grant).await;
            let outcome = ended.as_ref().map_or_else(|refused| refused.code, |tally| tally.outcome().1);
            gate.inbox.ended(outcome);
            (outcome, ended)
        }
        None => ("closed", Err(refusal::closed())),
    };
    // Who waits for our word before sending has sent nothing; who is too slow is not waited for.
    if answer.is_err() && outcome != "slow" && !parts.headers.contains_key(header::EXPECT) {
        let _enough = timeout(POLITE, spill(&mut body)).await;
    }
    answer.map_or_else(Refused::into_response, Tally::into_response)
}

impl Tally {
    fn outcome(&self) -> (StatusCode, &'static str) {
        let all_bad = self.accepted == 0 && self.refused > 0;
        if all_bad { (StatusCode::UNPROCESSABLE_ENTITY, "refused") } else { (StatusCode::OK, "taken") }
    }

    fn into_response(self) -> Response {
        refusal::json(self.outcome().0, &self)
    }
}

/// The same for the same token, and of no use to who sees it.
fn print(token: &Secret) -> Print {
    stamped(token.expose()).finalize().into_bytes().into()
}

/// In the same time for every wrong token of a length.
fn fits(token: &str, print: &Print) -> bool {
    stamped(token).verify_slice(print).is_ok()
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
fn stamped(token: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(token.as_bytes()).expect("a key of any length");
    mac.update(b"hinomi ingest");
    mac
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// What the address asks for: the name of the source, and whether it is all history.
fn wishes(query: Option<&str>) -> Result<(Option<String>, bool), Refused> {
    let (mut source, mut history) = (None, false);
    for (key, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        match &*key {
            "source" => source = Some(value.into_owned()),
            "history" => history = matches!(&*value, "" | "1" | "true"),
            _ => {
                return Err(refusal::broken(
                    "only ?source=NAME and ?history=1 are known",
                    "?source=名前 と ?history=1 だけが使えます",
                ));
            }
        }
    }
    Ok((source, history))
}

/// Whether the body is gzipped.
fn encoding(headers: &HeaderMap) -> Result<bool, Refused> {
    let Some(encoding) = headers.get(header::CONTENT_ENCODING) else { return Ok(false) };
    match encoding.to_str().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "" | "identity" => Ok(false),
        "gzip" | "x-gzip" => Ok(true),
        _ => Err(refusal::encoding()),
    }
}

/// Why a body did not come whole.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Cut {
    TooLarge,
    Broken,
}

/// All of a body that has `most` bytes at most.
pub(super) async fn whole<B>(body: &mut B, most: usize) -> Result<Vec<u8>, Cut>
where
    B: HttpBody<Data: AsRef<[u8]>> + Unpin,
{
    // Who announces too much need not send it.
    if body.size_hint().lower() > most as u64 {
        return Err(Cut::TooLarge);
    }
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await {
        let Ok(frame) = frame else { return Err(Cut::Broken) };
        if let Ok(data) = frame.into_data() {
            if bytes.len() + data.as_ref().len() > most {
                return Err(Cut::TooLarge);
            }
            bytes.extend_from_slice(data.as_ref());
        }
    }
    Ok(bytes)
}

/// Lets go of what is left of a body, up to what would have been read of a good one.
async fn spill(body: &mut Body) {
    let mut left = limits::INGEST_BYTES;
    while let Some(Ok(frame)) = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await {
        left = left.saturating_sub(frame.data_ref().map_or(0, |data| data.as_ref().len()));
        if left == 0 {
            return;
        }
    }
}

async fn unpacked(bytes: Vec<u8>) -> Result<Vec<u8>, Refused> {
    let unpack = move || -> io::Result<Vec<u8>> {
        let mut plain = Vec::new();
        let most = limits::INGEST_BYTES as u64;
        MultiGzDecoder::new(bytes.as_slice()).take(most + 1).read_to_end(&mut plain)?;
        Ok(plain)
    };
    match spawn_blocking(unpack).await {
        Ok(Ok(plain)) if plain.len() > limits::INGEST_BYTES => Err(refusal::too_large()),
        Ok(Ok(plain)) => Ok(plain),
        _ => Err(refusal::broken(
            "the body is not gzip, or it ended early",
            "gzip として読めません（途中で切れています）",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_fits() {
        let token = Secret::new("a-token-of-the-tests-0123456789");
        let print = print(&token);
        assert!(fits(token.expose(), &print));
        for wrong in [
            "",
            "a",
            "a-token-of-the-tests-012345678",
            "a-token-of-the-tests-01234567890",
            "A-token-of-the-tests-0123456789",
        ] {
            assert!(!fits(wrong, &print), "{wrong}");
        }
    }

    #[test]
    fn a_token_comes_as_a_bearer_and_in_no_other_way() {
        let with = |value: &str| HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())]);
        assert_eq!(bearer(&with("Bearer abc")), Some("abc"));
        assert_eq!(bearer(&with("bearer  abc ")), Some("abc"));
        for wrong in ["abc", "Basic abc", "Bearer", ""] {
            assert_eq!(bearer(&with(wrong)), None, "{wrong}");
        }
    }

    #[test]
    fn what_the_address_asks_for_is_known_or_refused() {
        assert_eq!(wishes(None).unwrap(), (None, false));
        assert_eq!(wishes(Some("source=%E9%9D%92%E7%A9%BA&history=1")).unwrap(), (Some("青空".into()), true));
        assert_eq!(wishes(Some("history=0")).unwrap(), (None, false));
        assert!(wishes(Some("name=x")).is_err());
    }
}
