//! Deliberate faults, each at the one line that holds its clauses up.

use mqtt_check_codec::{Clause, ProtocolVersion};

/// Words in a row of 64 faults each.
const WORDS: usize = 4;

macro_rules! deviations {
    ($($variant:ident $name:literal [$($version:ident $id:literal),+] $summary:literal,)*) => {
        /// A named fault of the broker.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Deviation { $(#[doc = $summary] $variant,)* }

        impl Deviation {
            /// Every deviation, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// As the command line has it: `no-disconnect-on-takeover`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The clauses that it breaks: one to three.
            pub const fn clauses(self) -> &'static [Clause] {
                match self {
                    $(Self::$variant => &[$(Clause {
                        version: ProtocolVersion::$version,
                        id: $id,
                    }),+],)*
                }
            }

            /// What the broker does wrong, as a lowercase fragment.
            pub const fn summary(self) -> &'static str {
                match self { $(Self::$variant => $summary,)* }
            }
        }
    };
}

deviations! {
    // Takeover.
    NoDisconnectOnTakeover "no-disconnect-on-takeover" [V5 "MQTT-3.1.4-3"]
        "a displaced client is closed without DISCONNECT 0x8E",
    TakeoverSaysAdministrativeAction "takeover-says-administrative-action" [V5 "MQTT-3.1.4-3"]
        "a displaced client gets DISCONNECT 0x98 instead of 0x8E",
    TakeoverLeavesOldOpen "takeover-leaves-old-open" [V5 "MQTT-3.1.4-3", V3_1_1 "MQTT-3.1.4-2"]
        "a displaced client is neither told nor closed",

    // Wills.
    WillLostOn0x04 "will-lost-on-0x04" [V5 "MQTT-3.1.2-8"]
        "DISCONNECT 0x04 discards the Will",
    WillLostOnConnectionLoss "will-lost-on-connection-loss" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.2-8"]
        "a connection that breaks discards the Will",
    WillLostOnClientError "will-lost-on-client-error" [V5 "MQTT-3.1.2-8", V5 "MQTT-3.1.2-10"]
        "DISCONNECT 0x80 and above discards the Will",
    WillLostOnKeepAliveTimeout "will-lost-on-keep-alive-timeout" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.2-8"]
        "a Keep Alive timeout discards the Will",
    WillLostOnProtocolError "will-lost-on-protocol-error" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.2-8"]
        "a protocol error discards the Will",
    WillLostOnServerDisconnect "will-lost-on-server-disconnect" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.2-8"]
        "a connection that the server ends discards the Will",
    WillLostOnTakeover "will-lost-on-takeover" [V5 "MQTT-3.1.2-8", V5 "RULE-3.1.4-2", V3_1_1 "MQTT-3.1.2-8"]
        "a takeover discards the Will of the displaced client",
    WillLostOnSessionEnd "will-lost-on-session-end" [V5 "MQTT-3.1.2-8"]
        "a session that ends before its Will Delay discards the Will",
    WillPublishedOnNormalDisconnect "will-published-on-normal-disconnect" [V5 "MQTT-3.14.4-3", V5 "MQTT-3.1.2-10", V3_1_1 "MQTT-3.14.4-3"]
        "a normal DISCONNECT publishes the Will",
    WillKeptAfterPublishing "will-kept-after-publishing" [V5 "MQTT-3.1.2-10", V3_1_1 "MQTT-3.1.2-10"]
        "a published Will stays stored and is published again",
    WillDelayIgnored "will-delay-ignored" [V5 "MQTT-3.1.2-8"]
        "the Will is published at once whatever its delay",
    WillDelayNotCancelled "will-delay-not-cancelled" [V5 "MQTT-3.1.3-9"]
        "a reconnect within the Will Delay publishes the Will",
    WillNeverRetained "will-never-retained" [V5 "MQTT-3.1.2-15", V3_1_1 "MQTT-3.1.2-17"]
        "a Will with Will Retain 1 is not retained",
    WillAlwaysRetained "will-always-retained" [V5 "MQTT-3.1.2-14", V3_1_1 "MQTT-3.1.2-16"]
        "a Will with Will Retain 0 is retained",

    // Sessions.
    SessionPresentNever "session-present-never" [V5 "MQTT-3.2.2-3", V3_1_1 "MQTT-3.2.2-2"]
        "CONNACK says Session Present 0 for a session that is resumed",
    SessionPresentWhenNew "session-present-when-new" [V5 "MQTT-3.2.2-3", V3_1_1 "MQTT-3.2.2-3"]
        "CONNACK says Session Present 1 where there was no session",
    SessionPresentOnCleanStart "session-present-on-clean-start" [V5 "MQTT-3.2.2-2", V3_1_1 "MQTT-3.2.2-1"]
        "CONNACK says Session Present 1 to a clean start",
    SessionLostOnDisconnect "session-lost-on-disconnect" [V5 "MQTT-3.1.2-23", V3_1_1 "MQTT-3.1.2-4", V3_1_1 "MQTT-4.1.0-1"]
        "every session ends with its connection",
    CleanSessionOutlivesConnection "clean-session-outlives-connection" [V5 "MQTT-4.1.0-2", V3_1_1 "MQTT-3.1.2-6"]
        "a session that should end with its connection stays",
    SessionNeverExpires "session-never-expires" [V5 "MQTT-4.1.0-2"]
        "the Session Expiry Interval passes and the session stays",
    SessionExpiresEarly "session-expires-early" [V5 "MQTT-3.1.2-23"]
        "the session ends after half of its Session Expiry Interval",
    ExpiryCutSilently "expiry-cut-silently" [V5 "MQTT-3.1.2-23"]
        "a shorter Session Expiry Interval is granted and CONNACK does not say so",
    DisconnectExpiryIgnored "disconnect-expiry-ignored" [V5 "MQTT-4.1.0-2"]
        "the Session Expiry Interval of DISCONNECT has no effect",
    ExpiryRaisedFromZero "expiry-raised-from-zero" [V5 "RULE-3.14.2.2.2-1", V5 "MQTT-4.13.1-1"]
        "DISCONNECT may raise a Session Expiry Interval that was 0 on CONNECT",
    RestartLosesSessions "restart-loses-sessions" [V5 "MQTT-3.1.2-23", V3_1_1 "MQTT-4.1.0-1"]
        "a restart loses the sessions in spite of the store",

    // Offline messages.
    OfflineQos1Lost "offline-qos1-lost" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-3.1.2-5", V3_1_1 "MQTT-4.5.0-1"]
        "QoS 1 messages for an offline session are lost",
    OfflineQos2Lost "offline-qos2-lost" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-3.1.2-5", V3_1_1 "MQTT-4.5.0-1"]
        "QoS 2 messages for an offline session are lost",
    OfflineOrderReversed "offline-order-reversed" [V5 "MQTT-4.6.0-5", V3_1_1 "MQTT-4.6.0-6"]
        "messages that waited for a session arrive last first",
    OfflineMessagesDoubled "offline-messages-doubled" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "messages that waited for a session arrive twice",

    // Redelivery.
    InflightNotResent "inflight-not-resent" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "unacknowledged PUBLISH packets are not sent again on reconnect",
    PubrelNotResent "pubrel-not-resent" [V5 "MQTT-4.4.0-1", V5 "MQTT-4.3.3-5", V3_1_1 "MQTT-4.4.0-1"]
        "unacknowledged PUBREL packets are not sent again on reconnect",
    DupFlagClearOnResend "dup-flag-clear-on-resend" [V5 "MQTT-3.3.1-1", V3_1_1 "MQTT-3.3.1-1"]
        "a PUBLISH that is sent again has DUP 0",
    NewPacketIdOnResend "new-packet-id-on-resend" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1", V3_1_1 "MQTT-2.3.1-4"]
        "a PUBLISH that is sent again has a new packet id",
    Qos2DuplicateForwarded "qos2-duplicate-forwarded" [V5 "MQTT-4.3.3-10", V3_1_1 "MQTT-4.3.3-2"]
        "a repeated QoS 2 PUBLISH is forwarded again",

    // Messages.
    MessageExpiryIgnored "message-expiry-ignored" [V5 "MQTT-3.3.2-5"]
        "a message whose expiry has passed is delivered",
    RetainFlagLost "retain-flag-lost" [V5 "RULE-3.3.1.3-2", V3_1_1 "MQTT-3.3.1-8"]
        "a retained message is sent to a new subscriber with RETAIN 0",
    WildcardMatchesDollar "wildcard-matches-dollar" [V5 "MQTT-4.7.2-1", V3_1_1 "MQTT-4.7.2-1"]
        "a filter that starts with a wildcard matches topics that start with $",

    // Connections.
    KeepAliveNotEnforced "keep-alive-not-enforced" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "a client may be silent for ever",
}

