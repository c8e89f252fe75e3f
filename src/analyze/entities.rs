//! Other companies and bodies in a text: whom a risk word belongs to when two are named.

use std::ops::Range;

use daachorse::{CharwiseDoubleArrayAhoCorasick, CharwiseDoubleArrayAhoCorasickBuilder, MatchKind};

use super::{
    document::Section,
    lexicon::{Lexicons, Term},
    normalize::Normalized,
    token::TokenKind,
};

/// A name list with the kind of each name.
pub(super) struct Entities {
    automaton: CharwiseDoubleArrayAhoCorasick<u32>,
    media: Vec<bool>,
}

/// A name of somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entity {
    /// Bytes of the normalized text.
    pub(super) range: Range<usize>,
    /// It reports for a living: what it tells is about others.
    pub(super) media: bool,
}

impl Entities {
    /// Reads the axis `entity`. The reason of a failure is a sentence for people.
    pub(super) fn new(lexicons: &Lexicons) -> Result<Self, String> {
        let (mut names, mut media) = (Vec::new(), Vec::new());
        for entry in lexicons.axis("entity") {
            if let Term::Plain(name) = &entry.term {
                names.push((name.as_str(), u32::try_from(media.len()).unwrap_or(u32::MAX)));
                media.push(&*entry.group == "media");
            }
        }
        names.sort_unstable();
        names.dedup_by_key(|(name, _)| *name);
        if names.is_empty() {
            names.push(("\u{10ffff}", u32::MAX));
        }
        let automaton = CharwiseDoubleArrayAhoCorasickBuilder::new()
            .match_kind(MatchKind::LeftmostLongest)
            .build_with_values(names)
            .map_err(|e| format!("the names of others cannot be compiled: {e}"))?;
        Ok(Self { automaton, media })
    }

    /// Whether one of the names `own` is that of a medium.
    pub(super) fn is_media(&self, section: &Section, own: &[Range<usize>]) -> bool {
        self.automaton
            .leftmost_find_iter(section.normal.as_str())
            .filter(|m| self.media.get(m.value() as usize).copied().unwrap_or(false))
            .any(|m| own.iter().any(|o| meets(o, &(m.start()..m.end()))))
    }

    /// Others named in `section`, apart from `own`; by position.
    pub(super) fn others(&self, section: &Section, own: &[Range<usize>]) -> Vec<Entity> {
        let text = section.normal.as_str();
        let mut all: Vec<Entity> = self
            .automaton
            .leftmost_find_iter(text)
            .map(|m| Entity {
                range: m.start()..m.end(),
                media: self.media.get(m.value() as usize).copied().unwrap_or(false),
            })
            .filter(|e| whole(&section.normal, &e.range))
            .collect();
        for token in section.tokens.iter().filter(|t| t.kind == TokenKind::Organization) {
            let name = section.normal.slice(token.range.clone());
            let known = all.iter().any(|e| meets(&e.range, &token.range));
            if !known && name.chars().count() >= 2 {
                all.push(Entity {
                    range: token.range.clone(),
                    media: name.ends_with("新聞") || name.ends_with("通信"),
                });
            }
        }
        all.retain(|e| !own.iter().any(|o| meets(o, &e.range)) && !section.boilerplate.covers(&e.range));
        all.sort_by_key(|e| e.range.start);
        all
    }
}

fn meets(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start < b.end && b.start < a.end
}

/// Not inside a longer run of katakana or ASCII letters.
fn whole(normal: &Normalized, range: &Range<usize>) -> bool {
    let own = normal.slice(range.clone());
    let same = |edge: Option<char>, beside: Option<char>| match (edge, beside) {
        (Some(e), Some(b)) => {
            (matches!(e, 'ァ'..='ヺ' | 'ー') && matches!(b, 'ァ'..='ヺ' | 'ー'))
                || (e.is_ascii_alphabetic() && b.is_ascii_alphabetic())
        }
        _ => false,
    };
    !same(own.chars().next(), normal.before(range.start)) && !same(own.chars().next_back(), normal.after(range.end))
}
