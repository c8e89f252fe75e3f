//! Writes the files: all of them, or none.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow};

use super::answers::{Answers, PASSWORD_FILE, Password};
use crate::config::{self, ConfigErrors, Lang};

/// Why nothing was written.
pub(super) enum Failure {
    /// Somebody's file is in the way.
    There(PathBuf),
    /// What would have been written cannot be read back.
    Mistakes(ConfigErrors),
    /// The disk.
    Io(anyhow::Error),
}

/// The configuration comes last: a machine that dies on the way leaves none, and `init` says what is in the way.
fn targets(config: &Path) -> [PathBuf; 2] {
    [config.with_file_name("watchlist.toml"), config.to_owned()]
}

/// A file that `init` would have to overwrite.
pub(super) fn already_there(config: &Path) -> Option<PathBuf> {
    // A link that leads nowhere is somebody's as well.
    targets(config).into_iter().rev().find(|path| path.symlink_metadata().is_ok())
}

/// Writes, reads back as `run` does, and takes everything away again if that fails.
pub(super) fn write(answers: &Answers, config: &Path, lang: Lang) -> Result<Vec<PathBuf>, Failure> {
    let [watchlist, _] = targets(config);
    let mut files = vec![(watchlist, answers.watchlist(lang))];
    if let Password::File(secret) = &answers.password {
        files.push((config.with_file_name(PASSWORD_FILE), format!("{}\n", secret.expose())));
    }
    files.push((config.to_owned(), answers.configuration(lang)));

    let mut written = Written(Vec::new());
    if let Some(folder) = config.parent().filter(|f| !f.as_os_str().is_empty()) {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))
            .map_err(Failure::Io)?;
    }
    for (path, text) in &files {
        match new_file(path, text, &mut written) {
            Ok(()) => {}
            Err(why) if why.kind() == io::ErrorKind::AlreadyExists => return Err(Failure::There(path.clone())),
            Err(why) => return Err(Failure::Io(anyhow!(why).context(format!("cannot write {}", path.display())))),
        }
    }
    // The variable of the password is set later, by whoever runs it.
    let env = config::environment();
    let set = |name: &str| env(name).filter(|value| !value.trim().is_empty()).or_else(|| Some("set later".to_owned()));
    config::load_all(config, &set).map_err(Failure::Mistakes)?;
    let mut paths = std::mem::take(&mut written.0);
    paths.reverse();
    Ok(paths)
}

fn new_file(path: &Path, text: &str, written: &mut Written) -> io::Result<()> {
    // Readable by nobody else from its first moment: a person may write a secret into any of them.
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    written.0.push(path.to_owned());
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// What has been written so far; goes away again unless it is taken.
struct Written(Vec<PathBuf>);

impl Drop for Written {
    fn drop(&mut self) {
        for path in &self.0 {
            // There is nothing better to do than to leave it.
            fs::remove_file(path).unwrap_or_default();
        }
    }
}
