//! Which addresses may be asked: the open internet, and what the customer named.
//!
//! A feed, a redirection or a name server is a stranger's word; none of them may make us knock inside the customer's
//! network. Asked for every hop's URL, because a literal address never meets a name server, and for every answer of
//! the name server, because a name may point elsewhere a second later. Only vetted addresses are connected to.

use std::{
    error::Error,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error;
use url::{Host, Url};

/// Why an address may not be asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Neither `http` nor `https`.
    #[error("the scheme {0:?} is not fetched")]
    Scheme(String),
    /// No URL, or one without a host.
    #[error("the address is no URL of a host")]
    NoHost,
    /// `user:password@`.
    #[error("an address that carries a user name is not fetched")]
    Credentials,
    /// A port that no web page lives on.
    #[error("port {0} is not fetched")]
    Port(u16),
    /// Inside somebody's own network.
    #[error("{0} is not an address of the open internet")]
    Private(String),
}

const PORTS: [u16; 4] = [80, 443, 8080, 8443];

/// The rules, with the customer's exceptions.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    /// Hosts in lower case, with the port at which they may be asked.
    allow: Arc<Vec<(String, u16)>>,
}

impl Guard {
    /// With `host:port` exceptions. What is not of that shape allows nothing.
    pub fn new(allow: &[String]) -> Self {
        let pair = |text: &String| {
            let (host, port) = text.trim().rsplit_once(':')?;
            Some((normal(host.trim_matches(['[', ']'])), port.parse().ok()?))
        };
        Self { allow: Arc::new(allow.iter().filter_map(pair).collect()) }
    }

    /// Whether `url` may be asked, as far as its text tells. The `url` crate has already read `0x7f.1` and its like
    /// as the addresses they are.
    pub fn check(&self, url: &Url) -> Result<(), Refusal> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Refusal::Scheme(url.scheme().to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::Credentials);
        }
        let host = url.host().ok_or(Refusal::NoHost)?;
        let port = url.port_or_known_default().ok_or(Refusal::NoHost)?;
        let name = normal(&host.to_string());
        let name = name.trim_matches(['[', ']']);
        if self.names_host(name) {
            // Why: a host named here may be private, so no other of its ports may be asked.
            return if self.names(name, port) { Ok(()) } else { Err(Refusal::Port(port)) };
        }
        if !PORTS.contains(&port) {
            return Err(Refusal::Port(port));
        }
        match host {
            Host::Ipv4(ip) if !is_public(IpAddr::V4(ip)) => Err(Refusal::Private(ip.to_string())),
            Host::Ipv6(ip) if !is_public(IpAddr::V6(ip)) => Err(Refusal::Private(ip.to_string())),
            _ => Ok(()),
        }
    }

    /// Whether `host`, which [`Guard::check`] let pass, may be asked at `ip`.
    pub fn check_ip(&self, host: &str, ip: IpAddr) -> Result<(), Refusal> {
        let host = normal(host);
        if self.names_host(host.trim_matches(['[', ']'])) || is_public(ip) {
            return Ok(());
        }
        Err(Refusal::Private(format!("{host} ({ip})")))
    }

    fn names_host(&self, host: &str) -> bool {
        self.allow.iter().any(|(name, _)| name == host)
    }

    fn names(&self, host: &str, port: u16) -> bool {
        self.allow.iter().any(|(name, p)| name == host && *p == port)
    }
}

fn normal(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

impl Guard {
    /// Asks the name server, and hands on only addresses of the open internet.
    pub(super) async fn resolve_host(
        &self,
        host: &str,
        port: u16,
    ) -> Result<Vec<SocketAddr>, Box<dyn Error + Send + Sync>> {
        let found: Vec<SocketAddr> = tokio::net::lookup_host((host, port)).await?.collect();
        let verdict = |a: &SocketAddr| self.check_ip(host, a.ip());
        let vetted: Vec<SocketAddr> = found.iter().copied().filter(|a| verdict(a).is_ok()).collect();
        if vetted.is_empty() {
            let refused = found.iter().find_map(|a| verdict(a).err());
            return Err(refused.map_or_else(|| io::Error::from(io::ErrorKind::NotFound).into(), Into::into));
        }
        Ok(vetted)
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let vetted = guard.resolve_host(name.as_str(), 0).await?;
            Ok(Box::new(vetted.into_iter()) as Addrs)
        })
    }
}

