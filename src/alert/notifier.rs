//! The way out: hands one rendered mail to one address and says what became of it.
//!
//! Not here: when to try again (`retry.rs`) and who is owed what (the outbox). A notifier keeps nothing between two
//! calls, so the same bytes can be handed to it as often as it takes.

use async_trait::async_trait;

use crate::model::alert::Rendered;

/// Sends one mail to one address.
#[async_trait]
pub trait Notifier: Send + Sync {
    /// Returns once the other side has answered for this one address, or once the time for it is over. Never waits
    /// without end. An `Err` of [`Class::Unknown`] may have been delivered all the same.
    async fn send(&self, mail: &Rendered, recipient: &str) -> Result<Receipt, NotifyError>;
}

/// The other side has taken the mail and answers for it from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Its last words, printable and cut to `limits::ERROR_CHARS`.
    pub reply: String,
}

/// Nobody has taken the mail, or nobody said so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reply}")]
pub struct NotifyError {
    /// What to do about it.
    pub class: Class,
    /// The server's last words or ours, printable and cut to `limits::ERROR_CHARS`.
    pub reply: String,
}

/// What a failed try means for the next one. The table that leads here is `email/outcome.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// The connection was lost after the body had gone out: taken or not, nobody knows. Sent again with the same
    /// bytes and the same Message-ID, because a mail too many is better than silence.
    Unknown,
    /// Passes by itself: nobody answers, greylisting, a full queue.
    Transient,
    /// A person has to mend something: login, certificate, policy. Held for everybody.
    Config,
    /// This one address does not exist or takes nothing. Held for it alone.
    Recipient,
    /// Too big for the server. Worth one try in a shorter form; after that the same as `Config`.
    Size,
    /// An answer outside every rule. Treated like `Config`.
    Odd,
}
