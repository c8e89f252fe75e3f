//! One post that several servers of a network show is one post, on every database.

use hinomi::{
    model::{post::SourceName, time::Span},
    store::{Ingest, Ingested, Judged},
};

use crate::harness::store::{TestStore, judged, noon};

async fn shown_by(t: &TestStore, server: &str, network: Option<&'static str>, posts: Vec<Judged>) -> Ingested {
    let source = SourceName(server.to_owned());
    let own = |mut j: Judged| {
        j.post.source = source.clone();
        j
    };
    let posts = posts.into_iter().map(own).collect();
    let batch = Ingest { network, posts, ..Ingest::of(&source, noon() + Span::hours(1)) };
    t.store.ingest(&batch, &t.ids).await.unwrap()
}

#[tokio::test]
async fn a_post_that_two_servers_show_is_counted_once_and_edited_once() {
    for t in TestStore::all().await {
        let network = Some("fediverse");
        let post = |text: &str| vec![judged("9abc", "aya", text, 0)];
        assert_eq!(shown_by(&t, "first", network, post("流出した")).await.mentions, 1);
        let again = shown_by(&t, "second", network, post("流出した")).await;
        assert_eq!((again.new, again.duplicates, again.mentions), (0, 1, 0));
        let edited = shown_by(&t, "second", network, post("流出した。続報あり")).await;
        assert_eq!((edited.edited, edited.new), (1, 0));
        assert_eq!(t.number("select count(*) from post").await, 1);
        assert_eq!(t.number("select count(*) from mention").await, 1);
        assert_eq!(t.words("select source from post").await, "first");
        // Another network, or none, has names of its own.
        assert_eq!(shown_by(&t, "third", None, post("別の話")).await.new, 1);
        assert_eq!(t.number("select count(*) from post").await, 2);
    }
}
