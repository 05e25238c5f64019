"""Faults as values: what they accept, and whom they strike."""

import math

import pytest

from sparksim.cluster.cost import FREE
from sparksim.cluster.faults import ExecutorCrash
from sparksim.core.errors import IllegalArgumentError
from sparksim.trace.events import FaultInjected
from tests.cluster.stories import cluster, of, sleep


@pytest.mark.parametrize("at", [-1, math.nan, math.inf, "3", None])
def test_a_crash_has_a_moment(at):
    with pytest.raises(IllegalArgumentError) as error:
        ExecutorCrash(1, at=at)
    assert str(error.value) == (
        f"ExecutorCrash(at={at!r}): give the moment in seconds from the start, 0 or more, or one of AtBatch, AtRecord, "
        "AtRate and When"
    )


@pytest.mark.parametrize("restart_after", [-1, math.nan, "3"])
def test_a_replacement_has_a_moment_or_there_is_none(restart_after):
    with pytest.raises(IllegalArgumentError) as error:
        ExecutorCrash(1, at=1, restart_after=restart_after)
    assert str(error.value) == (
        f"ExecutorCrash(restart_after={restart_after!r}): give the seconds until the replacement, 0 or more, "
        "or None for no replacement"
    )


def struck(*faults, seed=0, master="sim[3,1]"):
    with cluster(master, cost=FREE, faults=faults, seed=seed) as sc:
        sleep(sc, 10_000)
        return [(event.time_ms, event.fault, event.target) for event in of(sc, FaultInjected)]


def test_a_crash_strikes_the_executor_it_names():
    assert struck(ExecutorCrash("2", at=1.5)) == [(1500, "ExecutorCrash('2')", "2")]
    assert struck(ExecutorCrash(2, at=1.5)) == [(1500, "ExecutorCrash('2')", "2")]


def test_a_crash_that_finds_nobody_is_on_record():
    assert struck(ExecutorCrash(7, at=1), ExecutorCrash("receiver", at=2)) == [
        (1000, "ExecutorCrash('7')", ""),
        (2000, "ExecutorCrash('receiver')", ""),
    ]


def test_a_random_crash_follows_from_the_seed_and_the_moment():
    victims = [struck(ExecutorCrash("random", at=1), seed=seed)[0][2] for seed in range(20)]
    assert victims == [struck(ExecutorCrash("random", at=1), seed=seed)[0][2] for seed in range(20)]
    assert set(victims) == {"1", "2", "3"}


def test_random_crashes_strike_the_living_until_nobody_is_left():
    crashes = [ExecutorCrash("random", at=1)] * 4
    targets = [target for _, _, target in struck(*crashes)]
    assert sorted(targets) == ["", "1", "2", "3"]
    assert targets[-1] == ""
