//! One spelling for matching: NFKC, lower case, no invisible letters; with the way back to the original.
//!
//! ICU keeps no map of positions, so the text is normalized cluster by cluster (decision 26): a cluster is what a
//! person sees as one letter, so that ﾊﾞ becomes バ in one step and both its halves map to it.
//!
//! # Invariants
//! `origin` never steps back, every entry is a valid range of the original, and a range of the normalized text
//! maps to the smallest range of the original that holds all of its clusters.

use std::{borrow::Cow, ops::Range};

use icu_normalizer::ComposingNormalizerBorrowed;
use unicode_segmentation::UnicodeSegmentation;

use super::prefilter::is_single_jamo;

/// A text as it is matched.
#[derive(Debug, Clone, Default)]
pub struct Normalized {
    text: String,
    /// For every letter of `text`: its first byte.
    bytes: Vec<u32>,
    /// For every letter of `text`: the range of the original it came from, in Unicode scalar values.
    origin: Vec<(u32, u32)>,
    original_len: usize,
}

impl Normalized {
    /// Normalizes `original`.
    pub fn new(original: &str) -> Self {
        let nfkc = ComposingNormalizerBorrowed::new_nfkc();
        let mut out = Self::default();
        let mut at = 0u32;
        for cluster in original.graphemes(true) {
            let mut letters = cluster.chars();
            if let (Some(c), None) = (letters.next(), letters.next()) {
                if is_settled(c) {
                    out.push(c, at, at + 1);
                } else {
                    let mut buffer = [0u8; 4];
                    out.push_folded(&nfkc.normalize(c.encode_utf8(&mut buffer)), at, at + 1);
                }
                at += 1;
            } else {
                let end = at.saturating_add(u32::try_from(cluster.chars().count()).unwrap_or(u32::MAX));
                out.push_folded(&nfkc.normalize(cluster), at, end);
                at = end;
            }
        }
        out.original_len = at as usize;
        out
    }

    fn push(&mut self, c: char, start: u32, end: u32) {
        self.bytes.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
        self.text.push(c);
        self.origin.push((start, end));
    }

    fn push_folded(&mut self, composed: &str, start: u32, end: u32) {
        for c in composed.chars().filter(|c| !is_unseen(*c)) {
            for lower in fold(c).to_lowercase() {
                self.push(lower, start, end);
            }
        }
    }

    /// The text for matching.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Letters of the original.
    pub fn original_len(&self) -> usize {
        self.original_len
    }

    /// How many letters of the matching text stand before byte `at`.
    pub fn letter_at(&self, at: usize) -> usize {
        self.bytes.partition_point(|b| (*b as usize) < at)
    }

    /// The range of the original behind a range of bytes of the matching text.
    pub fn original_range(&self, bytes: &Range<usize>) -> Range<usize> {
        let (first, last) = (self.letter_at(bytes.start), self.letter_at(bytes.end));
        let letters = self.origin.get(first..last).unwrap_or_default();
        let start = letters.first().map_or(self.original_len, |o| o.0 as usize);
        let end = letters.last().map_or(start, |o| o.1 as usize);
        start..end
    }

    /// The slice of the matching text; empty where the range is none.
    pub fn slice(&self, bytes: Range<usize>) -> &str {
        self.text.get(bytes).unwrap_or_default()
    }

    /// The letter before byte `at`.
    pub fn before(&self, at: usize) -> Option<char> {
        self.slice(0..at).chars().next_back()
    }

    /// The letter from byte `at` on.
    pub fn after(&self, at: usize) -> Option<char> {
        self.slice(at..self.text.len()).chars().next()
    }

    /// Up to `letters` letters that end at byte `at`.
    pub fn window_before(&self, at: usize, letters: usize) -> &str {
        let end = self.letter_at(at);
        let start = self.byte_of(end.saturating_sub(letters));
        self.slice(start..at)
    }

    /// Up to `letters` letters from byte `at` on.
    pub fn window_after(&self, at: usize, letters: usize) -> &str {
        let end = self.byte_of(self.letter_at(at) + letters);
        self.slice(at..end)
    }

    fn byte_of(&self, letter: usize) -> usize {
        self.bytes.get(letter).map_or(self.text.len(), |b| *b as usize)
    }
}

/// `original` in the spelling for matching, without the way back: the prefilter's road, where most posts end.
pub fn folded(original: &str) -> Cow<'_, str> {
    if original.chars().all(is_settled) {
        return Cow::Borrowed(original);
    }
    // Single jamo are clusters of their own, which NFKC would join to a syllable over their borders.
    if original.chars().any(is_single_jamo) {
        return Cow::Owned(Normalized::new(original).text);
    }
    let composed = ComposingNormalizerBorrowed::new_nfkc().normalize(original);
    let mut out = String::with_capacity(composed.len());
    composed.chars().for_each(|c| push_folded(&mut out, c));
    Cow::Owned(out)
}

