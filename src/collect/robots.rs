//! `robots.txt`: what an operator asks of programs that come by (RFC 9309).
//!
//! Reads it and answers; who asks for it, and when, is the visiting loop's business. What it says of the pace is kept
//! up to [`limits::CRAWL_DELAY`], and its `Sitemap` lines are handed on.
//!
//! # Why an own reader
//! `texting_robots`, the crate at hand, compiles a pattern for every rule that ends in `$`, drops the whole file for one
//! that becomes too large, and does not say whether a rule was meant for us by name. Matching here goes back to the last
//! star only, without a compiled pattern and without a stack.

use url::{Position, Url};

use super::{
    fetch::FetchError,
    source::{Place, Request, Response, Robots},
};
use crate::model::{limits, time::Span};

/// How `robots.txt` calls us.
pub const NAME: &str = "hinomi";

/// What a site asks of us.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rules {
    /// What stands under our own name.
    own: Option<Group>,
    /// What is asked of everybody.
    all: Group,
    /// Addresses of sitemaps, as written.
    pub sitemaps: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Default)]
struct Group {
    rules: Vec<Rule>,
    delay: Option<Span>,
}

#[derive(Debug, Clone, PartialEq)]
struct Rule {
    allow: bool,
    /// Normalised: `%41` is `A`, letters beyond ASCII are written as bytes.
    path: String,
}

/// What follows from `robots.txt` for one question.
#[derive(Debug, Clone, PartialEq)]
pub enum Word {
    /// Nothing speaks against it; this much time is wanted between two visits.
    Go(Span),
    /// It is not to be asked.
    Stay(FetchError),
}

/// Where `robots.txt` of the question's site is, if it has one that counts.
pub fn of(request: &Request) -> Option<String> {
    let Place::Web(url) = &request.place else { return None };
    if request.robots == Robots::Unasked {
        return None;
    }
    let mut url = Url::parse(url).ok()?;
    url.set_query(None);
    url.set_fragment(None);
    url.set_path("/robots.txt");
    Some(url.to_string())
}

/// What an answer to the question for `robots.txt` says; `Err` where it says nothing and a page has to wait.
///
/// A file that is not there, and one behind a login, asks nothing of anybody; a server in trouble might.
pub fn read(answer: &Result<Response, FetchError>) -> Result<Rules, FetchError> {
    match answer {
        Ok(response) => Ok(Rules::parse(&String::from_utf8_lossy(&response.body))),
        // More than five megabytes are no robots.txt, and a circle or a way inside is no answer.
        Err(
            FetchError::Status(400..=499)
            | FetchError::Gone
            | FetchError::Challenge(_)
            | FetchError::TooLarge
            | FetchError::Refused(_),
        ) => Ok(Rules::default()),
        Err(error) => Err(FetchError::RobotsUnread(error.to_string())),
    }
}

/// What `known` means for `request`.
pub fn word(known: &Result<Rules, FetchError>, request: &Request) -> Word {
    let Place::Web(url) = &request.place else { return Word::Go(Span::ZERO) };
    match (known, request.robots) {
        (_, Robots::Unasked) | (Err(_), Robots::ByName) => Word::Go(Span::ZERO),
        (Err(error), Robots::Obeyed) => Word::Stay(error.clone()),
        (Ok(rules), stance) => rules.word(url, stance),
    }
}

impl Rules {
    /// Reads a file. Lines that make no sense are passed over.
    pub fn parse(text: &str) -> Self {
        let mut rules = Self::default();
        let (mut own, mut all, mut in_names) = (false, true, false);
        let mut count = 0_usize;
        // Half a rule is another rule.
        let text = match text.get(..text.floor_char_boundary(limits::ROBOTS_BYTES)) {
            Some(head) if head.len() < text.len() => head.rsplit_once('\n').map_or("", |(whole, _)| whole),
            _ => text,
        };
        for line in text.trim_start_matches('\u{feff}').split(['\n', '\r']) {
            let line = line.split('#').next().unwrap_or("");
            let Some((key, value)) = line.split_once(':') else { continue };
            let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
            match key.as_str() {
                "user-agent" | "useragent" | "user agent" => {
                    if !in_names {
                        (own, all) = (false, false);
                    }
                    in_names = true;
                    own |= is_us(value);
                    all |= value == "*";
                    if own {
                        rules.own.get_or_insert_default();
                    }
                }
                "allow" | "disallow" => {
                    in_names = false;
                    count += 1;
                    // An empty rule says nothing.
                    if !value.is_empty() && count <= limits::ROBOTS_RULES {
                        let rule = Rule { allow: key == "allow", path: normal(value) };
                        rules.groups(own, all, |group| group.rules.push(rule.clone()));
                    }
                }
                "crawl-delay" | "crawldelay" => {
                    in_names = false;
                    let delay = value.parse::<f64>().ok().filter(|s| s.is_finite() && *s >= 0.0);
                    if let Some(delay) = delay.map(seconds) {
                        rules.groups(own, all, |group| group.delay = group.delay.or(Some(delay)));
                    }
                }
                "sitemap" | "site-map"
                    if rules.sitemaps.len() < limits::SITEMAPS && value.len() <= limits::FIELD_BYTES =>
                {
                    rules.sitemaps.push(value.to_owned());
                }
                _ => {}
            }
        }
        rules
    }

