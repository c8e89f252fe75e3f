//! Hands mails to a mail server, one transaction for each recipient.
//!
//! The dialogue is led step by step on lettre's connection rather than by its transport: the transport covers only
//! connecting with a time limit, does not tell before or after the body a line broke, and without a pool reports a
//! mail as failed that was taken when only the goodbye failed.
//!
//! # Invariants
//! - No secret and no mail goes out in clear to anything but a loopback address; STARTTLS is required, never tried.
//! - `send` ends after `Limits::transaction` and a second for the goodbye, whatever the server does.
//! - Once the server has taken the mail, nothing that happens later makes it a failure.

use std::net::IpAddr;

use async_trait::async_trait;
use lettre::{
    Address,
    message::Mailbox,
    transport::smtp::{
        authentication::{Credentials, Mechanism},
        client::{AsyncSmtpConnection, Certificate, TlsParameters},
        commands::{Data, Mail, Noop, Rcpt},
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
        response::{Response, Severity},
    },
};
use tokio::{net::TcpStream, time::timeout};

use super::{
    SmtpParams, Tls,
    outcome::{Phase, Trouble, judge, printable},
    wire::{Bounded, framed},
};
use crate::{
    alert::{
        MailParams,
        notifier::{Class, Notifier, NotifyError, Receipt},
    },
    model::{alert::Rendered, limits, time::Span},
};

/// How long a server may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For the connection to one of its addresses.
    pub connect: Span,
    /// For everything up to the answer to the message.
    pub transaction: Span,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connect: limits::SMTP_CONNECT, transaction: limits::SMTP_TRANSACTION }
    }
}

/// Why no mail could ever go out this way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SmtpSetupError {
    /// Clear text over a network.
    #[error(
        "mail to {0:?} would travel in clear: without TLS the mail server must be on this machine \
         (127.0.0.1, ::1 or localhost); use STARTTLS or TLS from the first byte"
    )]
    Clear(String),
    /// The name cannot be in a certificate.
    #[error("{0:?} is not a name or an address of a mail server")]
    Host(String),
    /// The sender cannot be an envelope's.
    #[error("{0:?} is not an address mail can come from; letters outside ASCII are not supported")]
    Sender(String),
    /// Half a login.
    #[error("a login to the mail server needs a user name and a password, and only one of them is given")]
    Login,
    /// No certificates to trust.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

enum Line {
    Clear,
    StartTls(TlsParameters),
    Implicit(TlsParameters),
}

/// A mail server as a way out.
pub struct SmtpNotifier {
    host: String,
    port: u16,
    line: Line,
    login: Option<Credentials>,
    sender: Address,
    hello: ClientId,
    limits: Limits,
}

impl SmtpNotifier {
    /// Checks everything that can be checked without the server. Reads the system's certificates.
    pub fn new(params: &SmtpParams, mail: &MailParams) -> Result<Self, SmtpSetupError> {
        Self::with_limits(params, mail, Limits::default(), params.ca_pem.as_deref())
    }

    /// The same with other limits and, in PEM, certificates to trust beside the system's: a company's own.
    pub fn with_limits(
        params: &SmtpParams,
        mail: &MailParams,
        limits: Limits,
        trusted: Option<&[u8]>,
    ) -> Result<Self, SmtpSetupError> {
        let host = params.host.trim().trim_start_matches('[').trim_end_matches(']').to_owned();
        let line = match params.tls {
            Tls::None if is_loopback(&host) => Line::Clear,
            Tls::None => return Err(SmtpSetupError::Clear(host)),
            Tls::StartTls => Line::StartTls(tls(&host, trusted)?),
            Tls::Implicit => Line::Implicit(tls(&host, trusted)?),
        };
        let login = match (&params.username, &params.password) {
            (Some(name), Some(password)) => Some(Credentials::new(name.clone(), password.expose().to_owned())),
            (None, None) => None,
            _ => return Err(SmtpSetupError::Login),
        };
        let sender = mail.from.parse::<Mailbox>().ok().and_then(|m| plain(m.email));
        let sender = sender.ok_or_else(|| SmtpSetupError::Sender(mail.from.clone()))?;
        Ok(Self { host, port: params.port, line, login, sender, hello: hello(), limits })
    }

