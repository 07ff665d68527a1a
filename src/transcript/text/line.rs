//! Single lines for events and hook events, and which step they belong to.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use bytes::Bytes;
use mqtt_check_codec::describe::{MAX_SHOWN, fnv1a, hex_digits};
use mqtt_check_codec::{DecodeError, FieldValue, Frame, Packet, PacketType, ProtocolVersion};

use super::binding::Bound;
use super::normal::{Normal, Origin, Sender};
use super::packet::{FieldText, fields, push_field};
use super::{faulty, frames};
use crate::plan::Plan;
use crate::scenario::model::HookList;
use crate::transcript::{Ending, Event, EventIndex, HookRecord, Lane, StepIndex, Transcript, What};

/// The room for the fields of a packet at first, in bytes. Most lines fit.
const ROOM: usize = 128;

/// Assigns each event to a step or to the event that caused it.
pub(super) struct Lines<'a> {
    transcript: &'a Transcript,
    pub(super) normal: Normal,
    /// Whether the harness's own pings are shown.
    with_own: bool,
    /// The events directly below each step, in order.
    by_step: BTreeMap<StepIndex, Vec<EventIndex>>,
    /// The events that belong to no step.
    left_over: Vec<EventIndex>,
    /// What the driver did by itself, by the event that caused it.
    by_cause: BTreeMap<EventIndex, Vec<EventIndex>>,
}

impl<'a> Lines<'a> {
    pub(super) fn of(plan: &Plan, transcript: &'a Transcript, with_own: bool) -> Self {
        let mut lines = Self {
            transcript,
            normal: Normal::of(plan, transcript),
            with_own,
            by_step: BTreeMap::new(),
            left_over: Vec::new(),
            by_cause: BTreeMap::new(),
        };
        for (n, event) in transcript.events.iter().enumerate() {
            lines.sort_in(EventIndex(n), event);
        }
        lines
    }

    fn sort_in(&mut self, index: EventIndex, event: &Event) {
        // An upgrade or a control frame is shown only if a step took it.
        let is_beside = matches!(event.what, What::Upgraded(_) | What::Control(_));
        let owner = event
            .taken_by
            .or_else(|| is_ours(event).then_some(event.during));
        if let Some(cause) = cause(self.transcript, index) {
            self.by_cause.entry(cause).or_default().push(index);
        } else if is_own(event) && !self.with_own {
            // Not shown, because it says nothing about the broker.
        } else if let Some(step) = owner {
            self.by_step.entry(step).or_default().push(index);
        } else if !is_beside {
            self.left_over.push(index);
        }
    }

    /// Returns the events directly below a step.
    pub(super) fn of_step(&self, step: StepIndex, within: Range<usize>) -> Vec<EventIndex> {
        let of_step = self.by_step.get(&step).into_iter().flatten();
        of_step
            .filter(|index| within.contains(&index.0))
            .copied()
            .collect()
    }

    /// Returns the events that no step took.
    pub(super) fn left_over(&self) -> &[EventIndex] {
        &self.left_over
    }

    /// Returns what the driver did because of this event.
    pub(super) fn because_of(&self, event: EventIndex) -> impl Iterator<Item = EventIndex> {
        self.by_cause.get(&event).into_iter().flatten().copied()
    }
}

/// Returns whether we or the driver did this. It is then shown below the step that was being played.
pub(super) fn is_ours(event: &Event) -> bool {
    match &event.what {
        What::Opened | What::Sent { .. } | What::SentFrame { .. } | What::Dropped(_) => true,
        What::OwnPing | What::OwnPong => true,
        What::Upgraded(_) | What::Control(_) => false,
        What::Shown { is_ours, .. } => *is_ours,
        What::Received { automatic, .. } => *automatic,
        What::Garbage { .. } | What::Truncated { .. } | What::Fault { .. } | What::Closed(_) => {
            false
        }
    }
}

/// Returns whether the harness did this for its own purposes and not for a step.
const fn is_own(event: &Event) -> bool {
    matches!(
        event.what,
        What::OwnPing | What::OwnPong | What::Shown { is_own: true, .. }
    )
}

