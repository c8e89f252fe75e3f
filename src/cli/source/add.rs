//! `hinomi source add`: look, propose, ask, write.

use std::{io::IsTerminal, path::Path};

use serde_json::json;
use url::Url;

use super::{
    append::{self, Failure},
    ask,
    list::wants,
    proposal::{Proposal, Wish, known},
    say, words,
};
use crate::{
    cli::{Common, Exit, Outcome},
    clock::{Clock, SystemClock},
    collect::{
        discover::{Asker, Discovery, Why},
        fetch::HttpFetch,
        sources::templates::{self, Template},
    },
    config::{self, Lang, Settings},
    model::post::{Channel, SourceType},
};

/// Arguments of `hinomi source add`.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "these are switches")]
pub(super) struct Args {
    /// The address of a page or a feed, or the name of a ready-made one.
    #[arg(value_name = "URL|TEMPLATE")]
    what: String,
    /// What the ready-made one wants to know: words, an id, a number.
    #[arg(value_name = "WORDS")]
    words: Vec<String>,
    /// Ask nothing: take the first that is proposed.
    #[arg(long)]
    yes: bool,
    /// How the source is to be called.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// What it brings: post, blog, news, qa, video, notice, review, board or comment.
    #[arg(long = "type", value_name = "TYPE")]
    source_type: Option<SourceType>,
    /// The road to people: sns, blog, matome, news, qa, video, comment, review, board or official.
    #[arg(long, value_name = "CHANNEL")]
    channel: Option<Channel>,
    /// Show what would be written, and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Do not visit it.
    #[arg(long)]
    offline: bool,
    /// One JSON object a line; asks nothing, and writes only with `--yes`.
    #[arg(long)]
    json: bool,
}

