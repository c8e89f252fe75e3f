//! The watchlist: `[[company]]` in TOML, `{"companies": […]}` in JSON.
//!
//! Its own file, so that the person who knows the names can own it. What stands in the [`Watchlist`] afterwards has
//! been checked and is not checked again.

use std::{collections::BTreeMap, path::Path};

use super::{
    file::budget,
    mail::group,
    mistake::{ConfigErrors, Wrong},
    node::{self, Node, Place, Value},
    section::{Mistakes, Section, Strangers, list, say_twice, text, texts},
    text_of,
};
use crate::model::watch::{Alias, CompanyName, Watch, Watchlist};

/// What the configuration knows and the watchlist may refer to.
#[derive(Debug, Default)]
pub(super) struct Around<'s> {
    /// For companies without their own; the usual one of the model if absent.
    pub(super) budget: Option<f64>,
    /// Groups of recipients; `None` where nobody knows them, as in a replay.
    pub(super) groups: Option<&'s BTreeMap<String, Vec<String>>>,
}

/// Reads a watchlist from its text. JSON is known by the name `….json` or by its first letter.
pub fn parse_watchlist(text: &str, path: &Path) -> Result<Watchlist, ConfigErrors> {
    let mistakes = Mistakes::of(path);
    let watchlist = read(text, path, &Around::default(), &mistakes);
    ConfigErrors::from_mistakes(mistakes.into_parts().0).map_or(Ok(watchlist), Err)
}

/// Reads a watchlist from its file.
pub fn load_watchlist(path: &Path) -> Result<Watchlist, ConfigErrors> {
    let mistakes = Mistakes::of(path);
    let text = text_of(path, "config/watchlist.example.toml", &mistakes);
    let watchlist = text.map(|text| read(&text, path, &Around::default(), &mistakes)).unwrap_or_default();
    ConfigErrors::from_mistakes(mistakes.into_parts().0).map_or(Ok(watchlist), Err)
}

pub(super) fn read(text: &str, path: &Path, around: &Around<'_>, mistakes: &Mistakes) -> Watchlist {
    let text = text.trim_start_matches('\u{feff}');
    let json = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json")) || text.trim_start().starts_with('{');
    let ((root, broken), key, strangers) = if json {
        (node::from_json(text), "companies", Strangers::Mention)
    } else {
        (node::from_toml(text), "company", Strangers::Refuse)
    };
    for (at, wrong) in broken {
        mistakes.add(&at, wrong);
    }
    let mut found: Vec<(Watch, &Node)> = Vec::new();
    Section::read(&root, mistakes, strangers, |s| {
        let example = if json {
            r#"{"companies": [{"name": "青空テレコム"}]}"#
        } else {
            "[[company]] name = \"青空テレコム\""
        };
        s.required(key, example, |n, m| {
            list(n, m, |n, m| {
                let watch = Section::read(n, m, strangers, |s| company(s, strangers, around))??;
                if found.iter().any(|(known, _)| known.name == watch.name) {
                    say_twice(n, m, &watch.name.0);
                }
                found.push((watch, n));
                Some(())
            })
        });
    });
    if !found.is_empty() {
        say_shared_names(&found, mistakes);
    }
    Watchlist { companies: found.into_iter().map(|(watch, _)| watch).collect() }
}

