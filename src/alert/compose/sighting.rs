//! A mail about the eyes: which sources cannot be read, since when, and what that means for what is counted.

use crate::{
    alert::{
        MailParams,
        email::build::{Letter, build},
        inert::inert_to,
        sighting::{Dark, Sighting},
    },
    model::{
        alert::Rendered,
        time::{Timestamp, Zone},
    },
};

/// Sources that a mail names.
const NAMED: usize = 10;
/// Letters of a name, and of what its server said.
const NAME: usize = 24;
const ERROR: usize = 80;

/// A mail of plain text; short, because it is about us and not about the company.
pub fn sighting(sighting: &Sighting, mail: &MailParams, now: Timestamp) -> Rendered {
    let zone = mail.zone;
    let (subject, text) = match sighting {
        Sighting::Blind { since, dark, all } => (
            format!("【監視低下】情報源の半分以上が読めていません（{}のうち{}）", all, dark.len()),
            blind(*since, dark, *all, zone),
        ),
        Sighting::SeesAgain { since, until, dark, all } => (
            format!("【監視回復】情報源が読めるようになりました（{}のうち{}）", all, all - dark.len()),
            sees_again(*since, *until, dark, zone),
        ),
        Sighting::Lost(dark) => (lost_subject(dark), lost(dark, zone)),
    };
    // A word that goes out again is the same mail; the word that ends it answers it.
    let (began, sequence) = match sighting {
        Sighting::Blind { since, .. } => (*since, 1),
        Sighting::SeesAgain { since, .. } => (*since, 2),
        Sighting::Lost(_) => (now, 1),
    };
    let thread = match sighting {
        Sighting::Lost(_) => format!("lost{}", began.millis()),
        _ => format!("blind{}", began.millis()),
    };
    let letter = Letter { thread: &thread, incident: None, sequence, subject: &subject, text: &text, html: None };
    build(&letter, mail, now)
}

fn blind(since: Timestamp, dark: &[Dark], all: usize, zone: Zone) -> String {
    format!(
        "■ 監視低下  情報源の半分以上が読めていません\n\n何が起きたか\n{}から、{all}の情報源のうち{}が読めていません。\n\n\
         影響\nこの間の投稿は、まだ数えられていません。件数が少なく見えても、静かだという意味ではありません。\n\
         読めるようになれば、さかのぼって取り込み、投稿された時刻で数えます。\n\n次にすること\n\
         多くが同時に読めないときは、こちらの回線・DNS・プロキシのことがほとんどです。hinomi check で確かめてください。\n\n\
         読めていない情報源\n{}\n読めるようになったら、もう一度お知らせします。それまで同じ知らせは送りません。\n",
        since.long(zone),
        dark.len(),
        list(dark, zone),
    )
}

fn sees_again(since: Timestamp, until: Timestamp, dark: &[Dark], zone: Zone) -> String {
    let mut text = format!(
        "情報源が読めるようになりました。{}から{}まで（{}）、半分以上が読めていませんでした。\n\
         この間の投稿はさかのぼって取り込み、投稿された時刻で数えています。気になる動きがあれば、遅れて通知が届きます。\n",
        since.long(zone),
        until.long(zone),
        (until - since).ja(),
    );
    if !dark.is_empty() {
        text.push_str("\nまだ読めていない情報源\n");
        text.push_str(&list(dark, zone));
    }
    text
}

fn lost_subject(dark: &[Dark]) -> String {
    let first = dark.first().map_or_else(String::new, |d| inert_to(&d.source.0, NAME));
    let more = dark.len().saturating_sub(1);
    if more == 0 {
        format!("【監視低下】1日以上読めていない情報源があります（{first}）")
    } else {
        format!("【監視低下】1日以上読めていない情報源があります（{first} ほか{more}）")
    }
}