    fn groups(&mut self, own: bool, all: bool, put: impl Fn(&mut Group)) {
        if own {
            put(self.own.get_or_insert_default());
        }
        if all {
            put(&mut self.all);
        }
    }

    fn word(&self, url: &str, stance: Robots) -> Word {
        let group = match (&self.own, stance) {
            (Some(own), _) => own,
            (None, Robots::Obeyed) => &self.all,
            (None, _) => return Word::Go(Span::ZERO),
        };
        if group.allows(&path(url)) {
            Word::Go(group.delay.unwrap_or(Span::ZERO))
        } else {
            Word::Stay(FetchError::Robots)
        }
    }
}

impl Group {
    /// The longest rule that fits decides; of two equally long ones the kinder.
    fn allows(&self, path: &str) -> bool {
        let fits = self.rules.iter().filter(|rule| matches(rule.path.as_bytes(), path.as_bytes()));
        fits.max_by_key(|rule| (rule.path.len(), rule.allow)).is_none_or(|rule| rule.allow)
    }
}

/// `Hinomi`, `hinomi/1.0`, but not `hinomibot`.
fn is_us(value: &str) -> bool {
    let name = value.split(|c: char| !(c.is_ascii_alphabetic() || c == '-' || c == '_')).next().unwrap_or("");
    name.eq_ignore_ascii_case(NAME)
}

#[expect(clippy::cast_possible_truncation, reason = "bounded to minutes before it is cut")]
fn seconds(delay: f64) -> Span {
    Span::from_millis((delay.min(limits::CRAWL_DELAY.as_seconds() as f64) * 1000.0) as i64)
}

/// Path and query, as rules are written.
fn path(url: &str) -> String {
    let parsed = Url::parse(url).ok();
    parsed.map_or_else(|| "/".to_owned(), |url| normal(&url[Position::BeforePath..Position::AfterQuery]))
}

/// One spelling of what can be written in several: `%7e` as `~`, letters beyond ASCII as their bytes.
fn normal(text: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text.as_bytes());
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
    while let Some((byte, behind)) = rest.split_first() {
        let written = match behind {
            [a, b, ..] if *byte == b'%' => digit(*a).zip(digit(*b)).map(|(a, b)| a * 16 + b),
            _ => None,
        };
        let (byte, used) = written.map_or((*byte, 0), |byte| (byte, 2));
        rest = behind.get(used..).unwrap_or_default();
        // What would mean something else unwritten stays written: a slash, a star, the end.
        let plain = byte.is_ascii_graphic() && !(used > 0 && b"/*$?#%".contains(&byte));
        if plain {
            out.push(char::from(byte));
        } else {
            const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
            let letter = |n: u8| DIGITS.get(usize::from(n)).copied().unwrap_or('0');
            out.extend(['%', letter(byte >> 4), letter(byte & 15)]);
        }
    }
    out
}

/// Whether `path` begins as `pattern` says: `*` is anything, `$` at the end is the end. Goes back to the last star
/// only, which is enough for patterns of this kind.
fn matches(pattern: &[u8], path: &[u8]) -> bool {
    let (pattern, whole) = match pattern.split_last() {
        Some((b'$', rest)) => (rest, true),
        _ => (pattern, false),
    };
    let (mut p, mut at) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    loop {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, at));
                p += 1;
                continue;
            }
            None if !whole || at == path.len() => return true,
            Some(byte) if path.get(at) == Some(byte) => {
                (p, at) = (p + 1, at + 1);
                continue;
            }
            _ => {}
        }
        match star {
            Some((place, from)) if from < path.len() => {
                star = Some((place, from + 1));
                (p, at) = (place + 1, from + 1);
            }
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests;
