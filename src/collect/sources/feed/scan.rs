//! Reads RSS, Atom and their relatives by walking over tags, whatever state the document is in.
//!
//! Not strict on purpose: unknown roots, missing versions, wrong nesting and cut-off tails are what feeds are made
//! of. It knows entries, a few elements in them, and which vocabulary those are from; everything else is passed over.
//!
//! # Invariants
//! Never fails and never recurses. Entities of the document itself are plain text and are never expanded twice.

use url::Url;

use super::{
    capture::{Capture, Kind},
    draft::{Draft, Slot, slot},
    entry::{Feed, resolve},
    head::{self, Head, Word},
    names::{Names, Space},
};
use crate::{
    collect::{
        html,
        markup::{self, Token, Tokens, attribute, local_name},
    },
    model::{limits, time::Zone},
};

/// What the walk found.
#[derive(Debug, Default)]
pub(crate) struct Scanned {
    /// The document called itself a feed.
    pub(crate) is_feed: bool,
    /// The document called itself a web page, before it called itself anything else.
    pub(crate) is_web_page: bool,
    /// What was read; its `skipped` are entries beyond those that are read.
    pub(crate) feed: Feed,
}

/// Walks over `text`, which came from `base`.
pub(crate) fn scan(text: &str, base: Option<&Url>, zone: Zone) -> Scanned {
    let mut walk = Walk {
        zone,
        names: Names::default(),
        bases: base.cloned().map(|b| (0, b)).into_iter().collect(),
        entities: Vec::new(),
        open: Vec::new(),
        atom: false,
        draft: None,
        capture: None,
        head: Head::default(),
        found: Scanned::default(),
    };
    for token in Tokens::of(text) {
        walk.step(token);
    }
    walk.finish()
}

/// What a captured element is for.
#[derive(Debug, Clone, Copy)]
enum Purpose {
    Entry(Slot),
    Feed(Word),
}

struct Walk {
    zone: Zone,
    names: Names,
    bases: Vec<(usize, Url)>,
    /// Of the document type declaration: names and plain values.
    entities: Vec<(String, String)>,
    /// Local names of the open elements, in lower case.
    open: Vec<(String, Space)>,
    atom: bool,
    draft: Option<Draft>,
    capture: Option<(Purpose, Capture)>,
    head: Head,
    found: Scanned,
}

impl Walk {
    fn step(&mut self, token: Token<'_>) {
        match token {
            Token::Text(text) => {
                if self.capture.is_some() {
                    let written = self.expand(text);
                    let written = written.as_deref().unwrap_or(text);
                    if let Some((_, capture)) = &mut self.capture {
                        capture.text(written, &markup::decode_references(written));
                    }
                }
            }
            Token::Cdata(inside) => {
                if let Some((_, capture)) = &mut self.capture {
                    capture.cdata(inside);
                }
            }
            Token::Doctype(inside) => self.declare(inside),
            Token::Open { name, attributes, empty } => self.open(name, attributes, empty),
            Token::Close { name } => self.close(name),
        }
    }

    fn base(&self) -> Option<&Url> {
        self.bases.last().map(|(_, url)| url)
    }

    fn open(&mut self, name: &str, attributes: &str, empty: bool) {
        let local = local_name(name).to_ascii_lowercase();
        if self.capture.is_some() {
            if !self.ends_capture(&local, name) {
                if let Some((_, capture)) = &mut self.capture {
                    capture.open += usize::from(!empty && capture.name == name);
                    capture.tag(false, name, attributes);
                }
                return;
            }
            self.end_capture();
        }
        self.root(&local);
        let depth = self.open.len() + 1;
        self.names.enter(attributes, depth);
        let space = self.names.space(name);
        let base =
            attribute(attributes, "xml:base").and_then(|b| resolve(&b, self.base())).and_then(|b| Url::parse(&b).ok());
        if let Some(base) = base.filter(|_| self.open.len() < limits::DEPTH) {
            self.bases.push((depth, base));
        }
        if is_entry(&local) && space == Space::Core {
            self.end_entry();
            self.draft = Some(Draft::new(attributes, self.base(), self.zone));
        } else if let Some(purpose) = self.purpose(space, &local, attributes) {
            self.begin(purpose, name, (space, &local), attributes, empty);
            if self.capture.is_some() {
                return;
            }
        }
        if empty {
            self.names.leave(depth);
            self.bases.retain(|(d, _)| *d < depth);
            if is_entry(&local) {
                self.end_entry();
            }
        } else if self.open.len() < limits::DEPTH {
            self.open.push((local, space));
        }
    }

    /// Learns from an element whether this is a feed at all.
    fn root(&mut self, local: &str) {
        match local {
            "html" if !self.found.is_feed => self.found.is_web_page = true,
            "feed" if !self.found.is_web_page => {
                self.atom = self.atom || !self.found.is_feed;
                self.found.is_feed = true;
            }
            "rss" | "rdf" | "channel" if !self.found.is_web_page => self.found.is_feed = true,
            _ => {}
        }
    }

    /// What the element is good for, by where it stands.
    fn purpose(&self, space: Space, local: &str, attributes: &str) -> Option<Purpose> {
        let parent = self.open.last().map_or(("", Space::Core), |(name, space)| (name.as_str(), *space));
        let in_media = parent.1 == Space::Media && matches!(parent.0, "group" | "content" | "community");
        if self.draft.is_some() {
            let here = is_entry(parent.0) || in_media && space == Space::Media;
            return slot(space, local, attributes).filter(|_| here).map(Purpose::Entry);
        }
        head::word(parent.0, space, local).map(Purpose::Feed)
    }

