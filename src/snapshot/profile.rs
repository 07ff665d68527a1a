//! Reads and writes the file of a profile, `snapshots/@NAME/profile.yaml`. Each fact has one line, so diffs are small.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use super::file::{Header, ReadError, SnapFile, WriteError, write_whole};
use crate::diagnostic::{Diagnostic, Place, Source};
use crate::outcome::profile::{Answers, Offers, Profile, Standing};
use crate::scenario::node::{Entry, Node};
use crate::scenario::{decode, open_regular, syntax};

/// The format number that this version writes and reads.
const FORMAT: &str = "1";
/// Follows a case that had this standing or answer in some plays only.
const SOMETIMES: &str = " sometimes";
/// Stands for every case that no other answer lists.
const OTHERS: &str = "others";
const SPOKEN: [&str; 2] = ["not spoken", "spoken"];
const YES_NO: [&str; 2] = ["no", "yes"];
/// The section of skipped cases. The other sections are named after a standing.
const SKIPPED: &str = "skipped";

/// The sections of cases in their order, each with the standing of its cases.
const SECTIONS: [(&str, Option<Standing>); 5] = [
    ("failed", Some(Standing::Failed)),
    ("warned", Some(Standing::Warned)),
    ("inconclusive", Some(Standing::Inconclusive)),
    (SKIPPED, None),
    ("passed", Some(Standing::Passed)),
];

/// Returns the text of a profile's file.
pub fn text(target: &str, profile: &Profile) -> String {
    let mut out = format!(
        "\
# What mqtt-check learned about this broker, apart from the records next to this file. A run that is compared with it
# fails if the broker differs. `mqtt-check baseline {target} --update` updates it: review the changes and commit them.
# docs/baselines.md describes the keys. The broker's name is not compared.
profile: {FORMAT}
"
    );
    if let Some(broker) = &profile.broker {
        out.push_str(&format!("broker: {}\n", scalar(broker)));
    }
    push_section(&mut out, "versions", profile.offers.versions.is_empty());
    for (version, spoken) in &profile.offers.versions {
        out.push_str(&format!("  {version}: {}\n", SPOKEN[usize::from(*spoken)]));
    }
    let mut version = "";
    push_section(&mut out, "limits", profile.offers.limits.is_empty());
    for ((of, name), value) in &profile.offers.limits {
        if of != version {
            out.push_str(&format!("  {of}:\n"));
            version = of;
        }
        out.push_str(&format!("    {name}: {value}\n"));
    }
    push_section(
        &mut out,
        "capabilities",
        profile.offers.capabilities.is_empty(),
    );
    for (capability, there) in &profile.offers.capabilities {
        out.push_str(&format!(
            "  {capability}: {}\n",
            YES_NO[usize::from(*there)]
        ));
    }
    push_choices(&mut out, profile);
    push_cases(&mut out, profile);
    out
}

/// Writes the key of a section, unless the section is empty.
fn push_section(out: &mut String, section: &str, is_empty: bool) {
    if !is_empty {
        out.push_str(&format!("{section}:\n"));
    }
}

fn push_choices(out: &mut String, profile: &Profile) {
    push_section(out, "choices", profile.choices.is_empty());
    for (name, answers) in &profile.choices {
        if let (Some(only), true) = (&answers.others, answers.by_case.is_empty()) {
            out.push_str(&format!("  {name}: {only}\n"));
            continue;
        }
        out.push_str(&format!("  {name}:\n"));
        let mut by_answer: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (case, given) in &answers.by_case {
            for answer in given {
                let cases = by_answer.entry(answer).or_default();
                cases.push(mark(case, given.len() > 1));
            }
        }
        if let Some(others) = &answers.others {
            let cases = by_answer.entry(others).or_default();
            cases.insert(0, OTHERS.to_owned());
        }
        for (answer, cases) in by_answer {
            out.push_str(&format!("    {answer}:\n"));
            push_list(out, "      ", &cases);
        }
    }
}

