//! Suggestions for unknown words.

/// The maximum number of candidates to compare. Beyond that a suggestion costs more than it is worth.
const CANDIDATES: usize = 1_000;

/// Returns the candidate that was probably meant.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // One typo in a short word, more in a longer one. Beyond that a suggestion only misleads.
    let limit = (word.chars().count() / 3).clamp(1, 4);
    let plain = |text: &str| text.to_lowercase().replace(['-', ' '], "_");
    let word = plain(word);
    let length = word.chars().count();
    candidates
        .into_iter()
        .take(CANDIDATES)
        // The distance is at least the difference in length.
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= limit)
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&word, &plain(candidate)),
                candidate,
            )
        })
        .filter(|(distance, candidate)| *distance <= limit && *distance < candidate.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Returns `did you mean …?`, if a candidate is near.
pub(crate) fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    nearest(word, candidates).map(|candidate| format!("did you mean `{candidate}`?"))
}

/// Joins words as in a sentence: `a`, `b` or `c`.
pub(crate) fn either<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<String> = words.into_iter().map(|w| format!("`{w}`")).collect();
    match words.split_last() {
        None => "nothing".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_what_is_near_only() {
        let words = ["connect", "publish", "session_expiry_interval"];
        assert_eq!(nearest("conect", words), Some("connect"));
        assert_eq!(nearest("Session-Expiry-Intervall", words), Some(words[2]));
        assert_eq!(nearest("drop", words), None);
        assert_eq!(nearest("", words), None);
    }

    #[test]
    fn joins_words() {
        assert_eq!(either(["a"]), "`a`");
        assert_eq!(either(["a", "b", "c"]), "`a`, `b` or `c`");
    }
}
