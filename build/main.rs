//! Packs the suite into the program: scenarios, snapshots and target files, in one compressed archive.
//!
//! Only a release build contains the archive. A debug build reads the same folders from the source tree, so that a
//! changed scenario needs no rebuild.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

#[path = "../src/builtin/folders.rs"]
mod folders;
mod pack;

/// The folder into which packages of brokers are installed. Only its files of the suite are watched, since Cargo would
/// build everything again after an installation.
const INSTALLED_INTO: &str = "targets";

fn main() -> io::Result<()> {
    let variable = |name: &str| env::var(name).map_err(io::Error::other);
    let out = PathBuf::from(variable("OUT_DIR")?).join("suite.gz");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=src/builtin/folders.rs");
    if variable("PROFILE")? == "debug" {
        return fs::write(out, []);
    }
    let root = variable("CARGO_MANIFEST_DIR")?;
    let files = folders::read(Path::new(&root))?;
    for folder in folders::FOLDERS.iter().filter(|f| **f != INSTALLED_INTO) {
        println!("cargo::rerun-if-changed={folder}");
    }
    for file in files.keys().filter(|f| f.starts_with(INSTALLED_INTO)) {
        println!("cargo::rerun-if-changed={file}");
    }
    fs::write(out, pack::pack(&files)?)
}
