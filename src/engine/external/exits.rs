//! Starts a broker again that exits during a run. The cases that were being played are played again, each on an
//! instance of its own, and those that make their instance exit are reported.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use tokio::task::spawn_blocking;

use super::Run;
use crate::plan::Plan;
use crate::target::Exited;

/// After this many exits the broker is not started again, which ends the run.
const MAX_EXITS: usize = 8;
/// How many of the cases that were being played at an exit are named.
const NAMED: usize = 12;

/// How the broker has exited, and which cases may be the reason.
#[derive(Debug, Default)]
pub(super) struct Exits {
    all: RefCell<Vec<Exit>>,
    /// Whether the broker is no longer started again.
    is_given_up: Cell<bool>,
    /// The cases that are to be played alone.
    suspects: RefCell<BTreeSet<usize>>,
    /// How the instance of each case that was played alone exited. `None` if it did not.
    tried: RefCell<BTreeMap<usize, Option<String>>>,
}

#[derive(Debug)]
struct Exit {
    exited: Exited,
    /// The cases that were being played at the time.
    during: Vec<usize>,
    /// Why the broker was not started again.
    problem: Option<String>,
}

impl Exits {
    /// Returns whether this case is to be played alone, in this round or in the next.
    pub(super) fn is_suspect(&self, number: usize) -> bool {
        self.suspects.borrow().contains(&number)
    }

    /// Notes that a case was played alone, and how its instance exited.
    pub(super) fn tried(&self, number: usize, exited: Option<String>) {
        self.tried.borrow_mut().insert(number, exited);
    }

    fn began(&self, exited: Exited, during: Vec<usize>) {
        self.suspects.borrow_mut().extend(&during);
        let mut all = self.all.borrow_mut();
        let is_given_up = all.len() + 1 >= MAX_EXITS;
        all.push(Exit {
            exited,
            during,
            problem: is_given_up.then(|| format!("it has exited {MAX_EXITS} times")),
        });
        self.is_given_up.set(is_given_up);
    }

    fn not_started(&self, problem: String) {
        if let Some(exit) = self.all.borrow_mut().last_mut() {
            exit.problem = Some(problem);
        }
        self.is_given_up.set(true);
    }
}

impl<R> Run<'_, R> {
    /// Starts the broker again if we started it and it has exited.
    pub(super) async fn restart_if_exited(&self) {
        let Some(main) = &self.looking.target.main else {
            return;
        };
        if self.exits.is_given_up.get() || self.stops() {
            return;
        }
        let Some(exited) = main.exited() else {
            return;
        };
        let during = self.running.borrow().keys().copied().collect();
        self.exits.began(exited, during);
        if self.exits.is_given_up.get() {
            return;
        }
        let main = main.clone();
        let started = spawn_blocking(move || main.start_again()).await;
        let started = started.unwrap_or_else(|error| Err(error.to_string()));
        if let Err(problem) = started {
            self.exits.not_started(problem);
        }
    }

    /// Reports every exit of the broker and the cases that cause it. The run then fails.
    pub(super) fn report_exits(&self, plans: &[Plan]) {
        let Some(instances) = &self.instances else {
            return;
        };
        let tried = self.exits.tried.borrow();
        for exit in &*self.exits.all.borrow() {
            instances.note_problem(described(exit, &tried, plans));
        }
    }
}

/// Describes one exit.
fn described(exit: &Exit, tried: &BTreeMap<usize, Option<String>>, plans: &[Plan]) -> String {
    let named = |numbers: Vec<usize>| {
        let shown = numbers.iter().take(NAMED);
        let shown: Vec<String> = shown.map(|n| plans[*n].scene.id.to_string()).collect();
        match numbers.len().saturating_sub(NAMED) {
            0 => shown.join(", "),
            more => format!("{} and {more} more", shown.join(", ")),
        }
    };
    let of = |wanted: fn(&Option<Option<String>>) -> bool| -> Vec<usize> {
        let during = exit.during.iter().copied();
        during
            .filter(|number| wanted(&tried.get(number).cloned()))
            .collect()
    };
    let culprits = of(|tried| matches!(tried, Some(Some(_))));
    let harmless = of(|tried| matches!(tried, Some(None)));
    let mut text = format!("the broker exited during the run: {}", exit.exited.how);
    for line in exit.exited.log.lines() {
        text.push_str(&format!("\n  | {line}"));
    }
    text.push_str(&match &exit.problem {
        Some(problem) => format!("\nit was not started again: {problem}"),
        None => "\nit was started again".to_owned(),
    });
    text.push_str(&match (culprits.is_empty(), harmless.is_empty()) {
        (false, _) => {
            let which = match culprits.len() {
                1 => "this case makes",
                _ => "these cases make",
            };
            format!("; played alone, {which} it exit: {}", named(culprits))
        }
        (true, false) => format!(
            "; played alone, none of the cases that were played then makes it exit: {}",
            named(harmless)
        ),
        (true, true) if exit.during.is_empty() => "; no case was played then".to_owned(),
        (true, true) => format!("; played then: {}", named(exit.during.clone())),
    });
    text
}
