//! The server side.

use crate::Error;
use crate::key::{Key, Verifier, signed, xor};
use crate::message::{
    Attributes, CLIENT_FINAL, CLIENT_FIRST, base64, is_nonce, key, text, unbase64, unescape,
};
use sha2::{Digest, Sha256};

/// An exchange that has begun: the client's first message was received, and the server's first is to be sent.
#[derive(Debug, Clone)]
pub struct ServerExchange {
    user: String,
    gs2_header: String,
    bare: String,
    nonce: String,
    server_first: String,
    stored_key: Key,
    server_key: Key,
    known: bool,
}

impl ServerExchange {
    /// Processes the client's first message. `look_up` returns what is stored about a user's password. For an unknown
    /// user it returns the salt and the iterations that the user would have, so that the answer does not reveal which
    /// users exist.
    ///
    /// # Errors
    /// Returns an error if the message is malformed, or requires something that is not supported.
    pub fn begin(
        client_first: &[u8],
        server_nonce: &str,
        look_up: impl FnOnce(&str) -> Result<Verifier, (Vec<u8>, u32)>,
    ) -> Result<Self, Error> {
        let whole = text(CLIENT_FIRST, client_first)?;
        let malformed = |problem| Error::Malformed {
            message: CLIENT_FIRST,
            problem,
        };
        let mut parts = whole.splitn(3, ',');
        let (Some(flag), Some(identity), Some(bare)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(malformed("it has no GS2 header"));
        };
        match flag {
            "n" | "y" => {}
            _ if flag.starts_with("p=") => return Err(Error::ChannelBinding),
            _ => return Err(malformed("its channel binding flag is invalid")),
        }
        let mut attributes = Attributes::of(CLIENT_FIRST, bare)?;
        let name = attributes.next('n', "it has no user name")?;
        let user =
            unescape(name).ok_or_else(|| malformed("its user name has an invalid escape"))?;
        let nonce = attributes.next('r', "it has no nonce")?;
        if !is_nonce(nonce) {
            return Err(malformed("its nonce is invalid"));
        }
        match identity.strip_prefix("a=").map(unescape) {
            None if identity.is_empty() => {}
            Some(Some(identity)) if identity == user => {}
            Some(Some(_)) => return Err(Error::AuthorizationIdentity),
            _ => return Err(malformed("its authorization identity is invalid")),
        }
        let nonce = format!("{nonce}{server_nonce}");
        let (verifier, known) = match look_up(&user) {
            Ok(verifier) => (verifier, true),
            Err((salt, iterations)) => (
                Verifier {
                    salt,
                    iterations,
                    stored_key: [0; 32],
                    server_key: [0; 32],
                },
                false,
            ),
        };
        let (salt, iterations) = (base64(&verifier.salt), verifier.iterations);
        Ok(Self {
            user,
            gs2_header: format!("{flag},{identity},"),
            bare: bare.to_owned(),
            server_first: format!("r={nonce},s={salt},i={iterations}"),
            nonce,
            stored_key: verifier.stored_key,
            server_key: verifier.server_key,
            known,
        })
    }

    /// Returns the user that the client claims to be.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Returns the server's first message.
    pub fn server_first(&self) -> &[u8] {
        self.server_first.as_bytes()
    }

    /// Processes the client's final message, and returns the server's with its signature.
    ///
    /// # Errors
    /// Returns an error if the client does not know the password, or the message is malformed.
    pub fn finish(&self, client_final: &[u8]) -> Result<Vec<u8>, Error> {
        let whole = text(CLIENT_FINAL, client_final)?;
        let malformed = |problem| Error::Malformed {
            message: CLIENT_FINAL,
            problem,
        };
        let proof_at = whole.rfind(",p=").ok_or(malformed("it has no proof"))?;
        let (without_proof, proof) = (&whole[..proof_at], &whole[proof_at + 3..]);
        let mut attributes = Attributes::of(CLIENT_FINAL, without_proof)?;
        let binding = attributes.next('c', "it has no channel binding")?;
        if unbase64(binding).as_deref() != Some(self.gs2_header.as_bytes()) {
            return Err(Error::ChannelBinding);
        }
        if attributes.next('r', "it has no nonce")? != self.nonce {
            return Err(Error::Nonce);
        }
        let proof = key(proof).ok_or(malformed("its proof does not have 32 bytes"))?;
        let sign = |key| signed(key, &self.bare, &self.server_first, without_proof);
        let client_key = xor(proof, &sign(&self.stored_key));
        if !self.known || Key::from(Sha256::digest(client_key)) != self.stored_key {
            return Err(Error::Proof);
        }
        Ok(format!("v={}", base64(&sign(&self.server_key))).into_bytes())
    }
}
