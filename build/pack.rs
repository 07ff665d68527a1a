//! Packs many files into one compressed archive: a line `LENGTH PATH` for each file, an empty line, and then the
//! contents. The result depends on neither the machine nor the time.

use std::collections::BTreeMap;
use std::io::{self, Write as _};

use flate2::{Compression, GzBuilder};

/// Packs these files. The keys are their paths.
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
