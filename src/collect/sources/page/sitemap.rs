//! The map of a site: which pages lie under the watched one, and which of them are new.
//!
//! Only a last resort: a map knows addresses and no headlines, so each new page is visited once for its own.

use std::collections::BTreeSet;

use url::Url;

use super::{
    cursor::{Memory, Road},
    link,
    rows::Row,
    tree::Tree,
};
use crate::{
    collect::{
        html,
        markup::{Token, Tokens, decode_references, local_name},
        source::{Next, Page, Response, SourceError},
        sources::feed::date,
    },
    model::{
        limits,
        time::{Timestamp, Zone},
    },
};

/// Addresses of one map that are remembered.
const ADDRESSES: usize = 2_000;
/// New pages that are visited after one look at the map.
const PAGES: usize = 10;

/// One address of a map.
#[derive(Debug, PartialEq)]
struct Spot {
    url: String,
    changed: Option<Timestamp>,
}

/// Begins to search: what `robots.txt` names, or else the usual place.
pub(super) fn begin(mut memory: Memory, mut named: Vec<String>, url: &str) -> Page {
    if named.is_empty() {
        named.extend(Url::parse(url).and_then(|url| url.join("/sitemap.xml")).map(String::from));
    }
    memory.begin(Road::Maps { queue: named, searched: 0 });
    Page { cursor: memory.write(), next: Next::AtOnce, ..Page::default() }
}

/// Searches one map for pages under `url`. The first one that has some is the one from now on.
pub(super) fn search(mut memory: Memory, response: &Response, url: &str, zone: Zone) -> Result<Page, SourceError> {
    let Road::Maps { mut queue, searched } = memory.road.clone() else { return Err(SourceError::NoEntries) };
    if queue.is_empty() {
        return Err(SourceError::NoEntries);
    }
    let here = queue.remove(0);
    let text = if response.status < 400 { html_text(response) } else { String::new() };
    let (maps, spots) = read(&text, zone);
    let below = under(&spots, url);
    if !below.is_empty() {
        memory.last = below.iter().map(|spot| link::mark(&link::key(&spot.url))).collect();
        memory.begin(Road::Map { url: here, look: Vec::new() });
        // The history of a map: addresses alone, which say nothing that could be stored.
        return Ok(Page { cursor: memory.write(), ..Page::default() });
    }
    let host = Url::parse(url).ok();
    let ours =
        |map: &Spot| Url::parse(&map.url).ok().is_some_and(|map| host.as_ref().is_some_and(|h| h.host() == map.host()));
    let mut maps: Vec<Spot> = maps.into_iter().filter(ours).collect();
    maps.sort_by_key(|map| std::cmp::Reverse(map.changed));
    queue.splice(0..0, maps.into_iter().map(|map| map.url));
    let searched = searched + 1;
    queue.truncate(limits::SITEMAPS.saturating_sub(searched));
    if queue.is_empty() {
        return Err(SourceError::NoEntries);
    }
    memory.begin(Road::Maps { queue, searched });
    Ok(Page { cursor: memory.write(), next: Next::AtOnce, ..Page::default() })
}

/// Which pages are new.
pub(super) fn compare(mut memory: Memory, response: &Response, url: &str, zone: Zone) -> Result<Page, SourceError> {
    let Road::Map { url: map, .. } = memory.road.clone() else { return Err(SourceError::NoEntries) };
    let (_, spots) = read(&html_text(response), zone);
    let below = under(&spots, url);
    if below.is_empty() {
        // As with lines: once may be a slip.
        if memory.missed > 0 {
            return Err(SourceError::FormChanged);
        }
        (memory.missed, memory.unsure) = (1, true);
        return Ok(Page { cursor: memory.write(), ..Page::default() });
    }
    let known: BTreeSet<&String> = memory.last.iter().collect();
    let new = below.iter().filter(|spot| !known.contains(&link::mark(&link::key(&spot.url))));
    let look: Vec<String> = new.take(PAGES).map(|spot| spot.url.clone()).collect();
    // What is not looked at now is new the next time as well.
    let seen = |spot: &&&Spot| look.contains(&spot.url) || known.contains(&link::mark(&link::key(&spot.url)));
    let marks = below.iter().filter(seen).map(|spot| link::mark(&link::key(&spot.url))).collect();
    (memory.last, memory.missed) = (marks, 0);
    let next = if look.is_empty() { Next::Usual } else { Next::AtOnce };
    // Between pages the validators are those of other addresses.
    memory.unsure = !look.is_empty();
    memory.road = Road::Map { url: map, look };
    Ok(Page { cursor: memory.write(), next, ..Page::default() })
}

