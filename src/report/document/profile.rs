//! How a run compares with the profile of its target.

use serde::{Deserialize, Serialize};

/// The profile that a run was compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Profile {
    /// The target's name.
    pub target: String,
    /// The file of the profile.
    pub path: String,
    /// The broker that the profile was made of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broker: Option<String>,
    /// Whether the file existed before the run.
    pub exists: bool,
    /// Whether the run wrote it.
    pub updated: bool,
    /// Whether it makes the run fail.
    pub fails: bool,
    /// The differences from the profile, one per cause.
    pub changes: Vec<ProfileChange>,
}

/// One difference between a broker and its profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProfileChange {
    pub kind: ProfileChangeKind,
    /// The current and the earlier value.
    pub text: String,
    /// What `names` are: `case` or `choice`.
    pub of: String,
    /// Every case or choice that it is about.
    pub names: Vec<String>,
    /// Whether `--tolerate` lets it pass.
    pub tolerated: bool,
}

/// How the broker's behaviour differs from its profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ProfileChangeKind {
    /// Versions, limits, capabilities.
    Offered,
    Regressed,
    NoLongerExercised,
    AnswersDifferently,
    New,
    Gone,
    Improved,
}

impl ProfileChangeKind {
    /// The label of the kind.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Offered => "offered differently",
            Self::Regressed => "regressed",
            Self::NoLongerExercised => "no longer exercised",
            Self::AnswersDifferently => "chooses differently",
            Self::New => "new",
            Self::Gone => "gone",
            Self::Improved => "improved",
        }
    }
}
