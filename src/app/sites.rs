//! What the sites we visit ask of programs, remembered for a day.
//!
//! Asks nobody itself: it says what is to be asked, the visiting loop asks within the pace of the host, and tells the
//! answer back.
//!
//! # Invariants
//! A page is never visited on an answer older than [`KEPT`]; a feed never waits for an answer that does not come.

use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::{
    collect::{
        fetch::{Fetch, FetchError},
        robots::{self, Rules, Word},
        source::{Request, Response},
    },
    model::time::{Span, Timestamp},
};

/// How long an answer counts.
const FRESH: Span = Span::days(1);
/// How soon a site that gave none is asked again, at the earliest.
const AGAIN: Span = Span::minutes(10);
/// How long an old answer stands in for one that does not come.
const KEPT: Span = Span::days(7);

/// What is known of all sites, by the address of their `robots.txt`.
#[derive(Debug, Default)]
pub(super) struct Sites(BTreeMap<String, Site>);

#[derive(Debug)]
struct Site {
    answer: Result<Rules, FetchError>,
    /// When the rules were read.
    at: Timestamp,
    /// Until when nobody asks again.
    until: Timestamp,
}

/// What is to be done about a question.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Advice {
    /// Ask it; the next at that host after this, at the earliest.
    Go(Span),
    /// Ask for this first.
    AskFirst(String),
    /// Do not ask it.
    Stay(FetchError),
}

impl Sites {
    pub(super) fn advice(&self, request: &Request, now: Timestamp) -> Advice {
        let Some(place) = robots::of(request) else { return Advice::Go(Span::ZERO) };
        match self.0.get(&place).filter(|site| site.until > now) {
            None => Advice::AskFirst(place),
            Some(site) => match robots::word(&site.answer, request) {
                Word::Go(pause) => Advice::Go(pause),
                Word::Stay(why) => Advice::Stay(why),
            },
        }
    }

    pub(super) fn learn(&mut self, place: String, answer: &Result<Response, FetchError>, now: Timestamp) {
        // What nobody has asked for in so long is no site of ours any more.
        self.0.retain(|_, site| now - site.at < KEPT);
        let answer = robots::read(answer);
        match (answer, self.0.get_mut(&place)) {
            (Err(_), Some(known)) if known.answer.is_ok() => known.until = now + AGAIN,
            (answer, _) => {
                let until = now + if answer.is_ok() { FRESH } else { AGAIN };
                self.0.insert(place, Site { answer, at: now, until });
            }
        }
    }
}

/// A road on which nobody goes: a visit that must not be made is written down like one that failed.
pub(super) struct Closed(pub FetchError);

#[async_trait]
impl Fetch for Closed {
    async fn fetch(&self, _: &Request) -> Result<Response, FetchError> {
        Err(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{post::SourceName, source::SourceState};

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
    const ROBOTS: &str = "https://www.example.jp/robots.txt";

    fn page() -> Request {
        Request::page("https://www.example.jp/news/", &SourceState::new(SourceName("s".into()), NOW))
    }

    fn says(text: &str) -> Response {
        Response { status: 200, body: text.into(), ..Response::default() }
    }

    #[test]
    fn a_site_is_asked_once_a_day_and_its_word_counts_until_then() {
        let mut sites = Sites::default();
        assert_eq!(sites.advice(&page(), NOW), Advice::AskFirst(ROBOTS.into()));
        sites.learn(ROBOTS.into(), &Ok(says("User-agent: *\nCrawl-delay: 7\n")), NOW);
        assert_eq!(sites.advice(&page(), NOW + Span::hours(23)), Advice::Go(Span::seconds(7)));
        assert_eq!(sites.advice(&page(), NOW + Span::days(1)), Advice::AskFirst(ROBOTS.into()));
        sites.learn(ROBOTS.into(), &Ok(says("User-agent: *\nDisallow: /news/\n")), NOW + Span::days(1));
        assert_eq!(sites.advice(&page(), NOW + Span::days(1)), Advice::Stay(FetchError::Robots));
    }

    #[test]
    fn an_old_word_stands_in_for_one_that_does_not_come_and_not_for_ever() {
        let mut sites = Sites::default();
        sites.learn(ROBOTS.into(), &Err(FetchError::Timeout), NOW);
        let unread = Advice::Stay(FetchError::RobotsUnread("no answer in time".into()));
        assert_eq!(sites.advice(&page(), NOW + Span::minutes(9)), unread);
        assert_eq!(sites.advice(&page(), NOW + Span::minutes(10)), Advice::AskFirst(ROBOTS.into()));
        sites.learn(ROBOTS.into(), &Ok(says("")), NOW);
        let late = NOW + Span::days(2);
        sites.learn(ROBOTS.into(), &Err(FetchError::Timeout), late);
        assert_eq!(sites.advice(&page(), late), Advice::Go(Span::ZERO));
        assert_eq!(sites.advice(&page(), late + AGAIN), Advice::AskFirst(ROBOTS.into()));
        let too_late = NOW + Span::days(7);
        sites.learn(ROBOTS.into(), &Err(FetchError::Timeout), too_late);
        assert_eq!(sites.advice(&page(), too_late), unread);
    }
}
