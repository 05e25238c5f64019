"""DStream programs of our own, in the vectors' format. Real PySpark's answers are recorded beside the RDD cases.

Everything is compared in order unless a vector says `ordered=False`; `glom` makes the layout of partitions part of the
answer.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from tests.conformance.cases import DATA, recording

Vector = dict[str, Any]

WORDS = [["to be or", "not to be"], ["be"], [], ["or or"]]
NUMBERS = [[1, 2, 3, 4], [], [5, 6, 7]]
PAIRS = [[["a", 1], ["b", 2], ["a", 3]], [["b", 4]], [], [["c", 5], ["a", 6], ["c", 7]]]
OTHER_PAIRS = [[["a", 10], ["c", 30]], [["b", 20], ["b", 21]], [["z", 0]], []]


def _op(name: str, **arguments: Any) -> dict[str, Any]:
    return {"op": name, **arguments}


def _map(fn: str) -> dict[str, Any]:
    return _op("map", fn=fn)


def _on(stream: int, *program: dict[str, Any]) -> dict[str, Any]:
    return {"stream": stream, "program": list(program)}


def _vector(name: str, inputs: list[list[Any]], *program: dict[str, Any], **fields: Any) -> Vector:
    vector = {"id": name, "kind": "dstream", "inputs": inputs, "program": list(program), "ordered": True}
    return {**vector, "batches": max(len(inputs), len(fields.get("inputs2", []))), "checkpoint": False, **fields}


GLOM = _op("glom")
PAIR_ONE = _map("pair_one")
COUNT_WORDS = [_op("flatMap", fn="split_words"), PAIR_ONE, _op("reduceByKey", fn="add")]
AVERAGE = _op("combineByKey", create="to_sumcount", merge="sumcount_add", combine="sumcount_merge")
COLLECT = _op("combineByKey", create="to_list", merge="list_append", combine="list_concat")

NARROW = [
    _vector("own-identity-layout", NUMBERS, GLOM),
    _vector("own-three-partitions", NUMBERS, GLOM, input_partitions=3),
    _vector("own-map-chain-layout", NUMBERS, _map("plus1"), _map("square"), _op("filter", fn="is_odd"), GLOM),
    _vector("own-flat-map-layout", NUMBERS, _op("flatMap", fn="upto"), GLOM),
    _vector("own-flat-map-of-text", [["ab", ""], ["c"]], _op("flatMap", fn="chars")),
    _vector("own-filter-never", NUMBERS, _op("filter", fn="never"), GLOM),
    _vector("own-filter-text", [["a", "", "b"], [""]], _op("filter", fn="nonempty")),
    _vector("own-map-values-order", PAIRS, _op("mapValues", fn="double")),
    _vector("own-flat-map-values-order", PAIRS, _op("flatMapValues", fn="v_and_plus10")),
    _vector("own-flat-map-values-upto", [[["a", 2], ["b", 0]], [["c", 1]]], _op("flatMapValues", fn="upto")),
    _vector("own-swap-twice", PAIRS, _map("swap"), _map("swap")),
    _vector("own-first-and-second", PAIRS, _map("first"), extra_outputs=[{"stream": 1, "program": [_map("second")]}]),
    _vector("own-partition-sizes", NUMBERS, _op("mapPartitions", fn="part_size")),
    _vector("own-partition-sizes-of-five", NUMBERS, _op("mapPartitions", fn="part_size"), input_partitions=5),
    _vector("own-partition-sums-of-sums", NUMBERS, *[_op("mapPartitions", fn="part_sum")] * 2),
    _vector("own-tagged-partitions", NUMBERS, _op("mapPartitionsWithIndex", fn="tag_partition")),
    _vector("own-tagged-twice", [[7, 8]], *[_op("mapPartitionsWithIndex", fn="tag_partition")] * 2),
    _vector("own-glom-of-glom", [[1, 2]], GLOM, GLOM),
    _vector("own-glom-of-nothing", [[], []], GLOM),
]

BY_KEY = [
    _vector("own-word-count-order", WORDS, *COUNT_WORDS),
    _vector("own-word-count-layout", WORDS, *COUNT_WORDS, GLOM),
    _vector("own-word-count-one-partition-in", WORDS, *COUNT_WORDS, GLOM, input_partitions=1),
    _vector("own-reduce-by-key-in-order", [[["k", "a"], ["k", "b"], ["k", "c"]]], _op("reduceByKey", fn="add")),
    _vector("own-reduce-by-key-sub", [[["k", 9], ["k", 1], ["k", 2], ["k", 3]]], _op("reduceByKey", fn="sub")),
    _vector("own-reduce-by-key-mul", PAIRS, _op("reduceByKey", fn="mul")),
    _vector("own-reduce-by-key-three-partitions", PAIRS, _op("reduceByKey", fn="max", partitions=3), GLOM),
    _vector("own-reduce-by-int-key-layout", [list(range(12))], _map("mod10_one"), _op("reduceByKey", fn="add"), GLOM),
    _vector("own-group-by-key-order", PAIRS, _op("groupByKey"), _op("mapValues", fn="list")),
    _vector("own-group-by-key-layout", PAIRS, _op("groupByKey", partitions=3), _op("mapValues", fn="list"), GLOM),
    _vector("own-group-by-key-sums", PAIRS, _op("groupByKey"), _op("mapValues", fn="sum_list")),
    _vector("own-group-by-parity", NUMBERS, _map("key_parity"), _op("groupByKey"), _op("mapValues", fn="len_list")),
    _vector("own-combine-average", PAIRS, AVERAGE, _op("mapValues", fn="mean_of_sumcount")),
    _vector("own-combine-lists", PAIRS, COLLECT),
    _vector("own-combine-lists-layout", [[["k", i] for i in range(6)]], COLLECT, GLOM, input_partitions=3),
    _vector(
        "own-partition-by-layout",
        [[[w, 1] for w in ["to", "be", "or", "not"]], []],
        _op("partitionBy", partitions=3),
        GLOM,
    ),
    _vector(
        "own-partition-by-then-values", PAIRS, _op("partitionBy", partitions=2), _op("mapValues", fn="negate"), GLOM
    ),
    _vector(
        "own-two-shuffles", WORDS, *COUNT_WORDS, _map("swap"), _op("groupByKey"), _op("mapValues", fn="sorted_list")
    ),
]

WHOLE_BATCH = [
    _vector("own-count-layout", NUMBERS, _op("count"), GLOM),
    _vector("own-count-of-five-partitions", NUMBERS, _op("count"), input_partitions=5),
    _vector("own-reduce-of-nothing", NUMBERS, _op("reduce", fn="add")),
    _vector("own-reduce-in-order", [["a", "b", "c"], ["d"]], _op("reduce", fn="add"), input_partitions=3),
    _vector("own-reduce-layout", NUMBERS, _op("reduce", fn="max"), GLOM),
    _vector("own-reduce-sub", [[10, 1, 2, 3]], _op("reduce", fn="sub")),
    _vector("own-count-by-value-order", [["b", "a", "b"], []], _op("countByValue")),
    _vector("own-count-by-value-layout", [[3, 1, 3, 2, 1, 3]], _op("countByValue"), GLOM),
    _vector("own-count-of-counts", NUMBERS, _op("count"), _op("count")),
    _vector("own-repartition-layout", [list(range(30)), []], _op("repartition", partitions=3), GLOM),
    _vector("own-repartition-one", NUMBERS, _op("repartition", partitions=1), GLOM),
    _vector("own-repartition-few-records", [[1, 2, 3]], _op("repartition", partitions=4), GLOM),
]

TRANSFORM = [
    _vector("own-transform-distinct", [[3, 1, 3, 2, 1], []], _op("transform", fn="t_distinct")),
    _vector("own-transform-union-self", NUMBERS, _op("transform", fn="t_union_self"), GLOM),
    _vector("own-transform-cartesian", [[1, 2], []], _op("transform", fn="t_cartesian_self")),
    _vector("own-transform-sort-by-key", PAIRS, _op("transform", fn="t_sort_by_key")),
    _vector("own-transform-sum-by-key", PAIRS, _op("transform", fn="t_sum_by_key"), GLOM),
    _vector("own-transform-filter-then-map", NUMBERS, _op("transform", fn="t_filter_even"), _map("to_str")),
    _vector("own-transform-to-none", NUMBERS, _op("transform", fn="t_none")),
    _vector(
        "own-transform-to-none-and-another-output",
        NUMBERS,
        _op("transform", fn="t_none_if_empty"),
        extra_outputs=[{"stream": 1, "program": [_op("count")]}],
    ),
    _vector("own-transform-time-after-map", NUMBERS, _map("double"), _op("transform_time", fn="tag_batch")),
    _vector("own-transform-time-in-ms", NUMBERS, _op("transform_time", fn="pair_batch_ms")),
    _vector("own-transform-time-after-the-queue", [[1]], _op("transform_time", fn="tag_batch"), batches=3),
]

TWO_STREAMS = [
    _vector("own-union-layout", NUMBERS, _op("union", other=_on(2)), GLOM, inputs2=[[9], [8, 7]]),
    _vector("own-union-with-itself", [[1, 2]], _op("union", other=_on(1)), GLOM),
    _vector("own-union-when-the-other-has-ended", [[1], [2], [3]], _op("union", other=_on(2)), inputs2=[[9]]),
    _vector(
        "own-union-of-reduced",
        PAIRS,
        _op("reduceByKey", fn="add"),
        _op("union", other=_on(2, _op("reduceByKey", fn="add"))),
        GLOM,
        inputs2=OTHER_PAIRS,
    ),
    _vector("own-join-order", PAIRS, _op("join", other=_on(2)), inputs2=OTHER_PAIRS),
    _vector("own-join-layout", PAIRS, _op("join", other=_on(2)), GLOM, inputs2=OTHER_PAIRS),
    _vector("own-join-three-partitions", PAIRS, _op("join", other=_on(2), partitions=3), GLOM, inputs2=OTHER_PAIRS),
    _vector("own-join-with-itself", PAIRS, _op("join", other=_on(1))),
    _vector("own-join-with-own-sum", PAIRS, _op("join", other=_on(1, _op("reduceByKey", fn="add")))),
    _vector("own-left-outer-join-layout", PAIRS, _op("leftOuterJoin", other=_on(2)), GLOM, inputs2=OTHER_PAIRS),
    _vector("own-right-outer-join-order", PAIRS, _op("rightOuterJoin", other=_on(2)), inputs2=OTHER_PAIRS),
    _vector("own-full-outer-join-layout", PAIRS, _op("fullOuterJoin", other=_on(2)), GLOM, inputs2=OTHER_PAIRS),
    _vector(
        "own-cogroup-layout",
        PAIRS,
        _op("cogroup", other=_on(2)),
        _op("mapValues", fn="cogroup_sorted"),
        GLOM,
        inputs2=OTHER_PAIRS,
    ),
    _vector(
        "own-transform-with-union", NUMBERS, _op("transformWith", fn="w_union", other=_on(2)), GLOM, inputs2=[[9], [8]]
    ),
    _vector(
        "own-transform-with-intersection",
        NUMBERS,
        _op("transformWith", fn="w_intersection", other=_on(2)),
        inputs2=[[4, 2, 9], [8], [5, 5]],
    ),
    _vector(
        "own-transform-with-subtract-by-key",
        PAIRS,
        _op("transformWith", fn="w_subtract_by_key", other=_on(2)),
        inputs2=OTHER_PAIRS,
    ),
    _vector(
        "own-ssc-union-of-two-sources",
        NUMBERS,
        _op("ssc_union", streams=[_on(2, _map("identity")), _on(1, _map("negate"))]),
        GLOM,
        inputs2=[[9]],
    ),
    _vector(
        "own-ssc-transform-order",
        [[1], [2]],
        _op("ssc_transform", fn="m_union_2_3_1", streams=[_on(1), _on(2), _on(1, _map("negate"))]),
        GLOM,
        inputs2=[[10], [20]],
    ),
    _vector(
        "own-ssc-transform-then-count",
        [[1], [2]],
        _op("ssc_transform", fn="m_union_in_order", streams=[_on(1), _on(2)]),
        _op("count"),
        inputs2=[[10, 11], [20]],
    ),
]

SOURCES_AND_OUTPUTS = [
    _vector("own-queue-default", [[1]], source_options={"default": [0, 0]}, batches=3),
    _vector("own-queue-default-counted", [[1, 2, 3]], _op("count"), source_options={"default": [7]}, batches=4),
    _vector(
        "own-queue-all-at-once-layout", [[1, 2], [3], [4, 5]], GLOM, source_options={"one_at_a_time": False}, batches=2
    ),
    _vector(
        "own-queue-all-at-once-then-default",
        [[1], [2]],
        source_options={"one_at_a_time": False, "default": [9]},
        batches=3,
    ),
    _vector("own-after-the-queue-layout", [[1, 2]], GLOM, batches=3),
    _vector(
        "own-cached-then-two-outputs",
        NUMBERS,
        _map("square"),
        _op("cache"),
        extra_outputs=[{"from": "main", "program": [_op("count")]}, {"from": "main", "program": [GLOM]}],
    ),
    _vector("own-persisted-on-disk", NUMBERS, _map("square"), _op("persist", level="DISK_ONLY"), GLOM),
    _vector(
        "own-persisted-then-reduced",
        WORDS,
        *COUNT_WORDS,
        _op("persist", level="MEMORY_AND_DISK_2"),
        extra_outputs=[{"from": "main", "program": [_op("count")]}],
    ),
    _vector(
        "own-two-streams-two-outputs",
        NUMBERS,
        _map("plus1"),
        inputs2=[[9], [8]],
        extra_outputs=[{"stream": 2, "program": [_map("negate")]}],
    ),
    _vector(
        "own-failing-batch-with-a-sound-output",
        [[0], [1], [2]],
        extra_outputs=[{"stream": 1, "program": [_map("fail_if_1")]}],
        expected_error="record 1",
    ),
    _vector(
        "own-failing-first-output",
        [[1], [0]],
        _map("fail_if_1"),
        extra_outputs=[{"stream": 1, "program": [_op("count")]}],
        expected_error="record 1",
    ),
    _vector(
        "own-failing-shuffle",
        [[["a", 1], ["a", "x"]], [["a", 2]]],
        _op("reduceByKey", fn="add"),
        expected_error="unsupported operand",
    ),
    _vector(
        "own-remembered-slices",
        [[1], [2], [3]],
        _map("identity"),
        remember=10,
        expected_slices=[{"from": 1, "to": 1, "expected": [1]}, {"from": 2, "to": 3, "expected": [2, 3]}],
    ),
]

CASES: list[Vector] = [*NARROW, *BY_KEY, *WHOLE_BATCH, *TRANSFORM, *TWO_STREAMS, *SOURCES_AND_OUTPUTS]


def with_answers(vector: Vector, outputs: list[list[Any]]) -> Vector:
    """The vector expecting these outputs: its own first, then its extra ones."""
    extras = [
        {**extra, "expected": answer}
        for extra, answer in zip(vector.get("extra_outputs", []), outputs[1:], strict=True)
    ]
    return {**vector, "expected": outputs[0], "extra_outputs": extras}


def recorded_cases() -> list[Vector]:
    """Our vectors with the answers of real PySpark. Raises KeyError for a vector that was never recorded."""
    answers = recording()["dstream"]
    return [with_answers(vector, answers[vector["id"]]) for vector in CASES]


SHIPPED = DATA / "dstream-vectors.json"
FORMAT = "sparksim-vectors/1"
_file = SHIPPED


def take_vectors_from(path: Path) -> None:
    """Use this file in place of the shipped one. Before the tests are collected: they are made from the vectors."""
    global _file  # noqa: PLW0603  # set once, by pytest's configuration
    shared_vectors.cache_clear()
    _file = path


def read_vectors(path: Path) -> list[Vector]:
    """The vectors in this file. Raises `ValueError` for a file that holds anything else."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: cannot be read as JSON: {error}") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError(f'{path}: not a file of vectors; it must begin with {{"format": "{FORMAT}", ...}}')
    vectors: list[Vector] = content["vectors"]
    return vectors


@cache
def shared_vectors() -> list[Vector]:
    """The vectors taken from Spark's own tests, of every kind."""
    return read_vectors(_file)
