//! はやぶさ運輸: a false message in its name goes round and people warn each other. The company is the one whose name
//! is used; this is worth a look and no more.

use super::{Desk, Level, Lines, Plot};
use crate::demo::timetable;

pub(super) const PLOT: Plot = Plot {
    company: "はやぶさ運輸",
    title: "会社をかたる偽の不在通知SMS",
    shape: "sudden",
    deserves: Level::Notice,
    tell,
};

const CURVE: &[(f64, f64)] = &[(0.0, 1.0), (5.0, 9.0), (40.0, 1.0)];

const WARNING: Lines = &[
    "<n>をかたる{ショートメール|SMS}が来た。{不在のため持ち帰りました|お荷物の住所が不明です}って。リンク踏まないで",
    "【注意】<n>{を装った|の名前の}偽の不在通知が{出回ってます|来てます}。{本物はSMSでURLを送らないそう|アプリで確認が安全}",
    "{母|祖母|父}のスマホに<n>を名乗る偽SMS。{押す前に聞いてくれてよかった|登録もしてない番号なのに|家族に共有した}",
    "<n>の偽サイト、{ロゴまで本物そっくり|日本語が少し変|アドレスが数字だらけ}。{だまされないで|荷物を待ってると押しそう|気をつけて}",
    "荷物を待ってるときに<n>をかたる偽の通知。{タイミングが良すぎる|危うく押すところ|偶然だろうけど焦る}",
    "<n>のなりすましSMS、{今週<#2-4>通目|また来た|番号が毎回違う}。{ブロックした|通報済み|拡散希望}",
    "<n>の公式、「SMSで不在のお知らせは送っていません」{だって|と注意喚起}。{偽物に気をつけて|助かる}",
];

fn tell(desk: &mut Desk<'_>) {
    let start = desk.at(0, 14, 0);
    desk.post(start, WARNING);
    let times = timetable::along(start, desk.end(), CURVE, &mut desk.chance);
    desk.crowd(&times, &[(WARNING, 1.0)], 0.4);
}
