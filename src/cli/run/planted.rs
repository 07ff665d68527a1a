//! The bundled broker with the faults and permitted variations that the command line names.

use super::Failure;
use crate::target::bundled::{self, Bundled};

/// Builds the bundled broker with these faults and permitted variations.
pub(in crate::cli) fn bundled(faults: &[String], liberties: &[String]) -> Result<Bundled, Failure> {
    let faulty = Bundled::with(faults.iter().map(String::as_str)).map_err(|name| {
        let known = bundled::faults();
        unknown("fault", &name, known.iter().map(|d| d.name))
    })?;
    let names = liberties.iter().map(String::as_str);
    faulty.taking(names).map_err(|name| {
        let known = bundled::liberties();
        unknown("permitted variation", &name, known.iter().map(|l| l.name))
    })
}

fn unknown<'k>(what: &str, name: &str, known: impl Iterator<Item = &'k str>) -> Failure {
    let nearest = known
        .min_by_key(|known| strsim::damerau_levenshtein(known, name))
        .map_or_else(String::new, |near| format!("did you mean `{near}`? "));
    Failure::usage(format!("there is no {what} `{name}`"))
        .hint(format!("{nearest}`mqtt-check mutants --list` lists them"))
}
