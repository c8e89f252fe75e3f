//! An entry while its elements are being gathered: which of several titles, texts, links and dates wins.

use url::Url;

use super::{
    capture::Capture,
    date,
    entry::{Entry, resolve},
    names::Space,
};
use crate::{
    collect::html,
    model::time::{Timestamp, Zone},
};

/// The rank of a summary among texts.
const SUMMARY: u8 = 4;

/// What an element inside an entry tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    /// The headline. The number is its rank among several.
    Title(u8),
    /// Content or summary.
    Text(u8),
    /// When.
    Date(u8),
    /// Where.
    Link,
    /// Its name in RSS, which is its link too unless it says otherwise.
    Guid {
        /// `isPermaLink` is not `false`.
        is_link: bool,
    },
    /// Its name in Atom.
    Id,
    /// Who.
    Author(u8),
    /// How often it was played, in an attribute.
    Views,
    /// Where an item of RSS was published first.
    Outlet,
    /// How many bookmarked it.
    Bookmarks,
    /// Stars of a review.
    Rating,
    /// The product whose reviews these are.
    Product,
}

/// The slot of the element `local` in `space`. Higher ranks win.
pub(crate) fn slot(space: Space, local: &str, attributes: &str) -> Option<Slot> {
    use Space::{Content, Core, Dc, Itunes, Media, Service, Terms, Xhtml};
    Some(match (space, local) {
        (Core, "title") => Slot::Title(4),
        (Media, "title") => Slot::Title(3),
        (Dc | Terms, "title") => Slot::Title(2),
        (Itunes, "title") => Slot::Title(1),
        (Content, "encoded") | (Core, "content" | "body" | "fullitem") | (Xhtml, "body" | "div") => Slot::Text(5),
        (Core, "description" | "summary" | "abstract") => Slot::Text(SUMMARY),
        (Itunes, "summary") => Slot::Text(3),
        (Dc | Terms, "description" | "abstract") | (Media, "description") => Slot::Text(2),
        (Itunes, "subtitle") => Slot::Text(1),
        (Core, "published" | "pubdate" | "issued") | (Terms, "issued" | "available") => Slot::Date(5),
        (Core | Terms, "created") => Slot::Date(4),
        (Dc | Terms, "date") => Slot::Date(3),
        (Core, "updated" | "modified" | "lastmod" | "date") | (Terms, "modified") => Slot::Date(2),
        (Core, "link") => Slot::Link,
        (Core, "guid") => {
            let word = crate::collect::markup::attribute(attributes, "isPermaLink");
            Slot::Guid { is_link: word.is_none_or(|w| !w.trim().eq_ignore_ascii_case("false")) }
        }
        (Core, "id") => Slot::Id,
        (Core, "author") => Slot::Author(3),
        (Dc, "creator" | "author" | "corp") | (Service, "creatorname") => Slot::Author(2),
        (Itunes, "author") => Slot::Author(1),
        (Media, "statistics") => Slot::Views,
        // Without an address it is Atom's, which holds elements of another feed.
        (Core, "source") if crate::collect::markup::attribute(attributes, "url").is_some() => Slot::Outlet,
        (Service, "bookmarkcount") => Slot::Bookmarks,
        (Service, "rating") => Slot::Rating,
        (Service, "name") => Slot::Product,
        _ => return None,
    })
}

/// An entry in the making.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    title: (u8, String),
    text: (u8, String),
    date: (u8, Option<Timestamp>),
    author: (u8, Option<String>),
    about: Option<String>,
    id: Option<String>,
    guid: Option<(String, bool)>,
    link: (u8, Option<String>),
    views: Option<u64>,
    /// The summary, also where content outranks it.
    summary: String,
    /// A page about it, which is its link if it has no other.
    related: Option<String>,
    outlet: Option<String>,
    bookmarks: Option<u64>,
    rating: Option<u8>,
    product: Option<String>,
}

impl Draft {
    /// Begins with what the opening tag says: `rdf:about`, and the `href` and `lastmod` of CDF.
    pub(crate) fn new(attributes: &str, base: Option<&Url>, zone: Zone) -> Self {
        let attribute = |name: &str| crate::collect::markup::attribute(attributes, name);
        let about = attribute("rdf:about").or_else(|| attribute("about"));
        let mut draft = Self { about: about.filter(|a| !a.trim().is_empty()), ..Self::default() };
        if let Some(href) = attribute("href") {
            draft.link(1, &href, base);
        }
        if let Some(changed) = attribute("lastmod") {
            draft.date = (1, date::parse(&changed, zone));
        }
        draft
    }

