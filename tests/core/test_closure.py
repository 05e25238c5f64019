"""User functions travel as in PySpark: tasks work on copies, snapshots are taken when PySpark takes them."""

from __future__ import annotations

import functools
import operator
import pickle
import threading
from typing import Any

import pytest

from sparksim.core.closure import Closure
from sparksim.core.context import SparkContext
from sparksim.core.errors import NotSerializable, PySparkRuntimeError, SparkJobError

LIMIT = 10
COUNTED = [0]


def test_a_task_never_changes_the_drivers_variables(sc: SparkContext) -> None:
    seen: list[int] = []
    sc.range(4).foreach(lambda x: seen.append(x + 1))
    assert seen == []


def test_every_task_starts_from_a_fresh_copy(sc: SparkContext) -> None:
    seen: list[int] = []

    def remember(records: Any) -> Any:
        for record in records:
            seen.append(record)
            yield len(seen)

    assert sc.parallelize(range(5), 2).mapPartitions(remember).collect() == [1, 2, 1, 2, 3]


def test_functions_of_one_chain_share_their_copy(sc: SparkContext) -> None:
    seen: list[int] = []
    chain = sc.parallelize([1, 2], 1).map(lambda x: seen.append(x) or x).map(lambda x: len(seen))
    assert chain.collect() == [1, 2]


def test_a_snapshot_is_taken_at_the_first_job_on_an_rdd(sc: SparkContext) -> None:
    factor = [1]
    scaled = sc.range(3).map(lambda x: x * factor[0])
    assert scaled.collect() == [0, 1, 2]
    factor[0] = 5
    assert scaled.collect() == [0, 1, 2]
    # sum() is a new RDD on top of it, and takes a snapshot of its own.
    assert scaled.sum() == 15


def test_a_snapshot_of_a_plain_number_behaves_alike(sc: SparkContext) -> None:
    step = 1
    moved = sc.range(2).map(lambda x: x + step)
    assert moved.collect() == [1, 2]
    step = 100
    assert moved.collect() == [1, 2]
    assert moved.reduce(operator.add) == 201


def test_transformations_that_end_a_chain_take_the_snapshot_at_once(sc: SparkContext) -> None:
    base = sc.parallelize([0, 1], 1)
    together = base
    for i in range(3):
        together = together.union(base.map(lambda x: x + 10 * i))  # noqa: B023  # the late binding is the point
    assert together.collect() == [0, 1, 0, 1, 10, 11, 20, 21]


@pytest.mark.parametrize(
    "function",
    [
        str,
        len,
        str.upper,
        operator.neg,
        operator.itemgetter(0),
        functools.partial(max, 3),
        lambda x: x + LIMIT,
        lambda x, y=1: x + y,
        " ".join,
        lambda x, *, z="k": (x, z),
    ],
)
def test_functions_without_state_are_shared_between_tasks(function: Any) -> None:
    closure = Closure((function,))
    assert closure.load() is closure.load()


def make_counter() -> Any:
    count = 0

    def step(x: int) -> int:
        nonlocal count
        count += 1
        return count

    return step


class Adder:
    def __init__(self, step: int) -> None:
        self.step = step

    def add(self, x: int) -> int:
        return x + self.step


@pytest.mark.parametrize(
    "function", [make_counter(), Adder(2).add, functools.partial(operator.add, [1]), lambda x: COUNTED.append(x + 1)]
)
def test_functions_with_state_are_copied_for_every_task(function: Any) -> None:
    closure = Closure((function,))
    assert closure.load()[0] is not closure.load()[0]


def test_helpers_and_recursion_travel_too(sc: SparkContext) -> None:
    def double(x: int) -> int:
        return 2 * x

    def factorial(n: int) -> int:
        return 1 if n == 0 else n * factorial(n - 1)

    assert sc.range(4).map(lambda x: double(factorial(x))).collect() == [2, 2, 4, 12]
    assert sc.range(2).map(Adder(5).add).collect() == [5, 6]
    assert sc.range(3).map(make_counter()).collect() == [1, 1, 2]


