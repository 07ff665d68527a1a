//! The broker that the command line names, with its target file.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use super::super::place::{self, TargetPlace, target_file};
use super::super::{Failure, Styles, output};
use super::{Arguments, bundled};
use crate::cli::connection::Connection;
use crate::exit::Exit;
use crate::plan::Plan;
use crate::target::file::Addresses;
use crate::target::{Access, Started, Target, TargetFile, probe};
use crate::transcript::Secrets;

/// The default time that a broker has to answer at the end of the run.
const LAST_LOOK: Duration = Duration::from_secs(5);
/// How many lines of its log are shown if a broker has exited.
const LOG_LINES: usize = 12;

/// The broker to test, which may have to be started first.
pub(super) struct Chosen {
    /// `None` if the broker is started as the target file says.
    reached: Option<Target>,
    /// The target file of `--target` or `--baseline`.
    pub(super) file: Option<TargetFile>,
    /// How to reach a broker on the network.
    access: Access,
}

impl Chosen {
    /// Resolves the options that name a broker.
    ///
    /// # Errors
    /// Fails on a bad URL, an unknown fault or permitted variation, and a missing or invalid target file.
    pub(super) fn new(arguments: &Arguments, styles: Styles) -> Result<Self, Failure> {
        let chosen = Self::named(arguments, styles)?;
        let (name, nodes) = chosen.nodes();
        if arguments.playing.spread && nodes < 2 {
            let what = format!("--spread needs a target with several nodes; {name} has one");
            return Err(
                Failure::usage(what).hint("a target file has the nodes of a cluster under `urls`")
            );
        }
        Ok(chosen)
    }

    fn named(arguments: &Arguments, styles: Styles) -> Result<Self, Failure> {
        let access = arguments.connection.access()?;
        let paths = arguments.selection.paths();
        if let Some(name) = &arguments.connection.target {
            let chosen = Self::known(name, &paths, access, styles)?;
            let of_file = chosen.file.as_ref().map(|file| &file.name);
            if let Some(other) = arguments
                .baseline
                .as_ref()
                .filter(|other| of_file.is_some_and(|name| *other != name))
            {
                return Err(Failure::usage(format!(
                    "--baseline {other}: the records of --target {name} are compared with its own baseline"
                ))
                .hint("remove --baseline"));
            }
            return Ok(chosen);
        }
        let target = match arguments.connection.addresses()? {
            Some(addresses) => at(&addresses, &access)?,
            None => bundled(&arguments.fault, &arguments.liberty).map(Target::Bundled)?,
        };
        let file = match &arguments.baseline {
            Some(name) => match target_file(name, &paths) {
                place if place.is_there() => Some(read(&place, styles)?),
                _ => {
                    check_baseline_exists(name, &paths, arguments)?;
                    None
                }
            },
            None => None,
        };
        Ok(Self {
            reached: Some(target),
            file,
            access,
        })
    }

    /// Resolves the options that name a broker on the network. Returns `None` if they name none.
    ///
    /// # Errors
    /// Fails on a bad URL, and on a missing or invalid target file.
    pub(super) fn on_the_network(
        connection: &Connection,
        paths: &[PathBuf],
        styles: Styles,
    ) -> Result<Option<Self>, Failure> {
        let access = connection.access()?;
        if let Some(name) = &connection.target {
            return Self::known(name, paths, access, styles).map(Some);
        }
        let Some(addresses) = connection.addresses()? else {
            return Ok(None);
        };
        Ok(Some(Self {
            reached: Some(at(&addresses, &access)?),
            file: None,
            access,
        }))
    }

    /// Resolves the name of a target.
    fn known(
        name: &str,
        paths: &[PathBuf],
        access: Access,
        styles: Styles,
    ) -> Result<Self, Failure> {
        let place = target_file(name, paths);
        if !place.is_there() {
            let known = place::known_targets(paths).into_keys().collect();
            let path = place.path.display();
            let what = format!("there is no target `{name}`: no file {path}");
            return Err(place::unknown(what, name, &known));
        }
        let file = read(&place, styles)?;
        Ok(Self {
            reached: file
                .running(&access)
                .map_err(|error| Failure::usage(error.to_string()))?
                .map(|external| Target::External(Box::new(external))),
            file: Some(file),
            access,
        })
    }

    /// The broker's name, and the number of its nodes.
    fn nodes(&self) -> (&str, usize) {
        match (&self.reached, &self.file) {
            (Some(Target::External(external)), _) => (&external.name, 1 + external.others.len()),
            (None, Some(file)) => (&file.name, 1 + file.nodes.others.len()),
            (Some(Target::Bundled(_)), _) | (None, None) => ("the bundled broker", 1),
        }
    }

