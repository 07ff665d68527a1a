//! Random legal sequences, played against the core and against a model of sessions, queues, messages in flight, retained
//! messages and Wills. The model is written from the standard and knows nothing of how the broker does it. It says of each
//! packet and of each event whether it may be, here and now, and at the end of each step what is missing.
//!
//! Where the standard leaves a choice, the model goes with what the broker does: which member of a group gets a message,
//! whether QoS 0 messages are kept for a client that is away, in which order messages of different topics or publishers
//! come, when a Will is published that a stop of the broker made due, whether an acknowledgement says that nobody had
//! subscribed. What the bundled broker has settled for itself, it is held to: one copy for overlapping subscriptions, No
//! Local also for a client's own Will, a DISCONNECT before it closes in version 5, the order of its events.

mod action;
mod debts;
mod input;
mod message;
mod output;
mod stage;
mod world;

use mqtt_check_broker::{Deviation, Deviations};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

use self::action::{Action, actions};
use self::stage::{broken, play};

proptest! {
    // PROPTEST_CASES plays more of them.
    #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

    #[test]
    fn the_core_does_what_the_standard_says(actions in actions()) {
        play(&actions, Deviations::default()).map_err(TestCaseError::fail)?;
    }
}

/// Faults that the model is sure to find, area by area.
const FOUND: &[Deviation] = &[
    // Connecting.
    Deviation::NoConnack,
    Deviation::ConnackAfterMessages,
    Deviation::ConnackTwice,
    // Keep Alive.
    Deviation::KeepAliveNotEnforced,
    Deviation::KeepAliveTooEager,
    Deviation::KeepAliveTripled,
    Deviation::NoPingresp,
    // Takeover.
    Deviation::NoDisconnectOnTakeover,
    Deviation::TakeoverSaysAdministrativeAction,
    Deviation::TakeoverLeavesOldOpen,
    // Ending a connection.
    Deviation::DisconnectCodeUnknown,
    Deviation::DisconnectWithoutClose,
    Deviation::PacketAfterDisconnect,
    Deviation::ClientDisconnectLeftOpen,
    Deviation::PacketsAfterClientDisconnectProcessed,
    // Wills.
    Deviation::WillNotStored,
    Deviation::WillLostOn0x04,
    Deviation::WillLostOnConnectionLoss,
    Deviation::WillLostOnClientError,
    Deviation::WillLostOnKeepAliveTimeout,
    Deviation::WillLostOnServerDisconnect,
    Deviation::WillLostOnTakeover,
    Deviation::WillLostOnSessionEnd,
    Deviation::WillPublishedOnNormalDisconnect,
    Deviation::WillKeptAfterPublishing,
    Deviation::WillOfEarlierConnection,
    Deviation::WillDelayIgnored,
    Deviation::WillDelayNotCancelled,
    Deviation::WillNeverRetained,
    Deviation::WillAlwaysRetained,
    // Sessions.
    Deviation::SessionPresentNever,
    Deviation::SessionPresentWhenNew,
    Deviation::SessionPresentOnCleanStart,
    Deviation::UncleanStartRefusedWhenNew,
    Deviation::CleanStartKeepsSubscriptions,
    Deviation::CleanStartKeepsQueue,
    Deviation::SubscriptionsLostOnResume,
    Deviation::SessionLostOnDisconnect,
    Deviation::SessionEndsWhileConnected,
    Deviation::CleanSessionOutlivesConnection,
    Deviation::SessionNeverExpires,
    Deviation::SessionExpiresEarly,
    Deviation::DisconnectExpiryIgnored,
    Deviation::RestartLosesSessions,
    // Offline messages.
    Deviation::OfflineQos1Lost,
    Deviation::OfflineQos2Lost,
    Deviation::OfflineOrderReversed,
    Deviation::OfflineMessagesDoubled,
    Deviation::OnlyOneSubscriberServed,
    // Redelivery.
    Deviation::InflightNotResent,
    Deviation::PubrelNotResent,
    Deviation::Qos1ForgottenOnceSent,
    Deviation::Qos2ForgottenOnceSent,
    Deviation::DupFlagClearOnResend,
    Deviation::NewPacketIdOnResend,
    Deviation::ResendOrderReversed,
    Deviation::ResendWhileConnected,
    Deviation::PublishResentAfterPubrec,
    Deviation::InflightExpires,
    Deviation::RefusedMessageResent,
    // QoS 1 and 2 from the broker.
    Deviation::PacketIdAlwaysOneAtQos1,
    Deviation::PacketIdAlwaysOneAtQos2,
    Deviation::FirstPublishDupAtQos1,
    Deviation::FirstPublishDupAtQos2,
    Deviation::DupAtQos0,
    Deviation::Qos0SentAtQos1,
    Deviation::NoPubrel,
    Deviation::PubrelOtherPacketId,
    Deviation::PubrelCodeUnknown,
    Deviation::SendQuotaIgnored,
    Deviation::SendQuotaNotReset,
    Deviation::OtherPacketsHeldByQuota,
    // QoS 1 and 2 to the broker.
    Deviation::NoPuback,
    Deviation::NoPubrec,
    Deviation::NoPubcomp,
    Deviation::PubackOtherPacketId,
    Deviation::PubrecOtherPacketId,
    Deviation::PubcompOtherPacketId,
    Deviation::PubackCodeUnknown,
    Deviation::PubrecCodeUnknown,
    Deviation::PubcompCodeUnknown,
    Deviation::Qos2DuplicateForwarded,
    Deviation::ReceivedQos2ForgottenOnReconnect,
    Deviation::Qos2IdNeverFreed,
    Deviation::ExpiredQos2NotCompleted,
    // What subscribers get.
    Deviation::ServerAliasAboveMaximum,
    Deviation::ServerAliasUnasked,
    Deviation::UserPropertiesDropped,
    Deviation::UserPropertiesReversed,
    Deviation::MessageExpiryNotCounted,
    // Retained messages.
    Deviation::RetainedNotStored,
    Deviation::RetainedQos0NotStored,
    Deviation::RetainedNotReplaced,
    Deviation::EmptyRetainedStored,
    Deviation::EmptyRetainedNotForwarded,
    Deviation::UnretainedStored,
    Deviation::UnretainedClears,
    Deviation::RetainedNotSent,
    Deviation::RetainedNotSentAgain,
    Deviation::RetainHandling1Silent,
    Deviation::RetainHandling2Sends,
    Deviation::RetainFlagLost,
    Deviation::RetainFlagKeptLive,
    Deviation::RetainAsPublishedIgnored,
    Deviation::ExpiredRetainedSent,
    Deviation::RetainedGoneWithSession,
    Deviation::RetainedSentToShared,
    // Subscribing.
    Deviation::NoSuback,
    Deviation::SubackOtherPacketId,
    Deviation::SubackOrderReversed,
    Deviation::SubackCodeMissing,
    Deviation::SubackCodeUnknown,
    Deviation::SubackShowsQos0,
    Deviation::OnlyFirstFilterSubscribed,
    Deviation::ResubscribeKeepsOld,
    Deviation::QosNotLowered,
    Deviation::QosLoweredTooFar,
    Deviation::OverlappingLowestQos,
    Deviation::IdentifiersDropped,
    Deviation::OnlyFirstIdentifier,
    Deviation::CopiesWithoutIdentifier,
    Deviation::NoLocalIgnored,
    Deviation::WildcardMatchesDollar,
    // Unsubscribing.
    Deviation::NoUnsuback,
    Deviation::NoUnsubackForNothing,
    Deviation::UnsubackOtherPacketId,
    Deviation::UnsubackOrderReversed,
    Deviation::UnsubackCodeUnknown,
    Deviation::UnsubscribeIgnored,
    Deviation::UnsubscribeByMatch,
    Deviation::UnsubscribeOnlyFirst,
    Deviation::UnsubscribeDropsInflight,
    // Shared subscriptions.
    Deviation::SharedQosIgnored,
    Deviation::SharedBegunGivenAway,
];

