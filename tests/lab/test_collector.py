"""The garbage collector rests while a run is made and sent, and works again after; somebody else's choice stands."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator

import pytest

from sparksim.lab.collector import Collector


@pytest.fixture(autouse=True)
def _collecting() -> Iterator[None]:
    gc.enable()
    yield
    gc.enable()


def test_it_rests_inside_and_works_after_also_when_something_fails() -> None:
    def fail() -> None:
        with Collector().resting():
            assert not gc.isenabled()
            raise ValueError("no run")

    with pytest.raises(ValueError, match="no run"):
        fail()
    assert gc.isenabled()


def test_with_a_loop_it_rests_a_moment_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sparksim.lab.collector.REST_S", 0.0)
    collector = Collector()

    async def twice() -> list[bool]:
        loop = asyncio.get_running_loop()
        seen = []
        for _ in range(2):
            with collector.resting(loop):
                seen.append(gc.isenabled())
            seen.append(gc.isenabled())
        while not gc.isenabled():
            await asyncio.sleep(0)
        return seen

    assert asyncio.run(twice()) == [False] * 4
    assert gc.isenabled()


def test_who_has_switched_it_off_finds_it_off() -> None:
    gc.disable()
    with Collector().resting():
        pass
    assert not gc.isenabled()
