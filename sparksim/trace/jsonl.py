"""A trace as a file of JSON lines: a header, then one event per line, in order.

The same trace always gives the same bytes. Times are rounded to a thousandth of a millisecond.
"""

from __future__ import annotations

import json
import os
import types
import typing
from collections.abc import Iterable
from dataclasses import fields
from functools import cache
from typing import Any

from sparksim.trace import events
from sparksim.trace.events import Event
from sparksim.trace.trace import Trace

FORMAT = "sparksim-trace"
VERSION = 1


class TraceFormatError(ValueError):
    """The file is not a trace that this version can read; the message names the file, the line and what is wrong."""


def write_jsonl(trace: Iterable[Event], path: str | os.PathLike[str]) -> None:
    """Write the events to `path`, replacing it."""
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(_line({"format": FORMAT, "version": VERSION}))
        for event in trace:
            values = {field.name: getattr(event, field.name) for field in fields(event)}
            values["time_ms"] = round(float(event.time_ms), 3)
            file.write(_line({"event": type(event).__name__, **values}))


def read_jsonl(path: str | os.PathLike[str]) -> Trace:
    """The trace that `write_jsonl` wrote. Raises `TraceFormatError` for a file that holds anything else."""
    trace = Trace()
    number = 1
    try:
        with open(path, encoding="utf-8") as file:
            _check_header(_object(file.readline()))
            for line in file:
                number += 1
                trace.append(_event(_object(line)))
    except ValueError as error:
        raise TraceFormatError(f"{os.fspath(path)}, line {number}: {error}") from None
    return trace


def _line(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"


def _object(line: str) -> dict[str, Any]:
    if not line.strip():
        raise ValueError("the line is empty")
    try:
        values = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at column {error.colno}") from None
    if not isinstance(values, dict):
        raise ValueError(f"expected a JSON object, got {line.strip()[:60]}")
    return values


def _check_header(values: dict[str, Any]) -> None:
    if values.get("format") != FORMAT:
        raise ValueError(f'not a trace: the first line must be {{"format":"{FORMAT}","version":{VERSION}}}')
    if values.get("version") != VERSION:
        raise ValueError(f"version {values.get('version')!r} of the format; this sparksim reads version {VERSION}")


def _event(values: dict[str, Any]) -> Event:
    name = values.pop("event", None)
    event_type = _event_types().get(name) if isinstance(name, str) else None
    if event_type is None:
        raise ValueError(f"unknown event {name!r}")
    hints = _fields(event_type.__name__)
    if missing := hints.keys() - values.keys():
        raise ValueError(f"{name} without {', '.join(sorted(missing))}")
    if unknown := values.keys() - hints.keys():
        raise ValueError(f"{name} has no field {', '.join(sorted(unknown))}")
    return event_type(**{field: _value(values[field], hint, f"{name}.{field}") for field, hint in hints.items()})


@cache
def _event_types() -> dict[str, type[Event]]:
    return {name: kind for name, kind in vars(events).items() if isinstance(kind, type) and issubclass(kind, Event)}


@cache
def _fields(event_name: str) -> dict[str, Any]:
    """The fields of an event with their types."""
    return typing.get_type_hints(_event_types()[event_name])


def _value(value: Any, hint: Any, where: str) -> Any:
    """`value` as the type `hint` asks: JSON's lists become tuples. Raises `ValueError` when it cannot be that."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        [inner] = [argument for argument in arguments if argument is not types.NoneType]
        return None if value is None else _value(value, inner, where)
    if origin is tuple and isinstance(value, list):
        if arguments[-1] is Ellipsis:
            return tuple(_value(item, arguments[0], where) for item in value)
        if len(arguments) == len(value):
            return tuple(_value(item, argument, where) for item, argument in zip(value, arguments, strict=True))
    if hint is float and type(value) in (int, float):
        return float(value)
    if type(value) is hint:
        return value
    raise ValueError(f"{where} cannot be {json.dumps(value)[:60]}")
