//! The entries of a page that has no feed: what a person would call one line of its news.
//!
//! Where nobody picked them, a line is found by its date: around each date the smallest piece of the page that also
//! holds a link, whatever it is made of (`li`, `dt` with its `dd`, `tr`, a card). A page without dates gives the linked
//! lines of its main part.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::LazyLock,
};

use regex::Regex;
use url::Url;

use super::{
    link,
    selector::Selector,
    tree::{Kind, Tree},
};
use crate::{
    collect::{html, sources::feed::date},
    model::{
        limits,
        time::{Timestamp, Zone},
    },
};

/// One line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// The same at every reading, also when only numbers, dates or tokens in it have changed.
    pub(super) id: String,
    pub(super) title: String,
    /// All of it, where it says more than the title.
    pub(super) text: String,
    pub(super) link: Option<String>,
    pub(super) published: Option<Timestamp>,
}

/// Where a page comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'u> {
    pub(super) url: Option<&'u Url>,
    pub(super) zone: Zone,
}

/// Parts of a page that hold no news.
const FRAME: &[&str] = &["nav", "footer", "header", "aside", "head", "form"];
/// What can be a line where no date says it.
const LINES: &[&str] = &["li", "tr", "dd", "article", "h2", "h3", "h4"];
/// How far around a date its line may reach.
const REACH: usize = 8;
/// More than this is a part of the page and no line of it.
const LONGEST_LINE: usize = 2_000;
/// A link of fewer letters leads to the next page and not to news.
const SHORTEST: usize = 6;

/// The lines of `tree`, in the order of the page, and how many were left out.
pub(super) fn rows(tree: &Tree<'_>, selector: Option<&Selector>, origin: Origin<'_>) -> (Vec<Row>, usize) {
    let dates = dates(tree, origin.zone);
    let mut ranges = if let Some(selector) = selector {
        picked(tree, &selector.pick(tree), &dates)
    } else {
        let found = dated(tree, &dates, 0..tree.nodes.len());
        if found.is_empty() { linked(tree) } else { found }
    };
    let over = ranges.len().saturating_sub(limits::ENTRIES);
    // Pages of this kind write the newest first.
    ranges.truncate(limits::ENTRIES);
    let mut rows: Vec<Row> = ranges.into_iter().filter_map(|range| row(tree, range, &dates, origin)).collect();
    name(&mut rows);
    (rows, over)
}

type Dates = BTreeMap<usize, (Timestamp, String)>;

/// Where a date stands, what it says and how it is written.
fn dates(tree: &Tree<'_>, zone: Zone) -> Dates {
    let mut dates = Dates::new();
    for (i, node) in tree.nodes.iter().enumerate() {
        match &node.kind {
            Kind::Text(text) if text.len() <= limits::FIELD_BYTES => {
                let text = htmlize::unescape(*text);
                if let Some((at, written)) = date_in(&text, zone) {
                    dates.insert(i, (at, written.to_owned()));
                }
            }
            Kind::Element { name, .. } if name == "time" => {
                let said = tree.attribute(i, "datetime").and_then(|said| date::parse(&said, zone));
                if let Some(at) = said {
                    dates.insert(i, (at, tree.text(tree.whole(i))));
                }
            }
            _ => {}
        }
    }
    // A `time` element and the text inside it are one date: what machines are told counts.
    let inside = |i: &usize| tree.around(*i).any(|e| tree.name(e) == "time" && dates.contains_key(&e));
    let twice: Vec<usize> = dates.keys().copied().filter(inside).collect();
    for i in twice {
        dates.remove(&i);
    }
    dates
}

