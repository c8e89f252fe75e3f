//! Points in time, lengths of time and how people read them. The only file that knows chrono.
//!
//! # Invariants
//! A [`Timestamp`] is UTC milliseconds, also in the database. A zone is asked for only where a person reads.

use std::{
    fmt,
    ops::{Add, Sub},
    str::FromStr,
};

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, TimeZone, Timelike, Utc};
use serde::{Deserialize, Serialize};

/// UTC milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

/// A length of time in milliseconds; may be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Span(i64);

/// How far a place's clocks are ahead of UTC, in seconds. Japan has no summer time, so an offset is enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Zone(i32);

/// A point in time as a calendar and a clock on the wall show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Civil {
    /// Year of the common era.
    pub year: i32,
    /// 1 to 12.
    pub month: u32,
    /// 1 to 31.
    pub day: u32,
    /// 0 to 23.
    pub hour: u32,
    /// 0 to 59.
    pub minute: u32,
    /// 0 to 59.
    pub second: u32,
    /// 0 is Monday.
    pub weekday: u32,
}

impl Timestamp {
    /// From UTC milliseconds.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// From UTC seconds.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// From what a calendar and a clock show, `zone` ahead of UTC. `None` for a day that does not exist.
    pub fn from_civil(
        (year, month, day): (i32, u32, u32),
        (hour, minute, second): (u32, u32, u32),
        zone: Zone,
    ) -> Option<Self> {
        // A leap second is folded into the second before it.
        let naive = NaiveDate::from_ymd_opt(year, month, day)?.and_hms_opt(hour, minute, second.min(59))?;
        zone.offset().from_local_datetime(&naive).single().map(|t| Self(t.timestamp_millis()))
    }

    /// RFC 3339 with any offset.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text.trim()).ok().map(|t| Self(t.timestamp_millis()))
    }

    /// UTC milliseconds.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// UTC seconds, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The start of the bucket of length `step` that holds this point. Buckets start at the epoch.
    pub const fn floor(self, step: Span) -> Self {
        Self(self.0.div_euclid(step.0) * step.0)
    }

    /// What calendar and clock show in `zone`.
    pub fn civil(self, zone: Zone) -> Civil {
        let t = self.utc().with_timezone(&zone.offset());
        Civil {
            year: t.year(),
            month: t.month(),
            day: t.day(),
            hour: t.hour(),
            minute: t.minute(),
            second: t.second(),
            weekday: t.weekday().num_days_from_monday(),
        }
    }

    /// RFC 3339 with the offset of `zone`, whole seconds: `2026-02-11T21:04:00+09:00`.
    pub fn rfc3339(self, zone: Zone) -> String {
        self.utc().with_timezone(&zone.offset()).to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    }

    /// As the pages and mails write it: `2/11 21:04`.
    pub fn short(self, zone: Zone) -> String {
        let c = self.civil(zone);
        format!("{}/{} {}:{:02}", c.month, c.day, c.hour, c.minute)
    }

    /// With year and weekday, for the head of a mail: `2026/2/11(水) 21:04`.
    pub fn long(self, zone: Zone) -> String {
        let c = self.civil(zone);
        format!("{}/{}/{}({}) {}:{:02}", c.year, c.month, c.day, c.weekday_ja(), c.hour, c.minute)
    }

    fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or_default()
    }
}

impl Civil {
    /// One letter: 月 to 日.
    pub fn weekday_ja(&self) -> &'static str {
        ["月", "火", "水", "木", "金", "土", "日"].get(self.weekday as usize).copied().unwrap_or("")
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// Milliseconds.
    pub const fn from_millis(n: i64) -> Self {
        Self(n)
    }
    /// Seconds.
    pub const fn seconds(n: i64) -> Self {
        Self(n * 1000)
    }
    /// Minutes.
    pub const fn minutes(n: i64) -> Self {
        Self(n * 60_000)
    }
    /// Hours.
    pub const fn hours(n: i64) -> Self {
        Self(n * 3_600_000)
    }
    /// Days of 24 hours.
    pub const fn days(n: i64) -> Self {
        Self(n * 86_400_000)
    }
    /// Milliseconds.
    pub const fn millis(self) -> i64 {
        self.0
    }
    /// Whole seconds, towards zero.
    pub const fn as_seconds(self) -> i64 {
        self.0 / 1000
    }
    /// Whole minutes, towards zero.
    pub const fn as_minutes(self) -> i64 {
        self.0 / 60_000
    }
    /// Hours with their fraction.
    pub fn as_hours(self) -> f64 {
        self.0 as f64 / 3_600_000.0
    }
    /// `n` times as long.
    pub const fn times(self, n: i64) -> Self {
        Self(self.0.saturating_mul(n))
    }
    /// For a library that wants the standard type; a negative span becomes zero.
    pub fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_millis(u64::try_from(self.0).unwrap_or(0))
    }
    /// As a person says it, in the two largest units: `13時間27分`, `2日3時間`, `45秒`.
    pub fn ja(self) -> String {
        let s = self.as_seconds().max(0);
        let (d, h, m) = (s / 86_400, s / 3_600 % 24, s / 60 % 60);
        match (d, h, m) {
            (0, 0, 0) => format!("{s}秒"),
            (0, 0, m) => format!("{m}分"),
            (0, h, 0) => format!("{h}時間"),
            (0, h, m) => format!("{h}時間{m}分"),
            (d, 0, _) => format!("{d}日"),
            (d, h, _) => format!("{d}日{h}時間"),
        }
    }
}

