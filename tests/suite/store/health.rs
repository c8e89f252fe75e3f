//! What is said of each source: one word, what is usual, how late it is, what it costs.

use hinomi::{
    model::{
        post::SourceName,
        source::{SourceState, SourceStatus},
        time::{Span, Timestamp},
    },
    store::{Ingest, Sight, SightChange, SourceFigures, Visited},
};

use crate::harness::store::{TestStore, judged, noon};

/// A source as its visits make it.
struct Visitor<'a> {
    t: &'a TestStore,
    state: SourceState,
    posts: u32,
}

impl<'a> Visitor<'a> {
    fn new(t: &'a TestStore, name: &str, since: Timestamp) -> Self {
        let state = SourceState { warmed_up_at: Some(since), ..SourceState::new(SourceName(name.into()), since) };
        Self { t, state, posts: 0 }
    }

    /// A page with so many new posts, each published so long before, about nobody.
    async fn page(&mut self, at: Timestamp, lags: &[Span]) {
        let posts = lags.iter().map(|lag| {
            self.posts += 1;
            let mut post = judged("1", "mei", "駅で見た", 0);
            post.post_hash = i64::from(self.posts);
            (post.post.source, post.post.external_id) = (self.state.source.clone(), self.posts.to_string());
            (post.post.published_at, post.post.collected_at) = (Some(at - *lag), at);
            post.mentions.clear();
            post
        });
        let posts = posts.collect::<Vec<_>>();
        let visited = Visited { answers: 1, bytes: 1_000, entries: Some(lags.len()), ..Visited::default() };
        (self.state.errors, self.state.last_error, self.state.last_ok_at) = (0, None, Some(at));
        self.store(at, true, posts, visited).await;
    }

    async fn not_modified(&mut self, at: Timestamp) {
        self.state.last_ok_at = Some(at);
        self.store(at, true, Vec::new(), Visited { answers: 1, not_modified: 1, ..Visited::default() }).await;
    }

    async fn fail(&mut self, at: Timestamp) {
        self.state.errors += 1;
        self.state.last_error = Some("no answer in time".into());
        self.store(at, false, Vec::new(), Visited::default()).await;
    }

    async fn store(&mut self, now: Timestamp, ok: bool, posts: Vec<hinomi::store::Judged>, visited: Visited) {
        self.state.visits += 1;
        self.state.next_due_at = now + Span::minutes(15);
        let (source, state) = (self.state.source.clone(), Some(&self.state));
        let batch = Ingest { state, covered: Some(ok), posts, ..Ingest::of(&source, now) };
        self.t.store.ingest_visit(&batch, visited, &self.t.ids).await.unwrap();
    }

    async fn figures(&self) -> SourceFigures {
        let all = self.t.store.source_figures().await.unwrap();
        all.into_iter().find(|f| f.source == self.state.source).unwrap()
    }
}

fn minutes(n: u32, each: i64) -> Vec<Span> {
    vec![Span::minutes(each); n as usize]
}

#[tokio::test]
async fn a_quiet_source_and_a_dead_one_are_told_apart() {
    for t in TestStore::all().await {
        let day = |n: i64| noon() + Span::days(n);
        let mut talker = Visitor::new(&t, "talker", day(-40));
        let mut dead = Visitor::new(&t, "dead", day(-40));
        let mut never_empty = Visitor::new(&t, "never-empty", day(-40));
        let mut often_empty = Visitor::new(&t, "often-empty", day(-40));
        for n in -28..0_i64 {
            // 20 posts on working days, 4 at the weekend: noon() is a Wednesday.
            let posts = if matches!(n.rem_euclid(7), 3 | 4) { 4 } else { 20 };
            talker.page(day(n), &minutes(posts, 7)).await;
            dead.page(day(n), &minutes(12, 7)).await;
            never_empty.page(day(n), &minutes(2, 7)).await;
            often_empty.page(day(n), &minutes(u32::from(n % 2 == 0), 7)).await;
        }
        // As usual up to here.
        for source in [&talker, &dead, &never_empty, &often_empty] {
            assert_eq!(source.figures().await.status, SourceStatus::Ok, "{:?}", source.figures().await);
        }
        let f = talker.figures().await;
        assert_eq!((f.items_24h, f.expected_24h.map(f64::round)), (20, Some(20.0)), "{f:?}");

        for hour in [0, 1, 2] {
            let at = day(0) + Span::hours(hour);
            talker.not_modified(at).await;
            dead.fail(at).await;
            never_empty.page(at, &[]).await;
            often_empty.page(at, &[]).await;
        }
        let (quiet, failing) = (talker.figures().await, dead.figures().await);
        assert_eq!(quiet.status, SourceStatus::Quiet, "{quiet:?}");
        assert_eq!((quiet.items_24h, quiet.last_error), (0, None));
        assert_eq!(failing.status, SourceStatus::Failing, "{failing:?}");
        assert_eq!((failing.last_error.as_deref(), failing.last_ok_at), (Some("no answer in time"), Some(day(-1))));
        assert_eq!(never_empty.figures().await.status, SourceStatus::Suspicious);
        assert_eq!(often_empty.figures().await.status, SourceStatus::Ok, "it has been empty before");

        // A page with something on it, an answer, an hour of ordinary posts: well again.
        never_empty.page(day(0) + Span::hours(3), &minutes(2, 7)).await;
        dead.page(day(0) + Span::hours(3), &minutes(6, 7)).await;
        talker.page(day(0) + Span::hours(3), &minutes(9, 7)).await;
        for source in [&talker, &dead, &never_empty] {
            assert_eq!(source.figures().await.status, SourceStatus::Ok, "{:?}", source.figures().await);
        }
    }
}

