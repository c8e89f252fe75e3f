//! How each feed is written. Every one has another format, another charset or another habit, so that the demo runs
//! the whole chain of reading and not only its easy half.

use super::{FeedSpec, Outlet, dates, json, xml::Xml, xml::escape};
use crate::model::{
    post::Post,
    time::{Timestamp, Zone},
};

/// Content type and bytes of a feed that shows `shown`.
pub(super) fn write(spec: &FeedSpec, shown: &[&Post], changed: Timestamp) -> (&'static str, Vec<u8>) {
    match spec.outlet {
        Outlet::Sns => ("application/rss+xml; charset=utf-8", sns(spec, shown, changed)),
        Outlet::Blog => ("application/atom+xml; charset=utf-8", blog(spec, shown, changed)),
        // The charset stands only in the document, as in many old feeds of newspapers.
        Outlet::News => ("application/xml", news(spec, shown, changed)),
        Outlet::Video => ("text/xml; charset=UTF-8", video(spec, shown, changed)),
        Outlet::Matome => ("application/feed+json", json::write(spec, shown, changed)),
        Outlet::Review => ("application/rss+xml", review(spec, shown, changed)),
    }
}

fn str_of(field: Option<&String>) -> &str {
    field.map_or("", String::as_str)
}

fn published(post: &Post) -> Timestamp {
    post.published_at.unwrap_or(post.collected_at)
}

/// RSS 2.0 of short posts: no titles, HTML in the description, identities that are no addresses.
fn sns(spec: &FeedSpec, shown: &[&Post], changed: Timestamp) -> Vec<u8> {
    rss(spec, "https://sns.example/", changed, |xml| {
        for post in shown {
            xml.element("item", &[], |xml| {
                xml.text("guid", &[("isPermaLink", "false")], &post.external_id);
                xml.text("link", &[], str_of(post.url.as_ref()));
                xml.text("pubDate", &[], &dates::rfc822(published(post)));
                xml.text("dc:creator", &[], str_of(post.author.as_ref()));
                let html = escape(&post.text).replace('\n', "<br>");
                xml.text("description", &[], &format!("<p>{html}</p>"));
            });
        }
    })
}

/// RSS 2.0 of reviews: the identity is the address and there is no link; the text is in CDATA; dates in GMT.
fn review(spec: &FeedSpec, shown: &[&Post], changed: Timestamp) -> Vec<u8> {
    rss(spec, "https://review.example/", changed, |xml| {
        for post in shown {
            xml.element("item", &[], |xml| {
                xml.text("title", &[], str_of(post.title.as_ref()));
                xml.text("guid", &[], &post.external_id);
                xml.text("dc:creator", &[], str_of(post.author.as_ref()));
                xml.cdata("description", &escape(&post.text));
                xml.text("pubDate", &[], &dates::http(published(post)));
            });
        }
    })
}

fn rss(spec: &FeedSpec, home: &str, changed: Timestamp, items: impl FnOnce(&mut Xml)) -> Vec<u8> {
    let mut xml = Xml::new("UTF-8");
    xml.element("rss", &[("version", "2.0"), ("xmlns:dc", "http://purl.org/dc/elements/1.1/")], |xml| {
        xml.element("channel", &[], |xml| {
            xml.text("title", &[], spec.title);
            xml.text("link", &[], home);
            xml.text("description", &[], spec.title);
            xml.text("lastBuildDate", &[], &dates::rfc822(changed));
            items(xml);
        });
    });
    xml.finish().into_bytes()
}

