//! The same page again and again, and in any order: nothing is counted twice.

use hinomi::{
    collect::sources::feed::{self, Document},
    model::{limits, time::Zone},
    store::Judged,
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use crate::harness::store::{TestStore, judged};

/// A page of posts by few people about few things, some of them the same.
fn page() -> impl Strategy<Value = Vec<(u8, u8, u8, i64)>> {
    proptest::collection::vec((0..30_u8, 0..6_u8, 0..8_u8, 0..180_i64), 1..25)
}

/// A post is its id: whoever brings it again brings the same.
fn posts(page: &[(u8, u8, u8, i64)]) -> Vec<Judged> {
    let mut ids = std::collections::BTreeSet::new();
    let fresh = page.iter().filter(|(id, ..)| ids.insert(*id));
    fresh.map(|(id, who, what, at)| judged(&format!("p{id}"), &format!("a{who}"), &format!("話{what}"), *at)).collect()
}

#[test]
fn a_page_brought_again_changes_nothing_but_the_tally_of_duplicates() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config = Config { cases: 12, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&(page(), 1..5_usize), |(page, times)| {
            runtime.block_on(async {
                let t = TestStore::new().await;
                let first = t.ingest(posts(&page)).await;
                prop_assert_eq!(first.duplicates, 0);
                let all = "select count(*) || ' ' || group_concat(fate) from (select fate from mention order by id)";
                let hourly = "select group_concat(hour_at || category || mentions || originals) from \
                              (select * from hourly_count order by hour_at, category)";
                let before = (t.words(all).await, t.words(hourly).await);
                for _ in 0..times {
                    let again = t.ingest(posts(&page)).await;
                    prop_assert_eq!((again.new, again.mentions), (0, 0));
                    prop_assert_eq!(again.duplicates, first.new);
                }
                prop_assert_eq!((t.words(all).await, t.words(hourly).await), before);
                Ok(())
            })
        })
        .unwrap();
}

#[test]
fn posts_of_one_hour_are_counted_alike_in_any_order() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config = Config { cases: 12, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&page(), |page| {
            runtime.block_on(async {
                let mut told = Vec::new();
                for turned in [false, true] {
                    let t = TestStore::new().await;
                    let mut posts = posts(&page);
                    if turned {
                        posts.reverse();
                    }
                    t.ingest(posts).await;
                    told.push((
                        t.number("select count(*) from mention").await,
                        t.number("select sum(mentions) from hourly_count where category = 'all'").await,
                    ));
                }
                prop_assert_eq!(&told[0], &told[1]);
                Ok(())
            })
        })
        .unwrap();
}

#[test]
fn a_page_read_again_gives_every_entry_its_old_name() {
    let config = Config { cases: 200, failure_persistence: None, ..Config::default() };
    let element =
        "(<item>|</item>|<title>|</title>|<guid>|</guid>|<link>|</link>|x|y|火|&amp;|<!\\[CDATA\\[|\\]\\]>|/1|/2)";
    TestRunner::new(config)
        .run(&format!("({element}){{0,60}}").as_str(), |inside| {
            let body = format!("<rss><channel>{inside}</channel></rss>");
            let url = Some("https://news.example.jp/feed.xml");
            let read = || feed::read(&Document { body: body.as_bytes(), content_type: None, url, zone: Zone::JST });
            prop_assert_eq!(read(), read());
            for entry in read().map(|f| f.entries).unwrap_or_default() {
                prop_assert!(!entry.id.is_empty() && entry.id.len() <= limits::FIELD_BYTES);
            }
            Ok(())
        })
        .unwrap();
}
