//! A feed as it is proposed, and the block it would become.

use serde_json::{Value, json};
use url::Url;

use super::{kind, say};
use crate::{
    collect::{
        discover::{self, Found, Reason},
        sources::{
            feed::{Entry, Feed},
            templates::Template,
        },
    },
    config::{Lang, Settings, reference::Given},
    model::{
        post::{Channel, SourceType},
        time::{Span, Timestamp, Zone},
    },
};

/// Entries that are shown.
const SHOWN: usize = 3;
/// Letters of a title that are shown.
const LETTERS: usize = 60;

/// What could be added.
#[derive(Debug, Clone)]
pub(super) struct Proposal {
    pub(super) url: String,
    /// As the source will be called unless a person says otherwise.
    pub(super) name: String,
    pub(super) source_type: SourceType,
    pub(super) channel: Channel,
    pub(super) poll_every: Option<Span>,
    /// The source of the settings that is the same already.
    pub(super) known: Option<String>,
    reason: Option<Reason>,
    seen: Option<Found>,
}

/// What a person said about all of them.
#[derive(Debug, Default)]
pub(super) struct Wish {
    pub(super) name: Option<String>,
    pub(super) source_type: Option<SourceType>,
    pub(super) channel: Option<Channel>,
}

impl Proposal {
    /// What was found at an address.
    pub(super) fn found(found: Found, wish: &Wish, settings: &Settings) -> Self {
        let guess = discover::guess(&found.url, found.title.as_deref(), &found.feed);
        let url = Url::parse(&found.url).ok();
        let manners = url.as_ref().and_then(Template::of_service).map(|template| template.poll_every);
        Self {
            name: wish.name.clone().unwrap_or_else(|| url.as_ref().map(usual_name).unwrap_or_default()),
            source_type: wish.source_type.unwrap_or(guess.source_type),
            // A road that was guessed with another type is no guess any more.
            channel: wish.channel.or(wish.source_type.map(SourceType::usual_channel)).unwrap_or(guess.channel),
            reason: wish.source_type.is_none().then_some(guess.reason),
            poll_every: pace(manners, settings),
            known: known(&found.url, settings),
            url: found.url.clone(),
            seen: Some(found),
        }
    }

    /// An address that is taken at a person's word.
    pub(super) fn unseen(url: &Url, wish: &Wish, settings: &Settings) -> Self {
        let found = Found { url: url.to_string(), title: None, feed: Feed::default() };
        Self { seen: None, ..Self::found(found, wish, settings) }
    }

    /// A ready-made address, seen or not.
    pub(super) fn ready(template: &Template, typed: &str, url: &Url, wish: &Wish, settings: &Settings) -> Self {
        Self {
            name: wish.name.clone().unwrap_or_else(|| template.source_name(typed)),
            source_type: wish.source_type.unwrap_or(template.source_type),
            channel: wish.channel.or(wish.source_type.map(SourceType::usual_channel)).unwrap_or(template.channel),
            poll_every: pace(Some(template.poll_every), settings),
            known: known(url.as_str(), settings),
            url: url.to_string(),
            reason: None,
            seen: None,
        }
    }

    /// With what a visit showed.
    pub(super) fn seen(self, found: Found) -> Self {
        Self { seen: Some(found), ..self }
    }

    /// The section of the settings.
    pub(super) fn block(&self) -> String {
        let mut given = Given::new("[[source]]").text("name", &self.name).text("kind", "feed").text("url", &self.url);
        given = given.text("source_type", self.source_type.as_str());
        if self.channel != self.source_type.usual_channel() {
            given = given.text("channel", self.channel.as_str());
        }
        given.maybe("poll_every", self.poll_every.map(|span| span.to_string()).as_deref()).block()
    }

    /// For a machine.
    pub(super) fn json(&self) -> Value {
        let newest = |entry: &&Entry| json!({"published": entry.published.map(|at| at.rfc3339(Zone::UTC)), "title": headline(entry), "link": entry.link});
        let seen = self.seen.as_ref();
        json!({
            "url": self.url, "name": self.name, "source_type": self.source_type, "channel": self.channel,
            "poll_every": self.poll_every.map(|span| span.to_string()), "known_as": self.known,
            "title": seen.and_then(|found| found.feed.title.as_deref().or(found.title.as_deref())),
            "entries": seen.map(|found| found.feed.entries.len()),
            "newest": seen.map(|found| newest_of(found).iter().map(newest).collect::<Vec<_>>()),
        })
    }

