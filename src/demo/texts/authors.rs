//! Handles of people who do not exist, and the names of papers and sites that do not either.

use super::super::chance::Chance;

const FIRST: [&str; 40] = [
    "kurashi", "mikan", "neko", "soramame", "yuki", "hibi", "asa", "komorebi", "mofu", "ringo", "tabi", "pan", "hoshi",
    "kaze", "umi", "yama", "matcha", "donguri", "shiba", "tanuki", "sakura", "nonbiri", "ame", "tsuki", "kome", "niwa",
    "daifuku", "azuki", "kinako", "mugi", "koto", "futon", "densha", "camera", "hon", "uta", "yoru", "ohiru", "wasabi",
    "okome",
];
const SECOND: [&str; 40] = [
    "otoku",
    "biyori",
    "diary",
    "no_hito",
    "zakki",
    "log",
    "mama",
    "papa",
    "chan",
    "kun",
    "san",
    "to_kurasu",
    "memo",
    "life",
    "suki",
    "club",
    "channel",
    "note",
    "nikki",
    "shufu",
    "salary",
    "rider",
    "kobo",
    "an",
    "ya",
    "dou",
    "kai",
    "tei",
    "mura",
    "gawa",
    "hazuki",
    "tarou",
    "bu",
    "lab",
    "works",
    "ing",
    "gohan",
    "sanpo",
    "yasumi",
    "jikan",
];

/// A handle, most often one of a few hundred regulars, sometimes one never seen before.
pub(in crate::demo) fn handle(chance: &mut Chance) -> String {
    if chance.odds(0.35) {
        return format!("user_{}", chance.between(1000, 9999));
    }
    let (first, second) = (chance.word(&FIRST), chance.word(&SECOND));
    match chance.between(0, 3) {
        0 => format!("{first}_{second}"),
        1 => format!("{first}{second}{}", chance.between(1, 99)),
        2 => format!("{second}_{first}_{}", chance.between(2, 40)),
        _ => format!("{first}_{second}{}", chance.between(1, 999)),
    }
}

/// Papers. They are as fictional as the companies.
pub(in crate::demo) const PRESS: [&str; 3] = ["しおかぜ新聞", "ことり経済ニュース", "みなと通信"];
/// Sites that gather others' posts.
pub(in crate::demo) const MATOME: [&str; 3] = ["きょうの話題帖", "まとめ・かわら版", "井戸端まとめ"];
/// Channels with videos.
pub(in crate::demo) const CHANNELS: [&str; 6] = [
    "休日ガジェット部",
    "ひとり暮らし実験室",
    "のんびり試乗記",
    "台所からこんにちは",
    "数字で見る暮らし",
    "町のカメラ日和",
];
