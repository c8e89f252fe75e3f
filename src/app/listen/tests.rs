use std::{fs, sync::Arc, time::Duration};

use super::batch::{Batch, Ear};
use crate::{
    analyze::{Analyzer, Lexicons},
    app::{dictionary, judge::Judge, pseudonym::Pseudonyms},
    collect::{
        CollectParams, SourceBasics,
        kind::{Built, Fields},
        sources::{SourceParams, bluesky, build},
        stream::Stream,
    },
    model::{
        post::{Channel, Post, SourceName, SourceType},
        source::Cursor,
        time::Timestamp,
        watch::{Watch, Watchlist},
    },
};

const NOW: Timestamp = Timestamp::from_seconds(1_795_200_000);

fn stream() -> Arc<dyn Stream> {
    let name = SourceName("bluesky".into());
    let basics = SourceBasics { name, source_type: SourceType::Post, channel: Channel::Sns, poll_every: None };
    let params = SourceParams { basics, kind: &bluesky::KIND, fields: Fields::default() };
    match build(&params, &CollectParams::default()) {
        Built::Streamed(stream) => stream,
        Built::Polled(_) => panic!("it is polled"),
    }
}

fn ear(names: usize) -> Ear {
    const KINDS: [&str; 5] = ["電機", "テレコム", "通販", " Foods", "ホールディングス"];
    let name =
        |n: usize| format!("{}{}", ["つばめ", "青空", "みどり", "Hayabusa", "なみまる"][n / 5 % 5], KINDS[n % 5]);
    let companies = (0..names).map(|n| if n < 25 { name(n) } else { format!("{}{n}", name(n)) });
    let watchlist = Watchlist { companies: companies.map(|name| Watch::named(&name, &[&name])).collect() };
    let tokenizer = dictionary::tokenizer().unwrap();
    let analyzer = Analyzer::new(tokenizer, &Lexicons::default(), &watchlist).unwrap();
    let judge = Judge::new(analyzer, watchlist, Pseudonyms::with_key(b"a key for the tests").unwrap());
    Ear::new(stream(), Arc::new(judge), Cursor::default())
}

fn frame(n: usize, text: &str, langs: &str) -> String {
    let text = serde_json::to_string(text).unwrap();
    format!(
        "{{\"$type\":\"message\",\"payload\":{{\"$type\":\"network.bsky.jetstream.subscribeEvents#commit\",\
         \"cid\":\"bafyreidwaivazkwu67xztlmuobx35hs2lnfh3kolmgfmucldvhd3sgzcqi\",\"collection\":\"app.bsky.feed.post\",\
         \"did\":\"did:plc:eygmaihciaxprqvxpfvl{n:04}\",\"operation\":\"create\",\"record\":{{\"$type\":\"app.bsky.feed.post\",\
         \"createdAt\":\"2026-11-20T00:14:58.100Z\",\"langs\":[\"{langs}\"],\"reply\":{{\"parent\":{{\"cid\":\"bafyreic6sydkkbchcyg62v77wbhz\",\
         \"uri\":\"at://did:plc:wa7b35aakoll7hugkrjtf3xf/app.bsky.feed.post/3l3pte3p2e325\"}}}},\"text\":{text}}},\
         \"rev\":\"3l3qo2vutsw2b\",\"rkey\":\"r{n}\",\"seq\":{n},\"time\":\"2026-11-20T00:15:00.329308Z\"}}}}"
    )
}

const WORLD: [(&str, &str); 10] = [
    ("en", "just got home and honestly? the best day in a while \u{2600}\u{fe0f} more tomorrow, don\u{2019}t @ me"),
    (
        "en",
        "New post on the blog: \"How we moved 40 TB & lived\" \u{1f525}\u{1f525} https://blog.example/how-we-moved?utm=1&ref=2",
    ),
    ("ja", "電車が遅れてて会社に間に合わないかも……。今日は１０時から会議なのに！駅前のコーヒー屋で時間をつぶします☕️"),
    ("pt", "bom dia! hoje \u{e9} dia de sol, caf\u{e9} e m\u{fa}sica \u{1f3b6} n\u{e3}o esque\u{e7}am a \u{e1}gua"),
    ("en", "ok but why is nobody talking about this??? \u{1f62d}\n\n(thread)"),
    ("ja", "新しい電機屋さんに行ってきた。店員さんが親切で、青空の下で食べた弁当もうまかった #散歩 #お昼"),
    ("ko", "오늘 날씨 진짜 좋다 산책하고 커피 마시고 책 읽기 좋은 날"),
    ("de", "Gr\u{fc}\u{df}e aus K\u{f6}ln! Heute regnet es wieder, aber die Stra\u{df}enbahn f\u{e4}hrt."),
    (
        "es",
        "\u{bf}Alguien m\u{e1}s viendo el partido? \u{26bd}\u{fe0f} qu\u{e9} locura de final, a\u{fa}n no me lo creo",
    ),
    ("ja", "おはようございます。今日も一日がんばりましょう"),
];

