//! The human-readable result, made from a [`Document`] alone: changes, the causes of failures with the worst first,
//! conformance by chapter, and a summary line. Facts that concern only the harness are shown with `--verbose`.

mod causes;
mod conformance;
mod details;
mod responsiveness;
mod table;

use super::document::{Case, Document, StaleKind, Suite, Verdict};
use super::excerpt::{self, Canvas};
use super::style::{Style, count, span};
use super::{case, flaky, names, profile};

use super::wrap::cut;
pub(crate) use super::wrap::wrapped;
pub(crate) use table::{crowd, keep_words, lines};

/// The narrowest and the widest text, in columns.
const NARROWEST: u16 = 40;
const WIDEST: u16 = 120;
/// From this duration on, the summary reports a slow start of the broker.
const SLOW_START_US: u64 = 1_000_000;
/// The target length of the text without `--verbose`, in lines. Causes get what the other parts leave.
const LINES: usize = 115;
/// A run of fewer cases is small, and shows little of a whole document.
const FEW: usize = 100;
/// The longest line about what a play left on the broker, in characters.
const LEFT_BEHIND: usize = 200;
/// The largest number of failing cases that are shown one by one. More are shown by their causes.
const ONE_BY_ONE: usize = 3;
/// If inconclusive cases have at most this many reasons, the first case of each reason is shown in full.
const UNDECIDED: usize = 2;

/// What the user asked to see.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub style: Style,
    /// Show the transcript of every case, every cause in full, and facts that concern only the harness.
    pub verbose: bool,
    /// The width in columns.
    pub width: u16,
}

impl Options {
    fn canvas(self) -> Canvas {
        Canvas {
            style: self.style,
            width: usize::from(self.width),
        }
    }
}

/// Renders the whole text.
pub fn render(document: &Document, options: Options) -> String {
    let options = Options {
        width: options.width.clamp(NARROWEST, WIDEST),
        ..options
    };
    let style = options.style;
    let mut before: Vec<String> = Vec::new();
    if options.verbose {
        before.extend(document.cases.iter().filter_map(|c| transcript(c, style)));
    }
    let mut after = vec![
        causes::accepted(document, options),
        flaky::render(document, options.verbose, options.canvas()),
        inconclusive(document, options),
        unspoken(document, style),
        snapshots(document, style),
        keep_alive(document, options),
        details::crowd(document, options),
    ];
    // A small run produces little text, and its user wants to see all of it.
    let is_small = document.cases.len() < FEW;
    match options.verbose || is_small {
        true => after.extend(details::all(document, style)),
        false => after.push(details::in_brief(document, options)),
    }
    after.push(responsiveness::render(document, options));
    after.push(left_behind(document, options));
    let has_unaccepted = !document.causes.iter().all(|cause| cause.accepted);
    if (!has_unaccepted || options.verbose || is_small) && document.cases.len() > 1 {
        after.push(table::areas(document, options));
    }
    after.push(conformance::render(document, options));
    after.push(profile::render(document, options.verbose, style));
    after.push(summary(document, options));
    after.push(shard(document));
    for parts in [&mut before, &mut after] {
        parts.retain(|part| !part.is_empty());
    }
    let after = after.join("\n");
    let room = LINES.saturating_sub(rows(&after, options.width));
    let wrong: Vec<&Case> = document.cases.iter().filter(|c| is_wrong(c)).collect();
    match wrong.len() <= ONE_BY_ONE && !options.verbose {
        true => before.extend(wrong.iter().map(|c| case::findings(c, options.canvas()))),
        false => before.push(causes::render(document, options, room)),
    }
    before.push(after);
    before.retain(|part| !part.is_empty());
    before.join("\n")
}

/// States which shard of a run this is.
fn shard(document: &Document) -> String {
    document.shard.as_ref().map_or_else(String::new, |shard| {
        format!(
            "shard {}/{} of {}; `mqtt-check merge` reports what is stale or gone\n",
            shard.number,
            shard.of,
            count(shard.cases.len(), "case")
        )
    })
}

/// The number of rows that a text takes on a terminal of this width.
fn rows(text: &str, width: u16) -> usize {
    let width = usize::from(width.max(1));
    let of_line = |line: &str| line.chars().count().div_ceil(width).max(1);
    text.lines().map(of_line).sum()
}

/// Whether a case failed or warned and is not accepted.
fn is_wrong(case: &Case) -> bool {
    matches!(case.verdict, Verdict::Failed | Verdict::Warned) && !case.outcome.accepted
}

