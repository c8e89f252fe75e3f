//! What one text or one list of names can make the analysis hold or compute.

use std::sync::{Arc, LazyLock};

use hinomi::{
    analyze::{Analysis, Analyzer, Lexicons},
    app::dictionary,
    config::parse_watchlist,
    model::{
        limits,
        post::{Post, SourceName, SourceType},
        time::Timestamp,
        watch::{Watch, Watchlist},
    },
};

use super::effort::in_time;

static ANALYZER: LazyLock<Analyzer> = LazyLock::new(|| {
    let watchlist = Watchlist { companies: vec![Watch::named("つばめ電機", &["つばめ電機"])] };
    Analyzer::new(dictionary::tokenizer().unwrap(), &Lexicons::embedded().unwrap(), &watchlist).unwrap()
});

fn post(text: String) -> Post {
    let at = Timestamp::from_seconds(1_770_859_860);
    Post {
        source: SourceName("s".into()),
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

fn analyze(what: &str, text: String) -> Analysis {
    let post = post(text);
    in_time(what, || ANALYZER.analyze(&post))
}

#[test]
fn a_text_is_read_up_to_its_limit() {
    let name = "つばめ電機";
    let padded = |before: usize| analyze("a long text", "。".repeat(before / 3) + &" ".repeat(before % 3) + name);
    let at = limits::TEXT_BYTES - name.len();
    assert_eq!(padded(at).mentions.len(), 1);
    assert_eq!(padded(at + 1).mentions.len(), 0, "the last letter of the name lies beyond");
}

#[test]
fn texts_made_to_stop_us_are_read_in_time() {
    let fill = |piece: &str| format!("つばめ電機{}", piece.repeat(limits::TEXT_BYTES / piece.len()));
    let megabyte = "x".repeat(1 << 20);
    for (what, text) in [
        ("a word of a megabyte", format!("つばめ電機 {megabyte}")),
        ("a word of a megabyte in kana", format!("つばめ電機{}", "ア".repeat(350_000))),
        ("ten thousand accents on one letter", format!("つばめ電機z{}", "\u{301}".repeat(10_000))),
        ("accents of many kinds", fill("a\u{300}\u{316}\u{345}\u{3099}")),
        ("the name and nothing else", fill("つばめ電機")),
        ("the name and an insult", fill("つばめ電機最悪")),
        ("one insult", fill("最悪")),
        ("many insults", fill("最悪ひどい許せない詐欺返金しろ")),
        ("negations", fill("ないないない")),
        ("a leak again and again", fill("個人情報が流出した")),
        ("numbers", fill("1,234,567万人")),
        ("digits", fill("9")),
        ("tags", fill("#つばめ電機 ")),
        ("addresses", fill("https://a.example/ ")),
        ("brackets", fill("「『（")),
        ("sentences", fill("。!?")),
        ("quiet words", fill("神対応神経")),
        ("ligatures that grow", fill("ﷺ")),
        ("jamo", fill("\u{1100}\u{1161}\u{11a8}")),
        ("flags", fill("🇯🇵")),
        ("hidden letters", fill("\u{200b}\u{202e}")),
        ("private pieces", fill("住所電話番号氏名生年月日")),
    ] {
        let analysis = analyze(what, text);
        for mention in &analysis.mentions {
            assert!(mention.evidence.len() <= limits::EVIDENCE, "{what}");
        }
    }
}

#[test]
fn accents_do_not_hide_a_name_however_many() {
    let text: String = "つばめ電機".chars().flat_map(|c| [c].into_iter().chain(['\u{301}'; 2000])).collect();
    assert_eq!(analyze("a name under accents", text).mentions.len(), 1);
}

#[test]
fn of_the_same_cry_so_many_are_heard() {
    let hits = |n: usize| {
        let analysis = analyze("cries", "つばめ電機、最悪。".repeat(n));
        analysis.mentions[0].evidence.iter().filter(|e| e.surface == "最悪").count()
    };
    let most = usize::from(limits::TERM_HITS);
    assert_eq!(hits(most), most);
    assert_eq!(hits(most + 1), most);
}

#[test]
fn of_a_flood_of_names_so_many_are_looked_at() {
    // Every name but the last stands in an address and is refused; so the last one alone is a mention.
    let watchlist = Watchlist { companies: vec![Watch::named("tsubame", &["tsubame"])] };
    let analyzer = ANALYZER.for_watchlist(&watchlist).unwrap();
    let named = |refused: usize| {
        let text = "https://a.example/tsubame\n".repeat(refused) + "修理が tsubame でひどい";
        analyzer.analyze(&post(text)).mentions.len()
    };
    assert_eq!(named(limits::NAMES - 1), 1);
    assert_eq!(named(limits::NAMES), 0);
}

#[test]
fn of_all_evidence_the_heaviest_is_kept() {
    let words: Vec<String> = Lexicons::embedded()
        .unwrap()
        .axis("complaint")
        .filter(|e| e.weight >= 1.0)
        .filter_map(|e| match &e.term {
            hinomi::analyze::lexicon::Term::Plain(word) => Some(word.clone()),
            _ => None,
        })
        .take(4 * limits::EVIDENCE)
        .collect();
    let kept = |n: usize| {
        let text = words.iter().take(n).fold(String::new(), |all, w| format!("{all}つばめ電機は{w}。"));
        analyze("a dictionary of complaints", text).mentions[0].evidence.len()
    };
    assert!(kept(10) < limits::EVIDENCE);
    assert_eq!(kept(words.len()), limits::EVIDENCE);
}

#[test]
fn ten_thousand_names_are_read_compiled_and_found_in_time() {
    let company = |company: usize| {
        let names: Vec<String> = (0..20).map(|n| format!("\"架空商事{company}号{n}店\"")).collect();
        format!("[[company]]\nname = \"架空{company}\"\naliases = [{}]\n", names.join(", "))
    };
    let toml = (0..500).map(company).collect::<Vec<_>>().concat();
    let watchlist = in_time("reading", || parse_watchlist(&toml, std::path::Path::new("w.toml")))
        .map_err(|e| e.to_string())
        .unwrap();
    let analyzer = in_time("compiling", || ANALYZER.for_watchlist(&watchlist)).unwrap();
    let text = (0..200).fold(String::new(), |all, i| format!("{all}架空商事{i}号{}店がひどい。", i % 20));
    let analysis = in_time("finding", || analyzer.analyze(&post(text)));
    assert_eq!(analysis.mentions.len(), 200);
    // Names that lie in one another: 「ああ…」 of every length.
    let nested: Vec<String> = (1..=2000).map(|n| "あ".repeat(n)).collect();
    let nested: Vec<&str> = nested.iter().map(String::as_str).collect();
    let nested = Watchlist { companies: vec![Watch::named("あ", &nested)] };
    let analyzer = in_time("compiling nested names", || ANALYZER.for_watchlist(&nested)).unwrap();
    in_time("finding nested names", || analyzer.analyze(&post("あ".repeat(limits::TEXT_BYTES / 3))));
}

#[test]
fn an_analyzer_is_shared_and_stays_the_same_after_hostile_texts() {
    let before = analyze("a usual text", "つばめ電機のサポート、全然つながらない".into());
    let texts: Vec<String> =
        ["\u{0}", "ﷺ", "1", "ない"].iter().map(|p| format!("つばめ電機{}", p.repeat(5000))).collect();
    let shared = Arc::new(texts);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| shared.iter().for_each(|t| drop(ANALYZER.analyze(&post(t.clone())))));
        }
    });
    assert_eq!(analyze("a usual text", "つばめ電機のサポート、全然つながらない".into()), before);
}