fn lost(dark: &[Dark], zone: Zone) -> String {
    format!(
        "■ 監視低下  1日以上読めていない情報源があります\n\n{}\n\
         影響\nここからの投稿は数えられていません。ほかの情報源の監視は続いています。\n\n\
         次にすること\n移転や終了であれば、設定の URL を直すか外してください。鍵の期限切れなら、新しい鍵にしてください。\n\
         今の様子は hinomi sources で見られます。直るまで試し続けますが、同じ知らせは送りません。\n",
        list(dark, zone),
    )
}

fn list(dark: &[Dark], zone: Zone) -> String {
    let line = |d: &Dark| {
        let never = || "一度も読めていません".to_owned();
        let last = d.last_ok_at.map_or_else(never, |at| format!("最後に読めたのは {}", at.long(zone)));
        let error = d.error.as_ref().map_or_else(String::new, |e| format!("（{}）", inert_to(e, ERROR)));
        format!("・{}  {last}{error}\n", inert_to(&d.source.0, NAME))
    };
    let mut text: String = dark.iter().take(NAMED).map(line).collect();
    if dark.len() > NAMED {
        text = format!("{text}・ほか{}\n", dark.len() - NAMED);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        alert::compose::samples,
        model::{post::SourceName, time::Span},
    };

    fn now() -> Timestamp {
        Timestamp::parse_rfc3339("2026-02-11T12:00:00+09:00").unwrap()
    }

    fn dark(name: &str) -> Dark {
        let error = Some("the connection failed: http://evil.example/\r\nBcc: x@evil.example".to_owned());
        Dark { source: SourceName(name.to_owned()), last_ok_at: Some(now() - Span::hours(2)), error }
    }

    fn body(mail: &Rendered) -> String {
        mailparse::parse_mail(&mail.mime).unwrap().subparts[0].get_body().unwrap()
    }

    #[test]
    fn it_says_what_cannot_be_read_what_that_means_and_what_to_do() {
        let blind =
            Sighting::Blind { since: now(), dark: (0..12).map(|n| dark(&format!("声{n}"))).collect(), all: 20 };
        let mail = sighting(&blind, &samples::mail(), now());
        assert_eq!(mail.subject, "【監視低下】情報源の半分以上が読めていません（20のうち12）");
        let text = body(&mail);
        for part in ["12:00", "声0", "声9", "ほか2", "静かだという意味ではありません", "hinomi check"]
        {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
        assert!(!text.contains("http://evil.example"), "a link that works: {text}");
        let headers = mailparse::parse_mail(&mail.mime)
            .unwrap()
            .headers
            .iter()
            .map(mailparse::MailHeader::get_key)
            .collect::<Vec<_>>();
        assert!(!headers.iter().any(|n| n == "Bcc"), "{headers:?}");
    }

    #[test]
    fn the_word_that_ends_it_answers_the_word_that_began_it() {
        let blind = sighting(&Sighting::Blind { since: now(), dark: vec![dark("a")], all: 1 }, &samples::mail(), now());
        let until = now() + Span::hours(6);
        let end = Sighting::SeesAgain { since: now(), until, dark: vec![dark("声")], all: 4 };
        let end = sighting(&end, &samples::mail(), until);
        assert_eq!(end.subject, "【監視回復】情報源が読めるようになりました（4のうち3）");
        assert!(
            String::from_utf8_lossy(&end.mime)
                .contains(&format!("In-Reply-To: <{}>", blind.message_id.trim_matches(['<', '>'])))
        );
        assert!(body(&end).contains("6時間") && body(&end).contains("・声  最後に読めたのは"), "{}", body(&end));
    }

    #[test]
    fn lost_sources_are_named_together() {
        let one = sighting(&Sighting::Lost(vec![dark("通販の声")]), &samples::mail(), now());
        assert_eq!(one.subject, "【監視低下】1日以上読めていない情報源があります（通販の声）");
        let two = sighting(&Sighting::Lost(vec![dark("通販の声"), dark("b")]), &samples::mail(), now());
        assert!(two.subject.ends_with("（通販の声 ほか1）") && body(&two).contains("hinomi sources"));
    }
}
