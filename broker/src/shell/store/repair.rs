//! Makes a usable file from a damaged one.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use redb::Database;

use super::damage::{Damage, Examined, examine};
use super::guard::guarded;
use super::seal::sealed;
use super::{ABOUT, FIRST_START_MS, FORMAT, RECORDS, Store, StoreError};

/// The repair of a damaged file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    /// The damage, and what is lost.
    pub damage: Damage,
    /// The new path of the damaged file, which is unchanged.
    pub former: PathBuf,
}

impl Store {
    /// Replaces a damaged file by one with its intact records. The damaged file gets another name. Returns `None` if
    /// the file is not damaged.
    ///
    /// # Errors
    /// Returns an error if the file is not a store, is in use, or no other file can be written next to it.
    pub fn repair(path: &Path) -> Result<Option<Repair>, StoreError> {
        let Some(examined) = examine(path)? else {
            return Ok(None);
        };
        let Some(damage) = &examined.damage else {
            return Ok(None);
        };
        let new = beside(path, "repaired");
        guarded(|| write(&new, &examined))?;
        let former = beside(path, "damaged");
        fs::rename(path, &former).map_err(StoreError::io)?;
        fs::rename(&new, path).map_err(StoreError::io)?;
        let damage = damage.clone();
        Ok(Some(Repair { damage, former }))
    }
}

fn write(path: &Path, examined: &Examined) -> Result<(), StoreError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now_ms = u64::try_from(now.unwrap_or_default().as_millis()).unwrap_or(u64::MAX);
    // A time in the future cannot be the first start.
    let first_start_ms = examined.first_start_ms.filter(|ms| *ms <= now_ms);
    let first_start_ms = first_start_ms.unwrap_or(now_ms);
    let database = Database::create(path)?;
    let transaction = database.begin_write()?;
    {
        let mut about = transaction.open_table(ABOUT)?;
        about.insert(FORMAT.0, FORMAT.1)?;
        about.insert(FIRST_START_MS, first_start_ms)?;
        let mut table = transaction.open_table(RECORDS)?;
        for (key, value) in &examined.records {
            table.insert(&key[..], &sealed(key, value, first_start_ms)[..])?;
        }
    }
    transaction.commit()?;
    Ok(())
}

/// Returns an unused name next to this path.
fn beside(path: &Path, what: &str) -> PathBuf {
    let named = |number: u32| {
        let mut name = OsString::from(path);
        name.push(format!(".{what}"));
        if number > 1 {
            name.push(format!("-{number}"));
        }
        PathBuf::from(name)
    };
    let free = (1..u32::MAX).map(named).find(|path| !path.exists());
    free.unwrap_or_else(|| named(1))
}
