//! Templates that become sentences: `{a|b}` chooses, `<key>` looks up, `<#2-9>` draws a number, and `<key!>` looks up
//! once and stays the same to the end of the text.
//!
//! `<n>` is a name of the company and `<p>` one of its products. They stay marks until the very end, so that
//! wear and tear on a text (typos, half-width letters) never touches the one word that a lookout must find.

use std::collections::HashMap;

use super::super::chance::Chance;

/// Stands for a name of the company.
pub(super) const NAME: char = '\u{e000}';
/// Stands for a name of one of its products.
pub(super) const PRODUCT: char = '\u{e001}';

/// Words a template may look up.
pub(crate) type Slots = &'static [(&'static str, &'static [&'static str])];

enum Piece {
    Text(String),
    Slot(String),
    Choice(Vec<Vec<Piece>>),
}

/// Writes a text from `template`; a slot is looked up in `tables` in order.
pub(super) fn write(template: &str, tables: &[Slots], chance: &mut Chance) -> String {
    let mut hand = Hand { tables, chance, kept: HashMap::new() };
    hand.write(template, 0)
}

/// The hand that writes one text.
struct Hand<'h> {
    tables: &'h [Slots],
    chance: &'h mut Chance,
    /// What `<key!>` stands for in this text.
    kept: HashMap<String, String>,
}

impl Hand<'_> {
    fn write(&mut self, template: &str, depth: u8) -> String {
        let mut out = String::new();
        self.expand(&parse(&mut template.chars(), 0).0, &mut out, depth);
        out
    }

    fn expand(&mut self, pieces: &[Piece], out: &mut String, depth: u8) {
        for piece in pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Choice(ways) => {
                    if let Some(way) = self.chance.pick(ways) {
                        self.expand(way, out, depth);
                    }
                }
                Piece::Slot(key) => out.push_str(&self.fill(key, depth)),
            }
        }
    }

    fn fill(&mut self, key: &str, depth: u8) -> String {
        match key {
            "n" => return NAME.to_string(),
            "p" => return PRODUCT.to_string(),
            _ => {}
        }
        if let Some(bare) = key.strip_suffix('!') {
            if let Some(kept) = self.kept.get(bare) {
                return kept.clone();
            }
            let drawn = self.fill(bare, depth);
            self.kept.insert(bare.to_owned(), drawn.clone());
            return drawn;
        }
        if let Some((low, high)) = range(key) {
            return self.chance.between(low, high).to_string();
        }
        let words = self.tables.iter().flat_map(|table| table.iter()).find(|(name, _)| *name == key);
        // Tables may use each other; the depth only guards against a circle in them.
        let Some((_, words)) = words.filter(|_| depth < 5) else { return String::new() };
        let word = self.chance.word(words);
        self.write(word, depth + 1)
    }
}

/// `#2-9` is a number from 2 to 9.
fn range(key: &str) -> Option<(i64, i64)> {
    let (low, high) = key.strip_prefix('#')?.split_once('-')?;
    Some((low.parse().ok()?, high.parse().ok()?))
}

/// Reads until the end, or inside a choice until `|` or `}`; also says which letter ended it.
fn parse(chars: &mut std::str::Chars<'_>, depth: u8) -> (Vec<Piece>, Option<char>) {
    let mut pieces = Vec::new();
    let mut text = String::new();
    while let Some(letter) = chars.next() {
        match letter {
            '{' => {
                pieces.push(Piece::Text(std::mem::take(&mut text)));
                let mut ways = Vec::new();
                loop {
                    let (way, end) = parse(chars, depth + 1);
                    ways.push(way);
                    if end != Some('|') {
                        break;
                    }
                }
                pieces.push(Piece::Choice(ways));
            }
            '<' => {
                pieces.push(Piece::Text(std::mem::take(&mut text)));
                pieces.push(Piece::Slot(chars.by_ref().take_while(|c| *c != '>').collect()));
            }
            '|' | '}' if depth > 0 => {
                pieces.push(Piece::Text(text));
                return (pieces, Some(letter));
            }
            _ => text.push(letter),
        }
    }
    pieces.push(Piece::Text(text));
    (pieces, None)
}

/// What is wrong with a template, for the test that reads all of them.
#[cfg(test)]
pub(super) fn faults(template: &str, tables: &[Slots]) -> Vec<String> {
    let count = |c: char| template.chars().filter(|l| *l == c).count();
    let mut faults = Vec::new();
    if count('{') != count('}') || count('<') != count('>') {
        faults.push(format!("brackets do not match: {template}"));
    }
    let mut rest = template;
    while let Some((_, after)) = rest.split_once('<') {
        let (key, after) = after.split_once('>').unwrap_or((after, ""));
        let key = key.trim_end_matches('!');
        let known = tables.iter().flat_map(|t| t.iter()).any(|(name, _)| *name == key);
        if !known && !matches!(key, "n" | "p") && range(key).is_none() {
            faults.push(format!("<{key}> is in no table: {template}"));
        }
        rest = after;
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: Slots = &[("food", &["{焼き|煮}魚", "米"])];

    #[test]
    fn choices_nest_and_tables_are_templates_themselves() {
        let mut chance = Chance::new(5);
        let seen: std::collections::BTreeSet<String> =
            (0..200).map(|_| write("{今日|昨{日|夜}}は<food>", &[TABLE], &mut chance)).collect();
        assert_eq!(seen.len(), 9, "{seen:?}");
        assert!(seen.contains("昨夜は煮魚"));
    }

    #[test]
    fn numbers_stay_in_their_range_and_names_stay_marks() {
        let mut chance = Chance::new(6);
        for _ in 0..50 {
            let text = write("<n>で<#15-17>分", &[], &mut chance);
            assert!(["\u{e000}で15分", "\u{e000}で16分", "\u{e000}で17分"].contains(&text.as_str()), "{text}");
        }
    }

    #[test]
    fn what_is_kept_stays_the_same_in_one_text_and_differs_between_texts() {
        let mut chance = Chance::new(7);
        let texts: Vec<String> = (0..40).map(|_| write("<food!>と<food!>", &[TABLE], &mut chance)).collect();
        assert!(texts.iter().all(|text| text.split('と').collect::<std::collections::BTreeSet<_>>().len() == 1));
        assert!(texts.iter().collect::<std::collections::BTreeSet<_>>().len() == 3, "{texts:?}");
    }

    #[test]
    fn a_broken_template_is_told() {
        assert!(faults("{a|b}<food><n><#1-2>", &[TABLE]).is_empty());
        assert_eq!(faults("{a|b", &[TABLE]).len(), 1);
        assert_eq!(faults("<drink>", &[TABLE]).len(), 1);
    }
}
