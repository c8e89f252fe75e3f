//! Finds the lexicon's terms in a text: one automaton over the surface, the same over base forms, and patterns.
//!
//! Not here: what a hit means and to whom it belongs.

use std::ops::Range;

use daachorse::{CharwiseDoubleArrayAhoCorasick, CharwiseDoubleArrayAhoCorasickBuilder};
use regex::{Regex, RegexBuilder};

use super::{
    lexicon::{Entry, Lexicons, Term},
    sieve::Sieve,
    token::Token,
};
use crate::model::limits;

/// A term where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hit {
    /// Which entry.
    pub(super) entry: usize,
    /// Bytes of the normalized text.
    pub(super) range: Range<usize>,
}

/// Looks for all terms of all axes but `homonym` and `entity`.
pub(super) struct Finder {
    entries: Vec<Entry>,
    words: CharwiseDoubleArrayAhoCorasick<u32>,
    /// Entries by the automaton's value.
    owners: Vec<Vec<usize>>,
    /// Which of `patterns` are worth running.
    sieve: Sieve,
    patterns: Vec<(usize, Regex)>,
}

impl Finder {
    /// Compiles the lexicon. The reason is a sentence for people.
    pub(super) fn new(lexicons: &Lexicons) -> Result<Self, String> {
        let entries: Vec<Entry> =
            lexicons.entries.iter().filter(|e| !matches!(&*e.axis, "homonym" | "entity")).cloned().collect();
        let mut words: Vec<(String, u32)> = Vec::new();
        let mut patterns = Vec::new();
        for (i, entry) in entries.iter().enumerate() {
            let number = u32::try_from(i).map_err(|_| "too many terms".to_owned())?;
            match &entry.term {
                Term::Plain(word) | Term::Near(word) => {
                    words.push((word.clone(), number));
                    words.extend(spellings(word).into_iter().map(|w| (w, number)));
                }
                Term::Pattern(p) => {
                    let pattern = RegexBuilder::new(p).multi_line(true).build().map_err(|e| e.to_string())?;
                    patterns.push((i, pattern));
                }
            }
        }
        // Why: the automaton refuses the same pattern twice; a word on two axes has one list of entries.
        words.sort();
        words.dedup();
        let (mut unique, mut owners): (Vec<(String, u32)>, Vec<Vec<usize>>) = (Vec::new(), Vec::new());
        for (word, number) in words {
            if unique.last().is_none_or(|(last, _)| *last != word) {
                unique.push((word, u32::try_from(owners.len()).unwrap_or(u32::MAX)));
                owners.push(Vec::new());
            }
            if let Some(list) = owners.last_mut() {
                list.push(number as usize);
            }
        }
        if unique.is_empty() {
            unique.push(("\u{10ffff}".to_owned(), u32::MAX));
        }
        let words = CharwiseDoubleArrayAhoCorasickBuilder::new()
            .build_with_values(unique)
            .map_err(|e| format!("the terms cannot be compiled: {e}"))?;
        let sieve = Sieve::new(patterns.iter().map(|(_, r)| r.as_str()))?;
        Ok(Self { entries, words, owners, sieve, patterns })
    }

    /// The entries that hits point to.
    pub(super) fn entry(&self, hit: &Hit) -> Option<&Entry> {
        self.entries.get(hit.entry)
    }

    /// Every hit, by position. Hits may overlap.
    pub(super) fn find(&self, text: &str, tokens: &[Token]) -> Vec<Hit> {
        let mut hits = Vec::new();
        for m in self.words.find_overlapping_iter(text) {
            let range = m.start()..m.end();
            if stands_alone(text, tokens, &range) {
                self.push_all(&mut hits, m.value(), &range);
            }
        }
        let bases = BaseForms::new(text, tokens);
        for m in self.words.find_overlapping_iter(&bases.text) {
            if let Some(range) = bases.surface(m.start(), m.end()) {
                self.push_all(&mut hits, m.value(), &range);
            }
        }
        for index in self.sieve.candidates(text) {
            if let Some((entry, pattern)) = self.patterns.get(index) {
                hits.extend(
                    pattern.find_iter(text).filter(|m| !m.is_empty()).map(|m| Hit { entry: *entry, range: m.range() }),
                );
            }
        }
        hits.sort_by_key(|h| (h.range.start, std::cmp::Reverse(h.range.end), h.entry));
        hits.dedup();
        // A text that repeats one cry a thousand times says no more than one that says it a dozen times.
        let mut times = vec![0u8; self.entries.len()];
        hits.retain(|h| {
            let Some(n) = times.get_mut(h.entry) else { return false };
            *n = n.saturating_add(1);
            *n <= limits::TERM_HITS
        });
        hits
    }

    /// Every entry that lists the word.
    fn push_all(&self, hits: &mut Vec<Hit>, word: u32, range: &Range<usize>) {
        let owners = self.owners.get(word as usize).into_iter().flatten();
        hits.extend(owners.map(|entry| Hit { entry: *entry, range: range.clone() }));
    }
}

