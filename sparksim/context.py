"""PySpark's `pyspark.context`: the entry point of a program."""

from sparksim.core.context import SparkContext

__all__ = ["SparkContext"]
