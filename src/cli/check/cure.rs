//! What to do about a connection that fails, for sources and for the mail server alike.

use super::report::say;
use crate::{collect::fetch::FetchError, config::Lang, model::limits};

/// Which setting names the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Setting {
    /// `url` of a source.
    Source,
    /// `host` and `port` of the mail server.
    Smtp,
}

/// By the words of the system and of rustls, which do not depend on the language of the machine.
pub(super) fn connection(why: &str, setting: Setting, lang: Lang) -> String {
    let has = |word: &str| why.to_ascii_lowercase().contains(word);
    let (file, place) = match setting {
        Setting::Source => ("[collect] ca_file", "url"),
        Setting::Smtp => ("[mail.smtp] ca_file", "host / port"),
    };
    if has("unknownissuer") || has("self-signed") || has("caused by ca") || has("causedbycaasend") {
        return say(
            lang,
            format!("証明書の発行元を信頼できません。社内の認証局なら、その証明書（PEM）を {file} に"),
            format!("the certificate's authority is not trusted; if it is your own, name its PEM file in {file}"),
        );
    }
    if has("expired") {
        return say(
            lang,
            "証明書の期限が切れています。このマシンの時計を確かめ、正しければ相手の管理者に知らせてください",
            "the certificate has expired; look at this machine's clock, and if it is right tell the owner",
        );
    }
    if has("notvalidforname") || has("not valid for name") {
        return say(
            lang,
            format!("証明書が別の名前のものです。{place} を証明書にある名前にしてください"),
            format!("the certificate is for another name; write that name in {place}"),
        );
    }
    if has("corrupt message") || has("invalidmessage") || has("invalidcontenttype") {
        return match setting {
            Setting::Smtp => say(
                lang,
                "この port は最初から TLS を話しません。tls = \"starttls\"（587）か \"implicit\"（465）を port に合わせてください",
                "this port does not speak TLS from the first byte; fit tls = \"starttls\" (587) or \"implicit\" (465) to it",
            ),
            Setting::Source => say(
                lang,
                "この port は TLS を話しません。url を http:// にするか port を直してください",
                "this port does not speak TLS; use http:// or correct the port in url",
            ),
        };
    }
    if has("lookup address") || has("name or service") || has("dns") || has("no such host") || has("entity not found") {
        return say(
            lang,
            format!("名前が見つかりません。{place} のつづりと、このマシンの DNS を確かめてください"),
            format!("the name is not known; look at {place} and at this machine's DNS"),
        );
    }
    if has("refused") {
        return say(
            lang,
            format!("相手は動いていますが、この port では待っていません。{place} を確かめてください"),
            format!("the machine is there, and nobody listens at that port; look at {place}"),
        );
    }
    say(
        lang,
        format!("{place} と、外への通信を止めているファイアウォールがないかを確かめてください"),
        format!("look at {place}, and at firewalls between"),
    )
}

