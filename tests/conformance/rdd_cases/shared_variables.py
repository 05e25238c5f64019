"""Accumulators and broadcast variables."""

import pickle

from tests.conformance.cases import case
from tests.conformance.probes import raises, spark_refuses


@case
def accumulator_adds_up_over_tasks(sc):
    total = sc.accumulator(10)
    sc.parallelize([1, 2, 3, 4], 3).foreach(total.add)
    return total.value


@case
def accumulator_plus_equals(sc):
    total = sc.accumulator(0)

    def add(x):
        nonlocal total
        total += x

    sc.parallelize([1, 2, 3], 2).foreach(add)
    return total.value


@case
def accumulator_of_floats(sc):
    total = sc.accumulator(0.5)
    sc.parallelize([0.25, 0.25], 2).foreach(total.add)
    return total.value


@case
def accumulator_of_complex_numbers(sc):
    total = sc.accumulator(0j)
    sc.parallelize([1j, 2], 2).foreach(total.add)
    return [total.value.real, total.value.imag]


@case
def accumulator_on_the_driver(sc):
    total = sc.accumulator(1)
    total.add(2)
    total += 3
    before = total.value
    total.value = 0
    return [before, total.value, str(total)]


@case
def accumulator_needs_a_known_type(sc):
    return raises(TypeError, lambda: sc.accumulator("text"))


@case
def accumulator_with_own_rule(sc):
    class Longest:
        def zero(self, value):
            return ""

        def addInPlace(self, a, b):
            return b if (len(b), b) > (len(a), a) else a

    longest = sc.accumulator("", Longest())
    sc.parallelize(["a", "ccc", "bb"], 3).foreach(longest.add)
    return longest.value


@case
def accumulator_of_lists_in_order_of_one_partition(sc):
    class Lists:
        def zero(self, value):
            return []

        def addInPlace(self, a, b):
            a.extend(b)
            return a

    seen = sc.accumulator([], Lists())
    sc.parallelize(range(4), 1).foreach(lambda x: seen.add([x]))
    return seen.value


@case
def accumulator_cannot_be_read_in_a_task(sc):
    total = sc.accumulator(0)
    return spark_refuses(sc.parallelize([1], 1).map(lambda x: total.value).collect, "cannot be accessed inside tasks")


@case
def accumulator_in_a_transformation_counts_every_run(sc):
    calls = sc.accumulator(0)
    numbers = sc.parallelize(range(3), 2).map(lambda x: calls.add(1) or x)
    numbers.count()
    numbers.count()
    return calls.value


@case
def accumulator_of_a_failed_task_is_dropped(sc):
    calls = sc.accumulator(0)

    def fail(x):
        calls.add(1)
        raise ValueError("no")

    return [spark_refuses(lambda: sc.parallelize([1], 1).foreach(fail), "no"), calls.value]


@case
def two_accumulators_in_one_task(sc):
    even, odd = sc.accumulator(0), sc.accumulator(0)
    sc.parallelize(range(7), 3).foreach(lambda x: even.add(1) if x % 2 == 0 else odd.add(1))
    return [even.value, odd.value]


@case
def accumulator_in_both_stages_of_a_shuffle(sc):
    maps, reduces = sc.accumulator(0), sc.accumulator(0)
    pairs = sc.parallelize(range(6), 3).map(lambda x: maps.add(1) or (x % 2, x))
    pairs.reduceByKey(lambda a, b: a + b, 2).foreach(lambda p: reduces.add(1))
    return [maps.value, reduces.value]


@case
def broadcast_value(sc):
    table = sc.broadcast({"a": 1})
    return [table.value, sc.parallelize(["a", "b"], 2).map(lambda k: table.value.get(k, 0)).collect()]


@case
def broadcast_is_fixed_when_made(sc):
    data = [1, 2]
    shared = sc.broadcast(data)
    data.append(3)
    return [sc.parallelize([0], 1).map(lambda _: list(shared.value)).collect(), shared.value]


@case
def broadcast_changed_in_a_task_is_unchanged_on_the_driver(sc):
    shared = sc.broadcast([1])
    sc.parallelize([0], 1).foreach(lambda _: shared.value.append(2))
    return shared.value


@case
def broadcast_of_none_and_of_a_builtin(sc):
    nothing, biggest = sc.broadcast(None), sc.broadcast(max)
    return [nothing.value, sc.parallelize([[1, 3], [2]], 2).map(lambda x: [biggest.value(x)]).collect()]


@case
def broadcast_of_a_lambda_is_refused(sc):
    return raises(pickle.PicklingError, lambda: sc.broadcast(lambda x: x * 2))


@case
def broadcast_can_be_used_after_unpersist(sc):
    shared = sc.broadcast([1, 2])
    use = sc.parallelize([0], 1).map(lambda i: shared.value[i])
    first = use.collect()
    shared.unpersist()
    return [first, use.collect(), shared.value]


@case
def broadcast_cannot_be_used_after_destroy(sc):
    shared = sc.broadcast([1, 2])
    shared.destroy()
    return raises(Exception, sc.parallelize([0], 1).map(lambda i: shared.value[i]).collect)


@case
def broadcast_of_something_unpicklable(sc):
    return raises(Exception, lambda: sc.broadcast(i for i in range(3)))


@case
def broadcast_in_a_shuffle_function(sc):
    factor = sc.broadcast(10)
    pairs = sc.parallelize([(1, 1), (1, 2), (2, 3)], 2)
    return pairs.reduceByKey(lambda a, b: (a + b) * factor.value, 2).collect()
