//! What is wrong with the broker: one block per cause, the worst first.

use std::collections::BTreeSet;

use super::Options;
use crate::report::conduct::{conduct, received};
use crate::report::document::{Case, Cause, Clause, Document, Finding, Level};
use crate::report::excerpt::{self, Around};
use crate::report::names::compressed;
use crate::report::style::{Style, alternatives, count, grouped};
use crate::report::wrap::{cut, within, wrapped};

/// How much is shown of a cause, the most first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// With the packets of the example.
    Full,
    /// What was expected, what was received, and the cases by name.
    Short,
    /// The clause, the first case, and what was received.
    Least,
    /// The clause, and what was received.
    Line,
}

/// Renders the causes that are not accepted, in as much detail as fits into this many lines.
pub(super) fn render(document: &Document, options: Options, lines: usize) -> String {
    let causes: Vec<&Cause> = document.causes.iter().filter(|c| !c.accepted).collect();
    if causes.is_empty() {
        return String::new();
    }
    let mut blocks: Vec<Block<'_>> = causes
        .iter()
        .enumerate()
        .map(|(index, cause)| Block::new(document, cause, index + 1, options))
        .collect();
    if options.verbose {
        blocks
            .iter_mut()
            .for_each(|block| block.depth = Depth::Full);
    } else {
        deepen(&mut blocks, lines);
    }
    let texts: Vec<String> = blocks.iter().map(Block::text).collect();
    let mut out = heading(&causes, options.style);
    let mut was_full = true;
    let mut group = "";
    for (block, text) in blocks.iter().zip(texts) {
        let is_full = block.depth == Depth::Full;
        if is_full || was_full {
            out.push('\n');
        }
        was_full = is_full;
        // A block in full names its group itself.
        if !is_full && block.group() != group {
            group = block.group();
            out.push_str(&format!("{}\n", options.style.strong(group)));
        }
        out.push_str(&text);
    }
    if blocks.iter().any(|block| block.depth != Depth::Full) {
        out.push_str(
            "\n--verbose shows the packets of each, and --filter 'CASE' those of one case.\n",
        );
    }
    out
}

fn heading(causes: &[&Cause], style: Style) -> String {
    let musts = causes.iter().filter(|c| c.level == Level::Must).count();
    let cases = causes.iter().flat_map(|c| c.cases.iter().chain(&c.likely));
    let cases: BTreeSet<&String> = cases.collect();
    let violations: Vec<String> = [(musts, "MUST"), (causes.len() - musts, "SHOULD")]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, level)| format!("{} a {level}", violate(number)))
        .collect();
    let heading = format!(
        "{} in {}: {}",
        count(causes.len(), "cause"),
        count(cases.len(), "case"),
        violations.join(", ")
    );
    format!("{}\n", style.strong(&heading))
}

/// `1 violates`, `2 violate`.
fn violate(causes: usize) -> String {
    let verb = if causes == 1 { "violates" } else { "violate" };
    format!("{} {verb}", grouped(causes))
}

/// Adds detail to the blocks, the worst first, while there is room: first what the broker did in each, then the packets
/// of the worst.
fn deepen(blocks: &mut [Block<'_>], lines: usize) {
    let groups: BTreeSet<&str> = blocks.iter().map(Block::group).collect();
    let mut used: usize = blocks.iter().map(|block| block.lines(Depth::Line)).sum();
    used += groups.len();
    for (depth, most) in [
        (Depth::Least, usize::MAX),
        (Depth::Full, 1),
        (Depth::Short, usize::MAX),
        (Depth::Full, usize::MAX),
    ] {
        for block in blocks.iter_mut().take(most) {
            if block.depth == Depth::Full {
                continue;
            }
            let more = block.lines(depth).saturating_sub(block.lines(block.depth));
            // An empty line precedes a block in full.
            let more = more + usize::from(depth == Depth::Full);
            if used + more > lines {
                break;
            }
            used += more;
            block.depth = depth;
        }
    }
}

struct Block<'a> {
    cause: &'a Cause,
    example: Option<(&'a Case, &'a Finding)>,
    number: usize,
    depth: Depth,
    options: Options,
}

