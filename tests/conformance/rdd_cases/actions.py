"""Actions: what comes back to the driver."""

from tests.conformance.cases import case
from tests.conformance.probes import raises, spark_refuses


@case
def collect_is_in_order_of_partitions(sc):
    return sc.parallelize(range(9), 4).collect()


@case
def count_of_records(sc):
    return [sc.parallelize(range(9), 4).count(), sc.parallelize([], 3).count()]


@case
def first(sc):
    return sc.parallelize(["b", "a"], 2).first()


@case
def first_skips_empty_partitions(sc):
    return sc.parallelize(range(8), 4).filter(lambda x: x > 5).first()


@case
def first_of_nothing(sc):
    return raises(ValueError, sc.parallelize([], 2).first)


@case
def is_empty(sc):
    return [
        sc.parallelize([], 2).isEmpty(),
        sc.parallelize([0], 2).isEmpty(),
        sc.parallelize([1], 2).filter(lambda x: 0).isEmpty(),
    ]


@case
def reduce_order(sc):
    return sc.parallelize("abcdef", 3).reduce(lambda a, b: f"({a}{b})")


@case
def reduce_skips_empty_partitions(sc):
    return sc.parallelize([1, 2], 5).reduce(lambda a, b: a - b)


@case
def reduce_of_one_record(sc):
    return sc.parallelize([7], 3).reduce(lambda a, b: 1 / 0)


@case
def reduce_of_nothing(sc):
    return raises(ValueError, lambda: sc.parallelize([], 2).reduce(lambda a, b: a))


@case
def fold_uses_zero_per_partition_and_once_more(sc):
    return sc.parallelize([1, 1, 1], 3).fold(10, lambda a, b: a + b)


@case
def fold_order(sc):
    return sc.parallelize("abc", 2).fold("z", lambda a, b: f"({a}{b})")


@case
def fold_of_nothing_is_zero_value_per_partition(sc):
    return sc.parallelize([], 2).fold(1, lambda a, b: a + b)


@case
def fold_copies_a_mutable_zero_value(sc):
    def extend(a, b):
        a.extend(b)
        return a

    zero = []
    return [sc.parallelize([[1], [2], [3]], 2).fold(zero, extend), zero]


@case
def aggregate_order(sc):
    return sc.parallelize(range(4), 2).aggregate("z", lambda a, x: f"{a}{x}", lambda a, b: f"[{a}+{b}]")


@case
def aggregate_to_sum_and_count(sc):
    return sc.parallelize(range(1, 5), 3).aggregate(
        (0, 0), lambda a, x: (a[0] + x, a[1] + 1), lambda a, b: (a[0] + b[0], a[1] + b[1])
    )


@case
def tree_reduce(sc):
    return [sc.parallelize(range(-5, 5), 10).treeReduce(lambda a, b: a + b, depth) for depth in (1, 2, 3)]


@case
def tree_reduce_of_nothing(sc):
    return raises(ValueError, lambda: sc.parallelize([], 2).treeReduce(lambda a, b: a + b))


@case
def tree_aggregate(sc):
    numbers = sc.parallelize([-5, -4, -3, -2, -1, 1, 2, 3, 4], 10)
    return [numbers.treeAggregate(0, lambda a, b: a + b, lambda a, b: a + b, depth) for depth in (1, 2, 5)]


@case
def tree_depth_must_be_positive(sc):
    return raises(ValueError, lambda: sc.parallelize([1], 1).treeReduce(lambda a, b: a + b, 0))


@case
def take_across_partitions(sc):
    return [sc.parallelize(range(10), 5).take(n) for n in (0, 1, 2, 3, 7, 10, 99)]


@case
def take_of_nothing(sc):
    return [sc.parallelize([], 3).take(2), sc.emptyRDD().take(2)]


@case
def take_past_empty_partitions(sc):
    return sc.parallelize(range(20), 10).filter(lambda x: x > 14).take(3)


@case
def count_by_value(sc):
    return list(sc.parallelize([1, 2, 1, 2, 2], 2).countByValue().items())


@case
def count_by_value_of_words(sc):
    return list(sc.parallelize(["b", "a", "b", "c", "a", "b"], 3).countByValue().items())


@case
def foreach_runs_for_every_record(sc):
    total = sc.accumulator(0)
    nothing = sc.parallelize([1, 2, 3, 4], 2).foreach(total.add)
    return [nothing, total.value]


@case
def foreach_partition_runs_once_per_partition(sc):
    partitions, records = sc.accumulator(0), sc.accumulator(0)

    def visit(iterator):
        partitions.add(1)
        for _ in iterator:
            records.add(1)

    sc.parallelize(range(5), 3).foreachPartition(visit)
    return [partitions.value, records.value]