    /// Takes in a finished element.
    pub(crate) fn put(&mut self, slot: Slot, capture: &Capture, base: Option<&Url>, zone: Zone) {
        match slot {
            Slot::Title(rank) => better(&mut self.title, rank, || html::one_line(&capture.plain())),
            Slot::Text(rank) => {
                if rank == SUMMARY && self.summary.is_empty() {
                    self.summary = capture.plain();
                }
                better(&mut self.text, rank, || capture.plain());
            }
            Slot::Date(rank) if rank >= self.date.0 => {
                if let Some(at) = date::parse(&capture.token(), zone) {
                    self.date = (rank, Some(at));
                }
            }
            Slot::Author(rank) if rank > self.author.0 => {
                if let Some(author) = capture.person() {
                    self.author = (rank, Some(author));
                }
            }
            Slot::Link => self.link(4, &capture.token(), base),
            Slot::Guid { is_link } => self.guid = Some((capture.token(), is_link)),
            Slot::Id => self.id = Some(capture.token()),
            Slot::Outlet => self.outlet = named(capture),
            Slot::Bookmarks => self.bookmarks = capture.token().parse().ok(),
            Slot::Rating => self.rating = capture.token().parse().ok().filter(|stars| (0..=5).contains(stars)),
            Slot::Product => self.product = named(capture),
            Slot::Date(_) | Slot::Author(_) | Slot::Views => {}
        }
    }

    /// A link of Atom, which is an attribute.
    pub(crate) fn atom_link(&mut self, attributes: &str, base: Option<&Url>) {
        let attribute = |name: &str| crate::collect::markup::attribute(attributes, name);
        let rel = attribute("rel").unwrap_or_default().to_ascii_lowercase();
        if rel.trim() == "related" && self.related.is_none() {
            self.related = attribute("href").and_then(|href| resolve(&href, base));
        }
        if let Some(href) = attribute("href").filter(|_| matches!(rel.trim(), "" | "alternate")) {
            let html = attribute("type").is_none_or(|t| t.contains("html"));
            self.link(if html { 3 } else { 2 }, &href, base);
        }
    }

    /// The plays of a video, which are an attribute (`media:statistics`).
    pub(crate) fn statistics(&mut self, attributes: &str) {
        let views = crate::collect::markup::attribute(attributes, "views");
        self.views = views.and_then(|v| v.trim().parse().ok()).or(self.views);
    }

    fn link(&mut self, rank: u8, link: &str, base: Option<&Url>) {
        if rank > self.link.0
            && let Some(link) = resolve(link, base)
        {
            self.link = (rank, Some(link));
        }
    }

    /// Whether it can be told from others.
    pub(crate) fn has_name(&self) -> bool {
        self.about.is_some() || self.id.is_some() || self.guid.is_some() || self.link.1.is_some()
    }

    /// The entry. `id` is empty where the document gives none.
    pub(crate) fn finish(mut self, base: Option<&Url>) -> Entry {
        if let (None, Some((guid, true))) = (&self.link.1, &self.guid)
            && (guid.contains("://") || guid.starts_with('/'))
        {
            let guid = guid.clone();
            self.link(1, &guid, base);
        }
        let own = self.about.or(self.guid.map(|(guid, _)| guid)).or(self.id).filter(|id| !id.is_empty());
        // Atom's ids are addresses: `/1` on two hosts are two entries.
        let id = own.map(|id| if id.starts_with('/') { resolve(&id, base).unwrap_or(id) } else { id });
        // The content of a bookmark repeats the title around the same words.
        let text = if self.bookmarks.is_some() && !self.summary.is_empty() { self.summary } else { self.text.1 };
        Entry {
            id: id.unwrap_or_default(),
            title: Some(self.title.1).filter(|t| !t.is_empty()),
            link: self.link.1.or(self.related.filter(|_| self.rating.is_some())),
            published: self.date.1,
            text,
            author: self.author.1,
            views: self.views,
            reach: self.bookmarks,
            outlet: self.outlet,
            rating: self.rating,
            product: self.product,
        }
    }
}

fn named(capture: &Capture) -> Option<String> {
    Some(capture.token()).filter(|name| !name.is_empty())
}

/// Takes a text of a higher rank, unless it is empty.
fn better(place: &mut (u8, String), rank: u8, text: impl FnOnce() -> String) {
    if rank > place.0 {
        let text = text();
        if !text.is_empty() {
            *place = (rank, text);
        }
    }
}
