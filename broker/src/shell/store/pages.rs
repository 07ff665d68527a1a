//! Reads the undamaged pages of a damaged file. The database itself fails at the first damage.
//!
//! This knows as much of redb's file format version 3 as it needs: the root in the head, the tree of tables, and the
//! tree of each table. Nothing that is read is trusted. A page that is invalid is skipped, and the seal of a record
//! shows whether it is as it was written.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};

const PRIMARY: (usize, u8) = (9, 1);
const PAGE_SIZE_AT: usize = 12;
const REGION_HEAD_AT: usize = 16;
const REGION_PAGES_AT: usize = 20;
const SLOTS_AT: [usize; 2] = [64, 192];
pub(super) const HEAD: usize = 320;
const LEAF: u8 = 1;
const BRANCH: u8 = 2;
/// Deeper than any tree gets, and larger than any page that one record needs.
const DEPTH: usize = 24;
const PAGE_MAXIMUM: u64 = 1 << 30;

/// The first bytes of a file. They contain two roots: the valid one, and the one before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head(Vec<u8>);

impl Head {
    /// Returns a head of these bytes, padded with zeros.
    pub(super) fn new(mut bytes: Vec<u8>) -> Self {
        bytes.resize(HEAD, 0);
        Self(bytes)
    }

    fn primary(&self) -> usize {
        let (at, bit) = PRIMARY;
        usize::from(self.0[at] & bit)
    }

    /// Returns the root in a slot, with its checksum.
    fn root(&self, slot: usize) -> &[u8] {
        let at = SLOTS_AT[slot] + 8;
        &self.0[at..at + 24]
    }

    /// Returns the number of the write that a slot is from.
    fn write(&self, slot: usize) -> Option<u64> {
        number(&self.0, SLOTS_AT[slot] + 104)
    }

    /// Returns whether a write was undone. `now` is the head after the database has opened the file. A write was undone
    /// if the database has gone back to an earlier root, or if there is a later write that is not valid.
    pub(super) fn is_undone(&self, now: &Self) -> bool {
        let (old, new) = (self.primary(), now.primary());
        self.root(old) != now.root(new) || self.write(1 - old) > self.write(old)
    }
}

/// The readable part of a table.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// How many records the table should have.
    pub(super) declared: Option<u64>,
    pub(super) pairs: Vec<(Vec<u8>, Vec<u8>)>,
}

/// A file of the database.
#[derive(Debug)]
pub(super) struct Pages {
    file: File,
    length: u64,
    head: Head,
}

impl Pages {
    pub(super) fn new(mut file: File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        let head = head(&mut file)?;
        Ok(Self { file, length, head })
    }

    /// Returns a table by its name. Uses the root that was written last, or the one before if that leads nowhere.
    /// `value_bytes` is the size of each value in bytes, or `None` if sizes vary.
    pub(super) fn table(&mut self, name: &str, value_bytes: Option<usize>) -> Table {
        let primary = self.head.primary();
        for slot in [primary, 1 - primary] {
            let at = SLOTS_AT[slot];
            if let Some(root) = number(&self.head.0, at + 8)
                && self.head.0[at + 1] != 0
                && let Some(table) = self.table_below(root, name, value_bytes)
            {
                return table;
            }
        }
        Table::default()
    }

    fn table_below(&mut self, root: u64, name: &str, value_bytes: Option<usize>) -> Option<Table> {
        let tables = self.pairs(root, None);
        let (_, definition) = tables.iter().find(|(key, _)| key == name.as_bytes())?;
        // The kind, the number of records, whether there is a root, and the root.
        let declared = number(definition, 1)?;
        let pairs = match definition.get(9)? {
            0 => Vec::new(),
            _ => self.pairs(number(definition, 10)?, value_bytes),
        };
        Some(Table {
            declared: Some(declared),
            pairs,
        })
    }

