//! A line that is dead for six hours, in accelerated time: one notice, every post in its own hour, and neither a storm
//! from what is caught up on nor a calm from what was not seen.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use hinomi::{
    alert::{sighting::Sighting, trouble::Trouble},
    app::{
        emergency::Emergency,
        service::{App, Ports},
    },
    clock::{Clock, ManualClock},
    collect::{
        CollectParams, SourceBasics,
        fetch::{Fetch, FetchError},
        source::{Place, Request, Response, Source},
        sources::{self, SourceParams},
    },
    model::{
        incident::{EventKind, IncidentEvent},
        post::{Channel, SourceName, SourceType},
        source::{SourceState, SourceStatus},
        time::{Span, Timestamp, Zone},
    },
};

use crate::harness::owing;

const WATCHLIST: &str =
    "[[company]]\nname = \"青空テレコム\"\naliases = [\"青空テレコム\"]\nrecipients = [\"pr-duty\"]\n";
const FEEDS: usize = 10;
const STEP: Span = Span::minutes(15);

fn start() -> Timestamp {
    Timestamp::parse_rfc3339("2026-02-09T00:00:00+09:00").unwrap()
}

/// The line is dead from here, after three days of ordinary life …
fn gap() -> Timestamp {
    start() + Span::hours(72)
}

/// … to here.
fn back() -> Timestamp {
    gap() + Span::hours(6)
}

/// The longest window of the detectors has almost left it behind.
fn end() -> Timestamp {
    back() + Span::hours(20)
}

struct Item {
    id: usize,
    at: Timestamp,
    text: String,
}

/// What ten feeds publish, whoever looks.
struct Web {
    feeds: Vec<Vec<Item>>,
    /// Entries that a feed shows.
    shown: usize,
    clock: Arc<ManualClock>,
}

/// Numbers that are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % n).unwrap()
    }
}

const PLACES: [&str; 8] = ["仙台", "横浜", "神戸", "博多", "金沢", "静岡", "熊本", "札幌"];
const SIGHS: [&str; 6] =
    ["もう解約する", "本当にひどい", "最悪だ", "がっかりした", "二度と契約しない", "対応がひどすぎる"];

fn complaint(dice: &mut Dice) -> String {
    let (n, place, sigh) = (dice.below(900) + 100, PLACES[dice.below(8)], SIGHS[dice.below(6)]);
    format!("{place}で青空テレコムの回線がまた切れた。サポートに{n}分待たされてつながらない。{sigh}")
}

fn chatter(dice: &mut Dice) -> String {
    let (n, place) = (dice.below(9_000), PLACES[dice.below(8)]);
    format!("{place}の青空テレコムの店の前を通った。整理番号は{n}番だった")
}

impl Web {
    /// Ordinary life: about four posts an hour, one in six of them a complaint.
    fn ordinary(clock: &Arc<ManualClock>) -> Self {
        let (mut feeds, mut dice, mut at) = ((0..FEEDS).map(|_| Vec::new()).collect::<Vec<_>>(), Dice(7), start());
        while at < end() {
            at = at + Span::seconds(60 + i64::try_from(dice.below(1_700)).unwrap());
            let text = if dice.below(6) == 0 { complaint(&mut dice) } else { chatter(&mut dice) };
            let feed = dice.below(FEEDS as u64);
            feeds[feed].push(Item { id: dice.below(1 << 40), at, text });
        }
        Self { feeds, shown: 60, clock: Arc::clone(clock) }
    }

    /// So many complaints within an hour.
    fn burst(&mut self, from: Timestamp, posts: i64) {
        let mut dice = Dice(99);
        for n in 0..posts {
            let feed = &mut self.feeds[dice.below(FEEDS as u64)];
            let at = from + Span::seconds(n * 3_600 / posts);
            feed.push(Item { id: dice.below(1 << 40), at, text: complaint(&mut dice) });
            feed.sort_by_key(|item| item.at);
        }
    }

