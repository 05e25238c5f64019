"""PySpark's `pyspark.broadcast`: read-only values sent once."""

from sparksim.core.broadcast import Broadcast

__all__ = ["Broadcast"]
