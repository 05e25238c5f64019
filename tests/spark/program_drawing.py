"""Draws DStream programs: vectors whose ops fit each other, on random batches (hypothesis)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.conformance.dstream_grammar import (
    INT,
    MANY_STREAM_OPS,
    ONE_STREAM_OPS,
    STR,
    TWO_STREAM_OPS,
    Stream,
    after,
    depth,
    is_plain,
    pair,
    result,
    type_of,
)
from tests.conformance.dstream_ops import ops_of
from tests.conformance.dstream_runner import Vector

Op = dict[str, Any]
Inputs = dict[int, Stream]

DEEPEST = 4
"""Types that are nested deeper than this are not drawn: their records grow and say nothing new."""

NEED_CHECKPOINTS = {"countByWindow", "countByValueAndWindow", "groupByKeyAndWindow", "updateStateByKey", "checkpoint"}
NUMBERS = st.integers(-3, 9) | st.sampled_from([12, 2**31, -(2**40), 10**18])
TEXTS = st.sampled_from(["", "a", "b", "c", "ab", "x", "to be", "or not to be", "é"])
RECORDS: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (INT, NUMBERS),
    (STR, TEXTS),
    (pair(STR, INT), st.tuples(TEXTS, NUMBERS).map(list)),
    (pair(STR, INT), st.tuples(TEXTS, NUMBERS).map(list)),
    (pair(INT, STR), st.tuples(NUMBERS, TEXTS).map(list)),
    (pair(INT, INT), st.tuples(NUMBERS, NUMBERS).map(list)),
    (pair(STR, pair(INT, STR)), st.tuples(TEXTS, st.tuples(NUMBERS, TEXTS).map(list)).map(list)),
]
KEYED = ("updateStateByKey", "groupByKey", "groupByKeyAndWindow", "reduceByKey", "reduceByKeyAndWindow", "combineByKey")
KEEPING = ("cache", "persist", "checkpoint", "repartition", "count")
WEIGHTS = {**dict.fromkeys(KEYED, 8), **dict.fromkeys(KEEPING, 1)}
"""How likely an op is among those that fit; 3 is usual. Only pairs can have a keyed one, any stream a keeping one."""

LAST = [{"op": "mapValues", "fn": fn} for fn in ("list", "cogroup_lists")]
"""Ops that make records plain which are not yet."""


def _grows_twice(program: Sequence[Op]) -> bool:
    """Whether the program squares its batches more than once."""
    return sum(op.get("fn") in ("t_cartesian_self", "w_cartesian") for op in program) > 1


@cache
def _fitting_alone(stream: Stream) -> dict[str, list[Op]]:
    return _fitting(ONE_STREAM_OPS, stream, {})


def _fitting(ops: Sequence[Op], stream: Stream, inputs: Inputs) -> dict[str, list[Op]]:
    """By name, the ops that may follow."""
    fitting: dict[str, list[Op]] = {}
    for op in ops:
        follows = after(op, stream, inputs)
        if follows is not None and depth(follows.of) <= DEEPEST:
            fitting.setdefault(op["op"], []).append(op)
    return fitting


def _draw_one(draw: Any, fitting: dict[str, list[Op]]) -> Op:
    """A name by its weight, however many arguments there are to choose from; then the arguments."""
    name = draw(st.sampled_from([name for name in sorted(fitting) for _ in range(WEIGHTS.get(name, 3))]))
    op: Op = draw(st.sampled_from(fitting[name]))
    return op


def _other(draw: Any, before: list[Op], inputs: Inputs) -> dict[str, Any]:
    """Another stream: an input, or the program so far once more, and perhaps an op on it."""
    number = draw(st.sampled_from(sorted(inputs)))
    program = []
    if number == 1 and draw(st.booleans()) and not any("other" in op or "streams" in op for op in before):
        program = list(before)
    stream = result(program, inputs[number], inputs)
    assert stream is not None
    return {"stream": number, "program": program + _alone(draw, stream, 2)}


def _alone(draw: Any, stream: Stream, most: int) -> list[Op]:
    """Ops that need no other stream."""
    program: list[Op] = []
    for _ in range(draw(st.integers(0, most))):
        op = _draw_one(draw, _fitting_alone(stream))
        follows = after(op, stream, {})
        assert follows is not None
        program, stream = [*program, op], follows
    return program


def _next(draw: Any, before: list[Op], stream: Stream, inputs: Inputs) -> Op:
    """An op that may follow; one with another stream where one is found that fits."""
    if is_plain(stream.of) and draw(st.integers(0, 3)) == 0:
        others = [_other(draw, before, inputs) for _ in range(3)]
        ops = [{**op, "other": other} for op in TWO_STREAM_OPS for other in others]
        if not any("other" in op or "streams" in op for op in before):
            same = {"stream": 1, "program": before or [{"op": "map", "fn": "identity"}]}
            ops += [{**op, "streams": [other, same, same]} for op in MANY_STREAM_OPS for other in others]
        if fitting := _fitting(ops, stream, inputs):
            return _draw_one(draw, fitting)
    return _draw_one(draw, _fitting_alone(stream))


def _program(draw: Any, stream: Stream, inputs: Inputs) -> list[Op]:
    program: list[Op] = []
    for _ in range(draw(st.integers(2, 6))):
        op = _next(draw, program, stream, inputs)
        follows = after(op, stream, inputs)
        assert follows is not None
        program, stream = [*program, op], follows
    return program


def _batches(draw: Any, records: st.SearchStrategy[Any]) -> list[list[Any]]:
    fewest = draw(st.integers(0, 2))
    batches: list[list[Any]] = draw(st.lists(st.lists(records, min_size=fewest, max_size=6), min_size=2, max_size=8))
    return batches


def finished(vector: Vector) -> Vector | None:
    """The vector with the fields that follow from others; None when its ops do not fit, or its result is not plain."""
    inputs = inputs_of(vector)
    main = result(vector["program"], inputs[1], inputs)
    extras = []
    for extra in vector.get("extra_outputs", []):
        start = main if extra.get("from") == "main" else inputs[extra["stream"]]
        extras.append(None if start is None else result(extra["program"], start, inputs))
    if any(stream is None or not is_plain(stream.of) for stream in [main, *extras]):
        return None
    if _unites_raw_streams(vector["program"]):
        return None
    return {**vector, "kind": "dstream", "ordered": True, "checkpoint": needs_checkpoint(vector)}


def _unites_raw_streams(program: Sequence[Op]) -> bool:
    """Whether `ssc.union` meets a stream whose records are as the queue had them.

    PySpark refuses it together with a stream that a function has passed through ("should have same serializer").
    """
    return any(
        {op["op"] for op in other["program"]} <= {"cache", "persist", "checkpoint", "window"}
        for op in program
        if op["op"] == "ssc_union"
        for other in op["streams"]
    )


def inputs_of(vector: Vector) -> Inputs:
    """The types of the vector's input streams."""
    types = {1: vector["types"][0], 2: vector["types"][1]}
    return {number: Stream(_as_type(of)) for number, of in types.items()}


