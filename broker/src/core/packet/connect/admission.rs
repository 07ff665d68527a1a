//! CONNECT: which clients are accepted, and with which Client Identifier.

use std::time::Duration;

use bytestring::ByteString;
use mqtt_check_codec::topic::check_name;
use mqtt_check_codec::{Connect, ProtocolVersion, QoS, ReasonCode};

use super::refusal::Refusal;
use crate::access::{AccessAction, Who};
use crate::config::User;
use crate::core::input::Time;
use crate::core::rules::Rules;
use crate::core::state::connect_rate::ConnectRate;
use crate::core::state::redirect::Redirects;
use crate::core::state::session::{Session, Sessions};
use crate::core::state::weight;
use crate::core::topic::is_hidden;
use crate::{ClientIds, Fault, Liberty};

/// For a permitted variation: how long a Client Identifier that was taken over is refused.
const TAKEOVER_GUARD: Duration = Duration::from_secs(1);

/// The longest Client Identifier that MQTT 3.1 permits, in characters.
const V3_1_CLIENT_ID_MAXIMUM: usize = 23;

/// Makes the checks that come before authentication: the limits of connections, and the authentication method.
pub(crate) fn may_begin(
    rules: &Rules,
    connections: usize,
    connect_rate: &mut ConnectRate,
    now: Time,
    connect: &Connect,
) -> Result<(), ReasonCode> {
    let config = &rules.config;
    if let Some(maximum) = config.maximum_connection_rate
        && connect_rate.count(now) > maximum
    {
        return Err(ReasonCode::CONNECTION_RATE_EXCEEDED);
    }
    if connections > config.maximum_connections {
        return Err(ReasonCode::SERVER_BUSY);
    }
    let unknown = connect
        .properties
        .authentication_method()
        .is_some_and(|method| !config.authentication.keys().any(|m| m.name() == &*method));
    if unknown && !rules.breaks(Fault::UnknownAuthMethodAccepted) {
        // [5 MQTT-4.12.0-1]
        return Err(match rules.chooses(Liberty::UnknownMethodNotAuthorized) {
            true => ReasonCode::NOT_AUTHORIZED,
            false => ReasonCode::BAD_AUTHENTICATION_METHOD,
        });
    }
    Ok(())
}

/// Makes all other checks of a CONNECT, before any session is changed. A client with `proven` identity needs no
/// password. Returns the Client Identifier if one was assigned, and sets it in `connect`.
pub(crate) fn admit(
    rules: &Rules,
    sessions: &Sessions,
    redirects: &mut Redirects,
    connect: &mut Connect,
    (nonce, now): (u128, Time),
    proven: bool,
) -> Result<Option<ByteString>, Refusal> {
    if !proven {
        check_credentials(rules, connect)?;
    }
    check_will(rules, connect)?;
    let assigned = settle_client_id(rules, sessions, connect, nonce)?;
    check_will_access(rules, connect)?;
    let (config, client) = (&rules.config, &connect.client_id);
    if sessions.len() >= config.maximum_sessions && sessions.key(client).is_none() {
        return Err(ReasonCode::QUOTA_EXCEEDED.into());
    }
    let itself = match sessions.key(client) {
        Some(_) => 0,
        None => weight::of_session(client, connect.username.as_deref()),
    };
    let needed = itself + connect.will.as_ref().map_or(0, weight::of_will);
    if !sessions.kept.admits(0, needed, config.maximum_client_bytes) {
        return Err(ReasonCode::QUOTA_EXCEEDED.into());
    }
    if rules.breaks(Fault::UncleanStartRefusedWhenNew)
        && !connect.clean_start
        && sessions.key(client).is_none()
    {
        return Err(ReasonCode::SERVER_UNAVAILABLE.into());
    }
    // [3.1.1 MQTT-3.1.2-4] [5 MQTT-3.1.2-6]
    if !connect.clean_start
        && sessions.connected_clean.contains(client)
        && rules.breaks(Fault::OnceCleanRefusesUnclean)
    {
        return Err(ReasonCode::SERVER_UNAVAILABLE.into());
    }
    // [3.1.1 MQTT-3.1.4-2] [5 MQTT-3.1.4-3]
    let owner = sessions.key(client).and_then(|key| sessions.at(key));
    let is_linked = owner.is_some_and(|owner| owner.link.is_some());
    if is_linked && rules.breaks(Fault::NewcomerRefused) {
        return Err(ReasonCode::CLIENT_IDENTIFIER_NOT_VALID.into());
    }
    check_owner(rules, sessions, connect)?;
    let takeover = sessions.taken_over.get(client);
    if is_linked && takeover.is_some_and(|at| now.saturating_sub(*at) < TAKEOVER_GUARD) {
        // [5 section 3.1.4] [3.1.1 section 3.1.4]: a server may make checks that the standard does not require.
        return Err(ReasonCode::SERVER_BUSY.into());
    }
    if config.banned_clients.iter().any(|banned| client == banned) {
        return Err(ReasonCode::BANNED.into());
    }
    if let Some(redirect) = redirects.remove(client) {
        return Err(Refusal {
            reason: redirect.reason,
            server_reference: redirect.server_reference,
            maximum_packet_size: None,
        });
    }
    Ok(assigned)
}

