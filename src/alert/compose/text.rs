//! The text part: all facts, at most 35 full-width letters a line, readable on a watch.

use unicode_segmentation::UnicodeSegmentation;

use super::{excerpt::Segment, view::View};

/// Columns of a line; a full-width letter takes two.
const COLUMNS: usize = 70;
/// Columns that a line gives back at most so that a word or a bracket stays whole.
const GIVE_BACK: usize = 24;

/// The whole part. Lines end in `\n`.
pub(super) fn text(view: &View) -> String {
    let mut out = Page(String::new());
    let state = if view.level.is_empty() { view.state.to_owned() } else { format!("{}・{}", view.level, view.state) };
    out.line(&format!("{}{state}  {}", view.mark, view.company));
    out.line(&view.news);
    out.line(&format!("{} 第{}報  {}", view.code, view.sequence, view.when));
    out.gap();
    for figure in if view.totals.is_empty() { &view.figures } else { &view.totals } {
        let note =
            if figure.note.is_empty() { String::new() } else { format!("（{}{}）", figure.note, figure.strong) };
        out.line(&format!("{}  {}{note}", figure.label, figure.value));
    }
    out.line(&format!("分類  {}", view.category));
    out.line(&format!("立場  {}{}", view.role, view.role_note));
    if let Some(link) = &view.link {
        out.gap();
        out.line("▼画面で見る");
        // An address is never broken, however long.
        out.0.push_str(link);
        out.0.push('\n');
    }
    out.head("何が起きているか");
    out.line(&view.story.concat());
    if !view.since.is_empty() {
        out.line(&view.since);
    }
    if !view.few.is_empty() {
        out.head("なぜ少数でも知らせたか");
        out.line(&view.few);
    }
    if let Some(chart) = &view.chart {
        out.head("動き（1時間ごと・24時間）");
        out.line(&chart.line);
        out.line(&format!("{}〜{}  直近4時間 {}", chart.start, chart.end, chart.last_four));
        out.line(&format!("1本=60分、平常の上限は{}件/時。24時間計 {}件。", chart.upper, chart.total));
    }
    if !view.reasons.is_empty() {
        out.head("そう判断した理由");
        for (tag, line) in &view.reasons {
            out.line(&format!("{tag}  {line}"));
        }
    }
    if !view.quotes.is_empty() {
        out.head("主な投稿（〔 〕が根拠）");
        for (n, quote) in view.quotes.iter().enumerate() {
            let reach = if quote.reach.is_empty() { String::new() } else { format!("（{}）", quote.reach) };
            let origin = if quote.origin { " 最初の投稿" } else { "" };
            out.line(&format!("{}) {} {} {}{reach}{origin}", n + 1, quote.channel, quote.when, quote.author));
            out.line(&format!(" {}", bracketed(&quote.short)));
        }
    }
    roads(&mut out, view);
    if let Some(book) = view.playbook {
        out.head(&format!("対応の手引き（例：{}）", book.title));
        for (due, step) in book.steps.iter().take(if view.brief { 1 } else { usize::MAX }) {
            out.line(&format!("{due}  {step}"));
        }
    }
    out.gap();
    let x = if view.blind_x {
        "X（旧Twitter）は未接続のため、実際の件数はこれより多いと考えてください。"
    } else {
        ""
    };
    out.line(&format!("この数字の範囲：{}{x}", view.coverage));
    out.line("公開された投稿の自動集計で、内容が事実かどうかは確認していません。社外への転送・引用はお控えください。");
    out.line(&format!("次の連絡：{}", view.next));
    out.line(&format!("宛先：{}", view.recipients));
    out.line("火の見 Hinomi");
    out.0
}

fn roads(out: &mut Page, view: &View) {
    if view.roads.is_empty() {
        return;
    }
    out.head("経路ごとの広がり");
    if view.brief {
        let all: Vec<String> = view.roads.iter().map(|r| format!("{} {}件", r.name, r.posts)).collect();
        out.line(&all.join("・"));
        return;
    }
    for road in &view.roads {
        out.line(&format!("{} {}件（初出 {}）", road.name, road.posts, road.first));
    }
}

fn bracketed(segments: &[Segment]) -> String {
    segments.iter().map(|s| if s.hit { format!("〔{}〕", s.text) } else { s.text.clone() }).collect()
}

struct Page(String);

impl Page {
    fn line(&mut self, text: &str) {
        for line in wrap(text) {
            self.0.push_str(line.trim_end());
            self.0.push('\n');
        }
    }

    fn gap(&mut self) {
        self.0.push('\n');
    }

    fn head(&mut self, title: &str) {
        self.gap();
        self.line(&format!("●{title}"));
    }
}

/// Columns of a letter as people see it. Anything that may be wide counts as wide.
fn columns(letter: &str) -> usize {
    let narrow = letter.chars().all(|c| c.is_ascii() || ('\u{ff61}'..='\u{ff9f}').contains(&c));
    if narrow { letter.chars().count() } else { 2 }
}

/// Breaks a line by the Japanese rules: no closing mark at the beginning, no opening one at the end, no number torn.
fn wrap(text: &str) -> Vec<String> {
    let letters: Vec<&str> = text.graphemes(true).collect();
    let mut lines = Vec::new();
    let mut start = 0;
    while start < letters.len() {
        let mut end = start;
        let mut used = 0;
        while let Some(width) = letters.get(end).map(|l| columns(l)).filter(|w| used + w <= COLUMNS) {
            used += width;
            end += 1;
        }
        let end = if end < letters.len() { good_break(&letters, start, end) } else { end };
        // A letter wider than a line stands alone rather than never.
        let end = end.max(start + 1);
        lines.push(letters.get(start..end).map(<[&str]>::concat).unwrap_or_default());
        start = end;
    }
    lines
}

fn good_break(letters: &[&str], start: usize, end: usize) -> usize {
    let may_break = |at: usize| {
        let (Some(before), Some(after)) = (at.checked_sub(1).and_then(|i| letters.get(i)), letters.get(at)) else {
            return true;
        };
        let word = |l: &str| l.chars().all(|c| c.is_ascii_graphic());
        let torn = "、。，．）」』〕】・：；！？…ー％%,.!?)]→〜".contains(*after)
            || "（「『〔【([".contains(*before)
            || (word(before) && word(after));
        !torn
    };
    let floor = end.saturating_sub(GIVE_BACK).max(start + 1);
    (floor..=end).rev().find(|at| may_break(*at)).unwrap_or(end)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Of a whole line.
    pub(in super::super) fn width(line: &str) -> usize {
        line.graphemes(true).map(columns).sum()
    }

    #[test]
    fn lines_break_between_words_and_never_before_a_closing_mark() {
        let text = format!("{}。次の文", "あ".repeat(35));
        assert_eq!(wrap(&text), ["あ".repeat(34), "あ。次の文".to_owned()]);
        let text = format!("{}「かぎ」", "あ".repeat(34));
        assert_eq!(wrap(&text), ["あ".repeat(34), "「かぎ」".to_owned()]);
        let text = format!("{}12,345件", "あ".repeat(33));
        assert_eq!(wrap(&text), ["あ".repeat(33), "12,345件".to_owned()]);
    }

    #[test]
    fn no_line_is_wider_than_35_full_width_letters() {
        for text in ["a".repeat(300), "。".repeat(300), "「".repeat(300), "👨‍👩‍👧".repeat(90), "ﾊﾝｶｸ".repeat(60)]
        {
            assert!(wrap(&text).iter().all(|l| width(l) <= COLUMNS), "{text}");
            assert_eq!(wrap(&text).concat(), text);
        }
    }
}
