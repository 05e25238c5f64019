"""Clusters that break: what real Spark did in 21 scenarios, twice each, and what the simulation does in the same.

Each test holds for two recorded runs and for a simulated one, with the same tolerance; `tests/data/faults/README.md`
says what the recordings show. What is not compared, and why:

- A hung process (SIGSTOP) stands still and is silent towards everybody. The nearest fault, `NetworkPartition`, cuts it
  off from the driver only: it goes on receiving, and other executors can still copy blocks to it and read what it has.
  So, of hangs, not compared: how a receiver stalls whose block is to be copied to the hung executor, and the empty
  batches that follow; tasks that wait for a block or a map output there, or find it lost (`hang_receiver_one_copy`
  loses two batches in Spark); into how many blocks a hung receiver's backlog is cut; how long the process lives on
  after it was given up; whether a failure counts of a task that was never reported as running.
- The reason of an executor's removal after its process died: Spark 3.5 hears it from the worker ("Command exited with
  code 137"), 2.3 and the simulation from the broken connection ("Remote RPC client disassociated").
- The 0.2 to 0.4 s until the process has ended of an executor that an exception in its receiver's thread kills.
- A fetch from a dead executor fails at once here; in Spark at once or after a retry five seconds later.
- How long a receiver that moves takes until it is registered: 0.35 to 1.1 s in Spark, 0.1 to 0.2 s here, where that
  has no price. Neither waits for the two seconds of a restart.
- Times that the noise of the recordings' machine decides, and which executor it is that a draw chose.
"""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from sparksim.sim import ExecutorCrash
from tests.sim.recorded_faults import Story, Task, stories

RUNS = ("Spark 1", "Spark 2", "simulation")
TIMEOUT_MS, CHECK_MS, HEARTBEAT_MS = 12_000, 3_000, 2_000
BLOCK_MS = 200
SLACK_MS = 150
"""How late the recordings' driver and log may be."""
LINES = 3
"""How many lines are under way within some 50 ms."""

WORKER_GIVEN_UP = ("hang_worker", "hang_worker_continued_soon", "hang_worker_forever", "hang_worker_one_copy")
RECEIVER_GIVEN_UP = ("hang_receiver", "hang_receiver_one_copy")
GIVEN_UP = WORKER_GIVEN_UP + RECEIVER_GIVEN_UP
WORKER_FORGIVEN = ("short_hang_worker", "short_hang_worker_one_copy")
RECEIVER_FORGIVEN = ("short_hang_receiver", "short_hang_receiver_one_copy")
FORGIVEN = WORKER_FORGIVEN + RECEIVER_FORGIVEN
KILLED = ("kill_worker_while_mapping", "kill_worker_while_reducing", "receiver_throws")
RESTARTED = ("source_hangs_up", "source_refuses", "receiver_restarts")
RAISING = {"task_raises_once": 1, "task_raises_three_times": 3, "task_raises_four_times": 4}

ABORTED = re.compile(
    r"Job aborted due to stage failure: Task (?P<task>\d+) in stage \d+\.0 failed 4 times, most recent failure: "
    r"Lost task (?P=task)\.3 in stage \d+\.0 \(TID \d+\) \(\S+ executor (?P<executor>\d+)\): (?P<cause>.*)",
    re.DOTALL,
)


def each_story(*names: str) -> pytest.MarkDecorator:
    """The test gets `story`: the recorded and simulated runs of these scenarios, one by one."""
    runs = [(name, number) for name in names for number in range(3)]
    return pytest.mark.parametrize(
        "story", [pytest.param(run, id=f"{run[0]}-{RUNS[run[1]]}") for run in runs], indirect=True
    )


@pytest.fixture
def story(request: pytest.FixtureRequest) -> Story:
    name, number = request.param
    told: Story = stories(name)[number]
    return told


def lines_in(story: Story, milliseconds: float) -> float:
    return float(story.scenario["rate_per_s"] * milliseconds / 1000)