/// What to do about a source that gives no page, and whether it is only a matter of time.
pub(in crate::cli) fn source(error: &FetchError, url: &str, lang: Lang) -> (String, bool) {
    let cure = match error {
        FetchError::Timeout => say(
            lang,
            "時間をおいて hinomi check。続くなら url と、外への通信を止めているファイアウォールを確かめてください",
            "try again later; if it stays, look at url and at firewalls between",
        ),
        FetchError::RateLimited { .. } => {
            return (
                say(
                    lang,
                    "いまは控えるよう言われました。run は言われただけ待って訪ね直します",
                    "it asks for a pause; run waits as long as it says",
                ),
                true,
            );
        }
        FetchError::Gone => say(
            lang,
            "配信は終わりました。この [[source]] を消すか、新しい url に変えてください",
            "it has ended; remove this [[source]] or give it a new url",
        ),
        FetchError::Challenge(_) => say(
            lang,
            "ブラウザーだけを通すサイトです。フィードを読む許可を相手に求めるか、別の情報源にしてください",
            "ask the owner to let feed readers in, or take another source",
        ),
        FetchError::Robots => say(
            lang,
            "相手は機械の訪問を望んでいません。フィードがあればそれを使うか、相手に許可を求めてください。毎日1回、変わったかどうかを見ます",
            "use its feed if there is one, or ask its owner; we look once a day whether that has changed",
        ),
        FetchError::RobotsUnread(_) => say(
            lang,
            "訪ねてよいか分からないので待ちます。相手のサーバーが直れば、自動で始まります",
            "we wait, because nobody knows whether we may; it begins by itself when their server is well again",
        ),
        FetchError::Status(404) => say(
            lang,
            "url のつづりを確かめてください。サイトが変わったなら、ページからフィード（RSS）の場所を探します",
            "look at the spelling of url; if the site has changed, look for the feed on its pages",
        ),
        FetchError::Status(401 | 403 | 407) => say(
            lang,
            "許可のある人だけのページです。公開のフィードの url に変えるか、相手の管理者に許可を求めてください",
            "it is not open to everybody; use a public feed, or ask its owner",
        ),
        FetchError::Status(500..) => {
            say(lang, "相手側の障害です。時間をおいて hinomi check", "the fault is on their side; try again later")
        }
        FetchError::Status(_) => say(lang, "url をブラウザーで開いて確かめてください", "open url in a browser"),
        FetchError::TooLarge => say(
            lang,
            "フィードではなさそうです。url を確かめ、件数の少ないフィードがあればそれにしてください",
            "it hardly is a feed; look at url, or take a shorter one",
        ),
        FetchError::Refused(why) if why.contains("open internet") || why.starts_with("port ") => {
            let place = url::Url::parse(url).ok();
            let place = place.and_then(|u| Some(format!("{}:{}", u.host_str()?, u.port_or_known_default()?)));
            let place = place.unwrap_or_default();
            say(
                lang,
                format!("社内などの訪ねてよい場所なら [collect] allow = [\"{place}\"] と書いてください"),
                format!("if it may be visited, write [collect] allow = [\"{place}\"]"),
            )
        }
        FetchError::Refused(_) => {
            say(lang, "転送された先の url を直接書いてください", "write the address it leads to in url")
        }
        FetchError::Transport(why) => connection(why, Setting::Source, lang),
    };
    (cure, false)
}

/// What happened, in the reader's language; what only the system can say stays as it says it.
pub(in crate::cli) fn happened(error: &FetchError, lang: Lang) -> String {
    let ja = match error {
        FetchError::Timeout => "時間内に返事がありません".to_owned(),
        FetchError::Gone => "HTTP 410（もうありません）".to_owned(),
        FetchError::Challenge(status) => format!("HTTP {status}（ブラウザーかどうかを確かめるページ）"),
        FetchError::Status(404) => "HTTP 404（見つかりません）".to_owned(),
        FetchError::Status(status) | FetchError::RateLimited { status, .. } => format!("HTTP {status}"),
        FetchError::Robots => "robots.txt がこのページへの訪問を断っています".to_owned(),
        FetchError::RobotsUnread(why) => format!("robots.txt が読めません（{why}）"),
        FetchError::TooLarge => format!("{} MiB を超えています", limits::BODY_BYTES >> 20),
        FetchError::Refused(why) => format!("訪ねません（{why}）"),
        FetchError::Transport(why) => format!("つながりません（{why}）"),
    };
    say(lang, ja, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_fail_has_a_cure_of_its_own() {
        let url = "http://intra.example.jp:8080/rss";
        let errors = [
            FetchError::Timeout,
            FetchError::RateLimited { status: 429, retry_after: None },
            FetchError::Gone,
            FetchError::Challenge(403),
            FetchError::Status(404),
            FetchError::Status(401),
            FetchError::Status(502),
            FetchError::TooLarge,
            FetchError::Robots,
            FetchError::RobotsUnread("no answer in time".into()),
            FetchError::Refused("10.0.0.1 is not an address of the open internet".into()),
            FetchError::Refused("the redirections go in a circle".into()),
            FetchError::Transport("invalid peer certificate: UnknownIssuer".into()),
            FetchError::Transport("invalid peer certificate: Expired".into()),
            FetchError::Transport("invalid peer certificate: certificate not valid for name \"a\"".into()),
            FetchError::Transport("received corrupt message of type InvalidContentType".into()),
            FetchError::Transport("failed to lookup address information: Name or service not known".into()),
            FetchError::Transport("Connection refused (os error 111)".into()),
            FetchError::Transport("Network is unreachable (os error 101)".into()),
        ];
        for lang in [Lang::Ja, Lang::En] {
            let mut cures: Vec<String> = errors.iter().map(|e| source(e, url, lang).0).collect();
            cures.sort();
            cures.dedup();
            assert_eq!(cures.len(), errors.len(), "{cures:#?}");
        }
        let (refused, _) = source(&errors[10], url, Lang::En);
        assert!(refused.contains("allow = [\"intra.example.jp:8080\"]"), "{refused}");
    }
}
