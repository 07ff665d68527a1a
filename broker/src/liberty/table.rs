//! The table of permitted variations: name, the clauses that leave the choice open, and what the broker does.

use std::time::Duration;

use mqtt_check_codec::{Clause, ProtocolVersion, QoS};

use super::liberties;
use crate::Config;
use crate::departure::departures;

liberties! {
choices {
    // Which clients are accepted, and how the others are refused.
    ConnectRefusedSilently "connect-refused-silently" [V5 "RULE-4.13.1-1", V5 "MQTT-3.1.4-2", V5 "section 3.2.2.2"]
        "a refused CONNECT of version 5 gets no CONNACK, except for an unsupported Will or a redirect",
    UnsupportedWillRefusedSilently "unsupported-will-refused-silently" [V5 "MQTT-3.2.2-12", V5 "MQTT-3.2.2-13"]
        against [V5 "MQTT-3.2.2-12", V5 "MQTT-3.2.2-13"]
        "a CONNECT whose Will the server does not support closes the connection without a CONNACK",
    ConnectRefusedUnspecified "connect-refused-unspecified" [V5 "section 3.2.2.2"]
        against [V5 "MQTT-3.2.2-12", V5 "MQTT-3.2.2-13"]
        "a CONNACK of version 5 that refuses a client has 0x80 to keep the reason private, except for a redirect",
    ConnectRefusedAsUnavailable "connect-refused-as-unavailable" [V5 "section 3.2.2.2"]
        "a client over a connection limit is refused with Server unavailable",
    ConnectRefusedSilentlyIn3 "connect-refused-silently-in-3" [V3_1_1 "RULE-3.1.4-2", V3_1_1 "RULE-3.2.2.3-1"]
        against [V3_1_1 "RULE-3.1.4-2", V3_1_1 "RULE-3.2.2.3-1"]
        "a refused CONNECT of 3.1.1 closes the connection without a CONNACK, unless one is required",
    StrangersNotAuthorized "strangers-not-authorized" [V5 "section 3.2.2.2", V3_1_1 "section 3.2.2.3"]
        "a wrong password or a banned client is refused with Not authorized",
    UnknownMethodNotAuthorized "unknown-method-not-authorized" [V5 "MQTT-4.12.0-1"]
        "an unsupported Authentication Method is refused with Not authorized",
    UnknownVersionUnanswered "unknown-version-unanswered" [V5 "MQTT-3.1.2-2", V5 "MQTT-3.1.2-1"]
        "a CONNECT with an unknown protocol or version closes the connection without a CONNACK",
    EmptyClientIdRefused "empty-client-id-refused" [V5 "MQTT-3.1.3-6", V5 "MQTT-3.1.3-8", V3_1_1 "MQTT-3.1.3-6"]
        "an empty Client Identifier is refused",
    ClientIdAlphabetEnforced "client-id-alphabet-enforced" [V5 "RULE-3.1.3.1-1", V3_1_1 "MQTT-3.1.3-5"]
        "a Client Identifier with characters other than letters and digits is refused",
    AssignedClientIdsLong "assigned-client-ids-long" [V5 "MQTT-3.1.3-6", V5 "MQTT-3.2.2-16"]
        "Assigned Client Identifiers are long and contain characters other than letters and digits",
    DefaultsAnnounced "defaults-announced" [V5 "section 3.2.2.3"]
        "CONNACK contains properties even if they have their default values",
    KeepAliveRepeated "keep-alive-repeated" [V5 "MQTT-3.2.2-21"]
        "CONNACK repeats the client's Keep Alive as Server Keep Alive",
    SessionExpiryLengthened "session-expiry-lengthened" [V5 "section 3.2.2.3.2"]
        "a session with an expiry lasts at least ten minutes, which CONNACK announces",
    TakeoverClosesSilently "takeover-closes-silently" [V5 "MQTT-3.1.4-3", V5 "section 3.14"]
        against [V5 "MQTT-3.1.4-3"]
        "a takeover closes the old connection without a DISCONNECT",
    TakeoversGuarded "takeovers-guarded" [V5 "section 3.1.4", V3_1_1 "section 3.1.4"]
        "a CONNECT is refused if its Client Identifier was taken over within the last second",
    ConnectAwaitedForEver "connect-awaited-for-ever" [V5 "RULE-3.1.4-1", V3_1_1 "RULE-3.1.4-1"]
        against [V5 "RULE-3.1.4-1", V3_1_1 "RULE-3.1.4-1"]
        "a connection that never sends a CONNECT stays open",
    DiagnosticsOnlyWhereWanted "diagnostics-only-where-wanted" [V5 "MQTT-3.1.2-29"]
        "even CONNACK and DISCONNECT have no Reason String or User Property if Request Problem Information is 0",

    OtherUsersIdRefused "other-users-id-refused" [V5 "MQTT-3.1.4-2", V3_1_1 "RULE-3.1.4-2"]
        "a Client Identifier is refused if another user has a session with it",
    SessionKeepsUser "session-keeps-user" [V5 "MQTT-3.1.4-2", V3_1_1 "RULE-3.1.4-2"]
        "a session that another user resumes keeps the permissions of the user who created it",
    SessionPresentIn31 "session-present-in-3-1" [V3_1_1 "MQTT-3.2.2-2"]
        "CONNACK has Session Present for MQTT 3.1 clients too",
    ClientIdsOfAnyLengthIn31 "client-ids-of-any-length-in-3-1" [V3_1_1 "MQTT-3.1.3-5", V3_1_1 "MQTT-3.1.3-6"]
        "the Client Identifier of an MQTT 3.1 client may be empty or longer than 23 bytes",
    ChallengeRepeated "challenge-repeated" [V5 "section 4.12"]
        "all authentication exchanges on a connection have the same server nonce",
    ReauthenticationAsAnother "reauthentication-as-another" [V5 "section 4.12.1"]
        "a client may re-authenticate as another user",

    // Invalid packets that take effect anyway, and when access is checked.
    ErrantPublishPassedOn "errant-publish-passed-on" [V5 "MQTT-4.13.1-1", V5 "section 4.13.1"]
        "a PUBLISH whose error closes the connection is forwarded if its topic is valid",
    ErrantSubscribeCarriedOut "errant-subscribe-carried-out" [V5 "section 4.13.1", V3_1_1 "section 4.8"]
        "a SUBSCRIBE whose error closes the connection still subscribes to its valid filters",
    ErrantUnsubscribeCarriedOut "errant-unsubscribe-carried-out" [V5 "section 4.13.1", V3_1_1 "section 4.8"]
        "an UNSUBSCRIBE whose error closes the connection still removes the subscriptions to its filters",
    ErrantDisconnectCounts "errant-disconnect-counts" [V5 "section 4.13.1"]
        "the Session Expiry Interval of a DISCONNECT with an invalid Reason Code takes effect",
    RefusedAliasForgotten "refused-alias-forgotten" [V5 "section 3.3.2.3.4"]
        "an unauthorized PUBLISH does not set its Topic Alias",
    AliasesNotAskedAbout "aliases-not-asked-about" [V5 "section 5.4.2"]
        "the access list is not checked for a PUBLISH with a Topic Alias and no topic",
    AccessAskedAtSubscribe "access-asked-at-subscribe" [V5 "section 5.4.2", V3_1_1 "section 5.4.2"]
        "permission to receive messages is checked only at SUBSCRIBE",

    // How a connection is closed.
    ErrorsCloseSilently "errors-close-silently" [V5 "RULE-4.13.1-1", V5 "MQTT-4.13.1-1"]
        against [V5 "RULE-4.13.1-1"]
        "a client error closes the connection without a DISCONNECT",
    ErrorsAsMalformed "errors-as-malformed" [V5 "RULE-4.13.1-1"]
        "every malformed packet or protocol error is reported as Malformed Packet",
    ErrorsAsProtocolErrors "errors-as-protocol-errors" [V5 "RULE-4.13.1-1"]
        "every malformed packet or protocol error is reported as Protocol Error",
    ErrorsUnspecified "errors-unspecified" [V5 "section 3.14.2.1", V5 "section 3.2.2.2"]
        against [V5 "RULE-4.13.1-1"]
        "every malformed packet or protocol error is reported as 0x80 (Unspecified error)",
    SilenceClosesSilently "silence-closes-silently" [V5 "MQTT-3.1.2-22"]
        "a Keep Alive timeout closes the connection without a DISCONNECT",
    SilenceWithoutGrace "silence-without-grace" [V5 "section 3.1.2.10", V3_1_1 "section 3.1.2.10"]
        "a client is disconnected after 1.0 instead of 1.5 times its Keep Alive",
    SilenceNoticedLate "silence-noticed-late" [V5 "MQTT-3.1.2-22", V3_1_1 "MQTT-3.1.2-24"]
        "a Keep Alive timeout is detected half a second late",
    StopsSilently "stops-silently" [V5 "section 3.14"]
        "a server that shuts down closes its connections without a DISCONNECT",
    KicksSilently "kicks-silently" [V5 "section 3.14"]
        "an administrative disconnect closes the connection without a DISCONNECT",
    FailedProofClosesSilently "failed-proof-closes-silently" [V5 "MQTT-4.12.1-2"]
        against [V5 "MQTT-4.12.1-2"]
        "a failed re-authentication closes the connection without a DISCONNECT",
    ServerReferenceWithheld "server-reference-withheld" [V5 "section 4.11"]
        "a DISCONNECT that redirects a client has no Server Reference",
    ClosingLeftToClient "closing-left-to-client" [V5 "RULE-3.14.4-1", V3_1_1 "RULE-3.14.4-1"]
        against [V5 "RULE-3.14.4-1", V3_1_1 "RULE-3.14.4-1"]
        "the server leaves it to the client to close the connection after DISCONNECT",
    OwnUserProperty "own-user-property" [V5 "section 3.3.2.3.7", V5 "MQTT-3.3.2-17"]
        "a message carries a User Property of the server before those of its publisher",
    PacketsBehindDisconnectProcessed "packets-behind-disconnect-processed" [V5 "section 3.14.4", V3_1_1 "section 3.14.4"]
        against [V5 "RULE-3.14.4-1", V3_1_1 "RULE-3.14.4-1"]
        "a PUBLISH after the client's DISCONNECT is delivered",
    DisallowedCharactersRefused "disallowed-characters-refused" [V5 "RULE-1.5.4-2", V3_1_1 "section 1.5.3"]
        "a packet is malformed if a string contains a control character or non-character",

    // Wills and sessions.
    WillsPublishedAtStop "wills-published-at-stop" [V5 "RULE-3.1.2.5-2", V3_1_1 "RULE-3.1.2.5-1"]
        "a server with persistent storage publishes Wills when it stops, not when it restarts",
    WillsWaitForNode "wills-wait-for-node" [V5 "RULE-3.1.2.5-2", V3_1_1 "RULE-3.1.2.5-1"]
        "the Wills of clients on a node that is killed are published when the node returns",
    WillsAMomentLate "wills-a-moment-late" [V5 "RULE-3.1.2.5-1", V3_1_1 "RULE-3.1.2.5-1"]
        "Wills are published half a second after they are due",
    DelayedWillSparedByResumption "delayed-will-spared-by-resumption" [V5 "MQTT-3.1.3-9", V5 "RULE-3.1.4-2"]
        "a takeover with Clean Start 0 cancels a delayed Will even if the old session had no expiry",
    SessionsEndAMomentLate "sessions-end-a-moment-late" [V5 "section 3.1.2.11.2"]
        "sessions end half a second after their expiry interval",

    // Messages from clients.
    SuccessWithoutSubscribers "success-without-subscribers" [V5 "section 3.4.2.1", V5 "section 3.5.2.1"]
        "PUBACK and PUBREC report success even without matching subscribers",
    AcknowledgedBehindForwarding "acknowledged-behind-forwarding" [V5 "MQTT-4.3.2-4", V3_1_1 "MQTT-4.3.2-2"]
        "a message is forwarded to subscribers before it is acknowledged",
    Qos2ForwardedOnRelease "qos2-forwarded-on-release" [V5 "section 4.3.3", V3_1_1 "section 4.3.3"]
        "a QoS 2 message is forwarded to subscribers at PUBREL",
    RefusedPublishUnspecified "refused-publish-unspecified" [V5 "section 3.4.2.1", V5 "section 3.5.2.1"]
        "a PUBACK or PUBREC that refuses a message has 0x80, to keep the reason private",
    RefusedPublishDisconnects "refused-publish-disconnects" [V5 "section 3.14.2.1"]
        "a refused PUBLISH closes the connection of a version 5 client",
    RefusedPublishCloses "refused-publish-closes" [V3_1_1 "MQTT-3.3.5-2"]
        "a refused PUBLISH closes the connection of a 3.1.1 client",
    PublishesRefused "publishes-refused" [V5 "section 3.4.2.1", V5 "section 3.5.2.1"]
        "the server refuses all QoS 1 and 2 messages from version 5 clients, for reasons of its own",
    PacketIdsInUseTaken "packet-ids-in-use-taken" [V5 "section 2.2.1"]
        "a packet with a packet identifier that is already in use is accepted",
    UnknownReleaseSucceeds "unknown-release-succeeds" [V5 "MQTT-4.3.3-11", V5 "section 3.7.2.1"]
        "PUBREL with an unknown packet identifier is answered with PUBCOMP 0x00 (Success)",
    RetainedQos0Discarded "retained-qos0-discarded" [V5 "RULE-3.3.1.3-1", V3_1_1 "MQTT-3.3.1-7"]
        against [V5 "RULE-3.3.1.3-1", V3_1_1 "MQTT-3.3.1-7"]
        "a retained QoS 0 message is discarded at once",

    // Messages to clients.
    OverlappingCopies "overlapping-copies" [V5 "MQTT-3.3.4-2", V5 "section 3.3.4", V3_1_1 "MQTT-3.3.5-1"]
        "a client receives a message once for each of its matching subscriptions",
    IdentifiersInOtherOrder "identifiers-in-other-order" [V5 "section 3.3.4"]
        "several Subscription Identifiers are sent in a different order",
    PropertiesInOtherOrder "properties-in-other-order" [V5 "section 2.2.2.2"]
        "properties are sent in a different order, except those of the same kind",
    TopicAliasesUnused "topic-aliases-unused" [V5 "section 3.1.2.11.5"]
        "the server uses no Topic Aliases, even if the client allows them",
    TopicAliasesReused "topic-aliases-reused" [V5 "section 3.3.2.3.4"]
        "the server remaps one Topic Alias for each topic in turn",
    TopicWithEveryAlias "topic-with-every-alias" [V5 "section 3.3.2.3.4"]
        "every PUBLISH with a Topic Alias also contains the topic",
    DefaultExpiryAdded "default-expiry-added" [V5 "section 3.3.2.3.3"]
        "a message without a Message Expiry Interval gets one of a day",
    ExpiryRoundedDown "expiry-rounded-down" [V5 "MQTT-3.3.2-6"]
        "the waiting time of a message is rounded up, so that its Message Expiry Interval is rounded down",
    ExpiryOf0IsOver "expiry-of-0-is-over" [V5 "MQTT-3.3.2-5"]
        "a message with a Message Expiry Interval of 0 is not delivered",
    PacketIdsFromTheTop "packet-ids-from-the-top" [V5 "MQTT-2.2.1-4", V3_1_1 "MQTT-2.3.1-4"]
        "packet identifiers are assigned from 65,535 downwards",
    PacketIdsScattered "packet-ids-scattered" [V5 "MQTT-2.2.1-4", V3_1_1 "MQTT-2.3.1-4"]
        "packet identifiers are assigned in no particular order",
    PacketIdsLowestFirst "packet-ids-lowest-first" [V5 "MQTT-2.2.1-4", V3_1_1 "MQTT-2.3.1-4"]
        "the lowest free packet identifier is assigned",
    LiveMessagesLate "live-messages-late" [V5 "section 4.5", V3_1_1 "section 4.5"]
        "messages are forwarded to connected clients half a second after they are accepted",
    Qos0SentFirst "qos0-sent-first" [V5 "MQTT-4.6.0-5", V3_1_1 "MQTT-4.6.0-6"]
        "messages of QoS 1 and 2 are forwarded to connected clients a tenth of a second after those of QoS 0",
    TopicsOvertake "topics-overtake" [V5 "MQTT-4.6.0-5", V3_1_1 "MQTT-4.6.0-6"]
        "a message overtakes messages of other topics that were accepted in the tenth of a second before it, or wait offline",
    PublishersOvertake "publishers-overtake" [V5 "MQTT-4.6.0-5", V3_1_1 "MQTT-4.6.0-6"]
        "a message overtakes messages of other publishers, or of another QoS, in the same way",
    Qos0WaitsForQuota "qos0-waits-for-quota" [V5 "MQTT-4.9.0-2"]
        "QoS 0 messages also wait while the send quota is exhausted",
    WaitingByTopic "waiting-by-topic" [V5 "MQTT-4.6.0-5", V3_1_1 "MQTT-4.6.0-6"]
        "messages queued for a session are sent topic by topic when it is resumed",
    ResendsWhileConnectedIn3 "resends-while-connected-in-3" [V3_1_1 "MQTT-4.4.0-1"]
        "unacknowledged messages are resent to 3.1.1 clients every few seconds",
    UnknownReceiptSucceeds "unknown-receipt-succeeds" [V5 "MQTT-4.3.3-4"]
        "PUBREC with an unknown packet identifier is answered with PUBREL 0x00 (Success)",
    ReleasesResentFirst "releases-resent-first" [V5 "MQTT-4.4.0-1", V3_1_1 "MQTT-4.4.0-1"]
        "PUBREL packets are resent before PUBLISH packets on a new connection",

    AcknowledgementsRepeatedIn3 "acknowledgements-repeated-in-3" [V3_1_1 "MQTT-4.4.0-1"]
        "PUBREC and PUBREL are resent to a 3.1.1 client every few seconds until it answers",
    AnswersTooLargeLeftOut "answers-too-large-left-out" [V5 "MQTT-3.1.2-24"]
        "a response that is too large for the client is omitted, and the connection stays open",
    ConnackTooLargeLeftOut "connack-too-large-left-out" [V5 "MQTT-3.1.2-24"]
        "a CONNACK that is too large for the client is omitted, and the connection stays open",
    WrongAcknowledgementsIgnored "wrong-acknowledgements-ignored" [V5 "section 4.3", V3_1_1 "section 4.3"]
        "an acknowledgement of a type that the exchange does not expect is ignored",
    AcknowledgementsInOrderOnly "acknowledgements-in-order-only" [V5 "section 4.6", V3_1_1 "section 4.6"]
        "a client that sends PUBACK, PUBREC or PUBREL packets in the wrong order is disconnected",
    OldestMessageDropped "oldest-message-dropped" [V5 "section 4.1.1", V3_1_1 "section 4.1.1"]
        "the oldest message is dropped when the queue of a session is full",
    SessionsLostWithNode "sessions-lost-with-node" [V5 "section 4.1.1", V3_1_1 "section 4.1.1"]
        "without the setting `replicated`, sessions are lost with the node that their clients were last connected to",

    // Subscriptions.
    RetainedBeforeSuback "retained-before-suback" [V5 "RULE-3.8.4-1", V3_1_1 "RULE-3.8.4-1"]
        "retained messages are sent before SUBACK",
    RetainedInOtherOrder "retained-in-other-order" [V5 "section 3.3.1.3", V3_1_1 "section 3.3.1.3"]
        "the retained messages of several topics are sent in a different order",
    GrantsQos1AtMost "grants-qos-1-at-most" [V5 "MQTT-3.8.4-7", V3_1_1 "MQTT-3.8.4-6"]
        "QoS 1 is granted when QoS 2 is requested",
    GrantsQos0Alone "grants-qos-0-alone" [V5 "MQTT-3.8.4-7", V3_1_1 "MQTT-3.8.4-6"]
        "QoS 0 is granted regardless of the requested QoS",
    HashRefused "hash-refused" [V5 "section 3.9.3", V3_1_1 "section 3.9.3"]
        "a subscription to all topics is refused, for reasons of the server's own",
    LongTopicsRefused "long-topics-refused" [V5 "section 3.4.2.1", V5 "section 3.9.3", V3_1_1 "section 3.9.3", V3_1_1 "MQTT-3.3.5-2"]
        "topics and Topic Filters of more than 256 bytes are refused",
    SubscriptionsRefused "subscriptions-refused" [V5 "section 3.9.3", V3_1_1 "section 3.9.3"]
        "the server refuses all subscriptions, for reasons of its own",
    RefusedFilterUnspecified "refused-filter-unspecified" [V5 "section 3.9.3"]
        "SUBACK has 0x80 for a refused filter, to keep the reason private",
    InvalidFiltersRefusedAlone "invalid-filters-refused-alone" [V5 "section 3.9.3", V3_1_1 "MQTT-3.9.3-1"]
        "an invalid Topic Filter is refused in SUBACK, and the connection stays open",
    UnsubackAlwaysSucceeds "unsuback-always-succeeds" [V5 "MQTT-3.11.3-2"]
        "UNSUBACK reports success even if no subscription existed",
    UnsubscribeDropsWaiting "unsubscribe-drops-waiting" [V5 "section 3.10.4", V3_1_1 "section 3.10.4"]
        "UNSUBSCRIBE discards queued messages of the removed subscription",
    SharedToOneAlone "shared-to-one-alone" [V5 "section 4.8.2"]
        "one connected member of a Shared Subscription receives all its messages",
    SharedByTurnAlone "shared-by-turn-alone" [V5 "section 4.8.2"]
        "members of a Shared Subscription take turns, even while they are offline",
    SharedQos1PassedOnAtOnce "shared-qos1-passed-on-at-once" [V5 "RULE-4.8.2-2"]
        "a shared QoS 1 message is sent to another member as soon as the connection is lost",
    SharedQos1EndsWithSession "shared-qos1-ends-with-session" [V5 "RULE-4.8.2-2"]
        against [V5 "RULE-4.8.2-2"]
        "an unacknowledged shared QoS 1 message is lost when the session of its member ends",

    // On the wire.
    AnswersLate "answers-late" [V5 "MQTT-4.2.0-1", V3_1_1 "MQTT-7.1.1-1"]
        "everything the server sends is delayed by half a second",
    AnswersByteByByte "answers-byte-by-byte" [V5 "MQTT-4.2.0-1", V3_1_1 "MQTT-7.1.1-1"]
        "every byte is sent to the client separately",
    SmallFrames "small-frames" [V5 "MQTT-6.0.0-2", V3_1_1 "MQTT-6.0.0-2"]
        "packets are sent in WebSocket frames of at most three bytes",
}

settings {
    // Features and limits that a server may choose.
    Qos0Queued "qos0-queued" [V5 "section 4.1", V3_1_1 "RULE-3.1.2.4-1"]
        (|c| c.queue_qos0 = true)
        "QoS 0 messages are queued for offline sessions",
    MaximumQos1 "maximum-qos-1" [V5 "MQTT-3.2.2-9", V3_1_1 "MQTT-3.8.4-5"]
        (|c| c.maximum_qos = QoS::AtLeastOnce)
        "the Maximum QoS is 1",
    MaximumQos0 "maximum-qos-0" [V5 "MQTT-3.2.2-9", V3_1_1 "MQTT-3.8.4-5"]
        (|c| c.maximum_qos = QoS::AtMostOnce)
        "the Maximum QoS is 0",
    RetainUnavailable "retain-unavailable" [V5 "MQTT-3.2.2-13"]
        (|c| c.retain_available = false)
        "retained messages are not supported",
    WildcardsUnavailable "wildcards-unavailable" [V5 "RULE-3.2.2.3.11-1", V3_1_1 "MQTT-3.8.3-2"]
        (|c| c.wildcard_subscription_available = false)
        "wildcard subscriptions are not supported",
    IdentifiersUnavailable "identifiers-unavailable" [V5 "RULE-3.2.2.3.12-1"]
        (|c| c.subscription_identifier_available = false)
        "Subscription Identifiers are not supported",
    SharedUnavailable "shared-unavailable" [V5 "RULE-3.2.2.3.13-1"]
        (|c| c.shared_subscription_available = false)
        "Shared Subscriptions are not supported",
    NoTopicAliases "no-topic-aliases" [V5 "section 3.2.2.3.8"]
        (|c| c.topic_alias_maximum = 0)
        "the server accepts no Topic Aliases from clients",
    OneTopicAlias "one-topic-alias" [V5 "section 3.2.2.3.8"]
        (|c| c.topic_alias_maximum = 1)
        "the server accepts one Topic Alias from each client",
    ReceiveMaximum1 "receive-maximum-1" [V5 "section 3.2.2.3.3"]
        (|c| c.receive_maximum = 1)
        "the server's Receive Maximum is 1",
    ReceiveMaximum10 "receive-maximum-10" [V5 "section 3.2.2.3.3"]
        (|c| c.receive_maximum = 10)
        "the server's Receive Maximum is 10",
    MaximumPacketSize1M "maximum-packet-size-1m" [V5 "section 3.2.2.3.6"]
        (|c| c.maximum_packet_size = Some(1_000_000))
        "the server's Maximum Packet Size is a million bytes",
    MaximumPacketSize100K "maximum-packet-size-100k" [V5 "section 3.2.2.3.6"]
        (|c| c.maximum_packet_size = Some(100_000))
        "the server's Maximum Packet Size is 100,000 bytes",
    MaximumPacketSizeOfTheEncoding "maximum-packet-size-of-the-encoding" [V5 "section 3.2.2.3.6"]
        (|c| c.maximum_packet_size = Some(268_435_460))
        "the largest packet size that MQTT can encode is announced as the Maximum Packet Size",
    ServerKeepAlive60 "server-keep-alive-60" [V5 "MQTT-3.2.2-21"]
        (|c| c.server_keep_alive = Some(60))
        "the Server Keep Alive is a minute",
    ServerKeepAlive10 "server-keep-alive-10" [V5 "MQTT-3.2.2-21"]
        (|c| c.server_keep_alive = Some(10))
        "the Server Keep Alive is ten seconds",
    ServerKeepAlive3600 "server-keep-alive-3600" [V5 "MQTT-3.2.2-21"]
        (|c| c.server_keep_alive = Some(3_600))
        "the Server Keep Alive is an hour",
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
        "version 5 sessions end with their connections",
    ClientIdsOf23Bytes "client-ids-of-23-bytes" [V5 "RULE-3.1.3.1-1", V3_1_1 "MQTT-3.1.3-5"]
        (|c| c.maximum_client_id_bytes = Some(23))
        "Client Identifiers longer than 23 bytes are refused",
    Subscriptions10 "subscriptions-10" [V5 "section 3.9.3", V3_1_1 "section 3.9.3"]
        (|c| c.maximum_subscriptions = 10)
        "a client may have ten subscriptions",
    Queue100 "queue-100" [V5 "section 4.1.1", V3_1_1 "section 4.1.1"]
        (|c| c.maximum_queued_messages = 100)
        "at most 100 messages are queued for a session",
    NoDollarTopics "no-dollar-topics" [V5 "RULE-4.7.2-1", V3_1_1 "RULE-4.7.2-1"]
        (|c| c.dollar_topics = false)
        "clients may not publish to topics that start with $",

    // What a server may check or send.
    PayloadFormatChecked "payload-format-checked" [V5 "RULE-3.3.2.3.2-1", V5 "RULE-3.1.3.2.3-2"]
        (|c| c.check_payload_format = true)
        "a payload that contradicts its Payload Format Indicator is refused",
    ReasonStrings "reason-strings" [V5 "MQTT-3.1.2-29"]
        (|c| c.reason_strings = true)
        "a Reason String and a User Property are sent in every packet that may have them",
    ShortForms "short-forms" [V5 "section 3.4.2.1", V5 "section 3.14.2.1"]
        (|c| c.short_acknowledgements = true)
        "acknowledgements and DISCONNECT omit their Reason Code and properties where possible",

    // How many messages a server sends at a time.
    OneInFlight "one-in-flight" [V5 "section 4.9", V3_1_1 "section 4.6"]
        (|c| c.maximum_inflight = 1)
        "only one QoS 1 or 2 message is in flight to a client at a time",
}
}
