//! What is owed to people about an incident, and what became of it.

use serde::{Deserialize, Serialize};

use super::{
    ids::{AlertId, DeliveryId, IncidentId},
    incident::{IncidentEvent, Level, State},
    time::Timestamp,
    words::words,
};

words! {
    /// Why a mail goes out.
    Reason {
        /// The first word about an incident.
        First = "first",
        /// The level rose.
        Raised = "raised",
        /// The press joined.
        Press = "press",
        /// A new number of people or records hit.
        Restated = "restated",
        /// It is back.
        Reignited = "reignited",
        /// Nobody has acted and it still burns.
        Repeat = "repeat",
        /// It is over.
        Resolved = "resolved",
        /// A person asked for it.
        Test = "test",
    }
}

words! {
    /// Why a mail does not go out.
    Mute {
        /// This change is not worth a mail.
        Minor = "minor",
        /// Six mails in 24 hours are enough; the next tells all.
        Capped = "capped",
        /// One was sent a moment ago.
        Recent = "recent",
    }
}

/// To send, or why not. Both are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It is owed.
    Send(Reason),
    /// It is held, and this is why.
    Hold(Mute),
}

/// A message owed to people.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// Its row.
    pub id: AlertId,
    /// About which incident.
    pub incident: IncidentId,
    /// The how-manieth mail of the incident, from 1.
    pub sequence: u32,
    /// Why it goes out.
    pub reason: Reason,
    /// Level at that moment.
    pub level: Level,
    /// State at that moment.
    pub state: State,
    /// Owed since.
    pub created_at: Timestamp,
    /// The change that is told, with the incident as it stood.
    pub event: IncidentEvent,
    /// Addresses, one transaction each.
    pub recipients: Vec<String>,
}

words! {
    /// How far a delivery has come.
    DeliveryState {
        /// To be tried.
        Pending = "pending",
        /// The server took it.
        Sent = "sent",
        /// A person has to mend something; tried again from time to time, never dropped.
        Held = "held",
    }
}

/// One alert to one address.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Its row.
    pub id: DeliveryId,
    /// Which alert.
    pub alert: AlertId,
    /// To whom.
    pub recipient: String,
    /// How far it has come.
    pub state: DeliveryState,
    /// Tries so far.
    pub attempts: u32,
    /// Not before.
    pub next_try_at: Timestamp,
    /// When the server took it.
    pub sent_at: Option<Timestamp>,
    /// The server's last words, cut.
    pub reply: Option<String>,
}

/// A rendered mail: the bytes that every try sends again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rendered {
    /// Without angle brackets.
    pub message_id: String,
    /// As people see it.
    pub subject: String,
    /// The whole message but for its `To`, CRLF line ends.
    pub mime: Vec<u8>,
}
