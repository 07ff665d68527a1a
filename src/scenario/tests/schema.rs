//! The JSON Schema accepts what the parser accepts, and refuses unknown words.

use std::sync::Arc;

use serde_json::{Value, json};

use super::samples;
use crate::diagnostic::Source;
use crate::scenario::node::{Node, Style, Value as NodeValue};
use crate::scenario::schema::schema;
use crate::scenario::syntax;
use crate::scenario::{duration, file};

/// Returns a tree as an editor's YAML reader sees it, with plain scalars typed.
fn json_of(node: &Node) -> Value {
    match &node.value {
        NodeValue::Empty => Value::Null,
        NodeValue::Scalar(scalar) => {
            let text = &*scalar.text;
            match text {
                _ if scalar.style != Style::Plain => json!(text),
                "~" | "null" => Value::Null,
                "true" | "false" => json!(text == "true"),
                _ => text
                    .parse::<u64>()
                    .map(Value::from)
                    .or_else(|_| text.parse::<f64>().map(Value::from))
                    .unwrap_or_else(|_| json!(text)),
            }
        }
        NodeValue::List(items) => items.iter().map(json_of).collect(),
        NodeValue::Map(entries) => entries
            .iter()
            .map(|e| (e.key.text.to_string(), json_of(&e.value)))
            .collect(),
    }
}

/// Evaluates the keywords of JSON Schema that our schema uses.
fn holds(root: &Value, schema: &Value, value: &Value) -> bool {
    let Some(rules) = schema.as_object() else {
        return schema != &json!(false);
    };
    rules.iter().all(|(word, rule)| match word.as_str() {
        "$ref" => {
            let path = rule.as_str().expect("a text").trim_start_matches('#');
            holds(root, root.pointer(path).expect("a definition"), value)
        }
        "anyOf" => items(rule).iter().any(|way| holds(root, way, value)),
        "not" => !holds(root, rule, value),
        "enum" => items(rule).contains(value),
        "const" => rule == value,
        "type" => match rule.as_str() {
            Some(one) => is_type(one, value),
            None => items(rule)
                .iter()
                .any(|one| is_type(one.as_str().expect("a text"), value)),
        },
        "minimum" => value
            .as_u64()
            .is_none_or(|n| n >= rule.as_u64().expect("a number")),
        "maximum" => value
            .as_u64()
            .is_none_or(|n| n <= rule.as_u64().expect("a number")),
        "items" => value
            .as_array()
            .is_none_or(|all| all.iter().all(|v| holds(root, rule, v))),
        "minItems" => value.as_array().is_none_or(|all| all.len() >= size(rule)),
        "maxItems" => value.as_array().is_none_or(|all| all.len() <= size(rule)),
        "minProperties" => value.as_object().is_none_or(|all| all.len() >= size(rule)),
        "maxProperties" => value.as_object().is_none_or(|all| all.len() <= size(rule)),
        "required" => value.as_object().is_none_or(|all| {
            items(rule)
                .iter()
                .all(|key| all.contains_key(key.as_str().expect("a text")))
        }),
        "propertyNames" => value
            .as_object()
            .is_none_or(|all| all.keys().all(|key| holds(root, rule, &json!(key)))),
        "properties" => value.as_object().is_none_or(|all| {
            all.iter()
                .all(|(key, v)| rule.get(key).is_none_or(|s| holds(root, s, v)))
        }),
        "additionalProperties" => value.as_object().is_none_or(|all| {
            let named = |key: &String| schema["properties"].get(key).is_some();
            all.iter()
                .filter(|(key, _)| !named(key))
                .filter(|(key, _)| schema.get("patternProperties").is_none() || !key.contains('$'))
                .all(|(_, v)| holds(root, rule, v))
        }),
        "patternProperties" => true,
        "$schema" | "$defs" | "title" | "description" | "examples" => true,
        "pattern" => value
            .as_str()
            .is_none_or(|text| matches_pattern(rule, text)),
        other => panic!("an unknown word of JSON Schema: {other}"),
    })
}

/// Evaluates the regular expressions that our schema uses.
fn matches_pattern(rule: &Value, text: &str) -> bool {
    let is_name = text.starts_with('$') && text[1..].starts_with(|c: char| c.is_ascii_lowercase());
    match rule.as_str() {
        Some("^\\$[a-z]") => is_name,
        Some("\\$") => text.contains('$'),
        Some("^([0-9]+(ms|s|m|h|d))+$|\\$") => {
            text.contains('$') || duration::parse(text).is_some()
        }
        Some("^[A-Za-z0-9._-]{1,100}#[1-9][0-9]{0,8}$") => file::is_thread(text),
        other => panic!("an unknown pattern: {other:?}"),
    }
}

fn items(rule: &Value) -> &Vec<Value> {
    rule.as_array().expect("a list")
}

fn size(rule: &Value) -> usize {
    usize::try_from(rule.as_u64().expect("a number")).expect("a small one")
}

fn is_type(name: &str, value: &Value) -> bool {
    match name {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("an unknown type: {other}"),
    }
}

fn read(text: String) -> Value {
    let source = Arc::new(Source {
        path: "case.yaml".to_owned(),
        text,
    });
    json_of(&syntax::parse(&source).expect("YAML"))
}

#[test]
fn takes_every_good_scenario() {
    let schema = schema();
    let suite = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut folders = vec![samples("good"), suite];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("a file");
            assert!(holds(&schema, &schema, &read(text)), "{}", path.display());
            files += 1;
        }
    }
    assert!(files > 10);
}

#[test]
fn refuses_what_it_does_not_know() {
    let schema = schema();
    let scenario = |step: &str, more: &str| {
        read(format!(
            "title: t\nclients: {{ a: }}\nsteps: [ {step} ]\n{more}"
        ))
    };
    assert!(holds(&schema, &schema, &scenario("a: connect", "")));
    for step in [
        "a: conect",
        "a: { publish: { topic: t, paylod: x } }",
        "a: { expect: { publish: { qos: 3 } } }",
        "a: { expect: conack }",
        "{ a: connect, level: shall }",
        "hooks: [ session.ended: { client: a } ]",
    ] {
        assert!(!holds(&schema, &schema, &scenario(step, "")), "{step}");
    }
    assert!(!holds(
        &schema,
        &schema,
        &scenario("a: connect", "levels: x\n")
    ));
    assert!(!holds(
        &schema,
        &schema,
        &scenario("a: connect", "needs: [hook]\n")
    ));
}
