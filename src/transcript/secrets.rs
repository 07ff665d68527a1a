//! Hides passwords, in whatever form they come back.
//!
//! Passwords that we send are hidden field by field where they are sent. This module hides those that others write: a
//! broker that sends one back, or a log. Each byte is replaced by `*`, so that lengths stay the same.

use std::fmt;

use mqtt_check_codec::{ConnAck, Frame, Packet, Property};

use super::{Transcript, What};

/// The length of the shortest form that is hidden, in bytes. A shorter one may be part of any word, and hiding it would
/// change what is compared.
const SHORTEST: usize = 6;

/// Passwords, in every notation in which they may appear.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets {
    /// The longest first, because one may be part of another.
    forms: Vec<Vec<u8>>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}

impl Secrets {
    /// Collects the passwords of these users.
    pub fn of<'a>(users: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut forms = Vec::new();
        for (user, password) in users {
            let basic = [user.as_bytes(), b":", password].concat();
            forms.extend(forms_of(password));
            forms.extend(base64(&basic));
        }
        forms.retain(|form: &Vec<u8>| form.len() >= SHORTEST);
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        forms.dedup();
        Self { forms }
    }

    /// Returns the secrets that do not appear in `open`, which is public.
    #[must_use]
    pub fn not_in(&self, open: &str) -> Self {
        let is_open = |form: &[u8]| contains(open.as_bytes(), form);
        let forms = self.forms.iter().filter(|form| !is_open(form));
        Self {
            forms: forms.cloned().collect(),
        }
    }

    /// Hides the secrets in these bytes. Returns whether there was one.
    pub fn hide(&self, bytes: &mut [u8]) -> bool {
        let mut found = false;
        for form in &self.forms {
            let mut from = 0;
            while let Some(at) = position(&bytes[from..], form) {
                let end = from + at + form.len();
                bytes[from + at..end].fill(b'*');
                (from, found) = (end, true);
            }
        }
        found
    }

    /// Returns the text with the secrets hidden.
    pub fn hidden(&self, text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        match self.hide(&mut bytes) {
            true => String::from_utf8_lossy(&bytes).into_owned(),
            false => text.to_owned(),
        }
    }

    /// Hides the secrets in the properties of a CONNACK.
    pub fn hide_connack(&self, connack: &mut ConnAck) {
        for property in &mut connack.properties.0 {
            match property {
                Property::ReasonString(text)
                | Property::AssignedClientIdentifier(text)
                | Property::ResponseInformation(text)
                | Property::ServerReference(text)
                | Property::AuthenticationMethod(text) => *text = self.hidden(text).into(),
                Property::AuthenticationData(bytes) => {
                    let mut hidden = bytes.to_vec();
                    if self.hide(&mut hidden) {
                        *bytes = hidden.into();
                    }
                }
                Property::UserProperty(name, value) => {
                    for text in [name, value] {
                        *text = self.hidden(text).into();
                    }
                }
                _ => {}
            }
        }
    }

    fn hide_in(&self, text: &mut String) {
        *text = self.hidden(text);
    }
}

/// Returns a password as it is, in hex, in base64, and as reports escape it.
fn forms_of(password: &[u8]) -> Vec<Vec<u8>> {
    let hex: Vec<String> = password.iter().map(|b| format!("{b:02x}")).collect();
    let (joined, spaced) = (hex.concat(), hex.join(" "));
    let mut forms = vec![
        password.to_vec(),
        joined.to_uppercase().into_bytes(),
        spaced.to_uppercase().into_bytes(),
        joined.into_bytes(),
        spaced.into_bytes(),
    ];
    if let Ok(text) = std::str::from_utf8(password) {
        let quoted = format!("{text:?}");
        forms.push(quoted.as_bytes()[1..quoted.len() - 1].to_vec());
    }
    forms.extend(base64(password));
    forms
}

