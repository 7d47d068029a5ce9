"""Clients that mean harm. Each is a generator: one step does a little harm, and the caller waits between two.

Some have a key, and some have none. All of them together are slow enough to leave the machine to the others: what
is measured is what the server does for them, not what they take from it.
"""

from __future__ import annotations

import json
import random
import socket
import threading
import time
from pathlib import Path

import zmq
from sojourn import Event
from sojourn.batch import Batch
from sojourn.constants import Operation
from sojourn.wire.header import Header

VECTORS = Path(__file__).resolve().parents[2] / "proto-spec" / "vectors"
# ZMTP 3.0: signature, version, mechanism, no server, filler.
GREETING = {
    name: b"\xff" + bytes(8) + b"\x7f\x03\x00" + name.encode().ljust(20, b"\0") + bytes(32)
    for name in ("NULL", "CURVE")
}


def connect(port):
    connection = socket.create_connection(("127.0.0.1", port), timeout=2)
    connection.setblocking(False)
    return connection


def send(connection, data):
    """Sends what can be sent now. False when the server has had enough."""
    try:
        connection.send(data)
        while connection.recv(65_536):
            pass
        return False
    except BlockingIOError:
        return True
    except OSError:
        return False


def half_open(port):
    """Connections that greet in part, or not at all, and stay."""
    while True:
        held = []
        for number in range(40):
            held.append(connect(port))
            send(held[-1], GREETING["CURVE"][: (0, 5, 64)[number % 3]])
            yield 0.05
        for connection in held:
            yield 0.1
            connection.close()


def garbage(port):
    """What is not the protocol: noise, another protocol, a greeting with noise behind it."""
    while True:
        connection = connect(port)
        noise = random.randbytes(random.randrange(3_000))
        data = random.choice([
            noise, b"GET / HTTP/1.1\r\nHost: sojourn\r\n\r\n", GREETING["NULL"] + noise,
            GREETING["CURVE"] + noise,
            # A command of 2^62 bytes.
            GREETING["CURVE"] + b"\x06" + (1 << 62).to_bytes(8, "big"),
        ])
        send(connection, data)
        yield 0.05
        connection.close()


def byte_by_byte(port):
    """A greeting that takes for ever."""
    while True:
        connection = connect(port)
        for byte in GREETING["CURVE"] + random.randbytes(200):
            if not send(connection, bytes([byte])):
                break
            yield 0.05
        connection.close()


def record_handshake(endpoint, keys):
    """What a good client sends from its greeting to its first answer, listened to on the way."""
    listener = socket.create_server(("127.0.0.1", 0))
    sent = []

    def relay():
        near, _ = listener.accept()
        far = socket.create_connection(("127.0.0.1", int(endpoint.rsplit(":", 1)[1])))

        def pump(source, target, copy):
            try:
                while data := source.recv(65_536):
                    if copy:
                        sent.append(data)
                    target.sendall(data)
            except OSError:
                pass

        threading.Thread(target=pump, args=(far, near, False), daemon=True).start()
        pump(near, far, True)
        far.close()

    threading.Thread(target=relay, daemon=True).start()
    client = dealer(f"tcp://127.0.0.1:{listener.getsockname()[1]}", keys)
    client.send(frames("request", "valid")[0])
    client.poll(2_000)
    client.close()
    return sent


def replay(port, recorded):
    """A handshake of somebody else, sent again as it was: in one piece, or as it came."""
    while True:
        connection = connect(port)
        for data in recorded if random.random() < 0.5 else [b"".join(recorded)]:
            if not send(connection, data):
                break
            yield 0.03
        yield 0.1
        connection.close()


def dealer(endpoint, keys, **options):
    client = zmq.Context.instance().socket(zmq.DEALER)
    client.linger = 0
    client.rcvhwm = options.get("rcvhwm", 1_000)
    client.rcvbuf = options.get("rcvbuf", -1)
    if keys:
        client.curve_serverkey, client.curve_publickey, client.curve_secretkey = (
            key.encode() for key in keys)
    client.connect(endpoint)
    return client


def frames(direction, folder):
    """The golden messages of a kind."""
    vectors = (json.loads(path.read_text()) for path in sorted((VECTORS / folder).glob("*.json")))
    return [
        bytes.fromhex(vector["frame"]) for vector in vectors
        if vector["direction"] == direction and "frame" in vector]