    /// A feed with so many posts of the day and a half before `until`, one in six of them a complaint.
    fn history(&mut self, feed: usize, posts: i64, until: Timestamp) {
        let mut dice = Dice(5);
        self.shown = usize::try_from(posts).unwrap();
        self.feeds[feed].retain(|item| item.at > until);
        for n in 1..=posts {
            let text = if n % 6 == 0 { complaint(&mut dice) } else { chatter(&mut dice) };
            let at = until - Span::seconds(n * 36 * 3_600 / posts);
            self.feeds[feed].insert(0, Item { id: dice.below(1 << 40), at, text });
        }
    }

    /// Posts by the hour in which they were published.
    fn hours(&self, from: Timestamp, to: Timestamp) -> BTreeMap<Timestamp, i64> {
        let mut hours = BTreeMap::new();
        for item in self.feeds.iter().flatten().filter(|i| i.at >= from && i.at < to) {
            *hours.entry(item.at.floor(Span::hours(1))).or_default() += 1;
        }
        hours
    }
}

#[async_trait]
impl Fetch for Web {
    async fn fetch(&self, request: &Request) -> Result<Response, FetchError> {
        let now = self.clock.now();
        if now >= gap() && now < back() {
            return Err(FetchError::Transport("the network cannot be reached".into()));
        }
        let Place::Web(url) = &request.place else { return Err(FetchError::Timeout) };
        let feed: usize = url.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap();
        let public: Vec<&Item> = self.feeds[feed].iter().rev().filter(|i| i.at <= now).take(self.shown).collect();
        let etag = Some(format!("\"{}\"", public.first().map_or(0, |i| i.id)));
        if request.etag == etag {
            return Ok(Response { status: 304, not_modified: true, etag, ..Response::default() });
        }
        let item = |i: &&Item| {
            format!(
                "<item><guid isPermaLink=\"false\">{0}</guid><author>u{0}@sns.example</author>\
                 <description>{1}</description><dc:date>{2}</dc:date></item>",
                i.id,
                i.text,
                i.at.rfc3339(Zone::JST)
            )
        };
        let items: String = public.iter().map(item).collect();
        let body = format!(
            "<rss version=\"2.0\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><channel><title>t</title>{items}</channel></rss>"
        );
        Ok(Response { status: 200, final_url: url.clone(), etag, body: body.into_bytes(), ..Response::default() })
    }
}

/// Writes down what people are told of the eyes. Mail lies behind the same dead line.
struct Duty {
    clock: Arc<ManualClock>,
    heard: Mutex<Vec<(Timestamp, Sighting)>>,
}

#[async_trait]
impl Emergency for Duty {
    async fn tell(&self, trouble: Trouble, detail: &str, _now: Timestamp) {
        panic!("{trouble:?}: {detail}");
    }

    async fn tell_sighting(&self, sighting: &Sighting, now: Timestamp) -> bool {
        let line = self.clock.now() < gap() || self.clock.now() >= gap() + Span::hours(2);
        if line {
            self.heard.lock().unwrap().push((now, sighting.clone()));
        }
        line
    }
}

/// A Hinomi whose handle is turned here, as its loops would.
struct World {
    _folder: tempfile::TempDir,
    app: App,
    clock: Arc<ManualClock>,
    web: Arc<Web>,
    duty: Arc<Duty>,
    params: CollectParams,
    sources: Vec<Arc<dyn Source>>,
    states: BTreeMap<SourceName, SourceState>,
    events: Vec<IncidentEvent>,
    subjects: Vec<(Timestamp, String)>,
}

