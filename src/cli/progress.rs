//! Shows the progress of a run on stderr. On a terminal this is a bar and the first unexpected cases. The report has
//! the details.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::output;
use crate::report::one_line;
use crate::report::style::Style;
use crate::scenario::model::CaseId;
use crate::verdict::{CaseResult, Verdict};

/// How often the bar is redrawn when nothing happens.
const TICK: Duration = Duration::from_millis(500);
/// How many cases get a line above the bar. The report lists the rest.
const LINES: usize = 5;
/// Cases that have run for less than this are not named: they end before anyone could read the name.
const WORTH_A_NAME: Duration = Duration::from_secs(1);

/// Shows how far a run has come.
pub(super) struct Watch {
    bar: Option<ProgressBar>,
    running: Arc<Mutex<Running>>,
    style: Style,
    /// How many more cases may get their own line.
    lines: AtomicUsize,
}

/// The running cases, with the time when each began.
#[derive(Debug, Default)]
struct Running(BTreeMap<CaseId, Instant>);

impl Running {
    /// Names the case that has run longest and counts the others. Gives only the count while all of them are young.
    fn longest(&self, now: Instant) -> String {
        let Some((id, began)) = self.0.iter().min_by_key(|(_, began)| **began) else {
            return String::new();
        };
        let age = now.saturating_duration_since(*began);
        if age < WORTH_A_NAME {
            return format!("{} running", self.0.len());
        }
        let others = match self.0.len() - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("{id} for {} s{others}", age.as_secs())
    }
}

impl Watch {
    /// Starts the display for a run of `cases` cases.
    pub(super) fn new(cases: usize, style: Style, with_lines: bool) -> Self {
        let running = Arc::new(Mutex::new(Running::default()));
        let shown = Arc::clone(&running);
        let longest = move |_: &ProgressState, out: &mut dyn std::fmt::Write| {
            let running = shown.lock().unwrap_or_else(PoisonError::into_inner);
            // Nothing can be done if the terminal does not accept text.
            let _ = out.write_str(&running.longest(Instant::now()));
        };
        let bar = bar(cases, style, "{longest:47!}", |look| {
            look.with_key("longest", longest)
        });
        if let Some(bar) = &bar {
            bar.enable_steady_tick(TICK);
        }
        Self {
            bar,
            running,
            style,
            lines: AtomicUsize::new(if with_lines { LINES } else { 0 }),
        }
    }

    /// Records that a case begins, for the first time or again.
    pub(super) fn started(&self, id: &CaseId) {
        if self.bar.is_some() {
            self.running().0.insert(id.clone(), Instant::now());
        }
    }

    /// Records that a case is finished.
    pub(super) fn finished(&self, result: &CaseResult, is_unexpected: &dyn Fn() -> bool) {
        let Some(bar) = &self.bar else {
            return;
        };
        self.running().0.remove(&result.id);
        bar.inc(1);
        let is_quiet = matches!(result.verdict, Verdict::Passed | Verdict::Skipped { .. });
        let left = self.lines.load(Ordering::Relaxed);
        if !is_quiet && left > 0 && is_unexpected() {
            self.lines.store(left - 1, Ordering::Relaxed);
            let line = one_line(result, self.style);
            bar.suspend(|| output::note(&format!("{line}\n")));
        }
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes the bar when the run is over.
    pub(super) fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

/// A bar with the elapsed time, if stderr is a terminal.
fn bar(
    number: usize,
    style: Style,
    suffix: &str,
    keys: impl FnOnce(ProgressStyle) -> ProgressStyle,
) -> Option<ProgressBar> {
    if !output::errors_are_a_terminal() {
        return None;
    }
    let target = ProgressDrawTarget::stderr_with_hz(15);
    let bar = ProgressBar::with_draw_target(Some(number as u64), target);
    let template = match style.unicode {
        true => format!("{{bar:14}} {{pos}}/{{len}} {{elapsed:>4}} {suffix}"),
        false => format!("[{{bar:12.##-}}] {{pos}}/{{len}} {{elapsed:>4}} {suffix}"),
    };
    if let Ok(look) = ProgressStyle::with_template(&template) {
        let look = keys(look);
        bar.set_style(match style.unicode {
            true => look,
            false => look.progress_chars("##-"),
        });
    }
    Some(bar)
}

/// A bar without lines, for counting other things than cases.
pub(super) struct Ticks {
    bar: Option<ProgressBar>,
}

impl Ticks {
    /// Starts a bar that counts to `number`.
    pub(super) fn new(number: usize, style: Style) -> Self {
        let bar = bar(number, style, "{wide_msg}", |look| look);
        if let Some(bar) = &bar {
            bar.enable_steady_tick(TICK);
        }
        Self { bar }
    }

    /// Records that the next item begins.
    pub(super) fn tick(&self, name: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(name.to_owned());
            bar.inc(1);
        }
    }

    /// Removes the bar when all items are done.
    pub(super) fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use mqtt_check_codec::ProtocolVersion;

    use super::*;

    #[test]
    fn names_the_case_that_runs_longest() {
        let case = |path: &str| CaseId {
            path: path.to_owned(),
            row: None,
            version: ProtocolVersion::V5,
        };
        let began = Instant::now();
        let second = Duration::from_secs(1);
        let mut running = Running::default();
        assert_eq!(running.longest(began), "");
        running.0.insert(case("z/old"), began);
        assert_eq!(running.longest(began + second / 2), "1 running");
        assert_eq!(running.longest(began + second * 3), "z/old@5 for 3 s");
        running.0.insert(case("a/new"), began + second * 2);
        let both = running.longest(began + second * 9);
        assert_eq!(both, "z/old@5 for 9 s and 1 more");
        running.0.remove(&case("z/old"));
        assert_eq!(running.longest(began + second * 9), "a/new@5 for 7 s");
    }
}