impl Deviation {
    /// The deviation of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|d| d.name() == name)
    }
}

/// The faults in force.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Deviations([u64; WORDS]);

const _: () = assert!(Deviation::ALL.len() <= WORDS * 64, "more WORDS are needed");

impl Deviations {
    /// A right broker.
    pub const fn none() -> Self {
        Self([0; WORDS])
    }

    /// Whether this fault is in force.
    pub const fn has(&self, deviation: Deviation) -> bool {
        let bit = deviation as usize;
        self.0[bit / 64] & (1 << (bit % 64)) != 0
    }
}

impl FromIterator<Deviation> for Deviations {
    fn from_iter<I: IntoIterator<Item = Deviation>>(iter: I) -> Self {
        let mut deviations = Self::none();
        for deviation in iter {
            let bit = deviation as usize;
            deviations.0[bit / 64] |= 1 << (bit % 64);
        }
        deviations
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_deviation_has_its_own_name_and_one_to_three_clauses() {
        let mut names = BTreeSet::new();
        for deviation in Deviation::ALL {
            assert!(names.insert(deviation.name()), "{}", deviation.name());
            assert_eq!(Deviation::from_name(deviation.name()), Some(*deviation));
            assert!((1..=3).contains(&deviation.clauses().len()));
        }
    }

    #[test]
    fn a_set_has_what_it_was_made_of_and_nothing_else() {
        for chosen in Deviation::ALL {
            let set = Deviations::from_iter([*chosen]);
            for other in Deviation::ALL {
                assert_eq!(set.has(*other), chosen == other);
            }
        }
    }
}
