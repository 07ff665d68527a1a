use super::fixture::{takeover_plan, takeover_record, takeover_record_without_disconnect};
use mqtt_check_codec::{Packet, PacketId, ProtocolVersion};

use super::*;
use crate::transcript::HookSource;

const RIGHT: &str = "\
- first: connect
  first > CONNECT clean_start=1 keep_alive=0 client_id=\"shared\" password=<password>
  first < CONNACK reason=success | session_present=0 topic_alias_maximum=<limit>
- first: { subscribe: test/topic }
  first > SUBSCRIBE packet_id=1 filter=\"test/topic\" qos=1
  first < SUBACK reasons=granted_qos_1 | packet_id=1
- first: { expect: { publish: { payload: Hello 0 } } }
  first < PUBLISH payload=\"Hello 0\" | qos=1 topic=\"test/topic\" packet_id=#1 after=2s
    first > PUBACK packet_id=#1 reason=success
- second: connect
  second > CONNECT clean_start=1 keep_alive=0 client_id=\"shared\" password=<password>
  second < CONNACK reason=success | session_present=0 topic_alias_maximum=<limit>
- first: { expect: { disconnect: { reason: session_taken_over } } }
  first < DISCONNECT reason=session_taken_over | reason_string=<text>
~ first: { expect: closed }
  first < closed | by=close
- hooks: [session.created, client.connected]
  hook session.created client=shared
  hook client.connected client=shared | connack=success
  hook session.created client=shared
  hook client.connected client=shared | connack=success
hooks
  hook message.publish client=x payload=\"Hello 1\"
";

#[test]
fn writes_received_packets_under_the_steps_that_took_them() {
    let plan = takeover_plan();
    assert_eq!(record(&plan, &takeover_record(&plan), None), RIGHT);
}

#[test]
fn shows_outcomes_and_what_was_left_over() {
    let plan = takeover_plan();
    let text = record(&plan, &takeover_record_without_disconnect(&plan), None);
    let end = text
        .split_once("- first: { expect: { disconnect")
        .map(|s| s.1);
    assert_eq!(
        end,
        Some(
            ": { reason: session_taken_over } } }
  = first: reset while waiting
~ first: { expect: closed }
  first < closed | by=reset
- hooks: [session.created, client.connected]
  hook session.created client=shared
  hook client.connected client=shared | connack=success
  hook session.created client=shared
  hook client.connected client=shared | connack=success
left over
  second < DISCONNECT reason=unspecified_error
  second < closed | by=close
"
        )
    );
}

#[test]
fn the_reduced_record_knows_only_what_steps_bind() {
    let plan = takeover_plan();
    let shows = HookSource::All;
    let right = reduce(&record(&plan, &takeover_record(&plan), None), &shows);
    assert!(right.contains("\n  first < PUBLISH payload=\"Hello 0\"\n- second: connect"));
    assert!(!right.contains("PUBACK") && !right.contains("closed |") && !right.contains(" > "));
    let wrong = record(&plan, &takeover_record_without_disconnect(&plan), None);
    assert_ne!(reduce(&wrong, &shows), right);
}

#[test]
fn a_control_is_a_second_section() {
    let mut plan = takeover_plan();
    plan.control = Some(crate::plan::PlannedControl {
        settings: plan.scene.settings.clone(),
        required: plan.scene.required.clone(),
        steps: plan.steps[..3].to_vec(),
        expect: Vec::new(),
    });
    let scene = takeover_record(&plan);
    let text = record(&plan, &scene, Some(&scene));
    let (whole, control) = text.split_once("\ncontrol\n").expect("a section");
    assert_eq!(format!("{whole}"), RIGHT);
    assert!(control.starts_with("- first: connect\n  first > CONNECT"));
    let shows = HookSource::All;
    assert_eq!(reduce(&text, &shows), reduce(RIGHT, &shows));
}

#[test]
fn an_id_without_a_packet_is_still_assigned() {
    let plan = takeover_plan();
    let mut transcript = takeover_record(&plan);
    for event in &mut transcript.events {
        if let What::Sent {
            packet: Some(Packet::Connect(connect)),
            ..
        } = &mut event.what
        {
            connect.client_id = "".into();
        }
    }
    let text = record(&plan, &transcript, None);
    assert!(
        text.contains("hook session.created client=<assigned>\n"),
        "{text}"
    );
    assert!(
        text.contains("hook message.publish client=<assigned-2> "),
        "{text}"
    );
}

/// Creates a play after whose steps the first client received a message, and received it `times` more often without
/// acknowledging it.
fn with_a_message_again(version: ProtocolVersion, times: usize) -> (Plan, Transcript) {
    let plan = takeover_plan();
    let mut transcript = takeover_record(&plan);
    let mut event = transcript
        .events
        .iter()
        .find(|event| {
            matches!(
                &event.what,
                What::Received {
                    packet: Ok(Packet::Publish(_)),
                    ..
                }
            )
        })
        .expect("a message")
        .clone();
    event.taken_by = None;
    transcript.lanes[event.lane.0].version = version;
    for n in 0..=times {
        if let What::Received {
            packet: Ok(Packet::Publish(publish)),
            ..
        } = &mut event.what
        {
            publish.packet_id = PacketId::new(9);
            publish.dup = n > 0;
        }
        transcript.events.push(event.clone());
    }
    (plan, transcript)
}

#[test]
fn writes_permitted_retransmissions_once() {
    let of = |times| {
        let (plan, transcript) = with_a_message_again(ProtocolVersion::V3_1_1, times);
        record(&plan, &transcript, None)
    };
    let once = of(1);
    let (_, end) = once.split_once("left over\n").expect("what was left over");
    let (over, again) = end.split_once("sent again\n").expect("what was sent again");
    assert_eq!(over.lines().count(), 1, "{end}");
    assert!(!over.contains("dup=1"), "{over}");
    assert_eq!(
        again.lines().filter(|line| line.contains("dup=1")).count(),
        1,
        "{again}"
    );
    assert_eq!(of(5), once);
    assert!(!of(0).contains("sent again"));
    let shows = HookSource::All;
    assert_eq!(reduce(&of(0), &shows), reduce(&once, &shows));
}

#[test]
fn writes_every_forbidden_retransmission_as_left_over() {
    let of = |times| {
        let (plan, transcript) = with_a_message_again(ProtocolVersion::V5, times);
        let text = record(&plan, &transcript, None);
        assert!(!text.contains("sent again"), "{text}");
        reduce(&text, &HookSource::All)
    };
    assert_eq!(
        of(3).matches("< PUBLISH").count(),
        of(0).matches("< PUBLISH").count() + 3
    );
}
