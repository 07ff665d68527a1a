//! The limits that a version 5 CONNACK announces, one row each.

use mqtt_check_codec::Properties;

/// The value of a limit that was not announced and has no default.
pub const NOT_ANNOUNCED: &str = "none";

/// A property of CONNACK by which a server limits what clients may do.
struct Row {
    name: &'static str,
    value: fn(&Properties) -> Option<u32>,
    /// The value if the property is absent, as text.
    absent: &'static str,
}

const ROWS: &[Row] = &[
    Row {
        name: "maximum_packet_size",
        value: Properties::maximum_packet_size,
        absent: NOT_ANNOUNCED,
    },
    Row {
        name: "maximum_qos",
        value: |p| p.maximum_qos().map(u32::from),
        absent: "2",
    },
    Row {
        name: "receive_maximum",
        value: |p| p.receive_maximum().map(u32::from),
        absent: "65535",
    },
    Row {
        name: "retain_available",
        value: |p| p.retain_available().map(u32::from),
        absent: "1",
    },
    Row {
        name: "server_keep_alive",
        value: |p| p.server_keep_alive_s().map(u32::from),
        absent: NOT_ANNOUNCED,
    },
    Row {
        name: "session_expiry_interval",
        value: Properties::session_expiry_interval_s,
        absent: NOT_ANNOUNCED,
    },
    Row {
        name: "shared_subscription_available",
        value: |p| p.shared_subscription_available().map(u32::from),
        absent: "1",
    },
    Row {
        name: "subscription_identifier_available",
        value: |p| p.subscription_identifier_available().map(u32::from),
        absent: "1",
    },
    Row {
        name: "topic_alias_maximum",
        value: |p| p.topic_alias_maximum().map(u32::from),
        absent: "0",
    },
    Row {
        name: "wildcard_subscription_available",
        value: |p| p.wildcard_subscription_available().map(u32::from),
        absent: "1",
    },
];

/// Returns each limit by name, as it applies to a client that received these properties.
pub(super) fn limits(properties: &Properties) -> Vec<(&'static str, String)> {
    let row = |row: &Row| {
        let value = (row.value)(properties).map(|value| value.to_string());
        (row.name, value.unwrap_or_else(|| row.absent.to_owned()))
    };
    ROWS.iter().map(row).collect()
}

/// Like `limits`, for a CONNACK that was read from a report. `value` looks up a property by name.
pub fn announced(value: impl Fn(&str) -> Option<String>) -> Vec<(&'static str, String)> {
    let row = |row: &Row| {
        let value = value(row.name);
        (row.name, value.unwrap_or_else(|| row.absent.to_owned()))
    };
    ROWS.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use mqtt_check_codec::Property;

    use super::*;

    #[test]
    fn an_unannounced_limit_has_the_value_of_the_standard() {
        let mut properties = Properties::new();
        properties.push(Property::ReceiveMaximum(20));
        let limits = limits(&properties);
        let of = |name| {
            limits
                .iter()
                .find(|(n, _)| *n == name)
                .map(|(_, v)| v.as_str())
        };
        assert_eq!(of("receive_maximum"), Some("20"));
        assert_eq!(of("maximum_qos"), Some("2"));
        assert_eq!(of("maximum_packet_size"), Some("none"));
    }
}
