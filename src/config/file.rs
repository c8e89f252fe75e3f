//! The configuration file, section by section: from the tree to [`Settings`].

use std::path::Path;

use super::{
    mail,
    mistake::Wrong,
    node::{self, Node},
    secret, secret_file,
    section::{Mistakes, Section, Strangers, number, parsed, text, texts},
    settings::{LogFormat, LogLevel, LogSettings, Settings},
    sources, web,
};
use crate::model::time::{Span, Zone};

/// What reading a file may ask of the world.
pub(super) struct World<'w> {
    /// The folder of the file: paths in it start here.
    pub(super) base: &'w Path,
    /// The environment, for secrets.
    pub(super) env: &'w dyn Fn(&str) -> Option<String>,
}

/// Reads the text; what is wrong goes to `mistakes`, and what could not be read stays as it is by default.
pub(super) fn read(text: &str, world: &World<'_>, mistakes: &Mistakes) -> Settings {
    let (root, broken) = node::from_toml(text);
    for (at, wrong) in broken {
        mistakes.add(&at, wrong);
    }
    let settings = Settings::beside(world.base);
    Section::read(&root, mistakes, Strangers::Refuse, |s| sections(s, world, settings.clone())).unwrap_or(settings)
}

fn sections(s: &mut Section<'_>, world: &World<'_>, mut settings: Settings) -> Settings {
    if let Some(path) = s.optional("watchlist", text) {
        settings.watchlist = world.base.join(path);
    }
    table(s, "store", |s| store(s, world, &mut settings));
    table(s, "time", |s| {
        if let Some(zone) = s.optional("zone", |n, m| parsed::<Zone>(n, m, "\"+09:00\" か \"Asia/Tokyo\" の形で")) {
            settings.zone = zone;
            settings.collect.zone = zone;
        }
    });
    table(s, "collect", |s| manners(s, world, &mut settings));
    if let Some(list) = s.optional("source", |n, m| sources::read(n, m, world)) {
        settings.sources = list;
    }
    table(s, "detect", |s| {
        if let Some(n) = s.optional("budget", budget) {
            settings.budget = n;
        }
    });
    mail::read(s, world, &mut settings);
    table(s, "web", |s| web::read(s, world, &mut settings));
    table(s, "log", |s| settings.log = log(s, settings.log));
    settings
}

/// Reads the section `key`, if it is there.
pub(super) fn table(s: &mut Section<'_>, key: &'static str, read: impl FnOnce(&mut Section<'_>)) {
    s.optional(key, |n, m| Section::read(n, m, Strangers::Refuse, read));
}

const SERVER: secret::Keys = secret::Keys {
    plain: "url",
    env: "url_env",
    file: "url_file",
    example: "HINOMI_DATABASE_URL",
    what: ("データベースの URL（パスワードを含みます）", "the URL of the database, which holds its password,"),
};

fn store(s: &mut Section<'_>, world: &World<'_>, settings: &mut Settings) {
    if let Some(path) = s.optional("path", text) {
        settings.store.path = world.base.join(path);
    }
    settings.store.server = secret::read(s, world, &SERVER);
    let address = settings.store.server.as_ref().map_or("postgres://", |secret| secret.expose());
    if !["postgres://", "postgresql://"].iter().any(|scheme| address.starts_with(scheme)) {
        let ja = "データベースの URL は postgres:// で始まります — 例: postgres://hinomi@db.example.jp/hinomi";
        let en = "the URL of the database begins with postgres:// — such as postgres://hinomi@db.example.jp/hinomi";
        s.mistakes.add(s.at, Wrong::said(ja, en));
    }
}

fn manners(s: &mut Section<'_>, world: &World<'_>, settings: &mut Settings) {
    if let Some(contact) = s.optional("contact", contact) {
        settings.collect.user_agent = format!("{} (+{contact})", settings.collect.user_agent);
    }
    if let Some(span) = s.optional("poll_every", poll_every) {
        settings.collect.poll_every = span;
    }
    // Faster than once a second is no manner; slower than once an hour would starve the sources behind it.
    if let Some(span) = s.optional("host_spacing", |n, m| span(n, m, (Span::seconds(1), Span::hours(1)))) {
        settings.collect.host_spacing = span;
    }
    let allow = s.optional("allow", |n, m| {
        let hosts = texts(n, m)?;
        for wrong in hosts.iter().filter(|h| !is_host_and_port(h)) {
            let ja = format!("{wrong:?} は「名前:ポート」の形ではありません — 例: \"intranet.example.jp:8080\"");
            m.add(&n.at, Wrong::said(ja, format!("{wrong:?} is no host:port — such as \"intranet.example.jp:8080\"")));
        }
        Some(hosts)
    });
    settings.collect.allow = allow.unwrap_or_default();
    settings.collect.ca_pem = s.optional("ca_file", |n, m| secret_file::authorities(n, m, world));
}

fn is_host_and_port(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let plain = !host.is_empty() && !host.contains(['/', '@', ' ']);
    plain && port.parse::<u16>().is_ok_and(|p| p > 0)
}

/// An address or a page where the owner of a server reaches us; goes into a header, so it is ASCII.
fn contact<'n>(node: &'n Node, mistakes: &Mistakes) -> Option<&'n str> {
    let contact = text(node, mistakes)?;
    let reachable = contact.contains('@') || contact.starts_with("https://") || contact.starts_with("http://");
    if reachable && contact.is_ascii() && !contact.contains([' ', '(', ')']) {
        return Some(contact);
    }
    mistakes.add(
        &node.at,
        Wrong::said(
            "\"contact\" は半角のメールアドレスか URL です — 例: \"https://example.jp/hinomi\"",
            "\"contact\" must be a mail address or a URL in ASCII — such as \"https://example.jp/hinomi\"",
        ),
    );
    None
}

