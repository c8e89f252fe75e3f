//! Tells the right people once.

pub mod compose;
pub mod email;
mod inert;
pub mod notifier;
pub mod playbook;
pub mod policy;
pub mod retry;
pub mod sighting;
pub mod story;
pub mod trouble;

/// How mails are written.
#[derive(Debug, Clone, PartialEq)]
pub struct MailParams {
    /// Address of the sender.
    pub from: String,
    /// Where answers go; the sender if absent.
    pub reply_to: Option<String>,
    /// Where the pages are reached, without a slash at the end; `None` while there are none to link to.
    pub dashboard: Option<String>,
    /// Zone of all times in mails.
    pub zone: crate::model::time::Zone,
    /// Whether a source of X (formerly Twitter) is configured; every mail says so.
    pub x_connected: bool,
}
