//! Which packets a broker must answer according to the standard, and how.

use std::time::Duration;

use mqtt_check_codec::{PacketType, ProtocolVersion, ReasonCode};
use mqtt_check_websocket::MQTT;

use super::{Awaited, Operation, Outgoing};
use crate::diagnostic::Place;
use crate::scenario::model::{
    Answer, Exchange, Expectation, Expr, FieldMatch, Literal, Matcher, Opening, PacketPattern,
    PacketTemplate, Pattern, UpgradeAnswer,
};

/// Turns an exchange into operations: what is sent, and what is waited for.
pub(super) fn operations(
    exchange: &Exchange,
    version: ProtocolVersion,
    place: Place,
) -> Vec<Operation> {
    let sent = exchange.packet.packet_type;
    let mut operations = Vec::new();
    if sent == PacketType::CONNECT {
        operations.push(Operation::Open);
    }
    operations.push(Operation::Send(vec![Outgoing::Packet(
        exchange.packet.clone(),
    )]));
    match &exchange.answer {
        Answer::None => {}
        Answer::Refused(refused) => operations.push(Operation::Await(awaited(
            expectation(Pattern::Refused(refused.clone()), exchange.within, place),
            false,
        ))),
        Answer::Fields(fields) => answer(exchange, fields, version, place, &mut operations),
    }
    if sent == PacketType::DISCONNECT && !exchange.keep_open {
        operations.push(Operation::Finish);
    }
    operations
}

/// Returns the expected answer to an upgrade. Unless the scenario says something else about the status, the upgrade
/// must be accepted. In that case the server must also select MQTT's subprotocol if it was offered.
pub(super) fn upgrade(opening: &Opening, place: Place) -> Option<Awaited> {
    let field = |name: &str, matcher| FieldMatch {
        name: name.into(),
        matcher,
        place,
    };
    let accepted = || Matcher::Is(Expr::Literal(Literal::Number(101)));
    let pattern = match &opening.answer {
        UpgradeAnswer::None => return None,
        UpgradeAnswer::Refused => Pattern::AnyOf(vec![
            vec![expectation(
                Pattern::Upgrade(vec![field("status", Matcher::Not(Box::new(accepted())))]),
                None,
                place,
            )],
            vec![expectation(Pattern::Closed { how: None }, None, place)],
        ]),
        UpgradeAnswer::Fields(fields) => {
            let mut fields = fields.clone();
            let names = |fields: &[FieldMatch], name| fields.iter().any(|f| f.name == name);
            if !names(&fields, "status") {
                fields.push(field("status", accepted()));
                if !names(&fields, "subprotocol") && opening.subprotocols.iter().any(|p| p == MQTT)
                {
                    let mqtt = Literal::Bytes(MQTT.into());
                    fields.push(field("subprotocol", Matcher::Is(Expr::Literal(mqtt))));
                }
            }
            Pattern::Upgrade(fields)
        }
    };
    Some(awaited(expectation(pattern, None, place), false))
}

/// Adds the answer that the standard requires for this packet, and the rest of the exchange.
fn answer(
    exchange: &Exchange,
    fields: &[FieldMatch],
    version: ProtocolVersion,
    place: Place,
    operations: &mut Vec<Operation>,
) {
    let sent = exchange.packet.packet_type;
    let qos = qos_of(&exchange.packet);
    let Some(answer_type) = answer_type(sent, qos) else {
        return;
    };
    let default = default_match(&exchange.packet, version, place)
        .filter(|default| !fields.iter().any(|f| f.name == default.name));
    // Collected with the exact size. A growing vector has room for four, and a suite has thousands of answers.
    let fields: Vec<FieldMatch> = fields.iter().cloned().chain(default).collect();
    let succeeds = expects_success(&fields);
    let may_succeed = fields
        .iter()
        .filter(|f| f.name == "reason")
        .all(|f| admits_success(&f.matcher));
    let mut first = awaited(
        packet(answer_type, fields, exchange.within, place),
        answer_type != PacketType::CONNACK
            && answer_type != PacketType::PINGRESP
            && answer_type != PacketType::AUTH,
    );
    first.gate = answer_type == PacketType::PUBREC;
    first.connects = answer_type == PacketType::CONNACK && succeeds;
    operations.push(Operation::Await(first));
    if answer_type == PacketType::PUBREC && may_succeed && !exchange.until_pubrec {
        operations.push(Operation::Send(vec![Outgoing::Packet(PacketTemplate {
            packet_type: PacketType::PUBREL,
            fields: Vec::new(),
            filters: Vec::new(),
            lies: Vec::new(),
        })]));
        operations.push(Operation::Await(awaited(
            packet(
                PacketType::PUBCOMP,
                vec![is_success(place)],
                exchange.within,
                place,
            ),
            true,
        )));
    }
}

