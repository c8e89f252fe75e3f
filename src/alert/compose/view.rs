//! What both parts of a mail show, in the order in which they show it. All strings are harmless already; the
//! template still escapes every one.

use super::{
    excerpt::{Segment, excerpt},
    narrative,
    subject::{length, origin, told_by_few},
    wording::{about, ago, category, commas, decimal, moment, moment_with_day, sentence},
};
use crate::{
    alert::{MailParams, inert::inert_to, playbook, story::Story},
    model::{
        alert::Reason,
        incident::{Incident, Level, State},
        limits,
        mention::MentionRecord,
        post::Channel,
        time::{Span, Timestamp, Zone},
    },
};

/// Posts that are quoted: the ones that reached most, and the origin.
const POSTS: usize = 4;
/// From so many followers on a name is public anyway.
const PUBLIC_FOLLOWERS: u64 = 10_000;
/// Roads that are shown.
const CHANNELS: usize = 8;
/// Sentences of the rule that are shown.
const REASONS: usize = 4;
/// Letters of one such sentence.
const REASON: usize = 120;
/// Height of the tallest bar in pixels.
const BAR: u64 = 64;

/// One of the four figures, or one of the totals at the end.
#[derive(Debug)]
pub(super) struct Figure {
    pub(super) label: &'static str,
    pub(super) value: String,
    pub(super) note: String,
}

/// 24 hours as bars.
#[derive(Debug)]
pub(super) struct Chart {
    pub(super) bars: Vec<Bar>,
    pub(super) line: String,
    pub(super) start: String,
    pub(super) middle: String,
    pub(super) end: String,
    pub(super) last_four: String,
    pub(super) upper: String,
    pub(super) total: String,
}

#[derive(Debug)]
pub(super) struct Bar {
    pub(super) height: u64,
    pub(super) over: bool,
}

/// A quoted post.
#[derive(Debug)]
pub(super) struct Quote {
    pub(super) channel: &'static str,
    pub(super) when: String,
    pub(super) author: String,
    pub(super) reach: String,
    pub(super) origin: bool,
    pub(super) segments: Vec<Segment>,
    /// The same for the text part, shorter.
    pub(super) short: Vec<Segment>,
}

#[derive(Debug)]
pub(super) struct Road {
    pub(super) name: &'static str,
    pub(super) percent: u64,
    pub(super) posts: String,
    pub(super) first: String,
}