/// The whole record of a case.
fn transcript(case: &Case, style: Style) -> Option<String> {
    let play = case.play.as_ref()?;
    let mut out = format!(
        "{} {}\n  {}\n",
        case::heading(case.verdict, style),
        style.strong(&case.id),
        case.title
    );
    out.push_str(&excerpt::nodes(play));
    for text in [Some(&play.text), case.control.as_ref().map(|c| &c.text)] {
        for line in text.map_or("", String::as_str).lines() {
            out.push_str(format!("  {line}").trim_end());
            out.push('\n');
        }
    }
    Some(out)
}

/// Inconclusive cases, grouped by reason. The first case of each reason is in full if there are few reasons.
fn inconclusive(document: &Document, options: Options) -> String {
    let is_told = |c: &&Case| c.verdict == Verdict::Inconclusive && !c.outcome.accepted;
    let mut reasons: Vec<(&str, Vec<&Case>)> = Vec::new();
    for case in document.cases.iter().filter(is_told) {
        let reason = case.reason.as_deref().unwrap_or_default();
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, cases)) => cases.push(case),
            None => reasons.push((reason, vec![case])),
        }
    }
    let mut out = String::new();
    let width = usize::from(options.width);
    let is_short = reasons.len() <= UNDECIDED || options.verbose;
    for (reason, cases) in reasons {
        let names = names::compressed(cases.iter().map(|case| case.id.as_str())).join(" ");
        match cases.first().filter(|_| is_short) {
            Some(first) => {
                out.push_str(&case::findings(first, options.canvas()));
                if cases.len() > 1 {
                    out.push_str(&format!("  the same in {names}\n"));
                }
            }
            None => {
                let style = options.style;
                let line = format!("{names}: {reason}");
                let heading = case::heading(Verdict::Inconclusive, style);
                let room = width.saturating_sub("INCONCLUSIVE ".len());
                let line = super::wrap::cut(&line, room, style.ellipsis());
                out.push_str(&format!("{heading} {line}\n"));
            }
        }
    }
    out
}

/// Versions that a user or the target file names but that the broker does not support.
fn unspoken(document: &Document, style: Style) -> String {
    let versions = document.target.not_spoken.iter();
    let lines = versions.filter_map(|version| {
        Some(format!(
            "{} MQTT {}, which {} names\n  the broker does not support MQTT {}: {}\n",
            style.bad("FAILED"),
            version.version,
            version.named_by.as_ref()?,
            version.version,
            version.why
        ))
    });
    lines.collect()
}

fn snapshots(document: &Document, style: Style) -> String {
    let mut out = String::new();
    let mut to_review = false;
    for case in &document.cases {
        let Some(snapshot) = case.snapshot.as_ref().filter(|snapshot| snapshot.counts) else {
            continue;
        };
        out.push_str(&case::snapshot(case, style));
        to_review |= snapshot.pending;
    }
    for stale in &document.stale {
        let advice = match stale.kind {
            StaleKind::Snapshot => "`mqtt-check accept --stale` removes it",
            StaleKind::Deviation => "take it out",
        };
        out.push_str(&format!(
            "{} {}\n  {}: {advice}\n",
            style.doubtful("STALE"),
            stale.place,
            stale.why
        ));
    }
    if to_review {
        out.push_str(&format!(
            "review with `mqtt-check review{0}`, or accept all with `mqtt-check accept{0}`\n",
            document.run.review
        ));
    }
    out
}

/// How clients of this run differ, if the broker requires a Keep Alive.
fn keep_alive(document: &Document, options: Options) -> String {
    let seconds = document.target.keep_alive_s;
    if seconds == 0 {
        return String::new();
    }
    let text = format!(
        "Clients whose scenario names no Keep Alive connected with {seconds} s, not with 0, and the harness pinged for them."
    );
    let lines = wrapped(&text, usize::from(options.width));
    format!("{}\n", lines.join("\n"))
}

/// What plays left on a shared broker because removing it failed.
fn left_behind(document: &Document, options: Options) -> String {
    let all = || {
        let cases = document.cases.iter();
        cases.flat_map(|case| case.left_behind.iter().map(|left| (&case.id, left)))
    };
    let number = all().count();
    if number == 0 {
        return String::new();
    }
    let shown = if options.verbose { number } else { 3 };
    let mut out = String::from("Left on the broker because cleaning up failed:\n");
    for (id, left) in all().take(shown) {
        // A Client Identifier may have 65,535 characters.
        let line = cut(
            &format!("{id}: {left}"),
            LEFT_BEHIND,
            options.style.ellipsis(),
        );
        out.push_str(&format!("  {line}\n"));
    }
    if number > shown {
        out.push_str(&format!("  and {} more\n", number - shown));
    }
    out
}

