//! `hinomi score`: what a text says about a company, as JSON lines for machines or a few lines for people.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, BufWriter, Read, Write},
    path::PathBuf,
};

use anyhow::{Context, bail};
use serde::Deserialize;

use super::{Common, Exit, Lang, Outcome};
use crate::{
    analyze::{Analysis, Analyzer, Lexicons},
    app::dictionary,
    clock::{Clock, SystemClock},
    model::{
        mention::Mention,
        post::{Post, SourceName, SourceType},
        time::{Timestamp, Zone},
        watch::{Watch, Watchlist},
    },
};

/// Arguments of `hinomi score`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// JSON lines with `id`, `company`, `aliases`, `text` and optionally `title`, `source_type`, `published_at`;
    /// `-` reads standard input.
    #[arg(long, value_name = "FILE", required_unless_present = "company")]
    input: Option<PathBuf>,
    /// Score the text on standard input for this company.
    #[arg(long, value_name = "NAME", conflicts_with = "input")]
    company: Option<String>,
    /// Another name of the company; may be given several times.
    #[arg(long, value_name = "NAME", requires = "company")]
    alias: Vec<String>,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Deserialize)]
struct Line {
    id: serde_json::Value,
    company: String,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    text: String,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    source_type: Option<String>,
    #[serde(default)]
    published_at: Option<String>,
}

/// Runs it.
pub(super) fn run(args: &Args, common: &Common) -> Outcome {
    let mut scorer = Scorer::new()?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    let outcome = if let Some(company) = &args.company {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("standard input cannot be read as text")?;
        let line = Line {
            id: serde_json::Value::from("stdin"),
            company: company.clone(),
            aliases: args.alias.clone(),
            text: text.trim_end().to_owned(),
            title: None,
            source_type: None,
            published_at: None,
        };
        scorer.score(&line).and_then(|analysis| print(&mut out, &line, &analysis, args.json, common.lang))
    } else {
        each_line(args, common.lang, &mut scorer, &mut out)
    };
    // What was scored before a bad line is not lost.
    out.flush()?;
    outcome.map(|()| Exit::Ok)
}

fn each_line(args: &Args, lang: Lang, scorer: &mut Scorer, out: &mut impl Write) -> anyhow::Result<()> {
    let path = args.input.clone().unwrap_or_default();
    let input: Box<dyn Read> = if path.as_os_str() == "-" {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(&path).with_context(|| format!("{} cannot be opened", path.display()))?)
    };
    for (number, line) in BufReader::new(input).lines().enumerate() {
        let place = || format!("{}:{}", path.display(), number + 1);
        let line = line.with_context(|| format!("{} cannot be read as text", place()))?;
        let line = line.trim_start_matches('\u{feff}').trim();
        if line.is_empty() {
            continue;
        }
        let line: Line = serde_json::from_str(line).with_context(|| format!("{} is not a post to score", place()))?;
        let analysis = scorer.score(&line).with_context(place)?;
        print(out, &line, &analysis, args.json, lang)?;
    }
    Ok(())
}

/// One analyzer a company and its names; the words are compiled once.
struct Scorer {
    base: Analyzer,
    made: HashMap<(String, Vec<String>), Analyzer>,
    now: Timestamp,
}

impl Scorer {
    fn new() -> anyhow::Result<Self> {
        let lexicons = Lexicons::embedded()?;
        let base = Analyzer::new(dictionary::tokenizer()?, &lexicons, &Watchlist::default())?;
        Ok(Self { base, made: HashMap::new(), now: SystemClock.now() })
    }

    fn score(&mut self, line: &Line) -> anyhow::Result<Analysis> {
        let post = post(line, self.now)?;
        let key = (line.company.clone(), line.aliases.clone());
        if !self.made.contains_key(&key) {
            let aliases: Vec<&str> = line.aliases.iter().map(String::as_str).collect();
            let watchlist = Watchlist { companies: vec![Watch::named(&line.company, &aliases)] };
            self.made.insert(key.clone(), self.base.for_watchlist(&watchlist)?);
        }
        Ok(self.made.get(&key).map(|a| a.analyze(&post)).unwrap_or_default())
    }
}

fn post(line: &Line, now: Timestamp) -> anyhow::Result<Post> {
    let source_type = match line.source_type.as_deref().filter(|t| !t.is_empty()) {
        Some(name) => name.parse().map_err(|e| anyhow::anyhow!("source_type: {e}"))?,
        None => SourceType::Post,
    };
    Ok(Post {
        source: SourceName("score".to_owned()),
        external_id: line.id.to_string(),
        source_type,
        channel: source_type.usual_channel(),
        url: None,
        author: None,
        author_followers: None,
        title: line.title.clone().filter(|t| !t.trim().is_empty()),
        text: line.text.clone(),
        published_at: match line.published_at.as_deref().map(str::trim).filter(|t| !t.is_empty()) {
            Some(text) => Some(time(text)?),
            None => None,
        },
        collected_at: now,
        reach: None,
        views: None,
        repost_of: None,
    })
}

/// RFC 3339, a day, a month or a year; what is missing is the first.
fn time(text: &str) -> anyhow::Result<Timestamp> {
    if let Some(at) = Timestamp::parse_rfc3339(text) {
        return Ok(at);
    }
    let day = text.split(['T', ' ']).next().unwrap_or(text);
    let mut parts = day.split(['-', '/']);
    let year = parts.next().and_then(|y| y.parse().ok());
    let mut part = || parts.next().map_or(Some(1), |p| p.parse().ok());
    let date = (year, part(), part());
    let at = match date {
        (Some(y), Some(m), Some(d)) => Timestamp::from_civil((y, m, d), (0, 0, 0), Zone::JST),
        _ => None,
    };
    let Some(at) = at else { bail!("published_at: {text:?} is no year, month, day or RFC 3339 time") };
    Ok(at)
}

