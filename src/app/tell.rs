//! Which changes are told, to whom, and which are held and why.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    alert::policy::{self, Told},
    clock::IdGen,
    model::{
        alert::{Alert, Decision, Reason},
        ids::{AlertId, IncidentId},
        incident::{EventKind, Incident, IncidentEvent},
        time::Timestamp,
        watch::{CompanyName, Watchlist},
    },
    store::{Held, Store, StoreError},
};

/// Who is told.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recipients {
    /// Group name → addresses.
    pub groups: BTreeMap<String, Vec<String>>,
    /// Groups for companies that name none.
    pub default: Vec<String>,
}

impl Recipients {
    /// Names of the groups that are told about `company`.
    pub fn groups_for<'a>(&'a self, watchlist: &'a Watchlist, company: &CompanyName) -> &'a [String] {
        watchlist.get(company).map(|w| w.recipients.as_slice()).filter(|r| !r.is_empty()).unwrap_or(&self.default)
    }

    /// Addresses of the default groups, each once; of all groups where there is no default.
    pub fn everybody(&self) -> Vec<String> {
        let default: BTreeSet<&String> = self.default.iter().filter_map(|g| self.groups.get(g)).flatten().collect();
        let all = if default.is_empty() { self.groups.values().flatten().collect() } else { default };
        all.into_iter().cloned().collect()
    }

    /// Addresses that are told about `company`, each once.
    pub fn addresses_for(&self, watchlist: &Watchlist, company: &CompanyName) -> Vec<String> {
        let groups = self.groups_for(watchlist, company);
        let all: BTreeSet<&String> = groups.iter().filter_map(|g| self.groups.get(g)).flatten().collect();
        all.into_iter().cloned().collect()
    }
}

/// Decides over changes in their order; what one mail says is known when the next is decided.
pub(super) struct Teller<'a> {
    pub store: &'a Store,
    pub watchlist: &'a Watchlist,
    pub recipients: &'a Recipients,
    pub ids: &'a IdGen,
    pub now: Timestamp,
    log: BTreeMap<IncidentId, Vec<Told>>,
    pub alerts: Vec<Alert>,
    pub held: Vec<Held>,
}

impl<'a> Teller<'a> {
    pub(super) fn new(
        store: &'a Store,
        watchlist: &'a Watchlist,
        recipients: &'a Recipients,
        ids: &'a IdGen,
        now: Timestamp,
    ) -> Self {
        Self { store, watchlist, recipients, ids, now, log: BTreeMap::new(), alerts: Vec::new(), held: Vec::new() }
    }

    /// Decides whether `event` is told.
    pub(super) async fn decide(&mut self, event: &IncidentEvent) -> Result<(), StoreError> {
        self.load(event.incident.id).await?;
        let log = self.log.get(&event.incident.id).map_or(&[][..], Vec::as_slice);
        match policy::decide(event, log, self.now) {
            Decision::Send(reason) => self.owe(event.clone(), reason).await?,
            Decision::Hold(mute) => {
                self.held.push(Held { incident: event.incident.id, at: event.at, kind: event.kind, mute });
            }
        }
        Ok(())
    }

    /// Tells again of an incident that still burns, where that is due.
    pub(super) async fn remind(&mut self, incident: &Incident) -> Result<(), StoreError> {
        self.load(incident.id).await?;
        let log = self.log.get(&incident.id).map_or(&[][..], Vec::as_slice);
        if let Some(reason) = policy::due_repeat(incident, log, self.now) {
            let event = IncidentEvent {
                at: self.now,
                kind: EventKind::Moved,
                reason: "まだ収まっていません".to_owned(),
                incident: incident.clone(),
            };
            self.owe(event, reason).await?;
        }
        Ok(())
    }

    async fn load(&mut self, incident: IncidentId) -> Result<(), StoreError> {
        if let std::collections::btree_map::Entry::Vacant(entry) = self.log.entry(incident) {
            let told = self.store.told(incident).await?;
            entry.insert(
                told.into_iter().map(|t| Told { at: t.at, reason: t.reason, level: t.level, state: t.state }).collect(),
            );
        }
        Ok(())
    }

    async fn owe(&mut self, event: IncidentEvent, reason: Reason) -> Result<(), StoreError> {
        let incident = &event.incident;
        let recipients = self.recipients_of(incident).await?;
        let log = self.log.entry(incident.id).or_default();
        log.push(Told { at: self.now, reason, level: incident.level, state: incident.state });
        self.alerts.push(Alert {
            id: AlertId(self.ids.next(self.now)),
            incident: incident.id,
            sequence: u32::try_from(log.len()).unwrap_or(u32::MAX),
            reason,
            level: incident.level,
            state: incident.state,
            created_at: self.now,
            recipients,
            event,
        });
        Ok(())
    }

    /// An incident whose company left the watchlist keeps those who were told of it until it is closed.
    async fn recipients_of(&self, incident: &Incident) -> Result<Vec<String>, StoreError> {
        let now = self.recipients.addresses_for(self.watchlist, &incident.company);
        if self.watchlist.get(&incident.company).is_some() && !now.is_empty() {
            return Ok(now);
        }
        let before = self.store.told_to(incident.id).await?;
        Ok(if before.is_empty() { now } else { before })
    }
}
