//! `[mail]`, `[mail.smtp]`, `[recipients]` and `[alert]`: who is told, and how.

use std::{collections::BTreeMap, net::IpAddr};

use super::{
    file::{World, one_of, table},
    mistake::Wrong,
    node::{Entry, Node},
    secret, secret_file,
    section::{Mistakes, Section, Strangers, list, say_twice, text, whole},
    settings::Settings,
    sources::web_address,
};
use crate::alert::{
    MailParams,
    email::{SmtpParams, Tls},
};

const TLS: [(&str, Tls); 3] = [("starttls", Tls::StartTls), ("implicit", Tls::Implicit), ("none", Tls::None)];

const PASSWORD: secret::Keys = secret::Keys {
    plain: "password",
    env: "password_env",
    file: "password_file",
    example: "HINOMI_SMTP_PASSWORD",
    what: ("パスワード", "a password"),
};

/// Fills what concerns mail in `settings`.
pub(super) fn read(s: &mut Section<'_>, world: &World<'_>, settings: &mut Settings) {
    let mail = s.entry("mail").map(|e| &e.at);
    table(s, "mail", |s| {
        let from = s.required("from", "from = \"hinomi@example.jp\"", address);
        let reply_to = s.optional("reply_to", address);
        let dashboard = s.optional("dashboard", web_address).map(|url| url.trim_end_matches('/').to_owned());
        settings.mail = from.map(|from| MailParams {
            from,
            reply_to,
            dashboard,
            zone: settings.zone,
            x_connected: settings.sources.iter().any(|source| source.kind.word == "x"),
        });
        settings.smtp = s
            .required("smtp", "[mail.smtp] host = \"smtp.example.jp\"", |n, m| {
                Section::read(n, m, Strangers::Refuse, |s| smtp(s, world))
            })
            .flatten();
    });

    let groups = s.entry("recipients").map(|e| &e.node);
    if let Some(node) = groups {
        let read = Section::read(node, s.mistakes, Strangers::Refuse, recipients);
        settings.recipients = read.unwrap_or_default();
    }
    let mut default_given = false;
    table(s, "alert", |s| {
        let known = &settings.recipients;
        let default = s.optional("default", |n, m| {
            default_given = true;
            list(n, m, |n, m| group(n, m, |name| known.contains_key(name), || known.keys().cloned().collect()))
        });
        settings.default_recipients = default.unwrap_or_default();
    });
    // Mail that goes to nobody would look like calm.
    if let Some(at) = mail {
        if groups.is_none() {
            s.mistakes
                .add(at, Wrong::Missing { key: "recipients", example: "[recipients] pr-duty = [\"pr@example.jp\"]" });
        }
        if !default_given || (settings.default_recipients.is_empty() && groups.is_some()) {
            s.mistakes.add(at, Wrong::Missing { key: "alert.default", example: "[alert] default = [\"pr-duty\"]" });
        }
    }
}

/// The name of a group of recipients that exists.
pub(super) fn group(
    node: &Node,
    mistakes: &Mistakes,
    exists: impl Fn(&str) -> bool,
    known: impl Fn() -> Vec<String>,
) -> Option<String> {
    let name = text(node, mistakes)?;
    if exists(name) {
        return Some(name.to_owned());
    }
    let known = known().join(", ");
    let ja = format!("宛先の組 {name:?} は [recipients] にありません — あるもの: {known}");
    mistakes.add(&node.at, Wrong::said(ja, format!("no group {name:?} in [recipients] — there are: {known}")));
    None
}

fn recipients(s: &mut Section<'_>) -> BTreeMap<String, Vec<String>> {
    let mistakes = s.mistakes;
    let mut groups = BTreeMap::new();
    for Entry { key, at, node } in s.own_names() {
        let mut members: Vec<String> = Vec::new();
        let found = list(node, mistakes, |n, m| {
            let address = address(n, m)?;
            if members.contains(&address) {
                say_twice(n, m, &address);
                return None;
            }
            members.push(address);
            Some(())
        });
        if found.is_some() && members.is_empty() {
            let ja = format!("宛先の組 {key:?} に誰もいません — アドレスを書くか、行ごと消してください");
            let en = format!("the group {key:?} has no usable address — add one or remove the line");
            mistakes.add(at, Wrong::said(ja, en));
        }
        groups.insert(key.clone(), members);
    }
    groups
}

