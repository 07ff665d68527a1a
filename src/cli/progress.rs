//! What is seen while a run goes on: a bar on a terminal, plain lines without one. Both go to stderr.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output;
use crate::report::one_line;
use crate::report::words::Style;
use crate::verdict::{CaseResult, Verdict};

/// Tells how far a run is.
pub(super) struct Watch {
    bar: Option<ProgressBar>,
    style: Style,
    /// Whether cases have lines of their own.
    with_lines: bool,
}

impl Watch {
    /// For a run of so many cases.
    pub(super) fn new(cases: usize, style: Style, with_lines: bool) -> Self {
        let bar = output::errors_are_a_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(
                Some(cases as u64),
                ProgressDrawTarget::stderr_with_hz(15),
            );
            let template = if style.unicode {
                "{bar:30} {pos}/{len} {wide_msg}"
            } else {
                "[{bar:30.##-}] {pos}/{len} {wide_msg}"
            };
            if let Ok(look) = ProgressStyle::with_template(template) {
                let look = if style.unicode {
                    look
                } else {
                    look.progress_chars("##-")
                };
                bar.set_style(look);
            }
            bar
        });
        Self {
            bar,
            style,
            with_lines,
        }
    }

    /// One more case is done.
    pub(super) fn finished(&self, result: &CaseResult) {
        if let Some(bar) = &self.bar {
            bar.inc(1);
            bar.set_message(result.id.to_string());
        }
        let is_quiet = matches!(result.verdict, Verdict::Passed | Verdict::Skipped { .. });
        if self.with_lines && !is_quiet {
            self.line(&one_line(result, self.style));
        }
    }

    /// A line above the bar.
    fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| output::note(&format!("{text}\n"))),
            None => output::note(&format!("{text}\n")),
        }
    }

    /// The run is over.
    pub(super) fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

/// A bar without lines, for what counts something else than cases.
pub(super) struct Ticks {
    bar: Option<ProgressBar>,
}

impl Ticks {
    /// For so many.
    pub(super) fn new(number: usize, style: Style) -> Self {
        Self {
            bar: Watch::new(number, style, false).bar,
        }
    }

    /// This one begins.
    pub(super) fn tick(&self, name: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(name.to_owned());
            bar.inc(1);
        }
    }

    /// All are done.
    pub(super) fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
