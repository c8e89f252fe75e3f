//! A mail server that does at each step what a script says, and writes down what it heard.

use std::net::SocketAddr;

use tokio::net::TcpListener;

pub(super) use super::dialogue::Act;
use super::dialogue::{Server, Step, converse};

/// One act for each step.
#[derive(Clone, Copy)]
pub(super) struct Script {
    pub(super) banner: Act,
    pub(super) ehlo: Act,
    pub(super) starttls: Act,
    pub(super) auth: Act,
    pub(super) mail: Act,
    pub(super) rcpt: Act,
    pub(super) data: Act,
    pub(super) body: Act,
    pub(super) quit: Act,
}

/// A server without a fault.
pub(super) const GOOD: Script = Script {
    banner: Act::Say("220 faulty.example ESMTP"),
    ehlo: Act::Say("250-faulty.example\r\n250 AUTH PLAIN LOGIN"),
    starttls: Act::Say("454 4.7.0 not now"),
    auth: Act::Say("235 2.7.0 welcome"),
    mail: Act::Say("250 2.1.0 ok"),
    rcpt: Act::Say("250 2.1.5 ok"),
    data: Act::Say("354 go ahead"),
    body: Act::Say("250 2.0.0 queued as 4711"),
    quit: Act::Say("221 2.0.0 bye"),
};

/// What became of the one connection.
#[derive(Default)]
pub(super) struct Heard {
    /// Verbs of the commands.
    pub(super) verbs: Vec<String>,
    /// The message, dots still doubled.
    pub(super) message: Vec<u8>,
    /// Bytes that could be written in a flood.
    pub(super) flood: usize,
}

struct Player {
    script: Script,
    heard: Heard,
}

impl Server for Player {
    fn heard(&mut self, verb: &str) {
        self.heard.verbs.push(verb.to_owned());
    }

    async fn act(&mut self, step: Step, _line: &str) -> Act {
        match step {
            Step::Banner => self.script.banner,
            Step::Ehlo => self.script.ehlo,
            Step::StartTls => self.script.starttls,
            Step::Auth => self.script.auth,
            Step::Mail => self.script.mail,
            Step::Rcpt => self.script.rcpt,
            Step::Data => self.script.data,
            Step::Body => self.script.body,
            Step::Quit => self.script.quit,
        }
    }

    fn message(&mut self, bytes: Vec<u8>) {
        self.heard.message = bytes;
    }

    fn flooded(&mut self, bytes: usize) {
        self.heard.flood += bytes;
    }
}

pub(super) async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Plays the script on one connection, until the other side is gone.
pub(super) async fn play(listener: TcpListener, script: Script) -> Heard {
    let stream = listener.accept().await.unwrap().0;
    let mut player = Player { script, heard: Heard::default() };
    converse(stream, &mut player).await;
    player.heard
}
