//! What the program goes by: every value decided, every name known to exist.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use super::mistake::Lang;
use crate::{
    alert::{MailParams, email::SmtpParams},
    collect::{CollectParams, sources::SourceParams},
    model::{secret::Secret, time::Zone},
    store::StoreParams,
};

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogLevel {
    /// Only what somebody should act on.
    Error,
    /// And what is strange.
    Warn,
    /// And what happens.
    #[default]
    Info,
    /// And how.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// The word in the file, which `tracing` knows as well.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }

    pub(super) const ALL: [Self; 5] = [Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace];
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl LogFormat {
    /// The word in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }

    pub(super) const ALL: [Self; 2] = [Self::Text, Self::Json];
}

/// The log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogSettings {
    /// How much.
    pub level: LogLevel,
    /// In which shape.
    pub format: LogFormat,
}

/// Everything that the configuration file decides.
///
/// # Invariants
/// Paths are ready to open. `default_recipients` and every watch's recipients name keys of `recipients`, and no
/// group is empty. `smtp` is there whenever `mail` is.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The database.
    pub store: StoreParams,
    /// The watchlist file.
    pub watchlist: PathBuf,
    /// Zone of everything a person reads.
    pub zone: Zone,
    /// Manners shared by all sources.
    pub collect: CollectParams,
    /// Where to look, in the order of the file; names are unique.
    pub sources: Vec<SourceParams>,
    /// False alarms per company and month, where the watchlist says nothing.
    pub budget: f64,
    /// How mails are written; `None` while no mail is configured.
    pub mail: Option<MailParams>,
    /// Where mails go out.
    pub smtp: Option<SmtpParams>,
    /// Group name → addresses.
    pub recipients: BTreeMap<String, Vec<String>>,
    /// Groups that hear of companies whose watchlist entry names nobody.
    pub default_recipients: Vec<String>,
    /// The log.
    pub log: LogSettings,
    /// Where health and metrics are shown, a loopback address; `None` for nowhere.
    pub listen: Option<SocketAddr>,
    /// The word that lets others bring posts to `/ingest`; `None` keeps it shut.
    pub ingest_token: Option<Secret>,
    /// Where the world reaches `/websub/`, without a slash at its end; `None`: nobody is asked to tell us of news.
    pub public_url: Option<String>,
}

/// Where health and metrics are shown if nobody says otherwise.
const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8730);

impl Settings {
    /// What an empty configuration file in the folder `base` means.
    pub fn beside(base: &Path) -> Self {
        Self {
            store: StoreParams::at(base.join("hinomi.db")),
            watchlist: base.join("watchlist.toml"),
            zone: Zone::JST,
            collect: CollectParams::default(),
            sources: Vec::new(),
            budget: 1.0,
            mail: None,
            smtp: None,
            recipients: BTreeMap::new(),
            default_recipients: Vec::new(),
            log: LogSettings::default(),
            listen: Some(LISTEN),
            ingest_token: None,
            public_url: None,
        }
    }

    /// The addresses of these groups, each once; the default groups if none is named.
    pub fn addresses<'s>(&'s self, groups: &'s [String]) -> Vec<&'s str> {
        let groups = if groups.is_empty() { &self.default_recipients } else { groups };
        let mut addresses: Vec<&str> = Vec::new();
        for address in groups.iter().filter_map(|g| self.recipients.get(g)).flatten() {
            if !addresses.contains(&address.as_str()) {
                addresses.push(address);
            }
        }
        addresses
    }

    /// What `run` still needs before it can keep its promises; each with the section that gives it.
    pub fn missing_to_run(&self) -> Vec<Need> {
        // What others bring is something to look at as well.
        let nowhere = self.sources.is_empty() && self.ingest_token.is_none();
        let needs = [(nowhere, Need::Source), (self.mail.is_none(), Need::Mail)];
        needs.into_iter().filter_map(|(missing, need)| missing.then_some(need)).collect()
    }
}

/// Something without which watching makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// There is nowhere to look.
    Source,
    /// There is nobody to tell.
    Mail,
}

impl Need {
    /// What is missing, and what to write.
    pub const fn text(self, lang: Lang) -> &'static str {
        match (self, lang) {
            (Self::Source, Lang::Ja) => {
                "情報源がありません — [[source]] を1つ以上書くか、[web] ingest_token_env で受け口を開いてください"
            }
            (Self::Source, Lang::En) => {
                "there is nowhere to look — write at least one [[source]], or open the door with [web] ingest_token_env"
            }
            (Self::Mail, Lang::Ja) => "通知先がありません — [mail]・[mail.smtp]・[recipients] を書いてください",
            (Self::Mail, Lang::En) => "there is nobody to tell — write [mail], [mail.smtp] and [recipients]",
        }
    }
}
