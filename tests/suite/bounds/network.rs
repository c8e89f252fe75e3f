//! What a server can make us hold or wait for.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use hinomi::{
    collect::{
        CollectParams, SourceBasics,
        fetch::{FetchError, HttpFetch},
        poll,
        source::Next,
        sources::{SourceParams, build},
    },
    model::{
        limits,
        post::{Channel, SourceName, SourceType},
        source::SourceState,
        time::{Span, Timestamp},
    },
};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpSocket, TcpStream},
};

use super::host::{Host, gzip};
use crate::{
    harness::store::noon,
    services::{Answers, Service},
};

const MB: usize = 1 << 20;

fn answer(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

async fn say(mut line: TcpStream, bytes: Vec<u8>) {
    // The client may have had enough before we are done.
    let _cut_off = line.write_all(&bytes).await;
    let _closed = line.shutdown().await;
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let params = brotli::enc::BrotliEncoderParams { quality: 1, lgwin: 22, ..Default::default() };
    brotli::BrotliCompress(&mut &*bytes, &mut out, &params).unwrap();
    out
}

#[tokio::test]
async fn a_body_is_read_up_to_its_limit_in_every_dress_and_no_byte_further() {
    let bodies = [("at", vec![b'x'; limits::BODY_BYTES]), ("over", vec![b'x'; limits::BODY_BYTES + 1])];
    let answers: Vec<(String, Vec<u8>)> = bodies
        .iter()
        .flat_map(|(name, body)| {
            [
                (format!("/plain-{name} "), answer("", body)),
                (format!("/gzip-{name} "), answer("Content-Encoding: gzip\r\n", &gzip(body, 1))),
                (format!("/brotli-{name} "), answer("Content-Encoding: br\r\n", &brotli(body))),
            ]
        })
        .collect();
    let answers = Arc::new(answers);
    let host = Host::start(move |line, head| {
        let said = answers.iter().find(|(path, _)| head.contains(path.as_str())).unwrap().1.clone();
        say(line, said)
    })
    .await;
    for dress in ["plain", "gzip", "brotli"] {
        let whole = host.fetch(&format!("/{dress}-at")).await.map(|r| r.body.len());
        assert_eq!(whole, Ok(limits::BODY_BYTES), "{dress}");
        assert_eq!(host.fetch(&format!("/{dress}-over")).await, Err(FetchError::TooLarge), "{dress}");
    }
}

#[tokio::test]
async fn bombs_of_every_make_are_put_down_after_five_megabytes() {
    // Many megabytes of spaces: a few kilobytes as gzip, fewer as brotli, and gzip within gzip.
    let bomb = gzip(&vec![b' '; MB], 64);
    let twice = gzip(&bomb, 1);
    let small = brotli(&vec![b' '; 32 * MB]);
    assert!(bomb.len() < MB && small.len() < MB, "{} and {} bytes", bomb.len(), small.len());
    let host = Host::start(move |line, head| {
        let said = match head {
            h if h.contains("/gzip ") => answer("Content-Encoding: gzip\r\n", &bomb),
            h if h.contains("/brotli ") => answer("Content-Encoding: br\r\n", &small),
            h if h.contains("/named-twice ") => answer("Content-Encoding: gzip, gzip\r\n", &twice),
            h if h.contains("/two-headers ") => answer("Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n", &twice),
            _ => answer("Content-Encoding: gzip\r\n", &twice),
        };
        say(line, said)
    })
    .await;
    for path in ["/gzip", "/brotli"] {
        assert_eq!(host.fetch(path).await, Err(FetchError::TooLarge), "{path}");
    }
    // One layer is taken off at most; what is below stays as it is, and within the limit.
    for path in ["/named-twice", "/two-headers", "/twice"] {
        let got = host.fetch(path).await.map(|r| r.body.len());
        assert!(matches!(got, Err(_) | Ok(..=limits::BODY_BYTES)), "{path}: {got:?}");
    }
}

#[tokio::test]
async fn a_server_that_never_ends_is_cut_off_early() {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    let host = Host::start(move |mut line, head| {
        let count = Arc::clone(&count);
        async move {
            let length = if head.contains("/lies ") { "Content-Length: 100000000000\r\n" } else { "" };
            let _gone = line.write_all(format!("HTTP/1.1 200 OK\r\n{length}\r\n").as_bytes()).await;
            let piece = vec![b'x'; 64 * 1024];
            while line.write_all(&piece).await.is_ok() {
                count.fetch_add(piece.len(), Ordering::SeqCst);
            }
        }
    })
    .await;
    for path in ["/endless", "/lies"] {
        sent.store(0, Ordering::SeqCst);
        assert_eq!(host.fetch(path).await, Err(FetchError::TooLarge), "{path}");
        // What lies in the buffers of two kernels is not ours to bound.
        let sent = sent.load(Ordering::SeqCst);
        assert!(sent < limits::BODY_BYTES + 16 * MB, "{path}: {sent} bytes went out");
    }
}

#[tokio::test]
async fn a_length_that_is_not_true_never_makes_half_a_page_whole() {
    let host = Host::start(|line, head| {
        let said: &[u8] = match head {
            h if h.contains("/too-long ") => b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n<rss>",
            h if h.contains("/too-short ") => b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n<rss><channel>",
            h if h.contains("/two ") => {
                b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 14\r\n\r\n<rss><channel>"
            }
            _ => b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n<rss>",
        };
        say(line, said.to_vec())
    })
    .await;
    assert!(matches!(host.fetch("/too-long").await, Err(FetchError::Transport(_))));
    assert_eq!(host.fetch("/too-short").await.unwrap().body, b"<rss>");
    for path in ["/two", "/negative"] {
        assert!(matches!(host.fetch(path).await, Err(FetchError::Transport(_))), "{path}");
    }
}

#[tokio::test]
async fn five_redirections_are_followed_and_six_are_not() {
    let host = Host::start(|line, head| {
        let left: usize = head.split(['/', ' ']).find_map(|w| w.parse().ok()).unwrap();
        let said = match left {
            0 => answer("", b"<rss>"),
            n => format!("HTTP/1.1 302 Found\r\nLocation: /{}\r\nContent-Length: 0\r\n\r\n", n - 1).into_bytes(),
        };
        say(line, said)
    })
    .await;
    assert_eq!(host.fetch(&format!("/{}", limits::REDIRECTS)).await.unwrap().body, b"<rss>");
    let asked = host.came.load(Ordering::SeqCst);
    let refused = host.fetch(&format!("/{}", limits::REDIRECTS + 1)).await;
    assert_eq!(refused, Err(FetchError::Refused("more than 5 redirections".into())));
    assert_eq!(host.came.load(Ordering::SeqCst) - asked, limits::REDIRECTS + 1);
}

#[tokio::test]
async fn headers_beyond_their_number_are_refused_and_long_ones_are_not_remembered() {
    let host = Host::start(|line, head| {
        let many = |n: usize| (0..n).map(|i| format!("X-{i}: y\r\n")).collect::<Vec<_>>().concat();
        let tag = |n: usize| format!("ETag: \"{}\"\r\n", "e".repeat(n - 2));
        let said = match head {
            // `answer` writes two of its own.
            h if h.contains("/at ") => answer(&many(limits::HEADERS - 2), b"<rss>"),
            h if h.contains("/over ") => answer(&many(limits::HEADERS - 1), b"<rss>"),
            h if h.contains("/tag-at ") => answer(&tag(limits::FIELD_BYTES), b"<rss>"),
            h if h.contains("/tag-over ") => answer(&tag(limits::FIELD_BYTES + 1), b"<rss>"),
            _ => answer(&format!("X-Long: {}\r\n", "y".repeat(4 * MB)), b"<rss>"),
        };
        say(line, said)
    })
    .await;
    assert!(host.fetch("/at").await.is_ok());
    assert!(matches!(host.fetch("/over").await, Err(FetchError::Transport(_))));
    assert_eq!(host.fetch("/tag-at").await.unwrap().etag.map(|t| t.len()), Some(limits::FIELD_BYTES));
    assert_eq!(host.fetch("/tag-over").await.unwrap().etag, None);
    assert!(matches!(host.fetch("/endless").await, Err(FetchError::Transport(_))));
}

/// How long `ask` took, and that it ended for want of time.
async fn timed_out(host: &Host, path: &str) -> Duration {
    #[expect(clippy::disallowed_methods, reason = "the wall clock is what is measured")]
    let begun = Instant::now();
    assert_eq!(host.fetch(path).await, Err(FetchError::Timeout), "{path}");
    begun.elapsed()
}

fn is_about(took: Duration, limit: Span) -> bool {
    let limit = limit.to_std();
    took >= limit.mul_f64(0.95) && took < limit + Duration::from_secs(5)
}

#[tokio::test]
async fn slow_servers_cost_no_more_than_their_time() {
    let host = Host::start(|mut line, head| async move {
        let begin: &[u8] = match &head {
            h if h.contains("/headers ") => b"HTTP/1.1 200 OK\r\nX-Slow: ",
            h if h.contains("/body ") => b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n",
            // Half a page, and then nothing at all.
            _ => b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n<rss>",
        };
        let mut open = line.write_all(begin).await.is_ok();
        let mut beat = tokio::time::interval(Duration::from_secs(1));
        while open {
            beat.tick().await;
            open = head.contains("/stalls ") || line.write_all(b"x").await.is_ok();
        }
    })
    .await;
    let (headers, body, stalls) =
        tokio::join!(timed_out(&host, "/headers"), timed_out(&host, "/body"), timed_out(&host, "/stalls"));
    assert!(is_about(headers, limits::STALLED), "{headers:?}");
    assert!(is_about(body, limits::REQUEST), "{body:?}");
    assert!(is_about(stalls, limits::STALLED), "{stalls:?}");
}

#[tokio::test]
async fn wishes_of_a_server_are_granted_up_to_their_limit() {
    let host = Host::start(|line, head| {
        let seconds: i64 = head.split(['/', ' ', '-']).find_map(|w| w.parse().ok()).unwrap();
        let page = b"<rss><channel><item><guid>1</guid><title>x</title></item></channel></rss>";
        let said = if head.contains("/pause-") {
            format!("HTTP/1.1 503 Busy\r\nRetry-After: {seconds}\r\nContent-Length: 0\r\n\r\n").into_bytes()
        } else {
            answer(&format!("Cache-Control: max-age={seconds}\r\n"), page)
        };
        say(line, said)
    })
    .await;
    let wait = async |wish: &str, span: Span| {
        let params = CollectParams { allow: vec![host.at.to_string()], ..CollectParams::default() };
        let name = SourceName("s".into());
        let basics = SourceBasics {
            name: name.clone(),
            source_type: SourceType::News,
            channel: Channel::News,
            poll_every: None,
        };
        let url = host.url(&format!("/{wish}-{}", span.millis() / 1000));
        let source = build(&SourceParams::feed(basics, url), &params).polled().unwrap();
        let now = Timestamp::from_seconds(1_800_000_000);
        let fetch = HttpFetch::new(&params).unwrap();
        let visit = poll::visit(source.as_ref(), &SourceState::new(name, now), &fetch, &params, now).await;
        (visit.host_pause.map(|until| until - now), visit.state.next_due_at - now)
    };
    let (beyond, less) = (Span::seconds(1), Span::seconds(-1));
    assert_eq!(wait("pause", limits::PAUSE + less).await.0, Some(limits::PAUSE + less));
    assert_eq!(wait("pause", limits::PAUSE).await.0, Some(limits::PAUSE));
    assert_eq!(wait("pause", limits::PAUSE + beyond).await.0, Some(limits::PAUSE));
    let at = wait("fresh", limits::INTERVAL).await.1;
    assert!(at >= limits::INTERVAL);
    assert_eq!(wait("fresh", limits::INTERVAL + beyond).await.1, at);
    assert!(wait("fresh", limits::INTERVAL + less).await.1 < at);
}

#[tokio::test]
async fn a_machine_that_does_not_answer_costs_no_more_than_the_time_to_connect() {
    // A queue of one that nobody empties: the kernel lets further calls ring.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let at = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(Ok(line)) = tokio::time::timeout(Duration::from_millis(300), TcpStream::connect(at)).await {
        waiting.push(line);
        assert!(waiting.len() < 20, "the queue never fills");
    }
    let host = Host { at, came: Arc::default() };
    let took = timed_out(&host, "/").await;
    assert!(is_about(took, limits::CONNECT), "{took:?}");
}

#[tokio::test]
async fn a_service_that_always_promises_more_is_left_alone_after_a_while() {
    let (service, now) = (Service::new(Next::AtOnce), noon());
    let fetch = Answers(Ok(()), AtomicU32::new(0));
    let mut state = SourceState::new(service.basics.name.clone(), now);
    let mut at_once = 0;
    loop {
        let visit = poll::visit(&service, &state, &fetch, &CollectParams::default(), now).await;
        assert!(visit.warm_up, "its history is not whole yet");
        state = visit.state;
        if state.next_due_at > now {
            break;
        }
        at_once += 1;
    }
    assert_eq!(at_once, limits::STEPS);
    assert!(state.next_due_at >= now + Span::minutes(10) && state.warmed_up_at == Some(now) && state.steps == 0);
}
