//! A file that can be written without being changed: writes stay in memory.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::StorageBackend;

const BLOCK: u64 = 4096;

/// The database checks and repairs itself when it opens. With an overlay, that does not change the file. Clones are the
/// same overlay.
#[derive(Debug, Clone)]
pub(super) struct Overlay(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    file: File,
    /// How many bytes of the file are still visible.
    shown: u64,
    length: u64,
    written: BTreeMap<u64, Vec<u8>>,
}

impl Overlay {
    pub(super) fn new(file: File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        Ok(Self(Arc::new(Mutex::new(State {
            file,
            shown: length,
            length,
            written: BTreeMap::new(),
        }))))
    }

    /// Returns the first bytes, including writes.
    pub(super) fn start(&self, count: usize) -> io::Result<Vec<u8>> {
        let mut out = vec![0; count];
        self.read(0, &mut out)?;
        Ok(out)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Returns where these bytes end, or an error if that is past the end of the file.
    fn ends(&self, offset: u64, count: usize) -> io::Result<u64> {
        let end = offset.checked_add(count as u64);
        let end = end.filter(|end| *end <= self.length);
        end.ok_or_else(|| {
            io::Error::new(io::ErrorKind::UnexpectedEof, "behind the end of the file")
        })
    }

    fn block(&mut self, number: u64) -> io::Result<Vec<u8>> {
        if let Some(written) = self.written.get(&number) {
            return Ok(written.clone());
        }
        let start = number * BLOCK;
        let there = self.shown.saturating_sub(start).min(BLOCK);
        let mut block = vec![0; BLOCK as usize];
        self.file.seek(SeekFrom::Start(start))?;
        self.file.read_exact(&mut block[..there as usize])?;
        Ok(block)
    }
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().length)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut state = self.state();
        state.ends(offset, out.len())?;
        let mut at = offset;
        let mut rest = out;
        while !rest.is_empty() {
            let block = state.block(at / BLOCK)?;
            let from = &block[(at % BLOCK) as usize..];
            let count = from.len().min(rest.len());
            let (now, later) = rest.split_at_mut(count);
            now.copy_from_slice(&from[..count]);
            rest = later;
            at += count as u64;
        }
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut state = self.state();
        if length < state.length {
            // Bytes that were cut off read as zero if the file grows again.
            state.shown = state.shown.min(length);
            state.written.split_off(&length.div_ceil(BLOCK));
            if !length.is_multiple_of(BLOCK) {
                let number = length / BLOCK;
                let mut block = state.block(number)?;
                block[(length % BLOCK) as usize..].fill(0);
                state.written.insert(number, block);
            }
        }
        state.length = length;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        state.ends(offset, data.len())?;
        let mut at = offset;
        let mut rest = data;
        while !rest.is_empty() {
            let number = at / BLOCK;
            let mut block = state.block(number)?;
            let within = (at % BLOCK) as usize;
            let count = (block.len() - within).min(rest.len());
            block[within..within + count].copy_from_slice(&rest[..count]);
            state.written.insert(number, block);
            rest = &rest[count..];
            at += count as u64;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_the_file_stays_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        let before: Vec<u8> = (0..10_000_u32).map(|n| n as u8).collect();
        std::fs::write(&path, &before).expect("written");
        let overlay = Overlay::new(File::open(&path).expect("opened")).expect("a length");
        let mut expected = before.clone();
        overlay.write(4_000, &[7; 300]).expect("written");
        expected[4_000..4_300].fill(7);
        overlay.set_len(5_000).expect("cut");
        overlay.set_len(20_000).expect("grown");
        expected.truncate(5_000);
        expected.resize(20_000, 0);
        overlay.write(19_990, &[9; 10]).expect("written");
        expected[19_990..].fill(9);
        let mut read = vec![1; 20_000];
        overlay.read(0, &mut read).expect("read");
        assert_eq!(read, expected);
        assert!(overlay.read(19_999, &mut [0; 2]).is_err());
        assert!(overlay.write(u64::MAX, &[0]).is_err());
        assert_eq!(std::fs::read(&path).expect("there"), before);
    }
}
