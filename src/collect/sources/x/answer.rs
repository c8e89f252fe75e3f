//! What X answered: counts, posts, who is gone, what it cost, and in which words it refused.

use serde_json::Value;

use super::{
    KEPT, XSource,
    curve::{Counts, MEMORY, QUARTER},
    is_newer,
    memory::{Asked, Memory, Paging, Step, Why, is_id},
    plan::{self, PAGES, SAMPLE},
};
use crate::{
    collect::{
        budget, html, loose,
        source::{Page, Response, SourceError},
    },
    model::{
        limits,
        post::Post,
        source::Withdrawn,
        time::{Span, Timestamp},
    },
};

/// Reads it, and settles what was reserved.
pub(super) fn read(
    source: &XSource,
    memory: &mut Memory,
    asked: &Asked,
    response: &Response,
    urgent: bool,
    now: Timestamp,
) -> Result<Page, SourceError> {
    let answer = serde_json::from_slice::<Value>(&response.body);
    if response.status >= 400 {
        return refusal(memory, asked, response.status, &answer.unwrap_or_default(), now);
    }
    // Whether an answer that cannot be read was charged nobody knows: the reservation stays.
    let answer = answer.map_err(|e| SourceError::Malformed(e.to_string()))?;
    if !answer.is_object() || !["data", "meta", "errors"].iter().any(|name| answer.get(name).is_some()) {
        return Err(SourceError::Malformed("neither data nor meta nor errors in it".into()));
    }
    Ok(match &asked.step {
        Step::Count(since) => {
            memory.settle(asked, asked.reserved);
            let page = count(memory, *since, &answer, now);
            memory.count_at = now + plan::pause(memory, &source.params, urgent, now);
            page
        }
        Step::Search(_) => search(source, memory, asked, &answer, now),
        Step::Check(ids) => check(source, memory, asked, ids, &answer, now),
    })
}

fn count(memory: &mut Memory, since: Timestamp, answer: &Value, now: Timestamp) -> Page {
    let counts = Counts::read(answer);
    memory.curve.take(&counts, since, now);
    let latest = counts.since(now - QUARTER);
    memory.waiting = counts.since(memory.searched_at.max(now - MEMORY));
    let first = memory.searched_at == Timestamp::default();
    memory.wanted = if memory.curve.moves(latest, now) {
        Some(Why::Moves)
    } else if first || (memory.waiting > 0 && now - memory.searched_at >= SAMPLE) {
        Some(Why::Sample)
    } else {
        None
    };
    // A search that broke off starts anew: what it had read is known.
    memory.paging = None;
    // Numbers of the last minutes still grow, so they are asked for again: back to the last search, because the count
    // since then says what a search will cost.
    let back = memory.searched_at.max(now - Span::hours(2)).min(now - Span::minutes(30));
    memory.counted_until = back.floor(QUARTER);
    memory.forget(now, KEPT);
    Page { observed: counts.observed((since, now)), ..Page::default() }
}

fn search(source: &XSource, memory: &mut Memory, asked: &Asked, answer: &Value, now: Timestamp) -> Page {
    let (mut page, mut charged, mut fresh, day) = (Page::default(), 0, 0, day_of(now));
    let most = if memory.wanted == Some(Why::Moves) { PAGES } else { 1 };
    let mut newest = memory.paging.take().unwrap_or(Paging { token: String::new(), pages: 0, newest: String::new() });
    for data in loose::list(answer, "data") {
        // X charges for what it sends, whether we can read it or not.
        charged += 1;
        let Some(Found { post, id, newest: last }) = post(source, data, now) else {
            page.skipped += 1;
            continue;
        };
        fresh += u32::from(!memory.known.iter().any(|known| known.id == id));
        if memory.see(&id, &post.external_id, day) {
            charged -= 1;
        }
        if last != id {
            // It has been edited since; the next look brings what it says now.
            memory.see(&last, &post.external_id, day - 1);
        }
        if is_newer(&id, &newest.newest) {
            newest.newest = id;
        }
        page.posts.push(post);
    }
    memory.settle(asked, charged * source.params.post);
    let token = loose::name(answer, "meta.next_token");
    let goes_on = token.filter(|token| *token != newest.token && fresh > 0 && newest.pages + 1 < most);
    if let Some(token) = goes_on {
        memory.paging = Some(Paging { token, pages: newest.pages + 1, newest: newest.newest });
    } else {
        if is_newer(&newest.newest, &memory.since) {
            memory.since = newest.newest;
        }
        (memory.wanted, memory.waiting, memory.searched_at) = (None, 0, now);
    }
    page
}

