"""Sorting: range partitions from a sample, stability, top and takeOrdered."""

from tests.conformance.cases import case
from tests.conformance.probes import spark_refuses


def _pairs(sc, partitions=2):
    return sc.parallelize([("d", 4), ("a", 1), ("c", 3), ("b", 2), ("e", 5)], partitions)


@case
def sort_by_key_ascending(sc):
    return _pairs(sc).sortByKey().glom().collect()


@case
def sort_by_key_descending(sc):
    return _pairs(sc).sortByKey(ascending=False).glom().collect()


@case
def sort_by_key_to_one_partition(sc):
    return _pairs(sc, 3).sortByKey(True, 1).glom().collect()


@case
def sort_by_key_to_more_partitions(sc):
    return _pairs(sc).sortByKey(numPartitions=4).glom().collect()


@case
def sort_by_key_with_key_function(sc):
    return (
        sc.parallelize([("b", 1), ("A", 2), ("C", 3), ("a", 4)], 2)
        .sortByKey(keyfunc=str.lower, numPartitions=2)
        .collect()
    )


@case
def sort_by_key_is_stable(sc):
    pairs = sc.parallelize([(i % 2, i) for i in range(8)], 3)
    return pairs.sortByKey(numPartitions=1).collect()


@case
def sort_by_key_of_equal_keys_fills_one_partition(sc):
    return sc.parallelize([(7, i) for i in range(6)], 3).sortByKey(numPartitions=3).glom().collect()


@case
def sort_by_key_splits_a_larger_range(sc):
    pairs = sc.parallelize([((i * 37) % 200, 0) for i in range(200)], 4)
    return pairs.sortByKey(numPartitions=4).keys().glom().map(lambda part: (len(part), part[0], part[-1])).collect()


@case
def sort_by_key_splits_by_a_sample(sc):
    pairs = sc.parallelize([((i * 37) % 2000, 0) for i in range(2000)], 4)
    return pairs.sortByKey(numPartitions=3).keys().glom().map(lambda part: (len(part), part[0], part[-1])).collect()


@case
def sort_by_key_descending_split(sc):
    pairs = sc.parallelize([((i * 37) % 200, 0) for i in range(200)], 4)
    ordered = pairs.sortByKey(ascending=False, numPartitions=3)
    return ordered.keys().glom().map(lambda part: (len(part), part[0], part[-1])).collect()


@case
def sort_by_key_of_nothing(sc):
    return sc.parallelize([], 2).sortByKey().glom().collect()


@case
def sort_by_value(sc):
    return sc.parallelize([5, 3, 1, 4, 2], 2).sortBy(lambda x: x).glom().collect()


@case
def sort_by_descending(sc):
    return sc.parallelize([5, 3, 1, 4, 2], 3).sortBy(lambda x: x, ascending=False).collect()


@case
def sort_by_a_tuple(sc):
    people = sc.parallelize([("bob", 20), ("ann", 30), ("eve", 20)], 2)
    return people.sortBy(lambda p: (-p[1], p[0]), numPartitions=1).collect()


@case
def sort_by_word_count(sc):
    counts = sc.parallelize(["a", "b", "a", "c", "b", "a"], 2).map(lambda w: (w, 1)).reduceByKey(lambda a, b: a + b)
    return counts.sortBy(lambda p: p[1], False).collect()


@case
def sort_floats_and_ints(sc):
    return sc.parallelize([2, 1.5, -1, 0.0, 10], 2).sortBy(lambda x: x, numPartitions=2).glom().collect()


@case
def sort_of_unlike_types_fails(sc):
    return spark_refuses(
        lambda: sc.parallelize([1, "a"], 1).sortBy(lambda x: x, numPartitions=1).collect(), "not supported"
    )


@case
def sorted_then_mapped_keeps_order(sc):
    return _pairs(sc).sortByKey().values().collect()


@case
def sorted_then_indexed(sc):
    return sc.parallelize([30, 10, 20], 2).sortBy(lambda x: x).zipWithIndex().collect()


@case
def top(sc):
    return sc.parallelize([10, 4, 2, 12, 3], 2).top(2)


@case
def top_with_key(sc):
    return sc.parallelize([10, 4, 2, 12, 3], 2).top(3, key=str)


@case
def top_more_than_there_are(sc):
    return sc.parallelize([3, 1, 2], 2).top(10)


@case
def take_ordered(sc):
    return sc.parallelize([10, 1, 2, 9, 3, 4], 3).takeOrdered(4)


@case
def take_ordered_with_key(sc):
    return sc.parallelize([10, 1, 2, 9, 3, 4], 3).takeOrdered(3, key=lambda x: -x)


@case
def take_ordered_ties_in_order_of_partitions(sc):
    return sc.parallelize(["bb", "a", "cc", "d", "aa"], 3).takeOrdered(4, key=len)


@case
def take_ordered_of_nothing(sc):
    return sc.parallelize([], 2).takeOrdered(3)
