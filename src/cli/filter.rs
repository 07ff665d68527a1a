//! Filters on the command line: matches patterns, and suggests what was meant by one that matches nothing.

use std::collections::BTreeSet;

use mqtt_check_codec::ProtocolVersion;

use super::Failure;
use super::selection::parse_version;
use crate::exit::Exit;
use crate::plan::Plan;
use crate::report::style::count;
use crate::scenario::model::Scene;
use crate::scenario::pattern::Pattern;

/// The patterns that these texts are.
pub(super) fn patterns(texts: &[String]) -> Vec<Pattern> {
    texts.iter().map(|text| Pattern::new(text)).collect()
}

/// Whether a case has such an id, tag, clause or thread.
pub(super) fn is_case(pattern: &Pattern, scene: &Scene) -> bool {
    let mut words = scene.tags.iter().chain(&scene.threads);
    pattern.matches_case(&scene.id.to_string())
        || words.any(|word| pattern.matches(word))
        || scene
            .clauses()
            .iter()
            .any(|clause| is_clause(pattern, clause, scene.id.version))
}

/// `RFC 6455, 5.1`, a pattern, or as reports write it: `[RFC 6455, 5.1]`.
pub(super) fn is_rule(pattern: &Pattern, rule: &str) -> bool {
    pattern.matches(rule) || Pattern::new(plain(pattern)).matches(rule)
}

/// `MQTT-3.1.4-3`, `RFC 6455, 5.1`, a pattern, or as reports write it: `[5 MQTT-3.1.4-3]`.
pub(super) fn is_clause(pattern: &Pattern, clause: &str, version: ProtocolVersion) -> bool {
    let of_version = plain(pattern)
        .split_once(' ')
        .and_then(|(of, id)| Some((parse_version(of)?, id)));
    match of_version {
        Some((of, id)) => of == version && Pattern::new(id).matches(clause),
        None => is_rule(pattern, clause),
    }
}

/// What reports put in brackets, without them.
fn plain(pattern: &Pattern) -> &str {
    let text = pattern.text();
    let inner = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    inner.unwrap_or(text)
}

/// What is wrong with filters of which one matches no case at all: it was mistyped, or the paths are.
pub(super) fn unmatched(option: &str, pattern: &Pattern, plans: &[Plan]) -> Failure {
    let text = pattern.text();
    let failure = Failure::new(Exit::Nothing, format!("no case matches {option} '{text}'"));
    failure.hint(match meant(text, plans) {
        Some(meant) => meant,
        None => "`mqtt-check list` shows every case with its id".to_owned(),
    })
}

/// What was probably meant, as a hint.
fn meant(text: &str, plans: &[Plan]) -> Option<String> {
    if text.is_empty() {
        return None;
    }
    if text.ends_with(".yaml") || text.ends_with(".yml") {
        return Some("a file is named without --filter".to_owned());
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

/// Everything that a filter may name.
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

/// The known name that a mistyped one was probably meant to be: at most a third of it differs.
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
            ("session/takeover.yaml", "a file is named without --filter"),
        ] {
            assert_eq!(meant(text, &plans).as_deref(), Some(hint), "{text}");
        }
        assert_eq!(meant("nothing-like-it", &plans), None);
        assert_eq!(meant("", &plans), None);
    }
}
