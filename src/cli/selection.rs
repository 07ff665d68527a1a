//! Options that select cases: paths, and filters on ids, tags, clauses and bug reports.

use std::path::{Path, PathBuf};

use clap::Args;
use mqtt_check_codec::ProtocolVersion;

use super::filter::{is_case, patterns, unmatched};
use super::{Failure, output, place};
use crate::builtin::{self, Origin, Release};
use crate::exit::Exit;
use crate::plan::{Plan, Planner};
use crate::report::style::Style;
use crate::requirements::citation;
use crate::scenario::pattern::Pattern;
use crate::scenario::suite::SCENARIOS;
use crate::scenario::{self, ReadAccess, Variables, is_scenario};

#[derive(Debug, Clone, Args)]
pub(super) struct Selection {
    /// Scenario files or folders [default: the nearest `scenarios` here or above, else the built-in suite]
    #[arg(value_name = "PATH")]
    named: Vec<PathBuf>,

    /// Only cases with this id, tag, clause or bug report; `*` matches any text; repeatable
    #[arg(long, value_name = "PATTERN")]
    filter: Vec<String>,

    /// Leave out cases with this id, tag, clause or bug report; repeatable
    #[arg(long, value_name = "PATTERN")]
    exclude: Vec<String>,

    /// Only the cases of this release of the suite, such as 2026.12; without a path, of the built-in suite
    #[arg(long, value_name = "VERSION")]
    suite: Option<String>,

    /// Only this protocol version; repeatable
    #[arg(long, value_name = "VERSION", value_parser = version)]
    protocol: Vec<ProtocolVersion>,

    /// Whether to use the built-in suite even if the working folder has scenarios.
    #[arg(skip)]
    is_built_in: bool,

    #[command(flatten)]
    pub(super) allowed: Allowed,
}

/// What scenarios may read on this machine.
#[derive(Debug, Clone, Args)]
pub(super) struct Allowed {
    /// Let scenarios read passwords from any file, not only from files below their own folder
    #[arg(long)]
    allow_files: bool,

    /// Let scenarios read a password from this environment variable; repeatable
    #[arg(long, value_name = "NAME")]
    allow_env: Vec<String>,
}

impl Allowed {
    fn reach(&self) -> ReadAccess {
        ReadAccess {
            files: self.allow_files,
            variables: Variables::Named(self.allow_env.clone()),
        }
    }

    /// Returns the options that grant the same access.
    fn words(&self) -> impl Iterator<Item = String> {
        let files = self.allow_files.then(|| "--allow-files".to_owned());
        let variables = self.allow_env.iter().map(|name| {
            let name = quoted(Path::new(name));
            format!("--allow-env {name}")
        });
        files.into_iter().chain(variables)
    }
}

/// Quotes a path for the shell, if needed.
pub(super) fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    if text.is_empty()
        || text.contains(|c: char| c.is_whitespace() || "'\"$\\`*?[]{}()<>&;|!~#".contains(c))
    {
        format!("'{}'", text.replace('\'', "'\\''"))
    } else {
        text
    }
}

fn version(word: &str) -> Result<ProtocolVersion, String> {
    parse_version(word).ok_or_else(|| "expected 3.1, 3.1.1 or 5".to_owned())
}

/// Parses a protocol version, as scenarios write it or in full (`5.0`).
pub(super) fn parse_version(word: &str) -> Option<ProtocolVersion> {
    match word {
        "3.1" => Some(ProtocolVersion::V3_1),
        "3.1.1" => Some(ProtocolVersion::V3_1_1),
        "5" | "5.0" => Some(ProtocolVersion::V5),
        _ => None,
    }
}

impl Selection {
    /// Returns the arguments that select the same files, without the filters.
    pub(super) fn replay(&self) -> Vec<String> {
        let paths = match self.is_forced() {
            true => Vec::new(),
            false => self.paths(),
        };
        let paths = paths.iter().map(|path| quoted(path));
        let suite = self.suite.iter();
        let suite = suite.map(|version| format!("--suite {}", quoted(Path::new(version))));
        paths.chain(suite).chain(self.allowed.words()).collect()
    }

