//! Bytes → entries. An input may begin with a line `Content-Type: …`, which is then the server's word.
#![no_main]

use std::{collections::BTreeSet, panic, sync::Once};

use hinomi::{
    collect::sources::feed::{self, Document},
    model::{limits, time::Zone},
};
use libfuzzer_sys::fuzz_target;

/// A panic of the second reader is caught and counts as no opinion: it must not end the search. What nobody catches
/// still does.
static HOOK: Once = Once::new();

fn is_plain(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() && c != '\n')
}

fuzz_target!(|data: &[u8]| {
    HOOK.call_once(|| {
        panic::set_hook(Box::new(|panic| {
            if !panic.location().is_some_and(|at| at.file().contains("feed-rs")) {
                eprintln!("{panic}");
            }
        }));
    });
    let (content_type, body) = match data.strip_prefix(b"Content-Type: ") {
        Some(rest) => {
            let end = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
            (std::str::from_utf8(&rest[..end]).ok(), rest.get(end + 1..).unwrap_or_default())
        }
        None => (None, data),
    };
    for url in [Some("https://news.example.jp/a/feed.xml"), None] {
        let document = Document { body, content_type, url, zone: Zone::JST };
        let read = feed::read(&document);
        assert_eq!(read, feed::read(&document), "the same bytes, another feed");
        let Ok(feed) = read else { continue };
        assert!(feed.entries.len() <= limits::ENTRIES);
        assert!(feed.title.is_none_or(|t| t.len() <= limits::FIELD_BYTES && is_plain(&t) && !t.contains('\n')));
        let mut ids = BTreeSet::new();
        for entry in &feed.entries {
            assert!(!entry.id.is_empty() && entry.id.len() <= limits::FIELD_BYTES, "id of {} bytes", entry.id.len());
            assert!(ids.insert(&entry.id), "{:?} comes twice", entry.id);
            assert!(entry.text.len() <= limits::TEXT_BYTES && is_plain(&entry.text), "{:?}", entry.text);
            for line in [&entry.title, &entry.author, &entry.link].into_iter().flatten() {
                assert!(line.len() <= limits::FIELD_BYTES, "{} bytes", line.len());
                assert!(is_plain(line) && !line.contains('\n'), "{line:?}");
            }
            if let (Some(link), Some(_)) = (&entry.link, url) {
                let link = link.to_ascii_lowercase();
                assert!(link.starts_with("http:") || link.starts_with("https:"), "{link:?}");
            }
        }
    }
});
