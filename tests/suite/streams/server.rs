//! A Jetstream server on the loopback interface that tells a journal, and breaks off as a test says.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures_util::{SinkExt, StreamExt};
use hinomi::model::time::{Span, Timestamp, Zone};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async,
    tungstenite::{
        Message,
        handshake::server::{ErrorResponse, Request, Response},
        protocol::frame::{
            Frame,
            coding::{Data, OpCode},
        },
    },
};

/// How one call goes wrong, after so many frames.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Fault {
    /// The connection is cut.
    Cut(usize),
    /// Every frame comes twice, neighbours in another order, and then the server says that we are too slow.
    Muddle(usize),
    /// Nothing more comes.
    Stall(usize),
    /// A frame that nobody could hold.
    Huge(usize),
    /// Half a frame, and then the connection is cut.
    Half(usize),
    /// What is remembered is too old. Told before there is a line.
    TooOld,
    /// The newer dialect is not spoken here.
    OldServer,
    /// All goes well, and the line stays open.
    None,
}

/// What happened in the network, in order.
#[derive(Default)]
pub(super) struct Journal {
    pub(super) frames: Mutex<Vec<(Timestamp, Value)>>,
}

impl Journal {
    fn add(&self, at: Timestamp, what: Value) {
        let mut payload = what;
        payload["time"] = json!(at.rfc3339(Zone::UTC));
        self.frames.lock().unwrap().push((at, json!({"$type": "message", "payload": payload})));
    }

    pub(super) fn write(&self, at: Timestamp, did: &str, rkey: &str, operation: &str, text: &str) {
        let record = json!({"$type": "app.bsky.feed.post", "text": text, "createdAt": at.rfc3339(Zone::UTC)});
        let form = "network.bsky.jetstream.subscribeEvents#commit";
        let commit = json!({"$type": form, "did": did, "operation": operation,
            "collection": "app.bsky.feed.post", "rkey": rkey, "record": record});
        self.add(at, commit);
    }

    pub(super) fn delete(&self, at: Timestamp, did: &str, rkey: &str) {
        let form = "network.bsky.jetstream.subscribeEvents#commit";
        self.add(
            at,
            json!({"$type": form, "did": did, "operation": "delete", "collection": "app.bsky.feed.post", "rkey": rkey}),
        );
    }

    pub(super) fn end_account(&self, at: Timestamp, did: &str) {
        let account = json!({"active": false, "status": "deleted", "did": did});
        self.add(
            at,
            json!({"$type": "network.bsky.jetstream.subscribeEvents#account", "did": did, "account": account}),
        );
    }

    /// Frames from `cursor` on (microseconds), as JSON.
    fn since(&self, cursor: Option<i64>) -> Vec<String> {
        let from = Timestamp::from_millis(cursor.unwrap_or(0) / 1000);
        let frames = self.frames.lock().unwrap();
        frames.iter().filter(|(at, _)| *at >= from).map(|(_, frame)| frame.to_string()).collect()
    }
}

/// The listening side.
pub(super) struct Server {
    pub(super) at: SocketAddr,
    pub(super) calls: Arc<AtomicUsize>,
    /// Where each call went.
    pub(super) paths: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// The n-th call meets the n-th fault; those after the last meet the last.
    pub(super) async fn start(journal: Arc<Journal>, faults: Vec<Fault>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let (calls, paths) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let (count, places) = (Arc::clone(&calls), Arc::clone(&paths));
        #[expect(clippy::disallowed_methods, reason = "the other end of the line is not part of the program")]
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let call = count.fetch_add(1, Ordering::SeqCst);
                let fault = faults[call.min(faults.len() - 1)];
                tokio::spawn(answer(socket, Arc::clone(&journal), fault, Arc::clone(&places)));
            }
        });
        Self { at, calls, paths }
    }

    pub(super) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

async fn answer(socket: TcpStream, journal: Arc<Journal>, fault: Fault, paths: Arc<Mutex<Vec<String>>>) {
    if matches!(fault, Fault::TooOld | Fault::OldServer) {
        return refuse(socket, fault, &paths).await;
    }
    let mut cursor = None;
    #[expect(clippy::result_large_err, reason = "the library's own signature")]
    let greet = |request: &Request, answer: Response| -> Result<Response, ErrorResponse> {
        paths.lock().unwrap().push(request.uri().to_string());
        let query = request.uri().query().unwrap_or_default();
        cursor = query.split('&').find_map(|pair| pair.strip_prefix("cursor=")?.parse().ok());
        Ok(answer)
    };
    let Ok(line) = accept_hdr_async(socket, greet).await else { return };
    // The caller may have had enough before we are done.
    let _gone = tell(line, &journal, cursor, fault).await;
}

/// As a server does before it speaks websocket.
async fn refuse(mut socket: TcpStream, fault: Fault, paths: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = socket.read_u8().await else { return };
        head.push(byte);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    paths.lock().unwrap().push(head.split(' ').nth(1).unwrap().to_owned());
    let (status, body) = match fault {
        Fault::TooOld => ("400 Bad Request", r#"{"error":"CursorTooOld","message":"the oldest is 77"}"#),
        _ => ("404 Not Found", "no such method"),
    };
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    socket.write_all(answer.as_bytes()).await.unwrap();
}

type Told = Result<(), tokio_tungstenite::tungstenite::Error>;

async fn tell(mut line: WebSocketStream<TcpStream>, journal: &Journal, cursor: Option<i64>, fault: Fault) -> Told {
    let mut frames = journal.since(cursor);
    let first = match fault {
        Fault::Cut(n) | Fault::Muddle(n) | Fault::Stall(n) | Fault::Huge(n) | Fault::Half(n) => n,
        _ => frames.len(),
    };
    frames.truncate(first);
    if matches!(fault, Fault::Muddle(_)) {
        frames = frames.chunks(5).flat_map(|some| some.iter().rev().chain(some).cloned().collect::<Vec<_>>()).collect();
    }
    let mut told = frames.len();
    for frame in frames {
        line.send(Message::text(frame)).await?;
    }
    match fault {
        Fault::Muddle(_) => {
            line.send(Message::text(r#"{"$type":"error","error":"ConsumerTooSlow","message":"fell behind"}"#)).await?;
            line.close(None).await?;
        }
        Fault::Stall(_) => while line.next().await.is_some_and(|m| m.is_ok()) {},
        Fault::Huge(_) => line.send(Message::text("x".repeat(hinomi::model::limits::FRAME_BYTES + 1))).await?,
        Fault::Half(_) => {
            let half = Frame::message(r#"{"$type":"message","payl"#, OpCode::Data(Data::Text), false);
            line.send(Message::Frame(half)).await?;
        }
        Fault::None => loop {
            // The line is open: what happens is told, and pings are answered.
            let more = journal.since(cursor);
            for frame in more.iter().skip(told) {
                line.send(Message::text(frame.as_str())).await?;
            }
            told = told.max(more.len());
            // All the world is never silent.
            let word = r#"{"$type":"message","payload":{"$type":"network.bsky.jetstream.subscribeEvents#identity","did":"did:plc:x"}}"#;
            line.send(Message::text(word)).await?;
            let pause = std::time::Duration::from_millis(20);
            if let Ok(None | Some(Err(_))) = tokio::time::timeout(pause, line.next()).await {
                return Ok(());
            }
        },
        _ => {}
    }
    Ok(())
}

/// A moment of the journal.
pub(super) fn moment(start: Timestamp, n: usize) -> Timestamp {
    start + Span::from_millis(100 * i64::try_from(n).unwrap())
}
