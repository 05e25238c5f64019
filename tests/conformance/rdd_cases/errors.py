"""Errors in user code: the job fails on the driver, and the message holds the user's own."""

from tests.conformance.cases import case
from tests.conformance.probes import raises, spark_refuses


@case
def an_error_in_map_fails_the_job(sc):
    def fail(x):
        raise ValueError(f"bad record {x}")

    return spark_refuses(sc.parallelize([7], 1).map(fail).collect, "ValueError: bad record 7")


@case
def the_message_names_the_function(sc):
    def my_failing_function(x):
        return x / 0

    return spark_refuses(sc.parallelize([1], 1).map(my_failing_function).collect, "my_failing_function")


@case
def an_error_in_filter(sc):
    return spark_refuses(sc.parallelize([1], 1).filter(lambda x: {}["missing"]).count, "KeyError: 'missing'")


@case
def an_error_in_the_map_side_of_a_shuffle(sc):
    return spark_refuses(sc.parallelize([1, 2], 2).map(lambda x: (x, 1 // 0)).groupByKey().collect, "ZeroDivisionError")


@case
def an_error_in_a_reduce_function(sc):
    def fail(a, b):
        raise RuntimeError("cannot add")

    return spark_refuses(sc.parallelize([(1, 1), (1, 2)], 2).reduceByKey(fail).collect, "cannot add")


@case
def an_error_in_reduce_within_a_partition(sc):
    return spark_refuses(lambda: sc.parallelize([1, 0], 1).reduce(lambda a, b: a // b), "ZeroDivisionError")


@case
def an_error_in_reduce_on_the_driver(sc):
    return raises(ZeroDivisionError, lambda: sc.parallelize([1, 0], 2).reduce(lambda a, b: a // b))


@case
def an_error_in_foreach(sc):
    def fail(x):
        raise OSError("disk on fire")

    return spark_refuses(lambda: sc.parallelize([1], 1).foreach(fail), "disk on fire")


@case
def an_error_past_what_take_needs_is_not_met(sc):
    return sc.parallelize([1, 2, 0], 1).map(lambda x: 10 // x).take(2)


@case
def an_error_in_a_partition_take_skips_is_not_met(sc):
    return sc.parallelize([1, 0], 2).map(lambda x: 10 // x).take(1)


@case
def the_context_works_after_a_failed_job(sc):
    failed = spark_refuses(sc.parallelize([0], 1).map(lambda x: 1 // x).collect, "ZeroDivisionError")
    return [failed, sc.parallelize([1, 2], 2).collect()]


@case
def a_failing_rdd_fails_again(sc):
    failing = sc.parallelize([0], 1).map(lambda x: 1 // x)
    return [spark_refuses(failing.collect), spark_refuses(failing.count)]


@case
def a_task_is_not_retried_in_local_mode(sc):
    with_side_effect = sc.accumulator(0)

    def fail_always(x):
        with_side_effect.add(1)
        raise ValueError("always")

    return [spark_refuses(sc.parallelize([1], 1).map(fail_always).collect, "failed 1 times"), with_side_effect.value]


@case
def stop_iteration_in_a_map(sc):
    return spark_refuses(sc.parallelize([1, 2], 1).map(lambda x: next(iter([]))).collect, "StopIteration")


@case
def map_partitions_must_yield_an_iterable(sc):
    return spark_refuses(sc.parallelize([1], 1).mapPartitions(lambda records: 5).collect, "not iterable")


@case
def not_an_rdd_in_union(sc):
    return raises(Exception, lambda: sc.parallelize([1], 1).union([2]).collect())


@case
def not_a_function(sc):
    return raises(Exception, sc.parallelize([1], 1).map(5).collect)


@case
def too_many_arguments(sc):
    return spark_refuses(sc.parallelize([1], 1).map(lambda a, b: a).collect, "missing 1 required positional argument")


@case
def values_of_records_that_are_not_pairs(sc):
    return spark_refuses(sc.parallelize([1], 1).values().collect, "not subscriptable")


@case
def a_pair_operation_on_numbers(sc):
    return spark_refuses(sc.parallelize([1], 1).mapValues(str).collect, "TypeError")


@case
def parallelize_of_a_number(sc):
    return raises(TypeError, lambda: sc.parallelize(5))


@case
def a_missing_method(sc):
    return raises(AttributeError, lambda: sc.parallelize([1], 1).mapp(str))


@case
def an_rdd_is_not_iterable(sc):
    return raises(TypeError, lambda: list(sc.parallelize([1], 1)))


@case
def an_rdd_has_no_length(sc):
    return raises(TypeError, lambda: len(sc.parallelize([1], 1)))
