//! 青空テレコム: somebody from the call centre contacts a customer through social media. One post and one blog entry,
//! and nobody repeats them: it is grave without any volume.

use super::{Desk, Level, Lines, Outlet, Plot, Span};

pub(super) const PLOT: Plot = Plot {
    company: "青空テレコム",
    title: "窓口の担当者からの私的な接触",
    shape: "micro",
    deserves: Level::Notice,
    tell,
};

const POST: Lines = &[
    "青空テレコムの窓口に電話して、切った数分後にSNSへ知らない人から返信。「{さっき|今日}対応したの私です」って。{契約の電話番号から探したってこと?|名乗ってないアカウントなのに。}怖すぎる",
    "さっき青空テレコムの{サポート|お客様窓口}に電話した。そのあと知らないアカウントから「対応したの私です、{言い方がきつかったですね|あのプランやめたほうがいいですよ}」と来た。なんで私のSNSを知ってるの",
];
const BLOG: [&[&str]; 5] = [
    &[
        "昨日の夜にSNSに書いた件です。{たくさんの人に読まれる話ではないと思いますが|忘れないうちに}、順番に残しておきます。",
    ],
    &[
        "夕方、料金のことで青空テレコムの窓口に電話しました。<#15-25>分ほど話して、正直あまり納得できないまま切りました。その<#4-9>分後です。SNSに知らない人から「今日対応したの私です」という返信が届きました。契約番号の下四桁が半分伏せて書いてありました。",
    ],
    &[
        "私はそのアカウントで本名も電話番号も出していません。つまり、業務で見た個人情報から私を探したのだと思います。画面は保存してあります。",
    ],
    &[
        "すぐに青空テレコムへかけ直し、責任者の方に「今日中に連絡します」と言われましたが、夜の<#9-11>時を過ぎても電話はありませんでした。怒っているというより、怖いです。家の住所も契約に入っているのですから。",
    ],
    &[
        "誰かを晒したいわけではないので、画面は載せません。会社がどう説明するのかを待ちます。{総務省の窓口にも相談しました|明日、こちらからもう一度電話します}。",
    ],
];

fn tell(desk: &mut Desk<'_>) {
    let at = desk.at(3, 19, 20);
    desk.post(at, POST);
    // The same person goes on in a blog, so the author is the same.
    let author = desk.drafts.first().map(|draft| draft.author.clone()).unwrap_or_default();
    desk.long(Outlet::Blog, &author, at + Span::hours(22) + Span::minutes(20), "電話のあとに来た返信のこと", &BLOG);
}
