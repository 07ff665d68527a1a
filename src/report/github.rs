//! Output for GitHub Actions: annotations, which are lines that a step prints, and the job summary, a Markdown file.

use std::collections::BTreeSet;

use mqtt_check_codec::describe::visible;

use super::document::{Case, Cause, Document, Level};
use super::style::{alternatives, count};
use super::{case, flaky, headline, markdown, other_failures};

/// The number of annotations of one kind that GitHub shows for a step. It drops the others.
const SHOWN: usize = 10;

/// The longest message of an annotation, in characters.
const LONGEST: usize = 2_000;

/// The end of a summary that was truncated.
const CUT: &str = "\n\nThe rest is cut off, because a job summary has at most 1 MiB. The report files contain everything.\n";

/// Returns the path of a scenario file in the repository, or `None` if the file is not in it.
pub type Place<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The severity of an annotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Error,
    Warning,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Error, Self::Warning];

    /// The name of the workflow command.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One annotation.
#[derive(Debug)]
struct Annotation {
    kind: Kind,
    file: Option<String>,
    line: Option<u32>,
    title: String,
    message: String,
}

/// Renders one line per annotation: first causes, then other unexpected cases and flaky cases, then other failures of
/// the run.
pub fn annotations(document: &Document, place: Place<'_>) -> String {
    let mut all: Vec<Annotation> = Vec::new();
    let causes = document.causes.iter().filter(|cause| !cause.accepted);
    let mut named = BTreeSet::new();
    for cause in causes {
        named.extend(cause.cases.iter().chain(&cause.likely).map(String::as_str));
        all.push(of_cause(document, cause, place));
    }
    let cases = document.cases.iter();
    let others = cases.filter(|case| {
        !case.outcome.as_expected && (!named.contains(case.id.as_str()) || is_by_record(case))
    });
    all.extend(others.map(|case| of_case(case, place)));
    all.extend(flaky::cases(document).map(|case| of_flaky(case, place)));
    all.extend(
        run_failures(document)
            .into_iter()
            .map(|message| Annotation {
                kind: Kind::Error,
                file: None,
                line: None,
                title: headline::broker(document),
                message,
            }),
    );
    let of_kind = |kind| bounded(all.iter().filter(move |a| a.kind == kind).collect(), kind);
    Kind::ALL.into_iter().map(of_kind).collect()
}

/// Whether a case is unexpected only by its record. No cause lists such a case.
fn is_by_record(case: &Case) -> bool {
    case.outcome.is_unexpected_record() && !case.outcome.is_unexpected_verdict()
}

fn of_cause(document: &Document, cause: &Cause, place: Place<'_>) -> Annotation {
    let finding = document.example(cause).map(|(_, finding)| finding);
    let clauses: Vec<&str> = cause.clauses.iter().map(|c| c.id.as_str()).collect();
    let actual = cause.came.as_deref().unwrap_or(&cause.actual);
    let level = cause.level.as_str().to_uppercase();
    let shown = cause.cases.len() + cause.likely.len();
    let mut message = format!(
        "expected: {}\nreceived: {actual}\nshown by {}, such as {}",
        alternatives(&cause.expected),
        count(shown, "case"),
        cause.example.case
    );
    for clause in &cause.clauses {
        if let Some(summary) = &clause.summary {
            message.push_str(&format!("\n{}: {summary}", clause.id));
        }
    }
    Annotation {
        kind: match cause.level {
            Level::Must => Kind::Error,
            Level::Should | Level::May | Level::Disputed => Kind::Warning,
        },
        file: finding.and_then(|finding| place(&finding.file)),
        line: finding.and_then(|finding| finding.line),
        title: format!("{level} {}", clauses.join(", "))
            .trim_end()
            .to_owned(),
        message,
    }
}

fn of_case(case: &Case, place: Place<'_>) -> Annotation {
    let finding = case::worst(case);
    let (file, line) = match finding {
        Some(finding) => (&finding.file, finding.line),
        None => (&case.file, case.line),
    };
    let brief = match (&case.snapshot, is_by_record(case)) {
        (Some(snapshot), true) => case::not_as_reviewed(snapshot),
        _ => case::in_brief(case),
    };
    Annotation {
        kind: Kind::Error,
        file: place(file),
        line,
        title: case.id.clone(),
        message: format!("{}\n{brief}", case.title),
    }
}

