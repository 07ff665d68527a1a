//! Damaged files: what is read from them is as it was written, or they are refused.

mod power;
mod writer;

use std::fs;
use std::path::{Path, PathBuf};

use super::damage::{Records, examine};
use super::*;
use crate::{Broker, Config, Faults, Input};
use writer::{Random, Writer};

/// The number of damaged files. The first has the given seed.
const FILES: u64 = 100;
/// The bits of the head of a file.
const HEAD_BITS: usize = 320 * 8;
/// The bits that select the valid root and record whether the file was closed.
const FLAGS: std::ops::Range<usize> = 9 * 8..10 * 8;

/// Writes sessions with subscriptions and waiting messages, and retained messages of many sizes, enough for trees of
/// several levels. With `clean` the database is closed. Otherwise the file is as a killed broker leaves it.
fn filled(folder: &Path, clean: bool) -> PathBuf {
    let path = folder.join("written");
    let mut writer = Writer::new(Store::open(&path).expect("a store"));
    for number in 0..8 {
        writer.connect(&format!("reader-{number}"));
        writer.subscribe(&format!("to/{number}"));
        writer.subscribe("to/all");
        let connection = writer.connection;
        writer.handle(Input::Closed { connection });
    }
    writer.connect("publisher");
    for number in 0..60_usize {
        writer.publish("to/all", vec![number as u8; 40], false);
        let topic = format!("kept/{number:03}");
        writer.publish(&topic, vec![number as u8; (number % 7) * 900], true);
    }
    assert_eq!(writer.cut_off, None, "written");
    let left = folder.join("left");
    match clean {
        true => drop(writer),
        false => {
            fs::copy(&path, &left).expect("copied");
            return left;
        }
    }
    path
}

fn records(path: &Path) -> Records {
    let examined = examine(path).expect("it can be looked at");
    examined.expect("a store").records
}

/// The results of damaged files.
#[derive(Debug, Default)]
struct Seen {
    sound: usize,
    undone: usize,
    damaged: usize,
    refused: usize,
    kept: usize,
}

impl Seen {
    /// Tries a file with these bytes. `original` are the records that were written.
    fn look(&mut self, path: &Path, bytes: &[u8], original: &Records, what: &str) {
        fs::write(path, bytes).expect("written");
        match Store::open(path) {
            Ok(store) => {
                // If the last write was incomplete, no client had learned of it.
                let undone = store.is_last_write_undone();
                drop(store);
                assert!(records(path) == *original || undone, "{what}");
                self.sound += 1;
                self.undone += usize::from(undone);
                return;
            }
            Err(StoreError::Damaged(_)) => self.damaged += 1,
            // The database does not recognize the file.
            Err(_) => {
                self.refused += 1;
                assert!(matches!(Store::repair(path), Ok(None)), "{what}");
            }
        }
        assert!(
            fs::read(path).expect("there") == bytes,
            "{what}: it was changed"
        );
        let Ok(Some(repair)) = Store::repair(path) else {
            return;
        };
        assert!(fs::read(&repair.former).expect("there") == bytes, "{what}");
        fs::remove_file(&repair.former).expect("removed");
        let store = Store::open(path).expect("it is repaired");
        store.read().expect("every record can be used");
        drop(store);
        let found = records(path);
        for (key, value) in &found {
            assert!(original.get(key) == Some(value), "{what}: {key:?}");
        }
        assert_eq!(found.len(), repair.damage.whole, "{what}");
        self.kept += found.len();
    }
}

fn damaged_at_random(clean: bool, first_seed: u64) -> Seen {
    let folder = tempfile::tempdir().expect("a folder");
    let written = filled(folder.path(), clean);
    let bytes = fs::read(&written).expect("there");
    let original = records(&written);
    assert!(original.len() > 500, "{}", original.len());
    let path = folder.path().join("damaged");
    let mut seen = Seen::default();
    seen.look(&path, &bytes, &original, "as it was written");
    assert_eq!((seen.sound, seen.undone), (1, 0), "{seen:?}");
    for seed in first_seed..first_seed + FILES {
        let mut random = Random(seed);
        let mut changed = bytes.clone();
        for _ in 0..=random.below(6) {
            let at = random.below(changed.len());
            changed[at] ^= 1 << random.below(8);
        }
        seen.look(&path, &changed, &original, &format!("seed {seed}"));
    }
    seen
}

