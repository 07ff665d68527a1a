//! `run --watch`: plays again when a scenario, the target file or the file of defaults changes.
//!
//! If only scenarios change, only these are played. After any other change, or on Enter, all selected cases are played.

use std::collections::BTreeSet;
use std::io::{BufRead as _, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::super::place::target_file;
use super::super::{Command, config, interrupt, output};
use super::{Arguments, Failure, Styles};
use crate::builtin::Origin;
use crate::exit::Exit;
use crate::scenario::is_scenario;

/// How long nothing must change before playing, since editors write a file in several steps.
const QUIET: Duration = Duration::from_millis(150);
/// The longest wait for such a pause.
const LONGEST: Duration = Duration::from_secs(2);
/// How often to check whether the user wants to stop.
const LOOK: Duration = Duration::from_millis(100);
/// Moves the cursor to the top left and clears the screen and the scrollback.
const CLEAR: &str = "\x1b[H\x1b[2J\x1b[3J";

/// A file or folder to watch.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Root {
    /// The path as the user named it.
    named: PathBuf,
    /// The absolute path, as named and with links resolved.
    absolute: Vec<PathBuf>,
    /// Whether the folder contains scenarios.
    has_scenarios: bool,
}

/// What ends the wait.
#[derive(Debug)]
enum Message {
    Event(notify::Result<notify::Event>),
    Enter,
}

/// What to play.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Play {
    All,
    /// These scenarios. Their paths begin as the user named the folder.
    Only(BTreeSet<PathBuf>),
}

pub(super) fn run(arguments: &Arguments, styles: Styles) -> Result<Exit, Failure> {
    interrupt::listen();
    let (sender, receiver) = channel();
    let mut roots = roots(arguments);
    if roots.is_empty() {
        return Err(Failure::usage(
            "--watch has nothing to watch: the built-in suite does not change",
        )
        .hint("name a folder of scenarios, or a target file with --target"));
    }
    let mut watcher = watch(&roots, &sender)?;
    if std::io::stdin().is_terminal() {
        listen_for_enter(sender.clone());
    }
    clear()?;
    let mut last = play(arguments, styles);
    while last != Exit::Interrupted {
        output::note(&waiting(&roots, last));
        let Some(changed) = next(&receiver, &roots) else {
            return Ok(last);
        };
        clear()?;
        output::note(&told_of(&changed));
        // The file of defaults may have changed.
        let Ok(cli) = config::command_line(|_| styles) else {
            last = Exit::Usage;
            continue;
        };
        let Command::Run(mut arguments) = cli.command else {
            return Ok(last);
        };
        let now = self::roots(&arguments);
        if now != roots {
            watcher = watch(&now, &sender)?;
            roots = now;
        }
        if let Play::Only(scenarios) = changed {
            arguments.selection.narrow(scenarios);
        }
        last = play(&arguments, styles);
    }
    drop(watcher);
    Ok(last)
}

/// Plays once, and reports the error if that fails.
fn play(arguments: &Arguments, styles: Styles) -> Exit {
    super::once(arguments, styles).unwrap_or_else(|failure| {
        output::complain(&failure, styles.err);
        failure.exit
    })
}

fn clear() -> Result<(), Failure> {
    match output::is_terminal() {
        true => output::print_raw(CLEAR),
        false => Ok(()),
    }
}

fn told_of(changed: &Play) -> String {
    match changed {
        Play::All => "playing all\n".to_owned(),
        Play::Only(scenarios) => {
            let names: Vec<String> = scenarios.iter().map(|p| p.display().to_string()).collect();
            format!("playing {}\n", names.join(", "))
        }
    }
}

fn waiting(roots: &[Root], last: Exit) -> String {
    let names: Vec<String> = roots
        .iter()
        .map(|r| r.named.display().to_string())
        .collect();
    let enter = match std::io::stdin().is_terminal() {
        true => "Enter plays all, ",
        false => "",
    };
    format!(
        "exit code {}; watching {}; {enter}Ctrl-C to stop\n",
        last.code(),
        names.join(", ")
    )
}

/// Every file and folder to watch.
fn roots(arguments: &Arguments) -> Vec<Root> {
    let paths = arguments.selection.paths();
    let mut roots = Vec::new();
    let mut add = |named: PathBuf, has_scenarios| {
        let known = roots.iter().any(|root: &Root| root.named == named);
        if let Ok(absolute) = std::path::absolute(&named)
            && !known
            && absolute.exists()
        {
            let real = absolute.canonicalize().ok();
            let real = real.filter(|real| *real != absolute);
            roots.push(Root {
                named,
                absolute: [absolute].into_iter().chain(real).collect(),
                has_scenarios,
            });
        }
    };
    if arguments.selection.origin() == Origin::Disk {
        for path in &paths {
            add(path.clone(), true);
        }
    }
    let targets = arguments.connection.target.iter().map(String::as_str);
    for name in targets.chain(arguments.baseline.as_deref()) {
        add(target_file(name, &paths).path, false);
    }
    if let Some(file) = arguments.defaults.file() {
        add(file.to_owned(), false);
    }
    roots
}