/// Checks whether this user may use this Client Identifier, and the session that belongs to it. [5 section 5.4.2]
/// [5 MQTT-3.1.4-2] [3.1.1 section 5.4.2] [3.1.1 RULE-3.1.4-2]
fn check_owner(rules: &Rules, sessions: &Sessions, connect: &Connect) -> Result<(), ReasonCode> {
    let (client, user) = (&connect.client_id, &connect.username);
    let bound = rules.config.client_ids;
    let name = user.as_deref().unwrap_or_default();
    if bound == ClientIds::ByUser
        && !is_of_user(client, name)
        && (rules.faults.is_none() || !is_taken_for_own(rules, client, name))
    {
        return Err(ReasonCode::CLIENT_IDENTIFIER_NOT_VALID);
    }
    let owner = sessions.key(client).and_then(|key| sessions.at(key));
    let is_bound = bound != ClientIds::Free || rules.chooses(Liberty::OtherUsersIdRefused);
    match owner {
        Some(owner)
            if is_bound
                && owner.user != *user
                && (rules.faults.is_none() || !is_unguarded(rules, owner, connect)) =>
        {
            Err(ReasonCode::NOT_AUTHORIZED)
        }
        _ => Ok(()),
    }
}

/// For faults: whether a Client Identifier that does not belong to a user resembles one that does.
fn is_taken_for_own(rules: &Rules, client: &str, user: &str) -> bool {
    client.starts_with(user) && rules.breaks(Fault::ClientIdsByUserByPrefix)
        || is_of_user(&client.to_lowercase(), &user.to_lowercase())
            && rules.breaks(Fault::ClientIdsByUserCaseFolded)
}

/// For faults: whether the user of this session is not checked.
fn is_unguarded(rules: &Rules, owner: &Session, connect: &Connect) -> bool {
    owner.link.is_some() && rules.breaks(Fault::OtherUsersClientTakenOver)
        || owner.link.is_none() && rules.breaks(Fault::OtherUsersStoredSessionOpen)
        || connect.clean_start && rules.breaks(Fault::OtherUsersSessionDiscarded)
}

/// Returns whether a Client Identifier is `USER` or `USER:…`. User names contain no colon, so no two users can have the
/// same identifier.
fn is_of_user(client: &str, user: &str) -> bool {
    let rest = client.strip_prefix(user);
    let is_theirs = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'));
    is_theirs && !user.is_empty() && !user.contains(':')
}

