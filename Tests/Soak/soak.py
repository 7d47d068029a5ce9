"""Keeps a server busy with good clients and hostile ones, and says what it did about it.

    soak.py SOJOURN MINUTES

    quiet      15 %   good clients alone: their p99, to compare with
    hostile    60 %   hostile ones besides: their p99 again, and the server's memory after a while and at the end
    restarts   25 %   and the server is stopped and killed again and again

Good clients check each answer: every event of a visitor has the position behind the one before it in its session,
also over a kill, or the answer was lost. What hostile ones do must show in what the server counts, or they were not hostile
enough.
"""

from __future__ import annotations

import collections
import ctypes
import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import hostile
from sojourn import Client, CurveKeys, Event, Outcome, SojournError

GOOD_CLIENTS = 3
BATCHES_PER_SECOND = 40
BATCH_EVENTS = 100
VISITORS = 500
START_SECONDS_MAX = 60
MEMORY_GROWTH_MAX = 1.05
SLOWDOWN_MAX = 2.0
# Below this nobody can tell a slowdown from the machine's own noise.
P99_FLOOR_MS = 5.0
# What hostile clients do leaves a trace in each of these.
HARM = [
    "connections_unauthorized_total", "connections_other_mechanism_total",
    "connections_wrong_server_key_total", "connections_failed_total", "replies_unread_total",
    "errors_total", "drops_total", "feed_subscriptions_refused_total", "admin_refusals_total",
]


