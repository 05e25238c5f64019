"""What faults do to a cluster: the hand that breaks things, so that the engine's own parts need not know of faults.

Each strike is an event, and so is the end of one that lasted. Hub only.
"""

from __future__ import annotations

import random
from collections.abc import Generator
from math import prod
from typing import Any, Protocol, cast

import simpy

from sparksim.cluster.clock import Clock
from sparksim.cluster.executor import Executor, Resident
from sparksim.cluster.faults import BrokerCrash, Fault, Undo
from sparksim.cluster.heartbeats import HeartbeatReceiver
from sparksim.cluster.network import Network, SimulatedSources
from sparksim.cluster.seeds import Seeds
from sparksim.cluster.task_scheduler import TaskScheduler
from sparksim.cluster.task_set import TaskAttempt
from sparksim.cluster.world import World
from sparksim.trace.events import Event, FaultEnded, FaultInjected, TaskStart
from sparksim.trace.trace import Trace


class Cluster(Protocol):
    """What there is to break: `cluster.backend.ClusterBackend`. `disk_slowness` is the driver's."""

    clock: Clock
    trace: Trace
    tasks: TaskScheduler
    seeds: Seeds
    network: Network
    heartbeats: HeartbeatReceiver
    disk_slowness: float

    @property
    def executors(self) -> list[Executor]:
        """Those that the driver knows."""

    def emit(self, event: Event) -> None:
        """Put a fact on record."""

    def executor_died(self, executor: Executor, restart_after_ms: float | None) -> None:
        """Its process is gone."""

    def crash(self, restart_after_ms: float | None) -> None:
        """The driver's process is gone."""


class InjectedFailure(RuntimeError):
    """What a task raises that a `TaskFailure` strikes."""


