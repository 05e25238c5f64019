"""A state store in a dictionary, for tests of operators alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


class DictStore:
    """Keeps what it is given, for one partition and all batches."""

    def __init__(self) -> None:
        self._values: dict[Any, Any] = {}
        self._expires: dict[Any, int] = {}
        self.touched = 0

    def get(self, key: Any) -> Any:
        self.touched += 1
        return self._values.get(key)

    def put(self, key: Any, value: Any, expires_us: int | None = None) -> None:
        assert value is not None
        self.remove(key)
        self._values[key] = value
        if expires_us is not None:
            self._expires[key] = expires_us

    def remove(self, key: Any) -> None:
        self.touched += 1
        self._values.pop(key, None)
        self._expires.pop(key, None)

    def items(self) -> Iterator[tuple[Any, Any]]:
        return iter(self._values.items())

    def expired(self, through_us: int) -> list[Any]:
        due = [(time, key) for key, time in self._expires.items() if time <= through_us]
        return [key for _, key in sorted(due, key=lambda each: each[0])]

    def __len__(self) -> int:
        return len(self._values)
