//! Other ways to put the same bytes on the wire: cut into single bytes, packets of several steps in one write, seeded
//! delays between steps. A right broker cannot tell the difference, and a right scenario does not depend on it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use crate::scenario::model::CaseId;

/// The longest delay before a step.
const LONGEST_DELAY: Duration = Duration::from_millis(30);

/// What one play does differently. Nothing, by default.
#[derive(Debug, Clone, Default)]
pub(super) struct Chaos {
    /// Single bytes.
    pub(super) cuts: bool,
    /// What consecutive steps of one client send, in one write.
    pub(super) coalesces: bool,
    delays: Option<Random>,
}

impl Chaos {
    /// What this seed makes of this case: each of the three by chance, at least one.
    pub(super) fn of(seed: u64, case: &CaseId) -> Self {
        let mut hasher = DefaultHasher::new();
        (seed, case.to_string()).hash(&mut hasher);
        let mut random = Random(hasher.finish());
        let choice = 1 + random.below(7);
        Self {
            cuts: choice & 1 != 0,
            coalesces: choice & 2 != 0,
            delays: (choice & 4 != 0).then_some(random),
        }
    }

    /// How long to wait before the next step.
    pub(super) fn delay(&mut self) -> Duration {
        self.delays.as_mut().map_or(Duration::ZERO, |random| {
            let longest = LONGEST_DELAY.as_millis() as u64;
            Duration::from_millis(random.below(longest + 1))
        })
    }
}

/// The splitmix64 generator: small, and the same everywhere.
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

    /// A number below `limit`, which is not 0.
    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

#[cfg(test)]
mod tests {
    use mqtt_check_codec::ProtocolVersion;

    use super::*;

    #[test]
    fn is_the_same_for_the_same_seed_and_never_nothing() {
        let case = CaseId {
            path: "session/takeover".into(),
            row: None,
            version: ProtocolVersion::V5,
        };
        for seed in 0..100 {
            let mut one = Chaos::of(seed, &case);
            let mut two = Chaos::of(seed, &case);
            assert!(one.cuts || one.coalesces || one.delays.is_some());
            assert_eq!((one.cuts, one.coalesces), (two.cuts, two.coalesces));
            assert!((0..10).all(|_| one.delay() == two.delay()));
        }
    }
}
