"""What the panel turns: read off a simulation, and turned into another one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sparksim import StorageLevel
from sparksim.core.errors import IllegalArgumentError
from sparksim.lab.settings import LEVELS, Settings
from sparksim.sim import Cluster, Constant, DriverCrash, ExecutorCrash, ReceiverCrash, Replay, Retained
from tests.lab.program import simulation


def test_settings_are_those_of_the_simulation() -> None:
    settings = Settings.of(
        simulation(
            cores=4,
            conf={"spark.streaming.backpressure.enabled": "TRUE", "spark.streaming.concurrentJobs": "2"},
            storage_level=StorageLevel.DISK_ONLY,
            checkpoint="sim://here",
        )
    )
    assert settings == Settings(
        batch=2.0, block=0.2, rate=10, executors=3, cores=4, concurrent_jobs=2, storage_level="DISK_ONLY", log=False,
        checkpoint=True, backpressure=True,
    )  # fmt: skip


@pytest.mark.parametrize(("load", "rate"), [(Constant(5), 5), (Retained(Constant(7)), 7), (Replay([(1, "a")]), None)])
def test_the_rate_is_that_of_a_load_or_of_what_it_wraps(load: Any, rate: float | None) -> None:
    assert Settings.of(simulation(network={"localhost:9999": load})).rate == rate


def test_untouched_settings_leave_the_simulation_as_it_is() -> None:
    given = simulation(faults=[ReceiverCrash(at=1)])
    assert Settings.of(given).turned(given) is given


@pytest.mark.parametrize(
    ("setting", "value", "argument", "expected"),
    [
        ("batch", 1.0, "batch", 1.0),
        ("block", 0.5, "block", 0.5),
        ("executors", 5, "cluster", Cluster(5, 2)),
        ("cores", 1, "cluster", Cluster(3, 1)),
        ("log", True, "conf", {"spark.streaming.receiver.writeAheadLog.enable": True}),
        ("backpressure", True, "conf", {"spark.streaming.backpressure.enabled": True}),
        ("concurrent_jobs", 3, "conf", {"spark.streaming.concurrentJobs": 3}),
        ("checkpoint", True, "checkpoint", "sim://checkpoint"),
        ("storage_level", "MEMORY_ONLY_2", "storage_level", StorageLevel.MEMORY_ONLY_2),
        ("executor_crash", 3.0, "faults", [ExecutorCrash("receiver", at=3.0, restart_after=2.0)]),
        ("receiver_crash", 4.0, "faults", [ReceiverCrash(at=4.0)]),
        ("driver_crash", 5.0, "faults", [DriverCrash(at=5.0, restart_after=2.0)]),
    ],
)
def test_each_setting_turns_one_argument(setting: str, value: Any, argument: str, expected: Any) -> None:
    given = simulation()
    turned = replace(Settings.of(given), **{setting: value}).turned(given)
    changed = {name for name in given.arguments if turned.arguments[name] != given.arguments[name]}
    assert (changed, turned.arguments[argument]) == ({argument}, expected)


def test_a_crash_comes_beside_those_of_the_simulation() -> None:
    given = simulation(faults=[ReceiverCrash(at=1)])
    turned = replace(Settings.of(given), driver_crash=5.0).turned(given)
    assert turned.arguments["faults"] == [ReceiverCrash(at=1), DriverCrash(at=5.0, restart_after=2.0)]


@pytest.mark.parametrize("name", LEVELS[1:])
def test_every_level_is_one_of_pyspark_s(name: str) -> None:
    given = simulation(storage_level=getattr(StorageLevel, name))
    assert Settings.of(given).storage_level == name


def test_the_storage_level_takes_the_place_of_the_program_s() -> None:
    stored = {event.level for event in _blocks_stored(simulation(storage_level=StorageLevel.MEMORY_ONLY))}
    assert stored == {"MEMORY_ONLY_SER"}
    assert {event.level for event in _blocks_stored(simulation())} == {"MEMORY_AND_DISK_SER_2"}


def _blocks_stored(given: Any) -> list[Any]:
    from sparksim.trace.events import BlockStored

    stored = given.run(until=3).trace.of(BlockStored)
    assert stored
    return [event for event in stored if event.block_id.startswith("input")]


@pytest.mark.parametrize("level", ["MEMORY_ONLY", StorageLevel.NONE, 2])
def test_what_is_no_storage_level_is_refused(level: Any) -> None:
    with pytest.raises(IllegalArgumentError, match=r"storage_level=.*: give a StorageLevel that keeps blocks"):
        simulation(storage_level=level)
