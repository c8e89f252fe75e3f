//! The CSS selectors that people copy out of a browser, as far as a page without a screen can answer them:
//! `main ul.news > li`, `#info dd`, `a[href^="/news/"]`, several with commas.
//!
//! # Why an own reader
//! Every CSS engine in Rust stands on two crates under the MPL, which our licences do not go with. What hangs on the
//! neighbours of an element (`:nth-child`, `+`, `~`) is refused with a sentence.
//!
//! # Invariants
//! One pass over the page: what an element fulfils is a set of bits, and each step of a selector costs one look.

use super::tree::Tree;
use crate::{collect::html, model::limits};

/// One or several selectors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Selector(Vec<Vec<Step>>);

/// One element on the way.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Step {
    /// It must lie directly in the one before (`>`), or anywhere inside.
    directly: bool,
    /// Its name; any without.
    name: Option<String>,
    tests: Vec<Test>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Test {
    attribute: String,
    how: How,
    value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    There,
    Is,
    /// One of its words is.
    Word,
    Begins,
    Ends,
    Holds,
}

/// Steps of one selector; each is a bit.
const STEPS: usize = 32;
/// Selectors beside each other, and tests of one step.
const MOST: usize = 16;

/// What cannot be read of a selector, for a person: Japanese, English.
pub(super) type Wrong = (String, String);

impl Selector {
    pub(super) fn parse(text: &str) -> Result<Self, Wrong> {
        let mut all = vec![Vec::new()];
        let (mut directly, mut rest) = (false, text.trim());
        if rest.len() > limits::FIELD_BYTES {
            return Err(("セレクターが長すぎます".into(), "the selector is too long".into()));
        }
        while let Some(first) = rest.chars().next() {
            match first {
                c if c.is_whitespace() => rest = rest.trim_start(),
                '>' if !directly && all.last().is_some_and(|s| !s.is_empty()) => {
                    (directly, rest) = (true, rest.get(1..).unwrap_or(""));
                }
                ',' if !directly && all.last().is_some_and(|s| !s.is_empty()) && all.len() < MOST => {
                    all.push(Vec::new());
                    rest = rest.get(1..).unwrap_or("");
                }
                _ => {
                    let (step, behind) = step(rest, directly)?;
                    let steps = all.last_mut().filter(|s| s.len() < STEPS).ok_or_else(|| unread(rest))?;
                    steps.push(step);
                    (directly, rest) = (false, behind);
                }
            }
        }
        if directly || all.iter().any(Vec::is_empty) {
            return Err(unread(""));
        }
        Ok(Self(all))
    }

    /// The elements that it picks, in the order of the page.
    pub(super) fn pick(&self, tree: &Tree<'_>) -> Vec<usize> {
        let mut picked = vec![false; tree.nodes.len()];
        for steps in &self.0 {
            let last = 1_u32 << (steps.len() - 1);
            // Steps that the element itself ends, and those that it or anything around it ends.
            let (mut own, mut around) = (vec![0_u32; tree.nodes.len()], vec![0_u32; tree.nodes.len()]);
            for node in 0..tree.nodes.len() {
                let parent = tree.parent(node);
                let of = |bits: &[u32]| parent.and_then(|p| bits.get(p)).copied().unwrap_or(0);
                let (beside, above) = (of(&own), of(&around));
                let mut bits = 0;
                if !tree.name(node).is_empty() {
                    for (i, step) in steps.iter().enumerate() {
                        let before = if step.directly { beside } else { above };
                        let reached = i == 0 || before >> (i - 1) & 1 == 1;
                        if reached && step.fits(tree, node) {
                            bits |= 1 << i;
                        }
                    }
                }
                if let (Some(own), Some(around), Some(picked)) =
                    (own.get_mut(node), around.get_mut(node), picked.get_mut(node))
                {
                    (*own, *around) = (bits, above | bits);
                    *picked |= bits & last != 0;
                }
            }
        }
        (0..tree.nodes.len()).filter(|node| picked.get(*node) == Some(&true)).collect()
    }
}

impl Step {
    fn fits(&self, tree: &Tree<'_>, node: usize) -> bool {
        self.name.as_ref().is_none_or(|name| tree.name(node) == name)
            && self.tests.iter().all(|test| {
                let Some(has) = tree.attribute(node, &test.attribute) else { return false };
                let value = test.value.as_str();
                match test.how {
                    How::There => true,
                    How::Is => has == value,
                    How::Word => has.split_whitespace().any(|word| word == value),
                    How::Begins => !value.is_empty() && has.starts_with(value),
                    How::Ends => !value.is_empty() && has.ends_with(value),
                    How::Holds => !value.is_empty() && has.contains(value),
                }
            })
    }
}

fn unread(rest: &str) -> Wrong {
    let shown = html::cut(rest, 40);
    (
        format!("セレクターが読めません（{shown:?} のところ）— 例: \"main ul.news > li\""),
        format!("the selector cannot be read at {shown:?} — such as \"main ul.news > li\""),
    )
}

