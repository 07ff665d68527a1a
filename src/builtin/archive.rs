//! Reads the archive of the suite that the build script made.

use std::collections::BTreeMap;
use std::io::{self, Read as _};

use flate2::read::GzDecoder;

/// Returns the files of an archive by their paths. `build/pack.rs` describes the format.
///
/// # Errors
/// Fails if the bytes are not such an archive.
pub(super) fn unpack(archive: &[u8]) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let wrong = || io::Error::from(io::ErrorKind::InvalidData);
    let mut bytes = Vec::new();
    GzDecoder::new(archive).read_to_end(&mut bytes)?;
    let end = bytes.windows(2).position(|two| two == b"\n\n");
    let (index, mut rest) = bytes.split_at(end.ok_or_else(wrong)? + 2);
    let mut files = BTreeMap::new();
    for line in std::str::from_utf8(index).map_err(|_| wrong())?.lines() {
        let Some((length, path)) = line.split_once(' ') else {
            continue;
        };
        let length = length.parse().map_err(|_| wrong())?;
        let (file, after) = rest.split_at_checked(length).ok_or_else(wrong)?;
        files.insert(path.to_owned(), file.to_vec());
        rest = after;
    }
    match rest {
        [] => Ok(files),
        _ => Err(wrong()),
    }
}
