//! `mqtt-check list`: lists cases without playing them.

use clap::Args;
use serde::Serialize;

use super::selection::Selection;
use super::{Failure, Styles, output};
use crate::exit::Exit;
use crate::plan::Plan;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    selection: Selection,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    cases: Vec<Case<'a>>,
}

#[derive(Serialize)]
struct Case<'a> {
    id: String,
    title: &'a str,
    version: &'static str,
    file: &'a str,
    tags: &'a [String],
    clauses: Vec<&'a str>,
    threads: &'a [String],
}

pub(super) fn run(arguments: &Arguments, styles: Styles) -> Result<Exit, Failure> {
    let (plans, _) = arguments.selection.plans(styles.err)?;
    let text = if arguments.json {
        json(&plans)?
    } else {
        plain(&plans, styles)
    };
    output::print(&text)?;
    Ok(Exit::Success)
}

fn plain(plans: &[Plan], styles: Styles) -> String {
    let ids: Vec<String> = plans.iter().map(|plan| plan.scene.id.to_string()).collect();
    let width = ids.iter().map(String::len).max().unwrap_or(0);
    ids.iter()
        .zip(plans)
        .map(|(id, plan)| {
            let title = styles.out.faint(&plan.scene.title);
            format!("{id:<width$}  {title}\n")
        })
        .collect()
}

fn json(plans: &[Plan]) -> Result<String, Failure> {
    let cases = plans.iter().map(case).collect();
    let text = serde_json::to_string_pretty(&Document { cases })
        .map_err(|error| Failure::new(Exit::Failed, format!("failed to write JSON: {error}")))?;
    Ok(format!("{text}\n"))
}

fn case(plan: &Plan) -> Case<'_> {
    let scene = &plan.scene;
    Case {
        id: scene.id.to_string(),
        title: &scene.title,
        version: scene.id.version.as_str(),
        file: &scene.source.path,
        tags: &scene.tags,
        clauses: scene.clauses().into_iter().map(String::as_str).collect(),
        threads: &scene.threads,
    }
}
