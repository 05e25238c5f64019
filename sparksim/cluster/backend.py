"""One application's cluster, put together: clock, executors, storage, schedulers, trace.

This is what stands behind a `SparkContext` (`core.backend.Backend`), and what `sparksim.streaming` builds on. A live
master gives one executor named `driver` inside this process; a simulated one gives executors "1", "2", … on hosts of
their own, and more or fewer of them on request.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Generator, Mapping, Sequence
from math import inf
from typing import Any

import simpy

from sparksim.cluster.block_store import storage_memory_bytes
from sparksim.cluster.clock import Clock, DriverCrashed
from sparksim.cluster.cost import FREE, Prices
from sparksim.cluster.dag_scheduler import DAGScheduler
from sparksim.cluster.executor import Executor
from sparksim.cluster.fault_injection import FaultInjection
from sparksim.cluster.heartbeats import HeartbeatReceiver
from sparksim.cluster.jobs import Job
from sparksim.cluster.locations import Locator
from sparksim.cluster.master_url import Master, is_master, parse_master
from sparksim.cluster.network import LiveNetwork, Network
from sparksim.cluster.seeds import Seeds
from sparksim.cluster.shuffle import MapOutputTracker
from sparksim.cluster.speculation import speculation_of
from sparksim.cluster.storage import BlockManagerMaster
from sparksim.cluster.task_runner import TaskRunner
from sparksim.cluster.task_scheduler import TaskScheduler
from sparksim.cluster.task_set import Locality
from sparksim.cluster.world import World, current_world
from sparksim.core import accumulators, local_properties
from sparksim.core.backend import PartitionFunction, register_backend
from sparksim.core.conf import SparkConf, integer, time_ms
from sparksim.core.errors import IllegalArgumentError
from sparksim.core.failure import describe_failure
from sparksim.core.rdd import RDD
from sparksim.trace.events import (
    ApplicationEnd,
    ApplicationStart,
    DriverDied,
    Event,
    ExecutorAdded,
    ExecutorRemoved,
    Warned,
)
from sparksim.trace.trace import Trace
from sparksim.trace.warning_words import WARNINGS

HOSTS = "spark.sparksim.hosts"
"""On how many hosts a simulated cluster's executors are, in turn; by default each has one of its own."""


