//! What `hinomi source add` says: how it went, what failed and what to do next.

use std::path::Path;

use url::Url;

use super::say;
use crate::{
    cli::{check::cure, init},
    collect::{
        discover::{Discovery, Way, Why},
        source::SourceError,
    },
    config::Lang,
};

pub(super) fn told(config: &Path, blocks: &[String], lang: Lang) -> Vec<String> {
    let mut lines = vec![say(
        lang,
        format!("\n{} の終わりに書き足しました:", config.display()),
        format!("\nWritten behind {}:", config.display()),
    )];
    lines.extend(blocks.iter().map(|block| format!("\n{}", block.trim_end())));
    let check = init::command("check", config);
    lines.push(say(
        lang,
        format!("\n次は {check} で確かめます。動いている hinomi run は、数秒で自分から読み直します。"),
        format!("\nNext: {check}. A hinomi run that is under way takes the new file over by itself within seconds."),
    ));
    lines
}

pub(super) fn heading(discovery: &Discovery, url: &Url, lang: Lang) -> String {
    let n = discovery.found.len();
    match discovery.way {
        Way::Itself => say(lang, format!("{url} はフィードです。"), format!("{url} is a feed.")),
        Way::Named => say(
            lang,
            format!("{url} はページです。ここに載っているフィードのうち {n}件を読めました。"),
            format!("{url} is a page; {n} of the feeds it names can be read."),
        ),
        Way::Usual => say(
            lang,
            format!(
                "{url} はページで、フィードを載せていません。よくある場所を {}か所、確かめました。",
                discovery.tried
            ),
            format!("{url} is a page that names no feed; {} usual places were tried.", discovery.tried),
        ),
    }
}

pub(super) fn no_feed(url: &Url, tried: usize, lang: Lang) -> String {
    let tried = if tried == 0 {
        String::new()
    } else {
        say(lang, format!("（{tried}か所）"), format!(" ({tried} places)"))
    };
    say(
        lang,
        format!(
            "hinomi source add: フィードは見つかりませんでした{tried}。何も書いていません — \
             ブラウザーでフィード（RSS）の場所を探すか、ページそのものを見張るなら [[source]] に kind = \"page\"、url = \"{url}\" と書いてください"
        ),
        format!(
            "hinomi source add: no feed was found{tried}; nothing was written — look for one (RSS) in a browser, or, to watch \
             the page itself, write a [[source]] with kind = \"page\" and url = \"{url}\""
        ),
    )
}

pub(super) fn happened(why: &Why, lang: Lang) -> String {
    match why {
        Why::Fetch(error) => cure::happened(error, lang),
        Why::Read(SourceError::WebPage) => say(lang, "フィードではなく、ふつうのページです", "a web page, not a feed"),
        Why::Read(SourceError::Malformed(what)) => say(
            lang,
            format!("フィードでもページでもありません（{what}）"),
            format!("neither a feed nor a page: {what}"),
        ),
        Why::Read(other) => other.to_string(),
    }
}

pub(super) fn failed(why: &Why, url: &Url, is_ready: bool, lang: Lang) -> String {
    let cure = match why {
        Why::Fetch(error) => format!(" → {}", cure::source(error, url.as_str(), lang).0),
        Why::Read(_) => String::new(),
    };
    let unseen = if is_ready {
        say(lang, "\n訪ねずに加えるなら --offline", "\nTo add it without a visit: --offline")
    } else {
        String::new()
    };
    format!("hinomi source add: {url}  {}{cure}{unseen}", happened(why, lang))
}
