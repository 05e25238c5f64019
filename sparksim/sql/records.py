"""From what `createDataFrame` is given to an RDD of tuples for the engine, and its schema (PySpark: SparkSession).

The work is done where PySpark does it: a list is looked at here on the driver, all of it; of an RDD only the first
record is, which runs a job, and the rest is checked in the tasks of later jobs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from sparksim.core.context import SparkContext
from sparksim.core.rdd import RDD
from sparksim.sql.convert import record_values
from sparksim.sql.infer import schema_of_list, schema_of_rdd
from sparksim.sql.types import DataType, StructField, StructType
from sparksim.sql.utils import PySparkTypeError, PySparkValueError
from sparksim.sql.verify import verify

Records = tuple[RDD[tuple[Any, ...]], StructType]


def from_rdd(
    rdd: RDD[Any], schema: DataType | Sequence[str] | None, sampling_ratio: float | None, verify_schema: bool
) -> Records:
    """Records of an RDD. Raises what `schema_of_rdd` raises."""
    if isinstance(schema, DataType):
        struct = _struct(schema)
        return rdd.map(partial(_checked_values, struct, schema, verify_schema)), struct
    struct = schema_of_rdd(rdd, schema, sampling_ratio)
    return rdd.map(partial(_values, struct)), _renamed(struct, schema)


def from_list(
    sc: SparkContext, data: Iterable[Any], schema: DataType | Sequence[str] | None, verify_schema: bool
) -> Records:
    """Records of the driver. Raises `PySparkTypeError` or `PySparkValueError` when they do not fit the schema."""
    records = list(data)
    if isinstance(schema, DataType):
        struct = _struct(schema)
        return sc.parallelize([_checked_values(struct, schema, verify_schema, record) for record in records]), struct
    struct = schema_of_list(records, schema)
    return sc.parallelize([_values(struct, record) for record in records]), _renamed(struct, schema)


def from_pandas(frame: Any) -> tuple[list[tuple[Any, ...]], list[str]]:
    """The rows of a pandas DataFrame as Python values, and its columns' names. NaN stays NaN in columns of floats."""
    columns = [[_plain(value, frame[name].dtype.kind == "f") for value in frame[name].tolist()] for name in frame]
    return list(zip(*columns, strict=True)), [str(name) for name in frame.columns]


def is_pandas(data: Any) -> bool:
    """Whether this is a pandas DataFrame, told without importing pandas."""
    return type(data).__name__ == "DataFrame" and type(data).__module__.partition(".")[0] == "pandas"


def _plain(value: Any, in_floats: bool) -> Any:
    """pandas' own scalars as Python's, and its missing values as None."""
    if (
        value is None
        or type(value).__name__ in ("NAType", "NaTType")
        or (not in_floats and isinstance(value, float) and math.isnan(value))
    ):
        return None
    return value.to_pydatetime() if hasattr(value, "to_pydatetime") else value


def _struct(schema: DataType) -> StructType:
    """A single type means one column called `value`."""
    return schema if isinstance(schema, StructType) else StructType([StructField("value", schema)])


def _renamed(struct: StructType, names: Sequence[str] | None) -> StructType:
    """The first columns under new names."""
    if names is None:
        return struct
    if not all(isinstance(name, str) for name in names):
        raise PySparkTypeError(f"schema: column names must be texts, got {list(names)!r}")
    if len(names) > len(struct):
        raise PySparkValueError(f"schema: {len(names)} names {list(names)!r} for records of {len(struct)} values")
    fields = [StructField(name, field.dataType) for name, field in zip(names, struct, strict=False)]
    return StructType([*fields, *struct.fields[len(fields) :]])


def _values(struct: StructType, record: Any) -> tuple[Any, ...]:
    return record_values(record, struct)


def _checked_values(struct: StructType, schema: DataType, verify_schema: bool, record: Any) -> tuple[Any, ...]:
    if verify_schema:
        verify(record, schema)
    return record_values(record if struct is schema else (record,), struct)