def next_id(story: Story) -> str:
    """The id that follows those of the first executors; Spark counts from 0 there, the simulation from 1."""
    executors = int(re.findall(r"\d+", story.scenario["master"])[0])
    return str(executors + (story.name == "simulation"))


def retry_of(story: Story, task: Task) -> Task:
    (again,) = [each for each in story.tries(task) if each.attempt == task.attempt + 1 and each.end != "Resubmitted"]
    return again


# --- executors that say nothing any more --------------------------------------------------------------------------


@each_story(*GIVEN_UP)
def test_a_silent_executor_is_given_up_at_the_first_check_after_the_time_out(story: Story) -> None:
    said = re.fullmatch(r"Executor heartbeat timed out after (\d+) ms", story.removed.text)
    assert said is not None
    assert TIMEOUT_MS < int(said[1]) <= TIMEOUT_MS + CHECK_MS
    silent_ms = story.removed.time_ms - story.fault_ms
    assert TIMEOUT_MS - HEARTBEAT_MS <= silent_ms <= TIMEOUT_MS + CHECK_MS + SLACK_MS


@each_story(*GIVEN_UP, *KILLED)
def test_another_executor_comes_in_its_place_under_the_next_id(story: Story) -> None:
    assert story.added.executor == next_id(story)
    assert 2_000 < story.added.time_ms - story.removed.time_ms < 9_000


@each_story("kill_worker_while_mapping", "kill_worker_while_reducing", *WORKER_GIVEN_UP)
def test_its_tasks_fail_for_the_reason_of_its_removal_and_are_tried_elsewhere(story: Story) -> None:
    failed = [task for task in story.unsuccessful if task.end == "ExecutorLostFailure"]
    assert failed
    for task in failed:
        assert (task.executor, task.message) == (story.removed.executor, story.removed.text)
        assert abs(task.finished_ms - story.removed.time_ms) < 50
        again = retry_of(story, task)
        assert again.executor != task.executor
        assert again.launched_ms >= task.finished_ms


@each_story(*WORKER_GIVEN_UP)
def test_the_batch_waits_for_the_silent_executor_and_succeeds_without_it(story: Story) -> None:
    begin_ms, given_up_ms = story.fault_ms + 500, story.removed.time_ms
    assert not [batch for batch in story.batches.values() if begin_ms < batch.ended_ms < given_up_ms]
    assert not any(batch.failed for batch in story.batches.values())
    assert (story.unsent, story.lost, story.later) == (0, 0, [])


@each_story("hang_worker_one_copy")
def test_a_receiver_with_single_copies_goes_on_beside_a_silent_worker(story: Story) -> None:
    assert sum(story.batches[time_ms].lines for time_ms in range(10_000, 20_000, 1_000)) == pytest.approx(
        500, abs=LINES
    )


@each_story(*RECEIVER_GIVEN_UP)
def test_a_silent_receiver_moves_when_its_executor_is_given_up(story: Story) -> None:
    (started,) = story.later
    assert started.what == "started", "it says nothing, and so it is not said to have stopped"
    assert story.first_receiver.executor == story.removed.executor != started.executor
    assert started.time_ms > story.removed.time_ms


@each_story("hang_receiver", "receiver_throws")
def test_a_receiver_that_moves_does_not_wait_two_seconds(story: Story) -> None:
    assert 0 < story.later[-1].time_ms - story.removed.time_ms < 1_100


@each_story("hang_receiver", "hang_receiver_one_copy", "receiver_throws")
def test_a_lost_receiver_task_is_tried_again_only_to_end(story: Story) -> None:
    assert story.of_receiver() == [(0, "ExecutorLostFailure"), (1, "Success")]


@each_story("hang_receiver", "receiver_throws")
def test_everything_since_the_last_block_is_missing_until_the_receiver_is_back(story: Story) -> None:
    last_block_ms = story.fault_ms // BLOCK_MS * BLOCK_MS
    assert story.unsent + story.lost == pytest.approx(lines_in(story, story.links_ms[-1] - last_block_ms), abs=LINES)


