//! YouTube for a day in California: searches spread evenly, views that grow, comments, videos that go, a quota that is
//! smaller than was said.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use hinomi::{
    collect::{
        SourceBasics, budget,
        kind::{Field, Fields},
        source::Source,
        sources::youtube::YoutubeSource,
    },
    model::{
        post::{Channel, SourceName, SourceType},
        secret::Secret,
        time::{Span, Timestamp, Zone},
    },
};
use serde_json::{Value, json};

use super::{World, arguments, at};

struct Video {
    id: String,
    at: Timestamp,
    title: &'static str,
    gone: bool,
    mute: bool,
}

#[derive(Default)]
struct Service {
    now: Timestamp,
    videos: Vec<Video>,
    calls: BTreeMap<String, u32>,
    searched: Vec<Timestamp>,
    /// Searches a day that it grants, whatever it says elsewhere.
    granted: usize,
    mute_asked: u32,
}

type Shared = Arc<Mutex<Service>>;

fn refused(status: StatusCode, reason: &str) -> Response {
    let body = json!({"error": {"code": status.as_u16(), "message": reason, "errors": [{"reason": reason}]}});
    (status, body.to_string()).into_response()
}

impl Service {
    fn answer(&mut self, path: &str, arguments: &BTreeMap<String, String>) -> Response {
        *self.calls.entry(path.to_owned()).or_default() += 1;
        assert!(!arguments.contains_key("key"));
        match path {
            "/youtube/v3/search" => {
                self.searched.push(self.now);
                if self.searched.len() > self.granted {
                    return refused(StatusCode::FORBIDDEN, "quotaExceeded");
                }
                let after = at(&arguments["publishedAfter"]);
                let seen = |v: &&Video| v.at >= after && v.at <= self.now && !v.gone;
                let item = |v: &Video| {
                    json!({"id": {"kind": "youtube#video", "videoId": v.id},
                           "snippet": {"publishedAt": v.at.rfc3339(Zone::UTC), "title": v.title}})
                };
                let items: Vec<Value> = self.videos.iter().filter(seen).take(50).map(item).collect();
                json!({"items": items, "nextPageToken": "CDIQAA"}).to_string().into_response()
            }
            "/youtube/v3/videos" => {
                let ids: Vec<&str> = arguments["id"].split(',').collect();
                assert!(ids.len() <= 50);
                let item = |v: &Video| {
                    // A thousand an hour, and two comments.
                    let minutes = (self.now - v.at).as_minutes();
                    json!({"id": v.id, "snippet": {"publishedAt": v.at.rfc3339(Zone::UTC), "title": v.title,
                           "description": "", "channelTitle": "道具箱"},
                           "statistics": {"viewCount": (minutes * 17).to_string(), "commentCount": (minutes / 30).to_string()}})
                };
                let there = self.videos.iter().filter(|v| ids.contains(&v.id.as_str()) && !v.gone);
                json!({"items": there.map(item).collect::<Vec<_>>()}).to_string().into_response()
            }
            "/youtube/v3/commentThreads" => {
                let video = self.videos.iter().find(|v| v.id == arguments["videoId"]).unwrap();
                if video.mute {
                    self.mute_asked += 1;
                    return refused(StatusCode::FORBIDDEN, "commentsDisabled");
                }
                let all = (self.now - video.at).as_minutes() / 30;
                let thread = |n: i64| {
                    let at = (video.at + Span::minutes(n * 30)).rfc3339(Zone::UTC);
                    json!({"snippet": {"topLevelComment": {"id": format!("Ug{n}"), "snippet": {
                        "textOriginal": format!("青空テレコムは{n}回目も電話に出ない"), "authorDisplayName": format!("@u{n}"),
                        "publishedAt": at}}}})
                };
                let newest: Vec<Value> = (0..=all).rev().take(100).map(thread).collect();
                json!({"items": newest, "nextPageToken": "more"}).to_string().into_response()
            }
            other => panic!("{other}"),
        }
    }
}

async fn serve(State(service): State<Shared>, uri: Uri, headers: HeaderMap) -> Response {
    assert_eq!(headers["x-goog-api-key"], "the-key");
    service.lock().unwrap().answer(uri.path(), &arguments(&uri))
}

