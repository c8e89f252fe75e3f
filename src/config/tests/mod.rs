//! The configuration as people write it, with their mistakes.

use std::{collections::BTreeSet, path::Path};

use super::*;
use crate::{
    alert::email::Tls,
    collect::sources::{KINDS, SourceParams},
    model::{
        post::{Channel, SourceType},
        time::Span,
    },
};

mod slips;
mod watchlist;

const FULL: &str = r#"
watchlist = "names.toml"
[store]
path = "/var/lib/hinomi/hinomi.db"
[collect]
contact = "https://example.jp/hinomi"
poll_every = "5m"
allow = ["127.0.0.1:8080"]
[[source]]
name = "news"
kind = "feed"
url = "https://news.example.jp/rss.xml"
source_type = "news"
poll_every = "10m"
[[source]]
name = "old"
kind = "jsonl"
path = "posts.jsonl"
source_type = "blog"
channel = "matome"
[mail]
from = "hinomi@example.jp"
dashboard = "https://hinomi.example.jp/"
[mail.smtp]
host = "smtp.example.jp"
username = "hinomi"
password_env = "SMTP_SECRET"
[recipients]
pr-duty = ["pr@example.jp", "night@example.jp"]
legal = ["legal@example.jp", "pr@example.jp"]
[alert]
default = ["pr-duty"]
"#;

fn secrets(name: &str) -> Option<String> {
    match name {
        "SMTP_SECRET" => Some("canary-in-env".to_owned()),
        "TOKEN_SECRET" => Some("canary-in-token-0123456789".to_owned()),
        "SHORT_SECRET" => Some("canary-in-short-0123456".to_owned()),
        "SPACED_SECRET" => Some("canary in a token with spaces".to_owned()),
        "URL_SECRET" => Some("postgres://tower:canary-in-url@db.example/hinomi".to_owned()),
        // The names of the example file.
        _ => name.starts_with("HINOMI_").then(|| "canary-in-env".to_owned()),
    }
}

/// A certificate of an authority, as a file; nobody has its key.
fn authority() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/config/tests/authority.pem").display().to_string()
}

/// Writes the text as `etc/hinomi.toml` in a folder of its own and loads it.
fn loaded(text: &str) -> Result<Settings, ConfigErrors> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hinomi.toml");
    fs::write(&path, text).unwrap();
    load(&path, &secrets)
}

/// The messages with their places, without the folder.
fn mistakes(text: &str) -> Vec<String> {
    let errors = loaded(text).expect_err("mistakes");
    errors.mistakes().iter().map(|m| format!("{}: {}", m.place().unwrap_or("-"), m.message(Lang::En))).collect()
}

#[test]
fn a_full_file_means_what_it_says() {
    let settings = loaded(FULL).unwrap();
    assert_eq!(settings.store.path, Path::new("/var/lib/hinomi/hinomi.db"));
    assert!(settings.watchlist.is_absolute() && settings.watchlist.ends_with("names.toml"));
    assert!(settings.collect.user_agent.ends_with("(+https://example.jp/hinomi)"));
    assert_eq!(settings.collect.poll_every, Span::minutes(5));
    let SourceParams { basics, kind, fields } = &settings.sources[0];
    assert_eq!(
        (kind.word, fields.text("url"), basics.channel),
        ("feed", "https://news.example.jp/rss.xml", Channel::News)
    );
    assert_eq!((basics.source_type, basics.poll_every), (SourceType::News, Some(Span::minutes(10))));
    assert_eq!(settings.sources[1].basics.channel, Channel::Matome);
    let (mail, smtp) = (settings.mail.clone().unwrap(), settings.smtp.clone().unwrap());
    assert_eq!(mail.dashboard.as_deref(), Some("https://hinomi.example.jp"));
    assert_eq!((smtp.port, smtp.tls), (587, Tls::StartTls));
    assert_eq!(smtp.password.unwrap().expose(), "canary-in-env");
    assert_eq!(settings.addresses(&[]), ["pr@example.jp", "night@example.jp"]);
    let both = ["legal".to_owned(), "pr-duty".to_owned()];
    assert_eq!(settings.addresses(&both), ["legal@example.jp", "pr@example.jp", "night@example.jp"]);
    assert!(settings.missing_to_run().is_empty());
}

