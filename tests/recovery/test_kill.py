"""A live driver under `kill -9`: after each restart it runs the batches again that its files ask for, and no others.

What it ought to do is worked out here from the files that were in the checkpoint directory when it died.
"""

from __future__ import annotations

import json
import os
import pickle
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from sparksim.streaming.dstream import RuledDStream
from sparksim.streaming.graph_checkpoint import GraphCheckpoint
from sparksim.streaming.graph_pickle import load_graph
from tests.recovery.program import BATCH_MS

PROGRAM = Path(__file__).with_name("program.py")
REPOSITORY = Path(__file__).parents[2]
KILLS = 5
WORDS = ["to", "be", "or", "not", "that", "is", "the", "question"]
PATIENCE_S = 60

Fact = dict[str, Any]


class Feed:
    """Sends line number k, `"k word"`, k milliseconds after it began; to nobody, if nobody is connected."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._over = threading.Event()
        self.port: int = listener.getsockname()[1]

    def serve(self) -> None:
        self._listener.settimeout(0.01)
        connections: list[socket.socket] = []
        begun, sent = time.monotonic(), 0
        while not self._over.is_set():
            with suppress(OSError):  # nobody new
                connections.append(self._listener.accept()[0])
            due = int((time.monotonic() - begun) * 1000)
            lines = "".join(f"{number} {WORDS[number % len(WORDS)]}\n" for number in range(sent, due)).encode()
            sent = due
            for connection in list(connections):
                try:
                    connection.sendall(lines)
                except OSError:
                    connections.remove(connection)

    def end(self) -> None:
        self._over.set()


@contextmanager
def feed() -> Iterator[Feed]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = Feed(listener)
        thread = threading.Thread(target=serving.serve)
        thread.start()
        try:
            yield serving
        finally:
            serving.end()
            thread.join()


class Life:
    """One process of the program, and the facts that it noted.

    All lives have one diary: a recovered function has the values with which it was saved, its file among them.
    """

    def __init__(self, port: int, checkpoint: Path, diary: Path) -> None:
        self._diary = diary
        self._begin = diary.stat().st_size
        self._process = subprocess.Popen(
            [sys.executable, str(PROGRAM), str(port), str(checkpoint), str(diary)],
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            stderr=subprocess.DEVNULL,
        )

    @property
    def facts(self) -> list[Fact]:
        text = self._diary.read_bytes()[self._begin :].decode()
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def wait_until(self, holds: Callable[[list[Fact]], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not holds(self.facts):
            assert self._process.poll() is None, f"the program ended by itself with code {self._process.returncode}"
            assert time.monotonic() < deadline, f"after {PATIENCE_S} s the program has noted only {self.facts[-3:]}"
            time.sleep(0.05)

    def kill(self) -> list[Fact]:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        return self.facts


def test_five_times_kill_9(tmp_path: Path) -> None:
    rng = random.Random("kill -9")
    checkpoint, diary = tmp_path / "checkpoint", tmp_path / "diary"
    diary.touch()
    lives: list[list[Fact]] = []
    left: list[GraphCheckpoint] = []
    with feed() as source:
        for _ in range(KILLS + 1):
            life = Life(source.port, checkpoint, diary)
            try:
                life.wait_until(lambda facts: any(fact.get("lines") for fact in facts))
                time.sleep(rng.uniform(0, 5))
            finally:
                lives.append(life.kill())
            left.append(newest(checkpoint))
    for before, (earlier, later) in zip(left, pairwise(lives), strict=False):
        check_batches(before, later)
        check_states(before, earlier, later)
    check_lines(lives)


def newest(directory: Path) -> GraphCheckpoint:
    """The newest file that is whole; a backup is older than the file it was replaced by."""
    names = [path.name for path in directory.iterdir() if path.name.startswith("checkpoint-")]
    in_order = sorted(names, key=lambda name: (int(name.removesuffix(".bk").split("-")[1]), not name.endswith(".bk")))
    checkpoint = pickle.loads((directory / in_order[-1]).read_bytes())
    assert isinstance(checkpoint, GraphCheckpoint)
    return checkpoint


def check_batches(before: GraphCheckpoint, later: list[Fact]) -> None:
    """First again, at once: those that were not finished, and all from the checkpoint's own to the present."""
    submitted = [fact for fact in later if "submitted" in fact]
    times_ms = [fact["submitted"] for fact in submitted]
    again = [fact for fact in submitted if fact["records"] == 0 and fact["submitted"] <= fact["at"] - BATCH_MS]
    restart_ms = next(time_ms for time_ms in times_ms if time_ms > submitted[0]["at"])
    down_ms = set(range(before.time_ms, restart_ms, BATCH_MS))
    expected_ms = sorted({*before.pending_ms, *down_ms})
    assert times_ms[: len(expected_ms)] == expected_ms
    assert [fact["submitted"] for fact in again] == expected_ms[: len(again)]
    assert len(again) in (len(expected_ms), len(expected_ms) - 1)  # the last of them may be younger than one batch
    assert times_ms[len(expected_ms) :] == list(range(restart_ms, times_ms[-1] + 1, BATCH_MS))
    assert submitted[len(expected_ms) - 1]["at"] <= restart_ms


def check_states(before: GraphCheckpoint, earlier: list[Fact], later: list[Fact]) -> None:
    """The state goes on from the newest one in the files that the checkpoint names; each batch adds its own words."""
    graph = load_graph(before.graph, None)
    [saved] = [stream.checkpoint_data.current for stream in graph.streams() if isinstance(stream, RuledDStream)]
    states: dict[int, Counter[str]] = {fact["state"]: Counter(fact["words"]) for fact in earlier if "state" in fact}
    batches = {fact["batch"]: words_of(fact["lines"]) for fact in later if "batch" in fact}
    known: list[tuple[int, Counter[str]]] = [
        (fact["state"], Counter(fact["words"])) for fact in later if "state" in fact
    ]
    first_ms = known[0][0]
    base_ms = max((time_ms for time_ms in saved if time_ms <= first_ms), default=None)
    base = Counter() if base_ms is None else states.get(base_ms)
    if base is not None:  # the state may be older than the life before
        assert known[0][1] == base + (Counter() if base_ms == first_ms else batches[first_ms])
    for (_, last), (time_ms, state) in pairwise(known):
        if time_ms not in saved:
            assert state == last + batches[time_ms]


def check_lines(lives: list[list[Fact]]) -> None:
    """No line is in two batches, and lines are missing only between two lives."""
    for life in lives:
        numbers = [number for fact in life for number in fact.get("lines", ())]
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
    everything = Counter(number for life in lives for fact in life for number in fact.get("lines", ()))
    assert set(everything.values()) == {1}
    assert len(everything) > 1000 * len(lives)


def words_of(numbers: list[int]) -> Counter[str]:
    return Counter(WORDS[number % len(WORDS)] for number in numbers)


pytestmark = pytest.mark.recovery
