"""When a query fires: the kinds of trigger, and how each one paces its firings (Spark: Trigger, TriggerExecutor)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sparksim.cluster.clock import Clock
from sparksim.core.errors import UnsupportedOperation
from sparksim.sql.intervals import interval_us
from sparksim.sql.utils import AnalysisException, IllegalArgumentException, PySparkValueError

POLL_MS = 10.0
"""How long a firing that found nothing holds up the next one (spark.sql.streaming.pollingDelay)."""

Fire = Callable[[], bool]
"""One firing; whether it ran a batch."""


@dataclass(frozen=True)
class ProcessingTime:
    """Fires at the multiples of an interval, counted from the epoch; at once again when it is 0."""

    interval_ms: int = 0
    text: str = "default"

    def run(self, clock: Clock, fire: Fire, warn: Callable[[str], None]) -> None:
        """Fire until the fiber is killed. A batch that is not done at the next multiple is followed at once."""
        while True:
            start_ms = clock.now_ms
            if not fire():
                clock.sleep(POLL_MS)
            if self.interval_ms:
                took_ms = clock.now_ms - start_ms
                if took_ms > self.interval_ms:
                    warn(
                        f"a batch of a query falls behind: its trigger interval is {self.interval_ms} ms, and it took "
                        "longer"
                    )
                clock.sleep(next_firing_ms(start_ms, self.interval_ms) - clock.now_ms)


@dataclass(frozen=True)
class Once:
    """Fires once: one batch of all there is, whatever the read limits."""

    text: str = "once"

    def run(self, clock: Clock, fire: Fire, warn: Callable[[str], None]) -> None:
        """Fire, and end."""
        fire()


@dataclass(frozen=True)
class AvailableNow:
    """Fires until all that was there at the start is done, and no batch without data is wanted either."""

    text: str = "availableNow"

    def run(self, clock: Clock, fire: Fire, warn: Callable[[str], None]) -> None:
        """Fire until a firing runs no batch."""
        while fire():
            pass


Trigger = ProcessingTime | Once | AvailableNow


@dataclass(frozen=True)
class Continuous:
    """No batches at all, but tasks that run on; what they did is committed every so often (`continuous.py`)."""

    interval_ms: int
    text: str


def next_firing_ms(start_ms: float, interval_ms: int) -> float:
    """The first multiple of the interval after the start of a firing."""
    return start_ms // interval_ms * interval_ms + interval_ms


def trigger_of(
    processingTime: str | None = None,
    once: bool | None = None,
    continuous: str | None = None,
    availableNow: bool | None = None,
    realTime: str | None = None,
) -> Trigger | Continuous:
    """The trigger that the arguments of `DataStreamWriter.trigger` ask for, of which exactly one is given.

    Raises `PySparkValueError` for none, several or a value of another kind, `IllegalArgumentException` for a text that
    is no interval, or a negative one, or has months, and `UnsupportedOperation` for real-time mode.
    """
    given = {
        "processingTime": processingTime,
        "once": once,
        "continuous": continuous,
        "availableNow": availableNow,
        "realTime": realTime,
    }
    given = {name: value for name, value in given.items() if value is not None}
    if len(given) != 1:
        raise PySparkValueError("[ONLY_ALLOW_SINGLE_TRIGGER] Only a single trigger is allowed.")
    [(name, value)] = given.items()
    if name in ("once", "availableNow"):
        if value is not True:
            raise PySparkValueError(
                f"[VALUE_NOT_ALLOWED] Value for `{name}` has to be amongst the following values: [True]."
            )
        return Once() if name == "once" else AvailableNow()
    text = checked_text(value, name).strip()
    if name == "realTime":
        raise UnsupportedOperation(f"trigger(realTime={text!r}): sparksim runs micro-batches; give processingTime")
    interval_ms = _interval_ms(text, name)
    if name == "continuous":
        return Continuous(interval_ms, f"continuous={text}")
    return ProcessingTime(interval_ms, f"processingTime={text}")


def checked_text(value: Any, name: str) -> str:
    """The value of an argument that has to be a text with something in it, in PySpark's words otherwise."""
    if not isinstance(value, str) or not value.strip():
        raise PySparkValueError(
            f"[VALUE_NOT_NON_EMPTY_STR] Value for `{name}` must be a non-empty string, got '{value}'."
        )
    return value


def _interval_ms(text: str, argument: str) -> int:
    try:
        interval_ms = interval_us(text, argument=argument) // 1000
    except AnalysisException as error:
        raise IllegalArgumentException(str(error)) from None
    if interval_ms < 0:
        raise IllegalArgumentException(f"{argument}={text!r}: the interval of trigger should not be negative")
    return interval_ms
