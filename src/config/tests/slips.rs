//! Slips of every kind, and what is said of them.

use std::fs;

use super::*;

#[test]
fn what_is_said_of_a_secret_names_where_it_should_be_and_never_what_stands_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hinomi.toml");
    let file = FULL.replace("password_env = \"SMTP_SECRET\"", "password_file = \"pw\"");
    let said = |text: &str, secret: Option<&[u8]>, env: &dyn Fn(&str) -> Option<String>| {
        fs::write(&path, text).unwrap();
        match secret {
            Some(bytes) => fs::write(folder.path().join("pw"), bytes).unwrap(),
            None => drop(fs::remove_file(folder.path().join("pw"))),
        }
        let errors = load(&path, env).expect_err("a mistake").to_string();
        assert!(!errors.contains("canary") && !errors.contains("Canary"), "{errors}");
        errors
    };
    assert!(said(&file, None, &secrets).contains("cannot read"));
    assert!(said(&file, Some(b" \n"), &secrets).contains("is empty"));
    assert!(said(&file, Some(b"canary\nsecond line\n"), &secrets).contains("one line"));
    assert!(said(&file, Some(&[0xff, 0xfe]), &secrets).contains("not UTF-8"));
    assert!(said(&file, Some(&vec![b'x'; 2 << 20]), &secrets).contains("larger than"));
    // The password itself where its variable should be named.
    let slip = FULL.replace("SMTP_SECRET", "Canary-99!");
    assert!(said(&slip, None, &secrets).contains("never the secret itself"));
    assert!(said(FULL, None, &|_| Some("  ".into())).contains("SMTP_SECRET is empty"));
    assert!(said(FULL, None, &|_| Some("canary\nx".into())).contains("one line"));
}

#[test]
fn a_file_of_authorities_holds_certificates_or_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hinomi.toml");
    for before in ["contact =", "username ="] {
        fs::write(&path, FULL.replace(before, &format!("ca_file = \"ca.pem\"\n{before}"))).unwrap();
        fs::copy(authority(), folder.path().join("ca.pem")).unwrap();
        assert!(load(&path, &secrets).is_ok());
        for wrong in ["", "certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            fs::write(folder.path().join("ca.pem"), wrong).unwrap();
            let said = load(&path, &secrets).expect_err(wrong).to_string();
            assert!(said.contains(":11: ") && said.contains("in PEM"), "{said}");
        }
        fs::remove_file(folder.path().join("ca.pem")).unwrap();
        assert!(load(&path, &secrets).expect_err("none").to_string().contains("cannot read"));
    }
}

#[test]
fn every_misspelt_setting_is_answered_with_the_one_that_was_meant() {
    for (wrong, meant) in [
        ("watchlst = \"a\"", "watchlist"),
        ("[stor]", "store"),
        ("[store]\npth = \"a\"", "path"),
        ("[collect]\ncontct = \"a\"", "contact"),
        ("[collect]\npol_every = \"5m\"", "poll_every"),
        ("[collect]\nhost_spaceing = \"5m\"", "host_spacing"),
        ("[collect]\ncafile = \"a\"", "ca_file"),
        ("[[sorce]]", "source"),
        ("[[source]]\nurls = \"a\"", "url"),
        ("[[source]]\nsource-type = \"news\"", "source_type"),
        ("[[source]]\nchanel = \"sns\"", "channel"),
        ("[detect]\nbugdet = 1.0", "budget"),
        ("[mail]\nfrm = \"a@example.jp\"", "from"),
        ("[mail]\nreplyto = \"a@example.jp\"", "reply_to"),
        ("[mail]\ndashbord = \"https://example.jp\"", "dashboard"),
        ("[mail.smtp]\nhots = \"a\"", "host"),
        ("[mail.smtp]\nprot = 25", "port"),
        ("[mail.smtp]\ntsl = \"none\"", "tls"),
        ("[mail.smtp]\nuser_name = \"a\"", "username"),
        ("[mail.smtp]\npasword_env = \"A\"", "password_env"),
        ("[mail.smtp]\npassword_fil = \"a\"", "password_file"),
        ("[recipient]", "recipients"),
        ("[alert]\ndefualt = []", "default"),
        ("[log]\nlevl = \"info\"", "level"),
        ("[log]\nformatt = \"json\"", "format"),
        ("[Collect]", "collect"),
    ] {
        let found = mistakes(wrong);
        let said = format!("did you mean \"{meant}\"?");
        assert!(found.iter().any(|m| m.contains(&said)), "{wrong}: {found:#?}");
    }
}

#[test]
fn every_wrong_type_is_named_with_the_one_that_is_wanted() {
    for (wrong, said) in [
        ("watchlist = 1", "\"watchlist\" wants a text in quotes, not a whole number"),
        ("store = \"hinomi.db\"", "\"store\" wants a table, not a text in quotes"),
        ("[collect]\npoll_every = 15", "\"poll_every\" wants a text in quotes, not a whole number"),
        ("[collect]\nallow = \"127.0.0.1:80\"", "\"allow\" wants a list in [ ], not a text in quotes"),
        ("[source]\nname = \"a\"", "\"source\" wants a list in [ ], not a table"),
        ("[detect]\nbudget = \"1\"", "\"budget\" wants a number, not a text in quotes"),
        ("[mail.smtp]\nport = \"587\"", "\"port\" wants a whole number, not a text in quotes"),
        ("[mail.smtp]\nport = 0", "\"port\" must be from 1 to 65535"),
        ("[mail.smtp]\nport = 70000", "\"port\" must be from 1 to 65535"),
        ("[recipients]\npr-duty = \"pr@example.jp\"", "\"pr-duty\" wants a list in [ ], not a text in quotes"),
        ("[alert]\ndefault = \"pr-duty\"", "\"default\" wants a list in [ ], not a text in quotes"),
        ("[log]\nlevel = true", "\"level\" wants a text in quotes, not true or false"),
        ("[time]\nzone = 2026-11-22", "\"zone\" wants a text in quotes, not a date"),
    ] {
        let found = mistakes(wrong);
        assert!(found.iter().any(|m| m.contains(said)), "{wrong}: {found:#?}");
    }
}

#[test]
fn a_watchlist_without_a_company_is_no_watch() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hinomi.toml");
    fs::write(&path, "").unwrap();
    fs::write(folder.path().join("watchlist.toml"), "company = []\n").unwrap();
    assert!(load_all(&path, &secrets).expect_err("nobody").to_string().contains("no company to watch"));
}