#[tokio::test]
async fn the_weekend_is_compared_with_weekends_once_there_are_three() {
    for t in TestStore::all().await {
        let day = |n: i64| noon() + Span::days(n);
        let mut press = Visitor::new(&t, "press", day(-40));
        let weekend = |n: i64| matches!(n.rem_euclid(7), 3 | 4);
        for n in -24..=3_i64 {
            press.page(day(n), &minutes(if weekend(n) { 2 } else { 40 }, 7)).await;
            // The first weeks know only days: of four of them the median is a working day.
            if n == -18 {
                let f = press.figures().await;
                assert_eq!((f.items_24h, f.expected_24h, f.status), (2, Some(40.0), SourceStatus::Quiet));
            }
        }
        let f = press.figures().await;
        assert_eq!((f.items_24h, f.expected_24h, f.status), (2, Some(2.0), SourceStatus::Ok), "{f:?}");
    }
}

#[tokio::test]
async fn without_a_past_nothing_is_usual_and_an_outage_is_no_past() {
    for t in TestStore::all().await {
        let day = |n: i64| noon() + Span::days(n);
        let mut s = Visitor::new(&t, "new", day(0));
        s.state.warmed_up_at = None;
        s.state.last_ok_at = None;
        s.fail(day(0)).await;
        assert_eq!(s.figures().await.status, SourceStatus::Failing, "it never worked");
        // The first page is history: neither posts of today nor late.
        s.state.warmed_up_at = Some(day(0) + Span::minutes(5));
        s.page(day(0) + Span::minutes(5), &[Span::days(3); 9]).await;
        let f = s.figures().await;
        assert_eq!((f.items_24h, f.lag_p50, f.expected_24h, f.status), (0, None, None, SourceStatus::Ok), "{f:?}");
        s.page(day(1), &minutes(10, 3)).await;
        s.page(day(2), &minutes(10, 3)).await;
        // Three days on which nothing could be read are no days on which nothing was said.
        for n in 3..6 {
            s.fail(day(n)).await;
        }
        s.page(day(6), &minutes(10, 3)).await;
        s.page(day(7), &minutes(10, 3)).await;
        assert_eq!(s.figures().await.expected_24h, Some(10.0));
    }
}

#[tokio::test]
async fn delays_and_costs_are_those_of_the_last_day() {
    for t in TestStore::all().await {
        let mut s = Visitor::new(&t, "voices", noon() - Span::days(9));
        // The day before was slow, and is over.
        s.page(noon() - Span::hours(30), &[Span::hours(5); 50]).await;
        let lags: Vec<Span> = (1..=20).map(|n| Span::minutes(if n <= 12 { 4 } else { 5 * n })).collect();
        s.page(noon(), &lags).await;
        for n in 1..=9 {
            s.not_modified(noon() + Span::minutes(15 * n)).await;
        }
        s.fail(noon() + Span::hours(3)).await;
        let f = s.figures().await;
        assert_eq!((f.lag_p50, f.lag_p95), (Some(Span::minutes(5)), Some(Span::hours(2))), "{f:?}");
        assert_eq!((f.visits_24h, f.failed_24h, f.not_modified_24h), (11, 1, 9));
        assert_eq!((f.bytes_24h, f.saved_bytes_24h), (1_000, Some(9_000)));
        assert_eq!(f.status, SourceStatus::Ok, "one failure is no failing");
        let place = t.params.shown();
        assert_eq!((f.quota, f.next_due_at), (None, noon() + Span::hours(3) + Span::minutes(15)), "{place}");
    }
}

#[tokio::test]
async fn the_command_says_what_the_view_says() {
    let t = TestStore::new().await;
    let mut voices = Visitor::new(&t, "みどり屋の声", noon() - Span::days(1));
    voices.page(noon(), &minutes(3, 7)).await;
    let mut dead = Visitor::new(&t, "news", noon() - Span::days(1));
    for n in 0..3 {
        dead.fail(noon() + Span::minutes(n)).await;
    }
    let hinomi = |args: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_hinomi"));
        let output = command.args(["sources", "--db"]).arg(&t.params.path).args(args).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let rows: Vec<serde_json::Value> =
        hinomi(&["--json"]).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 2);
    assert_eq!((&rows[0]["source"], &rows[0]["status"]), (&"news".into(), &"failing".into()));
    assert_eq!((&rows[1]["source"], &rows[1]["items_24h"]), (&"みどり屋の声".into(), &3.into()));
    let view = t.store.ask("select * from v_sources limit 1").await.unwrap();
    let named = |column: &str| view.columns.iter().any(|c| c.trim_end_matches("_jst") == column);
    assert!(rows[0].as_object().unwrap().keys().all(|key| named(key)), "{} {:?}", rows[0], view.columns);
    let text = hinomi(&["--lang", "ja"]);
    assert!(text.contains("▲ 失敗") && text.contains("no answer in time") && text.contains("情報源 2"), "{text}");
}

#[tokio::test]
async fn what_people_were_told_of_blindness_is_read_back() {
    for t in TestStore::all().await {
        let all = Sight { source: None, since: Some(noon()), told_at: None, well_since: None };
        let one = Sight { source: Some(SourceName("声".into())), told_at: Some(noon()), ..all.clone() };
        let keep = [SightChange::Keep(one.clone()), SightChange::Keep(all.clone())];
        t.store.change_sights(&keep).await.unwrap();
        assert_eq!(t.store.sights().await.unwrap(), [all.clone(), one.clone()]);
        let over = Sight { since: None, told_at: Some(noon()), ..all };
        let changes = [SightChange::Keep(over.clone()), SightChange::End(one.source)];
        t.store.change_sights(&changes).await.unwrap();
        assert_eq!(t.store.sights().await.unwrap(), [over]);
    }
}
