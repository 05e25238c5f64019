"""Recordings of real Spark, by the first part of their name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sparksim.fidelity.recording import Recording, read_recording

DATA = Path(__file__).parents[1] / "data" / "fidelity"

Find = Callable[[str], Path]


@pytest.fixture
def path_of() -> Find:
    def find(name: str) -> Path:
        (path,) = DATA.glob(f"{name}*.json")
        return path

    return find


@pytest.fixture
def recorded(path_of: Find) -> Callable[[str], Recording]:
    return lambda name: read_recording(path_of(name))
