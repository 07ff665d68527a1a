//! Describes expectations and values in words, for findings.

use bytes::Bytes;
use mqtt_check_codec::{PacketType, ProtocolVersion, ReasonCode};
use mqtt_check_scram::MECHANISM;
use mqtt_check_websocket::Control;

use super::field::WebSocketEvent;
use super::memory::Memory;
use crate::scenario::model::{
    ClientIndex, ConnAckRule, DropHow, Expectation, Expr, FieldMatch, Literal, Matcher, Operator,
    PacketPattern, Pattern, Refused,
};

/// How many bytes of a payload are shown.
const SHOWN_BYTES: usize = 64;

/// Describes a packet pattern: `PUBLISH with topic "a/b", payload "Hello 1"`.
pub fn describe_pattern(pattern: &PacketPattern, version: ProtocolVersion) -> String {
    let words = pattern.packet_type.to_string();
    with_fields(words, &pattern.fields, pattern.packet_type, version)
}

fn with_fields(
    mut words: String,
    fields: &[FieldMatch],
    packet: PacketType,
    version: ProtocolVersion,
) -> String {
    for (n, field) in fields.iter().enumerate() {
        words.push_str(if n == 0 { " with " } else { ", " });
        words.push_str(&field.name);
        words.push(' ');
        words.push_str(&describe_matcher(&field.matcher, packet, version, None));
    }
    words
}

/// Describes a WebSocket event: `a pong frame with payload "x"`.
pub fn describe_websocket_event(event: &WebSocketEvent<'_>) -> String {
    match event {
        WebSocketEvent::Upgrade(answer) => {
            let selected = match answer.protocol.as_deref() {
                Some(name) => format!("the subprotocol {name:?}"),
                None => "no subprotocol".to_owned(),
            };
            format!(
                "an answer to the upgrade with status {} and {selected}",
                answer.status
            )
        }
        WebSocketEvent::Control(Control::Ping(payload)) => {
            format!("a ping frame with payload {}", describe_bytes(payload))
        }
        WebSocketEvent::Control(Control::Pong(payload)) => {
            format!("a pong frame with payload {}", describe_bytes(payload))
        }
        WebSocketEvent::Control(Control::Close(Some(code))) => {
            format!("a close frame with code {code}")
        }
        WebSocketEvent::Control(Control::Close(None)) => "a close frame without a code".to_owned(),
    }
}

/// Describes an expectation as one lowercase fragment.
pub fn describe_expectation(expectation: &Expectation, version: ProtocolVersion) -> String {
    let what = match &expectation.pattern {
        Pattern::Packet(pattern) => describe_pattern(pattern, version),
        Pattern::Closed { how: None } => "the broker closes the connection".to_owned(),
        Pattern::Closed {
            how: Some(DropHow::Reset),
        } => "the broker resets the connection".to_owned(),
        Pattern::Closed { how: Some(_) } => {
            "the broker closes the connection without a reset".to_owned()
        }
        Pattern::Refused(refused) => describe_refused(refused, version),
        Pattern::Upgrade(fields) => with_fields(
            "an answer to the upgrade".to_owned(),
            fields,
            PacketType::RESERVED,
            version,
        ),
        Pattern::Frame(pattern) => with_fields(
            format!("a {} frame", pattern.opcode),
            &pattern.fields,
            PacketType::RESERVED,
            version,
        ),
        Pattern::Silence { of, .. } if of.is_empty() => "no packet".to_owned(),
        Pattern::Silence { of, .. } => {
            let types: Vec<&str> = of.iter().map(|t| t.name()).collect();
            format!("no {}", types.join(" or "))
        }
        Pattern::InOrder(inner) => list(inner, version, ", then "),
        Pattern::Unordered(inner) => inner
            .iter()
            .map(|p| describe_pattern(p, version))
            .collect::<Vec<_>>()
            .join(" and "),
        Pattern::AnyOf(alternatives) => alternatives
            .iter()
            .map(|sequence| list(sequence, version, ", then "))
            .collect::<Vec<_>>()
            .join("; or "),
    };
    let count = expectation.count;
    match (count.at_least, count.at_most) {
        (1, Some(1)) => what,
        (0, Some(1)) => format!("at most one {what}"),
        (least, Some(most)) if least == most => format!("{least} times {what}"),
        (least, Some(most)) => format!("{least} to {most} times {what}"),
        (least, None) => format!("{least} times or more {what}"),
    }
}

