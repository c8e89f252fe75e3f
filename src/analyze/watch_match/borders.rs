//! Where a name may begin and end, by the kind of its letters. Token borders alone are not enough: a strict token
//! matcher found a fifth of the homonyms and lost real names (measured).

use std::ops::Range;

use crate::analyze::{document::Section, token::Token};

/// Katakana words that may follow a short katakana name at once.
const AFTER_KATAKANA: &[&str] = &[
    "アウトレット",
    "アカウント",
    "アプリ",
    "アンチ",
    "イベント",
    "ウェア",
    "オンライン",
    "カスタマー",
    "カフェ",
    "カード",
    "ガス",
    "キャンペーン",
    "クラウド",
    "クレジット",
    "グループ",
    "ケータイ",
    "コイン",
    "コミュニティ",
    "コラボ",
    "コンビニ",
    "コーヒー",
    "コールセンター",
    "サイト",
    "サポート",
    "サービス",
    "サーバ",
    "システム",
    "ショッピング",
    "ショップ",
    "シリーズ",
    "ジャパン",
    "スタッフ",
    "ステーション",
    "スト",
    "スマホ",
    "セール",
    "センター",
    "タブレット",
    "タワー",
    "チケット",
    "チャンネル",
    "テレビ",
    "ディーラー",
    "デリバリー",
    "デジタル",
    "トラベル",
    "ドライバー",
    "ニュース",
    "ネット",
    "ノート",
    "ハウス",
    "バイト",
    "バンク",
    "パソコン",
    "ヒカリ",
    "ビジネス",
    "ビデオ",
    "ビル",
    "ファイナンス",
    "ファン",
    "フェア",
    "フォン",
    "ブックス",
    "ブランド",
    "プライム",
    "プラン",
    "プレミアム",
    "ヘルプ",
    "ペイ",
    "ペイメント",
    "ホテル",
    "ホーム",
    "ポイント",
    "マップ",
    "マネー",
    "マーケット",
    "ミュージック",
    "メンバー",
    "メール",
    "モバイル",
    "モール",
    "ユーザ",
    "ライト",
    "ラーメン",
    "リミテッド",
    "ルーター",
    "レジ",
    "レンタル",
    "ロゴ",
    "ワイファイ",
    "ユーザー",
    "ハッカソン",
    "コネクト",
];

/// Katakana words that may stand right before a short katakana name.
const BEFORE_KATAKANA: &[&str] = &["アンチ", "スーパー", "ネット", "マイ", "モト", "クソ", "ザ", "ウェブ", "ニュー"];

/// «アメリカ・アップル» is the company and no person.
const COUNTRIES: &[&str] = &[
    "アメリカ",
    "イギリス",
    "フランス",
    "ドイツ",
    "スイス",
    "カナダ",
    "インド",
    "ロシア",
    "イタリア",
    "スペイン",
    "オランダ",
    "スウェーデン",
];

/// Kanji words that make a company's full name or its people of a short name.
const AFTER_KANJI: &[&str] = &[
    "株式会社",
    "製作所",
    "製菓",
    "製薬",
    "製紙",
    "製鉄",
    "電機",
    "電力",
    "電気",
    "電工",
    "銀行",
    "証券",
    "信託",
    "生命",
    "保険",
    "損保",
    "火災",
    "食品",
    "飲料",
    "乳業",
    "急便",
    "運輸",
    "通運",
    "物流",
    "自動車",
    "産業",
    "工業",
    "商事",
    "商会",
    "物産",
    "化学",
    "化成",
    "鉄道",
    "航空",
    "海上",
    "百貨店",
    "書店",
    "不動産",
    "建設",
    "住宅",
    "印刷",
    "出版",
    "新聞",
    "放送",
    "市場",
    "経済圏",
    "社員",
    "社長",
    "社内",
    "社製",
    "社",
    "側",
    "系",
    "製",
    "様",
    "店",
    "店舗",
    "店員",
    "支店",
    "本社",
    "本店",
    "本体",
    "広報",
    "経営",
    "幹部",
    "会長",
    "担当",
    "公式",
    "株",
    "配達",
    "配送",
    "便",
    "車",
    "派",
    "勢",
    "民",
    "信者",
    "回線",
    "光",
    "端末",
    "電話",
    "携帯",
    "通販",
    "直営",
    "関連",
    "子会社",
    "傘下",
    "問題",
    "事件",
    "騒動",
    "男子",
    "最悪",
    "最高",
    "対応",
];

