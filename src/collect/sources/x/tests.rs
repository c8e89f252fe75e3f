use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    collect::{
        budget::month,
        kind::{Field, Fields},
        source::{Next, Place},
    },
    model::{
        post::{Channel, SourceName, SourceType},
        source::{Cursor, Withdrawn},
    },
};

const NOW: Timestamp = Timestamp::from_seconds(1_795_133_700); // 2026-11-20 00:15 UTC
const COUNTS: &str = include_str!("../../../../tests/fixtures/x/counts.json");
const SEARCH: &str = include_str!("../../../../tests/fixtures/x/search.json");
const LOOKUP: &str = include_str!("../../../../tests/fixtures/x/lookup.json");

fn fields(query: &str, usd: f64) -> Fields {
    Fields::default()
        .with("query", Field::Text(query.into()))
        .with("token", Field::Secret(Secret::new("token")))
        .with("monthly_usd", Field::Amount(usd))
}

fn source(usd: f64) -> XSource {
    let basics = SourceBasics {
        name: SourceName("x".into()),
        source_type: SourceType::Post,
        channel: Channel::Sns,
        poll_every: None,
    };
    XSource::new(basics, &fields("青空テレコム", usd))
}

fn new_state() -> SourceState {
    SourceState::new(SourceName("x".into()), NOW)
}

/// Writes down what the next question costs; `None` where nothing is to be asked.
fn reserved(source: &XSource, state: &SourceState, now: Timestamp) -> Option<SourceState> {
    let r = source.reserve(state, now)?;
    Some(SourceState { cursor: r.cursor, meter: Some(r.meter), ..state.clone() })
}

fn url(source: &XSource, state: &SourceState, now: Timestamp) -> Url {
    match source.request(state, now) {
        Question::Ask(request) => match request.place {
            Place::Web(url) => Url::parse(&url).unwrap(),
            Place::File { .. } => panic!("a file"),
        },
        other => panic!("{other:?}"),
    }
}

fn said(status: u16, body: &str) -> Response {
    Response { status, body: body.into(), ..Response::default() }
}

/// One question and its answer.
fn round(source: &XSource, state: &mut SourceState, body: &str, now: Timestamp) -> Page {
    *state = reserved(source, state, now).expect("something to ask");
    let page = source.read(&said(200, body), state, now).unwrap();
    (state.cursor, state.meter) = (page.cursor.clone(), page.meter);
    page
}

fn used(state: &SourceState) -> f64 {
    state.meter.unwrap().used
}

#[test]
fn a_count_comes_first_and_a_search_only_when_the_curve_moves() {
    let (source, mut state) = (source(50.0), new_state());
    let first = reserved(&source, &state, NOW).unwrap();
    let asked = url(&source, &first, NOW);
    assert!(asked.path().ends_with("/2/tweets/counts/recent"), "{asked}");
    let page = round(&source, &mut state, COUNTS, NOW);
    assert_eq!((page.posts.len(), page.next), (0, Next::AtOnce));
    assert!((page.observed.iter().map(|o| o.value).sum::<f64>() - 20.0).abs() < 1e-9);
    let after = reserved(&source, &state, NOW).unwrap();
    let asked = url(&source, &after, NOW);
    assert!(asked.path().ends_with("/2/tweets/search/recent"), "{asked}");
    assert!(!asked.as_str().contains("expansions") && !asked.as_str().contains("token="), "{asked}");

    let page = round(&source, &mut state, SEARCH, NOW);
    assert_eq!((page.posts.len(), page.skipped), (3, 3));
    // Fifteen minutes later nobody writes any more.
    let later = NOW + Span::minutes(30);
    let quiet = r#"{"data":[],"meta":{"total_tweet_count":0}}"#;
    state.cursor = settled(&source, &state);
    let page = round(&source, &mut state, quiet, later);
    assert!(matches!(page.next, Next::At(then) if then > later), "{:?}", page.next);
}

/// The same, with a search that was at its end.
fn settled(source: &XSource, state: &SourceState) -> Cursor {
    let mut memory = source.memory(state, NOW);
    (memory.wanted, memory.paging, memory.searched_at) = (None, None, NOW);
    memory.cursor()
}

