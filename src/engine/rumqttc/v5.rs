//! Packets as calls of the library for version 5.

use std::path::Path;
use std::time::Duration;

use ::rumqttc::Transport;
use ::rumqttc::v5::mqttbytes::QoS as Quality;
use ::rumqttc::v5::mqttbytes::v5::{
    ConnectProperties, Filter, LastWill, LastWillProperties, Packet as Incoming, Publish,
    PublishProperties, RetainForwardRule, SubscribeProperties, UnsubscribeProperties,
};
use ::rumqttc::v5::{AsyncClient, Event, EventLoop, MqttOptions};
use mqtt_check_codec::{
    Connect, Packet, Properties, QoS, RetainHandling, Subscribe, Subscription, Will,
};

use super::application::{
    CONNECTION_TIMEOUT, IN_FLIGHT_LIMIT, REQUESTS, Taken, Turn, credentials, host, outgoing,
};

/// The shortest Keep Alive that the library accepts, in seconds. It does not accept 0 either.
const SHORTEST_KEEP_ALIVE_S: u16 = 5;

/// Creates the library without a connection.
pub(super) fn start(socket: &Path, manual_acks: bool) -> (AsyncClient, EventLoop) {
    AsyncClient::new(options(socket, "", manual_acks), REQUESTS)
}

fn options(socket: &Path, client_id: &str, manual_acks: bool) -> MqttOptions {
    let mut options = MqttOptions::new(client_id, host(socket), 0);
    options
        .set_transport(Transport::unix())
        .set_outgoing_inflight_upper_limit(IN_FLIGHT_LIMIT)
        .set_connection_timeout(CONNECTION_TIMEOUT.as_secs())
        .set_manual_acks(manual_acks);
    options
}

/// Sets the options of the next connection.
pub(super) fn configure(
    event_loop: &mut EventLoop,
    connect: &Connect,
    socket: &Path,
) -> Result<(), String> {
    if connect.keep_alive_s < SHORTEST_KEEP_ALIVE_S {
        return Err(format!(
            "accepts no Keep Alive below {SHORTEST_KEEP_ALIVE_S} s in version 5"
        ));
    }
    let manual_acks = event_loop.state.manual_acks;
    let mut options = options(socket, &connect.client_id, manual_acks);
    options
        .set_clean_start(connect.clean_start)
        .set_keep_alive(Duration::from_secs(connect.keep_alive_s.into()));
    if let Some((username, password)) = credentials(connect)? {
        options.set_credentials(username, password);
    }
    if let Some(will) = &connect.will {
        options.set_last_will(last_will(will));
    }
    if !connect.properties.is_empty() {
        options.set_connect_properties(connect_properties(&connect.properties));
    }
    event_loop.options = options;
    Ok(())
}

fn connect_properties(properties: &Properties) -> ConnectProperties {
    ConnectProperties {
        session_expiry_interval: properties.session_expiry_interval_s(),
        receive_maximum: properties.receive_maximum(),
        max_packet_size: properties.maximum_packet_size(),
        topic_alias_max: properties.topic_alias_maximum(),
        request_response_info: properties.request_response_information(),
        request_problem_info: properties.request_problem_information(),
        user_properties: pairs(properties),
        authentication_method: properties.authentication_method().map(|m| m.to_string()),
        authentication_data: properties.authentication_data(),
    }
}

fn last_will(will: &Will) -> LastWill {
    let properties = (!will.properties.is_empty()).then(|| LastWillProperties {
        delay_interval: will.properties.will_delay_interval_s(),
        payload_format_indicator: will.properties.payload_format_indicator(),
        message_expiry_interval: will.properties.message_expiry_interval_s(),
        content_type: will.properties.content_type().map(|t| t.to_string()),
        response_topic: will.properties.response_topic().map(|t| t.to_string()),
        correlation_data: will.properties.correlation_data(),
        user_properties: pairs(&will.properties),
    });
    LastWill::new(
        &*will.topic,
        will.payload.clone(),
        quality(will.qos),
        will.retain,
        properties,
    )
}

