//! How well scoring does on sentences of our own, by kind. The floors stand a little under what was measured: a change
//! of words or weights that costs somewhere is seen here.
//!
//! The sentences are invented; real names stand only where names are what is tested. Run with `--nocapture` for the list
//! of sentences that are read wrongly.

use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

use hinomi::{
    analyze::{Analysis, Analyzer, Lexicons},
    app::dictionary,
    model::{
        mention::{Grave, Mention, Role, Stance},
        post::{Post, SourceName, SourceType},
        time::Timestamp,
        watch::{Watch, Watchlist},
    },
};

struct Sentence {
    label: String,
    company: String,
    alias: String,
    source: SourceType,
    text: String,
}

fn sentences() -> Vec<Sentence> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sentences");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    let mut all = Vec::new();
    for file in files {
        for line in fs::read_to_string(&file).unwrap().lines().filter(|l| !l.starts_with('#')) {
            let [label, company, source, text] = line.split('\t').collect::<Vec<_>>()[..] else {
                panic!("{}: {line:?} has not four columns", file.display());
            };
            let (company, alias) = company.split_once('=').unwrap_or((company, company));
            all.push(Sentence {
                label: label.to_owned(),
                company: company.to_owned(),
                alias: alias.to_owned(),
                source: source.parse().unwrap(),
                text: text.to_owned(),
            });
        }
    }
    all
}

fn post(source: SourceType, text: &str) -> Post {
    Post {
        source: SourceName("sentences".into()),
        external_id: "1".into(),
        source_type: source,
        channel: source.usual_channel(),
        url: None,
        author: None,
        author_followers: None,
        title: None,
        text: text.to_owned(),
        published_at: Timestamp::parse_rfc3339("2026-05-12T12:00:00+09:00"),
        collected_at: Timestamp::parse_rfc3339("2026-05-12T12:01:00+09:00").unwrap(),
        reach: None,
        views: None,
        repost_of: None,
    }
}

fn base() -> Analyzer {
    Analyzer::new(dictionary::tokenizer().unwrap(), &Lexicons::embedded().unwrap(), &Watchlist::default()).unwrap()
}

fn analyze(base: &Analyzer, company: &str, alias: &str, source: SourceType, text: &str) -> Analysis {
    let watchlist = Watchlist { companies: vec![Watch::named(company, &[alias])] };
    base.for_watchlist(&watchlist).unwrap().analyze(&post(source, text))
}

fn read(base: &Analyzer, text: &str) -> Mention {
    analyze(base, "みどり屋通販", "みどり屋通販", SourceType::Post, text).mentions.remove(0)
}

/// Keys of what reaches people through a contact that one company alone was given.
const PRIVATE: [&str; 3] = ["勧誘の電話", "迷惑メール・DM", "不正利用"];

/// Whether one letter of a label is what was read.
fn agrees(letter: char, m: Option<&Mention>) -> bool {
    let Some(m) = m else { return letter == 'H' };
    match letter {
        'C' => m.complaint,
        'L' => m.leak,
        'A' => m.alert_worthy,
        'N' => !m.alert_worthy && !m.leak,
        'H' => false,
        'P' => m.role == Role::Praised && !m.alert_worthy,
        'B' => m.role == Role::Bystander && !m.alert_worthy,
        'V' => m.role == Role::Victim,
        'R' => m.retrospective && !m.alert_worthy,
        'Y' => m.leak && m.alert_worthy && m.symptom.as_deref().is_some_and(|s| PRIVATE.contains(&s)),
        'K' => !m.leak,
        other => panic!("{other:?} is no label"),
    }
}

#[test]
fn every_kind_of_sentence_is_read_as_well_as_when_it_was_measured() {
    let floors = BTreeMap::from(FLOORS);
    let base = base();
    let all = sentences();
    assert!(all.len() >= 300, "{} sentences", all.len());
    let mut seen: BTreeMap<char, (usize, usize)> = BTreeMap::new();
    let mut wrong = String::new();
    for s in &all {
        let analysis = analyze(&base, &s.company, &s.alias, s.source, &s.text);
        let m = analysis.mentions.first();
        for letter in s.label.chars() {
            let right = agrees(letter, m);
            let counts = seen.entry(letter).or_default();
            counts.0 += usize::from(right);
            counts.1 += 1;
            if !right {
                let read = m.map_or("no mention".to_owned(), |m| {
                    format!(
                        "{} complaint {:.1} leak {:.1} praise {:?}",
                        m.role, m.complaint_score, m.leak_score, m.scores
                    )
                });
                writeln!(wrong, "{letter} {} | {read}", s.text).unwrap();
            }
        }
        for e in m.into_iter().flat_map(|m| &m.evidence) {
            let slice: String = s.text.chars().skip(e.start).take(e.end - e.start).collect();
            assert_eq!(slice, e.surface, "evidence is the slice it says it is: {}", s.text);
        }
    }
    println!("{wrong}");
    for (letter, (right, all)) in &seen {
        println!("{letter}: {right} of {all}");
    }
    for (letter, floor) in floors {
        let (right, all) = seen[&letter];
        let share = right as f64 / all as f64;
        assert!(share >= floor, "{letter}: {right} of {all} is under {floor}");
    }
}

