use std::sync::Arc;

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use mqtt_check_codec::{Packet, PacketId, PacketType, Properties, ProtocolVersion, Publish, QoS};

use super::*;
use crate::outcome::{ComparedWith, Reviewed};
use crate::plan::{Body, Operation, Plan, StepIndex};
use crate::scenario::model::{Expr, FieldMatch, Literal, Matcher, Pattern};
use crate::transcript::text::fixture::{takeover_plan, takeover_record};
use crate::transcript::{EventIndex, Transcript, What};

use crate::verdict::{CaseResult, Charge, Verdict};

const V3: ProtocolVersion = ProtocolVersion::V3_1_1;
const V5: ProtocolVersion = ProtocolVersion::V5;

/// A finding at a given line of its scenario.
fn finding(version: ProtocolVersion, line: u32, clause: &str, symptom: Symptom) -> Finding {
    let mut place = takeover_plan().scene.steps[0].place;
    (place.line, place.column) = (line, 5);
    Finding {
        charge: match clause {
            "" => Charge::remark(),
            clause => Charge::must(version, clause),
        },
        expected: vec!["PUBACK with packet_id 7".into()],
        actual: "it did not come".into(),
        step: Some(StepIndex(1)),
        label: "publish".into(),
        place: Some(place),
        note: None,
        events: Vec::new(),
        is_slow: false,
        is_late: false,
        symptom,
        repeats: 0,
    }
}

fn result(plan: &Plan, id: &str, version: ProtocolVersion, findings: Vec<Finding>) -> CaseResult {
    let (path, row) = match id.split_once('[') {
        Some((path, row)) => (path, Some(row.trim_end_matches(']').to_owned())),
        None => (id, None),
    };
    CaseResult {
        id: CaseId {
            path: path.to_owned(),
            row,
            version,
        },
        title: String::new(),
        file: format!("scenarios/{path}.yaml"),
        verdict: Verdict::Failed,
        clauses: Vec::new(),
        findings,
        choices: Vec::new(),
        measured: Vec::new(),
        transcript: Some(with_a_message(
            takeover_record(plan),
            QoS::AtLeastOnce,
            "a/topic",
        )),
        control: None,
        began: None,
        wall: Duration::ZERO,
        virtual_time: Duration::ZERO,
        late: None,
        plays: 1,
        in_outage: false,
        came_late: None,
        alone: None,
        summary: crate::verdict::CaseSummary::default(),
    }
}

/// Adds a message that `first` sends at the end and that the broker never acknowledges.
fn with_a_message(mut record: Transcript, qos: QoS, topic: &str) -> Transcript {
    let sent = record.events.iter().find(|event| {
        matches!(event.what, What::Sent { .. }) && record.lanes[event.lane.0].client.0 == 0
    });
    let mut event = sent.expect("it sends something").clone();
    event.at = record.events.last().expect("an event").at;
    event.what = What::Sent {
        bytes: Bytes::new(),
        packet: Some(Packet::Publish(Publish {
            dup: false,
            qos,
            retain: false,
            topic: topic.into(),
            packet_id: (qos != QoS::AtMostOnce).then_some(PacketId::MIN),
            properties: Properties::new(),
            payload: Bytes::new(),
        })),
        automatic: false,
    };
    record.events.push(event);
    record
}

fn concluded<'a>(plan: &'a Plan, result: &'a CaseResult) -> Concluded<'a> {
    let reviewed = Reviewed::default();
    Concluded {
        plan,
        result,
        outcome: ComparedWith::Nothing.decide((plan, result), &reviewed, None, None),
    }
}