/// Asks the library to send one packet.
pub(super) fn ask(client: &AsyncClient, packet: &Packet) -> Result<(), String> {
    let asked = match packet {
        Packet::Publish(publish) => {
            let topic = &*publish.topic;
            let qos = quality(publish.qos);
            let payload = publish.payload.clone();
            match publish_properties(&publish.properties) {
                Some(properties) => client.try_publish_with_properties(
                    topic,
                    qos,
                    publish.retain,
                    payload,
                    properties,
                ),
                None => client.try_publish(topic, qos, publish.retain, payload),
            }
        }
        Packet::Subscribe(subscribe) => {
            let filters: Vec<Filter> = subscribe.subscriptions.iter().map(filter).collect();
            match subscribe_properties(subscribe)? {
                Some(properties) => client.try_subscribe_many_with_properties(filters, properties),
                None => client.try_subscribe_many(filters),
            }
        }
        Packet::Unsubscribe(unsubscribe) => {
            let [filter] = &*unsubscribe.filters else {
                return Err("can unsubscribe from only one filter at a time".into());
            };
            let user_properties = pairs(&unsubscribe.properties);
            if user_properties.is_empty() {
                client.try_unsubscribe(&**filter)
            } else {
                let properties = UnsubscribeProperties { user_properties };
                client.try_unsubscribe_with_properties(&**filter, properties)
            }
        }
        Packet::PubAck(ack) => client.try_ack(&received(ack.packet_id.get(), QoS::AtLeastOnce)),
        Packet::PubRec(ack) => client.try_ack(&received(ack.packet_id.get(), QoS::ExactlyOnce)),
        Packet::Disconnect(_) => client.try_disconnect(),
        other => return Err(format!("cannot be asked for {}", other.packet_type())),
    };
    asked.map_err(|_| format!("does not accept this {}", packet.packet_type()))
}

fn publish_properties(properties: &Properties) -> Option<PublishProperties> {
    (!properties.is_empty()).then(|| PublishProperties {
        payload_format_indicator: properties.payload_format_indicator(),
        message_expiry_interval: properties.message_expiry_interval_s(),
        topic_alias: properties.topic_alias(),
        response_topic: properties.response_topic().map(|t| t.to_string()),
        correlation_data: properties.correlation_data(),
        user_properties: pairs(properties),
        subscription_identifiers: properties
            .subscription_identifiers()
            .map(|id| id as usize)
            .collect(),
        content_type: properties.content_type().map(|t| t.to_string()),
    })
}

fn subscribe_properties(subscribe: &Subscribe) -> Result<Option<SubscribeProperties>, String> {
    let mut identifiers = subscribe.properties.subscription_identifiers();
    let id = identifiers.next().map(|id| id as usize);
    if identifiers.next().is_some() {
        return Err("sends at most one Subscription Identifier".into());
    }
    let user_properties = pairs(&subscribe.properties);
    Ok(
        (id.is_some() || !user_properties.is_empty()).then_some(SubscribeProperties {
            id,
            user_properties,
        }),
    )
}

fn filter(subscription: &Subscription) -> Filter {
    Filter {
        path: subscription.filter.to_string(),
        qos: quality(subscription.options.qos),
        nolocal: subscription.options.no_local,
        preserve_retain: subscription.options.retain_as_published,
        retain_forward_rule: match subscription.options.retain_handling {
            RetainHandling::Send => RetainForwardRule::OnEverySubscribe,
            RetainHandling::SendIfNew => RetainForwardRule::OnNewSubscribe,
            RetainHandling::DoNotSend => RetainForwardRule::Never,
        },
    }
}

fn pairs(properties: &Properties) -> Vec<(String, String)> {
    properties
        .user_properties()
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect()
}

/// Returns a message that the application has received, with only what is needed to acknowledge it.
fn received(packet_id: u16, qos: QoS) -> Publish {
    let mut publish = Publish::new("", quality(qos), Vec::new(), None);
    publish.pkid = packet_id;
    publish
}

const fn quality(qos: QoS) -> Quality {
    match qos {
        QoS::AtMostOnce => Quality::AtMostOnce,
        QoS::AtLeastOnce => Quality::AtLeastOnce,
        QoS::ExactlyOnce => Quality::ExactlyOnce,
    }
}

/// Does one turn of the event loop and returns its result.
pub(super) async fn turn(mut event_loop: Box<EventLoop>) -> (Box<EventLoop>, Turn) {
    let turn = match event_loop.poll().await {
        Ok(Event::Incoming(packet)) => Turn::Took(match packet {
            Incoming::ConnAck(connack) => Taken::Connected {
                session_present: connack.session_present,
            },
            Incoming::Publish(publish) => Taken::Publish {
                packet_id: publish.pkid,
                qos: publish.qos as u8,
            },
            _ => Taken::Other,
        }),
        Ok(Event::Outgoing(event)) => outgoing(&event),
        Err(error) => Turn::GaveUp(error.to_string()),
    };
    (event_loop, turn)
}
