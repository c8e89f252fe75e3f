//! What the end of an SMTP transaction means: from a reply, a broken line or silence to a [`Class`].
//!
//! Pure. Not here: how long to wait because of it (`alert/retry.rs`).
//!
//! # Invariants
//! - What the server says itself decides before where it says it; a reply always ends the doubt, so only a broken
//!   line or silence can be [`Class::Unknown`].
//! - When two classes fit, the one that is tried sooner wins.

use std::{error::Error as StdError, fmt, io};

use lettre::transport::smtp::Error as SmtpError;

use crate::{
    alert::notifier::{Class, NotifyError},
    model::{limits, time::Span},
};

/// How far a transaction had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Name, connection, TLS, greeting.
    Connect,
    /// AUTH.
    Login,
    /// MAIL FROM.
    Sender,
    /// RCPT TO.
    Recipient,
    /// DATA, before its go-ahead.
    Data,
    /// From the first byte of the message on. lettre writes the message, the final dot and reads the answer in one
    /// step, so a line that breaks in the middle of the message counts as doubt as well: one mail too many.
    Body,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connecting",
            Self::Login => "logging in",
            Self::Sender => "naming the sender",
            Self::Recipient => "naming the recipient",
            Self::Data => "announcing the message",
            Self::Body => "sending the message",
        })
    }
}

/// Why a transaction ended without a receipt.
#[derive(Debug)]
pub enum Trouble {
    /// lettre says so.
    Smtp(SmtpError),
    /// The connection could not be made.
    Network(io::Error),
    /// Our own time was over.
    Silence(Span),
    /// A good reply that does not fit the question.
    OutOfOrder(String),
}

impl From<SmtpError> for Trouble {
    fn from(error: SmtpError) -> Self {
        Self::Smtp(error)
    }
}

/// The server went over `limits::SMTP_READ_BYTES`; travels inside an [`io::Error`].
#[derive(Debug, thiserror::Error)]
#[error("the server talks without end")]
pub(super) struct TooMuch;

/// What `trouble` in `phase` means, and what to tell people about it.
pub fn judge(phase: Phase, trouble: &Trouble) -> NotifyError {
    let (class, words) = match trouble {
        Trouble::Smtp(error) => return of_lettre(phase, error),
        Trouble::Network(error) => (of_io(phase, error), error.to_string()),
        Trouble::Silence(limit) => (lost(phase), format!("no answer within {limit}")),
        Trouble::OutOfOrder(reply) => (Class::Odd, format!("unexpected reply: {reply}")),
    };
    NotifyError { class, reply: printable(&format!("{phase}: {words}")) }
}

fn of_lettre(phase: Phase, error: &SmtpError) -> NotifyError {
    let words = chain(error).last().map_or_else(|| error.to_string(), ToString::to_string);
    if let Some(code) = error.status() {
        let code = u16::from(code);
        return NotifyError { class: of_reply(phase, code, &words), reply: printable(&format!("{code} {words}")) };
    }
    let class = if let Some(io) = chain(error).find_map(|e| e.downcast_ref::<io::Error>()) {
        of_io(phase, io)
    } else if error.is_response() {
        // Why: lettre reports a line closed in the middle of a reply as an answer it cannot read, and tells it
        // apart by these words alone.
        if words == "incomplete response" { lost(phase) } else { Class::Odd }
    } else if error.is_client() || error.is_tls() {
        // No STARTTLS offered, no way to log in that both know, a name no certificate can be issued for.
        Class::Config
    } else {
        lost(phase)
    };
    NotifyError { class, reply: printable(&format!("{phase}: {words}")) }
}

/// Every error below `error`, outermost first.
fn chain<'a>(error: &'a SmtpError) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    let first: Option<&'a (dyn StdError + 'static)> = error.source();
    std::iter::successors(first, |e: &&'a (dyn StdError + 'static)| (*e).source())
}

