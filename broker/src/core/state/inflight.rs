//! Messages sent to a client with QoS 1 or 2 and not fully acknowledged.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytestring::ByteString;
use mqtt_check_codec::{PacketId, QoS};

use super::account::{Account, Charge};
use super::link::Window;
use super::message::{Delivery, Message};
use super::tracked::Tracked;
use super::weight;
use crate::core::rules::Rules;
use crate::{Fault, Liberty};

/// How far one delivery has come.
#[derive(Debug, Clone)]
pub(crate) enum Stage {
    /// PUBLISH is unacknowledged until PUBACK or PUBREC, by the delivery's QoS.
    Published(Delivery),
    /// PUBREL is unacknowledged until PUBCOMP; the message itself is the client's.
    Released { topic: ByteString },
}

#[derive(Debug, Clone)]
struct Entry {
    stage: Stage,
    /// The place of the last packet sent for it, among all of this session.
    sequence: u64,
    /// Whether that was on the present connection.
    sent: bool,
    /// Of a fault: whether its packet id counts as free.
    free: bool,
}

/// A place is never given twice, so a store need not look at more.
impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.sequence == other.sequence
    }
}

impl Entry {
    fn weight(&self) -> usize {
        match &self.stage {
            Stage::Published(delivery) => delivery.weight(),
            Stage::Released { topic } => weight::ENTRY + topic.len(),
        }
    }
}

/// The window of one session.
#[derive(Debug, Clone, Default)]
pub(crate) struct Inflight {
    entries: Tracked<PacketId, Entry>,
    /// How many were sent on the present connection.
    sent: usize,
    sequence: u64,
    last_id: u16,
    /// Of a fault: places that earlier connections took with them.
    lost: usize,
    /// What all of them weigh.
    charge: Charge,
}

impl Inflight {
    /// Whether a further PUBLISH may go out. [5 MQTT-3.3.4-9] [5 MQTT-4.9.0-2]
    pub(crate) fn has_room(&self, limit: usize) -> bool {
        self.sent + self.lost < limit && self.entries.len() < usize::from(u16::MAX)
    }

    /// Whether there is room for a message that was not sent before: among the bytes too.
    pub(crate) fn takes(&self, window: Window) -> bool {
        self.has_room(window.messages) && self.charge.bytes() < window.bytes
    }

    /// What all of them weigh.
    pub(crate) fn bytes(&self) -> usize {
        self.charge.bytes()
    }

    /// From now on it counts in this account.
    pub(crate) fn attach(&mut self, account: &Account) {
        self.charge.attach(account);
    }

    /// Weighs everything anew.
    fn weigh(&mut self) {
        self.charge
            .set(self.entries.values().map(Entry::weight).sum());
    }

    fn put(&mut self, id: PacketId, entry: Entry) {
        self.charge.add(entry.weight());
        if let Some(old) = self.entries.insert(id, entry) {
            self.charge.sub(old.weight());
        }
    }

    /// Takes the delivery under a packet id that is in nobody's use. [5 MQTT-2.2.1-4] [3.1.1 MQTT-2.3.1-4]
    /// There must be room.
    pub(crate) fn insert(&mut self, rules: &Rules, delivery: Delivery) -> PacketId {
        if rules.chooses(Liberty::PacketIdsLowestFirst) {
            self.last_id = 0;
        }
        let is_taken = |id| {
            let all_given_out = self.sequence >= u64::from(u16::MAX);
            let blind = all_given_out && rules.breaks(Fault::PacketIdInUseGivenAgain);
            let entry = self.entries.get(&id);
            let is_owed = entry.is_some_and(|entry| matches!(entry.stage, Stage::Released { .. }));
            let blind = blind || is_owed && rules.breaks(Fault::OwedReleaseIdGivenAgain);
            entry.is_some_and(|entry| !entry.free) && !blind
        };
        let id = loop {
            self.last_id = if rules.chooses(Liberty::PacketIdsFromTheTop) {
                self.last_id.wrapping_sub(1)
            } else if rules.chooses(Liberty::PacketIdsScattered) {
                // It comes to every number before it comes back to one.
                self.last_id.wrapping_mul(25_173).wrapping_add(13_849)
            } else {
                self.last_id.wrapping_add(1)
            };
            match PacketId::new(self.last_id) {
                Some(id) if !is_taken(id) => break id,
                _ => {}
            }
        };
        self.insert_at(id, delivery)
    }