/// Formats the suite: `suite 2026.12 (built in)`.
fn suite(suite: &Suite) -> String {
    let newer = match suite.newer_cases {
        0 => String::new(),
        newer => format!(" and {}", count(newer, "newer case")),
    };
    let place = if suite.built_in { " (built in)" } else { "" };
    format!("suite {}{newer}{place}", suite.release)
}

/// The summary line, and the command that plays cases again.
fn summary(document: &Document, options: Options) -> String {
    let style = options.style;
    let counts = document.summary;
    let mut verdicts: Vec<String> = Vec::new();
    let mut add = |number: usize, text: String| {
        if number > 0 {
            verdicts.push(text);
        }
    };
    let passed = style.good(&format!("{} passed", counts.passed));
    add(counts.passed, passed);
    let failed = match counts.accepted {
        0 => format!("{} failed", counts.failed),
        n => format!("{} failed ({n} accepted)", counts.failed),
    };
    add(counts.failed, style.bad(&failed));
    let inconclusive = style.doubtful(&format!("{} inconclusive", counts.inconclusive));
    add(counts.inconclusive, inconclusive);
    let warned = style.doubtful(&format!("{} warned", counts.warned));
    add(counts.warned, warned);
    let flaky = style.doubtful(&format!("{} flaky", counts.flaky));
    add(counts.flaky, flaky);
    add(counts.skipped, format!("{} skipped", counts.skipped));
    add(
        counts.not_played,
        format!("{} not played", counts.not_played),
    );
    let mut parts = vec![if verdicts.is_empty() {
        "no case".to_owned()
    } else {
        format!("{}: {}", count(counts.cases, "case"), verdicts.join(", "))
    }];
    let snapshots: Vec<String> = [
        (counts.changed - counts.informed, "changed"),
        (counts.new, "new"),
        (counts.stale, "stale"),
        (counts.pending, "pending"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, word)| format!("{number} {word}"))
    .collect();
    if !snapshots.is_empty() {
        parts.push(format!("snapshots: {}", snapshots.join(", ")));
    }
    let time = |us| span(std::time::Duration::from_micros(us));
    let run = &document.run;
    parts.push(match run.virtual_us {
        0 => time(run.wall_us),
        simulated => format!(
            "{} ({} of virtual time)",
            time(run.wall_us),
            time(simulated)
        ),
    });
    let target = &document.target;
    parts.push(match &target.version {
        Some(version) => format!("{} ({version})", target.name),
        None => target.name.clone(),
    });
    parts.extend(run.suite.as_ref().map(suite));
    let mut out = format!("{}\n", parts.join(&format!(" {} ", style.separator())));
    let slow = run.instances.as_ref();
    if let Some(instances) = slow.filter(|i| i.slowest_start_us >= SLOW_START_US) {
        out.push_str(&format!(
            "instances: {} for {} combinations of settings, {} at once; the slowest start took {}\n",
            instances.started,
            instances.settings,
            instances.at_once,
            time(instances.slowest_start_us)
        ));
    }
    if run.interrupted {
        out.push_str(&style.doubtful("interrupted: these are the results so far"));
        out.push('\n');
    }
    if let Some(failure) = flaky::failure(document) {
        out.push_str(&format!("{} {failure}\n", style.bad("FAILED")));
    }
    if let Some(again) = &run.failed_again {
        out.push_str(&format!("again: {again}\n"));
    }
    out.push_str(&notation(document, options));
    out
}

/// Explains the notation of clauses and case ids by the worst cause, and how to look up its clause.
fn notation(document: &Document, options: Options) -> String {
    let causes = document.causes.iter().filter(|cause| !cause.accepted);
    let mut clauses = causes.flat_map(|cause| &cause.clauses);
    let named = clauses.find_map(|clause| Some((&clause.id, clause.document.as_ref()?)));
    let Some((id, version)) = named else {
        return String::new();
    };
    let mut out = format!(
        "look up: mqtt-check explain {id}\n[{version} {}] is a statement of MQTT {version}; @{version} is a case played with MQTT {version}\n",
        options.style.ellipsis()
    );
    if id.starts_with("RULE-") {
        out.push_str("RULE- begins the id of a statement to which the standard gives no number\n");
    }
    let wrong = || document.cases.iter().filter(|case| is_wrong(case));
    if wrong().count() <= ONE_BY_ONE {
        out.push_str(&format!(
            "{} before a time marks what a finding is about; name#2 is the second connection of name\n",
            options.style.pointer()
        ));
    }
    let has_prefix = |case: &Case| {
        case.play
            .as_ref()
            .is_some_and(|play| !play.prefix.is_empty())
    };
    if wrong().any(has_prefix) {
        out.push_str("topics and Client Identifiers are shown without the prefix that they have in the bytes\n");
    }
    out
}
