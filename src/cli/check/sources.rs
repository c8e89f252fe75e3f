//! The legs outside: every source, asked once.

use std::{collections::BTreeMap, sync::Arc};

use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
    time::{Instant, sleep, timeout_at},
};

use super::{
    WITHIN, cure,
    report::{Leg, Mark, say},
};
use crate::{
    collect::{
        fetch::{Fetch, FetchError, HttpFetch},
        kind::Built,
        poll,
        robots::{self, Word},
        source::{Next, Page, Place, Question, Request, Response, Robots, Source, SourceError},
        sources::{self, SourceParams, feed},
    },
    config::{Lang, Need, Settings},
    model::{
        limits,
        source::{MeterUnit, SourceState},
        time::{Span, Timestamp, Zone},
    },
};

/// A feed that has said nothing for so long may have been given up.
const OLD: Span = Span::days(60);

/// What every visit needs.
struct Visitor {
    fetch: Result<HttpFetch, String>,
    settings: Settings,
    now: Timestamp,
    lang: Lang,
    doors: Semaphore,
}

pub(super) async fn legs(settings: &Settings, offline: bool, now: Timestamp, lang: Lang) -> Vec<Leg> {
    let n = settings.sources.len();
    let mut legs = vec![summary(settings, offline, lang)];
    if !offline && n > 0 {
        legs.extend(visits(settings, now, lang).await);
    }
    if !settings.collect.user_agent.contains("(+") && n > 0 {
        let text = say(
            lang,
            "[collect] contact がありません — 相手の管理者が連絡できるようにしてください",
            "no [collect] contact — let the owners of the servers reach you",
        );
        legs.push(Leg::new("contact", lang, Mark::Look, text));
    }
    if settings.sources.iter().any(|source| source.kind.word == "x") {
        return legs;
    }
    let x = say(
        lang,
        "X（旧Twitter） 未接続（多くの炎上はXから始まります）",
        "X (formerly Twitter) is not connected; many fires start there",
    );
    legs.push(Leg::new("x", lang, Mark::Off, x));
    legs
}

fn summary(settings: &Settings, offline: bool, lang: Lang) -> Leg {
    if settings.missing_to_run().contains(&Need::Source) {
        let text = say(lang, "ありません — [[source]] を1つ以上書いてください", "none — write at least one [[source]]");
        return Leg::new("sources", lang, Mark::Bad, text);
    }
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for source in &settings.sources {
        *kinds.entry(source.basics.source_type.as_str()).or_default() += 1;
    }
    let list = kinds.iter().map(|(kind, n)| format!("{kind} {n}")).collect::<Vec<_>>().join(" / ");
    let n = settings.sources.len();
    let text = say(lang, format!("{n}件（{list}）"), format!("{n} ({list})"));
    if offline {
        return Leg::new("sources", lang, Mark::Off, text + &say(lang, "  訪ねていません", "  not visited"));
    }
    Leg::new("sources", lang, Mark::Good, text)
}

