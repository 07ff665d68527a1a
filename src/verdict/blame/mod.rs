//! Decides which clauses a finding cites. A clause belongs to what is wrong, not to the step that noticed it: of the
//! step's clauses, only those about the affected field or event count. If there is none, a table has a default.
//!
//! The input is what is wrong and what the step cites. The output is the clauses. Only advice may have none.

mod culprit;
mod event;
mod inbox;
mod malformed;
mod repeats;
mod retained;
mod several;
mod subscribed;
mod table;
mod unwanted;

use mqtt_check_codec::{Packet, PacketType, ProtocolVersion, QoS, ReasonCode};

pub(super) use event::Event;
pub(super) use inbox::{Inbox, is_late_connack};
pub(super) use malformed::{malformed, undecoded};
pub(super) use retained::Obsolete;
pub(super) use several::Counting;
pub(super) use table::Aspect;

use super::charge::{Charge, Rule};
use crate::matcher::Mismatch;
use crate::requirements;
use crate::scenario::model::{Expr, FieldMatch, Level, Literal, Matcher};

/// What is wrong, regardless of which step noticed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wrong {
    /// A field or an order that specific clauses are about.
    Aspect(Aspect),
    Event(Event),
    /// A decoding error, with its clause if it has one.
    Bytes(Option<&'static str>),
}

/// Returns the rule that is cited if nothing else is.
pub(super) fn default(event: Event, version: ProtocolVersion) -> Rule {
    event::default(event, version)
}

/// Returns the charge against the broker by a step that cites these clauses, in a case of this version.
pub(super) fn charge(
    level: Level,
    wrong: &[Wrong],
    cited: &[String],
    version: ProtocolVersion,
) -> Charge {
    // Advice may come from the scenario alone, without any clause.
    if level > Level::Must
        && cited.is_empty()
        && !wrong.iter().any(|w| matches!(w, Wrong::Bytes(_)))
    {
        return Charge::advice(level);
    }
    let otherwise = default(Event::Unreadable, version);
    Charge::violation(version, level, clauses(wrong, cited, version), otherwise)
}

/// Returns the clauses that are broken: those that the step cites about what is wrong, or the default.
fn clauses(wrong: &[Wrong], cited: &[String], version: ProtocolVersion) -> Vec<String> {
    if wrong.is_empty() {
        return cited.to_vec();
    }
    let mut found: Vec<String> = Vec::new();
    for wrong in wrong {
        for id in one(wrong, cited, version) {
            if !found.contains(&id) {
                found.push(id);
            }
        }
    }
    found
}

fn one(wrong: &Wrong, cited: &[String], version: ProtocolVersion) -> Vec<String> {
    let by_default = |event| vec![default(event, version).id().to_owned()];
    match wrong {
        Wrong::Bytes(Some(clause)) => vec![(*clause).to_owned()],
        Wrong::Bytes(None) => by_default(Event::Unreadable),
        // A wrong frame breaks its own rule, regardless of what was expected in it.
        Wrong::Event(event @ Event::FrameFault(_)) => by_default(*event),
        Wrong::Event(happened) => {
            let is_wide = |id: &&String| !table::is_narrow(id, version);
            let can_break = |id: &&String| event::can_break(*happened, id, version);
            let wide: Vec<String> = cited.iter().filter(is_wide).cloned().collect();
            let mut spoken: Vec<String> = wide.iter().filter(can_break).cloned().collect();
            // The default for an unwanted message is the rule on topics. The step's own clauses are closer.
            let is_unwanted = matches!(
                happened,
                Event::Extra(PacketType::PUBLISH)
                    | Event::Unsubscribed
                    | Event::Expired
                    | Event::Own
            );
            if spoken.is_empty() && is_unwanted {
                spoken = wide;
            }
            // A permission cannot be broken. If the step also cites binding clauses, a permission is not blamed alone.
            let is_binding = |id: &String| !is_permission(id, version);
            let is_left_out = cited.iter().any(is_binding) && !spoken.iter().any(is_binding);
            match spoken.is_empty() || is_left_out {
                true => by_default(*happened),
                false => spoken,
            }
        }
        Wrong::Aspect(aspect) => match table::clauses(*aspect, version) {
            None => cited.to_vec(),
            Some(clauses) => {
                let speaks = |id: &&String| {
                    clauses.own.contains(&id.as_str()) || clauses.shared.contains(&id.as_str())
                };
                let spoken: Vec<String> = cited.iter().filter(speaks).cloned().collect();
                let default = clauses.default.map(|rule| rule.id().to_owned());
                match spoken.is_empty() {
                    true => default.into_iter().collect(),
                    false => spoken,
                }
            }
        },
    }
}