    /// For a person; `n` is what to type for it.
    pub(super) fn lines(&self, n: usize, zone: Zone, lang: Lang) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(found) = &self.seen {
            let title = found.feed.title.as_deref().or(found.title.as_deref());
            let title = title.map_or_else(|| say(lang, "（題名なし）", "(no title)"), short);
            let count = found.feed.entries.len();
            lines.push(format!("  {n}  {title}  {}", say(lang, format!("{count}件"), format!("entries: {count}"))));
            lines.push(format!("     {}", self.url));
            for entry in newest_of(found) {
                lines.push(format!("     {}  {}", time(entry.published, zone, lang), headline(entry)));
            }
            if count == 0 {
                lines.push(say(lang, "     いまは項目がありません", "     there is nothing in it at present"));
            }
        } else {
            lines.push(format!("  {n}  {}", self.url));
            lines.push(say(lang, "     （訪ねていません）", "     (not visited)"));
        }
        let kind = kind(self.source_type, self.channel, lang);
        let why = self.reason.as_ref().map(|reason| format!(" — {}", because(reason, lang))).unwrap_or_default();
        lines.push(format!("     {} {kind}{why}", say(lang, "種類:", "kind:")));
        if let Some(every) = self.poll_every {
            lines.push(say(
                lang,
                format!("     間隔: {every}（このサービスへの礼儀）"),
                format!("     visited every {every}, as this service wants it"),
            ));
        }
        if let Some(name) = &self.known {
            lines.push(say(
                lang,
                format!("     もう設定にあります（{name}）"),
                format!("     is in the settings already ({name})"),
            ));
        }
        lines
    }
}

/// The host; where many write at one host, with the name of who does.
fn usual_name(url: &Url) -> String {
    let template = Template::of_service(url).filter(|t| matches!(t.name, "note" | "ameba" | "livedoor"));
    let writer = url.path_segments().and_then(|mut path| path.next()).filter(|writer| !writer.is_empty());
    match (template, writer) {
        (Some(template), Some(writer)) => template.source_name(writer),
        _ => url.host_str().unwrap_or_default().trim_start_matches("www.").trim_matches(['[', ']']).to_owned(),
    }
}

/// A service's manners, or what is usual in these settings where that is slower. Written out in any case: whoever
/// quickens all sources later must not quicken this one beyond what it bears.
fn pace(manners: Option<Span>, settings: &Settings) -> Option<Span> {
    manners.map(|every| every.max(settings.collect.poll_every))
}

/// The source that visits `url` already, also over the other of http and https.
pub(super) fn known(url: &str, settings: &Settings) -> Option<String> {
    let bare = |url: &str| Url::parse(url).ok().map(|u| u.as_str().trim_start_matches(u.scheme()).to_owned());
    let wanted = bare(url);
    let same = settings.sources.iter().find(|source| bare(source.fields.text("url")) == wanted);
    same.map(|source| source.basics.name.0.clone())
}

fn newest_of(found: &Found) -> Vec<&Entry> {
    let mut entries: Vec<&Entry> = found.feed.entries.iter().collect();
    // Undated ones stay where the feed has them: the newest usually come first.
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.published));
    entries.truncate(SHOWN);
    entries
}

fn headline(entry: &Entry) -> String {
    let first = entry.text.lines().next().unwrap_or_default();
    short(entry.title.as_deref().unwrap_or(first))
}

fn short(text: &str) -> String {
    // Marks that turn the line around would let a title stand before its own date.
    let turns = |c: &char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut letters = text.chars().filter(|c| !turns(c));
    let mut shown: String = letters.by_ref().take(LETTERS).collect();
    if letters.next().is_some() {
        shown.push('…');
    }
    shown
}

fn time(at: Option<Timestamp>, zone: Zone, lang: Lang) -> String {
    at.map_or_else(|| say(lang, "日時なし", "no date"), |at| at.long(zone))
}

fn because(reason: &Reason, lang: Lang) -> String {
    match reason {
        Reason::Host(host) => say(lang, format!("{host} だから"), format!("because of {host}")),
        Reason::Word(word) => say(
            lang,
            format!("住所か題名に「{word}」があるから"),
            format!("because of {word:?} in its address or title"),
        ),
        Reason::Nothing => {
            say(lang, "手がかりがないので仮に。違えば直してください", "a mere guess; correct it if it is wrong")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_one_writer_from_another_at_the_same_host() {
        let of = |url: &str| usual_name(&Url::parse(url).unwrap());
        assert_eq!(of("https://note.com/example_minori/rss"), "note-example_minori");
        assert_eq!(of("https://rssblog.ameba.jp/example-mikan/rss20.xml"), "ameba-example-mikan");
        assert_eq!(of("https://www.aozora.example/news/rss.xml"), "aozora.example");
        assert_eq!(of("https://www.youtube.com/feeds/videos.xml?channel_id=UC1"), "youtube.com");
    }

    #[test]
    fn a_long_title_is_cut_by_letters() {
        assert_eq!(short("青\u{202e}空"), "青空");
        assert_eq!(short(&"青".repeat(61)), "青".repeat(60) + "…");
    }
}
