//! The file that sessions and messages are kept in: an embedded database whose commits are on the disk when they
//! return, so that whatever way the broker ends, the last one holds.

use std::ops::Bound;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use redb::{Database, ReadableDatabase, ReadableTable, Table, TableDefinition};

use crate::core::{Change, Corrupt};
use crate::{StoredState, Time};

/// Everything that the core wants kept.
const RECORDS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("records");
/// What is known of the file itself.
const ABOUT: TableDefinition<'_, &str, u64> = TableDefinition::new("about");
/// How records are written; another number is another way.
const FORMAT: (&str, u64) = ("format", 1);
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
    #[error("it is broken: {0}")]
    Corrupt(#[from] Corrupt),
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
}

impl Store {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// When it is no store, one of another version, in use, or cannot be written.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let database = Database::create(path)?;
        let now = SystemTime::now();
        let transaction = database.begin_write()?;
        let first_start_ms = {
            let mut about = transaction.open_table(ABOUT)?;
            let format = about.get(FORMAT.0)?.map(|found| found.value());
            match format {
                Some(format) if format != FORMAT.1 => return Err(StoreError::Format(format)),
                Some(_) => {}
                None => {
                    about.insert(FORMAT.0, FORMAT.1)?;
                }
            }
            let found = about.get(FIRST_START_MS)?.map(|found| found.value());
            match found {
                Some(first_start_ms) => first_start_ms,
                None => {
                    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
                    let now_ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
                    about.insert(FIRST_START_MS, now_ms)?;
                    now_ms
                }
            }
        };
        transaction.open_table(RECORDS)?;
        transaction.commit()?;
        let first_start = UNIX_EPOCH.checked_add(Duration::from_millis(first_start_ms));
        Ok(Self {
            database,
            first_start: first_start.unwrap_or(now),
        })
    }

    /// The time since the broker started first.
    pub(super) fn age(&self) -> Time {
        let age = SystemTime::now().duration_since(self.first_start);
        // A clock that was set back stands still for the broker.
        age.unwrap_or_default()
    }

    /// What was kept.
    pub(super) fn read(&self) -> Result<StoredState, StoreError> {
        let transaction = self.database.begin_read()?;
        let table = transaction.open_table(RECORDS)?;
        let mut records = Vec::new();
        for record in table.iter()? {
            let (key, value) = record?;
            records.push((key.value().to_vec(), value.value().to_vec()));
        }
        Ok(StoredState::from_records(records)?)
    }

    /// Keeps what changed, all of it or nothing.
    pub(super) fn write(&self, changes: &[Change]) -> Result<(), StoreError> {
        let transaction = self.database.begin_write()?;
        {
            let mut table = transaction.open_table(RECORDS)?;
            apply(&mut table, changes)?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// Keeps these in place of everything.
    pub(super) fn replace(&self, changes: &[Change]) -> Result<(), StoreError> {
        let transaction = self.database.begin_write()?;
        transaction.delete_table(RECORDS)?;
        {
            let mut table = transaction.open_table(RECORDS)?;
            apply(&mut table, changes)?;
        }
        transaction.commit()?;
        Ok(())
    }
}

fn apply(table: &mut Table<'_, &[u8], &[u8]>, changes: &[Change]) -> Result<(), StoreError> {
    for change in changes {
        match change {
            Change::Put { key, value } => {
                table.insert(&key[..], &value[..])?;
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
