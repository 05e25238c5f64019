"""Where records land: slices of a collection, hash and custom partitioners, coalesce and repartition."""

from tests.conformance.cases import case
from tests.conformance.probes import raises, spark_refuses


@case
def parallelize_slices_evenly(sc):
    return sc.parallelize(range(10), 4).glom().collect()


@case
def parallelize_a_list_unevenly(sc):
    return sc.parallelize(list("abcdefg"), 3).glom().collect()


@case
def parallelize_fewer_records_than_slices(sc):
    return sc.parallelize([1, 2], 5).glom().collect()


@case
def parallelize_nothing(sc):
    return sc.parallelize([], 3).glom().collect()


@case
def parallelize_a_generator(sc):
    return sc.parallelize((x * x for x in range(5)), 2).glom().collect()


@case
def parallelize_a_dict_gives_keys(sc):
    return sc.parallelize({"a": 1, "b": 2}, 2).glom().collect()


@case
def parallelize_a_string(sc):
    return sc.parallelize("hello", 2).glom().collect()


@case
def parallelize_a_stepped_range(sc):
    return sc.parallelize(range(0, 30, 7), 3).glom().collect()


@case
def parallelize_a_falling_range(sc):
    return sc.parallelize(range(5, 0, -1), 2).glom().collect()


@case
def parallelize_default_slices(sc):
    return [sc.parallelize([1]).getNumPartitions(), sc.defaultParallelism, sc.defaultMinPartitions]


@case
def parallelize_many_records_in_many_batches(sc):
    return sc.parallelize(list(range(2500)), 3).glom().map(lambda p: (len(p), p[0], p[-1])).collect()


@case
def parallelize_takes_a_snapshot(sc):
    data = [1, 2, 3]
    numbers = sc.parallelize(data, 2)
    data.append(4)
    data[0] = 99
    return numbers.collect()


@case
def range_from_zero(sc):
    return sc.range(5, numSlices=2).glom().collect()


@case
def range_with_step(sc):
    return sc.range(2, 12, 3, 2).glom().collect()


@case
def empty_rdd_has_no_partitions(sc):
    nothing = sc.emptyRDD()
    return [nothing.getNumPartitions(), nothing.glom().collect(), nothing.count(), nothing.isEmpty()]


@case
def partition_by_small_ints(sc):
    return sc.parallelize([(i, i) for i in range(7)], 2).partitionBy(3).glom().collect()


@case
def partition_by_negative_ints(sc):
    return sc.parallelize([(i, 0) for i in range(-5, 1)], 2).partitionBy(3).keys().glom().collect()


@case
def partition_by_large_ints(sc):
    keys = [2**31, 2**61 - 1, 2**61, 2**64 + 1, -(2**61), 10**30]
    return sc.parallelize([(k, 0) for k in keys], 2).partitionBy(4).keys().glom().collect()


@case
def partition_by_none_goes_to_zero(sc):
    return sc.parallelize([(None, 1), (1, 2), (None, 3)], 2).partitionBy(3).glom().collect()


@case
def partition_by_floats(sc):
    keys = [0.0, 0.5, 1.0, 1.25, -2.5, 3.14159, 1e300]
    return sc.parallelize([(k, 0) for k in keys], 2).partitionBy(4).keys().glom().collect()


@case
def partition_by_booleans(sc):
    return sc.parallelize([(True, 1), (False, 0), (1, 2)], 1).partitionBy(2).glom().collect()


@case
def partition_by_int_tuples(sc):
    keys = [(), (1,), (1, 2), (2, 1), (0, 0), (1, (2, 3)), (-1, None)]
    return sc.parallelize([(k, 0) for k in keys], 2).partitionBy(4).keys().glom().collect()


@case
def partition_by_strings(sc):
    words = ["to", "be", "or", "not", "that", "is", "the", "question", "", "ä", "日本", "a" * 100]
    return sc.parallelize([(w, 1) for w in words], 2).partitionBy(4).keys().glom().collect()


@case
def partition_by_strings_of_every_length(sc):
    words = ["x" * n for n in range(20)]
    return sc.parallelize([(w, 1) for w in words], 2).partitionBy(5).keys().map(len).glom().collect()


