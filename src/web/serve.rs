//! The listening, and who is let in.

use std::{future::Future, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::sleep,
};

use super::{
    Behind, Witness,
    health::Status,
    ingest::{self, Grant},
    websub,
};
use crate::model::limits;

/// After the system refused a connection, for want of file handles, say.
const BREATH: Duration = Duration::from_millis(100);

/// Why the window stays shut.
#[derive(Debug, thiserror::Error)]
pub enum WindowError {
    /// Somebody could look in from outside.
    #[error("{0} is not an address of this machine alone; without a sign-in only 127.0.0.1 or [::1] will do")]
    NotLoopback(SocketAddr),
    /// The system says no.
    #[error("cannot listen on {0}: {1}")]
    Taken(SocketAddr, io::Error),
}

/// The window, open but not yet answering.
#[derive(Debug)]
pub struct Window(TcpListener);

impl Window {
    /// Opens it. Port 0 takes a free one.
    pub async fn open(listen: SocketAddr) -> Result<Self, WindowError> {
        if !listen.ip().is_loopback() {
            return Err(WindowError::NotLoopback(listen));
        }
        TcpListener::bind(listen).await.map(Self).map_err(|why| WindowError::Taken(listen, why))
    }

    /// Where it is.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// Answers until `stop` ends, then drops every connection.
    pub async fn serve(self, behind: Behind, stop: impl Future<Output = ()>) {
        let router = router(behind);
        let mut stop = pin!(stop);
        // Dropped with this future, and with it every connection.
        let mut talks = JoinSet::new();
        loop {
            tokio::select! {
                () = &mut stop => return,
                Some(_) = talks.join_next() => {}
                accepted = self.0.accept(), if talks.len() < limits::WEB_CONNECTIONS => match accepted {
                    Ok((stream, _)) => {
                        talks.spawn(talk(stream, router.clone()));
                    }
                    Err(why) => {
                        tracing::warn!(%why, "a connection to the health port could not be accepted");
                        sleep(BREATH).await;
                    }
                },
            }
        }
    }
}

async fn talk(stream: TcpStream, router: Router) {
    let grant = Grant::default();
    let service = TowerToHyperService::new(router.layer(Extension(grant.clone())));
    let talk = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits::WEB_HEADERS.to_std())
        .max_buf_size(limits::WEB_HEADER_BYTES)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    // Who speaks no HTTP, or too slowly, gets no answer; there is nothing to mend on our side.
    tokio::select! {
        _ended = talk => {}
        () = over(&grant) => {}
    }
}

/// When a connection has lasted long enough.
async fn over(grant: &Grant) {
    sleep(limits::WEB_WHOLE.to_std()).await;
    if grant.is_given() {
        sleep(limits::INGEST_WHOLE.to_std().saturating_sub(limits::WEB_WHOLE.to_std())).await;
    }
}

fn router(behind: Behind) -> Router {
    Router::new()
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/healthz", get(healthz))
        .route("/metrics", get(metrics))
        .with_state(behind.witness)
        .merge(ingest::router(behind.gate))
        .merge(websub::router(behind.subscriber))
        .layer(middleware::from_fn(guarded))
}

/// That somebody answers is the answer: the event loop turns.
async fn livez() -> &'static str {
    "ok\n"
}

async fn readyz(State(witness): State<Arc<dyn Witness>>) -> (StatusCode, &'static str) {
    if witness.ready().await { (StatusCode::OK, "ok\n") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ready\n") }
}

async fn healthz(State(witness): State<Arc<dyn Witness>>) -> Response {
    let health = witness.health().await;
    let code = match health.status {
        Status::Ok | Status::Degraded => StatusCode::OK,
        Status::Failing => StatusCode::SERVICE_UNAVAILABLE,
    };
    let json = serde_json::to_string(&health).unwrap_or_default();
    (code, [(header::CONTENT_TYPE, "application/json")], json + "\n").into_response()
}

async fn metrics(State(witness): State<Arc<dyn Witness>>) -> Response {
    ([(header::CONTENT_TYPE, super::metrics::CONTENT_TYPE)], witness.metrics().await).into_response()
}

/// Lets in who asks this machine by one of its own names, and tells browsers to keep their hands off the answer.
async fn guarded(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|h| h.to_str().ok());
    let mut response = if host.is_some_and(is_this_machine) {
        next.run(request).await
    } else {
        (StatusCode::MISDIRECTED_REQUEST, "ask for 127.0.0.1, [::1] or localhost\n").into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    );
    response
}

/// Whether a `Host` header names this machine and nothing else could be meant.
fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let bare = name.strip_prefix('[').and_then(|n| n.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_name_of_this_machine_is_a_host() {
        for good in ["127.0.0.1", "127.0.0.1:8730", "localhost:8730", "LOCALHOST", "[::1]:8730", "[::1]"] {
            assert!(is_this_machine(good), "{good}");
        }
        for wrong in [
            "",
            "evil.example",
            "evil.example:8730",
            "127.0.0.1.evil.example",
            "localhost.evil.example:1",
            "10.0.0.1",
            "127.0.0.1:8730@evil.example",
            "127.0.0.1:",
            "0.0.0.0:8730",
        ] {
            assert!(!is_this_machine(wrong), "{wrong}");
        }
    }

    #[tokio::test]
    async fn an_address_that_others_can_reach_is_refused() {
        for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8730"] {
            let refused = Window::open(address.parse().unwrap()).await.unwrap_err();
            assert!(matches!(refused, WindowError::NotLoopback(_)), "{refused}");
        }
    }
}
