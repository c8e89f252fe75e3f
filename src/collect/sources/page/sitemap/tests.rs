use super::*;

#[test]
fn only_pages_under_the_watched_one_count_and_the_newest_come_first() {
    let text = "<?xml version='1.0'?><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>\
        <url><loc> https://www.example.jp/news/1?a=1&amp;b=2 </loc><lastmod>2026-11-01</lastmod></url>\
        <url><loc><![CDATA[https://www.example.jp/news/2]]></loc><lastmod>2026-11-20T09:00:00+09:00</lastmod></url>\
        <url><loc>https://www.example.jp/news/</loc></url><url><loc>https://www.example.jp/newspaper/1</loc></url>\
        <url><loc>https://other.example/news/3</loc></url><url><loc>javascript:x</loc></url><url></url>";
    let (maps, spots) = read(text, Zone::JST);
    assert!(maps.is_empty());
    let below: Vec<&str> = under(&spots, "https://www.example.jp/news/").iter().map(|s| s.url.as_str()).collect();
    assert_eq!(below, ["https://www.example.jp/news/2", "https://www.example.jp/news/1?a=1&b=2"]);
    assert_eq!(under(&spots, "https://www.example.jp/news/index.html").len(), 2);
    assert_eq!(under(&spots, "https://www.example.jp/").len(), 4);
}

#[test]
fn a_map_without_end_is_read_in_part() {
    let text = "<url><loc>https://www.example.jp/news/1</loc></url>".repeat(60_000);
    assert_eq!(read(&text, Zone::JST).1.len(), limits::ENTRIES_READ * 5);
}
