//! Decides which packets of an inbox an expectation takes.

use std::num::NonZeroU16;

use mqtt_check_codec::{Packet, PacketType, ProtocolVersion};

use super::field::{Received, WebSocketEvent};
use super::judge::{holds, is_acknowledgement, judge, judge_websocket_event};
use super::memory::Memory;
use super::refusal::refusal_faults;
use crate::scenario::model::{
    ClientIndex, Count, Expectation, FieldMatch, Matcher, Opcode, PacketPattern, Pattern, Refused,
};
use crate::transcript::{Ending, EventIndex};

/// A packet in the inbox that no step has taken yet.
#[derive(Debug, Clone, Copy)]
pub struct Offer<'a> {
    pub event: EventIndex,
    pub packet_type: PacketType,
    pub packet_id: Option<u16>,
    /// `None` when the frame could not be decoded.
    pub received: Option<Received<'a>>,
}

impl<'a> Offer<'a> {
    pub fn new(event: EventIndex, packet_type: PacketType, received: Option<Received<'a>>) -> Self {
        let packet_id = received.and_then(|received| received.packet.packet_id());
        Self {
            event,
            packet_type,
            packet_id: packet_id.map(NonZeroU16::get),
            received,
        }
    }
}

/// What one connection has to offer an expectation.
#[derive(Debug, Clone)]
pub struct Inbox<'a> {
    pub client: ClientIndex,
    /// In the order of arrival.
    pub offers: Vec<Offer<'a>>,
    /// WebSocket events, in the order of arrival.
    pub websocket_events: Vec<(EventIndex, WebSocketEvent<'a>)>,
    pub version: ProtocolVersion,
    /// How the broker ended the connection, if it has.
    pub ended: Option<(EventIndex, Ending)>,
    /// The Packet Identifier that an acknowledgement must have to be taken, if the step demands one.
    pub packet_id: Option<u16>,
    /// Whether nothing more is waited for.
    pub is_final: bool,
    /// Whether to take only packets that match in every field, and to leave the rest to others.
    pub strict: bool,
}

/// The result of [`take`].
#[derive(Debug, Clone, PartialEq)]
pub enum Taking {
    /// More is needed and may still be received.
    Wait,
    /// There is enough. Whatever else is there once the broker is idle is taken too.
    Settle,
    Complete(Taken),
    /// There is not enough, and nothing more is waited for.
    Unfulfilled(Taken),
}

/// What an expectation took.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    pub events: Vec<EventIndex>,
    pub alternative: Option<usize>,
    pub memory: Memory,
}

/// Chooses what `expectation` takes. Compares fields only as far as the choice depends on them.
pub fn take(expectation: &Expectation, inbox: &Inbox<'_>, memory: &Memory) -> Taking {
    let client = inbox.client;
    match &expectation.pattern {
        Pattern::Packet(pattern) => packets(pattern, expectation.count, inbox, memory),
        Pattern::Closed { .. } => match inbox.ended {
            Some((event, _)) => complete(vec![event], memory),
            None => unfulfilled(inbox, Vec::new(), memory),
        },
        Pattern::Refused(_) => refused(inbox, memory),
        Pattern::Upgrade(fields) => websocket_event(fields, None, inbox, memory),
        Pattern::Frame(pattern) => {
            websocket_event(&pattern.fields, Some(pattern.opcode), inbox, memory)
        }
        Pattern::Silence { of, .. } => {
            let events: Vec<EventIndex> = offers_of(inbox, of).collect();
            if inbox.is_final {
                complete(events, memory)
            } else {
                Taking::Settle
            }
        }
        Pattern::InOrder(expectations) => in_order(expectations, inbox, memory),
        Pattern::Unordered(patterns) => {
            let mut chosen = Vec::new();
            let mut new_memory = memory.clone();
            if assign(patterns, inbox, client, &mut chosen, &mut new_memory) {
                complete(chosen, &new_memory)
            } else if inbox.strict {
                unfulfilled(inbox, Vec::new(), memory)
            } else {
                unfulfilled(inbox, first_of_types(patterns, inbox), memory)
            }
        }
        Pattern::AnyOf(alternatives) => {
            // A refusal with another code weighs less, but it is a refusal. It is taken if nothing else holds.
            for code_matters in [true, false] {
                for (number, sequence) in alternatives.iter().enumerate() {
                    let matched = sequence_holds(sequence, inbox, memory, code_matters);
                    if let Some((events, memory)) = matched {
                        return Taking::Complete(Taken {
                            events,
                            alternative: Some(number),
                            memory,
                        });
                    }
                }
            }
            let mut sequences = alternatives.iter();
            match unfulfilled(inbox, Vec::new(), memory) {
                Taking::Wait if sequences.any(|s| lacks_only_silence(s, inbox, memory)) => {
                    Taking::Settle
                }
                other => other,
            }
        }
    }
}

