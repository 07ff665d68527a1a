//! CONNACK with forbidden values, which only a broker with faults sends.

use mqtt_check_codec::{ConnAck, Property, PropertyId};

use crate::{Fault, Faults};

/// Faults that give CONNACK a forbidden value. [5 RULE-3.2.2.3.3-1] [5 RULE-3.2.2.3.4-2] [5 RULE-3.2.2.3.5-2]
/// [5 RULE-3.2.2.3.6-2] [5 RULE-3.2.2.3.11-2] [5 RULE-3.2.2.3.12-2] [5 RULE-3.2.2.3.13-2]
const VALUES: &[(Fault, &[Property])] = &[
    (Fault::ConnackMaximumQos2, &[Property::MaximumQoS(2)]),
    (
        Fault::ConnackLimitsZero,
        &[Property::ReceiveMaximum(0), Property::MaximumPacketSize(0)],
    ),
    (
        Fault::ConnackAvailability2,
        &[
            Property::RetainAvailable(2),
            Property::WildcardSubscriptionAvailable(2),
            Property::SubscriptionIdentifierAvailable(2),
        ],
    ),
    (
        Fault::ConnackSharedAvailable2,
        &[Property::SharedSubscriptionAvailable(2)],
    ),
];

/// Faults that repeat properties which CONNACK may contain once. [5 RULE-3.2.2.3.2-1] [5 RULE-3.2.2.3.7-1]
/// [5 RULE-3.2.2.3.8-1] [5 RULE-3.2.2.3.9-1] [5 RULE-3.2.2.3.14-1] [5 RULE-3.2.2.3.15-1] [5 RULE-3.2.2.3.16-1]
/// [5 RULE-3.2.2.3.17-1] [5 RULE-3.2.2.3.18-1]
const TWICE: &[(Fault, &[PropertyId])] = &[
    (
        Fault::ConnackNumbersTwice,
        &[
            PropertyId::SESSION_EXPIRY_INTERVAL,
            PropertyId::TOPIC_ALIAS_MAXIMUM,
            PropertyId::SERVER_KEEP_ALIVE,
        ],
    ),
    (
        Fault::ConnackTextsTwice,
        &[
            PropertyId::ASSIGNED_CLIENT_IDENTIFIER,
            PropertyId::REASON_STRING,
            PropertyId::RESPONSE_INFORMATION,
        ],
    ),
    (
        Fault::ConnackServerReferenceTwice,
        &[PropertyId::SERVER_REFERENCE],
    ),
    (
        Fault::ConnackAuthenticationTwice,
        &[
            PropertyId::AUTHENTICATION_METHOD,
            PropertyId::AUTHENTICATION_DATA,
        ],
    ),
];

/// Changes the properties according to the faults in force.
pub(super) fn change(connack: &mut ConnAck, faults: &Faults) {
    let properties = &mut connack.properties.0;
    for (_, wrong) in VALUES.iter().filter(|row| faults.has(row.0)) {
        properties.retain(|p| wrong.iter().all(|w| w.id() != p.id()));
        properties.extend_from_slice(wrong);
    }
    for (_, ids) in TWICE.iter().filter(|row| faults.has(row.0)) {
        let again = properties.iter().filter(|p| ids.contains(&p.id()));
        let again: Vec<Property> = again.cloned().collect();
        properties.extend(again);
    }
}
