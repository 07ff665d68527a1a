//! What a server granted that differs from the request, as the standard permits: a lower QoS, no subscription, another
//! session expiry, a refused message. Findings that follow from such a *lesser grant* do not count against the server.
//!
//! This is decided for each finding and each connection: a finding is excused if it depends on a lesser grant, and
//! counts if it does not. [`given`] reads the lesser grants from the record. This file finds the connections that they
//! change, and [`excuse`] decides for each finding whether it depends on one.

mod excuse;
mod excused;
mod given;
mod hooks;
mod instead;
mod needless;
#[cfg(test)]
pub(super) mod tests;
mod unanswered;
mod waiting;

use std::collections::BTreeSet;
use std::time::Duration;

use bytestring::ByteString;
use mqtt_check_codec::{
    ConnAck, Connect, Packet, PacketId, Property, Publish, QoS, ReasonCode, Will,
};

use crate::plan::{Body, Plan};
use crate::scenario::model::ClientIndex;
use crate::transcript::{EventIndex, LaneIndex, StepIndex, Transcript, What};
use given::{Grant, Granted, LesserGrant, MessageFate};

pub(super) use excused::Excused;
pub(super) use hooks::HookDependence;

/// The lesser grants of one play, and the connections that they change.
pub(super) struct GrantedLess<'a> {
    transcript: &'a Transcript,
    lesser_grants: Vec<LesserGrant>,
    connections: Vec<Connection<'a>>,
    /// The steps that are choices. A packet that such a step took may have looked like another answer.
    choices: BTreeSet<StepIndex>,
}

/// What matters about one connection.
struct Connection<'a> {
    client: ClientIndex,
    /// The client identifier, or the client's name if it has none.
    client_key: &'a str,
    connect: Option<&'a Connect>,
    /// Whether the server refused it, so that it never had the session.
    is_refused: bool,
    /// Whether messages to the client may have to wait until it acknowledges others.
    holds_back: bool,
    opened: Duration,
    /// When the connection ended, and whether the broker ended it.
    ended: Option<(Duration, bool)>,
    /// Since when the client and the server may disagree about the session, and the lesser grant that caused this. The
    /// connection has then *diverged*.
    diverged: Option<(Duration, usize)>,
}

impl<'a> GrantedLess<'a> {
    pub(super) fn new(plan: &Plan, transcript: &'a Transcript) -> Self {
        let lesser_grants = given::granted_less(transcript, &plan.scene.settings);
        let mut granted_less = Self {
            transcript,
            lesser_grants,
            connections: Vec::new(),
            choices: BTreeSet::new(),
        };
        if !granted_less.lesser_grants.is_empty() {
            let steps = plan.steps.iter();
            let choices = steps.filter(|step| matches!(step.body, Body::Choice(_)));
            granted_less.choices = choices.map(|step| step.index).collect();
            granted_less.connections = connections(plan, transcript);
            granted_less.find_diverged();
        }
        granted_less
    }

    /// Creates the state for a play without lesser grants.
    #[cfg(test)]
    pub(super) fn none(transcript: &'a Transcript) -> Self {
        Self {
            transcript,
            lesser_grants: Vec::new(),
            connections: Vec::new(),
            choices: BTreeSet::new(),
        }
    }

    /// Returns whether everything was granted as requested.
    fn is_empty(&self) -> bool {
        self.lesser_grants.is_empty()
    }