/// A letter that has been normalized, in the spelling for matching; nothing where nobody sees it.
pub(super) fn push_folded(out: &mut String, composed: char) {
    if is_settled(composed) {
        out.push(composed);
    } else if composed.is_ascii_uppercase() {
        out.push(composed.to_ascii_lowercase());
    } else if !is_unseen(composed) {
        out.extend(fold(composed).to_lowercase());
    }
}

/// Letters `range` of `text`, counted in Unicode scalar values.
pub fn letters(text: &str, range: &Range<usize>) -> String {
    text.chars().skip(range.start).take(range.end.saturating_sub(range.start)).collect()
}

/// Letters that stay as they are: most of Japanese, and lower-case ASCII.
fn is_settled(c: char) -> bool {
    matches!(c, '\n' | ' ' | '!'..='@' | '['..='}' | 'ぁ'..='ゔ' | 'ァ'..='ヺ' | 'ー' | '、'..='」')
        || (matches!(c, '一'..='鿋') && !matches!(c, '髙' | '﨑'))
}

/// Spellings that NFKC keeps apart and people do not.
fn fold(c: char) -> char {
    match c {
        '髙' => '高',
        '﨑' => '崎',
        '〜' | '∼' | '˜' => '~',
        '‐' | '‑' | '–' | '−' => '-',
        '’' | '‘' => '\'',
        '\u{2028}' | '\u{2029}' | '\r' => '\n',
        '\t' => ' ',
        other => other,
    }
}

/// Letters that nobody sees: they hide words from a match (zero width, direction marks, tags, stacked marks).
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{300}'..='\u{36f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3099}' | '\u{309a}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fff8}' | '\u{e0000}'..='\u{e0fff}')
        || (c.is_control() && c != '\n' && c != '\t' && c != '\r')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn half_width_kana_with_their_marks_become_one_letter_and_map_back_to_both() {
        let n = Normalized::new("ｻﾎﾟｰﾄ最悪");
        assert_eq!(n.as_str(), "サポート最悪");
        let po = n.as_str().find('ポ').unwrap();
        assert_eq!(n.original_range(&(po..po + 'ポ'.len_utf8())), 1..3);
    }

    #[test]
    fn full_width_letters_lower_case_and_long_ligatures_keep_their_place() {
        let n = Normalized::new("ＡＵ㍿です");
        assert_eq!(n.as_str(), "au株式会社です");
        let at = n.as_str().find("株式会社").unwrap();
        assert_eq!(n.original_range(&(at..at + "株式会社".len())), 2..3);
    }

    #[test]
    fn letters_that_nobody_sees_do_not_hide_a_name() {
        assert_eq!(Normalized::new("つば\u{200b}め\u{202e}電機").as_str(), "つばめ電機");
        assert_eq!(Normalized::new("髙島﨑").as_str(), "高島崎");
    }

    #[test]
    fn both_roads_leave_single_jamo_apart() {
        for text in ["\u{ffb6}\u{ffce}", "\u{3131}\u{314f}", "x\u{ffa1}\u{ffc2}電機"] {
            assert_eq!(folded(text), Normalized::new(text).as_str());
        }
    }

    proptest! {
        #[test]
        fn the_short_road_gives_the_same_spelling(text in "[ｦ-ﾟァ-ヺぁ-んＡ-Ｚa-zA-Z㍿①か\u{200b}髙\n ]{0,40}") {
            let mapped = Normalized::new(&text);
            let short = folded(&text);
            prop_assert_eq!(short.as_ref(), mapped.as_str());
        }

        #[test]
        fn positions_never_step_back_and_stay_inside(text in "\\PC{0,80}") {
            let n = Normalized::new(&text);
            let len = text.chars().count();
            prop_assert_eq!(n.original_len(), len);
            let mut last = 0;
            for (i, c) in n.as_str().char_indices() {
                let o = n.original_range(&(i..i + c.len_utf8()));
                prop_assert!(o.start >= last && o.start < o.end && o.end <= len);
                last = o.start;
            }
        }

        #[test]
        fn every_range_maps_to_a_range_of_the_original(text in "[ｦ-ﾟァ-ヺぁ-んＡ-Ｚa-z㍿①が\u{3099}🇯🇵👨‍👩]{0,40}", a in 0usize..60, b in 0usize..60) {
            let n = Normalized::new(&text);
            let marks: Vec<usize> = n.as_str().char_indices().map(|(i, _)| i).chain([n.as_str().len()]).collect();
            let (a, b) = (marks[a % marks.len()], marks[b % marks.len()]);
            let o = n.original_range(&(a.min(b)..a.max(b)));
            prop_assert!(o.start <= o.end && o.end <= text.chars().count());
            prop_assert_eq!(letters(&text, &o).chars().count(), o.len());
        }
    }
}
