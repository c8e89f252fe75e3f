//! What the demo prints: a bar for the week, a line for each change, and at the end where everything lies.

use std::{collections::BTreeMap, path::Path, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};

use super::folder::Folder;
use crate::{
    cli::{Lang, timeline},
    demo::{
        mailbox::SavedMail,
        world::{StoryNote, World},
    },
    model::{
        incident::{EventKind, IncidentEvent, Level},
        time::{Timestamp, Zone},
    },
};

/// The incident that tells a story.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) code: String,
    pub(super) first: Timestamp,
}

pub(super) struct Screen {
    lang: Lang,
    bar: ProgressBar,
    start: Timestamp,
    mails: usize,
    first_mail: Option<SavedMail>,
    /// The worst level of each incident.
    worst: BTreeMap<String, Level>,
}

impl Screen {
    pub(super) fn new(lang: Lang) -> Self {
        Self {
            lang,
            bar: ProgressBar::hidden(),
            start: Timestamp::default(),
            mails: 0,
            first_mail: None,
            worst: BTreeMap::new(),
        }
    }

    fn say(&self, ja: impl Into<String>, en: impl Into<String>) {
        let text = match self.lang {
            Lang::Ja => ja.into(),
            Lang::En => en.into(),
        };
        self.line(&text);
    }

    fn line(&self, text: &str) {
        self.bar.suspend(|| anstream::println!("{text}"));
    }

    pub(super) fn prepared(&mut self, world: &World) {
        let (version, companies) = (env!("CARGO_PKG_VERSION"), world.companies.len());
        self.say(
            format!("火の見 Hinomi {version}  デモ（外部に接続しません。架空の{companies}社・架空の投稿）\n"),
            format!("Hinomi {version}, demo (nothing leaves this machine; {companies} fictional companies)\n"),
        );
        let (history, week) = (world.history.len(), world.week.len());
        self.say(
            format!("  準備   過去4週間 {history}件を読み込み、1週間 {week}件を配信します"),
            format!("  Ready  {history} posts of four weeks to load, {week} posts of one week to publish"),
        );
        self.bar = ProgressBar::new(history as u64).with_style(style("準備", "Load", self.lang));
    }

    pub(super) fn history(&self, posts: usize) {
        self.bar.inc(posts as u64);
    }

    pub(super) fn week_begins(&mut self, world: &World, speed: f64, port: u16) {
        self.bar.finish_and_clear();
        self.start = world.week_start;
        let seconds = (world.week_end() - world.week_start).as_seconds();
        let minutes = seconds as f64 / speed / 60.0;
        let (from, to) = (world.week_start.short(Zone::JST), world.week_end().short(Zone::JST));
        self.say(
            format!("  再生   {from}〜{to} を {speed:.0}倍速で（約{minutes:.1}分）  配信元 http://127.0.0.1:{port}/\n"),
            format!(
                "  Play   {from} to {to} at {speed:.0}x (about {minutes:.1} min), feeds at http://127.0.0.1:{port}/\n"
            ),
        );
        self.bar =
            ProgressBar::new(u64::try_from(seconds).unwrap_or(u64::MAX)).with_style(style("再生", "Play", self.lang));
        self.bar.enable_steady_tick(Duration::from_millis(200));
    }

    pub(super) fn clock(&self, now: Timestamp) {
        self.bar.set_position(u64::try_from((now - self.start).as_seconds()).unwrap_or(0));
        self.bar.set_message(now.short(Zone::JST));
    }

    pub(super) fn event(&mut self, event: &IncidentEvent) {
        let i = &event.incident;
        let worst = self.worst.entry(i.code()).or_default();
        *worst = (*worst).max(i.level);
        // Changes of role or category are in the mails and the database; here the line is the level.
        if matches!(event.kind, EventKind::Recategorized | EventKind::Rerolled) {
            return;
        }
        self.line(&timeline::line(event, self.lang));
    }

    pub(super) fn mail(&mut self, mail: &SavedMail) {
        self.mails += 1;
        self.line(&format!("               ✉ {}", mail.subject));
        self.first_mail.get_or_insert_with(|| mail.clone());
    }