    fn connection(&self, lane: LaneIndex) -> &Connection<'a> {
        &self.connections[lane.0]
    }

    /// Returns the connection that a client had at this time.
    fn lane_of(&self, client: ClientIndex, at: Duration) -> Option<LaneIndex> {
        self.connections
            .iter()
            .rposition(|c| c.client == client && c.opened <= at)
            .map(LaneIndex)
    }

    /// Returns whether any packet was sent or received on this connection.
    fn is_used(&self, lane: LaneIndex) -> bool {
        let is_packet = |what: &What| matches!(what, What::Sent { .. } | What::Received { .. });
        let mut events = self.transcript.events.iter();
        events.any(|event| event.lane == lane && is_packet(&event.what))
    }

    fn why(&self, grant: usize) -> &str {
        &self.lesser_grants[grant].why
    }

    /// Returns the lesser grants to the client of this connection, before this event.
    fn given_to(
        &self,
        lane: LaneIndex,
        before: EventIndex,
    ) -> impl Iterator<Item = (usize, &LesserGrant)> {
        let lanes = self.of_session(lane);
        let all = self.lesser_grants.iter().enumerate();
        all.filter(move |(_, grant)| grant.at < before && lanes.contains(&grant.lane))
    }

    /// This connection, and the earlier ones whose session it continues.
    fn of_session(&self, lane: LaneIndex) -> BTreeSet<LaneIndex> {
        let this = self.connection(lane);
        let mut lanes = BTreeSet::from([lane]);
        let mut is_begun = begins_anew(this);
        for (number, former) in self.connections[..lane.0].iter().enumerate().rev() {
            if is_begun {
                break;
            }
            if former.client_key == this.client_key {
                lanes.insert(LaneIndex(number));
                is_begun = !former.is_refused && begins_anew(former);
            }
        }
        lanes
    }

    /// Returns the lesser grant by which this connection diverged, if it had diverged at this time.
    fn diverged(&self, lane: LaneIndex, at: Duration) -> Option<usize> {
        let (since, grant) = self.connection(lane).diverged?;
        (since <= at).then_some(grant)
    }

    /// Finds out which connections have diverged, in the order in which they were opened.
    fn find_diverged(&mut self) {
        for lane in 0..self.connections.len() {
            let diverged = self.by_session(lane).or_else(|| self.by_answer(lane));
            self.connections[lane].diverged = diverged;
        }
    }

    /// Lets a connection diverge from its beginning if it resumes the session of a diverged one, or a session that may
    /// have ended at another time than the client requested.
    fn by_session(&self, lane: usize) -> Option<(Duration, usize)> {
        let this = &self.connections[lane];
        let former = self.connections[..lane]
            .iter()
            .rposition(|former| former.client_key == this.client_key && !former.is_refused)?;
        if begins_anew(this) {
            return None;
        }
        if let Some((_, grant)) = self.connections[former].diverged {
            return Some((this.opened, grant));
        }
        let grant = self.session_grant(LaneIndex(former))?;
        let over = self.may_be_over(LaneIndex(former))?;
        (this.opened >= over).then_some((this.opened, grant))
    }

    fn session_grant(&self, lane: LaneIndex) -> Option<usize> {
        let is_session = |grant: &LesserGrant| matches!(grant.what, Grant::Session { .. });
        self.lesser_grants
            .iter()
            .position(|grant| grant.lane == lane && is_session(grant))
    }

    /// Returns the earliest time at which the session of a connection may be over, whether by the request or by the
    /// grant. `None` if both leave no doubt: DISCONNECT has set an interval that the server has granted.
    fn may_be_over(&self, lane: LaneIndex) -> Option<Duration> {
        let Grant::Session { asked_s, granted_s } =
            &self.lesser_grants[self.session_grant(lane)?].what
        else {
            return None;
        };
        let (ended, _) = self.connection(lane).ended?;
        let (asked_s, granted_s) = (*asked_s, *granted_s);
        let sooner = match self.expiry_at_disconnect(lane) {
            Some(set_s) if granted_s < asked_s && set_s <= granted_s => return None,
            // A server that keeps sessions longer keeps them at least for the interval that DISCONNECT has set.
            Some(set_s) if granted_s > asked_s => set_s,
            Some(set_s) => set_s.min(granted_s),
            None => asked_s.min(granted_s),
        };
        Some(ended + Duration::from_secs(sooner.into()))
    }

    /// Returns whether the client ended the connection normally, which deletes its Will whenever the session ends.
    fn leaves_no_will(&self, lane: LaneIndex) -> bool {
        let events = self.transcript.events.iter();
        let mut sent = events
            .filter(|event| event.lane == lane)
            .filter_map(|event| sent(&event.what));
        sent.any(|packet| {
            matches!(packet, Packet::Disconnect(disconnect) if disconnect.reason == ReasonCode::SUCCESS)
        })
    }

    /// Returns the Session Expiry Interval in a client's DISCONNECT.
    fn expiry_at_disconnect(&self, lane: LaneIndex) -> Option<u32> {
        let events = self.transcript.events.iter();
        let mut sent = events
            .filter(|event| event.lane == lane)
            .filter_map(|event| sent(&event.what));
        sent.find_map(|packet| match packet {
            Packet::Disconnect(disconnect) => disconnect.properties.session_expiry_interval_s(),
            _ => None,
        })
    }

    /// Lets a connection diverge if the client has answered a message as one of the requested QoS, but it had another.
    fn by_answer(&self, lane: usize) -> Option<(Duration, usize)> {
        let lane = LaneIndex(lane);
        let client_key = self.connection(lane).client_key;
        let mut current: Vec<(PacketId, EventIndex, &Publish)> = Vec::new();
        let mut before: Vec<(PacketId, EventIndex, &Publish)> = Vec::new();
        for (index, event) in self.transcript.events.iter().enumerate() {
            if event.lane > lane || self.connection(event.lane).client_key != client_key {
                continue;
            }
            if let Some(Packet::Publish(publish)) = received(&event.what) {
                let messages = match event.lane == lane {
                    true => &mut current,
                    false => &mut before,
                };
                let event = EventIndex(index);
                messages.extend(publish.packet_id.map(|id| (id, event, publish)));
            }
            if event.lane != lane {
                continue;
            }
            let Some(answer) = sent(&event.what) else {
                continue;
            };
            let (id, is_of_qos_2) = match answer {
                Packet::PubAck(ack) => (ack.packet_id, false),
                // A PUBCOMP follows a PUBREC, by which the connection has diverged already. Without a PUBREC, it says
                // nothing about the QoS.
                Packet::PubRec(ack) => (ack.packet_id, true),
                _ => continue,
            };
            // A message that was not received again on this connection is that of an earlier one.
            let of_id = |(of, ..): &&(PacketId, EventIndex, &Publish)| *of == id;
            let messages = match current.iter().any(|message| of_id(&message)) {
                true => &current,
                false => &before,
            };
            let mut messages = messages.iter().filter(of_id).peekable();
            let is_unknown = messages.peek().is_none();
            // If a message has the QoS that it was published with, a wrong answer to it is wrong regardless of the
            // grant.
            let is_unfit = messages.any(|(_, event, message)| {
                let is_lower = || !self.instead(*event).is_empty();
                (message.qos == QoS::ExactlyOnce) != is_of_qos_2 && is_lower()
            });
            let at = EventIndex(index);
            // A message that has QoS 0, or that is not received at all, has no identifier to answer.
            let nameless = || self.of_message(lane, at, LesserGrant::may_lack_identifiers);
            let unfit = || self.of_message(lane, at, |_| true);
            let grant = is_unknown.then(nameless).flatten();
            if let Some(grant) = grant.or_else(|| is_unfit.then(unfit).flatten()) {
                return Some((event.at, grant));
            }
        }
        None
    }

    /// Returns the lesser grant that explains why a message to this client differs from what it should be, or is
    /// missing.
    fn of_message(
        &self,
        lane: LaneIndex,
        before: EventIndex,
        is_it: impl Fn(&LesserGrant) -> bool,
    ) -> Option<usize> {
        let mut grants = self.given_to(lane, before);
        let of_subscription = grants
            .find(|(_, grant)| matches!(grant.what, Grant::Subscription { .. }) && is_it(grant))
            .map(|(number, _)| number);
        of_subscription.or_else(|| {
            let is_message = |grant: &LesserGrant| matches!(grant.what, Grant::Message { .. });
            self.lesser_grants
                .iter()
                .position(|grant| grant.at < before && is_message(grant))
        })
    }
}

