//! The sentences of a mail: headline, preheader, what is happening, what changed since, why so few were enough.
//!
//! They say what posts say. What is not known is not filled in.

use super::{
    late::late,
    quotes::origin_words,
    subject::{against, change, origin, told_by_few},
    wording::{about, ago, away, commas, decimal, exact, moment, sentence, times, topic},
};
use crate::{
    alert::{inert::inert_to, story::Story},
    model::{
        alert::Reason,
        incident::{DetectorName, EventKind, State},
        mention::Grave,
        post::Channel,
        time::{Timestamp, Zone},
    },
};

/// Letters of the sentence that came with the event.
const EVENT: usize = 120;

/// One sentence without the company: what people say, which way it moves, whether the press writes.
pub(super) fn news(story: &Story) -> String {
    let incident = &story.event.incident;
    let counts = &incident.counts;
    let topic = topic(incident, origin(story));
    let moves = match incident.state {
        State::Resolved => "は平常に戻りました".to_owned(),
        State::FalseAlarm => "は誤検知として閉じられました".to_owned(),
        State::Reignited => {
            let told = story.previous.as_ref().map(|p| p.at);
            away(incident, told, story.event.at)
                .map_or_else(|| "が再び増加".to_owned(), |away| format!("が{away}に再び増加"))
        }
        State::Continuing => "が続く".to_owned(),
        State::New | State::Growing => match incident.finding.detector {
            DetectorName::Views => "の動画の再生が増加".to_owned(),
            _ if told_by_few(incident) && counts.originals <= 1 => "が1件".to_owned(),
            _ if told_by_few(incident) => format!("、別々の{}人から", commas(counts.authors.max(1))),
            _ => "が急増".to_owned(),
        },
    };
    let before = story.previous.as_ref().map_or(0, |p| p.counts.press);
    let joined = story.reason == Reason::Press || story.event.kind == EventKind::Press;
    let press = match counts.press {
        _ if incident.state.is_closed() => String::new(),
        0 => String::new(),
        _ if joined || before == 0 => "、報道も始まる".to_owned(),
        n => format!("、報道{}件", commas(n)),
    };
    format!("{topic}{moves}{press}")
}

/// What a telephone shows beside the subject: how unusual, since when, the press, how many hit.
pub(super) fn preheader(story: &Story, now: Timestamp, zone: Zone) -> String {
    let incident = &story.event.incident;
    let counts = &incident.counts;
    let volume = if told_by_few(incident) {
        format!("{}人・投稿{}件。", commas(counts.authors.max(1)), commas(counts.originals.max(1)))
    } else {
        format!("直近60分{}件（{}）。", commas(counts.last_hour), against(counts))
    };
    let press = match (counts.press, incident.press_at) {
        (0, None) => "報道なし。".to_owned(),
        (n, Some(at)) => format!("報道 {}〜{}件。", moment(at, now, zone), commas(n.max(1))),
        (n, None) => format!("報道{}件。", commas(n)),
    };
    let affected = incident
        .affected
        .as_ref()
        .map(|stated| format!("「{}」の記述あり（未確認）。", exact(stated.number)))
        .unwrap_or_default();
    format!("{volume}最初の投稿 {}。{press}{affected}", moment(incident.first_post_at, now, zone))
}

/// What is happening, sentence by sentence.
pub(super) fn story(story: &Story, now: Timestamp, zone: Zone) -> Vec<String> {
    let incident = &story.event.incident;
    let counts = &incident.counts;
    let mut out = Vec::new();
    if story.reason == Reason::Test {
        out.push("これは送信テストです。対応は不要です。".to_owned());
    }
    let event = sentence(&story.event.reason, EVENT);
    if !event.is_empty() {
        out.push(event);
    }
    let late = late(story, now, zone);
    if !late.is_empty() && !incident.state.is_closed() {
        out.push(late);
    }
    let first = format!("{}（{}）", moment(incident.first_post_at, now, zone), ago(incident.first_post_at, now));
    let own = match (counts.authors, counts.firsthand) {
        (0 | 1, 0) => "本人の体験とは書かれていません。".to_owned(),
        (0 | 1, _) => "本人の体験として書かれています。".to_owned(),
        (_, 0) => "本人の体験として書いた人はまだいません。".to_owned(),
        (all, own) if own >= all => "全員が本人の体験として書いています。".to_owned(),
        (_, own) => format!("うち{}人が本人の体験として書いています。", commas(own)),
    };
    out.push(if counts.mentions <= 1 {
        format!("投稿は{first}の1件です。{own}")
    } else {
        let (posts, people) = (commas(counts.mentions), commas(counts.authors.max(1)));
        format!("最初の投稿は{first}。これまでに{posts}件、{people}人。{own}")
    });
    let words = origin_words(story);
    if !words.is_empty() {
        let quoted = words.join("」「");
        out.push(format!("投稿には「{quoted}」{}の言葉があります。", if words.len() > 1 { "など" } else { "" }));
    }
    out
}

