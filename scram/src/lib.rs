//! SCRAM-SHA-256 (RFC 5802 and 7677) without channel binding, from either end.
//!
//! Messages go in and come out; nothing here does I/O or knows chance: whoever calls brings the nonce, so that the same
//! nonce gives the same exchange to the byte. Hash, HMAC, PBKDF2 and SASLprep are libraries; the four messages are
//! read and written here, since no library takes a nonce and bears whatever a network sends.

mod client;
mod key;
mod message;
mod server;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sha2::{Digest, Sha256};
use thiserror::Error;

pub use client::{ClientFinal, ClientFirst};
pub use key::Verifier;
pub use server::ServerExchange;

/// The mechanism's registered name.
pub const MECHANISM: &str = "SCRAM-SHA-256";

/// What a server should ask for at least.
pub const ITERATIONS: u32 = 4096;

/// More iterations than anybody asks for; a server that does would keep its client busy for ever.
pub const ITERATIONS_MAXIMUM: u32 = 1_000_000;

/// Why an exchange came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    #[error("{message} is not well formed: {problem}")]
    Malformed {
        message: &'static str,
        problem: &'static str,
    },
    #[error("{message} requires an unknown extension")]
    UnknownExtension { message: &'static str },
    #[error("channel binding is requested, but not supported")]
    ChannelBinding,
    #[error("the client asks for another authorization identity")]
    AuthorizationIdentity,
    #[error("the nonce belongs to another exchange")]
    Nonce,
    #[error("the server asks for {0} iterations")]
    Iterations(u32),
    #[error("the proof is wrong")]
    Proof,
    #[error("the server's signature is wrong")]
    Signature,
    #[error("the server reports `{0}`")]
    Refused(String),
}

/// A nonce made of whatever the caller thinks random enough.
pub fn nonce(seed: &[u8]) -> String {
    let digest = Sha256::digest(seed);
    STANDARD_NO_PAD.encode(&digest[..18])
}
