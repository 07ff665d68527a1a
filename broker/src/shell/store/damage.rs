//! Checks whether a file is as it was written, and finds what is lost if it is not.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use redb::{Builder, Database, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableError};

use super::guard::guarded;
use super::overlay::Overlay;
use super::pages::{HEAD, Head, Pages, head};
use super::seal::unsealed;
use super::{ABOUT, FIRST_START_MS, FORMAT, RECORDS, StoreError, UNSEALED};
use crate::StoredState;
use crate::core::Affected;

/// The first bytes of a database file.
const MARK: [u8; 9] = *b"redb\x1A\x0A\xA9\x0D\x0A";
/// How much of the file the check may keep in memory, in bytes.
const CACHE_BYTES: usize = 16 * 1024 * 1024;
/// The most lines of a report that name what is lost.
const NAMED: usize = 20;

/// Records in the order of their keys.
pub(super) type Records = BTreeMap<Vec<u8>, Vec<u8>>;

/// The damage of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// How the damage was noticed.
    pub cause: String,
    /// How many records are as they were written and can be used.
    pub whole: usize,
    /// What the lost records belong to, with the number of records of each.
    pub lost: BTreeMap<Affected, u64>,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let records = |count: u64| match count {
            1 => "1 record".to_owned(),
            count => format!("{count} records"),
        };
        let (whole, lost) = (self.whole as u64, self.lost.values().sum());
        write!(
            f,
            "{}; whole: {}, lost: {}",
            self.cause,
            records(whole),
            records(lost)
        )?;
        for (affected, count) in self.lost.iter().take(NAMED) {
            write!(f, "\n  {affected}: {}", records(*count))?;
        }
        match self.lost.len().saturating_sub(NAMED) {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more"),
        }
    }
}

/// The contents of a file.
#[derive(Debug)]
pub(super) struct Examined {
    /// The records that are as they were written and can be read.
    pub(super) records: Records,
    pub(super) first_start_ms: Option<u64>,
    pub(super) damage: Option<Damage>,
    /// Whether the last write was not completely on the disk.
    pub(super) undone: bool,
}

/// Checks every byte of the file that carries data, without changing the file. Returns `None` if there is no file, or if opening the
/// database gives a better error.
pub(super) fn examine(path: &Path) -> Result<Option<Examined>, StoreError> {
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => return Err(StoreError::NoFile),
        Ok(found) if found.len() > 0 => {}
        _ => return Ok(None),
    }
    let Ok(mut file) = File::open(path) else {
        return Ok(None);
    };
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => return Ok(None),
        // On systems without locks, the file cannot be locked.
        Ok(()) | Err(TryLockError::Error(_)) => {}
    }
    let mut mark = [0; MARK.len()];
    let is_marked = file.read_exact(&mut mark).is_ok() && mark == MARK;
    file.seek(SeekFrom::Start(0)).map_err(StoreError::io)?;
    let another = || file.try_clone().map_err(StoreError::io);
    let cause = match guarded(|| sound(another()?)) {
        Ok(sound) => match sound.usable() {
            Ok(examined) => return Ok(Some(examined)),
            Err(examined) => return Ok(Some(*examined)),
        },
        Err(StoreError::Format(format)) => return Err(StoreError::Format(format)),
        Err(error) => error,
    };
    let left = left_over(&mut Pages::new(another()?).map_err(StoreError::io)?, &cause);
    match left {
        // A file of another kind.
        Some(left) if !is_marked && left.records.is_empty() => Ok(None),
        Some(left) => Ok(Some(left)),
        None => Err(cause),
    }
}

/// A file in which every page is as the database wrote it.
struct Sound {
    format: Option<u64>,
    first_start_ms: Option<u64>,
    records: Records,
    broken: Vec<Vec<u8>>,
    undone: bool,
}

fn sound(mut file: File) -> Result<Sound, StoreError> {
    let before = head(&mut file).map_err(StoreError::io)?;
    let overlay = Overlay::new(file).map_err(StoreError::io)?;
    let database = Builder::new()
        .set_cache_size(CACHE_BYTES)
        .set_check_integrity_on_open(true)
        .create_with_backend(overlay.clone())?;
    let now = overlay.start(HEAD).map_err(StoreError::io)?;
    let mut sound = Sound {
        format: None,
        first_start_ms: None,
        records: Records::new(),
        broken: Vec::new(),
        undone: before.is_undone(&Head::new(now)),
    };
    sound.read(&database)?;
    Ok(sound)
}

