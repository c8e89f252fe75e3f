//! Gathers what a mail tells: the incident's last day, its posts, and how much of the world was seen.

use super::coverage::{USUAL, is_visited, share_of};
use crate::{
    alert::story::{Coverage, Previous, Story},
    model::{
        alert::Alert,
        mention::MentionRecord,
        post::SourceName,
        time::{Span, Timestamp},
        watch::CompanyName,
    },
    store::{Store, StoreError},
};

/// Posts in a mail.
const POSTS: u32 = 5;
/// A source that has not answered for this long is named as silent.
const SILENT_AFTER: Span = Span::hours(2);

/// All that the mail for `alert` shows.
pub(super) async fn gather(
    store: &Store,
    alert: Alert,
    previous: Option<Previous>,
    recipients_label: String,
    now: Timestamp,
) -> Result<Story, StoreError> {
    let incident = &alert.event.incident;
    let hourly =
        store.hourly(&incident.company, &incident.category, alert.event.at - Span::hours(23), alert.event.at).await?;
    let posts = posts(store, &alert).await?;
    let coverage = coverage(store, &incident.company, now).await?;
    Ok(Story {
        upper: upper(incident.counts.normal_hour),
        event: alert.event,
        sequence: alert.sequence,
        reason: alert.reason,
        previous,
        hourly,
        posts,
        coverage,
        recipients_label,
    })
}

/// The upper end of a normal hour: mean plus three standard deviations of a Poisson count, at least one post.
fn upper(normal: f64) -> f64 {
    (normal + 3.0 * normal.sqrt()).max(1.0)
}

/// The top ones, and the first post last.
async fn posts(store: &Store, alert: &Alert) -> Result<Vec<MentionRecord>, StoreError> {
    let incident = &alert.event.incident;
    let origin = store.origin_mention(incident.origin_post, incident.id).await?;
    let mut posts = store.top_mentions(incident.id, POSTS).await?;
    if let Some(origin) = origin {
        posts.retain(|p| p.post_id != origin.post_id);
        posts.truncate(POSTS as usize - 1);
        posts.push(origin);
    }
    Ok(posts)
}

async fn coverage(store: &Store, company: &CompanyName, now: Timestamp) -> Result<Coverage, StoreError> {
    let mut states = store.source_states().await?;
    states.retain(|s| is_visited(s, now));
    let is_silent = |s: &crate::model::source::SourceState| {
        s.gone || s.errors > 0 && s.last_ok_at.is_none_or(|at| now - at > SILENT_AFTER)
    };
    let silent: Vec<&SourceName> = states.iter().filter(|s| is_silent(s)).map(|s| &s.source).collect();
    let unseen = if silent.is_empty() {
        0.0
    } else {
        share_of(&store.usual_sources(company, now - USUAL).await?, silent.iter().copied())
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
    let unseen_percent = (unseen * 100.0).round() as u8;
    let silent: Vec<String> = silent.into_iter().map(|name| name.0.clone()).collect();
    Ok(Coverage { sources: states.len(), ok: states.len() - silent.len(), silent, unseen_percent })
}
