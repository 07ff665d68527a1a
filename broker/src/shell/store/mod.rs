//! The file that keeps sessions and messages: an embedded database whose commits are on the disk when they return. The
//! last commit is therefore kept however the broker ends.
//!
//! Before a file is used, every byte that matters is checked ([`damage`]). The check works on a copy in memory of what
//! the database changes when it opens. A damaged file is not changed until a repair is requested ([`repair`]).

mod damage;
mod guard;
mod overlay;
mod pages;
mod repair;
mod seal;

use std::fs;
use std::io;
use std::ops::Bound;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use redb::{Database, ReadableDatabase, ReadableTable, Table, TableDefinition};

pub use self::damage::Damage;
use self::damage::examine;
use self::guard::guarded;
pub use self::repair::Repair;
use self::seal::{sealed, unsealed};
use crate::core::{Change, Corrupt};
use crate::{StoredState, Time};

/// The records of the core.
const RECORDS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("records");
/// Data about the file itself.
const ABOUT: TableDefinition<'_, &str, u64> = TableDefinition::new("about");
/// The format of records.
const FORMAT: (&str, u64) = ("format", 2);
/// The format of earlier versions: the same records without seals.
const UNSEALED: u64 = 1;
/// When the broker first started, in milliseconds since 1970. The broker's time counts from there.
const FIRST_START_MS: &str = "first_start_ms";

/// Why a store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file is not a database, is in use by another broker, or its disk is full.
    #[error(transparent)]
    Database(#[from] Box<redb::Error>),
    /// The file was written by another version of this program.
    #[error("it is kept in format {0}, and this version knows format {known} only", known = FORMAT.1)]
    Format(u64),
    /// A record is intact, but its content is invalid.
    #[error("it is broken: {0}")]
    Corrupt(#[from] Corrupt),
    /// A part of the file is not as it was written.
    #[error("it is damaged: {0}")]
    Damaged(Box<Damage>),
    /// The path is a folder, a pipe or a device.
    #[error("not a regular file")]
    NoFile,
    /// The database failed on content that it cannot have written.
    #[error("the database failed: {0}")]
    Panicked(String),
}

impl StoreError {
    fn io(error: io::Error) -> Self {
        Self::Database(Box::new(error.into()))
    }
}

impl<E: Into<redb::Error>> From<E> for StoreError
where
    E: DatabaseFault,
{
    fn from(error: E) -> Self {
        Self::Database(Box::new(error.into()))
    }
}

/// The error types of the steps of the database.
pub(crate) trait DatabaseFault {}
impl DatabaseFault for redb::DatabaseError {}
impl DatabaseFault for redb::TransactionError {}
impl DatabaseFault for redb::TableError {}
impl DatabaseFault for redb::StorageError {}
impl DatabaseFault for redb::CommitError {}

/// A file in which a broker keeps its state. Only one broker can use it at a time.
#[derive(Debug)]
pub struct Store {
    database: Database,
    first_start: SystemTime,
    first_start_ms: u64,
    /// The format of the records in the file.
    format: u64,
    undone: bool,
}

impl Store {
    /// Opens the file, or creates it.
    ///
    /// # Errors
    /// Returns an error if the file is not a store, has another version, is damaged or in use, or cannot be written. A
    /// damaged file is not changed.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let mut undone = false;
        if !path.try_exists().map_err(StoreError::io)? {
            guarded(|| made(path))?;
        }
        if let Some(examined) = examine(path)? {
            if let Some(damage) = examined.damage {
                return Err(StoreError::Damaged(Box::new(damage)));
            }
            undone = examined.undone;
        }
        let store = guarded(|| Self::opened(path))?;
        Ok(Self { undone, ..store })
    }

    fn opened(path: &Path) -> Result<Self, StoreError> {
        Self::on(Database::create(path)?)
    }

    fn on(database: Database) -> Result<Self, StoreError> {
        let now = SystemTime::now();
        let transaction = database.begin_write()?;
        let (format, first_start_ms) = {
            let mut about = transaction.open_table(ABOUT)?;
            let found = about.get(FORMAT.0)?.map(|found| found.value());
            let format = found.unwrap_or(FORMAT.1);
            if format != FORMAT.1 && format != UNSEALED {
                return Err(StoreError::Format(format));
            }
            about.insert(FORMAT.0, format)?;
            let found = about.get(FIRST_START_MS)?.map(|found| found.value());
            let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
            let now_ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
            let first_start_ms = found.unwrap_or(now_ms);
            about.insert(FIRST_START_MS, first_start_ms)?;
            (format, first_start_ms)
        };
        transaction.open_table(RECORDS)?;
        transaction.commit()?;
        let first_start = UNIX_EPOCH.checked_add(Duration::from_millis(first_start_ms));
        Ok(Self {
            database,
            first_start: first_start.unwrap_or(now),
            first_start_ms,
            format,
            undone: false,
        })
    }

    /// Returns whether the last write before this start was incomplete on the disk and was undone. No client had
    /// learned of its content.
    pub const fn is_last_write_undone(&self) -> bool {
        self.undone
    }

    /// Returns the time since the broker first started.
    pub(super) fn age(&self) -> Time {
        let age = SystemTime::now().duration_since(self.first_start);
        // If the clock was set back to before that, the time is zero.
        age.unwrap_or_default()
    }

    /// Reads the sessions and retained messages with which the broker resumes. A record that is damaged is an error.
    pub(super) fn read(&self) -> Result<StoredState, StoreError> {
        guarded(|| {
            let transaction = self.database.begin_read()?;
            let table = transaction.open_table(RECORDS)?;
            let mut records = Vec::new();
            for record in table.iter()? {
                let (key, value) = record?;
                let (key, value) = (key.value(), value.value());
                let value = match self.format {
                    UNSEALED => value,
                    _ => {
                        let found = unsealed(key, value);
                        found.ok_or(Corrupt("checksum mismatch"))?.value
                    }
                };
                records.push((key.to_vec(), value.to_vec()));
            }
            Ok(StoredState::from_records(records)?)
        })
    }

    /// Writes the changes, all or none.
    pub(super) fn write(&self, changes: &[Change]) -> Result<(), StoreError> {
        guarded(|| {
            let transaction = self.database.begin_write()?;
            {
                let mut table = transaction.open_table(RECORDS)?;
                apply(&mut table, changes, self.first_start_ms)?;
            }
            transaction.commit()?;
            Ok(())
        })
    }

    /// Replaces all records with these, in the current format.
    pub(super) fn replace(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        guarded(|| {
            let transaction = self.database.begin_write()?;
            transaction.delete_table(RECORDS)?;
            {
                let mut table = transaction.open_table(RECORDS)?;
                apply(&mut table, changes, self.first_start_ms)?;
            }
            transaction.open_table(ABOUT)?.insert(FORMAT.0, FORMAT.1)?;
            transaction.commit()?;
            Ok(())
        })?;
        self.format = FORMAT.1;
        Ok(())
    }
}