/// Returns whether we or the driver did this, and whether the harness did it for its own purposes.
pub(crate) fn ours_or_own(event: &Event) -> (bool, bool) {
    (is_ours(event), is_own(event))
}

/// Returns the PUBLISH that an automatic packet belongs to, or the PUBREL if the PUBLISH was received on an earlier
/// connection.
fn cause(transcript: &Transcript, index: EventIndex) -> Option<EventIndex> {
    let event = &transcript.events[index.0];
    let packet = match &event.what {
        What::Sent {
            packet: Some(packet),
            automatic: true,
            ..
        }
        | What::Received {
            packet: Ok(packet),
            automatic: true,
            ..
        } => packet,
        _ => return None,
    };
    let id = packet.packet_id()?;
    let earlier = |wanted: PacketType| {
        (0..index.0).rev().map(EventIndex).find(|n| {
            let before = &transcript.events[n.0];
            before.lane == event.lane
                && matches!(&before.what, What::Received { packet: Ok(p), .. }
                    if p.packet_type() == wanted && p.packet_id() == Some(id))
        })
    };
    match packet.packet_type() {
        PacketType::PUBACK | PacketType::PUBREC | PacketType::PUBREL => {
            earlier(PacketType::PUBLISH)
        }
        PacketType::PUBCOMP => earlier(PacketType::PUBLISH).or_else(|| earlier(PacketType::PUBREL)),
        _ => None,
    }
}

/// Returns one event as a line, or `None` if another line already shows it. Without `bound`, no field is bound and the
/// line has no bar.
pub(super) fn event(
    transcript: &Transcript,
    event: &Event,
    normal: &Normal,
    bound: Option<&Bound>,
) -> Option<String> {
    let lane = &transcript.lanes[event.lane.0];
    let name = lane_name(lane);
    let from_broker = match bound {
        Some(Bound::Open) => "<?",
        Some(Bound::AnyOrder(_)) => "<*",
        _ => "<",
    };
    let received = |bytes: &Bytes| hex(&masked(bytes, &transcript.prefix));
    Some(match &event.what {
        // The CONNECT, or whatever is sent first, already shows that a transport was opened.
        What::Opened if is_followed_by_sending(transcript, event) => return None,
        What::Opened => format!("{name} > opens"),
        What::Sent { bytes, packet, .. } => {
            let origin = Origin::of(Sender::Client, event, lane);
            let shown = sent(bytes, packet.as_ref(), lane, origin, normal);
            let shown = shown.unwrap_or_else(|| {
                let prefix = normal.is_raw().then_some(transcript.prefix.as_str());
                faulty_sent(bytes, packet.as_ref(), lane, prefix)
            });
            format!("{name} > {shown}")
        }
        What::SentFrame { frame, .. } => format!("{name} > {}", frames::sent(frame)),
        What::Upgraded(answer) => {
            let fields = frames::of_upgrade(answer);
            format!("{name} {from_broker} {}", part("upgrade", fields, bound))
        }
        What::Control(control) => {
            let (head, fields) = frames::of_control(control);
            format!("{name} {from_broker} {}", part(head, fields, bound))
        }
        What::Received {
            frame,
            packet,
            faults,
            topic,
            carried_in,
            ..
        } => {
            let undecodable = |errors: &[&DecodeError]| match normal.is_raw() {
                // A report has the bytes beside the text.
                true => {
                    let errors = errors.iter().copied();
                    let shown = faulty::of_frame(frame, lane.version, &transcript.prefix, errors);
                    format!("malformed {shown}")
                }
                false => undecodable(frame, received(frame.bytes()), errors.iter().copied()),
            };
            let text = match packet {
                Ok(_) if !faults.is_empty() => undecodable(&faults.iter().collect::<Vec<_>>()),
                Ok(packet) => {
                    let mut fields = fields(packet, lane.version, topic.as_ref(), &normal.long);
                    fields.extend(frames::of_packet(*carried_in, bound));
                    let origin = Origin::of(Sender::Broker, event, lane);
                    match bound {
                        Some(bound) => split(packet, fields, origin, normal, bound),
                        None => plain(packet, fields, origin, normal),
                    }
                }
                Err(error) => undecodable(&faults.iter().chain([error]).collect::<Vec<_>>()),
            };
            format!("{name} {from_broker} {text}")
        }
        What::Garbage { bytes, error } => {
            format!("{name} {from_broker} bytes {} ({error})", received(bytes))
        }
        What::Truncated { bytes } => {
            format!("{name} {from_broker} part of a packet {}", received(bytes))
        }
        What::Fault { fault, bytes } => {
            format!("{name} {from_broker} {fault}: {}", received(bytes))
        }
        What::Closed(ending) => {
            let by = ending_word(*ending);
            let is_bound = matches!(bound, Some(Bound::Fields(f)) if f.iter().any(|f| f == "by"));
            match bound {
                Some(_) if !is_bound => format!("{name} {from_broker} closed | by={by}"),
                _ => format!("{name} {from_broker} closed by={by}"),
            }
        }
        What::Shown { line, .. } => line.clone(),
        What::Dropped(ending) => format!("{name} > drops by={}", ending_word(*ending)),
        What::OwnPing => format!("{name} > PINGREQ (the harness's own)"),
        What::OwnPong => format!("{name} < PINGRESP (the harness's own)"),
    })
}

