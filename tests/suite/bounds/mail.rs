//! What the words of strangers can make of a mail.

use hinomi::{
    alert::{
        MailParams,
        compose::{compose, subject},
        story::Story,
    },
    model::{alert::Rendered, incident::ChannelFirst, limits, mention::Category, post::Channel, time::Span},
};
use unicode_segmentation::UnicodeSegmentation;

/// The stories of the unit tests, read from their own file.
#[path = "../../../src/alert/compose/samples.rs"]
#[expect(dead_code, reason = "not all of them are needed here")]
mod samples;

fn html(rendered: &Rendered) -> String {
    let mail = mailparse::parse_mail(&rendered.mime).unwrap();
    assert_eq!(mail.subparts.len(), 2, "the plain mail went out instead");
    mail.subparts[1].get_body().unwrap()
}

fn composed(story: &Story) -> Rendered {
    compose(story, &samples::mail(), samples::NOW)
}

/// An incident with everything in it that anybody could put there.
fn monstrous(word: &str) -> Story {
    let mut story = samples::critical();
    let incident = &mut story.event.incident;
    incident.company.0 = word.to_owned();
    incident.category = Category(word.to_owned().into());
    incident.finding.why = word.to_owned();
    incident.reasons = vec![word.to_owned(); 1000];
    incident.affected.as_mut().unwrap().source = word.to_owned();
    incident.affected.as_mut().unwrap().number = u64::MAX;
    incident.counts.views = u64::MAX;
    incident.counts.mentions = u64::MAX;
    incident.channels =
        vec![ChannelFirst { channel: Channel::Sns, first_at: samples::NOW - Span::days(30), posts: u64::MAX }; 500];
    story.event.reason = word.to_owned();
    story.coverage.silent = vec![word.to_owned(); 5000];
    story.recipients_label = word.to_owned();
    story.hourly = (0..10_000).map(|i| (samples::NOW - Span::hours(i), u64::MAX)).collect();
    let one = story.posts[0].clone();
    story.posts = vec![one; 20];
    for record in &mut story.posts {
        record.post.text = word.to_owned();
        record.post.title = Some(word.to_owned());
        record.post.author = Some(word.to_owned());
        record.post.author_followers = Some(u64::MAX);
        record.post.url = Some(format!("https://sns.example/{word}"));
        record.mention.symptom = Some(word.to_owned());
        let one = record.mention.evidence[0].clone();
        record.mention.evidence = (0..limits::EVIDENCE)
            .map(|i| hinomi::model::mention::Evidence { start: 2 * i, end: 2 * i + 1, ..one.clone() })
            .collect();
    }
    story
}

#[test]
fn no_incident_is_monstrous_enough_for_a_clipped_mail() {
    for word in ["火", "<&\"'>", "\u{1f525}", "x", "ﷺ", "a\u{301}\u{302}", "bad.example ", "&amp;"] {
        let html = html(&composed(&monstrous(&word.repeat(1500))));
        assert!(html.len() <= limits::MAIL_HTML_BYTES, "{word:?}: {} bytes", html.len());
        // Room for the words we have not thought of.
        assert!(html.len() <= limits::MAIL_HTML_BYTES / 10 * 9, "{word:?}: {} bytes", html.len());
    }
}

#[test]
fn a_post_is_quoted_up_to_the_limit_and_with_a_sign_beyond() {
    let quoted = |letters: usize| {
        let mut story = samples::ember();
        story.posts[0].post.text = "火".repeat(letters);
        story.posts[0].mention.evidence.clear();
        let html = html(&composed(&story));
        (html.matches('火').count() - html_without(&story), html.contains("火…"))
    };
    assert_eq!(quoted(limits::EXCERPT_CHARS), (limits::EXCERPT_CHARS, false));
    assert_eq!(quoted(limits::EXCERPT_CHARS + 1), (limits::EXCERPT_CHARS - 1, true));
}

/// How often the letter of the test above stands in the mail's own words.
fn html_without(story: &Story) -> usize {
    let mut story = story.clone();
    story.posts[0].post.text = "木".to_owned();
    html(&composed(&story)).matches('火').count()
}

#[test]
fn a_subject_ends_at_its_limit() {
    let params = MailParams { dashboard: None, ..samples::mail() };
    for word in ["会社", "👨‍👩‍👧", "x", "か\u{3099}"] {
        let story = monstrous(&word.repeat(400));
        let sent = compose(&story, &params, samples::NOW).subject;
        assert!(sent.graphemes(true).count() <= limits::SUBJECT_CHARS, "{sent}");
        assert!(subject(&story).graphemes(true).count() <= limits::SUBJECT_CHARS, "{}", subject(&story));
    }
}