/// Everything both parts show.
#[derive(Debug)]
pub(super) struct View {
    pub(super) subject: String,
    pub(super) mark: &'static str,
    pub(super) level: &'static str,
    pub(super) state: &'static str,
    /// Ground of the head and the dark bars, and the letters on it.
    pub(super) ground: &'static str,
    pub(super) letters: &'static str,
    pub(super) code: String,
    pub(super) sequence: u32,
    pub(super) when: String,
    pub(super) company: String,
    pub(super) news: String,
    pub(super) preheader: String,
    pub(super) figures: Vec<Figure>,
    pub(super) story: Vec<String>,
    pub(super) since: String,
    pub(super) category: String,
    pub(super) role: &'static str,
    pub(super) few: String,
    pub(super) totals: Vec<Figure>,
    pub(super) link: Option<String>,
    pub(super) chart: Option<Chart>,
    pub(super) reasons: Vec<(&'static str, String)>,
    pub(super) quotes: Vec<Quote>,
    pub(super) roads: Vec<Road>,
    pub(super) playbook: Option<&'static playbook::Playbook>,
    /// 注意: roads and steps in one line each.
    pub(super) brief: bool,
    pub(super) coverage: String,
    pub(super) blind_x: bool,
    pub(super) next: String,
    pub(super) recipients: String,
}

/// Gathers it.
pub(super) fn view(story: &Story, subject: &str, mail: &MailParams, now: Timestamp) -> View {
    let incident = &story.event.incident;
    let closed = incident.state.is_closed();
    let (ground, letters) = match (closed, incident.level) {
        (true, _) | (_, Level::Normal) => ("#1d5f58", "#ffffff"),
        (_, Level::Notice) => ("#ffd84d", "#3a2e00"),
        (_, Level::Warning) => ("#9a4a00", "#ffffff"),
        (_, Level::Critical) => ("#a3123a", "#ffffff"),
    };
    let shown = if closed { Level::Normal } else { incident.level };
    let brief = shown == Level::Notice;
    View {
        subject: subject.to_owned(),
        mark: shown.mark(),
        level: if closed { "" } else { incident.level.ja() },
        state: incident.state.as_str(),
        ground,
        letters,
        code: incident.code(),
        sequence: story.sequence,
        when: now.long(mail.zone),
        company: super::wording::company(incident),
        news: narrative::news(story),
        preheader: narrative::preheader(story, now, mail.zone),
        figures: figures(story, now, mail.zone),
        story: narrative::story(story, now, mail.zone),
        since: if closed { String::new() } else { narrative::since(story, now, mail.zone) },
        category: category(&incident.category),
        role: incident.role.ja(),
        few: if brief { narrative::few(story) } else { String::new() },
        totals: if closed { totals(incident, now, mail.zone) } else { Vec::new() },
        link: mail.dashboard.as_deref().and_then(|base| link(base, incident)),
        chart: chart(story, now, mail.zone),
        // The reasons of an alarm are no news when it is over.
        reasons: if closed { Vec::new() } else { reasons(story, now, mail.zone) },
        quotes: quotes(story, mail, now),
        roads: roads(incident, now, mail.zone),
        playbook: (!closed).then(|| playbook::choose(incident)),
        brief,
        coverage: coverage(story),
        blind_x: !mail.x_connected,
        next: next(story),
        recipients: inert_to(&story.recipients_label, 80),
    }
}

/// Only an address of the pages that were configured, and only one a browser opens.
fn link(base: &str, incident: &Incident) -> Option<String> {
    let base = base.trim().trim_end_matches('/');
    let whole = !base.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '<' | '>' | '\''));
    let ours = whole && (base.starts_with("https://") || base.starts_with("http://")) && base.len() <= 300;
    ours.then(|| format!("{base}/i/{}", incident.code()))
}

fn figures(story: &Story, now: Timestamp, zone: Zone) -> Vec<Figure> {
    let incident = &story.event.incident;
    let counts = &incident.counts;
    let volume = if told_by_few(incident) {
        Figure {
            label: "訴えている人",
            value: format!("{}人", commas(counts.authors.max(1))),
            note: format!("投稿 {}件・体験 {}人", commas(counts.originals.max(1)), commas(counts.firsthand)),
        }
    } else {
        let note = if counts.normal_hour < 0.1 {
            "平常はほぼ 0件".to_owned()
        } else {
            format!("平常 {}件の {}", decimal(counts.normal_hour), super::wording::times(counts.ratio()))
        };
        Figure { label: "直近60分の投稿", value: format!("{}件", commas(counts.last_hour)), note }
    };
    let first_road = incident.channels.iter().min_by_key(|c| c.first_at).map(|c| format!("・{}", c.channel.ja()));
    let first = Figure {
        label: "最初の投稿",
        value: moment_with_day(incident.first_post_at, now, zone),
        note: format!("{}{}", ago(incident.first_post_at, now), first_road.unwrap_or_default()),
    };
    let press = match (counts.press, incident.press_at) {
        (0, None) => {
            Figure { label: "報道", value: "なし".to_owned(), note: "監視中の情報源の範囲".to_owned() }
        }
        (n, at) => Figure {
            label: "報道",
            value: format!("あり {}件", commas(n.max(1))),
            note: at.map_or_else(String::new, |at| format!("初出 {}", moment(at, now, zone))),
        },
    };
    let affected = match &incident.affected {
        None => Figure {
            label: "影響の言及", value: "なし".to_owned(), note: "人数・件数の記述なし".to_owned()
        },
        Some(stated) => {
            let before = stated.previous.map(|n| format!("（前は{}）", super::wording::exact(n))).unwrap_or_default();
            Figure {
                label: "影響の言及（件・人）",
                value: super::wording::exact(stated.number),
                note: format!("{}の記述・未確認{before}", speaker(story, &stated.source)),
            }
        }
    };
    vec![volume, first, press, affected]
}

