use super::*;

const REGULATOR: &str = include_str!("../../../../../tests/fixtures/pages/regulator.html");
const DL: &str = include_str!("../../../../../tests/fixtures/pages/corporate-dl.html");
const CARDS: &str = include_str!("../../../../../tests/fixtures/pages/corporate-cards.html");
const TABLE: &str = include_str!("../../../../../tests/fixtures/pages/corporate-table.html");
const UNDATED: &str = include_str!("../../../../../tests/fixtures/pages/undated.html");

fn read(page: &str, selector: Option<&str>) -> Vec<Row> {
    let url = Url::parse("https://www.example.jp/news/").unwrap();
    let selector = selector.map(|s| Selector::parse(s).unwrap());
    rows(&Tree::of(page), selector.as_ref(), Origin { url: Some(&url), zone: Zone::JST }).0
}

fn day(at: Timestamp) -> String {
    at.rfc3339(Zone::JST).split('T').next().unwrap().to_owned()
}

/// Date, title, link.
fn shown(page: &str, selector: Option<&str>) -> Vec<String> {
    let date = |row: &Row| row.published.map_or("-".into(), day);
    let path = |row: &Row| row.link.clone().unwrap_or_default().replace("https://www.example.jp", "");
    read(page, selector).iter().map(|row| format!("{} {} {}", date(row), row.title, path(row))).collect()
}

const OF_THE_REGULATOR: [&str; 4] = [
    "2026-11-20 株式会社つばめ電機に対する個人情報の保護に関する法律に基づく行政上の対応について /news/press/2026/201120_houdou/",
    "2026-11-18 青空テレコムにおける漏えい等事案に関する報告の受領について（PDF：512KB） /files/pdf/261118_shiryou.pdf",
    "2026-11-02 第300回委員会を開催しました /news/2026/1102/",
    "2019-05-07 ウェブサイトを新しくしました /news/2019/0507/",
];

#[test]
fn the_lines_of_a_regulator_are_found_by_their_dates() {
    assert_eq!(shown(REGULATOR, None), OF_THE_REGULATOR);
    // What is written around the headline is text.
    assert_eq!(read(REGULATOR, None)[2].text, "お知らせ 第300回委員会を開催しました");
}

#[test]
fn a_person_may_pick_the_lines_or_what_is_around_them() {
    for selector in ["ul.news-list > li", ".news-list", "#contents", "main section"] {
        assert_eq!(shown(REGULATOR, Some(selector)), OF_THE_REGULATOR, "{selector}");
    }
    assert_eq!(shown(UNDATED, Some("main ul")).len(), 3);
    assert_eq!(shown(REGULATOR, Some(".gone")), [""; 0]);
}

#[test]
fn the_usual_shapes_of_corporate_pages_are_read() {
    assert_eq!(
        shown(DL, None),
        [
            "2026-11-20 商品の配送遅延に関するお詫び /news/detail.php?id=312&PHPSESSID=0a1b2c3d4e",
            "2026-11-12 不正アクセスによる個人情報流出の可能性について（第2報） /news/detail.php?id=311&PHPSESSID=0a1b2c3d4e",
            "2026-11-10 不正アクセスによる個人情報流出の可能性について（第1報） /news/detail.php?id=310&PHPSESSID=0a1b2c3d4e",
        ]
    );
    assert_eq!(
        shown(CARDS, None),
        [
            "2026-11-19 重要 バッテリーパックの自主回収と 無償交換のお知らせ /news/n20261119.html",
            "2026-11-05 プレスリリース はやぶさ運輸と共同配送を開始 /news/n20261105.html",
            "2026-10-30 IR 2026年度 第3四半期決算短信 https://ir.example.jp/2026/q3.pdf",
        ]
    );
    assert_eq!(
        shown(TABLE, None),
        [
            "2026-11-18 通信障害のお知らせ（復旧済み） /info/1118.html",
            "2026-11-09 回線工事のお知らせ /info/1109.html",
            "2026-10-31 料金の請求誤りについて /info/1031.html",
        ]
    );
}

#[test]
fn lines_without_dates_are_those_of_the_main_part() {
    assert_eq!(
        shown(UNDATED, None),
        [
            "- 保険金のお支払いに関する業務改善命令について /notice/a.html",
            "- システムメンテナンスのご案内 /notice/b.html"
        ]
    );
}

#[test]
fn a_selector_finds_lines_without_a_link_too() {
    let dd = shown(DL, Some("dl.topics dd"));
    assert_eq!(dd.len(), 4);
    assert!(dd[3].contains("ポイント還元"), "{dd:?}");
}

#[test]
fn a_line_keeps_its_name_when_only_sessions_and_numbers_change() {
    let ids = |page: &str| read(page, Some("dl.topics dd")).into_iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(ids(DL), ids(&DL.replace("0a1b2c3d4e", "ffeeddccbb")));
    assert_eq!(ids(DL), ids(&DL.replace("お詫び<", "お詫び（閲覧 12,345）<")));
    assert_ne!(ids(DL)[3], ids(&DL.replace("期間を延長", "中止を発表"))[3]);
}

#[test]
fn a_link_that_all_lines_share_names_none_of_them() {
    let page = "<ul><li>2026年11月20日 <a href='/pdf'>障害について（第1報）</a></li><li>2026年11月20日 <a href='/pdf'>障害について（第2報）</a></li></ul>";
    let rows = read(page, None);
    assert_eq!(rows.len(), 2);
    assert_ne!(rows[0].id, rows[1].id);
}

#[test]
fn dates_are_found_between_words_in_every_usual_spelling() {
    let of = |text: &str| date_in(text, Zone::JST).map(|(at, _)| day(at));
    for text in [
        "【2026年11月2日】お知らせ",
        "更新：2026.11.02(月)",
        "２０２６／１１／０２",
        "2026-11-02T09:00",
        "令和8年11月2日",
        "令和８年１１月２日",
        "R8.11.2",
        "November 2, 2026",
        "2 Nov 2026",
        "2026年 11月 2日",
    ] {
        assert_eq!(of(text).as_deref(), Some("2026-11-02"), "{text}");
    }
    for text in ["03-1234-5678", "2026年度", "11月2日", "© 2026", "2026.11", "2026/13/40", "ver. 1.2.3"] {
        assert_eq!(of(text), None, "{text}");
    }
}