fn list(expectations: &[Expectation], version: ProtocolVersion, joint: &str) -> String {
    expectations
        .iter()
        .map(|e| describe_expectation(e, version))
        .collect::<Vec<_>>()
        .join(joint)
}

/// Describes a refusal.
pub fn describe_refused(refused: &Refused, version: ProtocolVersion) -> String {
    let codes: Vec<String> = refused
        .codes
        .iter()
        .map(|code| describe_refusal_code(*code, version))
        .collect();
    let with = match (refused.connack, version, codes.is_empty()) {
        (ConnAckRule::Never, ..) => " without a CONNACK".to_owned(),
        (ConnAckRule::Required, _, true) => " after a CONNACK that refuses".to_owned(),
        (ConnAckRule::Required, _, false) => format!(" after CONNACK {}", codes.join(" or ")),
        (ConnAckRule::Allowed, _, true) => String::new(),
        (ConnAckRule::Allowed, _, false) => {
            format!(", with a code, if any, of {}", codes.join(" or "))
        }
    };
    format!("the broker closes the connection{with}")
}

fn describe_refusal_code(code: ReasonCode, version: ProtocolVersion) -> String {
    let name = code
        .name(PacketType::CONNACK, version)
        .or_else(|| code.name(PacketType::DISCONNECT, version));
    named_code(code, name)
}

/// Describes a value in the notation of scenarios.
pub fn describe_literal(literal: &Literal, packet: PacketType, version: ProtocolVersion) -> String {
    match literal {
        Literal::Bool(flag) => flag.to_string(),
        Literal::Number(n) => n.to_string(),
        Literal::Bytes(bytes) => describe_bytes(bytes),
        Literal::Reason(code) => named_code(*code, code.name(packet, version)),
        Literal::Reasons(codes) => {
            let codes: Vec<String> = codes
                .iter()
                .map(|c| named_code(*c, c.name(packet, version)))
                .collect();
            format!("[{}]", codes.join(", "))
        }
        Literal::Pairs(pairs) => {
            let pairs: Vec<String> = pairs
                .iter()
                .map(|(k, v)| format!("{}={}", describe_bytes(k), describe_bytes(v)))
                .collect();
            format!("[{}]", pairs.join(", "))
        }
        Literal::Numbers(numbers) => {
            let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
            format!("[{}]", numbers.join(", "))
        }
    }
}

fn named_code(code: ReasonCode, name: Option<&str>) -> String {
    match name {
        Some(name) => format!("{code} {name}"),
        None => code.to_string(),
    }
}

fn describe_bytes(bytes: &Bytes) -> String {
    let shown = &bytes[..bytes.len().min(SHOWN_BYTES)];
    let rest = if bytes.len() > SHOWN_BYTES {
        format!("… ({} bytes)", bytes.len())
    } else {
        String::new()
    };
    let printable = std::str::from_utf8(shown)
        .ok()
        .filter(|text| text.chars().all(|c| !c.is_control()));
    match printable {
        Some(text) => format!("{text:?}{rest}"),
        None => {
            let hex: Vec<String> = shown.iter().map(|b| format!("{b:02x}")).collect();
            format!("0x{}{rest}", hex.concat())
        }
    }
}