/// A date with its year, month and day. Others are numbers of something else.
static DATE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let japanese = r"(?:令和|平成|(?:20|２０)\d)\s*(?:\d{1,2}|元)\s*年\s*\d{1,2}\s*月\s*\d{1,2}\s*日";
    let signs = r"(?:20|２０)\d\d\s*[-./．／－]\s*\d{1,2}\s*[-./．／－]\s*\d{1,2}";
    let short = r"\b[RＲ]\d{1,2}[./．／]\d{1,2}[./．／]\d{1,2}";
    let english = r"\b(?:[A-Z][a-z]{2,8}\.? \d{1,2}, 20\d\d|\d{1,2} [A-Z][a-z]{2,8}\.? 20\d\d)";
    Regex::new(&format!("{japanese}|{signs}|{short}|{english}")).ok()
});

/// The first date in `text`, and its letters.
fn date_in(text: &str, zone: Zone) -> Option<(Timestamp, &str)> {
    let found = DATE.as_ref()?.find(text)?;
    let written = found.as_str();
    let mut said: String = written.chars().filter(|c| !c.is_whitespace() || written.is_ascii()).collect();
    if let Some(rest) = said.strip_prefix(['R', 'Ｒ']) {
        let mut parts = rest.split(['.', '/', '．', '／']);
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        said = format!("令和{year}年{month}月{day}日");
    }
    Some((date::parse(&said.replace(['．', '／'], "."), zone)?, written))
}

/// The lines that hold a date, in `within`.
fn dated(tree: &Tree<'_>, dates: &Dates, within: Range<usize>) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (node, _) in dates.range(within.clone()) {
        let framed = tree.around(*node).any(|e| FRAME.contains(&tree.name(e)) && within.contains(&e));
        if framed || found.last().is_some_and(|line| line.contains(node)) {
            continue;
        }
        if let Some(line) = line(tree, dates, *node, &within) {
            found.push(line);
        }
    }
    found
}

/// The line around the date at `node`.
fn line(tree: &Tree<'_>, dates: &Dates, node: usize, within: &Range<usize>) -> Option<Range<usize>> {
    let mut inner = node;
    for outer in tree.around(node).take(REACH) {
        let range = tree.whole(outer);
        if matches!(tree.name(outer), "body" | "html") || range.start < within.start {
            // Not all of it, but perhaps a part.
            return segment(tree, dates, inner, range);
        }
        if dates.range(range.clone()).nth(1).is_some() {
            return segment(tree, dates, inner, range);
        }
        let is_cell = matches!(tree.name(outer), "td" | "th" | "dt");
        // A link around the line belongs to it with all of its words.
        if !is_cell && addresses(tree, range.clone()).any(|(node, _)| range.contains(&node)) {
            return Some(range);
        }
        inner = outer;
    }
    None
}

/// From the part `first` of `around` to the next part that holds a date.
fn segment(tree: &Tree<'_>, dates: &Dates, first: usize, around: Range<usize>) -> Option<Range<usize>> {
    let behind = tree.whole(first).end;
    let next = dates.range(behind..around.end).next().map(|(node, _)| *node);
    let parent = tree.parent(first);
    let end = next.map_or(around.end, |node| {
        // The part that holds the next date, or the date itself.
        std::iter::once(node).chain(tree.around(node)).find(|n| tree.parent(*n) == parent).unwrap_or(node)
    });
    let line = first..end.max(behind);
    (has_link(tree, line.clone()) && tree.text(line.clone()).len() <= LONGEST_LINE).then_some(line)
}

/// The linked lines of the main part.
fn linked(tree: &Tree<'_>) -> Vec<Range<usize>> {
    let is_main =
        |node: &usize| matches!(tree.name(*node), "main") || tree.attribute(*node, "role").as_deref() == Some("main");
    let main = (0..tree.nodes.len()).find(is_main).map_or(0..tree.nodes.len(), |node| tree.whole(node));
    let mut found: Vec<Range<usize>> = Vec::new();
    for node in main.clone() {
        if !LINES.contains(&tree.name(node)) || found.last().is_some_and(|line| line.contains(&node)) {
            continue;
        }
        let range = tree.whole(node);
        let framed = tree.around(node).any(|e| FRAME.contains(&tree.name(e)) && main.contains(&e));
        // A line that holds lines is none itself.
        let holds = range.clone().skip(1).any(|n| matches!(tree.name(n), "li" | "tr" | "article"));
        if !framed && !holds && links(tree, range.clone()).any(|(_, text)| text.chars().count() >= SHORTEST) {
            found.push(range);
        }
    }
    found
}

