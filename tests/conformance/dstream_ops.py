"""The ops of DStream vectors: how each is said in the DStream API.

A vector can run when all its ops stand in the table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.conformance import dstream_functions as functions
from tests.conformance.look_back_ops import LOOK_BACK

Op = dict[str, Any]
Build = Callable[[Any, Any, Op], Any]
"""`build(program, stream, op)` gives the stream after `op`; `program` is the run's `Program` (`dstream_runner`)."""


def _one_stream(method: str, table: dict[str, Callable[..., Any]] | None = None, *options: str) -> Build:
    """`stream.method(function, **options)`, the function by name, the options only where the vector has them."""

    def build(program: Any, stream: Any, op: Op) -> Any:
        arguments = [table[op["fn"]]] if table is not None else []
        arguments += [op[option] for option in options if option in op]
        return getattr(stream, method)(*arguments)

    return build


def _two_streams(method: str) -> Build:
    def build(program: Any, stream: Any, op: Op) -> Any:
        partitions = [op["partitions"]] if "partitions" in op else []
        return getattr(stream, method)(program.other(op["other"]), *partitions)

    return build


def _combine_by_key(program: Any, stream: Any, op: Op) -> Any:
    partitions = [op["partitions"]] if "partitions" in op else []
    return stream.combineByKey(
        functions.CREATE[op["create"]], functions.MERGE[op["merge"]], functions.COMBINE[op["combine"]], *partitions
    )


def _partition_by(program: Any, stream: Any, op: Op) -> Any:
    by = [functions.PARTITION_BY[op["by"]]] if "by" in op else []
    return stream.partitionBy(op["partitions"], *by)


def _transform_time(program: Any, stream: Any, op: Op) -> Any:
    function, clock = functions.TRANSFORM_TIME[op["fn"]], program.clock
    return stream.transform(lambda time, rdd: function(clock.number(time), rdd))


def _transform_with(program: Any, stream: Any, op: Op) -> Any:
    return stream.transformWith(functions.TRANSFORM_WITH[op["fn"]], program.other(op["other"]))


def _ssc_union(program: Any, stream: Any, op: Op) -> Any:
    return program.ssc.union(*[program.other(other) for other in op["streams"]])


def _ssc_transform(program: Any, stream: Any, op: Op) -> Any:
    return program.ssc.transform([program.other(other) for other in op["streams"]], functions.TRANSFORM_MANY[op["fn"]])


def _persist(program: Any, stream: Any, op: Op) -> Any:
    return stream.persist(program.storage_level(op["level"]))


OPS: dict[str, Build] = {
    "map": _one_stream("map", functions.MAP, "preserves"),
    "flatMap": _one_stream("flatMap", functions.FLAT_MAP, "preserves"),
    "filter": _one_stream("filter", functions.FILTER),
    "mapValues": _one_stream("mapValues", functions.MAP),
    "flatMapValues": _one_stream("flatMapValues", functions.FLAT_MAP),
    "mapPartitions": _one_stream("mapPartitions", functions.PARTITION, "preserves"),
    "mapPartitionsWithIndex": _one_stream("mapPartitionsWithIndex", functions.INDEXED, "preserves"),
    "transform": _one_stream("transform", functions.TRANSFORM),
    "transform_time": _transform_time,
    "reduce": _one_stream("reduce", functions.REDUCE),
    "reduceByKey": _one_stream("reduceByKey", functions.REDUCE, "partitions"),
    "glom": _one_stream("glom"),
    "count": _one_stream("count"),
    "countByValue": _one_stream("countByValue"),
    "groupByKey": _one_stream("groupByKey", None, "partitions"),
    "combineByKey": _combine_by_key,
    "cache": _one_stream("cache"),
    "persist": _persist,
    "partitionBy": _partition_by,
    "repartition": _one_stream("repartition", None, "partitions"),
    "union": _two_streams("union"),
    "join": _two_streams("join"),
    "leftOuterJoin": _two_streams("leftOuterJoin"),
    "rightOuterJoin": _two_streams("rightOuterJoin"),
    "fullOuterJoin": _two_streams("fullOuterJoin"),
    "cogroup": _two_streams("cogroup"),
    "transformWith": _transform_with,
    "ssc_union": _ssc_union,
    "ssc_transform": _ssc_transform,
}


def ops_of(program: list[Op]) -> Iterator[str]:
    """Names of all ops of a program, those on other streams included."""
    for op in program:
        yield op["op"]
        for other in [op["other"]] if "other" in op else op.get("streams", []):
            yield from ops_of(other.get("program", []))


ALL_OPS = {**OPS, **LOOK_BACK}
"""With windows and state."""


def can_run(vector: dict[str, Any], ops: Mapping[str, Build] = OPS) -> bool:
    """Whether all ops of a `dstream` or `listener` vector stand in the table."""
    programs = [vector.get("program", []), *vector.get("outputs", [])]
    programs += [output.get("program", []) for output in vector.get("extra_outputs", [])]
    return all(name in ops for program in programs for name in ops_of(program))