/// What this thread has had of the processor so far.
fn spent() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").expect("the kernel counts (Linux)");
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}

#[test]
fn what_passes_is_counted_and_how_far_it_reaches_is_known() {
    let mut ear = ear(25);
    let frames: Vec<String> = WORLD.iter().enumerate().map(|(n, (lang, text))| frame(n, text, lang)).collect();
    for frame in &frames {
        ear.hear(frame, NOW).unwrap();
    }
    let judge = ear.judge();
    let batch = ear.seal(frames.last().unwrap(), judge, NOW);
    assert_eq!((batch.passed, batch.posts.len(), batch.unread), (10, 0, 0));
    assert_eq!(batch.cursor.0, "1795133700329000");
    ear.hear(&frame(11, "つばめ電機の窓口", "en"), NOW).unwrap();
    assert_eq!((ear.batch().posts.len(), ear.batch().passed), (1, 0));
}

#[test]
fn nonsense_is_counted_and_only_much_of_it_ends_a_line() {
    let mut ear = ear(25);
    for _ in 0..49 {
        ear.hear("<html>", NOW).unwrap();
    }
    ear.hear(&frame(1, "x", "en"), NOW).unwrap();
    assert_eq!(ear.batch().unread, 49);
    assert!((0..50).any(|_| ear.hear("{", NOW).is_err()));
}

#[test]
fn a_batch_is_handed_on_before_it_is_large() {
    let post = |bytes: usize| Post {
        source: SourceName("s".into()),
        external_id: "1".into(),
        source_type: SourceType::Post,
        channel: Channel::Sns,
        url: None,
        author: None,
        author_followers: None,
        title: None,
        text: "x".repeat(bytes),
        published_at: None,
        collected_at: NOW,
        reach: None,
        views: None,
        repost_of: None,
    };
    let full = |n: usize, bytes: usize| Batch { posts: vec![post(bytes); n], ..Batch::default() }.is_full();
    assert!(!full(499, 10) && full(500, 10));
    assert!(!full(63, 64 * 1024) && full(64, 64 * 1024));
}

/// By hand: `cargo test --release --lib -- --ignored --nocapture keeps_up`.
#[test]
#[ignore = "a measurement, to be run by hand and in a release build"]
fn one_core_keeps_up_with_the_world() {
    let mut ear = ear(1000);
    let named = [("ja", "Hayabusa Foodsの新商品、まずい"), ("ja", "青空テレコムがつながらない")];
    let frames: Vec<String> = (0..10_000)
        .map(|n| {
            let (lang, text) = if n % 500 == 0 { named[n / 500 % 2] } else { WORLD[n % 10] };
            frame(n, text, lang)
        })
        .collect();
    let bytes: usize = frames.iter().map(String::len).sum();
    let (mut rounds, before, mut posts) = (0_u32, spent(), 0);
    let took = || spent().saturating_sub(before);
    while rounds < 3 || took().as_secs() < 3 {
        for frame in &frames {
            ear.hear(frame, NOW).unwrap();
        }
        let judge = ear.judge();
        posts += ear.seal(&frames[0], judge, NOW).posts.len();
        rounds += 1;
    }
    let seconds = took().as_secs_f64();
    let (n, mb) = (f64::from(rounds) * frames.len() as f64, f64::from(rounds) * bytes as f64 / 1e6);
    println!("{:.0} frames/s, {:.0} MB/s, {posts} posts handed on", n / seconds, mb / seconds);
    assert_eq!(posts, usize::try_from(rounds).unwrap() * 20);
}
