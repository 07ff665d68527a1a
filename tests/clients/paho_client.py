"""Tests a broker with paho-mqtt: paho_client.py URL CA_FILE. Stops with an error at the first wrong result."""

import sys
import time
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

URL, CA_FILE = urlsplit(sys.argv[1]), sys.argv[2]
LIMIT_S = 10


def properties(packet, **values):
    made = Properties(packet)
    for name, value in values.items():
        setattr(made, name, value)
    return made


class Peer:
    """One client. Its loop runs only while a test waits."""

    everybody = []

    def __init__(self, version, name, clean=True, will=None):
        self.v5 = version == mqtt.MQTTv5
        self.messages, self.done, self.connack = [], [], None
        self.client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2,
            client_id=name,
            protocol=version,
            transport="websockets" if URL.scheme.startswith("ws") else "tcp",
            clean_session=None if self.v5 else clean,
        )
        if URL.scheme in ("mqtts", "wss"):
            self.client.tls_set(ca_certs=CA_FILE)
        if URL.scheme.startswith("ws"):
            self.client.ws_set_options(path=URL.path or "/")
        if will:
            self.client.will_set(**will)
        self.client.on_connect = self.connected
        self.client.on_message = lambda _c, _u, message: self.messages.append(message)
        self.client.on_publish = lambda _c, _u, mid, code, _p: self.done.append((mid, code))
        self.client.on_subscribe = lambda _c, _u, mid, codes, _p: self.done.append((mid, codes))
        self.client.on_unsubscribe = lambda _c, _u, mid, codes, _p: self.done.append((mid, codes))
        options = {}
        if self.v5:
            expiry = properties(PacketTypes.CONNECT, SessionExpiryInterval=0 if clean else 300)
            options = {"clean_start": clean, "properties": expiry}
        self.client.connect(URL.hostname, URL.port, keepalive=30, **options)
        Peer.everybody.append(self)
        until(lambda: self.connack is not None, f"{name} gets its CONNACK")
        assert not self.connack[0].is_failure, self.connack

    def connected(self, _client, _userdata, flags, code, _properties):
        self.connack = (code, flags.session_present)

    def session_present(self):
        return self.connack[1]

    def settle(self, mid, what):
        until(lambda: any(done == mid for done, _ in self.done), what)
        return next(code for done, code in self.done if done == mid)

    def subscribe(self, topic, qos, **options):
        if self.v5:
            options = SubscribeOptions(qos=qos, **options)
            _, mid = self.client.subscribe(topic, options=options)
        else:
            _, mid = self.client.subscribe(topic, qos)
        codes = self.settle(mid, f"SUBACK of {topic}")
        assert [code.value for code in codes] == [qos], codes

    def publish(self, topic, payload, qos, retain=False, **values):
        extra = properties(PacketTypes.PUBLISH, **values) if self.v5 else None
        mid = self.client.publish(topic, payload, qos, retain, extra).mid
        code = self.settle(mid, f"the end of PUBLISH {payload}")
        assert not code.is_failure, code

    def take(self, payload, what):
        until(lambda: self.messages, what)
        message = self.messages.pop(0)
        assert message.payload == payload, (what, message.topic, message.payload)
        return message

    def take_nothing(self, what):
        """Checks that no message arrives for a moment."""
        until_s = time.monotonic() + 0.3
        while time.monotonic() < until_s:
            loop()
        assert not self.messages, (what, [message.payload for message in self.messages])

    def drop(self):
        """Closes the connection without a DISCONNECT."""
        Peer.everybody.remove(self)
        self.client.socket().close()

    def leave(self):
        self.client.disconnect()
        until(lambda: not self.client.is_connected(), "the connection ends")
        Peer.everybody.remove(self)


def loop():
    for peer in Peer.everybody:
        peer.client.loop(0.01)


def until(condition, what):
    end = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < end, f"{what}: nothing for {LIMIT_S} s"
        loop()


def qos2(version, root):
    a = Peer(version, f"{root}a")
    a.subscribe(f"{root}/data", 2)
    extra = {}
    if a.v5:
        extra = {
            "UserProperty": [("first", "1"), ("second", "2")],
            "ContentType": "text/plain",
            "ResponseTopic": f"{root}/answer",
            "CorrelationData": b"\x00\x01",
            "MessageExpiryInterval": 60,
            "PayloadFormatIndicator": 1,
        }
    a.publish(f"{root}/data", b"exactly once", 2, **extra)
    message = a.take(b"exactly once", "the QoS 2 message")
    assert (message.qos, message.retain, message.dup) == (2, False, False), vars(message)
    for name, value in extra.items():
        got = getattr(message.properties, name)
        assert got == value or name == "MessageExpiryInterval" and 0 < got <= value, (name, got)
    a.take_nothing("twice")
    a.leave()


def retained(version, root):
    a = Peer(version, f"{root}a")
    a.publish(f"{root}/kept", b"kept", 1, retain=True)
    b = Peer(version, f"{root}b")
    b.subscribe(f"{root}/+", 1)
    assert b.take(b"kept", "the retained message").retain
    a.publish(f"{root}/kept", b"live", 1, retain=True)
    assert not b.take(b"live", "the live message").retain
    if b.v5:
        b.subscribe(f"{root}/+", 1, retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND)
        b.take_nothing("retain handling 2")
    a.publish(f"{root}/kept", b"", 1, retain=True)
    b.take(b"", "the clearing message")
    b.subscribe(f"{root}/kept", 1)
    b.take_nothing("a cleared topic")
    a.leave()
    b.leave()


def will(version, root):
    watcher = Peer(version, f"{root}w")
    watcher.subscribe(f"{root}/will", 1)
    testament = {"topic": f"{root}/will", "payload": b"gone", "qos": 1}
    if version == mqtt.MQTTv5:
        testament["properties"] = properties(PacketTypes.WILLMESSAGE, ContentType="text/plain")
    a = Peer(version, f"{root}a", will=testament)
    a.drop()
    message = watcher.take(b"gone", "the Will")
    assert version != mqtt.MQTTv5 or message.properties.ContentType == "text/plain"
    Peer(version, f"{root}a", will=testament).leave()
    watcher.take_nothing("a Will after DISCONNECT")
    watcher.leave()


def session(version, root):
    a = Peer(version, f"{root}a", clean=False)
    assert not a.session_present()
    a.subscribe(f"{root}/later", 2)
    a.drop()
    b = Peer(version, f"{root}b")
    for number in range(3):
        b.publish(f"{root}/later", f"{number}".encode(), 2)
    a = Peer(version, f"{root}a", clean=False)
    assert a.session_present()
    for number in range(3):
        assert a.take(f"{number}".encode(), "a message that waited").qos == 2
    a.leave()
    a = Peer(version, f"{root}a", clean=True)
    assert not a.session_present()
    b.publish(f"{root}/later", b"nobody hears it", 1)
    a.take_nothing("a clean start")
    a.leave()
    b.leave()


for version in (mqtt.MQTTv311, mqtt.MQTTv5):
    for flow in (qos2, retained, will, session):
        flow(version, f"paho{URL.scheme}{version}{flow.__name__}")
        assert not Peer.everybody
print(f"paho-mqtt over {URL.scheme}: 3.1.1 and 5 are as they should be")
