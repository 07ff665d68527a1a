//! The limits of both ends of an accepted connection.

use std::time::Duration;

use mqtt_check_codec::{Connect, ProtocolVersion};

use crate::core::input::{ConnectionId, Time};
use crate::core::rules::{Rules, TIMER_CHECK};
use crate::core::state::account::Charge;
use crate::core::state::authentication::Authentication;
use crate::core::state::expiry::Expiry;
use crate::core::state::link::{Burst, Link, OutboundAliases, Window};
use crate::{Fault, Liberty};

/// For a permitted variation: the shortest Session Expiry Interval above zero that the broker grants.
const LENGTHENED_S: u32 = 600;

/// For a fault: whether a Session Expiry Interval is just below the maximum, which stands for no expiry.
pub(crate) fn is_near_maximum(asked_s: u32) -> bool {
    (u32::MAX - 255..u32::MAX).contains(&asked_s)
}

/// Returns how long the session outlives this connection.
pub(crate) fn expiry(rules: &Rules, connect: &Connect) -> Expiry {
    let config = &rules.config;
    match connect.version {
        ProtocolVersion::V5 => {
            let asked = connect.properties.session_expiry_interval_s().unwrap_or(0);
            if asked >= 1 << 31 && rules.breaks(Fault::SessionExpirySigned) {
                return Expiry::AtClose;
            }
            // [5 MQTT-3.1.2-23]
            if asked == 1 && rules.breaks(Fault::SessionExpiryOfOneEnds) {
                return Expiry::AtClose;
            }
            // [5 MQTT-3.1.2-23]
            if is_near_maximum(asked) && rules.breaks(Fault::SessionExpiryNearMaximumEnds) {
                return Expiry::AtClose;
            }
            // [5 section 3.2.2.3.2]: the server may choose another interval and announce it in CONNACK.
            let lengthened = asked > 0 && rules.chooses(Liberty::SessionExpiryLengthened);
            Expiry::granted(
                config,
                match lengthened {
                    true => asked.max(LENGTHENED_S),
                    false => asked,
                },
            )
        }
        // [3.1.1 MQTT-3.1.2-6]
        _ if connect.clean_start => Expiry::AtClose,
        _ => match config.persistent_session_expiry {
            Some(expiry) => Expiry::After(expiry),
            None => Expiry::Never,
        },
    }
}

/// How long a client may be silent for each second of its Keep Alive, in milliseconds.
fn silence_ms(rules: &Rules) -> u64 {
    if rules.chooses(Liberty::SilenceWithoutGrace) {
        1_000
    } else if rules.breaks(Fault::KeepAliveSlow) {
        2_000
    } else if rules.breaks(Fault::KeepAliveTripled) {
        4_500
    } else {
        1_500
    }
}

/// Returns how long a client with this Keep Alive may be silent; `None` if there is no limit.
pub(crate) fn silence(rules: &Rules, keep_alive_s: u16) -> Option<Duration> {
    let late = match rules.chooses(Liberty::SilenceNoticedLate) {
        true => TIMER_CHECK,
        false => Duration::ZERO,
    };
    let silence = Duration::from_millis(u64::from(keep_alive_s) * silence_ms(rules));
    (keep_alive_s > 0).then_some(silence + late)
}

/// Returns how many Topic Aliases the broker uses for a client with this Topic Alias Maximum.
fn alias_maximum(rules: &Rules, allowed: u16) -> u16 {
    match allowed {
        0 if rules.breaks(Fault::ServerAliasUnasked) => 1,
        1.. if rules.breaks(Fault::ServerAliasAboveMaximum) => allowed.saturating_add(1),
        _ if rules.chooses(Liberty::TopicAliasesUnused) => 0,
        1.. if rules.chooses(Liberty::TopicAliasesReused) => 1,
        _ => allowed,
    }
}

pub(crate) fn link(
    rules: &Rules,
    now: Time,
    connection: ConnectionId,
    nonce: u128,
    connect: &Connect,
) -> Link {
    let config = &rules.config;
    let v5 = connect.version == ProtocolVersion::V5;
    let properties = &connect.properties;
    // [5 MQTT-3.2.2-22]
    let keep_alive_s = match config.server_keep_alive {
        Some(keep_alive_s)
            if v5 && connect.keep_alive_s > 0 && rules.breaks(Fault::ClientKeepAliveEnforced) =>
        {
            keep_alive_s.min(connect.keep_alive_s)
        }
        // [5 MQTT-3.1.2-22]
        Some(_)
            if v5 && connect.keep_alive_s == 0 && rules.breaks(Fault::ServerKeepAliveSpares0) =>
        {
            0
        }
        Some(keep_alive_s) if v5 => keep_alive_s,
        _ => connect.keep_alive_s,
    };
    // [5 MQTT-4.9.0-1]
    let asks = properties.receive_maximum().is_some();
    let receive_maximum = properties.receive_maximum().unwrap_or(u16::MAX);
    Link {
        connection,
        version: connect.version,
        silence: silence(rules, keep_alive_s),
        last_received: now,
        window: Window {
            messages: match rules.breaks(Fault::SendQuotaIgnored) {
                true => usize::MAX,
                false
                    if receive_maximum > 0x7FFF
                        && asks
                        && rules.breaks(Fault::ReceiveMaximumSigned) =>
                {
                    0
                }
                false => {
                    usize::from(receive_maximum.min(config.maximum_inflight).max(1))
                        + usize::from(rules.breaks(Fault::SendQuotaOneMore))
                }
            },
            bytes: config.maximum_inflight_bytes,
        },
        congested: false,
        burst: Burst::default(),
        unreleased: 0,
        carried: 0,
        maximum_packet_size: match properties.maximum_packet_size() {
            Some(0x8000_0000..) if rules.breaks(Fault::MaximumPacketSizeSigned) => Some(0),
            maximum => maximum,
        },
        aliases_in: Default::default(),
        aliases: Charge::default(),
        aliases_out: OutboundAliases::up_to(
            alias_maximum(rules, properties.topic_alias_maximum().unwrap_or(0)),
            rules.chooses(Liberty::TopicAliasesReused),
        ),
        problem_information: properties.request_problem_information() != Some(0),
        connect_expiry_s: properties.session_expiry_interval_s().unwrap_or(0),
        authentication: Authentication::of(connect, config, nonce).map(Box::new),
    }
}