impl Connection<'_> {
    /// Returns the earliest time at which the Will is due, if the connection has ended.
    fn will_due(&self, will: &Will) -> Option<Duration> {
        let (ended, _) = self.ended?;
        let delay_s = will.properties.will_delay_interval_s().unwrap_or(0);
        let connect = self.connect?;
        let session_s = connect.properties.session_expiry_interval_s().unwrap_or(0);
        Some(ended + Duration::from_secs(delay_s.min(session_s).into()))
    }
}

impl LesserGrant {
    /// Returns whether something was refused, rather than granted in part.
    fn is_refusal(&self) -> bool {
        let is_message = || {
            matches!(
                self.what,
                Grant::Message {
                    fate: MessageFate::Refused,
                    ..
                }
            )
        };
        self.refuses().is_some() || is_message()
    }

    /// Returns whether the fate of a message is unknown because its acknowledgement has an invalid reason code.
    const fn is_unread(&self) -> bool {
        matches!(
            self.what,
            Grant::Message {
                fate: MessageFate::Unread,
                ..
            }
        )
    }

    /// Returns the filter if a message of this QoS may be due to it: a higher QoS was requested, and this one or less
    /// was granted. A SUBACK that cannot be trusted may have granted any QoS. That it is wrong is a separate finding.
    fn lowers_to(&self, qos: u8) -> Option<&ByteString> {
        match &self.what {
            Grant::Subscription {
                filter,
                asked,
                granted,
                ..
            } => match granted {
                Granted::Lower(granted) => *granted <= qos && qos < *asked,
                Granted::Unknown => qos < *asked,
                Granted::Refused => false,
            }
            .then_some(filter),
            _ => None,
        }
    }

