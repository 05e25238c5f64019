"""Asks for executors when batches take too long, and gives one back when they are quick.

Spark: ExecutorAllocationManager of streaming. Executors of a streaming application are never idle for long, so what
counts is the share of the batch interval that batches take. Every `scalingInterval` the average of the batches that
completed meanwhile decides. An executor that runs a receiver is never given back.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from math import floor
from typing import Any, Protocol

from sparksim.cluster.backend import ClusterBackend
from sparksim.cluster.clock import Clock
from sparksim.cluster.executor import Executor
from sparksim.core.conf import SparkConf, boolean, integer, number, time_s
from sparksim.core.errors import IllegalArgumentError
from sparksim.streaming.listener import UNKNOWN, StreamingListener
from sparksim.streaming.timer import RecurringTimer

PREFIX = "spark.streaming.dynamicAllocation."
ENABLED = f"{PREFIX}enabled"
SCALING_INTERVAL = f"{PREFIX}scalingInterval"
SCALING_UP_RATIO = f"{PREFIX}scalingUpRatio"
SCALING_DOWN_RATIO = f"{PREFIX}scalingDownRatio"
MIN_EXECUTORS = f"{PREFIX}minExecutors"
MAX_EXECUTORS = f"{PREFIX}maxExecutors"
NO_MAXIMUM = 2**31 - 1


class ExecutorClient(Protocol):
    """Who can get and kill executors: the cluster backend (Spark: ExecutorAllocationClient)."""

    @property
    def executors(self) -> list[Executor]:
        """Those that the driver knows."""

    def request_total_executors(self, total: int) -> bool:
        """Ask for this many in all."""

    def kill_executor(self, executor_id: str) -> bool:
        """End one, unless it is busy."""


class ExecutorAllocationManager(StreamingListener):
    """One per started StreamingContext whose settings ask for it; it listens to the batches.

    `receivers` is how many receivers there are, `with_receivers()` the ids of the executors they run on. Raises
    `IllegalArgumentError` for settings that make no sense together (ExecutorAllocationManager.validateSettings).
    """

    def __init__(
        self,
        client: ExecutorClient,
        clock: Clock,
        rng: random.Random,
        conf: SparkConf,
        batch_ms: int,
        receivers: int,
        with_receivers: Callable[[], Collection[str]],
    ) -> None:
        self._client = client
        self._rng = rng
        self._batch_ms = batch_ms
        self._with_receivers = with_receivers
        interval_s = time_s(conf, SCALING_INTERVAL, "60s")
        self._up_ratio = number(conf, SCALING_UP_RATIO, 0.9)
        self._down_ratio = number(conf, SCALING_DOWN_RATIO, 0.3)
        self._min_executors = integer(conf, MIN_EXECUTORS, max(1, receivers))
        self._max_executors = integer(conf, MAX_EXECUTORS, NO_MAXIMUM)
        self._delays_ms: list[int] = []
        _require(interval_s > 0, conf, SCALING_INTERVAL, "it must be at least one second")
        for key, value in (
            (SCALING_UP_RATIO, self._up_ratio),
            (SCALING_DOWN_RATIO, self._down_ratio),
            (MIN_EXECUTORS, self._min_executors),
            (MAX_EXECUTORS, self._max_executors),
        ):
            _require(value > 0, conf, key, "it must be more than 0")
        more = f"it must be more than {SCALING_DOWN_RATIO}, which is {self._down_ratio}"
        _require(self._up_ratio > self._down_ratio, conf, SCALING_UP_RATIO, more)
        if conf.contains(MIN_EXECUTORS) and conf.contains(MAX_EXECUTORS):
            enough = f"it must be at least {MIN_EXECUTORS}, which is {self._min_executors}"
            _require(self._max_executors >= self._min_executors, conf, MAX_EXECUTORS, enough)
        self._timer = RecurringTimer(clock, interval_s * 1000, lambda _tick_ms: self.manage())

    def start(self) -> None:
        """Decide at every multiple of the scaling interval from now on. Hub only."""
        self._timer.start(self._timer.next_start_ms())

    def stop(self) -> None:
        """Decide no more. Hub only."""
        self._timer.stop(interrupt=True)

    def onBatchCompleted(self, batchCompleted: Any) -> None:
        """Remember how long the batch took, unless an output operation of it failed."""
        info = batchCompleted.batchInfo()
        failed = any(operation.failureReason() for operation in info.outputOperationInfos().values())
        if not failed and info.processingDelay() != UNKNOWN:
            self._delays_ms.append(info.processingDelay())

    def manage(self) -> None:
        """Ask for executors or give one back, by the batches since the last call; without any, do nothing. Hub only."""
        if self._delays_ms:
            average_ms = sum(self._delays_ms) // len(self._delays_ms)
            ratio = average_ms / self._batch_ms
            if ratio >= self._up_ratio:
                self.request_executors(max(floor(ratio + 0.5), 1))
            elif ratio <= self._down_ratio:
                self.kill_executor()
        self._delays_ms.clear()

    def request_executors(self, more: int) -> None:
        """Ask for `more` executors than there are, within the bounds. Hub only; raises below 1."""
        if more < 1:
            raise IllegalArgumentError(f"request_executors({more}): ask for at least one executor")
        wanted = min(self._max_executors, len(self._client.executors) + more)
        self._client.request_total_executors(max(wanted, self._min_executors))

    def kill_executor(self) -> None:
        """Give back one executor without a receiver, drawn at random, if there are more than the minimum. Hub only."""
        everyone = [executor.executor_id for executor in self._client.executors]
        if len(everyone) <= self._min_executors:
            return
        kept = set(self._with_receivers())
        removable = [executor_id for executor_id in everyone if executor_id not in kept]
        if removable:
            self._client.kill_executor(self._rng.choice(removable))


def is_dynamic_allocation_enabled(conf: SparkConf, local: bool) -> bool:
    """Whether `conf` asks for it; never on a local master (unless Spark's own testing setting says so).

    Raises `IllegalArgumentError` when the number of executors is fixed by `spark.executor.instances` as well, or core
    dynamic allocation is on (ExecutorAllocationManager.isDynamicAllocationEnabled).
    """
    enabled = boolean(conf, ENABLED, False)
    instances = integer(conf, "spark.executor.instances", 0)
    if enabled and instances != 0:
        raise IllegalArgumentError(
            f"{ENABLED}=true together with spark.executor.instances={instances}: leave out the second, since the "
            "number of executors is to change"
        )
    core = boolean(conf, "spark.dynamicAllocation.enabled", False)
    if enabled and core and (not local or boolean(conf, "spark.dynamicAllocation.testing", False)):
        raise IllegalArgumentError(
            f"{ENABLED}=true together with spark.dynamicAllocation.enabled=true: a streaming application can use one "
            "of them; set the second to false"
        )
    return enabled and (not local or boolean(conf, f"{PREFIX}testing", False))


def create_if_enabled(
    backend: ClusterBackend, batch_ms: int, receivers: int, with_receivers: Callable[[], Collection[str]]
) -> ExecutorAllocationManager | None:
    """The manager that the settings ask for, if the cluster can give and take executors: a local master cannot.

    Raises what the settings deserve (`is_dynamic_allocation_enabled`, `ExecutorAllocationManager`).
    """
    if not is_dynamic_allocation_enabled(backend.conf, backend.master.live) or backend.master.live:
        return None
    rng = backend.seeds.generator("executor allocation")
    return ExecutorAllocationManager(backend, backend.clock, rng, backend.conf, batch_ms, receivers, with_receivers)


def _require(condition: bool, conf: SparkConf, key: str, remedy: str) -> None:
    if not condition:
        raise IllegalArgumentError(f"{key}={conf.get(key, '(its default)')}: {remedy}")
