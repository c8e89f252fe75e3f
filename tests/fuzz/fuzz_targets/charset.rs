//! Bytes → letters. An input may begin with a line `Content-Type: …`, which is then the server's word.
#![no_main]

use hinomi::collect::sources::feed::decode;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (content_type, body) = match data.strip_prefix(b"Content-Type: ") {
        Some(rest) => {
            let end = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
            (std::str::from_utf8(&rest[..end]).ok(), rest.get(end + 1..).unwrap_or_default())
        }
        None => (None, data),
    };
    let text = decode(body, content_type);
    assert_eq!(text, decode(body, content_type));
    assert!(text.len() <= 3 * body.len() + 3, "{} bytes became {}", body.len(), text.len());
    // Whoever writes UTF-8 and says nothing else is read to the letter.
    let written =
        std::str::from_utf8(body).ok().filter(|t| !t.contains(['\0', '\u{1b}', '\u{feff}']) && !t.contains("encoding"));
    if let (Some(written), None) = (written, content_type) {
        assert_eq!(text, written);
    }
});
