//! `hinomi check`: says every mistake of both files at once, or in a few lines what would run. Never touches the
//! network.

use std::{collections::BTreeMap, io::Write, path::Path};

use serde_json::{Value, json};

use super::{Common, Exit, Lang, Outcome};
use crate::{
    alert::email::Tls,
    config::{self, ConfigErrors, Loaded, Need, Settings},
    model::watch::{Alias, Watchlist},
    store::{Engine, StoreError},
};

/// Arguments of `hinomi check`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub(super) fn run(args: &Args, common: &Common) -> Outcome {
    let lang = match common.lang {
        Lang::Ja => config::Lang::Ja,
        Lang::En => config::Lang::En,
    };
    let (exit, lines) = match config::load_all(&common.config, &config::environment()) {
        Err(errors) => (Exit::Usage, refused(&errors, lang)),
        Ok(loaded) => legs(&common.config, &loaded, lang),
    };
    let mut out = std::io::stdout().lock();
    for line in lines {
        writeln!(out, "{}", if args.json { line.json.to_string() } else { line.text })?;
    }
    Ok(exit)
}

/// One line of the answer, for people and for machines.
struct Line {
    text: String,
    json: Value,
}

fn refused(errors: &ConfigErrors, lang: config::Lang) -> Vec<Line> {
    let mut lines: Vec<Line> = errors
        .mistakes()
        .iter()
        .map(|m| Line {
            text: m.line(lang),
            json: json!({"mistake": {"file": m.file(), "place": m.place(), "message": m.message(lang)}}),
        })
        .collect();
    let n = errors.mistakes().len();
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

/// How a leg stands. The shape says it without colour.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
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

/// A line of the summary: which leg, how it stands, and what there is to know.
struct Leg {
    key: &'static str,
    name: String,
    mark: Mark,
    text: String,
}

fn legs(path: &Path, loaded: &Loaded, lang: config::Lang) -> (Exit, Vec<Line>) {
    let settings = &loaded.settings;
    let mut legs = vec![
        leg("config", lang, ("設定", "settings"), Mark::Good, path.display().to_string()),
        watchlist(&loaded.watchlist, lang),
        store(settings, lang),
    ];
    legs.extend(sources(settings, lang));
    legs.extend(mail(settings, &loaded.watchlist, lang));
    legs.extend(loaded.warnings.iter().map(|m| leg("warning", lang, ("注意", "warning"), Mark::Look, m.line(lang))));

    let (bad, look) = (count(&legs, Mark::Bad), count(&legs, Mark::Look));
    let mut lines: Vec<Line> = legs.iter().map(shown).collect();
    lines.push(Line {
        text: match bad {
            0 => say(
                lang,
                format!("結果: 設定は使えます（通信は確かめていません）。注意 {look}件"),
                format!("Result: the settings are good (the network was not asked). Warnings: {look}"),
            ),
            n => say(
                lang,
                format!("結果: このままでは監視を始められません（{n}件）。注意 {look}件"),
                format!("Result: not ready to watch. Missing: {n}. Warnings: {look}"),
            ),
        },
        json: json!({"result": {"ok": bad == 0, "mistakes": bad, "warnings": look}}),
    });
    (if bad == 0 { Exit::Ok } else { Exit::Failed }, lines)
}

fn count(legs: &[Leg], mark: Mark) -> usize {
    legs.iter().filter(|l| l.mark == mark).count()
}

fn shown(leg: &Leg) -> Line {
    // A Japanese letter is as wide as two others on a terminal.
    let width: usize = leg.name.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum();
    let gap = " ".repeat(12_usize.saturating_sub(width));
    Line {
        text: format!("{}{gap}{} {}", leg.name, leg.mark.shape(), leg.text),
        json: json!({"check": leg.key, "status": leg.mark.word(), "text": leg.text}),
    }
}

fn leg(key: &'static str, lang: config::Lang, (ja, en): (&str, &str), mark: Mark, text: String) -> Leg {
    Leg { key, name: say(lang, ja, en), mark, text }
}

fn watchlist(list: &Watchlist, lang: config::Lang) -> Leg {
    let companies = list.companies.len();
    let names: usize = list.companies.iter().map(|w| w.names().count()).sum();
    let per_alias = |a: &Alias| a.exclude.len();
    let excluded: usize =
        list.companies.iter().map(|w| w.exclude.len() + w.names().map(per_alias).sum::<usize>()).sum();
    let text = say(
        lang,
        format!("{companies}社 / 呼び名{names} / 除外{excluded}"),
        format!("companies: {companies}, names: {names}, exclusions: {excluded}"),
    );
    leg("watchlist", lang, ("監視対象", "watchlist"), if companies == 0 { Mark::Bad } else { Mark::Good }, text)
}

fn store(settings: &Settings, lang: config::Lang) -> Leg {
    if settings.store.engine() == Engine::Postgres {
        let usable = cfg!(feature = "postgres");
        let text = match (usable, lang) {
            (true, _) => settings.store.shown(),
            (false, config::Lang::Ja) => StoreError::NoPostgres.ja(),
            (false, config::Lang::En) => StoreError::NoPostgres.to_string(),
        };
        return leg("store", lang, ("データ庫", "database"), if usable { Mark::Good } else { Mark::Bad }, text);
    }
    let path = &settings.store.path;
    let shown = path.display();
    // A path without a folder is in the working directory.
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (mark, text) = match (path.is_file(), folder.is_dir()) {
        (true, _) => (Mark::Good, shown.to_string()),
        (false, true) => (
            Mark::Good,
            say(lang, format!("{shown}（まだなく、run が作ります）"), format!("{shown} (run will create it)")),
        ),
        (false, false) => {
            let folder = folder.display();
            (Mark::Bad, say(lang, format!("フォルダー {folder} がありません"), format!("there is no folder {folder}")))
        }
    };
    leg("store", lang, ("データ庫", "database"), mark, text)
}

fn sources(settings: &Settings, lang: config::Lang) -> Vec<Leg> {
    let name = ("情報源", "sources");
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for source in &settings.sources {
        *kinds.entry(source.basics().source_type.as_str()).or_default() += 1;
    }
    let list = kinds.iter().map(|(kind, n)| format!("{kind} {n}")).collect::<Vec<_>>().join(" / ");
    let n = settings.sources.len();
    let first = if settings.missing_to_run().contains(&Need::Source) {
        let text = say(lang, "ありません — [[source]] を1つ以上書いてください", "none — write at least one [[source]]");
        leg("sources", lang, name, Mark::Bad, text)
    } else {
        leg("sources", lang, name, Mark::Good, say(lang, format!("{n}件（{list}）"), format!("{n} ({list})")))
    };
    let mut legs = vec![first];
    if !settings.collect.user_agent.contains("(+") && n > 0 {
        let text = say(
            lang,
            "[collect] contact がありません — 相手の管理者が連絡できるようにしてください",
            "no [collect] contact — let the owners of the servers reach you",
        );
        legs.push(leg("contact", lang, name, Mark::Look, text));
    }
    let x = say(
        lang,
        "X（旧Twitter） 未接続（多くの炎上はXから始まります）",
        "X (formerly Twitter) is not connected; many fires start there",
    );
    legs.push(leg("x", lang, name, Mark::Off, x));
    legs
}

fn mail(settings: &Settings, list: &Watchlist, lang: config::Lang) -> Vec<Leg> {
    let name = ("メール", "mail");
    let (Some(mail), Some(smtp)) = (&settings.mail, &settings.smtp) else {
        let text = say(
            lang,
            "ありません — [mail] と [mail.smtp] を書かないと誰にも知らせられません",
            "none — without [mail] and [mail.smtp] nobody is told",
        );
        return vec![leg("mail", lang, name, Mark::Bad, text)];
    };
    let tls = match smtp.tls {
        Tls::Implicit => "TLS",
        Tls::StartTls => "STARTTLS",
        Tls::None => "—",
    };
    let login = match &smtp.username {
        Some(_) => say(lang, "認証あり", "with login"),
        None => say(lang, "認証なし", "no login"),
    };
    let server = format!("{}:{}  {tls}  {login}  {}", smtp.host, smtp.port, mail.from);
    let mut used: Vec<&str> = list.companies.iter().flat_map(|w| settings.addresses(&w.recipients)).collect();
    used.sort_unstable();
    used.dedup();
    let (groups, people) = (settings.recipients.len(), used.len());
    let whom = say(lang, format!("宛先 {groups}組・{people}件"), format!("groups: {groups}, addresses: {people}"));
    vec![leg("mail", lang, name, Mark::Good, server), leg("recipients", lang, name, Mark::Good, whom)]
}

fn say(lang: config::Lang, ja: impl Into<String>, en: impl Into<String>) -> String {
    match lang {
        config::Lang::Ja => ja.into(),
        config::Lang::En => en.into(),
    }
}
