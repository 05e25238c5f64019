"""What PySpark offers a program is here, by the same name and with the same parameters; or a reason stands here.

PySpark's side is recorded (`tests/conformance/surface.py`), since ordinary tests run without it.
`pyspark.streaming.kinesis` is left out: it reads Amazon's service through a JVM library.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

import pytest

from tests.conformance.surface import parameters, public_names, recorded_surface, surface_of

PYSPARK = recorded_surface()

JVM = "a handle of PySpark's on the JVM, which programs do not touch"
HADOOP = "reads and writes through Hadoop's Java classes, which are named by class here; fsspec paths do it in Python"
RESOURCES = "Spark's stage-level scheduling of GPUs and the like: executors here have cores only"
BARRIER = "barrier stages are for distributed training, not for streams"
SHIPPED = "tasks see the driver's files and modules as they are: there is nothing to ship"
CANCELLING = "not built: jobs of a group or tag cannot be cancelled by name"
STATUS = "not built: the trace says more than the status tracker does"
PROFILING = "not built: Python's own profilers see a program that runs in one process"
BROADCAST_FILES = "how PySpark's broadcast moves through files between its processes"
MADE_ELSEWHERE = "made by a context, an operator or the engine, never by a program"
THREADS = "PySpark's bridge between Python's and the JVM's threads"

MISSING: dict[str, dict[str, str]] = {
    "pyspark.RDD": {
        **dict.fromkeys(["getResourceProfile", "has_resource_profile", "withResources"], RESOURCES),
        **dict.fromkeys(["saveAsHadoopDataset", "saveAsHadoopFile", "saveAsSequenceFile"], HADOOP),
        **dict.fromkeys(["saveAsNewAPIHadoopDataset", "saveAsNewAPIHadoopFile"], HADOOP),
        "barrier": BARRIER,
    },
    "pyspark.SparkContext": {
        **dict.fromkeys(["hadoopFile", "hadoopRDD", "newAPIHadoopFile", "newAPIHadoopRDD", "sequenceFile"], HADOOP),
        **dict.fromkeys(["addArchive", "addFile", "addPyFile", "listArchives", "listFiles"], SHIPPED),
        **dict.fromkeys(["PACKAGE_EXTENSIONS", "pythonExec", "pythonVer", "serializer"], JVM),
        **dict.fromkeys(["cancelAllJobs", "cancelJobGroup", "cancelJobsWithTag"], CANCELLING),
        **dict.fromkeys(["dump_profiles", "profiler_collector", "show_profiles"], PROFILING),
        "statusTracker": STATUS,
    },
    "pyspark.Broadcast": dict.fromkeys(["dump", "load", "load_from_path"], BROADCAST_FILES),
    "pyspark.streaming.StreamingListener": {"Java": JVM},
}
MISSING_NAMES: dict[str, dict[str, str]] = {
    "pyspark": {
        **dict.fromkeys(["BarrierTaskContext", "BarrierTaskInfo", "RDDBarrier"], BARRIER),
        **dict.fromkeys(["BasicProfiler", "Profiler"], PROFILING),
        **dict.fromkeys(["InheritableThread", "inheritable_thread_target"], THREADS),
        **dict.fromkeys(["SparkJobInfo", "SparkStageInfo", "StatusTracker"], STATUS),
        "SparkFiles": SHIPPED,
    },
    "pyspark.files": {"SparkFiles": SHIPPED},
    "pyspark.serializers": {"UTF8Deserializer": JVM},
    "pyspark.streaming.util": dict.fromkeys(["TransformFunction", "TransformFunctionSerializer"], JVM),
    "pyspark.taskcontext": dict.fromkeys(["BarrierTaskContext", "BarrierTaskInfo"], BARRIER),
}


class Ours(NamedTuple):
    """What stands here instead of PySpark's parameters, and why."""

    parameters: str
    reason: str


