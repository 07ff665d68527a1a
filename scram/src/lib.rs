//! SCRAM-SHA-256 (RFC 5802 and 7677) without channel binding, from either end.
//!
//! Messages go in and come out. There is no I/O and no randomness: the caller provides the nonce, so that the same
//! nonce gives exactly the same exchange. Hash, HMAC, PBKDF2 and SASLprep are libraries. The four messages are read and
//! written here, because no library accepts a nonce and survives whatever a network sends.

#![warn(missing_docs)]

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

/// The minimum number of iterations that a server should require.
pub const ITERATIONS: u32 = 4096;

/// The maximum number of iterations that a client accepts. A hostile server could require so many that the client
/// computes for hours.
pub const ITERATIONS_MAXIMUM: u32 = 1_000_000;

/// Why an exchange failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    /// A message breaks the grammar of RFC 5802.
    #[error("{message} is not well formed: {problem}")]
    Malformed {
        /// Which message, such as `the client's first message`.
        message: &'static str,
        /// What is wrong, as a lowercase fragment.
        problem: &'static str,
    },
    /// A mandatory extension (`m=`). RFC 5802 requires an implementation to refuse one that it does not know.
    #[error("{message} requires an unknown extension")]
    UnknownExtension {
        /// Which message has it, such as `the client's first message`.
        message: &'static str,
    },
    /// The client requires channel binding, as in SCRAM-SHA-256-PLUS.
    #[error("channel binding is requested, but not supported")]
    ChannelBinding,
    /// The client wants to act as another user than the one it authenticates as.
    #[error("the client asks for another authorization identity")]
    AuthorizationIdentity,
    /// The nonce is not that of this exchange, or the server has added nothing to the client's.
    #[error("the nonce belongs to another exchange")]
    Nonce,
    /// The server's number is 0 or above [`ITERATIONS_MAXIMUM`].
    #[error("the server asks for {0} iterations")]
    Iterations(u32),
    /// Detected by the server: the client does not know the password.
    #[error("the proof is wrong")]
    Proof,
    /// Detected by the client: the server does not know the password.
    #[error("the server's signature is wrong")]
    Signature,
    /// The server ended the exchange with this error, such as `invalid-proof`.
    #[error("the server reports `{0}`")]
    Refused(String),
}

/// Makes a nonce of 24 characters from `seed`. It is as unpredictable as the seed.
pub fn nonce(seed: &[u8]) -> String {
    let digest = Sha256::digest(seed);
    STANDARD_NO_PAD.encode(&digest[..18])
}
