//! Fictional stories for tests: the leak of the mock, an ember, one grave post, an end, a return.

use crate::{
    alert::{
        MailParams,
        story::{Coverage, Previous, Story},
    },
    model::{
        alert::Reason,
        ids::{IncidentId, MentionId, PostId},
        incident::{
            ChannelFirst, Counts, DetectorName, EventKind, Finding, Incident, IncidentEvent, IncidentRole, Level,
            State, StatedCount,
        },
        mention::{Category, Evidence, Fate, Grave, Mention, MentionRecord, Polarity, Role, Stance},
        post::{Channel, Post, SourceName, SourceType},
        time::{Span, Timestamp, Zone},
        watch::CompanyName,
    },
};

/// 2026/2/12 10:31 in Japan.
pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_770_859_860);
const FIRST: Timestamp = Timestamp::from_seconds(1_770_859_860 - 13 * 3600 - 27 * 60);

pub(crate) fn mail() -> MailParams {
    MailParams {
        from: "hinomi@tsubame.example".into(),
        reply_to: Some("koho@tsubame.example".into()),
        dashboard: Some("https://hinomi.example".into()),
        zone: Zone::JST,
        x_connected: false,
    }
}

pub(crate) fn incident() -> Incident {
    let road = |channel, posts, minutes| ChannelFirst { channel, first_at: NOW - Span::minutes(minutes), posts };
    Incident {
        id: IncidentId(1),
        number: 127,
        company: CompanyName("しらかば生命".into()),
        category: Category::LEAK,
        role: IncidentRole::SelfCaused,
        level: Level::Critical,
        state: State::Growing,
        finding: Finding {
            detector: DetectorName::Count,
            category: Category::LEAK,
            at: NOW - Span::hours(2),
            observed: 41.0,
            expected: 3.1,
            window: Span::hours(1),
            p_value: Some(1e-12),
            origin: Some(MentionId(1)),
            why: "60分に41件、平常の上限8件を超えました".into(),
        },
        origin_post: PostId(1),
        origin_external_id: "p1".into(),
        first_post_at: FIRST,
        opened_at: NOW - Span::hours(12),
        last_seen_at: NOW,
        changed_at: NOW,
        closed_at: None,
        press_at: Some(NOW - Span::minutes(5)),
        affected: Some(StatedCount {
            number: 110_000,
            source: "ことり経済ニュース".into(),
            at: NOW - Span::minutes(5),
            previous: None,
        }),
        counts: Counts {
            mentions: 355,
            originals: 266,
            authors: 248,
            firsthand: 44,
            press: 7,
            praise: 2,
            last_hour: 138,
            normal_hour: 3.1,
            peak_hour: 138,
            max_followers: 86_000,
            views: 0,
        },
        channels: vec![
            road(Channel::Sns, 283, 807),
            road(Channel::Blog, 11, 199),
            road(Channel::Comment, 41, 165),
            road(Channel::Matome, 9, 129),
            road(Channel::Video, 4, 96),
            road(Channel::News, 7, 5),
        ],
        reasons: vec!["報道が人数を挙げて伝えました".into(), "独立した訴えが100件を超え、なお増えています".into()],
    }
}

/// One after the other in `text`; each is marked where it first stands after the one before.
pub(crate) fn evidence(text: &str, surfaces: &[&str]) -> Vec<Evidence> {
    let mut from = 0;
    let find = |surface: &&str| {
        let byte = text.find(*surface).expect("a sample's words stand in its text");
        let start = text.char_indices().take_while(|(i, _)| *i < byte).count();
        from += 1;
        Evidence {
            category: Category::LEAK,
            start,
            end: start + surface.chars().count(),
            surface: (*surface).to_owned(),
            weight: 4.0 - from as f32 / 10.0,
            why: "語句".into(),
            in_title: false,
        }
    };
    surfaces.iter().map(find).collect()
}

