//! What is said to somebody whose delivery is not taken: a code for the machine, a sentence in two languages for the
//! person who reads its log.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::model::{limits, time::Span};

/// An answer that takes nothing.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Refused {
    #[serde(skip)]
    pub(super) status: StatusCode,
    /// A word for machines and for the metrics.
    #[serde(rename = "error")]
    pub(super) code: &'static str,
    ja: String,
    en: String,
    #[serde(skip)]
    wait: Option<Span>,
}

impl Refused {
    fn new(status: StatusCode, code: &'static str, ja: impl Into<String>, en: impl Into<String>) -> Self {
        Self { status, code, ja: ja.into(), en: en.into(), wait: None }
    }

    pub(super) fn into_response(self) -> Response {
        let mut response = json(self.status, &self);
        let headers = response.headers_mut();
        if let Some(wait) = self.wait {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.as_seconds().max(1)));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Anything as one line of JSON.
pub(super) fn json(status: StatusCode, what: &impl Serialize) -> Response {
    let text = serde_json::to_string(what).unwrap_or_default() + "\n";
    (status, [(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// Nobody is let in here.
pub(super) fn closed() -> Refused {
    Refused::new(
        StatusCode::NOT_FOUND,
        "closed",
        "投稿の受け口は閉じています — 設定の [web] ingest_token_env か ingest_token_file に合言葉を書き、再起動すると開きます",
        "posts are not taken here — name a token in [web] ingest_token_env or ingest_token_file and restart",
    )
}

/// No token, or a wrong one.
pub(super) fn unknown() -> Refused {
    Refused::new(
        StatusCode::UNAUTHORIZED,
        "token",
        "合言葉がないか、違います — Authorization: Bearer の後に、設定した合言葉を付けてください",
        "the token is missing or wrong — send the configured one as Authorization: Bearer TOKEN",
    )
}

/// Too many at once.
pub(super) fn crowded() -> Refused {
    let most = limits::INGEST_AT_ONCE;
    Refused {
        wait: Some(Span::seconds(1)),
        ..Refused::new(
            StatusCode::TOO_MANY_REQUESTS,
            "crowded",
            format!("同時に受け取れるのは {most} 件までです — 少し待って送り直してください。投稿はまとめて送れます"),
            format!(
                "{most} deliveries at once are the most — wait and send it again; one delivery may hold many posts"
            ),
        )
    }
}

/// Too many bytes.
pub(super) fn too_large() -> Refused {
    let most = limits::INGEST_BYTES >> 20;
    Refused::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too_large",
        format!("1回に送れるのは、展開後で {most} MiB までです — 分けて送ってください。何も取り込んでいません"),
        format!("a delivery holds {most} MiB at most, after decompression — send it in parts; nothing was taken"),
    )
}

/// Too many posts.
pub(super) fn too_many() -> Refused {
    let most = limits::INGEST_POSTS;
    Refused::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too_many",
        format!("1回に送れるのは {most} 件までです — 分けて送ってください。何も取り込んでいません"),
        format!("a delivery holds {most} posts at most — send them in parts; nothing was taken"),
    )
}

/// An encoding we do not know.
pub(super) fn encoding() -> Refused {
    Refused::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "encoding",
        "Content-Encoding は gzip だけが使えます",
        "of all encodings only gzip is known here",
    )
}

/// The body does not come.
pub(super) fn slow() -> Refused {
    Refused::new(
        StatusCode::REQUEST_TIMEOUT,
        "slow",
        format!("本文が {}秒のうちに届きませんでした", limits::INGEST_BODY.as_seconds()),
        format!("the body was not here within {} s", limits::INGEST_BODY.as_seconds()),
    )
}

/// The request makes no sense.
pub(super) fn broken(en: &str, ja: &str) -> Refused {
    Refused::new(StatusCode::BAD_REQUEST, "broken", ja, en)
}

/// It cannot be stored now.
pub(super) fn later(wait: Span, ja: &str, en: &str) -> Refused {
    Refused { wait: Some(wait), ..Refused::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", ja, en) }
}
