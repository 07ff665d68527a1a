//! A disk that loses power. Of the data that was not synced, some is on the disk, whole or in part, and some is not.
//! All writes that were confirmed must be there at the next start. The write that was interrupted must be there as a
//! whole or not at all.

use std::fs;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use redb::{Database, StorageBackend};

use super::super::Store;
use super::records;
use super::writer::{Random, Writer};
use crate::Input;

/// The number of power losses, unless the environment sets another.
const LOSSES: u64 = 60;
/// The bytes that a disk writes as a whole.
const SECTOR: usize = 512;

#[derive(Debug)]
enum Unsynced {
    Length(usize),
    Bytes(usize, Vec<u8>),
}

#[derive(Debug, Default)]
struct UnsyncedDisk {
    synced: Vec<u8>,
    now: Vec<u8>,
    unsynced: Vec<Unsynced>,
    /// After how many more operations the power fails.
    left: u64,
    /// Whether the disk reports a sync that it has not made.
    is_lying: bool,
}

impl UnsyncedDisk {
    fn work(&mut self) -> io::Result<()> {
        self.left = self.left.saturating_sub(1);
        match self.left {
            0 => Err(io::Error::other("the power is gone")),
            _ => Ok(()),
        }
    }

    /// Returns the content of the disk when the power is back.
    fn left_over(&self, random: &mut Random) -> Vec<u8> {
        let mut disk = self.synced.clone();
        for change in &self.unsynced {
            match change {
                Unsynced::Length(length) if random.below(2) == 0 => disk.resize(*length, 0),
                Unsynced::Length(_) => {}
                Unsynced::Bytes(offset, bytes) => {
                    let is_whole = random.below(2) == 0;
                    for (n, sector) in bytes.chunks(SECTOR).enumerate() {
                        if is_whole || random.below(2) == 0 {
                            put(&mut disk, offset + n * SECTOR, sector);
                        }
                    }
                }
            }
        }
        disk
    }
}

fn put(disk: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if disk.len() < end {
        disk.resize(end, 0);
    }
    disk[offset..end].copy_from_slice(bytes);
}

#[derive(Debug, Clone)]
struct Disk(Arc<Mutex<UnsyncedDisk>>);

impl Disk {
    fn disk(&self) -> MutexGuard<'_, UnsyncedDisk> {
        self.0.lock().expect("nobody panics with it")
    }
}

fn place(offset: u64) -> usize {
    usize::try_from(offset).expect("a small file")
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.disk().now.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let disk = self.disk();
        let end = place(offset) + out.len();
        let bytes = disk.now.get(place(offset)..end);
        out.copy_from_slice(bytes.ok_or_else(|| io::Error::other("behind the end"))?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut disk = self.disk();
        disk.work()?;
        disk.now.resize(place(len), 0);
        disk.unsynced.push(Unsynced::Length(place(len)));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut disk = self.disk();
        disk.work()?;
        if !disk.is_lying {
            disk.synced = disk.now.clone();
            disk.unsynced.clear();
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut disk = self.disk();
        disk.work()?;
        put(&mut disk.now, place(offset), data);
        disk.unsynced
            .push(Unsynced::Bytes(place(offset), data.to_vec()));
        Ok(())
    }
}

/// Does something that the broker must store or remove.
fn act(writer: &mut Writer, random: &mut Random) {
    match random.below(10) {
        0 => {
            writer.connect(&format!("client-{}", random.below(4)));
            writer.subscribe(&format!("to/{}", random.below(3)));
        }
        1 => {
            let connection = writer.connection;
            writer.handle(Input::Closed { connection });
            writer.connect("writer");
        }
        2 => writer.publish(&format!("kept/{}", random.below(20)), Vec::new(), true),
        3..6 => {
            let payload = vec![1; random.below(6_000)];
            writer.publish(&format!("kept/{}", random.below(20)), payload, true);
        }
        _ => {
            let payload = vec![2; random.below(500)];
            writer.publish(&format!("to/{}", random.below(3)), payload, false);
        }
    }
}

/// Plays the life of a store until the power fails. Returns the number of records that the store had confirmed.
fn play(seed: u64, is_lying: bool) -> Result<usize, String> {
    let mut random = Random(seed);
    let disk = Disk(Arc::new(Mutex::new(UnsyncedDisk {
        left: u64::MAX,
        ..UnsyncedDisk::default()
    })));
    // The power stays on here, since a store is moved to its path only when it is complete.
    let database = Database::builder().create_with_backend(disk.clone());
    let store = Store::on(database.expect("a database")).expect("a store");
    disk.disk().left = 1 + random.below(1_500) as u64;
    disk.disk().is_lying = is_lying;
    let mut writer = Writer::new(store);
    writer.connect("writer");
    while writer.cut_off.is_none() {
        act(&mut writer, &mut random);
    }
    let (kept, cut_off) = (writer.kept, writer.cut_off);
    let left_over = disk.disk().left_over(&mut random);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store");
    fs::write(&path, left_over).expect("a file");
    Store::open(&path).map_err(|error| format!("seed {seed}: {error}"))?;
    let found = records(&path);
    match found == kept || Some(&found) == cut_off.as_ref() {
        true => Ok(kept.len()),
        false => Err(format!(
            "seed {seed}: {} records were kept, and other {} are there",
            kept.len(),
            found.len()
        )),
    }
}

#[test]
fn what_was_kept_outlives_the_loss_of_power() {
    let number = |name| {
        let value = std::env::var(name).ok();
        value.map(|value| value.parse::<u64>().expect("a number"))
    };
    let losses = number("POWER_LOSSES").unwrap_or(LOSSES);
    let first = number("POWER_SEED").unwrap_or(0);
    let each = (first..first + losses)
        .map(|seed| play(seed, false).unwrap_or_else(|lost| panic!("{lost}")));
    let kept: usize = each.sum();
    // Otherwise the power failed before anything was stored.
    assert!(kept as u64 > losses, "{kept}");
}

/// Shows that the test above can fail.
#[test]
fn a_disk_that_only_says_that_it_has_synced_loses_what_was_kept() {
    assert!((0..10).any(|seed| play(seed, true).is_err()));
}
