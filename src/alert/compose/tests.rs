//! What people will read, and what must never reach them.

use mailparse::MailHeaderMap;

use super::*;
use crate::model::incident::{Counts, Level, State};

pub(super) fn parts(rendered: &Rendered) -> (String, String) {
    let mail = mailparse::parse_mail(&rendered.mime).unwrap();
    let body = |n: usize| mail.subparts.get(n).map(|p| p.get_body().unwrap()).unwrap_or_default();
    (body(0).replace("\r\n", "\n"), body(1).replace("\r\n", "\n"))
}

pub(super) fn compose_now(story: &Story) -> Rendered {
    compose(story, &samples::mail(), samples::NOW)
}

fn all() -> Vec<(&'static str, Story)> {
    vec![
        ("critical", samples::critical()),
        ("ember", samples::ember()),
        ("grave", samples::grave()),
        ("resolved", samples::resolved()),
        ("reignited", samples::reignited()),
    ]
}

#[test]
fn the_text_part_reads_as_reviewed() {
    for (name, story) in all() {
        let rendered = compose_now(&story);
        let (text, _) = parts(&rendered);
        insta::assert_snapshot!(name, format!("件名: {}\n\n{text}", rendered.subject));
    }
}

#[test]
fn a_mail_says_how_much_of_the_company_it_could_not_see() {
    let mut story = samples::critical();
    let said = |story: &Story| parts(&compose_now(story)).0.replace('\n', "");
    assert!(said(&story).contains("取得できていないもの：掲示板まとめ1"), "{}", said(&story));
    story.coverage.unseen_percent = 61;
    assert!(
        said(&story).contains("一部の情報源が見えていません（ふだんこの会社の投稿の約61%が出るところ）：掲示板まとめ1"),
        "{}",
        said(&story)
    );
}

#[test]
fn every_mail_has_exactly_its_headers() {
    for (name, story) in all() {
        let rendered = compose_now(&story);
        let mail = mailparse::parse_mail(&rendered.mime).unwrap();
        let mut wanted = vec![
            "From",
            "Reply-To",
            "Subject",
            "Date",
            "Message-ID",
            "References",
            "Auto-Submitted",
            "X-Auto-Response-Suppress",
            "List-Id",
            "X-Hinomi-Incident",
            "X-Hinomi-Level",
            "X-Hinomi-State",
            "MIME-Version",
            "Content-Type",
        ];
        if story.sequence > 1 {
            wanted.insert(5, "In-Reply-To");
        }
        if story.event.incident.level == Level::Critical {
            wanted.insert(wanted.len() - 2, "Importance");
        }
        let keys: Vec<String> = mail.headers.iter().map(mailparse::MailHeader::get_key).collect();
        assert_eq!(keys, wanted, "{name}");
        assert_eq!(mail.headers.get_first_value("Subject").unwrap(), rendered.subject, "{name}");
        assert_eq!(mail.ctype.mimetype, "multipart/alternative");
        let kinds: Vec<_> =
            mail.subparts.iter().map(|p| (p.ctype.mimetype.as_str(), p.ctype.charset.as_str())).collect();
        assert_eq!(kinds, [("text/plain", "utf-8"), ("text/html", "utf-8")]);
    }
}

#[test]
fn the_thread_hangs_on_a_root_that_nobody_sent() {
    let head = |story: &Story, key: &str| {
        let rendered = compose_now(story);
        mailparse::parse_mail(&rendered.mime).unwrap().headers.get_first_value(key)
    };
    let mut story = samples::critical();
    assert_eq!(head(&story, "Message-ID").unwrap(), "<hn0127.n3@tsubame.example>");
    assert_eq!(head(&story, "In-Reply-To").unwrap(), "<hn0127.n2@tsubame.example>");
    let references = head(&story, "References").unwrap();
    assert_eq!(references, "<hn0127.root@tsubame.example> <hn0127.n1@tsubame.example> <hn0127.n2@tsubame.example>");
    assert_eq!(compose_now(&story).message_id, "hn0127.n3@tsubame.example");
    story.sequence = 1;
    assert_eq!(head(&story, "References").unwrap(), "<hn0127.root@tsubame.example>");
    assert_eq!(head(&story, "In-Reply-To"), None);
    story.sequence = 400;
    let many = head(&story, "References").unwrap();
    assert_eq!(many.split_whitespace().count(), 11, "{many}");
    assert!(many.ends_with("<hn0127.n399@tsubame.example>"));
}

