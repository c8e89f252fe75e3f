//! Bytes to letters: which encoding a feed is really in.
//!
//! What a server or a declaration claims is only a candidate; the first one under which every byte makes sense wins.
//! Nothing is refused: where no candidate fits, the one with the fewest holes is taken.

use encoding_rs::{EUC_JP, Encoding, ISO_2022_JP, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE};

/// The text of `body`, whose server called it `content_type`.
pub fn decode(body: &[u8], content_type: Option<&str>) -> String {
    if let Some(text) = by_mark(body).or_else(|| by_pattern(body)) {
        return text;
    }
    let escapes = |b: &[u8]| matches!(b, [0x1b, b'$' | b'(', _]);
    if body.is_ascii() && body.windows(3).any(escapes) {
        return ISO_2022_JP.decode_without_bom_handling(body).0.into_owned();
    }
    let claims = [content_type.and_then(charset), declared(body)].map(|label| label.and_then(|l| encoding(&l)));
    let claims: Vec<_> = claims.into_iter().flatten().collect();
    by_claims(body, &claims).unwrap_or_else(|| with_fewest_holes(body, &claims))
}

/// A byte order mark is the document's own word, unless the bytes behind it contradict it.
fn by_mark(body: &[u8]) -> Option<String> {
    let utf_32 = |rest: &[u8], read: fn([u8; 4]) -> u32| Some(from_utf_32(rest, read));
    match body {
        [0x00, 0x00, 0xfe, 0xff, rest @ ..] => utf_32(rest, u32::from_be_bytes),
        [0xff, 0xfe, 0x00, 0x00, rest @ ..] => utf_32(rest, u32::from_le_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => std::str::from_utf8(rest).ok().map(str::to_owned),
        [0xfe, 0xff, rest @ ..] => Some(UTF_16BE.decode_without_bom_handling(rest).0.into_owned()),
        [0xff, 0xfe, rest @ ..] => Some(UTF_16LE.decode_without_bom_handling(rest).0.into_owned()),
        _ => None,
    }
}

/// A `<` with zero bytes around it tells width and order without any mark.
fn by_pattern(body: &[u8]) -> Option<String> {
    match body {
        [0, 0, 0, b'<' | b'{', ..] => Some(from_utf_32(body, u32::from_be_bytes)),
        [b'<' | b'{', 0, 0, 0, ..] => Some(from_utf_32(body, u32::from_le_bytes)),
        [0, b'<' | b'{', ..] => Some(UTF_16BE.decode_without_bom_handling(body).0.into_owned()),
        [b'<' | b'{', 0, ..] => Some(UTF_16LE.decode_without_bom_handling(body).0.into_owned()),
        _ => None,
    }
}

fn from_utf_32(body: &[u8], read: fn([u8; 4]) -> u32) -> String {
    let (units, _) = body.as_chunks::<4>();
    units.iter().map(|unit| char::from_u32(read(*unit)).unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// # Why this order
/// An encoding of several bytes a letter proves itself by decoding without error; one of a single byte never fails,
/// so it proves nothing. Servers send `ISO-8859-1` for whatever they have.
fn by_claims(body: &[u8], claims: &[&'static Encoding]) -> Option<String> {
    let exact = |encoding: &&'static Encoding| {
        encoding.decode_without_bom_handling_and_without_replacement(body).map(std::borrow::Cow::into_owned)
    };
    let is_wide = |e: &&&'static Encoding| !e.is_single_byte() && **e != UTF_16LE && **e != UTF_16BE;
    let narrow = claims.iter().find(|e| e.is_single_byte());
    let japanese = [&EUC_JP, &SHIFT_JIS];
    claims
        .iter()
        .filter(is_wide)
        .find_map(exact)
        .or_else(|| exact(&UTF_8))
        .or_else(|| match narrow {
            None => japanese.into_iter().find_map(&exact),
            Some(_) => japanese.into_iter().filter_map(&exact).find(|text| has_kana(text)),
        })
        .or_else(|| narrow.and_then(exact))
}

/// Three kana in a row of letters do not come out of a wrong guess.
fn has_kana(text: &str) -> bool {
    text.chars().filter(|c| ('ぁ'..='ヺ').contains(c)).take(3).count() == 3
}

fn with_fewest_holes(body: &[u8], claims: &[&'static Encoding]) -> String {
    let holes = |text: &str| text.matches(char::REPLACEMENT_CHARACTER).count();
    claims
        .iter()
        .copied()
        .filter(|e| *e != UTF_16LE && *e != UTF_16BE)
        .chain([UTF_8, EUC_JP, SHIFT_JIS])
        .map(|e| e.decode_without_bom_handling(body).0.into_owned())
        .min_by_key(|text| holes(text))
        .unwrap_or_default()
}

/// The `charset` of a media type, quoted or not, spaces around the sign or not.
fn charset(content_type: &str) -> Option<String> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches(['"', '\'']).to_owned())
    })
}

