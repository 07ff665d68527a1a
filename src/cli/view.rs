//! `mqtt-check view`: makes an HTML page of a JSON report, or of several side by side, and opens it in the browser.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{Failure, Styles, compare, output, reports};
use crate::exit::Exit;
use crate::report::compare::CompareError;
use crate::report::file::ReportFile;
use crate::report::{page, side_by_side};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The JSON report of a run; the reports of several brokers make a page that shows them side by
    /// side
    #[arg(value_name = "RESULT", required = true)]
    results: Vec<PathBuf>,

    /// Where to write the page [default: a new temporary file]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Write the page without opening it
    #[arg(long)]
    no_open: bool,
}

pub(super) fn run(arguments: &Arguments, styles: Styles) -> Result<Exit, Failure> {
    let page = match arguments.results.as_slice() {
        [one] => of_one(one)?,
        several => of_several(several)?,
    };
    let path = write(arguments.output.as_deref(), &page)?;
    output::print(&format!("{}\n", path.display()))?;
    if arguments.no_open {
        return Ok(Exit::Success);
    }
    // The page is written and its path is shown, so a machine without a browser is not an error.
    if let Err(error) = open::that_detached(&path) {
        output::warn(
            &format!("failed to open the page in a browser: {error}"),
            styles.err,
        );
    }
    Ok(Exit::Success)
}

fn of_one(path: &Path) -> Result<String, Failure> {
    let document = reports::read(path)?;
    page(&document).map_err(|problem| {
        let shown = path.display();
        Failure::new(
            Exit::Failed,
            format!("failed to make the page of {shown}: {problem}"),
        )
    })
}

fn of_several(paths: &[PathBuf]) -> Result<String, Failure> {
    let mut named = Vec::new();
    for path in paths {
        let document = reports::read(path)?;
        if document.shard.is_some() {
            let error = CompareError::Shard {
                file: path.display().to_string(),
            };
            return Err(Failure::usage(error.to_string()).hinted(compare::hint(&error)));
        }
        named.push((path.display().to_string(), document));
    }
    let columns: Vec<_> = named
        .iter()
        .map(|(name, document)| (name.as_str(), document))
        .collect();
    Ok(side_by_side(&columns))
}

/// Writes the page to the file that the user names, or to a new temporary file.
fn write(path: Option<&Path>, page: &str) -> Result<PathBuf, Failure> {
    let failed = |path: &Path, error: std::io::Error| {
        let shown = path.display();
        Failure::new(
            Exit::CouldNotStart,
            format!("failed to write the page {shown}: {error}"),
        )
    };
    let path = match path {
        Some(path) => path.to_owned(),
        None => temporary().map_err(|error| failed(&std::env::temp_dir(), error))?,
    };
    let written = ReportFile::prepare(&path).and_then(|file| file.write(page));
    written.map_err(|error| failed(&path, error))?;
    Ok(path)
}

/// Creates a file that outlives the program, because the browser reads it later.
fn temporary() -> std::io::Result<PathBuf> {
    let mut builder = tempfile::Builder::new();
    let file = builder.prefix("mqtt-check-").suffix(".html").tempfile()?;
    let (_, path) = file.keep().map_err(|error| error.error)?;
    Ok(path)
}
