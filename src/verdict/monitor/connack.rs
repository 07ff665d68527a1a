//! Compares CONNACK and AUTH with the CONNECT that they answer.

use mqtt_check_codec::{Auth, ConnAck, Connect, ProtocolVersion};

use super::check::{self, Found};

/// Returns what is wrong with a CONNACK as an answer to this CONNECT.
pub(super) fn answers(connack: &ConnAck, connect: &Connect) -> Vec<Found> {
    let mut found = Vec::new();
    if connack.reason.0 == 0 {
        accepts(connack, connect, &mut found);
    }
    if connect.version == ProtocolVersion::V5 {
        offers(connack, connect, &mut found);
    }
    found
}

/// Reports Session Present 1 in a refusal, regardless of the CONNECT. 3.1 has no such flag.
pub(super) fn alone(connack: &ConnAck, version: ProtocolVersion) -> Option<Found> {
    let is_wrong =
        connack.session_present && connack.reason.0 != 0 && version != ProtocolVersion::V3_1;
    is_wrong.then(|| {
        check::PRESENT_ON_REFUSAL
            .found(format!("CONNACK {} with Session Present 1", connack.reason))
    })
}

fn accepts(connack: &ConnAck, connect: &Connect, found: &mut Vec<Found>) {
    let is_5 = connect.version == ProtocolVersion::V5;
    let has_id = !connect.client_id.is_empty();
    if connack.session_present && connect.version != ProtocolVersion::V3_1 {
        if connect.clean_start {
            found.push(
                check::PRESENT_ON_CLEAN_START
                    .found("CONNACK with Session Present 1 after a clean start"),
            );
        } else if !has_id && is_5 {
            found.push(
                check::PRESENT_FOR_NEW_ID
                    .found("CONNACK with Session Present 1 for an empty client identifier"),
            );
        }
    }
    if connect.version == ProtocolVersion::V3_1_1 && !has_id && !connect.clean_start {
        found.push(check::EMPTY_ID_ACCEPTED.found("CONNACK that accepts"));
    }
    let assigned = connack.properties.assigned_client_identifier();
    if is_5 && !has_id && assigned.as_ref().is_none_or(|id| id.is_empty()) {
        found.push(
            check::ID_NOT_ASSIGNED.found(
                "an accepting CONNACK for an empty client identifier, without an assigned one",
            ),
        );
    }
    if let Some(assigned) = assigned.filter(|_| has_id) {
        found.push(check::ID_ASSIGNED_UNASKED.found(format!(
            "CONNACK with Assigned Client Identifier {assigned:?}, although the client sent its own"
        )));
    }
}

fn offers(connack: &ConnAck, connect: &Connect, found: &mut Vec<Found>) {
    let asks = connect.properties.request_response_information() == Some(1);
    if connack.properties.response_information().is_some() && !asks {
        found.push(check::RESPONSE_INFORMATION_UNASKED.found("CONNACK with Response Information"));
    }
    let method = connack.properties.authentication_method();
    match (connect.properties.authentication_method(), method) {
        (None, Some(method)) => {
            found.push(
                check::METHOD_UNASKED
                    .found(format!("CONNACK with Authentication Method {method:?}")),
            );
        }
        (Some(asked), method) if connack.reason.0 == 0 && method.as_ref() != Some(&asked) => {
            found.push(check::METHOD_CHANGED.found(match method {
                Some(method) => format!(
                    "CONNACK with Authentication Method {method:?}, but the CONNECT had {asked:?}"
                ),
                None => {
                    format!("CONNACK without Authentication Method, but the CONNECT had {asked:?}")
                }
            }));
        }
        _ => {}
    }
}

/// Returns what is wrong with an AUTH on a connection that began with this CONNECT.
pub(super) fn auth(auth: &Auth, connect: &Connect, is_connected: bool) -> Option<Found> {
    let Some(asked) = connect.properties.authentication_method() else {
        return Some(
            check::AUTH_UNASKED.found("AUTH, although the CONNECT had no Authentication Method"),
        );
    };
    // An AUTH without any bytes has no room for a method. The standard permits this form in one place and not in
    // another.
    let method = auth.properties.authentication_method();
    if let Some(method) = method.filter(|method| *method != asked) {
        return Some(check::METHOD_CHANGED.found(format!(
            "AUTH with Authentication Method {method:?}, but the CONNECT had {asked:?}"
        )));
    }
    (!is_connected && auth.reason.0 == 0)
        .then(|| check::AUTH_NOT_CONTINUED.found("AUTH with reason 0x00 before the CONNACK"))
}
