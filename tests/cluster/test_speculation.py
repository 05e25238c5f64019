"""Slow tasks get a second copy: which, when, where; who wins, and what becomes of the other."""

from functools import partial
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparksim.cluster.cost import TEACHING
from sparksim.cluster.executor import Executor
from sparksim.cluster.faults import ExecutorCrash
from sparksim.cluster.speculation import Median, Speculation, speculation_of, until_next_look_ms
from sparksim.cluster.task_set import Locality, TaskAttempt, TaskSet
from sparksim.cluster.world import World, living_in
from sparksim.core.conf import SparkConf
from sparksim.core.context import SparkContext
from sparksim.core.errors import IllegalArgumentError, IllegalStateError, SparkException, SparkJobError
from sparksim.core.task_context import TaskContext
from sparksim.trace.checks import check_trace
from sparksim.trace.events import JobEnd, StageCompleted, TaskEnd, TaskStart
from tests.cluster import diary
from tests.cluster.stories import (
    RECORD_1_MS,
    backend,
    cluster,
    crash,
    executor_of,
    join,
    now_ms,
    of,
    outcomes,
    placed,
    sleep,
    spawn,
)
from tests.cluster.test_random_crashes import CRASHES, PROGRAMS, max_running

ON = {"spark.speculation": "true"}
ANOTHER = "another attempt succeeded"


def add(left, right):
    return left + right


def straggle(partitions, extra_ms, attempts, index, records):
    """For `mapPartitionsWithIndex`: the first `attempts` tries of these partitions take this much longer."""
    task = TaskContext.get()
    if index in partitions and task.attemptNumber() < attempts:
        for _ in task.services.meter(range(extra_ms), "input"):
            pass
    return records


def slow(sc, *partitions, of_tasks=4, extra_ms=1000, records=10, attempts=1):
    """`of_tasks` partitions of `records` records, 1 ms each; in these partitions the first attempts are slow."""
    rdd = sc.parallelize(range(of_tasks * records), of_tasks)
    return rdd.mapPartitionsWithIndex(partial(straggle, partitions, extra_ms, attempts))


def let_losers_end(sc, detect_loss_ms=0):
    """A job's result reaches the program before the end of the copy that lost is noted, in the same moment."""
    sleep(sc, detect_loss_ms + 0.001)


def copies(sc):
    """(partition, time) of every speculative start."""
    return [(start.index, start.time_ms) for start in of(sc, TaskStart) if start.speculative]


# --- from end to end -------------------------------------------------------------------------------------------------


def test_a_slow_task_gets_a_copy_on_another_host_and_the_first_success_wins():
    """Three tasks take 10 ms. At 100 ms the fourth has not run longer than the floor; at 200 ms it has."""
    with cluster("sim[2,2]", conf=ON) as sc:
        assert slow(sc, 3).collect() == list(range(40))
        let_losers_end(sc)
        original, copy = [start for start in of(sc, TaskStart) if start.index == 3]
        assert (original.time_ms, original.attempt, original.speculative) == (0, 0, False)
        assert (copy.time_ms, copy.attempt, copy.speculative, copy.locality) == (200, 1, True, "PROCESS_LOCAL")
        assert copy.host != original.host
        ends = [(end.time_ms, end.attempt, end.reason, end.message) for end in of(sc, TaskEnd) if end.index == 3]
        assert ends == [(210, 1, "Success", ""), (210, 0, "TaskKilled", ANOTHER)]
        assert [end.time_ms for end in of(sc, JobEnd)] == [210]
        assert check_trace(backend(sc).trace) == []


def test_without_the_setting_the_slow_task_is_waited_for():
    with cluster("sim[2,2]") as sc:
        slow(sc, 3).collect()
        assert copies(sc) == []
        assert now_ms(sc) == 1010


def test_the_original_may_win():
    """A partition that is simply large takes its copy as long: the original, with its start, is first."""
    with cluster("sim[2,2]", conf=ON) as sc:
        assert slow(sc, 3, extra_ms=300, attempts=9).count() == 40
        assert now_ms(sc) == 310
        let_losers_end(sc)
        assert copies(sc) == [(3, 200)]
        assert outcomes(sc)[3:] == [(3, 0, "Success"), (3, 1, "TaskKilled")]


