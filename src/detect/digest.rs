//! What the detectors keep of a mention: a few words and numbers instead of the text.
//!
//! # Invariants
//! No text, no name: a digest outlives the text it was made from, and an erased post must not live on in here.
//! Keys are hashes that are the same in every run.

use crate::model::{
    ids::{MentionId, PostId},
    mention::{Category, Fate, Grave, MentionRecord, Polarity, Role, Stance},
    post::Channel,
    time::Timestamp,
};

/// Words that tell who did what to whom, where the mention's own fields do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cue {
    /// Somebody was hurt or fell ill.
    Hurt,
    /// An authority is named.
    Authority,
    /// Somebody pretends to be the company.
    Pretender,
    /// A contractor did it.
    Contractor,
    /// Its words were twisted.
    Twisted,
    /// A customer or a stranger harms the company.
    Harmed,
}

const CUES: [(Cue, &[&str]); 6] = [
    (
        Cue::Hurt,
        &[
            "けが",
            "怪我",
            "ケガ",
            "やけど",
            "火傷",
            "骨折",
            "出血",
            "救急",
            "入院",
            "搬送",
            "重体",
            "重症",
            "死亡",
            "亡くな",
            "吐い",
            "嘔吐",
            "下痢",
            "食中毒",
            "意識を失",
            "口を切",
            "歯が欠け",
        ],
    ),
    (
        Cue::Authority,
        &[
            "警察",
            "警視庁",
            "県警",
            "逮捕",
            "書類送検",
            "保健所",
            "消費者庁",
            "金融庁",
            "総務省",
            "経済産業省",
            "経産省",
            "厚生労働省",
            "厚労省",
            "国土交通省",
            "国交省",
            "個人情報保護委員会",
            "公正取引委員会",
            "労基",
            "労働基準監督署",
            "立ち入り",
            "業務改善命令",
            "業務停止",
            "行政指導",
            "行政処分",
        ],
    ),
    (
        Cue::Pretender,
        &[
            "なりすま",
            "成りすま",
            "かたる",
            "騙る",
            "を装",
            "を名乗",
            "偽サイト",
            "偽SMS",
            "偽メール",
            "偽の",
            "ニセ",
            "フィッシング",
            "乗っ取",
        ],
    ),
    (Cue::Contractor, &["委託先", "委託業者", "下請", "派遣社員", "派遣会社", "業務委託", "代行会社", "子会社の元"]),
    (
        Cue::Twisted,
        &[
            "切り取",
            "曲解",
            "歪曲",
            "誤解され",
            "誤解を招く報道",
            "誤訳",
            "そんなことは言って",
            "言ってもいない",
            "発言の真意",
        ],
    ),
    (
        Cue::Harmed,
        &[
            "迷惑客",
            "迷惑行為",
            "客の迷惑",
            "客テロ",
            "被害届",
            "風評被害",
            "模倣犯",
            "いたずら",
            "被害者は店",
            "店は被害",
        ],
    ),
];

/// A mention as detectors see it.
#[expect(clippy::struct_excessive_bools, reason = "a row of facts, each its own")]
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) id: MentionId,
    pub(super) post_id: PostId,
    pub(super) external_id: String,
    pub(super) source: String,
    /// The time that counts.
    pub(super) at: Timestamp,
    /// When we saw it: the time of a snapshot's numbers.
    pub(super) collected_at: Timestamp,
    pub(super) category: Category,
    pub(super) fate: Fate,
    pub(super) channel: Channel,
    pub(super) stance: Stance,
    pub(super) role: Role,
    pub(super) praises: bool,
    /// Against the company.
    pub(super) negative: bool,
    pub(super) leak: bool,
    /// It would be worth an alert if it were news.
    pub(super) worthy: bool,
    /// The author, or the text where nobody is named.
    pub(super) author: u64,
    pub(super) text: u64,
    /// The post's name within its source.
    pub(super) name: u64,
    pub(super) repost_of: Option<u64>,
    pub(super) followers: u64,
    pub(super) views: Option<u64>,
    pub(super) affected: Option<u64>,
    pub(super) grave: Option<Grave>,
    pub(super) symptom: Option<String>,
    /// The evidence words, for telling one story from another.
    pub(super) words: Vec<u64>,
    cues: u8,
}

impl Seen {
    pub(super) fn of(record: &MentionRecord) -> Self {
        let (post, mention) = (&record.post, &record.mention);
        let text = key(&record.text_key);
        let praises = record.fate == Fate::Praise
            || mention.category == Category::PRAISE
            || record.fate != Fate::Counted && mention.polarity == Polarity::Positive && mention.role == Role::Praised;
        let mut words: Vec<u64> = mention.evidence.iter().map(|e| key(&e.surface)).collect();
        words.extend(mention.symptom.iter().map(|s| key(s)));
        words.sort_unstable();
        words.dedup();
        Self {
            worthy: mention.alert_worthy && mention.category.is_risk(),
            id: record.id,
            post_id: record.post_id,
            external_id: post.external_id.clone(),
            source: post.source.0.clone(),
            at: record.at,
            collected_at: post.collected_at,
            category: mention.category.clone(),
            fate: record.fate,
            channel: post.channel,
            stance: mention.stance,
            role: mention.role,
            praises,
            negative: mention.polarity == Polarity::Negative,
            leak: mention.leak,
            author: record.author_key.as_deref().map_or(text, key),
            text,
            name: key(&post.external_id),
            repost_of: post.repost_of.as_deref().map(key),
            followers: post.author_followers.unwrap_or(0),
            views: post.views,
            affected: mention.affected_count,
            grave: mention.grave,
            symptom: mention.symptom.clone(),
            words,
            cues: cues(post.title.as_deref().unwrap_or_default(), &post.text),
        }
    }

    /// An independent critical original.
    pub(super) fn counts(&self) -> bool {
        self.fate == Fate::Counted && self.category.is_risk()
    }

    pub(super) fn is_firsthand(&self) -> bool {
        self.stance == Stance::Firsthand
    }

    /// An article of the press or an authority's notice; the company's own word is neither.
    pub(super) fn is_press(&self) -> bool {
        matches!(self.channel, Channel::News | Channel::Official) && self.fate != Fate::OwnChannel
    }

    pub(super) fn has(&self, cue: Cue) -> bool {
        self.cues & (1 << cue as u8) != 0
    }
}

fn cues(title: &str, text: &str) -> u8 {
    let told = |word: &&str| title.contains(*word) || text.contains(*word);
    CUES.iter().filter(|(_, words)| words.iter().any(told)).fold(0, |bits, (cue, _)| bits | 1 << *cue as u8)
}

/// FNV-1a: the same number for the same word in every run and on every machine.
pub(super) fn key(word: &str) -> u64 {
    word.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cues_are_found_in_title_and_text() {
        let bits = cues("はやぶさ運輸をかたる偽SMSに注意", "警察に相談した");
        let has = |cue: Cue| bits & (1 << cue as u8) != 0;
        assert!(has(Cue::Pretender) && has(Cue::Authority));
        assert!(!has(Cue::Hurt) && !has(Cue::Contractor));
    }

    #[test]
    fn keys_differ_by_word_and_never_by_run() {
        assert_eq!(key(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(key("a"), 0xaf63_dc4c_8601_ec8c);
        assert_ne!(key("勧誘の電話"), key("不正利用"));
    }
}
