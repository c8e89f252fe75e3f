//! Finds the names of watched companies: one automaton over all names, then borders, exclusions and homonyms.
//!
//! Not here: whether the post says anything bad.
//!
//! # Invariants
//! A hit inside a longer name that also matched is not a hit. Each hit that was refused says why.

mod borders;

use std::{collections::BTreeMap, ops::Range};

use daachorse::{CharwiseDoubleArrayAhoCorasick, CharwiseDoubleArrayAhoCorasickBuilder};

use super::{
    document::Section,
    homonym::{Homonyms, touches},
    lexicon::Lexicons,
    normalize::{self, Normalized},
};
use crate::model::{
    limits,
    watch::{Alias, Watch, Watchlist},
};

/// How far a context word may stand from an ambiguous name, in letters.
const CONTEXT: usize = 60;

/// A company named in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NameHit {
    /// Place in the watchlist.
    pub(super) company: usize,
    /// Bytes of the normalized text.
    pub(super) range: Range<usize>,
    /// The name is ambiguous and none of its context words is near: a risk word must vouch for it.
    pub(super) uncertain: bool,
}

/// A name that stands there and is not the company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    /// Place in the watchlist.
    pub(super) company: usize,
    /// Bytes of the normalized text.
    pub(super) range: Range<usize>,
    /// For people.
    pub(super) why: String,
}

struct Name {
    company: usize,
    text: String,
    exclude: Vec<String>,
    context: Vec<String>,
}

/// All names of a watchlist.
pub(super) struct Matcher {
    automaton: CharwiseDoubleArrayAhoCorasick<u32>,
    /// Names by the automaton's value: several companies may share one.
    names: Vec<Vec<Name>>,
    homonyms: Homonyms,
}

impl Matcher {
    /// Compiles the names. The reason of a failure is a sentence for people.
    pub(super) fn new(watchlist: &Watchlist, lexicons: &Lexicons) -> Result<Self, String> {
        let mut by_text: BTreeMap<String, Vec<Name>> = BTreeMap::new();
        for (company, watch) in watchlist.companies.iter().enumerate() {
            let own = Alias::plain(watch.name.0.clone());
            for alias in watch.names().chain([&own]) {
                let name = name(company, watch, alias);
                let list = by_text.entry(name.text.clone()).or_default();
                if name.text.is_empty() || list.iter().any(|n| n.company == company) {
                    continue;
                }
                list.push(name);
            }
        }
        by_text.retain(|text, list| !text.is_empty() && !list.is_empty());
        let mut patterns: Vec<(String, u32)> = Vec::with_capacity(by_text.len());
        let mut names = Vec::with_capacity(by_text.len());
        for (i, (text, list)) in by_text.into_iter().enumerate() {
            patterns.push((text, u32::try_from(i).map_err(|_| "too many names".to_owned())?));
            names.push(list);
        }
        if patterns.is_empty() {
            // Why: the automaton refuses an empty list, and a watchlist may be empty.
            patterns.push(("\u{10ffff}".to_owned(), u32::MAX));
        }
        let automaton = CharwiseDoubleArrayAhoCorasickBuilder::new()
            .build_with_values(patterns)
            .map_err(|e| format!("the names cannot be compiled: {e}"))?;
        Ok(Self { automaton, names, homonyms: Homonyms::new(lexicons) })
    }

    /// Whether any name stands in `folded`: the question that ends most posts.
    pub(super) fn any(&self, folded: &str) -> bool {
        self.automaton.find_overlapping_iter(folded).next().is_some()
    }

    /// The hits and the refused ones of a section.
    pub(super) fn find(&self, section: &Section) -> (Vec<NameHit>, Vec<Refused>) {
        let text = section.normal.as_str();
        let mut found: Vec<(&Name, Range<usize>)> = Vec::new();
        for m in self.automaton.find_overlapping_iter(text) {
            for name in self.names.get(m.value() as usize).into_iter().flatten() {
                if found.len() < limits::NAMES {
                    found.push((name, m.start()..m.end()));
                }
            }
        }
        let (mut hits, mut refused) = (Vec::new(), Vec::new());
        let mut bordered: Vec<(&Name, Range<usize>)> = Vec::new();
        for (name, range) in found {
            if section.boilerplate.in_address(&range) {
                refused.push(Refused { company: name.company, range, why: "URLの一部".to_owned() });
            } else if let Some(other) = name.exclude.iter().find(|e| touches(text, e, &range)) {
                refused.push(Refused { company: name.company, range, why: format!("除外語「{other}」") });
            } else if let Err(why) = borders::check(&name.text, section, &range) {
                refused.push(Refused { company: name.company, range, why });
            } else {
                bordered.push((name, range));
            }
        }
        let covered = |range: &Range<usize>| {
            bordered.iter().find(|(_, o)| o != range && o.start <= range.start && range.end <= o.end)
        };
        for (name, range) in &bordered {
            if let Some((longer, _)) = covered(range) {
                if longer.company != name.company {
                    let why = format!("「{}」の一部", longer.text);
                    refused.push(Refused { company: name.company, range: range.clone(), why });
                }
                continue;
            }
            match self.judge(name, &section.normal, range) {
                Ok(uncertain) => hits.push(NameHit { company: name.company, range: range.clone(), uncertain }),
                Err(why) => refused.push(Refused { company: name.company, range: range.clone(), why }),
            }
        }
        hits.sort_by_key(|h| (h.range.start, h.company));
        (hits, refused)
    }

    /// Whether a bordered hit is the company; `Ok(true)` if only a risk word could tell.
    fn judge(&self, name: &Name, normal: &Normalized, range: &Range<usize>) -> Result<bool, String> {
        if let Some(note) = self.homonyms.refuses(&name.text, normal, range) {
            return Err(format!("同名の別のもの（{note}）"));
        }
        let near = |word: &String| {
            normal.window_before(range.start, CONTEXT).contains(word.as_str())
                || normal.window_after(range.end, CONTEXT).contains(word.as_str())
        };
        Ok(!name.context.is_empty() && !name.context.iter().any(near))
    }
}

fn name(company: usize, watch: &Watch, alias: &Alias) -> Name {
    let fold = |words: &[String], more: &[String]| -> Vec<String> {
        words.iter().chain(more).map(|w| normalize::folded(w).into_owned()).filter(|w| !w.is_empty()).collect()
    };
    Name {
        company,
        text: normalize::folded(alias.name.trim()).into_owned(),
        exclude: fold(&alias.exclude, &watch.exclude),
        context: fold(&alias.context, &watch.context),
    }
}
