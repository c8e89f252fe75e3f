//! A recorded time through the same pipeline on a manual clock, in a store that is thrown away.
//!
//! # Why
//! A new threshold is argued with a replay and not with opinion. The clock jumps to the next moment at which
//! anything can change, so a month takes seconds and gives the same bytes each time.

use std::{collections::HashSet, sync::Arc};

use anyhow::{Context, Result};

use super::{dictionary, judge::Judge, pipeline::Pipeline, pseudonym::Pseudonyms, tell::Recipients};
use crate::{
    alert::MailParams,
    analyze::{Analyzer, Lexicons},
    clock::IdGen,
    model::{
        alert::Alert,
        incident::{IncidentEvent, Level},
        mention::{Fate, Mention},
        post::{Post, SourceName},
        time::{Span, Timestamp, Zone},
        watch::Watchlist,
    },
    store::{Ingested, Store, StoreParams},
};

/// Two runs must give the same pseudonyms.
const KEY: &[u8] = b"hinomi replay";
/// Groups that a watchlist does not name.
const DUTY: &str = "pr-duty";
/// Detection looks each minute; so does a replay where there is something to look at.
const TICK: Span = Span::minutes(1);

/// One thing that happened.
#[derive(Debug)]
pub enum Happening<'a> {
    /// A post named a company.
    Mention {
        /// The post's id in the recording.
        post: &'a str,
        /// What it says.
        mention: &'a Mention,
    },
    /// An incident changed.
    Event(&'a IncidentEvent),
    /// A mail would go out.
    Mail {
        /// What is told.
        alert: &'a Alert,
        /// As people would see it.
        subject: &'a str,
    },
}

/// What a replay came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// Rows read.
    pub posts: u64,
    /// What became of them.
    pub ingested: Ingested,
    /// Incidents opened.
    pub incidents: u64,
    /// Mails that would have gone out.
    pub mails: u64,
    /// The worst level.
    pub worst: Level,
    /// Fates by name, over all fetched posts.
    pub fates: Vec<(String, u64)>,
    /// First and last moment.
    pub span: Option<(Timestamp, Timestamp)>,
}

/// The part of a recording that is run.
#[derive(Debug, Clone, Copy, Default)]
pub struct Range {
    /// Posts collected before this are left out.
    pub from: Option<Timestamp>,
    /// The run ends here; without it, with the last post.
    pub to: Option<Timestamp>,
}

