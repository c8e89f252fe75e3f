//! An open line to a server. The only file that speaks websocket.
//!
//! The address passes the same guard as a page's: the URL, what the name server says, and where we really arrived. No
//! compression is agreed on, so a frame is as large as it came.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::{SinkExt, StreamExt};
use rustls::{
    ClientConfig,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use rustls_platform_verifier::Verifier;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::{Instant, timeout, timeout_at},
};
use tokio_rustls::TlsConnector;
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        Error, Message, Utf8Bytes,
        client::IntoClientRequest,
        http::{HeaderName, HeaderValue, Request, header},
        protocol::WebSocketConfig,
    },
};
use url::Url;

use super::{
    CollectParams,
    fetch::{self, FetchError},
    guard::{Guard, Refusal},
    html,
    stream::{Broken, Hello, Line},
};
use crate::model::{limits, time::Span};

/// For the goodbye, which changes nothing any more.
const GOODBYE: Span = Span::seconds(1);

/// Makes lines.
#[derive(Debug, Clone)]
pub(super) struct Dialer {
    guard: Guard,
    user_agent: String,
    ca_pem: Option<Vec<u8>>,
}

trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

impl Dialer {
    pub(super) fn new(params: &CollectParams, guard: Guard) -> Self {
        Self { guard, user_agent: params.user_agent.clone(), ca_pem: params.ca_pem.clone() }
    }

    /// Calls, and says what is to be said first.
    pub(super) async fn dial(&self, hello: &Hello) -> Result<Box<dyn Line>, Broken> {
        let made = timeout(limits::REQUEST.to_std(), self.call(hello));
        Ok(Box::new(made.await.unwrap_or(Err(Broken::Fetch(FetchError::Timeout)))?))
    }

    async fn call(&self, hello: &Hello) -> Result<OpenLine, Broken> {
        let (url, page) = twin(&hello.url)?;
        self.guard.check(&page).map_err(FetchError::from)?;
        let host = page.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let socket = self.connect(&host, page.port_or_known_default().unwrap_or(443)).await?;
        let wire: Box<dyn Wire> =
            if page.scheme() == "https" { Box::new(self.encrypt(&host, socket).await?) } else { Box::new(socket) };
        let bounds = WebSocketConfig::default()
            .max_message_size(Some(limits::FRAME_BYTES))
            .max_frame_size(Some(limits::FRAME_BYTES));
        let asked = client_async_with_config(self.request(&url, hello)?, wire, Some(bounds)).await;
        let (socket, _) = asked.map_err(broken)?;
        let (silence, stalled, now) = (hello.silence, hello.stalled, Instant::now());
        let mut line =
            OpenLine { socket, frame: Utf8Bytes::default(), silence, stalled, heard: now, spoken: now, pinged: false };
        for word in &hello.first {
            line.socket.send(Message::text(word.as_str())).await.map_err(broken)?;
        }
        Ok(line)
    }

    fn request(&self, url: &Url, hello: &Hello) -> Result<Request<()>, Broken> {
        let mut request = url.as_str().into_client_request().map_err(broken)?;
        let refused = |what: &str| FetchError::Refused(format!("the {what} key holds letters that no header can"));
        let agent = HeaderValue::from_str(&self.user_agent).map_err(|_| refused("user-agent"))?;
        request.headers_mut().insert(header::USER_AGENT, agent);
        for (name, value) in &hello.secrets {
            let mut value = HeaderValue::from_str(value.expose()).map_err(|_| refused(name))?;
            value.set_sensitive(true);
            request.headers_mut().insert(HeaderName::from_static(name), value);
        }
        Ok(request)
    }

    async fn connect(&self, host: &str, port: u16) -> Result<TcpStream, Broken> {
        let mut last = FetchError::Timeout;
        for address in self.guard.resolve_host(host, port).await.map_err(refusal)? {
            match timeout(limits::CONNECT.to_std(), TcpStream::connect(address)).await {
                Ok(Ok(socket)) => {
                    // The third look, after the URL and the resolver: where did we really arrive?
                    let peer = socket.peer_addr().map_err(transport)?;
                    self.guard.check_ip(host, peer.ip()).map_err(FetchError::from)?;
                    return Ok(socket);
                }
                Ok(Err(error)) => last = transport(error),
                Err(_) => last = FetchError::Timeout,
            }
        }
        Err(last.into())
    }