@pytest.mark.parametrize(
    ("records", "conf", "marked_ms"),
    [
        (10, {}, 200),  # the floor of 100 ms, and a look at every 100 ms
        (200, {}, 400),  # more than 1.5 * 200
        (200, {"spark.speculation.multiplier": "3"}, 700),
        (200, {"spark.speculation.multiplier": "0"}, 300),  # first look after the successes at 200 ms
        (200, {"spark.speculation.interval": "250ms"}, 500),
        (10, {"spark.speculation.interval": "30ms"}, 120),
        (10, {"spark.speculation.interval": "1s"}, 1000),
    ],
)
def test_when_a_task_counts_as_slow(records, conf, marked_ms):
    with cluster("sim[2,2]", conf={**ON, **conf}) as sc:
        slow(sc, 3, extra_ms=5000, records=records).count()
        assert copies(sc) == [(3, marked_ms)]


def test_the_intervals_count_from_the_start_of_the_application():
    conf = SparkConf(loadDefaults=False).setMaster("sim[2,2]").setAppName("restarted").setAll(list(ON.items()))
    with living_in(World(cost=RECORD_1_MS, start_ms=3030)), SparkContext(conf=conf) as sc:
        slow(sc, 3).count()
        assert copies(sc) == [(3, 3230)]


def test_too_few_successes_say_nothing_about_the_others():
    with cluster("sim[2,4]", conf=ON) as sc:
        slow(sc, 2, 3).count()
        assert copies(sc) == []
    with cluster("sim[2,4]", conf={**ON, "spark.speculation.quantile": "0.5"}) as sc:
        slow(sc, 2, 3).count()
        assert copies(sc) == [(2, 200), (3, 200)]


def test_there_is_no_copy_on_the_only_host():
    with cluster("sim[1,8]", conf=ON) as sc:
        slow(sc, 3).count()
        assert copies(sc) == []


def test_a_task_alone_in_its_set_is_never_slow():
    with cluster("sim[2,2]", conf={**ON, "spark.speculation.quantile": "0"}) as sc:
        slow(sc, 0, of_tasks=1).count()
        assert copies(sc) == []


def test_a_task_that_waits_goes_before_a_copy():
    """Task 0 is slow from 200 ms on; the other executor has one core and ends its last ordinary task at 500 ms."""
    with cluster("sim[2,1]", conf={**ON, "spark.speculation.quantile": "0.1"}) as sc:
        slow(sc, 0, of_tasks=6, records=100, extra_ms=5000).count()
        assert copies(sc) == [(0, 500)]
        ordinary = [start.time_ms for start in of(sc, TaskStart) if not start.speculative]
        assert max(ordinary) == 400


def test_a_copy_waits_for_a_core_on_another_host():
    with cluster("sim[2,1]", conf={**ON, "spark.speculation.quantile": "0.5"}) as sc:
        slow(sc, 0, of_tasks=2, records=10, extra_ms=3000).count()
        assert copies(sc) == [(0, 200)]


def test_there_is_at_most_one_extra_copy():
    with cluster("sim[4,2]", conf=ON) as sc:
        slow(sc, 3, extra_ms=2000, attempts=9).count()
        assert copies(sc) == [(3, 200)]
        assert now_ms(sc) == 2010


# --- what the losing copy leaves -------------------------------------------------------------------------------------


def test_accumulators_hear_of_one_copy_only_and_side_effects_of_both():
    with cluster("sim[2,2]", conf=ON) as sc:
        seen = sc.accumulator(0)

        def count(records):
            for record in records:
                seen.add(1)
                yield record

        late = (
            sc.parallelize(range(8), 4)
            .mapPartitions(count)
            .mapPartitionsWithIndex(partial(write_then_straggle, 3, 1000))
        )
        assert late.count() == 8
        assert copies(sc) == [(3, 200)]
        assert seen.value == 8
    assert diary.WRITTEN == [(0, 6), (0, 7), (1, 6), (1, 7)]