pub(crate) fn record(id: i64, text: &str, surfaces: &[&str]) -> MentionRecord {
    let at = if id == 1 { FIRST } else { NOW - Span::minutes(171) };
    MentionRecord {
        id: MentionId(id),
        post_id: PostId(id),
        at,
        post: Post {
            source: SourceName("sns-search".into()),
            external_id: format!("p{id}"),
            source_type: SourceType::Post,
            channel: Channel::Sns,
            url: Some(format!("https://sns.example/p/{id}")),
            author: Some("@hanako".into()),
            author_followers: Some(214),
            title: None,
            text: text.to_owned(),
            published_at: Some(at),
            collected_at: at,
            reach: None,
            views: None,
            repost_of: None,
        },
        mention: Mention {
            company: CompanyName("しらかば生命".into()),
            category: Category::LEAK,
            scores: [(Category::LEAK, 6.0)].into(),
            complaint: true,
            leak: true,
            alert_worthy: true,
            role: Role::Accused,
            polarity: Polarity::Negative,
            stance: Stance::Firsthand,
            retrospective: false,
            affected_count: None,
            complaint_score: 2.0,
            leak_score: 6.0,
            grave: None,
            symptom: None,
            evidence: evidence(text, surfaces),
        },
        fate: Fate::Counted,
        author_key: None,
        text_key: String::new(),
    }
}

fn posts() -> Vec<MentionRecord> {
    let headline = "しらかば生命、カード情報流出の可能性 最大約11万件か 同社「事実関係を調査中」";
    let mut news = record(3, "", &[]);
    news.at = NOW - Span::minutes(5);
    news.post.channel = Channel::News;
    news.post.source_type = SourceType::News;
    news.post.author = Some("ことり経済ニュース".into());
    news.post.author_followers = None;
    news.post.reach = Some(210_000);
    news.post.title = Some(headline.into());
    news.mention.evidence = evidence(headline, &["カード情報流出", "最大約11万件"]);
    news.mention.evidence.iter_mut().for_each(|e| e.in_title = true);
    let mut shared = record(
        2,
        "これ私もだ。しらかば生命の保険料にしか使っていないカードに、昨夜不正利用の連絡が来た。窓口は「わかりません」の一点張り…",
        &["しらかば生命の保険料にしか使っていないカード", "不正利用の連絡"],
    );
    shared.post.author = Some("@kurashi_otoku".into());
    shared.post.author_followers = Some(86_000);
    let origin = record(
        1,
        "カード会社から身に覚えのない請求の確認電話。このカード、しらかば生命の支払い専用なんだけど…漏れてない?",
        &["身に覚えのない請求", "漏れてない"],
    );
    vec![news, shared, origin]
}

fn hourly(last: &[u64]) -> Vec<(Timestamp, u64)> {
    let end = NOW.floor(Span::hours(1));
    let quiet = 24 - last.len();
    let counts = (0..quiet).map(|i| [2, 3, 2, 1, 4, 3][i % 6]).chain(last.iter().copied());
    (0_i64..).zip(counts).map(|(i, n)| (end - Span::hours(23 - i), n)).collect()
}

/// 緊急・拡大: the mock.
pub(crate) fn critical() -> Story {
    let before = Counts { mentions: 121, authors: 97, last_hour: 41, press: 0, ..incident().counts };
    Story {
        event: IncidentEvent {
            at: NOW,
            kind: EventKind::Raised,
            reason: "報道が加わり、警戒から緊急に上がりました".into(),
            incident: incident(),
        },
        sequence: 3,
        reason: Reason::Raised,
        previous: Some(Previous { at: NOW - Span::minutes(117), level: Level::Warning, counts: before }),
        hourly: hourly(&[12, 41, 103, 138]),
        upper: 8.0,
        posts: posts(),
        coverage: Coverage {
            sources: 48,
            ok: 46,
            silent: vec!["掲示板まとめ1".into(), "動画コメント1".into()],
            unseen_percent: 6,
        },
        recipients_label: "広報当番・情報セキュリティ・法務".into(),
    }
}

