//! `hinomi init` in a terminal, with a person at the keys.

use std::{
    fs,
    io::{Read, Write},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use super::said;

/// Nobody waits so long for an answer in a terminal; a test that does has failed.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn without_a_terminal_init_says_in_one_sentence_what_to_give() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_hinomi"))
        .current_dir(folder.path())
        .arg("init")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("--yes") && said(&output).lines().count() == 1, "{}", said(&output));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// A person at a terminal: waits for a question, then types.
pub(crate) struct Terminal {
    child: Child,
    keys: ChildStdin,
    screen: mpsc::Receiver<Vec<u8>>,
    seen: String,
}

impl Terminal {
    /// `script` of util-linux gives the program a terminal of its own.
    pub(crate) fn start(folder: &Path, command: &str) -> Self {
        let mut child = Command::new("script")
            .args(["--quiet", "--return", "--command", command, "/dev/null"])
            .current_dir(folder)
            .env("TERM", "xterm")
            .env("HINOMI", env!("CARGO_BIN_EXE_hinomi"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this test needs `script`: apt-get install bsdutils");
        let (keys, mut out) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (tell, screen) = mpsc::channel();
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(n @ 1..) = out.read(&mut piece) {
                if tell.send(piece[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { child, keys, screen, seen: String::new() }
    }

    /// Waits until `question` stands on the screen, then types `answer` and Enter.
    pub(crate) fn answer(&mut self, question: &str, answer: &str) {
        let mut bytes = Vec::new();
        while !String::from_utf8_lossy(&bytes).contains(question) {
            let piece = self.screen.recv_timeout(PATIENCE);
            let so_far = format!("{}{}", self.seen, String::from_utf8_lossy(&bytes));
            bytes.extend(piece.unwrap_or_else(|_| panic!("no {question:?} on the screen:\n{so_far}")));
        }
        self.seen += &String::from_utf8_lossy(&bytes);
        self.keys.write_all(format!("{answer}\r").as_bytes()).unwrap();
    }

    /// What else was said, and the exit code.
    pub(crate) fn end(mut self) -> (String, Option<i32>) {
        while let Ok(piece) = self.screen.recv_timeout(PATIENCE) {
            self.seen += &String::from_utf8_lossy(&piece);
        }
        (self.seen, self.child.wait().unwrap().code())
    }
}

#[test]
fn init_asks_in_a_terminal_and_is_answered_in_japanese() {
    let folder = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(folder.path(), "\"$HINOMI\" init");
    for (question, answer) in [
        ("監視したい会社の名前", "しらかば生命"),
        ("ほかの呼び名", "シラカバ生命、しらかばライフ　、 ｼﾗｶﾊﾞ"),
        ("除外する語", "しらかば高原、しらかば湖"),
        ("見に行くフィードの URL", "ftp://news.example.jp/"),
        // Asked again, because that was no address of a page.
        ("見に行くフィードの URL", "https://news.example.jp/rss.xml"),
        ("何が来るフィードですか", ""),
        ("もう1つのフィードの URL", "http://10.0.0.5:8080/blog.xml"),
        ("訪ねてよいですか", "はい"),
        ("何が来るフィードですか", "blog"),
        ("もう1つのフィードの URL", ""),
        ("メールの差出人", "hinomi@shirakaba.example"),
        ("知らせる宛先", "広報、pr@shirakaba.example"),
        ("知らせる宛先", "pr@shirakaba.example、duty@shirakaba.example"),
        ("見せる連絡先", ""),
        ("メールサーバー", "smtp.shirakaba.example"),
        ("暗号化", ""),
        ("ポート", ""),
        ("ログイン名", "hinomi"),
        ("パスワードの渡し方", "2"),
        ("パスワード（画面には出ません）", "canary-ひみつ"),
    ] {
        terminal.answer(question, answer);
    }
    let (seen, code) = terminal.end();
    assert_eq!(code, Some(0), "{seen}");
    assert!(seen.contains("hinomi check") && !seen.contains("canary"), "{seen}");

    let config = folder.path().join("config");
    let loaded = hinomi::config::load_all(&config.join("hinomi.toml"), &|_| None).unwrap();
    let company = &loaded.watchlist.companies[0];
    assert_eq!(company.name.0, "しらかば生命");
    let names: Vec<_> = company.aliases.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(names, ["しらかば生命", "シラカバ生命", "しらかばライフ", "ｼﾗｶﾊﾞ"]);
    assert_eq!(company.exclude, ["しらかば高原", "しらかば湖"]);
    assert_eq!(loaded.settings.collect.allow, ["10.0.0.5:8080"]);
    assert_eq!(loaded.settings.sources.len(), 2);
    assert_eq!(loaded.settings.addresses(&[]), ["pr@shirakaba.example", "duty@shirakaba.example"]);
    assert_eq!(loaded.settings.smtp.unwrap().password.unwrap().expose(), "canary-ひみつ");
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    for name in ["hinomi.toml", "watchlist.toml", "smtp-password"] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(config.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{name}");
    }
    let files = ["hinomi.toml", "watchlist.toml"].map(|name| fs::read_to_string(config.join(name)).unwrap());
    assert!(!files.concat().contains("canary"));
}

#[test]
fn who_gives_up_in_the_middle_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(folder.path(), "\"$HINOMI\" init");
    terminal.answer("監視したい会社の名前", "しらかば生命");
    terminal.answer("ほかの呼び名", "\u{3}");
    let (seen, code) = terminal.end();
    assert_eq!(code, Some(1), "{seen}");
    assert!(seen.contains("何も書いていません"), "{seen}");
    assert!(!folder.path().join("config").exists());
}
