"""Both clients against the real server."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
import zmq

from conftest import LiveServer
from sojourn import (
    START,
    AsyncClient,
    Boundary,
    Client,
    Context,
    Cursor,
    CurveKeys,
    Dimension,
    Entry,
    EntryKind,
    Event,
    Feed,
    Filter,
    Interval,
    Kind,
    Outcome,
    Question,
    Refused,
    Revision,
    UnknownOutcome,
    Unreachable,
)

ROOT = Path(__file__).resolve().parent.parent
MINUTE = 60_000


def test_a_visit(live: LiveServer, now: int) -> None:
    with Client(live.endpoint) as client:
        assert client.server.name == "sojourn"
        answer = client.assign(
            [
                Event(now - 3 * MINUTE, "anna", page="/", context=Context(country="PT")),
                Event(now - 2 * MINUTE, "bob", page="/"),
                Event(now - MINUTE, "anna", Kind.CONVERSION, "order", value=Decimal("49.99")),
                Event(now, "nobody", Kind.HEARTBEAT),
            ]
        )
        assert [one.outcome for one in answer] == [
            Outcome.NEW,
            Outcome.NEW,
            Outcome.EXTENDED,
            Outcome.REJECTED_NO_SESSION,
        ]
        assert answer[0].session_id == answer[2].session_id != answer[1].session_id
        assert answer[3].session_id is None
        assert [one.position for one in answer] == [1, 1, 2, 0]
        assert answer[0].boundary == Boundary.FIRST
        assert answer[0].session is not None
        assert answer[0].session.start == now - 3 * MINUTE
        assert answer[0].session.engaged

        known = client.lookup("anna")
        (session,) = known.sessions
        assert session.id == answer[0].session_id
        assert (session.events, session.views, session.conversions) == (2, 1, 1)
        assert session.value_micros == 49_990_000
        assert session.context == Context(country="PT", channel="direct")
        assert session.landing_page == "/"
        assert [step.page for step in session.path] == ["/"]
        assert client.lookup_session(session.id).sessions == known.sessions
        assert client.lookup_session(str(session.id)).sessions == known.sessions
        assert client.lookup("nobody").sessions == []

        status = client.status()
        assert abs(status.server_time - now) < 10 * MINUTE
        assert status.gauges


@pytest.fixture
def archived(tmp_path: Path) -> Iterator[LiveServer]:
    """A server that keeps finished sessions, and has a feed."""
    binary = os.environ.get("SOJOURN_BINARY")
    if not binary:
        pytest.skip("SOJOURN_BINARY does not name the server")
    server = LiveServer(
        binary, tmp_path / "server.log",
        "--data", str(tmp_path / "data"), "--feed", f"ipc://{tmp_path}/feed",
    )  # fmt: skip
    server.start()
    try:
        yield server
    finally:
        server.stop()


def shop(client: Client, now: int) -> None:
    """Three product pages and a basket; the same, and after 30 minutes of nothing two more actions.
    Somebody else comes so much later that these sessions are over."""
    pages = ["/product/1", "/product/2", "/product/3", "/basket"]
    start = now - 180 * MINUTE
    for visitor in ("anna", "bob"):
        client.assign(
            Event(start + MINUTE * step, visitor, page=page, context=Context(device="phone"))
            for step, page in enumerate(pages)
        )
    later = start + 33 * MINUTE
    client.assign([Event(later, "bob", Kind.ACTION), Event(later + MINUTE, "bob", Kind.ACTION)])
    client.assign([Event(now, "carl", page="/", context=Context(device="desktop"))])


def test_what_sessions_tell(archived: LiveServer, now: int, tmp_path: Path) -> None:
    with Client(archived.endpoint) as client, Feed(f"ipc://{tmp_path}/feed", [1]) as feed:
        # The first that is heard says that it will be told of all that happens from then on.
        while feed.silence(1) is None:
            feed.receive(0.1)
        shop(client, now)

        told: list[Entry] = []
        while sum(entry.kind == EntryKind.FINISHED for entry in told) < 3:
            message = feed.receive(20)
            assert message is not None
            assert not message.gap
            told += message.entries
        assert sum(entry.kind == EntryKind.OPENED for entry in told) == 4

        summary = client.report(Question.summary())
        assert summary.total is not None
        assert (summary.total.sessions, summary.total.visitors, summary.live_sessions) == (4, 3, 1)
        assert (summary.total.views, summary.total.actions) == (9, 2)

        devices = client.report(Question.breakdown(Dimension.DEVICE, end=now, compare=True))
        assert [(row.text, row.sessions) for row in devices.parts] == [("phone", 2), (None, 1)]
        filtered = Question.summary(filters=[Filter(Dimension.DEVICE, "phone", negated=True)])
        rest = client.report(filtered).total
        assert rest is not None
        assert rest.sessions == 2

        hours = client.report(Question.series(Interval.HOUR))
        assert sum(row.sessions for row in hours.parts) == 4
        assert hours.parts[0].time is not None

        moves = client.report(Question.transitions())
        assert ("/product/1", "/product/2", 2) in [
            (row.text, row.next_text, row.views) for row in moves.parts
        ]
        few = client.report(Question.transitions(rows=2))
        assert few.parts == moves.parts[:2]
        assert few.rest is not None
        paths = client.report(Question.paths("/product/1"))
        assert [row.text for row in paths.parts][:2] == ["/product/1", "/product/2"]
        assert paths.rows[2].parent == 1
        funnel = client.report(Question.funnel(["/product/*", "/basket", "/thanks"]))
        assert [row.sessions for row in funnel.parts] == [2, 2, 0]

        cursor, entries = START, []
        while len(entries) < 3:
            page = client.fetch(cursor, 2)
            entries += page.entries
            cursor = page.cursor
        finished = [entry.session for entry in told if entry.kind == EntryKind.FINISHED]
        assert [entry.session for entry in entries] == finished
        assert client.fetch(cursor).entries == []
        # The feed is of the same order.
        assert message.first_partition == page.first_partition
        cursor = START.at(message.first_partition, message.place)
        assert client.fetch(cursor).entries == []

        assert client.forget("anna").live_sessions == 0
        assert client.forget("carl").live_sessions == 1
        assert client.lookup("carl").sessions == []
        left = client.report(Question.summary()).total
        assert left is not None
        assert (left.sessions, left.visitors) == (2, 1)
        with pytest.raises(Refused) as refused:
            client.report(Question.summary(), property=9)
        assert refused.value.name == "unknownProperty"


def test_questions_in_asyncio(archived: LiveServer, now: int) -> None:
    async def work() -> None:
        async with AsyncClient(archived.endpoint) as client:
            await client.assign([Event(now, "anna", page="/")])
            total = (await client.report(Question.summary())).total
            assert total is not None
            assert total.sessions == 1
            assert (await client.fetch()).entries == []
            assert (await client.forget("anna")).live_sessions == 1

    asyncio.run(work())


def test_what_each_worker_has_finished_comes_through_a_router(tmp_path: Path, now: int) -> None:
    binary = os.environ.get("SOJOURN_BINARY")
    if not binary:
        pytest.skip("SOJOURN_BINARY does not name the server")
    secret = tmp_path / "secret"
    secret.write_text("00112233445566778899aabbccddeeff\n")
    secret.chmod(0o600)
    workers = [
        LiveServer(
            binary, tmp_path / f"worker{first}.log",
            "--partitions", f"{first}-{last}/4", "--secret-file", str(secret),
            "--data", str(tmp_path / f"data{first}"),
        )
        for first, last in ((0, 0), (1, 2), (3, 3))
    ]  # fmt: skip
    router = LiveServer(
        binary,
        tmp_path / "router.log",
        *(f"--worker={worker.endpoint}" for worker in workers),
        command="route",
    )
    servers = [*workers, router]
    try:
        for server in servers:
            server.start()
        with Client(router.endpoint) as client:
            for hour in range(4):
                # Each hour finishes the sessions of the one before.
                time = now - (10 - hour) * 60 * MINUTE
                client.assign([Event(time, f"{hour}-{number}") for number in range(40)])

            orders: dict[int, list[Entry]] = {}
            cursor = START
            while sum(map(len, orders.values())) < 3 * 40:
                page = client.fetch(Cursor.parse(str(cursor)), 7)
                assert len(page.entries) <= 7
                orders.setdefault(page.first_partition, []).extend(page.entries)
                cursor = page.cursor
            assert sorted(orders) == [0, 1, 3]
            sessions = [entry.session for entries in orders.values() for entry in entries]
            assert len({session.id for session in sessions if session is not None}) == 3 * 40
            while (page := client.fetch(cursor)).more:
                assert page.entries == []
                cursor = page.cursor
            assert page.entries == []

        # Each worker hands out the same to who asks it.
        for worker, (first, entries) in zip(workers, sorted(orders.items()), strict=True):
            with Client(worker.endpoint) as client:
                page = client.fetch()
                assert (page.first_partition, page.more) == (first, False)
                assert page.entries == entries
    finally:
        for server in servers:
            server.stop()


def test_a_server_without_an_archive_says_so(live: LiveServer) -> None:
    with Client(live.endpoint) as client:
        for ask in (lambda: client.report(Question.summary()), client.fetch):
            with pytest.raises(Refused) as refused:
                ask()
            assert refused.value.name == "noArchive"


def keygen(binary: str, file: Path) -> tuple[str, str]:
    """Makes a pair of keys and reads it back: public, secret."""
    made = subprocess.run([binary, "keygen", file], check=True, capture_output=True, text=True)
    return made.stdout.strip(), file.read_text().splitlines()[-1]


def test_curve_keys_and_rights(tmp_path: Path, now: int) -> None:
    binary = os.environ.get("SOJOURN_BINARY")
    if not binary or not zmq.has("curve"):
        pytest.skip("SOJOURN_BINARY does not name the server, or libzmq has no CURVE")
    server_public, _ = keygen(binary, tmp_path / "server")
    public, secret = keygen(binary, tmp_path / "shop")
    clients = tmp_path / "clients.yaml"
    clients.write_text(f"clients: [{{name: shop, key: '{public}', write: [1]}}]")
    server = LiveServer(
        binary, tmp_path / "server.log",
        "--curve-key-file", str(tmp_path / "server"), "--clients-file", str(clients),
    )  # fmt: skip
    server.start()
    try:
        with Client(server.endpoint, curve=CurveKeys(server_public, public, secret)) as client:
            (one,) = client.assign([Event(now, "anna")])
            assert one.outcome == Outcome.NEW
            with pytest.raises(Refused, match="may not read") as refused:
                client.lookup("anna")
            assert refused.value.name == "notPermitted"
        stranger = CurveKeys(server_public, *keygen(binary, tmp_path / "stranger"))
        for keys in (stranger, None):
            with pytest.raises(Unreachable):
                Client(server.endpoint, curve=keys, connect_timeout=0.5, greeting_timeout=0.3)
    finally:
        server.stop()


def test_a_bridge_is_revised(live: LiveServer, now: int) -> None:
    revisions: list[Revision] = []
    with Client(live.endpoint) as client:
        first = client.assign([Event(now - 55 * MINUTE, "anna"), Event(now - 20 * MINUTE, "anna")])
        assert [one.ordinal for one in first] == [1, 2]
        with client.buffered(on_revision=revisions.append) as sender:
            bridge = sender.add(Event(now - 35 * MINUTE, "anna"))
    assert bridge.result().outcome == Outcome.MERGED
    (revision,) = revisions
    assert revision.from_id == first[1].session_id
    assert revision.into_id == first[0].session_id


def test_columns_answer_what_events_answer(live: LiveServer, now: int) -> None:
    generator = np.random.default_rng(5)
    count = 500
    time = now - 10 * MINUTE + np.sort(generator.integers(0, 9 * MINUTE, count))
    visitor = generator.integers(0, 100, count)
    kind = generator.integers(1, 7, count)
    # The same visitors under other names, so that neither batch sees the other.
    names = [f"row-{number}" for number in visitor]
    with Client(live.endpoint) as client:
        rows = client.assign(
            Event(int(t), name, Kind(int(k))) for t, name, k in zip(time, names, kind, strict=True)
        )
        columns = client.assign_columns(
            time=time, visitor=[f"column-{number}" for number in visitor], kind=kind
        )
    assert columns.outcome.tolist() == [one.outcome for one in rows]
    assert columns.position.tolist() == [one.position for one in rows]
    assert columns.session.tolist() == [
        -1 if one.session_row is None else one.session_row for one in rows
    ]
    assert columns.session_start.tolist() == [one.start for one in rows.sessions]
    ordinals = columns.of_events(columns.session_ordinal).tolist()
    assert ordinals == [one.ordinal for one in rows]


def test_a_batch_that_is_sent_again_after_a_restart(live: LiveServer, now: int) -> None:
    events = [Event(now, "anna", page="/home"), Event(now, "bob")]
    with Client(live.endpoint, producer=4711, first_sequence=9) as client:
        first = client.assign(events)
    with Client(live.endpoint, producer=4711, first_sequence=9) as client:
        again = client.assign(events)
        assert again.assignments == first.assignments
        assert [one.outcome for one in again] == [Outcome.NEW] * 2
        after = client.assign(events)
        assert [one.outcome for one in after] == [Outcome.EXTENDED] * 2
    with (
        Client(live.endpoint, producer=4711, first_sequence=9) as client,
        pytest.raises(Refused) as caught,
    ):
        client.assign(events[:1])
    assert caught.value.name == "sequenceReused"


def test_pipelining(live: LiveServer, now: int) -> None:
    with Client(live.endpoint) as client:
        pending = [
            client.submit_columns(time=np.full(1_000, now), visitor=np.arange(1_000).astype("S8"))
            for _ in range(100)
        ]
        answers = [one.result() for one in pending]
    assert [answer.position[0] for answer in answers] == list(range(1, 101))


def test_a_server_that_restarts(live: LiveServer, now: int) -> None:
    with Client(live.endpoint, attempt_timeout=1.0) as client:
        client.assign([Event(now, "anna")])
        live.kill()
        threading.Timer(0.5, live.start).start()
        try:
            answer = client.assign([Event(now, "anna")])
        except UnknownOutcome:
            answer = client.assign([Event(now, "anna")])
        assert answer[0].outcome == Outcome.NEW


def test_asyncio(live: LiveServer, now: int) -> None:
    async def work() -> None:
        async with AsyncClient(live.endpoint) as client:
            answers = await asyncio.gather(
                *(client.assign([Event(now, "anna")]) for _ in range(200))
            )
            assert [answer[0].position for answer in answers] == list(range(1, 201))
            async with client.buffered(max_events=50) as sender:
                found = await asyncio.gather(
                    *(sender.assign(Event(now, f"v{number % 10}")) for number in range(500))
                )
            assert max(one.position for one in found) == 50
            (session,) = (await client.lookup("anna")).sessions
            assert session.events == 200
            assert (await client.lookup_session(session.id)).sessions == [session]
            assert (await client.status()).gauges

    asyncio.run(work())


def test_buffered_in_several_threads(live: LiveServer, now: int) -> None:
    with Client(live.endpoint) as client, client.buffered(max_events=100) as sender:
        positions: list[int] = []

        def work(name: str) -> None:
            futures = [sender.add(Event(now, name)) for _ in range(500)]
            assert [one.result(20).position for one in futures] == list(range(1, 501))
            positions.append(500)

        threads = [threading.Thread(target=work, args=(f"v{n}",)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert positions == [500] * 4


def test_worker(live: LiveServer, now: int) -> None:
    batches = (
        f"{now}\tanna\tview\t/home\tsearch\tspring\t12.50\n{now}\tbob\theartbeat\t\t\t\t\n\n"
        f"{now}\tanna\tlook\t\t\t\t\n\n{now}\tanna\tend\t\t\t\t\n\n"
    )
    done = subprocess.run(
        [ROOT / "conformance" / "worker", live.endpoint, "1", "5", "1"],
        input=batches,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    first, error, last, rest = done.stdout.split("\n\n")
    assert rest == ""
    view, heartbeat = first.split("\n")
    assert view.split("\t")[1:] == ["1", "1", "new"]
    assert heartbeat == "-\t0\t0\trejectedNoSession"
    assert error.startswith("error\tinvalidEvent\t")
    assert last.split("\t")[0] == view.split("\t")[0]
    assert last.split("\t")[3] == "extended"


def test_bench_runs(live: LiveServer) -> None:
    done = subprocess.run(
        [ROOT / "conformance" / "bench", live.endpoint, "0.2"],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    name, figure = done.stdout.split()
    assert name == "events_per_second"
    assert int(figure) > 0


def test_without_numpy(live: LiveServer) -> None:
    """In a Python that has pyzmq and nothing else."""
    program = f"""
import sys
for name in ("numpy", "google_crc32c", "crc32c", "pandas", "pyarrow"):
    sys.modules[name] = None
import time
from sojourn import Client, Event
with Client({live.endpoint!r}) as client:
    now = time.time_ns() // 1_000_000
    answer = client.assign([Event(now, f"v{{n % 100}}", page=f"/p/{{n}}") for n in range(2_000)])
    print(max(one.position for one in answer))
    try:
        client.assign_columns(time=[1], visitor=["a"])
    except ImportError as error:
        print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True
    )
    position, complaint = done.stdout.splitlines()
    assert position == "20"
    assert "sojourn[numpy]" in complaint


def test_the_example_of_the_readme(live: LiveServer) -> None:
    example = (ROOT / "README.md").read_text().split("```python\n")[1].split("```")[0]
    program = example.replace("tcp://127.0.0.1:5571", live.endpoint)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.split()[1:] == ["1", "1", "new"]
