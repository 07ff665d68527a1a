//! The table of faults: name, clauses, and what goes wrong.

use mqtt_check_codec::{Clause, PacketType, ProtocolVersion};

use super::faults;
use crate::departure::departures;

faults! {
faults {
    // Connecting.
    FirstPacketNeedNotBeConnect "first-packet-need-not-be-connect" [V5 "MQTT-3.1.0-1", V3_1_1 "MQTT-3.1.0-1"]
        "a connection whose first packet is not a CONNECT stays open",
    SecondConnectIgnored "second-connect-ignored" [V5 "MQTT-3.1.0-2", V3_1_1 "MQTT-3.1.0-2"]
        "a second CONNECT is ignored and the connection stays open",
    ConnectTimeoutNotEnforced "connect-timeout-not-enforced" [V5 "RULE-3.1.4-1", V3_1_1 "RULE-3.1.4-1"]
        "a connection that never sends a CONNECT stays open",
    NoConnack "no-connack" [V5 "MQTT-3.1.4-5", V3_1_1 "MQTT-3.1.4-4"]
        "an accepted CONNECT is not acknowledged",
    ConnackAfterMessages "connack-after-messages" [V5 "MQTT-3.2.0-1", V3_1_1 "MQTT-3.2.0-1"]
        "a resumed session's messages are sent before CONNACK",
    ConnackTwice "connack-twice" [V5 "MQTT-3.2.0-2", V3_1_1 "RULE-3.2-1"]
        "PINGREQ is also answered with another CONNACK",
    ConnackFlagsReserved "connack-flags-reserved" [V5 "MQTT-3.2.2-1", V3_1_1 "RULE-3.2.2.1-1"]
        "a reserved bit of the Connect Acknowledge Flags is set",
    ConnackCodeUnknown "connack-code-unknown" [V5 "MQTT-3.2.2-8"]
        "a refused CONNECT is answered with a code that CONNACK cannot have",
    RefusedConnectUnanswered "refused-connect-unanswered" [V3_1_1 "RULE-3.2.2.3-1"]
        "a refused CONNECT is closed without a CONNACK",
    RefusedConnectStaysOpen "refused-connect-stays-open" [V5 "MQTT-3.2.2-7", V5 "MQTT-4.13.2-1", V3_1_1 "MQTT-3.2.2-5"]
        "the connection stays open after a CONNACK that refuses",
    PacketsAfterRefusalProcessed "packets-after-refusal-processed" [V5 "MQTT-3.1.4-6", V3_1_1 "MQTT-3.1.4-5"]
        "a PUBLISH after a refused CONNECT is delivered",
    PacketsBehindConnectLost "packets-behind-connect-lost" [V5 "RULE-3.1.4-3", V3_1_1 "RULE-3.1.4-3"]
        "packets that arrive together with CONNECT are discarded",
    DisconnectBeforeConnack "disconnect-before-connack" [V5 "MQTT-3.14.0-1"]
        "a refused CONNECT is answered with DISCONNECT",
    WrongPasswordAccepted "wrong-password-accepted" [V5 "MQTT-3.1.4-2", V3_1_1 "RULE-3.1.4-2"]
        "a known user name is accepted with any password",
    WillAccessIgnored "will-access-ignored" [V5 "MQTT-3.1.4-2", V3_1_1 "RULE-3.1.4-2"]
        "a client is accepted with a Will that it may not publish",
    AccessByPrefix "access-by-prefix" [V5 "MQTT-4.7.3-4", V3_1_1 "MQTT-4.7.3-4"]
        "a rule of the access list applies to every topic that begins like its filter",
    AccessCaseFolded "access-case-folded" [V5 "MQTT-4.7.3-4", V3_1_1 "MQTT-4.7.3-4"]
        "the access list ignores the case of topics",
    AccessPlusCoversAll "access-plus-covers-all" [V5 "MQTT-4.7.3-4", V3_1_1 "MQTT-4.7.3-4"]
        "a + in a rule of the access list matches any number of levels",
    AccessHashWithoutParent "access-hash-without-parent" [V5 "MQTT-4.7.3-4", V3_1_1 "MQTT-4.7.3-4"]
        "a rule of the access list that ends with # does not cover the level above it",
    AccessUserIgnored "access-user-ignored" [V5 "MQTT-3.8.4-7", V3_1_1 "MQTT-3.8.4-5"]
        "a rule of the access list for one user applies to all users",
    AccessNameIsWildcard "access-name-is-wildcard" [V5 "MQTT-3.8.4-7", V3_1_1 "MQTT-3.8.4-5"]
        "a user name that is inserted into the access list works as a wildcard",
    UnknownAuthMethodAccepted "unknown-auth-method-accepted" [V5 "MQTT-4.12.0-1"]
        "a CONNECT with an Authentication Method that is not supported is accepted",
    AuthMethodUnasked "auth-method-unasked" [V5 "MQTT-4.12.0-6"]
        "CONNACK has an Authentication Method although CONNECT had none",
    AuthWithoutMethodIgnored "auth-without-method-ignored" [V5 "MQTT-4.12.0-7", V5 "RULE-3.15-1"]
        "AUTH of a client that gave no Authentication Method is ignored",
    WrongProofAccepted "wrong-proof-accepted" [V5 "MQTT-3.1.4-2"]
        "a client with a wrong proof in an authentication exchange is accepted",
    ScramNonceUnchecked "scram-nonce-unchecked" [V5 "RFC 5802, 5.1"]
        "a client whose final SCRAM message has another nonce than the server's is accepted",
    ScramSignatureWrong "scram-signature-wrong" [V5 "RFC 5802, 3"]
        "the server's signature in a SCRAM exchange does not match the password",
    FailedAuthenticationStaysOpen "failed-authentication-stays-open" [V5 "MQTT-4.12.0-4"]
        "the connection stays open when an authentication exchange fails",
    ChallengeWithOtherCode "challenge-with-other-code" [V5 "MQTT-4.12.0-2"]
        "the AUTH that continues the exchange has the reason code of success",
    AuthAnswerCodeUnchecked "auth-answer-code-unchecked" [V5 "MQTT-4.12.0-3"]
        "a client's AUTH continues the exchange whatever its reason code is",
    AuthMethodNotRepeated "auth-method-not-repeated" [V5 "MQTT-4.12.0-5"]
        "AUTH has another Authentication Method than CONNECT",
    ConnackWithoutAuthMethod "connack-without-auth-method" [V5 "MQTT-4.12.0-5"]
        "CONNACK does not repeat the Authentication Method of CONNECT",
    AuthMethodChangeAccepted "auth-method-change-accepted" [V5 "MQTT-4.12.0-5", V5 "RULE-3.15-1"]
        "a client's AUTH may have another Authentication Method than its CONNECT",
    AuthUnasked "auth-unasked" [V5 "MQTT-4.12.0-6"]
        "AUTH is sent to a client that gave no Authentication Method",
    PacketsDuringAuthenticationIgnored "packets-during-authentication-ignored" [V5 "MQTT-3.1.2-30", V5 "MQTT-3.1.0-2"]
        "packets that a client sends before it is authenticated are accepted",
    ReauthenticationMethodUnchecked "reauthentication-method-unchecked" [V5 "MQTT-4.12.1-1"]
        "a client may authenticate again with another method than before",
    FailedReauthenticationIgnored "failed-reauthentication-ignored" [V5 "MQTT-4.12.1-2"]
        "the connection stays open when a re-authentication fails",
    AuthCodeUnknown "auth-code-unknown" [V5 "MQTT-3.15.2-1"]
        "the last AUTH of a re-authentication has a code that AUTH cannot have",

    // What is refused, and has an effect all the same.
    RefusedConnectTakesOver "refused-connect-takes-over" [V5 "RULE-3.1.4-4", V3_1_1 "RULE-3.1.4-4"]
        "a refused CONNECT displaces the connected client",
    RefusedConnectWipesSession "refused-connect-wipes-session" [V5 "MQTT-3.1.2-23", V5 "RULE-3.1.4-4", V3_1_1 "MQTT-3.1.2-4"]
        seen ["nanomq#2333"] "a CONNECT that is refused and has Clean Start 1 deletes the session",
    RefusedConnectForgetsSubscriptions "refused-connect-forgets-subscriptions" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "a refused CONNECT removes the subscriptions of a kept session",
    RefusedConnectEmptiesQueue "refused-connect-empties-queue" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-3.1.2-5"]
        "a refused CONNECT discards the messages that wait for the session",
    RefusedConnectCreatesSession "refused-connect-creates-session" [V5 "MQTT-3.2.2-3", V3_1_1 "MQTT-3.2.2-3"]
        "a refused CONNECT creates a session",
    RefusedConnectPublishesWill "refused-connect-publishes-will" [V5 "MQTT-3.1.2-7", V3_1_1 "MQTT-3.1.2-8"]
        seen ["nanomq#2330", "emqx#1230"] "the Will of a CONNECT that is refused is published",
    RefusedConnectDisarmsWill "refused-connect-disarms-will" [V5 "MQTT-3.1.2-8"]
        "a refused CONNECT removes the Will of the session",
    RefusedConnectKeepsSessionAlive "refused-connect-keeps-session-alive" [V5 "MQTT-4.1.0-2"]
        "a session never expires after a refused CONNECT",
    SecondConnectWipesSession "second-connect-wipes-session" [V5 "MQTT-3.1.2-23", V3_1_1 "MQTT-3.1.2-4"]
        "a second CONNECT ends the connection, and with Clean Start 1 the session too",
    SecondConnectReplacesWill "second-connect-replaces-will" [V5 "MQTT-3.1.0-2", V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.0-2"]
        "a second CONNECT ends the connection, and its own Will is published",
    RefusedPublishPassedOn "refused-publish-passed-on" [V5 "RULE-3.4.2.1-2", V5 "RULE-3.5.2.1-2", V3_1_1 "RULE-3.3.5-1"]
        "a message that is refused in its acknowledgement is forwarded, but not retained",
    RefusedPublishRetained "refused-publish-retained" [V5 "RULE-3.4.2.1-2", V5 "RULE-3.5.2.1-2", V3_1_1 "RULE-3.3.5-1"]
        "a message that is refused in its acknowledgement is retained, or clears the retained one, but is not forwarded",
    RefusedFilterBringsRetained "refused-filter-brings-retained" [V5 "MQTT-3.8.4-7", V3_1_1 "MQTT-3.8.4-5"]
        seen ["mochi#46"] "a filter that is refused in SUBACK brings its retained messages",
    RefusedFilterSubscribed "refused-filter-subscribed" [V5 "MQTT-3.8.4-7", V3_1_1 "MQTT-3.8.4-5"]
        "a filter that is refused in SUBACK is subscribed anyway",
    NoRoomLosesOthers "no-room-loses-others" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "without room for another retained message, messages that do not need it are lost",
    NoRoomLosesRetained "no-room-loses-retained" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-4.5.0-1"]
        "an accepted message for which there is no retained room reaches no subscriber, and neither does such a Will",
    DollarTopicsRefuseWills "dollar-topics-refuse-wills" [V5 "MQTT-3.1.4-5", V3_1_1 "MQTT-3.1.4-4"]
        "a broker that reserves topics with $ refuses every Will",
    DollarWillPublished "dollar-will-published" [V5 "RULE-4.7.2-1", V3_1_1 "RULE-4.7.2-1"]
        "a broker that reserves topics with $ publishes Wills to them",

    // Client identifiers.
    ClientIdsCaseFolded "client-ids-case-folded" [V5 "MQTT-3.1.3-2", V3_1_1 "MQTT-3.1.3-2"]
        "client ids that differ in case share a session",
    ClientIdOf23BytesRefused "client-id-of-23-bytes-refused" [V5 "MQTT-3.1.3-5", V3_1_1 "MQTT-3.1.3-5"]
        "a client id of 23 bytes is refused",
    ClientIdInCapitalsRefused "client-id-in-capitals-refused" [V5 "MQTT-3.1.3-5", V3_1_1 "MQTT-3.1.3-5"]
        "a client id with a capital letter is refused",
    AssignedClientIdNotTold "assigned-client-id-not-told" [V5 "MQTT-3.2.2-16"]
        "CONNACK does not contain the assigned client id",
    AssignedClientIdsAlike "assigned-client-ids-alike" [V5 "MQTT-3.2.2-16", V5 "MQTT-3.1.3-6", V3_1_1 "MQTT-3.1.3-6"]
        "every empty client id is replaced by the same one",
    AssignedClientIdNotUsed "assigned-client-id-not-used" [V5 "MQTT-3.1.3-7"]
        "the session does not have the client id that CONNACK assigns",
    EmptyClientIdUncleanAccepted "empty-client-id-unclean-accepted" [V3_1_1 "MQTT-3.1.3-8", V3_1_1 "MQTT-3.1.3-7"]
        "an empty client id with Clean Session 0 is accepted",
    ClientIdRefusedWithOtherCode "client-id-refused-with-other-code" [V3_1_1 "MQTT-3.1.3-8", V3_1_1 "MQTT-3.1.3-9"]
        "a refused client id is answered with 0x03 instead of 0x02",
    RefusedClientIdStaysOpen "refused-client-id-stays-open" [V5 "MQTT-3.1.3-8"]
        "the connection stays open after a CONNACK that refuses the client id",

    // What CONNACK announces.
    MaximumQosNotAnnounced "maximum-qos-not-announced" [V5 "MQTT-3.2.2-9"]
        "CONNACK does not announce the limited Maximum QoS",
    SubscribeAboveMaximumQosRefused "subscribe-above-maximum-qos-refused" [V5 "MQTT-3.2.2-10"]
        "a SUBSCRIBE above the maximum QoS is refused",
    PublishAboveMaximumQosAccepted "publish-above-maximum-qos-accepted" [V5 "MQTT-3.2.2-11", V5 "RULE-3.2.2.3.4-1"]
        "a PUBLISH above the announced maximum QoS is accepted",
    WillAboveMaximumQosAccepted "will-above-maximum-qos-accepted" [V5 "MQTT-3.2.2-12"]
        "a Will above the maximum QoS is accepted",
    WillRetainWithoutRetainAccepted "will-retain-without-retain-accepted" [V5 "MQTT-3.2.2-13"]
        "a Will with Will Retain 1 is accepted although Retain Available is 0",
    RetainWithoutRetainAccepted "retain-without-retain-accepted" [V5 "MQTT-3.2.2-14", V5 "RULE-3.2.2.3.5-1"]
        "a PUBLISH with RETAIN 1 is accepted although Retain Available is 0",
    OversizedPacketAccepted "oversized-packet-accepted" [V5 "MQTT-3.2.2-15", V5 "RULE-3.2.2.3.6-1"]
        "a packet above the announced Maximum Packet Size is accepted",
    WildcardsAcceptedUnavailable "wildcards-accepted-unavailable" [V5 "RULE-3.2.2.3.11-1", V3_1_1 "MQTT-3.8.3-2"]
        "a wildcard filter is granted although wildcards are not available",
    IdentifiersAcceptedUnavailable "identifiers-accepted-unavailable" [V5 "RULE-3.2.2.3.12-1"]
        "a Subscription Identifier is accepted although they are not available",
    SharedAcceptedUnavailable "shared-accepted-unavailable" [V5 "RULE-3.2.2.3.13-1"]
        "a Shared Subscription is granted although they are not available",
    ServerKeepAliveNotAnnounced "server-keep-alive-not-announced" [V5 "MQTT-3.2.2-22"]
        "a Server Keep Alive is enforced, but not announced in CONNACK",
    ConnackMaximumQos2 "connack-maximum-qos-2" [V5 "RULE-3.2.2.3.4-2"]
        "CONNACK has a Maximum QoS of 2",
    ConnackLimitsZero "connack-limits-zero" [V5 "RULE-3.2.2.3.3-1", V5 "RULE-3.2.2.3.6-2"]
        "CONNACK has a Receive Maximum of 0 and a Maximum Packet Size of 0",
    ConnackAvailability2 "connack-availability-2" [V5 "RULE-3.2.2.3.5-2", V5 "RULE-3.2.2.3.11-2", V5 "RULE-3.2.2.3.12-2"]
        "CONNACK has 2 as the value of Retain, Wildcard Subscription and Subscription Identifier Available",
    ConnackSharedAvailable2 "connack-shared-available-2" [V5 "RULE-3.2.2.3.13-2"]
        "CONNACK has a Shared Subscription Available of 2",
    ConnackNumbersTwice "connack-numbers-twice" [V5 "RULE-3.2.2.3.2-1", V5 "RULE-3.2.2.3.8-1", V5 "RULE-3.2.2.3.14-1"]
        "CONNACK has its Session Expiry Interval, Topic Alias Maximum and Server Keep Alive twice",
    ConnackTextsTwice "connack-texts-twice" [V5 "RULE-3.2.2.3.7-1", V5 "RULE-3.2.2.3.9-1", V5 "RULE-3.2.2.3.15-1"]
        "CONNACK has its Assigned Client Identifier, Reason String and Response Information twice",
    ConnackServerReferenceTwice "connack-server-reference-twice" [V5 "RULE-3.2.2.3.16-1"]
        "CONNACK has its Server Reference twice",
    ConnackAuthenticationTwice "connack-authentication-twice" [V5 "RULE-3.2.2.3.17-1", V5 "RULE-3.2.2.3.18-1"]
        "CONNACK has its Authentication Method and Authentication Data twice",
    ConnackTrailingByte "connack-trailing-byte" [V5 "RULE-3.2.3-1", V3_1_1 "RULE-3.2.1-1"]
        "CONNACK has an extra byte at its end",
    ResponseInformationUnasked "response-information-unasked" [V5 "MQTT-3.1.2-28"]
        "CONNACK has Response Information that the client did not request",
    ProblemInformationUnasked "problem-information-unasked" [V5 "MQTT-3.1.2-29"]
        "acknowledgements have Reason Strings for a client that declined them",

    // Keep Alive.
    KeepAliveNotEnforced "keep-alive-not-enforced" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "a silent client is never disconnected",
    KeepAliveSlow "keep-alive-slow" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "a silent client is disconnected only after twice its Keep Alive",
    KeepAliveTripled "keep-alive-tripled" [V5 "MQTT-3.2.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "the Keep Alive in force is three times the client's",
    KeepAliveNotFedByPublish "keep-alive-not-fed-by-publish" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "PUBLISH does not count as a sign of life",
    KeepAliveNotFedBySubscribe "keep-alive-not-fed-by-subscribe" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "SUBSCRIBE does not count as a sign of life",
    KeepAliveNotFedByUnsubscribe "keep-alive-not-fed-by-unsubscribe" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "UNSUBSCRIBE does not count as a sign of life",
    KeepAliveNotFedByPingreq "keep-alive-not-fed-by-pingreq" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "PINGREQ does not count as a sign of life",
    KeepAliveNotFedByPuback "keep-alive-not-fed-by-puback" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "PUBACK does not count as a sign of life",
    KeepAliveNotFedByPubrec "keep-alive-not-fed-by-pubrec" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "PUBREC does not count as a sign of life",
    KeepAliveNotFedByPubrel "keep-alive-not-fed-by-pubrel" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "PUBREL does not count as a sign of life",
    KeepAliveNotFedByPubcomp "keep-alive-not-fed-by-pubcomp" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "PUBCOMP does not count as a sign of life",
    KeepAliveNotFedByAuth "keep-alive-not-fed-by-auth" [V5 "MQTT-3.1.2-22"]
        "AUTH does not count as a sign of life",
    KeepAliveFedByServer "keep-alive-fed-by-server" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"] seen ["bifromq#260"]
        "packets sent to a client count as a sign of its life",
    KeepAliveOnlyAtFirst "keep-alive-only-at-first" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "a silent client is never disconnected once it was active",
    NoPingresp "no-pingresp" [V5 "MQTT-3.12.4-1", V3_1_1 "MQTT-3.12.4-1"]
        "PINGREQ is not answered",

    // Takeover.
    NoDisconnectOnTakeover "no-disconnect-on-takeover" [V5 "MQTT-3.1.4-3"]
        seen ["nanomq#1927", "emqx#3183", "hivemq-community-edition#100"] "a displaced client is closed without DISCONNECT 0x8E",
    TakeoverSaysAdministrativeAction "takeover-says-administrative-action" [V5 "MQTT-3.1.4-3"]
        "a displaced client gets DISCONNECT 0x98 instead of 0x8E",
    TakeoverLeavesOldOpen "takeover-leaves-old-open" [V5 "MQTT-3.1.4-3", V3_1_1 "MQTT-3.1.4-2"]
        "a displaced client gets no DISCONNECT, and its connection stays open",
    TakeoverLosesInflight "takeover-loses-inflight" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "messages that the displaced client has not acknowledged are not sent to the client that takes over",
    IdRefusedAfterTakeover "id-refused-after-takeover" [V5 "MQTT-3.1.4-5", V3_1_1 "MQTT-3.1.4-4"]
        "the first CONNECT of a client id that was taken over is refused",

    // Ending a connection.
    DisconnectCodeUnknown "disconnect-code-unknown" [V5 "MQTT-3.14.2-1"]
        "DISCONNECT has a code that DISCONNECT cannot have",
    DisconnectHasSessionExpiry "disconnect-has-session-expiry" [V5 "MQTT-3.14.2-2"]
        "the server's DISCONNECT has a Session Expiry Interval",
    DisconnectWithoutClose "disconnect-without-close" [V5 "MQTT-3.14.4-2", V5 "MQTT-4.13.2-1"]
        "the connection stays open after the server's DISCONNECT",
    PacketAfterDisconnect "packet-after-disconnect" [V5 "MQTT-3.14.4-1"]
        "a PINGRESP follows the server's DISCONNECT",
    ClientDisconnectLeftOpen "client-disconnect-left-open" [V5 "RULE-3.14.4-1", V3_1_1 "RULE-3.14.4-1", V3_1_1 "MQTT-3.14.4-1"]
        "the connection stays open after the client's DISCONNECT",
    ClientDisconnectCodeUnchecked "client-disconnect-code-unchecked" [V5 "MQTT-3.14.2-1", V5 "MQTT-3.1.2-8"]
        "a DISCONNECT with a code that clients must not send counts as a normal one",
    ProtocolErrorIgnored "protocol-error-ignored" [V5 "MQTT-4.13.1-1", V3_1_1 "MQTT-4.8.0-1"]
        "a packet that only servers may send is ignored",
    FaultEndsAll "fault-ends-all" [V3_1_1 "RULE-4.8-1"]
        "one client's malformed packet ends every connection",
    ErrorsWithoutDisconnect "errors-without-disconnect" [V5 "RULE-4.13.1-1"]
        "a connection in error is closed without DISCONNECT",

    // Wills.
    WillNotStored "will-not-stored" [V5 "MQTT-3.1.2-7", V3_1_1 "MQTT-3.1.2-8"]
        "no Will is stored",
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
    WillOfEarlierConnection "will-of-earlier-connection" [V5 "MQTT-3.1.2-10", V3_1_1 "MQTT-3.1.2-12", V3_1_1 "MQTT-3.1.2-10"]
        "a connection without a Will has that of the connection before",
    WillLate "will-late" [V5 "RULE-3.1.2.5-1", V3_1_1 "RULE-3.1.2.5-1"]
        "the Will of a session that continues is published a minute after it is due",
    WillDelayIgnored "will-delay-ignored" [V5 "MQTT-3.1.2-8"]
        "the Will is published at once whatever its delay",
    WillDelayNotCancelled "will-delay-not-cancelled" [V5 "MQTT-3.1.3-9"]
        "a reconnect within the Will Delay publishes the Will",
    WillDelayProlongsSession "will-delay-prolongs-session" [V5 "MQTT-3.1.2-8"]
        "a session, and so its Will, waits for a Will Delay that is longer than the session should last",
    DelayedWillBlocksSubscribing "delayed-will-blocks-subscribing" [V5 "MQTT-4.5.0-1"]
        "after a connection with a delayed Will, subscribing again to an existing subscription has no effect",
    WillNeverRetained "will-never-retained" [V5 "MQTT-3.1.2-15", V3_1_1 "MQTT-3.1.2-17"]
        "a Will with Will Retain 1 is not retained",
    WillAlwaysRetained "will-always-retained" [V5 "MQTT-3.1.2-14", V3_1_1 "MQTT-3.1.2-16"]
        "a Will with Will Retain 0 is retained",
    WillUserPropertiesReversed "will-user-properties-reversed" [V5 "MQTT-3.1.3-10"]
        "a Will's User Properties are published in reverse order",

    // Sessions.
    SessionPresentNever "session-present-never" [V5 "MQTT-3.2.2-3", V3_1_1 "MQTT-3.2.2-2"]
        "CONNACK has Session Present 0 for a resumed session",
    SessionPresentWhenNew "session-present-when-new" [V5 "MQTT-3.2.2-3", V3_1_1 "MQTT-3.2.2-3"]
        "CONNACK has Session Present 1 without an earlier session",
    SessionPresentOnCleanStart "session-present-on-clean-start" [V5 "MQTT-3.2.2-2", V3_1_1 "MQTT-3.2.2-1"]
        "CONNACK has Session Present 1 after a clean start",
    SessionPresentOnRefusal "session-present-on-refusal" [V5 "MQTT-3.2.2-6", V3_1_1 "MQTT-3.2.2-4"]
        "a refusing CONNACK has Session Present 1",
    UncleanStartRefusedWhenNew "unclean-start-refused-when-new" [V5 "MQTT-3.1.2-6", V3_1_1 "MQTT-3.1.2-4"]
        "a client that requests a session and has none is refused",
    CleanStartKeepsSubscriptions "clean-start-keeps-subscriptions" [V5 "MQTT-3.1.2-4", V5 "MQTT-3.1.4-4", V3_1_1 "MQTT-3.1.2-6"]
        "a clean start keeps the old session's subscriptions",
    CleanStartKeepsQueue "clean-start-keeps-queue" [V5 "MQTT-3.1.2-4", V3_1_1 "MQTT-3.1.2-6", V3_1_1 "MQTT-3.1.4-3"]
        "a clean start gets the messages that waited for the old session",
    CleanStartKeepsReceived "clean-start-keeps-received" [V5 "MQTT-3.1.2-4", V3_1_1 "MQTT-3.1.2-6"]
        "packet ids of half-received QoS 2 messages still belong to them after a clean start",
    DiscardedSubscriptionBlocks "discarded-subscription-blocks" [V5 "MQTT-3.1.2-4", V3_1_1 "MQTT-3.1.2-6"]
        "after a clean start, subscribing again to a filter of the old session has no effect",
    SubscriptionsLostOnResume "subscriptions-lost-on-resume" [V5 "MQTT-3.1.2-5", V3_1_1 "MQTT-3.1.2-4"]
        "a resumed session has no subscriptions",
    SessionLostOnDisconnect "session-lost-on-disconnect" [V5 "MQTT-3.1.2-23", V3_1_1 "MQTT-3.1.2-4", V3_1_1 "MQTT-4.1.0-1"]
        "every session ends with its connection",
    SessionEndsWhileConnected "session-ends-while-connected" [V5 "MQTT-4.1.0-1", V3_1_1 "MQTT-4.1.0-2"]
        "a connected session loses its subscriptions after its Session Expiry Interval, or before version 5 after two seconds",
    CleanSessionOutlivesConnection "clean-session-outlives-connection" [V5 "MQTT-4.1.0-2", V5 "RULE-3.1.2.11.2-1", V3_1_1 "MQTT-3.1.2-6"]
        "a session that should end with its connection remains",
    SessionNeverExpires "session-never-expires" [V5 "MQTT-4.1.0-2"]
        "the session remains after its Session Expiry Interval",
    SessionExpiresEarly "session-expires-early" [V5 "MQTT-3.1.2-23"]
        "the session ends after half of its Session Expiry Interval",
    FormerExpiryKept "former-expiry-kept" [V5 "MQTT-4.1.0-1"]
        "a resumed session loses its subscriptions when its former expiry has passed",
    DiscardedExpiryKept "discarded-expiry-kept" [V5 "MQTT-4.1.0-1"]
        "a new session loses its subscriptions when the expiry of the discarded one has passed",
    ExpiryCutSilently "expiry-cut-silently" [V5 "MQTT-3.1.2-23"]
        "a shorter Session Expiry Interval is used, but not announced in CONNACK",
    DisconnectExpiryIgnored "disconnect-expiry-ignored" [V5 "MQTT-4.1.0-2"]
        "the Session Expiry Interval of DISCONNECT has no effect",
    ExpiryRaisedFromZero "expiry-raised-from-zero" [V5 "RULE-3.14.2.2.2-1", V5 "MQTT-4.13.1-1"]
        "DISCONNECT may raise a Session Expiry Interval that was 0 on CONNECT",
    RestartLosesSessions "restart-loses-sessions" [V5 "MQTT-3.1.2-23", V3_1_1 "MQTT-4.1.0-1"]
        "sessions are lost by a restart in spite of the store",
    RestartLosesInflight "restart-loses-inflight" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        seen ["mqtt-client#121"]
        "unacknowledged messages are not sent again after a restart",
    RestartLosesReleases "restart-loses-releases" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        seen ["mqtt-client#121"]
        "a PUBREL without its PUBCOMP is not sent again after a restart",
    RestartForgetsReceived "restart-forgets-received" [V5 "MQTT-4.3.3-10", V3_1_1 "MQTT-4.3.3-2"]
        seen ["emqx#1481"]
        "packet ids of QoS 2 messages that were received are forgotten by a restart",
    RestartLosesQueue "restart-loses-queue" [V5 "MQTT-3.1.2-23", V3_1_1 "MQTT-4.1.0-1"]
        "messages that wait for a client are lost by a restart",
    RestartLosesSharedSubscriptions "restart-loses-shared-subscriptions" [V5 "MQTT-3.1.2-5"]
        seen ["moquette#802"]
        "Shared Subscriptions are lost by a restart",
    RestartLosesNoLocal "restart-loses-no-local" [V5 "MQTT-3.8.3-3"] seen ["artemis#4583"]
        "No Local is forgotten by a restart",
    RestartLosesRetainAsPublished "restart-loses-retain-as-published" [V5 "MQTT-3.3.1-13", V5 "MQTT-3.1.2-5"] seen ["artemis#4583"]
        "Retain As Published is forgotten by a restart",
    RestartLosesIdentifiers "restart-loses-identifiers" [V5 "MQTT-3.1.2-5"] seen ["artemis#4583"]
        "Subscription Identifiers are forgotten by a restart",
    RestartLosesGrantedQos "restart-loses-granted-qos" [V5 "MQTT-3.1.2-5"]
        "subscriptions have QoS 0 after a restart",
    RestartLosesWill "restart-loses-will" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.2-8"]
        "the Will of a client that is connected when the broker restarts is lost",
    RestartLosesDelayedWill "restart-loses-delayed-will" [V5 "MQTT-3.1.2-8"] seen ["moquette#770"]
        "a Will that waits for its delay is lost by a restart",
    RestartBeginsExpiryAnew "restart-begins-expiry-anew" [V5 "MQTT-4.1.0-2"] seen ["mosquitto#2610"]
        "the time before a restart does not count for the Session Expiry Interval",
    RestartLosesSubscriptions "restart-loses-subscriptions" [V5 "MQTT-3.1.2-5", V3_1_1 "MQTT-3.1.2-4"]
        "a session that is kept over a restart has lost its subscriptions",
    RestartLosesWildcards "restart-loses-wildcards" [V5 "MQTT-3.1.2-5"]
        "subscriptions with a wildcard are lost by a restart",
    RestartRestoresUnsubscribed "restart-restores-unsubscribed" [V5 "MQTT-3.10.4-2", V3_1_1 "MQTT-3.10.4-2"]
        "removed subscriptions exist again after a restart",
    RestartLosesProperties "restart-loses-properties" [V5 "MQTT-3.3.2-16", V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        "messages of a session lose all properties except their expiry over a restart",
    RestartLosesMessageIdentifiers "restart-loses-message-identifiers" [V5 "MQTT-3.3.4-3"]
        "messages that wait over a restart carry no Subscription Identifier",
    RestartLosesMessageRetain "restart-loses-message-retain" [V5 "MQTT-3.3.1-13"]
        "messages that wait over a restart have RETAIN 0",
    RestartCutsMessageQos "restart-cuts-message-qos" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        "messages that wait over a restart are sent with QoS 1 at most",
    RestartReversesQueue "restart-reverses-queue" [V5 "MQTT-4.6.0-5", V3_1_1 "MQTT-4.6.0-6"]
        "messages that wait over a restart are delivered in reverse order",
    RestartReversesInflight "restart-reverses-inflight" [V5 "MQTT-4.6.0-5", V3_1_1 "MQTT-4.6.0-6"]
        "messages are sent again in reverse order after a restart",
    RestartSendsInflightAnew "restart-sends-inflight-anew" [V5 "MQTT-4.4.0-1", V5 "MQTT-3.3.1-1", V3_1_1 "MQTT-4.4.0-1"]
        "messages in flight before a restart are sent as new ones, with DUP 0 and another packet id",
    RestartRestoresAcknowledged "restart-restores-acknowledged" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "messages acknowledged before a restart are sent again after it",
    RestartLosesMessageExpiry "restart-loses-message-expiry" [V5 "MQTT-3.3.2-5", V5 "MQTT-3.3.2-6"]
        "messages that wait over a restart never expire",
    RestartLosesRetained "restart-loses-retained" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        "sessions are kept over a restart, but retained messages are not",
    RestartLosesRetainedProperties "restart-loses-retained-properties" [V5 "MQTT-3.3.2-16", V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        "retained messages lose all properties except their expiry over a restart",
    RestartRestoresCleared "restart-restores-cleared" [V5 "MQTT-3.3.1-6", V3_1_1 "MQTT-3.3.1-10"]
        "cleared retained messages exist again after a restart",
    RestartRestoresReplaced "restart-restores-replaced" [V5 "MQTT-3.3.1-5", V3_1_1 "MQTT-3.3.1-5"]
        "a replaced retained message is back after a restart",
    RestartLosesWillDelay "restart-loses-will-delay" [V5 "MQTT-3.1.2-8"]
        "Wills that wait for their delay are published at once after a restart",
    RestartLosesWillProperties "restart-loses-will-properties" [V5 "MQTT-3.1.3-10", V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        "Wills that are kept over a restart have no properties",
    RestartCutsWillQos "restart-cuts-will-qos" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        "Wills that are kept over a restart are published with QoS 1 at most",
    AliasesOutliveRestart "aliases-outlive-restart" [V5 "MQTT-3.3.2-7"]
        "Topic Aliases are kept with the session over a restart",
    SessionExpiryLostOverRestart "session-expiry-lost-over-restart" [V5 "MQTT-4.1.0-2"]
        "sessions that a restart finds in the store never expire",

    // Offline messages.
    OfflineQos1Lost "offline-qos1-lost" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-3.1.2-5", V3_1_1 "MQTT-4.5.0-1"]
        "QoS 1 messages for an offline session are lost",
    OfflineQos2Lost "offline-qos2-lost" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-3.1.2-5", V3_1_1 "MQTT-4.5.0-1"]
        "QoS 2 messages for an offline session are lost",
    OfflineOrderReversed "offline-order-reversed" [V5 "MQTT-4.6.0-5", V5 "MQTT-4.6.0-6", V3_1_1 "MQTT-4.6.0-6"]
        "messages that waited for a session arrive in reverse order",
    OfflineMessagesDoubled "offline-messages-doubled" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "messages that waited for a session arrive twice",
    OnlyOneSubscriberServed "only-one-subscriber-served" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "only one of several matching sessions gets the message",
    WindowShrinksOnResume "window-shrinks-on-resume" [V5 "MQTT-3.1.2-5", V3_1_1 "MQTT-3.1.2-5"]
        "each resumption reduces the session's window by a tenth, until nothing is sent",

    WaitingOrderReversed "waiting-order-reversed" [V5 "MQTT-4.6.0-5", V5 "MQTT-4.6.0-6", V3_1_1 "MQTT-4.6.0-5"]
        "messages that wait for room in a connected client's window arrive in reverse order",

    // Redelivery.
    InflightNotResent "inflight-not-resent" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "unacknowledged PUBLISH packets are not sent again on reconnect",
    PubrelNotResent "pubrel-not-resent" [V5 "MQTT-4.4.0-1", V5 "MQTT-4.3.3-5", V3_1_1 "MQTT-4.4.0-1"]
        "unacknowledged PUBREL packets are not sent again on reconnect",
    Qos1ForgottenOnceSent "qos1-forgotten-once-sent" [V5 "MQTT-4.3.2-3", V3_1_1 "MQTT-4.3.2-1"]
        "a QoS 1 message counts as acknowledged once it was sent",
    Qos2ForgottenOnceSent "qos2-forgotten-once-sent" [V5 "MQTT-4.3.3-3", V3_1_1 "MQTT-4.3.3-1"]
        "a QoS 2 message counts as acknowledged once it was sent",
    DupFlagClearOnResend "dup-flag-clear-on-resend" [V5 "MQTT-3.3.1-1", V3_1_1 "MQTT-3.3.1-1"]
        "a PUBLISH that is sent again has DUP 0",
    NewPacketIdOnResend "new-packet-id-on-resend" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1", V3_1_1 "MQTT-2.3.1-4"]
        "a PUBLISH that is sent again has a new packet id",
    ResendOrderReversed "resend-order-reversed" [V5 "MQTT-4.6.0-5", V3_1_1 "MQTT-4.6.0-6"]
        "messages are sent again in reverse order on reconnect",
    OwedReleasesReversed "owed-releases-reversed" [V3_1_1 "MQTT-4.6.0-6"]
        "PUBREL packets are sent again in the reverse order of their PUBREC packets",
    ResendWhileConnected "resend-while-connected" [V5 "MQTT-4.4.0-1"]
        "an unacknowledged PUBLISH is sent again every five seconds",
    PublishResentAfterPubrec "publish-resent-after-pubrec" [V5 "MQTT-4.3.3-6", V3_1_1 "MQTT-4.3.3-1"]
        "a QoS 2 PUBLISH is sent again on reconnect although PUBREL was sent",
    InflightExpires "inflight-expires" [V5 "MQTT-4.3.3-7"]
        "a message whose delivery has begun is dropped when it expires",
    RefusedMessageResent "refused-message-resent" [V5 "MQTT-4.4.0-2"]
        "a message that the client refused is sent again on reconnect",

    // QoS 1 and 2 from the broker.
    PacketIdAlwaysOneAtQos1 "packet-id-always-one-at-qos1" [V5 "MQTT-2.2.1-4", V5 "MQTT-4.3.2-1", V3_1_1 "MQTT-4.3.2-1"]
        "every QoS 1 PUBLISH has packet id 1, in use or not",
    PacketIdAlwaysOneAtQos2 "packet-id-always-one-at-qos2" [V5 "MQTT-2.2.1-4", V5 "MQTT-4.3.3-1", V3_1_1 "MQTT-4.3.3-1"]
        "every QoS 2 PUBLISH has packet id 1, in use or not",
    FirstPublishDupAtQos1 "first-publish-dup-at-qos1" [V5 "MQTT-4.3.2-2", V3_1_1 "MQTT-4.3.2-1"]
        "a QoS 1 PUBLISH has DUP 1 when it is sent for the first time",
    FirstPublishDupAtQos2 "first-publish-dup-at-qos2" [V5 "MQTT-4.3.3-2", V3_1_1 "MQTT-4.3.3-1"]
        "a QoS 2 PUBLISH has DUP 1 when it is sent for the first time",
    DupAtQos0 "dup-at-qos0" [V5 "MQTT-3.3.1-2", V5 "MQTT-4.3.1-1", V3_1_1 "MQTT-3.3.1-2", V3_1_1 "MQTT-4.3.1-1"]
        "a QoS 0 PUBLISH has DUP 1",
    DupPropagated "dup-propagated" [V5 "MQTT-3.3.1-3", V3_1_1 "MQTT-3.3.1-3"]
        "the publisher's DUP flag is forwarded",
    Qos0SentAtQos1 "qos0-sent-at-qos1" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        "a QoS 0 message is delivered at QoS 1",
    PacketIdAtQos0 "packet-id-at-qos0" [V5 "MQTT-2.2.1-2", V3_1_1 "MQTT-2.3.1-5"]
        "a QoS 0 PUBLISH has a packet id",
    PacketIdZero "packet-id-zero" [V5 "MQTT-2.2.1-4", V3_1_1 "MQTT-2.3.1-1"]
        "a PUBLISH of QoS 1 or 2 has packet id 0",
    NoPubrel "no-pubrel" [V5 "MQTT-4.3.3-4", V3_1_1 "MQTT-4.3.3-1"]
        "PUBREC is not answered",
    PubrelOrderReversed "pubrel-order-reversed" [V3_1_1 "MQTT-4.6.0-6"]
        "PUBREL is sent only after every message in flight has its PUBREC, and then in reverse order",
    PubrelOtherPacketId "pubrel-other-packet-id" [V5 "MQTT-4.3.3-4", V5 "MQTT-2.2.1-5", V3_1_1 "MQTT-2.3.1-6"]
        "PUBREL has another packet id than PUBREC",
    PubrelCodeUnknown "pubrel-code-unknown" [V5 "MQTT-3.6.2-1"]
        "PUBREL has a code that PUBREL cannot have",
    SendQuotaIgnored "send-quota-ignored" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-1", V5 "MQTT-4.9.0-2"]
        "more messages are sent than the client's Receive Maximum allows",
    SendQuotaNotReset "send-quota-not-reset" [V5 "RULE-4.9-1"]
        "messages left unacknowledged by an earlier connection fill the window of the next",
    ResendIgnoresReceiveMaximum "resend-ignores-receive-maximum" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-2"]
        seen ["moquette#858"]
        "all unacknowledged messages are sent again at once, whatever the new connection's Receive Maximum is",
    ResendHeldBackIsLost "resend-held-back-is-lost" [V5 "MQTT-4.4.0-1"]
        "messages that the new connection's Receive Maximum holds back are never sent again",
    OtherPacketsHeldByQuota "other-packets-held-by-quota" [V5 "MQTT-3.3.4-10", V5 "MQTT-4.9.0-3"]
        "PINGREQ is not answered while the send quota is used up",

    // QoS 1 and 2 to the broker.
    NoPuback "no-puback" [V5 "MQTT-4.3.2-4", V5 "MQTT-3.3.4-1", V3_1_1 "MQTT-4.3.2-2"]
        "a QoS 1 PUBLISH is not acknowledged",
    NoPubrec "no-pubrec" [V5 "MQTT-4.3.3-8", V5 "MQTT-3.3.4-1", V3_1_1 "MQTT-3.3.4-1"]
        "a QoS 2 PUBLISH is not acknowledged",
    NoPubcomp "no-pubcomp" [V5 "MQTT-4.3.3-11", V3_1_1 "MQTT-4.3.3-2"]
        "PUBREL is not answered",
    PubackOtherPacketId "puback-other-packet-id" [V5 "MQTT-2.2.1-5", V5 "MQTT-4.3.2-4", V3_1_1 "MQTT-2.3.1-6"]
        "PUBACK has another packet id than PUBLISH",
    PubrecOtherPacketId "pubrec-other-packet-id" [V5 "MQTT-2.2.1-5", V5 "MQTT-4.3.3-8", V3_1_1 "MQTT-2.3.1-6"]
        "PUBREC has another packet id than PUBLISH",
    PubcompOtherPacketId "pubcomp-other-packet-id" [V5 "MQTT-2.2.1-5", V5 "MQTT-4.3.3-11", V3_1_1 "MQTT-4.3.3-2"]
        "PUBCOMP has another packet id than PUBREL",
    PubackCodeUnknown "puback-code-unknown" [V5 "MQTT-3.4.2-1"]
        "PUBACK has a code that PUBACK cannot have",
    PubrecCodeUnknown "pubrec-code-unknown" [V5 "MQTT-3.5.2-1"]
        "PUBREC has a code that PUBREC cannot have",
    PubcompCodeUnknown "pubcomp-code-unknown" [V5 "MQTT-3.7.2-1"]
        "PUBCOMP has a code that PUBCOMP cannot have",
    Qos1RepeatSuppressed "qos1-repeat-suppressed" [V5 "MQTT-4.3.2-5", V3_1_1 "MQTT-4.3.2-2"]
        "a QoS 1 PUBLISH with DUP 1 and the packet id of the last one is not delivered",
    Qos2DuplicateForwarded "qos2-duplicate-forwarded" [V5 "MQTT-4.3.3-10", V3_1_1 "MQTT-4.3.3-2"]
        "a repeated QoS 2 PUBLISH is forwarded again",
    Qos2DuplicateInUse "qos2-duplicate-in-use" [V5 "MQTT-4.3.3-10"]
        "a repeated QoS 2 PUBLISH is answered with PUBREC 0x91",
    Qos2SecondDuplicateRefused "qos2-second-duplicate-refused" [V5 "MQTT-4.3.3-10", V3_1_1 "MQTT-4.3.3-2"]
        "the second repeat of a QoS 2 PUBLISH ends the connection",
    UnreleasedLostOnReconnect "unreleased-lost-on-reconnect" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "a QoS 2 message is forwarded at PUBREL, and lost if the connection ends before",
    ReceivedQos2ForgottenOnReconnect "received-qos2-forgotten-on-reconnect" [V5 "MQTT-4.3.3-10", V5 "MQTT-3.1.2-5", V3_1_1 "MQTT-4.3.3-2"]
        "a QoS 2 PUBLISH repeated after a reconnect is forwarded again",
    Qos2IdNeverFreed "qos2-id-never-freed" [V5 "MQTT-4.3.3-12", V3_1_1 "MQTT-4.3.3-2"]
        "a packet id still belongs to the same QoS 2 message after PUBCOMP",
    FinishedQos2IdSwallowed "finished-qos2-id-swallowed" [V5 "MQTT-4.3.3-12", V3_1_1 "MQTT-4.3.3-2"]
        seen ["mosquitto#1322"]
        "the packet id of a completed QoS 2 message counts as in use on the next connection",
    RefusedQos2IdStaysTaken "refused-qos2-id-stays-taken" [V5 "MQTT-4.3.3-9"]
        "a packet id still belongs to the same QoS 2 message after a PUBREC that refuses it",
    ExpiredQos2NotCompleted "expired-qos2-not-completed" [V5 "MQTT-4.3.3-13"]
        "PUBREL of a message that has expired is not answered",
    ReceiveMaximumNotEnforced "receive-maximum-not-enforced" [V5 "MQTT-3.3.4-7", V5 "RULE-3.3.4-3"]
        "a client may exceed the broker's Receive Maximum",
    ReceiveMaximumRefusedByCode "receive-maximum-refused-by-code" [V5 "RULE-3.3.4-3", V5 "MQTT-3.3.4-7"]
        "a QoS 2 PUBLISH beyond the broker's Receive Maximum is answered with PUBREC 0x97",
    RefusedPublishUnanswered "refused-publish-unanswered" [V3_1_1 "MQTT-3.3.5-2"]
        "a PUBLISH that is not allowed is not acknowledged, and the connection stays open",

    // What a PUBLISH may be.
    IdentifierFromClientAccepted "identifier-from-client-accepted" [V5 "MQTT-3.3.4-6"]
        "a client's PUBLISH with a Subscription Identifier is accepted",
    DollarTopicsExchanged "dollar-topics-exchanged" [V5 "RULE-4.7.2-1", V3_1_1 "RULE-4.7.2-1"]
        "clients may publish to topics that begin with $ although the broker reserves them",
    UnknownAliasIgnored "unknown-alias-ignored" [V5 "RULE-3.3.4-2"]
        "a PUBLISH with an unknown Topic Alias is ignored",
    AliasAboveMaximumAccepted "alias-above-maximum-accepted" [V5 "MQTT-3.2.2-17", V5 "MQTT-3.3.2-9", V5 "RULE-3.3.4-1"]
        "a Topic Alias above the announced maximum is accepted",
    AliasAcceptedWithoutMaximum "alias-accepted-without-maximum" [V5 "MQTT-3.2.2-18", V5 "RULE-3.3.4-1"]
        "a Topic Alias is accepted although none is allowed",
    HighestAliasRefused "highest-alias-refused" [V5 "MQTT-3.3.2-12"]
        "the highest Topic Alias that is allowed is refused",
    AliasesOutliveConnection "aliases-outlive-connection" [V5 "MQTT-3.3.2-7"]
        "a client's Topic Aliases are still valid on its next connection",

    // What subscribers get.
    ServerAliasAboveMaximum "server-alias-above-maximum" [V5 "MQTT-3.1.2-26", V5 "MQTT-3.3.2-11"]
        "the broker uses one Topic Alias more than the client allows",
    ServerAliasUnasked "server-alias-unasked" [V5 "MQTT-3.1.2-27"]
        "the broker uses a Topic Alias although the client allows none",
    TopicInLowerCase "topic-in-lower-case" [V5 "MQTT-3.3.2-3", V3_1_1 "MQTT-3.3.2-3"]
        "messages are delivered with their topic in lower case",
    ByteOrderMarkStripped "byte-order-mark-stripped" [V5 "MQTT-1.5.4-3", V3_1_1 "MQTT-1.5.3-3"]
        "U+FEFF is stripped from topics",
    PayloadFormatIndicatorDropped "payload-format-indicator-dropped" [V5 "MQTT-3.3.2-4"]
        "the Payload Format Indicator is not forwarded",
    ResponseTopicDropped "response-topic-dropped" [V5 "MQTT-3.3.2-15"]
        "the Response Topic is not forwarded",
    CorrelationDataDropped "correlation-data-dropped" [V5 "MQTT-3.3.2-16"]
        "the Correlation Data is not forwarded",
    ContentTypeDropped "content-type-dropped" [V5 "MQTT-3.3.2-20"]
        "the Content Type is not forwarded",
    ContentTypeTwice "content-type-twice" [V5 "RULE-3.3.2.3.5-1"]
        "the Content Type is forwarded twice",
    UserPropertiesDropped "user-properties-dropped" [V5 "MQTT-3.3.2-17"]
        "User Properties are not forwarded",
    UserPropertiesReversed "user-properties-reversed" [V5 "MQTT-3.3.2-18"]
        "User Properties are forwarded in reverse order",
    MessageExpiryIgnored "message-expiry-ignored" [V5 "MQTT-3.3.2-5"]
        "a message whose expiry has passed is delivered",
    MessageExpiryNotCounted "message-expiry-not-counted" [V5 "MQTT-3.3.2-6"]
        "the Message Expiry Interval is forwarded as it was received",
    MessageExpiryLostOverRestart "message-expiry-lost-over-restart" [V5 "MQTT-3.3.2-5", V5 "MQTT-3.3.2-6", V5 "RULE-3.3.1.3-3"]
        "retained messages lose their expiry over a restart",
    MaximumPacketSizeIgnored "maximum-packet-size-ignored" [V5 "MQTT-3.1.2-24"]
        "a PUBLISH is sent although it is too large for the client",
    OversizedMessageBlocks "oversized-message-blocks" [V5 "MQTT-3.1.2-25"]
        "a message too large for the client blocks later messages",

    // Retained messages.
    RetainedNotStored "retained-not-stored" [V5 "MQTT-3.3.1-5", V3_1_1 "MQTT-3.3.1-5"]
        "a QoS 1 or 2 message with RETAIN 1 is not retained",
    RetainedQos0NotStored "retained-qos0-not-stored" [V5 "RULE-3.3.1.3-1", V3_1_1 "MQTT-3.3.1-7"]
        "a QoS 0 message with RETAIN 1 is not retained, and the old one remains",
    RetainedNotReplaced "retained-not-replaced" [V5 "MQTT-3.3.1-5", V3_1_1 "MQTT-3.3.1-6"]
        "a topic keeps the first message that was retained for it",
    EmptyRetainedDoesNotClear "empty-retained-does-not-clear" [V5 "MQTT-3.3.1-6", V3_1_1 "MQTT-3.3.1-10"]
        "an empty payload does not clear the retained message",
    EmptyRetainedStored "empty-retained-stored" [V5 "MQTT-3.3.1-7", V3_1_1 "MQTT-3.3.1-11"]
        "an empty payload is itself retained",
    EmptyRetainedNotForwarded "empty-retained-not-forwarded" [V5 "MQTT-3.3.1-6", V3_1_1 "MQTT-3.3.1-10", V3_1_1 "RULE-3.3.1.3-1"]
        "an empty payload with RETAIN 1 does not reach subscribers",
    UnretainedStored "unretained-stored" [V5 "MQTT-3.3.1-8", V3_1_1 "MQTT-3.3.1-12"]
        "a message with RETAIN 0 is retained",
    UnretainedClears "unretained-clears" [V5 "MQTT-3.3.1-8", V3_1_1 "MQTT-3.3.1-12"]
        "a message with RETAIN 0 clears the retained one",
    RetainedNotSent "retained-not-sent" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        "a new subscription gets no retained messages",
    RetainedNotSentAgain "retained-not-sent-again" [V5 "MQTT-3.8.4-4", V3_1_1 "MQTT-3.8.4-3"]
        "subscribing again does not bring the retained messages again",
    RetainedFirstMatchAlone "retained-first-match-alone" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        seen ["emqx#3621", "emqx#11982"]
        "a filter with wildcards brings only the first matching retained message",
    RetainedOfBothWildcardsLost "retained-of-both-wildcards-lost" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        seen ["async_mqtt#442"]
        "a filter with both wildcards brings no retained messages",
    RetainedByPrefix "retained-by-prefix" [V5 "MQTT-3.3.2-3", V5 "MQTT-4.7.3-4", V3_1_1 "MQTT-3.3.2-3"]
        "retained messages are matched by the beginning of their topics",
    RetainedWildcardMatchesDollar "retained-wildcard-matches-dollar" [V5 "MQTT-4.7.2-1", V3_1_1 "MQTT-4.7.2-1"]
        "a leading wildcard brings retained messages of topics that begin with $",
    NoLocalLosesRetained "no-local-loses-retained" [V5 "MQTT-3.3.1-9"]
        "a subscription with No Local brings no retained messages, whoever published them",
    RetainHandling1Repeats "retain-handling-1-repeats" [V5 "MQTT-3.3.1-10"]
        "Retain Handling 1 brings the retained messages to a subscription that existed",
    RetainHandling1Silent "retain-handling-1-silent" [V5 "MQTT-3.3.1-10"]
        "Retain Handling 1 brings no retained messages to a new subscription",
    RetainHandling2Sends "retain-handling-2-sends" [V5 "MQTT-3.3.1-11"]
        "Retain Handling 2 brings the retained messages",
    RetainedSentOnResume "retained-sent-on-resume" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        "a resumed session's subscriptions bring their retained messages again",
    RetainFlagLost "retain-flag-lost" [V5 "RULE-3.3.1.3-2", V3_1_1 "MQTT-3.3.1-8"]
        "a retained message is sent to a new subscriber with RETAIN 0",
    RetainFlagKeptLive "retain-flag-kept-live" [V5 "MQTT-3.3.1-12", V3_1_1 "MQTT-3.3.1-9"]
        "a message with RETAIN 1 reaches an established subscription with RETAIN 1",
    RetainAsPublishedIgnored "retain-as-published-ignored" [V5 "MQTT-3.3.1-13"]
        "Retain As Published has no effect",
    RetainAsPublishedLostOffline "retain-as-published-lost-offline" [V5 "MQTT-3.3.1-13"]
        "Retain As Published has no effect on messages that wait for an offline session",
    ExpiredRetainedSent "expired-retained-sent" [V5 "RULE-3.3.1.3-3"]
        "a retained message whose expiry has passed is sent to a new subscriber",
    RetainedGoneWithSession "retained-gone-with-session" [V5 "RULE-4.1-1", V3_1_1 "MQTT-3.1.2-7", V3_1_1 "RULE-4.1-1"]
        "the end of a session clears the messages that its client retained",
    RetainedSentToShared "retained-sent-to-shared" [V5 "RULE-3.8.4-2"]
        "a Shared Subscription brings retained messages",

    // Subscribing.
    NoSuback "no-suback" [V5 "MQTT-3.8.4-1", V3_1_1 "MQTT-3.8.4-1"]
        "SUBSCRIBE is not acknowledged",
    SubackOtherPacketId "suback-other-packet-id" [V5 "MQTT-3.8.4-2", V5 "MQTT-2.2.1-6", V3_1_1 "MQTT-3.8.4-2"]
        "SUBACK has another packet id than SUBSCRIBE",
    SubackOrderReversed "suback-order-reversed" [V5 "MQTT-3.9.3-1", V3_1_1 "MQTT-3.9.3-1"]
        "SUBACK has its codes in reverse order",
    SubackCodeMissing "suback-code-missing" [V5 "MQTT-3.8.4-6", V3_1_1 "MQTT-3.8.4-5"]
        "SUBACK of several filters lacks the last code",
    SubackRefusalLeftOut "suback-refusal-left-out" [V5 "MQTT-3.8.4-6", V3_1_1 "MQTT-3.8.4-5"]
        "SUBACK has no code for a filter that is refused",
    SubackRefusalShownGranted "suback-refusal-shown-granted" [V5 "MQTT-3.8.4-7", V3_1_1 "MQTT-3.8.4-5"]
        "SUBACK shows QoS 0 for a filter that is refused",
    RefusedFilterEndsPacket "refused-filter-ends-packet" [V5 "MQTT-3.8.4-5", V3_1_1 "MQTT-3.8.4-4"]
        "nothing in a SUBSCRIBE after a refused filter is granted",
    SubackCodeUnknown "suback-code-unknown" [V5 "MQTT-3.9.3-2", V5 "MQTT-3.8.4-7", V3_1_1 "MQTT-3.9.3-2"]
        "SUBACK has a code that SUBACK cannot have",
    SubackShowsQos0 "suback-shows-qos0" [V5 "MQTT-3.8.4-7", V3_1_1 "MQTT-3.8.4-5"]
        "SUBACK shows QoS 0 whatever was granted",
    OnlyFirstFilterSubscribed "only-first-filter-subscribed" [V5 "MQTT-3.8.4-5", V3_1_1 "MQTT-3.8.4-4"]
        "only the first of several filters in one SUBSCRIBE has an effect",
    ResubscribeKeepsOld "resubscribe-keeps-old" [V5 "MQTT-3.8.4-3", V3_1_1 "MQTT-3.8.4-3"]
        "subscribing again to a filter changes nothing",
    ResubscribeDropsQueue "resubscribe-drops-queue" [V5 "MQTT-3.8.4-4", V3_1_1 "MQTT-3.8.4-3"]
        "subscribing again to a filter loses the messages that wait",
    QosNotLowered "qos-not-lowered" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        "messages are delivered at the publisher's QoS, above what was granted",
    QosLoweredTooFar "qos-lowered-too-far" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        "QoS 2 messages are delivered at QoS 1 to a QoS 2 subscription",
    OverlappingLowestQos "overlapping-lowest-qos" [V5 "MQTT-3.3.4-2", V3_1_1 "MQTT-3.3.5-1"]
        "overlapping subscriptions get the lowest of their QoS",
    OverlappingFirstQos "overlapping-first-qos" [V5 "MQTT-3.3.4-2", V3_1_1 "MQTT-3.3.5-1"]
        "the first of overlapping subscriptions that is found decides the QoS",
    OverlappingLastQos "overlapping-last-qos" [V5 "MQTT-3.3.4-2", V3_1_1 "MQTT-3.3.5-1"]
        "the last of overlapping subscriptions that is found decides the QoS",
    IdentifiersDropped "identifiers-dropped" [V5 "MQTT-3.3.4-3"]
        "messages do not carry the Subscription Identifier",
    RetainedWithoutIdentifier "retained-without-identifier" [V5 "MQTT-3.3.4-3"]
        "retained messages do not carry the Subscription Identifier",
    OnlyFirstIdentifier "only-first-identifier" [V5 "MQTT-3.3.4-4"]
        "a message for overlapping subscriptions carries only the first identifier",
    CopiesWithoutIdentifier "copies-without-identifier" [V5 "MQTT-3.3.4-5", V5 "MQTT-3.3.4-3"]
        "overlapping subscriptions get a copy each, without identifiers",
    NoLocalIgnored "no-local-ignored" [V5 "MQTT-3.8.3-3"]
        "No Local has no effect",
    WildcardMatchesDollar "wildcard-matches-dollar" [V5 "MQTT-4.7.2-1", V3_1_1 "MQTT-4.7.2-1"]
        "a filter that starts with a wildcard matches topics that start with $",
    TopicsCaseFolded "topics-case-folded" [V5 "MQTT-4.7.3-4", V3_1_1 "MQTT-4.7.3-4"]
        "filters match names that differ in case",
    LeadingSlashIgnored "leading-slash-ignored" [V5 "RULE-4.7.3-1", V3_1_1 "RULE-4.7.3-1"]
        "a leading slash in a topic is ignored",

    // Unsubscribing.
    NoUnsuback "no-unsuback" [V5 "MQTT-3.10.4-4", V3_1_1 "MQTT-3.10.4-4"]
        "UNSUBSCRIBE is not acknowledged",
    NoUnsubackForNothing "no-unsuback-for-nothing" [V5 "MQTT-3.10.4-5", V3_1_1 "MQTT-3.10.4-5"]
        "UNSUBSCRIBE that deletes nothing is not acknowledged",
    UnsubackOtherPacketId "unsuback-other-packet-id" [V5 "MQTT-3.10.4-5", V5 "MQTT-2.2.1-6", V3_1_1 "MQTT-2.3.1-7"]
        "UNSUBACK has another packet id than UNSUBSCRIBE",
    UnsubackOrderReversed "unsuback-order-reversed" [V5 "MQTT-3.11.3-1"]
        "UNSUBACK has its codes in reverse order",
    UnsubackCodeUnknown "unsuback-code-unknown" [V5 "MQTT-3.11.3-2"]
        "UNSUBACK has a code that UNSUBACK cannot have",
    UnsubscribeIgnored "unsubscribe-ignored" [V5 "MQTT-3.10.4-2", V5 "MQTT-3.10.4-1", V3_1_1 "MQTT-3.10.4-2"]
        "messages continue after UNSUBSCRIBE",
    UnsubscribeByMatch "unsubscribe-by-match" [V5 "MQTT-3.10.4-1", V3_1_1 "MQTT-3.10.4-1"]
        "UNSUBSCRIBE also deletes the subscriptions that its filter matches",
    UnsubscribeOfWildcardIgnored "unsubscribe-of-wildcard-ignored" [V5 "MQTT-3.10.4-1", V3_1_1 "MQTT-3.10.4-1"]
        "UNSUBSCRIBE of a filter with a wildcard removes nothing",
    UnsubscribeRemovesShared "unsubscribe-removes-shared" [V5 "MQTT-3.10.4-1"]
        "UNSUBSCRIBE removes Shared Subscriptions to the same filter too",
    UnsubscribeOfSharedRemovesOwn "unsubscribe-of-shared-removes-own" [V5 "MQTT-3.10.4-1"]
        "UNSUBSCRIBE of a Shared Subscription removes the plain one to the same filter too",
    UnsubscribeOfGroupRemovesOthers "unsubscribe-of-group-removes-others" [V5 "MQTT-3.10.4-1"]
        "UNSUBSCRIBE of a Shared Subscription removes those of other Share Names to the same filter too",
    UnsubscribeOnlyFirst "unsubscribe-only-first" [V5 "MQTT-3.10.4-6", V3_1_1 "MQTT-3.10.4-6"]
        "only the first of several filters in one UNSUBSCRIBE has an effect",
    UnsubscribeDropsInflight "unsubscribe-drops-inflight" [V5 "MQTT-3.10.4-3", V3_1_1 "MQTT-3.10.4-3"]
        "UNSUBSCRIBE ends deliveries that have begun",

    // Shared subscriptions.
    SharedGoesToAll "shared-goes-to-all" [V5 "RULE-4.8.2-1"]
        "every member of a Shared Subscription gets every message",
    SharedQosIgnored "shared-qos-ignored" [V5 "MQTT-4.8.2-3"]
        "a member of a Shared Subscription gets messages above its granted QoS",
    SharedCopyLostBesideOwn "shared-copy-lost-beside-own" [V5 "RULE-4.8.2-1"] seen ["gmqtt#65", "mqtt_cpp#716"]
        "a plain subscription replaces a shared one of the same client",
    SharedCopyLostBesideShared "shared-copy-lost-beside-shared" [V5 "RULE-4.8.2-1"] seen ["mochi#269"]
        "one of two matching Shared Subscriptions of one client brings no copy",
    SharedBegunGivenAway "shared-begun-given-away" [V5 "MQTT-4.8.2-4"]
        "a QoS 2 delivery begun with a member moves to another when that member is offline",
    SharedBegunInherited "shared-begun-inherited" [V5 "MQTT-4.8.2-5"]
        "a QoS 2 delivery begun with a member moves to another when the member's session ends",
    SharedRefusedPassedOn "shared-refused-passed-on" [V5 "MQTT-4.8.2-6"]
        "a message that a member refused goes to another",
    SharedQos1LostWithSession "shared-qos1-lost-with-session" [V5 "RULE-4.8.2-2"]
        "a QoS 1 delivery begun with a member is lost when its session ends",

    // Diagnostics that make a packet too large.
    ConnackTooLarge "connack-too-large" [V5 "MQTT-3.2.2-19", V5 "MQTT-3.2.2-20", V5 "MQTT-3.1.2-24"]
        "a Reason String or a Server Reference makes CONNACK too large for the client",
    AuthTooLarge "auth-too-large" [V5 "MQTT-3.15.2-2", V5 "MQTT-3.15.2-3", V5 "MQTT-3.1.2-24"]
        "a Reason String makes AUTH too large for the client",
    PubackTooLarge "puback-too-large" [V5 "MQTT-3.4.2-2", V5 "MQTT-3.4.2-3", V5 "MQTT-3.1.2-24"]
        "a Reason String makes PUBACK too large for the client",
    PubrecTooLarge "pubrec-too-large" [V5 "MQTT-3.5.2-2", V5 "MQTT-3.5.2-3", V5 "MQTT-3.1.2-24"]
        "a Reason String makes PUBREC too large for the client",
    PubrelTooLarge "pubrel-too-large" [V5 "MQTT-3.6.2-2", V5 "MQTT-3.6.2-3", V5 "MQTT-3.1.2-24"]
        "a Reason String makes PUBREL too large for the client",
    PubcompTooLarge "pubcomp-too-large" [V5 "MQTT-3.7.2-2", V5 "MQTT-3.7.2-3", V5 "MQTT-3.1.2-24"]
        "a Reason String makes PUBCOMP too large for the client",
    SubackTooLarge "suback-too-large" [V5 "MQTT-3.9.2-1", V5 "MQTT-3.9.2-2", V5 "MQTT-3.1.2-24"]
        "a Reason String makes SUBACK too large for the client",
    UnsubackTooLarge "unsuback-too-large" [V5 "MQTT-3.11.2-1", V5 "MQTT-3.11.2-2", V5 "MQTT-3.1.2-24"]
        "a Reason String makes UNSUBACK too large for the client",
    DisconnectTooLarge "disconnect-too-large" [V5 "MQTT-3.14.2-3", V5 "MQTT-3.14.2-4", V5 "MQTT-3.1.2-24"]
        "a Reason String or a Server Reference makes DISCONNECT too large for the client",

    // Exactly at a limit, a byte or a message below it, and one above.
    FixedHeaderUncounted "fixed-header-uncounted" [V5 "MQTT-3.1.2-24"]
        seen ["mosquitto#3515"] "a packet is sent to a client that takes two bytes less, as many as its fixed header has",
    ExactFitWithheld "exact-fit-withheld" [V5 "MQTT-4.5.0-1", V5 "MQTT-3.8.4-1", V5 "MQTT-3.1.4-5"]
        "a packet of exactly the client's Maximum Packet Size is not sent",
    RetainedTooLargeSent "retained-too-large-sent" [V5 "MQTT-3.1.2-24"]
        "a retained message is sent to a new subscriber whatever its Maximum Packet Size is",
    SubackCodesUncounted "suback-codes-uncounted" [V5 "MQTT-3.1.2-24"]
        "SUBACK is too large for the client because of its codes",
    UnsubackCodesUncounted "unsuback-codes-uncounted" [V5 "MQTT-3.1.2-24"]
        "UNSUBACK is too large for the client because of its codes",
    ClientHeaderUncounted "client-header-uncounted" [V5 "RULE-3.2.2.3.6-1", V5 "MQTT-3.2.2-15"]
        seen ["mosquitto#3515"] "a packet up to three bytes above the announced Maximum Packet Size is accepted",
    LargestPacketRefused "largest-packet-refused" [V5 "MQTT-4.5.0-1", V5 "MQTT-3.8.4-1", V5 "MQTT-4.3.3-11"]
        "a packet of exactly the server's Maximum Packet Size ends the connection",
    LengthBoundsLost "length-bounds-lost" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "a message is lost if its Remaining Length is the lowest for its number of bytes",
    LongPropertiesDropped "long-properties-dropped" [V5 "MQTT-3.3.2-20", V5 "MQTT-3.3.2-16", V5 "MQTT-3.3.2-17"]
        "a property of more than 32,767 bytes is not forwarded",
    ReceiveMaximumOfQos2Alone "receive-maximum-of-qos2-alone" [V5 "RULE-3.3.4-3", V5 "MQTT-3.3.4-7"]
        "a QoS 1 message is accepted although QoS 2 messages fill the window",
    ReceiveMaximumOneMore "receive-maximum-one-more" [V5 "RULE-3.3.4-3", V5 "MQTT-3.3.4-7"]
        "the server accepts one message more than its Receive Maximum",
    ReceiveMaximumOneLess "receive-maximum-one-less" [V5 "MQTT-4.3.3-8", V5 "MQTT-4.3.2-4"]
        "the server accepts one message less than its Receive Maximum",
    ReceiveMaximumInV3 "receive-maximum-in-v3" [V3_1_1 "MQTT-4.3.3-2", V3_1_1 "MQTT-4.3.2-2"]
        "the server's Receive Maximum is enforced for 3.1.1 clients too",
    ReleaseMakesNoRoom "release-makes-no-room" [V5 "MQTT-4.3.3-8", V5 "MQTT-4.3.2-4"]
        "a QoS 2 message still counts against the server's Receive Maximum after its PUBCOMP",
    RefusedMessageTakesRoom "refused-message-takes-room" [V5 "MQTT-4.3.3-8"]
        "a QoS 2 message that the server has refused counts against its Receive Maximum",
    UnknownReleaseMakesRoom "unknown-release-makes-room" [V5 "RULE-3.3.4-3", V5 "MQTT-3.3.4-7"]
        "a PUBREL of an unknown packet id frees room under the server's Receive Maximum",
    RepeatTakesRoom "repeat-takes-room" [V5 "MQTT-4.3.3-8"]
        "a QoS 2 message that is repeated counts twice against the server's Receive Maximum",
    RepeatsUncountedOnResume "repeats-uncounted-on-resume" [V5 "RULE-3.3.4-3", V5 "MQTT-3.3.4-7"]
        "messages that a client sends again on a new connection do not count against the server's Receive Maximum",
    SendQuotaOneMore "send-quota-one-more" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-2"]
        "one message more messages are sent than the client's Receive Maximum allows",
    SendQuotaOfQos1Alone "send-quota-of-qos1-alone" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-2"]
        "QoS 2 messages do not count against the client's Receive Maximum",
    SendQuotaOfQos2Alone "send-quota-of-qos2-alone" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-2"]
        "QoS 1 messages do not count against the client's Receive Maximum",
    SendQuotaFreedByPubrec "send-quota-freed-by-pubrec" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-2"]
        "PUBREC frees room under the client's Receive Maximum",
    SendQuotaKeptByRefusal "send-quota-kept-by-refusal" [V5 "MQTT-4.9.0-1", V5 "MQTT-4.5.0-1"]
        "a message that the client refuses still counts against its Receive Maximum",
    UnsentTakesRoom "unsent-takes-room" [V5 "MQTT-3.1.2-25", V5 "MQTT-4.5.0-1"]
        "a message too large for the client counts against its Receive Maximum",
    ReceiveMaximumSigned "receive-maximum-signed" [V5 "MQTT-4.5.0-1"]
        "a client with a Receive Maximum above 32,767 gets no messages of QoS 1 and 2",
    MaximumPacketSizeSigned "maximum-packet-size-signed" [V5 "MQTT-3.1.4-5"]
        "a client with a Maximum Packet Size above 2,147,483,647 gets nothing",
    SessionExpirySigned "session-expiry-signed" [V5 "MQTT-3.1.2-23"]
        "a session with a Session Expiry Interval above 2,147,483,647 ends with its connection",
    MessageExpirySigned "message-expiry-signed" [V5 "MQTT-4.5.0-1", V5 "MQTT-3.3.2-6"]
        "a message with a Message Expiry Interval above 2,147,483,647 expires at once",
    PacketIdsSigned "packet-ids-signed" [V5 "MQTT-2.2.1-5", V3_1_1 "MQTT-2.3.1-6"]
        "the answer to a packet id above 32,767 lacks its highest bit",
    IdentifiersCut "identifiers-cut" [V5 "MQTT-3.3.4-3"]
        "a Subscription Identifier above 16,383 comes back as 16,383",
    AliasOneAboveAccepted "alias-one-above-accepted" [V5 "MQTT-3.3.2-9", V5 "RULE-3.3.4-1"]
        "a Topic Alias one above the announced maximum is accepted",
    LongestClientIdRefused "longest-client-id-refused" [V5 "MQTT-3.1.3-5", V3_1_1 "MQTT-3.1.3-5"]
        "a client id of exactly the server's maximum length is refused",
    ClientIdLimitInCharacters "client-id-limit-in-characters" [V5 "MQTT-3.1.3-8", V5 "RULE-3.1.3.1-1", V3_1_1 "MQTT-3.1.3-9"]
        "the limit of client ids counts characters, so that one with more bytes is accepted",
    WillAtMaximumQosRefused "will-at-maximum-qos-refused" [V5 "MQTT-3.1.4-5"]
        "a Will of the highest QoS that the server supports is refused",
    QueueOneShort "queue-one-short" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "a session keeps one message less, or one byte less, than the server is configured to keep",

    // What nobody asked for.
    PubrecRepeated "pubrec-repeated" [V5 "MQTT-4.4.0-1"]
        seen ["aedes#137"] "PUBREC is sent again every five seconds until PUBREL comes",
    PubrelRepeated "pubrel-repeated" [V5 "MQTT-4.4.0-1"]
        seen ["aedes#137"] "PUBREL is sent again every five seconds until PUBCOMP comes",
    SubscribersUnseen "subscribers-unseen" [V5 "RULE-3.4.2.1-1", V5 "RULE-3.5.2.1-1"]
        seen ["mosquitto#3128"] "PUBACK and PUBREC report no matching subscribers even if there are some",
    RefusalReleased "refusal-released" [V5 "MQTT-4.3.3-4", V5 "MQTT-2.2.1-5"]
        "PUBREC of 0x80 and above is answered by PUBREL",
    PubackSettlesQos2 "puback-settles-qos2" [V5 "MQTT-4.3.3-3", V3_1_1 "MQTT-4.3.3-1"]
        "PUBACK ends a QoS 2 delivery",
    PubackSettlesPubrel "puback-settles-pubrel" [V5 "MQTT-4.3.3-5", V3_1_1 "MQTT-4.3.3-1"]
        "PUBACK ends a QoS 2 delivery whose PUBREL was sent",
    PubrecSettlesQos1 "pubrec-settles-qos1" [V5 "MQTT-4.3.2-3", V3_1_1 "MQTT-4.3.2-1"]
        "PUBREC ends a QoS 1 delivery",
    PubcompSettlesAll "pubcomp-settles-all" [V5 "MQTT-4.3.2-3", V5 "MQTT-4.3.3-3", V3_1_1 "MQTT-4.3.3-1"]
        "PUBCOMP ends a delivery of QoS 1, and one of QoS 2 before PUBREC",
    AnyPubackSettles "any-puback-settles" [V5 "MQTT-4.3.2-3", V3_1_1 "MQTT-4.3.2-1"]
        "PUBACK of an unknown packet id ends the delivery that was begun first",

    // What shows only after many messages.
    SilentAfter22Messages "silent-after-22-messages" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        seen ["hivemq-community-edition#255"]
        "a client gets no more messages after 22 on one connection",
    DeafAfter300Messages "deaf-after-300-messages" [V5 "MQTT-3.3.4-1", V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "messages of a client are discarded after 300 on one connection",
    PacketIdInUseGivenAgain "packet-id-in-use-given-again" [V5 "MQTT-2.2.1-4", V3_1_1 "MQTT-2.3.1-4"]
        seen ["mosquitto#2887", "mosquitto#3598"]
        "once all packet ids have been used, they are reused even if they are in use",

    // What is lost on one way to a subscriber and not on the others.
    QueuedPropertiesLost "queued-properties-lost" [V5 "MQTT-3.3.2-16", V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        seen ["vernemq#1649"] "messages that waited for an offline session keep no property but their expiry",
    QueuedOrderLost "queued-order-lost" [V5 "MQTT-3.3.2-18"]
        "messages that waited for an offline session have their User Properties in reverse order",
    QueuedIdentifiersLost "queued-identifiers-lost" [V5 "MQTT-3.3.4-3", V5 "MQTT-3.3.4-4"]
        "messages that waited for an offline session carry no Subscription Identifier",
    QueuedQosRaised "queued-qos-raised" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        "messages that waited for an offline session are sent above the granted QoS",
    QueuedQosCut "queued-qos-cut" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        "messages that waited for an offline session are sent with QoS 1 at most",
    QueuedRetainPassedOn "queued-retain-passed-on" [V5 "MQTT-3.3.1-12", V3_1_1 "MQTT-3.3.1-9"]
        "messages that waited for an offline session keep RETAIN 1",
    WaitingPropertiesLost "waiting-properties-lost" [V5 "MQTT-3.3.2-16", V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        "messages that waited behind a full window lose all properties except their expiry",
    WaitingIdentifiersLost "waiting-identifiers-lost" [V5 "MQTT-3.3.4-3"]
        "messages that waited behind a full window carry no Subscription Identifier",
    WaitingRetainLost "waiting-retain-lost" [V5 "MQTT-3.3.1-13"]
        "Retain As Published has no effect on messages that waited behind a full window",
    ResentPropertiesLost "resent-properties-lost" [V5 "MQTT-3.3.2-16", V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        "messages that are sent again lose all properties except their expiry",
    ResentIdentifiersLost "resent-identifiers-lost" [V5 "MQTT-3.3.4-3"]
        "messages that are sent again carry no Subscription Identifier",
    ResentQosRaised "resent-qos-raised" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        "messages are sent again with the publisher's QoS",
    ResentRetainLost "resent-retain-lost" [V5 "MQTT-3.3.1-13", V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "messages are sent again with RETAIN 0",
    ResentExpiryAnew "resent-expiry-anew" [V5 "MQTT-3.3.2-6"]
        "messages are sent again with their whole Message Expiry Interval",
    ResentBytesLost "resent-bytes-lost" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "payloads that are not text are sent again with replacement characters",
    RetainedPropertiesLost "retained-properties-lost" [V5 "MQTT-3.3.2-16", V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        "retained messages are sent without their properties",
    RetainedOrderLost "retained-order-lost" [V5 "MQTT-3.3.2-18"]
        "retained messages are sent with their User Properties in reverse order",
    RetainedQosRaised "retained-qos-raised" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        "retained messages are sent above the granted QoS",
    RetainedQosCut "retained-qos-cut" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        "retained messages are sent with QoS 1 at most",
    RetainedExpiryAnew "retained-expiry-anew" [V5 "MQTT-3.3.2-6"]
        "each subscription brings a retained message with its whole Message Expiry Interval",
    RetainedInheritsProperties "retained-inherits-properties" [V5 "MQTT-3.3.1-5", V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        "a retained message without properties has those of the one that it replaced",
    RetainedNotTracked "retained-not-tracked" [V5 "MQTT-4.4.0-1", V5 "MQTT-4.3.3-4", V3_1_1 "MQTT-4.4.0-1"]
        seen ["moquette#653"] "a message with RETAIN 1 counts as complete once it was sent, and its PUBREC is not answered",
    SharedPropertiesLost "shared-properties-lost" [V5 "MQTT-3.3.2-16", V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        "messages of a Shared Subscription lose all properties except their expiry",
    SharedIdentifiersLost "shared-identifiers-lost" [V5 "MQTT-3.3.4-3"]
        "messages of a Shared Subscription carry no Subscription Identifier",
    SharedRetainLost "shared-retain-lost" [V5 "MQTT-3.3.1-13"]
        "Retain As Published has no effect on a Shared Subscription",
    SharedOfflineLost "shared-offline-lost" [V5 "MQTT-4.5.0-1"] seen ["NanoNNG#1564"]
        "messages for a member of a Shared Subscription that is offline are lost",
    SharedNotTracked "shared-not-tracked" [V5 "MQTT-4.4.0-1"]
        "messages of a Shared Subscription count as acknowledged once they were sent",
    AliasedPropertiesLost "aliased-properties-lost" [V5 "MQTT-3.3.2-16", V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        "messages that are sent with a known Topic Alias have no other properties",
    WillPropertiesLost "will-properties-lost" [V5 "MQTT-3.3.2-16", V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        "Wills lose all properties except their expiry",
    WillQosCut "will-qos-cut" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        "Wills are published with QoS 1 at most",
    WillBytesLost "will-bytes-lost" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.2-8"]
        "a Will whose payload is not text is published with replacement characters",
    WillMustBeText "will-must-be-text" [V5 "MQTT-3.1.2-8", V5 "MQTT-3.1.2-7", V3_1_1 "MQTT-3.1.2-8"]
        "a CONNECT whose Will has a payload that is not text is refused",
    DelayedWillPropertiesLost "delayed-will-properties-lost" [V5 "MQTT-3.3.2-16", V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        "Wills that waited for their delay lose all properties except their expiry",
    DelayedWillQosLost "delayed-will-qos-lost" [V5 "MQTT-3.8.4-8"]
        "Wills that waited for their delay are published with QoS 0",
    DelayedWillRetainLost "delayed-will-retain-lost" [V5 "MQTT-3.3.1-13"]
        "Wills that waited for their delay are published with RETAIN 0",
    ReleasedPropertiesLost "released-properties-lost" [V5 "MQTT-3.3.2-16", V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        "QoS 2 messages are forwarded when they are released, without their properties",
    ReleasedRetainLost "released-retain-lost" [V5 "MQTT-3.3.1-13"]
        "QoS 2 messages are forwarded when they are released, with RETAIN 0",
    ReleasedExpiryAnew "released-expiry-anew" [V5 "MQTT-3.3.2-6"]
        "QoS 2 messages are forwarded when they are released, and their expiry counts from then",

    // What shows the second time, after a takeover, or where three things meet.
    ReleaseResentOnce "release-resent-once" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "an unacknowledged PUBREL is sent again only on the first reconnect",
    TakeoverLosesQueue "takeover-loses-queue" [V5 "MQTT-4.5.0-1", V5 "MQTT-3.1.2-5"]
        "messages that wait behind a full window are lost by a takeover",
    TakeoverForgetsReceived "takeover-forgets-received" [V5 "MQTT-4.3.3-10", V3_1_1 "MQTT-4.3.3-2"]
        "packet ids of QoS 2 messages that were received are forgotten by a takeover",
    LaterSubscriptionsLostOnResume "later-subscriptions-lost-on-resume" [V5 "MQTT-3.1.2-5", V3_1_1 "MQTT-3.1.2-4"]
        "subscriptions that were made on a resumed connection are lost by the next resumption",
    UnsubscribeUndoneByResume "unsubscribe-undone-by-resume" [V5 "MQTT-3.10.4-1", V3_1_1 "MQTT-3.10.4-1"]
        "subscriptions that were removed come back when the session is resumed",
    ReplacementUndoneByResume "replacement-undone-by-resume" [V5 "MQTT-3.8.4-3", V3_1_1 "MQTT-3.8.4-3"]
        "replaced subscriptions revert to the old ones when the session is resumed",
    UnsubscribeWhenResumedIgnored "unsubscribe-when-resumed-ignored" [V5 "MQTT-3.10.4-1", V5 "MQTT-3.10.4-2", V3_1_1 "MQTT-3.10.4-1"]
        "UNSUBSCRIBE has no effect on a resumed connection",
    SessionExpiryFromConnect "session-expiry-from-connect" [V5 "MQTT-3.1.2-23"]
        "the Session Expiry Interval counts from the beginning of the connection",
    DisconnectWithWillExpiryIgnored "disconnect-with-will-expiry-ignored" [V5 "MQTT-3.1.2-23", V5 "MQTT-4.1.0-2"]
        "the Session Expiry Interval of DISCONNECT 0x04 has no effect",
    OtherVersionLosesInflight "other-version-loses-inflight" [V5 "MQTT-4.4.0-1"]
        "unacknowledged messages are lost when the session is resumed in another version",
    FormerKeepAliveKept "former-keep-alive-kept" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "a resumed session has the Keep Alive of its former connection",
    ProblemInformationOnResume "problem-information-on-resume" [V5 "MQTT-3.1.2-29"]
        "acknowledgements have Reason Strings on a resumed connection that declined them",
    ClientIdsCut "client-ids-cut" [V5 "MQTT-3.1.3-2", V3_1_1 "MQTT-3.1.3-2"]
        "client ids that are alike in their first 16 bytes share a session",
    WillDelayFromConnect "will-delay-from-connect" [V5 "MQTT-3.1.2-8"]
        "the Will Delay Interval counts from the beginning of the connection",
    WillNotShared "will-not-shared" [V5 "MQTT-4.5.0-1", V5 "RULE-4.8.2-1"]
        "Wills do not reach Shared Subscriptions",
    EmptyWillClearsNothing "empty-will-clears-nothing" [V5 "MQTT-3.3.1-6", V3_1_1 "MQTT-3.3.1-10"]
        "an empty Will with Will Retain 1 does not clear the retained message",
    WillReplacesNothing "will-replaces-nothing" [V5 "MQTT-3.3.1-5", V3_1_1 "MQTT-3.3.1-5"]
        "a Will with Will Retain 1 does not replace an existing retained message",
    TakeoverPublishesNewWill "takeover-publishes-new-will" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.2-8"]
        "a takeover publishes the Will of the new connection",
    TakeoverDisarmsNewWill "takeover-disarms-new-will" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.2-8"]
        "the Will of a connection that takes over a session is not stored",
    ExpiredRetainedNotReplaced "expired-retained-not-replaced" [V5 "MQTT-3.3.1-5"]
        "a retained message that has expired is not replaced",
    ClearedByItsPublisherAlone "cleared-by-its-publisher-alone" [V5 "MQTT-3.3.1-6", V3_1_1 "MQTT-3.3.1-10"]
        "a retained message can be cleared only by its publisher",
    ClearingWithPropertiesStored "clearing-with-properties-stored" [V5 "MQTT-3.3.1-6", V5 "MQTT-3.3.1-7"]
        "an empty payload with properties is itself retained",
    ClearingWithQos2Ignored "clearing-with-qos-2-ignored" [V5 "MQTT-3.3.1-6", V3_1_1 "MQTT-3.3.1-10"]
        "an empty payload of QoS 2 does not clear the retained message",
    RetainedAgedByReading "retained-aged-by-reading" [V5 "MQTT-3.3.2-6"]
        "each delivery of a retained message subtracts its age from its Message Expiry Interval again",
    RetainedQosLoweredByReading "retained-qos-lowered-by-reading" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        "a retained message keeps the QoS with which it was last sent",
    ExpiredRetainedSentToOlderReaders "expired-retained-sent-to-older-readers" [V5 "RULE-3.3.1.3-3"]
        "a retained message whose expiry has passed is sent to a new subscriber of 3.1.1",
    ExpiredSentToOlderReaders "expired-sent-to-older-readers" [V5 "MQTT-3.3.2-5"]
        "a message whose expiry has passed is delivered to a client of 3.1.1",
    ExpiryOf0IsNone "expiry-of-0-is-none" [V5 "MQTT-3.3.2-5"]
        "a message that waits with a Message Expiry Interval of 0 never expires",
    RetainHandling1KnowsUnsubscribed "retain-handling-1-knows-unsubscribed" [V5 "MQTT-3.3.1-10"]
        "Retain Handling 1 treats a removed subscription as an existing one",
    RetainHandling1KnowsDiscarded "retain-handling-1-knows-discarded" [V5 "MQTT-3.3.1-10"]
        "Retain Handling 1 treats a subscription of a discarded session as an existing one",
    FirstOptionsForAll "first-options-for-all" [V5 "MQTT-3.8.4-5"]
        "No Local, Retain As Published and Retain Handling of the first filter apply to all filters of a SUBSCRIBE",
    ResubscribeKeepsNoLocal "resubscribe-keeps-no-local" [V5 "MQTT-3.8.4-3"]
        "subscribing again to a filter keeps its No Local",
    ResubscribeKeepsRetainAsPublished "resubscribe-keeps-retain-as-published" [V5 "MQTT-3.8.4-3"]
        "subscribing again to a filter keeps its Retain As Published",
    UnsubscribeForEverybody "unsubscribe-for-everybody" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "UNSUBSCRIBE of one client removes the subscriptions of others to the same filter too",
    NoLocalByUser "no-local-by-user" [V5 "MQTT-4.5.0-1"]
        "No Local suppresses messages of other clients of the same user",
    NoLocalForOverlapping "no-local-for-overlapping" [V5 "MQTT-4.5.0-1"]
        "No Local of one subscription applies to those that overlap with it",
    NoLocalForShared "no-local-for-shared" [V5 "RULE-4.8.2-1", V5 "MQTT-4.5.0-1"]
        "No Local of a plain subscription applies to a shared one of the same client",
    SharedLosesOwnMessages "shared-loses-own-messages" [V5 "RULE-4.8.2-1", V5 "MQTT-4.5.0-1"]
        "a message for a Shared Subscription is lost when it is its publisher's turn",
    SharedWildcardMatchesDollar "shared-wildcard-matches-dollar" [V5 "MQTT-4.7.2-1"]
        "a Shared Subscription with a leading wildcard matches topics that start with $",
    TopicsCut "topics-cut" [V5 "MQTT-4.7.3-4", V3_1_1 "MQTT-4.7.3-4"]
        "only the first 200 characters of topics and filters are compared",
    PubrecOfSuccessUnanswered "pubrec-of-success-unanswered" [V5 "MQTT-4.3.3-4"]
        "PUBREC 0x10 is not answered",
    PayloadFormat0Dropped "payload-format-0-dropped" [V5 "MQTT-3.3.2-4"]
        "a Payload Format Indicator of 0 is not forwarded",

    // What one message or client does to another.
    EqualMessageSwallowed "equal-message-swallowed" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "a message that is equal to the one before it is not delivered",
    NeighbourLowersQos "neighbour-lowers-qos" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        "a message for several clients is sent with the lowest QoS that any of them was granted",
    OlderNeighbourStripsProperties "older-neighbour-strips-properties" [V5 "MQTT-3.3.2-16", V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        "a message that a client of 3.1.1 gets too has no properties for anybody",
    NeighboursIdentifiersLeak "neighbours-identifiers-leak" [V5 "MQTT-3.3.4-3", V5 "MQTT-3.3.4-4"]
        seen ["paho.mqtt.testing#56"]
        "a message carries the Subscription Identifiers of other clients that get it",
    NeighboursRetainLeaks "neighbours-retain-leaks" [V5 "MQTT-3.3.1-12"]
        "Retain As Published of one client holds for the others that get the message",
    FullNeighbourHoldsAll "full-neighbour-holds-all" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "a message is lost to everybody else while the window of one of its receivers is full",
    PublisherUnservedBesideOthers "publisher-unserved-beside-others" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "a client does not get its own messages when others get them too",
    SharedUnservedBesideOthers "shared-unserved-beside-others" [V5 "RULE-4.8.2-1", V5 "MQTT-4.5.0-1"]
        "a Shared Subscription gets nothing of what plain subscriptions of other clients match too",
    PubackSettlesEarlier "puback-settles-earlier" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "PUBACK ends the QoS 1 deliveries that were begun before as well",
    PubcompSettlesReleased "pubcomp-settles-released" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "PUBCOMP ends every delivery whose PUBREL was sent",
    PubrelReleasesAll "pubrel-releases-all" [V5 "MQTT-4.3.3-10", V3_1_1 "MQTT-4.3.3-2"]
        "PUBREL of one QoS 2 message releases the others of the client too",
    ResentAsLatest "resent-as-latest" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "what is sent again has the payload of the last message of its topic",
    ExpiredTakesNextAlong "expired-takes-next-along" [V5 "MQTT-4.5.0-1"]
        "a message that expires while it waits is dropped together with the one behind it",
    WillsCancelledTogether "wills-cancelled-together" [V5 "MQTT-3.1.2-8"]
        "a client that comes back in time cancels the delayed Wills of all",
    SessionEndUnsubscribesOthers "session-end-unsubscribes-others" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "the end of a session takes the subscriptions of other clients to the same filters",
    KeepAliveFedByOthers "keep-alive-fed-by-others" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "what one client sends counts as a sign of life of all",

    // Topic Aliases of a client, one by one.
    AliasNotRemapped "alias-not-remapped" [V5 "MQTT-3.3.2-12", V5 "MQTT-3.3.2-3"]
        "a Topic Alias that was set stands for its first topic whatever it is set to later",
    AliasOfQos0NotKept "alias-of-qos0-not-kept" [V5 "MQTT-3.3.2-12"]
        "a Topic Alias that a QoS 0 message sets is not known afterwards",
    AliasOfUnheardNotKept "alias-of-unheard-not-kept" [V5 "MQTT-3.3.2-12"]
        "a Topic Alias that is set by a message without subscribers is not known afterwards",
    AliasUsedOnce "alias-used-once" [V5 "MQTT-3.3.2-12"]
        "a Topic Alias is forgotten once it was used alone",
    SecondAliasNotKept "second-alias-not-kept" [V5 "MQTT-3.3.2-12"]
        "a topic that has a Topic Alias cannot have another",
    AliasesSharedByClients "aliases-shared-by-clients" [V5 "MQTT-3.3.2-12", V5 "MQTT-3.3.2-3"]
        "a Topic Alias that one client sets changes what it stands for at the others",
    AliasesSharedByDirections "aliases-shared-by-directions" [V5 "MQTT-3.3.2-12", V5 "MQTT-3.3.2-3"]
        "a Topic Alias of the server changes what the client's of the same number stands for",
    AliasedNotRetained "aliased-not-retained" [V5 "MQTT-3.3.1-5", V5 "MQTT-3.3.1-6"]
        "a message that names its topic by an alias alone is not retained, and clears nothing",

    // Several filters in one SUBSCRIBE, and what is retained for them.
    RetainedOfFirstFilterAlone "retained-of-first-filter-alone" [V5 "MQTT-3.8.4-5", V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.8.4-4"]
        "of several filters in one SUBSCRIBE only the first brings retained messages",
    RetainedOfLastFilterAlone "retained-of-last-filter-alone" [V5 "MQTT-3.8.4-5", V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.8.4-4"]
        "of several filters in one SUBSCRIBE only the last brings retained messages",
    RetainedUntilNothing "retained-until-nothing" [V5 "MQTT-3.8.4-5", V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.8.4-4"]
        "behind a filter that matches no retained message the others of the SUBSCRIBE bring none",
    OneSilentFilterSilencesAll "one-silent-filter-silences-all" [V5 "MQTT-3.8.4-5", V5 "MQTT-3.3.1-9", V5 "MQTT-3.3.1-10"]
        "where one filter of a SUBSCRIBE is to bring no retained messages, none does",
    LastHandlingForAll "last-handling-for-all" [V5 "MQTT-3.8.4-5", V5 "MQTT-3.3.1-11", V5 "MQTT-3.3.1-9"]
        "Retain Handling of the last filter of a SUBSCRIBE holds for all of them",
    RetainedQosOfFirstFilter "retained-qos-of-first-filter" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        "all retained messages that a SUBSCRIBE brings have the QoS that its first filter was granted",
    RetainedOncePerFilter "retained-once-per-filter" [V5 "MQTT-3.3.1-9", V5 "MQTT-3.3.2-3", V3_1_1 "MQTT-3.3.2-3"]
        seen ["nanomq#1817"]
        "each retained message comes once for each filter of the SUBSCRIBE, whether that matches or not",

    // Several filters in one UNSUBSCRIBE.
    UnknownFilterEndsUnsubscribe "unknown-filter-ends-unsubscribe" [V5 "MQTT-3.10.4-6", V5 "MQTT-3.10.4-1", V3_1_1 "MQTT-3.10.4-6"]
        "behind a filter that is not subscribed to nothing of the UNSUBSCRIBE has effect",
    UnsubscribeOnlyLast "unsubscribe-only-last" [V5 "MQTT-3.10.4-6", V3_1_1 "MQTT-3.10.4-6"]
        "of several filters in one UNSUBSCRIBE only the last has effect",
    UnsubscribeSeveralEndsAll "unsubscribe-several-ends-all" [V5 "MQTT-3.10.4-6", V5 "MQTT-3.10.4-1", V3_1_1 "MQTT-3.10.4-6"]
        "an UNSUBSCRIBE with several filters removes all subscriptions of the client",
    UnsubackUnknownLeftOut "unsuback-unknown-left-out" [V5 "MQTT-3.11.3-1", V5 "MQTT-3.11.3-2"]
        "UNSUBACK has no code for a filter that was not subscribed to",
    UnsubackFirstForAll "unsuback-first-for-all" [V5 "MQTT-3.11.3-1"]
        "UNSUBACK has the code of the first filter for all of them",
    UnsubackRepeatedLeftOut "unsuback-repeated-left-out" [V5 "MQTT-3.11.3-1", V5 "MQTT-3.11.3-2"]
        "UNSUBACK has one code for a filter that is in the UNSUBSCRIBE twice",

    // What is left of a Message Expiry Interval.
    Qos0ExpiryDropped "qos0-expiry-dropped" [V5 "MQTT-3.3.2-6"]
        "messages of QoS 0 are sent without their Message Expiry Interval",
    Qos2ExpiryNotCounted "qos2-expiry-not-counted" [V5 "MQTT-3.3.2-6"]
        "messages of QoS 2 are sent with their whole Message Expiry Interval",
    LiveExpiryDropped "live-expiry-dropped" [V5 "MQTT-3.3.2-6"]
        "messages that did not wait are sent without their Message Expiry Interval",
    QueuedExpiryDropped "queued-expiry-dropped" [V5 "MQTT-3.3.2-6"]
        "messages that waited are sent without the rest of their Message Expiry Interval",
    QueuedExpiryOfFirst "queued-expiry-of-first" [V5 "MQTT-3.3.2-6"]
        "all messages that waited together count as old as the first of them",

    // Filters.
    DotsAreLevels "dots-are-levels" [V5 "MQTT-4.7.3-4", V3_1_1 "MQTT-4.7.3-4"]
        seen ["artemis#4710"] "a dot in topics and filters separates levels as a slash does",
    EmptyLevelBeforeHashIgnored "empty-level-before-hash-ignored" [V5 "RULE-4.7.3-1", V5 "MQTT-4.7.3-4", V3_1_1 "RULE-4.7.3-1"]
        "an empty level in front of # does not count",
    EmptyLevelBehindPlusIgnored "empty-level-behind-plus-ignored" [V5 "RULE-4.7.3-1", V5 "MQTT-4.7.3-4", V3_1_1 "RULE-4.7.3-1"]
        "an empty last level behind + does not count",

    // Reported of real brokers.
    UnsubscribedStoredOffline "unsubscribed-stored-offline" [V5 "MQTT-3.10.4-2", V3_1_1 "MQTT-3.10.4-2"]
        seen ["mosca#405", "mosca#382"]
        "messages of a filter that was unsubscribed from are kept, and come on the next connection",
    OwedReleaseIdGivenAgain "owed-release-id-given-again" [V5 "MQTT-2.2.1-4", V3_1_1 "MQTT-2.3.1-4"]
        seen ["vernemq#1045"]
        "on a resumed connection the packet id of an exchange that waits for PUBCOMP is given to a new message",
    EndingSessionLosesDelayedWill "ending-session-loses-delayed-will" [V5 "MQTT-3.1.2-8"]
        seen ["emqx#18565"]
        "a takeover that ends the session discards a Will that has a delay",
    RetainedUnderFilter "retained-under-filter" [V5 "MQTT-3.3.2-2", V5 "MQTT-3.3.2-3", V3_1_1 "MQTT-3.3.2-2"]
        seen ["moquette#488"]
        "retained messages are sent with the Topic Filter that matched as their topic",
    RetainedOfQos0Alone "retained-of-qos0-alone" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        seen ["MQTTnet#1434"]
        "of the retained messages only those of QoS 0 are sent",
    LongerFilterUnserved "longer-filter-unserved" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        seen ["MQTTnet#1612"]
        "a filter has no effect beside another of the client that is the beginning of it",
    WillOfQos2Lost "will-of-qos2-lost" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.2-8"]
        seen ["rabbitmq-mqtt#214"] "a Will of QoS 2 is not published",
    RetainedNotForWildcards "retained-not-for-wildcards" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        seen ["rabbitmq-mqtt#154", "rabbitmq#2556"]
        "a filter with a wildcard brings no retained messages",
    RetainedNotForHashAlone "retained-not-for-hash-alone" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        seen ["nats#4919"] "the filter # brings no retained messages",
    RetainedForAnyFilter "retained-for-any-filter" [V5 "MQTT-3.3.2-3", V5 "MQTT-4.7.3-4", V3_1_1 "MQTT-4.7.3-4"]
        seen ["aedes#119"] "every subscription brings every retained message",
    Qos0LostToHigherSubscriptions "qos0-lost-to-higher-subscriptions" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        seen ["mosquitto#2123"] "QoS 0 messages do not reach subscriptions of QoS 1 and 2",
    QueueDeliveredAgain "queue-delivered-again" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        seen ["moquette#12", "tbmq#69"]
        "messages that waited for a session come again on every later connection",
    LaterSubscribeDropsEarlier "later-subscribe-drops-earlier" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        seen ["lavinmq#1074"]
        "another SUBSCRIBE of a client whose session ends with its connection removes what it had subscribed to",
    OwedReleaseExpires "owed-release-expires" [V5 "MQTT-4.4.0-1"]
        seen ["rmqtt#513", "bifromq#281"]
        "an unacknowledged PUBREL is not sent again once the message would have expired",
    DollarLevelsUnserved "dollar-levels-unserved" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        seen ["artemis#4048"] "messages whose topic has a $ reach no client",
    ServerAliasesOutliveConnection "server-aliases-outlive-connection" [V5 "MQTT-3.3.2-7"]
        seen ["mosquitto#2494"]
        "the server uses the Topic Aliases of an earlier connection as if the client knew them",
    ServerAliasMaximumOfFormer "server-alias-maximum-of-former" [V5 "MQTT-3.1.2-26", V5 "MQTT-3.1.2-27"]
        seen ["hivemq-mqtt-client#617"]
        "a resumed session has the Topic Alias Maximum of its former connection if that was higher",
    RefusalWithoutSuback "refusal-without-suback" [V5 "MQTT-3.8.4-1", V3_1_1 "MQTT-3.8.4-1"]
        seen ["vernemq#2453"] "a SUBSCRIBE with a filter that is refused gets no SUBACK",
    ResentAsNewSecondTime "resent-as-new-second-time" [V5 "MQTT-4.4.0-1", V5 "MQTT-3.3.1-1", V3_1_1 "MQTT-4.4.0-1"]
        seen ["vernemq#1356"]
        "what was sent again without an answer is sent as new on the next connection, with another packet id",
    QueueKeepsLastAlone "queue-keeps-last-alone" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        seen ["bifromq#72"] "only the last message waits for an offline session",
    ResubscribeKeepsIdentifier "resubscribe-keeps-identifier" [V5 "MQTT-3.8.4-3", V5 "MQTT-3.3.4-3"]
        seen ["mosquitto#1169"] "subscribing again to a filter keeps its Subscription Identifier",
    KeptSessionLosesWillOnTakeover "kept-session-loses-will-on-takeover" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.2-8"]
        seen ["mosquitto#3509"]
        "a takeover discards a Will without delay where the session goes on",
    OfflineByFirstQos "offline-by-first-qos" [V5 "MQTT-4.5.0-1", V5 "MQTT-3.3.4-2", V3_1_1 "MQTT-3.3.5-1"]
        seen ["NanoNNG#1564"]
        "whether a message is kept for an offline session is decided by the first subscription that matches",
    ReconnectWithWaitingRefused "reconnect-with-waiting-refused" [V5 "MQTT-3.1.4-5", V3_1_1 "MQTT-3.1.4-4"]
        seen ["rmqtt#18"] "a client for whom messages wait gets no answer to its CONNECT",
    RetainedPayloadsMixedUp "retained-payloads-mixed-up" [V5 "MQTT-3.3.1-9", V5 "MQTT-3.3.2-3", V3_1_1 "MQTT-3.3.2-3"]
        seen ["hivemq-community-edition#291"]
        "of several retained messages that a filter brings, each has the payload of another",
    ResumedSubscribeBringsNothing "resumed-subscribe-brings-nothing" [V5 "MQTT-3.8.4-4", V3_1_1 "MQTT-3.8.4-3"]
        seen ["rumqtt#1069"]
        "subscribing again on a resumed session does not bring the retained messages again",

    // What two things do together that each does right alone.
    RestartPublishesWillAgain "restart-publishes-will-again" [V5 "MQTT-3.1.2-10", V3_1_1 "MQTT-3.1.2-10"]
        "a Will that was published before a restart is published again after it",
    RestartRestoresDiscardedWill "restart-restores-discarded-will" [V5 "MQTT-3.14.4-3", V5 "MQTT-3.1.2-10", V3_1_1 "MQTT-3.1.2-10"]
        "a Will that DISCONNECT deleted is published after a restart",
    RestartCutsRetainedQos "restart-cuts-retained-qos" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        "retained messages are sent with QoS 0 after a restart",
    RestartBeginsMessageExpiryAnew "restart-begins-message-expiry-anew" [V5 "MQTT-3.3.2-6"]
        "the time before a restart does not count for the Message Expiry Interval",
    RestartLosesPayloadFormat "restart-loses-payload-format" [V5 "MQTT-3.3.2-4"]
        "messages that are kept over a restart lose their Payload Format Indicator",
    RestartLosesRetainedOfWills "restart-loses-retained-of-wills" [V5 "MQTT-3.1.2-15", V3_1_1 "MQTT-3.1.2-17"]
        "retained messages that were Wills are lost by a restart",
    RetainedWillPropertiesLost "retained-will-properties-lost" [V5 "MQTT-3.3.2-16", V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        "a Will is retained without its properties",
    WillExpiryFromConnect "will-expiry-from-connect" [V5 "MQTT-3.3.2-6"]
        "the Message Expiry Interval of a Will counts from the beginning of the connection",
    DelayedWillExpiryFromClose "delayed-will-expiry-from-close" [V5 "MQTT-3.3.2-6"]
        "the Message Expiry Interval of a delayed Will counts from the end of the connection",
    NoLocalLosesWills "no-local-loses-wills" [V5 "MQTT-4.5.0-1", V5 "MQTT-3.1.2-8"]
        "subscriptions with No Local get no Wills",
    NormalDisconnectKeepsDelayedWill "normal-disconnect-keeps-delayed-will" [V5 "MQTT-3.14.4-3", V5 "MQTT-3.1.2-10"]
        "a normal DISCONNECT does not delete a Will that has a delay",
    WillDelayIgnoredAfterSilence "will-delay-ignored-after-silence" [V5 "MQTT-3.1.2-8"]
        "a Keep Alive timeout publishes the Will at once whatever its delay",
    WillDelayIgnoredAfterError "will-delay-ignored-after-error" [V5 "MQTT-3.1.2-8"]
        "a protocol error publishes the Will at once whatever its delay",
    ExpiryOnlyAfterDisconnect "expiry-only-after-disconnect" [V5 "MQTT-4.1.0-2"]
        "a session whose connection ended without DISCONNECT never expires",
    DisconnectExpirySticks "disconnect-expiry-sticks" [V5 "MQTT-3.1.2-23", V5 "MQTT-4.1.0-2"]
        "the Session Expiry Interval of a DISCONNECT holds for later connections too",
    OtherVersionKeepsExpiry "other-version-keeps-expiry" [V5 "MQTT-4.1.0-2", V5 "MQTT-3.1.2-23", V3_1_1 "MQTT-4.1.0-1"]
        "a session that is resumed in another version ends when it would have ended in the former one",
    OtherVersionLosesQueue "other-version-loses-queue" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "messages that wait are lost when the session is resumed in another version",
    OtherVersionForgetsReceived "other-version-forgets-received" [V5 "MQTT-4.3.3-10", V3_1_1 "MQTT-4.3.3-2"]
        "packet ids of QoS 2 messages that were received are forgotten when the session is resumed in another version",
    ResubscribeCannotDropIdentifier "resubscribe-cannot-drop-identifier" [V5 "MQTT-3.8.4-3"]
        "subscribing again without a Subscription Identifier leaves the old one",
    RemovedIdentifierComesBack "removed-identifier-comes-back" [V5 "MQTT-3.10.4-1", V5 "MQTT-3.3.4-3"]
        "a subscription without an identifier has that of a removed one to the same filter",
    SharedResubscribeKeepsOld "shared-resubscribe-keeps-old" [V5 "MQTT-3.8.4-3"]
        "subscribing again to a Shared Subscription changes nothing",
    ResubscribeDeliversTwice "resubscribe-delivers-twice" [V5 "MQTT-3.8.4-3", V3_1_1 "MQTT-3.8.4-3"] seen ["emqx#53"]
        "subscribing again with another QoS makes a second subscription",
    SubscribedAfreshBringsNothing "subscribed-afresh-brings-nothing" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"] seen ["mosquitto#2402"]
        "a filter that was unsubscribed from brings no retained messages any more",
    SubackOfFormerQos "suback-of-former-qos" [V5 "MQTT-3.8.4-7", V3_1_1 "MQTT-3.8.4-5"]
        "SUBACK shows the QoS of the subscription that is replaced",
    SharedLeavingEndsGroup "shared-leaving-ends-group" [V5 "MQTT-4.5.0-1", V5 "RULE-4.8.2-1"]
        "UNSUBSCRIBE of one member ends a Shared Subscription for the others too",
    SharedTurnOfTheGone "shared-turn-of-the-gone" [V5 "MQTT-4.5.0-1", V5 "RULE-4.8.2-1"] seen ["emqx#5063"]
        "a member of a Shared Subscription whose session has ended still has its turn",
    SharedIdentifierLeaks "shared-identifier-leaks" [V5 "MQTT-3.3.4-5"]
        "a message for a plain subscription carries the identifier of a shared one of the same client",
    QueuedFirstIdentifierAlone "queued-first-identifier-alone" [V5 "MQTT-3.3.4-4"]
        "messages that waited for an offline session carry one Subscription Identifier only",
    ResentFirstIdentifierAlone "resent-first-identifier-alone" [V5 "MQTT-3.3.4-4", V5 "MQTT-4.4.0-1"]
        "messages are sent again with one Subscription Identifier only",
    PlusMatchesDeeper "plus-matches-deeper" [V5 "MQTT-4.7.3-4", V5 "MQTT-3.3.2-3", V3_1_1 "MQTT-4.7.3-4"] seen ["hbmqtt#146"]
        "a + at the end of a filter matches further levels too",
    PlusMatchesParent "plus-matches-parent" [V5 "MQTT-4.7.3-4", V5 "MQTT-3.3.2-3", V3_1_1 "MQTT-4.7.3-4"] seen ["moquette#87"]
        "a + at the end of a filter matches the level above it too",
    PubrecBehindPubcomp "pubrec-behind-pubcomp" [V5 "MQTT-4.4.0-1"] seen ["mosquitto#918"]
        "on a resumed session PUBREC is sent again behind PUBCOMP",
    PacketIdsSharedByDirections "packet-ids-shared-by-directions" [V5 "MQTT-4.3.2-4", V5 "MQTT-4.3.3-8", V3_1_1 "MQTT-4.3.2-2"]
        "a PUBLISH is ignored whose packet id is in use for a message to the client",
    WaitingNotSentAfterPubcomp "waiting-not-sent-after-pubcomp" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "PUBCOMP does not let the next message go that waits for room",
    NewBeforeHeld "new-before-held" [V5 "MQTT-4.6.0-6", V5 "MQTT-4.6.0-5", V3_1_1 "MQTT-4.6.0-6"]
        "messages that wait overtake those that are to be sent again",
    FormerRetainedExpiryKept "former-retained-expiry-kept" [V5 "MQTT-3.3.1-5", V5 "MQTT-3.3.1-9"]
        "a retained message is gone when the one that it replaced would have expired",
    ClearingNotQueued "clearing-not-queued" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1", V3_1_1 "MQTT-3.1.2-5"]
        "a message that clears the retained one is lost to offline sessions",
    UserPropertiesMerged "user-properties-merged" [V5 "MQTT-3.3.2-17"]
        "of several User Properties of one name only the last is forwarded",
    EmptyPropertiesDropped "empty-properties-dropped" [V5 "MQTT-3.3.2-20", V5 "MQTT-3.3.2-16", V5 "MQTT-3.3.2-17"]
        "properties with an empty value are not forwarded",
    ClientKeepAliveEnforced "client-keep-alive-enforced" [V5 "MQTT-3.2.2-22"]
        "the client's own Keep Alive is enforced if it is shorter than the announced Server Keep Alive",
    ResponseInformationOnResume "response-information-on-resume" [V5 "MQTT-3.1.2-28"]
        "Response Information is sent to a client that requested it on an earlier connection only",
    FormerPacketSizeKept "former-packet-size-kept" [V5 "MQTT-3.1.2-24"]
        "a resumed session has the Maximum Packet Size of its former connection",
    WillLostOnSomeCodes "will-lost-on-some-codes" [V5 "MQTT-3.1.2-8"]
        "DISCONNECT 0x90 to 0x97 discards the Will",
    ExplainedDisconnectIsError "explained-disconnect-is-error" [V5 "MQTT-3.14.4-3", V5 "MQTT-3.1.2-10"]
        "a normal DISCONNECT with a Reason String or a User Property is an error",
    ExplainedPubackIgnored "explained-puback-ignored" [V5 "MQTT-4.4.0-1", V5 "MQTT-4.9.0-1"]
        "a PUBACK with a Reason String or a User Property is ignored",
    ExplainedPubrecUnanswered "explained-pubrec-unanswered" [V5 "MQTT-4.3.3-4"]
        "a PUBREC with a Reason String or a User Property is not answered",
    ReauthenticationDisarmsWill "reauthentication-disarms-will" [V5 "MQTT-3.1.2-8"]
        "a re-authentication discards the Will",
    ReauthenticationForgetsAliases "reauthentication-forgets-aliases" [V5 "MQTT-3.3.2-12"]
        "a re-authentication makes the client's Topic Aliases unknown",
    TooLargeForOneLostToAll "too-large-for-one-lost-to-all" [V5 "MQTT-4.5.0-1"]
        "a message that is too large for one client reaches no client",
    TooLargeRetainedEndsLookup "too-large-retained-ends-lookup" [V5 "MQTT-3.3.1-9"]
        "behind a retained message that is too large for the client no others are sent",
    TooLargeComesLater "too-large-comes-later" [V5 "MQTT-3.1.2-25"]
        "a message that was too large for the client is sent on its next connection",
    SendQuotaCountsQos0 "send-quota-counts-qos0" [V5 "MQTT-4.9.0-1", V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "QoS 0 messages take room of the client's Receive Maximum for ever",
    ReceiveMaximumCountsQos0 "receive-maximum-counts-qos0" [V5 "MQTT-4.3.2-4", V5 "MQTT-4.3.3-8"]
        "QoS 0 messages count against the server's Receive Maximum",
    OtherVersionLeavesOldOpen "other-version-leaves-old-open" [V5 "MQTT-3.1.4-3", V3_1_1 "MQTT-3.1.4-2"]
        "a takeover in another version leaves the old connection open",
    EmptySessionNotKept "empty-session-not-kept" [V5 "MQTT-3.1.2-23", V5 "MQTT-3.2.2-3", V3_1_1 "MQTT-3.2.2-2"]
        "a session without subscriptions ends with its connection",
    TakeoverSaysNoSession "takeover-says-no-session" [V5 "MQTT-3.2.2-3", V3_1_1 "MQTT-3.2.2-2"]
        "CONNACK has Session Present 0 where a takeover resumes the session",
    CleanStartKeepsInflight "clean-start-keeps-inflight" [V5 "MQTT-3.1.2-4", V3_1_1 "MQTT-3.1.2-6"]
        "a clean start is sent the unacknowledged messages of the old session",
    AliasedRefusalPassedOn "aliased-refusal-passed-on" [V5 "RULE-3.4.2.1-2", V5 "RULE-3.5.2.1-2"]
        "a message with a Topic Alias that is refused in its acknowledgement is forwarded",

    // What clients and the broker number for themselves.
    InboundQos2EndsOutgoing "inbound-qos2-ends-outgoing" [V5 "MQTT-4.4.0-1", V5 "MQTT-4.3.3-5", V3_1_1 "MQTT-4.4.0-1"]
        seen ["mochi#545"]
        "a QoS 2 PUBLISH of a client ends the delivery to it that has the same packet id",
    PubrelEndsOutgoing "pubrel-ends-outgoing" [V5 "MQTT-4.4.0-1", V5 "MQTT-4.3.3-5", V3_1_1 "MQTT-4.4.0-1"]
        seen ["mochi#519"]
        "a PUBREL of a client ends the delivery to it that has the same packet id",
    SubscribeEndsOutgoing "subscribe-ends-outgoing" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "a SUBSCRIBE of a client ends the delivery to it that has the same packet id",
    UnsubscribeEndsOutgoing "unsubscribe-ends-outgoing" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "an UNSUBSCRIBE of a client ends the delivery to it that has the same packet id",
    InboundQos1EndsOutgoing "inbound-qos1-ends-outgoing" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "a QoS 1 PUBLISH of a client ends the delivery to it that has the same packet id",
    UnknownRefusalMakesRoom "unknown-refusal-makes-room" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-2"]
        "a PUBREC that refuses an unknown packet id frees room under the client's Receive Maximum",
    UnknownPubcompMakesRoom "unknown-pubcomp-makes-room" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-2"]
        "a PUBCOMP of an unknown packet id frees room under the client's Receive Maximum",
    CompletionsHeldByQuota "completions-held-by-quota" [V5 "MQTT-3.3.4-10", V5 "MQTT-4.9.0-3"]
        "PUBREL and PUBCOMP are not sent while the client's Receive Maximum is used up",
    UnsubacksHeldByQuota "unsubacks-held-by-quota" [V5 "MQTT-3.3.4-10", V5 "MQTT-4.9.0-3"]
        "UNSUBSCRIBE is not answered while the client's Receive Maximum is used up",
    UnknownPubackMakesRoom "unknown-puback-makes-room" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-2"]
        seen ["mosquitto#2301"]
        "a PUBACK of an unknown packet id frees room under the client's Receive Maximum",
    AcknowledgementsHeldByQuota "acknowledgements-held-by-quota" [V5 "MQTT-3.3.4-10", V5 "MQTT-4.9.0-3"]
        seen ["mosquitto#1332"]
        "a client's messages are not acknowledged while its Receive Maximum is used up",
    PublishersAliasForwarded "publishers-alias-forwarded" [V5 "MQTT-3.3.2-3", V5 "MQTT-3.3.2-11"]
        seen ["mqtt-lib#130", "MQTTnet#2199", "aedes#1117"]
        "the publisher's Topic Alias is forwarded to clients that allow so many, beside those that the server gives",
    QueuedNotTracked "queued-not-tracked" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"] seen ["mqtt-lib#46"]
        "messages that waited for an offline session count as acknowledged once they were sent",
    QueueLosesFirst "queue-loses-first" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"] seen ["MQTTnet#1757"]
        "the first message for a session whose connection broke is lost",
    // Retained messages of topics that are related.
    ClearingClearsAbove "clearing-clears-above" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"] seen ["nanomq#2066"]
        "clearing a retained message clears that of the level above too",
    ClearingClearsBelow "clearing-clears-below" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        "clearing a retained message clears those of the levels below too",
    RetainingClearsAbove "retaining-clears-above" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        "a retained message clears that of the level above",
    RetainingClearsBelow "retaining-clears-below" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"] seen ["FlashMQ#131"]
        "a retained message clears those of the levels below",
    RetainedQosRaisedForWildcards "retained-qos-raised-for-wildcards" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        seen ["emqx#17781"]
        "a filter with a wildcard brings retained messages above the granted QoS",
    RetainedQos2LostToLastingSessions "retained-qos2-lost-to-lasting-sessions" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        seen ["aedes#1003"]
        "retained messages of QoS 2 do not reach a client whose session outlives its connection",
    RetainedSentOnTakeover "retained-sent-on-takeover" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        seen ["mochi#153"]
        "the subscriptions of a session that is taken over bring their retained messages again",
    RetainedPropertiesUnsentToOlder "retained-properties-unsent-to-older" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        "retained messages with properties are not sent to clients of 3.1.1",
    RetainedWillNeverExpires "retained-will-never-expires" [V5 "RULE-3.3.1.3-3", V5 "MQTT-3.3.2-6"]
        "a Will is retained without its Message Expiry Interval",
    ExpiredTakesRetainedAlong "expired-takes-retained-along" [V5 "MQTT-3.3.1-9"]
        "a retained message that has expired is discarded together with the one behind it",
    RestartMixesRetainedBesideExpired "restart-mixes-retained-beside-expired" [V5 "MQTT-3.3.1-9", V5 "MQTT-3.3.2-3"]
        seen ["mosquitto#2311"]
        "if a retained message has expired at a restart, others have each other's payload",
    // Filters.
    SharedWildcardsRefused "shared-wildcards-refused" [V5 "MQTT-3.8.4-1", V5 "RULE-4.8.2-1"] seen ["nanomq#1883"]
        "a Shared Subscription with a wildcard is a protocol error",
    PlusHashMissesPlus "plus-hash-misses-plus" [V5 "MQTT-4.5.0-1", V5 "MQTT-4.7.3-4", V3_1_1 "MQTT-4.5.0-1"]
        seen ["mosquitto#670"]
        "a filter that ends with +/# does not match where the + is the last level",
    RetainedHashWithoutParent "retained-hash-without-parent" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        "a filter that ends with # does not bring the retained message of the level above",
    FiltersBeyondTenIgnored "filters-beyond-ten-ignored" [V5 "MQTT-3.8.4-5", V5 "MQTT-3.8.4-7", V3_1_1 "MQTT-3.8.4-4"]
        seen ["emqx#2366"]
        "only the first ten filters of a SUBSCRIBE have an effect",
    UnsubscribeBeyondTenIgnored "unsubscribe-beyond-ten-ignored" [V5 "MQTT-3.10.4-6", V3_1_1 "MQTT-3.10.4-6"]
        "only the first ten filters of an UNSUBSCRIBE have an effect",
    SubackCutAt20 "suback-cut-at-20" [V5 "MQTT-3.8.4-6", V3_1_1 "MQTT-3.8.4-5"]
        "SUBACK has 20 codes at most",
    SubscribeWithPropertiesIgnored "subscribe-with-properties-ignored" [V5 "MQTT-3.8.4-5", V5 "MQTT-3.8.4-7"]
        "a SUBSCRIBE with a User Property is granted and has no effect",
    UnsubscribeOfSharedWildcardIgnored "unsubscribe-of-shared-wildcard-ignored" [V5 "MQTT-3.10.4-1"]
        "UNSUBSCRIBE of a Shared Subscription with a wildcard has no effect",
    UnsubscribeWithPropertiesIgnored "unsubscribe-with-properties-ignored" [V5 "MQTT-3.10.4-1", V5 "MQTT-3.10.4-2"]
        seen ["nanomq#699"]
        "an UNSUBSCRIBE with a User Property has no effect",
    SharedIdleAfter20 "shared-idle-after-20" [V5 "MQTT-4.5.0-1", V5 "RULE-4.8.2-1"]
        seen ["hivemq-community-edition#558"]
        "a client gets nothing of its Shared Subscriptions after 20 messages on one connection",
    ExplainedPubcompIgnored "explained-pubcomp-ignored" [V5 "MQTT-4.4.0-1", V5 "MQTT-4.9.0-1"]
        "a PUBCOMP with a Reason String or a User Property is ignored",
    ExplainedPubrelUnanswered "explained-pubrel-unanswered" [V5 "MQTT-4.3.3-11"]
        "a PUBREL with a Reason String or a User Property is not answered",
    UserPropertiesBeyond16Cut "user-properties-beyond-16-cut" [V5 "MQTT-3.3.2-17"]
        "of the User Properties of a message only the first 16 are forwarded",
    // What a session keeps, part by part.
    Qos0SubscriptionsNotKept "qos0-subscriptions-not-kept" [V5 "MQTT-3.1.2-5", V3_1_1 "MQTT-3.1.2-4"]
        seen ["mosca#693", "aedes#174"]
        "a resumed session has lost its subscriptions of QoS 0",
    Qos2SubscriptionsNotKept "qos2-subscriptions-not-kept" [V5 "MQTT-3.1.2-5", V3_1_1 "MQTT-3.1.2-4"]
        seen ["nats#7643"]
        "a resumed session has lost its subscriptions of QoS 2",
    SharedSubscriptionsNotKept "shared-subscriptions-not-kept" [V5 "MQTT-3.1.2-5"]
        "a resumed session has lost its Shared Subscriptions",
    SubscriptionsLostOnSecondResume "subscriptions-lost-on-second-resume" [V5 "MQTT-3.1.2-5", V3_1_1 "MQTT-3.1.2-4"]
        "the second resumption of a session loses its subscriptions",
    WildcardsLostOnTakeover "wildcards-lost-on-takeover" [V5 "MQTT-3.1.2-5", V3_1_1 "MQTT-3.1.2-4"]
        "a session that is taken over has lost its subscriptions with a wildcard",
    NoLocalNotKept "no-local-not-kept" [V5 "MQTT-3.8.3-3"]
        "the subscriptions of a resumed session have lost No Local",
    RetainAsPublishedNotKept "retain-as-published-not-kept" [V5 "MQTT-3.3.1-13"]
        "the subscriptions of a resumed session have lost Retain As Published",
    IdentifiersNotKept "identifiers-not-kept" [V5 "MQTT-3.3.4-3"]
        "the subscriptions of a resumed session have lost their Subscription Identifiers",
    GrantedQosNotKept "granted-qos-not-kept" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        "the subscriptions of a resumed session have QoS 1 at most",
    ReceivedForgottenOnSecondResume "received-forgotten-on-second-resume" [V5 "MQTT-4.3.3-10", V3_1_1 "MQTT-4.3.3-2"]
        "packet ids of QoS 2 messages that were received are forgotten by the second reconnect",
    ReleasedOnResumeAtQos0 "released-on-resume-at-qos0" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"] seen ["nats#8414"]
        "a QoS 2 message that is released on a later connection is forwarded with QoS 0",
    ReleasedOnResumeNotRetained "released-on-resume-not-retained" [V5 "MQTT-3.3.1-5", V3_1_1 "MQTT-3.3.1-5"]
        seen ["nats#8414"]
        "a QoS 2 message that is released on a later connection is not retained",
    EndedSessionTakenOver "ended-session-taken-over" [V5 "MQTT-4.1.0-2", V5 "MQTT-3.2.2-3", V3_1_1 "MQTT-3.1.2-6"]
        seen ["emqx#18583"]
        "a takeover resumes a session that should end with its connection",
    OnceCleanAlwaysClean "once-clean-always-clean" [V5 "MQTT-3.1.2-23", V3_1_1 "MQTT-3.1.2-4"] seen ["moquette#145"]
        "a client that has ever asked for a clean start has no session that outlives its connection",
    // Connecting and Wills.
    RefusalCodesOfVersion5 "refusal-codes-of-version-5" [V3_1_1 "RULE-3.2.2.3-1"] seen ["mochi#140"]
        "a CONNECT of 3.1.1 is refused with a code of version 5",
    PingreqBeforeConnectAnswered "pingreq-before-connect-answered" [V5 "MQTT-3.1.0-1", V3_1_1 "MQTT-3.1.0-1"]
        seen ["FlashMQ#104"]
        "a PINGREQ in front of CONNECT is answered",
    OtherVersionTakeoverLosesWill "other-version-takeover-loses-will" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.2-8"]
        "a takeover in another version discards the Will of the displaced client",
    TakeoverPublishesDelayedWill "takeover-publishes-delayed-will" [V5 "MQTT-3.1.3-9"]
        "a takeover publishes a Will that has a delay though the session goes on",
    WillDelayIgnoredAfter0x04 "will-delay-ignored-after-0x04" [V5 "MQTT-3.1.2-8"]
        "DISCONNECT 0x04 publishes the Will at once whatever its delay",
    WillDelayCut "will-delay-cut" [V5 "MQTT-3.1.2-8"]
        "only the lower two bytes of a Will Delay Interval count",
    WillDelaySigned "will-delay-signed" [V5 "MQTT-3.1.2-8"]
        "a Will with a Will Delay Interval above 2,147,483,647 is published at once",

    // What shows only on a resumed connection, after a takeover, or in another version.
    OtherVersionLosesReleases "other-version-loses-releases" [V5 "MQTT-4.4.0-1"]
        "an unacknowledged PUBREL is not sent again when the session is resumed in another version",
    OtherVersionStripsProperties "other-version-strips-properties" [V5 "MQTT-3.3.2-16", V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        "the messages of a session have lost all properties but their expiry once it was resumed in another version",
    OtherVersionForgetsOptions "other-version-forgets-options" [V5 "MQTT-3.1.2-5", V5 "MQTT-3.8.3-3", V5 "MQTT-3.3.1-13", V5 "MQTT-3.3.4-3"]
        "subscriptions have lost No Local, Retain As Published and their identifier once the session was resumed in another version",
    OtherVersionPublishesDelayedWill "other-version-publishes-delayed-will" [V5 "MQTT-3.1.3-9"]
        "a reconnect in another version does not cancel a delayed Will",
    ResentTakesNoRoom "resent-takes-no-room" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-2"]
        "messages that are sent again do not count against the new connection's Receive Maximum",
    FormerReceiveMaximumKept "former-receive-maximum-kept" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-2"]
        "a resumed session has the Receive Maximum of its former connection",
    HeldBackWithoutDup "held-back-without-dup" [V5 "MQTT-3.3.1-1"]
        "a message that is sent again late, because of the Receive Maximum, has DUP 0",
    HeldBackExpires "held-back-expires" [V5 "MQTT-4.3.3-7", V5 "MQTT-4.4.0-1"]
        "a message that is to be sent again is dropped when it expires while the Receive Maximum holds it back",
    ResentTooLargeSent "resent-too-large-sent" [V5 "MQTT-3.1.2-24"]
        "a message is sent again whatever the new connection's Maximum Packet Size is",
    QueueIgnoresReceiveMaximum "queue-ignores-receive-maximum" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-2"]
        "messages that waited for an offline session are sent whatever the client's Receive Maximum is",
    RetainedIgnoreReceiveMaximum "retained-ignore-receive-maximum" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-2"]
        "retained messages are sent to a new subscription whatever the client's Receive Maximum is",
    RetainedLostAtFullWindow "retained-lost-at-full-window" [V5 "MQTT-3.3.1-9"]
        "a subscription that is made while the client's Receive Maximum is used up brings no retained messages of QoS 1 and 2",
    RetainedWaitingLoseRetain "retained-waiting-lose-retain" [V5 "RULE-3.3.1.3-2"]
        "retained messages that waited behind a full window have RETAIN 0",
    ExpiredWaitingTakesRoom "expired-waiting-takes-room" [V5 "MQTT-4.5.0-1", V5 "MQTT-4.9.0-1"] seen ["mosquitto#1706"]
        "a message that expires while it waits behind a full window takes room of the Receive Maximum for ever",
    TakenOverExpiryKept "taken-over-expiry-kept" [V5 "MQTT-4.1.0-1"] seen ["mochi#180"]
        "a session that was taken over loses its subscriptions when the displaced connection's expiry has passed",
    TakeoverKeepsExpiry "takeover-keeps-expiry" [V5 "MQTT-4.1.0-2", V5 "MQTT-3.1.2-23"]
        "a session that was taken over has the Session Expiry Interval of the displaced connection",
    TakenOverKeepAliveKept "taken-over-keep-alive-kept" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "a client that takes over has the Keep Alive of the one that it displaces",
    AliasesOutliveTakeover "aliases-outlive-takeover" [V5 "MQTT-3.3.2-7"]
        "a client that takes over has the Topic Aliases of the one that it displaces",
    PendingAuthenticationTakesOver "pending-authentication-takes-over" [V5 "RULE-3.1.4-4"]
        "a client is displaced by a CONNECT whose authentication exchange has only begun",
    ResumedSessionNeverExpires "resumed-session-never-expires" [V5 "MQTT-4.1.0-2"]
        "a session that was resumed once never expires",
    ResumedWillLost "resumed-will-lost" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.2-8"]
        "the Will of a connection that resumed a session is not published",
    ResumedKeepAliveNotEnforced "resumed-keep-alive-not-enforced" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "a silent client that resumed a session is never disconnected",
    ResumedRetainHandling1Sends "resumed-retain-handling-1-sends" [V5 "MQTT-3.3.1-10"]
        "Retain Handling 1 takes a subscription of a resumed session for a new one",
    RetainHandling1KnowsRefused "retain-handling-1-knows-refused" [V5 "MQTT-3.3.1-10"]
        "Retain Handling 1 takes a subscription that was refused for an existing one",
    WaitingTakenByFirst "waiting-taken-by-first" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "a message that waits for several offline sessions reaches only the first that is resumed",
    ReleasedLaterComesBack "released-later-comes-back" [V5 "MQTT-3.8.3-3"]
        "No Local has no effect on a QoS 2 message that its publisher releases on a later connection",
    CleanStartStaysInGroup "clean-start-stays-in-group" [V5 "MQTT-3.1.2-4"]
        "a clean start keeps the old session's Shared Subscriptions",
    SharedBegunMovesOnTakeover "shared-begun-moves-on-takeover" [V5 "MQTT-4.8.2-4"] seen ["emqx#8527"]
        "a QoS 2 delivery begun with a member moves to another when that member is taken over",
    SharedResubscribeDeliversTwice "shared-resubscribe-delivers-twice" [V5 "RULE-4.8.2-1", V5 "MQTT-3.8.4-3"]
        "subscribing again to a Shared Subscription makes a second one",
    SharedRefusedInherited "shared-refused-inherited" [V5 "MQTT-4.8.2-6"]
        "a message that a member refused goes to another when the member's session ends",
    SharedLostAtFullWindow "shared-lost-at-full-window" [V5 "MQTT-4.5.0-1"]
        "a message for a Shared Subscription is lost while the window of every member is full",
    SharedJoiningDropsWaiting "shared-joining-drops-waiting" [V5 "MQTT-4.5.0-1"]
        "what waits for an offline member of a Shared Subscription is lost when another member joins",
    UnsentAliasUsed "unsent-alias-used" [V5 "RULE-3.3.4-2"]
        "the broker uses a Topic Alias that it set in a message too large for the client",
    ExpiredAliasUsed "expired-alias-used" [V5 "RULE-3.3.4-2"]
        "the broker uses a Topic Alias that it set in a message that expired before it was sent",
    RepeatSetsNoAlias "repeat-sets-no-alias" [V5 "MQTT-3.3.2-12"]
        "a Topic Alias that a repeated QoS 2 message sets is not known afterwards",
    StagedFollowsAlias "staged-follows-alias" [V5 "MQTT-3.3.2-12", V5 "MQTT-4.5.0-1"]
        "a QoS 2 message that named its topic by an alias goes where the alias points when it is released",
    RepeatedFilterKeepsFirst "repeated-filter-keeps-first" [V5 "MQTT-3.8.4-5", V5 "MQTT-3.8.4-3", V3_1_1 "MQTT-3.8.4-4", V3_1_1 "MQTT-3.8.4-3"]
        "of a filter that is in one SUBSCRIBE twice the first options count",
    UnsubscribeDropsOthersWaiting "unsubscribe-drops-others-waiting" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "UNSUBSCRIBE drops waiting messages that another subscription of the client matches too",
    ResubscribeDropsInflight "resubscribe-drops-inflight" [V5 "MQTT-3.8.4-4", V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-3.8.4-3", V3_1_1 "MQTT-4.4.0-1"]
        "subscribing again to a filter ends deliveries that have begun",
    OwnRetainedUnsent "own-retained-unsent" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        "a subscription brings no retained messages that its own client has published",
    WillWithoutIdentifier "will-without-identifier" [V5 "MQTT-3.3.4-3"]
        "Wills do not carry the Subscription Identifier",
    WillRetainAsPublishedIgnored "will-retain-as-published-ignored" [V5 "MQTT-3.3.1-13"]
        "Retain As Published has no effect on Wills",
    OwnWillUnqueued "own-will-unqueued" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "a Will does not reach the session of its own client",
    RestartDelayedWillNotCancelled "restart-delayed-will-not-cancelled" [V5 "MQTT-3.1.3-9"]
        "a reconnect after a restart publishes the delayed Will of the connection before it",
    RestartOrdersQueueAsText "restart-orders-queue-as-text" [V5 "MQTT-4.6.0-5", V3_1_1 "MQTT-4.6.0-6"]
        "more than ten messages that wait over a restart are delivered in the order of their numbers as text",
    RestartSendsWaitingFirst "restart-sends-waiting-first" [V5 "MQTT-4.6.0-5", V3_1_1 "MQTT-4.6.0-6"] seen ["mqtt-lib#151"]
        "after a restart messages that waited overtake those that are to be sent again",
    RestartGivesIdsAgain "restart-gives-ids-again" [V5 "MQTT-2.2.1-4", V3_1_1 "MQTT-2.3.1-4"]
        "packet ids that were in use before a restart are given to other messages after it",
    RestartRestoresEnded "restart-restores-ended" [V5 "MQTT-4.1.0-2", V5 "MQTT-3.2.2-3", V3_1_1 "MQTT-3.1.2-6"]
        "sessions that ended before a restart exist again after it",
    RestartRestoresFormerOptions "restart-restores-former-options" [V5 "MQTT-3.8.4-3", V3_1_1 "MQTT-3.8.4-3"]
        "subscriptions that were replaced before a restart are the old ones after it",
    RestartForgetsUser "restart-forgets-user" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"] seen ["mosquitto#384", "mosquitto#2618"]
        "after a restart nothing is kept for offline sessions whose users alone may have it",
    RestartHidesSession "restart-hides-session" [V5 "MQTT-3.2.2-3", V3_1_1 "MQTT-3.2.2-2"]
        "CONNACK has Session Present 0 for a session that was kept over a restart",
    LongAcknowledgementsRefused "long-acknowledgements-refused" [V5 "MQTT-4.4.0-1", V5 "MQTT-4.3.3-4", V5 "MQTT-4.3.3-11"] seen ["mosquitto#3713"]
        "an acknowledgement of more than 10,000 bytes ends the connection, whatever the announced Maximum Packet Size is",
    ServerAliasesOutliveTakeover "server-aliases-outlive-takeover" [V5 "MQTT-3.3.2-7", V5 "RULE-3.3.4-2"]
        "the broker's Topic Aliases are still used for a client that takes over",
    TakeoverLosesReleases "takeover-loses-releases" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "an unacknowledged PUBREL is not sent to the client that takes over",
    TakeoverLosesHeldBack "takeover-loses-held-back" [V5 "MQTT-4.4.0-1"]
        "messages that the Receive Maximum still held back are not sent to the client that takes over",
    RetainedWaitingLoseIdentifier "retained-waiting-lose-identifier" [V5 "MQTT-3.3.4-3"]
        "retained messages that waited behind a full window carry no Subscription Identifier",
    WillIgnoresReceiveMaximum "will-ignores-receive-maximum" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-2"]
        "Wills are sent whatever the client's Receive Maximum is",
    SharedIgnoresReceiveMaximum "shared-ignores-receive-maximum" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-2"]
        "messages of a Shared Subscription are sent whatever the client's Receive Maximum is",
    OtherVersionStripsExpiry "other-version-strips-expiry" [V5 "MQTT-3.3.2-5", V5 "MQTT-3.3.2-6"]
        "the messages of a session never expire once it was resumed in another version",
    RestartMergesDiscarded "restart-merges-discarded" [V5 "MQTT-3.1.2-4", V3_1_1 "MQTT-3.1.2-6"]
        "after a restart a session has the subscriptions of a discarded one of its client too",
    StagedNeedsItsAlias "staged-needs-its-alias" [V5 "MQTT-4.5.0-1"]
        "a QoS 2 message that named its topic by an alias is lost if it is released on a later connection",
    SharedLeavingDropsWaiting "shared-leaving-drops-waiting" [V5 "MQTT-4.5.0-1"]
        "what waits for an offline member of a Shared Subscription is lost when another member leaves",
    // What shows only beside another client.
    DupLeaksToNeighbours "dup-leaks-to-neighbours" [V5 "MQTT-4.3.2-2", V5 "MQTT-4.3.3-2", V3_1_1 "MQTT-4.3.2-1", V3_1_1 "MQTT-4.3.3-1"]
        "a message that was sent again to one client is sent to others for the first time with DUP 1",
    PubackSettlesNeighbours "puback-settles-neighbours" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "the PUBACK of one client ends the deliveries of the same message to others",
    SessionEndTakesItsMessages "session-end-takes-its-messages" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "the end of a session takes the messages of its client that wait for others",
    OfflineQos0EndsFanout "offline-qos0-ends-fanout" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "a message goes to no further session behind one that is offline and has it at QoS 0",
    NoLocalEndsFanout "no-local-ends-fanout" [V5 "MQTT-4.5.0-1"]
        "a message goes to no further session behind that of its publisher with No Local",
    NeighboursAliasLeaks "neighbours-alias-leaks" [V5 "MQTT-3.1.2-27"]
        "a client that allows no Topic Aliases gets the one that another client has for the same message",
    QueuedAgedByReading "queued-aged-by-reading" [V5 "MQTT-3.3.2-6"]
        "a waiting message that one session got has its age subtracted again for the next",
    RetainHandling1KnowsOthers "retain-handling-1-knows-others" [V5 "MQTT-3.3.1-10"]
        "Retain Handling 1 takes a filter that another client is subscribed to for an existing subscription",
    RetainedGoneWithCleanStart "retained-gone-with-clean-start" [V5 "RULE-4.1-1", V3_1_1 "MQTT-3.1.2-7", V3_1_1 "RULE-4.1-1"]
        "a clean start that discards a session clears the messages that its client retained",

    // What shows only after a takeover.
    TakeoverResendsWithoutDup "takeover-resends-without-dup" [V5 "MQTT-3.3.1-1", V3_1_1 "MQTT-3.3.1-1"]
        "a message that is sent again to a client that takes over has DUP 0",
    TakeoverLosesPacketsBehind "takeover-loses-packets-behind" [V5 "RULE-3.1.4-3", V3_1_1 "RULE-3.1.4-3"]
        "packets that arrive together with a CONNECT that takes over are discarded",
    TakeoverLosesIdentifiers "takeover-loses-identifiers" [V5 "MQTT-3.1.2-5", V5 "MQTT-3.3.4-3"]
        "the subscriptions of a session that is taken over have lost their Subscription Identifiers",
    TakeoverLosesShared "takeover-loses-shared" [V5 "MQTT-3.1.2-5"]
        "a session that is taken over has lost its Shared Subscriptions",
    TakeoverForgetsNoLocal "takeover-forgets-no-local" [V5 "MQTT-3.1.2-5", V5 "MQTT-3.8.3-3"]
        "the subscriptions of a session that is taken over have lost No Local",
    EndingSessionDoublesWill "ending-session-doubles-will" [V5 "MQTT-3.1.2-10"] seen ["fluxmq#597"]
        "a takeover that ends the session publishes a Will that has a delay twice",

    // What shows only behind a full window.
    WaitingLostOnClose "waiting-lost-on-close" [V5 "MQTT-4.5.0-1"]
        "messages that wait behind a full window are lost with the connection",
    FreshOvertakesQueued "fresh-overtakes-queued" [V5 "MQTT-4.6.0-5"]
        "new messages overtake those that wait since the session was offline",
    WillLostAtFullWindow "will-lost-at-full-window" [V5 "MQTT-4.5.0-1"]
        "a Will is lost to a client whose window is full",
    WaitingAliasUsed "waiting-alias-used" [V5 "RULE-3.3.4-2"]
        "the broker uses a Topic Alias that it set in a message which still waits behind a full window",
    KeepAliveOffWhileInflight "keep-alive-off-while-inflight" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "a silent client is not disconnected while it has messages to acknowledge",
    ExpiredBlocksQueue "expired-blocks-queue" [V5 "MQTT-4.5.0-1"]
        "a message that expired while it waited blocks later messages until the next acknowledgement",
    ReauthenticationFreesWindow "reauthentication-frees-window" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-2"]
        "a re-authentication makes room under the client's Receive Maximum",

    // What shows only after a restart.
    RestartLosesWaiting "restart-loses-waiting" [V5 "MQTT-4.5.0-1", V5 "MQTT-3.1.2-23"]
        "messages that wait behind a connected client's full window are lost by a restart",
    RestartLosesAssigned "restart-loses-assigned" [V5 "MQTT-3.1.2-23"]
        "sessions under an assigned client id are lost by a restart",
    RestartLosesBytes "restart-loses-bytes" [V5 "MQTT-3.3.1-9", V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-3.3.1-6", V3_1_1 "MQTT-4.4.0-1"]
        "payloads that are not text have replacement characters after a restart",
    RestartLosesSessionsOfV3 "restart-loses-sessions-of-v3" [V3_1_1 "MQTT-4.1.0-1"]
        "sessions of clients of 3.1.1 are lost by a restart",
    RestartMovesSharedBegun "restart-moves-shared-begun" [V5 "MQTT-4.8.2-4"]
        "a QoS 2 delivery begun with a member of a Shared Subscription moves to another by a restart",
    RestartLosesQos0Subscriptions "restart-loses-qos0-subscriptions" [V5 "MQTT-3.1.2-5", V3_1_1 "MQTT-3.1.2-4"]
        "subscriptions of QoS 0 are lost by a restart",

    // What shows only in another version.
    OtherVersionHidesSession "other-version-hides-session" [V5 "MQTT-3.2.2-3", V5 "MQTT-3.3.2-3", V3_1_1 "MQTT-3.2.2-2"]
        "CONNACK has Session Present 0 for a session that is resumed in another version",
    WillPropertiesUnsentToOlder "will-properties-unsent-to-older" [V5 "MQTT-3.1.2-8", V5 "MQTT-4.5.0-1"]
        "Wills with properties are not sent to clients of 3.1.1",
    OtherVersionLosesShared "other-version-loses-shared" [V5 "MQTT-3.1.2-5"]
        "Shared Subscriptions are lost once the session was resumed in another version",
    OtherVersionResendsWithoutDup "other-version-resends-without-dup" [V5 "MQTT-3.3.1-1", V3_1_1 "MQTT-3.3.1-1"]
        "a message that is sent again in another version has DUP 0",

    // What shows only beside another filter, or another subscription to the same one.
    RetainedNotForOverlapping "retained-not-for-overlapping" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        "a new subscription brings no retained messages that another subscription of the client matches",
    RetainHandling1KnowsShared "retain-handling-1-knows-shared" [V5 "MQTT-3.3.1-10"]
        "Retain Handling 1 takes a Shared Subscription to the same filter for an existing subscription",
    RetainHandling1NewByQos "retain-handling-1-new-by-qos" [V5 "MQTT-3.3.1-10"]
        "Retain Handling 1 takes a subscription with another QoS for a new one",
    RetainHandling2Sticks "retain-handling-2-sticks" [V5 "MQTT-3.8.4-4"]
        "subscribing again to a filter brings no retained messages if it had Retain Handling 2",
    ShareNameIsGroup "share-name-is-group" [V5 "RULE-4.8.2-1"] seen ["mqtt_cpp#716"]
        "Shared Subscriptions of one Share Name get one copy together, whatever their filters are",
    ShareNamesCaseFolded "share-names-case-folded" [V5 "RULE-4.8.2-1"]
        "Share Names that differ in case are one",
    SharedHashWithoutParent "shared-hash-without-parent" [V5 "MQTT-4.5.0-1", V5 "MQTT-4.7.3-4"]
        "a Shared Subscription that ends with # does not match the level above it",
    UnsubscribeCaseFolded "unsubscribe-case-folded" [V5 "MQTT-3.10.4-1", V3_1_1 "MQTT-3.10.4-1"]
        "UNSUBSCRIBE also deletes the subscriptions to filters that differ in case",
    IdentifiersUncounted "identifiers-uncounted" [V5 "MQTT-3.1.2-24"] seen ["mosquitto#3515"]
        "a message is too large for the client because of its Subscription Identifiers",

    // Sessions and Wills, with something else at the same time.
    DelayedWillEndsSession "delayed-will-ends-session" [V5 "MQTT-4.1.0-1"] seen ["mosquitto#1752"]
        "a session ends when its delayed Will is published",
    FormerUnlimitedKept "former-unlimited-kept" [V5 "MQTT-4.1.0-2"]
        "a session that was to last for ever is resumed with an expiry and never expires",
    ResumedDisconnectExpiryIgnored "resumed-disconnect-expiry-ignored" [V5 "MQTT-4.1.0-2"]
        "the Session Expiry Interval of DISCONNECT has no effect on a resumed connection",
    CleanStartLosesDelayedWill "clean-start-loses-delayed-will" [V5 "MQTT-3.1.2-8"] seen ["fluxmq#597"]
        "a clean start discards the delayed Will of the session that it ends",
    SessionPresentForExpired "session-present-for-expired" [V5 "MQTT-3.2.2-3"]
        "CONNACK has Session Present 1 where the session has expired",
    WillUnqueuedOffline "will-unqueued-offline" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "Wills do not wait for offline sessions",
    RetainedWillNotForwarded "retained-will-not-forwarded" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.2-8"]
        "a Will with Will Retain 1 is retained, and does not reach those who are subscribed",
    RetainedWillSticks "retained-will-sticks" [V5 "MQTT-3.3.1-5", V3_1_1 "MQTT-3.3.1-5"] seen ["mochi#153"]
        "a retained message that was a Will is not replaced",
    WillLostOnOversizedPacket "will-lost-on-oversized-packet" [V5 "MQTT-3.1.2-8"]
        "a packet above the announced Maximum Packet Size discards the Will",
    WillLostOnFailedReauthentication "will-lost-on-failed-reauthentication" [V5 "MQTT-3.1.2-8"]
        "a re-authentication that fails discards the Will",
    WillTooLargeSent "will-too-large-sent" [V5 "MQTT-3.1.2-24"]
        "Wills are sent whatever the client's Maximum Packet Size is",
    WaitedTooLargeSent "waited-too-large-sent" [V5 "MQTT-3.1.2-24"]
        "messages that waited are sent whatever the client's Maximum Packet Size is",

    // Exchanges, with something else at the same time.
    FirstSeenDupSwallowed "first-seen-dup-swallowed" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "a QoS 2 PUBLISH with DUP 1 that the server has not had before is acknowledged but delivered to no client",
    ResentQos1Unanswered "resent-qos1-unanswered" [V5 "MQTT-4.3.2-4", V3_1_1 "MQTT-4.3.2-2"]
        "a QoS 1 PUBLISH with DUP 1 is ignored on a resumed connection",
    RepeatedReleaseUnanswered "repeated-release-unanswered" [V5 "MQTT-4.3.3-11", V3_1_1 "MQTT-4.3.3-2"]
        "a PUBREL whose packet id is free is not answered",
    LostDuringReauthentication "lost-during-reauthentication" [V5 "MQTT-4.5.0-1"]
        "messages for a client that is authenticating again are lost",

    // Topics and what is counted.
    TopicsTrimmed "topics-trimmed" [V5 "RULE-4.7.3-1", V5 "MQTT-4.7.3-4", V3_1_1 "RULE-4.7.3-1", V3_1_1 "MQTT-4.7.3-4"]
        "spaces at the ends of topics and filters do not count",
    TopicsComposed "topics-composed" [V5 "MQTT-4.7.3-4", V3_1_1 "MQTT-4.7.3-4"]
        "a letter with a combining accent matches the accented letter",
    LevelsBeyond32Ignored "levels-beyond-32-ignored" [V5 "MQTT-4.7.3-4", V3_1_1 "MQTT-4.7.3-4"]
        "only the first 32 levels of topics and filters are compared",
    AliasesCut "aliases-cut" [V5 "MQTT-3.3.2-12", V5 "MQTT-3.3.2-3"]
        "Topic Aliases that differ by 256 are one",
    IdentifiersDroppedAtQos0 "identifiers-dropped-at-qos0" [V5 "MQTT-3.3.4-3"]
        "messages of QoS 0 do not carry the Subscription Identifier",
    LongSubscribePropertiesRefused "long-subscribe-properties-refused" [V5 "MQTT-3.8.4-1"]
        "a SUBSCRIBE with more than 127 bytes of properties ends the connection",
    // The same, in other pairs.
    TakeoverForgetsRetainAsPublished "takeover-forgets-retain-as-published" [V5 "MQTT-3.1.2-5", V5 "MQTT-3.3.1-13"]
        "the subscriptions of a session that is taken over have lost Retain As Published",
    PubrecSettlesNeighbours "pubrec-settles-neighbours" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "the PUBREC of one client ends the deliveries of the same message to others",
    WillLostOnAliasError "will-lost-on-alias-error" [V5 "MQTT-3.1.2-8"]
        "a Topic Alias that is not allowed discards the Will",
    RestartLosesTakenOver "restart-loses-taken-over" [V5 "MQTT-3.1.2-23", V3_1_1 "MQTT-4.1.0-1"]
        "sessions whose connection was taken over are lost by a restart",
    RetainedGoneWithTakeover "retained-gone-with-takeover" [V5 "RULE-4.1-1", V3_1_1 "MQTT-3.1.2-7", V3_1_1 "RULE-4.1-1"]
        "a takeover clears the messages that the client retained",
    RetainHandling1NewByOptions "retain-handling-1-new-by-options" [V5 "MQTT-3.3.1-10"]
        "Retain Handling 1 takes a subscription with other options for a new one",
    UserPropertiesUncounted "user-properties-uncounted" [V5 "MQTT-3.1.2-24"]
        "a message is too large for the client because of its User Properties",
    TooLargeEndsFanout "too-large-ends-fanout" [V5 "MQTT-4.5.0-1"]
        "a message goes to no further session behind one for whose client it is too large",
    ReauthenticationForgetsReceived "reauthentication-forgets-received" [V5 "MQTT-4.3.3-10"]
        "packet ids of QoS 2 messages that were received are forgotten by a re-authentication",
    CleanStartDoublesWill "clean-start-doubles-will" [V5 "MQTT-3.1.2-10"]
        "a clean start publishes the delayed Will of the session that it ends twice",
    // One part of a message, on a way on which the others keep it; and what shows only the second time.
    WaitingOrderLost "waiting-order-lost" [V5 "MQTT-3.3.2-18"]
        "messages that waited behind a full window have their User Properties in reverse order",
    WaitingQosRaised "waiting-qos-raised" [V5 "MQTT-3.8.4-8"]
        "messages that waited behind a full window are sent above the granted QoS",
    WaitingQosCut "waiting-qos-cut" [V5 "MQTT-3.8.4-8"]
        "messages that waited behind a full window are sent with QoS 1 at most",
    WaitingRetainPassedOn "waiting-retain-passed-on" [V5 "MQTT-3.3.1-12"]
        "messages that waited behind a full window keep RETAIN 1",
    WaitingExpiryAnew "waiting-expiry-anew" [V5 "MQTT-3.3.2-6"]
        "messages that waited behind a full window are sent with their whole Message Expiry Interval",
    WaitingFirstIdentifierAlone "waiting-first-identifier-alone" [V5 "MQTT-3.3.4-4"]
        "messages that waited behind a full window carry one Subscription Identifier only",
    WaitingBytesLost "waiting-bytes-lost" [V5 "MQTT-4.5.0-1"]
        "payloads that are not text have replacement characters if they waited behind a full window",
    QueuedBytesLost "queued-bytes-lost" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "payloads that are not text have replacement characters if they waited for an offline session",
    ResentOrderLost "resent-order-lost" [V5 "MQTT-3.3.2-18"]
        "messages are sent again with their User Properties in reverse order",
    ResentQosCut "resent-qos-cut" [V5 "MQTT-4.4.0-1", V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-4.4.0-1", V3_1_1 "MQTT-3.8.4-6"]
        "messages of QoS 2 are sent again with QoS 1",
    ResentRetainPassedOn "resent-retain-passed-on" [V5 "MQTT-3.3.1-12", V3_1_1 "MQTT-3.3.1-9"]
        "messages are sent again with their publisher's RETAIN 1",
    RetainedBytesLost "retained-bytes-lost" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        "retained payloads that are not text are sent with replacement characters",
    SharedOrderLost "shared-order-lost" [V5 "MQTT-3.3.2-18"]
        "messages of a Shared Subscription have their User Properties in reverse order",
    SharedQosCut "shared-qos-cut" [V5 "MQTT-4.8.2-3"]
        "messages of a Shared Subscription are sent with QoS 1 at most",
    SharedRetainPassedOn "shared-retain-passed-on" [V5 "MQTT-3.3.1-12"]
        "messages of a Shared Subscription keep RETAIN 1",
    SharedBytesLost "shared-bytes-lost" [V5 "RULE-4.8.2-1"]
        "payloads that are not text come by a Shared Subscription with replacement characters",
    HeldBackPropertiesLost "held-back-properties-lost" [V5 "MQTT-3.3.2-16", V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        "a message that is sent again late, because of the Receive Maximum, has no property but its expiry",
    HeldBackIdentifiersLost "held-back-identifiers-lost" [V5 "MQTT-3.3.4-3"]
        "a message that is sent again late, because of the Receive Maximum, carries no Subscription Identifier",
    HeldBackRetainLost "held-back-retain-lost" [V5 "MQTT-3.3.1-13", V5 "MQTT-4.4.0-1"]
        "a message that is sent again late, because of the Receive Maximum, has RETAIN 0",
    InheritedPropertiesLost "inherited-properties-lost" [V5 "MQTT-3.3.2-16", V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        "what passes to another member of a Shared Subscription has no property but its expiry",
    InheritedExpiryAnew "inherited-expiry-anew" [V5 "MQTT-3.3.2-6"]
        "what passes to another member of a Shared Subscription has its whole Message Expiry Interval",
    InheritedIdentifiersOfFormer "inherited-identifiers-of-former" [V5 "MQTT-3.3.4-3"]
        "what passes to another member of a Shared Subscription carries the former member's Subscription Identifier",
    InheritedQosOfFormer "inherited-qos-of-former" [V5 "MQTT-4.8.2-3"]
        "what passes to another member of a Shared Subscription has the QoS that the former was granted",
    InheritedRetainOfFormer "inherited-retain-of-former" [V5 "MQTT-3.3.1-12", V5 "MQTT-3.3.1-13"]
        "what passes to another member of a Shared Subscription goes by the former member's Retain As Published",
    InheritedNotForWildcards "inherited-not-for-wildcards" [V5 "RULE-4.8.2-2"] seen ["emqx#9094"]
        "nothing passes to another member of a Shared Subscription with a wildcard",
    InheritedNotAfterExpiry "inherited-not-after-expiry" [V5 "RULE-4.8.2-2"] seen ["emqx#12257"]
        "what waits for a member of a Shared Subscription is lost when that member's session expires",
    SharedResentWithoutDup "shared-resent-without-dup" [V5 "MQTT-3.3.1-1"]
        "a message of a Shared Subscription is sent again with DUP 0",
    SharedResentWithNewId "shared-resent-with-new-id" [V5 "MQTT-4.4.0-1"]
        "a message of a Shared Subscription is sent again with another packet id",
    WillNotTracked "will-not-tracked" [V5 "MQTT-4.3.2-3", V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.3.2-1", V3_1_1 "MQTT-4.4.0-1"]
        "Wills count as acknowledged once they were sent",
    WillResentWithoutDup "will-resent-without-dup" [V5 "MQTT-3.3.1-1", V3_1_1 "MQTT-3.3.1-1"]
        "a Will is sent again with DUP 0",
    WillLostOnReceiveMaximum "will-lost-on-receive-maximum" [V5 "MQTT-3.1.2-8"]
        "more messages than the server's Receive Maximum allows discard the Will",
    WillLostOnUnsupported "will-lost-on-unsupported" [V5 "MQTT-3.1.2-8"]
        "a packet that asks for what CONNACK says is not available discards the Will",
    WillLostOnMalformedPacket "will-lost-on-malformed-packet" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.2-8"]
        "a malformed packet discards the Will",
    ResumedWillDelayIgnored "resumed-will-delay-ignored" [V5 "MQTT-3.1.2-8"]
        "the Will of a connection that resumed a session is published at once whatever its delay",
    ResumedMaximumQosNotAnnounced "resumed-maximum-qos-not-announced" [V5 "MQTT-3.2.2-9"]
        "CONNACK does not announce the limited Maximum QoS where it resumes a session",
    ResumedServerKeepAliveNotAnnounced "resumed-server-keep-alive-not-announced" [V5 "MQTT-3.2.2-22"]
        "CONNACK does not announce the Server Keep Alive where it resumes a session",
    ResumedExpiryCutSilently "resumed-expiry-cut-silently" [V5 "MQTT-3.1.2-23"]
        "CONNACK does not announce a shorter Session Expiry Interval where it resumes a session",
    ResumedConnackMaximumQos2 "resumed-connack-maximum-qos-2" [V5 "RULE-3.2.2.3.4-2"] seen ["monster-mq#114"]
        "CONNACK has a Maximum QoS of 2 where it resumes a session",
    WildcardResubscribeKeepsOld "wildcard-resubscribe-keeps-old" [V5 "MQTT-3.8.4-3", V3_1_1 "MQTT-3.8.4-3"]
        "subscribing again to a filter with a wildcard changes nothing",
    ResumedResubscribeKeepsOld "resumed-resubscribe-keeps-old" [V5 "MQTT-3.8.4-3", V3_1_1 "MQTT-3.8.4-3"]
        "subscribing again to a filter of a resumed session changes nothing",
    UnsubscribeOfOldestAlone "unsubscribe-of-oldest-alone" [V5 "MQTT-3.10.4-2", V5 "MQTT-3.10.4-1", V3_1_1 "MQTT-3.10.4-2", V3_1_1 "MQTT-3.10.4-1"] seen ["LV-MQTT-Broker#176"]
        "UNSUBSCRIBE removes a subscription only if it is the client's oldest",
    IdentifierOfFirstFilterAlone "identifier-of-first-filter-alone" [V5 "MQTT-3.3.4-3", V5 "MQTT-3.8.4-5"]
        "of several filters in one SUBSCRIBE only the first has the Subscription Identifier",
    IdentifiersDroppedForWildcards "identifiers-dropped-for-wildcards" [V5 "MQTT-3.3.4-3"]
        "subscriptions with a wildcard have no Subscription Identifier",
    RemovedIdentifierStillSent "removed-identifier-still-sent" [V5 "MQTT-3.3.4-4", V5 "MQTT-3.10.4-2"]
        "messages carry the Subscription Identifier of a removed subscription that they would match",
    RetainedWildcardWithoutIdentifier "retained-wildcard-without-identifier" [V5 "MQTT-3.3.4-3"]
        "retained messages that a filter with a wildcard brings carry no Subscription Identifier",
    RetainedQosOfFormerGrant "retained-qos-of-former-grant" [V5 "MQTT-3.8.4-8", V5 "MQTT-3.8.4-3", V3_1_1 "MQTT-3.8.4-6", V3_1_1 "MQTT-3.8.4-3"]
        "subscribing again brings retained messages with the QoS that was granted before",
    RetainedIdentifierOfFormer "retained-identifier-of-former" [V5 "MQTT-3.3.4-3", V5 "MQTT-3.8.4-3"]
        "subscribing again brings retained messages with the former Subscription Identifier",
    RetainedQosOfReplaced "retained-qos-of-replaced" [V5 "MQTT-3.3.1-5", V3_1_1 "MQTT-3.3.1-5"] seen ["wolfMQTT#520"]
        "a retained message has the QoS of the one that it replaced",
    RetainedPropertiesAddUp "retained-properties-add-up" [V5 "MQTT-3.3.1-5", V5 "MQTT-3.3.2-17"]
        "a retained message has the User Properties of the one that it replaced besides its own",
    RepeatRetainsAgain "repeat-retains-again" [V5 "MQTT-4.3.3-10", V3_1_1 "MQTT-4.3.3-2"]
        "a repeated QoS 2 message with RETAIN 1 is retained again, in the place of a later one",
    RetainedOfOlderUnsentToNewer "retained-of-older-unsent-to-newer" [V5 "MQTT-3.3.1-9"] seen ["paho.mqtt.testing#51"]
        "messages that clients of 3.1.1 retained are not sent to clients of version 5",
    ResentByQos "resent-by-qos" [V5 "MQTT-4.6.0-5", V3_1_1 "MQTT-4.6.0-6"]
        "messages of QoS 1 are sent again before those of QoS 2",
    ResentByPacketId "resent-by-packet-id" [V5 "MQTT-4.6.0-5", V3_1_1 "MQTT-4.6.0-6"]
        "the lowest free packet id is used, and messages are sent again in the order of their ids",
    RestOfQueueReversed "rest-of-queue-reversed" [V5 "MQTT-4.6.0-5", V5 "MQTT-4.6.0-6", V3_1_1 "MQTT-4.6.0-6"] seen ["vmq_server#28"]
        "of what waits for an offline session, all that the window does not take at once arrives in reverse order",
    RepeatedPubrecMakesRoom "repeated-pubrec-makes-room" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-2"]
        "a repeated PUBREC frees room under the client's Receive Maximum",
    SubscribeFreesWindow "subscribe-frees-window" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-2"]
        "a SUBSCRIBE makes room under the client's Receive Maximum",
    DisconnectExpiryUnlimitedEnds "disconnect-expiry-unlimited-ends" [V5 "MQTT-3.1.2-23", V5 "MQTT-4.1.0-1"]
        "a DISCONNECT with the highest Session Expiry Interval ends the session at once",
    AliasUncounted "alias-uncounted" [V5 "MQTT-3.1.2-24"]
        "a message is too large for the client because of its Topic Alias",
    PacketIdUncounted "packet-id-uncounted" [V5 "MQTT-3.1.2-24"]
        "a message is too large for the client because of its packet id",
    SharedWaitingRefusesReconnect "shared-waiting-refuses-reconnect" [V5 "MQTT-3.1.4-5"] seen ["vernemq#1357"]
        "a client for whom messages of a Shared Subscription wait gets no answer to its CONNECT",
    SharedAccessUnasked "shared-access-unasked" [V5 "MQTT-3.8.4-7"]
        "a Shared Subscription is granted to a filter that its client may not have",
    LastSubscriberSetsOptions "last-subscriber-sets-options" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        "the QoS that one client is granted for a filter holds for the others with that filter too",
    ClientIdsTrimmed "client-ids-trimmed" [V5 "MQTT-3.1.3-2", V3_1_1 "MQTT-3.1.3-2"]
        "spaces at the ends of client ids do not count",
    ClientIdsComposed "client-ids-composed" [V5 "MQTT-3.1.3-2", V3_1_1 "MQTT-3.1.3-2"]
        "a letter with a combining accent in a client id is the same as the accented letter",
    ShareNamesCut "share-names-cut" [V5 "RULE-4.8.2-1"]
        "Share Names that are alike in their first eight characters are one",
    TooLargeTakesNextAlong "too-large-takes-next-along" [V5 "MQTT-3.1.2-25", V5 "MQTT-4.5.0-1"]
        "behind a message that is too large for the client the next one is lost",
    HalfReceivedCountOnResume "half-received-count-on-resume" [V5 "MQTT-4.3.3-8"]
        "QoS 2 messages that were received on an earlier connection count against the server's Receive Maximum",
    RetainedWillClearedOnReturn "retained-will-cleared-on-return" [V5 "RULE-4.1-1", V3_1_1 "MQTT-3.1.2-7", V3_1_1 "RULE-4.1-1"]
        "a client that comes back clears the message that was retained as its Will",
    ReauthenticationDropsSubscriptions "reauthentication-drops-subscriptions" [V5 "MQTT-4.5.0-1"]
        "a re-authentication removes the client's subscriptions",
    RetainedBeyond20Lost "retained-beyond-20-lost" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        "a subscription brings 20 retained messages at most",
    SubscriptionsBeyond20NotKept "subscriptions-beyond-20-not-kept" [V5 "MQTT-3.1.2-5", V3_1_1 "MQTT-3.1.2-4"]
        "a resumed session has 20 subscriptions at most",
    IdentifiersBeyondTwoLost "identifiers-beyond-two-lost" [V5 "MQTT-3.3.4-4"]
        "a message carries two Subscription Identifiers at most",
    OverlappingOfFirstTwo "overlapping-of-first-two" [V5 "MQTT-3.3.4-2", V3_1_1 "MQTT-3.3.5-1"]
        "only the first two of overlapping subscriptions decide the QoS",
    WillNotRetainedOnTakeover "will-not-retained-on-takeover" [V5 "MQTT-3.1.2-15", V3_1_1 "MQTT-3.1.2-17"]
        "a Will with Will Retain 1 that a takeover publishes is not retained",
    WillNotRetainedOnSilence "will-not-retained-on-silence" [V5 "MQTT-3.1.2-15", V3_1_1 "MQTT-3.1.2-17"]
        "a Will with Will Retain 1 that a Keep Alive timeout publishes is not retained",
    WillNotRetainedOnSessionEnd "will-not-retained-on-session-end" [V5 "MQTT-3.1.2-15"]
        "a Will with Will Retain 1 that the end of a session publishes is not retained",
    WillPropertiesLostOnTakeover "will-properties-lost-on-takeover" [V5 "MQTT-3.3.2-16", V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        "a Will that a takeover publishes has no property but its expiry",
    // Bytes.
    PiecesLost "pieces-lost" [V5 "MQTT-4.2.0-1", V3_1_1 "MQTT-7.1.1-1"]
        "the part of an incomplete packet that has arrived is lost",
    LengthNotMinimal "length-not-minimal" [V5 "MQTT-1.5.5-1"]
        "the Remaining Length of PINGRESP has an extra byte",
    ReservedFlagSet "reserved-flag-set" [V5 "MQTT-2.1.3-1", V3_1_1 "MQTT-2.2.2-1"]
        "a reserved flag of PINGRESP is set",
    PingreqAnsweredByPingreq "pingreq-answered-by-pingreq" [V5 "RULE-2.1.2-1", V3_1_1 "RULE-2.2.1-1"]
        "PINGREQ is answered with PINGREQ, which only clients may send",
    PingrespHasBody "pingresp-has-body" [V5 "RULE-2.1.1-1", V3_1_1 "RULE-2.1-1"]
        "PINGRESP has an extra byte",
    AcknowledgementsOfVersion5 "acknowledgements-of-version-5" [V3_1_1 "RULE-2.1-1"]
        "clients of 3.1.1 get acknowledgements in the form of version 5",
    PropertyLengthMissing "property-length-missing" [V5 "MQTT-2.2.2-1"]
        "SUBACK without properties lacks its Property Length",

    // WebSocket.
    TextFramesAccepted "text-frames-accepted" [V5 "MQTT-6.0.0-1", V3_1_1 "MQTT-6.0.0-1"]
        "packets in WebSocket text frames are processed",
    PacketsInTextFrames "packets-in-text-frames" [V5 "MQTT-6.0.0-1", V3_1_1 "MQTT-6.0.0-1"]
        "the server's packets are sent in WebSocket text frames",
    PacketsInContinuationFrames "packets-in-continuation-frames" [V5 "MQTT-6.0.0-1", V3_1_1 "MQTT-6.0.0-1"]
        "the server's packets are sent in WebSocket continuation frames without a message to continue",
    PacketsSpanNoFrames "packets-span-no-frames" [V5 "MQTT-6.0.0-2", V3_1_1 "MQTT-6.0.0-2"]
        "a packet that does not end in the WebSocket frame where it began is lost",
    OnePacketPerFrame "one-packet-per-frame" [V5 "MQTT-6.0.0-2", V3_1_1 "MQTT-6.0.0-2"]
        "only the first of several packets that end in one WebSocket frame is processed",
    FrameHeadersWhole "frame-headers-whole" [V5 "MQTT-4.2.0-1", V3_1_1 "MQTT-7.1.1-1"]
        seen ["mosquitto#3721"]
        "a WebSocket frame whose header arrives in pieces ends the connection",
    EmptyFrameEndsStream "empty-frame-ends-stream" [V5 "MQTT-6.0.0-2", V3_1_1 "MQTT-6.0.0-2"]
        seen ["mosquitto#3704"]
        "an empty WebSocket frame ends the connection",
    SubprotocolEchoed "subprotocol-echoed" [V5 "MQTT-6.0.0-4", V3_1_1 "MQTT-6.0.0-4"]
        "the first WebSocket subprotocol of the client's list is selected, whatever it is",
    SubprotocolNotReturned "subprotocol-not-returned" [V5 "MQTT-6.0.0-4", V3_1_1 "MQTT-6.0.0-4"]
        "the WebSocket upgrade is accepted without a subprotocol",
    LongFramesRefused "long-frames-refused" [V5 "MQTT-6.0.0-2", V3_1_1 "MQTT-6.0.0-2"]
        "a WebSocket frame of more than 65,535 bytes ends the connection",
    // Rules of WebSocket itself.
    PingBetweenFragmentsRefused "ping-between-fragments-refused" [V5 "MQTT-6.0.0-2", V5 "RFC 6455, 5.4", V3_1_1 "MQTT-6.0.0-2", V3_1_1 "RFC 6455, 5.4"]
        "a WebSocket ping between the fragments of a message ends the connection",
    PingFrameUnanswered "ping-frame-unanswered" [V5 "RFC 6455, 5.5.2", V3_1_1 "RFC 6455, 5.5.2"]
        "WebSocket pings are not answered",
    PingFrameWedges "ping-frame-wedges" [V5 "RFC 6455, 5.5.2", V3_1_1 "RFC 6455, 5.5.2"]
        "nothing that follows a WebSocket ping is read",
    PongWithOtherPayload "pong-with-other-payload" [V5 "RFC 6455, 5.5.3", V3_1_1 "RFC 6455, 5.5.3"]
        "a WebSocket pong has other bytes than the ping",
    CloseFrameIgnored "close-frame-ignored" [V5 "RFC 6455, 5.5.1", V3_1_1 "RFC 6455, 5.5.1"]
        "a WebSocket close frame has no effect: the connection lasts until the client ends it",
    FirstFragmentOnly "first-fragment-only" [V5 "RFC 6455, 5.4", V3_1_1 "RFC 6455, 5.4"]
        "only the first fragment of a WebSocket message is read",
    ServerFramesMasked "server-frames-masked" [V5 "RFC 6455, 5.1", V3_1_1 "RFC 6455, 5.1"]
        "the server masks its WebSocket frames",
    UnmaskedFramesAccepted "unmasked-frames-accepted" [V5 "RFC 6455, 5.1", V3_1_1 "RFC 6455, 5.1"]
        "WebSocket frames without a mask are accepted",
    FrameBitsIgnored "frame-bits-ignored" [V5 "RFC 6455, 5.2", V3_1_1 "RFC 6455, 5.2"]
        "reserved bits in WebSocket frames are ignored",
    FrameTypesIgnored "frame-types-ignored" [V5 "RFC 6455, 5.2", V3_1_1 "RFC 6455, 5.2"]
        "WebSocket frames of an unknown type are read like others",
    ControlFragmentsAccepted "control-fragments-accepted" [V5 "RFC 6455, 5.5", V3_1_1 "RFC 6455, 5.5"]
        "fragmented WebSocket control frames are accepted",
    LongControlsAccepted "long-controls-accepted" [V5 "RFC 6455, 5.5", V3_1_1 "RFC 6455, 5.5"]
        "WebSocket control frames of any length are accepted",
    SeveralSubprotocolsRefused "several-subprotocols-refused" [V5 "RFC 6455, 4.2.2", V3_1_1 "RFC 6455, 4.2.2"]
        "a WebSocket upgrade that offers more than one subprotocol is refused",
    ContinuationAccepted "continuation-accepted" [V5 "MQTT-6.0.0-1", V3_1_1 "MQTT-6.0.0-1", V5 "RFC 6455, 5.4"]
        "a WebSocket continuation frame without a message to continue is read like a binary one",
}

// What is wrong with a packet and is accepted: the packet is passed over and the connection goes on.
tolerated {
    IllFormedUtf8Ignored "ill-formed-utf8-ignored" [V5 "MQTT-1.5.4-1", V5 "RULE-1.5.4-1", V3_1_1 "MQTT-1.5.3-1"]
        "ill-formed UTF-8 is accepted",
    NullCharacterIgnored "null-character-ignored" [V5 "MQTT-1.5.4-2", V3_1_1 "MQTT-1.5.3-2"]
        "U+0000 in a string is accepted",
    StringPairIgnored "string-pair-ignored" [V5 "MQTT-1.5.7-1"]
        "ill-formed UTF-8 in a User Property is accepted",
    FlagsIgnored "flags-ignored" [V5 "MQTT-2.1.3-1", V5 "RULE-2.1.3-1"]
        "reserved flags in the fixed header of version 5 are accepted",
    FlagsIgnoredInV3 "flags-ignored-in-v3" [V3_1_1 "MQTT-2.2.2-1", V3_1_1 "MQTT-2.2.2-2"]
        "reserved flags in the fixed header of 3.1.1 are accepted",
    PubrelFlagsIgnored "pubrel-flags-ignored" [V5 "MQTT-3.6.1-1", V3_1_1 "MQTT-3.6.1-1"]
        "wrong flags of PUBREL are accepted",
    SubscribeFlagsIgnored "subscribe-flags-ignored" [V5 "MQTT-3.8.1-1", V3_1_1 "MQTT-3.8.1-1"]
        "wrong flags of SUBSCRIBE are accepted",
    UnsubscribeFlagsIgnored "unsubscribe-flags-ignored" [V5 "MQTT-3.10.1-1", V3_1_1 "MQTT-3.10.1-1"]
        "wrong flags of UNSUBSCRIBE are accepted",
    DisconnectFlagsIgnored "disconnect-flags-ignored" [V5 "MQTT-3.14.1-1", V3_1_1 "MQTT-3.14.1-1"]
        "wrong flags of DISCONNECT are accepted",
    AuthFlagsIgnored "auth-flags-ignored" [V5 "MQTT-3.15.1-1"]
        "wrong flags of AUTH are accepted",
    ClientPacketIdZeroIgnored "client-packet-id-zero-ignored" [V5 "MQTT-2.2.1-3", V3_1_1 "MQTT-2.3.1-1"]
        "a client's packet id of 0 is accepted",

    // CONNECT.
    UnknownProtocolIgnored "unknown-protocol-ignored" [V5 "MQTT-3.1.2-1", V3_1_1 "MQTT-3.1.2-1"]
        "a CONNECT of an unknown protocol is not answered, and the connection stays open",
    UnknownVersionIgnored "unknown-version-ignored" [V5 "MQTT-3.1.2-2", V3_1_1 "MQTT-3.1.2-2"]
        "a CONNECT of an unknown version is not answered, and the connection stays open",
    ConnectStructureIgnored "connect-structure-ignored" [V5 "MQTT-3.1.4-1", V5 "MQTT-3.1.2-16", V5 "MQTT-3.1.2-18"]
        "a CONNECT of version 5 with missing or extra bytes is accepted",
    ConnectStructureIgnoredInV3 "connect-structure-ignored-in-v3" [V3_1_1 "MQTT-3.1.4-1", V3_1_1 "MQTT-3.1.2-18", V3_1_1 "MQTT-3.1.2-20"]
        "a CONNECT of 3.1.1 with missing or extra bytes is accepted",
    ConnectReservedIgnored "connect-reserved-ignored" [V5 "MQTT-3.1.2-3", V5 "RULE-3.1.2.3-1", V3_1_1 "MQTT-3.1.2-3"]
        "a set reserved Connect Flag is accepted",
    WillFieldsMissingIgnored "will-fields-missing-ignored" [V5 "MQTT-3.1.2-9", V3_1_1 "MQTT-3.1.2-9"]
        "a Will Flag without a Will is accepted",
    WillQosWithoutWillIgnored "will-qos-without-will-ignored" [V5 "MQTT-3.1.2-11", V3_1_1 "MQTT-3.1.2-13", V3_1_1 "MQTT-3.1.2-11"]
        "a Will QoS without a Will is accepted",
    WillQos3Ignored "will-qos-3-ignored" [V5 "RULE-3.1.2.6-1", V5 "MQTT-3.1.2-12", V3_1_1 "MQTT-3.1.2-14"]
        "Will QoS 3 is accepted",
    WillRetainWithoutWillIgnored "will-retain-without-will-ignored" [V5 "MQTT-3.1.2-13", V3_1_1 "MQTT-3.1.2-15"]
        "Will Retain without a Will is accepted",
    UsernameMissingIgnored "username-missing-ignored" [V5 "MQTT-3.1.2-17", V3_1_1 "MQTT-3.1.2-19"]
        "a User Name Flag without a user name is accepted",
    PasswordMissingIgnored "password-missing-ignored" [V5 "MQTT-3.1.2-19", V3_1_1 "MQTT-3.1.2-21"]
        "a Password Flag without a password is accepted",
    PasswordWithoutUsernameIgnored "password-without-username-ignored" [V3_1_1 "MQTT-3.1.2-22"]
        "a password without a user name is accepted",
    ClientIdMissingIgnored "client-id-missing-ignored" [V5 "MQTT-3.1.3-3", V3_1_1 "MQTT-3.1.3-3"]
        "a CONNECT without a client id is accepted",
    ClientIdTextIgnored "client-id-text-ignored" [V5 "MQTT-3.1.3-4", V3_1_1 "MQTT-3.1.3-4"] in CONNECT "client_id"
        "ill-formed UTF-8 in a client id is accepted",
    WillTopicTextIgnored "will-topic-text-ignored" [V5 "MQTT-3.1.3-11", V3_1_1 "MQTT-3.1.3-10"] in CONNECT "will_topic"
        "ill-formed UTF-8 in a Will Topic is accepted",
    UsernameTextIgnored "username-text-ignored" [V5 "MQTT-3.1.3-12", V3_1_1 "MQTT-3.1.3-11"] in CONNECT "username"
        "ill-formed UTF-8 in a user name is accepted",

    // PUBLISH.
    PublishQos3Ignored "publish-qos-3-ignored" [V5 "MQTT-3.3.1-4", V5 "RULE-3.3.1.2-1", V3_1_1 "MQTT-3.3.1-4"]
        "QoS 3 in PUBLISH is accepted",
    TopicTextIgnored "topic-text-ignored" [V5 "MQTT-3.3.2-1", V3_1_1 "MQTT-3.3.2-1"] in PUBLISH "topic"
        "ill-formed UTF-8 in a Topic Name is accepted",
    NullInTopicIgnored "null-in-topic-ignored" [V5 "MQTT-4.7.3-2", V3_1_1 "MQTT-4.7.3-2"] in PUBLISH "topic"
        "U+0000 in a Topic Name is accepted",
    TopicWildcardIgnored "topic-wildcard-ignored" [V5 "MQTT-3.3.2-2", V3_1_1 "MQTT-3.3.2-2", V3_1_1 "MQTT-4.7.1-1"]
        "a wildcard in a PUBLISH is accepted",
    NameWildcardIgnored "name-wildcard-ignored" [V5 "MQTT-4.7.0-1", V5 "MQTT-3.3.2-2", V3_1_1 "MQTT-4.7.1-1"]
        "a wildcard in a Topic Name is accepted",
    TopicEmptyIgnored "topic-empty-ignored" [V5 "MQTT-4.7.3-1", V5 "RULE-3.3.2.1-1", V3_1_1 "MQTT-4.7.3-1"]
        "an empty topic is accepted",
    TopicAlias0Ignored "topic-alias-0-ignored" [V5 "MQTT-3.3.2-8"]
        "Topic Alias 0 is accepted",
    ResponseTopicTextIgnored "response-topic-text-ignored" [V5 "MQTT-3.3.2-13"] in PUBLISH "response_topic"
        "ill-formed UTF-8 in a Response Topic is accepted",
    ResponseTopicWildcardIgnored "response-topic-wildcard-ignored" [V5 "MQTT-3.3.2-14"]
        "a wildcard in a Response Topic is accepted",
    ContentTypeTextIgnored "content-type-text-ignored" [V5 "MQTT-3.3.2-19"] in PUBLISH "content_type"
        "ill-formed UTF-8 in a Content Type is accepted",

    // SUBSCRIBE and UNSUBSCRIBE.
    SubscribeEmptyIgnored "subscribe-empty-ignored" [V5 "MQTT-3.8.3-2", V5 "RULE-3.8.3-1", V3_1_1 "MQTT-3.8.3-3"]
        "a SUBSCRIBE without filters is accepted",
    SubscribeFilterTextIgnored "subscribe-filter-text-ignored" [V5 "MQTT-3.8.3-1", V3_1_1 "MQTT-3.8.3-1"] in SUBSCRIBE "filter"
        "ill-formed UTF-8 in a SUBSCRIBE is accepted",
    SubscribeQos3Ignored "subscribe-qos-3-ignored" [V5 "RULE-3.8.3.1-1", V3_1_1 "MQTT-3.8.3-4"]
        "QoS 3 in SUBSCRIBE is accepted",
    SubscribeReservedIgnored "subscribe-reserved-ignored" [V5 "MQTT-3.8.3-5", V3_1_1 "MQTT-3.8.3-4"]
        "reserved bits in SUBSCRIBE are accepted",
    RetainHandling3Ignored "retain-handling-3-ignored" [V5 "RULE-3.8.3.1-2"]
        "Retain Handling 3 is accepted",
    NoLocalOnSharedIgnored "no-local-on-shared-ignored" [V5 "MQTT-3.8.3-4"]
        "No Local on a Shared Subscription is accepted",
    MisplacedHashIgnored "misplaced-hash-ignored" [V5 "MQTT-4.7.1-1", V3_1_1 "MQTT-4.7.1-2"]
        "a misplaced # in a filter is granted",
    MisplacedPlusIgnored "misplaced-plus-ignored" [V5 "MQTT-4.7.1-2", V3_1_1 "MQTT-4.7.1-3"]
        "a misplaced + in a filter is granted",
    ShareNameEmptyIgnored "share-name-empty-ignored" [V5 "MQTT-4.8.2-1"]
        "a shared filter with an empty Share Name is granted",
    SharedFilterBrokenIgnored "shared-filter-broken-ignored" [V5 "MQTT-4.8.2-2"]
        "a shared filter with a wildcard in its Share Name, or with nothing after it, is granted",
    UnsubscribeEmptyIgnored "unsubscribe-empty-ignored" [V5 "MQTT-3.10.3-2", V5 "RULE-3.10.3-1", V3_1_1 "MQTT-3.10.3-2"]
        "an UNSUBSCRIBE without filters is accepted",
    UnsubscribeFilterTextIgnored "unsubscribe-filter-text-ignored" [V5 "MQTT-3.10.3-1", V3_1_1 "MQTT-3.10.3-1"] in UNSUBSCRIBE "filter"
        "ill-formed UTF-8 in an UNSUBSCRIBE is accepted",

    // Properties.
    PropertyNotAllowedIgnored "property-not-allowed-ignored" [V5 "RULE-2.2.2.2-1"]
        "a property that does not belong to its packet is accepted",
    SessionExpiryTwiceIgnored "session-expiry-twice-ignored" [V5 "RULE-3.1.2.11.2-2"]
        "two Session Expiry Intervals in CONNECT are accepted",
    ReceiveMaximum0Ignored "receive-maximum-0-ignored" [V5 "RULE-3.1.2.11.3-1"]
        "a Receive Maximum of 0, or two, in CONNECT is accepted",
    MaximumPacketSize0Ignored "maximum-packet-size-0-ignored" [V5 "RULE-3.1.2.11.4-1"]
        "a Maximum Packet Size of 0, or two, in CONNECT is accepted",
    TopicAliasMaximumTwiceIgnored "topic-alias-maximum-twice-ignored" [V5 "RULE-3.1.2.11.5-1"]
        "two Topic Alias Maximums in CONNECT are accepted",
    RequestResponseWrongIgnored "request-response-wrong-ignored" [V5 "RULE-3.1.2.11.6-1"]
        "a wrong Request Response Information is accepted",
    RequestProblemWrongIgnored "request-problem-wrong-ignored" [V5 "RULE-3.1.2.11.7-1"]
        "a wrong Request Problem Information is accepted",
    AuthMethodTwiceIgnored "auth-method-twice-ignored" [V5 "RULE-3.1.2.11.9-1"]
        "two Authentication Methods in CONNECT are accepted",
    AuthDataAloneIgnored "auth-data-alone-ignored" [V5 "RULE-3.1.2.11.10-1"]
        "Authentication Data without a method, or twice, is accepted",
    WillDelayTwiceIgnored "will-delay-twice-ignored" [V5 "RULE-3.1.3.2.2-1"]
        "two Will Delay Intervals are accepted",
    WillPayloadFormatTwiceIgnored "will-payload-format-twice-ignored" [V5 "RULE-3.1.3.2.3-1"]
        "two Payload Format Indicators of a Will are accepted",
    WillExpiryTwiceIgnored "will-expiry-twice-ignored" [V5 "RULE-3.1.3.2.4-1"]
        "two Message Expiry Intervals of a Will are accepted",
    WillPropertiesTwiceIgnored "will-properties-twice-ignored" [V5 "RULE-3.1.3.2.5-1"]
        "a Will's Content Type, Response Topic or Correlation Data twice is accepted",
    TopicAliasTwiceIgnored "topic-alias-twice-ignored" [V5 "RULE-3.3.2.3.4-1"]
        "two Topic Aliases are accepted",
    PublishPropertiesTwiceIgnored "publish-properties-twice-ignored" [V5 "RULE-3.3.2.3.5-1"]
        "a PUBLISH's Content Type, Response Topic or Correlation Data twice is accepted",
    SubscriptionIdentifier0Ignored "subscription-identifier-0-ignored" [V5 "RULE-3.8.2.1.2-1", V5 "RULE-3.3.2.3.8-1"]
        "a Subscription Identifier of 0, or two, is accepted",
    AuthMethodMissingIgnored "auth-method-missing-ignored" [V5 "RULE-3.15.2.2.2-1"]
        "AUTH without an Authentication Method, or with two, is accepted",
}
}
