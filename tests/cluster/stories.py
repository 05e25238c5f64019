"""What the stories of these tests need: a small cluster in virtual time, and ways to ask its trace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from sparksim.cluster.backend import ClusterBackend
from sparksim.cluster.clock import Fiber
from sparksim.cluster.cost import CostModel
from sparksim.cluster.faults import Fault
from sparksim.cluster.world import World, living_in
from sparksim.core.conf import SparkConf
from sparksim.core.context import SparkContext
from sparksim.trace.events import Event, TaskEnd, TaskStart

E = TypeVar("E", bound=Event)

RECORD_1_MS = CostModel(record_ms=1)
"""Nothing costs but records, 1 ms each: the k-th record of a task that starts at 0 is done at k ms."""


@contextmanager
def cluster(
    master: str = "sim[3,2]",
    *,
    cost: CostModel = RECORD_1_MS,
    faults: Sequence[Fault] = (),
    seed: int = 0,
    conf: Mapping[str, str] | None = None,
) -> Iterator[SparkContext]:
    """A context on a cluster of its own, stopped at the end. All prices are 0 unless `cost` says otherwise."""
    settings = SparkConf(loadDefaults=False).setMaster(master).setAppName("story").setAll(list((conf or {}).items()))
    with living_in(World(seed=seed, cost=cost, faults=tuple(faults))), SparkContext(conf=settings) as sc:
        yield sc


def backend(sc: SparkContext) -> ClusterBackend:
    """The cluster behind a context."""
    found = sc._backend
    assert isinstance(found, ClusterBackend)
    return found


def of(sc: SparkContext, *types: type[E]) -> list[E]:
    """The events of these types so far."""
    return backend(sc).trace.of(*types)


def now_ms(sc: SparkContext) -> float:
    return backend(sc).clock.now_ms


def sleep(sc: SparkContext, ms: float) -> None:
    """Let virtual time pass on the driver."""
    backend(sc).clock.sleep(ms)


def spawn(sc: SparkContext, fn: Any, *args: Any) -> Fiber:
    """Run driver code beside the main program."""
    clock = backend(sc).clock
    return clock.call(clock.spawn, getattr(fn, "__name__", "fiber"), fn, *args)


def join(sc: SparkContext, *fibers: Fiber) -> list[Any]:
    """The results of fibers, once all are over."""
    return [backend(sc).clock.wait(fiber.done) for fiber in fibers]


def outcomes(sc: SparkContext) -> list[tuple[int, int, str]]:
    """(partition, attempt, reason) of every task end."""
    return [(end.index, end.attempt, end.reason) for end in of(sc, TaskEnd)]


def placed(sc: SparkContext) -> list[tuple[int, str]]:
    """(partition, executor) of every task start."""
    return [(start.index, start.executor_id) for start in of(sc, TaskStart)]


def executor_of(sc: SparkContext, index: int) -> str:
    """Where the last attempt at a partition was launched."""
    return [executor for partition, executor in placed(sc) if partition == index][-1]


def crash(sc: SparkContext, executor_id: str, restart_after_ms: float | None = None) -> None:
    """An executor dies now."""
    cluster_of = backend(sc)
    assert cluster_of.injection.executor_for_fault(executor_id), f"no living executor {executor_id}"
    cluster_of.clock.call(cluster_of.injection.crash_executor, executor_id, "test", restart_after_ms)
