//! The table of faults: name, clauses, and what the broker does wrong.

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
        "no CONNACK is sent for an accepted CONNECT",
    ConnackAfterMessages "connack-after-messages" [V5 "MQTT-3.2.0-1", V3_1_1 "MQTT-3.2.0-1"]
        "messages of a resumed session are sent before CONNACK",
    ConnackTwice "connack-twice" [V5 "MQTT-3.2.0-2", V3_1_1 "RULE-3.2-1"]
        "PINGREQ is answered with another CONNACK as well as PINGRESP",
    ConnackFlagsReserved "connack-flags-reserved" [V5 "MQTT-3.2.2-1", V3_1_1 "RULE-3.2.2.1-1"]
        "a reserved bit of the Connect Acknowledge Flags is set",
    ConnackCodeUnknown "connack-code-unknown" [V5 "MQTT-3.2.2-8"]
        "CONNACK for a refused CONNECT has a Reason Code that is not defined for CONNACK",
    RefusedConnectUnanswered "refused-connect-unanswered" [V3_1_1 "RULE-3.2.2.3-1"]
        "a refused CONNECT closes the connection without a CONNACK",
    LimitsRefuseUnanswered "limits-refuse-unanswered" [V3_1_1 "RULE-3.2.2.3-1"]
        "a CONNECT that exceeds a limit of the server closes the connection without a CONNACK",
    StrangersRefusedUnanswered "strangers-refused-unanswered" [V3_1_1 "RULE-3.2.2.3-1"]
        "a client that is banned or not authorized is refused without a CONNACK",
    RefusedConnectStaysOpen "refused-connect-stays-open" [V5 "MQTT-3.2.2-7", V5 "MQTT-4.13.2-1", V3_1_1 "MQTT-3.2.2-5"]
        "the connection stays open after a CONNACK that refuses the CONNECT",
    PacketsAfterRefusalProcessed "packets-after-refusal-processed" [V5 "MQTT-3.1.4-6", V3_1_1 "MQTT-3.1.4-5"]
        "a PUBLISH sent after a refused CONNECT is delivered",
    PacketsBehindConnectLost "packets-behind-connect-lost" [V5 "RULE-3.1.4-3", V3_1_1 "RULE-3.1.4-3"]
        "packets that arrive together with CONNECT are discarded",
    DisconnectBeforeConnack "disconnect-before-connack" [V5 "MQTT-3.14.0-1"]
        "a refused CONNECT is answered with DISCONNECT instead of CONNACK",
    WrongPasswordAccepted "wrong-password-accepted" [V5 "MQTT-3.1.4-2", V3_1_1 "RULE-3.1.4-2"]
        "any password is accepted for a known user name",
    WillAccessIgnored "will-access-ignored" [V5 "MQTT-3.1.4-2", V3_1_1 "RULE-3.1.4-2"]
        "a CONNECT is accepted although its client may not publish the Will",
    AccessByPrefix "access-by-prefix" [V5 "MQTT-4.7.3-4", V3_1_1 "MQTT-4.7.3-4"]
        "an access rule applies to every topic that starts with the text of its filter",
    AccessCaseFolded "access-case-folded" [V5 "MQTT-4.7.3-4", V3_1_1 "MQTT-4.7.3-4"]
        "access rules ignore the case of topics",
    AccessPlusCoversAll "access-plus-covers-all" [V5 "MQTT-4.7.3-4", V3_1_1 "MQTT-4.7.3-4"]
        "a + in an access rule matches any number of levels",
    AccessHashWithoutParent "access-hash-without-parent" [V5 "MQTT-4.7.3-4", V3_1_1 "MQTT-4.7.3-4"]
        "an access rule that ends with /# does not cover the parent level",
    AccessUserIgnored "access-user-ignored" [V5 "MQTT-3.8.4-7", V3_1_1 "MQTT-3.8.4-5"]
        "an access rule for one user applies to all users",
    AccessNameIsWildcard "access-name-is-wildcard" [V5 "MQTT-3.8.4-7", V3_1_1 "MQTT-3.8.4-5"]
        "a wildcard in a user name works as a wildcard in access rules that contain the user name",
    OtherUsersClientTakenOver "other-users-client-taken-over" [V5 "MQTT-3.1.4-2", V3_1_1 "RULE-3.1.4-2"]
        "with `client_ids: by_session`, the user of a session is not checked while its client is connected",
    OtherUsersStoredSessionOpen "other-users-stored-session-open" [V5 "MQTT-3.1.4-2", V3_1_1 "RULE-3.1.4-2"]
        "with `client_ids: by_session`, the user of a session is not checked while its client is offline",
    OtherUsersSessionDiscarded "other-users-session-discarded" [V5 "MQTT-3.1.4-2", V3_1_1 "RULE-3.1.4-2"]
        "with `client_ids: by_session`, the user of a session is not checked if the new client asks for a clean one",
    ClientIdsByUserByPrefix "client-ids-by-user-by-prefix" [V5 "MQTT-3.1.4-2", V3_1_1 "RULE-3.1.4-2"]
        "with `client_ids: by_user`, a Client Identifier need not have a colon behind the name of the user",
    ClientIdsByUserCaseFolded "client-ids-by-user-case-folded" [V5 "MQTT-3.1.4-2", V3_1_1 "RULE-3.1.4-2"]
        "with `client_ids: by_user`, the case of the user name does not count",
    UnknownAuthMethodAccepted "unknown-auth-method-accepted" [V5 "MQTT-4.12.0-1"]
        "a CONNECT with an unsupported Authentication Method is accepted",
    AuthMethodUnasked "auth-method-unasked" [V5 "MQTT-4.12.0-6"]
        "CONNACK has an Authentication Method although CONNECT had none",
    AuthWithoutMethodIgnored "auth-without-method-ignored" [V5 "MQTT-4.12.0-7", V5 "RULE-3.15-1"]
        "an AUTH from a client whose CONNECT had no Authentication Method is ignored",
    WrongProofAccepted "wrong-proof-accepted" [V5 "MQTT-3.1.4-2"]
        "a client that sends a wrong proof in an authentication exchange is accepted",
    ScramNonceUnchecked "scram-nonce-unchecked" [V5 "RFC 5802, 5.1"]
        "a client whose final SCRAM message does not repeat the server's nonce is accepted",
    ScramSignatureWrong "scram-signature-wrong" [V5 "RFC 5802, 3"]
        "the server's signature in a SCRAM exchange does not match the password",
    FailedAuthenticationStaysOpen "failed-authentication-stays-open" [V5 "MQTT-4.12.0-4"]
        "the connection stays open after a failed authentication exchange",
    ChallengeWithOtherCode "challenge-with-other-code" [V5 "MQTT-4.12.0-2"]
        "an AUTH that continues the exchange has Reason Code 0x00 (Success)",
    AuthAnswerCodeUnchecked "auth-answer-code-unchecked" [V5 "MQTT-4.12.0-3"]
        "a client's AUTH continues the exchange regardless of its Reason Code",
    AuthMethodNotRepeated "auth-method-not-repeated" [V5 "MQTT-4.12.0-5"]
        "the server's AUTH has a different Authentication Method from CONNECT",
    ConnackWithoutAuthMethod "connack-without-auth-method" [V5 "MQTT-4.12.0-5"]
        "CONNACK does not repeat the Authentication Method of CONNECT",
    AuthMethodChangeAccepted "auth-method-change-accepted" [V5 "MQTT-4.12.0-5", V5 "RULE-3.15-1"]
        "a client's AUTH with a different Authentication Method from its CONNECT is accepted",
    AuthUnasked "auth-unasked" [V5 "MQTT-4.12.0-6"]
        "AUTH is sent to a client whose CONNECT had no Authentication Method",
    PacketsDuringAuthenticationIgnored "packets-during-authentication-ignored" [V5 "MQTT-3.1.2-30", V5 "MQTT-3.1.0-2"]
        "packets from a client that is not yet authenticated do not close the connection",
    ReauthenticationMethodUnchecked "reauthentication-method-unchecked" [V5 "MQTT-4.12.1-1"]
        "re-authentication with a different Authentication Method is accepted",
    FailedReauthenticationIgnored "failed-reauthentication-ignored" [V5 "MQTT-4.12.1-2"]
        "the connection stays open after a failed re-authentication",
    AuthCodeUnknown "auth-code-unknown" [V5 "MQTT-3.15.2-1"]
        "the last AUTH of a re-authentication has a Reason Code that is not defined for AUTH",

    // Refused packets that take effect anyway.
    RefusedConnectTakesOver "refused-connect-takes-over" [V5 "RULE-3.1.4-4", V3_1_1 "RULE-3.1.4-4"]
        "a refused CONNECT disconnects the client that is using the Client Identifier",
    RefusedConnectWipesSession "refused-connect-wipes-session" [V5 "MQTT-3.1.2-23", V5 "RULE-3.1.4-4", V3_1_1 "MQTT-3.1.2-4"]
        seen ["nanomq#2333"] "a refused CONNECT with Clean Start 1 deletes the session",
    RefusedConnectForgetsSubscriptions "refused-connect-forgets-subscriptions" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "a refused CONNECT removes the subscriptions of the existing session",
    RefusedConnectEmptiesQueue "refused-connect-empties-queue" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-3.1.2-5"]
        "a refused CONNECT discards the messages queued for the session",
    RefusedConnectCreatesSession "refused-connect-creates-session" [V5 "MQTT-3.2.2-3", V3_1_1 "MQTT-3.2.2-3"]
        "a refused CONNECT creates a session",
    RefusedConnectPublishesWill "refused-connect-publishes-will" [V5 "MQTT-3.1.2-7", V3_1_1 "MQTT-3.1.2-8"]
        seen ["nanomq#2330", "emqx#1230"] "the Will of a refused CONNECT is published",
    RefusedConnectDisarmsWill "refused-connect-disarms-will" [V5 "MQTT-3.1.2-8"]
        "a refused CONNECT removes the Will of the session",
    RefusedConnectKeepsSessionAlive "refused-connect-keeps-session-alive" [V5 "MQTT-4.1.0-2"]
        "a session never expires after a refused CONNECT",
    SecondConnectWipesSession "second-connect-wipes-session" [V5 "MQTT-3.1.2-23", V3_1_1 "MQTT-3.1.2-4"]
        "a second CONNECT with Clean Start 1 deletes the session as it closes the connection",
    SecondConnectReplacesWill "second-connect-replaces-will" [V5 "MQTT-3.1.0-2", V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.0-2"]
        "a second CONNECT closes the connection, and its Will is published instead of the first one",
    RefusedPublishPassedOn "refused-publish-passed-on" [V5 "RULE-3.4.2.1-2", V5 "RULE-3.5.2.1-2", V3_1_1 "RULE-3.3.5-1"]
        "a message refused in PUBACK or PUBREC is forwarded, but not retained",
    RefusedPublishRetained "refused-publish-retained" [V5 "RULE-3.4.2.1-2", V5 "RULE-3.5.2.1-2", V3_1_1 "RULE-3.3.5-1"]
        "a message refused in PUBACK or PUBREC sets or clears the retained message, but is not forwarded",
    RefusedFilterBringsRetained "refused-filter-brings-retained" [V5 "MQTT-3.8.4-7", V3_1_1 "MQTT-3.8.4-5"]
        seen ["mochi#46"] "retained messages are sent for a filter that is refused in SUBACK",
    RefusedFilterSubscribed "refused-filter-subscribed" [V5 "MQTT-3.8.4-7", V3_1_1 "MQTT-3.8.4-5"]
        "a filter that is refused in SUBACK is subscribed anyway",
    NoRoomLeavesOldRetained "no-room-leaves-old-retained" [V5 "MQTT-3.3.1-5", V3_1_1 "MQTT-3.3.1-5", V3_1_1 "MQTT-3.3.1-7"]
        "a retained message that is too large to keep leaves the previous one of its topic",
    NoRoomLosesOthers "no-room-loses-others" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "messages with RETAIN 0 are refused or lost while there is no room for another retained message",
    NoRoomLosesRetained "no-room-loses-retained" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-4.5.0-1"]
        "an accepted message or Will that cannot be retained for lack of room reaches no subscriber either",
    DollarTopicsRefuseWills "dollar-topics-refuse-wills" [V5 "MQTT-3.1.4-5", V3_1_1 "MQTT-3.1.4-4"]
        "every CONNECT with a Will is refused if clients may not publish to topics that start with $",
    DollarWillPublished "dollar-will-published" [V5 "RULE-4.7.2-1", V3_1_1 "RULE-4.7.2-1"]
        "a Will is published to a topic that starts with $ although clients may not publish there",

    // Client identifiers.
    ClientIdsCaseFolded "client-ids-case-folded" [V5 "MQTT-3.1.3-2", V3_1_1 "MQTT-3.1.3-2"]
        "Client Identifiers that differ only in case share a session",
    ClientIdOf23BytesRefused "client-id-of-23-bytes-refused" [V5 "MQTT-3.1.3-5", V3_1_1 "MQTT-3.1.3-5"]
        "a Client Identifier of 23 bytes or more is refused",
    ClientIdInCapitalsRefused "client-id-in-capitals-refused" [V5 "MQTT-3.1.3-5", V3_1_1 "MQTT-3.1.3-5"]
        "a Client Identifier with a capital letter is refused",
    AssignedClientIdNotTold "assigned-client-id-not-told" [V5 "MQTT-3.2.2-16"]
        "CONNACK does not contain the Assigned Client Identifier",
    AssignedClientIdsAlike "assigned-client-ids-alike" [V5 "MQTT-3.2.2-16", V5 "MQTT-3.1.3-6", V3_1_1 "MQTT-3.1.3-6"]
        "all clients with an empty Client Identifier are assigned the same one",
    AssignedClientIdNotUsed "assigned-client-id-not-used" [V5 "MQTT-3.1.3-7"]
        "the session has a different Client Identifier from the one assigned in CONNACK",
    EmptyClientIdUncleanAccepted "empty-client-id-unclean-accepted" [V3_1_1 "MQTT-3.1.3-8", V3_1_1 "MQTT-3.1.3-7"]
        "an empty Client Identifier with Clean Session 0 is accepted",
    ClientIdRefusedWithOtherCode "client-id-refused-with-other-code" [V3_1_1 "MQTT-3.1.3-8", V3_1_1 "MQTT-3.1.3-9"]
        "CONNACK for a refused Client Identifier has 0x03 instead of 0x02",
    RefusedClientIdStaysOpen "refused-client-id-stays-open" [V5 "MQTT-3.1.3-8"]
        "the connection stays open after a CONNACK that refuses the Client Identifier",

    // Properties that CONNACK announces.
    WildcardsUnavailableUnannounced "wildcards-unavailable-unannounced" [V5 "RULE-3.2.2.3.11-1", V5 "MQTT-3.8.4-1"]
        "a broker that closes the connection because of a wildcard does not announce in CONNACK that it refuses them",
    IdentifiersUnavailableUnannounced "identifiers-unavailable-unannounced" [V5 "RULE-3.2.2.3.12-1"]
        "a broker that refuses Subscription Identifiers does not announce it in CONNACK",
    SharedUnavailableUnannounced "shared-unavailable-unannounced" [V5 "RULE-3.2.2.3.13-1"]
        "a broker that refuses Shared Subscriptions does not announce it in CONNACK",
    MaximumQosNotAnnounced "maximum-qos-not-announced" [V5 "MQTT-3.2.2-9"]
        "CONNACK does not announce a Maximum QoS below 2",
    SubscribeAboveMaximumQosRefused "subscribe-above-maximum-qos-refused" [V5 "MQTT-3.2.2-10"]
        "a SUBSCRIBE that requests more than the Maximum QoS is refused",
    PublishAboveMaximumQosAccepted "publish-above-maximum-qos-accepted" [V5 "MQTT-3.2.2-11", V5 "RULE-3.2.2.3.4-1"]
        "a PUBLISH above the announced Maximum QoS is accepted",
    WillAboveMaximumQosAccepted "will-above-maximum-qos-accepted" [V5 "MQTT-3.2.2-12"]
        "a Will above the Maximum QoS is accepted",
    WillRetainWithoutRetainAccepted "will-retain-without-retain-accepted" [V5 "MQTT-3.2.2-13"]
        "a Will with Will Retain 1 is accepted although Retain Available is 0",
    RetainWithoutRetainAccepted "retain-without-retain-accepted" [V5 "MQTT-3.2.2-14", V5 "RULE-3.2.2.3.5-1"]
        "a PUBLISH with RETAIN 1 is accepted although Retain Available is 0",
    OversizedPacketAccepted "oversized-packet-accepted" [V5 "MQTT-3.2.2-15", V5 "RULE-3.2.2.3.6-1"]
        "a packet larger than the announced Maximum Packet Size is accepted",
    WildcardsAcceptedUnavailable "wildcards-accepted-unavailable" [V5 "RULE-3.2.2.3.11-1", V3_1_1 "MQTT-3.8.3-2"]
        "a wildcard filter is granted although wildcards are not available",
    IdentifiersAcceptedUnavailable "identifiers-accepted-unavailable" [V5 "RULE-3.2.2.3.12-1"]
        "a Subscription Identifier is accepted although Subscription Identifiers are not available",
    SharedAcceptedUnavailable "shared-accepted-unavailable" [V5 "RULE-3.2.2.3.13-1"]
        "a Shared Subscription is granted although Shared Subscriptions are not available",
    ServerKeepAliveNotAnnounced "server-keep-alive-not-announced" [V5 "MQTT-3.2.2-22"]
        "a Server Keep Alive is enforced but not announced in CONNACK",
    ConnackMaximumQos2 "connack-maximum-qos-2" [V5 "RULE-3.2.2.3.4-2"]
        "CONNACK has a Maximum QoS of 2",
    ConnackLimitsZero "connack-limits-zero" [V5 "RULE-3.2.2.3.3-1", V5 "RULE-3.2.2.3.6-2"]
        "CONNACK has a Receive Maximum of 0 and a Maximum Packet Size of 0",
    ConnackAvailability2 "connack-availability-2" [V5 "RULE-3.2.2.3.5-2", V5 "RULE-3.2.2.3.11-2", V5 "RULE-3.2.2.3.12-2"]
        "Retain, Wildcard Subscription and Subscription Identifier Available have the value 2 in CONNACK",
    ConnackSharedAvailable2 "connack-shared-available-2" [V5 "RULE-3.2.2.3.13-2"]
        "Shared Subscription Available has the value 2 in CONNACK",
    ConnackNumbersTwice "connack-numbers-twice" [V5 "RULE-3.2.2.3.2-1", V5 "RULE-3.2.2.3.8-1", V5 "RULE-3.2.2.3.14-1"]
        "CONNACK contains Session Expiry Interval, Topic Alias Maximum and Server Keep Alive twice",
    ConnackTextsTwice "connack-texts-twice" [V5 "RULE-3.2.2.3.7-1", V5 "RULE-3.2.2.3.9-1", V5 "RULE-3.2.2.3.15-1"]
        "CONNACK contains Assigned Client Identifier, Reason String and Response Information twice",
    ConnackServerReferenceTwice "connack-server-reference-twice" [V5 "RULE-3.2.2.3.16-1"]
        "CONNACK contains Server Reference twice",
    ConnackAuthenticationTwice "connack-authentication-twice" [V5 "RULE-3.2.2.3.17-1", V5 "RULE-3.2.2.3.18-1"]
        "CONNACK contains Authentication Method and Authentication Data twice",
    ConnackTrailingByte "connack-trailing-byte" [V5 "RULE-3.2.3-1", V3_1_1 "RULE-3.2.1-1"]
        "CONNACK has an extra byte at the end",
    ResponseInformationUnasked "response-information-unasked" [V5 "MQTT-3.1.2-28"]
        "CONNACK has Response Information that the client did not request",
    ProblemInformationUnasked "problem-information-unasked" [V5 "MQTT-3.1.2-29"]
        "acknowledgements have a Reason String although the client set Request Problem Information to 0",

    // Keep Alive.
    KeepAliveNotEnforced "keep-alive-not-enforced" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "a silent client is never disconnected",
    KeepAliveSlow "keep-alive-slow" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "a silent client is disconnected only after twice its Keep Alive",
    KeepAliveTripled "keep-alive-tripled" [V5 "MQTT-3.2.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "the Keep Alive is enforced as if it were three times as long",
    KeepAliveNotFedByPublish "keep-alive-not-fed-by-publish" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "PUBLISH does not restart the Keep Alive timer",
    KeepAliveNotFedBySubscribe "keep-alive-not-fed-by-subscribe" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "SUBSCRIBE does not restart the Keep Alive timer",
    KeepAliveNotFedByUnsubscribe "keep-alive-not-fed-by-unsubscribe" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "UNSUBSCRIBE does not restart the Keep Alive timer",
    KeepAliveNotFedByPingreq "keep-alive-not-fed-by-pingreq" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "PINGREQ does not restart the Keep Alive timer",
    KeepAliveNotFedByPuback "keep-alive-not-fed-by-puback" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "PUBACK does not restart the Keep Alive timer",
    KeepAliveNotFedByPubrec "keep-alive-not-fed-by-pubrec" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "PUBREC does not restart the Keep Alive timer",
    KeepAliveNotFedByPubrel "keep-alive-not-fed-by-pubrel" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "PUBREL does not restart the Keep Alive timer",
    KeepAliveNotFedByPubcomp "keep-alive-not-fed-by-pubcomp" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "PUBCOMP does not restart the Keep Alive timer",
    KeepAliveNotFedByAuth "keep-alive-not-fed-by-auth" [V5 "MQTT-3.1.2-22"]
        "AUTH does not restart the Keep Alive timer",
    KeepAliveFedByServer "keep-alive-fed-by-server" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"] seen ["bifromq#260"]
        "packets sent to a client restart its Keep Alive timer",
    KeepAliveOnlyAtFirst "keep-alive-only-at-first" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "the Keep Alive is no longer enforced once the client has sent a packet after CONNECT",
    NoPingresp "no-pingresp" [V5 "MQTT-3.12.4-1", V3_1_1 "MQTT-3.12.4-1"]
        "PINGREQ is not answered",

    // Takeover.
    NoDisconnectOnTakeover "no-disconnect-on-takeover" [V5 "MQTT-3.1.4-3"]
        seen ["nanomq#1927", "emqx#3183", "hivemq-community-edition#100"]
        "the old connection is closed without DISCONNECT 0x8E on a takeover",
    TakeoverSaysAdministrativeAction "takeover-says-administrative-action" [V5 "MQTT-3.1.4-3"]
        "the old connection gets DISCONNECT 0x98 instead of 0x8E on a takeover",
    TakeoverLeavesOldOpen "takeover-leaves-old-open" [V5 "MQTT-3.1.4-3", V3_1_1 "MQTT-3.1.4-2"]
        "the old connection gets no DISCONNECT and stays open after a takeover",
    TakeoverLosesInflight "takeover-loses-inflight" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "messages unacknowledged by the old connection are not resent after a takeover",
    IdRefusedAfterTakeover "id-refused-after-takeover" [V5 "MQTT-3.1.4-5", V3_1_1 "MQTT-3.1.4-4"]
        "the next CONNECT after a takeover with the same Client Identifier is refused",

    // Closing a connection.
    DisconnectCodeUnknown "disconnect-code-unknown" [V5 "MQTT-3.14.2-1"]
        "the server's DISCONNECT has a Reason Code that is not defined for DISCONNECT",
    DisconnectHasSessionExpiry "disconnect-has-session-expiry" [V5 "MQTT-3.14.2-2"]
        "the server's DISCONNECT has a Session Expiry Interval",
    DisconnectWithoutClose "disconnect-without-close" [V5 "MQTT-3.14.4-2", V5 "MQTT-4.13.2-1"]
        "the connection stays open after the server's DISCONNECT",
    PacketAfterDisconnect "packet-after-disconnect" [V5 "MQTT-3.14.4-1"]
        "PINGRESP is sent after the server's DISCONNECT",
    ClientDisconnectLeftOpen "client-disconnect-left-open" [V5 "RULE-3.14.4-1", V3_1_1 "RULE-3.14.4-1", V3_1_1 "MQTT-3.14.4-1"]
        "the connection stays open after the client's DISCONNECT",
    ClientDisconnectCodeUnchecked "client-disconnect-code-unchecked" [V5 "MQTT-3.14.2-1", V5 "MQTT-3.1.2-8"]
        "a DISCONNECT with a Reason Code that clients must not send is treated as a normal one",
    ProtocolErrorIgnored "protocol-error-ignored" [V5 "MQTT-4.13.1-1", V3_1_1 "MQTT-4.8.0-1"]
        "a packet that only servers may send is ignored instead of closing the connection",
    FaultEndsAll "fault-ends-all" [V3_1_1 "RULE-4.8-1"]
        "a malformed packet from one client closes all connections",
    ErrorsWithoutDisconnect "errors-without-disconnect" [V5 "RULE-4.13.1-1"]
        "an error of the client closes the connection without DISCONNECT",

    // Wills.
    WillNotStored "will-not-stored" [V5 "MQTT-3.1.2-7", V3_1_1 "MQTT-3.1.2-8"]
        "the Will is not stored, and so never published",
    WillLostOn0x04 "will-lost-on-0x04" [V5 "MQTT-3.1.2-8"]
        "DISCONNECT 0x04 discards the Will",
    WillLostOnConnectionLoss "will-lost-on-connection-loss" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.2-8"]
        "a lost connection discards the Will",
    WillLostOnClientError "will-lost-on-client-error" [V5 "MQTT-3.1.2-8", V5 "MQTT-3.1.2-10"]
        "a DISCONNECT with Reason Code 0x80 or above discards the Will",
    WillLostOnKeepAliveTimeout "will-lost-on-keep-alive-timeout" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.2-8"]
        "a Keep Alive timeout discards the Will",
    WillLostOnProtocolError "will-lost-on-protocol-error" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.2-8"]
        "a protocol error discards the Will",
    WillLostOnServerDisconnect "will-lost-on-server-disconnect" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.2-8"]
        "a connection closed by the server discards the Will",
    WillLostOnTakeover "will-lost-on-takeover" [V5 "MQTT-3.1.2-8", V5 "RULE-3.1.4-2", V3_1_1 "MQTT-3.1.2-8"]
        "a takeover discards the Will of the old connection",
    WillLostOnSessionEnd "will-lost-on-session-end" [V5 "MQTT-3.1.2-8"]
        "the Will is discarded if the session ends before the Will Delay Interval has passed",
    WillPublishedOnNormalDisconnect "will-published-on-normal-disconnect" [V5 "MQTT-3.14.4-3", V5 "MQTT-3.1.2-10", V3_1_1 "MQTT-3.14.4-3"]
        "a normal DISCONNECT publishes the Will",
    WillKeptAfterPublishing "will-kept-after-publishing" [V5 "MQTT-3.1.2-10", V3_1_1 "MQTT-3.1.2-10"]
        "a published Will remains stored and is published again",
    WillOfEarlierConnection "will-of-earlier-connection" [V5 "MQTT-3.1.2-10", V3_1_1 "MQTT-3.1.2-12", V3_1_1 "MQTT-3.1.2-10"]
        "a connection without a Will inherits the Will of the previous connection",
    WillLate "will-late" [V5 "RULE-3.1.2.5-1", V3_1_1 "RULE-3.1.2.5-1"]
        "a Will is published a minute late if its session does not end",
    WillDelayIgnored "will-delay-ignored" [V5 "MQTT-3.1.2-8"]
        "the Will is published at once regardless of its Will Delay Interval",
    WillDelayNotCancelled "will-delay-not-cancelled" [V5 "MQTT-3.1.3-9"]
        "a reconnect within the Will Delay Interval publishes the Will instead of cancelling it",
    WillDelayProlongsSession "will-delay-prolongs-session" [V5 "MQTT-3.1.2-8"]
        "a session lasts until its Will Delay Interval has passed, even if it should expire before",
    WillDelayBehindShorter "will-delay-behind-shorter" [V5 "MQTT-3.1.2-8"]
        "a delayed Will is not published while a Will with a shorter delay is still waiting",
    WillDelayBehindLongest "will-delay-behind-longest" [V5 "MQTT-3.1.2-8"]
        "a delayed Will is not published while a Will with a delay longer by more than 2,147,483,647 s is waiting",
    WillsDueTogetherLost "wills-due-together-lost" [V5 "MQTT-3.1.2-8"]
        "of several Wills whose delays end within a second, only one is published",
    DelayedWillBlocksSubscribing "delayed-will-blocks-subscribing" [V5 "MQTT-4.5.0-1"]
        "subscribing again to an existing filter has no effect after a connection with a delayed Will",
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
        "CONNACK has Session Present 1 although no session existed",
    SessionPresentOnCleanStart "session-present-on-clean-start" [V5 "MQTT-3.2.2-2", V3_1_1 "MQTT-3.2.2-1"]
        "CONNACK has Session Present 1 after a CONNECT with Clean Start 1",
    SessionPresentOnRefusal "session-present-on-refusal" [V5 "MQTT-3.2.2-6", V3_1_1 "MQTT-3.2.2-4"]
        "a CONNACK that refuses the CONNECT has Session Present 1",
    UncleanStartRefusedWhenNew "unclean-start-refused-when-new" [V5 "MQTT-3.1.2-6", V3_1_1 "MQTT-3.1.2-4"]
        "a CONNECT with Clean Start 0 is refused if no session exists",
    CleanStartKeepsSubscriptions "clean-start-keeps-subscriptions" [V5 "MQTT-3.1.2-4", V5 "MQTT-3.1.4-4", V3_1_1 "MQTT-3.1.2-6"]
        "the old session's subscriptions survive a clean start",
    CleanStartKeepsQueue "clean-start-keeps-queue" [V5 "MQTT-3.1.2-4", V3_1_1 "MQTT-3.1.2-6", V3_1_1 "MQTT-3.1.4-3"]
        "messages queued for the old session are sent after a clean start",
    CleanStartKeepsReceived "clean-start-keeps-received" [V5 "MQTT-3.1.2-4", V3_1_1 "MQTT-3.1.2-6"]
        "packet identifiers of unreleased QoS 2 messages remain in use after a clean start",
    DiscardedSubscriptionBlocks "discarded-subscription-blocks" [V5 "MQTT-3.1.2-4", V3_1_1 "MQTT-3.1.2-6"]
        "subscribing to a filter of the old session has no effect after a clean start",
    SubscriptionsLostOnResume "subscriptions-lost-on-resume" [V5 "MQTT-3.1.2-5", V3_1_1 "MQTT-3.1.2-4"]
        "a resumed session loses its subscriptions",
    SessionLostOnDisconnect "session-lost-on-disconnect" [V5 "MQTT-3.1.2-23", V3_1_1 "MQTT-3.1.2-4", V3_1_1 "MQTT-4.1.0-1"]
        "every session ends when its connection closes",
    SessionEndsWhileConnected "session-ends-while-connected" [V5 "MQTT-4.1.0-1", V3_1_1 "MQTT-4.1.0-2"]
        "a connected session loses its subscriptions after its Session Expiry Interval (3.1.1: after two seconds)",
    CleanSessionOutlivesConnection "clean-session-outlives-connection" [V5 "MQTT-4.1.0-2", V5 "RULE-3.1.2.11.2-1", V3_1_1 "MQTT-3.1.2-6"]
        "a session that should end with its connection is kept",
    SessionNeverExpires "session-never-expires" [V5 "MQTT-4.1.0-2"]
        "a session is kept after its Session Expiry Interval has passed",
    SessionExpiresEarly "session-expires-early" [V5 "MQTT-3.1.2-23"]
        "a session ends after half of its Session Expiry Interval",
    SessionExpiryBehindShorter "session-expiry-behind-shorter" [V5 "MQTT-4.1.0-2"]
        "a session does not expire while a session with a shorter Session Expiry Interval is still waiting",
    SessionExpiryBehindLongest "session-expiry-behind-longest" [V5 "MQTT-4.1.0-2"]
        "a session does not expire while one with an expiry longer by more than 2,147,483,647 s is waiting",
    SessionsDueTogetherKept "sessions-due-together-kept" [V5 "MQTT-4.1.0-2"]
        "of several sessions that expire within a second, only one ends",
    PreviousExpiryKept "previous-expiry-kept" [V5 "MQTT-4.1.0-1"]
        "a resumed session loses its subscriptions when the expiry of the previous connection has passed",
    DiscardedExpiryKept "discarded-expiry-kept" [V5 "MQTT-4.1.0-1"]
        "a new session loses its subscriptions when the expiry of the discarded session has passed",
    ExpiryCutSilently "expiry-cut-silently" [V5 "MQTT-3.1.2-23"]
        "a Session Expiry Interval is shortened without being announced in CONNACK",
    DisconnectExpiryIgnored "disconnect-expiry-ignored" [V5 "MQTT-4.1.0-2"]
        "the Session Expiry Interval in DISCONNECT has no effect",
    ExpiryRaisedFromZero "expiry-raised-from-zero" [V5 "RULE-3.14.2.2.2-1", V5 "MQTT-4.13.1-1"]
        "DISCONNECT can set a Session Expiry Interval although CONNECT had 0",
    RestartLosesSessions "restart-loses-sessions" [V5 "MQTT-3.1.2-23", V3_1_1 "MQTT-4.1.0-1"]
        "a restart loses the stored sessions",
    RestartLosesInflight "restart-loses-inflight" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        seen ["mqtt-client#121"]
        "unacknowledged messages are not resent after a restart",
    RestartLosesReleases "restart-loses-releases" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        seen ["mqtt-client#121"]
        "an unacknowledged PUBREL is not resent after a restart",
    RestartForgetsReceived "restart-forgets-received" [V5 "MQTT-4.3.3-10", V3_1_1 "MQTT-4.3.3-2"]
        seen ["emqx#1481"]
        "a restart forgets the packet identifiers of received QoS 2 messages",
    RestartLosesQueue "restart-loses-queue" [V5 "MQTT-3.1.2-23", V3_1_1 "MQTT-4.1.0-1"]
        "a restart loses the messages queued for a session",
    NodeLossLosesSessions "node-loss-loses-sessions" [V5 "MQTT-3.1.2-23", V3_1_1 "MQTT-4.1.0-1"]
        "sessions are lost with the node that their clients were last connected to",
    NodeLossLosesSubscriptions "node-loss-loses-subscriptions" [V5 "MQTT-3.1.2-5", V3_1_1 "MQTT-3.1.2-4"]
        "a session loses its subscriptions with the node that its client was last connected to",
    NodeLossLosesQueue "node-loss-loses-queue" [V5 "MQTT-3.1.2-23", V3_1_1 "MQTT-4.1.0-1"]
        "the messages queued for a session are lost with the node that its client was last connected to",
    NodeLossLosesInflight "node-loss-loses-inflight" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "unacknowledged messages are not resent on another node when theirs is lost",
    NodeLossLosesReleases "node-loss-loses-releases" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "an unacknowledged PUBREL is not resent on another node when its node is lost",
    NodeLossForgetsReceived "node-loss-forgets-received" [V5 "MQTT-4.3.3-10", V3_1_1 "MQTT-4.3.3-2"]
        "the packet identifiers of received QoS 2 messages are lost with the node that received them",
    NodeLossLosesWills "node-loss-loses-wills" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.2-8"]
        seen ["emqx#1667"]
        "the Wills of clients on a lost node are never published",
    NodeLossLosesRetained "node-loss-loses-retained" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        "retained messages are lost with the node that received them",
    NodeLossKeepsSharedMembers "node-loss-keeps-shared-members" [V5 "RULE-4.8.2-1"]
        "every other message for a Shared Subscription goes to a member whose node is lost, although its session has ended",
    NodeLossUnsubscribesNeighbours "node-loss-unsubscribes-neighbours" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "connected clients of other nodes lose their subscriptions when a node is lost",
    NodeReturnBringsOldRetained "node-return-brings-old-retained" [V5 "MQTT-3.3.1-5", V5 "MQTT-3.3.1-6", V3_1_1 "MQTT-3.3.1-5", V3_1_1 "MQTT-3.3.1-10"]
        "a node that returns restores the retained messages of the time when it was lost",
    NodeReturnBringsOldSubscriptions "node-return-brings-old-subscriptions" [V5 "MQTT-3.10.4-2", V3_1_1 "MQTT-3.10.4-2"]
        "a node that returns restores the subscriptions of the time when it was lost",
    NodeReturnBringsEndedSessions "node-return-brings-ended-sessions" [V5 "MQTT-4.1.0-2", V5 "MQTT-3.2.2-3", V3_1_1 "MQTT-3.1.2-6"]
        "a node that returns restores sessions that have ended since it was lost",
    NodeReturnPublishesWillsAgain "node-return-publishes-wills-again" [V5 "MQTT-3.1.2-10", V3_1_1 "MQTT-3.1.2-10"]
        "a node that returns publishes the Wills of its lost connections again",
    PausedNodeMissesTakeover "paused-node-misses-takeover" [V5 "MQTT-3.1.4-3", V3_1_1 "MQTT-3.1.4-2"]
        "a connection on a paused node stays open when its client connects to another node",
    ReturnedNodeIsolated "returned-node-isolated" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "messages no longer pass between a node that was lost or paused and the others",
    ReturnedNodeLosesShared "returned-node-loses-shared" [V5 "RULE-4.8.2-1"]
        seen ["vernemq#595", "vernemq#1364", "emqx#3059"]
        "messages for Shared Subscriptions no longer pass between a node that was lost or paused and the others",
    RestartLosesSharedSubscriptions "restart-loses-shared-subscriptions" [V5 "MQTT-3.1.2-5"]
        seen ["moquette#802"]
        "a restart loses Shared Subscriptions",
    RestartLosesNoLocal "restart-loses-no-local" [V5 "MQTT-3.8.3-3"] seen ["artemis#4583"]
        "a restart loses the No Local option of subscriptions",
    RestartLosesRetainAsPublished "restart-loses-retain-as-published" [V5 "MQTT-3.3.1-13", V5 "MQTT-3.1.2-5"] seen ["artemis#4583"]
        "a restart loses the Retain As Published option of subscriptions",
    RestartLosesIdentifiers "restart-loses-identifiers" [V5 "MQTT-3.1.2-5"] seen ["artemis#4583"]
        "a restart loses the Subscription Identifiers of subscriptions",
    RestartLosesGrantedQos "restart-loses-granted-qos" [V5 "MQTT-3.1.2-5"]
        "a restart lowers subscriptions to QoS 0",
    RestartLosesWill "restart-loses-will" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.2-8"]
        "a restart loses the Wills of connected clients",
    RestartLosesDelayedWill "restart-loses-delayed-will" [V5 "MQTT-3.1.2-8"] seen ["moquette#770"]
        "a restart loses a Will whose Will Delay Interval has not yet passed",
    RestartBeginsExpiryAnew "restart-begins-expiry-anew" [V5 "MQTT-4.1.0-2"] seen ["mosquitto#2610"]
        "a restart starts the Session Expiry Interval again",
    RestartLosesSubscriptions "restart-loses-subscriptions" [V5 "MQTT-3.1.2-5", V3_1_1 "MQTT-3.1.2-4"]
        "a restart keeps sessions but loses their subscriptions",
    RestartLosesWildcards "restart-loses-wildcards" [V5 "MQTT-3.1.2-5"]
        "a restart loses subscriptions with a wildcard",
    RestartRestoresUnsubscribed "restart-restores-unsubscribed" [V5 "MQTT-3.10.4-2", V3_1_1 "MQTT-3.10.4-2"]
        "a restart restores removed subscriptions",
    RestartLosesProperties "restart-loses-properties" [V5 "MQTT-3.3.2-16", V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        "messages of a session lose all properties except their expiry in a restart",
    RestartLosesMessageIdentifiers "restart-loses-message-identifiers" [V5 "MQTT-3.3.4-3"]
        "messages queued across a restart carry no Subscription Identifier",
    RestartLosesMessageRetain "restart-loses-message-retain" [V5 "MQTT-3.3.1-13"]
        "messages queued across a restart have RETAIN 0",
    RestartCutsMessageQos "restart-cuts-message-qos" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        "messages queued across a restart are sent with QoS 1 at most",
    RestartReversesQueue "restart-reverses-queue" [V5 "MQTT-4.6.0-5", V3_1_1 "MQTT-4.6.0-6"]
        "messages queued across a restart are delivered in reverse order",
    RestartReversesInflight "restart-reverses-inflight" [V5 "MQTT-4.6.0-5", V3_1_1 "MQTT-4.6.0-6"]
        "messages are resent in reverse order after a restart",
    RestartSendsInflightAnew "restart-sends-inflight-anew" [V5 "MQTT-4.4.0-1", V5 "MQTT-3.3.1-1", V3_1_1 "MQTT-4.4.0-1"]
        "unacknowledged messages are sent as new after a restart, with DUP 0 and new packet identifiers",
    RestartRestoresAcknowledged "restart-restores-acknowledged" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "messages acknowledged before a restart are resent after it",
    RestartLosesMessageExpiry "restart-loses-message-expiry" [V5 "MQTT-3.3.2-5", V5 "MQTT-3.3.2-6"]
        "messages queued across a restart never expire",
    RestartLosesRetained "restart-loses-retained" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        "a restart keeps sessions but loses retained messages",
    RestartLosesRetainedProperties "restart-loses-retained-properties" [V5 "MQTT-3.3.2-16", V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        "retained messages lose all properties except their expiry in a restart",
    RestartRestoresCleared "restart-restores-cleared" [V5 "MQTT-3.3.1-6", V3_1_1 "MQTT-3.3.1-10"]
        "a restart restores cleared retained messages",
    RestartRestoresReplaced "restart-restores-replaced" [V5 "MQTT-3.3.1-5", V3_1_1 "MQTT-3.3.1-5"]
        "a restart restores a replaced retained message",
    RestartLosesWillDelay "restart-loses-will-delay" [V5 "MQTT-3.1.2-8"]
        "delayed Wills are published at once after a restart",
    RestartLosesWillProperties "restart-loses-will-properties" [V5 "MQTT-3.1.3-10", V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        "Wills lose their properties in a restart",
    RestartCutsWillQos "restart-cuts-will-qos" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        "Wills kept across a restart are published with QoS 1 at most",
    AliasesOutliveRestart "aliases-outlive-restart" [V5 "MQTT-3.3.2-7"]
        "a client's Topic Aliases are still valid after a restart",
    SessionExpiryLostOverRestart "session-expiry-lost-over-restart" [V5 "MQTT-4.1.0-2"]
        "sessions restored in a restart never expire",

    // Offline messages.
    OfflineQos1Lost "offline-qos1-lost" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-3.1.2-5", V3_1_1 "MQTT-4.5.0-1"]
        "QoS 1 messages for an offline session are lost",
    OfflineQos2Lost "offline-qos2-lost" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-3.1.2-5", V3_1_1 "MQTT-4.5.0-1"]
        "QoS 2 messages for an offline session are lost",
    OfflineOrderReversed "offline-order-reversed" [V5 "MQTT-4.6.0-5", V5 "MQTT-4.6.0-6", V3_1_1 "MQTT-4.6.0-6"]
        "messages queued for an offline session are delivered in reverse order",
    OfflineMessagesDoubled "offline-messages-doubled" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "messages queued for an offline session are delivered twice",
    OnlyOneSubscriberServed "only-one-subscriber-served" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "only one of several matching sessions receives the message",
    WindowShrinksOnResume "window-shrinks-on-resume" [V5 "MQTT-3.1.2-5", V3_1_1 "MQTT-3.1.2-5"]
        "each resumption shrinks the session's in-flight window by a tenth, until nothing is sent",

    WaitingOrderReversed "waiting-order-reversed" [V5 "MQTT-4.6.0-5", V5 "MQTT-4.6.0-6", V3_1_1 "MQTT-4.6.0-5"]
        "messages queued behind a connected client's full in-flight window are delivered in reverse order",

    // Redelivery.
    InflightNotResent "inflight-not-resent" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "unacknowledged PUBLISH packets are not resent on reconnect",
    PubrelNotResent "pubrel-not-resent" [V5 "MQTT-4.4.0-1", V5 "MQTT-4.3.3-5", V3_1_1 "MQTT-4.4.0-1"]
        "unacknowledged PUBREL packets are not resent on reconnect",
    PacketIdsGivenTwiceAfter20 "packet-ids-given-twice-after-20" [V5 "MQTT-2.2.1-4", V3_1_1 "MQTT-2.3.1-4"] seen ["hivemq-community-edition#574"]
        "after twenty deliveries, a message gets the packet identifier of the one in flight before it",
    Qos1ForgottenOnceSent "qos1-forgotten-once-sent" [V5 "MQTT-4.3.2-3", V3_1_1 "MQTT-4.3.2-1"]
        "a QoS 1 message is treated as acknowledged as soon as it is sent",
    Qos2ForgottenOnceSent "qos2-forgotten-once-sent" [V5 "MQTT-4.3.3-3", V3_1_1 "MQTT-4.3.3-1"]
        "a QoS 2 message is treated as acknowledged as soon as it is sent",
    DupFlagClearOnResend "dup-flag-clear-on-resend" [V5 "MQTT-3.3.1-1", V3_1_1 "MQTT-3.3.1-1"]
        "a resent PUBLISH has DUP 0",
    NewPacketIdOnResend "new-packet-id-on-resend" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1", V3_1_1 "MQTT-2.3.1-4"]
        "a resent PUBLISH has a new packet identifier",
    ResendOrderReversed "resend-order-reversed" [V5 "MQTT-4.6.0-5", V3_1_1 "MQTT-4.6.0-6"]
        "messages are resent in reverse order on reconnect",
    PubrelsResentByPacketId "pubrels-resent-by-packet-id" [V3_1_1 "MQTT-4.6.0-6"]
        "PUBREL packets are resent in the order of their packet identifiers",
    PubrelsResentInReverse "pubrels-resent-in-reverse" [V3_1_1 "MQTT-4.6.0-6"]
        "PUBREL packets are resent in the reverse order of their PUBREC packets",
    ResendWhileConnected "resend-while-connected" [V5 "MQTT-4.4.0-1"]
        "an unacknowledged PUBLISH is resent every five seconds on the same connection",
    PublishResentAfterPubrec "publish-resent-after-pubrec" [V5 "MQTT-4.3.3-6", V3_1_1 "MQTT-4.3.3-1"]
        "a QoS 2 PUBLISH is resent on reconnect although PUBREL was already sent",
    InflightExpires "inflight-expires" [V5 "MQTT-4.3.3-7"]
        "an unacknowledged message is not resent if it has expired",
    RefusedMessageResent "refused-message-resent" [V5 "MQTT-4.4.0-2"]
        "a message that the client refused is resent on reconnect",

    // QoS 1 and 2 messages from the broker.
    PacketIdAlwaysOneAtQos1 "packet-id-always-one-at-qos1" [V5 "MQTT-2.2.1-4", V5 "MQTT-4.3.2-1", V3_1_1 "MQTT-4.3.2-1"]
        "every QoS 1 PUBLISH has packet identifier 1, even if it is in use",
    PacketIdAlwaysOneAtQos2 "packet-id-always-one-at-qos2" [V5 "MQTT-2.2.1-4", V5 "MQTT-4.3.3-1", V3_1_1 "MQTT-4.3.3-1"]
        "every QoS 2 PUBLISH has packet identifier 1, even if it is in use",
    FirstPublishDupAtQos1 "first-publish-dup-at-qos1" [V5 "MQTT-4.3.2-2", V3_1_1 "MQTT-4.3.2-1"]
        "a QoS 1 PUBLISH has DUP 1 when it is sent for the first time",
    FirstPublishDupAtQos2 "first-publish-dup-at-qos2" [V5 "MQTT-4.3.3-2", V3_1_1 "MQTT-4.3.3-1"]
        "a QoS 2 PUBLISH has DUP 1 when it is sent for the first time",
    DupAtQos0 "dup-at-qos0" [V5 "MQTT-3.3.1-2", V5 "MQTT-4.3.1-1", V3_1_1 "MQTT-3.3.1-2", V3_1_1 "MQTT-4.3.1-1"]
        "a QoS 0 PUBLISH has DUP 1",
    DupPropagated "dup-propagated" [V5 "MQTT-3.3.1-3", V3_1_1 "MQTT-3.3.1-3"]
        "the DUP flag of the publisher is forwarded to subscribers",
    Qos0SentAtQos1 "qos0-sent-at-qos1" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        "a QoS 0 message is delivered at QoS 1",
    PacketIdAtQos0 "packet-id-at-qos0" [V5 "MQTT-2.2.1-2", V3_1_1 "MQTT-2.3.1-5"]
        "a QoS 0 PUBLISH has a packet identifier",
    PacketIdZero "packet-id-zero" [V5 "MQTT-2.2.1-4", V3_1_1 "MQTT-2.3.1-1"]
        "a QoS 1 or 2 PUBLISH has packet identifier 0",
    NoPubrel "no-pubrel" [V5 "MQTT-4.3.3-4", V3_1_1 "MQTT-4.3.3-1"]
        "PUBREC is not answered with PUBREL",
    NewBehindResentUnreleased "new-behind-resent-unreleased" [V5 "MQTT-4.3.3-4", V3_1_1 "MQTT-4.3.3-1"] seen ["mosquitto#3275"]
        "after twenty QoS 2 messages were resent, the PUBREC of a new one is not answered with PUBREL",
    PubrelOrderReversed "pubrel-order-reversed" [V3_1_1 "MQTT-4.6.0-6"]
        "PUBREL is delayed until PUBREC has arrived for all messages in flight, then sent in reverse order",
    PubrelOtherPacketId "pubrel-other-packet-id" [V5 "MQTT-4.3.3-4", V5 "MQTT-2.2.1-5", V3_1_1 "MQTT-2.3.1-6"]
        "PUBREL has a different packet identifier from PUBREC",
    PubrelCodeUnknown "pubrel-code-unknown" [V5 "MQTT-3.6.2-1"]
        "PUBREL has a Reason Code that is not defined for PUBREL",
    SendQuotaIgnored "send-quota-ignored" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-1", V5 "MQTT-4.9.0-2"]
        "more unacknowledged messages are sent than the client's Receive Maximum allows",
    SendQuotaNotReset "send-quota-not-reset" [V5 "RULE-4.9-1"]
        "messages left unacknowledged by an earlier connection use up send quota of the next one",
    ResendIgnoresReceiveMaximum "resend-ignores-receive-maximum" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-2"]
        seen ["moquette#858"]
        "all unacknowledged messages are resent at once regardless of the new connection's Receive Maximum",
    ResendHeldBackIsLost "resend-held-back-is-lost" [V5 "MQTT-4.4.0-1"]
        "unacknowledged messages beyond the new connection's Receive Maximum are never resent",
    OtherPacketsHeldByQuota "other-packets-held-by-quota" [V5 "MQTT-3.3.4-10", V5 "MQTT-4.9.0-3"]
        "PINGREQ is not answered while the send quota is exhausted",

    // QoS 1 and 2 messages to the broker.
    NoPuback "no-puback" [V5 "MQTT-4.3.2-4", V5 "MQTT-3.3.4-1", V3_1_1 "MQTT-4.3.2-2"]
        "a QoS 1 PUBLISH is not acknowledged",
    NoPubrec "no-pubrec" [V5 "MQTT-4.3.3-8", V5 "MQTT-3.3.4-1", V3_1_1 "MQTT-3.3.4-1"]
        "a QoS 2 PUBLISH is not acknowledged",
    NoPubcomp "no-pubcomp" [V5 "MQTT-4.3.3-11", V3_1_1 "MQTT-4.3.3-2"]
        "PUBREL is not answered with PUBCOMP",
    PubackOtherPacketId "puback-other-packet-id" [V5 "MQTT-2.2.1-5", V5 "MQTT-4.3.2-4", V3_1_1 "MQTT-2.3.1-6"]
        "PUBACK has a different packet identifier from PUBLISH",
    PubrecOtherPacketId "pubrec-other-packet-id" [V5 "MQTT-2.2.1-5", V5 "MQTT-4.3.3-8", V3_1_1 "MQTT-2.3.1-6"]
        "PUBREC has a different packet identifier from PUBLISH",
    PubcompOtherPacketId "pubcomp-other-packet-id" [V5 "MQTT-2.2.1-5", V5 "MQTT-4.3.3-11", V3_1_1 "MQTT-4.3.3-2"]
        "PUBCOMP has a different packet identifier from PUBREL",
    PubackCodeUnknown "puback-code-unknown" [V5 "MQTT-3.4.2-1"]
        "PUBACK has a Reason Code that is not defined for PUBACK",
    PubrecCodeUnknown "pubrec-code-unknown" [V5 "MQTT-3.5.2-1"]
        "PUBREC has a Reason Code that is not defined for PUBREC",
    PubcompCodeUnknown "pubcomp-code-unknown" [V5 "MQTT-3.7.2-1"]
        "PUBCOMP has a Reason Code that is not defined for PUBCOMP",
    Qos1RepeatSuppressed "qos1-repeat-suppressed" [V5 "MQTT-4.3.2-5", V3_1_1 "MQTT-4.3.2-2"]
        "a QoS 1 PUBLISH with DUP 1 and the packet identifier of the previous one is not delivered",
    Qos2DuplicateForwarded "qos2-duplicate-forwarded" [V5 "MQTT-4.3.3-10", V3_1_1 "MQTT-4.3.3-2"]
        "a duplicate QoS 2 PUBLISH is forwarded again",
    Qos2DuplicateInUse "qos2-duplicate-in-use" [V5 "MQTT-4.3.3-10"]
        "a duplicate QoS 2 PUBLISH is answered with PUBREC 0x91",
    Qos2SecondDuplicateRefused "qos2-second-duplicate-refused" [V5 "MQTT-4.3.3-10", V3_1_1 "MQTT-4.3.3-2"]
        "the second duplicate of a QoS 2 PUBLISH closes the connection",
    UnreleasedLostOnReconnect "unreleased-lost-on-reconnect" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "a QoS 2 message is forwarded at PUBREL, and lost if the connection closes before",
    ReceivedQos2ForgottenOnReconnect "received-qos2-forgotten-on-reconnect" [V5 "MQTT-4.3.3-10", V5 "MQTT-3.1.2-5", V3_1_1 "MQTT-4.3.3-2"]
        "a QoS 2 PUBLISH that is resent after a reconnect is forwarded again",
    Qos2IdNeverFreed "qos2-id-never-freed" [V5 "MQTT-4.3.3-12", V3_1_1 "MQTT-4.3.3-2"]
        "the packet identifier of a QoS 2 message remains in use after PUBCOMP",
    CompletedQos2IdDropped "completed-qos2-id-dropped" [V5 "MQTT-4.3.3-12", V3_1_1 "MQTT-4.3.3-2"]
        seen ["mosquitto#1322"]
        "the packet identifier of a completed QoS 2 message is treated as in use on the next connection",
    RefusedQos2IdStaysTaken "refused-qos2-id-stays-taken" [V5 "MQTT-4.3.3-9"]
        "the packet identifier of a QoS 2 message remains in use after a PUBREC that refuses it",
    ExpiredQos2NotCompleted "expired-qos2-not-completed" [V5 "MQTT-4.3.3-13"]
        "PUBREL for an expired message is not answered",
    ReceiveMaximumNotEnforced "receive-maximum-not-enforced" [V5 "MQTT-3.3.4-7", V5 "RULE-3.3.4-3"]
        "the server's Receive Maximum is not enforced",
    ReceiveMaximumRefusedByCode "receive-maximum-refused-by-code" [V5 "RULE-3.3.4-3", V5 "MQTT-3.3.4-7"]
        "a QoS 2 PUBLISH beyond the server's Receive Maximum is answered with PUBREC 0x97",
    RefusedPublishUnanswered "refused-publish-unanswered" [V3_1_1 "MQTT-3.3.5-2"]
        "an unauthorized PUBLISH is not acknowledged, and the connection stays open",

    // PUBLISH packets that the broker must refuse, and Topic Aliases of clients.
    IdentifierFromClientAccepted "identifier-from-client-accepted" [V5 "MQTT-3.3.4-6"]
        "a PUBLISH from a client with a Subscription Identifier is accepted",
    DollarTopicsExchanged "dollar-topics-exchanged" [V5 "RULE-4.7.2-1", V3_1_1 "RULE-4.7.2-1"]
        "clients can publish to topics that start with $ although the configuration forbids it",
    UnknownAliasIgnored "unknown-alias-ignored" [V5 "RULE-3.3.4-2"]
        "a PUBLISH with an unknown Topic Alias is ignored",
    AliasAboveMaximumAccepted "alias-above-maximum-accepted" [V5 "MQTT-3.2.2-17", V5 "MQTT-3.3.2-9", V5 "RULE-3.3.4-1"]
        "a Topic Alias above the announced Topic Alias Maximum is accepted",
    AliasAcceptedWithoutMaximum "alias-accepted-without-maximum" [V5 "MQTT-3.2.2-18", V5 "RULE-3.3.4-1"]
        "a Topic Alias is accepted although the Topic Alias Maximum is 0",
    HighestAliasRefused "highest-alias-refused" [V5 "MQTT-3.3.2-12"]
        "a Topic Alias equal to the announced Topic Alias Maximum is refused",
    AliasesOutliveConnection "aliases-outlive-connection" [V5 "MQTT-3.3.2-7"]
        "a client's Topic Aliases are still valid on its next connection",

    // Contents of messages to subscribers.
    ServerAliasAboveMaximum "server-alias-above-maximum" [V5 "MQTT-3.1.2-26", V5 "MQTT-3.3.2-11"]
        "the server uses a Topic Alias one above the client's Topic Alias Maximum",
    ServerAliasUnasked "server-alias-unasked" [V5 "MQTT-3.1.2-27"]
        "the server uses a Topic Alias although the client's Topic Alias Maximum is 0",
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
        "an expired message is delivered",
    MessageExpiryNotCounted "message-expiry-not-counted" [V5 "MQTT-3.3.2-6"]
        "the Message Expiry Interval is forwarded without subtracting the waiting time",
    MessageExpiryLostOverRestart "message-expiry-lost-over-restart" [V5 "MQTT-3.3.2-5", V5 "MQTT-3.3.2-6", V5 "RULE-3.3.1.3-3"]
        "retained messages lose their Message Expiry Interval in a restart",
    MaximumPacketSizeIgnored "maximum-packet-size-ignored" [V5 "MQTT-3.1.2-24"]
        "a PUBLISH larger than the client's Maximum Packet Size is sent",
    OversizedMessageBlocks "oversized-message-blocks" [V5 "MQTT-3.1.2-25"]
        "a message too large for the client blocks all later messages",

    // Retained messages.
    RetainedNotStored "retained-not-stored" [V5 "MQTT-3.3.1-5", V3_1_1 "MQTT-3.3.1-5"]
        "a QoS 1 or 2 message with RETAIN 1 is not retained",
    RetainedQos0NotStored "retained-qos0-not-stored" [V5 "RULE-3.3.1.3-1", V3_1_1 "MQTT-3.3.1-7"]
        "a QoS 0 message with RETAIN 1 is not retained, and the previous retained message is kept",
    RetainedNotReplaced "retained-not-replaced" [V5 "MQTT-3.3.1-5", V3_1_1 "MQTT-3.3.1-6"]
        "a retained message is not replaced by a later one",
    EmptyRetainedDoesNotClear "empty-retained-does-not-clear" [V5 "MQTT-3.3.1-6", V3_1_1 "MQTT-3.3.1-10"]
        "an empty payload with RETAIN 1 does not clear the retained message",
    EmptyRetainedStored "empty-retained-stored" [V5 "MQTT-3.3.1-7", V3_1_1 "MQTT-3.3.1-11"]
        "an empty payload with RETAIN 1 is retained as a message",
    EmptyRetainedNotForwarded "empty-retained-not-forwarded" [V5 "MQTT-3.3.1-6", V3_1_1 "MQTT-3.3.1-10", V3_1_1 "RULE-3.3.1.3-1"]
        "a message with RETAIN 1 and an empty payload is not forwarded to subscribers",
    UnretainedStored "unretained-stored" [V5 "MQTT-3.3.1-8", V3_1_1 "MQTT-3.3.1-12"]
        "a message with RETAIN 0 is retained",
    UnretainedClears "unretained-clears" [V5 "MQTT-3.3.1-8", V3_1_1 "MQTT-3.3.1-12"]
        "a message with RETAIN 0 clears the retained message",
    RetainedNotSent "retained-not-sent" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        "retained messages are not sent to a new subscription",
    RetainedNotSentAgain "retained-not-sent-again" [V5 "MQTT-3.8.4-4", V3_1_1 "MQTT-3.8.4-3"]
        "retained messages are not sent when a client subscribes again to an existing filter",
    RetainedFirstMatchAlone "retained-first-match-alone" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        seen ["emqx#3621", "emqx#11982"]
        "only the first matching retained message is sent for a filter with a wildcard",
    RetainedOfBothWildcardsLost "retained-of-both-wildcards-lost" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        seen ["async_mqtt#442"]
        "no retained messages are sent for a filter with both + and #",
    RetainedByPrefix "retained-by-prefix" [V5 "MQTT-3.3.2-3", V5 "MQTT-4.7.3-4", V3_1_1 "MQTT-3.3.2-3"]
        "retained messages are sent for a filter if their topic starts with its text",
    RetainedWildcardMatchesDollar "retained-wildcard-matches-dollar" [V5 "MQTT-4.7.2-1", V3_1_1 "MQTT-4.7.2-1"]
        "retained messages of topics that start with $ are sent for a filter with a leading wildcard",
    NoLocalLosesRetained "no-local-loses-retained" [V5 "MQTT-3.3.1-9"]
        "no retained messages are sent to a subscription with No Local, even those of other publishers",
    RetainHandling1Repeats "retain-handling-1-repeats" [V5 "MQTT-3.3.1-10"]
        "retained messages are sent to an existing subscription despite Retain Handling 1",
    RetainHandling1Silent "retain-handling-1-silent" [V5 "MQTT-3.3.1-10"]
        "no retained messages are sent to a new subscription with Retain Handling 1",
    RetainHandling2Sends "retain-handling-2-sends" [V5 "MQTT-3.3.1-11"]
        "retained messages are sent despite Retain Handling 2",
    RetainedSentOnResume "retained-sent-on-resume" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        "retained messages are sent again when a session is resumed",
    RetainFlagLost "retain-flag-lost" [V5 "RULE-3.3.1.3-2", V3_1_1 "MQTT-3.3.1-8"]
        "a retained message is sent to a new subscriber with RETAIN 0",
    RetainFlagKeptLive "retain-flag-kept-live" [V5 "MQTT-3.3.1-12", V3_1_1 "MQTT-3.3.1-9"]
        "a message with RETAIN 1 keeps RETAIN 1 when forwarded to an established subscription",
    RetainAsPublishedIgnored "retain-as-published-ignored" [V5 "MQTT-3.3.1-13"]
        "Retain As Published has no effect",
    RetainAsPublishedLostOffline "retain-as-published-lost-offline" [V5 "MQTT-3.3.1-13"]
        "Retain As Published has no effect on messages queued for an offline session",
    ExpiredRetainedSent "expired-retained-sent" [V5 "RULE-3.3.1.3-3"]
        "an expired retained message is sent to a new subscriber",
    RetainedGoneWithSession "retained-gone-with-session" [V5 "RULE-4.1-1", V3_1_1 "MQTT-3.1.2-7", V3_1_1 "RULE-4.1-1"]
        "the end of a session clears the retained messages of its client",
    RetainedSentToShared "retained-sent-to-shared" [V5 "RULE-3.8.4-2"]
        "retained messages are sent to a new Shared Subscription",

    // Subscribing.
    NoSuback "no-suback" [V5 "MQTT-3.8.4-1", V3_1_1 "MQTT-3.8.4-1"]
        "SUBSCRIBE is not acknowledged",
    SubackOtherPacketId "suback-other-packet-id" [V5 "MQTT-3.8.4-2", V5 "MQTT-2.2.1-6", V3_1_1 "MQTT-3.8.4-2"]
        "SUBACK has a different packet identifier from SUBSCRIBE",
    SubackOrderReversed "suback-order-reversed" [V5 "MQTT-3.9.3-1", V3_1_1 "MQTT-3.9.3-1"]
        "SUBACK has its Reason Codes in reverse order",
    SubackCodeMissing "suback-code-missing" [V5 "MQTT-3.8.4-6", V3_1_1 "MQTT-3.8.4-5"]
        "SUBACK for several filters lacks the last Reason Code",
    SubackRefusalLeftOut "suback-refusal-left-out" [V5 "MQTT-3.8.4-6", V3_1_1 "MQTT-3.8.4-5"]
        "SUBACK has no Reason Code for a refused filter",
    SubackRefusalShownGranted "suback-refusal-shown-granted" [V5 "MQTT-3.8.4-7", V3_1_1 "MQTT-3.8.4-5"]
        "SUBACK reports QoS 0 as granted for a refused filter",
    RefusedFilterEndsPacket "refused-filter-ends-packet" [V5 "MQTT-3.8.4-5", V3_1_1 "MQTT-3.8.4-4"]
        "all filters after a refused one in a SUBSCRIBE are refused too",
    SubackCodeUnknown "suback-code-unknown" [V5 "MQTT-3.9.3-2", V5 "MQTT-3.8.4-7", V3_1_1 "MQTT-3.9.3-2"]
        "SUBACK has a Reason Code that is not defined for SUBACK",
    SubackShowsQos0 "suback-shows-qos0" [V5 "MQTT-3.8.4-7", V3_1_1 "MQTT-3.8.4-5"]
        "SUBACK reports QoS 0 whatever QoS was granted",
    OnlyFirstFilterSubscribed "only-first-filter-subscribed" [V5 "MQTT-3.8.4-5", V3_1_1 "MQTT-3.8.4-4"]
        "only the first of several filters in one SUBSCRIBE has an effect",
    ResubscribeKeepsOld "resubscribe-keeps-old" [V5 "MQTT-3.8.4-3", V3_1_1 "MQTT-3.8.4-3"]
        "subscribing again to a filter does not replace the existing subscription",
    ResubscribeDropsQueue "resubscribe-drops-queue" [V5 "MQTT-3.8.4-4", V3_1_1 "MQTT-3.8.4-3"]
        "subscribing again to a filter discards all messages queued for the session",
    QosNotLowered "qos-not-lowered" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        "messages are delivered at the publisher's QoS, even above the granted QoS",
    QosLoweredTooFar "qos-lowered-too-far" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        "QoS 2 messages are delivered at QoS 1 to a QoS 2 subscription",
    OverlappingLowestQos "overlapping-lowest-qos" [V5 "MQTT-3.3.4-2", V3_1_1 "MQTT-3.3.5-1"]
        "overlapping subscriptions receive a message at the lowest of their QoS levels",
    OverlappingFirstQos "overlapping-first-qos" [V5 "MQTT-3.3.4-2", V3_1_1 "MQTT-3.3.5-1"]
        "the first overlapping subscription that is found decides the QoS of a message",
    OverlappingLastQos "overlapping-last-qos" [V5 "MQTT-3.3.4-2", V3_1_1 "MQTT-3.3.5-1"]
        "the last overlapping subscription that is found decides the QoS of a message",
    IdentifiersDropped "identifiers-dropped" [V5 "MQTT-3.3.4-3"]
        "messages do not carry the Subscription Identifier",
    RetainedWithoutIdentifier "retained-without-identifier" [V5 "MQTT-3.3.4-3"]
        "retained messages do not carry the Subscription Identifier",
    OnlyFirstIdentifier "only-first-identifier" [V5 "MQTT-3.3.4-4"]
        "a message for overlapping subscriptions carries only the first Subscription Identifier",
    CopiesWithoutIdentifier "copies-without-identifier" [V5 "MQTT-3.3.4-5", V5 "MQTT-3.3.4-3"]
        "overlapping subscriptions receive one copy each, without Subscription Identifiers",
    NoLocalIgnored "no-local-ignored" [V5 "MQTT-3.8.3-3"]
        "No Local has no effect",
    WildcardMatchesDollar "wildcard-matches-dollar" [V5 "MQTT-4.7.2-1", V3_1_1 "MQTT-4.7.2-1"]
        "a filter that starts with a wildcard matches topics that start with $",
    TopicsCaseFolded "topics-case-folded" [V5 "MQTT-4.7.3-4", V3_1_1 "MQTT-4.7.3-4"]
        "filters match topics that differ only in case",
    LeadingSlashIgnored "leading-slash-ignored" [V5 "RULE-4.7.3-1", V3_1_1 "RULE-4.7.3-1"]
        "a leading slash in a topic is ignored",

    // Unsubscribing.
    NoUnsuback "no-unsuback" [V5 "MQTT-3.10.4-4", V3_1_1 "MQTT-3.10.4-4"]
        "UNSUBSCRIBE is not acknowledged",
    NoUnsubackForNothing "no-unsuback-for-nothing" [V5 "MQTT-3.10.4-5", V3_1_1 "MQTT-3.10.4-5"]
        "an UNSUBSCRIBE that deletes no subscription is not acknowledged",
    UnsubackOtherPacketId "unsuback-other-packet-id" [V5 "MQTT-3.10.4-5", V5 "MQTT-2.2.1-6", V3_1_1 "MQTT-2.3.1-7"]
        "UNSUBACK has a different packet identifier from UNSUBSCRIBE",
    UnsubackOrderReversed "unsuback-order-reversed" [V5 "MQTT-3.11.3-1"]
        "UNSUBACK has its Reason Codes in reverse order",
    UnsubackCodeUnknown "unsuback-code-unknown" [V5 "MQTT-3.11.3-2"]
        "UNSUBACK has a Reason Code that is not defined for UNSUBACK",
    UnsubscribeIgnored "unsubscribe-ignored" [V5 "MQTT-3.10.4-2", V5 "MQTT-3.10.4-1", V3_1_1 "MQTT-3.10.4-2"]
        "messages are still delivered after UNSUBSCRIBE",
    UnsubscribeByMatch "unsubscribe-by-match" [V5 "MQTT-3.10.4-1", V3_1_1 "MQTT-3.10.4-1"]
        "UNSUBSCRIBE also removes other subscriptions that its filter matches",
    UnsubscribeOfWildcardIgnored "unsubscribe-of-wildcard-ignored" [V5 "MQTT-3.10.4-1", V3_1_1 "MQTT-3.10.4-1"]
        "UNSUBSCRIBE does not remove a subscription with a wildcard",
    UnsubscribeRemovesShared "unsubscribe-removes-shared" [V5 "MQTT-3.10.4-1"]
        "UNSUBSCRIBE also removes Shared Subscriptions to the same filter",
    UnsubscribeOfSharedRemovesOwn "unsubscribe-of-shared-removes-own" [V5 "MQTT-3.10.4-1"]
        "UNSUBSCRIBE from a Shared Subscription also removes the non-shared one to the same filter",
    UnsubscribeOfGroupRemovesOthers "unsubscribe-of-group-removes-others" [V5 "MQTT-3.10.4-1"]
        "UNSUBSCRIBE from a Shared Subscription also removes those with other Share Names to the same filter",
    UnsubscribeOnlyFirst "unsubscribe-only-first" [V5 "MQTT-3.10.4-6", V3_1_1 "MQTT-3.10.4-6"]
        "only the first of several filters in one UNSUBSCRIBE has an effect",
    UnsubscribeDropsInflight "unsubscribe-drops-inflight" [V5 "MQTT-3.10.4-3", V3_1_1 "MQTT-3.10.4-3"]
        "UNSUBSCRIBE abandons deliveries that have already started",

    // Shared subscriptions.
    SharedGoesToAll "shared-goes-to-all" [V5 "RULE-4.8.2-1"]
        "every member of a Shared Subscription receives every message",
    SharedQosIgnored "shared-qos-ignored" [V5 "MQTT-4.8.2-3"]
        "a member of a Shared Subscription receives messages above its granted QoS",
    SharedCopyLostBesideOwn "shared-copy-lost-beside-own" [V5 "RULE-4.8.2-1"] seen ["gmqtt#65", "mqtt_cpp#716"]
        "a client gets no copy for a Shared Subscription if it also has a matching non-shared one",
    SharedCopyLostBesideShared "shared-copy-lost-beside-shared" [V5 "RULE-4.8.2-1"] seen ["mochi#269"]
        "a client gets only one copy for two matching Shared Subscriptions",
    SharedBegunGivenAway "shared-begun-given-away" [V5 "MQTT-4.8.2-4"]
        "a QoS 2 delivery started with one member moves to another when the first one goes offline",
    SharedBegunReassigned "shared-begun-reassigned" [V5 "MQTT-4.8.2-5"]
        "a QoS 2 delivery started with one member moves to another when the first one's session ends",
    SharedRefusedPassedOn "shared-refused-passed-on" [V5 "MQTT-4.8.2-6"]
        "a message that one member refused is sent to another member",
    SharedQos1LostWithSession "shared-qos1-lost-with-session" [V5 "RULE-4.8.2-2"]
        "a QoS 1 delivery started with one member is lost when its session ends",

    // Diagnostics that make a packet too large for the client.
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

    // Limits: exactly at one, one byte or message below it, and one above it.
    FixedHeaderUncounted "fixed-header-uncounted" [V5 "MQTT-3.1.2-24"]
        seen ["mosquitto#3515"] "a packet up to two bytes larger than the client's Maximum Packet Size is sent",
    ExactSizeNotSent "exact-size-not-sent" [V5 "MQTT-4.5.0-1", V5 "MQTT-3.8.4-1", V5 "MQTT-3.1.4-5"]
        "a packet of exactly the client's Maximum Packet Size is not sent",
    RetainedTooLargeSent "retained-too-large-sent" [V5 "MQTT-3.1.2-24"]
        "a retained message is sent to a new subscriber regardless of its Maximum Packet Size",
    SubackCodesUncounted "suback-codes-uncounted" [V5 "MQTT-3.1.2-24"]
        "a SUBACK that exceeds the client's Maximum Packet Size by its Reason Codes is sent",
    UnsubackCodesUncounted "unsuback-codes-uncounted" [V5 "MQTT-3.1.2-24"]
        "an UNSUBACK that exceeds the client's Maximum Packet Size by its Reason Codes is sent",
    ClientHeaderUncounted "client-header-uncounted" [V5 "RULE-3.2.2.3.6-1", V5 "MQTT-3.2.2-15"]
        seen ["mosquitto#3515"] "a packet up to three bytes larger than the announced Maximum Packet Size is accepted",
    LargestPacketRefused "largest-packet-refused" [V5 "MQTT-4.5.0-1", V5 "MQTT-3.8.4-1", V5 "MQTT-4.3.3-11"]
        "a packet of exactly the server's Maximum Packet Size closes the connection",
    LengthBoundsLost "length-bounds-lost" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "a PUBLISH is lost if its Remaining Length is the smallest that needs 2, 3 or 4 bytes",
    LongPropertiesDropped "long-properties-dropped" [V5 "MQTT-3.3.2-20", V5 "MQTT-3.3.2-16", V5 "MQTT-3.3.2-17"]
        "a property of more than 32,767 bytes is not forwarded",
    ReceiveMaximumOfQos2Alone "receive-maximum-of-qos2-alone" [V5 "RULE-3.3.4-3", V5 "MQTT-3.3.4-7"]
        "a QoS 1 message is accepted although QoS 2 messages have reached the server's Receive Maximum",
    ReceiveMaximumOneMore "receive-maximum-one-more" [V5 "RULE-3.3.4-3", V5 "MQTT-3.3.4-7"]
        "the server accepts one message more than its Receive Maximum allows",
    ReceiveMaximumOneLess "receive-maximum-one-less" [V5 "MQTT-4.3.3-8", V5 "MQTT-4.3.2-4"]
        "the server accepts one message fewer than its Receive Maximum allows",
    ReceiveMaximumInV3 "receive-maximum-in-v3" [V3_1_1 "MQTT-4.3.3-2", V3_1_1 "MQTT-4.3.2-2"]
        "the server's Receive Maximum is enforced for 3.1.1 clients too",
    PubrelFreesNoSlot "pubrel-frees-no-slot" [V5 "MQTT-4.3.3-8", V5 "MQTT-4.3.2-4"]
        "a QoS 2 message still counts against the server's Receive Maximum after PUBCOMP",
    RefusedMessageTakesRoom "refused-message-takes-room" [V5 "MQTT-4.3.3-8"]
        "a QoS 2 message that the server refused counts against its Receive Maximum",
    UnknownPubrelFreesSlot "unknown-pubrel-frees-slot" [V5 "RULE-3.3.4-3", V5 "MQTT-3.3.4-7"]
        "a PUBREL with an unknown packet identifier frees a slot of the server's Receive Maximum",
    RepeatTakesRoom "repeat-takes-room" [V5 "MQTT-4.3.3-8"]
        "a duplicate QoS 2 PUBLISH counts again against the server's Receive Maximum",
    RepeatsUncountedOnResume "repeats-uncounted-on-resume" [V5 "RULE-3.3.4-3", V5 "MQTT-3.3.4-7"]
        "messages that a client resends on a new connection do not count against the server's Receive Maximum",
    SendQuotaOneMore "send-quota-one-more" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-2"]
        "one message more is sent than the client's Receive Maximum allows",
    SendQuotaOfQos1Alone "send-quota-of-qos1-alone" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-2"]
        "QoS 2 messages do not count against the client's Receive Maximum",
    SendQuotaOfQos2Alone "send-quota-of-qos2-alone" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-2"]
        "QoS 1 messages do not count against the client's Receive Maximum",
    SendQuotaFreedByPubrec "send-quota-freed-by-pubrec" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-2"]
        "a PUBREC that accepts a message increments the send quota",
    SendQuotaKeptByRefusal "send-quota-kept-by-refusal" [V5 "MQTT-4.9.0-1", V5 "MQTT-4.5.0-1"]
        "a message that the client refuses does not increment the send quota",
    UnsentTakesRoom "unsent-takes-room" [V5 "MQTT-3.1.2-25", V5 "MQTT-4.5.0-1"]
        "a message too large for the client uses up send quota although it is not sent",
    ReceiveMaximumSigned "receive-maximum-signed" [V5 "MQTT-4.5.0-1"]
        "a client with a Receive Maximum above 32,767 receives no QoS 1 or 2 messages",
    MaximumPacketSizeSigned "maximum-packet-size-signed" [V5 "MQTT-3.1.4-5"]
        "a client with a Maximum Packet Size above 2,147,483,647 receives nothing",
    SessionExpirySigned "session-expiry-signed" [V5 "MQTT-3.1.2-23"]
        "a session with a Session Expiry Interval above 2,147,483,647 ends with its connection",
    MessageExpirySigned "message-expiry-signed" [V5 "MQTT-4.5.0-1", V5 "MQTT-3.3.2-6"]
        "a message with a Message Expiry Interval above 2,147,483,647 expires at once",
    PacketIdsSigned "packet-ids-signed" [V5 "MQTT-2.2.1-5", V3_1_1 "MQTT-2.3.1-6"]
        "the acknowledgement of a packet identifier above 32,767 lacks its highest bit",
    IdentifiersCut "identifiers-cut" [V5 "MQTT-3.3.4-3"]
        "a Subscription Identifier above 16,383 is replaced by 16,383",
    AliasOneAboveAccepted "alias-one-above-accepted" [V5 "MQTT-3.3.2-9", V5 "RULE-3.3.4-1"]
        "a Topic Alias one above the announced Topic Alias Maximum is accepted",
    LongestClientIdRefused "longest-client-id-refused" [V5 "MQTT-3.1.3-5", V3_1_1 "MQTT-3.1.3-5"]
        "a Client Identifier of exactly the server's maximum length is refused",
    ClientIdLimitInCharacters "client-id-limit-in-characters" [V5 "MQTT-3.1.3-8", V5 "RULE-3.1.3.1-1", V3_1_1 "MQTT-3.1.3-9"]
        "the length limit of Client Identifiers counts characters instead of bytes",
    WillAtMaximumQosRefused "will-at-maximum-qos-refused" [V5 "MQTT-3.1.4-5"]
        "a Will at exactly the Maximum QoS is refused",
    QueueOneShort "queue-one-short" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "the queue of a session holds one message and one byte less than configured",

    // Acknowledgements that are repeated or wrong.
    PubrecRepeated "pubrec-repeated" [V5 "MQTT-4.4.0-1"]
        seen ["aedes#137"] "PUBREC is resent every five seconds until PUBREL arrives",
    PubrelRepeated "pubrel-repeated" [V5 "MQTT-4.4.0-1"]
        seen ["aedes#137"] "PUBREL is resent every five seconds until PUBCOMP arrives",
    SubscribersUnseen "subscribers-unseen" [V5 "RULE-3.4.2.1-1", V5 "RULE-3.5.2.1-1"]
        seen ["mosquitto#3128"] "PUBACK and PUBREC report no matching subscribers although there are some",
    RefusalReleased "refusal-released" [V5 "MQTT-4.3.3-4", V5 "MQTT-2.2.1-5"]
        "a PUBREC with Reason Code 0x80 or above is answered with PUBREL",
    PubackSettlesQos2 "puback-settles-qos2" [V5 "MQTT-4.3.3-3", V3_1_1 "MQTT-4.3.3-1"]
        "PUBACK ends a QoS 2 delivery",
    PubackSettlesPubrel "puback-settles-pubrel" [V5 "MQTT-4.3.3-5", V3_1_1 "MQTT-4.3.3-1"]
        "PUBACK ends a QoS 2 delivery after PUBREL was sent",
    PubrecSettlesQos1 "pubrec-settles-qos1" [V5 "MQTT-4.3.2-3", V3_1_1 "MQTT-4.3.2-1"]
        "PUBREC ends a QoS 1 delivery",
    PubcompSettlesAll "pubcomp-settles-all" [V5 "MQTT-4.3.2-3", V5 "MQTT-4.3.3-3", V3_1_1 "MQTT-4.3.3-1"]
        "PUBCOMP ends a QoS 1 delivery, and a QoS 2 delivery before PUBREC",
    AnyPubackSettles "any-puback-settles" [V5 "MQTT-4.3.2-3", V3_1_1 "MQTT-4.3.2-1"]
        "PUBACK with an unknown packet identifier ends the oldest delivery",

    // Faults that appear only after many messages.
    SilentAfter22Messages "silent-after-22-messages" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        seen ["hivemq-community-edition#255"]
        "a client receives no more messages once its connection has carried 22 in either direction",
    DeafAfter300Messages "deaf-after-300-messages" [V5 "MQTT-3.3.4-1", V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "messages from a client are discarded once its connection has carried 300 in either direction",
    PacketIdInUseGivenAgain "packet-id-in-use-given-again" [V5 "MQTT-2.2.1-4", V3_1_1 "MQTT-2.3.1-4"]
        seen ["mosquitto#2887", "mosquitto#3598"]
        "packet identifiers still in use are assigned again once all have been assigned",

    // Parts of a message that are lost on one path to a subscriber, such as the queue of an offline session.
    QueuedPropertiesLost "queued-properties-lost" [V5 "MQTT-3.3.2-16", V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        seen ["vernemq#1649"] "messages queued for an offline session lose all properties except their expiry",
    QueuedOrderLost "queued-order-lost" [V5 "MQTT-3.3.2-18"]
        "messages queued for an offline session have their User Properties in reverse order",
    QueuedIdentifiersLost "queued-identifiers-lost" [V5 "MQTT-3.3.4-3", V5 "MQTT-3.3.4-4"]
        "messages queued for an offline session carry no Subscription Identifier",
    QueuedQosRaised "queued-qos-raised" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        "messages queued for an offline session are sent above the granted QoS",
    QueuedQosCut "queued-qos-cut" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        "messages queued for an offline session are sent with QoS 1 at most",
    QueuedRetainPassedOn "queued-retain-passed-on" [V5 "MQTT-3.3.1-12", V3_1_1 "MQTT-3.3.1-9"]
        "messages queued for an offline session keep RETAIN 1",
    WaitingPropertiesLost "waiting-properties-lost" [V5 "MQTT-3.3.2-16", V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        "messages queued while the send quota is exhausted lose all properties except their expiry",
    WaitingIdentifiersLost "waiting-identifiers-lost" [V5 "MQTT-3.3.4-3"]
        "messages queued while the send quota is exhausted carry no Subscription Identifier",
    WaitingRetainLost "waiting-retain-lost" [V5 "MQTT-3.3.1-13"]
        "Retain As Published has no effect on messages queued while the send quota is exhausted",
    ResentPropertiesLost "resent-properties-lost" [V5 "MQTT-3.3.2-16", V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        "resent messages lose all properties except their expiry",
    ResentIdentifiersLost "resent-identifiers-lost" [V5 "MQTT-3.3.4-3"]
        "resent messages carry no Subscription Identifier",
    ResentQosRaised "resent-qos-raised" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        "messages are resent with the publisher's QoS",
    ResentRetainLost "resent-retain-lost" [V5 "MQTT-3.3.1-13", V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "messages are resent with RETAIN 0",
    ResentExpiryAnew "resent-expiry-anew" [V5 "MQTT-3.3.2-6"]
        "messages are resent with their full Message Expiry Interval",
    ResentBytesLost "resent-bytes-lost" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "payloads that are not valid UTF-8 are resent with replacement characters",
    RetainedPropertiesLost "retained-properties-lost" [V5 "MQTT-3.3.2-16", V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        "retained messages are sent without their properties, except their expiry",
    RetainedOrderLost "retained-order-lost" [V5 "MQTT-3.3.2-18"]
        "retained messages are sent with their User Properties in reverse order",
    RetainedQosRaised "retained-qos-raised" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        "retained messages are sent above the granted QoS",
    RetainedQosCut "retained-qos-cut" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        "retained messages are sent with QoS 1 at most",
    RetainedExpiryAnew "retained-expiry-anew" [V5 "MQTT-3.3.2-6"]
        "retained messages are sent with their full Message Expiry Interval",
    RetainedInheritsProperties "retained-inherits-properties" [V5 "MQTT-3.3.1-5", V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        "a retained message without properties has those of the retained message that it replaced",
    RetainedNotTracked "retained-not-tracked" [V5 "MQTT-4.4.0-1", V5 "MQTT-4.3.3-4", V3_1_1 "MQTT-4.4.0-1"]
        seen ["moquette#653"]
        "a message with RETAIN 1 is treated as acknowledged as soon as it is sent, and its PUBREC is not answered",
    SharedPropertiesLost "shared-properties-lost" [V5 "MQTT-3.3.2-16", V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        "messages of a Shared Subscription lose all properties except their expiry",
    SharedIdentifiersLost "shared-identifiers-lost" [V5 "MQTT-3.3.4-3"]
        "messages of a Shared Subscription carry no Subscription Identifier",
    SharedRetainLost "shared-retain-lost" [V5 "MQTT-3.3.1-13"]
        "Retain As Published has no effect on a Shared Subscription",
    SharedOfflineLost "shared-offline-lost" [V5 "MQTT-4.5.0-1"] seen ["NanoNNG#1564"]
        "messages for an offline member of a Shared Subscription are lost",
    SharedNotTracked "shared-not-tracked" [V5 "MQTT-4.4.0-1"]
        "messages of a Shared Subscription are treated as acknowledged as soon as they are sent",
    AliasedPropertiesLost "aliased-properties-lost" [V5 "MQTT-3.3.2-16", V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        "messages sent with a known Topic Alias lose all other properties",
    WillPropertiesLost "will-properties-lost" [V5 "MQTT-3.3.2-16", V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        "Wills lose all properties except their expiry",
    WillQosCut "will-qos-cut" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        "Wills are published with QoS 1 at most",
    WillBytesLost "will-bytes-lost" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.2-8"]
        "a Will whose payload is not valid UTF-8 is published with replacement characters",
    WillMustBeText "will-must-be-text" [V5 "MQTT-3.1.2-8", V5 "MQTT-3.1.2-7", V3_1_1 "MQTT-3.1.2-8"]
        "a CONNECT is refused if the payload of its Will is not valid UTF-8",
    DelayedWillPropertiesLost "delayed-will-properties-lost" [V5 "MQTT-3.3.2-16", V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        "delayed Wills lose all properties except their expiry",
    DelayedWillQosLost "delayed-will-qos-lost" [V5 "MQTT-3.8.4-8"]
        "delayed Wills are published with QoS 0",
    DelayedWillRetainLost "delayed-will-retain-lost" [V5 "MQTT-3.3.1-13"]
        "delayed Wills are published with RETAIN 0",
    ReleasedPropertiesLost "released-properties-lost" [V5 "MQTT-3.3.2-16", V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        "QoS 2 messages are forwarded at PUBREL, without their properties except their expiry",
    ReleasedRetainLost "released-retain-lost" [V5 "MQTT-3.3.1-13"]
        "QoS 2 messages are forwarded at PUBREL, with RETAIN 0",
    ReleasedExpiryAnew "released-expiry-anew" [V5 "MQTT-3.3.2-6"]
        "QoS 2 messages are forwarded at PUBREL, and their expiry counts from then",

    // Faults that appear only the second time, after a takeover, or when several conditions coincide.
    ReleaseResentOnce "release-resent-once" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "an unacknowledged PUBREL is resent only on the first reconnect",
    TakeoverLosesQueue "takeover-loses-queue" [V5 "MQTT-4.5.0-1", V5 "MQTT-3.1.2-5"]
        "a takeover loses the messages queued while the send quota is exhausted",
    TakeoverForgetsReceived "takeover-forgets-received" [V5 "MQTT-4.3.3-10", V3_1_1 "MQTT-4.3.3-2"]
        "a takeover forgets the packet identifiers of received QoS 2 messages",
    LaterSubscriptionsLostOnResume "later-subscriptions-lost-on-resume" [V5 "MQTT-3.1.2-5", V3_1_1 "MQTT-3.1.2-4"]
        "subscriptions made on a resumed connection are lost at the next resumption",
    UnsubscribeUndoneByResume "unsubscribe-undone-by-resume" [V5 "MQTT-3.10.4-1", V3_1_1 "MQTT-3.10.4-1"]
        "removed subscriptions come back when the session is resumed",
    ReplacementUndoneByResume "replacement-undone-by-resume" [V5 "MQTT-3.8.4-3", V3_1_1 "MQTT-3.8.4-3"]
        "replaced subscriptions revert to the old ones when the session is resumed",
    UnsubscribeWhenResumedIgnored "unsubscribe-when-resumed-ignored" [V5 "MQTT-3.10.4-1", V5 "MQTT-3.10.4-2", V3_1_1 "MQTT-3.10.4-1"]
        "UNSUBSCRIBE has no effect on a resumed connection",
    SessionExpiryFromConnect "session-expiry-from-connect" [V5 "MQTT-3.1.2-23"]
        "the Session Expiry Interval counts from the start of the connection",
    DisconnectWithWillExpiryIgnored "disconnect-with-will-expiry-ignored" [V5 "MQTT-3.1.2-23", V5 "MQTT-4.1.0-2"]
        "the Session Expiry Interval of DISCONNECT 0x04 has no effect",
    OtherVersionLosesInflight "other-version-loses-inflight" [V5 "MQTT-4.4.0-1"]
        "unacknowledged messages are lost when the session is resumed with another protocol version",
    PreviousKeepAliveKept "previous-keep-alive-kept" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "a resumed session uses the Keep Alive of its previous connection",
    ProblemInformationOnResume "problem-information-on-resume" [V5 "MQTT-3.1.2-29"]
        "acknowledgements on a resumed connection have a Reason String despite Request Problem Information 0",
    ClientIdsCut "client-ids-cut" [V5 "MQTT-3.1.3-2", V3_1_1 "MQTT-3.1.3-2"]
        "Client Identifiers with the same first 16 bytes share a session",
    WillDelayFromConnect "will-delay-from-connect" [V5 "MQTT-3.1.2-8"]
        "the Will Delay Interval counts from the start of the connection",
    WillNotShared "will-not-shared" [V5 "MQTT-4.5.0-1", V5 "RULE-4.8.2-1"]
        "Wills are not delivered to Shared Subscriptions",
    EmptyWillClearsNothing "empty-will-clears-nothing" [V5 "MQTT-3.3.1-6", V3_1_1 "MQTT-3.3.1-10"]
        "a Will with Will Retain 1 and an empty payload does not clear the retained message",
    WillReplacesNothing "will-replaces-nothing" [V5 "MQTT-3.3.1-5", V3_1_1 "MQTT-3.3.1-5"]
        "a Will with Will Retain 1 does not replace an existing retained message",
    TakeoverPublishesNewWill "takeover-publishes-new-will" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.2-8"]
        "a takeover publishes the Will of the new connection",
    TakeoverDisarmsNewWill "takeover-disarms-new-will" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.2-8"]
        "the Will of a connection that takes over a session is not stored",
    ExpiredRetainedNotReplaced "expired-retained-not-replaced" [V5 "MQTT-3.3.1-5"]
        "an expired retained message is not replaced by a new one",
    ClearedByItsPublisherAlone "cleared-by-its-publisher-alone" [V5 "MQTT-3.3.1-6", V3_1_1 "MQTT-3.3.1-10"]
        "a retained message can be cleared only by its publisher",
    ClearingWithPropertiesStored "clearing-with-properties-stored" [V5 "MQTT-3.3.1-6", V5 "MQTT-3.3.1-7"]
        "an empty payload with RETAIN 1 and properties is retained as a message",
    ClearingWithQos2Ignored "clearing-with-qos-2-ignored" [V5 "MQTT-3.3.1-6", V3_1_1 "MQTT-3.3.1-10"]
        "a QoS 2 message with RETAIN 1 and an empty payload does not clear the retained message",
    RetainedAgedByReading "retained-aged-by-reading" [V5 "MQTT-3.3.2-6"]
        "each delivery of a retained message subtracts its age from the stored Message Expiry Interval",
    RetainedQosLoweredByReading "retained-qos-lowered-by-reading" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        "a retained message keeps the lower QoS with which it was last sent",
    ExpiredRetainedSentToOlderReaders "expired-retained-sent-to-older-readers" [V5 "RULE-3.3.1.3-3"]
        "an expired retained message is sent to a new 3.1.1 subscriber",
    ExpiredSentToOlderReaders "expired-sent-to-older-readers" [V5 "MQTT-3.3.2-5"]
        "an expired message is delivered to a 3.1.1 client",
    ExpiryOf0IsNone "expiry-of-0-is-none" [V5 "MQTT-3.3.2-5"]
        "a queued message with a Message Expiry Interval of 0 never expires",
    RetainHandling1KnowsUnsubscribed "retain-handling-1-knows-unsubscribed" [V5 "MQTT-3.3.1-10"]
        "Retain Handling 1 treats a removed subscription as an existing one",
    RetainHandling1KnowsDiscarded "retain-handling-1-knows-discarded" [V5 "MQTT-3.3.1-10"]
        "Retain Handling 1 treats a subscription of the discarded session as an existing one",
    FirstOptionsForAll "first-options-for-all" [V5 "MQTT-3.8.4-5"]
        "No Local, Retain As Published and Retain Handling of the first filter apply to all filters in a SUBSCRIBE",
    ResubscribeKeepsNoLocal "resubscribe-keeps-no-local" [V5 "MQTT-3.8.4-3"]
        "subscribing again to a filter keeps the old No Local option",
    ResubscribeKeepsRetainAsPublished "resubscribe-keeps-retain-as-published" [V5 "MQTT-3.8.4-3"]
        "subscribing again to a filter keeps the old Retain As Published option",
    UnsubscribeForEverybody "unsubscribe-for-everybody" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "UNSUBSCRIBE also removes other clients' subscriptions to the same filter",
    NoLocalByUser "no-local-by-user" [V5 "MQTT-4.5.0-1"]
        "No Local suppresses messages from other clients of the same user",
    NoLocalForOverlapping "no-local-for-overlapping" [V5 "MQTT-4.5.0-1"]
        "No Local of one subscription also applies to overlapping subscriptions",
    NoLocalForShared "no-local-for-shared" [V5 "RULE-4.8.2-1", V5 "MQTT-4.5.0-1"]
        "No Local of a non-shared subscription also applies to Shared Subscriptions of the same client",
    SharedLosesOwnMessages "shared-loses-own-messages" [V5 "RULE-4.8.2-1", V5 "MQTT-4.5.0-1"]
        "a message for a Shared Subscription is lost if its publisher is the member whose turn it is",
    SharedWildcardMatchesDollar "shared-wildcard-matches-dollar" [V5 "MQTT-4.7.2-1"]
        "a Shared Subscription with a leading wildcard matches topics that start with $",
    TopicsCut "topics-cut" [V5 "MQTT-4.7.3-4", V3_1_1 "MQTT-4.7.3-4"]
        "only the first 200 characters of topics and filters are compared",
    PubrecOfSuccessUnanswered "pubrec-of-success-unanswered" [V5 "MQTT-4.3.3-4"]
        "PUBREC 0x10 (No matching subscribers) is not answered",
    PayloadFormat0Dropped "payload-format-0-dropped" [V5 "MQTT-3.3.2-4"]
        "a Payload Format Indicator of 0 is not forwarded",

    // Effects of one message or client on another.
    EqualMessageDropped "equal-message-dropped" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "a message with the same topic and payload as the previous one is not delivered",
    OtherSubscriberLowersQos "other-subscriber-lowers-qos" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        "a message for several clients is sent to all at the lowest QoS granted to any of them",
    OlderSubscriberStripsProperties "older-subscriber-strips-properties" [V5 "MQTT-3.3.2-16", V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        "a message that is also sent to a 3.1.1 client loses all properties except its expiry for every client",
    IdentifiersOfOthersLeak "identifiers-of-others-leak" [V5 "MQTT-3.3.4-3", V5 "MQTT-3.3.4-4"]
        seen ["paho.mqtt.testing#56"]
        "a message carries the Subscription Identifiers of other clients that receive it",
    RetainFlagOfOthersLeaks "retain-flag-of-others-leaks" [V5 "MQTT-3.3.1-12"]
        "Retain As Published of one client applies to all clients that receive the message",
    FullWindowBlocksOthers "full-window-blocks-others" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "a message is lost to all other subscribers if the in-flight window of one subscriber is full",
    PublisherGetsNoCopyWithOthers "publisher-gets-no-copy-with-others" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "a client does not receive its own message if other clients receive it too",
    SharedGetsNoCopyWithPlain "shared-gets-no-copy-with-plain" [V5 "RULE-4.8.2-1", V5 "MQTT-4.5.0-1"]
        "a Shared Subscription receives no message that also matches a non-shared subscription",
    PubackSettlesEarlier "puback-settles-earlier" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "PUBACK also ends all QoS 1 deliveries that started earlier",
    PubcompSettlesReleased "pubcomp-settles-released" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "PUBCOMP ends every delivery whose PUBREL was sent",
    PubrelReleasesAll "pubrel-releases-all" [V5 "MQTT-4.3.3-10", V3_1_1 "MQTT-4.3.3-2"]
        "PUBREL for one QoS 2 message also releases the client's other QoS 2 messages",
    ResentAsLatest "resent-as-latest" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "a resent message has the payload of the latest message with its topic",
    ExpiredTakesNextAlong "expired-takes-next-along" [V5 "MQTT-4.5.0-1"]
        "a message that expires in the queue is dropped together with the next one",
    ExpiredBehindOthersSent "expired-behind-others-sent" [V5 "MQTT-3.3.2-5"]
        "of a session's queue, only the messages at its head are checked for expiry when the client returns",
    ExpiredRetainedBehindOthersSent "expired-retained-behind-others-sent" [V5 "RULE-3.3.1.3-3"]
        "of the retained messages for one subscription, only the first is checked for expiry",
    WillsCancelledTogether "wills-cancelled-together" [V5 "MQTT-3.1.2-8"]
        "a client that reconnects in time cancels the delayed Wills of all clients",
    SessionEndUnsubscribesOthers "session-end-unsubscribes-others" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "the end of a session removes other clients' subscriptions to the same filters",
    SilentTogetherKept "silent-together-kept" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "of several clients whose Keep Alives end within a second, only one is disconnected",
    KeepAliveBehindShorter "keep-alive-behind-shorter" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "a silent client is not disconnected while a client with a shorter Keep Alive is connected",
    KeepAliveOfThePatient "keep-alive-of-the-patient" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "a silent client is disconnected after the longest Keep Alive of all clients instead of its own",
    KeepAliveFedByOthers "keep-alive-fed-by-others" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "a packet from one client restarts the Keep Alive timers of all clients",

    // Single Topic Aliases of a client.
    AliasNotRemapped "alias-not-remapped" [V5 "MQTT-3.3.2-12", V5 "MQTT-3.3.2-3"]
        "a Topic Alias cannot be remapped: it always stands for its first topic",
    AliasOfQos0NotKept "alias-of-qos0-not-kept" [V5 "MQTT-3.3.2-12"]
        "a Topic Alias set by a QoS 0 message is unknown afterwards",
    AliasOfUnheardNotKept "alias-of-unheard-not-kept" [V5 "MQTT-3.3.2-12"]
        "a Topic Alias set by a message without matching subscribers is unknown afterwards",
    AliasUsedOnce "alias-used-once" [V5 "MQTT-3.3.2-12"]
        "a Topic Alias is unknown after the first PUBLISH that uses it without a topic",
    SecondAliasNotKept "second-alias-not-kept" [V5 "MQTT-3.3.2-12"]
        "a second Topic Alias for the same topic is not kept",
    AliasesSharedByClients "aliases-shared-by-clients" [V5 "MQTT-3.3.2-12", V5 "MQTT-3.3.2-3"]
        "a Topic Alias set by one client changes the same alias of other clients",
    AliasesSharedByDirections "aliases-shared-by-directions" [V5 "MQTT-3.3.2-12", V5 "MQTT-3.3.2-3"]
        "a Topic Alias set by the server changes the client's alias with the same number",
    AliasedNotRetained "aliased-not-retained" [V5 "MQTT-3.3.1-5", V5 "MQTT-3.3.1-6"]
        "a message with a Topic Alias and no topic neither sets nor clears the retained message",

    // Several filters in one SUBSCRIBE, and their retained messages.
    RetainedOfFirstFilterAlone "retained-of-first-filter-alone" [V5 "MQTT-3.8.4-5", V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.8.4-4"]
        "only the first of several filters in a SUBSCRIBE receives retained messages",
    RetainedOfLastFilterAlone "retained-of-last-filter-alone" [V5 "MQTT-3.8.4-5", V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.8.4-4"]
        "only the last of several filters in a SUBSCRIBE receives retained messages",
    RetainedUntilNothing "retained-until-nothing" [V5 "MQTT-3.8.4-5", V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.8.4-4"]
        "no retained messages are sent for filters after one that matches none in a SUBSCRIBE",
    OneSilentFilterSilencesAll "one-silent-filter-silences-all" [V5 "MQTT-3.8.4-5", V5 "MQTT-3.3.1-9", V5 "MQTT-3.3.1-10"]
        "no retained messages are sent for any filter of a SUBSCRIBE if none are due for one of them",
    LastHandlingForAll "last-handling-for-all" [V5 "MQTT-3.8.4-5", V5 "MQTT-3.3.1-11", V5 "MQTT-3.3.1-9"]
        "Retain Handling of the last filter in a SUBSCRIBE applies to all its filters",
    RetainedQosOfFirstFilter "retained-qos-of-first-filter" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        "all retained messages for a SUBSCRIBE are sent at the QoS granted to its first filter",
    RetainedOncePerFilter "retained-once-per-filter" [V5 "MQTT-3.3.1-9", V5 "MQTT-3.3.2-3", V3_1_1 "MQTT-3.3.2-3"]
        seen ["nanomq#1817"]
        "each retained message is sent once per filter in the SUBSCRIBE, even for filters that do not match it",

    // Several filters in one UNSUBSCRIBE.
    UnknownFilterEndsUnsubscribe "unknown-filter-ends-unsubscribe" [V5 "MQTT-3.10.4-6", V5 "MQTT-3.10.4-1", V3_1_1 "MQTT-3.10.4-6"]
        "all filters after one without a subscription are ignored in an UNSUBSCRIBE",
    UnsubscribeOnlyLast "unsubscribe-only-last" [V5 "MQTT-3.10.4-6", V3_1_1 "MQTT-3.10.4-6"]
        "only the last of several filters in one UNSUBSCRIBE has an effect",
    UnsubscribeSeveralEndsAll "unsubscribe-several-ends-all" [V5 "MQTT-3.10.4-6", V5 "MQTT-3.10.4-1", V3_1_1 "MQTT-3.10.4-6"]
        "an UNSUBSCRIBE with several filters removes all subscriptions of the client",
    UnsubackUnknownLeftOut "unsuback-unknown-left-out" [V5 "MQTT-3.11.3-1", V5 "MQTT-3.11.3-2"]
        "UNSUBACK has no Reason Code for a filter without a subscription",
    UnsubackFirstForAll "unsuback-first-for-all" [V5 "MQTT-3.11.3-1"]
        "UNSUBACK has the Reason Code of the first filter for all filters",
    UnsubackRepeatedLeftOut "unsuback-repeated-left-out" [V5 "MQTT-3.11.3-1", V5 "MQTT-3.11.3-2"]
        "UNSUBACK has only one Reason Code for a filter that appears twice in UNSUBSCRIBE",

    // The remaining Message Expiry Interval.
    Qos0ExpiryDropped "qos0-expiry-dropped" [V5 "MQTT-3.3.2-6"]
        "QoS 0 messages are sent without their Message Expiry Interval",
    Qos2ExpiryNotCounted "qos2-expiry-not-counted" [V5 "MQTT-3.3.2-6"]
        "QoS 2 messages are sent with their full Message Expiry Interval",
    LiveExpiryDropped "live-expiry-dropped" [V5 "MQTT-3.3.2-6"]
        "messages sent without waiting have no Message Expiry Interval",
    QueuedExpiryDropped "queued-expiry-dropped" [V5 "MQTT-3.3.2-6"]
        "messages that have waited are sent without a Message Expiry Interval",
    QueuedExpiryOfFirst "queued-expiry-of-first" [V5 "MQTT-3.3.2-6"]
        "all messages sent from the queue together have the age of the first one",

    // Filters.
    DotsAreLevels "dots-are-levels" [V5 "MQTT-4.7.3-4", V3_1_1 "MQTT-4.7.3-4"]
        seen ["artemis#4710"] "a dot in topics and filters is treated as a level separator",
    EmptyLevelBeforeHashIgnored "empty-level-before-hash-ignored" [V5 "RULE-4.7.3-1", V5 "MQTT-4.7.3-4", V3_1_1 "RULE-4.7.3-1"]
        "the empty level before # at the end of a filter is ignored",
    EmptyLevelBehindPlusIgnored "empty-level-behind-plus-ignored" [V5 "RULE-4.7.3-1", V5 "MQTT-4.7.3-4", V3_1_1 "RULE-4.7.3-1"]
        "the empty level after + at the end of a filter is ignored",

    // Bugs reported for real brokers.
    UnsubscribedStoredOffline "unsubscribed-stored-offline" [V5 "MQTT-3.10.4-2", V3_1_1 "MQTT-3.10.4-2"]
        seen ["mosca#405", "mosca#382"]
        "messages for a removed subscription are queued and delivered on the next connection",
    UnreleasedIdReused "unreleased-id-reused" [V5 "MQTT-2.2.1-4", V3_1_1 "MQTT-2.3.1-4"]
        seen ["vernemq#1045"]
        "the packet identifier of a QoS 2 delivery awaiting PUBCOMP is assigned again on a resumed connection",
    EndingSessionLosesDelayedWill "ending-session-loses-delayed-will" [V5 "MQTT-3.1.2-8"]
        seen ["emqx#18565"]
        "a takeover that ends the session discards a delayed Will",
    RetainedUnderFilter "retained-under-filter" [V5 "MQTT-3.3.2-2", V5 "MQTT-3.3.2-3", V3_1_1 "MQTT-3.3.2-2"]
        seen ["moquette#488"]
        "retained messages are sent with the matching Topic Filter as their topic",
    RetainedOfQos0Alone "retained-of-qos0-alone" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        seen ["MQTTnet#1434"]
        "only QoS 0 retained messages are sent",
    LongerFilterUnserved "longer-filter-unserved" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        seen ["MQTTnet#1612"]
        "a filter has no effect if it extends another filter of the client by more levels",
    WillOfQos2Lost "will-of-qos2-lost" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.2-8"]
        seen ["rabbitmq-mqtt#214"] "a QoS 2 Will is not published",
    RetainedNotForWildcards "retained-not-for-wildcards" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        seen ["rabbitmq-mqtt#154", "rabbitmq#2556"]
        "no retained messages are sent for a filter with a wildcard",
    RetainedNotForHashAlone "retained-not-for-hash-alone" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        seen ["nats#4919"] "no retained messages are sent for the filter #",
    RetainedForAnyFilter "retained-for-any-filter" [V5 "MQTT-3.3.2-3", V5 "MQTT-4.7.3-4", V3_1_1 "MQTT-4.7.3-4"]
        seen ["aedes#119"] "all retained messages are sent to every new subscription",
    Qos0LostToHigherSubscriptions "qos0-lost-to-higher-subscriptions" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        seen ["mosquitto#2123"] "QoS 0 messages are not delivered to QoS 1 and 2 subscriptions",
    QueueDeliveredAgain "queue-delivered-again" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        seen ["moquette#12", "tbmq#69"]
        "messages queued for a session are delivered again on every later connection",
    LaterSubscribeDropsEarlier "later-subscribe-drops-earlier" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        seen ["lavinmq#1074"]
        "each SUBSCRIBE removes earlier subscriptions if the session ends with its connection",
    PubrelExpires "pubrel-expires" [V5 "MQTT-4.4.0-1"]
        seen ["rmqtt#513", "bifromq#281"]
        "an unacknowledged PUBREL is not resent after the message's expiry has passed",
    DollarLevelsUnserved "dollar-levels-unserved" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        seen ["artemis#4048"] "messages whose topic contains $ are not delivered",
    ServerAliasesOutliveConnection "server-aliases-outlive-connection" [V5 "MQTT-3.3.2-7"]
        seen ["mosquitto#2494"]
        "the server uses Topic Aliases of the previous connection that the client no longer knows",
    PreviousAliasMaximumKept "previous-alias-maximum-kept" [V5 "MQTT-3.1.2-26", V5 "MQTT-3.1.2-27"]
        seen ["hivemq-mqtt-client#617"]
        "a resumed session keeps the Topic Alias Maximum of its previous connection if that was higher",
    RefusalWithoutSuback "refusal-without-suback" [V5 "MQTT-3.8.4-1", V3_1_1 "MQTT-3.8.4-1"]
        seen ["vernemq#2453"] "a SUBSCRIBE with a refused filter is not acknowledged",
    ResentAsNewSecondTime "resent-as-new-second-time" [V5 "MQTT-4.4.0-1", V5 "MQTT-3.3.1-1", V3_1_1 "MQTT-4.4.0-1"]
        seen ["vernemq#1356"]
        "a message resent a second time has DUP 0 and a new packet identifier",
    QueueKeepsLastAlone "queue-keeps-last-alone" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        seen ["bifromq#72"] "only the last message is queued for an offline session",
    ResubscribeKeepsIdentifier "resubscribe-keeps-identifier" [V5 "MQTT-3.8.4-3", V5 "MQTT-3.3.4-3"]
        seen ["mosquitto#1169"] "subscribing again to a filter keeps the old Subscription Identifier",
    KeptSessionLosesWillOnTakeover "kept-session-loses-will-on-takeover" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.2-8"]
        seen ["mosquitto#3509"]
        "a takeover that resumes the session discards a Will without a delay",
    OfflineByFirstQos "offline-by-first-qos" [V5 "MQTT-4.5.0-1", V5 "MQTT-3.3.4-2", V3_1_1 "MQTT-3.3.5-1"]
        seen ["NanoNNG#1564"]
        "the first matching subscription alone decides whether a message is queued for an offline session",
    ReconnectWithWaitingRefused "reconnect-with-waiting-refused" [V5 "MQTT-3.1.4-5", V3_1_1 "MQTT-3.1.4-4"]
        seen ["rmqtt#18"] "no CONNACK is sent to a client with queued messages",
    RetainedPayloadsMixedUp "retained-payloads-mixed-up" [V5 "MQTT-3.3.1-9", V5 "MQTT-3.3.2-3", V3_1_1 "MQTT-3.3.2-3"]
        seen ["hivemq-community-edition#291"]
        "the payloads of retained messages are swapped if several match a filter",
    ResumedSubscribeBringsNothing "resumed-subscribe-brings-nothing" [V5 "MQTT-3.8.4-4", V3_1_1 "MQTT-3.8.4-3"]
        seen ["rumqtt#1069"]
        "retained messages are not sent when a client subscribes again to a filter of a resumed session",

    // Features that fail only in combination.
    RestartPublishesWillAgain "restart-publishes-will-again" [V5 "MQTT-3.1.2-10", V3_1_1 "MQTT-3.1.2-10"]
        "a Will that was published before a restart is published again after it",
    RestartRestoresDiscardedWill "restart-restores-discarded-will" [V5 "MQTT-3.14.4-3", V5 "MQTT-3.1.2-10", V3_1_1 "MQTT-3.1.2-10"]
        "a Will that DISCONNECT deleted is published after a restart",
    RestartCutsRetainedQos "restart-cuts-retained-qos" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        "retained messages are sent with QoS 0 after a restart",
    RestartBeginsMessageExpiryAnew "restart-begins-message-expiry-anew" [V5 "MQTT-3.3.2-6"]
        "a restart starts the Message Expiry Interval of messages again",
    RestartLosesPayloadFormat "restart-loses-payload-format" [V5 "MQTT-3.3.2-4"]
        "messages lose their Payload Format Indicator in a restart",
    RestartLosesRetainedOfWills "restart-loses-retained-of-wills" [V5 "MQTT-3.1.2-15", V3_1_1 "MQTT-3.1.2-17"]
        "a restart loses retained messages that were Wills",
    RetainedWillPropertiesLost "retained-will-properties-lost" [V5 "MQTT-3.3.2-16", V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        "a Will is retained without its properties, except its expiry",
    WillExpiryFromConnect "will-expiry-from-connect" [V5 "MQTT-3.3.2-6"]
        "the Message Expiry Interval of a Will counts from the start of the connection",
    DelayedWillExpiryFromClose "delayed-will-expiry-from-close" [V5 "MQTT-3.3.2-6"]
        "the Message Expiry Interval of a delayed Will counts from the end of the connection",
    NoLocalLosesWills "no-local-loses-wills" [V5 "MQTT-4.5.0-1", V5 "MQTT-3.1.2-8"]
        "Wills are not delivered to subscriptions with No Local",
    NormalDisconnectKeepsDelayedWill "normal-disconnect-keeps-delayed-will" [V5 "MQTT-3.14.4-3", V5 "MQTT-3.1.2-10"]
        "a normal DISCONNECT does not delete a delayed Will",
    WillDelayIgnoredAfterSilence "will-delay-ignored-after-silence" [V5 "MQTT-3.1.2-8"]
        "a Keep Alive timeout publishes the Will at once regardless of its Will Delay Interval",
    WillDelayIgnoredAfterError "will-delay-ignored-after-error" [V5 "MQTT-3.1.2-8"]
        "a protocol error publishes the Will at once regardless of its Will Delay Interval",
    ExpiryOnlyAfterDisconnect "expiry-only-after-disconnect" [V5 "MQTT-4.1.0-2"]
        "a session never expires if its connection ended without DISCONNECT",
    DisconnectExpirySticks "disconnect-expiry-sticks" [V5 "MQTT-3.1.2-23", V5 "MQTT-4.1.0-2"]
        "the Session Expiry Interval of a DISCONNECT applies to later connections too",
    OtherVersionKeepsExpiry "other-version-keeps-expiry" [V5 "MQTT-4.1.0-2", V5 "MQTT-3.1.2-23", V3_1_1 "MQTT-4.1.0-1"]
        "a session resumed with another protocol version keeps the expiry of its previous connection",
    OtherVersionLosesQueue "other-version-loses-queue" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "queued messages are lost when the session is resumed with another protocol version",
    OtherVersionForgetsReceived "other-version-forgets-received" [V5 "MQTT-4.3.3-10", V3_1_1 "MQTT-4.3.3-2"]
        "resuming with another protocol version forgets the packet identifiers of received QoS 2 messages",
    ResubscribeCannotDropIdentifier "resubscribe-cannot-drop-identifier" [V5 "MQTT-3.8.4-3"]
        "subscribing again without a Subscription Identifier keeps the old one",
    RemovedIdentifierComesBack "removed-identifier-comes-back" [V5 "MQTT-3.10.4-1", V5 "MQTT-3.3.4-3"]
        "a new subscription without Subscription Identifier gets that of a removed one to the same filter",
    SharedResubscribeKeepsOld "shared-resubscribe-keeps-old" [V5 "MQTT-3.8.4-3"]
        "subscribing again to a Shared Subscription does not replace the existing one",
    ResubscribeDeliversTwice "resubscribe-delivers-twice" [V5 "MQTT-3.8.4-3", V3_1_1 "MQTT-3.8.4-3"] seen ["emqx#53"]
        "subscribing again with another QoS adds a second subscription instead of replacing the first",
    ResubscribedWithoutRetained "resubscribed-without-retained" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"] seen ["mosquitto#2402"]
        "no retained messages are sent for a filter that was unsubscribed earlier",
    SubackWithPreviousQos "suback-with-previous-qos" [V5 "MQTT-3.8.4-7", V3_1_1 "MQTT-3.8.4-5"]
        "SUBACK reports the QoS of the replaced subscription",
    SharedLeavingEndsGroup "shared-leaving-ends-group" [V5 "MQTT-4.5.0-1", V5 "RULE-4.8.2-1"]
        "UNSUBSCRIBE by one member ends the Shared Subscription for all members",
    SharedLeavingEndsOtherTopics "shared-leaving-ends-other-topics" [V5 "MQTT-3.10.4-1", V5 "RULE-4.8.2-1"] seen ["bifromq#91"]
        "a client that leaves a Shared Subscription gets no messages of its Shared Subscriptions to other topics",
    SharedTurnOfTheGone "shared-turn-of-the-gone" [V5 "MQTT-4.5.0-1", V5 "RULE-4.8.2-1"] seen ["emqx#5063"]
        "a member of a Shared Subscription whose session has ended still gets its turn",
    SharedIdentifierLeaks "shared-identifier-leaks" [V5 "MQTT-3.3.4-5"]
        "a message for a non-shared subscription carries the client's identifier of a matching shared one",
    QueuedFirstIdentifierAlone "queued-first-identifier-alone" [V5 "MQTT-3.3.4-4"]
        "messages queued for an offline session carry only one Subscription Identifier",
    ResentFirstIdentifierAlone "resent-first-identifier-alone" [V5 "MQTT-3.3.4-4", V5 "MQTT-4.4.0-1"]
        "resent messages carry only one Subscription Identifier",
    PlusMatchesDeeper "plus-matches-deeper" [V5 "MQTT-4.7.3-4", V5 "MQTT-3.3.2-3", V3_1_1 "MQTT-4.7.3-4"] seen ["hbmqtt#146"]
        "a + at the end of a filter also matches deeper levels",
    PlusMatchesParent "plus-matches-parent" [V5 "MQTT-4.7.3-4", V5 "MQTT-3.3.2-3", V3_1_1 "MQTT-4.7.3-4"] seen ["moquette#87"]
        "a + at the end of a filter also matches the parent level",
    PubrecAfterPubcomp "pubrec-after-pubcomp" [V5 "MQTT-4.4.0-1"] seen ["mosquitto#918"]
        "PUBREC is sent again after PUBCOMP on a resumed session",
    PacketIdsSharedByDirections "packet-ids-shared-by-directions" [V5 "MQTT-4.3.2-4", V5 "MQTT-4.3.3-8", V3_1_1 "MQTT-4.3.2-2"]
        "a PUBLISH is ignored if its packet identifier is in use for a message to the client",
    WaitingNotSentAfterPubcomp "waiting-not-sent-after-pubcomp" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "PUBCOMP does not cause the next queued message to be sent",
    QueuedBeforeUnacknowledged "queued-before-unacknowledged" [V5 "MQTT-4.6.0-6", V5 "MQTT-4.6.0-5", V3_1_1 "MQTT-4.6.0-6"]
        "queued messages are sent before unacknowledged ones that still have to be resent",
    PreviousRetainedExpiryKept "previous-retained-expiry-kept" [V5 "MQTT-3.3.1-5", V5 "MQTT-3.3.1-9"]
        "a retained message is removed when the expiry of the message that it replaced has passed",
    ClearingNotQueued "clearing-not-queued" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1", V3_1_1 "MQTT-3.1.2-5"]
        "a message that clears a retained message is not queued for offline sessions",
    UserPropertiesMerged "user-properties-merged" [V5 "MQTT-3.3.2-17"]
        "only the last of several User Properties with the same name is forwarded",
    EmptyPropertiesDropped "empty-properties-dropped" [V5 "MQTT-3.3.2-20", V5 "MQTT-3.3.2-16", V5 "MQTT-3.3.2-17"]
        "an empty Content Type, Correlation Data or User Property is not forwarded",
    ClientKeepAliveEnforced "client-keep-alive-enforced" [V5 "MQTT-3.2.2-22"]
        "the client's own Keep Alive is enforced if it is shorter than the announced Server Keep Alive",
    ResponseInformationOnResume "response-information-on-resume" [V5 "MQTT-3.1.2-28"]
        "Response Information is sent to a client that requested it only on an earlier connection",
    PreviousPacketSizeKept "previous-packet-size-kept" [V5 "MQTT-3.1.2-24"]
        "a resumed session keeps the Maximum Packet Size of its previous connection",
    WillLostOnSomeCodes "will-lost-on-some-codes" [V5 "MQTT-3.1.2-8"]
        "a DISCONNECT with Reason Code 0x90 to 0x97 discards the Will",
    DisconnectWithReasonStringRefused "disconnect-with-reason-string-refused" [V5 "MQTT-3.14.4-3", V5 "MQTT-3.1.2-10"]
        "a normal DISCONNECT with a Reason String or a User Property is treated as a protocol error",
    PubackWithReasonStringIgnored "puback-with-reason-string-ignored" [V5 "MQTT-4.4.0-1", V5 "MQTT-4.9.0-1"]
        "a PUBACK with a Reason String or a User Property is ignored",
    PubrecWithReasonStringUnanswered "pubrec-with-reason-string-unanswered" [V5 "MQTT-4.3.3-4"]
        "a PUBREC with a Reason String or a User Property is not answered",
    ReauthenticationDisarmsWill "reauthentication-disarms-will" [V5 "MQTT-3.1.2-8"]
        "a re-authentication discards the Will",
    ReauthenticationForgetsAliases "reauthentication-forgets-aliases" [V5 "MQTT-3.3.2-12"]
        "the client's Topic Aliases are unknown after a re-authentication",
    TooLargeForOneLostToAll "too-large-for-one-lost-to-all" [V5 "MQTT-4.5.0-1"]
        "a message too large for one client is delivered to no client",
    TooLargeRetainedEndsLookup "too-large-retained-ends-lookup" [V5 "MQTT-3.3.1-9"]
        "no further retained messages are sent after one that is too large for the client",
    TooLargeComesLater "too-large-comes-later" [V5 "MQTT-3.1.2-25"]
        "a message too large for the client is sent on its next connection",
    SendQuotaCountsQos0 "send-quota-counts-qos0" [V5 "MQTT-4.9.0-1", V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "QoS 0 messages use up send quota, which is never restored",
    ReceiveMaximumCountsQos0 "receive-maximum-counts-qos0" [V5 "MQTT-4.3.2-4", V5 "MQTT-4.3.3-8"]
        "QoS 0 messages count against the server's Receive Maximum",
    OtherVersionLeavesOldOpen "other-version-leaves-old-open" [V5 "MQTT-3.1.4-3", V3_1_1 "MQTT-3.1.4-2"]
        "a takeover with another protocol version leaves the old connection open",
    EmptySessionNotKept "empty-session-not-kept" [V5 "MQTT-3.1.2-23", V5 "MQTT-3.2.2-3", V3_1_1 "MQTT-3.2.2-2"]
        "a session without subscriptions ends with its connection",
    TakeoverSaysNoSession "takeover-says-no-session" [V5 "MQTT-3.2.2-3", V3_1_1 "MQTT-3.2.2-2"]
        "CONNACK has Session Present 0 when a takeover resumes the session",
    CleanStartKeepsInflight "clean-start-keeps-inflight" [V5 "MQTT-3.1.2-4", V3_1_1 "MQTT-3.1.2-6"]
        "unacknowledged messages of the old session are resent after a clean start",
    AliasedRefusalPassedOn "aliased-refusal-passed-on" [V5 "RULE-3.4.2.1-2", V5 "RULE-3.5.2.1-2"]
        "a message with a Topic Alias that is refused in PUBACK or PUBREC is forwarded",

    // Packet identifiers and aliases that each side assigns for itself, and the send quota.
    InboundQos2EndsOutgoing "inbound-qos2-ends-outgoing" [V5 "MQTT-4.4.0-1", V5 "MQTT-4.3.3-5", V3_1_1 "MQTT-4.4.0-1"]
        seen ["mochi#545"]
        "a QoS 2 PUBLISH from a client ends the delivery to it with the same packet identifier",
    PubrelEndsOutgoing "pubrel-ends-outgoing" [V5 "MQTT-4.4.0-1", V5 "MQTT-4.3.3-5", V3_1_1 "MQTT-4.4.0-1"]
        seen ["mochi#519"]
        "a PUBREL from a client ends the delivery to it with the same packet identifier",
    SubscribeEndsOutgoing "subscribe-ends-outgoing" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "a SUBSCRIBE from a client ends the delivery to it with the same packet identifier",
    UnsubscribeEndsOutgoing "unsubscribe-ends-outgoing" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "an UNSUBSCRIBE from a client ends the delivery to it with the same packet identifier",
    InboundQos1EndsOutgoing "inbound-qos1-ends-outgoing" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "a QoS 1 PUBLISH from a client ends the delivery to it with the same packet identifier",
    UnknownPubrecRefusalFreesSlot "unknown-pubrec-refusal-frees-slot" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-2"]
        "a PUBREC that refuses an unknown packet identifier increments the send quota",
    UnknownPubcompFreesSlot "unknown-pubcomp-frees-slot" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-2"]
        "a PUBCOMP with an unknown packet identifier increments the send quota",
    CompletionsHeldByQuota "completions-held-by-quota" [V5 "MQTT-3.3.4-10", V5 "MQTT-4.9.0-3"]
        "PUBREL and PUBCOMP are not sent while the send quota is exhausted",
    UnsubacksHeldByQuota "unsubacks-held-by-quota" [V5 "MQTT-3.3.4-10", V5 "MQTT-4.9.0-3"]
        "UNSUBSCRIBE is not acknowledged while the send quota is exhausted",
    UnknownPubackFreesSlot "unknown-puback-frees-slot" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-2"]
        seen ["mosquitto#2301"]
        "a PUBACK with an unknown packet identifier increments the send quota",
    AcknowledgementsHeldByQuota "acknowledgements-held-by-quota" [V5 "MQTT-3.3.4-10", V5 "MQTT-4.9.0-3"]
        seen ["mosquitto#1332"]
        "PUBACK and PUBREC are not sent while the send quota is exhausted",
    PublishersAliasForwarded "publishers-alias-forwarded" [V5 "MQTT-3.3.2-3", V5 "MQTT-3.3.2-11"]
        seen ["mqtt-lib#130", "MQTTnet#2199", "aedes#1117"]
        "the publisher's Topic Alias is forwarded to clients whose Topic Alias Maximum allows it",
    QueuedNotTracked "queued-not-tracked" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"] seen ["mqtt-lib#46"]
        "messages queued for an offline session are treated as acknowledged as soon as they are sent",
    QueueLosesFirst "queue-loses-first" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"] seen ["MQTTnet#1757"]
        "the first message for a session is lost after its connection broke",
    // Retained messages of related topics.
    ClearingClearsAbove "clearing-clears-above" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"] seen ["nanomq#2066"]
        "clearing a retained message also clears the one of the parent level",
    ClearingClearsBelow "clearing-clears-below" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        "clearing a retained message also clears those of all levels below",
    RetainingClearsAbove "retaining-clears-above" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        "storing a retained message clears the one of the parent level",
    RetainingClearsBelow "retaining-clears-below" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"] seen ["FlashMQ#131"]
        "storing a retained message clears those of all levels below",
    RetainedQosRaisedForWildcards "retained-qos-raised-for-wildcards" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        seen ["emqx#17781"]
        "retained messages for a filter with a wildcard are sent above the granted QoS",
    RetainedQos2LostToLastingSessions "retained-qos2-lost-to-lasting-sessions" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        seen ["aedes#1003"]
        "QoS 2 retained messages are not sent to a client whose session outlives its connection",
    RetainedSentOnTakeover "retained-sent-on-takeover" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        seen ["mochi#153"]
        "retained messages are sent again when a takeover resumes the session",
    RetainedPropertiesUnsentToOlder "retained-properties-unsent-to-older" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        "retained messages with properties are not sent to 3.1.1 clients",
    RetainedWillNeverExpires "retained-will-never-expires" [V5 "RULE-3.3.1.3-3", V5 "MQTT-3.3.2-6"]
        "a Will is retained without its Message Expiry Interval",
    ExpiredTakesRetainedAlong "expired-takes-retained-along" [V5 "MQTT-3.3.1-9"]
        "an expired retained message is discarded together with the next one",
    RestartMixesRetainedBesideExpired "restart-mixes-retained-beside-expired" [V5 "MQTT-3.3.1-9", V5 "MQTT-3.3.2-3"]
        seen ["mosquitto#2311"]
        "a restart swaps the payloads of retained messages if one has expired",
    // Filters.
    SharedWildcardsRefused "shared-wildcards-refused" [V5 "MQTT-3.8.4-1", V5 "RULE-4.8.2-1"] seen ["nanomq#1883"]
        "a Shared Subscription with a wildcard is treated as a protocol error",
    PlusHashMissesPlus "plus-hash-misses-plus" [V5 "MQTT-4.5.0-1", V5 "MQTT-4.7.3-4", V3_1_1 "MQTT-4.5.0-1"]
        seen ["mosquitto#670"]
        "a filter that ends with +/# does not match a topic that ends at the level of the +",
    RetainedHashWithoutParent "retained-hash-without-parent" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        "the retained message of the parent level is not sent for a filter that ends with /#",
    FiltersBeyondTenIgnored "filters-beyond-ten-ignored" [V5 "MQTT-3.8.4-5", V5 "MQTT-3.8.4-7", V3_1_1 "MQTT-3.8.4-4"]
        seen ["emqx#2366"]
        "only the first ten filters in a SUBSCRIBE have an effect",
    UnsubscribeBeyondTenIgnored "unsubscribe-beyond-ten-ignored" [V5 "MQTT-3.10.4-6", V3_1_1 "MQTT-3.10.4-6"]
        "only the first ten filters in an UNSUBSCRIBE have an effect",
    SubackCutAt20 "suback-cut-at-20" [V5 "MQTT-3.8.4-6", V3_1_1 "MQTT-3.8.4-5"]
        "SUBACK has at most 20 Reason Codes",
    SubscribeWithPropertiesIgnored "subscribe-with-properties-ignored" [V5 "MQTT-3.8.4-5", V5 "MQTT-3.8.4-7"]
        "a SUBSCRIBE with a User Property is granted but has no effect",
    UnsubscribeOfSharedWildcardIgnored "unsubscribe-of-shared-wildcard-ignored" [V5 "MQTT-3.10.4-1"]
        "UNSUBSCRIBE from a Shared Subscription with a wildcard has no effect",
    UnsubscribeWithPropertiesIgnored "unsubscribe-with-properties-ignored" [V5 "MQTT-3.10.4-1", V5 "MQTT-3.10.4-2"]
        seen ["nanomq#699"]
        "an UNSUBSCRIBE with a User Property has no effect",
    SharedIdleAfter20 "shared-idle-after-20" [V5 "MQTT-4.5.0-1", V5 "RULE-4.8.2-1"]
        seen ["hivemq-community-edition#558"]
        "a client's Shared Subscriptions receive nothing once its connection carried 20 messages either way",
    PubcompWithReasonStringIgnored "pubcomp-with-reason-string-ignored" [V5 "MQTT-4.4.0-1", V5 "MQTT-4.9.0-1"]
        "a PUBCOMP with a Reason String or a User Property is ignored",
    PubrelWithReasonStringUnanswered "pubrel-with-reason-string-unanswered" [V5 "MQTT-4.3.3-11"]
        "a PUBREL with a Reason String or a User Property is not answered",
    UserPropertiesBeyond16Cut "user-properties-beyond-16-cut" [V5 "MQTT-3.3.2-17"]
        "only the first 16 User Properties of a message are forwarded",
    // Single parts of the session state.
    Qos0SubscriptionsNotKept "qos0-subscriptions-not-kept" [V5 "MQTT-3.1.2-5", V3_1_1 "MQTT-3.1.2-4"]
        seen ["mosca#693", "aedes#174"]
        "a resumed session loses its QoS 0 subscriptions",
    Qos2SubscriptionsNotKept "qos2-subscriptions-not-kept" [V5 "MQTT-3.1.2-5", V3_1_1 "MQTT-3.1.2-4"]
        seen ["nats#7643"]
        "a resumed session loses its QoS 2 subscriptions",
    SharedSubscriptionsNotKept "shared-subscriptions-not-kept" [V5 "MQTT-3.1.2-5"]
        "a resumed session loses its Shared Subscriptions",
    SubscriptionsLostOnSecondResume "subscriptions-lost-on-second-resume" [V5 "MQTT-3.1.2-5", V3_1_1 "MQTT-3.1.2-4"]
        "a session loses its subscriptions when it is resumed for the second time",
    WildcardsLostOnTakeover "wildcards-lost-on-takeover" [V5 "MQTT-3.1.2-5", V3_1_1 "MQTT-3.1.2-4"]
        "a session that is taken over loses its subscriptions with a wildcard",
    NoLocalNotKept "no-local-not-kept" [V5 "MQTT-3.8.3-3"]
        "the subscriptions of a resumed session lose No Local",
    RetainAsPublishedNotKept "retain-as-published-not-kept" [V5 "MQTT-3.3.1-13"]
        "the subscriptions of a resumed session lose Retain As Published",
    IdentifiersNotKept "identifiers-not-kept" [V5 "MQTT-3.3.4-3"]
        "the subscriptions of a resumed session lose their Subscription Identifiers",
    GrantedQosNotKept "granted-qos-not-kept" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        "the subscriptions of a resumed session are limited to QoS 1",
    ReceivedForgottenOnSecondResume "received-forgotten-on-second-resume" [V5 "MQTT-4.3.3-10", V3_1_1 "MQTT-4.3.3-2"]
        "the second reconnect forgets the packet identifiers of received QoS 2 messages",
    ReleasedOnResumeAtQos0 "released-on-resume-at-qos0" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"] seen ["nats#8414"]
        "a QoS 2 message whose PUBREL arrives on a later connection is forwarded with QoS 0",
    ReleasedOnResumeNotRetained "released-on-resume-not-retained" [V5 "MQTT-3.3.1-5", V3_1_1 "MQTT-3.3.1-5"]
        seen ["nats#8414"]
        "a QoS 2 message whose PUBREL arrives on a later connection is not retained",
    EndedSessionTakenOver "ended-session-taken-over" [V5 "MQTT-4.1.0-2", V5 "MQTT-3.2.2-3", V3_1_1 "MQTT-3.1.2-6"]
        seen ["emqx#18583"]
        "a takeover resumes a session that should end with its connection",
    OnceCleanAlwaysClean "once-clean-always-clean" [V5 "MQTT-3.1.2-23", V3_1_1 "MQTT-3.1.2-4"] seen ["moquette#145"]
        "sessions of a client end with their connections once it has connected with Clean Start 1",
    // Connecting and Wills.
    RefusalCodesOfVersion5 "refusal-codes-of-version-5" [V3_1_1 "RULE-3.2.2.3-1"] seen ["mochi#140"]
        "a refused CONNECT of 3.1.1 is answered with a Reason Code of version 5",
    PingreqBeforeConnectAnswered "pingreq-before-connect-answered" [V5 "MQTT-3.1.0-1", V3_1_1 "MQTT-3.1.0-1"]
        seen ["FlashMQ#104"]
        "a PINGREQ before CONNECT is answered",
    OtherVersionTakeoverLosesWill "other-version-takeover-loses-will" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.2-8"]
        "a takeover with another protocol version discards the Will of the old connection",
    TakeoverPublishesDelayedWill "takeover-publishes-delayed-will" [V5 "MQTT-3.1.3-9"]
        "a takeover publishes a delayed Will although the session is resumed",
    WillDelayIgnoredAfter0x04 "will-delay-ignored-after-0x04" [V5 "MQTT-3.1.2-8"]
        "DISCONNECT 0x04 publishes the Will at once regardless of its Will Delay Interval",
    WillDelayCut "will-delay-cut" [V5 "MQTT-3.1.2-8"]
        "only the lower two bytes of a Will Delay Interval are used",
    WillDelaySigned "will-delay-signed" [V5 "MQTT-3.1.2-8"]
        "a Will with a Will Delay Interval above 2,147,483,647 is published at once",

    // Faults that appear only on a resumed connection, after a takeover, or with another protocol version.
    OtherVersionLosesReleases "other-version-loses-releases" [V5 "MQTT-4.4.0-1"]
        "an unacknowledged PUBREL is not resent when the session is resumed with another protocol version",
    OtherVersionStripsProperties "other-version-strips-properties" [V5 "MQTT-3.3.2-16", V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        "messages lose all properties except their expiry when the session resumes with another version",
    OtherVersionForgetsOptions "other-version-forgets-options" [V5 "MQTT-3.1.2-5", V5 "MQTT-3.8.3-3", V5 "MQTT-3.3.1-13", V5 "MQTT-3.3.4-3"]
        "subscriptions lose No Local, Retain As Published and identifier when resumed with another version",
    OtherVersionPublishesDelayedWill "other-version-publishes-delayed-will" [V5 "MQTT-3.1.3-9"]
        "a reconnect with another protocol version publishes a delayed Will instead of cancelling it",
    ResentTakesNoRoom "resent-takes-no-room" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-2"]
        "resent messages do not count against the new connection's Receive Maximum",
    PreviousReceiveMaximumKept "previous-receive-maximum-kept" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-2"]
        "a resumed session keeps the Receive Maximum of its previous connection",
    HeldBackWithoutDup "held-back-without-dup" [V5 "MQTT-3.3.1-1"]
        "a message whose resending waits for send quota has DUP 0",
    HeldBackExpires "held-back-expires" [V5 "MQTT-4.3.3-7", V5 "MQTT-4.4.0-1"]
        "a message whose resending waits for send quota is dropped when it expires",
    ResentTooLargeSent "resent-too-large-sent" [V5 "MQTT-3.1.2-24"]
        "a message is resent regardless of the new connection's Maximum Packet Size",
    QueueIgnoresReceiveMaximum "queue-ignores-receive-maximum" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-2"]
        "messages queued for an offline session are sent regardless of the client's Receive Maximum",
    RetainedIgnoreReceiveMaximum "retained-ignore-receive-maximum" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-2"]
        "retained messages are sent to a new subscription regardless of the client's Receive Maximum",
    RetainedLostAtFullWindow "retained-lost-at-full-window" [V5 "MQTT-3.3.1-9"]
        "QoS 1 and 2 retained messages are lost if the send quota is exhausted when the client subscribes",
    RetainedWaitingLoseRetain "retained-waiting-lose-retain" [V5 "RULE-3.3.1.3-2"]
        "retained messages queued while the send quota is exhausted have RETAIN 0",
    ExpiredWaitingTakesRoom "expired-waiting-takes-room" [V5 "MQTT-4.5.0-1", V5 "MQTT-4.9.0-1"] seen ["mosquitto#1706"]
        "a message that expires while the send quota is exhausted permanently reduces the send quota",
    TakenOverExpiryKept "taken-over-expiry-kept" [V5 "MQTT-4.1.0-1"] seen ["mochi#180"]
        "a session taken over loses its subscriptions when the old connection's expiry has passed",
    TakeoverKeepsExpiry "takeover-keeps-expiry" [V5 "MQTT-4.1.0-2", V5 "MQTT-3.1.2-23"]
        "a session taken over keeps the Session Expiry Interval of the old connection",
    TakenOverKeepAliveKept "taken-over-keep-alive-kept" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "a client that takes over a session inherits the Keep Alive of the old connection",
    AliasesOutliveTakeover "aliases-outlive-takeover" [V5 "MQTT-3.3.2-7"]
        "a client that takes over a session inherits the Topic Aliases of the old connection",
    PendingAuthenticationTakesOver "pending-authentication-takes-over" [V5 "RULE-3.1.4-4"]
        "a CONNECT takes over a session before its authentication exchange is complete",
    ResumedSessionNeverExpires "resumed-session-never-expires" [V5 "MQTT-4.1.0-2"]
        "a session never expires once it has been resumed",
    ResumedWillLost "resumed-will-lost" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.2-8"]
        "the Will of a connection that resumes a session is not published",
    ResumedKeepAliveNotEnforced "resumed-keep-alive-not-enforced" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "a silent client with a resumed session is never disconnected",
    ResumedRetainHandling1Sends "resumed-retain-handling-1-sends" [V5 "MQTT-3.3.1-10"]
        "Retain Handling 1 treats a subscription of a resumed session as a new one",
    RetainHandling1KnowsRefused "retain-handling-1-knows-refused" [V5 "MQTT-3.3.1-10"]
        "Retain Handling 1 treats an earlier refused subscription as an existing one",
    WaitingTakenByFirst "waiting-taken-by-first" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "a message queued for several offline sessions reaches only the first session that is resumed",
    ReleasedLaterComesBack "released-later-comes-back" [V5 "MQTT-3.8.3-3"]
        "No Local has no effect on a QoS 2 message whose PUBREL arrives on a later connection",
    CleanStartStaysInGroup "clean-start-stays-in-group" [V5 "MQTT-3.1.2-4"]
        "the old session's Shared Subscriptions survive a clean start",
    SharedBegunMovesOnTakeover "shared-begun-moves-on-takeover" [V5 "MQTT-4.8.2-4"] seen ["emqx#8527"]
        "a QoS 2 delivery started with one member moves to another when the first one is taken over",
    SharedResubscribeDeliversTwice "shared-resubscribe-delivers-twice" [V5 "RULE-4.8.2-1", V5 "MQTT-3.8.4-3"]
        "subscribing again to a Shared Subscription adds a second one",
    SharedRefusedReassigned "shared-refused-reassigned" [V5 "MQTT-4.8.2-6"]
        "a message that one member refused is sent to another when the first one's session ends",
    SharedLostAtFullWindow "shared-lost-at-full-window" [V5 "MQTT-4.5.0-1"]
        "a message for a Shared Subscription is lost while the send quota of every member is exhausted",
    SharedJoiningDropsWaiting "shared-joining-drops-waiting" [V5 "MQTT-4.5.0-1"]
        "messages queued for an offline member of a Shared Subscription are lost when another member joins",
    UnsentAliasUsed "unsent-alias-used" [V5 "RULE-3.3.4-2"]
        "the server uses a Topic Alias that it set in a message too large to be sent to the client",
    ExpiredAliasUsed "expired-alias-used" [V5 "RULE-3.3.4-2"]
        "the server uses a Topic Alias that it set in a message that expired before it was sent",
    RepeatSetsNoAlias "repeat-sets-no-alias" [V5 "MQTT-3.3.2-12"]
        "a Topic Alias set by a duplicate QoS 2 PUBLISH is unknown afterwards",
    StagedFollowsAlias "staged-follows-alias" [V5 "MQTT-3.3.2-12", V5 "MQTT-4.5.0-1"]
        "a QoS 2 message sent with a Topic Alias goes to the topic that the alias has at PUBREL",
    RepeatedFilterKeepsFirst "repeated-filter-keeps-first" [V5 "MQTT-3.8.4-5", V5 "MQTT-3.8.4-3", V3_1_1 "MQTT-3.8.4-4", V3_1_1 "MQTT-3.8.4-3"]
        "the first options apply to a filter that appears twice in a SUBSCRIBE",
    UnsubscribeDropsOthersWaiting "unsubscribe-drops-others-waiting" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "UNSUBSCRIBE drops queued messages that another subscription of the client also matches",
    ResubscribeDropsInflight "resubscribe-drops-inflight" [V5 "MQTT-3.8.4-4", V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-3.8.4-3", V3_1_1 "MQTT-4.4.0-1"]
        "subscribing again to a filter abandons deliveries that have already started",
    OwnRetainedUnsent "own-retained-unsent" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        "retained messages are not sent to the client that published them",
    WillWithoutIdentifier "will-without-identifier" [V5 "MQTT-3.3.4-3"]
        "Wills are delivered without the Subscription Identifier",
    WillRetainAsPublishedIgnored "will-retain-as-published-ignored" [V5 "MQTT-3.3.1-13"]
        "Retain As Published has no effect on Wills",
    OwnWillUnqueued "own-will-unqueued" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "a Will is not delivered to the session of its own client",
    RestartDelayedWillNotCancelled "restart-delayed-will-not-cancelled" [V5 "MQTT-3.1.3-9"]
        "a reconnect after a restart publishes a delayed Will instead of cancelling it",
    RestartOrdersQueueAsText "restart-orders-queue-as-text" [V5 "MQTT-4.6.0-5", V3_1_1 "MQTT-4.6.0-6"]
        "queued messages are sorted by number as text in a restart, so that the eleventh follows the second",
    RestartSendsWaitingFirst "restart-sends-waiting-first" [V5 "MQTT-4.6.0-5", V3_1_1 "MQTT-4.6.0-6"] seen ["mqtt-lib#151"]
        "queued messages are sent before those to be resent after a restart",
    RestartGivesIdsAgain "restart-gives-ids-again" [V5 "MQTT-2.2.1-4", V3_1_1 "MQTT-2.3.1-4"]
        "packet identifiers in use before a restart are assigned to other messages after it",
    KillKeepsEndedSessions "kill-keeps-ended-sessions" [V5 "RULE-3.1.2.11.2-1", V3_1_1 "MQTT-3.1.2-6"]
        "after the broker was killed, the sessions of connected clients that should have ended are kept",
    KillStopsExpiry "kill-stops-expiry" [V5 "MQTT-4.1.0-2"]
        "the sessions of clients that were connected when the broker was killed never expire",
    KillLosesInflight "kill-loses-inflight" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "a kill of the broker loses unacknowledged messages to connected clients",
    KillLosesReleases "kill-loses-releases" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "a kill of the broker loses pending PUBREL packets to connected clients",
    KillForgetsReceived "kill-forgets-received" [V5 "MQTT-4.3.3-10", V3_1_1 "MQTT-4.3.3-2"]
        "a kill of the broker loses the packet identifiers of half-received QoS 2 messages of connected clients",
    KillReturnsWills "kill-returns-wills" [V5 "MQTT-3.1.2-10", V3_1_1 "MQTT-3.1.2-10"]
        "a kill of the broker brings back Wills that were published or deleted",
    RestartRestoresEnded "restart-restores-ended" [V5 "MQTT-4.1.0-2", V5 "MQTT-3.2.2-3", V3_1_1 "MQTT-3.1.2-6"]
        "a restart restores sessions that have ended",
    RestartRestoresPreviousOptions "restart-restores-previous-options" [V5 "MQTT-3.8.4-3", V3_1_1 "MQTT-3.8.4-3"]
        "a restart restores the old versions of replaced subscriptions",
    RestartForgetsUser "restart-forgets-user" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"] seen ["mosquitto#384", "mosquitto#2618"]
        "a restart forgets the users of offline sessions, which then miss messages only for those users",
    RestartHidesSession "restart-hides-session" [V5 "MQTT-3.2.2-3", V3_1_1 "MQTT-3.2.2-2"]
        "CONNACK has Session Present 0 for a session kept across a restart",
    LongAcknowledgementsRefused "long-acknowledgements-refused" [V5 "MQTT-4.4.0-1", V5 "MQTT-4.3.3-4", V5 "MQTT-4.3.3-11"] seen ["mosquitto#3713"]
        "an acknowledgement over 10,000 bytes closes the connection regardless of the Maximum Packet Size",
    ServerAliasesOutliveTakeover "server-aliases-outlive-takeover" [V5 "MQTT-3.3.2-7", V5 "RULE-3.3.4-2"]
        "the server still uses the old connection's Topic Aliases after a takeover",
    TakeoverLosesReleases "takeover-loses-releases" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "an unacknowledged PUBREL is not resent after a takeover",
    TakeoverLosesHeldBack "takeover-loses-held-back" [V5 "MQTT-4.4.0-1"]
        "messages whose resending waits for send quota are lost in a takeover",
    RetainedWaitingLoseIdentifier "retained-waiting-lose-identifier" [V5 "MQTT-3.3.4-3"]
        "retained messages queued while the send quota is exhausted carry no Subscription Identifier",
    WillIgnoresReceiveMaximum "will-ignores-receive-maximum" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-2"]
        "Wills are sent regardless of the client's Receive Maximum",
    SharedIgnoresReceiveMaximum "shared-ignores-receive-maximum" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-2"]
        "messages of a Shared Subscription are sent regardless of the client's Receive Maximum",
    OtherVersionStripsExpiry "other-version-strips-expiry" [V5 "MQTT-3.3.2-5", V5 "MQTT-3.3.2-6"]
        "messages of a session never expire once it has been resumed with another protocol version",
    RestartMergesDiscarded "restart-merges-discarded" [V5 "MQTT-3.1.2-4", V3_1_1 "MQTT-3.1.2-6"]
        "a restart adds the subscriptions of a client's discarded session to its current one",
    StagedNeedsItsAlias "staged-needs-its-alias" [V5 "MQTT-4.5.0-1"]
        "a QoS 2 message sent with a Topic Alias is lost if its PUBREL arrives on a later connection",
    SharedLeavingDropsWaiting "shared-leaving-drops-waiting" [V5 "MQTT-4.5.0-1"]
        "messages queued for an offline member of a Shared Subscription are lost when another member leaves",
    // Faults that appear only with another client.
    DupLeaksToOthers "dup-leaks-to-others" [V5 "MQTT-4.3.2-2", V5 "MQTT-4.3.3-2", V3_1_1 "MQTT-4.3.2-1", V3_1_1 "MQTT-4.3.3-1"]
        "a message resent to one client has DUP 1 when it is sent to others for the first time",
    PubackEndsDeliveryToOthers "puback-ends-delivery-to-others" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "PUBACK from one client also ends the deliveries of the same message to others",
    SessionEndTakesItsMessages "session-end-takes-its-messages" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "the end of a session discards its client's messages that are queued for other sessions",
    OfflineQos0EndsFanout "offline-qos0-ends-fanout" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "a message is lost to all sessions served after an offline one that would receive it at QoS 0",
    NoLocalEndsFanout "no-local-ends-fanout" [V5 "MQTT-4.5.0-1"]
        "a message is lost to all sessions served after the publisher's own if that has No Local",
    AliasOfOthersLeaks "alias-of-others-leaks" [V5 "MQTT-3.1.2-27"]
        "a client that allows no Topic Aliases receives the one that another client has for the message",
    QueuedAgedByReading "queued-aged-by-reading" [V5 "MQTT-3.3.2-6"]
        "resuming one session subtracts the age of queued messages once more for the other sessions",
    RetainHandling1KnowsOthers "retain-handling-1-knows-others" [V5 "MQTT-3.3.1-10"]
        "Retain Handling 1 treats another client's subscription to the filter as an existing one",
    RetainedGoneWithCleanStart "retained-gone-with-clean-start" [V5 "RULE-4.1-1", V3_1_1 "MQTT-3.1.2-7", V3_1_1 "RULE-4.1-1"]
        "a clean start that discards a session clears the retained messages of its client",

    // Faults that appear only after a takeover.
    TakeoverResendsWithoutDup "takeover-resends-without-dup" [V5 "MQTT-3.3.1-1", V3_1_1 "MQTT-3.3.1-1"]
        "messages are resent with DUP 0 after a takeover",
    TakeoverLosesPacketsBehind "takeover-loses-packets-behind" [V5 "RULE-3.1.4-3", V3_1_1 "RULE-3.1.4-3"]
        "packets that arrive together with a CONNECT that takes over a session are discarded",
    TakeoverLosesIdentifiers "takeover-loses-identifiers" [V5 "MQTT-3.1.2-5", V5 "MQTT-3.3.4-3"]
        "the subscriptions of a session that is taken over lose their Subscription Identifiers",
    TakeoverLosesShared "takeover-loses-shared" [V5 "MQTT-3.1.2-5"]
        "a session that is taken over loses its Shared Subscriptions",
    TakeoverForgetsNoLocal "takeover-forgets-no-local" [V5 "MQTT-3.1.2-5", V5 "MQTT-3.8.3-3"]
        "the subscriptions of a session that is taken over lose No Local",
    EndingSessionDoublesWill "ending-session-doubles-will" [V5 "MQTT-3.1.2-10"] seen ["fluxmq#597"]
        "a takeover that ends the session publishes a delayed Will twice",

    // Faults that appear only when the send quota is exhausted.
    WaitingLostOnClose "waiting-lost-on-close" [V5 "MQTT-4.5.0-1"]
        "messages queued while the send quota is exhausted are lost when the connection closes",
    NewOvertakesQueued "new-overtakes-queued" [V5 "MQTT-4.6.0-5"]
        "new messages are sent before those queued while the session was offline",
    WillLostAtFullWindow "will-lost-at-full-window" [V5 "MQTT-4.5.0-1"]
        "a Will is lost to a client whose send quota is exhausted",
    WaitingAliasUsed "waiting-alias-used" [V5 "RULE-3.3.4-2"]
        "the server uses a Topic Alias that it set in a message still waiting for send quota",
    KeepAliveOffWhileInflight "keep-alive-off-while-inflight" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "a silent client is not disconnected while it has unacknowledged messages",
    ExpiredBlocksQueue "expired-blocks-queue" [V5 "MQTT-4.5.0-1"]
        "a message that expires in the queue blocks later messages until the next acknowledgement",
    ReauthenticationFreesWindow "reauthentication-frees-window" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-2"]
        "a re-authentication restores the full send quota",

    // Faults that appear only after a restart.
    RestartLosesWaiting "restart-loses-waiting" [V5 "MQTT-4.5.0-1", V5 "MQTT-3.1.2-23"]
        "a restart loses messages of a connected client queued while its send quota is exhausted",
    RestartLosesAssigned "restart-loses-assigned" [V5 "MQTT-3.1.2-23"]
        "a restart loses sessions with an Assigned Client Identifier",
    RestartLosesBytes "restart-loses-bytes" [V5 "MQTT-3.3.1-9", V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-3.3.1-6", V3_1_1 "MQTT-4.4.0-1"]
        "payloads that are not valid UTF-8 have replacement characters after a restart",
    RestartLosesSessionsOfV3 "restart-loses-sessions-of-v3" [V3_1_1 "MQTT-4.1.0-1"]
        "a restart loses the sessions of 3.1.1 clients",
    RestartMovesSharedBegun "restart-moves-shared-begun" [V5 "MQTT-4.8.2-4"]
        "a QoS 2 delivery started with one member of a Shared Subscription moves to another in a restart",
    RestartLosesQos0Subscriptions "restart-loses-qos0-subscriptions" [V5 "MQTT-3.1.2-5", V3_1_1 "MQTT-3.1.2-4"]
        "a restart loses QoS 0 subscriptions",

    // Faults that appear only with another protocol version.
    OtherVersionHidesSession "other-version-hides-session" [V5 "MQTT-3.2.2-3", V5 "MQTT-3.3.2-3", V3_1_1 "MQTT-3.2.2-2"]
        "CONNACK has Session Present 0 for a session resumed with another protocol version",
    WillPropertiesUnsentToOlder "will-properties-unsent-to-older" [V5 "MQTT-3.1.2-8", V5 "MQTT-4.5.0-1"]
        "Wills with properties are not sent to 3.1.1 clients",
    OtherVersionLosesShared "other-version-loses-shared" [V5 "MQTT-3.1.2-5"]
        "a session loses its Shared Subscriptions when it is resumed with another protocol version",
    OtherVersionResendsWithoutDup "other-version-resends-without-dup" [V5 "MQTT-3.3.1-1", V3_1_1 "MQTT-3.3.1-1"]
        "messages are resent with DUP 0 when the session is resumed with another protocol version",

    // Faults that appear only with another filter, or another subscription to the same one.
    RetainedNotForOverlapping "retained-not-for-overlapping" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        "retained messages that match another subscription of the client are not sent to a new subscription",
    RetainHandling1KnowsShared "retain-handling-1-knows-shared" [V5 "MQTT-3.3.1-10"]
        "Retain Handling 1 treats a Shared Subscription to the same filter as an existing subscription",
    RetainHandling1NewByQos "retain-handling-1-new-by-qos" [V5 "MQTT-3.3.1-10"]
        "Retain Handling 1 treats an existing subscription as a new one if its QoS changes",
    RetainHandling2Sticks "retain-handling-2-sticks" [V5 "MQTT-3.8.4-4"]
        "no retained messages are sent when a client subscribes again to a filter that had Retain Handling 2",
    ShareNameIsGroup "share-name-is-group" [V5 "RULE-4.8.2-1"] seen ["mqtt_cpp#716"]
        "Shared Subscriptions with the same Share Name get one copy together even if their filters differ",
    ShareNamesCaseFolded "share-names-case-folded" [V5 "RULE-4.8.2-1"]
        "Share Names that differ only in case are treated as the same",
    SharedHashWithoutParent "shared-hash-without-parent" [V5 "MQTT-4.5.0-1", V5 "MQTT-4.7.3-4"]
        "a Shared Subscription whose filter ends with /# does not match the parent level",
    UnsubscribeCaseFolded "unsubscribe-case-folded" [V5 "MQTT-3.10.4-1", V3_1_1 "MQTT-3.10.4-1"]
        "UNSUBSCRIBE also removes subscriptions to filters that differ only in case",
    IdentifiersUncounted "identifiers-uncounted" [V5 "MQTT-3.1.2-24"] seen ["mosquitto#3515"]
        "a message that exceeds the client's Maximum Packet Size by its Subscription Identifiers is sent",

    // Sessions and Wills, combined with another feature.
    DelayedWillEndsSession "delayed-will-ends-session" [V5 "MQTT-4.1.0-1"] seen ["mosquitto#1752"]
        "a session ends when its delayed Will is published",
    PreviousUnlimitedExpiryKept "previous-unlimited-expiry-kept" [V5 "MQTT-4.1.0-2"]
        "a session without expiry still never expires after being resumed with a Session Expiry Interval",
    ResumedDisconnectExpiryIgnored "resumed-disconnect-expiry-ignored" [V5 "MQTT-4.1.0-2"]
        "the Session Expiry Interval of DISCONNECT has no effect on a resumed connection",
    CleanStartLosesDelayedWill "clean-start-loses-delayed-will" [V5 "MQTT-3.1.2-8"] seen ["fluxmq#597"]
        "a clean start discards the delayed Will of the old session",
    SessionPresentForExpired "session-present-for-expired" [V5 "MQTT-3.2.2-3"]
        "CONNACK has Session Present 1 although the session has expired",
    WillUnqueuedOffline "will-unqueued-offline" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "Wills are not queued for offline sessions",
    RetainedWillNotForwarded "retained-will-not-forwarded" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.2-8"]
        "a Will with Will Retain 1 is retained but not delivered to current subscribers",
    RetainedWillSticks "retained-will-sticks" [V5 "MQTT-3.3.1-5", V3_1_1 "MQTT-3.3.1-5"] seen ["mochi#153"]
        "a retained message that was a Will is not replaced",
    WillLostOnOversizedPacket "will-lost-on-oversized-packet" [V5 "MQTT-3.1.2-8"]
        "a packet larger than the announced Maximum Packet Size discards the Will",
    WillLostOnFailedReauthentication "will-lost-on-failed-reauthentication" [V5 "MQTT-3.1.2-8"]
        "a failed re-authentication discards the Will",
    WillTooLargeSent "will-too-large-sent" [V5 "MQTT-3.1.2-24"]
        "Wills are sent regardless of the client's Maximum Packet Size",
    WaitedTooLargeSent "waited-too-large-sent" [V5 "MQTT-3.1.2-24"]
        "messages that have waited are sent regardless of the client's Maximum Packet Size",

    // QoS exchanges, combined with another feature.
    UnknownDupDropped "unknown-dup-dropped" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "a QoS 2 PUBLISH with DUP 1 is acknowledged but not delivered even if the server sees it for the first time",
    ResentQos1Unanswered "resent-qos1-unanswered" [V5 "MQTT-4.3.2-4", V3_1_1 "MQTT-4.3.2-2"]
        "a QoS 1 PUBLISH with DUP 1 is ignored on a resumed connection",
    RepeatedReleaseUnanswered "repeated-release-unanswered" [V5 "MQTT-4.3.3-11", V3_1_1 "MQTT-4.3.3-2"]
        "a PUBREL with an unknown packet identifier is not answered",
    LostDuringReauthentication "lost-during-reauthentication" [V5 "MQTT-4.5.0-1"]
        "messages for a client are lost while it re-authenticates",

    // Topics, and parts of packets that are not counted.
    TopicsTrimmed "topics-trimmed" [V5 "RULE-4.7.3-1", V5 "MQTT-4.7.3-4", V3_1_1 "RULE-4.7.3-1", V3_1_1 "MQTT-4.7.3-4"]
        "leading and trailing spaces in topics and filters are ignored",
    TopicsComposed "topics-composed" [V5 "MQTT-4.7.3-4", V3_1_1 "MQTT-4.7.3-4"]
        "a letter with a combining accent in a topic matches the precomposed letter",
    LevelsBeyond32Ignored "levels-beyond-32-ignored" [V5 "MQTT-4.7.3-4", V3_1_1 "MQTT-4.7.3-4"]
        "only the first 32 levels of topics and filters are compared",
    AliasesCut "aliases-cut" [V5 "MQTT-3.3.2-12", V5 "MQTT-3.3.2-3"]
        "Topic Aliases that differ by 256 are treated as the same",
    IdentifiersDroppedAtQos0 "identifiers-dropped-at-qos0" [V5 "MQTT-3.3.4-3"]
        "QoS 0 messages carry no Subscription Identifier",
    LongSubscribePropertiesRefused "long-subscribe-properties-refused" [V5 "MQTT-3.8.4-1"]
        "a SUBSCRIBE with more than 127 bytes of properties closes the connection",
    // Further combinations of the same kinds.
    TakeoverForgetsRetainAsPublished "takeover-forgets-retain-as-published" [V5 "MQTT-3.1.2-5", V5 "MQTT-3.3.1-13"]
        "the subscriptions of a session that is taken over lose Retain As Published",
    PubrecEndsDeliveryToOthers "pubrec-ends-delivery-to-others" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "PUBREC from one client also ends the deliveries of the same message to others",
    WillLostOnAliasError "will-lost-on-alias-error" [V5 "MQTT-3.1.2-8"]
        "an invalid Topic Alias discards the Will",
    RestartLosesTakenOver "restart-loses-taken-over" [V5 "MQTT-3.1.2-23", V3_1_1 "MQTT-4.1.0-1"]
        "a restart loses sessions that were taken over",
    RetainedGoneWithTakeover "retained-gone-with-takeover" [V5 "RULE-4.1-1", V3_1_1 "MQTT-3.1.2-7", V3_1_1 "RULE-4.1-1"]
        "a takeover clears the retained messages of the client",
    RetainHandling1NewByOptions "retain-handling-1-new-by-options" [V5 "MQTT-3.3.1-10"]
        "Retain Handling 1 treats an existing subscription as a new one if its options change",
    UserPropertiesUncounted "user-properties-uncounted" [V5 "MQTT-3.1.2-24"]
        "a message that exceeds the client's Maximum Packet Size by its User Properties is sent",
    TooLargeEndsFanout "too-large-ends-fanout" [V5 "MQTT-4.5.0-1"]
        "a message too large for one client is lost to all sessions served after it",
    ReauthenticationForgetsReceived "reauthentication-forgets-received" [V5 "MQTT-4.3.3-10"]
        "a re-authentication forgets the packet identifiers of received QoS 2 messages",
    CleanStartDoublesWill "clean-start-doubles-will" [V5 "MQTT-3.1.2-10"]
        "a clean start publishes the delayed Will of the old session twice",
    // Single parts of a message that are lost on one path, and faults that appear only the second time.
    WaitingOrderLost "waiting-order-lost" [V5 "MQTT-3.3.2-18"]
        "messages queued while the send quota is exhausted have their User Properties in reverse order",
    WaitingQosRaised "waiting-qos-raised" [V5 "MQTT-3.8.4-8"]
        "messages queued while the send quota is exhausted are sent above the granted QoS",
    WaitingQosCut "waiting-qos-cut" [V5 "MQTT-3.8.4-8"]
        "messages queued while the send quota is exhausted are sent with QoS 1 at most",
    WaitingRetainPassedOn "waiting-retain-passed-on" [V5 "MQTT-3.3.1-12"]
        "messages queued while the send quota is exhausted keep RETAIN 1",
    WaitingExpiryAnew "waiting-expiry-anew" [V5 "MQTT-3.3.2-6"]
        "messages queued while the send quota is exhausted are sent with their full Message Expiry Interval",
    WaitingFirstIdentifierAlone "waiting-first-identifier-alone" [V5 "MQTT-3.3.4-4"]
        "messages queued while the send quota is exhausted carry only one Subscription Identifier",
    WaitingBytesLost "waiting-bytes-lost" [V5 "MQTT-4.5.0-1"]
        "payloads that are not valid UTF-8 get replacement characters if queued for lack of send quota",
    QueuedBytesLost "queued-bytes-lost" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "payloads that are not valid UTF-8 get replacement characters if queued for an offline session",
    ResentOrderLost "resent-order-lost" [V5 "MQTT-3.3.2-18"]
        "messages are resent with their User Properties in reverse order",
    ResentQosCut "resent-qos-cut" [V5 "MQTT-4.4.0-1", V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-4.4.0-1", V3_1_1 "MQTT-3.8.4-6"]
        "QoS 2 messages are resent with QoS 1",
    ResentRetainPassedOn "resent-retain-passed-on" [V5 "MQTT-3.3.1-12", V3_1_1 "MQTT-3.3.1-9"]
        "messages are resent with the publisher's RETAIN 1",
    RetainedBytesLost "retained-bytes-lost" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        "retained payloads that are not valid UTF-8 are sent with replacement characters",
    SharedOrderLost "shared-order-lost" [V5 "MQTT-3.3.2-18"]
        "messages of a Shared Subscription have their User Properties in reverse order",
    SharedQosCut "shared-qos-cut" [V5 "MQTT-4.8.2-3"]
        "messages of a Shared Subscription are sent with QoS 1 at most",
    SharedRetainPassedOn "shared-retain-passed-on" [V5 "MQTT-3.3.1-12"]
        "messages of a Shared Subscription keep RETAIN 1",
    SharedBytesLost "shared-bytes-lost" [V5 "RULE-4.8.2-1"]
        "payloads that are not valid UTF-8 are sent to a Shared Subscription with replacement characters",
    HeldBackPropertiesLost "held-back-properties-lost" [V5 "MQTT-3.3.2-16", V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        "a message whose resending waits for send quota loses all properties except its expiry",
    HeldBackIdentifiersLost "held-back-identifiers-lost" [V5 "MQTT-3.3.4-3"]
        "a message whose resending waits for send quota carries no Subscription Identifier",
    HeldBackRetainLost "held-back-retain-lost" [V5 "MQTT-3.3.1-13", V5 "MQTT-4.4.0-1"]
        "a message whose resending waits for send quota has RETAIN 0",
    ReassignedPropertiesLost "reassigned-properties-lost" [V5 "MQTT-3.3.2-16", V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        "a message reassigned to another member of a Shared Subscription loses all properties except its expiry",
    ReassignedExpiryRestarts "reassigned-expiry-restarts" [V5 "MQTT-3.3.2-6"]
        "a message reassigned to another member of a Shared Subscription has its full Message Expiry Interval",
    ReassignedWithPreviousIdentifier "reassigned-with-previous-identifier" [V5 "MQTT-3.3.4-3"]
        "a message reassigned to another member carries the Subscription Identifier of the first member",
    ReassignedWithPreviousQos "reassigned-with-previous-qos" [V5 "MQTT-4.8.2-3"]
        "a message reassigned to another member of a Shared Subscription has the QoS of the first member",
    ReassignedWithPreviousRetain "reassigned-with-previous-retain" [V5 "MQTT-3.3.1-12", V5 "MQTT-3.3.1-13"]
        "a message reassigned to another member of a Shared Subscription has the RETAIN flag of the first member",
    WildcardsNotReassigned "wildcards-not-reassigned" [V5 "RULE-4.8.2-2"] seen ["emqx#9094"]
        "messages of a Shared Subscription with a wildcard are lost instead of reassigned to another member",
    ReassignedOnce "reassigned-once" [V5 "RULE-4.8.2-2"]
        "a message of a Shared Subscription that was given to another member is lost if its session ends as well",
    ExpiredNotReassigned "expired-not-reassigned" [V5 "RULE-4.8.2-2"] seen ["emqx#12257"]
        "messages queued for a member of a Shared Subscription are lost when that member's session expires",
    SharedResentWithoutDup "shared-resent-without-dup" [V5 "MQTT-3.3.1-1"]
        "a message of a Shared Subscription is resent with DUP 0",
    SharedResentWithNewId "shared-resent-with-new-id" [V5 "MQTT-4.4.0-1"]
        "a message of a Shared Subscription is resent with a new packet identifier",
    WillNotTracked "will-not-tracked" [V5 "MQTT-4.3.2-3", V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.3.2-1", V3_1_1 "MQTT-4.4.0-1"]
        "Wills are treated as acknowledged as soon as they are sent",
    WillResentWithoutDup "will-resent-without-dup" [V5 "MQTT-3.3.1-1", V3_1_1 "MQTT-3.3.1-1"]
        "a Will is resent with DUP 0",
    WillLostOnReceiveMaximum "will-lost-on-receive-maximum" [V5 "MQTT-3.1.2-8"]
        "exceeding the server's Receive Maximum discards the Will",
    WillLostOnUnsupported "will-lost-on-unsupported" [V5 "MQTT-3.1.2-8"]
        "a packet that uses a feature announced as unavailable in CONNACK discards the Will",
    WillLostOnMalformedPacket "will-lost-on-malformed-packet" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.2-8"]
        "a malformed packet discards the Will",
    ResumedWillDelayIgnored "resumed-will-delay-ignored" [V5 "MQTT-3.1.2-8"]
        "a Will of a connection that resumed a session is published at once regardless of its Will Delay Interval",
    ResumedMaximumQosNotAnnounced "resumed-maximum-qos-not-announced" [V5 "MQTT-3.2.2-9"]
        "CONNACK for a resumed session does not announce a Maximum QoS below 2",
    ResumedServerKeepAliveNotAnnounced "resumed-server-keep-alive-not-announced" [V5 "MQTT-3.2.2-22"]
        "CONNACK for a resumed session does not announce the Server Keep Alive",
    ResumedExpiryCutSilently "resumed-expiry-cut-silently" [V5 "MQTT-3.1.2-23"]
        "CONNACK for a resumed session does not announce a shortened Session Expiry Interval",
    ResumedConnackMaximumQos2 "resumed-connack-maximum-qos-2" [V5 "RULE-3.2.2.3.4-2"] seen ["monster-mq#114"]
        "CONNACK for a resumed session has a Maximum QoS of 2",
    WildcardResubscribeKeepsOld "wildcard-resubscribe-keeps-old" [V5 "MQTT-3.8.4-3", V3_1_1 "MQTT-3.8.4-3"]
        "subscribing again to a filter with a wildcard does not replace the existing subscription",
    ResumedResubscribeKeepsOld "resumed-resubscribe-keeps-old" [V5 "MQTT-3.8.4-3", V3_1_1 "MQTT-3.8.4-3"]
        "subscribing again to a filter of a resumed session does not replace the existing subscription",
    UnsubscribeOfOldestAlone "unsubscribe-of-oldest-alone" [V5 "MQTT-3.10.4-2", V5 "MQTT-3.10.4-1", V3_1_1 "MQTT-3.10.4-2", V3_1_1 "MQTT-3.10.4-1"] seen ["LV-MQTT-Broker#176"]
        "UNSUBSCRIBE removes a subscription only if it is the client's oldest",
    IdentifierOfFirstFilterAlone "identifier-of-first-filter-alone" [V5 "MQTT-3.3.4-3", V5 "MQTT-3.8.4-5"]
        "only the first of several filters in one SUBSCRIBE gets the Subscription Identifier",
    IdentifiersDroppedForWildcards "identifiers-dropped-for-wildcards" [V5 "MQTT-3.3.4-3"]
        "subscriptions with a wildcard lose their Subscription Identifier",
    RemovedIdentifierStillSent "removed-identifier-still-sent" [V5 "MQTT-3.3.4-4", V5 "MQTT-3.10.4-2"]
        "messages carry the Subscription Identifiers of removed subscriptions that match them",
    RetainedWildcardWithoutIdentifier "retained-wildcard-without-identifier" [V5 "MQTT-3.3.4-3"]
        "retained messages for a filter with a wildcard carry no Subscription Identifier",
    RetainedWithPreviousQos "retained-with-previous-qos" [V5 "MQTT-3.8.4-8", V5 "MQTT-3.8.4-3", V3_1_1 "MQTT-3.8.4-6", V3_1_1 "MQTT-3.8.4-3"]
        "retained messages sent on subscribing again have the previously granted QoS",
    RetainedWithPreviousIdentifier "retained-with-previous-identifier" [V5 "MQTT-3.3.4-3", V5 "MQTT-3.8.4-3"]
        "retained messages sent on subscribing again carry the previous Subscription Identifier",
    RetainedQosOfReplaced "retained-qos-of-replaced" [V5 "MQTT-3.3.1-5", V3_1_1 "MQTT-3.3.1-5"] seen ["wolfMQTT#520"]
        "a retained message has the QoS of the retained message that it replaced",
    RetainedPropertiesAddUp "retained-properties-add-up" [V5 "MQTT-3.3.1-5", V5 "MQTT-3.3.2-17"]
        "a retained message adds the User Properties of the one that it replaced to its own",
    RepeatRetainsAgain "repeat-retains-again" [V5 "MQTT-4.3.3-10", V3_1_1 "MQTT-4.3.3-2"]
        "a duplicate QoS 2 PUBLISH with RETAIN 1 is retained again and replaces a later retained message",
    RetainedOfOlderUnsentToNewer "retained-of-older-unsent-to-newer" [V5 "MQTT-3.3.1-9"] seen ["paho.mqtt.testing#51"]
        "messages retained by 3.1.1 clients are not sent to version 5 clients",
    ResentByQos "resent-by-qos" [V5 "MQTT-4.6.0-5", V3_1_1 "MQTT-4.6.0-6"]
        "QoS 1 messages are resent before QoS 2 messages",
    ResentByPacketId "resent-by-packet-id" [V5 "MQTT-4.6.0-5", V3_1_1 "MQTT-4.6.0-6"]
        "the lowest free packet identifier is assigned, and messages are resent in the order of identifiers",
    RestOfQueueReversed "rest-of-queue-reversed" [V5 "MQTT-4.6.0-5", V5 "MQTT-4.6.0-6", V3_1_1 "MQTT-4.6.0-6"] seen ["vmq_server#28"]
        "queued messages that do not fit in the in-flight window on reconnect are sent in reverse order",
    RepeatedPubrecFreesSlot "repeated-pubrec-frees-slot" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-2"]
        "a repeated PUBREC increments the send quota",
    SubscribeFreesWindow "subscribe-frees-window" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-2"]
        "a SUBSCRIBE restores the full send quota",
    DisconnectExpiryUnlimitedEnds "disconnect-expiry-unlimited-ends" [V5 "MQTT-3.1.2-23", V5 "MQTT-4.1.0-1"]
        "a DISCONNECT with the highest Session Expiry Interval ends the session at once",
    AliasUncounted "alias-uncounted" [V5 "MQTT-3.1.2-24"]
        "a message that exceeds the client's Maximum Packet Size by its Topic Alias is sent",
    PacketIdUncounted "packet-id-uncounted" [V5 "MQTT-3.1.2-24"]
        "a message that exceeds the client's Maximum Packet Size by its packet identifier is sent",
    SharedWaitingRefusesReconnect "shared-waiting-refuses-reconnect" [V5 "MQTT-3.1.4-5"] seen ["vernemq#1357"]
        "no CONNACK is sent to a client with queued messages of a Shared Subscription",
    SharedAccessUnasked "shared-access-unasked" [V5 "MQTT-3.8.4-7"]
        "a Shared Subscription is granted to a client that may not subscribe to its filter",
    LastSubscriberSetsOptions "last-subscriber-sets-options" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        "the QoS granted to the latest subscriber of a filter applies to all its subscribers",
    ClientIdsTrimmed "client-ids-trimmed" [V5 "MQTT-3.1.3-2", V3_1_1 "MQTT-3.1.3-2"]
        "leading and trailing spaces in Client Identifiers are ignored",
    ClientIdsComposed "client-ids-composed" [V5 "MQTT-3.1.3-2", V3_1_1 "MQTT-3.1.3-2"]
        "a letter with a combining accent in a Client Identifier is treated as the precomposed letter",
    ShareNamesCut "share-names-cut" [V5 "RULE-4.8.2-1"]
        "Share Names with the same first eight characters are treated as the same",
    TooLargeTakesNextAlong "too-large-takes-next-along" [V5 "MQTT-3.1.2-25", V5 "MQTT-4.5.0-1"]
        "a message too large for the client is dropped together with the next one",
    HalfReceivedCountOnResume "half-received-count-on-resume" [V5 "MQTT-4.3.3-8"]
        "QoS 2 messages received on an earlier connection count against the server's Receive Maximum",
    RetainedWillClearedOnReturn "retained-will-cleared-on-return" [V5 "RULE-4.1-1", V3_1_1 "MQTT-3.1.2-7", V3_1_1 "RULE-4.1-1"]
        "a client that reconnects clears the retained message that was its Will",
    ReauthenticationDropsSubscriptions "reauthentication-drops-subscriptions" [V5 "MQTT-4.5.0-1"]
        "a re-authentication removes the client's subscriptions",
    RetainedBeyond20Lost "retained-beyond-20-lost" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        "at most 20 retained messages are sent for a subscription",
    SubscriptionsBeyond20NotKept "subscriptions-beyond-20-not-kept" [V5 "MQTT-3.1.2-5", V3_1_1 "MQTT-3.1.2-4"]
        "a resumed session keeps at most 20 subscriptions",
    IdentifiersBeyondTwoLost "identifiers-beyond-two-lost" [V5 "MQTT-3.3.4-4"]
        "a message carries at most two Subscription Identifiers",
    OverlappingOfFirstTwo "overlapping-of-first-two" [V5 "MQTT-3.3.4-2", V3_1_1 "MQTT-3.3.5-1"]
        "only the first two overlapping subscriptions that are found decide the QoS of a message",
    WillNotRetainedOnTakeover "will-not-retained-on-takeover" [V5 "MQTT-3.1.2-15", V3_1_1 "MQTT-3.1.2-17"]
        "a Will with Will Retain 1 is not retained when a takeover publishes it",
    WillNotRetainedOnSilence "will-not-retained-on-silence" [V5 "MQTT-3.1.2-15", V3_1_1 "MQTT-3.1.2-17"]
        "a Will with Will Retain 1 is not retained when a Keep Alive timeout publishes it",
    WillNotRetainedOnSessionEnd "will-not-retained-on-session-end" [V5 "MQTT-3.1.2-15"]
        "a Will with Will Retain 1 is not retained when the end of its session publishes it",
    WillPropertiesLostOnTakeover "will-properties-lost-on-takeover" [V5 "MQTT-3.3.2-16", V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        "a Will loses all properties except its expiry when a takeover publishes it",
    // Connections and sessions that go wrong only in the circumstances of a bug report.
    SessionExpiryNearMaximumEnds "session-expiry-near-maximum-ends" [V5 "MQTT-3.1.2-23", V5 "MQTT-3.2.2-3"] seen ["emqx#1834", "mosquitto#1525"]
        "a session with a Session Expiry Interval just below the maximum ends with its connection",
    DisconnectExpiryIgnoredAfterCleanStart "disconnect-expiry-ignored-after-clean-start" [V5 "MQTT-3.1.2-23", V5 "MQTT-4.1.0-2"] seen ["wolfMQTT#567"]
        "the Session Expiry Interval of DISCONNECT is ignored on a connection with Clean Start 1",
    LongDisconnectIsError "long-disconnect-is-error" [V5 "MQTT-3.14.4-3"] seen ["mosquitto#1367"]
        "a normal DISCONNECT with a Reason Code and an empty property list is a protocol error",
    RequestProblemInformationEchoed "request-problem-information-echoed" [V5 "RULE-2.2.2.2-1"] seen ["nanomq#1531", "nanomq#1667"]
        "CONNACK repeats the Request Problem Information of CONNECT",
    KeepAliveNotFedByQos0 "keep-alive-not-fed-by-qos0" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"] seen ["MQTTnet#1276"]
        "a PUBLISH of QoS 0 does not count as activity for Keep Alive",
    UnsubscribeTakesEffectLate "unsubscribe-takes-effect-late" [V5 "MQTT-3.8.4-1", V3_1_1 "MQTT-3.8.4-1"] seen ["aedes#469"]
        "an UNSUBSCRIBE takes effect and is acknowledged after the packets that follow it within 50 ms",
    UnsubackForEachFilter "unsuback-for-each-filter" [V5 "MQTT-3.10.4-6", V3_1_1 "MQTT-3.10.4-6"] seen ["rumqtt#1054"]
        "an UNSUBSCRIBE with several filters is answered with an UNSUBACK for each of them",
    SharedUnsubscribeUndoneBySibling "shared-unsubscribe-undone-by-sibling" [V5 "MQTT-3.10.4-2"] seen ["mochi#242"]
        "a Shared Subscription that was removed is back once the client subscribes with its Share Name again",
    SubackCopiesFlags "suback-copies-flags" [V5 "MQTT-2.1.3-1", V3_1_1 "MQTT-2.2.2-1"] seen ["thingsboard#1668", "moquette#410"]
        "SUBACK and UNSUBACK have the fixed header flags of the packets that they acknowledge",
    RefusedConnectDeafens "refused-connect-deafens" [V5 "RULE-3.1.4-4", V5 "MQTT-4.5.0-1", V3_1_1 "RULE-3.1.4-4", V3_1_1 "MQTT-4.5.0-1"] seen ["MQTTnet#834"]
        "a connected client receives no more messages after a CONNECT with its Client Identifier was refused",
    DisconnectSentToOlder "disconnect-sent-to-older" [V3_1_1 "RULE-2.2.1-1"] seen ["MQTTnet#1505"]
        "a 3.1.1 client whose connection the server closes is sent a DISCONNECT",
    TakeoverKeepsReceiveMaximum "takeover-keeps-receive-maximum" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-2"] seen ["mosquitto#2134"]
        "a takeover keeps the Receive Maximum of the connection that it closes",
    RestartUnroutedUntilReturn "restart-unrouted-until-return" [V5 "MQTT-3.1.2-23", V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-3.1.2-5", V3_1_1 "MQTT-4.5.0-1"] seen ["rmqtt#477"]
        "after a restart, a session receives nothing until its client has reconnected",
    WillLostOnSecondConnect "will-lost-on-second-connect" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.2-8"] seen ["mosquitto#2554"]
        "the Will is not published if a second CONNECT ends the connection",
    DeletedWillPublishedOnReturn "deleted-will-published-on-return" [V5 "MQTT-3.14.4-3", V5 "MQTT-3.1.2-10", V3_1_1 "MQTT-3.14.4-3", V3_1_1 "MQTT-3.1.2-10"] seen ["mosquitto#1273"]
        "a Will that DISCONNECT deleted is published when the client resumes its session",
    DisconnectBehindPublishUnread "disconnect-behind-publish-unread" [V5 "MQTT-3.14.4-3", V3_1_1 "MQTT-3.14.4-3"] seen ["mosquitto#7"]
        "a DISCONNECT that arrives directly behind a PUBLISH of QoS 0 is not read",
    ReauthenticationRefusedByConnack "reauthentication-refused-by-connack" [V5 "MQTT-3.2.0-2", V5 "MQTT-4.12.1-2"] seen ["mosquitto#2339"]
        "a failed re-authentication is answered with CONNACK instead of DISCONNECT",
    ServerAliasesAfterAuthentication "server-aliases-after-authentication" [V5 "MQTT-3.1.2-26", V5 "MQTT-3.1.2-27"] seen ["emqx#18797"]
        "the server uses Topic Aliases for clients that authenticated with AUTH, regardless of their maximum",
    RestartLosesLeadingSlash "restart-loses-leading-slash" [V5 "MQTT-3.1.2-23", V3_1_1 "MQTT-3.1.2-5"] seen ["mosquitto#151"]
        "queued messages whose topic starts with / are lost by a restart",
    ManyUnreleasedRefused "many-unreleased-refused" [V5 "MQTT-3.5.2-1"] seen ["emqx#6447"]
        "a QoS 2 PUBLISH is refused with PUBREC 0x93 while 40 others are not released",
    PieceBehindPacketsLost "piece-behind-packets-lost" [V5 "MQTT-4.2.0-1", V3_1_1 "MQTT-7.1.1-1"] seen ["emqx#2303"]
        "the beginning of a packet is lost if it arrives behind two or more complete packets",
    PingFrameReadAsData "ping-frame-read-as-data" [V5 "RFC 6455, 5.5.2", V5 "MQTT-6.0.0-1", V3_1_1 "RFC 6455, 5.5.2", V3_1_1 "MQTT-6.0.0-1"] seen ["emqx#1496"]
        "the payload of a WebSocket ping is read as MQTT packets",
    WillLostOnWebsocket "will-lost-on-websocket" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.2-8"] seen ["emqx#2564"]
        "the Will is not published if a WebSocket connection is lost",
    WebsocketDisconnectPublishesWill "websocket-disconnect-publishes-will" [V5 "MQTT-3.14.4-3", V3_1_1 "MQTT-3.14.4-3"] seen ["rabbitmq-server#4061"]
        "a normal DISCONNECT over WebSocket publishes the Will",

    // Messages and acknowledgements that go wrong only in the circumstances of a bug report.
    RetainedWildcardSkipsDollarLevel "retained-wildcard-skips-dollar-level" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        seen ["emqx#1398"]
        "retained messages whose topic has a later level that starts with $ are not sent for a wildcard at that level",
    RetainedPlusRunMatchesShorter "retained-plus-run-matches-shorter" [V5 "MQTT-3.3.2-3", V5 "MQTT-4.7.3-4", V3_1_1 "MQTT-3.3.2-3", V3_1_1 "MQTT-4.7.3-4"]
        seen ["andes#404"]
        "a filter that ends with +/+ also matches the topics of retained messages that are one level shorter",
    PlusMissesEmptyLevel "plus-misses-empty-level" [V5 "MQTT-4.5.0-1", V5 "RULE-4.7.3-1", V3_1_1 "MQTT-4.5.0-1", V3_1_1 "RULE-4.7.3-1"]
        seen ["aedes#373"]
        "a + does not match an empty level of a topic, unless it is the last level",
    RetainedEmptyLevelsMissed "retained-empty-levels-missed" [V5 "MQTT-3.3.1-9", V5 "MQTT-4.7.3-4", V3_1_1 "MQTT-3.3.1-6", V3_1_1 "MQTT-4.7.3-4"]
        "retained messages of topics with an empty level are not sent for a filter with a wildcard",
    RetainedLeadingSlashIgnored "retained-leading-slash-ignored" [V5 "MQTT-4.7.3-4", V3_1_1 "MQTT-4.7.3-4"]
        "a filter with a wildcard is compared with the topics of retained messages without their leading slash",
    DotsBecomeSlashes "dots-become-slashes" [V5 "MQTT-3.3.2-3", V3_1_1 "MQTT-3.3.2-3"]
        seen ["rabbitmq-mqtt#175"]
        "dots in the topics of messages are replaced with slashes, except when a retained message is sent",
    DollarFilterLostBesideHash "dollar-filter-lost-beside-hash" [V5 "MQTT-4.5.0-1", V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-4.5.0-1", V3_1_1 "MQTT-3.3.1-6"]
        seen ["mosca#104"]
        "filters that start with $ match nothing for a client that is also subscribed to #",
    ExactFilterWithRetainedEndsConnection "exact-filter-with-retained-ends-connection" [V5 "MQTT-3.8.4-1", V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.8.4-1", V3_1_1 "MQTT-3.3.1-6"]
        seen ["vernemq#236"]
        "a SUBSCRIBE to exactly the topic of a retained message of QoS 1 or 2 ends the connection",
    ThirdRetainedNotStored "third-retained-not-stored" [V5 "MQTT-3.3.1-5", V3_1_1 "MQTT-3.3.1-5"]
        seen ["artemis#2837"]
        "the third and later retained messages of a topic within a minute do not replace the second",
    ClearingNothingHangsPublisher "clearing-nothing-hangs-publisher" [V5 "MQTT-3.12.4-1", V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-3.12.4-1", V3_1_1 "MQTT-4.5.0-1"]
        seen ["hbmqtt#35"]
        "an empty QoS 0 PUBLISH with RETAIN 1 stops its connection from being read if its topic has no retained message",
    RetainedPublishedJumpQueue "retained-published-jump-queue" [V5 "MQTT-4.6.0-5", V5 "MQTT-4.6.0-6", V3_1_1 "MQTT-4.6.0-6"]
        seen ["mosca#682"]
        "queued messages that were published with RETAIN 1 are delivered after all others",
    LowSubscriberLowersLater "low-subscriber-lowers-later" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        seen ["moquette#56"]
        "a client with a lower granted QoS lowers the QoS of a message for clients that are served after it",
    ResubscribeLowerQosIgnored "resubscribe-lower-qos-ignored" [V5 "MQTT-3.8.4-3", V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-3", V3_1_1 "MQTT-3.8.4-6"]
        seen ["moquette#611"]
        "subscribing again with a lower QoS keeps the higher one, although SUBACK shows the lower one",
    Qos2NotLoweredToQos1 "qos2-not-lowered-to-qos1" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        seen ["aedes#208"]
        "QoS 2 messages are delivered at QoS 2 to a QoS 1 subscription",
    WildcardQosIsPublishers "wildcard-qos-is-publishers" [V5 "MQTT-3.8.4-8", V3_1_1 "MQTT-3.8.4-6"]
        seen ["nanomq#327"]
        "subscriptions with a wildcard are sent messages at the publisher's QoS, regardless of the granted QoS",
    StagedLostBehindQos0 "staged-lost-behind-qos0" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        seen ["aedes#994"]
        "a QoS 2 message is lost if its publisher sends a QoS 0 message to the same topic before PUBREL",
    OverlappingPairEndsSubscriber "overlapping-pair-ends-subscriber" [V5 "MQTT-4.5.0-1", V5 "MQTT-3.3.4-2", V3_1_1 "MQTT-4.5.0-1", V3_1_1 "MQTT-3.3.5-1"]
        seen ["aedes#543"]
        "two messages of a topic that arrive together end the connection of a client with overlapping subscriptions",
    SameIdReplacesQueued "same-id-replaces-queued" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        seen ["moquette#197"]
        "a queued message is replaced by a later one with the same publisher and packet identifier",
    LongQueuedPayloadLost "long-queued-payload-lost" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        seen ["wolfMQTT#570"]
        "messages with more than 256 bytes of payload are not kept for offline sessions",
    LastBytePropertyIntoPayload "last-byte-property-into-payload" [V5 "MQTT-3.3.2-4", V5 "MQTT-4.5.0-1"]
        seen ["netty#17105"]
        "the last of 128 or more bytes of properties is moved to the payload if its value is one byte",
    WillPayloadFormatRefused "will-payload-format-refused" [V5 "MQTT-3.1.4-5", V5 "MQTT-3.1.2-7", V5 "MQTT-3.1.2-8"]
        seen ["mochi#206"]
        "a CONNECT whose Will has a Payload Format Indicator is refused as malformed",
    ResponsePropertiesNeedRequest "response-properties-need-request" [V5 "MQTT-3.3.2-15", V5 "MQTT-3.3.2-16"]
        seen ["mochi#126"]
        "Response Topic and Correlation Data are not forwarded unless the publisher requested Response Information",
    DupPropagatedToQos0 "dup-propagated-to-qos0" [V5 "MQTT-3.3.1-2", V5 "MQTT-3.3.1-3", V3_1_1 "MQTT-3.3.1-2", V3_1_1 "MQTT-3.3.1-3"]
        seen ["emqx#1319"]
        "the publisher's DUP flag is forwarded to QoS 0 subscriptions",
    RetainKeptLiveForOlder "retain-kept-live-for-older" [V3_1_1 "MQTT-3.3.1-9"]
        seen ["mochi#251"]
        "a message with RETAIN 1 is sent to existing subscriptions of 3.1.1 clients with RETAIN 1",
    RetainLostForNewer "retain-lost-for-newer" [V5 "RULE-3.3.1.3-2"]
        seen ["paho.mqtt.testing#50"]
        "retained messages are sent to new subscriptions of version 5 clients with RETAIN 0",
    PacketIdAtQos0ForOlder "packet-id-at-qos0-for-older" [V5 "MQTT-2.2.1-2", V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-2.3.1-5", V3_1_1 "MQTT-4.5.0-1"]
        seen ["nanomq#368"]
        "a QoS 2 message from a version 5 client is sent to a 3.1.1 client at QoS 0 with a packet identifier",
    NoLocalFillsWindow "no-local-fills-window" [V5 "MQTT-4.5.0-1", V5 "MQTT-4.9.0-1"]
        seen ["emqx-docs#579"]
        "QoS 1 and 2 messages that No Local withholds use up the client's send quota",
    NoLocalIgnoredWhenWaiting "no-local-ignored-when-waiting" [V5 "MQTT-3.8.3-3"]
        seen ["emqx#10545"]
        "No Local is ignored while messages wait for the client's send quota",
    ExpiredInflightKeepsWindow "expired-inflight-keeps-window" [V5 "MQTT-4.5.0-1", V5 "MQTT-4.3.3-7", V5 "MQTT-4.4.0-1", V5 "MQTT-4.9.0-1"]
        seen ["gmqtt#95"]
        "a message that expires before it is acknowledged is dropped, and its send quota is never freed",
    Qos2RefusalsShownSuccess "qos2-refusals-shown-success" [V5 "MQTT-3.5.2-1", V5 "MQTT-4.5.0-1"]
        seen ["vertx-mqtt#296"]
        "PUBREC and PUBCOMP are sent without their Reason Code if it is 0x80 or above",
    PubrelEndsResend "pubrel-ends-resend" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        seen ["moquette#588"]
        "on a resumed connection, the first unacknowledged PUBREL and everything after it are not resent",
    ResumedPubcompEndsConnection "resumed-pubcomp-ends-connection" [V5 "MQTT-4.4.0-1", V5 "MQTT-4.3.3-5", V3_1_1 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.3.3-1"]
        seen ["vernemq#762"]
        "PUBCOMP for a PUBREL that was resent on a resumed connection ends the connection",
    LongTopicCutAtRelease "long-topic-cut-at-release" [V5 "MQTT-4.3.3-11", V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.3.3-2", V3_1_1 "MQTT-4.5.0-1"]
        seen ["mosquitto#1441"]
        "PUBREL of a QoS 2 message with a topic of more than 200 bytes ends the connection, and the message is lost",

    // Modelled on reports that were met by a search for each part of the protocol.
    Qos2RefusedByPuback "qos2-refused-by-puback" [V5 "MQTT-4.3.3-8", V5 "MQTT-3.3.4-1", V3_1_1 "MQTT-3.3.4-1"] seen ["mochi#476"]
        "a QoS 2 PUBLISH that is refused is answered with PUBACK",
    SubackCodeAdded "suback-code-added" [V5 "MQTT-3.8.4-6", V3_1_1 "MQTT-3.8.4-5"] seen ["nanomq#490"]
        "SUBACK for several filters has one Reason Code too many",
    UnknownReleaseEndsConnection "unknown-release-ends-connection" [V5 "MQTT-4.3.3-11", V3_1_1 "MQTT-4.3.3-2"] seen ["mosquitto#57"]
        "a PUBREL with an unknown packet identifier ends the connection",
    PubrelFlagsClear "pubrel-flags-clear" [V5 "MQTT-3.6.1-1", V3_1_1 "MQTT-3.6.1-1"] seen ["emqx#33", "vertx-mqtt#17"]
        "PUBREL is sent with 0 in the flags of its fixed header",
    PayloadLosesTwoBytes "payload-loses-two-bytes" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"] seen ["EmbeddedMqttBroker#5"]
        "the first two bytes of the payload of a QoS 1 or 2 message are lost",
    ResumedGivesIdsAgain "resumed-gives-ids-again" [V5 "MQTT-2.2.1-4", V3_1_1 "MQTT-2.3.1-4"] seen ["async_mqtt#419"]
        "packet identifiers in use on an earlier connection are assigned to other messages when the session is resumed",
    WillPacketIdAlwaysOne "will-packet-id-always-one" [V5 "MQTT-2.2.1-4", V3_1_1 "MQTT-2.3.1-4"] seen ["moquette#16"]
        "Wills of QoS 1 and 2 are sent with packet identifier 1, even if it is in use",
    RestartInflightToPublisher "restart-inflight-to-publisher" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"] seen ["mochi#406"]
        "a restart gives unacknowledged messages to the session of their publisher",
    RestartRetainsInflight "restart-retains-inflight" [V5 "MQTT-3.3.1-8", V3_1_1 "MQTT-3.3.1-12"] seen ["mochi#62"]
        "a restart retains unacknowledged messages",
    RestartOverwritesQueued "restart-overwrites-queued" [V5 "MQTT-3.1.2-23", V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-3.1.2-5", V3_1_1 "MQTT-4.5.0-1"] seen ["mosca#172"]
        "after a restart, each message queued for an offline session replaces one queued before",
    RestartKeepsLastWaiting "restart-keeps-last-waiting" [V5 "MQTT-3.1.2-23", V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-3.1.2-5", V3_1_1 "MQTT-4.5.0-1"] seen ["mosquitto#2811"]
        "only the latest queued message of each session survives a restart",
    ExpiredSubscriptionsReturn "expired-subscriptions-return" [V5 "MQTT-4.1.0-2"] seen ["mqtt_cpp#700"]
        "the subscriptions of an expired session become those of the client's next session",
    PreviousExpiryTimerFires "previous-expiry-timer-fires" [V5 "MQTT-3.1.2-23"] seen ["aedes#1088"]
        "a session that was resumed and left again ends when the expiry of the first absence has passed",
    PreviousWillTimerFires "previous-will-timer-fires" [V5 "MQTT-3.1.2-8"] seen ["aedes#1088"]
        "the Will of a session that was resumed and left again is published when the delay of the first absence has passed",
    DisconnectingOfflineProlongs "disconnecting-offline-prolongs" [V5 "MQTT-4.1.0-2"] seen ["mosquitto#1521"]
        "the expiry of an offline session starts again when an administrator disconnects its client",
    OnceCleanRefusesUnclean "once-clean-refuses-unclean" [V5 "MQTT-3.1.2-6", V3_1_1 "MQTT-3.1.2-4"] seen ["rabbitmq-mqtt#47"]
        "a CONNECT with Clean Start 0 is refused if the client's last session ended with its connection",
    CleanSubscriptionNotKept "clean-subscription-not-kept" [V5 "MQTT-3.1.2-5", V3_1_1 "MQTT-3.1.2-4"] seen ["moquette#55"]
        "a resumed session loses subscriptions that the client also had in a session that ended with its connection",
    NewcomerRefused "newcomer-refused" [V5 "MQTT-3.1.4-3", V3_1_1 "MQTT-3.1.4-2"] seen ["uMQTTBroker#53"]
        "a CONNECT with the Client Identifier of a connected client is refused",
    TakeoverEndsNewcomer "takeover-ends-newcomer" [V5 "MQTT-3.1.2-5", V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-3.1.2-4", V3_1_1 "MQTT-4.5.0-1"] seen ["moquette#108"]
        "the connection that takes over a session is closed together with the old connection",
    DisplacedKeepAliveEndsNewcomer "displaced-keep-alive-ends-newcomer" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"] seen ["MQTTnet#486"]
        "a client that takes over a session is disconnected when the Keep Alive of the old connection has passed, although it is active",
    WebsocketResumedDeaf "websocket-resumed-deaf" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"] seen ["mosquitto#1227", "mosquitto#1489"]
        "a WebSocket client that resumes its session receives no messages",
    WebsocketRefusalUnanswered "websocket-refusal-unanswered" [V3_1_1 "RULE-3.2.2.3-1"] seen ["mosquitto#8"]
        "a refused CONNECT over WebSocket closes the connection without a CONNACK",
    WebsocketPacketsBeyond4096Refused "websocket-packets-beyond-4096-refused" [V5 "MQTT-6.0.0-2", V3_1_1 "MQTT-6.0.0-2"] seen ["mosquitto#59"]
        "a packet of more than 4,096 bytes over WebSocket closes the connection",
    WebsocketLongRetainedLost "websocket-long-retained-lost" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"] seen ["mosquitto#427"]
        "retained messages of more than 4,096 bytes are not sent over WebSocket",
    PacketsBeyond256KRefused "packets-beyond-256k-refused" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"] seen ["hbmqtt#24"]
        "a packet of more than 262,144 bytes closes the connection although no limit is announced",
    RetainedSentToOthers "retained-sent-to-others" [V5 "MQTT-3.3.1-9", V5 "MQTT-3.3.1-12", V3_1_1 "MQTT-3.3.1-6", V3_1_1 "MQTT-3.3.1-9"] seen ["rumqtt#683"]
        "retained messages for a new subscription are also sent to other clients with the same filter",
    RetainedForResumedAlone "retained-for-resumed-alone" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"] seen ["rabbitmq-mqtt#127"]
        "retained messages are not sent in new sessions",
    ExpiredSentBare "expired-sent-bare" [V5 "MQTT-3.3.2-5"] seen ["monster-mq#185"]
        "an expired queued message is sent without a Message Expiry Interval",
    HashWithoutParent "hash-without-parent" [V5 "MQTT-4.5.0-1", V5 "MQTT-4.7.3-4", V3_1_1 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.7.3-4"] seen ["async_mqtt#455"]
        "a filter that ends with /# does not match the parent level",
    LiveUnderFilter "live-under-filter" [V5 "MQTT-3.3.2-2", V5 "MQTT-3.3.2-3", V3_1_1 "MQTT-3.3.2-2"] seen ["LV-MQTT-Broker#73"]
        "messages are delivered with a matching Topic Filter with wildcards as their topic",
    RemovedFilterWidensParent "removed-filter-widens-parent" [V5 "MQTT-3.3.2-3", V5 "MQTT-4.7.3-4", V3_1_1 "MQTT-4.7.3-4"] seen ["ballerina-message-broker#365"]
        "after an UNSUBSCRIBE, subscriptions to a parent level of its filter also match the levels below",
    UnsubscribeOfQos0Alone "unsubscribe-of-qos0-alone" [V5 "MQTT-3.10.4-2", V5 "MQTT-3.10.4-1", V3_1_1 "MQTT-3.10.4-2"] seen ["activemq#22"]
        "an UNSUBSCRIBE has no effect on subscriptions of QoS 1 and 2",
    WildcardSubscribeUnsubscribesOthers "wildcard-subscribe-unsubscribes-others" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"] seen ["uWebSockets#914"]
        "a subscription with wildcards ends other clients' subscriptions to topics that it matches",
    ServerKeepAliveSpares0 "server-keep-alive-spares-0" [V5 "MQTT-3.1.2-22"] seen ["mosquitto#2117"]
        "the Server Keep Alive is not enforced for clients whose own Keep Alive is 0",
    WillOfContentTypeLost "will-of-content-type-lost" [V5 "MQTT-3.1.2-8"] seen ["mosquitto#1244"]
        "a Will whose first property is Content Type is not published",
    Qos0LostWithoutQueue "qos0-lost-without-queue" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"] seen ["mosquitto#1956"]
        "connected clients receive no QoS 0 messages if the broker queues no messages",

    UnreleasedForgottenInTime "unreleased-forgotten-in-time" [V5 "MQTT-4.3.3-10", V3_1_1 "MQTT-4.3.3-2"] seen ["emqx#16721"]
        "a duplicate QoS 2 PUBLISH is forwarded again if its packet identifier was not released for five minutes",
    LargestIdentifierRefused "largest-identifier-refused" [V5 "MQTT-3.8.4-1"] seen ["emqx#16783"]
        "a SUBSCRIBE with the Subscription Identifier 268,435,455 is refused as a protocol error",
    ReconnectBesideRetainedRefused "reconnect-beside-retained-refused" [V5 "MQTT-3.1.4-5", V3_1_1 "MQTT-3.1.4-4"] seen ["nanomq#1769"]
        "no CONNACK is sent to a client that resumes a session with a subscription to a topic with a retained message",
    RetainedPayloadGrows "retained-payload-grows" [V5 "MQTT-3.3.1-5", V3_1_1 "MQTT-3.3.1-5"] seen ["nanomq#1916"]
        "a retained message from a client of another protocol version has an extra byte before its payload",
    AliasGivenAgainLost "alias-given-again-lost" [V5 "MQTT-4.5.0-1"] seen ["nanomq#848"]
        "a QoS 0 PUBLISH is lost if it gives both a topic and the Topic Alias that the topic has already",
    RetainedOfTheHastyForgotten "retained-of-the-hasty-forgotten" [V5 "MQTT-3.3.1-5", V3_1_1 "MQTT-3.3.1-5"] seen ["hivemq-community-edition#341"]
        "a retained message is forgotten if its client closes the connection right behind it, without DISCONNECT",
    SameRetainedEndsPublisher "same-retained-ends-publisher" [V5 "MQTT-3.3.4-1", V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-3.3.4-1", V3_1_1 "MQTT-4.5.0-1"] seen ["nanomq#689"]
        "a PUBLISH with RETAIN 1 and the payload that its topic has retained already closes the connection",
    KeepAliveAtMaximumUnfed "keep-alive-at-maximum-unfed" [V5 "MQTT-3.1.2-22"] seen ["mosquitto#3226"]
        "a client whose own Keep Alive equals the Server Keep Alive is disconnected although it is active",
    ClearedTopicRetainsNothing "cleared-topic-retains-nothing" [V5 "MQTT-3.3.1-5", V3_1_1 "MQTT-3.3.1-5"] seen ["nats#2179"]
        "a topic whose retained message was cleared retains no message any more",
    SharedBehindConnectIdle "shared-behind-connect-idle" [V5 "MQTT-4.5.0-1", V5 "RULE-4.8.2-1"] seen ["hivemq-community-edition#199"]
        "a Shared Subscription receives nothing if its SUBSCRIBE arrived together with CONNECT",
    CleanTakeoverClearsLater "clean-takeover-clears-later" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"] seen ["artemis#2466"]
        "a takeover that ends the session removes the subscriptions that the new connection makes within 20 ms",
    TakeoverQueuesForLater "takeover-queues-for-later" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"] seen ["monster-mq#181"]
        "QoS 1 and 2 messages for a session that was taken over are queued as if its client were offline",
    DisplacedKeepAlivePublishesWill "displaced-keep-alive-publishes-will" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.2-8"] seen ["harper#1604"]
        "the Will of a connection that took over a session is published when the Keep Alive of the old one has passed",
    SharedBacklogCut "shared-backlog-cut" [V5 "MQTT-4.5.0-1"] seen ["tbmq#290"]
        "at most ten of the messages queued for an offline member of a Shared Subscription are delivered",
    OddClientsLoseQueue "odd-clients-lose-queue" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"] seen ["NanoNNG#1560"]
        "messages for an offline session are lost if the sum of the bytes of its Client Identifier is odd",
    UnwelcomeWillTakesOver "unwelcome-will-takes-over" [V5 "RULE-3.1.4-4", V3_1_1 "RULE-3.1.4-4"] seen ["wolfMQTT#567"]
        "a CONNECT that is refused because of its Will ends the session of its Client Identifier",
    AliasedBeforeDisconnectLost "aliased-before-disconnect-lost" [V5 "MQTT-4.5.0-1"] seen ["NanoNNG#1591"]
        "a message sent with a Topic Alias alone is acknowledged but lost if DISCONNECT follows it within 5 ms",
    KeepAliveGrowsOnResume "keep-alive-grows-on-resume" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"] seen ["hbmqtt#220"]
        "each resumption of a session adds ten seconds to the time that its client may be silent",
    FullQueueNeverSent "full-queue-never-sent" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"] seen ["mosquitto#2256"]
        "none of the messages queued for an offline session are sent if its queue was ever full",
    RestartHangsPublishers "restart-hangs-publishers" [V5 "MQTT-4.3.2-4", V5 "MQTT-4.3.3-8", V3_1_1 "MQTT-4.3.2-2", V3_1_1 "MQTT-3.3.4-1"] seen ["moquette#132"]
        "after a restart, a QoS 1 or 2 PUBLISH that matches a subscription of an offline session is ignored",
    AcknowledgedSentAgain "acknowledged-sent-again" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"] seen ["mosca#310", "MQTTnet#1546"]
        "the last message acknowledged on a resumed connection is sent once more on the next connection",
    RetainedBehindLive "retained-behind-live" [V5 "MQTT-4.6.0-5", V3_1_1 "MQTT-4.6.0-6"] seen ["emqx#15176"]
        "retained messages are sent 5 ms after SUBACK, and so behind later messages of their topic",
    RetainedRepeatedOnTakeover "retained-repeated-on-takeover" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"] seen ["emqx#16637"]
        "a takeover sends all retained messages again if some of them were still waiting for send quota",
    SharedQos0UsesQuota "shared-qos0-uses-quota" [V5 "MQTT-4.9.0-1", V5 "MQTT-4.5.0-1"] seen ["emqx#17529"]
        "QoS 0 messages of Shared Subscriptions use up send quota, which is never restored",
    OverlappingSquared "overlapping-squared" [V5 "MQTT-3.3.4-2", V3_1_1 "MQTT-3.3.5-1"] seen ["emqtt#17"]
        "a client with overlapping subscriptions receives as many copies for each of them as there are",
    FormerRetainedSentToo "former-retained-sent-too" [V5 "MQTT-3.3.1-5", V3_1_1 "MQTT-3.3.1-5"] seen ["emqx#286"]
        "the retained message that was replaced last is sent to new subscriptions before the current one",
    SubscribeTakesEffectLate "subscribe-takes-effect-late" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"] seen ["bifromq#281"]
        "a new subscription takes effect 5 ms after SUBACK",
    UnretainedRefusalKeepsId "unretained-refusal-keeps-id" [V5 "MQTT-4.3.3-9"] seen ["wolfMQTT#618"]
        "the packet identifier of a QoS 2 message remains in use if it is refused for lack of room to retain it",
    LongOutputHeldBack "long-output-held-back" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"] seen ["mosquitto#1977"]
        "what is to be sent at one time beyond 65,536 bytes is only sent with the next packet",
    SecondPubackFreesSlot "second-puback-frees-slot" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-2"] seen ["moquette#583"]
        "a second PUBACK for a message from before the connection increments the send quota once more",
    RetainedInflightNotResent "retained-inflight-not-resent" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"] seen ["nats#8360"]
        "an unacknowledged message is not resent if it was sent with RETAIN 1, as retained messages are",

    UnacknowledgedForgottenInTime "unacknowledged-forgotten-in-time" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "a message that was not acknowledged for ten minutes is not resent",
    AliasGivenAgainEndsConnection "alias-given-again-ends-connection" [V5 "MQTT-3.3.2-12", V5 "MQTT-4.5.0-1"]
        "a QoS 1 PUBLISH that gives both a topic and the Topic Alias that the topic has already closes the connection",
    KeepAliveBeyondMaximumUnfed "keep-alive-beyond-maximum-unfed" [V5 "MQTT-3.1.2-22"]
        "a client whose own Keep Alive is longer than the Server Keep Alive is disconnected although it is active",
    ClearedByWillRetainsNothing "cleared-by-will-retains-nothing" [V5 "MQTT-3.3.1-5", V3_1_1 "MQTT-3.3.1-5"]
        "a topic whose retained message was cleared by a Will retains no message any more",
    WildcardBehindConnectIdle "wildcard-behind-connect-idle" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "a subscription with a wildcard receives nothing if its SUBSCRIBE arrived together with CONNECT",
    RetainedBeforeDisconnectLost "retained-before-disconnect-lost" [V5 "MQTT-3.3.1-5", V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-3.3.1-5", V3_1_1 "MQTT-4.5.0-1"]
        "a message of QoS 0 or 1 with RETAIN 1 is lost if DISCONNECT follows it within 5 ms",
    TakeoverLosesWaitingRetained "takeover-loses-waiting-retained" [V5 "MQTT-3.3.1-9", V5 "MQTT-4.5.0-1"]
        "a takeover loses the retained messages that wait for send quota",
    RetainedQos0UsesQuota "retained-qos0-uses-quota" [V5 "MQTT-4.9.0-1", V5 "MQTT-4.5.0-1"]
        "QoS 0 messages that are sent with RETAIN 1 use up send quota, which is never restored",
    ForbiddenRefusalKeepsId "forbidden-refusal-keeps-id" [V5 "MQTT-4.3.3-9"]
        "the packet identifier of a QoS 2 message remains in use if its client may not publish it",
    LivePubackAgainFreesSlot "live-puback-again-frees-slot" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-2"]
        "a second PUBACK for a message from the same connection increments the send quota once more",
    RetainedPacketIdAlwaysOne "retained-packet-id-always-one" [V5 "MQTT-2.2.1-4", V3_1_1 "MQTT-2.3.1-4"]
        "retained messages are sent with packet identifier 1, even if it is in use",
    SharedPacketIdAlwaysOne "shared-packet-id-always-one" [V5 "MQTT-2.2.1-4"]
        "messages of Shared Subscriptions are sent with packet identifier 1, even if it is in use",
    RestartRetainsQueued "restart-retains-queued" [V5 "MQTT-3.3.1-8", V3_1_1 "MQTT-3.3.1-12"]
        "a restart retains queued messages",
    ExactSubscribeUnsubscribesOthers "exact-subscribe-unsubscribes-others" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "a subscription to a topic ends other clients' subscriptions with wildcards that match it",
    UnsubscribePrunesAbove "unsubscribe-prunes-above" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"] seen ["emqx#11635"]
        "an UNSUBSCRIBE also ends all clients' subscriptions to the levels above its filter",
    UnsubscribePrunesBelow "unsubscribe-prunes-below" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "an UNSUBSCRIBE also ends all clients' subscriptions to the levels below its filter",
    UnsubscribeOfNothingEndsAnother "unsubscribe-of-nothing-ends-another" [V5 "MQTT-3.10.4-1", V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-3.10.4-1", V3_1_1 "MQTT-4.5.0-1"]
        "an UNSUBSCRIBE from a client without the subscription ends the subscription of another client to this filter",
    Qos1LostWithoutQueue "qos1-lost-without-queue" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "connected clients receive no QoS 1 and 2 messages if the broker queues no messages",
    WebsocketLongMessagesLost "websocket-long-messages-lost" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "messages of more than 4,096 bytes are not sent over WebSocket",

    // Circumstances that meet, and repetitions.
    TakeoverByOlderUnannounced "takeover-by-older-unannounced" [V5 "MQTT-3.1.4-3"]
        "a version 5 client that a 3.1.1 client displaces gets no DISCONNECT",
    PasswordPrefixAccepted "password-prefix-accepted" [V5 "MQTT-3.1.4-2", V3_1_1 "RULE-3.1.4-2"]
        "the beginning of a password is accepted as the password",
    LongerPasswordAccepted "longer-password-accepted" [V5 "MQTT-3.1.4-2", V3_1_1 "RULE-3.1.4-2"]
        "a password that only begins with the right one is accepted",
    WillLostOnSecondTakeover "will-lost-on-second-takeover" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.2-8"]
        "the second and later takeovers of a session discard the Will of the old connection",
    AuthenticatedWillLost "authenticated-will-lost" [V5 "MQTT-3.1.2-7", V5 "MQTT-3.1.2-8"]
        "the Will of a client that authenticates with AUTH is not stored",
    AuthenticatedSessionNotResumed "authenticated-session-not-resumed" [V5 "MQTT-3.1.2-5", V5 "MQTT-3.2.2-3"]
        "a client that authenticates with AUTH always gets a new session",
    AuthenticatedKeepAliveNotEnforced "authenticated-keep-alive-not-enforced" [V5 "MQTT-3.1.2-22"]
        "a silent client that authenticated with AUTH is never disconnected",
    AuthenticatedPacketSizeLost "authenticated-packet-size-lost" [V5 "MQTT-3.1.2-24"]
        "the Maximum Packet Size of a client that authenticates with AUTH is ignored",
    AuthenticatedReceiveMaximumLost "authenticated-receive-maximum-lost" [V5 "MQTT-3.3.4-9", V5 "MQTT-4.9.0-2"]
        "the Receive Maximum of a client that authenticates with AUTH is ignored",
    AuthenticatedTakeoverLeavesOldOpen "authenticated-takeover-leaves-old-open" [V5 "MQTT-3.1.4-3"]
        "a takeover by a client that authenticates with AUTH leaves the old connection open",
    AuthenticatedExpiryLost "authenticated-expiry-lost" [V5 "MQTT-3.1.2-23"]
        "the session of a client that authenticates with AUTH ends with its connection",
    ReauthenticationResends "reauthentication-resends" [V5 "MQTT-4.4.0-1"]
        "a re-authentication resends the unacknowledged messages",
    ThirdExchangeWithoutMethod "third-exchange-without-method" [V5 "MQTT-4.12.0-5", V5 "RULE-3.15.2.2.2-1"]
        "from the third exchange of a connection on, AUTH has no Authentication Method",
    ReauthenticationEndsKeepAlive "reauthentication-ends-keep-alive" [V5 "MQTT-3.1.2-22"]
        "the Keep Alive is no longer enforced after a re-authentication",
    SubscribeDuringReauthenticationUnanswered "subscribe-during-reauthentication-unanswered" [V5 "MQTT-3.8.4-1"]
        "a SUBSCRIBE is ignored while its client re-authenticates",
    CleanStartedSessionNotKept "clean-started-session-not-kept" [V5 "MQTT-3.1.2-23"]
        "a session that began with Clean Start 1 ends with that connection",
    SessionWithQueueNeverExpires "session-with-queue-never-expires" [V5 "MQTT-4.1.0-2"]
        "a session does not expire while messages are queued for it",
    ShortenedExpiryLosesWill "shortened-expiry-loses-will" [V5 "MQTT-3.1.2-8"]
        "a delayed Will is lost when the session expires after an interval that DISCONNECT has set",
    ErrorDisconnectExpiryIgnored "error-disconnect-expiry-ignored" [V5 "MQTT-3.1.2-23", V5 "MQTT-4.1.0-2"]
        "the Session Expiry Interval of a DISCONNECT with Reason Code 0x80 or above has no effect",
    EndingDisconnectPublishesWill "ending-disconnect-publishes-will" [V5 "MQTT-3.14.4-3", V5 "MQTT-3.1.2-10"]
        "a normal DISCONNECT that sets the Session Expiry Interval to 0 publishes the Will",
    PreviousWillDelayKept "previous-will-delay-kept" [V5 "MQTT-3.1.2-8"]
        "the Will of a resumed session has the Will Delay Interval of the previous Will",
    AssignedIdOfStoredSession "assigned-id-of-stored-session" [V5 "MQTT-3.2.2-16", V5 "MQTT-3.1.3-6", V3_1_1 "MQTT-3.1.3-6"]
        "a client can be assigned the Client Identifier of an offline session",
    ReceivedIdsCut "received-ids-cut" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1", V5 "MQTT-4.3.3-8", V3_1_1 "MQTT-4.3.3-2"]
        "a QoS 2 message is lost if its packet identifier differs by a multiple of 256 from one in use",
    ReceivedBeyond16Forgotten "received-beyond-16-forgotten" [V5 "MQTT-4.3.3-10", V3_1_1 "MQTT-4.3.3-2"]
        "only the 16 latest unreleased QoS 2 packet identifiers are remembered",
    ReleasesInOrderOnly "releases-in-order-only" [V5 "MQTT-4.3.3-11", V3_1_1 "MQTT-4.3.3-2"]
        "a PUBREL is not answered unless it releases the oldest QoS 2 message",
    PubcompForgetsReceived "pubcomp-forgets-received" [V5 "MQTT-4.3.3-10", V3_1_1 "MQTT-4.3.3-2"]
        "a PUBCOMP from a client also releases the QoS 2 message from it with the same packet identifier",
    RefusalOfResentReleased "refusal-of-resent-released" [V5 "MQTT-4.3.3-4", V5 "MQTT-2.2.1-5"]
        "a PUBREC that refuses a resent message is answered with PUBREL",
    ReleaseNotFoundUnanswered "release-not-found-unanswered" [V5 "MQTT-4.3.3-11"]
        "a PUBREL with Reason Code 0x92 is not answered",
    ResentAtNewGrant "resent-at-new-grant" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "a QoS 2 message is resent with QoS 1 if its subscription was replaced by one with a lower QoS",
    UnsubscribedNotResent "unsubscribed-not-resent" [V5 "MQTT-3.10.4-3", V3_1_1 "MQTT-3.10.4-3", V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "an unacknowledged message is not resent if its subscription was removed",
    SharedUnsubscribeDropsInflight "shared-unsubscribe-drops-inflight" [V5 "MQTT-3.10.4-3"]
        "UNSUBSCRIBE from a Shared Subscription abandons its deliveries that have already started",
    TooLargeEndsResend "too-large-ends-resend" [V5 "MQTT-4.4.0-1", V5 "MQTT-3.1.2-25"]
        "no further messages are resent after one that is too large for the new connection",
    ResentBeyond20Lost "resent-beyond-20-lost" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "at most 20 unacknowledged messages are resent",
    WaitingNeverExpires "waiting-never-expires" [V5 "MQTT-3.3.2-5"]
        "messages queued while the send quota is exhausted never expire",
    SharedQueuedNeverExpires "shared-queued-never-expires" [V5 "MQTT-3.3.2-5"]
        "queued messages of a Shared Subscription never expire",
    OlderInheritsPacketSize "older-inherits-packet-size" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "a 3.1.1 client that resumes a session is bound by the Maximum Packet Size of its version 5 connection",
    CorrelationDataAsText "correlation-data-as-text" [V5 "MQTT-3.3.2-16"]
        "Correlation Data that is not valid UTF-8 is forwarded with replacement characters",
    LongTextsCut "long-texts-cut" [V5 "MQTT-3.3.2-15", V5 "MQTT-3.3.2-20"]
        "a Response Topic or Content Type of more than 255 bytes is cut",
    TopicsBeyondBmpReplaced "topics-beyond-bmp-replaced" [V5 "MQTT-3.3.2-3", V3_1_1 "MQTT-3.3.2-3", V5 "MQTT-4.7.3-4", V3_1_1 "MQTT-4.7.3-4"]
        "characters above U+FFFF in topics are delivered as replacement characters",
    LongRetainedPayloadCut "long-retained-payload-cut" [V5 "MQTT-3.3.1-5", V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-5", V3_1_1 "MQTT-3.3.1-6"]
        "only the first 1,000 bytes of a payload are retained",
    LongWillPayloadLost "long-will-payload-lost" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.2-8"]
        "a Will with more than 32,767 bytes of payload is not published",
    AliasesBeyondEightForgotten "aliases-beyond-eight-forgotten" [V5 "MQTT-3.3.2-12"]
        "only the first eight Topic Aliases of a connection are known",
    AliasedNotQueued "aliased-not-queued" [V5 "MQTT-4.5.0-1"]
        "messages published with a Topic Alias are not queued for offline sessions",
    AliasedLostToOlder "aliased-lost-to-older" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "messages published with a Topic Alias are not delivered to 3.1.1 clients",
    RetainedOfDupNotStored "retained-of-dup-not-stored" [V5 "MQTT-3.3.1-5", V3_1_1 "MQTT-3.3.1-5"]
        "a message with RETAIN 1 and DUP 1 is not retained",
    RetainedTrailingSlashIgnored "retained-trailing-slash-ignored" [V5 "MQTT-4.7.3-4", V3_1_1 "MQTT-4.7.3-4", V5 "RULE-4.7.3-1", V3_1_1 "RULE-4.7.3-1"]
        "a trailing slash in the topic of a message is ignored when it is retained",
    RetainedSentToSharedAgain "retained-sent-to-shared-again" [V5 "RULE-3.8.4-2"]
        "retained messages are sent when a client subscribes again to a Shared Subscription",
    PingsCoalesced "pings-coalesced" [V5 "MQTT-3.12.4-1", V3_1_1 "MQTT-3.12.4-1"]
        "PINGREQ packets that arrive together are answered by one PINGRESP",
    RestartDoublesQueue "restart-doubles-queue" [V5 "MQTT-4.4.0-1", V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.3.3-1"]
        "messages queued across a restart are delivered twice",
    SecondRestartLosesQueue "second-restart-loses-queue" [V5 "MQTT-3.1.2-23", V3_1_1 "MQTT-4.1.0-1"]
        "the second restart loses the messages queued for a session",
    RestartReversesProperties "restart-reverses-properties" [V5 "MQTT-3.3.2-18"]
        "messages have their User Properties in reverse order after a restart",
    AuthenticatedCleanStartIgnored "authenticated-clean-start-ignored" [V5 "MQTT-3.1.2-4", V5 "MQTT-3.2.2-2"]
        "Clean Start 1 has no effect for a client that authenticates with AUTH",
    UnsubscribeDuringReauthenticationUnanswered "unsubscribe-during-reauthentication-unanswered" [V5 "MQTT-3.10.4-4"]
        "an UNSUBSCRIBE is ignored while its client re-authenticates",
    ReauthenticationLosesInflight "reauthentication-loses-inflight" [V5 "MQTT-4.3.3-3", V5 "MQTT-4.3.3-4"]
        "a re-authentication treats the unacknowledged messages as acknowledged",
    PasswordCaseFolded "password-case-folded" [V5 "MQTT-3.1.4-2", V3_1_1 "RULE-3.1.4-2"]
        "the case of passwords is ignored",
    AnotherUsersPasswordAccepted "another-users-password-accepted" [V5 "MQTT-3.1.4-2", V3_1_1 "RULE-3.1.4-2"]
        "the password of any user is accepted for a known user name",
    WillOfEachClientOnce "will-of-each-client-once" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.2-8"]
        "only the first Will of a client is published",
    WillDueByPreviousExpiry "will-due-by-previous-expiry" [V5 "MQTT-3.1.2-8"]
        "a delayed Will is published after the Session Expiry Interval of CONNECT although DISCONNECT has set a longer one",
    LongerWillDelayKept "longer-will-delay-kept" [V5 "MQTT-3.1.2-8"]
        "the Will of a resumed session has the longest Will Delay Interval that any Will of the session had",
    ReceivedIdsSigned "received-ids-signed" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1", V5 "MQTT-4.3.3-8", V3_1_1 "MQTT-4.3.3-2"]
        "a QoS 2 message is lost if its packet identifier differs only in the highest bit from one in use",
    ReleasesFromTheLatest "releases-from-the-latest" [V5 "MQTT-4.3.3-11", V3_1_1 "MQTT-4.3.3-2"]
        "a PUBREL is not answered unless it releases the latest QoS 2 message",
    ReceivedBeyond10NotKept "received-beyond-10-not-kept" [V5 "MQTT-4.3.3-10", V3_1_1 "MQTT-4.3.3-2"]
        "a resumed session keeps at most ten unreleased QoS 2 packet identifiers",
    PubackForgetsReceived "puback-forgets-received" [V5 "MQTT-4.3.3-10", V3_1_1 "MQTT-4.3.3-2"]
        "a PUBACK from a client also releases the QoS 2 message from it with the same packet identifier",
    RefusalForgetsReceived "refusal-forgets-received" [V5 "MQTT-4.3.3-10"]
        "a PUBREC that refuses a message also releases the QoS 2 message from the client with the same packet identifier",
    ReplacedNotResent "replaced-not-resent" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "an unacknowledged message is not resent if its subscription was replaced by one with QoS 0",
    OldestAliasForgotten "oldest-alias-forgotten" [V5 "MQTT-3.3.2-12"]
        "the lowest Topic Alias is forgotten when a client sets more than 16",
    AliasedLostBehindWindow "aliased-lost-behind-window" [V5 "MQTT-4.5.0-1"]
        "messages published with a Topic Alias are lost while the send quota of their subscriber is exhausted",
    AliasedLostToShared "aliased-lost-to-shared" [V5 "MQTT-4.5.0-1", V5 "RULE-4.8.2-1"]
        "messages published with a Topic Alias are not delivered to Shared Subscriptions",
    OlderInheritsReceiveMaximum "older-inherits-receive-maximum" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "a 3.1.1 client that resumes a session is bound by the Receive Maximum of its version 5 connection",
    PropertiesBeyondBmpReplaced "properties-beyond-bmp-replaced" [V5 "MQTT-3.3.2-17", V5 "MQTT-3.3.2-20"]
        "characters above U+FFFF in properties are delivered as replacement characters",
    SecondRestartLosesInflight "second-restart-loses-inflight" [V5 "MQTT-4.4.0-1", V5 "MQTT-3.1.2-23", V3_1_1 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.1.0-1"]
        "the second restart loses the unacknowledged messages of a session",
    // Encoding of packets.
    PiecesLost "pieces-lost" [V5 "MQTT-4.2.0-1", V3_1_1 "MQTT-7.1.1-1"]
        "the bytes received so far of an incomplete packet are lost",
    LengthNotMinimal "length-not-minimal" [V5 "MQTT-1.5.5-1"]
        "the Remaining Length of PINGRESP has an extra byte",
    ReservedFlagSet "reserved-flag-set" [V5 "MQTT-2.1.3-1", V3_1_1 "MQTT-2.2.2-1"]
        "a reserved flag in the fixed header of PINGRESP is set",
    PingreqAnsweredByPingreq "pingreq-answered-by-pingreq" [V5 "RULE-2.1.2-1", V3_1_1 "RULE-2.2.1-1"]
        "PINGREQ is answered with PINGREQ, which only clients may send",
    PingrespHasBody "pingresp-has-body" [V5 "RULE-2.1.1-1", V3_1_1 "RULE-2.1-1"]
        "PINGRESP has an extra byte",
    AcknowledgementsOfVersion5 "acknowledgements-of-version-5" [V3_1_1 "RULE-2.1-1"]
        "acknowledgements to 3.1.1 clients have the format of version 5",
    PropertyLengthMissing "property-length-missing" [V5 "MQTT-2.2.2-1"]
        "SUBACK without properties lacks its Property Length",

    // WebSocket.
    TextFramesAccepted "text-frames-accepted" [V5 "MQTT-6.0.0-1", V3_1_1 "MQTT-6.0.0-1"]
        "packets in WebSocket text frames are processed",
    PacketsInTextFrames "packets-in-text-frames" [V5 "MQTT-6.0.0-1", V3_1_1 "MQTT-6.0.0-1"]
        "the server's packets are sent in WebSocket text frames",
    PacketsInContinuationFrames "packets-in-continuation-frames" [V5 "MQTT-6.0.0-1", V3_1_1 "MQTT-6.0.0-1"]
        "the server's packets are sent in WebSocket continuation frames without an initial frame",
    PacketsSpanNoFrames "packets-span-no-frames" [V5 "MQTT-6.0.0-2", V3_1_1 "MQTT-6.0.0-2"]
        "a packet that spans several WebSocket frames is lost",
    OnePacketPerFrame "one-packet-per-frame" [V5 "MQTT-6.0.0-2", V3_1_1 "MQTT-6.0.0-2"]
        "only the first packet in a WebSocket frame is processed",
    FrameHeadersWhole "frame-headers-whole" [V5 "MQTT-4.2.0-1", V3_1_1 "MQTT-7.1.1-1"]
        seen ["mosquitto#3721"]
        "a WebSocket frame whose header arrives in pieces closes the connection",
    EmptyFrameEndsStream "empty-frame-ends-stream" [V5 "MQTT-6.0.0-2", V3_1_1 "MQTT-6.0.0-2"]
        seen ["mosquitto#3704"]
        "an empty WebSocket frame closes the connection",
    SubprotocolEchoed "subprotocol-echoed" [V5 "MQTT-6.0.0-4", V3_1_1 "MQTT-6.0.0-4"]
        "the first subprotocol that the WebSocket client offers is always selected",
    SubprotocolNotReturned "subprotocol-not-returned" [V5 "MQTT-6.0.0-4", V3_1_1 "MQTT-6.0.0-4"]
        "a WebSocket upgrade is accepted without selecting a subprotocol",
    LongFramesRefused "long-frames-refused" [V5 "MQTT-6.0.0-2", V3_1_1 "MQTT-6.0.0-2"]
        "a WebSocket frame of more than 65,535 bytes closes the connection",
    // Rules of the WebSocket protocol itself.
    PingBetweenFragmentsRefused "ping-between-fragments-refused" [V5 "MQTT-6.0.0-2", V5 "RFC 6455, 5.4", V3_1_1 "MQTT-6.0.0-2", V3_1_1 "RFC 6455, 5.4"]
        "a WebSocket ping between the fragments of a message closes the connection",
    PingFrameUnanswered "ping-frame-unanswered" [V5 "RFC 6455, 5.5.2", V3_1_1 "RFC 6455, 5.5.2"]
        "WebSocket pings are not answered",
    PingFrameWedges "ping-frame-wedges" [V5 "RFC 6455, 5.5.2", V3_1_1 "RFC 6455, 5.5.2"]
        "nothing is read after a WebSocket ping",
    PongWithOtherPayload "pong-with-other-payload" [V5 "RFC 6455, 5.5.3", V3_1_1 "RFC 6455, 5.5.3"]
        "a WebSocket pong has a different payload from the ping",
    CloseFrameIgnored "close-frame-ignored" [V5 "RFC 6455, 5.5.1", V3_1_1 "RFC 6455, 5.5.1"]
        "a WebSocket close frame is ignored, and the connection stays open until the client closes it",
    FirstFragmentOnly "first-fragment-only" [V5 "RFC 6455, 5.4", V3_1_1 "RFC 6455, 5.4"]
        "only the first fragment of a WebSocket message is read",
    ServerFramesMasked "server-frames-masked" [V5 "RFC 6455, 5.1", V3_1_1 "RFC 6455, 5.1"]
        "the server masks its WebSocket frames",
    UnmaskedFramesAccepted "unmasked-frames-accepted" [V5 "RFC 6455, 5.1", V3_1_1 "RFC 6455, 5.1"]
        "unmasked WebSocket frames are accepted",
    FrameBitsIgnored "frame-bits-ignored" [V5 "RFC 6455, 5.2", V3_1_1 "RFC 6455, 5.2"]
        "reserved bits in WebSocket frames are ignored",
    FrameTypesIgnored "frame-types-ignored" [V5 "RFC 6455, 5.2", V3_1_1 "RFC 6455, 5.2"]
        "WebSocket frames with an unknown opcode are read as data",
    ControlFragmentsAccepted "control-fragments-accepted" [V5 "RFC 6455, 5.5", V3_1_1 "RFC 6455, 5.5"]
        "fragmented WebSocket control frames are accepted",
    LongControlsAccepted "long-controls-accepted" [V5 "RFC 6455, 5.5", V3_1_1 "RFC 6455, 5.5"]
        "WebSocket control frames of any length are accepted",
    SeveralSubprotocolsRefused "several-subprotocols-refused" [V5 "RFC 6455, 4.2.2", V3_1_1 "RFC 6455, 4.2.2"]
        "a WebSocket upgrade that offers several subprotocols is refused",
    ContinuationAccepted "continuation-accepted" [V5 "MQTT-6.0.0-1", V3_1_1 "MQTT-6.0.0-1", V5 "RFC 6455, 5.4"]
        "a WebSocket continuation frame without an initial frame is read as a binary frame",
}

// Errors in a packet that do not close the connection: the packet is ignored.
tolerated {
    IllFormedUtf8Ignored "ill-formed-utf8-ignored" [V5 "MQTT-1.5.4-1", V5 "RULE-1.5.4-1", V3_1_1 "MQTT-1.5.3-1"]
        "a packet with ill-formed UTF-8 is ignored and the connection stays open",
    NullCharacterIgnored "null-character-ignored" [V5 "MQTT-1.5.4-2", V3_1_1 "MQTT-1.5.3-2"]
        "a packet with U+0000 in a string is ignored and the connection stays open",
    StringPairIgnored "string-pair-ignored" [V5 "MQTT-1.5.7-1"]
        "a packet with ill-formed UTF-8 in a User Property is ignored and the connection stays open",
    FlagsIgnored "flags-ignored" [V5 "MQTT-2.1.3-1", V5 "RULE-2.1.3-1"]
        "a version 5 packet with reserved flags set in the fixed header is ignored and the connection stays open",
    FlagsIgnoredInV3 "flags-ignored-in-v3" [V3_1_1 "MQTT-2.2.2-1", V3_1_1 "MQTT-2.2.2-2"]
        "a 3.1.1 packet with reserved flags set in the fixed header is ignored and the connection stays open",
    PubrelFlagsIgnored "pubrel-flags-ignored" [V5 "MQTT-3.6.1-1", V3_1_1 "MQTT-3.6.1-1"]
        "a PUBREL with wrong fixed header flags is ignored and the connection stays open",
    SubscribeFlagsIgnored "subscribe-flags-ignored" [V5 "MQTT-3.8.1-1", V3_1_1 "MQTT-3.8.1-1"]
        "a SUBSCRIBE with wrong fixed header flags is ignored and the connection stays open",
    UnsubscribeFlagsIgnored "unsubscribe-flags-ignored" [V5 "MQTT-3.10.1-1", V3_1_1 "MQTT-3.10.1-1"]
        "an UNSUBSCRIBE with wrong fixed header flags is ignored and the connection stays open",
    DisconnectFlagsIgnored "disconnect-flags-ignored" [V5 "MQTT-3.14.1-1", V3_1_1 "MQTT-3.14.1-1"]
        "a DISCONNECT with wrong fixed header flags is ignored and the connection stays open",
    AuthFlagsIgnored "auth-flags-ignored" [V5 "MQTT-3.15.1-1"]
        "an AUTH with wrong fixed header flags is ignored and the connection stays open",
    ClientPacketIdZeroIgnored "client-packet-id-zero-ignored" [V5 "MQTT-2.2.1-3", V3_1_1 "MQTT-2.3.1-1"]
        "a packet with packet identifier 0 is ignored and the connection stays open",

    // CONNECT.
    UnknownProtocolIgnored "unknown-protocol-ignored" [V5 "MQTT-3.1.2-1", V3_1_1 "MQTT-3.1.2-1"]
        "a CONNECT with an unknown protocol name is ignored and the connection stays open",
    UnknownVersionIgnored "unknown-version-ignored" [V5 "MQTT-3.1.2-2", V3_1_1 "MQTT-3.1.2-2"]
        "a CONNECT with an unknown protocol version is ignored and the connection stays open",
    ConnectStructureIgnored "connect-structure-ignored" [V5 "MQTT-3.1.4-1", V5 "MQTT-3.1.2-16", V5 "MQTT-3.1.2-18"]
        "a version 5 CONNECT with missing or extra bytes is ignored and the connection stays open",
    ConnectStructureIgnoredInV3 "connect-structure-ignored-in-v3" [V3_1_1 "MQTT-3.1.4-1", V3_1_1 "MQTT-3.1.2-18", V3_1_1 "MQTT-3.1.2-20"]
        "a 3.1.1 CONNECT with missing or extra bytes is ignored and the connection stays open",
    ConnectReservedIgnored "connect-reserved-ignored" [V5 "MQTT-3.1.2-3", V5 "RULE-3.1.2.3-1", V3_1_1 "MQTT-3.1.2-3"]
        "a CONNECT with the reserved Connect Flag set is ignored and the connection stays open",
    WillFieldsMissingIgnored "will-fields-missing-ignored" [V5 "MQTT-3.1.2-9", V3_1_1 "MQTT-3.1.2-9"]
        "a CONNECT with the Will Flag but no Will fields is ignored and the connection stays open",
    WillQosWithoutWillIgnored "will-qos-without-will-ignored" [V5 "MQTT-3.1.2-11", V3_1_1 "MQTT-3.1.2-13", V3_1_1 "MQTT-3.1.2-11"]
        "a CONNECT with a Will QoS but no Will is ignored and the connection stays open",
    WillQos3Ignored "will-qos-3-ignored" [V5 "RULE-3.1.2.6-1", V5 "MQTT-3.1.2-12", V3_1_1 "MQTT-3.1.2-14"]
        "a CONNECT with Will QoS 3 is ignored and the connection stays open",
    WillRetainWithoutWillIgnored "will-retain-without-will-ignored" [V5 "MQTT-3.1.2-13", V3_1_1 "MQTT-3.1.2-15"]
        "a CONNECT with Will Retain but no Will is ignored and the connection stays open",
    UsernameMissingIgnored "username-missing-ignored" [V5 "MQTT-3.1.2-17", V3_1_1 "MQTT-3.1.2-19"]
        "a CONNECT with the User Name Flag but no user name is ignored and the connection stays open",
    PasswordMissingIgnored "password-missing-ignored" [V5 "MQTT-3.1.2-19", V3_1_1 "MQTT-3.1.2-21"]
        "a CONNECT with the Password Flag but no password is ignored and the connection stays open",
    PasswordWithoutUsernameIgnored "password-without-username-ignored" [V3_1_1 "MQTT-3.1.2-22"]
        "a CONNECT with a password but no user name is ignored and the connection stays open",
    ClientIdMissingIgnored "client-id-missing-ignored" [V5 "MQTT-3.1.3-3", V3_1_1 "MQTT-3.1.3-3"]
        "a CONNECT that ends before the Client Identifier is ignored and the connection stays open",
    ClientIdTextIgnored "client-id-text-ignored" [V5 "MQTT-3.1.3-4", V3_1_1 "MQTT-3.1.3-4"] in CONNECT "client_id"
        "a CONNECT with ill-formed UTF-8 in its Client Identifier is ignored and the connection stays open",
    WillTopicTextIgnored "will-topic-text-ignored" [V5 "MQTT-3.1.3-11", V3_1_1 "MQTT-3.1.3-10"] in CONNECT "will_topic"
        "a CONNECT with ill-formed UTF-8 in its Will Topic is ignored and the connection stays open",
    UsernameTextIgnored "username-text-ignored" [V5 "MQTT-3.1.3-12", V3_1_1 "MQTT-3.1.3-11"] in CONNECT "username"
        "a CONNECT with ill-formed UTF-8 in its user name is ignored and the connection stays open",
    WillResponseTopicUnchecked "will-response-topic-unchecked" [V5 "MQTT-4.7.0-1", V5 "MQTT-3.3.2-14"] in CONNECT "will_response_topic"
        seen ["emqx#18491"]
        "a CONNECT with a wildcard in the Response Topic of its Will is ignored and the connection stays open",

    // PUBLISH.
    PublishQos3Ignored "publish-qos-3-ignored" [V5 "MQTT-3.3.1-4", V5 "RULE-3.3.1.2-1", V3_1_1 "MQTT-3.3.1-4"]
        "a PUBLISH with QoS 3 is ignored and the connection stays open",
    TopicTextIgnored "topic-text-ignored" [V5 "MQTT-3.3.2-1", V3_1_1 "MQTT-3.3.2-1"] in PUBLISH "topic"
        "a PUBLISH with ill-formed UTF-8 in its Topic Name is ignored and the connection stays open",
    NullInTopicIgnored "null-in-topic-ignored" [V5 "MQTT-4.7.3-2", V3_1_1 "MQTT-4.7.3-2"] in PUBLISH "topic"
        "a PUBLISH with U+0000 in its Topic Name is ignored and the connection stays open",
    TopicWildcardIgnored "topic-wildcard-ignored" [V5 "MQTT-3.3.2-2", V3_1_1 "MQTT-3.3.2-2", V3_1_1 "MQTT-4.7.1-1"]
        "a PUBLISH with a wildcard in its Topic Name is ignored and the connection stays open",
    NameWildcardIgnored "name-wildcard-ignored" [V5 "MQTT-4.7.0-1", V5 "MQTT-3.3.2-2", V3_1_1 "MQTT-4.7.1-1"]
        "a packet with a wildcard in a Topic Name is ignored and the connection stays open",
    TopicEmptyIgnored "topic-empty-ignored" [V5 "MQTT-4.7.3-1", V5 "RULE-3.3.2.1-1", V3_1_1 "MQTT-4.7.3-1"]
        "a packet with an empty Topic Name is ignored and the connection stays open",
    TopicAlias0Ignored "topic-alias-0-ignored" [V5 "MQTT-3.3.2-8"]
        "a PUBLISH with Topic Alias 0 is ignored and the connection stays open",
    ResponseTopicTextIgnored "response-topic-text-ignored" [V5 "MQTT-3.3.2-13"] in PUBLISH "response_topic"
        "a PUBLISH with ill-formed UTF-8 in its Response Topic is ignored and the connection stays open",
    ResponseTopicWildcardIgnored "response-topic-wildcard-ignored" [V5 "MQTT-3.3.2-14"]
        "a packet with a wildcard in a Response Topic is ignored and the connection stays open",
    ContentTypeTextIgnored "content-type-text-ignored" [V5 "MQTT-3.3.2-19"] in PUBLISH "content_type"
        "a PUBLISH with ill-formed UTF-8 in its Content Type is ignored and the connection stays open",

    // SUBSCRIBE and UNSUBSCRIBE.
    SubscribeEmptyIgnored "subscribe-empty-ignored" [V5 "MQTT-3.8.3-2", V5 "RULE-3.8.3-1", V3_1_1 "MQTT-3.8.3-3"]
        "a SUBSCRIBE without Topic Filters is ignored and the connection stays open",
    SubscribeFilterTextIgnored "subscribe-filter-text-ignored" [V5 "MQTT-3.8.3-1", V3_1_1 "MQTT-3.8.3-1"] in SUBSCRIBE "filter"
        "a SUBSCRIBE with ill-formed UTF-8 in a Topic Filter is ignored and the connection stays open",
    SubscribeQos3Ignored "subscribe-qos-3-ignored" [V5 "RULE-3.8.3.1-1", V3_1_1 "MQTT-3.8.3-4"]
        "a SUBSCRIBE with QoS 3 is ignored and the connection stays open",
    SubscribeReservedIgnored "subscribe-reserved-ignored" [V5 "MQTT-3.8.3-5", V3_1_1 "MQTT-3.8.3-4"]
        "a SUBSCRIBE with reserved bits set is ignored and the connection stays open",
    RetainHandling3Ignored "retain-handling-3-ignored" [V5 "RULE-3.8.3.1-2"]
        "a SUBSCRIBE with Retain Handling 3 is ignored and the connection stays open",
    NoLocalOnSharedIgnored "no-local-on-shared-ignored" [V5 "MQTT-3.8.3-4"]
        "a SUBSCRIBE with No Local on a Shared Subscription is ignored and the connection stays open",
    MisplacedHashIgnored "misplaced-hash-ignored" [V5 "MQTT-4.7.1-1", V3_1_1 "MQTT-4.7.1-2"]
        "a filter with a misplaced # is granted",
    MisplacedPlusIgnored "misplaced-plus-ignored" [V5 "MQTT-4.7.1-2", V3_1_1 "MQTT-4.7.1-3"]
        "a filter with a misplaced + is granted",
    ShareNameEmptyIgnored "share-name-empty-ignored" [V5 "MQTT-4.8.2-1"]
        "a shared filter with an empty Share Name is granted",
    SharedFilterBrokenIgnored "shared-filter-broken-ignored" [V5 "MQTT-4.8.2-2"]
        "a shared filter with a wildcard in its Share Name, or without a Topic Filter, is granted",
    UnsubscribeEmptyIgnored "unsubscribe-empty-ignored" [V5 "MQTT-3.10.3-2", V5 "RULE-3.10.3-1", V3_1_1 "MQTT-3.10.3-2"]
        "an UNSUBSCRIBE without Topic Filters is ignored and the connection stays open",
    UnsubscribeFilterTextIgnored "unsubscribe-filter-text-ignored" [V5 "MQTT-3.10.3-1", V3_1_1 "MQTT-3.10.3-1"] in UNSUBSCRIBE "filter"
        "an UNSUBSCRIBE with ill-formed UTF-8 in a Topic Filter is ignored and the connection stays open",


    // Lengths, counts and moments.
    PubackBeforeDisconnectLost "puback-before-disconnect-lost" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "a PUBACK is ignored if DISCONNECT arrives together with it",
    PubrecBeforeDisconnectLost "pubrec-before-disconnect-lost" [V5 "MQTT-4.3.3-6", V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.3.3-1", V3_1_1 "MQTT-4.4.0-1"]
        "a PUBREC is ignored if DISCONNECT arrives together with it",
    PubcompBeforeDisconnectLost "pubcomp-before-disconnect-lost" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "a PUBCOMP is ignored if DISCONNECT arrives together with it",
    PubrelBeforeDisconnectLost "pubrel-before-disconnect-lost" [V5 "MQTT-4.3.3-12", V3_1_1 "MQTT-4.3.3-2"]
        "a PUBREL is ignored if DISCONNECT arrives together with it",
    PubcompNotFoundKeepsSlot "pubcomp-not-found-keeps-slot" [V5 "MQTT-4.9.0-1"]
        "a PUBCOMP with Reason Code 0x92 does not increment the send quota",
    PubcompNotFoundIgnored "pubcomp-not-found-ignored" [V5 "MQTT-4.4.0-1", V5 "MQTT-4.9.0-1"]
        "a PUBCOMP with Reason Code 0x92 is ignored",
    InUseRefusalReleased "in-use-refusal-released" [V5 "MQTT-4.3.3-4"]
        "PUBREC 0x91 is answered with PUBREL",
    EqualWillsOnce "equal-wills-once" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.2-8"]
        "a Will with the same topic and payload as an earlier one is not published",
    KeepAliveFedByBytes "keep-alive-fed-by-bytes" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "bytes of a packet that is not complete restart the Keep Alive timer",
    KeepAliveFedByPingFrames "keep-alive-fed-by-ping-frames" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "WebSocket pings restart the Keep Alive timer",
    OverlappingIdleAfter99 "overlapping-idle-after-99" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        seen ["aedes#88"]
        "a client receives nothing more after 99 messages that several of its subscriptions matched",
    SubscribersBeyondTenUnserved "subscribers-beyond-ten-unserved" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "a message reaches at most ten clients",
    SubscribesBeyond50Idle "subscribes-beyond-50-idle" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "subscriptions after the fiftieth of a session, removed ones included, are granted but have no effect",
    LongUnsubscribeIgnored "long-unsubscribe-ignored" [V5 "MQTT-3.10.4-1", V5 "MQTT-3.10.4-2", V3_1_1 "MQTT-3.10.4-1", V3_1_1 "MQTT-3.10.4-2"]
        "an UNSUBSCRIBE of a filter of more than 255 bytes has no effect",
    ArrowsAreWildcards "arrows-are-wildcards" [V5 "MQTT-4.7.3-4", V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-4.7.3-4", V3_1_1 "MQTT-3.3.1-6"]
        "a last level that is the character > in a filter matches all levels",
    PasswordEndsAtZero "password-ends-at-zero" [V5 "MQTT-3.1.4-2", V3_1_1 "RULE-3.1.4-2"]
        "a password is compared only up to its first zero byte",
    AckBehindOlderIgnored "ack-behind-older-ignored" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "a PUBACK is ignored while an older QoS 2 delivery is not finished",
    LongTopicsNotRetained "long-topics-not-retained" [V5 "MQTT-3.3.1-5", V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-5", V3_1_1 "MQTT-3.3.1-6"]
        "a message whose topic has more than 255 bytes is not retained",
    LongTopicsNotQueued "long-topics-not-queued" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "a message whose topic has more than 255 bytes is not queued for offline sessions",
    LongTopicWillLost "long-topic-will-lost" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.2-8"]
        "a Will whose topic has more than 255 bytes is not published",
    LongTopicsUnshared "long-topics-unshared" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "a message whose topic has more than 255 bytes is not sent to Shared Subscriptions",
    LongTopicsCutByAlias "long-topics-cut-by-alias" [V5 "MQTT-4.5.0-1"]
        "a Topic Alias stands for the first 255 bytes of its topic",
    EndedSessionClearsLater "ended-session-clears-later" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "a session loses its subscriptions after 20 ms if an earlier one of its client ended shortly before",
    QueuedBeyond64kCut "queued-beyond-64k-cut" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "messages queued for an offline session lose 65,536 bytes of a longer payload",
    WaitingBeyond64kCut "waiting-beyond-64k-cut" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "messages queued while the send quota is exhausted lose 65,536 bytes of a longer payload",
    ResentBeyond64kCut "resent-beyond-64k-cut" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "resent messages lose 65,536 bytes of a longer payload",
    RetainedBeyond64kCut "retained-beyond-64k-cut" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        "retained messages lose 65,536 bytes of a longer payload",
    SharedBeyond64kCut "shared-beyond-64k-cut" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "messages of a Shared Subscription lose 65,536 bytes of a longer payload",
    ReleasedLaterBeyond64kCut "released-later-beyond-64k-cut" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "QoS 2 messages whose PUBREL arrives on a later connection lose 65,536 bytes of a longer payload",
    PasswordCut "password-cut" [V5 "MQTT-3.1.4-2", V3_1_1 "RULE-3.1.4-2"]
        "only the first 72 bytes of a password are compared",
    UnsubscribesBeyond50Ignored "unsubscribes-beyond-50-ignored" [V5 "MQTT-3.10.4-1", V5 "MQTT-3.10.4-2", V3_1_1 "MQTT-3.10.4-1", V3_1_1 "MQTT-3.10.4-2"]
        "UNSUBSCRIBE packets after the fiftieth of a session have no effect",
    OfflineBeyondTenUnserved "offline-beyond-ten-unserved" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "a message is queued for at most ten offline sessions",
    RetainedBeyond120Lost "retained-beyond-120-lost" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        seen ["mosquitto#2887", "rumqtt#170"]
        "at most 120 retained messages are sent for a subscription",
    RetainedJustStoredUnsent "retained-just-stored-unsent" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        "a retained message is not sent for a SUBSCRIBE that arrives together with it",
    LongTopicsLostBehindWindow "long-topics-lost-behind-window" [V5 "MQTT-4.5.0-1"]
        "a message whose topic has more than 255 bytes is lost if it has to wait for send quota",
    LongTopicsNotResent "long-topics-not-resent" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "an unacknowledged message whose topic has more than 255 bytes is not resent",
    QueuedLongPropertiesLost "queued-long-properties-lost" [V5 "MQTT-3.3.2-17"]
        "messages queued for an offline session lose properties of more than 255 bytes",
    WaitingLongPropertiesLost "waiting-long-properties-lost" [V5 "MQTT-3.3.2-17"]
        "messages queued while the send quota is exhausted lose properties of more than 255 bytes",
    ResentLongPropertiesLost "resent-long-properties-lost" [V5 "MQTT-3.3.2-17"]
        "messages are resent without properties of more than 255 bytes",
    RetainedLongPropertiesLost "retained-long-properties-lost" [V5 "MQTT-3.3.2-17"]
        "retained messages are sent without properties of more than 255 bytes",
    SharedLongPropertiesLost "shared-long-properties-lost" [V5 "MQTT-3.3.2-17"]
        "messages of a Shared Subscription lose properties of more than 255 bytes",
    WillLongPropertiesLost "will-long-properties-lost" [V5 "MQTT-3.3.2-17"]
        "Wills lose properties of more than 255 bytes",
    ReleasedLaterLongPropertiesLost "released-later-long-properties-lost" [V5 "MQTT-3.3.2-17"]
        "a QoS 2 message whose PUBREL arrives on a later connection loses properties of more than 255 bytes",
    SessionExpiryOfOneEnds "session-expiry-of-1-ends" [V5 "MQTT-4.1.0-1", V5 "MQTT-3.1.2-23"]
        "a session with a Session Expiry Interval of one second ends with its connection",
    WillDelayOfOneIgnored "will-delay-of-1-ignored" [V5 "MQTT-3.1.2-8"]
        "a Will with a Will Delay Interval of one second is published at once",
    MessageExpiryOfOneIsOver "message-expiry-of-1-is-over" [V5 "MQTT-4.5.0-1"]
        "a message with a Message Expiry Interval of one second expires at once",
    SessionsOfLongIdsEnd "sessions-of-long-ids-end" [V5 "MQTT-4.1.0-1", V5 "MQTT-3.1.2-23", V3_1_1 "MQTT-3.1.2-4", V3_1_1 "MQTT-4.1.0-1"]
        "a session whose Client Identifier has more than 255 bytes ends with its connection",
    UserNamesCut "user-names-cut" [V5 "MQTT-3.1.4-2", V3_1_1 "RULE-3.1.4-2"]
        "only the first 32 bytes of user names are compared",
    FiltersBeyond127Ignored "filters-beyond-127-ignored" [V5 "MQTT-3.8.4-5", V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-3.8.4-4", V3_1_1 "MQTT-4.5.0-1"]
        "only the first 127 filters in a SUBSCRIBE have an effect",
    UnsubscribeBeyond127Ignored "unsubscribe-beyond-127-ignored" [V5 "MQTT-3.10.4-1", V5 "MQTT-3.10.4-2", V3_1_1 "MQTT-3.10.4-1", V3_1_1 "MQTT-3.10.4-2"]
        "only the first 127 filters in an UNSUBSCRIBE have an effect",
    FullBufferLost "full-buffer-lost" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "a PUBLISH of exactly 4,096 bytes is acknowledged but lost",
    WillsBeyondTenLost "wills-beyond-ten-lost" [V5 "MQTT-3.1.2-8", V3_1_1 "MQTT-3.1.2-8"]
        "at most ten Wills are published within a second",
    QuickReturnLosesQueue "quick-return-loses-queue" [V5 "MQTT-4.5.0-1", V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "a session loses its messages if its client sends DISCONNECT together with CONNECT",
    DeepRetainedMissed "deep-retained-missed" [V5 "MQTT-3.3.1-9", V3_1_1 "MQTT-3.3.1-6"]
        "retained messages of topics with more than 16 levels are not sent for a filter that ends with #",
    WillRetainLostAtQos2 "will-retain-lost-at-qos-2" [V5 "MQTT-3.1.2-15", V3_1_1 "MQTT-3.1.2-17"]
        "a Will of QoS 2 with Will Retain 1 is not retained",
    UnsubscribeBehindDupUnanswered "unsubscribe-behind-dup-unanswered" [V5 "MQTT-3.10.4-4", V3_1_1 "MQTT-3.10.4-4"]
        seen ["rabbitmq-mqtt#229"]
        "an UNSUBSCRIBE is ignored once its client has sent a PUBLISH with DUP 1",
    SubscribeIdReusedIgnored "subscribe-id-reused-ignored" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "a SUBSCRIBE with the packet identifier of the previous SUBSCRIBE is answered but has no effect",
    UnsubscribeIdReusedIgnored "unsubscribe-id-reused-ignored" [V5 "MQTT-3.10.4-1", V5 "MQTT-3.10.4-2", V3_1_1 "MQTT-3.10.4-1", V3_1_1 "MQTT-3.10.4-2"]
        "an UNSUBSCRIBE with the packet identifier of the previous UNSUBSCRIBE is answered but has no effect",
    SubscriptionKeysRunTogether "subscription-keys-run-together" [V5 "MQTT-4.5.0-1", V3_1_1 "MQTT-4.5.0-1"]
        "a subscription replaces that of another client if Client Identifier and filter of both read the same in a row",

    // Properties.
    PropertyNotAllowedIgnored "property-not-allowed-ignored" [V5 "RULE-2.2.2.2-1"]
        "a packet with a property that it must not have is ignored and the connection stays open",
    SessionExpiryTwiceIgnored "session-expiry-twice-ignored" [V5 "RULE-3.1.2.11.2-2"]
        "a CONNECT with two Session Expiry Intervals is ignored and the connection stays open",
    ReceiveMaximum0Ignored "receive-maximum-0-ignored" [V5 "RULE-3.1.2.11.3-1"]
        "a CONNECT with a Receive Maximum of 0, or with two of them, is ignored and the connection stays open",
    MaximumPacketSize0Ignored "maximum-packet-size-0-ignored" [V5 "RULE-3.1.2.11.4-1"]
        "a CONNECT with a Maximum Packet Size of 0, or with two of them, is ignored and the connection stays open",
    TopicAliasMaximumTwiceIgnored "topic-alias-maximum-twice-ignored" [V5 "RULE-3.1.2.11.5-1"]
        "a CONNECT with two Topic Alias Maximums is ignored and the connection stays open",
    RequestResponseWrongIgnored "request-response-wrong-ignored" [V5 "RULE-3.1.2.11.6-1"]
        "a CONNECT with an invalid or repeated Request Response Information is ignored and the connection stays open",
    RequestProblemWrongIgnored "request-problem-wrong-ignored" [V5 "RULE-3.1.2.11.7-1"]
        "a CONNECT with an invalid or repeated Request Problem Information is ignored and the connection stays open",
    AuthMethodTwiceIgnored "auth-method-twice-ignored" [V5 "RULE-3.1.2.11.9-1"]
        "a CONNECT with two Authentication Methods is ignored and the connection stays open",
    AuthDataAloneIgnored "auth-data-alone-ignored" [V5 "RULE-3.1.2.11.10-1"]
        "a CONNECT with Authentication Data twice or without a method is ignored and the connection stays open",
    WillDelayTwiceIgnored "will-delay-twice-ignored" [V5 "RULE-3.1.3.2.2-1"]
        "a CONNECT with two Will Delay Intervals is ignored and the connection stays open",
    WillPayloadFormatTwiceIgnored "will-payload-format-twice-ignored" [V5 "RULE-3.1.3.2.3-1"]
        "a CONNECT with two Payload Format Indicators for its Will is ignored and the connection stays open",
    WillExpiryTwiceIgnored "will-expiry-twice-ignored" [V5 "RULE-3.1.3.2.4-1"]
        "a CONNECT with two Message Expiry Intervals for its Will is ignored and the connection stays open",
    WillPropertiesTwiceIgnored "will-properties-twice-ignored" [V5 "RULE-3.1.3.2.5-1"]
        "a CONNECT that repeats a Will's Content Type, Response Topic or Correlation Data is ignored",
    TopicAliasTwiceIgnored "topic-alias-twice-ignored" [V5 "RULE-3.3.2.3.4-1"]
        "a PUBLISH with two Topic Aliases is ignored and the connection stays open",
    PublishPropertiesTwiceIgnored "publish-properties-twice-ignored" [V5 "RULE-3.3.2.3.5-1"]
        "a PUBLISH that repeats its Content Type, Response Topic or Correlation Data is ignored",
    SubscriptionIdentifier0Ignored "subscription-identifier-0-ignored" [V5 "RULE-3.8.2.1.2-1", V5 "RULE-3.3.2.3.8-1"]
        "a packet with a Subscription Identifier of 0, or with two of them, is ignored and the connection stays open",
    AuthMethodMissingIgnored "auth-method-missing-ignored" [V5 "RULE-3.15.2.2.2-1"]
        "an AUTH without an Authentication Method, or with two of them, is ignored and the connection stays open",
}
}