@each_story(*RECEIVER_GIVEN_UP)
def test_batches_are_empty_while_the_receiver_is_silent(story: Story) -> None:
    assert story.batches[9000].lines == pytest.approx(10, abs=LINES)
    silent = [batch for time_ms, batch in story.batches.items() if 10_000 <= time_ms <= story.removed.time_ms]
    assert len(silent) >= 9
    assert {(batch.lines, batch.failed) for batch in silent} == {(0, False)}


@each_story("hang_receiver")
def test_batches_are_on_time_while_the_receiver_is_silent(story: Story) -> None:
    late = [batch.ended_ms - time_ms for time_ms, batch in story.batches.items() if 8_000 <= time_ms <= 21_000]
    assert max(late) < 1_000


@each_story(*FORGIVEN)
def test_a_hang_shorter_than_the_time_out_costs_nothing_but_time(story: Story) -> None:
    assert [story.executors, story.unsuccessful, story.later, story.of_receiver()] == [[], [], [], []]
    assert story.unsent == story.lost == 0
    assert not any(batch.failed for batch in story.batches.values())


@each_story(*WORKER_FORGIVEN)
def test_batches_wait_until_a_hung_worker_goes_on(story: Story) -> None:
    goes_on_ms = story.scenario["faults"][1]["at_ms"]
    ends_ms = [batch.ended_ms for batch in story.batches.values() if batch.ended_ms > story.fault_ms + 500]
    assert goes_on_ms < min(ends_ms) < goes_on_ms + 1_000


@each_story(*RECEIVER_FORGIVEN)
def test_what_a_hung_receiver_kept_back_is_all_in_the_next_batch(story: Story) -> None:
    lines = [story.batches[time_ms].lines for time_ms in range(9_000, 16_000, 1_000)]
    assert lines == pytest.approx([10, 0, 0, 0, 0, 290, 50], abs=LINES)


# --- executors that are killed ------------------------------------------------------------------------------------


@each_story("kill_worker_while_mapping", "kill_worker_while_reducing")
def test_a_killed_worker_costs_time_and_no_line(story: Story) -> None:
    assert (story.unsent, story.lost, story.later) == (0, 0, [])
    assert not any(batch.failed for batch in story.batches.values())
    hit = story.unsuccessful[0].batch
    assert hit is not None
    assert story.batches[hit].ended_ms - story.removed.time_ms > 3_000, "spark.locality.wait"


@each_story("kill_worker_while_mapping")
def test_map_outputs_of_a_killed_worker_are_computed_again_in_the_same_stage(story: Story) -> None:
    resubmitted = [task for task in story.unsuccessful if task.end == "Resubmitted"]
    assert resubmitted
    for task in resubmitted:
        assert (task.stage, task.attempt, task.executor) == ("map", 0, story.removed.executor)
        assert [each.end for each in story.tries(task)] == ["Success", "Resubmitted", "Success"]
        assert retry_of(story, task).executor != task.executor
    assert {task.end for task in story.unsuccessful} == {"Resubmitted", "ExecutorLostFailure"}
    assert {task.stage_attempt for task in story.tasks} == {0}


@each_story("kill_worker_while_mapping")
def test_tasks_whose_blocks_were_there_wait_for_a_better_place(story: Story) -> None:
    """3 s since the last task that ran near its block, and up to 1 s more until cores are offered again."""
    hit = story.unsuccessful[0].batch
    maps = [task for task in story.tasks if task.batch == hit and task.stage == "map"]
    near_ms = max(task.launched_ms for task in maps if task.locality == "PROCESS_LOCAL")
    far_ms = min(task.launched_ms for task in maps if task.locality != "PROCESS_LOCAL")
    assert 3_000 <= far_ms - near_ms <= 4_000 + SLACK_MS