    /// Returns the pairs in the leaves below this page.
    fn pairs(&mut self, root: u64, value_bytes: Option<usize>) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut pairs = Vec::new();
        let mut seen = BTreeSet::new();
        let mut left = vec![(root, 0)];
        while let Some((page, depth)) = left.pop() {
            // A page appears in a tree only once.
            if depth > DEPTH || !seen.insert(page) {
                continue;
            }
            let Some(bytes) = self.page(page) else {
                continue;
            };
            match bytes.first() {
                Some(&LEAF) => leaf(&bytes, value_bytes, &mut pairs),
                Some(&BRANCH) => {
                    let children = children(&bytes).into_iter().rev();
                    left.extend(children.map(|child| (child, depth + 1)));
                }
                _ => {}
            }
        }
        pairs
    }

    /// Returns the bytes of a page, if it is within the file.
    fn page(&mut self, page: u64) -> Option<Vec<u8>> {
        let field = |at| quarter(&self.head.0, at).map(u64::from);
        let (size, head) = (field(PAGE_SIZE_AT)?, field(REGION_HEAD_AT)?);
        let order = page >> 59;
        let index = page & (0xF_FFFF >> order);
        let region = page >> 20 & 0xF_FFFF;
        let region_bytes = head
            .checked_add(field(REGION_PAGES_AT)?)?
            .checked_mul(size)?;
        let bytes = size.checked_mul(1 << order)?;
        let start = size
            .checked_add(region.checked_mul(region_bytes)?)?
            .checked_add(head.checked_mul(size)?)?
            .checked_add(index.checked_mul(bytes)?)?;
        let end = start.checked_add(bytes)?;
        if end > self.length || bytes > PAGE_MAXIMUM {
            return None;
        }
        let mut out = vec![0; usize::try_from(bytes).ok()?];
        self.file.seek(SeekFrom::Start(start)).ok()?;
        self.file.read_exact(&mut out).ok()?;
        Some(out)
    }
}

/// Reads the head of a file.
pub(super) fn head(file: &mut File) -> io::Result<Head> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(HEAD as u64).read_to_end(&mut bytes)?;
    Ok(Head::new(bytes))
}

/// Reads the records of a leaf: their number, where each key and each value ends, the keys, and the values.
fn leaf(bytes: &[u8], value_bytes: Option<usize>, pairs: &mut Vec<(Vec<u8>, Vec<u8>)>) {
    let Some(count) = half(bytes, 2) else {
        return;
    };
    let ends = |from: usize| {
        let end = move |n: usize| Some(quarter(bytes, from + 4 * n)? as usize);
        move |n: usize| end(n)
    };
    let key_end = ends(4);
    let value_end = |n: usize| match value_bytes {
        None => ends(4 + 4 * count)(n),
        Some(width) => key_end(count - 1)?.checked_add(width * (n + 1)),
    };
    let keys_at = 4 + 4 * count * if value_bytes.is_none() { 2 } else { 1 };
    for n in 0..count {
        let pair = || {
            let key_start = n.checked_sub(1).map_or(Some(keys_at), key_end)?;
            let value_start = n
                .checked_sub(1)
                .map_or_else(|| key_end(count - 1), value_end)?;
            let key = bytes.get(key_start..key_end(n)?)?;
            let value = bytes.get(value_start..value_end(n)?)?;
            Some((key.to_vec(), value.to_vec()))
        };
        pairs.extend(pair());
    }
}

/// Reads the pages below a branch: the number of keys, a checksum for each child, and the children.
fn children(bytes: &[u8]) -> Vec<u64> {
    let count = half(bytes, 2).map_or(0, |keys| keys + 1);
    let all = (0..count).map_while(|n| number(bytes, 8 + 16 * count + 8 * n));
    all.collect()
}

fn number(bytes: &[u8], at: usize) -> Option<u64> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|b| u64::from_le_bytes(*b))
}

fn quarter(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|b| u32::from_le_bytes(*b))
}

fn half(bytes: &[u8], at: usize) -> Option<usize> {
    let found = bytes.get(at..)?.first_chunk();
    found.map(|b| usize::from(u16::from_le_bytes(*b)))
}