/// Where to look.
enum Target {
    Page(Url),
    Ready(&'static Template, String, Url),
}

/// A sentence for a person, and the exit code that goes with it.
pub(super) struct Stop(pub(super) String, pub(super) Exit);

/// Runs it.
pub(super) fn run(args: &Args, common: &Common) -> Outcome {
    let lang = common.lang.into();
    match steps(args, &common.config, lang) {
        Ok(lines) => super::print(&lines),
        Err(Stop(why, exit)) => {
            // What is wrong with the settings has been said where they were read.
            if !why.is_empty() {
                eprintln!("{why}");
            }
            Ok(exit)
        }
    }
}

fn steps(args: &Args, config: &Path, lang: Lang) -> Result<Vec<String>, Stop> {
    let target = target(args, lang)?;
    let settings = super::settings(config, lang).map_err(|exit| Stop(String::new(), exit))?;
    let silent = args.yes || args.dry_run || args.json;
    if !silent && !std::io::stdin().is_terminal() {
        let text = say(
            lang,
            "hinomi source add: 端末がないので尋ねられません — --yes（最初の提案を加える）か --dry-run（見るだけ）を付けてください",
            "hinomi source add: there is no terminal to ask in — give --yes (take the first proposal) or --dry-run (only look)",
        );
        return Err(Stop(text, Exit::Usage));
    }
    if let Some(name) = args.name.as_ref().filter(|name| is_taken(name, &settings)) {
        return Err(taken(name, lang));
    }
    let proposals = propose(args, target, &settings, lang)?;
    let mut lines: Vec<String> = Vec::new();
    if args.json {
        lines.extend(proposals.iter().map(|p| json!({"feed": p.json()}).to_string()));
    } else {
        for (n, proposal) in proposals.iter().enumerate() {
            proposal.lines(n + 1, settings.zone, lang).iter().for_each(|line| println!("{line}"));
        }
    }
    let mut open: Vec<(usize, Proposal)> = (1..).zip(proposals).filter(|(_, p)| p.known.is_none()).collect();
    if open.is_empty() {
        let text = say(
            lang,
            "hinomi source add: どれも設定にあります。何も書いていません",
            "hinomi source add: all of them are in the settings already; nothing was written",
        );
        return Err(Stop(text, Exit::Usage));
    }
    let mut chosen = if silent { vec![open.remove(0).1] } else { ask::which(open, &settings, lang)? };
    name_apart(&mut chosen, &settings);
    let blocks: Vec<String> = chosen.iter().map(Proposal::block).collect();
    if args.dry_run || args.json && !args.yes {
        if args.json {
            lines.extend(blocks.iter().map(|block| json!({"would_write": block}).to_string()));
        } else {
            lines.push(say(lang, "\n書くとすれば（何も書いていません）:", "\nWould be written (nothing was):"));
            lines.extend(blocks.iter().map(|block| format!("\n{}", block.trim_end())));
        }
        return Ok(lines);
    }
    write(config, &chosen, &blocks, lang)?;
    if args.json {
        lines.extend(
            chosen.iter().map(|p| json!({"added": {"name": p.name, "url": p.url}, "file": config}).to_string()),
        );
    } else {
        lines.extend(words::told(config, &blocks, lang));
    }
    Ok(lines)
}

fn target(args: &Args, lang: Lang) -> Result<Target, Stop> {
    let typed = args.words.join(" ");
    if let Some(template) = Template::named(&args.what) {
        if let Ok(url) = template.address(&typed) {
            return Ok(Target::Ready(template, typed, url));
        }
        let (name, wants, example) = (template.name, wants(template.wants, lang), template.example);
        let text = if wants.is_empty() {
            let ja = format!("hinomi source add: {name} には何も付けません");
            say(lang, ja, format!("hinomi source add: {name} wants nothing more"))
        } else {
            let ja =
                format!("hinomi source add: {name} には {wants} が要ります — 例: hinomi source add {name} {example}");
            let en = format!("hinomi source add: {name} wants {wants} — such as hinomi source add {name} {example}");
            say(lang, ja, en)
        };
        return Err(Stop(text, Exit::Usage));
    }
    let bare = !args.what.contains("://") && args.what.contains('.');
    let address = if bare { format!("https://{}", args.what) } else { args.what.clone() };
    let known = address.contains("://") && args.words.is_empty();
    match (config::web_address_mistake(&address, lang), Url::parse(&address)) {
        (None, Ok(url)) if known => Ok(Target::Page(url)),
        (Some(why), _) if known => Err(Stop(format!("hinomi source add: {why}"), Exit::Usage)),
        _ => {
            let near = near(&args.what);
            let (ja, en) = near
                .map(|t| (format!("{} のことですか。", t.name), format!("did you mean {}? ", t.name)))
                .unwrap_or_default();
            let ja = format!(
                "hinomi source add: {ja}URL か、できあいの情報源の名前を1つ書いてください — 一覧は hinomi source templates"
            );
            let en = format!(
                "hinomi source add: {en}give one address, or the name of a ready-made source — hinomi source templates lists them"
            );
            Err(Stop(say(lang, ja, en), Exit::Usage))
        }
    }
}

/// The template whose name was nearly typed.
fn near(typed: &str) -> Option<&'static Template> {
    let likeness = |t: &Template| strsim::normalized_damerau_levenshtein(&typed.to_lowercase(), t.name);
    let best = templates::ALL.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    best.filter(|t| likeness(t) > 0.6)
}

fn propose(args: &Args, target: Target, settings: &Settings, lang: Lang) -> Result<Vec<Proposal>, Stop> {
    let wish = Wish { name: args.name.clone(), source_type: args.source_type, channel: args.channel };
    let (url, ready) = match target {
        Target::Page(url) => (url, None),
        Target::Ready(template, typed, url) => {
            let ready = Proposal::ready(template, &typed, &url, &wish, settings);
            (url, Some(ready))
        }
    };
    if let Some(name) = known(url.as_str(), settings) {
        let ja = format!("hinomi source add: この URL はもう設定にあります（{name}）。何も書いていません");
        let en = format!("hinomi source add: this address is in the settings already ({name}); nothing was written");
        return Err(Stop(say(lang, ja, en), Exit::Usage));
    }
    if args.offline {
        return Ok(vec![ready.unwrap_or_else(|| Proposal::unseen(&url, &wish, settings))]);
    }
    if std::io::stderr().is_terminal() {
        // Servers are asked with pauses, so that it may take a while.
        eprintln!("{}", say(lang, format!("{url} を訪ねています…"), format!("Visiting {url} …")));
    }
    let discovery = look(&url, settings).map_err(|error| Stop(format!("hinomi: {error:#}"), Exit::Error))?;
    let discovery = discovery.map_err(|why| Stop(words::failed(&why, &url, ready.is_some(), lang), Exit::Error))?;
    if !args.json {
        println!("{}", words::heading(&discovery, &url, lang));
        for (url, why) in &discovery.broken {
            println!("  {} {url}  {}", say(lang, "読めません:", "cannot be read:"), words::happened(why, lang));
        }
    }
    match (ready, discovery.found) {
        (_, found) if found.is_empty() => Err(Stop(words::no_feed(&url, discovery.tried, lang), Exit::Error)),
        (Some(ready), found) => Ok(found.into_iter().take(1).map(|found| ready.clone().seen(found)).collect()),
        (None, found) => Ok(found.into_iter().map(|found| Proposal::found(found, &wish, settings)).collect()),
    }
}

