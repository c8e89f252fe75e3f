//! One request, one answer: the body of a feed with its headers, or 304.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use sha2::{Digest, Sha256};

use super::{
    FeedSpec, dates, dialects,
    shelf::{Shelf, changed_at},
};
use crate::model::time::Timestamp;

/// What the feed says at `now` to somebody who sent `asked`.
pub(super) fn answer(spec: &FeedSpec, shelf: &Shelf, now: Timestamp, asked: &HeaderMap) -> Response {
    let shown = shelf.newest(now, spec.page);
    let changed = changed_at(&shown, now);
    let (content_type, body) = dialects::write(spec, &shown, changed.unwrap_or(now));
    let etag = etag(&body);
    let fresh = unchanged(asked, &etag, changed);

    let mut response = Response::new(if fresh { Body::empty() } else { Body::from(body) });
    *response.status_mut() = if fresh { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
    let modified = changed.map(dates::http);
    let fields = [
        (header::ETAG, Some(etag)),
        (header::LAST_MODIFIED, modified),
        (header::CACHE_CONTROL, Some("max-age=60".to_owned())),
        // The demo's clock, not the machine's: a reader must not see a feed from years ago.
        (header::DATE, Some(dates::http(now))),
        (header::CONTENT_TYPE, Some(content_type.to_owned()).filter(|_| !fresh)),
    ];
    for (name, value) in fields {
        if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// Strong: the same tag is the same bytes.
fn etag(body: &[u8]) -> String {
    let hash = Sha256::digest(body);
    let first = hash.iter().take(12).fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    format!("\"{first:024x}\"")
}

/// Whether the reader has it already. By RFC 9110 a tag wins over a date.
fn unchanged(asked: &HeaderMap, etag: &str, changed: Option<Timestamp>) -> bool {
    let field = |name| asked.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if let Some(tags) = field(header::IF_NONE_MATCH) {
        return tags.split(',').map(|tag| tag.trim().trim_start_matches("W/")).any(|tag| tag == etag || tag == "*");
    }
    let since = field(header::IF_MODIFIED_SINCE).and_then(dates::read_http);
    matches!((since, changed), (Some(since), Some(changed)) if changed.seconds() <= since.seconds())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn a_tag_wins_over_a_date() {
        let changed = Some(Timestamp::from_seconds(1000));
        let mut both = asked(header::IF_NONE_MATCH, "\"other\"");
        both.insert(
            header::IF_MODIFIED_SINCE,
            HeaderValue::from_str(&dates::http(Timestamp::from_seconds(2000))).unwrap(),
        );
        assert!(!unchanged(&both, "\"mine\"", changed));
        assert!(unchanged(&asked(header::IF_NONE_MATCH, "\"a\", W/\"mine\""), "\"mine\"", changed));
    }

    #[test]
    fn a_date_counts_whole_seconds() {
        let changed = Some(Timestamp::from_millis(1_000_900));
        let since = |seconds| asked(header::IF_MODIFIED_SINCE, &dates::http(Timestamp::from_seconds(seconds)));
        assert!(unchanged(&since(1000), "\"x\"", changed));
        assert!(!unchanged(&since(999), "\"x\"", changed));
        assert!(!unchanged(&HeaderMap::new(), "\"x\"", changed));
    }
}