fn smtp(s: &mut Section<'_>, world: &World<'_>) -> Option<SmtpParams> {
    let host = s.required("host", "host = \"smtp.example.jp\"", |n, m| text(n, m).map(|h| (h.to_owned(), n)));
    let tls = s.optional("tls", |n, m| one_of(n, m, &TLS)).unwrap_or(Tls::StartTls);
    let port = s.optional("port", |n, m| whole(n, m, (1, i64::from(u16::MAX))));
    let usual = match tls {
        Tls::Implicit => 465,
        Tls::StartTls => 587,
        Tls::None => 25,
    };
    let username = s.optional("username", |n, m| text(n, m).map(str::to_owned));
    let password = secret::read(s, world, &PASSWORD);
    let has_password = s.entry("password_env").or(s.entry("password_file"));
    match (&username, has_password) {
        (Some(_), None) => {
            s.mistakes
                .add(s.at, Wrong::Missing { key: "password_env", example: "password_env = \"HINOMI_SMTP_PASSWORD\"" });
        }
        (None, Some(entry)) => {
            s.mistakes.add(&entry.at, Wrong::Missing { key: "username", example: "username = \"hinomi\"" });
        }
        _ => {}
    }
    let ca_pem = s.optional("ca_file", |n, m| secret_file::authorities(n, m, world));
    let (host, at) = host?;
    if tls == Tls::None && !is_loopback(&host) {
        let ja = "暗号化しない送信は、このマシンの中（127.0.0.1 など）だけです — tls = \"starttls\" にしてください";
        let en = "mail in clear is only for this machine (127.0.0.1 and the like) — use tls = \"starttls\"";
        s.mistakes.add(&at.at, Wrong::said(ja, en));
    }
    let port = port.and_then(|p| u16::try_from(p).ok()).unwrap_or(usual);
    Some(SmtpParams { host, port, tls, username, password, ca_pem })
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// A mail address in ASCII, without a name before it.
fn address(node: &Node, mistakes: &Mistakes) -> Option<String> {
    let address = text(node, mistakes)?;
    if is_address(address) {
        return Some(address.to_owned());
    }
    let ja = format!("{address:?} はメールアドレスではありません — 例: \"pr@example.jp\"（半角、名前なし）");
    let en = format!("{address:?} is no mail address — such as \"pr@example.jp\", in ASCII and without a name");
    mistakes.add(&node.at, Wrong::said(ja, en));
    None
}

/// Whether `text` is a mail address in ASCII, without a name before it.
pub fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let atom = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c))
    };
    let label = |part: &str| {
        let inner = part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        !part.is_empty() && part.len() <= 63 && inner && !part.starts_with('-') && !part.ends_with('-')
    };
    let named = domain.contains('.') || domain.eq_ignore_ascii_case("localhost");
    local.len() <= 64 && local.split('.').all(atom) && domain.len() <= 253 && domain.split('.').all(label) && named
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_what_a_mail_server_takes() {
        for good in ["pr@example.jp", "a.b+c@sub.example.co.jp", "hinomi@localhost"] {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "pr",
            "pr@",
            "@example.jp",
            "pr@example",
            "p r@example.jp",
            "広報@example.jp",
            "a..b@example.jp",
            "pr＠example.jp",
            "広報 <pr@example.jp>",
            "pr@-example.jp",
            "a@b@example.jp",
            "pr@example.jp\r\nBcc: x@example.jp",
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }

    #[test]
    fn only_this_machine_is_loopback() {
        assert!(["localhost", "127.0.0.1", "127.3.2.1", "::1", "[::1]"].into_iter().all(is_loopback));
        assert!(!["10.0.0.1", "smtp.example.jp", "localhost.example.jp", "0.0.0.0"].into_iter().any(is_loopback));
    }
}
