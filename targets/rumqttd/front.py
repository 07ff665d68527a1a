"""Runs rumqttd behind one port, because it has one port for MQTT 3.1.1 and another for MQTT 5.

    front.py --listen PORT --v4 PORT --v5 PORT -- PROGRAM [ARGUMENT]...

PROGRAM is the broker. Its output goes to stdout, and this program ends with it. The protocol level of a client's CONNECT
decides to which port the connection goes. All bytes are forwarded unchanged, in both directions.

Some packets make a thread of the broker panic. Its process goes on, but serves no client of one port, or none at all.
This program then starts the broker again. It closes the connections of all clients, and refuses others until the broker
listens.
"""
import argparse
import asyncio
import re
import signal
import sys

HOST = "127.0.0.1"
CHUNK = 65536
# If the first bytes of a client do not arrive within this time, the connection goes to both ports until they do, so
# that the broker's own time limit for CONNECT applies.
PATIENCE_S = 0.05
# How long a client may still send after the broker has closed its connection. To close a socket with unread bytes
# would reset it, and the client might lose what was sent before.
LINGER_S = 1
# How long the broker may take to end a connection before it learns that the client has ended it. If it learns this
# while it handles the client's DISCONNECT, it also ends the next connection of some other client.
END_S = 0.2
LONGEST_NAME = 64
# Either the router panics, or a connection does while it holds a lock that each new connection of its port needs.
PANIC = re.compile(rb"thread 'router-0'[^\n]* panicked at|panicked at [^\n]*/server/broker\.rs")
LONGEST_PANIC = 200
# How often to check whether the broker listens.
LOOK_S = 0.02


def version_of(data):
    """The port for a client that begins with these bytes, `v4` or `v5`. None if more bytes are needed to know."""
    if not data:
        return None
    if data[0] >> 4 != 1:
        return "v4"
    at, length = 1, 0
    for shift in (0, 7, 14, 21):
        if at == len(data):
            return None
        length |= (data[at] & 0x7F) << shift
        at += 1
        if data[at - 1] < 0x80:
            break
    else:
        return "v4"
    name = at + 2
    if length < 2:
        return "v4"
    if len(data) < name:
        return None
    level = name + int.from_bytes(data[at:name], "big")
    if level >= min(at + length, name + LONGEST_NAME):
        return "v4"
    if len(data) <= level:
        return None
    return "v5" if data[level] == 5 else "v4"


async def listens(port):
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    return True


class Connection:
    """A client's connection, and those to the broker that belong to it: one, or two until the version is known."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.brokers = {}
        self.ended = asyncio.Event()

    async def serve(self, ports):
        try:
            data = await asyncio.wait_for(self.reader.read(CHUNK), PATIENCE_S)
        except asyncio.TimeoutError:
            data = None
        version = version_of(data)
        for name in [version] if version else ports:
            reader, writer = await asyncio.open_connection(HOST, ports[name])
            self.brokers[name] = writer, asyncio.create_task(self.to_client(reader))
        to_broker = asyncio.create_task(self.to_broker(data, version))
        await self.ended.wait()
        await asyncio.wait([to_broker], timeout=LINGER_S)
        to_broker.cancel()

    async def to_client(self, reader):
        """Forwards until the broker ends the connection."""
        try:
            while data := await reader.read(CHUNK):
                self.writer.write(data)
                await self.writer.drain()
        except OSError:
            # The broker has closed its socket with unread bytes, or the client is gone.
            pass
        if not self.writer.is_closing():
            self.writer.write_eof()
        self.ended.set()

    async def to_broker(self, data, version):
        """Forwards until the client ends the connection."""
        seen = b""
        while data != b"":
            if data:
                await self.send(data)
            if data and version is None:
                seen += data
                version = version_of(seen)
                if version:
                    self.keep([version])
            try:
                data = await self.reader.read(CHUNK)
            except OSError:
                break
        try:
            await asyncio.wait_for(self.ended.wait(), END_S)
        except asyncio.TimeoutError:
            for broker, _ in self.brokers.values():
                broker.write_eof()

    async def send(self, data):
        for broker, _ in self.brokers.values():
            try:
                broker.write(data)
                await broker.drain()
            except OSError:
                # The other direction ends too. Until then, what the client sends is discarded.
                pass

    def keep(self, names):
        for name in [name for name in self.brokers if name not in names]:
            broker, task = self.brokers.pop(name)
            task.cancel()
            broker.close()

    def close(self):
        self.keep([])
        self.writer.close()


async def accept(ports, reader, writer):
    connection = Connection(reader, writer)
    try:
        await connection.serve(ports)
    except (OSError, asyncio.CancelledError):
        # The client or the broker ended the connection before it was forwarded, or this program ends.
        pass
    finally:
        connection.close()


async def copy_output(output):
    """Copies the broker's output until it ends or tells of a panic. Returns whether it does."""
    end = b""
    while data := await output.read(CHUNK):
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        end = end[-LONGEST_PANIC:] + data
        if PANIC.search(end):
            return True
    return False


async def forward(listen, ports):
    """Accepts clients from the time when the broker listens."""
    for port in ports.values():
        while not await listens(port):
            await asyncio.sleep(LOOK_S)
    async with await asyncio.start_server(lambda *client: accept(ports, *client), HOST, listen) as server:
        await server.serve_forever()


async def run(arguments):
    ports = {"v4": arguments.v4, "v5": arguments.v5}
    while True:
        broker = await asyncio.create_subprocess_exec(
            *arguments.program, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, broker.terminate)
        forwarding = asyncio.create_task(forward(arguments.listen, ports))
        is_panic = await copy_output(broker.stdout)
        forwarding.cancel()
        if not is_panic:
            return await broker.wait()
        broker.kill()
        await broker.wait()
        print("front.py: the broker panicked, and is started again", flush=True)


def main():
    parser = argparse.ArgumentParser(description="Runs rumqttd behind one port.")
    for port in ("listen", "v4", "v5"):
        parser.add_argument(f"--{port}", type=int, required=True, metavar="PORT")
    parser.add_argument("program", nargs="+")
    # Otherwise the exit code of the broker is lost if the parent ignores it.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    sys.exit(abs(asyncio.run(run(parser.parse_args()))))


if __name__ == "__main__":
    main()
