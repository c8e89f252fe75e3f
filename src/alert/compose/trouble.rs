//! A mail about the watch itself, of our own words alone: nothing of a stranger's, nothing out of the store.

use crate::{
    alert::{
        MailParams,
        email::build::{Letter, build},
        trouble::Trouble,
    },
    model::{alert::Rendered, limits, time::Timestamp},
};

/// `detail` is what the system said, for whoever mends it.
pub fn trouble(trouble: Trouble, detail: &str, mail: &MailParams, now: Timestamp) -> Rendered {
    let subject = format!("【監視停止】{}", trouble.headline());
    let detail: String = detail.chars().filter(|c| !c.is_control()).take(limits::ERROR_CHARS).collect();
    let text = format!(
        "■ 監視停止  {}\n{}\n\n何が起きたか\n{}。\n\n影響\n{}\n\n次にすること\n{}\n\n\
         システムの言葉\n{detail}\n\nこのメールはデータベースを通さずに送っています。同じ知らせは6時間に1通までです。\n",
        trouble.headline(),
        now.long(mail.zone),
        trouble.headline(),
        trouble.effect(),
        trouble.cure(),
    );
    // The time makes the thread its own: the same trouble next month is another one.
    let thread = format!("{}{}", trouble.key(), now.millis());
    let letter = Letter { thread: &thread, incident: None, sequence: 1, subject: &subject, text: &text, html: None };
    build(&letter, mail, now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::compose::samples;

    #[test]
    fn a_mail_about_the_watch_itself_says_what_why_and_what_next() {
        let now = Timestamp::parse_rfc3339("2026-02-11T12:00:00+09:00").unwrap();
        let mail = trouble(Trouble::DiskFull, "database or disk is full\r\nBcc: x@evil.example", &samples::mail(), now);
        assert_eq!(mail.subject, "【監視停止】ディスクに空きがなく、記録できません");
        let parsed = mailparse::parse_mail(&mail.mime).unwrap();
        let text = parsed.subparts[0].get_body().unwrap();
        for part in ["空きを作って", "自動で監視に戻ります", "database or disk is full", "2026"] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
        let names: Vec<String> = parsed.headers.iter().map(mailparse::MailHeader::get_key).collect();
        assert!(!names.iter().any(|n| n == "Bcc"), "{names:?}");
        let again = trouble(Trouble::DiskFull, "", &samples::mail(), now + crate::model::time::Span::hours(6));
        assert_ne!(again.message_id, mail.message_id);
    }
}