DIFFERENT = {
    ("pyspark.RDD", "__init__"): Ours("(self, ctx, dependencies=(), partitioner=None)", MADE_ELSEWHERE),
    ("pyspark.Broadcast", "__init__"): Ours("(self, value)", MADE_ELSEWHERE),
    ("pyspark.TaskContext", "__init__"): Ours(
        "(self, *, stage_id, partition_id, attempt_number, task_attempt_id, services, local_properties=None, "
        "stage_attempt_number=0, cpus=1, resources=None)",
        MADE_ELSEWHERE,
    ),
    ("pyspark.streaming.DStream", "__init__"): Ours("(self, ssc, parents, slide_ms)", MADE_ELSEWHERE),
    ("pyspark.SparkConf", "__init__"): Ours("(self, loadDefaults=True)", JVM),
    ("pyspark.SparkContext", "__init__"): Ours(
        "(self, master=None, appName=None, sparkHome=None, pyFiles=None, environment=None, batchSize=0, "
        "serializer=None, conf=None)",
        JVM,
    ),
    ("pyspark.streaming.StreamingContext", "__init__"): Ours("(self, sparkContext, batchDuration=None)", JVM),
    ("pyspark.rdd", "portable_hash"): Ours("(key)", "it is called by position, as PySpark's x is"),
    ("pyspark.RDD", "sortByKey"): Ours(
        "(self, ascending=True, numPartitions=None, keyfunc=None)", "None is the identity, which PySpark spells out"
    ),
    ("pyspark.RDD", "repartitionAndSortWithinPartitions"): Ours(
        "(self, numPartitions=None, partitionFunc=portable_hash, ascending=True, keyfunc=None)",
        "None is the identity, which PySpark spells out",
    ),
    ("pyspark.streaming.StreamingListener", "onBatchStarted"): Ours(
        "(self, batchStarted)", "PySpark's parameter has the name of another event; the engine passes it by position"
    ),
}

BEYOND: dict[str, dict[str, str]] = {
    "sparksim.streaming.StreamingContext": {
        "fileStream": "(self, directory, filter=None, newFilesOnly=True)",
        "rawSocketStream": "(self, hostname, port, storageLevel=StorageLevel(True, True, False, False, 2))",
        "receiverStream": "(self, receiver)",
    },
    "sparksim.streaming.DStream": {
        "mapWithState": "(self, spec)",
        "saveAsHadoopFiles": "(self, prefix, suffix='')",
        "saveAsObjectFiles": "(self, prefix, suffix='')",
    },
    "sparksim.streaming.dstream.MappedWithStateDStream": {"stateSnapshots": "(self)"},
    "sparksim.streaming.StateSpec": {
        "function": "(function)",
        "initialState": "(self, pairs)",
        "numPartitions": "(self, numPartitions)",
        "timeout": "(self, seconds)",
    },
    "sparksim.streaming.State": {
        "exists": "(self)",
        "get": "(self)",
        "getOption": "(self)",
        "isTimingOut": "(self)",
        "remove": "(self)",
        "update": "(self, newState)",
    },
    "sparksim.streaming.Receiver": {
        "__init__": "(self, storageLevel=StorageLevel(True, True, False, False, 2))",
        "isStarted": "(self)",
        "isStopped": "(self)",
        "onStart": "(self)",
        "onStop": "(self)",
        "preferredLocation": "(self)",
        "reportError": "(self, message, throwable=None)",
        "restart": "(self, message, error=None, millisecond=None)",
        "stop": "(self, message, error=None)",
        "store": "(self, data, metadata=None)",
        "storageLevel": "value",
        "streamId": "property",
    },
}
"""What Spark has in Java and Scala only, in the form it has here."""

