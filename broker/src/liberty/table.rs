//! The table of permitted variations: name, what leaves the choice open, and what the broker does.

use std::time::Duration;

use mqtt_check_codec::{Clause, ProtocolVersion, QoS};

use super::liberties;
use crate::Config;
use crate::departure::departures;

liberties! {
choices {
    // Who is let in, and what the others are told.
    ConnectRefusedSilently "connect-refused-silently" [V5 "RULE-4.13.1-1", V5 "MQTT-3.1.4-2", V5 "section 3.2.2.2"]
        "a refused CONNECT of version 5 is closed without a CONNACK, except for what the server does not support",
    UnsupportedWillRefusedSilently "unsupported-will-refused-silently" [V5 "MQTT-3.2.2-12", V5 "MQTT-3.2.2-13"]
        against [V5 "MQTT-3.2.2-12", V5 "MQTT-3.2.2-13"]
        "a CONNECT whose Will the server does not support is closed without a CONNACK",
    ConnectRefusedUnspecified "connect-refused-unspecified" [V5 "section 3.2.2.2"]
        against [V5 "MQTT-3.2.2-12", V5 "MQTT-3.2.2-13"]
        "every refusing CONNACK of version 5 has 0x80, to keep the reason private",
    ConnectRefusedAsUnavailable "connect-refused-as-unavailable" [V5 "section 3.2.2.2"]
        "a client over the connection limit is refused as if the server were unavailable",
    ConnectRefusedSilentlyIn3 "connect-refused-silently-in-3" [V3_1_1 "RULE-3.1.4-2", V3_1_1 "RULE-3.2.2.3-1"]
        against [V3_1_1 "RULE-3.1.4-2", V3_1_1 "RULE-3.2.2.3-1"]
        "a refused CONNECT of 3.1.1 is closed without a CONNACK, except where one is required",
    StrangersNotAuthorized "strangers-not-authorized" [V5 "section 3.2.2.2", V3_1_1 "section 3.2.2.3"]
        "a wrong password, or a ban, is refused as not authorized",
    UnknownMethodNotAuthorized "unknown-method-not-authorized" [V5 "MQTT-4.12.0-1"]
        "an Authentication Method that is not supported is refused as not authorized",
    UnknownVersionUnanswered "unknown-version-unanswered" [V5 "MQTT-3.1.2-2", V5 "MQTT-3.1.2-1"]
        "a CONNECT of an unknown protocol or version is closed without a CONNACK",
    EmptyClientIdRefused "empty-client-id-refused" [V5 "MQTT-3.1.3-6", V5 "MQTT-3.1.3-8", V3_1_1 "MQTT-3.1.3-6"]
        "an empty Client Identifier is refused",
    ClientIdAlphabetEnforced "client-id-alphabet-enforced" [V5 "RULE-3.1.3.1-1", V3_1_1 "MQTT-3.1.3-5"]
        "a Client Identifier with characters other than letters and digits is refused",
    AssignedClientIdsLong "assigned-client-ids-long" [V5 "MQTT-3.1.3-6", V5 "MQTT-3.2.2-16"]
        "assigned Client Identifiers are long and contain other characters than letters and digits",
    DefaultsAnnounced "defaults-announced" [V5 "section 3.2.2.3"]
        "CONNACK announces default values as well",
    KeepAliveRepeated "keep-alive-repeated" [V5 "MQTT-3.2.2-21"]
        "CONNACK has the client's own Keep Alive as Server Keep Alive",
    SessionExpiryLengthened "session-expiry-lengthened" [V5 "section 3.2.2.3.2"]
        "a session with an expiry lasts at least ten minutes, as CONNACK announces",
    TakeoverClosesSilently "takeover-closes-silently" [V5 "MQTT-3.1.4-3", V5 "section 3.14"]
        against [V5 "MQTT-3.1.4-3"]
        "the old connection is closed without a DISCONNECT when another takes over its session",
    TakeoversGuarded "takeovers-guarded" [V5 "section 3.1.4", V3_1_1 "section 3.1.4"]
        "a further connection is refused if its client id was taken over within the last second",
    ConnectAwaitedForEver "connect-awaited-for-ever" [V5 "RULE-3.1.4-1", V3_1_1 "RULE-3.1.4-1"]
        against [V5 "RULE-3.1.4-1", V3_1_1 "RULE-3.1.4-1"]
        "a connection that never sends a CONNECT stays open",
    DiagnosticsOnlyWhereWanted "diagnostics-only-where-wanted" [V5 "MQTT-3.1.2-29"]
        "a client that declines problem information gets none in CONNACK and DISCONNECT either",

    OtherUsersIdRefused "other-users-id-refused" [V5 "MQTT-3.1.4-2", V3_1_1 "RULE-3.1.4-2"]
        "a Client Identifier under which another user has a session is refused",
    SessionKeepsUser "session-keeps-user" [V5 "MQTT-3.1.4-2", V3_1_1 "RULE-3.1.4-2"]
        "a session that another user resumes has the rights of the user who created it",
    SessionPresentIn31 "session-present-in-3-1" [V3_1_1 "MQTT-3.2.2-2"]
        "CONNACK has Session Present for a client of MQTT 3.1 too",
    ClientIdsOfAnyLengthIn31 "client-ids-of-any-length-in-3-1" [V3_1_1 "MQTT-3.1.3-5", V3_1_1 "MQTT-3.1.3-6"]
        "a client of MQTT 3.1 may have an empty Client Identifier, or one of more than 23 bytes",
    ChallengeRepeated "challenge-repeated" [V5 "section 4.12"]
        "all exchanges of a re-authentication have the same server nonce",
    ReauthenticationAsAnother "reauthentication-as-another" [V5 "section 4.12.1"]
        "a client may become another user on re-authentication",

    // What is wrong, and is done all the same.
    ErrantPublishPassedOn "errant-publish-passed-on" [V5 "MQTT-4.13.1-1", V5 "section 4.13.1"]
        "a PUBLISH that ends the connection is forwarded if its topic is valid",
    ErrantSubscribeCarriedOut "errant-subscribe-carried-out" [V5 "section 4.13.1", V3_1_1 "section 4.8"]
        "a SUBSCRIBE that ends the connection subscribes to its valid filters",
    ErrantUnsubscribeCarriedOut "errant-unsubscribe-carried-out" [V5 "section 4.13.1", V3_1_1 "section 4.8"]
        "an UNSUBSCRIBE that ends the connection deletes the subscriptions of its filters",
    ErrantDisconnectCounts "errant-disconnect-counts" [V5 "section 4.13.1"]
        "the Session Expiry Interval of a DISCONNECT with a wrong code takes effect",
    RefusedAliasForgotten "refused-alias-forgotten" [V5 "section 3.3.2.3.4"]
        "a PUBLISH that its client may not make does not set its Topic Alias",
    AliasesNotAskedAbout "aliases-not-asked-about" [V5 "section 5.4.2"]
        "the access list is not checked for a PUBLISH with only a Topic Alias",
    AccessAskedAtSubscribe "access-asked-at-subscribe" [V5 "section 5.4.2", V3_1_1 "section 5.4.2"]
        "whether a client may receive messages is checked only when it subscribes",

    // How a connection ends.
    ErrorsCloseSilently "errors-close-silently" [V5 "RULE-4.13.1-1", V5 "MQTT-4.13.1-1"]
        against [V5 "RULE-4.13.1-1"]
        "an error of the client closes the connection without a DISCONNECT",
    ErrorsAsMalformed "errors-as-malformed" [V5 "RULE-4.13.1-1"]
        "every error of the client is reported as a malformed packet",
    ErrorsAsProtocolErrors "errors-as-protocol-errors" [V5 "RULE-4.13.1-1"]
        "every error of the client is reported as a protocol error",
    ErrorsUnspecified "errors-unspecified" [V5 "section 3.14.2.1", V5 "section 3.2.2.2"]
        against [V5 "RULE-4.13.1-1"]
        "every error of the client is reported as 0x80",
    SilenceClosesSilently "silence-closes-silently" [V5 "MQTT-3.1.2-22"]
        "a client that is silent for too long is disconnected without a DISCONNECT",
    SilenceWithoutGrace "silence-without-grace" [V5 "section 3.1.2.10", V3_1_1 "section 3.1.2.10"]
        "a silent client is disconnected as soon as its Keep Alive has passed",
    SilenceNoticedLate "silence-noticed-late" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "a client that is silent for too long is detected half a second late",
    StopsSilently "stops-silently" [V5 "section 3.14"]
        "a server that stops closes its connections without a DISCONNECT",
    KicksSilently "kicks-silently" [V5 "section 3.14"]
        "a client that an administrator disconnects is closed without a DISCONNECT",
    FailedProofClosesSilently "failed-proof-closes-silently" [V5 "MQTT-4.12.1-2"]
        against [V5 "MQTT-4.12.1-2"]
        "a failed re-authentication closes the connection without a DISCONNECT",
    ServerReferenceWithheld "server-reference-withheld" [V5 "section 4.11"]
        "a client that is redirected is not told to which server",
    ClosingLeftToClient "closing-left-to-client" [V5 "RULE-3.14.4-1", V3_1_1 "RULE-3.14.4-1"]
        against [V5 "RULE-3.14.4-1", V3_1_1 "RULE-3.14.4-1"]
        "after a client's DISCONNECT the server leaves the closing to the client",
    OwnUserProperty "own-user-property" [V5 "section 3.3.2.3.7", V5 "MQTT-3.3.2-17"]
        "a message has a User Property of the server before those of its publisher",
    PacketsBehindDisconnectProcessed "packets-behind-disconnect-processed" [V5 "section 3.14.4", V3_1_1 "section 3.14.4"]
        against [V5 "RULE-3.14.4-1", V3_1_1 "RULE-3.14.4-1"]
        "a PUBLISH after the client's DISCONNECT is delivered",
    DisallowedCharactersRefused "disallowed-characters-refused" [V5 "RULE-1.5.4-2", V3_1_1 "section 1.5.3"]
        "control characters and non-characters in a string make a packet malformed",

    // Wills and sessions.
    WillsPublishedAtStop "wills-published-at-stop" [V5 "RULE-3.1.2.5-2", V3_1_1 "RULE-3.1.2.5-1"]
        "a server that keeps its state publishes Wills when it stops instead of when it starts again",
    WillsAMomentLate "wills-a-moment-late" [V5 "RULE-3.1.2.5-1", V3_1_1 "RULE-3.1.2.5-1"]
        "Wills are published half a second after they are due",
    DelayedWillSparedByResumption "delayed-will-spared-by-resumption" [V5 "MQTT-3.1.3-9", V5 "RULE-3.1.4-2"]
        "a delayed Will is not sent when a connection with Clean Start 0 takes over, though the old session had no expiry",
    SessionsEndAMomentLate "sessions-end-a-moment-late" [V5 "section 3.1.2.11.2"]
        "sessions end half a second after their expiry",

    // Messages from clients.
    SuccessWithoutSubscribers "success-without-subscribers" [V5 "section 3.4.2.1", V5 "section 3.5.2.1"]
        "PUBACK and PUBREC report success also without matching subscribers",
    AcknowledgedBehindForwarding "acknowledged-behind-forwarding" [V5 "MQTT-4.3.2-4", V3_1_1 "MQTT-4.3.2-2"]
        "a message is acknowledged after it was sent to subscribers",
    Qos2ForwardedOnRelease "qos2-forwarded-on-release" [V5 "section 4.3.3", V3_1_1 "section 4.3.3"]
        "a QoS 2 message is forwarded to subscribers when it is released",
    RefusedPublishUnspecified "refused-publish-unspecified" [V5 "section 3.4.2.1", V5 "section 3.5.2.1"]
        "a refusing PUBACK or PUBREC has 0x80, to keep the reason private",
    RefusedPublishDisconnects "refused-publish-disconnects" [V5 "section 3.14.2.1"]
        "a refused PUBLISH closes the connection of a version 5 client",
    RefusedPublishCloses "refused-publish-closes" [V3_1_1 "MQTT-3.3.5-2"]
        "a refused PUBLISH closes the connection of a 3.1.1 client",
    PublishesRefused "publishes-refused" [V5 "section 3.4.2.1", V5 "section 3.5.2.1"]
        "the server allows version 5 clients no messages of QoS 1 or 2, for its own reasons",
    PacketIdsInUseTaken "packet-ids-in-use-taken" [V5 "section 2.2.1"]
        "a packet id that a client uses twice at the same time is accepted",
    UnknownReleaseSucceeds "unknown-release-succeeds" [V5 "MQTT-4.3.3-11", V5 "section 3.7.2.1"]
        "PUBREL of an unknown packet id is answered with success",
    RetainedQos0Discarded "retained-qos0-discarded" [V5 "RULE-3.3.1.3-1", V3_1_1 "MQTT-3.3.1-7"]
        against [V5 "RULE-3.3.1.3-1", V3_1_1 "MQTT-3.3.1-7"]
        "a retained QoS 0 message is discarded at once",

    // Messages to clients.
    OverlappingCopies "overlapping-copies" [V5 "MQTT-3.3.4-2", V5 "section 3.3.4", V3_1_1 "MQTT-3.3.5-1"]
        "a message that several subscriptions of a client match is sent once for each",
    IdentifiersInOtherOrder "identifiers-in-other-order" [V5 "section 3.3.4"]
        "several Subscription Identifiers are sent in another order",
    PropertiesInOtherOrder "properties-in-other-order" [V5 "section 2.2.2.2"]
        "properties are sent in another order, except among those of one kind",
    TopicAliasesUnused "topic-aliases-unused" [V5 "section 3.1.2.11.5"]
        "Topic Aliases are not used, however many the client allows",
    TopicAliasesReused "topic-aliases-reused" [V5 "section 3.3.2.3.4"]
        "one Topic Alias is reused for each topic in turn",
    TopicWithEveryAlias "topic-with-every-alias" [V5 "section 3.3.2.3.4"]
        "every PUBLISH has both the topic and its Topic Alias",
    DefaultExpiryAdded "default-expiry-added" [V5 "section 3.3.2.3.3"]
        "a message without a Message Expiry Interval gets one of a day",
    ExpiryRoundedDown "expiry-rounded-down" [V5 "MQTT-3.3.2-6"]
        "the time that a message has waited is rounded up to whole seconds",
    ExpiryOf0IsOver "expiry-of-0-is-over" [V5 "MQTT-3.3.2-5"]
        "a message with a Message Expiry Interval of 0 is not delivered",
    PacketIdsFromTheTop "packet-ids-from-the-top" [V5 "MQTT-2.2.1-4", V3_1_1 "MQTT-2.3.1-4"]
        "packet ids are assigned from 65,535 downwards",
    PacketIdsScattered "packet-ids-scattered" [V5 "MQTT-2.2.1-4", V3_1_1 "MQTT-2.3.1-4"]
        "packet ids are assigned in no particular order",
    PacketIdsLowestFirst "packet-ids-lowest-first" [V5 "MQTT-2.2.1-4", V3_1_1 "MQTT-2.3.1-4"]
        "the lowest free packet id is assigned",
    Qos0WaitsForQuota "qos0-waits-for-quota" [V5 "MQTT-4.9.0-2"]
        "QoS 0 messages also wait while no more messages of QoS 1 and 2 may be sent",
    WaitingByTopic "waiting-by-topic" [V5 "MQTT-4.6.0-5", V3_1_1 "MQTT-4.6.0-6"]
        "messages that waited for a client are sent topic by topic",
    ResendsWhileConnectedIn3 "resends-while-connected-in-3" [V3_1_1 "MQTT-4.4.0-1"]
        "messages that a 3.1.1 client does not acknowledge are sent again every few seconds",
    UnknownReceiptSucceeds "unknown-receipt-succeeds" [V5 "MQTT-4.3.3-4"]
        "PUBREC of an unknown packet id is answered like one of a known packet id",
    ReleasesResentFirst "releases-resent-first" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "PUBREL packets are the first to be sent again on a new connection",

    AcknowledgementsRepeatedIn3 "acknowledgements-repeated-in-3" [V3_1_1 "MQTT-4.4.0-1"]
        "PUBREC or PUBREL is sent again every few seconds to a 3.1.1 client that does not continue a QoS 2 exchange",
    AnswersTooLargeLeftOut "answers-too-large-left-out" [V5 "MQTT-3.1.2-24"]
        "an answer that is too large for the client is left out, and the connection stays open",
    ConnackTooLargeLeftOut "connack-too-large-left-out" [V5 "MQTT-3.1.2-24"]
        "a CONNACK that is too large for the client is left out, and the connection stays open",
    WrongAcknowledgementsIgnored "wrong-acknowledgements-ignored" [V5 "section 4.3", V3_1_1 "section 4.3"]
        "an acknowledgement of another type than expected is ignored",
    OldestMessageDropped "oldest-message-dropped" [V5 "section 4.1.1", V3_1_1 "section 4.1.1"]
        "when no more messages can wait for a session, the oldest one is dropped",

    // Subscriptions.
    RetainedBeforeSuback "retained-before-suback" [V5 "RULE-3.8.4-1", V3_1_1 "RULE-3.8.4-1"]
        "retained messages are sent before the SUBACK of their subscription",
    RetainedInOtherOrder "retained-in-other-order" [V5 "section 3.3.1.3", V3_1_1 "section 3.3.1.3"]
        "the retained messages of several topics are sent in another order",
    GrantsQos1AtMost "grants-qos-1-at-most" [V5 "MQTT-3.8.4-7", V3_1_1 "MQTT-3.8.4-6"]
        "QoS 1 is granted when QoS 2 is requested",
    GrantsQos0Alone "grants-qos-0-alone" [V5 "MQTT-3.8.4-7", V3_1_1 "MQTT-3.8.4-6"]
        "QoS 0 is granted whatever is requested",
    SubscriptionsRefused "subscriptions-refused" [V5 "section 3.9.3", V3_1_1 "section 3.9.3"]
        "the server refuses all subscriptions, for its own reasons",
    RefusedFilterUnspecified "refused-filter-unspecified" [V5 "section 3.9.3"]
        "a refusing SUBACK has 0x80, to keep the reason private",
    InvalidFiltersRefusedAlone "invalid-filters-refused-alone" [V5 "section 3.9.3", V3_1_1 "MQTT-3.9.3-1"]
        "an invalid Topic Filter is refused in SUBACK, and the connection stays open",
    UnsubackAlwaysSucceeds "unsuback-always-succeeds" [V5 "MQTT-3.11.3-2"]
        "UNSUBACK reports success without a subscription",
    UnsubscribeDropsWaiting "unsubscribe-drops-waiting" [V5 "section 3.10.4", V3_1_1 "section 3.10.4"]
        "UNSUBSCRIBE discards waiting messages of the removed subscription",
    SharedToOneAlone "shared-to-one-alone" [V5 "section 4.8.2"]
        "one connected member of a Shared Subscription gets every message",
    SharedByTurnAlone "shared-by-turn-alone" [V5 "section 4.8.2"]
        "members of a Shared Subscription take turns, connected or not",
    SharedQos1PassedOnAtOnce "shared-qos1-passed-on-at-once" [V5 "RULE-4.8.2-2"]
        "a shared QoS 1 message goes to another member as soon as the connection breaks",
    SharedQos1EndsWithSession "shared-qos1-ends-with-session" [V5 "RULE-4.8.2-2"]
        against [V5 "RULE-4.8.2-2"]
        "a shared QoS 1 message that was sent is lost with the session of its member",

    // On the wire.
    AnswersLate "answers-late" [V5 "MQTT-4.2.0-1", V3_1_1 "MQTT-7.1.1-1"]
        "everything is sent half a second late",
    AnswersByteByByte "answers-byte-by-byte" [V5 "MQTT-4.2.0-1", V3_1_1 "MQTT-7.1.1-1"]
        "every byte is sent separately",
    SmallFrames "small-frames" [V5 "MQTT-6.0.0-2", V3_1_1 "MQTT-6.0.0-2"]
        "packets are sent in WebSocket frames of three bytes",
}

settings {
    // What a server may offer or not.
    Qos0Queued "qos0-queued" [V5 "section 4.1", V3_1_1 "RULE-3.1.2.4-1"]
        (|c| c.queue_qos0 = true)
        "QoS 0 messages are kept for a session that is offline",
    MaximumQos1 "maximum-qos-1" [V5 "MQTT-3.2.2-9", V3_1_1 "MQTT-3.8.4-5"]
        (|c| c.maximum_qos = QoS::AtLeastOnce)
        "QoS 2 is not supported",
    MaximumQos0 "maximum-qos-0" [V5 "MQTT-3.2.2-9", V3_1_1 "MQTT-3.8.4-5"]
        (|c| c.maximum_qos = QoS::AtMostOnce)
        "neither QoS 1 nor QoS 2 is supported",
    RetainUnavailable "retain-unavailable" [V5 "MQTT-3.2.2-13"]
        (|c| c.retain_available = false)
        "retained messages are not supported",
    WildcardsUnavailable "wildcards-unavailable" [V5 "RULE-3.2.2.3.11-1", V3_1_1 "MQTT-3.8.3-2"]
        (|c| c.wildcard_subscription_available = false)
        "wildcards in Topic Filters are not supported",
    IdentifiersUnavailable "identifiers-unavailable" [V5 "RULE-3.2.2.3.12-1"]
        (|c| c.subscription_identifier_available = false)
        "Subscription Identifiers are not supported",
    SharedUnavailable "shared-unavailable" [V5 "RULE-3.2.2.3.13-1"]
        (|c| c.shared_subscription_available = false)
        "Shared Subscriptions are not supported",
    NoTopicAliases "no-topic-aliases" [V5 "section 3.2.2.3.8"]
        (|c| c.topic_alias_maximum = 0)
        "clients may use no Topic Aliases",
    OneTopicAlias "one-topic-alias" [V5 "section 3.2.2.3.8"]
        (|c| c.topic_alias_maximum = 1)
        "clients may use one Topic Alias",
    ReceiveMaximum1 "receive-maximum-1" [V5 "section 3.2.2.3.3"]
        (|c| c.receive_maximum = 1)
        "clients may have one message of QoS 1 or 2 unacknowledged",
    ReceiveMaximum10 "receive-maximum-10" [V5 "section 3.2.2.3.3"]
        (|c| c.receive_maximum = 10)
        "clients may have ten messages of QoS 1 or 2 unacknowledged",
    MaximumPacketSize1M "maximum-packet-size-1m" [V5 "section 3.2.2.3.6"]
        (|c| c.maximum_packet_size = Some(1_000_000))
        "clients may send packets of at most a million bytes",
    MaximumPacketSizeOfTheEncoding "maximum-packet-size-of-the-encoding" [V5 "section 3.2.2.3.6"]
        (|c| c.maximum_packet_size = Some(268_435_460))
        "the largest possible packet size is announced as the Maximum Packet Size",
    ServerKeepAlive60 "server-keep-alive-60" [V5 "MQTT-3.2.2-21"]
        (|c| c.server_keep_alive = Some(60))
        "a Server Keep Alive of a minute",
    ServerKeepAlive10 "server-keep-alive-10" [V5 "MQTT-3.2.2-21"]
        (|c| c.server_keep_alive = Some(10))
        "a Server Keep Alive of ten seconds",
    SessionExpiry2h "session-expiry-2h" [V5 "section 3.2.2.3.2", V3_1_1 "section 3.1.2.4"]
        (|c| {
            c.maximum_session_expiry = Some(Duration::from_secs(7_200));
            c.persistent_session_expiry = Some(Duration::from_secs(7_200));
        })
        "sessions last at most two hours",
    SessionExpiry60s "session-expiry-60s" [V5 "section 3.2.2.3.2"]
        (|c| c.maximum_session_expiry = Some(Duration::from_secs(60)))
        "sessions last at most a minute",
    NoSessionExpiry "no-session-expiry" [V5 "section 3.2.2.3.2"]
        (|c| c.maximum_session_expiry = Some(Duration::ZERO))
        "sessions of version 5 end with their connections",
    ClientIdsOf23Bytes "client-ids-of-23-bytes" [V5 "RULE-3.1.3.1-1", V3_1_1 "MQTT-3.1.3-5"]
        (|c| c.maximum_client_id_bytes = Some(23))
        "Client Identifiers of more than 23 bytes are refused",
    NoDollarTopics "no-dollar-topics" [V5 "RULE-4.7.2-1", V3_1_1 "RULE-4.7.2-1"]
        (|c| c.dollar_topics = false)
        "clients may not publish to topics that begin with $",

    // What a server may check or say.
    PayloadFormatChecked "payload-format-checked" [V5 "RULE-3.3.2.3.2-1", V5 "RULE-3.1.3.2.3-2"]
        (|c| c.check_payload_format = true)
        "a payload that is not what its Payload Format Indicator says is refused",
    ReasonStrings "reason-strings" [V5 "MQTT-3.1.2-29"]
        (|c| c.reason_strings = true)
        "a Reason String and a User Property are sent wherever they are allowed",
    ShortForms "short-forms" [V5 "section 3.4.2.1", V5 "section 3.14.2.1"]
        (|c| c.short_acknowledgements = true)
        "acknowledgements and DISCONNECT have the short form where possible",

    // How much a server does at a time.
    OneInFlight "one-in-flight" [V5 "section 4.9", V3_1_1 "section 4.6"]
        (|c| c.maximum_inflight = 1)
        "one message of QoS 1 or 2 is sent to a client at a time",
}
}
