"""What a simulated source sends, and when: loads are values.

A load gives arrivals: `(time_ms, record)` in order of time, from the start of the simulation, drawn from generators of
its own. Whether anybody is connected to hear them is not its concern. `Acknowledged` and `Retained` wrap a load: the
same records at the same times, from a server that keeps them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from math import inf
from typing import Any, Protocol

from sparksim.core.arguments import is_count, is_number, is_positive
from sparksim.core.counted import CountedRecords
from sparksim.core.errors import IllegalArgumentError

RecordMaker = str | Callable[[random.Random], Any]
"""A text that is sent over and over, or a function of a seeded generator that makes the next record."""

WORDS = ("spark", "stream", "batch", "block", "task", "stage", "driver", "window", "state", "kafka")


def random_words(rng: random.Random) -> str:
    """A line of one to five words out of ten."""
    random, bits = rng.random, rng.getrandbits
    while (more := bits(3)) > 4:
        pass
    # The draws of `randint(1, 5)` and of `choices`, in half the time.
    return " ".join([WORDS[int(random() * 10.0)] for _ in range(1 + more)])


class Load(Protocol):
    """Anything with arrivals."""

    def arrivals(self, rng: random.Random) -> Iterator[tuple[float, Any]]:
        """`(time_ms, record)`, times not decreasing, to the microsecond."""


def _rate(owner: str, name: str, value: float, may_be_zero: bool = False) -> None:
    if not (is_number(value) if may_be_zero else is_positive(value)):
        allowed = "a number, 0 or more," if may_be_zero else "a positive number"
        raise IllegalArgumentError(f"{owner}({name}={value!r}): give {allowed} of records per second")


def _seconds(owner: str, name: str, value: float) -> None:
    if not is_number(value):
        raise IllegalArgumentError(f"{owner}({name}={value!r}): give a number of seconds, 0 or more")


def _maker(owner: str, record: object) -> None:
    if not isinstance(record, str) and not callable(record):
        raise IllegalArgumentError(f"{owner}(record={record!r}): give a text, or a function of a random generator")


def _is_pair(value: object) -> bool:
    return isinstance(value, (tuple, list)) and len(value) == 2


def _make(record: RecordMaker, rng: random.Random) -> Any:
    return record if isinstance(record, str) else record(rng)


def _evenly(begin_ms: float, end_ms: float, rate: float) -> Iterator[float]:
    """Moments `1000 / rate` apart, from `begin_ms` on, before `end_ms`."""
    if rate > 0:
        for number in count():
            moment = round(begin_ms + number * 1000 / rate, 3)
            if moment >= end_ms:
                return
            yield moment


@dataclass(frozen=True)
class Constant:
    """`rate` records per second, evenly spaced, for ever."""

    rate: float
    record: RecordMaker = random_words

    def __post_init__(self) -> None:
        _rate("Constant", "rate", self.rate)
        _maker("Constant", self.record)

    def arrivals(self, rng: random.Random) -> Iterator[tuple[float, Any]]:
        for moment in _evenly(0.0, inf, self.rate):
            yield moment, _make(self.record, rng)


@dataclass(frozen=True)
class Counted:
    """`rate` records per second without content, for ever: a number of them at every `every` seconds.

    For clusters too large for real data. Blocks, batches, tasks, delays and losses are those of real records; but the
    program's functions see none, so its results are empty, and what costs time after reading (shuffles, states, what a
    window keeps) costs as much as for no record. Raises `IllegalArgumentError` for numbers that are not positive.
    """

    rate: float
    every: float = 0.1

    def __post_init__(self) -> None:
        _rate("Counted", "rate", self.rate)
        if not is_positive(self.every):
            raise IllegalArgumentError(f"Counted(every={self.every!r}): give a positive number of seconds")

    def arrivals(self, rng: random.Random) -> Iterator[tuple[float, Any]]:
        sent = 0
        for turn in count(1):
            due = int(turn * self.every * self.rate + 1e-9)
            if due > sent:
                yield round(turn * self.every * 1000, 3), CountedRecords(due - sent)
                sent = due


@dataclass(frozen=True)
class Poisson:
    """`rate` records per second on average, independently of each other, for ever."""

    rate: float
    record: RecordMaker = random_words

    def __post_init__(self) -> None:
        _rate("Poisson", "rate", self.rate)
        _maker("Poisson", self.record)

    def arrivals(self, rng: random.Random) -> Iterator[tuple[float, Any]]:
        gap = random.Random(rng.random()).expovariate
        moment = 0.0
        while True:
            moment = round(moment + gap(self.rate) * 1000, 3)
            yield moment, _make(self.record, rng)


@dataclass(frozen=True)
class Steps:
    """`(seconds, rate)` in turn, evenly spaced within each step; silence after the last."""

    steps: Sequence[tuple[float, float]]
    record: RecordMaker = random_words

    def __post_init__(self) -> None:
        for step in self.steps:
            if not _is_pair(step):
                raise IllegalArgumentError(f"Steps: {step!r} is not a pair of (seconds, records per second)")
            _seconds("Steps", "seconds", step[0])
            _rate("Steps", "rate", step[1], may_be_zero=True)
        _maker("Steps", self.record)

    def arrivals(self, rng: random.Random) -> Iterator[tuple[float, Any]]:
        begin_ms = 0.0
        for seconds, rate in self.steps:
            for moment in _evenly(begin_ms, begin_ms + seconds * 1000, rate):
                yield moment, _make(self.record, rng)
            begin_ms += seconds * 1000


@dataclass(frozen=True)
class Burst:
    """`base` records per second, and `rate` for `duration` seconds from second `at` on."""

    rate: float
    at: float
    duration: float
    base: float = 0.0
    record: RecordMaker = random_words

    def __post_init__(self) -> None:
        _rate("Burst", "rate", self.rate)
        _rate("Burst", "base", self.base, may_be_zero=True)
        _seconds("Burst", "at", self.at)
        _seconds("Burst", "duration", self.duration)
        _maker("Burst", self.record)

    def arrivals(self, rng: random.Random) -> Iterator[tuple[float, Any]]:
        begin_ms, end_ms = self.at * 1000, (self.at + self.duration) * 1000
        for moments in (
            _evenly(0.0, begin_ms, self.base),
            _evenly(begin_ms, end_ms, self.rate),
            _evenly(end_ms, inf, self.base),
        ):
            for moment in moments:
                yield moment, _make(self.record, rng)


@dataclass(frozen=True)
class Replay:
    """Exactly these `(seconds, record)`; then silence."""

    records: Sequence[tuple[float, Any]]

    def __post_init__(self) -> None:
        before = 0.0
        for entry in self.records:
            if not _is_pair(entry):
                raise IllegalArgumentError(f"Replay: {entry!r} is not a pair of (seconds, record)")
            _seconds("Replay", "seconds", entry[0])
            if entry[0] < before:
                raise IllegalArgumentError(f"Replay: {entry!r} comes after a record at {before!r} s; sort them by time")
            before = entry[0]

    def arrivals(self, rng: random.Random) -> Iterator[tuple[float, Any]]:
        for seconds, record in self.records:
            yield round(seconds * 1000, 3), record


@dataclass(frozen=True)
class Acknowledged:
    """The load of a message queue: a message is kept until a receiver acknowledges it, and else delivered again.

    What a reliable receiver needs (`sparksim.streaming.queue_receiver`).
    """

    load: Load

    def __post_init__(self) -> None:
        _plain("Acknowledged", self.load)

    def arrivals(self, rng: random.Random) -> Iterator[tuple[float, Any]]:
        return self.load.arrivals(rng)


@dataclass(frozen=True)
class Retained:
    """The load of a log that is kept for good: record k is written to partition k modulo `partitions`.

    What a direct stream reads (`sparksim.streaming.direct_dstream`), as often as it likes.
    """

    load: Load
    partitions: int = 1

    def __post_init__(self) -> None:
        _plain("Retained", self.load)
        if not is_count(self.partitions):
            raise IllegalArgumentError(f"Retained(partitions={self.partitions!r}): give a whole number, 1 or more")

    def arrivals(self, rng: random.Random) -> Iterator[tuple[float, Any]]:
        return self.load.arrivals(rng)


def _plain(owner: str, load: object) -> None:
    if isinstance(load, (Acknowledged, Counted, Retained)) or not hasattr(load, "arrivals"):
        raise IllegalArgumentError(
            f"{owner}(load={load!r}): give a load that says when which records come, such as {owner}(Constant(rate=10))"
        )
