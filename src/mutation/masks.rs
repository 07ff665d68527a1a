//! The liberties that hide a fault by right: what the fault does wrong, the liberty lets every server do. Each row has its
//! reason. A row whose pair is caught, or does not meet the fault, is one too many: the list may only shrink.

/// One pair.
#[derive(Debug)]
pub struct Mask {
    pub liberty: &'static str,
    pub fault: &'static str,
    /// As a lowercase fragment.
    pub reason: &'static str,
}

macro_rules! masks {
    ($($liberty:literal hides $fault:literal $reason:literal;)*) => {
        /// All of them.
        pub static MASKS: &[Mask] = &[$(Mask {
            liberty: $liberty,
            fault: $fault,
            reason: $reason,
        }),*];
    };
}

masks! {}

/// The row of this pair.
pub fn mask(liberty: &str, fault: &str) -> Option<&'static Mask> {
    MASKS
        .iter()
        .find(|mask| mask.liberty == liberty && mask.fault == fault)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::target::bundled::{faults, liberties};

    #[test]
    fn each_row_is_of_a_known_liberty_and_a_known_fault_and_stands_once() {
        let faults: BTreeSet<&str> = faults().iter().map(|info| info.name).collect();
        let liberties: BTreeSet<&str> = liberties().iter().map(|info| info.name).collect();
        let mut seen = BTreeSet::new();
        for mask in MASKS {
            assert!(faults.contains(mask.fault), "{mask:?}");
            assert!(liberties.contains(mask.liberty), "{mask:?}");
            assert!(!mask.reason.is_empty(), "{mask:?}");
            assert!(seen.insert((mask.liberty, mask.fault)), "{mask:?}");
        }
    }
}
