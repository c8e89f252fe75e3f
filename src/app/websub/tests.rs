use super::*;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const TOPIC: &str = "https://news.example.jp/rss";
const HUB: &str = "https://hub.example.jp/";

fn all() -> (Subscriptions, SourceName) {
    let all = Subscriptions::new(Pseudonyms::with_key(b"a key of the tests").unwrap());
    (all, SourceName("ニュース".into()))
}

#[test]
fn a_ticket_is_known_again_by_whoever_has_the_key_and_by_nobody_else() {
    let (subscriptions, source) = all();
    let ticket = subscriptions.ticket(&source, TOPIC);
    assert!(ticket.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.'), "{ticket}");
    let (same_key, _) = all();
    assert_eq!(same_key.read(&ticket), Some((source.clone(), TOPIC.to_owned())));
    let other = Subscriptions::new(Pseudonyms::with_key(b"another key of the tests").unwrap());
    assert_eq!(other.read(&ticket), None);
    let (named, seal) = ticket.split_once('.').unwrap();
    let forged = hex(&serde_json::to_vec(&("other", TOPIC)).unwrap());
    for wrong in [
        String::new(),
        ".".into(),
        named.into(),
        format!("{named}."),
        format!("{forged}.{seal}"),
        format!("{named}.{seal}0"),
        "zz.zz".into(),
    ] {
        assert_eq!(subscriptions.read(&wrong), None, "{wrong}");
    }
    assert_ne!(subscriptions.secret(&source, TOPIC), seal);
}

#[test]
fn a_hub_is_asked_at_once_then_ever_more_rarely_until_it_asks_back() {
    let (subscriptions, source) = all();
    subscriptions.offer(&source, HUB, TOPIC, NOW);
    let due = |at: Timestamp| subscriptions.due("https://hinomi.example.jp", at);
    let (_, hub, form) = due(NOW).pop().unwrap();
    assert_eq!(hub, HUB);
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(form.as_bytes()).into_owned().collect();
    let ticket = subscriptions.ticket(&source, TOPIC);
    assert_eq!(form["hub.callback"], format!("https://hinomi.example.jp/websub/{ticket}"));
    assert_eq!((form["hub.mode"].as_str(), form["hub.topic"].as_str()), ("subscribe", TOPIC));
    assert!(form["hub.secret"].len() < 200);
    // The same offer again is nothing new.
    subscriptions.offer(&source, HUB, TOPIC, NOW);
    assert!(due(NOW + Span::minutes(9)).is_empty());
    assert_eq!(due(NOW + Span::minutes(10)).len(), 1);
    assert!(due(NOW + Span::minutes(29)).is_empty());
    assert_eq!(due(NOW + Span::minutes(30)).len(), 1);
    // It never gives up.
    assert_eq!(due(NOW + Span::days(9)).len(), 1);
    assert_eq!(due(NOW + Span::days(10)).len(), 1);
    // Another hub is asked at once.
    subscriptions.offer(&source, "https://hub.example/2", TOPIC, NOW + Span::days(10));
    assert_eq!(due(NOW + Span::days(10)).len(), 1);
    subscriptions.keep(|_| false);
    assert!(due(NOW + Span::days(99)).is_empty());
}

#[test]
fn a_lease_is_renewed_when_four_fifths_of_it_are_over() {
    let mut lease = Lease { hub: HUB.into(), topic: TOPIC.into(), next_at: NOW, tries: 3 };
    for (given, pause) in
        [(Span::days(5), Span::days(4)), (Span::ZERO, Span::minutes(8)), (Span::days(9_999), Span::days(24))]
    {
        lease.granted(given, NOW);
        assert_eq!((lease.next_at - NOW, lease.tries), (pause, 0));
    }
    lease.denied(NOW);
    assert_eq!(lease.next_at, NOW + LONGEST);
}

#[test]
fn a_signature_is_of_this_body_with_this_secret_by_a_known_method() {
    // Made with `openssl dgst -sha256 -hmac secret` and its like.
    let body = b"<rss/>";
    let sha256 = "sha256=5f74509bd137b5135e73bb30f53d1fe7fd111e07cf39bd57970d148c90bb1f2a";
    let sha1 = "sha1=964b65eb9a12e7d992ed0309dd6653592fe62735";
    for good in [sha256, sha1, &sha256.to_uppercase()] {
        assert!(is_signed("secret", Some(good), body), "{good}");
        assert!(!is_signed("secret", Some(good), b"<rss />") && !is_signed("Secret", Some(good), body), "{good}");
    }
    let cut = sha256.strip_suffix(|_: char| true).unwrap();
    for wrong in
        [None, Some(""), Some("sha256="), Some("sha256"), Some(cut), Some("md5=00"), Some("sha1=zz"), Some("sha256=00")]
    {
        assert!(!is_signed("secret", wrong, body), "{wrong:?}");
    }
}