fn look(url: &Url, settings: &Settings) -> anyhow::Result<Result<Discovery, Why>> {
    let fetch = HttpFetch::new(&settings.collect)?;
    let spacing = settings.collect.host_spacing;
    let asker = Asker { fetch: &fetch, spacing, zone: settings.zone, now: SystemClock.now() };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let discovery = runtime.block_on(asker.discover(url.as_str()));
    // A name server that keeps the system waiting would keep a person waiting as well.
    runtime.shutdown_background();
    Ok(discovery)
}

pub(super) fn is_taken(name: &str, settings: &Settings) -> bool {
    settings.sources.iter().any(|source| source.basics.name.0 == name)
}

pub(super) fn taken(name: &str, lang: Lang) -> Stop {
    let ja = format!("hinomi source add: 「{name}」という情報源はもうあります — --name で別の名前を");
    Stop(
        say(lang, ja, format!("hinomi source add: there is a source called {name:?} already — give another --name")),
        Exit::Usage,
    )
}

/// A number behind names that are taken.
pub(super) fn name_apart(chosen: &mut [Proposal], settings: &Settings) {
    let mut names: Vec<String> = settings.sources.iter().map(|source| source.basics.name.0.clone()).collect();
    for proposal in chosen {
        let base = proposal.name.clone();
        let mut numbered = (2..).map(|n| format!("{base}-{n}"));
        while names.contains(&proposal.name) {
            proposal.name = numbered.next().unwrap_or_else(|| base.clone());
        }
        names.push(proposal.name.clone());
    }
}

fn write(config: &Path, chosen: &[Proposal], blocks: &[String], lang: Lang) -> Result<(), Stop> {
    let io = |error: anyhow::Error| Stop(format!("hinomi: {error:#}"), Exit::Error);
    let expected: Vec<(String, String)> = chosen.iter().map(|p| (p.name.clone(), p.url.clone())).collect();
    let before = append::open(config).map_err(io)?;
    before.append(blocks, &expected, &super::environment()).map_err(|failure| match failure {
        Failure::Io(error) => {
            let by_hand = say(lang, "何も書いていません — 手で書き足すなら:", "nothing was written — to write it by hand:");
            Stop(format!("hinomi: {error:#}\n{by_hand}\n\n{}", blocks.join("\n")), Exit::Error)
        }
        Failure::Changed => Stop(
            say(
                lang,
                "hinomi source add: 設定がいま別の人に保存されました。何も書いていません — もう一度どうぞ",
                "hinomi source add: somebody saved the settings just now; nothing was written — please try again",
            ),
            Exit::Error,
        ),
        Failure::Unreadable(why) => {
            let why = why.map(|why| format!("\n{}", why.to_text(lang))).unwrap_or_default();
            let ja = "hinomi source add: 書き足すと設定が読めなくなるので、何も書いていません — [[source]] の形で手で書いてください";
            let en = "hinomi source add: with it the settings could not be read, so nothing was written — write the [[source]] by hand";
            Stop(format!("{}{why}\n\n{}", say(lang, ja, en), blocks.join("\n")), Exit::Usage)
        }
    })
}