/// Takes the answer to an upgrade, or the first frame of this type.
fn websocket_event(
    fields: &[FieldMatch],
    opcode: Option<Opcode>,
    inbox: &Inbox<'_>,
    memory: &Memory,
) -> Taking {
    let found = inbox.websocket_events.iter().find_map(|(event, received)| {
        let mut memory = memory.clone();
        let wrong =
            judge_websocket_event(fields, received, inbox.version, inbox.client, &mut memory);
        let fits = received.opcode() == opcode && (!inbox.strict || wrong.is_empty());
        fits.then_some((*event, memory))
    });
    match found {
        Some((event, memory)) => complete(vec![event], &memory),
        None => unfulfilled(inbox, Vec::new(), memory),
    }
}

fn complete(events: Vec<EventIndex>, memory: &Memory) -> Taking {
    Taking::Complete(Taken {
        events,
        alternative: None,
        memory: memory.clone(),
    })
}

/// Waits for more, or gives up if nothing more can be received.
fn unfulfilled(inbox: &Inbox<'_>, events: Vec<EventIndex>, memory: &Memory) -> Taking {
    if inbox.is_final || inbox.ended.is_some() {
        Taking::Unfulfilled(Taken {
            events,
            alternative: None,
            memory: memory.clone(),
        })
    } else {
        Taking::Wait
    }
}

fn offers_of<'i>(
    inbox: &'i Inbox<'_>,
    types: &'i [PacketType],
) -> impl Iterator<Item = EventIndex> + 'i {
    inbox
        .offers
        .iter()
        .filter(|o| types.is_empty() || types.contains(&o.packet_type))
        .map(|o| o.event)
}

/// Returns the offers that a packet pattern is about, in order.
fn candidates<'i, 'a>(
    pattern: &PacketPattern,
    inbox: &'i Inbox<'a>,
    memory: &Memory,
) -> Vec<&'i Offer<'a>> {
    let id = inbox.packet_id.or_else(|| {
        if !is_acknowledgement(pattern.packet_type) {
            return None;
        }
        let named = pattern.fields.iter().find(|f| f.name == "packet_id")?;
        match &named.matcher {
            Matcher::Is(expr) => memory.number(expr, inbox.client).ok()?.try_into().ok(),
            _ => None,
        }
    });
    inbox
        .offers
        .iter()
        .filter(|o| o.packet_type == pattern.packet_type)
        .filter(|o| id.is_none() || o.packet_id.is_none() || o.packet_id == id)
        .filter(|o| {
            !inbox.strict
                || o.received
                    .is_some_and(|r| holds(pattern, &r, inbox.client, memory).is_some())
        })
        .collect()
}

fn packets(pattern: &PacketPattern, count: Count, inbox: &Inbox<'_>, memory: &Memory) -> Taking {
    let candidates = candidates(pattern, inbox, memory);
    let most = count.at_most.map_or(usize::MAX, |n| n as usize);
    let enough = candidates.len() >= count.at_least as usize;
    let mut new_memory = memory.clone();
    let events: Vec<EventIndex> = candidates
        .iter()
        .take(most)
        .map(|offer| {
            if let Some(received) = &offer.received {
                judge(pattern, received, inbox.client, &mut new_memory);
                new_memory.remember(inbox.client, received.packet);
            }
            offer.event
        })
        .collect();
    if candidates.len() >= most || (enough && (inbox.is_final || inbox.ended.is_some())) {
        complete(events, &new_memory)
    } else if enough {
        Taking::Settle
    } else {
        unfulfilled(inbox, events, &new_memory)
    }
}

