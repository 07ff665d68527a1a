//! A pcapng file: its section, one Ethernet interface, names of addresses, and frames with times and comments.

use std::net::Ipv4Addr;

use super::tcp::Frame;

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const NAMES: u32 = 4;
const FRAME: u32 = 6;

const BYTE_ORDER: u32 = 0x1a2b_3c4d;
const ETHERNET: u16 = 1;

/// Codes of options: for any block, for a section, and for an interface.
const END_OF_OPTIONS: u16 = 0;
const COMMENT: u16 = 1;
const APPLICATION: u16 = 4;
const INTERFACE_NAME: u16 = 2;
const RESOLUTION: u16 = 9;
/// The resolution of times: 10^-6 seconds.
const MICROSECONDS: u8 = 6;

/// Types of records in a block of names.
const END_OF_RECORDS: u16 = 0;
const IPV4: u16 = 1;

/// The longest text of an option, in bytes.
const LONGEST: usize = 4096;

/// A file that is being written.
#[derive(Debug)]
pub(super) struct Capture {
    bytes: Vec<u8>,
}

impl Capture {
    /// Begins a file with the name of the program and a comment.
    pub(super) fn new(application: &str, comment: &str) -> Self {
        let mut capture = Self { bytes: Vec::new() };
        let mut section = Vec::new();
        section.extend(BYTE_ORDER.to_le_bytes());
        section.extend(1u16.to_le_bytes());
        section.extend(0u16.to_le_bytes());
        // The length of the section is not specified.
        section.extend(u64::MAX.to_le_bytes());
        option(&mut section, COMMENT, comment.as_bytes());
        option(&mut section, APPLICATION, application.as_bytes());
        option(&mut section, END_OF_OPTIONS, &[]);
        capture.block(SECTION, &section);
        let mut interface = Vec::new();
        interface.extend(ETHERNET.to_le_bytes());
        interface.extend(0u16.to_le_bytes());
        // Frames may have any length.
        interface.extend(0u32.to_le_bytes());
        option(&mut interface, INTERFACE_NAME, b"mqtt-check");
        option(&mut interface, RESOLUTION, &[MICROSECONDS]);
        option(&mut interface, END_OF_OPTIONS, &[]);
        capture.block(INTERFACE, &interface);
        capture
    }

    /// Adds names for addresses.
    pub(super) fn names(&mut self, names: &[(Ipv4Addr, String)]) {
        let mut body = Vec::new();
        for (address, name) in names {
            let mut record = address.octets().to_vec();
            record.extend(name.bytes().filter(|byte| *byte != 0).take(LONGEST));
            record.push(0);
            option(&mut body, IPV4, &record);
        }
        option(&mut body, END_OF_RECORDS, &[]);
        self.block(NAMES, &body);
    }

    /// Adds a frame. The time is in microseconds since 1970.
    pub(super) fn frame(&mut self, at_us: u64, frame: &Frame, comments: &[String]) {
        let length = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
        let mut body = Vec::new();
        body.extend(0u32.to_le_bytes());
        let (high, low) = (at_us >> 32, at_us & u64::from(u32::MAX));
        for half in [high, low] {
            body.extend(u32::try_from(half).unwrap_or(u32::MAX).to_le_bytes());
        }
        body.extend(length(frame.bytes.len()));
        body.extend(length(frame.bytes.len().saturating_add(frame.left_out)));
        padded(&mut body, &frame.bytes);
        if !comments.is_empty() {
            for comment in comments {
                option(&mut body, COMMENT, comment.as_bytes());
            }
            option(&mut body, END_OF_OPTIONS, &[]);
        }
        self.block(FRAME, &body);
    }

    pub(super) fn bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn block(&mut self, kind: u32, body: &[u8]) {
        let length = u32::try_from(body.len() + 12).unwrap_or(u32::MAX);
        self.bytes.extend(kind.to_le_bytes());
        self.bytes.extend(length.to_le_bytes());
        self.bytes.extend(body);
        self.bytes.extend(length.to_le_bytes());
    }
}

/// Writes an option, or a record of names, which has the same layout.
fn option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    let ends = (0..=value.len().min(LONGEST)).rev();
    // Does not cut a UTF-8 character.
    let end = ends
        .into_iter()
        .find(|end| value.get(*end).is_none_or(|byte| byte & 0xc0 != 0x80));
    let value = &value[..end.unwrap_or(0)];
    body.extend(code.to_le_bytes());
    body.extend(u16::try_from(value.len()).unwrap_or(0).to_le_bytes());
    padded(body, value);
}

/// Writes bytes, padded to a multiple of four.
fn padded(body: &mut Vec<u8>, bytes: &[u8]) {
    body.extend(bytes);
    body.resize(body.len() + (4 - bytes.len() % 4) % 4, 0);
}
