"""The rules of the Trace Event Format, as its document states them, for the phases that we write.

`violations(document)` gives a sentence for each rule that is broken. It knows nothing of how our files are made.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

Json = dict[str, Any]

TOP = {"traceEvents", "displayTimeUnit", "otherData"}
COMMON = {"name", "ph", "pid", "tid"}
TIMED = COMMON | {"cat", "ts"}
REQUIRED = {
    "X": TIMED | {"dur"},
    "i": TIMED | {"s"},
    "C": TIMED | {"args"},
    "M": COMMON | {"args"},
    "s": TIMED | {"id"},
    "t": TIMED | {"id"},
    "f": TIMED | {"id"},
}
OPTIONAL = {"X": {"args"}, "i": {"args"}, "f": {"bp"}}
METADATA = {
    "process_name": ("name", str),
    "process_sort_index": ("sort_index", int),
    "thread_name": ("name", str),
    "thread_sort_index": ("sort_index", int),
}
TYPES: dict[str, tuple[type, ...]] = {
    "name": (str,),
    "cat": (str,),
    "pid": (int,),
    "tid": (int,),
    "ts": (int, float),
    "dur": (int, float),
    "id": (int, str),
    "args": (dict,),
}


def violations(document: Any) -> list[str]:
    """What is wrong with a file, as JSON; empty when nothing is."""
    if not isinstance(document, dict) or not isinstance(document.get("traceEvents"), list):
        return ["the document is no object with a list of traceEvents"]
    events: list[Json] = document["traceEvents"]
    found = [f"unknown part {name}" for name in sorted(document.keys() - TOP)]
    if document.get("displayTimeUnit") not in ("ms", "ns"):
        found.append("displayTimeUnit is neither ms nor ns")
    for number, event in enumerate(events):
        found += [f"event {number}: {wrong}" for wrong in _wrong_in(event)]
    if not found:
        found += [*_misnested(events), *_broken_flows(events), *_nameless(events)]
    return found


def _wrong_in(event: Json) -> Iterator[str]:
    """Within one event: its fields and their types."""
    phase = event.get("ph")
    if phase not in REQUIRED:
        yield f"unknown phase {phase!r}"
        return
    if missing := REQUIRED[phase] - event.keys():
        yield f"{phase} without {', '.join(sorted(missing))}"
        return
    if unknown := event.keys() - REQUIRED[phase] - OPTIONAL.get(phase, set()):
        yield f"{phase} does not know {', '.join(sorted(unknown))}"
    for field, types in TYPES.items():
        if field in event and type(event[field]) not in types:
            yield f"{field} cannot be {event[field]!r}"
            return
    if event.get("dur", 0) < 0:
        yield f"a duration of {event['dur']}"
    if phase == "i" and event["s"] not in ("g", "p", "t"):
        yield f"no scope {event['s']!r}"
    if event.get("bp", "e") != "e":
        yield f"no binding point {event['bp']!r}"
    if phase == "C" and not all(type(value) in (int, float) for value in event["args"].values() or [None]):
        yield f"a counter of {event['args']}"
    if phase == "M" and event["name"] in METADATA:
        field, kind = METADATA[event["name"]]
        if type(event["args"].get(field)) is not kind:
            yield f"{event['name']} wants {field}"
    elif phase == "M":
        yield f"unknown metadata {event['name']}"


def _misnested(events: list[Json]) -> Iterator[str]:
    """Slices of one thread lie within each other or apart."""
    threads: dict[tuple[int, int], list[Json]] = {}
    for event in events:
        if event["ph"] == "X":
            threads.setdefault((event["pid"], event["tid"]), []).append(event)
    for place, slices in threads.items():
        open_until: list[float] = []
        for each in sorted(slices, key=lambda each: (each["ts"], -each["dur"])):
            end = each["ts"] + each["dur"]
            while open_until and open_until[-1] <= each["ts"]:
                open_until.pop()
            if open_until and end > open_until[-1]:
                yield f"slice {each['name']!r} at {each['ts']} overlaps another one of thread {place}"
            open_until.append(end)


def _broken_flows(events: list[Json]) -> Iterator[str]:
    """A flow is a start, steps and an end, in order of time, each within a slice of its thread."""
    slices: dict[tuple[int, int], list[tuple[float, float]]] = {}
    flows: dict[tuple[str, str, Any], list[Json]] = {}
    for event in events:
        if event["ph"] == "X":
            span = event["ts"], event["ts"] + event["dur"]
            slices.setdefault((event["pid"], event["tid"]), []).append(span)
        elif event["ph"] in "stf":
            flows.setdefault((event["cat"], event["name"], event["id"]), []).append(event)
    for key, steps in flows.items():
        phases = "".join(step["ph"] for step in steps)
        if phases != "s" + "t" * (len(phases) - 2) + "f":
            yield f"flow {key} goes {phases}"
        if any(before["ts"] > after["ts"] for before, after in pairwise(steps)):
            yield f"flow {key} goes back in time"
        for step in steps:
            around = slices.get((step["pid"], step["tid"]), [])
            if not any(begin <= step["ts"] < end for begin, end in around):
                yield f"flow {key} is in no slice at {step['ts']}"


def _nameless(events: list[Json]) -> Iterator[str]:
    """Every process and thread on which something happens has a name, and one name only."""
    named: dict[tuple[str, int, int], str] = {}
    for event in events:
        if event["ph"] == "M" and event["name"].endswith("_name"):
            kind = event["name"].removesuffix("_name")
            key = kind, event["pid"], event["tid"] if kind == "thread" else 0
            if key in named:
                yield f"{key} has two names"
            named[key] = event["args"]["name"]
    for event in events:
        if ("process", event["pid"], 0) not in named:
            yield f"process {event['pid']} has no name"
        if event["ph"] not in "MC" and ("thread", event["pid"], event["tid"]) not in named:
            yield f"thread {event['tid']} of process {event['pid']} has no name"
