//! The program as a process: started with a configuration of its own, read, asked over HTTP, sent signals.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use tokio::time::Instant;

/// Nothing a healthy program does on a busy machine takes longer.
const PATIENCE: Duration = Duration::from_mins(1);

/// A folder with a configuration that watches one company through a file.
pub(crate) struct Place {
    pub(crate) folder: tempfile::TempDir,
}

/// Stands in no output, ever.
pub(crate) const CANARY_PASSWORD: &str = "canary-password-4417";

pub(crate) const WATCHLIST: &str = "[[company]]\nname = \"青空テレコム\"\nrecipients = [\"pr-duty\"]\n";

/// The whole configuration; mail goes to a server on this machine.
pub(crate) fn config(smtp_port: u16) -> String {
    format!(
        "[web]\nlisten = \"127.0.0.1:0\"\n\
         [mail]\nfrom = \"hinomi@aozora.example\"\n\
         [mail.smtp]\nhost = \"127.0.0.1\"\nport = {smtp_port}\ntls = \"none\"\n\
         [recipients]\npr-duty = [\"pr@aozora.example\"]\n\
         [alert]\ndefault = [\"pr-duty\"]\n\
         [[source]]\nname = \"voices\"\nkind = \"jsonl\"\npath = \"posts.jsonl\"\nsource_type = \"post\"\n"
    )
}

impl Place {
    /// With nobody behind the port of the mail server.
    pub(crate) fn new() -> Self {
        Self::with(&config(9))
    }

    pub(crate) fn with(config: &str) -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        place.write("hinomi.toml", config);
        place.write("watchlist.toml", WATCHLIST);
        place.write("posts.jsonl", "");
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// `hinomi run --lang en`, ready to be changed and started.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hinomi"));
        command.args(["run", "--lang", "en", "--config"]).arg(self.path("hinomi.toml"));
        command.env_remove("FAILPOINTS").env_remove("NOTIFY_SOCKET").stdin(Stdio::null());
        command
    }

    /// Starts it and waits until it watches and answers.
    pub(crate) fn start(&self, failpoints: &str) -> Running {
        let mut running = Running::of(self.command().env("FAILPOINTS", failpoints));
        running.port();
        running
    }
}

/// A running program. Killed when dropped.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
    stderr: Receiver<String>,
    /// What it has said so far on standard output.
    pub(crate) said: String,
    port: Option<SocketAddr>,
}

/// An answer over HTTP.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Running {
    pub(crate) fn of(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (lines, stderr) = (listen(child.stdout.take().unwrap()), listen(child.stderr.take().unwrap()));
        Self { child, lines, stderr, said: String::new(), port: None }
    }

    /// Waits for a line on standard output.
    pub(crate) fn wait_for(&mut self, words: &str) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                let log = self.log();
                panic!("never said {words:?}, but:\n{}\n{log}", self.said);
            };
            self.said += &line;
            self.said.push('\n');
            if line.contains(words) {
                return line;
            }
        }
    }

    /// Where it answers.
    pub(crate) fn port(&mut self) -> SocketAddr {
        if let Some(port) = self.port {
            return port;
        }
        let line = self.wait_for("For monitoring: http://");
        let address = line.split("http://").nth(1).unwrap().split('/').next().unwrap().parse().unwrap();
        self.port = Some(address);
        address
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        let host = self.port();
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"))
    }

    /// Sends these bytes and reads until the other side closes.
    pub(crate) fn ask(&mut self, request: &str) -> Answer {
        self.ask_bytes(request.as_bytes())
    }

    /// The same for bytes that are no text.
    pub(crate) fn ask_bytes(&mut self, request: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.port()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // Who has heard enough closes early.
        let _cut = stream.write_all(request);
        let mut answer = String::new();
        let _cut = stream.read_to_string(&mut answer);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let code = head.split(' ').nth(1).and_then(|c| c.parse().ok()).unwrap_or(0);
        Answer { code, head: head.to_lowercase(), body: body.to_owned() }
    }

    /// Asks until the answer pleases.
    pub(crate) fn until(&mut self, path: &str, pleases: impl Fn(&Answer) -> bool) -> Answer {
        let until = Instant::now() + PATIENCE;
        loop {
            let answer = self.get(path);
            if pleases(&answer) {
                return answer;
            }
            assert!(Instant::now() < until, "{path} never pleased: {}\n{}", answer.body, self.log());
            thread::yield_now();
        }
    }

    /// One sample of the metrics, by everything before its value.
    pub(crate) fn metric(&mut self, name: &str) -> Option<f64> {
        sample(&self.get("/metrics").body, name)
    }

    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// How it ended, and how long that took.
    pub(crate) fn end(&mut self) -> (ExitStatus, Duration) {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status, start.elapsed());
            }
            assert!(start.elapsed() < PATIENCE, "it does not end:\n{}", self.log());
            thread::yield_now();
        }
    }

    pub(crate) fn lives(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// What it has said so far on standard error; all of it, once it has ended.
    pub(crate) fn log(&mut self) -> String {
        let ended = !self.lives();
        let mut log = String::new();
        while let Ok(line) = if ended { self.stderr.recv().map_err(drop) } else { self.stderr.try_recv().map_err(drop) }
        {
            log += &line;
            log.push('\n');
        }
        log
    }

    /// What is left on standard output of one that has ended.
    pub(crate) fn rest(&mut self) -> String {
        while let Ok(line) = self.lines.recv() {
            self.said += &line;
            self.said.push('\n');
        }
        self.said.clone()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// One sample, by everything before its value.
pub(crate) fn sample(metrics: &str, name: &str) -> Option<f64> {
    let line = metrics.lines().find(|l| l.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')))?;
    line.rsplit(' ').next()?.parse().ok()
}

fn listen(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (tell, heard) = channel();
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if tell.send(line).is_err() {
                break;
            }
        }
    });
    heard
}

/// Everything in these files and texts, to search it for what must not be there.
pub(crate) fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_file());
    entries.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}
