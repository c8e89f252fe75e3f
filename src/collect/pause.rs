//! When a server wants to be asked again, by the headers that servers say it with.
//!
//! Not here: how long we obey at most (`schedule.rs`), and which answers mean a refusal (`fetch.rs`).

use crate::model::time::{Span, Timestamp};

/// When a server wants to be asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// So long after its answer.
    In(Span),
    /// Not before.
    At(Timestamp),
}

/// A number of seconds below this is a length of time; above, it is a point in time since 1970.
const EPOCHS: i64 = 1_000_000_000;

/// `Retry-After` in both its forms; without it the end of the window that X (seconds since 1970) and Mastodon (a date)
/// name. `header` gives the value of a header by its name in small letters.
pub(super) fn wished(header: impl Fn(&'static str) -> Option<String>) -> Option<RetryAfter> {
    if let Some(value) = header("retry-after") {
        return seconds(&value).map(RetryAfter::In).or_else(|| date(&value));
    }
    let value = header("x-rate-limit-reset").or_else(|| header("x-ratelimit-reset"))?;
    match value.parse::<i64>() {
        Ok(since_1970) if since_1970 >= EPOCHS => Some(RetryAfter::At(Timestamp::from_seconds(since_1970))),
        Ok(_) => seconds(&value).map(RetryAfter::In),
        Err(_) => Timestamp::parse_rfc3339(&value).map(RetryAfter::At).or_else(|| date(&value)),
    }
}

fn seconds(text: &str) -> Option<Span> {
    text.parse::<u32>().ok().map(|seconds| Span::seconds(i64::from(seconds)))
}

fn date(text: &str) -> Option<RetryAfter> {
    let since = httpdate::parse_http_date(text).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(RetryAfter::At(Timestamp::from_seconds(i64::try_from(since.as_secs()).ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pause(pairs: &[(&str, &str)]) -> Option<RetryAfter> {
        wished(|name| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    }

    fn at(text: &str) -> RetryAfter {
        RetryAfter::At(Timestamp::parse_rfc3339(text).unwrap())
    }

    #[test]
    fn a_pause_is_read_in_both_forms() {
        assert_eq!(pause(&[("retry-after", "120")]), Some(RetryAfter::In(Span::seconds(120))));
        assert_eq!(pause(&[("retry-after", "Fri, 20 Nov 2026 00:15:00 GMT")]), Some(at("2026-11-20T00:15:00Z")));
        for wrong in ["-1", "soon", "99999999999999"] {
            assert_eq!(pause(&[("retry-after", wrong)]), None, "{wrong}");
        }
    }

    #[test]
    fn the_end_of_a_window_is_read_as_x_and_as_mastodon_write_it() {
        assert_eq!(pause(&[("x-rate-limit-reset", "1795133700")]), Some(at("2026-11-20T00:15:00Z")));
        assert_eq!(
            pause(&[("x-ratelimit-reset", "2026-11-20T00:15:00.123456Z")]),
            Some(at("2026-11-20T00:15:00.123Z"))
        );
        assert_eq!(pause(&[("x-ratelimit-reset", "30")]), Some(RetryAfter::In(Span::seconds(30))));
        assert_eq!(pause(&[("x-rate-limit-reset", "tomorrow")]), None);
        // A word on how long to stay away is stronger than one on when the window ends.
        let both = [("x-rate-limit-reset", "1795133700"), ("retry-after", "5")];
        assert_eq!(pause(&both), Some(RetryAfter::In(Span::seconds(5))));
        assert_eq!(pause(&[]), None);
    }
}
