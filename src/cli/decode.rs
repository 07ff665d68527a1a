//! `mqtt-check decode`: shows what the bytes of packets mean.

use std::io::Read as _;

use bytes::BytesMut;
use clap::Args;
use mqtt_check_codec::notation::{self, MAX_SIZE};
use mqtt_check_codec::{Frame, Packet, ProtocolVersion};

use super::selection::parse_version;
use super::{Failure, Styles, output};
use crate::exit::Exit;
use crate::report::style::count;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Bytes as hex pairs, or in the notation that scenarios use; `-` reads them from stdin
    #[arg(value_name = "BYTES", required = true)]
    bytes: Vec<String>,

    /// The protocol version of the connection; a CONNECT sets it for what follows
    #[arg(long, value_name = "VERSION", default_value = "5", value_parser = version)]
    protocol: ProtocolVersion,

    /// Show each field with its position and bytes
    #[arg(long)]
    fields: bool,
}

fn version(word: &str) -> Result<ProtocolVersion, String> {
    parse_version(word).ok_or_else(|| "expected 3.1, 3.1.1 or 5".to_owned())
}

pub(super) fn run(arguments: &Arguments, styles: Styles) -> Result<Exit, Failure> {
    let text = match arguments.bytes.as_slice() {
        [only] if only == "-" => read_stdin()?,
        words => words.join(" "),
    };
    let bytes = notation::parse(&text).map_err(|error| {
        Failure::usage(format!("failed to read the bytes: {error}"))
            .hint("write bytes as `10 0c 00 04`, or in the notation of docs/scenario/actions.md")
    })?;
    if bytes.is_empty() {
        return Err(Failure::usage("no bytes to decode"));
    }
    let mut buffer = BytesMut::from(&bytes[..]);
    let mut version = arguments.protocol;
    let mut exit = Exit::Success;
    let mut out = String::new();
    while !buffer.is_empty() {
        match Frame::read(&mut buffer, usize::MAX) {
            Ok(Some(frame)) => {
                if !packet(&frame, &mut version, arguments.fields, styles, &mut out) {
                    exit = Exit::Failed;
                }
            }
            Ok(None) => {
                out.push_str(&format!(
                    "{} the packet is cut off after {}\n",
                    styles.out.bad("incomplete"),
                    count(buffer.len(), "byte")
                ));
                exit = Exit::Failed;
                break;
            }
            Err(error) => {
                out.push_str(&format!("{} {error}\n", styles.out.bad("lost")));
                exit = Exit::Failed;
                break;
            }
        }
    }
    output::print(&out)?;
    Ok(exit)
}

/// Writes the text of one packet to `out`, and returns whether the packet is valid.
fn packet(
    frame: &Frame,
    version: &mut ProtocolVersion,
    with_fields: bool,
    styles: Styles,
    out: &mut String,
) -> bool {
    let (decoded, spans) = Packet::decode_with_layout(frame, *version);
    let is_packet = decoded.is_ok();
    match decoded {
        Ok(packet) => {
            if let Packet::Connect(connect) = &packet {
                *version = connect.version;
            }
            out.push_str(&format!("{}\n", packet.describe(*version)));
        }
        Err(error) => out.push_str(&format!("{} {error}\n", styles.out.bad("malformed"))),
    }
    if with_fields {
        for span in spans {
            let shown = frame.bytes().get(span.range.clone()).unwrap_or_default();
            out.push_str(&format!(
                "  {:>5}  {:<34} {}\n",
                span.range.start,
                span.name.to_string(),
                hex(shown)
            ));
        }
    }
    is_packet
}

/// The most bytes of a field to show.
const SHOWN: usize = 32;

fn hex(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(SHOWN)];
    let pairs: Vec<String> = shown.iter().map(|b| format!("{b:02x}")).collect();
    let more = if shown.len() < bytes.len() {
        format!(" and {} more", bytes.len() - shown.len())
    } else {
        String::new()
    };
    format!("{}{more}", pairs.join(" "))
}

fn read_stdin() -> Result<String, Failure> {
    // Every byte takes two digits and often a separator.
    let limit = 4 * MAX_SIZE as u64;
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .take(limit)
        .read_to_string(&mut text)
        .map_err(|error| Failure::usage(format!("failed to read stdin: {error}")))?;
    Ok(text)
}
