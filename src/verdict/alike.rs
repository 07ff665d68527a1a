//! Shows a few of several similar findings and counts the others: a broker may send the same wrong packet without end.

use super::Finding;

/// So many findings that are alike are told, and the others counted.
pub(super) const ALIKE: usize = 10;

/// The first of those that are alike, and how many more there are: a broker may send the same wrong thing without end.
pub(super) fn without_repeats(findings: Vec<Finding>) -> Vec<Finding> {
    fold(findings, is_alike, ALIKE, "more of the same kind")
}

/// The first that a step finds by the same clauses, and how many more there are: in a thousand rounds one fault is found
/// a thousand times.
pub(super) fn first_of_each_step(findings: Vec<Finding>) -> Vec<Finding> {
    let is_same =
        |one: &Finding, other: &Finding| (one.step, &one.charge) == (other.step, &other.charge);
    fold(findings, is_same, 1, "more in later rounds")
}

/// So many of a kind as are `shown`; the last of them says how many more there are.
fn fold(
    findings: Vec<Finding>,
    is_of_kind: impl Fn(&Finding, &Finding) -> bool,
    shown: usize,
    more_words: &str,
) -> Vec<Finding> {
    let mut kept: Vec<(Finding, usize)> = Vec::new();
    for finding in findings {
        let of_kind: Vec<usize> = (0..kept.len())
            .filter(|n| is_of_kind(&kept[*n].0, &finding))
            .collect();
        match of_kind.as_slice() {
            [.., last] if of_kind.len() >= shown => kept[*last].1 += 1,
            _ => kept.push((finding, 0)),
        }
    }
    kept.into_iter()
        .map(|(finding, more)| match more {
            0 => finding,
            more => Finding {
                note: Some(match &finding.note {
                    Some(note) => format!("{note}; {more} {more_words}"),
                    None => format!("{more} {more_words}"),
                }),
                alike: more,
                ..finding
            },
        })
        .collect()
}

/// Whether two findings break the same rule, whatever the packet.
fn is_alike(one: &Finding, other: &Finding) -> bool {
    (&one.charge, &one.expected) == (&other.charge, &other.expected)
}
