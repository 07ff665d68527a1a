//! Pairs of a permitted variation and a fault that behave differently together than alone, each with its reason.
//! [`MASKS`] lists variations that rightly hide a fault, because they permit every server to do what the fault does
//! wrong. [`ALSO`] lists further clauses that a fault breaks, which shows only with some variation. A row that no pair
//! needs is an error, so the lists may only shrink.

/// A variation that rightly hides a fault.
#[derive(Debug)]
pub struct Mask {
    pub liberty: &'static str,
    pub fault: &'static str,
    /// A lowercase fragment.
    pub reason: &'static str,
}

/// Further clauses that a fault breaks.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AlsoBroken {
    pub fault: &'static str,
    /// Ids of whichever version the case has.
    pub clauses: &'static [&'static str],
    /// A lowercase fragment.
    pub reason: &'static str,
}

macro_rules! masks {
    ($($liberty:literal hides $fault:literal $reason:literal;)*) => {
        /// Every pair in which a variation rightly hides a fault.
        pub static MASKS: &[Mask] = &[$(Mask {
            liberty: $liberty,
            fault: $fault,
            reason: $reason,
        }),*];
    };
}

macro_rules! also {
    ($($fault:literal breaks $clauses:tt $reason:literal;)*) => {
        /// The further clauses of every fault that breaks some.
        pub static ALSO: &[AlsoBroken] = &[$(AlsoBroken {
            fault: $fault,
            clauses: &$clauses,
            reason: $reason,
        }),*];
    };
}