/// Formats the packet that we sent, as it is on the wire. `None` if it is not a valid packet.
fn sent(
    bytes: &Bytes,
    made_from: Option<&Packet>,
    lane: &Lane,
    origin: Origin,
    normal: &Normal,
) -> Option<String> {
    let shown = on_the_wire(bytes, made_from, lane)?;
    let fields = fields(&shown, lane.version, None, &normal.long);
    Some(plain(&shown, fields, origin, normal))
}

/// Formats what we sent and what is not a valid packet. A report has the bytes beside the text, so the text has the
/// fields; `prefix` is then the prefix of the play.
fn faulty_sent(
    bytes: &Bytes,
    made_from: Option<&Packet>,
    lane: &Lane,
    prefix: Option<&str>,
) -> String {
    let described = prefix.and_then(|prefix| faulty::of_bytes(bytes, lane.version, prefix));
    match (described, made_from) {
        (Some(described), _) => format!("faulty {described}"),
        (None, Some(packet)) => format!("faulty {} {}", packet.packet_type(), hex(bytes)),
        (None, None) => format!("bytes {}", hex(bytes)),
    }
}

/// Returns the packet that we sent, as it is on the wire. A packet with lies differs from the one that it was made
/// from. Returns `None` if it cannot be decoded.
fn on_the_wire(bytes: &Bytes, made_from: Option<&Packet>, lane: &Lane) -> Option<Packet> {
    let frame = Frame::from_bytes(bytes.clone()).ok()?;
    let packet = Packet::decode(&frame, lane.version).ok()?;
    Some(match made_from {
        Some(same) if packet == *same => packet,
        Some(made_from) if is_honest(&packet, made_from, lane.version) => made_from.clone(),
        _ => packet,
    })
}

/// Returns the packet that an event's line shows, if it can be decoded.
pub(crate) fn shown_packet(transcript: &Transcript, event: &Event) -> Option<Packet> {
    match &event.what {
        What::Sent { bytes, packet, .. } => {
            let lane = &transcript.lanes[event.lane.0];
            on_the_wire(bytes, packet.as_ref(), lane)
        }
        What::Received {
            packet: Ok(packet),
            faults,
            ..
        } if faults.is_empty() => Some(packet.clone()),
        What::OwnPing => Some(Packet::PingReq),
        What::OwnPong => Some(Packet::PingResp),
        _ => None,
    }
}

/// Returns whether two different packets are equal, apart from the prefix that ids and topics have on a shared broker.
fn is_honest(on_wire: &Packet, made_from: &Packet, version: ProtocolVersion) -> bool {
    let (on_wire, made_from) = (on_wire.fields(version), made_from.fields(version));
    on_wire.len() == made_from.len()
        && on_wire.iter().zip(&made_from).all(|(wire, made)| {
            let same = match (&wire.value, &made.value) {
                (FieldValue::Text(wire), FieldValue::Text(made)) => is_insertion(wire, made),
                (wire, made) => wire == made,
            };
            wire.name == made.name && same
        })
}

