//! Answers to the client. Each needs a request with its packet identifier.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use mqtt_check_codec::{
    Ack, Packet, PacketId, PacketType, ProtocolVersion, Publish, QoS, ReasonCode, Subscribe,
    Unsubscribe,
};

use super::check::{self, Found};

/// The packet identifiers that the client has used in a session, each with the type of the packet that answers it. A
/// server may still have to finish an exchange of an earlier connection, so they outlive the connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Used(BTreeSet<(PacketType, PacketId)>);

/// The requests of one connection.
#[derive(Debug, Default)]
pub(super) struct Requests {
    asked: BTreeMap<(PacketType, PacketId), Asked>,
    /// Types of answers that were received with an identifier of no request. Any other answer of such a type may belong
    /// to another request than it states.
    astray: BTreeSet<PacketType>,
}

/// How many QoS 2 messages with each identifier the client has sent on one connection, and how many PUBRECs it
/// received.
#[derive(Debug, Default)]
pub(super) struct Receipts(BTreeMap<PacketId, (u32, u32)>);

impl Receipts {
    /// Handles a PUBLISH of the client. A message that `may_be_older` than the connection may have been received
    /// before, and the broker may repeat a PUBREC that was lost.
    pub(super) fn publish(&mut self, publish: &Publish, may_be_older: bool) {
        if let (QoS::ExactlyOnce, Some(id)) = (publish.qos, publish.packet_id) {
            let is_first = !self.0.contains_key(&id);
            self.0.entry(id).or_default().0 += 1 + u32::from(is_first && may_be_older);
        }
    }

    /// Handles a PUBREC, and reports it if it is one too many. Nothing is certain about a message of an earlier
    /// connection, and before version 5 a server may repeat what it has sent. [5 MQTT-4.4.0-1]
    pub(super) fn pubrec(&mut self, id: PacketId, version: ProtocolVersion) -> Option<Found> {
        let (asked, received) = self.0.get_mut(&id)?;
        *received += 1;
        (received > asked && version == ProtocolVersion::V5)
            .then(|| check::PUBREC_AGAIN.found(format!("PUBREC {id} again on the same connection")))
    }
}

/// Requests of one type and packet identifier.
#[derive(Debug, Default)]
struct Asked {
    open: VecDeque<Request>,
    /// How many filters the last answered request had.
    answered: Option<usize>,
}

#[derive(Debug)]
struct Request {
    /// The number of a SUBSCRIBE in the session.
    number: u32,
    filters: usize,
    /// The QoS that a SUBSCRIBE requests for each filter.
    qos: Vec<u8>,
}

impl Used {
    fn has(&self, answer: PacketType, id: PacketId) -> bool {
        self.0.contains(&(answer, id))
    }

    /// Handles a PUBLISH of the client. Returns whether the client has used the identifier in this way before.
    pub(super) fn publish(&mut self, publish: &Publish) -> bool {
        let answer = match publish.qos {
            QoS::AtMostOnce => return false,
            QoS::AtLeastOnce => PacketType::PUBACK,
            QoS::ExactlyOnce => PacketType::PUBREC,
        };
        let use_of_id = publish.packet_id.map(|id| (answer, id));
        use_of_id.is_some_and(|use_of_id| !self.0.insert(use_of_id))
    }

    pub(super) fn pubrel(&mut self, ack: &Ack) {
        self.0.insert((PacketType::PUBCOMP, ack.packet_id));
    }

    /// Handles a PUBACK, PUBREC or PUBCOMP.
    pub(super) fn answered(&self, packet: &Packet) -> Option<Found> {
        let (answer, id) = (packet.packet_type(), packet.packet_id()?);
        if self.has(answer, id) {
            return None;
        }
        let (check, other) = match answer {
            PacketType::PUBACK => (&check::PUBACK_ID, Some(PacketType::PUBREC)),
            PacketType::PUBREC => (&check::PUBREC_ID, Some(PacketType::PUBACK)),
            _ => (&check::PUBCOMP_ID, None),
        };
        if other.is_some_and(|other| self.has(other, id)) {
            return Some(check::ANSWER_OF_OTHER_QOS.found(format!(
                "{answer} {id}, but the PUBLISH with that packet id has another QoS"
            )));
        }
        Some(check.found(format!(
            "{answer} {id}, a packet id that the client has not used for it"
        )))
    }
}