masks! {
    "grants-qos-1-at-most" hides "pubrec-of-success-unanswered"
        "a QoS 1 message has no PUBREC to be answered";
    "grants-qos-1-at-most" hides "pubrec-with-reason-string-unanswered"
        "a QoS 1 message has no PUBREC to be answered";
    "grants-qos-1-at-most" hides "restart-moves-shared-begun"
        "a QoS 1 delivery may go to another member once the connection is gone";
    "grants-qos-0-alone" hides "kill-forgets-received"
        "the first copy is not kept for the offline client, so it receives only the second";
    "grants-qos-0-alone" hides "restart-forgets-received"
        "the first copy is not kept for the offline client, so it receives only the second";
    "no-session-expiry" hides "expiry-raised-from-zero"
        "no session outlives its connection, so no expiry is raised, and a server may close without a code";
    "one-in-flight" hides "unreleased-id-reused"
        "no message is sent before the open exchange is complete, and then its identifier is free";
    "one-in-flight" hides "restart-gives-ids-again"
        "no message is sent before the exchange of the previous one is complete, and then its identifier is free";
    "one-in-flight" hides "retained-packet-id-always-one"
        "no message is sent before the exchange of the previous one is complete, and then its identifier is free";
    "one-in-flight" hides "shared-packet-id-always-one"
        "no message is sent before the exchange of the previous one is complete, and then its identifier is free";
    "one-in-flight" hides "restart-sends-waiting-first"
        "no message is sent before the exchange of the previous one is complete, so none can overtake it";
    "packet-ids-from-the-top" hides "resent-by-packet-id"
        "the identifier that is free again is the highest, so the order of sending is the order of the identifiers";
    "publishes-refused" hides "aliases-outlive-connection"
        "a server that refuses all PUBLISH packets may refuse one before it checks the alias";
    "publishes-refused" hides "aliases-outlive-restart"
        "a server that refuses all PUBLISH packets may refuse one before it checks the alias";
    "publishes-refused" hides "aliases-outlive-takeover"
        "a server that refuses all PUBLISH packets may refuse one before it checks the alias";
    "publishes-refused" hides "publish-above-maximum-qos-accepted"
        "a server that refuses all PUBLISH packets may refuse one before it checks the QoS";
    "qos2-forwarded-on-release" hides "reauthentication-forgets-received"
        "a message stored twice under one identifier is forwarded once, when the identifier is released";
    "refused-filter-unspecified" hides "retain-handling-1-knows-refused"
        "a refusal without a specific code may have reasons of the server's own, which no case judges";
    "session-expiry-lengthened" hides "disconnect-expiry-ignored-after-clean-start"
        "a server that keeps sessions longer may do so whatever a client's DISCONNECT says";
    "session-expiry-lengthened" hides "error-disconnect-expiry-ignored"
        "a server that keeps sessions longer may do so whatever a client's DISCONNECT says";
    "session-expiry-lengthened" hides "resumed-disconnect-expiry-ignored"
        "a server that keeps sessions longer may do so whatever a client's DISCONNECT says";
    "session-expiry-lengthened" hides "shortened-expiry-loses-will"
        "a Will whose delay is longer than the session is published later if the session is kept longer";
    "session-expiry-lengthened" hides "will-not-retained-on-session-end"
        "a Will whose delay is longer than the session is published later if the session is kept longer";
    "subscriptions-refused" hides "clean-start-keeps-received"
        "only a subscriber sees that the message is lost";
    "subscriptions-refused" hides "client-disconnect-code-unchecked"
        "only a subscriber sees that the Will is not published";
    "subscriptions-refused" hides "disconnect-behind-publish-unread"
        "only a subscriber sees that the Will is published";
    "subscriptions-refused" hides "dollar-will-published"
        "only a subscriber sees that the Will is published";
    "subscriptions-refused" hides "completed-qos2-id-dropped"
        "only a subscriber sees that the message is lost";
    "subscriptions-refused" hides "misplaced-hash-ignored"
        "a filter that is refused anyway may be refused in a list of filters";
    "subscriptions-refused" hides "misplaced-plus-ignored"
        "a filter that is refused anyway may be refused in a list of filters";
    "subscriptions-refused" hides "node-loss-forgets-received"
        "only a subscriber sees that the message is delivered twice";
    "subscriptions-refused" hides "pubrel-releases-all"
        "only a subscriber sees that the message is delivered twice";
    "subscriptions-refused" hides "reauthentication-forgets-received"
        "only a subscriber sees that the message is delivered twice";
    "subscriptions-refused" hides "received-beyond-10-not-kept"
        "only a subscriber sees that the message is delivered twice";
    "subscriptions-refused" hides "received-beyond-16-forgotten"
        "only a subscriber sees that the message is delivered twice";
    "subscriptions-refused" hides "received-ids-cut"
        "only a subscriber sees that the message is lost";
    "subscriptions-refused" hides "received-ids-signed"
        "only a subscriber sees that the message is lost";
    "subscriptions-refused" hides "refused-qos2-id-stays-taken"
        "only a subscriber sees that the message is lost";
    "subscriptions-refused" hides "released-expiry-anew"
        "only a subscriber sees the message";
    "subscriptions-refused" hides "released-later-comes-back"
        "only a subscriber sees the message";
    "subscriptions-refused" hides "released-properties-lost"
        "only a subscriber sees the message";
    "subscriptions-refused" hides "released-retain-lost"
        "only a subscriber sees the message";
    "subscriptions-refused" hides "restart-forgets-received"
        "only a subscriber sees that the message is delivered twice";
    "subscriptions-refused" hides "share-name-empty-ignored"
        "a filter that is refused anyway may be refused in a list of filters";
    "subscriptions-refused" hides "shared-filter-broken-ignored"
        "a filter that is refused anyway may be refused in a list of filters";
    "subscriptions-refused" hides "staged-follows-alias"
        "only a subscriber sees where the message goes";
    "subscriptions-refused" hides "staged-lost-behind-qos0"
        "only a subscriber sees that the message is lost";
    "subscriptions-refused" hides "staged-needs-its-alias"
        "only a subscriber sees that the message is lost";
    "subscriptions-refused" hides "takeover-forgets-received"
        "only a subscriber sees that the message is delivered twice";
    "subscriptions-refused" hides "unsubscribe-takes-effect-late"
        "there is no subscription to remove";
    "subscriptions-refused" hides "unsubscribe-of-wildcard-ignored"
        "there is no subscription to remove";
    "subscriptions-refused" hides "unsubscribe-when-resumed-ignored"
        "there is no subscription to remove";
    "subscriptions-refused" hides "aliased-before-disconnect-lost"
        "only a subscriber sees that the message is lost";
    "subscriptions-refused" hides "kill-forgets-received"
        "only a subscriber sees that the message is delivered twice";
    "subscriptions-refused" hides "unreleased-forgotten-in-time"
        "only a subscriber sees that the message is delivered twice";
    "subscriptions-refused" hides "will-must-be-text"
        "only a subscriber sees that the Will is not published";
}

