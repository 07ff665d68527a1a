//! WebSocket events: answers to an upgrade, and control frames.

use bytes::Bytes;
use mqtt_check_codec::ProtocolVersion;
use mqtt_check_websocket::{Answer, Control, Opcode};

use super::*;
use crate::diagnostic::Place;
use crate::scenario::model::{
    ClientIndex, Expectation, Expr, FieldMatch, FramePattern, Literal, Matcher, Pattern,
};
use crate::transcript::EventIndex;

pub(super) const PLACE: Place = Place {
    line: 1,
    column: 1,
    length: 1,
};

/// Expects the pattern once, now.
pub(super) fn expectation(pattern: Pattern) -> Expectation {
    Expectation::once(pattern, PLACE)
}

fn is(name: &str, value: Literal) -> FieldMatch {
    FieldMatch {
        name: name.into(),
        matcher: Matcher::Is(Expr::Literal(value)),
        place: PLACE,
    }
}

fn word(word: &str) -> Literal {
    Literal::Bytes(Bytes::copy_from_slice(word.as_bytes()))
}

fn absent(name: &str) -> FieldMatch {
    FieldMatch {
        name: name.into(),
        matcher: Matcher::Absent,
        place: PLACE,
    }
}

fn frame(opcode: Opcode, fields: Vec<FieldMatch>) -> Pattern {
    Pattern::Frame(FramePattern { opcode, fields })
}

fn answer(status: u16, protocol: Option<&str>) -> Answer {
    Answer {
        status,
        reason: String::new(),
        protocol: protocol.map(str::to_owned),
        problem: None,
    }
}

/// Returns the index of the event that is taken, if any. `strict` is set for alternatives.
fn taken(pattern: Pattern, events: &[WebSocketEvent<'_>], strict: bool) -> Option<usize> {
    let inbox = Inbox {
        client: ClientIndex(0),
        offers: Vec::new(),
        websocket_events: (0..).map(EventIndex).zip(events.iter().copied()).collect(),
        version: ProtocolVersion::V5,
        ended: None,
        packet_id: None,
        is_final: true,
        strict,
    };
    let expectation = expectation(pattern);
    match take(&expectation, &inbox, &Memory::default()) {
        Taking::Complete(taken) => taken.events.first().map(|event| event.0),
        _ => None,
    }
}

fn mismatches(fields: &[FieldMatch], event: &WebSocketEvent<'_>) -> Vec<String> {
    let mut memory = Memory::default();
    let version = ProtocolVersion::V5;
    judge_websocket_event(fields, event, version, ClientIndex(0), &mut memory)
        .into_iter()
        .map(|wrong| format!("{}: {}, not {}", wrong.field, wrong.actual, wrong.expected))
        .collect()
}

#[test]
fn takes_the_first_frame_of_the_requested_type() {
    let (ping, first, second) = (
        Control::Ping(Bytes::from_static(b"x")),
        Control::Pong(Bytes::from_static(b"a")),
        Control::Pong(Bytes::from_static(b"b")),
    );
    let upgrade = answer(101, Some("mqtt"));
    let events = [
        WebSocketEvent::Upgrade(&upgrade),
        WebSocketEvent::Control(&ping),
        WebSocketEvent::Control(&first),
        WebSocketEvent::Control(&second),
    ];
    assert_eq!(taken(frame(Opcode::PONG, vec![]), &events, false), Some(2));
    assert_eq!(taken(frame(Opcode::PING, vec![]), &events, false), Some(1));
    assert_eq!(taken(frame(Opcode::CLOSE, vec![]), &events, false), None);
    assert_eq!(taken(Pattern::Upgrade(vec![]), &events[1..], false), None);
    assert_eq!(taken(Pattern::Upgrade(vec![]), &events, false), Some(0));
}

#[test]
fn among_alternatives_takes_only_full_matches() {
    let (first, second) = (
        Control::Pong(Bytes::from_static(b"a")),
        Control::Pong(Bytes::from_static(b"b")),
    );
    let events = [
        WebSocketEvent::Control(&first),
        WebSocketEvent::Control(&second),
    ];
    let pong = |payload| frame(Opcode::PONG, vec![is("payload", word(payload))]);
    assert_eq!(taken(pong("b"), &events, true), Some(1));
    assert_eq!(taken(pong("c"), &events, true), None);
    // Otherwise the first frame is taken, and the verdict states what is wrong with it.
    assert_eq!(taken(pong("b"), &events, false), Some(0));
}

#[test]
fn holds_each_field_of_an_upgrade() {
    let selected = answer(101, Some("mqtt"));
    let none = answer(101, None);
    let refused = answer(400, None);
    let status = || is("status", Literal::Number(101));
    let mqtt = || is("subprotocol", word("mqtt"));
    let wrong =
        |fields: &[FieldMatch], answer| mismatches(fields, &WebSocketEvent::Upgrade(answer)).len();
    assert_eq!(wrong(&[status(), mqtt()], &selected), 0);
    assert_eq!(wrong(&[status(), absent("subprotocol")], &none), 0);
    assert_eq!(wrong(&[status(), mqtt()], &none), 1);
    assert_eq!(wrong(&[status(), absent("subprotocol")], &selected), 1);
    assert_eq!(wrong(&[status(), mqtt()], &refused), 2);
    assert_eq!(wrong(&[mqtt()], &answer(101, Some("MQTT"))), 1);
}

#[test]
fn an_upgrade_with_a_wrong_key_is_invalid() {
    let answer = Answer {
        problem: Some("the accept key is wrong"),
        ..answer(101, Some("mqtt"))
    };
    let fields = [is("status", Literal::Number(101))];
    assert_eq!(
        mismatches(&fields, &WebSocketEvent::Upgrade(&answer)),
        ["answer: none: the accept key is wrong, not an upgrade"]
    );
}

#[test]
fn holds_each_field_of_a_frame() {
    let bare = Control::Close(None);
    let coded = Control::Close(Some(1002));
    let code = || [is("code", Literal::Number(1002))];
    assert!(mismatches(&code(), &WebSocketEvent::Control(&coded)).is_empty());
    assert_eq!(
        mismatches(&code(), &WebSocketEvent::Control(&bare)).len(),
        1
    );
    assert!(mismatches(&[absent("code")], &WebSocketEvent::Control(&bare)).is_empty());
    let pong = Control::Pong(Bytes::from_static(b"x"));
    assert!(mismatches(&[is("payload", word("x"))], &WebSocketEvent::Control(&pong)).is_empty());
    let wrong = mismatches(&[is("payload", word("y"))], &WebSocketEvent::Control(&pong));
    assert_eq!(wrong.len(), 1, "{wrong:?}");
}
