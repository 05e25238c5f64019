"""Aggregation by key: results, their order, and what runs on the map side."""

from tests.conformance.cases import case
from tests.conformance.probes import grouped, spark_refuses


def _sales(sc):
    return sc.parallelize([("a", 1), ("b", 2), ("a", 3), ("c", 4), ("b", 5), ("a", 6)], 3)


@case
def reduce_by_key_word_count(sc):
    lines = sc.parallelize(["to be or not", "to be"], 2)
    return lines.flatMap(str.split).map(lambda w: (w, 1)).reduceByKey(lambda a, b: a + b).collect()


@case
def reduce_by_key_folds_in_order_of_partitions(sc):
    return sc.parallelize([("k", str(i)) for i in range(9)], 3).reduceByKey(lambda a, b: f"({a}{b})").collect()


@case
def reduce_by_key_of_single_values_calls_nothing(sc):
    return sc.parallelize([("a", 1), ("b", 2)], 2).reduceByKey(lambda a, b: 1 / 0, 1).collect()


@case
def reduce_by_key_of_nothing(sc):
    return sc.parallelize([], 2).reduceByKey(lambda a, b: a + b).glom().collect()


@case
def reduce_by_key_locally(sc):
    return sorted(_sales(sc).reduceByKeyLocally(lambda a, b: a + b).items())


@case
def reduce_by_key_mixed_key_types(sc):
    pairs = sc.parallelize([(1, "int"), (1.0, "float"), (True, "bool"), ("1", "text"), (None, "none")], 2)
    return pairs.reduceByKey(lambda a, b: f"{a}+{b}", 3).glom().collect()


@case
def reduce_by_key_order_of_ints(sc):
    return sc.parallelize([(i % 7, i) for i in range(30)], 3).reduceByKey(max, 3).glom().collect()


@case
def group_by_key_values_in_order(sc):
    return grouped(_sales(sc).groupByKey(2).collect())


@case
def group_by_key_layout(sc):
    return [grouped(part) for part in _sales(sc).groupByKey(3).glom().collect()]


@case
def group_by_key_values_are_an_iterable_with_length(sc):
    return sorted((key, len(values), max(values)) for key, values in _sales(sc).groupByKey().collect())


@case
def group_by_key_values_inside_a_task(sc):
    return sorted(_sales(sc).groupByKey().mapValues(sum).collect())


@case
def group_by_key_values_can_be_read_twice(sc):
    return sorted(_sales(sc).groupByKey().mapValues(lambda vs: (sum(vs), len(list(vs)))).collect())


@case
def group_by_key_text_of_values(sc):
    return _sales(sc).groupByKey(1).mapValues(lambda vs: type(vs).__name__).collect()


@case
def group_by_function(sc):
    return [(key, sorted(values)) for key, values in sc.parallelize(range(8), 3).groupBy(lambda x: x % 3, 2).collect()]


@case
def combine_by_key_average(sc):
    sums = _sales(sc).combineByKey(
        lambda v: (v, 1), lambda c, v: (c[0] + v, c[1] + 1), lambda a, b: (a[0] + b[0], a[1] + b[1])
    )
    return sums.mapValues(lambda c: c[0] / c[1]).collect()


@case
def combine_by_key_creates_once_per_partition(sc):
    pairs = sc.parallelize([("k", i) for i in range(6)], 3)
    return pairs.combineByKey(lambda v: f"c{v}", lambda c, v: f"{c}m{v}", lambda a, b: f"[{a}|{b}]").collect()


@case
def combine_by_key_own_partitions(sc):
    combined = _sales(sc).combineByKey(lambda v: [v], lambda c, v: [*c, v], lambda a, b: a + b, 2, ord)
    return combined.glom().collect()


@case
def aggregate_by_key_starts_each_partition_at_zero_value(sc):
    pairs = sc.parallelize([("k", i) for i in range(4)], 2)
    return pairs.aggregateByKey("z", lambda c, v: f"{c}{v}", lambda a, b: f"({a},{b})").collect()


@case
def aggregate_by_key_copies_a_mutable_zero_value(sc):
    def add(values, value):
        values.append(value)
        return values

    return _sales(sc).aggregateByKey([], add, lambda a, b: a + b).collect()


