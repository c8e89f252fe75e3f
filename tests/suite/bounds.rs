//! Every bound of `src/model/limits.rs`, at the bound and one beyond, through the doors a stranger comes by.
//!
//! Not here: what is done with input of a usual size.

mod again;
mod effort;
mod host;
mod line;
mod mail;
mod memory;
mod network;
mod page;
mod push;
mod robots;
mod smtp;
mod text;
mod watched;
mod window;

use std::{fs, path::Path};

/// Bounds that no test here can reach, and why.
const OUT_OF_REACH: &[(&str, &str)] =
    &[("HEADER_BYTES", "holds over HTTP/2 only, and a server for that needs a certificate the machine trusts")];

#[test]
fn no_bound_is_without_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let limits = fs::read_to_string(root.join("src/model/limits.rs")).unwrap();
    let names: Vec<&str> = limits.lines().filter_map(|l| l.strip_prefix("pub const ")?.split(':').next()).collect();
    assert!(names.len() > 20, "{names:?}");
    let tests: String = fs::read_dir(root.join("tests/suite/bounds"))
        .unwrap()
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    let is_used = |name: &str| {
        let used = format!("limits::{name}");
        // `FIELD_BYTES` must not vouch for `FIELD`.
        tests.match_indices(&used).any(|(at, _)| {
            !tests
                .get(at + used.len()..)
                .unwrap_or_default()
                .starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        })
    };
    let untested: Vec<&&str> =
        names.iter().filter(|n| !is_used(n) && !OUT_OF_REACH.iter().any(|(known, _)| known == *n)).collect();
    assert!(
        untested.is_empty(),
        "tests/suite/bounds says nothing of {untested:?}: test each at its bound and one beyond"
    );
    for (name, _) in OUT_OF_REACH {
        assert!(names.contains(name) && !is_used(name), "{name} is excused for nothing");
    }
}
