"""Writes down what PySpark offers, by introspection and without Java: `python -m tests.spark.record_surface`."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

from tests.conformance.surface import RECORDED_SURFACE, parameters, public_names, surface_of

CLASSES = (
    "pyspark.RDD",
    "pyspark.SparkContext",
    "pyspark.SparkConf",
    "pyspark.Broadcast",
    "pyspark.Accumulator",
    "pyspark.AccumulatorParam",
    "pyspark.StorageLevel",
    "pyspark.TaskContext",
    "pyspark.statcounter.StatCounter",
    "pyspark.resultiterable.ResultIterable",
    "pyspark.streaming.DStream",
    "pyspark.streaming.StreamingContext",
    "pyspark.streaming.StreamingListener",
)
MODULES = (
    "pyspark",
    "pyspark.accumulators",
    "pyspark.broadcast",
    "pyspark.conf",
    "pyspark.context",
    "pyspark.files",
    "pyspark.rdd",
    "pyspark.resultiterable",
    "pyspark.serializers",
    "pyspark.statcounter",
    "pyspark.storagelevel",
    "pyspark.streaming",
    "pyspark.streaming.context",
    "pyspark.streaming.dstream",
    "pyspark.streaming.listener",
    "pyspark.streaming.util",
    "pyspark.taskcontext",
)
FUNCTIONS = (
    "pyspark.rdd.portable_hash",
    "pyspark.streaming.util.rddToFileName",
)


def record_surface() -> dict[str, Any]:
    """The surface of the installed PySpark. Raises ImportError without it."""
    import pyspark

    return {
        "pyspark": pyspark.__version__,
        "modules": {name: public_names(import_module(name)) for name in MODULES},
        "functions": {name: parameters(_named(name)) for name in FUNCTIONS},
        "classes": {name: surface_of(_named(name)) for name in CLASSES},
    }


def _named(dotted: str) -> Any:
    module, _, name = dotted.rpartition(".")
    return getattr(import_module(module), name)


if __name__ == "__main__":
    RECORDED_SURFACE.write_text(json.dumps(record_surface(), indent=1) + "\n", encoding="utf-8")