impl Zone {
    /// Coordinated Universal Time.
    pub const UTC: Self = Self(0);
    /// Asia/Tokyo.
    pub const JST: Self = Self(9 * 3600);

    /// Ahead of UTC by so many seconds; `None` from 24 hours on.
    pub const fn east(seconds: i32) -> Option<Self> {
        if seconds.abs() < 86_400 { Some(Self(seconds)) } else { None }
    }

    fn offset(self) -> FixedOffset {
        FixedOffset::east_opt(self.0).unwrap_or_else(|| chrono::Offset::fix(&Utc))
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self::JST
    }
}

impl FromStr for Zone {
    type Err = String;

    /// `+09:00`, `-05:30`, `Z`, `UTC`, `JST`, `Asia/Tokyo`.
    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim() {
            "Z" | "UTC" => return Ok(Self::UTC),
            "JST" | "Asia/Tokyo" => return Ok(Self::JST),
            _ => {}
        }
        let wrong = || format!("{text:?} is not an offset such as \"+09:00\"");
        let (sign, rest) = match text.trim().split_at_checked(1) {
            Some(("+", rest)) => (1, rest),
            Some(("-", rest)) => (-1, rest),
            _ => return Err(wrong()),
        };
        let (h, m) = rest.split_once(':').ok_or_else(wrong)?;
        let (h, m): (i32, i32) = (h.parse().map_err(|_| wrong())?, m.parse().map_err(|_| wrong())?);
        if !(0..=14).contains(&h) || !(0..60).contains(&m) {
            return Err(wrong());
        }
        Self::east(sign * (h * 3600 + m * 60)).ok_or_else(wrong)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, s) = if self.0 < 0 { ('-', -self.0) } else { ('+', self.0) };
        write!(f, "{sign}{:02}:{:02}", s / 3600, s / 60 % 60)
    }
}

impl FromStr for Span {
    type Err = String;

    /// A whole number and a unit: `30s`, `5m`, `2h`, `90d`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a length of time such as \"30s\", \"5m\", \"2h\" or \"90d\"");
        let text = text.trim();
        let unit = text.chars().last().ok_or_else(wrong)?;
        let number = text.strip_suffix(unit).unwrap_or_default();
        let n: i64 = number.trim().parse().map_err(|_| wrong())?;
        let millis = match unit {
            's' => 1_000,
            'm' => 60_000,
            'h' => 3_600_000,
            'd' => 86_400_000,
            _ => return Err(wrong()),
        };
        n.checked_mul(millis).map(Self).ok_or_else(wrong)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = self.as_seconds();
        match s {
            0 => write!(f, "0s"),
            s if s % 86_400 == 0 => write!(f, "{}d", s / 86_400),
            s if s % 3_600 == 0 => write!(f, "{}h", s / 3_600),
            s if s % 60 == 0 => write!(f, "{}m", s / 60),
            s => write!(f, "{s}s"),
        }
    }
}

impl Add<Span> for Timestamp {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub<Span> for Timestamp {
    type Output = Self;
    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl Sub for Timestamp {
    type Output = Span;
    fn sub(self, other: Self) -> Span {
        Span(self.0.saturating_sub(other.0))
    }
}

impl Add for Span {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_reads_japanese_time_whatever_the_machine_is_set_to() {
        let t = Timestamp::parse_rfc3339("2026-02-11T12:04:09Z").unwrap();
        assert_eq!(t.short(Zone::JST), "2/11 21:04");
        assert_eq!(t.long(Zone::JST), "2026/2/11(水) 21:04");
        assert_eq!(t.rfc3339(Zone::JST), "2026-02-11T21:04:09+09:00");
    }

    #[test]
    fn spans_are_read_back_as_they_are_written() {
        for text in ["30s", "5m", "2h", "90d", "0s"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        for wrong in ["", "5", "m", "5 weeks", "1.5h", "五分"] {
            assert!(wrong.parse::<Span>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn buckets_before_1970_start_before_their_members() {
        let t = Timestamp::from_millis(-1);
        assert_eq!(t.floor(Span::minutes(5)), Timestamp::from_millis(-300_000));
    }

    #[test]
    fn a_day_that_does_not_exist_is_no_time() {
        assert_eq!(Timestamp::from_civil((2026, 2, 30), (0, 0, 0), Zone::JST), None);
        assert!(Timestamp::from_civil((2024, 2, 29), (23, 59, 60), Zone::UTC).is_some());
    }

    #[test]
    fn spans_in_japanese_keep_the_two_largest_units() {
        let span = Span::hours(13) + Span::minutes(27);
        assert_eq!(span.ja(), "13時間27分");
        assert_eq!((Span::days(2) + Span::hours(3) + Span::minutes(9)).ja(), "2日3時間");
        assert_eq!(Span::seconds(45).ja(), "45秒");
    }
}
