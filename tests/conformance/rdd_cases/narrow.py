"""Transformations that need no shuffle: what each yields and in which partition."""

from tests.conformance.cases import case
from tests.conformance.probes import raises, spark_refuses


@case
def map_keeps_the_layout(sc):
    return sc.parallelize([1, 2, 3, 4, 5], 2).map(lambda x: x * x).glom().collect()


@case
def map_may_yield_none(sc):
    return sc.parallelize([1, 2, 3], 2).map(lambda x: None if x == 2 else x).collect()


@case
def map_of_a_bound_method(sc):
    return sc.parallelize(["a", "b"], 2).map("x-{}".format).collect()


@case
def map_of_a_builtin_class(sc):
    return sc.parallelize(["1", "22"], 1).map(int).collect()


@case
def flat_map_of_lists(sc):
    return sc.parallelize([2, 0, 3], 2).flatMap(range).glom().collect()


@case
def flat_map_of_text_gives_characters(sc):
    return sc.parallelize(["ab", "", "c"], 2).flatMap(lambda text: text).glom().collect()


@case
def flat_map_of_a_generator(sc):
    def twice(x):
        yield x
        yield -x

    return sc.parallelize([1, 2], 2).flatMap(twice).collect()


@case
def flat_map_of_a_dict_gives_its_keys(sc):
    return sc.parallelize([{"a": 1, "b": 2}], 1).flatMap(lambda d: d).collect()


@case
def flat_map_of_a_number_fails(sc):
    return spark_refuses(sc.parallelize([1], 1).flatMap(lambda x: x).collect, "not iterable")


@case
def filter_leaves_empty_partitions(sc):
    return sc.parallelize(range(6), 3).filter(lambda x: x in (0, 1)).glom().collect()


@case
def filter_takes_any_true_value(sc):
    return sc.parallelize([0, 1, "", "x", None, [], [0]], 2).filter(lambda x: x).collect()


@case
def narrow_steps_in_a_chain(sc):
    numbers = sc.parallelize(range(10), 3)
    return numbers.map(lambda x: x + 1).filter(lambda x: x % 2).flatMap(lambda x: [x] * (x % 4)).glom().collect()


@case
def map_partitions_sees_each_partition_once(sc):
    return sc.parallelize(range(7), 3).mapPartitions(lambda records: [sum(records)]).collect()


@case
def map_partitions_runs_on_empty_partitions(sc):
    return sc.parallelize([1], 3).mapPartitions(lambda records: [len(list(records))]).collect()


@case
def map_partitions_may_yield_nothing(sc):
    return sc.parallelize([1, 2, 3], 3).mapPartitions(lambda records: []).glom().collect()


@case
def map_partitions_gives_an_iterator(sc):
    return (
        sc.parallelize([1, 2, 3], 1)
        .mapPartitions(lambda records: [next(records), hasattr(records, "__len__")])
        .collect()
    )


@case
def map_partitions_need_not_read_everything(sc):
    return sc.parallelize(list(range(100)), 2).mapPartitions(lambda records: [next(records)]).collect()


@case
def map_partitions_with_index(sc):
    return sc.parallelize("abcde", 3).mapPartitionsWithIndex(lambda i, records: [(i, x) for x in records]).collect()


@case
def map_partitions_with_index_after_a_map(sc):
    tagged = sc.parallelize(range(4), 2).map(lambda x: x * 10)
    return tagged.mapPartitionsWithIndex(lambda i, records: [f"{i}:{x}" for x in records]).glom().collect()


@case
def glom_of_glom(sc):
    return sc.parallelize(range(3), 2).glom().glom().collect()


@case
def glom_shows_empty_partitions(sc):
    return sc.parallelize([7], 3).glom().collect()


@case
def key_by(sc):
    return sc.parallelize(["apple", "fig"], 2).keyBy(len).collect()


@case
def keys_and_values(sc):
    pairs = sc.parallelize([("a", 1), ("b", 2), ("a", 3)], 2)
    return [pairs.keys().glom().collect(), pairs.values().glom().collect()]


@case
def map_values_leaves_keys_alone(sc):
    return sc.parallelize([("a", [1, 2]), ("b", [])], 2).mapValues(len).collect()


@case
def flat_map_values_repeats_keys(sc):
    return sc.parallelize([("a", [1, 2]), ("b", []), ("c", "xy")], 2).flatMapValues(lambda v: v).glom().collect()