impl<'a> Block<'a> {
    fn new(document: &'a Document, cause: &'a Cause, number: usize, options: Options) -> Self {
        Self {
            cause,
            example: document.example(cause),
            number,
            depth: Depth::Line,
            options,
        }
    }

    fn lines(&self, depth: Depth) -> usize {
        self.at(depth).lines().count()
    }

    fn text(&self) -> String {
        self.at(self.depth)
    }

    fn at(&self, depth: Depth) -> String {
        match depth {
            Depth::Full => self.full(),
            Depth::Short => self.short(),
            Depth::Least => self.least(),
            Depth::Line => self.line(),
        }
    }

    fn width(&self) -> usize {
        usize::from(self.options.width)
    }

    /// The heading shared by blocks of the same level and rank.
    fn group(&self) -> &'static str {
        match (self.cause.level, self.cause.rank.as_str()) {
            (Level::Must, "delivery") => {
                "MUST, delivery: messages lost, repeated, out of order or for the wrong client"
            }
            (Level::Must, "session") => "MUST, session: sessions, Will and retained messages",
            (Level::Must, "connection") => "MUST, connection: accepted, refused, kept or closed",
            (Level::Must, _) => "MUST, content: codes, properties and flags",
            _ => "SHOULD",
        }
    }

    /// The start of a line, `3 [5 MQTT-3.1.2-8] 3.1.2.5 `, and its width.
    fn lead(&self) -> (String, usize) {
        self.start(match self.cause.clauses.as_slice() {
            [] => String::new(),
            [one] => named(one),
            [one, more @ ..] => format!("{}+{} ", named(one), more.len()),
        })
    }

    /// Number and this text about the clause, and their width.
    fn start(&self, clause: String) -> (String, usize) {
        let style = self.options.style;
        let number = format!("{:>2} ", self.number);
        let width = number.chars().count() + clause.chars().count();
        let number = match self.cause.level {
            Level::Must => style.bad(&number),
            _ => style.doubtful(&number),
        };
        (format!("{number}{}", style.strong(&clause)), width)
    }

    /// The clause with its summary.
    fn first_line(&self) -> String {
        let (lead, taken) = self.lead();
        let summary = self.cause.clauses.iter().find_map(|c| c.summary.as_deref());
        let room = self.width().saturating_sub(taken);
        let summary = cut(
            summary.unwrap_or_default(),
            room,
            self.options.style.ellipsis(),
        );
        format!("{lead}{summary}\n")
    }

    /// The clause with its summary, and what was received if there is room.
    fn line(&self) -> String {
        let (lead, taken) = self.lead();
        let cases = format!(" ({})", self.cause.cases.len() + self.cause.likely.len());
        let room = self.width().saturating_sub(taken + cases.len());
        let summary = self.cause.clauses.iter().find_map(|c| c.summary.as_deref());
        let Some(summary) = summary else {
            return format!("{lead}{}{cases}\n", self.what(room));
        };
        let style = self.options.style;
        let shown = cut(summary, room, style.ellipsis());
        let left = room.saturating_sub(shown.chars().count() + 3);
        let what = match left > 20 {
            true => format!(" {} {}", style.separator(), self.what(left)),
            false => String::new(),
        };
        format!("{lead}{shown}{what}{cases}\n")
    }

    fn least(&self) -> String {
        let style = self.options.style;
        let (lead, taken) = self.start(
            self.cause
                .clauses
                .first()
                .map_or_else(String::new, in_brief),
        );
        let indent = " ".repeat(INDENT);
        let cases = self.example_and_number();
        // The id of the case must be whole, since it is what `--filter` takes.
        let fits = taken + cases.chars().count() <= self.width();
        let before = if fits {
            String::new()
        } else {
            format!("\n{indent}")
        };
        let what = self.what(self.width().saturating_sub(INDENT));
        format!("{lead}{before}{cases}\n{indent}{}\n", style.faint(&what))
    }

    /// The id of the first case, and the number of the others.
    fn example_and_number(&self) -> String {
        let mut cases = self.cause.cases.iter().chain(&self.cause.likely);
        let first = cases.next().map_or("", String::as_str);
        match cases.count() {
            0 => first.to_owned(),
            others => format!("{first} +{others}"),
        }
    }

    /// What the broker did, in at most `room` characters: the judgement first, so that it is never cut off.
    fn what(&self, room: usize) -> String {
        let ellipsis = self.options.style.ellipsis();
        cut(&abridged(&conduct(self.cause), ellipsis), room, ellipsis)
    }

    fn short(&self) -> String {
        let mut out = self.first_line();
        let style = self.options.style;
        let expected = alternatives(&self.cause.expected);
        self.row(&mut out, "expected", &expected, 1, &|text| text.to_owned());
        self.row(&mut out, "received", received(self.cause), 1, &|text| {
            style.bad(text)
        });
        self.row(&mut out, "cases", &self.names().join(" "), 1, &|text| {
            style.faint(text)
        });
        out
    }

    fn full(&self) -> String {
        let style = self.options.style;
        let level = self.cause.level.as_str().to_uppercase();
        let mut out = format!(
            "{} {}\n",
            style.strong(&format!("{:>2}", self.number)),
            match self.cause.level {
                Level::Must => style.bad(&format!("{level}, {}", self.cause.rank)),
                _ => style.doubtful(&format!("{level}, {}", self.cause.rank)),
            }
        );
        for clause in &self.cause.clauses {
            let text = format!(
                "{} {}",
                cited(clause),
                clause.summary.as_deref().unwrap_or("")
            );
            let room = self.width().saturating_sub(INDENT);
            for line in wrapped(&text, room) {
                out.push_str(&format!("{}{line}\n", " ".repeat(INDENT)));
            }
        }
        let expected = alternatives(&self.cause.expected);
        self.row(&mut out, "expected", &expected, 4, &|text| text.to_owned());
        self.row(&mut out, "received", received(self.cause), 4, &|text| {
            style.bad(text)
        });
        if let Some((case, finding)) = self.example {
            let place = format!("{} {}", case.id, place(finding));
            self.row(&mut out, "example", &place, 2, &|text| style.strong(text));
            self.row(&mut out, "checks", &case.title, 2, &|text| text.to_owned());
            let step = match finding.label.as_str() {
                "monitor" => "the monitor, which checks every packet of the broker",
                label => label,
            };
            self.row(&mut out, "step", step, 2, &|text| text.to_owned());
            let around = match self.options.verbose {
                true => Around::WIDE,
                false => Around::NARROW,
            };
            if let Some(play) = &case.play {
                let packets = excerpt::excerpt(play, finding, around, self.options.canvas());
                out.push_str(&packets);
            }
        }
        let rest = compressed(self.cause.cases.iter().skip(1).map(String::as_str));
        let most = if self.options.verbose { 100 } else { 4 };
        self.row(&mut out, "other cases", &rest.join(" "), most, &|text| {
            text.to_owned()
        });
        for folded in &self.cause.follows {
            let cases = count(folded.cases.len(), "case");
            let text = format!("further findings in {cases}: {}", folded.because);
            self.row(&mut out, "consequences", &text, 2, &|text| text.to_owned());
        }
        let likely = compressed(self.cause.likely.iter().map(String::as_str));
        self.row(
            &mut out,
            "probably also",
            &likely.join(" "),
            most,
            &|text| text.to_owned(),
        );
        out
    }

    fn names(&self) -> Vec<String> {
        let cause = self.cause;
        compressed(cause.cases.iter().chain(&cause.likely).map(String::as_str))
    }

    /// Appends a named row of one or more lines. Appends nothing if the text is empty.
    fn row(
        &self,
        out: &mut String,
        name: &str,
        text: &str,
        most: usize,
        paint: &dyn Fn(&str) -> String,
    ) {
        if text.is_empty() {
            return;
        }
        let room = self.width().saturating_sub(INDENT + NAMES);
        let lines = within(text, room, most, self.options.style.ellipsis());
        for (number, line) in lines.iter().enumerate() {
            let name = if number == 0 { name } else { "" };
            out.push_str(&format!(
                "{}{name:<NAMES$}{}\n",
                " ".repeat(INDENT),
                paint(line)
            ));
        }
    }
}

