//! Writes posts as people would: short ones, reviews, blog entries, articles, in many registers.
//!
//! A text is never written twice; what repeats (bots, reposts, copies of press releases) is repeated by whoever asks
//! for it, not here.

pub(super) mod authors;
pub(super) mod everyday;
pub(super) mod grammar;
pub mod voices;
mod wear;

use std::collections::HashSet;

use self::grammar::{NAME, PRODUCT, Slots};
use super::{chance::Chance, companies::Company};

/// Letters of a short post.
pub(super) const SHORT: std::ops::RangeInclusive<usize> = 15..=140;

/// Writes, and remembers what it has written.
#[derive(Debug, Default)]
pub(super) struct Writer {
    seen: HashSet<String>,
}

impl Writer {
    /// A short post from one of `lines`, now and then with a remark of `season` before or after it, and worn.
    pub(super) fn short(&mut self, company: &Company, lines: &[&str], season: Season, chance: &mut Chance) -> String {
        self.anew(chance, |chance, tries| {
            let mut text = draw(company, lines, chance);
            // Idle remarks would be out of place in a story; there they only part two who say the same.
            let openers = if season == Season::Bare { everyday::REACTIONS } else { everyday::OPENERS };
            if tries > 6 || (season != Season::Bare && chance.odds(0.12)) {
                text = format!("{}{text}", draw(company, openers, chance));
            }
            if tries > 6 || chance.odds(0.3) {
                text = join(&text, &draw(company, season.closers(), chance));
            }
            // An empty text is drawn again, so lengths are kept without a second loop.
            let text = name(&wear::tear(text, chance), company, chance);
            if SHORT.contains(&text.chars().count()) { text } else { String::new() }
        })
    }

    /// A text from one of `lines` as it stands, by the company's full name: articles, the company's own word.
    pub(super) fn plain(&mut self, company: &Company, lines: &[&str], chance: &mut Chance) -> String {
        self.anew(chance, |chance, _| Self::title(company, lines, chance))
    }

    /// Several paragraphs: each of `parts` gives one.
    pub(super) fn long(&mut self, company: &Company, parts: &[&[&str]], chance: &mut Chance) -> String {
        self.anew(chance, |chance, _| {
            // One template, so that what the first paragraph keeps is the same in the last.
            let whole: Vec<&str> = parts.iter().filter_map(|lines| chance.pick(lines).copied()).collect();
            name(&draw(company, &[&whole.join("\n\n")], chance), company, chance)
        })
    }

    /// A headline and what follows it, written together so that both speak of the same thing.
    pub(super) fn article(
        &mut self,
        company: &Company,
        title: &str,
        body: &str,
        chance: &mut Chance,
    ) -> (String, String) {
        let whole = self.plain(company, &[&format!("{title}\n{body}")], chance);
        let (title, body) = whole.split_once('\n').unwrap_or_default();
        (title.to_owned(), body.to_owned())
    }

    /// A headline, by the company's full name; headlines may repeat, as they do.
    pub(super) fn title(company: &Company, lines: &[&str], chance: &mut Chance) -> String {
        let title = draw(company, lines, chance);
        name(&title.replace(NAME, company.name), company, chance)
    }

    /// Draws until the text is new and a short one is not too long. The fallback adds what people add who say the
    /// same again; it is rare enough not to show.
    fn anew(&mut self, chance: &mut Chance, mut draw: impl FnMut(&mut Chance, u32) -> String) -> String {
        let mut text = String::new();
        for tries in 0..40 {
            text = draw(chance, tries);
            if !text.is_empty() && self.seen.insert(text.clone()) {
                return text;
            }
        }
        text = format!("{text} ({}回目)", chance.between(2, 99));
        self.seen.insert(text.clone());
        text
    }
}

/// What a remark before or after a post may sound like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Season {
    /// Idle.
    Calm,
    /// Pleased.
    Glad,
    /// Put out.
    Cross,
    /// Nothing is added.
    Bare,
}

impl Season {
    const fn closers(self) -> &'static [&'static str] {
        match self {
            Self::Calm => everyday::CALM,
            Self::Glad => everyday::GLAD,
            Self::Cross => everyday::CROSS,
            Self::Bare => &[""],
        }
    }
}

/// A remark after a sentence: its full stop is needed only where the sentence has no end of its own.
fn join(text: &str, remark: &str) -> String {
    let ended = text.ends_with(['。', '?', '？', '!', '…', 'w', '」']);
    format!("{text}{}", if ended { remark.trim_start_matches('。') } else { remark })
}

fn draw(company: &Company, lines: &[&str], chance: &mut Chance) -> String {
    let tables: [Slots; 2] = [company.voice.slots, everyday::SLOTS];
    let line = chance.pick(lines).copied().unwrap_or("");
    grammar::write(line, &tables, chance)
}

/// Puts a name and a product in for their marks. One text keeps to one name, as a person does.
fn name(text: &str, company: &Company, chance: &mut Chance) -> String {
    let mut draw = |names: &'static [super::companies::Name]| {
        let names: Vec<_> = names.iter().map(|name| (name.text, name.often)).collect();
        chance.weighted(&names).unwrap_or("")
    };
    let (name, product) = (draw(company.aliases), draw(company.products));
    text.replace(NAME, name).replace(PRODUCT, product)
}

#[cfg(test)]
mod tests {
    use super::{super::companies::COMPANIES, *};

    #[test]
    fn every_template_of_every_voice_is_well_formed() {
        for company in &COMPANIES {
            for template in company.voice.templates() {
                let faults = grammar::faults(template, &[company.voice.slots, everyday::SLOTS]);
                assert!(faults.is_empty(), "{}: {faults:?}", company.name);
            }
        }
    }

    /// Words that would be a story. Ordinary days must not have them.
    const ALARMING: [&str; 22] = [
        "漏",
        "流出",
        "個人情報",
        "身に覚え",
        "勧誘",
        "混入",
        "異物",
        "カビ",
        "けがを",
        "怪我",
        "発火",
        "発煙",
        "事故",
        "詐欺",
        "暴言",
        "クレーマー",
        "たらい回し",
        "不買",
        "隠蔽",
        "不正",
        "炎上",
        "謝罪",
    ];

    #[test]
    fn ordinary_days_speak_of_nothing_that_burns() {
        for company in &COMPANIES {
            for template in company.voice.templates() {
                for word in ALARMING {
                    assert!(!template.contains(word), "{word} in {template}");
                }
            }
        }
    }

    #[test]
    fn every_short_post_names_its_company_even_when_worn() {
        let mut chance = Chance::new(11);
        let mut writer = Writer::default();
        for company in &COMPANIES {
            let voice = company.voice;
            for lines in [voice.neutral, voice.praise, voice.complaint, voice.campaign, voice.business, voice.official]
            {
                for _ in 0..60 {
                    let text = writer.short(company, lines, Season::Calm, &mut chance);
                    let named = company.aliases.iter().chain(company.products).any(|name| text.contains(name.text));
                    assert!(named, "{text}");
                }
            }
        }
    }

    #[test]
    fn nothing_is_written_twice() {
        let mut chance = Chance::new(12);
        let mut writer = Writer::default();
        let company = &COMPANIES[4];
        let texts: Vec<String> =
            (0..1500).map(|_| writer.short(company, company.voice.neutral, Season::Calm, &mut chance)).collect();
        assert_eq!(texts.iter().collect::<HashSet<_>>().len(), texts.len());
        assert!(texts.iter().all(|text| !text.contains("回目)")), "the fallback shows");
    }
}
