//! What stays the same of a line when a page is sent again: its address without sessions, its words without numbers.

use sha2::{Digest, Sha256};
use url::Url;

use crate::{
    collect::html,
    model::{limits, time::Timestamp},
};

/// Parts of an address that belong to a visit and not to a page.
const TOKENS: &[&str] = &[
    "_",
    "_ga",
    "fbclid",
    "gclid",
    "jsessionid",
    "nonce",
    "phpsessid",
    "rand",
    "session",
    "sessionid",
    "sid",
    "timestamp",
    "token",
    "yclid",
];
/// Letters and digits in a row that are a token and no word.
const TOKEN: usize = 16;

/// Where `href` leads, if it leads to a page.
pub(super) fn resolve(href: &str, base: Option<&Url>) -> Option<String> {
    let url = match base {
        Some(base) => base.join(href.trim()).ok(),
        None => Url::parse(href.trim()).ok(),
    }?;
    let address = url.to_string();
    let shown = address.len() <= limits::FIELD_BYTES && matches!(url.scheme(), "http" | "https");
    shown.then_some(address)
}

/// The name of what lies at `address`: the same for every visitor.
pub(super) fn key(address: &str) -> String {
    let Ok(mut url) = Url::parse(address) else { return address.to_owned() };
    let is_token = |name: &str| {
        let name = name.to_ascii_lowercase();
        TOKENS.contains(&name.as_str()) || name.starts_with("utm_")
    };
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    if pairs.iter().any(|(name, _)| is_token(name)) {
        let kept: Vec<_> = pairs.into_iter().filter(|(name, _)| !is_token(name)).collect();
        url.set_query(None);
        if !kept.is_empty() {
            url.query_pairs_mut().extend_pairs(kept);
        }
    }
    let path = url.path().to_owned();
    if let Some((path, _)) = path.split_once(";jsessionid=") {
        url.set_path(path);
    }
    url.to_string()
}

/// The name of a line without an address. Its date belongs to it: the second report of a day bears the first one's words.
pub(super) fn said(title: &str, text: &str, published: Option<Timestamp>) -> String {
    let mut hash = Sha256::new();
    hash.update(fold(title).as_bytes());
    hash.update([0]);
    hash.update(fold(text).as_bytes());
    hash.update(published.map_or(0, Timestamp::millis).to_be_bytes());
    let half: [u8; 16] = hash.finalize().as_slice().get(..16).and_then(|h| h.try_into().ok()).unwrap_or_default();
    format!("sha256:{:032x}", u128::from_be_bytes(half))
}

/// A short mark of a name, for the cursor.
pub(super) fn mark(id: &str) -> String {
    let hash = Sha256::digest(id.as_bytes());
    let first: [u8; 8] = hash.as_slice().get(..8).and_then(|h| h.try_into().ok()).unwrap_or_default();
    format!("{:016x}", u64::from_be_bytes(first))
}

/// Words in one spelling: half-width, lower case, without numbers, tokens and what stands between words. A number that
/// counts (`第2報`) stays: it is what is new.
fn fold(text: &str) -> String {
    let narrow = |c: char| match c {
        '！'..='～' => u32::from(c).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(c),
        other => other,
    };
    let line = html::one_line(text);
    let letters: Vec<char> = line.chars().map(narrow).flat_map(char::to_lowercase).collect();
    let mut out = String::with_capacity(line.len());
    let mut rest = letters.as_slice();
    let mut before = ' ';
    while let Some(first) = rest.first() {
        let length = rest.iter().take_while(|c| c.is_ascii_alphanumeric()).count();
        let (run, behind) = rest.split_at(length.max(1));
        let digits = run.iter().filter(|c| c.is_ascii_digit()).count();
        let kept = if !first.is_ascii_alphanumeric() {
            first.is_alphabetic() && !first.is_numeric()
        } else if before == '第' {
            true
        } else {
            digits < run.len() && !(length >= TOKEN && digits > 0)
        };
        if kept {
            out.extend(run.iter().filter(|c| before == '第' || !c.is_ascii_digit()));
        }
        before = run.last().copied().unwrap_or(' ');
        rest = behind;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_its_name_whatever_session_it_carries() {
        let plain = "https://www.example.jp/news/detail?id=12";
        for dressed in [
            "https://www.example.jp/news/detail?id=12&utm_source=top",
            "https://www.example.jp/news/detail?sid=0a1b2c&id=12",
            "https://www.example.jp/news/detail;jsessionid=0A1B?id=12&_=1795133700",
        ] {
            assert_eq!(key(dressed), plain, "{dressed}");
        }
        assert_ne!(key("https://www.example.jp/news/detail?id=13"), plain);
        assert_ne!(key("https://www.example.jp/news/#n2"), key("https://www.example.jp/news/#n1"));
    }

    #[test]
    fn numbers_and_tokens_change_nothing_and_words_do() {
        let same = |a: &str, b: &str| said(a, "", None) == said(b, "", None);
        assert!(same("閲覧数 1,024 回", "閲覧数　２,０４８ 回"));
        assert!(same("お知らせ (a1b2c3d4e5f60718)", "お知らせ [ffeeddccbbaa9988]"));
        assert!(same("サーバーの停止について", "サーバーの停止について。"));
        assert!(!same("障害について（第1報）", "障害について（第2報）"));
        assert!(!same("復旧しました", "停止しています"));
        assert!(said("障害", "", Some(Timestamp::from_seconds(1))) != said("障害", "", None));
    }

    #[test]
    fn only_pages_are_addresses() {
        let base = Url::parse("https://www.example.jp/news/").unwrap();
        let of = |href: &str| resolve(href, Some(&base));
        assert_eq!(of("../a.html").as_deref(), Some("https://www.example.jp/a.html"));
        for wrong in ["javascript:void(0)", "mailto:a@example.jp", "tel:0312345678", "http://["] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
