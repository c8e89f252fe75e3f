//! The stage itself: a post in, what it says about each watched company out.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use super::{
    count,
    document::Section,
    entities::Entities,
    finder::Finder,
    grave,
    lexicon::Lexicons,
    normalize::{Normalized, folded, letters},
    prefilter::Glance,
    retrospective::is_retrospective,
    role,
    score::{self, Sums, View},
    stance,
    token::Tokenize,
    watch_match::{Matcher, NameHit, Refused},
};
use crate::model::{
    limits,
    mention::{Category, Evidence, Mention, Role},
    post::{Post, SourceType},
    time::Zone,
    watch::{CompanyName, Watchlist},
};

/// What a post says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Analysis {
    /// One a company that is named, in the order of the watchlist.
    pub mentions: Vec<Mention>,
    /// Names that stand there and mean something else, one a company that is not mentioned otherwise.
    pub excluded: Vec<Excluded>,
}

/// A name that stands in a post and means something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excluded {
    /// The company whose name it looks like.
    pub company: CompanyName,
    /// The letters, as the post has them.
    pub surface: String,
    /// For people, Japanese.
    pub why: String,
}

/// The words or the watchlist cannot be compiled.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct AnalyzeError(String);

/// Reads posts for a watchlist. Made once, shared by threads.
pub struct Analyzer {
    tokenizer: Arc<dyn Tokenize>,
    companies: Vec<CompanyName>,
    matcher: Matcher,
    finder: Arc<Finder>,
    entities: Arc<Entities>,
    lexicons: Lexicons,
}

impl Analyzer {
    /// Compiles words and names.
    pub fn new(tokenizer: Arc<dyn Tokenize>, lexicons: &Lexicons, watchlist: &Watchlist) -> Result<Self, AnalyzeError> {
        Ok(Self {
            tokenizer,
            companies: watchlist.companies.iter().map(|w| w.name.clone()).collect(),
            matcher: Matcher::new(watchlist, lexicons).map_err(AnalyzeError)?,
            finder: Arc::new(Finder::new(lexicons).map_err(AnalyzeError)?),
            entities: Arc::new(Entities::new(lexicons).map_err(AnalyzeError)?),
            lexicons: lexicons.clone(),
        })
    }

    /// The same words for another watchlist. Far cheaper than [`Analyzer::new`]: only the names are compiled.
    pub fn for_watchlist(&self, watchlist: &Watchlist) -> Result<Self, AnalyzeError> {
        Ok(Self {
            tokenizer: Arc::clone(&self.tokenizer),
            companies: watchlist.companies.iter().map(|w| w.name.clone()).collect(),
            matcher: Matcher::new(watchlist, &self.lexicons).map_err(AnalyzeError)?,
            finder: Arc::clone(&self.finder),
            entities: Arc::clone(&self.entities),
            lexicons: self.lexicons.clone(),
        })
    }

    /// What `post` says about each company. Most posts name nobody and end after one pass over their letters.
    pub fn analyze(&self, post: &Post) -> Analysis {
        let text = bounded(&post.text);
        let title = post.title.as_deref().map(bounded);
        let named = |t: &str| self.matcher.any(&folded(t));
        if !named(text) && !title.is_some_and(named) {
            return Analysis::default();
        }
        let mut sections: Vec<(Section, &str)> = Vec::new();
        for (original, in_title) in [(title, true), (Some(text), false)] {
            if let Some(original) = original.filter(|o| !o.trim().is_empty()) {
                let section = Section::new(Normalized::new(original), in_title, self.tokenizer.as_ref());
                sections.push((section, original));
            }
        }
        let found: Vec<(Vec<NameHit>, Vec<Refused>)> = sections.iter().map(|(s, _)| self.matcher.find(s)).collect();
        let anyone = found.iter().any(|(hits, _)| !hits.is_empty());
        if anyone {
            for (section, _) in &mut sections {
                section.search(&self.finder);
            }
        }
        self.gather(post, &sections, &found)
    }

    /// Whether any name stands in `text`; whether it is one's own is for [`Analyzer::analyze`] to tell.
    pub fn names(&self, text: &str) -> bool {
        self.matcher.any(&folded(bounded(text)))
    }

    /// Whether any name may stand in a string of `json`, told without parsing it: never `false` where
    /// [`Analyzer::names`] is `true`.
    pub fn may_name(&self, json: &str, glance: &mut Glance) -> bool {
        glance.may_name(json, &self.matcher)
    }

    fn gather(&self, post: &Post, sections: &[(Section, &str)], found: &[(Vec<NameHit>, Vec<Refused>)]) -> Analysis {
        let mut analysis = Analysis::default();
        let risky = || {
            sections
                .iter()
                .flat_map(|(s, _)| &s.hits)
                .filter_map(|h| self.finder.entry(h))
                .any(|e| e.weight >= 2.0 && !matches!(&*e.axis, "modifier" | "praise" | "quiet" | "private"))
        };
        for (index, company) in self.companies.iter().enumerate() {
            let names: Vec<Vec<Range<usize>>> = found
                .iter()
                .map(|(hits, _)| {
                    hits.iter()
                        .filter(|h| h.company == index && (!h.uncertain || risky()))
                        .map(|h| h.range.clone())
                        .collect()
                })
                .collect();
            if names.iter().any(|n| !n.is_empty()) {
                analysis.mentions.push(self.mention(post, company, sections, names));
                continue;
            }
            let refused = found.iter().zip(sections).find_map(|((hits, refused), (section, original))| {
                let unsure = hits.iter().find(|h| h.company == index);
                let (range, why) = match (unsure, refused.iter().find(|r| r.company == index)) {
                    (Some(hit), _) => (&hit.range, "社名と分かる語が近くにない".to_owned()),
                    (None, Some(refused)) => (&refused.range, refused.why.clone()),
                    (None, None) => return None,
                };
                let surface = letters(original, &section.normal.original_range(range));
                Some(Excluded { company: company.clone(), surface, why })
            });
            analysis.excluded.extend(refused);
        }
        analysis
    }

