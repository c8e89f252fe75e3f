//! Markup → what a reader sees. An input that ends in `*` is repeated, so that what is not linear takes long.
#![no_main]

use std::time::Instant;

use hinomi::{
    collect::html::{cut, lines, looks_like_markup, one_line, to_text},
    model::limits,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let text = match text.strip_suffix('*') {
        Some(piece) if !piece.is_empty() => piece.repeat((96 * 1024 / piece.len()).max(1)),
        _ => text.into_owned(),
    };
    #[expect(clippy::disallowed_methods, reason = "a fuzzer measures real time")]
    let begun = Instant::now();
    let plain = to_text(&text);
    let markup = looks_like_markup(&text);
    // Nobody may be able to stop us with a page: two milliseconds are usual, and the machine is shared.
    assert!(begun.elapsed().as_secs() < 10, "{} bytes took {:?}", text.len(), begun.elapsed());
    assert_eq!(plain, to_text(&text));
    assert_eq!(markup, looks_like_markup(&text));
    // `&nGt;` is five bytes and becomes two letters of three each: nothing grows more.
    assert!(plain.len() <= 2 * text.len().min(limits::HTML_BYTES), "{} bytes became {}", text.len(), plain.len());
    assert!(!plain.chars().any(|c| c.is_control() && c != '\n'), "{plain:?}");
    assert!(plain.trim() == plain || plain.is_empty());
    let line = one_line(&text);
    assert!(!line.chars().any(char::is_control) && !line.contains("  "));
    assert_eq!(one_line(&line), line);
    assert_eq!(lines(&lines(&text)), lines(&text));
    assert!(cut(&text, 7).len() <= 7 && text.starts_with(cut(&text, 7)));
});
