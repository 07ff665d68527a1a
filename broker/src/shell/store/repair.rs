//! Makes a usable file of a damaged one.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use redb::Database;

use super::damage::{Damage, Examined, examine};
use super::guard::guarded;
use super::seal::sealed;
use super::{ABOUT, FIRST_START_MS, FORMAT, RECORDS, Store, StoreError};

/// What was done to a damaged file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    /// What was found, and what is lost by it.
    pub damage: Damage,
    /// Where the file is now that was damaged, as it was.
    pub former: PathBuf,
}

impl Store {
    /// Puts a file with what is whole in the place of a damaged one, which gets another name. `None` if it is not damaged.
    ///
    /// # Errors
    /// When it is no store, in use, or no other file can be written beside it.
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
    // A time to come was not the first start.
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

/// A name beside this one that no file has.
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
