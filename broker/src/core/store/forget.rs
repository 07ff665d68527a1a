//! Of faults: what a broker that keeps its state loses over a restart. A broker without faults never comes here.

use mqtt_check_codec::QoS;

use crate::Fault;
use crate::core::input::Time;
use crate::core::rules::Rules;
use crate::core::state::inflight::Stage;
use crate::core::state::queue::Queue;
use crate::core::state::session::Session;
use crate::core::state::will::Will;

/// Parts of a session that a restart loses, though the broker promises to keep them.
pub(crate) fn forget(rules: &Rules, session: &mut Session, now: Time) {
    // [3.1.1 MQTT-4.4.0-1] [5 MQTT-4.4.0-1]
    if rules.breaks(Fault::RestartLosesInflight) {
        session
            .inflight
            .retain(|stage| !matches!(stage, Stage::Published(_)));
    }
    if rules.breaks(Fault::RestartLosesReleases) {
        session
            .inflight
            .retain(|stage| matches!(stage, Stage::Published(_)));
    }
    // [3.1.1 MQTT-4.3.3-2] [5 MQTT-4.3.3-10]
    if rules.breaks(Fault::RestartForgetsReceived) {
        session.received.clear();
    }
    // [3.1.1 MQTT-3.1.2-5] [5 MQTT-3.1.2-5]
    if rules.breaks(Fault::RestartLosesQueue) {
        session.queue = Queue::default();
    }
    if rules.breaks(Fault::RestartLosesSharedSubscriptions) {
        session.subscriptions.retain(|_, granted| !granted.shared);
    }
    for granted in session.subscriptions.values_mut() {
        if rules.breaks(Fault::RestartLosesNoLocal) {
            granted.options.no_local = false;
        }
        if rules.breaks(Fault::RestartLosesRetainAsPublished) {
            granted.options.retain_as_published = false;
        }
        if rules.breaks(Fault::RestartLosesIdentifiers) {
            granted.identifier = None;
        }
        if rules.breaks(Fault::RestartLosesGrantedQos) {
            granted.options.qos = QoS::AtMostOnce;
        }
    }
    // [3.1.1 MQTT-3.1.2-8] [5 MQTT-3.1.2-8]
    let delayed = session.will.as_ref().is_some_and(Will::is_delayed);
    let lost = match delayed {
        true => Fault::RestartLosesDelayedWill,
        false => Fault::RestartLosesWill,
    };
    if rules.breaks(lost) {
        session.will = None;
    }
    // [5 MQTT-4.1.0-2]
    if rules.breaks(Fault::RestartBeginsExpiryAnew) {
        session.closed_at = Some(now);
    }
}
