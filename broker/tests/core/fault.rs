//! A broker without faults passes this suite, and a broker with any one fault does not. Faults that only bytes can show
//! have tests elsewhere and are in a list.

use std::process::{Command, Stdio};

use mqtt_check_broker::Fault;

use crate::pair::FORCED;

/// Faults that packets do not show, since they are about bytes.
const IN_BYTES: &[Fault] = &[
    Fault::ConnackFlagsReserved,
    Fault::ConnackMaximumQos2,
    Fault::ConnackLimitsZero,
    Fault::ConnackAvailability2,
    Fault::ConnackSharedAvailable2,
    Fault::ConnackNumbersTwice,
    Fault::ConnackTextsTwice,
    Fault::ConnackServerReferenceTwice,
    Fault::ConnackAuthenticationTwice,
    Fault::ConnackTrailingByte,
    Fault::PacketIdAtQos0,
    Fault::PacketIdZero,
    Fault::LengthNotMinimal,
    Fault::ReservedFlagSet,
    Fault::PropertyLengthMissing,
    Fault::PingreqAnsweredByPingreq,
    Fault::PingrespHasBody,
    Fault::AcknowledgementsOfVersion5,
    Fault::PiecesLost,
    Fault::LongOutputHeldBack,
    Fault::PacketsBehindConnectLost,
    Fault::TextFramesAccepted,
    Fault::PacketsInTextFrames,
    Fault::PacketsSpanNoFrames,
    Fault::OnePacketPerFrame,
    Fault::PacketsInContinuationFrames,
    Fault::PingFrameUnanswered,
    Fault::PingFrameWedges,
    Fault::PongWithOtherPayload,
    Fault::CloseFrameIgnored,
    Fault::FirstFragmentOnly,
    Fault::ServerFramesMasked,
    Fault::UnmaskedFramesAccepted,
    Fault::FrameBitsIgnored,
    Fault::FrameTypesIgnored,
    Fault::ControlFragmentsAccepted,
    Fault::LongControlsAccepted,
    Fault::SeveralSubprotocolsRefused,
    Fault::ContinuationAccepted,
    Fault::FrameHeadersWhole,
    Fault::EmptyFrameEndsStream,
    Fault::LongFramesRefused,
    Fault::PingBetweenFragmentsRefused,
    Fault::SubprotocolEchoed,
    Fault::SubprotocolNotReturned,
    Fault::SubackCopiesFlags,
    Fault::PieceBehindPacketsLost,
    Fault::PingFrameReadAsData,
    Fault::WillLostOnWebsocket,
    Fault::WebsocketDisconnectPublishesWill,
    Fault::PubrelFlagsClear,
    Fault::WebsocketResumedDeaf,
    Fault::WebsocketRefusalUnanswered,
    Fault::WebsocketPacketsBeyond4096Refused,
    Fault::WebsocketLongRetainedLost,
    Fault::WebsocketLongMessagesLost,
    Fault::PacketsBeyond256KRefused,
];

/// Faults that only one test shows, which is too slow to run under each fault.
const AFTER_MANY: &[Fault] = &[Fault::PacketIdInUseGivenAgain];

/// Returns whether the suite fails under this fault.
fn is_caught(fault: Fault) -> bool {
    let suite = std::env::current_exe().expect("this program");
    let (left_out, chosen): (&[&str], &[&str]) = match AFTER_MANY.contains(&fault) {
        true => (&[], &["wrap_around"]),
        false => (&["fault::", "model::", "steps::", "wrap_around"], &[]),
    };
    let left_out = left_out.iter().flat_map(|name| ["--skip", name]);
    let status = Command::new(suite)
        .args(left_out)
        .args(["--test-threads", "2"])
        .args(chosen)
        .env(FORCED, fault.name())
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("runs");
    !status.success()
}

#[test]
fn every_fault_is_caught() {
    if std::env::var_os(FORCED).is_some() {
        return;
    }
    let survived: Vec<_> = Fault::ALL
        .iter()
        .filter(|fault| !IN_BYTES.contains(fault))
        .filter(|fault| !is_caught(**fault))
        .map(|fault| fault.name())
        .collect();
    assert!(
        survived.is_empty(),
        "{} survived: {survived:#?}",
        survived.len()
    );
}
