//! Which clauses cover which aspect: one row for each thing that can be wrong.

use mqtt_check_codec::ProtocolVersion;

use super::super::charge::Rule;
use crate::requirements::document;

/// A field of a packet, or the order of packets, that specific clauses are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aspect {
    /// Session Present 0 where a session should have been resumed.
    NotResumed,
    /// Session Present 1 after a clean start.
    PresentAfterCleanStart,
    /// Session Present 1 where there is no session.
    PresentWithoutSession,
    /// Session Present 1 in a refusal.
    PresentOnRefusal,
    /// DUP 0 on a packet that is sent again.
    DupMissing,
    /// DUP 1 on a packet that is sent for the first time.
    DupOnFirst,
    /// DUP 1 at QoS 0.
    DupAtQos0,
    QoS,
    /// A QoS higher than the message's own, or than what was granted.
    QosRaised,
    /// RETAIN 0 where it should be 1.
    RetainMissing,
    /// RETAIN 1 where it should be 0.
    RetainSet,
    Topic,
    /// The Packet Identifier of a message is already in use.
    IdInUse,
    /// A message is sent again with another Packet Identifier.
    IdChanged,
    /// The Packet Identifier of an acknowledgement of a message.
    AckId,
    /// The Packet Identifier of SUBACK or UNSUBACK.
    RequestId,
    PayloadFormat,
    MessageExpiry,
    ContentType,
    ResponseTopic,
    CorrelationData,
    UserProperties,
    SubscriptionIdentifier,
    TopicAlias,
    /// The type of the WebSocket frame.
    Frame,
    /// A packet received out of order.
    Order,
    /// The time at which a silent client is disconnected.
    KeepAlive,
    /// An Authentication Method that differs from that of the CONNECT.
    AuthMethod,
}

/// The clauses on one aspect in one version.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clauses {
    /// The clause cited if the step cites none about the aspect.
    pub(super) default: Option<Rule>,
    /// Clauses about this aspect and no other in the table.
    pub(super) own: &'static [&'static str],
    /// Clauses that are about other things too.
    pub(super) shared: &'static [&'static str],
}

struct Row {
    aspect: Aspect,
    v3: Clauses,
    v5: Clauses,
}

macro_rules! clauses {
    (-) => {
        Clauses { default: None, own: &[], shared: &[] }
    };
    ([$default:literal $($own:literal)* $(| $($shared:literal)*)?]) => {
        Clauses {
            default: Some(Rule::new($default)),
            own: &[$default, $($own),*],
            shared: &[$($($shared),*)?],
        }
    };
    // The default is a clause that is about other things too.
    ([($default:literal) $($own:literal)* $(| $($shared:literal)*)?]) => {
        Clauses {
            default: Some(Rule::new($default)),
            own: &[$($own),*],
            shared: &[$default, $($($shared),*)?],
        }
    };
}

macro_rules! rows {
    ($($aspect:ident $v3:tt $v5:tt;)*) => {
        static ROWS: &[Row] = &[$(Row {
            aspect: Aspect::$aspect,
            v3: clauses!($v3),
            v5: clauses!($v5),
        }),*];
    };
}

