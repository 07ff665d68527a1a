//! The rules of the monitor, each with the clauses that state it in each version.

use mqtt_check_codec::ProtocolVersion;

use crate::scenario::model::Level;

/// One rule about what a server sends.
#[derive(Debug)]
pub(super) struct Check {
    /// The clauses of 3.1.1, or `None` if it has no such rule. An empty list makes it a remark: no clause forbids this,
    /// but no server has a reason to do it.
    v3: Option<&'static [&'static str]>,
    /// The clauses of 5, likewise.
    v5: Option<&'static [&'static str]>,
    pub(super) level: Level,
    /// What is right, as a lowercase fragment.
    pub(super) expected: &'static str,
}

/// A packet that breaks a rule.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) check: &'static Check,
    /// Clauses to cite instead of those of the check, if there are any.
    pub(super) by: Vec<&'static str>,
    /// Further clauses that the same fault breaks.
    pub(super) also: Vec<&'static str>,
    /// What was received, as a lowercase fragment.
    pub(super) actual: String,
}

impl Check {
    /// Returns the clauses to cite in this version, or `None` if it has no such rule.
    pub(super) fn clauses(&self, version: ProtocolVersion) -> Option<&'static [&'static str]> {
        match version {
            ProtocolVersion::V3_1 | ProtocolVersion::V3_1_1 => self.v3,
            ProtocolVersion::V5 => self.v5,
        }
    }

    /// Returns whether a connection that stays open is what breaks the rule.
    pub(super) fn wants_close(&self) -> bool {
        [&CLOSE_OWED_AFTER_REFUSAL, &CLOSE_OWED_AFTER_DISCONNECT]
            .iter()
            .any(|check| std::ptr::eq(*check, self))
    }

    pub(super) fn found(&'static self, actual: impl Into<String>) -> Found {
        self.found_with(Vec::new(), actual)
    }

    pub(super) fn found_with(
        &'static self,
        also: Vec<&'static str>,
        actual: impl Into<String>,
    ) -> Found {
        let actual = actual.into();
        Found {
            check: self,
            by: Vec::new(),
            also,
            actual,
        }
    }

    /// Cites these clauses instead of those of the check, if there are any.
    pub(super) fn found_citing(&'static self, by: Vec<&'static str>, actual: String) -> Found {
        Found {
            check: self,
            by,
            also: Vec::new(),
            actual,
        }
    }
}

macro_rules! clauses {
    (-) => {
        None
    };
    ([$($id:literal)*]) => {
        Some(&[$($id),*])
    };
}

