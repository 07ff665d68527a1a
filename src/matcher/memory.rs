//! What a play has learned so far: bound names and the last CONNACK of each client. Evaluates expressions with them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use mqtt_check_codec::{ConnAck, Packet};
use mqtt_check_scram::{ClientFinal, ClientFirst};
use thiserror::Error;

use super::field::{Received, field};
use crate::scenario::model::{ClientIndex, Expr, Literal, Operator, ScramExchange, ScramFault};

/// The largest payload that `size:` may ask for, in bytes.
const MAXIMUM_SIZE: u64 = 256 * 1024 * 1024;

/// Bound names and CONNACKs. Every wait keeps a copy, so copies share their content until one of them changes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Memory(Arc<Known>);

#[derive(Debug, Clone, Default, PartialEq)]
struct Known {
    names: BTreeMap<String, Literal>,
    connacks: BTreeMap<ClientIndex, ConnAck>,
}

/// Why an expression has no value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EvalError {
    #[error("`${0}` has no value yet")]
    Unbound(String),
    #[error("there is no CONNACK yet for `{0}`")]
    NoConnack(String),
    #[error("`{0}` is not in CONNACK and has no default")]
    NoProperty(String),
    #[error("a number is required here")]
    NotANumber,
    #[error("text is required here")]
    NotAText,
    #[error("the result is out of range")]
    OutOfRange,
    #[error("cannot answer the challenge: {0}")]
    Scram(#[from] mqtt_check_scram::Error),
}

impl Memory {
    /// Gives a name its value.
    pub fn bind(&mut self, name: &str, value: Literal) {
        self.known().names.insert(name.to_owned(), value);
    }

    /// Returns the names that have a value.
    pub fn names(&self) -> BTreeSet<String> {
        self.0.names.keys().cloned().collect()
    }

    /// Forgets every name except these.
    pub fn keep(&mut self, names: &BTreeSet<String>) {
        if !self.0.names.keys().all(|name| names.contains(name)) {
            self.known().names.retain(|name, _| names.contains(name));
        }
    }

    /// Returns the value of a name.
    pub fn value(&self, name: &str) -> Option<&Literal> {
        self.0.names.get(name)
    }

    /// Remembers a CONNACK that a step has taken. Ignores other packets.
    pub fn remember(&mut self, client: ClientIndex, packet: &Packet) {
        if let Packet::ConnAck(connack) = packet {
            self.known().connacks.insert(client, connack.clone());
        }
    }

    /// Returns the content of this copy alone.
    fn known(&mut self) -> &mut Known {
        Arc::make_mut(&mut self.0)
    }

    /// Returns the value of an expression for this client.
    ///
    /// # Errors
    /// If it needs a value that the play has not produced yet, or has no valid result.
    pub fn evaluate(&self, expr: &Expr, client: ClientIndex) -> Result<Literal, EvalError> {
        match expr {
            Expr::Literal(literal) => Ok(literal.clone()),
            Expr::Name(name) => self
                .value(name)
                .cloned()
                .ok_or_else(|| EvalError::Unbound(name.clone())),
            Expr::Connack {
                client: of,
                property,
            } => self.connack_field(of.unwrap_or(client), property),
            Expr::Arithmetic {
                left,
                operator,
                right,
            } => {
                let left = self.number(left, client)?;
                let right = self.number(right, client)?;
                let result = match operator {
                    Operator::Plus => left.checked_add(right),
                    Operator::Minus => left.checked_sub(right),
                    Operator::Times => left.checked_mul(right),
                };
                result.map(Literal::Number).ok_or(EvalError::OutOfRange)
            }
            Expr::Joined(parts) => {
                let mut joined = BytesMut::new();
                for part in parts {
                    joined.extend_from_slice(&self.bytes(part, client)?);
                }
                Ok(Literal::Bytes(joined.freeze()))
            }
            Expr::Size(size) => {
                let size = self.number(size, client)?;
                if size > MAXIMUM_SIZE {
                    return Err(EvalError::OutOfRange);
                }
                let size = usize::try_from(size).map_err(|_| EvalError::OutOfRange)?;
                Ok(Literal::Bytes(Bytes::from(vec![b'x'; size])))
            }
            Expr::ScramFinal(exchange) => {
                let last = self.scram_final(exchange)?;
                let message = match exchange.wrong {
                    Some(ScramFault::Proof) => last.with_wrong_proof(),
                    _ => last.message(),
                };
                Ok(Literal::Bytes(Bytes::from(message)))
            }
            Expr::Repeated { text, times } => {
                let times = self.number(times, client)?;
                let size = times.checked_mul(text.len() as u64);
                if size.is_none_or(|size| size > MAXIMUM_SIZE) {
                    return Err(EvalError::OutOfRange);
                }
                // An empty text may be repeated any number of times.
                let times = if text.is_empty() { 0 } else { times };
                let times = usize::try_from(times).map_err(|_| EvalError::OutOfRange)?;
                Ok(Literal::Bytes(Bytes::from(text.repeat(times))))
            }
        }
    }

