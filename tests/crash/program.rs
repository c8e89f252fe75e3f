//! The real program as a process of its own: started, killed, waited for.

use std::{
    fs,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use tokio::time::{Instant, sleep};

/// Far more than anything here should need, also on a machine that does other things as well.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);
/// What a start says when it watches.
const WATCHING: &str = "Watching ";

/// One life of it. Killed when dropped.
pub(crate) struct Life {
    child: Child,
    log: PathBuf,
    /// Where this life begins in the log.
    from: usize,
}

impl Life {
    /// Starts it in `folder`, with `failpoints` as `FAILPOINTS` takes them.
    pub(crate) fn start(folder: &Path, number: u64, failpoints: &str) -> Self {
        let log = folder.join("hinomi.log");
        let mut file = fs::File::options().create(true).append(true).open(&log).unwrap();
        std::io::Write::write_all(&mut file, format!("── start {number} {failpoints}\n").as_bytes()).unwrap();
        let from = usize::try_from(file.metadata().unwrap().len()).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_hinomi"))
            .args(["--lang", "en", "--config"])
            .arg(folder.join("hinomi.toml"))
            .arg("run")
            .env("FAILPOINTS", failpoints)
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap();
        Self { child, log, from }
    }

    /// What it said so far.
    pub(crate) fn said(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(log.get(self.from..).unwrap_or_default()).into_owned()
    }

    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Returns when it watches; false if it ended before.
    pub(crate) async fn watches(&mut self) -> bool {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if self.said().contains(WATCHING) {
                return true;
            }
            if self.ended().is_some() {
                return false;
            }
            assert!(Instant::now() < deadline, "it does not start: {}", self.said());
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until a failpoint ends it; anything else is a failure, also an end of another kind.
    pub(crate) async fn aborts(mut self) {
        const SIGABRT: i32 = 6;
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.ended() {
                assert_eq!(status.signal(), Some(SIGABRT), "{status}: {}", self.said());
                return;
            }
            assert!(Instant::now() < deadline, "it never came to the failpoint: {}", self.said());
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// Kills it at once. False if it had been ended by a failpoint already; any other end is a failure.
    pub(crate) fn kill(mut self) -> bool {
        if let Some(status) = self.ended() {
            assert!(status.core_dumped() || status.signal().is_some(), "it ended by itself, {status}: {}", self.said());
            return false;
        }
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        true
    }

    /// Asks it to stop, as a supervisor does, and expects a clean end within the time a supervisor grants.
    pub(crate) async fn stops(mut self) {
        let asked = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status().unwrap();
        assert!(asked.success());
        let deadline = Instant::now() + Duration::from_secs(15);
        loop {
            if let Some(status) = self.ended() {
                assert!(status.success(), "{status}: {}", self.said());
                return;
            }
            assert!(Instant::now() < deadline, "it does not stop: {}", self.said());
            sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
