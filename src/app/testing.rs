//! Posts and mentions for the tests of this room.

use std::collections::BTreeMap;

use crate::model::{
    mention::{Category, Mention, Polarity, Role, Stance},
    post::{Channel, Post, SourceName, SourceType},
    time::Timestamp,
    watch::CompanyName,
};

pub(super) fn post(id: &str, text: &str) -> Post {
    let at = Timestamp::parse_rfc3339("2026-02-11T21:04:00+09:00").unwrap();
    Post {
        source: SourceName("sns".into()),
        external_id: id.into(),
        source_type: SourceType::Post,
        channel: Channel::Sns,
        url: None,
        author: Some("user_1".into()),
        author_followers: None,
        title: None,
        text: text.into(),
        published_at: Some(at),
        collected_at: at,
        reach: None,
        views: None,
        repost_of: None,
    }
}

pub(super) fn critical(company: &str) -> Mention {
    Mention {
        company: CompanyName(company.into()),
        category: Category::COMPLAINT,
        scores: BTreeMap::from([(Category::COMPLAINT, 3.0)]),
        complaint: true,
        leak: false,
        alert_worthy: true,
        role: Role::Accused,
        polarity: Polarity::Negative,
        stance: Stance::Opinion,
        retrospective: false,
        affected_count: None,
        complaint_score: 3.0,
        leak_score: 0.0,
        grave: None,
        symptom: None,
        evidence: Vec::new(),
    }
}