@case
def foreach_partition_may_return_a_list(sc):
    visited = sc.accumulator(0)

    def visit(iterator):
        visited.add(len(list(iterator)))
        return [1, 2, 3]

    return [sc.parallelize(range(5), 2).foreachPartition(visit), visited.value]


@case
def foreach_changes_nothing_on_the_driver(sc):
    seen = []
    sc.parallelize([1, 2], 2).foreach(seen.append)
    return seen


@case
def to_local_iterator(sc):
    return list(sc.parallelize(range(7), 3).toLocalIterator())


@case
def to_local_iterator_with_prefetch(sc):
    return list(sc.parallelize(range(7), 3).filter(lambda x: x % 2).toLocalIterator(prefetchPartitions=True))


@case
def max_and_min(sc):
    numbers = sc.parallelize([3, -7, 5, 0], 3)
    return [numbers.max(), numbers.min(), numbers.max(key=abs), numbers.min(key=lambda x: -x), numbers.max(str)]


@case
def max_of_nothing(sc):
    return [raises(ValueError, sc.parallelize([], 2).max), raises(ValueError, sc.parallelize([], 2).min)]


@case
def run_job_on_some_partitions(sc):
    numbers = sc.parallelize(range(8), 4)
    return sc.runJob(numbers, lambda records: [x * 10 for x in records], [3, 0])


@case
def run_job_on_all_partitions(sc):
    return sc.runJob(sc.parallelize(range(5), 2), lambda records: [sum(records)])


@case
def run_job_on_a_partition_twice(sc):
    return sc.runJob(sc.parallelize(range(4), 2), lambda records: records, [1, 1])


@case
def run_job_on_a_missing_partition(sc):
    return spark_refuses(lambda: sc.runJob(sc.parallelize([1], 2), lambda records: records, [5]))


@case
def count_approx(sc):
    return sc.parallelize(range(100), 4).countApprox(60000)


@case
def count_approx_distinct_of_few_is_exact(sc):
    return [
        sc.parallelize([i % 10 for i in range(1000)], 4).countApproxDistinct(),
        sc.parallelize("abca", 2).countApproxDistinct(),
    ]


@case
def count_approx_distinct_of_many_is_near(sc):
    numbers = sc.parallelize(range(1000), 3)
    estimates = [
        numbers.countApproxDistinct(),
        numbers.map(str).countApproxDistinct(),
        numbers.countApproxDistinct(0.01),
    ]
    return [abs(estimate - 1000) < 150 for estimate in estimates]


@case
def count_approx_distinct_refuses_too_much_accuracy(sc):
    return raises(ValueError, lambda: sc.parallelize([1], 1).countApproxDistinct(1e-5))


@case
def local_properties(sc):
    sc.setLocalProperty("conformance", "yes")
    answer = [sc.getLocalProperty("conformance"), sc.getLocalProperty("never set")]
    sc.setLocalProperty("conformance", None)
    return [*answer, sc.getLocalProperty("conformance")]


@case
def job_group_and_description_are_local_properties(sc):
    sc.setJobGroup("group", "what it does")
    answer = [sc.getLocalProperty("spark.jobGroup.id"), sc.getLocalProperty("spark.job.description")]
    sc.setJobDescription("another")
    answer.append(sc.getLocalProperty("spark.job.description"))
    sc.setLocalProperty("spark.jobGroup.id", None)
    sc.setLocalProperty("spark.job.description", None)
    return answer


@case
def facts_about_the_context(sc):
    return [
        sc.master,
        isinstance(sc.appName, str),
        isinstance(sc.applicationId, str) and len(sc.applicationId) > 0,
        isinstance(sc.startTime, int),
        sc.getConf().get("spark.master"),
        sc.getConf().get("no.such.key", "default"),
    ]


@case
def a_second_context_is_refused(sc):
    return raises(ValueError, lambda: type(sc)("local[1]", "second"))


@case
def get_or_create_gives_the_running_context(sc):
    return type(sc).getOrCreate() is sc


@case
def configuration_values(sc):
    conf = type(sc.getConf())(loadDefaults=False)
    conf.setMaster("local[3]").setAppName("name").set("a.b", 1).setIfMissing("a.b", 2).setIfMissing("a.c", True)
    conf.setAll([("x", "1"), ("y", "2")])
    return [
        sorted(conf.getAll()),
        conf.get("a.b"),
        conf.get("missing"),
        conf.get("missing", "d"),
        conf.contains("x"),
        conf.contains("z"),
        sorted(conf.toDebugString().splitlines()),
    ]


@case
def changing_a_copied_configuration_changes_nothing(sc):
    sc.getConf().set("conformance.key", "1")
    return sc.getConf().contains("conformance.key")