fn company(s: &mut Section<'_>, strangers: Strangers, around: &Around<'_>) -> Option<Watch> {
    let name = s.required("name", "name = \"青空テレコム\"", text);
    let mut names = |key| s.optional(key, |n, m| aliases(n, m, strangers)).unwrap_or_default();
    let (mut own, products, people) = (names("aliases"), names("products"), names("people"));
    let mut words = |key| s.optional(key, texts).unwrap_or_default();
    let (exclude, context, own_channels) = (words("exclude"), words("context"), words("own_channels"));
    let recipients = s.optional("recipients", |n, m| match around.groups {
        Some(known) => list(n, m, |n, m| group(n, m, |g| known.contains_key(g), || known.keys().cloned().collect())),
        None => texts(n, m),
    });
    let sector = s.optional("sector", text).map(str::to_owned);
    let budget = s.optional("budget", budget);

    let name = name?;
    if own.is_empty() {
        // Who lists no alias means the name itself.
        own.push(Alias::plain(name));
    }
    for alias in own.iter().chain(&products).chain(&people) {
        if exclude.iter().chain(&alias.exclude).any(|e| *e == alias.name) {
            let alias = &alias.name;
            let ja = format!("{name:?}: {alias:?} は除外にもあるので、決して当たりません — どちらかを消してください");
            let en = format!("{name:?}: {alias:?} is excluded as well and can never be found — remove one");
            s.mistakes.add(s.at, Wrong::said(ja, en));
        }
        if alias.name.chars().count() == 1 && alias.context.is_empty() && context.is_empty() {
            let alias = &alias.name;
            let ja = format!("{name:?}: 一文字の別名 {alias:?} は別の意味に当たりやすいので、context を付けてください");
            let en = format!("{name:?}: the one-letter alias {alias:?} will find other things — give it a context");
            s.mistakes.warn(s.at, Wrong::said(ja, en));
        }
    }
    let mut watch = Watch::named(name, &[]);
    let usual = around.budget.unwrap_or(watch.budget);
    watch = Watch { aliases: own, products, people, exclude, context, own_channels, sector, ..watch };
    Some(Watch { budget: budget.unwrap_or(usual), recipients: recipients.unwrap_or_default(), ..watch })
}

/// Names as texts, or as tables with their own exclusions and context.
fn aliases(node: &Node, mistakes: &Mistakes, strangers: Strangers) -> Option<Vec<Alias>> {
    let mut seen: Vec<String> = Vec::new();
    list(node, mistakes, |n, m| {
        let alias = if matches!(n.value, Value::Table(_)) {
            Section::read(n, m, strangers, |s| {
                let name = s.required("name", "name = \"青テレ\"", text);
                let exclude = s.optional("exclude", texts).unwrap_or_default();
                let context = s.optional("context", texts).unwrap_or_default();
                name.map(|name| Alias { name: name.to_owned(), exclude, context })
            })??
        } else {
            Alias::plain(text(n, m)?)
        };
        if seen.contains(&alias.name) {
            say_twice(n, m, &alias.name);
            return None;
        }
        seen.push(alias.name.clone());
        Some(alias)
    })
}

/// Two companies under one name would both be blamed for each other's trouble, unless a context tells them apart.
/// A shared product is common (one telephone, three carriers) and only worth a mention.
fn say_shared_names(found: &[(Watch, &Node)], mistakes: &Mistakes) {
    let mut owners: BTreeMap<String, Vec<(&Watch, &Place, &Alias, bool)>> = BTreeMap::new();
    for (watch, node) in found {
        let own = watch.aliases.iter().map(|a| (a, true));
        let others = watch.products.iter().chain(&watch.people).map(|a| (a, false));
        for (alias, is_own) in own.chain(others) {
            owners.entry(folded(&alias.name)).or_default().push((watch, &node.at, alias, is_own));
        }
    }
    for shared in owners.into_values() {
        let Some((first, _, _, _)) = shared.first() else { continue };
        for (watch, at, alias, _) in shared.iter().filter(|(w, ..)| w.name != first.name) {
            let (CompanyName(a), CompanyName(b), alias) = (&first.name, &watch.name, &alias.name);
            let of = |name: &CompanyName| shared.iter().filter(|(w, ..)| w.name == *name).collect::<Vec<_>>();
            let (mine, theirs) = (of(&first.name), of(&watch.name));
            let told_apart =
                mine.iter().chain(&theirs).all(|(w, _, a, _)| !a.context.is_empty() || !w.context.is_empty());
            if told_apart {
                continue;
            }
            let ja = format!(
                "{a:?} と {b:?} が同じ名前 {alias:?} を持っています — 片方から外すか、両方に context を付けてください"
            );
            let en = format!("{a:?} and {b:?} share the name {alias:?} — take it from one, or give both a context");
            let both_own = [mine, theirs].iter().all(|side| side.iter().any(|(.., own)| *own));
            if both_own {
                mistakes.add(at, Wrong::said(ja, en));
            } else {
                mistakes.warn(at, Wrong::said(ja, en));
            }
        }
    }
}

/// As much of what the matcher treats alike as can be said in a line: width and case of ASCII letters.
fn folded(name: &str) -> String {
    let narrow = |c: char| match c {
        '！'..='～' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        '\u{3000}' => ' ',
        other => other,
    };
    name.chars().map(narrow).flat_map(char::to_lowercase).collect()
}
