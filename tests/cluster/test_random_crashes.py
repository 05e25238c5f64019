"""Any program, any crashes: the result is that of an undisturbed run, and the trace keeps every invariant."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from sparksim.cluster.cost import TEACHING
from sparksim.cluster.faults import ExecutorCrash
from sparksim.core.storage_level import StorageLevel
from sparksim.trace.checks import check_trace
from sparksim.trace.events import TaskEnd, TaskStart
from tests.cluster.stories import backend, cluster, join, of, spawn


def add(left, right):
    return left + right


STEPS = {
    "map": lambda rdd, n: rdd.map(lambda pair: (pair[0] + n, pair[1])),
    "filter": lambda rdd, n: rdd.filter(lambda pair: pair[1] % (n + 1) != 1),
    "reduceByKey": lambda rdd, n: rdd.reduceByKey(add, n),
    "groupByKey": lambda rdd, n: rdd.groupByKey(n).mapValues(sum),
    "join": lambda rdd, n: rdd.join(rdd, n).mapValues(lambda pair: pair[0] + pair[1]).reduceByKey(add, n),
    "union": lambda rdd, n: rdd.union(rdd.mapValues(lambda value: value + n)),
    "cache": lambda rdd, n: rdd.map(lambda pair: pair).persist(StorageLevel(False, True, False, False, n)),
    "sortByKey": lambda rdd, n: rdd.sortByKey(numPartitions=n),
    "coalesce": lambda rdd, n: rdd.coalesce(n),
}


@dataclass(frozen=True)
class Program:
    """`records` pairs with `keys` keys on `slices` partitions, through some steps; `jobs` actions at once, twice."""

    records: int
    keys: int
    slices: int
    steps: tuple[tuple[str, int], ...]
    jobs: int

    def run(self, sc):
        rdd = sc.parallelize([(n % self.keys, n) for n in range(self.records)], self.slices)
        for name, n in self.steps:
            rdd = STEPS[name](rdd, n)
        rounds = [join(sc, *[spawn(sc, rdd.collect) for _ in range(self.jobs)]) for _ in range(2)]
        return [sorted(result) for results in rounds for result in results]


PROGRAMS = st.builds(
    Program,
    records=st.integers(0, 60),
    keys=st.integers(1, 9),
    slices=st.integers(1, 7),
    steps=st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.integers(1, 3)), max_size=4).map(tuple),
    jobs=st.integers(1, 3),
)

# At most two deaths strike one task, so that no job comes to the four failures that abort it.
CRASHES = st.lists(
    st.builds(
        ExecutorCrash,
        executor=st.sampled_from(["1", "2", "random"]),
        at=st.integers(0, 1500).map(lambda ms: ms / 1000),
        restart_after=st.sampled_from([None, 0, 0.3]),
    ),
    max_size=2,
)


def max_running(sc):
    """The most tasks that ran at once on any executor."""
    running, most = {}, 0
    for event in of(sc, TaskStart, TaskEnd):
        tasks = running.setdefault(event.executor_id, set())
        if isinstance(event, TaskStart):
            tasks.add(event.task_id)
        else:
            tasks.discard(event.task_id)
        most = max(most, len(tasks))
    return most


@settings(deadline=None, max_examples=60, derandomize=True)
@given(program=PROGRAMS, crashes=CRASHES, seed=st.integers(0, 3), noise=st.sampled_from([0, 0.4]))
def test_the_result_is_that_of_an_undisturbed_run(program, crashes, seed, noise):
    with cluster(cost=TEACHING) as sc:
        expected = program.run(sc)
    with cluster(cost=TEACHING.with_(noise=noise), faults=crashes, seed=seed) as sc:
        assert program.run(sc) == expected
        assert check_trace(backend(sc).trace) == []
        assert max_running(sc) <= 2
