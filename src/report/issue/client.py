import os
import socket
import sys
import time

RED, GREEN, UNKNOWN = 1, 0, 2

# Stands in Client Identifiers and topics; other letters in each run, so that runs do not meet.
TOKEN = b"@@TOKEN@@"
RUN = os.urandom(16).hex().encode()[: len(TOKEN)]

NAMES = (
    "RESERVED CONNECT CONNACK PUBLISH PUBACK PUBREC PUBREL PUBCOMP "
    "SUBSCRIBE SUBACK UNSUBSCRIBE UNSUBACK PINGREQ PINGRESP DISCONNECT AUTH"
).split()


def end(code, text):
    print({RED: "RED", GREEN: "GREEN", UNKNOWN: "UNKNOWN"}[code] + ": " + text)
    sys.exit(code)


class Client:
    """One client: its connection, and what came on it that nothing has looked at yet."""

    def __init__(self, name, version, acknowledges):
        self.name, self.version, self.acknowledges = name, version, acknowledges
        self.socket, self.buffer, self.inbox, self.seen, self.closed = None, b"", [], [], True
        self.held = b""

    def open(self):
        try:
            self.socket = socket.create_connection((HOST, PORT), timeout=5)
        except OSError as error:
            end(UNKNOWN, f"failed to connect to {HOST}:{PORT}: {error}")
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer, self.inbox, self.seen, self.closed = b"", [], [], False
        self.held = b""

    def send(self, data, answers=None, hold=False):
        """Sends these bytes; with hold together with those of the next call."""
        data = data.replace(TOKEN, RUN)
        if answers is not None:
            # The broker chose the Packet Identifier of what this acknowledges.
            number = identifier(answers)
            data = data[:2] + number + data[4:]
        print(f"{self.name} > {NAMES[data[0] >> 4] if data else ''} {data.hex(' ')}")
        self.held += data
        if hold:
            return
        data, self.held = self.held, b""
        try:
            self.socket.sendall(data)
        except OSError:
            pass  # The broker has closed the connection, which the next wait finds out.

    def read(self, until):
        """Takes in what has come, and waits for more until then. Gives back whether more may come."""
        rest = until - time.monotonic()
        if self.closed or rest <= 0:
            return False
        self.socket.settimeout(rest)
        try:
            data = self.socket.recv(65536)
        except socket.timeout:
            return False
        except OSError:
            data = b""
        if not data:
            self.closed = True
            print(f"{self.name} < closed")
            return False
        self.buffer += data
        while (packet := self.cut()) is not None:
            print(f"{self.name} < {NAMES[packet[0] >> 4]} {packet.hex(' ')}")
            self.seen.append(packet)
            # PUBREL belongs to the acknowledging.
            if not (self.acknowledges and packet[0] >> 4 == 6):
                self.inbox.append(packet)
            self.acknowledge(packet)
        return True

    def cut(self):
        """The next whole packet of what has come."""
        length = shift = 0
        for at, byte in enumerate(self.buffer[1:5], 2):
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                packet, rest = self.buffer[: at + length], self.buffer[at + length :]
                if len(packet) < at + length:
                    return None
                self.buffer = rest
                return packet
        return None

    def acknowledge(self, packet):
        kind, qos = packet[0] >> 4, packet[0] >> 1 & 3
        answer = {(3, 1): b"\x40\x02", (3, 2): b"\x50\x02"}.get((kind, qos))
        answer = b"\x70\x02" if kind == 6 else answer
        if self.acknowledges and answer:
            self.send(answer + identifier(packet))

    def take(self, kind, limit, answers=None):
        """The next packet of this type that nothing has looked at; None if none comes."""
        until = time.monotonic() + limit
        while True:
            for packet in self.inbox:
                if NAMES[packet[0] >> 4] == kind and answers in (None, identifier(packet)):
                    self.inbox.remove(packet)
                    return packet
            if not self.read(until):
                return None

    def expect(self, kind, limit=10):
        """A packet that belongs to what leads to the fault. Without it nothing can be shown."""
        packet = self.take(kind, limit)
        if packet is None:
            end(UNKNOWN, f"{self.name} got no {kind} on the way to what is to be shown")
        return packet

    def peek(self, kind):
        """Gives a packet time to come, and leaves it to be looked at."""
        packet = self.take(kind, 1)
        if packet is not None:
            self.inbox.insert(0, packet)

    def expect_close(self, limit=10):
        until = time.monotonic() + limit
        while self.read(until):
            pass
        if not self.closed:
            end(UNKNOWN, f"{self.name} stayed connected on the way to what is to be shown")

    def sync(self):
        """Waits until the broker has taken in what was sent: it answers PINGREQ after that."""
        if not self.closed:
            self.send(b"\xc0\x00")
            self.take("PINGRESP", 5)

    def drop(self, half=False):
        if half:
            self.socket.shutdown(socket.SHUT_WR)
        else:
            self.socket.close()
            self.closed = True
        time.sleep(0.2)

    def collect(self, seconds, ping):
        """All that has come and comes for so long, and before the answer to a PINGREQ where one can be sent."""
        until = time.monotonic() + seconds
        while self.read(until):
            pass
        if ping and not self.closed:
            self.send(b"\xc0\x00")
            if self.take("PINGRESP", 10) is None and not self.closed:
                end(UNKNOWN, f"the broker does not answer PINGREQ of {self.name}")
        return self.inbox


def identifier(packet):
    """The two bytes of the Packet Identifier."""
    at = 1
    while packet[at] & 0x80:
        at += 1
    at += 1
    if packet[0] >> 4 == 3:
        at += 2 + int.from_bytes(packet[at : at + 2], "big")
    return packet[at : at + 2]
