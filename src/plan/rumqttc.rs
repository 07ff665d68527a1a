//! Refuses what a client that is played by rumqttc cannot do, with the place in the scenario.
//!
//! An application asks the library for a few things, and the library does the rest by itself. A scenario that needs
//! more must use `driver: wire`.

use mqtt_check_codec::PacketType;

use super::client_actions;
use crate::diagnostic::{Diagnostic, Place};
use crate::scenario::model::{
    Client, ClientAction, ClientIndex, Driver, DropHow, Exchange, Expr, Field, Literal,
    PacketTemplate, Scene, Step,
};

/// The shortest Keep Alive that the library accepts in version 5, in seconds.
const SHORTEST_KEEP_ALIVE_S: u64 = 5;

/// Returns an error for everything in the scene that rumqttc cannot do.
pub(super) fn refused(scene: &Scene) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for client in &scene.clients {
        if client.driver == Driver::Rumqttc && !matches!(client.version.as_str(), "3.1.1" | "5") {
            found.push((
                client.place,
                format!("rumqttc does not support MQTT {}", client.version),
            ));
        }
    }
    let mut visit = |step: &Step, index: ClientIndex, action: &ClientAction| {
        let client = &scene.clients[index.0];
        if client.driver == Driver::Rumqttc {
            Refusing {
                client,
                place: step.place,
                found: &mut found,
            }
            .action(action);
        }
    };
    client_actions(&scene.steps, &mut visit);
    if let Some(control) = &scene.control {
        for (_, step) in &control.with {
            client_actions(std::slice::from_ref(step), &mut visit);
        }
        client_actions(&control.expect, &mut visit);
    }
    // A field of the client itself is in each of its CONNECTs, so it is found more than once.
    found.sort();
    found.dedup();
    found
        .into_iter()
        .map(|(place, title)| {
            Diagnostic::new(&scene.source, Some(place), title)
                .hint("use `driver: wire` to control every byte")
        })
        .collect()
}

/// One step of one client.
struct Refusing<'a> {
    client: &'a Client,
    place: Place,
    found: &'a mut Vec<(Place, String)>,
}

