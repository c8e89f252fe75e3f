//! Whose word is it: which of the names in a text a hit belongs to, and how far it stands from the company.

use std::ops::Range;

use super::{document::Section, entities::Entity};

/// Posts up to this many letters that name one company belong to it as a whole.
const SHORT: usize = 160;
/// What remains of a word that belongs to somebody else.
const OTHERS: f32 = 0.25;
/// Behind a name: the name is a yardstick or a source, never the one who is spoken of.
const NEVER_OWNS: &[&str] = &[
    "より",
    "と違って",
    "と違い",
    "とちがって",
    "じゃなくて",
    "ではなく",
    "でなく",
    "みたいな",
    "のような",
    "に比べ",
    "と比べ",
    "以外",
    "によると",
    "によれば",
    "が報じ",
    "は報じ",
    "を見習",
    "に乗り換え",
    "に変え",
    "に移",
    "にした",
    "に引っ越",
    "にすれば",
    "ならこんな",
    "なら",
    "の方がまし",
    "のほうがまし",
    "を装",
    "をかた",
    "を騙",
];
/// Between two names: both own what follows.
const JOINS: &[&str] = &[
    "や",
    "と",
    "も",
    "・",
    "、",
    "/",
    "とか",
    "にしろ",
    "だの",
    "か",
    "および",
    "並びに",
    "&",
    "・・",
    ",",
    "も、",
    "と、",
];

/// One company's names in one section, with the others'.
pub(super) struct Ownership<'a> {
    section: &'a Section,
    own: &'a [Range<usize>],
    others: &'a [Entity],
    short: bool,
}

impl<'a> Ownership<'a> {
    /// `own` and `others` by position.
    pub(super) fn new(section: &'a Section, own: &'a [Range<usize>], others: &'a [Entity]) -> Self {
        let short = section.normal.original_len() <= SHORT;
        Self { section, own, others, short }
    }

    /// The part of a hit's weight that is the company's, from 0 to 1.
    pub(super) fn share(&self, hit: &Range<usize>) -> f32 {
        if self.own.is_empty() {
            // A headline that names somebody else speaks of them.
            return if self.others.iter().any(|o| !o.media) { OTHERS } else { 0.8 };
        }
        let whose = if self.others.iter().any(|o| !o.media) && !self.owns(hit) { OTHERS } else { 1.0 };
        whose * self.nearness(hit)
    }

    fn owns(&self, hit: &Range<usize>) -> bool {
        let clause = self.section.clause(hit.start);
        let sentence = self.section.sentence(hit.start);
        // A name inside the hit's own words is its owner.
        if self.own.iter().any(|o| o.start < hit.end && hit.start < o.end) {
            return true;
        }
        let whole = 0..self.section.normal.as_str().len();
        for within in [&clause, &sentence, &whole] {
            if let Some(own) = self.nearest(hit.start, within, true) {
                return own;
            }
            // In a clause without a subject before it, the word describes the name that follows.
            if within == &clause
                && let Some(own) = self.nearest(hit.end, within, false)
            {
                return own;
            }
        }
        self.nearest(hit.end, &whole, false).unwrap_or(true)
    }

    /// Whether the nearest name before (or behind) `at` is the company's; `None` without a name.
    fn nearest(&self, at: usize, within: &Range<usize>, before: bool) -> Option<bool> {
        let mut best: Option<(usize, bool)> = None;
        let names = self.own.iter().map(|r| (r, true));
        let others = self.others.iter().filter(|e| !e.media).map(|e| (&e.range, false));
        for (range, own) in names.chain(others) {
            let inside = within.start <= range.start && range.end <= within.end;
            let side = if before { range.end <= at } else { range.start >= at };
            if !inside || !side || self.never_owns(range) {
                continue;
            }
            let distance = if before { at - range.end } else { range.start - at };
            if best.is_none_or(|(d, _)| distance < d) {
                best = Some((distance, own || (before && self.joined(range))));
            }
        }
        best.map(|(_, own)| own)
    }

    fn never_owns(&self, range: &Range<usize>) -> bool {
        let tail = self.section.normal.window_after(range.end, 8);
        NEVER_OWNS.iter().any(|w| tail.starts_with(w))
    }

    /// Whether somebody else's name is joined to one of the company's: 「AやBは」.
    fn joined(&self, other: &Range<usize>) -> bool {
        self.own.iter().any(|own| {
            let gap = if own.end <= other.start { own.end..other.start } else { other.end..own.start };
            gap.start <= gap.end && JOINS.contains(&self.section.normal.slice(gap).trim())
        })
    }

    /// Words far from the name are less about it.
    fn nearness(&self, hit: &Range<usize>) -> f32 {
        if self.short {
            return 1.0;
        }
        let at = self.section.sentence_index(hit.start);
        let mut best = 0.0f32;
        for own in self.own {
            let name = self.section.sentence_index(own.start);
            let factor = match (at >= name, at.abs_diff(name)) {
                (_, 0) => 1.0,
                (true, 1) => 0.95,
                (true, 2..=3) | (false, 1) => 0.85,
                (true, 4..=6) => 0.65,
                (false, 2..=3) => 0.6,
                _ => 0.35,
            };
            best = best.max(factor);
        }
        best
    }
}
