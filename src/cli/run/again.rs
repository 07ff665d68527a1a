//! The command that replays the failed cases in the same way.

use super::super::selection::quoted;
use super::Arguments;
use super::options::MAX_WAIT;
use crate::outcome::Concluded;
use crate::report::shard::replay_command;

/// The options that replay a case of the run, except `--filter` and `--seed`.
pub(super) fn options(arguments: &Arguments) -> String {
    let mut words = arguments.selection.replay();
    words.extend(options_but_paths(arguments));
    words.join(" ")
}

/// The command that replays every case with an unexpected verdict. `None` if there is none.
pub(super) fn command(arguments: &Arguments, cases: &[Concluded<'_>]) -> Option<String> {
    let failed: Vec<String> = cases
        .iter()
        .filter(|case| case.outcome.is_unexpected_verdict())
        .map(|case| case.result.id.to_string())
        .collect();
    let (options, choice) = (options(arguments), arguments.selection.choice());
    replay_command(&options, &failed, &choice, arguments.playing.seed)
}

/// The options that affect how a case is played and judged. Passwords from the environment are not options, and are not
/// shown.
fn options_but_paths(arguments: &Arguments) -> Vec<String> {
    let mut words = arguments.connection.replay(quoted);
    let mut flag = |is_set: bool, name: &str| words.extend(is_set.then(|| format!("--{name}")));
    // Defaults from the file are spelled out here, so the replay must not read the file again.
    let has_file = arguments.no_config || arguments.defaults.has_file();
    flag(has_file, "no-config");
    flag(arguments.playing.exclusive, "exclusive");
    flag(arguments.playing.spread, "spread");
    flag(arguments.no_first_look, "no-first-look");
    flag(arguments.playing.heavy, "heavy");
    flag(arguments.fail_flaky, "fail-flaky");
    flag(arguments.no_snapshots, "no-snapshots");
    flag(arguments.require_reasons, "require-reasons");
    let mut option = |name: &str, value: Option<String>| {
        words.extend(value.map(|value| format!("--{name} {value}")));
    };
    for fault in &arguments.fault {
        option("fault", Some(fault.clone()));
    }
    for liberty in &arguments.liberty {
        option("liberty", Some(liberty.clone()));
    }
    option("baseline", arguments.baseline.clone());
    for sort in &arguments.tolerate {
        option("tolerate", Some(sort.word().to_owned()));
    }
    option(
        "snapshots",
        arguments.playing.snapshots.as_deref().map(quoted),
    );
    option("chaos", arguments.chaos.map(|seed| seed.to_string()));
    option("jobs", arguments.playing.jobs.map(|jobs| jobs.to_string()));
    let retries = arguments.retries;
    option("retries", (retries > 0).then(|| retries.to_string()));
    let wait = arguments.playing.max_wait;
    option(
        "max-wait",
        (wait != MAX_WAIT).then(|| format!("{}ms", wait.as_millis())),
    );
    let scale = arguments.playing.timeout_scale;
    option("timeout-scale", (scale != 1.0).then(|| scale.to_string()));
    words
}
