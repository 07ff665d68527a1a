//! Reads certificates and keys from PEM files.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use thiserror::Error;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The largest file that is read, in bytes. Files with certificates are far smaller.
const LIMIT: u64 = 16 * 1024 * 1024;

/// Why a file contains no usable certificate or key. No message shows the content of the file.
#[derive(Debug, Error)]
pub enum PemError {
    #[error("failed to read {}: {error}", path.display())]
    Unreadable { path: PathBuf, error: io::Error },
    #[error("{} is damaged: its PEM is not valid", path.display())]
    Damaged { path: PathBuf },
    #[error("{} has no certificate: it must be PEM with a BEGIN CERTIFICATE line", path.display())]
    NoCertificate { path: PathBuf },
    #[error("{} has no private key: it must be PEM with a BEGIN PRIVATE KEY line", path.display())]
    NoKey { path: PathBuf },
    #[error(
        "the key in {} is encrypted; remove the passphrase with `openssl pkey -in FILE -out NEW`",
        path.display()
    )]
    EncryptedKey { path: PathBuf },
}

/// Returns every certificate in this file, in order. There is at least one.
///
/// # Errors
/// Fails if there is none, or if the file cannot be read.
pub fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, PemError> {
    let bytes = read(path)?;
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&bytes)
        .collect::<Result<_, _>>()
        .map_err(|_| PemError::Damaged { path: path.into() })?;
    if certificates.is_empty() {
        return Err(PemError::NoCertificate { path: path.into() });
    }
    Ok(certificates)
}

/// Returns the first private key in this file.
///
/// # Errors
/// Fails if there is none, or if the file cannot be read.
pub fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, PemError> {
    let bytes = read(path)?;
    match PrivateKeyDer::pem_slice_iter(&bytes).next() {
        Some(Ok(key)) => Ok(key),
        Some(Err(_)) => Err(PemError::Damaged { path: path.into() }),
        None if contains(&bytes, b"ENCRYPTED") => Err(PemError::EncryptedKey { path: path.into() }),
        None => Err(PemError::NoKey { path: path.into() }),
    }
}

/// Reads a file, which may be a pipe of the shell, up to the limit.
fn read(path: &Path) -> Result<Vec<u8>, PemError> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LIMIT).read_to_end(&mut bytes));
    let read = read.and_then(|count| match (count as u64) < LIMIT {
        true => Ok(()),
        false => Err(io::Error::other("the file is too large")),
    });
    read.map_err(|error| PemError::Unreadable {
        path: path.into(),
        error,
    })?;
    Ok(bytes)
}

fn contains(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}
