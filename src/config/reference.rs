//! Every setting, said once: the example file, what `hinomi init` writes, the tables of both README files and their
//! tests come from here.

mod company;
mod kinds;
mod written;

use std::{fmt::Write, path::Path};

use super::{Lang, Settings};
use crate::collect::sources::KINDS;
pub use company::{COMPANY_KEYS, company_table};
use kinds::SOURCE;
pub use kinds::kind_keys;
pub use written::{Given, configuration, watchlist};

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its name within the section.
    pub name: &'static str,
    /// How the example file shows it.
    show: Show,
    en: &'static str,
    ja: &'static str,
}

/// One section of the file.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// As the file writes it: `[collect]`, or nothing for the keys above all sections.
    pub header: &'static str,
    /// What is in it.
    pub keys: &'static [Key],
    ja: &'static str,
}

#[derive(Debug, Clone, Copy)]
enum Show {
    /// Written out with its default value.
    Default(fn(&Settings) -> String),
    /// Commented out: there is no default, and this is how it could look.
    Example(&'static str),
    /// Mentioned beside the key before it, which it replaces.
    Instead(&'static str),
}

impl Key {
    const fn new(name: &'static str, show: Show, en: &'static str, ja: &'static str) -> Self {
        Self { name, show, en, ja }
    }

    /// What it means, in one sentence.
    pub const fn meaning(&self, lang: Lang) -> &'static str {
        match lang {
            Lang::Ja => self.ja,
            Lang::En => self.en,
        }
    }

    fn value(&self, defaults: &Settings) -> String {
        match self.show {
            Show::Default(of) => of(defaults),
            Show::Example(text) | Show::Instead(text) => text.to_owned(),
        }
    }
}

fn quoted(path: &Path) -> String {
    format!("\"{}\"", path.display())
}

use Show::{Default as D, Example as E, Instead as I};

/// All sections in the order of the example file.
pub const PARTS: &[Part] = &[
    Part {
        header: "",
        ja: "パスはすべて、このファイルのあるフォルダーから数えます。長さは \"30s\" \"5m\" \"2h\" \"90d\" の形です。",
        keys: &[Key::new(
            "watchlist",
            D(|s| quoted(&s.watchlist)),
            "The watchlist: which companies, by which names. Paths start at the folder of this file.",
            "監視対象の一覧（どの会社を、どの名前で見るか）。",
        )],
    },
    Part {
        header: "[store]",
        ja: "記録",
        keys: &[
            Key::new(
                "path",
                D(|s| quoted(&s.store.path)),
                "The database, one SQLite file. The lock and the key of the pseudonyms lie beside it, with url_env too.",
                "データベース（SQLite のファイル1つ）。url_env のときも、鍵とロックはこの隣に置きます。",
            ),
            Key::new(
                "url_env",
                E("\"HINOMI_DATABASE_URL\""),
                "The environment variable that holds the URL of a PostgreSQL database, used in place of the file.",
                "PostgreSQL を使うとき、その URL を入れた環境変数の名前。このファイルには書けません。",
            ),
            Key::new(
                "url_file",
                I("\"database-url\""),
                "A file that holds the URL, in place of url_env.",
                "url_env の代わりに、URL だけを書いたファイル。",
            ),
        ],
    },
    Part {
        header: "[time]",
        ja: "時刻",
        keys: &[Key::new(
            "zone",
            D(|s| format!("\"{}\"", s.zone)),
            "Zone of every time a person reads, and of dates that name none: \"+09:00\" or \"Asia/Tokyo\".",
            "人が読む時刻と、時差の書かれていない日時の時間帯。\"+09:00\" か \"Asia/Tokyo\" の形で。",
        )],
    },
    Part {
        header: "[collect]",
        ja: "集め方",
        keys: &[
            Key::new(
                "contact",
                E("\"https://example.jp/hinomi\""),
                "A page or address where the owner of a server reaches you; sent with every request.",
                "相手のサーバーの管理者が連絡できる URL かアドレス。すべての要求に添えます。",
            ),
            Key::new(
                "poll_every",
                D(|s| format!("\"{}\"", s.collect.poll_every)),
                "The usual time between two visits of one source, from \"1m\" to \"1d\".",
                "同じ情報源を訪ねる間隔。\"1m\" から \"1d\" まで。",
            ),
            Key::new(
                "host_spacing",
                D(|s| format!("\"{}\"", s.collect.host_spacing)),
                "The least time between two requests to one host, from \"1s\" to \"1h\".",
                "同じサーバーへの要求と要求のあいだ。\"1s\" から \"1h\" まで。",
            ),
            Key::new(
                "allow",
                D(|_| "[]".to_owned()),
                "Private addresses that may be visited all the same, as \"host:port\"; all others are refused.",
                "訪ねてよい社内アドレス（\"名前:ポート\"）。ここにない社内アドレスへは行きません。",
            ),
            Key::new(
                "ca_file",
                E("\"house-ca.pem\""),
                "Certificates (PEM) of authorities that sources are trusted by, beside the system's: a company's own.",
                "システムのほかに信頼する認証局の証明書（PEM）。社内の認証局を使う情報源のために。",
            ),
        ],
    },
    Part {
        header: "[[source]]",
        ja: "情報源（いくつでも）",
        keys: &[
            Key::new(
                "name",
                E("\"example-news\""),
                "A name of your own, unique.",
                "自由に付ける名前。重ならないように。",
            ),
            Key::new(
                "kind",
                E("\"feed\""),
                "What kind of source it is; each has settings of its own, below.",
                "情報源の種類。種類ごとの設定は下にあります。",
            ),
            Key::new(
                "source_type",
                E("\"news\""),
                "What it brings: post, blog, news, qa, video, notice, review, board or comment. Where the kind says it, it may be left out.",
                "何が来るか: post, blog, news, qa, video, notice, review, board, comment のどれか。種類から決まるものは書かなくてよい。",
            ),
            Key::new(
                "channel",
                E("\"news\""),
                "The road to people: sns, blog, matome, news, qa, video, comment, review, board or official. Without it: the usual one of the type.",
                "届き方: sns, blog, matome, news, qa, video, comment, review, board, official。なければ種類から決めます。",
            ),
            Key::new("poll_every", E("\"10m\""), "Its own time between two visits.", "この情報源だけの間隔。"),
        ],
    },
    Part {
        header: "[detect]",
        ja: "見つけ方",
        keys: &[Key::new(
            "budget",
            D(|s| format!("{:?}", s.budget)),
            "False alarms you accept per company and month; the watchlist can say otherwise for one company.",
            "1社1か月に許せる誤報の数。しきい値の代わりです。会社ごとの値は監視対象の側に書けます。",
        )],
    },
    Part {
        header: "[mail]",
        ja: "メール（hinomi run に必要）",
        keys: &[
            Key::new("from", E("\"hinomi@example.jp\""), "Address of the sender.", "差出人のアドレス。"),
            Key::new(
                "reply_to",
                E("\"pr@example.jp\""),
                "Where answers go; the sender if absent.",
                "返信先。なければ差出人。",
            ),
            Key::new(
                "dashboard",
                E("\"https://hinomi.example.jp\""),
                "Where the pages are reached; mails link there.",
                "画面の URL。メールからのリンク先です。",
            ),
        ],
    },
    Part {
        header: "[mail.smtp]",
        ja: "送信サーバー",
        keys: &[
            Key::new("host", E("\"smtp.example.jp\""), "The mail server.", "メールサーバーの名前。"),
            Key::new(
                "port",
                E("587"),
                "Its port. Without it: 587 for starttls, 465 for implicit, 25 for none.",
                "ポート。なければ starttls は 587、implicit は 465、none は 25。",
            ),
            Key::new(
                "tls",
                E("\"starttls\""),
                "\"starttls\" (default), \"implicit\", or \"none\", which is accepted only for this machine.",
                "\"starttls\"（既定）、\"implicit\"、\"none\"（このマシンの中だけ）。",
            ),
            Key::new(
                "username",
                E("\"hinomi\""),
                "Login, if the server wants one.",
                "ログイン名（必要なサーバーだけ）。",
            ),
            Key::new(
                "password_env",
                E("\"HINOMI_SMTP_PASSWORD\""),
                "The environment variable that holds the password. A password in this file is refused.",
                "パスワードを入れた環境変数の名前。このファイルには書けません。",
            ),
            Key::new(
                "password_file",
                I("\"smtp-password\""),
                "A file that holds the password, in place of password_env.",
                "password_env の代わりに、パスワードだけを書いたファイル。",
            ),
            Key::new(
                "ca_file",
                E("\"house-ca.pem\""),
                "Certificates (PEM) of authorities that the mail server is trusted by, beside the system's.",
                "システムのほかに信頼する認証局の証明書（PEM）。社内のメールサーバーのために。",
            ),
        ],
    },
    Part {
        header: "[recipients]",
        ja: "宛先の組（組の名前 = アドレスの並び）",
        keys: &[Key::new(
            "pr-duty",
            E("[\"pr1@example.jp\", \"pr2@example.jp\"]"),
            "A group of addresses under a name of your own; as many groups as you like.",
            "自由な名前の組。いくつでも書けます。",
        )],
    },
    Part {
        header: "[alert]",
        ja: "知らせ方",
        keys: &[Key::new(
            "default",
            E("[\"pr-duty\"]"),
            "Groups that hear of companies whose watchlist entry names no recipients.",
            "監視対象の側に宛先のない会社を知らせる組。",
        )],
    },
    Part {
        header: "[web]",
        ja: "監視ツール向けの窓口（/healthz・/metrics）と、投稿の受け口（/ingest）",
        keys: &[
            Key::new(
                "listen",
                D(|s| s.listen.map_or("\"off\"".to_owned(), |at| format!("\"{at}\""))),
                "Where `run` answers /healthz, /livez, /readyz, /metrics and /ingest: an address of this machine only, or \"off\".",
                "`run` が /healthz・/livez・/readyz・/metrics・/ingest に答える場所。このマシンの中だけ。\"off\" で答えません。",
            ),
            Key::new(
                "public_url",
                E("\"https://hinomi.example.jp\""),
                "Where the world reaches /websub/ through your proxy. With it, hubs of feeds are asked to tell of news at once.",
                "外から /websub/ に届く URL（プロキシの住所）。書くと、フィードのハブに新着をすぐ知らせてもらいます。",
            ),
            Key::new(
                "ingest_token_env",
                E("\"HINOMI_INGEST_TOKEN\""),
                "The environment variable that holds the token with which others may bring posts to POST /ingest. Without one it is closed.",
                "POST /ingest に投稿を届けてよい相手に渡す合言葉を入れた環境変数の名前。なければ受け口は閉じています。",
            ),
            Key::new(
                "ingest_token_file",
                I("\"ingest-token\""),
                "A file that holds the token, in place of ingest_token_env.",
                "ingest_token_env の代わりに、合言葉だけを書いたファイル。",
            ),
        ],
    },
    Part {
        header: "[log]",
        ja: "動作の記録",
        keys: &[
            Key::new(
                "level",
                D(|s| format!("\"{}\"", s.log.level.as_str())),
                "error, warn, info, debug or trace.",
                "error, warn, info, debug, trace のどれか。",
            ),
            Key::new(
                "format",
                D(|s| format!("\"{}\"", s.log.format.as_str())),
                "\"text\" for people, \"json\" for machines.",
                "人が読むなら \"text\"、機械が読むなら \"json\"。",
            ),
        ],
    },
];

/// The example file.
pub fn example() -> String {
    "# 火の見 Hinomi の設定。これを config/hinomi.toml に写し、必要な行の先頭の # を外して使います。\n\
     # 書き間違いは hinomi check がまとめて教えます。値のある行は既定値です。\n"
        .to_owned()
        + &written::body(&[], Lang::Ja)
}

/// The reference as Markdown tables, for the README files.
pub fn tables(lang: Lang) -> String {
    let defaults = Settings::beside(Path::new(""));
    let head = match lang {
        Lang::En => "| key | default | meaning |\n|---|---|---|\n",
        Lang::Ja => "| 設定 | 既定値 | 意味 |\n|---|---|---|\n",
    };
    let mut out = head.to_owned();
    for part in PARTS {
        for key in part.keys {
            let value = match key.show {
                Show::Default(of) => format!("`{}`", of(&defaults)),
                Show::Example(_) | Show::Instead(_) => "—".to_owned(),
            };
            let header = if part.header.is_empty() { String::new() } else { format!("{} ", part.header) };
            put(&mut out, format_args!("| `{header}{}` | {value} | {} |\n", key.name, key.meaning(lang)));
        }
        if part.header == SOURCE {
            for kind in KINDS {
                kinds::rows(&mut out, kind, lang);
            }
        }
    }
    out
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    out.write_fmt(text).unwrap_or_default();
}
