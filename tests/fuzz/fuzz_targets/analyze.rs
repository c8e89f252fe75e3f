//! A post → what it says about a company: the evidence is exactly the letters of the post.
#![no_main]

use std::sync::LazyLock;

use hinomi::{
    analyze::{Analyzer, Lexicons, normalize::letters},
    app::dictionary,
    model::{
        post::{Post, SourceName, SourceType},
        time::Timestamp,
        watch::{Watch, Watchlist},
    },
};
use libfuzzer_sys::fuzz_target;

static ANALYZER: LazyLock<Analyzer> = LazyLock::new(|| {
    let companies = vec![
        Watch::named("つばめ電機", &["つばめ電機", "つばめ", "TSUBAME"]),
        Watch::named("青空テレコム", &["青空テレコム", "青テレ"]),
    ];
    let tokenizer = dictionary::tokenizer().expect("the dictionary is embedded");
    let lexicons = Lexicons::embedded().expect("so are the words");
    Analyzer::new(tokenizer, &lexicons, &Watchlist { companies }).expect("the names are good")
});

const KINDS: [SourceType; 5] =
    [SourceType::Post, SourceType::News, SourceType::Notice, SourceType::Blog, SourceType::Board];

fuzz_target!(|data: &[u8]| {
    let (kind, data) = data.split_first().unwrap_or((&0, data));
    let words = String::from_utf8_lossy(data);
    // Headline and text; a post that names nobody ends at once, so one that would is made to name somebody.
    let (title, text) = words.split_once('\u{1f}').map_or((None, &*words), |(title, text)| (Some(title), text));
    let text = if text.contains('つ') || text.contains('青') {
        text.to_owned()
    } else {
        format!("つばめ電機の{text}")
    };
    let source_type = KINDS[usize::from(*kind) % KINDS.len()];
    let at = Timestamp::from_seconds(1_770_859_860);
    let post = Post {
        source: SourceName("fuzz".into()),
        external_id: "1".into(),
        source_type,
        channel: source_type.usual_channel(),
        url: None,
        author: None,
        author_followers: None,
        title: title.map(str::to_owned),
        text,
        published_at: Some(at),
        collected_at: at,
        reach: None,
        views: None,
        repost_of: None,
    };
    let analysis = ANALYZER.analyze(&post);
    for mention in &analysis.mentions {
        assert!(mention.complaint_score.is_finite() && mention.leak_score.is_finite());
        assert!(mention.scores.values().all(|s| s.is_finite() && *s > 0.0), "{:?}", mention.scores);
        for e in &mention.evidence {
            let original = if e.in_title { post.title.as_deref().unwrap_or_default() } else { post.text.as_str() };
            assert!(e.start < e.end, "{e:?}");
            assert_eq!(letters(original, &(e.start..e.end)), e.surface);
        }
    }
    for excluded in &analysis.excluded {
        let title = post.title.as_deref().unwrap_or_default();
        assert!(post.text.contains(&excluded.surface) || title.contains(&excluded.surface));
        assert!(!excluded.surface.is_empty() && !excluded.why.is_empty());
    }
    if let Some(first) = data.first().filter(|b| **b % 8 == 0) {
        assert_eq!(ANALYZER.analyze(&post), analysis, "another answer to the same question ({first})");
    }
});