/// Runs `posts`, which stand in the order in which they were collected, and tells `happened` what happened.
pub async fn run(
    posts: Vec<Post>,
    watchlist: Watchlist,
    range: Range,
    happened: &mut dyn FnMut(Happening<'_>),
) -> Result<Summary> {
    let folder = Throwaway::new()?;
    let params = StoreParams::throwaway(folder.0.join("replay.db"));
    let store = Store::open(&params).await?;
    let pipeline = pipeline(store, watchlist)?;
    let summary = play(&pipeline, posts, range, happened).await;
    pipeline.store().close().await;
    summary
}

fn pipeline(store: Store, watchlist: Watchlist) -> Result<Pipeline> {
    let analyzer = Analyzer::new(dictionary::tokenizer()?, &Lexicons::embedded()?, &watchlist)?;
    let mut recipients = Recipients { default: vec![DUTY.to_owned()], ..Recipients::default() };
    for group in watchlist.companies.iter().flat_map(|w| &w.recipients).chain([&DUTY.to_owned()]) {
        recipients.groups.insert(group.clone(), vec![group.clone()]);
    }
    let mail = MailParams {
        from: "hinomi@replay.invalid".to_owned(),
        reply_to: None,
        dashboard: None,
        zone: Zone::JST,
        x_connected: false,
    };
    let judge = Judge::new(analyzer, watchlist, Pseudonyms::with_key(KEY)?);
    Ok(Pipeline::new(store, Arc::new(IdGen::default()), Arc::new(judge), recipients, mail, None))
}

async fn play(
    pipeline: &Pipeline,
    mut posts: Vec<Post>,
    range: Range,
    happened: &mut dyn FnMut(Happening<'_>),
) -> Result<Summary> {
    posts.retain(|p| range.from.is_none_or(|from| p.collected_at >= from));
    posts.retain(|p| range.to.is_none_or(|to| p.collected_at <= to));
    // A stable sort: rows of one moment keep the order of the recording.
    posts.sort_by_key(|p| p.collected_at);
    let mut summary = Summary { posts: posts.len() as u64, ..Summary::default() };
    let Some((first, last)) = posts.first().zip(posts.last()).map(|(a, b)| (a.collected_at, b.collected_at)) else {
        return Ok(summary);
    };
    let end = range.to.unwrap_or(last + TICK);
    summary.span = Some((first, end));
    let mut seen = HashSet::new();
    let mut rest = posts.into_iter().peekable();
    let mut due = None;
    // Lookouts learn what is normal from the first moment on.
    let mut now = first.floor(TICK);
    pipeline.detect_once(now).await?;
    loop {
        let arrival = rest.peek().map(|p| p.collected_at.floor(TICK) + TICK);
        let Some(next) = arrival.into_iter().chain(due).min() else { break };
        // The clock never stands still, even if something claims to have been due long ago.
        now = next.max(now + Span::from_millis(1));
        if now > end + TICK {
            break;
        }
        let mut page = Vec::new();
        while let Some(post) = rest.next_if(|p| p.collected_at <= now) {
            page.push(post);
        }
        if !page.is_empty() {
            take_in(pipeline, page, now, &mut seen, &mut summary.ingested, happened).await?;
        }
        due = step(pipeline, now, &mut summary, happened).await?;
    }
    summary.fates = pipeline.store().fates().await?;
    Ok(summary)
}

async fn take_in(
    pipeline: &Pipeline,
    page: Vec<Post>,
    now: Timestamp,
    seen: &mut HashSet<(SourceName, String)>,
    total: &mut Ingested,
    happened: &mut dyn FnMut(Happening<'_>),
) -> Result<()> {
    let judged = pipeline.judge(page, false).await?;
    for j in &judged {
        // A repeated id is a new snapshot of the same post and says nothing new.
        if !seen.insert((j.post.source.clone(), j.post.external_id.clone())) {
            continue;
        }
        for (mention, _) in j.mentions.iter().filter(|(_, fate)| *fate != Fate::Excluded) {
            happened(Happening::Mention { post: &j.post.external_id, mention });
        }
    }
    let done = pipeline.keep(&SourceName("replay".to_owned()), judged, now).await?;
    total.new += done.new;
    total.duplicates += done.duplicates;
    total.not_about_us += done.not_about_us;
    total.mentions += done.mentions;
    Ok(())
}

async fn step(
    pipeline: &Pipeline,
    now: Timestamp,
    summary: &mut Summary,
    happened: &mut dyn FnMut(Happening<'_>),
) -> Result<Option<Timestamp>> {
    let report = pipeline.detect_once(now).await?;
    for event in &report.events {
        summary.worst = summary.worst.max(event.incident.level);
        summary.incidents = summary.incidents.max(event.incident.number);
        happened(Happening::Event(event));
    }
    if !report.alerts.is_empty() {
        for (alert, subject) in &pipeline.dispatch_once(now).await?.drafted {
            summary.mails += 1;
            happened(Happening::Mail { alert, subject });
        }
    }
    Ok(report.next_due)
}

/// A folder that goes away with the run.
struct Throwaway(std::path::PathBuf);

impl Throwaway {
    fn new() -> Result<Self> {
        use std::os::unix::fs::DirBuilderExt as _;
        // Nothing of the name reaches the output. A folder that is there already is somebody else's.
        let name = |n: u32| std::env::temp_dir().join(format!("hinomi-replay-{}-{n}", std::process::id()));
        let path = (0..100).map(name).find(|path| std::fs::DirBuilder::new().mode(0o700).create(path).is_ok());
        path.map(Self).with_context(|| format!("cannot make a folder in {}", std::env::temp_dir().display()))
    }
}

impl Drop for Throwaway {
    fn drop(&mut self) {
        let _left_to_the_system = std::fs::remove_dir_all(&self.0);
    }
}
