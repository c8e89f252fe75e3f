//! Posts whose words change after they were stored.

use hinomi::model::{
    ids::MentionId,
    mention::{Category, Fate, Grave},
    watch::CompanyName,
};

use crate::harness::store::{TestStore, judged};

#[tokio::test]
async fn an_edited_post_keeps_its_row_says_what_it_says_now_and_counts_once() {
    for t in TestStore::all().await {
        t.ingest(vec![judged("1", "mei", "不正利用の連絡が来た", 0)]).await;
        let id = t.number("select mention_id from v_mentions").await;
        let edited = t.ingest(vec![judged("1", "mei", "不正利用の連絡が来た。追記あり", 5)]).await;
        assert_eq!((edited.new, edited.edited, edited.duplicates), (0, 1, 0));
        assert_eq!(t.words("select text from v_mentions").await, "不正利用の連絡が来た。追記あり");
        assert_eq!(t.number("select mention_id from v_mentions").await, id, "the same meaning is the same mention");
        assert_eq!(t.number("select sum(mentions) from v_hourly where category = 'all'").await, 1);
        // Seen once more as it is now: nothing.
        let again = t.ingest(vec![judged("1", "mei", "不正利用の連絡が来た。追記あり", 9)]).await;
        assert_eq!((again.edited, again.duplicates), (0, 1));
        assert_eq!(t.number("select sum(posts) from v_fates").await, 3, "fetched is the sum of fates");
    }
}

#[tokio::test]
async fn a_harmless_post_that_becomes_a_grave_one_is_shown_to_detection_again_and_counted_once() {
    for t in TestStore::all().await {
        t.ingest(vec![judged("1", "mei", "不正利用の連絡が来た", 0)]).await;
        let seen = t.store.mentions_after(MentionId(0), 10).await.unwrap().remove(0);
        let mut grave = judged("1", "mei", "私のカード番号が流出した", 30);
        grave.post.published_at = seen.post.published_at;
        grave.mentions[0].0.grave = Some(Grave::LeakClaim);
        t.ingest(vec![grave]).await;
        let news = t.store.mentions_after(seen.id, 10).await.unwrap();
        assert_eq!(news.len(), 1);
        assert_eq!((news[0].post_id, news[0].mention.grave), (seen.post_id, Some(Grave::LeakClaim)));
        assert_eq!(news[0].fate, Fate::SameAuthor, "its count has been given");
        assert!(news[0].post.collected_at > seen.post.collected_at);
        assert_eq!(t.words("select fate from v_mentions").await, "counted");
        assert_eq!(t.number("select sum(originals) from v_hourly where category = 'leak'").await, 1);
        assert_eq!(t.number("select sum(mentions) from v_hourly where category = 'all'").await, 1);
    }
}

#[tokio::test]
async fn an_edit_can_change_what_a_post_is_about_and_whom_it_names() {
    for t in TestStore::all().await {
        t.ingest(vec![judged("1", "mei", "不正利用の連絡が来た", 0)]).await;
        let mut moved = judged("1", "mei", "窓口の対応がひどい", 5);
        moved.mentions[0].0.category = Category::COMPLAINT;
        let mut other = moved.mentions[0].clone();
        other.0.company = CompanyName("青空テレコム".into());
        moved.mentions.push(other);
        t.ingest(vec![moved.clone()]).await;
        assert_eq!(t.words("select company from v_mentions order by mention_id").await, "しらかば生命 青空テレコム");
        assert_eq!(t.number("select sum(mentions) from v_hourly where category = 'leak'").await, 0);
        assert_eq!(t.number("select sum(mentions) from v_hourly where category = 'complaint'").await, 2);

        moved.post.text = "ただの日記".into();
        moved.text_key = "key of a diary".into();
        moved.mentions.clear();
        t.ingest(vec![moved]).await;
        assert_eq!(t.number("select count(*) from v_mentions").await, 0, "it names nobody any longer");
        assert_eq!(t.number("select sum(mentions) from v_hourly").await, 0);
    }
}