/// The line broke or fell silent.
fn lost(phase: Phase) -> Class {
    if phase == Phase::Body { Class::Unknown } else { Class::Transient }
}

fn of_io(phase: Phase, error: &io::Error) -> Class {
    let inner = error.get_ref();
    if inner.and_then(|e| e.downcast_ref::<TooMuch>()).is_some() {
        return Class::Odd;
    }
    if let Some(tls) = inner.and_then(|e| e.downcast_ref::<rustls::Error>()) {
        return of_tls(phase, tls);
    }
    match error.kind() {
        // A reply that is not UTF-8.
        io::ErrorKind::InvalidData => Class::Odd,
        io::ErrorKind::PermissionDenied => Class::Config,
        _ => lost(phase),
    }
}

fn of_tls(phase: Phase, error: &rustls::Error) -> Class {
    use rustls::Error as E;
    match error {
        // The certificate, the versions, or a port that does not speak TLS at all: nothing that passes by itself.
        E::InvalidCertificate(_)
        | E::NoCertificatesPresented
        | E::UnsupportedNameType
        | E::PeerIncompatible(_)
        | E::InvalidMessage(_) => Class::Config,
        _ => lost(phase),
    }
}

fn of_reply(phase: Phase, code: u16, text: &str) -> Class {
    if code < 500 {
        return Class::Transient;
    }
    let at_recipient = phase >= Phase::Recipient;
    match (code, enhanced(text)) {
        (530 | 534 | 535 | 538, _) | (_, Some((5, 7, _))) => Class::Config,
        (_, Some((5, 3, 4) | (5, 2, 3))) => Class::Size,
        // 5.1.7 to 5.1.9 speak of the sender.
        (_, Some((5, 1, 0..=6 | 10) | (5, 2, 0..=2))) | (551, None) if at_recipient => Class::Recipient,
        // At RCPT it is the mailbox that is full, later the message that is too big.
        (552, _) if phase == Phase::Recipient => Class::Recipient,
        (552, _) => Class::Size,
        (550 | 553, _) => Class::Config,
        _ if phase <= Phase::Login => Class::Config,
        _ => Class::Odd,
    }
}

