"""Combining by key gives the same with and without its short cuts, which apply where they are meant to."""

from __future__ import annotations

import operator
from typing import Any

import pytest

from sparksim.core import combine
from sparksim.core.combine import combine_partition, combine_values, merge_combiners
from sparksim.core.dependency import Aggregator
from sparksim.core.steps import FLAT_MAP, MAP, Step

PAIRS = [("a", 1), ("b", 2), ("a", 3)]


def reducer(func: Any) -> Aggregator:
    return Aggregator(None, func, func)


def add(x: Any, y: Any) -> Any:
    return x + y


@pytest.mark.parametrize(
    ("func", "is_addition"),
    [
        (lambda a, b: a + b, True),
        (lambda x, y: x + y, True),
        (add, True),
        (operator.add, True),
        (lambda a, b: b + a, False),
        (lambda a, b: a - b, False),
        (lambda a, b, c=0: a + b, False),
        (lambda a, *b: a, False),
        (max, False),
    ],
)
def test_which_functions_are_additions(func: Any, is_addition: bool) -> None:
    assert combine._adds(func) is is_addition


def pair(word: str) -> tuple[str, int]:
    return (word, 1)


@pytest.mark.parametrize(
    ("func", "is_count"),
    [
        (lambda w: (w, 1), True),
        (lambda anything: (anything, 1), True),
        (pair, True),
        (lambda w: (w, 2), False),
        (lambda w: (w, 1.0), False),
        (lambda w: (w, True), False),
        (lambda w: (w, w), False),
        (lambda w: [w, 1], False),
        (str, False),
    ],
)
def test_which_maps_count(func: Any, is_count: bool) -> None:
    assert combine._counts(reducer(lambda a, b: a + b), Step(MAP, func)) is is_count
    assert combine._counts(reducer(max), Step(MAP, func)) is False
    assert combine._counts(reducer(add), Step(FLAT_MAP, func)) is False
    assert combine._counts(Aggregator(list, add, add), Step(MAP, func)) is False


@pytest.mark.parametrize("func", [lambda a, b: a + b, operator.add, lambda a, b: sum((a, b))])
def test_sums(func: Any) -> None:
    combined = combine_values(reducer(func), iter(PAIRS))
    assert list(combined.items()) == [("a", 4), ("b", 2)]
    assert list(merge_combiners(reducer(func), iter(PAIRS)).items()) == [("a", 4), ("b", 2)]


def test_counting_words_keeps_their_order() -> None:
    steps = (Step(FLAT_MAP, str.split), Step(MAP, lambda w: (w, 1)))
    counted = combine_partition(reducer(lambda a, b: a + b), steps, 0, iter(["b a", "a c b"]))
    assert list(counted.items()) == [("b", 2), ("a", 2), ("c", 1)]


def test_addition_makes_new_values() -> None:
    first = [1]
    combined = combine_values(reducer(lambda a, b: a + b), iter([("k", first), ("k", [2])]))
    assert (combined, first) == ({"k": [1, 2]}, [1])


def test_combiners_of_another_type() -> None:
    aggregator = Aggregator(lambda v: [v], lambda c, v: [*c, v], lambda a, b: a + b)
    assert combine_values(aggregator, iter(PAIRS)) == {"a": [1, 3], "b": [2]}
    assert merge_combiners(aggregator, iter([("a", [1]), ("a", [3])])) == {"a": [1, 3]}


def test_errors_of_the_function_come_through() -> None:
    def fails(a: Any, b: Any) -> Any:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        combine_values(reducer(fails), iter(PAIRS))
