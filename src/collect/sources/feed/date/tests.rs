//! The table of spellings.

use super::*;
use proptest::prelude::*;

#[test]
fn sixty_spellings_of_one_moment_are_that_moment() {
    let moment = Timestamp::parse_rfc3339("2026-11-20T09:15:00+09:00").unwrap();
    let spellings = [
        "Fri, 20 Nov 2026 09:15:00 +0900",
        "Fri, 20 Nov 2026 00:15:00 GMT",
        "Fri, 20 Nov 2026 00:15:00 UT",
        "Fri, 20 Nov 2026 00:15:00 Z",
        "Thu, 19 Nov 2026 19:15:00 EST",
        "Fri, 20 Nov 2026 09:15:00 JST",
        "Fri, 20 Nov 2026 09:15:00",
        "Fri, 20 Nov 2026 09:15 +0900",
        "20 Nov 2026 09:15:00 +0900",
        "20 Nov 26 09:15:00 +0900",
        "Friday, 20 November 2026 09:15:00 +0900",
        "Mon, 20 Nov 2026 09:15:00 +0900",
        "Fri, 20 Nov 2026 09:15:00 +09:00",
        "Fri, 20 Nov 2026 09:15:00 +0900 (JST)",
        "Fri,20 Nov 2026 09:15:00 +0900",
        "fri, 20 nov 2026 09:15:00 gmt+9",
        "20-Nov-2026 09:15:00 +0900",
        "Nov 20, 2026 09:15:00 JST",
        "November 20, 2026, 9:15 am",
        "Fri Nov 20 09:15:00 JST 2026",
        "Fri Nov 20 09:15:00 2026",
        "Fri Nov 20 09:15:00 +0900 2026",
        "2026-11-20T09:15:00+09:00",
        "2026-11-20T00:15:00Z",
        "2026-11-20T00:15:00.000Z",
        "2026-11-20T09:15:00.123456+09:00",
        "2026-11-20T09:15:00+0900",
        "2026-11-20T09:15+09:00",
        "2026-11-20T09:15:00",
        "2026-11-20t09:15:00",
        "2026-11-20 09:15:00",
        "2026-11-20 09:15",
        "2026-11-20 09:15:00 +0900",
        "2026-11-20 09:15:00 +09:00",
        "2026-11-20 09:15:00(+0900)",
        "2026-11-20 00:15:00 UTC",
        "2026-11-20 09:15:00 JST",
        "2026/11/20 09:15:00",
        "2026/11/20 9:15",
        "2026/11/20(金) 9:15",
        "2026.11.20 09:15",
        "20261120T091500+0900",
        "20261120T001500Z",
        "20261120T0915",
        "2026年11月20日 09:15:00",
        "2026年11月20日 9時15分",
        "2026年11月20日(金) 9時15分",
        "2026年11月20日（金曜日） 09時15分00秒",
        "2026年11月20日 午前9時15分",
        "2026年11月20日 午前9:15",
        "令和8年11月20日 9時15分",
        "令和8年11月20日(金)9時15分",
        "２０２６年１１月２０日　９時１５分",
        "2026년 11월 20일 09:15:00",
        "11/20/2026 09:15:00",
        "20.11.2026 09:15:00",
        "1795133700",
        "1795133700000",
        "  2026-11-20T09:15:00+09:00\n",
        "金, 20 11月 2026 09:15:00 +0900",
    ];
    for text in spellings {
        let got = parse(text, Zone::JST).map(|t| t.rfc3339(Zone::JST));
        assert_eq!(got.as_deref(), Some(moment.rfc3339(Zone::JST).as_str()), "{text}");
    }
}

#[test]
fn a_day_alone_begins_at_midnight_of_its_place() {
    for text in ["2026-11-20", "2026/11/20", "2026年11月20日", "20261120", "令和8年11月20日", "2026-324", "20 Nov 2026"]
    {
        assert_eq!(parse(text, Zone::JST).unwrap().rfc3339(Zone::JST), "2026-11-20T00:00:00+09:00", "{text}");
    }
    assert_eq!(parse("2026-11", Zone::UTC).unwrap().rfc3339(Zone::UTC), "2026-11-01T00:00:00Z");
    assert_eq!(parse("令和元年5月1日", Zone::UTC).unwrap().rfc3339(Zone::UTC), "2019-05-01T00:00:00Z");
}

#[test]
fn afternoon_and_midnight_are_told_apart() {
    let at = |text| parse(text, Zone::JST).unwrap().rfc3339(Zone::JST);
    assert_eq!(at("2026年11月20日 午後3時05分"), "2026-11-20T15:05:00+09:00");
    assert_eq!(at("Nov 20, 2026 12:30 AM"), "2026-11-20T00:30:00+09:00");
    assert_eq!(at("2026-11-20 24:00"), "2026-11-21T00:00:00+09:00");
}

#[test]
fn what_is_no_date_is_no_date() {
    for text in
        ["", "yesterday", "昨日", "2026-02-30", "20 Foo 2026", "0000-00-00 00:00:00", "1970-01-01T00:00:00Z", "11:20"]
    {
        assert_eq!(parse(text, Zone::JST), None, "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_fall(text in "\\PC{0,40}") {
        let _ = parse(&text, Zone::JST);
    }

    #[test]
    fn no_text_of_digits_and_signs_makes_it_fall(text in "[0-9:TZ+ 年月日時/.,-]{0,40}") {
        let _ = parse(&text, Zone::JST);
    }
}
