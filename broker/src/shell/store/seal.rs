//! The checksum of each record, which shows whether key and value are as they were written.
//!
//! The database has a checksum for each of its pages. That shows that something is damaged; the seal shows which
//! record.

use sha2::{Digest, Sha256};

/// Bytes of the checksum, and of everything before the value.
const CHECKSUM: usize = 8;
pub(super) const FRONT: usize = CHECKSUM + size_of::<u64>();

/// A record whose seal is intact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unsealed<'a> {
    /// When the broker first started. The record's times count from there.
    pub(super) first_start_ms: u64,
    pub(super) value: &'a [u8],
}

/// Returns the value with its seal.
pub(super) fn sealed(key: &[u8], value: &[u8], first_start_ms: u64) -> Vec<u8> {
    let first_start = first_start_ms.to_be_bytes();
    let mut out = Vec::with_capacity(FRONT + value.len());
    out.extend(checksum(key, &first_start, value));
    out.extend(first_start);
    out.extend(value);
    out
}

/// Returns the sealed value, or `None` if the value or its key has changed.
pub(super) fn unsealed<'a>(key: &[u8], sealed: &'a [u8]) -> Option<Unsealed<'a>> {
    let (sum, rest) = sealed.split_first_chunk::<CHECKSUM>()?;
    let (first_start, value) = rest.split_first_chunk::<8>()?;
    (*sum == checksum(key, first_start, value)).then(|| Unsealed {
        first_start_ms: u64::from_be_bytes(*first_start),
        value,
    })
}

fn checksum(key: &[u8], first_start: &[u8], value: &[u8]) -> [u8; CHECKSUM] {
    let mut digest = Sha256::new();
    digest.update((key.len() as u64).to_be_bytes());
    digest.update(key);
    digest.update(first_start);
    digest.update(value);
    let digest = digest.finalize();
    std::array::from_fn(|at| digest[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_breaks_with_any_bit_of_key_or_value() {
        let whole = sealed(b"key", b"value", 7);
        let found = unsealed(b"key", &whole).expect("whole");
        assert_eq!((found.first_start_ms, found.value), (7, &b"value"[..]));
        for bit in 0..whole.len() * 8 {
            let mut broken = whole.clone();
            broken[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(unsealed(b"key", &broken), None, "bit {bit}");
        }
        for length in 0..whole.len() {
            assert_eq!(unsealed(b"key", &whole[..length]), None);
        }
        assert_eq!(unsealed(b"kez", &whole), None);
        assert_eq!(unsealed(b"keyv", &sealed(b"key", b"value", 7)), None);
    }
}
