//! Steps that several cases of a file have in common are stored once.

use std::collections::HashMap;
use std::sync::Arc;

use super::model::{Scene, Step};
use crate::diagnostic::Place;

/// How many different steps are compared with a new one. Each row of a table may have its own.
const COMPARED: usize = 8;

/// The steps of the cases so far, by their place in the file and their number among the steps with the same place.
#[derive(Debug, Default)]
pub(crate) struct SharedSteps {
    known: HashMap<(Place, usize), Vec<Arc<Step>>>,
}

impl SharedSteps {
    /// Replaces steps of the scene by equal steps of earlier ones.
    pub(crate) fn share(&mut self, scene: &mut Scene) {
        let mut counts: HashMap<Place, usize> = HashMap::new();
        for step in &mut scene.steps {
            let count = counts.entry(step.place).or_default();
            *count += 1;
            let known = self.known.entry((step.place, *count)).or_default();
            match known.iter().find(|known| **known == *step) {
                Some(known) => *step = Arc::clone(known),
                None if known.len() < COMPARED => known.push(Arc::clone(step)),
                None => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Source;
    use crate::scenario::parse;

    #[test]
    fn cases_share_the_steps_that_are_equal() {
        let source = Arc::new(Source {
            path: "case.yaml".to_owned(),
            text: "title: t\nversions: [5]\nclients: { a: }\ncases: { x: { qos: 0 }, y: { qos: 1 } }\nsteps:\n  - a: connect\n  - a: { subscribe: { filter: t, qos: $qos } }\n".to_owned(),
        });
        let scenes = parse(&source, "case").expect("it is right");
        let [x, y] = &*scenes else {
            panic!("two cases: {scenes:?}");
        };
        assert!(Arc::ptr_eq(&x.steps[0], &y.steps[0]));
        assert!(!Arc::ptr_eq(&x.steps[1], &y.steps[1]));
    }
}
