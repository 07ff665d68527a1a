//! Report files, as options name them: `--report FORMAT=FILE`.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Failure, output};
use crate::exit::Exit;
use crate::report::file::ReportFile;
use crate::report::{Document, Format, Rendered};

pub(super) fn option(text: &str) -> Result<(&'static Format, PathBuf), String> {
    let Some((format, path)) = text.split_once('=') else {
        return Err("expected FORMAT=FILE, such as json=report.json".to_owned());
    };
    let Some(format) = Format::named(format) else {
        return Err(format!(
            "unknown format `{format}`; the formats are {}",
            Format::names()
        ));
    };
    if path.is_empty() {
        return Err("the file has no name".to_owned());
    }
    Ok((format, PathBuf::from(path)))
}

/// Reads the JSON report of a run.
pub(super) fn read(path: &Path) -> Result<Document, Failure> {
    let failed =
        |error: String| Failure::usage(format!("failed to read {}: {error}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    Document::from_json(&text).map_err(|error| failed(error.to_string()))
}

/// Checks before the run that every report can be written.
pub(super) fn prepare(
    reports: &[(&'static Format, PathBuf)],
) -> Result<Vec<(&'static Format, ReportFile)>, Failure> {
    let mut files: Vec<(&'static Format, ReportFile)> = Vec::new();
    for (format, path) in reports {
        let shown = path.display();
        if files.iter().any(|(_, file)| file.path() == path) {
            return Err(Failure::usage(format!(
                "two reports would be written to {shown}"
            )));
        }
        let prepared = match format.is_folder() {
            true => ReportFile::prepare_folder(path),
            false => ReportFile::prepare(path),
        };
        let file = prepared.map_err(|error| {
            Failure::new(
                Exit::CouldNotStart,
                format!("failed to write the report {shown}: {error}"),
            )
        })?;
        files.push((format, file));
    }
    Ok(files)
}

/// Writes every report, and returns the failures.
pub(super) fn write(files: &[(&'static Format, ReportFile)], document: &Document) -> Vec<Failure> {
    files
        .iter()
        .filter_map(|(format, file)| {
            let text = format.render(document);
            let written = text.and_then(|rendered| match rendered {
                Rendered::File(text) if file.is_stdout() => {
                    output::print_raw(&text).map_err(|failure| failure.message)
                }
                Rendered::File(text) => file.write(&text).map_err(|error| error.to_string()),
                Rendered::Folder(files) => {
                    file.write_folder(&files).map_err(|error| error.to_string())
                }
            });
            let problem = written.err()?;
            Some(Failure::new(
                Exit::Failed,
                format!(
                    "failed to write the report {}: {problem}",
                    file.path().display()
                ),
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_formats_that_are_not_there() {
        assert!(option("json=a.json").is_ok());
        for text in ["json", "json=", "htm=a.html", "pdf=a.pdf"] {
            assert!(option(text).is_err(), "{text}");
        }
    }
}
