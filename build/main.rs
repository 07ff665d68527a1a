//! Packs the suite into the program: scenarios, snapshots and target files, in one compressed archive.
//!
//! Only a release build contains the archive. A debug build reads the same folders from the source tree, so that a
//! changed scenario needs no rebuild.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

#[path = "../src/builtin/folders.rs"]
mod folders;
mod pack;

fn main() -> io::Result<()> {
    let variable = |name: &str| env::var(name).map_err(io::Error::other);
    let out = PathBuf::from(variable("OUT_DIR")?).join("suite.gz");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=src/builtin/folders.rs");
    if variable("PROFILE")? == "debug" {
        return fs::write(out, []);
    }
    for folder in folders::FOLDERS {
        println!("cargo::rerun-if-changed={folder}");
    }
    let root = variable("CARGO_MANIFEST_DIR")?;
    fs::write(out, pack::pack(&folders::read(Path::new(&root))?)?)
}
