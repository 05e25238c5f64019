"""PySpark's `pyspark.rdd`: the resilient distributed dataset, and the hash that places its keys."""

from sparksim.core.portable_hash import portable_hash
from sparksim.core.rdd import RDD

__all__ = ["RDD", "portable_hash"]
