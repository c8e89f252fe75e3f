//! Files beside the configuration that hold what must not stand in it: a password, or the certificates of an
//! authority of the house.
//!
//! # Invariants
//! What they hold is never in a message, and neither is what a person wrote where a name belongs: it may be the
//! password itself.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

use super::{
    file::World,
    mistake::Wrong,
    node::Node,
    secret::Keys,
    section::{Mistakes, text},
};
use crate::model::{limits, secret::Secret};

/// A secret from the variable of the environment that the setting names.
pub(super) fn from_env(node: &Node, mistakes: &Mistakes, world: &World<'_>, keys: &Keys) -> Option<Secret> {
    let name = text(node, mistakes)?;
    // Somebody in a hurry writes the password where its variable should be named; such a name is not repeated.
    if !name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
        || !name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    {
        let Keys { env, example, what: (what, _), .. } = *keys;
        let ja = format!("{env} には環境変数の名前を大文字で書きます。{what}そのものは書けません — 例: \"{example}\"");
        let en = format!(
            "{env} takes the name of an environment variable in capitals, never the secret itself — such as \"{example}\""
        );
        mistakes.add(&node.at, Wrong::said(ja, en));
        return None;
    }
    let secret = (world.env)(name).map(|value| Secret::new(&value)).filter(|s| !s.expose().trim().is_empty());
    if secret.is_none() {
        let ja = format!("環境変数 {name} が空です — 値を入れてから動かしてください");
        let en = format!("the environment variable {name} is empty — set it before you start");
        mistakes.add(&node.at, Wrong::said(ja, en));
    }
    secret.filter(|s| one_line(s, node, mistakes, keys))
}

/// A secret from a file that holds nothing else.
pub(super) fn secret(node: &Node, mistakes: &Mistakes, world: &World<'_>, keys: &Keys) -> Option<Secret> {
    let path = world.base.join(text(node, mistakes)?);
    let (shown, bytes) = (path.display(), read(&path, node, mistakes)?);
    let Some(secret) = String::from_utf8(bytes).ok().map(|t| Secret::new(t.trim_start_matches('\u{feff}'))) else {
        mistakes.add(
            &node.at,
            Wrong::said(format!("{shown} は文字として読めません"), format!("{shown} is not UTF-8 text")),
        );
        return None;
    };
    if secret.expose().trim().is_empty() {
        mistakes.add(&node.at, Wrong::said(format!("{shown} は空です"), format!("{shown} is empty")));
        return None;
    }
    if open_to_everybody(&path) {
        let ja = format!("{shown} は誰でも読めます — chmod 600 を勧めます");
        mistakes.warn(&node.at, Wrong::said(ja, format!("everybody can read {shown} — chmod 600 is better")));
    }
    Some(secret).filter(|s| one_line(s, node, mistakes, keys))
}

/// Two lines are two things, and only one of them is the secret.
fn one_line(secret: &Secret, node: &Node, mistakes: &Mistakes, keys: &Keys) -> bool {
    let good = !secret.expose().chars().any(char::is_control);
    if !good {
        let (ja, en) = keys.what;
        mistakes.add(
            &node.at,
            Wrong::said(
                format!("{ja}に改行や制御文字が入っています — 1行だけにしてください"),
                format!("{en} holds no line end or control character — give one line and nothing else"),
            ),
        );
    }
    good
}

/// Certificates in PEM, each of which can be an authority.
pub(super) fn authorities(node: &Node, mistakes: &Mistakes, world: &World<'_>) -> Option<Vec<u8>> {
    let path = world.base.join(text(node, mistakes)?);
    let (shown, pem) = (path.display(), read(&path, node, mistakes)?);
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let mut store = RootCertStore::empty();
    let good = found.is_ok_and(|found| !found.is_empty() && found.into_iter().all(|c| store.add(c).is_ok()));
    if !good {
        let ja = format!(
            "{shown} は認証局の証明書（PEM）として読めません — 「-----BEGIN CERTIFICATE-----」で始まるファイルを指定してください"
        );
        let en = format!("{shown} holds no certificate of an authority in PEM (“-----BEGIN CERTIFICATE-----”)");
        mistakes.add(&node.at, Wrong::said(ja, en));
    }
    good.then_some(pem)
}

fn read(path: &Path, node: &Node, mistakes: &Mistakes) -> Option<Vec<u8>> {
    let bounded = || -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        // A device or a log named by mistake has no end.
        File::open(path)?.take(limits::SECRET_FILE_BYTES + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let shown = path.display();
    match bounded() {
        Ok(bytes) if bytes.len() as u64 > limits::SECRET_FILE_BYTES => {
            let en = format!("{shown} is larger than {} KB — is it the right file?", limits::SECRET_FILE_BYTES >> 10);
            let ja = format!(
                "{shown} が {} KB を超えています — 違うファイルではありませんか",
                limits::SECRET_FILE_BYTES >> 10
            );
            mistakes.add(&node.at, Wrong::said(ja, en));
            None
        }
        Ok(bytes) => Some(bytes),
        Err(why) => {
            let (ja, en) = (format!("{shown} を読めません: {why}"), format!("cannot read {shown}: {why}"));
            mistakes.add(&node.at, Wrong::said(ja, en));
            None
        }
    }
}

#[cfg(unix)]
fn open_to_everybody(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|m| m.permissions().mode() & 0o027 != 0)
}

#[cfg(not(unix))]
fn open_to_everybody(_path: &Path) -> bool {
    false
}
