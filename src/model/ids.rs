//! Numbers that name rows. Given by [`crate::clock::IdGen`], never by the database, so that a replay gives the
//! same ones again; larger means later.

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);
    )*};
}

ids! {
    /// A collected post.
    PostId
    /// A post about one company.
    MentionId
    /// An incident. People know it by its number, `HN-0127`.
    IncidentId
    /// An alert that is owed to people.
    AlertId
    /// One alert to one address.
    DeliveryId
}