    /// Takes the delivery under this packet id, in use or not.
    pub(crate) fn insert_at(&mut self, id: PacketId, delivery: Delivery) -> PacketId {
        self.remove(id);
        self.sequence += 1;
        self.sent += 1;
        let entry = Entry {
            stage: Stage::Published(delivery),
            sequence: self.sequence,
            sent: true,
            free: false,
        };
        self.put(id, entry);
        id
    }

    /// Takes what was kept from before: sent, on an earlier connection.
    pub(crate) fn keep(&mut self, id: PacketId, sequence: u64, stage: Stage) {
        self.sequence = self.sequence.max(sequence);
        let entry = Entry {
            stage,
            sequence,
            sent: false,
            free: false,
        };
        self.put(id, entry);
    }

    /// Of faults: those at such a stage, and no others.
    pub(crate) fn retain(&mut self, is_kept: impl Fn(&Stage) -> bool) {
        self.entries.retain(|_, entry| is_kept(&entry.stage));
        self.weigh();
    }

    /// From now on it is known what changes, and at first everything has.
    pub(crate) fn track(&mut self) {
        self.entries.track();
    }

    /// Packet ids whose stage may have changed since the last call, or that are free again.
    pub(crate) fn take_changed(&mut self) -> Vec<PacketId> {
        self.entries.take_changed()
    }

    /// The place of the last packet sent for it, among all of its session.
    pub(crate) fn sequence(&self, id: PacketId) -> Option<u64> {
        self.entries.get(&id).map(|entry| entry.sequence)
    }

    /// How far the delivery with this packet id is.
    pub(crate) fn stage(&self, id: PacketId) -> Option<&Stage> {
        self.entries.get(&id).map(|entry| &entry.stage)
    }

    /// PUBREC came: what follows is PUBREL. [5 MQTT-4.3.3-6]: the PUBLISH is never sent again.
    pub(crate) fn release(&mut self, id: PacketId) {
        self.sequence += 1;
        let sequence = self.sequence;
        if let Some(entry) = self.entries.get_mut(&id)
            && let Stage::Published(delivery) = &entry.stage
        {
            // A copy of its own, since the message need not live as long as the exchange.
            let topic = ByteString::from(&*delivery.message.topic);
            self.charge.sub(entry.weight());
            entry.stage = Stage::Released { topic };
            self.charge.add(entry.weight());
            entry.sequence = sequence;
            if !entry.sent {
                entry.sent = true;
                self.sent += 1;
            }
        }
    }

    /// The handshake is over; the packet id is free again.
    pub(crate) fn remove(&mut self, id: PacketId) -> Option<Stage> {
        let entry = self.entries.remove(&id)?;
        self.charge.sub(entry.weight());
        if entry.sent {
            self.sent = self.sent.saturating_sub(1);
        }
        Some(entry.stage)
    }

    /// A new connection: nothing was sent on it yet. [5 RULE-4.9-1]
    pub(crate) fn reconnect(&mut self) {
        for entry in self.entries.all_unkept_mut() {
            entry.sent = false;
        }
        self.sent = 0;
    }

    /// Of a fault: a new connection, and what an earlier one left unacknowledged goes on taking up room.
    pub(crate) fn reconnect_without_reset(&mut self) {
        let taken = self.sent;
        self.reconnect();
        self.sent = taken;
    }

    /// Of a fault: whether a QoS 2 message waits for its PUBREC.
    pub(crate) fn awaits_pubrec(&self) -> bool {
        self.entries.values().any(|entry| {
            matches!(&entry.stage, Stage::Published(delivery) if delivery.qos == QoS::ExactlyOnce)
        })
    }

    /// Of a fault: places that nothing gives back.
    pub(crate) fn lose(&mut self, places: usize) {
        self.lost += places;
    }

    /// Of a fault: there is a place more, though nothing is over.
    pub(crate) fn free_one(&mut self) {
        self.sent = self.sent.saturating_sub(1);
    }

    /// Of a fault: what was begun last.
    pub(crate) fn newest(&self) -> Option<PacketId> {
        let newest = self.entries.iter().max_by_key(|(_, entry)| entry.sequence);
        newest.map(|(id, _)| *id)
    }

    /// Of faults: this one takes up no room, though it is not over.
    pub(crate) fn give_back(&mut self, id: PacketId) {
        if let Some(entry) = self.entries.unkept_mut(&id)
            && entry.sent
        {
            entry.sent = false;
            self.sent = self.sent.saturating_sub(1);
        }
    }

    /// Of faults: every message that is unacknowledged becomes what this makes of it.
    pub(crate) fn alter(&mut self, change: impl Fn(&mut Delivery)) {
        for entry in self.entries.values_mut() {
            if let Stage::Published(delivery) = &mut entry.stage {
                change(delivery);
            }
        }
        self.weigh();
    }

