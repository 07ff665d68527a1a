//! Messages sent to a client with QoS 1 or 2 that are not fully acknowledged.

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
    /// PUBLISH was sent. PUBACK or PUBREC is awaited, depending on the QoS.
    Published(Delivery),
    /// PUBREL was sent, and PUBCOMP is awaited. The client has the message itself.
    Released { topic: ByteString },
}

#[derive(Debug, Clone)]
struct Entry {
    stage: Stage,
    /// The position of the delivery's last packet in the session's order of sending.
    sequence: u64,
    /// Whether that packet was sent on the current connection.
    sent: bool,
    /// For a fault: whether the packet id counts as free.
    free: bool,
}

/// Positions are never reused, so it is enough to compare them.
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
    /// How many were sent on the current connection.
    sent: usize,
    sequence: u64,
    last_id: u16,
    /// For faults: places in the window that are never freed.
    lost: usize,
    /// The weight of all entries.
    charge: Charge,
}

impl Inflight {
    /// Returns whether another PUBLISH may be sent. [5 MQTT-3.3.4-9] [5 MQTT-4.9.0-2]
    pub(crate) fn has_room(&self, limit: usize) -> bool {
        self.sent + self.lost < limit && self.entries.len() < usize::from(u16::MAX)
    }

    /// Returns whether a message may be sent for the first time. This also depends on the bytes in flight.
    pub(crate) fn takes(&self, window: Window) -> bool {
        self.has_room(window.messages) && self.charge.bytes() < window.bytes
    }

    /// Returns the weight of all entries.
    pub(crate) fn bytes(&self) -> usize {
        self.charge.bytes()
    }

    /// Moves the charge to this account.
    pub(crate) fn attach(&mut self, account: &Account) {
        self.charge.attach(account);
    }

    /// Recomputes the weight of all entries.
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