impl World {
    async fn new(change: impl FnOnce(&mut Web)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(start()));
        let mut web = Web::ordinary(&clock);
        change(&mut web);
        let web = Arc::new(web);
        let duty = Arc::new(Duty { clock: Arc::clone(&clock), heard: Mutex::default() });
        let collect = CollectParams { poll_every: Span::minutes(30), ..CollectParams::default() };
        let feed = |n: usize| {
            let name = SourceName(format!("声{n}"));
            // A rhythm that a person wrote is kept, so that every hour is known beforehand.
            let poll_every = Some(collect.poll_every);
            let basics = SourceBasics { name, source_type: SourceType::Post, channel: Channel::Sns, poll_every };
            SourceParams::feed(basics, format!("https://feed{n}.example/"))
        };
        let feeds: Vec<SourceParams> = (0..FEEDS).map(feed).collect();
        let sources: Vec<Arc<dyn Source>> =
            feeds.iter().filter_map(|params| sources::build(params, &collect).polled()).collect();
        let mut setup = owing::setup(&folder.path().join("hinomi.db"), WATCHLIST, &["pr@aozora.example"]);
        setup.store = hinomi::store::StoreParams::throwaway(folder.path().join("hinomi.db"));
        (setup.sources, setup.collect) = (feeds, collect.clone());
        let (ports, _sent) = owing::ports(start());
        let ports = Ports {
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            fetch: Arc::clone(&web) as Arc<dyn Fetch>,
            emergency: Some(Arc::clone(&duty) as Arc<dyn Emergency>),
            ..ports
        };
        let app = App::build(setup, ports, None).await.unwrap();
        let states = sources
            .iter()
            .map(|s| (s.basics().name.clone(), SourceState::new(s.basics().name.clone(), start())))
            .collect();
        let (events, subjects) = (Vec::new(), Vec::new());
        Self { _folder: folder, app, clock, web, duty, params: collect, sources, states, events, subjects }
    }

    async fn run(&mut self, until: Timestamp) {
        let pipeline = self.app.pipeline();
        let mut now = self.clock.now();
        while now < until {
            now = now + STEP;
            self.clock.advance_to(now);
            for source in &self.sources {
                let state = self.states.get_mut(&source.basics().name).unwrap();
                if state.next_due_at <= now {
                    let visit = pipeline.poll_once(source, state, self.web.as_ref(), &self.params, now).await;
                    *state = visit.unwrap().state;
                }
            }
            self.events.extend(pipeline.detect_once(now).await.unwrap().events);
            let drafted = pipeline.draft_once(now).await.unwrap();
            self.subjects.extend(drafted.into_iter().map(|(_, subject)| (now, subject)));
            self.app.look_at_sources(now).await.unwrap();
        }
    }

    fn told(&self) -> String {
        let line = |e: &IncidentEvent| format!("{} {:?} {}", e.at.short(Zone::JST), e.kind, e.reason);
        self.events.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// What the database holds of these hours.
    async fn counted(&self, from: Timestamp, to: Timestamp) -> BTreeMap<Timestamp, i64> {
        let question = format!(
            "select hour_epoch, mentions from v_hourly where category = 'all' and hour_epoch >= {} and hour_epoch < {}",
            from.seconds(),
            to.seconds()
        );
        let rows = self.app.pipeline().store().ask(&question).await.unwrap().rows;
        let number = |cell: &serde_json::Value| cell.as_i64().unwrap();
        rows.iter().map(|row| (Timestamp::from_seconds(number(&row[0])), number(&row[1]))).collect()
    }

    /// One notice that the eyes are shut, one that they are open, and nothing else.
    fn check_notices(&self) {
        let heard = self.duty.heard.lock().unwrap();
        let [(shut, Sighting::Blind { since, dark, all }), (open, Sighting::SeesAgain { since: again, until, .. })] =
            &heard[..]
        else {
            panic!("{heard:?}")
        };
        assert_eq!((dark.len(), *all), (FEEDS, FEEDS));
        // No mail leaves for two hours, so the notice is late and not lost.
        assert_eq!(*shut, gap() + Span::hours(2));
        assert!(*since <= gap() && gap() - *since <= Span::minutes(40), "{since:?}");
        assert_eq!(since, again);
        assert!(*until >= back() && *until - back() <= Span::minutes(40) && *open - *until <= Span::minutes(40));
    }
}

