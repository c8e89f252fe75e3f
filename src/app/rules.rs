//! What a configuration decides for the stages, in one piece: taken once a round, so that no round sees half a change.
//!
//! Not here: where to look (`plan.rs`) and what cannot change while Hinomi runs.

use std::sync::{Arc, PoisonError, RwLock};

use super::{judge::Judge, tell::Recipients};
use crate::{
    alert::{MailParams, notifier::Notifier},
    model::time::Span,
};

/// One generation of what is configured.
///
/// # Invariants
/// Lookouts were built for one [`Judge`] and are thrown away with it: whoever changes the watchlist or the zone makes
/// a new one, and whoever changes neither keeps the old one.
pub struct Rules {
    /// Who reads posts, and for whom.
    pub judge: Arc<Judge>,
    /// Who is told.
    pub recipients: Recipients,
    /// How mails are written.
    pub mail: MailParams,
    /// The way out; `None` where nothing is sent.
    pub notifier: Option<Arc<dyn Notifier>>,
    /// How long no visit may work before what happens is unknown; `None` where nothing is visited.
    pub patience: Option<Span>,
}

/// The generation that is in force.
pub(super) struct InForce(RwLock<Arc<Rules>>);

impl InForce {
    pub(super) fn new(rules: Rules) -> Self {
        Self(RwLock::new(Arc::new(rules)))
    }

    /// The rules for one round; what is adopted meanwhile holds from the next one on.
    pub(super) fn now(&self) -> Arc<Rules> {
        // Nobody can panic while holding the lock, and what lies behind it is whole in any case.
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn replace(&self, rules: Rules) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
    }
}
