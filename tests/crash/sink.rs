//! A mail server that can fail in every way, and writes down each message, byte for byte, before it answers.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hinomi::alert::trouble::Trouble;
use tokio::{net::TcpListener, task::JoinSet};

use super::dialogue::{Act, Server, Step, converse};

/// How one connection goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// Answers the message only after so many milliseconds.
    Slow(u64),
    /// Refuses this mailbox for good.
    NoSuch(&'static str),
    /// Wants the same mail again later.
    Greylist,
    /// Takes the message and hangs up without a word.
    DropAfterBody,
    /// Takes the message and says nothing more.
    HangAfterBody,
    /// Takes the connection and says nothing at all.
    NoBanner,
    /// Too busy at the first word.
    Busy,
    /// Too busy in the middle.
    BusyLater,
    /// Answers what is no answer.
    Junk,
    /// Answers without end.
    Flood,
}

/// One message as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Copy {
    /// The start of the program in which it came.
    pub(crate) life: u64,
    pub(crate) recipient: String,
    pub(crate) message_id: String,
    /// As sent: dots no longer doubled.
    pub(crate) bytes: Vec<u8>,
    /// A 250 was sent for it.
    pub(crate) answered: bool,
}

impl Copy {
    fn is_cry(&self) -> bool {
        Trouble::ALL.iter().any(|trouble| self.message_id.starts_with(trouble.key()))
    }
}

type Choose = Box<dyn FnMut() -> Fault + Send>;

#[derive(Clone)]
struct Desk {
    journal: Arc<Mutex<Vec<Copy>>>,
    choose: Arc<Mutex<Choose>>,
    lives: Arc<AtomicU64>,
    visitors: Arc<AtomicU64>,
}

/// Runs until it is dropped.
pub(crate) struct Sink {
    desk: Desk,
    address: SocketAddr,
    serving: JoinSet<()>,
}

impl Sink {
    /// `lives` counts the starts of the program.
    pub(crate) async fn start(lives: Arc<AtomicU64>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let desk = Desk {
            journal: Arc::default(),
            choose: Arc::new(Mutex::new(Box::new(|| Fault::None))),
            lives,
            visitors: Arc::default(),
        };
        let mut sink = Self { desk, address, serving: JoinSet::new() };
        sink.serve(listener);
        sink
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on each connection goes as `choose` says.
    pub(crate) fn behave(&self, choose: impl FnMut() -> Fault + Send + 'static) {
        *self.desk.choose.lock().unwrap() = Box::new(choose);
    }

    /// Of mails about incidents.
    pub(crate) fn copies(&self) -> Vec<Copy> {
        self.desk.journal.lock().unwrap().iter().filter(|c| !c.is_cry()).cloned().collect()
    }

    /// Of mails about the watch itself, which come from memory and not from the database.
    pub(crate) fn cries(&self) -> Vec<Copy> {
        self.desk.journal.lock().unwrap().iter().filter(|c| c.is_cry()).cloned().collect()
    }

    /// Connections so far.
    pub(crate) fn visitors(&self) -> u64 {
        self.desk.visitors.load(Ordering::SeqCst)
    }

    /// Nobody listens any longer, and whoever was served is cut off.
    pub(crate) async fn close(&mut self) {
        self.serving.shutdown().await;
    }

    /// Listens again where it did before.
    pub(crate) async fn open(&mut self) {
        if self.serving.is_empty() {
            self.serve(TcpListener::bind(self.address).await.unwrap());
        }
    }

    fn serve(&mut self, listener: TcpListener) {
        let desk = self.desk.clone();
        self.serving.spawn(async move {
            let mut guests = JoinSet::new();
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                desk.visitors.fetch_add(1, Ordering::SeqCst);
                let fault = desk.choose.lock().unwrap()();
                let mut guest = Guest {
                    desk: desk.clone(),
                    fault,
                    life: desk.lives.load(Ordering::SeqCst),
                    recipient: String::new(),
                    arrived: None,
                };
                guests.spawn(async move { converse(stream, &mut guest).await });
            }
        });
    }
}

struct Guest {
    desk: Desk,
    fault: Fault,
    life: u64,
    recipient: String,
    /// Its message's place in the journal.
    arrived: Option<usize>,
}

impl Server for Guest {
    async fn act(&mut self, step: Step, line: &str) -> Act {
        match (self.fault, step) {
            (Fault::NoBanner, Step::Banner) | (Fault::HangAfterBody, Step::Body) => Act::Hang,
            (Fault::Busy, Step::Banner) | (Fault::BusyLater, Step::Mail) => Act::Say("421 4.3.2 too many of you"),
            (Fault::DropAfterBody, Step::Body) => Act::Close,
            (Fault::Junk, Step::Mail) => Act::Raw(b"\xff\xfe\x00 what is this\r\n"),
            (Fault::Flood, Step::Ehlo) => Act::Flood(b"250-and more\r\n"),
            (Fault::Greylist, Step::Rcpt) => Act::Say("451 4.7.1 come back later"),
            (Fault::NoSuch(mailbox), Step::Rcpt) if line.contains(mailbox) => Act::Say("550 5.1.1 nobody of that name"),
            (fault, Step::Body) => {
                if let Fault::Slow(millis) = fault {
                    tokio::time::sleep(Duration::from_millis(millis)).await;
                }
                // Before the answer: whoever is killed between the two has sent it all the same.
                if let Some(at) = self.arrived {
                    self.desk.journal.lock().unwrap()[at].answered = true;
                }
                Act::Say("250 2.0.0 kept")
            }
            (_, Step::Banner) => Act::Say("220 sink.example ESMTP"),
            (_, Step::Ehlo) => Act::Say("250 sink.example"),
            (_, Step::Rcpt) => {
                let address = line.split(['<', '>']).nth(1).unwrap_or(line);
                address.clone_into(&mut self.recipient);
                Act::Say("250 2.1.5 ok")
            }
            (_, Step::Mail) => Act::Say("250 2.1.0 ok"),
            (_, Step::Data) => Act::Say("354 go ahead"),
            (_, Step::Quit) => Act::Say("221 2.0.0 bye"),
            (_, Step::StartTls | Step::Auth) => Act::Say("502 5.5.1 not here"),
        }
    }

    fn message(&mut self, doubled: Vec<u8>) {
        // Half a message is none; who sent it has not been told otherwise.
        let Some(whole) = doubled.strip_suffix(b".\r\n") else { return };
        let bytes = single_dots(whole);
        let text = String::from_utf8_lossy(&bytes);
        let id = text.lines().take_while(|l| !l.is_empty()).find_map(|l| l.strip_prefix("Message-ID: "));
        let message_id = id.unwrap_or("").trim_matches(['<', '>']).to_owned();
        let copy = Copy { life: self.life, recipient: self.recipient.clone(), message_id, bytes, answered: false };
        let mut journal = self.desk.journal.lock().unwrap();
        self.arrived = Some(journal.len());
        journal.push(copy);
    }
}

fn single_dots(bytes: &[u8]) -> Vec<u8> {
    let lines = bytes.split_inclusive(|b| *b == b'\n');
    lines.flat_map(|line| if line.starts_with(b"..") { &line[1..] } else { line }).copied().collect()
}
