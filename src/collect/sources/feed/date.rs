//! Dates as feeds write them: RFC 822 and 3339 with every slip, Japanese calendars, Unix seconds.
//!
//! Knows no present: a date without a year is no date. What cannot be read is `None`, never a guess.

use crate::model::time::{Span, Timestamp, Zone};

/// The point in time that `text` names; `zone` where it names none.
pub(crate) fn parse(text: &str, zone: Zone) -> Option<Timestamp> {
    let text = half_width(text);
    let words = Words::of(&text, zone)?;
    let found = words.unix_seconds().or_else(|| words.calendar())?;
    // The first day of 1970 is how a broken clock writes «unknown».
    (found.seconds() > 86_400).then_some(found)
}

/// Full-width digits and signs as ASCII, Japanese and Korean units as signs, eras as years.
fn half_width(text: &str) -> String {
    let narrow = |c: char| match c {
        '！'..='～' => u32::from(c).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(c),
        '\u{3000}' => ' ',
        '−' | '‐' | '–' => '-',
        other => other,
    };
    let text: String = text.trim().chars().take(100).map(narrow).collect();
    era(&text).unwrap_or(text)
}

/// `令和8年` as `2026年`.
fn era(text: &str) -> Option<String> {
    const ERAS: [(&str, i32); 3] = [("令和", 2018), ("平成", 1988), ("昭和", 1925)];
    let (name, before) = ERAS.into_iter().find(|(name, _)| text.contains(name))?;
    let (_, behind) = text.split_once(name)?;
    let (year, rest) = behind.split_once('年')?;
    let year: i32 = if year.trim() == "元" { 1 } else { year.trim().parse().ok()? };
    Some(format!("{}年{rest}", before.checked_add(year)?))
}

/// What the words of a date say, gathered in any order.
#[derive(Debug, Default)]
struct Words {
    numbers: Vec<Number>,
    month: Option<u32>,
    clock: Option<(u32, u32, u32)>,
    afternoon: Option<bool>,
    offset: Option<Zone>,
    zone: Zone,
}

/// A number of a calendar, with what stands behind it.
#[derive(Debug, Clone, Copy)]
struct Number {
    value: i64,
    digits: usize,
    mark: char,
}

