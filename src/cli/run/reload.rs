//! Reads the two files again while Hinomi runs: whole, or not at all.

use std::path::PathBuf;

use anyhow::Result;
use tokio::task::spawn_blocking;

use super::{connect, files, say};
use crate::{
    app::{reload::needs_restart, service::App},
    cli::{Common, Lang},
    config::{self, Settings},
};

/// What is wrong, and the files in which it can be mended.
struct Refused {
    mistakes: String,
    files: Vec<PathBuf>,
}

/// Reads both files; on success they are in force. Returns the files that decide from now on.
///
/// Every mistake is said on standard output and in the log, and the old configuration stays in force.
pub(super) async fn reload(app: &App, running: &Settings, common: &Common) -> Vec<PathBuf> {
    match take_over(app, running, common).await {
        Ok(settings) => {
            app.reloaded(true);
            files(&common.config, &settings)
        }
        Err(refused) => {
            app.reloaded(false);
            match common.lang {
                Lang::Ja => say("▲ 設定の変更に誤りがあります。前の設定のまま続けます"),
                Lang::En => say("▲ The changed configuration is wrong. The old one stays in force"),
            }
            for mistake in refused.mistakes.lines() {
                say(&format!("  {mistake}"));
                tracing::error!("configuration not taken over: {mistake}");
            }
            let mut files = files(&common.config, running);
            files.extend(refused.files);
            files.dedup();
            files
        }
    }
}

async fn take_over(app: &App, running: &Settings, common: &Common) -> std::result::Result<Settings, Refused> {
    let (config, lang) = (common.config.clone(), common.lang);
    let refused = |mistakes: String| Refused { mistakes, files: Vec::new() };
    let loaded = spawn_blocking(move || config::load_all(&config, &config::environment())).await;
    let loaded = loaded.map_err(|e| refused(e.to_string()))?.map_err(|wrong| Refused {
        mistakes: wrong.to_text(lang.into()),
        files: wrong.mistakes().iter().map(|m| m.file().to_owned()).collect(),
    })?;
    let settings = loaded.settings.clone();
    let needs = settings.missing_to_run();
    if !needs.is_empty() {
        let file = common.config.display();
        let lines: Vec<String> = needs.iter().map(|n| format!("{file}: {}", n.text(lang.into()))).collect();
        return Err(refused(lines.join("\n")));
    }
    let (companies, sources) = (loaded.watchlist.companies.len(), settings.sources.len());
    let adopted: Result<()> = async {
        let (setup, ports) = spawn_blocking(move || connect(loaded.settings, loaded.watchlist)).await??;
        app.adopt(setup, ports).await
    }
    .await;
    adopted.map_err(|error| refused(format!("{error:#}")))?;
    tracing::info!(companies, sources, "another configuration is in force");
    match lang {
        Lang::Ja => say(&format!("設定を読み直しました（{companies}社・情報源 {sources}）")),
        Lang::En => say(&format!("Read the configuration again: {companies} companies, {sources} sources")),
    }
    for name in needs_restart(running, &settings) {
        tracing::warn!("a change of {name} needs a restart");
        match lang {
            Lang::Ja => say(&format!("▲ {name} の変更には再起動が必要です（ほかの変更は反映しました）")),
            Lang::En => say(&format!("▲ {name} needs a restart (the other changes are in force)")),
        }
    }
    Ok(settings)
}