#[tokio::test]
async fn six_hours_without_a_line_are_one_notice_and_no_alarm() {
    let mut world = World::new(|_| ()).await;
    world.run(end()).await;
    world.check_notices();
    assert!(world.events.is_empty(), "{}", world.told());
    assert!(world.subjects.is_empty(), "{:?}", world.subjects);

    let (from, to) = (gap() - Span::hours(3), back() + Span::hours(3));
    assert!(world.web.hours(gap(), back()).values().sum::<i64>() > 15, "nothing happened in the gap");
    assert_eq!(world.counted(from, to).await, world.web.hours(from, to));
    let figures = world.app.pipeline().store().source_figures().await.unwrap();
    assert_eq!(figures.len(), FEEDS);
    let mut late = false;
    for f in figures {
        assert_eq!((f.status, f.errors), (SourceStatus::Ok, 0), "{f:?}");
        // The end of the gap is less than a day ago: posts were hours late, and visits failed.
        assert!(f.lag_p50.is_some_and(|lag| lag <= Span::hours(1)) && f.failed_24h > 0, "{f:?}");
        late |= f.lag_p95 >= Some(Span::hours(2));
        assert!(f.not_modified_24h > 0 && f.bytes_24h > 0 && f.saved_bytes_24h > Some(0), "{f:?}");
    }
    assert!(late, "nobody was late");
}

#[tokio::test]
async fn a_source_that_joins_with_five_hundred_old_posts_raises_nothing() {
    let joins = start() + Span::hours(40);
    let mut world = World::new(|web| web.history(FEEDS - 1, 500, joins)).await;
    let name = world.sources.last().unwrap().basics().name.clone();
    world.states.get_mut(&name).unwrap().next_due_at = joins;
    world.run(joins + Span::hours(4)).await;
    assert!(world.events.is_empty(), "{}", world.told());
    let store = world.app.pipeline().store();
    let old = store.ask("select count(*) from v_mentions where source = '声9' and fate = 'warm_up'").await.unwrap();
    assert!(old.rows[0][0].as_i64().unwrap() > 50, "{:?}", old.rows);
    let figures = store.source_figures().await.unwrap();
    let joined = figures.iter().find(|f| f.source == name).unwrap();
    assert!(joined.items_24h < 20 && joined.lag_p95 <= Some(Span::hours(1)), "{joined:?}");
}

#[tokio::test]
async fn a_fire_that_nobody_could_see_is_told_late_and_with_its_own_time() {
    let burst = gap() + Span::hours(2);
    let mut world = World::new(|web| web.burst(burst, 24)).await;
    world.run(end()).await;
    world.check_notices();
    let opened: Vec<&IncidentEvent> = world.events.iter().filter(|e| e.kind == EventKind::Opened).collect();
    assert_eq!(opened.len(), 1, "{}", world.told());
    let incident = &opened[0].incident;
    assert!(opened[0].at >= back() && opened[0].at - back() <= Span::minutes(50), "{}", world.told());
    assert!(incident.last_seen_at >= burst && incident.last_seen_at < back(), "{incident:#?}");
    assert!(incident.counts.peak_hour >= 22 && incident.counts.last_hour == 0, "{incident:#?}");
    assert_eq!(world.counted(gap(), back()).await, world.web.hours(gap(), back()));

    let mails = world.app.pipeline().store().ask("select mime from alert order by id").await.unwrap().rows;
    let mail = mailparse::parse_mail(mails[0][0].as_str().unwrap().as_bytes()).unwrap().subparts[0].get_body().unwrap();
    let told = format!("遅れての通知です。投稿が最も多かったのは{}からの1時間", burst.short(Zone::JST));
    assert!(mail.replace(['\r', '\n'], "").contains(&told), "{mail}");
}
