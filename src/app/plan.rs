//! Where to look and with which manners: what the visiting loop goes by until somebody changes it.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    collect::{
        CollectParams,
        fetch::Fetch,
        kind::Built,
        source::Source,
        sources::{self, SourceParams},
    },
    model::{
        post::SourceName,
        time::{Span, Timestamp},
    },
};

/// One generation of what is visited.
pub(super) struct Plan {
    pub sources: Vec<Planned>,
    pub collect: CollectParams,
    pub fetch: Arc<dyn Fetch>,
    /// How long the texts of each source may be kept by its operator's terms.
    pub kept: Vec<(SourceName, Option<Span>)>,
}

/// One source.
pub(super) struct Planned {
    pub source: Arc<dyn Source>,
    /// The word of the configuration, for the metrics.
    pub kind: &'static str,
    /// How often it is visited.
    pub every: Span,
    /// Since when it has been on the list of this process.
    pub since: Timestamp,
}

impl Planned {
    pub(super) fn name(&self) -> &SourceName {
        &self.source.basics().name
    }
}

impl Plan {
    /// A source that was in the plan before keeps its age: reloading often must not hide a source that is silent.
    pub(super) fn new(
        params: &[SourceParams],
        collect: &CollectParams,
        fetch: Arc<dyn Fetch>,
        before: Option<&Self>,
        now: Timestamp,
    ) -> Self {
        let known: BTreeMap<&SourceName, Timestamp> =
            before.iter().flat_map(|plan| &plan.sources).map(|p| (p.name(), p.since)).collect();
        let planned = |params: &SourceParams| {
            let since = known.get(&params.basics.name).copied().unwrap_or(now);
            match sources::build(params, collect) {
                Built::Polled(source) => {
                    let every = source.basics().poll_every.unwrap_or(collect.poll_every);
                    Some(Planned { source, kind: params.kind.word, every, since })
                }
                Built::Streamed(_) => None,
            }
        };
        let kept = params.iter().map(|p| (p.basics.name.clone(), p.kind.terms.kept)).collect();
        Self { sources: params.iter().filter_map(planned).collect(), collect: collect.clone(), fetch, kept }
    }

    /// Twice the longest pause between visits, and an hour at least; `None` without sources.
    pub(super) fn patience(&self) -> Option<Span> {
        self.sources.iter().map(|p| p.every).max().map(|longest| longest.times(2).max(Span::hours(1)))
    }
}
