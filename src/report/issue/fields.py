# Properties of version 5 by their identifier: name and form.
PROPERTIES = {
    0x01: ("payload_format_indicator", 1),
    0x02: ("message_expiry_interval", 4),
    0x03: ("content_type", "text"),
    0x08: ("response_topic", "text"),
    0x09: ("correlation_data", "text"),
    0x0B: ("subscription_identifier", "var"),
    0x11: ("session_expiry_interval", 4),
    0x12: ("assigned_client_identifier", "text"),
    0x13: ("server_keep_alive", 2),
    0x15: ("authentication_method", "text"),
    0x16: ("authentication_data", "text"),
    0x1A: ("response_information", "text"),
    0x1C: ("server_reference", "text"),
    0x1F: ("reason_string", "text"),
    0x21: ("receive_maximum", 2),
    0x22: ("topic_alias_maximum", 2),
    0x23: ("topic_alias", 2),
    0x24: ("maximum_qos", 1),
    0x25: ("retain_available", 1),
    0x26: ("user_properties", "pair"),
    0x27: ("maximum_packet_size", 4),
    0x28: ("wildcard_subscription_available", 1),
    0x29: ("subscription_identifier_available", 1),
    0x2A: ("shared_subscription_available", 1),
}


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def bytes(self, count):
        part = self.data[self.at : self.at + count]
        if len(part) < count:
            raise ValueError("the packet ends too early")
        self.at += count
        return part

    def number(self, count):
        return int.from_bytes(self.bytes(count), "big")

    def text(self):
        return self.bytes(self.number(2))

    def var(self):
        value = shift = 0
        while True:
            byte = self.number(1)
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def rest(self):
        return self.bytes(len(self.data) - self.at)


def plain(text):
    """Returns a topic without the prefix of this run."""
    for mark in (RUN + b"/", RUN + b"-", RUN):
        text = text.replace(mark, b"", 1)
    return text


def fields(packet, version):
    """Returns the fields of a packet from the broker, by name."""
    kind, flags = NAMES[packet[0] >> 4], packet[0] & 15
    reader = Reader(packet[1:])
    reader.var()
    out = {"size": len(packet)}
    if kind == "PUBLISH":
        out.update(dup=flags >> 3, qos=flags >> 1 & 3, retain=flags & 1)
        out["topic"] = out["topic_on_wire"] = plain(reader.text())
    if kind == "CONNACK":
        out["session_present"] = reader.number(1) & 1
        out["reason"] = reader.number(1)
    elif kind in ("DISCONNECT", "AUTH"):
        out["reason"] = reader.number(1) if reader.at < len(reader.data) else 0
    elif kind not in ("PUBLISH", "PINGRESP") or out.get("qos"):
        out["packet_id"] = reader.number(2)
    if kind in ("PUBACK", "PUBREC", "PUBREL", "PUBCOMP"):
        out["reason"] = reader.number(1) if reader.at < len(reader.data) else 0
    if version == "5" and reader.at < len(reader.data):
        properties(reader, out)
    if kind == "PUBLISH":
        out["payload"] = reader.rest()
    if kind in ("SUBACK", "UNSUBACK") and reader.at < len(reader.data):
        out["reasons"] = list(reader.rest())
    return out


def properties(reader, out):
    end_at = reader.var() + reader.at
    while reader.at < end_at:
        name, form = PROPERTIES[reader.number(1)]
        if form == "pair":
            out.setdefault(name, []).append((reader.text(), reader.text()))
        elif name == "subscription_identifier":
            out.setdefault(name, []).append(reader.var())
        elif form == "text":
            out[name] = reader.text()
        else:
            out[name] = reader.number(form)
    if "response_topic" in out:
        out["response_topic"] = plain(out["response_topic"])


# Checks of a field's value. None is an absent field.


def equals(right):
    def check(value):
        if isinstance(value, list) and not isinstance(right, list) and len(value) == 1:
            return value[0] == right
        return value == right

    return check


def absent(value):
    return value is None


def present(value):
    return value is not None


def differs_from(inner):
    return lambda value: not inner(value)


def one_of(*inner):
    return lambda value: any(check(value) for check in inner)


def between(least, most):
    def check(value):
        value = value[0] if isinstance(value, list) and len(value) == 1 else value
        if not isinstance(value, int):
            return False
        return (least is None or value >= least) and (most is None or value <= most)

    return check


def starts_with(beginning):
    return lambda value: isinstance(value, bytes) and value.startswith(beginning)


def success(value):
    return isinstance(value, int) and value < 0x80


def successes(count):
    return lambda value: value is not None and len(value) == count and max(value) < 0x80


def granted(*asked):
    def check(value):
        return value is not None and len(value) == len(asked) and all(map(int.__le__, value, asked))

    return check


def each(*inner):
    def check(value):
        return value is not None and len(value) == len(inner) and all(c(v) for c, v in zip(inner, value))

    return check


def includes(*pairs):
    def check(value):
        rest = iter(value or [])
        return all(any(pair == other for other in rest) for pair in pairs)

    return check


def is_set(*numbers):
    return lambda value: sorted(value or []) == sorted(numbers)


def wrong(client, packet, wanted):
    """Returns the fields with a wrong value."""
    try:
        found = fields(packet, client.version)
        if found.get("topic") == b"" and "topic_alias" in found:
            found["topic"] = behind(client, found["topic_alias"])
    except (ValueError, KeyError) as error:
        return [f"the packet is malformed: {error}"]
    return [f"{name} is {found.get(name)!r}" for name, right in wanted.items() if not right(found.get(name))]


def behind(client, alias):
    """Returns the topic of a Topic Alias."""
    for packet in reversed(client.seen):
        if packet[0] >> 4 == 3:
            known = fields(packet, client.version)
            if known.get("topic_alias") == alias and known["topic"]:
                return known["topic"]
    return b""
