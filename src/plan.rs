//! A scene made ready to be played.

use crate::diagnostic::Diagnostic;
use crate::scenario::model::Scene;

/// A scene made ready to be played.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub scene: Scene,
}

/// Makes a scene ready.
///
/// # Errors
/// Everything that is wrong with it.
pub fn plan(scene: Scene) -> Result<Plan, Vec<Diagnostic>> {
    Ok(Plan { scene })
}
