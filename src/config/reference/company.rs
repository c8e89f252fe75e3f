//! What a company of the watchlist can have.

use super::{Lang, put};

/// Key, meaning in English, meaning in Japanese.
pub const COMPANY_KEYS: &[(&str, &str, &str)] = &[
    (
        "name",
        "The company's canonical name, unique. The only key that must be there.",
        "会社の正式な名前。重ならないこと。必須はこれだけ。",
    ),
    (
        "aliases",
        "What people call it; a text, or `{ name, exclude, context }`. Without it: the name.",
        "人が使う呼び名。文字列か `{ name, exclude, context }`。なければ name。",
    ),
    ("products", "Names of products and services, in the same two forms.", "商品・サービスの名前。書き方は同じ。"),
    ("people", "Public representatives, in the same two forms.", "公の立場にある代表者。書き方は同じ。"),
    (
        "exclude",
        "Words that contain a name and mean something else; a hit that overlaps or touches one is dropped.",
        "名前を含むが別物の語。重なるか接する当たりを外します。",
    ),
    (
        "context",
        "For ambiguous names: one of these words must be near, or a word of trouble.",
        "紛らわしい名前のとき、近くにあるべき語。",
    ),
    (
        "own_channels",
        "The company's own accounts; their posts are never counted.",
        "自社の公式アカウント。数えません。",
    ),
    ("sector", "Its trade, for comparison.", "業種（比べる相手を決める）。"),
    (
        "budget",
        "False alarms accepted per month; `[detect] budget` if absent.",
        "1か月に許せる誤報。なければ `[detect] budget`。",
    ),
    (
        "recipients",
        "Groups of `[recipients]` that hear of it; `[alert] default` if absent.",
        "知らせる組。なければ `[alert] default`。",
    ),
];

/// The keys of a company as a Markdown table.
pub fn company_table(lang: Lang) -> String {
    let mut out = match lang {
        Lang::En => "| key | meaning |\n|---|---|\n".to_owned(),
        Lang::Ja => "| 項目 | 意味 |\n|---|---|\n".to_owned(),
    };
    for (key, en, ja) in COMPANY_KEYS {
        put(&mut out, format_args!("| `{key}` | {} |\n", if lang == Lang::En { en } else { ja }));
    }
    out
}
