"""What lessons 10 to 12 answer to their own questions is true; the rest of their numbers is confirmed by their runs."""

from __future__ import annotations

from collections.abc import Callable
from operator import add, sub
from typing import Any

import pytest

from sparksim.core.errors import IllegalArgumentError
from sparksim.sim import Cluster, Constant, Poisson, Run, Simulation, work
from sparksim.sql import SparkSession

LINES = {"localhost:9999": Constant(rate=10, record="spark kafka")}


def simulated(program: Callable[[Any], None], until: float, **others: Any) -> Run:
    return Simulation(program, network=LINES, cluster=Cluster(3, 2), seed=1, **others).run(until=until)


def lines(ssc: Any) -> Any:
    return ssc.socketTextStream("localhost", 9999)


@pytest.mark.parametrize(("length", "slide"), [(15, 10), (10, 15), (5, 5)])
def test_lesson_10_a_window_and_its_slide_are_multiples_of_the_batch_interval(length: int, slide: int) -> None:
    run = simulated(lambda ssc: lines(ssc).window(length, slide).pprint(), 31, batch=5.0)
    assert run.output.batches == [float(second) for second in range(slide, 31, slide)]


def test_lesson_10_others_are_refused() -> None:
    with pytest.raises(IllegalArgumentError, match="12000 ms is not"):
        simulated(lambda ssc: lines(ssc).window(12, 5).pprint(), 6, batch=5.0)


def test_lesson_10_with_a_slide_longer_than_the_window_a_batch_of_three_is_never_looked_at() -> None:
    run = simulated(lambda ssc: lines(ssc).window(10, 15).pprint(), 61, batch=5.0)
    seen = {batch for row in run.windows for batch in row.batches}
    assert sorted(seen) == [1000 * second for second in range(5, 61, 5) if second % 15 != 5]


def test_lesson_10_an_inverse_function_touches_what_came_and_what_left() -> None:
    def program(ssc: Any) -> None:
        ssc.checkpoint("sim://checkpoint")
        lines(ssc).map(lambda line: (line, 1)).reduceByKeyAndWindow(add, sub, 30, 1).pprint()

    last = simulated(program, 40).windows[-1]
    assert (len(last.added), len(last.removed), len(last.batches)) == (1, 1, 30)


def test_lesson_11_empty_partitions_are_written_too() -> None:
    def say(_: Any) -> None:
        print("called")

    def program(ssc: Any) -> None:
        lines(ssc).map(lambda line: (line, 1)).partitionBy(12).foreachRDD(lambda rdd: rdd.foreachPartition(say))

    run = simulated(program, 3)
    assert str(run.output).count("called") == 12 * len(run.batches)


@pytest.mark.parametrize(("row_s", "executors", "keeps_up"), [(0.062, 3, False), (0.062, 6, False), (0.002, 1, True)])
def test_lesson_11_machines_do_not_mend_a_connection_per_record(row_s: float, executors: int, keeps_up: bool) -> None:
    def save(orders: Any) -> None:
        for _ in orders:
            work(row_s)

    def program(ssc: Any) -> None:
        lines(ssc).foreachRDD(lambda rdd: rdd.foreachPartition(save))

    many = {"localhost:9999": Poisson(rate=100)}
    run = Simulation(program, network=many, batch=2.0, cluster=Cluster(executors, 2), seed=1).run(until=40)
    last = run.batches.where(status="completed")[-1]
    assert (last.scheduling_delay_ms == 0) is keeps_up


def test_lesson_12_views_of_two_streams_are_of_the_same_batch() -> None:
    def program(ssc: Any) -> None:
        first, second = lines(ssc), ssc.socketTextStream("localhost", 9998)

        def keep(name: str) -> Callable[[Any, Any], None]:
            def make(time: Any, rdd: Any) -> None:
                rows = rdd.map(lambda line: (line, time.second))
                made = SparkSession.builder.getOrCreate().createDataFrame(rows, "line string, second int")
                made.createOrReplaceTempView(name)

            return make

        def join(_: Any) -> None:
            query = "select distinct a.second as a, b.second as b from a cross join b"
            print(SparkSession.builder.getOrCreate().sql(query).collect())

        first.foreachRDD(keep("a"))
        second.foreachRDD(keep("b"))
        second.foreachRDD(join)

    both = {**LINES, "localhost:9998": Constant(rate=10, record="flink")}
    run = Simulation(program, network=both, cluster=Cluster(3, 2), seed=1).run(until=4)
    assert [run.output[float(second)].strip() for second in (2, 3)] == ["[Row(a=2, b=2)]", "[Row(a=3, b=3)]"]