fn settle_client_id(
    rules: &Rules,
    sessions: &Sessions,
    connect: &mut Connect,
    mut nonce: u128,
) -> Result<Option<ByteString>, Refusal> {
    if !rules.faults.is_none() {
        misread_client_id(rules, connect);
    }
    let id = &connect.client_id;
    if !id.is_empty() {
        // [3.1.1 MQTT-3.1.3-5] [5 MQTT-3.1.3-5]: a configured limit below 23 has no effect.
        let limit = match connect.version {
            ProtocolVersion::V3_1 if rules.chooses(Liberty::ClientIdsOfAnyLengthIn31) => None,
            ProtocolVersion::V3_1 => Some(V3_1_CLIENT_ID_MAXIMUM),
            _ => rules.config.maximum_client_id_bytes,
        };
        let length = match rules.breaks(Fault::ClientIdLimitInCharacters) {
            true => id.chars().count(),
            false => id.len(),
        } + usize::from(rules.breaks(Fault::LongestClientIdRefused));
        let too_long = limit.is_some_and(|limit| length > limit.max(23));
        let unwanted = rules.breaks(Fault::ClientIdOf23BytesRefused) && id.len() > 22
            || rules.breaks(Fault::ClientIdInCapitalsRefused)
                && id.contains(|c: char| c.is_ascii_uppercase());
        // [3.1.1 MQTT-3.1.3-5] [5 RULE-3.1.3.1-1]
        let odd = rules.chooses(Liberty::ClientIdAlphabetEnforced)
            && !id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        return if too_long || unwanted || odd {
            // [3.1.1 MQTT-3.1.3-9] [5 MQTT-3.1.3-8]
            Err(ReasonCode::CLIENT_IDENTIFIER_NOT_VALID.into())
        } else {
            Ok(None)
        };
    }
    match connect.version {
        ProtocolVersion::V3_1 if rules.chooses(Liberty::ClientIdsOfAnyLengthIn31) => {}
        ProtocolVersion::V3_1 => return Err(ReasonCode::CLIENT_IDENTIFIER_NOT_VALID.into()),
        // [3.1.1 MQTT-3.1.3-8] [3.1.1 MQTT-3.1.3-7]
        ProtocolVersion::V3_1_1
            if !connect.clean_start && !rules.breaks(Fault::EmptyClientIdUncleanAccepted) =>
        {
            return Err(ReasonCode::CLIENT_IDENTIFIER_NOT_VALID.into());
        }
        _ if rules.chooses(Liberty::EmptyClientIdRefused) => {
            return Err(ReasonCode::CLIENT_IDENTIFIER_NOT_VALID.into());
        }
        _ => {}
    }
    // [3.1.1 MQTT-3.1.3-6] [5 MQTT-3.1.3-6] [5 MQTT-3.1.3-7] [5 MQTT-3.2.2-16]
    let owner = match (rules.config.client_ids, &connect.username) {
        (ClientIds::ByUser, Some(user)) => format!("{user}:"),
        _ => String::new(),
    };
    // For a fault: an offline session that has an assigned Client Identifier.
    let stored = match rules.faults.is_none() {
        true => None,
        false => sessions.stored_with(&format!("{owner}auto")),
    };
    let id = loop {
        let id = match rules.chooses(Liberty::AssignedClientIdsLong) {
            true => format!("{owner}assigned/{nonce:032x}/by-this-server"),
            // Short enough for every server to accept.
            false => format!("{owner}auto{:016x}", nonce & u128::from(u64::MAX)),
        };
        if rules.breaks(Fault::AssignedClientIdsAlike) {
            break ByteString::from_static("auto");
        }
        // [3.1.1 MQTT-3.1.3-6] [5 MQTT-3.2.2-16] [5 MQTT-3.1.3-6]
        if let Some(stored) = &stored
            && rules.breaks(Fault::AssignedIdOfStoredSession)
        {
            break stored.clone();
        }
        if sessions.key(&id).is_none() {
            break ByteString::from(id);
        }
        nonce = nonce.wrapping_add(1);
    };
    connect.client_id = id.clone();
    if rules.breaks(Fault::AssignedClientIdNotUsed) {
        connect.client_id = ByteString::from(format!("{id}x"));
    }
    Ok(Some(id).filter(|_| !rules.breaks(Fault::AssignedClientIdNotTold)))
}

/// For faults: changes the Client Identifier.
fn misread_client_id(rules: &Rules, connect: &mut Connect) {
    if rules.breaks(Fault::ClientIdsCaseFolded) {
        connect.client_id = ByteString::from(connect.client_id.to_lowercase());
    }
    if connect.client_id.contains(' ') && rules.breaks(Fault::ClientIdsTrimmed) {
        connect.client_id = ByteString::from(connect.client_id.trim_matches(' '));
    }
    if !connect.client_id.is_ascii() && rules.breaks(Fault::ClientIdsComposed) {
        let composed = connect.client_id.replace("e\u{301}", "\u{e9}");
        connect.client_id = ByteString::from(composed);
    }
    if rules.breaks(Fault::ClientIdsCut) {
        let cut: String = connect.client_id.chars().take(16).collect();
        connect.client_id = ByteString::from(cut);
    }
}

/// Checks user name and password. [5 MQTT-3.1.4-2] [3.1.1 RULE-3.1.4-2]
fn check_credentials(rules: &Rules, connect: &Connect) -> Result<(), Refusal> {
    let Some(users) = &rules.config.users else {
        // Names of users that must authenticate by another method cannot be used without it.
        let mut proving = rules.config.authentication.values().flatten();
        let is_claimed = |user: &User| connect.username.as_deref() == Some(user.name.as_str());
        return match proving.any(is_claimed) {
            true => Err(ReasonCode::NOT_AUTHORIZED.into()),
            false => Ok(()),
        };
    };
    let Some(name) = &connect.username else {
        return Err(ReasonCode::NOT_AUTHORIZED.into());
    };
    let known = users.iter().any(|user| {
        (name == &user.name
            || name.len().min(user.name.len()) >= 32
                && name.as_bytes()[..32] == user.name.as_bytes()[..32]
                && rules.breaks(Fault::UserNamesCut))
            && (connect.password.as_deref() == Some(&user.password.expose()[..])
                || rules.breaks(Fault::WrongPasswordAccepted)
                || !rules.faults.is_none() && is_taken_for_right(rules, connect, user))
    });
    if known {
        Ok(())
    } else {
        Err(ReasonCode::BAD_USER_NAME_OR_PASSWORD.into())
    }
}

