//! `hinomi feed`: what Hinomi makes of a feed, to see why an entry is missing or wrong.

use std::{fs::File, io::Read, path::PathBuf};

use anyhow::{Context, bail};

use super::{Common, Exit, Outcome};
use crate::{
    collect::{
        CollectParams,
        sources::feed::{self, Document, Feed},
    },
    model::{limits, time::Zone},
};

/// Arguments of `hinomi feed`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// RSS, Atom or JSON Feed.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The server's `Content-Type`.
    #[arg(long, value_name = "CT")]
    content_type: Option<String>,
    /// Where the feed came from; relative links are resolved against it.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub(super) fn run(args: &Args, _common: &Common) -> Outcome {
    let mut body = Vec::new();
    let most = u64::try_from(limits::BODY_BYTES).unwrap_or(u64::MAX);
    File::open(&args.file)
        .and_then(|file| file.take(most + 1).read_to_end(&mut body))
        .with_context(|| format!("cannot read {}", args.file.display()))?;
    if body.len() > limits::BODY_BYTES {
        bail!("{} is larger than {} MiB", args.file.display(), limits::BODY_BYTES >> 20);
    }
    let document = Document {
        body: &body,
        content_type: args.content_type.as_deref(),
        url: args.url.as_deref(),
        zone: CollectParams::default().zone,
    };
    let feed = feed::read(&document).with_context(|| format!("{} cannot be read", args.file.display()))?;
    print!("{}", if args.json { as_json(&feed) } else { as_text(&feed) });
    Ok(Exit::Ok)
}

fn as_json(feed: &Feed) -> String {
    let head = serde_json::json!({ "feed": { "title": feed.title } });
    let entries = feed.entries.iter().map(|entry| {
        serde_json::json!({
            "id": entry.id,
            "title": entry.title,
            "link": entry.link,
            "published": entry.published.map(|at| at.rfc3339(Zone::UTC)),
            "text": entry.text,
            "author": entry.author,
        })
    });
    let mut lines: Vec<String> = std::iter::once(head).chain(entries).map(|line| line.to_string()).collect();
    lines.push(String::new());
    lines.join("\n")
}

fn as_text(feed: &Feed) -> String {
    let title = feed.title.as_deref().unwrap_or("(題名なし)");
    let mut lines = vec![format!("{title} — {}件", feed.entries.len())];
    if feed.skipped > 0 {
        lines.push(format!("読み飛ばした項目: {}件", feed.skipped));
    }
    for entry in &feed.entries {
        let date = entry.published.map_or_else(|| "日時不明".to_owned(), |at| at.long(Zone::JST));
        let first_line = entry.text.lines().next().unwrap_or("(本文なし)");
        lines.push(String::new());
        lines.push(format!("{date}  {}", entry.title.as_deref().unwrap_or(first_line)));
        lines.extend(entry.link.as_ref().map(|link| format!("  {link}")));
    }
    lines.push(String::new());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::sources::feed::Entry;

    fn feed() -> Feed {
        let entry = Entry { id: "1".into(), text: "本文".into(), ..Entry::default() };
        Feed { title: Some("青空テレコムのお知らせ".into()), entries: vec![entry], ..Feed::default() }
    }

    #[test]
    fn a_script_gets_one_object_a_line_and_null_for_what_is_unknown() {
        let text = as_json(&feed());
        let lines: Vec<serde_json::Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(lines[0]["feed"]["title"], "青空テレコムのお知らせ");
        assert_eq!(lines[1]["id"], "1");
        assert!(lines[1]["published"].is_null() && lines[1]["link"].is_null());
    }

    #[test]
    fn a_person_sees_dates_and_titles() {
        assert_eq!(as_text(&feed()), "青空テレコムのお知らせ — 1件\n\n日時不明  本文\n");
    }
}
