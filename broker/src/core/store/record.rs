//! Sessions and messages as bytes for a store. Numbers are big-endian, so that keys sort in numeric order.

use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use bytestring::ByteString;
use mqtt_check_codec::{
    self as codec, Frame, Packet, Property, ProtocolVersion, Publish, QoS, RetainHandling,
    SubscriptionOptions,
};

use crate::core::input::Time;
use crate::core::state::expiry::Expiry;
use crate::core::state::inflight::Stage;
use crate::core::state::message::{Delivery, Message};
use crate::core::state::session::Session;
use crate::core::state::subscription::Granted;
use crate::core::state::weight;
use crate::core::state::will::Will;

/// Bytes of a store that are not a valid record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Corrupt(pub(crate) &'static str);

/// Writes a value.
#[derive(Debug, Default)]
pub(crate) struct Sink {
    bytes: BytesMut,
    /// Whether a part of the value could not be encoded.
    unfit: bool,
}

impl Sink {
    /// Returns the value, or `None` if it could not be read again.
    pub(crate) fn into_vec(self) -> Option<Vec<u8>> {
        (!self.unfit).then(|| self.bytes.into())
    }

    pub(crate) fn u8(&mut self, value: u8) {
        self.bytes.put_u8(value);
    }

    fn flag(&mut self, value: bool) {
        self.u8(value.into());
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.bytes.put_u64(value);
    }

    fn u32(&mut self, value: u32) {
        self.bytes.put_u32(value);
    }

    fn time(&mut self, time: Duration) {
        self.u64(time.as_secs());
        self.u32(time.subsec_nanos());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.u64(bytes.len() as u64);
        self.bytes.put_slice(bytes);
    }

    fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.flag(value.is_some());
        if let Some(value) = value {
            write(self, value);
        }
    }

    /// Writes the parts of an application message that PUBLISH and Will share. Topic, RETAIN and properties are encoded
    /// as a PUBLISH.
    fn content(
        &mut self,
        topic: &ByteString,
        payload: &Bytes,
        properties: &codec::Properties,
        qos: QoS,
        retain: bool,
    ) {
        let head = Packet::Publish(Publish {
            dup: false,
            qos: QoS::AtMostOnce,
            retain,
            topic: topic.clone(),
            packet_id: None,
            properties: properties.clone(),
            payload: Bytes::new(),
        });
        self.u8(qos.as_u8());
        match head.to_frame(ProtocolVersion::V5) {
            Ok(frame) => self.bytes(frame.bytes()),
            // Messages that do not fit into a packet are refused when they are received, so a fault made this one.
            Err(_) => self.unfit = true,
        }
        self.bytes(payload);
    }

    pub(crate) fn message(&mut self, message: &Message) {
        self.content(
            &message.topic,
            &message.payload,
            &message.properties,
            message.qos,
            message.retain,
        );
        self.flag(message.dup);
        self.option(message.expiry_s, Self::u32);
        self.time(message.received_at);
        self.bytes(message.publisher.as_bytes());
    }

    pub(crate) fn delivery(&mut self, delivery: &Delivery) {
        self.message(&delivery.message);
        self.u8(delivery.qos.as_u8());
        self.flag(delivery.retain);
        self.u64(delivery.identifiers.len() as u64);
        for identifier in &delivery.identifiers {
            self.u32(*identifier);
        }
        self.option(delivery.shared.as_ref(), |sink, filter| {
            sink.bytes(filter.as_bytes());
        });
    }

    pub(crate) fn stage(&mut self, sequence: u64, stage: &Stage) {
        self.u64(sequence);
        match stage {
            Stage::Published(delivery) => {
                self.flag(true);
                self.delivery(delivery);
            }
            Stage::Released { topic } => {
                self.flag(false);
                self.bytes(topic.as_bytes());
            }
        }
    }

    pub(crate) fn granted(&mut self, granted: &Granted) {
        let options = granted.options;
        self.u8(options.qos.as_u8());
        self.flag(options.no_local);
        self.flag(options.retain_as_published);
        self.u8(options.retain_handling.as_u8());
        self.option(granted.identifier, Self::u32);
        self.flag(granted.shared);
    }

    /// Writes when a received QoS 2 message expires.
    pub(crate) fn good_until(&mut self, at: Option<Time>) {
        self.option(at, Self::time);
    }

    /// Writes a session without its subscriptions and messages.
    pub(crate) fn session(&mut self, session: &Session) {
        self.option(session.user.as_ref(), |sink, user| {
            sink.bytes(user.as_bytes());
        });
        match session.expiry {
            Expiry::AtClose => self.u8(0),
            Expiry::After(span) => {
                self.u8(1);
                self.time(span);
            }
            Expiry::Never => self.u8(2),
        }
        self.option(session.closed_at, Self::time);
        self.option(session.will.as_ref(), |sink, will| {
            sink.time(will.delay);
            let message = &will.message;
            let mut properties = message.properties.clone();
            // The delay is written above, and a PUBLISH cannot have this property.
            properties
                .0
                .retain(|property| !matches!(property, Property::WillDelayInterval(_)));
            sink.content(
                &message.topic,
                &message.payload,
                &properties,
                message.qos,
                message.retain,
            );
        });
    }
}

/// Reads a value.
#[derive(Debug)]
pub(crate) struct Reader(Bytes);

/// The parts of a message that are stored as a PUBLISH.
struct Content {
    qos: QoS,
    publish: Publish,
    payload: Bytes,
}

impl Reader {
    pub(crate) fn new(value: Vec<u8>) -> Self {
        Self(value.into())
    }

