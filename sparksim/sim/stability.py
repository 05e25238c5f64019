"""Stability: the largest rate that a program sustains, found by bisection over simulations."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import partial
from math import sqrt
from typing import Any, NamedTuple

from sparksim.core.arguments import is_positive
from sparksim.core.errors import IllegalArgumentError
from sparksim.core.language import Text
from sparksim.sim.pool import Measures, Pool, Task
from sparksim.sim.simulation import Simulation
from sparksim.sim.sweep import SweepTable, described, measures, require_until, table_of
from sparksim.trace.words import REASONS

NOT_EVEN = Text("not even {limit:g} records/s are sustained: {reason}", "连每秒 {limit:g} 条也不可持续：{reason}")
AT_LEAST = Text(
    "{rate:g} records/s are sustained, and that was the highest rate allowed: try a higher one",
    "每秒 {rate:g} 条可持续，而这已是允许的最高速率：请尝试更高的",
)
BETWEEN = Text(
    "{rate:g} records/s are sustained, {limit:g} are not: {reason}",
    "每秒 {rate:g} 条可持续，{limit:g} 条不可：{reason}",
)

TRIED_AHEAD = 7
"""As many rates at a time as it takes to halve the interval three times at once; more would add little."""


class _Interval(NamedTuple):
    """The highest rate that was sustained and the lowest that was not, as far as known."""

    good: float | None = None
    bad: float | None = None

    def after(self, rate: float, sustained: bool) -> _Interval:
        return _Interval(rate, self.bad) if sustained else _Interval(self.good, rate)


@dataclass(frozen=True)
class Stability:
    """The largest sustainable rate lies from `rate` (sustained) up to `limit` (not sustained), in records per second.

    `rate` is None when not even `low` was sustained, and `limit` None when even `high` was. `tried` has one row for
    each rate that decided, in order of rate, with `stable` and the `reason` why not.
    """

    rate: float | None
    limit: float | None
    tried: SweepTable

    def __str__(self) -> str:
        if self.rate is None:
            [row, *_] = self.tried
            return NOT_EVEN.of().format(limit=self.limit, reason=REASONS.of(row.reason))
        if self.limit is None:
            return AT_LEAST.of().format(rate=self.rate)
        [row] = self.tried.where(rate=self.limit)
        return BETWEEN.of().format(rate=self.rate, limit=self.limit, reason=REASONS.of(row.reason))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f"<p>{self}</p>\n{self.tried._repr_html_()}"


def stability(
    simulation: Simulation,
    *,
    until: float,
    low: float,
    high: float,
    tolerance: float = 0.05,
    bound_ms: float | None = None,
    processes: int | None = None,
    progress: bool = True,
    **fixed: Any,
) -> Stability:
    """The largest rate, in records per second, that the program sustains: between `low` and `high`, to `tolerance`.

    *Sustained* means that in a run of `until` seconds the queue of batches was empty in the last quarter, that no batch
    failed and no record was lost in the second half, and that no receiver fell behind; with `bound_ms` also that no
    batch of the second half took longer than this from the beginning of its interval until its end (batch interval plus
    total delay). `sparksim.sim.sustained.verdict` has the rule and its reasons. `until` must span 20 batches; with
    random loads, sizes or noise, take many more: the answer holds for this seed and this time.

    The rate goes to every load of the network that has one, as by `Simulation.with_(rate=…)`; `fixed` turns other knobs
    (`batch=2, executors=8`). Each step tries the geometric mean of the interval that is left, until its ends differ by
    less than `tolerance` (0.05 is 5 %). Further processes try ahead what either outcome would ask for next: answer and
    table are those of one process. That a rate below a sustained one is sustained too is taken for granted.

    Says in the result when `low` is not sustained or `high` is. Raises `IllegalArgumentError` for arguments that make
    no sense and for an `until` too short to judge, and `SparkException`, which names the rate, when a simulation fails.
    """
    require_until(until)
    for name, value in (("low", low), ("high", high), ("tolerance", tolerance), ("bound_ms", bound_ms)):
        if not is_positive(value) and not (name == "bound_ms" and value is None):
            raise IllegalArgumentError(f"{name}={value!r}: give a positive number")
    if low >= high:
        raise IllegalArgumentError(f"low={low!r}, high={high!r}: low has to be below high")
    if "rate" in fixed:
        raise IllegalArgumentError(f"rate={fixed['rate']!r}: the rate is what is looked for; give low and high")
    base = simulation.with_(**fixed)
    search = _Search(low, high, tolerance)
    measuring = partial(measures, until=until, bound_ms=bound_ms, reasons=True)
    with Pool(processes, progress, None, "stability") as pool:
        while wanted := search.wanted(min(pool.processes, TRIED_AHEAD)):
            tasks = [Task(described(["rate"], [rate]), base.with_(rate=rate), until, measuring) for rate in wanted]
            for rate, result in zip(wanted, pool.perform(tasks), strict=True):
                if result["stable"] is None:
                    raise IllegalArgumentError(f"until={until!r}: {result['reason']}")
                search.known[rate] = result
            pool.say(_between(search.so_far()[0]))
    found, path = search.so_far()
    tried = sorted(path)
    table = table_of(["rate"], [(rate,) for rate in tried], [search.known[rate] for rate in tried])
    return Stability(found.good, found.bad, table)


def _between(state: _Interval) -> str:
    return f"between {state.good or 0:g} and {'?' if state.bad is None else format(state.bad, 'g')} records/s"


class _Search:
    """Bisection as a function of what is known, so that it can say what it will want to know in either case."""

    def __init__(self, low: float, high: float, tolerance: float) -> None:
        self._low, self._high, self._tolerance = low, high, tolerance
        self.known: dict[float, Measures] = {}

    def wanted(self, most: int) -> list[float]:
        """Up to `most` rates to try now, the one that decides next first. Empty when the answer is known."""
        states: deque[_Interval] = deque([_Interval()])
        rates: list[float] = []
        while states and len(rates) < most:
            state = states.popleft()
            rate = self._next(state)
            if rate is None:
                continue
            if rate in self.known:
                states.appendleft(state.after(rate, self.known[rate]["stable"]))
            else:
                rates.append(rate)
                states += [state.after(rate, True), state.after(rate, False)]
        return rates

    def so_far(self) -> tuple[_Interval, list[float]]:
        """The interval that is left, and the rates that led to it."""
        state, path = _Interval(), []
        while (rate := self._next(state)) in self.known:
            path.append(rate)
            state = state.after(rate, self.known[rate]["stable"])
        return state, path

    def _next(self, state: _Interval) -> float | None:
        """What to try next; None when there is nothing left to find out."""
        good, bad = state
        if good is None:
            return self._low if bad is None else None
        if bad is None:
            return self._high if good < self._high else None
        middle = sqrt(good * bad)
        rounded = float(f"{middle:.4g}")
        chosen = rounded if good < rounded < bad else middle
        return chosen if bad - good > self._tolerance * good and good < chosen < bad else None
