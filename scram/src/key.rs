//! Derives the keys of both ends from a password.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

pub(crate) type Key = [u8; 32];

/// The maximum number of salted passwords in the cache.
const CACHE_MAXIMUM: usize = 256;

/// A password, its salt, and the number of iterations.
type CacheKey = (Vec<u8>, Vec<u8>, u32);

/// A cache of salted passwords, which RFC 5802 allows both ends to keep. Thousands of exchanges with the same password
/// would otherwise spend all their time deriving it.
static CACHE: Mutex<BTreeMap<CacheKey, Key>> = Mutex::new(BTreeMap::new());

/// What a server stores about a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifier {
    pub(crate) salt: Vec<u8>,
    pub(crate) iterations: u32,
    pub(crate) stored_key: Key,
    pub(crate) server_key: Key,
}

impl Verifier {
    /// Derives what is stored about this password. `iterations` counts as 1 if it is 0.
    pub fn new(password: &[u8], salt: &[u8], iterations: u32) -> Self {
        let iterations = iterations.max(1);
        let salted = salted_password(password, salt, iterations);
        Self {
            salt: salt.to_vec(),
            iterations,
            stored_key: Sha256::digest(mac(&salted, &[b"Client Key"])).into(),
            server_key: mac(&salted, &[b"Server Key"]),
        }
    }

    /// Returns the key against which a client's proof is checked.
    pub fn stored_key(&self) -> &[u8] {
        &self.stored_key
    }

    /// Returns the key with which the server signs.
    pub fn server_key(&self) -> &[u8] {
        &self.server_key
    }
}

/// Applies SASLprep to a text. Returns it unchanged if it is not UTF-8 or has forbidden characters.
pub(crate) fn prepared(text: &[u8]) -> Cow<'_, [u8]> {
    let prepared = std::str::from_utf8(text)
        .ok()
        .and_then(|text| stringprep::saslprep(text).ok());
    match prepared {
        Some(Cow::Owned(text)) => Cow::Owned(text.into_bytes()),
        _ => Cow::Borrowed(text),
    }
}

pub(crate) fn salted_password(password: &[u8], salt: &[u8], iterations: u32) -> Key {
    let cache_key = (password.to_vec(), salt.to_vec(), iterations);
    let cache = || CACHE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(key) = cache().get(&cache_key) {
        return *key;
    }
    let key = pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(&prepared(password), salt, iterations);
    let mut all = cache();
    if all.len() >= CACHE_MAXIMUM {
        all.clear();
    }
    all.insert(cache_key, key);
    key
}

/// Returns the HMAC of these parts, one after the other.
pub(crate) fn mac(key: &Key, parts: &[&[u8]]) -> Key {
    // A key shorter than a block is padded with zeros. [RFC 2104, section 2]
    let mut block = [0; 64];
    block[..32].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Signs the exchange so far, as both ends do.
pub(crate) fn signed(key: &Key, bare: &str, server_first: &str, without_proof: &str) -> Key {
    let parts = [bare, ",", server_first, ",", without_proof].map(str::as_bytes);
    mac(key, &parts)
}

pub(crate) fn xor(mut left: Key, right: &Key) -> Key {
    for (left, right) in left.iter_mut().zip(right) {
        *left ^= right;
    }
    left
}
