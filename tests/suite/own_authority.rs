//! Servers whose certificates a company signs itself: a feed behind nginx, a mail server that is Postfix. They are
//! trusted where `ca_file` says so, and nowhere else.

use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::Value;

use crate::mail::postfix::Postfix;

const NAMES: &str = "[[company]]\nname = \"青空テレコム\"\n";

/// Debian's nginx, which answers every path with one feed over TLS.
struct Nginx {
    child: Child,
    folder: tempfile::TempDir,
    port: u16,
}

impl Nginx {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        certificates(folder.path());
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let at = folder.path().display();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let temporary = temporary.map(|name| format!("{name}_temp_path {at}/{name};\n")).concat();
        let feed = "<rss version=\"2.0\"><channel><title>t</title><item><title>a</title></item></channel></rss>";
        let config = format!(
            "pid {at}/pid; error_log {at}/error.log; daemon off; master_process off; events {{ }}\n\
             http {{ access_log off; default_type application/rss+xml; {temporary}\
             server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {at}/server.crt; ssl_certificate_key {at}/server.key;\n\
             location / {{ return 200 '{feed}'; }} }} }}"
        );
        fs::write(folder.path().join("nginx.conf"), config).unwrap();
        let program = ["/usr/sbin/nginx", "/usr/local/sbin/nginx"].iter().map(Path::new).find(|p| p.exists());
        let child = Command::new(program.unwrap_or(Path::new("nginx")))
            .args(["-p", &at.to_string(), "-c", "nginx.conf", "-e", "error.log"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("this test needs a real server: apt-get install nginx-light");
        let mut nginx = Self { child, folder, port };
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            if let Some(status) = nginx.child.try_wait().unwrap() {
                let log = fs::read_to_string(nginx.folder.path().join("error.log")).unwrap_or_default();
                panic!("nginx ended with {status}: {log}");
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        nginx
    }

    fn authority(&self) -> Vec<u8> {
        fs::read(self.folder.path().join("ca.pem")).unwrap()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// An authority, and a certificate for 127.0.0.1 that it signed.
fn certificates(folder: &Path) {
    let new = "req -x509 -days 2 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256";
    for more in [
        "-subj /CN=House -keyout ca.key -out ca.pem",
        "-subj /CN=feeds -CA ca.pem -CAkey ca.key -addext subjectAltName=IP:127.0.0.1 \
         -addext basicConstraints=critical,CA:FALSE -keyout server.key -out server.crt",
    ] {
        let done = Command::new("openssl")
            .args(new.split(' ').chain(more.split_whitespace()))
            .current_dir(folder)
            .output()
            .expect("openssl is missing: apt-get install -y openssl");
        assert!(done.status.success(), "openssl: {}", String::from_utf8_lossy(&done.stderr));
    }
}

/// What `hinomi check` says of the leg `key`.
async fn leg(folder: &Path, config: &str, key: &'static str) -> Value {
    fs::write(folder.join("hinomi.toml"), config).unwrap();
    fs::write(folder.join("watchlist.toml"), NAMES).unwrap();
    let file = folder.join("hinomi.toml");
    let check = move || {
        let args = ["check", "--json", "--lang", "en", "--config"];
        Command::new(env!("CARGO_BIN_EXE_hinomi")).args(args).arg(file).output().unwrap()
    };
    let output = tokio::task::spawn_blocking(check).await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let rows = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.into_iter().find(|row| row["check"] == key).unwrap_or_else(|| panic!("{key}: {text}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_with_a_certificate_of_the_house_is_read_once_its_authority_is_named() {
    let nginx = Nginx::start().await;
    let folder = tempfile::tempdir().unwrap();
    let place = format!("127.0.0.1:{}", nginx.port);
    let source = format!(
        "[[source]]\nname = \"house\"\nkind = \"feed\"\nurl = \"https://{place}/feed\"\nsource_type = \"news\"\n"
    );
    let without = leg(folder.path(), &format!("[collect]\nallow = [\"{place}\"]\n{source}"), "source").await;
    assert_eq!(without["status"], "failed", "{without}");
    assert!(without["cure"].as_str().unwrap().contains("[collect] ca_file"), "{without}");

    fs::write(folder.path().join("house.pem"), nginx.authority()).unwrap();
    let named = format!("[collect]\nallow = [\"{place}\"]\nca_file = \"house.pem\"\n{source}");
    let with = leg(folder.path(), &named, "source").await;
    assert_eq!(with["status"], "ok", "{with}");
    assert!(with["text"].as_str().unwrap().starts_with("1 entries"), "{with}");

    // One authority is no licence for another's certificates.
    certificates(folder.path());
    fs::copy(folder.path().join("ca.pem"), folder.path().join("house.pem")).unwrap();
    let other = leg(folder.path(), &named, "source").await;
    assert_eq!(other["status"], "failed", "{other}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_with_a_certificate_of_the_house_is_used_once_its_authority_is_named() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let postfix = Postfix::start(nobody);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("house.pem"), postfix.authority()).unwrap();
    for (tls, port) in [("starttls", postfix.address().port()), ("implicit", postfix.tls_address().port())] {
        let config = |ca: &str| {
            format!(
                "[mail]\nfrom = \"hinomi@aozora.example\"\n[mail.smtp]\nhost = \"127.0.0.1\"\nport = {port}\n\
                 tls = \"{tls}\"\n{ca}[recipients]\npr = [\"pr@aozora.example\"]\n[alert]\ndefault = [\"pr\"]\n"
            )
        };
        let without = leg(folder.path(), &config(""), "mail").await;
        assert_eq!(without["status"], "failed", "{without}");
        assert!(without["cure"].as_str().unwrap().contains("[mail.smtp] ca_file"), "{without}");
        let with = leg(folder.path(), &config("ca_file = \"house.pem\"\n"), "mail").await;
        assert_eq!(with["status"], "ok", "{with}\n{}", postfix.log());
    }
    // The wrong kind of port for TLS from the first byte.
    let port = postfix.address().port();
    let mixed = format!(
        "[mail]\nfrom = \"hinomi@aozora.example\"\n[mail.smtp]\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"implicit\"\n\
         [recipients]\npr = [\"pr@aozora.example\"]\n[alert]\ndefault = [\"pr\"]\n"
    );
    let wrong = leg(folder.path(), &mixed, "mail").await;
    assert!(wrong["cure"].as_str().unwrap().contains("does not speak TLS from the first byte"), "{wrong}");
}

/// A stream over TLS that says one word to each caller.
async fn stream(folder: &Path) -> std::net::SocketAddr {
    use futures_util::SinkExt;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

    let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).unwrap();
    let certificates = CertificateDer::pem_file_iter(folder.join("server.crt")).unwrap().map(Result::unwrap).collect();
    let config = rustls::ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    #[expect(clippy::disallowed_methods, reason = "the other end of the line is not part of the program")]
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            // Who does not trust us hangs up here.
            let Ok(socket) = acceptor.accept(socket).await else { continue };
            let mut line = tokio_tungstenite::accept_async(socket).await.unwrap();
            line.send(tokio_tungstenite::tungstenite::Message::text("火の見")).await.unwrap();
        }
    });
    at
}

#[tokio::test]
async fn a_stream_with_a_certificate_of_the_house_is_heard_once_its_authority_is_named() {
    use hinomi::collect::{
        CollectParams,
        fetch::{Fetch, FetchError, HttpFetch},
        stream::{Broken, Hello},
    };

    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let at = stream(folder.path()).await;
    let hello = Hello::to(format!("wss://{at}/"));
    let stranger = CollectParams { allow: vec![at.to_string()], ..CollectParams::default() };
    match HttpFetch::new(&stranger).unwrap().listen(&hello).await.err().unwrap() {
        Broken::Fetch(FetchError::Transport(why)) => assert!(why.contains("certificate"), "{why}"),
        other => panic!("{other:?}"),
    }
    let friend = CollectParams { ca_pem: fs::read(folder.path().join("ca.pem")).ok(), ..stranger };
    let mut line = HttpFetch::new(&friend).unwrap().listen(&hello).await.unwrap();
    line.next().await.unwrap();
    assert_eq!(line.frame(), "火の見");
}
