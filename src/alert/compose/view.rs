//! What both parts of a mail show, in the order in which they show it. All strings are harmless already; the
//! template still escapes every one.

use super::{
    chart::{Chart, chart},
    figures::{Figure, figures, totals},
    narrative,
    quotes::{Quote, quotes},
    wording::{category, commas, company, moment_with_day, sentence},
};
use crate::{
    alert::{MailParams, inert::inert_to, playbook, story::Story},
    model::{
        alert::Reason,
        incident::{ChannelFirst, Incident, IncidentRole, Level, State},
        time::{Timestamp, Zone},
    },
};

/// More of the company's posts than this unseen, in percent: the numbers of the mail say less than they seem to.
const UNSEEN: u8 = 20;
/// Roads that are shown.
const CHANNELS: usize = 8;
/// Sentences of the rule that are shown.
const REASONS: usize = 4;
/// Letters of one such sentence.
const REASON: usize = 120;

/// One road and how far it carried.
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
    pub(super) role_note: &'static str,
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
        company: company(incident),
        news: narrative::news(story),
        preheader: narrative::preheader(story, now, mail.zone),
        figures: figures(story, now, mail.zone),
        story: narrative::story(story, now, mail.zone),
        since: if closed { String::new() } else { narrative::since(story, now, mail.zone) },
        category: category(&incident.category),
        role: incident.role.ja(),
        role_note: match incident.role {
            IncidentRole::Unknown => "（投稿からは読み取れません）",
            _ => "（投稿の書きぶりからの推定）",
        },
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

fn roads(incident: &Incident, now: Timestamp, zone: Zone) -> Vec<Road> {
    let mut channels: Vec<_> = incident.channels.iter().filter(|c| c.posts > 0).collect();
    channels.sort_by(|a, b| b.posts.cmp(&a.posts).then(a.first_at.cmp(&b.first_at)));
    let most = channels.first().map_or(1, |c| c.posts.max(1));
    let road = |c: &&ChannelFirst| Road {
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
        let names = format!("{}{more}", names.join("、"));
        out = if coverage.unseen_percent > UNSEEN {
            let percent = coverage.unseen_percent;
            format!("{out}一部の情報源が見えていません（ふだんこの会社の投稿の約{percent}%が出るところ）：{names}。")
        } else {
            format!("{out}取得できていないもの：{names}。")
        };
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