/// Takes CONNACK, DISCONNECT and the close. A CONNACK that accepts rules out a refusal at once.
fn refused(inbox: &Inbox<'_>, memory: &Memory) -> Taking {
    let mut events: Vec<EventIndex> =
        offers_of(inbox, &[PacketType::CONNACK, PacketType::DISCONNECT]).collect();
    if let Some((close, _)) = inbox.ended {
        events.push(close);
        return complete(events, memory);
    }
    let accepted = inbox.offers.iter().any(|offer| {
        matches!(
            offer.received.map(|r| r.packet),
            Some(Packet::ConnAck(connack)) if connack.reason.0 == 0
        )
    });
    if accepted {
        return Taking::Unfulfilled(Taken {
            events,
            alternative: None,
            memory: memory.clone(),
        });
    }
    unfulfilled(inbox, events, memory)
}

/// Takes the next packets in order, without skipping any.
fn in_order(expectations: &[Expectation], inbox: &Inbox<'_>, memory: &Memory) -> Taking {
    let mut memory = memory.clone();
    let mut events = Vec::new();
    let mut next = 0;
    for expectation in expectations {
        match &expectation.pattern {
            Pattern::Packet(pattern) => {
                let most = expectation.count.at_most.unwrap_or(u32::MAX);
                let mut taken = 0;
                while taken < most
                    && let Some(offer) = inbox.offers.get(next)
                    && offer.packet_type == pattern.packet_type
                    // Alternatives take only packets that match in every field.
                    && (!inbox.strict
                        || offer.received.is_some_and(|received| {
                            holds(pattern, &received, inbox.client, &memory).is_some()
                        }))
                {
                    if let Some(received) = &offer.received {
                        judge(pattern, received, inbox.client, &mut memory);
                        memory.remember(inbox.client, received.packet);
                    }
                    events.push(offer.event);
                    next += 1;
                    taken += 1;
                }
                if taken < expectation.count.at_least {
                    // The next packet is of another type. Nothing received later can repair that.
                    if let Some(offer) = inbox.offers.get(next) {
                        events.push(offer.event);
                        return Taking::Unfulfilled(Taken {
                            events,
                            alternative: None,
                            memory,
                        });
                    }
                    return unfulfilled(inbox, events, &memory);
                }
            }
            Pattern::Closed { .. } => match inbox.ended {
                Some((close, _)) if inbox.offers.len() == next => events.push(close),
                _ => return unfulfilled(inbox, events, &memory),
            },
            _ => return unfulfilled(inbox, events, &memory),
        }
    }
    complete(events, &memory)
}

/// Finds an offer for each pattern, trying every assignment.
fn assign(
    patterns: &[PacketPattern],
    inbox: &Inbox<'_>,
    client: ClientIndex,
    chosen: &mut Vec<EventIndex>,
    memory: &mut Memory,
) -> bool {
    let Some((pattern, rest)) = patterns.split_first() else {
        return true;
    };
    for offer in &inbox.offers {
        if chosen.contains(&offer.event) {
            continue;
        }
        let Some(mut new_memory) = offer
            .received
            .and_then(|received| holds(pattern, &received, client, memory))
        else {
            continue;
        };
        chosen.push(offer.event);
        if assign(rest, inbox, client, chosen, &mut new_memory) {
            *memory = new_memory;
            return true;
        }
        chosen.pop();
    }
    false
}

/// Returns the first packets of these types, to show when no assignment fits.
fn first_of_types(patterns: &[PacketPattern], inbox: &Inbox<'_>) -> Vec<EventIndex> {
    let types: Vec<PacketType> = patterns.iter().map(|p| p.packet_type).collect();
    offers_of(inbox, &types).take(patterns.len()).collect()
}

/// Returns what a sequence takes if each of its expectations holds in every field, one after the other. The reason code
/// of a refusal is compared only if `code_matters`.
fn sequence_holds(
    sequence: &[Expectation],
    inbox: &Inbox<'_>,
    memory: &Memory,
    code_matters: bool,
) -> Option<(Vec<EventIndex>, Memory)> {
    let mut inbox = strict(inbox);
    let mut memory = memory.clone();
    let mut events = Vec::new();
    for expectation in sequence {
        let taken = match take(expectation, &inbox, &memory) {
            Taking::Complete(taken) => taken,
            Taking::Wait | Taking::Settle | Taking::Unfulfilled(_) => return None,
        };
        if matches!(expectation.pattern, Pattern::Silence { .. }) && !taken.events.is_empty() {
            return None;
        }
        if let Pattern::Refused(refused) = &expectation.pattern
            && !refusal_holds(refused, &taken.events, &inbox, code_matters)
        {
            return None;
        }
        remove(&mut inbox, &taken.events);
        events.extend(taken.events);
        memory = taken.memory;
    }
    Some((events, memory))
}

