//! Checks citations in scenarios against the catalogue.

use std::sync::Arc;

use mqtt_check_codec::ProtocolVersion;

use super::{all, document, find, standard};
use crate::diagnostic::{Diagnostic, Place, Source};
use crate::scenario::model::{Scene, Step};

/// Formats a citation for reports: `[5 MQTT-3.1.4-3]`, or just `[RFC 6455, 5.5.2]` for another standard.
pub fn written(version: ProtocolVersion, id: &str) -> String {
    match standard::is_rule(id) {
        true => format!("[{id}]"),
        false => format!("[{} {id}]", document(version)),
    }
}

/// Returns a diagnostic for every citation that does not resolve in its case's version. A citation that several cases
/// of a file share is reported once for each version.
pub fn unresolved(scenes: &[Scene]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for scene in scenes {
        let mut wrong = Vec::new();
        collect(&scene.steps, scene.id.version, &mut wrong);
        if let Some(control) = &scene.control {
            collect(&control.expect, scene.id.version, &mut wrong);
            for (_, step) in &control.with {
                collect(std::slice::from_ref(step), scene.id.version, &mut wrong);
            }
        }
        for (place, id) in wrong {
            let diagnostic = describe(&scene.source, place, scene.id.version, &id);
            if !found.contains(&diagnostic) {
                found.push(diagnostic);
            }
        }
    }
    found
}

fn collect(steps: &[Arc<Step>], version: ProtocolVersion, wrong: &mut Vec<(Place, String)>) {
    for step in steps {
        for id in &step.clauses {
            if find(version, id).is_none() && !standard::is_rule(id) {
                wrong.push((step.place, id.clone()));
            }
        }
        collect(step.action.inner(), version, wrong);
    }
}

fn describe(source: &Arc<Source>, place: Place, version: ProtocolVersion, id: &str) -> Diagnostic {
    Diagnostic {
        source: Arc::clone(source),
        place: Some(place),
        title: format!("unknown clause `{id}` in version {version}"),
        label: Some("this step cites it".to_owned()),
        hint: nearest(version, id).map(|near| format!("did you mean `{near}`?")),
    }
}

/// Returns the most similar id, if any is similar enough.
pub(crate) fn nearest(version: ProtocolVersion, id: &str) -> Option<&'static str> {
    all(version)
        .map(|r| (strsim::damerau_levenshtein(id, r.id), r.id))
        .min()
        .filter(|(distance, _)| *distance <= 3)
        .map(|(_, near)| near)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offers_the_nearest_id() {
        assert_eq!(
            nearest(ProtocolVersion::V5, "MQTT3.1.4-3"),
            Some("MQTT-3.1.4-3")
        );
        assert_eq!(nearest(ProtocolVersion::V5, "something else"), None);
    }
}
