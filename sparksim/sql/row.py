"""A record of a DataFrame: a tuple whose values also have names (PySpark: pyspark.sql.Row)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, SupportsIndex, cast

from sparksim.sql.utils import PySparkTypeError, PySparkValueError


class Row(tuple[Any, ...]):
    """`Row(word="to", total=2)` is a record; `Row("word", "total")` makes records when it is called with values.

    Raises `PySparkValueError` for positional and named values together.
    """

    __fields__: Sequence[str]

    def __new__(cls, *args: Any, **kwargs: Any) -> Row:
        if args and kwargs:
            raise PySparkValueError("[CANNOT_SET_TOGETHER] Row takes either values or name=value pairs, got both")
        return _named(list(kwargs), kwargs.values()) if kwargs else tuple.__new__(cls, args)

    @property
    def _names(self) -> Sequence[str] | None:
        return cast("Sequence[str] | None", self.__dict__.get("__fields__"))

    def asDict(self, recursive: bool = False) -> dict[str, Any]:
        """The values by name; with `recursive`, rows inside become dictionaries too.

        Raises `PySparkTypeError` for a row without names.
        """
        if self._names is None:
            raise PySparkTypeError(
                f"[CANNOT_CONVERT_TYPE] {self!r} has no names, so it cannot become a dict: make it with Row(name=value)"
            )
        return dict(zip(self._names, map(_plain, self) if recursive else self, strict=False))

    def __call__(self, *args: Any) -> Row:
        """A record with this row's values as names. Raises `PySparkValueError` when it names too few."""
        if len(args) > len(self):
            raise PySparkValueError(f"[TOO_MANY_VALUES] {self!r} names {len(self)} fields, got {len(args)} values")
        return _named(self, args)

    def __contains__(self, item: Any) -> bool:
        return item in (self._names if self._names is not None else tuple(self))

    def __getitem__(self, item: Any) -> Any:
        if isinstance(item, SupportsIndex | slice):
            return super().__getitem__(item)
        return super().__getitem__(self._index(item, PySparkValueError, KeyError))

    def __getattr__(self, item: str) -> Any:
        if item.startswith("__"):
            raise AttributeError(item)
        return super().__getitem__(self._index(item, AttributeError, AttributeError))

    def _index(self, name: str, unknown: type[Exception], absent: type[Exception]) -> int:
        """Where the value of this name stands; `absent`: the row was made with fewer values than names."""
        names = list(self._names or ())
        if name not in names:
            raise unknown(f"{self!r} has no field {name!r}")
        index = names.index(name)
        if index >= len(self):
            raise absent(name)
        return index

    def __setattr__(self, key: str, value: Any) -> None:
        raise RuntimeError(f"Row is read-only: {key!r} cannot be set")

    def __reduce__(self) -> tuple[Any, ...]:
        return (Row, tuple(self)) if self._names is None else (_named, (self._names, tuple(self)))

    def __repr__(self) -> str:
        if self._names is None:
            return f"<Row({', '.join(map(repr, self))})>"
        return f"Row({', '.join(f'{name}={value!r}' for name, value in zip(self._names, self, strict=False))})"


def _named(names: Sequence[str], values: Any) -> Row:
    """A row of `values`, called `names`."""
    row = tuple.__new__(Row, values)
    row.__dict__["__fields__"] = names
    return row


def _plain(value: Any) -> Any:
    if isinstance(value, Row):
        return value.asDict(recursive=True)
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return value
