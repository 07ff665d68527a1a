//! Other ways to put the same bytes on the wire: single bytes, writes that cut WebSocket frames, packets of several
//! steps in one write, and seeded delays between steps. A conforming broker cannot tell the difference, and a correct
//! scenario does not depend on it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZeroUsize;
use std::time::Duration;

use mqtt_check_websocket::Cut;

use crate::scenario::model::CaseId;

/// The longest delay before a step.
const LONGEST_DELAY: Duration = Duration::from_millis(30);

/// Longer writes are not cut below frames, because the pauses would take forever.
const CUT_BELOW_UP_TO: usize = 512;

/// What one play does differently. By default, nothing.
#[derive(Debug, Clone, Default)]
pub(super) struct Chaos {
    /// Whether bytes are sent one at a time.
    pub(super) cuts: bool,
    /// For a WebSocket, cuts below the frames instead of frames with single bytes.
    pub(super) cut_below: Option<Cut>,
    /// Whether consecutive steps of one client send their packets in one write.
    pub(super) coalesces: bool,
    delays: Option<Random>,
}

impl Chaos {
    /// Chooses what this seed changes in this case: a random selection of cuts, coalesced writes and delays, with at
    /// least one of them.
    pub(super) fn of(seed: u64, case: &CaseId) -> Self {
        let mut hasher = DefaultHasher::new();
        (seed, case.to_string()).hash(&mut hasher);
        let mut random = Random(hasher.finish());
        let choice = 1 + random.below(7);
        // Drawn from a separate generator, so that it does not change the delays of a seed.
        let every = NonZeroUsize::new(Random(!random.0).below(6) as usize);
        let cut_below = every.filter(|_| choice & 1 != 0).map(|every| Cut {
            every,
            up_to: CUT_BELOW_UP_TO,
        });
        Self {
            cuts: choice & 1 != 0,
            cut_below,
            coalesces: choice & 2 != 0,
            delays: (choice & 4 != 0).then_some(random),
        }
    }

    /// Returns how long to wait before the next step.
    pub(super) fn delay(&mut self) -> Duration {
        self.delays.as_mut().map_or(Duration::ZERO, |random| {
            let longest = LONGEST_DELAY.as_millis() as u64;
            Duration::from_millis(random.below(longest + 1))
        })
    }
}

/// The splitmix64 generator. It is small and gives the same numbers on every platform.
#[derive(Debug, Clone)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Returns a number below `limit`, which must not be 0.
    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

#[cfg(test)]
mod tests {
    use mqtt_check_codec::ProtocolVersion;

    use super::*;

    #[test]
    fn depends_on_the_seed_and_is_never_empty() {
        let case = CaseId {
            path: "session/takeover".into(),
            row: None,
            version: ProtocolVersion::V5,
        };
        let all: Vec<_> = (0..100).map(|seed| Chaos::of(seed, &case)).collect();
        let cut: Vec<_> = all.iter().filter(|chaos| chaos.cuts).collect();
        assert!(cut.iter().any(|chaos| chaos.cut_below.is_none()));
        for every in 1..6 {
            let is_it = |cut: Cut| cut.every.get() == every;
            assert!(cut.iter().any(|chaos| chaos.cut_below.is_some_and(is_it)));
        }
        for seed in 0..100 {
            let mut one = Chaos::of(seed, &case);
            let mut two = Chaos::of(seed, &case);
            assert!(one.cuts || one.coalesces || one.delays.is_some());
            assert_eq!((one.cuts, one.coalesces), (two.cuts, two.coalesces));
            assert_eq!(one.cut_below, two.cut_below);
            assert!(one.cuts || one.cut_below.is_none());
            assert!((0..10).all(|_| one.delay() == two.delay()));
        }
    }
}
