//! From a story to a mail that is ready to be sent. Never fails: what cannot be written well is written plainly.
//!
//! # Invariants
//! The same story, parameters and time give the same bytes. Text of strangers is harmless in both parts (see
//! `inert`). The HTML part stays under [`limits::MAIL_HTML_BYTES`], below which no client clips.

mod chart;
mod excerpt;
mod figures;
#[cfg(test)]
mod hostile;
mod late;
mod narrative;
mod quotes;
#[cfg(test)]
pub(crate) mod samples;
mod sighting;
mod subject;
#[cfg(test)]
mod tests;
mod text;
mod trouble;
mod view;
mod wording;

use std::panic::{AssertUnwindSafe, catch_unwind};

use askama::Template;

pub use sighting::sighting;
pub use subject::subject;
pub use trouble::trouble;

use super::{
    MailParams,
    email::build::{Letter, build},
    story::Story,
};
use crate::model::{alert::Rendered, incident::Incident, limits, time::Timestamp};

/// The HTML part.
#[derive(Template)]
#[template(path = "alert.html", config = "src/askama.toml")]
struct Html<'a> {
    v: &'a view::View,
}

/// The bytes of the mail. Should anything in it go wrong, a plain one with code, level and counts goes out instead:
/// a poor mail is a mail, and none is a fire nobody saw.
pub fn compose(story: &Story, mail: &MailParams, now: Timestamp) -> Rendered {
    guarded(story, mail, now, rich)
}

type Render = fn(&Story, &MailParams, Timestamp) -> Option<Rendered>;

fn guarded(story: &Story, mail: &MailParams, now: Timestamp, render: Render) -> Rendered {
    // Nothing that outlives the call is touched inside, so a panic leaves no broken state behind.
    let tried = catch_unwind(AssertUnwindSafe(|| render(story, mail, now))).ok().flatten();
    tried.unwrap_or_else(|| {
        tracing::error!(incident = story.event.incident.code(), "a mail could not be rendered; a plain one is sent");
        plain(story, mail, now)
    })
}

fn rich(story: &Story, mail: &MailParams, now: Timestamp) -> Option<Rendered> {
    let subject = subject(story);
    let view = view::view(story, &subject, mail, now);
    let html = Html { v: &view }.render().ok().filter(|html| html.len() <= limits::MAIL_HTML_BYTES)?;
    let text = text::text(&view);
    let letter = Letter {
        thread: &story.event.incident.code(),
        incident: Some(&story.event.incident),
        sequence: story.sequence,
        subject: &subject,
        text: &text,
        html: Some(&html),
    };
    Some(build(&letter, mail, now))
}

/// Of numbers and our own words alone.
fn plain(story: &Story, mail: &MailParams, now: Timestamp) -> Rendered {
    let incident: &Incident = &story.event.incident;
    let counts = &incident.counts;
    let (code, level, state) = (incident.code(), incident.level.ja(), incident.state);
    let subject =
        format!("【{level}・{state}】{code} 投稿{}件・{}人 報道{}件", counts.mentions, counts.authors, counts.press);
    let page = mail.dashboard.as_deref().filter(|base| base.starts_with("http") && base.is_ascii());
    let text = format!(
        "{}{level}・{state}  {code} 第{}報\n{}\n\n直近60分 {}件\n累計 {}件・{}人（体験 {}人）\n報道 {}件\n最初の投稿 {}\n\n{}\
         メールの体裁を整えられなかったため、数字だけをお送りします。\n公開された投稿の自動集計で、事実かどうかは確認していません。\n",
        incident.level.mark(),
        story.sequence,
        now.long(mail.zone),
        counts.last_hour,
        counts.mentions,
        counts.authors,
        counts.firsthand,
        counts.press,
        incident.first_post_at.short(mail.zone),
        page.map_or_else(String::new, |base| format!("画面で見る\n{}/i/{code}\n\n", base.trim_end_matches('/'))),
    );
    let letter = Letter {
        thread: &code,
        incident: Some(incident),
        sequence: story.sequence,
        subject: &subject,
        text: &text,
        html: None,
    };
    build(&letter, mail, now)
}