/// The status of RFC 3463 at the start of a reply: `5.1.1`.
fn enhanced(text: &str) -> Option<(u16, u16, u16)> {
    let mut parts = text.split_whitespace().next()?.split('.').map(|part| part.parse().ok());
    let status = (parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some(status)
}

/// A stranger's words as they may be stored, logged and shown: no line ends, no controls, nothing that turns the
/// direction of reading, cut to `limits::ERROR_CHARS`.
pub(super) fn printable(text: &str) -> String {
    let invisible = |c: char| matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    let plain: String = text.chars().filter(|&c| !invisible(c)).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut kept = String::new();
    let mut letters = 0;
    for word in plain.split_whitespace() {
        let gap = usize::from(letters > 0);
        let room = limits::ERROR_CHARS.saturating_sub(letters + gap);
        if room == 0 {
            break;
        }
        if gap == 1 {
            kept.push(' ');
        }
        kept.extend(word.chars().take(room));
        letters = kept.chars().count();
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_the_server_says_decides_and_where_it_says_it_breaks_ties() {
        use Class::{Config, Odd, Recipient, Size, Transient};
        for (phase, code, text, class) in [
            (Phase::Connect, 421, "4.3.2 too busy", Transient),
            (Phase::Recipient, 450, "4.2.0 greylisted", Transient),
            (Phase::Login, 454, "4.7.0 temporary authentication failure", Transient),
            (Phase::Body, 451, "local error", Transient),
            (Phase::Body, 452, "4.3.1 queue full", Transient),
            (Phase::Connect, 554, "no SMTP service here", Config),
            (Phase::Login, 535, "5.7.8 bad password", Config),
            (Phase::Login, 504, "mechanism not known", Config),
            (Phase::Sender, 530, "5.7.0 must issue a STARTTLS command first", Config),
            (Phase::Sender, 553, "5.1.8 sender's domain does not exist", Config),
            (Phase::Sender, 550, "5.1.0 address rejected", Config),
            (Phase::Recipient, 550, "5.1.1 no such user", Recipient),
            (Phase::Recipient, 550, "5.1.10 null MX", Recipient),
            (Phase::Recipient, 550, "5.1.8 sender rejected", Config),
            (Phase::Recipient, 551, "user not local", Recipient),
            (Phase::Recipient, 552, "mailbox full", Recipient),
            (Phase::Recipient, 550, "relaying denied", Config),
            (Phase::Recipient, 554, "5.7.1 relay access denied", Config),
            (Phase::Recipient, 554, "5.2.2 over quota", Recipient),
            (Phase::Body, 550, "5.1.1 no such user after all", Recipient),
            (Phase::Sender, 552, "5.3.4 too big", Size),
            (Phase::Body, 552, "message too large", Size),
            (Phase::Body, 554, "5.3.4 too big", Size),
            (Phase::Body, 552, "5.7.0 blocked for its content", Config),
            (Phase::Body, 550, "5.7.26 unauthenticated by DMARC", Config),
            (Phase::Body, 554, "transaction failed", Odd),
            (Phase::Data, 503, "bad sequence", Odd),
        ] {
            assert_eq!(of_reply(phase, code, text), class, "{phase:?} {code} {text}");
        }
    }

    #[test]
    fn a_broken_line_is_doubt_only_after_the_body() {
        let broken = || Trouble::Network(io::ErrorKind::ConnectionReset.into());
        assert_eq!(judge(Phase::Data, &broken()).class, Class::Transient);
        assert_eq!(judge(Phase::Body, &broken()).class, Class::Unknown);
        let silent = judge(Phase::Body, &Trouble::Silence(Span::seconds(90)));
        assert_eq!(silent.class, Class::Unknown);
        assert_eq!(silent.reply, "sending the message: no answer within 90s");
    }

    #[test]
    fn a_bad_certificate_waits_for_a_person_and_a_broken_handshake_does_not() {
        let tls = |why: rustls::Error| Trouble::Network(io::Error::new(io::ErrorKind::InvalidData, why));
        let expired = rustls::Error::InvalidCertificate(rustls::CertificateError::Expired);
        assert_eq!(judge(Phase::Connect, &tls(expired)).class, Class::Config);
        assert_eq!(judge(Phase::Connect, &tls(rustls::Error::DecryptError)).class, Class::Transient);
    }

    #[test]
    fn a_status_is_read_only_where_it_is_whole() {
        assert_eq!(enhanced("5.1.10 null MX"), Some((5, 1, 10)));
        for wrong in ["", "5.1", "5.1.1.1 x", "no such user", "5..1", "99999.1.1"] {
            assert_eq!(enhanced(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_reply_is_shown_without_what_could_mislead_a_reader() {
        assert_eq!(printable("550 no\r\n\u{202e}such\u{0} \u{200b}user\t"), "550 no such user");
        assert_eq!(printable(&"宛先".repeat(500)).chars().count(), limits::ERROR_CHARS);
    }

    proptest! {
        #[test]
        fn no_words_of_a_server_make_us_stumble(phase in 0..6_usize, code in 400..600_u16, text in "\\PC{0,40}|5\\.[0-9]{1,3}\\.[0-9]{1,3} .{0,300}") {
            let phase = [Phase::Connect, Phase::Login, Phase::Sender, Phase::Recipient, Phase::Data, Phase::Body][phase];
            let class = of_reply(phase, code, &text);
            prop_assert_eq!(class == Class::Transient, code < 500);
            let shown = printable(&text);
            prop_assert!(shown.chars().count() <= limits::ERROR_CHARS && !shown.chars().any(char::is_control));
        }
    }
}
