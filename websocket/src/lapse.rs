//! Rules of WebSocket that an end breaks on purpose, to show that tests notice it.

use crate::frame::Fault;

/// One way to break a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lapse {
    /// Pings are not answered.
    NoPong,
    /// Pings are answered with another payload.
    OtherPong,
    /// Nothing is read after a ping.
    StuckAtPing,
    /// The payload of a ping is read as data.
    PingAsData,
    /// Close frames are ignored, and the stream continues.
    CloseIgnored,
    /// Only the first fragment of a message is read.
    FirstFragmentOnly,
    /// A client does not mask, and a server does.
    MaskReversed,
    /// Frames are accepted whether they are masked or not.
    AnyMask,
    /// Frames with reserved bits are accepted.
    AnyReserved,
    /// Frames of an unknown type are accepted.
    AnyOpcode,
    /// Continuations without a message are accepted.
    AnyContinuation,
    /// Fragments of control frames are accepted.
    ControlFragments,
    /// Control frames of any length are accepted.
    LongControls,
    /// Data frames of more than 65,535 bytes are refused.
    NoLongFrames,
    /// A ping between the fragments of a message is refused.
    NoPingBetween,
}

/// The lapses that are in force.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Lapses(u16);

impl Lapses {
    pub(crate) const fn none() -> Self {
        Self(0)
    }

    pub(crate) const fn add(&mut self, lapse: Lapse) {
        self.0 |= 1 << lapse as u16;
    }

    pub(crate) const fn has(self, lapse: Lapse) -> bool {
        self.0 & 1 << lapse as u16 != 0
    }

    /// Whether a frame with this fault is accepted.
    pub(crate) fn permits(self, fault: Fault) -> bool {
        let lapse = match fault {
            Fault::Masked | Fault::Unmasked => Lapse::AnyMask,
            Fault::ReservedBits(_) => Lapse::AnyReserved,
            Fault::UnknownOpcode(_) => Lapse::AnyOpcode,
            Fault::NothingToContinue => Lapse::AnyContinuation,
            Fault::FragmentedControl => Lapse::ControlFragments,
            Fault::LongControl => Lapse::LongControls,
            _ => return false,
        };
        self.has(lapse)
    }
}