/// How often a source is visited. Faster than a minute is an attack, slower than a day is no watch.
pub(super) fn poll_every(node: &Node, mistakes: &Mistakes) -> Option<Span> {
    span(node, mistakes, (Span::minutes(1), Span::days(1)))
}

fn span(node: &Node, mistakes: &Mistakes, (low, high): (Span, Span)) -> Option<Span> {
    let span: Span = parsed(node, mistakes, "\"30s\"、\"5m\"、\"2h\" の形で")?;
    if (low..=high).contains(&span) {
        return Some(span);
    }
    let name = &node.name;
    let ja = format!("{name:?} は \"{low}\" から \"{high}\" までです（いまは \"{span}\"）");
    mistakes.add(&node.at, Wrong::said(ja, format!("{name:?} must be from \"{low}\" to \"{high}\", not \"{span}\"")));
    None
}

/// False alarms a month.
pub(super) fn budget(node: &Node, mistakes: &Mistakes) -> Option<f64> {
    let n = number(node, mistakes)?;
    // Why 100: three a day are no alarms any more, and zero would mean that nothing is ever said.
    if n > 0.0 && n <= 100.0 {
        return Some(n);
    }
    let ja = "\"budget\" は1社1か月に許す誤報の数です。0より大きく100以下 — 例: 1.0";
    let en = "\"budget\" is the number of false alarms a month per company: above 0, at most 100 — such as 1.0";
    mistakes.add(&node.at, Wrong::said(ja, en));
    None
}

fn log(s: &mut Section<'_>, usual: LogSettings) -> LogSettings {
    let level = s.optional("level", |n, m| one_of(n, m, &LogLevel::ALL.map(|l| (l.as_str(), l))));
    let format = s.optional("format", |n, m| one_of(n, m, &LogFormat::ALL.map(|f| (f.as_str(), f))));
    LogSettings { level: level.unwrap_or(usual.level), format: format.unwrap_or(usual.format) }
}

/// One of a closed list of words.
pub(super) fn one_of<T: Copy>(node: &Node, mistakes: &Mistakes, choices: &[(&str, T)]) -> Option<T> {
    let word = text(node, mistakes)?;
    if let Some((_, value)) = choices.iter().find(|(known, _)| *known == word) {
        return Some(*value);
    }
    let list = choices.iter().map(|(known, _)| format!("{known:?}")).collect::<Vec<_>>().join(", ");
    let name = &node.name;
    let ja = format!("{name:?} に {word:?} は書けません — 次のどれか: {list}");
    mistakes.add(&node.at, Wrong::said(ja, format!("{name:?} cannot be {word:?} — one of: {list}")));
    None
}
