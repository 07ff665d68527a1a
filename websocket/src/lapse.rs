//! Rules of WebSocket that an end breaks on purpose, to show that tests notice it.

use crate::frame::Fault;

/// One such rule, as it is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lapse {
    /// Pings are not answered.
    NoPong,
    /// Pings are answered with other bytes than theirs.
    OtherPong,
    /// Nothing is read behind a ping.
    StuckAtPing,
    /// A close frame is read over: the stream goes on.
    CloseIgnored,
    /// A message goes no further than its first fragment.
    FirstFragmentOnly,
    /// What is sent is masked by the end that must not, and the reverse.
    MaskReversed,
    /// Frames pass whose masks are wrong.
    AnyMask,
    /// Frames pass with reserved bits.
    AnyReserved,
    /// Frames pass of a type that does not exist.
    AnyOpcode,
    /// Continuations of nothing pass.
    AnyContinuation,
    /// Fragments of control frames pass.
    ControlFragments,
    /// Control frames of any length pass.
    LongControls,
    /// Data frames of more than 65,535 bytes do not pass.
    NoLongFrames,
    /// A ping between the fragments of a message does not pass.
    NoPingBetween,
}

/// Those that are in force.
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

    /// Whether a frame passes that is wrong in this way.
    pub(crate) fn let_pass(self, fault: Fault) -> bool {
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