/// Returns whether a clause only states what may be done.
fn is_permission(id: &str, version: ProtocolVersion) -> bool {
    requirements::find(version, id).is_some_and(|clause| clause.weight() == "may")
}

/// Returns what is wrong when a field is not as expected.
pub(super) fn field(
    packet: &Packet,
    expected: Option<&FieldMatch>,
    mismatch: &Mismatch,
    is_clean_start: bool,
) -> Wrong {
    let packet_type = packet.packet_type();
    let matcher = expected.map(|field| &field.matcher);
    let aspect = match (packet, mismatch.field.as_str()) {
        (Packet::ConnAck(connack), "session_present") => {
            match (
                connack.session_present,
                connack.reason == ReasonCode::SUCCESS,
            ) {
                (false, true) => Aspect::NotResumed,
                // Session Present must be 0 in a refusal, so the reason code is what is wrong.
                (false, false) => return Wrong::Event(Event::Refused),
                (true, false) => Aspect::PresentOnRefusal,
                (true, true) if is_clean_start => Aspect::PresentAfterCleanStart,
                (true, true) => Aspect::PresentWithoutSession,
            }
        }
        (Packet::ConnAck(connack), "reason") if connack.reason != ReasonCode::SUCCESS => {
            return Wrong::Event(Event::Refused);
        }
        (Packet::Publish(publish), "dup") => match (publish.dup, publish.qos) {
            (true, QoS::AtMostOnce) => Aspect::DupAtQos0,
            (true, _) => Aspect::DupOnFirst,
            (false, _) => Aspect::DupMissing,
        },
        (Packet::Publish(publish), "qos") => match matcher {
            Some(Matcher::Is(Expr::Literal(Literal::Number(due))))
                if u64::from(publish.qos.as_u8()) > *due =>
            {
                Aspect::QosRaised
            }
            _ => Aspect::QoS,
        },
        (Packet::Publish(publish), "retain") => match publish.retain {
            true => Aspect::RetainSet,
            false => Aspect::RetainMissing,
        },
        (Packet::Publish(_), "topic") => Aspect::Topic,
        (Packet::Publish(_), "packet_id") => match matcher {
            // The message has an identifier because its QoS is not 0.
            Some(Matcher::Absent) => Aspect::QosRaised,
            Some(Matcher::Is(Expr::Name(_) | Expr::Literal(Literal::Number(_)))) => {
                Aspect::IdChanged
            }
            _ => Aspect::IdInUse,
        },
        (Packet::Publish(_), name) => match of_message(name) {
            Some(aspect) => aspect,
            None => return Wrong::Event(Event::Field(packet_type)),
        },
        (Packet::SubAck(_) | Packet::UnsubAck(_), "packet_id") => Aspect::RequestId,
        (Packet::ConnAck(_) | Packet::Auth(_), "authentication_method") => Aspect::AuthMethod,
        (_, "packet_id") => Aspect::AckId,
        (_, "frame") => Aspect::Frame,
        _ => return Wrong::Event(Event::Field(packet_type)),
    };
    Wrong::Aspect(aspect)
}

