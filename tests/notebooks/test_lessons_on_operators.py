"""What the texts of lessons 6 to 9 state beside what their cells show: the answers to their questions, above all."""

from __future__ import annotations

from collections.abc import Callable
from operator import add
from typing import Any

from sparksim.course.printed import printed_pairs
from sparksim.sim import Cluster, Constant, Replay, Run, Simulation
from sparksim.streaming import State, StateSpec, StreamingContext

DIRECTORY = "sim://checkpoint"


def simulated(program: Callable[[StreamingContext], None], *, until: float = 7, **how: Any) -> Run:
    surroundings = {"batch": 2.0, "cluster": Cluster(executors=3, cores=2), **how}
    return Simulation(program, **surroundings, seed=1).run(until=until)


def lines(ssc: StreamingContext, port: int = 9999) -> Any:
    return ssc.socketTextStream("localhost", port).map(lambda line: tuple(line.split()))


def test_lesson_6_a_union_has_the_partitions_of_both_and_a_join_the_default_parallelism() -> None:
    counted: list[int] = []

    def program(ssc: StreamingContext) -> None:
        orders, payments = lines(ssc, 9998), lines(ssc, 9999)
        for stream in (orders.union(payments), orders.join(payments)):
            stream.foreachRDD(lambda rdd: counted.append(rdd.getNumPartitions()))

    four_blocks = Replay([(2.1 + block / 5, f"{block} x") for block in range(4)])
    simulated(program, network={"localhost:9998": Constant(20, "1 x"), "localhost:9999": four_blocks}, until=5)
    assert counted[2:] == [14, 6]


def test_lesson_6_a_join_gives_all_combinations_and_cogroup_one_record_per_key() -> None:
    def program(ssc: StreamingContext) -> None:
        orders, payments = lines(ssc, 9998), lines(ssc, 9999)
        orders.join(payments).count().pprint()
        orders.cogroup(payments).count().pprint()

    twice = Replay([(2.5, "7 40"), (2.9, "7 40")])
    run = simulated(program, network={"localhost:9998": Replay([(2.4, "7 lamp")]), "localhost:9999": twice})
    assert run.output[4.0].splitlines()[3::5] == ["2", "1"]


def test_lesson_6_an_rdd_without_partitions_counts_0() -> None:
    counted: list[int] = []
    load = {"localhost:9999": Replay([(2.5, "a b"), (2.6, "a b")])}
    simulated(lambda ssc: lines(ssc).foreachRDD(lambda rdd: counted.append(rdd.count())), network=load)
    assert counted == [0, 2, 0]


def test_lesson_7_states_of_long_batches_are_saved_in_each() -> None:
    def program(ssc: StreamingContext) -> None:
        ssc.checkpoint(DIRECTORY)
        totals = lines(ssc).updateStateByKey(lambda new, total: sum(map(int, new)) + (total or 0))
        totals.foreachRDD(lambda rdd: rdd.foreach(lambda record: None))

    run = simulated(program, network={"localhost:9999": Constant(1, "a 1")}, batch=15.0, until=50)
    jobs = run.jobs.column("batch_time_ms")
    assert [jobs.count(time_ms) for time_ms in (15_000, 30_000, 45_000)] == [2, 2, 2]  # one of them saves


def idle(key: str, value: str | None, state: State) -> tuple[str, str]:
    if state.isTimingOut():
        return key, "dropped"
    state.update(value)
    return key, "came"


def test_lesson_8_an_idle_key_may_stay_for_three_time_outs() -> None:
    def program(ssc: StreamingContext) -> None:
        ssc.checkpoint(DIRECTORY)
        lines(ssc).mapWithState(StateSpec.function(idle).timeout(300)).pprint()

    load = {"localhost:9999": Replay([(4.5 * 60, "late 1")])}
    run = simulated(program, network=load, batch=60.0, until=20.5 * 60)
    said = {at / 60: pairs for at in run.output.batches if (pairs := printed_pairs(run, at))}
    assert said == {5: [("late", "came")], 20: [("late", "dropped")]}


def test_lesson_8_a_key_that_comes_in_the_batch_that_looks_stays() -> None:
    def program(ssc: StreamingContext) -> None:
        ssc.checkpoint(DIRECTORY)
        lines(ssc).mapWithState(StateSpec.function(idle).timeout(10)).pprint()

    run = simulated(program, network={"localhost:9999": Replay([(2.9, "a 1"), (18.9, "a 1")])}, until=23)
    assert printed_pairs(run, 20.0) == [("a", "came")]


def test_lesson_9_a_word_that_is_listed_twice_is_dropped_as_well() -> None:
    def drop(rdd: Any) -> Any:
        listed = rdd.context.parallelize([("$", True), ("$", True)])
        return rdd.leftOuterJoin(listed).filter(lambda pair: pair[1][1] is None).mapValues(lambda both: both[0])

    load = {"localhost:9999": Replay([(2.5, "$ 1"), (2.6, "a 1"), (2.7, "a 1")])}
    run = simulated(lambda ssc: lines(ssc).transform(drop).mapValues(int).reduceByKey(add).pprint(), network=load)
    assert printed_pairs(run, 4.0) == [("a", 2)]


def test_lesson_9_a_transform_that_gives_none_makes_no_job() -> None:
    run = simulated(lambda ssc: lines(ssc).transform(lambda rdd: None).pprint(), network={"localhost:9999": Replay([])})
    assert len(run.jobs.where(batch_time_ms=4000)) == 0


def test_lesson_9_transform_reads_when_jobs_are_made_and_foreach_rdd_when_they_run() -> None:
    read: dict[str, list[float]] = {"transform": [], "foreachRDD": []}

    def program(ssc: StreamingContext) -> None:
        clock = ssc.sparkContext._backend.clock

        def look(rdd: Any) -> Any:
            read["transform"].append(clock.now_ms)
            return rdd

        def write(rdd: Any) -> None:
            read["foreachRDD"].append(clock.now_ms)
            rdd.foreach(lambda record: None)

        lines(ssc).transform(look).foreachRDD(write)

    run = simulated(program, network={"localhost:9999": Constant(1500, "a 1")}, cluster=Cluster(1, 2), until=16)
    waited_ms = [later - sooner for sooner, later in zip(*read.values(), strict=False)]
    delays_ms = [row.scheduling_delay_ms for row in run.batches if row.scheduling_delay_ms is not None]
    assert delays_ms[-1] > 2000
    assert all(wait >= delay for wait, delay in zip(waited_ms, delays_ms, strict=True))
