//! `hinomi replay`: recorded posts through the same pipeline, in their own time.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde_json::json;

use super::{Common, Exit, Lang, Outcome};
use crate::{
    app::replay::{self, Happening, Range, Summary},
    collect::sources::jsonl,
    config,
    model::{
        incident::IncidentEvent,
        post::Post,
        time::{Timestamp, Zone},
    },
};

/// Arguments of `hinomi replay`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Posts, one JSON object a line, in the order in which they were collected; may be gzipped.
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Whom to watch: TOML, or the same shape as JSON.
    #[arg(long, value_name = "FILE")]
    watchlist: PathBuf,
    /// Leave out what was collected before (RFC 3339).
    #[arg(long, value_parser = parse_time)]
    from: Option<Timestamp>,
    /// End here (RFC 3339); without it, with the last post.
    #[arg(long, value_parser = parse_time)]
    to: Option<Timestamp>,
    /// Print every mention too.
    #[arg(long)]
    mentions: bool,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
    /// End with 10 to 13 for the worst level.
    #[arg(long)]
    exit_level: bool,
}

fn parse_time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse_rfc3339(text).ok_or_else(|| format!("{text:?} is not a time such as 2026-02-11T21:04:00+09:00"))
}

/// Runs it.
pub(super) fn run(args: &Args, common: &Common) -> Outcome {
    let watchlist = match config::load_watchlist(&args.watchlist) {
        Ok(watchlist) => watchlist,
        Err(mistakes) => {
            eprintln!("{mistakes}");
            return Ok(Exit::Usage);
        }
    };
    let posts = read_posts(&args.input)?;
    let mut out = io::BufWriter::new(anstream::stdout().lock());
    let mut failed = None;
    let summary = {
        let mut tell = |happening: Happening<'_>| {
            let line =
                if args.json { json_line(&happening, args.mentions) } else { human_line(&happening, common.lang) };
            if let Some(line) = line
                && failed.is_none()
            {
                failed = writeln!(out, "{line}").err();
            }
        };
        let range = Range { from: args.from, to: args.to };
        super::block_on(replay::run(posts, watchlist, range, &mut tell))?
    };
    if let Some(error) = failed {
        return super::unless_pipe_closed(error.into());
    }
    let last = if args.json { summary_json(&summary) } else { human_summary(&summary, common.lang) };
    writeln!(out, "{last}")?;
    out.flush()?;
    Ok(if args.exit_level { Exit::Level(summary.worst.number()) } else { Exit::Ok })
}

fn read_posts(path: &Path) -> Result<Vec<Post>> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let reader: Box<dyn BufRead> = if path.extension().is_some_and(|e| e == "gz") {
        Box::new(BufReader::new(flate2::read::MultiGzDecoder::new(file)))
    } else {
        Box::new(BufReader::new(file))
    };
    let mut posts = Vec::new();
    for (n, line) in reader.lines().enumerate() {
        let line = line.with_context(|| format!("{}:{}", path.display(), n + 1))?;
        if line.trim().is_empty() {
            continue;
        }
        let post = jsonl::parse_line(&line).map_err(|e| anyhow::anyhow!("{}:{}: {e}", path.display(), n + 1))?;
        posts.push(post);
    }
    Ok(posts)
}

fn json_line(happening: &Happening<'_>, mentions: bool) -> Option<String> {
    let value = match happening {
        Happening::Mention { .. } if !mentions => return None,
        Happening::Mention { post, mention } => json!({"mention": {
            "post": post, "company": mention.company, "category": mention.category, "role": mention.role,
            "affected_count": mention.affected_count, "retrospective": mention.retrospective,
        }}),
        Happening::Event(event) => event_json(event),
        Happening::Mail { alert, subject } => json!({"mail": {
            "at": alert.created_at.rfc3339(Zone::JST), "incident": alert.event.incident.code(), "level": alert.level,
            "state": alert.state, "recipients": alert.recipients, "subject": subject,
        }}),
    };
    Some(value.to_string())
}

fn event_json(event: &IncidentEvent) -> serde_json::Value {
    let i = &event.incident;
    json!({
        "at": event.at.rfc3339(Zone::JST), "company": i.company, "category": i.category, "level": i.level,
        "state": i.state, "incident": i.code(), "origin_post": i.origin_external_id, "role": i.role,
        "affected_count": i.affected.as_ref().map(|a| a.number), "reason": event.reason, "counts": i.counts,
    })
}

fn summary_json(s: &Summary) -> String {
    let fates: serde_json::Map<String, serde_json::Value> =
        s.fates.iter().map(|(fate, n)| (fate.clone(), (*n).into())).collect();
    json!({"summary": {
        "posts": s.posts, "new": s.ingested.new, "duplicates": s.ingested.duplicates,
        "not_about_us": s.ingested.not_about_us, "mentions": s.ingested.mentions, "incidents": s.incidents,
        "mails": s.mails, "worst_level": s.worst, "fates": fates,
        "from": s.span.map(|(from, _)| from.rfc3339(Zone::JST)), "to": s.span.map(|(_, to)| to.rfc3339(Zone::JST)),
    }})
    .to_string()
}

fn human_line(happening: &Happening<'_>, lang: Lang) -> Option<String> {
    match happening {
        Happening::Event(event) => Some(super::timeline::line(event, lang)),
        Happening::Mail { .. } | Happening::Mention { .. } => None,
    }
}

fn human_summary(s: &Summary, lang: Lang) -> String {
    match lang {
        Lang::Ja => format!(
            "投稿 {}件 → 言及 {}件 → 事案 {}件 → 通知 {}通  最も高い段階 {}{}",
            s.posts,
            s.ingested.mentions,
            s.incidents,
            s.mails,
            s.worst.mark(),
            s.worst.ja()
        ),
        Lang::En => format!(
            "{} posts → {} mentions → {} incidents → {} mails, worst level {}",
            s.posts,
            s.ingested.mentions,
            s.incidents,
            s.mails,
            s.worst.en()
        ),
    }
}
