"""A file in the Trace Event Format, which chrome://tracing and Perfetto open: processes, threads, what happens there.

Times come in as milliseconds and go out as whole microseconds, the format's unit and the resolution of a trace. Slices
of one thread must lie one inside the other or apart; `in_lanes` gives those that overlap threads of their own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


FIRST_TID = 1_000
"""Perfetto takes a thread for the main one when its number is that of its process."""


@dataclass(frozen=True, slots=True)
class Thread:
    """Where something happens: the format's `pid` and `tid`."""

    pid: int
    tid: int


@dataclass(frozen=True, slots=True)
class Span:
    """Something with a beginning, an end and a name, before it has a thread."""

    name: str
    start_ms: float
    end_ms: float
    args: Json


class TraceEvents:
    """Collects the events. Processes and threads are made when they are first named, and shown in that order."""

    def __init__(self) -> None:
        self._pids: dict[str, int] = {}
        self._threads: dict[tuple[str, str], Thread] = {}
        self._metadata: list[Json] = []
        self._events: list[Json] = []
        self._flows = 0

    def process(self, name: str) -> int:
        """The `pid` of the process."""
        if name not in self._pids:
            pid = self._pids[name] = len(self._pids) + 1
            self._name("process", name, pid, 0, pid)
        return self._pids[name]

    def thread(self, process: str, name: str) -> Thread:
        """The thread of that name in that process; no two have the same `tid`."""
        key = process, name
        if key not in self._threads:
            thread = self._threads[key] = Thread(self.process(process), FIRST_TID + len(self._threads))
            self._name("thread", name, thread.pid, thread.tid, thread.tid)
        return self._threads[key]

    def slice(self, thread: Thread, category: str, span: Span) -> None:
        """A complete event. An outer one must come before those inside it."""
        start_us = _us(span.start_ms)
        self._add(
            thread, span.name, category, "X", ts=start_us, dur=max(_us(span.end_ms) - start_us, 1), args=span.args
        )

    def instant(self, thread: Thread, category: str, name: str, time_ms: float, args: Json) -> None:
        """Something without a duration. Perfetto shows it on its thread only when that is its scope."""
        self._add(thread, name, category, "i", ts=_us(time_ms), s="t", args=args)

    def counter(self, process: str, name: str, time_ms: float, value: float) -> None:
        """A value that holds from now on. Counters belong to processes."""
        self._add(Thread(self.process(process), 0), name, "counter", "C", ts=_us(time_ms), args={"value": value})

    def flow(self, name: str, steps: Iterable[tuple[Thread, float]]) -> None:
        """An arrow from slice to slice; each step is a thread and the moment at which its slice begins."""
        self._flows += 1
        *rest, last = steps
        for at, (thread, time_ms) in enumerate(rest):
            self._add(thread, name, "flow", "t" if at else "s", ts=_us(time_ms), id=self._flows)
        self._add(last[0], name, "flow", "f", ts=_us(last[1]), id=self._flows, bp="e")

    def write(self, path: str | os.PathLike[str], other_data: Json) -> None:
        """Write all of it as the format's JSON object, one event per line, in order of time."""
        ordered = [*self._metadata, *sorted(self._events, key=lambda event: int(event["ts"]))]
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.write('{"displayTimeUnit":"ms","otherData":' + _json(other_data) + ',"traceEvents":[\n')
            file.write(",\n".join(map(_json, ordered)))
            file.write("\n]}\n")

    def _name(self, kind: str, name: str, pid: int, tid: int, order: int) -> None:
        for what, args in ((f"{kind}_name", {"name": name}), (f"{kind}_sort_index", {"sort_index": order})):
            self._metadata.append({"name": what, "ph": "M", "pid": pid, "tid": tid, "args": args})

    def _add(self, thread: Thread, name: str, category: str, phase: str, **more: Any) -> None:
        event = {"name": name, "cat": category, "ph": phase, "pid": thread.pid, "tid": thread.tid}
        self._events.append(event | more)


def in_lanes(spans: Iterable[Span]) -> Iterator[tuple[int, Span]]:
    """Each span with the lowest lane that is free when it starts, counted from 0; in order of start."""
    free_at_ms: list[float] = []
    for span in sorted(spans, key=lambda span: (span.start_ms, -span.end_ms)):
        lane = next((lane for lane, end_ms in enumerate(free_at_ms) if end_ms <= span.start_ms), len(free_at_ms))
        free_at_ms[lane : lane + 1] = [span.end_ms + 0.001]  # a slice lasts a microsecond at least
        yield lane, span


def _us(time_ms: float) -> int:
    return round(time_ms * 1000)


def _json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
