"""The asyncio client against a server that is told what to do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

import numpy as np
import pytest

from conftest import free_port
from fake_server import FakeServer, assigned, refused
from sojourn import (
    AsyncClient,
    Closed,
    EmptyBatch,
    ErrorCode,
    Event,
    InvalidEvent,
    Refused,
    SojournError,
    UnknownOutcome,
    Unreachable,
    WrongDeployment,
)

EVENTS = [Event(1_749_988_800_000, "anna", page="/home"), Event(1_749_988_801_000, "anna")]


def run(work: Coroutine[Any, Any, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(20):
            await work

    asyncio.run(bounded())


def test_assign_and_columns(fake: FakeServer) -> None:
    async def work() -> None:
        async with AsyncClient(fake.endpoint, producer=7) as client:
            answer = await client.assign(EVENTS)
            assert [one.position for one in answer] == [1, 2]
            assert (answer.producer, answer.sequence) == (7, 1)
            columns = await client.assign_columns(time=np.array([1, 2]), visitor=["a", "b"])
            assert columns.position.tolist() == [1, 2]
            assert client.server.name == "fake"

    run(work())


def test_calls_are_pipelined_in_order(fake: FakeServer) -> None:
    async def work() -> None:
        async with AsyncClient(fake.endpoint) as client:
            answers = await asyncio.gather(*(client.assign(EVENTS) for _ in range(100)))
            assert [answer.sequence for answer in answers] == list(range(1, 101))

    run(work())


def test_replies_in_another_order(fake: FakeServer) -> None:
    held: list[dict[str, Any]] = []

    def hold_four(header: dict[str, Any], _: object) -> list[bytes] | None:
        held.append(header)
        return [assigned(one, 2) for one in reversed(held)] if len(held) == 4 else None

    fake.handler = hold_four

    async def work() -> None:
        async with AsyncClient(fake.endpoint) as client:
            answers = await asyncio.gather(*(client.assign(EVENTS) for _ in range(4)))
            assert [answer.sequence for answer in answers] == [1, 2, 3, 4]

    run(work())


def test_retry_at_the_next_server(fake: FakeServer) -> None:
    async def work() -> None:
        with FakeServer() as silent:
            silent.handler = lambda header, body: None
            endpoints = [silent.endpoint, fake.endpoint]
            async with AsyncClient(endpoints, attempt_timeout=0.1) as client:
                assert len(await client.assign(EVENTS)) == 2
            assert silent.frames == fake.frames

    run(work())


def test_errors(fake: FakeServer) -> None:
    async def work() -> None:
        async with AsyncClient(fake.endpoint, attempt_timeout=0.05, attempts=2) as client:
            with pytest.raises(EmptyBatch):
                await client.assign([])
            with pytest.raises(InvalidEvent):
                await client.assign([Event(-1, "a")])
            fake.handler = lambda header, body: refused(header, ErrorCode.BAD_KIND, retriable=False)
            with pytest.raises(Refused):
                await client.assign(EVENTS)
            fake.handler = lambda header, body: None
            with pytest.raises(UnknownOutcome):
                await client.assign(EVENTS)
        with pytest.raises(Closed):
            await client.assign(EVENTS)
        with pytest.raises(Closed):
            await client.connect()
        with pytest.raises(Unreachable):
            async with AsyncClient(f"tcp://127.0.0.1:{free_port()}", connect_timeout=0.1):
                pass
        with pytest.raises(WrongDeployment):
            await AsyncClient(fake.endpoint, deployment="ff" * 16).connect()
        with pytest.raises(Unreachable):
            await AsyncClient(fake.endpoint).status()

    run(work())


def test_cancelling_a_call(fake: FakeServer) -> None:
    fake.handler = lambda header, body: None

    async def work() -> None:
        async with AsyncClient(fake.endpoint) as client:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await client.assign(EVENTS)
            fake.handler = fake.assign_all
            assert len(await client.assign(EVENTS)) == 2

    run(work())


def test_closing_fails_what_waits(fake: FakeServer) -> None:
    fake.handler = lambda header, body: None

    async def work() -> None:
        async with AsyncClient(fake.endpoint) as client:
            call = asyncio.create_task(client.assign(EVENTS))
            while not fake.frames:
                await asyncio.sleep(0.01)
        with pytest.raises(Closed) as caught:
            await call
        assert caught.value.may_have_been_applied

    run(work())


def test_a_lost_server_is_noticed() -> None:
    async def work() -> None:
        first, second = FakeServer(), FakeServer()
        try:
            first.handler = lambda header, body: None
            async with AsyncClient([first.endpoint, second.endpoint]) as client:
                call = asyncio.create_task(client.assign(EVENTS))
                while not first.frames:
                    await asyncio.sleep(0.01)
                first.stop()
                start = time.monotonic()
                assert len(await call) == 2
                assert time.monotonic() - start < 2
        finally:
            second.stop()

    run(work())


def test_buffered(fake: FakeServer) -> None:
    async def work() -> None:
        async with AsyncClient(fake.endpoint) as client:
            async with client.buffered(max_events=3, max_delay=60) as sender:
                futures = [sender.add(EVENTS[0]) for _ in range(7)]
                assert [(await one).position for one in futures[:6]] == [1, 2, 3] * 2
                assert not futures[6].done()
                with pytest.raises(InvalidEvent):
                    await sender.assign(Event(1, ""))
            assert futures[6].done()
            with pytest.raises(Closed):
                sender.add(EVENTS[0])
            async with client.buffered(max_delay=0.05) as sender:
                assert (await sender.assign(EVENTS[0])).position == 1
            fake.handler = lambda header, body: refused(header, ErrorCode.BAD_KIND, retriable=False)
            async with client.buffered(max_events=2) as sender:
                failed = [sender.add(EVENTS[0]) for _ in range(2)]
            for future in failed:
                assert isinstance(future.exception(), SojournError)

    run(work())
