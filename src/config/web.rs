//! `[web]`: where health and metrics are shown, and who may bring posts.

use std::net::SocketAddr;

use super::{
    file::World,
    mistake::Wrong,
    node::Node,
    secret,
    section::{Mistakes, Section, text},
    settings::Settings,
    sources::web_address,
};
use crate::model::secret::Secret;

/// Letters of a token at least. Guessing goes on day and night where a proxy shows the path to the world.
const TOKEN_CHARS: usize = 24;

const TOKEN: secret::Keys = secret::Keys {
    plain: "ingest_token",
    env: "ingest_token_env",
    file: "ingest_token_file",
    example: "HINOMI_INGEST_TOKEN",
    what: ("受け口の合言葉", "the token"),
};

/// Where to listen, if anywhere, and the token for `/ingest`, if there is one.
///
/// Only loopback: there is no sign-in yet, and health names sources.
pub(super) fn read(s: &mut Section<'_>, world: &World<'_>, settings: &mut Settings) {
    match s.optional("listen", listen) {
        Some(Listen::At(address)) => settings.listen = Some(address),
        Some(Listen::Nowhere) => settings.listen = None,
        None => {}
    }
    settings.ingest_token = secret::read(s, world, &TOKEN).filter(|token| is_token(token, s));
    settings.public_url = s.optional("public_url", web_address).map(|url| url.trim_end_matches('/').to_owned());
    if settings.listen.is_none() && settings.ingest_token.is_some() {
        let ja =
            "\"listen\" が \"off\" では投稿を受け取れません — listen に住所を書くか、ingest_token の行を消してください";
        let en = "with \"listen\" off nobody can bring posts — give an address, or remove the line of the ingest token";
        s.mistakes.add(s.at, Wrong::said(ja, en));
    }
}

/// A header carries it, and nobody guesses it.
fn is_token(token: &Secret, s: &Section<'_>) -> bool {
    let text = token.expose();
    let good = text.len() >= TOKEN_CHARS && text.chars().all(|c| c.is_ascii_graphic());
    if !good {
        let ja = format!(
            "受け口の合言葉は、空白のない半角 {TOKEN_CHARS} 文字以上にしてください — 例: openssl rand -hex 32 の結果"
        );
        let en = format!(
            "the ingest token must have {TOKEN_CHARS} ASCII characters or more and no spaces — such as what `openssl rand -hex 32` prints"
        );
        s.mistakes.add(s.at, Wrong::said(ja, en));
    }
    good
}

enum Listen {
    At(SocketAddr),
    Nowhere,
}

fn listen(node: &Node, mistakes: &Mistakes) -> Option<Listen> {
    let word = text(node, mistakes)?;
    if word == "off" {
        return Some(Listen::Nowhere);
    }
    let wrong = match word.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_loopback() => return Some(Listen::At(address)),
        Ok(address) => Wrong::said(
            format!(
                "\"listen\" の {address} はこのマシンの外から見えてしまいます — この版にはログインがないので、127.0.0.1 か [::1] だけです（例: \"127.0.0.1:8730\"）"
            ),
            format!(
                "\"listen\" {address} could be seen from outside this machine — this version has no sign-in, so only 127.0.0.1 or [::1] will do, such as \"127.0.0.1:8730\""
            ),
        ),
        Err(_) => Wrong::said(
            format!("\"listen\" の {word:?} は読めません — \"127.0.0.1:8730\" の形か \"off\""),
            format!("\"listen\" cannot be {word:?} — \"127.0.0.1:8730\" or the like, or \"off\""),
        ),
    };
    mistakes.add(&node.at, wrong);
    None
}
