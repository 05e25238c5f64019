"""Makes a program on which the engines differ smaller, as long as they still differ.

Every round tries all ways to take one thing away, together in one streaming context of real Spark.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tests.conformance.dstream_runner import Vector
from tests.spark.program_drawing import finished

NEEDED = {"op", "fn", "window", "create", "merge", "combine", "level", "interval", "other", "streams", "stream"}


def shrink(vector: Vector, differing: Callable[[Sequence[Vector]], list[Vector]], rounds: int = 30) -> Vector:
    """A vector with nothing left that can be taken away. `differing` tells which of some vectors still differ."""
    for _ in range(rounds):
        smaller = sorted(differing(list(simpler(vector))), key=lambda candidate: len(str(candidate)))
        if not smaller:
            break
        vector = smaller[0]
    return vector


def simpler(vector: Vector) -> Iterator[Vector]:
    """Vectors with one thing less, whose ops still fit each other."""
    for candidate in _candidates(vector):
        whole = finished(candidate)
        if whole is not None:
            yield whole


def _candidates(vector: Vector) -> Iterator[Vector]:
    for field in ("extra_outputs", "source_options", "input_partitions"):
        if field in vector:
            yield {name: value for name, value in vector.items() if name != field}
    for program in _programs(vector["program"]):
        yield {**vector, "program": program}
    for field in ("inputs", "inputs2"):
        batches = vector.get(field, [])
        for some in [batches[: len(batches) // 2], *_without_one(batches)]:
            if field in vector and some:
                yield {**vector, field: some, "batches": max(1, vector["batches"] - len(batches) + len(some))}
        for number, batch in enumerate(batches):
            for fewer in _without_one(batch):
                yield {**vector, field: [*batches[:number], fewer, *batches[number + 1 :]]}
    if vector["batches"] > 1:
        yield {**vector, "batches": vector["batches"] - 1}


def _programs(program: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    yield from _without_one(program)
    for number, op in enumerate(program):
        for simple in _ops(op):
            yield [*program[:number], simple, *program[number + 1 :]]


def _ops(op: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name in op.keys() - NEEDED - ({"partitions"} if op["op"] in ("repartition", "partitionBy") else set()):
        yield {key: value for key, value in op.items() if key != name}
    if "other" in op:
        for program in _programs(op["other"]["program"]):
            yield {**op, "other": {**op["other"], "program": program}}


def _without_one(items: list[Any]) -> Iterator[list[Any]]:
    for number in range(len(items)):
        yield [*items[:number], *items[number + 1 :]]
