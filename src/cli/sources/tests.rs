use super::*;
use crate::model::source::Meter;

fn now() -> Timestamp {
    Timestamp::parse_rfc3339("2026-02-11T12:00:00+09:00").unwrap()
}

fn figures(name: &str, status: SourceStatus) -> SourceFigures {
    let fails = matches!(status, SourceStatus::Failing | SourceStatus::Gone);
    SourceFigures {
        source: SourceName(name.into()),
        channel: Some("sns".into()),
        status,
        last_ok_at: Some(now() - if fails { Span::hours(30) } else { Span::minutes(3) }),
        next_due_at: now() + Span::minutes(12),
        errors: u64::from(fails) * 4,
        last_error: fails.then(|| "no answer in time".to_owned()),
        lag_p50: (!fails).then_some(Span::minutes(5)),
        lag_p95: (!fails).then_some(Span::hours(2)),
        items_24h: if fails { 0 } else { 41 },
        expected_24h: Some(38.6),
        quota: None,
        visits_24h: 96,
        failed_24h: u64::from(fails) * 96,
        not_modified_24h: 80,
        bytes_24h: 345_678,
        saved_bytes_24h: Some(1_728_390),
    }
}

fn all() -> Vec<Row> {
    let known = vec![
        figures("blog", SourceStatus::Ok),
        figures("声", SourceStatus::Failing),
        figures("press", SourceStatus::Quiet),
        figures("was here once", SourceStatus::Failing),
    ];
    let listed = ["blog", "声", "press", "tomorrow"].map(|n| SourceName(n.into())).to_vec();
    rows(known, Some(listed))
}

#[test]
fn who_needs_a_person_comes_first_and_who_is_not_listed_not_at_all() {
    let names: Vec<String> = all().iter().map(|r| r.name.0.clone()).collect();
    assert_eq!(names, ["声", "press", "tomorrow", "blog"]);
}

#[test]
fn what_a_service_counts_stands_below_its_row() {
    let quota = |used, limit, unit| Some(Meter { used, limit, unit, resets_at: now() + Span::days(18) });
    let x = SourceFigures { quota: quota(12.345, 50.0, MeterUnit::Usd), ..figures("x", SourceStatus::Ok) };
    let tube = SourceFigures { quota: quota(40.0, 100.0, MeterUnit::Calls), ..figures("v", SourceStatus::Failing) };
    let text = said(&rows(vec![x, tube], None), now(), Lang::Ja, 140);
    assert!(text.contains("    使用 $12.35 / $50.00（3/1 12:00 まで）\n"), "{text}");
    assert!(text.contains("    使用 40 / 100（3/1 12:00 まで）  no answer in time\n"), "{text}");
}

#[test]
fn a_wide_terminal_gets_a_table() {
    insta::assert_snapshot!(said(&all(), now(), Lang::Ja, 140), @r"
    状態    情報源    最後の成功  次の訪問  24時間(ふだん)  遅れ 半数/95%  受信(304)
    ▲ 失敗  声        30時間前    12分後    0 (39)          —              337.6 KB (80/96)
        no answer in time
    ◇ 静か  press     3分前       12分後    41 (39)         5分/2時間      337.6 KB (80/96)
    ○ 新規  tomorrow  —           —         —               —              —
    ● 正常  blog      3分前       12分後    41 (39)         5分/2時間      337.6 KB (80/96)
    情報源 4  ▲ 失敗 1  ◇ 静か 1  ○ 新規 1  ● 正常 1
    ");
    let later = said(&all(), now() + Span::hours(1), Lang::En, 140);
    assert!(
        later.contains("1h ago") && later.contains("due") && later.ends_with("Is hinomi run running?\n"),
        "{later}"
    );
}

#[test]
fn a_narrow_terminal_gets_blocks() {
    insta::assert_snapshot!(said(&all()[2..], now(), Lang::Ja, 60), @r"
    ○ 新規  tomorrow
        最後の成功 —  次の訪問 —  24時間(ふだん) —
        遅れ 半数/95% —  受信(304) —
    ● 正常  blog
        最後の成功 3分前  次の訪問 12分後
        24時間(ふだん) 41 (39)  遅れ 半数/95% 5分/2時間
        受信(304) 337.6 KB (80/96)
    情報源 2  ○ 新規 1  ● 正常 1
    ");
}

#[test]
fn a_script_gets_the_columns_of_the_view() {
    let rows = all();
    assert_eq!(object(&rows[0])["status"], "failing");
    assert_eq!(object(&rows[0])["last_ok"], "2026-02-10T06:00:00+09:00");
    assert_eq!(object(&rows[3])["lag_p95_s"], 7200);
    assert_eq!(object(&rows[2]).to_string(), r#"{"source":"tomorrow","status":"new"}"#);
}
