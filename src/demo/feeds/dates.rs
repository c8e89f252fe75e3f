//! Dates as feeds and HTTP write them.

use std::time::{Duration, UNIX_EPOCH};

use crate::model::time::{Timestamp, Zone};

/// `Wed, 11 Feb 2026 21:04:00 +0900`, the zone as Japanese feeds have it.
pub(super) fn rfc822(at: Timestamp) -> String {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let c = at.civil(Zone::JST);
    let day = DAYS.get(c.weekday as usize).copied().unwrap_or_default();
    let month = (c.month as usize).checked_sub(1).and_then(|month| MONTHS.get(month)).copied().unwrap_or_default();
    format!("{day}, {:02} {month} {} {:02}:{:02}:{:02} +0900", c.day, c.year, c.hour, c.minute, c.second)
}

/// `Wed, 11 Feb 2026 12:04:00 GMT`, as HTTP wants it.
pub(super) fn http(at: Timestamp) -> String {
    let since = Duration::from_secs(u64::try_from(at.seconds()).unwrap_or(0));
    httpdate::fmt_http_date(UNIX_EPOCH + since)
}

/// Reads what [`http`] writes.
pub(super) fn read_http(text: &str) -> Option<Timestamp> {
    let since = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(Timestamp::from_seconds(i64::try_from(since.as_secs()).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_moment_in_both_spellings() {
        let at = Timestamp::parse_rfc3339("2026-02-11T21:04:09+09:00").unwrap();
        assert_eq!(rfc822(at), "Wed, 11 Feb 2026 21:04:09 +0900");
        assert_eq!(http(at), "Wed, 11 Feb 2026 12:04:09 GMT");
        assert_eq!(read_http(&http(at)), Some(at));
    }
}
