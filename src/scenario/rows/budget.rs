//! Limits how large a file may become when its rows are filled in.

use std::cell::Cell;

use crate::diagnostic::Place;
use crate::scenario::scope::Report;

/// The maximum number of values in all cases of a file together, with everything filled in.
const NODE_BUDGET: usize = 5_000_000;
/// The maximum number of bytes of text that filling in may produce.
const TEXT_BUDGET: usize = 64 * 1024 * 1024;

/// The amount that filling in may still use.
#[derive(Debug)]
pub(crate) struct Budget {
    nodes: Cell<usize>,
    pub(super) text: Cell<usize>,
    /// Whether something could not be filled in since this was last asked.
    pub(super) failed: Cell<bool>,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            nodes: Cell::new(NODE_BUDGET),
            text: Cell::new(TEXT_BUDGET),
            failed: Cell::new(false),
        }
    }
}

impl Budget {
    pub(super) fn take(&self, nodes: usize, text: usize) -> Option<()> {
        self.nodes.set(self.nodes.get().checked_sub(nodes)?);
        self.text.set(self.text.get().checked_sub(text)?);
        Some(())
    }

    /// Whether the budget has run out, which is reported. The result is then not a tree of the file.
    pub(crate) fn is_spent(&self, report: &Report, place: Place) -> bool {
        let spent = self.nodes.get() == 0 || self.text.get() == 0;
        if spent {
            report.add(
                report
                    .at(
                        place,
                        "the file is too large once every row and repeat is written out",
                    )
                    .hint("split the file"),
            );
        }
        spent
    }

    /// Whether something could not be filled in since this was last asked. The result is then not worth typing.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.replace(false)
    }

    pub(super) fn spend_all(&self) {
        self.nodes.set(0);
    }
}
