//! What thumbs and keyboards do to a text: a slip, half-width kana, a missing full stop, a line break.
//!
//! The marks for names are left alone, see [`super::grammar`].

use super::super::chance::Chance;

/// Full-width katakana and what old phones and hasty people write instead, in the same order.
const FULL: &str =
    "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲンァィゥェォャュョッー";
const HALF: &str = "ｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾅﾆﾇﾈﾉﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛﾜｦﾝｧｨｩｪｫｬｭｮｯｰ";
const VOICED: &str = "ガギグゲゴザジズゼゾダヂヅデドバビブベボ";
const UNVOICED: &str = "カキクケコサシスセソタチツテトハヒフヘホ";

/// Words that input methods and habits get wrong.
const SLIPS: [(&str, &str); 7] = [
    ("意外", "以外"),
    ("という", "とゆう"),
    ("っていう", "ってゆう"),
    ("こんにちは", "こんにちわ"),
    ("ずつ", "づつ"),
    ("シミュレーション", "シュミレーション"),
    ("ている", "てる"),
];

/// Letters that thumbs lose or hit twice without making the word unreadable.
const LOSABLE: &str = "っんうのにを";

/// How a short post looks after it was typed in a train.
pub(super) fn tear(text: String, chance: &mut Chance) -> String {
    let mut text = text;
    if chance.odds(0.04) {
        text = slip(&text, chance);
    }
    if chance.odds(0.04) {
        text = halve(&text);
    }
    if chance.odds(0.12) {
        text = text.replacen('。', "\n", 1);
    } else if chance.odds(0.1) {
        text = text.replace('。', " ");
    } else if chance.odds(0.06) {
        text = text.replace('。', "！");
    }
    let text = text.trim().to_owned();
    if chance.odds(0.35) { text.trim_end_matches('。').to_owned() } else { text }
}

/// One slip of the thumb: a known wrong word, a letter twice, a letter lost.
fn slip(text: &str, chance: &mut Chance) -> String {
    if let Some((right, wrong)) = SLIPS.iter().find(|(right, _)| text.contains(right)) {
        return text.replacen(right, wrong, 1);
    }
    let letters: Vec<char> = text.chars().collect();
    let soft: Vec<usize> =
        letters.iter().enumerate().filter(|(_, c)| LOSABLE.contains(**c)).map(|(at, _)| at).collect();
    let Some(at) = chance.pick(&soft).copied() else { return text.to_owned() };
    let twice = chance.odds(0.3);
    let keep = |(i, c): (usize, &char)| match (i == at, twice) {
        (true, true) => vec![*c, *c],
        (true, false) => Vec::new(),
        (false, _) => vec![*c],
    };
    letters.iter().enumerate().flat_map(keep).collect()
}

/// All katakana in half width.
fn halve(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        let voiced = VOICED.chars().zip(UNVOICED.chars()).find(|(full, _)| *full == letter);
        let semi = "パピプペポ".chars().zip("ハヒフヘホ".chars()).find(|(full, _)| *full == letter);
        let bare = voiced.or(semi).map_or(letter, |(_, bare)| bare);
        out.push(FULL.chars().zip(HALF.chars()).find(|(full, _)| *full == bare).map_or(bare, |(_, half)| half));
        match (voiced, semi) {
            (Some(_), _) => out.push('ﾞ'),
            (_, Some(_)) => out.push('ﾟ'),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_width_kana_keep_their_voice_marks() {
        assert_eq!(halve("アプリがガタガタする"), "ｱﾌﾟﾘがｶﾞﾀｶﾞﾀする");
        assert_eq!(FULL.chars().count(), HALF.chars().count());
        assert_eq!(VOICED.chars().count(), UNVOICED.chars().count());
    }

    #[test]
    fn a_slip_changes_one_place_and_never_a_mark() {
        let mut chance = Chance::new(9);
        for _ in 0..100 {
            let worn = slip("きのう\u{e000}にならんだ", &mut chance);
            assert_ne!(worn, "きのう\u{e000}にならんだ");
            assert!(worn.contains('\u{e000}'));
        }
    }
}
