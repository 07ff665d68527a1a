//! Defaults of `mqtt-check run`: the command line overrides the environment, which overrides `mqtt-check.yaml`.
//!
//! The command line is read twice. The first pass only finds out which options are present. Then the values of the
//! other options, from the file and the environment, are inserted, and clap parses the result. See docs/defaults.md for
//! the rules.

mod environment;
mod file;
mod key;
mod layers;
mod schema;
mod shown;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::builder::ValueParser;
use clap::{Arg, ArgAction, ArgMatches, CommandFactory as _, FromArgMatches as _, ValueEnum as _};

use super::{Cli, Command, Failure, Styles, output};
use crate::report::style::ColourChoice;
use crate::scenario::suite;
use key::{KEYS, Key};
use layers::Given;

pub(super) use schema::schema;

/// The name of the file of defaults.
const FILE: &str = "mqtt-check.yaml";
/// The command that has defaults.
const RUN: &str = "run";

/// The defaults that apply to a run.
#[derive(Debug, Default)]
pub(super) struct Defaults {
    file: Option<PathBuf>,
    /// The defaults that apply, one entry per key.
    used: Vec<Given>,
    /// The defaults that do not apply, and why.
    unused: Vec<(Given, &'static str)>,
    /// Every key with its final value, as clap parsed it.
    values: Vec<shown::Shown>,
}

impl Defaults {
    /// The file of defaults that was read, if any.
    pub(super) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Whether a file of defaults was read.
    pub(super) fn has_file(&self) -> bool {
        self.file.is_some()
    }
}

/// Parses the command line with the defaults of `run` filled in. An error is printed here, and its exit code returned.
pub(super) fn command_line(styles: impl Fn(ColourChoice) -> Styles) -> Result<Cli, ExitCode> {
    let words: Vec<OsString> = std::env::args_os().collect();
    let mut command = Cli::command();
    command.build();
    let Some((first, at)) = first_look(&command, &words) else {
        return read(&command, &words, &Defaults::default()).map(|(cli, _)| cli);
    };
    let given = first.get_raw("color").and_then(|mut words| words.next());
    let colour = given.and_then(|word| ColourChoice::from_str(word.to_str()?, true).ok());
    let styles = styles(colour.unwrap_or_default());
    let mut defaults = collected(&command, &first, styles).map_err(|failure| {
        output::complain(&failure, styles.err);
        ExitCode::from(failure.exit)
    })?;
    let mut all = words;
    let added: Vec<OsString> = defaults.used.iter().flat_map(Given::words).collect();
    all.splice(at + 1..at + 1, added);
    let (mut cli, matches) = read(&command, &all, &defaults)?;
    if let Command::Run(arguments) = &mut cli.command {
        let matches = matches.subcommand_matches(RUN).unwrap_or(&matches);
        defaults.values = shown::values(matches, &defaults.used, &first);
        arguments.defaults = defaults;
    }
    Ok(cli)
}

/// Parses these words with clap.
fn read(
    command: &clap::Command,
    words: &[OsString],
    defaults: &Defaults,
) -> Result<(Cli, ArgMatches), ExitCode> {
    let matches = command.clone().try_get_matches_from(words);
    let read = matches.and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    read.map_err(|error| {
        let _ = error.print();
        if error.use_stderr() && !defaults.used.is_empty() {
            let used = defaults.used.iter().filter(|given| !given.is_off());
            let used: Vec<String> = used.map(Given::describe).collect();
            output::note(&format!("\nnote: not typed: {}\n", used.join(", ")));
        }
        ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
    })
}

/// Finds which options of `run` are present, without checking their values, and the position of the word `run`. Returns
/// `None` for another command, for a request for help, or if the command line cannot be parsed.
fn first_look(command: &clap::Command, words: &[OsString]) -> Option<(ArgMatches, usize)> {
    let at = words.iter().position(|word| word == RUN)?;
    let run = command.find_subcommand(RUN)?;
    let lenient = run.get_arguments().map(|arg| {
        let mut plain = Arg::new(arg.get_id().clone()).value_parser(ValueParser::os_string());
        let takes_values = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
        plain = match takes_values {
            true if arg.is_positional() => plain.action(ArgAction::Append).num_args(0..),
            true => plain.action(ArgAction::Append),
            false => plain
                .action(ArgAction::Count)
                .value_parser(ValueParser::from(clap::value_parser!(u8))),
        };
        let aliases = arg.get_all_aliases().unwrap_or_default();
        plain = aliases
            .into_iter()
            .fold(plain, |plain, alias| plain.alias(lasting(alias)));
        if let Some(short) = arg.get_short() {
            plain = plain.short(short);
        }
        match arg.get_long() {
            Some(long) => plain.long(lasting(long)),
            None => plain,
        }
    });
    let color = |plain: &Arg| plain.get_id() == "color";
    let arguments: Vec<Arg> = lenient.collect();
    let before: Vec<Arg> = arguments.iter().filter(|a| color(a)).cloned().collect();
    let command = |name: &'static str| {
        clap::Command::new(name)
            .disable_help_flag(true)
            .disable_version_flag(true)
    };
    // `--color` may also come before the command.
    let matches = command("mqtt-check")
        .args(before)
        .subcommand(command(RUN).args(arguments))
        .try_get_matches_from(words)
        .ok()?;
    let (name, found) = matches.subcommand()?;
    let asks_for_help = |id: &str| {
        found
            .try_get_one::<u8>(id)
            .is_ok_and(|n| n.is_some_and(|n| *n > 0))
    };
    (name == RUN && !asks_for_help("help")).then(|| (found.clone(), at))
}

