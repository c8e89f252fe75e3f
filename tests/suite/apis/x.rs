//! X for a day and a night: a quiet word, a storm, posts that are deleted, refusals, and a till that counts by itself.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, Uri},
    response::{IntoResponse, Response},
};
use hinomi::{
    collect::{
        SourceBasics,
        kind::{Field, Fields},
        source::Source,
        sources::x::XSource,
    },
    model::{
        post::{Channel, SourceName, SourceType},
        secret::Secret,
        source::{MeterUnit, SourceState},
        time::{Span, Timestamp, Zone},
    },
};
use serde_json::{Value, json};

use super::{World, arguments, at};

/// One post in the world.
#[derive(Clone)]
struct Written {
    id: u64,
    at: Timestamp,
    gone: bool,
}

/// What the service knows, and what it has taken.
#[derive(Default)]
struct Service {
    now: Timestamp,
    posts: Vec<Written>,
    calls: BTreeMap<String, u32>,
    searched: Vec<Timestamp>,
    /// Millionths of a dollar.
    till: u64,
    paid: BTreeSet<(i64, u64)>,
    /// Until then it wants to be left alone.
    busy_until: Timestamp,
    /// Until then every answer is a fault of its own.
    broken_until: Timestamp,
}

type Shared = Arc<Mutex<Service>>;

fn id_at(at: Timestamp, n: u64) -> u64 {
    (u64::try_from(at.millis() - 1_288_834_974_657).unwrap() << 22) + n
}

impl Service {
    fn write(&mut self, at: Timestamp) {
        let n = self.posts.len() as u64;
        self.posts.push(Written { id: id_at(at, n), at, gone: false });
    }

    fn answer(&mut self, path: &str, arguments: &BTreeMap<String, String>) -> Response {
        *self.calls.entry(path.to_owned()).or_default() += 1;
        assert!(!arguments.contains_key("expansions"));
        if self.now < self.busy_until {
            let reset = [("x-rate-limit-reset", self.busy_until.seconds().to_string())];
            let body = json!({"title": "Too Many Requests", "status": 429}).to_string();
            return (StatusCode::TOO_MANY_REQUESTS, reset, body).into_response();
        }
        let broken = self.now < self.broken_until;
        let body = match path {
            "/2/tweets/counts/recent" => self.count(arguments),
            "/2/tweets/search/recent" => self.search(arguments),
            "/2/tweets" => self.look(arguments),
            other => panic!("{other}"),
        };
        if broken {
            // It takes its money and gives nothing.
            return StatusCode::BAD_GATEWAY.into_response();
        }
        body.to_string().into_response()
    }

    fn count(&mut self, arguments: &BTreeMap<String, String>) -> Value {
        self.till += 5_000;
        assert_eq!(arguments["granularity"], "minute");
        let since = at(&arguments["start_time"]);
        let mut minutes = BTreeMap::<Timestamp, u32>::new();
        for post in self.posts.iter().filter(|p| p.at >= since && p.at <= self.now) {
            *minutes.entry(post.at.floor(Span::minutes(1))).or_default() += 1;
        }
        let bar = |(at, n): (&Timestamp, &u32)| json!({"start": at.rfc3339(Zone::UTC), "tweet_count": n});
        json!({"data": minutes.iter().map(bar).collect::<Vec<_>>(), "meta": {}})
    }

    fn search(&mut self, arguments: &BTreeMap<String, String>) -> Value {
        self.searched.push(self.now);
        assert_eq!(arguments["query"], "青空テレコム lang:ja -is:retweet");
        let since = arguments.get("since_id").map_or(0, |id| id.parse().unwrap());
        let from: usize = arguments.get("next_token").map_or(0, |token| token.parse().unwrap());
        let most: usize = arguments["max_results"].parse().unwrap();
        let seen = |p: &&Written| p.id > since && p.at <= self.now && !p.gone;
        let mut found: Vec<Written> = self.posts.iter().filter(seen).cloned().collect();
        found.sort_by_key(|post| std::cmp::Reverse(post.id));
        let page: Vec<Written> = found.iter().skip(from).take(most).cloned().collect();
        let data = self.sell(&page);
        let mut meta = json!({"result_count": page.len()});
        if from + page.len() < found.len() {
            meta["next_token"] = json!((from + page.len()).to_string());
        }
        if page.is_empty() { json!({"meta": meta}) } else { json!({"data": data, "meta": meta}) }
    }

