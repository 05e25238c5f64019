"""Bytes for records and results: pickle where it can, cloudpickle where it must (PySpark: CPickleSerializer)."""

from __future__ import annotations

import pickle
from typing import Any

import cloudpickle  # type: ignore[import-untyped]  # it ships no types


def dumps(value: Any) -> bytes:
    """Serialise anything. Raises `pickle.PicklingError` for what cannot be, such as a generator or a lock."""
    try:
        return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    except Exception:  # whatever a __reduce__ raises: cloudpickle may know better, and words the error
        return dump_by_value(value)


def loads(data: bytes) -> Any:
    """The value that `dumps` was given, as a new object."""
    return pickle.loads(data)


def dump_records(records: list[Any]) -> bytes:
    """Serialise the records of a block, a bucket or a partition."""
    return dumps(records)


def load_records(data: bytes) -> list[Any]:
    """The records that `dump_records` was given, as new objects."""
    records: list[Any] = pickle.loads(data)
    return records


def dump_by_reference(value: Any) -> bytes:
    """Serialise with plain pickle: functions and classes by their importable name. Raises `pickle.PicklingError`."""
    try:
        return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        raise pickle.PicklingError(
            f"Could not serialize broadcast: {type(error).__name__}: {error}. Broadcast plain data; a function or a "
            "class has to be importable by name"
        ) from error


def dump_by_value(value: Any) -> bytes:
    """Serialise anything, also functions and classes that have no importable name. Raises `pickle.PicklingError`."""
    try:
        return bytes(cloudpickle.dumps(value))
    except pickle.PicklingError:
        raise
    except Exception as error:
        raise pickle.PicklingError(f"cannot be serialised: {type(error).__name__}: {error}") from error
