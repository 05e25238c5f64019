"""A trace as a file of JSON lines: a header, then one event per line, in order.

The same trace always gives the same bytes. Times are rounded to a thousandth of a millisecond.
"""

from __future__ import annotations

import json
import os
import types
import typing
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, fields
from functools import cache
from typing import Any, BinaryIO

from sparksim.trace import events
from sparksim.trace.events import Event
from sparksim.trace.trace import Trace

FORMAT = "sparksim-trace"
VERSION = 1

_WANTED = (
    f'a trace begins with the line {{"format":"{FORMAT}","version":{VERSION}}}: give a file that Run.save or '
    "sparksim run --trace wrote, or the event log of a Spark application"
)


class TraceFormatError(ValueError):
    """The file is not a trace that this version can read; the message names the file, the line and what is wrong."""


class TraceWarning(UserWarning):
    """A file breaks off, or lacks its end; what it holds was read."""


def write_jsonl(trace: Iterable[Event], path: str | os.PathLike[str]) -> None:
    """Write the events to `path`, replacing it."""
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.writelines(jsonl_lines(trace))


def jsonl_lines(trace: Iterable[Event]) -> Iterator[str]:
    """The lines that `write_jsonl` writes."""
    yield _line({"format": FORMAT, "version": VERSION})
    for event in trace:
        values = {field.name: getattr(event, field.name) for field in fields(event)}
        values["time_ms"] = round(float(event.time_ms), 3)
        yield _line({"event": type(event).__name__, **values})


def read_jsonl(path: str | os.PathLike[str]) -> Trace:
    """The trace that `write_jsonl` wrote. A last line that breaks off is left out with a `TraceWarning`.

    Raises `TraceFormatError` for a file that holds anything else.
    """
    with open(path, "rb") as file:
        return read_jsonl_stream(file, os.fspath(path))


def read_jsonl_stream(file: BinaryIO, name: str) -> Trace:
    """The same from an open file, called `name` in errors and warnings."""
    trace = Trace()
    number = 1
    try:
        _check_header(file.readline())
        for line in file:
            number += 1
            try:
                values = _object(line)
            except ValueError:
                if line.endswith(b"\n"):
                    raise
                warnings.warn(
                    f"{name} breaks off in line {number}: what stands before it was read", TraceWarning, stacklevel=3
                )
                break
            trace.append(_event(values))
    except ValueError as error:
        raise TraceFormatError(f"{name}, line {number}: {error}") from None
    return trace


def _line(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"


def _object(line: bytes) -> dict[str, Any]:
    if not line.strip():
        raise ValueError("the line is empty")
    try:
        values = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at column {error.colno}") from None
    except UnicodeDecodeError:
        raise ValueError("not JSON: the line is not text") from None
    if not isinstance(values, dict):
        raise ValueError(f"expected a JSON object, got {line.strip()[:60].decode(errors='replace')}")
    return values


def _check_header(line: bytes) -> None:
    try:
        values = _object(line)
    except ValueError as error:
        raise ValueError(f"{error}; {_WANTED}") from None
    if values.get("format") != FORMAT:
        raise ValueError(f"not a trace; {_WANTED}")
    version = values.get("version")
    if version != VERSION:
        raise ValueError(
            f"version {version!r} of the format, and this sparksim reads version {VERSION}: "
            "update sparksim (pip install --upgrade sparksim), or write the trace again with this one"
        )


def _event(values: dict[str, Any]) -> Event:
    name = values.pop("event", None)
    event_type = _event_types().get(name) if isinstance(name, str) else None
    if event_type is None:
        raise ValueError(f"unknown event {name!r}")
    hints = _fields(event_type.__name__)
    if missing := _required(event_type.__name__) - values.keys():
        raise ValueError(f"{name} without {', '.join(sorted(missing))}")
    if unknown := values.keys() - hints.keys():
        raise ValueError(f"{name} has no field {', '.join(sorted(unknown))}")
    return event_type(**{field: _value(value, hints[field], f"{name}.{field}") for field, value in values.items()})


@cache
def _event_types() -> dict[str, type[Event]]:
    return {name: kind for name, kind in vars(events).items() if isinstance(kind, type) and issubclass(kind, Event)}


@cache
def _fields(event_name: str) -> dict[str, Any]:
    """The fields of an event with their types."""
    return typing.get_type_hints(_event_types()[event_name])


@cache
def _required(event_name: str) -> frozenset[str]:
    """The fields that every trace has. A field with a default came later: older traces are without it."""
    return frozenset(field.name for field in fields(_event_types()[event_name]) if field.default is MISSING)


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
