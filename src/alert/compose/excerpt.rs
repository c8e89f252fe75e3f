//! What a mail quotes of a post: a few words around those that led to the score, marked.
//!
//! # Invariants
//! Never more than [`limits::EXCERPT_CHARS`] letters of the post. Positions that point nowhere mark nothing.

use crate::{
    alert::inert::{self, Marked},
    model::{limits, mention::MentionRecord},
};

/// Letters in a row that are all marked or all unmarked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    /// The letters.
    pub(super) text: String,
    /// They led to the score.
    pub(super) hit: bool,
}

/// Marked stretches in one excerpt; each costs 100 bytes of markup.
const HITS: usize = 6;
/// Letters of context before the first mark.
const BEFORE: usize = 30;

/// The excerpt of at most `letters` letters.
pub(super) fn excerpt(record: &MentionRecord, letters: usize) -> Vec<Segment> {
    let letters = letters.min(limits::EXCERPT_CHARS);
    let text = marked(record);
    let first = text.iter().position(|(_, hit)| *hit).unwrap_or(0);
    // The whole text where it fits; otherwise a window that begins a little before the first mark.
    let start = if text.len() <= letters { 0 } else { first.saturating_sub(BEFORE).min(text.len() - letters) };
    let ahead = usize::from(start > 0);
    let behind = usize::from(text.len() > start + letters - ahead);
    let window = text.iter().skip(start + ahead).take(letters.saturating_sub(ahead + behind));

    let dots = |n: usize| std::iter::repeat_n(('…', false), n);
    group(dots(ahead).chain(window.copied()).chain(dots(behind)))
}

/// The part of the post that holds the heavier words, made harmless: for an article that is mostly the headline.
fn marked(record: &MentionRecord) -> Vec<Marked> {
    let title = record.post.title.as_deref().unwrap_or_default();
    let weight = |in_title: bool| -> f32 {
        record.mention.evidence.iter().filter(|e| e.in_title == in_title).map(|e| e.weight.max(0.0)).sum()
    };
    let use_title = record.post.text.trim().is_empty() || (!title.trim().is_empty() && weight(true) > weight(false));
    let text = if use_title { title } else { record.post.text.as_str() };
    let spans: Vec<(usize, usize)> =
        record.mention.evidence.iter().filter(|e| e.in_title == use_title).map(|e| (e.start, e.end)).collect();
    let letters =
        text.chars().enumerate().map(|(i, c)| (c, spans.iter().any(|(start, end)| (*start..*end).contains(&i))));
    inert::disarm(letters)
}

fn group(letters: impl Iterator<Item = Marked>) -> Vec<Segment> {
    let mut out: Vec<Segment> = Vec::new();
    let mut hits = 0;
    for (c, mark) in letters {
        let before = out.last().is_some_and(|s| s.hit);
        let hit = mark && (before || hits < HITS);
        match out.last_mut() {
            Some(last) if last.hit == hit => last.text.push(c),
            _ => {
                hits += usize::from(hit);
                out.push(Segment { text: c.to_string(), hit });
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::compose::samples;

    fn plain(segments: &[Segment]) -> String {
        segments.iter().map(|s| if s.hit { format!("〔{}〕", s.text) } else { s.text.clone() }).collect()
    }

    #[test]
    fn the_words_behind_the_score_are_marked_and_in_the_window() {
        let long = format!("{}身に覚えのない請求が来た{}", "あ".repeat(300), "い".repeat(300));
        let record = samples::record(1, &long, &["身に覚えのない請求"]);
        let out = excerpt(&record, limits::EXCERPT_CHARS);
        assert!(plain(&out).contains("〔身に覚えのない請求〕"), "{}", plain(&out));
        assert_eq!(out.iter().map(|s| s.text.chars().count()).sum::<usize>(), limits::EXCERPT_CHARS);
        assert!(plain(&out).starts_with('…') && plain(&out).ends_with('…'));
    }

    #[test]
    fn a_short_post_is_quoted_whole() {
        let record = samples::record(1, "カードが漏れてない?", &["漏れてない"]);
        assert_eq!(plain(&excerpt(&record, 140)), "カードが〔漏れてない〕?");
    }

    #[test]
    fn marks_stay_on_their_words_when_letters_before_them_are_removed_or_changed() {
        let record = samples::record(1, "\u{202e}見て https://bad.example/a 情報\u{200b}流出だ", &["情報\u{200b}流出"]);
        assert_eq!(plain(&excerpt(&record, 140)), "見て hxxps://bad[.]example/a 〔情報流出〕だ");
    }

    #[test]
    fn positions_outside_the_text_mark_nothing() {
        let mut record = samples::record(1, "短い", &["短い"]);
        record.mention.evidence[0].start = 90;
        record.mention.evidence[0].end = 10;
        assert_eq!(plain(&excerpt(&record, 140)), "短い");
        record.mention.evidence[0].end = usize::MAX;
        assert_eq!(plain(&excerpt(&record, 140)), "短い");
    }

    #[test]
    fn the_headline_is_quoted_where_the_words_stand_in_it() {
        let mut record = samples::record(1, "本文は別の話。", &[]);
        record.post.title = Some("情報流出か".into());
        record.mention.evidence = samples::evidence("情報流出か", &["情報流出"]);
        record.mention.evidence[0].in_title = true;
        assert_eq!(plain(&excerpt(&record, 140)), "〔情報流出〕か");
    }
}
