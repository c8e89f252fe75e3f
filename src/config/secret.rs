//! Secrets: named by an environment variable or a file of their own, never written in the configuration, which ends up
//! in repositories and mails.

use super::{file::World, mistake::Wrong, secret_file, section::Section};
use crate::model::secret::Secret;

/// The keys under which one secret may be given.
pub(super) struct Keys {
    /// What somebody might write in clear; refused.
    pub(super) plain: &'static str,
    pub(super) env: &'static str,
    pub(super) file: &'static str,
    /// What such a variable may be called.
    pub(super) example: &'static str,
    /// What it is, in Japanese and in English.
    pub(super) what: (&'static str, &'static str),
}

/// Reads it; `None` where it is not given, or not usable and said so.
pub(super) fn read(s: &mut Section<'_>, world: &World<'_>, keys: &Keys) -> Option<Secret> {
    let Keys { plain, env, file, what: (ja, en), .. } = *keys;
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
    let from_env = s.optional(env, |n, m| secret_file::from_env(n, m, world, keys));
    let from_file = s.optional(file, |n, m| secret_file::secret(n, m, world, keys));
    from_env.or(from_file)
}