def write_then_straggle(partition, extra_ms, index, records):
    """Write down the records of this partition with the attempt, and only then be slow."""
    task, found = TaskContext.get(), list(records)
    if index == partition:
        diary.WRITTEN.extend((task.attemptNumber(), record) for record in found)
    return straggle((partition,), extra_ms, 1, index, found)


def test_a_map_output_is_that_of_the_winner():
    with cluster("sim[2,2]", conf=ON) as sc:
        counts = slow(sc, 3).map(lambda n: (n % 3, 1)).reduceByKey(add, 2)
        assert sorted(counts.collect()) == [(0, 14), (1, 13), (2, 13)]
        loser, winner = [start.executor_id for start in of(sc, TaskStart) if start.index == 3]
        outputs = {each.executor_id: set(each.shuffle_files) for each in backend(sc).executors}
        assert (0, 3) in outputs[winner]
        assert (0, 3) not in outputs[loser]
        assert [event.failure for event in of(sc, StageCompleted)] == ["", ""]
        assert check_trace(backend(sc).trace) == []


def test_copies_that_succeed_in_the_same_moment_count_once():
    """The original takes 210 ms from 0; the copy takes 10 ms from 200."""
    with cluster("sim[2,2]", conf=ON) as sc:
        seen = sc.accumulator(0)
        rdd = slow(sc, 3, extra_ms=200).map(lambda n: seen.add(1) or (n % 2, 1))
        assert sorted(rdd.reduceByKey(add, 1).collect()) == [(0, 20), (1, 20)]
        assert copies(sc) == [(3, 200)]
        ends = [(end.time_ms, end.attempt, end.reason) for end in of(sc, TaskEnd) if end.index == 3]
        assert ends == [(210, 1, "Success"), (210, 0, "Success")]
        assert seen.value == 40
        assert check_trace(backend(sc).trace) == []


def test_a_killed_copy_is_no_failure():
    with cluster("sim[2,2]", conf={**ON, "spark.task.maxFailures": "1"}) as sc:
        assert slow(sc, 3).count() == 40
        assert [event.succeeded for event in of(sc, JobEnd)] == [True]


# --- copies that fail, executors that die ----------------------------------------------------------------------------


def straggle_or_fail(index, records):
    """Partition 3: the first attempt takes 1 s, the second raises, the third takes the time of its records."""
    attempt = TaskContext.get().attemptNumber()
    if index == 3 and attempt == 1:
        raise ValueError("this copy fails")
    return straggle((3,), 1000, 1, index, records)


def test_a_copy_that_fails_is_a_failure_and_the_task_may_be_copied_again():
    with cluster("sim[3,2]", conf=ON) as sc:
        assert sc.parallelize(range(40), 4).mapPartitionsWithIndex(straggle_or_fail).count() == 40
        let_losers_end(sc)
        assert copies(sc) == [(3, 200), (3, 300)]
        assert [end for end in outcomes(sc) if end[0] == 3] == [
            (3, 1, "ExceptionFailure"),
            (3, 2, "Success"),
            (3, 0, "TaskKilled"),
        ]
    strict = {**ON, "spark.task.maxFailures": "1"}
    with cluster("sim[3,2]", conf=strict) as sc, pytest.raises(SparkJobError, match=r"Task 3 in .* failed 1 times"):
        sc.parallelize(range(40), 4).mapPartitionsWithIndex(straggle_or_fail).count()


def lose(which):
    """Run a slow task with its copy, and crash the executors of these attempts at it, 250 ms from the start."""
    with cluster("sim[3,2]", conf=ON) as sc:
        job = spawn(sc, slow(sc, 3, extra_ms=1000, attempts=2).count)
        sleep(sc, 250)
        ran_on = [executor for index, executor in placed(sc) if index == 3]
        assert len(ran_on) == 2
        for attempt in which:
            crash(sc, ran_on[attempt])
        assert join(sc, job) == [40]
        assert check_trace(backend(sc).trace) == []
        return [(start.attempt, start.time_ms, start.speculative) for start in of(sc, TaskStart) if start.index == 3]


