"""The resilient distributed dataset: a collection in partitions that can be computed again from its lineage.

The class is put together from layers, each in its own module: `lineage` (what it is and how it is kept),
`transformations`, `pairs`, `sorting`, `actions`, `statistics`, `saving`.
"""

from __future__ import annotations

from typing import Any, TypeVar

from sparksim.core.errors import PySparkRuntimeError
from sparksim.core.saving import Saving

T = TypeVar("T")


class RDD(Saving[T]):
    """Spark's RDD with PySpark's methods. Made by a `SparkContext` or from other RDDs.

    A subclass defines `getNumPartitions()`, `compute(index, task)` and, if it knows, `preferred_locations(index)`.
    """

    def toDF(self, schema: Any = None, sampleRatio: float | None = None) -> Any:
        """A DataFrame of the records. `sparksim.sql` puts its own in this place when the first SparkSession is made.

        Until then it raises `PySparkRuntimeError`, as in PySpark.
        """
        raise PySparkRuntimeError(
            "[CALL_BEFORE_INITIALIZE] RDD.toDF needs a SparkSession. Make one first: SparkSession.builder.getOrCreate()"
        )
