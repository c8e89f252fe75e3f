//! What YouTube answered: videos found, videos as they are, comments, refusals.

use serde_json::Value;

use super::{
    YoutubeSource,
    memory::{Memory, Paging, Step, Thread, Video},
    plan::{self, PAGES},
};
use crate::{
    collect::{
        budget::pacific_day,
        html, loose,
        source::{Page, Response, SourceError},
    },
    model::{
        limits,
        post::{Post, SourceType},
        source::Withdrawn,
        time::Timestamp,
    },
};

/// Reads the answer to `step`.
pub(super) fn read(
    source: &YoutubeSource,
    memory: &mut Memory,
    step: &Step,
    response: &Response,
    urgent: bool,
    now: Timestamp,
) -> Result<Page, SourceError> {
    let answer = serde_json::from_slice::<Value>(&response.body);
    if response.status >= 400 {
        let failure = refusal(source, memory, step, response.status, &answer.unwrap_or_default(), now);
        return Ok(Page { failure, ..Page::default() });
    }
    let answer = answer.map_err(|e| SourceError::Malformed(e.to_string()))?;
    if !loose::at(&answer, "items").is_some_and(Value::is_array) {
        return Err(SourceError::Malformed("no list of items in it".into()));
    }
    Ok(match step {
        Step::Search => {
            let page = search(source, memory, &answer, now);
            if memory.paging.is_none() {
                memory.search_at = now + plan::pause(memory, &source.params, urgent, now);
            }
            page
        }
        Step::Look(ids) => look(source, memory, ids, &answer, now),
        Step::Hear(video) => hear(source, memory, video, &answer, now),
    })
}

/// Only finds: what is stored of a video comes from the look that follows at once.
fn search(source: &YoutubeSource, memory: &mut Memory, answer: &Value, now: Timestamp) -> Page {
    let (mut page, mut fresh) = (Page::default(), 0);
    let after = memory.after(now);
    let before = memory.paging.take();
    for item in loose::list(answer, "items") {
        let id = loose::name(item, "id.videoId").filter(|id| is_id(id));
        let Some((id, published)) = id.zip(loose::time(item, "snippet.publishedAt")) else {
            page.skipped += 1;
            continue;
        };
        // A stranger's clock may be wrong, and one of 2099 must not hide all that comes before.
        memory.newest = memory.newest.max(published.min(now));
        if memory.video(&id).is_none() {
            fresh += 1;
            memory.videos.push(Video { id, published: published.min(now), look_at: now, ..Video::default() });
        }
    }
    let pages = before.as_ref().map_or(0, |paging| paging.pages) + 1;
    let token = loose::name(answer, "nextPageToken").filter(|token| before.is_none_or(|b| b.token != *token));
    let goes_on = fresh > 0 && pages < PAGES && plan::may_turn_page(memory, &source.params, now);
    memory.paging = token.filter(|_| goes_on).map(|token| Paging { token, after, pages });
    page
}

fn look(source: &YoutubeSource, memory: &mut Memory, ids: &[String], answer: &Value, now: Timestamp) -> Page {
    let mut page = Page::default();
    let mut found: Vec<String> = Vec::new();
    for item in loose::list(answer, "items") {
        let Some(id) = loose::name(item, "id").filter(|id| ids.contains(id)) else {
            page.skipped += 1;
            continue;
        };
        found.push(id.clone());
        let Some(post) = video(source, &id, item, now) else {
            page.skipped += 1;
            continue;
        };
        let words = format!("{}\n{}", post.title.as_deref().unwrap_or(""), post.text);
        let Some(known) = memory.video(&id) else { continue };
        // Numbers that are hidden stay what they were.
        let views = post.views.unwrap_or(known.views);
        let grew = known.views > 0 && views > known.views + known.views / 20;
        (known.views, known.missed) = (views, false);
        known.named = source.params.named_in(&words);
        known.said = loose::count(item, "statistics.commentCount").unwrap_or(known.heard);
        let again = known.clone();
        let look_at = plan::look_again(&again, grew, memory, &source.params, now);
        if let Some(known) = memory.video(&id) {
            known.look_at = look_at;
        }
        page.posts.push(post);
    }
    for id in ids.iter().filter(|id| !found.contains(id)) {
        let Some(known) = memory.video(id) else { continue };
        // Deleted and private ones are simply not there. An answer may be torn, so one look is not believed.
        if known.missed {
            page.withdrawn.push(Withdrawn::Post(id.clone()));
            page.withdrawn.push(Withdrawn::All(format!("{id}/")));
            memory.videos.retain(|video| video.id != *id);
        } else {
            known.missed = true;
            known.look_at = now + source.params.every;
        }
    }
    page
}

fn video(source: &YoutubeSource, id: &str, item: &Value, now: Timestamp) -> Option<Post> {
    let title = loose::field(item, "snippet.title")?;
    let text = loose::text(item, "snippet.description").map(html::lines).unwrap_or_default();
    Some(Post {
        source: source.basics.name.clone(),
        external_id: id.to_owned(),
        source_type: source.basics.source_type,
        channel: source.basics.channel,
        url: Some(format!("https://www.youtube.com/watch?v={id}")),
        author: loose::field(item, "snippet.channelTitle"),
        author_followers: None,
        title: Some(title),
        text: html::cut(&text, limits::TEXT_BYTES).to_owned(),
        published_at: loose::time(item, "snippet.publishedAt"),
        collected_at: now,
        reach: None,
        views: loose::count(item, "statistics.viewCount"),
        repost_of: None,
    })
}