    fn look(&mut self, arguments: &BTreeMap<String, String>) -> Value {
        let ids: Vec<u64> = arguments["ids"].split(',').map(|id| id.parse().unwrap()).collect();
        assert!(ids.len() <= 100);
        let (gone, there): (Vec<_>, Vec<_>) =
            self.posts.iter().filter(|p| ids.contains(&p.id)).cloned().partition(|p| p.gone);
        let kind = "https://api.twitter.com/2/problems/resource-not-found";
        let error = |p: &Written| json!({"resource_id": p.id.to_string(), "type": kind});
        let errors: Vec<Value> = gone.iter().map(error).collect();
        json!({"data": self.sell(&there), "errors": errors})
    }

    /// A post is paid for once in a day.
    fn sell(&mut self, posts: &[Written]) -> Vec<Value> {
        let day = self.now.floor(Span::days(1)).millis();
        for post in posts {
            if self.paid.insert((day, post.id)) {
                self.till += 5_000;
            }
        }
        let shown = |p: &Written| {
            json!({
                "id": p.id.to_string(), "text": format!("青空テレコムの回線がまた落ちた。{}回目", p.id % 1_000_003),
                "created_at": p.at.rfc3339(Zone::UTC), "author_id": (p.id % 977).to_string(),
                "edit_history_tweet_ids": [p.id.to_string()], "public_metrics": {"impression_count": 10}
            })
        };
        posts.iter().map(shown).collect()
    }
}

async fn serve(State(service): State<Shared>, uri: Uri) -> Response {
    service.lock().unwrap().answer(uri.path(), &arguments(&uri))
}

fn source(host: &str, usd: f64) -> Arc<dyn Source> {
    let basics = SourceBasics {
        name: SourceName("x".into()),
        source_type: SourceType::Post,
        channel: Channel::Sns,
        poll_every: None,
    };
    let fields = Fields::default()
        .with("query", Field::Text("青空テレコム".into()))
        .with("token", Field::Secret(Secret::new("token")))
        .with("monthly_usd", Field::Amount(usd));
    Arc::new(XSource::new(basics, &fields).at(host))
}

const MORNING: &str = "2026-11-10T00:00:00Z";

/// A post every forty minutes, from the day before on, and from nine in the evening a storm of two hours.
fn world_of_a_day() -> Shared {
    let mut service = Service::default();
    let morning = at(MORNING);
    (-36..72).for_each(|n| service.write(morning + Span::minutes(40 * n)));
    let storm = morning + Span::hours(12);
    (0..240).for_each(|n| service.write(storm + Span::seconds(30 * n)));
    Arc::new(Mutex::new(service))
}

#[tokio::test]
async fn a_day_of_x_stays_within_its_money_and_misses_no_storm() {
    let service = world_of_a_day();
    let router = Router::new().fallback(serve).with_state(Arc::clone(&service));
    let (morning, storm) = (at(MORNING), at(MORNING) + Span::hours(12));
    let world = World::new(router, morning).await;
    let source = source(&world.host, 60.0);
    let tick = |now| service.lock().unwrap().now = now;
    let state = world.live(&source, morning, storm, tick).await;
    let quiet = {
        let service = service.lock().unwrap();
        // One count in a quarter of an hour, or a little later; a sample an hour at most.
        let counts = service.calls["/2/tweets/counts/recent"];
        assert!((40..=48).contains(&counts), "{:?}", service.calls);
        assert!((3..=12).contains(&service.searched.len()), "{:?}", service.calls);
        service.till
    };
    assert!(quiet < 700_000, "half a quiet day took {quiet}");
    assert_eq!(state.errors, 0);

    let state = world.live(&source, storm, morning + Span::hours(22), tick).await;
    {
        let service = service.lock().unwrap();
        let first = service.searched.iter().find(|at| **at >= storm).unwrap();
        assert!(*first - storm < Span::minutes(32), "{}", (*first - storm).ja());
        let meter = state.meter.unwrap();
        assert_eq!(meter.unit, MeterUnit::Usd);
        // Our book and their till agree to the cent, and a day takes a quarter of the month at most.
        let ours = meter.used * 1e6;
        assert!(ours >= service.till as f64 && ours - (service.till as f64) < 10_000.0, "{ours} {}", service.till);
        assert!(service.till <= 15_000_000 + 700_000, "{}", service.till);
        // A service that counts every question sees none too many.
        assert!(service.calls.values().sum::<u32>() < 150, "{:?}", service.calls);
    }
    let seen = world.number("select count(*) from post where source = 'x'").await;
    assert!(seen > 200, "{seen} of 240 posts of the storm");
    let curve = world.number("select cast(sum(value) as bigint) from observed where series = 'posts'").await;
    assert!(curve >= 240, "{curve}");

    // The next day some have thought better of it.
    let gone = {
        let mut service = service.lock().unwrap();
        let known: Vec<u64> = service.paid.iter().map(|(_, id)| *id).collect();
        let chosen: Vec<u64> = known.into_iter().take(5).collect();
        service.posts.iter_mut().filter(|p| chosen.contains(&p.id)).for_each(|p| p.gone = true);
        i64::try_from(chosen.len()).unwrap()
    };
    let later = morning + Span::hours(26);
    world.live(&source, morning + Span::hours(24), later, tick).await;
    assert_eq!(world.number("select count(*) from post where withdrawn_at is not null and body = ''").await, gone);
}

