//! What a streamed source is: it says whom to call and what to say first, and reads what is sent. Both are pure; the
//! line itself is `socket.rs`, its loss and the way back are the listening loop's, written once.
//!
//! # Invariants
//! A frame that may concern us is handed on; only what certainly does not is passed over unread.

use async_trait::async_trait;
use thiserror::Error;

use super::{
    SourceBasics,
    fetch::{FetchError, RetryAfter},
    source::SourceError,
};
use crate::{
    clock::jitter,
    model::{
        limits,
        post::{Post, SourceName},
        secret::Secret,
        source::{Cursor, SourceState, Withdrawn},
        time::{Span, Timestamp},
    },
};

/// One place that speaks by itself.
pub trait Stream: Send + Sync {
    /// Its name, its kind of text, its own manners.
    fn basics(&self) -> &SourceBasics;

    /// Whether `state` is of this place: a person may have written another address under the same name.
    fn continues(&self, _state: &SourceState) -> bool {
        true
    }

    /// The network whose names its posts bear: a post that several sources of one network show is one post.
    fn network(&self) -> Option<&'static str> {
        None
    }

    /// Whom to call, going on from what is remembered. `state.errors` counts the calls that failed since the last line
    /// that stood: whoever has several addresses takes the next one.
    fn hello(&self, state: &SourceState, now: Timestamp) -> Hello;

    /// What one frame says. `at` is how far all frames before it reach; `now` is when this one came.
    fn read(&self, frame: &str, about: &dyn Interest, at: &Cursor, now: Timestamp) -> Result<Heard, SourceError>;

    /// How far `frame` reaches, of which `read` said nothing but that it passed. Asked once a batch, so it may cost.
    fn place(&self, _frame: &str, _at: &Cursor, _now: Timestamp) -> Option<Cursor> {
        None
    }

    /// Whether this answer in place of a line means that what we remember lies too far back.
    fn too_late(&self, _status: u16, _body: &str) -> bool {
        false
    }
}

/// Who is watched, as far as a stream needs to know it.
pub trait Interest {
    /// Whether a name may stand in any string of `json`. Cheap, and never false where [`Interest::names`] is true of
    /// such a string.
    fn may_name(&self, json: &str) -> bool;

    /// Whether a name stands in `text`.
    fn names(&self, text: &str) -> bool;
}

/// The beginning of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// `ws://` or `wss://`.
    pub url: String,
    /// Headers that hold a token.
    pub secrets: Vec<(&'static str, Secret)>,
    /// What is said once the connection stands.
    pub first: Vec<String>,
    /// A frame comes at least so often, or the line is dead; for a place that always has something to say.
    pub silence: Option<Span>,
    /// Anything comes at least so often, the answer to a ping included, or the line is dead.
    pub stalled: Span,
}

impl Hello {
    /// Calls `url` and says nothing.
    pub const fn to(url: String) -> Self {
        Self { url, secrets: Vec::new(), first: Vec::new(), silence: None, stalled: limits::LINE_STALLED }
    }
}

/// What one frame said.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Heard {
    /// Posts that may concern us.
    pub posts: Vec<Post>,
    /// Posts that certainly do not: counted and not kept.
    pub passed: usize,
    /// What is no longer to be kept.
    pub withdrawn: Vec<Withdrawn>,
    /// How far this frame reaches: where a next connection goes on, once all of this is stored. `None` as well for a
    /// frame that was passed over unread; [`Stream::place`] knows.
    pub cursor: Option<Cursor>,
    /// Posts before this are lost to us, and the server says so.
    pub gap: Option<String>,
    /// The server is done with us, and says so.
    pub ended: Option<SourceError>,
}

impl Heard {
    /// One post that is not about anybody.
    pub fn passed() -> Self {
        Self { passed: 1, ..Self::default() }
    }
}

