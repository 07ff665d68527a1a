//! Many files as one archive: a line `LENGTH PATH` for each file, an empty line, and the files one after the other, all
//! of it compressed. Nothing in it depends on the machine or the time.

use std::collections::BTreeMap;
use std::io::{self, Write as _};

use flate2::{Compression, GzBuilder};

/// The archive of these files, by their paths.
pub(crate) fn pack(files: &BTreeMap<String, Vec<u8>>) -> io::Result<Vec<u8>> {
    let mut archive = GzBuilder::new().write(Vec::new(), Compression::best());
    for (path, bytes) in files {
        writeln!(archive, "{} {path}", bytes.len())?;
    }
    writeln!(archive)?;
    for bytes in files.values() {
        archive.write_all(bytes)?;
    }
    archive.finish()
}
