//! What a person said, checked word by word, and the two files it makes. Pure.

use url::Url;

use super::{Args, say};
use crate::{
    collect::guard::{Guard, Refusal},
    config::{
        self, Lang,
        reference::{self, Given},
    },
    model::{post::SourceType, secret::Secret},
};

/// The group of recipients that `init` makes.
const GROUP: &str = "pr-duty";
/// A file beside the configuration that holds the password.
pub(super) const PASSWORD_FILE: &str = "smtp-password";

/// How the mail server's password reaches the program.
#[derive(Debug)]
pub(super) enum Password {
    /// There is no login.
    None,
    /// From this variable of the environment.
    Variable(String),
    /// From [`PASSWORD_FILE`], which is to be written.
    File(Secret),
}

/// Everything that is asked.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) company: String,
    pub(super) aliases: Vec<String>,
    pub(super) excludes: Vec<String>,
    pub(super) feeds: Vec<(SourceType, String)>,
    pub(super) allow: Vec<String>,
    pub(super) contact: Option<String>,
    pub(super) smtp_host: String,
    pub(super) smtp_port: Option<u16>,
    pub(super) smtp_tls: String,
    pub(super) smtp_user: Option<String>,
    pub(super) password: Password,
    pub(super) from: String,
    pub(super) to: Vec<String>,
}

/// Everything that is missing or wrong in what was given, a line each.
pub(super) struct Missing(pub(super) Vec<String>);

impl Answers {
    /// From the arguments alone.
    pub(super) fn given(args: &Args, lang: Lang) -> Result<Self, Missing> {
        let mut wrong = Vec::new();
        for (flag, example, missing) in [
            ("--company", "青空テレコム", args.company.is_none()),
            ("--feed", "https://news.example.jp/rss.xml", args.feeds.is_empty()),
            ("--smtp-host", "smtp.example.jp", args.smtp_host.is_none()),
            ("--from", "hinomi@example.jp", args.from.is_none()),
            ("--to", "pr@example.jp", args.to.is_empty()),
        ] {
            if missing {
                wrong.push(match lang {
                    Lang::Ja => format!("{flag} がありません — 例: {flag} {example}"),
                    Lang::En => format!("{flag} is missing — such as {flag} {example}"),
                });
            }
        }
        let mut feeds = Vec::new();
        for feed in &args.feeds {
            let (kind, url) = split_kind(feed);
            match feed_mistake(url, &args.allow, lang) {
                Some(why) => wrong.push(why),
                None => feeds.push((kind, url.to_owned())),
            }
        }
        wrong.extend(args.from.iter().chain(&args.to).filter_map(|a| address_mistake(a, lang)));
        let password = match (&args.smtp_user, &args.smtp_password_env) {
            (Some(_), Some(variable)) => Password::Variable(variable.clone()),
            (None, None) => Password::None,
            (Some(_), None) => {
                wrong.push(
                    say(
                        lang,
                        "--smtp-user には --smtp-password-env が要ります — 例: --smtp-password-env HINOMI_SMTP_PASSWORD",
                        "--smtp-user needs --smtp-password-env — such as --smtp-password-env HINOMI_SMTP_PASSWORD",
                    )
                    .to_owned(),
                );
                Password::None
            }
            (None, Some(_)) => {
                wrong.push(
                    say(
                        lang,
                        "--smtp-password-env には --smtp-user が要ります",
                        "--smtp-password-env needs --smtp-user",
                    )
                    .to_owned(),
                );
                Password::None
            }
        };
        if !wrong.is_empty() {
            return Err(Missing(wrong));
        }
        let smtp_host = args.smtp_host.clone().unwrap_or_default();
        Ok(Self {
            company: args.company.clone().unwrap_or_default(),
            aliases: args.aliases.clone(),
            excludes: args.excludes.clone(),
            feeds,
            allow: args.allow.clone(),
            contact: args.contact.clone(),
            smtp_tls: args.smtp_tls.clone().unwrap_or_else(|| usual_tls(&smtp_host).to_owned()),
            smtp_host,
            smtp_port: args.smtp_port,
            smtp_user: args.smtp_user.clone(),
            password,
            from: args.from.clone().unwrap_or_default(),
            to: args.to.clone(),
        })
    }

    pub(super) fn password_variable(&self) -> Option<&str> {
        match &self.password {
            Password::Variable(name) => Some(name),
            Password::None | Password::File(_) => None,
        }
    }