/// Who stated a number: an outlet by its name, a private person not.
fn speaker(story: &Story, source: &str) -> String {
    let private = source.starts_with(['@', '＠'])
        || story.posts.iter().any(|r| r.post.author.as_deref() == Some(source) && !is_public(r));
    let name = inert_to(source, 24);
    if private || name.is_empty() { "投稿者".to_owned() } else { name }
}

fn totals(incident: &Incident, now: Timestamp, zone: Zone) -> Vec<Figure> {
    let counts = &incident.counts;
    let figure = |label, value| Figure { label, value, note: String::new() };
    let days = format!(
        "{}〜{}",
        moment_with_day(incident.first_post_at, now, zone),
        moment_with_day(incident.last_seen_at, now, zone)
    );
    let lead = match incident.press_at {
        Some(press) if press > incident.opened_at => format!("報道の{}前に検知", (press - incident.opened_at).ja()),
        Some(press) => format!("報道の{}後に検知", (incident.opened_at - press).ja()),
        None => "報道なし".to_owned(),
    };
    let mut out = vec![
        Figure { label: "期間", value: length(incident), note: days },
        figure("最大", format!("{}件/時", commas(counts.peak_hour))),
        figure("投稿", format!("{}件・{}人", commas(counts.mentions), commas(counts.authors))),
        figure("報道", format!("{}件", commas(counts.press))),
        figure("先行時間", lead),
    ];
    if let Some(stated) = &incident.affected {
        out.push(Figure {
            label: "影響の言及",
            value: super::wording::exact(stated.number),
            note: "未確認".to_owned(),
        });
    }
    out
}

fn chart(story: &Story, now: Timestamp, zone: Zone) -> Option<Chart> {
    let skip = story.hourly.len().saturating_sub(24);
    let hours = story.hourly.get(skip..).filter(|h| !h.is_empty())?;
    let tallest = hours.iter().map(|(_, n)| *n).max().unwrap_or(0).max(1);
    let scaled = |n: u64, top: u64| u64::try_from(u128::from(n) * u128::from(top) / u128::from(tallest)).unwrap_or(top);
    let bars =
        hours.iter().map(|(_, n)| Bar { height: scaled(*n, BAR).max(2), over: *n as f64 > story.upper }).collect();
    let line = hours
        .iter()
        .map(|(_, n)| "▁▂▃▄▅▆▇█".chars().nth(usize::try_from(scaled(*n, 7)).unwrap_or(0)).unwrap_or('▁'))
        .collect();
    let last_four: Vec<String> = hours.iter().skip(hours.len().saturating_sub(4)).map(|(_, n)| commas(*n)).collect();
    let total = hours.iter().fold(0_u64, |sum, (_, n)| sum.saturating_add(*n));
    if total == 0 {
        // Nobody wrote all day: an ember of weeks, say. 24 empty bars would tell the opposite of the mail.
        return None;
    }
    let start = hours.first()?.0;
    let end = (hours.last()?.0 + Span::hours(1)).min(now.max(start));
    let middle = hours.get(hours.len() / 2)?.0;
    Some(Chart {
        bars,
        line,
        start: moment_with_day(start, now, zone),
        middle: format!("{}:{:02}", middle.civil(zone).hour, middle.civil(zone).minute),
        end: moment_with_day(end, now, zone),
        last_four: last_four.join("→"),
        upper: decimal(story.upper),
        total: commas(total),
    })
}

