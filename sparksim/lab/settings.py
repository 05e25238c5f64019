"""What the lab's panel turns, as one value: read off a simulation, and turned into another one.

What was not touched stays as the simulation has it, so the panel begins with exactly the run that it was given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from typing import Any

from sparksim.cluster.faults import DriverCrash, ExecutorCrash, Fault, ReceiverCrash
from sparksim.core.storage_level import StorageLevel
from sparksim.sim.simulation import Simulation

LOG = "spark.streaming.receiver.writeAheadLog.enable"
BACKPRESSURE = "spark.streaming.backpressure.enabled"
CONCURRENT_JOBS = "spark.streaming.concurrentJobs"

CHECKPOINT = "sim://checkpoint"
OWN_LEVEL = ""
LEVELS = (
    OWN_LEVEL,
    "MEMORY_ONLY",
    "MEMORY_ONLY_2",
    "MEMORY_AND_DISK",
    "MEMORY_AND_DISK_2",
    "DISK_ONLY",
    "DISK_ONLY_2",
)
"""Names of storage levels, as PySpark spells them; the first stands for the program's own."""

CRASHES = ("executor_crash", "receiver_crash", "driver_crash")
NEVER = 0.0
RESTART_S = 2.0
"""A crashed executor's replacement, and a crashed driver, start so many seconds later."""


@dataclass(frozen=True)
class Settings:
    """The panel's knobs. Times and intervals are in seconds; a crash at `NEVER` does not happen.

    `rate` is that of the first load with one, in records per second; None where no load has one.
    """

    batch: float
    block: float
    rate: float | None
    executors: int
    cores: int
    concurrent_jobs: int
    storage_level: str
    log: bool
    checkpoint: bool
    backpressure: bool
    executor_crash: float = NEVER
    receiver_crash: float = NEVER
    driver_crash: float = NEVER

    @staticmethod
    def of(simulation: Simulation) -> Settings:
        """What a simulation has."""
        has = simulation.arguments
        conf: Mapping[str, Any] = has["conf"] or {}
        return Settings(
            batch=has["batch"],
            block=has["block"],
            rate=next((rate for load in (has["network"] or {}).values() if (rate := _rate_of(load))), None),
            executors=has["cluster"].executors,
            cores=has["cluster"].cores,
            concurrent_jobs=int(conf.get(CONCURRENT_JOBS, 1)),
            storage_level=_name_of(has["storage_level"]),
            log=_is_on(conf, LOG),
            checkpoint=has["checkpoint"] is not None,
            backpressure=_is_on(conf, BACKPRESSURE),
        )

    def turned(self, simulation: Simulation) -> Simulation:
        """The simulation with these settings. Raises `IllegalArgumentError` for what it refuses."""
        before = asdict(Settings.of(simulation))
        new = {name: value for name, value in asdict(self).items() if value != before[name]}
        changes: dict[str, Any] = {
            name: new[name] for name in ("batch", "block", "rate", "executors", "cores") if name in new
        }
        conf = {LOG: new.get("log"), BACKPRESSURE: new.get("backpressure"), CONCURRENT_JOBS: new.get("concurrent_jobs")}
        if turned := {key: value for key, value in conf.items() if value is not None}:
            changes["conf"] = turned
        if "checkpoint" in new:
            changes["checkpoint"] = CHECKPOINT if self.checkpoint else None
        if "storage_level" in new:
            changes["storage_level"] = getattr(StorageLevel, self.storage_level) if self.storage_level else None
        if faults := self._faults():
            changes["faults"] = [*simulation.arguments["faults"], *faults]
        return simulation.with_(**changes) if changes else simulation

    def _faults(self) -> list[Fault]:
        faults: list[Fault] = []
        if self.executor_crash:
            faults.append(ExecutorCrash("receiver", at=self.executor_crash, restart_after=RESTART_S))
        if self.receiver_crash:
            faults.append(ReceiverCrash(at=self.receiver_crash))
        if self.driver_crash:
            faults.append(DriverCrash(at=self.driver_crash, restart_after=RESTART_S))
        return faults


def _is_on(conf: Mapping[str, Any], key: str) -> bool:
    return str(conf.get(key, False)).lower() == "true"


def _rate_of(load: Any) -> float | None:
    """The rate of a load, or of the load it wraps."""
    names = {field.name for field in fields(load)} if is_dataclass(load) else set()
    if "rate" in names:
        rate: float = load.rate
        return rate
    return _rate_of(load.load) if "load" in names else None


def _name_of(level: StorageLevel | None) -> str:
    return next((name for name in LEVELS if name and getattr(StorageLevel, name) == level), OWN_LEVEL)
