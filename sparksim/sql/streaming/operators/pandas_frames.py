"""Chunks as frames of pandas, and back, as PySpark hands them to a user's function. pandas is loaded by Arrow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sparksim.sql.chunks import Table, arrow_type
from sparksim.sql.libraries import pyarrow
from sparksim.sql.types import StructType
from sparksim.sql.utils import PySparkTypeError, PySparkValueError


def frame_of(chunk: Table, schema: StructType) -> Any:
    """A chunk as a frame. Raises `ImportError` without pandas."""
    return chunk.rename_columns(schema.names).to_pandas(coerce_temporal_nanoseconds=True)


def chunk_of_frames(frames: Iterable[Any], schema: StructType) -> Iterator[Table]:
    """Frames as chunks; columns go by name if all names are there, else by position; NaN becomes null.

    Raises `PySparkTypeError` for what is no frame or does not fit its column, `PySparkValueError` for another width.
    """
    for frame in frames:
        if not hasattr(frame, "iloc"):
            raise PySparkTypeError(f"the function must yield pandas DataFrames, it gave {frame!r}")
        if len(frame.columns) != len(schema):
            raise PySparkValueError(
                f"the function gave columns {list(map(str, frame.columns))}, but its output is {schema.simpleString()}"
            )
        by_name = set(frame.columns) == set(schema.names)
        series = [frame[name] if by_name else frame.iloc[:, at] for at, name in enumerate(schema.names)]
        columns = [_column(each, field) for each, field in zip(series, schema, strict=True)]
        yield pyarrow().table(columns, names=[f"c{at}" for at in range(len(columns))])


def _column(series: Any, field: Any) -> Any:
    pa = pyarrow()
    try:
        return pa.Array.from_pandas(series, type=arrow_type(field.dataType))
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise PySparkTypeError(
            f"column {field.name!r} of the function's output must be {field.simpleString()}: {error}"
        ) from None
