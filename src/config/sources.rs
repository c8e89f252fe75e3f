//! `[[source]]`: where to look.

use url::Url;

use super::{
    Lang,
    file::{World, one_of, poll_every},
    mistake::Wrong,
    node::Node,
    section::{Mistakes, Section, Strangers, list, say_twice, text},
};
use crate::{
    collect::{SourceBasics, sources::SourceParams},
    model::post::{Channel, SourceName, SourceType},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Feed,
    Jsonl,
}

/// The word in the file. A new kind of source is a line here and an arm in [`one`].
const KINDS: [(&str, Kind); 2] = [("feed", Kind::Feed), ("jsonl", Kind::Jsonl)];

/// All sources. One that cannot be read does not hide the mistakes of the next.
pub(super) fn read(node: &Node, mistakes: &Mistakes, world: &World<'_>) -> Option<Vec<SourceParams>> {
    let (mut names, mut addresses) = (Vec::<String>::new(), Vec::<String>::new());
    list(node, mistakes, |n, m| {
        Section::read(n, m, Strangers::Refuse, |s| {
            let name = s.required("name", "name = \"pr-times\"", |n, m| {
                let name = text(n, m)?.to_owned();
                if names.contains(&name) {
                    say_twice(n, m, &name);
                }
                names.push(name.clone());
                Some(name)
            });
            let source = one(s, name, world);
            // One address under two names would be asked twice as often, and every post counted twice.
            if let (Some(SourceParams::Feed { url, .. }), Some(entry)) = (&source, s.entry("url")) {
                if addresses.contains(url) {
                    say_twice(&entry.node, s.mistakes, url);
                }
                addresses.push(url.clone());
            }
            source
        })?
    })
}

fn one(s: &mut Section<'_>, name: Option<String>, world: &World<'_>) -> Option<SourceParams> {
    let kind = s.required("kind", "kind = \"feed\"", |n, m| one_of(n, m, &KINDS));
    let types: Vec<_> = SourceType::ALL.iter().map(|t| (t.as_str(), *t)).collect();
    let source_type = s.required("source_type", "source_type = \"news\"", |n, m| one_of(n, m, &types));
    let channels: Vec<_> = Channel::ALL.iter().map(|c| (c.as_str(), *c)).collect();
    let channel = s.optional("channel", |n, m| one_of(n, m, &channels));
    let poll_every = s.optional("poll_every", poll_every);

    // Both are read whatever the kind, so that a key of the other kind is named as such and not as unknown.
    let url = s.optional("url", web_address);
    let path = s.optional("path", |n, m| text(n, m).map(|p| world.base.join(p)));
    let (url_entry, path_entry) = (s.entry("url"), s.entry("path"));
    let (wanted, example, unwanted) = match kind? {
        Kind::Feed => (("url", url_entry), "url = \"https://news.example.jp/rss.xml\"", path_entry),
        Kind::Jsonl => (("path", path_entry), "path = \"posts.jsonl\"", url_entry),
    };
    if wanted.1.is_none() {
        s.mistakes.add(s.at, Wrong::Missing { key: wanted.0, example });
    }
    if let Some(entry) = unwanted {
        let (key, instead) = (&entry.key, wanted.0);
        let ja = format!("この種類の情報源に {key:?} は使いません — {instead:?} だけを書きます");
        s.mistakes.add(&entry.at, Wrong::said(ja, format!("this kind of source takes {instead:?}, not {key:?}")));
    }

    let source_type = source_type?;
    let channel = channel.unwrap_or(source_type.usual_channel());
    let basics = SourceBasics { name: SourceName(name?), source_type, channel, poll_every };
    match kind? {
        Kind::Feed => Some(SourceParams::Feed { basics, url: url? }),
        Kind::Jsonl => Some(SourceParams::Jsonl { basics, path: path? }),
    }
}

/// A page on the web.
pub(super) fn web_address(node: &Node, mistakes: &Mistakes) -> Option<String> {
    let address = text(node, mistakes)?;
    match wrong_address(address, &format!("{:?}", node.name)) {
        None => Some(address.to_owned()),
        Some(wrong) => {
            mistakes.add(&node.at, wrong);
            None
        }
    }
}

/// What is wrong with an address that somebody types for a page on the web; nothing if it can be asked.
pub fn web_address_mistake(address: &str, lang: Lang) -> Option<String> {
    let name = match lang {
        Lang::Ja => "この URL",
        Lang::En => "this",
    };
    wrong_address(address, name).map(|wrong| wrong.text(lang))
}

/// The message never repeats the address, for it may carry a password.
fn wrong_address(address: &str, name: &str) -> Option<Wrong> {
    match Url::parse(address) {
        Ok(url) if !matches!(url.scheme(), "http" | "https") || !url.has_host() => Some(Wrong::said(
            format!("{name} は http:// か https:// で始まる URL にしてください"),
            format!("{name} must be an address that starts with http:// or https://"),
        )),
        Ok(url) if !url.username().is_empty() || url.password().is_some() => Some(Wrong::said(
            format!("{name} にユーザー名やパスワードを入れないでください — URL は記録に残ります"),
            format!("{name} must not carry a user name or a password — addresses are written to the log"),
        )),
        Ok(_) => None,
        Err(why) => Some(Wrong::said(
            format!("{name} は URL として読めません — 例: \"https://news.example.jp/rss.xml\""),
            format!("{name} is no URL ({why}) — such as \"https://news.example.jp/rss.xml\""),
        )),
    }
}
