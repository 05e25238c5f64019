"""PySpark's serializer classes by name: objects with `dumps` and `loads`.

The engine chooses for itself how records travel (`core/serializer.py`); a `SparkContext` takes one of these and does
not use it. They are there for programs that name them, and that pack values with them.
"""

from __future__ import annotations

import marshal
import pickle
from typing import Any

from sparksim.core import serializer


class Serializer:
    """What all have in common: two of a kind are equal."""

    def dumps(self, obj: Any) -> bytes:
        """The bytes of one value."""
        raise NotImplementedError(f"{type(self).__name__} must define dumps(obj)")

    def loads(self, obj: bytes) -> Any:
        """The value that `dumps` was given, as a new object."""
        raise NotImplementedError(f"{type(self).__name__} must define loads(obj)")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Serializer) and vars(self) == vars(other) and type(self) is type(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class PickleSerializer(Serializer):
    """Plain pickle: any value but functions and classes without an importable name."""

    def dumps(self, obj: Any) -> bytes:
        """The bytes of one value. Raises `pickle.PicklingError` and what the value's own methods raise."""
        return pickle.dumps(obj, pickle.HIGHEST_PROTOCOL)

    def loads(self, obj: bytes, encoding: str = "bytes") -> Any:
        """The value; `encoding` is for texts that Python 2 pickled."""
        return pickle.loads(obj, encoding=encoding)


class CloudPickleSerializer(PickleSerializer):
    """cloudpickle: functions and classes without an importable name too."""

    def dumps(self, obj: Any) -> bytes:
        """The bytes of one value. Raises `pickle.PicklingError`."""
        return serializer.dump_by_value(obj)


CPickleSerializer = CloudPickleSerializer
"""PySpark's own other name of it."""


class MarshalSerializer(Serializer):
    """Python's marshal: fast, for None, numbers, texts, bytes and collections of these."""

    def dumps(self, obj: Any) -> bytes:
        """The bytes of one value. Raises `ValueError` for a value of another type."""
        return marshal.dumps(obj)

    def loads(self, obj: bytes) -> Any:
        """The value."""
        return marshal.loads(obj)
