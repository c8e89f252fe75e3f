//! From two texts to the bytes of a mail. What stands in them is decided elsewhere.
//!
//! # Invariants
//! The same input gives the same bytes: nothing is random, and the time is the one given. There is no `To`: it is
//! set before the first line when an address is known. Lines end in CRLF and are at most 78 bytes long.

use lettre::message::{
    Body, MultiPart, SinglePart,
    header::{ContentTransferEncoding, ContentType, Headers},
};

use super::headers::{address, date, domain, put, sanitize};
use crate::{
    alert::MailParams,
    model::{
        alert::Rendered,
        incident::{Incident, Level},
        time::Timestamp,
    },
};

/// Mails before this one that `References` names, besides the root.
const REFERENCES: u32 = 10;

/// What goes into a mail.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Letter<'a> {
    /// Mails of one thread refer to each other: the code of an incident, or a name for a matter of the watch itself.
    pub(crate) thread: &'a str,
    /// About what; `None` for a matter of the watch itself.
    pub(crate) incident: Option<&'a Incident>,
    /// The how-manieth of its thread, from 1.
    pub(crate) sequence: u32,
    /// Not yet cleaned.
    pub(crate) subject: &'a str,
    /// Lines end in `\n`.
    pub(crate) text: &'a str,
    /// `None` for the plainest mail.
    pub(crate) html: Option<&'a str>,
}

/// The whole message but for its `To`.
pub(crate) fn build(letter: &Letter<'_>, mail: &MailParams, now: Timestamp) -> Rendered {
    let from = address(&mail.from);
    let host = domain(&from);
    let thread = letter.thread.to_ascii_lowercase().replace('-', "");
    let sequence = letter.sequence.max(1);
    let id = |n: u32| format!("{thread}.n{n}@{host}");
    let subject = sanitize(letter.subject);

    let mut headers = Headers::new();
    put(&mut headers, "From", &format!("火の見 Hinomi <{from}>"));
    if let Some(reply_to) = &mail.reply_to {
        put(&mut headers, "Reply-To", &format!("<{}>", address(reply_to)));
    }
    put(&mut headers, "Subject", &subject);
    put(&mut headers, "Date", &date(now, mail.zone));
    put(&mut headers, "Message-ID", &format!("<{}>", id(sequence)));
    if sequence > 1 {
        put(&mut headers, "In-Reply-To", &format!("<{}>", id(sequence - 1)));
    }
    // A root that nobody sent holds the thread even where a relay rewrites ids or the second mail overtakes the first.
    let mut references = vec![format!("<{thread}.root@{host}>")];
    references.extend((sequence.saturating_sub(REFERENCES).max(1)..sequence).map(|n| format!("<{}>", id(n))));
    put(&mut headers, "References", &references.join(" "));
    // So that absence notes and ticket systems do not answer.
    put(&mut headers, "Auto-Submitted", "auto-generated");
    put(&mut headers, "X-Auto-Response-Suppress", "All");
    put(&mut headers, "List-Id", &format!("Hinomi <alerts.hinomi.{host}>"));
    if let Some(incident) = letter.incident {
        put(&mut headers, "X-Hinomi-Incident", &incident.code());
        put(&mut headers, "X-Hinomi-Level", incident.level.en());
        put(&mut headers, "X-Hinomi-State", incident.state.en());
    }
    // A watch that is blind is as urgent as the gravest thing it could see.
    if letter.incident.is_none_or(|i| i.level == Level::Critical && !i.state.is_closed()) {
        put(&mut headers, "Importance", "high");
    }
    put(&mut headers, "MIME-Version", "1.0");

    // The last letters of a boundary cannot occur in base64, which has no hyphen.
    let mut parts = MultiPart::alternative()
        .boundary(format!("hinomi-{thread}-n{sequence}"))
        .singlepart(part(ContentType::TEXT_PLAIN, letter.text));
    if let Some(html) = letter.html {
        parts = parts.singlepart(part(ContentType::TEXT_HTML, html));
    }
    let mut mime = headers.to_string().into_bytes();
    mime.extend(parts.formatted());
    Rendered { message_id: id(sequence), subject, mime }
}

fn part(kind: ContentType, text: &str) -> SinglePart {
    let text = text.replace("\r\n", "\n").replace('\n', "\r\n");
    // Base64 takes every text; the other arm is for the type alone.
    let body = Body::new_with_encoding(text, ContentTransferEncoding::Base64)
        .unwrap_or_else(|text| Body::new(String::from_utf8_lossy(text.as_ref()).into_owned()));
    SinglePart::builder().header(kind).body(body)
}
