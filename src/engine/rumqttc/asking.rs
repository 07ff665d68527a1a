//! Carries out steps by calls of the library.

use std::time::Duration;

use mqtt_check_codec::{Packet, PacketType};
use tokio::time::Instant;

use super::tap::Tap;
use crate::engine::build::build;
use crate::engine::player::{Hindrance, Player};
use crate::plan::{Operation, Outgoing};
use crate::scenario::model::{ClientIndex, Expr, Literal, PacketTemplate};
use crate::transcript::LaneIndex;

/// How long the library may take to see a request, on a paused clock or a real one.
const TICK: Duration = Duration::from_millis(1);
/// The longest Keep Alive, in seconds. It is used where Keep Alive should be off, which version 5 of the library does
/// not support.
const LONGEST_KEEP_ALIVE_S: u16 = u16::MAX;

impl Player<'_> {
    /// Prepares a step of a client. After a step that does not wait for its answer, received packets are held back
    /// until a step that waits. They are lost if the connection ends before.
    pub(in crate::engine) async fn before_step(
        &mut self,
        client: ClientIndex,
        operations: &[Operation],
    ) -> Result<(), Hindrance> {
        if !self.is_library(client) {
            return Ok(());
        }
        if operations.iter().any(|o| matches!(o, Operation::Open)) {
            self.disconnect(client).await;
        }
        let waits = operations.iter().any(|o| matches!(o, Operation::Await(_)));
        if operations.iter().any(is_answered) {
            self.settle(client).await;
            self.tap(client)?.hold(!waits);
        }
        Ok(())
    }

    /// Makes the library send these packets. PUBREL is skipped, because the library sends it by itself.
    pub(in crate::engine) async fn ask(
        &mut self,
        client: ClientIndex,
        items: &[Outgoing],
    ) -> Result<(), Hindrance> {
        for item in items {
            let Outgoing::Packet(template) = item else {
                return Err(Hindrance::because("rumqttc cannot send raw bytes"));
            };
            if template.packet_type == PacketType::PUBREL {
                continue;
            }
            let lane = self.lane_of(client)?;
            self.is_connected(client, lane, template.packet_type)?;
            let packet = self.packet(client, lane, template)?;
            self.settle(client).await;
            self.ask_for(client, &packet, template).await?;
            self.written(client).await?;
        }
        Ok(())
    }

    /// Checks that the library has the connection that this packet needs.
    fn is_connected(
        &mut self,
        client: ClientIndex,
        lane: LaneIndex,
        packet_type: PacketType,
    ) -> Result<(), Hindrance> {
        if let Some(why) = self.ended_by_library(client, lane) {
            return Err(self.break_off(why));
        }
        let unconnected = self.taps.get(&client).is_none_or(Tap::is_unconnected);
        if !self.lanes[lane.0].is_writable() || (unconnected && packet_type != PacketType::CONNECT)
        {
            return Err(Hindrance::Ended);
        }
        Ok(())
    }

    /// Builds the packet as it must be on the wire.
    fn packet(
        &self,
        client: ClientIndex,
        lane: LaneIndex,
        template: &PacketTemplate,
    ) -> Result<Packet, Hindrance> {
        let lane = &self.lanes[lane.0];
        let keep_alive_s = match self.patience.keep_alive_s {
            0 if lane.version.has_properties() => LONGEST_KEEP_ALIVE_S,
            named => named,
        };
        let built = build(
            template,
            lane.surroundings(client, &self.memory, keep_alive_s),
        )
        .map_err(|problem| Hindrance::because(problem.to_string()))?;
        if !built.lies.is_empty() {
            return Err(Hindrance::because(format!(
                "rumqttc cannot send such a {}",
                template.packet_type
            )));
        }
        let mut packet = built.packet;
        self.prefix.put(&mut packet);
        Ok(packet)
    }

    async fn ask_for(
        &mut self,
        client: ClientIndex,
        packet: &Packet,
        template: &PacketTemplate,
    ) -> Result<(), Hindrance> {
        let step = self.current;
        if let Packet::PubAck(ack) | Packet::PubRec(ack) = packet {
            let id = ack.packet_id.get();
            self.tap(client)?.release_until(id);
            self.settle(client).await;
            let wanted = if matches!(packet, Packet::PubAck(_)) {
                1
            } else {
                2
            };
            if self.tap(client)?.message(id) != Some(wanted) {
                return Err(Hindrance::because(format!(
                    "rumqttc has received no QoS {wanted} message {id} to acknowledge"
                )));
            }
        }
        let lane = self.lane_of(client)?;
        let tap = self.tap(client)?;
        let asked = if let Packet::Connect(connect) = packet {
            tap.connect(connect, step)
        } else {
            tap.ask(packet, step)
        };
        if let Err(problem) = asked {
            return Err(self.break_off(format!("rumqttc {problem}")));
        }
        if matches!(packet, Packet::Connect(_)) {
            // A ping of ours would disturb a Keep Alive that is under test.
            self.lanes[lane.0].timed = template.fields.iter().any(|f| f.name == "keep_alive");
        }
        Ok(())
    }

    /// Waits until the library has written what it was asked for, or cannot write it.
    async fn written(&mut self, client: ClientIndex) -> Result<(), Hindrance> {
        let deadline = Instant::now() + self.limit();
        while let Some(tap) = self.taps.get(&client)
            && !tap.has_written()
            && Instant::now() < deadline
        {
            let soon = Instant::now() + TICK;
            let idle = !self.activity(soon.min(deadline)).await;
            // The in-flight limit is reached, and acknowledgements are held back.
            let is_stalled = |tap: &Tap| tap.is_holding() && tap.is_stalled();
            if idle && self.taps.get(&client).is_some_and(is_stalled) {
                break;
            }
        }
        let lane = self.lane_of(client)?;
        match self.ended_by_library(client, lane) {
            Some(why) => Err(self.break_off(why)),
            None => Ok(()),
        }
    }
}

/// Returns whether this operation sends something that the broker answers.
fn is_answered(operation: &Operation) -> bool {
    let Operation::Send(items) = operation else {
        return false;
    };
    items.iter().any(|item| match item {
        Outgoing::Bytes(_) => false,
        Outgoing::Packet(template) => match template.packet_type {
            PacketType::PUBLISH => {
                let at_most_once = Expr::Literal(Literal::Number(0));
                let qos = template.fields.iter().find(|f| f.name == "qos");
                qos.is_some_and(|qos| qos.value != at_most_once)
            }
            PacketType::CONNECT
            | PacketType::SUBSCRIBE
            | PacketType::UNSUBSCRIBE
            | PacketType::PUBREC => true,
            _ => false,
        },
    })
}