// Columns: the clauses of 3.1.1 and of 5. The first is the default. Those after `|` are about other things too.
rows! {
    NotResumed
        ["MQTT-3.2.2-2" | "MQTT-3.1.2-4" "MQTT-3.1.3-2" "MQTT-4.1.0-1" "RULE-4.1-1" "MQTT-3.1.4-2" "MQTT-3.1.2-5"]
        ["MQTT-3.2.2-3" | "MQTT-3.1.2-5" "MQTT-3.1.2-23" "MQTT-3.1.3-2" "MQTT-4.1.0-1" "MQTT-3.1.3-7"
            "RULE-3.1.2.11.2-1" "RULE-3.14.2.2.2-1" "RULE-4.1-1"];
    PresentAfterCleanStart
        ["MQTT-3.2.2-1" | "MQTT-3.1.2-6"]
        ["MQTT-3.2.2-2" | "MQTT-3.1.2-4"];
    PresentWithoutSession
        ["MQTT-3.2.2-3" | "MQTT-3.1.2-6" "MQTT-3.1.2-4" "MQTT-3.1.3-2"]
        ["MQTT-3.2.2-3" | "MQTT-3.1.2-6" "MQTT-3.1.2-23" "MQTT-4.1.0-2" "MQTT-3.1.3-2" "RULE-3.1.2.11.2-1"
            "RULE-3.14.2.2.2-1" "MQTT-3.2.2-16" "MQTT-3.1.2-4"];
    PresentOnRefusal ["MQTT-3.2.2-4"] ["MQTT-3.2.2-6"];
    KeepAlive [("MQTT-3.1.2-24")] [("MQTT-3.1.2-22") | "MQTT-3.2.2-22"];
    DupMissing ["MQTT-3.3.1-1"] ["MQTT-3.3.1-1"];
    DupOnFirst
        ["MQTT-3.3.1-3" | "MQTT-4.3.2-1" "MQTT-4.3.3-1"]
        ["MQTT-3.3.1-3" | "MQTT-4.3.2-2" "MQTT-4.3.3-2"];
    DupAtQos0 ["MQTT-3.3.1-2" | "MQTT-4.3.1-1" "MQTT-3.3.1-3"] ["MQTT-3.3.1-2" | "MQTT-4.3.1-1" "MQTT-3.3.1-3"];
    QoS
        ["MQTT-3.8.4-6" "MQTT-3.3.5-1" | "MQTT-3.8.4-3" "MQTT-3.8.4-4" "MQTT-3.3.1-5" "MQTT-3.1.2-8"]
        ["MQTT-3.8.4-8" "MQTT-3.3.4-2" "MQTT-4.8.2-3" | "MQTT-3.8.4-3" "MQTT-3.8.4-4" "MQTT-3.8.4-5" "MQTT-3.3.1-5"
            "MQTT-3.1.2-7" "MQTT-3.1.2-8"];
    QosRaised
        ["MQTT-3.8.4-6" "MQTT-3.3.5-1" | "MQTT-3.8.4-3" "MQTT-3.8.4-4"]
        ["MQTT-3.8.4-8" "MQTT-3.3.4-2" "MQTT-4.8.2-3" | "MQTT-3.8.4-3" "MQTT-3.8.4-4" "MQTT-3.8.4-5"];
    RetainMissing
        ["MQTT-3.3.1-8" | "MQTT-3.1.2-17"]
        ["RULE-3.3.1.3-2" "MQTT-3.3.1-13" | "MQTT-3.1.2-15" "MQTT-3.8.4-3" "MQTT-3.8.4-5"];
    RetainSet
        ["MQTT-3.3.1-9" | "MQTT-3.1.2-16"]
        ["MQTT-3.3.1-12" "MQTT-3.3.1-13" | "MQTT-3.1.2-14" "MQTT-3.8.4-3" "MQTT-3.8.4-5"];
    Topic
        ["MQTT-3.3.2-3" | "MQTT-1.5.3-3" "MQTT-4.7.3-4"]
        ["MQTT-3.3.2-3" | "MQTT-1.5.4-3" "MQTT-4.7.3-4" "MQTT-3.3.2-7"];
    IdInUse
        ["MQTT-2.3.1-4" | "MQTT-4.3.2-1" "MQTT-4.3.3-1"]
        ["MQTT-2.2.1-4" | "MQTT-4.3.2-1" "MQTT-4.3.3-1"];
    IdChanged [("MQTT-4.4.0-1") | "MQTT-2.3.1-4"] [("MQTT-4.4.0-1") | "MQTT-4.8.2-4"];
    AckId
        ["MQTT-2.3.1-6" | "MQTT-4.3.2-1" "MQTT-4.3.2-2" "MQTT-4.3.3-1" "MQTT-4.3.3-2" "MQTT-4.4.0-1" "MQTT-3.10.4-3"]
        ["MQTT-2.2.1-5" | "MQTT-4.3.2-4" "MQTT-4.3.3-4" "MQTT-4.3.3-5" "MQTT-4.3.3-8" "MQTT-4.3.3-10" "MQTT-4.3.3-11"
            "MQTT-4.4.0-1" "MQTT-4.8.2-4" "MQTT-3.10.4-3"];
    RequestId
        ["MQTT-2.3.1-7" | "MQTT-3.8.4-2" "MQTT-3.10.4-4"]
        ["MQTT-2.2.1-6" | "MQTT-3.8.4-2" "MQTT-3.10.4-5"];
    PayloadFormat - ["MQTT-3.3.2-4" | "MQTT-3.1.2-8"];
    MessageExpiry - ["MQTT-3.3.2-6" | "MQTT-3.1.2-8"];
    ContentType - ["MQTT-3.3.2-20" | "MQTT-3.1.2-8" "MQTT-1.5.4-3"];
    ResponseTopic - ["MQTT-3.3.2-15" | "MQTT-3.1.2-8"];
    CorrelationData - ["MQTT-3.3.2-16" | "MQTT-3.1.2-8"];
    UserProperties - ["MQTT-3.3.2-17" "MQTT-3.3.2-18" | "MQTT-3.1.2-8" "MQTT-3.1.3-10" "MQTT-1.5.4-3"];
    SubscriptionIdentifier - ["MQTT-3.3.4-3" "MQTT-3.3.4-4" "MQTT-3.3.4-5" | "MQTT-3.8.4-3" "MQTT-3.1.2-5"];
    TopicAlias - ["MQTT-3.1.2-26" "MQTT-3.1.2-27" "MQTT-3.3.2-11"];
    AuthMethod - [("MQTT-4.12.0-5") | "MQTT-4.12.0-6"];
    Frame [("MQTT-6.0.0-1")] [("MQTT-6.0.0-1")];
    Order ["MQTT-4.6.0-6" "MQTT-4.6.0-5"] ["MQTT-4.6.0-5" "MQTT-4.6.0-6"];
}

impl Row {
    const fn clauses(&self, version: ProtocolVersion) -> Clauses {
        match document(version) {
            ProtocolVersion::V5 => self.v5,
            _ => self.v3,
        }
    }
}

/// Returns the clauses on this aspect, if the version has any.
pub(super) fn clauses(aspect: Aspect, version: ProtocolVersion) -> Option<Clauses> {
    let row = ROWS.iter().find(|row| row.aspect == aspect)?;
    let clauses = row.clauses(version);
    clauses.default.is_some().then_some(clauses)
}

/// Returns whether a clause is about aspects only, so that it says nothing about an event without a row.
pub(super) fn is_narrow(id: &str, version: ProtocolVersion) -> bool {
    ROWS.iter()
        .any(|row| row.clauses(version).own.contains(&id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requirements;

    #[test]
    fn cites_only_what_the_catalogue_knows() {
        for version in [ProtocolVersion::V3_1_1, ProtocolVersion::V5] {
            for row in ROWS {
                let clauses = row.clauses(version);
                for id in clauses.own.iter().chain(clauses.shared) {
                    let known = requirements::find(version, id);
                    assert!(known.is_some(), "{:?}: [{version} {id}]", row.aspect);
                }
            }
        }
    }
}
