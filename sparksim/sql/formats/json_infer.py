"""The columns that JSON objects have (Spark: JsonInferSchema): whole numbers are bigint, times stay texts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sparksim.sql import types as t
from sparksim.sql.formats.values import in_range

_DECIMAL_DIGITS = 38


def type_of(value: Any, is_fraction: Callable[[Any], bool]) -> t.DataType:
    """The type that one value has."""
    if value is None:
        return t.NullType()
    if isinstance(value, bool):
        return t.BooleanType()
    if isinstance(value, int):
        return _whole(value)
    if isinstance(value, dict):
        fields = sorted(value.items())
        return t.StructType([t.StructField(name, type_of(each, is_fraction)) for name, each in fields])
    if isinstance(value, list):
        return t.ArrayType(_whole_type(type_of(each, is_fraction) for each in value))
    return t.DoubleType() if is_fraction(value) else t.StringType()


def merged(one: t.DataType, other: t.DataType) -> t.DataType:
    """A type for the values of both: in the end every value is a text."""
    if one == other or isinstance(other, t.NullType):
        return one
    if isinstance(one, t.NullType):
        return other
    if isinstance(one, t.StructType) and isinstance(other, t.StructType):
        return _merged_fields([*one, *other])
    if isinstance(one, t.ArrayType) and isinstance(other, t.ArrayType):
        return t.ArrayType(merged(one.elementType, other.elementType))
    if isinstance(one, t.NumericType) and isinstance(other, t.NumericType):
        if isinstance(one, t.DoubleType) or isinstance(other, t.DoubleType):
            return t.DoubleType()
        digits = (each.precision if isinstance(each, t.DecimalType) else 20 for each in (one, other))
        return t.DecimalType(max(digits), 0)
    return t.StringType()


def settled(data_type: t.DataType) -> t.DataType | None:
    """The type of a column: what was always NULL is a text, and an object without fields is nothing."""
    if isinstance(data_type, t.NullType):
        return t.StringType()
    if isinstance(data_type, t.StructType):
        kept = [(field.name, kind) for field in data_type if (kind := settled(field.dataType)) is not None]
        return t.StructType([t.StructField(*each) for each in kept]) if kept else None
    if isinstance(data_type, t.ArrayType):
        element = settled(data_type.elementType)
        return None if element is None else t.ArrayType(element)
    return data_type


def columns_of(objects: Iterable[t.DataType]) -> t.StructType:
    """The columns of rows of these types."""
    whole = settled(_whole_type([t.StructType([]), *objects]))
    return whole if isinstance(whole, t.StructType) else t.StructType([])


def _whole_type(kinds: Iterable[t.DataType]) -> t.DataType:
    found: t.DataType = t.NullType()
    for kind in kinds:
        found = merged(found, kind)
    return found


def _merged_fields(fields: Iterable[t.StructField]) -> t.StructType:
    found: dict[str, t.DataType] = {}
    for field in fields:
        found[field.name] = merged(found.get(field.name, t.NullType()), field.dataType)
    return t.StructType([t.StructField(name, found[name]) for name in sorted(found)])


def _whole(number: int) -> t.DataType:
    try:
        in_range(64, number)
    except ValueError:
        digits = len(str(abs(number)))
        return t.DecimalType(digits, 0) if digits <= _DECIMAL_DIGITS else t.DoubleType()
    return t.LongType()
