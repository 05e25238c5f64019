"""How far event time has come in a query, and what each operator is told of it (Spark: WatermarkTracker, -Propagator).

Each `withWatermark` watches its own rows; one global watermark is made of all. It never goes back. From the global one
follows that of each stateful operator, bottom-up through the plan: an operator holds back what is above it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from sparksim.core.errors import IllegalArgumentError
from sparksim.sql.plan.nodes import Plan, Watermark
from sparksim.sql.streaming.metrics import EventTimes
from sparksim.sql.streaming.operators.contract import StatefulOperator, Times

POLICIES = {"min": min, "max": max}
POLICY = "spark.sql.streaming.multipleWatermarkPolicy"


class PlannedOperator(Protocol):
    """A stateful operator in its place in the plan."""

    @property
    def number(self) -> int:
        """Its number among the operators of the plan."""

    @property
    def operator(self) -> StatefulOperator:
        """What it does."""

    @property
    def node(self) -> Plan:
        """Of what node it was made."""


class WatermarkTracker:
    """The watermark of a query, moved on by what each batch saw. `delays_ms` has the delay of each `withWatermark`.

    Raises `IllegalArgumentError` for a policy other than min and max.
    """

    def __init__(self, delays_ms: Mapping[int, int], policy: str, watermark_ms: int) -> None:
        if policy not in POLICIES:
            raise IllegalArgumentError(f"{POLICY}={policy!r}: give min or max")
        self._delays_ms = dict(delays_ms)
        self._policy = POLICIES[policy]
        self._own_ms: dict[int, int] = {}
        self.watermark_ms = watermark_ms

    @property
    def own_ms(self) -> tuple[int | None, ...]:
        """Of each `withWatermark`, in order of their numbers: the latest time less its delay, None before a row."""
        return tuple(self._own_ms.get(number) for number in sorted(self._delays_ms))

    def update(self, seen: Mapping[int, EventTimes]) -> None:
        """Take in what one batch saw."""
        for number, delay_ms in self._delays_ms.items():
            times = seen.get(number)
            if times is not None and times.count:
                own_ms = times.max_ms - delay_ms
                self._own_ms[number] = max(own_ms, self._own_ms.get(number, own_ms))
        if self._delays_ms:
            together_ms = self._policy(self._own_ms.get(number, 0) for number in self._delays_ms)
            self.watermark_ms = max(self.watermark_ms, together_ms)


class Propagation:
    """What the global watermark is to each operator of one plan. `chained` off: the same to all, as in Spark 2.3."""

    def __init__(self, plan: Plan, operators: Sequence[PlannedOperator], chained: bool) -> None:
        self._plan = plan
        self._operators = tuple(operators)
        self._by_node = {id(each.node): each for each in operators}
        self._chained = chained

    def times(self, before_ms: int, watermark_ms: int, batch_ms: int) -> dict[int, Times]:
        """By operator: rows are late by the watermark of the batch before, states go by that of this one."""
        late, evict = self.inputs(before_ms if self._chained else watermark_ms), self.inputs(watermark_ms)
        return {number: Times(late[number], evict_ms, batch_ms) for number, evict_ms in evict.items()}

    def wants_batch(self, evicted_ms: int, watermark_ms: int) -> bool:
        """Whether any operator has something to do without data, now that the global watermark has moved so far."""
        evicted, now = self.inputs(evicted_ms), self.inputs(watermark_ms)
        return any(each.operator.wants_batch(evicted[each.number], now[each.number]) for each in self._operators)

    def inputs(self, watermark_ms: int) -> dict[int, int]:
        """The watermark that comes in at each operator, 0 where none does."""
        if not self._chained:
            return {each.number: watermark_ms for each in self._operators}
        found: dict[int, int] = {}
        self._output_ms(self._plan, watermark_ms, found, {})
        return found

    def _output_ms(
        self, node: Plan, watermark_ms: int, inputs: dict[int, int], outputs: dict[int, int | None]
    ) -> int | None:
        """The watermark of what comes out of a node; `inputs` is filled on the way."""
        if id(node) not in outputs:
            below = [self._output_ms(child, watermark_ms, inputs, outputs) for child in node.children]
            least_ms = min((each for each in below if each is not None), default=None)
            planned = self._by_node.get(id(node))
            if isinstance(node, Watermark):
                least_ms = watermark_ms
            elif planned is not None:
                inputs[planned.number] = least_ms or 0
                least_ms = planned.operator.output_watermark_ms(least_ms or 0)
            outputs[id(node)] = least_ms
        return outputs[id(node)]