/// For faults: whether a password is accepted that is not the right one, but resembles it or is another user's.
fn is_taken_for_right(rules: &Rules, connect: &Connect, user: &User) -> bool {
    let Some(sent) = connect.password.as_deref() else {
        return false;
    };
    let right = user.password.expose();
    let is_of_any_user = || {
        let mut users = rules.config.users.iter().flatten();
        users.any(|other| sent == &other.password.expose()[..])
    };
    right.starts_with(sent) && rules.breaks(Fault::PasswordPrefixAccepted)
        || sent.starts_with(right) && rules.breaks(Fault::LongerPasswordAccepted)
        || sent.len().min(right.len()) >= 72
            && sent[..72] == right[..72]
            && rules.breaks(Fault::PasswordCut)
        || until_zero(sent) == until_zero(right) && rules.breaks(Fault::PasswordEndsAtZero)
        || sent.eq_ignore_ascii_case(right) && rules.breaks(Fault::PasswordCaseFolded)
        || is_of_any_user() && rules.breaks(Fault::AnotherUsersPasswordAccepted)
}

/// Returns the bytes before the first zero byte.
fn until_zero(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn check_will(rules: &Rules, connect: &Connect) -> Result<(), Refusal> {
    let config = &rules.config;
    let Some(will) = &connect.will else {
        return Ok(());
    };
    // [3.1.1 MQTT-3.1.2-8] [5 MQTT-3.1.2-7]: any bytes are permitted.
    if !rules.faults.is_none()
        && std::str::from_utf8(&will.payload).is_err()
        && rules.breaks(Fault::WillMustBeText)
    {
        return Err(ReasonCode::PAYLOAD_FORMAT_INVALID.into());
    }
    if check_name(&will.topic, connect.version).is_err() {
        return Err(ReasonCode::TOPIC_NAME_INVALID.into());
    }
    if !config.dollar_topics && rules.breaks(Fault::DollarTopicsRefuseWills)
        || is_hidden(&will.topic)
            && !config.dollar_topics
            && !rules.breaks(Fault::DollarWillPublished)
    {
        // [3.1.1 RULE-4.7.2-1] [5 RULE-4.7.2-1]
        return Err(ReasonCode::NOT_AUTHORIZED.into());
    }
    // [5 MQTT-3.1.4-5] [5 MQTT-3.1.2-7]
    let has_format = will.properties.payload_format_indicator().is_some();
    if has_format && rules.breaks(Fault::WillPayloadFormatRefused) {
        return Err(ReasonCode::MALFORMED_PACKET.into());
    }
    let at_maximum = will.qos == config.maximum_qos && config.maximum_qos < QoS::ExactlyOnce;
    if at_maximum && rules.breaks(Fault::WillAtMaximumQosRefused) {
        return Err(ReasonCode::QOS_NOT_SUPPORTED.into());
    }
    if will.qos > config.maximum_qos && !rules.breaks(Fault::WillAboveMaximumQosAccepted) {
        // [5 MQTT-3.2.2-12]
        return Err(ReasonCode::QOS_NOT_SUPPORTED.into());
    }
    if will.retain
        && !config.retain_available
        && !rules.breaks(Fault::WillRetainWithoutRetainAccepted)
    {
        // [5 MQTT-3.2.2-13]
        return Err(ReasonCode::RETAIN_NOT_SUPPORTED.into());
    }
    let text = will.properties.payload_format_indicator() == Some(1);
    if config.check_payload_format && text && std::str::from_utf8(&will.payload).is_err() {
        // [5 RULE-3.1.3.2.3-2]
        return Err(ReasonCode::PAYLOAD_FORMAT_INVALID.into());
    }
    Ok(())
}

/// For a fault: whether a CONNECT is refused because of its Will.
pub(super) fn has_unwelcome_will(rules: &Rules, connect: &Connect) -> bool {
    check_will(rules, connect).is_err() || check_will_access(rules, connect).is_err()
}

/// Checks whether the client may publish its Will. [3.1.1 RULE-3.1.4-2] [5 MQTT-3.1.4-2]
fn check_will_access(rules: &Rules, connect: &Connect) -> Result<(), Refusal> {
    let Some(will) = &connect.will else {
        return Ok(());
    };
    let who = Who {
        client: &connect.client_id,
        user: connect.username.as_deref(),
    };
    match rules.permits(who, AccessAction::Publish, &will.topic)
        || rules.breaks(Fault::WillAccessIgnored)
    {
        true => Ok(()),
        false => Err(ReasonCode::NOT_AUTHORIZED.into()),
    }
}
