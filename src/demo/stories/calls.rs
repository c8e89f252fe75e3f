//! みどり屋通販: people who gave a number to nobody else get sales calls. Two tell of it in the weeks before, a third
//! and a fourth in the week, each in their own words and far apart: no count will ever show it.

use super::{Desk, Level, Outlet, Plot};
use crate::demo::{draft::Draft, texts::Writer};

pub(super) const PLOT: Plot = Plot {
    company: "みどり屋通販",
    title: "登録した番号への勧誘電話",
    shape: "weak signal",
    deserves: Level::Notice,
    tell,
};

/// Days, hours and minutes from the start of the week, and where.
pub(super) const TIMES: [(i64, i64, i64, Outlet); 4] =
    [(-24, 10, 12, Outlet::Sns), (-11, 20, 37, Outlet::Review), (2, 10, 41, Outlet::Blog), (4, 21, 15, Outlet::Sns)];

/// One teller each; which four of them speak is a matter of chance.
const SHORT: [&str; 4] = [
    "みどり屋通販にしか教えてない番号に、知らない健康食品の会社から{名指しで|フルネームで}電話。{こっちが買った物まで知ってた|どこで知ったのか聞いたら切られた}",
    "{最近|このところ}固定電話に売り込みが続く。この番号、みどり屋の注文用に引いたやつで家族も知らないんやけど。{なんで商品名まで知っとるん|気味悪いわ}",
    "母が「みどり屋さんの関係の方ですか」と聞いたら黙って切れたそう。実家の新しい番号を登録したのは通販ではみどり屋だけ。それなのに<#2-3>社から勧誘の電話",
    "サプリの営業電話に「どこで私の番号を?」と聞いたら名簿だと言う。旧姓の一文字違いで呼ばれた。その書き間違い、みどり屋通販の宛名と同じです",
];
const REVIEW: [&str; 2] = [
    "商品は悪くないのですが、こちらに注文してから聞いたことのない会社の勧誘の電話が来るようになりました。みどり屋専用に使っている番号で、名前も購入した品も言い当てられます。どなたか同じ方はいませんか。",
    "品物は気に入っています。ただ、みどり屋通販だけに伝えた携帯へ、無関係の会社から名指しで健康食品の電話が<#2-4>回。住所の番地をわざと少し変えて登録したのに、その番地を読み上げられて驚きました。",
];
const BLOG: [&[&str]; 4] = [
    &[
        "今日は{少し気になっている|うまく言えない}ことを書きます。母の家に、このところ知らない会社から電話がかかってくるそうです。{<#2-3>回目|今週で三度目}だというので、週末に話を聞いてきました。",
    ],
    &[
        "相手は{健康食品|布団の打ち直し|浄水器}の会社で、いきなり名字で呼び、「青汁を続けていらっしゃる方に」と切り出したとのこと。母が青汁を買っているのはみどり屋通販だけで、この電話番号も去年引っ越したときにそこへ知らせたきりです。",
    ],
    &[
        "どこで番号を知ったのかと尋ねると「名簿で」と言って切れたといいます。みどり屋さんの窓口にも電話しましたが、「そのようなことはないはずです」という返事でした。疑いたいわけではありません。ただ、ここにしか教えていない番号なのです。",
    ],
    &[
        "高齢の家ほど電話に出てしまうので、しばらく留守番電話にしてもらうことにしました。{同じような方がいたら教えてください|勘違いならそれがいちばんです}。",
    ],
];

fn tell(desk: &mut Desk<'_>) {
    let mut short = SHORT.to_vec();
    for (days, hours, minutes, outlet) in TIMES {
        let at = desk.at(days, hours, minutes);
        match outlet {
            Outlet::Review => {
                let author = desk.stranger();
                let text = desk.writer.plain(desk.company, &REVIEW, &mut desk.chance);
                desk.drafts.push(Draft::new(outlet, author, at, text).titled("★★★☆☆ 品物は良いけれど"));
            }
            Outlet::Blog => {
                let author = desk.stranger();
                desk.long(outlet, &author, at, "実家の電話が鳴る", &BLOG);
            }
            _ => {
                let last = i64::try_from(short.len()).unwrap_or(1) - 1;
                let place = usize::try_from(desk.chance.between(0, last)).unwrap_or(0);
                let line = short.swap_remove(place);
                let author = desk.stranger();
                let text = Writer::title(desk.company, &[line], &mut desk.chance);
                desk.drafts.push(Draft::new(outlet, author, at, text));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::{demo::chance::Chance, model::time::Timestamp};

    #[test]
    fn whatever_the_seed_four_people_tell_it_in_four_wordings() {
        for seed in 0..100 {
            let drafts = PLOT.tell(Timestamp::from_seconds(0), &mut Writer::default(), &Chance::new(seed));
            let texts: HashSet<_> = drafts.iter().map(|draft| &draft.text).collect();
            let authors: HashSet<_> = drafts.iter().map(|draft| &draft.author).collect();
            assert_eq!((drafts.len(), texts.len(), authors.len()), (4, 4, 4));
            // Not one sentence is shared, either.
            let sentences: Vec<&str> =
                texts.iter().flat_map(|t| t.split(['。', '\n']).filter(|s| !s.is_empty())).collect();
            assert_eq!(sentences.iter().collect::<HashSet<_>>().len(), sentences.len());
        }
    }
}
