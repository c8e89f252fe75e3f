//! The course of an SMTP dialogue, for servers that misbehave at one step of it. What is done at each step, and what is
//! kept, is the server's own.

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

/// What a server does at a step.
#[derive(Clone, Copy)]
pub(crate) enum Act {
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

/// Where in the dialogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Banner,
    Ehlo,
    StartTls,
    Auth,
    Mail,
    Rcpt,
    Data,
    Body,
    Quit,
}

/// One connection's server.
pub(crate) trait Server {
    /// A command came.
    fn heard(&mut self, _verb: &str) {}
    /// What to do at `step`. `line` is the command, empty at the banner and behind a message.
    async fn act(&mut self, step: Step, line: &str) -> Act;
    /// A whole message, dots still doubled, before anything is answered.
    fn message(&mut self, bytes: Vec<u8>);
    /// So many bytes went into a flood.
    fn flooded(&mut self, _bytes: usize) {}
}

/// Leads one dialogue until a side is gone.
pub(crate) async fn converse(stream: TcpStream, server: &mut impl Server) {
    let mut stream = BufReader::new(stream);
    let first = server.act(Step::Banner, "").await;
    let mut open = perform(&mut stream, first, server).await;
    while open {
        let mut line = Vec::new();
        if !matches!(stream.read_until(b'\n', &mut line).await, Ok(1..)) {
            break;
        }
        let line = String::from_utf8_lossy(&line).into_owned();
        let verb: String = line.split_whitespace().next().unwrap_or("").to_uppercase();
        server.heard(&verb);
        let step = match verb.as_str() {
            "EHLO" => Some(Step::Ehlo),
            "STARTTLS" => Some(Step::StartTls),
            "AUTH" => Some(Step::Auth),
            "MAIL" => Some(Step::Mail),
            "RCPT" => Some(Step::Rcpt),
            "DATA" => Some(Step::Data),
            "QUIT" => Some(Step::Quit),
            _ => None,
        };
        let act = match step {
            Some(step) => server.act(step, &line).await,
            None => Act::Say("500 5.5.2 what?"),
        };
        let message_follows = step == Some(Step::Data) && matches!(act, Act::Say(reply) if reply.starts_with('3'));
        open = perform(&mut stream, act, server).await;
        if open && message_follows {
            let message = message(&mut stream).await;
            let whole = message.ends_with(b"\r\n.\r\n");
            server.message(message);
            let act = if whole { server.act(Step::Body, "").await } else { Act::Close };
            open = perform(&mut stream, act, server).await;
        }
    }
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
async fn perform(stream: &mut BufReader<TcpStream>, act: Act, server: &mut impl Server) -> bool {
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
                server.flooded(reply.len());
            }
            false
        }
    }
}