#[test]
fn all_mistakes_come_at_once_with_line_and_column_in_file_order() {
    let text = "[collect]\npol_every = \"5m\"\nhost_spacing = 2\nallow = [\"intranet\"]\n\n[time]\nzone = \"Tokyo\"\n\
                [[source]]\nname = \"a\"\nkind = \"feed\"\n[detct]\n[detect]\nbudget = 0\n";
    let found = mistakes(text);
    let places: Vec<_> = found.iter().map(|m| m.split(": ").next().unwrap()).collect();
    assert_eq!(places, ["2:1", "3:16", "4:9", "7:8", "8:1", "8:1", "11:2", "13:10"], "{found:#?}");
    assert_eq!(found[0], "2:1: unknown key \"pol_every\" — did you mean \"poll_every\"?");
    assert!(found[1].contains("wants a text in quotes, not a whole number"), "{}", found[1]);
    assert!(found[6].contains("did you mean \"detect\""), "{}", found[6]);
}

#[test]
fn a_broken_line_does_not_hide_the_mistakes_of_the_others() {
    let found = mistakes("[store]\npath = \n[collect]\npol_every = \"5m\"\n");
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].starts_with("2:"), "{found:#?}");
    assert!(found[1].starts_with("4:1: unknown key"), "{found:#?}");
}

#[test]
fn a_key_given_twice_is_refused() {
    let found = mistakes("[store]\npath = \"a.db\"\npath = \"b.db\"\n");
    assert!(found.len() == 1 && found[0].starts_with("3:1: ") && found[0].contains("duplicate"), "{found:#?}");
}

#[test]
fn an_unknown_key_far_from_all_others_lists_what_can_be_written() {
    assert_eq!(mistakes("[log]\nxyzzy = 1\n"), ["2:1: unknown key \"xyzzy\" — known here: level, format"]);
}

#[test]
fn dangerous_values_are_refused() {
    let cases = [
        ("poll_every = \"5m\"", "poll_every = \"1s\"", "from \"1m\" to \"1d\""),
        ("poll_every = \"10m\"", "poll_every = \"59s\"", "from \"1m\" to \"1d\""),
        ("host = \"smtp.example.jp\"", "host = \"smtp.example.jp\"\ntls = \"none\"", "only for this machine"),
        ("default = [\"pr-duty\"]", "default = []", "alert.default"),
        ("default = [\"pr-duty\"]", "default = [\"pr-dut\"]", "no group \"pr-dut\""),
        ("pr-duty = [\"pr@example.jp\", \"night@example.jp\"]", "pr-duty = []", "no usable address"),
        ("night@example.jp", "夜番@example.jp", "no mail address"),
        ("night@example.jp", "pr@example.jp", "listed twice"),
        ("https://news.example.jp/rss.xml", "https://u:canary@news.example.jp/", "user name or a password"),
        ("https://news.example.jp/rss.xml", "file:///etc/passwd", "http:// or https://"),
        (
            "url = \"https://news.example.jp/rss.xml\"",
            "path = \"a\"",
            "a \"feed\" source does not take \"path\" — it takes: \"url\"",
        ),
        ("name = \"old\"", "name = \"news\"", "listed twice"),
        (
            "kind = \"jsonl\"\npath = \"posts.jsonl\"",
            "kind = \"feed\"\nurl = \"https://news.example.jp/rss.xml\"",
            "listed twice",
        ),
        ("username = \"hinomi\"\n", "", "\"username\" is missing"),
        ("[store]", "[detect]\nbudget = -1\n[store]", "above 0"),
        ("[store]", "[detect]\nbudget = nan\n[store]", "above 0"),
    ];
    for (from, to, said) in cases {
        assert!(FULL.contains(from), "{from}");
        let found = mistakes(&FULL.replacen(from, to, 1));
        assert!(found.iter().any(|m| m.contains(said)), "{to}: {found:#?}");
    }
}

#[test]
fn mail_in_clear_stays_on_this_machine() {
    let local = FULL.replace("host = \"smtp.example.jp\"", "host = \"127.0.0.1\"\nport = 2525\ntls = \"none\"");
    assert_eq!(loaded(&local).unwrap().smtp.unwrap().tls, Tls::None);
}

