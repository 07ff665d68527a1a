//! Filters on the command line: matches patterns, and suggests a correction for one that matches nothing.

use std::collections::BTreeSet;

use mqtt_check_codec::ProtocolVersion;

use super::Failure;
use super::selection::parse_version;
use crate::exit::Exit;
use crate::plan::Plan;
use crate::report::style::count;
use crate::scenario::model::Scene;
use crate::scenario::pattern::Pattern;

/// Compiles these texts to patterns.
pub(super) fn patterns(texts: &[String]) -> Vec<Pattern> {
    texts.iter().map(|text| Pattern::new(text)).collect()
}

/// Whether the pattern matches the id, a tag, a clause or a bug report of a case.
pub(super) fn is_case(pattern: &Pattern, scene: &Scene) -> bool {
    let mut words = scene.tags.iter().chain(&scene.threads);
    pattern.matches_case(&scene.id.to_string())
        || words.any(|word| pattern.matches(word))
        || scene
            .clauses()
            .iter()
            .any(|clause| is_clause(pattern, clause, scene.id.version))
}

/// Whether the pattern matches a rule. Both `RFC 6455, 5.1` and the form in reports, `[RFC 6455, 5.1]`, work.
pub(super) fn is_rule(pattern: &Pattern, rule: &str) -> bool {
    pattern.matches(rule) || Pattern::new(plain(pattern)).matches(rule)
}

/// Whether the pattern matches a clause of a version. Both `MQTT-3.1.4-3` and the form in reports, `[5 MQTT-3.1.4-3]`,
/// work.
pub(super) fn is_clause(pattern: &Pattern, clause: &str, version: ProtocolVersion) -> bool {
    let of_version = plain(pattern)
        .split_once(' ')
        .and_then(|(of, id)| Some((parse_version(of)?, id)));
    match of_version {
        Some((of, id)) => of == version && Pattern::new(id).matches(clause),
        None => is_rule(pattern, clause),
    }
}

/// Strips the brackets that reports put around a clause.
fn plain(pattern: &Pattern) -> &str {
    let text = pattern.text();
    let inner = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    inner.unwrap_or(text)
}

/// The error for a filter that matches no case: the filter or the paths are wrong.
pub(super) fn unmatched(option: &str, pattern: &Pattern, plans: &[Plan]) -> Failure {
    let text = pattern.text();
    let failure = Failure::new(Exit::Nothing, format!("no case matches {option} '{text}'"));
    failure.hint(match meant(text, plans) {
        Some(meant) => meant,
        None => "`mqtt-check list` shows every case with its id".to_owned(),
    })
}

/// A hint at what was probably meant.
fn meant(text: &str, plans: &[Plan]) -> Option<String> {
    if text.is_empty() {
        return None;
    }
    if text.ends_with(".yaml") || text.ends_with(".yml") {
        return Some("to play a file, name it without --filter".to_owned());
    }
    let anywhere = Pattern::new(&format!("*{text}*"));
    let number = plans
        .iter()
        .filter(|plan| is_case(&anywhere, &plan.scene))
        .count();
    if number > 0 {
        let of = count(number, "case");
        return Some(format!("did you mean '*{text}*'? It matches {of}"));
    }
    let names = names(plans);
    let near = nearest(text, names.iter().map(String::as_str));
    near.map(|near| format!("did you mean '{near}'?"))
}

/// Every name that a filter can match.
fn names(plans: &[Plan]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for Plan { scene, .. } in plans {
        let id = scene.id.to_string();
        names.extend(id.rsplit_once('@').map(|(row, _)| row.to_owned()));
        names.insert(id);
        names.insert(scene.id.path.clone());
        names.extend(scene.id.path.rsplit('/').next().map(|n| format!("*{n}*")));
        names.extend(scene.tags.iter().cloned());
        names.extend(scene.threads.iter().cloned());
        names.extend(scene.clauses().into_iter().cloned());
    }
    names
}

/// The known name closest to a mistyped one. Differs by at most a third of the letters, and at most four.
pub(super) fn nearest<'n>(text: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let plain = |text: &str| text.to_lowercase().replace(['_', ' '], "-");
    let wanted = plain(text);
    let limit = (wanted.chars().count() / 3).clamp(1, 4);
    known
        .map(|name| {
            let bare = plain(name.trim_matches('*'));
            (strsim::damerau_levenshtein(&wanted, &bare), name)
        })
        .filter(|(distance, name)| *distance <= limit && *distance < name.len())
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript::text::fixture::takeover_plan;

    #[test]
    fn finds_cases_by_id_tag_and_clause() {
        let scene = takeover_plan().scene;
        for text in [
            "session/takeover@5",
            "session/takeover",
            "session/*",
            "*takeover*",
            "*@5",
            "session",
            "MQTT-3.1.4-3",
            "MQTT-3.1.4-*",
            "[5 MQTT-3.1.4-3]",
            "[5 MQTT-3.1.4-*]",
            "5 MQTT-3.1.4-3",
        ] {
            assert!(is_case(&Pattern::new(text), &scene), "{text}");
        }
        for text in [
            "takeover",
            "*@3.1.1",
            "will",
            "MQTT-3.1.4",
            "[3.1.1 MQTT-3.1.4-3]",
        ] {
            assert!(!is_case(&Pattern::new(text), &scene), "{text}");
        }
    }

    #[test]
    fn suggests_what_was_meant() {
        let plans = [takeover_plan()];
        for (text, hint) in [
            ("takeover", "did you mean '*takeover*'? It matches 1 case"),
            ("sesion", "did you mean 'session'?"),
            ("session/takover", "did you mean 'session/takeover'?"),
            ("takover", "did you mean '*takeover*'?"),
            ("3.1.4-3", "did you mean '*3.1.4-3*'? It matches 1 case"),
            (
                "session/takeover.yaml",
                "to play a file, name it without --filter",
            ),
        ] {
            assert_eq!(meant(text, &plans).as_deref(), Some(hint), "{text}");
        }
        assert_eq!(meant("nothing-like-it", &plans), None);
        assert_eq!(meant("", &plans), None);
    }
}
