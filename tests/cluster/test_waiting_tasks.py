"""The stack of waiting tasks, as each place sees it, beside a plain list that is looked through."""

from hypothesis import given
from hypothesis import strategies as st

from sparksim.cluster.waiting_tasks import WaitingTasks

HOSTS = {0: {"a"}, 1: {"a", "b"}, 2: set(), 3: {"b"}, 4: set()}
EXECUTORS = {0: {"1"}, 1: set(), 2: set(), 3: {"1", "2"}, 4: set()}


def tops(waiting):
    return (
        waiting.top(),
        *(waiting.top_on_executor(each) for each in "123"),
        *(waiting.top_on_host(each) for each in "abc"),
        waiting.top_without_preference(),
    )


def found_by_looking(stack):
    def top(suits):
        return next((index for index in reversed(stack) if suits(index)), None)

    return (
        top(lambda index: True),
        *(top(lambda index, each=each: each in EXECUTORS[index]) for each in "123"),
        *(top(lambda index, each=each: each in HOSTS[index]) for each in "abc"),
        top(lambda index: not HOSTS[index]),
    )


@given(st.lists(st.tuples(st.sampled_from(["push", "remove"]), st.sampled_from(sorted(HOSTS)))))
def test_every_place_sees_its_own_part_of_the_one_stack(steps):
    waiting, stack = WaitingTasks([2, 1, 0], EXECUTORS, HOSTS), [2, 1, 0]
    for step, index in steps:
        if step == "push" and index not in stack:
            waiting.push(index)
            stack.append(index)
        elif step == "remove" and index in stack:
            waiting.remove(index)
            stack.remove(index)
        assert tops(waiting) == found_by_looking(stack)
        assert waiting.some == bool(stack)
        assert [index for index in HOSTS if index in waiting] == sorted(stack)
        assert waiting.any_executor_wanted == any(EXECUTORS[index] for index in stack)
        assert waiting.any_host_wanted == any(HOSTS[index] for index in stack)
        assert waiting.any_without_preference == any(not HOSTS[index] for index in stack)


def test_nobody_waits_after_a_clear():
    waiting = WaitingTasks([1, 0], EXECUTORS, HOSTS)
    waiting.clear()
    assert not waiting.some
    assert tops(waiting) == (None,) * 8
    assert [waiting.any_executor_wanted, waiting.any_host_wanted, waiting.any_without_preference] == [False] * 3