class ClusterBackend:
    """Runs the jobs of one application. Public parts: `clock`, `trace`, `blocks`, `network`, `seeds`, `prices`.

    `disk_slowness` is how many times as long the driver's checkpoints take.
    """

    def __init__(self, conf: SparkConf) -> None:
        self.master: Master = parse_master(conf.get("spark.master") or "")
        self.conf = conf
        self.trace = Trace()
        self._warned: set[str] = set()
        self._last_words: list[Callable[[bool], None]] = []
        self._next_executor = 1
        self._coming = 0
        self._executor_limit: float = inf
        self._stopped = False
        self.disk_slowness = 1.0
        live = self.master.live
        cores = self.master.executors * self.master.cores
        self.default_parallelism = integer(conf, "spark.default.parallelism", cores if live else max(cores, 2))
        max_failures = self.master.max_failures
        if max_failures is None:
            max_failures = integer(conf, "spark.task.maxFailures", 4)
        waits_ms = _locality_waits_ms(conf)
        revive_ms = None if live else _revive_interval_ms(conf)
        speculation = speculation_of(conf, live)
        memory_bytes = storage_memory_bytes(conf, live)
        world = World(cost=FREE) if live else current_world()
        self._until_ms = world.until_ms
        self.clock: Clock = _clock(live, world)
        self.seeds = Seeds(world.seed, world.attempt)
        self.prices = Prices(world.cost, self.seeds.generator("prices"))
        self.network: Network = LiveNetwork() if live else world.network(self.clock, self.seeds, self.trace)
        self.start_time_ms = int(self.clock.now_ms)
        self.application_id = f"local-{self.start_time_ms}" if live else _application_id(world)
        self.blocks = BlockManagerMaster(self.clock, self.prices, self.emit, memory_bytes)
        outputs = MapOutputTracker()
        self.tasks = TaskScheduler(
            self.clock,
            TaskRunner(self.clock, self.prices, self.blocks, outputs),
            self.seeds.generator("offers"),
            self.emit,
            revive_ms,
            speculation,
        )
        self.heartbeats = HeartbeatReceiver(self.clock, conf, self.seeds, self._expire)
        self._dag = DAGScheduler(
            self.clock,
            self.prices,
            self.tasks,
            outputs,
            Locator(self.blocks, outputs),
            self.emit,
            self._merge_accumulators,
            max_failures,
            waits_ms,
        )
        self.clock.call(self._start)
        self.injection = FaultInjection(self, world)
        for fault in world.faults:
            self.clock.env.process(fault.strike(self.injection))

    # --- core.backend.Backend ----------------------------------------------------------------------------------------

    def run_job(self, rdd: RDD[Any], func: PartitionFunction, partitions: Sequence[int]) -> list[Any]:
        job = self.submit_job(rdd, func, partitions)
        try:
            results: list[Any] = self.clock.wait(job.done)
        except KeyboardInterrupt:
            self.clock.call(self._dag.cancel, job, "interrupted by the user")
            raise
        return results

    def submit_job(
        self, rdd: RDD[Any], func: PartitionFunction, partitions: Sequence[int], kind: str = "ResultTask"
    ) -> Job:
        """Start a job without waiting for it, with the caller's local properties."""
        return self.clock.call(self._dag.submit, rdd, func, partitions, local_properties.current(), kind)

    def cancel_job(self, job: Job, message: str) -> None:
        """End a job that is still running. Hub only."""
        self._dag.cancel(job, message)

    def cancel_group(self, group: str, message: str) -> None:
        """End the jobs that run in a job group (Spark: cancelJobGroup). Hub only."""
        for job in self._dag.jobs:
            if job.properties.get(local_properties.JOB_GROUP) == group:
                self._dag.cancel(job, message)

    def remove_rdd(self, rdd_id: int) -> None:
        self.clock.call(self.blocks.remove_rdd, rdd_id)

    def stop(self) -> None:
        if self._stopped:
            return
        self._stopped = True
        try:
            self.clock.call(self._end)
        finally:
            self.clock.stop()

    def _end(self) -> None:
        if self.clock.now_ms < self._until_ms:  # a simulation that is over says nothing of what still ran
            self._dag.stop()
        self.emit(ApplicationEnd(self.clock.now_ms, self.application_id))

    # --- for the layers above ----------------------------------------------------------------------------------------

    def emit(self, event: Event) -> None:
        """Put a fact on record. Hub only."""
        self.trace.append(event)

    def warn(self, component: str, message: str) -> None:
        """Say once what Spark would log as a warning. Hub only."""
        if message not in self._warned:
            self._warned.add(message)
            self.emit(Warned(self.clock.now_ms, component, message))
            logging.getLogger(f"sparksim.{component}").warning(WARNINGS.of(message))

    @property
    def executors(self) -> list[Executor]:
        """The executors that the driver knows, in order of registration."""
        return self.tasks.executors

    # --- more and fewer executors (Spark: ExecutorAllocationClient) ---------------------------------------------------

    def request_total_executors(self, total: int) -> bool:
        """Ask the cluster manager for this many executors in all. Hub only; False on a local master, which has one.

        Those that are missing register at once, each on a new host; none is killed when there are more. Raises
        `IllegalArgumentError` below 0 (CoarseGrainedSchedulerBackend.requestTotalExecutors).
        """
        if total < 0:
            raise IllegalArgumentError(f"request_total_executors({total}): the number of executors must be 0 or more")
        if self.master.live:
            return False
        self._executor_limit = total
        for _ in range(total - len(self.executors) - self._coming):
            self._add_executor(f"host-{self._next_executor}", self.master.cores)
        return True

    def kill_executor(self, executor_id: str, *, force: bool = False) -> bool:
        """End an executor; none comes in its place. Hub only; whether it was done.

        An executor that runs a task is spared unless `force`; what it runs then starts again elsewhere without counting
        as a failure (CoarseGrainedSchedulerBackend.killExecutors).
        """
        executor = next((each for each in self.executors if each.executor_id == executor_id), None)
        if self.master.live or executor is None or (executor.free_cores < executor.cores and not force):
            return False
        reason = f"the driver had executor {executor_id} on {executor.host} killed"
        if executor.alive:
            executor.die(self.clock, reason)
        self._remove_executor(executor, reason, counts=False)
        return True

    # --- executors that die ------------------------------------------------------------------------------------------

    def executor_died(self, executor: Executor, restart_after_ms: float | None) -> None:
        """Its process is gone; the driver hears of it a little later, when its connection breaks. Hub only.

        With `restart_after_ms` another one registers on its host so much later.
        """
        self.clock.env.process(self._lose(executor, restart_after_ms))

    def _lose(self, executor: Executor, restart_after_ms: float | None) -> Generator[simpy.Event, Any, None]:
        yield self.clock.env.timeout(self.prices.draw(self.prices.model.detect_loss_ms))
        if not executor.known:
            return  # the driver had it killed before it heard of the death, and wants none in its place
        reason = f"Remote RPC client disassociated: executor {executor.executor_id} on {executor.host} is gone"
        self._remove_executor(executor, reason, counts=True)
        if restart_after_ms is not None:
            yield from self._replace(executor, restart_after_ms)

    def _expire(self, executor: Executor, reason: str) -> None:
        """It was silent for too long: the driver gives it up, and has it killed and replaced."""
        if executor.alive:
            executor.die(self.clock, f"the driver had executor {executor.executor_id} killed: {reason}")
        self._remove_executor(executor, reason, counts=True)
        self.clock.env.process(self._replace(executor, 0.0))

    def _replace(self, executor: Executor, after_ms: float) -> Generator[simpy.Event, Any, None]:
        """The cluster manager starts another one on the same host."""
        self._coming += 1
        yield self.clock.env.timeout(after_ms + self.prices.draw(self.prices.model.executor_start_ms))
        self._coming -= 1
        if len(self.executors) < self._executor_limit:
            self._add_executor(executor.host, executor.cores)

    def _remove_executor(self, executor: Executor, reason: str, *, counts: bool) -> None:
        """Everybody on the driver hears that an executor is gone; `counts`: as a failure of the tasks on it."""
        self.blocks.executor_lost(executor)
        self._dag.executor_lost(executor)
        self.tasks.executor_lost(executor, reason, counts=counts)
        self.emit(ExecutorRemoved(self.clock.now_ms, executor.executor_id, reason))

    def on_driver_death(self, last_words: Callable[[bool], None]) -> None:
        """Have `last_words(restarts)` called when the driver dies, to put on record what went with it."""
        self._last_words.append(last_words)

    def crash(self, restart_after_ms: float | None) -> None:
        """The driver's process ends, and its executors with it: nothing of this application happens any more.

        The main program gets `DriverCrashed` raised where it waits. Hub only.
        """
        now_ms = self.clock.now_ms
        reason = "the driver died, and its executors with it"
        for executor in self.executors:
            if executor.alive:
                executor.die(self.clock, reason)
        self.tasks.driver_died(reason)
        for executor in self.executors:
            self.blocks.executor_lost(executor)
            self.emit(ExecutorRemoved(now_ms, executor.executor_id, reason))
        for last_words in self._last_words:
            last_words(restart_after_ms is not None)
        restart_ms = None if restart_after_ms is None else now_ms + restart_after_ms
        self.emit(DriverDied(now_ms, self.application_id, restart_ms))
        self._stopped = True
        self.clock.crash(DriverCrashed(restart_ms))

    # --- start and work ----------------------------------------------------------------------------------------------

    def _start(self) -> None:
        self.emit(
            ApplicationStart(
                self.clock.now_ms,
                self.application_id,
                self.conf.get("spark.app.name") or "",
                self.conf.get("spark.master") or "",
                None if self.master.live else self.seeds.seed,
                self.default_parallelism,
            )
        )
        hosts = integer(self.conf, HOSTS, self.master.executors)
        if hosts < 1:
            raise IllegalArgumentError(f"{HOSTS}={hosts}: executors need at least one host")
        for number in range(self.master.executors):
            self._add_executor("localhost" if self.master.live else f"host-{number % hosts + 1}", self.master.cores)

    def _add_executor(self, host: str, cores: int) -> None:
        executor_id = "driver" if self.master.live else str(self._next_executor)
        self._next_executor += 1
        executor = Executor(executor_id, host, cores, socket.gethostname() if self.master.live else host)
        executor.registered_ms = self.clock.now_ms
        self.blocks.add(executor)
        self.emit(ExecutorAdded(self.clock.now_ms, executor_id, host, cores))
        self.tasks.add_executor(executor)

    def _merge_accumulators(self, updates: Mapping[int, Any]) -> None:
        """A user's `addInPlace` may raise: the task has succeeded all the same (Spark: updateAccumulators)."""
        try:
            accumulators.merge(updates)
        except Exception as error:
            self.warn("scheduler", f"an accumulator could not be updated: {describe_failure(error)}")


