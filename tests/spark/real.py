"""Real Spark on this machine, small and quiet: one `local[2]` context per process."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

REPOSITORY = Path(__file__).parents[2]


def spark_context(settings: Mapping[str, str] = MappingProxyType({})) -> Any:
    """A SparkContext of the installed pyspark, with these settings of Spark too.

    Raises ImportError without pyspark, RuntimeError without Java.
    """
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    os.environ["PYTHONPATH"] = str(REPOSITORY)
    os.environ.setdefault("PYTHONHASHSEED", "0")
    from pyspark import SparkConf, SparkContext

    conf = SparkConf().setMaster("local[2]").setAppName("conformance")
    # Many tiny jobs on two cores: a JVM that compiles little and collects simply is a quarter faster.
    # What it compiles needs room: of 48 MB, its default, many queries leave nothing, and then all is interpreted.
    conf.set("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:ReservedCodeCacheSize=240m")
    conf.set("spark.python.daemon.module", "tests.spark.quick_daemon")
    conf.set("spark.ui.enabled", "false").set("spark.ui.showConsoleProgress", "false")
    conf.setAll(list(settings.items()))
    sc = SparkContext(conf=conf)
    sc.setLogLevel("OFF")
    return sc


def session_of_real_spark() -> Any:
    """A SparkSession on such a context, for queries that write many small files. Raises like `spark_context`."""
    # A file's checksum is a second file, and each file is a process: without Hadoop's native library it runs `chmod`.
    context = spark_context({"spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem"})
    from pyspark.sql import SparkSession

    return SparkSession(context)
