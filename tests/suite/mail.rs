//! Mails on real sockets: what each misbehaviour of a mail server means, that our time limits hold, and (in `kept`)
//! that a mail arrives byte for byte, also through a real Postfix.

#[path = "../harness/dialogue.rs"]
mod dialogue;
#[path = "mail/faulty.rs"]
mod faulty;
#[path = "mail/kept.rs"]
mod kept;
#[path = "../harness/postfix.rs"]
pub(crate) mod postfix;

use std::{net::SocketAddr, time::Duration};

use faulty::{Act, GOOD, Heard, Script};
use hinomi::{
    alert::{
        MailParams,
        email::{
            SmtpParams, Tls,
            smtp::{Limits, SmtpNotifier},
        },
        notifier::{Class, Notifier, NotifyError, Receipt},
    },
    model::{alert::Rendered, secret::Secret, time::Span, time::Zone},
};
use tokio::time::timeout;

const TO: &str = "pr@tsubame.example";
/// Far more than any test should need; only a limit that does not hold gets here.
const FAR_TOO_LONG: Duration = Duration::from_secs(30);

fn params(address: SocketAddr, tls: Tls) -> SmtpParams {
    SmtpParams {
        host: address.ip().to_string(),
        port: address.port(),
        tls,
        username: None,
        password: None,
        ca_pem: None,
    }
}

fn with_login(params: SmtpParams) -> SmtpParams {
    SmtpParams { username: Some("hinomi".into()), password: Some(Secret::new("himitsu")), ..params }
}

fn mail_params() -> MailParams {
    MailParams {
        from: "火の見 <hinomi@tsubame.example>".into(),
        reply_to: None,
        dashboard: None,
        zone: Zone::JST,
        x_connected: false,
    }
}

fn notifier(params: &SmtpParams, transaction: Span, trusted: Option<&[u8]>) -> SmtpNotifier {
    let limits = Limits { connect: Span::seconds(5), transaction };
    SmtpNotifier::with_limits(params, &mail_params(), limits, trusted).unwrap()
}

/// A mail with lines that try the transparency of the way: dots alone, doubled, in front, at the end.
fn mail(subject: &str) -> Rendered {
    let mime = format!(
        "From: <hinomi@tsubame.example>\r\nSubject: {subject}\r\nMessage-ID: <inc1234.n1@tsubame.example>\r\n\
         Date: Tue, 12 May 2026 12:00:00 +0900\r\nX-Hinomi-Incident: 1234\r\nX-Hinomi-Level: critical\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n\
         .\r\n..\r\n.leading\r\n<p>&#28779;</p>\r\ntrailing.\r\n\r\n.\r\n\r\n"
    );
    Rendered { message_id: "inc1234.n1@tsubame.example".into(), subject: subject.into(), mime: mime.into_bytes() }
}

fn as_sent(mail: &Rendered) -> Vec<u8> {
    [format!("To: {TO}\r\n").as_bytes(), &mail.mime].concat()
}

async fn attempt(script: Script, params: impl Fn(SocketAddr) -> SmtpParams) -> (Result<Receipt, NotifyError>, Heard) {
    attempt_within(Span::seconds(20), script, params).await
}

async fn attempt_within(
    limit: Span,
    script: Script,
    params: impl Fn(SocketAddr) -> SmtpParams,
) -> (Result<Receipt, NotifyError>, Heard) {
    let (listener, address) = faulty::listen().await;
    let notifier = notifier(&params(address), limit, None);
    let mail = mail("test");
    let both = async { tokio::join!(notifier.send(&mail, TO), faulty::play(listener, script)) };
    timeout(FAR_TOO_LONG, both).await.expect("the limits did not hold")
}

fn in_clear(address: SocketAddr) -> SmtpParams {
    params(address, Tls::None)
}

#[tokio::test]
async fn a_mail_that_is_taken_carries_the_servers_words() {
    let (result, heard) = attempt(GOOD, |a| with_login(in_clear(a))).await;
    assert_eq!(result.unwrap().reply, "250 2.0.0 queued as 4711");
    assert_eq!(heard.verbs, ["EHLO", "AUTH", "MAIL", "RCPT", "DATA", "QUIT"]);
    let sent = String::from_utf8(heard.message).unwrap();
    assert!(sent.starts_with("To: pr@tsubame.example\r\nFrom: ") && sent.ends_with("\r\n..\r\n\r\n.\r\n"), "{sent}");
}

#[tokio::test]
async fn every_refusal_has_its_class_and_its_words() {
    use Class::{Config, Odd, Recipient, Size, Transient};
    let cases = [
        (Script { banner: Act::Say("421 4.3.2 too busy"), ..GOOD }, Transient, "421 4.3.2 too busy"),
        (Script { rcpt: Act::Say("450 4.2.0 greylisted"), ..GOOD }, Transient, "450 4.2.0 greylisted"),
        (Script { rcpt: Act::Say("550 5.1.1 no such user"), ..GOOD }, Recipient, "550 5.1.1 no such user"),
        (
            Script { rcpt: Act::Say("550-5.7.1 we do not\r\n550 5.7.1 know you"), ..GOOD },
            Config,
            "550 5.7.1 we do not know you",
        ),
        (Script { mail: Act::Say("530 5.7.0 authenticate first"), ..GOOD }, Config, "530 5.7.0 authenticate first"),
        (Script { body: Act::Say("451 4.3.0 disk trouble"), ..GOOD }, Transient, "451 4.3.0 disk trouble"),
        (Script { body: Act::Say("552 5.3.4 too big"), ..GOOD }, Size, "552 5.3.4 too big"),
        (Script { body: Act::Say("554 no"), ..GOOD }, Odd, "554 no"),
        (
            Script { body: Act::Say("354 and more?"), ..GOOD },
            Odd,
            "sending the message: unexpected reply: 354 and more?",
        ),
        (
            Script { data: Act::Say("250 so what"), ..GOOD },
            Odd,
            "announcing the message: unexpected reply: 250 so what",
        ),
    ];
    for (script, class, reply) in cases {
        let (result, _) = attempt(script, in_clear).await;
        assert_eq!(result.unwrap_err(), NotifyError { class, reply: reply.into() });
    }
}

