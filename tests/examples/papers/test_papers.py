"""The published figures of examples/papers: the same shapes, measured anew on smaller settings."""

from __future__ import annotations

import logging
import runpy
from collections.abc import Iterator
from statistics import correlation, mean
from typing import Any

import pytest

from tests.cli.process import REPOSITORY


def script(name: str) -> dict[str, Any]:
    """The names of a script, which does not run its `main`."""
    return runpy.run_path(str(REPOSITORY / "examples" / "papers" / f"{name}.py"))


pytestmark = pytest.mark.paper

D_STREAMS, SIZING, STATE = map(script, ("d_streams", "dynamic_batch_sizing", "state_of_many_keys"))


@pytest.fixture(autouse=True)
def _log_level_as_before() -> Iterator[None]:
    logger = logging.getLogger("sparksim")
    before = logger.level
    yield
    logger.setLevel(before)


# --- d_streams.py ---


@pytest.mark.parametrize("job", ["grep", "word_count"])
def test_throughput_grows_almost_in_proportion_to_the_cluster(job: str) -> None:
    two, eight = (D_STREAMS["throughput"](D_STREAMS[job], size, 1, processes=1) for size in (2, 8))
    assert 0.8 <= eight / two <= 1.1  # of each executor


def test_a_looser_bound_on_the_latency_allows_a_higher_rate() -> None:
    one_s, two_s = (D_STREAMS["throughput"](D_STREAMS["word_count"], 2, bound_s, processes=1) for bound_s in (1, 2))
    assert one_s < two_s


def test_only_the_batch_of_the_failure_is_slower_and_by_less_than_about_a_second() -> None:
    before_s, failure_s, *later_s = D_STREAMS["around_failure"](8, checkpoint_every=10)
    assert 0.2 <= failure_s - before_s <= 1.1
    assert all(time_s <= before_s * 8 / 7 + 0.1 for time_s in later_s)


def test_more_executors_recover_faster_and_so_do_closer_checkpoints() -> None:
    extra_s = {}
    for executors, every in ((5, 10), (10, 10), (10, 2)):
        before_s, failure_s, *_ = D_STREAMS["around_failure"](executors, every)
        extra_s[executors, every] = failure_s - before_s
    assert extra_s[5, 10] > 1.5 * extra_s[10, 10]
    assert extra_s[10, 10] > 3 * extra_s[10, 2]


def test_parallel_recovery_beats_upstream_backup_the_more_the_larger_the_cluster() -> None:
    load = 0.5
    used, five_s = D_STREAMS["parallel_recovery"](load, 5)
    also_used, ten_s = D_STREAMS["parallel_recovery"](load, 10)
    assert used == pytest.approx(load, abs=0.05)
    assert also_used == pytest.approx(load, abs=0.05)
    assert 2 * ten_s < 1.1 * five_s
    assert 2 * five_s < D_STREAMS["upstream_backup"](used)


def test_upstream_backup_takes_as_long_as_the_papers_formula_says() -> None:
    for load in (0.2, 0.5, 0.8):
        assert D_STREAMS["upstream_backup"](load) == pytest.approx(D_STREAMS["upstream_formula"](load), rel=0.02)


# --- dynamic_batch_sizing.py ---


def test_the_curve_of_a_reduce_is_straight_and_that_of_a_join_bends_upwards() -> None:
    intervals_s = (1, 2, 4)
    reduce = SIZING["curve"](SIZING["reduce"], 1000, 4, intervals_s)
    join = SIZING["curve"](SIZING["join"], 800, 4, intervals_s)
    assert (reduce[2] - reduce[1]) / (reduce[1] - reduce[0]) == pytest.approx(2, rel=0.1)
    assert (join[2] - join[1]) / (join[1] - join[0]) > 2.5


def test_the_loop_finds_the_crossing_and_stays_there_through_changes_of_rate_and_cores() -> None:
    phases = ((12, 1000, 4), (25, 1800, 4), (12, 1000, 3))
    rows = SIZING["controlled"](SIZING["reduce"], phases, first_s=1.0)
    end_s = 0
    for seconds, rate, executors in phases:
        end_s += seconds
        last = [row for row in rows if row[0] <= end_s][-5:]
        goal_s = SIZING["crossing"](SIZING["INTERVALS_S"], SIZING["curve"](SIZING["reduce"], rate, executors))
        assert mean(interval_s for _, interval_s, _, _ in last) == pytest.approx(goal_s, rel=0.2)
        assert max(waited_s for *_, waited_s in last) < 0.1


def test_beyond_the_second_crossing_only_the_safeguard_comes_back() -> None:
    start = {"job": SIZING["join"], "phases": ((45, 800, 4),), "first_s": 3.5}
    guarded, unguarded = (SIZING["controlled"](**start, safeguard=safeguard) for safeguard in (True, False))
    assert guarded[-1][1] < 2.0
    assert guarded[-1][2] < guarded[-1][1]
    assert unguarded[-1][2] > unguarded[-1][1] > 4.0


def test_the_next_interval_is_the_last_time_over_the_slack() -> None:
    assert SIZING["next_interval"]((2.0, 1.2), None) == 1.5
    assert SIZING["next_interval"]((2.0, 1.2), (1.0, 0.7)) == 1.5
    assert SIZING["next_interval"]((4.0, 4.4), (3.0, 2.7)) == 2.25  # both above the line, and bent upwards
    assert SIZING["next_interval"]((4.0, 3.4), (3.0, 2.7)) == 4.25  # above the line, but not bent upwards


# --- state_of_many_keys.py ---


def test_update_state_grows_with_the_keys_and_map_with_state_reads_as_much_as_before() -> None:
    keys = (500, 1000, 2000)
    rows = STATE["measured"](keys)
    slow_ms, fast_ms = ([pair[side][0] for pair in rows] for side in (1, 2))
    assert correlation(keys, slow_ms) ** 2 > 0.99
    assert max(fast_ms) < 1.2 * min(fast_ms)
    ratios = [slow / fast for slow, fast in zip(slow_ms, fast_ms, strict=True)]
    assert ratios == sorted(ratios)
    assert ratios[-1] > 2
    assert len({pair[2][1] for pair in rows}) == 1  # records read