fn source(host: &str) -> Arc<dyn Source> {
    let basics = SourceBasics {
        name: SourceName("yt".into()),
        source_type: SourceType::Video,
        channel: Channel::Video,
        poll_every: None,
    };
    let fields = Fields::default()
        .with("words", Field::Texts(vec!["青空テレコム".into()]))
        .with("key", Field::Secret(Secret::new("the-key")));
    Arc::new(YoutubeSource::new(basics, &fields).at(host))
}

fn video(n: usize, at: Timestamp, title: &'static str) -> Video {
    Video { id: format!("Video{n:06}"), at, title, gone: false, mute: false }
}

/// Twelve videos through the day; every third names the company.
fn service_of_a_day(start: Timestamp, granted: usize) -> Shared {
    let title = |n: usize| {
        if n.is_multiple_of(3) { "青空テレコムの回線がまた落ちた件" } else { "今日の晩ごはん" }
    };
    let later = |n: usize| start + Span::minutes(100).times(i64::try_from(n).unwrap());
    let mut videos: Vec<Video> = (0..12).map(|n| video(n, later(n), title(n))).collect();
    videos[3].mute = true;
    Arc::new(Mutex::new(Service { videos, granted, ..Service::default() }))
}

#[tokio::test]
async fn a_day_of_youtube_is_searched_evenly_and_views_and_comments_grow() {
    let (start, end) = budget::pacific_day(at("2026-11-10T12:00:00Z"));
    let service = service_of_a_day(start, usize::MAX);
    let router = Router::new().fallback(serve).with_state(Arc::clone(&service));
    let world = World::new(router, start).await;
    let source = source(&world.host);
    let tick = |now| service.lock().unwrap().now = now;
    let noon = start + Span::hours(12);
    world.live(&source, start, noon, tick).await;
    let half = service.lock().unwrap().searched.len();
    service.lock().unwrap().videos[6].gone = true;
    let state = world.live(&source, noon, end, tick).await;
    {
        let service = service.lock().unwrap();
        let all = service.searched.len();
        // A tenth of the hundred is kept back, and the jitter of our visits takes a few.
        assert!((70..=90).contains(&all), "{:?}", service.calls);
        assert!(half.abs_diff(all - half) <= 12, "{half} of {all} before noon");
        let widest = service.searched.windows(2).map(|w| w[1] - w[0]).max().unwrap();
        assert!(widest <= Span::minutes(40), "{}", widest.ja());
        let units: u32 = service.calls.iter().filter(|(path, _)| !path.ends_with("search")).map(|(_, n)| n).sum();
        assert!((50..2_000).contains(&units), "{:?}", service.calls);
        assert_eq!(service.mute_asked, 1);
        assert_eq!(state.meter.unwrap().used.to_string(), all.to_string());
    }
    assert_eq!(state.errors, 0, "{state:?}");
    assert_eq!(world.number("select count(*) from post where source_type = 'video'").await, 4);
    assert!(world.number("select count(*) from mention where fate = 'snapshot'").await > 30);
    assert!(world.number("select count(*) from post where source_type = 'comment'").await > 40);
    assert_eq!(
        world.number("select count(*) from post where source_type = 'video' and withdrawn_at is not null").await,
        1
    );
    let left = "select count(*) from post where external_id like 'Video000006/%' and body <> ''";
    assert_eq!(world.number(left).await, 0);
}

#[tokio::test]
async fn a_quota_smaller_than_was_said_is_told_and_waited_for() {
    let (start, end) = budget::pacific_day(at("2026-11-10T12:00:00Z"));
    let service = service_of_a_day(start, 20);
    let router = Router::new().fallback(serve).with_state(Arc::clone(&service));
    let world = World::new(router, start).await;
    let source = source(&world.host);
    let tick = |now| service.lock().unwrap().now = now;
    let state = world.live(&source, start, start + Span::hours(8), tick).await;
    assert_eq!(service.lock().unwrap().searched.len(), 21, "asked on after it was refused");
    let meter = state.meter.unwrap();
    assert_eq!((meter.used.to_string(), meter.resets_at), ("100".into(), end));
    // What is known is still looked at; and the next day begins anew.
    service.lock().unwrap().granted = usize::MAX;
    world.live(&source, end + Span::minutes(1), end + Span::hours(1), tick).await;
    assert!(service.lock().unwrap().searched.len() > 22);
}