/// Creates a file next to its final path, and moves it there when it is complete. An incomplete file is therefore never
/// found at the path.
fn made(path: &Path) -> Result<(), StoreError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.new", std::process::id()));
    let beside = Path::new(&beside);
    let placed = Store::on(Database::create(beside)?).and_then(|store| {
        drop(store);
        match fs::hard_link(beside, path) {
            // Another broker was faster. Its file is just as good.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            // Some file systems have no links.
            Err(_) => fs::rename(beside, path).map_err(StoreError::io),
            Ok(()) => Ok(()),
        }
    });
    // The file no longer exists there if it was renamed.
    let _ = fs::remove_file(beside);
    placed
}

fn apply(
    table: &mut Table<'_, &[u8], &[u8]>,
    changes: &[Change],
    first_start_ms: u64,
) -> Result<(), StoreError> {
    for change in changes {
        match change {
            Change::Put { key, value } => {
                table.insert(&key[..], &sealed(key, value, first_start_ms)[..])?;
            }
            Change::Remove { key } => {
                table.remove(&key[..])?;
            }
            Change::RemoveAll { prefix } => {
                let end = end_of(prefix);
                let end = end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
                table.retain_in::<&[u8], _>((Bound::Included(&prefix[..]), end), |_, _| false)?;
            }
        }
    }
    Ok(())
}

/// Returns the first key after all keys with this prefix, if there is one.
fn end_of(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte < u8::MAX)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

#[cfg(test)]
mod tests;
