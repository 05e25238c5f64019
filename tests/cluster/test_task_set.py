"""Which task a free core gets: stack order and delay scheduling, offer by offer."""

import pytest

from sparksim.cluster.executor import Executor
from sparksim.cluster.task_set import Locality, TaskAttempt, TaskSet

PROCESS, NODE, NO_PREF, ANY = Locality.PROCESS_LOCAL, Locality.NODE_LOCAL, Locality.NO_PREF, Locality.ANY
EXECUTORS = {number: Executor(str(number), f"host-{number}", 2) for number in (1, 2, 3)}


def task_set(*preferences, executors=(1, 2, 3), wait_ms=3000):
    """One task per argument: its preferred location, or None."""
    made = TaskSet(
        job_id=0,
        stage_id=0,
        stage_attempt=0,
        kind="ResultTask",
        indices=range(len(preferences)),
        preferences={index: (place,) for index, place in enumerate(preferences) if place},
        body=lambda index, task: None,
        properties={},
        max_failures=4,
        locality_wait_ms={PROCESS: wait_ms, NODE: wait_ms},
        now_ms=0,
    )
    made.recompute_levels([EXECUTORS[number] for number in executors])
    return made


def offer(tasks, executor, now_ms=0, level=None):
    """What a core of this executor gets when the set is asked level by level, as the scheduler does."""
    for each in tasks.levels if level is None else [level]:
        found = tasks.offer(EXECUTORS[executor], each, now_ms)
        if found is not None:
            return found
    return None


def attempt(tasks, index, executor):
    return TaskAttempt(index, tasks, index, tasks.next_attempt(index), EXECUTORS[executor], 0)


@pytest.mark.parametrize(
    ("preferences", "executors", "levels"),
    [
        ([None], (1,), [NO_PREF, ANY]),
        (["host-1"], (1,), [NODE, ANY]),
        (["executor_host-1_1"], (1,), [PROCESS, NODE, ANY]),
        (["executor_host-1_9"], (1,), [NODE, ANY]),
        (["host-1", None, "executor_host-2_2"], (1, 2), [PROCESS, NODE, NO_PREF, ANY]),
        (["host-1", "executor_host-2_2"], (3,), [ANY]),
    ],
)
def test_only_levels_that_apply_are_tried(preferences, executors, levels):
    assert task_set(*preferences, executors=executors).levels == levels


def test_a_task_does_not_wait_for_an_executor_that_is_gone_because_others_preferred_one_that_is_there():
    tasks = task_set("executor_host-1_1", "executor_host-2_2")
    for executor in (1, 2):
        index, _ = offer(tasks, executor)
        tasks.launched(attempt(tasks, index, executor))
    tasks.running.clear()
    tasks.requeue(0)
    tasks.recompute_levels([EXECUTORS[2], EXECUTORS[3]])
    assert tasks.levels == [ANY]
    assert offer(tasks, 3) == (0, ANY)


def test_tasks_without_preference_go_in_order_and_are_called_process_local():
    tasks = task_set(None, None)
    assert [offer(tasks, 2), offer(tasks, 1), offer(tasks, 1)] == [(0, PROCESS), (1, PROCESS), None]


def test_a_core_gets_the_nearest_task_first():
    tasks = task_set(None, "host-1", "executor_host-1_1")
    assert [offer(tasks, 1) for _ in range(3)] == [(2, PROCESS), (1, NODE), (0, PROCESS)]


def test_a_task_waits_for_its_host_and_takes_any_core_after_the_wait():
    tasks = task_set("host-1")
    assert offer(tasks, 2, now_ms=2999) is None
    assert offer(tasks, 2, now_ms=3000) == (0, ANY)


def test_each_level_has_a_wait_of_its_own():
    tasks = task_set("executor_host-1_1")
    assert offer(tasks, 2, now_ms=5999) is None
    assert offer(tasks, 2, now_ms=6000) == (0, ANY)


def test_the_wait_begins_anew_with_every_launch_at_the_level():
    tasks = task_set("host-1", "host-1")
    assert offer(tasks, 1, now_ms=2000) == (0, NODE)
    assert offer(tasks, 2, now_ms=4999) is None
    assert offer(tasks, 2, now_ms=5000) == (1, ANY)


