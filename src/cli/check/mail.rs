//! The road to the mailbox: connection, TLS, login. No mail is sent.

use super::{
    cure::{self, Setting},
    report::{Leg, Mark, say},
};
use crate::{
    alert::{
        email::{
            SmtpParams, Tls,
            outcome::Phase,
            smtp::{Limits, SmtpNotifier},
        },
        notifier::{Class, NotifyError},
    },
    config::{Lang, Settings},
    model::{time::Span, watch::Watchlist},
};

/// A person waits.
pub(super) const LIMITS: Limits = Limits { connect: Span::seconds(10), transaction: Span::seconds(30) };

pub(super) async fn legs(settings: &Settings, list: &Watchlist, offline: bool, lang: Lang) -> Vec<Leg> {
    let (Some(mail), Some(smtp)) = (&settings.mail, &settings.smtp) else {
        let text = say(
            lang,
            "ありません — [mail] と [mail.smtp] を書かないと誰にも知らせられません",
            "none — without [mail] and [mail.smtp] nobody is told",
        );
        return vec![Leg::new("mail", lang, Mark::Bad, text)];
    };
    let server = match SmtpNotifier::with_limits(smtp, mail, LIMITS, smtp.ca_pem.as_deref()) {
        Err(why) => Leg::new("mail", lang, Mark::Bad, why.to_string()),
        Ok(_) if offline => {
            let not_asked = say(lang, "つないでいません", "not connected");
            Leg::new("mail", lang, Mark::Off, format!("{}  {}  {not_asked}", server(smtp, None, lang), mail.from))
        }
        Ok(notifier) => match notifier.probe().await {
            Ok(()) => Leg::new("mail", lang, Mark::Good, format!("{}  {}", server(smtp, Some(()), lang), mail.from)),
            Err((phase, error)) => failed(smtp, phase, &error, lang),
        },
    };
    let mut used: Vec<&str> = list.companies.iter().flat_map(|w| settings.addresses(&w.recipients)).collect();
    used.sort_unstable();
    used.dedup();
    let (groups, people) = (settings.recipients.len(), used.len());
    let whom = say(lang, format!("宛先 {groups}組・{people}件"), format!("groups: {groups}, addresses: {people}"));
    let mut legs = vec![server, Leg::new("recipients", lang, Mark::Good, whom)];
    legs.extend(idle_groups(settings, list, lang));
    legs
}

/// A group that hears of nothing is a person who believes to be told.
fn idle_groups(settings: &Settings, list: &Watchlist, lang: Lang) -> Option<Leg> {
    let hears = |group: &String| {
        list.companies.iter().any(|w| {
            if w.recipients.is_empty() {
                settings.default_recipients.contains(group)
            } else {
                w.recipients.contains(group)
            }
        })
    };
    let idle: Vec<&str> = settings.recipients.keys().filter(|g| !hears(g)).map(String::as_str).collect();
    let names = idle.join(", ");
    (!idle.is_empty()).then(|| {
        Leg::new(
            "recipients",
            lang,
            Mark::Look,
            say(lang, format!("{names} には何も届きません"), format!("{names} hear of nothing")),
        )
        .cured_by(say(
            lang,
            "[alert] default か、会社の recipients に書いてください",
            "name them in [alert] default or in the recipients of a company",
        ))
    })
}

fn server(smtp: &SmtpParams, connected: Option<()>, lang: Lang) -> String {
    let tls = match smtp.tls {
        Tls::Implicit => "TLS",
        Tls::StartTls => "STARTTLS",
        Tls::None => "—",
    };
    let login = match (&smtp.username, connected) {
        (Some(_), Some(())) => say(lang, "認証OK", "logged in"),
        (Some(_), None) => say(lang, "認証あり", "with login"),
        (None, Some(())) => say(lang, "接続OK（認証なし）", "connected, no login"),
        (None, None) => say(lang, "認証なし", "no login"),
    };
    format!("{}:{}  {tls}  {login}", smtp.host, smtp.port)
}

fn failed(smtp: &SmtpParams, phase: Phase, error: &NotifyError, lang: Lang) -> Leg {
    let (host, reply) = (format!("{}:{}", smtp.host, smtp.port), &error.reply);
    let (text, cure) = match (phase, error.class) {
        (Phase::Login, Class::Config) => (
            say(lang, format!("{host}  認証に失敗しました（{reply}）"), format!("{host}  the login failed ({reply})")),
            say(
                lang,
                "username と、password_env の環境変数（または password_file）の中身を確かめてください。アプリ用のパスワードが要るサーバーもあります",
                "look at username and at what password_env or password_file holds; some servers want a password for applications",
            ),
        ),
        (_, Class::Transient) if reply.starts_with(|c: char| c.is_ascii_digit()) => (
            say(lang, format!("{host}  いまは受け付けません（{reply}）"), format!("{host}  not now ({reply})")),
            say(lang, "時間をおいて hinomi check", "try again later"),
        ),
        _ if reply.to_ascii_lowercase().contains("starttls") => (
            format!("{host}  {reply}"),
            say(
                lang,
                "サーバーが STARTTLS を出しません。port 465 なら tls = \"implicit\" に",
                "the server offers no STARTTLS; with port 465 use tls = \"implicit\"",
            ),
        ),
        _ if reply.contains("no answer within") => (
            say(lang, format!("{host}  返事がありません（{reply}）"), format!("{host}  no answer ({reply})")),
            say(
                lang,
                "port と tls の組み合わせ（587 は starttls、465 は implicit）と、ファイアウォールを確かめてください",
                "look at port and tls together (587 is starttls, 465 implicit), and at firewalls",
            ),
        ),
        _ => (
            say(lang, format!("{host}  つながりません（{reply}）"), format!("{host}  cannot be reached ({reply})")),
            cure::connection(reply, Setting::Smtp, lang),
        ),
    };
    Leg::new("mail", lang, Mark::Bad, text).cured_by(cure)
}
