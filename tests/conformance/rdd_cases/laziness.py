"""When work happens: accumulators count which partitions and records a program really computes."""

from tests.conformance.cases import case


def _counted(sc, records, partitions):
    """An RDD, and accumulators that count the partitions begun and the records computed."""
    begun, computed = sc.accumulator(0), sc.accumulator(0)

    def visit(iterator):
        begun.add(1)
        for record in iterator:
            computed.add(1)
            yield record

    return sc.parallelize(records, partitions).mapPartitions(visit), begun, computed


@case
def nothing_runs_without_an_action(sc):
    numbers, begun, _ = _counted(sc, range(4), 2)
    numbers.map(lambda x: 1 / 0).filter(bool).union(numbers).cache()
    return begun.value


@case
def every_action_computes_again(sc):
    numbers, begun, computed = _counted(sc, range(4), 2)
    numbers.count()
    numbers.collect()
    return [begun.value, computed.value]


@case
def both_sides_of_a_union_are_computed(sc):
    numbers, begun, computed = _counted(sc, range(4), 2)
    numbers.union(numbers).count()
    return [begun.value, computed.value]


@case
def take_starts_with_one_partition(sc):
    numbers, begun, computed = _counted(sc, range(20), 10)
    numbers.take(2)
    return [begun.value, computed.value]


@case
def take_grows_the_scan(sc):
    numbers, begun, computed = _counted(sc, range(20), 10)
    numbers.take(5)
    return [begun.value, computed.value]


@case
def take_scans_four_times_as_many_after_nothing(sc):
    numbers, begun, _ = _counted(sc, range(30), 15)
    return [numbers.filter(lambda x: x >= 8).take(1), begun.value]


@case
def take_scans_everything_if_it_must(sc):
    numbers, begun, computed = _counted(sc, range(30), 15)
    return [numbers.filter(lambda x: x < 0).take(1), begun.value, computed.value]


@case
def take_of_many_estimates_how_many_partitions(sc):
    numbers, begun, _ = _counted(sc, range(40), 20)
    return [len(numbers.take(9)), begun.value]


@case
def take_stops_within_a_partition(sc):
    numbers, _, computed = _counted(sc, range(100), 1)
    return [numbers.take(3), computed.value]


@case
def take_zero_runs_nothing(sc):
    numbers, begun, _ = _counted(sc, range(4), 2)
    return [numbers.take(0), begun.value]


@case
def first_touches_one_partition(sc):
    numbers, begun, computed = _counted(sc, range(10), 5)
    return [numbers.first(), begun.value, computed.value]


@case
def is_empty_touches_one_partition(sc):
    numbers, begun, _ = _counted(sc, range(10), 5)
    return [numbers.isEmpty(), begun.value]


@case
def zip_with_index_counts_first(sc):
    numbers, begun, _ = _counted(sc, range(6), 3)
    indexed = numbers.zipWithIndex()
    before = begun.value
    indexed.collect()
    return [before, begun.value]


@case
def zip_with_index_of_one_partition_counts_nothing(sc):
    numbers, begun, _ = _counted(sc, range(6), 1)
    numbers.zipWithIndex()
    return begun.value


@case
def sort_by_key_samples_at_once(sc):
    numbers, begun, _ = _counted(sc, [(3, 0), (1, 0), (2, 0)], 2)
    ordered = numbers.sortByKey()
    before = begun.value
    ordered.collect()
    return [before, begun.value]


@case
def sort_by_key_to_one_partition_samples_nothing(sc):
    numbers, begun, _ = _counted(sc, [(3, 0), (1, 0), (2, 0)], 2)
    numbers.sortByKey(numPartitions=1)
    return begun.value


@case
def reduce_by_key_is_lazy(sc):
    numbers, begun, _ = _counted(sc, [(1, 1), (1, 2)], 2)
    numbers.reduceByKey(lambda a, b: a + b).mapValues(str)
    return begun.value


@case
def shuffle_output_is_used_again(sc):
    numbers, begun, _ = _counted(sc, [(i % 2, i) for i in range(6)], 3)
    summed = numbers.reduceByKey(lambda a, b: a + b)
    summed.count()
    after_one = begun.value
    summed.collect()
    summed.mapValues(str).collect()
    return [after_one, begun.value]


@case
def a_new_shuffle_of_the_same_rdd_computes_again(sc):
    numbers, begun, _ = _counted(sc, [(i % 2, i) for i in range(6)], 3)
    numbers.reduceByKey(lambda a, b: a + b).count()
    numbers.reduceByKey(lambda a, b: a + b).count()
    return begun.value


@case
def partial_job_still_runs_the_whole_map_stage(sc):
    numbers, begun, _ = _counted(sc, [(i, i) for i in range(6)], 3)
    numbers.partitionBy(4).first()
    return begun.value


@case
def run_job_computes_only_the_partitions_asked_for(sc):
    numbers, begun, computed = _counted(sc, range(9), 3)
    sc.runJob(numbers, list, [1])
    return [begun.value, computed.value]


@case
def to_local_iterator_goes_partition_by_partition(sc):
    numbers, begun, _ = _counted(sc, range(9), 3)
    return [list(numbers.toLocalIterator()), begun.value]


@case
def coalesce_computes_each_parent_once(sc):
    numbers, begun, _ = _counted(sc, range(9), 6)
    return [numbers.coalesce(2).count(), begun.value]


@case
def cartesian_computes_the_left_side_per_pair(sc):
    left, begun_left, _ = _counted(sc, [1, 2], 2)
    right, begun_right, _ = _counted(sc, [3, 4, 5], 3)
    left.cartesian(right).count()
    return [begun_left.value, begun_right.value > 0]


@case
def checks_of_partitions_run_nothing(sc):
    numbers, begun, _ = _counted(sc, range(4), 2)
    shuffled = numbers.map(lambda x: (x, x)).partitionBy(3)
    return [shuffled.getNumPartitions(), shuffled.glom().getNumPartitions(), begun.value]


@case
def a_generator_in_a_task_is_not_drained(sc):
    pulled = sc.accumulator(0)

    def endless(_):
        n = 0
        while True:
            pulled.add(1)
            yield n
            n += 1

    return [sc.parallelize([0], 1).mapPartitions(endless).take(4), pulled.value]