def test_a_launch_at_a_better_level_tightens_the_set_again():
    tasks = task_set("host-1", "host-1", "host-1")
    assert offer(tasks, 2, now_ms=3000) == (0, ANY)
    assert offer(tasks, 1, now_ms=3001) == (1, NODE)
    assert offer(tasks, 2, now_ms=6000) is None
    assert offer(tasks, 2, now_ms=6001) == (2, ANY)


def test_a_level_with_nothing_left_to_launch_is_left_at_once():
    tasks = task_set("executor_host-1_1", "host-2")
    assert offer(tasks, 1) == (0, PROCESS)
    assert offer(tasks, 2) == (1, NODE)


def test_tasks_without_preference_do_not_wait_for_those_with_one():
    tasks = task_set("host-1", None)
    assert offer(tasks, 2) == (1, PROCESS)
    assert offer(tasks, 2, now_ms=2999) is None


def test_a_launch_at_no_preference_does_not_prolong_the_wait():
    tasks = task_set("host-1", None)
    assert offer(tasks, 2, now_ms=2000, level=NO_PREF) == (1, PROCESS)
    assert offer(tasks, 2, now_ms=3000) == (0, ANY)


def test_without_a_wait_a_task_takes_the_first_core():
    assert offer(task_set("host-1", wait_ms=0), 3) == (0, ANY)


def test_new_executors_add_levels_and_keep_the_level_reached():
    tasks = task_set("host-1", "host-2", executors=(2,))
    assert offer(tasks, 2) == (1, NODE)
    assert offer(tasks, 2, now_ms=3000) == (0, ANY)
    tasks.requeue(0)
    tasks.recompute_levels([EXECUTORS[1], EXECUTORS[2]])
    assert tasks.levels == [NODE, ANY]
    assert offer(tasks, 2, now_ms=3001) == (0, ANY)


def test_a_set_whose_last_host_went_away_takes_any_core_at_once():
    tasks = task_set("host-1")
    assert offer(tasks, 2) is None
    tasks.recompute_levels([EXECUTORS[2]])
    assert offer(tasks, 2) == (0, ANY)


def test_a_task_that_failed_is_next():
    tasks = task_set(None, None, None)
    assert offer(tasks, 1) == (0, PROCESS)
    assert offer(tasks, 1) == (1, PROCESS)
    tasks.requeue(0)
    assert [offer(tasks, 1), offer(tasks, 1)] == [(0, PROCESS), (2, PROCESS)]


def test_attempts_are_numbered_per_partition():
    tasks = task_set(None, None)
    assert [tasks.next_attempt(0), tasks.next_attempt(0), tasks.next_attempt(1)] == [0, 1, 0]


def test_a_partition_computed_by_an_older_attempt_is_not_launched():
    tasks, older = task_set(None, None), task_set(None, None)
    tasks.succeeded(attempt(older, 0, 1))
    assert offer(tasks, 1) == (1, PROCESS)
    tasks.succeeded(attempt(tasks, 1, 1))
    assert tasks.finished


def test_a_partition_that_is_done_or_pending_is_not_queued_again():
    tasks = task_set(None, None)
    tasks.requeue(1)
    assert [offer(tasks, 1), offer(tasks, 1), offer(tasks, 1)] == [(0, PROCESS), (1, PROCESS), None]
    tasks.succeeded(attempt(tasks, 0, 1))
    tasks.requeue(0)
    assert not tasks.has_pending


def test_outputs_on_a_lost_executor_are_computed_again():
    tasks = task_set(None, None, None)
    for index, executor in ((0, 1), (1, 2), (2, 1)):
        offer(tasks, executor)
        tasks.succeeded(attempt(tasks, index, executor))
    assert tasks.finished
    assert [each.index for each in tasks.forget_outputs_on(EXECUTORS[1])] == [0, 2]
    assert not tasks.finished
    assert [offer(tasks, 2), offer(tasks, 2), offer(tasks, 2)] == [(2, PROCESS), (0, PROCESS), None]


def test_a_set_that_gave_up_launches_nothing():
    tasks = task_set(None, None)
    tasks.give_up()
    tasks.requeue(0)
    assert not tasks.has_pending
    assert offer(tasks, 1) is None


def test_hosts_may_have_underscores():
    tasks = task_set("executor_my_host_1", executors=())
    tasks.recompute_levels([Executor("1", "my_host", 1)])
    assert tasks.levels == [PROCESS, NODE, ANY]
