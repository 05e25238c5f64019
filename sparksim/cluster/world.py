"""What surrounds a simulated cluster: its prices, its seed, its network and its faults.

`sparksim.sim` prepares a world and makes it current; the next `SparkContext("sim[e,c]")` is born into it. Without one,
a simulated context lives in the default world: seed 0, the teaching prices, a network on which nobody listens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING

from sparksim.cluster.clock import Clock
from sparksim.cluster.cost import TEACHING, CostModel
from sparksim.cluster.network import Connection, Network
from sparksim.cluster.seeds import Seeds
from sparksim.core.errors import IllegalArgumentError
from sparksim.trace.trace import Trace

if TYPE_CHECKING:
    from sparksim.cluster.faults import BrokerCrash, Fault

NetworkFactory = Callable[[Clock, Seeds, Trace], Network]


class SilentNetwork:
    """A network on which nobody listens."""

    def arrival_ms(self, source: str, record: int) -> float | None:
        raise IllegalArgumentError(f"the simulated network has no source {source!r} whose records one could wait for")

    def take_down(self, source: str, until_ms: float) -> None:
        raise IllegalArgumentError(f"the simulated network has no source {source!r} that could be taken down")

    def crash_broker(self, crash: BrokerCrash, fault: str, at_ms: float | None) -> None:
        raise IllegalArgumentError(f"{fault}: the simulated network has no Kafka cluster whose broker could crash")

    def connect(self, host: str, port: int, stream_id: int) -> Connection:
        raise ConnectionRefusedError(
            f"nobody listens on {host}:{port} in the simulated network. Give the simulation a source there: "
            f'Simulation(..., network={{"{host}:{port}": Constant(rate=10, record="...")}}) or '
            f"sparksim run --source {host}:{port}=constant:10"
        )


@dataclass(frozen=True)
class World:
    """The surroundings of one simulated application, from `start_ms` until its last moment `until_ms`.

    `attempt` counts the drivers of the same program from 1: a driver that dies may be started again. `struck` are the
    faults, by identity, that strike once in a run and have struck.
    """

    seed: int = 0
    cost: CostModel = TEACHING
    network: NetworkFactory = field(default=lambda clock, seeds, trace: SilentNetwork())
    faults: tuple[Fault, ...] = ()
    until_ms: float = inf
    start_ms: float = 0.0
    attempt: int = 1
    struck: set[int] = field(default_factory=set)


_current: ContextVar[World | None] = ContextVar("sparksim world", default=None)


def current_world() -> World:
    """The world that a simulated context made now would live in."""
    return _current.get() or World()


@contextmanager
def living_in(world: World) -> Iterator[None]:
    """Make `world` the current one for a while."""
    token = _current.set(world)
    try:
        yield
    finally:
        _current.reset(token)