def strangers(endpoint, server_key):
    """Plain text, keys that nobody knows, and the key of another server."""
    while True:
        public, secret = (key.decode() for key in zmq.curve_keypair())
        for keys in (None, (server_key, public, secret), (public, public, secret)):
            client = dealer(endpoint, keys)
            try:
                client.send(b"let me in", zmq.DONTWAIT)
            except zmq.Again:
                pass
            yield 0.2
            client.close()


def oversized(endpoint, keys):
    """Messages that are too large, with a key: the connection is cut."""
    while True:
        client = dealer(endpoint, keys)
        client.send(bytes(6 << 20))
        yield 0.5
        client.send_multipart([b"x" * 1_000] * 200)
        yield 0.5
        client.close()


def never_reading(endpoint, keys):
    """Good questions whose answers nobody takes: among them a batch that comes again and again, whose answers are
    large enough to fill what the system keeps for a connection, and then the server's share."""
    now = time.time_ns() // 1_000_000
    events = Batch([Event(now, f"lazy-{row}") for row in range(1_000)])
    batch = Header(Operation.ASSIGN, 1, producer=1, sequence=1, property=1).frame(events.body())
    questions = frames("request", "valid")
    while True:
        client = dealer(endpoint, keys, rcvhwm=1, rcvbuf=4_096)
        for _ in range(4_000):
            for question in (batch, random.choice(questions)):
                try:
                    client.send(question, zmq.DONTWAIT)
                except zmq.Again:
                    pass
            yield 0.02
        client.close()


def never_reading_feed(feed, keys):
    """A reader of the feed that reads nothing of what it has subscribed to."""
    while True:
        reader = zmq.Context.instance().socket(zmq.SUB)
        reader.linger = 0
        reader.rcvhwm = 1
        reader.curve_serverkey, reader.curve_publickey, reader.curve_secretkey = (
            key.encode() for key in keys)
        # Property 1, and all that begins with nothing.
        for prefix in (b"SOJF\x01\0\0\0", b""):
            reader.setsockopt(zmq.SUBSCRIBE, prefix)
        reader.connect(feed)
        for _ in range(120):
            yield 0.1
        reader.close()


def knocking(admin):
    """The admin port without its token, with a wrong one, and with what is no HTTP, or half of it."""
    while True:
        connection = connect(admin)
        send(connection, random.choice([
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            b"GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
            + random.randbytes(16).hex().encode() + b"\r\n\r\n",
            b"GET /metrics HTTP/1.1\r\nAuthorization: Basic ", random.randbytes(random.randrange(3_000)),
        ]))
        yield 0.1
        connection.close()


def invalid(endpoint, keys):
    """Messages with a fault, and with any byte changed."""
    bad, good = frames("request", "invalid"), frames("request", "valid")
    while True:
        client = dealer(endpoint, keys)
        for _ in range(2_000):
            frame = bytearray(random.choice(bad if random.random() < 0.5 else good))
            if frame and random.random() < 0.5:
                frame[random.randrange(len(frame))] ^= 1 << random.randrange(8)
            try:
                client.send(bytes(frame), zmq.DONTWAIT)
                while True:
                    client.recv(zmq.DONTWAIT)
            except zmq.Again:
                pass
            yield 0.005
        client.close()


def run(endpoint, feed, admin, server_key, keys, stop):
    """Does all of it, until told to stop. Trouble is what they are here for: a step that fails is begun again."""
    port = int(endpoint.rsplit(":", 1)[1])
    recorded = record_handshake(endpoint, keys)
    kinds = [
        lambda: half_open(port), lambda: garbage(port), lambda: byte_by_byte(port),
        lambda: replay(port, recorded), lambda: strangers(endpoint, server_key),
        lambda: oversized(endpoint, keys), lambda: never_reading(endpoint, keys),
        lambda: invalid(endpoint, keys), lambda: never_reading_feed(feed, keys),
        lambda: knocking(admin),
    ]
    doing = [(0.0, number, kind()) for number, kind in enumerate(kinds)]
    while not stop.is_set():
        doing.sort(key=lambda item: item[0])
        due, number, steps = doing[0]
        time.sleep(max(0.0, min(due - time.monotonic(), 0.1)))
        if time.monotonic() < due:
            continue
        try:
            doing[0] = (time.monotonic() + next(steps), number, steps)
        except OSError:
            # The server is not there for a moment.
            doing[0] = (time.monotonic() + 0.2, number, kinds[number]())
