//! A mail server that says anything at all, over a real connection. Its answers are parted by the byte 0xff.
#![no_main]

use std::{cell::OnceCell, time::Duration};

use hinomi::{
    alert::{
        MailParams,
        email::{
            SmtpParams, Tls,
            smtp::{Limits, SmtpNotifier},
        },
        notifier::Notifier,
    },
    model::{
        alert::Rendered,
        limits,
        time::{Span, Zone},
    },
};
use libfuzzer_sys::fuzz_target;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    runtime::{Builder, Runtime},
    time::timeout,
};

struct Stage {
    runtime: Runtime,
    listener: TcpListener,
    notifier: SmtpNotifier,
}

fn stage() -> Stage {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let smtp =
        SmtpParams { host: "127.0.0.1".into(), port, tls: Tls::None, username: None, password: None, ca_pem: None };
    let from = "hinomi@tsubame.example".to_owned();
    let mail = MailParams { from, reply_to: None, dashboard: None, zone: Zone::JST, x_connected: false };
    let soon = Limits { connect: Span::seconds(5), transaction: Span::seconds(5) };
    let notifier = SmtpNotifier::with_limits(&smtp, &mail, soon, None).expect("good parameters");
    Stage { runtime, listener, notifier }
}

thread_local!(static STAGE: OnceCell<Stage> = const { OnceCell::new() });

/// Says its piece, waits a moment for a word, says the next, and hangs up. Gives what it heard.
async fn play(listener: &TcpListener, pieces: &[&[u8]]) -> Vec<u8> {
    let Ok((mut line, _)) = listener.accept().await else { return Vec::new() };
    let mut heard = Vec::new();
    for piece in pieces {
        if line.write_all(piece).await.is_err() {
            break;
        }
        let _word_or_not = timeout(Duration::from_millis(3), line.read_buf(&mut heard)).await;
    }
    let _ended = line.shutdown().await;
    let _rest = timeout(Duration::from_millis(50), line.read_to_end(&mut heard)).await;
    heard
}

fuzz_target!(|data: &[u8]| {
    let pieces: Vec<&[u8]> = data.split(|b| *b == 0xff).take(12).collect();
    let mail =
        Rendered { message_id: "a@b".into(), subject: "試験".into(), mime: b"Subject: x\r\n\r\nfire\r\n".to_vec() };
    STAGE.with(|cell| {
        let stage = cell.get_or_init(stage);
        let (said, heard) = stage.runtime.block_on(async {
            tokio::join!(stage.notifier.send(&mail, "pr@tsubame.example"), play(&stage.listener, &pieces))
        });
        let reply = match said {
            Ok(receipt) => {
                let end = b"\r\nfire\r\n.\r\n";
                let whole = heard.windows(end.len()).any(|w| w == end);
                assert!(whole, "counted as sent, and the server never had it: {:?}", String::from_utf8_lossy(&heard));
                receipt.reply
            }
            Err(error) => error.reply,
        };
        assert!(reply.chars().count() <= limits::ERROR_CHARS, "{reply:?}");
        assert!(!reply.chars().any(|c| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}')), "{reply:?}");
    });
});
