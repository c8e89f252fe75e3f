//! The eight companies of the demo, none of which exists, and the watchlist that names them.

use super::texts::voices::{self, Voice};

/// A name people use, and when it means something else.
#[derive(Debug, Clone, Copy)]
pub struct Name {
    /// As people write it.
    pub text: &'static str,
    /// A hit beside one of these is something else.
    pub exclude: &'static [&'static str],
    /// One of these must be near.
    pub context: &'static [&'static str],
    /// How often people choose this name, against the others.
    pub often: f64,
}

/// One company of the demo.
#[derive(Debug, Clone, Copy)]
pub struct Company {
    /// Canonical name in the watchlist.
    pub name: &'static str,
    /// Names of the company itself.
    pub aliases: &'static [Name],
    /// Names of its products.
    pub products: &'static [Name],
    /// Exclusions for every name.
    pub exclude: &'static [&'static str],
    /// The handle of its own account.
    pub own_channel: &'static str,
    /// Trade.
    pub sector: &'static str,
    /// Posts an hour on an average hour, as far as Hinomi's sources see them.
    pub per_hour: f64,
    /// How people talk about it.
    pub voice: &'static Voice,
}

const fn name(text: &'static str, often: f64) -> Name {
    Name { text, exclude: &[], context: &[], often }
}

/// All eight, in the order of the watchlist.
pub static COMPANIES: [Company; 8] = [
    Company {
        name: "しらかば生命",
        aliases: &[
            name("しらかば生命", 6.0),
            name("シラカバ生命", 1.0),
            name("しらかばライフ", 1.0),
            Name {
                text: "しらかば",
                exclude: &[
                    "しらかばの花粉",
                    "しらかば花粉",
                    "しらかば湖",
                    "しらかば林",
                    "しらかば並木",
                    "しらかばの木",
                    "しらかばの葉",
                    "しらかばの森",
                ],
                context: &["生命", "保険", "契約", "保険料", "引き落とし", "カード"],
                often: 0.0,
            },
        ],
        products: &[name("しらかばの医療保険", 1.0), name("しらかば学資プラン", 1.0)],
        exclude: &["白樺"],
        own_channel: "@shirakaba_seimei_pr",
        sector: "insurance",
        per_hour: 2.0,
        voice: &voices::shirakaba::VOICE,
    },
    Company {
        name: "みどり屋通販",
        aliases: &[name("みどり屋通販", 5.0), name("みどり屋", 3.0), name("ミドリ屋通販", 0.7)],
        products: &[name("みどり屋の青汁", 1.0), name("みどり屋カタログ", 0.7)],
        exclude: &["みどり屋根", "みどり屋旅館", "みどり屋食堂"],
        own_channel: "@midoriya_tsuhan",
        sector: "mail-order",
        per_hour: 1.0,
        voice: &voices::midoriya::VOICE,
    },
    Company {
        name: "はやぶさ運輸",
        aliases: &[name("はやぶさ運輸", 5.0), name("はやぶさ便", 4.0), name("ハヤブサ運輸", 0.7)],
        products: &[name("はやぶさ冷蔵便", 1.0), name("はやぶさ置き配", 1.0)],
        exclude: &["はやぶさ便り"],
        own_channel: "@hayabusa_unyu",
        sector: "logistics",
        per_hour: 2.7,
        voice: &voices::hayabusa::VOICE,
    },
    Company {
        name: "まるふく食品",
        aliases: &[name("まるふく食品", 4.0), name("まるふく", 4.0), name("マルフク食品", 0.5)],
        products: &[name("まるふく焼きそば", 2.0), name("ふくふく餃子", 2.0)],
        exclude: &["まるふく旅館", "まるふく書店", "まるふく酒店"],
        own_channel: "@marufuku_foods",
        sector: "food",
        per_hour: 2.0,
        voice: &voices::marufuku::VOICE,
    },
    Company {
        name: "青空テレコム",
        aliases: &[
            name("青空テレコム", 5.0),
            name("あおぞらテレコム", 0.7),
            Name {
                text: "青テレ",
                exclude: &["青テレビ"],
                context: &["回線", "スマホ", "通信", "料金", "プラン", "ギガ", "電波"],
                often: 0.0,
            },
        ],
        products: &[name("青空モバイル", 3.0), name("青空ひかり", 2.0)],
        exclude: &["青空文庫"],
        own_channel: "@aozora_official",
        sector: "telecom",
        per_hour: 3.6,
        voice: &voices::aozora::VOICE,
    },
    Company {
        name: "回転すし なみまる",
        aliases: &[name("なみまる", 6.0), name("回転すしなみまる", 1.0), name("回転すし なみまる", 1.0)],
        products: &[name("なみまる御膳", 1.0)],
        exclude: &["なみまるくん", "なみまるちゃん"],
        own_channel: "@namimaru_sushi",
        sector: "restaurant",
        per_hour: 2.0,
        voice: &voices::namimaru::VOICE,
    },
    Company {
        name: "こだま自動車",
        aliases: &[name("こだま自動車", 5.0), name("コダマ自動車", 1.0)],
        products: &[name("こだまミナモ", 2.0), name("ミナモハイブリッド", 2.0)],
        exclude: &["こだま号"],
        own_channel: "@kodama_motors",
        sector: "automobile",
        per_hour: 1.5,
        voice: &voices::kodama::VOICE,
    },
    Company {
        name: "つばめ電機",
        aliases: &[name("つばめ電機", 5.0), name("ツバメ電機", 1.0)],
        products: &[name("つばめの炊飯器", 2.0), name("ツバメクリーナー", 2.0)],
        exclude: &["つばめの巣"],
        own_channel: "@tsubame_denki",
        sector: "electronics",
        per_hour: 1.0,
        voice: &voices::tsubame::VOICE,
    },
];

/// The company of this canonical name.
pub fn company(name: &str) -> Option<&'static Company> {
    COMPANIES.iter().find(|company| company.name == name)
}

/// The watchlist as `config/watchlist.toml` has it.
pub fn watchlist_toml() -> String {
    let head = "# 火の見のデモ用の監視対象。すべて架空の会社です。\n".to_owned();
    std::iter::once(head).chain(COMPANIES.iter().map(table)).collect::<Vec<_>>().join("\n")
}

fn table(company: &Company) -> String {
    format!(
        "[[company]]\nname = {}\naliases = [{}]\nproducts = [{}]\nexclude = {}\nown_channels = [{}]\nsector = {}\n",
        quote(company.name),
        names(company.aliases),
        names(company.products),
        list(company.exclude),
        quote(company.own_channel),
        quote(company.sector),
    )
}

fn names(names: &[Name]) -> String {
    let one = |name: &Name| match (name.exclude, name.context) {
        ([], []) => quote(name.text),
        (exclude, context) => {
            format!("{{ name = {}, exclude = {}, context = {} }}", quote(name.text), list(exclude), list(context))
        }
    };
    names.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn list(words: &[&str]) -> String {
    format!("[{}]", words.iter().map(|word| quote(word)).collect::<Vec<_>>().join(", "))
}

/// A TOML basic string. None of the names above needs an escape, and a test reads the file back.
fn quote(word: &str) -> String {
    format!("\"{word}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_belongs_to_two_companies() {
        let names = |c: &Company| c.aliases.iter().chain(c.products).map(|n| n.text).collect::<Vec<_>>();
        for (at, one) in COMPANIES.iter().enumerate() {
            for other in COMPANIES.iter().skip(at + 1) {
                for name in names(one) {
                    assert!(!names(other).iter().any(|n| n.contains(name) || name.contains(n)), "{name}");
                }
            }
        }
    }
}
