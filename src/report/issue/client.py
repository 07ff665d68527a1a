import os
import socket
import sys
import time

RED, GREEN, UNKNOWN = 1, 0, 2

# Part of every Client Identifier and topic; each run has its own, so that runs do not affect each other.
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
    """A client: its connection, and the received packets that have not been checked yet."""

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
        """Sends these bytes, or with hold keeps them to send together with the next ones."""
        data = data.replace(TOKEN, RUN)
        if answers is not None:
            # This acknowledges a message whose Packet Identifier the broker chose.
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
            pass  # The broker has closed the connection; the next read notices.

    def read(self, until):
        """Reads what has arrived, or waits for it until then. Returns whether to read on."""
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
            # PUBREL is part of the acknowledgement.
            if not (self.acknowledges and packet[0] >> 4 == 6):
                self.inbox.append(packet)
            self.acknowledge(packet)
        return True

    def cut(self):
        """Returns the next whole packet in the buffer."""
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
        """Returns the next unchecked packet of this type; None if there is none in time."""
        until = time.monotonic() + limit
        while True:
            for packet in self.inbox:
                if NAMES[packet[0] >> 4] == kind and answers in (None, identifier(packet)):
                    self.inbox.remove(packet)
                    return packet
            if not self.read(until):
                return None

    def expect(self, kind, limit=10):
        """Receives a packet that is needed to reproduce the fault. Without it the script cannot decide."""
        packet = self.take(kind, limit)
        if packet is None:
            end(UNKNOWN, f"{self.name} received no {kind}, which is needed to reproduce the fault")
        return packet

    def peek(self, kind):
        """Gives a packet time to arrive, and keeps it for a later check."""
        packet = self.take(kind, 1)
        if packet is not None:
            self.inbox.insert(0, packet)

    def expect_close(self, limit=10):
        until = time.monotonic() + limit
        while self.read(until):
            pass
        if not self.closed:
            end(UNKNOWN, f"{self.name} is still connected; the fault needs a closed connection")

    def sync(self):
        """Waits until the broker has processed what was sent: then it answers PINGREQ."""
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
        """Returns everything received within this time, and before the answer to a PINGREQ if one can be sent."""
        until = time.monotonic() + seconds
        while self.read(until):
            pass
        if ping and not self.closed:
            self.send(b"\xc0\x00")
            if self.take("PINGRESP", 10) is None and not self.closed:
                end(UNKNOWN, f"the broker does not answer the PINGREQ of {self.name}")
        return self.inbox


def identifier(packet):
    """Returns the two bytes of the Packet Identifier."""
    at = 1
    while packet[at] & 0x80:
        at += 1
    at += 1
    if packet[0] >> 4 == 3:
        at += 2 + int.from_bytes(packet[at : at + 2], "big")
    return packet[at : at + 2]
