//! Received bytes that are not yet a whole packet.

use mqtt_check_codec::{Frame, FrameError};

/// How much unused memory the buffer may keep, in bytes.
const KEPT: usize = 8 * 1024;

/// The received bytes, in order. Each packet is copied out, so no transcript keeps the buffer alive. The buffer takes
/// no more memory than [`Self::room`] returns.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    bytes: Vec<u8>,
    /// How many bytes have been cut off at the front.
    cut: usize,
}

impl Incoming {
    /// Returns the bytes that are left.
    pub(super) fn rest(&self) -> &[u8] {
        &self.bytes[self.cut..]
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest().is_empty()
    }

    /// Returns how much memory the buffer takes, in bytes.
    pub(super) fn room(&self) -> usize {
        self.bytes.capacity()
    }

    /// Appends what was read.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.forget_cut();
        let wanted = self.bytes.len() + bytes.len();
        if wanted > self.bytes.capacity() {
            // Grow by a quarter instead of doubling, because many connections may wait for a large packet at the same
            // time.
            self.bytes.reserve_exact(bytes.len() + wanted / 4);
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Cuts off the next packet. Returns `Ok(None)` while bytes are missing.
    ///
    /// # Errors
    /// Fails if the rest is not a packet.
    pub(super) fn next_packet(&mut self, largest: usize) -> Result<Option<Frame>, FrameError> {
        let frame = Frame::copied(self.rest(), largest)?;
        self.cut += frame.as_ref().map_or(0, |frame| frame.bytes().len());
        Ok(frame)
    }

    /// Frees unused memory.
    pub(super) fn shrink(&mut self) {
        self.forget_cut();
        if self.bytes.is_empty() {
            self.bytes = Vec::new();
        } else if self.bytes.capacity() - self.bytes.len() > KEPT.max(self.bytes.len() / 2) {
            self.bytes.shrink_to_fit();
        }
    }

    /// Discards everything.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    fn forget_cut(&mut self) {
        self.bytes.drain(..self.cut);
        self.cut = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Creates a PUBLISH of `size` bytes, including its header.
    fn publish(size: usize) -> Vec<u8> {
        let length = size - 4;
        let varint = [
            (length % 128) as u8 | 128,
            (length / 128 % 128) as u8 | 128,
            (length / 128 / 128) as u8,
        ];
        [&[0x30][..], &varint, &vec![0; length]].concat()
    }

    #[test]
    fn packets_come_out_as_they_went_in() {
        let sent = [
            publish(20_000),
            vec![0xD0, 0],
            publish(100_000),
            vec![0xD0, 0],
        ];
        let mut incoming = Incoming::default();
        let mut read = Vec::new();
        for piece in sent.concat().chunks(977) {
            incoming.push(piece);
            while let Some(frame) = incoming.next_packet(100_000).expect("packets") {
                read.push(frame.bytes().to_vec());
            }
            incoming.shrink();
        }
        assert_eq!(read, sent);
        assert!(incoming.is_empty());
        assert_eq!(incoming.room(), 0);
    }

    #[test]
    fn uses_little_more_memory_than_its_content() {
        let mut incoming = Incoming::default();
        let packet = publish(1_000_000);
        for piece in packet.repeat(3).chunks(8 * 1024) {
            incoming.push(piece);
            assert!(incoming.next_packet(packet.len()).is_ok());
            incoming.shrink();
            let unread = incoming.rest().len();
            assert!(
                incoming.room() <= unread + KEPT.max(unread / 2),
                "{} for {unread}",
                incoming.room()
            );
        }
    }

    #[test]
    fn a_packet_announced_as_too_large_takes_no_memory() {
        let mut incoming = Incoming::default();
        incoming.push(&[0x30, 0xFF, 0xFF, 0xFF, 0x7F]);
        assert!(matches!(
            incoming.next_packet(1_000),
            Err(FrameError::TooLarge { maximum: 1_000, .. })
        ));
        assert!(incoming.room() < 100);
    }
}
