//! `hinomi init`: from a few answers to two files that can be checked and run.
//!
//! # Invariants
//! Nothing that exists is overwritten. Both files are written or none, and what was written has been read back as
//! `run` reads it. A password is never shown, and goes into a file of its own that nobody else can read, or nowhere.

mod answers;
mod ask;
mod put;

use std::{
    io::{IsTerminal, Write},
    path::{Path, PathBuf},
};

use self::answers::{Answers, Missing};
use super::{Common, Exit, Outcome};
use crate::config::Lang;

/// Arguments of `hinomi init`.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Args {
    /// Ask nothing: everything is given here.
    #[arg(long)]
    yes: bool,
    /// Where the files go; without it, where `--config` says.
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// The company to watch.
    #[arg(long, value_name = "NAME")]
    company: Option<String>,
    /// What else people call it; several times if need be.
    #[arg(long = "alias", value_name = "NAME")]
    aliases: Vec<String>,
    /// A word that contains a name and means something else.
    #[arg(long = "exclude", value_name = "WORD")]
    excludes: Vec<String>,
    /// Address of a feed, of news unless a kind stands in front: `blog=https://…`.
    #[arg(long = "feed", value_name = "[KIND=]URL")]
    feeds: Vec<String>,
    /// A private address that may be visited.
    #[arg(long = "allow", value_name = "HOST:PORT")]
    allow: Vec<String>,
    /// Where the owners of servers reach you: a page or a mail address.
    #[arg(long, value_name = "URL|ADDRESS")]
    contact: Option<String>,
    /// The mail server.
    #[arg(long, value_name = "HOST")]
    smtp_host: Option<String>,
    /// Its port.
    #[arg(long, value_name = "PORT")]
    smtp_port: Option<u16>,
    /// Its protection.
    #[arg(long, value_name = "TLS", value_parser = ["starttls", "implicit", "none"])]
    smtp_tls: Option<String>,
    /// Name to log in with.
    #[arg(long, value_name = "NAME")]
    smtp_user: Option<String>,
    /// The environment variable that holds the password, never the password.
    #[arg(long, value_name = "VARIABLE")]
    smtp_password_env: Option<String>,
    /// Address of the sender.
    #[arg(long, value_name = "ADDRESS")]
    from: Option<String>,
    /// Who is told; several times if need be.
    #[arg(long = "to", value_name = "ADDRESS")]
    to: Vec<String>,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub(super) fn run(args: &Args, common: &Common) -> Outcome {
    let lang = common.lang.into();
    let config = match &args.folder {
        Some(folder) => folder.join("hinomi.toml"),
        None => common.config.clone(),
    };
    // Before a person has answered ten questions.
    if let Some(there) = put::already_there(&config) {
        eprintln!("{}", in_the_way(&there, &config, lang));
        return Ok(Exit::Usage);
    }
    let answers = if args.yes {
        match Answers::given(args, lang) {
            Ok(answers) => answers,
            Err(Missing(what)) => {
                for line in what {
                    eprintln!("hinomi init: {line}");
                }
                return Ok(Exit::Usage);
            }
        }
    } else if std::io::stdin().is_terminal() {
        let Some(answers) = ask::answers(args, lang)? else {
            eprintln!("{}", say(lang, "やめました。何も書いていません。", "Stopped. Nothing was written."));
            return Ok(Exit::Error);
        };
        answers
    } else {
        eprintln!(
            "{}",
            say(
                lang,
                "hinomi init: 端末がないので尋ねられません — --yes と --company・--feed・--smtp-host・--from・--to を付けてください（hinomi init --help）",
                "hinomi init: there is no terminal to ask in — give --yes with --company, --feed, --smtp-host, --from and --to (hinomi init --help)",
            )
        );
        return Ok(Exit::Usage);
    };
    match put::write(&answers, &config, lang) {
        Ok(written) => {
            tell(&written, &answers, &config, common, args.json)?;
            Ok(Exit::Ok)
        }
        Err(put::Failure::There(path)) => {
            eprintln!("{}", in_the_way(&path, &config, lang));
            Ok(Exit::Usage)
        }
        Err(put::Failure::Mistakes(mistakes)) => {
            eprintln!("{}", mistakes.to_text(lang));
            eprintln!("{}", say(lang, "何も書いていません。", "Nothing was written."));
            Ok(Exit::Usage)
        }
        Err(put::Failure::Io(error)) => Err(error),
    }
}

fn in_the_way(path: &Path, config: &Path, lang: Lang) -> String {
    let (shown, check) = (path.display(), command("check", config));
    match lang {
        Lang::Ja => format!(
            "hinomi init: {shown} がもうあります。上書きはしません — そのまま使うなら {check}、作り直すなら名前を変えてからもう一度"
        ),
        Lang::En => format!(
            "hinomi init: {shown} is there and is not overwritten — to use it: {check}; to begin anew, rename it first"
        ),
    }
}

/// A command as it is typed for this configuration.
pub(super) fn command(name: &str, config: &Path) -> String {
    if config == Path::new(super::CONFIG) {
        return format!("hinomi {name}");
    }
    let shown = config.display().to_string();
    let plain = shown.chars().all(|c| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_'));
    if plain { format!("hinomi {name} --config {shown}") } else { format!("hinomi {name} --config '{shown}'") }
}

fn tell(written: &[PathBuf], answers: &Answers, config: &Path, common: &Common, json: bool) -> std::io::Result<()> {
    let lang: Lang = common.lang.into();
    let next = [command("check", config), command("run", config)];
    let mut out = std::io::stdout().lock();
    if json {
        return writeln!(out, "{}", serde_json::json!({"written": written, "next": next}));
    }
    let names = written.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join("  ");
    writeln!(out, "\n{} {names}", say(lang, "書きました:", "Written:"))?;
    if let Some(variable) = answers.password_variable() {
        writeln!(
            out,
            "{}\n  read -rs {variable} && export {variable}",
            say(
                lang,
                "パスワードは環境変数で渡します（打って Enter。画面にも履歴にも残りません）:",
                "The password comes from the environment (type it and press Enter; it is not shown and not kept):",
            )
        )?;
    }
    writeln!(out, "{}\n  {}\n  {}", say(lang, "次の2つ:", "The next two:"), next[0], next[1])
}

fn say<'t>(lang: Lang, ja: &'t str, en: &'t str) -> &'t str {
    match lang {
        Lang::Ja => ja,
        Lang::En => en,
    }
}
