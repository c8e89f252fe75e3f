//! What the worst input costs the real program: its memory, read from the kernel, and the requests under way.

use std::{
    fs,
    io::Write as _,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use hinomi::model::limits;
use tokio::{io::AsyncReadExt, net::TcpListener, sync::Notify};

/// The most that `hinomi feed` may hold at any moment, in megabytes: the page as bytes and as letters, its entries,
/// and a second opinion of it. An optimised build without coverage takes less than half.
const PEAK_MB: usize = 200;

/// Runs `hinomi feed` on `page` and gives its peak of resident memory in megabytes.
fn peak(page: &[u8]) -> usize {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(page).unwrap();
    // Should the bound not hold, the machine is not the one to find out.
    let mut child = Command::new("sh")
        .args(["-c", "ulimit -v 2000000; exec \"$0\" feed --json \"$1\""])
        .arg(env!("CARGO_BIN_EXE_hinomi"))
        .arg(file.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    // The kernel's own high-water mark: asking often only brings the last reading close to the end.
    let code = loop {
        if let Some(code) = child.try_wait().unwrap() {
            break code.code();
        }
        let text = fs::read_to_string(&status).unwrap_or_default();
        let mark = text.lines().find_map(|l| l.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
        most = most.max(mark.unwrap_or(0_usize));
        std::thread::yield_now();
    };
    let mut said = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut said).unwrap();
    assert!(matches!(code, Some(0 | 1)), "it ended with {code:?}: {said}");
    assert!(!said.contains("panicked") && !said.contains("memory allocation"), "{said}");
    most / 1024
}

#[test]
fn the_worst_pages_stay_within_a_stated_memory() {
    let fill = |piece: &str| piece.repeat((limits::BODY_BYTES - 200) / piece.len());
    let rss = |inside: String| format!("<rss><channel>{inside}</channel></rss>").into_bytes();
    let utf_32 = |text: &str| text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect::<Vec<u8>>();
    let pages = [
        ("500000 items", rss(fill("<item/>"))),
        ("items with names", rss(fill("<item><guid>1</guid><title>x</title></item>"))),
        ("items with long names", rss(fill(&format!("<item><guid>{}</guid></item>", "x".repeat(3000))))),
        ("one text", rss(format!("<item><description>{}</description></item>", fill("あ")))),
        ("markup", rss(format!("<item><description>{}</description></item>", fill("&lt;b&gt;x")))),
        ("attributes", rss(format!("<item{}/>", fill(" a='b'")))),
        ("nested", rss(fill("<a>"))),
        ("bases", rss(fill("<a xml:base='/bbbbbbbbbb/'>"))),
        ("titleless entries, for the second opinion", rss(fill("<item><link>http://a.example/</link></item>"))),
        ("json", format!("{{\"items\":[{}{{}}]}}", fill("{},")).into_bytes()),
        ("json numbers", format!("{{\"items\":[{}1]}}", fill("1,")).into_bytes()),
        ("json names", format!("{{\"items\":[{{{}\"a\":1}}]}}", fill("\"a\":1,")).into_bytes()),
        ("bytes of no encoding", fill("\u{ff}").bytes().map(|b| b | 0x80).collect()),
        ("wide letters", utf_32(&fill("<item/>").chars().take(1_300_000).collect::<String>())),
    ];
    let found: Vec<(&str, usize)> = pages.iter().map(|(what, page)| (*what, peak(page))).collect();
    println!("{found:?}");
    for (what, megabytes) in &found {
        assert!(*megabytes > 0, "{what}: nothing was read");
        assert!(*megabytes <= PEAK_MB, "{what}: {megabytes} MB\n{found:?}");
    }
}

/// Twenty sources on twenty hosts, all of which keep us waiting: only so many are asked at once.
#[tokio::test]
async fn requests_under_way_never_exceed_their_number() {
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (under_way, most, came) =
        (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default(), Arc::new(Notify::new()));
    let folder = tempfile::tempdir().unwrap();
    let source = |n: usize| {
        let url = format!("http://127.0.0.{n}:{port}/");
        format!("[[source]]\nname = \"s{n}\"\nkind = \"feed\"\nurl = \"{url}\"\nsource_type = \"news\"\n")
    };
    let sources = (1..=20).map(source).collect::<Vec<_>>().concat();
    let allow: Vec<String> = (1..=20).map(|n| format!("\"127.0.0.{n}:{port}\"")).collect();
    let settings = format!(
        "[collect]\ncontact = \"https://tsubame.example/\"\nallow = [{}]\n{sources}\
         [mail]\nfrom = \"hinomi@tsubame.example\"\n[mail.smtp]\nhost = \"127.0.0.1\"\nport = 9\ntls = \"none\"\n\
         [recipients]\npr = [\"pr@tsubame.example\"]\n[alert]\ndefault = [\"pr\"]\n",
        allow.join(", ")
    );
    fs::write(folder.path().join("hinomi.toml"), settings).unwrap();
    fs::write(folder.path().join("watchlist.toml"), "[[company]]\nname = \"つばめ電機\"\n").unwrap();
    let log = fs::File::create(folder.path().join("log")).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_hinomi"))
        .args(["run", "--config"])
        .arg(folder.path().join("hinomi.toml"))
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap();
    let (now, peak, bell) = (Arc::clone(&under_way), Arc::clone(&most), Arc::clone(&came));
    #[expect(clippy::disallowed_methods, reason = "the other end of the line is not part of the program")]
    tokio::spawn(async move {
        while let Ok((mut line, _)) = listener.accept().await {
            let (now, peak, bell) = (Arc::clone(&now), Arc::clone(&peak), Arc::clone(&bell));
            tokio::spawn(async move {
                peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                bell.notify_one();
                // Held until the other side has had enough.
                let mut rest = Vec::new();
                let _gone = line.read_to_end(&mut rest).await;
                now.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
    let filled = tokio::time::timeout(Duration::from_mins(1), async {
        while most.load(Ordering::SeqCst) < limits::FETCHES {
            came.notified().await;
        }
        // One more has two seconds to come; the ninth must not.
        tokio::time::timeout(Duration::from_secs(2), async {
            while most.load(Ordering::SeqCst) <= limits::FETCHES {
                came.notified().await;
            }
        })
        .await
        .is_err()
    })
    .await;
    child.kill().unwrap();
    child.wait().unwrap();
    let log = fs::read_to_string(folder.path().join("log")).unwrap_or_default();
    assert_eq!(filled, Ok(true), "{} at once\n{log}", most.load(Ordering::SeqCst));
    assert_eq!(most.load(Ordering::SeqCst), limits::FETCHES);
}
