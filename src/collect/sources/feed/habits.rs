//! What single services write around an entry, taken off again: redirections, outlets in titles, lines of their own.
//!
//! Known by the hosts and elements of the services alone, so that nobody else's entries change.
//!
//! # Invariants
//! Identities are never touched. A link becomes another only if that is an `http` or `https` address.

use url::Url;

use super::entry::{Entry, Feed, resolve};

/// Takes off what the services added.
pub(crate) fn undo(feed: &mut Feed) {
    reviews(feed);
    for entry in &mut feed.entries {
        outlet(entry);
        let Some(url) = entry.link.as_deref().and_then(|link| Url::parse(link).ok()) else { continue };
        let host = url.host_str().unwrap_or_default();
        let within = |domain: &str| host.strip_suffix(domain).is_some_and(|sub| sub.is_empty() || sub.ends_with('.'));
        match host {
            "www.google.com" | "www.google.co.jp" if url.path() == "/url" => {
                entry.link = target(&url).or(entry.link.take());
            }
            "news.yahoo.co.jp" => entry.link = Some(without(&url, ("source", "rss"))),
            _ if within("reddit.com") => submitter(&mut entry.text),
            _ if within("note.com") || within("fc2.com") => read_on(&mut entry.text),
            _ => {}
        }
    }
}

/// Where a redirection of Google Alerts leads.
fn target(url: &Url) -> Option<String> {
    let (_, target) = url.query_pairs().find(|(name, _)| name == "url")?;
    // Without a base, so that an address that is not whole is none.
    let whole = Url::parse(target.trim()).ok().filter(|to| matches!(to.scheme(), "http" | "https") && to.has_host());
    whole.and_then(|_| resolve(&target, None))
}

/// The address without one parameter of its query.
fn without(url: &Url, (name, value): (&str, &str)) -> String {
    let Some(query) = url.query() else { return url.as_str().to_owned() };
    let unwanted = format!("{name}={value}");
    // The others stay letter by letter.
    let kept: Vec<&str> = query.split('&').filter(|pair| *pair != unwanted).collect();
    let mut url = url.clone();
    url.set_query(Some(kept.join("&")).filter(|query| !query.is_empty()).as_deref());
    url.into()
}

/// An aggregator's item speaks for the outlet it names, which stands behind the title and the text as well.
fn outlet(entry: &mut Entry) {
    let Some(outlet) = entry.outlet.clone() else { return };
    let Entry { title: Some(title), text, author, .. } = entry else { return };
    let own = title.strip_suffix(outlet.as_str()).and_then(|t| t.strip_suffix(" - ")).map(str::trim_end);
    if let Some(own) = own.filter(|own| !own.is_empty()) {
        *title = own.to_owned();
    }
    // The same words twice would look like two reports of it.
    let rest = text.strip_prefix(title.as_str()).and_then(|rest| rest.strip_suffix(outlet.as_str()));
    if rest.is_some_and(|rest| rest.trim().is_empty()) {
        text.clear();
    }
    *author = author.take().or(Some(outlet));
}

/// In a feed of reviews the entry without stars is the product itself. The stars and the product's name go into the
/// title: a review hardly ever says what it is about.
fn reviews(feed: &mut Feed) {
    if feed.entries.iter().all(|entry| entry.rating.is_none()) {
        // Nobody has written one yet: what is there is the product.
        feed.entries.retain(|entry| entry.product.is_none());
        return;
    }
    let product = feed.entries.iter().find_map(|entry| entry.product.clone());
    feed.entries.retain(|entry| entry.rating.is_some());
    for entry in &mut feed.entries {
        let stars = format!("★{}", entry.rating.unwrap_or_default());
        let about = product.as_ref().map(|name| format!("（{name}）"));
        let own = entry.title.take().map(|title| format!(" {title}"));
        entry.title = Some([Some(stars), own, about].into_iter().flatten().collect());
        entry.product = entry.product.take().or_else(|| product.clone());
    }
}

/// Reddit ends every text with who submitted it and two links.
fn submitter(text: &mut String) {
    const LINE: &str = "submitted by";
    let from =
        text.rfind(LINE).filter(|from| text.get(*from..).is_some_and(|tail| tail.trim_end().ends_with("[comments]")));
    if let Some(from) = from {
        text.truncate(from);
        text.truncate(text.trim_end().len());
    }
}

/// Blogs that give the beginning alone end it with a link to the rest.
fn read_on(text: &mut String) {
    for words in ["続きをみる", "続きを読む"] {
        if let Some(own) = text.strip_suffix(words).map(|own| own.trim_end().len()) {
            text.truncate(own);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn linked(link: &str) -> String {
        let entry = Entry { id: "1".into(), link: Some(link.into()), ..Entry::default() };
        let mut feed = Feed { entries: vec![entry], ..Feed::default() };
        undo(&mut feed);
        feed.entries.remove(0).link.unwrap()
    }

    #[test]
    fn a_redirection_is_followed_only_at_its_host_and_only_to_pages() {
        let alert = |target: &str| linked(&format!("https://www.google.com/url?rct=j&url={target}&ct=ga"));
        assert_eq!(alert("https://a.example.jp/1%3Fp%3D2%26q%3D3"), "https://a.example.jp/1?p=2&q=3");
        for target in ["javascript:alert(1)", "data:text/html,x", "//evil.example/", "/1", "", "https://", "https%3A"] {
            assert!(alert(target).starts_with("https://www.google.com/url?"), "{target}");
        }
        for link in [
            "https://www.google.com/search?url=https://a.example.jp/",
            "https://www.google.com.evil.example/url?url=https://a.example.jp/",
            "https://evil.example/url?url=https://a.example.jp/",
        ] {
            assert_eq!(linked(link), link);
        }
    }

    #[test]
    fn a_mark_of_where_readers_come_from_goes_and_the_rest_of_the_address_stays() {
        let yahoo = "https://news.yahoo.co.jp/pickup/1";
        assert_eq!(linked(&format!("{yahoo}?source=rss")), yahoo);
        assert_eq!(linked(&format!("{yahoo}?a=%E7%81%AB&source=rss&b=+")), format!("{yahoo}?a=%E7%81%AB&b=+"));
        assert_eq!(linked("https://blog.example.jp/1?source=rss"), "https://blog.example.jp/1?source=rss");
    }

    #[test]
    fn only_the_last_line_of_the_service_goes_and_not_what_a_person_wrote() {
        let of = |text: &str| {
            let mut text = text.to_owned();
            submitter(&mut text);
            text
        };
        assert_eq!(of("本文\nsubmitted by /u/a\n[link] [comments]"), "本文");
        assert_eq!(of("It was submitted by mistake."), "It was submitted by mistake.");
    }

    proptest! {
        #[test]
        fn whatever_a_redirection_says_the_link_stays_a_page_of_the_web(target in "(https?:/{0,3}|[a-z]{0,6}:|//|/)?\\PC{0,40}") {
            let mut alert = Url::parse("https://www.google.com/url?rct=j").unwrap();
            alert.query_pairs_mut().append_pair("url", &target);
            let link = linked(alert.as_str());
            let url = Url::parse(&link).unwrap();
            prop_assert!(matches!(url.scheme(), "http" | "https") && url.has_host(), "{}", link);
            prop_assert!(!link.contains(char::is_control));
        }
    }
}