/// What a person picked: lines, or something around several of them.
fn picked(tree: &Tree<'_>, nodes: &[usize], dates: &Dates) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for node in nodes {
        if found.last().is_some_and(|line| line.end > *node) {
            continue;
        }
        let range = tree.whole(*node);
        let inside = dated(tree, dates, range.clone());
        let lines = || range.clone().skip(1).filter(|n| tree.name(*n) == "li").map(|n| tree.whole(n));
        if inside.len() > 1 {
            found.extend(inside);
        } else if matches!(tree.name(*node), "ul" | "ol") && lines().count() > 0 {
            found.extend(lines());
        } else {
            found.push(range);
        }
    }
    found
}

fn has_link(tree: &Tree<'_>, range: Range<usize>) -> bool {
    addresses(tree, range).next().is_some()
}

/// Where the links of a part lead, and the words that people press.
fn links<'l>(tree: &'l Tree<'_>, range: Range<usize>) -> impl Iterator<Item = (String, String)> + 'l {
    addresses(tree, range.clone()).map(move |(node, href)| {
        // Of a link around the part only the part is its headline.
        let words = tree.whole(node);
        (href, tree.text(words.start.max(range.start)..words.end.min(range.end)))
    })
}

/// The links in a part, and the one around it: a part that lies in a link is one itself.
fn addresses<'l>(tree: &'l Tree<'_>, range: Range<usize>) -> impl Iterator<Item = (usize, String)> + 'l {
    let around = tree.around(range.start).take(REACH).find(|node| tree.name(*node) == "a");
    let is_page = |href: &String| {
        let href = href.trim_start();
        !href.is_empty() && !html::cut(href, 11).eq_ignore_ascii_case("javascript:")
    };
    range
        .filter(|node| tree.name(*node) == "a")
        .chain(around)
        .filter_map(move |node| Some((node, tree.attribute(node, "href").filter(is_page)?)))
}

fn row(tree: &Tree<'_>, range: Range<usize>, dates: &Dates, origin: Origin<'_>) -> Option<Row> {
    let date = dates.range(range.clone()).next().map(|(_, date)| date);
    let without = |text: &str| match date {
        Some((_, written)) if !written.is_empty() => {
            html::one_line(&text.replacen(html::one_line(written).as_str(), " ", 1))
        }
        _ => text.to_owned(),
    };
    let text = without(&tree.text(range.clone()));
    // The link with the most words is the headline; others lead to its category or its picture.
    let headline = links(tree, range).max_by_key(|(_, text)| text.chars().count());
    let (href, title) = headline.map_or((None, String::new()), |(href, text)| (Some(href), without(&text)));
    let title = if title.chars().count() >= 2 { title } else { text.clone() };
    if title.is_empty() {
        return None;
    }
    let link = href.and_then(|href| link::resolve(&href, origin.url));
    let published = date.map(|(at, _)| *at);
    let text = if text == title { String::new() } else { text };
    Some(Row { id: String::new(), title, text, link, published })
}

/// By its link, or else by what it says. A link that several share names none of them.
fn name(rows: &mut Vec<Row>) {
    let keys: Vec<Option<String>> = rows.iter().map(|r| r.link.as_deref().map(link::key)).collect();
    let mut seen = BTreeSet::new();
    let shared: BTreeSet<&String> = keys.iter().flatten().filter(|key| !seen.insert(*key)).collect();
    for (row, key) in rows.iter_mut().zip(&keys) {
        let said = || link::said(&row.title, &row.text, row.published);
        row.id = match key {
            Some(key) if !shared.contains(key) => key.clone(),
            Some(key) => format!("{key} {}", said()),
            None => said(),
        };
    }
    let mut known = BTreeSet::new();
    rows.retain(|row| known.insert(row.id.clone()));
}

#[cfg(test)]
mod tests;