also! {
    "auth-method-unasked" breaks ["MQTT-3.1.4-5", "MQTT-3.2.2-19", "MQTT-3.2.2-20"]
        "the property makes CONNACK larger than the client's maximum";
    "connack-maximum-qos-2" breaks ["MQTT-3.1.2-24", "MQTT-3.2.2-19", "MQTT-3.2.2-20"]
        "the property makes CONNACK larger than the client's maximum";
    "connack-shared-available-2" breaks ["MQTT-3.1.2-24", "MQTT-3.2.2-19", "MQTT-3.2.2-20"]
        "the property makes CONNACK larger than the client's maximum";
    "dup-propagated" breaks ["MQTT-3.3.1-2", "MQTT-4.3.1-1", "MQTT-4.4.0-1"]
        "a message granted QoS 0 has DUP too, and an equal message with the identifier of one that was acknowledged looks like a retransmission";
    "expired-alias-used" breaks ["MQTT-3.8.4-7", "MQTT-3.8.4-8"]
        "the alias still stands for another topic, for which another QoS was granted";
    "first-publish-dup-at-qos1" breaks ["MQTT-4.4.0-1"]
        "an equal message with the identifier of one that was acknowledged looks like a retransmission";
    "frame-headers-whole" breaks ["RFC 6455, 5.5.2", "RFC 6455, 5.5.3"]
        "it closes the connection before the late pong";
    "inflight-not-resent" breaks ["MQTT-4.5.0-1"]
        "a message that is not sent again blocks later messages";
    "new-packet-id-on-resend" breaks ["MQTT-2.2.1-4", "MQTT-4.3.3-1"]
        "another message still uses the other identifier";
    "no-pubrel" breaks ["MQTT-3.1.2-4", "MQTT-3.1.2-5", "MQTT-3.1.2-6", "MQTT-3.1.2-15", "MQTT-3.1.2-17", "MQTT-3.3.1-6", "MQTT-3.3.1-9", "MQTT-3.8.4-4", "MQTT-3.8.4-5", "MQTT-4.3.3-2", "MQTT-4.3.3-10", "MQTT-4.3.3-12", "MQTT-4.5.0-1", "RULE-4.8.2-1"]
        "a message whose exchange never ends blocks later messages";
    "node-return-publishes-wills-again" breaks ["MQTT-4.3.1-1"]
        "a Will granted QoS 0 is sent twice";
    "other-version-loses-inflight" breaks ["MQTT-2.2.1-4", "MQTT-4.3.2-1", "MQTT-4.3.3-1"]
        "the identifier of a message that was not acknowledged is given to another";
    "pubrel-ends-resend" breaks ["MQTT-4.5.0-1"]
        "a message that is not sent again blocks later messages";
    "packet-id-always-one-at-qos1" breaks ["MQTT-4.3.3-4", "MQTT-4.5.0-1"]
        "a message in flight is forgotten when the next one gets its identifier";
    "packet-ids-signed" breaks ["MQTT-4.3.3-1", "MQTT-4.3.3-4"]
        "its own PUBREL has the wrong identifier too, so the right one is never sent";
    "pubrel-other-packet-id" breaks ["MQTT-3.1.2-4", "MQTT-3.1.2-6", "MQTT-3.1.2-15", "MQTT-3.1.2-17", "MQTT-3.3.1-6", "MQTT-3.3.1-9", "MQTT-3.8.4-4", "MQTT-3.8.4-5", "MQTT-4.3.3-2", "MQTT-4.3.3-10", "MQTT-4.3.3-12", "MQTT-4.5.0-1", "RULE-4.8.2-1"]
        "a message whose exchange never ends blocks later messages, and the client's answer may end the connection";
    "qos2-not-lowered-to-qos1" breaks ["MQTT-4.6.0-5", "MQTT-4.6.0-6"]
        "a message that wrongly keeps QoS 2 is overtaken by those of QoS 1";
    "qos2-refusals-shown-success" breaks ["MQTT-3.3.1-5"]
        "a message that is refused without saying so is not retained";
    "queue-delivered-again" breaks ["MQTT-4.3.2-1"]
        "a message granted QoS 1 is delivered again as a new one";
    "received-beyond-10-not-kept" breaks ["MQTT-4.3.1-1", "MQTT-4.3.2-1", "MQTT-4.3.3-11"]
        "a message granted a lower QoS is delivered again as a new one, and the release of an exchange that begins anew is out of order";
    "received-beyond-16-forgotten" breaks ["MQTT-4.3.1-1", "MQTT-4.3.2-1", "MQTT-4.3.3-11"]
        "a message granted a lower QoS is delivered again as a new one, and the release of an exchange that begins anew is out of order";
    "refused-filter-brings-retained" breaks ["MQTT-3.8.4-6", "MQTT-3.8.4-8"]
        "messages for a refused filter have the requested QoS even if no granted QoS is as high";
    "released-later-comes-back" breaks ["MQTT-4.5.0-1"]
        "a message that should not be sent, and is not acknowledged, blocks later messages";
    "releases-from-the-latest" breaks ["MQTT-4.5.0-1"]
        "a message that is forwarded when it is released is lost if the release is ignored";
    "restart-forgets-user" breaks ["MQTT-3.1.4-4", "MQTT-3.1.4-5"]
        "the returning client is refused, as if the session were another user's";
    "retained-for-any-filter" breaks ["MQTT-4.3.1-1"]
        "a retained message granted QoS 0 is sent once for each filter";
    "retained-packet-id-always-one" breaks ["MQTT-4.3.3-4"]
        "a message in flight is forgotten when the next one gets its identifier";
    "shared-wildcards-refused" breaks ["MQTT-3.10.4-5"]
        "the server ends the connection at SUBSCRIBE, where it may refuse anything, so that UNSUBSCRIBE has no answer";
    "unsubscribed-stored-offline" breaks ["MQTT-3.8.4-5", "MQTT-3.8.4-6", "MQTT-3.8.4-7", "MQTT-3.8.4-8"]
        "stored messages have the QoS that they were published with, whatever was granted";
}

