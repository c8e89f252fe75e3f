//! The sentences that tell what has changed.

use super::Fire;
use crate::{
    detect::wording,
    model::{
        incident::{EventKind, State},
        post::Channel,
        time::Zone,
    },
};

impl Fire {
    pub(super) fn reason_with(&mut self, evidence: Vec<String>, zone: Zone) {
        let mut reasons = vec![self.incident.finding.why.clone()];
        reasons.extend(evidence);
        if let Some(at) = self.incident.press_at {
            reasons.push(format!("報道の初出 {}", at.short(zone)));
        }
        self.incident.reasons = reasons;
    }

    pub(super) fn sentence(&self, kind: EventKind, zone: Zone) -> String {
        let i = &self.incident;
        match kind {
            EventKind::Opened => wording::opened_ja(&i.finding),
            EventKind::Reignited => format!("再び増加: {}", i.finding.why),
            EventKind::Raised => format!("{}に上昇: {}", i.level.ja(), self.raised_by()),
            EventKind::Lowered => format!("{}に下降: {}", i.level.ja(), self.lowered_by()),
            EventKind::Press => {
                i.press_at.map_or_else(String::new, |at| format!("報道が始まった（初出 {}）", at.short(zone)))
            }
            EventKind::Restated => i.affected.as_ref().map_or_else(String::new, |a| {
                let previous = a.previous.map_or_else(String::new, |p| format!("、前回{p}"));
                format!("影響の数が{}とされた（{}{previous}、未確認）", a.number, a.source)
            }),
            EventKind::Recategorized => format!("話題の中心が{}に変わった", i.category.ja()),
            EventKind::Rerolled => format!("立場の見立てが「{}」に変わった", i.role.ja()),
            EventKind::Moved | EventKind::Resolved => self.movement(),
        }
    }

    /// The guard that caps, or the calm.
    fn lowered_by(&self) -> String {
        let cap = self.incident.reasons.iter().find(|r| r.ends_with("注意まで"));
        cap.cloned().unwrap_or_else(|| "12時間平常の範囲に収まっている".to_owned())
    }

    /// The last reason that speaks for the level it has now.
    fn raised_by(&self) -> String {
        let press = |r: &&String| !r.starts_with("報道の初出");
        self.incident.reasons.iter().skip(1).rfind(press).unwrap_or(&self.incident.finding.why).clone()
    }

    fn movement(&self) -> String {
        let (hour, normal) = (self.incident.counts.last_hour, wording::number(self.normal.all));
        let here = format!("直近1時間 {hour}件（平常{normal}件）");
        if self.incident.state != State::Growing {
            return if hour == 0 {
                "新しい投稿は止まっている".to_owned()
            } else {
                format!("{here}で続いている")
            };
        }
        let joined: Vec<&str> = self.joined.iter().map(|c| place(*c)).collect();
        match (joined.is_empty(), self.louder) {
            (true, _) => format!("{here}に増加"),
            (false, true) => format!("{here}に増加、{}", joined.join("・")),
            (false, false) => joined.join("・"),
        }
    }
}

/// Where it has arrived.
const fn place(channel: Channel) -> &'static str {
    match channel {
        Channel::Matome => "まとめサイトに掲載",
        Channel::Video => "動画に取り上げられた",
        Channel::News => "報道が始まった",
        _ => "別の場所に広がった",
    }
}
