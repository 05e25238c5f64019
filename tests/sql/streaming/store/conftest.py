"""A place for a checkpoint on each kind of file system."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from sparksim.cluster.virtual_clock import VirtualClock
from sparksim.sim.files import SimulatedFiles


@pytest.fixture(params=["plain path", "file", "memory", "sim"])
def checkpoint(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    simulated = SimulatedFiles(VirtualClock())
    simulated.mount()
    yield {
        "plain path": str(tmp_path / "checkpoint"),
        "file": f"file://{tmp_path}/checkpoint",
        "memory": "memory://test-query-store/checkpoint",
        "sim": "sim://checkpoint",
    }[str(request.param)]
    simulated.unmount()
    MemoryFileSystem.store.clear()