#[tokio::test]
async fn what_a_lost_visit_cost_is_not_forgotten_with_it() {
    let service = world_of_a_day();
    let router = Router::new().fallback(serve).with_state(Arc::clone(&service));
    let morning = at(MORNING);
    let world = World::new(router, morning).await;
    let source = source(&world.host, 1.0);
    // Whoever could not store a page goes on from what it remembered before: again and again from the beginning.
    let stale = SourceState::new(source.basics().name.clone(), morning);
    let pipeline = world.app().pipeline();
    for n in 0..400 {
        let now = morning + Span::minutes(20 * n);
        service.lock().unwrap().now = now;
        pipeline.poll_once(&source, &stale, &world.fetch, &world.params, now).await.unwrap();
    }
    let till = service.lock().unwrap().till;
    assert!(till <= 1_000_000, "{till}");
    let stored = pipeline.store().source_state(&stale.source).await.unwrap().unwrap();
    assert!(stored.meter.unwrap().used * 1e6 >= till as f64);
}

#[tokio::test]
async fn a_service_that_breaks_and_refuses_never_costs_more_than_was_allowed() {
    let service = world_of_a_day();
    let router = Router::new().fallback(serve).with_state(Arc::clone(&service));
    let morning = at(MORNING);
    let mut world = World::new(router, morning).await;
    // Two dollars a month: hardly a page a day.
    let source = source(&world.host, 2.0);
    let tick = |now| service.lock().unwrap().now = now;
    let broken = morning + Span::hours(13);
    world.live(&source, morning, broken, tick).await;
    service.lock().unwrap().broken_until = broken + Span::hours(6);
    world.live(&source, broken, broken + Span::hours(6), tick).await;
    world.restart(broken).await;
    let busy = broken + Span::hours(8);
    service.lock().unwrap().busy_until = busy + Span::hours(3);
    tick(busy);
    let mut state = world.visit(&source, busy).await;
    for _ in 0..3 {
        if state.last_error.as_deref().is_some_and(|why| why.contains("429")) {
            break;
        }
        tick(state.next_due_at);
        state = world.visit(&source, state.next_due_at).await;
    }
    assert!(state.last_error.as_deref().unwrap().contains("429"), "{state:?}");
    assert!(state.next_due_at >= busy + Span::hours(3), "{}", state.next_due_at.short(Zone::UTC));
    let end = at("2026-11-11T12:00:00Z");
    let state = world.live(&source, state.next_due_at, end, tick).await;
    let till = service.lock().unwrap().till;
    assert!(till <= 2_000_000, "{till}");
    assert!(state.meter.unwrap().used * 1e6 >= till as f64);
    // At the turn of the month there is money again.
    let before = till;
    world.live(&source, at("2026-12-01T00:10:00Z"), at("2026-12-01T06:00:00Z"), tick).await;
    let till = service.lock().unwrap().till;
    assert!(till > before && till - before <= 2_000_000, "{before} {till}");
}