/// One leg for each source, in the order of the file. Sources of one host wait for each other, as in `run`.
async fn visits(settings: &Settings, now: Timestamp, lang: Lang) -> Vec<Leg> {
    let deadline = Instant::now() + WITHIN;
    let mut hosts: BTreeMap<Option<String>, Vec<usize>> = BTreeMap::new();
    for (i, params) in settings.sources.iter().enumerate() {
        let host = match sources::build(params, &settings.collect) {
            Built::Polled(source) => {
                poll::host(source.as_ref(), &SourceState::new(params.basics.name.clone(), now), now)
            }
            Built::Streamed(_) => None,
        };
        hosts.entry(host).or_default().push(i);
    }
    let visitor = Arc::new(Visitor {
        fetch: HttpFetch::new(&settings.collect).map_err(|e| e.to_string()),
        settings: settings.clone(),
        now,
        lang,
        doors: Semaphore::new(limits::FETCHES),
    });
    let (tell, mut told) = mpsc::unbounded_channel();
    // Dropped at the end, and with it every visit that is still under way.
    let mut rounds = JoinSet::new();
    for (host, members) in hosts {
        let (visitor, tell) = (Arc::clone(&visitor), tell.clone());
        rounds.spawn(async move {
            for (nth, i) in members.into_iter().enumerate() {
                if nth > 0 && host.is_some() {
                    sleep(visitor.settings.collect.host_spacing.to_std()).await;
                }
                let Some(params) = visitor.settings.sources.get(i) else { return };
                let _door = visitor.doors.acquire().await;
                if tell.send((i, visitor.visit(params).await)).is_err() {
                    return;
                }
            }
        });
    }
    drop(tell);
    let mut legs: Vec<Option<Leg>> = settings.sources.iter().map(|_| None).collect();
    while let Ok(Some((i, leg))) = timeout_at(deadline, told.recv()).await {
        if let Some(place) = legs.get_mut(i) {
            *place = Some(leg);
        }
    }
    let late = |params: &SourceParams| {
        let text = say(lang, "時間までに確かめられませんでした", "could not be asked in time");
        let cure = say(
            lang,
            "同じサーバーの情報源が多いと、間をあけて訪ねるので1分に収まりません。run では順に訪ねます",
            "many sources of one server are visited one after the other and do not fit into a minute; run has the time",
        );
        Leg::new("source", lang, Mark::Look, text).about(&params.basics.name.0).cured_by(cure)
    };
    legs.into_iter().zip(&settings.sources).map(|(leg, params)| leg.unwrap_or_else(|| late(params))).collect()
}

impl Visitor {
    async fn visit(&self, params: &SourceParams) -> Leg {
        let leg = match sources::build(params, &self.settings.collect) {
            Built::Polled(source) => self.ask(source.as_ref()).await,
            Built::Streamed(_) => {
                let text = say(self.lang, "常時接続です。run がつなぎます", "a stream; run connects to it");
                Leg::new("source", self.lang, Mark::Off, text)
            }
        };
        leg.about(&params.basics.name.0)
    }

    async fn ask(&self, source: &dyn Source) -> Leg {
        let lang = self.lang;
        let bad = |text: String| Leg::new("source", lang, Mark::Bad, text);
        let fetch = match &self.fetch {
            Ok(fetch) => fetch,
            Err(why) => return bad(why.clone()),
        };
        let state = SourceState::new(source.basics().name.clone(), self.now);
        if source.reserve(&state, self.now).is_some_and(|r| r.meter.unit == MeterUnit::Usd) {
            let text = say(lang, "有料のため訪ねていません", "not visited: every question costs money");
            return Leg::new("source", lang, Mark::Off, text);
        }
        let request = match source.request(&state, self.now) {
            Question::Ask(request) => request,
            Question::Wait(_) => return Leg::new("source", lang, Mark::Good, ""),
            Question::Blind(why) => return bad(why.to_string()),
        };
        let closed = match robots::of(&request).filter(|_| request.robots == Robots::Obeyed) {
            Some(place) => {
                let known = robots::read(&fetch.fetch(&Request::bare(&place)).await);
                match robots::word(&known, &request) {
                    Word::Go(_) => None,
                    Word::Stay(why) => Some(why),
                }
            }
            None => None,
        };
        let answer = match closed {
            Some(why) => Err(why),
            None => fetch.fetch(&request).await,
        };
        match (answer, &request.place) {
            (Ok(response), _) => match source.read(&response, &state, self.now) {
                Ok(page) => self.read(&page, &response),
                Err(error) => self.unreadable(&error, &response),
            },
            (Err(error), Place::Web(url)) => {
                let (cure, passing) = cure::source(&error, url, lang);
                let mark = if passing { Mark::Look } else { Mark::Bad };
                Leg::new("source", lang, mark, cure::happened(&error, lang)).cured_by(cure)
            }
            (Err(error), Place::File { .. }) => {
                // The fetcher speaks of connections; a file has none.
                let why = match error {
                    FetchError::Transport(why) => why,
                    other => other.to_string(),
                };
                bad(say(lang, format!("読めません（{why}）"), format!("cannot be read ({why})"))).cured_by(say(
                    lang,
                    "path を確かめ、hinomi を動かすユーザーが読めるようにしてください",
                    "look at path, and let the user who runs hinomi read it",
                ))
            }
        }
    }

