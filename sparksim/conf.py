"""PySpark's `pyspark.conf`: the settings of an application."""

from sparksim.core.conf import SparkConf

__all__ = ["SparkConf"]
