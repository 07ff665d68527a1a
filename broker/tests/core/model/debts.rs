//! What the broker still owes when all its outputs have been handled.

use super::world::{Accepted, Judgement, World};

impl World {
    /// Checks that everything due by now has been done.
    pub(super) fn settle(&mut self) -> Judgement {
        let now = self.now;
        for line in self.lines.values() {
            let client = line.client;
            if line.ending.is_some() {
                return Err(format!("c{client} is not closed on"));
            }
            if let Some(owed) = line.owed.first() {
                return Err(format!("c{client} does not get {owed:?}"));
            }
        }
        for (client, line) in &self.hooks {
            if let Some(line) = line.front() {
                return Err(format!("no event of c{client} says {line}"));
            }
        }
        if let Some(due) = self.dues.iter().find(|due| due.at <= now && !due.optional) {
            return Err(format!(
                "the Will of c{} is not published",
                due.will.publisher
            ));
        }
        self.dues.retain(|due| due.at > now);
        if let Some(Accepted { message, .. }) = self.accepted.front() {
            return Err(format!("{} is not published", message.payload));
        }
        if let Some(((_, topic), _)) = self.unheard.iter().find(|(_, must)| *must) {
            return Err(format!(
                "no event says that nobody has subscribed to {topic}"
            ));
        }
        self.unheard.clear();
        self.left_over.clear();
        self.ended.clear();
        for client in self.sessions.keys().copied().collect::<Vec<_>>() {
            self.settle_session(client)?;
        }
        self.settle_shared()
    }

    /// Returns whether this client could be sent a message at this QoS at once.
    fn is_ready(&self, client: usize, qos: u8) -> Option<bool> {
        let session = self.sessions.get(&client)?;
        let Some(connection) = session.line else {
            return Some(false);
        };
        let line = self.lines.get(&connection)?;
        let limit = line.arrival.receive_maximum.filter(|_| line.arrival.v5);
        // The standard leaves open whether a PUBREL that was sent again counts against the new connection's quota.
        let open = session
            .flights
            .iter()
            .filter(|flight| flight.sent_on == connection);
        Some(qos == 0 || limit.is_none_or(|limit| open.count() < usize::from(limit)))
    }

    fn settle_session(&mut self, client: usize) -> Judgement {
        let now = self.now;
        let ready = [0, 1].map(|qos| self.is_ready(client, qos) == Some(true));
        let Some(session) = self.sessions.get_mut(&client) else {
            return Ok(());
        };
        session.waiting.retain(|copy| copy.must || copy.qos > 0);
        let unsent = session
            .flights
            .iter()
            .filter(|flight| Some(flight.published_on) != session.line && !flight.released);
        let waiting = session.waiting.iter();
        let waiting = waiting.filter(|copy| copy.must && !copy.message.is_expired(now));
        let unsent = unsent.map(|flight| &flight.copy).chain(waiting);
        for copy in unsent {
            if ready[usize::from(copy.qos > 0)] {
                let (payload, topic) = (&copy.message.payload, copy.message.topic);
                return Err(format!("c{client} does not get {payload} of {topic}"));
            }
        }
        Ok(())
    }

    /// Checks that every shared message without a receiver waits for a member that could not take it.
    fn settle_shared(&mut self) -> Judgement {
        let now = self.now;
        let mut shared = std::mem::take(&mut self.shared);
        for copy in &shared {
            let mut ready = copy.members.iter();
            let ready = ready.all(|(member, own)| self.is_ready(*member, own.qos) == Some(true));
            if copy.must && ready && !copy.message.is_expired(now) {
                return Err(format!(
                    "nobody of {} gets {}",
                    copy.filter, copy.message.payload
                ));
            }
        }
        // Messages of QoS 0 for members that are not connected are lost.
        shared.retain(|copy| copy.members.iter().any(|(_, own)| own.qos > 0));
        self.shared = shared;
        Ok(())
    }
}