/// Plays random sequences, the same ones each time, against a broker with this fault until one shows it.
fn search(deviation: Deviation, shrinks: u32) -> Result<(), TestError<Vec<Action>>> {
    let config = Config {
        cases: 300,
        max_shrink_iters: shrinks,
        failure_persistence: None,
        ..Config::default()
    };
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    TestRunner::new_with_rng(config, random).run(&actions(), |actions| {
        play(&actions, broken(deviation)).map_err(TestCaseError::fail)
    })
}

#[test]
fn the_model_finds_what_is_wrong() {
    let missed = FOUND
        .iter()
        .filter(|deviation| search(**deviation, 0).is_ok());
    let missed: Vec<_> = missed.map(|deviation| deviation.name()).collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn a_counterexample_is_short_and_tells_what_happened() {
    let found = search(Deviation::NoDisconnectOnTakeover, 10_000);
    let Err(TestError::Fail(why, actions)) = found else {
        panic!("{found:?}");
    };
    let told = format!("{actions:#?}\n{}", why.message());
    assert_eq!(
        told,
        "[\n    c1 connects by 5, unclean, expiry 0 s,\n    c1 connects by 3.1.1, unclean,\n]\n\
         step 2, c1 connects by 3.1.1, unclean: c1 is closed on without a DISCONNECT\n    \
         connection 1 is closed\n    session.terminated c1 conflict\n    session.created c1\n    \
         connection 2 gets connack 0x00 sp=0\n    client.connected c1 sp=0"
    );
}
