//! Compares one packet with one pattern, field by field.

use mqtt_check_codec::{PacketType, ProtocolVersion, ReasonCode};
use mqtt_check_scram::ClientFinal;

use super::describe::{describe_literal, describe_matcher};
use super::field::{Received, WebSocketEvent, field};
use super::memory::{EvalError, Memory};
use crate::scenario::model::{ClientIndex, Expr, FieldMatch, Literal, Matcher, PacketPattern};

/// A field that is not as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    pub field: String,
    pub expected: String,
    pub actual: String,
}

impl Mismatch {
    /// Names the field, what it is, and what was expected.
    pub fn describe(&self) -> String {
        format!("{} {}, expected {}", self.field, self.actual, self.expected)
    }
}

/// Compares a packet of the right type with a pattern and returns every field that is not as expected. Binds names that
/// are used for the first time.
pub fn judge(
    pattern: &PacketPattern,
    received: &Received<'_>,
    client: ClientIndex,
    memory: &mut Memory,
) -> Vec<Mismatch> {
    let named = Named {
        packet: received.packet_type(),
        version: received.version,
        field: &|name| field(received, name),
    };
    judge_fields(&pattern.fields, &named, client, memory)
}

/// Compares the fields of a WebSocket event with what is expected, as [`judge`] does for packets.
pub fn judge_websocket_event(
    fields: &[FieldMatch],
    event: &WebSocketEvent<'_>,
    version: ProtocolVersion,
    client: ClientIndex,
    memory: &mut Memory,
) -> Vec<Mismatch> {
    let named = Named {
        packet: PacketType::RESERVED,
        version,
        field: &|name| event.field(name),
    };
    let mut mismatches = judge_fields(fields, &named, client, memory);
    if let WebSocketEvent::Upgrade(answer) = event
        && let Some(problem) = answer.problem
    {
        mismatches.push(Mismatch {
            field: "answer".to_owned(),
            expected: "an upgrade".to_owned(),
            actual: format!("none: {problem}"),
        });
    }
    mismatches
}

/// Access to fields by name, and the context in which reason codes are named.
struct Named<'a> {
    packet: PacketType,
    version: ProtocolVersion,
    field: &'a dyn Fn(&str) -> Option<Literal>,
}

fn judge_fields(
    fields: &[FieldMatch],
    named: &Named<'_>,
    client: ClientIndex,
    memory: &mut Memory,
) -> Vec<Mismatch> {
    fields
        .iter()
        .filter_map(|expected| judge_field(expected, named, client, memory))
        .collect()
}

/// Returns what a packet binds if it matches a pattern in type and every field, otherwise `None`.
pub fn holds(
    pattern: &PacketPattern,
    received: &Received<'_>,
    client: ClientIndex,
    memory: &Memory,
) -> Option<Memory> {
    let mut memory = memory.clone();
    (received.packet_type() == pattern.packet_type
        && judge(pattern, received, client, &mut memory).is_empty())
    .then_some(memory)
}

fn judge_field(
    expected: &FieldMatch,
    named: &Named<'_>,
    client: ClientIndex,
    memory: &mut Memory,
) -> Option<Mismatch> {
    let actual = (named.field)(&expected.name);
    if let (Matcher::Is(Expr::Name(name)), Some(value)) = (&expected.matcher, &actual)
        && memory.value(name).is_none()
    {
        memory.bind(name, single(value));
        return None;
    }
    let own = with_others(named.packet, expected);
    let matcher = own.as_ref().unwrap_or(&expected.matcher);
    let scram = scram(&expected.matcher, actual.as_ref(), memory);
    let problem = match scram {
        Some(Ok(())) => return None,
        Some(Err(problem)) => format!(" ({problem})"),
        None if matches(matcher, actual.as_ref(), client, memory) => return None,
        None => String::new(),
    };
    let packet = named.packet;
    Some(Mismatch {
        field: expected.name.clone(),
        expected: describe_matcher(matcher, packet, named.version, Some((memory, client))),
        actual: actual.map_or_else(
            || "absent".to_owned(),
            |value| describe_literal(&value, packet, named.version) + &problem,
        ),
    })
}

/// Relaxes an expectation on a message's User Properties. A server may add its own to those of the publisher.
fn with_others(packet: PacketType, expected: &FieldMatch) -> Option<Matcher> {
    match &expected.matcher {
        Matcher::Is(Expr::Literal(Literal::Pairs(pairs)))
            if packet == PacketType::PUBLISH && expected.name == "user_properties" =>
        {
            Some(Matcher::Includes(pairs.clone()))
        }
        _ => None,
    }
}