/// Returns the aspect of a message's property, or of the frame that carries it.
fn of_message(name: &str) -> Option<Aspect> {
    Some(match name {
        "payload_format_indicator" => Aspect::PayloadFormat,
        "message_expiry_interval" => Aspect::MessageExpiry,
        "content_type" => Aspect::ContentType,
        "response_topic" => Aspect::ResponseTopic,
        "correlation_data" => Aspect::CorrelationData,
        "user_properties" => Aspect::UserProperties,
        "subscription_identifier" => Aspect::SubscriptionIdentifier,
        "topic_alias" | "topic_on_wire" => Aspect::TopicAlias,
        "frame" => Aspect::Frame,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use mqtt_check_codec::{ConnAck, Properties, ReasonCode};

    use super::*;

    fn cites(wrong: Wrong, cited: &[&str], version: ProtocolVersion) -> Vec<String> {
        let cited: Vec<String> = cited.iter().map(|id| (*id).to_owned()).collect();
        clauses(&[wrong], &cited, version)
    }

    #[test]
    fn a_clause_counts_only_for_what_it_speaks_of() {
        const V3: ProtocolVersion = ProtocolVersion::V3_1_1;
        const V5: ProtocolVersion = ProtocolVersion::V5;
        const SHARED: &str = "MQTT-4.8.2-4";
        const CLOSED: &str = "MQTT-4.13.1-1";
        let aspect = Wrong::Aspect;
        let event = Wrong::Event;
        let extra = |packet| event(Event::Extra(packet));
        let answerless = || event(Event::Missing(PacketType::SUBACK));
        let refused = || event(Event::Refused);
        let lost = || event(Event::Missing(PacketType::PUBLISH));
        let unanswered = || event(Event::Missing(PacketType::CONNACK));
        let unacknowledged = || event(Event::Missing(PacketType::PUBREC));
        for (wrong, cited, version, expected) in [
            // Session Present under the clause that CONNACK comes first.
            (
                aspect(Aspect::NotResumed),
                "MQTT-3.2.0-1",
                V5,
                "MQTT-3.2.2-3",
            ),
            (
                aspect(Aspect::PresentAfterCleanStart),
                "MQTT-3.2.0-1",
                V3,
                "MQTT-3.2.2-1",
            ),
            (
                aspect(Aspect::NotResumed),
                "MQTT-3.1.2-23",
                V5,
                "MQTT-3.1.2-23",
            ),
            // DUP, and a lost message, under a clause on order.
            (
                aspect(Aspect::DupMissing),
                "MQTT-4.6.0-6",
                V3,
                "MQTT-3.3.1-1",
            ),
            (lost(), "MQTT-4.6.0-6", V3, "MQTT-4.5.0-1"),
            (lost(), "MQTT-3.1.2-8", V3, "MQTT-3.1.2-8"),
            // A message that was added to the session, but is not sent again or is received once too often.
            (event(Event::NotResent), "MQTT-4.5.0-1", V3, "MQTT-4.4.0-1"),
            (
                event(Event::Repeated(QoS::ExactlyOnce)),
                "MQTT-4.5.0-1",
                V3,
                "MQTT-4.3.3-1",
            ),
            // An unanswered CONNECT where the session was to be resumed.
            (unanswered(), "MQTT-3.1.2-4", V3, "MQTT-3.1.4-4"),
            (unanswered(), "MQTT-3.1.2-23", V5, "MQTT-3.1.4-5"),
            (unanswered(), "MQTT-3.1.2-6", V3, "MQTT-3.1.4-4"),
            (unanswered(), "MQTT-3.1.2-4", V5, "MQTT-3.1.4-5"),
            // An unacknowledged message with an unusual topic.
            (unacknowledged(), "MQTT-4.7.3-4", V3, "MQTT-4.3.3-2"),
            // QoS under another clause.
            (aspect(Aspect::QoS), "MQTT-4.5.0-1", V5, "MQTT-3.8.4-8"),
            (aspect(Aspect::QoS), "MQTT-3.3.1-3", V3, "MQTT-3.8.4-6"),
            // The options of a subscription that was replaced, or that overlaps others.
            (
                aspect(Aspect::RetainSet),
                "MQTT-3.8.4-3",
                V5,
                "MQTT-3.8.4-3",
            ),
            (aspect(Aspect::QoS), "MQTT-3.3.1-5", V5, "MQTT-3.3.1-5"),
            // A wrong topic through an alias.
            (aspect(Aspect::Topic), "MQTT-3.3.2-12", V5, "MQTT-3.3.2-3"),
            (
                event(Event::Missing(PacketType::PINGRESP)),
                "",
                V3,
                "MQTT-3.12.4-1",
            ),
            // The step expects silence: no messages, or nothing at all.
            (extra(PacketType::PUBLISH), SHARED, V5, SHARED),
            (extra(PacketType::PINGRESP), SHARED, V5, "MQTT-3.12.4-1"),
            (extra(PacketType::SUBACK), SHARED, V5, "MQTT-2.2.1-6"),
            (extra(PacketType::PINGREQ), SHARED, V5, "RULE-2.1.2-1"),
            (extra(PacketType::PINGREQ), CLOSED, V5, "RULE-2.1.2-1"),
            (extra(PacketType::PINGRESP), CLOSED, V5, CLOSED),
            (answerless(), "MQTT-4.8.2-2", V5, "MQTT-4.8.2-2"),
            // Clauses on the content of an answer, if there is no answer at all.
            (answerless(), "MQTT-3.8.4-5", V3, "MQTT-3.8.4-1"),
            (answerless(), "RULE-4.7.3-1", V5, "MQTT-3.8.4-1"),
            (
                event(Event::Missing(PacketType::UNSUBACK)),
                "MQTT-3.11.3-1",
                V5,
                "MQTT-3.10.4-4",
            ),
            // A message that has never been sent cannot be sent again, and a retained message does not wait in a
            // session.
            (lost(), "MQTT-4.4.0-1", V5, "MQTT-4.5.0-1"),
            (
                event(Event::NotRetained),
                "MQTT-4.5.0-1",
                V3,
                "MQTT-3.3.1-6",
            ),
            (event(Event::Unsubscribed), "", V5, "MQTT-3.10.4-2"),
            // A refused CONNECT where a session was to be kept or begun.
            (refused(), "MQTT-3.1.2-23", V5, "MQTT-3.1.4-5"),
            (refused(), "MQTT-3.1.2-6", V5, "MQTT-3.1.2-6"),
            (
                aspect(Aspect::AuthMethod),
                "MQTT-4.12.0-4",
                V5,
                "MQTT-4.12.0-5",
            ),
            // In 3.1.1, no server sends DISCONNECT.
            (
                extra(PacketType::DISCONNECT),
                "MQTT-4.8.0-1",
                V3,
                "RULE-2.2.1-1",
            ),
        ] {
            let cited: &[&str] = match cited {
                "" => &[],
                cited => &[cited],
            };
            assert_eq!(
                cites(wrong.clone(), cited, version),
                [expected],
                "{wrong:?}"
            );
        }
    }

    #[test]
    fn a_permission_alone_cannot_be_broken() {
        let unanswered = || Wrong::Event(Event::Missing(PacketType::SUBACK));
        let cited = ["RULE-3.8.4-1", "MQTT-3.3.1-9"];
        let found = cites(unanswered(), &cited, ProtocolVersion::V5);
        assert_eq!(found, ["MQTT-3.8.4-1"]);
        let found = cites(unanswered(), &cited[..1], ProtocolVersion::V5);
        assert_eq!(found, cited[..1]);
    }

    #[test]
    fn a_wrong_frame_is_blamed_by_its_own_rule() {
        use mqtt_check_websocket::Fault;
        let cited = ["MQTT-6.0.0-2", "RFC 6455, 5.4"];
        for (fault, expected) in [
            (Fault::Text, "MQTT-6.0.0-1"),
            (Fault::NothingToContinue, "MQTT-6.0.0-1"),
            (Fault::Masked, "RFC 6455, 5.1"),
        ] {
            let wrong = Wrong::Event(Event::FrameFault(fault));
            assert_eq!(cites(wrong, &cited, ProtocolVersion::V5), [expected]);
        }
    }

    #[test]
    fn a_rule_of_another_standard_counts_beside_a_clause() {
        let wrong = Wrong::Event(Event::StayedOpen);
        let cited = ["MQTT-6.0.0-1", "RFC 6455, 5.4"];
        assert_eq!(cites(wrong, &cited, ProtocolVersion::V5), cited);
    }

    #[test]
    fn each_mistake_cites_its_own_clause() {
        let wrong = [
            Wrong::Aspect(Aspect::DupMissing),
            Wrong::Aspect(Aspect::QoS),
        ];
        let cited = ["MQTT-3.3.1-1".to_owned()];
        assert_eq!(
            clauses(&wrong, &cited, ProtocolVersion::V5),
            ["MQTT-3.3.1-1", "MQTT-3.8.4-8"]
        );
    }

    #[test]
    fn a_refused_connect_is_not_blamed_on_session_present() {
        let connack = |reason| {
            Packet::ConnAck(ConnAck {
                session_present: false,
                reason,
                properties: Properties::new(),
            })
        };
        let mismatch = Mismatch {
            field: "session_present".to_owned(),
            expected: "true".to_owned(),
            actual: "false".to_owned(),
        };
        for (reason, expected) in [
            (ReasonCode::SUCCESS, "MQTT-3.2.2-3"),
            (ReasonCode::SERVER_BUSY, "MQTT-3.1.4-5"),
        ] {
            let wrong = field(&connack(reason), None, &mismatch, false);
            let cited = cites(wrong, &["MQTT-3.2.2-3"], ProtocolVersion::V5);
            assert_eq!(cited, [expected]);
        }
    }
}