fn push_cases(out: &mut String, profile: &Profile) {
    let standing = |wanted: &dyn Fn(&Standing) -> bool| -> Vec<String> {
        let cases = profile.cases.iter();
        let so = cases.filter(|(_, standings)| standings.iter().any(wanted));
        so.map(|(case, standings)| mark(case, standings.len() > 1))
            .collect()
    };
    for (section, of_section) in SECTIONS {
        if let Some(of_section) = of_section {
            let cases = standing(&|s| *s == of_section);
            push_section(out, section, cases.is_empty());
            push_list(out, "  ", &cases);
            continue;
        }
        let all = profile.cases.values().flatten();
        let skips: BTreeSet<&Standing> =
            all.filter(|s| matches!(s, Standing::Skipped(_))).collect();
        push_section(out, section, skips.is_empty());
        for skip in skips {
            out.push_str(&format!("  {skip}:\n"));
            push_list(out, "    ", &standing(&|s| s == skip));
        }
    }
}

fn push_list(out: &mut String, indent: &str, items: &[String]) {
    for item in items {
        out.push_str(&format!("{indent}- {}\n", scalar(item)));
    }
}

fn mark(case: &str, has_several_standings: bool) -> String {
    let mark = if has_several_standings { SOMETIMES } else { "" };
    format!("{case}{mark}")
}

/// Quotes a text that YAML would read as something else.
fn scalar(text: &str) -> String {
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || " _-./@[]()+=".contains(c))
        && !text.ends_with(' ');
    match is_plain {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "''")),
    }
}

/// Reads a profile. Returns `None` if there is no such file.
///
/// # Errors
/// Returns an error if the file cannot be read or is not a profile.
pub fn read(path: &Path) -> Result<Option<Profile>, ReadError> {
    match open(path)? {
        None => Ok(None),
        Some(source) => parse(&source).map(Some),
    }
}

/// Reads a built-in profile.
///
/// # Errors
/// Returns an error if it is not a profile.
pub(super) fn read_bytes(path: &Path, bytes: Vec<u8>) -> Result<Profile, ReadError> {
    let source = decode(path, bytes).map_err(|d| ReadError::Damaged(Box::new(damaged(*d))))?;
    parse(&source)
}

/// Reads the text of a profile, as a review shows it. The text must be a valid profile.
pub(super) fn read_as_text(path: &Path) -> Result<Option<SnapFile>, ReadError> {
    let Some(source) = open(path)? else {
        return Ok(None);
    };
    parse(&source)?;
    Ok(Some(SnapFile {
        header: Header {
            source: String::new(),
            title: "Profile of this broker".to_owned(),
            case: String::new(),
        },
        text: source.text.clone(),
    }))
}

/// Reads the text of a file. Returns `None` if there is no such file.
fn open(path: &Path) -> Result<Option<Arc<Source>>, ReadError> {
    let mut bytes = Vec::new();
    let limit = syntax::FILE_LIMIT as u64 + 1;
    match open_regular(path).and_then(|file| file.take(limit).read_to_end(&mut bytes)) {
        Ok(_) => decode(path, bytes)
            .map(Some)
            .map_err(|diagnostic| ReadError::Damaged(Box::new(damaged(*diagnostic)))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ReadError::Io {
            path: path.to_owned(),
            error,
        }),
    }
}

/// Parses the text of a profile.
///
/// # Errors
/// The first error in the text.
pub fn parse(source: &Arc<Source>) -> Result<Profile, ReadError> {
    let parsed = syntax::parse(source).map_err(|mut wrong| match wrong.is_empty() {
        true => Diagnostic::new(source, None, "the file is empty"),
        false => wrong.remove(0),
    });
    let profile = parsed.and_then(|root| Reading { source }.profile(&root));
    profile.map_err(|diagnostic| ReadError::Damaged(Box::new(damaged(diagnostic))))
}

fn damaged(diagnostic: Diagnostic) -> Diagnostic {
    diagnostic.hint("restore the file from version control, or update it with `mqtt-check baseline NAME --update`")
}

/// Writes a profile completely or not at all.
///
/// # Errors
/// Returns an error if writing fails. An earlier file is then unchanged.
pub fn write(path: &Path, target: &str, profile: &Profile) -> Result<(), WriteError> {
    write_whole(path, text(target, profile).as_bytes()).map_err(|error| WriteError {
        path: path.to_owned(),
        error,
    })
}

/// A strict reader of the YAML tree.
struct Reading<'s> {
    source: &'s Arc<Source>,
}