/// Whether strangers may be there: the registries of special addresses (RFC 6890 and its followers), read strictly.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, ..)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    if let Some(inside) = ip.to_ipv4_mapped() {
        return is_public_v4(inside);
    }
    let [a, b, ..] = ip.segments();
    // Only global unicast; of that not Teredo and its neighbours, 6to4, documentation: they hold or hide IPv4.
    let global = a & 0xe000 == 0x2000;
    let special = a == 0x2001 && (b < 0x200 || b == 0xdb8) || a == 0x2002 || a & 0xfff0 == 0x3ff0;
    global && !special
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(url: &str) -> Result<(), Refusal> {
        Guard::default().check(&Url::parse(url).map_err(|_| Refusal::NoHost)?)
    }

    #[test]
    fn no_spelling_of_an_inner_address_passes() {
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f.0.0.1",
            "0x7f000001",
            "0177.0.0.1",
            "017700000001",
            "127.0.0.1.",
            "0.0.0.0",
            "0",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.2.1",
            "198.18.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "255.255.255.255",
            "0xa9fea9fe",
            "１２７.０.０.１",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::127.0.0.1]",
            "[fe80::1]",
            "[fc00::1]",
            "[fd12:3456::1]",
            "[64:ff9b::7f00:1]",
            "[64:ff9b:1::1]",
            "[2002:7f00:1::]",
            "[2001::1]",
            "[2001:db8::1]",
            "[ff02::1]",
            "[3fff::1]",
            "[100::1]",
        ] {
            assert!(matches!(check(&format!("http://{host}/")), Err(Refusal::Private(_))), "{host}");
        }
    }

    #[test]
    fn the_open_internet_passes() {
        for url in [
            "http://example.jp/",
            "https://example.jp:8443/x",
            "http://8.8.8.8/",
            "https://[2606:4700::1111]/",
            "http://172.32.0.1/",
        ] {
            assert_eq!(check(url), Ok(()), "{url}");
        }
    }

    #[test]
    fn odd_schemes_ports_and_credentials_are_refused() {
        assert_eq!(check("http://example.jp:22/"), Err(Refusal::Port(22)));
        assert_eq!(check("http://user:pw@example.jp/"), Err(Refusal::Credentials));
        for scheme in ["file:///etc/passwd", "ftp://example.jp/", "gopher://example.jp/", "data:text/html,x"] {
            assert!(matches!(check(scheme), Err(Refusal::Scheme(_))), "{scheme}");
        }
    }

    #[test]
    fn an_exception_holds_for_its_host_and_port_only() {
        let guard = Guard::new(&[
            "127.0.0.1:9000".into(),
            "Intra.example.jp:81".into(),
            "[::1]:9000".into(),
            "nonsense".into(),
        ]);
        let check = |url: &str| guard.check(&Url::parse(url).unwrap());
        assert_eq!(check("http://127.0.0.1:9000/feed"), Ok(()));
        assert_eq!(check("http://[::1]:9000/feed"), Ok(()));
        assert_eq!(check("http://intra.example.jp:81/"), Ok(()));
        assert_eq!(check("http://127.0.0.1/"), Err(Refusal::Port(80)));
        assert_eq!(check("http://intra.example.jp/"), Err(Refusal::Port(80)));
        assert!(guard.check_ip("intra.example.jp", IpAddr::from([10, 0, 0, 1])).is_ok());
        assert!(guard.check_ip("other.example.jp", IpAddr::from([10, 0, 0, 1])).is_err());
    }

    #[tokio::test]
    async fn a_name_that_points_inside_is_not_resolved() {
        let refused = Guard::default().resolve("localhost".parse().unwrap()).await.err().unwrap();
        assert!(refused.downcast_ref::<Refusal>().is_some(), "{refused}");
    }

    proptest! {
        #[test]
        fn an_address_in_ipv6_clothes_is_judged_like_itself(octets in any::<[u8; 4]>()) {
            let ip = Ipv4Addr::from(octets);
            prop_assert_eq!(is_public(IpAddr::V6(ip.to_ipv6_mapped())), is_public(IpAddr::V4(ip)));
            prop_assert!(!is_public(IpAddr::V6(ip.to_ipv6_compatible())));
        }

        #[test]
        fn every_number_of_a_private_net_is_refused(low in 0_u32..=0x00ff_ffff) {
            let url = format!("http://{}/", 0x0a00_0000 + low);
            prop_assert!(check(&url).is_err(), "{}", url);
        }
    }
}
