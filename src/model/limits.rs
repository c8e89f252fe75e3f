//! Every bound on what a stranger can make us hold or wait for, in one place.
//!
//! Sources: `feed-rs` at 10 MB takes 0.7 s and 113 MB; html5ever-like parsers are quadratic in depth; a mail
//! client clips HTML near 102 KB.

use super::time::Span;

/// Bytes of a response, counted after decompression.
pub const BODY_BYTES: usize = 5 * 1024 * 1024;
/// Entries taken from one page; the newest are kept.
pub const ENTRIES: usize = 500;
/// Entries of one page that are read to find the newest: 1.7 million empty ones fit into a page, and took 455 MB.
pub const ENTRIES_READ: usize = 10_000;
/// Bytes of a post's text.
pub const TEXT_BYTES: usize = 64 * 1024;
/// Bytes of a title, an author, an address or an identity.
pub const FIELD_BYTES: usize = 2 * 1024;
/// Bytes of markup that are turned to text.
pub const HTML_BYTES: usize = 256 * 1024;
/// Elements of a feed within one another; nothing that anybody reads lies deeper.
pub const DEPTH: usize = 64;
/// Prefixes of namespaces in force at once.
pub const PREFIXES: usize = 128;
/// Entities that a document declares itself: every text is searched for each of them.
pub const ENTITIES: usize = 64;
/// Bytes of such an entity's value.
pub const ENTITY_BYTES: usize = 256;
/// Letters of an error or a server's reply that are kept.
pub const ERROR_CHARS: usize = 200;
/// Hops of redirection.
pub const REDIRECTS: usize = 5;
/// Until a connection stands.
pub const CONNECT: Span = Span::seconds(5);
/// For a whole request, body included.
pub const REQUEST: Span = Span::seconds(20);
/// Until the headers of an answer are whole, and then between two of its pieces.
pub const STALLED: Span = Span::seconds(10);
/// Headers of a response over HTTP/1.
pub const HEADERS: usize = 100;
/// Bytes of a response's headers over HTTP/2.
pub const HEADER_BYTES: u32 = 64 * 1024;
/// The longest pause that a server may ask for.
pub const PAUSE: Span = Span::days(7);
/// The longest way between two visits that a page or a server may wish for.
pub const INTERVAL: Span = Span::days(1);
/// For the connection to a mail server.
pub const SMTP_CONNECT: Span = Span::seconds(10);
/// For a whole SMTP transaction: lettre's own limit covers connecting only.
pub const SMTP_TRANSACTION: Span = Span::seconds(90);
/// For the goodbye to a mail server, which changes nothing any more.
pub const SMTP_QUIT: Span = Span::seconds(1);
/// Bytes a mail server may say in one transaction, its certificates included. lettre reads a line to its end, however
/// long, and a reply of many lines anew with each of them: 100 KB kept a debug build busy for 20 s.
pub const SMTP_READ_BYTES: usize = 32 * 1024;
/// Bytes of a mail's HTML part.
pub const MAIL_HTML_BYTES: usize = 60 * 1024;
/// Connections to our own pages at once; the next one waits in the system's queue.
pub const WEB_CONNECTIONS: usize = 16;
/// For the headers of a request to our own pages.
pub const WEB_HEADERS: Span = Span::seconds(5);
/// For a whole connection to our own pages, which carries one request.
pub const WEB_WHOLE: Span = Span::seconds(10);
/// Bytes of the headers of a request to our own pages.
pub const WEB_HEADER_BYTES: usize = 16 * 1024;
/// Bytes of a delivery to `/ingest`, as it comes and after decompression.
pub const INGEST_BYTES: usize = 4 * 1024 * 1024;
/// Posts in one delivery.
pub const INGEST_POSTS: usize = 2_000;
/// Deliveries that are taken in or wait for it; whoever comes next is asked to come again.
pub const INGEST_AT_ONCE: usize = 4;
/// Until the body of a delivery is here, which comes from this machine, if only from its proxy.
pub const INGEST_BODY: Span = Span::seconds(5);
/// For a whole connection with a delivery, from somebody who has shown the token.
pub const INGEST_WHOLE: Span = Span::seconds(25);
/// Refused lines of one delivery that are named.
pub const INGEST_REFUSALS: usize = 20;
/// Sources that others bring to us under names of their own.
pub const PUSHED_SOURCES: usize = 100;
/// Bytes of the name of such a source.
pub const SOURCE_BYTES: usize = 100;
/// Bytes of one line of posts from somebody else.
pub const LINE_BYTES: usize = 1024 * 1024;
/// How far back a post of history may lie.
pub const HISTORY: Span = Span::days(3_650);
/// History is taught as if it had been collected so long ago at least: what has not been judged yet is no history.
pub const HISTORY_LAG: Span = Span::minutes(15);
/// Bytes of a file that holds a secret or certificates; a bundle of all public authorities is a quarter of it.
pub const SECRET_FILE_BYTES: u64 = 1024 * 1024;
/// Bytes beside the database that are given up when the disk is full.
pub const BALLAST_BYTES: u64 = 16 * 1024 * 1024;
/// Letters of a post that a mail quotes (Copyright Act art. 32, minor quotation).
pub const EXCERPT_CHARS: usize = 140;
/// Letters of a mail's subject.
pub const SUBJECT_CHARS: usize = 120;
/// Names in one text that are looked at: an article has dozens, a flood thousands.
pub const NAMES: usize = 400;
/// Hits of one term in one text that are kept.
pub const TERM_HITS: u8 = 20;
/// Pieces of evidence that are kept for a mention.
pub const EVIDENCE: usize = 60;
/// Bytes of one frame of a stream: a post is a few hundred, the largest record that the open networks allow, with
/// every letter escaped, six million.
pub const FRAME_BYTES: usize = 8 * 1024 * 1024;
/// Until a line on which nothing comes, not even the answer to a ping, is taken for dead.
pub const LINE_STALLED: Span = Span::seconds(60);
/// Questions that one source asks in a row without its pause, because one answer did not hold everything.
pub const STEPS: u32 = 50;
/// Requests under way at once.
pub const FETCHES: usize = 8;
/// How far a post's claimed time may lie before its collection (later ones go to their old time flagged as late).
pub const CLAIM_PAST: Span = Span::hours(48);
/// How far a post's claimed time may lie after its collection.
pub const CLAIM_FUTURE: Span = Span::minutes(5);
/// Bytes of a `robots.txt` that are read: what RFC 9309 asks for at least.
pub const ROBOTS_BYTES: usize = 500 * 1024;
/// Rules of a `robots.txt` that are kept; the longest known ones have some thousand.
pub const ROBOTS_RULES: usize = 5_000;
/// The longest pause between two visits that a `robots.txt` may ask for.
pub const CRAWL_DELAY: Span = Span::minutes(2);
/// Sitemaps of one site that are looked at.
pub const SITEMAPS: usize = 8;
/// Elements and texts of a watched page that are looked at; a large portal has ten thousand.
pub const PAGE_NODES: usize = 50_000;
/// Elements of a watched page within one another.
pub const PAGE_DEPTH: usize = 256;