def _as_type(of: Any) -> Any:
    """A type as it was before JSON made lists of its tuples."""
    return tuple(_as_type(part) for part in of) if isinstance(of, (list, tuple)) else of


def needs_checkpoint(vector: Vector) -> bool:
    """Whether Spark refuses to start the vector without a checkpoint directory."""
    programs = [vector["program"], *[extra["program"] for extra in vector.get("extra_outputs", [])]]
    if NEED_CHECKPOINTS & {name for program in programs for name in ops_of(program)}:
        return True
    return "'inv'" in str(programs)


@st.composite
def vectors(draw: Any) -> Vector:
    """A vector without its answers."""
    (first, records), (second, records2) = draw(st.sampled_from(RECORDS)), draw(st.sampled_from(RECORDS))
    if draw(st.booleans()):
        second, records2 = first, records
    inputs = {1: Stream(first), 2: Stream(second)}
    program = _program(draw, inputs[1], inputs)
    main = result(program, inputs[1], inputs)
    assert main is not None
    if not is_plain(main.of):
        program += [op for op in LAST if after(op, main, inputs) is not None]
        main = result(program, inputs[1], inputs)
    vector: Vector = {"types": [first, second], "inputs": _batches(draw, records), "program": program}
    vector["batches"] = len(vector["inputs"]) + draw(st.integers(0, 2))
    vector["input_partitions"] = draw(st.integers(1, 3))
    if "'stream': 2" in str(program):
        vector["inputs2"] = _batches(draw, records2)
    options = draw(st.sampled_from([{}, {}, {}, {}, {"one_at_a_time": False}, {"default": [draw(records)]}]))
    if options and "inputs2" not in vector:
        vector["source_options"] = options
    if main is not None and draw(st.integers(0, 3)) == 0:
        kind = draw(st.sampled_from([{"from": "main"}, {"stream": 1}]))
        start = main if "from" in kind else inputs[1]
        vector["extra_outputs"] = [{**kind, "program": _alone(draw, start, 2)}]
    return vector


class _EnoughError(Exception):
    """Hypothesis may stop."""


def draw_vectors(number: int, of_seed: int) -> list[Vector]:
    """That many vectors which fit, the same ones for the same seed."""
    drawn: dict[str, Vector] = {}

    @seed(of_seed)
    @settings(
        max_examples=number * 20,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(vectors())
    def collect(vector: Vector) -> None:
        whole = finished(vector)
        if len(drawn) == number:
            raise _EnoughError
        if whole is not None and not _grows_twice(whole["program"]):
            # Hypothesis likes to vary what it drew last: the same ops on other batches are no other program.
            drawn.setdefault(" ".join(ops_of(whole["program"])), whole)

    with suppress(_EnoughError):
        collect()
    assert len(drawn) == number, f"only {len(drawn)} of {number} programs were drawn: raise max_examples"
    return list(drawn.values())


__all__ = ["draw_vectors", "finished", "inputs_of", "type_of", "vectors"]
