//! Splits the state into records for a store: one for each part of a session, and one for each retained message. Lists
//! the records that have changed since the last call.
//!
//! A key begins with what it belongs to: `s`, the length of the Client Identifier, the Client Identifier, and a part
//! (with a name within the part); or `r` and a topic. All records of a session are therefore adjacent and share one
//! prefix.

use std::ops::Range;
use std::sync::Arc;

use bytestring::ByteString;
use mqtt_check_codec::PacketId;

use super::record::{Corrupt, Reader, Sink};
use crate::core::state::retained::Retained;
use crate::core::state::session::{Received, Session, Sessions};
use crate::core::state::will::Will;
use crate::core::state::written::Itself;

/// A change to the records of a store. All changes that one call returns must be applied together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Write a record, replacing one with the same key.
    Put {
        /// Begins with the prefix of its session, or with that of retained messages.
        key: Vec<u8>,
        /// Opaque to the store.
        value: Vec<u8>,
    },
    /// Delete a record.
    Remove {
        /// Nothing happens if no record has this key.
        key: Vec<u8>,
    },
    /// Delete every record whose key begins with a prefix.
    RemoveAll {
        /// The first bytes of the keys.
        prefix: Vec<u8>,
    },
}

/// Sessions and retained messages between two runs of the broker.
#[derive(Debug, Default)]
pub struct StoredState {
    /// In the order of Client Identifiers. Sessions that should have ended with their connection are included if the
    /// broker had no time to end them.
    pub(crate) sessions: Vec<Session>,
    pub(crate) retained: Retained,
}

pub(super) const SESSION: u8 = b's';
pub(super) const RETAINED: u8 = b'r';

/// The parts of a session.
const ITSELF: u8 = 0;
const SUBSCRIPTION: u8 = 1;
const WAITING: u8 = 2;
const SENT: u8 = 3;
const RECEIVED: u8 = 4;

fn session_prefix(client: &str) -> Vec<u8> {
    let mut key = vec![SESSION];
    key.extend((client.len() as u64).to_be_bytes());
    key.extend(client.as_bytes());
    key
}

fn part(client: &str, part: u8, name: &[u8]) -> Vec<u8> {
    let mut key = session_prefix(client);
    key.push(part);
    key.extend(name);
    key
}

fn retained_key(topic: &str) -> Vec<u8> {
    [&[RETAINED], topic.as_bytes()].concat()
}

fn put(changes: &mut Vec<Change>, key: Vec<u8>, write: impl FnOnce(&mut Sink)) {
    let mut sink = Sink::default();
    write(&mut sink);
    // A record that cannot be read would make the whole store unreadable.
    changes.push(match sink.into_vec() {
        Some(value) => Change::Put { key, value },
        None => Change::Remove { key },
    });
}

fn put_or_remove<T>(
    changes: &mut Vec<Change>,
    key: Vec<u8>,
    there: Option<T>,
    write: impl FnOnce(&mut Sink, T),
) {
    match there {
        Some(there) => put(changes, key, |sink| write(sink, there)),
        None => changes.push(Change::Remove { key }),
    }
}

/// Starts to track changes. At first, everything counts as changed.
pub(crate) fn track_changes(sessions: &mut Sessions, retained: &mut Retained) {
    sessions.track();
    retained.track();
}

/// Returns the changes to the records since the last call, in the order in which to apply them. Returns nothing unless
/// changes are tracked.
pub(crate) fn take_changes(sessions: &mut Sessions, retained: &mut Retained) -> Vec<Change> {
    let mut changes = Vec::new();
    let (ended, changed) = sessions.take_touched();
    for client in ended {
        let prefix = session_prefix(&client);
        changes.push(Change::RemoveAll { prefix });
    }
    for key in changed {
        if let Some(session) = sessions.untouched(key) {
            session_changes(session, &mut changes);
        }
    }
    for topic in retained.take_changed() {
        let key = retained_key(&topic);
        match retained.at(&topic) {
            Some(message) => put(&mut changes, key, |sink| sink.message(message)),
            None => changes.push(Change::Remove { key }),
        }
    }
    changes
}

fn session_changes(session: &mut Session, changes: &mut Vec<Change>) {
    let itself = Itself {
        user: session.user.clone(),
        expiry: session.expiry,
        closed_at: session.closed_at,
        will: session.will.as_deref().map(Will::identity),
    };
    if session.written.itself.as_ref() != Some(&itself) {
        let mut sink = Sink::default();
        sink.session(session);
        session.written.itself = Some(itself);
        if let Some(value) = sink.into_vec() {
            let key = part(&session.client, ITSELF, &[]);
            changes.push(Change::Put { key, value });
        }
    }
    waiting_changes(session, changes);
    let Session {
        client,
        subscriptions,
        inflight,
        received,
        ..
    } = session;
    for filter in subscriptions.take_changed() {
        let key = part(client, SUBSCRIPTION, filter.as_bytes());
        let granted = subscriptions.get(&filter);
        put_or_remove(changes, key, granted, Sink::granted);
    }
    for id in inflight.take_changed() {
        let key = part(client, SENT, &id.get().to_be_bytes());
        let there = inflight.sequence(id).zip(inflight.stage(id));
        let write = |sink: &mut Sink, (sequence, stage)| sink.stage(sequence, stage);
        put_or_remove(changes, key, there, write);
    }
    for id in received.take_changed() {
        let key = part(client, RECEIVED, &id.get().to_be_bytes());
        let there = received.get(&id).map(|received| received.expires_at);
        put_or_remove(changes, key, there, Sink::good_until);
    }
}