    pub(super) fn week_ended(&mut self, world: &World, found: &[Option<Found>], folder: &Folder) {
        self.bar.finish_and_clear();
        self.say("\n  架空の出来事と、気づいた時刻", "\n  What happened, and when it was noticed");
        for (story, found) in world.stories.iter().zip(found) {
            self.line(&self.story(story, found.as_ref()));
        }
        let (mail, db) = (folder.mail(), folder.database());
        let me = program();
        let ask = |sql: &str| format!("           {me} sql --db {} \"{sql}\"", db.display());
        let mails = self.mails;
        self.say(
            format!("\n  メール   {} に {mails}通（.eml / .html）", mail.display()),
            format!("\n  Mail     {mails} in {} (.eml, .html)", mail.display()),
        );
        if let Some(html) = self.first_mail.as_ref().and_then(|m| m.html.as_deref()) {
            self.say(format!("           最初の1通 {}", shown(html)), format!("           the first: {}", shown(html)));
        }
        self.say(format!("  データ   {}  例えば", db.display()), format!("  Data     {}, for example", db.display()));
        self.line(&ask("select incident_id, company, level_name, state, detected_jst, why from v_incidents"));
        self.line(&ask("select at_jst, kind, from_value, to_value, text from v_incident_events"));
        self.line(&ask("select published_jst, channel, evidence, text from v_mentions where incident_id = 'HN-0001'"));
    }

    fn story(&self, story: &StoryNote, found: Option<&Found>) -> String {
        let worst = found.and_then(|f| self.worst.get(&f.code)).copied().unwrap_or_default();
        let told = match (found, self.lang) {
            (None, Lang::Ja) if story.deserves == Level::Normal => "鳴らず（それでよい）".to_owned(),
            (None, Lang::En) if story.deserves == Level::Normal => "silent, as it should be".to_owned(),
            (None, Lang::Ja) => "気づかず".to_owned(),
            (None, Lang::En) => "not noticed".to_owned(),
            (Some(f), Lang::Ja) => {
                let at = f.first.short(Zone::JST);
                format!("{at} に気づき、最高 {}{}  {}", worst.ja(), lead(story, f, self.lang), f.code)
            }
            (Some(f), Lang::En) => {
                let at = f.first.short(Zone::JST);
                format!("noticed {at}, worst {}{}  {}", worst.en(), lead(story, f, self.lang), f.code)
            }
        };
        format!("  {} {}  {}  {told}", worst.mark(), story.company, story.title)
    }

    pub(super) fn stays_up(&self) {
        self.say("\n  やめる   Ctrl+C", "\n  Stop     Ctrl+C");
    }

    pub(super) fn stopped(&self, early: bool) {
        self.bar.finish_and_clear();
        if early {
            self.say("\n  途中で止めました", "\n  Stopped early");
        }
    }
}

/// How long before the press.
fn lead(story: &StoryNote, found: &Found, lang: Lang) -> String {
    match (story.first_press_at.filter(|press| *press > found.first), lang) {
        (None, _) => String::new(),
        (Some(press), Lang::Ja) => format!("、初報道の{}前", (press - found.first).ja()),
        (Some(press), Lang::En) => format!(", {:.1} h before the press", (press - found.first).as_hours()),
    }
}

fn style(ja: &str, en: &str, lang: Lang) -> ProgressStyle {
    let word = match lang {
        Lang::Ja => ja,
        Lang::En => en,
    };
    let template = format!("  {word}   {{bar:30}} {{percent:>3}}%  {{msg}}");
    // A template that does not parse would only cost us the bar.
    ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━╸─")
}

/// How the person can call this program again from where they are.
fn program() -> String {
    let path = std::env::current_exe().ok();
    let here = std::env::current_dir().ok();
    path.zip(here)
        .and_then(|(path, here)| path.strip_prefix(here).map(shown).ok())
        .unwrap_or_else(|| "hinomi".to_owned())
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
