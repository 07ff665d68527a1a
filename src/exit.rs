//! The exit codes of the program. CI depends on them.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Every case is as expected. Warnings and skips count as expected.
    Success,
    /// A check failed, a case is inconclusive, or a snapshot is changed, new, pending or stale.
    Failed,
    /// The command line, a scenario or a target file is wrong.
    Usage,
    /// The run could not start.
    CouldNotStart,
    /// No case was selected, or every case was skipped.
    Nothing,
    /// The user interrupted the run.
    Interrupted,
}

impl Exit {
    /// Returns the exit status of the process.
    pub const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::CouldNotStart => 3,
            Self::Nothing => 4,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