def _clock(live: bool, world: World) -> Clock:
    if live:
        from sparksim.cluster.live_clock import LiveClock

        return LiveClock()
    from sparksim.cluster.virtual_clock import VirtualClock

    clock = VirtualClock(world.start_ms)
    clock.limit_ms = world.until_ms
    return clock


def _application_id(world: World) -> str:
    return f"sim-{world.seed}" if world.attempt == 1 else f"sim-{world.seed}-{world.attempt}"


def _locality_waits_ms(conf: SparkConf) -> dict[Locality, float]:
    """Spark: TaskSetManager.getLocalityWait."""
    general = conf.get("spark.locality.wait") or "3s"
    return {
        Locality.PROCESS_LOCAL: time_ms(conf, "spark.locality.wait.process", general),
        Locality.NODE_LOCAL: time_ms(conf, "spark.locality.wait.node", general),
    }


def _revive_interval_ms(conf: SparkConf) -> float:
    interval_ms = time_ms(conf, "spark.scheduler.revive.interval", "1s")
    if interval_ms <= 0:
        raise IllegalArgumentError(
            f"spark.scheduler.revive.interval={conf.get('spark.scheduler.revive.interval')!r}: the period between two "
            "offers of free cores must be positive, such as 1s"
        )
    return interval_ms


def register() -> None:
    """Let `SparkContext` find this backend."""
    register_backend(is_master, ClusterBackend)