class Server:
    def __init__(self, program, folder):
        self.program, self.folder = program, Path(folder)
        probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
        client, feed, self.admin = (probe.getsockname()[1] for probe in probes)
        for probe in probes:
            probe.close()
        self.endpoint, self.feed = f"tcp://127.0.0.1:{client}", f"tcp://127.0.0.1:{feed}"
        self.public, _ = self.keygen("server")
        names = [f"good-{number}" for number in range(GOOD_CLIENTS)] + ["command", "hostile"]
        self.keys = {name: self.keygen(name) for name in names}
        clients = "".join(
            f"  - {{name: {name}, key: '{public}', read: all, write: all}}\n"
            for name, (public, _) in self.keys.items())
        self.token = self.folder / "token"
        subprocess.run([self.program, "keygen", "--token", self.token], check=True,
                       stdout=subprocess.DEVNULL)
        (self.folder / "clients.yaml").write_text(f"clients:\n{clients}")
        (self.folder / "sojourn.yaml").write_text(
            "properties: [{id: 1, timeout: 5s, lateness: 1s, maxEvents: 50}]\n"
            "limits: {handshakeMilliseconds: 2000}\n")
        self.process = None

    def keygen(self, name):
        made = subprocess.run([self.program, "keygen", self.folder / name], check=True,
                              capture_output=True, text=True)
        return made.stdout.strip(), (self.folder / name).read_text().splitlines()[-1]

    def start(self):
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.program, "serve", "--listen", self.endpoint, "--data", self.folder / "data",
                 "--config", self.folder / "sojourn.yaml", "--curve-key-file",
                 self.folder / "server", "--clients-file", self.folder / "clients.yaml",
                 "--feed", self.feed, "--admin", f"127.0.0.1:{self.admin}", "--admin-token-file",
                 self.token, "--log-level", "warning"], stdout=log, stderr=log)
        # A signal that comes before it listens to signals is no restart.
        end = time.monotonic() + START_SECONDS_MAX
        while not self.is_ready():
            if time.monotonic() > end:
                raise SystemExit("the server does not come up")
            time.sleep(0.02)

    def is_ready(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/readyz", timeout=10):
                return True
        except OSError:
            return False

    def end(self, number):
        self.process.send_signal(number)
        status = self.process.wait(10)
        if number == signal.SIGTERM and status != 0:
            raise SystemExit(f"the server ended with {status}")

    def metrics(self):
        """Sums over labels, by name."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.admin}/metrics",
            headers={"Authorization": "Bearer " + self.token.read_text().splitlines()[-1]})
        sums = collections.Counter()
        with urllib.request.urlopen(request, timeout=10) as answer:
            for line in answer.read().decode().splitlines():
                if not line.startswith("#"):
                    name, value = line.rsplit(" ", 1)
                    sums[name.split("{")[0].removeprefix("sojourn_")] += float(value)
        return sums

    def resident_bytes(self):
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * 4_096


def curve(server, name):
    return CurveKeys(server.public, *server.keys[name])


def end_with_parent():
    """Nothing outlives the soak, however it ends."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def good_client(server, name, figures, stop):
    """Sends batches at a steady pace; times count from when they were due."""
    end_with_parent()
    last = {}
    sent = unknown = wrong = late = 0
    with Client(server.endpoint, curve=curve(server, name), attempts=10, attempt_timeout=2,
                timeout=60) as client:
        due = time.monotonic()
        while not stop.is_set():
            time.sleep(max(0.0, due - time.monotonic()))
            now = time.time_ns() // 1_000_000
            visitors = [f"{name}-{(sent * BATCH_EVENTS + row) % VISITORS}"
                        for row in range(BATCH_EVENTS)]
            try:
                answer = client.assign([Event(now, visitor, page="/") for visitor in visitors])
            except SojournError as error:
                unknown += 1
                print(f"{name}: {error}", file=sys.stderr, flush=True)
                for visitor in visitors:
                    last.pop(visitor, None)
            else:
                for visitor, one in zip(visitors, answer):
                    before = last.get(visitor)
                    if one.outcome == Outcome.TOO_LATE:
                        # Where the machine is so slow that a batch takes longer than its sessions stay open.
                        late += 1
                        last.pop(visitor, None)
                        continue
                    follows = before is None or one.position == 1 or (
                        (one.session_id, one.position) == (before[0], before[1] + 1))
                    if not follows:
                        wrong += 1
                        print(f"{name}: {visitor} was at {before}, and then {one.outcome} at "
                              f"{(one.session_id, one.position)}", file=sys.stderr, flush=True)
                    last[visitor] = (one.session_id, one.position)
            took = (time.monotonic() - due) * 1_000
            figures.put((name, time.monotonic(), took, wrong, unknown, late))
            sent += 1
            # After a restart it goes on at its pace, and does not catch up.
            due = max(due + 1 / BATCHES_PER_SECOND, time.monotonic() - 0.1)


def hostile_clients(server, stop):
    end_with_parent()
    os.nice(10)
    keys = (server.public, *server.keys["hostile"])
    hostile.run(server.endpoint, server.feed, server.admin, server.public, keys, stop)


def command(server, stop, failures):
    """The command line, again and again."""
    end_with_parent()
    sample = Path(__file__).resolve().parents[2] / "Scripts" / "sample.csv"
    while not stop.is_set():
        run = subprocess.run(
            [server.program, "assign", sample, "--out", "/dev/null", "--connect", server.endpoint,
             "--server-key", server.folder / "server.pub", "--client-key",
             server.folder / "command"], capture_output=True, text=True)
        if run.returncode != 0:
            failures.put(run.stderr)
        stop.wait(2)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


class Watch:
    """Collects what the good clients tell."""

    def __init__(self, figures):
        self.figures = figures
        self.wrong, self.unknown, self.late = (collections.Counter() for _ in range(3))
        self.batches = 0

    def for_seconds(self, seconds):
        """Waits, and returns the times of the batches that were answered meanwhile."""
        times = []
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                name, _, took, wrong, unknown, late = self.figures.get(timeout=left)
            except Exception:  # queue.Empty: time is over
                break
            times.append(took)
            self.wrong[name], self.unknown[name], self.late[name] = wrong, unknown, late
        self.batches += len(times)
        return times


def median_memory(server, watch):
    samples = []
    for _ in range(5):
        watch.for_seconds(0.4)
        samples.append(server.resident_bytes())
    return sorted(samples)[2]


def main():
    program, minutes = os.path.abspath(sys.argv[1]), float(sys.argv[2])
    seconds = minutes * 60
    folder = tempfile.mkdtemp(prefix="sojourn-soak-")
    server = Server(program, folder)
    server.start()
    stop = multiprocessing.Event()
    figures, failures = multiprocessing.Queue(), multiprocessing.Queue()
    started = [
        multiprocessing.Process(target=good_client, args=(server, name, figures, stop), daemon=True)
        for name in server.keys if name.startswith("good")]
    started.append(multiprocessing.Process(target=command, args=(server, stop, failures)))
    try:
        for process in started:
            process.start()
        watch = Watch(figures)
        watch.for_seconds(0.05 * seconds)
        quiet = watch.for_seconds(0.10 * seconds)

        villains = multiprocessing.Process(target=hostile_clients, args=(server, stop), daemon=True)
        villains.start()
        started.append(villains)
        watch.for_seconds(0.20 * seconds)
        warm = median_memory(server, watch)
        besieged = watch.for_seconds(0.40 * seconds)
        end = median_memory(server, watch)
        alive = villains.is_alive()
        harm = {name: int(server.metrics()[name]) for name in HARM}

        restarts = 0
        until = time.monotonic() + 0.25 * seconds
        while time.monotonic() < until:
            server.end(signal.SIGTERM if restarts % 2 == 0 else signal.SIGKILL)
            server.start()
            restarts += 1
            watch.for_seconds(max(3.0, seconds / 60))
        watch.for_seconds(3.0)
        stop.set()
        watch.for_seconds(3.0)
        with Client(server.endpoint, curve=curve(server, "command")) as client:
            client.lookup("nobody")
        server.end(signal.SIGTERM)
        report(quiet, besieged, warm, end, restarts, watch, failures, alive, harm)
    except BaseException:
        print((Path(folder) / "log").read_text()[-3_000:], file=sys.stderr)
        raise
    finally:
        stop.set()
        for process in started:
            process.join(3)
            if process.is_alive():
                process.kill()
        if server.process.poll() is None:
            server.process.kill()
        shutil.rmtree(folder, ignore_errors=True)


def report(quiet, besieged, warm, end, restarts, watch, failures, hostile_alive, harm):
    before, after = percentile(quiet, 0.99), percentile(besieged, 0.99)
    wrong, unknown = sum(watch.wrong.values()), sum(watch.unknown.values())
    failed = []
    while not failures.empty():
        failed.append(failures.get())
    rows = [
        ("good batches answered", f"{watch.batches:,}", watch.batches > 0),
        ("answers that were lost or wrong", wrong, wrong == 0),
        ("batches whose outcome stayed unknown", unknown, unknown == 0),
        ("events that came too late", sum(watch.late.values()), True),
        ("runs of the command that failed", len(failed), not failed),
        ("restarts", restarts, restarts >= 2),
        ("p50, p99 without hostile clients", f"{percentile(quiet, 0.5):.2f} ms, {before:.2f} ms",
         True),
        ("p50, p99 with hostile clients",
         f"{percentile(besieged, 0.5):.2f} ms, {after:.2f} ms ({after / before:.2f} x)",
         after <= max(SLOWDOWN_MAX * before, P99_FLOOR_MS)),
        ("memory after the warm-up", f"{warm / 1e6:.1f} MB", True),
        ("memory at the end", f"{end / 1e6:.1f} MB ({100 * (end / warm - 1):+.1f} %)",
         end <= MEMORY_GROWTH_MAX * warm),
        ("hostile clients went on to the end", hostile_alive, hostile_alive),
    ]
    # All that they do is counted before the first restart.
    rows += [(f"  {name}", f"{count:,}", count > 0) for name, count in harm.items()]
    for name, value, _ in rows:
        print(f"{name:38} {value}")
    for message in failed[:3]:
        print(message, file=sys.stderr)
    bad = [name for name, _, is_good in rows if not is_good]
    print(f"{len(rows) - len(bad)} passed, {len(bad)} failed" + (f": {'; '.join(bad)}" if bad else ""))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