@case
def partition_by_wide_characters(sc):
    words = ["é", "éé", "ÿ", "Ā", "Ωmega", "😀", "a😀b", "日本語テキスト"]
    return sc.parallelize([(w, 1) for w in words], 2).partitionBy(7).keys().glom().collect()


@case
def partition_by_string_tuples(sc):
    keys = [("a", 1), ("a", 2), ("b", 1), ("a", "b"), ("b", ("c", "d"))]
    return sc.parallelize([(k, 0) for k in keys], 2).partitionBy(4).keys().glom().collect()


@case
def partition_by_bytes(sc):
    keys = [b"", b"a", b"ab", b"\x00\xff"]
    return sc.parallelize([(k, 0) for k in keys], 1).partitionBy(4).keys().map(lambda k: k.hex()).glom().collect()


@case
def partition_by_own_function(sc):
    by_length = sc.parallelize([(w, 1) for w in ["a", "bb", "ccc", "dddd"]], 2).partitionBy(3, len)
    return by_length.keys().glom().collect()


@case
def partition_by_own_function_may_be_negative(sc):
    return sc.parallelize([(i, i) for i in range(4)], 1).partitionBy(3, lambda k: -k).keys().glom().collect()


@case
def partition_by_keeps_order_of_map_partitions(sc):
    pairs = sc.parallelize([(1, i) for i in range(6)], 3)
    return pairs.partitionBy(2).glom().collect()


@case
def partition_by_default_number(sc):
    return sc.parallelize([(1, 1)], 5).partitionBy(None).getNumPartitions()


@case
def partition_by_again_is_the_same_rdd(sc):
    parted = sc.parallelize([(1, 1)], 2).partitionBy(3)
    return [parted.partitionBy(3) is parted, parted.partitionBy(2) is parted]


@case
def partition_by_needs_pairs(sc):
    return spark_refuses(lambda: sc.parallelize([1, 2], 2).partitionBy(2).collect())


@case
def partition_by_needs_hashable_keys(sc):
    return spark_refuses(lambda: sc.parallelize([([1], 1)], 1).partitionBy(2).collect(), "unhashable")


@case
def partitioner_is_kept_or_lost(sc):
    parted = sc.parallelize([(1, 1), (2, 2)], 2).partitionBy(2)
    kept = [parted, parted.mapValues(str), parted.flatMapValues(lambda v: [v]), parted.filter(lambda p: True)]
    lost = [parted.map(lambda p: p), parted.keys(), sc.parallelize([(1, 1)], 2)]
    flagged = parted.mapPartitions(lambda records: records, preservesPartitioning=True)
    return [
        [r.partitioner is not None for r in kept],
        [r.partitioner is not None for r in lost],
        flagged.partitioner is not None,
    ]


@case
def partitioners_are_compared(sc):
    def parted(n, *function):
        return sc.parallelize([(1, 1)], 1).partitionBy(n, *function).partitioner

    return [
        parted(2) == parted(2),
        parted(2) == parted(3),
        parted(2) == parted(2, lambda k: k),
        parted(3).numPartitions,
    ]


@case
def reduce_by_key_layout_of_strings(sc):
    words = ["to", "be", "or", "not", "to", "be", "that", "is", "the", "question"]
    return sc.parallelize([(w, 1) for w in words], 3).reduceByKey(lambda a, b: a + b).glom().collect()


@case
def reduce_by_key_default_partitions(sc):
    return sc.parallelize([(1, 1)], 5).reduceByKey(lambda a, b: a + b).getNumPartitions()


