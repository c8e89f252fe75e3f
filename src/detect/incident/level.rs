//! How bad: from evidence to a level, with the reasons. Detectors say *whether*, evidence says *how bad*.
//!
//! # Invariants
//! A pure function. Volume alone never makes 緊急; praise, an impersonated company and another company's story cap.

use super::super::wording::number;
use crate::model::incident::{IncidentRole, Level};

/// Independent people who tell of themselves, for 警戒.
const FIRSTHAND: u64 = 5;
/// They must also be so many times what is usual for the company.
const FIRSTHAND_TIMES: f64 = 3.0;
/// Originals in six hours that make people who complain a story and not a trickle.
const BUSY: u64 = 12;
/// Critical originals in an hour, for 警戒, and how many times the most that is normal.
const HOUR: u64 = 20;
const HOUR_TIMES: f64 = 3.0;
/// Critical originals in three days, for 緊急.
const MANY: f64 = 100.0;
/// … by so many people.
const MANY_PEOPLE: u64 = 30;
/// People that an article of the press must find talking, for 緊急.
const PRESS_PEOPLE: u64 = 5;
/// First-hand reports of people hurt, for 緊急.
const HURT: u64 = 3;
/// Posts and people behind a pick-up, for 警戒.
const PICKED_UP: u64 = 3;
/// Share of praise from which nothing rises above 注意, and from which it falls back to it.
const PRAISE_HOLDS: f64 = 0.4;
const PRAISE_LOWERS: f64 = 0.6;

/// What is known of an incident at one moment.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Debug, Clone, Default)]
pub(in crate::detect) struct Evidence {
    /// Distinct authors of critical originals.
    pub(in crate::detect) people: u64,
    pub(in crate::detect) originals: u64,
    /// Critical originals of three days beyond what is normal.
    pub(in crate::detect) excess: f64,
    /// Distinct authors who tell of themselves, and how many the company usually has in that time.
    pub(in crate::detect) firsthand: u64,
    pub(in crate::detect) firsthand_due: f64,
    /// It is about a leak or a danger, of which even slow reports weigh; complaints must come at some pace.
    pub(in crate::detect) cause: bool,
    /// Originals of the last six hours.
    pub(in crate::detect) six_hours: u64,
    /// Originals of the last hour: all, and those of the incident's own category; with the most that is normal.
    pub(in crate::detect) hour: u64,
    pub(in crate::detect) hour_upper: f64,
    pub(in crate::detect) own_hour: u64,
    pub(in crate::detect) own_upper: f64,
    /// More in the last hours than in those before.
    pub(in crate::detect) rising: bool,
    /// The spike has lasted.
    pub(in crate::detect) sustained: bool,
    /// A video's views doubled in a day: the sentence.
    pub(in crate::detect) views: Option<String>,
    /// Picked up by a summary site, a video or somebody with many followers: the sentence.
    pub(in crate::detect) picked_up: Option<String>,
    /// The press wrote; `press_hard` with a number or an authority.
    pub(in crate::detect) press: bool,
    pub(in crate::detect) press_hard: bool,
    /// First-hand authors who tell of an injury or illness.
    pub(in crate::detect) hurt: u64,
    /// Share of praise beyond what is normal, where there is enough of it.
    pub(in crate::detect) praise: Option<f64>,
    /// Most posts are about another company.
    pub(in crate::detect) elsewhere: bool,
}

impl Evidence {
    fn people_suffice(&self) -> bool {
        self.firsthand >= FIRSTHAND
            && (self.cause || self.six_hours >= BUSY)
            && self.firsthand as f64 >= FIRSTHAND_TIMES * self.firsthand_due
    }

    fn hour_suffices(&self) -> bool {
        let far = |n: u64, upper: f64| n >= HOUR && n as f64 > HOUR_TIMES * upper;
        far(self.hour, self.hour_upper) || far(self.own_hour, self.own_upper)
    }

    fn many_and_rising(&self) -> bool {
        self.excess >= MANY && self.people >= MANY_PEOPLE && self.rising && self.hour_suffices()
    }
}

/// What the evidence carries.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::detect) struct Verdict {
    pub(in crate::detect) level: Level,
    /// A guard holds it down, also from a level it has already.
    pub(in crate::detect) capped: bool,
    pub(in crate::detect) reasons: Vec<String>,
}