def test_while_a_copy_runs_a_lost_task_is_not_queued_again():
    """Attempt 2 is no retry: attempt 1, alone now and slow, is copied in its turn."""
    starts = lose([0])
    assert starts == [(0, 0, False), (1, 200, True), (2, 400, True)]


def test_the_original_goes_on_when_its_copy_is_lost():
    starts = lose([1])
    assert starts == [(0, 0, False), (1, 200, True), (2, 300, True)]


def test_a_task_runs_again_when_all_its_copies_are_lost():
    starts = lose([0, 1])
    assert starts == [(0, 0, False), (1, 200, True), (2, 250, False)]


def test_a_mark_outlives_the_failure_of_the_marked_task():
    """No other host was free for a copy. After the loss the task starts again, and at once gets its copy."""
    tasks = task_set(None, None, None, None)
    for index in range(4):
        launch(tasks, index, 1)
    for index in range(3):
        succeed(tasks, index, 10)
    assert tasks.mark_slow_tasks(101) == [3]
    assert offer(tasks, 1, 101) is None
    [original] = tasks.running.values()
    del tasks.running[original.task_id]
    tasks.requeue(3)
    assert offer(tasks, 1, 102) == (3, PROCESS)
    launch(tasks, 3, 1, 102)
    assert offer(tasks, 2, 102) == (3, PROCESS)


def test_the_winner_of_a_race_may_be_lost_before_the_driver_hears_that_the_loser_is_dead():
    """The loser dies at 150 ms, the winner's executor, with its map output, at 250 ms; the news takes 400 ms."""
    late = RECORD_1_MS.with_(detect_loss_ms=400)
    with cluster("sim[3,2]", cost=late, conf=ON) as sc:
        pairs = slow(sc, 3, of_tasks=5, extra_ms=2000).map(lambda n: (n % 5, 1))
        blocked = pairs.mapPartitionsWithIndex(partial(straggle, (4,), 700, 9)).reduceByKey(add, 1)
        job = spawn(sc, blocked.collect)
        sleep(sc, 150)
        crash(sc, executor_of(sc, 3))
        sleep(sc, 100)
        crash(sc, executor_of(sc, 3))
        assert sorted(join(sc, job)[0]) == [(key, 10) for key in range(5)]
        assert [(end.time_ms, end.attempt, end.reason) for end in of(sc, TaskEnd) if end.index == 3] == [
            (210, 1, "Success"),
            (550, 0, "ExecutorLostFailure"),
            (650, 1, "Resubmitted"),
            (660, 2, "Success"),
        ]
        assert [start.time_ms for start in of(sc, TaskStart) if start.index == 3] == [0, 200, 650]
        assert check_trace(backend(sc).trace) == []


def test_a_stage_that_is_done_resubmits_nothing_although_a_dead_loser_still_seems_to_run():
    """What was lost is made again by a new attempt at the stage (a finished TaskSetManager is a zombie)."""
    with cluster("sim[4,2]", cost=RECORD_1_MS.with_(detect_loss_ms=400), conf=ON) as sc:
        counts = slow(sc, 3).map(lambda n: (n % 2, 1)).reduceByKey(add, 1)
        job = spawn(sc, counts.mapPartitionsWithIndex(partial(straggle, (0,), 100, 1)).collect)
        sleep(sc, 150)
        crash(sc, executor_of(sc, 3))
        sleep(sc, 100)
        [winner] = [start.executor_id for start in of(sc, TaskStart) if start.speculative]
        assert [(event.time_ms, event.stage_id) for event in of(sc, StageCompleted)] == [(210, 0)]
        assert backend(sc).clock.call(lambda: backend(sc).kill_executor(winner, force=True))
        assert join(sc, job) == [[(0, 20), (1, 20)]]
        sleep(sc, 1000)
        assert "Resubmitted" not in [reason for _, _, reason in outcomes(sc)]
        assert check_trace(backend(sc).trace) == []


def test_a_cluster_without_executors_stands_still_with_speculation_too():
    crashes = [ExecutorCrash(number, at=0.15) for number in (1, 2)]
    with cluster("sim[2,2]", conf=ON, faults=crashes) as sc, pytest.raises(SparkException, match="stands still"):
        slow(sc, 3).count()


