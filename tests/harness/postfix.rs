//! A real Debian Postfix, with everything it owns in a folder of its own, on loopback ports.
//!
//! It takes mail for one domain it answers for itself, refuses another by policy, and relays the rest to the test's
//! mailbox. Needs root, as Postfix does, and the packages `postfix` and `openssl`; without them the test fails.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// A domain whose only mailbox is `known@`.
pub(crate) const LOCAL: &str = "home.example";
/// A domain to which policy forbids mail.
pub(crate) const DENIED: &str = "denied.example";
/// More bytes than this are refused after the message.
pub(crate) const SIZE_LIMIT: usize = 200_000;

const PROGRAM: &str = "/usr/sbin/postfix";

/// Runs until it is dropped.
pub(crate) struct Postfix {
    folder: tempfile::TempDir,
    port: u16,
    /// Here it speaks TLS from the first byte.
    pub(crate) tls_port: u16,
}

impl Postfix {
    /// Relays to `relay`.
    pub(crate) fn start(relay: SocketAddr) -> Self {
        assert!(
            Path::new(PROGRAM).exists(),
            "Postfix is missing, and this test is nothing without it: apt-get install -y postfix"
        );
        let folder = tempfile::Builder::new().prefix("hinomi-postfix").tempdir().unwrap();
        // Postfix's own user has to get through to its queue.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        // Both at once, so that they differ. Another program could take one before Postfix does; then the start fails
        // and says so.
        let free = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let [port, tls_port] = free.map(|listener| listener.local_addr().unwrap().port());
        let postfix = Self { folder, port, tls_port };
        for name in ["etc", "queue", "data", "tls"] {
            fs::create_dir(postfix.path(name)).unwrap();
        }
        postfix.give_to_postfix("data");
        postfix.make_certificates();
        fs::write(postfix.path("etc/main.cf"), postfix.main_cf(relay)).unwrap();
        fs::write(postfix.path("etc/master.cf"), postfix.master_cf()).unwrap();
        postfix.command("start");
        postfix
    }

    /// Greets in clear and offers STARTTLS.
    pub(crate) fn address(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }

    /// What it wrote down, to read when a test fails.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// A file of its own.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn main_cf(&self, relay: SocketAddr) -> String {
        let home = self.folder.path().display();
        format!(
            "compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
maillog_file_prefixes = {home}
maillog_file = {home}/log
myhostname = postfix.hinomi.example
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
relayhost = [{}]:{}
mydestination = {LOCAL}
local_recipient_maps = inline:{{ {{ known@{LOCAL} = x }} }}
local_transport = error:nobody is at home
alias_maps =
alias_database =
message_size_limit = {SIZE_LIMIT}
mailbox_size_limit = 0
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = check_recipient_access inline:{{ {{ {DENIED} = REJECT not from here }} }}, permit
smtpd_helo_required = yes
smtpd_tls_security_level = may
smtpd_tls_chain_files = {home}/tls/server.pem
smtpd_tls_session_cache_database =
smtp_tls_security_level = none
smtp_dns_support_level = disabled
smtp_host_lookup = native
minimal_backoff_time = 1s
",
            relay.ip(),
            relay.port()
        )
    }

    fn master_cf(&self) -> String {
        format!(
            "127.0.0.1:{} inet n - n - - smtpd
127.0.0.1:{} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
",
            self.port, self.tls_port
        )
    }

    /// An authority, and a server certificate signed by it: a certificate that signs itself is refused as a server's.
    fn make_certificates(&self) {
        let new = ["req", "-x509", "-days", "2", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
        let authority = ["-subj", "/CN=Hinomi test authority", "-keyout", "ca.key", "-out", "ca.pem"];
        self.openssl(&[&new[..], &authority[..]].concat());
        let server = [
            "-subj",
            "/CN=postfix.hinomi.example",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
            "-keyout",
            "server.key",
            "-out",
            "server.crt",
        ];
        self.openssl(&[&new[..], &server[..]].concat());
        let both = [fs::read(self.path("tls/server.key")).unwrap(), fs::read(self.path("tls/server.crt")).unwrap()];
        fs::write(self.path("tls/server.pem"), both.concat()).unwrap();
    }

    fn openssl(&self, arguments: &[&str]) {
        let done = Command::new("openssl").args(arguments).current_dir(self.path("tls")).output();
        let done = done.expect("openssl is missing: apt-get install -y openssl");
        assert!(done.status.success(), "openssl: {}", String::from_utf8_lossy(&done.stderr));
    }

    fn give_to_postfix(&self, name: &str) {
        let done = Command::new("chown").arg("postfix").arg(self.path(name)).status().unwrap();
        assert!(done.success(), "Postfix has no user of its own here, or this test does not run as root");
    }

    fn command(&self, what: &str) {
        // Into files, because the daemon keeps what it is given and a pipe would never close.
        let said = fs::File::create(self.path("said")).unwrap();
        let done = Command::new(PROGRAM)
            .arg("-c")
            .arg(self.path("etc"))
            .arg(what)
            .stdin(Stdio::null())
            .stdout(said.try_clone().unwrap())
            .stderr(said)
            .status()
            .unwrap();
        let said = fs::read_to_string(self.path("said")).unwrap_or_default();
        assert!(done.success(), "postfix {what}: {said}\n{}", self.log());
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        // Not `command`: a panic while a panic unwinds would hide the first one.
        let etc = self.path("etc");
        for what in ["stop", "abort"] {
            let quiet = Command::new(PROGRAM)
                .arg("-c")
                .arg(&etc)
                .arg(what)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            if quiet.is_ok_and(|status| status.success()) {
                break;
            }
        }
    }
}