#[test]
fn the_other_headers_say_who_when_and_how_bad() {
    let rendered = compose_now(&samples::critical());
    let mail = mailparse::parse_mail(&rendered.mime).unwrap();
    let value = |key: &str| mail.headers.get_first_value(key).unwrap();
    assert_eq!(value("From"), "火の見 Hinomi <hinomi@tsubame.example>");
    assert_eq!(value("Reply-To"), "<koho@tsubame.example>");
    assert_eq!(value("Date"), "Thu, 12 Feb 2026 10:31:00 +0900");
    assert_eq!(value("Auto-Submitted"), "auto-generated");
    assert_eq!(value("X-Auto-Response-Suppress"), "All");
    assert_eq!(value("X-Hinomi-Incident"), "HN-0127");
    assert_eq!(value("X-Hinomi-Level"), "critical");
    assert_eq!(value("X-Hinomi-State"), "growing");
    assert_eq!(value("Importance"), "high");
}

#[test]
fn bytes_are_ascii_in_short_crlf_lines_and_come_out_the_same_again() {
    for (name, story) in all() {
        let rendered = compose_now(&story);
        assert!(rendered.mime.is_ascii(), "{name}");
        let text = String::from_utf8(rendered.mime.clone()).unwrap();
        assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "{name}: a bare line end");
        for line in text.split("\r\n") {
            assert!(line.len() <= 76, "{name}: {} bytes: {line}", line.len());
        }
        assert_eq!(compose_now(&story), rendered);
    }
}

#[test]
fn no_line_of_the_text_part_is_wider_than_35_letters_but_an_address() {
    for (name, story) in all() {
        let (text, _) = parts(&compose_now(&story));
        for line in text.lines().filter(|l| !l.starts_with("https://hinomi.example")) {
            assert!(text::tests::width(line) <= 70, "{name}: {line}");
        }
    }
}

#[test]
fn subjects_follow_the_pattern() {
    let wanted = [
        "【緊急・拡大】しらかば生命 漏えいの訴え 138件/時（平常45倍）報道あり HN-0127",
        "【注意・発生】みどり屋通販 「勧誘の電話」の訴え 3人（平常0）報道なし HN-0119",
        "【注意・発生】青空テレコム 担当者・関係者の投稿 本人の投稿1件 HN-0130",
        "【収束】しらかば生命 漏えいの訴え 48時間平常 期間6日・最大180件/時 HN-0127",
        "【警戒・再燃】まるふく食品 不買の呼びかけ 110件/時（29日ぶり）HN-0098",
    ];
    for ((_, story), wanted) in all().iter().zip(wanted) {
        assert_eq!(subject(story), wanted);
    }
    let mut story = samples::critical();
    story.event.incident.state = State::Continuing;
    story.event.incident.counts = Counts { last_hour: 96, press: 19, ..story.event.incident.counts.clone() };
    story.previous.as_mut().unwrap().counts.last_hour = 138;
    assert_eq!(subject(&story), "【緊急・継続】しらかば生命 漏えいの訴え 96件/時（前回−30%）報道19件 HN-0127");
    story.event.incident.counts.praise = 323;
    assert_eq!(subject(&story), "【緊急・急増】しらかば生命 応援が多数（好意的90%）HN-0127");
    story.reason = crate::model::alert::Reason::Test;
    assert_eq!(subject(&story), "【試験】Hinomi 送信テスト（対応は不要です）");
}

#[test]
fn private_people_are_not_named_and_public_accounts_are() {
    let (text, html) = parts(&compose_now(&samples::critical()));
    for part in [&text, &html] {
        assert!(!part.contains("hanako"), "a private person is named");
        assert!(part.contains("@kurashi_otoku") && part.contains("ことり経済ニュース"));
        assert!(part.contains("個人（名前は画面で）"));
    }
}

