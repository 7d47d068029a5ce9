"""How a client connects, waits and retries."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypedDict

from .constants import CLIENT_NAME_BYTES_MAX
from .errors import InvalidArgument

_TCP = re.compile(r"tcp://(?:\[[0-9A-Fa-f:.%\w]+\]|[^\s:/\[\]]+):(\d{1,5})")
_IPC = re.compile(r"ipc://\S+")
_Z85 = re.compile(r"[0-9a-zA-Z.\-:+=^!/*?&<>()\[\]{}@%$#]{40}")
_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class CurveKeys:
    """Keys of an encrypted connection, each as 40 characters of Z85."""

    server_public: str
    public: str
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        for key in (self.server_public, self.public, self.secret):
            if not isinstance(key, str) or not _Z85.fullmatch(key):
                raise InvalidArgument("a CURVE key has 40 characters of Z85")


class OptionArguments(TypedDict, total=False):
    """The options as keyword arguments of a client: see `Options`."""

    timeout: float
    attempt_timeout: float
    attempts: int
    connect_timeout: float
    greeting_timeout: float
    producer: int | None
    first_sequence: int
    name: str
    deployment: str | bytes | None
    curve: CurveKeys | None
    in_flight_max: int | None


@dataclass(frozen=True, slots=True)
class Options:
    """All times are in seconds. The defaults suit a service in the same data centre."""

    timeout: float = 30.0
    """How long a call takes at most, with its waiting and its attempts."""
    attempt_timeout: float = 5.0
    """How long one attempt waits for its answer before the same message is sent again, over a new
    connection, to the next endpoint."""
    attempts: int = 3
    """How many times a message is sent at most without an answer."""
    connect_timeout: float = 5.0
    """How long the first connection may take, over all endpoints."""
    greeting_timeout: float = 2.0
    """How long one endpoint may take to connect and answer HELLO before the next one is tried."""
    producer: int | None = None
    """Who numbers the batches: not 0; None for a random one. A program that keeps producer and
    sequence can send its last batch again after a restart, and has it applied once only."""
    first_sequence: int = 1
    """The number of the first batch."""
    name: str = "sojourn-python/0.1.0"
    """What the server's log calls this client; at most 255 bytes of UTF-8."""
    deployment: str | bytes | None = None
    """The id (16 bytes, or hex) that the server's deployment must have; None takes any. Either way
    a client stays with the deployment that it met first."""
    curve: CurveKeys | None = None
    """Encrypts and authenticates the connection."""
    in_flight_max: int | None = None
    """Requests in flight at one time, if it is to be less than the server allows."""

    def __post_init__(self) -> None:
        for what in ("timeout", "attempt_timeout", "connect_timeout", "greeting_timeout"):
            value = getattr(self, what)
            if not isinstance(value, (int, float)) or not 0.001 <= value <= _DAY:
                raise InvalidArgument(f"{what} is from 1 ms to a day, not {value!r}")
        if not isinstance(self.attempts, int) or self.attempts < 1:
            raise InvalidArgument(f"a message is sent at least once: attempts is {self.attempts!r}")
        if self.in_flight_max is not None and self.in_flight_max < 1:
            raise InvalidArgument("in_flight_max is at least 1")
        if self.producer is not None and not 0 < self.producer < 1 << 64:
            raise InvalidArgument("a producer is a number of 64 bits, not 0")
        if not 0 <= self.first_sequence < 1 << 64:
            raise InvalidArgument("a sequence is an unsigned number of 64 bits")
        try:
            length = len(self.name.encode())
        except (AttributeError, UnicodeEncodeError):
            raise InvalidArgument("a client's name is a str of whole characters") from None
        if length > CLIENT_NAME_BYTES_MAX:
            raise InvalidArgument(f"a client's name has at most {CLIENT_NAME_BYTES_MAX} bytes")
        self.deployment_id()

    def deployment_id(self) -> bytes | None:
        """The deployment as 16 bytes."""
        id = self.deployment
        if isinstance(id, str):
            try:
                id = bytes.fromhex(id.replace("-", ""))
            except ValueError:
                raise InvalidArgument("a deployment id is 32 hexadecimal digits") from None
        if id is not None and (len(id) != 16 or not any(id)):
            raise InvalidArgument("a deployment id has 16 bytes, not all of them zero")
        return id


def random_producer() -> int:
    """One that nobody else is likely to have; not 0."""
    return secrets.randbits(64) or 1


def checked_endpoints(endpoints: str | Iterable[str]) -> list[str]:
    """One endpoint or several, as a list of those that can be connected to."""
    found = [endpoints] if isinstance(endpoints, str) else list(endpoints)
    if not found:
        raise InvalidArgument("there is no endpoint to connect to")
    for endpoint in found:
        tcp = _TCP.fullmatch(endpoint) if isinstance(endpoint, str) else None
        if tcp and 0 < int(tcp[1]) < 1 << 16:
            continue
        if isinstance(endpoint, str) and _IPC.fullmatch(endpoint):
            continue
        raise InvalidArgument(
            f"an endpoint is like tcp://127.0.0.1:5571 or ipc:///run/sojourn, not {endpoint!r}"
        )
    return found


def checked_property(property: int) -> int:
    if isinstance(property, bool) or not isinstance(property, int) or not 0 <= property < 1 << 32:
        raise InvalidArgument(f"a property is an unsigned number of 32 bits, not {property!r}")
    return property
