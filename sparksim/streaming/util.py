"""PySpark's `pyspark.streaming.util`: what the directory of a batch is called."""

from __future__ import annotations

from datetime import datetime


def rddToFileName(prefix: str, suffix: str | None, timestamp: datetime | int) -> str:
    """`prefix-TIME_IN_MS`, and `.suffix` unless it is None. A datetime is one that a function of `foreachRDD` got."""
    ms = _ms(timestamp) if isinstance(timestamp, datetime) else timestamp
    return f"{prefix}-{ms}" + ("" if suffix is None else f".{suffix}")


def _ms(moment: datetime) -> int:
    """On the clock of the run that goes on, which in a simulation is not the machine's; else by the local time zone."""
    from sparksim.streaming.context import StreamingContext

    active = StreamingContext.getActive()
    return int(moment.timestamp() * 1000) if active is None else active._time_ms(moment)
