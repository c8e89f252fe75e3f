//! A file of names → a watchlist or all its mistakes. What was accepted can be compiled and asked.
#![no_main]

use std::{path::Path, sync::LazyLock};

use hinomi::{
    analyze::{Analyzer, Lexicons, Token, Tokenize},
    config::{Lang, parse_watchlist},
    model::{
        post::{Post, SourceName, SourceType},
        time::Timestamp,
        watch::Watchlist,
    },
};
use libfuzzer_sys::fuzz_target;

/// The dictionary has its own fuzzer (`analyze`); here a tokenizer without words is faster.
struct NoWords;

impl Tokenize for NoWords {
    fn tokenize(&self, _text: &str) -> Vec<Token> {
        Vec::new()
    }
}

static ANALYZER: LazyLock<Analyzer> = LazyLock::new(|| {
    // The words are not what is asked for here: a few keep the target fast.
    let lexicons = Lexicons::embedded().expect("the words are embedded");
    Analyzer::new(std::sync::Arc::new(NoWords), &lexicons, &Watchlist::default()).expect("they are good")
});

fn post(text: String) -> Post {
    let at = Timestamp::from_seconds(1_770_859_860);
    Post {
        source: SourceName("fuzz".into()),
        external_id: "1".into(),
        source_type: SourceType::Post,
        channel: SourceType::Post.usual_channel(),
        url: None,
        author: None,
        author_followers: None,
        title: None,
        text,
        published_at: Some(at),
        collected_at: at,
        reach: None,
        views: None,
        repost_of: None,
    }
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for path in ["watchlist.toml", "watchlist.json"] {
        match parse_watchlist(text, Path::new(path)) {
            Ok(watchlist) => ask(&watchlist, text),
            Err(wrong) => {
                for mistake in wrong.mistakes() {
                    assert!(!mistake.message(Lang::Ja).is_empty() && !mistake.message(Lang::En).is_empty());
                    assert!(mistake.line(Lang::En).starts_with(path));
                }
                assert!(!wrong.mistakes().is_empty(), "refused without a word");
            }
        }
    }
});

fn ask(watchlist: &Watchlist, text: &str) {
    assert!(!watchlist.companies.is_empty(), "nobody is watched");
    for watch in &watchlist.companies {
        assert!(!watch.name.0.trim().is_empty() && !watch.aliases.is_empty());
        assert!(watch.budget.is_finite() && watch.budget > 0.0);
    }
    // What the parser lets through, the matcher must take: otherwise `check` says yes and `run` says no.
    let analyzer = ANALYZER.for_watchlist(watchlist).expect("an accepted watchlist compiles");
    let all: String = watchlist.companies.iter().flat_map(|w| [w.name.0.as_str(), " ひどい "]).collect();
    for text in [text.to_owned(), all] {
        assert!(analyzer.analyze(&post(text)).mentions.len() <= watchlist.companies.len());
    }
}
