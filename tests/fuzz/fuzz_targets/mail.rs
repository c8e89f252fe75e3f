//! Words of strangers in every place of a story → a mail: exactly its headers, and no link that is not ours.
#![no_main]

use hinomi::{alert, model};
use libfuzzer_sys::fuzz_target;
use mailparse::MailHeaderMap;

use std::{collections::BTreeSet, sync::LazyLock};

use alert::{MailParams, compose::compose, story::Story};
use model::{limits, mention::Category};
use regex::Regex;

#[path = "../../../src/alert/compose/samples.rs"]
#[expect(dead_code, reason = "the stories of the unit tests; not all are needed here")]
mod samples;

/// What mail clients turn into links without being asked.
static AUTOLINK: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"(?i)\b(https?|ftp|file|javascript|data)://|\b(mailto|tel|sms|callto|javascript|data|vbscript):\S|\bwww\.[\p{L}\p{N}]|[\w-]+\.[a-z]{2,}\b|[\w.+-]+@[\w-]+";
    Regex::new(pattern).expect("a good pattern")
});

const HEADERS: [&str; 16] = [
    "From",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "List-Id",
    "X-Hinomi-Incident",
    "X-Hinomi-Level",
    "X-Hinomi-State",
    "Importance",
    "MIME-Version",
    "Content-Type",
];

/// The tags of the stories as we wrote them.
static CALM: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    [samples::critical(), samples::ember(), samples::grave()].iter().flat_map(|s| tags(&parts(s).1)).collect()
});

fn params() -> MailParams {
    MailParams { dashboard: None, ..samples::mail() }
}

fn parts(story: &Story) -> (String, String) {
    let rendered = compose(story, &params(), samples::NOW);
    let mail = mailparse::parse_mail(&rendered.mime).expect("a mail can be parsed");
    let body = |n: usize| mail.subparts.get(n).map(|p| p.get_body().expect("so can its parts")).unwrap_or_default();
    (body(0), body(1))
}

fn tags(html: &str) -> Vec<String> {
    let bare = |tag: &str| tag.split('"').step_by(2).collect::<String>();
    html.split('<').skip(1).map(|piece| bare(piece.split('>').next().unwrap_or_default())).collect()
}

fn visible(html: &str) -> String {
    let body = html.split("</style>").nth(1).unwrap_or_default();
    let text: String = body.split('<').map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text)).collect();
    let text = text.replace("&#8203;", "").replace("&nbsp;", " ").replace("&#60;", "<").replace("&#62;", ">");
    text.replace("&#34;", "\"").replace("&#39;", "'").replace("&#38;", "&")
}

fuzz_target!(|data: &[u8]| {
    let (form, data) = data.split_first().unwrap_or((&0, data));
    let (place, data) = data.split_first().unwrap_or((&0, data));
    let all = String::from_utf8_lossy(data);
    let words: Vec<&str> = all.split('\u{1f}').collect();
    let word = |n: usize| words[n % words.len()].to_owned();
    let mut story = match form % 3 {
        0 => samples::critical(),
        1 => samples::ember(),
        _ => samples::grave(),
    };
    let incident = &mut story.event.incident;
    incident.company.0 = word(0);
    incident.category = Category(word(1).into());
    incident.finding.why = word(2);
    incident.reasons = vec![word(3), word(4)];
    if let Some(affected) = &mut incident.affected {
        affected.source = word(5);
    }
    story.event.reason = word(6);
    story.coverage.silent = vec![word(7), word(0)];
    story.recipients_label = word(1);
    for (n, record) in story.posts.iter_mut().enumerate() {
        record.post.text = word(n + 2);
        record.post.title = Some(word(n + 3));
        record.post.author = Some(word(n + 4));
        record.post.author_followers = Some(20_000 * n as u64);
        record.post.url = Some(word(n + 5));
        record.mention.symptom = Some(word(n + 6));
        for evidence in &mut record.mention.evidence {
            (evidence.start, evidence.end) = (usize::from(*place), usize::from(*place) + n + 3);
            evidence.category = Category(word(1).into());
            evidence.surface = word(n + 7);
        }
    }

    let rendered = compose(&story, &params(), samples::NOW);
    let mail = mailparse::parse_mail(&rendered.mime).expect("a mail can be parsed");
    assert_eq!(mail.subparts.len(), 2, "the plain mail instead of the rich one");
    let keys: Vec<String> = mail.headers.iter().map(mailparse::MailHeader::get_key).collect();
    assert!(keys.iter().all(|k| HEADERS.contains(&k.as_str())), "{keys:?}");
    assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len(), "{keys:?}");
    assert_eq!(mail.headers.get_first_value("Subject").as_ref(), Some(&rendered.subject));
    assert!(rendered.mime.split(|b| *b == b'\n').all(|line| line.len() <= 79));

    let (text, html) = parts(&story);
    assert!(html.len() <= limits::MAIL_HTML_BYTES, "{} bytes", html.len());
    for tag in tags(&html) {
        assert!(CALM.contains(&tag) && !tag.contains("href"), "a tag that is not ours: {tag:?}");
    }
    for seen in [visible(&html), text, rendered.subject] {
        let live = AUTOLINK.find(&seen);
        assert!(live.is_none(), "{live:?}");
        let hidden = seen.chars().find(|c| {
            c.is_control() && *c != '\n' && *c != '\r'
                || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}'..='\u{200f}' | '\u{e0000}'..='\u{e007f}')
        });
        assert_eq!(hidden, None);
    }
});
