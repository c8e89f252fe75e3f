//! `hinomi source`: from the address of a page to a source in the settings.
//!
//! # Invariants
//! What a person wrote into the file stays letter by letter; a block is put behind it, or nothing is. The network is
//! asked with the manners of `run`, and only by `add`.

mod add;
mod append;
mod ask;
mod list;
mod proposal;
mod words;

use std::path::Path;

use clap::Subcommand;

use super::{Common, Exit, Outcome};
use crate::{
    config::{self, Lang, Settings},
    model::post::{Channel, SourceType},
};

/// Arguments of `hinomi source`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Find the feeds behind an address, or take a ready-made one, and add it to the settings.
    Add(add::Args),
    /// Show the sources of the settings.
    List(list::Args),
    /// Show the ready-made addresses.
    Templates(list::Args),
}

/// Runs it.
pub(super) fn run(args: &Args, common: &Common) -> Outcome {
    let lines = match &args.what {
        What::Add(args) => return add::run(args, common),
        What::List(args) => match settings(&common.config, common.lang.into()) {
            Ok(settings) => list::sources(&settings, args, common.lang.into()),
            Err(exit) => return Ok(exit),
        },
        What::Templates(args) => list::templates(args, common.lang.into()),
    };
    print(&lines)
}

/// The settings as they are; what is wrong with them has been said.
fn settings(path: &Path, lang: Lang) -> Result<Settings, Exit> {
    config::load(path, &environment()).map_err(|mistakes| {
        eprintln!("{}", mistakes.to_text(lang));
        let first = say(
            lang,
            "hinomi source: 設定が読めないので、何もしていません — 上の誤りを直すか、まだなら hinomi init で作ってください",
            "hinomi source: nothing was done, for the settings cannot be read — correct them, or write them with hinomi init",
        );
        eprintln!("{first}");
        Exit::Usage
    })
}

/// The environment, where every secret is set: none is needed to look at sources, and whoever runs Hinomi sets them.
fn environment() -> impl Fn(&str) -> Option<String> {
    let env = config::environment();
    // Passes for the address of a database as well.
    move |name: &str| env(name).filter(|v| !v.trim().is_empty()).or_else(|| Some("postgres://set-later".to_owned()))
}

fn print(lines: &[String]) -> Outcome {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    for line in lines {
        if let Err(error) = writeln!(out, "{line}") {
            return super::unless_pipe_closed(error.into());
        }
    }
    Ok(Exit::Ok)
}

fn say(lang: Lang, ja: impl Into<String>, en: impl Into<String>) -> String {
    match lang {
        Lang::Ja => ja.into(),
        Lang::En => en.into(),
    }
}

/// A kind of text, for people.
fn kind(source_type: SourceType, channel: Channel, lang: Lang) -> String {
    match lang {
        Lang::Ja => format!("{source_type}（{}）", channel.ja()),
        Lang::En if channel.as_str() == source_type.as_str() => source_type.to_string(),
        Lang::En => format!("{source_type} ({channel})"),
    }
}
