"""How functions and their variables travel: every task works on its own copy."""

import pickle
import threading

from tests.conformance.cases import case
from tests.conformance.probes import raises, spark_refuses


@case
def a_task_does_not_change_a_driver_variable(sc):
    counter = {"n": 0}

    def count(x):
        counter["n"] += 1
        return x

    sc.parallelize(range(5), 2).map(count).collect()
    return counter


@case
def a_nonlocal_counter_stays_on_the_driver(sc):
    total = 0

    def add(x):
        nonlocal total
        total += x

    sc.parallelize([1, 2, 3], 2).foreach(add)
    return total


@case
def a_task_sees_its_own_changes(sc):
    seen = []

    def remember(x):
        seen.append(x)
        return len(seen)

    return [sc.parallelize(range(4), 2).map(remember).glom().collect(), seen]


@case
def every_job_starts_from_the_driver_value(sc):
    seen = []

    def remember(x):
        seen.append(x)
        return len(seen)

    counted = sc.parallelize([1, 2], 1).map(remember)
    return [counted.collect(), counted.collect()]


@case
def a_variable_is_captured_when_the_job_runs(sc):
    factor = 1
    scaled = sc.parallelize([1, 2], 1).map(lambda x: x * factor)
    factor = 10
    return scaled.collect()


@case
def a_variable_is_captured_once_per_rdd(sc):
    factor = 1
    scaled = sc.parallelize([1, 2], 1).map(lambda x: x * factor)
    first = scaled.collect()
    factor = 10
    return [first, scaled.collect()]


@case
def a_loop_variable_is_captured_late(sc):
    rdds = [sc.parallelize([1], 1).map(lambda x: x * i) for i in (1, 2, 3)]  # noqa: B023 - this is the point
    return [rdd.collect() for rdd in rdds]


@case
def a_default_argument_is_captured_early(sc):
    rdds = [sc.parallelize([1], 1).map(lambda x, i=i: x * i) for i in (1, 2, 3)]
    return [rdd.collect() for rdd in rdds]


@case
def changing_a_captured_list_before_the_job_is_seen(sc):
    allowed = [1]
    kept = sc.parallelize([1, 2, 3], 1).filter(lambda x: x in allowed)
    allowed.append(3)
    return kept.collect()


@case
def a_captured_object_is_copied(sc):
    class Counter:
        def __init__(self):
            self.n = 0

        def add(self, x):
            self.n += x
            return self.n

    counter = Counter()
    return [sc.parallelize([1, 2, 3, 4], 2).map(counter.add).glom().collect(), counter.n]


@case
def records_are_copies_too(sc):
    record = {"n": 0}

    def change(r):
        r["n"] += 1
        return r

    return [sc.parallelize([record, record], 2).map(change).collect(), record]


@case
def what_is_collected_is_a_copy(sc):
    numbers = sc.parallelize([[1], [2]], 1).cache()
    numbers.collect()[0].append(99)
    answer = numbers.collect()
    numbers.unpersist()
    return answer


@case
def records_of_one_partition_may_share_an_object(sc):
    shared = []
    return sc.parallelize([shared, shared], 1).map(lambda x: x.append(1) or len(x)).collect()


@case
def changing_records_downstream_leaves_the_cache_alone(sc):
    cached = sc.parallelize([[1], [2]], 2).map(lambda x: x).cache()
    cached.count()
    changed = cached.map(lambda x: x.append(9) or x).collect()
    answer = [changed, cached.collect()]
    cached.unpersist()
    return answer


@case
def classes_defined_in_the_program_travel(sc):
    class Point:
        def __init__(self, x):
            self.x = x

        def __eq__(self, other):
            return self.x == other.x

        def __hash__(self):
            return hash(self.x)

    return (
        sc.parallelize([1, 2, 1], 2)
        .map(lambda x: (Point(x), 1))
        .reduceByKey(lambda a, b: a + b)
        .map(lambda p: (p[0].x, p[1]))
        .collect()
    )


@case
def recursive_functions_travel(sc):
    def factorial(n):
        return 1 if n == 0 else n * factorial(n - 1)

    return sc.parallelize([3, 5], 2).map(factorial).collect()


@case
def a_lock_cannot_travel(sc):
    lock = threading.Lock()
    return raises(pickle.PicklingError, sc.parallelize([1], 1).map(lambda x: (lock, x)).collect)


@case
def an_unpicklable_closure_is_found_by_the_action(sc):
    lock = threading.Lock()
    mapped = sc.parallelize([1], 1).map(lambda x: (lock, x))
    return [mapped.getNumPartitions(), raises(pickle.PicklingError, mapped.count)]


@case
def a_context_cannot_travel(sc):
    return raises(Exception, sc.parallelize([1], 1).map(lambda x: sc.parallelize([x]).count()).collect)


@case
def an_rdd_cannot_travel(sc):
    other = sc.parallelize([1, 2], 1)
    return raises(Exception, sc.parallelize([1], 1).map(lambda x: other.count() + x).collect)


@case
def a_generator_record_cannot_be_collected(sc):
    return spark_refuses(sc.parallelize([1], 1).map(lambda x: (i for i in range(x))).collect, "pickle")


@case
def unpicklable_records_within_a_task_are_fine(sc):
    return sc.parallelize([3, 4], 2).map(lambda x: (i for i in range(x))).map(sum).collect()


@case
def unpicklable_records_cannot_be_shuffled(sc):
    return spark_refuses(
        sc.parallelize([1], 1).map(lambda x: (x, (i for i in range(x)))).groupByKey().collect, "pickle"
    )


@case
def modules_are_found_by_tasks(sc):
    import json

    return sc.parallelize(['{"a": 1}'], 1).map(lambda text: json.loads(text)["a"]).collect()
