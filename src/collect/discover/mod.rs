//! From an address that a person has to the feeds behind it: the page's own word first, the usual places only where it
//! says nothing.
//!
//! Not a crawler: at most [`VISITS`] requests, one after the other and spaced, and none after a server has shown that
//! it does not want them.
//!
//! # Invariants
//! Everything goes through the same guarded fetcher as a visit of `run`. Nothing is stored.

mod guess;

use url::Url;

pub use self::guess::{Guess, Reason, guess};
use super::{
    fetch::{Fetch, FetchError},
    source::{Request, Response, SourceError},
    sources::feed::{self, Document, Feed, Offer},
};
use crate::model::{
    post::SourceName,
    source::SourceState,
    time::{Span, Timestamp, Zone},
};

/// Requests for one question, the page itself included.
pub const VISITS: usize = 9;
/// Feeds of a page that are looked into.
const LOOKED_INTO: usize = 5;
/// Where feeds usually are.
const USUAL: [&str; 7] = ["/feed", "/rss", "/index.rdf", "/atom.xml", "/feed.xml", "/rss.xml", "/index.xml"];

/// A feed that was found and read.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The address to be visited from now on.
    pub url: String,
    /// What the page called it.
    pub title: Option<String>,
    /// What is in it now.
    pub feed: Feed,
}

/// Why an address gave no feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// It could not be had.
    Fetch(FetchError),
    /// It is something else.
    Read(SourceError),
}

/// How the feeds were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The address itself is one.
    Itself,
    /// The page names them.
    Named,
    /// The page names none; one lay where they usually lie.
    Usual,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Discovery {
    /// How.
    pub way: Way,
    /// In the order in which they should be proposed.
    pub found: Vec<Found>,
    /// Feeds that a page names and that cannot be read, with the reason.
    pub broken: Vec<(String, Why)>,
    /// Addresses that were tried in vain.
    pub tried: usize,
}

/// Who asks, and how.
pub struct Asker<'a> {
    /// The network.
    pub fetch: &'a dyn Fetch,
    /// Between two requests.
    pub spacing: Span,
    /// Zone of dates that name none.
    pub zone: Zone,
    /// Now; only a state that remembers nothing is made of it.
    pub now: Timestamp,
}

impl Asker<'_> {
    /// Looks for the feeds behind `address`. An error is about the address itself.
    pub async fn discover(&self, address: &str) -> Result<Discovery, Why> {
        let response = self.get(address).await.map_err(Why::Fetch)?;
        let mut discovery = Discovery { way: Way::Itself, found: Vec::new(), broken: Vec::new(), tried: 0 };
        match self.read(&response, address) {
            Ok(feed) => {
                // Where it has moved for good is the better address; the page says so itself.
                let url = response.moved_to.clone().unwrap_or_else(|| address.to_owned());
                discovery.found.push(Found { url, title: None, feed });
                return Ok(discovery);
            }
            Err(SourceError::WebPage) => {}
            Err(other) => return Err(Why::Read(other)),
        }
        let offers = feed::offers(&self.document(&response, address));
        if offers.is_empty() {
            discovery.way = Way::Usual;
            self.usual(page_of(&response, address), &mut discovery).await;
        } else {
            discovery.way = Way::Named;
            self.named(offers, &mut discovery).await;
        }
        Ok(discovery)
    }

    async fn named(&self, offers: Vec<Offer>, discovery: &mut Discovery) {
        for offer in offers.into_iter().take(LOOKED_INTO) {
            tokio::time::sleep(self.spacing.to_std()).await;
            match self.look(&offer.url).await {
                Ok(feed) => discovery.found.push(Found { url: offer.url, title: offer.title, feed }),
                Err(why) => {
                    let stop = is_unwelcome(&why);
                    discovery.broken.push((offer.url, why));
                    if stop {
                        return;
                    }
                }
            }
        }
        // One that is empty may be the right one, but not the first to be proposed.
        discovery.found.sort_by_key(|found| found.feed.entries.is_empty());
    }

    /// Tries the usual places of the page's site, and stops at the first that is a feed.
    async fn usual(&self, page: Option<Url>, discovery: &mut Discovery) {
        let places = page.map(|page| usual_places(&page)).unwrap_or_default();
        for place in places.into_iter().take(VISITS - 1) {
            tokio::time::sleep(self.spacing.to_std()).await;
            discovery.tried += 1;
            match self.look(&place).await {
                Ok(feed) => {
                    discovery.found.push(Found { url: place, title: None, feed });
                    return;
                }
                Err(why) if is_unwelcome(&why) => return,
                Err(_) => {}
            }
        }
    }

    async fn look(&self, url: &str) -> Result<Feed, Why> {
        let response = self.get(url).await.map_err(Why::Fetch)?;
        self.read(&response, url).map_err(Why::Read)
    }

    async fn get(&self, url: &str) -> Result<Response, FetchError> {
        let nothing = SourceState::new(SourceName(String::new()), self.now);
        self.fetch.fetch(&Request::web(url, &nothing)).await
    }

    fn read(&self, response: &Response, url: &str) -> Result<Feed, SourceError> {
        feed::read(&self.document(response, url))
    }

    fn document<'r>(&self, response: &'r Response, url: &'r str) -> Document<'r> {
        let url = if response.final_url.is_empty() { url } else { &response.final_url };
        let content_type = response.content_type.as_deref();
        Document { body: &response.body, content_type, url: Some(url), zone: self.zone }
    }
}

fn page_of(response: &Response, asked: &str) -> Option<Url> {
    Url::parse(&response.final_url).or_else(|_| Url::parse(asked)).ok()
}

/// A blog in a folder has its feed there more often than at the root.
fn usual_places(page: &Url) -> Vec<String> {
    let folder = page.path().rsplit_once('/').map_or("", |(folder, _)| folder);
    let beside = (!folder.is_empty()).then(|| format!("{folder}/feed"));
    let places = beside.into_iter().chain(USUAL.map(str::to_owned));
    places.filter_map(|place| page.join(&place).ok()).map(String::from).collect()
}

/// A server that asks for a pause, lets only browsers in or does not answer is not asked for guesses.
fn is_unwelcome(why: &Why) -> bool {
    matches!(
        why,
        Why::Fetch(
            FetchError::RateLimited { .. }
                | FetchError::Challenge(_)
                | FetchError::Timeout
                | FetchError::Transport(_)
                | FetchError::Status(401 | 403)
        )
    )
}

#[cfg(test)]
mod tests;