    /// Checks that the whole record has been read.
    pub(crate) fn end(self) -> Result<(), Corrupt> {
        match self.0.is_empty() {
            true => Ok(()),
            false => Err(Corrupt("a record is too long")),
        }
    }

    fn take(&mut self, count: usize) -> Result<Bytes, Corrupt> {
        if count > self.0.len() {
            return Err(Corrupt("a record is too short"));
        }
        Ok(self.0.split_to(count))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Corrupt> {
        let bytes = self.take(N)?;
        bytes[..]
            .try_into()
            .map_err(|_| Corrupt("a number is truncated"))
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Corrupt> {
        self.array().map(u8::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Corrupt> {
        self.array().map(u64::from_be_bytes)
    }

    fn u32(&mut self) -> Result<u32, Corrupt> {
        self.array().map(u32::from_be_bytes)
    }

    fn flag(&mut self) -> Result<bool, Corrupt> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Corrupt("a flag is neither 0 nor 1")),
        }
    }

    fn time(&mut self) -> Result<Duration, Corrupt> {
        let (seconds, nanoseconds) = (self.u64()?, self.u32()?);
        if nanoseconds >= 1_000_000_000 {
            return Err(Corrupt("a time has more than 999,999,999 nanoseconds"));
        }
        Ok(Duration::new(seconds, nanoseconds))
    }

    fn bytes(&mut self) -> Result<Bytes, Corrupt> {
        let count = self.u64()?;
        self.take(usize::try_from(count).unwrap_or(usize::MAX))
    }

    fn text(&mut self) -> Result<ByteString, Corrupt> {
        ByteString::try_from(self.bytes()?).map_err(|_| Corrupt("a string is not valid UTF-8"))
    }

    fn option<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Corrupt>,
    ) -> Result<Option<T>, Corrupt> {
        match self.flag()? {
            true => read(self).map(Some),
            false => Ok(None),
        }
    }

    fn qos(&mut self) -> Result<QoS, Corrupt> {
        QoS::from_u8(self.u8()?).ok_or(Corrupt("QoS is above 2"))
    }

    fn content(&mut self) -> Result<Content, Corrupt> {
        let broken = Corrupt("a message is not a valid PUBLISH");
        let qos = self.qos()?;
        let frame = Frame::from_bytes(self.bytes()?).map_err(|_| broken.clone())?;
        let payload = self.bytes()?;
        match Packet::decode(&frame, ProtocolVersion::V5) {
            Ok(Packet::Publish(publish)) => Ok(Content {
                qos,
                publish,
                payload,
            }),
            _ => Err(broken),
        }
    }

    pub(crate) fn message(&mut self) -> Result<Message, Corrupt> {
        let content = self.content()?;
        let (publish, payload) = (&content.publish, &content.payload);
        Ok(Message {
            weight: weight::of_message(&publish.topic, payload, &publish.properties),
            alias: None,
            packet_id: None,
            will: false,
            topic: content.publish.topic,
            payload: content.payload,
            qos: content.qos,
            retain: content.publish.retain,
            dup: self.flag()?,
            properties: content.publish.properties,
            expiry_s: self.option(Self::u32)?,
            received_at: self.time()?,
            publisher: self.text()?,
        })
    }

    pub(crate) fn delivery(&mut self) -> Result<Delivery, Corrupt> {
        let message = Arc::new(self.message()?);
        let (qos, retain) = (self.qos()?, self.flag()?);
        let count = self.u64()?;
        let mut identifiers = Vec::new();
        for _ in 0..count {
            identifiers.push(self.u32()?);
        }
        Ok(Delivery {
            message,
            qos,
            retain,
            identifiers,
            shared: self.option(Self::text)?,
        })
    }

    pub(crate) fn stage(&mut self) -> Result<(u64, Stage), Corrupt> {
        let sequence = self.u64()?;
        let stage = match self.flag()? {
            true => Stage::Published(self.delivery()?),
            false => Stage::Released {
                topic: self.text()?,
            },
        };
        Ok((sequence, stage))
    }

    pub(crate) fn granted(&mut self) -> Result<Granted, Corrupt> {
        let options = SubscriptionOptions {
            qos: self.qos()?,
            no_local: self.flag()?,
            retain_as_published: self.flag()?,
            retain_handling: RetainHandling::from_u8(self.u8()?)
                .ok_or(Corrupt("Retain Handling is above 2"))?,
        };
        Ok(Granted {
            options,
            identifier: self.option(Self::u32)?,
            shared: self.flag()?,
        })
    }

    pub(crate) fn good_until(&mut self) -> Result<Option<Time>, Corrupt> {
        self.option(Self::time)
    }

    pub(crate) fn session(&mut self, client: ByteString) -> Result<Session, Corrupt> {
        let mut session = Session::new(client);
        session.user = self.option(Self::text)?;
        session.expiry = match self.u8()? {
            0 => Expiry::AtClose,
            1 => Expiry::After(self.time()?),
            2 => Expiry::Never,
            _ => return Err(Corrupt("unknown kind of session expiry")),
        };
        session.closed_at = self.option(Self::time)?;
        session.will = self.option(|reader| {
            let delay = reader.time()?;
            let content = reader.content()?;
            let will = codec::Will {
                topic: content.publish.topic,
                payload: content.payload,
                qos: content.qos,
                retain: content.publish.retain,
                properties: content.publish.properties,
            };
            Ok(Box::new(Will::with_delay(will, delay)))
        })?;
        Ok(session)
    }
}