impl Refusing<'_> {
    fn refuse(&mut self, place: Place, what: &str) {
        self.found.push((place, format!("rumqttc {what}")));
    }

    fn action(&mut self, action: &ClientAction) {
        let what = match action {
            ClientAction::Exchange(exchange) => return self.exchange(exchange),
            ClientAction::Expect(_) | ClientAction::Drop(DropHow::Close | DropHow::Reset) => return,
            ClientAction::Open(_) => "opens a transport only to connect",
            ClientAction::Send(_) => "cannot send raw bytes",
            ClientAction::Batch(_) => "decides by itself what it writes at once",
            ClientAction::Frame(_) => "has no access to WebSocket frames",
            ClientAction::Drop(DropHow::HalfClose) => "cannot close only its sending side",
        };
        self.refuse(self.place, what);
    }

    fn exchange(&mut self, exchange: &Exchange) {
        let packet = &exchange.packet;
        if !packet.lies.is_empty() {
            self.refuse(self.place, "cannot override what it encodes");
        }
        if exchange.scram.is_some() {
            self.refuse(self.place, "does not take part in enhanced authentication");
        }
        match packet.packet_type {
            PacketType::CONNECT => self.connect(packet),
            PacketType::PUBLISH => self.publish(exchange),
            PacketType::SUBSCRIBE => self.subscribe(packet),
            PacketType::UNSUBSCRIBE => self.unsubscribe(packet),
            PacketType::PUBACK | PacketType::PUBREC => self.acknowledgement(packet),
            PacketType::DISCONNECT => {
                self.only(packet, &[], "disconnects only with reason 0x00");
            }
            PacketType::PUBREL | PacketType::PUBCOMP => {
                self.refuse(self.place, "sends PUBREL and PUBCOMP by itself");
            }
            PacketType::PINGREQ => {
                self.refuse(self.place, "pings by itself, when Keep Alive requires it")
            }
            _ => self.refuse(
                self.place,
                &format!("cannot be asked for {}", packet.packet_type),
            ),
        }
    }

    fn connect(&mut self, packet: &PacketTemplate) {
        let v5 = self.client.version.has_properties();
        for field in &packet.fields {
            match field.name.as_str() {
                "keep_alive" if v5 && number(field).is_some_and(|n| n < SHORTEST_KEEP_ALIVE_S) => {
                    self.refuse(
                        field.place,
                        &format!("accepts no Keep Alive below {SHORTEST_KEEP_ALIVE_S} s in version 5, and not 0"),
                    );
                }
                "username" | "password" => match text(&field.value) {
                    Some([]) => {
                        self.refuse(field.place, "leaves out an empty user name or password")
                    }
                    Some(text) if std::str::from_utf8(text).is_err() => {
                        self.refuse(field.place, "accepts a password only as text");
                    }
                    _ => {}
                },
                "clean_start"
                    if !v5 && flag(field) == Some(false) && text(&self.client.id) == Some(&[]) =>
                {
                    self.refuse(
                        field.place,
                        "accepts no empty client id with Clean Session 0",
                    );
                }
                _ => {}
            }
        }
    }

    fn publish(&mut self, exchange: &Exchange) {
        for field in &exchange.packet.fields {
            match field.name.as_str() {
                "packet_id" => self.refuse(field.place, "chooses packet identifiers by itself"),
                "dup" if flag(field) != Some(false) => {
                    self.refuse(field.place, "cannot set DUP");
                }
                "topic"
                    if text(&field.value)
                        .is_some_and(|t| t.contains(&b'+') || t.contains(&b'#')) =>
                {
                    self.refuse(field.place, "cannot publish to a topic with a wildcard");
                }
                _ => {}
            }
        }
        if exchange.until_pubrec {
            self.refuse(
                self.place,
                "does not stop after PUBREC: it sends PUBREL by itself",
            );
        }
    }

    fn subscribe(&mut self, packet: &PacketTemplate) {
        self.identifier(packet);
        if packet.filters.is_empty() {
            self.refuse(self.place, "needs at least one filter to subscribe");
        }
        for filter in &packet.filters {
            if filter.qos > 2 || filter.retain_handling > 2 {
                self.refuse(self.place, "has only QoS and Retain Handling from 0 to 2");
            }
            if text(&filter.filter).is_some_and(|filter| !is_filter(filter)) {
                self.refuse(
                    self.place,
                    "cannot subscribe to a filter with a misplaced wildcard",
                );
            }
        }
    }

    fn unsubscribe(&mut self, packet: &PacketTemplate) {
        self.identifier(packet);
        if packet.filters.len() != 1 {
            self.refuse(self.place, "can unsubscribe from only one filter at a time");
        }
    }

    fn acknowledgement(&mut self, packet: &PacketTemplate) {
        if self.client.auto_ack {
            self.refuse(
                self.place,
                "acknowledges by itself, unless the client says `ack: manual`",
            );
        }
        self.only(packet, &["packet_id"], "acknowledges only with success");
    }

    fn identifier(&mut self, packet: &PacketTemplate) {
        for field in packet.fields.iter().filter(|f| f.name == "packet_id") {
            self.refuse(field.place, "chooses packet identifiers by itself");
        }
    }

    /// Refuses every field except these and a reason code of 0.
    fn only(&mut self, packet: &PacketTemplate, allowed: &[&str], what: &str) {
        for field in &packet.fields {
            let success = field.name == "reason" && number(field) == Some(0);
            if !success && !allowed.contains(&field.name.as_str()) {
                self.refuse(field.place, what);
            }
        }
    }
}

/// Returns whether the library accepts this topic filter: a wildcard fills its level, and `#` is the last level.
fn is_filter(filter: &[u8]) -> bool {
    let levels: Vec<&[u8]> = filter.split(|byte| *byte == b'/').collect();
    let wild = |level: &[u8]| level.contains(&b'#') || level.contains(&b'+');
    !filter.is_empty()
        && levels.iter().enumerate().all(|(n, level)| {
            !wild(level) || (level.len() == 1 && (level[0] == b'+' || n + 1 == levels.len()))
        })
}

fn text(value: &Expr) -> Option<&[u8]> {
    match value {
        Expr::Literal(Literal::Bytes(bytes)) => Some(bytes),
        _ => None,
    }
}

fn number(field: &Field) -> Option<u64> {
    match &field.value {
        Expr::Literal(Literal::Number(n)) => Some(*n),
        Expr::Literal(Literal::Reason(code)) => Some(code.0.into()),
        _ => None,
    }
}

fn flag(field: &Field) -> Option<bool> {
    match &field.value {
        Expr::Literal(Literal::Bool(flag)) => Some(*flag),
        _ => None,
    }
}
