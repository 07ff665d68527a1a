//! The source of nonces and assigned Client Identifiers.

use getrandom::fill;

/// The source of all randomness of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Randomness {
    /// A sequence that this number determines, for tests. The same inputs give the same bytes, so anyone who knows
    /// the number can compute every nonce.
    Seed(u64),
    /// The operating system. No nonce is repeated, in one process or in several.
    System,
}

impl Randomness {
    /// Returns the next number.
    ///
    /// # Errors
    /// Returns an error if the operating system provides no randomness.
    pub(super) fn next(&mut self) -> Result<u128, getrandom::Error> {
        match self {
            Self::Seed(state) => Ok(split_mix(state).into()),
            Self::System => {
                let mut bytes = [0; 16];
                fill(&mut bytes)?;
                Ok(u128::from_be_bytes(bytes))
            }
        }
    }
}

/// Returns the next number of SplitMix64.
pub(super) fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn drawn(mut randomness: Randomness) -> Vec<u128> {
        (0..1_000)
            .map(|_| randomness.next().expect("a number"))
            .collect()
    }

    #[test]
    fn a_seed_gives_the_same_numbers_and_the_system_never_does() {
        let seeded = || drawn(Randomness::Seed(7));
        assert_eq!(seeded(), seeded());
        let twice = [drawn(Randomness::System), drawn(Randomness::System)].concat();
        let different: BTreeSet<_> = twice.iter().collect();
        assert_eq!(different.len(), twice.len());
    }
}
