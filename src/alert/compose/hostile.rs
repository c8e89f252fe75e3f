//! Words of strangers in every place where one can put them: the mail keeps its form, its links and its size.

use std::{collections::BTreeSet, sync::LazyLock};

use mailparse::MailHeaderMap;
use proptest::prelude::*;

use super::{
    tests::{compose_now, parts},
    *,
};
use crate::model::{mention::Category, time::Zone};

/// Every element and every attribute's name in a piece of HTML, in order.
fn skeleton(html: &str) -> Vec<String> {
    let mut out = Vec::new();
    for piece in html.split('<').skip(1) {
        let tag = piece.split('>').next().unwrap_or_default();
        let mut quoted = false;
        let bare: String = tag
            .chars()
            .filter(|c| {
                quoted ^= *c == '"';
                !quoted
            })
            .collect();
        out.push(bare);
    }
    out
}

/// Text between tags, as a reader sees it.
fn visible(html: &str) -> String {
    let body = html.split("</style>").nth(1).unwrap_or_default();
    let mut inside = false;
    let text: String = body
        .chars()
        .filter(|c| {
            if *c == '<' {
                inside = true;
            }
            let keep = !inside;
            if *c == '>' {
                inside = false;
            }
            keep
        })
        .collect();
    text.replace("&#8203;", "")
        .replace("&nbsp;", " ")
        .replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&#38;", "&")
}

/// What mail clients turn into links without being asked.
fn autolinks(text: &str) -> Vec<String> {
    static LINK: LazyLock<regex::Regex> = LazyLock::new(|| {
        let pattern = r"(?i)\b(https?|ftp|file|javascript|data)://|\b(mailto|tel|sms|javascript|data):[^\s\]]|\bwww\.\w|[\w-]+\.[a-z]{2,}\b|[\w-]+[。｡．]example\b|[\w.+-]+@[\w-]+";
        regex::Regex::new(pattern).unwrap()
    });
    LINK.find_iter(text).map(|m| m.as_str().to_owned()).collect()
}

fn invisible(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}'..='\u{200f}' | '\u{e0000}'..='\u{e007f}')
}

fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        Just("<script>alert(1)</script>".to_owned()),
        Just("\" onmouseover=\"x".to_owned()),
        Just("</td></tr></table><img src=x>".to_owned()),
        Just("https://bad.example/path?q=1".to_owned()),
        Just("www.bad.example".to_owned()),
        Just("bad。example ｂａｄ．example".to_owned()),
        Just("mailto:hanako@mail.example tel:0312345678".to_owned()),
        Just("javascript:alert(1)".to_owned()),
        Just("ht\u{200b}tp://bad\u{2060}.example".to_owned()),
        Just("<a href='//bad.example'>".to_owned()),
        Just("hanako@mail.example".to_owned()),
        Just("\r\nBcc: victim@bad.example\r\n\r\n".to_owned()),
        Just("=?utf-8?b?QmNjOg==?=".to_owned()),
        Just("\u{202e}\u{2066}\u{e0041}\u{feff}\0".to_owned()),
        Just("{{ v.subject }}{% raw %}".to_owned()),
        Just("--hinomi-hn0127-n3--".to_owned()),
        Just("z\u{300}\u{301}\u{302}\u{303}\u{304}".to_owned()),
        any::<String>(),
        "\\PC{0,300}",
    ];
    proptest::collection::vec(pieces, 0..6).prop_map(|v| v.concat())
}

fn poison(story: &mut Story, words: &[String], spans: &[(usize, usize)]) {
    let word = |n: usize| words[n % words.len()].clone();
    let incident = &mut story.event.incident;
    incident.company.0 = word(0);
    incident.category = Category(word(1).into());
    incident.finding.why = word(2);
    incident.reasons = vec![word(3), word(4)];
    incident.affected.as_mut().unwrap().source = word(5);
    story.event.reason = word(6);
    story.coverage.silent = vec![word(7), word(0)];
    story.recipients_label = word(1);
    for (n, record) in story.posts.iter_mut().enumerate() {
        record.post.text = word(n + 2).repeat(3);
        record.post.title = Some(word(n + 3));
        record.post.author = Some(word(n + 4));
        record.post.author_followers = Some(20_000 * n as u64);
        record.post.url = Some(word(n + 5));
        record.mention.symptom = Some(word(n + 6));
        for (evidence, (start, end)) in record.mention.evidence.iter_mut().zip(spans) {
            (evidence.start, evidence.end) = (*start, *end);
            evidence.category = Category(word(1).into());
            evidence.surface = word(n + 7);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn words_of_strangers_stay_words(
        words in proptest::collection::vec(hostile(), 8),
        spans in proptest::collection::vec((0_usize..400, 0_usize..400), 2),
        ember in any::<bool>(),
    ) {
        let mut story = if ember { samples::ember() } else { samples::critical() };
        if story.event.incident.affected.is_none() {
            story.event.incident.affected = samples::incident().affected;
        }
        let calm: BTreeSet<String> =
            [samples::critical(), samples::ember()].iter().flat_map(|s| skeleton(&parts(&compose_now(s)).1)).collect();
        poison(&mut story, &words, &spans);
        let mail = MailParams { dashboard: None, zone: Zone::JST, ..samples::mail() };
        let rendered = compose(&story, &mail, samples::NOW);

        // The rich mail, not the fallback: hostile words must not be able to take its form away.
        let parsed = mailparse::parse_mail(&rendered.mime).unwrap();
        prop_assert_eq!(parsed.subparts.len(), 2);
        let keys: Vec<String> = parsed.headers.iter().map(mailparse::MailHeader::get_key).collect();
        prop_assert!(!keys.iter().any(|k| k == "Bcc" || k == "To"), "{:?}", keys);
        prop_assert!(keys.len() <= 16);
        prop_assert_eq!(parsed.headers.get_first_value("Subject").unwrap(), rendered.subject.clone());

        let (text, html) = parts(&rendered);
        prop_assert!(html.len() <= limits::MAIL_HTML_BYTES, "{} bytes", html.len());
        for tag in skeleton(&html) {
            prop_assert!(calm.contains(&tag), "a tag that was not ours: {tag:?}");
            prop_assert!(!tag.contains("href"), "a link that was not ours: {tag:?}");
        }
        for seen in [visible(&html), text.clone(), rendered.subject.clone()] {
            prop_assert!(autolinks(&seen).is_empty(), "{:?}", autolinks(&seen));
            let hidden = seen.chars().find(|c| invisible(*c));
            prop_assert!(hidden.is_none(), "{:?}", hidden);
        }
        for line in text.lines() {
            prop_assert!(text::tests::width(line) <= 70, "{line:?}");
        }
        for line in rendered.mime.split(|b| *b == b'\n') {
            prop_assert!(line.len() <= 79, "{:?}", String::from_utf8_lossy(line));
        }
    }
}
