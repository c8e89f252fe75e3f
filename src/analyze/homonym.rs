//! Names that also mean something else (au, 楽天, シャープ): the shipped pack of what gives them away.
//!
//! A line of `homonyms.tsv` votes: a plain term where it touches the hit, a `near:` term within forty letters, a
//! pattern where it overlaps the hit. Negative weights speak for the company. One point or more, and it is not.

use std::{collections::HashMap, ops::Range, sync::Arc};

use regex::Regex;

use super::{
    lexicon::{Lexicons, Term},
    normalize::Normalized,
};

/// How far `near:` reaches, in letters.
const NEAR: usize = 40;

/// The pack.
pub(super) struct Homonyms(HashMap<Arc<str>, Vec<Vote>>);

struct Vote {
    weight: f32,
    how: How,
    note: Arc<str>,
}

enum How {
    Touches(String),
    Near(String),
    Overlaps(Regex),
}

impl Homonyms {
    /// Reads the axis `homonym`.
    pub(super) fn new(lexicons: &Lexicons) -> Self {
        let mut all: HashMap<Arc<str>, Vec<Vote>> = HashMap::new();
        for entry in lexicons.axis("homonym") {
            let how = match &entry.term {
                Term::Plain(term) => How::Touches(term.clone()),
                Term::Near(term) => How::Near(term.clone()),
                // A pattern was compiled when the file was read.
                Term::Pattern(p) => match Regex::new(p) {
                    Ok(re) => How::Overlaps(re),
                    Err(_) => continue,
                },
            };
            let vote = Vote { weight: entry.weight, how, note: entry.note.clone() };
            all.entry(Normalized::new(&entry.group).as_str().into()).or_default().push(vote);
        }
        Self(all)
    }

    /// Why the name at `range` is something else, if it is.
    pub(super) fn refuses(&self, name: &str, normal: &Normalized, range: &Range<usize>) -> Option<Arc<str>> {
        let votes = self.0.get(name)?;
        let text = normal.as_str();
        let (before, after) = (normal.window_before(range.start, NEAR), normal.window_after(range.end, NEAR));
        let (mut sum, mut why, mut most) = (0.0, None, 0.0);
        for vote in votes {
            let speaks = match &vote.how {
                How::Touches(term) => touches(text, term, range),
                How::Near(term) => before.contains(term.as_str()) || after.contains(term.as_str()),
                How::Overlaps(re) => re.find_iter(text).any(|m| m.start() < range.end && range.start < m.end()),
            };
            if speaks {
                sum += vote.weight;
                if vote.weight > most {
                    (most, why) = (vote.weight, Some(vote.note.clone()));
                }
            }
        }
        if sum >= 1.0 { why } else { None }
    }
}

/// Whether an occurrence of `term` overlaps or touches `range`.
pub(super) fn touches(text: &str, term: &str, range: &Range<usize>) -> bool {
    text.match_indices(term).any(|(at, _)| at <= range.end && range.start <= at + term.len())
}
