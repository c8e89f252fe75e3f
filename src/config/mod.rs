//! From what a person wrote to what the program means.
//!
//! Two steps: `node` makes one tree with positions out of TOML or JSON; `section` reads it and remembers what
//! it was asked for. All mistakes of both files come at once, each with its place and what would be right.
//!
//! Not here: what the values do. Every stage owns its `Params`; this room fills them in.
//!
//! # Invariants
//! Secrets come from the environment or a file of their own, never from the configuration, and no message shows one.
//! Only this room reads the environment.

mod file;
mod mail;
mod mistake;
mod node;
pub mod reference;
mod secret;
mod secret_file;
mod section;
mod settings;
mod sources;
#[cfg(test)]
mod tests;
mod watchlist;
mod web;

use std::{fs, path::Path};

pub use self::{
    mail::is_address,
    mistake::{ConfigErrors, Lang, Mistake},
    settings::{LogFormat, LogLevel, LogSettings, Need, Settings},
    sources::web_address_mistake,
    watchlist::{load_watchlist, parse_watchlist},
};
use self::{mistake::Wrong, section::Mistakes, watchlist::Around};
use crate::model::watch::Watchlist;

/// Both files, read together.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The configuration.
    pub settings: Settings,
    /// Whom to watch.
    pub watchlist: Watchlist,
    /// Worth a look, and nothing that stops us.
    pub warnings: Vec<Mistake>,
}

/// Reads the configuration file alone. `env` answers for the environment; [`environment`] is the real one.
pub fn load(path: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Settings, ConfigErrors> {
    let mistakes = Mistakes::of(path);
    let settings = read_settings(path, env, &mistakes);
    ConfigErrors::from_mistakes(mistakes.into_parts().0).map_or(Ok(settings), Err)
}

/// Reads the configuration and the watchlist it names, whole or not at all: what `run` starts with and reloads.
///
/// Companies without a budget get the one of the configuration, and recipients must exist there.
pub fn load_all(path: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Loaded, ConfigErrors> {
    let mistakes = Mistakes::of(path);
    let settings = read_settings(path, env, &mistakes);
    let (mut found, mut warnings) = mistakes.into_parts();

    let mistakes = Mistakes::of(&settings.watchlist);
    // A configuration that could not be read says nothing about its groups; do not blame the watchlist for that.
    let groups = found.is_empty().then_some(&settings.recipients);
    let around = Around { budget: Some(settings.budget), groups: groups.filter(|g| !g.is_empty()) };
    let watchlist = text_of(&settings.watchlist, "config/watchlist.example.toml", &mistakes)
        .map(|text| watchlist::read(&text, &settings.watchlist, &around, &mistakes))
        .unwrap_or_default();
    let (more, more_warnings) = mistakes.into_parts();
    if more.is_empty() && watchlist.companies.is_empty() {
        // Watching nobody would look like calm.
        let ja = "監視する会社が1社もありません — [[company]] を1つ以上書いてください";
        let en = "there is no company to watch — write at least one [[company]]";
        found.push(Mistake { file: settings.watchlist.clone(), at: None, wrong: Wrong::said(ja, en) });
    }
    found.extend(more);
    warnings.extend(more_warnings);
    ConfigErrors::from_mistakes(found).map_or(Ok(Loaded { settings, watchlist, warnings }), Err)
}

fn read_settings(path: &Path, env: &dyn Fn(&str) -> Option<String>, mistakes: &Mistakes) -> Settings {
    let base = path.parent().unwrap_or(Path::new(""));
    match text_of(path, "config/hinomi.example.toml", mistakes) {
        Some(text) => file::read(&text, &file::World { base, env }, mistakes),
        None => Settings::beside(base),
    }
}

/// The environment of this process. A variable that is not UTF-8 counts as absent.
pub fn environment() -> impl Fn(&str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    |name: &str| std::env::var(name).ok()
}

/// The text of a file, read once. `example` is what could be copied where there is none.
fn text_of(path: &Path, example: &str, mistakes: &Mistakes) -> Option<String> {
    let wrong = match fs::read(path) {
        Ok(bytes) => match String::from_utf8(bytes) {
            // Some editors put a mark before the first letter.
            Ok(text) => return Some(text.trim_start_matches('\u{feff}').to_owned()),
            Err(_) => Wrong::said(
                "UTF-8 ではありません — 文字コード UTF-8 で保存し直してください",
                "is not UTF-8 — save it again with that encoding",
            ),
        },
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => Wrong::said(
            format!("ファイルがありません — {example} を写して始められます"),
            format!("there is no such file — {example} is one to start from"),
        ),
        Err(why) => Wrong::Unreadable(why.to_string()),
    };
    mistakes.add_to_file(wrong);
    None
}
