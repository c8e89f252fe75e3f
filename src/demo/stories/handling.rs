//! はやぶさ運輸: a video of parcels being thrown. The posts stay few for days; it is the plays that grow.

use super::{Desk, Level, Lines, Outlet, Plot, Span, Timestamp};
use crate::demo::{draft::Draft, texts::authors, timetable};

pub(super) const PLOT: Plot =
    Plot {
        company: "はやぶさ運輸", title: "荷扱いの動画", shape: "slow burn", deserves: Level::Warning, tell
    };

/// Plays in the end, and the hour after the upload at which half of them have happened.
const PLAYS: f64 = 920_000.0;
const HALF: f64 = 84.0;
const CURVE: &[(f64, f64)] =
    &[(1.0, 0.15), (30.0, 0.4), (48.0, 1.2), (60.0, 4.0), (76.0, 6.0), (96.0, 3.0), (130.0, 1.0), (150.0, 0.5)];

const ABOUT: Lines = &[
    "近所の{ターミナルの裏|集配所}で{朝|夕方}に撮ったものです。はやぶさ運輸の制服の人が荷物を投げたり蹴ったりしていました。{音声は消してあります|場所は伏せます}。「こわれもの」の札が見えます。",
];
const FIRST: Lines = &[
    "<n>の荷物の{扱い|仕分け}の動画{見た|が回ってきた}。{投げてる|蹴ってる|放り込んでる}…{うちの荷物もこうなの?|こわれものの札、見えてるよね|ひどい}",
    "この動画の制服、<n>だよね。{荷物を投げるのはありえない|段ボールが宙を舞ってる|見てて気分が悪い}",
    "<n>の件、{人手不足なのは分かるけど|忙しいのは分かるけど}投げていい理由にはならない。{精密機器を送ったばかりなのに|もう頼みたくない|信用なくすよ}",
    "{再生数が<#10-70>万を超えてた|もう<#10-70>万再生}。<n>の荷物を蹴る動画。{公式は何か言わないの|まだ説明がない|広がる一方}",
    "<n>で送った{皿|ガラス瓶|人形}が割れてたことがある。あの動画を見て{納得した|ぞっとした}。{うちもやられたのかも|当時は梱包のせいと言われた}",
    "あの荷物を投げる動画、<n>{のどこの営業所?|って本当?加工じゃなくて?|らしいけどソースは一つだけ}",
    "<n>の人が全員ああじゃない。うちの担当さんはていねい。{でも投げるのはだめ|だからこそ残念}",
    "<n>の荷物を{投げてる|蹴ってる}動画、{子どもに見せられない|うちの店の発送も<n>なんだが}。{他社に変える|社長は見たのか|説明して}",
    "{職場でも|家族も}<n>の動画の話。{あの蹴り方は慣れてる|日常的にやってそう|撮られてなければ続いてた}。{不適切どころじゃない|ひどい話}",
];
const DERIVED: [&[&str]; 3] = [
    &[
        "はやぶさ運輸の従業員とみられる人物が荷物を投げる様子を映した動画が、{話題になっている|注目を集めている}。再生数は{<#12-40>万回|増え続けている}。",
    ],
    &[
        "動画では、「こわれもの」と書かれた箱を{放り投げる|足で押しやる}場面が映っている。コメント欄には「自分の荷物もこう扱われているのか」「{人手不足|ノルマ}の問題では」といった声が並ぶ。",
    ],
    &[
        "同社からの説明は{まだ出ていない|確認できていない}。{続報が入り次第お伝えします|いかがでしたか。今後の対応に注目です}。",
    ],
];

fn tell(desk: &mut Desk<'_>) {
    let upload = desk.at(1, 11, 50);
    let about = desk.writer.plain(desk.company, ABOUT, &mut desk.chance);
    let channel = authors::CHANNELS.last().copied().unwrap_or_default();
    let mut film =
        Draft::new(Outlet::Video, channel, upload, about).titled("【目撃】はやぶさ運輸の荷物の扱い、これでいいの?");
    film.views = views(upload, desk.end());
    desk.drafts.push(film);

    let times = timetable::along(upload, desk.end(), CURVE, &mut desk.chance);
    desk.crowd(&times, &[(FIRST, 1.0)], 0.3);
    for (hours, outlet, author, title) in [
        (46, Outlet::Blog, "trend_news_matome", "はやぶさ運輸の荷物投げ動画とは?炎上の理由を調べてみた"),
        (63, Outlet::Matome, authors::MATOME[1], "【動画】はやぶさ運輸、荷物を投げる蹴る"),
        (79, Outlet::Blog, "kininaru_wadai_navi", "はやぶさ運輸の動画の場所はどこ?会社の対応は?"),
    ] {
        desk.long(outlet, author, upload + Span::hours(hours), title, &DERIVED);
    }
}

/// What somebody who looks every four hours sees: an S-shaped curve.
fn views(upload: Timestamp, end: Timestamp) -> Vec<(Timestamp, u64)> {
    let mut seen = Vec::new();
    let mut at = upload + Span::minutes(5);
    while at < end {
        let plays = PLAYS / (1.0 + (-(at - upload).as_hours().mul_add(1.0, -HALF) / 14.0).exp());
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below a million, above zero")]
        seen.push((at, plays as u64));
        at = at + Span::hours(4);
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plays_only_grow_and_double_within_a_day_while_it_spreads() {
        let upload = Timestamp::from_seconds(0);
        let seen = views(upload, upload + Span::days(6));
        assert!(seen.windows(2).all(|pair| pair[0].1 <= pair[1].1));
        let at = |hours: usize| seen[hours / 4].1;
        assert!(at(72) > 2 * at(48) && at(48) < 100_000, "{} {}", at(48), at(72));
        assert!(seen.last().unwrap().1 > 800_000);
    }
}