/// Shares of each label that must be read right.
const FLOORS: [(char, f64); 11] = [
    ('A', 0.93),
    ('B', 0.70),
    ('C', 0.93),
    ('H', 0.94),
    ('L', 0.92),
    ('N', 0.93),
    ('P', 0.90),
    ('R', 0.75),
    ('V', 0.75),
    ('K', 0.90),
    ('Y', 0.90),
];

#[test]
fn different_wordings_of_one_story_share_a_symptom() {
    let base = base();
    for (symptom, texts) in [
        (
            "勧誘の電話",
            [
                "みどり屋通販にしか教えてない番号に知らない会社から電話",
                "みどり屋通販だけに知らせた番号なのに、健康食品の売り込みが続く",
                "母の番号はみどり屋通販にしか伝えてへん。なんで布団の業者からかかってくるん",
            ],
        ),
        (
            "迷惑メール・DM",
            [
                "みどり屋通販専用に作ったアドレスに迷惑メールが来た",
                "みどり屋通販だけに登録した旧姓で別の業者からDMが届いた",
                "みどり屋通販以外では使っていないアドレスです。知らない会社から広告が届きます",
            ],
        ),
        (
            "不正利用",
            [
                "みどり屋通販で使ったカードに身に覚えのない請求が来た",
                "みどり屋通販の引き落とし用カードが海外サイトで3万円使われてた",
                "みどり屋通販に登録したカード、カード会社から不正利用の電話がきた",
            ],
        ),
        (
            "電話がつながらない",
            [
                "みどり屋通販、電話が全然つながらない。最悪",
                "みどり屋通販の窓口に何回かけても話し中。腹立つ",
                "みどり屋通販の問い合わせ、自動音声で切られるの本当に不快",
            ],
        ),
    ] {
        for text in texts {
            assert_eq!(read(&base, text).symptom.as_deref(), Some(symptom), "{text}");
        }
    }
}

#[test]
fn one_post_is_grave_only_where_one_is_enough() {
    let base = base();
    for (grave, text) in [
        (Some(Grave::LeakClaim), "俺の住所と電話番号がみどり屋通販から漏れた。昨日知らない業者が家に来た"),
        (
            Some(Grave::Insider),
            "みどり屋通販の元社員ですが、顧客名簿を持ち出して売っている上司がいました。個人情報ダダ漏れです",
        ),
        (Some(Grave::Injury), "今朝みどり屋通販のスープを開けたら虫が入っていた。写真撮った"),
        (Some(Grave::Threat), "みどり屋通販の倉庫に火をつけてやる"),
        (None, "みどり屋通販にしか教えてない番号に、知らない会社から名指しで勧誘の電話"),
        (None, "みどり屋通販のサポートがひどい。もう買わない"),
        (None, "みどり屋通販で買ったブーツ最高"),
    ] {
        assert_eq!(read(&base, text).grave, grave, "{text}");
    }
}

#[test]
fn stance_tells_who_speaks() {
    let base = base();
    for (stance, source, text) in [
        (Stance::Firsthand, SourceType::Post, "みどり屋通販に電話したら30分待たされた"),
        (Stance::Hearsay, SourceType::Post, "みどり屋通販で情報漏えいがあったらしい。本当かな"),
        (Stance::Report, SourceType::News, "みどり屋通販は顧客情報が流出したと発表した"),
        (Stance::Official, SourceType::Notice, "みどり屋通販をご利用のお客様へのお詫び"),
        (Stance::AgainstPoster, SourceType::Post, "みどり屋通販に文句言ってるやつはただのクレーマー"),
    ] {
        let read = analyze(&base, "みどり屋通販", "みどり屋通販", source, text).mentions.remove(0);
        assert_eq!(read.stance, stance, "{text}");
    }
}

