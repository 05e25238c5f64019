"""PySpark's `pyspark.storagelevel`: how cached data is kept."""

from sparksim.core.storage_level import StorageLevel

__all__ = ["StorageLevel"]
