//! Which steps a mail proposes: six plain examples, chosen by category, level and role, and one for the rest.
//!
//! They are examples (例) and say so; what a company really does is for the company to write. Nothing here is
//! legal advice: deadlines are named only as something for the company's own lawyers to check.

use crate::model::{
    incident::{Incident, IncidentRole, Level},
    mention::Category,
};

/// Steps for one kind of trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Playbook {
    /// Its name in files.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// When, and what.
    pub steps: &'static [(&'static str, &'static str)],
}

/// The one that fits best.
pub fn choose(incident: &Incident) -> &'static Playbook {
    let harmed = matches!(incident.role, IncidentRole::Victim | IncidentRole::Impersonated | IncidentRole::Misquoted);
    match &incident.category {
        c if *c == Category::LEAK && incident.level >= Level::Warning => &LEAK_CRITICAL,
        c if *c == Category::LEAK => &LEAK_WEAK,
        c if *c == Category::SAFETY => &SAFETY_OBJECT,
        c if *c == Category::CONDUCT && harmed => &VICTIM_CONDUCT,
        c if *c == Category::CONDUCT => &CONDUCT_STAFF,
        c if *c == Category::COMPLAINT => &COMPLAINT_CONTRACT,
        _ => &GENERAL,
    }
}

const LEAK_WEAK: Playbook = Playbook {
    name: "leak-weak",
    title: "情報漏えい・弱い兆候",
    steps: &[
        ("いま", "情報セキュリティの担当へ、投稿の内容をそのまま伝える"),
        ("今日中", "問い合わせ窓口に同じ申し出が来ていないか確かめ、件数を数える"),
        ("今日中", "該当する業務の委託先と、閲覧できる人の範囲を洗い出す"),
        ("続く間", "投稿者へ個別に接触せず、増え方を見る"),
    ],
};

const LEAK_CRITICAL: Playbook = Playbook {
    name: "leak-critical",
    title: "情報漏えい・警戒以上",
    steps: &[
        ("いま", "情報セキュリティ・法務・コールセンター長へ一報し、当番を決める"),
        ("30分以内", "一次コメント案「事実関係を確認中」を用意し、予約投稿と広告を止める"),
        ("2時間以内", "問い合わせ窓口の想定問答を配り、公式サイトの掲示場所を決める"),
        (
            "3〜5日以内",
            "漏えいのおそれと判断した場合の個人情報保護委員会への速報を、法務が確かめる（起算は社内で知った時点）",
        ),
    ],
};

const COMPLAINT_CONTRACT: Playbook = Playbook {
    name: "complaint-contract",
    title: "契約・対応への苦情",
    steps: &[
        ("いま", "お客様相談の責任者へ、訴えの内容と件数を伝える"),
        ("2時間以内", "同じ申し出の記録、約款と案内文の該当箇所をそろえる"),
        ("今日中", "個別の返信は窓口に一本化し、公開の場で言い争わない"),
        ("翌営業日", "案内の誤りが分かったときは、訂正と救済の方針を決める"),
    ],
};

const SAFETY_OBJECT: Playbook = Playbook {
    name: "safety-object",
    title: "けが・異物・発火",
    steps: &[
        ("いま", "品質保証と法務へ一報し、訴えのある商品・店舗・ロットを特定する"),
        ("1時間以内", "申し出た方への連絡方法と、現物の預かり方を決める"),
        ("2時間以内", "販売や使用を止めるかどうかを責任者が判断する"),
        ("今日中", "所管の官庁への報告が要るかを法務が確かめる"),
    ],
};

const CONDUCT_STAFF: Playbook = Playbook {
    name: "conduct-staff",
    title: "従業員・関係者の行為",
    steps: &[
        ("いま", "人事と該当部門の長へ一報し、投稿と動画の写しを残す"),
        ("1時間以内", "場所・日時・関わった人を社内で確かめる（本人を公開の場で特定しない）"),
        ("2時間以内", "一次コメント案「事実関係を確認中」を用意する"),
        ("今日中", "確認できた範囲と、次に知らせる時刻を決める"),
    ],
};

const VICTIM_CONDUCT: Playbook = Playbook {
    name: "victim-conduct",
    title: "迷惑行為・被害",
    steps: &[
        ("いま", "店舗や従業員の安全を確かめ、証拠を残す"),
        ("1時間以内", "警察への相談を法務と決める"),
        ("2時間以内", "「厳正に対応する」旨の一次コメント案を用意する"),
        ("続く間", "応援の投稿に個別に反応せず、行為者の特定に加わらない"),
    ],
};

const GENERAL: Playbook = Playbook {
    name: "general",
    title: "共通",
    steps: &[
        ("いま", "当番を決め、該当部門へ投稿の内容を伝える"),
        ("1時間以内", "社内で分かっている事実と、まだ分からないことを分けて書き出す"),
        ("2時間以内", "公表するか、待つかを責任者が決める"),
        ("続く間", "個別の投稿に反論せず、増え方と報道を見る"),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::compose::samples;

    #[test]
    fn the_steps_follow_category_level_and_role() {
        let table = [
            (Category::LEAK, Level::Notice, IncidentRole::Unknown, "leak-weak"),
            (Category::LEAK, Level::Critical, IncidentRole::SelfCaused, "leak-critical"),
            (Category::COMPLAINT, Level::Warning, IncidentRole::SelfCaused, "complaint-contract"),
            (Category::SAFETY, Level::Warning, IncidentRole::Unknown, "safety-object"),
            (Category::CONDUCT, Level::Warning, IncidentRole::SelfCaused, "conduct-staff"),
            (Category::CONDUCT, Level::Warning, IncidentRole::Victim, "victim-conduct"),
            (Category::BOYCOTT, Level::Warning, IncidentRole::Unknown, "general"),
            (Category("自社の分類".into()), Level::Critical, IncidentRole::Unknown, "general"),
        ];
        for (category, level, role, wanted) in table {
            let mut incident = samples::incident();
            (incident.category, incident.level, incident.role) = (category, level, role);
            assert_eq!(choose(&incident).name, wanted);
        }
    }
}