    fn begin(&mut self, purpose: Purpose, name: &str, (space, local): (Space, &str), attributes: &str, empty: bool) {
        if matches!(purpose, Purpose::Entry(Slot::Link)) && attribute(attributes, "href").is_some() {
            let base = self.bases.last().map(|(_, url)| url);
            if let Some(draft) = &mut self.draft {
                draft.atom_link(attributes, base);
            }
        } else if matches!(purpose, Purpose::Entry(Slot::Views)) {
            if let Some(draft) = &mut self.draft {
                draft.statistics(attributes);
            }
        } else if matches!(purpose, Purpose::Feed(Word::Link)) {
            self.head.link(attributes, self.bases.last().map(|(_, url)| url));
        } else if !empty {
            // Media RSS is plain unless it says otherwise, wherever it stands.
            let atom_text =
                self.atom && !matches!(local, "encoded" | "description" | "body" | "fullitem") || space == Space::Media;
            self.capture = Some((purpose, Capture::new(name, Kind::of(attributes, atom_text))));
        }
    }

    /// A new entry, or an element of entries that HTML does not have, shows that the open one was never closed.
    fn ends_capture(&self, local: &str, name: &str) -> bool {
        let Some((purpose, capture)) = &self.capture else { return false };
        let narrow = !matches!(purpose, Purpose::Entry(Slot::Text(_) | Slot::Author(_)));
        let sibling =
            matches!(local, "link" | "guid" | "pubdate" | "description" | "published" | "updated" | "category");
        is_entry(local) && self.names.space(name) == Space::Core || narrow && sibling && capture.name != name
    }

    fn close(&mut self, name: &str) {
        let local = local_name(name).to_ascii_lowercase();
        if let Some((_, capture)) = &mut self.capture {
            let same = capture.name.eq_ignore_ascii_case(name);
            capture.open -= usize::from(same);
            if capture.open == 0 {
                self.end_capture();
                return;
            }
            if same || !matches!(local.as_str(), "item" | "entry" | "channel" | "feed" | "rss") {
                capture.tag(true, name, "");
                return;
            }
            self.end_capture();
        }
        if let Some(i) = self.open.iter().rposition(|(open, _)| *open == local) {
            self.open.truncate(i);
            self.names.leave(i + 1);
            self.bases.retain(|(depth, _)| *depth <= i);
        }
        if is_entry(&local) || matches!(local.as_str(), "channel" | "feed") {
            self.end_entry();
        }
    }

    fn end_capture(&mut self) {
        let Some((purpose, capture)) = self.capture.take() else { return };
        match purpose {
            Purpose::Entry(slot) => {
                let base = self.bases.last().map(|(_, url)| url);
                if let Some(draft) = &mut self.draft {
                    draft.put(slot, &capture, base, self.zone);
                }
            }
            Purpose::Feed(word) => self.head.put(word, &capture),
        }
        // The element itself was never pushed, so its own declarations end here.
        self.names.leave(self.open.len() + 1);
        let depth = self.open.len();
        self.bases.retain(|(d, _)| *d <= depth);
    }

    fn end_entry(&mut self) {
        if let Some(draft) = self.draft.take() {
            let base = self.bases.first().map(|(_, url)| url);
            if self.found.feed.entries.len() < limits::ENTRIES_READ {
                self.found.feed.entries.push(draft.finish(base));
            } else {
                self.found.feed.skipped += 1;
            }
        }
        self.open.retain(|(name, _)| !is_entry(name));
    }

    /// Remembers entities that are plain text: nothing that could hold another.
    fn declare(&mut self, inside: &str) {
        for declaration in inside.split("<!ENTITY").skip(1).take(limits::ENTITIES.saturating_sub(self.entities.len())) {
            let Some((name, behind)) = declaration.trim_start().split_once(char::is_whitespace) else { continue };
            let behind = behind.trim_start();
            let value = behind.chars().next().filter(|c| matches!(c, '"' | '\''));
            let value = value.and_then(|quote| behind.split(quote).nth(1));
            if let Some(value) = value.filter(|v| v.len() <= limits::ENTITY_BYTES && !v.contains(['<', '&', '%'])) {
                self.entities.push((format!("&{name};"), value.to_owned()));
            }
        }
    }

    fn expand(&self, text: &str) -> Option<String> {
        let used = self.entities.iter().any(|(reference, _)| text.contains(reference.as_str()));
        used.then(|| {
            let text = html::cut(text, limits::FIELD_BYTES);
            self.entities.iter().fold(text.to_owned(), |text, (reference, value)| text.replace(reference, value))
        })
    }

    fn finish(mut self) -> Scanned {
        let torn = self.capture.is_some() || self.draft.is_some();
        self.end_capture();
        // A torn entry without a name of its own would get another one when it comes whole.
        if torn && self.draft.as_ref().is_some_and(|draft| !draft.has_name()) {
            self.draft = None;
        }
        self.end_entry();
        let Feed { entries, skipped, .. } = self.found.feed;
        self.found.feed = Feed { entries, skipped, ..self.head.finish() };
        self.found
    }
}

fn is_entry(local: &str) -> bool {
    matches!(local, "item" | "entry")
}