/// Encodes bytes as base64 without padding, in both of its alphabets.
fn base64(bytes: &[u8]) -> [Vec<u8>; 2] {
    const COMMON: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let with = |last: &[u8; 2]| {
        let digit = |six: u32| {
            let six = usize::try_from(six & 63).unwrap_or_default();
            COMMON.get(six).copied().unwrap_or_else(|| last[six - 62])
        };
        let mut out = Vec::new();
        for part in bytes.chunks(3) {
            let at = |n: usize| u32::from(part.get(n).copied().unwrap_or_default());
            let all = at(0) << 16 | at(1) << 8 | at(2);
            let digits = [all >> 18, all >> 12, all >> 6, all].map(digit);
            out.extend_from_slice(&digits[..=part.len()]);
        }
        out
    };
    [with(b"+/"), with(b"-_")]
}

fn position(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    position(bytes, part).is_some()
}

impl Transcript {
    /// Hides the secrets in what the broker sent and did. `strip` removes the prefix from a packet.
    pub fn hide(&mut self, secrets: &Secrets, strip: &dyn Fn(&mut Packet)) {
        if secrets.forms.is_empty() {
            return;
        }
        for event in &mut self.events {
            let version = self.lanes[event.lane.0].version;
            match &mut event.what {
                What::Received {
                    frame,
                    packet,
                    topic,
                    ..
                } => {
                    let mut bytes = frame.bytes().to_vec();
                    if !secrets.hide(&mut bytes) {
                        continue;
                    }
                    let Ok(hidden) = Frame::from_bytes(bytes.into()) else {
                        continue;
                    };
                    match (packet, Packet::decode(&hidden, version)) {
                        (Ok(packet), Ok(mut again)) => {
                            strip(&mut again);
                            *packet = again;
                        }
                        // A packet that was decoded leniently cannot be decoded again.
                        (Ok(Packet::ConnAck(connack)), Err(_)) => secrets.hide_connack(connack),
                        _ => {}
                    }
                    *frame = hidden;
                    if let Some(topic) = topic {
                        *topic = secrets.hidden(topic).into();
                    }
                }
                What::Garbage { bytes, .. }
                | What::Truncated { bytes }
                | What::Fault { bytes, .. } => {
                    let mut hidden = bytes.to_vec();
                    if secrets.hide(&mut hidden) {
                        *bytes = hidden.into();
                    }
                }
                What::Shown { line, .. } => secrets.hide_in(line),
                _ => {}
            }
        }
        let hooks = self.hooks.iter_mut().flat_map(|hook| &mut hook.fields);
        let facts = self.facts.iter_mut().map(|fact| &mut fact.text);
        hooks
            .map(|(_, text)| text)
            .chain(facts)
            .chain(&mut self.broken_off)
            .chain(&mut self.left_behind)
            .chain(self.log.lines.iter_mut().map(|line| &mut line.text))
            .for_each(|text| secrets.hide_in(text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> Secrets {
        Secrets::of([("alice", &b"p@ss\"word"[..])])
    }

    #[test]
    fn hides_every_form_at_its_length() {
        for form in [
            "p@ss\"word",
            "p@ss\\\"word",
            "704073732\u{32}776f7264",
            "70 40 73 73 22 77 6f 72 64",
            "cEBzcyJ3b3Jk",
            "YWxpY2U6cEBzcyJ3b3Jk",
        ] {
            let shown = secrets().hidden(&format!("a {form} b"));
            assert_eq!(shown, format!("a {} b", "*".repeat(form.len())), "{form}");
        }
    }

    #[test]
    fn leaves_public_and_short_values() {
        let open = secrets().not_in("password: 'p@ss\"word'");
        assert_eq!(open.hidden("p@ss\"word"), "p@ss\"word");
        let short = Secrets::of([("alice", &b"test"[..])]);
        assert_eq!(short.hidden("test/topic"), "test/topic");
    }

    #[test]
    fn shows_nothing_in_its_own_debug_text() {
        assert!(!format!("{:?}", secrets()).contains("word"));
    }
}
