//! The same key for texts that differ only in decoration: copies are found by it. Not a measure of likeness.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::normalize::Normalized;

/// A hash of the letters and digits of `text`: width, case, white space, addresses, emoji and punctuation make no
/// difference. An empty text and one of signs alone share one key.
pub fn text_key(text: &str) -> String {
    let normal = Normalized::new(text);
    let mut hash = Sha256::new();
    let mut buffer = [0u8; 4];
    for word in normal.as_str().split_whitespace() {
        // An address may stick to the words before it: what stands before it still counts.
        let cut = ["http://", "https://"].iter().filter_map(|s| word.find(s)).min().unwrap_or(word.len());
        for c in word.get(..cut).unwrap_or(word).chars().filter(|c| c.is_alphanumeric()) {
            hash.update(c.encode_utf8(&mut buffer).as_bytes());
        }
    }
    hash.finalize().iter().take(16).fold(String::with_capacity(32), |mut key, byte| {
        // Writing to a String cannot fail.
        write!(key, "{byte:02x}").unwrap_or_default();
        key
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoration_and_addresses_make_no_difference_and_words_do() {
        let plain = text_key("青空テレコム つながらない");
        assert_eq!(plain, text_key("青空ﾃﾚｺﾑ　つながらない！！😡 https://t.example/x"));
        assert_ne!(plain, text_key("青空テレコム つながった"));
        assert_eq!(plain.len(), 32);
    }
}
