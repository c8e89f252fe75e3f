//! Debian's nginx, started for one test.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use hinomi::collect::CollectParams;

/// Debian's nginx on a free port, serving one folder. One process without workers, so that ending it ends all of it.
pub(crate) struct Nginx {
    child: Child,
    folder: tempfile::TempDir,
    port: u16,
}

impl Nginx {
    /// With further lines for its `server` section.
    pub(crate) async fn start(lines: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // nginx drops its rights, so the folder must be open to others.
        open_to_all(folder.path());
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let at = folder.path().display();
        let config = format!(
            "pid {at}/pid; error_log {at}/error.log; daemon off; master_process off; events {{ }}\n\
             http {{ access_log off; gzip on; gzip_types application/xml text/html; gzip_min_length 1;\n\
             client_body_temp_path {at}/t1; proxy_temp_path {at}/t2; fastcgi_temp_path {at}/t3; uwsgi_temp_path {at}/t4; scgi_temp_path {at}/t5;\n\
             types {{ application/xml xml; text/html html; }} charset utf-8; charset_types application/xml;\n\
             server {{ listen 127.0.0.1:{port}; root {at}; {lines} }} }}"
        );
        std::fs::write(folder.path().join("nginx.conf"), config).unwrap();
        let program = ["/usr/sbin/nginx", "/usr/local/sbin/nginx"].iter().map(Path::new).find(|p| p.exists());
        let child = Command::new(program.unwrap_or(Path::new("nginx")))
            .args(["-p", &at.to_string(), "-c", "nginx.conf", "-e", "error.log"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("this test needs a real server: apt-get install nginx-light");
        let mut nginx = Self { child, folder, port };
        nginx.wait_until_it_listens().await;
        nginx
    }

    async fn wait_until_it_listens(&mut self) {
        for _ in 0..500 {
            if tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_ok() {
                return;
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!(
                    "nginx ended with {status}: {}",
                    std::fs::read_to_string(self.path("error.log")).unwrap_or_default()
                );
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("nginx does not listen");
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a page that was changed so many seconds after the epoch.
    pub(crate) fn put(&self, name: &str, body: &[u8], changed: u64) {
        std::fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        std::fs::write(self.path(name), body).unwrap();
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(changed);
        std::fs::File::options().write(true).open(self.path(name)).unwrap().set_modified(time).unwrap();
    }

    pub(crate) fn at(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }

    pub(crate) fn url(&self, name: &str) -> String {
        format!("http://{}/{name}", self.at())
    }

    pub(crate) fn params(&self) -> CollectParams {
        CollectParams { allow: vec![self.at().to_string()], ..CollectParams::default() }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
}