#[test]
fn a_number_stated_by_a_private_person_does_not_name_them() {
    let mut story = samples::critical();
    story.event.incident.affected.as_mut().unwrap().source = "@hanako".into();
    let (text, html) = parts(&compose_now(&story));
    assert!(!text.contains("hanako") && !html.contains("hanako"));
    assert!(text.contains("投稿者の記述・未確認"));
}

#[test]
fn the_only_link_is_the_page_and_there_is_none_without_pages() {
    let (text, html) = parts(&compose_now(&samples::critical()));
    let links: Vec<_> = html.split("href=").skip(1).map(|rest| rest.chars().take(50).collect::<String>()).collect();
    assert_eq!(links.len(), 1, "{links:?}");
    assert!(links[0].starts_with("\"https://hinomi.example/i/HN-0127\""));
    assert!(text.contains("\nhttps://hinomi.example/i/HN-0127\n"));
    for dashboard in
        [None, Some("javascript:alert(1)"), Some("https://a.example/\" onclick=\"x"), Some("ftp://a.example")]
    {
        let mail = MailParams { dashboard: dashboard.map(str::to_owned), ..samples::mail() };
        let (text, html) = parts(&compose(&samples::critical(), &mail, samples::NOW));
        assert!(!html.contains("href") && !text.contains("画面で見る"), "{dashboard:?}");
    }
}

#[test]
fn every_mail_says_that_x_is_not_connected_until_it_is() {
    for (name, story) in all() {
        let (text, html) = parts(&compose_now(&story));
        assert!(
            text.replace('\n', "").contains("X（旧Twitter）は未接続") && html.contains("X（旧Twitter）は未接続"),
            "{name}"
        );
        let mail = MailParams { x_connected: true, ..samples::mail() };
        let (text, html) = parts(&compose(&story, &mail, samples::NOW));
        assert!(!text.contains("未接続") && !html.contains("未接続"), "{name}");
    }
}

#[test]
fn a_small_case_explains_itself_and_is_short() {
    for story in [samples::ember(), samples::grave()] {
        let (text, html) = parts(&compose_now(&story));
        assert!(text.contains("なぜ少数でも知らせたか") && html.contains("なぜ少数でも知らせたか"));
        assert_eq!(text.matches("今日中").count(), 0, "only the first step");
    }
    assert!(!parts(&compose_now(&samples::critical())).0.contains("なぜ少数でも"));
}

#[test]
fn the_end_gives_totals_and_nothing_to_press() {
    let (text, html) = parts(&compose_now(&samples::resolved()));
    for words in ["期間  6日", "最大  180件/時", "2,140件・1,633人", "報道の13時間前に検知"] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    assert!(!text.contains("手引き") && !html.contains("手引き"));
}

#[test]
fn what_cannot_be_rendered_goes_out_plainly() {
    let refuse: Render = |_, _, _| None;
    let panics: Render = |_, _, _| panic!("a template broke");
    for render in [refuse, panics] {
        let rendered = guarded(&samples::critical(), &samples::mail(), samples::NOW, render);
        let mail = mailparse::parse_mail(&rendered.mime).unwrap();
        assert_eq!(mail.subparts.len(), 1);
        assert_eq!(rendered.subject, "【緊急・拡大】HN-0127 投稿355件・248人 報道7件");
        let (text, _) = parts(&rendered);
        assert!(
            text.contains("緊急・拡大  HN-0127")
                && text.contains("138件")
                && text.contains("https://hinomi.example/i/HN-0127")
        );
    }
}

#[test]
#[ignore = "writes pictures for people"]
fn write_samples_for_the_eye() {
    let dir = std::env::temp_dir().join("hinomi-mails");
    std::fs::create_dir_all(&dir).unwrap();
    for (name, story) in all() {
        let (_, html) = parts(&compose_now(&story));
        println!("{name}: {} bytes of HTML", html.len());
        std::fs::write(dir.join(format!("{name}.html")), html).unwrap();
    }
}
