"""The resilient distributed dataset: a collection in partitions that can be computed again from its lineage.

The class is put together from layers, each in its own module: `lineage` (what it is and how it is kept),
`transformations`, `pairs`, `sorting`, `actions`, `statistics`, `saving`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

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

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            """Say more than Python does where a program asks the wrong RDD."""
            hint = ""
            if name == "offsetRanges":
                hint = (
                    ": only an RDD of the direct stream itself has offset ranges. Ask for them in the first transform "
                    "or foreachRDD on that stream, before any other transformation"
                )
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{hint}", name=name, obj=self)
