//! A post about one company: what it says, how badly, and by which words.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::{
    ids::{MentionId, PostId},
    post::Post,
    time::Timestamp,
    watch::CompanyName,
    words::words,
};

/// What a post is about. The names come from the lexicon files, so a customer can add one without code.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Category(pub Cow<'static, str>);

impl Category {
    /// Personal or confidential data in the wrong hands.
    pub const LEAK: Self = Self(Cow::Borrowed("leak"));
    /// A grievance.
    pub const COMPLAINT: Self = Self(Cow::Borrowed("complaint"));
    /// Injury, illness, fire, foreign objects.
    pub const SAFETY: Self = Self(Cow::Borrowed("safety"));
    /// How staff behaved.
    pub const CONDUCT: Self = Self(Cow::Borrowed("conduct"));
    /// A call not to buy.
    pub const BOYCOTT: Self = Self(Cow::Borrowed("boycott"));
    /// Outage, recall, sanction, apology.
    pub const INCIDENT: Self = Self(Cow::Borrowed("incident"));
    /// Praise and support.
    pub const PRAISE: Self = Self(Cow::Borrowed("praise"));
    /// None of them.
    pub const OTHER: Self = Self(Cow::Borrowed("other"));

    /// The word in files, tables and JSON.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// For people; a customer's own category is shown as it is written.
    pub fn ja(&self) -> &str {
        match self.as_str() {
            "leak" => "情報漏えい",
            "complaint" => "苦情",
            "safety" => "安全",
            "conduct" => "不適切な行為",
            "boycott" => "不買の呼びかけ",
            "incident" => "障害・不祥事",
            "praise" => "好意",
            "other" => "その他",
            own => own,
        }
    }

    /// Which of two equally strong categories a post is filed under: the smaller number wins.
    pub fn precedence(&self) -> u8 {
        match self.as_str() {
            "leak" => 0,
            "safety" => 1,
            "conduct" => 2,
            "boycott" => 3,
            "incident" => 4,
            "complaint" => 5,
            "praise" => 7,
            "other" => 8,
            _ => 6,
        }
    }

    /// Whether posts of this category can set off an alarm.
    pub fn is_risk(&self) -> bool {
        !matches!(self.as_str(), "praise" | "other")
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

words! {
    /// The company's part in what one post tells.
    Role {
        /// It is blamed.
        Accused = "accused",
        /// It suffers: somebody else leaked its customers' data, impersonates it, harms it.
        Victim = "victim",
        /// The story is about somebody else.
        Bystander = "bystander",
        /// It is praised.
        Praised = "praised",
        /// There is no risk story.
        Unrelated = "unrelated",
    }
}

words! {
    /// From where the writer speaks.
    Stance {
        /// It happened to the writer.
        Firsthand = "firsthand",
        /// What the writer thinks.
        Opinion = "opinion",
        /// What the writer has heard.
        Hearsay = "hearsay",
        /// A report by the press.
        Report = "report",
        /// The company's own word, or an authority's.
        Official = "official",
        /// Against the one who complained.
        AgainstPoster = "against_poster",
    }
}

impl Stance {
    /// For people.
    pub const fn ja(self) -> &'static str {
        match self {
            Self::Firsthand => "体験",
            Self::Opinion => "意見",
            Self::Hearsay => "伝聞",
            Self::Report => "報道",
            Self::Official => "公式",
            Self::AgainstPoster => "投稿者への批判",
        }
    }
}

words! {
    /// Of the passage towards the company.
    Polarity {
        /// Against it.
        Negative = "negative",
        /// Neither.
        Neutral = "neutral",
        /// For it.
        Positive = "positive",
    }
}

words! {
    /// Why one post alone is enough for somebody to look.
    Grave {
        /// Staff contacted a customer, or an insider speaks about data.
        Insider = "insider",
        /// Somebody was hurt, fell ill, or found a foreign object.
        Injury = "injury",
        /// A threat.
        Threat = "threat",
        /// The writer says that his own data leaked (a symptom alone is not such a claim).
        LeakClaim = "leak_claim",
    }
}

/// Words in the text that led to a score.
///
/// # Invariants
/// `start..end` counts Unicode scalar values of the post's `text` (of its `title` where `in_title`), and
/// `surface` is exactly that slice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// What the words suggest.
    pub category: Category,
    /// First letter.
    pub start: usize,
    /// After the last letter.
    pub end: usize,
    /// The words themselves.
    pub surface: String,
    /// Points they gave, after negation, distance and repetition.
    pub weight: f32,
    /// Which rule found them, for people.
    pub why: String,
    /// The words stand in the title.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_title: bool,
}

/// What a post says about one company.
#[expect(clippy::struct_excessive_bools, reason = "the flags are independent of each other and part of the contract")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mention {
    /// About whom.
    pub company: CompanyName,
    /// The strongest category.
    pub category: Category,
    /// Points per category; the absent ones have none.
    pub scores: BTreeMap<Category, f32>,
    /// It voices or reports a grievance.
    pub complaint: bool,
    /// It reports, alleges or suspects a leak, now.
    pub leak: bool,
    /// A duty officer would want it counted.
    pub alert_worthy: bool,
    /// The company's part in it.
    pub role: Role,
    /// For or against the company.
    pub polarity: Polarity,
    /// From where the writer speaks.
    pub stance: Stance,
    /// An old case retold.
    pub retrospective: bool,
    /// People or records hit, as the post says.
    pub affected_count: Option<u64>,
    /// Sum of the complaint axis.
    pub complaint_score: f32,
    /// Sum of the leak axis.
    pub leak_score: f32,
    /// One post of this kind is enough for somebody to look.
    pub grave: Option<Grave>,
    /// The kind of story that is told (`勧誘の電話`), the same for different wordings; embers are gathered by it.
    pub symptom: Option<String>,
    /// The words behind all this.
    pub evidence: Vec<Evidence>,
}

words! {
    /// What became of a post for one company. Exactly one each; nothing is dropped unsaid.
    Fate {
        /// An independent critical original: the detectors count it.
        Counted = "counted",
        /// About the company, and nothing a duty officer would want.
        Below = "below",
        /// Praise.
        Praise = "praise",
        /// The characters are there and mean something else.
        Excluded = "excluded",
        /// An old case retold.
        Retrospective = "retrospective",
        /// The company's own word.
        OwnChannel = "own_channel",
        /// Repeats another post.
        Repost = "repost",
        /// The same text as a post already counted.
        SameText = "same_text",
        /// The same author within the same hour.
        SameAuthor = "same_author",
        /// History of a new source: it teaches what is normal and alerts nobody.
        WarmUp = "warm_up",
        /// The same video or post with newer numbers.
        Snapshot = "snapshot",
    }
}

/// A mention as it is stored, with all that detectors and mails want to know of its post.
#[derive(Debug, Clone, PartialEq)]
pub struct MentionRecord {
    /// Its number.
    pub id: MentionId,
    /// Its post's number.
    pub post_id: PostId,
    /// The time that counts.
    pub at: Timestamp,
    /// The post.
    pub post: Post,
    /// What it says about the company.
    pub mention: Mention,
    /// What became of it.
    pub fate: Fate,
    /// Pseudonym of the author within the source; `None` where the source names nobody.
    pub author_key: Option<String>,
    /// The same for identical texts.
    pub text_key: String,
}