    fn read(&self, page: &Page, response: &Response) -> Leg {
        let (lang, zone) = (self.lang, self.settings.zone);
        let newest = page.posts.iter().filter_map(|p| p.published_at).max();
        let n = page.posts.len();
        let leg = |mark| Leg::new("source", lang, mark, counted(n, newest, zone, lang));
        if let Some(new) = &response.moved_to {
            return leg(Mark::Look).cured_by(say(
                lang,
                format!("移転しました。url = \"{new}\" に"),
                format!("it has moved; write url = \"{new}\""),
            ));
        }
        if n == 0 && page.next == Next::AtOnce {
            let text = say(
                lang,
                "見つかりました。run が読み方を探します",
                "it is there; run looks for the best way to read it",
            );
            return Leg::new("source", lang, Mark::Good, text);
        }
        if page.skipped > 0 {
            let k = page.skipped;
            return leg(Mark::Look).cured_by(say(
                lang,
                format!("読めない項目が {k}件あります。hinomi feed で確かめられます"),
                format!("{k} entries cannot be read; hinomi feed shows what can"),
            ));
        }
        match newest {
            // It answers in steps, and what it brings comes with the next.
            _ if n == 0 && page.meter.is_some() => {
                Leg::new("source", lang, Mark::Good, say(lang, "応答あり", "it answers"))
            }
            _ if n == 0 => leg(Mark::Look).cured_by(say(
                lang,
                "項目がありません。フィードの場所が合っているか確かめてください",
                "it is empty; is it the right feed?",
            )),
            Some(at) if at < self.now - OLD => leg(Mark::Look).cured_by(say(
                lang,
                "長く更新されていません。続いている情報源か確かめてください",
                "nothing new for a long time; is it still alive?",
            )),
            _ => leg(Mark::Good),
        }
    }

    fn unreadable(&self, error: &SourceError, response: &Response) -> Leg {
        let lang = self.lang;
        let document = feed::Document {
            body: &response.body,
            content_type: response.content_type.as_deref(),
            url: Some(&response.final_url),
            zone: self.settings.zone,
        };
        let text = match error {
            SourceError::Malformed(_) => error.to_string(),
            SourceError::WebPage => {
                say(lang, "フィードではなく、ふつうのページ（HTML）です", "a web page (HTML), not a feed")
            }
            SourceError::NoEntries => {
                let text = say(lang, "ページのどこがお知らせか分かりません", "no entries can be made out on the page");
                return Leg::new("source", lang, Mark::Bad, text).cured_by(say(
                    lang,
                    "selector に、お知らせの1件を指す CSS セレクターを書いてください（例: \"main ul.news > li\"）",
                    "name them with selector, such as \"main ul.news > li\"",
                ));
            }
            other => return Leg::new("source", lang, Mark::Bad, other.to_string()),
        };
        let feeds = feed::advertised(&document);
        let cure = match feeds.first() {
            Some(first) => say(
                lang,
                format!("このページのフィードは url = \"{first}\" です"),
                format!("its feed is url = \"{first}\""),
            ),
            None => say(
                lang,
                "ブラウザーでフィード（RSS）の場所を探し、url に書いてください",
                "look for its feed (RSS) in a browser and write that into url",
            ),
        };
        Leg::new("source", lang, Mark::Bad, text).cured_by(cure)
    }
}

fn counted(n: usize, newest: Option<Timestamp>, zone: Zone, lang: Lang) -> String {
    match newest {
        Some(at) => {
            say(lang, format!("{n}件  最新 {}", at.long(zone)), format!("{n} entries, newest {}", at.long(zone)))
        }
        None => say(lang, format!("{n}件  日時なし"), format!("{n} entries, no dates")),
    }
}
