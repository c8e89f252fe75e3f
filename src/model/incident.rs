//! A finding that lasts: opened, risen, told of, closed.

use serde::{Deserialize, Serialize};

use super::{
    ids::{IncidentId, MentionId, PostId},
    mention::Category,
    post::Channel,
    time::{Span, Timestamp},
    watch::CompanyName,
    words::words,
};

/// How bad. Ordered: a rise is `>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub enum Level {
    /// 平常: inside the normal band.
    #[default]
    Normal,
    /// 注意: look today.
    Notice,
    /// 警戒: act within two hours.
    Warning,
    /// 緊急: act now.
    Critical,
}

impl Level {
    /// 0 to 3.
    pub const fn number(self) -> u8 {
        self as u8
    }
    /// 平常, 注意, 警戒, 緊急.
    pub const fn ja(self) -> &'static str {
        ["平常", "注意", "警戒", "緊急"][self as usize]
    }
    /// In English: normal, notice, warning, critical.
    pub const fn en(self) -> &'static str {
        ["normal", "notice", "warning", "critical"][self as usize]
    }
    /// The shape that goes with the word, so that colour is never alone. All are JIS characters.
    pub const fn mark(self) -> &'static str {
        ["●", "◆", "▲", "■"][self as usize]
    }
}

impl From<Level> for u8 {
    fn from(level: Level) -> Self {
        level as Self
    }
}

impl TryFrom<u8> for Level {
    type Error = String;
    fn try_from(n: u8) -> Result<Self, String> {
        match n {
            0 => Ok(Self::Normal),
            1 => Ok(Self::Notice),
            2 => Ok(Self::Warning),
            3 => Ok(Self::Critical),
            _ => Err(format!("{n} is no level: they go from 0 to 3")),
        }
    }
}

words! {
    /// Which way it moves.
    State {
        /// It began.
        New = "発生",
        /// It grows: the level rises, the volume doubles, or another kind of channel joins.
        Growing = "拡大",
        /// Above normal, and no rise.
        Continuing = "継続",
        /// Over: 48 hours inside the normal band.
        Resolved = "収束",
        /// Back within 60 days of being over.
        Reignited = "再燃",
        /// A person closed it as a false alarm.
        FalseAlarm = "誤検知",
    }
}

impl State {
    /// Closed, by itself or by a person.
    pub const fn is_closed(self) -> bool {
        matches!(self, Self::Resolved | Self::FalseAlarm)
    }
    /// In English, for `--lang en`.
    pub const fn en(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Growing => "growing",
            Self::Continuing => "continuing",
            Self::Resolved => "resolved",
            Self::Reignited => "reignited",
            Self::FalseAlarm => "false alarm",
        }
    }
}

words! {
    /// The company's part in an incident: an editable guess with reasons, never stated as fact.
    IncidentRole {
        /// Posts say it is the company's own doing.
        SelfCaused = "self_caused",
        /// A contractor's staff did it.
        ContractorStaff = "contractor_staff",
        /// A contractor leaked the company's customers: harmed, and still answerable.
        ClientOfContractor = "client_of_contractor",
        /// Somebody harms the company.
        Victim = "victim",
        /// Somebody pretends to be the company.
        Impersonated = "impersonated",
        /// Its words were twisted.
        Misquoted = "misquoted",
        /// Posts do not say.
        Unknown = "unknown",
    }
}

impl IncidentRole {
    /// For people.
    pub const fn ja(self) -> &'static str {
        match self {
            Self::SelfCaused => "当社起因の疑い",
            Self::ContractorStaff => "委託先起因の疑い",
            Self::ClientOfContractor => "委託元（被害と説明責任）",
            Self::Victim => "被害（第三者）",
            Self::Impersonated => "なりすまされた",
            Self::Misquoted => "誤って引用された",
            Self::Unknown => "不明",
        }
    }
}

words! {
    /// Which detector spoke first.
    DetectorName {
        /// Counts against normal.
        Count = "count",
        /// One grave post.
        Grave = "grave",
        /// Independent people telling the same story over up to 90 days.
        Ember = "ember",
        /// Views of a video growing.
        Views = "views",
    }
}

/// What a detector reports.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Which detector.
    pub detector: DetectorName,
    /// About what.
    pub category: Category,
    /// Seen at.
    pub at: Timestamp,
    /// Posts in the window that spoke (people, for embers).
    pub observed: f64,
    /// Posts a normal window of this length would hold.
    pub expected: f64,
    /// The window.
    pub window: Span,
    /// Chance of so many in a normal window; `None` where no such chance was computed.
    pub p_value: Option<f64>,
    /// The mention it began with.
    pub origin: Option<MentionId>,
    /// One sentence for people, Japanese.
    pub why: String,
}

