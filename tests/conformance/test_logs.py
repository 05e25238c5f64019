"""The log of received blocks and the log in files, against scripts from Spark's own suites and a few of our own."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from sparksim.streaming.received_blocks import BatchAllocationEvent, ReceivedBlockInfo, ReceivedBlockTracker
from sparksim.streaming.write_ahead_log import FileBasedWriteAheadLog
from tests.conformance.dstream_cases import shared_vectors

Step = dict[str, Any]
Vector = dict[str, Any]


def _step(do: str, **fields: Any) -> Step:
    return {"do": do, **fields}


OWN: list[Vector] = [
    {
        "id": "tracker-allocation-not-logged",
        "kind": "tracker",
        "steps": [
            _step("new", wal=True),
            _step("add", stream=1, blocks=["a"]),
            _step("fail_next_allocation_write"),
            _step("allocate", batch=1),
            _step("batch", batch=1, stream=1, expect=[]),
            _step("unallocated", stream=1, expect=["a"]),
            _step("allocate", batch=2),
            _step("batch", batch=2, stream=1, expect=["a"]),
            _step("recover", from_log=True),
            _step("batch", batch=1, stream=1, expect=[]),
            _step("batch", batch=2, stream=1, expect=["a"]),
        ],
    },
    {
        "id": "tracker-clean-up",
        "kind": "tracker",
        "steps": [
            _step("new", wal=True),
            _step("add", stream=1, blocks=["a"]),
            _step("allocate", batch=1),
            _step("advance", ms=2000),
            _step("add", stream=1, blocks=["b"]),
            _step("allocate", batch=2),
            _step("cleanup", before=2),
            _step("batch", batch=1, stream=1, expect=[]),
            _step("batch", batch=2, stream=1, expect=["b"]),
            _step("stop"),
            _step("recover", from_log=False),
            _step("batch", batch=2, stream=1, expect=[]),
            _step("recover", from_log=True),
            _step("batch", batch=1, stream=1, expect=[]),
            _step("batch", batch=2, stream=1, expect=["b"]),
        ],
    },
    {
        "id": "wal-one-file-per-record",
        "kind": "wal",
        "steps": [
            _step("open", rolling_secs=60, close_after_write=True),
            _step("write", data="a", time=1000),
            _step("write", data="b", time=1001),
            _step("files", expect=["log-1000-61000", "log-1001-61001"]),
            _step("open", rolling_secs=60, close_after_write=True),
            _step("read_all", expect=["a", "b"]),
        ],
    },
]


def scripts(kind: str) -> Any:
    found = [vector for vector in [*shared_vectors(), *OWN] if vector["kind"] == kind]
    return pytest.mark.parametrize("vector", found, ids=lambda vector: vector["id"])


def follow(vector: Vector, actor: object) -> None:
    """Let the actor's method of that name do every step, and compare what it answers: `"ok"` is any answer."""
    for step in vector["steps"]:
        arguments = {name: value for name, value in step.items() if name not in ("do", "expect")}
        got = getattr(actor, step["do"])(**arguments)
        assert step.get("expect", "ok") in ("ok", got), f"{step} answered {got!r}"


class _Log(FileBasedWriteAheadLog):
    """Fails at the next allocation of a batch if told to."""

    fail_next_allocation = False

    def write(self, record: bytes, time_ms: float) -> Any:
        if self.fail_next_allocation and isinstance(pickle.loads(record), BatchAllocationEvent):
            self.fail_next_allocation = False
            raise OSError("told to fail")
        return super().write(record, time_ms)


class _Tracker:
    """The steps of kind `tracker`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._now_ms = 1000

    def new(self, wal: bool, streams: tuple[int, ...] = (1,), recover: bool = False) -> None:
        self._streams = streams
        self._log = _Log(str(self._directory), rolling_interval_s=1) if wal else None
        self._tracker = ReceivedBlockTracker(list(streams), self._log, recover)

    def recover(self, from_log: bool) -> None:
        self.new(True, self._streams, from_log)

    def wal_enabled(self) -> bool:
        return self._tracker.is_write_ahead_log_enabled

    def add(self, stream: int, blocks: list[str]) -> None:
        for block_id in blocks:
            assert self._tracker.add_block(ReceivedBlockInfo(stream, block_id, 1), self._now_ms)

    def allocate(self, batch: int) -> None:
        self._tracker.allocate_blocks_to_batch(batch, self._now_ms)

    def batch(self, batch: int, stream: int) -> list[str]:
        return [block.block_id for block in self._tracker.blocks_of_batch(batch, stream)]

    def unallocated(self, stream: int) -> list[str]:
        return [block.block_id for block in self._tracker.unallocated(stream)]

    def has_unallocated(self) -> bool:
        return self._tracker.has_unallocated_blocks

    def fail_next_allocation_write(self) -> None:
        assert self._log is not None
        self._log.fail_next_allocation = True

    def cleanup(self, before: int) -> None:
        self._tracker.cleanup_old_batches(before, self._now_ms)

    def advance(self, ms: int) -> None:
        self._now_ms += ms

    def stop(self) -> None:
        self._tracker.stop()


class _Files:
    """The steps of kind `wal`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def open(self, rolling_secs: int, close_after_write: bool = False) -> None:
        self._log = FileBasedWriteAheadLog(str(self._directory), rolling_secs, close_file_after_write=close_after_write)

    def write(self, data: str, time: int) -> None:
        self._log.write(data.encode(), time)

    def read_all(self) -> list[str]:
        return [record.decode() for record in self._log.read_all()]

    def files(self) -> list[str]:
        return sorted(file.name for file in self._directory.glob("*"))

    def clean(self, before: int) -> None:
        self._log.clean(before)

    def append_garbage(self, file: int) -> None:
        with (self._directory / self.files()[file]).open("ab") as damaged:
            damaged.write(b"This is no record.")

    def close(self) -> None:
        self._log.close()


@scripts("tracker")
def test_received_block_tracker(vector: Vector, tmp_path: Path) -> None:
    follow(vector, _Tracker(tmp_path / "checkpoint"))


@scripts("wal")
def test_write_ahead_log(vector: Vector, tmp_path: Path) -> None:
    follow(vector, _Files(tmp_path / "log"))
