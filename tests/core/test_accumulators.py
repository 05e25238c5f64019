"""Tasks add to their own share; the driver sees the shares of tasks that succeeded."""

from __future__ import annotations

from typing import Any

import pytest

from sparksim.core.accumulators import AccumulatorParam
from sparksim.core.context import SparkContext
from sparksim.core.errors import PySparkRuntimeError, SparkJobError
from tests.core.inline_backend import InlineBackend


def test_tasks_add_and_the_driver_reads(sc: SparkContext) -> None:
    total = sc.accumulator(1)
    sc.range(5).foreach(total.add)
    assert total.value == 11


def test_plus_equals_in_a_function_with_nonlocal(sc: SparkContext) -> None:
    total = sc.accumulator(1.5)

    def add(x: int) -> None:
        nonlocal total
        total += x

    sc.range(3).foreach(add)
    assert total.value == 4.5


def test_transformations_count_once_per_job(sc: SparkContext) -> None:
    calls = sc.accumulator(0)
    mapped = sc.range(3).map(lambda x: calls.add(1) or x)
    assert calls.value == 0
    mapped.count()
    mapped.count()
    assert calls.value == 6


def test_only_successful_attempts_count(sc: SparkContext, cluster: InlineBackend) -> None:
    cluster.fail_first = lambda task: task.partitionId() == 0
    total = sc.accumulator(0)
    sc.range(4).foreach(lambda x: total.add(10 + x))
    assert total.value == 46


def test_reading_inside_a_task_is_refused(sc: SparkContext) -> None:
    total = sc.accumulator(0)
    with pytest.raises(SparkJobError, match=r"Accumulator\.value cannot be read or set inside a task"):
        sc.range(1).map(lambda x: total.value).collect()
    with pytest.raises(SparkJobError, match=r"Accumulator\.value cannot be read or set inside a task"):
        sc.range(1).foreach(lambda x: setattr(total, "value", x))


def test_the_driver_can_set_and_add(sc: SparkContext) -> None:
    total = sc.accumulator(0)
    total.value = 5
    total += 2
    total.add(3)
    assert (total.value, str(total), repr(total)) == (10, "10", f"Accumulator<id={total.aid}, value=10>")


class VectorParam(AccumulatorParam[list[int]]):
    def zero(self, value: list[int]) -> list[int]:
        return [0] * len(value)

    def addInPlace(self, value1: list[int], value2: list[int]) -> list[int]:
        return [a + b for a, b in zip(value1, value2, strict=True)]


def test_a_param_of_ones_own(sc: SparkContext) -> None:
    vector = sc.accumulator([1, 2], VectorParam())
    sc.range(3).foreach(lambda x: vector.add([x, 1]))
    assert vector.value == [4, 5]


@pytest.mark.parametrize("value", ["text", [1], None])
def test_other_types_need_a_param(sc: SparkContext, value: Any) -> None:
    with pytest.raises(TypeError, match=r"no accumulator param for .*: only int, float and complex need none"):
        sc.accumulator(value)


def test_complex_numbers_and_incomplete_params(sc: SparkContext) -> None:
    total = sc.accumulator(1j)
    sc.range(2).foreach(lambda x: total.add(complex(x)))
    assert total.value == 1 + 1j
    with pytest.raises(NotImplementedError, match="must define zero"):
        AccumulatorParam().zero(1)
    with pytest.raises(NotImplementedError, match="must define addInPlace"):
        AccumulatorParam().addInPlace(1, 2)


def test_error_type_is_pysparks() -> None:
    assert issubclass(PySparkRuntimeError, RuntimeError)