@each_story("kill_worker_while_reducing")
def test_a_failed_fetch_runs_the_lost_maps_again_and_then_the_reduce_stage(story: Story) -> None:
    assert story.unsuccessful[0].end == "ExecutorLostFailure"
    assert {task.end for task in story.unsuccessful[1:]} == {"FetchFailed"}
    hit = story.unsuccessful[0].batch
    of_batch = [task for task in story.tasks if task.batch == hit]
    on_killed = [task for task in of_batch if task.stage == "map" and task.executor == story.removed.executor]
    again = [task for task in of_batch if task.stage_attempt == 1]
    assert len([task for task in again if task.stage == "map"]) == len(on_killed) > 0
    first = [task for task in of_batch if task.stage == "reduce" and task.stage_attempt == 0 and task.end == "Success"]
    second = [task for task in again if task.stage == "reduce"]
    assert len(first) + len(second) == story.scenario["reduce_partitions"]
    last_map_ms = max(task.finished_ms for task in again if task.stage == "map")
    assert min(task.launched_ms for task in second) >= last_map_ms
    assert {task.end for task in again} == {"Success"}
    assert max(task.stage_attempt for task in of_batch) == 1


@pytest.mark.parametrize("number", range(3), ids=RUNS)
def test_a_batch_whose_only_copies_are_gone_fails_in_four_tries_and_later_ones_do_not(number: int) -> None:
    """Spark finds them gone when the hung process has ended; in the simulation it ends at once."""
    story = stories("hang_receiver_one_copy", ExecutorCrash("receiver", at=8.1, restart_after=0))[number]
    not_found = r"Could not compute split, block input-0-(TICK )?\d+ of RDD \d+ not found"
    assert story.batches[8000].failed
    aborted = ABORTED.fullmatch(story.job_failures[0])
    assert aborted is not None
    assert re.fullmatch(rf"\S+\.SparkException: {not_found}", aborted["cause"])
    failed = [task for task in story.unsuccessful if task.batch == 8000 and task.end == "ExceptionFailure"]
    assert all(re.search(not_found, task.message) for task in failed)
    tries = story.tries(next(task for task in failed if task.attempt == 3))
    assert [task.attempt for task in tries] == [0, 1, 2, 3]
    assert tries[3].finished_ms - tries[1].launched_ms < 300, "no try waits for anything"
    assert {batch.failed for time_ms, batch in story.batches.items() if time_ms > 9_000} == {False}


# --- receivers and their sources ----------------------------------------------------------------------------------


@each_story(*RESTARTED)
def test_a_receiver_that_restarts_waits_two_seconds_each_time_on_the_same_executor(story: Story) -> None:
    whats = [step.what for step in story.later]
    rounds = {"source_hangs_up": 1, "receiver_restarts": 1, "source_refuses": 3}[story.scenario["name"]]
    assert whats == ["stopped", "started"] * rounds
    stops, starts = story.later[::2], story.later[1::2]
    for stop, start in zip(stops, starts, strict=True):
        assert 2_000 - SLACK_MS / 2 <= start.time_ms - stop.time_ms <= 2_000 + SLACK_MS
        assert start.executor == story.first_receiver.executor
    why = {
        "source_hangs_up": ["Socket data stream had no more data"],
        "receiver_restarts": ["told to restart"],
        "source_refuses": ["Socket data stream had no more data", *["Error connecting to HOST"] * 2],
    }[story.scenario["name"]]
    assert [step.text for step in stops] == [f"Restarting receiver with delay 2000ms: {each}" for each in why]
    assert story.of_receiver() == [], "its task goes on"


@each_story(*RESTARTED)
def test_a_restart_loses_only_what_had_no_connection(story: Story) -> None:
    assert story.lost <= (story.name == "simulation"), "the line that is sent at the very moment"
    apart_ms = story.links_ms[-1] - story.fault_ms
    assert story.unsent + story.lost == pytest.approx(lines_in(story, apart_ms), abs=LINES)


@each_story("source_hangs_up", "receiver_restarts")
def test_what_was_read_before_a_restart_is_in_the_next_batch(story: Story) -> None:
    lines = [story.batches[time_ms].lines for time_ms in range(9_000, 13_000, 1_000)]
    assert lines[0] == pytest.approx(15, abs=LINES)
    assert lines[1] == 0
    assert lines[2] == pytest.approx(lines_in(story, 10_800 - story.links_ms[-1]), abs=LINES)
    assert lines[3] == pytest.approx(50, abs=LINES)


