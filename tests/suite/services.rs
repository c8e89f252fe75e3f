//! Sources that are services: questions that cost, answers in several pages, what is taken back.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering},
};

use async_trait::async_trait;
use hinomi::{
    collect::{
        CollectParams, SourceBasics,
        fetch::{Fetch, FetchError, HttpFetch},
        poll,
        schedule::{Failure, Outcome},
        source::{Next, Page, Question, Request, Reservation, Response, Source, SourceError},
    },
    model::{
        post::{Channel, Post, SourceName, SourceType},
        secret::Secret,
        source::{Cursor, Meter, MeterUnit, Observed, SourceState, Withdrawn},
        time::{Span, Timestamp},
    },
    store::Ingest,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::harness::store::{TestStore, judged, noon};

/// A service with a scripted answer to every question.
pub(crate) struct Service {
    pub(crate) basics: SourceBasics,
    next: Next,
}

impl Service {
    pub(crate) fn new(next: Next) -> Self {
        let name = SourceName("service".into());
        let (source_type, channel) = (SourceType::Post, Channel::Sns);
        Self { basics: SourceBasics { name, source_type, channel, poll_every: Some(Span::minutes(10)) }, next }
    }
}

fn meter(used: f64) -> Meter {
    Meter { used, limit: 3.0, unit: MeterUnit::Calls, resets_at: noon() + Span::hours(12) }
}

impl Source for Service {
    fn basics(&self) -> &SourceBasics {
        &self.basics
    }

    fn request(&self, state: &SourceState, now: Timestamp) -> Question {
        match state.cursor.0.split_once(" for ") {
            Some((_, paid)) if paid != now.millis().to_string() => {
                Question::Blind(SourceError::Spent { until: meter(3.0).resets_at })
            }
            _ => Question::Ask(Request::api("https://service.example/")),
        }
    }

    /// The cursor tells how many questions were paid for, and when the last one was.
    fn reserve(&self, state: &SourceState, now: Timestamp) -> Option<Reservation> {
        let before = state.cursor.0.split(' ').next().and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0);
        let used = before + 1.0;
        let cursor = Cursor(format!("{used} for {}", now.millis()));
        (used <= 3.0).then(|| Reservation { cursor, meter: meter(used) })
    }

    fn read(&self, _response: &Response, state: &SourceState, _now: Timestamp) -> Result<Page, SourceError> {
        Ok(Page { cursor: state.cursor.clone(), next: self.next, ..Page::default() })
    }
}

/// Gives the same answer to everybody, and counts them.
pub(crate) struct Answers(pub(crate) Result<(), FetchError>, pub(crate) AtomicU32);

#[async_trait]
impl Fetch for Answers {
    async fn fetch(&self, _request: &Request) -> Result<Response, FetchError> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.clone().map(|()| Response { status: 200, ..Response::default() })
    }
}

/// What the pipeline does around a visit, less the posts.
async fn visit(t: &TestStore, service: &Service, fetch: &Answers, now: Timestamp) -> poll::Visit {
    let state = t.store.source_states().await.unwrap().pop();
    let state = poll::remembered(service, state, now);
    if let Some(reserved) = poll::reserved(service, &state, now) {
        t.store.reserve(&reserved).await.unwrap();
    }
    let state = poll::remembered(service, t.store.source_states().await.unwrap().pop(), now);
    poll::visit(service, &state, fetch, &CollectParams::default(), now).await
}

#[tokio::test]
async fn a_question_is_paid_for_before_it_is_asked_and_a_spent_budget_asks_nothing() {
    for t in TestStore::all().await {
        let (service, fetch) = (Service::new(Next::Usual), Answers(Err(FetchError::Timeout), AtomicU32::new(0)));
        for hour in 0..6 {
            // Nothing of the answer is stored, as after a crash.
            let now = noon() + Span::hours(hour);
            let visit = visit(&t, &service, &fetch, now).await;
            let spent = Failure::Read(SourceError::Spent { until: meter(0.0).resets_at });
            let expected = if hour < 3 { Failure::Fetch(FetchError::Timeout) } else { spent };
            assert_eq!(visit.outcome, Outcome::Failed(expected), "hour {hour}");
            if hour >= 3 {
                assert!(visit.state.next_due_at >= now + Span::hours(1), "looking at an empty purse is no hurry");
            }
        }
        assert_eq!(fetch.1.load(Ordering::SeqCst), 3);
        assert_eq!(t.store.source_states().await.unwrap()[0].meter, Some(meter(3.0)));
    }
}

#[tokio::test]
async fn what_was_taken_back_leaves_no_words_and_stays_counted() {
    for t in TestStore::all().await {
        let posts = [("did:a/1", "秘密の話"), ("did:a/2", "別の話"), ("did:b/1", "残る話"), ("did:ab/1", "似た名前")];
        t.ingest(posts.iter().map(|(id, text)| judged(id, id, text, 0)).collect()).await;
        let counted = t.number("select sum(mentions) from v_hourly").await;
        let source = SourceName("sns".into());
        let withdrawn = [Withdrawn::Post("did:b/none".into()), Withdrawn::All("did:a/".into())];
        let batch = Ingest { withdrawn: &withdrawn, ..Ingest::of(&source, noon()) };
        t.store.ingest(&batch, &t.ids).await.unwrap();
        let texts = t.words("select text from v_mentions order by mention_id").await;
        assert!(!texts.contains("秘密") && !texts.contains("別の"), "{texts}");
        assert!(texts.contains("残る話") && texts.contains("似た名前"), "{texts}");
        assert_eq!(t.number("select count(*) from v_mentions where evidence = '[]'").await, 2);
        assert_eq!(t.number("select sum(mentions) from v_hourly").await, counted);
        // A page that still shows it does not bring it back as news.
        let again = t.ingest(vec![judged("did:a/1", "did:a/1", "秘密の話", 1)]).await;
        assert_eq!(again.new, 0);
        assert!(!t.words("select text from v_mentions").await.contains("秘密"));
    }
}

