//! Files for a bug tracker: a Markdown file for each cause, and a script that reproduces it where possible.

mod python;
mod script;

use super::document::{Case, Cause, Document, Finding, FindingKind, Level};
use super::excerpt::{self, Around, Canvas};
use super::folder::{Entry, Names};
use super::markdown::{issue::cited, text::block, text::code, text::inline};
use super::{headline, names, style};

/// The largest number of cases of a cause that are searched for one that a script can show.
const TRIED: usize = 200;
/// The largest number of lines of the broker's log in an issue.
const LOG: usize = 40;

/// Renders the files of all causes.
pub(super) fn render(document: &Document) -> Vec<Entry> {
    let mut names = Names::default();
    let causes = document.causes.iter().enumerate();
    causes
        .flat_map(|(n, cause)| {
            let clause = cause.clauses.first().map_or("no-clause", |c| c.id.as_str());
            let stem = names.stem(&format!("{:02}-{clause}", n + 1));
            one(document, cause, &stem)
        })
        .collect()
}

/// The finding that the files are about, with its script or the reason why there is none.
struct Shown<'d> {
    case: &'d Case,
    finding: &'d Finding,
    script: Result<String, String>,
}

fn one(document: &Document, cause: &Cause, stem: &str) -> Vec<Entry> {
    let Some(shown) = shown(document, cause) else {
        return Vec::new();
    };
    let text = text(document, cause, &shown, stem);
    let mut files = vec![Entry {
        name: format!("{stem}.md"),
        content: text.into_bytes(),
    }];
    if let Ok(script) = shown.script {
        files.push(Entry {
            name: format!("{stem}.py"),
            content: script.into_bytes(),
        });
    }
    files
}

/// Returns the finding that a script can show after the fewest events. Returns the example of the cause if there is
/// none.
fn shown<'d>(document: &'d Document, cause: &'d Cause) -> Option<Shown<'d>> {
    let (case, finding) = document.example(cause)?;
    let why = match script(document, cause, case, finding) {
        Ok(_) => String::new(),
        Err(why) => why,
    };
    let ids = cause.cases.iter().take(TRIED);
    let cases = ids.filter_map(|id| document.cases.iter().find(|case| case.id == *id));
    let mut found: Vec<(&Case, &Finding)> = std::iter::once((case, finding))
        .chain(cases.filter_map(|case| Some((case, of_cause(case, cause)?))))
        .filter(|(_, finding)| finding.check.is_some())
        .collect();
    found.sort_by_key(|(_, finding)| finding.check.as_ref().map(|check| check.before));
    let mut scripts = found.into_iter().filter_map(|(case, finding)| {
        let script = script(document, cause, case, finding).ok()?;
        Some((case, finding, script))
    });
    Some(match scripts.next() {
        Some((case, finding, script)) => Shown {
            case,
            finding,
            script: Ok(script),
        },
        None => Shown {
            case,
            finding,
            script: Err(why),
        },
    })
}

/// The finding of a case that belongs to a cause.
fn of_cause<'d>(case: &'d Case, cause: &Cause) -> Option<&'d Finding> {
    let mut findings = case.findings.iter();
    findings.find(|finding| {
        finding.kind == FindingKind::Violation
            && finding.level == cause.level
            && finding
                .clauses
                .iter()
                .any(|clause| cause.clauses.contains(clause))
    })
}

fn script(
    document: &Document,
    cause: &Cause,
    case: &Case,
    finding: &Finding,
) -> Result<String, String> {
    let none = || "the report has no transcript of the case".to_owned();
    let play = case.play.as_ref().ok_or_else(none)?;
    let check = finding.check.as_ref().ok_or_else(|| {
        let unchecked = finding.unchecked.clone();
        unchecked.unwrap_or_else(none)
    })?;
    let about = format!(
        "{}.\n\nBroker: {}, MQTT {}. Case: {}.\n{}\nExpected: {}\nReceived: {}",
        case.title,
        headline::broker(document),
        case.version,
        case.id,
        clauses(cause),
        style::alternatives(&finding.expected),
        finding.actual
    );
    script::of(play, finding, check, &about)
}

