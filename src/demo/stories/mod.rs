//! What happens in the week: seven stories, each in a file of its own with its words and its timetable.
//!
//! Three of them must ring, one at most softly, one only once people have told the same thing for weeks, and two must
//! not ring at all: a lookout who cannot keep quiet is as useless as one who sleeps.

mod advert;
mod calls;
mod card;
mod handling;
mod operator;
mod pollen;
mod sms;

use super::{
    chance::Chance,
    companies::{Company, company},
    draft::{Draft, Outlet},
    texts::{Season, Writer, authors, voices::Lines},
};
use crate::model::{
    incident::Level,
    time::{Span, Timestamp},
};

/// What a story is, before it is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plot {
    pub(super) company: &'static str,
    pub(super) title: &'static str,
    pub(super) shape: &'static str,
    pub(super) deserves: Level,
    tell: fn(&mut Desk<'_>),
}

/// All of them, in the order of their first posts.
pub(super) const PLOTS: [Plot; 7] =
    [calls::PLOT, pollen::PLOT, sms::PLOT, handling::PLOT, advert::PLOT, operator::PLOT, card::PLOT];

/// Where one story is written.
pub(super) struct Desk<'w> {
    writer: &'w mut Writer,
    chance: Chance,
    company: &'static Company,
    week: Timestamp,
    drafts: Vec<Draft>,
}

/// A share of a crowd: which lines, how often, with which remarks.
type Share = (Lines, f64);

impl Plot {
    /// Tells it for the week that starts at `week`. Empty only if the company is not in the list.
    pub(super) fn tell(&self, week: Timestamp, writer: &mut Writer, chance: &Chance) -> Vec<Draft> {
        let Some(company) = company(self.company) else { return Vec::new() };
        let mut desk = Desk { writer, chance: chance.fork(self.title), company, week, drafts: Vec::new() };
        (self.tell)(&mut desk);
        desk.drafts
    }
}

impl Desk<'_> {
    /// Days, hours and minutes into the week, as a clock in Japan shows them.
    fn at(&self, days: i64, hours: i64, minutes: i64) -> Timestamp {
        self.week + Span::days(days) + Span::hours(hours) + Span::minutes(minutes)
    }

    fn end(&self) -> Timestamp {
        self.week + Span::days(7)
    }

    /// One short post that nobody wears: the ones that start a story must read well.
    fn post(&mut self, at: Timestamp, lines: Lines) {
        let text = self.writer.plain(self.company, lines, &mut self.chance);
        let author = self.stranger();
        self.drafts.push(Draft::new(Outlet::Sns, author, at, text));
    }

    /// Several paragraphs under a title.
    fn long(&mut self, outlet: Outlet, author: &str, at: Timestamp, title: &str, parts: &[&[&str]]) {
        let text = self.writer.long(self.company, parts, &mut self.chance);
        let title = Writer::title(self.company, &[title], &mut self.chance);
        self.drafts.push(Draft::new(outlet, author, at, text).titled(title));
    }

    /// A handle that has not spoken in this story.
    fn stranger(&mut self) -> String {
        loop {
            let handle = authors::handle(&mut self.chance);
            if self.drafts.iter().all(|draft| draft.author != handle) {
                return handle;
            }
        }
    }

    /// One short post at each of `times`: mostly own words, drawn from `shares`, else somebody else's again.
    fn crowd(&mut self, times: &[Timestamp], shares: &[Share], reposts: f64) {
        for at in times {
            let author = authors::handle(&mut self.chance);
            let earlier = self.earlier(*at).filter(|_| self.chance.odds(reposts));
            if let Some((place, original)) = earlier {
                self.drafts.push(original.repost(place, author, *at));
                continue;
            }
            let Some(lines) = self.chance.weighted(shares) else { return };
            let text = self.writer.short(self.company, lines, Season::Bare, &mut self.chance);
            self.drafts.push(Draft::new(Outlet::Sns, author, *at, text));
        }
    }

    /// An original of the last hours that somebody would pass on; a few posts get most of the attention.
    fn earlier(&mut self, at: Timestamp) -> Option<(usize, Draft)> {
        let fresh: Vec<usize> = (0..self.drafts.len())
            .filter(|place| {
                self.drafts.get(*place).is_some_and(|draft| {
                    let near = draft.at < at && at - draft.at < Span::hours(8);
                    near && draft.repost_of.is_none() && draft.outlet == Outlet::Sns
                })
            })
            .collect();
        let skew = self.chance.unit().powi(3) * fresh.len() as f64;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below the length of a list")]
        let place = *fresh.get(skew as usize)?;
        Some((place, self.drafts.get(place)?.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn week() -> Timestamp {
        Timestamp::parse_rfc3339("2026-02-06T00:00:00+09:00").unwrap()
    }

    #[test]
    fn every_story_is_about_a_company_of_the_list_and_starts_after_the_one_before() {
        let mut writer = Writer::default();
        let mut last = Timestamp::default();
        for plot in &PLOTS {
            let drafts = plot.tell(week(), &mut writer, &Chance::new(1));
            let first = drafts.iter().map(|draft| draft.at).min().unwrap();
            assert!(first >= last, "{}", plot.title);
            last = first;
        }
    }

    #[test]
    fn a_repost_says_what_its_original_says_and_comes_later() {
        let drafts = card::PLOT.tell(week(), &mut Writer::default(), &Chance::new(2));
        let reposts: Vec<_> = drafts.iter().filter_map(|d| Some((d, &drafts[d.repost_of?]))).collect();
        assert!(reposts.len() > 100);
        for (repost, original) in reposts {
            assert_eq!(repost.text, original.text);
            assert!(repost.at > original.at && original.repost_of.is_none());
        }
    }
}
