//! What a streamed source is: it says whom to call and what to say first, and reads what is sent. Both are pure; the
//! connection, its loss and the way back are elsewhere and written once.

use super::{SourceBasics, source::SourceError};
use crate::model::{
    post::Post,
    secret::Secret,
    source::{Cursor, SourceState, Withdrawn},
    time::Timestamp,
};

/// One place that speaks by itself.
pub trait Stream: Send + Sync {
    /// Its name, its kind of text, its own manners.
    fn basics(&self) -> &SourceBasics;

    /// Whether `state` is of this place: a person may have written another address under the same name.
    fn continues(&self, _state: &SourceState) -> bool {
        true
    }

    /// Whom to call, going on from what is remembered.
    fn hello(&self, state: &SourceState, now: Timestamp) -> Hello;

    /// What one frame says. `concerns` tells cheaply whether a text may name somebody who is watched: what does not is
    /// neither parsed further nor kept. `now` is when the frame came.
    fn read(&self, frame: &[u8], concerns: &dyn Fn(&str) -> bool, now: Timestamp) -> Result<Heard, SourceError>;
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
    /// Where a next connection goes on, once all of this is stored.
    pub cursor: Option<Cursor>,
    /// The server is done with us, and says so.
    pub ended: Option<SourceError>,
}