impl Words {
    fn of(text: &str, zone: Zone) -> Option<Self> {
        let mut words = Self { zone, ..Self::default() };
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            rest = match first {
                '0'..='9' => words.number(rest)?,
                '+' | '-' if words.has_clock() => words.offset(rest)?,
                // (金), (JST) and (+0900) are read like the rest; a comment that says nothing is passed over.
                c if c.is_alphabetic() => words.word(rest)?,
                c => rest.strip_prefix(c)?,
            };
        }
        Some(words)
    }

    fn has_clock(&self) -> bool {
        self.clock.is_some()
    }

    /// A number of the calendar, or a clock `9:15`, `9:15:00.123`, `9時15分`.
    fn number<'t>(&mut self, rest: &'t str) -> Option<&'t str> {
        let (digits, behind) = take_digits(rest);
        let value: i64 = digits.parse().ok()?;
        let mark = behind.chars().next().unwrap_or(' ');
        if matches!(mark, ':' | '時' | '시') && digits.len() <= 2 && self.clock.is_none() {
            return self.clock(u32::try_from(value).ok()?, behind);
        }
        self.numbers.push(Number { value, digits: digits.len(), mark });
        if mark == 'T' || mark == 't' {
            let behind = behind.strip_prefix(mark)?;
            // 20261120T091500
            let (packed, tail) = take_digits(behind);
            if matches!(packed.len(), 4 | 6) && !tail.starts_with(':') {
                let part = |from: usize| packed.get(from..from + 2).map_or(Some(0), |p| p.parse().ok());
                self.clock = Some((part(0)?, part(2)?, part(4)?));
                return Some(skip_fraction(tail));
            }
            return Some(behind);
        }
        Some(if matches!(mark, '-' | '/' | '.' | '年' | '月' | '日' | '년' | '월' | '일') {
            behind.strip_prefix(mark)?
        } else {
            behind
        })
    }

    fn clock<'t>(&mut self, hour: u32, behind: &'t str) -> Option<&'t str> {
        let mut parts = [hour, 0, 0];
        let mut rest = behind;
        for part in parts.iter_mut().skip(1) {
            let Some(next) = rest.strip_prefix([':', '時', '分', '시', '분']) else { break };
            let next = next.trim_start_matches(' ');
            let (digits, tail) = take_digits(next);
            if digits.is_empty() {
                rest = next;
                break;
            }
            *part = digits.parse().ok()?;
            rest = tail;
        }
        rest = rest.strip_prefix(['秒', '分', '초', '분']).unwrap_or(rest);
        let [h, m, s] = parts;
        self.clock = Some((h, m, s));
        Some(skip_fraction(rest))
    }

    /// `+0900`, `+09:00`, `+9`; a plain `-` between words is passed over.
    fn offset<'t>(&mut self, rest: &'t str) -> Option<&'t str> {
        let sign = if rest.starts_with('-') { -1 } else { 1 };
        let behind = rest.strip_prefix(['+', '-'])?;
        let (digits, tail) = take_digits(behind);
        let (hours, minutes, tail): (i32, i32, &str) = match (digits.len(), tail.strip_prefix(':')) {
            (1 | 2, Some(minutes)) => {
                let (minutes, tail) = take_digits(minutes);
                (digits.parse().ok()?, minutes.parse().unwrap_or(0), tail)
            }
            (1 | 2, None) => (digits.parse().ok()?, 0, tail),
            (4, _) => (digits.get(..2)?.parse().ok()?, digits.get(2..)?.parse().ok()?, tail),
            (0, _) => return Some(behind),
            _ => return None,
        };
        let seconds: i32 = hours * 3600 + minutes * 60;
        self.offset = Some(Zone::east(sign * seconds)?);
        Some(tail)
    }

    /// A month, a zone, half of the day; days of the week say nothing new, even when they are wrong.
    fn word<'t>(&mut self, rest: &'t str) -> Option<&'t str> {
        let end = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
        let (word, behind) = rest.split_at_checked(end)?;
        let lower = word.to_lowercase();
        match lower.as_str() {
            "午前" | "am" | "오전" => self.afternoon = Some(false),
            "午後" | "pm" | "오후" => self.afternoon = Some(true),
            "t" | "of" | "at" => {}
            _ if lower.starts_with("午前") || lower.starts_with("午後") => {
                self.afternoon = Some(lower.starts_with("午後"));
            }
            _ => {
                // A second word of a kind, as in `+0900 (JST)`, says nothing new.
                if let Some(month) = month(&lower) {
                    self.month = self.month.or(Some(month));
                } else if let Some(zone) = named_zone(&lower) {
                    self.offset = self.offset.or(Some(zone));
                } else if !is_known_filler(&lower) {
                    return None;
                }
            }
        }
        Some(behind)
    }

    /// Ten digits are seconds, thirteen are milliseconds.
    fn unix_seconds(&self) -> Option<Timestamp> {
        match (self.numbers.as_slice(), self.month, self.clock) {
            ([Number { value, digits: 9..=10, .. }], None, None) => Some(Timestamp::from_seconds(*value)),
            ([Number { value, digits: 13, .. }], None, None) => Some(Timestamp::from_millis(*value)),
            _ => None,
        }
    }

    fn calendar(&self) -> Option<Timestamp> {
        let (hour, minute, second) = self.clock.unwrap_or_default();
        let hour = match self.afternoon {
            Some(true) if hour < 12 => hour + 12,
            Some(false) if hour == 12 => 0,
            _ => hour,
        };
        let zone = self.offset.unwrap_or(self.zone);
        let (year, month, day) = self.day()?;
        // Midnight at the end of a day is written 24:00.
        let (hour, extra) = if hour == 24 { (0, Span::days(1)) } else { (hour, Span::ZERO) };
        Timestamp::from_civil((year, month, day), (hour, minute, second), zone).map(|t| t + extra)
    }

    fn day(&self) -> Option<(i32, u32, u32)> {
        let of = |n: Number| u32::try_from(n.value).ok();
        match (self.month, self.numbers.as_slice()) {
            // Nov 20 2026, 20 Nov 26: a number too large for a day is the year
            (Some(month), [a, b, ..]) => {
                let (year, day) = if a.digits >= 3 || a.value > 31 { (a, b) } else { (b, a) };
                Some((full_year(*year)?, month, of(*day)?))
            }
            (Some(_), _) | (None, []) => None,
            (None, [whole]) => packed(*whole),
            (None, [year, day]) if day.digits == 3 => day_of_year(full_year(*year)?, of(*day)?),
            (None, [year, month]) => Some((full_year(*year)?, of(*month)?, 1)),
            // 11/20/2026 as Americans, 20.11.2026 as Germans write
            (None, [a, b, year, ..]) if year.digits == 4 && a.digits <= 2 => {
                let american = a.mark == '/' && a.value <= 12;
                let (month, day) = if american { (a, b) } else { (b, a) };
                Some((full_year(*year)?, of(*month)?, of(*day)?))
            }
            (None, [year, month, day, ..]) => Some((full_year(*year)?, of(*month)?, of(*day)?)),
        }
    }
}

