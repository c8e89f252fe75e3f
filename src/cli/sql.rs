//! `hinomi sql`: questions to the database, read-only, over the `v_*` views.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{Common, Exit, Outcome};
use crate::{
    config,
    store::{Answer, Engine, Store, StoreParams},
};

/// Arguments of `hinomi sql`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The question, such as `select * from v_incidents`.
    question: String,
    /// Ask this database file instead of the configured one.
    #[arg(long, value_name = "FILE")]
    db: Option<PathBuf>,
    /// One JSON object a row.
    #[arg(long, conflicts_with_all = ["csv", "md"])]
    json: bool,
    /// Comma-separated, with a head line.
    #[arg(long, conflicts_with = "md")]
    csv: bool,
    /// A Markdown table.
    #[arg(long)]
    md: bool,
}

/// Runs it.
pub(super) fn run(args: &Args, common: &Common) -> Outcome {
    let place = match &args.db {
        Some(path) => StoreParams::at(path),
        None => {
            config::load(&common.config, &config::environment())
                .map_err(|mistakes| anyhow::anyhow!("{mistakes}"))
                .context("where is the database? Name it with --db")?
                .store
        }
    };
    if place.engine() == Engine::Sqlite && !place.path.is_file() {
        bail!("{}: no such database; start `hinomi run` or `hinomi demo` first", place.shown());
    }
    let answer = super::block_on(async {
        let store = Store::open_to_read(&place).await?;
        let answer = store.ask(&args.question).await;
        store.close().await;
        answer.map_err(anyhow::Error::from)
    })?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = match args {
        Args { json: true, .. } => json(&answer, &mut out),
        Args { csv: true, .. } => csv(&answer, &mut out),
        Args { md: true, .. } => markdown(&answer, &mut out),
        _ => plain(&answer, &mut out),
    };
    written.and_then(|()| Ok(out.flush()?)).map_or_else(super::unless_pipe_closed, |()| Ok(Exit::Ok))
}

fn text(cell: &Value) -> String {
    match cell {
        Value::Null => String::new(),
        Value::String(s) => s.clone(),
        other => other.to_string(),
    }
}

fn json(answer: &Answer, out: &mut dyn Write) -> Result<()> {
    for row in &answer.rows {
        let object: serde_json::Map<_, _> = answer.columns.iter().cloned().zip(row.iter().cloned()).collect();
        writeln!(out, "{}", Value::Object(object))?;
    }
    Ok(())
}

/// A cell that a spreadsheet would run as a formula is disarmed with an apostrophe.
fn csv(answer: &Answer, out: &mut dyn Write) -> Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(&answer.columns)?;
    for row in &answer.rows {
        writer.write_record(row.iter().map(|cell| match cell {
            Value::String(s) if s.starts_with(['=', '+', '-', '@', '\t', '\r']) => format!("'{s}"),
            other => text(other),
        }))?;
    }
    writer.flush()?;
    Ok(())
}

fn markdown(answer: &Answer, out: &mut dyn Write) -> Result<()> {
    let cell = |s: &str| s.replace('|', "\\|").replace(['\n', '\r'], " ");
    writeln!(out, "| {} |", answer.columns.iter().map(|c| cell(c)).collect::<Vec<_>>().join(" | "))?;
    writeln!(out, "|{}", " --- |".repeat(answer.columns.len()))?;
    for row in &answer.rows {
        writeln!(out, "| {} |", row.iter().map(|c| cell(&text(c))).collect::<Vec<_>>().join(" | "))?;
    }
    Ok(())
}

fn plain(answer: &Answer, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "{}", answer.columns.join("\t"))?;
    for row in &answer.rows {
        let cells: Vec<_> = row.iter().map(|c| text(c).replace(['\t', '\n', '\r'], " ")).collect();
        writeln!(out, "{}", cells.join("\t"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> Answer {
        Answer {
            columns: vec!["company".into(), "text".into()],
            rows: vec![vec!["青空テレコム".into(), "=HYPERLINK(1)|x\ny".into()], vec![Value::Null, 3.into()]],
        }
    }

    fn written(write: fn(&Answer, &mut dyn Write) -> Result<()>) -> String {
        let mut out = Vec::new();
        write(&answer(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_spreadsheet_finds_no_formula() {
        assert!(written(csv).contains("\"'=HYPERLINK(1)|x\ny\""));
    }

    #[test]
    fn a_table_keeps_its_columns_whatever_the_cells_hold() {
        let table = written(markdown);
        assert!(table.contains("| 青空テレコム | =HYPERLINK(1)\\|x y |"), "{table}");
        assert_eq!(written(plain).lines().count(), 3);
        assert_eq!(written(json).lines().count(), 2);
    }
}