def test_what_cannot_travel_is_named_with_the_remedy(sc: SparkContext) -> None:
    connection = threading.Lock()
    mapped = sc.range(2).map(lambda x: (x, connection))
    with pytest.raises(NotSerializable, match=r"holds 'connection', a lock .*once per partition in foreachPartition"):
        mapped.collect()


def test_the_innermost_holder_is_named(sc: SparkContext) -> None:
    adder = Adder(1)
    adder.lock = threading.Lock()
    with pytest.raises(NotSerializable, match=r"an object of class Adder cannot be sent.*it holds 'lock'"):
        sc.range(2).map(adder.add).count()
    with pytest.raises(NotSerializable, match=r"an object of class Adder cannot be sent.*it holds 'lock'"):
        sc.range(2).map(functools.partial(lambda a, x: a.add(x), adder)).count()


def test_it_is_a_pickling_error_as_in_pyspark(sc: SparkContext) -> None:
    lock = threading.Lock()
    with pytest.raises(pickle.PicklingError):
        sc.range(2).reduce(lambda a, b: lock)


def test_where_the_error_comes_up(sc: SparkContext) -> None:
    lock = threading.Lock()
    bad = sc.range(2).map(lambda x: (x, lock))
    with pytest.raises(NotSerializable):
        bad.groupByKey()
    with pytest.raises(NotSerializable):
        bad.cache()


def test_rdds_and_the_context_stay_on_the_driver(sc: SparkContext) -> None:
    other = sc.range(3)
    with pytest.raises(NotSerializable, match="uses 'other', a RangeRDD, which exists on the driver only"):
        sc.range(2).map(lambda x: other.count()).collect()
    with pytest.raises(NotSerializable, match="uses 'sc', a SparkContext, which exists on the driver only"):
        sc.range(2).map(lambda x: sc.range(x + 1)).collect()
    with pytest.raises(pickle.PicklingError, match="an RDD cannot hold RDDs"):
        sc.parallelize([other])
    with pytest.raises(PySparkRuntimeError, match=r"attempting to reference SparkContext .*on the driver only"):
        pickle.dumps(sc)


def test_no_context_inside_a_task(sc: SparkContext) -> None:
    with pytest.raises(SparkJobError, match="a SparkContext can only be used on the driver"):
        sc.range(1).foreach(lambda x: SparkContext("inline[1]", "nested"))


@pytest.mark.parametrize(
    "job",
    [
        lambda rdd: rdd.map(lambda x: next(iter([]))).collect(),
        lambda rdd: rdd.filter(lambda x: next(iter([]))).collect(),
        lambda rdd: rdd.flatMap(lambda x: next(iter([]))).map(str).collect(),
        lambda rdd: rdd.map(lambda x: x if x < 3 else next(iter([]))).count(),
        lambda rdd: rdd.map(lambda x: next(iter([]))).mapPartitions(list).collect(),
        lambda rdd: rdd.reduce(lambda a, b: next(iter([]))),
        lambda rdd: rdd.keyBy(lambda v: next(iter([]))).collect(),
        lambda rdd: rdd.map(lambda x: (x % 2, x)).reduceByKey(lambda a, b: next(iter([])), 1).collect(),
    ],
)
def test_stop_iteration_does_not_end_a_partition_silently(sc: SparkContext, job: Any) -> None:
    with pytest.raises(SparkJobError, match="StopIteration"):
        job(sc.parallelize(range(4), 1))


def test_a_partition_function_may_stop_early(sc: SparkContext) -> None:
    def first_two(records: Any) -> Any:
        records = iter(records)
        return [next(records), next(records)]

    assert sc.parallelize(range(10), 2).map(lambda x: x + 1).mapPartitions(first_two).collect() == [1, 2, 6, 7]


def test_the_variable_of_the_program_is_named_and_what_in_it_cannot_travel(sc: SparkContext) -> None:
    connection = Adder(1)
    connection.session = Adder(2)
    connection.session.lock = threading.Lock()

    def save(x: int) -> None:
        connection.add(x)

    wanted = r"save \(.*it holds 'connection', a Adder, in which an object of class Adder holds 'lock', a lock \(Type"
    with pytest.raises(NotSerializable, match=wanted):
        sc.range(2).foreach(save)
    with pytest.raises(NotSerializable, match=wanted):
        sc.range(2).foreach(lambda x: save(x + 1))
