//! A way between a client and a real server on which things go wrong: answers that come late, in drops, in part, not at
//! all, or as rubbish. What is asked goes through as it is.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// What happens to the answers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// They begin so late.
    Delay(Duration),
    /// The line is closed in good order after so many bytes.
    CutAfter(usize),
    /// The line breaks after so many bytes.
    ResetAfter(usize),
    /// So many bytes at a time, with a pause between them.
    Trickle(usize, Duration),
    /// Nothing ever comes.
    Hang,
    /// Something comes that is no answer.
    Garbage,
}

/// A proxy on loopback, as long as it is kept.
pub(crate) struct Proxy {
    pub(crate) at: SocketAddr,
    fault: Arc<Mutex<Fault>>,
    came: Arc<AtomicUsize>,
    _ways: JoinSet<()>,
}

impl Proxy {
    /// Leads to `server`.
    pub(crate) async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let (fault, came) = (Arc::new(Mutex::new(Fault::None)), Arc::new(AtomicUsize::new(0)));
        let (chosen, count) = (Arc::clone(&fault), Arc::clone(&came));
        let mut ways = JoinSet::new();
        ways.spawn(async move {
            let mut lines = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let fault = *chosen.lock().unwrap();
                lines.spawn(lead(client, server, fault));
            }
        });
        Self { at, fault, came, _ways: ways }
    }

    /// What happens to the connections from now on.
    pub(crate) fn set(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }

    /// How many connections there were.
    pub(crate) fn came(&self) -> usize {
        self.came.load(Ordering::SeqCst)
    }
}

async fn lead(client: TcpStream, server: SocketAddr, fault: Fault) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    let (mut from_server, mut to_server) = server.into_split();
    let (mut from_client, mut to_client) = client.into_split();
    let mut asked = JoinSet::new();
    asked.spawn(async move { drop(tokio::io::copy(&mut from_client, &mut to_server).await) });
    match fault {
        Fault::Hang => std::future::pending::<()>().await,
        Fault::Garbage => {
            // Once something was asked, as a server that speaks another language would.
            let mut first = [0];
            let _some = from_server.read(&mut first).await;
            let _gone = to_client.write_all(b"\x16\x03\x01\x02\x00\x01\xff\xfe rubbish \r\n\r\n").await;
            return;
        }
        Fault::Delay(by) => tokio::time::sleep(by).await,
        _ => {}
    }
    let (piece, pause, most) = match fault {
        Fault::Trickle(bytes, pause) => (bytes, pause, usize::MAX),
        Fault::CutAfter(bytes) | Fault::ResetAfter(bytes) => (1024, Duration::ZERO, bytes),
        _ => (16 * 1024, Duration::ZERO, usize::MAX),
    };
    let (mut buffer, mut left) = (vec![0; piece], most);
    while left > 0 {
        let room = left.min(piece);
        let Ok(read @ 1..) = from_server.read(&mut buffer[..room]).await else { return };
        if to_client.write_all(&buffer[..read]).await.is_err() {
            return;
        }
        left -= read;
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }
    if matches!(fault, Fault::ResetAfter(_)) {
        // Without lingering the kernel answers whatever comes next with a reset.
        to_client.as_ref().set_zero_linger().unwrap();
        asked.shutdown().await;
    }
}