#[test]
fn posts_are_read_as_they_were_meant_and_an_edit_keeps_its_name() {
    let (source, mut state) = (source(50.0), new_state());
    round(&source, &mut state, COUNTS, NOW);
    let page = round(&source, &mut state, SEARCH, NOW);
    let [first, edited, number] = page.posts.as_slice() else { panic!("{:?}", page.posts) };
    assert_eq!(first.text, "青空テレコムのアプリ落ちてる？ & 電話もつながらない <朝から>");
    assert_eq!(first.url.as_deref(), Some("https://x.com/i/web/status/1991000000000000103"));
    assert_eq!((first.reach, first.author.as_deref()), (Some(812), Some("42")));
    assert_eq!(edited.external_id, "1991000000000000100");
    assert!(edited.url.as_deref().unwrap().ends_with("102") && edited.reach == Some(77));
    assert_eq!(number.external_id, "1991000000000000101");
    // Six came, so six are paid for, though three could not be read.
    assert!((used(&state) - 0.005 - 6.0 * 0.005).abs() < 1e-9, "{}", used(&state));
}

#[test]
fn what_is_gone_or_withheld_is_taken_back_and_a_torn_answer_takes_nothing() {
    let (source, mut state) = (source(50.0), new_state());
    round(&source, &mut state, COUNTS, NOW);
    round(&source, &mut state, SEARCH, NOW);
    let tomorrow = NOW + Span::days(1);
    let mut memory = source.memory(&state, tomorrow);
    // The counts of the day are taken already, and nothing moves.
    (memory.wanted, memory.paging, memory.count_at) = (None, None, tomorrow + Span::hours(1));
    state.cursor = memory.cursor();
    let asked = url(&source, &reserved(&source, &state, tomorrow).unwrap(), tomorrow);
    assert!(asked.path().ends_with("/2/tweets") && asked.as_str().contains("ids="), "{asked}");
    let mut torn = state.clone();
    assert_eq!(round(&source, &mut torn, r#"{"data":[]}"#, tomorrow).withdrawn, []);
    let page = round(&source, &mut state, LOOKUP, tomorrow);
    let gone = |id: &str| Withdrawn::Post(id.into());
    assert_eq!(page.withdrawn, [gone("1991000000000000100"), gone("1991000000000000101")]);
    assert_eq!(
        page.posts.iter().map(|p| (p.external_id.as_str(), p.reach)).collect::<Vec<_>>(),
        [("1991000000000000103", Some(90_012))]
    );
    // Who was missing twice is gone, whoever says nothing of it.
    let mut memory = source.memory(&torn, tomorrow + Span::days(1));
    memory.count_at = tomorrow + Span::days(2);
    torn.cursor = memory.cursor();
    let page = round(&source, &mut torn, r#"{"data":[]}"#, tomorrow + Span::days(1));
    assert_eq!(page.withdrawn.len(), 3);
}

#[test]
fn a_refusal_costs_nothing_and_says_what_to_do() {
    let source = source(50.0);
    let written = reserved(&source, &new_state(), NOW).unwrap();
    let refuse = |status, body: &str| {
        let page = source.read(&said(status, body), &written, NOW).unwrap();
        assert!(page.meter.unwrap().used < 1e-9, "{status}");
        page.failure.unwrap()
    };
    let unauthorized = refuse(401, include_str!("../../../../tests/fixtures/x/unauthorized.json"));
    assert_eq!(unauthorized, SourceError::Credential("Unauthorized".into()));
    let capped = refuse(429, include_str!("../../../../tests/fixtures/x/usage-capped.json"));
    assert_eq!(capped, SourceError::Spent { until: month(NOW).1 });
    let limited = refuse(429, include_str!("../../../../tests/fixtures/x/rate-limited.json"));
    assert!(matches!(limited, SourceError::Malformed(_)));
    assert!(matches!(refuse(402, ""), SourceError::Unavailable(_)));
    // Whether X's own fault was charged nobody knows.
    assert!(source.read(&said(500, ""), &written, NOW).is_err());
    for broken in ["", "[]", "<html>", "{}", "null"] {
        assert!(source.read(&said(200, broken), &written, NOW).is_err(), "{broken}");
    }
}

#[test]
fn after_a_failure_only_a_count_is_risked() {
    let (source, mut state) = (source(50.0), new_state());
    round(&source, &mut state, COUNTS, NOW);
    // The search is paid for and nothing comes back.
    let lost = reserved(&source, &state, NOW).unwrap();
    assert!(reserved(&source, &lost, NOW + Span::minutes(1)).is_none());
    let again = NOW + Span::minutes(20);
    let asked = url(&source, &reserved(&source, &lost, again).unwrap(), again);
    assert!(asked.path().ends_with("/counts/recent"), "{asked}");
}

#[test]
fn a_service_that_repeats_its_pages_does_not_keep_us() {
    let (source, mut state) = (source(500.0), new_state());
    let storm = json!({"data": [{"start": "2026-11-20T00:10:00Z", "tweet_count": 5000}]}).to_string();
    round(&source, &mut state, &storm, NOW);
    let mut pages = 0;
    while let Some(written) = reserved(&source, &state, NOW) {
        let page = source.read(&said(200, SEARCH), &written, NOW).unwrap();
        state.cursor = page.cursor;
        pages += 1;
        assert!(pages < 10, "it does not end");
    }
    assert_eq!(pages, 2);
    // The token is another each time, but the posts are not.
    assert!(source.memory(&state, NOW).since.ends_with("103"));
}

#[test]
fn neither_another_query_nor_an_unreadable_cursor_fills_the_purse() {
    let (source, mut state) = (source(50.0), new_state());
    round(&source, &mut state, COUNTS, NOW);
    round(&source, &mut state, SEARCH, NOW);
    let spent = source.memory(&state, NOW).month.used();
    assert_eq!(spent, 35_000);
    let other = XSource::new(source.basics.clone(), &fields("みどり屋通販", 50.0));
    assert_eq!(other.memory(&state, NOW).month.used(), spent);
    let broken = SourceState { cursor: Cursor("https://an.other.kind/".into()), ..state.clone() };
    assert_eq!(source.memory(&broken, NOW).month.used(), spent);
    // The next month is another one.
    assert_eq!(source.memory(&state, NOW + Span::days(12)).month.used(), 0);
}

#[test]
fn a_query_that_x_would_refuse_is_refused_at_once() {
    assert_eq!(query("青空テレコム"), "青空テレコム lang:ja -is:retweet");
    assert_eq!(query("a OR b"), "(a OR b) lang:ja -is:retweet");
    assert_eq!(query("a lang:en -is:retweet"), "a lang:en -is:retweet");
    let of = |letters: usize| wrong(&fields(&"あ".repeat(letters), 1.0));
    let most = QUERY - " lang:ja -is:retweet".len();
    assert_eq!(of(most), None);
    let said = of(most + 1).unwrap();
    assert!(said.ja.contains(&format!("{most}文字まで")) && said.key == "query", "{said:?}");
}

#[test]
fn it_goes_slower_from_eighty_percent_on_and_the_last_tenth_is_for_open_incidents() {
    let (source, mut state) = (source(5_000.0), new_state());
    let used = |dollars: u64| {
        let mut memory = source.memory(&new_state(), NOW);
        memory.month.take(dollars * 1_000_000);
        memory
    };
    let pause = |dollars, urgent| plan::pause(&used(dollars), &source.params, urgent, NOW);
    assert_eq!(pause(3_999, false), Span::minutes(15));
    assert_eq!((pause(4_000, false), pause(4_000, true)), (Span::minutes(30), Span::minutes(15)));
    state.cursor = used(4_500).cursor();
    let until = month(NOW).1;
    assert_eq!(source.request(&state, NOW), Question::Blind(SourceError::Spent { until }));
    state.urgent = true;
    assert!(matches!(source.request(&state, NOW), Question::Ask(_)));
    state.cursor = used(5_000).cursor();
    assert_eq!(source.request(&state, NOW), Question::Blind(SourceError::Spent { until }));
    assert!(source.reserve(&state, NOW).is_none());
}

/// X as its tariff says: what it takes, in millionths of a dollar, by month.
#[derive(Default)]
struct Till {
    months: BTreeMap<Timestamp, u64>,
    /// A post is paid for once in a day.
    paid: BTreeSet<(i64, u64)>,
}

const EPOCH: i64 = 1_288_834_974_657;

impl Till {
    /// Answers, and takes its money.
    fn answer(&mut self, url: &Url, posts: u64, seed: u64, now: Timestamp) -> Value {
        let arguments: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        if url.path().ends_with("/counts/recent") {
            self.take(5_000, now);
            let start = now.floor(Span::minutes(1)) - Span::minutes(3);
            return json!({"data": [{"start": start.rfc3339(Zone::UTC), "tweet_count": posts}]});
        }
        let ids: Vec<u64> = if let Some(ids) = arguments.get("ids") {
            ids.split(',').map(|id| id.parse::<u64>().unwrap()).filter(|id| !(id + seed).is_multiple_of(3)).collect()
        } else {
            let most: u64 = arguments["max_results"].parse().unwrap();
            assert!((10..=100).contains(&most));
            let base = u64::try_from(now.floor(Span::hours(7)).millis() - EPOCH).unwrap() << 22;
            (0..posts.min(most)).map(|n| base + (n + seed) % 90).collect()
        };
        for id in &ids {
            if self.paid.insert((now.floor(Span::days(1)).millis(), *id)) {
                self.take(5_000, now);
            }
        }
        let post = |id: &u64| {
            let versions =
                if id.is_multiple_of(5) { vec![(id - 1).to_string(), id.to_string()] } else { vec![id.to_string()] };
            json!({"id": id.to_string(), "text": "青空テレコム", "edit_history_tweet_ids": versions})
        };
        let data: Vec<Value> = ids.iter().map(post).collect();
        json!({"data": data, "meta": {"next_token": format!("t{}", seed % 4)}})
    }

    fn take(&mut self, cost: u64, now: Timestamp) {
        *self.months.entry(month(now).0).or_default() += cost;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn no_month_ever_costs_more_than_a_person_allowed(
        cents in prop_oneof![1..150_u32, 1..3_000_u32],
        steps in proptest::collection::vec((0..400_i64, 0..10_u8, 0..40_u64, 0..10_000_u64, any::<bool>()), 1..80),
    ) {
        let source = source(f64::from(cents) / 100.0);
        let (mut state, mut till, mut now) = (new_state(), Till::default(), NOW);
        for (minutes, what, posts, seed, urgent) in steps {
            now = now + Span::minutes(if what == 9 { minutes * 40 } else { minutes / 8 });
            state.urgent = urgent;
            let Some(written) = reserved(&source, &state, now) else {
                prop_assert!(!matches!(source.request(&state, now), Question::Ask(_)));
                continue;
            };
            if !matches!(source.request(&written, now), Question::Ask(_)) {
                state = written;
                continue;
            }
            // From here on the cost is written down, and whatever breaks leaves it there.
            state = written;
            if what == 0 {
                continue;
            }
            let url = url(&source, &state, now);
            if what == 1 {
                // Turned away: nothing is taken.
                let status = *[400, 401, 402, 429].iter().cycle().nth(usize::try_from(seed % 4).unwrap()).unwrap();
                state.cursor = source.read(&said(status, ""), &state, now).unwrap().cursor;
                continue;
            }
            let answer = till.answer(&url, posts, seed, now).to_string();
            let read = match what {
                // It was charged, and the answer is lost or torn.
                2 => continue,
                3 => source.read(&said(500, ""), &state, now),
                4 => source.read(&said(200, answer.split_at(answer.floor_char_boundary(answer.len() / 2)).0), &state, now),
                _ => source.read(&said(200, &answer), &state, now),
            };
            if let Ok(page) = read {
                (state.cursor, state.meter) = (page.cursor, page.meter);
            }
            for (month, taken) in &till.months {
                prop_assert!(*taken <= u64::from(cents) * 10_000, "{} took {taken}", month.rfc3339(Zone::UTC));
            }
            let meter = state.meter.unwrap();
            prop_assert!(meter.used <= meter.limit + 1e-9);
            let known = till.months.get(&month(now).0).copied().unwrap_or(0);
            prop_assert!(source.memory(&state, now).month.used() >= known, "less in the book than taken");
        }
    }
}
