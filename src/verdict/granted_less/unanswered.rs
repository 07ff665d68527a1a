//! Subscriptions and messages that were never acknowledged. What became of them is unknown. The missing answer is a
//! separate finding.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;
use mqtt_check_codec::{Packet, PacketId, Publish, ReasonCode};

use super::given::{Asked, Grant, LesserGrant, MessageFate, unknown};
use super::{received, sent};
use crate::transcript::{EventIndex, LaneIndex, Transcript, What};

/// How soon a broker ends a connection because of a packet that it refuses in this way.
const AT_ONCE: Duration = Duration::from_secs(1);

const STRAYED: &str = "the server answered a SUBSCRIBE with another packet identifier";

/// Returns the subscriptions whose SUBACK is missing or has another identifier. A broker that ends the connection at
/// once has answered.
pub(super) fn subscriptions(
    transcript: &Transcript,
    asked: BTreeMap<LaneIndex, Asked>,
) -> impl Iterator<Item = LesserGrant> {
    let each = asked.into_iter().flat_map(|(lane, asked)| {
        let Asked {
            filters, strays, ..
        } = asked;
        let each = filters.into_values();
        each.map(move |(at, filters)| {
            let after = strays.iter().copied().filter(|stray| *stray > at);
            (lane, at, after.collect::<Vec<_>>(), filters)
        })
    });
    let open = each.filter(move |(lane, at, ..)| !is_refused(transcript, *lane, *at));
    open.flat_map(|(lane, at, strays, filters)| {
        let unanswered = std::iter::once((at, "the server did not answer a SUBSCRIBE"));
        let strayed = strays.into_iter().map(|stray| (stray, STRAYED));
        unanswered.chain(strayed).flat_map(move |(at, why)| {
            let each = unknown(filters.clone(), why);
            each.map(move |(why, what)| LesserGrant {
                why,
                lane,
                at,
                what,
            })
        })
    })
}

/// Returns whether the broker ended the connection at once, after at most its DISCONNECT. Any other packet shows that
/// something else has ended the connection.
fn is_refused(transcript: &Transcript, lane: LaneIndex, at: EventIndex) -> bool {
    let asked = transcript.events[at.0].at;
    let mut after = transcript.events[at.0..]
        .iter()
        .filter(|event| event.lane == lane);
    let next = after.find(|event| match &event.what {
        What::Closed(_) | What::Dropped(_) => true,
        what => received(what).is_some_and(|packet| !matches!(packet, Packet::Disconnect(_))),
    });
    next.is_some_and(|end| matches!(end.what, What::Closed(_)) && end.at < asked + AT_ONCE)
}

/// Returns the messages of QoS 1 and 2 without an acknowledgement. At least the connection of the first must have
/// stayed open for long enough. Leaves out messages of which another copy was acknowledged as accepted.
pub(super) fn messages(transcript: &Transcript) -> Vec<LesserGrant> {
    let mut open: BTreeMap<(LaneIndex, PacketId), (EventIndex, &Publish)> = BTreeMap::new();
    let mut over: BTreeMap<LaneIndex, Duration> = BTreeMap::new();
    let mut taken: Vec<(&ByteString, &Bytes)> = Vec::new();
    for (index, event) in transcript.events.iter().enumerate() {
        if let Some(Packet::Publish(publish)) = sent(&event.what)
            && let Some(id) = publish.packet_id
        {
            open.insert((event.lane, id), (EventIndex(index), publish));
        }
        if let Some(Packet::PubAck(ack) | Packet::PubRec(ack)) = received(&event.what)
            && let Some((_, publish)) = open.remove(&(event.lane, ack.packet_id))
            && ack.reason < ReasonCode::UNSPECIFIED_ERROR
        {
            taken.push((&publish.topic, &publish.payload));
        }
        if matches!(event.what, What::Closed(_) | What::Dropped(_)) {
            over.entry(event.lane).or_insert(event.at);
        }
    }
    // A wait that times out is not an event.
    let outcomes = transcript.steps.iter().flat_map(|step| &step.outcomes);
    let decided = outcomes.map(|outcome| outcome.at).max();
    let end = transcript.events.last().map(|event| event.at).max(decided);
    let end = end.unwrap_or(Duration::ZERO);
    open.retain(|_, (_, publish)| !taken.contains(&(&publish.topic, &publish.payload)));
    let waited_for = open.iter().filter(|((lane, _), (at, _))| {
        let until = over.get(lane).copied().unwrap_or(end);
        until >= transcript.events[at.0].at + AT_ONCE
    });
    let Some(first) = waited_for.map(|(_, (at, _))| *at).min() else {
        return Vec::new();
    };
    // Once the wait for one message has timed out, later messages are not waited for as long.
    let unanswered = open.into_iter().filter(|(_, (at, _))| *at >= first);
    unanswered
        .map(|((lane, _), (at, publish))| LesserGrant {
            why: "the server did not acknowledge a message".to_owned(),
            lane,
            at,
            what: Grant::message(publish, MessageFate::Unanswered),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use mqtt_check_codec::ProtocolVersion;

    use super::super::tests::{self, puback, record};
    use super::*;

    fn publish(id: u16, payload: &'static str) -> Packet {
        tests::publish(id, "a", payload)
    }

    /// Returns the payloads of the unanswered messages in a record of these packets, each a second after the one
    /// before.
    fn unanswered(packets: &[(bool, Packet)]) -> Vec<Bytes> {
        let mut transcript = record(ProtocolVersion::V5, packets);
        for (second, event) in transcript.events.iter_mut().enumerate() {
            event.at = AT_ONCE * u32::try_from(second).expect("a few");
        }
        let all = messages(&transcript).into_iter();
        all.map(|grant| match grant.what {
            Grant::Message { payload, fate, .. } => {
                assert_eq!(fate, MessageFate::Unanswered);
                payload
            }
            other => panic!("{other:?}"),
        })
        .collect()
    }

    #[test]
    fn an_unacknowledged_message_may_not_have_been_accepted() {
        let success = ReasonCode::SUCCESS;
        let answered = [(true, publish(1, "x")), (false, puback(1, success))];
        assert!(unanswered(&answered).is_empty());
        // A refusal is an answer, and a more informative one.
        let refused = puback(1, ReasonCode::NOT_AUTHORIZED);
        assert!(unanswered(&[(true, publish(1, "x")), (false, refused)]).is_empty());
        // An answer with another identifier does not count, and later messages are not waited for.
        let packets = [
            (true, publish(1, "x")),
            (false, puback(9, success)),
            (true, publish(2, "y")),
        ];
        assert_eq!(unanswered(&packets), ["x", "y"]);
    }

    #[test]
    fn a_message_without_a_wait_is_not_unanswered() {
        assert!(unanswered(&[(true, publish(1, "x"))]).is_empty());
    }

    #[test]
    fn a_message_accepted_when_sent_again_is_accepted() {
        let packets = [
            (true, publish(1, "x")),
            (true, publish(2, "x")),
            (false, puback(2, ReasonCode::SUCCESS)),
        ];
        assert!(unanswered(&packets).is_empty());
    }
}
