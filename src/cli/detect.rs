//! `hinomi detect`: looks for spikes in a series of counts. Rows in, rows out; nothing is stored.
//!
//! # Invariants
//! Causal: a row is printed from the rows up to it, so the answer for a prefix is a prefix of the answer.
//! Timestamps are what a clock on the wall shows: they have no zone and are never shifted.

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use serde::Serialize;

use super::{Common, Exit, Lang, Outcome};
use crate::{
    detect::{
        count::{CountDetector, Score, threshold},
        wording,
    },
    model::time::{Timestamp, Zone},
};

/// Monday, 5 January 1970.
const MONDAY_MILLIS: i64 = 4 * 86_400_000;
/// The bucket of a file that has one row only.
const LONE_STEP_MIN: f64 = 60.0;

/// Arguments of `hinomi detect`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// CSV with the columns timestamp and value, in order of time; a missing row is an outage, not a zero.
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// False alarms allowed per month.
    #[arg(long, default_value_t = 1.0, value_name = "N")]
    budget: f64,
    /// One JSON object a row instead of a table of the alerts.
    #[arg(long)]
    json: bool,
}

/// One row of the file.
struct Row {
    timestamp: String,
    minute: f64,
    value: f64,
    line: u64,
}

/// One row of the answer.
#[derive(Serialize)]
struct Verdict<'a> {
    timestamp: &'a str,
    value: f64,
    expected: f64,
    p_value: f64,
    score: f64,
    alert: bool,
    reason: String,
    count: f64,
    window_min: f64,
}

/// Runs it.
pub(super) fn run(args: &Args, common: &Common) -> Outcome {
    if !(args.budget.is_finite() && args.budget > 0.0) {
        eprintln!("hinomi: --budget {}: must be more than 0 false alarms a month", args.budget);
        return Ok(Exit::Usage);
    }
    let name = args.input.display();
    let file = File::open(&args.input).with_context(|| format!("{name} cannot be read"))?;
    let out = BufWriter::new(io::stdout().lock());
    let mut printer = Printer { out, json: args.json, lang: common.lang, rows: 0, alerts: 0, budget: args.budget };
    match detect(BufReader::new(file), &args.input, args.budget, &mut printer).and_then(|()| printer.finish()) {
        Err(error) if is_broken_pipe(&error) => Ok(Exit::Ok),
        done => done.map(|()| Exit::Ok),
    }
}

/// Reads rows and hands each with its score to `printer` as soon as it is known.
fn detect(input: impl io::Read, path: &Path, budget: f64, printer: &mut Printer<impl Write>) -> anyhow::Result<()> {
    let (mut waiting, mut detector, mut last): (Option<Row>, Option<CountDetector>, f64) = (None, None, f64::MIN);
    for row in Rows::new(input, path)? {
        let row = row?;
        if row.minute <= last {
            let (name, line, at) = (path.display(), row.line, &row.timestamp);
            bail!("{name}, line {line}: {at} is not later than the row before it");
        }
        last = row.minute;
        match (&mut detector, waiting.take()) {
            (Some(detector), _) => printer.print(&row, detector.update(row.minute, row.value))?,
            // The bucket is known from the second row on.
            (None, None) => waiting = Some(row),
            (None, Some(first)) => {
                let detector = detector.insert(CountDetector::new(row.minute - first.minute, budget, true));
                printer.print(&first, detector.update(first.minute, first.value))?;
                printer.print(&row, detector.update(row.minute, row.value))?;
            }
        }
    }
    if let Some(lone) = waiting {
        printer.print(&lone, CountDetector::new(LONE_STEP_MIN, budget, true).update(lone.minute, lone.value))?;
    }
    Ok(())
}

/// The rows of a file; the header may be missing and its columns may stand in any order.
struct Rows<R> {
    records: csv::StringRecordsIntoIter<R>,
    pending: Option<csv::StringRecord>,
    columns: (usize, usize),
    path: PathBuf,
}

impl<R: io::Read> Rows<R> {
    fn new(input: R, path: &Path) -> anyhow::Result<Self> {
        let reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(input);
        let mut rows =
            Self { records: reader.into_records(), pending: None, columns: (0, 1), path: path.to_path_buf() };
        let Some(first) = rows.records.next() else { return Ok(rows) };
        let first = first.with_context(|| format!("{} is no CSV", path.display()))?;
        let find = |name: &str| first.iter().position(|c| c.trim().trim_start_matches('\u{feff}') == name);
        match (find("timestamp"), find("value")) {
            (Some(timestamp), Some(value)) => rows.columns = (timestamp, value),
            _ if minute_of(first.get(0).unwrap_or_default()).is_some() => rows.pending = Some(first),
            _ => bail!("{}, line 1: the columns timestamp and value are missing", path.display()),
        }
        Ok(rows)
    }