@case
def zip_pairs_by_position(sc):
    left = sc.parallelize(range(5), 2)
    return left.zip(left.map(lambda x: x * 100)).glom().collect()


@case
def zip_of_independent_rdds(sc):
    return sc.parallelize(range(4), 2).zip(sc.parallelize("abcd", 2)).collect()


@case
def zip_refuses_other_partition_numbers(sc):
    return raises(ValueError, lambda: sc.parallelize(range(4), 2).zip(sc.parallelize(range(4), 4)))


@case
def zip_fails_on_other_lengths(sc):
    return raises(Exception, lambda: sc.parallelize(range(4), 2).zip(sc.parallelize(range(5), 2)).collect())


@case
def zip_with_index_counts_across_partitions(sc):
    return sc.parallelize("abcdef", 4).zipWithIndex().glom().collect()


@case
def zip_with_index_skips_empty_partitions(sc):
    return sc.parallelize(range(6), 3).filter(lambda x: x > 3).zipWithIndex().collect()


@case
def zip_with_unique_id_is_k_n_plus_i(sc):
    return sc.parallelize("abcde", 3).zipWithUniqueId().collect()


@case
def cartesian_order(sc):
    return sc.parallelize([1, 2], 1).cartesian(sc.parallelize(["a", "b", "c"], 1)).collect()


@case
def cartesian_layout(sc):
    return sc.parallelize([1, 2, 3], 2).cartesian(sc.parallelize("ab", 2)).glom().collect()


@case
def cartesian_with_itself(sc):
    numbers = sc.parallelize([1, 2], 2)
    return numbers.cartesian(numbers).collect()


@case
def cartesian_with_nothing(sc):
    return sc.parallelize([1, 2], 2).cartesian(sc.parallelize([], 2)).glom().collect()


@case
def union_adds_up_partitions(sc):
    return sc.parallelize([1, 2, 3], 2).union(sc.parallelize([3, 4], 1)).glom().collect()


@case
def union_keeps_duplicates(sc):
    numbers = sc.parallelize([1, 1], 1)
    return (numbers + numbers).collect()


@case
def context_union_of_three(sc):
    return sc.union([sc.parallelize([i] * i, 2) for i in (1, 2, 3)]).glom().collect()


@case
def union_of_different_types(sc):
    return sc.parallelize([1], 1).union(sc.parallelize(["a", None, (1, 2)], 1)).collect()


@case
def pipe_through_a_command(sc):
    return sc.parallelize(["b", "a", "c"], 2).pipe("cat").glom().collect()


@case
def pipe_runs_once_per_partition(sc):
    return sc.parallelize(["1", "2", "3"], 2).pipe("wc -l").map(int).collect()


@case
def pipe_gives_text(sc):
    return sc.parallelize([1, 2], 1).pipe("cat").collect()


@case
def pipe_with_an_environment(sc):
    return sc.parallelize(["x"], 1).pipe("sh -c 'cat > /dev/null; echo $GREETING'", env={"GREETING": "hello"}).collect()


@case
def pipe_ignores_a_failing_command(sc):
    return sc.parallelize(["x"], 1).pipe("sh -c 'cat > /dev/null; exit 3'").collect()


@case
def pipe_check_code_reports_a_failing_command(sc):
    piped = sc.parallelize(["x"], 1).pipe("sh -c 'cat > /dev/null; exit 3'", checkCode=True)
    return spark_refuses(piped.collect, "3")


@case
def a_name_can_be_set(sc):
    numbers = sc.parallelize([1], 1)
    return [numbers.name() is None or isinstance(numbers.name(), str), numbers.setName("n").name(), numbers.name()]


@case
def ids_differ(sc):
    first, second = sc.parallelize([1], 1), sc.parallelize([1], 1)
    return [isinstance(first.id(), int), first.id() != second.id(), first.context is sc]


@case
def records_may_be_anything_picklable(sc):
    records = [None, True, 1.5, "ü", b"\x00".hex(), (1, (2, 3)), {"k": [1]}, 10**30]
    return sc.parallelize(records, 3).map(lambda x: (type(x).__name__, x)).collect()


@case
def batches_larger_than_the_serializer(sc):
    return sc.parallelize(range(5000), 2).mapPartitions(lambda records: [sum(records)]).collect()
