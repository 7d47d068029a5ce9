"""Fixtures: a server that is told what to answer, and a real one."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "conformance"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from fake_server import DEPLOYMENT, FakeServer  # noqa: E402


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    with FakeServer() as server:
        yield server


class LiveServer:
    """The `sojourn` program that SOJOURN_BINARY names, on a free port of loopback."""

    def __init__(self, binary: str, log: Path, *arguments: str, command: str = "serve") -> None:
        self.binary = binary
        self.command = command
        self.arguments = arguments
        self.log = log
        self.endpoint = f"tcp://127.0.0.1:{free_port()}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [self.binary, self.command, "--listen", self.endpoint, *self.arguments],
                stdout=log,
                stderr=log,
                env=os.environ | {"SOJOURN_DEPLOYMENT": DEPLOYMENT},
            )

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
            self.process = None

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveServer]:
    binary = os.environ.get("SOJOURN_BINARY")
    if not binary:
        pytest.skip("SOJOURN_BINARY does not name the server")
    server = LiveServer(binary, tmp_path / "server.log")
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def now() -> int:
    """Milliseconds since the Unix epoch."""
    return time.time_ns() // 1_000_000