/// Returns the type of the packet that answers `sent`, if there is one.
fn answer_type(sent: PacketType, qos: u64) -> Option<PacketType> {
    Some(match (sent, qos) {
        (PacketType::CONNECT, _) => PacketType::CONNACK,
        (PacketType::PUBLISH, 1) => PacketType::PUBACK,
        (PacketType::PUBLISH, 2) => PacketType::PUBREC,
        (PacketType::PUBREL, _) => PacketType::PUBCOMP,
        (PacketType::PUBREC, _) => PacketType::PUBREL,
        (PacketType::SUBSCRIBE, _) => PacketType::SUBACK,
        (PacketType::UNSUBSCRIBE, _) => PacketType::UNSUBACK,
        (PacketType::PINGREQ, _) => PacketType::PINGRESP,
        (PacketType::AUTH, _) => PacketType::AUTH,
        _ => return None,
    })
}

/// Returns the QoS of a PUBLISH template, or 0 if it names none.
fn qos_of(template: &PacketTemplate) -> u64 {
    template
        .fields
        .iter()
        .find(|f| f.name == "qos")
        .and_then(|f| match &f.value {
            Expr::Literal(Literal::Number(n)) => Some(*n),
            _ => None,
        })
        .unwrap_or(0)
}

/// Returns what an answer must contain if the scenario does not say.
fn default_match(
    template: &PacketTemplate,
    version: ProtocolVersion,
    place: Place,
) -> Option<FieldMatch> {
    match template.packet_type {
        PacketType::CONNECT => Some(FieldMatch {
            name: "reason".into(),
            matcher: Matcher::Is(Expr::Literal(Literal::Reason(ReasonCode::SUCCESS))),
            place,
        }),
        PacketType::PUBLISH if version.has_properties() => Some(is_success(place)),
        PacketType::SUBSCRIBE => Some(FieldMatch {
            name: "reasons".into(),
            // A server may grant a lower QoS than requested. The case may then prove nothing.
            matcher: Matcher::Granted(template.filters.iter().map(|f| f.qos).collect()),
            place,
        }),
        PacketType::UNSUBSCRIBE if version.has_properties() => Some(FieldMatch {
            name: "reasons".into(),
            matcher: Matcher::Successes(template.filters.len()),
            place,
        }),
        _ => None,
    }
}

/// Matches a reason code below 0x80. Apart from 0x00, this accepts 0x10 (No matching subscribers).
fn is_success(place: Place) -> FieldMatch {
    FieldMatch {
        name: "reason".into(),
        matcher: Matcher::Success,
        place,
    }
}

/// Returns whether these fields expect a success, so that the exchange continues.
pub(super) fn expects_success(fields: &[FieldMatch]) -> bool {
    fields
        .iter()
        .filter(|f| f.name == "reason")
        .all(|f| match &f.matcher {
            Matcher::Success => true,
            Matcher::Is(Expr::Literal(Literal::Reason(code))) => {
                code.is_success() && {
                    // In a 3.1.1 CONNACK only 0 is a success. PUBACK and PUBREC also have 0x10.
                    code.0 == 0 || code.0 == ReasonCode::NO_MATCHING_SUBSCRIBERS.0
                }
            }
            _ => false,
        })
}

/// Returns whether a matcher accepts a reason code below 0x80. It may accept failures too. The run then decides,
/// because PUBREC is a gate for what follows it.
fn admits_success(matcher: &Matcher) -> bool {
    match matcher {
        Matcher::Is(Expr::Literal(Literal::Reason(code))) => code.is_success(),
        Matcher::OneOf(matchers) => matchers.iter().any(admits_success),
        Matcher::Between {
            at_least: Some(Expr::Literal(literal)),
            ..
        } => match literal {
            Literal::Reason(code) => code.is_success(),
            Literal::Number(number) => *number < 0x80,
            _ => true,
        },
        Matcher::Absent => false,
        _ => true,
    }
}

pub(super) fn packet(
    packet_type: PacketType,
    fields: Vec<FieldMatch>,
    within: Option<Duration>,
    place: Place,
) -> Expectation {
    expectation(
        Pattern::Packet(PacketPattern {
            packet_type,
            fields,
        }),
        within,
        place,
    )
}

pub(super) fn expectation(pattern: Pattern, within: Option<Duration>, place: Place) -> Expectation {
    Expectation {
        within,
        ..Expectation::once(pattern, place)
    }
}

pub(super) fn awaited(expectation: Expectation, answers_sent: bool) -> Awaited {
    Awaited {
        expectation,
        answers_sent,
        gate: false,
        connects: false,
        decides: false,
    }
}