#[test]
fn a_secret_is_never_in_a_message() {
    let broken = [
        FULL.replace("password_env = \"SMTP_SECRET\"", "password = \"canary\""),
        FULL.replace("password_env = \"SMTP_SECRET\"", "password = \"canary"),
        FULL.replace("password_env = \"SMTP_SECRET\"", "password_env = \"SMTP_SECRET\"\npassword = [\"canary\"]"),
        FULL.replace("password_env = \"SMTP_SECRET\"", "password = canary"),
        FULL.replace("password_env = \"SMTP_SECRET\"", "password = canary = canary"),
        FULL.replace("https://news.example.jp/rss.xml", "https://u:canary@news.example.jp/"),
        FULL.replace("default = [\"pr-duty\"]", "default = [\"nobody\"]"),
    ];
    for text in broken {
        let errors = loaded(&text).expect_err("a mistake");
        let said = format!("{errors} {errors:?} {} {}", errors.to_text(Lang::Ja), errors.to_text(Lang::En));
        assert!(!said.contains("canary"), "{said}");
    }
    assert!(!format!("{:?}", loaded(FULL).unwrap()).contains("canary"));
}

#[test]
fn a_password_in_the_file_is_refused_with_the_cure_and_never_proposed() {
    let literal = FULL.replace("password_env = \"SMTP_SECRET\"", "password = \"x\"");
    assert!(mistakes(&literal).iter().any(|m| m.contains("password_env")));
    let slip = mistakes(&FULL.replace("password_env", "passwrd"));
    assert!(!slip.iter().any(|m| m.contains("did you mean \"password\"?")), "{slip:#?}");
}

#[test]
fn a_missing_secret_is_named_and_a_file_of_secrets_loses_its_line_end() {
    let found = mistakes(&FULL.replace("SMTP_SECRET", "NOT_THERE"));
    assert!(found[0].contains("NOT_THERE is empty"), "{found:#?}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hinomi.toml");
    fs::write(&path, FULL.replace("password_env = \"SMTP_SECRET\"", "password_file = \"pw\"")).unwrap();
    fs::write(folder.path().join("pw"), "canary\r\n").unwrap();
    assert_eq!(load(&path, &secrets).unwrap().smtp.unwrap().password.unwrap().expose(), "canary");
    fs::write(folder.path().join("pw"), "\n").unwrap();
    assert!(load(&path, &secrets).expect_err("empty").to_string().contains("pw is empty"));
}

#[test]
fn an_empty_file_is_all_defaults_and_cannot_run_yet() {
    let settings = loaded("").unwrap();
    assert_eq!(settings.missing_to_run(), [Need::Source, Need::Mail]);
    assert_eq!(settings.collect, crate::collect::CollectParams::default());
}

#[test]
fn a_file_that_is_not_there_says_what_to_copy() {
    let errors = load(Path::new("nowhere/hinomi.toml"), &secrets).expect_err("no file");
    assert!(errors.to_string().contains("config/hinomi.example.toml"), "{errors}");
}

#[test]
fn the_example_file_is_written_from_the_defaults_and_means_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("config/hinomi.example.toml");
    let text = fs::read_to_string(&path).unwrap();
    if text != reference::example() {
        fs::write(root.join("target/hinomi.example.toml"), reference::example()).unwrap();
        panic!("the example is not what the code says: cp target/hinomi.example.toml config/ and read the difference");
    }
    assert_eq!(load(&path, &|_| None).unwrap(), Settings::beside(&root.join("config")));
}

#[test]
fn every_line_of_the_example_works_when_its_mark_is_taken_off() {
    let uncommented = |line: &str| match line.strip_prefix('#') {
        Some(rest) if !rest.starts_with(' ') => rest.to_owned(),
        _ => line.to_owned(),
    };
    let text = reference::example().lines().map(uncommented).collect::<Vec<_>>().join("\n");
    let text = text.replace("HINOMI_SMTP_PASSWORD", "SMTP_SECRET").replace("HINOMI_DATABASE_URL", "URL_SECRET");
    let text = text.replace("HINOMI_INGEST_TOKEN", "TOKEN_SECRET");
    let settings = loaded(&text.replace("house-ca.pem", &authority())).unwrap();
    assert_eq!(settings.store.shown(), "PostgreSQL hinomi@db.example");
    assert!(!format!("{settings:?}").contains("canary"), "{settings:?}");
    assert!(settings.missing_to_run().is_empty());
    let kinds: Vec<_> = settings.sources.iter().map(|s| s.kind.word).collect();
    assert_eq!(kinds, KINDS.iter().map(|k| k.word).collect::<Vec<_>>());
    assert!(settings.smtp.unwrap().username.is_some());
}

