//! A store in a temporary file, and posts to put into it.

use std::collections::BTreeMap;

use hinomi::{
    clock::IdGen,
    model::{
        mention::{Category, Evidence, Fate, Mention, Polarity, Role, Stance},
        post::{Channel, Post, SourceName, SourceType},
        time::{Span, Timestamp},
        watch::CompanyName,
    },
    store::{Ingest, Ingested, Judged, Store, StoreParams},
};

/// A store that goes away with the test.
pub(crate) struct TestStore {
    pub(crate) store: Store,
    pub(crate) ids: IdGen,
    pub(crate) folder: tempfile::TempDir,
}

impl TestStore {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let params = StoreParams { path: folder.path().join("hinomi.db"), throwaway: true };
        Self { store: Store::open(&params).await.unwrap(), ids: IdGen::default(), folder }
    }

    pub(crate) async fn ingest(&self, posts: Vec<Judged>) -> Ingested {
        let now = posts.iter().map(|j| j.post.collected_at).max().unwrap();
        let source = SourceName("sns".into());
        let batch = Ingest { source: &source, state: None, covered: Some(true), posts, known: 0, now };
        self.store.ingest(&batch, &self.ids).await.unwrap()
    }

    /// First column of the first row.
    pub(crate) async fn number(&self, question: &str) -> i64 {
        self.store.ask(question).await.unwrap().rows[0][0].as_i64().unwrap()
    }

    /// First column of all rows, joined.
    pub(crate) async fn words(&self, question: &str) -> String {
        let answer = self.store.ask(question).await.unwrap();
        answer.rows.iter().map(|r| r[0].as_str().unwrap_or("?")).collect::<Vec<_>>().join(" ")
    }
}

pub(crate) fn noon() -> Timestamp {
    Timestamp::parse_rfc3339("2026-02-11T12:00:00+09:00").unwrap()
}

/// A critical post about しらかば生命, `minutes` after noon.
pub(crate) fn judged(id: &str, author: &str, text: &str, minutes: i64) -> Judged {
    let at = noon() + Span::minutes(minutes);
    let evidence = Evidence {
        category: Category::LEAK,
        start: 0,
        end: 2,
        surface: text.chars().take(2).collect(),
        weight: 4.0,
        why: "漏えいの訴え".into(),
        in_title: false,
    };
    let mention = Mention {
        company: CompanyName("しらかば生命".into()),
        category: Category::LEAK,
        scores: BTreeMap::from([(Category::LEAK, 4.0)]),
        complaint: false,
        leak: true,
        alert_worthy: true,
        role: Role::Accused,
        polarity: Polarity::Negative,
        stance: Stance::Firsthand,
        retrospective: false,
        affected_count: None,
        complaint_score: 0.0,
        leak_score: 4.0,
        grave: None,
        symptom: Some("不正利用".into()),
        evidence: vec![evidence],
    };
    Judged {
        post: Post {
            source: SourceName("sns".into()),
            external_id: id.into(),
            source_type: SourceType::Post,
            channel: Channel::Sns,
            url: Some(format!("https://sns.example/{id}")),
            author: Some(author.into()),
            author_followers: Some(214),
            title: None,
            text: text.into(),
            published_at: Some(at),
            collected_at: at,
            reach: None,
            views: None,
            repost_of: None,
        },
        mentions: vec![(mention, Fate::Counted)],
        author_key: Some(format!("key of {author}")),
        text_key: format!("key of {text}"),
        post_hash: id.bytes().fold(7, |h, b| h * 31 + i64::from(b)),
    }
}
