//! What is known of an incident at one moment, for judging its level.

use super::super::level::Evidence;
use super::super::part::is_cause;
use super::{DAY, Fire, HOUR};
use crate::{
    detect::tallies,
    model::time::{Span, Timestamp},
};

/// A spike that lasts: so long, with so many originals in a day, so many times the most that is normal.
const SUSTAINED: Span = Span::hours(6);
const SUSTAINED_SIX: u64 = 12;
const SUSTAINED_DAY: u64 = 30;
const SUSTAINED_TIMES: f64 = 2.0;
/// Praise worth weighing: so many posts in three hours.
const PRAISE_MIN: f64 = 8.0;

impl Fire {
    pub(super) fn evidence(&self, now: Timestamp) -> Evidence {
        let hour = self.pulse.within(HOUR, now);
        let (six, day) = (self.pulse.within(Span::hours(6), now), self.pulse.within(DAY, now));
        let three_days = self.pulse.within(Span::hours(72), now);
        let recent = self.pulse.within(Span::hours(3), now);
        let earlier = self.pulse.within(Span::hours(6), now).originals - recent.originals;
        let age = now - self.incident.first_post_at;
        let watched = age.as_hours().clamp(1.0, 72.0);
        let usual = if is_cause(&self.incident.category) { self.normal.own } else { self.normal.all };
        let day_upper = tallies::upper(self.normal.all * 24.0, 0.1);
        let six_upper = tallies::upper(self.normal.all * 6.0, 0.1);
        let burning = six.originals >= SUSTAINED_SIX && six.originals as f64 > SUSTAINED_TIMES * six_upper;
        Evidence {
            people: self.people.len() as u64,
            originals: self.incident.counts.originals,
            excess: three_days.originals as f64 - self.normal.all * watched,
            firsthand: self.firsthand.len() as u64,
            firsthand_due: usual * age.as_hours().clamp(1.0, 24.0 * 60.0),
            cause: is_cause(&self.incident.category),
            six_hours: six.originals,
            hour: hour.originals,
            hour_upper: self.normal.all_upper,
            own_hour: hour.own,
            own_upper: self.normal.own_upper,
            rising: recent.originals > earlier,
            sustained: now - self.incident.opened_at >= SUSTAINED
                && burning
                && day.originals >= SUSTAINED_DAY
                && day.originals as f64 > SUSTAINED_TIMES * day_upper
                && self.incident.counts.authors >= SUSTAINED_DAY / 2,
            views: self.views.clone().filter(|_| day.originals >= 3),
            picked_up: self.picked_up.clone(),
            press: self.press,
            press_hard: self.press_hard,
            hurt: self.hurt.len() as u64,
            praise: self.praise_share(now),
            elsewhere: self.voices.elsewhere(),
        }
    }

    /// Of the last three hours, or of the day where those are too few: a wave that ebbs was still one of praise.
    pub(super) fn praise_share(&self, now: Timestamp) -> Option<f64> {
        [3, 24].into_iter().find_map(|hours| {
            let recent = self.pulse.within(Span::hours(hours), now);
            let praise = recent.praise as f64 - hours as f64 * self.normal.praise;
            (praise >= PRAISE_MIN).then(|| praise / (praise + recent.originals as f64))
        })
    }
}
