//! `mqtt-check check`: reads scenarios and reports all of their errors at once.

use clap::Args;

use super::selection::Selection;
use super::{Failure, Styles, output};
use crate::exit::Exit;
use crate::report::style::count;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    selection: Selection,
}

pub(super) fn run(arguments: &Arguments, styles: Styles) -> Result<Exit, Failure> {
    let (plans, _) = arguments.selection.plans(styles.err)?;
    let mut files: Vec<&str> = plans
        .iter()
        .map(|plan| plan.scene.source.path.as_str())
        .collect();
    files.dedup();
    output::print(&format!(
        "{} with {}: nothing wrong\n",
        count(files.len(), "scenario"),
        count(plans.len(), "case")
    ))?;
    Ok(Exit::Success)
}
