//! Secrets: named by an environment variable or a file of their own, never written in the configuration, which ends up
//! in repositories and mails.

use std::path::Path;

use super::{
    file::World,
    mistake::Wrong,
    node::Node,
    section::{Mistakes, Section, text},
};
use crate::model::secret::Secret;

/// The keys under which one secret may be given.
pub(super) struct Keys {
    /// What somebody might write in clear; refused.
    pub(super) plain: &'static str,
    pub(super) env: &'static str,
    pub(super) file: &'static str,
    /// What it is, in Japanese and in English.
    pub(super) what: (&'static str, &'static str),
}

/// Reads it; `None` where it is not given, or not usable and said so.
pub(super) fn read(s: &mut Section<'_>, world: &World<'_>, keys: &Keys) -> Option<Secret> {
    let Keys { plain, env, file, what: (ja, en) } = *keys;
    s.refuse(
        plain,
        Wrong::said(
            format!("{ja}はここに書けません — {env} に環境変数の名前を書くか、{file} を使います"),
            format!("{en} does not belong here — name an environment variable in {env}, or use {file}"),
        ),
    );
    if let (Some(_), Some(both)) = (s.entry(env), s.entry(file)) {
        let ja = format!("{env} と {file} はどちらか一つです");
        s.mistakes.add(&both.at, Wrong::said(ja, format!("give either {env} or {file}, not both")));
    }
    let from_env = s.optional(env, |n, m| {
        let name = text(n, m)?;
        let value = (world.env)(name).map(|v| Secret::new(&v)).filter(|s| !s.expose().is_empty());
        if value.is_none() {
            let ja = format!("環境変数 {name} が空です — 値を入れてから動かしてください");
            m.add(
                &n.at,
                Wrong::said(ja, format!("the environment variable {name} is empty — set it before you start")),
            );
        }
        value
    });
    let from_file = s.optional(file, |n, m| secret_file(n, m, world));
    from_env.or(from_file)
}

fn secret_file(node: &Node, mistakes: &Mistakes, world: &World<'_>) -> Option<Secret> {
    let path = world.base.join(text(node, mistakes)?);
    let shown = path.display();
    match std::fs::read_to_string(&path).map(|t| Secret::new(&t)) {
        Ok(secret) if !secret.expose().is_empty() => {
            if open_to_everybody(&path) {
                let ja = format!("{shown} は誰でも読めます — chmod 600 を勧めます");
                mistakes.warn(&node.at, Wrong::said(ja, format!("everybody can read {shown} — chmod 600 is better")));
            }
            return Some(secret);
        }
        Ok(_) => mistakes.add(&node.at, Wrong::said(format!("{shown} は空です"), format!("{shown} is empty"))),
        Err(why) => {
            mistakes.add(
                &node.at,
                Wrong::said(format!("{shown} を読めません: {why}"), format!("cannot read {shown}: {why}")),
            );
        }
    }
    None
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