#[tokio::test]
async fn a_refused_login_is_for_a_person_and_a_weary_one_is_not() {
    let login = |a| with_login(in_clear(a));
    for (reply, class) in [("535 5.7.8 bad password", Class::Config), ("454 4.7.0 later", Class::Transient)] {
        let (result, heard) = attempt(Script { auth: Act::Say(reply), ..GOOD }, login).await;
        assert_eq!(result.unwrap_err(), NotifyError { class, reply: reply.into() });
        assert!(!heard.verbs.contains(&"MAIL".to_owned()));
    }
    let (result, heard) = attempt(Script { ehlo: Act::Say("250 faulty.example"), ..GOOD }, login).await;
    assert_eq!(result.unwrap_err().class, Class::Config);
    assert_eq!(heard.verbs[0], "EHLO");
    assert!(!heard.verbs.contains(&"AUTH".to_owned()));
}

#[tokio::test]
async fn without_starttls_neither_login_nor_mail_goes_out() {
    let (result, heard) = attempt(GOOD, |a| with_login(params(a, Tls::StartTls))).await;
    let error = result.unwrap_err();
    assert_eq!(error.class, Class::Config);
    assert!(error.reply.contains("STARTTLS"), "{}", error.reply);
    assert_eq!(heard.verbs, ["EHLO"]);

    let offered = Script { ehlo: Act::Say("250-faulty.example\r\n250 STARTTLS"), ..GOOD };
    let (result, heard) = attempt(offered, |a| with_login(params(a, Tls::StartTls))).await;
    assert_eq!(result.unwrap_err().class, Class::Transient);
    assert!(!heard.verbs.iter().any(|verb| verb == "AUTH" || verb == "MAIL"), "{:?}", heard.verbs);
}

#[tokio::test]
async fn a_line_that_closes_is_doubt_only_after_the_body() {
    for (script, class) in [
        (Script { banner: Act::Close, ..GOOD }, Class::Transient),
        (Script { rcpt: Act::Close, ..GOOD }, Class::Transient),
        (Script { data: Act::Raw(b"35"), mail: Act::Close, ..GOOD }, Class::Transient),
        (Script { body: Act::Close, ..GOOD }, Class::Unknown),
    ] {
        let (result, _) = attempt(script, in_clear).await;
        assert_eq!(result.unwrap_err().class, class);
    }
}

#[tokio::test]
async fn a_silent_server_costs_no_more_than_the_limit() {
    for (script, class) in [
        (Script { banner: Act::Hang, ..GOOD }, Class::Transient),
        (Script { rcpt: Act::Hang, ..GOOD }, Class::Transient),
        (Script { body: Act::Hang, ..GOOD }, Class::Unknown),
        // A reply that never ends is silence too.
        (Script { body: Act::Raw(b"250 que"), ..GOOD }, Class::Unknown),
    ] {
        let (result, _) = attempt_within(Span::from_millis(300), script, in_clear).await;
        assert_eq!(result.unwrap_err().class, class);
    }
}

#[tokio::test]
async fn a_mail_that_was_taken_stays_taken_when_the_goodbye_fails() {
    for quit in [Act::Hang, Act::Close, Act::Say("451 not yet")] {
        let (result, _) = attempt(Script { quit, ..GOOD }, in_clear).await;
        assert_eq!(result.unwrap().reply, "250 2.0.0 queued as 4711");
    }
}

#[tokio::test]
async fn a_server_that_talks_without_end_or_nonsense_is_odd_and_bounded() {
    for flood in [&[b'a'; 4096][..], b"250-and another thing\r\n"] {
        for script in [Script { banner: Act::Flood(flood), ..GOOD }, Script { rcpt: Act::Flood(flood), ..GOOD }] {
            let (result, heard) = attempt(script, in_clear).await;
            let error = result.unwrap_err();
            assert_eq!(error.class, Class::Odd, "{}", error.reply);
            // What we read and what the system holds for a closed socket; the server would have gone on for ever.
            assert!(heard.flood < 32 * 1024 * 1024, "{} bytes", heard.flood);
        }
    }
    for nonsense in [&b"\xff\xfe\x00\x80\r\n"[..], b"199 what is this\r\n", b"hello\r\n", b"250ok\r\n"] {
        for script in [Script { banner: Act::Raw(nonsense), ..GOOD }, Script { rcpt: Act::Raw(nonsense), ..GOOD }] {
            let (result, _) = attempt(script, in_clear).await;
            let error = result.unwrap_err();
            assert_eq!(error.class, Class::Odd, "{nonsense:?}: {}", error.reply);
            assert!(error.reply.chars().count() <= 200 && !error.reply.chars().any(char::is_control));
        }
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_waited_for_and_a_dead_address_is_not() {
    let (listener, address) = faulty::listen().await;
    drop(listener);
    let notifier = notifier(&in_clear(address), Span::seconds(5), None);
    assert_eq!(notifier.send(&mail("test"), TO).await.unwrap_err().class, Class::Transient);
    for wrong in ["pr@tsubame.example\r\nDATA", "見張り@tsubame.example", "", "pr"] {
        assert_eq!(notifier.send(&mail("test"), wrong).await.unwrap_err().class, Class::Recipient, "{wrong:?}");
    }
}