#[test]
fn exclusions_context_and_the_longest_name_decide_who_is_meant() {
    let base = base();
    let mut tele = Watch::named("青空テレコム", &["青空テレコム", "青テレ"]);
    tele.exclude = vec!["青テレビ".into()];
    let mut hotaru = Watch::named("牛めし ほたる", &["牛めし ほたる"]);
    hotaru.aliases.push(hinomi::model::watch::Alias {
        name: "ほたる".into(),
        exclude: Vec::new(),
        context: vec!["牛めし".into()],
    });
    let bank = Watch::named("青空テレコム銀行", &["青空テレコム銀行"]);
    let analyzer = base.for_watchlist(&Watchlist { companies: vec![tele, hotaru, bank] }).unwrap();
    let names = |text: &str| -> Vec<String> {
        analyzer.analyze(&post(SourceType::Post, text)).mentions.into_iter().map(|m| m.company.0).collect()
    };
    assert_eq!(names("青テレの回線が遅い"), ["青空テレコム"]);
    assert!(names("青テレビの天気予報").is_empty());
    assert_eq!(names("青空テレコム銀行の口座"), ["青空テレコム銀行"]);
    assert!(names("川辺でほたるを見た").is_empty(), "an ambiguous name without its context");
    assert_eq!(names("ほたるで牛めし食べた"), ["牛めし ほたる"]);
    let excluded = analyzer.analyze(&post(SourceType::Post, "青テレビの天気予報")).excluded;
    assert_eq!((excluded[0].surface.as_str(), excluded[0].why.as_str()), ("青テレ", "除外語「青テレビ」"));
}

#[test]
fn a_post_that_names_nobody_gives_nothing() {
    let analysis = analyze(&base(), "つばめ電機", "つばめ電機", SourceType::Post, "今日は最悪の一日だった");
    assert_eq!(analysis, Analysis::default());
}

#[test]
fn a_flood_of_hits_is_read_in_bounded_time_and_in_full_slices() {
    let text = "つばめ電機最悪、個人情報流出! ".repeat(600);
    let read = analyze(&base(), "つばめ電機", "つばめ電機", SourceType::Post, &text).mentions.remove(0);
    assert!(read.complaint && read.leak);
    assert!(read.evidence.len() <= 60, "{} pieces of evidence", read.evidence.len());
}

/// Looks at the invented weeks: what is found of each story, and what is wrongly found in ordinary talk.
#[test]
#[ignore = "a look at figures, for people: `cargo test --test suite invented -- --ignored --nocapture`"]
fn the_invented_weeks_as_they_are_read() {
    use hinomi::demo::world::World;
    use std::collections::HashMap;
    let seeds = [1, 2, 3];
    let start = Timestamp::parse_rfc3339("2026-02-06T00:00:00+09:00").unwrap();
    for seed in seeds {
        let world = World::generate(seed, start);
        let watchlist = hinomi::config::parse_watchlist(&world.watchlist_toml, Path::new("w")).unwrap();
        let analyzer = base().for_watchlist(&watchlist).unwrap();
        let story: HashMap<&str, &str> =
            world.stories.iter().flat_map(|s| s.posts.iter().map(|p| (p.as_str(), s.title.as_str()))).collect();
        let mut table: BTreeMap<&str, [usize; 5]> = BTreeMap::new();
        let mut seen = std::collections::HashSet::new();
        for p in world.history.iter().chain(&world.week) {
            if !seen.insert(&p.external_id) {
                continue;
            }
            let title = story.get(p.external_id.as_str()).copied().unwrap_or("-");
            let row = table.entry(title).or_default();
            for m in &analyzer.analyze(p).mentions {
                row[0] += 1;
                row[1] += usize::from(m.leak);
                row[2] += usize::from(m.complaint);
                row[3] += usize::from(m.alert_worthy);
                row[4] += usize::from(m.symptom.is_some());
                let words: Vec<_> = m
                    .evidence
                    .iter()
                    .filter(|e| e.weight >= 0.8 && e.category.is_risk())
                    .map(|e| format!("{}:{}:{}", e.category, e.surface, e.weight))
                    .collect();
                println!(
                    "ROW\t{seed}\t{title}\t{}{}{}\t{}\t{}\t{}\t{:?}\t{}\t{}\t{}",
                    u8::from(m.leak),
                    u8::from(m.complaint),
                    u8::from(m.alert_worthy),
                    m.role,
                    m.stance.ja(),
                    m.symptom.as_deref().unwrap_or("-"),
                    m.grave,
                    p.source_type,
                    p.text.replace('\n', "/"),
                    words.join(" ")
                );
            }
        }
        for (title, [all, leak, complaint, worthy, symptom]) in table {
            println!(
                "SUM seed {seed} {title}: {all} mentions, leak {leak}, complaint {complaint}, alert-worthy {worthy}, symptom {symptom}"
            );
        }
    }
}
