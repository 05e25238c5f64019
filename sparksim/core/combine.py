"""Combining values by key, on both sides of a shuffle: the one loop where a word count spends its time.

The general loop calls the user's functions once per record (Spark: Aggregator, PySpark: ExternalMerger). Two special
cases give the same results with less work, and are recognised by comparing bytecode:

* a combiner that is `lambda a, b: a + b` (or `operator.add`) is inlined;
* if besides that the pairs come from a map `lambda w: (w, 1)`, the words are counted without making the pairs.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR, CO_VARARGS, CO_VARKEYWORDS
from types import FunctionType
from typing import Any, cast

from sparksim.core.dependency import Aggregator
from sparksim.core.steps import MAP, Step, apply

_MISSING = object()
_FLAGS = CO_VARARGS | CO_VARKEYWORDS | CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR


def _pair_with_one(word: Any) -> tuple[Any, int]:
    return (word, 1)


_ADDS = cast(FunctionType, lambda a, b: a + b)
_PAIRS_WITH_ONE = (cast(FunctionType, _pair_with_one), cast(FunctionType, lambda word: (word, 1)))


def combine_partition(
    aggregator: Aggregator, steps: tuple[Step, ...], index: int, records: Iterator[Any]
) -> dict[Any, Any]:
    """Run the chain `steps` over `records` and combine the pairs that come out by key, in order of first appearance."""
    if steps and _counts(aggregator, steps[-1]):
        return Counter(apply(steps[:-1], index, records))
    return combine_values(aggregator, apply(steps, index, records))


def combine_values(aggregator: Aggregator, pairs: Iterable[Any]) -> dict[Any, Any]:
    """Combine (key, value) pairs by key, in order of first appearance."""
    if aggregator.create is None:
        return _reduce(aggregator.merge_value, pairs)
    create, merge = aggregator.create, aggregator.merge_value
    combined: dict[Any, Any] = {}
    for key, value in pairs:
        old = combined.get(key, _MISSING)
        combined[key] = create(value) if old is _MISSING else merge(old, value)
    return combined


def merge_combiners(aggregator: Aggregator, pairs: Iterable[Any]) -> dict[Any, Any]:
    """Merge (key, combiner) pairs by key, in order of first appearance."""
    return _reduce(aggregator.merge_combiners, pairs)


def _reduce(func: Callable[[Any, Any], Any], pairs: Iterable[Any]) -> dict[Any, Any]:
    combined: dict[Any, Any] = {}
    if _adds(func):
        for key, value in pairs:
            try:
                old = combined[key]
            except KeyError:
                combined[key] = value
            else:
                combined[key] = old + value
        return combined
    for key, value in pairs:
        old = combined.get(key, _MISSING)
        combined[key] = value if old is _MISSING else func(old, value)
    return combined


def _counts(aggregator: Aggregator, last: Step) -> bool:
    """Whether the last step pairs every record with the int 1 and the combiner adds."""
    if last.kind != MAP or aggregator.create is not None or not _adds(aggregator.merge_value):
        return False
    return any(_same_code(last.func, each) and _same_constants(last.func, each) for each in _PAIRS_WITH_ONE)


def _adds(func: Callable[..., Any]) -> bool:
    return func is operator.add or _same_code(func, _ADDS)


def _same_code(func: Any, example: FunctionType) -> bool:
    """Same instructions on the same arguments, whatever the names are."""
    if not isinstance(func, FunctionType):
        return False
    ours, theirs = func.__code__, example.__code__
    return (
        ours.co_code == theirs.co_code
        and ours.co_argcount == theirs.co_argcount
        and ours.co_flags & _FLAGS == theirs.co_flags & _FLAGS
    )


def _same_constants(func: Any, example: FunctionType) -> bool:
    def typed(function: FunctionType) -> list[tuple[type, Any]]:
        return [(type(each), each) for each in function.__code__.co_consts]

    return typed(func) == typed(example)
