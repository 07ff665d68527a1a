//! Builds the part of the document that compares the run with the target's profile.

use crate::outcome::profile::{Change, Kind};
use crate::report::ProfileReport;
use crate::report::document::{Profile, ProfileChange, ProfileChangeKind};

impl From<&ProfileReport> for Profile {
    fn from(report: &ProfileReport) -> Self {
        Self {
            target: report.target.clone(),
            path: report.path.display().to_string(),
            broker: report.broker.clone(),
            exists: report.is_there,
            updated: report.is_updated,
            fails: report.fails(),
            changes: report.changes.iter().map(ProfileChange::from).collect(),
        }
    }
}

impl From<&Change> for ProfileChange {
    fn from(change: &Change) -> Self {
        Self {
            kind: change.kind.into(),
            text: change.text.clone(),
            of: change.of.to_owned(),
            names: change.names.clone(),
            tolerated: change.is_tolerated,
        }
    }
}

impl From<Kind> for ProfileChangeKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Offered => Self::Offered,
            Kind::Regressed => Self::Regressed,
            Kind::NoLongerExercised => Self::NoLongerExercised,
            Kind::AnswersDifferently => Self::AnswersDifferently,
            Kind::New => Self::New,
            Kind::Gone => Self::Gone,
            Kind::Improved => Self::Improved,
        }
    }
}
