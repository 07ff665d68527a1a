//! The version that some brokers report in a retained message below `$SYS`.

use std::io;
use std::time::Duration;

use mqtt_check_codec::{Packet, PacketType, ProtocolVersion, ReasonCode};
use tokio::time::{Instant, timeout};

use super::External;
use super::look::{Read, Reader};
use super::own::{own_connect, own_subscribe};

/// Where brokers publish their version. Brokers with several nodes put the node's name between the levels.
const TOPICS: [&str; 2] = ["$SYS/broker/version", "$SYS/brokers/+/version"];
/// The Keep Alive in CONNECT, in seconds.
const KEEP_ALIVE_S: u16 = 60;
/// How long the message may take after SUBACK.
const PATIENCE: Duration = Duration::from_millis(300);
/// The longest version to report, in characters.
const LONGEST: usize = 80;

/// Returns the version that the broker reports about itself, if it does. Takes not much longer than `limit`.
pub fn own_version(broker: &External, version: ProtocolVersion, limit: Duration) -> Option<String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .ok()?;
    let asked = async { timeout(limit, asking(broker, version, limit)).await };
    runtime.block_on(asked).ok()?.ok()?
}

async fn asking(
    broker: &External,
    version: ProtocolVersion,
    limit: Duration,
) -> io::Result<Option<String>> {
    let mut deadline = Instant::now() + limit;
    let mut reader = Reader::reach(&broker.endpoint, 0).await?;
    let connect = own_connect(
        version,
        "version",
        KEEP_ALIVE_S,
        broker.credentials.as_ref(),
    );
    reader.send(&connect, version).await?;
    while let Read::Packet(frame) = reader.next(deadline).await? {
        match Packet::decode_leniently(&frame, version).0 {
            Ok(Packet::ConnAck(connack)) if connack.reason != ReasonCode::SUCCESS => {
                return Ok(None);
            }
            Ok(Packet::ConnAck(_)) => reader.send(&own_subscribe(TOPICS), version).await?,
            Ok(Packet::Publish(publish)) if publish.topic.ends_with("/version") => {
                reader.disconnect().await;
                return Ok(readable(&publish.payload));
            }
            _ if frame.packet_type() == PacketType::SUBACK => {
                deadline = deadline.min(Instant::now() + PATIENCE);
            }
            _ => {}
        }
    }
    reader.disconnect().await;
    Ok(None)
}

/// The text on one line, without control characters.
fn readable(payload: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(payload);
    let plain = text.chars().filter(|c| !c.is_control());
    let text: String = plain.take(LONGEST).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::readable;

    #[test]
    fn keeps_what_fits_on_a_line() {
        let text = |payload: &[u8]| readable(payload);
        assert_eq!(
            text(b"mosquitto version 2.0.11\n").as_deref(),
            Some("mosquitto version 2.0.11")
        );
        assert_eq!(text(b"\x1b[31m1.0\xff").as_deref(), Some("[31m1.0\u{fffd}"));
        assert_eq!(text(&[b'7'; 1000]).map(|text| text.len()), Some(80));
        for nothing in [&b""[..], b" \n", b"\x00"] {
            assert_eq!(text(nothing), None, "{nothing:?}");
        }
    }
}
