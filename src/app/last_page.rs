//! What stood on each source's last page.
//!
//! # Why
//! A feed shows the same entries again and again, and reading a post costs a thousand times more than knowing it
//! again. What is known here was stored; what is not is simply read once more, and the store knows it.

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Mutex, PoisonError},
};

use super::pseudonym::post_hash;
use crate::model::post::{Post, SourceName};

/// The same post with other words or other views is another look at it.
type Look = (i64, u64, Option<u64>);

/// Per source, the looks that the store has taken in.
#[derive(Debug, Default)]
pub(super) struct LastPages(Mutex<HashMap<SourceName, HashSet<Look>>>);

/// What to remember of a page once it is stored.
#[derive(Debug)]
pub(super) struct Remember(HashSet<Look>);

impl LastPages {
    /// Splits off what stood on the last page: the posts still to be read, and how many are left out.
    pub(super) fn news(&self, source: &SourceName, posts: Vec<Post>) -> (Vec<Post>, usize, Remember) {
        let looks: Vec<Look> = posts.iter().map(|p| (post_hash(p), words(p), p.views)).collect();
        let all = posts.len();
        let pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = pages.get(source);
        let news: Vec<Post> = posts
            .into_iter()
            .zip(&looks)
            .filter(|(_, look)| known.is_none_or(|k| !k.contains(look)))
            .map(|(post, _)| post)
            .collect();
        let left_out = all - news.len();
        (news, left_out, Remember(looks.into_iter().collect()))
    }

    /// The page is stored.
    pub(super) fn stored(&self, source: &SourceName, page: Remember) {
        // An empty answer («not modified») says nothing about what the page holds.
        if !page.0.is_empty() {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(source.clone(), page.0);
        }
    }
}

/// A number for the words of a post; within one run of the program the same words have the same one.
fn words(post: &Post) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&post.title, &post.text).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::post;

    #[test]
    fn only_what_is_new_on_a_page_is_read() {
        let pages = LastPages::default();
        let source = SourceName("sns".into());
        let ids = |posts: &[Post]| posts.iter().map(|p| p.external_id.clone()).collect::<Vec<_>>();

        let (news, left_out, page) = pages.news(&source, vec![post("1", "a"), post("2", "b")]);
        assert_eq!((ids(&news), left_out), (vec!["1".to_owned(), "2".to_owned()], 0));
        pages.stored(&source, page);

        let seen_again = Post { views: Some(9), ..post("1", "a") };
        let (news, left_out, _not_stored) = pages.news(&source, vec![post("3", "c"), post("2", "b"), seen_again]);
        assert_eq!((ids(&news), left_out), (vec!["3".to_owned(), "1".to_owned()], 1));

        // That page could not be stored, so its news are news once more.
        assert_eq!(pages.news(&source, vec![post("3", "c")]).0.len(), 1);
        // The same name with other words is read again.
        assert_eq!(pages.news(&source, vec![post("2", "b, corrected")]).0.len(), 1);
        // Another source has its own pages.
        assert_eq!(pages.news(&SourceName("blog".into()), vec![post("2", "b")]).0.len(), 1);
    }
}
