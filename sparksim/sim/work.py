"""Work that a program declares instead of doing it: how a model of a job says what its tasks cost."""

from __future__ import annotations

from sparksim.cluster.clock import Clock
from sparksim.core.arguments import is_number
from sparksim.core.context import SparkContext
from sparksim.core.errors import IllegalArgumentError, IllegalStateError


def work(seconds: float) -> None:
    """Keep the core that runs this code busy for `seconds`: virtual ones in a simulation, real ones when live.

    Call it in a function that runs in a task, or on the driver (in `transform`, in `foreachRDD`). A crash strikes in
    the midst of it, as it would in real work. Raises `IllegalArgumentError` for anything but a number, 0 or more, and
    `IllegalStateError` where there is no SparkContext.
    """
    if not is_number(seconds):
        raise IllegalArgumentError(f"work({seconds!r}): give a number of seconds, 0 or more")
    sc = SparkContext._active_spark_context
    if sc is None:
        raise IllegalStateError("work() is called by code that a SparkContext runs, and there is none")
    if seconds > 0:
        clock: Clock = sc._backend.clock  # type: ignore[attr-defined]  # every backend but core's own has one
        fiber = clock.current()
        clock.sleep(seconds * 1000 * (1.0 if fiber is None else fiber.slowness))