/// Describes a matcher. With a play's memory, names are shown with their values.
pub(super) fn describe_matcher(
    matcher: &Matcher,
    packet: PacketType,
    version: ProtocolVersion,
    play: Option<(&Memory, ClientIndex)>,
) -> String {
    let inner = |m: &Matcher| describe_matcher(m, packet, version, play);
    match matcher {
        Matcher::Is(expr) => describe_expr(expr, packet, version, play),
        Matcher::Absent => "absent".to_owned(),
        Matcher::Present => "present".to_owned(),
        Matcher::Not(m) => format!("not {}", inner(m)),
        Matcher::OneOf(all) => all.iter().map(inner).collect::<Vec<_>>().join(" or "),
        Matcher::Between { at_least, at_most } => {
            let bound = |e: &Expr| describe_expr(e, packet, version, play);
            match (at_least, at_most) {
                (Some(a), Some(b)) => format!("from {} to {}", bound(a), bound(b)),
                (Some(a), None) => format!("at least {}", bound(a)),
                (None, Some(b)) => format!("at most {}", bound(b)),
                (None, None) => "any number".to_owned(),
            }
        }
        Matcher::StartsWith(prefix) => format!("starting with {}", describe_bytes(prefix)),
        Matcher::Success => "a success reason code".to_owned(),
        Matcher::Granted(asked) => {
            let each = asked.iter().map(|qos| {
                let granted = Literal::Reason(ReasonCode(*qos));
                let granted = describe_literal(&granted, packet, version);
                match qos {
                    0 => granted,
                    _ => format!("{granted} or less"),
                }
            });
            format!("[{}]", each.collect::<Vec<_>>().join(", "))
        }
        Matcher::Successes(count) => format!("{count} success reason codes"),
        Matcher::Each(all) => {
            let all: Vec<_> = all.iter().map(inner).collect();
            format!("[{}]", all.join(", "))
        }
        Matcher::Includes(pairs) => format!(
            "including {}",
            describe_literal(&Literal::Pairs(pairs.clone()), packet, version)
        ),
        Matcher::ScramChallenge(_) => {
            format!("a challenge of {MECHANISM} to the client's first message")
        }
        Matcher::ScramSignature(_) => "the signature of a server that knows the password".into(),
        Matcher::Set(numbers) => format!(
            "{} in any order",
            describe_literal(&Literal::Numbers(numbers.clone()), packet, version)
        ),
    }
}

fn describe_expr(
    expr: &Expr,
    packet: PacketType,
    version: ProtocolVersion,
    play: Option<(&Memory, ClientIndex)>,
) -> String {
    let written = write_expr(expr, packet, version);
    if let (Some((memory, client)), false) = (play, matches!(expr, Expr::Literal(_)))
        && let Ok(value) = memory.evaluate(expr, client)
    {
        return format!("{} ({written})", describe_literal(&value, packet, version));
    }
    written
}

fn write_expr(expr: &Expr, packet: PacketType, version: ProtocolVersion) -> String {
    match expr {
        Expr::Literal(literal) => describe_literal(literal, packet, version),
        Expr::Name(name) => format!("${name}"),
        Expr::Connack { property, .. } => format!("$connack.{property}"),
        Expr::Arithmetic {
            left,
            operator,
            right,
        } => {
            let sign = match operator {
                Operator::Plus => '+',
                Operator::Minus => '-',
                Operator::Times => '*',
            };
            format!(
                "{} {sign} {}",
                write_expr(left, packet, version),
                write_expr(right, packet, version)
            )
        }
        Expr::Joined(parts) => parts
            .iter()
            .map(|p| write_expr(p, packet, version))
            .collect::<Vec<_>>()
            .concat(),
        Expr::ScramFinal(_) => format!("the client's final message of {MECHANISM}"),
        Expr::Size(size) => format!("{} bytes", write_expr(size, packet, version)),
        Expr::Repeated { text, times } => {
            let text = describe_literal(&Literal::Bytes(text.clone()), packet, version);
            format!("{} times {text}", write_expr(times, packet, version))
        }
    }
}
