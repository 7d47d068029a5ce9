"""Sockets, as a client needs them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import zmq

from .errors import CurveUnavailable, InvalidArgument
from .options import CurveKeys

SocketT = TypeVar("SocketT", bound="zmq.Socket[bytes]")

# A reply may be larger than a request can be: 65,535 events that each join two sessions make 5 MB.
_REPLY_BYTES_MAX = 64 << 20
_HANDSHAKE_MILLISECONDS = 5_000
_RECONNECT_MILLISECONDS = 50
_RECONNECT_MILLISECONDS_MAX = 1_000


def check_curve(curve: CurveKeys | None) -> None:
    """Raises `CurveUnavailable` when keys are given to a libzmq that cannot use them."""
    if curve is not None and not zmq.has("curve"):
        raise CurveUnavailable(
            f"libzmq {zmq.zmq_version()} was built without CURVE, so the connection cannot be "
            "encrypted"
        )


def open_dealer(context: zmq.Context[SocketT], endpoint: str, curve: CurveKeys | None) -> SocketT:
    """A DEALER that is being connected; raises `zmq.ZMQError` where the system refuses that."""
    return _open(context.socket(zmq.DEALER), [endpoint], curve)


def open_subscriber(
    context: zmq.Context[SocketT],
    endpoints: Iterable[str],
    topics: Iterable[bytes],
    curve: CurveKeys | None,
) -> SocketT:
    """A SUB that is being connected to all endpoints; libzmq connects it anew by itself."""
    socket = context.socket(zmq.SUB)
    for topic in topics:
        socket.setsockopt(zmq.SUBSCRIBE, topic)
    return _open(socket, endpoints, curve)


def _open(socket: SocketT, endpoints: Iterable[str], curve: CurveKeys | None) -> SocketT:
    try:
        # What was not sent is not worth waiting for: the default would wait for ever.
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.IPV6, 1)
        socket.setsockopt(zmq.MAXMSGSIZE, _REPLY_BYTES_MAX)
        socket.setsockopt(zmq.TCP_KEEPALIVE, 1)
        socket.setsockopt(zmq.HANDSHAKE_IVL, _HANDSHAKE_MILLISECONDS)
        socket.setsockopt(zmq.RECONNECT_IVL, _RECONNECT_MILLISECONDS)
        socket.setsockopt(zmq.RECONNECT_IVL_MAX, _RECONNECT_MILLISECONDS_MAX)
        if curve is not None:
            socket.setsockopt(zmq.CURVE_SERVERKEY, curve.server_public.encode())
            socket.setsockopt(zmq.CURVE_PUBLICKEY, curve.public.encode())
            socket.setsockopt(zmq.CURVE_SECRETKEY, curve.secret.encode())
        for endpoint in endpoints:
            socket.connect(endpoint)
    except zmq.ZMQError as error:
        socket.close()
        if error.errno == zmq.EINVAL and curve is not None:
            raise InvalidArgument("libzmq does not take these CURVE keys") from error
        raise
    return socket