/// The indentation of a block.
const INDENT: usize = 3;
/// The width of the names of its rows.
const NAMES: usize = 15;

/// The longest quoted text that is shown whole, and how much is shown of a longer one, in characters.
const QUOTED: usize = 24;
const QUOTED_START: usize = 12;

/// Shortens long quoted texts, so that what follows them is seen.
fn abridged(text: &str, ellipsis: &str) -> String {
    let parts = text.split('"').enumerate().map(|(number, part)| {
        let is_quoted = number % 2 == 1;
        match is_quoted && part.chars().count() > QUOTED {
            true => format!(
                "{}{ellipsis}",
                part.chars().take(QUOTED_START).collect::<String>()
            ),
            false => part.to_owned(),
        }
    });
    parts.collect::<Vec<_>>().join("\"")
}

/// Formats a clause: `[5 MQTT-3.1.4-3] section 3.1.4:`. For a section of another document, only the id is shown.
fn cited(clause: &Clause) -> String {
    match (&clause.document, &clause.section) {
        (Some(document), Some(section)) => {
            format!("[{document} {}] section {section}:", clause.id)
        }
        (Some(document), None) => format!("[{document} {}]", clause.id),
        _ => format!("[{}]", clause.id),
    }
}

/// Formats a clause by its id: `[5 MQTT-3.1.4-3] `.
fn in_brief(clause: &Clause) -> String {
    match &clause.document {
        Some(document) => format!("[{document} {}] ", clause.id),
        None => format!("[{}] ", clause.id),
    }
}