    fn mention(
        &self,
        post: &Post,
        company: &CompanyName,
        sections: &[(Section, &str)],
        names: Vec<Vec<Range<usize>>>,
    ) -> Mention {
        // A name that stands only among hashtags or links says nothing about the company.
        let decoration = sections.iter().zip(&names).all(|((s, _), own)| own.iter().all(|r| s.boilerplate.covers(r)));
        let formal = matches!(post.source_type, SourceType::News | SourceType::Notice);
        let views: Vec<View<'_>> = sections
            .iter()
            .zip(names)
            .filter(|_| !decoration)
            // A headline speaks for an article; a blog's title is about its theme and not about every sentence.
            .filter(|((s, _), own)| !s.in_title || !own.is_empty() || formal)
            .map(|((section, original), own)| {
                let own: Vec<_> = own.into_iter().filter(|r| !section.boilerplate.covers(r)).collect();
                let own_is_media = self.entities.is_media(section, &own);
                View { section, original, others: self.entities.others(section, &own), own, own_is_media }
            })
            .collect();
        let mut sums = score::sums(&views, &self.finder, post.source_type);
        let part = role::part(&views, &self.finder);
        if part.complainer {
            sums.complaint *= 0.15;
            sums.incident *= 0.15;
        }
        let year = post.published_at.unwrap_or(post.collected_at).civil(Zone::JST).year;
        let all: Vec<&Section> = views.iter().map(|v| v.section).collect();
        let retrospective = is_retrospective(&all, &self.finder, year);
        let role = role::role(&sums, part);
        let stance = stance::stance(post, &views, &self.finder, &sums, part);
        let (complaint, leak) = (
            sums.is_complaint() && role != Role::Bystander,
            sums.is_leak() && !retrospective && role != Role::Bystander,
        );
        let grievance = complaint && sums.complaint - sums.taste >= score::COMPLAINT;
        let risk = grievance || leak || sums.is_incident();
        let alert_worthy = !retrospective
            && risk
            && match role {
                Role::Accused | Role::Victim => true,
                Role::Praised => leak,
                Role::Bystander | Role::Unrelated => false,
            };
        let scores = scores(&sums);
        Mention {
            company: company.clone(),
            category: highest(&scores),
            complaint,
            leak,
            alert_worthy,
            role,
            polarity: stance::polarity(&sums, role),
            stance,
            retrospective,
            affected_count: affected(&views, &sums, retrospective, role),
            complaint_score: sums.complaint,
            leak_score: sums.leak,
            grave: if retrospective { None } else { grave::grave(&views, &self.finder, &sums, stance, role) },
            symptom: if alert_worthy { grave::symptom(&views, &self.finder, &sums, stance) } else { None },
            scores,
            evidence: evidence(sums),
        }
    }
}

/// A stranger's text is read up to a limit (one token of a megabyte is no exception).
fn bounded(text: &str) -> &str {
    let mut end = text.len().min(limits::TEXT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

fn affected(views: &[View<'_>], sums: &Sums, retrospective: bool, role: Role) -> Option<u64> {
    let risky = sums.is_leak() || sums.is_incident() || sums.is_complaint();
    if !risky || retrospective || matches!(role, Role::Bystander | Role::Unrelated) {
        return None;
    }
    let harm = |p: &&score::Point| matches!(p.axis.as_str(), "leak" | "safety" | "incident") && !p.negated;
    views.iter().rev().find_map(|v| {
        let hits: Vec<_> = sums
            .points
            .iter()
            .filter(harm)
            .filter(|p| p.evidence.in_title == v.section.in_title)
            .map(|p| p.range.clone())
            .collect();
        count::affected(v.section, &v.own, &hits)
    })
}

fn scores(sums: &Sums) -> BTreeMap<Category, f32> {
    sums.axes.iter().filter(|(_, sum)| **sum > 0.0).map(|(axis, sum)| (Category(axis.clone().into()), *sum)).collect()
}

fn highest(scores: &BTreeMap<Category, f32>) -> Category {
    let best = scores
        .iter()
        .max_by(|(a, x), (b, y)| x.total_cmp(y).then_with(|| b.precedence().cmp(&a.precedence())))
        .filter(|(_, sum)| **sum >= 0.8);
    best.map_or(Category::OTHER, |(category, _)| category.clone())
}

fn evidence(sums: Sums) -> Vec<Evidence> {
    // The points come by weight: what is left out is the weakest.
    let mut all: Vec<Evidence> = sums.points.into_iter().take(limits::EVIDENCE).map(|p| p.evidence).collect();
    all.sort_by(|a, b| (!a.in_title, a.start, a.end, &a.category).cmp(&(!b.in_title, b.start, b.end, &b.category)));
    all
}