fn clauses(cause: &Cause) -> String {
    let lines: Vec<String> = cause.clauses.iter().map(cited).collect();
    lines.join("\n")
}

fn text(document: &Document, cause: &Cause, shown: &Shown<'_>, stem: &str) -> String {
    let Shown {
        case,
        finding,
        script,
    } = shown;
    let level = match cause.level {
        Level::Must => "MUST",
        Level::Should => "SHOULD",
        Level::May => "MAY",
        Level::Disputed => "disputed",
    };
    let mut out = format!("# {}\n\n", inline(&title(case, finding)));
    out.push_str(&format!(
        "- Broker: {}, MQTT {}\n- Level: {level}; it concerns {}\n- Found by {} {}, case {}: {}\n",
        inline(&headline::broker(document)),
        case.version,
        inline(&cause.rank),
        document.tool.name,
        document.tool.version,
        code(&case.id),
        inline(&case.title)
    ));
    if let Some(entry) = &cause.accepted_by {
        out.push_str(&format!("- Known deviation: {}\n", code(entry)));
    }
    if !cause.clauses.is_empty() {
        out.push_str("\n## Violated statements, in our words\n\n");
        for clause in &cause.clauses {
            out.push_str(&format!("- {}\n", cited(clause)));
        }
    }
    out.push_str(&format!(
        "\n## Expected\n\n{}\n\n## Received\n\n{}\n",
        inline(&style::alternatives(&finding.expected)),
        inline(&finding.actual)
    ));
    if let Some(note) = &finding.note {
        out.push_str(&format!("\n{}\n", inline(note)));
    }
    let packets = case
        .play
        .as_ref()
        .map(|play| excerpt::excerpt(play, finding, Around::WIDE.without_log(), Canvas::FILE));
    if let Some(packets) = packets.filter(|packets| !packets.is_empty()) {
        out.push_str(
            "\n## Packets\n\nTime, client, direction (`>` to the broker), packet, bytes. ",
        );
        out.push_str("`>` or `▶` at the edge marks what is wrong.\n\n");
        out.push_str(&block(&packets));
    }
    let log = case
        .play
        .as_ref()
        .map(|play| excerpt::broker_log(play, finding, LOG));
    if let Some(log) = log.filter(|log| !log.is_empty()) {
        out.push_str(
            "\n## Broker log\n\nThe last lines that the broker wrote until then, each with the time at which it was seen.\n\n",
        );
        out.push_str(&block(&log));
    }
    out.push_str("\n## Reproduce\n\n");
    match script {
        Ok(_) => out.push_str(&format!(
            "{} needs Python 3 and nothing else. It exits with 1 if the broker shows the fault, 0 if it behaves correctly, and 2 if it cannot decide:\n\n{}\n",
            code(&format!("{stem}.py")),
            block(&format!("python3 {stem}.py HOST PORT"))
        )),
        Err(why) => out.push_str(&format!("No script was written: {}.\n\n", inline(why))),
    }
    out.push_str(&format!(
        "With {}:\n\n{}",
        document.tool.name,
        block(&super::markdown::issue::again(document, case))
    ));
    let others: Vec<&str> = cause
        .cases
        .iter()
        .map(String::as_str)
        .filter(|id| *id != case.id)
        .collect();
    if !others.is_empty() {
        out.push_str("\n## Other cases that show it\n\n");
        for line in names::compressed(others) {
            out.push_str(&format!("- {}\n", code(&line)));
        }
    }
    if !cause.likely.is_empty() {
        out.push_str("\n## Cases that fail otherwise, likely by the same defect\n\n");
        for line in names::compressed(cause.likely.iter().map(String::as_str)) {
            out.push_str(&format!("- {}\n", code(&line)));
        }
    }
    out
}

/// The title of the issue: the clause and what was expected.
fn title(case: &Case, finding: &Finding) -> String {
    let clause = finding
        .clauses
        .first()
        .map_or("", |clause| clause.id.as_str());
    let expected = finding.expected.first().map_or("", String::as_str);
    match clause.is_empty() {
        true => format!("MQTT {}: expected {expected}", case.version),
        false => format!("MQTT {}, {clause}: expected {expected}", case.version),
    }
}
