//! What was heard since the last time it was stored.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use crate::{
    analyze::Glance,
    app::judge::Judge,
    collect::{
        source::SourceError,
        stream::{Interest, Stream},
    },
    model::{
        post::Post,
        source::{Cursor, Withdrawn},
        time::Timestamp,
    },
};

/// Posts and withdrawals that are stored at once.
const BATCH: usize = 500;
/// Bytes of their texts.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// So many frames in a row that cannot be read are no stream of this kind.
const NONSENSE: u32 = 50;

/// What was heard.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub posts: Vec<Post>,
    pub withdrawn: Vec<Withdrawn>,
    pub passed: u64,
    pub unread: u64,
    pub bytes: u64,
    /// How far all frames reach, this batch's and those before it.
    pub cursor: Cursor,
    /// Something before it is lost.
    pub gap: Option<String>,
}

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.bytes == 0 && self.gap.is_none()
    }

    pub(super) fn is_full(&self) -> bool {
        let texts = || self.posts.iter().map(|post| post.text.len()).sum::<usize>();
        self.posts.len() + self.withdrawn.len() >= BATCH || texts() >= BATCH_BYTES
    }
}

/// Reads frames and gathers what they say.
pub(super) struct Ear {
    stream: Arc<dyn Stream>,
    judge: Arc<Judge>,
    glance: Glance,
    batch: Batch,
    /// The last frame passed by unread, so how far it reaches is still to be asked.
    unplaced: bool,
    nonsense: u32,
}

impl Ear {
    pub(super) fn new(stream: Arc<dyn Stream>, judge: Arc<Judge>, cursor: Cursor) -> Self {
        let batch = Batch { cursor, ..Batch::default() };
        Self { stream, judge, glance: Glance::default(), batch, unplaced: false, nonsense: 0 }
    }

    pub(super) fn batch(&self) -> &Batch {
        &self.batch
    }

    #[cfg(test)]
    pub(super) fn judge(&self) -> Arc<Judge> {
        Arc::clone(&self.judge)
    }

    /// Takes in one frame; an error is the end of the line.
    pub(super) fn hear(&mut self, frame: &str, now: Timestamp) -> Result<(), SourceError> {
        self.batch.bytes += frame.len() as u64;
        let about = Named { judge: &self.judge, glance: std::cell::RefCell::new(&mut self.glance) };
        let (stream, at) = (&self.stream, &self.batch.cursor);
        // One frame that the reader trips over must not be met again at every call.
        let read = catch_unwind(AssertUnwindSafe(|| stream.read(frame, &about, at, now)));
        let heard = match read {
            Ok(Ok(heard)) => heard,
            Ok(Err(error)) => {
                tracing::debug!("a frame could not be read: {error}");
                (self.batch.unread, self.nonsense) = (self.batch.unread + 1, self.nonsense + 1);
                return if self.nonsense >= NONSENSE { Err(error) } else { Ok(()) };
            }
            Err(_) => {
                tracing::error!("the reader of a frame broke off; this is a bug of ours");
                self.batch.unread += 1;
                return Ok(());
            }
        };
        self.nonsense = 0;
        self.batch.posts.extend(heard.posts);
        self.batch.withdrawn.extend(heard.withdrawn);
        self.batch.passed += heard.passed as u64;
        self.batch.gap = heard.gap.or(self.batch.gap.take());
        self.unplaced = heard.cursor.is_none() && heard.passed > 0;
        if let Some(cursor) = heard.cursor {
            self.batch.cursor = cursor;
        }
        heard.ended.map_or(Ok(()), Err)
    }

    /// Hands on what was gathered; `last` is the last frame. Names are looked for by `judge` from now on.
    pub(super) fn seal(&mut self, last: &str, judge: Arc<Judge>, now: Timestamp) -> Batch {
        if std::mem::take(&mut self.unplaced)
            && let Some(cursor) = self.stream.place(last, &self.batch.cursor, now)
        {
            self.batch.cursor = cursor;
        }
        self.judge = judge;
        let next = Batch { cursor: self.batch.cursor.clone(), ..Batch::default() };
        std::mem::replace(&mut self.batch, next)
    }
}

struct Named<'a> {
    judge: &'a Judge,
    glance: std::cell::RefCell<&'a mut Glance>,
}

impl Interest for Named<'_> {
    fn may_name(&self, json: &str) -> bool {
        self.judge.analyzer().may_name(json, &mut self.glance.borrow_mut())
    }

    fn names(&self, text: &str) -> bool {
        self.judge.analyzer().names(text)
    }
}
