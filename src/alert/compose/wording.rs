//! Numbers, times and topics in the Japanese of our mails.
//!
//! Wording rule: a mail reports what posts say (訴える投稿), never that it happened.

use crate::{
    alert::inert::inert_to,
    model::{
        incident::{DetectorName, Incident, IncidentRole},
        mention::{Category, Grave, Mention},
        post::Channel,
        time::{Span, Timestamp, Zone},
    },
};

/// Letters of a company's name in headline and subject.
const COMPANY: usize = 40;
/// Letters of a symptom or of a customer's own category.
const TOPIC: usize = 16;
/// Letters of a telling word.
const WORD: usize = 24;

/// `1,204`.
pub(super) fn commas(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// As people say it: `214`, `8.6万`, `21万`, `1.2億`.
pub(super) fn about(n: u64) -> String {
    let scaled = |unit: u64, name: &str| {
        let tenths = n / (unit / 10);
        if tenths < 100 && !tenths.is_multiple_of(10) {
            format!("{}.{}{name}", tenths / 10, tenths % 10)
        } else {
            format!("{}{name}", commas(tenths / 10))
        }
    };
    match n {
        0..10_000 => commas(n),
        10_000..100_000_000 => scaled(10_000, "万"),
        _ => scaled(100_000_000, "億"),
    }
}

/// A stated number, never rounded: `11万`, `11.2万`, `112,345`.
pub(super) fn exact(n: u64) -> String {
    let round =
        (n >= 10_000 && n.is_multiple_of(10_000)) || (n.is_multiple_of(1_000) && (10_000..100_000).contains(&n));
    if round && n < 100_000_000 { about(n) } else { commas(n) }
}

/// One decimal under 10: `3.1`, `45`.
pub(super) fn decimal(x: f64) -> String {
    if !x.is_finite() {
        return "0".to_owned();
    }
    let x = x.max(0.0);
    if x < 9.95 {
        let text = format!("{x:.1}");
        text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
    } else {
        format!("{x:.0}")
    }
}

/// `45倍`.
pub(super) fn times(x: f64) -> String {
    if x.is_finite() && (0.05..9.95).contains(&x) { format!("{x:.1}倍") } else { format!("{}倍", decimal(x)) }
}

/// `10:26` today, `2/11 21:04` otherwise, with the year when it is long ago.
pub(super) fn moment(at: Timestamp, now: Timestamp, zone: Zone) -> String {
    let (a, n) = (at.civil(zone), now.civil(zone));
    if (a.year, a.month, a.day) == (n.year, n.month, n.day) {
        format!("{}:{:02}", a.hour, a.minute)
    } else {
        moment_with_day(at, now, zone)
    }
}

/// `2/11 21:04`, with the year when it is long ago.
pub(super) fn moment_with_day(at: Timestamp, now: Timestamp, zone: Zone) -> String {
    if (now - at).millis().abs() > Span::days(300).millis() {
        format!("{}/{}", at.civil(zone).year, at.short(zone))
    } else {
        at.short(zone)
    }
}

/// `13時間27分前`.
pub(super) fn ago(at: Timestamp, now: Timestamp) -> String {
    let span = now - at;
    if span < Span::minutes(1) { "たった今".to_owned() } else { format!("{}前", span.ja()) }
}

/// The company, cleaned.
pub(super) fn company(incident: &Incident) -> String {
    let name = inert_to(&incident.company.0, COMPANY);
    if name.is_empty() { "（会社名なし）".to_owned() } else { name }
}

/// The category, cleaned: a customer may have named it.
pub(super) fn category(category: &Category) -> String {
    inert_to(category.ja(), TOPIC)
}

/// What people complain of, for a subject: `漏えいの訴え`.
pub(super) fn topic(incident: &Incident, origin: Option<&Mention>) -> String {
    let told_by_few = matches!(incident.finding.detector, DetectorName::Ember | DetectorName::Grave);
    if let (DetectorName::Grave, Some(grave)) = (incident.finding.detector, origin.and_then(|m| m.grave)) {
        // Only while it is about that one post; a crowd has a topic of its own.
        if incident.counts.originals <= 2 {
            return match grave {
                Grave::Insider => "担当者・関係者の投稿",
                Grave::Injury => "けが・異物の訴え",
                Grave::Threat => "危害をほのめかす投稿",
                Grave::LeakClaim => "漏えいの訴え",
            }
            .to_owned();
        }
    }
    if let (true, Some(symptom)) = (told_by_few, origin.and_then(|m| m.symptom.as_deref())) {
        let symptom = inert_to(symptom, TOPIC);
        if !symptom.is_empty() {
            return format!("「{symptom}」の訴え");
        }
    }
    let harmed = matches!(incident.role, IncidentRole::Victim);
    match (incident.category.as_str(), incident.role) {
        (_, IncidentRole::Impersonated) => "なりすましの訴え".to_owned(),
        (_, IncidentRole::Misquoted) => "誤った引用の拡散".to_owned(),
        ("leak", IncidentRole::ClientOfContractor) => "委託先の漏えいの訴え".to_owned(),
        ("leak", _) => "漏えいの訴え".to_owned(),
        ("complaint", _) => "苦情の訴え".to_owned(),
        ("safety", _) => "安全の訴え".to_owned(),
        ("conduct", _) if harmed => "迷惑行為の投稿".to_owned(),
        ("conduct", _) => "不適切な行為の訴え".to_owned(),
        ("boycott", _) => "不買の呼びかけ".to_owned(),
        ("incident", _) => "障害・不祥事の訴え".to_owned(),
        ("praise", _) => "好意の投稿".to_owned(),
        ("other", _) => "その他の話題".to_owned(),
        _ => format!("{}の訴え", category(&incident.category)),
    }
}

/// What decides how urgent it is: the press before sites that gather posts before videos.
pub(super) fn decider(incident: &Incident) -> &'static str {
    let on = |channel| incident.channels.iter().any(|c| c.channel == channel && c.posts > 0);
    if incident.counts.press > 0 || incident.press_at.is_some() {
        "報道あり"
    } else if on(Channel::Matome) {
        "まとめ掲載"
    } else if on(Channel::Video) {
        "動画に掲載"
    } else {
        "報道なし"
    }
}