MEMBERS = [
    (cls, name) for cls, members in PYSPARK["classes"].items() for name in members if name not in MISSING.get(cls, {})
]
LISTENER_OBJECTS = {
    "BatchInfo": "batchTime streamIdToInputInfo submissionTime processingStartTime processingEndTime schedulingDelay "
    "processingDelay totalDelay numRecords outputOperationInfos",
    "OutputOperationInfo": "batchTime id name description startTime endTime failureReason",
    "ReceiverInfo": "streamId name active location executorId lastErrorMessage lastError lastErrorTime",
    "StreamInputInfo": "inputStreamId numRecords",
}
"""The accessors of what a listener is told: Java objects in PySpark, looked at in `tests/spark/test_surface.py`."""
MISSING_ACCESSORS = {
    "StreamInputInfo": dict.fromkeys(["metadata", "metadataDescription"], "not built: which files a batch has taken")
}


def ours(pyspark_name: str) -> Any:
    """Our thing of that name."""
    module, _, name = pyspark_name.replace("pyspark", "sparksim", 1).rpartition(".")
    return getattr(import_module(module), name)


@pytest.mark.parametrize(("cls", "name"), MEMBERS)
def test_a_member_is_there_with_its_parameters(cls: str, name: str) -> None:
    members = surface_of(ours(cls))
    assert name in members, f"{cls}.{name}{PYSPARK['classes'][cls][name]} is missing"
    expected = PYSPARK["classes"][cls][name]
    if (cls, name) in DIFFERENT:
        assert DIFFERENT[cls, name].parameters != expected, "no difference any more"
        expected = DIFFERENT[cls, name].parameters
    if expected == "attribute":  # a property serves as well
        assert members[name] in ("attribute", "property")
    else:
        assert members[name] == expected


@pytest.mark.parametrize("cls", MISSING)
def test_a_gap_is_one_of_pyspark_and_still_one(cls: str) -> None:
    assert set(MISSING[cls]) <= set(PYSPARK["classes"][cls])
    assert set(MISSING[cls]) & set(surface_of(ours(cls))) == set()


def test_streams_themselves_have_no_gap() -> None:
    assert {cls: set(gaps) for cls, gaps in MISSING.items() if "streaming" in cls} == {
        "pyspark.streaming.StreamingListener": {"Java"}
    }


@pytest.mark.parametrize("module", [name for name in PYSPARK["modules"] if name != "pyspark.files"])
def test_a_module_offers_the_names_of_pysparks(module: str) -> None:
    offered = set(public_names(import_module(module.replace("pyspark", "sparksim", 1))))
    gaps = set(MISSING_NAMES.get(module, {}))
    assert gaps <= set(PYSPARK["modules"][module])
    assert set(PYSPARK["modules"][module]) - offered == gaps


@pytest.mark.parametrize("function", PYSPARK["functions"])
def test_a_function_has_its_parameters(function: str) -> None:
    module, _, name = function.rpartition(".")
    expected = DIFFERENT.get((module, name), Ours(PYSPARK["functions"][function], "")).parameters
    assert parameters(ours(function)) == expected


@pytest.mark.parametrize("cls", BEYOND)
def test_what_spark_has_outside_python_is_there_too(cls: str) -> None:
    members = surface_of(ours(cls))
    assert {name: members.get(name) for name in BEYOND[cls]} == BEYOND[cls]


@pytest.mark.parametrize("name", LISTENER_OBJECTS)
def test_what_a_listener_is_told_has_the_accessors_of_spark(name: str) -> None:
    members = surface_of(ours(f"sparksim.streaming.listener.{name}"))
    assert {accessor: members.get(accessor) for accessor in LISTENER_OBJECTS[name].split()} == dict.fromkeys(
        LISTENER_OBJECTS[name].split(), "(self)"
    )


def test_a_planted_gap_and_a_changed_default_are_seen() -> None:
    class Pyspark:
        def slide(self, every: float, /, *more: int, late: bool = False, key: Any = ours) -> None:
            self.slid = every

    assert surface_of(Pyspark) == {
        "__init__": "(self)",
        "slid": "attribute",
        "slide": "(self, every, /, *more, late=False, key=ours)",
    }
