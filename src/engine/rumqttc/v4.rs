//! Packets as calls of the library for 3.1.1.

use std::path::Path;
use std::time::Duration;

use ::rumqttc::{
    AsyncClient, Event, EventLoop, LastWill, MqttOptions, NetworkOptions, Packet as Incoming,
    Publish, QoS as Quality, SubscribeFilter, Transport,
};
use mqtt_check_codec::{Connect, Packet, QoS};

use super::application::{
    CONNECTION_TIMEOUT, IN_FLIGHT_LIMIT, MAXIMUM_PACKET, REQUESTS, Taken, Turn, credentials, host,
    outgoing,
};

/// Creates the library without a connection.
pub(super) fn start(socket: &Path, manual_acks: bool) -> (AsyncClient, EventLoop) {
    let (client, mut event_loop) = AsyncClient::new(options(socket, "", manual_acks), REQUESTS);
    let mut network = NetworkOptions::new();
    network.set_connection_timeout(CONNECTION_TIMEOUT.as_secs());
    event_loop.set_network_options(network);
    (client, event_loop)
}

fn options(socket: &Path, client_id: &str, manual_acks: bool) -> MqttOptions {
    let mut options = MqttOptions::new(client_id, host(socket), 0);
    options
        .set_transport(Transport::unix())
        .set_inflight(IN_FLIGHT_LIMIT)
        .set_max_packet_size(MAXIMUM_PACKET, MAXIMUM_PACKET)
        .set_manual_acks(manual_acks);
    options
}

/// Sets the options of the next connection.
pub(super) fn configure(
    event_loop: &mut EventLoop,
    connect: &Connect,
    socket: &Path,
) -> Result<(), String> {
    if connect.client_id.is_empty() && !connect.clean_start {
        return Err("cannot connect with an empty client id and Clean Session 0".into());
    }
    let manual_acks = event_loop.state.manual_acks;
    let mut options = options(socket, &connect.client_id, manual_acks);
    options
        .set_clean_session(connect.clean_start)
        .set_keep_alive(Duration::from_secs(connect.keep_alive_s.into()));
    if let Some((username, password)) = credentials(connect)? {
        options.set_credentials(username, password);
    }
    if let Some(will) = &connect.will {
        options.set_last_will(LastWill::new(
            &*will.topic,
            will.payload.clone(),
            quality(will.qos),
            will.retain,
        ));
    }
    event_loop.mqtt_options = options;
    Ok(())
}

/// Asks the library to send one packet.
pub(super) fn ask(client: &AsyncClient, packet: &Packet) -> Result<(), String> {
    let asked = match packet {
        Packet::Publish(publish) => client.try_publish(
            &*publish.topic,
            quality(publish.qos),
            publish.retain,
            publish.payload.clone(),
        ),
        Packet::Subscribe(subscribe) => client.try_subscribe_many(
            subscribe
                .subscriptions
                .iter()
                .map(|s| SubscribeFilter::new(s.filter.to_string(), quality(s.options.qos))),
        ),
        Packet::Unsubscribe(unsubscribe) => match &*unsubscribe.filters {
            [filter] => client.try_unsubscribe(&**filter),
            _ => return Err("can unsubscribe from only one filter at a time".into()),
        },
        Packet::PubAck(ack) => client.try_ack(&received(ack.packet_id.get(), QoS::AtLeastOnce)),
        Packet::PubRec(ack) => client.try_ack(&received(ack.packet_id.get(), QoS::ExactlyOnce)),
        Packet::Disconnect(_) => client.try_disconnect(),
        other => return Err(format!("cannot be asked for {}", other.packet_type())),
    };
    asked.map_err(|_| format!("does not accept this {}", packet.packet_type()))
}

/// Returns a message that the application has received, with only what is needed to acknowledge it.
fn received(packet_id: u16, qos: QoS) -> Publish {
    let mut publish = Publish::new("", quality(qos), Vec::new());
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
