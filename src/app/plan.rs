//! Where to look and with which manners: what the visiting and the listening loop go by until somebody changes it.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    collect::{
        CollectParams,
        fetch::Fetch,
        kind::Built,
        source::Source,
        sources::{self, SourceParams},
        stream::Stream,
    },
    model::{
        post::SourceName,
        time::{Span, Timestamp},
    },
};

/// What a stream counts as being visited: one that has said nothing for three times this is silent.
const HEARD_EVERY: Span = Span::minutes(5);

/// One generation of what is visited and listened to.
pub(super) struct Plan {
    pub sources: Vec<Planned>,
    pub streams: Vec<PlannedStream>,
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

/// One source that speaks by itself.
#[derive(Clone)]
pub(super) struct PlannedStream {
    pub stream: Arc<dyn Stream>,
    /// What it was built from: the same words are the same line.
    pub params: SourceParams,
    /// Since when it has been on the list of this process.
    pub since: Timestamp,
}

impl PlannedStream {
    pub(super) fn name(&self) -> &SourceName {
        &self.stream.basics().name
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
            before.iter().flat_map(|plan| plan.listed()).map(|(name, _, since)| (name, since)).collect();
        let (mut sources, mut streams) = (Vec::new(), Vec::new());
        for params in params {
            let since = known.get(&params.basics.name).copied().unwrap_or(now);
            match sources::build(params, collect) {
                Built::Polled(source) => {
                    let every = source.basics().poll_every.unwrap_or(collect.poll_every);
                    sources.push(Planned { source, kind: params.kind.word, every, since });
                }
                Built::Streamed(stream) => streams.push(PlannedStream { stream, params: params.clone(), since }),
            }
        }
        let kept = params.iter().map(|p| (p.basics.name.clone(), p.kind.terms.kept)).collect();
        Self { sources, streams, collect: collect.clone(), fetch, kept }
    }

    /// Every source of either sort: its name, how often it should be heard of, since when it is listed.
    pub(super) fn listed(&self) -> impl Iterator<Item = (&SourceName, Span, Timestamp)> {
        let visited = self.sources.iter().map(|p| (p.name(), p.every, p.since));
        visited.chain(self.streams.iter().map(|s| (s.name(), HEARD_EVERY, s.since)))
    }

    /// Whether the lines of `other` may stay as they are.
    pub(super) fn same_lines(&self, other: &Self) -> bool {
        let params = |plan: &Self| plan.streams.iter().map(|s| s.params.clone()).collect::<Vec<_>>();
        self.collect == other.collect && params(self) == params(other)
    }

    /// Twice the longest pause between visits, and an hour at least; `None` without sources.
    pub(super) fn patience(&self) -> Option<Span> {
        self.listed().map(|(_, every, _)| every).max().map(|longest| longest.times(2).max(Span::hours(1)))
    }
}
