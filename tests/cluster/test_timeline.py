"""The kernel's own additions to simpy: calls after a while, and a garbage collector that is let be."""

import gc

import pytest

from sparksim.cluster.clock import YOUNG_OBJECTS, Timeline, rare_collections


def test_a_call_after_a_while_comes_when_a_process_would_have_made_it():
    """Also among others due at the same moment: before what is scheduled later, after what was scheduled before."""
    order = {}
    for way in ("process", "after"):
        env, heard = Timeline(), []

        def wait(env=env, heard=heard):
            yield env.timeout(5)
            heard.append("it")

        env.timeout(5).callbacks.append(lambda _, heard=heard: heard.append("before"))
        env.process(wait()) if way == "process" else env.after(5, heard.append, "it")
        env.timeout(5).callbacks.append(lambda _, heard=heard: heard.append("same moment"))
        env.timeout(1).callbacks.append(lambda _, env=env, heard=heard: env.after(4, heard.append, "later"))
        env.run()
        order[way] = heard
    assert order["after"] == order["process"] == ["before", "same moment", "it", "later"]


def test_time_is_a_float_whatever_it_began_with():
    env = Timeline(5)
    assert isinstance(env.now, float)
    env.advance(7)
    assert isinstance(env.now, float)


def test_garbage_is_collected_as_before_when_time_stands_still():
    def fail():
        assert gc.get_threshold() == (YOUNG_OBJECTS, *before[1:])
        raise ZeroDivisionError

    before = gc.get_threshold()
    with pytest.raises(ZeroDivisionError), rare_collections():
        fail()
    assert gc.get_threshold() == before