impl Requests {
    /// Handles a SUBSCRIBE of the client, which gets this number.
    pub(super) fn subscribe(&mut self, used: &mut Used, number: u32, subscribe: &Subscribe) {
        let qos: Vec<u8> = subscribe
            .subscriptions
            .iter()
            .map(|s| s.options.qos.as_u8())
            .collect();
        let request = Request {
            number,
            filters: qos.len(),
            qos,
        };
        self.ask(used, PacketType::SUBACK, subscribe.packet_id, request);
    }

    pub(super) fn unsubscribe(&mut self, used: &mut Used, unsubscribe: &Unsubscribe) {
        let request = Request {
            number: 0,
            filters: unsubscribe.filters.len(),
            qos: Vec::new(),
        };
        self.ask(used, PacketType::UNSUBACK, unsubscribe.packet_id, request);
    }

    fn ask(&mut self, used: &mut Used, answer: PacketType, id: PacketId, request: Request) {
        used.0.insert((answer, id));
        let asked = self.asked.entry((answer, id)).or_default();
        asked.open.push_back(request);
    }

    /// Handles a SUBACK or UNSUBACK. Returns what is wrong with it, and the number of the SUBSCRIBE that it answers.
    pub(super) fn answered(
        &mut self,
        used: &Used,
        (answer, id): (PacketType, PacketId),
        codes: &[ReasonCode],
        version: ProtocolVersion,
    ) -> (Option<Found>, Option<u32>) {
        let is_suback = answer == PacketType::SUBACK;
        let asked = self.asked.get_mut(&(answer, id));
        let was_answered = asked.as_ref().and_then(|a| a.answered);
        let Some(request) = asked.and_then(|asked| {
            let request = asked.open.pop_front()?;
            asked.answered = Some(request.filters);
            Some(request)
        }) else {
            if !used.has(answer, id) {
                self.astray.insert(answer);
            }
            return (unasked(used, answer, id, was_answered), None);
        };
        let mut found = None;
        // An UNSUBACK of 3.1.1 has no codes.
        let has_codes = is_suback || version == ProtocolVersion::V5;
        if has_codes && codes.len() != request.filters {
            let check = match is_suback {
                true => &check::SUBACK_COUNT,
                false => &check::UNSUBACK_COUNT,
            };
            found = Some(check.found(format!(
                "{answer} {id} with {} for {}",
                count(codes.len(), "code"),
                count(request.filters, "filter")
            )));
        } else if let Some((code, asked)) = above(codes, &request.qos) {
            found = Some(check::SUBACK_GRANT.found(format!(
                "{answer} {id} that grants QoS {code} instead of {asked}"
            )));
        }
        match found {
            Some(_) if self.astray.contains(&answer) => (None, None),
            found => (found, is_suback.then_some(request.number)),
        }
    }
}

/// Returns the first grant above the requested QoS, and the requested QoS.
fn above(codes: &[ReasonCode], asked: &[u8]) -> Option<(u8, u8)> {
    codes
        .iter()
        .zip(asked)
        .find_map(|(code, asked)| (code.0 <= 2 && code.0 > *asked).then_some((code.0, *asked)))
}

/// Judges a SUBACK or UNSUBACK whose identifier no open request has.
fn unasked(
    used: &Used,
    answer: PacketType,
    id: PacketId,
    answered: Option<usize>,
) -> Option<Found> {
    let is_suback = answer == PacketType::SUBACK;
    match answered {
        Some(filters) if filters > 1 => {
            let check = match is_suback {
                true => &check::SUBACK_TWICE,
                false => &check::UNSUBACK_TWICE,
            };
            Some(check.found(format!("{answer} {id} a second time")))
        }
        // One answer too many is reported as left over.
        _ if used.has(answer, id) => None,
        _ => {
            let check = match is_suback {
                true => &check::SUBACK_ID,
                false => &check::UNSUBACK_ID,
            };
            Some(check.found(format!(
                "{answer} {id}, a packet id that the client has not used for it"
            )))
        }
    }
}

fn count(number: usize, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
}