/// How many people or records were hit, as somebody said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatedCount {
    /// The number.
    pub number: u64,
    /// Who said so: the source or the author of the post.
    pub source: String,
    /// When.
    pub at: Timestamp,
    /// What was said before, if it was another number.
    pub previous: Option<u64>,
}

/// The first post on one road.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChannelFirst {
    /// The road.
    pub channel: Channel,
    /// Its first post.
    pub first_at: Timestamp,
    /// Posts so far.
    pub posts: u64,
}

/// Running totals of an incident.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Posts about it, repeats and reposts included.
    pub mentions: u64,
    /// Independent critical originals.
    pub originals: u64,
    /// Distinct authors of originals.
    pub authors: u64,
    /// Distinct authors who tell of themselves.
    pub firsthand: u64,
    /// Articles of the press.
    pub press: u64,
    /// Posts that praise or support.
    pub praise: u64,
    /// Originals in the last hour.
    pub last_hour: u64,
    /// Originals a normal hour holds.
    pub normal_hour: f64,
    /// The most originals in one hour so far.
    pub peak_hour: u64,
    /// The largest following of one author.
    pub max_followers: u64,
    /// The most views of one video.
    pub views: u64,
}

impl Counts {
    /// The last hour against a normal one. A quiet company's normal is held at 0.1 so that one post is not infinite.
    pub fn ratio(&self) -> f64 {
        self.last_hour as f64 / self.normal_hour.max(0.1)
    }
}

/// Something that burns, from first sight to the end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Its row.
    pub id: IncidentId,
    /// What people call it by, counted from 1: `HN-0127`.
    pub number: u64,
    /// Whose.
    pub company: CompanyName,
    /// What about.
    pub category: Category,
    /// The company's part, as posts say.
    pub role: IncidentRole,
    /// How bad.
    pub level: Level,
    /// Which way it moves.
    pub state: State,
    /// The finding that opened it.
    pub finding: Finding,
    /// The first post that belongs to it, and its name within its source (a post's id in a recording).
    pub origin_post: PostId,
    /// See `origin_post`.
    pub origin_external_id: String,
    /// When that post was published.
    pub first_post_at: Timestamp,
    /// When we noticed.
    pub opened_at: Timestamp,
    /// The last post that belongs to it.
    pub last_seen_at: Timestamp,
    /// When level or state last changed.
    pub changed_at: Timestamp,
    /// When it ended.
    pub closed_at: Option<Timestamp>,
    /// The first article of the press.
    pub press_at: Option<Timestamp>,
    /// How many were hit, as last said.
    pub affected: Option<StatedCount>,
    /// Running totals.
    pub counts: Counts,
    /// First post per road, by time.
    pub channels: Vec<ChannelFirst>,
    /// Why it has this level: short sentences, Japanese.
    pub reasons: Vec<String>,
}

impl Incident {
    /// `HN-0127`.
    pub fn code(&self) -> String {
        format!("HN-{:04}", self.number)
    }
}

words! {
    /// What changed.
    EventKind {
        /// It was opened.
        Opened = "opened",
        /// The level rose.
        Raised = "raised",
        /// The level fell.
        Lowered = "lowered",
        /// The state changed and the level did not.
        Moved = "moved",
        /// Another category fits better.
        Recategorized = "recategorized",
        /// Another role fits better.
        Rerolled = "rerolled",
        /// A new number of people or records hit.
        Restated = "restated",
        /// The press wrote for the first time.
        Press = "press",
        /// It is over.
        Resolved = "resolved",
        /// It is back.
        Reignited = "reignited",
    }
}

/// One change of an incident, with the incident as it stands afterwards.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IncidentEvent {
    /// When, in the time of the run.
    pub at: Timestamp,
    /// What changed.
    pub kind: EventKind,
    /// One sentence for people, Japanese.
    pub reason: String,
    /// Afterwards.
    pub incident: Incident,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_rise_in_their_order_and_are_numbers_outside() {
        assert!(Level::Critical > Level::Warning && Level::Warning > Level::Notice);
        assert_eq!(serde_json::to_string(&Level::Warning).unwrap(), "2");
        assert!(serde_json::from_str::<Level>("4").is_err());
    }
}