/// Returns whether `long` is `short` with something inserted, once. In a filter of a shared subscription, the ShareName
/// and the rest are compared separately, because each has a prefix.
fn is_insertion(long: &str, short: &str) -> bool {
    if let (Some((long_name, long)), Some((short_name, short))) = (shared(long), shared(short)) {
        return is_insertion(long_name, short_name) && is_insertion(long, short);
    }
    let (long, short) = (long.as_bytes(), short.as_bytes());
    let same = |(a, b): &(&u8, &u8)| a == b;
    let front = long.iter().zip(short).take_while(same).count();
    let back = long
        .iter()
        .rev()
        .zip(short.iter().rev())
        .take_while(same)
        .count();
    long.len() >= short.len() && front + back >= short.len()
}

/// Returns the ShareName of a shared subscription's filter, and the rest behind it.
fn shared(filter: &str) -> Option<(&str, &str)> {
    filter.strip_prefix("$share/")?.split_once('/')
}

/// Returns the name of a connection in a line: the client's name, or `first#2` for its second connection.
pub(crate) fn lane_name(lane: &Lane) -> String {
    match lane.connection {
        1 => lane.name.clone(),
        n => format!("{}#{n}", lane.name),
    }
}

fn is_followed_by_sending(transcript: &Transcript, opened: &Event) -> bool {
    transcript
        .events
        .iter()
        .filter(|event| event.lane == opened.lane && event.during == opened.during)
        .any(|event| matches!(event.what, What::Sent { .. }))
}

const fn ending_word(ending: Ending) -> &'static str {
    match ending {
        Ending::Close => "close",
        Ending::Reset => "reset",
        Ending::HalfClose => "half_close",
    }
}

fn undecodable<'e>(
    frame: &Frame,
    bytes: String,
    errors: impl IntoIterator<Item = &'e DecodeError>,
) -> String {
    let errors: Vec<String> = errors.into_iter().map(ToString::to_string).collect();
    format!(
        "malformed {} {} ({})",
        frame.packet_type(),
        bytes,
        errors.join("; ")
    )
}

/// Replaces each byte of the play's prefix with `x`. The prefix is different in each run, and bytes that cannot be
/// decoded must be the same in each record.
fn masked(bytes: &Bytes, prefix: &str) -> Bytes {
    let prefix = prefix.as_bytes();
    let is_prefix = |at: &usize| bytes[*at..].starts_with(prefix);
    let places: Vec<usize> = match prefix {
        [] => Vec::new(),
        _ => (0..bytes.len()).filter(is_prefix).collect(),
    };
    if places.is_empty() {
        return bytes.clone();
    }
    let mut masked = bytes.to_vec();
    for at in places {
        masked[at..at + prefix.len()].fill(b'x');
    }
    masked.into()
}

/// Formats raw bytes: `10 0c 00 04`. If there are many, only the beginning is shown, with their number and a checksum.
pub(super) fn hex(bytes: &Bytes) -> String {
    let shown = &bytes[..bytes.len().min(MAX_SHOWN)];
    let mut text = String::with_capacity(3 * shown.len());
    for (n, byte) in shown.iter().enumerate() {
        text.extend((n > 0).then_some(' '));
        text.extend(hex_digits(*byte));
    }
    if shown.len() < bytes.len() {
        let (count, sum) = (bytes.len(), fnv1a(bytes));
        let _ = write!(text, " …({count} bytes, fnv1a {sum:016x})");
    }
    text
}

fn plain(packet: &Packet, fields: Vec<FieldText>, origin: Origin, normal: &Normal) -> String {
    let mut text = String::with_capacity(ROOM);
    text.push_str(packet.packet_type().name());
    for field in fields {
        normal
            .field(field, packet.packet_type(), origin, false)
            .write(&mut text);
    }
    text
}

