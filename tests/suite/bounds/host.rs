//! A server on the loopback interface that does with its connections what a test says.

use std::{
    future::Future,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use flate2::{Compression, write::GzEncoder};
use hinomi::{
    collect::{
        CollectParams,
        fetch::{Fetch, FetchError, HttpFetch},
        source::{Request, Response},
    },
    model::{post::SourceName, source::SourceState, time::Timestamp},
};
use tokio::{
    io::AsyncReadExt,
    net::{TcpListener, TcpStream},
};

/// The listening side, and how many came.
pub(super) struct Host {
    pub(super) at: SocketAddr,
    pub(super) came: Arc<AtomicUsize>,
}

impl Host {
    /// `talk` gets each connection and the head of its request.
    pub(super) async fn start<F>(talk: impl Fn(TcpStream, String) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (at, came) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let (count, talk) = (Arc::clone(&came), Arc::new(talk));
        #[expect(clippy::disallowed_methods, reason = "the other end of the line is not part of the program")]
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let talk = Arc::clone(&talk);
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        match socket.read_u8().await {
                            Ok(byte) => head.push(byte),
                            Err(_) => return,
                        }
                    }
                    talk(socket, String::from_utf8_lossy(&head).to_lowercase()).await;
                });
            }
        });
        Self { at, came }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.at)
    }

    pub(super) async fn fetch(&self, path: &str) -> Result<Response, FetchError> {
        let params = CollectParams { allow: vec![self.at.to_string()], ..CollectParams::default() };
        let state = SourceState::new(SourceName("s".into()), Timestamp::from_seconds(1_800_000_000));
        HttpFetch::new(&params).unwrap().fetch(&Request::web(&self.url(path), &state)).await
    }
}

pub(super) fn gzip(bytes: &[u8], times: usize) -> Vec<u8> {
    use std::io::Write as _;

    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..times {
        encoder.write_all(bytes).unwrap();
    }
    encoder.finish().unwrap()
}
