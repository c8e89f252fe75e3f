//! The four figures at the head of a mail, and the totals at the end of an incident.

use super::{
    quotes::is_public,
    subject::{length, told_by_few},
    wording::{ago, commas, decimal, exact, moment, moment_with_day, times},
};
use crate::{
    alert::{inert::inert_to, story::Story},
    model::{
        incident::Incident,
        time::{Timestamp, Zone},
    },
};

/// One of the four figures, or one of the totals at the end.
#[derive(Debug, Default)]
pub(super) struct Figure {
    pub(super) label: &'static str,
    pub(super) value: String,
    pub(super) note: String,
    /// The end of the note, in bold.
    pub(super) strong: String,
}

pub(super) fn figures(story: &Story, now: Timestamp, zone: Zone) -> Vec<Figure> {
    let incident = &story.event.incident;
    let counts = &incident.counts;
    let volume = if told_by_few(incident) {
        Figure {
            label: "訴えている人",
            value: format!("{}人", commas(counts.authors.max(1))),
            note: format!("投稿 {}件・体験 {}人", commas(counts.originals.max(1)), commas(counts.firsthand)),
            ..Figure::default()
        }
    } else {
        let (note, strong) = if counts.normal_hour < 0.1 {
            ("平常はほぼ 0件".to_owned(), String::new())
        } else {
            (format!("平常 {}件の ", decimal(counts.normal_hour)), times(counts.ratio()))
        };
        Figure { label: "直近60分の投稿", value: format!("{}件", commas(counts.last_hour)), note, strong }
    };
    let first_road = incident.channels.iter().min_by_key(|c| c.first_at).map(|c| format!("・{}", c.channel.ja()));
    let first = Figure {
        label: "最初の投稿",
        value: moment_with_day(incident.first_post_at, now, zone),
        note: format!("{}{}", ago(incident.first_post_at, now), first_road.unwrap_or_default()),
        ..Figure::default()
    };
    let press = match (counts.press, incident.press_at) {
        (0, None) => Figure {
            label: "報道",
            value: "なし".to_owned(),
            note: "監視中の情報源の範囲".to_owned(),
            ..Figure::default()
        },
        (n, at) => Figure {
            label: "報道",
            value: format!("あり {}件", commas(n.max(1))),
            note: at.map_or_else(String::new, |at| format!("初出 {}", moment(at, now, zone))),
            ..Figure::default()
        },
    };
    let affected = match &incident.affected {
        None => Figure {
            label: "影響の言及",
            value: "なし".to_owned(),
            note: "人数・件数の記述なし".to_owned(),
            ..Figure::default()
        },
        Some(stated) => {
            let before = stated.previous.map(|n| format!("（前は{}）", exact(n))).unwrap_or_default();
            Figure {
                label: "影響の言及（件・人）",
                value: exact(stated.number),
                note: format!("{}の記述・未確認{before}", speaker(story, &stated.source)),
                ..Figure::default()
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

pub(super) fn totals(incident: &Incident, now: Timestamp, zone: Zone) -> Vec<Figure> {
    let counts = &incident.counts;
    let figure = |label, value| Figure { label, value, note: String::new(), ..Figure::default() };
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
        Figure { label: "期間", value: length(incident), note: days, ..Figure::default() },
        figure("最大", format!("{}件/時", commas(counts.peak_hour))),
        figure("投稿", format!("{}件・{}人", commas(counts.mentions), commas(counts.authors))),
        figure("報道", format!("{}件", commas(counts.press))),
        figure("先行時間", lead),
    ];
    if let Some(stated) = &incident.affected {
        out.push(Figure {
            label: "影響の言及",
            value: exact(stated.number),
            note: "未確認".to_owned(),
            ..Figure::default()
        });
    }
    out
}
