//! What becomes known of buckets that are closed already: late posts, and how much of them could be seen.

use super::{CountDetector, DISPERSION_MIN_BUCKET, SEASON_FLOOR, slot_of};

impl CountDetector {
    /// Adds posts to a closed bucket of the last 24 hours: they count in their own time. Older ones are refused
    /// (`false`): no window reaches back to them.
    pub fn add_late(&mut self, minute: f64, x: f64) -> bool {
        let slot = slot_of(minute, self.step);
        let oldest = self.last - self.lengths[2];
        if self.first.is_none_or(|first| slot < first) || slot <= oldest || slot > self.last {
            return false;
        }
        if self.at(slot).share <= 0.0 {
            self.reveal(slot);
        }
        let before = self.at(slot).posts - self.at(slot - 1).posts;
        let rate = self.a / self.b;
        let dispersion = self.bucket.value(DISPERSION_MIN_BUCKET);
        let normal = rate * self.season.factor(minute, dispersion * rate * 60.0 / self.step).product();
        let cap = self.cap(normal, dispersion, self.history_days(slot) + 0.02);
        let learned = (before + x).min(cap) - before.min(cap);
        for s in slot..=self.last {
            let mark = self.at_mut(s);
            mark.posts += x;
            if s > slot {
                mark.a += learned;
            }
        }
        self.posts += x;
        self.a += learned;
        self.season.learn_late(minute, learned);
        true
    }

    /// Corrects the share of a closed bucket of the last 24 hours: its sources have caught up, or turn out to have been
    /// dark. What nobody saw at all stays unknown until a late post says otherwise.
    pub fn reshare(&mut self, minute: f64, share: f64) {
        let slot = slot_of(minute, self.step);
        let known = self.first.is_some_and(|first| slot >= first) && slot > self.last - self.lengths[2];
        let before = self.at(slot).share;
        if !known || slot > self.last || before <= 0.0 {
            return;
        }
        let (rate, dispersion) = (self.a / self.b, self.bucket.value(DISPERSION_MIN_BUCKET));
        let more = share - before;
        let factor = self.season.factor(minute, dispersion * rate * 60.0 / self.step);
        let f = factor.product();
        self.at_mut(slot).share = share;
        for later in slot..=self.last {
            let mark = self.at_mut(later);
            mark.exposure += more * f.max(SEASON_FLOOR);
            if later > slot {
                mark.b += more * f;
            }
        }
        self.exposure += more * f.max(SEASON_FLOOR);
        self.b += more * f;
        self.season.expect_late(minute, more * rate, factor);
    }

    /// A late post proves that somebody has looked after all: the blind stretch around it becomes an ordinary one,
    /// so that its ordinary posts are expected and not a spike.
    fn reveal(&mut self, slot: i64) {
        let oldest = self.last - self.lengths[2];
        let (mut from, mut to) = (slot, slot);
        while from - 1 > oldest && self.at(from - 1).share <= 0.0 {
            from -= 1;
        }
        while to < self.last && self.at(to + 1).share <= 0.0 {
            to += 1;
        }
        for s in from..=to {
            self.at_mut(s).share = 1.0;
            for later in s..=self.last {
                self.at_mut(later).exposure += 1.0;
            }
            self.exposure += 1.0;
            self.b += 1.0;
        }
    }
}
