//! Which of many patterns can match a text at all.
//!
//! # Why
//! Hundreds of patterns in one automaton outgrow every cache and fall back to the slowest engine; each of them alone
//! has letters it cannot do without. One pass looks for those letters, and only patterns that may match are run.
//!
//! # Invariants
//! A pattern that matches a text is always among its candidates.

use aho_corasick::AhoCorasick;
use regex_syntax::{
    ParserBuilder,
    hir::{
        Hir, HirKind,
        literal::{ExtractKind, Extractor, Seq},
    },
};

/// More alternatives than this say too little.
const ALTERNATIVES: usize = 400;

/// Patterns by the letters they need, by their place in the list they came in.
#[derive(Debug)]
pub(super) struct Sieve {
    letters: AhoCorasick,
    /// Patterns by the automaton's value.
    owners: Vec<Vec<usize>>,
    /// Patterns without such letters.
    always: Vec<usize>,
}

impl Sieve {
    /// Patterns are read as multi-line ones. The reason for a refusal is a sentence for people.
    pub(super) fn new<'p>(patterns: impl Iterator<Item = &'p str>) -> Result<Self, String> {
        let mut needs: Vec<(Vec<u8>, usize)> = Vec::new();
        let mut always = Vec::new();
        for (i, pattern) in patterns.enumerate() {
            let hir =
                ParserBuilder::new().multi_line(true).build().parse(pattern).map_err(|e| format!("{pattern}: {e}"))?;
            match needed(&hir) {
                Some(any_of) => needs.extend(any_of.into_iter().map(|letters| (letters, i))),
                None => always.push(i),
            }
        }
        needs.sort();
        needs.dedup();
        let (mut unique, mut owners): (Vec<Vec<u8>>, Vec<Vec<usize>>) = (Vec::new(), Vec::new());
        for (letters, i) in needs {
            if unique.last() != Some(&letters) {
                unique.push(letters);
                owners.push(Vec::new());
            }
            if let Some(list) = owners.last_mut() {
                list.push(i);
            }
        }
        let letters = AhoCorasick::new(&unique).map_err(|e| format!("the patterns cannot be compiled: {e}"))?;
        Ok(Self { letters, owners, always })
    }

    /// Patterns that may match `text`, in order.
    pub(super) fn candidates(&self, text: &str) -> Vec<usize> {
        let mut found = self.always.clone();
        for m in self.letters.find_overlapping_iter(text) {
            found.extend(self.owners.get(m.pattern().as_usize()).into_iter().flatten());
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// Letters of which one alternative stands in every text that matches.
fn needed(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    let inside = match hir.kind() {
        HirKind::Concat(parts) => parts.iter().filter_map(needed).max_by_key(|any_of| worth(any_of)),
        HirKind::Capture(group) => needed(&group.sub),
        HirKind::Repetition(repeat) if repeat.min > 0 => needed(&repeat.sub),
        HirKind::Alternation(ways) => {
            ways.iter().map(needed).collect::<Option<Vec<_>>>().map(|ways| ways.concat()).filter(|w| few(w))
        }
        _ => None,
    };
    let edges = [ExtractKind::Prefix, ExtractKind::Suffix].map(|kind| {
        let mut extractor = Extractor::new();
        alternatives(&extractor.kind(kind).extract(hir))
    });
    edges.into_iter().flatten().chain(inside).max_by_key(|any_of| worth(any_of))
}

fn alternatives(found: &Seq) -> Option<Vec<Vec<u8>>> {
    let any_of: Vec<Vec<u8>> = found.literals()?.iter().map(|letters| letters.as_bytes().to_vec()).collect();
    Some(any_of).filter(|a| few(a) && a.iter().all(|letters| !letters.is_empty()))
}

const fn few(any_of: &[Vec<u8>]) -> bool {
    !any_of.is_empty() && any_of.len() <= ALTERNATIVES
}

/// Long letters are rare in texts; of equally long ones fewer are better.
fn worth(any_of: &[Vec<u8>]) -> (usize, std::cmp::Reverse<usize>) {
    (any_of.iter().map(Vec::len).min().unwrap_or_default(), std::cmp::Reverse(any_of.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(pattern: &str) -> Option<Vec<String>> {
        let any_of = needed(&regex_syntax::parse(pattern).unwrap())?;
        let mut words: Vec<String> = any_of.into_iter().map(|l| String::from_utf8(l).unwrap()).collect();
        words.sort();
        Some(words)
    }

    #[test]
    fn the_letters_a_pattern_cannot_do_without_are_found_wherever_they_stand() {
        let words = |w: &[&str]| Some(w.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>());
        assert_eq!(needs("勧誘電話.{0,10}来た"), words(&["勧誘電話"]));
        assert_eq!(needs("[0-9０-９]+(?:件|名様)の漏えい"), words(&["件の漏えい", "名様の漏えい"]));
        assert_eq!(needs("(?:知らない|しらない)(?:番号|会社)?"), words(&["しらない", "知らない"]));
        assert_eq!(needs("(?:勧誘)?"), None);
        assert_eq!(needs(".{3}"), None);
    }

    #[test]
    fn no_pattern_that_matches_is_held_back() {
        let patterns = ["電話.{0,4}(?:来|き)た", "\\d+万?件", "(?:ひど|酷)い|最悪", "^お詫び", "なかった$", "(?:x)?"];
        let sieve = Sieve::new(patterns.into_iter()).unwrap();
        let texts = ["電話がまたきた", "11万件", "酷い", "最悪だ", "一行目\nお詫び", "来なかった\n続く", ""];
        for text in texts {
            let candidates = sieve.candidates(text);
            for (i, pattern) in patterns.iter().enumerate() {
                let matches = regex::RegexBuilder::new(pattern).multi_line(true).build().unwrap().is_match(text);
                assert!(!matches || candidates.contains(&i), "{pattern} in {text:?}");
            }
        }
        assert_eq!(sieve.candidates("よい天気"), [5]);
    }
}