impl Reading<'_> {
    fn wrong<T>(&self, place: Place, title: impl Into<String>) -> Result<T, Diagnostic> {
        Err(Diagnostic::new(self.source, Some(place), title))
    }

    fn entries<'n>(&self, node: &'n Node, what: &str) -> Result<&'n [Entry], Diagnostic> {
        match node.entries() {
            Some(entries) => Ok(entries),
            None => self.wrong(node.place, format!("expected {what} (a mapping)")),
        }
    }

    fn text<'n>(&self, node: &'n Node, what: &str) -> Result<&'n str, Diagnostic> {
        match node.text() {
            Some(text) if !text.is_empty() => Ok(text),
            _ => self.wrong(node.place, format!("expected {what}")),
        }
    }

    /// Reads one of two words. The second word is `true`.
    fn one_of(&self, node: &Node, words: [&str; 2]) -> Result<bool, Diagnostic> {
        let expected = format!("`{}` or `{}`", words[1], words[0]);
        let text = self.text(node, &expected)?;
        match words.iter().position(|word| *word == text) {
            Some(index) => Ok(index == 1),
            None => self.wrong(node.place, format!("expected {expected}, found `{text}`")),
        }
    }

    fn profile(&self, root: &Node) -> Result<Profile, Diagnostic> {
        let mut profile = Profile::default();
        let mut form = None;
        for entry in self.entries(root, "a profile")? {
            let value = &entry.value;
            match &*entry.key.text {
                "profile" => form = Some((value.place, self.text(value, "the format number")?)),
                "broker" => profile.broker = Some(self.text(value, "a name")?.to_owned()),
                "versions" => self.versions(value, &mut profile.offers)?,
                "limits" => self.limits(value, &mut profile.offers)?,
                "capabilities" => self.capabilities(value, &mut profile.offers)?,
                "choices" => self.choices(value, &mut profile)?,
                section => self.section(section, entry, &mut profile)?,
            }
        }
        match form {
            Some((_, FORMAT)) => Ok(profile),
            Some((place, form)) => self.wrong(
                place,
                format!(
                    "a profile in format {form}, which this version of mqtt-check does not support"
                ),
            ),
            None => self.wrong(root.place, "not a profile: it has no key `profile`"),
        }
    }

    fn versions(&self, node: &Node, offers: &mut Offers) -> Result<(), Diagnostic> {
        for entry in self.entries(node, "protocol versions")? {
            let spoken = self.one_of(&entry.value, SPOKEN)?;
            offers.versions.insert(entry.key.text.to_string(), spoken);
        }
        Ok(())
    }

    fn limits(&self, node: &Node, offers: &mut Offers) -> Result<(), Diagnostic> {
        for version in self.entries(node, "protocol versions")? {
            for limit in self.entries(&version.value, "limits")? {
                let value = self.text(&limit.value, "a number or `none`")?.to_owned();
                let key = (version.key.text.to_string(), limit.key.text.to_string());
                offers.limits.insert(key, value);
            }
        }
        Ok(())
    }

    fn capabilities(&self, node: &Node, offers: &mut Offers) -> Result<(), Diagnostic> {
        for entry in self.entries(node, "capabilities")? {
            let there = self.one_of(&entry.value, YES_NO)?;
            offers
                .capabilities
                .insert(entry.key.text.to_string(), there);
        }
        Ok(())
    }

    fn choices(&self, node: &Node, profile: &mut Profile) -> Result<(), Diagnostic> {
        for entry in self.entries(node, "choices")? {
            let mut answers = Answers::default();
            if let Some(only) = entry.value.text() {
                answers.others = Some(only.to_owned());
            } else {
                for answer in self.entries(&entry.value, "an answer, or answers and their cases")? {
                    let text = answer.key.text.to_string();
                    for (case, _) in self.cases(&answer.value)? {
                        if case == OTHERS {
                            answers.others = Some(text.clone());
                        } else {
                            let of_case = answers.by_case.entry(case.to_owned()).or_default();
                            of_case.insert(text.clone());
                        }
                    }
                }
            }
            profile.choices.insert(entry.key.text.to_string(), answers);
        }
        Ok(())
    }

    fn section(
        &self,
        section: &str,
        entry: &Entry,
        profile: &mut Profile,
    ) -> Result<(), Diagnostic> {
        let Some((_, standing)) = SECTIONS.iter().find(|(name, _)| *name == section) else {
            return self.wrong(entry.key.place, format!("a profile has no key `{section}`"));
        };
        if let Some(standing) = standing {
            return self.add_standing(standing, &entry.value, profile);
        }
        for skip in self.entries(&entry.value, "skip codes")? {
            match skip.key.text.parse() {
                Ok(standing @ Standing::Skipped(_)) => {
                    self.add_standing(&standing, &skip.value, profile)?
                }
                _ => {
                    let title = format!("unknown skip code `{}`", skip.key.text);
                    return self.wrong(skip.key.place, title);
                }
            }
        }
        Ok(())
    }

    fn add_standing(
        &self,
        standing: &Standing,
        node: &Node,
        profile: &mut Profile,
    ) -> Result<(), Diagnostic> {
        for (case, place) in self.cases(node)? {
            let known = profile.cases.entry(case.to_owned()).or_default();
            if !known.insert(standing.clone()) {
                return self.wrong(place, "the case is listed twice");
            }
        }
        Ok(())
    }

    /// The cases of a list, without their marks.
    fn cases<'n>(&self, node: &'n Node) -> Result<Vec<(&'n str, Place)>, Diagnostic> {
        let Some(items) = node.items() else {
            return self.wrong(node.place, "expected a list of cases");
        };
        let case = |item: &'n Node| {
            let text = self.text(item, "the id of a case")?;
            Ok((text.strip_suffix(SOMETIMES).unwrap_or(text), item.place))
        };
        items.iter().map(case).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: String) -> Arc<Source> {
        Arc::new(Source {
            path: "profile.yaml".to_owned(),
            text,
        })
    }

    fn sample() -> Profile {
        let mut profile = Profile {
            broker: Some("A broker: 1.0 # beta".to_owned()),
            ..Profile::default()
        };
        profile.offers.versions.insert("3.1.1".to_owned(), true);
        profile.offers.versions.insert("5".to_owned(), false);
        let limit = ("5".to_owned(), "receive_maximum".to_owned());
        profile.offers.limits.insert(limit, "20".to_owned());
        profile.offers.capabilities.insert("kick".to_owned(), false);
        let kick = "needs:kick".parse().expect("a code");
        for (case, standings) in [
            (
                "session/takeover@5",
                vec![Standing::Failed, Standing::Passed],
            ),
            ("session/a[it's: #1]@5", vec![kick]),
            ("session/b@3.1.1", vec![Standing::Passed]),
            ("session/c@3.1.1", vec![Standing::Warned]),
            ("session/d@3.1.1", vec![Standing::Inconclusive]),
        ] {
            let standings = standings.into_iter().collect();
            profile.cases.insert(case.to_owned(), standings);
        }
        let mut answers = Answers {
            others: Some("dropped".to_owned()),
            ..Answers::default()
        };
        profile
            .choices
            .insert("offline_qos0".to_owned(), answers.clone());
        let both = ["dropped", "queued"].map(str::to_owned).into();
        answers
            .by_case
            .insert("session/a[it's: #1]@5".to_owned(), both);
        profile.choices.insert("window".to_owned(), answers);
        profile
    }

    #[test]
    fn reads_what_it_wrote() {
        let written = text("twin", &sample());
        assert_eq!(parse(&source(written)).expect("sound"), sample());
        let empty = text("twin", &Profile::default());
        assert_eq!(parse(&source(empty)).expect("sound"), Profile::default());
    }

    #[test]
    fn reports_errors_with_their_place() {
        let rows = [
            (
                "profile: 2\n",
                "a profile in format 2, which this version of mqtt-check does not support",
                1,
            ),
            ("broker: x\n", "not a profile: it has no key `profile`", 1),
            (
                "profile: 1\nfailde:\n  - a@5\n",
                "a profile has no key `failde`",
                2,
            ),
            (
                "profile: 1\nversions:\n  5: yes\n",
                "expected `spoken` or `not spoken`, found `yes`",
                3,
            ),
            (
                "profile: 1\nskipped:\n  need:\n    - a@5\n",
                "unknown skip code `need`",
                3,
            ),
            (
                "profile: 1\nfailed:\n  - a@5\n  - a@5\n",
                "the case is listed twice",
                4,
            ),
            ("profile: 1\nfailed: a@5\n", "expected a list of cases", 2),
        ];
        for (text, title, line) in rows {
            match parse(&source(text.to_owned())) {
                Err(ReadError::Damaged(found)) => {
                    assert_eq!(found.title, title);
                    assert_eq!(found.place.map(|place| place.line), Some(line), "{title}");
                }
                other => panic!("{other:?}"),
            }
        }
    }
}