#[test]
fn the_reference_names_exactly_the_keys_that_are_read() {
    let full = |header: &str| match header {
        "" => "xyzzyxyzzy = 1".to_owned(),
        "[mail.smtp]" => "[mail]\nsmtp = { xyzzyxyzzy = 1 }".to_owned(),
        header => format!("{header}\nxyzzyxyzzy = 1"),
    };
    for part in reference::PARTS.iter().filter(|p| p.header != "[recipients]") {
        let found = mistakes(&full(part.header));
        let known = found.iter().find_map(|m| m.split_once("known here: ")).expect("a list of keys").1;
        let tables =
            ["store", "time", "collect", "source", "detect", "mail", "recipients", "alert", "web", "log", "smtp"];
        let known: BTreeSet<_> = known.split(", ").filter(|k| !tables.contains(k)).collect();
        let kinds = if part.header == "[[source]]" { reference::kind_keys() } else { Vec::new() };
        assert_eq!(known, part.keys.iter().map(|k| k.name).chain(kinds).collect(), "{}", part.header);
    }
    let said = watchlist::mistakes("[[company]]\nname = \"a\"\nxyzzyxyzzy = 1\n");
    let known: BTreeSet<_> = said.split_once("known here: ").unwrap().1.split(", ").collect();
    assert_eq!(known, reference::COMPANY_KEYS.iter().map(|k| k.0).collect());
}

#[test]
fn x_is_off_until_somebody_writes_it_with_a_token_and_a_limit() {
    assert!(!loaded(FULL).unwrap().mail.unwrap().x_connected);
    let with = |lines: &str| format!("{FULL}\n[[source]]\nname = \"x\"\nkind = \"x\"\n{lines}");
    let whole = "query = \"つばめ電機\"\ntoken_env = \"SMTP_SECRET\"\nmonthly_usd = 20";
    let settings = loaded(&with(whole)).unwrap();
    assert!(settings.mail.unwrap().x_connected && !format!("{:?}", settings.sources).contains("canary"));
    let long = whole.replace("つばめ電機", &"つ".repeat(600));
    for (lines, said) in [
        (whole.replace("monthly_usd = 20", ""), "\"monthly_usd\" is missing"),
        (whole.replace("token_env = \"SMTP_SECRET\"", ""), "token_env"),
        (whole.replace("20", "0"), "above 0"),
        (long, "may have 492"),
    ] {
        let found = mistakes(&with(&lines));
        assert!(found.iter().any(|m| m.contains(said)), "{said}: {found:#?}");
    }
}

#[test]
fn the_window_for_machines_opens_on_this_machine_only() {
    let listen = |value: &str| loaded(&format!("[web]\nlisten = {value}")).unwrap().listen.map(|at| at.to_string());
    assert_eq!(loaded("").unwrap().listen.map(|at| at.to_string()).as_deref(), Some("127.0.0.1:8730"));
    assert_eq!(listen("\"127.0.0.9:1\"").as_deref(), Some("127.0.0.9:1"));
    assert_eq!(listen("\"[::1]:0\"").as_deref(), Some("[::1]:0"));
    assert_eq!(listen("\"off\""), None);
    for open in ["0.0.0.0:8730", "[::]:8730", "192.0.2.7:8730", "[::ffff:127.0.0.1]:8730"] {
        let said = mistakes(&format!("[web]\nlisten = {open:?}")).join("\n");
        assert!(said.contains("could be seen from outside") && said.contains("127.0.0.1:8730"), "{said}");
    }
    for wrong in ["localhost:8730", "8730", "127.0.0.1", "OFF"] {
        assert!(mistakes(&format!("[web]\nlisten = {wrong:?}"))[0].contains("or \"off\""), "{wrong}");
    }
}

