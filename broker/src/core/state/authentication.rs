//! The exchange of enhanced authentication: challenge and response.
//!
//! The mechanism is a pure function of the client's messages, the configuration and the connection's nonce. It needs
//! nothing outside of the core.

use bytes::Bytes;
use bytestring::ByteString;
use mqtt_check_codec::{Auth, Connect, Packet, Properties, Property, ReasonCode};
use mqtt_check_scram::{Error, ServerExchange, nonce};

use crate::config::{Mechanism, verifier};
use crate::core::rules::Rules;
use crate::{Config, Fault, Liberty};

/// How a connection authenticates.
#[derive(Debug)]
pub(crate) struct Authentication {
    /// The Authentication Method of CONNECT.
    pub(crate) method: ByteString,
    mechanism: Mechanism,
    nonce: u128,
    /// How many exchanges have begun.
    begun: u32,
    pub(crate) stage: Stage,
    /// The user that the client has authenticated as.
    pub(crate) user: Option<ByteString>,
}

/// How far the current exchange has come.
#[derive(Debug)]
pub(crate) enum Stage {
    /// No exchange is in progress.
    Over,
    /// The client is to send its first message, and was asked for it.
    Asked,
    Challenged(Box<ServerExchange>),
}

/// The result of one message of the client.
pub(crate) enum Progress {
    Continue(Option<Bytes>),
    Done(Option<Bytes>),
    Failed,
}

impl Authentication {
    /// Returns the state for the method of this CONNECT, or `None` if it has no method that is offered.
    pub(crate) fn of(connect: &Connect, config: &Config, nonce: u128) -> Option<Self> {
        let method = connect.properties.authentication_method()?;
        let mut offered = config.authentication.keys();
        let mechanism = *offered.find(|mechanism| mechanism.name() == &*method)?;
        Some(Self {
            method,
            mechanism,
            nonce,
            begun: 0,
            stage: Stage::Over,
            user: None,
        })
    }

    pub(crate) fn step(&mut self, rules: &Rules, data: Option<Bytes>) -> Progress {
        match (std::mem::replace(&mut self.stage, Stage::Over), data) {
            (Stage::Challenged(exchange), data) => {
                self.finish(rules, &exchange, &data.unwrap_or_default())
            }
            (_, Some(data)) => self.challenge(rules, &data),
            (Stage::Over, None) => {
                self.stage = Stage::Asked;
                Progress::Continue(None)
            }
            (Stage::Asked, None) => Progress::Failed,
        }
    }

    fn challenge(&mut self, rules: &Rules, client_first: &[u8]) -> Progress {
        self.begun += 1;
        let exchange = match rules.chooses(Liberty::ChallengeRepeated) {
            true => 1,
            false => self.begun,
        };
        let seed = [&self.nonce.to_be_bytes()[..], &exchange.to_be_bytes()].concat();
        let look_up = |user: &str| verifier(&rules.config, self.mechanism, user);
        match ServerExchange::begin(client_first, &nonce(&seed), look_up) {
            Ok(exchange) => {
                let challenge = Bytes::copy_from_slice(exchange.server_first());
                self.stage = Stage::Challenged(Box::new(exchange));
                Progress::Continue(Some(challenge))
            }
            Err(_) => Progress::Failed,
        }
    }

    fn finish(
        &mut self,
        rules: &Rules,
        exchange: &ServerExchange,
        client_final: &[u8],
    ) -> Progress {
        let signature = match exchange.finish(client_final) {
            Ok(_) if rules.breaks(Fault::ScramSignatureWrong) => Some(Bytes::from_static(
                b"v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            )),
            Ok(server_final) => Some(Bytes::from(server_final)),
            Err(Error::Nonce) if rules.breaks(Fault::ScramNonceUnchecked) => None,
            Err(_) if rules.breaks(Fault::WrongProofAccepted) => None,
            Err(_) => return Progress::Failed,
        };
        // The connection has acted as one user so far, so that user cannot change.
        if self
            .user
            .as_ref()
            .is_some_and(|user| *user != exchange.user())
            && !rules.chooses(Liberty::ReauthenticationAsAnother)
        {
            return Progress::Failed;
        }
        self.user = Some(ByteString::from(exchange.user()));
        Progress::Done(signature)
    }

    /// Returns an AUTH with this reason code. [5 MQTT-4.12.0-5] [5 RULE-3.15.2.2.2-1]
    pub(crate) fn packet(&self, rules: &Rules, reason: ReasonCode, data: Option<Bytes>) -> Packet {
        let mut properties = Properties::new();
        let method = match rules.breaks(Fault::AuthMethodNotRepeated) {
            true => ByteString::from_static("another"),
            false => self.method.clone(),
        };
        // [5 MQTT-4.12.0-5] [5 RULE-3.15.2.2.2-1]
        if self.begun < 3 || !rules.breaks(Fault::ThirdExchangeWithoutMethod) {
            properties.push(Property::AuthenticationMethod(method));
        }
        properties.0.extend(data.map(Property::AuthenticationData));
        Packet::Auth(Auth { reason, properties })
    }

    /// Returns the AUTH that continues the exchange. [5 MQTT-4.12.0-2]
    pub(crate) fn continued(&self, rules: &Rules, data: Option<Bytes>) -> Packet {
        let reason = match rules.breaks(Fault::ChallengeWithOtherCode) {
            true => ReasonCode::SUCCESS,
            false => ReasonCode::CONTINUE_AUTHENTICATION,
        };
        self.packet(rules, reason, data)
    }

    pub(crate) fn is_method_of(&self, auth: &Auth) -> bool {
        auth.properties.authentication_method().as_ref() == Some(&self.method)
    }
}
