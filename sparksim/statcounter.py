"""PySpark's `pyspark.statcounter`: count, mean and variance in one pass."""

from sparksim.core.stat_counter import StatCounter

__all__ = ["StatCounter"]
