"""What types records have, told from the records themselves (PySpark: _infer_schema, _merge_type of sql/types.py)."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import partial, reduce
from typing import Any

from sparksim.core.rdd import RDD
from sparksim.sql import types as t
from sparksim.sql.utils import PySparkTypeError, PySparkValueError

_TYPES: dict[type, type[t.DataType]] = {
    bool: t.BooleanType,
    int: t.LongType,
    float: t.DoubleType,
    str: t.StringType,
    bytes: t.BinaryType,
    bytearray: t.BinaryType,
    datetime.date: t.DateType,
    datetime.datetime: t.TimestampType,
}
_LOOK_AHEAD = 100
"""How many records of an RDD Spark looks at, when the first alone does not tell all types."""

_NEARLY_ALL = 0.99


def schema_of_list(records: Sequence[Any], names: Sequence[str] | None) -> t.StructType:
    """The types that all records together have. Raises `PySparkValueError` without records."""
    if not records:
        raise PySparkValueError(
            "[CANNOT_INFER_EMPTY_SCHEMA] Can not infer schema from empty dataset: say what the columns are, as in "
            'createDataFrame(data, "word string, total bigint")'
        )
    return _decided(_merged(schema_of_record(record, names) for record in records), len(records))


def schema_of_rdd(rdd: RDD[Any], names: Sequence[str] | None, sampling_ratio: float | None = None) -> t.StructType:
    """The types of the first record, which runs a job; of the first hundred when the first holds None.

    With a sampling ratio, the types that all records of a sample of that size together have: one more job.

    Raises `PySparkValueError` when the RDD is empty or its first record is, as PySpark does.
    """
    first = rdd.take(1)
    if not first:
        raise PySparkValueError(
            "RDD is empty, so its first record cannot tell the columns. Give them, as in rdd.toDF('word string'), or "
            "leave empty batches out: if not rdd.isEmpty(): ..."
        )
    if not _has_length(first[0]):
        raise PySparkValueError("[CANNOT_INFER_EMPTY_SCHEMA] The first record is empty: it has no columns")
    if sampling_ratio is not None:
        sample = rdd if sampling_ratio >= _NEARLY_ALL else rdd.sample(False, sampling_ratio)
        sampled: t.StructType = sample.map(partial(schema_of_record, names=names)).reduce(merge_types)
        return sampled
    schema = schema_of_record(first[0], names)
    if _undecided(schema):
        records = rdd.take(_LOOK_AHEAD)
        return _decided(_merged(schema_of_record(record, names) for record in records), len(records))
    return schema


def _has_length(record: Any) -> bool:
    return not hasattr(record, "__len__") or len(record) > 0


def schema_of_record(record: Any, names: Sequence[str] | None = None) -> t.StructType:
    """The columns of one record: a Row, a (named) tuple or list, a dict, or an object with attributes.

    Raises `PySparkTypeError` for anything else, such as a plain str or int, and for values of unknown types.
    """
    items: Iterable[tuple[str, Any]]
    if isinstance(record, dict):
        items = sorted(record.items())
    elif isinstance(record, tuple | list):
        own = getattr(record, "__fields__", None) or getattr(record, "_fields", None) or names or ()
        more = (f"_{position}" for position in range(len(own) + 1, len(record) + 1))
        items = zip((*own, *more), record, strict=False)
    elif hasattr(record, "__dict__"):
        items = sorted(record.__dict__.items())
    else:
        raise PySparkTypeError(
            f"[CANNOT_INFER_SCHEMA_FOR_TYPE] Can not infer schema for type: `{type(record).__name__}`. A record must "
            f"be a Row or a tuple: {record!r} could become Row(value={record!r}) or ({record!r},)"
        )
    return t.StructType([t.StructField(name, _type_of_field(name, value)) for name, value in items])


def _type_of_field(name: str, value: Any) -> t.DataType:
    try:
        return _type_of(value)
    except TypeError as error:
        raise PySparkTypeError(
            f"[CANNOT_INFER_TYPE_FOR_FIELD] Unable to infer the type of the field `{name}`: {error}"
        ) from error


def _type_of(value: Any) -> t.DataType:
    if value is None:
        return t.NullType()
    if type(value) in _TYPES:
        return _TYPES[type(value)]()
    if isinstance(value, Decimal):
        return t.DecimalType(38, 18)
    if isinstance(value, dict):
        for key, each in value.items():
            if key is not None and each is not None:
                return t.MapType(_type_of(key), _type_of(each))
        return t.MapType(t.NullType(), t.NullType())
    if isinstance(value, list):
        return t.ArrayType(reduce(merge_types, map(_type_of, value), t.NullType()))
    try:
        return schema_of_record(value)
    except TypeError as error:
        raise PySparkTypeError(f"[UNSUPPORTED_DATA_TYPE] Unsupported DataType `{type(value).__name__}`") from error


def merge_types(a: Any, b: Any, where: str = "") -> Any:
    """The type that holds both: NULL gives way, text swallows any simple type. Raises `PySparkTypeError` otherwise."""
    if isinstance(a, t.NullType):
        return b
    if isinstance(b, t.NullType):
        return a
    for text, other in ((a, b), (b, a)):
        if isinstance(text, t.StringType) and isinstance(other, t.AtomicType):
            return text
    if type(a) is not type(b):
        raise PySparkTypeError(
            f"[CANNOT_MERGE_TYPE] Can not merge type `{type(a).__name__}` and `{type(b).__name__}`{where}: a column "
            "has one type"
        )
    if isinstance(a, t.StructType):
        theirs = {field.name: field for field in b.fields}
        mine = [
            t.StructField(
                field.name, merge_types(field.dataType, theirs.pop(field.name, field).dataType, f" in {field.name}")
            )
            for field in a.fields
        ]
        return t.StructType([*mine, *theirs.values()])
    if isinstance(a, t.ArrayType):
        return t.ArrayType(merge_types(a.elementType, b.elementType, where))
    if isinstance(a, t.MapType):
        return t.MapType(merge_types(a.keyType, b.keyType, where), merge_types(a.valueType, b.valueType, where))
    return a


def _merged(schemas: Iterable[t.StructType]) -> t.StructType:
    merged: t.StructType = reduce(merge_types, schemas)
    return merged


def _decided(schema: t.StructType, seen: int) -> t.StructType:
    if _undecided(schema):
        unknown = [field.name for field in schema if _undecided(field.dataType)]
        raise PySparkValueError(
            f"[CANNOT_DETERMINE_TYPE] Some of types cannot be determined after inferring: {', '.join(unknown)} held no "
            f"value in {seen} records. Give the schema instead of names"
        )
    return schema


def _undecided(data_type: t.DataType) -> bool:
    """Whether the type of some part is not known yet."""
    if isinstance(data_type, t.StructType):
        return any(_undecided(field.dataType) for field in data_type)
    if isinstance(data_type, t.ArrayType):
        return _undecided(data_type.elementType)
    if isinstance(data_type, t.MapType):
        return _undecided(data_type.keyType) or _undecided(data_type.valueType)
    return isinstance(data_type, t.NullType)