@settings(deadline=None, max_examples=60, derandomize=True)
@given(program=PROGRAMS, crashes=CRASHES, seed=st.integers(0, 3), quantile=st.sampled_from(["0", "0.3", "0.75"]))
def test_copies_and_crashes_change_no_result(program, crashes, seed, quantile):
    conf = {
        **ON,
        "spark.speculation.quantile": quantile,
        "spark.speculation.multiplier": "0.5",
        "spark.speculation.interval": "10ms",
        "spark.task.maxFailures": "8",
    }
    with cluster(cost=TEACHING) as sc:
        expected = program.run(sc)
    uneven = TEACHING.with_(task_ms=120, record_ms=3, noise=0.9)
    with cluster(cost=uneven, faults=crashes, seed=seed, conf=conf) as sc:
        assert program.run(sc) == expected
        let_losers_end(sc, uneven.detect_loss_ms * 20)
        assert check_trace(backend(sc).trace) == []
        assert max_running(sc) <= 2


# --- offer by offer --------------------------------------------------------------------------------------------------

PROCESS, NODE, ANY = Locality.PROCESS_LOCAL, Locality.NODE_LOCAL, Locality.ANY
EXECUTORS = {number: Executor(str(number), f"host-{number}", 2) for number in (1, 2, 3, 4)}


def task_set(*preferences):
    """One task per argument: its preferred locations, or None."""
    made = TaskSet(
        job_id=0,
        stage_id=0,
        stage_attempt=0,
        kind="ResultTask",
        indices=range(len(preferences)),
        preferences={index: wanted for index, wanted in enumerate(preferences) if wanted},
        body=lambda index, task: None,
        properties={},
        max_failures=4,
        locality_wait_ms={PROCESS: 0, NODE: 0},
        now_ms=0,
        speculation=Speculation(),
    )
    made.recompute_levels(list(EXECUTORS.values()))
    return made


def offer(tasks, executor, at_ms, level=ANY):
    return tasks.offer(EXECUTORS[executor], level, at_ms)


def launch(tasks, index, executor, at_ms=0):
    """Start the task there, whether it was offered or not."""
    if index in tasks._pending:
        tasks._pending.remove(index)
    attempt = tasks.next_attempt(index)
    tasks.launched(TaskAttempt(index * 10 + attempt, tasks, index, attempt, EXECUTORS[executor], 0, at_ms))


def succeed(tasks, index, at_ms):
    attempt = tasks.running.pop(index * 10)
    attempt.duration_ms = at_ms - attempt.launched_ms
    tasks.succeeded(attempt)


def test_copies_go_to_the_nearest_place_first():
    """Tasks 4 to 6 are slow on host 1: one without a preference, one that likes host 2, one that likes executor 2."""
    tasks = task_set(*[None] * 9, None, ("host-1", "host-2"), ("executor_host-1_1", "executor_host-2_2"))
    for index in range(12):
        launch(tasks, index, 1)
    for index in range(9):
        succeed(tasks, index, 10)
    assert tasks.mark_slow_tasks(101) == [9, 10, 11]
    assert offer(tasks, 1, 101) is None, "this host has tried them all"
    assert offer(tasks, 2, 101, PROCESS) == (11, PROCESS)
    assert offer(tasks, 2, 101, PROCESS) is None
    assert offer(tasks, 2, 101, NODE) == (10, NODE)
    assert offer(tasks, 2, 101, NODE) is None
    assert offer(tasks, 2, 101) == (9, PROCESS), "no preference is shown as PROCESS_LOCAL"
    assert not tasks.has_pending


def test_a_copy_may_go_anywhere_in_the_end():
    tasks = task_set(None, None, None, ("host-1",))
    for index in range(4):
        launch(tasks, index, 1)
    for index in range(3):
        succeed(tasks, index, 10)
    assert tasks.mark_slow_tasks(101) == [3]
    assert offer(tasks, 3, 101, NODE) is None
    assert offer(tasks, 3, 101) == (3, ANY)