/// Leaks a name, since clap needs it for the life of the program. This happens once per name.
fn lasting(name: &str) -> &'static str {
    String::leak(name.to_owned())
}

/// Whether an option is on the command line.
fn is_typed(first: &ArgMatches, id: &str) -> bool {
    let source = first.value_source(id);
    source == Some(clap::parser::ValueSource::CommandLine)
}

/// Collects the defaults that apply, from the file and the environment.
fn collected(
    command: &clap::Command,
    first: &ArgMatches,
    styles: Styles,
) -> Result<Defaults, Failure> {
    let run = command.find_subcommand(RUN).unwrap_or(command);
    let path = file_of(first)?;
    let of_file = match &path {
        Some(path) => {
            file::read(path, run).map_err(|wrong| output::diagnostics(&wrong, styles.err))?
        }
        None => Vec::new(),
    };
    let (of_environment, unknown) = environment::read(std::env::vars_os(), run)?;
    for warning in unknown {
        output::warn(&warning, styles.err);
    }
    let typed: Vec<&str> = run
        .get_arguments()
        .map(|arg| arg.get_id().as_str())
        .filter(|id| is_typed(first, id))
        .collect();
    let (used, unused) = layers::merged(run, &typed, of_environment, of_file);
    Ok(Defaults {
        file: path,
        used,
        unused,
        values: Vec::new(),
    })
}

/// The file of defaults to read, if any.
fn file_of(first: &ArgMatches) -> Result<Option<PathBuf>, Failure> {
    if is_typed(first, "no_config") {
        return Ok(None);
    }
    let named = first.get_raw("config").and_then(|mut words| words.next());
    if let Some(named) = named {
        let path = PathBuf::from(named);
        return match path.exists() {
            true => Ok(Some(path)),
            false => Err(Failure::usage(format!(
                "--config: there is no file {}",
                path.display()
            ))),
        };
    }
    let folder = suite::nearest_with(|folder| folder.join(FILE).is_file());
    Ok(folder.map(|folder| folder.join(FILE)))
}

/// The key of an option.
fn key_of(id: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.id == id)
}

/// Checks a value as its option would. Returns what is wrong with it.
fn wrong_value(run: &clap::Command, key: &Key, value: &str) -> Option<Wrong> {
    let arg = run.get_arguments().find(|arg| arg.get_id() == key.id)?;
    let alone = Arg::new("value")
        .long("value")
        .value_parser(arg.get_value_parser().clone());
    let alone = match arg.get_value_delimiter() {
        Some(delimiter) => alone.value_delimiter(delimiter).action(ArgAction::Append),
        None => alone,
    };
    let command = clap::Command::new("value").arg(alone);
    let error = command
        .try_get_matches_from(["value".to_owned(), format!("--value={value}")])
        .err()?;
    use clap::error::{ContextKind, ContextValue};
    if let Some(ContextValue::Strings(known)) = error.get(ContextKind::ValidValue) {
        return Some(Wrong {
            why: None,
            known: known.clone(),
        });
    }
    let source = std::error::Error::source(&error).map(ToString::to_string);
    Some(Wrong {
        why: source.or_else(|| Some(error.kind().to_string())),
        known: Vec::new(),
    })
}

/// What is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wrong {
    why: Option<String>,
    /// The valid values, if the option accepts only a fixed list.
    known: Vec<String>,
}

/// Makes a path in the file relative to the working folder.
fn from_file(file: &Path, path: &str) -> String {
    let folder = file.parent().unwrap_or(Path::new(""));
    match path {
        // `-` means stdout.
        "-" => path.to_owned(),
        path => folder.join(path).display().to_string(),
    }
}

#[cfg(test)]
mod tests;
