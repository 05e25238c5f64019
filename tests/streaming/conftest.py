"""A fresh application per test, in virtual time unless the test says otherwise, and stopped when it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from sparksim import SparkConf, SparkContext
from sparksim.cluster.cost import TEACHING
from sparksim.cluster.virtual_clock import EPOCH
from sparksim.cluster.world import SilentNetwork, World, living_in
from sparksim.streaming import StreamingContext
from tests.streaming.fakes import ScriptedNetwork

MS = timedelta(milliseconds=1)


class App:
    """One SparkContext, one StreamingContext, and short names for what tests look at."""

    def __init__(self, sc: SparkContext, batch_s: float) -> None:
        self.sc = sc
        self.ssc = StreamingContext(sc, batch_s)
        self.trace = sc._backend.trace
        self.clock = sc._backend.clock

    def of(self, *types: type) -> list[Any]:
        return self.trace.of(*types)

    def collect(self, stream: Any) -> list[tuple[int, list[Any]]]:
        """(batch time in ms, records) of each batch of `stream`, as the run goes on; sorted records."""
        found: list[tuple[int, list[Any]]] = []
        # With a checkpoint directory the function is saved, so it must not capture this object with its context.
        stream.foreachRDD(lambda time, rdd: found.append(((time - EPOCH) // MS, sorted(rdd.collect(), key=_order))))
        return found

    def run(self, until_s: float) -> None:
        """Start if need be, and let the simulation reach this moment."""
        if StreamingContext.getActive() is not self.ssc:
            self.ssc.start()
        self.ssc.awaitTerminationOrTimeout(until_s - self.clock.now_ms / 1000)

    def warnings(self) -> list[str]:
        from sparksim.trace.events import Warned

        return [event.message for event in self.of(Warned)]


@pytest.fixture
def app() -> Iterator[Callable[..., App]]:
    """`app("sim[3,2]", batch=1, cost=..., lines=..., opens=..., network=..., settings={...})` makes the application."""
    made: list[App] = []

    def make(
        master: str = "sim[3,2]", batch: float = 1, *, settings: dict[str, Any] | None = None, **world: Any
    ) -> App:
        lines, opens = world.pop("lines", None), world.pop("opens", {})
        if lines is not None:
            world["network"] = lambda clock, *_: ScriptedNetwork(clock, lines, opens)
        else:
            world.setdefault("network", lambda *_: SilentNetwork())
        conf = SparkConf().setMaster(master).setAppName("test").setAll(list((settings or {}).items()))
        with living_in(World(**{"cost": TEACHING, **world})):
            made.append(App(SparkContext(conf=conf), batch))
        return made[-1]

    yield make
    for each in made:
        each.ssc.abandon()
    last = SparkContext._active_spark_context
    if last is not None:
        last.stop()


def _order(record: Any) -> Any:
    return type(record).__name__, record
