//! GDELT's list of articles: JSON that is no JSON Feed. (Its refusals are sentences with status 200, and so no feed.)

use serde_json::Value;
use url::Url;

use super::{
    date,
    entry::{Entry, Feed, resolve},
};
use crate::{
    collect::html,
    model::{limits, time::Zone},
};

/// The articles in `text`; `None` when it is JSON of another kind.
pub(crate) fn read(text: &str, base: Option<&Url>, zone: Zone) -> Option<Feed> {
    let root: Value = serde_json::from_str(text.trim()).ok()?;
    let articles = match root.get("articles").and_then(Value::as_array) {
        Some(articles) => articles.as_slice(),
        // Nothing found is an empty object there, and an error everywhere else.
        None if root.as_object()?.is_empty() && base?.host_str() == Some("api.gdeltproject.org") => &[],
        None => return None,
    };
    let read = articles.iter().take(limits::ENTRIES_READ).filter_map(|article| entry(article, zone));
    let entries: Vec<Entry> = read.collect();
    // Another service's `articles` are not ours to guess at.
    if entries.is_empty() && !articles.is_empty() {
        return None;
    }
    Some(Feed { skipped: articles.len() - entries.len(), entries, ..Feed::default() })
}

fn entry(article: &Value, zone: Zone) -> Option<Entry> {
    let word = |name: &str| article.get(name).and_then(Value::as_str).map(str::trim).filter(|word| !word.is_empty());
    Some(Entry {
        link: Some(resolve(word("url")?, None)?),
        // When GDELT saw it; the article's own time is not told.
        published: Some(date::parse(word("seendate")?, zone)?),
        title: word("title").map(|title| squeeze(&html::one_line(&html::to_text(title)))),
        author: word("domain").map(html::one_line),
        ..Entry::default()
    })
}

/// Takes out the spaces that were put between Japanese words; those between two words of Latin letters stay.
fn squeeze(title: &str) -> String {
    let mut out = String::with_capacity(title.len());
    let mut letters = title.chars().peekable();
    while let Some(letter) = letters.next() {
        let between = |side: Option<char>| side.is_some_and(is_japanese);
        if letter != ' ' || !between(out.chars().next_back()) && !between(letters.peek().copied()) {
            out.push(letter);
        }
    }
    out
}

fn is_japanese(letter: char) -> bool {
    matches!(letter, '\u{3000}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{ff00}'..='\u{ffef}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_spaces_beside_japanese_go() {
        assert_eq!(squeeze("青空 テレコム の 5G 、 New York で も"), "青空テレコムの5G、New Yorkでも");
        assert_eq!(squeeze("Aozora Telecom says sorry"), "Aozora Telecom says sorry");
        assert_eq!(squeeze(" "), " ");
    }

    #[test]
    fn nothing_found_is_an_empty_list_only_where_it_is_said_so() {
        let gdelt = Url::parse("https://api.gdeltproject.org/api/v2/doc/doc?query=x").unwrap();
        assert_eq!(read("{}", Some(&gdelt), Zone::JST).map(|feed| feed.entries.len()), Some(0));
        let other = Url::parse("https://news.example.jp/feed").unwrap();
        assert_eq!(read("{}", Some(&other), Zone::JST), None);
        assert_eq!(read(r#"{"articles":[{"headline":"x"}]}"#, Some(&gdelt), Zone::JST), None);
    }
}