    /// Adds a delivery with an unused packet id, and returns the id. The window must have room.
    /// [5 MQTT-2.2.1-4] [3.1.1 MQTT-2.3.1-4]
    pub(crate) fn insert(&mut self, rules: &Rules, delivery: Delivery) -> PacketId {
        let has_others = self.entries.len() > 0;
        if rules.chooses(Liberty::PacketIdsLowestFirst)
            || has_others && rules.breaks(Fault::ResentByPacketId)
        {
            self.last_id = 0;
        }
        let twice =
            has_others && self.sequence > 20 && rules.breaks(Fault::PacketIdsGivenTwiceAfter20);
        if twice {
            self.last_id = self.last_id.wrapping_sub(1);
        }
        let is_taken = |id| {
            let all_given_out = self.sequence >= u64::from(u16::MAX);
            let blind = twice || all_given_out && rules.breaks(Fault::PacketIdInUseGivenAgain);
            let entry = self.entries.get(&id);
            let is_owed = entry.is_some_and(|entry| matches!(entry.stage, Stage::Released { .. }));
            let blind = blind || is_owed && rules.breaks(Fault::UnreleasedIdReused);
            entry.is_some_and(|entry| !entry.free) && !blind
        };
        let id = loop {
            self.last_id = if rules.chooses(Liberty::PacketIdsFromTheTop) {
                self.last_id.wrapping_sub(1)
            } else if rules.chooses(Liberty::PacketIdsScattered) {
                // This sequence visits every number before it repeats one.
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

    /// Adds a delivery with this packet id, whether or not it is in use.
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

    /// Adds a stored delivery that was sent on an earlier connection.
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

    /// For faults: keeps only deliveries at a stage that the function accepts.
    pub(crate) fn retain(&mut self, is_kept: impl Fn(&Stage) -> bool) {
        self.entries.retain(|_, entry| is_kept(&entry.stage));
        self.weigh();
    }

    /// Starts to track changes. At first, everything counts as changed.
    pub(crate) fn track(&mut self) {
        self.entries.track();
    }

    /// Returns the packet ids whose stage may have changed, or that were freed, since the last call.
    pub(crate) fn take_changed(&mut self) -> Vec<PacketId> {
        self.entries.take_changed()
    }

    /// Returns the position of the delivery's last packet in the session's order of sending.
    pub(crate) fn sequence(&self, id: PacketId) -> Option<u64> {
        self.entries.get(&id).map(|entry| entry.sequence)
    }

    /// Returns the stage of the delivery with this packet id.
    pub(crate) fn stage(&self, id: PacketId) -> Option<&Stage> {
        self.entries.get(&id).map(|entry| &entry.stage)
    }

    /// Continues with PUBREL after PUBREC was received. [5 MQTT-4.3.3-6]: the PUBLISH is never sent again.
    pub(crate) fn release(&mut self, id: PacketId) {
        self.sequence += 1;
        let sequence = self.sequence;
        if let Some(entry) = self.entries.get_mut(&id)
            && let Stage::Published(delivery) = &entry.stage
        {
            // A copy, so that the exchange does not keep the message's buffer alive.
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

    /// Ends a delivery and frees its packet id.
    pub(crate) fn remove(&mut self, id: PacketId) -> Option<Stage> {
        let entry = self.entries.remove(&id)?;
        self.charge.sub(entry.weight());
        if entry.sent {
            self.sent = self.sent.saturating_sub(1);
        }
        Some(entry.stage)
    }

    /// Starts a new connection, on which nothing has been sent yet. [5 RULE-4.9-1]
    pub(crate) fn reconnect(&mut self) {
        for entry in self.entries.all_unkept_mut() {
            entry.sent = false;
        }
        self.sent = 0;
    }

    /// For a fault: starts a new connection, but keeps the used places of the earlier one.
    pub(crate) fn reconnect_without_reset(&mut self) {
        let taken = self.sent;
        self.reconnect();
        self.sent = taken;
    }

    /// For a fault: whether a QoS 2 message waits for its PUBREC.
    pub(crate) fn awaits_pubrec(&self) -> bool {
        self.entries.values().any(|entry| {
            matches!(&entry.stage, Stage::Published(delivery) if delivery.qos == QoS::ExactlyOnce)
        })
    }

    /// For faults: takes places in the window that are never freed.
    pub(crate) fn lose(&mut self, places: usize) {
        self.lost += places;
    }

    /// For faults: frees a place although no delivery has ended.
    pub(crate) fn free_one(&mut self) {
        self.sent = self.sent.saturating_sub(1);
    }

    /// For a fault: the delivery whose packet was sent last.
    pub(crate) fn newest(&self) -> Option<PacketId> {
        let newest = self.entries.iter().max_by_key(|(_, entry)| entry.sequence);
        newest.map(|(id, _)| *id)
    }

    /// For faults: frees the place of a delivery that has not ended.
    pub(crate) fn give_back(&mut self, id: PacketId) {
        if let Some(entry) = self.entries.unkept_mut(&id)
            && entry.sent
        {
            entry.sent = false;
            self.sent = self.sent.saturating_sub(1);
        }
    }

    /// For faults: changes every unacknowledged message.
    pub(crate) fn alter(&mut self, change: impl Fn(&mut Delivery)) {
        for entry in self.entries.values_mut() {
            if let Stage::Published(delivery) = &mut entry.stage {
                change(delivery);
            }
        }
        self.weigh();
    }

    /// For a fault: assigns packet ids from 1 again.
    pub(crate) fn restart_ids(&mut self) {
        self.last_id = 0;
    }

    /// For a fault: assigns packet ids from 1 again, and treats those in use as free.
    pub(crate) fn forget_ids(&mut self) {
        self.last_id = 0;
        for entry in self.entries.all_unkept_mut() {
            entry.free = true;
        }
    }

    /// For a fault: skips the next packet id.
    pub(crate) fn skip_id(&mut self) {
        self.last_id = self.last_id.wrapping_add(1);
    }

    /// For a fault: reverses the order of sending.
    pub(crate) fn reverse(&mut self) {
        let last = self.sequence;
        for entry in self.entries.values_mut() {
            entry.sequence = last - entry.sequence;
        }
    }

    /// For faults: the unacknowledged messages with their packet ids.
    pub(crate) fn messages(&self) -> impl Iterator<Item = (PacketId, &Arc<Message>)> {
        self.entries
            .iter()
            .filter_map(|(id, entry)| match &entry.stage {
                Stage::Published(delivery) => Some((*id, &delivery.message)),
                Stage::Released { .. } => None,
            })
    }

    /// For faults: every packet id in use.
    pub(crate) fn ids(&self) -> impl Iterator<Item = PacketId> {
        self.entries.keys().copied()
    }

    /// For faults: the delivery whose packet was sent first.
    pub(crate) fn oldest(&self) -> Option<PacketId> {
        let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.sequence);
        oldest.map(|(id, _)| *id)
    }

    /// For a permitted variation: whether another message of the same QoS was sent before this one on the current
    /// connection and waits for its PUBACK or PUBREC.
    pub(crate) fn is_behind_another(&self, id: PacketId) -> bool {
        let published = |entry: &Entry| match &entry.stage {
            Stage::Published(delivery) => Some((delivery.qos, entry.sequence)),
            Stage::Released { .. } => None,
        };
        let Some((qos, sequence)) = self.entries.get(&id).and_then(published) else {
            return false;
        };
        let mut others = self.entries.values().filter(|entry| entry.sent);
        others.any(|other| {
            published(other).is_some_and(|(other_qos, at)| other_qos == qos && at < sequence)
        })
    }

    /// For faults: the packet ids whose PUBREL is unacknowledged.
    pub(crate) fn released(&self) -> Vec<PacketId> {
        let released = self.entries.iter();
        released
            .filter(|(_, entry)| matches!(entry.stage, Stage::Released { .. }))
            .map(|(id, _)| *id)
            .collect()
    }

    /// For faults: removes all deliveries.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.sent = 0;
        self.weigh();
    }

    /// For a permitted variation: the QoS 1 deliveries of Shared Subscriptions, in the order of sending.
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

    /// Returns the deliveries with nothing sent on this connection, in the order in which their last packets were first
    /// sent.
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

    /// Marks a delivery as sent on this connection and returns its stage, or `None` if there is nothing to send.
    pub(crate) fn resend(&mut self, id: PacketId) -> Option<Stage> {
        let entry = self.entries.unkept_mut(&id).filter(|entry| !entry.sent)?;
        entry.sent = true;
        self.sent += 1;
        Some(entry.stage.clone())
    }

    /// For a fault: takes the deliveries of Shared Subscriptions whose PUBLISH is unacknowledged.
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

    /// Takes all deliveries, in the order of sending.
    pub(crate) fn drain(&mut self) -> Vec<Stage> {
        self.sent = 0;
        let mut entries: Vec<_> = self.entries.take().into_values().collect();
        self.weigh();
        entries.sort_unstable_by_key(|entry| entry.sequence);
        entries.into_iter().map(|entry| entry.stage).collect()
    }
}