/// Runs `causes` on cases. Returns the clauses of each cause, its cases, and the number of likely cases.
fn causes_of(
    results: &[(&str, ProtocolVersion, Vec<Finding>)],
) -> Vec<(String, Vec<String>, usize)> {
    let plan = takeover_plan();
    let results: Vec<CaseResult> = results
        .iter()
        .map(|(id, version, findings)| result(&plan, id, *version, findings.clone()))
        .collect();
    let cases: Vec<Concluded<'_>> = results.iter().map(|r| concluded(&plan, r)).collect();
    causes(&cases, None)
        .iter()
        .map(|cause| {
            let clauses: Vec<&str> = cause.clauses.iter().map(|c| c.id.as_str()).collect();
            let cases = cause.cases.iter().map(|c| c.case.result.id.to_string());
            (clauses.join(" "), cases.collect(), cause.likely.len())
        })
        .collect()
}

fn no(packet_type: PacketType) -> Symptom {
    Symptom::no(packet_type)
}

#[test]
fn groups_findings_of_one_defect() {
    let puback = |v, line, clause| vec![finding(v, line, clause, no(PacketType::PUBACK))];
    let found = causes_of(&[
        ("qos/a[x]", V5, puback(V5, 3, "MQTT-4.3.2-4")),
        ("qos/a[y]", V5, puback(V5, 3, "MQTT-4.3.2-4")),
        ("retain/b", V5, puback(V5, 9, "MQTT-4.3.2-4")),
        // The same step in the other version cites the statement of that version.
        ("retain/b", V3, puback(V3, 9, "MQTT-4.3.2-2")),
        ("will/c", V3, puback(V3, 1, "MQTT-4.3.2-2")),
    ]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "MQTT-4.3.2-4 MQTT-4.3.2-2");
    assert_eq!(found[0].1.len(), 5);
}

#[test]
fn names_the_clause_of_the_example_first() {
    let puback = |v, clause| vec![finding(v, 9, clause, no(PacketType::PUBACK))];
    let mut more = puback(V5, "MQTT-4.3.2-4");
    more.push(finding(V5, 9, "MQTT-4.3.2-4", no(PacketType::PUBACK)));
    let found = causes_of(&[
        ("retain/b", V5, more),
        ("retain/b", V3, puback(V3, "MQTT-4.3.2-2")),
    ]);
    assert_eq!(found.len(), 1, "{found:?}");
    // The finding of 3.1.1 comes second, but its case has one finding, so it is the example.
    assert_eq!(found[0].1[0], "retain/b@3.1.1");
    assert_eq!(found[0].0, "MQTT-4.3.2-2 MQTT-4.3.2-4");
}

#[test]
fn does_not_group_different_clauses_or_packets() {
    let one = |clause, symptom| vec![finding(V5, 3, clause, symptom)];
    let found = causes_of(&[
        ("qos/a", V5, one("MQTT-4.3.2-4", no(PacketType::PUBACK))),
        ("qos/b", V5, one("MQTT-4.3.3-8", no(PacketType::PUBREC))),
        ("qos/c", V5, one("MQTT-4.5.0-1", no(PacketType::PUBLISH))),
        (
            "qos/d",
            V5,
            one("MQTT-4.5.0-1", Symptom::extra(PacketType::PUBLISH)),
        ),
    ]);
    assert_eq!(found.len(), 4, "{found:?}");
}

