//! Plays random legal sequences against the core and against a model of sessions, queues, messages in flight, retained
//! messages and Wills. The model is written from the standard and does not know how the broker works. It decides for
//! each packet and each event whether it is allowed at that moment, and at the end of each step what is missing.
//!
//! Where the standard leaves a choice, the model accepts what the broker does: which member of a group gets a message,
//! whether QoS 0 messages are kept for a client that is not connected, the order of messages with different topics or
//! publishers, when a Will is published that became due by a stop of the broker, and whether an acknowledgement reports
//! that there were no subscribers. Choices that the bundled broker has made are checked: one copy for overlapping
//! subscriptions, No Local also for a client's own Will, a DISCONNECT before it closes in version 5, and the order of
//! its events.

mod action;
mod debts;
mod input;
mod message;
mod output;
mod stage;
mod world;

use mqtt_check_broker::{Fault, Faults};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

use self::action::{Action, actions};
use self::stage::{broken, play};

proptest! {
    // Set PROPTEST_CASES to play more sequences.
    #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

    #[test]
    fn the_core_does_what_the_standard_says(actions in actions()) {
        play(&actions, Faults::default()).map_err(TestCaseError::fail)?;
    }
}

/// Faults that the model is sure to find, by area.
const FOUND: &[Fault] = &[
    // Connecting.
    Fault::NoConnack,
    Fault::ConnackAfterMessages,
    Fault::ConnackTwice,
    // Keep Alive.
    Fault::KeepAliveNotEnforced,
    Fault::KeepAliveSlow,
    Fault::KeepAliveTripled,
    Fault::NoPingresp,
    // Takeover.
    Fault::NoDisconnectOnTakeover,
    Fault::TakeoverSaysAdministrativeAction,
    Fault::TakeoverLeavesOldOpen,
    // Ending a connection.
    Fault::DisconnectCodeUnknown,
    Fault::DisconnectWithoutClose,
    Fault::PacketAfterDisconnect,
    Fault::ClientDisconnectLeftOpen,
    // Wills.
    Fault::WillNotStored,
    Fault::WillLostOn0x04,
    Fault::WillLostOnConnectionLoss,
    Fault::WillLostOnClientError,
    Fault::WillLostOnKeepAliveTimeout,
    Fault::WillLostOnServerDisconnect,
    Fault::WillLostOnTakeover,
    Fault::WillLostOnSessionEnd,
    Fault::WillPublishedOnNormalDisconnect,
    Fault::WillKeptAfterPublishing,
    Fault::WillOfEarlierConnection,
    Fault::WillDelayIgnored,
    Fault::WillDelayNotCancelled,
    Fault::WillNeverRetained,
    Fault::WillAlwaysRetained,
    // Sessions.
    Fault::SessionPresentNever,
    Fault::SessionPresentWhenNew,
    Fault::SessionPresentOnCleanStart,
    Fault::UncleanStartRefusedWhenNew,
    Fault::CleanStartKeepsSubscriptions,
    Fault::CleanStartKeepsQueue,
    Fault::SubscriptionsLostOnResume,
    Fault::SessionLostOnDisconnect,
    Fault::SessionEndsWhileConnected,
    Fault::CleanSessionOutlivesConnection,
    Fault::SessionNeverExpires,
    Fault::SessionExpiresEarly,
    Fault::DisconnectExpiryIgnored,
    Fault::RestartLosesSessions,
    // Offline messages.
    Fault::OfflineQos1Lost,
    Fault::OfflineQos2Lost,
    Fault::OfflineOrderReversed,
    Fault::OfflineMessagesDoubled,
    Fault::OnlyOneSubscriberServed,
    // Redelivery.
    Fault::InflightNotResent,
    Fault::PubrelNotResent,
    Fault::Qos1ForgottenOnceSent,
    Fault::Qos2ForgottenOnceSent,
    Fault::DupFlagClearOnResend,
    Fault::NewPacketIdOnResend,
    Fault::ResendOrderReversed,
    Fault::ResendWhileConnected,
    Fault::PublishResentAfterPubrec,
    Fault::InflightExpires,
    Fault::RefusedMessageResent,
    // QoS 1 and 2 from the broker.
    Fault::PacketIdAlwaysOneAtQos1,
    Fault::PacketIdAlwaysOneAtQos2,
    Fault::FirstPublishDupAtQos1,
    Fault::FirstPublishDupAtQos2,
    Fault::DupAtQos0,
    Fault::Qos0SentAtQos1,
    Fault::NoPubrel,
    Fault::PubrelOtherPacketId,
    Fault::PubrelCodeUnknown,
    Fault::SendQuotaIgnored,
    Fault::SendQuotaNotReset,
    Fault::OtherPacketsHeldByQuota,
    // QoS 1 and 2 to the broker.
    Fault::NoPuback,
    Fault::NoPubrec,
    Fault::NoPubcomp,
    Fault::PubackOtherPacketId,
    Fault::PubrecOtherPacketId,
    Fault::PubcompOtherPacketId,
    Fault::PubackCodeUnknown,
    Fault::PubrecCodeUnknown,
    Fault::PubcompCodeUnknown,
    Fault::Qos2DuplicateForwarded,
    Fault::ReceivedQos2ForgottenOnReconnect,
    Fault::Qos2IdNeverFreed,
    Fault::ExpiredQos2NotCompleted,
    // Messages to subscribers.
    Fault::ServerAliasAboveMaximum,
    Fault::ServerAliasUnasked,
    Fault::UserPropertiesDropped,
    Fault::UserPropertiesReversed,
    Fault::MessageExpiryNotCounted,
    // Retained messages.
    Fault::RetainedNotStored,
    Fault::RetainedQos0NotStored,
    Fault::RetainedNotReplaced,
    Fault::EmptyRetainedStored,
    Fault::EmptyRetainedNotForwarded,
    Fault::UnretainedStored,
    Fault::UnretainedClears,
    Fault::RetainedNotSent,
    Fault::RetainedNotSentAgain,
    Fault::RetainHandling1Silent,
    Fault::RetainHandling2Sends,
    Fault::RetainFlagLost,
    Fault::RetainFlagKeptLive,
    Fault::RetainAsPublishedIgnored,
    Fault::ExpiredRetainedSent,
    Fault::RetainedGoneWithSession,
    Fault::RetainedSentToShared,
    // Subscribing.
    Fault::NoSuback,
    Fault::SubackOtherPacketId,
    Fault::SubackOrderReversed,
    Fault::SubackCodeMissing,
    Fault::SubackCodeUnknown,
    Fault::SubackShowsQos0,
    Fault::OnlyFirstFilterSubscribed,
    Fault::ResubscribeKeepsOld,
    Fault::QosNotLowered,
    Fault::QosLoweredTooFar,
    Fault::OverlappingLowestQos,
    Fault::IdentifiersDropped,
    Fault::OnlyFirstIdentifier,
    Fault::CopiesWithoutIdentifier,
    Fault::NoLocalIgnored,
    Fault::WildcardMatchesDollar,
    // Unsubscribing.
    Fault::NoUnsuback,
    Fault::NoUnsubackForNothing,
    Fault::UnsubackOtherPacketId,
    Fault::UnsubackOrderReversed,
    Fault::UnsubackCodeUnknown,
    Fault::UnsubscribeIgnored,
    Fault::UnsubscribeByMatch,
    Fault::UnsubscribeOnlyFirst,
    Fault::UnsubscribeDropsInflight,
    // Shared subscriptions.
    Fault::SharedQosIgnored,
    Fault::SharedBegunGivenAway,
];

/// Plays random sequences, the same ones in each run, against a broker with this fault until one reveals it.
fn search(fault: Fault, shrinks: u32) -> Result<(), TestError<Vec<Action>>> {
    let config = Config {
        cases: 300,
        max_shrink_iters: shrinks,
        failure_persistence: None,
        ..Config::default()
    };
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    TestRunner::new_with_rng(config, random).run(&actions(), |actions| {
        play(&actions, broken(fault)).map_err(TestCaseError::fail)
    })
}

#[test]
fn the_model_finds_what_is_wrong() {
    let missed = FOUND.iter().filter(|fault| search(**fault, 0).is_ok());
    let missed: Vec<_> = missed.map(|fault| fault.name()).collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn a_counterexample_is_short_and_tells_what_happened() {
    let found = search(Fault::NoDisconnectOnTakeover, 10_000);
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