    /// Whether this is the bundled broker.
    pub(super) fn is_bundled(&self) -> bool {
        matches!(self.reached, Some(Target::Bundled(_)))
    }

    /// Returns the broker, and starts it if necessary.
    ///
    /// # Errors
    /// Fails if the broker does not start.
    pub(super) fn reach(&self, plans: &[Plan]) -> Result<Ready, Failure> {
        match (&self.reached, &self.file) {
            (Some(target), file) => Ok(Ready {
                target: match (target.clone(), file) {
                    // `--target` names a broker that is already running.
                    (Target::External(mut external), Some(file)) if external.name == file.name => {
                        external.hooks = file.listen(&external);
                        Target::External(external)
                    }
                    (target, _) => target,
                },
                started: None,
            }),
            (None, Some(file)) => {
                let with_alone = plans.iter().any(|plan| plan.scene.exclusive.is_required());
                let started = Started::start(file, with_alone, &self.access)?;
                Ok(Ready {
                    target: Target::External(Box::new(started.external().clone())),
                    started: Some(started),
                })
            }
            (None, None) => Err(Failure::usage("no broker is named")),
        }
    }
}

/// A broker that is ready to play against. If it was started here, it stops when this is dropped.
pub(super) struct Ready {
    pub(super) target: Target,
    started: Option<Started>,
}

impl Ready {
    /// The passwords that no output may show.
    pub(super) fn secrets(&self) -> Secrets {
        match &self.target {
            Target::Bundled(_) => Secrets::default(),
            Target::External(external) => external.secrets(),
        }
    }

    /// Problems with the sources of hook events.
    pub(super) fn hook_problems(&self) -> Vec<Failure> {
        let Target::External(external) = &self.target else {
            return Vec::new();
        };
        let feeds = external.hooks.iter().chain(&external.alone_hooks);
        let problems: BTreeSet<String> = feeds.flat_map(|feed| feed.problems()).collect();
        let failure = |problem| Failure::new(Exit::Failed, problem);
        problems.into_iter().map(failure).collect()
    }

    /// The failure to report if the broker exited during the run.
    pub(super) fn exit_failure(&mut self) -> Option<Failure> {
        let Some(started) = &mut self.started else {
            return self.is_gone();
        };
        let Some(how) = started.ended() else {
            return self.instances_failed();
        };
        let log = started.log();
        let lines: Vec<&str> = log.lines().collect();
        let mut text = format!("the broker exited during the run: {how}");
        for line in &lines[lines.len().saturating_sub(LOG_LINES)..] {
            text.push_str(&format!("\n  | {line}"));
        }
        Some(Failure::new(Exit::Failed, text))
    }

    /// The failure to report if instances that were started for cases did not start, or exited by themselves.
    fn instances_failed(&self) -> Option<Failure> {
        let Target::External(external) = &self.target else {
            return None;
        };
        let problems = external.instances.as_ref()?.seen().problems;
        (!problems.is_empty()).then(|| Failure::new(Exit::Failed, problems.join("\n")))
    }

    /// The failure to report if a broker that we did not start is gone. The closed connections may have passed for
    /// expected behaviour.
    fn is_gone(&self) -> Option<Failure> {
        let Target::External(external) = &self.target else {
            return None;
        };
        let limit = external.limit.unwrap_or(LAST_LOOK);
        let error = probe::look_again(external, limit).err()?;
        let failure = Failure::new(
            Exit::Failed,
            format!("the broker exited during the run: {error}"),
        );
        Some(failure.hint(
            "connections that closed and packets that were missing when it exited count as its failures above",
        ))
    }
}

/// The broker at these addresses.
fn at(addresses: &Addresses, access: &Access) -> Result<Target, Failure> {
    addresses
        .reached(str::to_owned, access)
        .map(|external| Target::External(Box::new(external)))
        .map_err(|error| Failure::usage(error.to_string()))
}

/// Checks that this baseline exists or is about to be created. With a mistyped name nothing would be accepted, and
/// hardly anything would say so.
fn check_baseline_exists(
    name: &str,
    paths: &[PathBuf],
    arguments: &Arguments,
) -> Result<(), Failure> {
    let known = place::known_baselines(paths, arguments.playing.snapshots.as_deref());
    if known.is_empty() || known.contains(name) || arguments.update {
        return Ok(());
    }
    let what =
        format!("there is no baseline for `{name}`: `mqtt-check baseline {name}` creates it");
    Err(place::unknown(what, name, &known))
}

fn read(place: &TargetPlace, styles: Styles) -> Result<TargetFile, Failure> {
    place
        .read()
        .map_err(|wrong| output::diagnostics(&wrong, styles.err))
}