#[test]
fn does_not_group_by_an_error_handling_clause() {
    let open = |clause| vec![finding(V5, 3, clause, Symptom::open_connection())];
    let found = causes_of(&[
        ("packets/a", V5, open("MQTT-4.13.1-1")),
        ("packets/b", V5, open("MQTT-4.13.1-1")),
    ]);
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn folds_what_follows_from_a_lost_session() {
    let lost = finding(V5, 3, "MQTT-3.2.2-3", Symptom::lost_session());
    let nothing = finding(V5, 4, "MQTT-4.5.0-1", no(PacketType::PUBLISH));
    let other = finding(V5, 5, "MQTT-3.12.4-1", no(PacketType::PINGRESP));
    let of = |mut finding: Finding, event| {
        finding.events = vec![EventIndex(event)];
        finding
    };
    // Events 1 and 2 are on one connection.
    let found = causes_of(&[(
        "session/a",
        V5,
        vec![of(lost, 1), of(nothing, 1), of(other, 1)],
    )]);
    let clauses: Vec<&str> = found
        .iter()
        .map(|(clauses, _, _)| clauses.as_str())
        .collect();
    assert_eq!(clauses, ["MQTT-3.2.2-3", "MQTT-3.12.4-1"]);
}

#[test]
fn folds_what_follows_from_a_refusal_and_not_from_another_wrong_field() {
    let of = |clause, symptom| {
        let mut finding = finding(V5, 3, clause, symptom);
        finding.events = vec![EventIndex(1)];
        finding
    };
    let sizes = |packet_type, field| {
        let before = of("MQTT-3.2.2-16", Symptom::differing(packet_type, field));
        let after = of("MQTT-4.5.0-1", no(PacketType::PUBLISH));
        causes_of(&[("connect/a", V5, vec![before, after])]).len()
    };
    assert_eq!(sizes(PacketType::SUBACK, "reasons"), 1);
    assert_eq!(sizes(PacketType::CONNACK, "reason"), 1);
    assert_eq!(sizes(PacketType::CONNACK, "receive_maximum"), 2);
    assert_eq!(sizes(PacketType::SUBACK, "packet_id"), 2);
    assert_eq!(sizes(PacketType::PUBACK, "reason"), 2);
}

/// A finding without a clause, about this event.
fn remark(symptom: Symptom, event: usize) -> Finding {
    let mut finding = finding(V5, 9, "", symptom);
    finding.events = vec![EventIndex(event)];
    finding
}

#[test]
fn folds_findings_without_a_clause_only_for_a_reason() {
    let plan = takeover_plan();
    let record = takeover_record(&plan);
    let ends = record.events.iter().position(|event| {
        matches!(&event.what, What::Received { frame, .. } if frame.packet_type() == PacketType::DISCONNECT)
    });
    let ends = ends.expect("a takeover ends a connection");
    let lane = record.events[ends].lane;
    let on_lane = record.events.iter().position(|e| e.lane == lane);
    let elsewhere = record.events[..ends].iter().position(|e| e.lane != lane);
    let broken = |event: Option<usize>| {
        let mut finding = finding(V5, 3, "MQTT-4.3.2-4", no(PacketType::PUBACK));
        finding.events = vec![EventIndex(event.expect("an event"))];
        finding
    };
    let sizes = |findings: Vec<Finding>| causes_of(&[("qos/a", V5, findings)]).len();
    let extra = |t| Symptom::extra(t);
    // The broker closed the connection on which it had done something wrong.
    let end = || remark(Symptom::default(), ends);
    assert_eq!(sizes(vec![end(), broken(on_lane)]), 1);
    assert_eq!(sizes(vec![end(), broken(elsewhere)]), 2);
    // A message that was asked for, after a fault. A PUBREL does not follow from a fault.
    let last = record.events.len() - 1;
    let message = || remark(extra(PacketType::PUBLISH), last);
    assert_eq!(sizes(vec![message(), broken(on_lane)]), 1);
    let pubrel = || remark(extra(PacketType::PUBREL), elsewhere.expect("an event"));
    assert_eq!(sizes(vec![pubrel(), broken(on_lane)]), 2);
    // A packet that was received before the fault does not follow from it.
    let first = remark(extra(PacketType::PUBLISH), 0);
    assert_eq!(sizes(vec![first, broken(Some(last))]), 2);
}

#[test]
fn says_why_a_finding_is_listed_under_another() {
    let lost = finding(V5, 3, "MQTT-3.2.2-3", Symptom::lost_session());
    let nothing = finding(V5, 4, "MQTT-4.5.0-1", no(PacketType::PUBLISH));
    let plan = takeover_plan();
    let result = result(&plan, "session/a", V5, vec![lost, nothing]);
    let concluded = [concluded(&plan, &result)];
    let causes = causes(&concluded, None);
    let reasons: Vec<(Because, usize)> = causes[0]
        .reasons()
        .into_iter()
        .map(|(because, cases)| (because, cases.len()))
        .collect();
    assert_eq!(reasons, [(Because::SessionLost, 1)]);
    let words: BTreeSet<String> = Because::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(words.len(), Because::ALL.len());
}

#[test]
fn folds_a_missing_message_under_its_own_missing_acknowledgement() {
    let plan = takeover_plan();
    let none = finding(V5, 3, "MQTT-4.3.2-4", no(PacketType::PUBACK));
    let mut message = finding(V5, 4, "MQTT-4.5.0-1", no(PacketType::PUBLISH));
    let size = |message: &Finding, qos, topic| {
        let mut result = result(&plan, "qos/a", V5, vec![none.clone(), message.clone()]);
        result.transcript = Some(with_a_message(takeover_record(&plan), qos, topic));
        causes(&[concluded(&plan, &result)], None).len()
    };
    // Its step names no topic.
    assert_eq!(size(&message, QoS::AtLeastOnce, "a/topic"), 1);
    // A message with QoS 0 has no acknowledgement that could be missing.
    assert_eq!(size(&message, QoS::AtMostOnce, "a/topic"), 2);
    // The step waits for a message of one topic.
    message.step = Some(StepIndex(2));
    let mut named = plan.clone();
    let topic = FieldMatch {
        name: "topic".into(),
        matcher: Matcher::Is(Expr::Literal(Literal::Bytes("a/topic".into()))),
        place: plan.steps[2].step.place,
    };
    let Body::Client { operations, .. } = &mut named.steps[2].body else {
        panic!("a client's step");
    };
    let Some(Operation::Await(awaited)) = Arc::make_mut(operations).first_mut() else {
        panic!("it waits");
    };
    let Pattern::Packet(pattern) = &mut awaited.expectation.pattern else {
        panic!("it waits for a packet");
    };
    pattern.fields.push(topic);
    let size = |topic| {
        let mut result = result(&named, "qos/a", V5, vec![none.clone(), message.clone()]);
        let record = takeover_record(&named);
        result.transcript = Some(with_a_message(record, QoS::AtLeastOnce, topic));
        causes(&[concluded(&named, &result)], None).len()
    };
    assert_eq!(size("a/topic"), 1);
    assert_eq!(size("another/topic"), 2);
}

#[test]
fn puts_a_case_with_nothing_but_a_consequence_under_its_cause() {
    let puback = || finding(V5, 3, "MQTT-4.3.2-4", no(PacketType::PUBACK));
    let message = |line| finding(V5, line, "MQTT-4.5.0-1", no(PacketType::PUBLISH));
    let found = causes_of(&[
        ("qos/a[x]", V5, vec![puback(), message(4)]),
        ("qos/a[y]", V5, vec![message(4)]),
        ("qos/b", V5, vec![message(4)]),
    ]);
    let sizes: Vec<(usize, usize)> = found
        .iter()
        .map(|(_, c, likely)| (c.len(), *likely))
        .collect();
    assert_eq!(sizes, [(1, 1), (1, 0)], "{found:?}");
}

#[test]
fn puts_the_worst_first() {
    let one = |clause, symptom| vec![finding(V5, 3, clause, symptom)];
    let found = causes_of(&[
        ("a/a", V5, one("MQTT-3.4.2-1", no(PacketType::PUBACK))),
        ("a/b", V5, one("MQTT-3.12.4-1", no(PacketType::PINGRESP))),
        ("a/c", V5, one("MQTT-3.1.2-8", no(PacketType::PUBLISH))),
        ("a/d", V5, one("MQTT-4.3.3-10", no(PacketType::PUBREC))),
    ]);
    let clauses: Vec<&str> = found
        .iter()
        .map(|(clauses, _, _)| clauses.as_str())
        .collect();
    assert_eq!(
        clauses,
        [
            "MQTT-4.3.3-10",
            "MQTT-3.1.2-8",
            "MQTT-3.12.4-1",
            "MQTT-3.4.2-1"
        ]
    );
}