/// Returns whether a silence is the next that a sequence expects: everything before it has been received.
fn lacks_only_silence(sequence: &[Expectation], inbox: &Inbox<'_>, memory: &Memory) -> bool {
    let mut inbox = strict(inbox);
    let mut memory = memory.clone();
    for expectation in sequence {
        if let Pattern::Silence { .. } = expectation.pattern {
            return true;
        }
        match take(expectation, &inbox, &memory) {
            Taking::Complete(taken) => {
                remove(&mut inbox, &taken.events);
                memory = taken.memory;
            }
            // There is enough for this expectation, and a silence follows.
            Taking::Settle => return has_silence(sequence),
            Taking::Wait | Taking::Unfulfilled(_) => return false,
        }
    }
    false
}

fn has_silence(sequence: &[Expectation]) -> bool {
    let mut sequence = sequence.iter();
    sequence.any(|expectation| matches!(expectation.pattern, Pattern::Silence { .. }))
}

/// Returns an inbox from which only packets that match in every field are taken.
fn strict<'a>(inbox: &Inbox<'a>) -> Inbox<'a> {
    Inbox {
        strict: true,
        ..inbox.clone()
    }
}

/// Removes what has been taken.
fn remove(inbox: &mut Inbox<'_>, taken: &[EventIndex]) {
    inbox.offers.retain(|offer| !taken.contains(&offer.event));
    let events = &mut inbox.websocket_events;
    events.retain(|(event, _)| !taken.contains(event));
}