/// Returns the numbers of the first range that are not in the second, without visiting those in both.
fn without(all: &Range<u64>, others: &Range<u64>) -> impl Iterator<Item = u64> + use<> {
    let before = all.start..all.end.min(others.start);
    let behind = all.start.max(others.end).max(before.end)..all.end;
    before.chain(behind)
}

fn waiting_changes(session: &mut Session, changes: &mut Vec<Change>) {
    let now = session.queue.numbers();
    let before = std::mem::replace(&mut session.written.waiting, now.clone());
    let key = |number: u64| part(&session.client, WAITING, &number.to_be_bytes());
    for number in without(&before, &now) {
        changes.push(Change::Remove { key: key(number) });
    }
    for number in without(&now, &before) {
        if let Some(delivery) = session.queue.at(number) {
            put(changes, key(number), |sink| sink.delivery(delivery));
        }
    }
}

impl StoredState {
    /// Reads the records of a store, which must be in the order of their keys.
    ///
    /// # Errors
    /// Returns [`Corrupt`] for the first record that `Broker::changes` cannot have written.
    pub fn from_records(
        records: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>,
    ) -> Result<Self, Corrupt> {
        let (state, unread) = Self::readable(records);
        match unread.into_iter().next() {
            None => Ok(state),
            Some((_, corrupt)) => Err(corrupt),
        }
    }

    /// Reads the records of a store, which must be in the order of their keys. Also returns the keys of unreadable
    /// records. An unreadable record does not affect the others, with one exception: if the record of a session itself
    /// is unreadable, all other records of this session are lost too.
    pub fn readable(
        records: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>,
    ) -> (Self, Vec<(Vec<u8>, Corrupt)>) {
        let (mut state, mut unread) = (Self::default(), Vec::new());
        for (key, value) in records {
            if let Err(corrupt) = state.record(&key, value) {
                unread.push((key, corrupt));
            }
        }
        (state, unread)
    }

    fn record(&mut self, key: &[u8], value: Vec<u8>) -> Result<(), Corrupt> {
        match key.split_first() {
            Some((&RETAINED, topic)) => {
                let mut reader = Reader::new(value);
                let message = reader.message()?;
                reader.end()?;
                if message.topic.as_bytes() != topic {
                    return Err(Corrupt("the key of a retained message names another topic"));
                }
                self.retained.store(Arc::new(message));
                Ok(())
            }
            Some((&SESSION, rest)) => self.session_record(rest, value),
            _ => Err(Corrupt("unknown key prefix")),
        }
    }

    fn session_record(&mut self, key: &[u8], value: Vec<u8>) -> Result<(), Corrupt> {
        let broken = || Corrupt("malformed session key");
        let (length, rest) = key.split_first_chunk::<8>().ok_or_else(broken)?;
        let length = usize::try_from(u64::from_be_bytes(*length)).map_err(|_| broken())?;
        let (client, rest) = rest.split_at_checked(length).ok_or_else(broken)?;
        let (part, name) = rest.split_first().ok_or_else(broken)?;
        let client = std::str::from_utf8(client).map_err(|_| broken())?;
        let mut reader = Reader::new(value);
        if *part == ITSELF {
            let session = reader.session(ByteString::from(client))?;
            reader.end()?;
            self.sessions.push(session);
            return Ok(());
        }
        let session = self.sessions.last_mut().filter(|s| s.client == client);
        let session = session.ok_or(Corrupt("a record belongs to no session"))?;
        let id = || {
            let bytes: [u8; 2] = name.try_into().ok()?;
            PacketId::new(u16::from_be_bytes(bytes))
        };
        match *part {
            SUBSCRIPTION => {
                let filter = std::str::from_utf8(name).map_err(|_| broken())?;
                let granted = reader.granted()?;
                reader.end()?;
                session
                    .subscriptions
                    .insert(ByteString::from(filter), granted);
            }
            WAITING => {
                let _number: [u8; 8] = name.try_into().map_err(|_| broken())?;
                let delivery = reader.delivery()?;
                reader.end()?;
                session.queue.push_back(delivery);
            }
            SENT => {
                let (sequence, stage) = reader.stage()?;
                reader.end()?;
                let id = id().ok_or_else(broken)?;
                session.inflight.keep(id, sequence, stage);
            }
            RECEIVED => {
                let received = Received {
                    counted: false,
                    expires_at: reader.good_until()?,
                };
                reader.end()?;
                session.received.insert(id().ok_or_else(broken)?, received);
            }
            _ => return Err(Corrupt("unknown kind of session record")),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_ranges_have_in_common_is_left_out() {
        let ranges = || (0..5).flat_map(|start| (start..6).map(move |end| start..end));
        for all in ranges() {
            for others in ranges() {
                let expected: Vec<u64> = all.clone().filter(|n| !others.contains(n)).collect();
                let found: Vec<u64> = without(&all, &others).collect();
                assert_eq!(found, expected, "{all:?} {others:?}");
            }
        }
    }
}
