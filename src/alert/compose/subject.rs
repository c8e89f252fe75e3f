//! `【段階・状態】会社 何が 量(平常比) 決め手 番号`. Level, state, company and topic stand in the first 20 letters,
//! which is what a locked telephone shows.

use crate::{
    alert::{
        compose::wording::{about, away, commas, company, decider, decimal, praise_share, times, topic},
        story::Story,
    },
    model::{
        alert::Reason,
        incident::{Counts, DetectorName, Incident, State},
        mention::Mention,
    },
};

/// The subject, not yet encoded.
pub fn subject(story: &Story) -> String {
    if story.reason == Reason::Test {
        return "【試験】Hinomi 送信テスト（対応は不要です）".to_owned();
    }
    let incident = &story.event.incident;
    let (company, code) = (company(incident), incident.code());
    let topic = topic(incident, origin(story));
    if incident.state == State::Resolved {
        let peak = commas(incident.counts.peak_hour);
        return format!("【収束】{company} {topic} 48時間平常 期間{}・最大{peak}件/時 {code}", length(incident));
    }
    let level = incident.level.ja();
    if let Some(percent) = praise_share(incident) {
        return format!("【{level}・急増】{company} 応援が多数（好意的{percent}%）{code}");
    }
    let mut out = format!("【{level}・{}】{company} {topic}", incident.state);
    for word in [volume(story), decision(story), code] {
        // A closing bracket is gap enough, and the line is short.
        let gap = if out.ends_with('）') || word.is_empty() { "" } else { " " };
        out.push_str(gap);
        out.push_str(&word);
    }
    out
}

/// From the first post to the last: `6日`, under a day `5時間20分`.
pub(super) fn length(incident: &Incident) -> String {
    let span = incident.last_seen_at - incident.first_post_at;
    let days = span.as_hours() / 24.0;
    if days < 1.0 { span.ja() } else { format!("{}日", days.ceil()) }
}

/// The post with which it began, if it is among those quoted.
pub(super) fn origin(story: &Story) -> Option<&Mention> {
    let incident = &story.event.incident;
    story.posts.iter().find(|r| r.post_id == incident.origin_post).or(story.posts.last()).map(|r| &r.mention)
}

/// How many, and against what.
fn volume(story: &Story) -> String {
    let incident = &story.event.incident;
    let counts = &incident.counts;
    let hour = format!("{}件/時", commas(counts.last_hour));
    if incident.state == State::Reignited {
        let told = story.previous.as_ref().map(|p| p.at);
        let away = away(incident, told, story.event.at).map_or_else(|| "（再び）".to_owned(), |a| format!("（{a}）"));
        return if counts.last_hour > 0 { format!("{hour}{away}") } else { format!("{}{away}", people(counts)) };
    }
    if incident.finding.detector == DetectorName::Views && counts.views > 0 {
        return format!("再生{}", about(counts.views));
    }
    if told_by_few(incident) {
        return few(counts);
    }
    match story.previous.as_ref().and_then(|p| change(p.counts.last_hour, counts.last_hour)) {
        Some(change) if incident.state == State::Continuing => format!("{hour}（前回{change}）"),
        _ => format!("{hour}（{}）", against(counts)),
    }
}

/// Whether people rather than posts an hour are what counts.
pub(super) fn told_by_few(incident: &Incident) -> bool {
    let slow = matches!(incident.finding.detector, DetectorName::Ember | DetectorName::Grave);
    incident.counts.last_hour == 0 || (slow && incident.counts.last_hour < 10)
}

fn few(counts: &Counts) -> String {
    if counts.originals <= 1 {
        return if counts.firsthand > 0 { "本人の投稿1件".to_owned() } else { "投稿1件".to_owned() };
    }
    format!("{}（{}）", people(counts), normal(counts))
}

fn people(counts: &Counts) -> String {
    format!("{}人", commas(counts.authors.max(1)))
}

/// `平常45倍`, or what is normal where a multiple would mean nothing.
pub(super) fn against(counts: &Counts) -> String {
    if counts.normal_hour < 0.1 { normal(counts) } else { format!("平常{}", times(counts.ratio())) }
}

fn normal(counts: &Counts) -> String {
    match counts.normal_hour {
        n if n < 0.05 => "平常0".to_owned(),
        n => format!("平常{}/時", decimal(n)),
    }
}

/// `−30%`, `+12%`, or nothing where there was nothing to compare with.
pub(super) fn change(before: u64, after: u64) -> Option<String> {
    if before == 0 {
        return None;
    }
    let percent = ((after as f64 - before as f64) / before as f64 * 100.0).round();
    Some(match percent {
        p if p < 0.0 => format!("−{:.0}%", -p),
        p if p > 0.0 => format!("+{p:.0}%"),
        _ => "と同じ".to_owned(),
    })
}

fn decision(story: &Story) -> String {
    let incident = &story.event.incident;
    let press = incident.counts.press;
    if incident.state == State::Continuing && press > 0 {
        return format!("報道{}件", commas(press));
    }
    if incident.state == State::Reignited {
        return String::new();
    }
    // One post has no press to speak of, and the line is short.
    if told_by_few(incident) && incident.counts.originals <= 1 && press == 0 {
        return String::new();
    }
    decider(incident).to_owned()
}
