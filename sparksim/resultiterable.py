"""PySpark's `pyspark.resultiterable`: the values of one key."""

from sparksim.core.result_iterable import ResultIterable

__all__ = ["ResultIterable"]
