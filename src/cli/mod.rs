//! The commands. Each is a file here and one line of help.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "printing is what a command line does")]

mod check;
mod db;
mod demo;
mod detect;
mod feed;
mod import;
mod init;
mod replay;
mod run;
mod score;
mod source;
mod sources;
mod sql;
mod timeline;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand, ValueEnum};

use crate::store::StoreError;

/// What a command ends with.
pub type Outcome = anyhow::Result<Exit>;

/// The exit codes that scripts rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: it worked.
    Ok,
    /// 1: it did not.
    Error,
    /// 2: a mistake in configuration or usage.
    Usage,
    /// 3: a check found failures.
    Failed,
    /// 10 to 13: the worst level of a replay.
    Level(u8),
}

impl Exit {
    const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Error => 1,
            Self::Usage => 2,
            Self::Failed => 3,
            Self::Level(n) => 10 + n,
        }
    }
}

/// Where the configuration is, unless somebody says otherwise.
const CONFIG: &str = "config/hinomi.toml";

/// 火の見: watches posts, blogs, news and videos for companies in trouble, and mails the PR team in time.
#[derive(Debug, Parser)]
#[command(name = "hinomi", version, about)]
struct Cli {
    /// Language of what is printed for people.
    #[arg(long, global = true, value_enum, default_value_t = Lang::Ja)]
    lang: Lang,
    /// Configuration file.
    #[arg(long, global = true, default_value = CONFIG, value_name = "FILE")]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

/// Language of what is printed for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Lang {
    /// Japanese.
    Ja,
    /// English.
    En,
}

impl From<Lang> for crate::config::Lang {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::Ja => Self::Ja,
            Lang::En => Self::En,
        }
    }
}

/// What every command may want to know.
#[derive(Debug, Clone)]
pub struct Common {
    /// Language of what is printed for people.
    pub lang: Lang,
    /// Configuration file.
    pub config: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Try everything in two minutes: fictional companies, real HTTP, real SMTP, nothing leaves this machine.
    Demo(demo::Args),
    /// Write the first settings from a few answers.
    Init(Box<init::Args>),
    /// Try everything that run will stand on: settings, database, every source, the mail login.
    Check(check::Args),
    /// Watch, until told to stop.
    Run(run::Args),
    /// Find the feeds behind an address and add one to the settings; list what is there.
    Source(source::Args),
    /// Read a feed as Hinomi reads it.
    Feed(feed::Args),
    /// Take in posts from files: history for the database, or news with --live.
    Import(import::Args),
    /// Score texts for a company.
    Score(score::Args),
    /// Look for spikes in a series of counts.
    Detect(detect::Args),
    /// Run recorded posts through the same pipeline, in their own time.
    Replay(replay::Args),
    /// How each source does: when it last worked, what it brings against what is usual, how late, what went wrong.
    Sources(sources::Args),
    /// Ask the database, read-only.
    Sql(sql::Args),
    /// Copy the database, or see whether it is sound.
    Db(db::Args),
}

/// Runs the command that was typed.
pub fn main() -> ExitCode {
    let Cli { lang, config, command } = Cli::parse();
    let common = Common { lang, config };
    let outcome = match command {
        Command::Demo(args) => demo::run(&args, &common),
        Command::Init(args) => init::run(&args, &common),
        Command::Run(args) => run::run(&args, &common),
        Command::Check(args) => check::run(&args, &common),
        Command::Source(args) => source::run(&args, &common),
        Command::Feed(args) => feed::run(&args, &common),
        Command::Import(args) => import::run(&args, &common),
        Command::Score(args) => score::run(&args, &common),
        Command::Detect(args) => detect::run(&args, &common),
        Command::Replay(args) => replay::run(&args, &common),
        Command::Sources(args) => sources::run(&args, &common),
        Command::Sql(args) => sql::run(&args, &common),
        Command::Db(args) => db::run(&args, &common),
    };
    let exit = outcome.unwrap_or_else(|error| {
        match error.downcast_ref::<StoreError>() {
            Some(store) => eprintln!("hinomi: {}", said(store, lang)),
            None => eprintln!("hinomi: {error:#}"),
        }
        Exit::Error
    });
    ExitCode::from(exit.code())
}

/// What went wrong with the database, in the language of the reader.
fn said(error: &StoreError, lang: Lang) -> String {
    match lang {
        Lang::Ja => error.ja(),
        Lang::En => error.to_string(),
    }
}

/// Runs asynchronous work to its end.
fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

/// A reader who has seen enough (`hinomi … | head`) is no error.
fn unless_pipe_closed(error: anyhow::Error) -> Outcome {
    match error.downcast_ref::<std::io::Error>() {
        Some(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(Exit::Ok),
        _ => Err(error),
    }
}