/// Returns the row of this pair.
pub fn mask(liberty: &str, fault: &str) -> Option<&'static Mask> {
    MASKS
        .iter()
        .find(|mask| mask.liberty == liberty && mask.fault == fault)
}

/// Returns the rows of this fault for a clause.
pub fn also(fault: &str, clause: &str) -> impl Iterator<Item = &'static AlsoBroken> {
    ALSO.iter()
        .filter(move |also| also.fault == fault && also.clauses.contains(&clause))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use mqtt_check_codec::ProtocolVersion;

    use super::*;
    use crate::requirements::{self, standard};
    use crate::target::bundled::{faults, liberties};

    #[test]
    fn each_row_is_unique_and_names_a_known_liberty_and_fault() {
        let faults: BTreeSet<&str> = faults().iter().map(|info| info.name).collect();
        let liberties: BTreeSet<&str> = liberties().iter().map(|info| info.name).collect();
        let mut seen = BTreeSet::new();
        for mask in MASKS {
            assert!(faults.contains(mask.fault), "{mask:?}");
            assert!(liberties.contains(mask.liberty), "{mask:?}");
            assert!(!mask.reason.is_empty(), "{mask:?}");
            assert!(seen.insert((mask.liberty, mask.fault)), "{mask:?}");
        }
        for also in ALSO {
            assert!(faults.contains(also.fault), "{also:?}");
            assert!(!also.reason.is_empty(), "{also:?}");
            assert!(seen.insert(("", also.fault)), "{also:?}");
            for clause in also.clauses {
                let versions = [ProtocolVersion::V3_1_1, ProtocolVersion::V5];
                let mut known = versions
                    .into_iter()
                    .filter_map(|v| requirements::find(v, clause));
                let is_known = known.next().is_some() || standard::is_rule(clause);
                assert!(is_known, "{also:?}");
            }
        }
    }
}