@each_story("receiver_stops")
def test_a_receiver_that_stops_is_placed_anew_when_its_task_has_failed(story: Story) -> None:
    stopped, started = story.later
    assert (stopped.what, stopped.text, started.what) == ("stopped", "told to stop", "started")
    (failed, *_) = [task for task in story.tasks if task.stage == "receiver"]
    assert failed.end == "ExceptionFailure"
    assert 200 < failed.finished_ms - stopped.time_ms < 500, "the last blocks are stored first"
    assert 0 < started.time_ms - failed.finished_ms < 1_000, "without a delay"
    assert story.of_receiver() == [(0, "ExceptionFailure"), (1, "Success")]


@each_story("receiver_stops")
def test_what_a_receiver_had_read_before_it_stopped_is_kept(story: Story) -> None:
    apart_ms = story.links_ms[-1] - story.fault_ms
    assert story.unsent + story.lost == pytest.approx(lines_in(story, apart_ms), abs=LINES)
    assert not any(batch.failed for batch in story.batches.values())


@each_story("receiver_returns")
def test_a_receiver_whose_thread_returns_ends_the_stream_in_silence(story: Story) -> None:
    assert [story.executors, story.later, story.of_receiver()] == [[], [], []]
    lines = [story.batches[time_ms].lines for time_ms in range(9_000, 19_000, 1_000)]
    assert lines[0] == pytest.approx(15, abs=LINES)
    assert set(lines[1:]) == {0}
    assert (story.unsent, story.lost) == (0, 0)


# --- tasks that raise ---------------------------------------------------------------------------------------------


def told_to_raise(story: Story) -> list[Task]:
    return story.tries(story.unsuccessful[0])


@each_story(*RAISING)
def test_a_task_that_raises_is_tried_again_where_it_was(story: Story) -> None:
    times = RAISING[story.scenario["name"]]
    tries = told_to_raise(story)
    assert [task.end for task in tries] == ["ExceptionFailure"] * times + ["Success"] * (times < 4)
    assert [task.attempt for task in tries] == list(range(len(tries)))
    assert len({task.executor for task in tries}) == 1, "it has the block, and no executor is excluded"
    for task in tries[:times]:
        assert task.message.startswith("Traceback (most recent call last):")
        assert task.message.strip().endswith("ValueError: told to raise at line 300")


@each_story(*RAISING)
def test_one_other_task_runs_there_before_the_next_try_if_one_waits(story: Story) -> None:
    """The core is given away before anybody has read why the task failed."""
    for failed, again in pairwise(told_to_raise(story)):
        there = [task for task in story.tasks if (task.batch, task.stage) == (failed.batch, "map")]
        there = [task for task in there if task.executor == failed.executor and task.index != failed.index]
        between = [task for task in there if failed.launched_ms < task.launched_ms < again.launched_ms]
        waits = [task for task in there if task.launched_ms > again.launched_ms]
        assert len(between) == bool(between or waits)


@each_story(*RAISING)
def test_four_failures_of_a_task_fail_its_batch_and_no_other(story: Story) -> None:
    failed = [time_ms for time_ms, batch in story.batches.items() if batch.failed]
    if story.scenario["name"] != "task_raises_four_times":
        assert (failed, story.lost, story.job_failures) == ([], 0, [])
        return
    last = told_to_raise(story)[-1]
    assert failed == [last.batch]
    assert story.lost == story.batches[failed[0]].lines == pytest.approx(50, abs=LINES)
    (reason,) = story.job_failures
    aborted = ABORTED.fullmatch(reason)
    assert aborted is not None
    assert (aborted["task"], aborted["executor"]) == (str(last.index), last.executor)
    assert aborted["cause"].strip().endswith("ValueError: told to raise at line 300")