#[test]
fn the_door_for_posts_needs_a_word_that_nobody_guesses_and_an_address() {
    assert_eq!(loaded("").unwrap().ingest_token, None);
    let open = loaded("[web]\ningest_token_env = \"TOKEN_SECRET\"").unwrap();
    assert!(open.ingest_token.is_some() && !format!("{open:?}").contains("canary"), "{open:?}");
    assert!(!open.missing_to_run().contains(&Need::Source), "what others bring is something to look at");
    for (text, said) in [
        ("ingest_token = \"x\"", "ingest_token_env"),
        ("ingest_token_env = \"TOKEN_SECRET\"\nlisten = \"off\"", "nobody can bring posts"),
        ("ingest_token_env = \"SHORT_SECRET\"", "24 ASCII characters"),
        ("ingest_token_env = \"SPACED_SECRET\"", "24 ASCII characters"),
    ] {
        let found = mistakes(&format!("[web]\n{text}")).join("\n");
        assert!(found.contains(said) && !found.contains("canary"), "{found}");
    }
}

#[test]
fn both_files_are_read_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let (config, names) = (folder.path().join("hinomi.toml"), folder.path().join("names.toml"));
    fs::write(&config, format!("{FULL}\n[detect]\nbudget = 3.0\n")).unwrap();
    fs::write(&names, "[[company]]\nname = \"こだま自動車\"\nrecipients = [\"legal\"]\n").unwrap();
    let good = load_all(&config, &secrets).unwrap();
    assert!((good.watchlist.companies[0].budget - 3.0).abs() < f64::EPSILON);

    fs::write(&names, "[[company]]\nname = \"こだま自動車\"\nrecipients = [\"lgal\"]\n").unwrap();
    let errors = load_all(&config, &secrets).expect_err("an unknown group");
    assert!(
        errors.to_string().ends_with("names.toml:3:15: no group \"lgal\" in [recipients] — there are: legal, pr-duty")
    );

    fs::write(&config, FULL.replace("poll_every", "poll_evry")).unwrap();
    let errors = load_all(&config, &secrets).expect_err("mistakes");
    let files: BTreeSet<_> = errors.mistakes().iter().map(|m| m.file().file_name().unwrap().to_owned()).collect();
    assert_eq!(files.len(), 1, "the groups of a broken file are not held against the watchlist: {errors}");

    fs::write(&names, [0x82, 0xa0]).unwrap();
    assert!(load_all(&config, &secrets).expect_err("bytes").to_text(Lang::Ja).contains("UTF-8"));
}

#[cfg(unix)]
#[test]
fn a_secret_that_everybody_can_read_is_worth_a_warning() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (config, secret) = (folder.path().join("hinomi.toml"), folder.path().join("pw"));
    fs::write(&config, FULL.replace("password_env = \"SMTP_SECRET\"", "password_file = \"pw\"")).unwrap();
    fs::write(folder.path().join("names.toml"), "[[company]]\nname = \"a社\"\n").unwrap();
    fs::write(&secret, "canary").unwrap();
    for (mode, warnings) in [(0o644, 1), (0o640, 0), (0o600, 0)] {
        fs::set_permissions(&secret, fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(load_all(&config, &secrets).unwrap().warnings.len(), warnings, "{mode:o}");
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 256, failure_persistence: None, ..Default::default() })]

    /// However a file is damaged, the answer is a list of places and never a panic.
    #[test]
    fn a_damaged_file_is_answered_with_places(at in 0..FULL.len(), cut in 0_usize..40, put in "[\\[\\]{}\"'=.,#\n0-9a-zあ]{0,6}") {
        let end = (at + cut).min(FULL.len());
        let damaged = format!("{}{put}{}", FULL.get(..at).unwrap(), FULL.get(end..).unwrap());
        let mistakes = Mistakes::of(Path::new("hinomi.toml"));
        let world = file::World { base: Path::new(""), env: &secrets };
        file::read(&damaged, &world, &mistakes);
        let lines = damaged.lines().count().max(1) + 1;
        for mistake in mistakes.into_parts().0 {
            let line: usize = mistake.place().unwrap().split(':').next().unwrap().parse().unwrap();
            proptest::prop_assert!((1..=lines).contains(&line), "{}", mistake.line(Lang::En));
        }
        for name in ["w.toml", "w.json"] {
            let answer = parse_watchlist(&damaged, Path::new(name));
            proptest::prop_assert!(answer.is_err());
        }
    }
}
