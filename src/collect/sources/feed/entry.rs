//! What the readers of a feed agree on: one shape for RSS, Atom and JSON Feed.

use sha2::{Digest, Sha256};
use url::Url;

use super::quiet::Quiet;
use crate::{
    collect::html,
    model::{
        limits,
        time::{Span, Timestamp},
    },
};

/// A feed as it was read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Feed {
    /// Its name, plain text.
    pub title: Option<String>,
    /// In the order of the document.
    pub entries: Vec<Entry>,
    /// How often it says that it changes.
    pub update_every: Option<Span>,
    /// Entries left out.
    pub skipped: usize,
    /// Where it may be subscribed to, to be told of new entries (WebSub).
    pub hub: Option<String>,
    /// Its own address, by which a hub knows it.
    pub topic: Option<String>,
    /// When it does not want to be visited.
    pub quiet: Quiet,
}

/// One entry.
///
/// # Invariants
/// `id` is never empty, is unique in its feed, and is the same at every reading of the same entry. Texts are plain.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Entry {
    /// Its name within the feed.
    pub id: String,
    /// Headline, one line.
    pub title: Option<String>,
    /// Where people read it; only `http` and `https`.
    pub link: Option<String>,
    /// As it claims itself.
    pub published: Option<Timestamp>,
    /// Content, or else the summary.
    pub text: String,
    /// Who wrote it.
    pub author: Option<String>,
    /// How often it was played, where the feed says.
    pub views: Option<u64>,
    /// How many bookmarked it, where the feed says.
    pub reach: Option<u64>,
    /// The publisher that an aggregator had it from.
    pub outlet: Option<String>,
    /// Stars of a review, 0 to 5.
    pub rating: Option<u8>,
    /// The product that a feed of reviews is about.
    pub product: Option<String>,
}

/// `link` against `base`. What cannot be resolved stays as it is; what is no address of a page is dropped.
pub(crate) fn resolve(link: &str, base: Option<&Url>) -> Option<String> {
    let link = link.trim();
    if link.is_empty() || link.len() > limits::FIELD_BYTES {
        return None;
    }
    // An address is shown to people, on a terminal as well.
    let shown = |link: String| (link.len() <= limits::FIELD_BYTES && !link.contains(char::is_control)).then_some(link);
    let Some(base) = base else {
        let scheme = link.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
        let is_name = |s: &str| s.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        let foreign = scheme.is_some_and(|s| is_name(&s) && s != "http" && s != "https");
        return shown(link.to_owned()).filter(|_| !foreign);
    };
    let url = base.join(link).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    // An address that is already whole keeps its spelling, since others compare it letter by letter.
    let whole = Url::parse(link).ok().and_then(|_| shown(link.to_owned()));
    // In ASCII it is longer: three bytes become nine.
    whole.or_else(|| shown(url.to_string()))
}

/// Gives every entry its name: its own, or else its link, or else a hash of what it says.
///
/// # Why
/// A name that several entries share names none of them, so those fall back to their links; and a name that is made
/// of chance would make every visit look like a flood of fresh posts.
pub(crate) fn name_entries(feed: &mut Feed, base: Option<&Url>) {
    let shared = |ids: Vec<&str>| -> std::collections::BTreeSet<String> {
        let mut seen = std::collections::BTreeSet::new();
        ids.into_iter().filter(|id| !seen.insert(*id)).map(str::to_owned).collect()
    };
    let named: Vec<bool> = feed.entries.iter().map(|e| !e.id.is_empty()).collect();
    for entry in &mut feed.entries {
        if entry.id.len() > limits::FIELD_BYTES {
            entry.id = hash(&[&entry.id]);
        }
        if entry.id.is_empty() {
            entry.id = entry.link.clone().unwrap_or_default();
        }
    }
    let twice = shared(feed.entries.iter().map(|e| e.id.as_str()).collect());
    for entry in feed.entries.iter_mut().filter(|e| twice.contains(&e.id)) {
        entry.id = entry.link.clone().unwrap_or_default();
    }
    let twice = shared(feed.entries.iter().map(|e| e.id.as_str()).collect());
    let place = base.map_or("", Url::as_str);
    for entry in feed.entries.iter_mut().filter(|e| e.id.is_empty() || twice.contains(&e.id)) {
        let title = entry.title.as_deref().unwrap_or("");
        let date = entry.published.map_or(0, Timestamp::millis).to_string();
        entry.id = hash(&[place, entry.link.as_deref().unwrap_or(""), title, &entry.text, &date]);
    }
    // What is still the same under a hash of everything is one entry, if the feed itself says so by its name; else
    // it is a second one, and its number in the page is all that tells them apart.
    let mut copies = std::collections::BTreeMap::<String, usize>::new();
    let mut named = named.into_iter();
    let before = feed.entries.len();
    feed.entries.retain_mut(|entry| {
        let copy = copies.entry(entry.id.clone()).or_default();
        *copy += 1;
        let named = named.next().unwrap_or(false);
        if *copy > 1 {
            entry.id = format!("{}#{copy}", entry.id);
        }
        *copy == 1 || !named
    });
    feed.skipped += before - feed.entries.len();
}