/// The `encoding` of an XML declaration near the start, also behind rubbish.
fn declared(body: &[u8]) -> Option<String> {
    const NEAR: usize = 2048;
    let head = String::from_utf8_lossy(body.get(..body.len().min(NEAR)).unwrap_or_default());
    let (_, declaration) = head.split_once("<?xml")?;
    let (declaration, _) = declaration.split_once("?>")?;
    super::super::super::markup::attribute(declaration, "encoding")
}

/// An encoding by its label; Japanese systems have labels that no standard knows.
fn encoding(label: &str) -> Option<&'static Encoding> {
    let label = label.trim().to_ascii_lowercase();
    match label.as_str() {
        "cp932" | "ms932" | "sjis-win" | "x-sjis-cp932" | "windows-932" => Some(SHIFT_JIS),
        "eucjp-win" | "eucjp" | "eucjp-ms" | "cp51932" => Some(EUC_JP),
        "utf8" => Some(UTF_8),
        other => Encoding::for_label(other.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "つばめ電機①、髙橋社長が謝罪";

    fn feed(declaration: &str) -> String {
        format!("{declaration}<rss><title>{TEXT}</title></rss>")
    }

    #[test]
    fn japanese_is_read_whatever_the_server_says() {
        let sjis = |d: &str| SHIFT_JIS.encode(&feed(d)).0.into_owned();
        let plain = "<rss><title>つばめ電機、社長が謝罪した</title></rss>";
        let euc = EUC_JP.encode(plain).0.into_owned();
        let jis = ISO_2022_JP.encode(plain).0.into_owned();
        let with = "<?xml version='1.0' encoding='Shift_JIS'?>";
        let utf_8 = feed(with);
        let cases: [(&[u8], Option<&str>, &str); 9] = [
            (&sjis(with), Some("text/xml; charset=ISO-8859-1"), TEXT),
            (&sjis(""), Some("text/xml; charset=cp932"), TEXT),
            (&sjis(""), None, TEXT),
            (&sjis(""), Some("text/xml; charset=ISO-8859-1"), TEXT),
            (&sjis("<?xml version='1.0' encoding='utf-8'?>"), Some("text/xml"), TEXT),
            (&euc, Some("application/xml"), "社長が謝罪した"),
            (&euc, Some("application/xml; charset = \"x-euc-jp\""), "社長が謝罪した"),
            (&jis, Some("text/xml; charset=utf-8"), "社長が謝罪した"),
            (utf_8.as_bytes(), Some("text/xml"), TEXT),
        ];
        for (body, content_type, want) in cases {
            let got = decode(body, content_type);
            assert!(got.contains(want), "{content_type:?}: {got}");
        }
    }

    #[test]
    fn wide_letters_are_known_by_their_pattern() {
        let utf_16: Vec<u8> = feed("").encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(decode(&utf_16, Some("text/xml; charset=utf-8")), feed(""));
        let utf_32: Vec<u8> = feed("").chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
        assert_eq!(decode(&utf_32, None), feed(""));
        let marked: Vec<u8> =
            [0xff, 0xfe].into_iter().chain(feed("").encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(decode(&marked, None), feed(""));
    }

    #[test]
    fn european_letters_stay_european() {
        let body = b"<?xml version='1.0' encoding='iso-8859-1'?><t>caf\xe9 \x93test\x94</t>";
        assert!(decode(body, None).contains("café “test”"));
    }

    #[test]
    fn one_wrong_byte_costs_one_letter() {
        let mut body = feed("").into_bytes();
        body.insert(12, 0xff);
        let text = decode(&body, Some("text/xml; charset=utf-8"));
        assert!(text.contains(TEXT), "{text}");
    }
}