fn word(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '-' || c == '_')).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn step(text: &str, directly: bool) -> Result<(Step, &str), Wrong> {
    let mut step = Step { directly, ..Step::default() };
    let (name, mut rest) = word(text);
    if let Some(behind) = text.strip_prefix('*') {
        rest = behind;
    } else if !name.is_empty() {
        step.name = Some(name.to_ascii_lowercase());
    }
    while let Some(first) = rest.chars().next() {
        let behind = rest.strip_prefix(first).unwrap_or("");
        let (found, tail) = match first {
            '.' | '#' => {
                let (value, tail) = word(behind);
                let (attribute, how) = if first == '.' { ("class", How::Word) } else { ("id", How::Is) };
                if value.is_empty() {
                    return Err(unread(rest));
                }
                (Test { attribute: attribute.into(), how, value: value.into() }, tail)
            }
            '[' => attribute_test(behind).ok_or_else(|| unread(rest))?,
            ':' | '+' | '~' => {
                let shown = html::cut(rest, 40);
                return Err((
                    format!("{shown:?} は使えません。名前・クラス・id・属性・入れ子（空白と >）で選んでください"),
                    format!("{shown:?} is not understood: choose by name, class, id, attribute and nesting (space, >)"),
                ));
            }
            _ => break,
        };
        if step.tests.len() == MOST {
            return Err(unread(rest));
        }
        step.tests.push(found);
        rest = tail;
    }
    let goes_on = rest.is_empty() || rest.starts_with(|c: char| c.is_whitespace() || c == '>' || c == ',');
    if rest.len() == text.len() || !goes_on {
        return Err(unread(rest));
    }
    Ok((step, rest))
}

/// What may stand between an attribute and its value; the longer first.
const SIGNS: [(&str, How); 5] =
    [("~=", How::Word), ("^=", How::Begins), ("$=", How::Ends), ("*=", How::Holds), ("=", How::Is)];

/// The inside of `[…]`.
fn attribute_test(text: &str) -> Option<(Test, &str)> {
    let (name, rest) = word(text.trim_start());
    let rest = rest.trim_start();
    if name.is_empty() {
        return None;
    }
    let attribute = name.to_ascii_lowercase();
    if let Some(tail) = rest.strip_prefix(']') {
        return Some((Test { attribute, how: How::There, value: String::new() }, tail));
    }
    let (how, rest) = SIGNS.iter().find_map(|(sign, how)| Some((*how, rest.strip_prefix(sign)?)))?;
    let rest = rest.trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
    let (value, tail) = if let Some(quote) = quote {
        rest.strip_prefix(quote)?.split_once(quote)?
    } else {
        let (value, tail) = rest.split_at_checked(rest.find(']')?)?;
        (value.trim_end(), tail)
    };
    let tail = tail.trim_start().strip_prefix(']')?;
    Some((Test { attribute, how, value: value.to_owned() }, tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "<main id=top><ul class='news big'><li>1</li><li class=new><a href='/news/2'>2</a></li></ul>\
                        <div><ul><li>3</li></ul></div></main><ul class=news><li>4</li></ul>";

    fn picked(selector: &str) -> String {
        let tree = Tree::of(PAGE);
        let nodes = Selector::parse(selector).unwrap().pick(&tree);
        nodes.iter().map(|n| tree.text(tree.whole(*n))).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn a_selector_picks_what_a_browser_would() {
        for (selector, want) in [
            ("li", "1|2|3|4"),
            ("main li", "1|2|3"),
            ("main > ul > li", "1|2"),
            ("ul.news li", "1|2|4"),
            ("ul.news.big > li.new", "2"),
            ("#top div li", "3"),
            ("main#top ul", "1 2|3"),
            ("a[href^=\"/news/\"], div li", "2|3"),
            ("[href$='2']", "2"),
            ("A[href*=ews]", "2"),
            ("*[class~=big] a[href]", "2"),
            ("main main li", ""),
            ("div > li", ""),
        ] {
            assert_eq!(picked(selector), want, "{selector}");
        }
    }

    #[test]
    fn what_cannot_be_answered_is_refused_with_a_sentence() {
        for wrong in [
            "",
            ">",
            "li >",
            "> li",
            "li,",
            "li:first-child",
            "li + li",
            "ul ~ p",
            "a[href",
            "a[=x]",
            ".",
            "li..x",
            "火!",
        ] {
            assert!(Selector::parse(wrong).is_err(), "{wrong}");
        }
        let (ja, en) = Selector::parse("li:nth-child(2)").unwrap_err();
        assert!(ja.contains("使えません") && en.contains("nth-child"), "{ja} {en}");
        assert!(Selector::parse(&"a ".repeat(33)).is_err() && Selector::parse(&"a,".repeat(20)).is_err());
    }
}
