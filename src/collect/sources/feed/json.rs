//! JSON Feed, also where it breaks its own rules: no title, numbers for ids, null for anything.

use serde_json::Value;
use url::Url;

use super::{
    date,
    entry::{Entry, Feed, person, resolve},
};
use crate::{
    collect::html,
    model::{limits, time::Zone},
};

/// The feed in `text`; `None` when it is JSON of another kind or none at all.
pub(crate) fn read(text: &str, base: Option<&Url>, zone: Zone) -> Option<Feed> {
    let root: Value = serde_json::from_str(text.trim_start_matches('\u{feff}').trim()).ok()?;
    let version = words(&root, "version").unwrap_or_default();
    let items = root.get("items").and_then(Value::as_array);
    if items.is_none() && !version.contains("jsonfeed") {
        return None;
    }
    let items = items.map(Vec::as_slice).unwrap_or_default();
    let objects = items.iter().filter(|i| i.is_object()).take(limits::ENTRIES_READ);
    let entries: Vec<Entry> = objects.map(|i| entry(i, base, zone)).collect();
    let hubs = root.get("hubs").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let is_websub = |hub: &&Value| words(hub, "type").is_some_and(|kind| kind.eq_ignore_ascii_case("websub"));
    Some(Feed {
        title: words(&root, "title").map(|t| html::one_line(&t)),
        skipped: items.len() - entries.len(),
        entries,
        hub: hubs.iter().find(is_websub).and_then(|hub| words(hub, "url")).and_then(|url| resolve(&url, base)),
        topic: words(&root, "feed_url").and_then(|url| resolve(&url, base)),
        ..Feed::default()
    })
}

fn entry(item: &Value, base: Option<&Url>, zone: Zone) -> Entry {
    let link = |name: &str| words(item, name).and_then(|url| resolve(&url, base));
    let plain = |name: &str| words(item, name).map(|text| html::lines(&text));
    let text = words(item, "content_html").map(|markup| html::to_text(&markup));
    let text = text.or_else(|| plain("content_text")).or_else(|| plain("summary")).unwrap_or_default();
    let date = words(item, "date_published").or_else(|| words(item, "date_modified"));
    let authors = item.get("authors").and_then(Value::as_array).and_then(|a| a.first()).or_else(|| item.get("author"));
    Entry {
        id: words(item, "id").unwrap_or_default(),
        title: words(item, "title").map(|t| html::one_line(&t)),
        link: link("url").or_else(|| link("external_url")),
        published: date.and_then(|d| date::parse(&d, zone)),
        text,
        author: authors
            .and_then(|a| words(a, "name").or_else(|| a.as_str().map(str::to_owned)))
            .and_then(|a| person(&a)),
        ..Entry::default()
    }
}

/// A text or a number that is not empty.
fn words(object: &Value, name: &str) -> Option<String> {
    let text = match object.get(name)? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    Some(text).filter(|t| !t.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_that_breaks_its_own_rules_is_still_read() {
        let text = r#"{"version":"https://jsonfeed.org/version/1.1","items":[
            {"id":7,"content_html":"<p>つばめ電機</p>","url":"/7","title":null,"author":{"name":"結衣"}}, 3]}"#;
        let base = Url::parse("https://j.example.jp/feed.json").unwrap();
        let feed = read(text, Some(&base), Zone::JST).unwrap();
        let entry = &feed.entries[0];
        assert_eq!((entry.id.as_str(), entry.text.as_str()), ("7", "つばめ電機"));
        assert_eq!(entry.link.as_deref(), Some("https://j.example.jp/7"));
        assert_eq!((entry.author.as_deref(), feed.skipped), (Some("結衣"), 1));
    }

    #[test]
    fn json_of_another_kind_is_no_feed() {
        for text in ["{}", "[]", r#"{"error":"not found"}"#, "{\"items\":", ""] {
            assert_eq!(read(text, None, Zone::JST), None, "{text}");
        }
    }
}