/// Share of posts that praise or support, where they are the many: such a surge is no fire.
pub(super) fn praise_share(incident: &Incident) -> Option<u64> {
    let counts = &incident.counts;
    let percent = (counts.praise.min(counts.mentions) * 100).checked_div(counts.mentions)?;
    (percent >= 60).then_some(percent)
}

/// Time since it had ended, where the incident came back.
pub(super) fn away(incident: &Incident, told: Option<Timestamp>, at: Timestamp) -> Option<String> {
    let span = at - incident.closed_at.or(told)?;
    let days = span.as_seconds() / 86_400;
    match days {
        ..0 => None,
        0 => Some(format!("{}ぶり", span.ja())),
        _ => Some(format!("{days}日ぶり")),
    }
}

/// A sentence of ours that may hold words of strangers, ended properly.
pub(super) fn sentence(text: &str, letters: usize) -> String {
    let text = inert_to(text, letters);
    let open = !text.is_empty() && !text.ends_with(['。', '！', '？', '…', '!', '?']);
    if open { format!("{text}。") } else { text }
}

/// The words that led to the score, most telling first, in their own spelling.
pub(super) fn telling_words(mentions: &[&Mention], category: &Category) -> Vec<String> {
    let mut found: Vec<(f32, String)> = Vec::new();
    for evidence in mentions.iter().flat_map(|m| &m.evidence).filter(|e| e.category == *category && e.weight > 0.0) {
        let word = inert_to(&evidence.surface, WORD);
        match found.iter_mut().find(|(_, known)| *known == word) {
            Some((weight, _)) => *weight = weight.max(evidence.weight),
            None if !word.is_empty() => found.push((evidence.weight, word)),
            None => {}
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    found.into_iter().take(3).map(|(_, word)| word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_say_them() {
        let read = [0, 214, 1_204, 10_000, 86_400, 214_000, 120_000_000, u64::MAX].map(about);
        assert_eq!(read, ["0", "214", "1,204", "1万", "8.6万", "21万", "1.2億", "184,467,440,737億"]);
        assert_eq!([110_000, 112_345, 12_000, 15_100, 999].map(exact), ["11万", "112,345", "1.2万", "15,100", "999"]);
        assert_eq!([0.04, 3.1, 9.96, 45.2, f64::NAN].map(decimal), ["0", "3.1", "10", "45", "0"]);
        assert_eq!([0.5, 2.0, 45.2].map(times), ["0.5倍", "2.0倍", "45倍"]);
    }

    #[test]
    fn a_moment_is_as_long_as_it_must_be() {
        let now = Timestamp::from_civil((2026, 2, 12), (10, 31, 0), Zone::JST).unwrap();
        assert_eq!(moment(now - Span::minutes(5), now, Zone::JST), "10:26");
        assert_eq!(moment(now - Span::hours(11), now, Zone::JST), "2/11 23:31");
        assert_eq!(moment(now - Span::days(400), now, Zone::JST), "2025/1/8 10:31");
    }

    #[test]
    fn own_sentences_end_with_a_stop() {
        assert_eq!(sentence("報道が加わりました", 50), "報道が加わりました。");
        assert_eq!(sentence("報道が加わりました。", 50), "報道が加わりました。");
        assert_eq!(sentence("", 50), "");
    }
}
