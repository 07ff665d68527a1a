//! `mqtt-check completions` and `mqtt-check man`: shell completions and manual pages.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_complete::Shell;
use clap_mangen::Man;

use super::{Failure, output};
use crate::exit::Exit;

/// The program's name in scripts and manual pages.
const NAME: &str = "mqtt-check";

#[derive(Debug, Args)]
pub(super) struct CompletionArguments {
    /// The shell that the script is for
    shell: Shell,
}

#[derive(Debug, Args)]
pub(super) struct ManArguments {
    /// Write a page for each command to this folder
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Prints the script that completes commands and options in a shell.
pub(super) fn completions(
    arguments: &CompletionArguments,
    mut command: Command,
) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, NAME, &mut script);
    // clap_complete 4.6 for bash mistakes the `-` in the name for a subcommand in one of two places.
    let script = String::from_utf8_lossy(&script).replace("mqtt__subcmd__check", "mqtt__check");
    output::print_raw(&script)?;
    Ok(Exit::Success)
}

/// Prints the manual page of the whole program, or writes one page per command to a folder.
pub(super) fn man(arguments: &ManArguments, command: Command) -> Result<Exit, Failure> {
    let Some(folder) = &arguments.dir else {
        let mut page = Vec::new();
        let command = command.disable_help_subcommand(true);
        let rendered = Man::new(command).render(&mut page);
        rendered.map_err(|error| wrong(Path::new("stdout"), &error))?;
        output::print_raw(&String::from_utf8_lossy(&page))?;
        return Ok(Exit::Success);
    };
    let written =
        fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(command, folder));
    written.map_err(|error| wrong(folder, &error))?;
    Ok(Exit::Success)
}

fn wrong(path: &Path, error: &io::Error) -> Failure {
    Failure::new(
        Exit::Failed,
        format!("failed to write {}: {error}", path.display()),
    )
}
