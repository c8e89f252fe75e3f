//! Mails on real sockets: what each misbehaviour of a mail server means, that our time limits hold, and that a mail
//! arrives byte for byte, also through a real Postfix.

#[path = "mail/faulty.rs"]
mod faulty;
#[path = "harness/postfix.rs"]
mod postfix;

use std::{future::Future, net::SocketAddr, time::Duration};

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
    demo::mailbox::{self, SavedMail},
    model::{alert::Rendered, secret::Secret, time::Span, time::Zone},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{mpsc, oneshot},
    time::timeout,
};

const TO: &str = "pr@tsubame.example";
/// Far more than any test should need; only a limit that does not hold gets here.
const FAR_TOO_LONG: Duration = Duration::from_secs(30);

fn params(address: SocketAddr, tls: Tls) -> SmtpParams {
    SmtpParams { host: address.ip().to_string(), port: address.port(), tls, username: None, password: None }
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

/// Runs `work` beside a mailbox in a folder of its own; gives what was saved.
async fn beside_mailbox<F, W>(work: F) -> (Vec<SavedMail>, tempfile::TempDir)
where
    F: FnOnce(SocketAddr, mpsc::UnboundedReceiver<SavedMail>) -> W,
    W: Future<Output = Vec<SavedMail>>,
{
    let folder = tempfile::tempdir().unwrap();
    let mailbox = mailbox::listen(folder.path().join("mail")).await.unwrap();
    let address = mailbox.addr();
    let (told, hear) = mpsc::unbounded_channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = mailbox.serve(told, async { stopped.await.unwrap_or_default() });
    let working = async {
        let saved = work(address, hear).await;
        stop.send(()).unwrap();
        saved
    };
    let (saved, ()) = timeout(FAR_TOO_LONG * 2, async { tokio::join!(working, serving) }).await.expect("it hangs");
    (saved, folder)
}

#[tokio::test]
async fn the_mailbox_keeps_every_byte_and_a_page_for_a_browser() {
    let mail = mail("=?utf-8?B?44CQ54Gr44Gu6KaL44CR57eK5oCl?=");
    let (saved, _folder) = beside_mailbox(|address, mut hear| {
        let mail = &mail;
        async move {
            notifier(&in_clear(address), Span::seconds(10), None).send(mail, TO).await.unwrap();
            vec![hear.recv().await.unwrap()]
        }
    })
    .await;
    let saved = &saved[0];
    assert_eq!(saved.subject, "【火の見】緊急");
    assert_eq!(saved.path.file_name().unwrap(), "001-1234-critical.eml");
    let kept = std::fs::read(&saved.path).unwrap();
    assert_eq!(String::from_utf8_lossy(&kept), String::from_utf8_lossy(&as_sent(&mail)));
    let page = std::fs::read_to_string(saved.html.as_ref().unwrap()).unwrap();
    assert!(page.starts_with(".\r\n..\r\n.leading\r\n<p>&#28779;</p>"), "{page:?}");
}

#[tokio::test]
async fn mails_at_once_get_numbers_of_their_own_and_a_later_run_goes_on_behind_them() {
    let (saved, folder) = beside_mailbox(|address, mut hear| async move {
        let notifier = std::sync::Arc::new(notifier(&in_clear(address), Span::seconds(20), None));
        let mut sends = tokio::task::JoinSet::new();
        for n in 0..30 {
            let notifier = std::sync::Arc::clone(&notifier);
            sends.spawn(async move { notifier.send(&mail(&format!("mail {n}")), TO).await.unwrap() });
        }
        assert_eq!(sends.join_all().await.len(), 30);
        let mut saved = Vec::new();
        hear.recv_many(&mut saved, 100).await;
        saved
    })
    .await;
    let subjects: std::collections::BTreeSet<_> = saved.iter().map(|mail| mail.subject.clone()).collect();
    let paths: std::collections::BTreeSet<_> = saved.iter().map(|mail| mail.path.clone()).collect();
    assert_eq!((subjects.len(), paths.len()), (30, 30));
    let left: Vec<_> = std::fs::read_dir(folder.path().join("mail")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 60, "no draft is left: {left:?}");

    let again = mailbox::listen(folder.path().join("mail")).await.unwrap();
    let (told, mut hear) = mpsc::unbounded_channel();
    let (address, one) = (again.addr(), mail("one more"));
    let next = notifier(&in_clear(address), Span::seconds(10), None);
    let stop = async {
        next.send(&one, TO).await.unwrap();
    };
    again.serve(told, stop).await;
    assert!(hear.recv().await.unwrap().path.ends_with("031-1234-critical.eml"));
}

#[tokio::test]
async fn the_mailbox_stands_rude_clients() {
    async fn say(stream: &mut TcpStream, words: &[u8]) {
        // The mailbox may have hung up already; what it said before is still to be read.
        stream.write_all(words).await.ok();
    }
    let (saved, _folder) = beside_mailbox(|address, mut hear| async move {
        // A dot behind a lone LF does not end a message, and the one behind CRLF does.
        let mut client = TcpStream::connect(address).await.unwrap();
        say(&mut client, b"HELO x\r\nRCPT TO:<a@b>\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n").await;
        say(&mut client, b"Subject: smuggled\r\n\r\na\n.\nb\n.\r\nc\r\n..d\r\n.\r\nNOOP\r\nFROG\r\nQUIT\r\n").await;
        let mut said = String::new();
        client.read_to_string(&mut said).await.unwrap();
        let codes: Vec<&str> = said.lines().map(|line| line.split(' ').next().unwrap()).collect();
        assert_eq!(codes, ["220", "250", "503", "250", "250", "354", "250", "250", "500", "221"]);
        let first = hear.recv().await.unwrap();

        // Too big: refused after the message, and the talk goes on.
        let mut client = TcpStream::connect(address).await.unwrap();
        say(&mut client, b"HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n").await;
        for _ in 0..3 * 1024 {
            say(&mut client, &[&[b'x'; 1022][..], b"\r\n"].concat()).await;
        }
        say(&mut client, b".\r\nRSET\r\nQUIT\r\n").await;
        let mut said = String::new();
        client.read_to_string(&mut said).await.unwrap();
        assert!(said.contains("\r\n552 5.3.4 ") && said.contains("\r\n221 "), "{said}");

        // A line without an end.
        let mut client = TcpStream::connect(address).await.unwrap();
        say(&mut client, &[b'x'; 4096]).await;
        let mut said = String::new();
        client.read_to_string(&mut said).await.unwrap();
        assert!(said.contains("\r\n500 5.5.6 "), "{said}");
        assert!(hear.try_recv().is_err());
        vec![first]
    })
    .await;
    assert_eq!(std::fs::read(&saved[0].path).unwrap(), b"Subject: smuggled\r\n\r\na\n.\nb\n.\r\nc\r\n.d\r\n");
    assert_eq!(saved[0].html, None);
}

#[tokio::test]
async fn a_real_postfix_takes_our_mail_passes_it_on_unchanged_and_is_understood_when_it_refuses() {
    let sent = mail("=?utf-8?B?44CQ54Gr44Gu6KaL44CR57eK5oCl?=");
    let (saved, _folder) = beside_mailbox(|sink, mut hear| {
        let sent = &sent;
        async move {
            let postfix = tokio::task::spawn_blocking(move || postfix::Postfix::start(sink)).await.unwrap();
            let address: SocketAddr = ([127, 0, 0, 1], postfix.port()).into();
            let clear = notifier(&in_clear(address), Span::seconds(20), None);
            let class = |result: Result<Receipt, NotifyError>| result.map_err(|e| (e.class, e.reply));

            // In clear on loopback, and then over STARTTLS with its authority trusted.
            let receipt = clear.send(sent, TO).await.unwrap_or_else(|why| panic!("{why}\n{}", postfix.log()));
            assert!(receipt.reply.starts_with("250 2.0.0 Ok: queued as "), "{}", receipt.reply);
            let tls = params(address, Tls::StartTls);
            let authority = postfix.authority();
            notifier(&tls, Span::seconds(20), Some(&authority)).send(sent, TO).await.unwrap();

            // A certificate nobody vouches for, and one for another name.
            let (found, reply) = class(notifier(&tls, Span::seconds(20), None).send(sent, TO).await).unwrap_err();
            assert_eq!(found, Class::Config, "{reply}");
            assert!(reply.contains("certificate"), "{reply}");
            let other = SmtpParams { host: "localhost".into(), ..tls };
            let (found, reply) =
                class(notifier(&other, Span::seconds(20), Some(&authority)).send(sent, TO).await).unwrap_err();
            assert_eq!(found, Class::Config, "{reply}");
            // TLS from the first byte to a port that greets in clear.
            let early = params(address, Tls::Implicit);
            let (found, reply) = class(notifier(&early, Span::seconds(20), None).send(sent, TO).await).unwrap_err();
            assert_eq!(found, Class::Config, "{reply}");

            let (found, reply) = class(clear.send(sent, &format!("nobody@{}", postfix::LOCAL)).await).unwrap_err();
            assert_eq!(found, Class::Recipient, "{reply}");
            assert!(reply.starts_with("550 5.1.1 "), "{reply}");
            let (found, reply) = class(clear.send(sent, &format!("pr@{}", postfix::DENIED)).await).unwrap_err();
            assert_eq!(found, Class::Config, "{reply}");
            let mut big = sent.clone();
            big.mime.extend("a line that makes it big\r\n".repeat(postfix::SIZE_LIMIT / 20).bytes());
            let (found, reply) = class(clear.send(&big, TO).await).unwrap_err();
            assert_eq!(found, Class::Size, "{reply}");

            let mut saved = Vec::new();
            for _ in 0..2 {
                let arrived = timeout(FAR_TOO_LONG, hear.recv()).await;
                saved.push(arrived.unwrap_or_else(|_| panic!("it never arrived\n{}", postfix.log())).unwrap());
            }
            tokio::task::spawn_blocking(move || drop(postfix)).await.unwrap();
            saved
        }
    })
    .await;
    for arrived in saved {
        let kept = std::fs::read(&arrived.path).unwrap();
        assert!(kept.ends_with(&as_sent(&sent)), "{}", String::from_utf8_lossy(&kept));
        assert!(kept.starts_with(b"Received: "), "Postfix puts its stamp in front and touches nothing else");
        assert_eq!(arrived.subject, "【火の見】緊急");
    }
}