/// Formats a clause in short: `[5 MQTT-3.1.4-3] 3.1.4 `.
fn named(clause: &Clause) -> String {
    match (&clause.document, &clause.section) {
        (Some(document), Some(section)) => format!("[{document} {}] {section} ", clause.id),
        (Some(document), None) => format!("[{document} {}] ", clause.id),
        _ => format!("[{}] ", clause.id),
    }
}

fn place(finding: &Finding) -> String {
    match finding.line {
        Some(line) => format!("{}:{line}", finding.file),
        None => finding.file.clone(),
    }
}

/// Renders the accepted deviations, one line per cause.
pub(super) fn accepted(document: &Document, options: Options) -> String {
    let causes: Vec<&Cause> = document.causes.iter().filter(|c| c.accepted).collect();
    if causes.is_empty() {
        return String::new();
    }
    let width = usize::from(options.width);
    let mut out = String::from("Accepted deviations of this target:\n");
    for cause in causes {
        let clause = cause.clauses.first();
        let clause = clause.map_or_else(String::new, in_brief);
        let actual = cause.came.as_deref().unwrap_or(&cause.actual);
        let cases = count(cause.cases.len() + cause.likely.len(), "case");
        let place = cause.accepted_by.as_deref().unwrap_or_default();
        let tail = format!(" ({cases}) {place}");
        let room = width.saturating_sub(2 + tail.trim_end().chars().count());
        let text = cut(&format!("{clause}{actual}"), room, options.style.ellipsis());
        out.push_str(&format!(
            "  {text}{}\n",
            options.style.faint(tail.trim_end())
        ));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::abridged;

    #[test]
    fn shortens_long_quotes() {
        let long = "x".repeat(40);
        let text = format!("PUBLISH whose payload is \"{long}\", expected \"short\"");
        let short = "PUBLISH whose payload is \"xxxxxxxxxxxx...\", expected \"short\"";
        assert_eq!(abridged(&text, "..."), short);
    }
}