impl Sound {
    fn read(&mut self, database: &Database) -> Result<(), StoreError> {
        let transaction = database.begin_read()?;
        match transaction.open_table(ABOUT) {
            // A database that is not a store yet.
            Err(TableError::TableDoesNotExist(_)) => return Ok(()),
            about => {
                let about = about?;
                self.format = about.get(FORMAT.0)?.map(|found| found.value());
                self.first_start_ms = about.get(FIRST_START_MS)?.map(|found| found.value());
            }
        }
        let format = self.format.unwrap_or(FORMAT.1);
        if format != FORMAT.1 && format != UNSEALED {
            return Err(StoreError::Format(format));
        }
        let table = match transaction.open_table(RECORDS) {
            Err(TableError::TableDoesNotExist(_)) => return Ok(()),
            table => table?,
        };
        for record in table.iter()? {
            let (key, value) = record?;
            let (key, value) = (key.value(), value.value());
            match format {
                UNSEALED => {
                    self.records.insert(key.to_vec(), value.to_vec());
                }
                _ => match unsealed(key, value) {
                    Some(found) => {
                        self.records.insert(key.to_vec(), found.value.to_vec());
                    }
                    None => self.broken.push(key.to_vec()),
                },
            }
        }
        let found = self.records.len() + self.broken.len();
        match table.len()? == found as u64 {
            true => Ok(()),
            false => Err(StoreError::Panicked(
                "a table is not as long as it says".to_owned(),
            )),
        }
    }

    /// Returns the contents, as an error if a record cannot be used.
    fn usable(self) -> Result<Examined, Box<Examined>> {
        let cause = "checksum mismatch".to_owned();
        let examined = concluded(self.records, self.first_start_ms, &self.broken, 0, cause);
        let examined = Examined {
            undone: self.undone,
            ..examined
        };
        match &examined.damage {
            Some(damage) if !damage.lost.is_empty() => Err(Box::new(examined)),
            _ => Ok(Examined {
                damage: None,
                ..examined
            }),
        }
    }
}

/// Returns what can be read of a file that the database rejects. Returns `None` if the records have no seals, since
/// then nothing can be verified.
fn left_over(pages: &mut Pages, cause: &StoreError) -> Option<Examined> {
    let about = pages.table(ABOUT_NAME, Some(size_of::<u64>()));
    let of = |name: &str| {
        let found = about.pairs.iter().find(|(key, _)| key == name.as_bytes());
        found.and_then(|(_, value)| value[..].try_into().ok().map(u64::from_le_bytes))
    };
    if of(FORMAT.0) == Some(UNSEALED) {
        return None;
    }
    let table = pages.table(RECORDS_NAME, None);
    let (mut records, mut broken) = (Records::new(), Vec::new());
    let mut first_starts = BTreeMap::<u64, usize>::new();
    for (key, value) in table.pairs {
        match unsealed(&key, &value) {
            Some(found) => {
                *first_starts.entry(found.first_start_ms).or_default() += 1;
                records.insert(key, found.value.to_vec());
            }
            None => broken.push(key),
        }
    }
    let found = (records.len() + broken.len()) as u64;
    let missing = table.declared.map_or(0, |all| all.saturating_sub(found));
    // The checksum of each record also covers this number.
    let sealed = first_starts.into_iter().max_by_key(|(_, count)| *count);
    let first_start_ms = sealed.map(|(ms, _)| ms).or(of(FIRST_START_MS));
    let cause = match cause {
        StoreError::Panicked(_) => "the database cannot read it".to_owned(),
        cause => cause.to_string(),
    };
    Some(concluded(records, first_start_ms, &broken, missing, cause))
}

const ABOUT_NAME: &str = "about";
const RECORDS_NAME: &str = "records";

/// Names what is lost: broken records, missing ones, and intact ones that cannot be read.
fn concluded(
    mut records: Records,
    first_start_ms: Option<u64>,
    broken: &[Vec<u8>],
    missing: u64,
    cause: String,
) -> Examined {
    let copy = records
        .iter()
        .map(|(key, value)| (key.clone(), value.clone()));
    let (_, unread) = StoredState::readable(copy);
    let mut lost = BTreeMap::new();
    let unread = unread.iter().map(|(key, _)| key);
    let keys: Vec<_> = unread.chain(broken).cloned().collect();
    for key in keys {
        records.remove(&key);
        *lost.entry(Affected::by(&key)).or_default() += 1;
    }
    if missing > 0 {
        *lost.entry(Affected::Unknown).or_default() += missing;
    }
    let whole = records.len();
    Examined {
        records,
        first_start_ms,
        damage: Some(Damage { cause, whole, lost }),
        undone: false,
    }
}