/// Returns whether what was taken is a valid refusal. Its reason code is compared only if `code_matters`.
fn refusal_holds(
    refused: &Refused,
    events: &[EventIndex],
    inbox: &Inbox<'_>,
    code_matters: bool,
) -> bool {
    let packets = inbox
        .offers
        .iter()
        .filter(|offer| events.contains(&offer.event))
        .filter_map(|offer| offer.received.map(|received| received.packet));
    refusal_faults(refused, packets)
        .iter()
        .all(|fault| fault.is_of_code() && !code_matters)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mqtt_check_codec::{ConnAck, Disconnect, Properties, ReasonCode};

    use super::super::tests::{PLACE, expectation};
    use super::*;
    use crate::scenario::model::{ConnAckRule, Expr, FieldMatch, Literal};

    fn with_reason(packet_type: PacketType, reason: ReasonCode) -> PacketPattern {
        PacketPattern {
            packet_type,
            fields: vec![FieldMatch {
                name: "reason".into(),
                matcher: Matcher::Is(Expr::Literal(Literal::Reason(reason))),
                place: PLACE,
            }],
        }
    }

    fn refused_with(reason: ReasonCode) -> Expectation {
        let connack = with_reason(PacketType::CONNACK, reason);
        expectation(Pattern::InOrder(vec![expectation(Pattern::Packet(
            connack,
        ))]))
    }

    /// Returns an inbox with one packet, after which nothing more is received.
    fn one_packet(packet: &Packet) -> Inbox<'_> {
        Inbox {
            client: ClientIndex(0),
            offers: vec![Offer {
                event: EventIndex(0),
                packet_type: packet.packet_type(),
                packet_id: None,
                received: Some(Received {
                    packet,
                    version: ProtocolVersion::V5,
                    size: 5,
                    topic: None,
                    carried_in: None,
                }),
            }],
            websocket_events: Vec::new(),
            version: ProtocolVersion::V5,
            ended: None,
            packet_id: None,
            is_final: true,
            strict: false,
        }
    }

    #[test]
    fn an_order_among_alternatives_is_taken_only_if_its_fields_hold() {
        let packet = Packet::ConnAck(ConnAck {
            session_present: false,
            reason: ReasonCode::BANNED,
            properties: Properties::new(),
        });
        let inbox = one_packet(&packet);
        let among = |reason| {
            let alternatives = vec![vec![refused_with(reason)]];
            let any = expectation(Pattern::AnyOf(alternatives));
            take(&any, &inbox, &Memory::default())
        };
        assert!(matches!(among(ReasonCode::BANNED), Taking::Complete(_)));
        assert!(matches!(
            among(ReasonCode::NOT_AUTHORIZED),
            Taking::Unfulfilled(_)
        ));
    }

    fn refused(code: ReasonCode) -> Expectation {
        expectation(Pattern::Refused(Refused {
            codes: vec![code],
            connack: ConnAckRule::Allowed,
        }))
    }

    fn taken_of_a_refusal(packet: &Packet, alternatives: Vec<Vec<Expectation>>) -> Taking {
        let mut inbox = one_packet(packet);
        inbox.ended = Some((EventIndex(1), Ending::Close));
        let any = expectation(Pattern::AnyOf(alternatives));
        take(&any, &inbox, &Memory::default())
    }

    #[test]
    fn among_alternatives_the_refusal_with_the_right_code_is_taken() {
        let packet = Packet::Disconnect(Disconnect {
            reason: ReasonCode::BANNED,
            properties: Properties::new(),
        });
        let among = |codes: &[ReasonCode]| {
            let alternatives = codes.iter().map(|code| vec![refused(*code)]).collect();
            match taken_of_a_refusal(&packet, alternatives) {
                Taking::Complete(taken) => taken.alternative,
                _ => None,
            }
        };
        let (right, wrong) = (ReasonCode::BANNED, ReasonCode::NOT_AUTHORIZED);
        assert_eq!(among(&[wrong, right]), Some(1));
        // The connection is closed. The verdict decides what the wrong code is worth.
        assert_eq!(among(&[wrong]), Some(0));
    }

    /// The scene's own steps are strict in a control, so that they leave what the control expects.
    #[test]
    fn strict_matching_in_any_order_takes_only_full_matches() {
        let packet = Packet::Disconnect(Disconnect {
            reason: ReasonCode::BANNED,
            properties: Properties::new(),
        });
        let other = with_reason(PacketType::DISCONNECT, ReasonCode::NOT_AUTHORIZED);
        let unordered = expectation(Pattern::Unordered(vec![other]));
        let taken = |strict| {
            let mut inbox = one_packet(&packet);
            inbox.strict = strict;
            match take(&unordered, &inbox, &Memory::default()) {
                Taking::Unfulfilled(taken) => taken.events,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(taken(false), [EventIndex(0)]);
        assert_eq!(taken(true), []);
    }

    /// A slow server may need longer for its first packet than for further ones.
    #[test]
    fn a_silence_among_alternatives_begins_behind_what_comes_before_it() {
        let packet = Packet::Disconnect(Disconnect {
            reason: ReasonCode::BANNED,
            properties: Properties::new(),
        });
        let silence = || {
            expectation(Pattern::Silence {
                span: Duration::ZERO,
                of: Vec::new(),
            })
        };
        let first = || {
            expectation(Pattern::Packet(with_reason(
                PacketType::DISCONNECT,
                ReasonCode::BANNED,
            )))
        };
        let taking = |inbox: &Inbox<'_>, alternatives| {
            let any = expectation(Pattern::AnyOf(alternatives));
            take(&any, inbox, &Memory::default())
        };
        let mut there = one_packet(&packet);
        there.is_final = false;
        let mut nothing = there.clone();
        nothing.offers.clear();
        let behind = || vec![vec![first(), silence()], vec![first(), first()]];
        assert_eq!(taking(&nothing, behind()), Taking::Wait);
        assert_eq!(taking(&there, behind()), Taking::Settle);
        let alone = vec![vec![first(), first()], vec![silence()]];
        assert_eq!(taking(&nothing, alone), Taking::Settle);
    }

    #[test]
    fn among_alternatives_an_accepting_connack_is_no_refusal() {
        let packet = Packet::ConnAck(ConnAck {
            session_present: false,
            reason: ReasonCode::SUCCESS,
            properties: Properties::new(),
        });
        let alternatives = vec![vec![refused(ReasonCode::BANNED)]];
        assert!(matches!(
            taken_of_a_refusal(&packet, alternatives),
            Taking::Unfulfilled(_)
        ));
    }
}
