//! A mail server on this machine that keeps what it is given: every mail as an `.eml` file, and its HTML beside it
//! for a browser.
//!
//! Not a mail server for anybody else: it listens on a loopback address only, delivers nowhere, asks for no login and
//! speaks no TLS.
//!
//! # Invariants
//! - A `250` after the message means that both files stand complete under their names.
//! - A mail is kept byte for byte as it was before dots were doubled for the way.
//! - Lines, messages, connections and idle time are bounded.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use mailparse::{MailHeaderMap, ParsedMail};
use tokio::{
    fs,
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::mpsc,
    task::JoinSet,
    time::timeout,
};

/// Bytes of a line; the protocol allows 1000.
const LINE_BYTES: usize = 4096;
/// Bytes of a mail; told to the other side as SIZE.
const MAIL_BYTES: usize = 2 * 1024 * 1024;
/// Connections at once; the next one waits in the system's queue.
const CONNECTIONS: usize = 16;
/// Without a line from the other side.
const IDLE: Duration = Duration::from_mins(1);
/// After the system refused a connection, for want of file handles, say.
const BREATH: Duration = Duration::from_millis(100);

/// A mail that stands on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedMail {
    /// The `.eml` file.
    pub path: PathBuf,
    /// The page beside it; `None` if the mail has no HTML part.
    pub html: Option<PathBuf>,
    /// As people read it.
    pub subject: String,
}

/// The server, listening but not yet answering.
#[derive(Debug)]
pub struct Mailbox {
    listener: TcpListener,
    address: SocketAddr,
    folder: Arc<Folder>,
}

#[derive(Debug)]
struct Folder {
    path: PathBuf,
    last: AtomicU32,
}

/// Listens on a free loopback port. `dir` is created if need be; numbers go on behind the mails already there.
pub async fn listen(dir: PathBuf) -> io::Result<Mailbox> {
    fs::create_dir_all(&dir).await?;
    let mut last = 0;
    let mut entries = fs::read_dir(&dir).await?;
    while let Some(entry) = entries.next_entry().await? {
        let name = entry.file_name();
        let number = name.to_str().and_then(|n| n.split_once('-')).and_then(|(number, _)| number.parse().ok());
        last = last.max(number.unwrap_or(0));
    }
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    Ok(Mailbox { listener, address, folder: Arc::new(Folder { path: dir, last: AtomicU32::new(last) }) })
}

impl Mailbox {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `stop` ends, then drops every connection: what was not acknowledged was not taken. Each mail is
    /// told to `saved`; nobody has to listen there.
    pub async fn serve(self, saved: mpsc::UnboundedSender<SavedMail>, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        // Dropped with this future, and with it every connection.
        let mut talks = JoinSet::new();
        loop {
            tokio::select! {
                () = &mut stop => return,
                Some(_) = talks.join_next() => {}
                accepted = self.listener.accept(), if talks.len() < CONNECTIONS => match accepted {
                    Ok((stream, _)) => {
                        let (folder, saved) = (Arc::clone(&self.folder), saved.clone());
                        talks.spawn(async move {
                            if let Err(why) = talk(stream, &folder, &saved).await {
                                tracing::debug!(%why, "the mailbox lost a connection");
                            }
                        });
                    }
                    Err(why) => {
                        tracing::warn!(%why, "the mailbox cannot accept a connection");
                        tokio::time::sleep(BREATH).await;
                    }
                },
            }
        }
    }
}

/// One line with its end, or what there was of it.
enum Line {
    Whole(Vec<u8>),
    TooLong,
    Closed,
}

struct Talk {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
}

impl Talk {
    async fn say(&mut self, reply: &str) -> io::Result<()> {
        self.writer.write_all(reply.as_bytes()).await?;
        self.writer.write_all(b"\r\n").await
    }

    async fn line(&mut self) -> io::Result<Line> {
        let mut line = Vec::new();
        let mut bounded = (&mut self.reader).take(LINE_BYTES as u64);
        timeout(IDLE, bounded.read_until(b'\n', &mut line)).await.map_err(|_| io::ErrorKind::TimedOut)??;
        Ok(match line.last() {
            Some(b'\n') => Line::Whole(line),
            _ if line.len() >= LINE_BYTES => Line::TooLong,
            _ => Line::Closed,
        })
    }

    /// The message up to the final dot, with doubled dots made single; `None` if the talk cannot go on. An empty
    /// `Err` is a message that was too big and has been read to its end.
    async fn message(&mut self) -> io::Result<Option<Result<Vec<u8>, ()>>> {
        let (mut message, mut too_big) = (Vec::new(), false);
        // Only CRLF starts a line: a lone LF must not let a dot after it end the message.
        let mut at_start = true;
        loop {
            let Line::Whole(line) = self.line().await? else { return Ok(None) };
            if at_start && line == b".\r\n" {
                return Ok(Some(if too_big { Err(()) } else { Ok(message) }));
            }
            let kept = line.strip_prefix(b".").filter(|_| at_start).unwrap_or(&line);
            too_big = too_big || message.len() + kept.len() > MAIL_BYTES;
            if !too_big {
                message.extend_from_slice(kept);
            }
            at_start = line.ends_with(b"\r\n");
        }
    }
}

/// What has been said of the mail to come.
#[derive(Default)]
struct Envelope {
    sender: bool,
    recipients: u32,
}

