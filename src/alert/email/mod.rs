//! Mail: from an incident to bytes, and from bytes to a mailbox.

pub mod build;
mod headers;
pub mod outcome;
pub mod smtp;
mod wire;

/// How the connection to the mail server is kept from others' ears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// TLS from the first byte, port 465.
    Implicit,
    /// STARTTLS, and no mail where the server offers none; port 587.
    StartTls,
    /// In clear; only to a loopback address.
    None,
}

/// Where mails go out.
#[derive(Debug, Clone, PartialEq)]
pub struct SmtpParams {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Protection.
    pub tls: Tls,
    /// Login, if the server wants one.
    pub username: Option<String>,
    /// Its password.
    pub password: Option<crate::model::secret::Secret>,
    /// Authorities to trust beside the system's, in PEM: a company's own.
    pub ca_pem: Option<Vec<u8>>,
}