/// Checks a SCRAM message from the broker. `None` if the matcher is about something else, or if the field is absent.
fn scram(
    matcher: &Matcher,
    actual: Option<&Literal>,
    memory: &mut Memory,
) -> Option<Result<(), EvalError>> {
    let Some(Literal::Bytes(message)) = actual else {
        return None;
    };
    match matcher {
        Matcher::ScramChallenge(exchange) => {
            let challenge = Literal::Bytes(message.clone());
            memory.bind(&exchange.challenge, challenge);
            Some(memory.scram_final(exchange).map(|_| ()))
        }
        Matcher::ScramSignature(exchange) => {
            let verify = |last: ClientFinal| Ok(last.verify(message)?);
            Some(memory.scram_final(exchange).and_then(verify))
        }
        _ => None,
    }
}

/// Turns a list of one number into that number, so that a bound Subscription Identifier can be used as a number.
fn single(value: &Literal) -> Literal {
    match value {
        Literal::Numbers(list) if list.len() == 1 => Literal::Number(list[0]),
        other => other.clone(),
    }
}

fn matches(
    matcher: &Matcher,
    actual: Option<&Literal>,
    client: ClientIndex,
    memory: &Memory,
) -> bool {
    match matcher {
        Matcher::Absent => actual.is_none(),
        Matcher::Present => actual.is_some(),
        Matcher::Not(inner) => !matches(inner, actual, client, memory),
        Matcher::OneOf(alternatives) => alternatives
            .iter()
            .any(|alternative| matches(alternative, actual, client, memory)),
        _ => actual.is_some_and(|actual| value_matches(matcher, actual, client, memory)),
    }
}

fn value_matches(
    matcher: &Matcher,
    actual: &Literal,
    client: ClientIndex,
    memory: &Memory,
) -> bool {
    match matcher {
        Matcher::Is(expr) => memory
            .evaluate(expr, client)
            .is_ok_and(|expected| equal(&expected, actual)),
        Matcher::Between { at_least, at_most } => {
            let Some(number) = as_number(actual) else {
                return false;
            };
            let bound = |expr: &Option<Expr>| expr.as_ref().map(|e| memory.number(e, client));
            bound(at_least).is_none_or(|n| n.is_ok_and(|n| number >= n))
                && bound(at_most).is_none_or(|n| n.is_ok_and(|n| number <= n))
        }
        Matcher::StartsWith(prefix) => {
            matches!(actual, Literal::Bytes(bytes) if bytes.starts_with(prefix))
        }
        Matcher::Success => matches!(actual, Literal::Reason(code) if code.is_success()),
        Matcher::Successes(count) => matches!(
            actual,
            Literal::Reasons(codes) if codes.len() == *count && codes.iter().all(|c| c.is_success())
        ),
        Matcher::Granted(asked) => matches!(
            actual,
            Literal::Reasons(codes)
                if codes.len() == asked.len() && codes.iter().zip(asked).all(|(c, qos)| c.0 <= *qos)
        ),
        Matcher::Each(matchers) => {
            let Literal::Reasons(codes) = actual else {
                return false;
            };
            let one = |(matcher, code): (&Matcher, &ReasonCode)| {
                value_matches(matcher, &Literal::Reason(*code), client, memory)
            };
            codes.len() == matchers.len() && matchers.iter().zip(codes).all(one)
        }
        Matcher::Includes(pairs) => {
            let Literal::Pairs(actual) = actual else {
                return false;
            };
            let mut rest = actual.iter();
            pairs.iter().all(|pair| rest.any(|p| p == pair))
        }
        Matcher::Set(numbers) => {
            let mut expected = numbers.clone();
            expected.sort_unstable();
            let mut actual = match actual {
                Literal::Numbers(list) => list.clone(),
                Literal::Number(n) => vec![*n],
                _ => return false,
            };
            actual.sort_unstable();
            expected == actual
        }
        Matcher::Absent | Matcher::Present | Matcher::Not(_) | Matcher::OneOf(_) => {
            matches(matcher, Some(actual), client, memory)
        }
        // Checked before, since a challenge is also bound.
        Matcher::ScramChallenge(_) | Matcher::ScramSignature(_) => false,
    }
}