    fn read(&self, record: &csv::StringRecord) -> anyhow::Result<Row> {
        let line = record.position().map_or(0, csv::Position::line);
        let at = |what: String| anyhow::anyhow!("{}, line {line}: {what}", self.path.display());
        let cell = |column: usize, name: &str| record.get(column).ok_or_else(|| at(format!("{name} is missing")));
        let (timestamp, text) = (cell(self.columns.0, "timestamp")?, cell(self.columns.1, "value")?);
        let minute = minute_of(timestamp)
            .ok_or_else(|| at(format!("{timestamp:?} is no time; write it like 2026-02-11 21:00:00")))?;
        let value = text.trim().parse().ok().filter(|v: &f64| v.is_finite() && *v >= 0.0);
        let value = value.ok_or_else(|| at(format!("{text:?} is no count: it must be a number from 0 up")))?;
        Ok(Row { timestamp: timestamp.to_owned(), minute, value, line })
    }
}

impl<R: io::Read> Iterator for Rows<R> {
    type Item = anyhow::Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        let record = match self.pending.take() {
            Some(record) => record,
            None => match self.records.next()? {
                Ok(record) => record,
                Err(error) => return Some(Err(error).with_context(|| format!("{} is no CSV", self.path.display()))),
            },
        };
        Some(self.read(&record))
    }
}

/// `2026-02-11 21:00[:00[.5]]`, also with a `T` between; an offset or a `Z` at the end is not applied.
fn minute_of(text: &str) -> Option<f64> {
    let (date, time) = text.trim().split_once(['T', ' '])?;
    let time = time.trim_end_matches('Z');
    let time = time.split_once(['+', '-']).map_or(time, |(time, _offset)| time);
    let mut date = date.splitn(3, '-');
    let (year, month, day) = (date.next()?.parse().ok()?, date.next()?.parse().ok()?, date.next()?.parse().ok()?);
    let mut time = time.splitn(3, ':');
    let (hour, minute) = (time.next()?.parse().ok()?, time.next()?.parse().ok()?);
    let seconds: f64 = time.next().unwrap_or("0").parse().ok().filter(|s| (0.0..61.0).contains(s))?;
    let start = Timestamp::from_civil((year, month, day), (hour, minute, 0), Zone::UTC)?;
    Some((start.millis() - MONDAY_MILLIS) as f64 / 60_000.0 + seconds / 60.0)
}

/// Writes lines of JSON, or a table of the alerts.
struct Printer<W> {
    out: W,
    json: bool,
    lang: Lang,
    budget: f64,
    rows: u64,
    alerts: u64,
}

impl<W: Write> Printer<W> {
    fn print(&mut self, row: &Row, score: Score) -> anyhow::Result<()> {
        self.rows += 1;
        self.alerts += u64::from(score.alert);
        let reason = self.reason(&score);
        if self.json {
            let verdict = Verdict {
                timestamp: &row.timestamp,
                value: row.value,
                expected: score.expected,
                p_value: score.p_value.clamp(0.0, 1.0),
                score: score.score,
                alert: score.alert,
                reason,
                count: score.count,
                window_min: score.window,
            };
            serde_json::to_writer(&mut self.out, &verdict)?;
            writeln!(self.out)?;
        } else if score.alert {
            writeln!(self.out, "{}  {reason}", row.timestamp)?;
        }
        Ok(())
    }

    /// Why this row alerts, or why an odd one does not; nothing for an ordinary row.
    fn reason(&self, score: &Score) -> String {
        if score.score < threshold(self.budget) {
            return String::new();
        }
        let (ja, en) = (wording::counted_ja, counted_en);
        let sentence = if self.lang == Lang::Ja { ja } else { en };
        let told = sentence(score.window, score.count, score.expected, score.p_value);
        match (score.alert, self.lang) {
            (true, _) => told,
            (false, Lang::Ja) => format!("{told} 通知済みの続きか、いつもの増え方のため通知しない"),
            (false, Lang::En) => format!("{told} Not told: it goes on from an alert, or it is as odd every few days"),
        }
    }

