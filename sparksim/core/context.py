"""The entry point of a program: makes RDDs, broadcasts and accumulators, and runs jobs (PySpark: SparkContext)."""

from __future__ import annotations

import getpass
import logging
import os
import sys
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, count
from random import Random
from types import TracebackType
from typing import Any, ClassVar, NoReturn, TypeVar, cast

import fsspec

from sparksim.core import accumulators, call_site, conf, local_properties
from sparksim.core.accumulators import Accumulator, AccumulatorParam
from sparksim.core.backend import Backend, PartitionFunction, backend_for
from sparksim.core.broadcast import Broadcast
from sparksim.core.checkpoint import materialise_below
from sparksim.core.conf import SparkConf, forced
from sparksim.core.errors import IllegalArgumentError, IllegalStateError, PySparkRuntimeError, SparkException
from sparksim.core.job_properties import JobProperties
from sparksim.core.nodes import union
from sparksim.core.rdd import RDD
from sparksim.core.serializer import dump_records, load_records
from sparksim.core.sources import EmptyRDD, ParallelCollectionRDD, RangeRDD
from sparksim.core.steps import PARTITIONS
from sparksim.core.task_context import TaskContext, assert_on_driver

T = TypeVar("T")
U = TypeVar("U")

_LOG_LEVELS = {
    "ALL": 1,
    "TRACE": 5,
    "DEBUG": logging.DEBUG,
    "INFO": logging.INFO,
    "WARN": logging.WARNING,
    "ERROR": logging.ERROR,
    "FATAL": logging.CRITICAL,
    "OFF": logging.CRITICAL + 1,
}


DEFAULTS = {"spark.master": "local[*]", "spark.app.name": "pyspark-shell"}
"""What spark-submit fills in for a Python program that says nothing."""