#[test]
fn no_damage_of_a_closed_file_alters_a_record_or_panics() {
    let seen = damaged_at_random(true, 0);
    assert_eq!(seen.undone, 0, "{seen:?}");
    assert!(seen.damaged > FILES as usize / 4, "{seen:?}");
}

#[test]
fn no_damage_of_a_file_that_was_left_open_alters_a_record_or_panics() {
    let seen = damaged_at_random(false, 1_000_000);
    assert!(seen.damaged > FILES as usize / 4, "{seen:?}");
}

/// The head contains the positions of everything else.
#[test]
fn no_damage_of_the_head_alters_a_record_or_panics() {
    for clean in [true, false] {
        let folder = tempfile::tempdir().expect("a folder");
        let written = filled(folder.path(), clean);
        let bytes = fs::read(&written).expect("there");
        let original = records(&written);
        let path = folder.path().join("damaged");
        let mut seen = Seen::default();
        for bit in FLAGS.chain((0..HEAD_BITS).step_by(29)) {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            seen.look(
                &path,
                &changed,
                &original,
                &format!("clean {clean}, bit {bit}"),
            );
        }
        for length in [1, 100, 320, 4096, bytes.len() / 2, bytes.len() - 1] {
            seen.look(
                &path,
                &bytes[..length],
                &original,
                &format!("cut to {length}"),
            );
        }
        assert!(seen.damaged > 5, "{seen:?}");
    }
}

/// Writes the same records in the format of an earlier version.
fn unsealed_copy(folder: &Path, original: &Records) -> PathBuf {
    let path = folder.join("earlier");
    let database = Database::create(&path).expect("a database");
    let transaction = database.begin_write().expect("a transaction");
    {
        let mut about = transaction.open_table(ABOUT).expect("a table");
        about.insert(FORMAT.0, UNSEALED).expect("written");
        about.insert(FIRST_START_MS, 1_000).expect("written");
        let mut table = transaction.open_table(RECORDS).expect("a table");
        for (key, value) in original {
            table.insert(&key[..], &value[..]).expect("written");
        }
    }
    transaction.commit().expect("committed");
    path
}

#[test]
fn a_store_of_an_earlier_version_is_taken_up_and_sealed() {
    let folder = tempfile::tempdir().expect("a folder");
    let original = records(&filled(folder.path(), true));
    let path = unsealed_copy(folder.path(), &original);
    let mut store = Store::open(&path).expect("it is known");
    let config = Config {
        durable: true,
        ..Config::default()
    };
    let stored = store.read().expect("right records");
    let mut broker = Broker::restore(config, Faults::none(), stored, Time::ZERO, &mut Vec::new());
    broker.track_changes();
    store.replace(&broker.changes()).expect("written");
    drop(store);
    let examined = examine(&path)
        .expect("it can be looked at")
        .expect("a store");
    assert_eq!(
        (examined.damage, examined.first_start_ms),
        (None, Some(1_000))
    );
    assert_eq!(examined.records.len(), original.len());
    let bytes = fs::read(&path).expect("there");
    let broken: Vec<u8> = bytes.iter().map(|byte| byte ^ 1).collect();
    fs::write(&path, broken).expect("written");
    assert!(Store::open(&path).is_err());
}

#[test]
fn a_damaged_store_of_an_earlier_version_is_refused_and_not_repaired() {
    let folder = tempfile::tempdir().expect("a folder");
    let original = records(&filled(folder.path(), true));
    let path = unsealed_copy(folder.path(), &original);
    let mut bytes = fs::read(&path).expect("there");
    let message = b"kept/017";
    let places: Vec<_> = (0..bytes.len() - message.len())
        .filter(|at| bytes[*at..].starts_with(message))
        .collect();
    for place in places {
        bytes[place] ^= 4;
    }
    fs::write(&path, &bytes).expect("written");
    assert!(Store::open(&path).is_err());
    // Without seals, intact records cannot be recognized.
    assert!(Store::repair(&path).is_err());
    assert!(fs::read(&path).expect("there") == bytes);
}
