//! `cargo bench --bench growth`: compares the cost of a case in a run of a thousand cases and in one of ten thousand. A
//! run is the whole program: it reads the scenarios, plays them on the bundled broker, compares each record with its
//! snapshot and writes a report.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How many copies of the suite the folder contains.
const COPIES: [usize; 4] = [1, 2, 5, 10];
/// The best of this many runs is reported.
const RUNS: usize = 5;

fn main() -> io::Result<()> {
    // `cargo test --benches` does not pass --bench, and then one run of the smallest size is enough.
    let is_bench = std::env::args().any(|a| a == "--bench");
    let (copies, runs) = if is_bench {
        (&COPIES[..], RUNS)
    } else {
        (&COPIES[..1], 1)
    };
    let mut first = None;
    println!(
        "{:>8} {:>10} {:>14} {:>8}",
        "cases", "run, ms", "a case, us", "ratio"
    );
    for &copies in copies {
        let folder = suite(copies)?;
        let cases = cases(folder.path())?;
        let spent = best(folder.path(), runs)?;
        let each = spent.as_secs_f64() * 1e6 / cases as f64;
        let ratio = each / *first.get_or_insert(each);
        let spent_ms = spent.as_secs_f64() * 1e3;
        println!("{cases:>8} {spent_ms:>10.0} {each:>14.1} {ratio:>8.2}");
    }
    Ok(())
}

/// Makes a folder with this many copies of the suite and its snapshots.
fn suite(copies: usize) -> io::Result<TempDir> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir()?;
    for number in 0..copies {
        for part in ["scenarios", "snapshots"] {
            let to = folder.path().join(part).join(format!("copy-{number}"));
            copy(&root.join(part), &to)?;
        }
    }
    Ok(folder)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        // Folders with this prefix contain snapshots of other brokers.
        if name.to_string_lossy().starts_with('@') {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to.join(name))?;
        } else {
            fs::copy(entry.path(), to.join(name))?;
        }
    }
    Ok(())
}

fn program(folder: &Path, arguments: &[&str]) -> io::Result<Output> {
    let output = Command::new(env!("CARGO_BIN_EXE_mqtt-check"))
        .args(arguments)
        .current_dir(folder)
        .env("CI", "true")
        .output()?;
    if !output.status.success() {
        return Err(io::Error::other(
            String::from_utf8_lossy(&output.stdout).into_owned(),
        ));
    }
    Ok(output)
}

fn cases(folder: &Path) -> io::Result<usize> {
    let listed = program(folder, &["list", "scenarios", "--json"])?;
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout)?;
    let cases = listed["cases"].as_array().map(Vec::len);
    cases.ok_or_else(|| io::Error::other("a list of cases"))
}

fn best(folder: &Path, runs: usize) -> io::Result<Duration> {
    let mut best = Duration::MAX;
    for _ in 0..runs {
        let began = Instant::now();
        program(
            folder,
            &["run", "scenarios", "--report", "json=report.json"],
        )?;
        best = best.min(began.elapsed());
    }
    Ok(best)
}