    /// The selected files and folders.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        match self.named.as_slice() {
            [] if self.is_forced() => vec![PathBuf::from(SCENARIOS)],
            [] => vec![place::scenarios()],
            named => named.to_vec(),
        }
    }

    /// Restricts the selection to these files, and keeps the filters.
    pub(super) fn narrow(&mut self, files: impl IntoIterator<Item = PathBuf>) {
        self.named = files.into_iter().collect();
    }

    /// Where the paths are read from.
    pub(super) fn origin(&self) -> Origin {
        match self.is_forced() {
            true => Origin::BuiltIn,
            false => place::origin(&self.paths()),
        }
    }

    /// Whether the built-in suite is selected even if there is a folder of scenarios.
    fn is_forced(&self) -> bool {
        self.is_built_in || self.suite.is_some() && self.named.is_empty()
    }

    /// The selected release of the suite: the one that `--suite` names, or the latest for the built-in suite.
    ///
    /// # Errors
    /// Fails if there is no such release.
    pub(super) fn release(&self) -> Result<Option<Release>, Failure> {
        let Some(version) = &self.suite else {
            // `latest` unpacks the built-in suite, so call it only when that suite is selected.
            return Ok(match self.origin() {
                Origin::BuiltIn => builtin::latest(),
                Origin::Disk => None,
            });
        };
        let mut all = builtin::releases();
        match all.iter().position(|release| release.version == *version) {
            Some(at) => Ok(Some(all.swap_remove(at))),
            None => {
                let known = all.into_iter().map(|release| release.version).collect();
                let what = format!("there is no release {version} of the suite");
                Err(place::unknown(what, version, &known))
            }
        }
    }

    /// Returns the options that filter the cases of the files.
    pub(super) fn choice(&self) -> Vec<String> {
        let word = |option: &str, value: &str| format!("--{option} {}", quoted(Path::new(value)));
        let filter = self.filter.iter().map(|p| word("filter", p));
        let exclude = self.exclude.iter().map(|p| word("exclude", p));
        let protocol = self.protocol.iter().map(|v| word("protocol", v.as_str()));
        filter.chain(exclude).chain(protocol).collect()
    }

    /// Selects everything below these paths, or the suite around the working folder if there are none.
    pub(super) fn of_paths(paths: &[PathBuf], allowed: &Allowed) -> Self {
        Self {
            named: paths.to_vec(),
            filter: Vec::new(),
            exclude: Vec::new(),
            suite: None,
            is_built_in: false,
            protocol: Vec::new(),
            allowed: allowed.clone(),
        }
    }

    /// Selects the whole built-in suite.
    pub(super) fn built_in() -> Self {
        let allowed = Allowed {
            allow_files: false,
            allow_env: Vec::new(),
        };
        Self {
            is_built_in: true,
            ..Self::of_paths(&[], &allowed)
        }
    }

    /// Plans every case below the paths. Returns the cases that pass the filters, and the rest.
    ///
    /// # Errors
    /// Returns everything that is wrong with the files. Also fails on a bad pattern, or if no case matches.
    pub(super) fn plans(&self, style: Style) -> Result<(Vec<Plan>, Vec<Plan>), Failure> {
        let filter = patterns(&self.filter);
        let exclude = patterns(&self.exclude);
        let release = match &self.suite {
            Some(_) => self.release()?,
            None => None,
        };
        let mut all = self.load(style)?;
        let matches_nothing = |p: &&Pattern| !all.iter().any(|plan| is_case(p, &plan.scene));
        if let Some(pattern) = filter.iter().find(matches_nothing) {
            return Err(unmatched("--filter", pattern, &all));
        }
        for pattern in exclude.iter().filter(matches_nothing) {
            let failure = unmatched("--exclude", pattern, &all);
            output::warn(&failure.message, style);
        }
        let is_chosen = |plan: &Plan| {
            let scene = &plan.scene;
            let of_release = |r: &Release| r.cases.contains(&scene.id.to_string());
            release.as_ref().is_none_or(of_release)
                && (self.protocol.is_empty() || self.protocol.contains(&scene.id.version))
                && (filter.is_empty() || filter.iter().any(|p| is_case(p, scene)))
                && !exclude.iter().any(|p| is_case(p, scene))
        };
        // Split in place, since the plans of a whole suite take much memory.
        let rest: Vec<Plan> = all.extract_if(.., |plan| !is_chosen(plan)).collect();
        let chosen = all;
        if chosen.is_empty() {
            return Err(Failure::new(
                Exit::Nothing,
                "no case matches all of --filter, --exclude, --suite and --protocol",
            )
            .hint("`mqtt-check list` shows every case with its id"));
        }
        Ok((chosen, rest))
    }

    /// Plans every case below the paths.
    pub(super) fn load(&self, style: Style) -> Result<Vec<Plan>, Failure> {
        let paths = self.paths();
        let origin = self.origin();
        if origin == Origin::Disk {
            are_there(&paths)?;
        }
        let scenes = scenario::load_within(&paths, &self.allowed.reach(), origin)
            .map_err(|wrong| output::diagnostics(&wrong, style))?;
        let mut wrong = citation::unresolved(&scenes);
        let mut plans = Vec::with_capacity(scenes.len());
        let mut planner = Planner::default();
        for scene in scenes {
            match planner.plan(scene) {
                Ok(plan) => plans.push(plan),
                Err(more) => {
                    for diagnostic in more {
                        if !wrong.contains(&diagnostic) {
                            wrong.push(diagnostic);
                        }
                    }
                }
            }
        }
        if wrong.is_empty() {
            Ok(plans)
        } else {
            Err(output::diagnostics(&wrong, style))
        }
    }

    /// The versions that `--protocol` names.
    pub(super) fn versions(&self) -> &[ProtocolVersion] {
        &self.protocol
    }

    /// Whether anything other than paths narrows the selection.
    pub(super) fn is_narrowed(&self) -> bool {
        let is_whole =
            self.filter.is_empty() && self.exclude.is_empty() && self.protocol.is_empty();
        !is_whole || self.suite.is_some()
    }
}