    /// Connects, greets, logs in and says goodbye; no mail goes out. A failure comes with how far it came.
    pub async fn probe(&self) -> Result<(), (Phase, NotifyError)> {
        let (mut phase, limit) = (Phase::Connect, self.limits.transaction);
        let dialogue = async {
            let mut line = self.open(&mut phase).await?;
            let alive = settled(&line.command(Noop).await?);
            timeout(limits::SMTP_QUIT.to_std(), line.quit()).await.ok();
            alive
        };
        let ended = timeout(limit.to_std(), dialogue).await.unwrap_or(Err(Trouble::Silence(limit)));
        ended.map_err(|trouble| (phase, judge(phase, &trouble)))
    }

    async fn dial(&self) -> Result<TcpStream, Trouble> {
        let found = tokio::net::lookup_host((self.host.as_str(), self.port)).await.map_err(Trouble::Network)?;
        let mut last = std::io::Error::other("the name has no usable address");
        for address in found {
            // The name was checked; what it stands for is not ours to decide.
            if matches!(self.line, Line::Clear) && !address.ip().is_loopback() {
                continue;
            }
            match timeout(self.limits.connect.to_std(), TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(why)) => last = why,
                Err(_) => last = std::io::ErrorKind::TimedOut.into(),
            }
        }
        Err(Trouble::Network(last))
    }

    async fn open(&self, phase: &mut Phase) -> Result<AsyncSmtpConnection, Trouble> {
        *phase = Phase::Connect;
        let mut line = match &self.line {
            // lettre takes a stream of ours only in clear, so here its own one is bounded by time alone; the
            // certificate has proved by then who talks.
            Line::Implicit(tls) => {
                let server = (self.host.as_str(), self.port);
                let limit = Some(self.limits.connect.to_std());
                AsyncSmtpConnection::connect_tokio1(server, limit, &self.hello, Some(tls.clone()), None).await?
            }
            Line::Clear | Line::StartTls(_) => {
                let stream = Box::new(Bounded::new(self.dial().await?));
                AsyncSmtpConnection::connect_with_transport(stream, &self.hello).await?
            }
        };
        if let Line::StartTls(tls) = &self.line {
            line.starttls(tls.clone(), &self.hello).await?;
        }
        if let Some(login) = &self.login {
            *phase = Phase::Login;
            settled(&line.auth(&[Mechanism::Plain, Mechanism::Login], login).await?)?;
        }
        Ok(line)
    }

    async fn hand_over(
        &self,
        line: &mut AsyncSmtpConnection,
        to: &Address,
        bytes: &[u8],
        phase: &mut Phase,
    ) -> Result<String, Trouble> {
        *phase = Phase::Sender;
        let wide = !bytes.is_ascii() && line.server_info().supports_feature(Extension::EightBitMime);
        let options = if wide { vec![MailParameter::Body(MailBodyParameter::EightBitMime)] } else { Vec::new() };
        settled(&line.command(Mail::new(Some(self.sender.clone()), options)).await?)?;
        *phase = Phase::Recipient;
        settled(&line.command(Rcpt::new(to.clone(), Vec::new())).await?)?;
        *phase = Phase::Data;
        let go_ahead = line.command(Data).await?;
        if !go_ahead.has_code(354) {
            return Err(Trouble::OutOfOrder(words(&go_ahead)));
        }
        *phase = Phase::Body;
        let taken = line.message(bytes).await?;
        settled(&taken)?;
        Ok(words(&taken))
    }
}

#[async_trait]
impl Notifier for SmtpNotifier {
    async fn send(&self, mail: &Rendered, recipient: &str) -> Result<Receipt, NotifyError> {
        let Some(to) = recipient.trim().parse().ok().and_then(plain) else {
            let reply = printable(&format!("{recipient:?} is not an address mail can be sent to"));
            return Err(NotifyError { class: Class::Recipient, reply });
        };
        let bytes = framed(&to, &mail.mime);
        let (mut phase, mut line) = (Phase::Connect, None);
        let limit = self.limits.transaction;
        let dialogue = async {
            let line = line.insert(self.open(&mut phase).await?);
            self.hand_over(line, &to, &bytes, &mut phase).await
        };
        let ended = timeout(limit.to_std(), dialogue).await.unwrap_or(Err(Trouble::Silence(limit)));
        // A line on which nothing was answered is dropped; there is nobody to say goodbye to.
        let answered = match &ended {
            Ok(_) | Err(Trouble::OutOfOrder(_)) => true,
            Err(Trouble::Smtp(error)) => error.status().is_some(),
            Err(Trouble::Network(_) | Trouble::Silence(_)) => false,
        };
        if let Some(line) = line.as_mut().filter(|_| answered) {
            timeout(limits::SMTP_QUIT.to_std(), line.quit()).await.ok();
        }
        match ended {
            Ok(reply) => Ok(Receipt { reply: printable(&reply) }),
            Err(trouble) => Err(judge(phase, &trouble)),
        }
    }
}