@case
def reduce_by_key_partitions_and_function(sc):
    pairs = sc.parallelize([(i, 1) for i in range(8)], 2)
    return pairs.reduceByKey(lambda a, b: a + b, 4, lambda key: key // 2).glom().collect()


@case
def join_default_partitions(sc):
    two, three = sc.parallelize([(1, 1)], 2), sc.parallelize([(1, 2)], 3)
    return [
        two.join(three).getNumPartitions(),
        two.leftOuterJoin(three).getNumPartitions(),
        two.cogroup(three).getNumPartitions(),
        two.subtractByKey(three).getNumPartitions(),
        two.subtract(three).getNumPartitions(),
        two.intersection(three).getNumPartitions(),
        two.join(three, 4).getNumPartitions(),
    ]


@case
def wide_operators_default_partitions(sc):
    pairs = sc.parallelize([(1, 1), (2, 2)], 3)
    return [
        pairs.groupByKey().getNumPartitions(),
        pairs.distinct().getNumPartitions(),
        pairs.groupBy(len).getNumPartitions(),
        pairs.sortByKey().getNumPartitions(),
        pairs.sortBy(lambda p: p[1]).getNumPartitions(),
        pairs.aggregateByKey(0, max, max).getNumPartitions(),
        pairs.repartitionAndSortWithinPartitions().getNumPartitions(),
    ]


@case
def union_of_equally_partitioned_rdds_is_aligned(sc):
    def parted(values):
        return sc.parallelize(values, 2).partitionBy(3)

    together = parted([(0, "a"), (1, "b")]).union(parted([(1, "c"), (2, "d")]))
    return [together.getNumPartitions(), together.glom().collect(), together.partitioner is not None]


@case
def union_of_differently_partitioned_rdds_is_not(sc):
    left = sc.parallelize([(0, "a")], 1).partitionBy(2)
    return left.union(sc.parallelize([(0, "b")], 1).partitionBy(3)).getNumPartitions()


@case
def coalesce_merges_neighbours(sc):
    return sc.parallelize(range(10), 5).coalesce(2).glom().collect()


@case
def coalesce_to_uneven_groups(sc):
    return sc.parallelize(range(7), 7).coalesce(3).glom().collect()


@case
def coalesce_to_one(sc):
    return sc.parallelize(range(5), 3).coalesce(1).glom().collect()


@case
def coalesce_never_splits(sc):
    return sc.parallelize(range(5), 2).coalesce(4).glom().collect()


@case
def coalesce_after_a_map(sc):
    return sc.parallelize(range(6), 6).map(lambda x: x * 2).coalesce(4).glom().collect()


@case
def coalesce_with_shuffle_splits(sc):
    return sc.parallelize(range(40), 1).coalesce(4, shuffle=True).glom().collect()


@case
def coalesce_to_zero_is_refused(sc):
    return raises(ValueError, lambda: sc.parallelize([1], 1).coalesce(0).collect())


@case
def repartition_to_more_of_few_records(sc):
    return sc.parallelize(range(8), 2).repartition(4).glom().collect()


@case
def repartition_to_more_moves_batches_of_ten(sc):
    return sc.parallelize(range(100), 2).repartition(5).glom().collect()


@case
def repartition_to_one_keeps_order(sc):
    return sc.parallelize(range(9), 3).repartition(1).glom().collect()


@case
def repartition_fewer(sc):
    return sc.parallelize(range(60), 6).repartition(2).glom().collect()


@case(unordered=True)
def repartition_loses_nothing(sc):
    return sc.parallelize(range(57), 4).repartition(7).collect()


@case
def repartition_of_nothing(sc):
    return sc.parallelize([], 2).repartition(3).glom().collect()


@case
def repartition_and_sort_within_partitions(sc):
    pairs = sc.parallelize([(5, "e"), (0, "a"), (3, "c"), (2, "b"), (4, "d"), (1, "x")], 2)
    return pairs.repartitionAndSortWithinPartitions(2).glom().collect()


@case
def repartition_and_sort_descending_with_own_function(sc):
    pairs = sc.parallelize([(i, -i) for i in range(8)], 3)
    return pairs.repartitionAndSortWithinPartitions(2, lambda key: key // 4, ascending=False).glom().collect()


@case
def repartition_and_sort_by_key_function(sc):
    pairs = sc.parallelize([("b", 1), ("A", 2), ("a", 3), ("B", 4)], 2)
    return pairs.repartitionAndSortWithinPartitions(1, keyfunc=str.lower).collect()


@case
def bad_partition_numbers(sc):
    numbers = sc.parallelize([(1, 1)], 1)
    return [
        raises(ValueError, lambda: numbers.repartition(0).collect()),
        raises(Exception, lambda: numbers.coalesce("two").collect()),
    ]


@case
def glom_counts_after_each_step(sc):
    pairs = sc.parallelize(range(12), 4).map(lambda x: (x % 3, x))
    steps = [pairs, pairs.reduceByKey(max, 3), pairs.groupByKey(2), pairs.coalesce(3), pairs.union(pairs)]
    return [[len(p) for p in step.glom().collect()] for step in steps]