#[tokio::test]
async fn a_later_word_on_the_same_hour_is_the_better_one() {
    for t in TestStore::all().await {
        let source = SourceName("x".into());
        for value in [3.0, 17.0] {
            let observed = [Observed { series: "posts".into(), at: noon(), value }];
            let batch = Ingest { observed: &observed, ..Ingest::of(&source, noon()) };
            t.store.ingest(&batch, &t.ids).await.unwrap();
        }
        assert_eq!(t.number("select cast(sum(value) as bigint) from observed").await, 17);
    }
}

/// One connection after the other: what was asked, and a prepared answer.
async fn serve(answer: &'static str) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (at, asked) = (listener.local_addr().unwrap().to_string(), Arc::new(Mutex::new(Vec::new())));
    let log = Arc::clone(&asked);
    #[expect(clippy::disallowed_methods, reason = "the other end of the line is not part of the program")]
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut bytes = vec![0; 4096];
            let mut text = String::new();
            while !(text.ends_with('}') || text.starts_with("GET") && text.ends_with("\r\n\r\n")) {
                match socket.read(&mut bytes).await {
                    Ok(n) if n > 0 => text.push_str(&String::from_utf8_lossy(&bytes[..n])),
                    _ => break,
                }
            }
            log.lock().unwrap().push(text);
            let _cut_off = socket.write_all(answer.as_bytes()).await;
            let _closed = socket.shutdown().await;
        }
    });
    (at, asked)
}

async fn ask(at: &str, request: Request) -> Result<Response, FetchError> {
    let params = CollectParams { allow: vec![at.to_owned()], ..CollectParams::default() };
    HttpFetch::new(&params).unwrap().fetch(&request).await
}

#[tokio::test]
async fn a_key_goes_to_its_service_and_a_failure_is_read() {
    let refused = "HTTP/1.1 403 Forbidden\r\nContent-Length: 21\r\nConnection: close\r\n\r\n{\"error\":\"no quota\"}\n";
    let (at, asked) = serve(refused).await;
    let request =
        Request::api(&format!("http://{at}/api")).json("{\"tag\":\"つばめ電機\"}").bearer(&Secret::new("k3y"));
    let answer = ask(&at, request).await.unwrap();
    assert_eq!((answer.status, answer.body.starts_with(b"{\"error\"")), (403, true));
    let asked = asked.lock().unwrap().join("");
    assert!(asked.starts_with("POST /api ") && asked.contains("つばめ電機"), "{asked}");
    assert!(asked.to_lowercase().contains("authorization: bearer k3y"), "{asked}");
    // A feed's failure stays a failure.
    let plain = Request { failures: false, ..Request::api(&format!("http://{at}/api")) };
    assert_eq!(ask(&at, plain).await, Err(FetchError::Status(403)));
}

#[tokio::test]
async fn a_redirection_does_not_carry_a_key_to_another_place() {
    let (elsewhere, asked) = serve("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}").await;
    let location = format!("HTTP/1.1 307 Moved\r\nLocation: http://{elsewhere}/\r\nContent-Length: 0\r\n\r\n");
    let (at, _) = serve(Box::leak(location.into_boxed_str())).await;
    let params = CollectParams { allow: vec![at.clone(), elsewhere], ..CollectParams::default() };
    let fetch = HttpFetch::new(&params).unwrap();
    let request = Request::api(&format!("http://{at}/"));
    let answer = fetch.fetch(&request.clone().bearer(&Secret::new("k3y"))).await;
    assert!(matches!(&answer, Err(FetchError::Refused(why)) if why.contains("key")), "{answer:?}");
    assert!(asked.lock().unwrap().is_empty());
    // Without a key there is nothing to lose.
    assert_eq!(fetch.fetch(&request).await.unwrap().status, 200);
}

#[test]
fn a_key_is_not_shown() {
    let request = Request::api("https://service.example/").bearer(&Secret::new("k3y")).json("{\"i\":\"t0ken\"}");
    let shown = format!("{request:?}");
    assert!(!shown.contains("k3y") && !shown.contains("t0ken"), "{shown}");
}

#[test]
fn nothing_to_ask_is_neither_success_nor_failure() {
    struct Idle(SourceBasics);
    impl Source for Idle {
        fn basics(&self) -> &SourceBasics {
            &self.0
        }
        fn request(&self, _state: &SourceState, now: Timestamp) -> Question {
            Question::Wait(now + Span::hours(5))
        }
        fn read(&self, _: &Response, _: &SourceState, _: Timestamp) -> Result<Page, SourceError> {
            Ok(Page { posts: Vec::<Post>::new(), ..Page::default() })
        }
    }
    let idle = Idle(Service::new(Next::Usual).basics);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let state = SourceState { errors: 2, ..SourceState::new(idle.0.name.clone(), noon()) };
    let fetch = Answers(Err(FetchError::Timeout), AtomicU32::new(0));
    let visit = runtime.block_on(poll::visit(&idle, &state, &fetch, &CollectParams::default(), noon()));
    assert_eq!((visit.outcome, visit.state.errors, visit.state.last_ok_at), (Outcome::Waited, 2, None));
    assert!(visit.state.next_due_at >= noon() + Span::hours(5));
    assert_eq!(fetch.1.load(Ordering::SeqCst), 0);
}
