"""One program, killed and restarted in the same way on real Spark and on sparksim: both must do what is said here.

The batch of the newest checkpoint runs again, even when it had been processed. So do those that were not finished, and
those that were missed. The state then counts every file once.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.spark

PROGRAM = Path(__file__).with_name("recovery_program.py")
REPOSITORY = Path(__file__).parents[2]
BATCH_MS = 2000
PATIENCE_S = 90

Fact = dict[str, Any]


class Writer:
    """Moves a file with one word into the directory, again and again; every third word is `or`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._over = threading.Event()
        self._turn = threading.Lock()
        self.written: list[tuple[int, str]] = []

    def write(self, word: str) -> None:
        with self._turn:
            number = len(self.written)
            hidden, path = self._directory / f".{number}", self._directory / f"{number}.txt"
            hidden.write_text(word + "\n")
            hidden.rename(path)
            self.written.append((path.stat().st_mtime_ns // 1_000_000, word))

    def serve(self) -> None:
        while not self._over.wait(0.35):
            self.write("or" if len(self.written) % 3 == 0 else "be")

    @contextmanager
    def at_work(self) -> Iterator[None]:
        thread = threading.Thread(target=self.serve)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()


class Life:
    """One driver; what it noted."""

    def __init__(self, engine: str, folder: Path) -> None:
        self._diary = folder / "diary"
        self._diary.touch()
        self._begin = self._diary.stat().st_size
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "SPARK_LOCAL_IP": "127.0.0.1"}
        environment |= {"PYSPARK_PYTHON": sys.executable, "PYSPARK_DRIVER_PYTHON": sys.executable}
        self._process = subprocess.Popen(
            [sys.executable, str(PROGRAM), engine, str(folder / "in"), str(folder / "checkpoint"), str(self._diary)],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def facts(self) -> list[Fact]:
        text = self._diary.read_bytes()[self._begin :].decode()
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def wait_for(self, batches: int, fact: str = "done") -> None:
        """Until so many batches were processed since the program started, or restarted."""
        self.wait_until(lambda: sum(fact in each for each in self.facts) >= batches)

    def wait_until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not holds():
            assert self._process.poll() is None, f"the program ended by itself with code {self._process.returncode}"
            assert time.monotonic() < deadline, f"after {PATIENCE_S} s the program has noted only {self.facts[-3:]}"
            time.sleep(0.02)

    def kill(self) -> list[Fact]:
        os.killpg(self._process.pid, signal.SIGKILL)  # the driver's Python and its JVM
        self._process.wait()
        return self.facts


def newest_ms(folder: Path) -> int:
    names = [path.name for path in (folder / "checkpoint").iterdir() if path.name.startswith("checkpoint-")]
    return max(int(name.removesuffix(".bk").removeprefix("checkpoint-")) for name in names)


def is_settled(folder: Path, facts: list[Fact]) -> bool:
    """Whether the newest checkpoint was written after its own batch was processed, and the next one is not near.

    It may have the newest name and yet be that of the batch before, written late. And Spark renames a file and its
    checksum one after the other: a kill in between leaves a checkpoint that cannot be read.
    """
    newest = newest_ms(folder)
    done_ms = next((fact["at"] for fact in facts if fact.get("done") == newest), None)
    path = folder / "checkpoint" / f"checkpoint-{newest}"
    if done_ms is None or not path.exists() or not path.with_name(path.name + ".bk").exists():
        return False
    return path.stat().st_mtime * 1000 > done_ms and time.time() * 1000 - newest < 0.8 * BATCH_MS


def times(facts: list[Fact], fact: str) -> list[int]:
    return [each[fact] for each in facts if fact in each]


@pytest.mark.parametrize("engine", ["pyspark", "sparksim"])
def test_the_same_batches_run_again(engine: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    writer = Writer(tmp_path / "in")
    lives: list[Life] = []
    try:
        with writer.at_work():
            lives.append(Life(engine, tmp_path))
            lives[-1].wait_for(4)
            lives[-1].wait_until(lambda: is_settled(tmp_path, lives[-1].facts))
            first, first_newest_ms = lives[-1].kill(), newest_ms(tmp_path)
            time.sleep(1.5)

            lives.append(Life(engine, tmp_path))
            lives[-1].wait_until(lambda: any("started" in fact for fact in lives[-1].facts))
            writer.write("slow")
            began = len(lives[-1].facts)
            lives[-1].wait_until(lambda: slow_batch(lives[-1].facts[began:]) is not None)
            time.sleep(4.8)  # two more batches were generated, and wait behind the slow one
            second, second_newest_ms = lives[-1].kill(), newest_ms(tmp_path)

            lives.append(Life(engine, tmp_path))
            lives[-1].wait_until(lambda: times(lives[-1].facts, "done")[-1:] > [second_newest_ms + 3 * BATCH_MS])
            third = lives[-1].kill()
    finally:
        for life in lives:
            life.kill() if life._process.poll() is None else None

    # A batch that had been processed runs again, because the newest checkpoint is its own.
    assert first_newest_ms in times(first, "done")
    assert times(second, "begun") == every_batch(first_newest_ms, times(second, "begun")[-1])
    # The slow batch was not finished, and the checkpoint of a later one says so.
    slow_ms = slow_batch(second)
    assert slow_ms is not None
    assert second_newest_ms > slow_ms
    assert times(third, "begun") == every_batch(slow_ms, times(third, "begun")[-1])
    # No file is lost, none counts twice: not those of repeated batches, nor those that came while no driver lived.
    [before_ms], [after_ms] = times(first, "before_stream"), times(first, "after_stream")
    for fact in (*first, *second, *third):
        if "done" in fact:
            state = Counter(fact["state"])
            sure = Counter(word for at_ms, word in writer.written if after_ms < at_ms <= fact["done"])
            perhaps = Counter(word for at_ms, word in writer.written if before_ms < at_ms <= fact["done"])
            assert sure <= state <= perhaps, f"batch {fact['done']} has {state}, not {sure}"


def slow_batch(facts: list[Fact]) -> int | None:
    """The first batch in whose state the slow word is."""
    return next((fact["done"] for fact in facts if "slow" in fact.get("state", ())), None)


def every_batch(first_ms: int, last_ms: int) -> list[int]:
    return list(range(first_ms, last_ms + 1, BATCH_MS))
