"""How requests travel: a wait that is shorter than a microsecond is over."""

from __future__ import annotations

from sparksim.semantics import DELIVERING


def test_a_request_that_waits_until_a_moment_between_two_microseconds_ends() -> None:
    """This story stood still for ever: what was left to wait was too little to move the clock."""
    run = DELIVERING.cell("receiver+wal/insert/executor").simulation(1).run(8)
    assert run.trace.end_ms >= 7_000