/// The level that the evidence carries, and why. `role` is the company's part; `now` is the level it has.
pub(in crate::detect) fn judge(e: &Evidence, role: IncidentRole, now: Level) -> Verdict {
    let mut reasons = Vec::new();
    let mut level = Level::Notice;
    let mut found = |at_least: Level, holds: bool, why: &dyn Fn() -> String| {
        if holds {
            level = level.max(at_least);
            reasons.push(why());
        }
    };
    let picked_up = e.picked_up.as_ref().filter(|_| e.originals >= PICKED_UP && e.people >= PICKED_UP);
    let press = e.press && e.people >= PICKED_UP;
    found(Level::Warning, e.hour_suffices(), &|| {
        format!("1時間に{}件（平常の上限{}件）", e.hour, number(e.hour_upper))
    });
    found(Level::Warning, e.people_suffice(), &|| format!("本人の体験として訴える人が{}人", e.firsthand));
    found(Level::Warning, e.sustained, &|| "増えた状態が6時間以上続く".to_owned());
    found(Level::Warning, e.views.is_some(), &|| e.views.clone().unwrap_or_default());
    found(Level::Warning, picked_up.is_some(), &|| picked_up.cloned().unwrap_or_default());
    found(Level::Warning, press, &|| "報道あり".to_owned());
    found(Level::Critical, press && e.press_hard && e.people >= PRESS_PEOPLE, &|| {
        "報道が人数や当局の動きを伝える".to_owned()
    });
    found(Level::Critical, e.many_and_rising(), &|| format!("批判の原投稿が{}件を超え、なお増加", number(MANY)));
    found(Level::Critical, e.hurt >= HURT, &|| format!("けがや体調不良を訴える人が{}人", e.hurt));

    let praised = e.praise.unwrap_or(0.0);
    let cap = if matches!(role, IncidentRole::Impersonated) {
        Some("なりすましへの注意喚起が中心のため注意まで".to_owned())
    } else if e.elsewhere {
        Some("他社の話題が中心のため注意まで".to_owned())
    } else if praised >= PRAISE_LOWERS || praised >= PRAISE_HOLDS && now <= Level::Notice {
        Some(format!("好意的な投稿が{}%のため注意まで", number((praised * 100.0).round())))
    } else {
        None
    };
    let capped = cap.is_some();
    reasons.extend(cap);
    let level = match level {
        _ if capped => Level::Notice,
        level if praised >= PRAISE_HOLDS => level.min(now),
        level => level,
    };
    Verdict { level, capped, reasons }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A quiet company's notice: a few people, nothing else.
    fn few() -> Evidence {
        Evidence { people: 4, originals: 4, cause: true, hour_upper: 2.0, own_upper: 1.0, ..Evidence::default() }
    }

    /// A crowd that still grows.
    fn crowd() -> Evidence {
        Evidence { people: 150, originals: 160, excess: 155.0, hour: 80, own_hour: 70, rising: true, ..few() }
    }

    #[test]
    fn evidence_makes_levels() {
        let sentence = Some("まとめサイトに転載".to_owned());
        let table: [(&str, Evidence, Level); 16] = [
            ("a few people", few(), Level::Notice),
            ("five who tell of themselves", Evidence { firsthand: 5, ..few() }, Level::Warning),
            ("five who complain in a trickle", Evidence { firsthand: 5, cause: false, ..few() }, Level::Notice),
            ("five where four are usual", Evidence { firsthand: 5, firsthand_due: 4.0, ..few() }, Level::Notice),
            ("twenty an hour", Evidence { hour: 20, ..few() }, Level::Warning),
            ("nineteen an hour", Evidence { hour: 19, ..few() }, Level::Notice),
            ("twenty where ten are normal", Evidence { hour: 20, hour_upper: 10.0, ..few() }, Level::Notice),
            ("a sustained spike", Evidence { sustained: true, ..few() }, Level::Warning),
            ("views that double", Evidence { views: sentence.clone(), ..few() }, Level::Warning),
            ("a pick-up", Evidence { picked_up: sentence.clone(), ..few() }, Level::Warning),
            ("a pick-up of one person", Evidence { picked_up: sentence, people: 1, ..few() }, Level::Notice),
            ("the press", Evidence { press: true, ..few() }, Level::Warning),
            (
                "the press with a number",
                Evidence { press: true, press_hard: true, people: 5, ..few() },
                Level::Critical,
            ),
            ("a growing crowd", crowd(), Level::Critical),
            ("a crowd that shrinks", Evidence { rising: false, ..crowd() }, Level::Warning),
            ("three hurt", Evidence { hurt: 3, ..few() }, Level::Critical),
        ];
        for (what, evidence, level) in table {
            assert_eq!(judge(&evidence, IncidentRole::SelfCaused, Level::Notice).level, level, "{what}");
        }
    }

    #[test]
    fn guards_cap_the_level_and_say_so() {
        let praised = |share| Evidence { praise: Some(share), ..crowd() };
        let by = |e: &Evidence, role, now| judge(e, role, now).level;
        assert_eq!(by(&praised(0.7), IncidentRole::SelfCaused, Level::Critical), Level::Notice);
        assert_eq!(by(&praised(0.45), IncidentRole::SelfCaused, Level::Notice), Level::Notice);
        assert_eq!(by(&praised(0.45), IncidentRole::SelfCaused, Level::Warning), Level::Warning);
        assert_eq!(by(&praised(0.1), IncidentRole::SelfCaused, Level::Notice), Level::Critical);
        assert_eq!(by(&crowd(), IncidentRole::Impersonated, Level::Notice), Level::Notice);
        assert_eq!(by(&crowd(), IncidentRole::Victim, Level::Notice), Level::Critical);
        let elsewhere = Evidence { elsewhere: true, ..crowd() };
        let Verdict { level, reasons, .. } = judge(&elsewhere, IncidentRole::Unknown, Level::Notice);
        assert_eq!(level, Level::Notice);
        assert!(reasons.last().is_some_and(|r| r.contains("他社")), "{reasons:?}");
    }

    #[test]
    fn volume_without_a_rise_and_without_normal_exceeded_is_never_critical() {
        for hour in [0, 50, 500, 5_000] {
            let loud = Evidence { hour, hour_upper: 2_000.0, own_upper: 2_000.0, rising: true, ..few() };
            assert!(judge(&loud, IncidentRole::SelfCaused, Level::Notice).level < Level::Critical);
        }
    }
}