fn print(out: &mut impl Write, line: &Line, analysis: &Analysis, json: bool, lang: Lang) -> anyhow::Result<()> {
    let mention = analysis.mentions.first();
    if json {
        writeln!(out, "{}", to_json(line, mention))?;
    } else {
        write!(out, "{}", for_people(line, analysis, lang))?;
    }
    Ok(())
}

fn to_json(line: &Line, mention: Option<&Mention>) -> serde_json::Value {
    let Some(m) = mention else {
        return serde_json::json!({
            "id": line.id, "is_mention": false, "complaint": false, "leak": false, "alert_worthy": false,
            "role": "unrelated", "polarity": "neutral", "stance": "opinion", "retrospective": false,
            "affected_count": null, "complaint_score": 0.0, "leak_score": 0.0, "scores": {}, "evidence": [],
        });
    };
    let evidence: Vec<serde_json::Value> = m
        .evidence
        .iter()
        .map(|e| {
            let mut one = serde_json::json!({
                "category": e.category, "start": e.start, "end": e.end, "surface": e.surface,
                "weight": rounded(e.weight), "why": e.why,
            });
            if let (true, Some(fields)) = (e.in_title, one.as_object_mut()) {
                fields.insert("in".to_owned(), "title".into());
            }
            one
        })
        .collect();
    let scores: serde_json::Map<String, serde_json::Value> =
        m.scores.iter().map(|(c, s)| (c.as_str().to_owned(), rounded(*s).into())).collect();
    serde_json::json!({
        "id": line.id, "is_mention": true, "complaint": m.complaint, "leak": m.leak, "alert_worthy": m.alert_worthy,
        "role": m.role, "polarity": m.polarity, "stance": m.stance, "retrospective": m.retrospective,
        "affected_count": m.affected_count, "complaint_score": rounded(m.complaint_score),
        "leak_score": rounded(m.leak_score), "category": m.category, "grave": m.grave, "symptom": m.symptom,
        "scores": scores, "evidence": evidence,
    })
}

/// Two digits: a reader compares them, a diff stays quiet.
fn rounded(x: f32) -> f64 {
    (f64::from(x) * 100.0).round() / 100.0
}

fn for_people(line: &Line, analysis: &Analysis, lang: Lang) -> String {
    let ja = lang == Lang::Ja;
    let Some(m) = analysis.mentions.first() else {
        let why = analysis.excluded.first().map(|e| {
            if ja { format!("「{}」は{}", e.surface, e.why) } else { format!("\"{}\": {}", e.surface, e.why) }
        });
        let said = if ja {
            format!("{} への言及ではありません", line.company)
        } else {
            format!("not about {}", line.company)
        };
        return match why {
            Some(why) => format!("{said}（{why}）\n"),
            None => format!("{said}\n"),
        };
    };
    let mut scores: Vec<_> = m.scores.iter().collect();
    scores.sort_by(|a, b| b.1.total_cmp(a.1).then_with(|| a.0.cmp(b.0)));
    let scores: Vec<String> =
        scores.iter().map(|(c, s)| format!("{} {s:.1}", if ja { c.ja() } else { c.as_str() })).collect();
    let evidence: Vec<String> =
        m.evidence.iter().map(|e| format!("〔{}〕 {:+.1} {}", e.surface, e.weight, e.why)).collect();
    let or_none = |list: Vec<String>, gap: &str| {
        if list.is_empty() { if ja { "なし" } else { "none" }.to_owned() } else { list.join(gap) }
    };
    let count = m.affected_count.map_or_else(|| if ja { "なし" } else { "none" }.to_owned(), |n| n.to_string());
    if ja {
        let role = match m.role {
            crate::model::mention::Role::Accused => "責められている",
            crate::model::mention::Role::Victim => "被害を受けた側",
            crate::model::mention::Role::Bystander => "話の主役ではない",
            crate::model::mention::Role::Praised => "ほめられている",
            crate::model::mention::Role::Unrelated => "問題の話ではない",
        };
        format!(
            "カテゴリ  {}\n立場     {}   当社の立場  {role}\n根拠     {}\n数       {count}\n{}\n",
            or_none(scores, "   "),
            m.stance.ja(),
            or_none(evidence, "\n         "),
            verdict_ja(m),
        )
    } else {
        format!(
            "scores    {}\nstance    {}   role  {}\nevidence  {}\ncount     {count}\nalert-worthy: {}\n",
            or_none(scores, "   "),
            m.stance,
            m.role,
            or_none(evidence, "\n          "),
            m.alert_worthy,
        )
    }
}

fn verdict_ja(m: &Mention) -> String {
    match (m.grave, m.alert_worthy, &m.symptom) {
        (Some(_), ..) => "この1件だけで ◆ 注意になります".to_owned(),
        (None, true, Some(symptom)) => {
            format!("単独では ● 平常。90日以内に別の2人が同じ症状（{symptom}）を書けば ◆ 注意になります")
        }
        (None, true, None) => "批判として数えます。単独では ● 平常です".to_owned(),
        (None, false, _) if m.retrospective => "過去の事例の紹介として、数えません".to_owned(),
        (None, false, _) => "批判としては数えません ● 平常".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_may_be_a_year_a_month_or_a_day() {
        for (text, year) in
            [("2012", 2012), ("2014-07", 2014), ("2024-02-29", 2024), ("2026-01-01T00:00:00+09:00", 2026)]
        {
            assert_eq!(time(text).unwrap().civil(Zone::JST).year, year, "{text}");
        }
        assert!(time("yesterday").is_err());
        assert!(time("2024-13").is_err());
    }
}
