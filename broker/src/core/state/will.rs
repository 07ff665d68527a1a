//! Will Messages: kept with the session, and published if the connection ends without a normal DISCONNECT, after their
//! delay or at the end of the session, whichever is first.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;
use mqtt_check_codec::{self as codec, Property};

use super::account::Charge;
use super::message::{Message, forwarded};
use super::weight;
use crate::core::input::Time;

/// A stored Will. [3.1.1 MQTT-3.1.2-8] [5 MQTT-3.1.2-7]
#[derive(Debug, Clone)]
pub(crate) struct Will {
    /// Shared with the notes about what the store has, which thus recognize an unchanged Will.
    pub(crate) message: Arc<codec::Will>,
    /// Will Delay Interval; zero before version 5.
    pub(crate) delay: Duration,
    /// Its share of the memory for all clients.
    pub(crate) charge: Charge,
}

/// Identifies a Will.
#[derive(Debug)]
pub(crate) struct Identity(Duration, Arc<codec::Will>);

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 && Arc::ptr_eq(&self.1, &other.1)
    }
}

impl Will {
    pub(crate) fn new(will: codec::Will) -> Self {
        let delay_s = will.properties.will_delay_interval_s().unwrap_or(0);
        Self::with_delay(will, Duration::from_secs(u64::from(delay_s)))
    }

    /// Returns a Will with this delay.
    pub(crate) fn with_delay(will: codec::Will, delay: Duration) -> Self {
        Self {
            charge: Charge::of(weight::of_will(&will)),
            delay,
            message: Arc::new(owned(will)),
        }
    }

    /// Returns an identity that two Wills share only if one is a copy of the other. The cost does not depend on the
    /// size of the Will.
    pub(crate) fn identity(&self) -> Identity {
        Identity(self.delay, Arc::clone(&self.message))
    }

    /// Returns whether the Will waits after the connection has ended.
    pub(crate) fn is_delayed(&self) -> bool {
        !self.delay.is_zero()
    }

    /// Returns the message to publish. Its expiry is counted from `now`.
    pub(crate) fn into_message(self, client: ByteString, now: Time) -> Message {
        let will = Arc::unwrap_or_clone(self.message);
        let properties = forwarded(will.properties);
        Message {
            weight: weight::of_message(&will.topic, &will.payload, &properties),
            expiry_s: properties.message_expiry_interval_s(),
            properties,
            topic: will.topic,
            payload: will.payload,
            qos: will.qos,
            retain: will.retain,
            dup: false,
            alias: None,
            packet_id: None,
            will: true,
            received_at: now,
            publisher: client,
        }
    }
}

/// Copies the Will, so that it does not keep the buffer of the client's packet alive.
fn owned(will: codec::Will) -> codec::Will {
    let text = |text: &ByteString| ByteString::from(&**text);
    let bytes = Bytes::copy_from_slice;
    let property = |property: &Property| match property {
        Property::ContentType(value) => Property::ContentType(text(value)),
        Property::ResponseTopic(value) => Property::ResponseTopic(text(value)),
        Property::CorrelationData(value) => Property::CorrelationData(bytes(value)),
        Property::UserProperty(name, value) => Property::UserProperty(text(name), text(value)),
        number => number.clone(),
    };
    codec::Will {
        topic: text(&will.topic),
        payload: bytes(&will.payload),
        properties: will.properties.iter().map(property).collect(),
        ..will
    }
}
