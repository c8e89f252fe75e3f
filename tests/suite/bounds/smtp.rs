//! What a mail server can make us hold or wait for.

use std::time::{Duration, Instant};

use hinomi::{
    alert::{
        MailParams,
        email::{
            SmtpParams, Tls,
            smtp::{Limits, SmtpNotifier},
        },
        notifier::{Class, Notifier, NotifyError, Receipt},
    },
    model::{
        alert::Rendered,
        limits,
        time::{Span, Zone},
    },
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
};

/// One mail to a server that greets with `banner`, takes everything, and answers the goodbye if it `parts` in peace.
async fn send(banner: String, parts: bool) -> (Result<Receipt, NotifyError>, Duration) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = async move {
        let mut line = BufReader::new(listener.accept().await.unwrap().0);
        let mut open = line.get_mut().write_all(banner.as_bytes()).await.is_ok();
        let (mut said, mut in_body) = (String::new(), false);
        while open {
            said.clear();
            open = matches!(line.read_line(&mut said).await, Ok(1..));
            let reply = match said.trim_end() {
                "." => "250 taken\r\n",
                "DATA" => "354 go\r\n",
                "QUIT" if !parts => "",
                _ if in_body => "",
                _ => "250 ok\r\n",
            };
            in_body = (in_body || said.starts_with("DATA")) && said.trim_end() != ".";
            open = open && line.get_mut().write_all(reply.as_bytes()).await.is_ok();
        }
    };
    let smtp =
        SmtpParams { host: "127.0.0.1".into(), port, tls: Tls::None, username: None, password: None, ca_pem: None };
    let from = "hinomi@tsubame.example".to_owned();
    let mail = MailParams { from, reply_to: None, dashboard: None, zone: Zone::JST, x_connected: false };
    let limits = Limits { connect: Span::seconds(5), transaction: Span::seconds(15) };
    let notifier = SmtpNotifier::with_limits(&smtp, &mail, limits, None).unwrap();
    let mail = Rendered { message_id: "a@b".into(), subject: "x".into(), mime: b"Subject: x\r\n\r\ny\r\n".to_vec() };
    let sending = async {
        #[expect(clippy::disallowed_methods, reason = "the wall clock is what is measured")]
        let begun = Instant::now();
        (notifier.send(&mail, "pr@tsubame.example").await, begun.elapsed())
    };
    tokio::select! {
        sent = sending => sent,
        () = async { server.await; std::future::pending().await } => unreachable!("the server outlives nobody"),
    }
}

#[test]
fn a_mail_server_has_the_times_that_are_written_down() {
    let usual = Limits::default();
    assert_eq!((usual.connect, usual.transaction), (limits::SMTP_CONNECT, limits::SMTP_TRANSACTION));
    assert!(limits::SMTP_CONNECT < limits::SMTP_TRANSACTION);
}

/// A greeting of exactly so many bytes, in lines a server may write.
fn greeting(bytes: usize) -> String {
    let last = "220 ready\r\n";
    let line = |n: usize| format!("220-{}\r\n", "x".repeat(n - 6));
    let (full, rest) = ((bytes - last.len()) / 500 - 1, (bytes - last.len()) % 500);
    line(500).repeat(full) + &line(500 + rest) + last
}

#[tokio::test]
async fn a_server_may_say_so_much_and_not_a_byte_more() {
    // What it says after its greeting when all goes well.
    let rest = "250 ok\r\n".len() * 3 + "354 go\r\n".len() + "250 taken\r\n".len();
    let at = greeting(limits::SMTP_READ_BYTES - rest);
    assert_eq!(at.len() + rest, limits::SMTP_READ_BYTES);
    let (taken, _) = send(at, true).await;
    assert_eq!(taken.map(|r| r.reply), Ok("250 taken".into()));
    // The very last byte of the answer that would have made it a mail.
    let (refused, _) = send(greeting(limits::SMTP_READ_BYTES - rest + 1), true).await;
    let refused = refused.unwrap_err();
    assert_eq!(
        (refused.class, refused.reply.as_str()),
        (Class::Odd, "sending the message: the server talks without end")
    );
    let (refused, _) = send(greeting(limits::SMTP_READ_BYTES + 1), true).await;
    assert_eq!(refused.unwrap_err().reply, "connecting: the server talks without end");
}

#[tokio::test]
async fn a_goodbye_that_is_not_answered_costs_its_time_and_no_mail() {
    let (taken, took) = send("220 ready\r\n".into(), false).await;
    assert_eq!(taken.map(|r| r.reply), Ok("250 taken".into()));
    let limit = limits::SMTP_QUIT.to_std();
    assert!(took >= limit && took < limit + Duration::from_secs(4), "{took:?}");
}

#[tokio::test]
async fn the_words_of_a_server_are_kept_up_to_their_limit() {
    let reply = async |n: usize| send(format!("554 {}\r\n", "y".repeat(n - 4)), true).await.0.unwrap_err().reply;
    let at = reply(limits::ERROR_CHARS).await;
    assert_eq!(at.chars().count(), limits::ERROR_CHARS);
    assert_eq!(reply(limits::ERROR_CHARS + 1).await, at, "the last letter is left out");
    assert_eq!(reply(limits::ERROR_CHARS - 1).await.chars().count(), limits::ERROR_CHARS - 1);
}
