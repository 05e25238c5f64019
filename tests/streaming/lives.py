"""Several lives of a driver in one test: what a program noted is kept here, out of reach of its checkpoints.

A function that is checkpointed is saved with what it captures. What it finds in a module it finds there again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sparksim.sim import DriverCrash, Run, Simulation

NOTES: list[Any] = []
"""What the program's functions noted, life after life."""

DIRECTORY = "sim://checkpoint"


def note(rdd: Any) -> None:
    NOTES.append(sorted(rdd.collect()))


def remember(value: Any) -> None:
    NOTES.append(value)


def total(new: list[int], state: int | None) -> int:
    return sum(new) + (state or 0)


def one(record: Any) -> tuple[Any, int]:
    return record, 1


def running_count(ssc: Any) -> None:
    """The words of files, counted from the beginning."""
    ssc.textFileStream("sim://in").map(one).updateStateByKey(total).foreachRDD(note)


def story(words: str, every: float = 1.0) -> dict[str, Any]:
    """One file per letter, in the middle of each batch."""
    return {f"sim://in/{number}": ((number + 0.5) * every, word) for number, word in enumerate(words)}


def live(
    program: Callable[[Any], None], *crashes: tuple[float, float | None], until: float, **surroundings: Any
) -> Run:
    """Run `program` with crashes `(at, restart_after)`; its notes begin anew."""
    NOTES.clear()
    faults = [DriverCrash(at=at, restart_after=after) for at, after in crashes]
    given = {"batch": 1.0, "cost": "free", "checkpoint": DIRECTORY, "faults": faults, **surroundings}
    return Simulation(program, **given).run(until=until)
