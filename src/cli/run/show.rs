//! Shows the result of a run and writes its reports.

use super::super::reports;
use super::super::{Failure, Styles, github, output};
use super::Arguments;
use crate::exit::Exit;
use crate::report::document::Transcripts;
use crate::report::file::ReportFile;
use crate::report::{Document, Format, Report, terminal};

/// The report files, each with its format.
type Files = [(&'static Format, ReportFile)];

/// Writes the report of a run to the terminal and to every file, and returns the exit code of the run.
///
/// `problems` are errors outside the cases. `missing` says which accepted deviations have no reason.
pub(super) fn show(
    arguments: &Arguments,
    report: &Report<'_>,
    problems: Vec<Failure>,
    missing: Option<String>,
    files: &Files,
    styles: Styles,
) -> Result<Exit, Failure> {
    // The terminal shows failures with their transcripts, whatever the files contain.
    let with = match arguments.transcripts {
        _ if arguments.verbose => Transcripts::All,
        Transcripts::None => Transcripts::Failed,
        with => with,
    };
    let document = Document::of(report, with);
    let text = terminal::render(
        &document,
        terminal::Options {
            style: styles.out,
            verbose: arguments.verbose,
            width: output::width(),
        },
    );
    match files.iter().any(|(_, file)| file.is_stdout()) {
        true => output::note(&text),
        false => output::print(&text)?,
    }
    let document = match arguments.transcripts {
        Transcripts::None => document.without_transcripts(),
        Transcripts::Failed if arguments.verbose => Document::of(report, Transcripts::Failed),
        Transcripts::Failed | Transcripts::All => document,
    };
    if let Some(missing) = missing.filter(|_| !arguments.require_reasons) {
        output::warn(&missing, styles.err);
    }
    let mut exit = report.exit();
    for problem in problems.into_iter().chain(reports::write(files, &document)) {
        output::complain(&problem, styles.err);
        if exit != Exit::Interrupted {
            exit = Exit::Failed;
        }
    }
    github::show(&document, arguments.no_github, styles.err);
    Ok(exit)
}

/// Writes the report of a run that could not start.
pub(super) fn show_unstarted(
    arguments: &Arguments,
    report: &Report<'_>,
    files: &Files,
    styles: Styles,
) {
    let document = Document::of(report, arguments.transcripts);
    for problem in reports::write(files, &document) {
        output::complain(&problem, styles.err);
    }
    github::show(&document, arguments.no_github, styles.err);
}