fn hear(source: &YoutubeSource, memory: &mut Memory, of: &str, answer: &Value, now: Timestamp) -> Page {
    let mut page = Page::default();
    let before = memory.thread.take().filter(|thread| thread.video == of);
    let Some(known) = memory.video(of) else { return page };
    let until = known.heard_until;
    let mut newest = before.as_ref().map_or(until, |thread| thread.newest);
    let (mut oldest, mut any) = (Timestamp::from_millis(i64::MAX), false);
    for thread in loose::list(answer, "items") {
        let top = loose::at(thread, "snippet.topLevelComment").into_iter();
        for (n, comment) in top.chain(loose::list(thread, "replies.comments")).enumerate() {
            let Some(post) = said(source, of, comment, now) else {
                page.skipped += 1;
                continue;
            };
            if let Some(at) = post.published_at {
                newest = newest.max(at.min(now));
                if n == 0 {
                    oldest = oldest.min(at);
                }
            }
            any = true;
            // Newest first: what was said before the last look was read then, unless it was changed since.
            let changed = loose::time(comment, "snippet.updatedAt").max(post.published_at);
            if changed.is_none_or(|at| at > until) {
                page.posts.push(post);
            }
        }
    }
    let pages = before.as_ref().map_or(0, |thread| thread.pages) + 1;
    let token = loose::name(answer, "nextPageToken").filter(|token| before.is_none_or(|b| b.token != *token));
    let goes_on = any && oldest > until && pages < PAGES;
    if let Some(token) = token.filter(|_| goes_on) {
        memory.thread = Some(Thread { video: of.to_owned(), token, pages, newest });
    } else {
        (known.heard, known.heard_until) = (known.said, newest);
    }
    page
}

/// One comment. Its name begins with its video's, so that all of them go with it.
fn said(source: &YoutubeSource, video: &str, comment: &Value, now: Timestamp) -> Option<Post> {
    let id = loose::name(comment, "id").filter(|id| is_id(id))?;
    let text = match loose::text(comment, "snippet.textOriginal") {
        Some(plain) => html::lines(plain),
        None => html::to_text(loose::text(comment, "snippet.textDisplay")?),
    };
    Some(Post {
        source: source.basics.name.clone(),
        external_id: format!("{video}/{id}"),
        source_type: SourceType::Comment,
        channel: SourceType::Comment.usual_channel(),
        url: Some(format!("https://www.youtube.com/watch?v={video}&lc={id}")),
        author: loose::field(comment, "snippet.authorDisplayName"),
        author_followers: None,
        title: None,
        text: html::cut(&text, limits::TEXT_BYTES).to_owned(),
        published_at: loose::time(comment, "snippet.publishedAt"),
        collected_at: now,
        reach: None,
        views: None,
        repost_of: None,
    })
}

/// What is wrong with an answer that is no page; nothing where only one video refuses.
fn refusal(
    source: &YoutubeSource,
    memory: &mut Memory,
    step: &Step,
    status: u16,
    answer: &Value,
    now: Timestamp,
) -> Option<SourceError> {
    let said = loose::text(answer, "error.message").map_or_else(|| format!("HTTP {status}"), html::to_text);
    let said: String = html::one_line(&said).chars().take(limits::ERROR_CHARS).collect();
    let named = |list| loose::list(answer, list).iter().filter_map(|e| loose::text(e, "reason"));
    let reasons: Vec<&str> = named("error.errors").chain(named("error.details")).collect();
    let is = |words: &[&str]| reasons.iter().any(|reason| words.contains(reason));
    if is(&["quotaExceeded", "dailyLimitExceeded"]) {
        // Somebody else uses the same project, or Google grants less than we were told: the count is at its end.
        match step {
            Step::Search => memory.searches.take(memory.searches.left(source.params.searches.0)),
            Step::Look(_) | Step::Hear(_) => memory.units.take(memory.units.left(source.params.units.0)),
        };
        return Some(SourceError::Spent { until: pacific_day(now).1 });
    }
    let gone = status == 404 || is(&["videoNotFound"]);
    match step {
        Step::Hear(of) if gone || is(&["commentsDisabled", "processingFailure", "invalidPageToken"]) => {
            memory.thread = None;
            if let Some(known) = memory.video(of) {
                known.heard = known.said;
                known.mute |= is(&["commentsDisabled"]);
                // A video that is gone for its comments is looked for once more.
                known.look_at = if gone { now } else { known.look_at };
            }
            return None;
        }
        Step::Search if memory.paging.is_some() && is(&["invalidPageToken"]) => {
            memory.paging = None;
            return None;
        }
        _ => {}
    }
    let key = ["API_KEY_INVALID", "keyInvalid", "keyExpired", "accessNotConfigured", "API_KEY_SERVICE_BLOCKED"];
    let ours = is(&key) || is(&["forbidden", "ipRefererBlocked"]);
    match status {
        401 => Some(SourceError::Credential(said)),
        400 | 403 if ours => Some(SourceError::Credential(said)),
        _ => Some(SourceError::Malformed(said)),
    }
}

/// Whether an id looks like one: anything else would become a part of an address.
fn is_id(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 128
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}
