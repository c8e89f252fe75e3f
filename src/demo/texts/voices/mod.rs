//! How people talk about each company on an ordinary day.
//!
//! Complaints here are ordinary (waiting, price, noise) and never speak of leaks, injuries or staff who misbehave:
//! a quiet company must stay quiet, and the stories bring their own words.

pub mod aozora;
pub mod hayabusa;
pub mod kodama;
pub mod marufuku;
pub mod midoriya;
pub mod namimaru;
pub mod shirakaba;
pub mod tsubame;

use super::grammar::Slots;

/// Templates, see [`super::grammar`].
pub(crate) type Lines = &'static [&'static str];

/// How people talk about one company.
#[derive(Debug)]
pub struct Voice {
    /// Words of the trade.
    pub(crate) slots: Slots,
    /// Mentions without an opinion.
    pub(crate) neutral: Lines,
    /// Praise.
    pub(crate) praise: Lines,
    /// Ordinary complaints.
    pub(crate) complaint: Lines,
    /// Giveaways and affiliate posts.
    pub(crate) campaign: Lines,
    /// Jobs, shares and trade news.
    pub(crate) business: Lines,
    /// The same letters, something else.
    pub(crate) homonym: Lines,
    /// Paragraphs for blogs; each stands alone, and the first names the company.
    pub(crate) diary: Lines,
    /// Headline and body.
    pub(crate) news: &'static [(&'static str, &'static str)],
    /// A video's title and description.
    pub(crate) films: &'static [(&'static str, &'static str)],
    /// The company's own posts.
    pub(crate) official: Lines,
}

impl Voice {
    /// Every template, for the tests.
    #[cfg(test)]
    pub(crate) fn templates(&self) -> impl Iterator<Item = &'static str> {
        [
            self.neutral,
            self.praise,
            self.complaint,
            self.campaign,
            self.business,
            self.homonym,
            self.diary,
            self.official,
        ]
        .into_iter()
        .flatten()
        .copied()
        .chain(self.news.iter().chain(self.films).flat_map(|(title, body)| [*title, *body]))
        .chain(self.slots.iter().flat_map(|(_, words)| words.iter().copied()))
    }
}