    /// Returns whether this QoS is higher than what was granted.
    const fn is_exceeded_by(&self, qos: u8) -> bool {
        matches!(
            self.what,
            Grant::Subscription {
                granted: Granted::Lower(granted),
                ..
            } if granted < qos
        )
    }

    /// Returns whether messages of a subscription may have QoS 0, or be missing.
    fn may_lack_identifiers(&self) -> bool {
        self.lowers_to(0).is_some() || self.refuses().is_some()
    }

    /// Returns whether a filter was granted a lower QoS than requested, or may have been.
    fn is_lower(&self) -> bool {
        (0..2).any(|qos| self.lowers_to(qos).is_some())
    }

    /// Returns the filter that was refused, or may have been.
    fn refuses(&self) -> Option<&ByteString> {
        match &self.what {
            Grant::Subscription {
                filter,
                granted: Granted::Refused | Granted::Unknown,
                ..
            } => Some(filter),
            _ => None,
        }
    }
}

/// Returns whether a connection does not resume a session.
fn begins_anew(connection: &Connection<'_>) -> bool {
    connection.connect.is_none_or(|connect| connect.clean_start)
}

/// Returns the client identifier that a server assigned.
fn assigned(connack: &ConnAck) -> Option<&str> {
    connack
        .properties
        .0
        .iter()
        .find_map(|property| match property {
            Property::AssignedClientIdentifier(id) => Some(&**id),
            _ => None,
        })
}

fn sent(what: &What) -> Option<&Packet> {
    match what {
        What::Sent { packet, .. } => packet.as_ref(),
        _ => None,
    }
}

fn received(what: &What) -> Option<&Packet> {
    match what {
        What::Received {
            packet: Ok(packet), ..
        } => Some(packet),
        _ => None,
    }
}

fn connections<'a>(plan: &Plan, transcript: &'a Transcript) -> Vec<Connection<'a>> {
    let lanes = transcript.lanes.iter().enumerate();
    lanes
        .map(|(number, lane)| {
            let own = || {
                let events = transcript.events.iter();
                events.filter(move |event| event.lane == LaneIndex(number))
            };
            let connect = own().find_map(|event| match sent(&event.what) {
                Some(Packet::Connect(connect)) => Some(&**connect),
                _ => None,
            });
            let ended = own().find_map(|event| match &event.what {
                What::Closed(_) => Some((event.at, true)),
                What::Dropped(_) => Some((event.at, false)),
                _ => None,
            });
            let assigned = own().find_map(|event| match received(&event.what) {
                Some(Packet::ConnAck(connack)) => assigned(connack),
                _ => None,
            });
            let is_accepted = own().any(|event| match received(&event.what) {
                Some(Packet::ConnAck(connack)) => connack.reason == ReasonCode::SUCCESS,
                _ => false,
            });
            let id = connect.map(|connect| &*connect.client_id);
            let id = id.filter(|id| !id.is_empty()).or(assigned);
            let maximum = connect.and_then(|connect| connect.properties.receive_maximum());
            let declared = plan.scene.clients.get(lane.client.0);
            Connection {
                client: lane.client,
                client_key: id.unwrap_or(&lane.name),
                connect,
                is_refused: !is_accepted,
                holds_back: maximum.is_some() || declared.is_some_and(|client| !client.auto_ack),
                opened: own().next().map_or(Duration::ZERO, |event| event.at),
                ended,
                diverged: None,
            }
        })
        .collect()
}
