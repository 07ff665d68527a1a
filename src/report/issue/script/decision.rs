//! Writes the end of a script: what the broker must do, and what it does if it is faulty.

use super::Story;
use crate::report::document::Finding;
use crate::report::document::check::{ConnackRule, Right, WantedPacket};
use crate::report::issue::python;
use crate::report::pcap::unhex;

impl Story<'_> {
    /// Adds the lines that decide whether the broker does what is right.
    ///
    /// # Errors
    /// Returns an error if no script can see it.
    pub(super) fn decide(&mut self, finding: &Finding) -> Result<(), String> {
        if self.clients[self.check.client].is_dropped {
            return Err("the client had closed its connection by then".to_owned());
        }
        self.expect_deferred(|_| true);
        for client in 0..self.clients.len() {
            self.settle(client);
        }
        let client = self.check.client;
        let name = python::name(&self.play.clients[client].name);
        self.lines.push(String::new());
        let clauses: Vec<&str> = finding.clauses.iter().map(|c| c.id.as_str()).collect();
        let expected = finding.expected.join(" or ");
        let right = format!("Expected [{}]: {expected}", clauses.join(", "));
        self.lines.extend(python::comment(&right));
        let seconds = self.check.within_us.div_ceil(1_000_000).max(1) + 1;
        let is_connected = self.clients[client].is_connected;
        match &self.check.right {
            Right::Packets { packets } => {
                for packet in packets {
                    self.awaited(&name, packet, seconds);
                }
                self.lines
                    .push("end(GREEN, \"the broker sent what it should\")".to_owned());
            }
            Right::Silence { of, span_us } => {
                let seconds = span_us.div_ceil(1_000_000).max(1);
                self.collected(&name, seconds, is_connected);
                let kinds: Vec<String> = of.iter().map(|kind| python::text(kind)).collect();
                if !of.is_empty() {
                    self.lines.push(format!(
                        "received = [p for p in received if NAMES[p[0] >> 4] in ({},)]",
                        kinds.join(", ")
                    ));
                }
                self.red_if_any(&name, is_connected);
            }
            Right::NoMore { packet } => {
                self.collected(&name, 1, is_connected);
                let wanted = self.wanted(packet);
                self.lines.push(format!(
                    "received = [p for p in received if NAMES[p[0] >> 4] == {}]",
                    python::text(&packet.packet)
                ));
                if let Some(wanted) = wanted {
                    self.lines.push(format!("like = {wanted}"));
                    self.lines.push(format!(
                        "received = [p for p in received if not wrong({name}, p, like)]"
                    ));
                }
                self.red_if_any(&name, is_connected);
            }
            Right::OtherBytes { packet, hex } => {
                let bytes = python::bytes(&unhex(hex)).join(" ");
                self.lines
                    .push(format!("faulty = ({bytes}).replace(TOKEN, RUN)"));
                self.lines.push(format!(
                    "packet = {name}.take({}, {seconds})",
                    python::text(packet)
                ));
                self.lines.push("if packet == faulty:".to_owned());
                self.lines
                    .push("    end(RED, \"the broker sent the malformed packet\")".to_owned());
                self.lines.push(
                    "end(GREEN, \"the broker did not send the malformed packet\")".to_owned(),
                );
            }
            Right::Closed => {
                self.lines
                    .push(format!("{name}.collect({seconds}, ping=False)"));
                self.lines.push(format!("if {name}.closed:"));
                self.lines
                    .push("    end(GREEN, \"the broker closed the connection\")".to_owned());
                self.lines.push(format!(
                    "end(RED, \"the connection stayed open for {seconds} s\")"
                ));
            }
            Right::Refused { connack, .. } => self.refused(&name, *connack, seconds),
        }
        Ok(())
    }

    fn refused(&mut self, name: &str, connack: ConnackRule, seconds: u64) {
        self.lines
            .push(format!("received = {name}.collect({seconds}, ping=False)"));
        self.lines
            .push("connacks = [p for p in received if NAMES[p[0] >> 4] == \"CONNACK\"]".to_owned());
        self.lines.push(format!("if not {name}.closed:"));
        self.lines.push(format!(
            "    end(RED, \"the connection stayed open for {seconds} s\")"
        ));
        self.lines
            .push("if any(p[3:4] == b\"\\x00\" for p in connacks):".to_owned());
        self.lines
            .push("    end(RED, \"CONNACK reported success\")".to_owned());
        match connack {
            ConnackRule::Allowed => {}
            ConnackRule::Never => {
                self.lines.push("if connacks:".to_owned());
                self.lines
                    .push("    end(RED, \"the broker sent a CONNACK\")".to_owned());
            }
            ConnackRule::Required => {
                self.lines.push("if not connacks:".to_owned());
                self.lines
                    .push("    end(RED, \"the broker sent no CONNACK\")".to_owned());
            }
        }
        self.lines
            .push("end(GREEN, \"the broker refused and closed the connection\")".to_owned());
    }

    fn collected(&mut self, name: &str, seconds: u64, is_connected: bool) {
        let ping = if is_connected { "True" } else { "False" };
        self.lines
            .push(format!("received = {name}.collect({seconds}, ping={ping})"));
    }

    fn red_if_any(&mut self, name: &str, is_connected: bool) {
        self.lines.push("if received:".to_owned());
        self.lines.push(
            "    end(RED, \"received: \" + \", \".join(p.hex(\" \") for p in received))".to_owned(),
        );
        if is_connected {
            self.lines.push(format!("if {name}.closed:"));
            self.lines
                .push("    end(UNKNOWN, \"the broker closed the connection\")".to_owned());
        }
        self.lines
            .push("end(GREEN, \"the broker did not send it\")".to_owned());
    }

    fn awaited(&mut self, name: &str, packet: &WantedPacket, seconds: u64) {
        let kind = python::text(&packet.packet);
        let answers = packet.answers.map_or_else(String::new, |id| {
            format!(", answers={}", python::bytes(&id.to_be_bytes()).join(" "))
        });
        self.lines
            .push(format!("packet = {name}.take({kind}, {seconds}{answers})"));
        self.lines.push("if packet is None:".to_owned());
        self.lines.push(format!(
            "    end(RED, \"no {} within {seconds} s\" + (\", the connection was closed\" if {name}.closed else \"\"))",
            packet.packet
        ));
        if let Some(wanted) = self.wanted(packet) {
            self.lines
                .push(format!("faults = wrong({name}, packet, {wanted})"));
            self.lines.push("if faults:".to_owned());
            self.lines.push(format!(
                "    end(RED, \"received {} whose \" + \"; \".join(faults))",
                packet.packet
            ));
        }
    }

    /// The dictionary of what the packet's fields must be. `None` if the packet has none.
    fn wanted(&mut self, packet: &WantedPacket) -> Option<String> {
        if packet.fields.is_empty() {
            return None;
        }
        self.reads_fields = true;
        let fields: Vec<String> = packet
            .fields
            .iter()
            .map(|field| {
                format!(
                    "{}: {}",
                    python::text(&field.name),
                    python::wanted(&field.value)
                )
            })
            .collect();
        Some(format!("{{{}}}", fields.join(", ")))
    }
}
