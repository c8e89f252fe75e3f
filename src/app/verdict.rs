//! Which facts are bad, and how bad: pure, so that every threshold can be tested at its edge.
//!
//! Failing means that an alert is late now: nothing is seen, nothing is decided, nothing is sent or nothing can be
//! stored. Everything else that a person should mend is degraded.

use super::stage::Stage;
use crate::{
    model::{
        incident::Level,
        post::SourceName,
        source::SourceState,
        time::{Span, Timestamp},
    },
    store::Standing,
    web::health::{Reason, Status},
};

/// A source is silent after so many of its intervals.
const INTERVALS: i64 = 3;
/// Fewer failures than this in a row may be chance.
const ROUNDS: u32 = 3;
/// So many panics in an hour are no chance any more.
const VISIT_PANICS: usize = 5;
/// Seconds without progress.
const STILL: u64 = 120;
const LATE_LOOK: Span = Span::minutes(5);
const BLIND_LOOK: Span = Span::minutes(15);
const LATE_MAIL: Span = Span::minutes(2);
const LOST_MAIL: Span = Span::minutes(10);

/// How much room there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Disk {
    pub free: u64,
    pub size: u64,
}

/// One source as it stands.
#[derive(Debug, Clone)]
pub(super) struct SourceSeen {
    pub name: SourceName,
    pub id: String,
    pub every: Span,
    pub since: Timestamp,
    pub state: Option<SourceState>,
    pub panics: usize,
}

/// Everything a verdict is made of.
#[derive(Debug)]
pub(super) struct Seen {
    pub now: Timestamp,
    pub sources: Vec<SourceSeen>,
    /// Since the last look that ended well.
    pub lag: Span,
    /// `None` if the database does not answer or takes no writes.
    pub standing: Option<Standing>,
    pub disk: Option<Disk>,
    pub jump: Option<Span>,
    /// Panics of late, failed rounds in a row, seconds without progress.
    pub stages: [(Stage, usize, u32, u64); Stage::COUNT],
    pub reload_ok: bool,
}

/// What is not well.
pub(super) fn reasons(seen: &Seen) -> Vec<Reason> {
    let mut all = Vec::new();
    sources(seen, &mut all);
    stages(seen, &mut all);
    mails(seen, &mut all);
    if let Some(bad) = over(seen.lag, LATE_LOOK, BLIND_LOOK) {
        let minutes = seen.lag.as_minutes();
        let ja = format!("{minutes}分前から検知ができていません");
        all.push(Reason::new("detector_late", bad, ja, format!("nothing has been detected for {minutes} minutes")));
    }
    if let Some(disk) = seen.disk.filter(|d| d.size > 0 && d.free < d.size / 10) {
        let bad = if disk.free < disk.size / 50 { Status::Failing } else { Status::Degraded };
        let (free, percent) = (disk.free >> 20, disk.free * 100 / disk.size);
        let ja = format!("ディスクの空きが {percent}%（{free} MiB）です — 空けてください");
        all.push(Reason::new("disk_low", bad, ja, format!("{percent} % of the disk is free ({free} MiB) — make room")));
    }
    if let Some(by) = seen.jump {
        let seconds = by.as_seconds();
        let ja = format!("時計が {seconds} 秒飛びました — 時刻同期を確かめてください（休止からの復帰でも起きます）");
        let en =
            format!("the clock jumped by {seconds} s — check time synchronisation (waking from sleep looks alike)");
        all.push(Reason::new("clock_jumped", Status::Degraded, ja, en));
    }
    if !seen.reload_ok {
        let ja = "設定の変更に誤りがあり、前の設定のまま動いています — hinomi check で確かめてください";
        let en = "the changed configuration is wrong, the old one is in force — see what hinomi check says";
        all.push(Reason::new("config_reload_failed", Status::Degraded, ja, en));
    }
    all
}

/// How bad an age is.
fn over(age: Span, degraded: Span, failing: Span) -> Option<Status> {
    (age > degraded).then_some(if age > failing { Status::Failing } else { Status::Degraded })
}

