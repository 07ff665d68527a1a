//! A right broker passes this suite, and a broker with any one deviation does not. What only bytes can show has its
//! tests elsewhere and stands in a list.

use std::process::{Command, Stdio};

use mqtt_check_broker::Deviation;

use crate::pair::FORCED;

/// Deviations that packets do not show, since they are about bytes.
const IN_BYTES: &[Deviation] = &[
    Deviation::ConnackFlagsReserved,
    Deviation::PacketIdAtQos0,
    Deviation::PacketIdZero,
    Deviation::LengthNotMinimal,
    Deviation::ReservedFlagSet,
    Deviation::PropertyLengthMissing,
    Deviation::PiecesLost,
    Deviation::PacketsBehindConnectLost,
    Deviation::TextFramesAccepted,
    Deviation::PacketsInTextFrames,
    Deviation::PacketsSpanNoFrames,
    Deviation::OnePacketPerFrame,
    Deviation::SubprotocolEchoed,
    Deviation::SubprotocolNotReturned,
];

/// Whether the suite fails under this deviation.
fn is_caught(deviation: Deviation) -> bool {
    let suite = std::env::current_exe().expect("this program");
    let status = Command::new(suite)
        .args([
            "--skip",
            "deviation::",
            "--skip",
            "model::",
            "--skip",
            "wrap_around",
            "--test-threads",
            "2",
        ])
        .env(FORCED, deviation.name())
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("runs");
    !status.success()
}

#[test]
fn every_deviation_is_caught() {
    if std::env::var_os(FORCED).is_some() {
        return;
    }
    let survived: Vec<_> = Deviation::ALL
        .iter()
        .filter(|deviation| !IN_BYTES.contains(deviation))
        .filter(|deviation| !is_caught(**deviation))
        .map(|deviation| deviation.name())
        .collect();
    assert!(
        survived.is_empty(),
        "{} survived: {survived:#?}",
        survived.len()
    );
}
