//! `[web]`: where health and metrics are shown.

use std::net::SocketAddr;

use super::{
    mistake::Wrong,
    node::Node,
    section::{Mistakes, Section, text},
};

/// Where to listen; `None` for nowhere.
///
/// Only loopback: there is no sign-in yet, and health names sources.
pub(super) fn read(s: &mut Section<'_>, usual: Option<SocketAddr>) -> Option<SocketAddr> {
    match s.optional("listen", listen) {
        Some(Listen::At(address)) => Some(address),
        Some(Listen::Nowhere) => None,
        None => usual,
    }
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
