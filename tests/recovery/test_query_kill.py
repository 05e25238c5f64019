"""A live streaming query under `kill -9`: every row of its files is in the output once, however often it dies."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("query_program.py")
REPOSITORY = Path(__file__).parents[2]
FILES, ROWS_PER_FILE, KILLS = 60, 8, 7
PATIENCE_S = 120


class Folders:
    """The input, the output and the checkpoint of the query."""

    def __init__(self, root: Path) -> None:
        self.input, self.output, self.checkpoint = root / "in", root / "out", root / "checkpoint"

    def fill(self) -> None:
        """Each file begins with the last row of the one before."""
        self.input.mkdir()
        for number in range(FILES):
            first = number * ROWS_PER_FILE
            rows = range(max(first - 1, 0), first + ROWS_PER_FILE)
            path = self.input / f"{number:03}.json"
            path.write_text("".join(f'{{"n": {n}, "at": "{at(n)}"}}\n' for n in rows))
            os.utime(path, (number + 1, number + 1))

    def batches_done(self) -> int:
        commits = self.checkpoint / "commits"
        return sum(path.name.isdigit() for path in commits.iterdir()) if commits.exists() else 0

    def written(self) -> Counter[int]:
        """The rows of the files that the log names: in the newest compacted entry, and in those that follow."""
        entries = {int(path.name.partition(".")[0]): path for path in (self.output / "_spark_metadata").glob("[0-9]*")}
        compacted = max((number for number, path in entries.items() if path.suffix == ".compact"), default=0)
        paths = [path for number, entry in entries.items() if number >= compacted for path in named(entry)]
        return Counter(json.loads(line)["n"] for path in paths for line in path.read_text().splitlines())


def at(number: int) -> str:
    return f"2024-01-01 00:{number // 60:02}:{number % 60:02}"


def named(entry: Path) -> Iterator[Path]:
    for line in entry.read_text().splitlines()[1:]:
        yield Path(json.loads(line)["path"].removeprefix("file://"))


def start(folders: Folders) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), str(folders.input), str(folders.output), str(folders.checkpoint)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stderr=subprocess.DEVNULL,
    )


def wait_for_batches(folders: Folders, process: subprocess.Popen[bytes], count: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while folders.batches_done() < count:
        assert process.poll() is None, f"the program ended by itself with code {process.returncode}"
        assert time.monotonic() < deadline, f"after {PATIENCE_S} s only {folders.batches_done()} batches are done"
        time.sleep(0.002)


def test_every_row_once_after_seven_times_kill_9(tmp_path: Path) -> None:
    rng = random.Random("kill -9 a query")
    folders = Folders(tmp_path)
    folders.fill()
    for _ in range(KILLS):
        process = start(folders)
        try:
            wait_for_batches(folders, process, folders.batches_done() + rng.randint(1, 4))
            time.sleep(rng.uniform(0, 0.15))
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
    assert folders.batches_done() < FILES
    assert start(folders).wait(PATIENCE_S) == 0
    assert folders.written() == Counter(range(FILES * ROWS_PER_FILE))


pytestmark = pytest.mark.recovery