/// An open line. [`Fetch::listen`](super::fetch::Fetch::listen) makes one.
#[async_trait]
pub trait Line: Send {
    /// Waits for the next frame; [`Line::frame`] is what came. May be given up while waiting, without loss.
    async fn next(&mut self) -> Result<(), Broken>;

    /// The last frame.
    fn frame(&self) -> &str;

    /// Says goodbye, if the other side still listens.
    async fn close(&mut self);
}

/// Why there is no line, or no longer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Broken {
    /// It could not be made, or did not last.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The server answered, but not with a line.
    #[error("the server answers HTTP {status}: {body}")]
    Answered {
        /// Its number.
        status: u16,
        /// The beginning of what it said.
        body: String,
    },
    /// A frame over [`limits::FRAME_BYTES`].
    #[error("a frame is larger than {} MiB", limits::FRAME_BYTES >> 20)]
    TooLarge,
    /// Nothing came for so long that nobody can be there.
    #[error("nothing came for {} s", .0.as_seconds())]
    Silent(Span),
    /// The other side hung up.
    #[error("the server closed the connection: {0}")]
    Closed(String),
    /// What came could not be read, or was a goodbye in words.
    #[error(transparent)]
    Said(#[from] SourceError),
}

/// The pause after a first line that did not last.
const FIRST_PAUSE: Span = Span::seconds(1);
/// The longest pause before a server is called again that asked for none.
pub const LONGEST_PAUSE: Span = Span::minutes(5);

/// When to call again after `failures` calls in a row that gave no line that stood. Spread by up to the half, because
/// everybody loses a server at the same moment.
pub fn call_again(source: &SourceName, visits: u64, failures: u32, why: &Broken, now: Timestamp) -> Timestamp {
    const DOUBLINGS: u32 = 9;
    let own = FIRST_PAUSE.times(1 << failures.min(DOUBLINGS)).min(LONGEST_PAUSE);
    let wished = match why {
        Broken::Fetch(FetchError::RateLimited { retry_after: Some(RetryAfter::In(span)), .. }) => *span,
        Broken::Fetch(FetchError::RateLimited { retry_after: Some(RetryAfter::At(then)), .. }) => *then - now,
        // Neither mends itself within minutes, and knocking hard is rude.
        Broken::Fetch(FetchError::Gone | FetchError::Refused(_) | FetchError::Challenge(_))
        | Broken::Said(SourceError::Credential(_)) => Span::minutes(10),
        _ => Span::ZERO,
    };
    let pause = own.max(wished.min(limits::PAUSE));
    #[expect(clippy::cast_possible_truncation, reason = "half a week in milliseconds is far below 2^52")]
    let spread = (pause.millis() as f64 * 0.5 * jitter(&[&source.0, &visits.to_string()])) as i64;
    now + pause + Span::from_millis(spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn pause(failures: u32, why: &Broken) -> i64 {
        (call_again(&SourceName("s".into()), 3, failures, why, NOW) - NOW).as_seconds()
    }

    #[test]
    fn a_lost_line_is_called_again_at_once_and_a_dead_one_every_few_minutes() {
        let lost = Broken::Closed(String::new());
        assert!(pause(0, &lost) <= 1);
        assert!((8..=12).contains(&pause(3, &lost)));
        assert!((300..=450).contains(&pause(60, &lost)));
    }

    #[test]
    fn a_server_that_asks_for_a_pause_gets_it_but_not_for_ever() {
        let busy = |retry_after| Broken::Fetch(FetchError::RateLimited { status: 429, retry_after });
        assert!((600..=900).contains(&pause(0, &busy(Some(RetryAfter::In(Span::minutes(10)))))));
        assert!(pause(0, &busy(Some(RetryAfter::At(NOW + Span::days(900))))) <= 11 * 86_400);
    }

    #[test]
    fn calls_are_spread() {
        let at = |visits| call_again(&SourceName("s".into()), visits, 6, &Broken::TooLarge, NOW);
        assert!((0..20).map(at).collect::<std::collections::BTreeSet<_>>().len() > 10);
    }
}
