//! A post taken apart once for all companies: title and text with words, hits, clauses and decoration.

use std::ops::Range;

use super::{
    boilerplate::Boilerplate,
    finder::{Finder, Hit},
    normalize::Normalized,
    token::{Token, Tokenize},
};

/// A title or a text.
pub(super) struct Section {
    /// The spelling for matching.
    pub(super) normal: Normalized,
    /// Its words.
    pub(super) tokens: Vec<Token>,
    /// Terms of the lexicon that count: what quiet phrases and longer terms cover is gone.
    pub(super) hits: Vec<Hit>,
    /// Decoration.
    pub(super) boilerplate: Boilerplate,
    /// Sentences, in order and without gaps.
    pub(super) sentences: Vec<Range<usize>>,
    /// Clauses, in order and without gaps.
    pub(super) clauses: Vec<Range<usize>>,
    /// It is the title.
    pub(super) in_title: bool,
}

impl Section {
    /// Takes `normal` apart.
    pub(super) fn new(normal: Normalized, in_title: bool, tokenizer: &dyn Tokenize) -> Self {
        let tokens = tokenizer.tokenize(normal.as_str());
        let boilerplate = Boilerplate::of(normal.as_str());
        let sentences = split(normal.as_str(), |c| matches!(c, '。' | '!' | '?' | '\n'));
        let clauses = split(normal.as_str(), |c| matches!(c, '。' | '!' | '?' | '\n' | '、' | ',' | ';' | '/'));
        Self { normal, tokens, hits: Vec::new(), boilerplate, sentences, clauses, in_title }
    }

    /// Looks for the lexicon's terms.
    pub(super) fn search(&mut self, finder: &Finder) {
        let all = finder.find(self.normal.as_str(), &self.tokens);
        self.hits = settle(&all, finder, &self.boilerplate);
    }

    /// The hits of modifiers of one group.
    pub(super) fn cues<'a>(&'a self, finder: &'a Finder, group: &'a str) -> impl Iterator<Item = &'a Hit> {
        self.hits.iter().filter(move |h| finder.entry(h).is_some_and(|e| &*e.axis == "modifier" && &*e.group == group))
    }

    /// The sum of the weights of modifiers of one group.
    pub(super) fn cue_sum(&self, finder: &Finder, group: &str) -> f32 {
        self.cues(finder, group).filter_map(|h| finder.entry(h)).map(|e| e.weight).sum()
    }

    /// The clause that holds byte `at`.
    pub(super) fn clause(&self, at: usize) -> Range<usize> {
        holding(&self.clauses, at)
    }

    /// The sentence that holds byte `at`.
    pub(super) fn sentence(&self, at: usize) -> Range<usize> {
        holding(&self.sentences, at)
    }

    /// The how-manieth sentence holds byte `at`.
    pub(super) fn sentence_index(&self, at: usize) -> usize {
        self.sentences.partition_point(|s| s.end <= at)
    }
}

fn holding(parts: &[Range<usize>], at: usize) -> Range<usize> {
    let index = parts.partition_point(|p| p.end <= at).min(parts.len().saturating_sub(1));
    parts.get(index).cloned().unwrap_or_default()
}

/// Parts that end with a separator. A comma between digits separates nothing.
fn split(text: &str, separates: impl Fn(char) -> bool) -> Vec<Range<usize>> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let mut letters = text.char_indices().peekable();
    let mut before = ' ';
    while let Some((i, c)) = letters.next() {
        let next = letters.peek().map_or(' ', |(_, c)| *c);
        let in_number = c == ',' && before.is_ascii_digit() && next.is_ascii_digit();
        if separates(c) && !in_number && !separates(next) {
            parts.push(start..i + c.len_utf8());
            start = i + c.len_utf8();
        }
        before = c;
    }
    if start < text.len() || parts.is_empty() {
        parts.push(start..text.len());
    }
    parts
}

/// Drops hits in decoration, hits that a quiet phrase covers, and hits inside a longer one of the same axis.
fn settle(all: &[Hit], finder: &Finder, boilerplate: &Boilerplate) -> Vec<Hit> {
    let axis = |h: &Hit| finder.entry(h).map_or("", |e| &*e.axis);
    let quiet: Vec<Range<usize>> = all.iter().filter(|h| axis(h) == "quiet").map(|h| h.range.clone()).collect();
    let inside = |inner: &Range<usize>, outer: &Range<usize>| outer.start <= inner.start && inner.end <= outer.end;
    let is_negation = |h: &Hit| finder.entry(h).is_some_and(|e| &*e.group == "negation");
    let keeps = |h: &Hit| match axis(h) {
        "quiet" => false,
        // The «not» within 思えない or 届かない belongs to the word and takes nothing back.
        "modifier" if is_negation(h) => !all.iter().any(|o| {
            !matches!(axis(o), "modifier" | "praise" | "quiet" | "private")
                && o.range.start < h.range.start
                && h.range.start < o.range.end
        }),
        "modifier" | "symptom" => true,
        // Pieces may overlap: what counts is which of them are there.
        "private" => !quiet.iter().any(|q| q.start < h.range.end && h.range.start < q.end),
        own => {
            let range = &h.range;
            !quiet.iter().any(|q| {
                // 無神経 holds the quiet 神経 and is not quieted by it.
                let larger = inside(q, range) && (q != range || own == "praise");
                q.start < range.end && range.start < q.end && !larger
            }) && !all.iter().any(|o| o.range != *range && axis(o) == own && inside(range, &o.range))
        }
    };
    all.iter()
        .filter(|h| !boilerplate.covers(&h.range) && !boilerplate.in_address(&h.range) && keeps(h))
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses_end_at_commas_but_not_within_numbers() {
        let text = "約6,249名分、流出。本当?!次";
        let parts = split(text, |c| matches!(c, '。' | '!' | '?' | '、' | ','));
        let parts: Vec<&str> = parts.into_iter().filter_map(|r| text.get(r)).collect();
        assert_eq!(parts, ["約6,249名分、", "流出。", "本当?!", "次"]);
    }
}