fn of_flaky(case: &Case, place: Place<'_>) -> Annotation {
    let first = case.attempts.iter().flat_map(|attempt| &attempt.findings);
    let line = first.filter_map(|finding| finding.line).next();
    Annotation {
        kind: Kind::Warning,
        file: place(&case.file),
        line: line.or(case.line),
        title: format!("flaky: {}", case.id),
        message: format!("{}\n{}", case.title, flaky::in_words(case)),
    }
}

/// The failures of the run that belong to no case.
fn run_failures(document: &Document) -> Vec<String> {
    let mut lines: Vec<String> = document.run.problems.clone();
    let early = document.run.ended_early.iter();
    lines.extend(early.map(|early| format!("the run ended early: {}", early.why)));
    lines.extend(other_failures::lines(document, true));
    lines
}

/// Renders at most as many annotations as GitHub shows. The last one says how many were left out.
fn bounded(all: Vec<&Annotation>, kind: Kind) -> String {
    let fit = if all.len() > SHOWN {
        SHOWN - 1
    } else {
        all.len()
    };
    let mut out: String = all.iter().take(fit).map(|a| command(a)).collect();
    if all.len() > fit {
        out.push_str(&command(&Annotation {
            kind,
            file: None,
            line: None,
            title: format!("{} more", all.len() - fit),
            message: "the job summary has all of them".to_owned(),
        }));
    }
    out
}

/// Renders the workflow command.
fn command(annotation: &Annotation) -> String {
    let mut properties = Vec::new();
    if let Some(file) = &annotation.file {
        properties.push(format!("file={}", property(file)));
        // GitHub ignores a line without a file.
        let line = annotation.line.iter();
        properties.extend(line.map(|line| format!("line={line}")));
    }
    properties.push(format!("title={}", property(&annotation.title)));
    format!(
        "::{} {}::{}\n",
        annotation.kind.as_str(),
        properties.join(","),
        data(&annotation.message)
    )
}

/// Escapes a message, since a line break would end the command.
fn data(text: &str) -> String {
    let text: String = visible(text).chars().take(LONGEST).collect();
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// Escapes the value of a property, in which `:` and `,` are separators.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Renders the job summary in at most `room` bytes.
pub fn summary(document: &Document, room: usize) -> String {
    cut(markdown::render(document), room)
}

/// Truncates the text before a heading, so no Markdown block stays open, or else at the end of a line.
fn cut(mut text: String, room: usize) -> String {
    if text.len() <= room {
        return text;
    }
    let Some(room) = room.checked_sub(CUT.len()) else {
        return String::new();
    };
    let kept = &text[..text.floor_char_boundary(room)];
    let end = kept.rfind("\n## ").max(kept.rfind("\n### "));
    let end = end.or_else(|| kept.rfind('\n')).unwrap_or(0);
    text.truncate(end);
    text + CUT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn annotation(kind: Kind) -> Annotation {
        Annotation {
            kind,
            file: Some("a,b:c.yaml".into()),
            line: Some(7),
            title: "100%, at once".into(),
            message: "one: 5%\ntwo::error::".into(),
        }
    }

    #[test]
    fn nothing_ends_a_command_or_begins_another() {
        assert_eq!(
            command(&annotation(Kind::Error)),
            "::error file=a%2Cb%3Ac.yaml,line=7,title=100%25%2C at once::one: 5%25%0Atwo::error::\n"
        );
    }

    #[test]
    fn gives_no_line_without_a_file() {
        let nowhere = Annotation {
            file: None,
            ..annotation(Kind::Warning)
        };
        assert!(command(&nowhere).starts_with("::warning title="));
    }

    #[test]
    fn prints_no_more_than_are_shown_and_counts_the_rest() {
        let all: Vec<Annotation> = (0..12).map(|_| annotation(Kind::Error)).collect();
        let ten = bounded(all.iter().take(10).collect(), Kind::Error);
        assert_eq!((ten.lines().count(), ten.contains("more")), (10, false));
        let twelve = bounded(all.iter().collect(), Kind::Error);
        assert_eq!(twelve.lines().count(), 10);
        assert!(twelve.contains("::error title=3 more::"), "{twelve}");
    }

    #[test]
    fn cuts_a_summary_before_a_heading() {
        let text = format!("# a\n\n## b\nkept\n\n### c\n{}\n", "é".repeat(400));
        assert_eq!(cut(text.clone(), text.len()), text);
        let short = cut(text, 300);
        assert!(short.len() <= 300, "{short}");
        assert_eq!(short, format!("# a\n\n## b\nkept\n{CUT}"));
        assert_eq!(cut("a long line".repeat(9), 10), "");
    }
}