    async fn encrypt(&self, host: &str, socket: TcpStream) -> Result<impl Wire + use<>, Broken> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots = match &self.ca_pem {
            Some(pem) => CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>().map_err(transport)?,
            None => Vec::new(),
        };
        let verifier = Verifier::new_with_extra_roots(roots, Arc::clone(&provider)).map_err(transport)?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(transport)?
            .dangerous() // its name for a verifier of one's own; this one asks the system, as for every page
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        let name = ServerName::try_from(host.to_owned()).map_err(transport)?;
        Ok(TlsConnector::from(Arc::new(config)).connect(name, socket).await.map_err(transport)?)
    }
}

/// The address, and the same as a page's, for the guard.
fn twin(address: &str) -> Result<(Url, Url), Broken> {
    let url = Url::parse(address).map_err(|_| FetchError::from(Refusal::NoHost))?;
    let scheme = match url.scheme() {
        "ws" => "http",
        "wss" => "https",
        other => return Err(FetchError::from(Refusal::Scheme(other.to_owned())).into()),
    };
    let mut page = url.clone();
    page.set_scheme(scheme).map_err(|()| FetchError::from(Refusal::NoHost))?;
    Ok((url, page))
}

struct OpenLine {
    socket: WebSocketStream<Box<dyn Wire>>,
    frame: Utf8Bytes,
    silence: Option<Span>,
    stalled: Span,
    /// When anything came last.
    heard: Instant,
    /// When a frame came last.
    spoken: Instant,
    /// Since then the other side was asked whether it is there.
    pinged: bool,
}

#[async_trait]
impl Line for OpenLine {
    async fn next(&mut self) -> Result<(), Broken> {
        loop {
            let stalled = self.stalled.to_std();
            let ask = if self.pinged { self.heard + stalled } else { self.heard + stalled / 2 };
            let dead = self.silence.map_or(ask, |silence| ask.min(self.spoken + silence.to_std()));
            match timeout_at(dead, self.socket.next()).await {
                Ok(Some(Ok(message))) => {
                    (self.heard, self.pinged) = (Instant::now(), false);
                    match message {
                        Message::Text(text) => {
                            (self.frame, self.spoken) = (text, self.heard);
                            return Ok(());
                        }
                        Message::Close(close) => {
                            let why = close.map(|c| format!("{} {}", c.code, c.reason)).unwrap_or_default();
                            return Err(Broken::Closed(short(&why)));
                        }
                        // The library answers a ping; nobody we listen to sends bytes.
                        _ => {}
                    }
                }
                Ok(Some(Err(error))) => return Err(broken(error)),
                Ok(None) => return Err(Broken::Closed(String::new())),
                Err(_) => {
                    if let Some(silence) = self.silence.filter(|s| self.spoken.elapsed() >= s.to_std()) {
                        return Err(Broken::Silent(silence));
                    }
                    if self.pinged {
                        return Err(Broken::Silent(self.stalled));
                    }
                    self.pinged = true;
                    let ping = self.socket.send(Message::Ping(Vec::new().into()));
                    timeout(limits::STALLED.to_std(), ping)
                        .await
                        .map_err(|_| Broken::Silent(self.stalled))?
                        .map_err(broken)?;
                }
            }
        }
    }

    fn frame(&self) -> &str {
        self.frame.as_str()
    }

    async fn close(&mut self) {
        // Whether it is heard changes nothing.
        let _gone = timeout(GOODBYE.to_std(), self.socket.close(None)).await;
    }
}

fn short(text: &str) -> String {
    html::one_line(text).chars().take(limits::ERROR_CHARS).collect()
}

fn transport(error: impl std::fmt::Display) -> FetchError {
    FetchError::Transport(short(&error.to_string()))
}

/// A resolver's error, which may be our own refusal.
fn refusal(error: Box<dyn std::error::Error + Send + Sync>) -> FetchError {
    match error.downcast_ref::<Refusal>() {
        Some(refusal) => refusal.clone().into(),
        None => transport(error),
    }
}

fn broken(error: Error) -> Broken {
    match error {
        Error::Capacity(_) => Broken::TooLarge,
        Error::ConnectionClosed | Error::AlreadyClosed => Broken::Closed(String::new()),
        Error::Http(answer) => match fetch::failure(answer.status(), answer.headers()) {
            FetchError::Status(status) => {
                let body = answer.body().as_deref().map(String::from_utf8_lossy).unwrap_or_default();
                Broken::Answered { status, body: short(&body) }
            }
            failure => failure.into(),
        },
        other => Broken::Fetch(transport(other)),
    }
}