/// Writes a part that is not a packet, with bound fields left of the bar and the others right of it.
fn part(head: &str, fields: Vec<FieldText>, bound: Option<&Bound>) -> String {
    let (left, right): (Vec<_>, Vec<_>) = fields
        .into_iter()
        .partition(|field| bound.is_none_or(|bound| bound.names(field.name)));
    let words = |fields: Vec<FieldText>| {
        let mut words = String::new();
        for field in fields {
            field.write(&mut words);
        }
        words
    };
    let (left, right) = (words(left), words(right));
    if right.is_empty() {
        format!("{head}{left}")
    } else {
        format!("{head}{left} |{right}")
    }
}

/// Writes a packet with bound fields left of the bar and the others right of it.
fn split(
    packet: &Packet,
    fields: Vec<FieldText>,
    origin: Origin,
    normal: &Normal,
    bound: &Bound,
) -> String {
    let mut left = String::with_capacity(ROOM);
    left.push_str(packet.packet_type().name());
    let mut right = String::new();
    for field in fields {
        let bound = bound.names(field.name);
        let field = normal.field(field, packet.packet_type(), origin, bound);
        field.write(if bound { &mut left } else { &mut right });
    }
    if right.is_empty() {
        left
    } else {
        format!("{left} |{right}")
    }
}

/// Returns one hook event as a line. If `list` is given, the fields that it names are left of the bar, and an event
/// that the step is not about is marked.
pub(super) fn hook(record: &HookRecord, normal: &Normal, list: Option<&HookList>) -> String {
    let (mark, bound) = match list {
        Some(list) if !concerns(record, list) => ("hook?", None),
        Some(list) => ("hook", Some(named_fields(record, list))),
        None => ("hook", None),
    };
    let mut left = format!("{mark} {}", record.name);
    let mut right = String::new();
    for (name, content) in &record.fields {
        let placeholder = normal.text(content);
        let content = placeholder.unwrap_or_else(|| normal.long.word(content));
        let is_bound = bound
            .as_ref()
            .is_none_or(|names| names.contains(&name.as_str()));
        let side = if is_bound { &mut left } else { &mut right };
        push_field(side, name, &content);
    }
    if right.is_empty() {
        left
    } else {
        format!("{left} |{right}")
    }
}

/// Returns whether the list would have to name the event: it is a client or session event of a client of the list, or
/// another event whose name is in the list.
fn concerns(record: &HookRecord, list: &HookList) -> bool {
    let client = record.fields.iter().find(|(name, _)| name == "client");
    let is_theirs = client.is_some_and(|(_, client)| list.of.contains(client));
    let always = record.name.starts_with("client.") || record.name.starts_with("session.");
    let named = list.events.iter().any(|event| event.name == record.name);
    if always { is_theirs } else { named }
}

/// Returns the fields that the list names for events of this name.
fn named_fields<'a>(record: &HookRecord, list: &'a HookList) -> Vec<&'a str> {
    let mut names: Vec<&str> = list
        .events
        .iter()
        .filter(|event| event.name == record.name)
        .flat_map(|event| &event.fields)
        .map(|(name, _)| name.as_str())
        .collect();
    names.push("client");
    names
}

#[cfg(test)]
mod tests {
    use super::{Bytes, is_insertion, masked};

    #[test]
    fn masks_the_prefix_of_the_play_in_bytes() {
        let shown =
            |bytes: &'static str, prefix| masked(&Bytes::from_static(bytes.as_bytes()), prefix);
        assert_eq!(shown("\x02k7a2/t+k7a2", "k7a2"), "\x02xxxx/t+xxxx");
        assert_eq!(shown("k7a", "k7a2"), "k7a");
        assert_eq!(shown("k7a2", ""), "k7a2");
    }

    #[test]
    fn knows_a_prefix_where_it_sees_one() {
        assert!(is_insertion("ab12shared", "shared"));
        assert!(is_insertion(
            "$share/group/ab12/topic",
            "$share/group/topic"
        ));
        assert!(is_insertion(
            "$share/ab12group/ab12/topic",
            "$share/group/topic"
        ));
        assert!(!is_insertion("$share/other/topic", "$share/group/topic"));
        assert!(is_insertion("same", "same"));
        assert!(!is_insertion("other", "same"));
        assert!(!is_insertion("am", "same"));
    }
}
