//! SCRAM-SHA-256 (RFC 5802 and 7677) without channel binding, from either end.
//!
//! Messages go in and come out; nothing here does I/O or knows chance: whoever calls brings the nonce, so that the same
//! nonce gives the same exchange to the byte. Hash, HMAC, PBKDF2 and SASLprep are libraries; the four messages are
//! read and written here, since no library takes a nonce and bears whatever a network sends.

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

/// What a server should ask for at least.
pub const ITERATIONS: u32 = 4096;

/// The most iterations that a client accepts: a hostile server could ask for so many that the client computes for hours.
pub const ITERATIONS_MAXIMUM: u32 = 1_000_000;

/// Why an exchange came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    /// A message breaks the grammar of RFC 5802.
    #[error("{message} is not well formed: {problem}")]
    Malformed {
        /// Which one, such as `the client's first message`.
        message: &'static str,
        /// What is wrong, as a lowercase fragment.
        problem: &'static str,
    },
    /// A mandatory extension (`m=`), which RFC 5802 has an implementation refuse that does not know it.
    #[error("{message} requires an unknown extension")]
    UnknownExtension {
        /// Which message has it, such as `the client's first message`.
        message: &'static str,
    },
    /// The client insists on channel binding, as SCRAM-SHA-256-PLUS has it.
    #[error("channel binding is requested, but not supported")]
    ChannelBinding,
    /// The client wants to act as another user than the one it authenticates as.
    #[error("the client asks for another authorization identity")]
    AuthorizationIdentity,
    /// The nonce is not the one of this exchange, or the server has not added to the client's.
    #[error("the nonce belongs to another exchange")]
    Nonce,
    /// The server's number is 0 or above [`ITERATIONS_MAXIMUM`].
    #[error("the server asks for {0} iterations")]
    Iterations(u32),
    /// Seen by the server: the client does not know the password.
    #[error("the proof is wrong")]
    Proof,
    /// Seen by the client: the server does not know the password.
    #[error("the server's signature is wrong")]
    Signature,
    /// The server ended the exchange with this error, such as `invalid-proof`.
    #[error("the server reports `{0}`")]
    Refused(String),
}

/// A nonce of 24 characters, made from `seed`. It is as unpredictable as the seed.
pub fn nonce(seed: &[u8]) -> String {
    let digest = Sha256::digest(seed);
    STANDARD_NO_PAD.encode(&digest[..18])
}
