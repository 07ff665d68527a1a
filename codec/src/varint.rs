//! The Variable Byte Integer: seven bits in each byte, least significant first. The top bit indicates that more bytes
//! follow.

/// The largest value that fits in four bytes.
pub const MAX: u32 = 268_435_455;

/// The result of reading a Variable Byte Integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// A value, and the number of bytes that it occupies.
    Value(u32, usize),
    /// The bytes end before the integer does.
    Incomplete,
    /// The fourth byte indicates that a fifth follows.
    TooLong,
}

/// Reads a Variable Byte Integer from the front of `bytes`, whether it has its shortest form or not.
pub fn read(bytes: &[u8]) -> Read {
    let mut value = 0;
    for (i, byte) in bytes.iter().take(4).enumerate() {
        value |= u32::from(byte & 0x7F) << (7 * i);
        if byte & 0x80 == 0 {
            return Read::Value(value, i + 1);
        }
    }
    if bytes.len() < 4 {
        Read::Incomplete
    } else {
        Read::TooLong
    }
}

/// Returns the number of bytes of the shortest form. A value above [`MAX`] would need five.
pub const fn size(value: u32) -> usize {
    match value {
        0..=0x7F => 1,
        0x80..=0x3FFF => 2,
        0x4000..=0x1F_FFFF => 3,
        0x20_0000..=MAX => 4,
        _ => 5,
    }
}

/// Returns `value` in `width` bytes: in its shortest form if that is [`size`], or padded if it is more. Bits that do
/// not fit are lost.
pub(crate) fn bytes(value: impl Into<u64>, width: usize) -> impl Iterator<Item = u8> {
    let value = value.into();
    (0..width).map(move |i| {
        let bits = value >> (7 * i).min(63);
        let more = if i + 1 < width { 0x80 } else { 0 };
        (bits & 0x7F) as u8 | more
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes_at_every_boundary() {
        for value in [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152, MAX] {
            let written: Vec<u8> = bytes(value, size(value)).collect();
            assert_eq!(read(&written), Read::Value(value, written.len()), "{value}");
            for cut in 0..written.len() {
                assert_eq!(
                    read(&written[..cut]),
                    Read::Incomplete,
                    "{value} cut at {cut}"
                );
            }
        }
    }

    #[test]
    fn the_shortest_form_has_no_idle_last_byte() {
        for value in [0, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152, MAX] {
            let written: Vec<u8> = bytes(value, size(value)).collect();
            assert!(written.len() == 1 || written.last() != Some(&0), "{value}");
        }
    }

    #[test]
    fn reads_an_over_long_form_and_refuses_a_fifth_byte() {
        assert_eq!(read(&[0x82, 0x80, 0x00]), Read::Value(2, 3));
        assert_eq!(read(&[0x80, 0x80, 0x80, 0x80, 0x01]), Read::TooLong);
        assert_eq!(bytes(2_u32, 3).collect::<Vec<_>>(), [0x82, 0x80, 0x00]);
    }
}
