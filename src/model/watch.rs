//! The watchlist: which companies, by which names, and what is not them.
//!
//! Reading the file and refusing mistakes is `config`'s; what stands here has been checked.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A company's canonical name, unique in the watchlist.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CompanyName(pub String);

impl fmt::Display for CompanyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One name by which people call a company, a product or a representative.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Alias {
    /// As people write it.
    pub name: String,
    /// A hit that overlaps or touches one of these is something else (`青テレビ` for `青テレ`).
    pub exclude: Vec<String>,
    /// One of these must be near, or a risk word must (`回線` for `青テレ`).
    pub context: Vec<String>,
}

impl Alias {
    /// A name without conditions.
    pub fn plain(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

/// One watched company.
#[derive(Debug, Clone, PartialEq)]
pub struct Watch {
    /// Canonical name.
    pub name: CompanyName,
    /// Names of the company itself; never empty.
    pub aliases: Vec<Alias>,
    /// Names of its products.
    pub products: Vec<Alias>,
    /// Its public representatives.
    pub people: Vec<Alias>,
    /// As in [`Alias::exclude`], for every name.
    pub exclude: Vec<String>,
    /// As in [`Alias::context`], for every name.
    pub context: Vec<String>,
    /// Authors whose posts are the company's own word and are never counted.
    pub own_channels: Vec<String>,
    /// Trade, for comparison groups.
    pub sector: Option<String>,
    /// False alarms allowed per month.
    pub budget: f64,
    /// Names of recipients in the configuration; empty means the default ones.
    pub recipients: Vec<String>,
}

impl Watch {
    /// A company with one set of names and no conditions.
    pub fn named(name: &str, aliases: &[&str]) -> Self {
        Self {
            name: CompanyName(name.to_owned()),
            aliases: aliases.iter().map(|a| Alias::plain(*a)).collect(),
            products: Vec::new(),
            people: Vec::new(),
            exclude: Vec::new(),
            context: Vec::new(),
            own_channels: Vec::new(),
            sector: None,
            budget: 1.0,
            recipients: Vec::new(),
        }
    }

    /// Every name: the company's, its products', its people's.
    pub fn names(&self) -> impl Iterator<Item = &Alias> {
        self.aliases.iter().chain(&self.products).chain(&self.people)
    }

    /// Whether `author` is one of the company's own channels. An `@` before the name makes no difference.
    pub fn is_own_channel(&self, author: &str) -> bool {
        let bare = |s: &str| s.trim().trim_start_matches(['@', '＠']).to_lowercase();
        let author = bare(author);
        !author.is_empty() && self.own_channels.iter().any(|own| bare(own) == author)
    }
}

/// All watched companies, in the order of the file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Watchlist {
    /// Unique by name.
    pub companies: Vec<Watch>,
}

impl Watchlist {
    /// The company of this name.
    pub fn get(&self, name: &CompanyName) -> Option<&Watch> {
        self.companies.iter().find(|w| w.name == *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_own_channel_is_known_with_and_without_its_at_sign() {
        let mut watch = Watch::named("青空テレコム", &["青空テレコム"]);
        watch.own_channels = vec!["@Aozora_Official".into()];
        assert!(watch.is_own_channel("aozora_official"));
        assert!(watch.is_own_channel("＠aozora_official"));
        assert!(!watch.is_own_channel("@aozora_fan"));
        assert!(!watch.is_own_channel(""));
    }
}