fn sources(seen: &Seen, all: &mut Vec<Reason>) {
    let mut blind = 0;
    for source in &seen.sources {
        let about = |code, ja: String, en: String| Reason {
            source: Some(source.name.0.clone()),
            source_id: Some(source.id.clone()),
            ..Reason::new(code, Status::Degraded, ja, en)
        };
        if source.state.as_ref().is_some_and(|s| s.gone) {
            blind += 1;
            let ja = "配信が終わったとサーバーが答えました（HTTP 410）— 設定から外すか、新しい URL にしてください";
            let en = "the server says it is gone for good (HTTP 410) — remove it, or give its new address";
            all.push(about("source_gone", ja.to_owned(), en.to_owned()));
        } else if let Some(since) = silent_since(source, seen.now) {
            blind += 1;
            let minutes = (seen.now - since).as_minutes();
            let ja = format!("{minutes}分前から取得できていません");
            all.push(about("source_silent", ja, format!("no visit has worked for {minutes} minutes")));
        }
        if source.panics >= VISIT_PANICS {
            let n = source.panics;
            let ja = format!("1時間に{n}回、読み取りが異常終了しました — 不具合です。開発元へ知らせてください");
            let en = format!("reading it broke off {n} times in an hour — this is a bug of ours; please report it");
            all.push(about("source_broken", ja, en));
        }
    }
    if blind > 0 && blind == seen.sources.len() {
        let ja = "どの情報源からも取得できていません — いまは何も見えていません";
        all.push(Reason::new("blind", Status::Failing, ja, "no source can be read — nothing is seen at present"));
    }
}

/// Since when a source that should have spoken has not. A source that servers want to be left alone is not silent.
fn silent_since(source: &SourceSeen, now: Timestamp) -> Option<Timestamp> {
    let patience = source.every.times(INTERVALS);
    let Some(state) = &source.state else {
        return (now - source.since > patience).then_some(source.since);
    };
    let last = state.last_ok_at.unwrap_or(source.since);
    let silent = if state.errors > 0 {
        now - last > patience
    } else {
        // It worked, and nobody went there again though it was time.
        now - state.next_due_at.max(source.since) > patience
    };
    silent.then_some(last)
}

fn stages(seen: &Seen, all: &mut Vec<Reason>) {
    for (stage, panics, failed, still) in seen.stages {
        let (word, ja_word) = (stage.as_str(), stage.ja());
        if panics > 0 {
            let ja = format!("{ja_word}が10分のうちに{panics}回異常終了し、やり直しました");
            let en = format!("{word} broke off and was started again ({panics} within ten minutes)");
            all.push(Reason::new("stage_panicked", Status::Degraded, ja, en));
        }
        if failed >= ROUNDS {
            let ja = format!("{ja_word}が{failed}回続けて失敗しています — ログを見てください");
            let en = format!("{word} has failed {failed} times in a row — see the log");
            all.push(Reason::new("stage_failing", Status::Degraded, ja, en));
        }
        if still > STILL {
            let ja = format!("{ja_word}が{still}秒間進んでいません");
            all.push(Reason::new("stage_stuck", Status::Failing, ja, format!("{word} has not moved for {still} s")));
        }
    }
}

fn mails(seen: &Seen, all: &mut Vec<Reason>) {
    let Some(standing) = &seen.standing else {
        let ja = "データベースに書けません — ディスクの空きと権限を確かめてください";
        let en = "the database takes no writes — check the room on the disk and the permissions";
        all.push(Reason::new("database", Status::Failing, ja, en));
        return;
    };
    let critical = standing.outbox.iter().find(|a| a.level == Level::Critical);
    let age = critical.and_then(|a| a.oldest).map(|oldest| seen.now - oldest);
    if let Some((age, bad)) = age.and_then(|age| Some((age, over(age, LATE_MAIL, LOST_MAIL)?))) {
        let minutes = age.as_minutes();
        let ja = format!("緊急のメールが{minutes}分間届けられていません — メールサーバーを確かめてください");
        let en = format!("a critical mail has been waiting for {minutes} minutes — check the mail server");
        all.push(Reason::new("critical_unsent", bad, ja, en));
    }
    if standing.held > 0 {
        let n = standing.held;
        let ja = format!("{n}通のメールが、設定か宛先の誤りで止まっています — ログを見てください");
        let en = format!("{n} mails are held because a setting or an address is wrong — see the log");
        all.push(Reason::new("mail_held", Status::Degraded, ja, en));
    }
}

#[cfg(test)]
mod tests;
