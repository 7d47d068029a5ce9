"""Carries out what the dispatcher decides, over one ZeroMQ socket, without ever waiting."""

from __future__ import annotations

import time

import zmq
from zmq.utils.monitor import recv_monitor_message

from .dispatcher import Connect, Dispatcher
from .options import Options
from .transport import check_curve, open_dealer


class Connection:
    """The dispatcher with its socket.

    Not for several threads at a time. `exchange` does all that can be done at once; between two
    calls of it the owner waits for `pollable` sockets to become readable, or for the dispatcher's
    next timer.
    """

    def __init__(self, endpoints: list[str], options: Options) -> None:
        check_curve(options.curve)
        self._curve = options.curve
        self.dispatcher = Dispatcher(endpoints, options, time.monotonic())
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket: zmq.Socket[bytes] | None = None
        # Tells when the connection breaks, so that nobody waits for the time-out.
        self._monitor: zmq.Socket[bytes] | None = None
        self.generation = 0
        """Grows with each new socket."""

    @property
    def pollable(self) -> list[zmq.Socket[bytes]]:
        return [socket for socket in (self._socket, self._monitor) if socket is not None]

    def exchange(self) -> None:
        """Receives what is there, looks at the clock, and sends what may be sent."""
        dispatcher = self.dispatcher
        while True:
            now = time.monotonic()
            self._receive(now)
            dispatcher.tick(now)
            self._act(now)
            self._send(now)
            # Sending may have eaten the signal that there is something to receive.
            if not any(self._is_readable(socket) for socket in self.pollable):
                return

    def send(self) -> None:
        """Only sends: for a caller who will wait later."""
        self._send(time.monotonic())

    def close(self) -> None:
        self.dispatcher.close()
        self.dispatcher.actions.clear()
        self._disconnect()
        self._context.term()

    @staticmethod
    def _is_readable(socket: zmq.Socket[bytes]) -> bool:
        return bool(int(socket.getsockopt(zmq.EVENTS)) & zmq.POLLIN)

    def _receive(self, now: float) -> None:
        socket, monitor = self._socket, self._monitor
        while socket is not None and self._is_readable(socket):
            frames = socket.recv_multipart(zmq.NOBLOCK)
            if len(frames) == 2 and not frames[0]:
                del frames[0]
            if len(frames) == 1:
                self.dispatcher.received(frames[0], now)
        while monitor is not None and self._is_readable(monitor):
            event = recv_monitor_message(monitor, zmq.NOBLOCK)
            if event["event"] == zmq.EVENT_DISCONNECTED:
                self.dispatcher.link_lost(now)
                return

    def _act(self, now: float) -> None:
        actions = self.dispatcher.actions
        while actions:
            action = actions.popleft()
            self._disconnect()
            if isinstance(action, Connect):
                try:
                    self._connect(action)
                except zmq.ZMQError as error:
                    self.dispatcher.cannot_connect(str(error), now)

    def _connect(self, action: Connect) -> None:
        socket = open_dealer(self._context, action.endpoint, self._curve)
        self._socket = socket
        self._monitor = socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        self.generation += 1
        # Nothing else is sent before it is answered, so what libzmq queues is this alone.
        socket.send(action.greeting, zmq.NOBLOCK)

    def _disconnect(self) -> None:
        if self._socket is None:
            return
        self._socket.disable_monitor()
        if self._monitor is not None:
            self._monitor.close(linger=0)
        self._socket.close(linger=0)
        self._socket = self._monitor = None
        self.generation += 1

    def _send(self, now: float) -> None:
        socket = self._socket
        if socket is None:
            return
        for frame in self.dispatcher.sendable(now):
            try:
                socket.send(frame, zmq.NOBLOCK)
            except zmq.Again:
                # As if it were lost: the time-out of the attempt sends it again. The queue of a
                # socket is longer than any credit, so this is next to impossible.
                return