/// What changed since the last mail; empty in the first.
pub(super) fn since(story: &Story, now: Timestamp, zone: Zone) -> String {
    let Some(previous) = &story.previous else { return String::new() };
    let (before, after) = (&previous.counts, &story.event.incident.counts);
    let mut changes = Vec::new();
    if before.last_hour != after.last_hour {
        let how = match after.last_hour as f64 / before.last_hour.max(1) as f64 {
            x if before.last_hour > 0 && x >= 1.5 => format!("毎時の投稿{}", times(x)),
            _ => change(before.last_hour, after.last_hour).map_or_else(String::new, |c| format!("毎時の投稿{c}")),
        };
        let numbers = format!("（{}→{}件）", commas(before.last_hour), commas(after.last_hour));
        changes.push(format!("{}{numbers}", if how.is_empty() { "毎時の投稿".to_owned() } else { how }));
    }
    for (name, unit, was, is) in
        [("投稿者", "人", before.authors, after.authors), ("報道", "件", before.press, after.press)]
    {
        if was != is {
            changes.push(format!("{name}{}→{}{unit}", commas(was), commas(is)));
        }
    }
    let what = if changes.is_empty() { "件数に変化はありません".to_owned() } else { changes.join("・") };
    let level = if previous.level.number() == 0 { "" } else { previous.level.ja() };
    let when = moment(previous.at, now, zone);
    let gap = if level.is_empty() { "" } else { " " };
    format!("前回の通知（{when}{gap}{level}）から{what}。")
}

/// なぜ少数でも知らせたか: for 注意, where the number alone would not explain the mail.
pub(super) fn few(story: &Story) -> String {
    let incident = &story.event.incident;
    match incident.finding.detector {
        DetectorName::Ember => format!(
            "互いに無関係な{}人が、同じ内容を{}のあいだに書いています。件数ではなく内容の一致で拾いました。",
            commas(incident.counts.authors.max(1)),
            incident.finding.window.ja(),
        ),
        DetectorName::Grave => match origin(story).and_then(|m| m.grave) {
            Some(Grave::Insider) => "担当者や内部の人の関わりを述べる投稿は、1件でも確かめる必要があるためです。",
            Some(Grave::Injury) => "けがや異物を述べる投稿は、1件でも確かめる必要があるためです。",
            Some(Grave::Threat) => "危害をほのめかす投稿は、1件でも確かめる必要があるためです。",
            Some(Grave::LeakClaim) => "自分の情報が漏れたと述べる投稿は、1件でも確かめる必要があるためです。",
            None => "1件でも確かめる必要がある内容のためです。",
        }
        .to_owned(),
        DetectorName::Views => "投稿は少なくても、動画の再生が普段より速く増えているためです。".to_owned(),
        DetectorName::Count => format!(
            "件数は少なくても、{}に対して{}件で、偶然では説明しにくいためです。",
            if incident.finding.expected < 0.05 {
                "この時間帯の平常ほぼ0件".to_owned()
            } else {
                format!("この時間帯の平常{}件", decimal(incident.finding.expected))
            },
            decimal(incident.finding.observed),
        ),
    }
}

/// 件数, 内容, 広がり, 報道: one line each, where there is something to say.
pub(super) fn facts(story: &Story, now: Timestamp, zone: Zone) -> Vec<(&'static str, String)> {
    let incident = &story.event.incident;
    let counts = &incident.counts;
    let mut rows = Vec::new();
    if !told_by_few(incident) {
        let normal = if counts.normal_hour < 0.1 {
            "ほぼ0件".to_owned()
        } else {
            format!("{}件", decimal(counts.normal_hour))
        };
        let upper = format!("上限{}件", decimal(story.upper));
        rows.push(("件数", format!("60分で{}件。この時間帯の平常は{normal}（{upper}）。", commas(counts.last_hour))));
    }
    if counts.originals > 0 {
        let own = if counts.firsthand > 0 {
            format!("うち本人の体験{}人。", commas(counts.firsthand))
        } else {
            String::new()
        };
        rows.push(("内容", format!("独立した訴え{}件・{}人。{own}", commas(counts.originals), commas(counts.authors))));
    }
    let mut wide = Vec::new();
    if counts.max_followers >= 1_000 {
        wide.push(format!("フォロワー{}人の投稿者", about(counts.max_followers)));
    }
    let taken: Vec<&str> = [Channel::Matome, Channel::Video]
        .into_iter()
        .filter(|c| incident.channels.iter().any(|f| f.channel == *c && f.posts > 0))
        .map(Channel::ja)
        .collect();
    if !taken.is_empty() {
        wide.push(format!("{}に掲載", taken.join("・")));
    }
    if counts.views > 0 {
        wide.push(format!("動画の再生{}", about(counts.views)));
    }
    if !wide.is_empty() {
        rows.push(("広がり", format!("{}。", wide.join("、"))));
    }
    if counts.press > 0 {
        let first = incident.press_at.map(|at| format!("{}に初報。", moment(at, now, zone))).unwrap_or_default();
        rows.push(("報道", format!("{first}これまでに{}件。", commas(counts.press))));
    }
    if let Some(stated) = &incident.affected {
        let number = exact(stated.number);
        rows.push((
            "影響",
            inert_to(&format!("{}の投稿・記事に「{number}」の記述（未確認）。", moment(stated.at, now, zone)), 80),
        ));
    }
    rows
}