async fn talk(stream: TcpStream, folder: &Folder, saved: &mpsc::UnboundedSender<SavedMail>) -> io::Result<()> {
    let (reader, writer) = stream.into_split();
    let mut talk = Talk { reader: BufReader::new(reader), writer };
    let mut envelope = Envelope::default();
    talk.say("220 mailbox.hinomi.invalid ESMTP, for a demonstration").await?;
    loop {
        let line = match talk.line().await? {
            Line::Whole(line) => line,
            Line::TooLong => return talk.say("500 5.5.6 line too long").await,
            Line::Closed => return Ok(()),
        };
        let command = String::from_utf8_lossy(&line).trim().to_ascii_uppercase();
        let verb = command.split([' ', ':']).next().unwrap_or_default();
        match verb {
            "EHLO" => {
                envelope = Envelope::default();
                talk.say(&format!("250-mailbox.hinomi.invalid\r\n250-8BITMIME\r\n250 SIZE {MAIL_BYTES}")).await?;
            }
            "HELO" => {
                envelope = Envelope::default();
                talk.say("250 mailbox.hinomi.invalid").await?;
            }
            "MAIL" if command.starts_with("MAIL FROM:") => {
                envelope = Envelope { sender: true, recipients: 0 };
                talk.say("250 2.1.0 sender ok").await?;
            }
            "RCPT" if command.starts_with("RCPT TO:") && envelope.sender => {
                envelope.recipients = envelope.recipients.saturating_add(1);
                talk.say("250 2.1.5 recipient ok").await?;
            }
            "DATA" if envelope.recipients > 0 => {
                talk.say("354 go ahead").await?;
                let reply = match talk.message().await? {
                    None => return Ok(()),
                    Some(Err(())) => "552 5.3.4 message too big",
                    Some(Ok(message)) => match folder.save(&message).await {
                        Ok(mail) => {
                            // Nobody may be listening, and the mail is kept all the same.
                            saved.send(mail).ok();
                            "250 2.0.0 kept"
                        }
                        Err(why) => {
                            tracing::warn!(%why, "the mailbox cannot keep a mail");
                            "451 4.3.0 cannot keep it now"
                        }
                    },
                };
                envelope = Envelope::default();
                talk.say(reply).await?;
            }
            "MAIL" | "RCPT" | "DATA" => talk.say("503 5.5.1 not now, or not so").await?,
            "RSET" => {
                envelope = Envelope::default();
                talk.say("250 2.0.0 forgotten").await?;
            }
            "NOOP" => talk.say("250 2.0.0 still here").await?,
            "QUIT" => return talk.say("221 2.0.0 goodbye").await,
            _ => talk.say("500 5.5.2 not understood").await?,
        }
    }
}

impl Folder {
    async fn save(&self, message: &[u8]) -> io::Result<SavedMail> {
        let read = Read::of(message);
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let path = self.path.join(format!("{number:03}-{}.eml", read.name));
        let html = read.html.as_ref().map(|page| (path.with_extension("html"), page));
        // The page first: who sees the mail finds its page there.
        if let Some((path, page)) = &html {
            write_whole(path, page.as_bytes()).await?;
        }
        write_whole(&path, message).await?;
        Ok(SavedMail { path, html: html.map(|(path, _)| path), subject: read.subject })
    }
}

/// Under another name first, so that nobody ever opens half a file.
async fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("part");
    fs::write(&draft, bytes).await?;
    fs::rename(&draft, path).await
}

/// What is of use in a mail; empty where it cannot be read, because it is kept either way.
#[derive(Debug, Default, PartialEq, Eq)]
struct Read {
    name: String,
    subject: String,
    html: Option<String>,
}

impl Read {
    fn of(message: &[u8]) -> Self {
        let Ok(mail) = mailparse::parse_mail(message) else {
            return Self { name: "mail".to_owned(), ..Self::default() };
        };
        let header = |name: &str| mail.headers.get_first_value(name).unwrap_or_default();
        let words = [safe(&header("X-Hinomi-Incident")), safe(&header("X-Hinomi-Level"))];
        let name = words.iter().filter(|word| !word.is_empty()).cloned().collect::<Vec<_>>().join("-");
        Self {
            name: if name.is_empty() { "mail".to_owned() } else { name },
            subject: header("Subject"),
            html: html_of(&mail),
        }
    }
}

/// Of a header only what is harmless in a file's name everywhere.
fn safe(word: &str) -> String {
    word.chars().filter(char::is_ascii_alphanumeric).take(24).collect()
}

fn html_of(mail: &ParsedMail<'_>) -> Option<String> {
    mail.parts().find(|part| part.ctype.mimetype == "text/html").and_then(|part| part.get_body().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_after_the_incident_and_cannot_leave_its_folder() {
        let read =
            Read::of(b"X-Hinomi-Incident: #1234\r\nX-Hinomi-Level: critical\r\nSubject: =?utf-8?B?54Gr?=\r\n\r\nx");
        assert_eq!((read.name.as_str(), read.subject.as_str(), read.html), ("1234-critical", "火", None));
        let hostile = Read::of(b"X-Hinomi-Incident: ../../etc/passwd\r\nX-Hinomi-Level: /\r\n\r\n");
        assert_eq!(hostile.name, "etcpasswd");
        assert_eq!(Read::of(b"").name, "mail");
    }

    #[test]
    fn the_page_is_decoded_wherever_it_sits() {
        let mail = b"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\ntext\r\n\
            --b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+54Gr\r\n PC9iPg==\r\n--b--\r\n";
        assert_eq!(Read::of(mail).html.as_deref().map(str::trim), Some("<b>火</b>"));
    }
}
