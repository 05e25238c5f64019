"""The drawing and the shrinking of programs, without any engine."""

from __future__ import annotations

from collections.abc import Sequence

from tests.conformance.dstream_grammar import INT, STR, Stream, after, pair, result
from tests.conformance.dstream_ops import ops_of
from tests.conformance.dstream_runner import Vector
from tests.spark.program_drawing import draw_vectors, finished, inputs_of
from tests.spark.program_shrinking import shrink

WORDS = Stream(STR)
COUNT_WORDS = [{"op": "map", "fn": "pair_one"}, {"op": "reduceByKey", "fn": "add"}]


def test_the_same_seed_draws_the_same_programs() -> None:
    assert draw_vectors(5, 7) == draw_vectors(5, 7)
    assert draw_vectors(5, 7) != draw_vectors(5, 8)


def test_every_drawn_program_fits_its_inputs() -> None:
    for vector in draw_vectors(20, 3):
        inputs = inputs_of(vector)
        assert result(vector["program"], inputs[1], inputs) is not None
        assert 2 <= len(vector["inputs"]) <= 8


def test_ops_follow_only_on_records_they_take() -> None:
    assert result(COUNT_WORDS, WORDS, {}) == Stream(pair(STR, INT))
    assert after({"op": "reduceByKey", "fn": "add"}, WORDS, {}) is None
    assert after({"op": "map", "fn": "upper"}, Stream(INT), {}) is None


def test_two_streams_meet_only_when_they_slide_alike() -> None:
    slow = {"stream": 2, "program": [{"op": "window", "window": 2, "slide": 2}]}
    assert after({"op": "union", "other": slow}, WORDS, {2: WORDS}) is None
    assert after({"op": "union", "other": slow}, WORDS._replace(slide=2), {2: WORDS}) == Stream(STR, 2)


def test_a_program_shrinks_to_what_makes_it_differ() -> None:
    program = [*COUNT_WORDS, {"op": "window", "window": 2}, {"op": "map", "fn": "swap"}]
    vector = finished({"types": [STR, STR], "inputs": [["a", "b"], ["c"]], "program": program, "batches": 3})
    assert vector is not None

    def with_a_window_and_a_b(vectors: Sequence[Vector]) -> list[Vector]:
        return [v for v in vectors if "window" in ops_of(v["program"]) and any("b" in batch for batch in v["inputs"])]

    small = shrink(vector, with_a_window_and_a_b)
    assert (small["program"], small["inputs"]) == ([{"op": "window", "window": 2}], [["b"]])