/// 注意・発生: three people tell the same over weeks.
pub(crate) fn ember() -> Story {
    let mut story = critical();
    let incident = &mut story.event.incident;
    (incident.number, incident.company) = (119, CompanyName("みどり屋通販".into()));
    (incident.level, incident.state, incident.role) = (Level::Notice, State::New, IncidentRole::Unknown);
    incident.finding.detector = DetectorName::Ember;
    incident.finding.window = Span::days(63);
    incident.finding.why = "3人が9週間に同じ内容を書きました".into();
    incident.first_post_at = NOW - Span::days(63);
    (incident.press_at, incident.affected) = (None, None);
    incident.counts = Counts { mentions: 4, originals: 3, authors: 3, firsthand: 3, ..Counts::default() };
    incident.channels.truncate(2);
    (incident.channels[0].posts, incident.channels[1].posts) = (3, 1);
    incident.reasons = vec!["同じ症状を3人が書いています".into()];
    story.event.kind = EventKind::Opened;
    story.event.reason = "互いに無関係な3人が同じ内容を書きました".into();
    (story.sequence, story.reason, story.previous) = (1, Reason::First, None);
    story.posts = vec![record(
        1,
        "みどり屋通販にしか教えていない電話番号に、知らない会社から勧誘。最近こういうの多い。",
        &["しか教えていない電話番号", "勧誘"],
    )];
    story.posts[0].mention.symptom = Some("勧誘の電話".into());
    story.hourly = hourly(&[]).into_iter().map(|(at, _)| (at, 0)).collect();
    story.recipients_label = "広報当番".into();
    story
}

/// 注意・発生: staff contacted a customer, says one post.
pub(crate) fn grave() -> Story {
    let mut story = ember();
    let incident = &mut story.event.incident;
    (incident.number, incident.company) = (130, CompanyName("青空テレコム".into()));
    incident.finding.detector = DetectorName::Grave;
    incident.finding.why = "担当者からの私的な連絡を本人が書いています".into();
    incident.first_post_at = NOW - Span::minutes(38);
    incident.counts = Counts { mentions: 1, originals: 1, authors: 1, firsthand: 1, last_hour: 1, ..Counts::default() };
    incident.channels.truncate(1);
    incident.channels[0].posts = 1;
    incident.reasons = vec![];
    story.event.reason = "担当者の関わりを述べる投稿が1件ありました".into();
    story.posts = vec![record(
        1,
        "青空テレコムのショップ店員から契約の電話番号に「かわいいですね」ってメッセージが来た。こわい。",
        &["ショップ店員から", "メッセージが来た"],
    )];
    story.posts[0].at = NOW - Span::minutes(38);
    story.posts[0].mention.grave = Some(Grave::Insider);
    story
}

/// 収束.
pub(crate) fn resolved() -> Story {
    let mut story = critical();
    let incident = &mut story.event.incident;
    (incident.level, incident.state) = (Level::Normal, State::Resolved);
    incident.first_post_at = NOW - Span::days(8);
    incident.last_seen_at = NOW - Span::days(2) - Span::hours(5);
    incident.opened_at = NOW - Span::days(8) + Span::hours(1);
    incident.press_at = Some(NOW - Span::days(8) + Span::hours(14));
    incident.closed_at = Some(NOW);
    incident.counts =
        Counts { mentions: 2_140, authors: 1_633, press: 31, last_hour: 0, peak_hour: 180, ..incident.counts.clone() };
    incident.reasons = vec![];
    story.event.kind = EventKind::Resolved;
    story.event.reason = "48時間、平常の範囲が続きました".into();
    (story.sequence, story.reason) = (11, Reason::Resolved);
    story.hourly = hourly(&[]);
    story
}

/// 警戒・再燃.
pub(crate) fn reignited() -> Story {
    let mut story = critical();
    let incident = &mut story.event.incident;
    (incident.number, incident.company) = (98, CompanyName("まるふく食品".into()));
    (incident.category, incident.role) = (Category::BOYCOTT, IncidentRole::Unknown);
    (incident.level, incident.state) = (Level::Warning, State::Reignited);
    incident.first_post_at = NOW - Span::days(41);
    (incident.press_at, incident.affected) = (None, None);
    incident.counts = Counts { last_hour: 110, normal_hour: 6.0, press: 0, ..incident.counts.clone() };
    incident.channels.truncate(2);
    story.event.kind = EventKind::Reignited;
    story.event.reason = "収束から29日で再び平常の上限を超えました".into();
    (story.sequence, story.reason) = (5, Reason::Reignited);
    story.previous = Some(Previous { at: NOW - Span::days(29), level: Level::Normal, counts: Counts::default() });
    story.posts = vec![record(1, "まるふく食品はもう買わない。みんなも不買しよう。", &["もう買わない", "不買"])];
    for e in &mut story.posts[0].mention.evidence {
        e.category = Category::BOYCOTT;
    }
    story
}
