//! The exit codes, which CI gates on.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Every case as expected, warnings and skips included.
    Success,
    /// A check failed, a case is inconclusive, or a snapshot is changed, new, pending or stale.
    Failed,
    /// The command line, a scenario or a target file is wrong.
    Usage,
    /// The run could not start.
    CouldNotStart,
    /// Nothing matched, or everything was skipped.
    Nothing,
    /// Interrupted by the user.
    Interrupted,
}

impl Exit {
    /// The number that the shell sees.
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
