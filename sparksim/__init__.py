"""sparksim: understand Spark Streaming by running it, with no JVM and no cluster.

This is the facade. It re-exports PySpark's names from `sparksim.core` and registers the cluster that runs their jobs;
`sparksim.streaming` mirrors `pyspark.streaming` in the same way. The small modules beside this one have the names of
PySpark's modules and re-export what PySpark has there. `set_language("zh")` shows what is shown in Chinese.
"""

from sparksim.cluster.backend import register as _register
from sparksim.core.accumulators import Accumulator, AccumulatorParam
from sparksim.core.broadcast import Broadcast
from sparksim.core.conf import SparkConf
from sparksim.core.context import SparkContext
from sparksim.core.language import language, set_language
from sparksim.core.pickling import CPickleSerializer, MarshalSerializer
from sparksim.core.rdd import RDD
from sparksim.core.storage_level import StorageLevel
from sparksim.core.task_context import TaskContext

_register()

__all__ = [
    "RDD",
    "Accumulator",
    "AccumulatorParam",
    "Broadcast",
    "CPickleSerializer",
    "MarshalSerializer",
    "SparkConf",
    "SparkContext",
    "StorageLevel",
    "TaskContext",
    "language",
    "set_language",
]
