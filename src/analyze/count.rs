//! How many people or records were hit, as the text says. What people say of calls, staff or goods is not that.

use std::{ops::Range, sync::LazyLock};

use regex::Regex;

use super::document::Section;

/// How far a word about data or harm may stand from the number, in letters.
const REACH: usize = 45;

static NUMBER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?:(\d[\d,]*(?:\.\d+)?)億)?(?:(\d[\d,]*(?:\.\d+)?)万)?(?:(\d[\d,]*)千)?(\d[\d,]*)?(?:人|名|件|アカウント|口座|世帯|会員|ユーザー|回線|契約)",
    )
    .ok()
});
static HARM: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        "流出|漏洩|漏えい|漏れ|漏出|個人情報|顧客情報|会員情報|カード情報|契約者情報|利用者情報|株主情報|データ|不正ログイン|不正アクセス|",
        "不正利用|不正に|閲覧され|閲覧可能|見られ|持ち出|売却|盗|被害|影響|症状|けが|負傷|重軽傷|死亡|搬送|感染|食中毒|入院|体調不良|",
        "利用できな|繋がらな|つながらな|足止め|誤送信|誤って送|紛失|名簿|氏名|住所|メールアドレス|パスワード|おわび金|お詫び金|謝罪"
    ))
    .ok()
});
static NOT_AFTER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        "^(?:以上|余り|あまり|ほど|程度|近く|超|弱|強|前後|もの|分|の|が|を|から|に|は|、|\\s)*",
        "(?:苦情|問い合わせ|連絡|電話|相談|コメント|従業員|社員|職員|スタッフ|アルバイト|店舗|行列|体制|以上の行列|動員|株主総会|採用|募集|",
        "クーポン|当選|再生|いいね|rt|リツイート|フォロワー|視聴|来場|抗議|調査|アンケート|回答|署名)"
    ))
    .ok()
});
static NOT_BEFORE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        "(?:苦情|問い合わせ|相談|電話|抗議|応募|申し込み)(?:件数|数)は?[^。、]{0,10}$|(?:苦情|問い合わせ|コメント|電話|相談|連絡|抗議|従業員|社員|職員|スタッフ|調査人数|回答者?|資本金|採用|定員|署名|届け出|行列|フォロワー|うち)(?:は|が|数|約|の|を|に|計|延べ|、|\\s)*$",
    )
    .ok()
});
static CEILING: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new("(?:最大|最多|多くて|のべ|延べ|全|うち|会員数|利用者数)(?:で|約|の|計|総数)*$").ok());

struct Stated {
    number: u64,
    ceiling: bool,
    distance: usize,
}

/// The number that belongs to the company named at `names`; `leaks` are hits about data or harm.
pub(super) fn affected(section: &Section, names: &[Range<usize>], leaks: &[Range<usize>]) -> Option<u64> {
    let (number, harm) = (NUMBER.as_ref()?, HARM.as_ref()?);
    let normal = &section.normal;
    let mut all: Vec<Stated> = Vec::new();
    for found in number.captures_iter(normal.as_str()) {
        let Some(whole) = found.get(0) else { continue };
        let Some(value) = value(&found) else { continue };
        let (before, after) = (normal.window_before(whole.start(), REACH), normal.window_after(whole.end(), REACH));
        let says = |re: &Option<Regex>, text: &str| re.as_ref().is_some_and(|re| re.is_match(text));
        // 1件 and 2人 are mostly the case itself.
        if value < 2
            || says(&NOT_AFTER, after)
            || says(&NOT_BEFORE, before)
            || !(harm.is_match(before) || harm.is_match(after))
        {
            continue;
        }
        // Behind the name is nearer than before it: 「A社は…900万件、うちB社の400万件」.
        let from_name = names.iter().map(|n| far(&whole.range(), n)).min().unwrap_or(0);
        let from_leak = leaks.iter().map(|l| whole.start().abs_diff(l.end)).min().unwrap_or(0);
        all.push(Stated { number: value, ceiling: says(&CEILING, before), distance: from_name * 4 + from_leak });
    }
    let best = all.iter().min_by_key(|s| (s.ceiling && all.iter().any(|o| !o.ceiling), s.distance))?;
    Some(best.number)
}

fn far(number: &Range<usize>, name: &Range<usize>) -> usize {
    if name.end <= number.start { number.start - name.end } else { name.start.saturating_sub(number.end) * 2 + 30 }
}

fn value(found: &regex::Captures<'_>) -> Option<u64> {
    let part = |i: usize| found.get(i).and_then(|m| m.as_str().replace(',', "").parse::<f64>().ok());
    if (1..=4).all(|i| found.get(i).is_none()) {
        return None;
    }
    let sum = part(1).unwrap_or(0.0) * 1e8
        + part(2).unwrap_or(0.0) * 1e4
        + part(3).unwrap_or(0.0) * 1e3
        + part(4).unwrap_or(0.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked: positive and below 10^12")]
    (sum > 0.0 && sum < 1e12).then(|| sum.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::{
        normalize::Normalized,
        token::{Token, Tokenize},
    };

    struct NoWords;
    impl Tokenize for NoWords {
        fn tokenize(&self, _: &str) -> Vec<Token> {
            Vec::new()
        }
    }

    fn count(text: &str, name: &str) -> Option<u64> {
        let section = Section::new(Normalized::new(text), false, &NoWords);
        let names: Vec<_> = section.normal.as_str().match_indices(name).map(|(i, m)| i..i + m.len()).collect();
        affected(&section, &names, &[])
    }

    #[test]
    fn numbers_are_read_in_every_way_people_write_them() {
        for (text, number) in [
            ("つばめ電機は約９００万件の顧客情報が流出したと発表", 9_000_000),
            ("つばめ電機、個人情報6,249名分が流出", 6249),
            ("つばめ電機で9万1000人分のデータが流出", 91_000),
            ("つばめ電機、会員1億2000万人の情報漏えい", 120_000_000),
            ("つばめ電機、3千件の漏えい", 3000),
            ("つばめ電機の障害で8万1,000人以上の利用客に影響", 81_000),
            ("つばめ電機で1.5万件の個人情報が漏えい", 15_000),
        ] {
            assert_eq!(count(text, "つばめ電機"), Some(number), "{text}");
        }
    }

    #[test]
    fn calls_staff_money_and_years_are_not_people_who_were_hit() {
        for text in [
            "つばめ電機には個人情報の件で2,000件の苦情が寄せられた",
            "つばめ電機は社員300人にデータ研修を行った",
            "つばめ電機の被害額は17万3610円",
            "つばめ電機、2024年に個人情報の方針を改定",
            "つばめ電機の問い合わせ件数は流出後に500件",
        ] {
            assert_eq!(count(text, "つばめ電機"), None, "{text}");
        }
    }

    #[test]
    fn each_company_gets_the_number_beside_it_and_the_confirmed_one_comes_first() {
        let two = "しらかば生命の流出は計900万件。みどり屋通販の顧客データはその中に400万件あった";
        assert_eq!(count(two, "しらかば生命"), Some(9_000_000));
        assert_eq!(count(two, "みどり屋通販"), Some(4_000_000));
        let both = "しらかば生命の漏えいは最大13万件の可能性。現在までに1万8184件の流出を確認";
        assert_eq!(count(both, "しらかば生命"), Some(18_184));
    }
}