fn as_number(value: &Literal) -> Option<u64> {
    match value {
        Literal::Number(n) => Some(*n),
        Literal::Reason(code) => Some(u64::from(code.0)),
        Literal::Bool(flag) => Some(u64::from(*flag)),
        Literal::Numbers(list) if list.len() == 1 => Some(list[0]),
        _ => None,
    }
}

/// Returns whether two values are equal, regardless of how they were written.
fn equal(expected: &Literal, actual: &Literal) -> bool {
    match (expected, actual) {
        (Literal::Bytes(a), Literal::Bytes(b)) => a == b,
        (Literal::Pairs(a), Literal::Pairs(b)) => a == b,
        (Literal::Reasons(a), Literal::Reasons(b)) => a == b,
        (Literal::Numbers(a), Literal::Numbers(b)) => a == b,
        (a, b) => match (as_number(a), as_number(b)) {
            (Some(a), Some(b)) => a == b,
            _ => false,
        },
    }
}

/// Returns whether a packet of this type is taken by its Packet Identifier when a pattern names one.
pub(super) fn is_acknowledgement(packet_type: PacketType) -> bool {
    matches!(
        packet_type,
        PacketType::PUBACK
            | PacketType::PUBREC
            | PacketType::PUBREL
            | PacketType::PUBCOMP
            | PacketType::SUBACK
            | PacketType::UNSUBACK
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use mqtt_check_codec::{Auth, Packet, Properties, Property, ProtocolVersion};

    use super::*;
    use crate::diagnostic::Place;
    use crate::scenario::model::ScramExchange;

    const CHALLENGE: &str =
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
    const SIGNATURE: &str = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

    /// Returns what is wrong with an AUTH that has this data.
    fn wrong(matcher: Matcher, data: &str, memory: &mut Memory) -> Option<String> {
        let data = Bytes::copy_from_slice(data.as_bytes());
        let properties: Properties = [Property::AuthenticationData(data)].into_iter().collect();
        let reason = ReasonCode::SUCCESS;
        let packet = Packet::Auth(Auth { reason, properties });
        let received = Received {
            packet: &packet,
            version: ProtocolVersion::V5,
            size: 0,
            topic: None,
            carried_in: None,
        };
        let named = Named {
            packet: received.packet_type(),
            version: received.version,
            field: &|name| super::field(&received, name),
        };
        let field = FieldMatch {
            name: "authentication_data".into(),
            matcher,
            place: Place {
                line: 1,
                column: 1,
                length: 1,
            },
        };
        let mismatch = judge_fields(&[field], &named, ClientIndex(0), memory).pop()?;
        Some(format!("{}, not {}", mismatch.actual, mismatch.expected))
    }

    fn exchange(password: &str) -> Arc<ScramExchange> {
        Arc::new(ScramExchange {
            first: Bytes::from_static(b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"),
            challenge: "challenge".to_owned(),
            password: Bytes::copy_from_slice(password.as_bytes()),
            wrong: None,
        })
    }

    #[test]
    fn accepts_only_a_server_that_knows_the_password() {
        let right = exchange("pencil");
        let mut memory = Memory::default();
        let challenge = || Matcher::ScramChallenge(Arc::clone(&right));
        let signature = |exchange: &Arc<_>| Matcher::ScramSignature(Arc::clone(exchange));
        let unbound = wrong(signature(&right), SIGNATURE, &mut memory);
        assert!(unbound.is_some_and(|words| words.contains("has no value yet")));
        assert_eq!(wrong(challenge(), CHALLENGE, &mut memory), None);
        assert_eq!(wrong(signature(&right), SIGNATURE, &mut memory), None);
        for (exchange, data) in [
            (exchange("pen"), SIGNATURE),
            (
                Arc::clone(&right),
                "v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
            ),
        ] {
            let words = wrong(signature(&exchange), data, &mut memory).expect("a mismatch");
            assert!(words.contains("the server's signature is wrong"), "{words}");
            assert!(words.contains("knows the password"), "{words}");
        }
    }

    #[test]
    fn refuses_a_challenge_of_another_exchange() {
        let mut memory = Memory::default();
        let challenge = Matcher::ScramChallenge(exchange("pencil"));
        let other = CHALLENGE.replace("rOpr", "rOpx");
        let words = wrong(challenge, &other, &mut memory).expect("a mismatch");
        assert!(
            words.contains("the nonce belongs to another exchange"),
            "{words}"
        );
    }
}
