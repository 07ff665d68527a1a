//! The messages queued for one session, in order. Each has a number that identifies it in the store.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use super::account::{Account, Charge};
use super::boxed_if_changed::{Blank, BoxedIfChanged};
use super::message::{Delivery, Message};

/// The waiting messages, oldest first.
#[derive(Debug, Clone, Default)]
struct Waiting(VecDeque<Delivery>);

impl Blank for Waiting {
    const BLANK: &'static Self = &Self(VecDeque::new());
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Queue {
    /// Empty in most sessions, and then without memory of its own.
    items: BoxedIfChanged<Waiting>,
    /// The number of the first message.
    first: u64,
    /// The weight of all messages.
    charge: Charge,
}

impl Queue {
    pub(crate) fn is_empty(&self) -> bool {
        self.items.0.is_empty()
    }

    /// Returns the charge of all messages.
    pub(crate) fn charge(&self) -> &Charge {
        &self.charge
    }

    /// Moves the charge to this account.
    pub(crate) fn attach(&mut self, account: &Account) {
        self.charge.attach(account);
    }

    /// Returns whether another message fits within these limits. An empty queue takes a message of any size.
    pub(crate) fn has_room(&self, delivery: &Delivery, messages: usize, bytes: usize) -> bool {
        self.items.0.len() < messages
            && (self.items.0.is_empty()
                || self.charge.bytes().saturating_add(delivery.weight()) <= bytes)
    }

    pub(crate) fn front(&self) -> Option<&Delivery> {
        self.items.0.front()
    }

    pub(crate) fn push_back(&mut self, delivery: Delivery) {
        self.charge.add(delivery.weight());
        self.items.0.push_back(delivery);
    }

    /// For faults: adds a message before all others. All others get new numbers.
    pub(crate) fn push_front(&mut self, delivery: Delivery) {
        self.first += self.items.0.len() as u64;
        self.charge.add(delivery.weight());
        self.items.0.push_front(delivery);
    }

    /// For permitted variations: adds a message right behind the last one that it must not overtake. All others get new
    /// numbers.
    pub(crate) fn overtake(
        &mut self,
        delivery: Delivery,
        is_before: impl Fn(&Delivery, &Delivery) -> bool,
    ) {
        let mut all = self.items.0.iter();
        let last = all.rposition(|other| is_before(other, &delivery));
        let place = last.map_or(0, |at| at + 1);
        self.first += self.items.0.len() as u64;
        self.charge.add(delivery.weight());
        self.items.0.insert(place, delivery);
    }

    pub(crate) fn pop_front(&mut self) -> Option<Delivery> {
        let front = self.items.there()?.0.pop_front()?;
        self.first += 1;
        self.charge.sub(front.weight());
        Some(front)
    }

    /// For faults: changes every message.
    pub(crate) fn alter(&mut self, change: impl Fn(&mut Delivery)) {
        self.items.0.iter_mut().for_each(change);
        self.charge
            .set(self.items.0.iter().map(Delivery::weight).sum());
    }

    /// For faults: returns the messages.
    pub(crate) fn messages(&self) -> Vec<Arc<Message>> {
        let all = self.items.0.iter();
        all.map(|delivery| Arc::clone(&delivery.message)).collect()
    }

    /// For faults: returns whether the function accepts one of the messages.
    pub(crate) fn any(&self, is_meant: impl Fn(&Arc<Message>) -> bool) -> bool {
        let mut all = self.items.0.iter();
        all.any(|delivery| is_meant(&delivery.message))
    }

    /// For faults and permitted variations: keeps only the deliveries that the function accepts.
    pub(crate) fn retain(&mut self, stays: impl Fn(&Delivery) -> bool) {
        for delivery in self.take() {
            if stays(&delivery) {
                self.push_back(delivery);
            }
        }
    }

    /// For a permitted variation: sorts the messages by topic. Messages of the same topic keep their order.
    pub(crate) fn sort_by_topic(&mut self) {
        let mut all = self.take();
        all.make_contiguous()
            .sort_by(|a, b| a.message.topic.cmp(&b.message.topic));
        for delivery in all {
            self.push_back(delivery);
        }
    }

    /// Takes all messages, in order.
    pub(crate) fn take(&mut self) -> VecDeque<Delivery> {
        self.first += self.items.0.len() as u64;
        self.charge.set(0);
        self.items.take().0
    }

    /// Returns the numbers of the messages.
    pub(crate) fn numbers(&self) -> Range<u64> {
        self.first..self.first + self.items.0.len() as u64
    }

    /// Returns the message with this number.
    pub(crate) fn at(&self, number: u64) -> Option<&Delivery> {
        let index = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.items.0.get(index)
    }
}