class FaultInjection:
    """`cluster.faults.Victim` for one driver's cluster."""

    def __init__(self, cluster: Cluster, world: World) -> None:
        self.clock = cluster.clock
        self.trace = cluster.trace
        self._cluster = cluster
        self._seeds = Seeds(world.seed)
        self._sources = cast(SimulatedSources, cluster.network)  # faults strike simulated clusters only
        self._struck = world.struck
        self._slowings: dict[tuple[str, bool], list[float]] = {}

    # --- what moments look at ----------------------------------------------------------------------------------------

    def arrival_ms(self, source: str, record: int) -> float | None:
        return self._sources.arrival_ms(source, record)

    def fault_generator(self, name: str) -> random.Random:
        return self._seeds.generator(name)

    def has_struck(self, fault: Fault) -> bool:
        return id(fault) in self._struck

    def note_struck(self, fault: Fault) -> None:
        self._struck.add(id(fault))

    # --- processes that die ------------------------------------------------------------------------------------------

    def executor_for_fault(self, target: str) -> Executor | None:
        """The living executor that `target` means now: an id, "receiver", "other" (one without) or "random"."""
        cluster = self._cluster
        living = [executor for executor in cluster.executors if executor.alive]
        if target == "receiver":
            return next((each for each in cluster.tasks.executors_running("Receiver") if each.alive), None)
        if target == "other":
            busy = cluster.tasks.executors_running("Receiver")
            return next((executor for executor in living if executor not in busy), None)
        if target == "random":
            return cluster.seeds.generator(f"fault at {self.clock.now_ms}").choice(living) if living else None
        return next((executor for executor in living if executor.executor_id == target), None)

    def crash_executor(self, target: str, fault: str, restart_after_ms: float | None) -> None:
        executor = self._strike(target, fault)
        if executor is not None:
            executor.die(self.clock, f"executor {executor.executor_id} crashed")
            self._cluster.executor_died(executor, restart_after_ms)

    def crash_driver(self, fault: str, restart_after_ms: float | None) -> None:
        self._tell(fault, "driver")
        self._cluster.crash(restart_after_ms)

    # --- code that fails ---------------------------------------------------------------------------------------------

    def crash_receiver(self, stream_id: int, fault: str, restarts: bool) -> None:
        found = self._receiver(stream_id)
        self._tell(fault, "" if found is None else found[0].executor_id)
        if found is not None:
            found[1].fail(restarts)

    def fail_tasks(self, partition: int | None, times: int) -> None:
        self.clock.env.process(self._fail_tasks(partition, times))

    def _fail_tasks(self, partition: int | None, times: int) -> Generator[simpy.Event, Any, None]:
        attempt = self._running(lambda each: partition in (None, each.index))
        while attempt is None:
            yield self._next_start(partition)
            attempt = self._running(lambda each: partition in (None, each.index))
        self._fail(attempt)
        struck = attempt
        for _ in range(times - 1):
            again = None
            while again is None:
                yield self._next_start(struck.index)
                again = self._running(lambda each: each.index == struck.index and each.task_set is struck.task_set)
            self._fail(again)

    def _fail(self, attempt: TaskAttempt) -> None:
        self._tell(f"TaskFailure(partition {attempt.index}, attempt {attempt.attempt})", attempt.executor.executor_id)
        assert attempt.fiber is not None
        self.clock.kill(attempt.fiber, InjectedFailure(f"injected into partition {attempt.index}"))

    def _running(self, suits: Any) -> TaskAttempt | None:
        """The running task of a batch with the lowest partition among those that suit."""
        running = [each for each in self._cluster.tasks.running_of_batches() if suits(each)]
        return min(running, key=lambda each: each.index, default=None)

    def _next_start(self, partition: int | None) -> simpy.Event:
        """Fires when the next task starts; of that partition, if it is a number."""
        started = self.clock.env.event()

        def look(event: Event) -> None:
            if isinstance(event, TaskStart) and event.kind != "Receiver" and partition in (None, event.index):
                unsubscribe()
                started.succeed()

        unsubscribe = self.trace.subscribe(look)
        return started

    # --- what becomes slow -------------------------------------------------------------------------------------------

    def slow_down(self, target: str, fault: str, factor: float, disk: bool) -> Undo:
        if target == "driver" and disk:
            self._tell(fault, "driver")
            return self._slowed(self._cluster, "driver", fault, factor, disk)
        executor = self._strike(target, fault)
        if executor is None:
            return _nothing
        return self._slowed(executor, executor.executor_id, fault, factor, disk)

    def _slowed(self, whom: Any, name: str, fault: str, factor: float, disk: bool) -> Undo:
        factors = self._slowings.setdefault((name, disk), [])
        factors.append(factor)

        def apply() -> None:
            if disk:
                whom.disk_slowness = prod(factors)
            else:
                whom.keep_pace(prod(factors))

        def undo() -> None:
            factors.remove(factor)
            apply()
            self._over(fault, name)

        apply()
        return undo

    def delay_messages(self, target: str, fault: str, delay_ms: float) -> Undo:
        executor = self._strike(target, fault)
        if executor is None:
            return _nothing
        executor.link.delay_ms += delay_ms

        def undo() -> None:
            executor.link.delay_ms -= delay_ms
            self._over(fault, executor.executor_id)

        return undo

    def break_connection(self, target: str, fault: str) -> Undo:
        executor = self._strike(target, fault)
        if executor is None:
            return _nothing
        worked = executor.link.works
        executor.link.sever(self.clock.env)
        if worked:
            self._cluster.heartbeats.watch(executor)

        def undo() -> None:
            executor.link.mend()
            self._over(fault, executor.executor_id)

        return undo

    def take_source_down(self, source: str, fault: str, until_ms: float) -> None:
        self._sources.take_down(source, until_ms)
        self._tell(fault, source)

    def crash_broker(self, crash: BrokerCrash, fault: str, at_ms: float | None) -> None:
        self._sources.crash_broker(crash, fault, at_ms)  # which tells: there may be no driver by then

    # --- on record ---------------------------------------------------------------------------------------------------

    def _strike(self, target: str, fault: str) -> Executor | None:
        executor = self.executor_for_fault(target)
        self._tell(fault, "" if executor is None else executor.executor_id)
        return executor

    def _tell(self, fault: str, target: str) -> None:
        self._cluster.emit(FaultInjected(self.clock.now_ms, fault, target))

    def _over(self, fault: str, target: str) -> None:
        self._cluster.emit(FaultEnded(self.clock.now_ms, fault, target))

    def _receiver(self, stream_id: int) -> tuple[Executor, Resident] | None:
        for executor in self._cluster.executors:
            for resident in executor.residents:
                if resident.stream_id == stream_id and executor.alive:
                    return executor, resident
        return None


def _nothing() -> None:
    """There was nobody to strike, so there is nothing to undo."""