class SparkContext(JobProperties):
    """A connection to a cluster, which sparksim makes from the master. One at a time; a `with` block stops it.

    Without a master it is `local[*]`: PySpark starts through spark-submit, which fills that in (Scala raises).

    `sparkHome`, `pyFiles`, `environment`, `batchSize`, `serializer` are there for PySpark programs; nothing reads them.
    """

    _active_spark_context: ClassVar[SparkContext | None] = None
    _lock: ClassVar[threading.RLock] = threading.RLock()
    driver_only = True

    def __init__(
        self,
        master: str | None = None,
        appName: str | None = None,
        sparkHome: str | None = None,
        pyFiles: list[str] | None = None,
        environment: dict[str, Any] | None = None,
        batchSize: int = 0,
        serializer: Any = None,
        conf: SparkConf | None = None,
    ) -> None:
        assert_on_driver("a SparkContext")
        self._callsite = call_site.user_call()
        self._backend_or_none: Backend | None = None
        self._conf = (SparkConf() if conf is None else conf).clone()
        self.environment = dict(environment or {})
        self._rdd_ids = count()
        self._shuffle_ids = count()
        self._checkpoint_dir: str | None = None
        self._seeds = Random(0)
        if master:
            self._conf.setMaster(master)
        if appName:
            self._conf.setAppName(appName)
        if sparkHome:
            self._conf.setSparkHome(sparkHome)
        for key, value in self.environment.items():
            self._conf.setExecutorEnv(key, value)
        self._conf.setAll(list(forced().items()))
        with SparkContext._lock:
            for key, value in DEFAULTS.items():
                self._conf.setIfMissing(key, value)
            self._require_no_other()
            self.master: str = self._conf.get("spark.master", "")
            self.appName: str = self._conf.get("spark.app.name", "")
            self.sparkHome: str | None = self._conf.get("spark.home")
            self._backend_or_none = backend_for(self._conf)
            self._conf.setIfMissing("spark.app.id", self._backend.application_id)
            SparkContext._active_spark_context = self

    def _require_no_other(self) -> None:
        other = SparkContext._active_spark_context
        if other is not None:
            site = other._callsite
            raise ValueError(
                "Cannot run multiple SparkContexts at once: stop the existing "
                f"SparkContext(app={other.appName}, master={other.master}) first, which was created "
                f"at {site.file}:{site.line}"
            )

    @classmethod
    def getOrCreate(cls, conf: SparkConf | None = None) -> SparkContext:
        """The active context; a new one from `conf` when there is none."""
        with cls._lock:
            return cls._active_spark_context or cls(conf=conf)

    @classmethod
    def setSystemProperty(cls, key: str, value: str) -> None:
        """Give every later `SparkConf()` this property."""
        conf.set_system_property(key, value)

    # --- what it is -------------------------------------------------------------------------------------------------

    @property
    def version(self) -> str:
        """The version of sparksim."""
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("sparksim")
        except PackageNotFoundError:
            return "unknown"

    @property
    def applicationId(self) -> str:
        """A name no other application of this cluster has."""
        return self._backend.application_id

    @property
    def startTime(self) -> int:
        """When the context was made, in ms on its clock."""
        return self._backend.start_time_ms

    @property
    def uiWebUrl(self) -> str | None:
        """None: sparksim serves no web UI."""
        return None

    @property
    def defaultParallelism(self) -> int:
        """How many partitions an RDD gets when nothing else says so."""
        return conf.integer(self._conf, "spark.default.parallelism", self._backend.default_parallelism)

    @property
    def defaultMinPartitions(self) -> int:
        """How many partitions a file gets at least when nothing else says so."""
        return min(self.defaultParallelism, 2)

    @property
    def resources(self) -> dict[str, Any]:
        """Resources by name; sparksim gives out none but cores."""
        return {}

    def getConf(self) -> SparkConf:
        """A copy of the settings."""
        return self._conf.clone()

    def sparkUser(self) -> str:
        """Who runs the program."""
        return os.environ.get("SPARK_USER") or getpass.getuser()

    def setLogLevel(self, logLevel: str) -> None:
        """Set the level of the logger `sparksim`, by Spark's names."""
        if logLevel.upper() not in _LOG_LEVELS:
            raise IllegalArgumentError(f"logLevel must be one of {', '.join(_LOG_LEVELS)}, got {logLevel!r}")
        logging.getLogger("sparksim").setLevel(_LOG_LEVELS[logLevel.upper()])

    def __repr__(self) -> str:
        return f"<SparkContext master={self.master} appName={self.appName}>"

    def __reduce__(self) -> NoReturn:
        raise PySparkRuntimeError(
            "It appears that you are attempting to reference SparkContext in a function that travels, to executors or "
            "into a checkpoint. It exists on the driver only; there, rdd.context gives it to the function"
        )

    # --- life -------------------------------------------------------------------------------------------------------

    @property
    def _backend(self) -> Backend:
        if self._backend_or_none is None:
            raise IllegalStateError("this SparkContext is stopped: make a new one to run more jobs")
        return self._backend_or_none

    def stop(self) -> None:
        """End the application. Stopping twice does nothing."""
        with SparkContext._lock:
            backend, self._backend_or_none = self._backend_or_none, None
            if SparkContext._active_spark_context is self:
                SparkContext._active_spark_context = None
        if backend is not None:
            backend.stop()

    def __enter__(self) -> SparkContext:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # --- making things ----------------------------------------------------------------------------------------------

    def parallelize(self, c: Iterable[T], numSlices: int | None = None) -> RDD[T]:
        """Distribute a collection of the driver over `numSlices` partitions (default: `defaultParallelism`)."""
        slices = self.defaultParallelism if numSlices is None else int(numSlices)
        if slices < 1:
            raise IllegalArgumentError(f"numSlices must be at least 1, got {numSlices!r}")
        if isinstance(c, range) and len(c) > 0:
            return cast("RDD[T]", RangeRDD(self, c, slices))
        return ParallelCollectionRDD(self, c, slices)

    def range(self, start: int, end: int | None = None, step: int = 1, numSlices: int | None = None) -> RDD[int]:
        """The numbers of Python's `range(start, end, step)`; with one argument, from 0."""
        numbers = range(start) if end is None else range(start, end, step)
        return self.parallelize(numbers, numSlices)

    def emptyRDD(self) -> RDD[Any]:
        """An RDD without partitions."""
        return EmptyRDD(self)

    def union(self, rdds: list[RDD[T]]) -> RDD[T]:
        """The records of all RDDs, one RDD after the other."""
        if not rdds:
            raise IndexError("union needs at least one RDD; use emptyRDD() for an empty one")
        together = union(self, list(rdds))
        together.partitioner = None
        return together

    def textFile(self, name: str, minPartitions: int | None = None, use_unicode: bool = True) -> RDD[str]:
        """The lines of text files: `name` is a file, a directory, a glob, or several of these joined by commas."""
        from sparksim.core.files import TextFileRDD

        return TextFileRDD(
            self, name, self.defaultMinPartitions if minPartitions is None else minPartitions, use_unicode
        )

    def wholeTextFiles(
        self, path: str, minPartitions: int | None = None, use_unicode: bool = True
    ) -> RDD[tuple[str, str]]:
        """(path, content) of each text file under `path`."""
        from sparksim.core.files import WholeFileRDD, decode, text_group_bytes

        least = self.defaultMinPartitions if minPartitions is None else minPartitions
        return WholeFileRDD(self, path, decode if use_unicode else bytes, partial(text_group_bytes, least))

    def binaryFiles(self, path: str, minPartitions: int | None = None) -> RDD[tuple[str, bytes]]:
        """(path, content) of each file under `path`, as bytes."""
        from sparksim.core.files import WholeFileRDD, binary_group_bytes

        wanted = max(self.defaultParallelism, minPartitions or self.defaultMinPartitions)
        return WholeFileRDD(self, path, bytes, partial(binary_group_bytes, wanted))

    def pickleFile(self, name: str, minPartitions: int | None = None) -> RDD[Any]:
        """The records that `RDD.saveAsPickleFile` wrote."""
        return self.binaryFiles(name, minPartitions).flatMap(_unpickled)

    def binaryRecords(self, path: str, recordLength: int) -> RDD[bytes]:
        """The records of binary files, each `recordLength` bytes long."""
        from sparksim.core.files import BinaryRecordsRDD

        return BinaryRecordsRDD(self, path, recordLength)

    def broadcast(self, value: T) -> Broadcast[T]:
        """Send a read-only value to all executors, once."""
        return Broadcast(value)

    def accumulator(self, value: T, accum_param: AccumulatorParam[T] | None = None) -> Accumulator[T]:
        """A variable that tasks add to and the driver reads, starting at `value`."""
        return accumulators.create(value, accum_param)

    # --- checkpoints ------------------------------------------------------------------------------------------------

    def setCheckpointDir(self, dirName: str) -> None:
        """Where `RDD.checkpoint` writes: a new directory under `dirName`, which is any fsspec URL."""
        files, path = fsspec.core.url_to_fs(dirName)
        own = f"{path}/{uuid.uuid4()}"
        files.makedirs(own, exist_ok=True)
        self._checkpoint_dir = f"file:{own}" if "file" in files.protocol else files.unstrip_protocol(own)

    def getCheckpointDir(self) -> str | None:
        """The directory that checkpoints are written to, or None."""
        return self._checkpoint_dir

    def _checkpoint_directory(self, purpose: str) -> str:
        if self._checkpoint_dir is None:
            raise SparkException(f"cannot {purpose}: no checkpoint directory is set; call setCheckpointDir(path) first")
        return self._checkpoint_dir

    # --- running jobs -----------------------------------------------------------------------------------------------

    def runJob(
        self,
        rdd: RDD[T],
        partitionFunc: Callable[[Iterator[T]], Iterable[U]],
        partitions: Sequence[int] | None = None,
        allowLocal: bool = False,
    ) -> list[U]:
        """Apply `partitionFunc` to some partitions (default: all) and string the results together."""
        wanted = range(rdd.getNumPartitions()) if partitions is None else partitions
        return self._collect(rdd._then(PARTITIONS, partitionFunc), wanted)

    def _collect(self, rdd: RDD[T], partitions: Sequence[int]) -> list[T]:
        """The records of these partitions, as copies of the tasks' own."""
        return list(chain.from_iterable(map(load_records, self._run(rdd, _serialised, partitions))))

    def _run(self, rdd: RDD[Any], func: PartitionFunction, partitions: Sequence[int]) -> list[Any]:
        """Run a job and, after it, write the checkpoints that waited for one."""
        assert_on_driver(f"an action on {rdd!r}")
        partition_count = rdd.getNumPartitions()
        for index in partitions:
            if not 0 <= index < partition_count:
                raise IllegalArgumentError(
                    f"{rdd!r} has no partition {index}: it has {partition_count}, counted from 0"
                )
        rdd.freeze()
        if not partitions:
            return []
        with local_properties.overlay({local_properties.CALL_SITE: call_site.current()}):
            results = self._backend.run_job(rdd, func, list(partitions))
        materialise_below(rdd, partitions)
        return results

    def _merge_accumulators(self, updates: dict[int, Any]) -> None:
        """Add what a successful task accumulated."""
        accumulators.merge(updates)

    def _new_rdd_id(self) -> int:
        return next(self._rdd_ids)

    def _new_shuffle_id(self) -> int:
        return next(self._shuffle_ids)

    def _new_seed(self, largest: int = sys.maxsize) -> int:
        """A seed for a sample that was given none; the same run draws the same."""
        return self._seeds.randint(0, largest)


def _serialised(task: TaskContext, records: Iterator[Any]) -> bytes:
    return dump_records(list(records))


def _unpickled(file: tuple[str, bytes]) -> list[Any]:
    return load_records(file[1])
