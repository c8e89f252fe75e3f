//! The lines of the answer, for people and for machines.

use serde_json::{Value, json};

use crate::config::{ConfigErrors, Lang};

/// How a leg stands. The shape says it without colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Good,
    Look,
    Off,
    Bad,
}

impl Mark {
    const fn shape(self) -> &'static str {
        match self {
            Self::Good => "●",
            Self::Look => "▲",
            Self::Off => "○",
            Self::Bad => "■",
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Look => "warning",
            Self::Off => "off",
            Self::Bad => "failed",
        }
    }
}

/// A leg that Hinomi stands on: how it stands, what there is to know, and what would cure it.
#[derive(Debug, Clone)]
pub(super) struct Leg {
    key: &'static str,
    name: &'static str,
    pub(super) mark: Mark,
    text: String,
    cure: Option<String>,
    source: Option<String>,
}

impl Leg {
    pub(super) fn new(key: &'static str, lang: Lang, mark: Mark, text: impl Into<String>) -> Self {
        Self { key, name: name_of(key, lang), mark, text: text.into(), cure: None, source: None }
    }

    /// With what to do about it.
    pub(super) fn cured_by(self, cure: impl Into<String>) -> Self {
        Self { cure: Some(cure.into()), ..self }
    }

    /// About one source.
    pub(super) fn about(self, source: &str) -> Self {
        Self { source: Some(source.to_owned()), ..self }
    }

    fn shown(&self) -> Line {
        // A Japanese letter is as wide as two others on a terminal.
        let width: usize = self.name.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum();
        let gap = " ".repeat(12_usize.saturating_sub(width));
        let source = self.source.as_ref().map(|s| format!("{s}  ")).unwrap_or_default();
        let cure = self.cure.as_ref().map(|c| format!(" → {c}")).unwrap_or_default();
        let mut object = json!({"check": self.key, "status": self.mark.word(), "text": self.text});
        for (key, value) in [("source", &self.source), ("cure", &self.cure)] {
            if let (Some(value), Some(object)) = (value, object.as_object_mut()) {
                object.insert(key.to_owned(), Value::from(value.as_str()));
            }
        }
        Line { text: format!("{}{gap}{} {source}{}{cure}", self.name, self.mark.shape(), self.text), json: object }
    }
}

fn name_of(key: &str, lang: Lang) -> &'static str {
    let (ja, en) = match key {
        "config" => ("設定", "settings"),
        "watchlist" => ("監視対象", "watchlist"),
        "analysis" => ("判定", "analysis"),
        "store" => ("データ庫", "database"),
        "disk" => ("空き容量", "disk"),
        "clock" => ("時計", "clock"),
        "mail" => ("メール", "mail"),
        "recipients" => ("宛先", "recipients"),
        "warning" => ("注意", "warning"),
        _ => ("情報源", "sources"),
    };
    if lang == Lang::Ja { ja } else { en }
}

/// One line of the answer.
pub(super) struct Line {
    pub(super) text: String,
    pub(super) json: Value,
}

/// Every mistake of both files.
pub(super) fn refused(errors: &ConfigErrors, lang: Lang) -> Vec<Line> {
    let line = |m: &crate::config::Mistake| Line {
        text: m.line(lang),
        json: json!({"mistake": {"file": m.file(), "place": m.place(), "message": m.message(lang)}}),
    };
    let mut lines: Vec<Line> = errors.mistakes().iter().map(line).collect();
    let n = lines.len();
    lines.push(Line {
        text: say(
            lang,
            format!("結果: このままでは使えません。誤り {n}か所"),
            format!("Result: not usable. Mistakes: {n}"),
        ),
        json: json!({"result": {"ok": false, "mistakes": n, "warnings": 0}}),
    });
    lines
}

/// All legs and the verdict, and whether it is a good one.
pub(super) fn verdict(legs: &[Leg], offline: bool, lang: Lang) -> (bool, Vec<Line>) {
    let count = |mark: Mark| legs.iter().filter(|l| l.mark == mark).count();
    let (bad, look) = (count(Mark::Bad), count(Mark::Look));
    let mut lines: Vec<Line> = legs.iter().map(Leg::shown).collect();
    let text = match (bad, offline) {
        (0, true) => say(
            lang,
            format!("結果: 設定は使えます（通信は確かめていません）。注意 {look}件"),
            format!("Result: the settings are good (the network was not asked). Warnings: {look}"),
        ),
        (0, false) => {
            say(lang, format!("結果: 使えます。注意 {look}件"), format!("Result: ready to watch. Warnings: {look}"))
        }
        (n, _) => say(
            lang,
            format!("結果: このままでは監視を始められません（{n}件）。注意 {look}件"),
            format!("Result: not ready to watch. Failing: {n}. Warnings: {look}"),
        ),
    };
    lines.push(Line {
        text,
        json: json!({"result": {"ok": bad == 0, "mistakes": bad, "warnings": look, "offline": offline}}),
    });
    (bad == 0, lines)
}

pub(super) fn say(lang: Lang, ja: impl Into<String>, en: impl Into<String>) -> String {
    match lang {
        Lang::Ja => ja.into(),
        Lang::En => en.into(),
    }
}