@case
def aggregate_by_key_to_another_type(sc):
    maximum_and_count = _sales(sc).aggregateByKey(
        (0, 0), lambda c, v: (max(c[0], v), c[1] + 1), lambda a, b: (max(a[0], b[0]), a[1] + b[1]), 2
    )
    return maximum_and_count.glom().collect()


@case
def fold_by_key(sc):
    return _sales(sc).foldByKey(0, lambda a, b: a + b).collect()


@case
def fold_by_key_uses_zero_value_per_partition(sc):
    return sc.parallelize([("k", 1), ("k", 1), ("k", 1)], 3).foldByKey(10, lambda a, b: a + b).collect()


@case
def fold_by_key_copies_a_mutable_zero_value(sc):
    def merge(a, b):
        a.extend(b)
        return a

    return sc.parallelize([("a", [1]), ("b", [2]), ("a", [3])], 1).foldByKey([], merge).collect()


@case
def count_by_key_order_and_type(sc):
    counts = _sales(sc).countByKey()
    return [list(counts.items()), counts["nobody"]]


@case
def lookup_without_a_partitioner(sc):
    return [_sales(sc).lookup("a"), _sales(sc).lookup("z")]


@case
def lookup_reads_one_partition_when_partitioned(sc):
    touched = sc.accumulator(0)

    def touch(records):
        touched.add(1)
        return records

    pairs = (
        sc.parallelize([(i, i * i) for i in range(6)], 2)
        .partitionBy(3)
        .mapPartitions(touch, preservesPartitioning=True)
    )
    return [pairs.lookup(4), touched.value]


@case
def collect_as_map_keeps_the_last(sc):
    return sorted(_sales(sc).collectAsMap().items())


@case
def distinct_order(sc):
    return sc.parallelize([3, 1, 3, 2, 1, 3], 2).distinct().collect()


@case
def distinct_layout_of_ints(sc):
    return sc.parallelize([i % 9 for i in range(40)], 3).distinct().glom().collect()


@case
def distinct_layout_of_words(sc):
    return sc.parallelize(["the", "cat", "and", "the", "dog", "and", "the", "bird"], 2).distinct(3).glom().collect()


@case
def distinct_treats_equal_numbers_as_one(sc):
    return sc.parallelize([1, 1.0, True, 2], 1).distinct().collect()


@case
def distinct_needs_hashable_records(sc):
    return spark_refuses(sc.parallelize([[1], [1]], 1).distinct().collect, "unhashable")


@case
def second_shuffle_on_the_same_partitioner_keeps_the_layout(sc):
    first = _sales(sc).reduceByKey(lambda a, b: a + b, 2)
    return first.mapValues(lambda v: v * 2).reduceByKey(lambda a, b: a + b, 2).glom().collect()


@case
def map_side_combine_shrinks_the_shuffle(sc):
    calls = sc.accumulator(0)

    def add(a, b):
        calls.add(1)
        return a + b

    total = sc.parallelize([("k", 1)] * 12, 3).reduceByKey(add).collect()
    return [total, calls.value]


@case
def chained_aggregations(sc):
    words = sc.parallelize(["a", "b", "a", "c", "b", "a", "d", "d", "d", "d"], 3)
    counts = words.map(lambda w: (w, 1)).reduceByKey(lambda a, b: a + b)
    return counts.map(lambda p: (p[1], p[0])).groupByKey(2).mapValues(sorted).collect()


@case
def values_may_be_none(sc):
    return sc.parallelize([("a", None), ("a", None), ("b", 1)], 2).groupByKey(1).mapValues(list).collect()


@case
def lists_as_pairs_work_too(sc):
    return sc.parallelize([["a", 1], ["a", 2]], 2).reduceByKey(lambda a, b: a + b).collect()


@case
def triples_are_not_pairs(sc):
    return spark_refuses(sc.parallelize([("a", 1, 2)], 1).reduceByKey(lambda a, b: a + b).collect, "unpack")


@case
def many_keys_and_partitions(sc):
    pairs = sc.parallelize([(f"k{i % 101}", i) for i in range(1000)], 4)
    return pairs.reduceByKey(lambda a, b: a + b, 5).glom().collect()
