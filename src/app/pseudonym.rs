//! Names under which authors are kept: the same person gets the same one, and nobody can read who it is.
//!
//! Why: a detector must know that two posts have one author; it need not know which. The key lies beside the
//! database in a file of its own, so that the database alone names nobody.

use std::{fmt::Write, fs, io, path::Path};

use anyhow::{Context, Result};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::model::post::Post;

/// Bytes of the key.
const KEY_BYTES: usize = 32;

/// Makes pseudonyms.
#[derive(Clone)]
pub struct Pseudonyms(Hmac<Sha256>);

impl std::fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pseudonyms(…)")
    }
}

impl Pseudonyms {
    /// With a key of one's own; replay and demo use a fixed one, so that two runs give the same bytes.
    pub fn with_key(key: &[u8]) -> Result<Self> {
        Hmac::new_from_slice(key).map(Self).context("a key for pseudonyms")
    }

    /// With the key in the file at `path`; makes one on the first start.
    pub fn from_file(path: &Path) -> Result<Self> {
        match fs::read(path) {
            Ok(key) if key.len() >= KEY_BYTES => Self::with_key(&key),
            Ok(_) => anyhow::bail!("{}: too short for a key; restore it from a backup", path.display()),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let mut key = [0; KEY_BYTES];
                rustls::crypto::ring::default_provider()
                    .secure_random
                    .fill(&mut key)
                    .map_err(|_| anyhow::anyhow!("the system gave no random numbers"))?;
                write_private(path, &key).with_context(|| format!("cannot write {}", path.display()))?;
                Self::with_key(&key)
            }
            Err(e) => Err(e).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// The author's pseudonym; `None` where the source names nobody. One handle on two platforms is two people.
    pub fn of(&self, post: &Post) -> Option<String> {
        let author = post.author.as_deref().map(str::trim).filter(|a| !a.is_empty() && !is_nobody(a))?;
        let platform = post
            .url
            .as_deref()
            .and_then(|u| url::Url::parse(u).ok())
            .and_then(|u| u.host_str().map(str::to_owned))
            .unwrap_or_else(|| post.source.0.clone());
        let mut mac = self.0.clone();
        mac.update(platform.as_bytes());
        mac.update(&[0]);
        mac.update(author.trim_start_matches(['@', '＠']).to_lowercase().as_bytes());
        Some(hex(mac.finalize().into_bytes().iter().take(12)))
    }
}

impl Pseudonyms {
    /// A word that only the holder of the key can make, of these words in this order. The first says what for: no
    /// author's pseudonym, which is shorter, is ever such a word.
    pub(super) fn seal(&self, words: &[&str]) -> String {
        let mut mac = self.0.clone();
        for word in words {
            // With their lengths, so that two lists never run together to the same.
            mac.update(&word.len().to_be_bytes());
            mac.update(word.as_bytes());
        }
        hex(mac.finalize().into_bytes().iter())
    }
}

/// What boards write where nobody gave a name. Thirty people under it are not one person.
fn is_nobody(author: &str) -> bool {
    const NOBODY: [&str; 8] = ["名無し", "ななし", "匿名", "id非公開", "ゲスト", "anonymous", "guest", "unknown"];
    let author = author.to_lowercase();
    NOBODY.iter().any(|name| author.starts_with(name))
}

/// A number that names a post for good, also where no row of it is kept.
pub fn post_hash(post: &Post) -> i64 {
    let mut hash = Sha256::new();
    hash.update(post.source.0.as_bytes());
    hash.update([0]);
    hash.update(post.external_id.as_bytes());
    let first: [u8; 8] = hash.finalize().as_slice().get(..8).and_then(|b| b.try_into().ok()).unwrap_or_default();
    i64::from_be_bytes(first)
}

/// As two digits each.
pub(super) fn hex<'a>(bytes: impl Iterator<Item = &'a u8>) -> String {
    bytes.fold(String::new(), |mut text, byte| {
        // Why: writing to a String cannot fail.
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

/// Readable by nobody else from its first moment, and whole or not there at all: half a key, left by a program that
/// was killed, would be refused at every later start.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    let draft = path.with_extension("key-draft");
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    fail::fail_point!("key", |_| std::process::abort());
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).map_or(Ok(()), |f| fs::File::open(f)?.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::post;

    #[test]
    fn one_person_keeps_one_pseudonym_and_it_hides_the_handle() {
        let names = Pseudonyms::with_key(b"a key of the tests").unwrap();
        let by = |author: &str, url: &str| {
            names.of(&Post { author: Some(author.into()), url: Some(url.into()), ..post("1", "") })
        };
        let key = by("@Mei", "https://sns.example/1").unwrap();
        assert_eq!(by("mei", "https://sns.example/2").unwrap(), key);
        assert_ne!(by("mei", "https://blog.example/2").unwrap(), key);
        assert!(!key.contains("mei"));
        assert_eq!(names.of(&Post { author: Some("名無しさん＠青空".into()), ..post("1", "") }), None);
        assert_eq!(names.of(&Post { author: Some("  ".into()), ..post("1", "") }), None);
    }

    #[test]
    fn the_key_is_made_once_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hinomi.key");
        let first = Pseudonyms::from_file(&path).unwrap().of(&post("1", ""));
        assert_eq!(Pseudonyms::from_file(&path).unwrap().of(&post("1", "")), first);
        fs::write(&path, b"short").unwrap();
        assert!(Pseudonyms::from_file(&path).unwrap_err().to_string().contains("too short"));
    }
}
