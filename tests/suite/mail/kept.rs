//! What the mailbox keeps: from us directly, from rude clients, and by way of a real Postfix.

use std::{future::Future, net::SocketAddr};

use hinomi::{
    alert::{
        email::{SmtpParams, Tls},
        notifier::{Class, Notifier, NotifyError, Receipt},
    },
    demo::mailbox::{self, SavedMail},
    model::time::Span,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{mpsc, oneshot},
    time::timeout,
};

use super::{FAR_TOO_LONG, TO, as_sent, in_clear, mail, notifier, params, postfix};

impl postfix::Postfix {
    /// Speaks TLS from the first byte.
    pub(crate) fn tls_address(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.tls_port).into()
    }

    /// The authority that signed its certificate, which is good for 127.0.0.1 alone, in PEM.
    pub(crate) fn authority(&self) -> Vec<u8> {
        std::fs::read(self.path("tls/ca.pem")).unwrap()
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
            let address = postfix.address();
            let clear = notifier(&in_clear(address), Span::seconds(20), None);
            let class = |result: Result<Receipt, NotifyError>| result.map_err(|e| (e.class, e.reply));

            // In clear on loopback, and then with its authority trusted over STARTTLS and over TLS from the first byte.
            let receipt = clear.send(sent, TO).await.unwrap_or_else(|why| panic!("{why}\n{}", postfix.log()));
            assert!(receipt.reply.starts_with("250 2.0.0 Ok: queued as "), "{}", receipt.reply);
            let tls = params(address, Tls::StartTls);
            let authority = postfix.authority();
            notifier(&tls, Span::seconds(20), Some(&authority)).send(sent, TO).await.unwrap();
            let whole = params(postfix.tls_address(), Tls::Implicit);
            notifier(&whole, Span::seconds(20), Some(&authority)).send(sent, TO).await.unwrap();

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
            for _ in 0..3 {
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
