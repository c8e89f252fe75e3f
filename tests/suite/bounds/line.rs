//! What a server at the other end of an open line can make us hold or wait for.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use hinomi::{
    collect::{
        CollectParams,
        fetch::{Fetch, FetchError, HttpFetch},
        stream::{Broken, Hello, Line},
    },
    model::{limits, time::Span},
};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{WebSocketStream, accept_async, tungstenite::Message};

/// A server that greets one caller and then does `talk` with it.
async fn server<F>(talk: impl FnOnce(WebSocketStream<TcpStream>) -> F + Send + 'static) -> std::net::SocketAddr
where
    F: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    #[expect(clippy::disallowed_methods, reason = "the other end of the line is not part of the program")]
    tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        talk(accept_async(socket).await.unwrap()).await;
    });
    at
}

async fn call(at: std::net::SocketAddr, hello: Hello) -> Result<Box<dyn Line>, Broken> {
    let params = CollectParams { allow: vec![at.to_string()], ..CollectParams::default() };
    HttpFetch::new(&params).unwrap().listen(&hello).await
}

fn hello(at: std::net::SocketAddr) -> Hello {
    Hello::to(format!("ws://{at}/"))
}

#[tokio::test]
async fn a_frame_is_read_up_to_its_limit_and_no_byte_further_also_in_pieces() {
    for (bytes, pieces) in [(limits::FRAME_BYTES, 1), (limits::FRAME_BYTES + 1, 1), (limits::FRAME_BYTES + 2, 2)] {
        let at = server(async move |mut line| {
            use tokio_tungstenite::tungstenite::protocol::frame::{
                Frame,
                coding::{Data, OpCode},
            };
            for piece in 0..pieces {
                let code = if piece == 0 { Data::Text } else { Data::Continue };
                let frame = Frame::message("x".repeat(bytes / pieces), OpCode::Data(code), piece + 1 == pieces);
                if line.send(Message::Frame(frame)).await.is_err() {
                    return;
                }
            }
            while line.next().await.is_some_and(|m| m.is_ok()) {}
        })
        .await;
        let mut line = call(at, hello(at)).await.unwrap();
        let came = line.next().await;
        if bytes <= limits::FRAME_BYTES {
            assert_eq!(came, Ok(()));
            assert_eq!(line.frame().len(), bytes);
        } else {
            assert_eq!(came, Err(Broken::TooLarge), "{bytes} in {pieces}");
        }
    }
}

#[tokio::test]
async fn a_line_on_which_nobody_answers_is_given_up() {
    assert_eq!(hello(([127, 0, 0, 1], 1).into()).stalled, limits::LINE_STALLED);
    // It reads nothing, so it answers no ping.
    let at = server(async |_line| std::future::pending().await).await;
    let stalled = Span::from_millis(300);
    let mut line = call(at, Hello { stalled, ..hello(at) }).await.unwrap();
    let given_up = tokio::time::timeout(Duration::from_secs(5), line.next()).await;
    assert_eq!(given_up, Ok(Err(Broken::Silent(stalled))));
}

#[tokio::test]
async fn a_quiet_line_is_kept_and_one_that_should_speak_is_not() {
    // It answers pings, and says something after more than twice the time.
    let talk = async |mut line: WebSocketStream<TcpStream>| {
        let mut pings = 0;
        while let Some(Ok(message)) = line.next().await {
            pings += u32::from(message.is_ping());
            if pings == 3 {
                line.send(Message::text("at last")).await.unwrap();
            }
        }
    };
    let stalled = Span::from_millis(300);
    let at = server(talk).await;
    let mut line = call(at, Hello { stalled, ..hello(at) }).await.unwrap();
    assert_eq!(tokio::time::timeout(Duration::from_secs(5), line.next()).await, Ok(Ok(())));
    assert_eq!(line.frame(), "at last");

    let silence = Some(Span::from_millis(200));
    let at = server(talk).await;
    let mut line = call(at, Hello { stalled, silence, ..hello(at) }).await.unwrap();
    assert_eq!(line.next().await, Err(Broken::Silent(Span::from_millis(200))));
}

#[tokio::test]
async fn the_guard_stands_before_lines_as_before_pages() {
    let refused = |answer: Result<Box<dyn Line>, Broken>| matches!(answer, Err(Broken::Fetch(FetchError::Refused(_))));
    let fetch = HttpFetch::new(&CollectParams::default()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    for url in [
        "ws://127.0.0.1:8080/".to_owned(),
        "wss://[::ffff:127.0.0.1]/".into(),
        "ws://localhost:8080/".into(),
        format!("ws://example.jp:{port}/"),
        "wss://user:secret@example.jp/".into(),
        "http://example.jp/".into(),
        "nonsense".into(),
    ] {
        assert!(refused(fetch.listen(&Hello::to(url.clone())).await), "{url}");
    }
    // A name that is allowed is allowed at its own port only.
    let params = CollectParams { allow: vec![format!("127.0.0.1:{}", port ^ 1)], ..CollectParams::default() };
    assert!(refused(HttpFetch::new(&params).unwrap().listen(&Hello::to(format!("ws://127.0.0.1:{port}/"))).await));
}
