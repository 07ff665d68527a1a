//! The JSON Schema of the configuration of `mqtt-check broker`: the settings as in a scenario, and the addresses to
//! listen on.

use serde_json::{Map, Value, json};

use super::{definitions, refer, settings, some};

/// The definitions that the settings refer to.
const USED: [&str; 4] = ["boolean", "condition", "filled_in", "scalar"];

/// Returns the JSON Schema (2020-12) of a configuration file.
pub fn configuration() -> Value {
    let all = definitions();
    let used = USED
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), all.get(*name)?.clone())));
    let mut properties: Map<String, Value> = match settings() {
        Value::Object(mut rules) => match rules.remove("properties") {
            Some(Value::Object(properties)) => properties,
            _ => Map::new(),
        },
        _ => Map::new(),
    };
    properties.remove("if");
    let path = |about: &str| json!({ "type": "string", "description": about });
    for (key, schema) in [
        ("cert", path("certificate of the TLS listeners, in PEM")),
        ("key", path("private key of the certificate, in PEM")),
        (
            "client_ca",
            path("certificate authority that signs client certificates, in PEM"),
        ),
        (
            "store",
            path("file in which sessions and messages are stored"),
        ),
    ] {
        properties.insert(key.to_owned(), schema);
    }
    let mut listen = some(refer("scalar"));
    listen["description"] = json!("HOST:PORT, or a URL with mqtt, mqtts, ws or wss");
    properties.insert("listen".to_owned(), listen);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mqtt-check broker configuration",
        "$defs": used.collect::<Map<String, Value>>(),
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    })
}
