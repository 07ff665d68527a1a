//! Keeps a few of several similar findings and counts the others. A broker may send the same wrong packet endlessly.

use super::Finding;

/// How many similar findings are kept. The others are only counted.
pub(super) const MAX_REPEATS: usize = 10;

/// Keeps the first few similar findings and counts the others.
pub(super) fn without_repeats(findings: Vec<Finding>) -> Vec<Finding> {
    fold(findings, is_alike, MAX_REPEATS, "more of the same kind")
}

/// Keeps the first finding of each step and charge, and counts the others. In a thousand rounds, one fault is found a
/// thousand times.
pub(super) fn first_of_each_step(findings: Vec<Finding>) -> Vec<Finding> {
    let is_same =
        |one: &Finding, other: &Finding| (one.step, &one.charge) == (other.step, &other.charge);
    fold(findings, is_same, 1, "more in later rounds")
}

/// Keeps at most `shown` findings of a kind. The last of them states how many more there are.
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
                repeats: more,
                ..finding
            },
        })
        .collect()
}

/// Returns whether two findings break the same rule, regardless of the packet.
fn is_alike(one: &Finding, other: &Finding) -> bool {
    (&one.charge, &one.expected) == (&other.charge, &other.expected)
}