    /// `hinomi.toml`.
    pub(super) fn configuration(&self, lang: Lang) -> String {
        let mut given = vec![
            Given::new("[collect]").maybe("contact", self.contact.as_deref()).list("allow", &self.allow),
            Given::new("[mail]").text("from", &self.from),
        ];
        let mut names: Vec<String> = Vec::new();
        for (kind, url) in &self.feeds {
            let name = free_name(url, &names);
            let source = Given::new("[[source]]").text("name", &name).text("kind", "feed").text("url", url);
            given.push(source.text("source_type", kind.as_str()));
            names.push(name);
        }
        let mut smtp = Given::new("[mail.smtp]").text("host", &self.smtp_host).text("tls", &self.smtp_tls);
        if let Some(port) = self.smtp_port {
            smtp = smtp.whole("port", port);
        }
        smtp = smtp.maybe("username", self.smtp_user.as_deref());
        smtp = match &self.password {
            Password::None => smtp,
            Password::Variable(name) => smtp.text("password_env", name),
            Password::File(_) => smtp.text("password_file", PASSWORD_FILE),
        };
        given.push(smtp);
        given.push(Given::new("[recipients]").list(GROUP, &self.to));
        given.push(Given::new("[alert]").list("default", &[GROUP.to_owned()]));
        reference::configuration(&given, lang)
    }

    /// `watchlist.toml`.
    pub(super) fn watchlist(&self, lang: Lang) -> String {
        let mut aliases = vec![self.company.clone()];
        aliases.extend(self.aliases.iter().filter(|a| **a != self.company).cloned());
        let company = Given::new("[[company]]").text("name", &self.company).list("aliases", &aliases);
        reference::watchlist(&company.list("exclude", &self.excludes), lang)
    }
}

/// `blog=https://…` is a blog; without a kind it is news.
pub(super) fn split_kind(feed: &str) -> (SourceType, &str) {
    let named = feed.split_once('=').and_then(|(kind, url)| Some((kind.trim().parse().ok()?, url.trim())));
    named.unwrap_or((SourceType::News, feed.trim()))
}

/// The name of a source: its host, with a number where that is taken.
fn free_name(url: &str, taken: &[String]) -> String {
    let host = Url::parse(url).ok().and_then(|u| u.host_str().map(str::to_owned)).unwrap_or_default();
    let host = host.trim_start_matches("www.").trim_matches(['[', ']']).to_owned();
    let numbered = (2..).map(|n| format!("{host}-{n}"));
    std::iter::once(host.clone()).chain(numbered).find(|name| !taken.contains(name)).unwrap_or(host)
}

pub(super) fn address_mistake(address: &str, lang: Lang) -> Option<String> {
    (!config::is_address(address)).then(|| match lang {
        Lang::Ja => format!("{address:?} はメールアドレスではありません — 半角で、例: pr@example.jp"),
        Lang::En => format!("{address:?} is no mail address — such as pr@example.jp"),
    })
}

/// What is wrong with the address of a feed. One inside a private network has to be allowed by name.
pub(super) fn feed_mistake(url: &str, allow: &[String], lang: Lang) -> Option<String> {
    if let Some(why) = config::web_address_mistake(url, lang) {
        return Some(why);
    }
    let place = private_place(url, allow)?;
    Some(match lang {
        Lang::Ja => format!("{place} は社内などのアドレスです — 訪ねてよければ --allow {place}"),
        Lang::En => format!("{place} is no address of the open internet — if it may be visited: --allow {place}"),
    })
}

/// `host:port` of an address that is visited only where the configuration allows it.
pub(super) fn private_place(url: &str, allow: &[String]) -> Option<String> {
    let url = Url::parse(url).ok()?;
    match Guard::new(allow).check(&url) {
        Err(Refusal::Private(_) | Refusal::Port(_)) => {
            Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?))
        }
        _ => None,
    }
}

/// In clear only where nothing leaves the machine.
pub(super) fn usual_tls(host: &str) -> &'static str {
    let here =
        host.eq_ignore_ascii_case("localhost") || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    if here { "none" } else { "starttls" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_may_say_what_it_brings_and_an_equals_sign_in_an_address_does_not() {
        assert_eq!(split_kind("blog=https://a.example/rss"), (SourceType::Blog, "https://a.example/rss"));
        assert_eq!(
            split_kind("https://a.example/rss?kind=blog"),
            (SourceType::News, "https://a.example/rss?kind=blog")
        );
    }

    #[test]
    fn two_feeds_of_one_host_get_two_names() {
        let taken = vec!["aozora.example".to_owned()];
        assert_eq!(free_name("https://www.aozora.example/a", &[]), "aozora.example");
        assert_eq!(free_name("https://www.aozora.example/b", &taken), "aozora.example-2");
    }

    #[test]
    fn an_address_inside_has_to_be_allowed_by_name() {
        let url = "http://127.0.0.1:8123/feed";
        assert!(feed_mistake(url, &[], Lang::En).unwrap().contains("--allow 127.0.0.1:8123"));
        assert_eq!(feed_mistake(url, &["127.0.0.1:8123".into()], Lang::En), None);
        assert_eq!(feed_mistake("https://news.example.jp/rss", &[], Lang::En), None);
    }
}
