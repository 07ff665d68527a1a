//! The file that keeps sessions and messages: an embedded database whose commits are on disk when they return, so that
//! the last one is kept however the broker ends.
//!
//! Before a file is used every byte of it that counts is looked at ([`damage`]), on a copy in memory of what the database
//! changes as it opens. A damaged file stays as it is until somebody wants it repaired ([`repair`]).

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

/// Everything that the core wants kept.
const RECORDS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("records");
/// What is known of the file itself.
const ABOUT: TableDefinition<'_, &str, u64> = TableDefinition::new("about");
/// How records are written; another number is another way.
const FORMAT: (&str, u64) = ("format", 2);
/// The way of earlier versions: the same records without seals.
const UNSEALED: u64 = 1;
/// When the broker started first, in milliseconds since 1970: its time counts from there.
const FIRST_START_MS: &str = "first_start_ms";

/// Why a store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No database, in use by another broker, or on a disk that has no room.
    #[error(transparent)]
    Database(#[from] Box<redb::Error>),
    /// It was written by another version of this program.
    #[error("it is kept in format {0}, and this version knows format {known} only", known = FORMAT.1)]
    Format(u64),
    /// A record is whole, but its content makes no sense.
    #[error("it is broken: {0}")]
    Corrupt(#[from] Corrupt),
    /// Something of it is not what was written.
    #[error("it is damaged: {0}")]
    Damaged(Box<Damage>),
    /// A folder, a pipe or a device.
    #[error("not a regular file")]
    NoFile,
    /// The database met what it cannot have written.
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

/// The kinds of errors that the database has for its own steps.
pub(crate) trait DatabaseFault {}
impl DatabaseFault for redb::DatabaseError {}
impl DatabaseFault for redb::TransactionError {}
impl DatabaseFault for redb::TableError {}
impl DatabaseFault for redb::StorageError {}
impl DatabaseFault for redb::CommitError {}

/// A file that a broker keeps its state in. It is this broker's alone.
#[derive(Debug)]
pub struct Store {
    database: Database,
    first_start: SystemTime,
    first_start_ms: u64,
    /// How the records are written that are there.
    format: u64,
    undone: bool,
}

impl Store {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// When it is no store, one of another version, damaged, in use, or cannot be written. No damaged file is changed.
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

    /// Whether the last write before this start had not come whole to the disk, and was undone: nobody was told of what it
    /// kept.
    pub const fn is_last_write_undone(&self) -> bool {
        self.undone
    }

    /// The time since the broker started first.
    pub(super) fn age(&self) -> Time {
        let age = SystemTime::now().duration_since(self.first_start);
        // A clock that was set back stands still for the broker.
        age.unwrap_or_default()
    }

    /// What was kept.
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
                        found
                            .ok_or(Corrupt("a record is not what was written"))?
                            .value
                    }
                };
                records.push((key.to_vec(), value.to_vec()));
            }
            Ok(StoredState::from_records(records)?)
        })
    }

    /// Keeps what changed, all of it or nothing.
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

    /// Keeps these in place of everything, written the present way.
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

/// Makes a file beside the place where it belongs, and puts it there when it is whole: one whose making was cut off is
/// never met.
fn made(path: &Path) -> Result<(), StoreError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.new", std::process::id()));
    let beside = Path::new(&beside);
    let placed = Store::on(Database::create(beside)?).and_then(|store| {
        drop(store);
        match fs::hard_link(beside, path) {
            // Another broker was quicker: its file is as good.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            // There are file systems without links.
            Err(_) => fs::rename(beside, path).map_err(StoreError::io),
            Ok(()) => Ok(()),
        }
    });
    // It is gone where it was renamed.
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

/// The first key behind all that begin so, if there is one.
fn end_of(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte < u8::MAX)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

#[cfg(test)]
mod tests;