/// How people also write a term: つながらない, つながらん, つながらねえ, つながりません; 誠意がない, 誠意のない, 誠意ない.
fn spellings(term: &str) -> Vec<String> {
    let mut all = Vec::new();
    let Some(stem) = term.strip_suffix("ない") else { return all };
    for (particle, others) in [
        ("が", ["", "も", "の", "は", "すら"]),
        ("も", ["", "が", "の", "は", "すら"]),
        ("は", ["", "が", "も", "の", "すら"]),
    ] {
        if let Some(noun) = stem.strip_suffix(particle) {
            all.extend(others.iter().map(|p| format!("{noun}{p}ない")));
            for ending in ["ありません", "なかった", "なく", "無い", "なし"] {
                all.push(format!("{noun}{particle}{ending}"));
            }
            return all;
        }
    }
    // The row of a verb's last letter before ない, and the one before ます.
    let polite = |c: char| match c {
        'ら' => Some('り'),
        'か' => Some('き'),
        'さ' => Some('し'),
        'た' => Some('ち'),
        'ま' => Some('み'),
        'ば' => Some('び'),
        'が' => Some('ぎ'),
        'わ' => Some('い'),
        'れ' | 'け' | 'せ' | 'て' | 'え' | 'べ' | 'め' | 'げ' | 'き' | 'し' | 'じ' | 'ぎ' | '来' | '見' | '出' => {
            Some(c)
        }
        _ => None,
    };
    let Some(last) = stem.chars().next_back() else { return all };
    let Some(polite) = polite(last) else { return all };
    for ending in ["ん", "ねえ", "ねー", "へん", "ず"] {
        all.push(format!("{stem}{ending}"));
    }
    let head: String = stem.chars().take(stem.chars().count() - 1).collect();
    all.push(format!("{head}{polite}ません"));
    all
}

/// Short words sit inside longer ones (神 in 精神, だめ in ためだめ): they must be tokens of their own.
fn stands_alone(text: &str, tokens: &[Token], range: &Range<usize>) -> bool {
    let word = text.get(range.clone()).unwrap_or_default();
    let letters = word.chars().count();
    let kana = word.chars().all(|c| matches!(c, 'ぁ'..='ゖ' | 'ー'));
    let katakana = word.chars().all(|c| matches!(c, 'ァ'..='ヺ' | 'ー'));
    let ascii = word.chars().all(|c| c.is_ascii_alphanumeric());
    let neighbours = |inside: fn(char) -> bool| {
        let before = text.get(..range.start).and_then(|t| t.chars().next_back());
        let after = text.get(range.end..).and_then(|t| t.chars().next());
        before.is_some_and(inside) || after.is_some_and(inside)
    };
    if ascii && neighbours(|c| c.is_ascii_alphabetic()) {
        return false;
    }
    if katakana && letters <= 3 && neighbours(|c| matches!(c, 'ァ'..='ヺ' | 'ー')) {
        return false;
    }
    // Inside a word of the same letters: 鬱 in 憂鬱, 量が in 降水量が, やけど in やるんやけど.
    let first = word.chars().next().unwrap_or(' ');
    let before = text.get(..range.start).and_then(|t| t.chars().next_back()).unwrap_or(' ');
    let han = |c: char| matches!(c, '一'..='鿿' | '々');
    let hira = |c: char| matches!(c, 'ぁ'..='ゖ');
    let kana_block = |c: char| matches!(c, 'ァ'..='ヺ' | 'ー');
    let glued = han(first) && han(before)
        || hira(first) && hira(before) && letters <= 5
        || kana_block(first) && kana_block(before);
    let starts = tokens.binary_search_by_key(&range.start, |t| t.range.start).is_ok();
    if glued && !tokens.is_empty() && !starts {
        return false;
    }
    if letters > 3 || (letters == 2 && !kana && !katakana) || (letters == 3 && !kana) || tokens.is_empty() {
        return true;
    }
    starts && tokens.binary_search_by_key(&range.end, |t| t.range.end).is_ok()
}

/// The text with every word in its base form, and the way back.
struct BaseForms {
    text: String,
    /// Start in `text`, end in `text`, bytes of the surface.
    words: Vec<(usize, usize, Range<usize>)>,
}

impl BaseForms {
    fn new(surface: &str, tokens: &[Token]) -> Self {
        let mut all = Self { text: String::with_capacity(surface.len() + 64), words: Vec::with_capacity(tokens.len()) };
        let mut last = 0;
        for token in tokens {
            // A gap is white space or a line's end: no term reaches over it.
            if token.range.start > last {
                all.text.push('\n');
            }
            last = token.range.end;
            let start = all.text.len();
            all.text.push_str(token.base.as_deref().or_else(|| surface.get(token.range.clone())).unwrap_or_default());
            all.words.push((start, all.text.len(), token.range.clone()));
        }
        all
    }

    /// The surface behind a match, if it begins and ends with words.
    fn surface(&self, start: usize, end: usize) -> Option<Range<usize>> {
        let first = self.words.binary_search_by_key(&start, |w| w.0).ok()?;
        let last = self.words.binary_search_by_key(&end, |w| w.1).ok()?;
        Some(self.words.get(first)?.2.start..self.words.get(last)?.2.end)
    }
}
