//! Compiles IPADIC from the source archive that the crate `lindera-ipadic` carries.
//!
//! # Why
//! Lindera's own `embed-ipadic` downloads the dictionary while it builds, which fails on a machine that only
//! reaches crates.io. An older version of its crate ships the archive itself; cargo has fetched and verified
//! that crate like any other, so the archive is already on the disk.

#![expect(clippy::disallowed_methods, reason = "cargo hands a build script its folders in the environment")]

use std::{env, fmt::Write, fs, path::Path, path::PathBuf};

use anyhow::{Context, Result, ensure};
use cargo_metadata::MetadataCommand;
use lindera_dictionary::{builder::DictionaryBuilder, dictionary::metadata::Metadata};
use sha2::{Digest, Sha256};

const CRATE: (&str, &str) = ("lindera-ipadic", "0.27.2");
const ARCHIVE: &str = "mecab-ipadic-2.7.0-20070801";
const SHA256: &str = "b62f527d881c504576baed9c6ef6561554658b175ce6ae0096a60307e49e3523";

fn main() -> Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=schema.json");
    let out = PathBuf::from(env::var("OUT_DIR")?);

    let archive = crate_folder()?.join("resources").join(format!("{ARCHIVE}.tar.gz"));
    unpack(&archive, &out)?;

    let schema: Metadata = serde_json::from_str(&fs::read_to_string("schema.json")?)?;
    let compiled = out.join("lindera-ipadic");
    if compiled.exists() {
        fs::remove_dir_all(&compiled)?;
    }
    DictionaryBuilder::new(schema).build_dictionary(&out.join(ARCHIVE), &compiled).context("compiling IPADIC")?;
    println!("cargo::rustc-env=LINDERA_WORKDIR={}", out.display());
    Ok(())
}

/// Where cargo keeps the crate that carries the archive.
fn crate_folder() -> Result<PathBuf> {
    let metadata = MetadataCommand::new()
        // Without the filter cargo asks for crates of other platforms, which an offline build does not have.
        .other_options(["--locked".into(), "--filter-platform".into(), env::var("TARGET")?])
        .exec()
        .context("asking cargo where its crates lie")?;
    let package = metadata
        .packages
        .iter()
        .find(|p| p.name.as_str() == CRATE.0 && p.version.to_string() == CRATE.1)
        .context("the crate with the dictionary's archive is not among the dependencies")?;
    Ok(package.manifest_path.parent().context("a manifest without a folder")?.into())
}

fn unpack(archive: &Path, into: &Path) -> Result<()> {
    let bytes = fs::read(archive).with_context(|| format!("reading {}", archive.display()))?;
    let mut sum = String::new();
    for byte in Sha256::digest(&bytes) {
        write!(sum, "{byte:02x}")?;
    }
    ensure!(sum == SHA256, "{}: checksum {sum}, expected {SHA256}", archive.display());
    tar::Archive::new(flate2::read::GzDecoder::new(&bytes[..])).unpack(into)?;
    Ok(())
}
