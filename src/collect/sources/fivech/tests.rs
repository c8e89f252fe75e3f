use super::*;
use crate::{
    collect::kind::Field,
    model::post::{Channel, SourceName},
};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const THREAD: &str = "名無しさん<>sage<>2026/11/20(金) 09:15:00.12 ID:AbCdEf0<> つばめ電機の掃除機が<br>発火した件 &gt;&gt;1 <>つばめ電機、炎上 &amp; 回収\n\
                      <b>名無し</b>★<><>2026/11/20(金) 09:16:00.00<> <a href=\"../test/read.cgi/n/1/1\">&gt;&gt;1</a> まじ？&#9829; <>\n";

fn source(url: &str) -> FivechSource {
    let name = SourceName("b".into());
    let basics = SourceBasics { name, source_type: SourceType::Board, channel: Channel::Board, poll_every: None };
    let fields = Fields::default().with("url", Field::Text(url.into())).with("accept_terms", Field::YesNo(true));
    FivechSource::new(basics, &fields, Zone::JST)
}

fn thread() -> FivechSource {
    source("https://hayabusa.example.jp/test/read.cgi/news/1795133700/l50")
}

fn sjis(text: &str) -> Vec<u8> {
    encoding_rs::SHIFT_JIS.encode(text).0.into_owned()
}

fn answer(status: u16, body: Vec<u8>) -> Response {
    Response { status, body, ..Response::default() }
}

fn state(cursor: &Cursor) -> SourceState {
    SourceState { cursor: cursor.clone(), warmed_up_at: Some(NOW), ..SourceState::new(SourceName("b".into()), NOW) }
}

fn from(state: &SourceState) -> u64 {
    match thread().request(state, NOW) {
        Question::Ask(request) => request.from,
        other => panic!("{other:?}"),
    }
}

#[test]
fn without_accepted_terms_nothing_is_asked_and_both_languages_say_why() {
    let fields = Fields::default().with("url", Field::Text("https://x.example.jp/n/".into()));
    let wrong = (KIND.wrong)(&fields).unwrap();
    assert!(wrong.en.contains("accept_terms = true") && wrong.ja.contains("accept_terms = true"));
    let source = FivechSource::new(thread().basics, &fields, Zone::JST);
    assert!(matches!(source.request(&state(&Cursor::default()), NOW), Question::Blind(SourceError::Unavailable(_))));
    assert!((KIND.wrong)(&fields.with("accept_terms", Field::YesNo(true))).is_none());
    assert_eq!(KIND.least_pause, Span::minutes(5));
}

#[test]
fn addresses_of_boards_and_threads_are_understood() {
    assert_eq!(source("https://x.example.jp/news/").place.url, "https://x.example.jp/news/subject.txt");
    for url in ["https://x.example.jp/test/read.cgi/news/17/", "https://x.example.jp/news/dat/17.dat"] {
        let place = source(url).place;
        assert_eq!((place.url.as_str(), place.thread.as_deref()), ("https://x.example.jp/news/dat/17.dat", Some("17")));
        assert_eq!(place.readers, "https://x.example.jp/test/read.cgi/news/");
    }
}

#[test]
fn a_thread_is_read_with_its_broken_bytes() {
    let mut body = sjis(THREAD);
    body.splice(3..3, [0xff, 0x81]);
    let page = thread().read(&answer(200, body), &state(&Cursor::default()), NOW).unwrap();
    assert_eq!(page.posts.len(), 2);
    let [first, second] = &page.posts[..] else { panic!() };
    assert_eq!(first.text, "つばめ電機の掃除機が\n発火した件 >>1");
    assert_eq!(
        (first.title.as_deref(), first.author.as_deref()),
        (Some("つばめ電機、炎上 & 回収"), Some("ID:AbCdEf0"))
    );
    assert_eq!(first.published_at, Timestamp::parse_rfc3339("2026-11-20T09:15:00+09:00"));
    assert_eq!((second.text.as_str(), second.title.as_deref()), (">>1 まじ？♥", Some("つばめ電機、炎上 & 回収")));
    assert_eq!((second.external_id.as_str(), second.author.as_deref()), ("1795133700/2", Some("名無し★")));
    assert_eq!(second.url.as_deref(), Some("https://hayabusa.example.jp/test/read.cgi/news/1795133700/2"));
}

#[test]
fn only_what_is_new_is_asked_for_and_a_rewritten_thread_from_its_beginning() {
    let whole = sjis(THREAD);
    let half = [whole.as_slice(), &sjis("名無し<>")].concat();
    let first = thread().read(&answer(200, half), &state(&Cursor::default()), NOW).unwrap();
    let known = state(&first.cursor);
    // The line that was being written is read the next time; the last byte before it proves the place.
    assert_eq!(from(&known), u64::try_from(whole.len()).unwrap() - 1);
    let more = sjis("\n名無し<><>2026/11/20(金) 10:00:00.00<> 三 <>\n");
    let second = thread().read(&answer(206, more), &known, NOW).unwrap();
    assert_eq!(second.posts.iter().map(|p| p.external_id.as_str()).collect::<Vec<_>>(), ["1795133700/3"]);
    assert_eq!(second.posts[0].title.as_deref(), Some("つばめ電機、炎上 & 回収"));
    for rewritten in [answer(416, Vec::new()), answer(206, sjis("x\n"))] {
        let again = thread().read(&rewritten, &state(&second.cursor), NOW).unwrap();
        assert_eq!((again.posts.len(), again.next, from(&state(&again.cursor))), (0, Next::AtOnce, 0));
    }
    let gone = thread().read(&answer(404, Vec::new()), &known, NOW);
    assert!(matches!(gone, Err(SourceError::Unavailable(_))));
    // A server that knows no ranges sends all of it: the names of the lines stay.
    let all = thread().read(&answer(200, whole), &known, NOW).unwrap();
    assert_eq!(all.posts[0].external_id, "1795133700/1");
}

#[test]
fn a_board_lists_its_threads() {
    let board = source("https://x.example.jp/news/");
    let body =
        sjis("1795133700.dat<>つばめ電機が謝罪 (2) (123)\n1795133701.dat<>題 &amp; 名 (1)\nx.dat<>y (1)\nrubbish\n");
    let page = board.read(&answer(200, body), &state(&Cursor::default()), NOW).unwrap();
    let titles: Vec<_> = page.posts.iter().filter_map(|p| p.title.as_deref()).collect();
    assert_eq!(titles, ["つばめ電機が謝罪 (2)", "題 & 名"]);
    assert_eq!(page.posts[0].published_at, Some(Timestamp::from_seconds(1_795_133_700)));
    assert!(board.read(&answer(200, b"<html>".to_vec()), &state(&Cursor::default()), NOW).is_err());
    assert!(board.continues(&state(&page.cursor)) && !thread().continues(&state(&page.cursor)));
}
