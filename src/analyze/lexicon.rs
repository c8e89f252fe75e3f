//! The words that scores are made of, read from tab-separated files. Pure: the files' text is handed in.
//!
//! Columns: axis, category, weight, term, note (see `dictionaries/README.md`). A term is matched by base form and
//! as it is written; `re:` makes it a regular expression, which the `regex` crate runs in linear time.
//!
//! # Invariants
//! Terms are normalized like texts. Reading reports every mistake of every file at once, with file and line.

use std::{fmt, sync::Arc};

use super::normalize::Normalized;

/// The files that are compiled in.
const EMBEDDED: &[(&str, &str)] = &[
    ("complaint.tsv", include_str!("../../dictionaries/lexicons/complaint.tsv")),
    ("grumble.tsv", include_str!("../../dictionaries/lexicons/grumble.tsv")),
    ("leak.tsv", include_str!("../../dictionaries/lexicons/leak.tsv")),
    ("incident.tsv", include_str!("../../dictionaries/lexicons/incident.tsv")),
    ("safety.tsv", include_str!("../../dictionaries/lexicons/safety.tsv")),
    ("conduct.tsv", include_str!("../../dictionaries/lexicons/conduct.tsv")),
    ("boycott.tsv", include_str!("../../dictionaries/lexicons/boycott.tsv")),
    ("praise.tsv", include_str!("../../dictionaries/lexicons/praise.tsv")),
    ("symptoms.tsv", include_str!("../../dictionaries/lexicons/symptoms.tsv")),
    ("private.tsv", include_str!("../../dictionaries/lexicons/private.tsv")),
    ("modifiers.tsv", include_str!("../../dictionaries/lexicons/modifiers.tsv")),
    ("quiet.tsv", include_str!("../../dictionaries/lexicons/quiet.tsv")),
    ("homonyms.tsv", include_str!("../../dictionaries/lexicons/homonyms.tsv")),
    ("entities.tsv", include_str!("../../dictionaries/lexicons/entities.tsv")),
];

const COLUMNS: &str = "axis\tcategory\tweight\tterm\tnote";

/// How a term is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// As written or by base forms; normalized.
    Plain(String),
    /// A regular expression over normalized text.
    Pattern(String),
    /// A word that must stand near (homonyms only); normalized.
    Near(String),
}

/// One line of a file.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The sum it feeds: a category of decision 1, or `modifier`, `quiet`, `symptom`, `private`, `homonym`, `entity`.
    pub axis: Arc<str>,
    /// The group within the axis: repeats within a group count less.
    pub group: Arc<str>,
    /// Points.
    pub weight: f32,
    /// What is looked for.
    pub term: Term,
    /// For people: why these words speak.
    pub note: Arc<str>,
}

/// All words, in the order of the files.
#[derive(Debug, Clone, Default)]
pub struct Lexicons {
    /// Every line.
    pub entries: Vec<Entry>,
}

/// Everything that is wrong with the files.
#[derive(Debug, thiserror::Error)]
pub struct LexiconError(
    /// One sentence a mistake, `file:line: what`.
    pub Vec<String>,
);

impl fmt::Display for LexiconError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl Lexicons {
    /// The words that come with Hinomi.
    pub fn embedded() -> Result<Self, LexiconError> {
        Self::read(EMBEDDED)
    }

    /// Reads files, given as name and text. Later files add to earlier ones.
    pub fn read<N: AsRef<str>, T: AsRef<str>>(files: &[(N, T)]) -> Result<Self, LexiconError> {
        let (mut all, mut mistakes) = (Self::default(), Vec::new());
        for (name, text) in files {
            let name = name.as_ref();
            for (number, line) in text.as_ref().lines().enumerate() {
                let line = line.trim_end_matches('\r');
                if number == 0 && line == COLUMNS || line.trim().is_empty() || line.starts_with('#') {
                    continue;
                }
                match entry(line) {
                    Ok(entry) => all.entries.push(entry),
                    Err(what) => mistakes.push(format!("{name}:{}: {what}", number + 1)),
                }
            }
        }
        if mistakes.is_empty() { Ok(all) } else { Err(LexiconError(mistakes)) }
    }

    /// The lines of one axis.
    pub fn axis<'a>(&'a self, axis: &'a str) -> impl Iterator<Item = &'a Entry> {
        self.entries.iter().filter(move |e| &*e.axis == axis)
    }
}

fn entry(line: &str) -> Result<Entry, String> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [axis, group, weight, term, rest @ ..] = fields.as_slice() else {
        return Err(format!("{} columns, and {COLUMNS:?} are wanted", fields.len()));
    };
    let (axis, group, term) = (axis.trim(), group.trim(), term.trim());
    let note = match rest {
        [] => "",
        [note] => note.trim(),
        _ => return Err(format!("{} columns are more than five; is there a stray tab?", fields.len())),
    };
    if axis.is_empty() || group.is_empty() {
        return Err("axis and category must not be empty".to_owned());
    }
    let weight: f32 = weight.trim().parse().map_err(|_| format!("{weight:?} is no weight such as 2.5"))?;
    if !weight.is_finite() || weight.abs() > 20.0 {
        return Err(format!("a weight of {weight} is outside -20 to 20"));
    }
    let term = match (term.strip_prefix("re:"), term.strip_prefix("near:")) {
        (Some(pattern), _) => {
            regex::Regex::new(pattern).map_err(|e| format!("the pattern {pattern:?} is not understood: {e}"))?;
            Term::Pattern(pattern.to_owned())
        }
        (_, Some(near)) if axis == "homonym" => Term::Near(normal(near)?),
        _ => Term::Plain(normal(term)?),
    };
    Ok(Entry { axis: axis.into(), group: group.into(), weight, term, note: note.into() })
}

fn normal(term: &str) -> Result<String, String> {
    let normal = Normalized::new(term.trim()).as_str().to_owned();
    if normal.is_empty() { Err("the term is empty".to_owned()) } else { Ok(normal) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_that_come_with_hinomi_are_read_and_are_many() {
        let all = Lexicons::embedded().unwrap();
        for axis in ["complaint", "leak", "incident", "safety", "conduct", "boycott", "praise", "symptom", "modifier"] {
            assert!(all.axis(axis).count() >= 15, "{axis}");
        }
        assert!(all.entries.len() > 1200, "{}", all.entries.len());
    }

    #[test]
    fn every_mistake_is_told_at_once_with_its_file_and_line() {
        let text = "axis\tcategory\tweight\tterm\tnote\nleak\texplicit\tx\t流出\t\nleak\texplicit\n# a remark\nleak\texplicit\t1\tre:(\t\n";
        let told = Lexicons::read(&[("own.tsv", text)]).unwrap_err().0;
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(
            told[0].starts_with("own.tsv:2:") && told[1].starts_with("own.tsv:3:") && told[2].starts_with("own.tsv:5:")
        );
    }

    #[test]
    fn terms_are_spelled_like_the_texts_they_meet() {
        let all = Lexicons::read(&[("x.tsv", "leak\texplicit\t4\tｶｰﾄﾞ情報流出\tn")]).unwrap();
        assert_eq!(all.entries[0].term, Term::Plain("カード情報流出".into()));
    }
}
