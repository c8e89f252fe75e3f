//! What is said about a company on any day: small talk, praise, ordinary complaints, giveaways, homonyms.

use super::{
    chance::Chance,
    companies::Company,
    draft::{Draft, Outlet},
    texts::{Season, Writer, authors, everyday, voices::Lines},
    timetable::{self, Rhythm},
};
use crate::model::time::{Span, Timestamp};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Neutral,
    Praise,
    Complaint,
    Campaign,
    Business,
    Homonym,
}

/// The mix of a mid-size firm.
const MIX: [(Kind, f64); 6] = [
    (Kind::Neutral, 0.55),
    (Kind::Praise, 0.12),
    (Kind::Complaint, 0.14),
    (Kind::Campaign, 0.10),
    (Kind::Business, 0.06),
    (Kind::Homonym, 0.03),
];
const OUTLETS: [(Outlet, f64); 5] = [
    (Outlet::Sns, 0.81),
    (Outlet::Review, 0.10),
    (Outlet::Blog, 0.055),
    (Outlet::Matome, 0.02),
    (Outlet::Video, 0.015),
];
/// Articles about one company on an average day.
const ARTICLES_A_DAY: f64 = 0.25;
/// Give-away posts that are the same sentence from another account.
const BOTS: f64 = 0.35;

/// Everything ordinary about `company` from `from` to `to`.
pub(super) fn talk(
    company: &Company,
    (from, to): (Timestamp, Timestamp),
    writer: &mut Writer,
    chance: &mut Chance,
) -> Vec<Draft> {
    let mut drafts = Vec::new();
    let mut slogan: Option<String> = None;
    for at in timetable::standing(from, to, company.per_hour, Rhythm::People, chance) {
        let outlet = chance.weighted(&OUTLETS).unwrap_or(Outlet::Sns);
        let kind = chance.weighted(&MIX).unwrap_or(Kind::Neutral);
        let author = authors::handle(chance);
        drafts.push(match outlet {
            Outlet::Review => review(company, author, at, writer, chance),
            Outlet::Blog => blog(company, author, at, writer, chance),
            Outlet::Matome => gathering(company, at, writer, chance),
            Outlet::Video => video(company, at, writer, chance),
            Outlet::Sns | Outlet::News => {
                let again = slogan.clone().filter(|_| kind == Kind::Campaign && chance.odds(BOTS));
                let text = again.unwrap_or_else(|| {
                    let (lines, season) = manner(company, kind);
                    writer.short(company, lines, season, chance)
                });
                if kind == Kind::Campaign && chance.odds(0.5) {
                    slogan = Some(text.clone());
                }
                let own = kind == Kind::Campaign && chance.odds(0.08);
                if own {
                    let text = writer.plain(company, company.voice.official, chance);
                    Draft::new(Outlet::Sns, company.own_channel, at, text)
                } else {
                    Draft::new(Outlet::Sns, author, at, text)
                }
            }
        });
    }
    for at in timetable::standing(from, to, ARTICLES_A_DAY / 24.0, Rhythm::Newsroom, chance) {
        report(company, at, writer, chance, &mut drafts);
    }
    drafts
}

const fn manner(company: &Company, kind: Kind) -> (Lines, Season) {
    let voice = company.voice;
    match kind {
        Kind::Neutral => (voice.neutral, Season::Calm),
        Kind::Praise => (voice.praise, Season::Glad),
        Kind::Complaint => (voice.complaint, Season::Cross),
        Kind::Campaign => (voice.campaign, Season::Bare),
        Kind::Business => (voice.business, Season::Bare),
        Kind::Homonym => (voice.homonym, Season::Calm),
    }
}

fn review(company: &Company, author: String, at: Timestamp, writer: &mut Writer, chance: &mut Chance) -> Draft {
    let (titles, lines) = if chance.odds(0.55) {
        (everyday::REVIEW_GOOD, company.voice.praise)
    } else {
        (everyday::REVIEW_SOUR, company.voice.complaint)
    };
    let body = writer.short(company, lines, Season::Bare, chance);
    let end = Writer::title(company, everyday::REVIEW_END, chance);
    let text = if end.is_empty() { body } else { format!("{}。{end}", body.trim_end_matches('。')) };
    Draft::new(Outlet::Review, author, at, text).titled(Writer::title(company, titles, chance))
}

fn blog(company: &Company, author: String, at: Timestamp, writer: &mut Writer, chance: &mut Chance) -> Draft {
    let mut parts: Vec<&[&str]> = vec![everyday::BLOG_START];
    parts.extend(company.voice.diary.chunks(1));
    parts.push(everyday::BLOG_END);
    let text = writer.long(company, &parts, chance);
    Draft::new(Outlet::Blog, author, at, text).titled(Writer::title(company, everyday::BLOG_TITLE, chance))
}

/// What a site writes that gathers others' posts.
fn gathering(company: &Company, at: Timestamp, writer: &mut Writer, chance: &mut Chance) -> Draft {
    let mut voices = String::new();
    let first = chance.between(0, 20).unsigned_abs();
    // Neighbours in the list, so that no two of them are the same sentence with other words.
    for place in first..first + chance.between(2, 4).unsigned_abs() {
        let lines = if chance.odds(0.3) { company.voice.praise } else { company.voice.neutral };
        let line = lines.iter().cycle().nth(usize::try_from(place).unwrap_or(0)).copied().unwrap_or_default();
        let voice = writer.short(company, &[line], Season::Bare, chance).replace('\n', " ");
        voices.push('「');
        voices.push_str(&voice);
        voices.push_str("」\n");
    }
    let text = format!("{}についての声を集めました。\n{voices}みなさんはどうですか。", company.name);
    Draft::new(Outlet::Matome, chance.word(&authors::MATOME), at, text).titled(Writer::title(
        company,
        everyday::MATOME_TITLE,
        chance,
    ))
}

fn video(company: &Company, at: Timestamp, writer: &mut Writer, chance: &mut Chance) -> Draft {
    let Some((title, about)) = chance.pick(company.voice.films).copied() else {
        return blog(company, authors::handle(chance), at, writer, chance);
    };
    let end = chance.word(everyday::FILM_END);
    let (title, about) = writer.article(company, title, &format!("{about}{end}"), chance);
    let first = chance.between(40, 900).unsigned_abs();
    let later = first + first * chance.between(20, 70).unsigned_abs() / 100;
    let views = vec![(at, first), (at + Span::hours(chance.between(20, 40)), later)];
    Draft { views, ..Draft::new(Outlet::Video, chance.word(&authors::CHANNELS), at, about) }.titled(title)
}

/// An article, and now and then a few sites that copy it word for word.
fn report(company: &Company, at: Timestamp, writer: &mut Writer, chance: &mut Chance, drafts: &mut Vec<Draft>) {
    let Some((title, body)) = chance.pick(company.voice.news).copied() else { return };
    let (title, body) = writer.article(company, title, body, chance);
    let article = Draft::new(Outlet::News, chance.word(&authors::PRESS), at, body).titled(title);
    let place = drafts.len();
    drafts.push(article.clone());
    if chance.odds(0.25) {
        for _ in 0..chance.between(2, 5) {
            let later = at + Span::minutes(chance.between(10, 170));
            drafts.push(Draft {
                outlet: Outlet::Blog,
                ..article.repost(place, format!("press_copy_{}", chance.between(1, 40)), later)
            });
        }
    }
}
