//! The questions, in a terminal: which feeds, under which names, of which kind.

use anyhow::Context;
use rustyline::DefaultEditor;

use super::{
    add::{Stop, is_taken, name_apart},
    proposal::Proposal,
    say,
};
use crate::{
    cli::Exit,
    config::{Lang, Settings},
    model::post::SourceType,
};

/// What separates several answers in one line; Japanese keyboards give all but the last two.
const BETWEEN: [char; 5] = ['、', '，', '　', ',', ' '];

/// Which of them, under which names, of which kind.
pub(super) fn which(open: Vec<(usize, Proposal)>, settings: &Settings, lang: Lang) -> Result<Vec<Proposal>, Stop> {
    let gone = || Stop(say(lang, "やめました。何も書いていません。", "Stopped. Nothing was written."), Exit::Error);
    let mut editor = DefaultEditor::new()
        .context("the terminal cannot be used")
        .map_err(|error| Stop(format!("hinomi: {error:#}"), Exit::Error))?;
    let mut line = |question: String| {
        let typed = editor.readline(&question).map_err(|_| gone())?;
        Ok::<String, Stop>(typed.trim().chars().filter(|c| !c.is_control()).collect())
    };
    let first = open.first().map_or(1, |(n, _)| *n);
    let mut chosen = loop {
        if open.len() == 1 {
            break open.into_iter().map(|(_, proposal)| proposal).collect::<Vec<_>>();
        }
        let question = say(
            lang,
            format!("\nどれを加えますか（複数は「,」で区切る） [{first}]: "),
            format!("\nWhich of them (several with commas between)? [{first}]: "),
        );
        let typed = line(question)?;
        let typed = if typed.is_empty() { first.to_string() } else { typed };
        let numbers: Option<Vec<usize>> =
            half_width(&typed).split(BETWEEN).filter(|w| !w.is_empty()).map(|w| w.parse().ok()).collect();
        let numbers = numbers.filter(|numbers| numbers.iter().all(|n| open.iter().any(|(m, _)| m == n)));
        if let Some(numbers) = numbers {
            break open.into_iter().filter(|(n, _)| numbers.contains(n)).map(|(_, proposal)| proposal).collect();
        }
        println!("  {}", say(lang, "上の番号で答えてください", "answer with a number from above"));
    };
    name_apart(&mut chosen, settings);
    let mut names: Vec<String> = Vec::new();
    for proposal in &mut chosen {
        println!("\n{}", proposal.url);
        loop {
            let typed = line(say(lang, format!("名前 [{}]: ", proposal.name), format!("Name [{}]: ", proposal.name)))?;
            let name = if typed.is_empty() { proposal.name.clone() } else { typed };
            if is_taken(&name, settings) || names.contains(&name) {
                println!("  {}", say(lang, "その名前はもう使われています", "that name is taken"));
                continue;
            }
            names.push(name.clone());
            proposal.name = name;
            break;
        }
        loop {
            let kinds = SourceType::ALL.iter().map(|t| t.as_str()).collect::<Vec<_>>().join(" / ");
            let usual = proposal.source_type;
            let typed = line(say(lang, format!("種類（{kinds}） [{usual}]: "), format!("Kind ({kinds}) [{usual}]: ")))?;
            match typed.parse::<SourceType>() {
                _ if typed.is_empty() => break,
                Ok(other) if other == usual => break,
                Ok(other) => {
                    (proposal.source_type, proposal.channel) = (other, other.usual_channel());
                    break;
                }
                Err(_) => {
                    println!("  {}", say(lang, "上の語のどれかで答えてください", "answer with one of these words"));
                }
            }
        }
    }
    Ok(chosen)
}

/// Numbers as a Japanese keyboard may write them.
fn half_width(typed: &str) -> String {
    let digit = |c: char| match c {
        '０'..='９' => u32::from(c).checked_sub(u32::from('０')).and_then(|n| char::from_digit(n, 10)).unwrap_or(c),
        other => other,
    };
    typed.chars().map(digit).collect()
}
