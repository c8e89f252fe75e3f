//! What becomes of a post, as far as that can be told without the store.

use crate::model::{
    mention::{Category, Fate, Mention, Role},
    post::{Channel, Post, SourceType},
    watch::Watch,
};

/// The fate of `mention` before anybody asked whether its text or author has been counted already.
///
/// What a detector counts is an independent critical original: no homonym, no old case, no praise, no repost, not
/// the company's own word.
pub(super) fn before_store(post: &Post, mention: &Mention, watch: Option<&Watch>, warm_up: bool) -> Fate {
    if is_own_word(post, watch) {
        return Fate::OwnChannel;
    }
    if mention.retrospective {
        return Fate::Retrospective;
    }
    if mention.role == Role::Praised || mention.category == Category::PRAISE {
        return Fate::Praise;
    }
    if !mention.alert_worthy {
        return Fate::Below;
    }
    if post.repost_of.is_some() {
        return Fate::Repost;
    }
    if warm_up { Fate::WarmUp } else { Fate::Counted }
}

/// A notice on an official channel is told by the incident's «official» mark and not as a voice against the company.
fn is_own_word(post: &Post, watch: Option<&Watch>) -> bool {
    let named = watch.zip(post.author.as_deref()).is_some_and(|(w, author)| w.is_own_channel(author));
    named || (post.channel == Channel::Official && post.source_type == SourceType::Notice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::{critical, post};

    #[test]
    fn each_reason_not_to_count_has_its_own_name() {
        let mut watch = Watch::named("青空テレコム", &["青空テレコム"]);
        watch.own_channels = vec!["@aozora_official".into()];
        let fate = |post: &Post, mention: &Mention| before_store(post, mention, Some(&watch), false);
        let plain = post("1", "青空テレコムの窓口がひどい");
        let m = critical("青空テレコム");
        assert_eq!(fate(&plain, &m), Fate::Counted);
        assert_eq!(before_store(&plain, &m, Some(&watch), true), Fate::WarmUp);

        let own = Post { author: Some("aozora_official".into()), ..plain.clone() };
        assert_eq!(fate(&own, &m), Fate::OwnChannel);
        let repost = Post { repost_of: Some("0".into()), ..plain.clone() };
        assert_eq!(fate(&repost, &m), Fate::Repost);
        assert_eq!(fate(&plain, &Mention { retrospective: true, ..m.clone() }), Fate::Retrospective);
        assert_eq!(fate(&plain, &Mention { role: Role::Praised, ..m.clone() }), Fate::Praise);
        assert_eq!(fate(&plain, &Mention { alert_worthy: false, ..m.clone() }), Fate::Below);
    }
}
