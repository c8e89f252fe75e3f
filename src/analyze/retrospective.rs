//! Is it an old case retold? By the years a text names against the year it was published, and by words.

use std::sync::LazyLock;

use regex::Regex;

use super::{document::Section, finder::Finder};

/// A case is old from this many years on.
const OLD: i32 = 3;

static YEAR: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"((?:19|20)\d\d)年|(平成|昭和|令和)(元|\d{1,2})年").ok());

/// Whether the sections retell an old case, as seen from `year`.
pub(super) fn is_retrospective(sections: &[&Section], finder: &Finder, year: i32) -> bool {
    let years: Vec<i32> = sections.iter().flat_map(|s| years(s.normal.as_str())).collect();
    let sum = |group: &str| -> f32 { sections.iter().map(|s| s.cue_sum(finder, group)).sum() };
    let news = sum("now") > 0.0;
    let words = sum("retrospective");
    let old = !years.is_empty() && years.iter().all(|y| year - y >= OLD);
    let recent = years.iter().any(|y| (0..OLD).contains(&(year - y)));
    // A product sold since 1995 that is recalled today is news; a date that is told makes it so.
    (old && (!news || words >= 1.0)) || (words >= 1.0 && !recent && !news)
}

fn years(text: &str) -> Vec<i32> {
    let Some(re) = YEAR.as_ref() else { return Vec::new() };
    re.captures_iter(text)
        .filter_map(|c| {
            if let Some(y) = c.get(1) {
                return y.as_str().parse().ok();
            }
            let first = match c.get(2)?.as_str() {
                "昭和" => 1925,
                "平成" => 1988,
                _ => 2018,
            };
            let n = c.get(3)?.as_str();
            Some(first + if n == "元" { 1 } else { n.parse::<i32>().ok()? })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_are_read_in_both_calendars() {
        assert_eq!(years("1999年と平成元年と令和6年"), [1999, 1989, 2024]);
    }
}