/// Whether `name` may stand at `range`; the reason for people if it may not.
pub(super) fn check(name: &str, section: &Section, range: &Range<usize>) -> Result<(), String> {
    let normal = &section.normal;
    let letters = name.chars().count();
    let (Some(first), Some(last)) = (name.chars().next(), name.chars().next_back()) else {
        return Err("空の名前".to_owned());
    };
    let (before, after) = (normal.before(range.start), normal.after(range.end));
    let head = normal.window_before(range.start, 8);
    let tail = normal.window_after(range.end, 10);
    let longer = || format!("「{}」の一部", word_around(section, range));
    let starts = starts_token(&section.tokens, range.start);
    let ends = ends_token(&section.tokens, range.end);

    if first.is_ascii_alphanumeric()
        && before.is_some_and(|c| c.is_ascii_alphabetic() || (first.is_ascii_digit() && c.is_ascii_digit()))
        && !(letters >= 5 && (head == "my" || head.ends_with(" my") || ends_after_japanese(head, "my")))
    {
        return Err(longer());
    }
    if last.is_ascii_alphanumeric()
        && after.is_some_and(|c| c.is_ascii_alphabetic() || (last.is_ascii_digit() && c.is_ascii_digit()))
    {
        return Err(longer());
    }
    let short = letters <= 5;
    if short && is_katakana(first) {
        let country = COUNTRIES.iter().any(|c| head.trim_end_matches('・').ends_with(c));
        let given_name = !country && before == Some('・') && head.chars().rev().nth(1).is_some_and(is_katakana);
        let inside = before.is_some_and(is_katakana) && !BEFORE_KATAKANA.iter().any(|p| head.ends_with(p));
        if given_name || inside {
            return Err(longer());
        }
    }
    if short
        && is_katakana(last)
        && after.is_some_and(is_katakana)
        && !AFTER_KATAKANA.iter().any(|s| tail.starts_with(s))
    {
        return Err(longer());
    }
    if letters <= 4 && name.chars().all(is_hiragana) && !(starts && (ends || tail_is_particle(tail))) {
        return Err(longer());
    }
    let kanji_only = name.chars().all(is_kanji);
    if kanji_only && letters <= 2 {
        let left = before.is_some_and(is_kanji) && (letters == 1 || !starts);
        let right =
            after.is_some_and(is_kanji) && !AFTER_KANJI.iter().any(|s| tail.starts_with(s)) && (letters == 1 || !ends);
        if left || right || (letters == 1 && !(starts && ends)) {
            return Err(longer());
        }
    }
    Ok(())
}

fn ends_after_japanese(head: &str, prefix: &str) -> bool {
    head.strip_suffix(prefix).is_some_and(|rest| rest.chars().next_back().is_some_and(|c| !c.is_ascii_alphabetic()))
}

/// IPADIC glues short kana names to what follows; a particle behind it is border enough.
fn tail_is_particle(tail: &str) -> bool {
    ["は", "が", "を", "の", "に", "で", "も", "って", "から", "さん", "と"].iter().any(|p| tail.starts_with(p))
}

fn starts_token(tokens: &[Token], at: usize) -> bool {
    tokens.binary_search_by_key(&at, |t| t.range.start).is_ok()
}

fn ends_token(tokens: &[Token], at: usize) -> bool {
    tokens.binary_search_by_key(&at, |t| t.range.end).is_ok()
}

/// The letters of the same kind around a hit, for people.
fn word_around(section: &Section, range: &Range<usize>) -> String {
    let normal = &section.normal;
    let own = normal.slice(range.clone());
    let grows = |c: &char, edge: Option<char>| edge.is_some_and(|e| kind(e) == kind(*c));
    let (first, last) = (own.chars().next(), own.chars().next_back());
    let head: Vec<char> = normal.window_before(range.start, 8).chars().rev().take_while(|c| grows(c, first)).collect();
    let tail: String = normal.window_after(range.end, 8).chars().take_while(|c| grows(c, last)).collect();
    format!("{}{own}{tail}", head.into_iter().rev().collect::<String>())
}

fn kind(c: char) -> u8 {
    match c {
        c if is_katakana(c) => 1,
        c if is_hiragana(c) => 2,
        c if is_kanji(c) => 3,
        c if c.is_ascii_alphanumeric() => 4,
        _ => 0,
    }
}

fn is_katakana(c: char) -> bool {
    matches!(c, 'ァ'..='ヺ' | 'ー')
}

fn is_hiragana(c: char) -> bool {
    matches!(c, 'ぁ'..='ゖ')
}

fn is_kanji(c: char) -> bool {
    matches!(c, '一'..='鿿' | '㐀'..='䶿' | '々')
}
