"""PySpark's `pyspark.accumulators`: variables that tasks only add to."""

from sparksim.core.accumulators import Accumulator, AccumulatorParam

__all__ = ["Accumulator", "AccumulatorParam"]