fn check(source: &XSource, memory: &mut Memory, asked: &Asked, ids: &[String], answer: &Value, now: Timestamp) -> Page {
    let (mut page, day) = (Page::default(), day_of(now));
    // What looking for a post that is gone costs X does not say, so it is taken as paid.
    memory.settle(asked, asked.reserved);
    memory.checked.take(ids.len() as u64);
    let mut found: Vec<String> = Vec::new();
    for data in loose::list(answer, "data") {
        let Some(Found { post, id, newest }) = post(source, data, now) else {
            page.skipped += 1;
            continue;
        };
        if loose::at(data, "withheld").is_some() {
            page.withdrawn.push(Withdrawn::Post(post.external_id));
            memory.known.retain(|known| known.id != id);
        } else if newest == id {
            memory.see(&id, &post.external_id, day);
            page.posts.push(post);
        } else {
            memory.see(&newest, &post.external_id, day - 1);
        }
        found.push(id);
    }
    let gone = |error: &Value| {
        let kind = loose::text(error, "type").unwrap_or_default();
        let named = loose::name(error, "resource_id").or_else(|| loose::name(error, "value"));
        named.filter(|_| kind.ends_with("/resource-not-found") || kind.ends_with("/not-authorized-for-resource"))
    };
    let gone: Vec<String> = loose::list(answer, "errors").iter().filter_map(gone).collect();
    for id in ids.iter().filter(|id| !found.contains(id)) {
        let Some(known) = memory.known.iter_mut().find(|known| known.id == *id) else { continue };
        // An answer may be torn: what nobody says is gone is believed gone at the second look.
        if gone.contains(id) || known.missed {
            page.withdrawn.push(Withdrawn::Post(known.name().to_owned()));
            memory.known.retain(|known| known.id != *id);
        } else {
            (known.day, known.missed) = (day, true);
        }
    }
    page
}

/// A post as X has it. Its name in our store is the id of its first version: an edit is no second post.
struct Found {
    post: Post,
    id: String,
    /// The id of its newest version, where X tells of one.
    newest: String,
}

fn post(source: &XSource, data: &Value, now: Timestamp) -> Option<Found> {
    let id = loose::name(data, "id").filter(|id| is_id(id))?;
    let versions = loose::list(data, "edit_history_tweet_ids").iter().filter_map(|id| loose::name(id, ""));
    let (mut first, mut newest) = (id.clone(), id.clone());
    for version in versions.filter(|id| is_id(id)) {
        if is_newer(&first, &version) {
            first.clone_from(&version);
        }
        if is_newer(&version, &newest) {
            newest = version;
        }
    }
    let text = html::lines(&htmlize::unescape(loose::text(data, "text")?));
    let post = Post {
        source: source.basics.name.clone(),
        external_id: first,
        source_type: source.basics.source_type,
        channel: source.basics.channel,
        url: Some(format!("https://x.com/i/web/status/{id}")),
        author: loose::name(data, "author_id"),
        author_followers: None,
        title: None,
        text: html::cut(&text, limits::TEXT_BYTES).to_owned(),
        published_at: loose::time(data, "created_at"),
        collected_at: now,
        reach: loose::count(data, "public_metrics.impression_count"),
        views: None,
        repost_of: None,
    };
    Some(Found { post, id, newest })
}

/// An answer that is no page. What X turns away it does not charge; what broke in its hands it may have.
fn refusal(
    memory: &mut Memory,
    asked: &Asked,
    status: u16,
    answer: &Value,
    now: Timestamp,
) -> Result<Page, SourceError> {
    let inner = loose::list(answer, "errors").first().and_then(|error| loose::field(error, "message"));
    let said = inner.or_else(|| ["detail", "title"].iter().find_map(|path| loose::field(answer, path)));
    let said: String = said.unwrap_or_else(|| format!("HTTP {status}")).chars().take(limits::ERROR_CHARS).collect();
    if status >= 500 {
        return Err(SourceError::Malformed(format!("X has a fault of its own: {said}")));
    }
    memory.settle(asked, 0);
    let capped = loose::text(answer, "type").is_some_and(|kind| kind.ends_with("/usage-capped"));
    let failure = match status {
        401 | 403 => SourceError::Credential(said),
        402 => SourceError::Unavailable(format!("X wants money first: {said}")),
        429 if capped => SourceError::Spent { until: budget::month(now).1 },
        400 if matches!(asked.step, Step::Search(_)) => {
            // Perhaps it was the place to go on from that it does not know.
            (memory.paging, memory.since) = (None, String::new());
            SourceError::Malformed(said)
        }
        _ => SourceError::Malformed(said),
    };
    Ok(Page { failure: Some(failure), ..Page::default() })
}

fn day_of(now: Timestamp) -> i64 {
    now.floor(Span::days(1)).millis() / Span::days(1).millis()
}
