//! `mqtt-check init`: writes the first files of a project that tests a broker. All of them work unchanged.

use std::path::{Path, PathBuf};

use clap::Args;

use super::schema::Kind;
use super::written::write;
use super::{Failure, output};
use crate::builtin;
use crate::exit::Exit;

/// The scenario and its snapshots on the bundled broker.
const SCENARIO: [(&str, &str); 3] = [
    (
        "scenarios/first/delivery.yaml",
        include_str!("init/delivery.yaml"),
    ),
    (
        "snapshots/first/delivery@3.1.1.snap",
        include_str!("init/delivery-3.1.1.txt"),
    ),
    (
        "snapshots/first/delivery@5.snap",
        include_str!("init/delivery-5.txt"),
    ),
];
const TARGET: (&str, &str) = (
    "targets/my-broker.yaml",
    include_str!("init/my-broker.yaml"),
);
const WORKFLOW: (&str, &str) = (
    ".github/workflows/mqtt-check.yml",
    include_str!("init/workflow.yml"),
);
const DEFAULTS: (&str, &str) = ("mqtt-check.yaml", include_str!("init/mqtt-check.yaml"));
/// The schemas that editors use to check the files.
const SCHEMAS: [(&str, Kind); 3] = [
    (".mqtt-check/config.schema.json", Kind::Config),
    (".mqtt-check/scenario.schema.json", Kind::Scenario),
    (".mqtt-check/target.schema.json", Kind::Target),
];
/// The placeholder for the latest release of the suite.
const SUITE: &str = "SUITE";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The folder of the project
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,

    /// Overwrite existing files that differ
    #[arg(long)]
    force: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let release = builtin::latest().map_or_else(String::new, |release| release.version);
    let texts = SCENARIO.into_iter().chain([TARGET, WORKFLOW, DEFAULTS]);
    let texts = texts.map(|(path, text)| (path, text.replace(SUITE, &release)));
    let schemas = SCHEMAS.map(|(path, kind)| (path, kind.schema()));
    let files: Vec<(&str, String)> = texts.chain(schemas).collect();
    let files = files
        .iter()
        .map(|(path, text)| (Path::new(*path), text.as_bytes()));
    let written = write(&arguments.folder, files, arguments.force)?;
    let mut out = String::new();
    for file in &written.files {
        out.push_str(&format!("wrote {}\n", file.display()));
    }
    out.push_str(&format!(
        "\
`mqtt-check run` plays the scenario on the bundled broker
`mqtt-check run --target my-broker` plays it on yours, whose address is in {}
`mqtt-check run --suite {release} --target my-broker` plays the built-in suite on it
",
        TARGET.0
    ));
    output::print(&out)?;
    Ok(Exit::Success)
}
