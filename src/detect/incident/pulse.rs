//! How many posts of an incident came when: the last three days in buckets.

use std::collections::BTreeMap;

use super::super::tallies::{BUCKET, bucket_of, start_of};
use crate::model::time::{Span, Timestamp};

const KEPT: Span = Span::hours(72);

/// Posts of one bucket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Beat {
    /// Critical originals.
    pub(super) originals: u64,
    /// Those of the incident's own category.
    pub(super) own: u64,
    pub(super) praise: u64,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Pulse(BTreeMap<i64, Beat>);

impl Pulse {
    pub(super) fn at(&mut self, at: Timestamp) -> &mut Beat {
        self.0.entry(bucket_of(at)).or_default()
    }

    /// Sums the buckets that ended in `(until − span, until]`; the open bucket at `until` belongs to it.
    pub(super) fn within(&self, span: Span, until: Timestamp) -> Beat {
        let last = bucket_of(until);
        let first = last - span.millis() / BUCKET.millis() + 1;
        self.0.range(first..=last).fold(Beat::default(), |sum, (_, beat)| Beat {
            originals: sum.originals + beat.originals,
            own: sum.own + beat.own,
            praise: sum.praise + beat.praise,
        })
    }

    pub(super) fn forget(&mut self, now: Timestamp) {
        while self.0.first_key_value().is_some_and(|(bucket, _)| start_of(*bucket) < now - KEPT) {
            self.0.pop_first();
        }
    }
}
