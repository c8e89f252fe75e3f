//! The other side of `/ingest`: brings posts to the Hinomi that runs on this machine and holds the database.

use std::{io, net::SocketAddr, time::Duration};

use axum::body::Body;
use hyper::{Method, Request, StatusCode, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};

use super::ingest::{Tally, whole};
use crate::model::{limits, secret::Secret, time::Span};

/// Longer than the other side takes at most.
const PATIENCE: Duration = Duration::from_secs(90);
/// The longest pause that is kept before another try.
const LONGEST: Span = Span::seconds(30);
const ANSWER_BYTES: usize = 256 * 1024;

/// Where somebody listens, and the word that opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Door {
    /// Where.
    pub address: SocketAddr,
    /// The word.
    pub token: Secret,
}

/// What was said at the door.
#[derive(Debug)]
pub enum Said {
    /// It is stored.
    Taken(Tally),
    /// Not now.
    Later {
        /// When to come again.
        wait: Span,
        /// Why.
        why: String,
    },
    /// Not at all.
    Refused(String),
}

impl Door {
    /// Brings posts, one JSON object a line.
    pub async fn bring(&self, source: Option<&str>, history: bool, posts: Vec<u8>) -> io::Result<Said> {
        timeout(PATIENCE, self.ask(source, history, posts))
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    async fn ask(&self, source: Option<&str>, history: bool, posts: Vec<u8>) -> io::Result<Said> {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        source.map(|name| query.append_pair("source", name));
        query.append_pair("history", if history { "1" } else { "0" });
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("/ingest?{}", query.finish()))
            .header(header::HOST, self.address.to_string())
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token.expose()))
            .body(Body::from(posts))
            .map_err(io::Error::other)?;
        let stream = timeout(limits::CONNECT.to_std(), TcpStream::connect(self.address)).await??;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        let asked = async move {
            let mut answer = sender.send_request(request).await.map_err(io::Error::other)?;
            let text = whole(answer.body_mut(), ANSWER_BYTES).await;
            let text = text.map_err(|_| io::Error::from(io::ErrorKind::UnexpectedEof))?;
            said(answer.status(), answer.headers(), &String::from_utf8_lossy(&text))
        };
        // The connection says what it knows through the answer.
        let (_ended, answer) = tokio::join!(connection, asked);
        answer
    }
}

fn said(status: StatusCode, headers: &hyper::HeaderMap, text: &str) -> io::Result<Said> {
    match status {
        StatusCode::OK | StatusCode::UNPROCESSABLE_ENTITY => Ok(Said::Taken(serde_json::from_str(text)?)),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE | StatusCode::REQUEST_TIMEOUT => {
            let seconds = headers.get(header::RETRY_AFTER).and_then(|v| v.to_str().ok()?.parse().ok());
            let wait = Span::seconds(seconds.unwrap_or(1)).clamp(Span::seconds(1), LONGEST);
            Ok(Said::Later { wait, why: text.trim().to_owned() })
        }
        _ => Ok(Said::Refused(format!("HTTP {status}: {}", text.trim()))),
    }
}