    /// Returns the value of an expression as a number.
    ///
    /// # Errors
    /// If it has no value, or one that is not a number.
    pub fn number(&self, expr: &Expr, client: ClientIndex) -> Result<u64, EvalError> {
        match self.evaluate(expr, client)? {
            Literal::Number(n) => Ok(n),
            Literal::Bool(flag) => Ok(u64::from(flag)),
            Literal::Reason(code) => Ok(u64::from(code.0)),
            Literal::Numbers(list) if list.len() == 1 => Ok(list[0]),
            Literal::Bytes(text) => std::str::from_utf8(&text)
                .ok()
                .and_then(|t| t.parse().ok())
                .ok_or(EvalError::NotANumber),
            _ => Err(EvalError::NotANumber),
        }
    }

    /// Returns the value of an expression as a string or payload.
    ///
    /// # Errors
    /// If it has no value, or one that cannot be written as text.
    pub fn bytes(&self, expr: &Expr, client: ClientIndex) -> Result<Bytes, EvalError> {
        Ok(match self.evaluate(expr, client)? {
            Literal::Bytes(bytes) => bytes,
            Literal::Number(n) => Bytes::from(n.to_string()),
            Literal::Bool(flag) => Bytes::from(flag.to_string()),
            _ => return Err(EvalError::NotAText),
        })
    }

    /// Returns the client's answer to the challenge of this exchange.
    pub(super) fn scram_final(&self, exchange: &ScramExchange) -> Result<ClientFinal, EvalError> {
        let Some(Literal::Bytes(challenge)) = self.value(&exchange.challenge) else {
            return Err(EvalError::Unbound(exchange.challenge.clone()));
        };
        let other_nonce = (exchange.wrong == Some(ScramFault::Nonce)).then_some("another");
        let first = ClientFirst::sent(&exchange.first)?;
        Ok(first.answer_with(challenge, &exchange.password, other_nonce)?)
    }

    /// Returns a field of the client's last CONNACK, or the standard's default for it.
    fn connack_field(&self, client: ClientIndex, name: &str) -> Result<Literal, EvalError> {
        let connack = self
            .0
            .connacks
            .get(&client)
            .ok_or_else(|| EvalError::NoConnack(name.to_owned()))?;
        let packet = Packet::ConnAck(connack.clone());
        let received = Received {
            packet: &packet,
            version: mqtt_check_codec::ProtocolVersion::V5,
            size: 0,
            topic: None,
            carried_in: None,
        };
        field(&received, name)
            .or_else(|| default(name).map(Literal::Number))
            .ok_or_else(|| EvalError::NoProperty(name.to_owned()))
    }
}

/// Returns the meaning of a property that is absent from CONNACK. [5 3.2.2.3]
fn default(name: &str) -> Option<u64> {
    Some(match name {
        "receive_maximum" => 65_535,
        "maximum_qos" => 2,
        "maximum_packet_size" => 268_435_460,
        "topic_alias_maximum" => 0,
        "retain_available"
        | "wildcard_subscription_available"
        | "subscription_identifier_available"
        | "shared_subscription_available" => 1,
        _ => return None,
    })
}