/// Atom 1.0 of blogs: whole entries as HTML paragraphs.
fn blog(spec: &FeedSpec, shown: &[&Post], changed: Timestamp) -> Vec<u8> {
    let mut xml = Xml::new("utf-8");
    xml.element("feed", &[("xmlns", "http://www.w3.org/2005/Atom"), ("xml:lang", "ja")], |xml| {
        xml.text("id", &[], "tag:blog.example,2026:feed");
        xml.text("title", &[], spec.title);
        xml.text("updated", &[], &changed.rfc3339(Zone::JST));
        for post in shown {
            xml.element("entry", &[], |xml| {
                xml.text("id", &[], &post.external_id);
                xml.text("title", &[], str_of(post.title.as_ref()));
                xml.empty("link", &[("rel", "alternate"), ("href", str_of(post.url.as_ref()))]);
                xml.text("published", &[], &published(post).rfc3339(Zone::JST));
                xml.text("updated", &[], &published(post).rfc3339(Zone::JST));
                xml.element("author", &[], |xml| xml.text("name", &[], str_of(post.author.as_ref())));
                let html: Vec<String> = post.text.split("\n\n").map(|p| format!("<p>{}</p>", escape(p))).collect();
                xml.text("content", &[("type", "html")], &html.join("\n"));
            });
        }
    });
    xml.finish().into_bytes()
}

/// RSS 1.0 of newspapers, in `Shift_JIS`. What that charset lacks becomes a numeric entity.
fn news(spec: &FeedSpec, shown: &[&Post], changed: Timestamp) -> Vec<u8> {
    let mut xml = Xml::new("Shift_JIS");
    let spaces = [
        ("xmlns", "http://purl.org/rss/1.0/"),
        ("xmlns:rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"),
        ("xmlns:dc", "http://purl.org/dc/elements/1.1/"),
        ("xml:lang", "ja"),
    ];
    xml.element("rdf:RDF", &spaces, |xml| {
        xml.element("channel", &[("rdf:about", "https://news.example/index.rdf")], |xml| {
            xml.text("title", &[], spec.title);
            xml.text("link", &[], "https://news.example/");
            xml.text("description", &[], spec.title);
            xml.text("dc:date", &[], &changed.rfc3339(Zone::JST));
            xml.element("items", &[], |xml| {
                xml.element("rdf:Seq", &[], |xml| {
                    for post in shown {
                        xml.empty("rdf:li", &[("rdf:resource", &post.external_id)]);
                    }
                });
            });
        });
        for post in shown {
            xml.element("item", &[("rdf:about", &post.external_id)], |xml| {
                xml.text("title", &[], str_of(post.title.as_ref()));
                xml.text("link", &[], str_of(post.url.as_ref()));
                xml.text("description", &[], &post.text);
                xml.text("dc:creator", &[], str_of(post.author.as_ref()));
                xml.text("dc:date", &[], &published(post).rfc3339(Zone::JST));
            });
        }
    });
    encoding_rs::SHIFT_JIS.encode(&xml.finish()).0.into_owned()
}

/// Atom with Media RSS and a counter of plays, as video sites publish channels.
fn video(spec: &FeedSpec, shown: &[&Post], changed: Timestamp) -> Vec<u8> {
    let mut xml = Xml::new("UTF-8");
    let spaces = [("xmlns", "http://www.w3.org/2005/Atom"), ("xmlns:media", "http://search.yahoo.com/mrss/")];
    xml.element("feed", &spaces, |xml| {
        xml.text("id", &[], "video:feed");
        xml.text("title", &[], spec.title);
        xml.text("updated", &[], &changed.rfc3339(Zone::UTC));
        for post in shown {
            let (title, url) = (str_of(post.title.as_ref()), str_of(post.url.as_ref()));
            xml.element("entry", &[], |xml| {
                xml.text("id", &[], &post.external_id);
                xml.text("title", &[], title);
                xml.empty("link", &[("rel", "alternate"), ("href", url)]);
                xml.element("author", &[], |xml| xml.text("name", &[], str_of(post.author.as_ref())));
                xml.text("published", &[], &published(post).rfc3339(Zone::UTC));
                // A counter that moves is no edit, so `updated` stays.
                xml.text("updated", &[], &published(post).rfc3339(Zone::UTC));
                xml.element("media:group", &[], |xml| {
                    xml.text("media:title", &[], title);
                    xml.empty("media:content", &[("url", url), ("type", "application/x-shockwave-flash")]);
                    xml.text("media:description", &[], &post.text);
                    xml.element("media:community", &[], |xml| {
                        let views = post.views.unwrap_or(0).to_string();
                        xml.empty("media:statistics", &[("views", &views)]);
                    });
                });
            });
        }
    });
    xml.finish().into_bytes()
}
