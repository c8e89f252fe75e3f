//! A mail server in a thread that takes what it is given, or hangs, or refuses.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc::{Receiver, Sender, channel},
    thread,
    time::Duration,
};

/// What it does with a mail.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Takes it.
    Takes,
    /// Takes it, slowly.
    TakesAfter(Duration),
    /// Says nothing after the body and keeps the line.
    Hangs,
    /// Refuses the login, and repeats what it was given.
    RepeatsThePassword,
}

/// The server. What reaches it is told.
pub(crate) struct MailServer {
    pub(crate) port: u16,
    /// A recipient each time a whole body has arrived.
    pub(crate) bodies: Receiver<String>,
}

impl MailServer {
    pub(crate) fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (tell, bodies) = channel();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let tell = tell.clone();
                thread::spawn(move || talk(&stream, manner, &tell));
            }
        });
        Self { port, bodies }
    }
}

fn talk(stream: &TcpStream, manner: Manner, tell: &Sender<String>) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?);
    let mut stream = stream;
    let mut say = |words: &str| stream.write_all(format!("{words}\r\n").as_bytes()).ok();
    let (mut recipient, mut body) = (String::new(), false);
    say("220 here")?;
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if body {
            if line == ".\r\n" {
                body = false;
                tell.send(recipient.clone()).ok()?;
                match manner {
                    // Until the other side is gone.
                    Manner::Hangs => while lines.read_line(&mut String::new()).ok()? > 0 {},
                    Manner::TakesAfter(pause) => {
                        // Nobody rings here: the receiving end only gives the time to wait.
                        let (_keep, never) = channel::<()>();
                        never.recv_timeout(pause).ok();
                    }
                    Manner::Takes | Manner::RepeatsThePassword => {}
                }
                say("250 2.0.0 queued")?;
            }
            continue;
        }
        let verb = line.split_whitespace().next().unwrap_or_default().to_uppercase();
        match verb.as_str() {
            "EHLO" => say("250-here\r\n250 AUTH PLAIN LOGIN")?,
            "AUTH" => {
                let words = if manner == Manner::RepeatsThePassword {
                    format!("535 5.7.8 wrong: {} for sato@aozora.example", super::process::CANARY_PASSWORD)
                } else {
                    "235 welcome".to_owned()
                };
                say(&words)?;
            }
            "RCPT" => {
                recipient = line.trim().to_owned();
                say("250 ok")?;
            }
            "DATA" => {
                body = true;
                say("354 go ahead")?;
            }
            "QUIT" => {
                say("221 bye")?;
                return None;
            }
            _ => say("250 ok")?,
        }
    }
}
