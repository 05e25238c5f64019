"""PySpark's `pyspark.serializers`: how records become bytes."""

from sparksim.core.pickling import CloudPickleSerializer, CPickleSerializer, MarshalSerializer, PickleSerializer

__all__ = ["CPickleSerializer", "CloudPickleSerializer", "MarshalSerializer", "PickleSerializer"]