/// Reads the first of the new pages.
pub(super) fn look(mut memory: Memory, page: &str, status: u16, zone: Zone) -> (Memory, Option<Row>) {
    let Road::Map { url, mut look } = memory.road.clone() else { return (memory, None) };
    let address = if look.is_empty() { return (memory, None) } else { look.remove(0) };
    // One more unconditional look at the map afterwards costs less than a wrong validator.
    memory.begin(Road::Map { url, look });
    if status >= 400 {
        return (memory, None);
    }
    let tree = Tree::of(page);
    let first = |name: &str| (0..tree.nodes.len()).find(|n| tree.name(*n) == name);
    let words = |node: usize| tree.text(tree.whole(node));
    let title = ["h1", "title", "h2"].iter().filter_map(|name| first(name)).map(words).find(|t| !t.is_empty());
    let text = first("main").or_else(|| first("article")).map(words).unwrap_or_default();
    let time = first("time").and_then(|node| tree.attribute(node, "datetime"));
    let row = title.map(|title| Row {
        id: link::key(&address),
        title,
        text,
        link: Some(address),
        published: time.and_then(|time| date::parse(&time, zone)),
    });
    (memory, row)
}

fn html_text(response: &Response) -> String {
    super::feed::decode(&response.body, response.content_type.as_deref())
}

/// The maps and the pages that a map names.
fn read(text: &str, zone: Zone) -> (Vec<Spot>, Vec<Spot>) {
    let (mut maps, mut pages) = (Vec::new(), Vec::new());
    let (mut inside, mut word) = (String::new(), String::new());
    let (mut url, mut changed) = (None, None);
    for token in Tokens::of(text) {
        if maps.len() + pages.len() >= limits::ENTRIES_READ * 5 {
            break;
        }
        match token {
            Token::Open { name, .. } => {
                inside = local_name(name).to_ascii_lowercase();
                word.clear();
                if matches!(inside.as_str(), "url" | "sitemap") {
                    (url, changed) = (None, None);
                }
            }
            Token::Text(text) | Token::Cdata(text) => word.push_str(html::cut(text, limits::FIELD_BYTES)),
            Token::Close { name } => {
                match local_name(name).to_ascii_lowercase().as_str() {
                    "loc" if inside == "loc" => url = link::resolve(&decode_references(word.trim()), None),
                    "lastmod" if inside == "lastmod" => changed = date::parse(&word, zone),
                    "url" => pages.extend(url.take().map(|url| Spot { url, changed })),
                    "sitemap" => maps.extend(url.take().map(|url| Spot { url, changed })),
                    _ => {}
                }
                inside.clear();
            }
            Token::Doctype(_) => {}
        }
    }
    (maps, pages)
}

/// The pages that lie under `url`, the newest first.
fn under<'s>(spots: &'s [Spot], url: &str) -> Vec<&'s Spot> {
    let Ok(base) = Url::parse(url) else { return Vec::new() };
    let folder = base.path().rsplit_once('/').map_or("/", |(folder, _)| folder);
    let below = |spot: &&Spot| {
        let Ok(page) = Url::parse(&spot.url) else { return false };
        let inside = page.path().strip_prefix(folder).is_some_and(|rest| rest.starts_with('/') && rest.len() > 1);
        page.host() == base.host() && inside && page.path() != base.path()
    };
    let mut found: Vec<&Spot> = spots.iter().filter(below).collect();
    found.sort_by_key(|spot| std::cmp::Reverse(spot.changed));
    found.truncate(ADDRESSES);
    found
}

#[cfg(test)]
mod tests;
