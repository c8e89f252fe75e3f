//! What is in the settings, and what could be.

use serde_json::json;

use super::{kind, say};
use crate::{
    collect::sources::templates::{self, Template, Wants},
    config::{Lang, Settings},
};

/// Arguments of the lists.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

/// A line or two for each source.
pub(super) fn sources(settings: &Settings, args: &Args, lang: Lang) -> Vec<String> {
    let mut lines = Vec::new();
    for source in &settings.sources {
        let basics = &source.basics;
        let url = Some(source.fields.text("url")).filter(|url| !url.is_empty());
        let every = basics.poll_every.unwrap_or(settings.collect.poll_every);
        if args.json {
            let object = json!({
                "name": basics.name, "url": url, "source_type": basics.source_type, "channel": basics.channel,
                "poll_every": every.to_string(),
            });
            lines.push(object.to_string());
            continue;
        }
        let kind = kind(basics.source_type, basics.channel, lang);
        lines.push(say(
            lang,
            format!("{}  {kind}  {every}ごと", basics.name),
            format!("{}  {kind}  every {every}", basics.name),
        ));
        lines.extend(url.map(|url| format!("    {url}")));
    }
    if lines.is_empty() && !args.json {
        lines.push(say(
            lang,
            "情報源はまだありません。加えるには hinomi source add https://… か hinomi source templates",
            "There are no sources yet. To add one: hinomi source add https://… or hinomi source templates",
        ));
    }
    lines
}

/// Every ready-made address.
pub(super) fn templates(args: &Args, lang: Lang) -> Vec<String> {
    if args.json {
        let object = |t: &Template| {
            json!({
                "template": t.name, "gives": say(lang, t.ja, t.en), "wants": wants(t.wants, lang), "example": t.example,
                "source_type": t.source_type, "channel": t.channel, "poll_every": t.poll_every.to_string(),
            })
            .to_string()
        };
        return templates::ALL.iter().map(object).collect();
    }
    let mut lines = vec![say(
        lang,
        "できあいの情報源。加えるには hinomi source add 名前 ことば（例: hinomi source add google-news しらかば生命）",
        "Ready-made sources. To add one: hinomi source add NAME WORDS (such as hinomi source add google-news しらかば生命)",
    )];
    for t in templates::ALL {
        let word = wants(t.wants, lang);
        let example = if t.example.is_empty() {
            String::new()
        } else {
            format!("  {} {}", say(lang, "例", "such as"), t.example)
        };
        lines.push(String::new());
        lines.push(format!("  {} {word}", t.name).trim_end().to_owned());
        lines.push(format!("      {}", say(lang, t.ja, t.en)));
        let every = t.poll_every;
        let kind = kind(t.source_type, t.channel, lang);
        lines.push(format!("      {kind}  {}{example}", say(lang, format!("{every}ごと"), format!("every {every}"))));
    }
    lines
}

/// What a template wants, as a usage line has it.
pub(super) fn wants(wants: Wants, lang: Lang) -> String {
    match wants {
        Wants::Query => say(lang, "検索語", "WORDS"),
        Wants::Id => "ID".to_owned(),
        Wants::Number => say(lang, "番号", "NUMBER"),
        Wants::Host => say(lang, "ホスト名", "HOST"),
        Wants::Address => "https://…".to_owned(),
        Wants::Nothing => String::new(),
        Wants::OneOf(list) => format!("[{}]", list.join(" | ")),
    }
}