/// Starts watching. For a file, its folder is watched, because editors replace the file.
fn watch(roots: &[Root], sender: &Sender<Message>) -> Result<RecommendedWatcher, Failure> {
    let failed = |what: &Path, error: &notify::Error| {
        let what = what.display();
        Failure::new(
            Exit::CouldNotStart,
            format!("failed to watch {what}: {error}"),
        )
    };
    let sender = sender.clone();
    let handler = move |event| {
        // At the end of the program nothing receives this any more.
        let _ = sender.send(Message::Event(event));
    };
    let watcher = notify::recommended_watcher(handler);
    let mut watcher = watcher.map_err(|error| failed(Path::new("files"), &error))?;
    for root in roots {
        let Some(path) = root.absolute.first() else {
            continue;
        };
        let (path, mode) = match (path.is_dir(), path.parent()) {
            (false, Some(folder)) => (folder, RecursiveMode::NonRecursive),
            _ => (path.as_path(), RecursiveMode::Recursive),
        };
        let watched = watcher.watch(path, mode);
        watched.map_err(|error| failed(&root.named, &error))?;
    }
    Ok(watcher)
}

fn listen_for_enter(sender: Sender<Message>) {
    std::thread::spawn(move || {
        let lines = std::io::stdin().lock().lines();
        for _ in lines.map_while(Result::ok) {
            if sender.send(Message::Enter).is_err() {
                return;
            }
        }
    });
}

/// Waits for changes, until there are no more for a moment. Returns `None` if the user wants to stop.
fn next(receiver: &Receiver<Message>, roots: &[Root]) -> Option<Play> {
    let mut changed: Option<Play> = None;
    let mut since = Instant::now();
    loop {
        if interrupt::is_interrupted() {
            return None;
        }
        let pause = if changed.is_some() { QUIET } else { LOOK };
        match receiver.recv_timeout(pause) {
            Ok(message) => {
                let more = of_message(&message, roots);
                if changed.is_none() {
                    since = Instant::now();
                }
                changed = both(changed, more);
            }
            Err(RecvTimeoutError::Timeout) if changed.is_some() => return changed,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return changed,
        }
        if changed.is_some() && since.elapsed() > LONGEST {
            return changed;
        }
    }
}

fn both(one: Option<Play>, other: Option<Play>) -> Option<Play> {
    match (one, other) {
        (Some(Play::Only(mut one)), Some(Play::Only(other))) => {
            one.extend(other);
            Some(Play::Only(one))
        }
        (Some(only), None) | (None, Some(only)) => Some(only),
        (None, None) => None,
        (Some(_), Some(_)) => Some(Play::All),
    }
}

/// What to play after an event. `None` if the event does not matter.
fn of_message(message: &Message, roots: &[Root]) -> Option<Play> {
    let event = match message {
        Message::Enter => return Some(Play::All),
        Message::Event(Ok(event)) if event.need_rescan() => return Some(Play::All),
        Message::Event(Ok(event)) => event,
        // An error of the watcher does not say what changed.
        Message::Event(Err(_)) => return None,
    };
    if matches!(event.kind, EventKind::Access(_)) {
        return None;
    }
    let plays = event.paths.iter().map(|path| of_path(path, roots));
    plays.fold(None, both)
}

fn of_path(path: &Path, roots: &[Root]) -> Option<Play> {
    if !is_yaml(path) {
        return None;
    }
    let of_root = |root: &Root| {
        let mut below = root.absolute.iter();
        let below = below.find_map(|absolute| path.strip_prefix(absolute).ok())?;
        Some(match (root.has_scenarios, path.exists()) {
            (true, true) if below.as_os_str().is_empty() => {
                Play::Only(BTreeSet::from([root.named.clone()]))
            }
            (true, true) => Play::Only(BTreeSet::from([root.named.join(below)])),
            // A deleted scenario cannot be played, and other cases may depend on it.
            (true, false) | (false, _) => Play::All,
        })
    };
    roots.iter().map(of_root).fold(None, both)
}

/// Whether this is a YAML file that is read, not an editor's temporary file. Target files and defaults have the same
/// extension as scenarios.
fn is_yaml(path: &Path) -> bool {
    let is_hidden = |name: &std::ffi::OsStr| name.as_encoded_bytes().starts_with(b".");
    is_scenario(path) && !path.file_name().is_some_and(is_hidden)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_to_play() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(&path, "").expect("a file");
            path
        };
        let root = |named: &str, path: &Path, has_scenarios| Root {
            named: PathBuf::from(named),
            absolute: vec![path.to_owned()],
            has_scenarios,
        };
        let scenario = file("scenarios/a/ping.yaml");
        let target = file("targets/mine.yaml");
        let roots = [
            root("scenarios", &folder.path().join("scenarios"), true),
            root("one.yaml", &file("one.yaml"), true),
            root("targets/mine.yaml", &target, false),
        ];
        let only = |name: &str| Some(Play::Only(BTreeSet::from([PathBuf::from(name)])));
        let of = |path: &Path| of_path(path, &roots);
        assert_eq!(of(&scenario), only("scenarios/a/ping.yaml"));
        assert_eq!(of(&folder.path().join("one.yaml")), only("one.yaml"));
        assert_eq!(of(&target), Some(Play::All));
        let gone = folder.path().join("scenarios/a/gone.yaml");
        assert_eq!(of(&gone), Some(Play::All));
        for other in [
            "scenarios/a/.ping.yaml",
            "scenarios/a/ping.yaml~",
            "scenarios/notes.md",
            "targets/other.yaml",
            "two.yaml",
        ] {
            assert_eq!(of(&file(other)), None, "{other}");
        }
        let two = both(of(&scenario), of(&folder.path().join("one.yaml")));
        assert!(matches!(two, Some(Play::Only(files)) if files.len() == 2));
        assert_eq!(both(of(&scenario), of(&target)), Some(Play::All));
    }
}