/// Checks that each of these paths on disk exists and contains a scenario.
fn are_there(paths: &[PathBuf]) -> Result<(), Failure> {
    if let Some(missing) = paths.iter().find(|path| !path.exists()) {
        return Err(missing_path(missing));
    }
    match paths.iter().find(|path| !holds_a_scenario(path, 0)) {
        None => Ok(()),
        Some(empty) => Err(Failure::new(
            Exit::Nothing,
            format!("no scenario in {}", empty.display()),
        )
        .hint("scenarios are files that end with .yaml or .yml; --suite VERSION plays the built-in suite")),
    }
}

fn missing_path(path: &Path) -> Failure {
    let failure = Failure::usage(format!("there is no file or folder {}", path.display()));
    if builtin::has(path) {
        let inside = path.strip_prefix(SCENARIOS).unwrap_or(path);
        return failure.hint(format!(
            "the built-in suite has it, but the folder `scenarios` here takes precedence: `--suite VERSION --filter '{}*'` plays it",
            inside.with_extension("").display()
        ));
    }
    match place::origin(&[place::scenarios()]) {
        Origin::Disk => failure,
        Origin::BuiltIn => failure.hint("leave the path out to play the built-in suite"),
    }
}

/// Whether a path contains a scenario. A folder that cannot be read counts, so that loading reports the error.
fn holds_a_scenario(path: &Path, depth: usize) -> bool {
    if !path.is_dir() || depth > 32 {
        return true;
    }
    let Ok(mut entries) = std::fs::read_dir(path) else {
        return true;
    };
    entries.any(|entry| {
        let Ok(path) = entry.map(|entry| entry.path()) else {
            return true;
        };
        is_scenario(&path) || path.is_dir() && holds_a_scenario(&path, depth + 1)
    })
}