/// `2026`, `202611`, `20261120`, `2026324`, and with a two-digit year `261120`.
fn packed(number: Number) -> Option<(i32, u32, u32)> {
    let v = number.value;
    let part = |divisor: i64, modulus: i64| u32::try_from(v / divisor % modulus).ok();
    let year = |v: i64| i32::try_from(v).ok();
    match number.digits {
        4 => Some((year(v)?, 1, 1)),
        6 if v / 100 >= 1900 && v / 100 <= 2199 => Some((year(v / 100)?, part(1, 100)?, 1)),
        6 => Some((year(century(v / 10_000))?, part(100, 100)?, part(1, 100)?)),
        7 => day_of_year(year(v / 1000)?, part(1, 1000)?),
        8 => Some((year(v / 10_000)?, part(100, 100)?, part(1, 100)?)),
        // 20261120091500 is left out: the clock in it has no sign of its own.
        _ => None,
    }
}

fn day_of_year(year: i32, day: u32) -> Option<(i32, u32, u32)> {
    let first = Timestamp::from_civil((year, 1, 1), (0, 0, 0), Zone::UTC)?;
    let civil = (first + Span::days(i64::from(day.checked_sub(1)?))).civil(Zone::UTC);
    (civil.year == year).then_some((civil.year, civil.month, civil.day))
}

fn full_year(number: Number) -> Option<i32> {
    let year = if number.digits <= 2 { century(number.value) } else { number.value };
    i32::try_from(year).ok().filter(|y| (1900..=2199).contains(y))
}

/// RFC 2822: a year of two digits is in the century before 2070.
const fn century(year: i64) -> i64 {
    if year < 70 { 2000 + year } else { 1900 + year }
}

fn take_digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn skip_fraction(text: &str) -> &str {
    match text.strip_prefix(['.', ',']) {
        Some(behind) => take_digits(behind).1,
        None => text,
    }
}

fn month(word: &str) -> Option<u32> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    const OLD: [&str; 12] =
        ["睦月", "如月", "弥生", "卯月", "皐月", "水無月", "文月", "葉月", "長月", "神無月", "霜月", "師走"];
    let latin = word.len() >= 3 && word.is_ascii();
    let place =
        MONTHS.iter().position(|m| latin && m.starts_with(word)).or_else(|| OLD.iter().position(|m| *m == word));
    place.and_then(|i| u32::try_from(i + 1).ok()).or_else(|| (word == "sept").then_some(9))
}

/// Zones that mails and feeds name by letters.
fn named_zone(word: &str) -> Option<Zone> {
    let hours = match word {
        "z" | "ut" | "utc" | "gmt" | "wet" => 0,
        "jst" | "kst" | "日本時間" | "日本標準時" => 9,
        "cet" | "bst" | "west" | "met" => 1,
        "cest" | "eet" | "sast" | "mest" => 2,
        "eest" | "msk" => 3,
        "sgt" | "hkt" | "awst" => 8,
        "aest" => 10,
        "aedt" => 11,
        "nzst" => 12,
        "nzdt" => 13,
        "adt" => -3,
        "ast" | "edt" => -4,
        "est" | "cdt" | "et" => -5,
        "cst" | "mdt" | "ct" => -6,
        "mst" | "pdt" | "mt" => -7,
        "pst" | "akdt" | "pt" => -8,
        "akst" => -9,
        "hst" => -10,
        _ => return None,
    };
    Zone::east(hours * 3600)
}

/// Days of the week in English and Japanese, and units that stand apart.
fn is_known_filler(word: &str) -> bool {
    const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let english = word.len() >= 3 && DAYS.iter().any(|day| day.starts_with(word));
    let cjk = word.chars().all(|c| "月火水木金土日曜年時分秒頃更新公開配信월화수목금토일요".contains(c));
    english || cjk || matches!(word, "tues" | "wednes" | "thur" | "thurs" | "st" | "nd" | "rd" | "th")
}

#[cfg(test)]
mod tests;