/// Only a 2xx ends a step well. lettre lets a 3xx pass.
fn settled(response: &Response) -> Result<(), Trouble> {
    if response.code().severity == Severity::PositiveCompletion {
        Ok(())
    } else {
        Err(Trouble::OutOfOrder(words(response)))
    }
}

fn words(response: &Response) -> String {
    response.message().fold(response.code().to_string(), |said, line| said + " " + line)
}

/// An address that needs no extension of the protocol. Spaces would be legal in quotes, and no mailbox has them.
fn plain(address: Address) -> Option<Address> {
    address.to_string().chars().all(|c| c.is_ascii_graphic()).then_some(address)
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The machine's name, unless a strict server would take offence at it.
fn hello() -> ClientId {
    match ClientId::default() {
        ClientId::Domain(name)
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-')) =>
        {
            ClientId::Ipv4(std::net::Ipv4Addr::LOCALHOST)
        }
        other => other,
    }
}

fn tls(host: &str, trusted: Option<&[u8]>) -> Result<TlsParameters, SmtpSetupError> {
    if rustls::pki_types::ServerName::try_from(host).is_err() {
        return Err(SmtpSetupError::Host(host.to_owned()));
    }
    let wrong = |why: lettre::transport::smtp::Error| SmtpSetupError::Tls(why.to_string());
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(pem) = trusted {
        builder = builder.add_root_certificate(Certificate::from_pem(pem).map_err(wrong)?);
    }
    builder.build().map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{secret::Secret, time::Zone};

    fn params(host: &str, tls: Tls) -> SmtpParams {
        SmtpParams { host: host.to_owned(), port: 2525, tls, username: None, password: None, ca_pem: None }
    }

    fn mail(from: &str) -> MailParams {
        MailParams { from: from.to_owned(), reply_to: None, dashboard: None, zone: Zone::JST, x_connected: false }
    }

    fn refusal(params: &SmtpParams, from: &str) -> Option<SmtpSetupError> {
        SmtpNotifier::new(params, &mail(from)).err()
    }

    #[test]
    fn mail_in_clear_is_refused_to_anything_but_this_machine() {
        let from = "hinomi@tsubame.example";
        for host in ["127.0.0.1", "127.8.9.1", "::1", "[::1]", "localhost", "LOCALHOST"] {
            assert_eq!(refusal(&params(host, Tls::None), from), None, "{host}");
        }
        for host in ["10.0.0.1", "smtp.tsubame.example", "localhost.tsubame.example", "127.0.0.1.tsubame.example", ""] {
            assert_eq!(refusal(&params(host, Tls::None), from), Some(SmtpSetupError::Clear(host.to_owned())));
        }
        let said = refusal(&params("mail.example", Tls::None), from).unwrap().to_string();
        assert!(said.contains("in clear") && said.contains("STARTTLS") && said.contains("mail.example"), "{said}");
    }

    #[test]
    fn what_can_never_work_is_told_before_the_first_mail() {
        let good = params("127.0.0.1", Tls::None);
        assert_eq!(refusal(&good, "火の見 <hinomi@tsubame.example>"), None);
        for from in ["", "hinomi", "見張り@tsubame.example", "hinomi@つばめ.example", "a@b.example, c@d.example"]
        {
            assert_eq!(refusal(&good, from), Some(SmtpSetupError::Sender(from.to_owned())));
        }
        assert_eq!(
            refusal(&params("no name", Tls::StartTls), "a@b.example"),
            Some(SmtpSetupError::Host("no name".into()))
        );
        let half = SmtpParams { password: Some(Secret::new("x")), ..good };
        assert_eq!(refusal(&half, "a@b.example"), Some(SmtpSetupError::Login));
    }

    #[test]
    fn an_address_that_could_smuggle_a_header_is_no_address() {
        for wrong in ["a@b.example\r\nBcc: c@d.example", "\"a b\"@b.example", "é@b.example", "a@b.example>", "a"] {
            assert_eq!(wrong.parse().ok().and_then(plain), None, "{wrong:?}");
        }
        assert!("pr+fire@tsubame.example".parse().ok().and_then(plain).is_some());
    }
}
