//! Rows in columns, for letters that are two columns wide and for terminals that are narrow.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Between two columns.
const GAP: &str = "  ";
/// A name is cut after so many columns; the others are ours and short.
const CELL: usize = 28;
/// Before what stands below a row.
const INDENT: &str = "    ";

/// One row, and what stands below it.
pub(super) struct Entry {
    pub(super) cells: Vec<String>,
    pub(super) below: Option<String>,
}

/// In columns under their heads where that fits, and each row on lines of its own where it does not.
pub(super) fn text(heads: &[&str], entries: &[Entry], columns: usize) -> String {
    let head: Vec<String> = heads.iter().map(|h| (*h).to_owned()).collect();
    let rows: Vec<Vec<String>> = entries.iter().map(|e| e.cells.iter().map(|c| cut(c, CELL)).collect()).collect();
    let widths: Vec<usize> = (0..heads.len())
        .map(|i| rows.iter().chain([&head]).filter_map(|row| row.get(i)).map(|cell| cell.width()).max().unwrap_or(0))
        .collect();
    let whole: usize = widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1);
    let mut text = String::new();
    if whole <= columns {
        text.push_str(&line(&head, &widths));
        for (row, entry) in rows.iter().zip(entries) {
            text.push_str(&line(row, &widths));
            text.push_str(&below(entry, columns));
        }
        return text;
    }
    for (row, entry) in rows.iter().zip(entries) {
        text.push_str(&stacked(heads, row, columns));
        text.push_str(&below(entry, columns));
    }
    text
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let pad = |(cell, width): (&String, &usize)| format!("{cell}{}", " ".repeat(width.saturating_sub(cell.width())));
    let padded: Vec<String> = cells.iter().zip(widths).map(pad).collect();
    format!("{}\n", padded.join(GAP).trim_end())
}

/// The first two cells, and below them the others with their heads, as many on a line as there is room for.
fn stacked(heads: &[&str], row: &[String], columns: usize) -> String {
    let (first, rest) = row.split_at(row.len().min(2));
    let mut text = format!("{}\n", cut(&first.join(GAP), columns));
    let mut line = String::new();
    for (head, cell) in heads.iter().skip(2).zip(rest) {
        let part = format!("{head} {cell}");
        if !line.is_empty() && INDENT.len() + line.width() + GAP.len() + part.width() > columns {
            text.push_str(&format_line(&line, columns));
            line.clear();
        }
        line = if line.is_empty() { part } else { format!("{line}{GAP}{part}") };
    }
    if !line.is_empty() {
        text.push_str(&format_line(&line, columns));
    }
    text
}

fn format_line(line: &str, columns: usize) -> String {
    format!("{INDENT}{}\n", cut(line, columns.saturating_sub(INDENT.len())))
}

fn below(entry: &Entry, columns: usize) -> String {
    entry.below.as_ref().map_or_else(String::new, |text| format_line(text, columns))
}

/// At most so many columns, without what a terminal would obey.
fn cut(text: &str, columns: usize) -> String {
    let clean: String = text.chars().filter(|c| !c.is_control()).collect();
    if clean.width() <= columns {
        return clean;
    }
    let mut kept = String::new();
    for letter in clean.graphemes(true) {
        if kept.width() + letter.width() + 1 > columns {
            break;
        }
        kept.push_str(letter);
    }
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries() -> Vec<Entry> {
        let entry = |name: &str, n: &str, below: Option<&str>| Entry {
            cells: ["● 正常", name, n, "3分前"].map(str::to_owned).to_vec(),
            below: below.map(str::to_owned),
        };
        vec![
            entry("みどり屋通販の声", "1", None),
            entry("a", "12345", Some("no answer\u{1b}[2J in time")),
            entry(&"長い名前".repeat(20), "7", None),
        ]
    }

    #[test]
    fn wide_letters_stand_in_straight_columns() {
        let text = text(&["状態", "情報源", "件数", "最後"], &entries(), 100);
        let at: Vec<usize> = text
            .lines()
            .filter_map(|l| l.split_once("3分前").or(l.split_once("最後")))
            .map(|(b, _)| b.width())
            .collect();
        assert!(at.len() == 4 && at.iter().all(|w| *w == at[0]), "{text}");
        assert!(!text.contains('\u{1b}') && text.contains("    no answer[2J in time\n"), "{text}");
    }

    #[test]
    fn no_line_is_longer_than_a_narrow_terminal() {
        for columns in [20, 33, 45] {
            let text = text(&["状態", "情報源", "件数", "最後"], &entries(), columns);
            assert!(text.lines().all(|l| l.width() <= columns), "{columns}:\n{text}");
            assert!(text.contains("件数 12345"), "{text}");
        }
    }
}
