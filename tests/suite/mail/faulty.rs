//! A mail server that does at each step what a script says, and writes down what it heard.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// What it does at a step.
#[derive(Clone, Copy)]
pub(super) enum Act {
    /// Answers; the line end is added.
    Say(&'static str),
    /// Answers these bytes as they are.
    Raw(&'static [u8]),
    /// Is silent and keeps the line.
    Hang,
    /// Closes the line.
    Close,
    /// Says this again and again, as long as anybody reads.
    Flood(&'static [u8]),
}

/// One for each step.
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

pub(super) async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Plays the script on one connection, until the other side is gone.
pub(super) async fn play(listener: TcpListener, script: Script) -> Heard {
    let mut stream = BufReader::new(listener.accept().await.unwrap().0);
    let mut heard = Heard::default();
    let mut open = act(&mut stream, script.banner, &mut heard).await;
    while open {
        let mut line = Vec::new();
        if !matches!(stream.read_until(b'\n', &mut line).await, Ok(1..)) {
            break;
        }
        let verb: String = String::from_utf8_lossy(&line).split_whitespace().next().unwrap_or("").to_uppercase();
        let step = match verb.as_str() {
            "EHLO" => script.ehlo,
            "STARTTLS" => script.starttls,
            "AUTH" => script.auth,
            "MAIL" => script.mail,
            "RCPT" => script.rcpt,
            "DATA" => script.data,
            "QUIT" => script.quit,
            _ => Act::Say("500 5.5.2 what?"),
        };
        let message_follows = verb == "DATA" && matches!(step, Act::Say(reply) if reply.starts_with('3'));
        heard.verbs.push(verb);
        open = act(&mut stream, step, &mut heard).await;
        if open && message_follows {
            heard.message = message(&mut stream).await;
            open = act(&mut stream, script.body, &mut heard).await;
        }
    }
    heard
}

async fn message(stream: &mut BufReader<TcpStream>) -> Vec<u8> {
    let mut message = Vec::new();
    while !message.ends_with(b"\r\n.\r\n") {
        if !matches!(stream.read_until(b'\n', &mut message).await, Ok(1..)) {
            break;
        }
    }
    message
}

/// Whether the line is still open.
async fn act(stream: &mut BufReader<TcpStream>, act: Act, heard: &mut Heard) -> bool {
    match act {
        Act::Say(reply) => stream.get_mut().write_all(format!("{reply}\r\n").as_bytes()).await.is_ok(),
        Act::Raw(reply) => stream.get_mut().write_all(reply).await.is_ok(),
        Act::Close => false,
        Act::Hang => {
            let mut rest = Vec::new();
            while matches!(stream.read_until(b'\n', &mut rest).await, Ok(1..)) {}
            false
        }
        Act::Flood(reply) => {
            while stream.get_mut().write_all(reply).await.is_ok() {
                heard.flood += reply.len();
            }
            false
        }
    }
}
