//! Parts of a text that say nothing: runs of hashtags, lists of links, addresses. Names and words found only there
//! do not count.

use std::{ops::Range, sync::LazyLock};

use regex::Regex;

/// Tags in a row from which on they are decoration.
const RUN: usize = 4;

/// Parts of a normalized text that are decoration.
#[derive(Debug, Clone, Default)]
pub(super) struct Boilerplate {
    /// Runs of hashtags and link lists.
    pub(super) cut: Vec<Range<usize>>,
    /// Addresses: a name in one is not a mention.
    pub(super) addresses: Vec<Range<usize>>,
}

static ADDRESS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"https?://[!-~]+|www\.[!-~]+").ok());
static TAG: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"#[^\s#]+(?:[ \u{3000}]*\([^)\n]*\))?").ok());
static LINK_LINE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?m)^(?:\s*[\[(【]?\d+[\])】.]\s*)[^\n]*https?://[^\n]*$").ok());

impl Boilerplate {
    /// Finds them in `text`.
    pub(super) fn of(text: &str) -> Self {
        let ranges = |re: &Option<Regex>| -> Vec<Range<usize>> {
            re.as_ref().map(|re| re.find_iter(text).map(|m| m.range()).collect()).unwrap_or_default()
        };
        let addresses = if text.contains("://") || text.contains("www.") { ranges(&ADDRESS) } else { Vec::new() };
        let mut cut = if addresses.is_empty() { Vec::new() } else { ranges(&LINK_LINE) };
        if text.matches('#').count() >= RUN {
            let mut run: Vec<Range<usize>> = Vec::new();
            for tag in ranges(&TAG) {
                let joined = run.last().is_some_and(|last| {
                    text.get(last.end..tag.start).is_some_and(|gap| gap.chars().all(char::is_whitespace))
                });
                if !joined {
                    close(&mut run, &mut cut);
                }
                run.push(tag);
            }
            close(&mut run, &mut cut);
        }
        Self { cut, addresses }
    }

    /// Whether `range` lies in decoration.
    pub(super) fn covers(&self, range: &Range<usize>) -> bool {
        self.cut.iter().any(|c| c.start <= range.start && range.end <= c.end)
    }

    /// Whether `range` lies in an address.
    pub(super) fn in_address(&self, range: &Range<usize>) -> bool {
        self.addresses.iter().any(|c| c.start <= range.start && range.end <= c.end)
    }
}

fn close(run: &mut Vec<Range<usize>>, cut: &mut Vec<Range<usize>>) {
    if run.len() >= RUN
        && let (Some(first), Some(last)) = (run.first(), run.last())
    {
        cut.push(first.start..last.end);
    }
    run.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_tags_in_a_row_are_decoration_and_three_are_not() {
        let few = "つばめ電機 #つばめ電機 #家電 #修理";
        assert!(Boilerplate::of(few).cut.is_empty());
        let many = "修理の話 #つばめ電機 #家電 #修理\n#返金 #炎上";
        let found = Boilerplate::of(many);
        assert_eq!(many.get(found.cut[0].clone()).unwrap(), "#つばめ電機 #家電 #修理\n#返金 #炎上");
    }

    #[test]
    fn numbered_links_are_a_list_and_a_link_in_a_sentence_is_not() {
        assert_eq!(Boilerplate::of("[1] つばめ電機の件 https://a.example/\n本文").cut.len(), 1);
        assert!(Boilerplate::of("つばめ電機がひどい https://a.example/").cut.is_empty());
    }
}
