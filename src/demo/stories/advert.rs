//! 青空テレコム must stay quiet: a half-price sale and a commercial that people love. Much is said and all of it is kind.

use super::{Desk, Level, Lines, Plot};
use crate::demo::timetable;

pub(super) const PLOT: Plot = Plot {
    company: "青空テレコム",
    title: "新CMと半額セールの好評",
    shape: "praise spike",
    deserves: Level::Normal,
    tell,
};

const CURVE: &[(f64, f64)] = &[(0.0, 3.0), (1.0, 36.0), (4.0, 20.0), (24.0, 4.0), (40.0, 0.5)];

const DELIGHT: Lines = &[
    "<n>の新CM、{泣いた|最高|何回でも見られる|鳥肌}。{あの歌を流しっぱなし|犬の演技がすごい|最後の空がきれい|曲名教えて}",
    "{テレビ|ドラマの合間}に流れた<n>のCM{、良すぎる|で家族が黙った|に拍手}。{主演の人ほんと好き|十五秒に詰め込んだね|録画を巻き戻した}",
    "<p>の半額、{太っ腹|ありがたい|お得すぎる}。{家族の分も申し込んだ|三か月もあるの?|迷ってたけど決めた}",
    "<n>のセールすごい。<p>が{半額|三か月半額}って{うれしい|助かる}。{乗り換えた|母にも教えた|手続きも<#8-20>分}",
    "あの俳優さんが<n>のCMに!{かっこいい|笑顔がまぶしい|衣装も好き}。{ポスターほしい|店頭のパネル見てくる|推しが空を飛んでる}",
    "<n>のCMの{空|丘|駅}、{どこで撮ったのかな|行ってみたい|青がきれい}。{見るたび元気が出る|いい仕事してる}",
    "{娘|息子|うちの子}が<n>のCMの{歌|ダンス}を{完コピ|ずっと歌ってる}。{かわいい|平和|動画に撮った}",
    "<n>、CMもセールも{攻めてる|いい感じ|絶好調}。{応援してる|長く使ってる客としてうれしい|ファンになった}",
    "<p>に{申し込んだ|乗り換え完了}!半額うれしい。{店員さんも親切|その日のうちに開通|早くて快適}",
    "{トレンド|TL}が<n>のCMでいっぱい。{見に行ったら納得|これは話題になる|ほっこりした}",
];

fn tell(desk: &mut Desk<'_>) {
    let times = timetable::along(desk.at(1, 20, 0), desk.end(), CURVE, &mut desk.chance);
    desk.crowd(&times, &[(DELIGHT, 1.0)], 0.35);
}