fn hash(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let half: [u8; 16] = hash.finalize().as_slice().get(..16).and_then(|h| h.try_into().ok()).unwrap_or_default();
    format!("sha256:{:032x}", u128::from_be_bytes(half))
}

/// Keeps the newest entries and the sizes that a stranger may have.
pub(crate) fn bound(feed: &mut Feed) {
    let over = feed.entries.len().saturating_sub(limits::ENTRIES);
    if over > 0 {
        let mut order: Vec<usize> = (0..feed.entries.len()).collect();
        // Undated entries count as newest: feeds write the newest first, and the sort keeps that order.
        let age = |i: &usize| {
            feed.entries.get(*i).map(|e| std::cmp::Reverse(e.published.unwrap_or(Timestamp::from_millis(i64::MAX))))
        };
        order.sort_by_key(age);
        let kept: std::collections::BTreeSet<usize> = order.into_iter().take(limits::ENTRIES).collect();
        let mut place = 0..;
        feed.entries.retain(|_| place.next().is_some_and(|i| kept.contains(&i)));
        feed.skipped += over;
    }
    let short = |text: &mut String| text.truncate(html::cut(text, limits::FIELD_BYTES).len());
    feed.title.iter_mut().for_each(short);
    for entry in &mut feed.entries {
        entry.title.iter_mut().for_each(short);
        entry.author.iter_mut().for_each(short);
        entry.outlet.iter_mut().for_each(short);
        entry.product.iter_mut().for_each(short);
        entry.text.truncate(html::cut(&entry.text, limits::TEXT_BYTES).len());
    }
}

/// A person's name out of `mail (name)`, `name (mail)` and `name <mail>`.
pub(crate) fn person(text: &str) -> Option<String> {
    let text = html::one_line(text);
    let pair = text
        .strip_suffix(')')
        .and_then(|t| t.split_once('('))
        .or_else(|| text.strip_suffix('>').and_then(|t| t.split_once('<')));
    let name = match pair {
        Some((a, b)) if a.contains('@') && !b.trim().is_empty() => b,
        Some((a, b)) if b.contains('@') && !a.trim().is_empty() => a,
        _ => &text,
    };
    Some(name.trim().trim_matches('"').to_owned()).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str, link: Option<&str>, title: &str) -> Entry {
        Entry { id: id.into(), link: link.map(Into::into), title: Some(title.into()), ..Entry::default() }
    }

    #[test]
    fn a_name_shared_by_all_names_none() {
        let entries =
            vec![entry("x", Some("http://a/1"), "一"), entry("x", Some("http://a/2"), "二"), entry("", None, "三")];
        let mut feed = Feed { entries, ..Feed::default() };
        name_entries(&mut feed, None);
        let ids: Vec<&str> = feed.entries.iter().map(|e| e.id.as_str()).collect();
        assert_eq!(ids[..2], ["http://a/1", "http://a/2"]);
        assert!(ids[2].starts_with("sha256:"));
    }

    #[test]
    fn an_entry_written_twice_under_its_name_is_one() {
        let same = || entry("x", Some("http://a/1"), "同じ");
        let mut feed = Feed { entries: vec![same(), same()], ..Feed::default() };
        name_entries(&mut feed, None);
        assert_eq!((feed.entries.len(), feed.skipped), (1, 1));
    }

    #[test]
    fn nameless_entries_that_say_the_same_stay_two() {
        let mut feed = Feed { entries: vec![entry("", None, "同じ"), entry("", None, "同じ")], ..Feed::default() };
        name_entries(&mut feed, None);
        assert_eq!(feed.entries.len(), 2);
        assert_ne!(feed.entries[0].id, feed.entries[1].id);
    }

    #[test]
    fn too_many_entries_lose_the_oldest() {
        let mut feed = Feed::default();
        for i in 0..600 {
            let published = Some(Timestamp::from_seconds(1_700_000_000 + i));
            feed.entries.push(Entry { id: i.to_string(), published, ..Entry::default() });
        }
        bound(&mut feed);
        assert_eq!((feed.entries.len(), feed.skipped), (limits::ENTRIES, 100));
        assert_eq!(feed.entries.first().map(|e| e.id.as_str()), Some("100"));
    }

    #[test]
    fn links_that_are_no_pages_are_dropped() {
        let base = Url::parse("https://news.example.jp/feed/rss.xml").unwrap();
        assert_eq!(resolve("../1?a=b", Some(&base)).as_deref(), Some("https://news.example.jp/1?a=b"));
        let query = resolve("/go?to=https://b.example.jp/", Some(&base));
        assert_eq!(query.as_deref(), Some("https://news.example.jp/go?to=https://b.example.jp/"));
        for link in ["javascript:alert(1)", "data:text/html,x", "mailto:a@example.jp", "", "urn:uuid:1"] {
            assert_eq!(resolve(link, Some(&base)), None, "{link}");
            assert_eq!(resolve(link, None), None, "{link}");
        }
    }

    #[test]
    fn a_person_is_known_by_name_and_not_by_address() {
        for text in ["結衣", "y@example.jp (結衣)", "結衣 (y@example.jp)", "\"結衣\" <y@example.jp>"] {
            assert_eq!(person(text).as_deref(), Some("結衣"), "{text}");
        }
        assert_eq!(person(" "), None);
    }
}