fn reasons(story: &Story, now: Timestamp, zone: Zone) -> Vec<(&'static str, String)> {
    let incident = &story.event.incident;
    let mut rows: Vec<(&'static str, String)> = narrative::facts(story, now, zone);
    let mut said: Vec<String> = Vec::new();
    for reason in incident.reasons.iter().chain([&incident.finding.why]) {
        let line = sentence(reason, REASON);
        if !line.is_empty() && !said.contains(&line) && said.len() < REASONS {
            said.push(line);
        }
    }
    if !said.is_empty() {
        rows.insert(0, ("判定", said.concat()));
    }
    rows
}

fn quotes(story: &Story, mail: &MailParams, now: Timestamp) -> Vec<Quote> {
    let incident = &story.event.incident;
    // The origin stands last and is kept when others are cut.
    let split = story.posts.len().saturating_sub(1);
    let (most_read, last) = story.posts.split_at(split);
    let chosen = most_read.iter().take(POSTS - 1).chain(last);
    let hidden = if mail.dashboard.is_some() {
        "個人（名前は画面で）"
    } else {
        "個人（名前は伏せています）"
    };
    let quote = |record: &MentionRecord| Quote {
        channel: record.post.channel.ja(),
        when: moment(record.at, now, mail.zone),
        author: author(record).unwrap_or_else(|| hidden.to_owned()),
        reach: reach(record),
        origin: record.post_id == incident.origin_post,
        segments: excerpt(record, limits::EXCERPT_CHARS),
        short: excerpt(record, 66),
    };
    chosen.map(quote).collect()
}

/// Whether the author speaks to the public by trade or by following.
fn is_public(record: &MentionRecord) -> bool {
    matches!(record.post.channel, Channel::News | Channel::Official)
        || record.post.author_followers.is_some_and(|n| n >= PUBLIC_FOLLOWERS)
}

fn author(record: &MentionRecord) -> Option<String> {
    if !is_public(record) {
        return None;
    }
    // The name of a public account is shown with its `@`, which the cleaning would otherwise take for an address.
    let raw = record.post.author.as_deref().unwrap_or(&record.post.source.0);
    let bare = inert_to(raw.trim_start_matches(['@', '＠']), 30);
    let at = if raw.starts_with(['@', '＠']) { "@" } else { "" };
    (!bare.is_empty()).then(|| format!("{at}{bare}"))
}

fn reach(record: &MentionRecord) -> String {
    let post = &record.post;
    match (post.author_followers, post.views, post.reach) {
        (_, Some(views), _) => format!("再生 {}", about(views)),
        (Some(followers), _, _) => format!("フォロワー {}", about(followers)),
        (_, _, Some(reach)) => format!("届いた人数の目安 {}", about(reach)),
        _ => String::new(),
    }
}

fn roads(incident: &Incident, now: Timestamp, zone: Zone) -> Vec<Road> {
    let mut channels: Vec<_> = incident.channels.iter().filter(|c| c.posts > 0).collect();
    channels.sort_by(|a, b| b.posts.cmp(&a.posts).then(a.first_at.cmp(&b.first_at)));
    let most = channels.first().map_or(1, |c| c.posts.max(1));
    let road = |c: &&crate::model::incident::ChannelFirst| Road {
        name: c.channel.ja(),
        percent: u64::try_from(u128::from(c.posts) * 100 / u128::from(most)).unwrap_or(100).clamp(1, 100),
        posts: commas(c.posts),
        first: moment_with_day(c.first_at, now, zone),
    };
    channels.iter().take(CHANNELS).map(road).collect()
}

fn coverage(story: &Story) -> String {
    let coverage = &story.coverage;
    let mut out = format!("監視中 {} 情報源のうち {} が正常。", coverage.sources, coverage.ok);
    if !coverage.silent.is_empty() {
        let names: Vec<String> = coverage.silent.iter().take(5).map(|n| inert_to(n, 24)).collect();
        let more = if coverage.silent.len() > 5 { "ほか" } else { "" };
        out.push_str(&format!("取得できていないもの：{}{more}。", names.join("、")));
    }
    out
}

fn next(story: &Story) -> String {
    let incident = &story.event.incident;
    match (story.reason, incident.state, incident.level) {
        (Reason::Test, ..) => "これは送信テストです。対応は不要です。",
        (_, State::Resolved | State::FalseAlarm, _) => "60日以内に再び増えたとき（再燃）。",
        (_, _, Level::Critical) => "段階が変わったとき、または60分ごと（緊急の間、24時間に6通まで）。",
        (_, _, Level::Warning) => "段階が変わったとき、または4時間ごと（警戒の間、24時間に6通まで）。",
        _ => "段階や広がりが変わったとき。",
    }
    .to_owned()
}

/// Kept here so that the narrative can ask the same question of the same post.
pub(super) fn origin_words(story: &Story) -> Vec<String> {
    let incident = &story.event.incident;
    let mentions: Vec<_> = story.posts.iter().map(|r| &r.mention).collect();
    let words = super::wording::telling_words(&mentions, &incident.category);
    if words.is_empty() {
        origin(story).map(|m| super::wording::telling_words(&[m], &m.category)).unwrap_or_default()
    } else {
        words
    }
}