    /// Of a fault: packet ids are given from the first one on.
    pub(crate) fn restart_ids(&mut self) {
        self.last_id = 0;
    }

    /// Of a fault: packet ids are given from the first one on, and those in use count as free.
    pub(crate) fn forget_ids(&mut self) {
        self.last_id = 0;
        for entry in self.entries.all_unkept_mut() {
            entry.free = true;
        }
    }

    /// Of a fault: the next packet id is passed over.
    pub(crate) fn skip_id(&mut self) {
        self.last_id = self.last_id.wrapping_add(1);
    }

    /// Of a fault: what was begun last counts as begun first.
    pub(crate) fn reverse(&mut self) {
        let last = self.sequence;
        for entry in self.entries.values_mut() {
            entry.sequence = last - entry.sequence;
        }
    }

    /// Of faults: the messages that are unacknowledged, with their packet ids.
    pub(crate) fn messages(&self) -> impl Iterator<Item = (PacketId, &Arc<Message>)> {
        self.entries
            .iter()
            .filter_map(|(id, entry)| match &entry.stage {
                Stage::Published(delivery) => Some((*id, &delivery.message)),
                Stage::Released { .. } => None,
            })
    }

    /// Of a fault: every packet id in use.
    pub(crate) fn ids(&self) -> impl Iterator<Item = PacketId> {
        self.entries.keys().copied()
    }

    /// Of a fault: what was begun first.
    pub(crate) fn oldest(&self) -> Option<PacketId> {
        let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.sequence);
        oldest.map(|(id, _)| *id)
    }

    /// Of faults: those whose PUBREL is unacknowledged.
    pub(crate) fn released(&self) -> Vec<PacketId> {
        let released = self.entries.iter();
        released
            .filter(|(_, entry)| matches!(entry.stage, Stage::Released { .. }))
            .map(|(id, _)| *id)
            .collect()
    }

    /// Of faults: deliveries that have begun are forgotten.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.sent = 0;
        self.weigh();
    }

    /// Of a liberty: the QoS 1 deliveries of Shared Subscriptions, in their order.
    pub(crate) fn shared_qos1(&self) -> Vec<(PacketId, Delivery)> {
        let begun = self.entries.iter().filter_map(|(id, entry)| {
            let Stage::Published(delivery) = &entry.stage else {
                return None;
            };
            let is_meant = delivery.qos == QoS::AtLeastOnce && delivery.shared.is_some();
            is_meant.then(|| (entry.sequence, (*id, delivery.clone())))
        });
        let mut begun: Vec<_> = begun.collect();
        begun.sort_by_key(|(sequence, _)| *sequence);
        begun.into_iter().map(|(_, delivery)| delivery).collect()
    }

    /// Those not sent on this connection, in the order of their first sending.
    pub(crate) fn unsent(&self) -> Vec<PacketId> {
        let mut unsent: Vec<_> = self
            .entries
            .iter()
            .filter(|(_, entry)| !entry.sent)
            .map(|(id, entry)| (entry.sequence, *id))
            .collect();
        unsent.sort_unstable();
        unsent.into_iter().map(|(_, id)| id).collect()
    }

    /// Marks it as sent on this connection, and says what it is; `None` when there is nothing left to send.
    pub(crate) fn resend(&mut self, id: PacketId) -> Option<Stage> {
        let entry = self.entries.unkept_mut(&id).filter(|entry| !entry.sent)?;
        entry.sent = true;
        self.sent += 1;
        Some(entry.stage.clone())
    }

    /// Of a fault, once the connection is over: what a Shared Subscription brought and is unacknowledged.
    pub(crate) fn take_shared(&mut self) -> Vec<Delivery> {
        let (shared, kept): (BTreeMap<_, _>, _) = self.entries.take().into_iter().partition(
            |(_, entry)| matches!(&entry.stage, Stage::Published(d) if d.shared.is_some()),
        );
        let kept: BTreeMap<_, _> = kept;
        self.entries.extend(kept);
        self.weigh();
        shared
            .into_values()
            .filter_map(|entry| match entry.stage {
                Stage::Published(delivery) => Some(delivery),
                Stage::Released { .. } => None,
            })
            .collect()
    }

    /// Everything in it, in the order of sending.
    pub(crate) fn drain(&mut self) -> Vec<Stage> {
        self.sent = 0;
        let mut entries: Vec<_> = self.entries.take().into_values().collect();
        self.weigh();
        entries.sort_unstable_by_key(|entry| entry.sequence);
        entries.into_iter().map(|entry| entry.stage).collect()
    }
}
