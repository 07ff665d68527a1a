//! Reads the public key of a certificate.
//!
//! The library that verifies certificates reads only version 3 and refuses what it does not know. If any certificate is
//! accepted, only the key counts: the server must prove that it has the private half.

use tokio_rustls::rustls::crypto::WebPkiSupportedAlgorithms;
use tokio_rustls::rustls::{CertificateError, Error, SignatureScheme};

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;
/// The tag of the version field, which certificates of version 1 omit.
const VERSION: u8 = 0xA0;

/// A public key: its algorithm and its bits.
#[derive(Debug, PartialEq, Eq)]
struct PublicKey<'a> {
    algorithm: &'a [u8],
    bits: &'a [u8],
}

/// Checks that the server has the private key of its certificate.
///
/// # Errors
/// Fails if the certificate has no readable key, or if the signature was not made with the private half.
pub(super) fn verify(
    certificate: &[u8],
    message: &[u8],
    scheme: SignatureScheme,
    signature: &[u8],
    known: &WebPkiSupportedAlgorithms,
) -> Result<(), Error> {
    let key =
        public_key(certificate).ok_or(Error::InvalidCertificate(CertificateError::BadEncoding))?;
    let mut algorithms = known.mapping.iter().filter(|(of, _)| *of == scheme);
    let is_signed = algorithms
        .by_ref()
        .flat_map(|(_, all)| all.iter())
        .filter(|algorithm| algorithm.public_key_alg_id().as_ref() == key.algorithm)
        .any(|algorithm| {
            algorithm
                .verify_signature(key.bits, message, signature)
                .is_ok()
        });
    match is_signed {
        true => Ok(()),
        false => Err(Error::InvalidCertificate(CertificateError::BadSignature)),
    }
}

/// Returns the key of a certificate, or `None` if there is none. By RFC 5280, 4.1, a certificate is a sequence, and its
/// first part is a sequence that has the key after five other fields and an optional version.
fn public_key(certificate: &[u8]) -> Option<PublicKey<'_>> {
    let (whole, _) = part(certificate, SEQUENCE)?;
    let (mut rest, _) = part(whole, SEQUENCE)?;
    if rest.first() == Some(&VERSION) {
        (_, rest) = part(rest, VERSION)?;
    }
    (_, rest) = part(rest, INTEGER)?;
    // Skip the algorithm, the issuer, the validity and the subject.
    for _ in 0..4 {
        (_, rest) = part(rest, SEQUENCE)?;
    }
    let (info, _) = part(rest, SEQUENCE)?;
    let (algorithm, after) = part(info, SEQUENCE)?;
    let (bits, _) = part(after, BIT_STRING)?;
    match bits {
        [0, bits @ ..] => Some(PublicKey { algorithm, bits }),
        _ => None,
    }
}

/// Returns the content of the part at the beginning, and the bytes after it. Returns `None` if the part has another tag
/// or is incomplete.
fn part(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first()?;
    if *first != tag {
        return None;
    }
    let (length, rest) = match *length {
        short @ 0..=0x7F => (usize::from(short), rest),
        // One to four bytes of length.
        long @ 0x81..=0x84 => {
            let (length, rest) = rest.split_at_checked(usize::from(long & 0x7F))?;
            let number = length.iter().fold(0, |n, byte| n << 8 | usize::from(*byte));
            (number, rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_key_at_any_version_and_tolerates_cut_data() {
        let key = rcgen::KeyPair::generate().expect("a key");
        let params = rcgen::CertificateParams::new(vec!["a".to_owned()]).expect("a name");
        let certificate = params.self_signed(&key).expect("signed");
        let bytes = certificate.der();
        let found = public_key(bytes).expect("a key");
        assert_eq!(found.bits, key.public_key_raw());
        for end in 0..bytes.len() {
            assert_eq!(public_key(&bytes[..end]), None, "{end}");
        }
        for bytes in [
            &[][..],
            &[0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF],
            &[0x30, 0x80, 0, 0],
        ] {
            assert_eq!(public_key(bytes), None);
        }
    }
}
