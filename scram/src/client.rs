//! The client side.

use crate::key::{Verifier, mac, prepared, salted_password, signed, xor};
use crate::message::{
    Attributes, SERVER_FINAL, SERVER_FIRST, base64, escape, is_nonce, key, text, unbase64,
};
use crate::{Error, ITERATIONS_MAXIMUM};

/// The GS2 header of a client without channel binding.
const GS2_HEADER: &str = "n,,";

/// The client's first message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientFirst {
    nonce: String,
    bare: String,
}

impl ClientFirst {
    /// Makes the message for this user and this nonce, which consists of printable characters without a comma.
    pub fn new(user: &str, nonce: &str) -> Self {
        let user = prepared(user.as_bytes()).into_owned();
        let user = escape(&String::from_utf8_lossy(&user));
        Self {
            nonce: nonce.to_owned(),
            bare: format!("n={user},r={nonce}"),
        }
    }

    /// Parses a message that was sent before.
    ///
    /// # Errors
    /// Returns an error if the message is not one that this crate makes.
    pub fn sent(message: &[u8]) -> Result<Self, Error> {
        let message = text(crate::message::CLIENT_FIRST, message)?;
        let malformed = |problem| Error::Malformed {
            message: crate::message::CLIENT_FIRST,
            problem,
        };
        let bare = message
            .strip_prefix(GS2_HEADER)
            .ok_or_else(|| malformed("it has another GS2 header"))?;
        let mut attributes = Attributes::of(crate::message::CLIENT_FIRST, bare)?;
        attributes.next('n', "it has no user name")?;
        let nonce = attributes.next('r', "it has no nonce")?;
        Ok(Self {
            nonce: nonce.to_owned(),
            bare: bare.to_owned(),
        })
    }

    /// Returns the message as it is sent.
    pub fn message(&self) -> Vec<u8> {
        format!("{GS2_HEADER}{}", self.bare).into_bytes()
    }

    /// Answers the server's first message.
    ///
    /// # Errors
    /// Returns an error if the message is malformed, reports an error, belongs to another exchange, or requires too
    /// many iterations.
    pub fn answer(&self, server_first: &[u8], password: &[u8]) -> Result<ClientFinal, Error> {
        self.answer_with(server_first, password, None)
    }

    /// Like [`ClientFirst::answer`], but with another nonce than that of the exchange, which no honest client would
    /// send.
    ///
    /// # Errors
    /// Returns the same errors as [`ClientFirst::answer`].
    pub fn answer_with(
        &self,
        server_first: &[u8],
        password: &[u8],
        other_nonce: Option<&str>,
    ) -> Result<ClientFinal, Error> {
        let server_first = text(SERVER_FIRST, server_first)?;
        let challenge = Challenge::read(server_first)?;
        let begins = challenge.nonce.strip_prefix(&*self.nonce);
        if !begins.is_some_and(is_nonce) {
            return Err(Error::Nonce);
        }
        let nonce = other_nonce.unwrap_or(challenge.nonce);
        let binding = base64(GS2_HEADER.as_bytes());
        let without_proof = format!("c={binding},r={nonce}");
        let (salt, iterations) = (&challenge.salt, challenge.iterations);
        let salted = salted_password(password, salt, iterations);
        let verifier = Verifier::new(password, salt, iterations);
        let sign = |key| signed(key, &self.bare, server_first, &without_proof);
        let proof = xor(mac(&salted, &[b"Client Key"]), &sign(&verifier.stored_key));
        Ok(ClientFinal {
            proof,
            signature: sign(&verifier.server_key),
            without_proof,
        })
    }
}

/// The client's final message, and the signature with which the server must answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientFinal {
    without_proof: String,
    proof: [u8; 32],
    signature: [u8; 32],
}

impl ClientFinal {
    /// Returns the message as it is sent.
    pub fn message(&self) -> Vec<u8> {
        self.with_proof(&self.proof)
    }

    /// Returns the message with a wrong proof.
    pub fn with_wrong_proof(&self) -> Vec<u8> {
        let mut proof = self.proof;
        proof[0] ^= 1;
        self.with_proof(&proof)
    }

    fn with_proof(&self, proof: &[u8]) -> Vec<u8> {
        format!("{},p={}", self.without_proof, base64(proof)).into_bytes()
    }

    /// Checks that the server knows the password too.
    ///
    /// # Errors
    /// Returns an error if the server does not, or if it refuses the exchange.
    pub fn verify(&self, server_final: &[u8]) -> Result<(), Error> {
        let server_final = text(SERVER_FINAL, server_final)?;
        let mut attributes = Attributes::of(SERVER_FINAL, server_final)?;
        if let Some(error) = attributes.optional('e') {
            return Err(Error::Refused(error.to_owned()));
        }
        let signature = attributes.next('v', "it has no server signature")?;
        match key(signature) {
            None => Err(attributes.malformed("its signature does not have 32 bytes")),
            Some(signature) if signature != self.signature => Err(Error::Signature),
            Some(_) => Ok(()),
        }
    }
}

/// The content of the server's first message.
struct Challenge<'a> {
    nonce: &'a str,
    salt: Vec<u8>,
    iterations: u32,
}

impl<'a> Challenge<'a> {
    fn read(server_first: &'a str) -> Result<Self, Error> {
        let mut attributes = Attributes::of(SERVER_FIRST, server_first)?;
        if let Some(error) = attributes.optional('e') {
            return Err(Error::Refused(error.to_owned()));
        }
        let nonce = attributes.next('r', "it has no nonce")?;
        let salt = attributes.next('s', "it has no salt")?;
        let salt = unbase64(salt)
            .filter(|salt| !salt.is_empty())
            .ok_or_else(|| attributes.malformed("its salt is not base64"))?;
        let iterations = attributes.next('i', "it has no iteration count")?;
        let iterations = iterations
            .parse()
            .map_err(|_| attributes.malformed("its iteration count is not a number"))?;
        if !(1..=ITERATIONS_MAXIMUM).contains(&iterations) {
            return Err(Error::Iterations(iterations));
        }
        Ok(Self {
            nonce,
            salt,
            iterations,
        })
    }
}