macro_rules! checks {
    ($($(#[$doc:meta])* $name:ident $v3:tt $v5:tt $level:ident $expected:literal;)*) => {
        $(
            $(#[$doc])*
            pub(super) static $name: Check = Check {
                v3: clauses!($v3),
                v5: clauses!($v5),
                level: Level::$level,
                expected: $expected,
            };
        )*

        /// Every rule.
        pub(super) static ALL: &[&Check] = &[$(&$name),*];
    };
}

// Columns: the clauses of 3.1.1 and of 5. `-` if a version has no such rule.
checks! {
    // Bytes. The decoder usually cites a more specific clause.
    MALFORMED ["RULE-2.1-1"] ["RULE-2.1.1-1"] Must "well-formed packets";
    LENGTH ["RULE-2.1-1"] ["MQTT-1.5.5-1"] Must "a remaining length of at most four bytes";

    // Who may send what, and when.
    DIRECTION ["RULE-2.2.1-1"] ["RULE-2.1.2-1"] Must "only packets that a server sends";
    CONNACK_FIRST ["MQTT-3.2.0-1"] ["MQTT-3.2.0-1"] Must "CONNACK before any other packet";
    DISCONNECT_FIRST - ["MQTT-3.14.0-1" "MQTT-3.2.0-1"] Must "no DISCONNECT before a CONNACK that accepts";
    CONNACK_TWICE ["RULE-3.2-1"] ["MQTT-3.2.0-2"] Must "one CONNACK on a connection";
    CONNACK_TO_SECOND_CONNECT ["MQTT-3.1.0-2"] ["MQTT-3.2.0-2" "MQTT-3.1.0-2"] Must
        "a second CONNECT ends the connection";
    AFTER_REFUSAL ["MQTT-3.2.2-5"] ["MQTT-3.2.2-7" "MQTT-3.2.0-1"] Must
        "only the close after a CONNACK that refuses";
    CONNACK_AFTER_REFUSAL ["MQTT-3.2.2-5"] ["MQTT-3.2.0-2" "MQTT-3.2.2-7"] Must
        "only the close after a CONNACK that refuses";
    AFTER_DISCONNECT - ["MQTT-3.14.4-1"] Must "only the close after DISCONNECT";
    CLOSE_OWED_AFTER_REFUSAL ["MQTT-3.2.2-5"] ["MQTT-3.2.2-7"] Must
        "the connection is closed after a refusing CONNACK";
    CLOSE_OWED_AFTER_DISCONNECT - ["MQTT-3.14.4-2"] Must "the connection is closed after its DISCONNECT";
    // The standard says what a PINGRESP answers, but no clause forbids additional ones.
    PINGRESP_UNASKED [] [] Should "a PINGRESP for each PINGREQ";

    // CONNACK.
    PRESENT_ON_REFUSAL ["MQTT-3.2.2-4"] ["MQTT-3.2.2-6"] Must "Session Present 0 in a CONNACK that refuses";
    PRESENT_ON_CLEAN_START ["MQTT-3.2.2-1"] ["MQTT-3.2.2-2"] Must "Session Present 0 after a clean start";
    PRESENT_FOR_NEW_ID - ["MQTT-3.2.2-3" "MQTT-3.2.2-16"] Must
        "Session Present 0 for a new client identifier";
    EMPTY_ID_ACCEPTED ["MQTT-3.1.3-8"] - Must "CONNACK 0x02 to an empty client identifier with Clean Session 0";
    ID_NOT_ASSIGNED - ["MQTT-3.2.2-16" "MQTT-3.1.3-7"] Must
        "an Assigned Client Identifier for a client that sent none";
    // The standard describes the property for a client without an identifier, but does not forbid it for others.
    ID_ASSIGNED_UNASKED - [] Should "an Assigned Client Identifier only for a client that sent none";
    ASSIGNED_ID_IN_USE - ["MQTT-3.2.2-16"] Must "an Assigned Client Identifier that no other client has";
    RESPONSE_INFORMATION_UNASKED - ["MQTT-3.1.2-28"] Must "Response Information only for a client that requested it";
    METHOD_UNASKED - ["MQTT-4.12.0-6"] Must "no Authentication Method for a client that sent none";
    METHOD_CHANGED - ["MQTT-4.12.0-5"] Must "the Authentication Method of the CONNECT";
    AUTH_UNASKED - ["MQTT-4.12.0-6"] Must "no AUTH for a client that sent no Authentication Method";
    AUTH_NOT_CONTINUED - ["MQTT-4.12.0-2"] Must "reason 0x18 in an AUTH before the CONNACK";

    // Codes.
    CONNACK_CODE ["MQTT-3.2.2-6"] ["MQTT-3.2.2-8"] Must "a code that CONNACK may carry";
    PUBACK_CODE - ["MQTT-3.4.2-1"] Must "a code that a server's PUBACK may carry";
    PUBREC_CODE - ["MQTT-3.5.2-1"] Must "a code that a server's PUBREC may carry";
    PUBREL_CODE - ["MQTT-3.6.2-1"] Must "0x00 or 0x92 in PUBREL";
    PUBCOMP_CODE - ["MQTT-3.7.2-1"] Must "0x00 or 0x92 in PUBCOMP";
    SUBACK_CODE ["MQTT-3.9.3-2" "MQTT-3.8.4-5"] ["MQTT-3.9.3-2" "MQTT-3.8.4-7"] Must "codes that SUBACK may carry";
    UNSUBACK_CODE - ["MQTT-3.11.3-2"] Must "codes that UNSUBACK may carry";
    DISCONNECT_CODE - ["MQTT-3.14.2-1"] Must "a code that a server's DISCONNECT may carry";
    AUTH_CODE - ["MQTT-3.15.2-1"] Must "a code that a server's AUTH may carry";

    // Limits set by the CONNECT.
    TOO_LARGE - ["MQTT-3.1.2-24"] Must "packets within the client's Maximum Packet Size";
    DIAGNOSTICS_UNWANTED - ["MQTT-3.1.2-29"] Must
        "no Reason String or User Property for a client that declined problem information";
    EXPIRY_IN_DISCONNECT - ["MQTT-3.14.2-2"] Must "no Session Expiry Interval in a server's DISCONNECT";
    RECEIVE_MAXIMUM - ["MQTT-3.3.4-9" "MQTT-4.9.0-2"] Must
        "no more unacknowledged PUBLISH packets than the client's Receive Maximum";

    // Topic aliases.
    ALIAS_NOT_ALLOWED - ["MQTT-3.1.2-27"] Must "no Topic Alias for a client that allows none";
    ALIAS_ABOVE_MAXIMUM - ["MQTT-3.1.2-26" "MQTT-3.3.2-11"] Must
        "a Topic Alias within the client's Topic Alias Maximum";
    ALIAS_UNKNOWN - ["RULE-3.3.4-2"] Must "a topic, or an alias that has one on this connection";
    ALIAS_OF_FORMER - ["MQTT-3.3.2-7" "RULE-3.3.4-2"] Must "a topic, or an alias that has one on this connection";

    // Answers to the client.
    SUBACK_ID ["MQTT-2.3.1-7" "MQTT-3.8.4-2"] ["MQTT-2.2.1-6" "MQTT-3.8.4-2"] Must
        "the packet identifier of a SUBSCRIBE";
    SUBACK_TWICE ["MQTT-3.8.4-4"] ["MQTT-3.8.4-5"] Must "one SUBACK for a SUBSCRIBE of several filters";
    SUBACK_COUNT ["MQTT-3.8.4-5" "MQTT-3.9.3-1"] ["MQTT-3.8.4-6" "MQTT-3.9.3-1"] Must
        "a code for each filter of the SUBSCRIBE";
    SUBACK_GRANT ["MQTT-3.8.4-5"] ["MQTT-3.8.4-7"] Must "no QoS above the requested one";
    UNSUBACK_ID ["MQTT-2.3.1-7" "MQTT-3.10.4-4"] ["MQTT-2.2.1-6" "MQTT-3.10.4-5"] Must
        "the packet identifier of an UNSUBSCRIBE";
    UNSUBACK_TWICE ["MQTT-3.10.4-6"] ["MQTT-3.10.4-6"] Must "one UNSUBACK for an UNSUBSCRIBE of several filters";
    UNSUBACK_COUNT - ["MQTT-3.11.3-1"] Must "a code for each filter of the UNSUBSCRIBE";
    PUBACK_ID ["MQTT-2.3.1-6" "MQTT-4.3.2-2"] ["MQTT-2.2.1-5" "MQTT-4.3.2-4"] Must
        "the packet identifier of a PUBLISH of QoS 1";
    PUBREC_ID ["MQTT-2.3.1-6" "MQTT-4.3.3-2"] ["MQTT-2.2.1-5" "MQTT-4.3.3-8"] Must
        "the packet identifier of a PUBLISH of QoS 2";
    PUBCOMP_ID ["MQTT-4.3.3-2"] ["MQTT-2.2.1-5" "MQTT-4.3.3-11"] Must "the packet identifier of a PUBREL";
    PUBACK_OWED ["MQTT-4.3.2-2"] ["MQTT-4.3.2-4"] Must "a PUBACK for each PUBLISH of QoS 1";
    PUBREC_OWED ["MQTT-4.3.3-2"] ["MQTT-4.3.3-8"] Must "a PUBREC for each PUBLISH of QoS 2";
    PUBREL_OWED ["MQTT-4.3.3-1"] ["MQTT-4.3.3-4"] Must "a PUBREL for each PUBREC that accepts";
    PUBCOMP_OWED ["MQTT-4.3.3-2"] ["MQTT-4.3.3-11"] Must "a PUBCOMP for each PUBREL";
    PUBREC_AGAIN - ["MQTT-4.4.0-1"] Must "one PUBREC for each PUBLISH of QoS 2";
    ANSWER_OF_OTHER_QOS ["MQTT-3.3.4-1"] ["MQTT-3.3.4-1"] Must "PUBACK at QoS 1, PUBREC at QoS 2";

    // Delivery.
    ID_IN_USE_QOS_1 ["MQTT-2.3.1-4" "MQTT-4.3.2-1"] ["MQTT-2.2.1-4" "MQTT-4.3.2-1"] Must
        "a packet identifier that is not in use";
    ID_IN_USE_QOS_2 ["MQTT-2.3.1-4" "MQTT-4.3.3-1"] ["MQTT-2.2.1-4" "MQTT-4.3.3-1"] Must
        "a packet identifier that is not in use";
    DUP_ON_FIRST_QOS_1 ["MQTT-3.3.1-3" "MQTT-4.3.2-1"] ["MQTT-3.3.1-3" "MQTT-4.3.2-2"] Must
        "DUP 0 on a PUBLISH that is sent for the first time";
    DUP_ON_FIRST_QOS_2 ["MQTT-3.3.1-3" "MQTT-4.3.3-1"] ["MQTT-3.3.1-3" "MQTT-4.3.3-2"] Must
        "DUP 0 on a PUBLISH that is sent for the first time";
    RESENT_WITHOUT_DUP ["MQTT-3.3.1-1"] ["MQTT-3.3.1-1"] Must "DUP 1 on a PUBLISH that is sent again";
    RESENT_AT_OTHER_QOS ["MQTT-4.4.0-1"] ["MQTT-4.4.0-1"] Must "the QoS of a PUBLISH that is sent again";
    RESENT_WHILE_CONNECTED - ["MQTT-4.4.0-1"] Must "no retransmission except after a reconnect";
    RESENT_AFTER_FAILURE - ["MQTT-4.4.0-2" "MQTT-4.4.0-1"] Must "a message that was refused is not sent again";
    PUBLISH_AFTER_PUBREL ["MQTT-4.3.3-1"] ["MQTT-4.3.3-6"] Must "no PUBLISH again after its PUBREL";
    PUBREL_WITHOUT_PUBREC ["MQTT-4.3.3-1"] ["MQTT-4.3.3-4"] Must "PUBREL only after a PUBREC that accepts";
    PUBREL_ID ["MQTT-2.3.1-6"] ["MQTT-2.2.1-5"] Must "the packet identifier of a PUBLISH of QoS 2";
    PUBREL_ORDER ["MQTT-4.6.0-6"] - Must "PUBRELs in the order of the PUBRECs";
    RESEND_ORDER ["MQTT-4.6.0-6"] - Must "PUBLISH packets sent again in their first order";

    // Subscriptions.
    OF_ANOTHER_CASE ["MQTT-3.3.2-3"] ["MQTT-3.3.2-3"] Must "only messages that the case's own subscriptions match";
    QOS_ABOVE_GRANT ["MQTT-3.8.4-6" "MQTT-3.8.4-5"] ["MQTT-3.8.4-8" "MQTT-3.8.4-7"] Must "a QoS of at most the highest that was granted";
    QOS_ABOVE_SHARED_GRANT - ["MQTT-4.8.2-3" "MQTT-3.8.4-8"] Must "a QoS of at most the highest that was granted";
    RETAIN_ON_LIVE ["MQTT-3.3.1-9"] ["MQTT-3.3.1-12"] Must
        "RETAIN 1 only once for each new subscription that matches";
    RETAINED_UNWANTED - ["MQTT-3.3.1-11" "MQTT-3.3.1-12"] Must "no retained message for Retain Handling 2";
    RETAINED_AGAIN - ["MQTT-3.3.1-10" "MQTT-3.3.1-12"] Must
        "no retained message for Retain Handling 1 where the subscription existed";
    RETAINED_FOR_SHARED - ["RULE-3.8.4-2" "MQTT-3.3.1-12"] Must "no retained message for a shared subscription";
    IDENTIFIER_MISSING - ["MQTT-3.3.4-3"] Must "the subscription identifier of a subscription that matches";
    IDENTIFIER_UNKNOWN - ["MQTT-3.3.4-3"] Must "only subscription identifiers that the client has given";
    IDENTIFIER_OF_OTHER - ["MQTT-3.3.4-3" "MQTT-3.3.2-3"] Must
        "only subscription identifiers whose filters match the topic";
}