    fn finish(&mut self) -> anyhow::Result<()> {
        if !self.json {
            match self.lang {
                Lang::Ja => writeln!(self.out, "{}行を調べ、通知に値するのは{}件", self.rows, self.alerts)?,
                Lang::En => writeln!(self.out, "{} rows, {} worth an alert", self.rows, self.alerts)?,
            }
        }
        Ok(self.out.flush()?)
    }
}

fn counted_en(window_min: f64, count: f64, expected: f64, p_value: f64) -> String {
    let window = if window_min >= 2880.0 {
        format!("{} days", wording::number(window_min / 1440.0))
    } else if window_min > 60.0 {
        format!("{} hours", wording::number(window_min / 60.0))
    } else {
        "hour".to_owned()
    };
    let (count, expected) = (wording::number(count), wording::number(expected));
    format!("{count} posts in the last {window}; normally {expected} (chance {})", wording::chance(p_value))
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let kind = |e: &io::Error| e.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(kind)
            || cause.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind)
                == Some(io::ErrorKind::BrokenPipe)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(csv: &str, json: bool, lang: Lang) -> anyhow::Result<String> {
        let mut printer = Printer { out: Vec::new(), json, lang, budget: 1.0, rows: 0, alerts: 0 };
        detect(csv.as_bytes(), Path::new("counts.csv"), 1.0, &mut printer)?;
        printer.finish()?;
        Ok(String::from_utf8(printer.out).unwrap())
    }

    fn hourly(values: &[u32]) -> String {
        let row = |(i, v): (usize, &u32)| format!("2026-03-{:02} {:02}:00:00,{v}\n", i / 24 + 1, i % 24);
        format!("timestamp,value\n{}", values.iter().enumerate().map(row).collect::<String>())
    }

    fn quiet_then_burst() -> String {
        let mut values = vec![3; 24 * 8];
        values.extend([60, 80]);
        hourly(&values)
    }

    #[test]
    fn a_burst_is_told_once_with_its_numbers_in_both_languages() {
        let ja = answer(&quiet_then_burst(), false, Lang::Ja).unwrap();
        assert!(ja.starts_with("2026-03-09 00:00:00  直近1時間 60件、平常 3件（偶然の確率 "), "{ja}");
        assert!(ja.ends_with("194行を調べ、通知に値するのは1件\n"), "{ja}");
        let en = answer(&quiet_then_burst(), false, Lang::En).unwrap();
        assert!(en.contains("60 posts in the last hour; normally 3 (chance "), "{en}");
    }

    #[test]
    fn the_answer_for_a_prefix_is_a_prefix_of_the_answer() {
        let whole = answer(&quiet_then_burst(), true, Lang::Ja).unwrap();
        for rows in [2, 3, 50, 193] {
            let part = quiet_then_burst().split_inclusive('\n').take(rows + 1).collect::<String>();
            assert!(whole.starts_with(&answer(&part, true, Lang::Ja).unwrap()), "{rows} rows");
        }
    }

    #[test]
    fn every_row_has_a_chance_between_0_and_1_and_its_timestamp_as_given() {
        let text = "value,timestamp\n1,2026-03-01T00:00:00+09:00\n2,2026-03-01T00:05:00+09:00\n";
        for line in answer(text, true, Lang::Ja).unwrap().lines() {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            assert!((0.0..=1.0).contains(&row["p_value"].as_f64().unwrap()));
            assert!(row["timestamp"].as_str().unwrap().ends_with("+09:00"));
        }
    }

    #[test]
    fn a_bad_row_is_named_by_its_line() {
        let wrong = |rows: &str| answer(&format!("timestamp,value\n2026-03-01 00:00,1\n{rows}"), true, Lang::Ja);
        for (rows, words) in [
            ("2026-03-01 01:00,many\n", "line 3: \"many\""),
            ("2026-03-01 01:00,-1\n", "line 3: \"-1\""),
            ("yesterday,1\n", "line 3: \"yesterday\""),
            ("2026-03-01 01:00\n", "line 3: value is missing"),
            ("2026-02-28 01:00,1\n", "line 3: 2026-02-28 01:00 is not later"),
        ] {
            let error = wrong(rows).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        assert!(answer("a,b\n1,2\n", true, Lang::Ja).unwrap_err().to_string().contains("timestamp and value"));
    }

    #[test]
    fn an_empty_file_and_a_lone_row_are_answered() {
        assert_eq!(answer("timestamp,value\n", true, Lang::Ja).unwrap(), "");
        assert_eq!(answer("timestamp,value\n2026-03-01 00:00,1\n", true, Lang::Ja).unwrap().lines().count(), 1);
    }
}