def test_a_task_is_marked_once_and_not_while_it_has_two_copies():
    tasks = task_set(None, None, None, None)
    for index in range(4):
        launch(tasks, index, 1)
    for index in range(3):
        succeed(tasks, index, 10)
    assert [tasks.mark_slow_tasks(101), tasks.mark_slow_tasks(201)] == [[3], []]
    assert offer(tasks, 2, 201) == (3, PROCESS)
    launch(tasks, 3, 2, 201)
    assert tasks.mark_slow_tasks(900) == []
    tasks.running.pop(30)
    tasks.requeue(3)
    assert offer(tasks, 3, 900) is None, "the copy runs: nothing is queued"
    assert tasks.mark_slow_tasks(900) == [3], "but it is slow itself by now"


def test_a_task_alone_in_its_set_is_not_even_looked_at():
    tasks, two = task_set(None), task_set(None, None)
    for each in (tasks, two):
        launch(each, 0, 1)
    assert not tasks.may_have_slow_tasks
    assert two.may_have_slow_tasks


def test_a_task_that_succeeds_is_marked_no_more():
    tasks = task_set(None, None, None, None)
    for index in range(4):
        launch(tasks, index, 1)
    for index in range(3):
        succeed(tasks, index, 10)
    tasks.mark_slow_tasks(101)
    succeed(tasks, 3, 102)
    assert not tasks.has_pending
    assert not tasks.may_have_slow_tasks


# --- settings and the median -----------------------------------------------------------------------------------------


def conf(**values):
    return SparkConf(loadDefaults=False).setAll([(f"spark.{key}", value) for key, value in values.items()])


def test_speculation_is_off_by_default_and_on_local_masters():
    on = conf(speculation="true")
    assert speculation_of(conf(), local=False) is None
    assert speculation_of(on, local=True) is None
    assert speculation_of(on, local=False) == Speculation(interval_ms=100, quantile=0.75, multiplier=1.5, min_ms=100)
    with cluster("local[4]", conf=ON) as sc:
        assert backend(sc).tasks.speculation is None


@pytest.mark.parametrize(
    ("key", "value", "local"),
    [
        ("speculation", "maybe", False),
        ("speculation.interval", "0ms", False),
        ("speculation.interval", "-1s", False),
        ("speculation.interval", "often", True),
        ("speculation.quantile", "most", True),
        ("speculation.multiplier", "nan", False),
        ("speculation.multiplier", "inf", False),
    ],
)
def test_settings_that_make_no_sense(key, value, local):
    settings_of = SparkConf(loadDefaults=False).set("spark.speculation", "true").set(f"spark.{key}", value)
    with pytest.raises(IllegalArgumentError, match=f"spark.{key}='{value}'"):
        speculation_of(settings_of, local)


def test_an_interval_that_nobody_uses_may_be_zero():
    assert speculation_of(SparkConf(loadDefaults=False).set("spark.speculation.interval", "0"), local=False) is None


@given(st.lists(st.integers(0, 10_000), min_size=1))
def test_the_median_is_the_median(numbers):
    growing = Median()
    for count, number in enumerate(numbers, start=1):
        growing.add(number)
        assert growing.value == median(numbers[:count])


def test_the_median_of_nothing():
    with pytest.raises(IllegalStateError, match="the median of no numbers"):
        _ = Median().value


@pytest.mark.parametrize(
    ("now_ms", "born_ms", "next_ms"),
    [
        (0.0, 0.0, 100.0),
        (250.0, 0.0, 300.0),
        (300.0, 0.0, 400.0),
        (310.5, 210.25, 410.25),
        (8195.621, 2295.621, 8295.621),  # the remainder is 99.999..., and what is left of it does not move the clock
    ],
)
def test_the_next_look_for_slow_tasks_is_after_the_present_one(now_ms: float, born_ms: float, next_ms: float) -> None:
    wait_ms = until_next_look_ms(now_ms, born_ms, 100.0)
    assert now_ms + wait_ms == pytest.approx(next_ms)
    assert now_ms + wait_ms > now_ms
